"""`cadre measure` as a psychometrician uses it: a sheet in, words out, and a report in a folder."""

import json
from pathlib import Path
from typing import Any

import pytest

from service.errors import Invalid
from service.measurement_reports import measure
from tests.operators import Answer, Operator, refused

HEAD = "candidate,assessor,value\n"
SMALL = HEAD + "".join(
    f"{who},{by},{value}\n"
    for who, values in {"Okonkwo": "545", "Durand": "443", "Li Wei": "35-", "Ruiz": "232"}.items()
    for by, value in zip(
        ("Chair", "B", "C"), (v.replace("-", "NOT_OBSERVED") for v in values), strict=True
    )
)


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    return Operator(None, tmp_path)


async def measured(operator: Operator, folder: Path, content: str, *options: str) -> Answer:
    sheet = folder / "ratings.csv"
    sheet.write_text(content, encoding="utf-8-sig")
    return await operator.runs("measure", str(sheet), "--report", str(folder / "out"), *options)


def sheet(cells: list[tuple[str, str, int]]) -> str:
    return HEAD + "".join(f"{who},{by},{value}\n" for who, by, value in cells)


def told(folder: Path) -> Any:
    return json.loads((folder / "out" / "result.json").read_bytes())["numbers"]


async def test_a_small_panel_is_described(operator: Operator, tmp_path: Path) -> None:
    answer = await measured(operator, tmp_path, SMALL, "--scale", "1-5")
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert lines[:3] == [
        "Panel",
        "  4 candidates, 3 assessors: 11 ratings on the scale 1 to 5; cells not observed: 1.",
        "  Assessors gave values to candidates in 11 of 12 pairs.",
    ]
    assert "without a model, because a model needs 5 candidates" in answer.out
    assert "  1      Okonkwo    3        4.67      4 to 5" in lines
    assert "  Without Chair these swap: places 1 and 2 (Okonkwo, Li Wei)." in lines
    index, result = (tmp_path / "out" / name for name in ("index.html", "result.json"))
    assert lines[-1] == f"Report: {index}"
    assert result.is_file()
    assert "Okonkwo" in index.read_text(encoding="utf-8")
    assert told(tmp_path)["rung"] == "DESCRIPTION"
    assert told(tmp_path)["model"]["undefined"].startswith("There is no model: a model needs 5")


async def test_a_panel_with_missing_cells_is_modelled_and_the_seed_makes_the_bytes(
    operator: Operator, tmp_path: Path
) -> None:
    cells = [
        (f"C{who:02}", f"A{by}", 1 + (who // 3 + by + who * by) % 5)
        for who in range(12)
        for by in range(4)
        if (who + by) % 5
    ]
    content = "# scale: 1-5\n" + sheet(cells).replace(",", ";")
    answer = await measured(operator, tmp_path, content, "--seed", "7")
    assert answer.code == 0
    assert "12 candidates and 4 assessors are linked, and fewer than 30" in answer.out
    assert "ICC(2,k) is" in answer.out
    assert "! Not every assessor rated every candidate" in answer.out
    assert told(tmp_path)["rung"] == "PENALISED"
    again = tmp_path / "again"
    measure(tmp_path / "ratings.csv", scale=None, folder=again, seed=7)
    for name in ("result.json", "index.html"):
        assert (again / name).read_bytes() == (tmp_path / "out" / name).read_bytes()


async def test_panels_that_nobody_links_are_told_apart(operator: Operator, tmp_path: Path) -> None:
    cells = [
        (f"C{who:02}", f"A{by}", 1 + (who + 2 * by + who * by) % 5)
        for who in range(40)
        for by in range(6)
        if (who < 34) == (by < 3)
    ]
    answer = await measured(operator, tmp_path, sheet(cells), "--scale", "1-5")
    assert answer.code == 0
    assert "fall into 2 subsets that nobody links" in answer.out
    assert "Let one assessor rate in both" in answer.out
    assert "Subset 2: Candidates by raw mean, with fair averages" in answer.out
    assert [each["numbers"]["rung"] for each in told(tmp_path)["subsets"]] == [
        "MARGINAL",
        "PENALISED",
    ]


async def test_what_cannot_be_measured_is_a_sentence_and_leaves_no_report(
    operator: Operator, tmp_path: Path
) -> None:
    answer = await measured(
        operator, tmp_path, SMALL.replace("Ruiz,C,2", "Ruiz,C,6"), "--scale", "1-5"
    )
    assert refused(
        answer,
        f"{tmp_path / 'ratings.csv'}: row 13 has the value 6, which is off the scale of 1 to 5.",
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("scale", "words"),
    [
        (None, "ratings.csv: the scale is not known, and the values that were used do not tell"),
        ("five", "ratings.csv: 'five' is no scale; give its two ends, such as 1-5."),
        ("5-1", "ratings.csv: a scale from 5 to 1 has no two values."),
        ("1-5", "out is a file; name a folder, which is made where there is none."),
    ],
)
def test_each_refusal_is_a_sentence(scale: str | None, words: str, tmp_path: Path) -> None:
    sheet, folder = tmp_path / "ratings.csv", tmp_path / "out"
    sheet.write_text(SMALL, encoding="utf-8")
    folder.write_text("mine", encoding="utf-8")
    with pytest.raises(Invalid) as refusal:
        measure(sheet, scale=scale, folder=folder, seed=1)
    assert words in refusal.value.message


def test_a_missing_sheet_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"none\.csv: the sheet cannot be read: No such file"):
        measure(tmp_path / "none.csv", scale="1-5", folder=None, seed=1)


def test_without_a_folder_it_is_told_only(tmp_path: Path) -> None:
    sheet = tmp_path / "ratings.csv"
    sheet.write_text(SMALL, encoding="utf-8")
    lines = measure(sheet, scale="1-5", folder=None, seed=1)
    assert lines[0] == "Panel"
    assert not any(line.startswith("Report:") for line in lines)
    assert [file.name for file in tmp_path.iterdir()] == ["ratings.csv"]
