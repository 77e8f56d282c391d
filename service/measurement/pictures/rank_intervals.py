"""The places that each candidate may hold: a caterpillar of rank intervals, with bands.

It refuses to draw an order without how unsure it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from service.measurement.pictures.axes import AXIS_ROOM, Axis, draw_across
from service.measurement.pictures.canvases import Picture
from service.measurement.pictures.captions import MARGIN, Caption, Key, Sheet
from service.measurement.pictures.estimates import NOT_DEFINED, Named, draw_level, flags
from service.measurement.pictures.rows import Rows
from service.measurement.pictures.tables import Table
from service.measurement.pictures.themes import LIGHT, Theme
from service.measurement.results import Undefined

_WIDE: Final = 360.0
_BANDS: Final = 84.0


@dataclass(frozen=True)
class Ranked:
    """A candidate: rank with its interval, 1 the best, and the band counted from the top."""

    rank: Named
    band: int | Undefined

    @property
    def words(self) -> str:
        """The band as it is read."""
        return NOT_DEFINED if isinstance(self.band, Undefined) else f"band {self.band}"


def rank_intervals(candidates: tuple[Ranked, ...], *, theme: Theme = LIGHT) -> Picture:
    """A row for each candidate: the rank on its interval, and the band in words and shape.

    Parameters
    ----------
    candidates : tuple of Ranked
        In the order they are drawn, as a rule from the best.
    theme : Theme
    """
    rows = Rows.of([each.rank.name for each in candidates])
    start = MARGIN + rows.room + 14
    axis = Axis(0.5, max(len(candidates), 2) + 0.5, start, start + _WIDE, whole=True)
    sheet = Sheet(
        _caption(candidates, theme), axis.stop + _BANDS + MARGIN, rows.height + AXIS_ROOM, theme
    )
    _draw(sheet, rows, candidates, axis)
    return sheet.picture(_table(candidates))


def _caption(candidates: tuple[Ranked, ...], theme: Theme) -> Caption:
    bands = sorted({each.band for each in candidates if not isinstance(each.band, Undefined)})
    return Caption(
        "What places each candidate may hold",
        "Place 1 is the best. Each line holds the places that the ratings leave open for a"
        " candidate; within a band they do not tell candidates from the best of the band.",
        tuple(Key(f"band {band}", "interval", theme.style(band - 1)) for band in bands),
        (*flags(each.rank for each in candidates), *_unbanded(candidates)),
    )


def _unbanded(candidates: tuple[Ranked, ...]) -> Iterator[str]:
    for each in candidates:
        if isinstance(each.band, Undefined):
            yield f"{each.rank.label}: in no band, {each.band.reason}."


def _draw(sheet: Sheet, rows: Rows, candidates: tuple[Ranked, ...], axis: Axis) -> None:
    canvas, top = sheet.canvas, sheet.top
    rows.draw(canvas, sheet.left, top, right=sheet.right)
    draw_across(canvas, axis, (top, top + rows.height), "place")
    for row, each in enumerate(candidates):
        y = top + rows.middle(row)
        style = canvas.theme.style(0 if isinstance(each.band, Undefined) else each.band - 1)
        draw_level(canvas, axis, y, (each.rank, style))
        canvas.text(axis.stop + 12, y + 3, each.words)
        if row and each.band != candidates[row - 1].band:
            edge = top + rows.edges[row]
            canvas.line([(sheet.left - 4, edge), (sheet.right + 4, edge)], colour=canvas.theme.ink)


def _table(candidates: tuple[Ranked, ...]) -> Table:
    rows = tuple(
        (each.rank.label, *each.rank.cells, each.band, each.rank.flag or "none")
        for each in candidates
    )
    columns = ("candidate", "place", "best place", "worst place", "band", "flag")
    return Table("What places each candidate may hold", columns, rows)
