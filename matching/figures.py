"""Figures for people to read: a value with how sure it is, or the reason why there is none.

It refuses to answer from few cases: under the minimum cell a figure would say more about
single persons than about the group.
"""

from dataclasses import dataclass
from typing import Final

MINIMUM_CELL: Final = 10
"""Cases below which no figure is given."""


@dataclass(frozen=True)
class Unsaid:
    """There is no figure, and why."""

    reason: str


@dataclass(frozen=True)
class Interval:
    """A figure from `count` cases with its 95 % interval."""

    value: float
    low: float
    high: float
    count: int


Figure = Interval | Unsaid
