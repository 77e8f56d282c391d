"""The walk over the history: it finds every kind of break, and nothing where nothing is broken."""

import asyncio

import pytest
from tortoise import connections
from tortoise.transactions import in_transaction

from service import audit, history, models
from service.access.actors import system
from tests import factories

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


async def test_an_entry_outside_a_transaction_is_refused(database: None) -> None:
    person = await factories.make_person()

    with pytest.raises(RuntimeError, match="transaction of its change"):
        await audit.record(audit.Entry(person, "update", {}), by=BY)
    assert not await models.AuditEvent.exists()
