"""`./dev bench matching [--quick]`: the matcher beside bare solvers and other matchers.

Everything runs in a process of its own, one after the other, and only ratios are printed.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import peers

THREADS = 2
# A plain matrix instead of people.
MATRIX = "plain matrix"
_ROUNDS = 3
# The dense solution of ten thousand by ten thousand takes minutes; it is not waited for longer.
_PATIENCE = 180.0
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Line:
    """One comparison: what, the ratio, and the goal it meets or misses, if there is one."""

    what: str
    ratio: float
    goal: float | None = None
    is_least: bool = False
    is_bound: bool = False

    @property
    def verdict(self) -> str:
        """Met, missed, or nothing to say."""
        if self.goal is None:
            return ""
        is_met = self.ratio >= self.goal if self.is_least else self.ratio <= self.goal
        sign = "at least" if self.is_least else "at most"
        return f"{'met' if is_met else 'missed'} ({sign} {self.goal:g})"


async def run(*options: str) -> None:
    """Measures and prints; a goal that is missed is said, and fails nothing."""
    console, started = Console(), time.monotonic()
    table = Table("comparison", "ratio", "goal", title="Matcher", title_justify="left")
    with console.status("Measuring the matcher"):
        for line in _lines(console, is_quick="--quick" in options):
            sign = "> " if line.is_bound else ""
            table.add_row(line.what, f"{sign}{line.ratio:.3g}", line.verdict)
    console.print(table)
    minutes = (time.monotonic() - started) / 60
    console.print(f"{minutes:.1f} minutes; Python {peers.python_version()}, {THREADS} threads")


def _lines(console: Console, *, is_quick: bool) -> Iterator[Line]:
    for kind in ("usual", "contested"):
        yield from _against_flow(kind, 5_000)
    yield from _speed(5_000)
    yield from _noise(2_000 if is_quick else 5_000)
    yield from _why_not(5_000)
    yield from _growth((1_000, 2_000, 5_000) if is_quick else (1_000, 5_000, 20_000, 50_000))
    if not is_quick:
        for kind in (MATRIX, "contested"):
            yield from _against_flow_at_large(kind, 10_000)
    with tempfile.TemporaryDirectory(prefix="cadre-peers-") as folder:
        for peer in peers.PEERS:
            yield from _against(peer, Path(folder), console, is_quick=is_quick)


def _against_flow(kind: str, size: int) -> Iterator[Line]:
    rounds = [
        [_measured(what, size, size, kind=kind) for what in ("cadre", "dense")]
        for _ in range(_ROUNDS)
    ]
    # The one whose ratio lies in the middle.
    rounds.sort(key=lambda pair: _ratio(pair[0], pair[1], "seconds"))
    own, flow = rounds[_ROUNDS // 2]
    name = f"{size:,} x {size:,}, {kind}"
    assert own["objective"] == flow["objective"], (own, flow)
    yield Line(f"{name}, objective against a dense flow", own["objective"] / flow["objective"], 1)
    yield Line(f"{name}, all of it, time against one bare flow", _ratio(own, flow, "seconds"), 1)
    yield Line(f"{name}, peak memory against it", _ratio(own, flow, "peak_mb"))


def _against_flow_at_large(kind: str, size: int) -> Iterator[Line]:
    own = _measured("cadre", size, size, kind=kind)
    name = f"{size:,} x {size:,}, {kind}"
    # Both begin with the same matrix there; of people, ours also reads the rules and scores.
    goal = 5 if kind == MATRIX else None
    try:
        flow = _measured("dense", size, size, kind=kind)
    except subprocess.TimeoutExpired:
        faster = _PATIENCE / own["seconds"]
        yield Line(f"{name}, dense flow's time against ours", faster, goal, True, True)
        return
    assert own["objective"] == flow["objective"], (own, flow)
    yield Line(f"{name}, dense flow's time against ours", _ratio(flow, own, "seconds"), goal, True)
    yield Line(f"{name}, peak memory against it", _ratio(own, flow, "peak_mb"), 0.5)


def _speed(size: int) -> Iterator[Line]:
    found = _measured("pairs", size, size)
    together = found["pairs_per_second"]
    yield Line("pairs scored and listed, millions in a second", together / 1e6, 25, True)
    one_by_one = together / found["one_by_one_per_second"]
    yield Line("the same against one pair at a time", one_by_one, 1_000, True)


def _noise(size: int) -> Iterator[Line]:
    found = _measured("noise", size, size // 2, kind="contested")
    name = f"{size:,} x {size // 2:,}, scores moved by 2 %: proposals changed"
    yield Line(f"{name}, nothing done about it", found["free_changed"])
    yield Line(f"{name}, keeping each worth 0.01", found["steady_changed"], 0.25)
    yield Line("what keeping them costs, of the whole worth", found["steady_lost"], 0.005)


def _why_not(size: int) -> Iterator[Line]:
    found = _measured("why_not", size, size, kind="contested")
    name = f"{size:,} x {size:,}, exact why-not"
    yield Line(f"{name}: the slowest against one second", found["slowest"], 1)
    yield Line(f"{name}: the usual one against the whole search", found["usual"] / found["search"])


def _growth(sizes: tuple[int, ...]) -> Iterator[Line]:
    first = None
    for size in sizes:
        found = _measured("cadre", size, size // 10)
        first = first or found
        more = _ratio(found, first, "seconds")
        pairs = (size / sizes[0]) ** 2
        yield Line(f"{size:,} x {size // 10:,}, time for a pair against the least", more / pairs)


def _against(peer: peers.Peer, folder: Path, console: Console, *, is_quick: bool) -> Iterator[Line]:
    try:
        python = peers.installed(peer, folder)
    except (peers.NotInstalled, subprocess.TimeoutExpired):
        console.print(f"{peer.name} cannot be installed here; it is left out.")
        return
    for size in peer.sizes[:1] if is_quick else peer.sizes:
        other, own = peers.theirs(peer, python, size), peers.ours(peer, size)
        goal = 200 if peer.sizes[-1] == size == 1_000 else None
        name = f"{peer.name}, {size:,}"
        yield Line(f"{name}: its time against ours", _ratio(other, own, "seconds"), goal, True)
        yield Line(f"{name}: our objective against its", _ratio(own, other, "objective"), 1, True)


def _ratio(one: dict[str, float], other: dict[str, float], what: str) -> float:
    return one[what] / other[what]


def _measured(what: str, mentees: int, mentors: int, *, kind: str = "usual") -> dict[str, float]:
    numbers = map(str, (mentees, mentors, THREADS))
    drawn = ["matrices", what] if kind == MATRIX else ["markets", what, kind]
    done = subprocess.run(
        [sys.executable, "-m", f"tests.bench.{drawn[0]}", *drawn[1:], *numbers],
        capture_output=True,
        check=True,
        env=os.environ | _ONE_THREAD,
        timeout=_PATIENCE,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found
