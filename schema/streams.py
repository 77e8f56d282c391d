"""GraphQL over server-sent events: one request, one stream of results, then its end.

The events are those of the protocol graphql-sse with distinct connections. A stream that
the server must break off ends without `complete`, so that the client comes again.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeAlias

import orjson
from starlette.requests import Request
from starlette.types import Receive, Send

from schema.connections import Connection, Connections
from schema.requests import MediaType
from schema.results import Refused, Results, Sent

Headers: TypeAlias = Sequence[tuple[bytes, bytes]]

_HEADERS = (
    (b"content-type", f"{MediaType.EVENTS}; charset=utf-8".encode()),
    # A proxy that gathers would keep the news back.
    (b"x-accel-buffering", b"no"),
)
_COMPLETE = b"event: complete\ndata:\n\n"
_BEAT = b":\n\n"


class _Gone(Exception):  # noqa: N818 - the end of a stream from either side
    pass


@dataclass(frozen=True, slots=True)
class Streams:
    """Serves requests that accept nothing sooner than a stream of events."""

    results: Results
    connections: Connections
    beat_seconds: float = 12
    deaf_seconds: float = 30

    async def serve(
        self,
        request: Request,
        send: Send,
        sent: Sent,
        *,
        token: str | None,
        headers: Headers,
    ) -> None:
        """Streams the results. Raises only before it starts: a bad token, a connection too many."""
        address = request.client.host if request.client else None
        async with self.connections.opened(token, address) as connection:
            try:
                await self._start(send, headers)
                async with asyncio.TaskGroup() as group:
                    group.create_task(_until_gone(request.receive))
                    group.create_task(_until_over(connection))
                    group.create_task(self._beat(send))
                    await self._tell(send, sent, connection)
            except* _Gone:
                await self._end(send)

    async def _start(self, send: Send, headers: Headers) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [*headers, *_HEADERS]})
        await self._say(send, _BEAT)

    async def _end(self, send: Send) -> None:
        # Whoever takes nothing does not take the end either.
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(self.deaf_seconds):
                await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _tell(self, send: Send, sent: Sent, connection: Connection) -> None:
        try:
            async with aclosing(self.results.of(sent, connection)) as results:
                async for result in results:
                    await self._say(send, _next(result))
        except Refused as refused:
            await self._say(send, _next(orjson.dumps({"errors": refused.errors})))
        await self._say(send, _COMPLETE)
        raise _Gone

    async def _beat(self, send: Send) -> None:
        while True:
            await asyncio.sleep(self.beat_seconds)
            await self._say(send, _BEAT)

    async def _say(self, send: Send, event: bytes) -> None:
        """Sends, as soon as the client has taken what was sent before."""
        try:
            async with asyncio.timeout(self.deaf_seconds):
                await send({"type": "http.response.body", "body": event, "more_body": True})
        except (OSError, TimeoutError) as error:
            raise _Gone from error


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    raise _Gone


async def _until_over(connection: Connection) -> None:
    # A caller who is signed out is told so as a result.
    if await connection.over() is None:
        raise _Gone


def _next(body: bytes) -> bytes:
    return b"event: next\ndata: " + body + b"\n\n"
