"""Requests and answers handed over whole: what a client sees is the same, and nothing is lost."""

import asyncio
import contextlib
import gc
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from schema.exchanges import exchange_of
from schema.servers import Server

LONG = b"~" * 8_000_000
# Only tells a connection that hangs from one that is slow on a busy machine.
HANGS = 30
Ask = Callable[[bytes], Awaitable[bytes]]


class Echo:
    """Answers with the body, whole where it can, and remembers how it went."""

    def __init__(self) -> None:
        self.bodies: list[bytes | None] = []
        self.written: list[bool] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = exchange_of(scope)
        assert exchange is not None
        self.bodies.append(exchange.body())
        body = self.bodies[-1]
        if body is None:
            body = (await receive())["body"]
        pieces = [b"<", LONG if body == b"long" else body, b">"]
        headers = [(b"content-length", b"%d" % sum(map(len, pieces))), (b"x-kind", b"echo")]
        self.written.append(exchange.answer(200, headers, pieces))
        if not self.written[-1]:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"".join(pieces)})


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
async def ask(echo: Echo) -> AsyncIterator[Ask]:
    """Sends bytes to a server, and gives all that comes back until it closes."""
    app = Starlette(routes=[Route("/", echo, methods=["GET", "POST", "HEAD"])])
    app.state.is_leaving = False
    server = Server(app)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(server._serve([listener]))
        while not server.started:
            assert not serving.done(), serving.result()
            await asyncio.sleep(0.01)

        async def asked(sent: bytes) -> bytes:
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            writer.write(sent)
            try:
                return await asyncio.wait_for(reader.read(), HANGS)
            finally:
                writer.close()

        yield asked
        server.should_exit = True
        await asyncio.wait_for(serving, HANGS)
        assert (server.server_state.connections, server.server_state.tasks) == (set(), set())


def post(body: bytes, *more: bytes, sent: bytes | None = None) -> bytes:
    length = b"Content-Length: %d" % len(body)
    lines = [b"POST / HTTP/1.1", b"Host: here", length, *more]
    return b"\r\n".join([*lines, b"", b""]) + (body if sent is None else sent)


CLOSE = b"Connection: close"


async def test_a_whole_request_gets_its_answer_with_the_server_s_own_headers(
    ask: Ask, echo: Echo
) -> None:
    head, _, body = (await ask(post(b"hello", CLOSE))).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    lines = head.lower().split(b"\r\n")
    assert {b"content-length: 7", b"x-kind: echo", b"connection: close"} <= set(lines)
    assert len([line for line in lines if line.startswith(b"date: ")]) == 1
    assert (body, echo.bodies, echo.written) == (b"<hello>", [b"hello"], [True])


async def test_pipelined_requests_are_answered_in_their_order(ask: Ask, echo: Echo) -> None:
    heard = await ask(post(b"one") + post(b"two") + post(b"three", CLOSE))
    assert [heard.index(word) for word in (b"<one>", b"<two>", b"<three>")] == sorted(
        heard.index(word) for word in (b"<one>", b"<two>", b"<three>")
    )
    assert heard.count(b"HTTP/1.1 200 OK") == 3
    assert all(echo.written)


async def test_long_answers_arrive_whole_and_hold_back_what_follows(ask: Ask, echo: Echo) -> None:
    heard = await ask(post(b"long") + post(b"long") + post(b"end", CLOSE))
    assert heard.count(b"~") == 2 * len(LONG)
    assert heard.endswith(b"<end>")
    assert len(echo.written) == 3


async def test_a_head_alone_is_answered_without_a_body(ask: Ask, echo: Echo) -> None:
    heard = await ask(b"HEAD / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
    assert heard.endswith(b"\r\n\r\n")
    assert echo.written == [False]


async def test_a_body_that_still_arrives_is_received_the_ordinary_way(ask: Ask, echo: Echo) -> None:
    expecting = post(b"hello", CLOSE, b"Expect: 100-continue", sent=b"")

    async def patiently() -> bytes:
        return await ask(expecting)

    # The server asks for the body; nobody sends it, and the client leaves.
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(patiently(), 0.5)
    assert echo.bodies == [None]


async def test_an_older_client_is_let_go_after_its_answer(ask: Ask, echo: Echo) -> None:
    heard = await ask(b"GET / HTTP/1.0\r\nHost: here\r\n\r\n")
    assert heard.endswith(b"<>")
    assert b"connection: close" in heard.lower()
    assert echo.written == [True]


async def test_what_was_answered_is_freed_without_any_search_for_garbage(ask: Ask) -> None:
    await ask(post(b"first", CLOSE))
    gc.collect()
    gc.disable()
    try:
        heard = await ask(post(b"again") * 200 + post(b"end", CLOSE))
        found = gc.collect()
    finally:
        gc.enable()
    assert heard.endswith(b"<end>")
    # A connection leaves a circle or two, its requests none.
    assert found < 200
