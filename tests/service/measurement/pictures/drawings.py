"""What stands where in a drawn SVG, read from its own elements."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, starmap
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


@dataclass(frozen=True)
class Mark(Box):
    """About where the mark of a value is."""


@dataclass(frozen=True)
class Stroke:
    """A straight line from one point to another."""

    start: tuple[float, float]
    stop: tuple[float, float]

    def crosses(self, box: Box, slack: float = 1.0) -> bool:
        """Whether any of it lies inside the box (Liang & Barsky 1984)."""
        first, last = 0.0, 1.0
        sides = (
            (0, box.left + slack, box.right - slack),
            (1, box.top + slack, box.bottom - slack),
        )
        for axis, low, high in sides:
            at, way = self.start[axis], self.stop[axis] - self.start[axis]
            if abs(way) < 1e-9:
                if not low < at < high:
                    return False
                continue
            enter, leave = sorted(((low - at) / way, (high - at) / way))
            first, last = max(first, enter), min(last, leave)
        return first < last


def root_of(svg: bytes) -> ET.Element:
    return ET.fromstring(svg)


def sheet_of(root: ET.Element) -> Box:
    left, top, wide, tall = map(float, root.attrib["viewBox"].split())
    return Box(left, top, left + wide, top + tall, "")


def painted(root: ET.Element) -> Iterator[Box | Stroke]:
    """Filled areas, lines of text and straight lines, in the order of their painting."""
    for element in root.iter():
        if element.tag == f"{SVG}text":
            yield _line(element)
        elif element.tag == f"{SVG}path" and "fill: #" in element.get("style", ""):
            yield from _area(element)
        elif element.tag == f"{SVG}path" and "stroke: #" in element.get("style", ""):
            yield from starmap(Stroke, pairwise(_points(element)))
        elif element.tag == f"{SVG}use":
            yield _mark(element)


def boxes(root: ET.Element) -> Iterator[Box]:
    """Filled areas and lines of text, in the order in which they are painted."""
    return (each for each in painted(root) if isinstance(each, Box) and not isinstance(each, Mark))


def texts(root: ET.Element) -> list[Box]:
    return [box for box in boxes(root) if box.words]


def words(root: ET.Element) -> str:
    """All text, without spaces, so that a name in two lines is found as one."""
    return "".join("".join(box.words for box in texts(root)).split())


def _points(element: ET.Element) -> list[tuple[float, float]]:
    numbers = [float(each) for each in re.findall(r"-?[\d.]+(?:e-?\d+)?", element.get("d", ""))]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _area(element: ET.Element) -> Iterator[Box]:
    points = _points(element)
    if points:
        across, down = zip(*points, strict=True)
        yield Box(min(across), min(down), max(across), max(down), _style(element)["fill"])


def _mark(element: ET.Element) -> Mark:
    x, y = float(element.attrib["x"]), float(element.attrib["y"])
    return Mark(x - 3, y - 3, x + 3, y + 3, "")


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
