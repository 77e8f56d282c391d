"""A candidate's profile over the competencies, against the minimum standards.

Dots on a common scale, which can be compared; it refuses to hide where the interval reaches
below the standard.
"""

from dataclasses import dataclass
from typing import Final

from service.measurement.pictures.axes import AXIS_ROOM, Axis, draw_across
from service.measurement.pictures.canvases import Canvas, Picture
from service.measurement.pictures.captions import MARGIN, Caption, Key, Sheet
from service.measurement.pictures.estimates import (
    NOT_DEFINED,
    Named,
    draw_level,
    flags,
    reached,
    read,
)
from service.measurement.pictures.rows import Rows
from service.measurement.pictures.tables import Table
from service.measurement.pictures.themes import LIGHT, Style, Theme
from service.measurement.results import Interval, Undefined

_WIDE: Final = 320.0
_WORDS: Final = 150.0


@dataclass(frozen=True)
class Competency:
    """A competency: the candidate's level with its interval, and the least that is asked."""

    level: Named
    minimum: float | None

    @property
    def verdict(self) -> str:
        """Whether the standard is met, in words, with how sure that is."""
        value, interval = self.level.estimate.value, self.level.estimate.interval
        if isinstance(value, Undefined):
            return NOT_DEFINED
        if self.minimum is None:
            return "no minimum"
        met = value >= self.minimum
        firm = isinstance(interval, Interval) and not interval.holds(self.minimum)
        return f"{'meets' if met else 'below'}{'' if firm else ', not firmly'}"


@dataclass(frozen=True)
class Profile:
    """One candidate's levels.

    Parameters
    ----------
    candidate : str
    competencies : tuple of Competency
    scale : tuple of float
        The lowest and the highest level.
    """

    candidate: str
    competencies: tuple[Competency, ...]
    scale: tuple[float, float]

    @property
    def table(self) -> Table:
        """All numbers of the profile."""
        rows = tuple(
            (
                each.level.label,
                *each.level.cells,
                "none" if each.minimum is None else float(each.minimum),
                each.verdict,
                each.level.flag or "none",
            )
            for each in self.competencies
        )
        columns = ("competency", "level", "low", "high", "minimum", "verdict", "flag")
        return Table(f"Profile of {self.candidate}", columns, rows)


def profile(shown: Profile, *, theme: Theme = LIGHT) -> Picture:
    """A row for each competency: the level on its interval, and the minimum as a bar.

    Parameters
    ----------
    shown : Profile
    theme : Theme
    """
    rows = Rows.of([each.level.name for each in shown.competencies])
    start = MARGIN + rows.room + 14
    levels = [each.level for each in shown.competencies]
    axis = Axis.over([*shown.scale, *reached(levels)], start, start + _WIDE)
    sheet = Sheet(
        _caption(shown, theme), axis.stop + _WORDS + MARGIN, rows.height + AXIS_ROOM, theme
    )
    rows.draw(sheet.canvas, sheet.left, sheet.top, right=sheet.right)
    draw_across(sheet.canvas, axis, (sheet.top, sheet.top + rows.height), "level")
    for row, each in enumerate(shown.competencies):
        _draw(sheet.canvas, axis, sheet.top + rows.middle(row), each)
    return sheet.picture(shown.table)


def _draw(canvas: Canvas, axis: Axis, y: float, competency: Competency) -> None:
    if competency.minimum is not None:
        x = axis.at(competency.minimum)
        canvas.line([(x, y - 7), (x, y + 7)], colour=canvas.theme.style(1).colour, width=3)
    draw_level(canvas, axis, y, (competency.level, canvas.theme.style(0)))
    level = read(competency.level.estimate.value, 1)
    is_told = level == competency.verdict
    words = level if is_told else f"{level} {competency.verdict}"
    canvas.text(axis.stop + 12, y + 3, words)


def _caption(shown: Profile, theme: Theme) -> Caption:
    return Caption(
        f"Profile of {shown.candidate}",
        "Each level stands on its interval. Where the interval reaches across the minimum, the"
        " ratings do not firmly say on which side the candidate is.",
        (
            Key("level with its interval", "interval", theme.style(0)),
            Key("bounded or flagged", "hollow", theme.style(0)),
            Key("minimum standard", "box", Style(theme.style(1).colour, "|")),
        ),
        flags(each.level for each in shown.competencies),
    )
