"""What the pool relies on since it resets nothing: whoever used a connection leaves it as it was."""

import asyncio
from typing import Any

import httpx
import pytest
from tortoise import connections

from schema.root import assembled
from service import database, history, match_runs
from service.models.vocabulary import MatchRunTrigger
from tests import databases, programmes
from tests.schema.served import Served, mutation, plant
from tests.schema.verbs import CASES

READS = """{
  viewer { label permissions }
  people(first: 5, filter: {text: "x"}) { totalCount edges { node { id mentor { id } } } }
  missions(first: 5) { totalCount edges { node { posts(first: 5) { totalCount } } } }
}"""
# All that a session keeps beyond its transactions, but for prepared statements.
KEPT = """
SELECT 'setting ' || name FROM pg_settings WHERE source = 'session'
UNION ALL SELECT 'lock ' || mode FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'
UNION ALL SELECT 'channel ' || channel FROM pg_listening_channels() channel
UNION ALL SELECT 'cursor ' || name FROM pg_cursors WHERE name <> '' AND is_holdable
UNION ALL SELECT 'table ' || relname FROM pg_class WHERE relnamespace = pg_my_temp_schema()
"""


async def kept() -> list[str]:
    """What is left behind on any connection of the pool."""
    pool: Any = connections.get("default")._pool
    found = []
    for connection in [holder._con for holder in pool._holders if holder._con]:
        assert not connection.is_in_transaction()
        found += [row[0] for row in await connection.fetch(KEPT)]
    return found


@pytest.mark.parametrize(
    "left",
    [
        "SET work_mem = '1MB'",
        "SELECT pg_advisory_lock(1)",
        "LISTEN somebody",
        "CREATE TEMPORARY TABLE left_behind ()",
        "DECLARE left_behind CURSOR WITH HOLD FOR SELECT 1",
    ],
)
async def test_what_is_left_behind_is_found(fresh_url: str, left: str) -> None:
    async with database.connected(fresh_url):
        connection = connections.get("default")
        await connection.execute_query("SELECT 1")
        assert await kept() == []
        await connection.execute_script(left)
        assert len(await kept()) == 1


async def test_no_operation_leaves_anything_on_its_connection(serving: httpx.AsyncClient) -> None:
    for verb in sorted(assembled().verbs):
        await databases.empty()
        served, case = Served(serving, await plant()), CASES[verb]
        given, by = await case.given(served.world), min(case.allowed)
        trial = {**given, "validateOnly": True}
        for tried in (trial, {**given, **case.bad[0]}, {**given, "idempotencyKey": verb}):
            await served.ask(mutation(verb), {"input": tried}, by=by)
        await served.token("auditor")
        await asyncio.gather(*(served.ask(READS, by=name) for name in ("auditor", by) * 3))
        await programmes.end_running_matches()
    await history.checkpoint()
    await history.verify(lambda _: None)
    await match_runs.rehearse(MatchRunTrigger.COMMAND_LINE)
    assert await kept() == []
