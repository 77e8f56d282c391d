"""Grids of values: squares whose shade says roughly what the number in them says exactly.

It refuses to leave a square without a value plain: it is hatched and has a word.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from service.measurement.pictures.canvases import Canvas, Picture
from service.measurement.pictures.captions import MARGIN, Caption, Sheet
from service.measurement.pictures.rows import Columns, Rows
from service.measurement.pictures.tables import Table
from service.measurement.pictures.themes import Theme, blend, ink_on

INSIDE: Final = 8.0
"""The size of text in a square."""

_APART: Final = 10.0
# So that short captions do not become towers.
_NARROWEST: Final = 420.0


@dataclass(frozen=True)
class Square:
    """One square: what stands in it, and its ground; hatched where there is none."""

    words: str
    fill: str | None
    framed: bool = False


@dataclass(frozen=True)
class Grid:
    """Squares under headings, beside names.

    Parameters
    ----------
    rows : Rows
    columns : Columns
    squares : tuple of tuple of Square
    across : str
        What the columns are.
    """

    rows: Rows
    columns: Columns
    squares: tuple[tuple[Square, ...], ...]
    across: str


def grid_picture(grid: Grid, caption: Caption, table: Table, theme: Theme) -> Picture:
    """The grid on a sheet of its own."""
    left = MARGIN + grid.rows.room + _APART
    wide = max(left + grid.columns.width + MARGIN, _NARROWEST)
    head = grid.columns.tall + 14
    sheet = Sheet(caption, wide, head + grid.rows.height, theme)
    canvas, top = sheet.canvas, sheet.top + head
    canvas.text(left, sheet.top + 8, grid.across, size=INSIDE, colour=theme.muted)
    grid.rows.draw(canvas, MARGIN, top)
    grid.columns.draw(canvas, left, top)
    for row, squares in enumerate(grid.squares):
        edges = top + grid.rows.edges[row], top + grid.rows.edges[row + 1]
        _draw_row(canvas, grid.columns, (left, *edges), squares)
    return sheet.picture(table)


def check_shape(
    values: Sequence[Sequence[object]], rows: Sequence[str], columns: Sequence[str]
) -> None:
    """Raises ValueError unless there is a value for each row and column."""
    if len(values) != len(rows):
        raise ValueError(f"there are values for {len(values)} rows, and names for {len(rows)}")
    for label, row in zip(rows, values, strict=True):
        if len(row) != len(columns):
            raise ValueError(
                f"{label} has {len(row)} values for {len(columns)} columns; give one for each"
            )


def sequential(theme: Theme, share: float) -> str:
    """The ground for a share of all, from 0 to 1."""
    return blend(*theme.ramp, min(max(share, 0.0), 1.0))


def diverging(theme: Theme, share: float) -> str:
    """The ground for a value from -1, far below, to 1, far above."""
    below, middle, above = theme.spread
    return blend(middle, above if share > 0 else below, min(abs(share), 1.0))


def _draw_row(
    canvas: Canvas,
    columns: Columns,
    place: tuple[float, float, float],
    squares: Sequence[Square],
) -> None:
    x, top, bottom = place
    for count, square in _runs(squares):
        wide = count * columns.wide
        _draw_ground(canvas, square, (x, top, wide, bottom - top))
        if square.words:
            _draw_words(canvas, square, x + wide / 2, (top + bottom) / 2)
        x += wide


def _runs(squares: Sequence[Square]) -> Iterator[tuple[int, Square]]:
    """The squares with how many they stand for: empty ones side by side are one."""
    for square, alike in groupby(squares):
        count = len(list(alike))
        yield from ((1, square),) * count if square.words else ((count, square),)


def _draw_words(canvas: Canvas, square: Square, x: float, middle: float) -> None:
    canvas.block(
        x,
        middle,
        [square.words],
        size=INSIDE,
        anchor="center",
        bold=square.framed,
        colour=canvas.theme.muted if square.fill is None else ink_on(square.fill),
    )


def _draw_ground(canvas: Canvas, square: Square, place: tuple[float, float, float, float]) -> None:
    x, y, wide, tall = place
    theme = canvas.theme
    hatch = None if square.fill else "////"
    canvas.box(x, y, wide, tall, fill=square.fill, edge=theme.paper, hatch=hatch)
    if square.fill is None:
        canvas.box(x + 3, y + tall / 2 - 6, wide - 6, 12, fill=theme.paper)
    if square.framed:
        canvas.box(x + 1.5, y + 1.5, wide - 3, tall - 3, edge=ink_on(square.fill or theme.paper))
