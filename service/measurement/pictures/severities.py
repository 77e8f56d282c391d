"""How strict each assessor was, with its interval, and how well their ratings fit.

It refuses to call an infit good or bad where there are too few ratings to tell.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from service.measurement.pictures.axes import AXIS_ROOM, Axis, draw_across, number
from service.measurement.pictures.canvases import Canvas, Picture
from service.measurement.pictures.captions import MARGIN, Caption, Key, Sheet
from service.measurement.pictures.estimates import (
    NOT_DEFINED,
    Named,
    cell,
    draw_level,
    flags,
    reached,
)
from service.measurement.pictures.rows import Rows
from service.measurement.pictures.tables import Table
from service.measurement.pictures.themes import LIGHT, Style, Theme
from service.measurement.results import Undefined

USABLE: Final = (0.5, 1.5)
"""Infits between these are usable for measurement (Linacre 2002)."""
FEWEST: Final = 10
"""Below this many ratings an infit is not interpretable."""

_SEVERITY: Final = 300.0
_INFIT: Final = 150.0
_GAP: Final = 26.0
_WORDS: Final = 120.0


@dataclass(frozen=True)
class Severity:
    """An assessor: severity in logits, infit as a mean square, and how many ratings."""

    severity: Named
    infit: float | Undefined
    ratings: int

    @property
    def verdict(self) -> str:
        """What the infit says, in words."""
        if isinstance(self.infit, Undefined):
            return NOT_DEFINED
        if self.ratings < FEWEST:
            return "too few to say"
        if self.infit < USABLE[0]:
            return "too even"
        return "too erratic" if self.infit > USABLE[1] else "usable"


def severities(assessors: tuple[Severity, ...], *, theme: Theme = LIGHT) -> Picture:
    """A row for each assessor, from the strictest as they are given.

    Parameters
    ----------
    assessors : tuple of Severity
        In the order they are drawn.
    theme : Theme
    """
    named = [each.severity for each in assessors]
    rows = Rows.of([each.name for each in named])
    left = MARGIN + rows.room + 14
    severity = Axis.over([*reached(named), 0.0], left, left + _SEVERITY)
    infits = [each.infit for each in assessors if not isinstance(each.infit, Undefined)]
    start = severity.stop + _GAP
    infit = Axis.over([*infits, 0.4, 1.6], start, start + _INFIT)
    sheet = Sheet(
        _caption(assessors, theme),
        infit.stop + _WORDS + MARGIN,
        rows.height + AXIS_ROOM,
        theme,
    )
    _draw(sheet, rows, assessors, (severity, infit))
    return sheet.picture(_table(assessors))


def _caption(assessors: tuple[Severity, ...], theme: Theme) -> Caption:
    return Caption(
        "Severity of the assessors",
        "Further right is stricter. Where two intervals lie apart, one assessor was stricter than"
        " the other. Infit near 1 means ratings as regular as the model expects.",
        (
            Key("severity with its interval", "interval", theme.style(0)),
            Key("bounded or flagged", "hollow", theme.style(0)),
            Key("infit", "mark", theme.style(1)),
            Key("infit usable, 0.5 to 1.5", "box", Style(theme.rule, "s")),
        ),
        (*flags(each.severity for each in assessors), *_unfitted(assessors)),
    )


def _unfitted(assessors: tuple[Severity, ...]) -> Iterator[str]:
    for each in assessors:
        if isinstance(each.infit, Undefined):
            yield f"{each.severity.label}: infit {NOT_DEFINED}, {each.infit.reason}."


def _draw(
    sheet: Sheet, rows: Rows, assessors: tuple[Severity, ...], axes: tuple[Axis, Axis]
) -> None:
    canvas, (severity, infit), theme = sheet.canvas, axes, sheet.canvas.theme
    top, bottom = sheet.top, sheet.top + rows.height
    rows.draw(canvas, sheet.left, top, right=sheet.right)
    usable = infit.at(USABLE[1]) - infit.at(USABLE[0])
    canvas.box(infit.at(USABLE[0]), top, usable, rows.height, fill=theme.rule)
    draw_across(canvas, severity, (top, bottom), "severity, logits")
    draw_across(canvas, infit, (top, bottom), "infit, mean square")
    for axis, middle in ((severity, 0.0), (infit, 1.0)):
        x = axis.at(middle)
        canvas.line([(x, top), (x, bottom)], colour=theme.muted, dash=(4, 2))
    for row, each in enumerate(assessors):
        y = top + rows.middle(row)
        draw_level(canvas, severity, y, (each.severity, theme.style(0)))
        _draw_infit(canvas, infit, y, each)


def _draw_infit(canvas: Canvas, axis: Axis, y: float, assessor: Severity) -> None:
    words, colour = assessor.verdict, canvas.theme.ink
    if not isinstance(assessor.infit, Undefined):
        canvas.mark(axis.at(assessor.infit), y, canvas.theme.style(1))
        words = f"{number(assessor.infit)} {words}"
    canvas.text(axis.stop + 10, y + 3, words, colour=colour)


def _table(assessors: tuple[Severity, ...]) -> Table:
    rows = tuple(
        (
            each.severity.label,
            *each.severity.cells,
            cell(each.infit),
            each.ratings,
            each.verdict,
            each.severity.flag or "none",
        )
        for each in assessors
    )
    columns = ("assessor", "severity", "low", "high", "infit", "ratings", "fit", "flag")
    return Table("Severity of the assessors, in logits", columns, rows)
