"""Caps of groups that overlap: no flow any more, but a whole-number programme, by HiGHS.

Its relaxation prices every place and every cap; rounded to millionths they still bound every
answer. It refuses to call an answer proved: whoever asks compares it with that bound.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import coo_array, csc_array

from matching.arrays import Floats, Integers, Masks
from matching.flows import NotSolved
from matching.prices import Prices, with_pins
from matching.problems import Problem

Gates = tuple[tuple[Integers, Integers], ...]

_NONE: Final = np.zeros(0, dtype=np.int64)
# How far from a whole number a share of a solution may be, which has that many digits.
_WHOLE: Final = 1e-6


@dataclass(frozen=True)
class _Programme:
    """Maximise gains @ x where matrix @ x <= most and each x is between 0 and 1.

    The lines are the n rows, the m columns, the m columns the other way round with their
    least loads, and the caps of each grouping, of which `gates` holds labels and columns.
    """

    gains: Floats
    matrix: Any
    most: Integers
    gates: Gates

    @classmethod
    def of(cls, problem: Problem) -> "_Programme":
        n, m = len(problem.demands), len(problem.capacities)
        rows, columns = problem.rows, problem.columns
        edges = np.arange(len(rows))
        ones = np.ones(len(rows))
        lines, entries = [rows, n + columns, n + m + columns], [ones, ones, -ones]
        places = [edges, edges, edges]
        most = [problem.demands, problem.capacities, -problem.limits.least_of(m)]
        gates = []
        for grouping in problem.limits.groupings:
            labels = grouping.labels[rows]
            narrow = np.flatnonzero(grouping.caps[labels, columns] < problem.capacities[columns])
            keys, which = np.unique(labels[narrow] * m + columns[narrow], return_inverse=True)
            lines.append(sum(map(len, most)) + which)
            places.append(narrow)
            entries.append(ones[narrow])
            gates.append((keys // m, keys % m))
            most.append(grouping.caps[gates[-1]])
        shape = sum(map(len, most)), len(rows)
        spots = np.concatenate(lines), np.concatenate(places)
        matrix = csc_array(coo_array((np.concatenate(entries), spots), shape=shape))
        gains = (problem.weights - problem.unmatched).astype(np.float64)
        return cls(gains, matrix, np.concatenate(most), tuple(gates))


@dataclass(frozen=True)
class Relaxed:
    """The optimum without the wish for whole numbers: what it takes of each edge, and prices."""

    shares: Floats
    prices: Prices

    @property
    def whole(self) -> Masks | None:
        """The answer it is, where it happens to be one, as it often is."""
        chosen = self.shares > 1 / 2
        return chosen if np.abs(self.shares - chosen).max(initial=0.0) < _WHOLE else None


def relax(problem: Problem, *, seconds: float) -> Relaxed:
    """The optimum without whole numbers, its prices rounded to millionths.

    Raises
    ------
    NotSolved
        If HiGHS finds no optimum in this time, or nothing is left by which to keep least loads.
    """
    pinned = problem.pinned()
    rest = problem.without(pinned)
    shares = pinned.astype(np.float64)
    lines = np.zeros(len(problem.demands) + 2 * len(problem.capacities))
    gates: Gates = ((_NONE, _NONE),) * len(problem.limits.groupings)
    if not len(rest.rows) and rest.limits.least.any():
        raise NotSolved("the pinned pairs alone keep no least load that is larger")
    if len(rest.rows):
        programme = _Programme.of(rest)
        found = linprog(
            -programme.gains,
            A_ub=programme.matrix,
            b_ub=programme.most,
            bounds=(0, 1),
            method="highs-ds",
            options={"time_limit": seconds},
        )
        if found.status != 0:
            raise NotSolved(f"HiGHS without whole numbers: {found.message}")
        shares[~pinned], lines, gates = found.x, -found.ineqlin.marginals, programme.gates
    return Relaxed(shares, with_pins(problem, pinned, _rounded(rest, lines, gates)))


def _rounded(problem: Problem, lines: Floats, gates: Gates) -> Prices:
    """Prices from those of the lines of a programme; any that are not negative would bound."""
    n, m = len(problem.demands), len(problem.capacities)
    paid = np.maximum(np.rint(lines), 0).astype(np.int64)
    rows, places, loads, caps = np.split(paid, np.cumsum([n, m, m]))
    groups = tuple(np.zeros_like(one.caps) for one in problem.limits.groupings)
    for table, behind in zip(groups, gates, strict=True):
        table[behind], caps = np.split(caps, [len(behind[0])])
    return _with_gains(problem, Prices(places - loads, rows, groups))


def settle(problem: Problem, among: Masks, *, seconds: float) -> Masks | None:
    """The best whole answer that HiGHS finds among some edges, shape (edges,) of bool.

    None where there is none, or none was found in time.
    """
    pinned = problem.pinned()
    kept = pinned | among
    chosen = pinned.copy()
    rest = problem.only(kept).without(pinned[kept])
    if not len(rest.rows):
        return None if rest.limits.least.any() else chosen
    programme = _Programme.of(rest)
    # All together less than a millionth, so that a pair as good as none is made.
    nudge = 1 / (2 + 2 * int(rest.demands.sum()))
    found = milp(
        -programme.gains - nudge,
        integrality=np.ones(len(rest.rows), dtype=np.int64),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(programme.matrix, ub=programme.most),
        options={"time_limit": seconds, "mip_rel_gap": 0.0},
    )
    if found.x is None:
        return None
    chosen[np.flatnonzero(kept & ~pinned)] = found.x > 1 / 2
    return chosen


def _with_gains(problem: Problem, asked: Prices) -> Prices:
    """The surpluses that bound best at these prices: of all that a row asks for, the least."""
    demands = problem.demands
    left = problem.weights - asked.paid(problem.limits, problem.rows, problem.columns)
    order = np.lexsort((-left, problem.rows))
    rows = problem.rows[order]
    ranks = np.arange(len(rows)) - np.searchsorted(rows, rows)
    last = ranks == demands[rows] - 1
    gains = np.full(len(demands), problem.unmatched, dtype=np.int64)
    gains[rows[last]] = np.maximum(left[order][last], problem.unmatched)
    # A row that asks for nobody gains nothing from anybody.
    gains[demands == 0] = max(problem.unmatched, int(left.max(initial=0)))
    return Prices(asked.prices, gains, asked.groups)
