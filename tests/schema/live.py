"""Sockets and streams as clients meet them, on an app that does not wait as long as the real one.

It shares the module's database with the whole app, over which tests change the world.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import StringIO
from typing import Any

import httpx
import pytest
import structlog
import websockets
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute
from websockets.asyncio.client import ClientConnection

from schema.endpoint import create_endpoint
from schema.engine import Engine
from schema.live import Live, Waits, create_live
from schema.root import assembled, create_schema
from service import logs
from tests.schema.served import running

PROTOCOL = "graphql-transport-ws"
CHANGED = "subscription { matchRunChanged { number } }"
# Only tells what hangs from what is slow.
PATIENCE = 30


@dataclass
class Client:
    """One end of a socket."""

    socket: ClientConnection

    async def say(self, message: object) -> None:
        """Sends this JSON."""
        await self.socket.send(json.dumps(message))

    async def heard(self) -> dict[str, Any]:
        """The next message."""
        async with asyncio.timeout(PATIENCE):
            message: dict[str, Any] = json.loads(await self.socket.recv())
            return message

    async def init(self, bearer: str | None, **more: Any) -> None:
        """Agrees on a connection."""
        payload = {"authorization": f"Bearer {bearer}", **more} if bearer else more
        await self.say({"type": "connection_init", "payload": payload})
        assert await self.heard() == {"type": "connection_ack"}

    async def ask(self, key: str, query: str, **more: Any) -> None:
        """Starts an operation."""
        await self.say({"id": key, "type": "subscribe", "payload": {"query": query, **more}})

    async def result(self, key: str) -> dict[str, Any]:
        """The next message, which must be a result of this operation."""
        message = await self.heard()
        assert (message["id"], message["type"]) == (key, "next"), message
        return priced(message["payload"])

    async def refusal(self, key: str) -> dict[str, Any]:
        """The next message, which must refuse this operation: its one error."""
        message = await self.heard()
        assert (message["id"], message["type"]) == (key, "error"), message
        (error,) = message["payload"]
        assert isinstance(error, dict)
        return error

    async def once(self, key: str, query: str, **more: Any) -> dict[str, Any]:
        """The result of an operation with a single one, which must then be complete."""
        await self.ask(key, query, **more)
        result = await self.result(key)
        assert await self.heard() == {"id": key, "type": "complete"}
        return result

    async def hears_nothing_more(self) -> None:
        """A round trip, which overtakes nothing: what was to be sent has been."""
        await self.say({"type": "ping"})
        assert await self.heard() == {"type": "pong"}

    async def end(self) -> tuple[int | None, str]:
        """The code and reason with which the server closes, after whatever else it says."""
        async with asyncio.timeout(PATIENCE):
            await self.socket.wait_closed()
        return self.socket.close_code, self.socket.close_reason or ""


@dataclass
class House:
    """The app with little patience: its address, and what it keeps open."""

    client: httpx.AsyncClient
    live: Live

    @property
    def url(self) -> str:
        """Where sockets are opened."""
        return str(self.client.base_url.copy_with(scheme="ws", path="/graphql"))

    @asynccontextmanager
    async def socket(self, **more: Any) -> AsyncIterator[Client]:
        """A socket on which nothing has been said."""
        async with websockets.connect(self.url, **{"subprotocols": [PROTOCOL], **more}) as socket:
            yield Client(socket)

    @asynccontextmanager
    async def connected(self, token: str | None) -> AsyncIterator[Client]:
        """A socket with a connection."""
        async with self.socket() as client:
            await client.init(token)
            yield client

    @asynccontextmanager
    async def stream(
        self, query: str, token: str | None = None, *, method: str = "POST", **more: Any
    ) -> AsyncIterator["Stream"]:
        """The stream that answers this document."""
        headers = {"Accept": "text/event-stream"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        asked: Any = {"json" if method == "POST" else "params": {"query": query, **more}}
        async with self.client.stream(method, "/graphql", headers=headers, **asked) as response:
            yield Stream(response, response.aiter_lines())

    async def followed(self, count: int = 1) -> None:
        """Waits until so many follow changes."""
        await until(lambda: self.live.notices.followers == count)

    async def left(self) -> None:
        """Waits until nothing is open any more."""
        await until(lambda: not len(self.live.connections) and not self.live.notices.followers)


@dataclass
class Stream:
    """One stream of events."""

    response: httpx.Response
    lines: AsyncIterator[str]

    async def event(self) -> tuple[str, Any]:
        """The next event's name and data, comments left out."""
        found: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE):
            async for line in self.lines:
                if line.startswith(":"):
                    continue
                if not line and found:
                    return found["event"], json.loads(found["data"] or "null")
                if line:
                    name, _, value = line.partition(":")
                    found[name] = value.strip()
        raise EOFError

    async def result(self) -> Any:
        """The next event, which must be a result."""
        name, data = await self.event()
        assert name == "next", name
        return priced(data)

    async def end(self) -> None:
        """The next event must be the last."""
        assert await self.event() == ("complete", None)
        with pytest.raises(EOFError):
            await self.event()


def priced(result: dict[str, Any]) -> dict[str, Any]:
    """A result without its price, which each that has data must tell."""
    if "data" in result:
        assert result.pop("extensions")["cost"]["real"] > 0
    return result


async def until(holds: Callable[[], bool]) -> None:
    """Waits until it holds; fails where it never does."""
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)


@asynccontextmanager
async def opened(url: str, waits: Waits, engine: Engine | None = None) -> AsyncIterator[House]:
    """An app that waits so long, on this database."""
    engine = engine or Engine(create_schema())
    live = create_live(engine, assembled(), url, waits)
    endpoint = create_endpoint(engine, live.streams)
    routes = [Route("/graphql", endpoint), WebSocketRoute("/graphql", live.sockets)]
    options = {"ws_max_size": 1_000_000, "ws_ping_interval": 2, "ws_ping_timeout": 2}
    async with live.notices.heard(), running(Starlette(routes=routes), **options) as client:
        yield House(client, live)


@pytest.fixture(scope="module")
async def house(served_url: str, serving: httpx.AsyncClient) -> AsyncIterator[House]:
    """An app that looks often, on the module's database, beside the whole one."""
    async with opened(served_url, Waits(init=PATIENCE, deaf=2, beat=0.1, sign_in=0.1)) as house:
        yield house


@pytest.fixture(scope="module")
async def hasty(served_url: str, serving: httpx.AsyncClient) -> AsyncIterator[House]:
    """An app that hardly waits to be asked for a connection."""
    async with opened(served_url, Waits(init=1)) as house:
        yield house


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """The log lines of this process since the test began, as an operator gets them."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    logs.set_up("info")
    written = StringIO()
    (handler,) = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(written)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()
