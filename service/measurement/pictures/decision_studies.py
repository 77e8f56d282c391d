"""How reliable a panel would be with more or fewer assessors, against the target.

It refuses to leave open what to do: its caption says how many are needed, or that no number
tried is enough.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from service.measurement.pictures.axes import AXIS_ROOM, Axis, draw_across, draw_upwards, number
from service.measurement.pictures.canvases import BODY, Canvas, Picture
from service.measurement.pictures.captions import MARGIN, Caption, Key, Sheet
from service.measurement.pictures.estimates import NOT_DEFINED, cell
from service.measurement.pictures.lettering import LEADING, wrapped
from service.measurement.pictures.spreads import spread
from service.measurement.pictures.tables import Table
from service.measurement.pictures.themes import LIGHT, Style, Theme
from service.measurement.results import Undefined

_WIDE: Final = 380.0
_TALL: Final = 230.0
_TICKS: Final = 30.0
_NAMES: Final = 130.0


@dataclass(frozen=True)
class Curve:
    """A coefficient, such as Phi, for each number of assessors."""

    label: str
    values: tuple[float | Undefined, ...]


@dataclass(frozen=True)
class DecisionStudy:
    """What a D-study found.

    Parameters
    ----------
    assessors : tuple of int
        Numbers of assessors, ascending.
    curves : tuple of Curve
        Each with one value for each number.
    target : float
        What the panel should reach.
    needed : int or Undefined
        The least number that reaches it by the first curve, or why none does.

    Raises
    ------
    ValueError
        For no numbers of assessors, numbers out of order, and a curve of another length.
    """

    assessors: tuple[int, ...]
    curves: tuple[Curve, ...]
    target: float
    needed: int | Undefined

    def __post_init__(self) -> None:
        if not self.assessors or list(self.assessors) != sorted(set(self.assessors)):
            raise ValueError("the numbers of assessors must ascend, and be one at least")
        for curve in self.curves:
            if len(curve.values) != len(self.assessors):
                raise ValueError(
                    f"{curve.label} has {len(curve.values)} values for"
                    f" {len(self.assessors)} numbers of assessors; give one for each"
                )

    @property
    def verdict(self) -> str:
        """What follows, in a sentence."""
        if isinstance(self.needed, Undefined):
            return (
                f"No number of assessors tried reaches {number(self.target)}: {self.needed.reason}."
            )
        noun = "assessor" if self.needed == 1 else "assessors"
        return f"{self.needed} {noun} reach the target of {number(self.target)}."


def decision_study(study: DecisionStudy, *, theme: Theme = LIGHT) -> Picture:
    """A line for each coefficient over the number of assessors, and the target.

    Parameters
    ----------
    study : DecisionStudy
    theme : Theme
    """
    start = MARGIN + _TICKS
    sheet = Sheet(
        _caption(study, theme), start + _WIDE + 14 + _NAMES + MARGIN, _TALL + AXIS_ROOM, theme
    )
    canvas, (top, bottom) = sheet.canvas, (sheet.top, sheet.top + _TALL)
    first, last = study.assessors[0], study.assessors[-1]
    across = Axis(first - 0.5, last + 0.5, start, start + _WIDE, whole=True)
    upwards = Axis(0.0, 1.0, bottom, top)
    draw_across(canvas, across, (top, bottom), "assessors")
    draw_upwards(canvas, upwards, (across.start, across.stop))
    y = upwards.at(study.target)
    canvas.line([(across.start, y), (across.stop, y)], colour=theme.warning, dash=(7, 3))
    for place, curve in enumerate(study.curves):
        _draw_curve(canvas, (across, upwards), study, (curve, theme.style(place)))
    _draw_labels(canvas, (across, upwards), study)
    return sheet.picture(_table(study))


def _draw_curve(
    canvas: Canvas, axes: tuple[Axis, Axis], study: DecisionStudy, drawn: tuple[Curve, Style]
) -> None:
    across, upwards = axes
    curve, style = drawn
    points = [
        None if isinstance(value, Undefined) else (across.at(count), upwards.at(_kept(value)))
        for count, value in zip(study.assessors, curve.values, strict=True)
    ]
    for one, other in pairwise(points):
        if one and other:
            canvas.line([one, other], colour=style.colour, width=1.6, dash=style.dash)
    for point in points:
        if point:
            canvas.mark(*point, style, size=5.5)


def _kept(value: float) -> float:
    return min(max(value, 0.0), 1.0)


def _draw_labels(canvas: Canvas, axes: tuple[Axis, Axis], study: DecisionStudy) -> None:
    """Names the target and each line at its right end, moved apart where they would overlap."""
    across, upwards = axes
    theme = canvas.theme
    told = [(f"target {number(study.target)}", upwards.at(study.target), theme.warning)]
    for place, curve in enumerate(study.curves):
        words, last = _ending(study, curve)
        told.append((words, upwards.at(last), theme.style(place).colour))
    blocks = [wrapped(words, _NAMES, BODY) for words, _, _ in told]
    heights = [len(lines) * BODY * LEADING + 2 for lines in blocks]
    middles = spread([y for _, y, _ in told], heights, (upwards.stop - 20, upwards.start + 30))
    for lines, middle, (_, y, colour) in zip(blocks, middles, told, strict=True):
        canvas.line(
            [(across.stop, y), (across.stop + 5, middle), (across.stop + 10, middle)],
            colour=colour,
            width=0.8,
        )
        canvas.block(across.stop + 14, middle, lines, colour=colour)


def _ending(study: DecisionStudy, curve: Curve) -> tuple[str, float]:
    """What to write at the end of a curve, and at which height: that of its last value."""
    values = zip(study.assessors, curve.values, strict=True)
    known = [(n, v) for n, v in values if not isinstance(v, Undefined)]
    if not known:
        return f"{curve.label}: {NOT_DEFINED}", 0.0
    count, value = known[-1]
    beyond = "" if count == study.assessors[-1] else f": {NOT_DEFINED} beyond {count}"
    return f"{curve.label}{beyond}", _kept(value)


def _caption(study: DecisionStudy, theme: Theme) -> Caption:
    keys = tuple(
        Key(curve.label, "line", theme.style(place)) for place, curve in enumerate(study.curves)
    )
    return Caption(
        "How many assessors are needed",
        f"{study.verdict} Each further assessor adds less than the one before.",
        (*keys, Key("target", "line", Style(theme.warning, "o", (7, 3)))),
        tuple(_gaps(study)),
    )


def _gaps(study: DecisionStudy) -> Iterator[str]:
    for curve in study.curves:
        for count, value in zip(study.assessors, curve.values, strict=True):
            if isinstance(value, Undefined):
                yield f"{curve.label} with {count}: {NOT_DEFINED}, {value.reason}."


def _table(study: DecisionStudy) -> Table:
    columns = ("assessors", *(curve.label for curve in study.curves), "target")
    rows = tuple(
        (count, *(cell(curve.values[place]) for curve in study.curves), float(study.target))
        for place, count in enumerate(study.assessors)
    )
    return Table(study.verdict, columns, rows)
