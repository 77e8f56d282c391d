"""A plain matrix and all that is asked of its assignment, in whole numbers and by position.

A dense matrix stays a table, a sparse one a list of its entries. It refuses what does not fit
together, and pins that cannot be kept.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed
from scipy.sparse import coo_array, csr_array, issparse

from matching.arrays import MICROS, Amounts, Floats, Integers, Masks
from matching.edges import Edges
from matching.flows import NotSolved
from matching.limits import UNCAPPED, Grouping, Infeasible, Limits
from matching.worths import NEVER, Effort, Sides, Worths

WIDEST: Final = 300 * MICROS
"""Amounts up to which a pair less a price and a surplus, each within twice as much, has 32 bits."""

_PAIRS_AT_ONCE: Final = 200_000

Matrix = Any
"""An array-like of n rows and m columns, or a sparse array or matrix of scipy."""

Cap = tuple[Sequence[Hashable], int]
"""The group of each row, None for none, and how many of one group a column may have."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked besides scores and capacities, as `assign` takes it."""

    forbidden: Matrix | None = None
    demands: npt.ArrayLike | None = None
    unmatched_value: float = 0.0
    pins: Iterable[tuple[int, int]] = ()
    least: npt.ArrayLike | None = None
    caps: Sequence[Cap] = field(default_factory=tuple)


@dataclass(frozen=True)
class Question:
    """Scores in millionths where pairs are allowed, as a table or a list, and what binds them.

    `table` (n, m) is NEVER where a pair is forbidden; it or `listed` is None.
    """

    table: Amounts | None
    listed: Edges | None
    demands: Integers
    capacities: Integers
    minimum: int
    limits: Limits

    @classmethod
    def of(
        cls, scores: Matrix, capacities: npt.ArrayLike, terms: Asked, *, threads: int = -1
    ) -> "Question":
        """The question that these make, read by so many threads.

        Raises
        ------
        ValueError
            If shapes do not fit, or a score is no number.
        NotSolved
            If an amount is too large to be exact.
        Infeasible
            If the pins cannot be kept.
        """
        places = np.asarray(capacities, dtype=np.int64)
        table, listed, shape = _read(scores, terms.forbidden, threads)
        demands = _vector(terms.demands, shape[0], "demands", otherwise=1)
        if places.shape != (shape[1],):
            raise ValueError(f"shapes do not fit: scores {shape}, capacities {places.shape}")
        pins = sorted({(int(row), int(column)) for row, column in terms.pins})
        rows, columns = np.array(pins, dtype=np.int64).reshape(-1, 2).T
        least = terms.least
        limits = Limits(
            rows,
            columns,
            _vector(least, shape[1], "least", otherwise=0) if least is not None else rows[:0],
            tuple(_grouping(labels, most, shape) for labels, most in terms.caps),
        )
        minimum = int(np.rint(terms.unmatched_value * MICROS))
        _refuse_wide(abs(minimum))
        asked = cls(table, listed, demands, places, minimum, limits)
        asked._refuse_broken(pins)
        return asked._with_pinned_rows_closed()

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows and columns there are."""
        return len(self.demands), len(self.capacities)

    def worths(self, effort: Effort) -> Worths:
        """The same as the search takes it."""
        n, m = self.shape
        sides = Sides(
            np.arange(n, dtype=np.uint64),
            np.arange(m, dtype=np.uint64),
            self.demands,
            self.capacities,
            np.zeros(n, dtype=np.int64),
            self.minimum,
            self.limits,
        )
        if self.listed is not None:
            return Worths(sides, effort, len(self.listed.rows), None, listed=self.listed)
        assert self.table is not None
        open_ = sum(np.count_nonzero(self.table[part] > NEVER) for part in _parts(n, m))
        return Worths(sides, effort, int(open_), self.table)

    def allowed(self) -> Iterator[Edges]:
        """Every allowed pair once, some rows at a time."""
        if self.listed is not None:
            yield self.listed
        if self.table is not None:
            for part in _parts(*self.table.shape):
                block = self.table[part]
                rows, columns = np.nonzero(block > NEVER)
                yield Edges(rows + part.start, columns, block[rows, columns].astype(np.int64))

    def _refuse_broken(self, pins: Sequence[tuple[int, int]]) -> None:
        n, m = self.shape
        for row, column in pins:
            if not (0 <= row < n and 0 <= column < m):
                raise ValueError(f"row {row} and column {column} are pinned, and not in the matrix")
            if not self._allows(row, column):
                raise Infeasible(f"row {row} and column {column} are pinned and forbidden")
        for row, column, code in self.limits.broken_pins(self.demands, self.capacities):
            raise Infeasible(f"row {row} and column {column} are pinned, and break {code}")

    def _allows(self, row: int, column: int) -> bool:
        if self.listed is not None:
            first, last = np.searchsorted(self.listed.rows, (row, row + 1))
            return bool((self.listed.columns[first:last] == column).any())
        return self.table is not None and bool(self.table[row, column] > NEVER)

    def _with_pinned_rows_closed(self) -> "Question":
        """Whoever has nothing left to decide may have nothing but the pins."""
        n, m = self.shape
        rows, columns = self.limits.pinned_rows, self.limits.pinned_columns
        if not len(rows):
            return self
        closed = (np.bincount(rows, minlength=n) == self.demands) & (self.demands > 0)
        if self.listed is not None:
            pinned = np.isin(self.listed.rows * m + self.listed.columns, rows * m + columns)
            kept = self.listed.only(pinned | ~closed[self.listed.rows])
            return Question(None, kept, self.demands, self.capacities, self.minimum, self.limits)
        assert self.table is not None
        table = self.table.copy()
        table[closed] = NEVER
        table[rows, columns] = self.table[rows, columns]
        return Question(table, None, self.demands, self.capacities, self.minimum, self.limits)


def _is_sparse(matrix: Any) -> bool:
    return bool(issparse(matrix))


def _read(
    scores: Matrix, forbidden: Matrix | None, threads: int
) -> tuple[Amounts | None, Edges | None, tuple[int, int]]:
    if _is_sparse(scores):
        listed, shape = _listed(scores, forbidden)
        return None, listed, shape
    values: Any = np.asarray(scores)
    if values.ndim != 2:
        raise ValueError(f"scores must be a matrix, not of shape {values.shape}")
    if forbidden is None:
        barred = None
    else:
        marks = forbidden.toarray() if _is_sparse(forbidden) else forbidden
        barred = np.asarray(marks, dtype=np.bool_)
        if barred.shape != values.shape:
            raise ValueError(f"shapes do not fit: scores {values.shape}, forbidden {barred.shape}")
    return _table(values, barred, threads), None, values.shape


def _table(values: npt.NDArray[Any], barred: Masks | None, threads: int) -> Amounts:
    """All scores in millionths, read some rows at a time so that nothing is held twice."""
    table = np.empty(values.shape, dtype=np.int32)

    def read(rows: slice) -> None:
        some = values[rows].astype(np.float64)
        if barred is not None:
            np.copyto(some, 0.0, where=barred[rows])
        table[rows] = _millionths(some)
        if barred is not None:
            np.copyto(table[rows], NEVER, where=barred[rows])

    parts = list(_parts(*values.shape))
    side_by_side = threads if len(parts) > 1 else 1
    Parallel(n_jobs=side_by_side, require="sharedmem")(delayed(read)(rows) for rows in parts)
    return table


def _parts(n: int, m: int) -> Iterator[slice]:
    height = max(1, _PAIRS_AT_ONCE // max(1, m))
    return (slice(first, first + height) for first in range(0, n, height))


def _listed(scores: Matrix, forbidden: Matrix | None) -> tuple[Edges, tuple[int, int]]:
    """The entries of a sparse matrix in order, those written as 0 among them."""
    # A copy, as adding up what stands twice in one place would change what was given.
    matrix: Any = csr_array(scores, copy=True)
    matrix.sum_duplicates()
    n, m = matrix.shape
    rows = np.repeat(np.arange(n, dtype=np.int64), np.diff(matrix.indptr))
    columns = matrix.indices.astype(np.int64)
    open_ = np.ones(len(rows), dtype=np.bool_)
    if forbidden is not None:
        if np.shape(forbidden) != (n, m):
            raise ValueError(f"shapes do not fit: scores {(n, m)}, forbidden {np.shape(forbidden)}")
        open_ = ~_marked(forbidden, rows, columns, m)
    values = np.asarray(matrix.data, dtype=np.float64)[open_]
    return Edges(rows[open_], columns[open_], _millionths(values)), (n, m)


def _marked(marks: Matrix, rows: Integers, columns: Integers, wide: int) -> Masks:
    if not _is_sparse(marks):
        return np.asarray(np.asarray(marks, dtype=bool)[rows, columns])
    listed: Any = coo_array(marks)
    there = listed.data.astype(bool)
    at = listed.row.astype(np.int64)[there] * wide + listed.col.astype(np.int64)[there]
    return np.isin(rows * wide + columns, at)


def _millionths(values: Floats) -> Integers:
    if not np.isfinite(values).all():
        raise ValueError("scores must be finite numbers; forbid the pairs that have none")
    widest = float(np.abs(values).max(initial=0.0)) * MICROS
    _refuse_wide(widest)
    return np.rint(values * MICROS).astype(np.int64)


def _refuse_wide(amount: float) -> None:
    if amount > WIDEST:
        raise NotSolved(
            f"amounts beyond {WIDEST // MICROS} are too large for exact arithmetic; divide all"
            " scores and the unmatched value by the same number"
        )


def _vector(given: npt.ArrayLike | None, size: int, name: str, *, otherwise: int) -> Integers:
    if given is None:
        return np.full(size, otherwise, dtype=np.int64)
    vector = np.asarray(given, dtype=np.int64)
    if vector.shape != (size,):
        raise ValueError(f"shapes do not fit: {name} {vector.shape}, and {size} are needed")
    if (vector < 0).any():
        raise ValueError(f"{name} must not be negative")
    return vector


def _grouping(labels: Sequence[Hashable], most: int, shape: tuple[int, int]) -> Grouping:
    if len(labels) != shape[0] or most < 0:
        raise ValueError(f"caps need a label for each of {shape[0]} rows, and a number from 0 on")
    found = {label: k for k, label in enumerate(dict.fromkeys(labels)) if label is not None}
    number = {label: k for k, label in enumerate(found)}
    caps = np.full((len(number) + 1, shape[1]), most, dtype=np.int64)
    caps[-1] = UNCAPPED
    mine = [number.get(label, len(number)) for label in labels]
    return Grouping(np.array(mine, dtype=np.int64), caps)
