"""Database URLs and connections: what a URL may say, and what befalls who waits for an answer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest
from tortoise import Tortoise, connections
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.transactions import in_transaction

from service import database, models
from service.access.roles import Role
from service.database import credentials
from service.errors import Invalid
from service.reading import answers
from service.reading.selections import Page, PageOf, Total
from tests import factories
from tests.roads import road

# Only tells a wait without end from a slow machine.
HANGS = 30
ENDING = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
MISSIONS = PageOf(models.Mission, Page((Total("count"),)))


def test_a_url_names_host_user_password_database_and_encryption() -> None:
    assert credentials("postgresql://u:p%40ss@h:6000/d?sslmode=require") == {
        "host": "h",
        "port": 6000,
        "user": "u",
        "password": "p@ss",
        "database": "d",
        "ssl": "require",
    }


def test_a_socket_folder_and_its_port_may_stand_in_the_options() -> None:
    found = credentials("postgres://u@/d?host=/run/here&port=6000")
    assert (found["host"], found["port"]) == ("/run/here", 6000)


def test_an_option_that_is_not_known_is_named_with_those_that_are() -> None:
    with pytest.raises(Invalid) as refusal:
        credentials("postgresql://u:secret@h/d?sslrootcert=x")
    assert refusal.value.message == (
        "CADRE_DATABASE_URL has the option sslrootcert; it may have host, port, sslmode."
    )


async def read() -> Any:
    """A read as a request does it, on the table of missions."""
    return await answers.read(MISSIONS, by=factories.an_actor(Role.AUDITOR))


async def write() -> None:
    async with in_transaction() as connection:
        await connection.execute_query("LOCK TABLE mission IN ACCESS SHARE MODE")


BOTH = pytest.mark.parametrize("work", [read, write])


async def shown(*names: str) -> list[str]:
    asked = connections.get("default")
    return [(await asked.execute_query(f"SHOW {name}"))[1][0][0] for name in names]


def holders() -> list[Any]:
    pool: Any = connections.get("default")._pool
    return list(pool._holders)


async def _tasks() -> int:
    """How many tasks there are, but for those of the road and the pool's one that restores it."""
    names = [getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()]
    return len([name for name in names if not name.startswith(("Road.", "Pool._maintain"))])


async def _busy() -> int:
    """How many connections of the pool are in somebody's hands."""
    return len([holder for holder in holders() if not holder.is_idle()])


async def _answered(*works: Callable[[], Awaitable[Any]]) -> int:
    """How many of these, done at once, have an answer."""
    found = await asyncio.gather(*(_within(HANGS, work) for work in works))
    return found.count("an answer")


async def under_way(session: asyncpg.Connection) -> int:
    """How many statements of others the database works on, for this database."""
    found: int = await session.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND state <> 'idle'"
    )
    return found


async def until(asked: Callable[[], Awaitable[int]], wanted: int) -> None:
    for _ in range(HANGS * 20):
        if await asked() == wanted:
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"never {wanted}")


async def test_the_migrations_make_the_tables_that_the_models_describe(fresh_url: str) -> None:
    async with database.connected(fresh_url):
        assert Tortoise.apps is not None
        detector = MigrationAutodetector(Tortoise.apps, database.MIGRATING["apps"])
        assert [migration.operations for migration in await detector.changes()] == []


async def test_only_a_server_s_sessions_are_bounded(fresh_url: str) -> None:
    names = ("statement_timeout", "idle_in_transaction_session_timeout", "timezone")
    async with database.connected(fresh_url):
        assert await shown(*names) == ["0", "0", "UTC"]
    async with database.connected(fresh_url, is_bounded=True):
        assert await shown(*names) == ["6s", "6s", "UTC"]


@BOTH
async def test_what_nobody_waits_for_any_more_is_cancelled_in_the_database(
    fresh_url: str, work: Callable[[], Awaitable[Any]]
) -> None:
    async with (
        database.connected(fresh_url, pool_size=2),
        database.session(fresh_url) as other,
        database.session(fresh_url) as beside,
    ):
        await asyncio.gather(read(), write())
        before = {id(holder._con) for holder in holders()}
        async with other.transaction():
            await other.execute("LOCK TABLE mission IN ACCESS EXCLUSIVE MODE")
            waiting = [asyncio.create_task(_of(work)) for _ in range(2)]
            # The one that locks is under way itself.
            await until(lambda: under_way(beside), 1 + 2)
            for task in waiting:
                task.cancel()
            found = await asyncio.gather(*waiting, return_exceptions=True)
            assert [type(each) for each in found] == [asyncio.CancelledError] * 2
            assert await under_way(beside) == 1
        await asyncio.gather(*(_of(work) for _ in range(4)))
        # They are the same connections, and went back in order.
        assert {id(holder._con) for holder in holders()} == before
        await until(_busy, 0)


async def _of(work: Callable[[], Awaitable[Any]]) -> Any:
    return await work()


async def test_a_transaction_cancelled_at_any_moment_keeps_no_connection(fresh_url: str) -> None:
    async with database.connected(fresh_url, pool_size=1):
        for steps in range(120):
            await asyncio.wait_for(write(), HANGS)
            task = asyncio.create_task(_of(write))
            for _ in range(steps % 60):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await asyncio.wait_for(write(), HANGS)


@BOTH
async def test_a_silent_database_holds_nobody_beyond_the_time_given(
    fresh_url: str, work: Callable[[], Awaitable[Any]]
) -> None:
    async with (
        road(fresh_url) as way,
        database.connected(way.url, pool_size=3, is_bounded=True),
        database.session(fresh_url) as beside,
    ):
        await asyncio.gather(*(_of(work) for _ in range(3)))
        way.block()
        # More than the pool has: some wait for a connection, some for an answer.
        waiting = [asyncio.create_task(_within(0.5, work)) for _ in range(9)]
        found = await asyncio.wait_for(asyncio.gather(*waiting), HANGS)
        assert set(found) <= {"TimeoutError", "InterfaceError"}
        assert all(holder.is_idle() for holder in holders())

        way.unblock()
        await asyncio.wait_for(asyncio.gather(*(_of(work) for _ in range(9))), HANGS)
        await until(lambda: under_way(beside), 0)


async def test_a_database_that_falls_silent_in_a_transaction_holds_nobody_either(
    fresh_url: str,
) -> None:
    async with road(fresh_url) as way, database.connected(way.url, pool_size=1, is_bounded=True):

        async def write_into_silence() -> None:
            async with in_transaction() as connection:
                await connection.execute_query("LOCK TABLE mission IN ACCESS EXCLUSIVE MODE")
                way.block()
                await read()

        found = await asyncio.wait_for(_within(0.5, write_into_silence), HANGS)
        assert found in {"TimeoutError", "InterfaceError"}
        way.unblock()
        # Nor does the database keep the lock of whoever has gone.
        await asyncio.wait_for(read(), HANGS)


async def _within(seconds: float, work: Callable[[], Awaitable[Any]]) -> str:
    try:
        async with asyncio.timeout(seconds):
            await work()
    except (TimeoutError, ConnectionError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return type(error).__name__
    return "an answer"


async def test_a_hundred_faults_cost_no_connection_and_no_task(fresh_url: str) -> None:
    async with (
        road(fresh_url) as way,
        database.connected(way.url, pool_size=3, is_bounded=True),
        database.session(fresh_url) as beside,
    ):
        await asyncio.gather(read(), write(), read())
        await until(_busy, 0)
        before = await _tasks()
        for _ in range(100):
            works = [asyncio.create_task(_within(HANGS, each)) for each in (read, write) * 3]
            await asyncio.sleep(0.005)
            way.cut()
            await asyncio.gather(*works)
        # A cut may be noticed only by the first who tries.
        await until(lambda: _answered(read, write, read), 3)
        await until(_busy, 0)
        await until(_tasks, before)

        sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        await until(lambda: beside.fetchval(f"{sessions} AND state <> 'idle'"), 1)
        assert await beside.fetchval(sessions) <= 1 + 3


async def test_reads_wait_in_turn_and_leave_a_part_of_the_pool_to_writers(fresh_url: str) -> None:
    async with (
        database.connected(fresh_url, pool_size=6),
        database.session(fresh_url) as other,
        database.session(fresh_url) as beside,
    ):
        async with other.transaction():
            await other.execute("LOCK TABLE mission IN ACCESS EXCLUSIVE MODE")
            ended: list[int] = []

            async def numbered(number: int) -> None:
                await read()
                ended.append(number)

            waiting = [asyncio.create_task(numbered(n)) for n in range(20)]
            # Four of six; the others wait for these, and one of them gives up.
            await until(lambda: under_way(beside), 1 + 4)
            await asyncio.wait_for(_of(nothing), HANGS)
            waiting[10].cancel()
        await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), HANGS)
        assert sorted(ended) == [n for n in range(20) if n != 10]
        # Some connections are slower than others, but on the whole whoever came first was first.
        first, last = (4, 5, 6, 7, 8, 9), (14, 15, 16, 17, 18, 19)
        assert sum(map(ended.index, first)) < sum(map(ended.index, last))
        await until(_busy, 0)


async def nothing() -> None:
    """A transaction that needs no table."""
    async with in_transaction() as connection:
        await connection.execute_query("SELECT 1")


async def test_a_read_asks_another_connection_where_its_own_died_at_hand(fresh_url: str) -> None:
    async with (
        database.connected(fresh_url, pool_size=6),
        database.session(fresh_url) as beside,
    ):
        for _ in range(5):
            await read()
            await beside.execute(ENDING)
            await read()


async def test_a_statement_that_writes_is_never_sent_again(fresh_url: str) -> None:
    async with (
        database.connected(fresh_url, pool_size=6),
        database.session(fresh_url) as beside,
    ):
        await beside.execute("CREATE SEQUENCE times")
        for time in (1, 2):
            await read()
            writers = connections.get("default").readers
            counting = "SELECT nextval('times') AS n, pg_sleep($1)"
            telling = asyncio.create_task(writers.tell(counting, [HANGS]))
            await until(lambda: under_way(beside), 1)
            await beside.execute(ENDING)
            with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
                await asyncio.wait_for(telling, HANGS / 2)
            # It is put on another connection where its own was dead before.
            assert (await writers.tell("SELECT last_value AS n FROM times", []))["n"] == time
