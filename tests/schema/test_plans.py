"""No ready operation of the console reads a growing table from end to end, whoever asks.

The very statements, as they reach the database, are explained there with their values and
as the one plan that PostgreSQL may keep for all values.
"""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import uuid4

import asyncpg
import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from tortoise import connections

from schema import console_bundle
from schema.endpoint import create_endpoint
from schema.engine import Engine
from schema.limits import Limits
from schema.root import assembled, create_schema
from service import database
from service.reading import pages
from service.reading.columns import table
from service.reading.pages import Order
from service.reading.selections import Sort
from service.sign_ins import SignIns
from tests import databases
from tests.schema import callers, crowds
from tests.schema.callers import Api

# What grows with the work of the house and not with its people.
SMALL = {
    "mission",
    "post",
    "post_language",
    "acting_designation",
    "term",
    "match_run",
    "compatibility_model",
    "match_override",
}
# A plan for all values as dear as this is never kept: each request gets its own.
TOO_DEAR = 1e6
SIZE = 10
# What hands on its rows one by one, and so asks for no more of them than it is asked for.
STREAMS = {"Limit", "Result", "Subquery Scan", "Nested Loop", "Hash Join", "Append", "WindowAgg"}
TABLELESS = {"who-am-i", "what-the-codes-mean"}
ASKING = ["HR_OFFICER", "hr of alpha", "MENTORING_MANAGER", "MENTEE", "AUDITOR", None]
# Everybody else may be refused an operation.
ALWAYS_ANSWERED = "AUDITOR"


class Ready(NamedTuple):
    """A ready operation of the console, with its variables."""

    name: str
    text: str
    variables: dict[str, Any]


def reading() -> Iterator[Ready]:
    """The operations that read lists; what begins with a copied id finds one row by its key."""
    for file in sorted((console_bundle.CONSOLE / "operations").glob("*.graphql")):
        text, variables = file.read_text(), file.with_suffix(".variables.json").read_text()
        if "\nquery" in text and file.stem not in TABLELESS and "Copy from: " not in variables:
            yield Ready(file.stem, text, json.loads(variables))


@dataclass
class Crowd:
    """The API over the crowd, and the statements that reached its database."""

    api: Api
    session: asyncpg.Connection
    asked: list[tuple[str, Sequence[Any]]] = field(default_factory=list)

    async def statements(self, ready: Ready, by: str | None) -> list[tuple[str, Sequence[Any]]]:
        """What the database is asked for this operation; nothing where it is refused."""
        self.asked.clear()
        answer = await self.api.ask(ready.text, ready.variables, by=by)
        refusals = {error["extensions"]["code"] for error in answer.get("errors", [])}
        assert refusals <= {"NOT_ALLOWED", "NOT_SIGNED_IN"}
        # Beside the answers stands what the pool says to its connections.
        return (
            []
            if refusals
            else [one for one in self.asked if one[0].startswith("SELECT convert_to(")]
        )

    async def tables_read_whole(self, sql: str, values: Sequence[Any]) -> list[str]:
        """The growing tables that the statement would read from end to end, either way."""
        custom = await self.session.fetchval(f"EXPLAIN (FORMAT JSON) {sql}", *values)
        # The plan for all values needs none of them.
        nothing = f"({', '.join(['NULL'] * len(values))})" if values else ""
        await self.session.execute(f"PREPARE general AS {sql}")
        general = await self.session.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE general{nothing}")
        await self.session.execute("DEALLOCATE general")
        plans = [json.loads(plan)[0]["Plan"] for plan in (custom, general)]
        return [
            f"{kind}: {table}"
            for kind, plan in zip(("for these values", "for all values"), plans, strict=True)
            for table in sorted(set(read_whole(plan, knows=kind == "for these values")) - SMALL)
            if kind == "for these values" or plan["Total Cost"] < TOO_DEAR
        ]

    async def rows_read(self, name: str, order: list[dict[str, str]], after: int) -> int:
        """How many rows the database looks at for a page after this many rows of the list."""
        model = assembled().queries[name].model
        query = f"""query ($order: [{model.__name__}Order!], $after: String) {{
            {name}(first: {SIZE}, orderBy: $order, after: $after) {{ edges {{ cursor }} }} }}"""
        cursor = None
        if after:
            fields = assembled().nodes[model].sorts
            sorts = tuple(Sort(fields[by["field"]], by["direction"] == "DESC") for by in order)
            cursor = await self.session.fetchval(
                f"SELECT {Order(model, sorts).cursor('t')} FROM {table(model)} t"
                f" ORDER BY {Order(model, sorts).by('t', reverse=False)} OFFSET $1 LIMIT 1",
                after,
            )
        self.asked.clear()
        await self.api.data(query, {"order": order, "after": cursor}, by="AUDITOR")
        (sql, values) = next(one for one in self.asked if one[0].startswith("SELECT convert_to("))
        plan = await self.session.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *values)
        return sum(looked_at(json.loads(plan)[0]["Plan"]))


def looked_at(plan: dict[str, Any]) -> Iterator[int]:
    """The rows that each scan of this plan found, those it then threw away included."""
    if "Relation Name" in plan:
        found = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
        yield int(found * plan["Actual Loops"])
    for part in plan.get("Plans", []):
        yield from looked_at(part)


def read_whole(plan: dict[str, Any], *, knows: bool, stops: bool = False) -> Iterator[str]:
    """The tables that this plan reads from end to end.

    `stops`: it is expected to end early on, which counts where it `knows` the values it looks for.
    """
    kind, parts = plan["Node Type"], plan.get("Plans", [])
    if kind == "Seq Scan" and not (stops and (knows or "Filter" not in plan)):
        yield plan["Relation Name"]
    if kind == "Limit":
        stops = plan["Total Cost"] < parts[0]["Total Cost"] / 2
    for part in parts:
        is_led = part["Parent Relationship"] in {"Outer", "Member", "Subquery"}
        yield from read_whole(part, knows=knows, stops=stops and kind in STREAMS and is_led)


@pytest.fixture(scope="module")
async def crowd(database_url: str) -> AsyncIterator[Crowd]:
    """The crowd on a database of its own, behind the real endpoint."""
    url = await databases.cloned(database_url, f"plans_{uuid4().hex}")
    endpoint = create_endpoint(Engine(create_schema(), SignIns(callers.ask), Limits()))
    transport = httpx.ASGITransport(Starlette(routes=[Route("/graphql", endpoint)]))
    # The bound of a count goes down with the people, who are a fiftieth of a million.
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setattr(pages, "MOST_COUNTED", pages.MOST_COUNTED // 50)
    async with (
        database.session(url) as session,
        database.connected(url, pool_size=1),
        httpx.AsyncClient(transport=transport, base_url="http://cadre.test", timeout=30) as client,
    ):
        await crowds.plant(session)
        await session.execute("SET plan_cache_mode = force_generic_plan")
        crowd = Crowd(Api(client), session)
        async with connections.get("default").acquire_connection() as connection:
            connection.add_query_logger(lambda log: crowd.asked.append((log.query, log.args)))
        yield crowd
    monkeypatch.undo()


@pytest.mark.parametrize("ready", list(reading()), ids=lambda ready: str(ready.name))
async def test_a_ready_operation_finds_its_rows_by_indexes(crowd: Crowd, ready: Ready) -> None:
    for caller in ASKING:
        asked = await crowd.statements(ready, caller)
        assert asked or caller != ALWAYS_ANSWERED
        for sql, values in asked:
            assert await crowd.tables_read_whole(sql, values) == [], (caller, sql)


ORDERS = {
    "people": ["SENIORITY DESC", "FAMILY_NAME ASC"],
    "appointments": ["STARTED_ON DESC"],
    "auditEvents": ["OCCURRED_AT DESC"],
}


@pytest.mark.parametrize("name", ORDERS)
async def test_a_page_far_down_reads_no_more_rows_than_the_first(crowd: Crowd, name: str) -> None:
    order = [dict(zip(("field", "direction"), key.split(), strict=True)) for key in ORDERS[name]]
    read = [await crowd.rows_read(name, order, after) for after in (0, 1_000)]
    assert max(read) <= 3 * SIZE
