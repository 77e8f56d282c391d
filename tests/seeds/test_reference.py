"""Planting the reference data: what stands afterwards, and what a second planting leaves alone."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from tortoise import connections

from seeds import records, reference
from service.models import (
    Competency,
    CompetencyFramework,
    MemberState,
    Mission,
    RatingLevel,
    RatingScale,
    Term,
)
from service.models.vocabulary import Function, Level, RegionalGroup, TermKind

TABLES = (
    "mission",
    "mission_lineage",
    "member_state",
    "term",
    "competency_framework",
    "competency",
    "rating_scale",
    "rating_level",
)


@pytest.fixture(scope="module", autouse=True)
async def planted(fresh: Callable[[], AbstractAsyncContextManager[None]]) -> AsyncIterator[None]:
    async with fresh():
        await reference.plant()
        yield


async def dump() -> dict[str, list[dict[str, Any]]]:
    """Every row with the transaction that last wrote it."""
    connection = connections.get("default")
    return {
        table: await connection.execute_query_dict(
            f"SELECT t.xmin::text AS written_by, t.* FROM {table} t ORDER BY t::text"
        )
        for table in TABLES
    }


async def test_planting_twice_equals_planting_once_to_the_last_row_version() -> None:
    before = await dump()
    await reference.plant()
    assert await dump() == before
    assert min(len(rows) for rows in before.values()) > 3


async def test_a_row_that_strayed_is_set_right_and_keeps_its_id_and_birth() -> None:
    before = await Mission.filter(acronym="MONUSCO").values()
    await Mission.filter(acronym="MONUSCO").update(name="Something else", mandate_tasks=[])
    await reference.plant()
    assert await Mission.filter(acronym="MONUSCO").values() == before


async def test_a_row_that_stood_before_the_seed_keeps_its_own_id() -> None:
    own = await Mission.get(acronym="UNTSO")
    await MemberState.filter(code="SEN").delete()
    strange = await MemberState.create(code="SEN", name="Old", regional_groups=[])
    await reference.plant()
    assert (await MemberState.get(code="SEN")).id == strange.id
    assert (await MemberState.get(code="SEN")).name == "Senegal"
    assert (await Mission.get(acronym="UNTSO")).id == own.id


async def test_every_record_of_the_files_stands_in_its_table() -> None:
    files = records.load()
    assert await Mission.all().count() == len(files.missions)
    assert await MemberState.all().count() == len(files.member_states) == 193
    assert await CompetencyFramework.all().count() == len(files.competency_frameworks)
    elements = sum(len(framework.elements) for framework in files.competency_frameworks)
    assert await Competency.all().count() == elements
    assert await RatingScale.all().count() == len(files.rating_scales)
    assert await RatingLevel.all().count() == sum(len(s.levels) for s in files.rating_scales)


async def test_a_mission_knows_what_it_followed() -> None:
    mission = await Mission.get(acronym="UNTMIS").prefetch_related("predecessors", "successors")
    assert [before.acronym for before in mission.predecessors] == ["UNSOM"]
    assert list(mission.successors) == []


async def test_a_country_in_two_groups_and_one_in_none_are_kept_as_they_are() -> None:
    turkiye = await MemberState.get(code="TUR")
    states = await MemberState.get(code="USA")
    assert turkiye.regional_groups == ["ASIA_PACIFIC", "WEOG"]
    assert (states.regional_groups, states.electoral_group) == ([], "WEOG")
    assert (await MemberState.get(code="BOL")).name == "Bolivia"


async def test_terms_label_the_words_that_columns_hold() -> None:
    codes = {kind: set[str]() for kind in TermKind}
    for term in await Term.all():
        codes[term.kind].add(term.code)
    assert codes[TermKind.FUNCTION] <= set(Function)
    assert codes[TermKind.LEVEL] == set(Level)
    assert codes[TermKind.REGIONAL_GROUP] == set(RegionalGroup)
    used = {task for mission in await Mission.all() for task in mission.mandate_tasks}
    assert used <= codes[TermKind.MANDATE_TASK]
    spoken = {code for mission in await Mission.all() for code in mission.working_languages}
    assert spoken <= codes[TermKind.LANGUAGE]


async def test_a_language_has_a_french_label() -> None:
    arabic = await Term.get(kind=TermKind.LANGUAGE, code="ar")
    assert (arabic.label, arabic.label_fr, arabic.meaning) == ("Arabic", "arabe", "العربية")


async def test_the_best_level_of_a_scale_has_the_highest_rank() -> None:
    scale = await RatingScale.get(code="INSPIRA_CBI_INDICATOR").prefetch_related("levels")
    steps = sorted((level.rank, level.label, level.value) for level in scale.levels)
    assert steps == [(1, "No", 0.0), (2, "Partially", 0.5), (3, "Yes", 1.0)]
