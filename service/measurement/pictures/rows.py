"""Rows with names: one below the other, each as tall as its name in as many lines as it takes.

It refuses to cut names short; columns turn theirs upright where there are too many.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from service.measurement.pictures.canvases import BODY, Canvas
from service.measurement.pictures.lettering import LEADING, width, wrapped

NAMES: Final = 180.0
"""How wide names at the side may become, in points."""

_LEAST: Final = 18.0
_PADDING: Final = 6.0
_MOST_LEVEL: Final = 12
_NARROWEST: Final = 46.0
_WIDEST: Final = 110.0
_TURNED: Final = 170.0


@dataclass(frozen=True)
class Rows:
    """Where rows and their names stand.

    Parameters
    ----------
    names : tuple of tuple of str
        The lines of each name.
    edges : tuple of float
        The upper edge of each row, from the first's, and the lower edge of the last.
    room : float
        The width of the widest name.
    """

    names: tuple[tuple[str, ...], ...]
    edges: tuple[float, ...]
    room: float

    @classmethod
    def of(cls, labels: Sequence[str], *, most: float = NAMES, least: float = _LEAST) -> "Rows":
        """Rows for these labels, names at most `most` wide and rows at least `least` tall."""
        names = tuple(wrapped(label, most, BODY) for label in labels)
        heights = [max(least, len(lines) * BODY * LEADING + _PADDING) for lines in names]
        widest = max((width(line, BODY) for lines in names for line in lines), default=0.0)
        return cls(names, tuple(accumulate(heights, initial=0.0)), widest)

    @property
    def height(self) -> float:
        """Of all rows together."""
        return self.edges[-1]

    def middle(self, row: int) -> float:
        """The middle of a row, from the upper edge of the first."""
        return (self.edges[row] + self.edges[row + 1]) / 2

    def draw(self, canvas: Canvas, left: float, top: float, *, right: float | None = None) -> None:
        """Draws the names; with a right end, every other row is shaded up to it."""
        for row, lines in enumerate(self.names):
            if right is not None and row % 2 == 0:
                height = self.edges[row + 1] - self.edges[row]
                y = top + self.edges[row]
                canvas.box(left - 4, y, right - left + 8, height, fill=canvas.theme.shade)
            canvas.block(left, top + self.middle(row), lines)


@dataclass(frozen=True)
class Columns:
    """Where columns and their headings stand.

    Parameters
    ----------
    names : tuple of tuple of str
        The lines of each heading.
    wide : float
        Each column.
    tall : float
        The tallest heading.
    turned : bool
        Whether headings read upwards.
    """

    names: tuple[tuple[str, ...], ...]
    wide: float
    tall: float
    turned: bool

    @classmethod
    def of(cls, labels: Sequence[str], *, narrowest: float = _NARROWEST) -> "Columns":
        """Columns for these labels."""
        widest = max((width(label, BODY) for label in labels), default=0.0)
        if len(labels) > _MOST_LEVEL and widest > narrowest - 4:
            return cls._upright(labels, narrowest)
        words = [word for label in labels for word in label.split()]
        longest = max((width(word, BODY) for word in words), default=0.0)
        wide = min(_WIDEST, max(narrowest, longest + 8))
        names = tuple(wrapped(label, wide - 8, BODY) for label in labels)
        lines = max((len(each) for each in names), default=1)
        return cls(names, wide, lines * BODY * LEADING + 6, turned=False)

    @classmethod
    def _upright(cls, labels: Sequence[str], narrowest: float) -> "Columns":
        names = tuple(wrapped(label, _TURNED, BODY) for label in labels)
        tall = max(width(line, BODY) for lines in names for line in lines)
        lines = max(len(each) for each in names)
        return cls(names, max(narrowest, lines * BODY * LEADING + 4), tall + 8, turned=True)

    @property
    def width(self) -> float:
        """Of all columns together."""
        return self.wide * len(self.names)

    def middle(self, column: int) -> float:
        """The middle of a column, from the left edge of the first."""
        return (column + 0.5) * self.wide

    def draw(self, canvas: Canvas, left: float, bottom: float) -> None:
        """Draws the headings, ending at `bottom`."""
        for column, lines in enumerate(self.names):
            x = left + self.middle(column)
            if self.turned:
                canvas.block(x, bottom - 4, lines, turned=True)
            else:
                middle = bottom - 4 - len(lines) * BODY * LEADING / 2
                canvas.block(x, middle, lines, anchor="center")
