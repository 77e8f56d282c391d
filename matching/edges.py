"""Pairs of a market one by one, with what they are worth: what is solved of it.

They know nothing of rules or prices. It refuses no pair: whoever lists them has asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from matching.arrays import Integers, Masks


@dataclass(frozen=True)
class Edges:
    """Some pairs of a market, by row and then column, each once, with their scores."""

    rows: Integers
    columns: Integers
    scores: Integers

    @classmethod
    def joined(cls, parts: Sequence["Edges"]) -> "Edges":
        """One after the other, as they are."""
        none = np.zeros(0, dtype=np.int64)
        return cls(
            np.concatenate([none, *(part.rows for part in parts)]),
            np.concatenate([none, *(part.columns for part in parts)]),
            np.concatenate([none, *(part.scores for part in parts)]),
        )

    def with_more(self, more: "Edges", wide: int) -> "Edges":
        """Both together in order, each pair once; `wide` is the number of columns."""
        both = Edges.joined([self, more])
        _, first = np.unique(both.rows * wide + both.columns, return_index=True)
        return Edges(both.rows[first], both.columns[first], both.scores[first])

    def besides(self, others: "Edges", wide: int) -> "Edges":
        """Those that are not among the others, which must be in order."""
        mine, theirs = (one.rows * wide + one.columns for one in (self, others))
        places = np.searchsorted(theirs, mine)
        new = np.ones(len(mine), dtype=np.bool_)
        inside = places < len(theirs)
        new[inside] = theirs[places[inside]] != mine[inside]
        return self.only(new)

    def among(self, others: "Edges", wide: int) -> "Edges":
        """Those that are among the others."""
        mine, theirs = (one.rows * wide + one.columns for one in (self, others))
        return self.only(np.isin(mine, theirs))

    def only(self, these: Masks | Integers) -> "Edges":
        """Those at these places, or that the mask shows, in their order."""
        return Edges(self.rows[these], self.columns[these], self.scores[these])
