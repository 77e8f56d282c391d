"""Prices of scarce mentors, and the bound they prove.

Recovered from the same integers the solver saw, so that the proof closes to
exactly zero. The bound holds for any prices; it refuses to trust the solver.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from matching.arrays import Integers, Masks
from matching.problems import Problem

FAR: Final = 2**60


class NotOptimal(RuntimeError):  # noqa: N818 - it says what the answer is not
    """The answer can be improved, so no prices support it."""


@dataclass(frozen=True)
class Prices:
    """What a place at each column is worth to others, (m,), and what each row gains, (n,)."""

    prices: Integers
    surpluses: Integers


def bound(problem: Problem, prices: Prices) -> int:
    """An upper bound on every answer, by weak duality of the assignment programme.

    sum_i d_i s_i + sum_j c_j p_j + sum_e max(0, w_e - s_i - p_j), for any
    p >= 0 and s >= the unmatched value (Ahuja, Magnanti and Orlin 1993, ch. 9).

    Raises
    ------
    ValueError
        If a price is negative or a surplus lies below the unmatched value.
    """
    p, s = prices.prices, prices.surpluses
    if (p < 0).any() or (s < problem.unmatched).any():
        raise ValueError("prices must not be negative, nor surpluses below the unmatched value")
    excess = problem.weights - s[problem.rows] - p[problem.columns]
    rents = int(np.maximum(excess, 0).sum())
    return int(problem.demands @ s) + int(problem.capacities @ p) + rents


def recover(problem: Problem, chosen: Masks) -> Prices:
    """The smallest prices that support an optimal answer.

    Starting from zero, each price rises to what the keenest row that did not
    get the column would still pay, until nothing moves: Bellman-Ford on the
    residual graph, all columns at once.

    Raises
    ------
    NotOptimal
        If prices never settle, which happens just when the answer can be improved.
    """
    bids = _Bids(problem, chosen)
    prices = np.zeros(len(problem.capacities), dtype=np.int64)
    surpluses = bids.surpluses(prices)
    for _ in range(len(problem.demands) + len(problem.capacities) + 2):
        raised = bids.highest(surpluses, prices)
        if (raised == prices).all():
            return Prices(prices, surpluses)
        prices = raised
        surpluses = bids.surpluses(prices)
    raise NotOptimal("the answer can be improved")


class _Bids:
    """The edges of a problem, arranged so that one round of raising prices is a few passes."""

    def __init__(self, problem: Problem, chosen: Masks) -> None:
        spare = problem.given(chosen) < problem.demands
        self.unmatched = np.where(spare, problem.unmatched, FAR)
        # A row that asks for nobody must not bid, and its surplus costs nothing.
        idle = problem.demands == 0
        self.unmatched[idle] = max(problem.unmatched, int(problem.weights.max(initial=0)))
        self.held = problem.rows[chosen], problem.columns[chosen], problem.weights[chosen]
        refused = np.flatnonzero(~chosen)
        order = refused[np.argsort(problem.columns[refused], kind="stable")]
        self.rows, self.weights = problem.rows[order], problem.weights[order]
        columns = problem.columns[order]
        self.starts = np.flatnonzero(np.diff(columns, prepend=-1))
        self.columns = columns[self.starts]

    def surpluses(self, prices: Integers) -> Integers:
        """What each row gains from the least of what it holds."""
        rows, columns, weights = self.held
        gains: Integers = self.unmatched.copy()
        np.minimum.at(gains, rows, weights - prices[columns])
        return gains

    def highest(self, surpluses: Integers, prices: Integers) -> Integers:
        """Prices raised to the best bid among rows that did not get the column."""
        raised = prices.copy()
        if len(self.starts):
            bids = np.maximum.reduceat(self.weights - surpluses[self.rows], self.starts)
            raised[self.columns] = np.maximum(raised[self.columns], bids)
        return raised
