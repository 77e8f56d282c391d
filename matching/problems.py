"""Who may be given to whom, for how much: the assignment problem in whole numbers.

Only allowed pairs exist here; a forbidden one has no edge, so no price can buy
it. The solver, the prices and the checks all read these same integers.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from matching.arrays import Integers, Masks, Words
from matching.limits import UNBOUND, Limits


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
    limits : Limits
        Whatever else binds; its pinned pairs are all among the edges.
    """

    rows: Integers
    columns: Integers
    weights: Integers
    demands: Integers
    capacities: Integers
    unmatched: int
    ties: Words
    limits: Limits = UNBOUND

    def given(self, chosen: Masks) -> Integers:
        """How many columns each row is given, shape (n,)."""
        return np.bincount(self.rows[chosen], minlength=len(self.demands))

    def objective(self, chosen: Masks) -> int:
        """The worth of an answer, shape (edges,) of bool."""
        left_open = int(self.demands.sum()) - int(chosen.sum())
        return int(self.weights[chosen].sum()) + self.unmatched * left_open

    def pinned(self) -> Masks:
        """Which edges every answer holds, shape (edges,)."""
        if not len(self.limits.pinned_rows):
            return np.zeros(len(self.rows), dtype=np.bool_)
        wide = len(self.capacities)
        pins = self.limits.pinned_rows * wide + self.limits.pinned_columns
        return np.isin(self.rows * wide + self.columns, pins)

    def only(self, edges: Masks) -> "Problem":
        """The same with these edges alone."""
        return replace(
            self,
            rows=self.rows[edges],
            columns=self.columns[edges],
            weights=self.weights[edges],
            ties=self.ties[edges],
        )

    def without(self, pinned: Masks) -> "Problem":
        """What is left to decide once these edges, which are the pinned ones, are made."""
        if not pinned.any():
            return self
        wide = len(self.capacities)
        return replace(
            self.only(~pinned),
            demands=self.demands - self.given(pinned),
            capacities=self.capacities - np.bincount(self.columns[pinned], minlength=wide),
            limits=self.limits.without_pins(wide),
        )


@dataclass(frozen=True)
class Gates:
    """Where edges arrive: at their column, or first at the gate of their group before it.

    Parameters
    ----------
    arrivals : ndarray of int64, shape (edges,)
        The column, or the number of columns plus the place of the gate.
    labels, columns, caps : ndarray of int64, shape (gates,)
        The group that passes, the column behind, and how many may pass.
    """

    arrivals: Integers
    labels: Integers
    columns: Integers
    caps: Integers

    @classmethod
    def of(cls, problem: Problem) -> "Gates":
        """The gates of a problem with one grouping at most, where a cap can bind at all."""
        none = np.zeros(0, dtype=np.int64)
        if not problem.limits.groupings:
            return cls(problem.columns, none, none, none)
        (grouping,) = problem.limits.groupings
        wide, columns = len(problem.capacities), problem.columns
        labels = grouping.labels[problem.rows]
        narrow = grouping.caps[labels, columns] < problem.capacities[columns]
        keys, places = np.unique(labels[narrow] * wide + columns[narrow], return_inverse=True)
        arrivals = columns.copy()
        arrivals[narrow] = wide + places
        behind = keys // wide, keys % wide
        return cls(arrivals, *behind, grouping.caps[behind])


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
