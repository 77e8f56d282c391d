"""The floor: what a read costs when nothing but its SQL is left of the service.

The statement is the very one that Cadre ran for the question, caught on its connection. It
refuses to stand in for a question that Cadre answers without the database.
"""

import base64
import pickle
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import orjson
import uvicorn
from asyncpg.connection import LoggedQuery
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp
from tortoise import connections

from schema.app import create_app
from service import database
from service.settings import Settings
from tests.bench import worlds
from tests.bench.questions import Question
from tests.bench.worlds import World

Endpoint = Callable[[Request], Awaitable[Response]]
CONSTANT = b'{"data":{"__typename":"Query"}}'


@dataclass(frozen=True)
class Plan:
    """A statement with its values, which of its columns holds the JSON, and what it is about."""

    sql: str
    values: tuple[Any, ...]
    column: int
    root: str
    about: UUID | None

    def asked(self, body: bytes) -> Sequence[Any]:
        """The values for this request, whose id takes the place of the one in the plan."""
        if self.about is None:
            return self.values
        given = orjson.loads(body)["variables"]["id"]
        wanted = UUID(base64.b64decode(given)[len("Person:") :].decode())
        return [self._of(value, wanted) for value in self.values]

    def _of(self, value: Any, wanted: UUID) -> Any:
        if isinstance(value, list):
            return [self._of(item, wanted) for item in value]
        if value == self.about:
            return wanted
        return str(wanted) if value == str(self.about) else value


async def plans(world: World, questions: Sequence[Question]) -> dict[str, Plan]:
    """For each question that reads, the statement that Cadre answers it with."""
    settings = Settings(database_url=SecretStr(world.url), pool_size=1)
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        # One connection, so that this logger sees whatever the app asks.
        async with connections.get("default").acquire_connection() as connection:
            heard: list[LoggedQuery] = []
            connection.add_query_logger(heard.append)
        read = [question for question in questions if question.root]
        return {each.name: await _plan(app, world, each, heard) for each in read}


async def _plan(app: ASGIApp, world: World, question: Question, heard: list[LoggedQuery]) -> Plan:
    transport = httpx.ASGITransport(app=app)
    headers = {"Authorization": f"Bearer {world.token}"}
    body = {"query": question.document, "variables": question.variables(1, 1)}
    async with httpx.AsyncClient(transport=transport, base_url="http://floor") as client:
        # The first request may ask more, for what later ones find in a cache.
        for _ in range(2):
            heard.clear()
            answer = await client.post("/graphql", json=body, headers=headers)
            assert answer.status_code == 200, answer.text
            assert "errors" not in answer.json(), answer.text
    # Beside the reading statement stand at most those of sign-in and session, which are short.
    ran = max(heard, key=lambda query: len(query.query))
    column = await _column(world, ran)
    about = worlds.key(1) if question.name == "Q1" else None
    plan = Plan(ran.query, tuple(ran.args), column, question.root or "", about)
    assert about is None or plan.asked(_about(2)) != list(plan.values), "the id is not in the plan"
    return plan


def _about(person: int) -> bytes:
    return orjson.dumps({"variables": {"id": worlds.opaque(person)}})


async def _column(world: World, ran: LoggedQuery) -> int:
    """The column that holds the answer: the longest bytes."""
    async with database.session(world.url) as session:
        (row,) = await session.fetch(ran.query, *ran.args)
    lengths = [len(value) if isinstance(value, bytes) else -1 for value in row.values()]
    return lengths.index(max(lengths))


def serve(port: int, url: str, prepared: dict[str, Plan]) -> None:
    """Serves each plan under the name of its question until the process ends."""
    pools: list[asyncpg.Pool] = []

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with asyncpg.create_pool(**database.credentials(url)) as pool:
            pools.append(pool)
            yield

    answers = {name: _reading(pools, plan) for name, plan in prepared.items()}
    answers["Q4"] = _constant
    routes = [Route(f"/{name}", answer, methods=["POST"]) for name, answer in answers.items()]
    app = Starlette(routes=routes, lifespan=lifespan)
    uvicorn.run(app, host="127.0.0.1", port=port, log_config=None, access_log=False)


def _reading(pools: list[asyncpg.Pool], plan: Plan) -> Endpoint:
    async def answer(request: Request) -> Response:
        values = plan.asked(await request.body())
        text = await pools[0].fetchval(plan.sql, *values, column=plan.column)
        body = orjson.dumps({"data": {plan.root: orjson.Fragment(text)}})
        return Response(body, media_type="application/json")

    return answer


async def _constant(request: Request) -> Response:
    await request.body()
    return Response(CONSTANT, media_type="application/json")


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2], pickle.loads(Path(sys.argv[3]).read_bytes()))
