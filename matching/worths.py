"""What every allowed pair is worth, in blocks of a few rows: kept where it fits, or found anew.

A forbidden pair, and one below the minimum, is worth NEVER. It refuses to hold more than
it is told to; beyond that each pass scores again, which costs time and no memory.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from joblib import Parallel, delayed

from matching.arrays import Amounts
from matching.markets import BLOCK, Market

Found = TypeVar("Found")

NEVER: Final = -(2**30)
"""Less than any score, price or bonus can make good."""

# Pairs that one call works on: some tens of megabytes in the widest of its arrays.
STRETCH_PAIRS: Final = 2_500_000


@dataclass(frozen=True)
class Effort:
    """How a run goes about it; the proved optimum is as good for any of these.

    Parameters
    ----------
    threads : int
        How many score side by side; the answer is the same to the last byte for any number.
    by_mentee, by_mentor : int
        How many partners each side puts on the first shortlist.
    few_pairs : int
        Up to so many pairs all of them are solved at once; no list would save anything.
    kept_pairs : int
        Up to so many pairs their scores are kept; beyond, each pass scores again.
    """

    threads: int = 1
    by_mentee: int = 20
    by_mentor: int = 40
    few_pairs: int = 250_000
    kept_pairs: int = 100_000_000


@dataclass(frozen=True)
class Worths:
    """The scores of n mentees with m mentors where they are allowed.

    `kept` (n, m) holds all of them, in millionths, or is None. `eligible` counts the pairs
    that break no rule, whatever their score.
    """

    market: Market
    effort: Effort
    kept: Amounts | None
    eligible: int

    @classmethod
    def of(cls, market: Market, effort: Effort = Effort()) -> "Worths":
        """The worths of a market."""
        n, m = len(market.mentees), len(market.mentors)
        kept = np.empty((n, m), dtype=np.int32) if n * m <= effort.kept_pairs else None

        def score(rows: slice) -> int:
            eligible = 0
            for start in range(rows.start, rows.stop, BLOCK):
                part = slice(start, min(start + BLOCK, rows.stop))
                worths, count = _scored(market, part)
                eligible += count
                if kept is not None:
                    kept[part] = worths
            return eligible

        counts = _over(_stretches(n, m), score, effort.threads)
        return cls(market, effort, kept, sum(counts))

    def stretches(self, work: Callable[[slice, Amounts], Found]) -> Sequence[Found]:
        """What the work finds in each stretch of rows, (r, m), in the order of the rows."""
        n, m = len(self.market.mentees), len(self.market.mentors)
        return _over(
            _stretches(n, m), lambda rows: work(rows, self.rows(rows)), self.effort.threads
        )

    def rows(self, rows: slice) -> Amounts:
        """The worths of these mentees with every mentor, shape (r, m)."""
        if self.kept is not None:
            return self.kept[rows]
        blocks = range(rows.start, rows.stop, BLOCK)
        parts = (slice(start, min(start + BLOCK, rows.stop)) for start in blocks)
        return np.concatenate([_scored(self.market, part)[0] for part in parts])


def _scored(market: Market, rows: slice) -> tuple[Amounts, int]:
    broken = market.rules.broken(rows) != 0
    scores = market.scores.totals(rows)
    eligible = broken.size - int(np.count_nonzero(broken))
    scores[broken | (scores < market.minimum)] = NEVER
    return scores, eligible


def _stretches(n: int, m: int) -> Iterator[slice]:
    height = max(BLOCK, STRETCH_PAIRS // max(m, 1) // BLOCK * BLOCK)
    return (slice(start, min(start + height, n)) for start in range(0, n, height))


def _over(
    stretches: Iterator[slice], work: Callable[[slice], Found], threads: int
) -> Sequence[Found]:
    if threads == 1:
        return [work(rows) for rows in stretches]
    # numpy lets go of Python's lock, so threads work side by side and copy nothing.
    found: list[Found] = Parallel(n_jobs=threads, prefer="threads")(
        delayed(work)(rows) for rows in stretches
    )
    return found
