"""Who comes first at which weight of a competency, and how often over all weights.

Letters stand for candidates, as names do not fit between switch points; it refuses a winner
that has no row of its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from string import ascii_uppercase
from typing import Final

from service.measurement.pictures.axes import AXIS_ROOM, Axis, draw_across, percent
from service.measurement.pictures.canvases import Canvas, Picture
from service.measurement.pictures.captions import MARGIN, Caption, Key, Sheet
from service.measurement.pictures.estimates import NOT_DEFINED, cell, draw_gap
from service.measurement.pictures.lettering import width
from service.measurement.pictures.rows import Rows
from service.measurement.pictures.spreads import spread
from service.measurement.pictures.tables import Cell, Table
from service.measurement.pictures.themes import LIGHT, Style, Theme, blend
from service.measurement.results import Undefined

_WIDE: Final = 380.0
_WORDS: Final = 70.0
_STRIP: Final = 44.0
_BAR: Final = 16.0
_BETWEEN: Final = 14.0
_SMALL: Final = 7.5
_TINT: Final = 0.3
_SLACK: Final = 1e-9


@dataclass(frozen=True)
class Stretch:
    """Weights from `low` to `high`, as shares of one, at which `winner` comes first."""

    low: float
    high: float
    winner: str


@dataclass(frozen=True)
class Strip:
    """A competency: its weight as locked, and who comes first as that weight goes from 0 to 1.

    The other weights keep their proportions. The reason stands where nobody comes first.
    """

    competency: str
    nominal: float
    stretches: tuple[Stretch, ...] | Undefined


@dataclass(frozen=True)
class Acceptability:
    """The share of all possible weights at which a candidate comes first."""

    candidate: str
    share: float | Undefined


@dataclass(frozen=True)
class Sensitivity:
    """All strips, and a row for every candidate.

    Raises
    ------
    ValueError
        If a winner has no row, or the stretches of a strip leave weights out.
    """

    strips: tuple[Strip, ...]
    acceptabilities: tuple[Acceptability, ...]

    def __post_init__(self) -> None:
        known = {each.candidate for each in self.acceptabilities}
        for strip, stretch in self.stretches:
            if stretch.winner not in known:
                raise ValueError(f"{stretch.winner} wins in {strip.competency} but has no row")
        for strip in self.strips:
            _check_whole(strip)

    @property
    def stretches(self) -> tuple[tuple[Strip, Stretch], ...]:
        """All stretches with their strips, in order."""
        return tuple(
            (strip, stretch)
            for strip in self.strips
            if not isinstance(strip.stretches, Undefined)
            for stretch in strip.stretches
        )

    @property
    def letters(self) -> dict[str, str]:
        """A letter for each candidate who comes first somewhere, in the order of the rows."""
        winners = {stretch.winner for _, stretch in self.stretches}
        ordered = [each.candidate for each in self.acceptabilities if each.candidate in winners]
        pairs = ("".join(pair) for pair in product(ascii_uppercase, repeat=2))
        return dict(zip(ordered, (*ascii_uppercase, *pairs), strict=False))


def sensitivity(seen: Sensitivity, *, theme: Theme = LIGHT) -> Picture:
    """Strips of winners by weight, above bars of how often each candidate comes first.

    Parameters
    ----------
    seen : Sensitivity
    theme : Theme
    """
    letters = seen.letters
    strips = Rows.of([each.competency for each in seen.strips], least=_STRIP)
    names = [_name(each.candidate, letters) for each in seen.acceptabilities]
    bars = Rows.of(names)
    start = MARGIN + max(strips.room, bars.room) + 14
    axis = Axis(0.0, 1.0, start, start + _WIDE)
    body = strips.height + bars.height + 2 * AXIS_ROOM + _BETWEEN
    sheet = Sheet(_caption(seen, theme), axis.stop + _WORDS + MARGIN, body, theme)
    _draw_strips(sheet, strips, axis, seen)
    _draw_bars(sheet, bars, axis, seen)
    return sheet.picture(_table(seen))


def _check_whole(strip: Strip) -> None:
    if isinstance(strip.stretches, Undefined):
        return
    ends = [0.0, *(each.high for each in strip.stretches)]
    starts = [*(each.low for each in strip.stretches), 1.0]
    if any(abs(end - start) > _SLACK for end, start in zip(ends, starts, strict=True)):
        raise ValueError(f"the stretches of {strip.competency} must follow on from 0 to 1")


def _name(candidate: str, letters: dict[str, str]) -> str:
    return f"{letters[candidate]}: {candidate}" if candidate in letters else candidate


def _draw_strips(sheet: Sheet, rows: Rows, axis: Axis, seen: Sensitivity) -> None:
    canvas, top = sheet.canvas, sheet.top
    rows.draw(canvas, sheet.left, top, right=sheet.right)
    draw_across(canvas, axis, (top, top + rows.height), "weight of the competency", shares=True)
    for row, strip in enumerate(seen.strips):
        y = top + rows.middle(row) - 1
        if isinstance(strip.stretches, Undefined):
            draw_gap(canvas, axis.start + 4, y)
        else:
            _draw_strip(canvas, axis, y, (strip.stretches, seen.letters))
        canvas.mark(axis.at(strip.nominal), y - _BAR / 2 - 5.5, _nominal(canvas.theme), size=7)


def _draw_strip(
    canvas: Canvas,
    axis: Axis,
    y: float,
    drawn: tuple[tuple[Stretch, ...], dict[str, str]],
) -> None:
    stretches, letters = drawn
    places = {letter: place for place, letter in enumerate(letters.values())}
    for each in stretches:
        letter = letters[each.winner]
        start, stop = axis.at(each.low), axis.at(each.high)
        tint = _tint(canvas.theme, places[letter])
        edge = canvas.theme.ink
        canvas.box(start, y - _BAR / 2, stop - start, _BAR, fill=tint, edge=edge)
        if width(letter, 9, bold=True) + 3 < stop - start:
            canvas.text((start + stop) / 2, y + 3.2, letter, anchor="center", bold=True)
    _draw_switches(canvas, axis, y + _BAR / 2 + 9, [each.high for each in stretches[:-1]])


def _draw_switches(canvas: Canvas, axis: Axis, y: float, switches: Sequence[float]) -> None:
    """Prints the weights where the winner changes, as far as there is room for all."""
    words = [percent(each, 1) for each in switches]
    sizes = [width(each, _SMALL) + 4 for each in words]
    if sum(sizes) > axis.stop - axis.start:
        return
    middles = spread([axis.at(each) for each in switches], sizes, (axis.start, axis.stop))
    for middle, told in zip(middles, words, strict=True):
        wide = width(told, _SMALL) + 2
        canvas.box(middle - wide / 2, y - 7, wide, 9, fill=canvas.theme.paper)
        canvas.text(middle, y, told, size=_SMALL, anchor="center")


def _draw_bars(sheet: Sheet, rows: Rows, axis: Axis, seen: Sensitivity) -> None:
    canvas = sheet.canvas
    top = sheet.bottom - AXIS_ROOM - rows.height
    rows.draw(canvas, sheet.left, top, right=sheet.right)
    span = (top, top + rows.height)
    draw_across(canvas, axis, span, "share of all weights at which first", shares=True)
    for row, each in enumerate(seen.acceptabilities):
        y = top + rows.middle(row)
        if isinstance(each.share, Undefined):
            draw_gap(canvas, axis.start + 4, y)
            continue
        wide = axis.at(each.share) - axis.start
        canvas.box(axis.start, y - 5, wide, 10, fill=canvas.theme.style(0).colour)
        canvas.text(axis.stop + 12, y + 3, percent(each.share, 1))


def _tint(theme: Theme, place: int) -> str:
    return blend(theme.paper, theme.style(place).colour, _TINT)


def _nominal(theme: Theme) -> Style:
    return Style(theme.warning, "v")


def _caption(seen: Sensitivity, theme: Theme) -> Caption:
    return Caption(
        "How far the order depends on the weights",
        "Each strip shows who comes first as one weight goes from nothing to all, while the"
        " others keep their proportions. A mark close to a switch point is an order that a"
        " small change of weights would turn.",
        (Key("weight as locked", "mark", _nominal(theme)),),
        (
            "Letters stand for the candidates below; the table has stretches too narrow for one.",
            *_undefined(seen),
        ),
    )


def _undefined(seen: Sensitivity) -> Iterator[str]:
    for strip in seen.strips:
        if isinstance(strip.stretches, Undefined):
            yield f"{strip.competency}: {NOT_DEFINED}, {strip.stretches.reason}."
    for each in seen.acceptabilities:
        if isinstance(each.share, Undefined):
            yield f"{each.candidate}: {NOT_DEFINED}, {each.share.reason}."


def _table(seen: Sensitivity) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for strip in seen.strips:
        if isinstance(strip.stretches, Undefined):
            rows.append((strip.competency, strip.nominal, *[strip.stretches] * 3))
            continue
        rows += [
            (strip.competency, strip.nominal, each.low, each.high, each.winner)
            for each in strip.stretches
        ]
    rows += [
        ("all weights", "any", "any", cell(each.share), each.candidate)
        for each in seen.acceptabilities
    ]
    columns = ("competency", "weight as locked", "from", "to, or share of all", "first")
    return Table("Who comes first at which weights", columns, tuple(rows))
