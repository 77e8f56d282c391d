"""Pools: how many of each group there were, and how many of them were selected.

Nobody's name is in it. It refuses counts that cannot be, and a group given twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

FOUR_FIFTHS: Final = Fraction(4, 5)
"""Below this ratio of selection rates a group is flagged (29 CFR 1607.4 D)."""


class BadPools(ValueError):  # noqa: N818 - it says what the pools are
    """Pools that cannot be compared; the message names the group and the remedy."""


@dataclass(frozen=True)
class Pool:
    """One group at one stage.

    Raises
    ------
    BadPools
    """

    group: str
    candidates: int
    selected: int

    def __post_init__(self) -> None:
        if not 0 <= self.selected <= self.candidates:
            raise BadPools(
                f"{self.group} has {self.selected} selected of {self.candidates}; give counts"
                " from 0, and no more selected than there were"
            )

    @property
    def left(self) -> int:
        """How many were not selected."""
        return self.candidates - self.selected

    @property
    def rate(self) -> Fraction:
        """The exact share of those selected; of nobody, it is 0."""
        return Fraction(self.selected, max(self.candidates, 1))


def by_size(pools: Sequence[Pool]) -> tuple[Pool, ...]:
    """The pools of one stage, the largest first, and those as large by name.

    Raises
    ------
    BadPools
        For a group given twice, and for fewer than two.
    """
    groups = [pool.group for pool in pools]
    for group in groups:
        if groups.count(group) > 1:
            raise BadPools(f"{group} is there twice; add its counts up")
    if len(groups) < 2:
        raise BadPools("one group can be compared with nobody; give all groups of the pool")
    return tuple(sorted(pools, key=lambda pool: (-pool.candidates, pool.group)))
