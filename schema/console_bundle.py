"""The console's bundle: npm's packages and Vite's build of `schema/console/`.

Builds when the sources changed since the last build, and refuses to guess: a build that
fails is `Unavailable` with npm's or Vite's own last words.
"""

import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from schema import npm_packages
from schema.npm_packages import STAMP, ProgramFailed, Toolchain
from service.errors import Unavailable

CONSOLE = Path(__file__).parent / "console"
DIST = CONSOLE / "dist"

_GENERATED = {"dist", "node_modules"}


def is_built() -> bool:
    """Whether the bundle on disk is the build of the present sources."""
    return npm_packages.read_stamp(DIST) == _digest()


def build(*, progress: Callable[[str], None]) -> Path:
    """The folder of the built console; builds it only when its sources changed.

    `progress` hears each step in a few words. Refuses with `Unavailable` when npm or Vite
    fails. Blocks for up to half a minute; a second process waits for the first.
    """
    with npm_packages.alone(CONSOLE):
        if not is_built():
            toolchain = npm_packages.toolchain()
            _install(toolchain, progress)
            progress("Building the console")
            with _refusing("Vite's build"):
                npm_packages.run(CONSOLE, toolchain.node, "node_modules/vite/bin/vite.js", "build")
            _compress(DIST / "assets")
            (DIST / STAMP).write_text(_digest())
    return DIST


def _install(toolchain: Toolchain, progress: Callable[[str], None]) -> None:
    with _refusing("installing its npm packages"):
        npm_packages.install(
            CONSOLE, toolchain.npm, lambda: progress("Installing the console's packages")
        )


def _compress(assets: Path) -> None:
    # Monaco is megabytes; packed once here, it costs the server nothing and the line a quarter.
    for asset in list(assets.iterdir()):
        packed = asset.with_name(f"{asset.name}.gz")
        packed.write_bytes(gzip.compress(asset.read_bytes(), mtime=0))


def _digest() -> str:
    return npm_packages.digest(CONSOLE.parent, _sources())


def _sources() -> list[Path]:
    tops = sorted(path for path in CONSOLE.iterdir() if path.name not in _GENERATED)
    files = [file for top in tops for file in sorted([top, *top.rglob("*")]) if file.is_file()]
    # The editors know the API by this file, because few callers may introspect it.
    return [*files, CONSOLE.parent / "schema.graphql"]


@contextmanager
def _refusing(step: str) -> Iterator[None]:
    try:
        yield
    except ProgramFailed as failed:
        raise Unavailable(
            f"The console could not be built: {step} failed ({failed}); mend that and build again."
        ) from failed
