"""A run under way: seen by others while it lasts, by nobody once it is dead, cancelled whole."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

import matching
from service import computations, database, engines, match_progress, match_runs, models
from service.access.actors import Actor, Grant, system
from service.access.roles import Role
from service.errors import Conflict, NotFound
from service.match_progress import Cancelled, MatchRunCancellation, cancel, cancel_running
from service.match_runs import Outcome, run_match
from service.models.vocabulary import MatchRunTrigger
from tests import programmes
from tests.programmes import a_running_match, crowd, end_running_matches, programme

WORKER = system("tests")
SOLVING = matching.Progress("solve", rounds=2, edges=700, open_pairs=3, gap=1_500_000)
SEEN = "SELECT trigger, phase, rounds, edges, open_pairs, gap, cancelled_at FROM running_match"


@pytest.fixture(autouse=True)
async def connection(fresh_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    monkeypatch.setattr(computations, "PAUSE", 0.05)
    async with database.connected(fresh_url):
        yield
        await end_running_matches()


async def run(**options: Any) -> Outcome:
    return await run_match(MatchRunTrigger.NIGHTLY, by=WORKER, **options)


class Held:
    """A computation that says how far it has come, and goes on when it is let."""

    def __init__(self) -> None:
        self.may_end = threading.Event()
        self.has_ended = threading.Event()
        self.original = match_runs._solved

    def __call__(self, snapshot: Any, known: Any, watch: Callable[[Any], None]) -> Any:
        try:
            while not self.may_end.wait(0.01):
                watch(SOLVING)
        finally:
            self.has_ended.set()
        return self.original(snapshot, known, watch)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    found = Held()
    monkeypatch.setattr(match_runs, "_solved", found)
    return found


@asynccontextmanager
async def under_way(held: Held) -> AsyncIterator[tuple["asyncio.Task[Outcome]", Any]]:
    """A run that computes until the end of the block, with the row that others see."""
    running = asyncio.create_task(run())
    try:
        yield running, await seen()
    finally:
        held.may_end.set()
        await asyncio.wait({running})


async def seen() -> models.RunningMatch:
    for _ in range(3_000):
        if row := await models.RunningMatch.first():
            return row
        await asyncio.sleep(0.01)
    pytest.fail("the run was never shown")


async def test_another_session_sees_how_far_a_run_has_come_and_nothing_once_it_ended(
    fresh_url: str, held: Held
) -> None:
    await programme(mentors=1, requests=1)
    async with database.session(fresh_url) as other:
        async with under_way(held):
            row = await other.fetchrow(SEEN)
            assert row is not None
            assert tuple(row) == (
                "NIGHTLY", "solve", 2, 700, 3, 1.5, None,
            )  # fmt: skip
        assert await other.fetchrow(SEEN) is None
        assert await other.fetchval("SELECT count(*) FROM match_run_progress") == 0
        assert await other.fetchval("SELECT count(*) FROM match_run") == 1


async def test_a_row_whose_holder_is_gone_is_not_seen_nor_revived_by_the_next_run(
    fresh_url: str, held: Held
) -> None:
    await programme(mentors=1, requests=1)
    dead = await a_running_match()
    await end_running_matches()
    async with database.session(fresh_url) as other:
        assert await other.fetchval("SELECT id FROM match_run_progress") == dead.id
        assert await other.fetchrow(SEEN) is None
        # A later run of whatever connection holds the turn; until it says something itself,
        # nothing is seen.
        async with other.transaction():
            await other.fetchrow(match_progress._TURN)
            assert await models.RunningMatch.exists() is False
        async with under_way(held) as (_, running):
            assert running.id != dead.id
            assert await other.fetchval("SELECT count(*) FROM match_run_progress") == 1


async def test_a_later_transaction_of_the_same_connection_does_not_revive_a_row() -> None:
    await a_running_match()
    holder = programmes._turns[0]
    await holder.execute("ROLLBACK")
    await holder.execute("BEGIN")
    await holder.execute(match_progress._TURN)
    assert await models.RunningMatch.exists() is False


async def test_followers_are_told_of_each_step_and_of_a_cancellation_once(
    fresh_url: str, held: Held
) -> None:
    await programme(mentors=1, requests=1)
    told: list[str] = []
    async with database.session(fresh_url) as ear:
        await ear.add_listener("running_match_changed", lambda *notice: told.append(notice[-1]))
        async with under_way(held) as (running, row):
            await asyncio.sleep(0.3)
            await ear.execute("SELECT 1")
            assert told == [str(row.id)]
            await cancel_running(by=WORKER)
            await asyncio.wait({running})
            await ear.execute("SELECT 1")
            assert told == [str(row.id)] * 2


async def test_a_cancelled_run_writes_nothing_and_the_next_one_works(held: Held) -> None:
    await programme(mentors=1, requests=1)
    manager = Actor(models.Row().id, None, "M", (Grant(Role.MENTORING_MANAGER),))
    async with under_way(held) as (running, row):
        change = MatchRunCancellation(id=row.id, note="Wrong weights")
        answered = await cancel(change, by=manager)
        assert answered.cancelled_at is not None
        with pytest.raises(Cancelled) as refusal:
            await running
    assert refusal.value.message == "The match run was cancelled; nothing was stored."
    assert await asyncio.to_thread(held.has_ended.wait, 30)
    for model in (models.MatchRun, models.MatchProposal, models.MatchRunInput):
        assert await model.all().count() == 0
    event = await models.AuditEvent.get()
    assert (event.aggregate, event.aggregate_id, event.verb) == ("RunningMatch", row.id, "cancel")
    assert (event.actor_id, event.reason) == (manager.account_id, "Wrong weights")
    assert await models.RunningMatch.exists() is False
    assert (await run()).run.number == 1


async def test_a_run_in_a_process_of_its_own_is_cancelled_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await programme(mentors=1, requests=1)
    monkeypatch.setattr(match_runs, "PAIRS_IN_A_THREAD", 0)
    monkeypatch.setattr(match_runs, "_solved", solving_for_ever)
    running = asyncio.create_task(run())
    await seen()
    await cancel_running(by=WORKER)
    with pytest.raises(Cancelled):
        await running
    monkeypatch.undo()
    assert (await run()).is_new


def solving_for_ever(_: Any, __: Any, watch: Callable[[Any], None]) -> None:
    watch(SOLVING)
    threading.Event().wait(120)


async def test_a_run_whose_caller_leaves_ends_and_frees_its_place(held: Held) -> None:
    await programme(mentors=1, requests=1)
    async with under_way(held) as (running, _):
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert await asyncio.to_thread(held.has_ended.wait, 30)
    assert await models.MatchRun.all().count() == 0
    assert (await run()).is_new


async def test_who_is_told_of_the_progress_may_end_the_run(held: Held) -> None:
    await programme(mentors=1, requests=1)

    async def told(progress: matching.Progress) -> None:
        assert progress == SOLVING
        raise Conflict("enough")

    with pytest.raises(Conflict, match="enough"):
        await run(told=told)
    assert await asyncio.to_thread(held.has_ended.wait, 30)
    held.may_end.set()
    assert (await run()).is_new


async def test_a_run_is_cancelled_once_and_not_while_it_is_stored() -> None:
    row = await a_running_match()
    await cancel(MatchRunCancellation(id=row.id), by=WORKER)
    with pytest.raises(Conflict, match="This match run ends already"):
        await cancel(MatchRunCancellation(id=row.id), by=WORKER)
    row = await a_running_match(phase="store")
    with pytest.raises(Conflict, match="This match run ends already"):
        await cancel(MatchRunCancellation(id=row.id), by=WORKER)
    assert await models.AuditEvent.all().count() == 1


async def test_a_run_that_ended_is_not_there_to_be_cancelled() -> None:
    row = await a_running_match()
    await end_running_matches()
    with pytest.raises(NotFound):
        await cancel(MatchRunCancellation(id=row.id), by=WORKER)
    with pytest.raises(NotFound, match="No match run is under way"):
        await cancel_running(by=WORKER)


async def test_a_cancellation_between_the_last_report_and_storing_is_heeded(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    await programme(mentors=1, requests=1)
    settle, reached, may_settle = match_progress.Shown.settle, asyncio.Event(), asyncio.Event()

    async def late(shown: match_progress.Shown) -> None:
        reached.set()
        await may_settle.wait()
        await settle(shown)

    async def blind(_: Any, __: Any) -> None:
        pass

    monkeypatch.setattr(match_progress.Shown, "settle", late)
    async with under_way(held) as (running, _):
        monkeypatch.setattr(match_progress.Shown, "tell", blind)
        held.may_end.set()
        await reached.wait()
        await cancel_running(by=WORKER)
        may_settle.set()
        with pytest.raises(Cancelled):
            await running
    assert await models.MatchRun.all().count() == 0


@pytest.mark.parametrize("fault", [OSError, asyncpg.TooManyConnectionsError])
async def test_a_run_that_cannot_be_shown_is_made_all_the_same(
    held: Held, monkeypatch: pytest.MonkeyPatch, fault: type[Exception]
) -> None:
    await programme(mentors=1, requests=1)
    tried = 0

    async def refused() -> asyncpg.Connection:
        nonlocal tried
        tried += 1
        raise fault

    monkeypatch.setattr(engines, "apart", refused)
    running = asyncio.create_task(run())
    await asyncio.sleep(0.3)
    held.may_end.set()
    assert (await running).is_new
    assert tried == 1


async def test_a_thousand_by_a_thousand_leave_the_event_loop_free_and_are_shown() -> None:
    await crowd(1_000)
    beats, phases = 0, set()

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.005)
            beats += 1

    async def told(progress: matching.Progress) -> None:
        phases.add(progress.phase)

    beating = asyncio.create_task(beat())
    outcome = await run(told=told)
    beating.cancel()
    assert (len(outcome.proposals), outcome.run.gap) == (1_000, 0.0)
    assert phases
    # A loop that is held up by it has a few beats, one that goes on has hundreds.
    assert beats > 100
