"""What each competency was meant to weigh in the composite, and what it does weigh.

It refuses to show an effective weight as a promise: it depends on how far ratings spread.
"""

from dataclasses import dataclass
from typing import Final

from service.measurement.pictures.axes import AXIS_ROOM, Axis, draw_across, percent
from service.measurement.pictures.canvases import Canvas, Picture
from service.measurement.pictures.captions import MARGIN, Caption, Key, Sheet
from service.measurement.pictures.estimates import NOT_DEFINED, cell, draw_gap
from service.measurement.pictures.rows import Rows
from service.measurement.pictures.tables import Table
from service.measurement.pictures.themes import LIGHT, Theme
from service.measurement.results import Undefined

_WIDE: Final = 320.0
_WORDS: Final = 150.0


@dataclass(frozen=True)
class Weighted:
    """A competency: its weight as locked and in effect, as shares of one."""

    label: str
    nominal: float
    effective: float | Undefined

    @property
    def words(self) -> str:
        """Both weights as they are read."""
        effective = self.effective
        told = NOT_DEFINED if isinstance(effective, Undefined) else percent(effective, 1)
        return f"{percent(self.nominal, 1)} \u2192 {told}"


def weights(competencies: tuple[Weighted, ...], *, theme: Theme = LIGHT) -> Picture:
    """A row for each competency: a hollow mark for the weight meant, a full one for that had.

    Parameters
    ----------
    competencies : tuple of Weighted
    theme : Theme
    """
    rows = Rows.of([each.label for each in competencies])
    known = [each.effective for each in competencies if not isinstance(each.effective, Undefined)]
    start = MARGIN + rows.room + 14
    values = [0.0, *known, *(each.nominal for each in competencies)]
    axis = Axis.over(values, start, start + _WIDE)
    sheet = Sheet(
        _caption(competencies, theme), axis.stop + _WORDS + MARGIN, rows.height + AXIS_ROOM, theme
    )
    rows.draw(sheet.canvas, sheet.left, sheet.top, right=sheet.right)
    span = (sheet.top, sheet.top + rows.height)
    draw_across(sheet.canvas, axis, span, "share of the composite", shares=True)
    for row, each in enumerate(competencies):
        _draw(sheet.canvas, axis, sheet.top + rows.middle(row), each)
    return sheet.picture(_table(competencies))


def _draw(canvas: Canvas, axis: Axis, y: float, weighted: Weighted) -> None:
    meant, had = canvas.theme.style(0), canvas.theme.style(1)
    nominal = axis.at(weighted.nominal)
    canvas.text(axis.stop + 12, y + 3, weighted.words)
    if isinstance(weighted.effective, Undefined):
        canvas.mark(nominal, y, meant, hollow=True)
        draw_gap(canvas, nominal + 10, y)
        return
    effective = axis.at(weighted.effective)
    canvas.line([(nominal, y), (effective, y)], colour=canvas.theme.muted, width=1.5)
    canvas.mark(effective, y, had)
    canvas.mark(nominal, y, meant, hollow=True)


def _caption(competencies: tuple[Weighted, ...], theme: Theme) -> Caption:
    return Caption(
        "Weights as meant and as they work",
        "A competency on which candidates differ little moves the order little, whatever its"
        " weight. A long line between the two marks is a weight that does not work as meant.",
        (
            Key("weight as locked", "hollow", theme.style(0)),
            Key("share of the spread of the composite", "mark", theme.style(1)),
        ),
        tuple(
            f"{each.label}: {NOT_DEFINED}, {each.effective.reason}."
            for each in competencies
            if isinstance(each.effective, Undefined)
        ),
    )


def _table(competencies: tuple[Weighted, ...]) -> Table:
    rows = tuple((each.label, each.nominal, cell(each.effective)) for each in competencies)
    return Table("Weights, as shares of one", ("competency", "as locked", "in effect"), rows)
