"""Who rated whom: candidates and assessors joined by lines, in groups that can be compared.

It refuses to draw a line between groups that nobody links, and says what follows from it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from service.measurement.pictures.canvases import Picture, Point
from service.measurement.pictures.captions import MARGIN, Caption, Key, Sheet
from service.measurement.pictures.rows import Rows
from service.measurement.pictures.tables import Cell, Table
from service.measurement.pictures.themes import LIGHT, Style, Theme

_BETWEEN: Final = 220.0
_HEAD: Final = 20.0
_APART: Final = 12.0
_LOOSE: Final = 96.0
_NOBODY: Final = "nobody"


@dataclass(frozen=True)
class Group:
    """Candidates and assessors who hang together, and so can be compared."""

    candidates: tuple[str, ...]
    assessors: tuple[str, ...]


@dataclass(frozen=True)
class Link:
    """An assessor rated a candidate; weak, if without it the group would fall apart."""

    candidate: str
    assessor: str
    ratings: int
    weak: bool = False


@dataclass(frozen=True)
class Design:
    """A design in its groups.

    Raises
    ------
    ValueError
        For no groups, somebody in two, and a link between two or with somebody of none.
    """

    groups: tuple[Group, ...]
    links: tuple[Link, ...]

    def __post_init__(self) -> None:
        if not self.groups:
            raise ValueError("a design has one group at least; give who rated whom")
        candidates, assessors = self.places
        named = [label for group in self.groups for label in group.candidates + group.assessors]
        if len(candidates) + len(assessors) != len(named):
            raise ValueError("somebody stands in two groups; put each into one")
        for link in self.links:
            place = candidates.get(link.candidate)
            if place is None or place != assessors.get(link.assessor):
                raise ValueError(
                    f"{link.candidate} and {link.assessor} are linked, but not in one group"
                )

    @property
    def places(self) -> tuple[Mapping[str, int], Mapping[str, int]]:
        """The group of each candidate and of each assessor, from 0."""
        named = [(each.candidates, each.assessors) for each in self.groups]
        one, other = (
            {label: place for place, sides in enumerate(named) for label in sides[side]}
            for side in range(2)
        )
        return one, other

    @property
    def verdict(self) -> str:
        """Whether all can be compared, in a sentence."""
        if len(self.groups) == 1:
            return "All candidates can be compared: the design hangs together."
        return (
            f"The design falls into {len(self.groups)} groups. Candidates of different groups"
            " cannot be compared, nor can their assessors: nobody rates in two of them."
        )


@dataclass(frozen=True)
class _Side:
    """Where the candidates or the assessors of all groups stand."""

    rows: tuple[Rows, ...]
    tops: tuple[float, ...]

    @property
    def room(self) -> float:
        return max(rows.room for rows in self.rows)


def design_graph(design: Design, *, theme: Theme = LIGHT) -> Picture:
    """Candidates on the left and assessors on the right, each group below the one before.

    Parameters
    ----------
    design : Design
    theme : Theme
    """
    sides = list(zip(*map(_rows, design.groups), strict=True))
    heights = [max(a.height, b.height) for a, b in zip(*sides, strict=True)]
    starts = tuple(accumulate((_HEAD + tall + _APART for tall in heights), initial=0.0))
    left, right = (_Side(rows, tuple(_tops(rows, heights, starts))) for rows in sides)
    nodes = MARGIN + left.room + 16, MARGIN + left.room + 16 + _BETWEEN
    sheet = Sheet(_caption(design, theme), nodes[1] + 16 + right.room + MARGIN, starts[-1], theme)
    _draw_heads(sheet, starts)
    places = (
        dict(_places(design, left, nodes[0], "candidates")),
        dict(_places(design, right, nodes[1], "assessors")),
    )
    _draw_links(sheet, design, places)
    _draw_side(sheet, left, nodes[0], MARGIN)
    _draw_side(sheet, right, nodes[1], nodes[1] + 16)
    return sheet.picture(_table(design))


def _rows(group: Group) -> tuple[Rows, Rows]:
    """Both sides of a group; the shorter one is spread out, so that its lines come apart."""
    sides = group.candidates, group.assessors
    tall = max(Rows.of(side).height for side in sides)
    one, other = (Rows.of(side, least=min(tall / max(len(side), 1), _LOOSE)) for side in sides)
    return one, other


def _tops(
    rows: tuple[Rows, ...], heights: list[float], starts: tuple[float, ...]
) -> Iterator[float]:
    """The smaller side of a group stands at the middle of the larger."""
    for each, tall, start in zip(rows, heights, starts, strict=False):
        yield start + _HEAD + (tall - each.height) / 2


def _places(design: Design, side: _Side, x: float, name: str) -> Iterator[tuple[str, Point]]:
    for group, rows, top in zip(design.groups, side.rows, side.tops, strict=True):
        for row, label in enumerate(getattr(group, name)):
            yield label, (x, top + rows.middle(row))


def _draw_heads(sheet: Sheet, starts: tuple[float, ...]) -> None:
    canvas, theme = sheet.canvas, sheet.canvas.theme
    count = len(starts) - 1
    for place, start in enumerate(starts[:-1]):
        y = sheet.top + start
        if place:
            ends = [(MARGIN, y - 6), (sheet.right, y - 6)]
            canvas.line(ends, colour=theme.warning, width=1.2, dash=(7, 3))
        canvas.text(MARGIN, y + 10, f"group {place + 1} of {count}", bold=True)


def _draw_links(
    sheet: Sheet, design: Design, places: tuple[Mapping[str, Point], Mapping[str, Point]]
) -> None:
    theme = sheet.canvas.theme
    groups, _ = design.places
    most = max((link.ratings for link in design.links), default=1)
    for link in design.links:
        style = _weak(theme) if link.weak else theme.style(groups[link.candidate])
        ends = [
            (x, y + sheet.top) for x, y in (places[0][link.candidate], places[1][link.assessor])
        ]
        wide = 2.4 if link.weak else 0.5 + 1.2 * link.ratings / most
        sheet.canvas.line(ends, colour=style.colour, width=wide, dash=style.dash)


def _draw_side(sheet: Sheet, side: _Side, node: float, name: float) -> None:
    for place, (rows, top) in enumerate(zip(side.rows, side.tops, strict=True)):
        rows.draw(sheet.canvas, name, sheet.top + top)
        for row in range(len(rows.names)):
            y = sheet.top + top + rows.middle(row)
            sheet.canvas.mark(node, y, sheet.canvas.theme.style(place))


def _weak(theme: Theme) -> Style:
    return Style(theme.warning, "o", (2, 2))


def _caption(design: Design, theme: Theme) -> Caption:
    groups = tuple(
        Key(f"group {place + 1}", "interval", theme.style(place))
        for place in range(len(design.groups))
    )
    weak = (Key("only link between two parts", "line", _weak(theme)),)
    return Caption(
        "Who rated whom",
        f"{design.verdict} Thicker lines are more ratings.",
        groups + (weak if any(link.weak for link in design.links) else ()),
        tuple(f"{label}: rated by {_NOBODY}." for label in _alone(design, "candidate"))
        + tuple(f"{label}: rated {_NOBODY}." for label in _alone(design, "assessor")),
    )


def _alone(design: Design, side: str) -> tuple[str, ...]:
    linked = {getattr(link, side) for link in design.links}
    labels = (label for group in design.groups for label in getattr(group, f"{side}s"))
    return tuple(label for label in labels if label not in linked)


def _table(design: Design) -> Table:
    candidates, assessors = design.places
    rows: list[tuple[Cell, ...]] = [
        (
            link.candidate,
            link.assessor,
            link.ratings,
            candidates[link.candidate] + 1,
            "yes" if link.weak else "no",
        )
        for link in design.links
    ]
    alone = _alone(design, "candidate"), _alone(design, "assessor")
    rows += [(label, _NOBODY, 0, candidates[label] + 1, "no") for label in alone[0]]
    rows += [(_NOBODY, label, 0, assessors[label] + 1, "no") for label in alone[1]]
    columns = ("candidate", "assessor", "ratings", "group", "only link")
    return Table(design.verdict, columns, tuple(rows))
