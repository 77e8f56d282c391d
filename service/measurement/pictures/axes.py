"""Axes of numbers: where a value stands on the sheet, and the ticks that say so."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, isfinite
from typing import Final

from matplotlib.ticker import MaxNLocator

from service.measurement.pictures.canvases import Canvas
from service.measurement.pictures.lettering import wrapped

AXIS_ROOM: Final = 34.0
"""Below a picture, for the ticks and the name of the axis, in points."""
MINUS: Final = "\u2212"

_TICK: Final = 8.0
_PER_TICK: Final = 44.0
_PER_WHOLE: Final = 28.0


@dataclass(frozen=True)
class Axis:
    """A straight scale: the value `low` at the point `start`, and `high` at `stop`.

    Parameters
    ----------
    low, high : float
        Values.
    start, stop : float
        Points on the sheet; `stop` is less than `start` where values grow upwards.
    whole : bool
        Whether ticks between whole numbers would mean nothing; the first is then the lowest.
    """

    low: float
    high: float
    start: float
    stop: float
    whole: bool = False

    @classmethod
    def over(cls, values: Iterable[float], start: float, stop: float) -> "Axis":
        """An axis that has room for all of these values; from 0 to 1 where there are none.

        Raises ValueError for an infinity or what is not a number.
        """
        known = list(values) or [0.0, 1.0]
        for value in known:
            _check(value)
        low, high = min(known), max(known)
        spare = (high - low) * 0.05 or 0.5
        return cls(low - spare, high + spare, start, stop)

    def at(self, value: float) -> float:
        """Where a value stands."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.stop - self.start)

    @property
    def ticks(self) -> tuple[float, ...]:
        """Round values on the axis, as many as there is room for."""
        each = _PER_WHOLE if self.whole else _PER_TICK
        most = max(2, int(abs(self.stop - self.start) // each))
        locator = MaxNLocator(nbins=most, steps=[1, 2, 5, 10], integer=self.whole)
        rounded = locator.tick_values(self.low, self.high)
        margin = (self.high - self.low) * 1e-9
        inside = [float(x) for x in rounded if self.low - margin <= x <= self.high + margin]
        return _from_first(ceil(self.low), inside) if self.whole else tuple(inside)


def _from_first(first: int, ticks: list[float]) -> tuple[float, ...]:
    """The first whole number and the ticks that keep their distance from it."""
    step = min((b - a for a, b in pairwise(ticks)), default=1.0)
    return (float(first), *(tick for tick in ticks if tick - first >= step / 2))


def number(value: float, digits: int = 2) -> str:
    """A number as it is read, with a true minus and never a minus before zero.

    Raises ValueError for an infinity or what is not a number, as none may be drawn.
    """
    _check(value)
    rounded = f"{value:.{digits}f}"
    is_zero = not any(figure in rounded for figure in "123456789")
    return rounded.replace("-", "" if is_zero else MINUS)


def percent(share: float, digits: int = 0) -> str:
    """A share of one, in per cent."""
    return f"{number(100 * share, digits)} %"


def draw_across(
    canvas: Canvas, axis: Axis, span: tuple[float, float], name: str, *, shares: bool = False
) -> None:
    """Draws a level axis: rules from `span`'s top to its bottom, and the ticks below them."""
    top, bottom = span
    for tick in axis.ticks:
        canvas.line([(axis.at(tick), top), (axis.at(tick), bottom)], colour=canvas.theme.rule)
    for tick, words in zip(axis.ticks, tick_words(axis.ticks, shares=shares), strict=True):
        canvas.text(
            axis.at(tick),
            bottom + 11,
            words,
            size=_TICK,
            anchor="center",
            colour=canvas.theme.muted,
        )
    middle = (axis.start + axis.stop) / 2
    lines = wrapped(name, abs(axis.stop - axis.start) + 20, _TICK)
    for place, line in enumerate(lines):
        canvas.text(middle, bottom + 23 + place * 10, line, size=_TICK, anchor="center")


def draw_upwards(
    canvas: Canvas, axis: Axis, span: tuple[float, float], *, shares: bool = False
) -> None:
    """Draws an upright axis: rules from `span`'s left to its right, and ticks left of them."""
    left, right = span
    for tick, words in zip(axis.ticks, tick_words(axis.ticks, shares=shares), strict=True):
        y = axis.at(tick)
        canvas.line([(left, y), (right, y)], colour=canvas.theme.rule)
        canvas.text(left - 4, y + 3, words, size=_TICK, anchor="right", colour=canvas.theme.muted)


def tick_words(ticks: tuple[float, ...], *, shares: bool = False) -> list[str]:
    """The ticks with as many digits as tell them apart."""
    if shares:
        return [percent(tick) for tick in ticks]
    steps = [b - a for a, b in pairwise(ticks)]
    step = min(steps, default=1.0)
    digits = next((d for d in range(6) if abs(round(step, d) - step) < step * 1e-6), 6)
    return [number(tick, digits) for tick in ticks]


def _check(value: float) -> None:
    if not isfinite(value):
        raise ValueError(f"{value} is no number to draw; say that it is undefined, and why")
