"""The worker on a real database: on time, once, and unharmed by ends of every kind."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from service import database, jobs, match_progress
from service.errors import Invalid, Unavailable
from tests.databases import sibling
from tests.programmes import programme

EVERY_SECOND = "* * * * * *"
NEVER = "0 0 29 2 *"
PATIENCE = 2
ROOT = Path(__file__).parents[2]
WORKER = """
import asyncio, sys
from datetime import timedelta
from service import jobs, logs
logs.set_up("info")
asyncio.run(jobs.work(sys.argv[1], nightly_at=sys.argv[2], patience=timedelta(seconds=2)))
"""
# The same with a computation that does not end by itself.
ENDLESS = (
    """
import time, matching
from service import match_runs
def solving(snapshot, known, watch):
    while True:
        watch(matching.Progress("solve", rounds=2, edges=700, open_pairs=3, gap=5))
        time.sleep(0.01)
match_runs._solved = solving
"""
    + WORKER
)


class Worker:
    """A worker in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[dict[str, Any]] = []
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.lines.append(json.loads(line))

    def heard(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == event]

    async def ended(self) -> int:
        code = await asyncio.wait_for(self.process.wait(), timeout=30)
        await self._reader
        return code


@asynccontextmanager
async def worker(
    url: str, nightly_at: str = EVERY_SECOND, program: str = WORKER
) -> AsyncIterator[Worker]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        url,
        nightly_at,
        stderr=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    started = Worker(process)
    try:
        yield started
    finally:
        if process.returncode is None:
            process.kill()
        await started.ended()


async def until(holds: Callable[[], Awaitable[object]], *, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not await holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.1)


async def plant(url: str) -> None:
    async with database.connected(url):
        await programme(mentors=3, requests=4)


@pytest.fixture
async def session(fresh_url: str) -> AsyncIterator[asyncpg.Connection]:
    await plant(fresh_url)
    async with database.session(fresh_url) as connection:
        yield connection


def runs(session: asyncpg.Connection) -> Callable[[], Awaitable[Any]]:
    return lambda: session.fetchval("SELECT count(*) FROM match_run")


async def test_the_worker_pairs_and_seals_the_history_on_time_and_once(
    fresh_url: str, session: asyncpg.Connection
) -> None:
    async with worker(fresh_url) as nightly:

        async def second_night() -> bool:
            return len(nightly.heard("match run ended")) >= 2

        await until(second_night)
        nightly.process.terminate()
        assert await nightly.ended() == 0
    ended = nightly.heard("match run ended")
    assert [line["is_new"] for line in ended[:2]] == [True, False]
    assert ended[0].items() >= {"number": 1, "proposals": 3, "unmatched": 1}.items()
    assert await session.fetchval("SELECT count(*) FROM match_run") == 1
    assert await session.fetchval("SELECT trigger FROM match_run") == "NIGHTLY"
    assert await session.fetchval("SELECT count(*) FROM audit_checkpoint") == 1
    assert nightly.lines[-1]["event"] == "worker stopped"
    assert not any("Tester" in json.dumps(line) for line in nightly.lines)


async def test_a_night_that_passed_while_no_worker_ran_is_made_up_for(
    fresh_url: str, session: asyncpg.Connection
) -> None:
    await session.execute(
        "INSERT INTO pgqueuer_schedules (expression, entrypoint, next_run)"
        " VALUES ($1, 'nightly', now() - interval '5 hours')",
        NEVER,
    )
    async with worker(fresh_url, NEVER):
        await until(runs(session))


async def test_a_worker_told_to_stop_finishes_its_run_first(
    fresh_url: str, session: asyncpg.Connection
) -> None:
    async with database.session(fresh_url) as other, worker(fresh_url) as nightly:
        async with other.transaction():
            await other.execute("LOCK TABLE unmatched_mentee IN SHARE MODE")
            await until(lambda: _waits_for(session, "unmatched_mentee"))
            nightly.process.terminate()
            await asyncio.sleep(0.5)
            assert nightly.process.returncode is None
        assert await nightly.ended() == 0
    assert await session.fetchval("SELECT count(*) FROM match_run") == 1


async def under_way(session: asyncpg.Connection) -> object:
    return await session.fetchval("SELECT phase FROM running_match")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_worker_told_to_stop_gives_a_run_that_computes_to_the_next_one(
    fresh_url: str, session: asyncpg.Connection, number: signal.Signals
) -> None:
    async with worker(fresh_url, program=ENDLESS) as nightly:
        await until(lambda: under_way(session))
        nightly.process.send_signal(number)
        assert await nightly.ended() == 0
    (line,) = nightly.heard("match run under way")
    assert line.items() >= {"phase": "solve", "rounds": 2, "edges": 700, "gap": 5}.items()
    assert len(nightly.heard("match run given back")) == 1
    assert nightly.lines[-1]["event"] == "worker stopped"
    assert await session.fetchval("SELECT count(*) FROM match_run") == 0
    assert await under_way(session) is None
    async with worker(fresh_url, NEVER):
        await until(runs(session))


async def test_a_cancelled_nightly_run_is_not_tried_again_that_night(
    fresh_url: str, session: asyncpg.Connection
) -> None:
    await session.execute(
        "INSERT INTO pgqueuer (status, priority, entrypoint) VALUES ('queued', 0, 'match_run')"
    )
    async with worker(fresh_url, NEVER, ENDLESS) as nightly:
        await until(lambda: under_way(session))
        async with database.connected(fresh_url):
            await match_progress.cancel_running(by=jobs.WORKER)

        async def cancelled() -> bool:
            return bool(nightly.heard("match run cancelled"))

        await until(cancelled)
        await until(lambda: _is_done(session))
        assert await under_way(session) is None
        assert await session.fetchval("SELECT count(*) FROM match_run") == 0


@pytest.mark.crash
async def test_of_a_worker_killed_while_it_computes_nothing_is_seen_any_more(
    fresh_url: str, session: asyncpg.Connection
) -> None:
    async with worker(fresh_url, program=ENDLESS) as killed:
        await until(lambda: under_way(session))
        killed.process.kill()
        assert await killed.ended() == -signal.SIGKILL
        await until(lambda: _is_alone(session))
        assert await under_way(session) is None


@pytest.mark.crash
async def test_a_worker_killed_in_the_middle_leaves_nothing_and_the_next_one_succeeds(
    fresh_url: str, session: asyncpg.Connection
) -> None:
    # The run and its proposals are written and the last insert waits: the very middle.
    async with database.session(fresh_url) as other, worker(fresh_url) as killed:
        async with other.transaction():
            await other.execute("LOCK TABLE unmatched_mentee IN SHARE MODE")
            await until(lambda: _waits_for(session, "unmatched_mentee"))
            killed.process.kill()
            assert await killed.ended() == -signal.SIGKILL
        # Its session notices only now, when the lock is free and nobody reads its answer.
        await until(lambda: _is_alone(session))
        for table in ("match_run", "match_proposal", "unmatched_mentee", "audit_event"):
            assert await session.fetchval(f"SELECT count(*) FROM {table}") == 0
        assert await session.fetchval("SELECT status FROM pgqueuer WHERE status = 'picked'")
        async with worker(fresh_url) as heir:

            async def went_on() -> bool:
                return len(heir.heard("match run ended")) >= 2

            await until(went_on)
    assert [line["is_new"] for line in heir.heard("match run ended")[:2]] == [True, False]
    assert await session.fetchval("SELECT count(*) FROM match_run") == 1
    assert await session.fetchval("SELECT count(*) FROM match_proposal") == 3
    assert await session.fetchval("SELECT count(*) FROM unmatched_mentee") == 1


@pytest.mark.crash
async def test_a_worker_killed_between_schedule_and_queue_does_not_stop_the_schedule(
    fresh_url: str, session: asyncpg.Connection
) -> None:
    async with worker(fresh_url) as killed:
        await until(runs(session))
        killed.process.kill()
    await session.execute(
        "UPDATE pgqueuer_schedules SET status = 'picked', heartbeat = now() - interval '1 minute'"
    )
    async with worker(fresh_url) as heir:

        async def went_on() -> bool:
            return bool(heir.heard("match run ended"))

        await until(went_on)


async def test_two_workers_share_a_night_without_doing_it_twice(
    fresh_url: str, session: asyncpg.Connection
) -> None:
    async with worker(fresh_url) as first, worker(fresh_url) as second:

        async def both_alive_and_done() -> bool:
            return len(first.heard("match run ended") + second.heard("match run ended")) >= 3

        await until(both_alive_and_done)
    assert await session.fetchval("SELECT count(*) FROM match_run") == 1


async def test_a_worker_leaves_a_run_under_way_to_whoever_runs_it(
    fresh_url: str, session: asyncpg.Connection
) -> None:
    async with database.session(fresh_url) as other, database.connected(fresh_url):
        async with other.transaction():
            await other.execute("SELECT pg_advisory_xact_lock(hashtextextended('match_run', 0))")
            await jobs.match()
        assert await session.fetchval("SELECT count(*) FROM match_run") == 0


@pytest.mark.crash
async def test_a_worker_whose_database_drops_it_comes_back(
    fresh_url: str, session: asyncpg.Connection
) -> None:
    async with worker(fresh_url, NEVER) as nightly:

        async def started() -> bool:
            return bool(nightly.heard("worker started")) and bool(await _listens(session))

        await until(started)
        await session.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await session.execute("UPDATE pgqueuer_schedules SET next_run = now()")
        await until(lambda: _listens(session), seconds=60)
        await session.execute(
            "INSERT INTO pgqueuer (status, priority, entrypoint) VALUES ('queued', 0, 'match_run')"
        )
        await until(runs(session), seconds=60)


async def test_a_cron_line_that_is_none_is_refused(fresh_url: str) -> None:
    with pytest.raises(Invalid, match=r"CADRE_NIGHTLY_AT cannot be 'at night'"):
        await jobs.work(fresh_url, nightly_at="at night")


async def test_a_database_without_tables_is_refused(database_url: str) -> None:
    async with database.session(database_url) as owner:
        await owner.execute("CREATE DATABASE empty_for_worker")
    with pytest.raises(Unavailable, match="run cadre migrate"):
        await jobs.work(sibling(database_url, "empty_for_worker"), nightly_at=NEVER)


async def test_a_worker_stops_when_asked_to_by_its_own_process(fresh_url: str) -> None:
    shutdown = asyncio.Event()
    working = asyncio.create_task(
        jobs.work(fresh_url, nightly_at=NEVER, shutdown=shutdown, patience=timedelta(seconds=2))
    )
    await asyncio.sleep(0.5)
    shutdown.set()
    await asyncio.wait_for(working, timeout=10)


async def _waits_for(session: asyncpg.Connection, table: str) -> bool:
    return bool(
        await session.fetchval(
            "SELECT count(*) FROM pg_locks WHERE relation = $1::regclass AND NOT granted", table
        )
    )


async def _is_done(session: asyncpg.Connection) -> bool:
    return not await session.fetchval(
        "SELECT count(*) FROM pgqueuer WHERE entrypoint = 'match_run'"
    )


async def _is_alone(session: asyncpg.Connection) -> bool:
    return not await session.fetchval(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )


async def _listens(session: asyncpg.Connection) -> bool:
    return bool(
        await session.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND query ILIKE 'LISTEN%'"
        )
    )
