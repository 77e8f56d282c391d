"""The short way and the executor give the same answer to any document, for any caller."""

import os
from collections.abc import Sequence
from random import Random
from typing import Any

import orjson
import pytest
from graphql import GraphQLError

from schema.context import Context
from schema.documents import Documents
from schema.engine import CadreSchema
from schema.limits import Limits
from schema.root import assembled, create_schema
from service.access.actors import ANONYMOUS
from service.errors import Refusal
from service.sign_ins import PUBLIC, SignIn
from tests.schema.callers import ACTORS
from tests.schema.documents import VALUES, Writer

SCHEMA = create_schema()
LIMITS = Limits(depth=40, nodes=10**9, fields=10**6, tokens=10**5, aliases=10**4, root_fields=50)
DOCUMENTS = Documents(SCHEMA._schema, LIMITS)
EACH = int(os.environ.get("CADRE_TEST_DOCUMENTS", "250"))
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


async def both_ways(text: str, variables: dict[str, Any], actor: Any) -> tuple[Any, Any]:
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
        (orjson.loads(short.data), plain(short.errors)),
        (orjson.loads(orjson.dumps(whole.data)), plain(whole.errors)),
    )


@pytest.mark.parametrize("chunk", range(8))
@pytest.mark.usefixtures("world")
async def test_both_ways_answer_random_documents_alike(chunk: int) -> None:
    roots = [name for name in assembled().queries if name != "accounts"]
    for number in range(EACH):
        dice = Random(f"{chunk} {number}")
        text = Writer(SCHEMA._schema, [*roots, "accounts"], dice).document()
        actor = dice.choice(CALLERS)
        short, whole = await both_ways(text, VALUES, actor)
        assert short == whole, f"chunk {chunk}, number {number}, as {actor.label}:\n{text}"


@pytest.mark.usefixtures("world")
async def test_the_order_of_the_answer_is_that_of_the_document() -> None:
    text = "query Q { b: missions { totalCount } __typename a: terms { totalCount } }"
    document = DOCUMENTS.parse(text)
    assert SCHEMA.reads is not None
    short = await SCHEMA.reads.answer(document.operation("Q"), {}, PUBLIC)
    assert short is not None
    assert list(orjson.loads(short.data)) == ["b", "__typename", "a"]


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
