"""The short way of mutations: as the executor does it, proved in its transaction, and short."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from graphql import GraphQLError
from tortoise import connections
from tortoise.transactions import in_transaction

from schema.context import Context
from schema.documents import Documents
from schema.limits import Limits
from schema.root import create_schema
from service import database, models
from service.access.roles import Role
from service.clock import now
from service.errors import Refusal
from service.sign_ins import SignIn, ask
from tests.refusals import everything
from tests.schema.served import Served, mutation
from tests.schema.verbs import CASES

SCHEMA = create_schema()
DOCUMENTS = Documents(SCHEMA.core, Limits())
# These change what callers are proved by, or show themselves before their end.
PROVED_FIRST = {
    "createAccount", "grantRole", "issueToken", "revokeRole", "revokeToken", "startMatchRun",
}  # fmt: skip
VERBS = sorted(CASES.keys() - PROVED_FIRST)
CALLERS = ("anonymous", "no_role", "auditor", "stranger")
HANGS = 30
# Whatever is new with each time it is done is left out.
PLAIN = """kind: __typename why: errors { is: __typename message code at: path currentVersion }
    again: errors { code }"""


@asynccontextmanager
async def undone() -> AsyncIterator[None]:
    """Whatever is written in the block is taken back at its end."""
    async with in_transaction() as transaction:
        yield
        await transaction.rollback()


def plain(errors: Sequence[GraphQLError] | None) -> list[tuple[Any, ...]]:
    """What a caller learns of the errors."""
    found = []
    for error in errors or []:
        cause: BaseException | None = error
        while isinstance(cause, GraphQLError):
            cause = cause.original_error
        assert isinstance(cause, Refusal), repr(cause)
        places = [(location.line, location.column) for location in error.locations or []]
        found.append((error.path, places, cause.code, cause.message, cause.path))
    return found


async def short_of(text: str, variables: dict[str, Any], sign_in: SignIn) -> Any:
    """What the short way answers; None where it leaves it to the executor."""
    document = DOCUMENTS.parse(text)
    DOCUMENTS.validate(document, suggest=True)
    assert SCHEMA.writes is not None
    answer = await SCHEMA.writes.answer(document.operation("Do"), variables, sign_in)
    return None if answer is None else (orjson.loads(b"".join(answer.data)), plain(answer.errors))


async def whole_of(text: str, variables: dict[str, Any], sign_in: SignIn) -> Any:
    """What the executor answers."""
    context = Context(sign_in.actor, "r", DOCUMENTS.parse(text).ast)
    whole = await SCHEMA.execute(text, variable_values=variables, context_value=context)
    return orjson.loads(orjson.dumps(whole.data)), plain(whole.errors)


async def both_ways(text: str, variables: dict[str, Any], sign_in: SignIn) -> tuple[Any, Any]:
    """The same done twice by the short way, planned and with its plan, and by the executor."""
    found = []
    for way in (short_of, short_of, whole_of):
        async with undone():
            found.append(await way(text, variables, sign_in))
    first, again, whole = found
    assert first == again
    return first, whole


@pytest.mark.parametrize("verb", VERBS)
async def test_both_ways_do_alike_whoever_asks_for_whatever(served: Served, verb: str) -> None:
    case = CASES[verb]
    given = await case.given(served.world)
    inputs = [given, given | case.bad[0], given | {"validateOnly": True, "idempotencyKey": "k"}]
    inputs.append(given | {"idempotencyKey": ""})
    text = mutation(verb, "__typename", more=PLAIN)
    tokens = [await served.token(name) for name in {*CALLERS, min(case.allowed)}]
    before = await everything()
    for sign_in in [await ask(token) for token in tokens]:
        for one in inputs:
            short, whole = await both_ways(text, {"input": one}, sign_in)
            assert short == whole, (sign_in.actor.label, one)
    assert await everything() == before


PAYLOADS = {
    "aliases": "{ a: updatePerson(input: $input) { p: person { v: version } q: person { id } } }",
    "fragments": """{ updatePerson(input: $input) { ...P ... on UpdatePersonPayload { person { id } } } }
        fragment P on UpdatePersonPayload { person { ...Q version } errors { code } }
        fragment Q on Person { expertise __typename }""",
    "no row": "{ updatePerson(input: $input) { errors { code message } } }",
    "its type": "{ updatePerson(input: $input) { __typename } }",
    "conditions": """{ updatePerson(input: $input) {
        person @include(if: $yes) { id } errors @skip(if: $yes) { code } } }""",
    "lists": """{ updatePerson(input: $input) { person { experiences(first: $many) {
        totalCount edges { node { title } } } languages { edges { node { language } } } } } }""",
    "a long key": f"{{ updatePerson(input: $input) {{ person {{ {'x' * 70}: version }} }} }}",
}
USED = {"conditions": ", $yes: Boolean! = true", "lists": ", $many: Int"}
REST: list[dict[str, Any]] = [{}, {"yes": False}, {"many": 0}, {"many": 1}]
# What no database can hold, and what is too long to keep a plan for.
ODD = [
    ("\ud800", (None, 1)),
    ("x" * 600, ({"person": {"experiences": {"totalCount": 0}}, "errors": []}, 0)),
]
UNFIT: list[dict[str, Any]] = [{"many": -1}, {"yes": None}, {"many": "1"}]


@pytest.mark.parametrize("case", PAYLOADS)
async def test_both_ways_tell_the_same_of_a_row(served: Served, case: str) -> None:
    sign_in = await ask(await served.token("hr"))
    given = await CASES["updatePerson"].given(served.world)
    text = f"mutation Do($input: UpdatePersonInput!{USED.get(case, '')}) {PAYLOADS[case]}"
    for rest in REST:
        short, whole = await both_ways(text, {"input": given, **rest}, sign_in)
        assert short == whole
        assert short[1] == []


@pytest.mark.parametrize(("odd", "expected"), ODD)
async def test_values_below_the_payload_are_told_apart_whatever_they_are(
    served: Served, odd: str, expected: Any
) -> None:
    sign_in = await ask(await served.token("hr"))
    given = await CASES["updatePerson"].given(served.world)
    text = (
        "mutation Do($input: UpdatePersonInput!, $f: MissionFilter) { updatePerson(input: $input)"
        " { person { experiences(filter: { mission: $f }) { totalCount } } errors { code } } }"
    )
    document = DOCUMENTS.parse(text)
    assert SCHEMA.writes is not None
    told = []
    for acronym in ("UNHERE", odd, odd, "UNHERE"):
        variables = {"input": given, "f": {"acronym": [acronym]}}
        async with undone():
            answer = await SCHEMA.writes.answer(document.operation("Do"), variables, sign_in)
        assert answer is not None
        told.append((orjson.loads(b"".join(answer.data))["updatePerson"], len(answer.errors)))
    assert told[0] == told[3] == ({"person": {"experiences": {"totalCount": 1}}, "errors": []}, 0)
    assert told[1] == told[2] == expected


@pytest.mark.parametrize("rest", UNFIT)
async def test_what_does_not_fit_below_the_payload_is_left_to_the_executor(
    served: Served, rest: dict[str, Any]
) -> None:
    sign_in = await ask(await served.token("hr"))
    given = await CASES["updatePerson"].given(served.world)
    case = "lists" if "many" in rest else "conditions"
    text = f"mutation Do($input: UpdatePersonInput!{USED[case]}) {PAYLOADS[case]}"
    before = await everything()
    assert await short_of(text, {"input": given, **rest}, sign_in) is None
    assert await everything() == before


@pytest.mark.parametrize("verb", VERBS)
async def test_what_callers_are_proved_by_is_as_it_was_before(served: Served, verb: str) -> None:
    name = min(CASES[verb].allowed)
    given = await CASES[verb].given(served.world)
    await served.token(name)
    before = await everything()
    assert await served.done(verb, given, by=name)
    after = await everything()
    assert {table for table in before if before[table] != after[table]}.isdisjoint(
        {"account", "api_token", "role_grant"}
    )


@pytest.mark.parametrize("verb", sorted(PROVED_FIRST))
async def test_some_are_left_to_the_executor_which_proves_the_caller_first(
    served: Served, verb: str
) -> None:
    name = min(CASES[verb].allowed)
    sign_in = await ask(await served.token(name))
    given = await CASES[verb].given(served.world)
    before = await everything()
    assert await short_of(mutation(verb), {"input": given}, sign_in) is None
    assert await everything() == before


LEFT = {
    "two fields": (
        "mutation Do($input: UpdatePersonInput!)"
        " { a: updatePerson(input: $input) { __typename } b: updatePerson(input: $input) { __typename } }"
    ),
    "a fragment": (
        "mutation Do($input: UpdatePersonInput!) { ...M }"
        " fragment M on Mutation { updatePerson(input: $input) { __typename } }"
    ),
    "a condition": (
        "mutation Do($input: UpdatePersonInput!)"
        " { updatePerson(input: $input) @skip(if: false) { __typename } }"
    ),
    "its type": "mutation Do { __typename }",
    "work": (
        "mutation Do($input: ApproveMatchProposalInput!) { approveMatchProposal(input: $input)"
        " { matchProposal { explanation { __typename } } } }"
    ),
}


@pytest.mark.parametrize("case", LEFT)
async def test_what_it_does_not_know_it_leaves_to_the_executor(served: Served, case: str) -> None:
    sign_in = await ask(await served.token("hr"))
    before = await everything()
    given = {"id": "x", "version": 1}
    assert await short_of(LEFT[case], {"input": given}, sign_in) is None
    assert await everything() == before


@pytest.mark.parametrize(
    "variables",
    [{}, {"input": None}, {"input": {"id": "x"}}, {"input": {"id": "x", "version": "1"}}],
)
async def test_an_input_that_does_not_fit_is_left_to_the_executor(
    served: Served, variables: dict[str, Any]
) -> None:
    sign_in = await ask(await served.token("hr"))
    text = mutation("updatePerson")
    assert await short_of(text, variables, sign_in) is None
    answer = await served.post({"query": text, "variables": variables}, await served.token("hr"))
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_transaction_takes_five_trips_to_the_database(
    served: Served, served_url: str
) -> None:
    sign_in = await ask(await served.token("hr"))
    given = await CASES["updatePerson"].given(served.world)
    text = mutation("updatePerson", "experiences { totalCount }")
    heard: list[str] = []
    async with database.connected(served_url, pool_size=1):
        async with connections.get("default").acquire_connection() as connection:
            connection.add_query_logger(lambda record: heard.append(record.query))
        # The first time the driver also asks what a type is.
        for version in (1, 2):
            heard.clear()
            change = given | {"version": version, "expertise": f"In {version}."}
            data, _ = await short_of(text, {"input": change}, sign_in)
            assert data["updatePerson"]["errors"] == []
    words = [statement.split()[0].rstrip(";") for statement in heard]
    assert words == ["BEGIN", "SELECT", "WITH", "SELECT", "COMMIT"]


async def test_nothing_is_done_for_a_token_that_was_revoked_however_well_it_is_remembered(
    served: Served,
) -> None:
    given = await CASES["updatePerson"].given(served.world)
    token = await served.token("hr")
    await served.done("updatePerson", given)
    await models.ApiToken.all().update(revoked_at=await now())
    before = await everything()
    for more in ({"version": 2}, {"version": 1}, {"version": 2, "validateOnly": True}, {"id": "x"}):
        body = {"query": mutation("updatePerson"), "variables": {"input": given | more}}
        answer = await served.post(body, token)
        assert (answer.status_code, "data" in answer.json()) == (401, False)
        assert answer.json()["errors"][0]["extensions"]["code"] == "NOT_SIGNED_IN"
    assert await everything() == before


async def test_roles_count_as_they_are_when_a_change_is_done(served: Served) -> None:
    given = await CASES["updatePerson"].given(served.world)
    await served.done("updatePerson", given)
    grant = await models.RoleGrant.get(role=Role.HR_OFFICER)
    grant.role = Role.AUDITOR
    await grant.save()
    before = await everything()
    again = given | {"version": 2, "expertise": "Elections."}
    assert (await served.refused("updatePerson", again))[0] == "NOT_ALLOWED"
    assert await everything() == before
    grant.role = Role.HR_OFFICER
    await grant.save()
    # What was remembered would have refused it.
    assert await served.done("updatePerson", again)


async def test_a_role_lost_while_the_row_was_waited_for_takes_the_change_back(
    served: Served,
) -> None:
    given = await CASES["updatePerson"].given(served.world)
    await served.done("updatePerson", given)
    again = given | {"version": 2, "expertise": "Elections."}
    async with in_transaction():
        await models.Person.select_for_update().get(id=served.world.owner.id)
        waiting = asyncio.create_task(served.refused("updatePerson", again))
        await until_waiting()
        await models.RoleGrant.all().update(role=Role.AUDITOR)
    assert (await asyncio.wait_for(waiting, HANGS))[0] == "NOT_ALLOWED"
    assert (await models.Person.get(id=served.world.owner.id)).version == 2


async def until_waiting() -> None:
    """Returns once a statement waits for a lock."""
    for _ in range(HANGS * 50):
        _, rows = await connections.get("default").execute_query(
            "SELECT count(*) AS n FROM pg_locks WHERE NOT granted"
        )
        if rows[0]["n"]:
            return
        await asyncio.sleep(0.02)
    pytest.fail("nobody waits")
