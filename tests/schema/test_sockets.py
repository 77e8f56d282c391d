"""graphql-transport-ws through the real server: every word of the protocol, every close code."""

import asyncio
import json
import socket
from collections.abc import Callable
from typing import Any

import pytest
import websockets
from structlog.testing import capture_logs

from tests.schema.live import CHANGED, PATIENCE, PROTOCOL, House
from tests.schema.served import Served

VIEWER = "{ viewer { label } }"
UPGRADE = (
    b"GET /graphql HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)


async def test_a_socket_runs_queries_and_mutations_as_http_does(
    house: House, served: Served
) -> None:
    token = await served.token("mentoring_manager")
    start = (
        "mutation($input: StartMatchRunInput!) { startMatchRun(input: $input) { errors { code } } }"
    )
    async with house.connected(token) as client:
        assert client.socket.subprotocol == PROTOCOL
        label = {"viewer": {"label": "mentoring_manager"}}
        assert await client.once("1", VIEWER) == {"data": label}
        named = f"query A {VIEWER} query B {{ viewer {{ isSignedIn }} }}"
        result = await client.once("1", named, operationName="B")
        assert result == {"data": {"viewer": {"isSignedIn": True}}}
        result = await client.once("1", start, variables={"input": {"validateOnly": True}})
        assert result == {"data": {"startMatchRun": {"errors": []}}}


async def test_the_public_may_read_what_is_public(house: House, served: Served) -> None:
    async with house.connected(None) as client:
        assert await client.once("1", VIEWER) == {"data": {"viewer": {"label": "Anonymous"}}}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ echo", "GRAPHQL_PARSE_FAILED"),
        ("{ nowhere }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ people(first: 101) { totalCount } }", "LIMIT_EXCEEDED"),
        ("{" + "viewer{label} " * 21 + "}", "LIMIT_EXCEEDED"),
        ("query($n: Int!) { people(first: $n) { totalCount } }", "BAD_USER_INPUT"),
        ("query A { __typename } query B { __typename }", "OPERATION_RESOLUTION_FAILURE"),
        ("{ __schema { types { name } } }", "NOT_SIGNED_IN"),
        (
            "subscription { a: matchRunChanged { id } b: matchRunChanged { id } }",
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (CHANGED, "NOT_SIGNED_IN"),
    ],
)
async def test_what_cannot_run_ends_in_an_error_and_leaves_the_socket_open(
    house: House, served: Served, query: str, code: str
) -> None:
    async with house.connected(None) as client:
        await client.ask("1", query)
        assert (await client.refusal("1"))["extensions"]["code"] == code
        assert "data" in await client.once("1", VIEWER)


async def test_errors_of_fields_come_with_the_result(house: House, served: Served) -> None:
    async with house.connected(await served.token("no_role")) as client:
        result = await client.once("1", "{ matchRuns { totalCount } }")
    (error,) = result["errors"]
    assert result["data"] == {"matchRuns": None}
    assert error["extensions"]["code"] == "NOT_ALLOWED"


@pytest.mark.parametrize("subprotocols", [["graphql-ws"], ["nonsense"], None])
async def test_no_other_protocol_is_spoken(house: House, subprotocols: Any) -> None:
    async with house.socket(subprotocols=subprotocols) as client:
        assert client.socket.subprotocol is None
        assert await client.end() == (4406, f"Ask for the subprotocol {PROTOCOL}.")


async def test_the_protocol_is_found_among_others(house: House) -> None:
    async with house.socket(subprotocols=["graphql-ws", PROTOCOL]) as client:
        assert client.socket.subprotocol == PROTOCOL


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "x:y:z", "http://[", "http:"]
)
async def test_pages_of_other_origins_are_refused_before_the_socket_stands(
    house: House, origin: str
) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with house.socket(origin=origin):
            raise AssertionError
    assert refused.value.response.status_code == 403


async def test_pages_of_our_own_origin_are_served(house: House) -> None:
    async with house.socket(origin=str(house.client.base_url).rstrip("/")) as client:
        await client.init(None)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("", "A message must be JSON."),
        ("{", "A message must be JSON."),
        ("[" * 100_000, "A message must be JSON."),
        ("[1]", "A message must be a JSON object."),
        ("null", "A message must be a JSON object."),
        ('"ping"', "A message must be a JSON object."),
        ("{}", "`type` must be connection_init, ping, pong, subscribe or complete."),
        ('{"type":["ping"]}', "`type` must be connection_init, ping, pong, subscribe or complete."),
        ('{"type":"start"}', "`type` must be connection_init, ping, pong, subscribe or complete."),
        ('{"type":"ping","payload":1}', "`payload` must be a JSON object, null or absent."),
        ('{"type":"complete"}', "`id` must be a text of 1 to 128 characters."),
        ('{"type":"complete","id":""}', "`id` must be a text of 1 to 128 characters."),
        ('{"type":"subscribe","id":7}', "`id` must be a text of 1 to 128 characters."),
        (
            '{"type":"subscribe","id":"1"}',
            "`payload` of subscribe must be an object with `query`.",
        ),
        (
            '{"type":"subscribe","id":"1","payload":{}}',
            "`payload` must have `query`, a text that is not empty.",
        ),
        (
            '{"type":"subscribe","id":"1","payload":{"query":"{a}","variables":[]}}',
            "`variables` must be a JSON object or null.",
        ),
        (b'{"type":"ping"}', "A message must be text, not binary."),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_4400_for_what_is_no_message(house: House, message: str, reason: str) -> None:
    async with house.connected(None) as client:
        await client.socket.send(message)
        assert await client.end() == (4400, reason)


async def test_a_message_that_is_no_utf8_closes_the_socket(house: House) -> None:
    async with house.connected(None) as client:
        await client.socket.send(b"\xff\xfe", text=True)
        assert (await client.end())[0] == 1007


async def test_1009_for_a_message_above_the_limit_of_a_request(house: House) -> None:
    async with house.connected(None) as client:
        await client.say({"type": "ping", "payload": {"x": "y" * 1_000_000}})
        assert (await client.end())[0] == 1009


async def test_4401_for_an_operation_before_the_connection(house: House) -> None:
    async with house.socket() as client:
        await client.ask("1", VIEWER)
        assert await client.end() == (4401, "Unauthorized: send connection_init first.")


async def test_4408_for_a_client_that_never_asks_for_a_connection(hasty: House) -> None:
    async with hasty.socket() as client:
        # A ping keeps the socket alive and does not put off the deadline.
        await client.say({"type": "ping"})
        assert await client.heard() == {"type": "pong"}
        code, reason = await client.end()
    assert (code, reason) == (4408, "connection_init did not arrive within 1 seconds.")


async def test_the_deadline_of_the_connection_ends_with_it(hasty: House, served: Served) -> None:
    async with hasty.connected(None) as client:
        await asyncio.sleep(1.2)
        assert "data" in await client.once("1", VIEWER)


async def test_4429_for_a_second_init(house: House) -> None:
    async with house.connected(None) as client:
        await client.say({"type": "connection_init"})
        assert await client.end() == (4429, "Too many initialisation requests.")


async def test_4409_for_an_id_that_is_in_use(house: House, served: Served) -> None:
    async with house.connected(await served.token("mentoring_manager")) as client:
        await client.ask("a", CHANGED)
        await client.ask("a", VIEWER)
        assert await client.end() == (4409, "Subscriber for a already exists")
    await house.left()


async def test_an_id_is_free_again_once_its_operation_is_complete(
    house: House, served: Served
) -> None:
    async with house.connected(await served.token("mentoring_manager")) as client:
        for _ in range(3):
            await client.ask("a", CHANGED)
            await house.followed()
            await client.say({"type": "complete", "id": "a"})
            await house.followed(0)
        assert "data" in await client.once("a", VIEWER)
        # What is unknown, or over, is nothing to complain of.
        await client.say({"type": "complete", "id": "a"})
        await client.say({"type": "complete", "id": "never"})
        await client.hears_nothing_more()


async def test_pings_are_answered_with_what_they_carry_and_pongs_are_not(house: House) -> None:
    async with house.socket() as client:
        await client.say({"type": "pong", "payload": {"a": 1}})
        await client.say({"type": "ping", "payload": {"a": [1, "ü"]}})
        assert await client.heard() == {"type": "pong", "payload": {"a": [1, "ü"]}}


@pytest.mark.parametrize(
    "payload",
    [
        {"authorization": "Bearer cadre_nobody"},
        {"Authorization": "Basic eDp5"},
        {"token": "cadre_nobody"},
        {"token": "two words"},
        {"token": 7},
        {"authorization": "Bearer Ñandú"},
    ],
    ids=str,
)
async def test_4401_for_a_token_that_is_not_good(house: House, payload: dict[str, Any]) -> None:
    async with house.socket() as client:
        await client.say({"type": "connection_init", "payload": payload})
        code, reason = await client.end()
    assert code == 4401
    assert reason in {
        "This token is unknown, expired or revoked; sign in with another.",
        "Send one header `Authorization: Bearer <token>`.",
    }


@pytest.mark.parametrize("place", ["token", "authorization", "Authorization", "header"])
async def test_the_token_comes_in_the_init_message_or_with_the_upgrade(
    house: House, served: Served, place: str
) -> None:
    token = await served.token("auditor")
    bearer = {"Authorization": f"Bearer {token}"}
    payload = {"token": token} if place == "token" else {place: f"Bearer {token}"}
    async with house.socket(additional_headers=bearer if place == "header" else None) as client:
        await client.init(None, **({} if place == "header" else payload))
        assert await client.once("1", VIEWER) == {"data": {"viewer": {"label": "auditor"}}}


async def test_the_init_message_goes_before_the_header(house: House, served: Served) -> None:
    header = {"Authorization": f"Bearer {await served.token('auditor')}"}
    async with house.socket(additional_headers=header) as client:
        await client.init(await served.token("hr"))
        assert await client.once("1", VIEWER) == {"data": {"viewer": {"label": "hr"}}}


async def test_one_connection_carries_only_so_many_operations(house: House, served: Served) -> None:
    async with house.connected(await served.token("mentoring_manager")) as client:
        for number in range(20):
            await client.ask(f"{number}", CHANGED)
        await house.followed(20)
        await client.ask("20", CHANGED)
        error = await client.refusal("20")
        assert error["extensions"]["details"] == {"limit": "operations", "maximum": 20, "value": 21}
        await client.say({"type": "complete", "id": "3"})
        await house.followed(19)
        assert "data" in await client.once("20", VIEWER)
    await house.left()


async def test_one_account_keeps_only_so_many_connections(house: House, served: Served) -> None:
    token = await served.token("hr")
    clients = [house.connected(token) for _ in range(20)]
    for client in clients:
        await client.__aenter__()
    async with house.socket() as late, house.connected(await served.token("auditor")):
        await late.say({"type": "connection_init", "payload": {"token": token}})
        code, reason = await late.end()
    await clients.pop().__aexit__(None, None, None)
    await served_again(house, token)
    for client in clients:
        await client.__aexit__(None, None, None)
    assert code == 1013
    assert reason.startswith("Connections that stay open for one account: 21;")
    await house.left()


async def served_again(house: House, token: str | None) -> None:
    """A place that was left is free as soon as the server has seen it left."""
    async with asyncio.timeout(PATIENCE):
        while True:
            async with house.socket() as client:
                await client.say({"type": "connection_init", "payload": {"token": token}})
                if await client.socket.recv() == '{"type":"connection_ack"}':
                    return


async def test_a_silent_socket_is_closed(house: House) -> None:
    """It says what it must to be connected, and then no more: no pong, no goodbye."""
    reader, writer = await asyncio.open_connection(*address(house))
    writer.write(UPGRADE)
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
    writer.write(framed({"type": "connection_init"}))
    async with asyncio.timeout(PATIENCE):
        heard = await reader.read()
    writer.close()
    assert b"connection_ack" in heard
    # The last frame: a close with the code 1011.
    assert b"\x88" in heard
    assert b"\x03\xf3keepalive ping timeout" in heard
    await house.left()


async def test_a_client_that_takes_nothing_is_given_up(house: House, served: Served) -> None:
    """It asks and asks, and reads no answer: what waits for it must not grow without end."""
    peer = socket.create_connection(address(house))
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    peer.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(peer, UPGRADE)
    assert (await loop.sock_recv(peer, 4096)).startswith(b"HTTP/1.1 101 ")
    await loop.sock_sendall(peer, framed({"type": "connection_init"}))
    ping = framed({"type": "ping", "payload": {"x": "y" * 60_000}})

    async def talk() -> None:
        while True:
            await loop.sock_sendall(peer, ping)

    talking = asyncio.create_task(talk())
    with capture_logs() as logs:
        async with asyncio.timeout(PATIENCE):
            while not (ended := [entry for entry in logs if entry["event"] == "socket"]):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    talking.cancel()
    peer.close()
    assert ended[0]["code"] == 1006
    await house.left()


def address(house: House) -> tuple[str, int]:
    """Where to connect without any library."""
    return house.client.base_url.host, house.client.base_url.port or 0


def framed(message: object) -> bytes:
    """A masked text frame, whose mask changes nothing."""
    text = json.dumps(message).encode()
    length = len(text)
    size = bytes([0x80 | length]) if length < 126 else b"\xfe" + length.to_bytes(2, "big")
    return b"\x81" + size + b"\0\0\0\0" + text


async def test_a_client_that_leaves_leaves_nothing_behind(house: House, served: Served) -> None:
    async with house.connected(await served.token("mentoring_manager")) as client:
        await client.ask("a", CHANGED)
        await house.followed()
        client.socket.transport.abort()
    await house.left()


async def test_the_log_says_what_ran_and_not_a_word_of_it(
    house: House, served: Served, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    token = await served.token("hr")
    async with house.connected(token) as client:
        await client.once("my id", "query Secret { viewer { label } }")
        await client.ask("2", "query Secret { nowhere }")
        await client.refusal("2")
    await house.left()
    told = [line for line in lines() if line["event"] == "request"]
    assert [line["codes"] for line in told] == [[], ["GRAPHQL_VALIDATION_FAILED"]]
    assert {line["method"] for line in told} == {"WEBSOCKET"}
    assert len({line["request_id"] for line in told}) == 2
    (ended,) = [line for line in lines() if line["event"] == "socket"]
    assert (ended["code"], ended["operations"]) == (1000, 2)
    assert not any(word in str(lines()) for word in ("Secret", "my id", str(token)))
