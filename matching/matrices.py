"""The best assignment of a plain matrix: for whoever has scores and no people.

The same search and the same proof as for a market. It refuses what does not fit together.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from matching.arrays import MICROS, Integers, Masks
from matching.flows import NotSolved
from matching.optima import find
from matching.prices import Prices, bound
from matching.worths import NEVER, Effort, Sides, Worths

WIDEST: Final = 300 * MICROS
"""Amounts up to which a pair less a price and a surplus, each within twice as much, has 32 bits."""


@dataclass(frozen=True)
class Assignment:
    """The optimum of a plain matrix, with its proof.

    `pairs` are (row, column) in row order; `objective` and `bound` are in
    millionths and equal, which is the proof.
    """

    pairs: tuple[tuple[int, int], ...]
    objective: int
    bound: int
    prices: Prices


def assign(  # noqa: PLR0913 - the matrix, what binds it, and how to go about it
    scores: npt.ArrayLike,
    capacities: npt.ArrayLike,
    *,
    forbidden: npt.ArrayLike | None = None,
    demands: npt.ArrayLike | None = None,
    unmatched_value: float = 0.0,
    effort: Effort = Effort(),  # noqa: B008 - frozen
) -> Assignment:
    """The best assignment of rows to columns, each pair at most once.

    Parameters
    ----------
    scores : array-like of float, shape (n, m)
        Rounded to millionths.
    capacities : array-like of int, shape (m,)
    forbidden : array-like of bool, shape (n, m), optional
        Pairs that must not be made, whatever their score.
    demands : array-like of int, shape (n,), optional
        Partners each row asks for; one by default.
    unmatched_value : float
        The worth of a unit of demand left open.
    effort : Effort
        How to go about it; see there.

    Returns
    -------
    Assignment

    Raises
    ------
    ValueError
        If shapes do not fit.
    NotSolved
        If the solver finds no proved optimum, or an amount is too large to be exact.
    """
    worth = np.rint(np.asarray(scores, dtype=np.float64) * MICROS).astype(np.int64)
    barred = np.zeros(worth.shape, np.bool_) if forbidden is None else np.asarray(forbidden, bool)
    n, m = worth.shape
    asked = np.ones(n, np.int64) if demands is None else np.asarray(demands, np.int64)
    places = np.asarray(capacities, dtype=np.int64)
    if barred.shape != (n, m) or asked.shape != (n,) or places.shape != (m,):
        raise ValueError(f"shapes do not fit: {worth.shape}, {barred.shape}, {places.shape}")
    sides = Sides(
        np.arange(n, dtype=np.uint64),
        np.arange(m, dtype=np.uint64),
        asked,
        places,
        np.zeros(n, dtype=np.int64),
        int(np.rint(unmatched_value * MICROS)),
    )
    best = find(_worths(worth, barred, sides, effort))
    problem, chosen = best.problem, best.chosen
    pairs = zip(problem.rows[chosen].tolist(), problem.columns[chosen].tolist(), strict=True)
    return Assignment(tuple(pairs), best.objective, bound(problem, best.prices), best.prices)


def _worths(worth: Integers, barred: Masks, sides: Sides, effort: Effort) -> Worths:
    if max(np.abs(worth).max(initial=0), abs(sides.minimum)) > WIDEST:
        raise NotSolved(
            f"amounts beyond {WIDEST // MICROS} are too large for exact arithmetic; divide all"
            " scores and the unmatched value by the same number"
        )
    kept = worth.astype(np.int32)
    kept[barred] = NEVER
    return Worths(sides, effort, int(np.count_nonzero(~barred)), kept)
