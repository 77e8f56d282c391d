"""What a mutation says of a thing that is hidden is what it says of one that is not there."""

from datetime import date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from strawberry.utils.str_converters import to_camel_case

from schema.inputs import _bare
from schema.root import assembled
from service import models
from service.access.actors import Actor
from service.changes import Change
from service.models import Row
from tests.schema.callers import CALLERS, Api, key
from tests.schema.oracles import Tables, global_id

# Callers who see some things and not others; who sees all has nothing to tell apart.
SOME = (
    None, "CANDIDATE", "MENTOR", "MENTEE", "MENTORING_MANAGER", "hr of alpha",
    "department of alpha", "FOCAL_POINT", "ADMINISTRATOR", "no role",
)  # fmt: skip
NOBODY = key("nobody at all")
# Whoever opens accounts must name people whose files stay closed to them.
NAMED_UNSEEN = {("createAccount", "person_id")}


def references(change: type[Change]) -> dict[str, type[Row]]:
    """The fields of an input that name a row, and the table of that row."""
    found = {}
    for name, info in change.model_fields.items():
        bare = _bare(info.annotation, info.metadata)
        if bare.refers_to:
            found[name] = getattr(models, bare.refers_to)
    return found


REFERENCES = [
    (verb, name)
    for verb, declared in assembled().verbs.items()
    for name in references(declared.operation.change)
    if (verb, name) not in NAMED_UNSEEN
]


def sample(tables: Tables, actor: Actor, change: type[Change]) -> dict[str, Any]:
    """An input with something in every required field, and rows the caller sees where it can."""
    given = {}
    for name, info in change.model_fields.items():
        if info.is_required() or _bare(info.annotation, info.metadata).refers_to:
            given[to_camel_case(name)] = value(tables, actor, info.annotation, info.metadata)
    return given


def value(tables: Tables, actor: Actor, annotation: Any, metadata: Any) -> Any:
    bare = _bare(annotation, metadata)
    if bare.refers_to:
        model = getattr(models, bare.refers_to)
        row_id = next((row["id"] for row in tables.visible(actor, model)), NOBODY)
        return global_id(model, row_id)
    if bare.is_list:
        return []
    if issubclass(bare.type, Change):
        return sample(tables, actor, bare.type)
    if issubclass(bare.type, Enum):
        return next(iter(bare.type)).name
    known = {int: 1, bool: True, date: "2024-01-01", datetime: "2024-01-01T00:00:00Z"}
    return known.get(bare.type, "Some text")


@pytest.mark.parametrize("caller", SOME)
@pytest.mark.parametrize("reference", REFERENCES, ids=".".join)
async def test_a_hidden_row_is_refused_in_the_words_for_one_that_is_not_there(
    api: Api, tables: Tables, caller: str | None, reference: tuple[str, str]
) -> None:
    verb, name = reference
    actor = CALLERS[caller]
    change = assembled().verbs[verb].operation.change
    model = references(change)[name]
    given = {**sample(tables, actor, change), "validateOnly": True}
    hidden = [row["id"] for row in tables.rows[model] if not tables.sees(actor, model, row)]

    async def said(row_id: UUID) -> dict[str, Any]:
        kind = f"{verb[0].upper()}{verb[1:]}Input"
        query = (
            f"mutation ($i: {kind}!) {{ {verb}(input: $i)"
            " { errors { code message path currentVersion } } }"
        )
        variables = {"i": {**given, to_camel_case(name): global_id(model, row_id)}}
        answer = await api.ask(query, variables, by=caller)
        # Administrators are told as well whether a plan was there already.
        answer["extensions"].pop("debug", None)
        return answer

    absent = await said(NOBODY)
    assert "INTERNAL" not in str(absent)
    for row_id in hidden[:4]:
        assert await said(row_id) == absent
