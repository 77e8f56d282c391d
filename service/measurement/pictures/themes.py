"""Colours on light and on dark paper, with the shapes and dashes that say the same in grey.

It refuses to let colour alone carry a meaning: a style is a colour, a shape and a dash at once.
"""

from dataclasses import dataclass
from typing import Final

BLACK: Final = "#000000"
WHITE: Final = "#ffffff"
Dash = tuple[float, ...]


@dataclass(frozen=True)
class Style:
    """One series: its colour with the shape of its marks and the dash of its lines."""

    colour: str
    shape: str
    dash: Dash = ()


@dataclass(frozen=True)
class Theme:
    """The colours of a picture.

    Parameters
    ----------
    name : str
    paper : str
        What lies behind everything.
    ink, muted : str
        Of text; both contrast with `paper` by 4.5 at least.
    rule, shade : str
        Of grid lines, and of areas that lie behind text.
    warning : str
        Of what a reader must not overlook; words always say the same.
    colours : tuple of str
        Of the series; each contrasts with `paper` by 4.5 at least.
    ramp : tuple of str
        From nothing to all.
    spread : tuple of str
        From far below through the middle to far above.
    """

    name: str
    paper: str
    ink: str
    muted: str
    rule: str
    shade: str
    warning: str
    colours: tuple[str, ...]
    ramp: tuple[str, str]
    spread: tuple[str, str, str]

    def style(self, place: int) -> Style:
        """The style of a series; shapes and dashes repeat later than colours do."""
        return Style(
            self.colours[place % len(self.colours)],
            _SHAPES[place % len(_SHAPES)],
            _DASHES[place % len(_DASHES)],
        )


_SHAPES: Final = ("o", "s", "^", "D", "v", "P", "X")
_DASHES: Final[tuple[Dash, ...]] = ((), (5, 2), (1.5, 1.5), (6, 2, 1.5, 2), (9, 3))

LIGHT: Final = Theme(
    name="light",
    paper="#ffffff",
    ink="#1a1a1a",
    muted="#555555",
    rule="#d4d4d4",
    shade="#f0f0f0",
    warning="#a31515",
    colours=("#0b4f8a", "#a04000", "#0f6b50", "#6b2c91", "#5c5200"),
    ramp=("#eef4fa", "#08306b"),
    spread=("#a04000", "#f5f5f5", "#0b4f8a"),
)
DARK: Final = Theme(
    name="dark",
    paper="#15181c",
    ink="#f2f2f2",
    muted="#b4bac0",
    rule="#3d444c",
    shade="#23282e",
    warning="#ff9a8a",
    colours=("#8cc4ff", "#ffb765", "#6fd9b4", "#d9b3ff", "#e0d46a"),
    ramp=("#1f2833", "#b9dcff"),
    spread=("#ffb765", "#2a2f36", "#8cc4ff"),
)


def contrast(one: str, other: str) -> float:
    """How much two colours contrast, from 1 to 21 (WCAG 2.2, "contrast ratio")."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def blend(one: str, other: str, share: float) -> str:
    """The colour at this share, 0 to 1, of the way from one to the other."""
    channels = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(255 * (a + (b - a) * share)):02x}" for a, b in channels)


def ink_on(paper: str) -> str:
    """Black or white, whichever contrasts more: by 4.58 at least, on any colour."""
    return max((BLACK, WHITE), key=lambda ink: contrast(ink, paper))


def _channels(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))


def _luminance(colour: str) -> float:
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _channels(colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
