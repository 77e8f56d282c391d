"""Plants the reference data of `seeds/data` in the database.

Rows are found by their natural key and touched only where they differ. Nothing is
ever deleted here: rows of people and posts may hang on it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

import pycountry
from babel import Locale
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.transactions import in_transaction

from seeds import records
from seeds.identities import named
from seeds.records import Reference
from service.models import (
    Competency,
    CompetencyFramework,
    MemberState,
    Mission,
    RatingLevel,
    RatingScale,
    Row,
    Term,
)
from service.models.vocabulary import LEVEL_RANKS, Function, Level, TermKind

Values: TypeAlias = Mapping[str, Any]
Labels: TypeAlias = tuple[str, str | None, str | None]
Keys: TypeAlias = dict[tuple[Any, ...], Any]


def silent(_line: str) -> None:
    """The progress of somebody who does not watch."""


async def plant(*, progress: Callable[[str], None] = silent) -> None:
    """Reference data equal to the files, in one transaction; planting twice equals once.

    Raises ValueError when a file is malformed; then nothing is written.
    """
    reference = records.load()
    async with in_transaction() as connection:
        await _plant_missions(connection, reference)
        await _upsert(connection, MemberState, ("code",), _member_states(reference))
        await _upsert(connection, Term, ("kind", "code"), _terms(reference))
        await _plant_frameworks(connection, reference)
        await _plant_scales(connection, reference)
    progress(
        f"Reference data stands: {len(reference.missions)} missions, "
        f"{len(reference.member_states)} Member States, "
        f"{len(reference.competency_frameworks)} competency frameworks."
    )


async def _plant_missions(connection: BaseDBAsyncClient, reference: Reference) -> None:
    titles = {title.code: title.label_en for title in reference.titles}
    rows = [_mission(mission, titles) for mission in reference.missions]
    keys = await _upsert(connection, Mission, ("acronym",), rows)
    lineage = [
        [keys[(predecessor,)], keys[(mission.acronym,)]]
        for mission in reference.missions
        for predecessor in mission.predecessors
    ]
    await connection.execute_many(
        "INSERT INTO mission_lineage (predecessor_id, successor_id)"
        " SELECT $1::uuid, $2::uuid WHERE NOT EXISTS (SELECT 1 FROM mission_lineage"
        " WHERE predecessor_id = $1 AND successor_id = $2)",
        lineage,
    )


def _mission(mission: records.Mission, titles: Mapping[str, str]) -> Values:
    return {
        "acronym": mission.acronym,
        "name": mission.name_en,
        "name_fr": mission.name_fr,
        "mission_type": mission.mission_type.value,
        "area": mission.area,
        "region": mission.region.value,
        "headquarters": mission.headquarters,
        "country": mission.country,
        "head_title": titles[mission.head_title] if mission.head_title else None,
        "started_on": mission.started_on,
        "started_precision": mission.started_precision.value,
        "ended_on": mission.ended_on,
        "ended_precision": mission.ended_precision and mission.ended_precision.value,
        "planned_end_on": mission.planned_end_on,
        "working_languages": list(mission.working_languages),
        "mandate_tasks": list(mission.mandate_tasks),
    }


def _member_states(reference: Reference) -> Iterable[Values]:
    for state in reference.member_states:
        country = pycountry.countries.lookup(state.code)
        yield {
            "code": state.code,
            "name": getattr(country, "common_name", country.name),
            "regional_groups": sorted(state.groups),
            "electoral_group": state.electoral_group,
        }


def _terms(reference: Reference) -> Iterable[Values]:
    functions = list(Function.__members__)
    for function in reference.functions:
        # A word that no column can hold would promise a filter that does not exist.
        if function.code in functions:
            rank = len(functions) - functions.index(function.code)
            labels: Labels = (function.label_en, function.label_fr, function.meaning)
            yield _term(TermKind.FUNCTION, function.code, labels, rank)
    for level in reference.levels:
        rank = LEVEL_RANKS[Level(level.code)]
        yield _term(TermKind.LEVEL, level.code, (level.label, None, None), rank)
    for title in reference.titles:
        yield _term(TermKind.TITLE, title.code, (title.label_en, title.label_fr, None))
    french = Locale("fr").languages
    for language in reference.languages:
        labels = (language.label_en, french.get(language.code), language.autonym)
        rank = language.is_official + language.is_secretariat_working
        yield _term(TermKind.LANGUAGE, language.code, labels, rank)
    for task in reference.mandate_tasks:
        yield _term(TermKind.MANDATE_TASK, task.code, (task.label, None, task.meaning))
    for group in reference.regional_groups:
        yield _term(TermKind.REGIONAL_GROUP, group.code, (group.label_en, group.label_fr, None))


def _term(kind: TermKind, code: str, labels: Labels, rank: int = 0) -> Values:
    label, label_fr, meaning = labels
    return {
        "kind": kind.value,
        "code": code,
        "label": label,
        "label_fr": label_fr,
        "meaning": meaning,
        "rank": rank,
    }


async def _plant_frameworks(connection: BaseDBAsyncClient, reference: Reference) -> None:
    frameworks = reference.competency_frameworks
    rows = [
        {
            "code": framework.code,
            "name": framework.name,
            "edition": framework.version,
            "adopted_on": framework.adopted_on,
            "adopted_precision": framework.adopted_precision.value,
        }
        for framework in frameworks
    ]
    keys = await _upsert(connection, CompetencyFramework, ("code", "edition"), rows)
    elements = [
        {
            "framework_id": keys[framework.code, framework.version],
            "kind": element.kind.value,
            "code": element.code,
            "label": element.label,
            "parent_code": element.parent,
        }
        for framework in frameworks
        for element in framework.elements
    ]
    await _upsert(connection, Competency, ("framework_id", "code"), elements)


async def _plant_scales(connection: BaseDBAsyncClient, reference: Reference) -> None:
    rows = [
        {"code": scale.code, "edition": scale.version, "purpose": scale.use}
        for scale in reference.rating_scales
    ]
    keys = await _upsert(connection, RatingScale, ("code", "edition"), rows)
    levels = [
        {
            "scale_id": keys[scale.code, scale.version],
            "rank": rank,
            "label": level.label,
            "value": level.value,
        }
        for scale in reference.rating_scales
        # The files list the best level first; here a higher rank is better.
        for rank, level in enumerate(reversed(scale.levels), start=1)
    ]
    await _upsert(connection, RatingLevel, ("scale_id", "rank"), levels)


async def _upsert(
    connection: BaseDBAsyncClient, model: type[Row], key: Sequence[str], rows: Iterable[Values]
) -> Keys:
    """The ids of all rows of the table by natural key, after these rows stand there."""
    table = model._meta.db_table  # noqa: SLF001 - Tortoise's documented way to a model's table
    listed = list(rows)
    columns = list(listed[0])
    planted_at = datetime.now(UTC)
    values = [
        [named(table, *(str(row[column]) for column in key)), planted_at, *row.values()]
        for row in listed
    ]
    await connection.execute_many(_statement(table, key, columns), values)
    found = await connection.execute_query_dict(f"SELECT id, {', '.join(key)} FROM {table}")  # noqa: S608 - names of our own tables
    return {tuple(row[column] for column in key): row["id"] for row in found}


def _statement(table: str, key: Sequence[str], columns: Sequence[str]) -> str:
    """The insert that changes a row with the same key only where it differs."""
    marks = ", ".join(f"${number}" for number in range(1, len(columns) + 3))
    facts = [column for column in columns if column not in key]
    news = ", ".join(f"{column} = excluded.{column}" for column in facts)
    standing = ", ".join(f"{table}.{column}" for column in facts)
    arriving = ", ".join(f"excluded.{column}" for column in facts)
    return (
        f"INSERT INTO {table} (id, created_at, {', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - names of our own tables
        f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {news}"
        f" WHERE ({standing}) IS DISTINCT FROM ({arriving})"
    )
