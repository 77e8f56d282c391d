"""What stands where in a drawn SVG, read from its own elements."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET

from service.measurement.pictures.lettering import ASCENT, DESCENT, width

SVG: Final = "{http://www.w3.org/2000/svg}"
_SHIFT: Final = {"start": 0.0, "middle": 0.5, "end": 1.0}


@dataclass(frozen=True)
class Box:
    """A rectangle on the sheet, with the colour that fills it or its words."""

    left: float
    top: float
    right: float
    bottom: float
    colour: str
    words: str = ""

    def overlaps(self, other: "Box", slack: float = 0.5) -> bool:
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across > slack and down > slack

    def holds(self, other: "Box", slack: float = 1.0) -> bool:
        return (
            self.left <= other.left + slack
            and self.right >= other.right - slack
            and self.top <= other.top + slack
            and self.bottom >= other.bottom - slack
        )


def root_of(svg: bytes) -> ET.Element:
    return ET.fromstring(svg)


def sheet_of(root: ET.Element) -> Box:
    left, top, wide, tall = map(float, root.attrib["viewBox"].split())
    return Box(left, top, left + wide, top + tall, "")


def boxes(root: ET.Element) -> Iterator[Box]:
    """Filled areas and lines of text, in the order in which they are painted."""
    for element in root.iter():
        if element.tag == f"{SVG}text":
            yield _line(element)
        elif element.tag == f"{SVG}path" and "fill: #" in element.get("style", ""):
            yield from _area(element)


def texts(root: ET.Element) -> list[Box]:
    return [box for box in boxes(root) if box.words]


def words(root: ET.Element) -> str:
    """All text, without spaces, so that a name in two lines is found as one."""
    return "".join("".join(box.words for box in texts(root)).split())


def _area(element: ET.Element) -> Iterator[Box]:
    numbers = [float(each) for each in re.findall(r"-?[\d.]+(?:e-?\d+)?", element.get("d", ""))]
    across, down = numbers[::2], numbers[1::2]
    if across:
        colour = _style(element)["fill"]
        yield Box(min(across), min(down), max(across), max(down), colour)


def _line(element: ET.Element) -> Box:
    style = _style(element)
    size = float(style["font-size"].removesuffix("px"))
    said = element.text or ""
    wide = width(said, size, bold=style.get("font-weight") == "700")
    x, y = float(element.attrib["x"]), float(element.attrib["y"])
    before = wide * _SHIFT[style.get("text-anchor", "start")]
    colour = style.get("fill", "#000000")
    # Boxes of letters proper: accents may reach into the room between lines.
    above, below = size * ASCENT * 0.8, size * DESCENT * 0.8
    if "rotate(-90" in element.get("transform", ""):
        return Box(x - above, y + before - wide, x + below, y + before, colour, said)
    return Box(x - before, y - above, x - before + wide, y + below, colour, said)


def _style(element: ET.Element) -> dict[str, str]:
    pairs = (each.split(":", 1) for each in element.get("style", "").split(";") if ":" in each)
    return {name.strip(): value.strip() for name, value in pairs}
