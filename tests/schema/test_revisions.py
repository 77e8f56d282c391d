"""Changes of one row done at once: as the ordinary way does them, and never past anybody else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tortoise import connections
from tortoise.transactions import in_transaction

from schema.inputs import decode_id
from service import appointments, database, history, match_outcomes, models, people
from service.access.roles import Role
from service.clock import now
from service.revisions import Revising
from service.sign_ins import ask
from tests.refusals import everything
from tests.schema.served import Served, mutation
from tests.schema.test_writes import HANGS, short_of, undone, until_waiting, whole_of
from tests.schema.verbs import CASES

REVISING: dict[str, Revising[Any, Any]] = {
    "updatePerson": people.update,
    "correctMatchOutcome": match_outcomes.correct,
    "extendAppointment": appointments.extend,
}
Between = Callable[[], Awaitable[Any]]


@asynccontextmanager
async def trips(url: str) -> AsyncIterator[list[str]]:
    """The first words of the statements of a block, on a connection of its own."""
    heard: list[str] = []
    async with database.connected(url, pool_size=1):
        async with connections.get("default").acquire_connection() as connection:
            connection.add_query_logger(
                lambda record: heard.append(record.query.split()[0].rstrip(";"))
            )
        yield heard


@asynccontextmanager
async def between(verb: str, happens: Between) -> AsyncIterator[list[str]]:
    """Lets something happen after the row was read and before it is written, once."""
    doing = REVISING[verb]
    told: list[str] = []
    judge = doing.judge

    async def judged(change: Any, row: Any) -> Any:
        if not told:
            told.append(verb)
            await happens()
        return await judge(change, row)

    object.__setattr__(doing, "judge", judged)
    try:
        yield told
    finally:
        object.__setattr__(doing, "judge", judge)


async def left(row: models.Row) -> list[Any]:
    """The row as it is, and what its history says, without what is new with each time."""
    statement = f"SELECT to_jsonb(t) AS row FROM {type(row)._meta.db_table} t WHERE id = $1"
    _, rows = await connections.get("default").execute_query(statement, [row.id])
    events = await models.AuditEvent.filter(aggregate_id=row.id).order_by("sequence")
    values = [await models.AuditValue.get(event_id=event.id) for event in events]
    facts = ("aggregate", "sequence", "verb", "actor_id", "actor_label", "reason")
    return [rows[0]["row"]] + [
        ([getattr(event, fact) for fact in facts], sorted(event.digests), value.changes)
        for event, value in zip(events, values, strict=True)
    ]


async def row_of(verb: str, given: dict[str, Any]) -> models.Row:
    """The row that this input is about."""
    model = REVISING[verb].result
    row: models.Row = await model.get(id=decode_id(given["id"], model.__name__, path=())[1])
    return row


MAY = [(verb, caller) for verb in REVISING for caller in sorted(CASES[verb].allowed)]


@pytest.mark.parametrize(("verb", "caller"), MAY)
async def test_at_once_leaves_what_the_ordinary_way_leaves(
    served: Served, verb: str, caller: str
) -> None:
    sign_in = await ask(await served.token(caller))
    given = await CASES[verb].given(served.world)
    row = await row_of(verb, given)
    found = []
    for way in (short_of, whole_of):
        async with undone():
            data, errors = await way(mutation(verb, "id version"), {"input": given}, sign_in)
            found.append((data, errors, await left(row)))
    assert found[0] == found[1]
    assert found[0][0][verb]["row"]["version"] == 2
    assert len(found[0][2]) == 2


@pytest.mark.parametrize("verb", REVISING)
async def test_it_takes_two_trips_and_a_whole_history_stands_behind_it(
    served: Served, served_url: str, verb: str
) -> None:
    sign_in = await ask(await served.token("hr"))
    given = await CASES[verb].given(served.world)
    async with trips(served_url) as heard:
        data, _ = await short_of(mutation(verb), {"input": given}, sign_in)
        assert data[verb]["errors"] == []
        # The driver asks once what the types are that it does not know.
        assert [word for word in heard if word in {"BEGIN", "COMMIT"}] == []
        other = given | CASES[verb].other | {"version": 2}
        heard.clear()
        data, _ = await short_of(mutation(verb), {"input": other}, sign_in)
        assert data[verb]["errors"] == []
        assert heard == ["SELECT", "WITH"]
    report = await history.verify()
    assert report.is_whole, report.sentence
    assert report.events >= 2


SPOKEN = {"languages": [{"language": "fr", "proficiency": "C1"}]}
ORDINARY: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "a trial": ("hr", "updatePerson", {"validateOnly": True}, "id"),
    "a key": ("hr", "updatePerson", {"idempotencyKey": "k"}, "id"),
    "other tables": ("hr", "updatePerson", SPOKEN, "id"),
    "an edge of the payload": ("hr", "updatePerson", {}, "experiences { totalCount }"),
    "a row seen by way of others": ("hr_here", "extendAppointment", {}, "id"),
}


@pytest.mark.parametrize("case", ORDINARY)
async def test_what_takes_more_than_the_row_takes_a_transaction(
    served: Served, served_url: str, case: str
) -> None:
    caller, verb, more, select = ORDINARY[case]
    sign_in = await ask(await served.token(caller))
    given = await CASES[verb].given(served.world) | more
    async with trips(served_url) as heard:
        data, _ = await short_of(mutation(verb, select), {"input": given}, sign_in)
    assert data[verb]["errors"] == []
    assert "BEGIN" in heard


async def test_a_refusal_needs_no_transaction_and_writes_nothing(
    served: Served, served_url: str
) -> None:
    sign_in = await ask(await served.token("hr"))
    given = await CASES["updatePerson"].given(served.world)
    before = await everything()
    broken = {"availability": "AVAILABLE_FROM"}
    for more, code, path in (
        ({"version": 7}, "VERSION_CONFLICT", ["version"]),
        (broken, "INVALID", ["availableFrom"]),
    ):
        async with trips(served_url) as heard:
            data, _ = await short_of(mutation("updatePerson"), {"input": given | more}, sign_in)
        (error,) = data["updatePerson"]["errors"]
        assert (error["code"], error["path"]) == (code, path)
        assert "BEGIN" not in heard
    assert await everything() == before


async def test_whoever_was_faster_keeps_what_they_wrote(served: Served) -> None:
    given = await CASES["updatePerson"].given(served.world)

    async def faster() -> None:
        await served.done("updatePerson", given | {"expertise": "Faster."})

    async with between("updatePerson", faster) as told:
        refused = await served.refused("updatePerson", given | {"expertise": "Slower."})
    assert (refused[0], told) == ("VERSION_CONFLICT", ["updatePerson"])
    person = await models.Person.get(id=served.world.owner.id)
    assert (person.expertise, person.version) == ("Faster.", 2)


LOST: dict[str, Between] = {
    "a role": lambda: models.RoleGrant.all().update(role=Role.AUDITOR),
    "the grant": lambda: _at("revoked_at", models.RoleGrant),
    "the account": lambda: _at("disabled_at", models.Account),
    "the token": lambda: _at("revoked_at", models.ApiToken),
    "the token's time": lambda: _at("expires_at", models.ApiToken),
}


async def _at(column: str, model: Any) -> None:
    await model.all().update(**{column: await now()})


@pytest.mark.parametrize("what", LOST)
async def test_whoever_is_somebody_else_by_then_writes_nothing(served: Served, what: str) -> None:
    given = await CASES["updatePerson"].given(served.world)
    token = await served.token("hr")
    # It is remembered who bears it.
    await served.done("updatePerson", given)
    body = {"query": mutation("updatePerson"), "variables": {"input": given | {"version": 2}}}
    before: dict[str, str] = {}

    async def lost() -> None:
        await LOST[what]()
        before.update(await everything())

    async with between("updatePerson", lost):
        answer = (await served.post(body, token)).json()
    errors = answer["errors"] if "data" not in answer else answer["data"]["updatePerson"]["errors"]
    codes = [error.get("code") or error["extensions"]["code"] for error in errors]
    assert codes in (["NOT_ALLOWED"], ["NOT_FOUND"], ["NOT_SIGNED_IN"])
    assert await everything() == before


async def test_a_row_that_went_out_of_reach_is_not_written(served: Served) -> None:
    given = await CASES["extendAppointment"].given(served.world)
    post = await models.Post.get(id=served.world.appointment.post_id)

    async def gone() -> None:
        await models.Post.filter(id=post.id).update(mission_id=served.world.elsewhere.id)

    document = mutation("extendAppointment").replace("row: appointment { id }", "")
    async with between("extendAppointment", gone) as told:
        answer = await served.ask(document, {"input": given}, by="hr_here")
    (error,) = answer["data"]["extendAppointment"]["errors"]
    assert (error["code"], told) == ("NOT_FOUND", ["extendAppointment"])
    stored = await models.Appointment.get(id=served.world.appointment.id)
    assert stored.version == 1
    assert await models.AuditEvent.filter(aggregate_id=stored.id).count() == 0


async def test_it_waits_for_nobody_and_leaves_that_to_a_transaction(served: Served) -> None:
    given = await CASES["updatePerson"].given(served.world)
    await served.token("hr")
    async with in_transaction():
        await models.Person.select_for_update().get(id=served.world.owner.id)
        waiting = asyncio.create_task(served.done("updatePerson", given, select="version"))
        await until_waiting()
        _, rows = await connections.get("default").execute_query(
            "SELECT query FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        )
    assert [row["query"].split()[0] for row in rows] == ["SELECT"]
    assert (await asyncio.wait_for(waiting, HANGS))["version"] == 2


async def test_of_many_at_the_same_row_one_is_done_and_none_is_lost(served: Served) -> None:
    given = await CASES["updatePerson"].given(served.world)
    await served.token("hr")
    payloads = await asyncio.gather(
        *(served.do("updatePerson", given | {"expertise": f"{n}."}) for n in range(12))
    )
    codes = sorted(payload["errors"][0]["code"] for payload in payloads if payload["errors"])
    assert codes == ["VERSION_CONFLICT"] * 11
    assert (await models.Person.get(id=served.world.owner.id)).version == 2
    assert (await history.verify()).is_whole
