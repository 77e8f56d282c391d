"""What every allowed pair is worth, in blocks of a few rows: kept where it fits, or found anew.

A forbidden pair, and one below the minimum, is worth NEVER. It refuses to hold more than
it is told to; beyond that each pass scores again, which costs time and no memory.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import numpy as np
from joblib import Parallel, delayed

from matching.arrays import ALL, MICROS, Amounts, Integers, Masks, Words
from matching.edges import Edges
from matching.limits import UNBOUND, Limits
from matching.markets import BLOCK, Market
from matching.problems import fingerprints
from matching.terms import NO_PAIRS

Found = TypeVar("Found")

NEVER: Final = -(2**30)
"""Less than any score, price or bonus can make good."""

# The share of columns up to which picking them out is worth it.
_NARROW: Final = 0.6

# Stretches between two moments in which a run can be ended: a second's work or so.
_TOGETHER: Final = 8

# Pairs that one call works on: some tens of megabytes in the widest of its arrays.
STRETCH_PAIRS: Final = 2_500_000


def unpaused() -> None:
    """Nobody looks in."""


@dataclass(frozen=True)
class Effort:
    """How a run goes about it; the proved optimum is as good for any of these.

    Parameters
    ----------
    threads : int
        How many score side by side, -1 for one on each core; the answer is the same to the
        last byte for any number, and on whatever backend `joblib.parallel_config` names.
    by_mentee, by_mentor : int
        How many partners each side puts on the first shortlist.
    few_pairs : int
        Up to so many pairs all of them are solved at once; no list would save anything.
    kept_pairs : int
        Up to so many pairs their scores are kept; beyond, each pass scores again.
    both_aims : bool
        Whether to tell what the other aim would reach as well, which takes a second search.
        Where nobody is to be left out it is told in any case.
    seconds : float
        Where groups overlap, the time that HiGHS may take for one programme. What it has found
        by then is proposed with the gap that is left, which depends on the machine.
    """

    threads: int = -1
    by_mentee: int = 10
    by_mentor: int = 20
    few_pairs: int = 250_000
    kept_pairs: int = 100_000_000
    both_aims: bool = False
    seconds: float = 60.0


@dataclass(frozen=True)
class Sides:
    """What is to be known of either side beside the pairs: n rows and m columns.

    Parameters
    ----------
    mine, theirs : ndarray of uint64, shapes (n,) and (m,)
        A fingerprint of each; equal worths are told apart by these and never by the order.
    demands : ndarray of int64, shape (n,)
    capacities : ndarray of int64, shape (m,)
    priorities : ndarray of int64, shape (n,)
        What a row adds to each of its pairs, in millionths.
    minimum : int
        The worth of a unit of demand left open.
    limits : Limits
        Whatever else binds.
    """

    mine: Words
    theirs: Words
    demands: Integers
    capacities: Integers
    priorities: Integers
    minimum: int
    limits: Limits = UNBOUND

    @classmethod
    def of(cls, market: Market) -> "Sides":
        """The sides of a market, in which every mentee asks for one mentor."""
        return cls(
            fingerprints([mentee.id for mentee in market.mentees]),
            fingerprints([mentor.id for mentor in market.mentors]),
            np.ones(len(market.mentees), dtype=np.int64),
            market.free,
            market.priorities,
            market.minimum,
            market.limits,
        )


@dataclass(frozen=True)
class Standing:
    """Pairs that stand since an earlier run, in the order of their rows, and what keeping adds."""

    rows: Integers
    columns: Integers
    bonus: int = 0

    def of(self, rows: slice) -> tuple[Integers, Integers]:
        """Those of a stretch of rows, the rows counted from its start."""
        first, last = np.searchsorted(self.rows, (rows.start, rows.stop))
        return self.rows[first:last] - rows.start, self.columns[first:last]

    def added_to(self, block: Amounts, rows: slice) -> Amounts:
        """The block with the bonus on those of its pairs that may be made."""
        here = self.of(rows)
        if not self.bonus or not len(here[0]):
            return block
        block = block.copy()
        block[here] += np.where(block[here] > NEVER, np.int32(self.bonus), np.int32(0))
        return block

    def bonuses(self, rows: Integers, columns: Integers) -> Integers:
        """What each of some pairs has by standing, shape (pairs,)."""
        wide = 1 + int(max(self.columns.max(initial=0), columns.max(initial=0)))
        stands = np.isin(rows * wide + columns, self.rows * wide + self.columns)
        return np.where(stands, np.int64(self.bonus), np.int64(0))


NOTHING_STANDS: Final = Standing(*NO_PAIRS)


@dataclass(frozen=True)
class Worths:
    """The scores of n rows with m columns where they are allowed.

    `kept` (n, m) holds all of them, in millionths, or is None, and `score` finds them anew.
    `eligible` counts the pairs that break no rule, whatever their score. Pairs that stand
    are worth their bonus more, and are on every shortlist. `highest` is what no score exceeds.
    `listed` are all allowed pairs in order where the market is given as a list of them, in
    which case nothing is kept and nothing stands.
    """

    sides: Sides
    effort: Effort
    eligible: int
    kept: Amounts | None
    score: Callable[[slice], Amounts] | None = None
    standing: Standing = NOTHING_STANDS
    highest: int = MICROS
    listed: Edges | None = None

    @classmethod
    def of(
        cls, market: Market, effort: Effort = Effort(), *, pause: Callable[[], None] = unpaused
    ) -> "Worths":
        """The worths of a market; `pause` is called now and then, and what it raises ends it."""
        n, m = len(market.mentees), len(market.mentors)
        is_kept = n * m <= effort.kept_pairs

        # Mentees of the same languages side by side: whole blocks then have no common one.
        order = market.rules.alike()

        # It hands over what it found and writes nowhere: it may run in another process.
        def scored(rows: slice) -> tuple[Amounts | None, int]:
            worths = np.empty((rows.stop - rows.start, m), dtype=np.int32) if is_kept else None
            eligible = 0
            for part in _blocks(rows):
                block, allowed = _scored_where_open(market, order[part])
                eligible += allowed
                if worths is not None:
                    worths[part.start - rows.start : part.stop - rows.start] = block
            return worths, eligible

        def score(rows: slice) -> Amounts:
            return np.concatenate([_scored(market, part)[0] for part in _blocks(rows)])

        kept = np.empty((n, m), dtype=np.int32) if is_kept else None
        eligible = 0
        for rows, (worths, allowed) in _over(_stretches(n, m), scored, effort.threads, pause):
            eligible += allowed
            if kept is not None and worths is not None:
                kept[order[rows]] = worths
        if kept is not None:
            for row in market.limits.pinned_rows.tolist():
                kept[row] = _scored(market, slice(row, row + 1))[0]
        standing = Standing(*market.standing)
        return cls(Sides.of(market), effort, eligible, kept, score, standing)

    def weighed(self, *, bonus: int = 0, reward: int = 0) -> "Worths":
        """The same with a bonus for each pair that stands, and a reward for each pair at all."""
        priorities = self.sides.priorities + reward
        return replace(
            self,
            sides=replace(self.sides, priorities=priorities),
            standing=replace(self.standing, bonus=bonus),
        )

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows and columns there are."""
        return len(self.sides.demands), len(self.sides.capacities)

    def stretches(
        self, work: Callable[[slice, Amounts], Found], *, pause: Callable[[], None] = unpaused
    ) -> Sequence[Found]:
        """What the work finds in each stretch of rows, (r, m), in the order of the rows.

        The work may run in another process, so it must write to nothing but its answer.
        """

        def found(rows: slice) -> Found:
            return work(rows, self.rows(rows))

        stretches = _stretches(*self.shape)
        return [each for _, each in _over(stretches, found, self.effort.threads, pause)]

    def welcome(self) -> Masks:
        """Whether each row may have any column at all, shape (n,)."""
        none = np.zeros(0, dtype=np.bool_)
        found = self.stretches(lambda _, block: (block > NEVER).any(axis=1))
        return np.concatenate([none, *found])

    def rows(self, rows: slice) -> Amounts:
        """The worths of these rows with every column, shape (r, m)."""
        if self.kept is not None:
            return self.standing.added_to(self.kept[rows], rows)
        assert self.score is not None
        return self.standing.added_to(self.score(rows), rows)


def _blocks(rows: slice) -> Iterator[slice]:
    starts = range(rows.start, rows.stop, BLOCK)
    return (slice(start, min(start + BLOCK, rows.stop)) for start in starts)


def _scored_where_open(market: Market, rows: Integers) -> tuple[Amounts, int]:
    """The same as `_scored`, pins aside, for any rows: no pair is looked at that none can make."""
    wide = len(market.mentors)
    columns = market.rules.open_to(rows)
    # Picking columns out costs about as much as scoring that many.
    is_narrow = len(columns) < _NARROW * wide
    chosen = columns if is_narrow else ALL
    broken, scores = market.rules.broken(rows, chosen), market.scores.totals(rows, chosen)
    eligible = broken.size - int(np.count_nonzero(broken))
    scores[(broken != 0) | (scores < market.minimum)] = NEVER
    if not is_narrow:
        return scores, eligible
    block = np.full((len(rows), wide), NEVER, dtype=np.int32)
    block[:, columns] = scores
    return block, eligible


def _scored(market: Market, rows: slice) -> tuple[Amounts, int]:
    broken = market.rules.broken(rows)
    scores = market.scores.totals(rows)
    eligible = broken.size - int(np.count_nonzero(broken))
    scores[~market.allowed(rows, broken, scores)] = NEVER
    return scores, eligible


def _stretches(n: int, m: int) -> Iterator[slice]:
    height = max(BLOCK, STRETCH_PAIRS // max(m, 1) // BLOCK * BLOCK)
    return (slice(start, min(start + height, n)) for start in range(0, n, height))


def _over(
    stretches: Iterable[slice],
    work: Callable[[slice], Found],
    threads: int,
    pause: Callable[[], None],
) -> Iterator[tuple[slice, Found]]:
    left = list(stretches)
    if len(left) == 1:
        yield left[0], work(left[0])
        return
    # numpy lets go of Python's lock, so threads work side by side and copy nothing.
    with Parallel(n_jobs=threads, prefer="threads", return_as="generator") as pool:
        yield from _each(pool, left, work, pause)


def _each(
    pool: Parallel,
    stretches: Sequence[slice],
    work: Callable[[slice], Found],
    pause: Callable[[], None],
) -> Iterator[tuple[slice, Found]]:
    is_ended = False
    answers = pool(delayed(work)(rows) for rows in stretches if not is_ended)
    try:
        for place, (rows, found) in enumerate(zip(stretches, answers, strict=True), start=1):
            yield rows, found
            if place % _TOGETHER == 0:
                pause()
    finally:
        # What was begun must come to its end; nothing else is begun.
        is_ended = True
        for _ in answers:
            pass
