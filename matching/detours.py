"""What one pair costs everybody, exactly: the cheapest way to make room for it.

Forcing a pair sends one unit around a circle of the residual network, and the cheapest circle
is a shortest path at the prices of the optimum (Ahuja, Magnanti and Orlin 1993, ch. 9), so
nothing is solved again. It looks at every allowed pair, refuses to stop at a shortlist, and
refuses caps and least loads: `remakings` knows these.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from matching.arrays import Integers
from matching.settlements import FAR, NOBODY, Settlement

# How a place was reached other than by a row that moves there.
_START: Final = -1
_SPARE: Final = -2
_EMPTIED: Final = -3


@dataclass(frozen=True)
class Move:
    """A row that leaves one column for another; NOBODY where it had, or then has, none."""

    row: int
    before: int
    after: int


@dataclass(frozen=True)
class Detour:
    """The best pairing that holds the pair: what it loses against the optimum, in millionths.

    A negative cost is a gain, which only a pair that is not allowed can bring. `moves` are all
    that changes, that of the pair itself first. The reward for each pair is part of the cost.
    """

    cost: int
    moves: tuple[Move, ...]


def forced(settlement: Settlement, row: int, column: int, *, score: int) -> Detour | None:
    """What it costs everybody together if this pair is made.

    Parameters
    ----------
    settlement : Settlement
        In which nothing binds but places and pins.
    row, column : int
        A row that is not pinned to another column.
    score : int
        The pair's score in millionths, as if the pair were allowed. A column without a
        single place is given one for it.

    Returns
    -------
    Detour or None
        Its cost is the optimum less the best that holds the pair: the pair's reduced cost and
        a shortest path from the column back to what the row held. None where all places of
        the column are pinned, so that nobody can make room.
    """
    held = int(settlement.taken[row])
    if held == column:
        return Detour(0, ())
    rows, columns, scores = (np.array([one]) for one in (row, column, score))
    worth = settlement.worth(rows, columns, scores)
    reduced = int(settlement.surpluses[row] + settlement.prices[column] - worth[0])
    labels = np.full(len(settlement.prices), FAR, dtype=np.int64)
    labels[column] = 0
    search = _Search(settlement, labels)
    cost = search.run(held)
    if cost == FAR:
        return None
    return Detour(reduced + cost, (Move(row, held, column), *search.moves(held)))


def cheapest(settlement: Settlement, row: int) -> Detour | None:
    """What it costs at least if this row, which holds nobody, is given some column after all.

    Returns
    -------
    Detour or None
        None where no pair of this row is allowed, or nobody can make room for any.
    """
    search = _Search(settlement, settlement.costs(row))
    cost = search.run(NOBODY)
    if cost == FAR:
        return None
    moves = search.moves(NOBODY)
    return Detour(cost, (Move(row, NOBODY, search.entrance), *moves))


@dataclass(frozen=True)
class Cost:
    """What some moves lose everybody, by what it is made of; below 0 they gain.

    `scores` count the unmatched value for whoever has nobody, `waiting` is priority, and
    `keeping` what standing proposals are worth beside their scores. `pairs` is how many fewer
    there are; where nobody is to be left out, each counts its `reward` before all else.
    """

    scores: int
    waiting: int
    keeping: int
    pairs: int
    reward: int

    @classmethod
    def of(cls, settlement: Settlement, moves: Iterable[Move]) -> "Cost":
        """What these moves lose, whether or not the pairs that they make are allowed."""
        lost = np.zeros(4, dtype=np.int64)
        for move in moves:
            lost += _parts(settlement, move.row, move.before)
            lost -= _parts(settlement, move.row, move.after)
        scores, waiting, keeping, pairs = lost.tolist()
        return cls(scores, waiting, keeping, pairs, settlement.reward)

    @property
    def objective(self) -> int:
        """What a run's objective loses, which counts no reward."""
        return self.scores + self.waiting + self.keeping

    @property
    def total(self) -> int:
        """The whole, the reward for each pair as well."""
        return self.objective + self.reward * self.pairs

    @property
    def left_out(self) -> int:
        """How many more are left out, where that counts before all else; otherwise 0."""
        return self.pairs if self.reward else 0


def _parts(settlement: Settlement, row: int, column: int) -> tuple[int, int, int, int]:
    """The score of a pair, its priority, what keeping it counts, and itself."""
    market = settlement.market
    if column == NOBODY:
        return market.minimum, 0, 0, 0
    keeping = settlement.keeping(row, column)
    return settlement.score(row, column), int(market.priorities[row]), keeping, 1


class _Search:
    """Dijkstra's search over columns, and NOBODY as the last of them.

    A column is reached with one row too many, which one of its holders makes good by moving
    on; a path ends where the one place is reached that the forced row has left.
    """

    def __init__(self, settlement: Settlement, labels: Integers) -> None:
        self._settlement, self._prices = settlement, settlement.prices
        # The last place stands for NOBODY, which index -1 names as well.
        self._labels = np.append(labels, FAR)
        self._waiting = self._labels.copy()
        self._came_by = np.full(len(self._labels), _START, dtype=np.int64)
        self._spare_at = NOBODY
        self.entrance = NOBODY

    def run(self, goal: int) -> int:
        """The cost of the shortest path to this column, FAR where there is none."""
        goal %= len(self._labels)
        while (place := int(self._waiting.argmin())) != goal:
            cost = int(self._waiting[place])
            if cost == FAR:
                return FAR
            self._waiting[place] = FAR
            if place == len(self._prices):
                self._leave_nobody(cost)
            else:
                self._leave(place, cost)
        return int(self._labels[goal])

    def _leave(self, column: int, cost: int) -> None:
        settlement = self._settlement
        is_given_one = settlement.market.free[column] == 0
        if (settlement.spare[column] > 0 or is_given_one) and cost < self._labels[-1]:
            self._spare_at = column
            self._reach_nobody(cost, _SPARE)
        for row in settlement.movers[column]:
            self._reach(cost + settlement.costs(row), row)
            alone = int(settlement.surpluses[row]) - settlement.market.minimum
            self._reach_nobody(cost + alone, row)

    def _leave_nobody(self, cost: int) -> None:
        settlement = self._settlement
        bids, whose = settlement.bids
        asked = np.minimum(cost + settlement.market.minimum + self._prices - bids, FAR)
        self._reach(asked, whose)
        used = settlement.market.free > settlement.spare
        self._reach(np.where(used, cost + self._prices, FAR), _EMPTIED)

    def _reach(self, labels: Integers, by: int | Integers) -> None:
        better = np.flatnonzero(labels < self._labels[:-1])
        self._labels[better] = self._waiting[better] = labels[better]
        self._came_by[better] = by if isinstance(by, int) else by[better]

    def _reach_nobody(self, label: int, by: int) -> None:
        if label < self._labels[-1]:
            self._labels[-1] = self._waiting[-1] = label
            self._came_by[-1] = by

    def moves(self, goal: int) -> tuple[Move, ...]:
        """Who moves along the path that was found, whoever makes room for the forced row first."""
        return tuple(self._backwards(goal))[::-1]

    def _backwards(self, place: int) -> Iterator[Move]:
        while (by := int(self._came_by[place])) != _START:
            if by == _SPARE:
                place = self._spare_at
            elif by == _EMPTIED:
                place = NOBODY
            else:
                before = int(self._settlement.taken[by])
                yield Move(by, before, place)
                place = before
        self.entrance = place
