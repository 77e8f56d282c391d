"""How likely each candidate holds each place: a grid of chances.

It refuses chances that do not sum to one over the places.
"""

from dataclasses import dataclass
from typing import Final

from service.measurement.pictures.axes import number
from service.measurement.pictures.canvases import Picture
from service.measurement.pictures.captions import Caption, Key
from service.measurement.pictures.estimates import cell
from service.measurement.pictures.grids import Grid, Square, grid_picture, sequential
from service.measurement.pictures.rows import Columns, Rows
from service.measurement.pictures.tables import Table
from service.measurement.pictures.themes import LIGHT, Style, Theme
from service.measurement.results import Undefined

_NARROWEST: Final = 30.0
_SLACK: Final = 1e-6
# Below this a chance has no number, so that those worth reading are seen.
_LEAST: Final = 0.005


@dataclass(frozen=True)
class RankChances:
    """Chances of places.

    Parameters
    ----------
    candidates : tuple of str
        In the order they are drawn, as a rule from the best.
    chances : tuple of tuple of float, or Undefined
        For each candidate the chance of each place from the first; the reason where a
        candidate has none.
    """

    candidates: tuple[str, ...]
    chances: tuple[tuple[float, ...] | Undefined, ...]

    def __post_init__(self) -> None:
        for label, chances in zip(self.candidates, self.chances, strict=True):
            if isinstance(chances, Undefined):
                continue
            if len(chances) != len(self.candidates) or abs(sum(chances) - 1) > _SLACK:
                raise ValueError(
                    f"the chances of {label} are no distribution over"
                    f" {len(self.candidates)} places; give one for each place, summing to 1"
                )


def rank_chances(chances: RankChances, *, theme: Theme = LIGHT) -> Picture:
    """A row for each candidate and a column for each place; chances in per cent.

    Parameters
    ----------
    chances : RankChances
    theme : Theme
    """
    places = tuple(str(place + 1) for place in range(len(chances.candidates)))
    squares = tuple(_squares(row, len(places), theme) for row in chances.chances)
    grid = Grid(
        Rows.of(chances.candidates),
        Columns.of(places, narrowest=_NARROWEST),
        squares,
        "chance of place, %",
    )
    return grid_picture(grid, _caption(chances, theme), _table(chances, places), theme)


def _squares(
    chances: tuple[float, ...] | Undefined, places: int, theme: Theme
) -> tuple[Square, ...]:
    if isinstance(chances, Undefined):
        return (Square("none", None),) * places
    nothing = Square("", sequential(theme, 0.0))
    return tuple(
        Square(number(100 * each, 0), sequential(theme, each)) if each >= _LEAST else nothing
        for each in chances
    )


def _caption(chances: RankChances, theme: Theme) -> Caption:
    given = zip(chances.candidates, chances.chances, strict=True)
    return Caption(
        "How likely each candidate holds each place",
        "Place 1 is the best. A row with one strong square is a firm place; a row of many"
        " faint squares is not. Squares without a number are below half a per cent.",
        (
            Key("impossible", "box", Style(theme.ramp[0], "s")),
            Key("certain", "box", Style(theme.ramp[1], "s")),
            Key("no chances", "hatch", theme.style(0)),
        ),
        tuple(
            f"{label}: not defined, {row.reason}."
            for label, row in given
            if isinstance(row, Undefined)
        ),
    )


def _table(chances: RankChances, places: tuple[str, ...]) -> Table:
    rows = tuple(
        (label, *([row] * len(places) if isinstance(row, Undefined) else map(cell, row)))
        for label, row in zip(chances.candidates, chances.chances, strict=True)
    )
    columns = ("candidate", *(f"place {place}" for place in places))
    return Table("The chance of each place, as a share of one", columns, rows)
