"""Named estimates as pictures take them, and how one is drawn: a mark on its interval.

It refuses to draw what is not defined as a number: a word stands in its place.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from service.measurement.pictures.axes import Axis, number
from service.measurement.pictures.canvases import BODY, Canvas
from service.measurement.pictures.lettering import width
from service.measurement.pictures.tables import Cell
from service.measurement.pictures.themes import Style
from service.measurement.results import Estimate, Interval, Undefined

NOT_DEFINED: Final = "not defined"
DAGGER: Final = "\u2020"
"""Stands by names with a flag."""


@dataclass(frozen=True)
class Named:
    """An estimate and whose it is.

    Parameters
    ----------
    label : str
    estimate : Estimate
    flag : str, optional
        What a reader must know of it, such as "only top marks, so the measure is bounded".
    """

    label: str
    estimate: Estimate
    flag: str = ""

    @property
    def name(self) -> str:
        """The label, with a dagger where there is a flag."""
        return f"{self.label} {DAGGER}" if self.flag else self.label

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Value and both ends of the interval, for a table."""
        return (cell(self.estimate.value), *ends(self.estimate))


def flags(named: Iterable[Named]) -> tuple[str, ...]:
    """A note for each flag, and for each value that is not defined."""
    return tuple(note for each in named for note in _notes(each))


def reached(named: Iterable[Named]) -> Iterator[float]:
    """All values and ends of intervals, for an axis to hold."""
    for each in named:
        if not isinstance(each.estimate.value, Undefined):
            yield each.estimate.value
        if isinstance(each.estimate.interval, Interval):
            yield from (each.estimate.interval.low, each.estimate.interval.high)


def cell(value: float | Undefined) -> Cell:
    """A value for a table, as a float whatever it came as."""
    return value if isinstance(value, Undefined) else float(value)


def ends(estimate: Estimate) -> tuple[Cell, Cell]:
    """Both ends of the interval for a table, or why there is none."""
    interval = estimate.interval
    if isinstance(interval, Interval):
        return float(interval.low), float(interval.high)
    reason = interval if interval is not None else Undefined("no interval was asked for")
    return reason, reason


def read(value: float | Undefined, digits: int = 2) -> str:
    """A value as it is read."""
    return NOT_DEFINED if isinstance(value, Undefined) else number(value, digits)


def draw_level(canvas: Canvas, axis: Axis, y: float, drawn: tuple[Named, Style]) -> None:
    """Draws an estimate along a level axis; a word at its start where there is none."""
    named, style = drawn
    value, interval = named.estimate.value, named.estimate.interval
    if isinstance(value, Undefined):
        draw_gap(canvas, axis.start + 4, y)
        return
    if isinstance(interval, Interval):
        _whiskers(canvas, (axis.at(interval.low), axis.at(interval.high)), y, style)
    canvas.mark(axis.at(value), y, style, hollow=bool(named.flag))


def draw_gap(canvas: Canvas, x: float, y: float, words: str = NOT_DEFINED) -> None:
    """Draws the word that stands where there is no value, on clear ground."""
    wide = width(words, BODY)
    canvas.box(x - 3, y - 7, wide + 6, 14, fill=canvas.theme.paper)
    canvas.text(x, y + 3, words, colour=canvas.theme.warning)


def _whiskers(canvas: Canvas, ends: tuple[float, float], y: float, style: Style) -> None:
    canvas.line([(ends[0], y), (ends[1], y)], colour=style.colour, width=1.5)
    for end in ends:
        canvas.line([(end, y - 3.5), (end, y + 3.5)], colour=style.colour, width=1.2)


def _notes(named: Named) -> Iterator[str]:
    if named.flag:
        yield f"{DAGGER} {named.label}: {named.flag}."
    if isinstance(named.estimate.value, Undefined):
        yield f"{named.label}: {NOT_DEFINED}, {named.estimate.value.reason}."
