"""The short way and the executor give the same answer to any document, for any caller."""

import os
from collections.abc import Sequence
from random import Random
from typing import Any
from uuid import uuid4

import orjson
import pytest
from graphql import GraphQLError
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from schema.context import Context
from schema.declarations import ListField
from schema.documents import Documents
from schema.engine import CadreSchema
from schema.limits import Limits
from schema.root import assembled, create_schema
from service import models
from service.access.actors import ANONYMOUS, Actor
from service.errors import Refusal
from service.sign_ins import PUBLIC, SignIn
from tests.schema import oracles
from tests.schema.callers import ACTORS
from tests.schema.documents import Known, Writer

SCHEMA = create_schema()
LIMITS = Limits(
    depth=40,
    nodes=10**9,
    fields=10**6,
    tokens=10**5,
    aliases=10**4,
    root_fields=50,
    directives=10**4,
)
DOCUMENTS = Documents(SCHEMA._schema, LIMITS)
CALLERS = [ANONYMOUS, *ACTORS.values()]


def plain(errors: Sequence[GraphQLError] | None) -> list[tuple[Any, ...]]:
    """What a caller learns of the errors, whatever order the fields ended in."""
    found = []
    for error in errors or []:
        cause: BaseException | None = error
        while isinstance(cause, GraphQLError):
            cause = cause.original_error
        assert isinstance(cause, Refusal), repr(cause)
        places = [(location.line, location.column) for location in error.locations or []]
        found.append((error.path, places, cause.code, cause.message, cause.path))
    return sorted(found)


async def both_ways(text: str, variables: dict[str, Any], actor: Actor) -> tuple[Any, Any]:
    """The answer of the compiled path, which must repeat itself, and that of the executor."""
    document = DOCUMENTS.parse(text)
    DOCUMENTS.validate(document, suggest=True)
    operation = document.operation("Q")
    assert SCHEMA.reads is not None
    short = await SCHEMA.reads.answer(operation, variables, SignIn(actor))
    assert short is not None
    again = await SCHEMA.reads.answer(operation, variables, SignIn(actor))
    assert again is not None
    assert (again.data, plain(again.errors)) == (short.data, plain(short.errors))
    whole = await SCHEMA.execute(
        text, variable_values=variables, context_value=Context(actor, "r", document.ast)
    )
    return (
        (orjson.loads(b"".join(short.data)), plain(short.errors)),
        (orjson.loads(orjson.dumps(whole.data)), plain(whole.errors)),
    )


@pytest.fixture(scope="module")
async def known(world: str) -> Known:
    """Ids and cursors that the world gives out, and some that it does not."""
    tables = await oracles.load()
    ids = [
        oracles.global_id(model, row["id"]) for model, rows in tables.rows.items() for row in rows
    ]
    nobody = oracles.global_id(models.Person, uuid4())
    cursors = {}
    for name, field in assembled().queries.items():
        orders = _orders(field) if isinstance(field, ListField) else []
        found = [(order, cursor) for order in orders for cursor in await _cursors(name, order)]
        if found:
            cursors[name] = found
    return Known([*ids, nobody, "no id", ""], cursors)


def _orders(field: ListField) -> list[list[dict[str, Any]]]:
    names = list(assembled().nodes[field.model].sorts)
    pairs = [(name, way) for name in names for way in ("ASC", "DESC")]
    return [[], *([{"field": name, "direction": way}] for name, way in pairs)]


async def _cursors(name: str, order: list[dict[str, Any]]) -> list[str]:
    kind = SCHEMA._schema.query_type.fields[name].args.get("orderBy")  # type: ignore[union-attr]
    if kind is None:
        return []
    text = f"query Q($o: {kind.type}) {{ found: {name}(first: 3, orderBy: $o) {{ edges {{ cursor }} }} }}"
    actor = next(a for a in CALLERS if a.label == "AUDITOR")
    answer, _ = await both_ways(text, {"o": order}, actor)
    return [edge["cursor"] for edge in (answer[0]["found"] or {"edges": []})["edges"]]


@settings(
    max_examples=int(os.environ.get("CADRE_TEST_DOCUMENTS", "2000")),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(number=st.integers(0, 2**64), actor=st.sampled_from(CALLERS))
async def test_both_ways_answer_random_documents_alike(
    known: Known, number: int, actor: Actor
) -> None:
    writer = Writer(SCHEMA._schema, known, list(assembled().roots), Random(number))
    text = writer.document()
    note(f"as {actor.label}: {text}\n{writer.variables}")
    short, whole = await both_ways(text, writer.variables, actor)
    assert short == whole


@pytest.mark.usefixtures("world")
async def test_the_order_of_the_answer_is_that_of_the_document() -> None:
    text = "query Q { b: missions { totalCount } __typename a: terms { totalCount } }"
    document = DOCUMENTS.parse(text)
    assert SCHEMA.reads is not None
    short = await SCHEMA.reads.answer(document.operation("Q"), {}, PUBLIC)
    assert short is not None
    assert list(orjson.loads(b"".join(short.data))) == ["b", "__typename", "a"]


@pytest.mark.parametrize(
    "text",
    [
        "query Q { viewer { label } missions { totalCount } }",
        "query Q { __schema { queryType { name } } }",
        'query Q { enumValues(name: "Role") { name } }',
        "query Q($f: MissionFilter!) { missions(filter: $f) { totalCount } }",
    ],
)
async def test_what_it_does_not_know_it_leaves_to_the_executor(text: str) -> None:
    document = DOCUMENTS.parse(text)
    assert SCHEMA.reads is not None
    assert await SCHEMA.reads.answer(document.operation("Q"), {}, PUBLIC) is None


def test_the_schema_under_test_takes_the_short_way() -> None:
    assert isinstance(SCHEMA, CadreSchema)
    assert SCHEMA.reads is not None


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("asked", ["pageInfo { hasPreviousPage }", "pageInfo { __typename }"])
async def test_a_page_of_facts_alone_is_one_page(asked: str) -> None:
    text = f"query Q {{ missions {{ {asked} posts {{ {asked} }} }} }}".replace(
        f"posts {{ {asked} }}", f"edges {{ node {{ posts {{ {asked} }} }} }}"
    )
    short, whole = await both_ways(text, {}, ANONYMOUS)
    assert short == whole
    assert short[1] == []
