"""What stands above and below every picture: its title, what it shows, its key and its notes.

It makes the sheet, so that no picture can forget to say what its marks mean.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from service.measurement.pictures.canvases import BODY, SOLID, Canvas, Picture
from service.measurement.pictures.lettering import LEADING, width, wrapped
from service.measurement.pictures.tables import Table
from service.measurement.pictures.themes import Style, Theme

MARGIN: Final = 18.0
Sample = Literal["mark", "hollow", "line", "interval", "box", "hatch"]

_TITLE: Final = 13.0
_NOTE: Final = 8.5
_SAMPLE: Final = 24.0
_APART: Final = 18.0


@dataclass(frozen=True)
class Key:
    """A sample of what is drawn, and what it means."""

    words: str
    sample: Sample
    style: Style


@dataclass(frozen=True)
class Caption:
    """The words about a picture.

    Parameters
    ----------
    title : str
    subtitle : str
        What is to be seen, and how to read it.
    keys : tuple of Key
    notes : tuple of str
        What a reader must know before relying on the picture.
    """

    title: str
    subtitle: str
    keys: tuple[Key, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def description(self) -> str:
        """All of its words but the title, for who cannot see the picture."""
        keys = tuple(f"{key.words}." for key in self.keys)
        return " ".join((self.subtitle, *keys, *self.notes, "A table holds all numbers."))


@dataclass(frozen=True)
class _Placed:
    key: Key
    lines: tuple[str, ...]
    x: float
    y: float


class Sheet:
    """A canvas with the caption on it and room for the picture between `top` and `bottom`.

    Parameters
    ----------
    caption : Caption
    width : float
        Of the whole sheet, in points.
    body : float
        The height of the picture, in points.
    theme : Theme
    """

    def __init__(self, caption: Caption, width: float, body: float, theme: Theme) -> None:
        room = width - 2 * MARGIN
        self.caption = caption
        title = wrapped(caption.title, room, _TITLE, bold=True)
        subtitle = wrapped(caption.subtitle, room, BODY)
        self.top = MARGIN + (len(title) * _TITLE + len(subtitle) * BODY) * LEADING + 12
        self.bottom = self.top + body
        keys, below = _flowed(caption.keys, room, self.bottom + 14)
        once = dict.fromkeys(caption.notes)
        notes = [line for note in once for line in wrapped(note, room, _NOTE)]
        height = below + len(notes) * _NOTE * LEADING + MARGIN
        self.canvas = Canvas(width, height, theme)
        self._head(title, subtitle)
        for placed in keys:
            _draw_key(self.canvas, placed)
        self._lines(notes, below, _NOTE, bold=False)

    @property
    def left(self) -> float:
        """Where the picture begins, from the left."""
        return MARGIN

    @property
    def right(self) -> float:
        """Where it ends."""
        return self.canvas.width - MARGIN

    def picture(self, table: Table) -> Picture:
        """The sheet as it was drawn, with its table."""
        return self.canvas.picture(self.caption.title, self.caption.description, table)

    def _head(self, title: Sequence[str], subtitle: Sequence[str]) -> None:
        self.canvas.box(0, 0, self.canvas.width, self.canvas.height, fill=self.canvas.theme.paper)
        self._lines(title, MARGIN, _TITLE, bold=True)
        self._lines(subtitle, MARGIN + len(title) * _TITLE * LEADING + 2, BODY, bold=False)

    def _lines(self, lines: Sequence[str], top: float, size: float, *, bold: bool) -> None:
        colour = self.canvas.theme.ink if bold else self.canvas.theme.muted
        for place, line in enumerate(lines):
            y = top + size + place * size * LEADING
            self.canvas.text(MARGIN, y, line, size=size, bold=bold, colour=colour)


def _flowed(keys: Sequence[Key], room: float, top: float) -> tuple[list[_Placed], float]:
    """The keys in rows, and where what follows them begins."""
    placed = list(_places(keys, room, top))
    if not placed:
        return [], top
    last = placed[-1].y
    tallest = max(len(each.lines) for each in placed if each.y == last)
    return placed, last + tallest * BODY * LEADING + 6


def _places(keys: Sequence[Key], room: float, top: float) -> Iterator[_Placed]:
    x, y, tall = MARGIN, top, 1
    for key in keys:
        lines = wrapped(key.words, room - _SAMPLE, BODY)
        wide = _SAMPLE + max(width(line, BODY) for line in lines)
        if x > MARGIN and x + wide > MARGIN + room:
            x, y, tall = MARGIN, y + tall * BODY * LEADING + 4, 1
        yield _Placed(key, lines, x, y)
        x, tall = x + wide + _APART, max(tall, len(lines))


def _draw_key(canvas: Canvas, placed: _Placed) -> None:
    x, y, style = placed.x, placed.y + BODY / 2, placed.key.style
    if placed.key.sample in {"line", "interval"}:
        dash = style.dash if placed.key.sample == "line" else SOLID
        canvas.line([(x, y), (x + 18, y)], colour=style.colour, width=1.6, dash=dash)
    if placed.key.sample in {"mark", "hollow", "interval"}:
        canvas.mark(x + 9, y, style, hollow=placed.key.sample == "hollow")
    if placed.key.sample in {"box", "hatch"}:
        hatched = placed.key.sample == "hatch"
        canvas.box(
            x,
            y - 5,
            18,
            10,
            fill=None if hatched else style.colour,
            edge=canvas.theme.muted,
            hatch="////" if hatched else None,
        )
    for place, line in enumerate(placed.lines):
        canvas.text(x + _SAMPLE, placed.y + BODY * 0.86 + place * BODY * LEADING, line)
