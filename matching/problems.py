"""Who may be given to whom, for how much: the assignment problem in whole numbers.

Only allowed pairs exist here; a forbidden one has no edge, so no price can buy
it. The solver, the prices and the checks all read these same integers.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from matching.arrays import Integers, Masks, Words


@dataclass(frozen=True)
class Problem:
    """Maximise the weights of chosen edges plus `unmatched` for every demand left open.

    Parameters
    ----------
    rows, columns, weights : ndarray of int64, shape (edges,)
        The allowed pairs, rows ascending, each at most once, and their worth.
    demands : ndarray of int64, shape (n,)
        How many different partners each row asks for.
    capacities : ndarray of int64, shape (m,)
        How many each column can take.
    unmatched : int
        The worth of one unit of demand left open.
    ties : ndarray of uint64, shape (edges,)
        Any numbers; among equally good answers they choose, whatever the solver.
    """

    rows: Integers
    columns: Integers
    weights: Integers
    demands: Integers
    capacities: Integers
    unmatched: int
    ties: Words

    def given(self, chosen: Masks) -> Integers:
        """How many columns each row is given, shape (n,)."""
        return np.bincount(self.rows[chosen], minlength=len(self.demands))

    def objective(self, chosen: Masks) -> int:
        """The worth of an answer, shape (edges,) of bool."""
        left_open = int(self.demands.sum()) - int(chosen.sum())
        return int(self.weights[chosen].sum()) + self.unmatched * left_open


def fingerprints(ids: Sequence[str]) -> Words:
    """A 64-bit hash of each id, the same on every machine and in every process."""
    hashes = [hashlib.blake2b(one.encode(), digest_size=8).digest() for one in ids]
    return np.frombuffer(b"".join(hashes), dtype="<u8").astype(np.uint64)


def mixed(left: Words, right: Words) -> Words:
    """One hash per pair of hashes, by the finaliser of SplitMix64 (Steele et al. 2014)."""
    word = left ^ ((right << np.uint64(32)) | (right >> np.uint64(32)))
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))
