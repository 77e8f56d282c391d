"""npm's packages of a folder: which Node installs them, and what is said when it cannot."""

import json
import subprocess
from pathlib import Path

import pytest

from schema import npm_packages
from schema.npm_packages import ProgramFailed

ROOT = Path(__file__).parent.parent.parent
LOCKS = [ROOT / folder / "package-lock.json" for folder in ("schema/console", "tests/clients")]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.parent.name)
def test_a_lock_names_digests_and_no_address_to_load_from(lock: Path) -> None:
    packages = json.loads(lock.read_text())["packages"]
    del packages[""]
    assert len(packages) > 100
    for name, package in packages.items():
        assert package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name


def test_a_machine_with_an_old_node_gets_the_node_of_the_wheel(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("node", "npm"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\necho v18.20.4\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert npm_packages.toolchain() == npm_packages.toolchain_of_the_wheel()


def test_the_wheel_has_both_programs() -> None:
    for program in npm_packages.toolchain_of_the_wheel():
        answer = subprocess.run([*program, "--version"], check=True, capture_output=True, text=True)
        assert answer.stdout.lstrip("v")[:1].isdigit()


def test_a_registry_out_of_reach_is_told_in_the_words_of_npm_and_nothing_counts_as_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wanted = {"name": "any", "dependencies": {"graphql": "16.0.0"}}
    packages = {"": wanted, "node_modules/graphql": {"version": "16.0.0"}}
    lock = {"name": "any", "lockfileVersion": 3, "packages": packages}
    (tmp_path / "package.json").write_text(json.dumps(wanted))
    (tmp_path / "package-lock.json").write_text(json.dumps(lock))
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    steps: list[str] = []
    for _ in range(2):
        with pytest.raises(ProgramFailed, match=r"^npm error .*ECONNREFUSED 127\.0\.0\.1:9"):
            npm_packages.install(
                tmp_path, npm_packages.toolchain_of_the_wheel().npm, lambda: steps.append("begun")
            )
    assert steps == ["begun", "begun"]
