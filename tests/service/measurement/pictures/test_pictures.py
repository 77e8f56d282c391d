"""Every picture as drawn: always the same bytes, whole, legible, and with all of its words."""

import ast
import csv
import io
import itertools
from bisect import bisect_left
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import matplotlib as mpl
import pytest

import service.measurement.pictures as package
from service.measurement.pictures.canvases import Picture
from service.measurement.pictures.themes import DARK, LIGHT, Theme, contrast
from service.measurement.results import Undefined
from tests.service.measurement.pictures.drawings import (
    SVG,
    Box,
    Mark,
    Stroke,
    boxes,
    painted,
    root_of,
    sheet_of,
    texts,
    words,
)
from tests.service.measurement.pictures.gallery import (
    COMPETENCIES,
    CURVES,
    GROUPS,
    INSTRUMENTS,
    MANY,
    PICTURES,
    names,
)

ALL: Final = pytest.mark.parametrize("name", PICTURES)
THEMES: Final = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
LABELS: Final = {*names(MANY), *COMPETENCIES, *INSTRUMENTS, *CURVES, *GROUPS}


@cache
def drawn(name: str, theme: Theme = LIGHT) -> Picture:
    return PICTURES[name](theme=theme)


@ALL
def test_the_same_data_are_the_same_bytes_whatever_the_settings(name: str) -> None:
    once = drawn(name)
    with mpl.rc_context({"svg.hashsalt": None, "lines.linewidth": 9, "font.size": 40}):
        before = dict(mpl.rcParams)
        again = PICTURES[name]()
        assert dict(mpl.rcParams) == before
    assert once.svg == again.svg
    assert once.table == again.table


def test_threads_do_not_meet_in_a_drawing() -> None:
    some = [name for name in PICTURES if not name.endswith("many")]
    with ThreadPoolExecutor(4) as threads:
        together = [*threads.map(lambda name: PICTURES[name]().svg, some)]
    assert together == [drawn(name).svg for name in some]


def test_no_module_reaches_for_the_global_interface() -> None:
    folder = Path(package.__file__ or "").parent
    modules = {path.name: ast.walk(ast.parse(path.read_text())) for path in folder.glob("*.py")}
    imported = {
        (name, alias.name if isinstance(node, ast.Import) else node.module)
        for name, nodes in modules.items()
        for node in nodes
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert ("canvases.py", "matplotlib.figure") in imported
    assert not [pair for pair in imported if "pyplot" in str(pair[1])]


@THEMES
@ALL
def test_it_is_an_image_with_a_title_and_a_description(name: str, theme: Theme) -> None:
    picture = drawn(name, theme)
    root = root_of(picture.svg)
    title, description, *_ = root
    assert root.tag == f"{SVG}svg"
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-labelledby"] == f"{title.attrib['id']} {description.attrib['id']}"
    assert (title.tag, title.text) == (f"{SVG}title", picture.title)
    assert (description.tag, description.text) == (f"{SVG}desc", picture.description)
    assert b"nan" not in picture.svg
    assert b"inf" not in picture.svg.replace(b"infit", b"")


def test_pictures_do_not_meet_where_they_stand_in_one_page() -> None:
    known: dict[str, bytes] = {}
    for name, theme in itertools.product(PICTURES, (LIGHT, DARK)):
        root = root_of(drawn(name, theme).svg)
        for each in root.iter():
            if "id" in each.attrib:
                # What bears the same name must be the same shape, such as that of a mark.
                drawing = ET.tostring(each)
                assert known.setdefault(each.attrib["id"], drawing) == drawing
        rules = [each.text or "" for each in root.iter(f"{SVG}style")]
        assert [rule.startswith(f"#{root.attrib['id']} *") for rule in rules] == [True]


@ALL
def test_every_name_stands_in_it_as_text(name: str) -> None:
    picture = drawn(name)
    cells = {cell for row in picture.table.rows for cell in row if isinstance(cell, str)}
    told = (cells | set(picture.table.columns)) & LABELS
    written = words(root_of(picture.svg))
    assert len(told) >= 3
    assert [label for label in told if "".join(label.split()) not in written] == []


@THEMES
@ALL
def test_no_words_overlap_and_none_are_cut(name: str, theme: Theme) -> None:
    root = root_of(drawn(name, theme).svg)
    lines, sheet = texts(root), sheet_of(root)
    assert [line for line in lines if not sheet.holds(line)] == []
    ordered = sorted(lines, key=lambda line: line.top)
    overlaps = []
    tops = [line.top for line in ordered]
    for place, line in enumerate(ordered):
        near = ordered[place + 1 : bisect_left(tops, line.bottom)]
        overlaps += [(line.words, other.words) for other in near if line.overlaps(other)]
    assert overlaps == []


@ALL
def test_no_line_and_no_mark_crosses_words(name: str) -> None:
    order = list(painted(root_of(drawn(name).svg)))
    lines = [(place, each) for place, each in enumerate(order) if isinstance(each, Stroke)]
    crossed = []
    for place, line in enumerate(order):
        if not isinstance(line, Box) or not line.words:
            continue
        grounds = [at for at, each in enumerate(order[:place]) if _hides(each, line)]
        over = [each for at, each in lines if at > max(grounds) and each.crosses(line)]
        marks = [each for each in order if isinstance(each, Mark) and each.overlaps(line, 1.0)]
        crossed += [line.words] * len(over + marks)
    assert crossed == []


def _hides(ground: Box | Stroke, line: Box) -> bool:
    if isinstance(ground, Stroke | Mark) or ground.words:
        return False
    return ground.holds(line, 3.0)


@THEMES
@ALL
def test_words_contrast_with_what_lies_behind_them(name: str, theme: Theme) -> None:
    painted: list[Box] = []
    faint = []
    for box in boxes(root_of(drawn(name, theme).svg)):
        if not box.words:
            painted.append(box)
            continue
        behind = [area for area in painted if area.overlaps(box, 1.0)]
        ground = max(place for place, area in enumerate(behind) if area.holds(box, 3.0))
        faint += [
            (box.words, area.colour)
            for area in behind[ground:]
            if contrast(box.colour, area.colour) < 4.5
        ]
    assert faint == []


@ALL
def test_the_table_is_written_with_every_digit(name: str) -> None:
    table = drawn(name).table
    head, *rows = csv.reader(io.StringIO(table.csv()))
    assert tuple(head) == table.columns
    assert len(rows) == len(table.rows)
    for written, row in zip(rows, table.rows, strict=True):
        for text, cell in zip(written, row, strict=True):
            if isinstance(cell, float):
                assert float(text) == cell
            elif isinstance(cell, Undefined):
                assert text == f"not defined: {cell.reason}"
            else:
                assert text == str(cell)


@ALL
def test_what_is_not_defined_has_its_reason_in_words(name: str) -> None:
    picture = drawn(name)
    reasons = {
        cell.reason
        for row in picture.table.rows
        for cell in row
        if isinstance(cell, Undefined) and "interval" not in cell.reason
    }
    written = words(root_of(picture.svg))
    assert [reason for reason in reasons if "".join(reason.split()) not in written] == []
    assert [reason for reason in reasons if reason not in picture.description] == []
