"""GraphQL over WebSocket by the protocol graphql-transport-ws: one connection, many operations.

Each operation runs as it would over HTTP. It refuses the older protocol, pages of other
origins, and a client that is silent, hasty, greedy or deaf.
"""

import asyncio
import contextlib
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import structlog
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect
from strawberry.types.graphql import OperationType

from schema import frames
from schema.connections import Connection, Connections
from schema.errors import present_refusal, present_unexpected
from schema.frames import Closed, Code
from schema.limits import LimitExceeded
from schema.requests import Heads, HttpRefused, bearer, borne, gathered, parameters
from schema.results import Refused, Results, Sent
from service import logs
from service.errors import NotSignedIn, Unavailable

_DEFAULT_PORTS = {"http": 80, "https": 443}

_log = structlog.get_logger("cadre.sockets")


class _Gone(Exception):  # noqa: N818 - the client's end of a socket
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Sockets:
    """The ASGI app to route the WebSockets of `/graphql` to."""

    results: Results
    connections: Connections
    init_seconds: float = 10
    deaf_seconds: float = 30

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one socket until either side closes it."""
        socket = WebSocket(scope, receive, send)
        if is_foreign(socket.headers):
            refusal = PlainTextResponse("This origin may not open sockets here.", status_code=403)
            await socket.send_denial_response(refusal)
            return
        is_known = frames.PROTOCOL in scope["subprotocols"]
        await socket.accept(frames.PROTOCOL if is_known else None)
        await _Socket(socket, self).serve(is_known=is_known)


def is_foreign(headers: Headers) -> bool:
    """Whether a page of another origin asks; what is no browser names none."""
    origins = headers.getlist("origin")
    if not origins:
        return False
    scheme = origins[0].partition(":")[0] if len(origins) == 1 else ""
    ours = _place(f"//{headers.get('host', '')}", scheme)
    return ours is None or _place(origins[0], scheme) != ours


def _place(url: str, scheme: str) -> tuple[str, int] | None:
    """The host and port of a URL, by the scheme's own port where it names none."""
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS[scheme]
    except (ValueError, KeyError):
        return None
    return (parts.hostname, port) if parts.hostname else None


class _Socket:
    """One socket: what was agreed on it, and the operations under way."""

    def __init__(self, socket: WebSocket, served: Sockets) -> None:
        self._socket = socket
        self._served = served
        self._connection: Connection | None = None
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._count = 0

    async def serve(self, *, is_known: bool) -> None:
        """Talks until one side ends it, and leaves nothing running."""
        code = 1000
        try:
            # The connection ends after the last operation that looks at it.
            async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
                await self._talk(stack, group, is_known=is_known)
        except* _Gone as left:
            code = min(gone.code for gone in left.exceptions if isinstance(gone, _Gone))
        except* Closed as ended:
            code = await self._close(ended.exceptions[0])
        except* Exception as faults:  # noqa: BLE001 - the last resort: masked and logged
            error = present_unexpected(faults.exceptions[0], str(uuid4()))
            is_away = error["extensions"]["code"] == Unavailable.code
            closed = Closed(Code.TRY_LATER if is_away else Code.FAULT, error["message"])
            code = await self._close(closed)
        _log.info("socket", code=code, operations=self._count)

    async def _talk(
        self, stack: AsyncExitStack, group: asyncio.TaskGroup, *, is_known: bool
    ) -> None:
        if not is_known:
            raise Closed(Code.NO_PROTOCOL, f"Ask for the subprotocol {frames.PROTOCOL}.")
        try:
            async with asyncio.timeout(self._served.init_seconds) as waiting:
                while self._connection is None:
                    await self._answer(await self._frame(), stack, group)
        except TimeoutError as error:
            if not waiting.expired():
                raise
            seconds = f"{self._served.init_seconds:g}"
            message = f"connection_init did not arrive within {seconds} seconds."
            raise Closed(Code.NO_INIT, message) from error
        while True:
            await self._answer(await self._frame(), stack, group)

    async def _frame(self) -> frames.Frame:
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise _Gone(message.get("code", Code.LOST))
        text = message.get("text")
        if text is None:
            raise Closed(Code.MALFORMED, "A message must be text, not binary.")
        return frames.read(text)

    async def _answer(
        self, frame: frames.Frame, stack: AsyncExitStack, group: asyncio.TaskGroup
    ) -> None:
        match frame:
            case frames.Init(payload):
                await self._agree(payload, stack, group)
            case frames.Ping(payload):
                await self._say(frames.pong(payload))
            case frames.Subscribe(key, payload):
                await self._begin(key, payload, group)
            case frames.Complete(key):
                # It may be over already: the two ends of a socket overtake each other.
                if operation := self._operations.pop(key, None):
                    operation.cancel()

    async def _agree(
        self, payload: dict[str, Any], stack: AsyncExitStack, group: asyncio.TaskGroup
    ) -> None:
        if self._connection is not None:
            raise Closed(Code.INIT_TWICE, "Too many initialisation requests.")
        address = self._socket.client.host if self._socket.client else None
        try:
            token = _token(payload, gathered(self._socket.scope["headers"]))
            opened = self._served.connections.opened(token, address)
            self._connection = await stack.enter_async_context(opened)
        except HttpRefused as refused:
            raise Closed(Code.NOT_SIGNED_IN, refused.refusal.message) from refused
        except NotSignedIn as refusal:
            raise Closed(Code.NOT_SIGNED_IN, refusal.message) from refusal
        except (LimitExceeded, Unavailable) as refusal:
            raise Closed(Code.TRY_LATER, refusal.message) from refusal
        group.create_task(self._end(self._connection))
        await self._say(frames.ack())

    async def _end(self, connection: Connection) -> None:
        if refusal := await connection.over():
            raise Closed(Code.NOT_SIGNED_IN, refusal.message)
        raise Closed(Code.RESTART, "The server is about to stop.")

    async def _begin(self, key: str, payload: dict[str, Any], group: asyncio.TaskGroup) -> None:
        if self._connection is None:
            raise Closed(Code.NOT_SIGNED_IN, "Unauthorized: send connection_init first.")
        if key in self._operations:
            raise Closed(Code.ID_TAKEN, f"Subscriber for {key} already exists")
        try:
            asked = parameters(payload, "`payload`")
        except HttpRefused as refused:
            raise Closed(Code.MALFORMED, refused.refusal.message) from refused
        limits, count = self._connection.limits, len(self._operations) + 1
        if count > limits.operations:
            refusal = LimitExceeded(limits, "operations", count)
            await self._say(frames.refusal(key, [present_refusal(refusal, "")]))
            return
        self._count += 1
        sent = Sent(asked, str(uuid4()), "websocket", frozenset(OperationType))
        self._operations[key] = group.create_task(self._operate(key, sent, self._connection))

    async def _operate(self, key: str, sent: Sent, connection: Connection) -> None:
        with logs.request(sent.reference):
            last = await self._tell(key, sent, connection)
        # Before the client can know: it may give the id to its next operation at once.
        del self._operations[key]
        await self._say(last)

    async def _tell(self, key: str, sent: Sent, connection: Connection) -> str:
        """Says each result, and answers with what is to be said at last."""
        try:
            async with aclosing(self._served.results.of(sent, connection)) as results:
                async for result in results:
                    await self._say(frames.result(key, result))
        except Refused as refused:
            return frames.refusal(key, refused.errors)
        return frames.complete(key)

    async def _say(self, text: str) -> None:
        """Sends, as soon as the client has taken what was sent before."""
        try:
            async with asyncio.timeout(self._served.deaf_seconds):
                await self._socket.send_text(text)
        except (WebSocketDisconnect, TimeoutError) as error:
            raise _Gone(Code.LOST) from error

    async def _close(self, closed: BaseException) -> int:
        assert isinstance(closed, Closed)
        with contextlib.suppress(WebSocketDisconnect, TimeoutError):
            async with asyncio.timeout(self._served.deaf_seconds):
                await self._socket.close(closed.code, closed.reason)
        return int(closed.code)


def _token(payload: dict[str, Any], heads: Heads) -> str | None:
    """The token of the init message, or else of the request that opened the socket.

    Browsers cannot send a header with a socket.
    """
    given = {name.lower(): value for name, value in payload.items()}
    if (token := given.get("token")) is not None:
        return borne(f"Bearer {token}")
    if (authorization := given.get("authorization")) is not None:
        return borne(str(authorization))
    return bearer(heads)
