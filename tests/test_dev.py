"""`./dev`, with interpreters that only pretend: nothing is installed and nothing downloaded."""

import shutil
import subprocess
from pathlib import Path

import pytest

DEV = Path(__file__).parent.parent / "dev"
TOOLS = ("sh", "cat", "chmod", "cmp", "cp", "dirname", "grep", "mkdir", "mktemp", "readlink", "rm")

# Says what it is asked, makes environments of copies of itself, and logs what it would install.
PYTHON = """#!/bin/sh
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
case "$*" in
    *version_info\\ \\<*) exit {recent} ;;
    --version) echo 'Python {version}' ;;
    *'print('*) echo '{version}' ;;
    *ensurepip*) exit {ensurepip} ;;
    '-m venv --clear '*) mkdir -p "$4/bin" && cp -- "$0" "$4/bin/python" && echo made >>"$LOG" ;;
    '-m pip --version') ;;
    '-m pip install '*)
        for lock; do :; done
        echo "install $lock" >>"$LOG"
        exit "${{PIP_STATUS:-0}}"
        ;;
    *)
        echo "PYTHONPATH=$PYTHONPATH"
        echo "CADRE_DATA_DIR=$CADRE_DATA_DIR"
        for word; do echo "<$word>"; done
        exit 7
        ;;
esac
"""


class Machine:
    """A folder that is the whole search path, and a checkout in a place with a space."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "bin"
        self.path.mkdir()
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found is not None
            (self.path / tool).symlink_to(found)
        self.root = folder / "a checkout"
        (self.root / "tests").mkdir(parents=True)
        shutil.copy(DEV, self.root / "dev")
        (self.root / "requirements.lock").write_text("rich==1\n")
        (self.root / "tests" / "requirements.lock").write_text("rich==1\nmypy==1\n")
        self.log = folder / "log"

    def has_python(self, version: str, *, recent: bool = True, ensurepip: bool = True) -> None:
        python = self.path / "python3"
        python.write_text(
            PYTHON.format(version=version, recent=int(not recent), ensurepip=int(not ensurepip))
        )
        python.chmod(0o755)

    def dev(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [environment.pop("script", str(self.root / "dev")), *words],
            env={"PATH": str(self.path), "LOG": str(self.log)} | environment,
            cwd=environment.pop("cwd", "/"),
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )

    def done(self) -> list[str]:
        return self.log.read_text().replace(f"{self.root}/", "").splitlines()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_help_lists_the_commands_and_succeeds(machine: Machine) -> None:
    answer = machine.dev("help")
    assert answer.returncode == 0
    for command in ("demo [--port N]", "test [PYTEST", "check ", "sdl ", "bench [NAME]", "cadre "):
        assert f"\n  {command}" in answer.stdout


def test_an_unknown_command_is_named_and_fails(machine: Machine) -> None:
    answer = machine.dev("serve")
    assert answer.returncode == 2
    assert answer.stderr.startswith("dev: there is no command 'serve'.\nUsage: ./dev COMMAND")


def test_a_machine_without_python_gets_one_sentence(machine: Machine) -> None:
    answer = machine.dev("demo")
    assert answer.returncode == 1
    assert answer.stderr == (
        "dev: Cadre needs Python 3.11 or later, and this machine has no Python 3."
        " Install a newer one, or name it: PYTHON=/path/to/python ./dev ...\n"
    )


def test_a_python_that_is_too_old_gets_one_sentence(machine: Machine) -> None:
    machine.has_python("3.9.2", recent=False)
    answer = machine.dev("demo")
    assert answer.returncode == 1
    assert "needs Python 3.11 or later, and this machine has Python 3.9.2." in answer.stderr
    assert not (machine.root / ".venv").exists()


def test_a_named_python_that_is_too_old_is_refused_though_another_would_do(
    machine: Machine,
) -> None:
    machine.has_python("3.12")
    answer = machine.dev("demo", PYTHON="/nowhere/python")
    assert answer.returncode == 1
    assert answer.stderr.startswith("dev: PYTHON=/nowhere/python is not a Python 3.11 or later")


def test_a_python_without_ensurepip_gets_the_package_to_install(machine: Machine) -> None:
    machine.has_python("3.12", ensurepip=False)
    answer = machine.dev("demo")
    assert answer.returncode == 1
    assert "apt-get install python3.12-venv" in answer.stderr


def test_the_first_start_installs_and_the_second_only_starts(machine: Machine) -> None:
    machine.has_python("3.12")
    first = machine.dev("demo", "--port", "80")
    assert first.returncode == 7
    assert first.stderr.splitlines() == [
        "Making .venv with Python 3.12",
        "Installing 1 packages from requirements.lock; the first time takes some minutes",
    ]
    second = machine.dev("demo", "--port", "80")
    assert second.stderr == ""
    assert second.stdout == first.stdout
    assert machine.done() == ["made", "install requirements.lock"]


def test_an_install_that_stopped_goes_on_at_the_next_start(machine: Machine) -> None:
    machine.has_python("3.12")
    answer = machine.dev("demo", PIP_STATUS="2")
    assert answer.returncode == 1
    assert "run the same command again: it goes on where it stopped." in answer.stderr
    assert machine.dev("demo").returncode == 7
    assert machine.done() == ["made", "install requirements.lock", "install requirements.lock"]


def test_a_changed_lock_is_installed_again(machine: Machine) -> None:
    machine.has_python("3.12")
    machine.dev("demo")
    (machine.root / "requirements.lock").write_text("rich==2\n")
    machine.dev("demo")
    assert machine.done() == ["made", "install requirements.lock", "install requirements.lock"]


def test_the_environment_of_the_tests_serves_the_demonstration_too(machine: Machine) -> None:
    machine.has_python("3.12")
    machine.dev("test")
    machine.dev("demo")
    assert machine.done() == ["made", "install tests/requirements.lock"]


def test_an_environment_whose_python_is_gone_is_made_again(machine: Machine) -> None:
    machine.has_python("3.12")
    machine.dev("demo")
    (machine.root / ".venv" / "bin" / "python").unlink()
    assert machine.dev("demo").returncode == 7
    assert machine.done()[:3] == ["made", "install requirements.lock", "made"]


def test_words_pass_through_untouched_from_any_folder_and_through_a_link(
    machine: Machine, tmp_path: Path
) -> None:
    machine.has_python("3.12")
    (tmp_path / "link").symlink_to("a checkout/dev")
    answer = machine.dev("cadre", "token", "two words", "*", script=str(tmp_path / "link"))
    assert answer.stdout.splitlines() == [
        f"PYTHONPATH={machine.root}",
        f"CADRE_DATA_DIR={machine.root}/.cadre",
        *("<-P>", "<-m>", "<cadre>", "<token>", "<two words>", "<*>"),
    ]
    assert answer.returncode == 7


def test_a_data_folder_from_the_environment_is_kept(machine: Machine) -> None:
    machine.has_python("3.12")
    answer = machine.dev("demo", CADRE_DATA_DIR="/elsewhere")
    assert "CADRE_DATA_DIR=/elsewhere" in answer.stdout.splitlines()


def test_an_environment_behind_a_link_is_used_and_never_changed(machine: Machine) -> None:
    machine.has_python("3.12")
    machine.dev("demo")
    shared = (machine.root / ".venv").rename(machine.root.parent / "shared")
    (machine.root / ".venv").symlink_to(shared)
    before = sorted(shared.iterdir())
    assert machine.dev("test").returncode == 7
    assert sorted(shared.iterdir()) == before
    assert machine.done() == ["made", "install requirements.lock"]


def test_the_whole_suite_takes_every_core_and_leaves_out_what_the_machine_cannot_run(
    machine: Machine,
) -> None:
    machine.has_python("3.12")
    answer = machine.dev("test")
    whole = ["<-m>", "<not browser>", "<-n>", "<logical>", "<--dist>", "<loadfile>"]
    assert answer.stdout.splitlines()[-6:] == whole
    assert "apt-get install chromium" in answer.stderr

    (machine.path / "chromium").symlink_to(machine.path / "python3")
    assert machine.dev("test", "tests/x.py").stdout.splitlines()[-1:] == ["<tests/x.py>"]
    assert "browser" not in machine.dev("test", "tests/x.py").stdout


def test_check_names_the_part_that_failed_shows_it_and_fails(machine: Machine) -> None:
    machine.has_python("3.12")
    machine.dev("test")
    for program, status in (("ruff", 1), ("lint-imports", 0)):
        tool = machine.root / ".venv" / "bin" / program
        tool.write_text(f'#!/bin/sh\necho "{program} $1 speaks"\nexit {status}\n')
        tool.chmod(0o755)
    answer = machine.dev("check")
    assert answer.returncode == 1
    lines = answer.stderr.splitlines()
    assert sorted(line for line in lines if line.startswith(("ok", "FAILED"))) == [
        "FAILED  format",
        "FAILED  style",
        "FAILED  types",
        "ok      rooms",
    ]
    assert "ruff check speaks" in lines
    assert "lint-imports  speaks" not in lines
