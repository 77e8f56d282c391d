"""A market together with its proved pairing: who holds whom, and at which prices.

What explanations start from, be it just found or read back from where it was stored. It
proves itself when made and refuses prices that do not support the pairing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from matching.arrays import Amounts, Integers
from matching.markets import BLOCK, Market
from matching.optima import Optimum
from matching.prices import NotOptimal
from matching.worths import NEVER, Worths

NOBODY = -1
"""Stands where a column would for whoever is left without one."""

FAR: Final = 2**60
"""More than anything can cost: what a pair costs that is not allowed."""


class Bound(ValueError):  # noqa: N818 - it says how the run is, not what broke
    """The run keeps pins, least loads or caps of groups, whose worth these prices do not tell."""


@dataclass(frozen=True)
class Settlement:
    """Each of n rows with its column, or NOBODY, in `taken` (n,), and prices that prove it best.

    `prices` (m,) are the smallest that support the pairing, and `surpluses` (n,) what each row
    gains at them, as `recover` finds both; all amounts are in millionths.
    """

    market: Market
    worths: Worths
    taken: Integers
    prices: Integers
    surpluses: Integers

    @classmethod
    def of(cls, market: Market, worths: Worths, best: Optimum) -> "Settlement":
        """The settlement that a search has just found."""
        taken = np.full(len(market.mentees), NOBODY, dtype=np.int64)
        taken[best.problem.rows[best.chosen]] = best.problem.columns[best.chosen]
        return cls(market, worths, taken, best.prices.prices, best.prices.surpluses)

    @classmethod
    def stored(
        cls,
        market: Market,
        worths: Worths,
        *,
        pairs: Mapping[str, str],
        prices: Mapping[str, int],
        surpluses: Mapping[str, int],
    ) -> "Settlement":
        """The settlement of a run that was written down, by ids.

        Raises
        ------
        NotOptimal
            If this market is not the one that the run was made for, or the run is not whole.
        """
        columns = {mentor.id: place for place, mentor in enumerate(market.mentors)}
        waiting = [mentee.id for mentee in market.mentees]
        if set(waiting) != surpluses.keys() or columns.keys() != prices.keys():
            raise NotOptimal("the run was made for other people")
        if not (pairs.keys() <= surpluses.keys() and set(pairs.values()) <= columns.keys()):
            raise NotOptimal("the run proposes people who are not in it")
        taken = [columns[pairs[one]] if one in pairs else NOBODY for one in waiting]
        return cls(
            market,
            worths,
            np.array(taken, dtype=np.int64),
            np.array([prices[one] for one in columns], dtype=np.int64),
            np.array([surpluses[one] for one in waiting], dtype=np.int64),
        )

    def __post_init__(self) -> None:
        limits = self.worths.sides.limits
        if len(limits.pinned_rows) or limits.least.any() or limits.groupings:
            raise Bound("pins, least loads and caps of groups are not explained")
        if (self.prices < 0).any() or (self.surpluses < self.market.minimum).any():
            raise NotOptimal("a price is negative, or a surplus below the unmatched value")
        if (self.spare < 0).any():
            raise NotOptimal("a mentor holds more than the free places")
        if (self.prices[self.spare > 0] > 0).any():
            raise NotOptimal("a free place has a price")
        left = self.taken == NOBODY
        if (self.surpluses[left] != self.market.minimum).any():
            raise NotOptimal("somebody is left out at a loss")
        if not all(self.worths.stretches(self._is_supported)):
            raise NotOptimal("the prices do not support the pairing")

    def _is_supported(self, rows: slice, block: Amounts) -> bool:
        limits = self.surpluses[rows] - self.worths.sides.priorities[rows]
        over = block - self.prices - limits[:, None]
        over[block == NEVER] = NEVER
        held = np.flatnonzero(self.taken[rows] != NOBODY)
        return not (over > 0).any() and not over[held, self.taken[rows][held]].any()

    @cached_property
    def spare(self) -> Integers:
        """Places at each column that nobody was given, shape (m,)."""
        given = self.taken[self.taken != NOBODY]
        left: Integers = self.market.free - np.bincount(given, minlength=len(self.prices))
        return left

    @cached_property
    def holders(self) -> tuple[tuple[int, ...], ...]:
        """The rows that hold each column."""
        found: list[list[int]] = [[] for _ in self.prices]
        for row, column in enumerate(self.taken.tolist()):
            if column != NOBODY:
                found[column].append(row)
        return tuple(tuple(rows) for rows in found)

    @cached_property
    def row(self) -> Mapping[str, int]:
        """The row of each mentee by id."""
        return {mentee.id: place for place, mentee in enumerate(self.market.mentees)}

    @cached_property
    def column(self) -> Mapping[str, int]:
        """The column of each mentor by id."""
        return {mentor.id: place for place, mentor in enumerate(self.market.mentors)}

    @property
    def objective(self) -> int:
        """The worth of the whole pairing, by its proof: surpluses and the price of every place."""
        return int(self.surpluses.sum()) + int(self.market.free @ self.prices)

    @cached_property
    def reward(self) -> int:
        """What each pair counts beside its worth, so that nobody is left out; 0 for nothing."""
        rewards = self.worths.sides.priorities - self.market.priorities
        return int(rewards.max(initial=0))

    def score(self, row: int, column: int) -> int:
        """How well the two fit, allowed or not: what people are shown."""
        return int(self.market.scores.totals(np.array([row]), np.array([column]))[0, 0])

    def keeping(self, row: int, column: int) -> int:
        """What the pair counts beside its score if it stands since an earlier run."""
        return int(self.worths.standing.bonuses(np.array([row]), np.array([column]))[0])

    def scores(self, row: int) -> Amounts:
        """The row's score with every column where the pair is allowed, NEVER elsewhere, (m,).

        A pair that stands since an earlier run has what keeping it is worth beside its score.
        """
        found: Amounts = self.worths.rows(slice(row, row + 1))[0]
        return found

    def costs(self, row: int) -> Integers:
        """The reduced cost of the row with every column, (m,): surplus plus price less worth.

        Never negative where the pair is allowed, and a lower bound of what forcing it costs
        everybody together; FAR where it is not.
        """
        limit = int(self.surpluses[row] - self.worths.sides.priorities[row])
        scores = self.scores(row)
        found: Integers = self.prices + limit - scores
        found[scores == NEVER] = FAR
        return found

    def worth(self, rows: Integers, columns: Integers, scores: Integers) -> Integers:
        """What pairs with these scores are worth, allowed or not, shape (pairs,)."""
        worths = self.worths
        bonuses = worths.standing.bonuses(rows, columns)
        found: Integers = scores + worths.sides.priorities[rows] + bonuses
        return found

    @cached_property
    def bids(self) -> tuple[Integers, Integers]:
        """The best worth that anybody left out has with each column, and whose it is, (m,) each.

        -FAR, and NOBODY, where no such pair is allowed.
        """
        best = np.full(len(self.prices), -FAR, dtype=np.int64)
        whose = np.full(len(self.prices), NOBODY, dtype=np.int64)
        left = np.flatnonzero(self.taken == NOBODY)
        for first in range(0, len(left), BLOCK):
            rows = left[first : first + BLOCK]
            block = self._worths(rows)
            keenest = block.argmax(axis=0)
            found = block[keenest, np.arange(len(best))]
            better = found > best
            best[better] = found[better]
            whose[better] = rows[keenest[better]]
        return best, whose

    def _worths(self, rows: Integers) -> Integers:
        scores = np.stack([self.scores(row) for row in rows.tolist()]).astype(np.int64)
        scores[scores == NEVER] = -2 * FAR
        return scores + self.worths.sides.priorities[rows, None]
