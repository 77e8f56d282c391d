"""What binds an answer besides its pairs: pins, least loads and caps of groups, by position.

It knows nobody and no rules, and it refuses nothing: whoever knows the people does.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from matching.arrays import Integers, Masks

UNCAPPED: Final = 2**40
"""More partners than anybody can have."""


class Infeasible(ValueError):  # noqa: N818 - it says what was asked for, not what broke
    """No answer can keep all that was asked for; the message names what stands against what."""


class Lacking(Infeasible):
    """Least loads that cannot all be kept; `short` (m,) is what each column lacks at best."""

    def __init__(self, short: Integers) -> None:
        super().__init__(f"least loads cannot all be kept: {int(short.sum())} partners are missing")
        self.short = short


class Unkept(Infeasible):
    """A pin that cannot be kept, with the codes of all that stands against it.

    There are none where the two are not both in the run.
    """

    def __init__(self, message: str, codes: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.codes = codes


def _nobody() -> Integers:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Grouping:
    """One way to sort n rows into G groups, and how many of each group a column may take.

    Parameters
    ----------
    labels : ndarray of int64, shape (n,)
        0 to G - 1, and G for rows of no group.
    caps : ndarray of int64, shape (G + 1, m)
        The last line is UNCAPPED.
    name : str
        What the rows are sorted by.
    groups : tuple of str
        The names of the G groups.
    """

    labels: Integers
    caps: Integers
    name: str = ""
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Limits:
    """All that binds beside demands and capacities; by default nothing.

    Parameters
    ----------
    pinned_rows, pinned_columns : ndarray of int64, shape (pins,)
        Pairs that are made in every answer.
    least : ndarray of int64, shape (m,) or (0,) for none
        How many partners each column must get.
    groupings : tuple of Grouping
        One keeps the problem a flow; several that overlap do not.
    """

    pinned_rows: Integers = field(default_factory=_nobody)
    pinned_columns: Integers = field(default_factory=_nobody)
    least: Integers = field(default_factory=_nobody)
    groupings: tuple[Grouping, ...] = ()

    @property
    def overlap(self) -> bool:
        """Whether there are several groupings, so that no flow holds all their caps."""
        return len(self.groupings) > 1

    def least_of(self, wide: int) -> Integers:
        """How many partners each of so many columns must get."""
        return self.least if len(self.least) else np.zeros(wide, dtype=np.int64)

    def broken_pins(
        self, demands: Integers, capacities: Integers
    ) -> Iterator[tuple[int, int, str]]:
        """Pins that cannot all be kept, as row, column and why, in the order of the pins."""
        asked, free = demands.copy(), capacities.copy()
        caps = [grouping.caps.copy() for grouping in self.groupings]
        for i, j in zip(self.pinned_rows.tolist(), self.pinned_columns.tolist(), strict=True):
            asked[i] -= 1
            free[j] -= 1
            if asked[i] < 0:
                yield i, j, "ALREADY_PINNED"
            if free[j] < 0:
                yield i, j, "NO_CAPACITY"
            for grouping, left in zip(self.groupings, caps, strict=True):
                left[grouping.labels[i], j] -= 1
                if left[grouping.labels[i], j] < 0:
                    yield i, j, "GROUP_FULL"

    def shut(self, rows: slice, capacities: Integers) -> Masks:
        """Which pairs of these rows no answer holds unless they are pins, shape (r, m).

        Pins alone take all places of the column, or all that its cap leaves to a group.
        """
        wide = len(capacities)
        left = capacities - np.bincount(self.pinned_columns, minlength=wide)
        found: Masks = (left <= 0)[None, :]
        for grouping in self.without_pins(wide).groupings:
            found = found | (grouping.caps[grouping.labels[rows]] <= 0)
        return found

    def without_pins(self, wide: int) -> "Limits":
        """What still binds once the pins have taken their places."""
        groupings = []
        for grouping in self.groupings:
            caps = grouping.caps.copy()
            np.subtract.at(caps, (grouping.labels[self.pinned_rows], self.pinned_columns), 1)
            groupings.append(replace(grouping, caps=caps))
        taken = np.bincount(self.pinned_columns, minlength=wide)
        least = np.maximum(self.least - taken, 0) if len(self.least) else self.least
        return Limits(least=least, groupings=tuple(groupings))


UNBOUND: Final = Limits()
"""Nothing binds beside demands and capacities."""
