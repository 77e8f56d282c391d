"""The forms of variables: what two requests must share to share a plan, and what never may."""

import base64
import json
from typing import Any
from uuid import UUID

import pytest
from graphql.execution.values import VariableValues, get_variable_values

from schema.documents import Documents, Operation
from schema.inputs import GivenId, GivenIds
from schema.limits import Limits
from schema.root import create_schema
from schema.variables import Form, Unshaped
from service import models
from service.access.actors import ANONYMOUS
from service.reading.slots import Filling, Given, GivenCursor, is_open
from tests.schema.oracles import global_id

SCHEMA = create_schema()._schema
KEY = "0190a000-0000-7000-8000-000000000001"
OTHER = "0190a000-0000-7000-8000-000000000002"
PERSON, MISSION = global_id(models.Person, UUID(KEY)), global_id(models.Mission, UUID(OTHER))


def operation(text: str) -> Operation:
    documents = Documents(SCHEMA, Limits())
    document = documents.parse(text)
    documents.validate(document, suggest=True)
    return document.operation(None)


def people(**types: str) -> Operation:
    declared = ", ".join(f"${name}: {kind}" for name, kind in types.items())
    given = ", ".join(f"{name}: ${name}" for name in types)
    return operation(f"query ({declared}) {{ people({given}) {{ totalCount }} }}")


FILTER = people(filter="PersonFilter")
PAGE = people(first="Int", after="String", orderBy="[PersonOrder!]")
NODE = operation("query ($id: ID!) { node(id: $id) { id } }")
NODES = operation("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }")


def filtered(**conditions: Any) -> Form:
    return FILTER.variables.form({"filter": conditions})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"text": "amina"}, {"text": "Øster gård"}),
        ({"nationalitiesAny": ["KEN"]}, {"nationalitiesAny": ["FRA", "TUR"]}),
        ({"nationalitiesAny": []}, {"nationalitiesAny": ["FRA"]}),
        ({"availableBy": "2024-01-01"}, {"availableBy": "2025-02-02"}),
        ({"text": "a", "gender": ["FEMALE"]}, {"gender": ["FEMALE"], "text": "b"}),
        (
            {"languagesAll": [{"language": ["fr"], "atLeast": "C1"}]},
            {"languagesAll": [{"language": ["en", "fr"], "atLeast": "C1"}]},
        ),
    ],
)
def test_requests_that_differ_in_values_alone_share_a_form(one: Any, other: Any) -> None:
    assert filtered(**one).key == filtered(**other).key
    assert filtered(**one).given != filtered(**other).given or one.keys() == other.keys()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"text": "amina"}, {"text": "«»"}),
        ({"text": "amina"}, {"text": None}),
        ({"text": "amina"}, {}),
        ({"gender": ["FEMALE"]}, {"gender": ["MALE"]}),
        ({"isOutsidePipeline": True}, {"isOutsidePipeline": False}),
        ({"highestLevel": {"from": "D_1"}}, {"highestLevel": {"to": "D_1"}}),
        ({"languagesAll": [{}]}, {"languagesAll": [{}, {}]}),
        ({"or": [{"text": "a"}]}, {"and": [{"text": "a"}]}),
    ],
)
def test_requests_that_need_another_statement_have_another_form(one: Any, other: Any) -> None:
    assert filtered(**one).key != filtered(**other).key


def test_page_sizes_and_orders_are_part_of_the_form() -> None:
    keys = {
        PAGE.variables.form({"first": first, "orderBy": [{"field": field}]}).key
        for first in (1, 2, None)
        for field in ("SENIORITY", "FAMILY_NAME")
    }
    assert len(keys) == 6


def test_of_a_cursor_only_its_order_and_its_nulls_are() -> None:
    def cursor(*values: Any) -> tuple[Any, ...]:
        packed = base64.b64encode(json.dumps(["Person:seniority-0", *values]).encode()).decode()
        return PAGE.variables.form({"first": 1, "after": packed}).key

    assert cursor(3, KEY) == cursor(4, OTHER)
    assert len({cursor(3, KEY), cursor(None, KEY), cursor(3, KEY, KEY)}) == 3


def test_of_an_id_only_its_type_is() -> None:
    form = NODE.variables.form({"id": PERSON})
    assert form == Form(("Person",), (KEY,))
    assert NODE.variables.revive(form).coerced == {"id": GivenId("Person", Given(0))}
    several = NODES.variables.form({"ids": [PERSON, MISSION]})
    assert several.given == (["Person", "Mission"], [KEY, OTHER])
    (ids,) = NODES.variables.revive(several).coerced.values()
    assert ids == GivenIds(2, frozenset({"Person", "Mission"}), Given(0), Given(1))


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        (FILTER, {"filter": {"nowhere": 1}}),
        (FILTER, {"filter": {"gender": ["NONE"]}}),
        (FILTER, {"filter": {"gender": "FEMALE"}}),
        (FILTER, {"filter": {"availableBy": "2024-02-30"}}),
        (FILTER, {"filter": {"text": 7}}),
        (FILTER, {"filter": {"text": "a" * 501}}),
        (FILTER, {"filter": {"isOutsidePipeline": "yes"}}),
        (FILTER, {"filter": [{}]}),
        (PAGE, {"first": 2.0}),
        (PAGE, {"first": True}),
        (PAGE, {"first": 2**31}),
        (PAGE, {"after": "none"}),
        (PAGE, {"orderBy": [{}]}),
        (PAGE, {"orderBy": [None]}),
        (NODE, {"id": "none"}),
        (NODE, {"id": PERSON.lower()}),
        (NODE, {"id": None}),
        (NODE, {}),
        (NODE, {"id": global_id(models.ApiToken, UUID(KEY)).replace("QXBp", "QXBq")}),
        (NODES, {"ids": PERSON}),
        (NODES, {"ids": [PERSON, None]}),
    ],
)
def test_what_it_does_not_know_for_sure_has_no_form(asked: Operation, sent: Any) -> None:
    with pytest.raises(Unshaped):
        asked.variables.form(sent)


def test_a_variable_that_is_used_in_two_ways_has_no_form() -> None:
    twice = operation(
        "query ($v: String!) { people(after: $v) { totalCount } mission(acronym: $v) { id } }"
    )
    literal = operation("query ($v: ID!) { nodes(ids: [$v]) { id } }")
    for asked in (twice, literal):
        with pytest.raises(Unshaped):
            asked.variables.form({"v": PERSON})


def test_a_default_counts_where_nothing_was_sent() -> None:
    asked = operation("query ($n: Int = 3) { missions(first: $n) { totalCount } }")
    absent, given = asked.variables.form({}), asked.variables.form({"n": 3})
    assert absent.key != given.key
    assert asked.variables.revive(absent).coerced == {"n": 3}
    null = asked.variables.form({"n": None})
    assert asked.variables.revive(null).coerced == {"n": None}


@pytest.mark.parametrize(
    "sent",
    [
        {"text": "a", "gender": ["FEMALE", "MALE"], "isOutsidePipeline": False},
        {"or": [{"availableBy": "2024-01-01"}, {"not": {"text": "b"}}], "nationalitiesAny": ["X"]},
        {"experience": {"function": ["DEPUTY_HEAD_OF_MISSION"], "mission": {"acronym": ["U"]}}},
        {"highestLevel": {"from": "D_1", "to": None}, "languagesAny": []},
        {},
    ],
)
def test_a_form_revived_and_filled_is_what_the_library_coerces(sent: dict[str, Any]) -> None:
    form = filtered(**sent)
    definitions = FILTER.node.variable_definitions or ()
    coerced = get_variable_values(SCHEMA, definitions, {"filter": sent})
    assert isinstance(coerced, VariableValues)
    filling = Filling(ANONYMOUS, form.given)
    revived = FILTER.variables.revive(form).coerced
    assert filled(revived, filling) == coerced.coerced


UPDATE = operation(
    "mutation ($i: UpdatePersonInput!, $n: Int = 3, $m: Int, $f: MissionFilter) { updatePerson("
    "input: $i) { person { experiences(first: $n, filter: { mission: $f }) { totalCount }"
    " more: experiences(first: $m) { totalCount } } } }"
)
SOUND = {"id": "x", "version": 1}


@pytest.mark.parametrize(
    "sent",
    [
        {"i": SOUND},
        {"i": SOUND, "n": None, "m": 2.0, "f": {"acronym": "UN"}, "of no use": 1},
        {"i": SOUND | {"pipelineSince": "2024-01-01", "gender": None, "nationalities": "KEN"}},
        {
            "i": SOUND
            | {"availability": "AVAILABLE", "languages": {"language": "x", "proficiency": "C1"}}
        },
        {"i": None},
        {},
        {"i": SOUND | {"version": "1"}},
        {"i": SOUND | {"pipelineSince": "2024-02-30"}},
        {"i": SOUND | {"nowhere": 1}},
        {"i": {"id": "x"}},
        {"i": SOUND, "n": "3"},
        {"i": SOUND, "f": 7},
    ],
)
def test_the_values_of_a_mutation_are_what_the_library_coerces_or_left_to_it(
    sent: dict[str, Any],
) -> None:
    definitions = UPDATE.node.variable_definitions or ()
    coerced = get_variable_values(SCHEMA, definitions, sent)
    if isinstance(coerced, VariableValues):
        assert UPDATE.variables.coerced(sent).coerced == coerced.coerced
    else:
        with pytest.raises(Unshaped):
            UPDATE.variables.coerced(sent)


def filled(value: Any, filling: Filling) -> Any:
    if isinstance(value, dict):
        return {key: filled(part, filling) for key, part in value.items()}
    if isinstance(value, list):
        return [filled(part, filling) for part in value]
    assert not isinstance(value, GivenCursor)
    return value.of(filling) if is_open(value) else value
