"""The reference records: what they count to, how they hang together, what they refuse."""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError, fields
from datetime import date
from pathlib import Path
from typing import Any

import pycountry
import pytest

from seeds import records
from seeds.records import ElementKind, Framework, Mission, Reference
from service.dates import last_day
from service.models.vocabulary import Precision

Edit = Callable[[Any], object]


@pytest.fixture(scope="module")
def reference() -> Reference:
    return records.load()


@pytest.fixture(scope="module")
def missions(reference: Reference) -> dict[str, Mission]:
    return {mission.acronym: mission for mission in reference.missions}


@pytest.fixture(scope="module")
def frameworks(reference: Reference) -> dict[str, Framework]:
    return {framework.code: framework for framework in reference.competency_frameworks}


@pytest.fixture
def edited(tmp_path: Path) -> Callable[[str, Edit], Path]:
    """A copy of the data in which one file is changed by hand."""

    def edit(name: str, change: Edit) -> Path:
        folder = shutil.copytree(records.DATA, tmp_path / "data")
        document = json.loads((folder / name).read_text(encoding="utf-8"))
        change(document)
        (folder / name).write_text(json.dumps(document), encoding="utf-8")
        return folder

    return edit


def kinds(framework: Framework) -> Counter[str]:
    return Counter(str(element.kind) for element in framework.elements)


def test_records_cannot_be_changed(reference: Reference) -> None:
    with pytest.raises(FrozenInstanceError):
        reference.levels[0].rank = 9  # type: ignore[misc]


def test_every_file_is_read_and_written_the_same_way(reference: Reference) -> None:
    files = sorted(records.DATA.iterdir())
    named = {field.name for field in fields(reference)} - {"left_out"}
    assert {file.name for file in files} == {f"{name}.json" for name in named}
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert text == json.dumps(json.loads(text), ensure_ascii=False, indent=2) + "\n", file.name


def test_every_mission_that_can_be_placed_is_there_and_the_rest_say_why(
    reference: Reference,
) -> None:
    types = Counter(str(mission.mission_type) for mission in reference.missions)
    assert types == {"PEACEKEEPING": 71, "SPECIAL_POLITICAL": 40}
    left_out = {row.acronym for row in reference.left_out}
    assert left_out == {"OSASG-Cyprus", "OSES", "UNRGID", "UNSOS"}
    assert not left_out & {mission.acronym for mission in reference.missions}


def test_eleven_peacekeeping_operations_run(reference: Reference) -> None:
    running = [m.acronym for m in reference.missions if not m.ended_on]
    peacekeeping = {m.acronym for m in reference.missions if m.mission_type == "PEACEKEEPING"}
    assert [acronym for acronym in running if acronym in peacekeeping] == [
        "MINURSO",
        "MINUSCA",
        "MONUSCO",
        "UNDOF",
        "UNFICYP",
        "UNIFIL",
        "UNISFA",
        "UNMIK",
        "UNMISS",
        "UNMOGIP",
        "UNTSO",
    ]


def test_dates_keep_their_precision(missions: dict[str, Mission]) -> None:
    untso, minustah, uniosil = missions["UNTSO"], missions["MINUSTAH"], missions["UNIOSIL"]
    assert (untso.started_on, untso.started_precision) == (date(1948, 5, 29), Precision.DAY)
    assert (minustah.started_on, minustah.started_precision) == (date(2004, 6, 1), Precision.MONTH)
    assert (uniosil.ended_on, uniosil.ended_precision) == (date(2008, 1, 1), Precision.YEAR)


def test_a_planned_end_is_not_an_end(reference: Reference) -> None:
    planned = {m.acronym: m.planned_end_on for m in reference.missions if m.planned_end_on}
    assert planned == {"UNIFIL": date(2026, 12, 31), "UNTMIS": date(2026, 10, 31)}


def test_a_mission_ends_before_its_successor_starts(missions: dict[str, Mission]) -> None:
    # Each of these handed over while both stood, as the dates of the source say.
    overlapping = {("MIPONUH", "MICAH"), ("UNMIS", "UNMISS"), ("UNTAES", "UNPSG")}
    found = set()
    for mission in missions.values():
        for acronym in mission.predecessors:
            ended_on = missions[acronym].ended_on
            assert ended_on is not None, acronym
            if ended_on > last_day(mission.started_on, mission.started_precision):
                found.add((acronym, mission.acronym))
    assert found == overlapping


def test_successions_can_be_walked_back_to_their_beginning(missions: dict[str, Mission]) -> None:
    def line(acronym: str) -> Iterator[str]:
        yield acronym
        for before in missions[acronym].predecessors:
            yield from line(before)

    assert list(line("BINUH")) == ["BINUH", "MINUJUSTH", "MINUSTAH"]
    assert list(line("UNTMIS")) == ["UNTMIS", "UNSOM", "UNPOS"]
    assert list(line("MINUSCA")) == ["MINUSCA", "BINUCA", "BONUCA", "MINURCA"]
    assert list(line("MONUA")) == ["MONUA", "UNAVEM III", "UNAVEM II", "UNAVEM I"]
    assert list(line("UNVMC")) == ["UNVMC", "UN Mission in Colombia"]


@pytest.mark.parametrize(
    "acronym",
    ["UNISFA", "UNDOF", "UNMIK", "UNMOGIP", "MINURSO", "PESG Western Sahara", "UNMOP", "UNOCA"],
)
def test_a_disputed_or_shared_area_has_no_country(
    missions: dict[str, Mission], acronym: str
) -> None:
    assert missions[acronym].country is None


def test_every_country_and_language_has_an_iso_code(reference: Reference) -> None:
    named = {mission.country for mission in reference.missions if mission.country}
    named |= {state.code for state in reference.member_states}
    assert {code for code in named if not pycountry.countries.get(alpha_3=code)} == set()
    languages = {language.code for language in reference.languages}
    assert {code for code in languages if not pycountry.languages.get(alpha_2=code)} == set()


def test_every_mission_names_its_languages_and_its_sources(
    reference: Reference,
) -> None:
    assert [m.acronym for m in reference.missions if not m.working_languages] == []
    assert [m.acronym for m in reference.missions if not m.sources] == []


def test_every_mandate_task_is_asked_of_some_mission(reference: Reference) -> None:
    asked = {task for mission in reference.missions for task in mission.mandate_tasks}
    assert asked == {task.code for task in reference.mandate_tasks}


def test_every_head_of_mission_title_carries_that_function(reference: Reference) -> None:
    titles = {title.code: title for title in reference.titles}
    component = {"FORCE_COMMANDER", "CHIEF_MILITARY_OBSERVER"}  # Older heads led by rank alone.
    heads = {m.head_title for m in reference.missions if m.head_title} - component
    assert [code for code in heads if "HEAD_OF_MISSION" not in titles[code].usual_functions] == []


def test_the_193_member_states_elect_in_five_groups(reference: Reference) -> None:
    assert len(reference.member_states) == 193
    counted = Counter(state.electoral_group for state in reference.member_states)
    # The published 53 and 28 leave out Kiribati, listed since, and the observing United States:
    # 54 + 53 + 23 + 33 + 28 + 2 = 193.
    assert counted == {
        "AFRICAN": 54,
        "ASIA_PACIFIC": 53 + 1,
        "EASTERN_EUROPEAN": 23,
        "GRULAC": 33,
        "WEOG": 28 + 1,
    }


def test_the_unusual_member_states_stand_as_they_are(reference: Reference) -> None:
    states = {state.code: state for state in reference.member_states}
    several = {state.code: state.groups for state in states.values() if len(state.groups) != 1}
    assert several == {"TUR": ("WEOG", "ASIA_PACIFIC"), "USA": ()}
    assert (states["TUR"].electoral_group, states["USA"].electoral_group) == ("WEOG", "WEOG")
    assert states["ISR"].groups == ("WEOG",)
    assert states["KIR"].groups == ("ASIA_PACIFIC",)


def test_six_languages_are_official_and_two_work_in_the_secretariat(reference: Reference) -> None:
    official = [language.code for language in reference.languages if language.is_official]
    working = [row.code for row in reference.languages if row.is_secretariat_working]
    assert official == ["ar", "en", "es", "fr", "ru", "zh"]
    assert working == ["en", "fr"]


def test_levels_stand_in_order_of_seniority(reference: Reference) -> None:
    ranked = sorted(reference.levels, key=lambda level: level.rank, reverse=True)
    assert [level.code for level in ranked] == ["USG", "ASG", "D_2", "D_1", "P_5"]


def test_every_function_is_carried_by_some_title(reference: Reference) -> None:
    carried = {code for title in reference.titles for code in title.usual_functions}
    assert carried == {function.code for function in reference.functions}


def test_frameworks_hold_the_published_elements(frameworks: dict[str, Framework]) -> None:
    assert {code: dict(kinds(framework)) for code, framework in frameworks.items()} == {
        "UN_COMPETENCIES": {"VALUE": 3, "CORE": 8, "MANAGERIAL": 6},
        "UN_SYSTEM_LEADERSHIP": {"CHARACTERISTIC": 8, "BEHAVIOUR": 4},
        "UN_VALUES_AND_BEHAVIOURS": {"VALUE": 4, "BEHAVIOUR": 5},
        "OPM_ECQ": {"ECQ": 5 + 22, "FUNDAMENTAL": 6},
    }


def test_five_qualifications_head_22_competencies(frameworks: dict[str, Framework]) -> None:
    elements = [e for e in frameworks["OPM_ECQ"].elements if e.kind is ElementKind.ECQ]
    under = Counter(element.parent for element in elements)
    assert under == {
        None: 5,
        "LEADING_CHANGE": 6,
        "LEADING_PEOPLE": 4,
        "RESULTS_DRIVEN": 6,
        "BUSINESS_ACUMEN": 3,
        "BUILDING_COALITIONS": 3,
    }


def test_frameworks_say_which_version_they_are(frameworks: dict[str, Framework]) -> None:
    assert {code: row.version for code, row in frameworks.items()} == {
        "OPM_ECQ": "2006",
        "UN_COMPETENCIES": "1999",
        "UN_SYSTEM_LEADERSHIP": "2017",
        "UN_VALUES_AND_BEHAVIOURS": "2021",
    }
    assert frameworks["UN_COMPETENCIES"].adopted_on == date(1999, 10, 13)


@pytest.mark.parametrize(
    ("mean", "level"),
    [
        (1.0, "OUTSTANDING"),
        (0.7, "SATISFACTORY"),
        (0.5, "PARTIALLY_SATISFACTORY"),
        (0.1, "PARTIALLY_SATISFACTORY"),
        (0.0, "UNSATISFACTORY"),
    ],
)
def test_a_mean_of_indicators_reads_as_one_level(
    reference: Reference, mean: float, level: str
) -> None:
    scale = next(row for row in reference.rating_scales if row.code == "INSPIRA_CBI_COMPETENCY")
    first = next(
        row.code
        for row in scale.levels
        if (row.above is not None and mean > row.above)
        or (row.at_least is not None and mean >= row.at_least)
    )
    assert first == level


def test_scales_with_numbers_run_from_best_to_worst(reference: Reference) -> None:
    values = {
        scale.code: [level.value for level in scale.levels]
        for scale in reference.rating_scales
        if scale.levels[0].value is not None
    }
    assert values == {
        "INSPIRA_CBI_INDICATOR": [1, 0.5, 0],
        "OPM_STRUCTURED_INTERVIEW": [5, 4, 3, 2, 1],
    }
    assert len(reference.rating_scales) == 6


def set_key(row: int, key: str, value: object) -> Edit:
    return lambda rows: rows[row].update({key: value})


def set_mission(**changes: object) -> Edit:
    return lambda document: document["missions"][0].update(changes)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        (
            "levels.json",
            set_key(0, "colour", "red"),
            "levels.json, row ASG, colour: unknown key",
        ),
        (
            "levels.json",
            set_key(0, "rank", "3"),
            "levels.json, row ASG, rank: Input should be a valid integer",
        ),
        (
            "titles.json",
            set_key(0, "usual_levels", ["D_9"]),
            "titles.json, row CHIEF_MILITARY_OBSERVER: usual_levels names D_9, which no row defines",
        ),
        (
            "titles.json",
            set_key(0, "usual_levels", ["D_2", "D_2"]),
            "titles.json, row CHIEF_MILITARY_OBSERVER: usual_levels holds D_2 twice",
        ),
        (
            "member_states.json",
            set_key(0, "electoral_group", "WEOG"),
            "member_states.json, row AFG: electoral_group is not among the State's groups",
        ),
        (
            "languages.json",
            lambda rows: rows.reverse(),
            "languages.json, row wo: doubled, or not sorted by natural key",
        ),
        (
            "languages.json",
            lambda rows: rows.append(rows[-1]),
            "languages.json, row zh: doubled, or not sorted by natural key",
        ),
        (
            "missions.json",
            set_mission(predecessors=["UNKNOWN"]),
            "missions.json, row BINUB: predecessors names UNKNOWN, which no row defines",
        ),
        (
            "missions.json",
            set_mission(head_title="KING"),
            "missions.json, row BINUB: head_title names KING, which no row defines",
        ),
        (
            "missions.json",
            set_mission(started_on="2007-01-02"),
            (
                "missions.json, missions, row BINUB: "
                "started_on of precision MONTH must be a first of the month"
            ),
        ),
        (
            "missions.json",
            set_mission(ended_on="2010-06-01"),
            (
                "missions.json, missions, row BINUB: "
                "ended_on of precision YEAR must be a first of January"
            ),
        ),
        (
            "missions.json",
            set_mission(ended_on="2006-01-01"),
            "missions.json, missions, row BINUB: ended_on lies before started_on",
        ),
        (
            "missions.json",
            set_mission(ended_on=None),
            (
                "missions.json, missions, row BINUB: "
                "ended_on and ended_precision stand together or not at all"
            ),
        ),
        (
            "missions.json",
            set_mission(planned_end_on="2030-01-01"),
            (
                "missions.json, missions, row BINUB: "
                "planned_end_on belongs to a mission that runs, after its start"
            ),
        ),
        (
            "missions.json",
            lambda document: document["left_out"].reverse(),
            "missions.json, row UNRGID: doubled, or not sorted by natural key",
        ),
        (
            "competency_frameworks.json",
            lambda rows: rows[0]["elements"][1].update(parent="NOBODY"),
            ("competency_frameworks.json, row OPM_ECQ: parent names NOBODY, which no row defines"),
        ),
        (
            "competency_frameworks.json",
            lambda rows: rows[0]["elements"][1].update(kind="VIRTUE"),
            (
                "competency_frameworks.json, row OPM_ECQ, elements, row CREATIVITY_AND_INNOVATION, kind: "
                "Input should be 'VALUE', 'CORE', 'MANAGERIAL', 'CHARACTERISTIC', 'BEHAVIOUR', 'ECQ' or "
                "'FUNDAMENTAL'"
            ),
        ),
        (
            "rating_scales.json",
            lambda rows: rows[0]["levels"][0].update(value=1),
            (
                "rating_scales.json, row INSPIRA_CBI_COMPETENCY, levels, row OUTSTANDING: "
                "value, above and at_least exclude each other"
            ),
        ),
    ],
)
def test_a_fault_is_named_by_file_row_and_key(
    edited: Callable[[str, Edit], Path], name: str, change: Edit, message: str
) -> None:
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 - the whole message is compared below
        records.load(edited(name, change))
    assert str(refusal.value) == message


def test_a_missing_key_is_named(edited: Callable[[str, Edit], Path]) -> None:
    folder = edited("functions.json", lambda rows: rows[1].pop("meaning"))
    with pytest.raises(ValueError, match=r"^functions\.json, row .*, meaning: Field required$"):
        records.load(folder)


def test_a_file_that_is_not_json_is_named(edited: Callable[[str, Edit], Path]) -> None:
    folder = edited("levels.json", lambda rows: None)
    (folder / "levels.json").write_text("[{", encoding="utf-8")
    with pytest.raises(ValueError, match=r"^levels\.json: Invalid JSON: "):
        records.load(folder)
