"""The array kinds the matcher speaks, and sets packed into machine words.

Everything here is exact integer arithmetic; it refuses floating-point linear
algebra, whose last bits depend on the number of threads.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Amounts = npt.NDArray[np.int32]
"""Millionths of one pair: no score leaves 0 to 1, so half the width holds them all."""
Masks = npt.NDArray[np.bool_]
Bits = npt.NDArray[np.uint16]
Words = npt.NDArray[np.uint64]
Selection = slice | Integers
Sparse = csr_array[Any, tuple[int, int]]

ALL: Final = slice(None)
MICROS: Final = 1_000_000
"""Scores, prices and objectives are whole millionths, so that sums are exact."""


def micros(value: float) -> int:
    """The nearest whole number of millionths, ties to even."""
    return int(np.rint(value * MICROS))


def pack(sets: Sequence[Iterable[str]], vocabulary: Iterable[str]) -> Words:
    """One row of bits per set; labels outside the vocabulary are left out.

    Parameters
    ----------
    sets : sequence of n iterables of labels
    vocabulary : iterable of labels, each given one bit in sorted order

    Returns
    -------
    ndarray of uint64, shape (n, words)
    """
    places = {label: place for place, label in enumerate(sorted(set(vocabulary)))}
    words = np.zeros((len(sets), -(-len(places) // 64)), dtype=np.uint64)
    for row, labels in enumerate(sets):
        for place in {places[label] for label in labels if label in places}:
            words[row, place // 64] |= np.uint64(1 << (place % 64))
    return words


def shared(left: Words, right: Words) -> npt.NDArray[np.uint8]:
    """How many labels each row of `left` shares with each row of `right`, capped at 255.

    Returns
    -------
    ndarray of uint8, shape (rows of left, rows of right)
    """
    counts = np.zeros((len(left), len(right)), dtype=np.uint16)
    for word in range(left.shape[1]):
        counts += np.bitwise_count(left[:, word, None] & right[None, :, word])
    return np.minimum(counts, 255).astype(np.uint8)


def meet(left: Words, right: Words) -> Masks:
    """Whether each row of `left` shares any label with each row of `right`."""
    found = np.zeros((len(left), len(right)), dtype=np.bool_)
    for word in range(left.shape[1]):
        found |= (left[:, word, None] & right[None, :, word]) != 0
    return found


def sparse(
    entries: Mapping[tuple[int, int], float], shape: tuple[int, int], dtype: npt.DTypeLike
) -> Sparse:
    """A sparse matrix of the given (row, column) entries."""
    places = sorted(entries)
    rows = np.array([row for row, _ in places], dtype=np.int64)
    columns = np.array([column for _, column in places], dtype=np.int64)
    values = np.array([entries[place] for place in places], dtype=dtype)
    return csr_array(coo_array((values, (rows, columns)), shape=shape))


def dense(matrix: Sparse, rows: Selection, columns: Selection) -> npt.NDArray[Any]:
    """The chosen rows and columns of a sparse matrix, written out."""
    block = matrix[rows]
    if columns is ALL:
        return np.asarray(block.toarray())
    return np.asarray(block.transpose().tocsr()[columns].toarray()).T
