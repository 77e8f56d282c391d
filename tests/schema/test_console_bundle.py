"""Building the console with real npm packages and the real Vite."""

import shutil
import subprocess
from pathlib import Path

import pytest

from schema import console_bundle, npm_packages
from service.errors import Unavailable


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A built copy of the console to change, sharing the installed packages."""
    console_bundle.build(progress=lambda _step: None)
    copy = tmp_path / "console"
    shutil.copytree(console_bundle.CONSOLE, copy, ignore=shutil.ignore_patterns("node_modules"))
    shutil.copy(console_bundle.CONSOLE.parent / "schema.graphql", tmp_path)
    (copy / "node_modules").symlink_to(console_bundle.CONSOLE / "node_modules")
    monkeypatch.setattr(console_bundle, "CONSOLE", copy)
    monkeypatch.setattr(console_bundle, "DIST", copy / "dist")
    return copy


def test_a_second_build_of_the_same_sources_does_nothing(sources: Path) -> None:
    steps: list[str] = []
    assert console_bundle.is_built()
    assert console_bundle.build(progress=steps.append) == sources / "dist"
    assert steps == []


def test_a_new_operation_makes_the_build_stale_and_the_next_build_mends_that(
    sources: Path,
) -> None:
    (sources / "operations" / "extra.graphql").write_text("# Extra\n# One more.\n{ __typename }\n")
    assert not console_bundle.is_built()
    steps: list[str] = []
    console_bundle.build(progress=steps.append)
    assert steps == ["Building the console"]
    assert console_bundle.is_built()
    scripts = (sources / "dist" / "assets").glob("*.js")
    assert any("# One more." in script.read_text() for script in scripts)


def test_a_changed_schema_makes_the_build_stale(sources: Path) -> None:
    schema = sources.parent / "schema.graphql"
    schema.write_text(schema.read_text() + "scalar Extra\n")
    assert not console_bundle.is_built()


def test_a_machine_without_node_builds_with_the_node_of_the_wheel(
    sources: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (sources / "src" / "style.css").write_text("body { color: black }\n")
    console_bundle.build(progress=lambda _step: None)
    assert console_bundle.is_built()
    npm = [*npm_packages.toolchain().npm, "--version"]
    assert subprocess.run(npm, check=True, capture_output=True, text=True).stdout[:1].isdigit()


def test_a_build_that_fails_is_refused_with_the_words_of_vite_and_leaves_no_build(
    sources: Path,
) -> None:
    (sources / "src" / "main.tsx").write_text('import "./nowhere";\n')
    with pytest.raises(Unavailable, match=r"Vite's build failed \(.*nowhere.*\)"):
        console_bundle.build(progress=lambda _step: None)
    assert not console_bundle.is_built()


def test_packages_that_cannot_be_installed_are_refused_with_the_words_of_npm(
    sources: Path,
) -> None:
    (sources / "node_modules").unlink()
    (sources / "package.json").write_text("{")
    with pytest.raises(Unavailable, match=r"npm packages failed \(npm error JSON.parse"):
        console_bundle.build(progress=lambda _step: None)
