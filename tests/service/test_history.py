"""The walk over the history: it finds every kind of break, and nothing where nothing is broken."""

import asyncio
from datetime import datetime
from typing import Any

import pytest
from tortoise import connections
from tortoise.connection import get_connection
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget
from tortoise.transactions import in_transaction

from service import audit, database, history, models
from service.access.actors import Actor, system
from tests import databases, factories

pytestmark = pytest.mark.usefixtures("database")
BY = system("tests")


async def write(row: models.Row, *verbs: str) -> None:
    for verb in verbs:
        async with in_transaction():
            await audit.record(audit.Entry(row, verb, {"name": (None, verb), "n": (1, 2.5)}), by=BY)


async def tampered(sql: str) -> None:
    """Somebody with the database's own power changes history behind every guard."""
    await connections.get("default").execute_script(
        f"BEGIN; SET LOCAL session_replication_role = replica; {sql}; COMMIT"
    )


async def test_an_untouched_history_is_whole() -> None:
    for _ in range(3):
        await write(await factories.make_person(), "create", "update")
    assert await history.checkpoint() == 3
    report = await history.verify()
    assert report == history.Report(chains=3, events=6, checkpoints=1)
    assert report.is_whole


async def test_an_empty_history_is_whole_and_leaves_no_checkpoint() -> None:
    assert await history.checkpoint() == 0
    assert await history.verify() == history.Report(0, 0, 0)


async def test_a_lawful_erasure_of_values_breaks_nothing() -> None:
    await write(await factories.make_person(), "create", "update")
    await models.AuditValue.all().delete()
    assert (await history.verify()).is_whole


BREAKS = {
    "UPDATE audit_event SET verb = 'approve' WHERE sequence = 2": (
        2,
        "its content does not give its hash",
    ),
    "UPDATE audit_event SET actor_label = 'Nobody' WHERE sequence = 1": (
        1,
        "its content does not give its hash",
    ),
    "UPDATE audit_event SET occurred_at = occurred_at + interval '1 us' WHERE sequence = 3": (
        3,
        "its content does not give its hash",
    ),
    "DELETE FROM audit_event WHERE sequence = 2": (3, "event 2 is missing"),
    "DELETE FROM audit_event WHERE sequence = 1": (2, "event 1 is missing"),
    "UPDATE audit_event SET previous_hash = repeat('0', 64) WHERE sequence = 2": (
        2,
        "it does not continue the event before it",
    ),
    "UPDATE audit_value SET changes = jsonb_set(changes, '{name,1}', '\"forged\"')": (
        1,
        "the value of name does not give its digest",
    ),
    "UPDATE audit_value SET changes = changes - 'n'": (
        1,
        "the value of n does not give its digest",
    ),
    "UPDATE audit_value SET salt = repeat('0', 32)": (1, "the value of n does not give its digest"),
}


@pytest.mark.parametrize("sql", BREAKS)
async def test_a_break_is_named_with_its_chain_and_place(sql: str) -> None:
    person = await factories.make_person()
    await write(person, "create", "update", "update")
    await tampered(sql)
    sequence, difference = BREAKS[sql]
    report = await history.verify()
    assert report.broken == history.Break(f"Person:{person.id}", sequence, difference)
    assert report.events == sequence - 1 or "missing" in difference


async def test_a_cut_tail_shows_once_a_checkpoint_saw_it() -> None:
    person = await factories.make_person()
    await write(person, "create", "update")
    await tampered("DELETE FROM audit_event WHERE sequence = 2")
    assert (await history.verify()).is_whole
    await write(person, "update")
    await history.checkpoint()
    await tampered("DELETE FROM audit_event WHERE sequence = 2")
    assert (await history.verify()).broken == history.Break(
        f"Person:{person.id}", 2, "checkpoint 1 saw this event, and it is gone"
    )


async def test_a_rewritten_tail_shows_too() -> None:
    person = await factories.make_person()
    await write(person, "create", "update")
    await history.checkpoint()
    await tampered("DELETE FROM audit_event WHERE sequence = 2")
    await write(person, "update")
    broken = (await history.verify()).broken
    assert broken == history.Break(
        f"Person:{person.id}", 2, "checkpoint 1 saw this event, and it is gone"
    )


@pytest.mark.parametrize(
    ("sql", "sequence", "difference"),
    [
        ("UPDATE audit_checkpoint SET events = 9 WHERE sequence = 1", 1, "content"),
        ("DELETE FROM audit_checkpoint WHERE sequence = 1", 2, "checkpoint 1 is missing"),
        (
            "UPDATE audit_checkpoint SET previous_hash = repeat('1', 64) WHERE sequence = 2",
            2,
            "does not continue",
        ),
    ],
)
async def test_a_changed_checkpoint_is_named(sql: str, sequence: int, difference: str) -> None:
    person = await factories.make_person()
    for verb in ("create", "update"):
        await write(person, verb)
        await history.checkpoint()
    await tampered(sql)
    broken = (await history.verify()).broken
    assert broken is not None
    assert (broken.chain, broken.sequence) == ("AuditCheckpoint", sequence)
    assert difference in broken.difference


async def test_a_checkpoint_holds_only_the_chains_that_grew() -> None:
    still, growing = await factories.make_person(), await factories.make_person()
    await write(still, "create")
    await write(growing, "create")
    assert await history.checkpoint() == 2
    await write(growing, "update", "update")
    assert await history.checkpoint() == 1
    assert await history.checkpoint() == 0
    second = await models.AuditCheckpoint.get(sequence=2)
    last = await models.AuditEvent.get(aggregate_id=growing.id, sequence=3)
    assert second.heads == {f"Person:{growing.id}": [3, last.hash]}
    assert (second.chains, second.events) == (1, 2)


async def test_checkpoints_are_bounded_and_two_at_once_do_not_fork(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(history, "HEADS", 2)
    for _ in range(5):
        await write(await factories.make_person(), "create")
    stored = await asyncio.gather(history.checkpoint(), history.checkpoint())
    assert sum(stored) == 5
    rows = await models.AuditCheckpoint.all().order_by("sequence")
    assert [row.chains for row in rows] == [2, 2, 1]
    assert await history.verify() == history.Report(5, 5, 3)


async def test_a_long_history_is_walked_in_pages_that_report_their_progress(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(history, "PAGE", 2)
    for _ in range(2):
        await write(await factories.make_person(), "create", "update", "update")
    heard: list[int] = []
    assert await history.verify(heard.append) == history.Report(2, 6, 0)
    assert heard == [2, 4, 6]


async def test_chains_of_concurrent_writers_do_not_fork() -> None:
    person = await factories.make_person()
    await asyncio.gather(*(write(person, "update") for _ in range(5)))
    assert await history.verify() == history.Report(1, 5, 0)


ODD = ['"quoted" \\ back', "100 % %s \U0001f54a é\u2028", "\x01\x1f\x7f\n\t", "", "'; DROP TABLE x"]


@pytest.mark.parametrize("odd", ODD)
async def test_the_database_seals_whatever_a_change_says_as_the_walk_does(odd: str) -> None:
    person = await factories.make_person()
    account = await factories.make_account()
    by = Actor(account.id, None, odd)
    for reason in (odd, None):
        async with in_transaction():
            changes: dict[str, Any] = {"expertise": (None, odd), odd: ([odd], [factories.NOON])}
            await audit.record(audit.Entry(person, "update", changes, reason), by=by)
    assert await history.verify() == history.Report(1, 2, 0)
    first, last = await models.AuditEvent.all().order_by("sequence")
    assert [first.reason, last.reason, last.actor_label] == [odd, None, odd]
    assert (first.actor_id, last.previous_hash) == (account.id, first.hash)


@pytest.mark.parametrize("fraction", ["", ".100000", ".000001", ".999999", ".000000"])
async def test_the_database_writes_a_moment_as_the_walk_does(fraction: str) -> None:
    moment = datetime.fromisoformat(f"2024-02-29T23:59:59{fraction}+00:00")
    for zone in ("UTC", "Asia/Kathmandu"):
        async with in_transaction() as connection:
            await connection.execute_query("SELECT set_config('timezone', $1, true)", [zone])
            _, rows = await connection.execute_query("SELECT iso_moment($1) AS text", [moment])
        assert rows[0]["text"] == moment.isoformat()


async def written_by_hand(row: models.Row, *verbs: str) -> None:
    """A history as it was written before the database sealed it."""
    last = await models.AuditEvent.filter(aggregate_id=row.id).order_by("-sequence").first()
    for verb in verbs:
        changes = {"name": [None, verb]}
        event = models.AuditEvent(
            aggregate="Person",
            aggregate_id=row.id,
            sequence=last.sequence + 1 if last else 1,
            verb=verb,
            actor_label="tests",
            digests={name: audit.digest("salt", name, change) for name, change in changes.items()},
            occurred_at=factories.NOON,
            previous_hash=last.hash if last else audit.GENESIS,
        )
        event.hash = audit.seal(event)
        await event.save(force_create=True)
        await models.AuditValue.create(event=event, salt="salt", changes=changes)
        last = event


async def test_a_long_history_goes_on_over_the_migration_that_seals_in_the_database(
    database_url: str,
) -> None:
    url = databases.sibling(database_url, "chains_test")
    async with database.session(database_url) as owner:
        await owner.execute("CREATE DATABASE chains_test")
    people = [models.Person() for _ in range(3)]
    async with database.connected(url):
        executor = MigrationExecutor(get_connection("default"), database.MIGRATING["apps"])
        await executor.migrate([MigrationTarget("models", "0018_propensities")])
        for person in people:
            await written_by_hand(person, "create", *["update"] * 40)
        assert await history.checkpoint() == 3
    assert (await database.migrate(url))[0] == "0019_chains"
    async with database.connected(url):
        for person in people[1:]:
            await write(person, "update", "update")
        # A process of the version before may still be at work.
        await written_by_hand(people[2], "update")
        await write(people[2], "update")
        assert await history.checkpoint() == 2
        assert await history.verify() == history.Report(chains=3, events=129, checkpoints=2)
    async with database.session(database_url) as owner:
        await owner.execute("DROP DATABASE chains_test WITH (FORCE)")


async def test_an_entry_outside_a_transaction_is_refused(database: None) -> None:
    person = await factories.make_person()

    with pytest.raises(RuntimeError, match="transaction of its change"):
        await audit.record(audit.Entry(person, "update", {}), by=BY)
    assert not await models.AuditEvent.exists()
