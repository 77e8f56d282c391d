"""Whether a group was selected less often than another, stage by stage, as a table.

It refuses to leave the verdict to the ratio: beside it stand the numbers of people, the
interval, the exact test and what one person more would change.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import log2
from typing import Final

from service.measurement.pictures.axes import Axis, number, percent
from service.measurement.pictures.canvases import BODY, Canvas, Picture
from service.measurement.pictures.captions import MARGIN, Caption, Key, Sheet
from service.measurement.pictures.estimates import NOT_DEFINED, cell, draw_gap, ends, read
from service.measurement.pictures.lettering import LEADING, width, wrapped
from service.measurement.pictures.tables import Table
from service.measurement.pictures.themes import LIGHT, Style, Theme
from service.measurement.results import Estimate, Interval, Undefined

FOUR_FIFTHS: Final = 0.8
"""The flag of the Uniform Guidelines, 29 CFR 1607.4 D."""

_PLOT: Final = 150.0
_WIDEST: Final = 150.0
_BETWEEN: Final = 14.0
_HEAD: Final = 34.0
_TICKS: Final = 24.0
_EDGES: Final = (0.125, 8.0)
_INSIDE: Final = "|"


@dataclass(frozen=True)
class Impact:
    """One group at one stage.

    Parameters
    ----------
    stage, group : str
    selected, pool : int or Undefined
        People; the reason where they are too few to be told.
    ratio : Estimate
        The group's rate over that of the group most selected, with its interval.
    p : float or Undefined
        Of the exact test.
    flip : float or Undefined
        The ratio if one person more of this group and one fewer of the other were selected.
    verdict : str
        In plain words, "too few to say" among them.
    """

    stage: str
    group: str
    selected: int | Undefined
    pool: int | Undefined
    ratio: Estimate
    p: float | Undefined
    flip: float | Undefined
    verdict: str

    @property
    def rate(self) -> float | Undefined:
        """The share of the group that was selected."""
        selected, pool = self.selected, self.pool
        if isinstance(selected, Undefined):
            return selected
        if isinstance(pool, Undefined):
            return pool
        return selected / pool if pool else Undefined("nobody of the group was in the pool")


@dataclass(frozen=True)
class _Columns:
    """Lines of every cell, where each column starts, and how tall each row is."""

    heads: tuple[tuple[str, ...], ...]
    cells: tuple[tuple[tuple[str, ...], ...], ...]
    starts: tuple[float, ...]
    heights: tuple[float, ...]

    @classmethod
    def of(cls, heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> "_Columns":
        cells = tuple(tuple(wrapped(each, _WIDEST, BODY) for each in row) for row in rows)
        names = tuple(wrapped(each, 84, BODY, bold=True) for each in heads)
        starts = [MARGIN]
        for place, name in enumerate(names):
            inside = [width(line, BODY) for row in cells for line in row[place]]
            head = [width(line, BODY, bold=True) for line in name]
            starts.append(starts[-1] + max(inside + head) + _BETWEEN)
        heights = tuple(max(len(each) for each in row) * BODY * LEADING + 10 for row in cells)
        return cls(names, cells, tuple(starts), heights)


def impacts(rows: tuple[Impact, ...], *, theme: Theme = LIGHT) -> Picture:
    """A table with a row for each group at each stage, and the ratios drawn beside it.

    Parameters
    ----------
    rows : tuple of Impact
        In the order they are drawn.
    theme : Theme
    """
    columns = _Columns.of(_HEADS, [_words(each) for each in rows])
    start = columns.starts[-1] + 4
    low, high = map(log2, _EDGES)
    axis = Axis(low, high, start, start + _PLOT)
    body = _HEAD + sum(columns.heights) + _TICKS
    sheet = Sheet(_caption(rows, theme), axis.stop + 8 + MARGIN, body, theme)
    edges = tuple(accumulate(columns.heights, initial=sheet.top + _HEAD))
    _draw_cells(sheet, columns, edges)
    _draw_axis(sheet, axis, edges[-1])
    for each, (top, bottom) in zip(rows, pairwise(edges), strict=True):
        _draw_ratio(sheet.canvas, axis, (top + bottom) / 2, each.ratio)
    return sheet.picture(_table(rows))


_HEADS: Final = (
    "stage",
    "group",
    "selected of pool",
    "rate",
    "ratio and interval",
    "exact p",
    "ratio if one person changed",
    "verdict",
)


def _words(impact: Impact) -> tuple[str, ...]:
    rate = impact.rate
    few = isinstance(impact.selected, Undefined) or isinstance(impact.pool, Undefined)
    return (
        impact.stage,
        impact.group,
        "not told" if few else f"{impact.selected} of {impact.pool}",
        NOT_DEFINED if isinstance(rate, Undefined) else percent(rate),
        _ratio(impact.ratio),
        _chance(impact.p),
        read(impact.flip),
        impact.verdict,
    )


def _ratio(ratio: Estimate) -> str:
    interval = ratio.interval
    told = read(ratio.value)
    if isinstance(interval, Interval):
        told += f" ({number(interval.low)} to {number(interval.high)})"
    return told


def _chance(p: float | Undefined) -> str:
    if isinstance(p, Undefined):
        return NOT_DEFINED
    return "< 0.001" if p < 0.001 else number(p, 3)


def _draw_heads(sheet: Sheet, columns: _Columns) -> None:
    canvas = sheet.canvas
    for start, lines in zip(columns.starts, columns.heads, strict=False):
        middle = sheet.top + _HEAD - 6 - len(lines) * BODY * LEADING / 2
        canvas.block(start, middle, lines, bold=True)
    y = sheet.top + _HEAD
    canvas.line([(sheet.left - 4, y), (sheet.right + 4, y)], colour=canvas.theme.ink)


def _draw_cells(sheet: Sheet, columns: _Columns, edges: tuple[float, ...]) -> None:
    canvas = sheet.canvas
    _draw_heads(sheet, columns)
    for row, (top, bottom) in enumerate(pairwise(edges)):
        if row % 2 == 0:
            wide = sheet.right - sheet.left + 8
            canvas.box(sheet.left - 4, top, wide, bottom - top, fill=canvas.theme.shade)
        for start, lines in zip(columns.starts, columns.cells[row], strict=False):
            canvas.block(start, (top + bottom) / 2, lines)


def _draw_axis(sheet: Sheet, axis: Axis, bottom: float) -> None:
    canvas, top, theme = sheet.canvas, sheet.top + _HEAD, sheet.canvas.theme
    for value in (0.25, 0.5, 1.0, 2.0, 4.0):
        x = axis.at(log2(value))
        canvas.line([(x, top), (x, bottom)], colour=theme.rule)
        words = f"{value:g}"
        canvas.text(x, bottom + 11, words, size=8, anchor="center", colour=theme.muted)
    x = axis.at(log2(FOUR_FIFTHS))
    canvas.line([(x, top), (x, bottom)], colour=theme.warning, width=1.2, dash=(5, 2))
    middle = (axis.start + axis.stop) / 2
    canvas.text(middle, bottom + 22, "ratio", size=8, anchor="center")


def _draw_ratio(canvas: Canvas, axis: Axis, y: float, ratio: Estimate) -> None:
    style = canvas.theme.style(0)
    if isinstance(ratio.value, Undefined):
        draw_gap(canvas, axis.start + 6, y)
        return
    if isinstance(ratio.interval, Interval):
        reached = [_at(axis, end) for end in (ratio.interval.low, ratio.interval.high)]
        canvas.line([(x, y) for x, _ in reached], colour=style.colour, width=1.5)
        for x, shape in reached:
            canvas.mark(x, y, Style(style.colour, shape), size=5)
    x, shape = _at(axis, ratio.value)
    is_inside = shape == _INSIDE
    canvas.mark(x, y, style if is_inside else Style(style.colour, shape))


def _at(axis: Axis, ratio: float) -> tuple[float, str]:
    """Where a ratio stands, and the shape of an end there: an arrow if it lies further out."""
    if ratio < _EDGES[0]:
        return axis.start, "<"
    if ratio > _EDGES[1]:
        return axis.stop, ">"
    return axis.at(log2(ratio)), _INSIDE


def _caption(rows: tuple[Impact, ...], theme: Theme) -> Caption:
    return Caption(
        "Selection by group, stage by stage",
        "The ratio is a group's rate over that of the group most selected. Below four fifths it"
        " asks for a closer look; with few people it says little, and the interval shows how"
        " little.",
        (
            Key("ratio with its interval", "interval", theme.style(0)),
            Key("four fifths", "line", Style(theme.warning, "o", (5, 2))),
        ),
        tuple(_undefined(rows)),
    )


def _undefined(rows: tuple[Impact, ...]) -> Iterator[str]:
    for each in rows:
        reasons = dict.fromkeys(
            value.reason
            for value in (each.selected, each.pool, each.ratio.value, each.p, each.flip)
            if isinstance(value, Undefined)
        )
        for reason in reasons:
            yield f"{each.stage}, {each.group}: {reason}."


def _table(rows: tuple[Impact, ...]) -> Table:
    return Table(
        "Selection by group and stage",
        (
            "stage",
            "group",
            "selected",
            "pool",
            "rate",
            "ratio",
            "low",
            "high",
            "exact p",
            "ratio if one person changed",
            "verdict",
        ),
        tuple(
            (
                each.stage,
                each.group,
                each.selected,
                each.pool,
                cell(each.rate),
                cell(each.ratio.value),
                *ends(each.ratio),
                cell(each.p),
                cell(each.flip),
                each.verdict,
            )
            for each in rows
        ),
    )
