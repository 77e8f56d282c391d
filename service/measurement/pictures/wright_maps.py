"""Candidates, assessors, competencies and the steps of the scale on one axis of logits.

Names that would overlap are moved apart and keep a line to their place. It refuses to give a
place to what has no measure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from service.measurement.pictures.axes import Axis, draw_upwards
from service.measurement.pictures.canvases import BODY, Canvas, Picture
from service.measurement.pictures.captions import MARGIN, Caption, Key, Sheet
from service.measurement.pictures.estimates import NOT_DEFINED, Named, flags, reached
from service.measurement.pictures.lettering import LEADING, width, wrapped
from service.measurement.pictures.spreads import spread
from service.measurement.pictures.tables import Table
from service.measurement.pictures.themes import LIGHT, Theme
from service.measurement.results import Estimate, Undefined

_SHORTEST: Final = 300.0
_TICKS: Final = 30.0
_NAMES: Final = 150.0
_LEADER: Final = 22.0
_LEAST: Final = 130.0
_HEAD: Final = 30.0
_GAP: Final = 3.0


@dataclass(frozen=True)
class WrightMap:
    """Measures in logits on one axis.

    Parameters
    ----------
    candidates : tuple of Named
        Higher is better.
    assessors : tuple of Named
        Higher is stricter.
    competencies : tuple of Named
        Higher is harder.
    steps : tuple of Named
        Of the scale, such as "3 to 4": from there on the upper value is the likelier one.
    """

    candidates: tuple[Named, ...]
    assessors: tuple[Named, ...]
    competencies: tuple[Named, ...]
    steps: tuple[Named, ...]

    @property
    def columns(self) -> tuple[tuple[str, str, tuple[Named, ...]], ...]:
        """What stands in each column, what higher means, and who."""
        return (
            ("candidate", "higher is better", self.candidates),
            ("assessor", "higher is stricter", self.assessors),
            ("competency", "higher is harder", self.competencies),
            ("step of the scale", "above, the next value", self.steps),
        )


@dataclass(frozen=True)
class _Column:
    """The names of a column: those with a place, and those without."""

    placed: tuple[Named, ...]
    names: tuple[tuple[str, ...], ...]
    absent: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, named: Sequence[Named]) -> "_Column":
        has = [not isinstance(each.estimate.value, Undefined) for each in named]
        placed = tuple(each for each, known in zip(named, has, strict=True) if known)
        gone = (each for each, known in zip(named, has, strict=True) if not known)
        return cls(
            placed,
            tuple(wrapped(each.name, _NAMES, BODY) for each in placed),
            tuple(wrapped(f"{each.name}: {NOT_DEFINED}", _NAMES, BODY) for each in gone),
        )

    @property
    def room(self) -> float:
        lines = [line for name in (*self.names, *self.absent) for line in name]
        widest = max((width(line, BODY) for line in lines), default=0.0)
        return max(_LEADER + widest + 26, _LEAST)

    @property
    def heights(self) -> list[float]:
        return [_tall(lines) for lines in self.names]


def _tall(lines: Sequence[str]) -> float:
    return len(lines) * BODY * LEADING + _GAP


def wright_map(shown: WrightMap, *, theme: Theme = LIGHT) -> Picture:
    """A column for each facet beside the axis, which grows with the number of names.

    Parameters
    ----------
    shown : WrightMap
    theme : Theme
    """
    columns = [_Column.of(named) for _, _, named in shown.columns]
    tall = max(_SHORTEST, *(sum(each.heights) for each in columns))
    below = max(sum(map(_tall, each.absent)) for each in columns)
    start = MARGIN + _TICKS
    places = list(accumulate((each.room for each in columns), initial=start + 10))
    body = _HEAD + tall + below + 8
    sheet = Sheet(_caption(shown, theme), places[-1] + MARGIN, body, theme)
    top = sheet.top + _HEAD
    everyone = [each for _, _, named in shown.columns for each in named]
    axis = Axis.over((value for value in _values(everyone)), top + tall, top)
    draw_upwards(sheet.canvas, axis, (start, sheet.right))
    for place, ((name, meaning, _), column) in enumerate(zip(shown.columns, columns, strict=True)):
        _draw_head(sheet.canvas, places[place], sheet.top, (name, meaning))
        _draw(sheet.canvas, axis, places[place], (column, place))
    return sheet.picture(_table(shown))


def _values(named: Sequence[Named]) -> Iterator[float]:
    return reached(Named(each.label, Estimate(each.estimate.value)) for each in named)


def _draw_head(canvas: Canvas, x: float, top: float, words: tuple[str, str]) -> None:
    canvas.text(x - 4, top + 9, words[0], bold=True)
    canvas.text(x - 4, top + 20, words[1], size=8, colour=canvas.theme.muted)


def _draw(canvas: Canvas, axis: Axis, x: float, drawn: tuple[_Column, int]) -> None:
    column, place = drawn
    theme = canvas.theme
    canvas.line([(x, axis.start), (x, axis.stop)], colour=theme.muted)
    heights = [axis.at(value) for value in _values(column.placed)]
    middles = spread(heights, column.heights, (axis.stop, axis.start))
    for each, y, middle, lines in zip(column.placed, heights, middles, column.names, strict=True):
        ends = [(x + 4, y), (x + _LEADER - 6, middle), (x + _LEADER - 2, middle)]
        canvas.line(ends, colour=theme.muted, width=0.7)
        canvas.mark(x, y, theme.style(place), size=5.5, hollow=bool(each.flag))
        _draw_name(canvas, x + _LEADER, middle, lines)
    y = axis.start + 8
    for lines in column.absent:
        canvas.block(x - 4, y + _tall(lines) / 2, lines, colour=theme.warning)
        y += _tall(lines)


def _draw_name(canvas: Canvas, x: float, middle: float, lines: Sequence[str]) -> None:
    """A name on clear ground, so that no rule of the axis crosses it."""
    tall = _tall(lines) - _GAP
    wide = max(width(line, BODY) for line in lines)
    canvas.box(x - 2, middle - tall / 2, wide + 4, tall, fill=canvas.theme.paper)
    canvas.block(x, middle, lines)


def _caption(shown: WrightMap, theme: Theme) -> Caption:
    everyone = [each for _, _, named in shown.columns for each in named]
    return Caption(
        "All on one axis",
        "In logits. Ratings rise with the height of the candidate, and fall with the height of"
        " the assessor and of the competency.",
        (Key("bounded or flagged", "hollow", theme.style(0)),),
        flags(everyone),
    )


def _table(shown: WrightMap) -> Table:
    rows = tuple(
        (each.label, name, *each.cells, each.flag or "none")
        for name, _, named in shown.columns
        for each in named
    )
    return Table("Measures in logits", ("name", "kind", "measure", "low", "high", "flag"), rows)
