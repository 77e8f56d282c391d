"""The days of the demonstration world, counted from 1970, and the one on which it stands still.

It never asks a clock: every date of the world is laid out around that day.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

EPOCH: Final = datetime(2026, 11, 1, tzinfo=UTC)
"""The moment at which every row of the world was born."""

_ZERO: Final = date(1970, 1, 1)


def day_of(on: date) -> int:
    """Days since 1970."""
    return (on - _ZERO).days


def date_of(day: int) -> date:
    """The date of a day since 1970."""
    return _ZERO + timedelta(days=int(day))


def dates_of(days: NDArray[np.int64]) -> list[Any]:
    """The dates of many days since 1970."""
    return list(days.astype("datetime64[D]").astype(object))


TODAY: Final = day_of(EPOCH.date())
