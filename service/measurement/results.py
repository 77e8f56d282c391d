"""What an analysis answers: its numbers with all that they rest on, or why there are none.

It refuses infinities and whatever is not a number: undefined is a value with a reason, and
an estimate that did not converge is a status without numbers.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any, Generic, TypeVar

import numpy as np

N = TypeVar("N")
_DIGITS = 12


class Status(StrEnum):
    """How an analysis ended."""

    EXACT = "EXACT"
    """By a formula; nothing had to converge."""
    CONVERGED = "CONVERGED"
    NOT_CONVERGED = "NOT_CONVERGED"
    """The steps ran out; there are no numbers."""
    REFUSED = "REFUSED"
    """The data cannot answer the question; there are no numbers."""


@dataclass(frozen=True)
class Undefined:
    """There is no such number, and why, in plain words."""

    reason: str


@dataclass(frozen=True)
class Interval:
    """Both ends of an interval and the share of repetitions that it is meant to cover."""

    low: float
    high: float
    level: float = 0.95

    def holds(self, value: float) -> bool:
        """Whether the value lies in it, its ends included."""
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Estimate:
    """A number with its uncertainty, each of which may be undefined for a reason."""

    value: float | Undefined
    se: float | Undefined | None = None
    interval: Interval | Undefined | None = None


@dataclass(frozen=True)
class Convergence:
    """How an analysis ended, after how many steps, and how large its last step was."""

    status: Status = Status.EXACT
    steps: int = 0
    change: float | None = None


@dataclass(frozen=True)
class Result(Generic[N]):
    """One analysis.

    Parameters
    ----------
    analysis : str
        Its name, such as "intraclass correlation".
    numbers : N or Undefined
        What it found, as the analysis's own dataclass; the reason where it found nothing.
    counts : mapping of str to int
        How many candidates, assessors, ratings and so on it rests on.
    method : str
        The estimator, and whom it is by.
    identification : str, optional
        What fixes the scale where the data leave it open.
    prior : str, optional
        What was assumed beside the data.
    seed : int, optional
        Of the draws, where there are any.
    convergence : Convergence
        How it ended.
    cautions : tuple of str
        What a reader must know before relying on the numbers, in plain words.
    """

    analysis: str
    numbers: N | Undefined
    counts: Mapping[str, int]
    method: str
    identification: str | None = None
    prior: str | None = None
    seed: int | None = None
    convergence: Convergence = field(default_factory=Convergence)
    cautions: tuple[str, ...] = ()

    def found(self) -> N:
        """The numbers. Raises ValueError with the reason where there are none."""
        if isinstance(self.numbers, Undefined):
            raise ValueError(self.numbers.reason)  # noqa: TRY004 - the type is as it should be
        return self.numbers

    def json(self) -> bytes:
        """The whole result as JSON; the same result is always the same bytes.

        Raises ValueError for an infinity or what is not a number, as none may be told.
        """
        return (
            json.dumps(plain(self), sort_keys=True, ensure_ascii=False, indent=1).encode() + b"\n"
        )


def plain(value: Any) -> Any:
    """A result or a part of it in the types of JSON. Raises ValueError as `Result.json` does."""
    if isinstance(value, Undefined):
        return {"undefined": value.reason}
    if isinstance(value, Fraction):
        return {"numerator": value.numerator, "denominator": value.denominator}
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return _told(value) if isinstance(value, float) else value


def _told(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(f"{value} is no number to tell; say that it is undefined, and why")
    # The last digits depend on the machine's linear algebra, and mean nothing.
    return float(f"{value:.{_DIGITS}g}") + 0.0
