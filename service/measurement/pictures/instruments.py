"""Which instrument showed how much of which competency: a grid of mean ratings.

It tells apart what an instrument does not observe by design from what it should have shown.
"""

from dataclasses import dataclass
from typing import Final

from service.measurement.pictures.axes import number
from service.measurement.pictures.canvases import Picture
from service.measurement.pictures.captions import Caption, Key
from service.measurement.pictures.estimates import NOT_DEFINED
from service.measurement.pictures.grids import Grid, Square, check_shape, grid_picture, sequential
from service.measurement.pictures.rows import Columns, Rows
from service.measurement.pictures.tables import Cell, Table
from service.measurement.pictures.themes import LIGHT, Style, Theme
from service.measurement.results import Undefined

_NARROWEST: Final = 66.0
_BY_DESIGN: Final = "not observed by design"


@dataclass(frozen=True)
class InstrumentMap:
    """Mean ratings.

    Parameters
    ----------
    competencies, instruments : tuple of str
    means : tuple of tuple of float, Undefined or None
        For each competency the mean by each instrument; None where the instrument is not
        meant to show it, the reason where it was and did not.
    scale : tuple of float
        The lowest and the highest value that a rating may have.

    Raises
    ------
    ValueError
        If a mean is missing or one too many.
    """

    competencies: tuple[str, ...]
    instruments: tuple[str, ...]
    means: tuple[tuple[float | Undefined | None, ...], ...]
    scale: tuple[float, float]

    def __post_init__(self) -> None:
        check_shape(self.means, self.competencies, self.instruments)


def instrument_map(shown: InstrumentMap, *, theme: Theme = LIGHT) -> Picture:
    """A row for each competency and a column for each instrument.

    Parameters
    ----------
    shown : InstrumentMap
    theme : Theme
    """
    grid = Grid(
        Rows.of(shown.competencies),
        Columns.of(shown.instruments, narrowest=_NARROWEST),
        tuple(tuple(_square(mean, shown, theme) for mean in row) for row in shown.means),
        "mean rating by instrument",
    )
    return grid_picture(grid, _caption(shown, theme), _table(shown), theme)


def _square(mean: float | Undefined | None, shown: InstrumentMap, theme: Theme) -> Square:
    if mean is None:
        return Square("\u2013", None)
    if isinstance(mean, Undefined):
        return Square(NOT_DEFINED, None)
    lowest, highest = shown.scale
    return Square(number(mean), sequential(theme, (mean - lowest) / (highest - lowest)))


def _caption(shown: InstrumentMap, theme: Theme) -> Caption:
    low, high = (number(end, 0) for end in shown.scale)
    notes = tuple(
        f"{competency} by {instrument}: {NOT_DEFINED}, {mean.reason}."
        for competency, row in zip(shown.competencies, shown.means, strict=True)
        for instrument, mean in zip(shown.instruments, row, strict=True)
        if isinstance(mean, Undefined)
    )
    return Caption(
        "What each instrument showed of each competency",
        "Read along a row: where instruments disagree on a competency, the exercise and not the"
        " competency may be what was rated.",
        (
            Key(f"all ratings {low}", "box", Style(theme.ramp[0], "s")),
            Key(f"all ratings {high}", "box", Style(theme.ramp[1], "s")),
            Key("\u2013 not observed by design", "hatch", theme.style(0)),
        ),
        notes,
    )


def _table(shown: InstrumentMap) -> Table:
    rows = tuple(
        (competency, *map(_cell, row))
        for competency, row in zip(shown.competencies, shown.means, strict=True)
    )
    return Table("Mean rating by instrument", ("competency", *shown.instruments), rows)


def _cell(mean: float | Undefined | None) -> Cell:
    return _BY_DESIGN if mean is None else mean
