"""A sheet to draw on in points from its upper left corner, which becomes a picture.

Nothing is drawn before the end, when all is drawn at once under settings of its own, so that
neither the caller's settings nor other threads reach the picture. It refuses the global
interface of matplotlib.
"""

import hashlib
import io
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal
from xml.sax.saxutils import escape

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon, Rectangle
from matplotlib.transforms import Affine2D, Transform
from matplotlib.typing import RcKeyType

from service.measurement.pictures.lettering import (
    FAMILIES,
    LEADING,
    Words,
    clean,
    properties,
)
from service.measurement.pictures.tables import Table
from service.measurement.pictures.themes import Style, Theme

BODY: Final = 9.0
"""The size of text, in points, where nothing else is said."""
SOLID: Final[tuple[float, ...]] = ()
Anchor = Literal["left", "center", "right"]
Point = tuple[float, float]

_MIDDLE: Final = 0.36
_EVERYTHING: Final = "*{stroke-linejoin"
_NUMBERED: Final = re.compile(r' id="[a-z0-9]+_\d+"')
_SETTINGS: Final[dict[RcKeyType, Any]] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "measurement",
    "svg.image_inline": True,
    "font.sans-serif": list(FAMILIES),
    "path.simplify": False,
    "path.sketch": None,
    "path.effects": [],
    "path.snap": False,
    "lines.scale_dashes": False,
    "hatch.linewidth": 0.8,
    "savefig.bbox": None,
}
# matplotlib keeps one set of settings for all threads.
_DRAWING: Final = threading.Lock()
_NO_METADATA: Final = dict.fromkeys(("Creator", "Date", "Format", "Type"))


@dataclass(frozen=True)
class Picture:
    """A drawing and what it shows in words and in numbers.

    Parameters
    ----------
    svg : bytes
        A whole SVG document in UTF-8, with its title and description for screen readers.
    title, description : str
    table : Table
        Every number of the drawing.
    """

    svg: bytes
    title: str
    description: str
    table: Table


class Canvas:
    """What is to be drawn, in points from the upper left corner.

    Parameters
    ----------
    width, height : float
        In points.
    theme : Theme
    """

    def __init__(self, width: float, height: float, theme: Theme) -> None:
        self.width = width
        self.height = height
        self.theme = theme
        self._strokes: list[Callable[..., Artist]] = []

    def text(  # noqa: PLR0913 - how a line looks, each by name
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = BODY,
        anchor: Anchor = "left",
        bold: bool = False,
        colour: str | None = None,
        turned: bool = False,
    ) -> None:
        """A line of text; `y` is its baseline, and turned it reads upwards."""
        self._strokes.append(
            partial(
                Words,
                x,
                y,
                clean(words),
                color=colour or self.theme.ink,
                horizontalalignment=anchor,
                verticalalignment="baseline",
                rotation=90 if turned else 0,
                rotation_mode="anchor",
                fontproperties=properties(size, bold=bold),
                parse_math=False,
            )
        )

    def block(  # noqa: PLR0913 - as `text`
        self,
        x: float,
        middle: float,
        lines: Sequence[str],
        *,
        size: float = BODY,
        anchor: Anchor = "left",
        bold: bool = False,
        colour: str | None = None,
        turned: bool = False,
    ) -> None:
        """Lines of text about their middle; turned, they stand side by side about `x`."""
        centre = x if turned else middle
        first = centre - (len(lines) - 1) * size * LEADING / 2 + size * _MIDDLE
        for place, line in enumerate(lines):
            at = first + place * size * LEADING
            self.text(
                at if turned else x,
                middle if turned else at,
                line,
                size=size,
                anchor=anchor,
                bold=bold,
                colour=colour,
                turned=turned,
            )

    def line(
        self,
        points: Sequence[Point],
        *,
        colour: str,
        width: float = 1.0,
        dash: Sequence[float] = SOLID,
    ) -> None:
        """Straight lines from point to point."""
        across, down = zip(*points, strict=True)
        self._strokes.append(
            partial(
                Line2D,
                across,
                down,
                color=colour,
                linewidth=width,
                linestyle=(0, tuple(dash)) if dash else "solid",
                marker="none",
                dash_capstyle="butt",
                solid_capstyle="butt",
                dash_joinstyle="round",
                solid_joinstyle="round",
            )
        )

    def mark(
        self, x: float, y: float, style: Style, *, size: float = 6.5, hollow: bool = False
    ) -> None:
        """One value, in the style's colour and shape; hollow, only its outline."""
        self._strokes.append(
            partial(
                Line2D,
                (x,),
                (y,),
                linestyle="none",
                marker=style.shape,
                markersize=size,
                markeredgewidth=1.2,
                markeredgecolor=style.colour,
                markerfacecolor=self.theme.paper if hollow else style.colour,
                fillstyle="full",
            )
        )

    def box(  # noqa: PLR0913 - how an area looks, each by name
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        fill: str | None = None,
        edge: str | None = None,
        hatch: str | None = None,
    ) -> None:
        """A rectangle from its upper left corner."""
        self._strokes.append(
            partial(
                Rectangle,
                (x, y),
                width,
                height,
                facecolor=fill or "none",
                edgecolor=edge or "none",
                linewidth=0.8 if edge else 0.0,
                hatch=hatch,
                hatchcolor=self.theme.muted,
            )
        )

    def area(
        self, points: Sequence[Point], *, fill: str | None, edge: str, dash: Sequence[float] = SOLID
    ) -> None:
        """A closed outline, filled or not."""
        self._strokes.append(
            partial(
                Polygon,
                points,
                closed=True,
                facecolor=fill or "none",
                edgecolor=edge,
                linewidth=1.4,
                linestyle=(0, tuple(dash)) if dash else "solid",
                joinstyle="round",
            )
        )

    def picture(self, title: str, description: str, table: Table) -> Picture:
        """All that was asked for, drawn; the same strokes are always the same bytes.

        Raises ValueError where the table has no rows: nothing drawn is no picture.
        """
        if not table.rows:
            raise ValueError(f"there is nothing to draw for the picture {title!r}: give it a row")
        words = clean(title), clean(description)
        salt = "\n".join((*words, self.theme.name, table.csv()))
        name = f"picture-{hashlib.sha256(salt.encode()).hexdigest()[:16]}"
        return Picture(_told(self._drawn(name), name, *words), *words, table)

    def _drawn(self, name: str) -> str:
        with _DRAWING, mpl.rc_context({**_SETTINGS, "svg.id": name}):
            figure = Figure(
                figsize=(self.width / 72, self.height / 72),
                dpi=72,
                facecolor=self.theme.paper,
                edgecolor="none",
                linewidth=0,
                frameon=True,
            )
            points = self._points(figure)
            for layer, stroke in enumerate(self._strokes):
                figure.add_artist(stroke(transform=points, zorder=layer))
            out = io.StringIO()
            FigureCanvasSVG(figure).print_figure(
                out,
                format="svg",
                dpi=72,
                facecolor=self.theme.paper,
                edgecolor="none",
                metadata=_NO_METADATA,
            )
        return out.getvalue()

    def _points(self, figure: Figure) -> Transform:
        downwards = Affine2D().scale(1 / 72, -1 / 72).translate(0, self.height / 72)
        return downwards + figure.dpi_scale_trans


def _told(drawn: str, name: str, title: str, description: str) -> bytes:
    """The drawing with what screen readers say of it, ready to stand in a page with others.

    There its rules of style must reach nothing else, and numbered names would meet their like.
    """
    before, root, after = drawn.partition("<svg ")
    attributes, _, inside = after.partition(">")
    own = _NUMBERED.sub("", inside).replace(_EVERYTHING, f"#{name} {_EVERYTHING}", 1)
    return (
        f'{before}{root}role="img" aria-labelledby="{name}-title {name}-desc" {attributes}>\n'
        f' <title id="{name}-title">{escape(title)}</title>\n'
        f' <desc id="{name}-desc">{escape(description)}</desc>{own}'
    ).encode()
