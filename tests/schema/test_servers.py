"""The server on its socket: clients that are slow, odd or many, and the ways it ends."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from schema.protocols import Protocol
from schema.servers import Server

HEAD = b"GET / HTTP/1.1\r\nHost: here\r\n"
LONG = 8_000_000
# Only tells a connection that hangs from one that is slow on a busy machine.
HANGS = 30


class Quick(Protocol):
    """The same connection with shorter patience, so that tests end."""

    head_seconds = 0.5
    taking_seconds = 0.5


class House:
    """An app with a door that opens when the test says so."""

    def __init__(self) -> None:
        self.door = asyncio.Event()
        self.entered = asyncio.Event()
        self.heard: list[bytes] = []
        self.app = Starlette(
            routes=[
                Route("/", self.greet, methods=["GET", "POST"]),
                Route("/echo", self.echo, methods=["POST"]),
                Route("/wait", self.wait),
                Route("/long", self.long),
                WebSocketRoute("/socket", self.talk),
            ]
        )
        self.app.state.is_leaving = False

    async def greet(self, _: Request) -> PlainTextResponse:
        return PlainTextResponse("hello")

    async def echo(self, request: Request) -> PlainTextResponse:
        self.heard.append(await request.body())
        return PlainTextResponse(", ".join(sorted(request.headers)))

    async def wait(self, _: Request) -> PlainTextResponse:
        self.entered.set()
        await self.door.wait()
        return PlainTextResponse("waited")

    async def long(self, _: Request) -> PlainTextResponse:
        return PlainTextResponse("~" * LONG)

    async def talk(self, socket: WebSocket) -> None:
        await socket.accept()
        async for text in socket.iter_text():
            await socket.send_text(text)


class Street:
    """The house at its address, with its server at hand."""

    def __init__(self, house: House, server: Server, port: int) -> None:
        self.house, self.server, self.port = house, server, port

    async def connect(self, *sent: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(b"".join(sent))
        return reader, writer

    async def ask(self, *sent: bytes) -> bytes:
        """Everything that comes back until the server closes."""
        reader, writer = await self.connect(*sent)
        try:
            return await asyncio.wait_for(reader.read(), HANGS)
        finally:
            writer.close()

    async def greeted(self) -> bool:
        return b"hello" in await self.ask(HEAD, b"Connection: close\r\n\r\n")


@asynccontextmanager
async def opened(
    *, protocol: type[Protocol] = Quick, drain_seconds: float = 0
) -> AsyncIterator[Street]:
    house = House()
    server = Server(house.app, protocol=protocol, drain_seconds=drain_seconds)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # The inner coroutine: the outer one would take pytest's signal handlers away.
        serving = asyncio.create_task(server._serve([listener]))
        while not server.started:
            assert not serving.done(), serving.result()
            await asyncio.sleep(0.01)
        try:
            yield Street(house, server, listener.getsockname()[1])
        finally:
            server.should_exit = True
            house.door.set()
            await asyncio.wait_for(serving, HANGS)
            assert (server.server_state.connections, server.server_state.tasks) == (set(), set())


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(HANGS * 100):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail("what was awaited did not come")


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, piece: bytes) -> None:
    """Sends a little again and again until the server closes."""
    for _ in range(HANGS * 50):
        if reader.at_eof() or reader.exception():
            return
        writer.write(piece)
        await asyncio.sleep(0.02)
    pytest.fail("the connection stayed open")


async def whatever_arrives(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionError:
        return b""


@pytest.fixture
async def street() -> AsyncIterator[Street]:
    async with opened() as found:
        yield found


async def test_sixty_half_sent_heads_are_closed_while_others_are_served(street: Street) -> None:
    silent = [asyncio.create_task(street.ask(HEAD)) for _ in range(60)]
    assert await street.greeted()
    for answer in await asyncio.gather(*silent):
        assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
        assert b"\r\nconnection: close\r\n" in answer
        assert answer.endswith(b"The request's head did not arrive within 0.5 seconds.")
    assert street.server.server_state.connections == set()


async def test_a_connection_that_says_nothing_is_closed_without_a_word(street: Street) -> None:
    assert await street.ask() == b""


@pytest.mark.parametrize("before", [b"", HEAD + b"\r\n"], ids=["first request", "second request"])
async def test_a_head_that_drips_is_closed(street: Street, before: bytes) -> None:
    reader, writer = await street.connect(before)
    if before:
        assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200 OK\r\n")

    writer.write(b"GET /")
    answer, _ = await asyncio.gather(whatever_arrives(reader), drip(reader, writer, b"x"))
    writer.close()
    # A drop that falls into the closed connection may take the answer with it.
    assert answer == b"" or answer.startswith(b"HTTP/1.1 408 ")


async def test_empty_lines_are_no_sign_of_life(street: Street) -> None:
    reader, writer = await street.connect(HEAD, b"\r\n")
    await reader.readuntil(b"hello")
    await drip(reader, writer, b"\r\n")
    writer.close()
    assert await whatever_arrives(reader) == b""


async def test_a_second_request_that_comes_in_time_is_served(street: Street) -> None:
    reader, writer = await street.connect(HEAD, b"\r\n")
    for _ in range(3):
        await reader.readuntil(b"hello")
        writer.write(HEAD)
        await asyncio.sleep(0.2)
        writer.write(b"\r\n")
    writer.close()


async def test_requests_in_one_piece_are_answered_in_order(street: Street) -> None:
    body = b"POST /echo HTTP/1.1\r\nHost: here\r\nContent-Length: 3\r\n\r\n"
    answer = await street.ask(
        HEAD, b"\r\n", body, b"one", body, b"two", HEAD, b"Connection: close\r\n\r\n"
    )
    assert answer.count(b"HTTP/1.1 200 OK\r\n") == 4
    assert (answer.count(b"hello"), street.house.heard) == (2, [b"one", b"two"])


async def test_half_a_head_behind_a_request_under_way_costs_that_one_nothing(
    street: Street,
) -> None:
    reader, writer = await street.connect(HEAD.replace(b" / ", b" /wait "), b"\r\n", HEAD)
    await street.house.entered.wait()
    await asyncio.sleep(2 * Quick.head_seconds)
    street.house.door.set()
    answer = await asyncio.wait_for(reader.read(), HANGS)
    writer.close()
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"waited")


async def test_a_body_that_nobody_waits_for_is_not_waited_for(street: Street) -> None:
    reader, writer = await street.connect(
        b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 100000\r\n\r\n"
    )
    await reader.readuntil(b"hello")
    await drip(reader, writer, b"x")
    writer.close()


async def closed_over(street: Street, head: bytes, piece: bytes) -> bytes:
    """What is answered to a head and pieces without end, where anything still arrives."""
    reader, writer = await street.connect(head)
    sent = 0
    try:
        while not reader.at_eof() and sent < 50 * Quick.head_bytes:
            writer.write(piece)
            sent += len(piece)
            await writer.drain()
            await asyncio.sleep(0)
        return await asyncio.wait_for(reader.read(), HANGS)
    except ConnectionError:
        return b""
    finally:
        assert sent < 50 * Quick.head_bytes
        writer.close()


@pytest.mark.parametrize("piece", [b"x" * 8192, b"X: y\r\n" * 1000], ids=["one", "many"])
async def test_headers_without_end_are_refused(street: Street, piece: bytes) -> None:
    answer = await closed_over(street, HEAD + b"Long: ", piece)
    # What is sent on into a closed connection may take the answer with it.
    assert answer == b"" or answer.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")


@pytest.mark.parametrize(
    "piece", [b"0\r\nLong: " + b"x" * 8192, b"1;" + b"x" * 8192], ids=["trailer", "extension"]
)
async def test_what_surrounds_the_pieces_of_a_body_has_an_end_too(
    street: Street, piece: bytes
) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert await closed_over(street, head + piece, b"x" * 8192) in {b"", b"Internal Server Error"}


async def test_a_long_head_and_a_long_body_are_taken(street: Street) -> None:
    answer = await street.ask(
        b"POST /echo HTTP/1.1\r\nHost: here\r\nConnection: close\r\nLong: " + b"x" * 60_000,
        b"\r\nContent-Length: 1000000\r\n\r\n" + b"y" * 1_000_000,
    )
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert [len(body) for body in street.house.heard] == [1_000_000]


async def test_headers_behind_a_body_are_dropped(street: Street) -> None:
    answer = await street.ask(
        b"POST /echo HTTP/1.1\r\nHost: here\r\nConnection: close\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\nAuthorization: Bearer x\r\n\r\n",
    )
    assert answer.endswith(b"connection, host, transfer-encoding")
    assert street.house.heard == [b"one"]


async def test_an_answer_that_nobody_takes_is_not_kept(street: Street) -> None:
    _, writer = await street.connect(HEAD.replace(b" / ", b" /long "), b"\r\n")
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    state = street.server.server_state
    await until(lambda: state.total_requests == 1)
    await until(lambda: not state.connections)
    writer.close()


async def test_an_answer_that_is_taken_slowly_arrives_whole(street: Street) -> None:
    reader, writer = await street.connect(
        HEAD.replace(b" / ", b" /long "), b"Connection: close\r\n\r\n"
    )
    answer = b""
    while piece := await asyncio.wait_for(reader.read(200_000), HANGS):
        answer += piece
        await asyncio.sleep(0.02)
    writer.close()
    assert answer.count(b"~") == LONG


async def test_a_websocket_outlives_the_wait_for_a_head(street: Street) -> None:
    async with connect(f"ws://127.0.0.1:{street.port}/socket") as client:
        await asyncio.sleep(2 * Quick.head_seconds)
        await client.send("still here")
        assert await client.recv() == "still here"


async def test_a_websocket_opened_on_a_used_connection_works(street: Street) -> None:
    reader, writer = await street.connect(HEAD, b"\r\n")
    await reader.readuntil(b"hello")
    writer.write(
        b"GET /socket HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
    await asyncio.sleep(2 * Quick.head_seconds)
    writer.write(b"\x81\x82\x00\x00\x00\x00hi")
    assert await asyncio.wait_for(reader.readexactly(4), HANGS) == b"\x81\x02hi"
    writer.close()


async def test_a_stop_lets_requests_finish_and_closes_sockets_with_their_code() -> None:
    async with opened() as street:
        waiting = asyncio.create_task(street.ask(HEAD.replace(b" / ", b" /wait "), b"\r\n"))
        async with connect(f"ws://127.0.0.1:{street.port}/socket") as client:
            await street.house.entered.wait()
            street.server.handle_exit(signal.SIGTERM, None)
            with pytest.raises(ConnectionClosed) as closed:
                await asyncio.wait_for(client.recv(), HANGS)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
        assert not waiting.done()
        street.house.door.set()
        assert (await waiting).endswith(b"waited")
        with pytest.raises(ConnectionError):
            await street.connect()


async def test_a_server_that_drains_serves_on_and_a_second_signal_ends_that() -> None:
    async with opened(drain_seconds=300) as street:
        street.server.handle_exit(signal.SIGTERM, None)
        assert street.house.app.state.is_leaving
        assert await street.greeted()
        assert not street.server.should_exit
        street.server.handle_exit(signal.SIGTERM, None)
        assert street.server.should_exit


async def test_a_signal_while_requests_finish_cuts_them() -> None:
    async with opened() as street:
        waiting = asyncio.create_task(street.ask(HEAD.replace(b" / ", b" /wait "), b"\r\n"))
        await street.house.entered.wait()
        for _ in range(2):
            street.server.handle_exit(signal.SIGTERM, None)
        assert await waiting == b""
