"""Reports in a folder: whole or not at all, the same bytes again, and nothing else overwritten."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from service.measurement import headlines, ladders, reports
from service.measurement.ladders import Ladder
from service.measurement.ratings import Rating, Ratings, Scale
from service.measurement.reports import BadFolder
from service.measurement.results import Result
from tests.service.measurement.facet_worlds import creativity
from tests.service.measurement.test_ladders import small

VOID = {"meta", "link", "img", "source", "br"}


class Page(HTMLParser):
    """A page whose elements are closed in order, with its texts and links."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.links: list[str] = []
        self.feed(content.decode())
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in {"href", "src", "srcset"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


@pytest.fixture(scope="module")
def result() -> Result[Ladder]:
    return ladders.climb(creativity())


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def test_a_report_is_a_page_and_the_whole_result(result: Result[Ladder], tmp_path: Path) -> None:
    folder = tmp_path / "some" / "where"
    first, *others = reports.write(result, folder)
    assert first == folder / "index.html"
    assert sorted(contents(folder)) == sorted(
        str(file.relative_to(folder)) for file in [first, *others]
    )
    assert (folder / "result.json").read_bytes() == result.json()
    told = json.loads(result.json())
    assert told["numbers"]["rung"] == "PENALISED"
    page = Page(first.read_bytes())
    for link in page.links:
        assert (folder / link).is_file()
    assert (folder / "pictures" / "wright-map-dark.svg").is_file()
    for section in headlines.sections(result):
        cells = [cell for row in section.rows for cell in row]
        for text in (section.title, *section.says, *section.cautions, *section.columns, *cells):
            assert text in page.texts


def test_the_same_result_is_the_same_bytes_and_takes_the_place_of_the_last(
    result: Result[Ladder], tmp_path: Path
) -> None:
    reports.write(ladders.climb(small()), tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    reports.write(result, tmp_path)
    again = tmp_path / "again"
    reports.write(ladders.climb(creativity()), again)
    told = contents(again)
    assert contents(tmp_path) == {
        **told,
        **{f"again/{name}": content for name, content in told.items()},
        "notes.txt": b"mine",
    }


def test_names_stay_text(tmp_path: Path) -> None:
    name = '<script>alert("x")</script>'
    cells = [Rating(name, "x & y", 3), Rating("غادة", "x & y", 4)]
    reports.write(ladders.climb(Ratings.of(cells, Scale(1, 5))), tmp_path)
    content = (tmp_path / "index.html").read_bytes()
    assert b"<script" not in content
    assert {name, "غادة"} <= set(Page(content).texts)


def test_a_report_that_fails_on_the_way_leaves_the_last_one_whole(
    result: Result[Ladder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports.write(ladders.climb(small()), tmp_path)
    before = contents(tmp_path)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(BadFolder, match="cannot be written to: No space left on device; name"):
        reports.write(result, tmp_path)
    assert contents(tmp_path) == before
    assert not list(tmp_path.glob(".report-*"))


def test_a_file_is_no_folder(result: Result[Ladder], tmp_path: Path) -> None:
    file = tmp_path / "out"
    file.write_text("mine")
    with pytest.raises(BadFolder, match="out is a file; name a folder"):
        reports.write(result, file)
    with pytest.raises(BadFolder, match="cannot be written to: Not a directory"):
        reports.write(result, file / "below")
    assert file.read_text() == "mine"


@pytest.mark.parametrize("name", ["index.html", "result.json", "pictures"])
def test_what_is_no_report_is_not_overwritten(
    name: str, result: Result[Ladder], tmp_path: Path
) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(BadFolder, match=f"holds {name}, which is no report of Cadre"):
        reports.write(result, tmp_path)
    assert contents(tmp_path) == {name: b"mine"}
