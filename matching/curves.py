"""What a feature adds where that is no straight line: steps, in whole millionths.

A table a person can read, and as exact as a weight. It refuses to look at more than one
feature, so contributions stay a sum.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from matching.arrays import Amounts, Floats, Selection


@dataclass(frozen=True)
class Curve:
    """The steps of one feature.

    Parameters
    ----------
    name : str
        The feature's.
    cuts : tuple of float
        Where the steps lie, rising.
    shares : tuple of int
        What is added up to each cut, and last beyond all of them, in millionths.
    """

    name: str
    cuts: tuple[float, ...]
    shares: tuple[int, ...]

    def at(self, values: Floats) -> Amounts:
        """What these values add, in the same shape."""
        shares = np.array(self.shares, dtype=np.int32)
        return np.asarray(shares[np.searchsorted(self.cuts, values)])


@dataclass(frozen=True)
class Curved:
    """Shares of any pair by the feature's value."""

    value: Callable[[Selection, Selection], Floats]
    curve: Curve

    def add_to(self, block: Amounts, rows: Selection, columns: Selection) -> None:
        """Adds the shares of these pairs to the block, shape (r, c), in place."""
        block += self.curve.at(self.value(rows, columns))
