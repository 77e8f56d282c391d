"""Text that stays text: how wide it is, where it breaks, and an artist that draws it.

matplotlib measures text with its own font and warns of scripts that font lacks. Names come in
every script and the reader's browser chooses their fonts, so here widths are estimated on the
wide side, and nothing is ever measured while a picture is drawn.
"""

import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from math import ceil
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.backend_bases import RendererBase
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font, LoadFlags
from matplotlib.text import Text

FAMILIES: Final = (
    "DejaVu Sans",
    "Noto Sans",
    "Noto Sans Arabic",
    "Noto Sans Devanagari",
    "Noto Sans CJK SC",
    "Arial",
)
"""What browsers are asked for; widths are those of the first, which is a wide one."""
LEADING: Final = 1.25
"""From one baseline to the next, in sizes."""
ASCENT: Final = 0.93
DESCENT: Final = 0.24
"""How far letters reach above and below the baseline, in sizes."""

# In sizes, for scripts that the measuring font lacks.
_FULL: Final = 1.0
_OTHER: Final = 0.85
_UNMARKED: Final = frozenset({"Mn", "Me", "Cf"})
_UNIT: Final = 1000
_NONE: Final = "\ufffe\uffff"
_TURNING: Final = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


class Words(Text):
    """A line of text that draws without measuring itself; its place is that of its baseline."""

    def draw(self, renderer: RendererBase, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """Hands the line to the renderer as it is: no mathematics, no layout."""
        x, y = self.get_transform().transform(self.get_unitless_position())
        height = renderer.get_canvas_width_height()[1]
        pen = renderer.new_gc()
        pen.set_foreground(self.get_color())
        renderer.draw_text(
            pen,
            x,
            height - y,
            self.get_text(),
            self.get_fontproperties(),
            self.get_rotation(),
            ismath=False,
            mtext=self,
        )
        pen.restore()


def properties(size: float, *, bold: bool = False) -> FontProperties:
    """The font of a line; which family that is, the rc parameters of the drawing say."""
    return FontProperties(
        family="sans-serif",
        style="normal",
        variant="normal",
        weight="bold" if bold else "normal",
        stretch="normal",
        size=size,
    )


def clean(text: str) -> str:
    """The text in one line, with what XML forbids and what turns text round replaced."""
    return "".join(_safe(character) for character in " ".join(text.split()))


def width(text: str, size: float, *, bold: bool = False) -> float:
    """How wide a line is at most, in points."""
    return size * sum(_advance(character, bold) for character in text)


def wrapped(text: str, room: float, size: float, *, bold: bool = False) -> tuple[str, ...]:
    """The text in lines of at most `room` points; only a word too long for one is broken."""
    lines: list[str] = []
    for word in _pieces(clean(text), room, size, bold=bold):
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and width(joined, size, bold=bold) <= room:
            lines[-1] = joined
        else:
            lines.append(word)
    return tuple(lines) or ("",)


def _pieces(text: str, room: float, size: float, *, bold: bool) -> Iterator[str]:
    for word in text.split(" "):
        rest = word
        while width(rest, size, bold=bold) > room and len(rest) > 1:
            # In parts of much the same width, so that no letter is left alone.
            parts = ceil(width(rest, size, bold=bold) / room)
            even = width(rest, size, bold=bold) / parts + size / 2
            cut = _cut(rest, min(room, even), size, bold=bold)
            yield rest[:cut]
            rest = rest[cut:]
        yield rest


def _cut(word: str, room: float, size: float, *, bold: bool) -> int:
    """Where to break a word: after the last letter with its marks that fits, or the first."""
    ends = [
        place
        for place in range(1, len(word))
        if not unicodedata.category(word[place]).startswith("M")
    ]
    fitting = [end for end in ends if width(word[:end], size, bold=bold) <= room]
    return max(fitting, default=ends[0] if ends else len(word))


def _safe(character: str) -> str:
    is_forbidden = unicodedata.category(character) in {"Cc", "Cs"} or character in _NONE
    return "\ufffd" if is_forbidden or character in _TURNING else character


@lru_cache(maxsize=8192)
def _advance(character: str, bold: bool) -> float:  # noqa: FBT001 - part of the cache's key
    if unicodedata.category(character) in _UNMARKED:
        return 0.0
    font = _font(bold)
    if font.get_char_index(ord(character)):
        glyph = font.load_char(ord(character), flags=LoadFlags.NO_HINTING)
        return glyph.linearHoriAdvance / 65536 / _UNIT
    return _FULL if unicodedata.east_asian_width(character) in {"W", "F"} else _OTHER


@cache
def _font(bold: bool) -> FT2Font:  # noqa: FBT001 - part of the cache's key
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    font = FT2Font(str(Path(mpl.get_data_path()) / "fonts" / "ttf" / name))
    font.set_size(_UNIT, 72)
    return font
