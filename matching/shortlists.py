"""The pairs worth trying first: each mentee's best mentors and each mentor's best mentees.

One side alone is a trap: the twenty best mentors of everybody lose a fifth of what can be
reached, because all name the same. It refuses to decide: prices find what is missing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from matching.arrays import Amounts, Integers, Words
from matching.edges import Edges
from matching.listings import first_listed
from matching.worths import NEVER, Worths, unpaused

_PLACE_BITS: Final = 32
# Entries of which the largest stands for all while the best are looked for: at most so many,
# and fewer where the groups would be hardly more than the best, and nearly all entries above
# the least of these.
_GROUP: Final = 8
_GROUPS_FOR_EACH: Final = 6


@dataclass(frozen=True)
class Turns:
    """Which of equally good partners comes first: another one for everybody, and always the same.

    `mine` (n,) and `theirs` (m,) are where somebody's turn begins.
    """

    mine: Integers
    theirs: Integers

    @classmethod
    def of(cls, worths: Worths) -> "Turns":
        """The turns by the people's ids, so that the order of arrival changes nothing."""
        n, m = worths.shape
        return cls(_starts(worths.sides.mine, m), _starts(worths.sides.theirs, n))


def shortlist(worths: Worths, *, pause: Callable[[], None] = unpaused) -> Edges:
    """The best mentors of each mentee and the best mentees of each mentor, and nobody forbidden.

    Pairs that stand are on it as well, however good they are.

    Parameters
    ----------
    worths : Worths
        Of n mentees and m mentors; their effort says how many each of them names.
    pause : callable
        Called now and then; what it raises ends the search.

    Returns
    -------
    Edges
        At most n * by_mentee + m * by_mentor, or every allowed pair where there are few.
    """
    if worths.listed is not None:
        return first_listed(worths.listed, worths.sides, worths.effort)
    n, m = worths.shape
    effort = worths.effort
    if n * m <= effort.few_pairs:
        return everything(worths)
    turns = Turns.of(worths)

    def work(rows: slice, block: Amounts) -> tuple[Edges, Integers]:
        keys = best_of_rows(block, turns.mine[rows], effort.by_mentee)
        mine = _edges(keys, turns.mine[rows], rows.start, m)
        theirs = _best_of_columns(block, rows, turns.theirs, effort.by_mentor, n)
        return Edges.joined([mine, _standing(worths, block, rows)]), theirs

    found = worths.stretches(work, pause=pause)
    best = found[0][1]
    for _, more in found[1:]:
        best = _largest(np.concatenate([best, more], axis=1), effort.by_mentor)
    theirs = _turned(_edges(best, turns.theirs, 0, n))
    return Edges.joined([mine for mine, _ in found]).with_more(theirs, m)


def chosen_few(worths: Worths, rows: Integers, columns: Integers) -> Edges:
    """These allowed pairs, given in the order of their rows, with their scores."""
    if worths.listed is not None:
        wanted = Edges(rows, columns, np.zeros_like(rows))
        return worths.listed.among(wanted, worths.shape[1])

    def work(stretch: slice, block: Amounts) -> Edges:
        first, last = np.searchsorted(rows, (stretch.start, stretch.stop))
        mine, theirs = rows[first:last], columns[first:last]
        return Edges(mine, theirs, block[mine - stretch.start, theirs].astype(np.int64))

    return Edges.joined(worths.stretches(work))


def _standing(worths: Worths, block: Amounts, rows: slice) -> Edges:
    """Pairs that stand and may be made: the price of keeping them must be known."""
    places, columns = worths.standing.of(rows)
    allowed = block[places, columns] > NEVER
    places, columns = places[allowed], columns[allowed]
    return Edges(places + rows.start, columns, block[places, columns].astype(np.int64))


def everything(worths: Worths) -> Edges:
    """Every allowed pair."""

    def work(rows: slice, block: Amounts) -> Edges:
        places, columns = np.nonzero(block > NEVER)
        return Edges(places + rows.start, columns, block[places, columns].astype(np.int64))

    return Edges.joined(worths.stretches(work))


def best_of_rows(block: Amounts, starts: Integers, most: int) -> Integers:
    """The largest entries of each row as keys, shape (r, most); negative where there are fewer.

    A key is the entry and, below it, how late its column's turn comes, so no two are equal.
    """
    return _best_of_lines(block, starts, most, block.shape[1])


def columns_of(keys: Integers, starts: Integers, wide: int) -> Integers:
    """The columns that keys of `best_of_rows` stand for, shape (r, most)."""
    places = keys & ((1 << _PLACE_BITS) - 1)
    return (wide - 1 - starts[:, None] - places + wide) % wide


def _best_of_columns(block: Amounts, rows: slice, starts: Integers, most: int, n: int) -> Integers:
    return _best_of_lines(np.ascontiguousarray(block.T), starts, most, n, rows.start)


def _best_of_lines(
    block: Amounts, starts: Integers, most: int, wide: int, first: int = 0
) -> Integers:
    """Of whole lines that are `wide` the entries from `first` on stand in the block."""
    height = len(block)
    # Only what may be among the best becomes a key: half the memory, and a tenth of the work.
    lines, spots = np.nonzero(block >= _least(block, most)[:, None])
    places = (wide - 1 - starts[lines] - spots - first) % wide
    keys = (block[lines, spots].astype(np.int64) << _PLACE_BITS) | places
    counts = np.bincount(lines, minlength=height)
    # Side by side, so that numpy sorts all lines by vectors; the largest stand last.
    table = np.full((height, max(most, int(counts.max(initial=0)))), -1, dtype=np.int64)
    table[lines, np.arange(len(lines)) - (np.cumsum(counts) - counts)[lines]] = keys
    table.sort(axis=1)
    return table[:, ::-1][:, :most]


def _least(block: Amounts, most: int) -> Amounts:
    """For each line an amount that its best `most` entries are not below, and few others reach.

    As many groups of entries have one that is not below it, so as many entries have.
    """
    height, width = block.shape
    deep = min(_GROUP, max(1, width // (_GROUPS_FOR_EACH * most)))
    size = width // deep
    if size <= max(most, deep):
        return np.full(height, NEVER + 1, dtype=np.int32)
    groups = block[:, :size].copy()
    for place in range(1, deep):
        np.maximum(groups, block[:, place * size : (place + 1) * size], out=groups)
    rest = block[:, deep * size :]
    ahead = groups[:, : rest.shape[1]]
    np.maximum(ahead, rest, out=ahead)
    # Sorted rather than partitioned: numpy does it by vectors, and with many equal entries it
    # takes a ninth of the time.
    groups.sort(axis=1)
    least: Amounts = np.maximum(groups[:, size - most], NEVER + 1)
    return least


def _largest(keys: Integers, most: int) -> Integers:
    kept: Integers = np.partition(keys, keys.shape[1] - most, axis=1)[:, -most:]
    return kept


def _edges(keys: Integers, starts: Integers, first: int, wide: int) -> Edges:
    places, spots = np.nonzero(keys >= 0)
    columns = columns_of(keys, starts, wide)[places, spots]
    return Edges(places + first, columns, keys[places, spots] >> _PLACE_BITS)


def _turned(edges: Edges) -> Edges:
    return Edges(edges.columns, edges.rows, edges.scores)


def _starts(words: Words, number: int) -> Integers:
    return (words % np.uint64(max(number, 1))).astype(np.int64)
