"""Ratings from a CSV sheet in long form, as a spreadsheet exports it: one line for each cell.

Every refusal names the row as the spreadsheet counts it, and the remedy. It refuses to guess:
neither the scale nor what an empty cell was meant to say.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from service.measurement.ratings import FACETS, NOT_OBSERVED, BadRatings, Rating, Ratings, Scale

COLUMNS: Final = ("candidate", "assessor", "value", "competency", "instrument", "occasion")
_NEEDED: Final = COLUMNS[:3]
_DELIMITERS: Final = (",", ";", "\t")
_WHOLE: Final = re.compile(r"[-+]?\d{1,9}")
_ENDS: Final = re.compile(r"\s*(-?\d{1,9})\s*[-\u2013]\s*(-?\d{1,9})\s*")
_SCALE_LINE: Final = re.compile(
    r"\s*\"?#\s*scale\s*[:=]?(?P<ends>[^,;\t\"]*)\"?[,;\t\s]*", re.IGNORECASE
)
# What other files than text begin with, and what they are.
_OTHERS: Final[Mapping[bytes, str]] = {
    b"PK\x03\x04": "a workbook",
    b"\xd0\xcf\x11\xe0": "an old workbook",
    b"%PDF": "a PDF",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
}
_REMEDY: Final = 'save the sheet as "CSV UTF-8"'

Rows = list[tuple[int, list[str]]]


def read(path: Path, scale: Scale | None = None) -> Ratings:
    """The ratings of a file; see `parse`.

    Raises
    ------
    BadRatings
        As `parse` does, and for a file that cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadRatings(f"the sheet cannot be read: {error.strerror}") from None
    return parse(content, scale)


def parse(content: bytes, scale: Scale | None = None) -> Ratings:
    """The ratings of a CSV sheet with the columns candidate, assessor and value.

    The columns competency, instrument and occasion are optional, and all may stand in any order.
    A value is a whole number of the scale, or NOT_OBSERVED. Commas, semicolons or tabs divide
    the columns; a byte order mark and blank lines after the last row mean nothing.

    Parameters
    ----------
    content : bytes
        In UTF-8.
    scale : Scale, optional
        Needed unless the first line says it, as in ``# scale: 1-5``.

    Raises
    ------
    BadRatings
        For a sheet that is not of this kind; rows count from 1, the header being one of them.
    """
    # Only what ends a line of CSV ends one here; other breaks may stand in a name.
    lines = io.StringIO(_text(content), newline="").readlines()
    told = _SCALE_LINE.fullmatch(lines[0].rstrip("\r\n")) if lines else None
    rows = _rows(lines, skip=1 if told else 0)
    if not rows:
        raise BadRatings(f"the sheet is empty; begin it with a header of {', '.join(_NEEDED)}")
    (number, header), *rest = rows
    columns = _columns(number, header)
    if not rest:
        raise BadRatings("the sheet has a header and no ratings; give each rating a row")
    settled = _settled(scale, told["ends"] if told else None)
    return Ratings.named(list(_cells(columns, rest, settled)), settled)


def scale_of(text: str) -> Scale:
    """The scale of a text such as ``1-5``. Raises BadRatings for any other."""
    ends = _ENDS.fullmatch(text)
    if ends is None:
        raise BadRatings(f"{text.strip()!r} is no scale; give its two ends, such as 1-5")
    return Scale(int(ends[1]), int(ends[2]))


def _text(content: bytes) -> str:
    for start, kind in _OTHERS.items():
        if content.startswith(start):
            raise BadRatings(f"the file is {kind}, not CSV in UTF-8; {_REMEDY}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        raise BadRatings(f"row {row} is not written in UTF-8; {_REMEDY}") from None
    if "\0" in text:
        row = text.count("\n", 0, text.index("\0")) + 1
        raise BadRatings(f"row {row} holds a zero byte, so that this is no text; {_REMEDY}")
    return text


def _rows(lines: Sequence[str], *, skip: int) -> Rows:
    """The rows with their numbers; those without any text after the last one fall away."""
    head = lines[skip] if len(lines) > skip else ""
    delimiter = max(_DELIMITERS, key=head.count)
    reader = csv.reader(lines[skip:], delimiter=delimiter, strict=True)
    rows: Rows = []
    try:
        for row, fields in enumerate(reader, start=skip + 1):
            rows.append((row, [unicodedata.normalize("NFC", each.strip()) for each in fields]))
    except csv.Error as error:
        row = len(rows) + skip + 1
        raise BadRatings(f"row {row} cannot be read: {error}; check its quotation marks") from None
    while rows and not any(rows[-1][1]):
        rows.pop()
    for row, fields in rows:
        if not any(fields):
            raise BadRatings(f"row {row} is blank and others follow it; delete it")
    return rows


def _columns(row: int, header: Sequence[str]) -> Mapping[str, int]:
    """The place of each column."""
    names = [name.casefold() for name in header]
    for place, name in enumerate(names, start=1):
        if not name:
            raise BadRatings(f"row {row}: column {place} has no name; name it, or delete it")
        if name not in COLUMNS:
            near = get_close_matches(name, COLUMNS, n=1)
            remedy = f"did you mean {near[0]}?" if near else "rename or delete it"
            known = ", ".join(COLUMNS)
            raise BadRatings(f"row {row}: there is no column {name!r} among {known}; {remedy}")
        if names.count(name) > 1:
            raise BadRatings(f"row {row}: the column {name} is there twice; keep one")
    for name in _NEEDED:
        if name not in names:
            raise BadRatings(f"row {row}: the column {name} is missing; the header needs it")
    return {name: place for place, name in enumerate(names)}


def _settled(scale: Scale | None, told: str | None) -> Scale:
    own = None if told is None else scale_of(told)
    if scale and own and scale != own:
        raise BadRatings(
            f"row 1 says the scale {own.lowest}-{own.highest}, and {scale.lowest}-{scale.highest}"
            " was asked for; mend the one that is wrong"
        )
    found = scale or own
    if found is None:
        raise BadRatings(
            "the scale is not known, and the values that were used do not tell it; say its ends,"
            " such as 1-5, or begin the sheet with the line '# scale: 1-5'"
        )
    return found


def _cells(columns: Mapping[str, int], rows: Rows, scale: Scale) -> Iterator[tuple[str, Rating]]:
    known: dict[tuple[str, str], tuple[str, int]] = {}
    optional = [name for name in FACETS[2:] if name in columns]
    for row, fields in rows:
        if len(fields) != len(columns):
            raise BadRatings(
                f"row {row} has {len(fields)} fields and the header has {len(columns)}; put a text"
                " that holds the delimiter into quotation marks"
            )
        labels = {name: fields[columns[name]] for name in (*FACETS[:2], *optional)}
        for name, label in labels.items():
            _check_label(row, (name, label), known)
        value = _value(row, fields[columns["value"]], scale)
        yield f"row {row}", Rating(value=value, **labels)


def _check_label(
    row: int, named: tuple[str, str], known: dict[tuple[str, str], tuple[str, int]]
) -> None:
    """Refuses labels that would break a line, and one label written in two ways."""
    facet, label = named
    if any(unicodedata.category(character) == "Cc" for character in label):
        raise BadRatings(f"row {row}: the {facet} {label!r} holds a line break or the like")
    first, at = known.setdefault((facet, " ".join(label.casefold().split())), (label, row))
    if first != label:
        raise BadRatings(
            f"row {row} writes the {facet} {label!r}, and row {at} writes {first!r}; write both"
            " alike, or name two people or things apart"
        )


def _value(row: int, text: str, scale: Scale) -> int | None:
    if text == NOT_OBSERVED:
        return None
    if _WHOLE.fullmatch(text):
        return int(text)
    ends = f"from {scale.lowest} to {scale.highest}"
    what = f"has the value {text!r}" if text else "has no value"
    raise BadRatings(f"row {row} {what}; write a whole number {ends}, or {NOT_OBSERVED}")
