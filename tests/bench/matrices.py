"""A market drawn as a plain matrix, and what is measured on it, each in a process of its own.

`python -m tests.bench.matrices WHAT ROWS COLUMNS THREADS` prints one line of JSON. Eight hidden
traits fit or do not, some columns are popular, and 43 % of all pairs are forbidden.
"""

import json
import sys

import numpy as np
import numpy.typing as npt

from matching import Effort, assign
from tests.bench.markets import network, peak_mb, timed

_TRAITS, _FORBIDDEN, _PARTS = 8, 0.43, 200

Drawn = tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_], npt.NDArray[np.int64]]


def drawn(rows: int, columns: int) -> Drawn:
    """Scores from 0 to 1, which pairs are forbidden, and one to three places for each column."""
    draw = np.random.default_rng(1)
    mine, theirs = (draw.standard_normal((n, _TRAITS), np.float32) for n in (rows, columns))
    fame = draw.standard_normal(columns, np.float32)
    scores = np.empty((rows, columns), np.float32)
    forbidden = np.empty((rows, columns), np.bool_)
    for first in range(0, rows, _PARTS):
        part = slice(first, first + _PARTS)
        fit = mine[part] @ theirs.T / np.float32(_TRAITS**0.5) + fame
        fit += draw.standard_normal(fit.shape, np.float32) / 2
        scores[part] = 1 / (1 + np.exp(-fit))
        forbidden[part] = draw.random(fit.shape, np.float32) < _FORBIDDEN
    return scores, forbidden, draw.integers(1, 4, columns)


def cadre(market: Drawn, threads: int) -> dict[str, float]:
    """The matrix read, the pairs, the prices and the proof over all of it."""
    scores, forbidden, places = market
    with timed() as seconds:
        found = assign(scores, places, forbidden=forbidden, effort=Effort(threads=threads))
    assert found.gap == 0
    return {"seconds": seconds[0], "objective": found.objective}


def dense(market: Drawn, _: int) -> dict[str, float]:
    """One bare flow over all allowed pairs; only the solver is timed."""
    scores, forbidden, places = market
    rows, columns = np.nonzero(~forbidden)
    worth = np.rint(scores[rows, columns].astype(np.float64) * 1e6).astype(np.int64)
    solver = network(rows, columns, worth, demands=len(scores), places=places)
    del rows, columns, worth
    with timed() as seconds:
        status = solver.solve()
    assert status == solver.OPTIMAL
    return {"seconds": seconds[0], "objective": -solver.optimal_cost()}


MEASURED = {"cadre": cadre, "dense": dense}

if __name__ == "__main__":
    what, *numbers = sys.argv[1:]
    size, against, side_by_side = map(int, numbers)
    measured = MEASURED[what](drawn(size, against), side_by_side)
    sys.stdout.write(json.dumps({**measured, "peak_mb": peak_mb()}))
