"""Ratings from CSV sheets: what spreadsheets write is read, and what is wrong is named by row."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.measurement import sheets
from service.measurement.ratings import BadRatings, Rating, Ratings, Scale

FIVE = Scale(1, 5)
HEAD = "candidate,assessor,value\n"
SHEET = HEAD + "Ada,x,4\nAda,y,NOT_OBSERVED\nBo,x,2\nBo,y,5\n"
CELLS = [("Ada", "x", 4), ("Ada", "y", None), ("Bo", "x", 2), ("Bo", "y", 5)]


def told(ratings: Ratings) -> list[object]:
    people, assessors = ratings.candidate, ratings.assessor
    return [
        (people.labels[who], assessors.labels[by], int(value) if seen else None)
        for who, by, value, seen in zip(
            people.codes, assessors.codes, ratings.values, ratings.seen, strict=True
        )
    ]


@pytest.mark.parametrize(
    "content",
    [
        SHEET.encode(),
        SHEET.replace("\n", "\r\n").encode("utf-8-sig"),
        SHEET.replace(",", ";").encode(),
        SHEET.replace(",", "\t").encode(),
        SHEET.replace("\n", "\r").encode(),
        SHEET.replace("Ada", " Ada ").replace("Bo", '"Bo"').encode(),
        (SHEET + "\n,,\n").encode(),
        SHEET.replace("candidate,assessor,value", "Candidate, ASSESSOR ,value").encode(),
        SHEET.rstrip("\n").encode(),
    ],
)
def test_whatever_a_spreadsheet_makes_of_a_sheet_is_the_same_sheet(content: bytes) -> None:
    assert told(sheets.parse(content, FIVE)) == CELLS


def test_optional_columns_may_stand_in_any_order() -> None:
    content = "value,occasion,competency,assessor,instrument,candidate\n3,May,vision,x,talk,Ada\n"
    ratings = sheets.parse(content.encode(), FIVE)
    assert [ratings.facet(name).labels for name in ("competency", "instrument", "occasion")] == [
        ("vision",),
        ("talk",),
        ("May",),
    ]
    assert sheets.parse(SHEET.encode(), FIVE).competency.labels == ("only",)


def test_names_in_other_scripts_are_kept_and_two_ways_to_write_an_accent_are_one() -> None:
    content = HEAD + "Ame\u0301lie,غادة,4\nAmélie,李,3\n"
    assert sheets.parse(content.encode(), FIVE).candidate.labels == ("Amélie",)


@pytest.mark.parametrize(
    "line", ["# scale: 1-5", "#scale=1\u20135", '"# scale: 1-5",,', "# Scale 1 - 5;;"]
)
def test_a_sheet_may_say_its_scale_itself(line: str) -> None:
    ratings = sheets.parse(f"{line}\n{SHEET}".encode())
    assert (ratings.scale, told(ratings)) == (FIVE, CELLS)
    assert sheets.parse(f"{line}\n{SHEET}".encode(), FIVE).scale == FIVE
    with pytest.raises(BadRatings, match="row 1 says the scale 1-5, and 1-7 was asked for"):
        sheets.parse(f"{line}\n{SHEET}".encode(), Scale(1, 7))
    with pytest.raises(BadRatings, match="row 6 rates the cell Ada, x"):
        sheets.parse(f"{line}\n{HEAD}Ada,x,4\nBo,x,4\nBo,y,4\nAda,x,4\n".encode())


def test_without_a_scale_nothing_is_guessed() -> None:
    with pytest.raises(BadRatings, match=r"the scale is not known.*say its ends"):
        sheets.parse(SHEET.encode())


@pytest.mark.parametrize(
    ("text", "scale"), [("1-5", FIVE), (" 0 \u2013 6 ", Scale(0, 6)), ("-2-2", Scale(-2, 2))]
)
def test_a_scale_is_its_two_ends(text: str, scale: Scale) -> None:
    assert sheets.scale_of(text) == scale


@pytest.mark.parametrize("text", ["", "5", "1-", "one-five", "1-5-7", "1.5-3"])
def test_what_is_no_scale_is_refused(text: str) -> None:
    with pytest.raises(BadRatings, match="is no scale; give its two ends, such as 1-5"):
        sheets.scale_of(text)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "the sheet is empty; begin it with a header of candidate, assessor, value"),
        ("\n\n", "the sheet is empty"),
        (HEAD, "a header and no ratings"),
        ("candidate,assessor\nAda,x\n", "row 1: the column value is missing"),
        ("candidate,assesor,value\nAda,x,4\n", "row 1: .*'assesor'.*did you mean assessor?"),
        ("candidate,assessor,value,mood\n", "no column 'mood' among .*; rename or delete it"),
        ("candidate,assessor,value,\nAda,x,4,\n", "row 1: column 4 has no name"),
        ("candidate,assessor,value,value\n", "row 1: the column value is there twice"),
        (HEAD + "Ada,x,4\n\nBo,x,4\n", "row 3 is blank and others follow it; delete it"),
        (HEAD + "Ada,x,4\n,,\nBo,x,4\n", "row 3 is blank"),
        (HEAD + "Ada,x,4\nBo,x,6\n", "row 3 has the value 6, which is off the scale of 1 to 5"),
        (HEAD + "Ada,x,4\nAda,x,3\n", "row 3 rates the cell Ada, x, .* that row 2 rates; keep one"),
        (
            HEAD + "Ada,x,\n",
            "row 2 has no value; write a whole number from 1 to 5, or NOT_OBSERVED",
        ),
        (HEAD + "Ada,x,n/a\n", "row 2 has the value 'n/a'; write"),
        (HEAD + "Ada,x,3.5\n", "row 2 has the value '3.5'"),
        (HEAD + "Ada,x," + "9" * 5000 + "\n", "row 2 has the value '999"),
        (HEAD + ",x,4\n", "row 2 names no candidate"),
        (HEAD + "Ada,,4\n", "row 2 names no assessor"),
        (HEAD + "Ada,x\n", "row 2 has 2 fields and the header has 3"),
        (HEAD + "Doe, Ada,x,4\n", "row 2 has 4 fields .* quotation marks"),
        (HEAD + "Ada,x,4\nada,y,4\n", "row 3 writes the candidate 'ada', and row 2 writes 'Ada'"),
        (HEAD + "Ada B,x,4\nAda  B,y,4\n", "row 3 writes the candidate"),
        (HEAD + 'Ada,x,4\n"Bo,x,4\n', "row 3 cannot be read: .*; check its quotation marks"),
        (HEAD + '"A\nda",x,4\n', "row 2: the candidate .* holds a line break"),
        (HEAD + "A\0da,x,4\n", "row 2 holds a zero byte"),
    ],
)
def test_what_is_wrong_is_named_by_its_row_with_the_remedy(content: str, words: str) -> None:
    with pytest.raises(BadRatings, match=words):
        sheets.parse(content.encode(), FIVE)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (SHEET.encode("utf-16"), "the file is text in UTF-16, not CSV in UTF-8; save"),
        (b"PK\x03\x04 and so on", "the file is a workbook"),
        ((HEAD + "Ada,x,4\nZo\xe9,x,4\n").encode("latin-1"), "row 3 is not written in UTF-8; save"),
    ],
)
def test_what_is_no_text_in_utf_8_is_told_how_to_become_one(content: bytes, words: str) -> None:
    with pytest.raises(BadRatings, match=words):
        sheets.parse(content, FIVE)


def test_a_file_is_read_and_one_that_cannot_be_is_named(tmp_path: Path) -> None:
    file = tmp_path / "ratings.csv"
    file.write_text(SHEET, encoding="utf-8")
    assert told(sheets.read(file, FIVE)) == CELLS
    with pytest.raises(BadRatings, match="the sheet cannot be read: No such file"):
        sheets.read(tmp_path / "none.csv", FIVE)
    with pytest.raises(BadRatings, match="cannot be read: Is a directory"):
        sheets.read(tmp_path, FIVE)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.text(alphabet='Ada,;\t"\n\r#12345 _NOT\u2028\u00e9', max_size=60) | st.text(max_size=40))
def test_no_sheet_whatever_ends_in_anything_but_ratings_or_a_refusal(text: str) -> None:
    for content in (text, HEAD + text):
        try:
            ratings = sheets.parse(content.encode("utf-8", "surrogatepass"), FIVE)
        except BadRatings:
            continue
        assert len(ratings)


@settings(derandomize=True, max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Ada", "Bo, junior", 'C "D"', "李"]),
            st.sampled_from("xyz"),
            st.none() | st.integers(1, 5),
        ),
        min_size=1,
        unique_by=lambda cell: cell[:2],
    )
)
def test_what_was_written_is_read_again(cells: list[tuple[str, str, int | None]]) -> None:
    lines = [
        ",".join(
            [
                '"' + who.replace('"', '""') + '"',
                by,
                "NOT_OBSERVED" if value is None else f"{value}",
            ]
        )
        for who, by, value in cells
    ]
    ratings = sheets.parse((HEAD + "\n".join(lines)).encode(), FIVE)
    assert told(ratings) == told(Ratings.of([Rating(*cell) for cell in cells], FIVE))
