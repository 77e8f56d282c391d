"""`./dev bench measurement [--quick]`: the calibration of many ratings beside simpler ways.

Everything runs in a process of its own, one after the other, and only ratios are printed.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench import peers
from tests.bench.matching import Line

_PATIENCE = 180.0
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_USUAL, _LARGE, _SMALL = (1_250, 60, 8), (5_000, 300, 10), (20, 4, 5)
# Both ways stop when nothing moves by more than 1e-8, and sweeps move slowly.
_ALIKE = 1e-5
_MOST_MB = 300.0


async def run(*options: str) -> None:
    """Measures and prints; a goal that is missed is said, and fails nothing."""
    console, started = Console(), time.monotonic()
    table = Table("comparison", "ratio", "goal", title="Measurement", title_justify="left")
    with console.status("Measuring the calibration"):
        for line in _lines(console, is_quick="--quick" in options):
            table.add_row(line.what, f"{line.ratio:.3g}", line.verdict)
    console.print(table)
    minutes = (time.monotonic() - started) / 60
    console.print(f"{minutes:.1f} minutes; Python {peers.python_version()}, one thread")


def _lines(console: Console, *, is_quick: bool) -> Iterator[Line]:
    usual = _measured("eliminated", _USUAL)
    if not is_quick:
        swept = _measured("swept", _USUAL)
        _agree(usual, swept)
        faster = swept["seconds"] / usual["seconds"]
        yield Line("50,000 ratings, one-facet sweeps' time against ours", faster, 5, True)
    large = _measured("eliminated", _LARGE)
    yield Line("250,000 ratings, time against 50,000", large["seconds"] / usual["seconds"], 6)
    yield Line("250,000 ratings, peak memory against 300 MB", large["peak_mb"] / _MOST_MB, 1)
    yield from _against_r(console)


def _against_r(console: Console) -> Iterator[Line]:
    if not shutil.which("Rscript"):
        console.print("R is not installed here; its Poisson GLM is left out.")
        return
    own, theirs = _measured("eliminated", _SMALL), _measured("r", _SMALL)
    _agree(own, theirs)
    yield Line("400 ratings, base R's Poisson GLM against ours", theirs["seconds"] / own["seconds"])


def _agree(one: dict[str, Any], other: dict[str, Any]) -> None:
    pairs = zip(one["measures"], other["measures"], strict=True)
    apart = max(abs(own - theirs) for own, theirs in pairs)
    assert apart < _ALIKE, apart


def _measured(what: str, sizes: tuple[int, int, int]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.panels", what, *map(str, sizes)],
        capture_output=True,
        check=True,
        env=os.environ | _ONE_THREAD,
        timeout=_PATIENCE,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found
