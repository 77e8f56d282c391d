"""A market together with its proved pairing: who holds whom, and at which prices.

What explanations start from, be it just found or read back from where it was stored. It
proves itself when made and refuses prices that do not support the pairing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from matching.arrays import Amounts, Integers
from matching.edges import Edges
from matching.limits import Grouping, Limits
from matching.markets import BLOCK, Market
from matching.optima import Optimum
from matching.prices import NotOptimal, Prices
from matching.runs import GroupPrices
from matching.shortlists import Turns, best_of_rows, columns_of
from matching.worths import NEVER, Worths

NOBODY = -1
"""Stands where a column would for whoever is left without one."""

FAR: Final = 2**60
"""More than anything can cost: what a pair costs that is not allowed."""

# How many columns are near to a row: what is solved anew begins with these.
_NEAR: Final = 10
# What is dearer than this is as far as anything.
_DEAREST: Final = 2**30


@dataclass(frozen=True)
class Settlement:
    """Each of n rows with its column, or NOBODY, in `taken` (n,), and prices that prove it best.

    `prices` (m,) are the smallest that support the pairing, and `surpluses` (n,) what each row
    gains at them, as `recover` finds both; all amounts are in millionths. A price is below 0
    where a least load binds, and `groups` are what places within caps are worth beyond it, as in
    `Prices`. Where groups overlap, another pairing may be better by up to `gap`.
    """

    market: Market
    worths: Worths
    taken: Integers
    prices: Integers
    surpluses: Integers
    groups: tuple[Integers, ...] = ()

    @classmethod
    def of(cls, market: Market, worths: Worths, best: Optimum) -> "Settlement":
        """The settlement that a search has just found."""
        taken = np.full(len(market.mentees), NOBODY, dtype=np.int64)
        taken[best.problem.rows[best.chosen]] = best.problem.columns[best.chosen]
        found = best.prices
        return cls(market, worths, taken, found.prices, found.surpluses, found.groups)

    @classmethod
    def stored(  # noqa: PLR0913 - the market, and each thing that was written down
        cls,
        market: Market,
        worths: Worths,
        *,
        pairs: Mapping[str, str],
        prices: Mapping[str, int],
        surpluses: Mapping[str, int],
        load_prices: Mapping[str, int] | None = None,
        group_prices: GroupPrices | None = None,
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
        drawn = load_prices or {}
        return cls(
            market,
            worths,
            np.array(taken, dtype=np.int64),
            np.array([prices[one] - drawn.get(one, 0) for one in columns], dtype=np.int64),
            np.array([surpluses[one] for one in waiting], dtype=np.int64),
            tuple(
                _told(grouping, columns, (group_prices or {}).get(grouping.name, {}))
                for grouping in market.limits.groupings
            ),
        )

    def __post_init__(self) -> None:
        faults = (*self._faults_of_pairs(), *self._faults_of_prices())
        for fault in (*faults, *(() if self.limits.overlap else self._faults_of_best())):
            raise NotOptimal(fault)
        if not all(self.worths.stretches(self._is_supported)) or self.gap < 0:
            raise NotOptimal("the prices do not support the pairing")

    def _faults_of_pairs(self) -> Iterator[str]:
        limits = self.limits
        if (self.spare < 0).any():
            yield "a mentor holds more than the free places"
        if (self.taken[limits.pinned_rows] != limits.pinned_columns).any():
            yield "a pinned pair is not made"
        if (self.loads < limits.least_of(len(self.prices))).any():
            yield "a mentor holds less than the least load"
        if any((left < 0).any() for left in self.room):
            yield "a mentor holds more of a group than may be"

    def _faults_of_prices(self) -> Iterator[str]:
        below = self.surpluses < self.market.minimum
        # Whoever is pinned gains what the pin leaves, be it less.
        below[self.limits.pinned_rows] = False
        free = self.limits.least_of(len(self.prices)) == 0
        if any((some < 0).any() for some in (self.prices[free], *self.groups)) or below.any():
            yield "a price is negative, or a surplus below the unmatched value"

    def _faults_of_best(self) -> Iterator[str]:
        """What no prices of an optimum leave: they cost nothing where there is room."""
        if (self.prices[self.spare > 0] > 0).any() or any(
            extra[left > 0].any() for extra, left in zip(self.groups, self.room, strict=True)
        ):
            yield "a free place has a price"
        idle = self.loads > self.limits.least_of(len(self.prices))
        if (self.prices[idle] < 0).any():
            yield "a least load that is passed has a price"
        left = self.taken == NOBODY
        if (self.surpluses[left] != self.market.minimum).any():
            yield "somebody is left out at a loss"

    def _is_supported(self, rows: slice, block: Amounts) -> bool:
        limits = self.surpluses[rows] - self.worths.sides.priorities[rows]
        over = block - self.dual.asked(self.limits, rows) - limits[:, None]
        over[block == NEVER] = NEVER
        held = np.flatnonzero(self.taken[rows] != NOBODY)
        tight = over[held, self.taken[rows][held]]
        # Where groups overlap, a pair may be made that costs something: it is part of the gap.
        is_made = (tight > NEVER).all() if self.limits.overlap else not tight.any()
        return not (over > 0).any() and bool(is_made)

    @property
    def limits(self) -> Limits:
        """What binds beside places."""
        return self.worths.sides.limits

    @property
    def is_plain(self) -> bool:
        """Whether nothing binds but places and pins, so that who moves is a path of moves."""
        return not (self.limits.groupings or self.limits.least.any())

    @cached_property
    def dual(self) -> Prices:
        """All prices together."""
        return Prices(self.prices, self.surpluses, self.groups)

    @cached_property
    def loads(self) -> Integers:
        """How many each column holds, shape (m,)."""
        given = self.taken[self.taken != NOBODY]
        return np.bincount(given, minlength=len(self.prices))

    @cached_property
    def room(self) -> tuple[Integers, ...]:
        """For each grouping, how many more of a group each column may take, (G + 1, m) each."""
        rows = np.flatnonzero(self.taken != NOBODY)
        found = []
        for grouping in self.limits.groupings:
            left = grouping.caps.copy()
            np.subtract.at(left, (grouping.labels[rows], self.taken[rows]), 1)
            found.append(left)
        return tuple(found)

    @cached_property
    def spare(self) -> Integers:
        """Places at each column that nobody was given, shape (m,)."""
        left: Integers = self.market.free - self.loads
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
    def movers(self) -> tuple[tuple[int, ...], ...]:
        """The rows that hold each column and that nobody has pinned to it."""
        pinned = set(self.limits.pinned_rows.tolist())
        return tuple(tuple(row for row in rows if row not in pinned) for rows in self.holders)

    @cached_property
    def row(self) -> Mapping[str, int]:
        """The row of each mentee by id."""
        return {mentee.id: place for place, mentee in enumerate(self.market.mentees)}

    @cached_property
    def column(self) -> Mapping[str, int]:
        """The column of each mentor by id."""
        return {mentor.id: place for place, mentor in enumerate(self.market.mentors)}

    @cached_property
    def objective(self) -> int:
        """The worth of the whole pairing."""
        rows = np.flatnonzero(self.taken != NOBODY)
        total = self.market.minimum * (len(self.taken) - len(rows))
        for first in range(0, len(rows), BLOCK):
            part = rows[first : first + BLOCK]
            columns = self.taken[part]
            scores = self.market.scores.totals(part, columns).diagonal().astype(np.int64)
            total += int(self.worth(part, columns, scores).sum())
        return total

    @cached_property
    def gap(self) -> int:
        """How much better any other pairing can be at most: 0 but where groups overlap."""
        least = self.limits.least_of(len(self.prices))
        bound = int(self.surpluses.sum()) + int(self.market.free @ np.maximum(self.prices, 0))
        bound += int(least @ np.minimum(self.prices, 0))
        for grouping, extra in zip(self.limits.groupings, self.groups, strict=True):
            bound += int((grouping.caps * extra).sum())
        return bound - self.objective

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
        asked = self.dual.asked(self.limits, slice(row, row + 1))[0]
        found: Integers = asked + limit - scores
        found[scores == NEVER] = FAR
        return found

    @cached_property
    def nearest(self) -> Edges:
        """Of each row the few pairs that cost least at the prices, and what it holds."""
        wide, turns = len(self.prices), Turns.of(self.worths)
        paid = self.surpluses - self.worths.sides.priorities

        def work(rows: slice, block: Amounts) -> Edges:
            over = block - self.dual.asked(self.limits, rows) - paid[rows, None]
            near = (np.maximum(over, -_DEAREST) + _DEAREST).astype(np.int32)
            near[block == NEVER] = NEVER
            starts = turns.mine[rows]
            keys = best_of_rows(near, starts, min(_NEAR, wide))
            places, spots = np.nonzero(keys >= 0)
            columns = columns_of(keys, starts, wide)[places, spots]
            held = np.flatnonzero(self.taken[rows] != NOBODY)
            found, made = (
                Edges(one + rows.start, other, block[one, other].astype(np.int64))
                for one, other in ((places, columns), (held, self.taken[rows][held]))
            )
            return found.with_more(made, wide)

        return Edges.joined(self.worths.stretches(work))

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


def _told(
    grouping: Grouping, columns: Mapping[str, int], prices: Mapping[str, Mapping[str, int]]
) -> Integers:
    """Prices within caps as they were written down, by names, as a table (G + 1, m)."""
    table = np.zeros_like(grouping.caps)
    for place, group in enumerate(grouping.groups):
        for mentor, price in prices.get(group, {}).items():
            if mentor not in columns:
                raise NotOptimal("the run was made for other people")
            table[place, columns[mentor]] = price
    return table
