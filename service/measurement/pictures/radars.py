"""A candidate's profile as a radar, against the minimum standards.

It refuses to fill the area, which grows with the square of the levels and with the order of
the spokes; its caption says so and points to the profile of dots.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, sin
from typing import Final

from service.measurement.pictures.axes import number
from service.measurement.pictures.canvases import BODY, Anchor, Canvas, Picture, Point
from service.measurement.pictures.captions import MARGIN, Caption, Key, Sheet
from service.measurement.pictures.estimates import NOT_DEFINED, flags
from service.measurement.pictures.lettering import LEADING, wrapped
from service.measurement.pictures.profiles import Competency, Profile
from service.measurement.pictures.themes import LIGHT, Style, Theme
from service.measurement.results import Interval, Undefined

FEWEST: Final = 3
"""Fewer spokes than this make no radar."""

_RADIUS: Final = 150.0
_NAMES: Final = 130.0
_OUTSIDE: Final = 12.0
_RINGS: Final = 4
_LEVEL: Final = 0.2


@dataclass(frozen=True)
class _Wheel:
    """Where levels stand on spokes, the first upwards and the others clockwise."""

    centre: Point
    spokes: int
    scale: tuple[float, float]

    def at(self, spoke: int, level: float) -> Point:
        low, high = self.scale
        # The lowest level keeps off the centre, where all spokes would be one.
        share = 0.15 + 0.85 * (level - low) / (high - low)
        return self.out(spoke, share * _RADIUS)

    def out(self, spoke: int, distance: float) -> Point:
        angle = 2 * pi * spoke / self.spokes
        return self.centre[0] + distance * sin(angle), self.centre[1] - distance * cos(angle)

    def side(self, spoke: int) -> Anchor:
        across = sin(2 * pi * spoke / self.spokes)
        if abs(across) < _LEVEL:
            return "center"
        return "left" if across > 0 else "right"


def radar(shown: Profile, *, theme: Theme = LIGHT) -> Picture:
    """A spoke for each competency, the level on it and the minimum, both joined by lines.

    Parameters
    ----------
    shown : Profile
    theme : Theme

    Raises
    ------
    ValueError
        For fewer than three competencies, of which there is no radar.
    """
    count = len(shown.competencies)
    if count < FEWEST:
        raise ValueError(f"{count} competencies make no radar; draw the profile instead")
    names = [wrapped(_name(each), _NAMES, BODY) for each in shown.competencies]
    tallest = max(len(lines) for lines in names) * BODY * LEADING
    above = _RADIUS + _OUTSIDE + tallest + 8
    below = max(-cos(2 * pi * spoke / count) for spoke in range(count)) * above
    width = 2 * (_RADIUS + _OUTSIDE + _NAMES + MARGIN)
    sheet = Sheet(_caption(shown, theme), width, above + below, theme)
    wheel = _Wheel((width / 2, sheet.top + above), count, shown.scale)
    _draw_web(sheet.canvas, wheel)
    _draw_names(sheet.canvas, wheel, names, shown.competencies)
    minima = [each.minimum for each in shown.competencies]
    _draw_round(sheet.canvas, wheel, minima, theme.style(1))
    levels = [_level(each) for each in shown.competencies]
    _draw_round(sheet.canvas, wheel, levels, theme.style(0))
    _draw_details(sheet.canvas, wheel, shown.competencies)
    return sheet.picture(shown.table)


def _name(competency: Competency) -> str:
    name = competency.level.name
    return f"{name}: {NOT_DEFINED}" if _level(competency) is None else name


def _level(competency: Competency) -> float | None:
    value = competency.level.estimate.value
    return None if isinstance(value, Undefined) else value


def _draw_web(canvas: Canvas, wheel: _Wheel) -> None:
    low, high = wheel.scale
    for ring in range(_RINGS + 1):
        level = low + (high - low) * ring / _RINGS
        points = [wheel.at(spoke, level) for spoke in range(wheel.spokes)]
        canvas.area(points, fill=None, edge=canvas.theme.rule)
    for spoke in range(wheel.spokes):
        canvas.line([wheel.centre, wheel.at(spoke, high)], colour=canvas.theme.rule)


def _draw_names(
    canvas: Canvas,
    wheel: _Wheel,
    names: Sequence[Sequence[str]],
    competencies: Sequence[Competency],
) -> None:
    for spoke, (lines, each) in enumerate(zip(names, competencies, strict=True)):
        colour = canvas.theme.warning if _level(each) is None else canvas.theme.ink
        x, y = wheel.out(spoke, _RADIUS + _OUTSIDE)
        side = wheel.side(spoke)
        # Above and below the wheel names grow away from it, beside it they stand about the spoke.
        away = len(lines) * BODY * LEADING / 2 if side == "center" else 0.0
        middle = y + (away if y > wheel.centre[1] else -away)
        canvas.block(x, middle, lines, anchor=side, colour=colour)


def _draw_round(
    canvas: Canvas, wheel: _Wheel, levels: Sequence[float | None], style: Style
) -> None:
    """Joins neighbours; where a spoke has no level, the line has a gap."""
    for spoke, level in enumerate(levels):
        other = (spoke + 1) % wheel.spokes
        following = levels[other]
        if level is not None and following is not None:
            ends = [wheel.at(spoke, level), wheel.at(other, following)]
            canvas.line(ends, colour=style.colour, width=1.6, dash=style.dash)


def _draw_details(canvas: Canvas, wheel: _Wheel, competencies: Sequence[Competency]) -> None:
    low, high = wheel.scale
    for spoke, each in enumerate(competencies):
        interval = each.level.estimate.interval
        if isinstance(interval, Interval):
            kept = [min(max(end, low), high) for end in (interval.low, interval.high)]
            ends = [wheel.at(spoke, end) for end in kept]
            canvas.line(ends, colour=canvas.theme.style(0).colour, width=3)
        if each.minimum is not None:
            canvas.mark(*wheel.at(spoke, each.minimum), canvas.theme.style(1), hollow=True)
        level = _level(each)
        if level is not None:
            flagged = bool(each.level.flag)
            canvas.mark(*wheel.at(spoke, level), canvas.theme.style(0), hollow=flagged)
    # Between two spokes, where no mark can be.
    for level in (low, high):
        x, y = _between(wheel, level)
        canvas.box(x - 6, y - 6, 12, 12, fill=canvas.theme.paper)
        canvas.text(x, y + 3, number(level, 0), size=8, anchor="center", colour=canvas.theme.muted)


def _between(wheel: _Wheel, level: float) -> Point:
    (ax, ay), (bx, by) = wheel.at(0, level), wheel.at(1, level)
    return (ax + bx) / 2, (ay + by) / 2


def _caption(shown: Profile, theme: Theme) -> Caption:
    return Caption(
        f"Profile of {shown.candidate}, as a radar",
        "Further out is higher. Read along the spokes only: the area means nothing, as it depends"
        " on the order of the competencies. The profile of dots shows the same more exactly.",
        (
            Key("level, thick its interval", "interval", theme.style(0)),
            Key("minimum standard", "line", theme.style(1)),
        ),
        flags(each.level for each in shown.competencies),
    )
