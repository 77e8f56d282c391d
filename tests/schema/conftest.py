"""A small schema behind the real endpoint, served by the real server over a real socket."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.schema.config import StrawberryConfig
from tortoise import connections

from schema import console_bundle
from schema.context import Context
from schema.endpoint import create_endpoint
from schema.engine import CadreSchema, Engine
from schema.limits import Limits
from schema.root import create_schema
from service.access.actors import Actor
from service.database import connected
from service.errors import NotAllowed, NotSignedIn, VersionConflict
from service.sign_ins import PUBLIC, SignIn, SignIns
from tests import databases
from tests.schema import callers, oracles, worlds
from tests.schema.callers import Api
from tests.schema.oracles import Tables

GRAPHQL = "application/graphql-response+json"
SECRET = "relation person_note does not exist: Ms Amina K."


ACCOUNT = UUID("0190a000-0000-7000-8000-000000000001")


async def ask(token: str | None) -> SignIn:
    if token is None:
        return PUBLIC
    if token == "good-token":
        return SignIn(Actor(account_id=ACCOUNT))
    if token == "database-down":
        raise ConnectionRefusedError(SECRET)
    if token == "broken":
        raise ValueError(SECRET)
    raise NotSignedIn("This token is unknown, expired or revoked.")


def refuse_scalar(value: object) -> str:
    if value == "refused":
        raise NotAllowed("Ranks above D-2 need another form.")
    if value == "broken":
        raise ValueError(SECRET)
    return str(value)


Rank = strawberry.scalar(name="Rank", parse_value=refuse_scalar, serialize=str)


class RankText(str):
    __slots__ = ()


@strawberry.enum
class Grade(Enum):
    DIRECTOR = "D-2"
    UNDER_SECRETARY = "USG"


@strawberry.type
class Post:
    title: str

    @strawberry.field
    def posts(self, first: int | None = None, last: int | None = None) -> list["Post"]:
        return [Post(title="Head")] * 2

    @strawberry.field
    def deputies(self, first: int = 25) -> list["Post"]:
        return []

    @strawberry.field
    def parent(self) -> "Post":
        return self

    @strawberry.field
    def broken(self) -> str | None:
        raise ValueError(SECRET)


@strawberry.type
class Query:
    @strawberry.field
    def posts(self, first: int | None = None, last: int | None = None) -> list[Post]:
        return [Post(title="Head")] * 2

    @strawberry.field
    def post(self) -> Post:
        return Post(title="Head")

    @strawberry.field
    def echo(self, text: str | None = None, number: int | None = None) -> str:
        return f"{text} {number}"

    @strawberry.field
    def many(self, numbers: list[int]) -> int:
        return len(numbers)

    @strawberry.field
    def grade(self, grade: Grade) -> str:
        return str(grade.value)

    @strawberry.field
    def rank(self, rank: RankText) -> str:
        return rank

    @strawberry.field
    def broken(self) -> str | None:
        raise ValueError(SECRET)

    @strawberry.field
    def required(self) -> str:
        raise ValueError(SECRET)

    @strawberry.field
    def big(self) -> int | None:
        return 2**40

    @strawberry.field
    def stale(self) -> str | None:
        raise VersionConflict(
            "Somebody changed this vacancy; read it again.",
            path=("input", "version"),
            details={"version": 3},
        )

    @strawberry.field
    async def unreachable(self) -> str | None:
        raise ConnectionResetError(104, SECRET)

    @strawberry.field
    async def silent(self) -> str:
        await asyncio.sleep(60)
        return "never"

    @strawberry.field
    def who(self, info: strawberry.Info[Context, None]) -> str:
        return f"{info.context.actor.account_id} {info.context.request_id}"


@strawberry.type
class Mutation:
    @strawberry.mutation
    def rename(self, title: str) -> str:
        WRITTEN.append(title)
        return title


WRITTEN: list[str] = []


def small_schema() -> CadreSchema:
    config = StrawberryConfig(scalar_map={RankText: Rank})
    return CadreSchema(query=Query, mutation=Mutation, config=config)


@dataclass(frozen=True)
class Edge:
    """The served endpoint, and one client of it."""

    port: int
    client: httpx.AsyncClient
    written: list[str] = field(default_factory=lambda: WRITTEN)

    async def post(
        self,
        query: object,
        variables: object = None,
        *,
        token: str | None = "good-token",
        accept: str = GRAPHQL,
        **more: Any,
    ) -> httpx.Response:
        headers = {"Accept": accept}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        body = {"query": query, "variables": variables, **more}
        return await self.client.post("/graphql", json=body, headers=headers)

    async def send(self, content: bytes, **headers: str) -> httpx.Response:
        """A POST with exactly these bytes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post(
            "/graphql", content=content, headers={"Content-Type": "application/json", **named}
        )

    async def talk(self, *parts: bytes, pause: float = 0.0) -> bytes:
        """What the server says to these raw parts until it closes."""
        return await asyncio.to_thread(talk, self.port, parts, pause)


def talk(port: int, parts: Sequence[bytes], pause: float) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as peer:
        # A server that refuses early closes while we still send; its answer is there to read.
        with contextlib.suppress(ConnectionError):
            for part in parts:
                peer.sendall(part)
                time.sleep(pause)
        heard = b""
        with contextlib.suppress(ConnectionError):
            while more := peer.recv(65536):
                heard += more
        return heard


@pytest.fixture(scope="session")
def bundle() -> Path:
    return console_bundle.build(progress=lambda _step: None)


@pytest.fixture(scope="session")
def schema() -> CadreSchema:
    return small_schema()


@pytest.fixture(scope="session")
def edge_port(schema: CadreSchema) -> Iterator[int]:
    engine = Engine(schema, SignIns(ask), Limits())
    endpoint = create_endpoint(engine, body_seconds=0.5, work_seconds=0.5)
    app = Starlette(routes=[Route("/graphql", endpoint)])
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join(timeout=10)


@pytest.fixture
async def edge(edge_port: int) -> AsyncIterator[Edge]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{edge_port}") as client:
        yield Edge(edge_port, client)


@pytest.fixture(scope="module")
async def world(database_url: str) -> AsyncIterator[str]:
    """The URL of a migrated database with the compact world in it, connected for this module."""
    url = await databases.cloned(database_url, f"schema_{uuid4().hex}")
    async with connected(url, pool_size=1):
        await worlds.plant()
        yield url


@pytest.fixture(scope="module")
async def api(world: str) -> AsyncIterator[Api]:
    """The real schema over HTTP, on the world, without limits of size in the way."""
    endless = 10**12
    # A budget that is full again at once tells no two answers apart.
    limits = Limits(
        depth=20,
        nodes=endless,
        fields=20_000,
        tokens=40_000,
        cost=endless,
        budget=endless,
        budget_per_second=endless,
    )
    endpoint = create_endpoint(Engine(create_schema(), SignIns(callers.ask), limits))
    app = Starlette(routes=[Route("/graphql", endpoint)])
    async with (
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://cadre.test", timeout=30
        ) as client,
    ):
        api = Api(client)
        async with connections.get("default").acquire_connection() as connection:
            # The pool holds one connection, so its log is everything the database is asked.
            connection.add_query_logger(lambda record: api.statements.append(record.query))
        yield api


@pytest.fixture(scope="module")
async def tables(api: Api) -> Tables:
    """The world's tables, to work out by hand what the API must answer."""
    return await oracles.load()
