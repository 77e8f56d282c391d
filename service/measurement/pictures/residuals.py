"""Which assessor rated which candidate higher or lower than the model expects: a grid.

It refuses to read a lone large residual as bias; a note says what else it may be.
"""

from dataclasses import dataclass
from typing import Final

from service.measurement.pictures.axes import number
from service.measurement.pictures.canvases import Picture
from service.measurement.pictures.captions import Caption, Key
from service.measurement.pictures.estimates import NOT_DEFINED
from service.measurement.pictures.grids import Grid, Square, check_shape, diverging, grid_picture
from service.measurement.pictures.rows import Columns, Rows
from service.measurement.pictures.tables import Cell, Table
from service.measurement.pictures.themes import LIGHT, Style, Theme
from service.measurement.results import Undefined

LARGE: Final = 2.0
"""From here on a residual, in standard errors, is framed."""

_FULL: Final = 4.0
_NARROWEST: Final = 66.0
_NOT_RATED: Final = "did not rate"
_BY_CHANCE: Final = (
    "Of every twenty squares about one is framed by chance alone; a frame asks for a look at the"
    " notes, and is no finding."
)


@dataclass(frozen=True)
class ResidualMap:
    """Standardised residuals of the ratings by pair.

    Parameters
    ----------
    candidates, assessors : tuple of str
    residuals : tuple of tuple of float, Undefined or None
        For each candidate the sum of residuals by each assessor over its standard error;
        positive is kinder than expected. None where the assessor did not rate.

    Raises
    ------
    ValueError
        If a residual is missing or one too many.
    """

    candidates: tuple[str, ...]
    assessors: tuple[str, ...]
    residuals: tuple[tuple[float | Undefined | None, ...], ...]

    def __post_init__(self) -> None:
        check_shape(self.residuals, self.candidates, self.assessors)


def residual_map(seen: ResidualMap, *, theme: Theme = LIGHT) -> Picture:
    """A row for each candidate and a column for each assessor.

    Parameters
    ----------
    seen : ResidualMap
    theme : Theme
    """
    grid = Grid(
        Rows.of(seen.candidates),
        Columns.of(seen.assessors, narrowest=_NARROWEST),
        tuple(tuple(_square(each, theme) for each in row) for row in seen.residuals),
        "standardised residual by assessor",
    )
    return grid_picture(grid, _caption(seen, theme), _table(seen), theme)


def _square(residual: float | Undefined | None, theme: Theme) -> Square:
    if residual is None:
        return Square(_NOT_RATED, None)
    if isinstance(residual, Undefined):
        return Square(NOT_DEFINED, None)
    # What is printed decides, so that no "2.0" stands without its frame.
    printed = round(float(residual), 1)
    sign = "+" if printed > 0 else ""
    ground = diverging(theme, residual / _FULL)
    return Square(sign + number(printed, 1), ground, framed=abs(printed) >= LARGE)


def _caption(seen: ResidualMap, theme: Theme) -> Caption:
    below, _, above = theme.spread
    undefined = tuple(
        f"{candidate} by {assessor}: {NOT_DEFINED}, {residual.reason}."
        for candidate, row in zip(seen.candidates, seen.residuals, strict=True)
        for assessor, residual in zip(seen.assessors, row, strict=True)
        if isinstance(residual, Undefined)
    )
    return Caption(
        "Ratings against what the model expects",
        "Plus is kinder than expected of this assessor for this candidate, minus is stricter."
        " Frames mark residuals of two standard errors and more.",
        (
            Key("far stricter (\u2212)", "box", Style(below, "s")),
            Key("far kinder (+)", "box", Style(above, "s")),
            Key("not rated", "hatch", theme.style(0)),
        ),
        (
            _BY_CHANCE,
            *undefined,
        ),
    )


def _table(seen: ResidualMap) -> Table:
    rows = tuple(
        (candidate, *map(_cell, row))
        for candidate, row in zip(seen.candidates, seen.residuals, strict=True)
    )
    return Table("Standardised residuals", ("candidate", *seen.assessors), rows)


def _cell(residual: float | Undefined | None) -> Cell:
    return _NOT_RATED if residual is None else residual
