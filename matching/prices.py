"""Prices of scarce mentors, and the bound they prove.

Recovered from the same integers the solver saw, so that the proof closes to
exactly zero. The bound holds for any prices; it refuses to trust the solver.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from matching.arrays import Integers, Masks, Selection
from matching.limits import Limits
from matching.problems import Gates, Problem

FAR: Final = 2**60


class NotOptimal(RuntimeError):  # noqa: N818 - it says what the answer is not
    """The answer can be improved, so no prices support it."""


@dataclass(frozen=True)
class Prices:
    """What answers cost, in millionths.

    Parameters
    ----------
    prices : ndarray of int64, shape (m,)
        What a place at each column is worth to others; below 0 where a least load draws rows
        that would rather go elsewhere.
    surpluses : ndarray of int64, shape (n,)
        What each row gains.
    groups : tuple of ndarray of int64, each of shape (G + 1, m)
        For each grouping, what a place within a group's cap is worth beyond the column's own.
    """

    prices: Integers
    surpluses: Integers
    groups: tuple[Integers, ...] = ()

    def asked(self, limits: Limits, rows: Selection) -> Integers:
        """What these rows pay at each column, shape (r, m), or (1, m) where all pay the same."""
        paid: Integers = self.prices[None, :]
        for grouping, extra in zip(limits.groupings, self.groups, strict=True):
            paid = paid + extra[grouping.labels[rows]]
        return paid

    def paid(self, limits: Limits, rows: Integers, columns: Integers) -> Integers:
        """What each of these pairs pays, shape (pairs,)."""
        total: Integers = self.prices[columns]
        for grouping, extra in zip(limits.groupings, self.groups, strict=True):
            total = total + extra[grouping.labels[rows], columns]
        return total


def bound(problem: Problem, prices: Prices) -> int:
    """An upper bound on every answer, by weak duality of the assignment programme.

    sum_i d_i s_i + sum_j (c_j max(0, p_j) + l_j min(0, p_j)) + sum_jg k_jg q_jg
    + sum_e max(0, r_e) + sum_pinned r_e, with r_e = w_e - s_i - p_j - q_jg over the other and
    the pinned edges, for any q >= 0, p >= 0 where there is no least load l, and s >= the
    unmatched value where something is left to decide (Ahuja, Magnanti and Orlin 1993, ch. 9).

    Raises
    ------
    ValueError
        If a price is negative or a surplus lies below the unmatched value.
    """
    p, s, limits = prices.prices, prices.surpluses, problem.limits
    least, pinned = limits.least_of(len(p)), problem.pinned()
    open_rows = problem.given(pinned) < problem.demands
    unbound = [p[least == 0], *(extra.ravel() for extra in prices.groups)]
    if any((some < 0).any() for some in unbound) or (s[open_rows] < problem.unmatched).any():
        raise ValueError("prices must not be negative, nor surpluses below the unmatched value")
    rents = problem.weights - s[problem.rows] - prices.paid(limits, problem.rows, problem.columns)
    free = open_rows[problem.rows] & ~pinned
    total = int(problem.demands @ s) + int(rents[pinned].sum())
    total += int(problem.capacities @ np.maximum(p, 0)) + int(least @ np.minimum(p, 0))
    for grouping, extra in zip(limits.groupings, prices.groups, strict=True):
        total += int((grouping.caps * extra).sum())
    return total + int(np.maximum(rents[free], 0).sum())


def recover(problem: Problem, chosen: Masks) -> Prices:
    """The smallest prices that support an optimal answer.

    Starting from zero, each price rises to what the keenest row that did not
    get the column would still pay, until nothing moves: Bellman-Ford on the
    residual graph, all columns at once. Least loads let the worth of being
    nowhere rise as well, and in the end it is counted as zero again.

    Raises
    ------
    NotOptimal
        If prices never settle, which happens just when the answer can be improved.
    """
    pinned = problem.pinned()
    rest = problem.without(pinned)
    bids = _Bids(rest, chosen[~pinned])
    levels = np.zeros(bids.size, dtype=np.int64)
    for _ in range(len(problem.demands) + bids.size + 1):
        raised = bids.highest(levels)
        if (raised == levels).all():
            return with_pins(problem, pinned, bids.prices(levels))
        levels = raised
    raise NotOptimal("the answer can be improved")


def with_pins(problem: Problem, pinned: Masks, prices: Prices) -> Prices:
    """Whoever is only pinned has nothing to choose, and gains what the pin leaves."""
    rows, columns = problem.rows[pinned], problem.columns[pinned]
    left = problem.weights[pinned] - prices.paid(problem.limits, rows, columns)
    gains = np.full(len(problem.demands), FAR)
    np.minimum.at(gains, rows, left)
    bound_rows = problem.given(pinned) == problem.demands
    bound_rows &= gains < FAR
    return replace(prices, surpluses=np.where(bound_rows, gains, prices.surpluses))


class _Bids:
    """A problem without pins, arranged so that one round of raising prices is a few passes.

    Levels are those of the m columns, then of the gates before them, and last that of being
    nowhere, which stays at zero unless there are least loads.
    """

    def __init__(self, problem: Problem, chosen: Masks) -> None:
        self.problem, self.gates = problem, Gates.of(problem)
        self.wide = len(problem.capacities)
        self.size = self.wide + len(self.gates.columns) + 1
        spare = problem.given(chosen) < problem.demands
        # A row that asks for nobody must not bid, and its surplus costs nothing.
        self.idle = problem.demands == 0
        self.settled = ~spare & ~self.idle
        self.unmatched = np.where(spare, problem.unmatched, FAR)
        self.unmatched[self.idle] = FAR
        arrivals = self.gates.arrivals
        self.held = problem.rows[chosen], arrivals[chosen], problem.weights[chosen]
        refused = np.flatnonzero(~chosen)
        order = refused[np.argsort(arrivals[refused], kind="stable")]
        self.rows, self.weights = problem.rows[order], problem.weights[order]
        columns = arrivals[order]
        self.starts = np.flatnonzero(np.diff(columns, prepend=-1))
        self.columns = columns[self.starts]
        passed = np.bincount(arrivals[chosen], minlength=self.size)[self.wide : -1]
        self.roomy = np.flatnonzero(passed < self.gates.caps)
        self._weigh_loads(np.bincount(problem.columns[chosen], minlength=self.wide))

    def _weigh_loads(self, loads: Integers) -> None:
        least = self.problem.limits.least_of(self.wide)
        self.has_least = bool(least.any())
        self.loose = np.flatnonzero(loads < self.problem.capacities)
        self.tied = np.flatnonzero((loads > least) | (least == 0))

    def surpluses(self, levels: Integers) -> Integers:
        """What each row gains from the least of what it holds."""
        rows, arrivals, weights = self.held
        gains: Integers = self.unmatched - levels[-1]
        np.minimum.at(gains, rows, weights - levels[arrivals])
        return gains

    def highest(self, levels: Integers) -> Integers:
        """Levels raised to the best bid among rows that did not get the column."""
        raised, gains = levels.copy(), self.surpluses(levels)
        if len(self.starts):
            bids = np.maximum.reduceat(self.weights - gains[self.rows], self.starts)
            raised[self.columns] = np.maximum(raised[self.columns], bids)
        if len(self.gates.columns):
            self._pass_gates(raised)
        if self.has_least:
            self._raise_nowhere(raised, gains)
        return raised

    def _pass_gates(self, raised: Integers) -> None:
        """A gate with room asks no more than its column, and none asks less."""
        behind = self.gates.columns
        np.maximum.at(raised, behind[self.roomy], raised[self.wide + self.roomy])
        raised[self.wide : -1] = np.maximum(raised[self.wide : -1], raised[behind])

    def _raise_nowhere(self, raised: Integers, gains: Integers) -> None:
        """A column with room asks no more than nowhere; one above its least load, no less."""
        needy = self.problem.unmatched - gains[self.settled]
        raised[-1] = max(
            int(raised[-1]),
            int(raised[self.loose].max(initial=0)),
            int(needy.max(initial=0)),
        )
        raised[self.tied] = np.maximum(raised[self.tied], raised[-1])

    def prices(self, levels: Integers) -> Prices:
        """The prices that settled levels stand for, counted from being nowhere."""
        prices = levels[: self.wide] - levels[-1]
        gains = self.surpluses(levels) + levels[-1]
        keenest = max(self.problem.unmatched, int(self.problem.weights.max(initial=0)))
        gains[self.idle] = keenest - int(prices.min(initial=0))
        groups = []
        for grouping in self.problem.limits.groupings:
            extra = np.zeros_like(grouping.caps)
            before = levels[self.wide : -1] - levels[self.gates.columns]
            extra[self.gates.labels, self.gates.columns] = before
            groups.append(extra)
        return Prices(prices, gains, tuple(groups))
