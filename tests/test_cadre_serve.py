"""Servers and the demonstration as operators start and end them."""

import asyncio
import json
import os
import signal
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets import Subprotocol
from websockets.asyncio.client import connect

from service.access.roles import Role
from tests.operators import Operator, free_port, refused
from tests.schema.live import PROTOCOL


@asynccontextmanager
async def serving(operator: Operator, *arguments: str) -> AsyncIterator[tuple[str, Any]]:
    port = free_port()
    process = await operator.start(*arguments, "--port", str(port))
    url = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient() as client:
            for _ in range(600):
                try:
                    await client.get(f"{url}/healthz")
                    break
                except httpx.ConnectError:
                    assert process.returncode is None, await process.communicate()
                # The port is taken from the start, so a request may also wait for the app.
                except httpx.TimeoutException:
                    continue
                await asyncio.sleep(0.1)
        yield url, process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_server_answers_and_ends_in_order(
    operator: Operator, number: signal.Signals
) -> None:
    async with serving(operator, "serve") as (url, process):
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{url}/readyz")).json() == {"status": "ready"}
        process.send_signal(number)
        assert await asyncio.wait_for(process.wait(), timeout=30) == 0


async def test_a_server_says_that_it_leaves_and_finishes_what_is_under_way(
    fresh_url: str, tmp_path: Path
) -> None:
    operator = Operator(fresh_url, tmp_path, CADRE_DRAIN_SECONDS="300")
    body = b'{"query": "{ enumValues(name: \\"Gender\\") { value } }"}'
    async with (
        serving(operator, "serve") as (url, process),
        httpx.AsyncClient(base_url=url) as client,
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(url).port)
        writer.write(
            b"POST /graphql HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"
            b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body)
        )
        # The request is under way: the app waits for its body.
        await reader.readuntil(b"100 Continue\r\n\r\n")
        process.send_signal(signal.SIGTERM)
        assert await told_not_ready(client) == {"status": "draining"}
        assert (await client.get("/healthz")).is_success
        # A second one ends the waiting for the load balancer, and not the request.
        process.send_signal(signal.SIGTERM)
        await refused_to_connect(url)
        writer.write(body)
        answer = await asyncio.wait_for(reader.read(), timeout=30)
        writer.close()
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"connection: close\r\n" in answer
        assert await asyncio.wait_for(process.wait(), timeout=30) == 0


async def told_not_ready(client: httpx.AsyncClient) -> Any:
    for _ in range(300):
        answer = await client.get("/readyz")
        if answer.status_code == 503:
            return answer.json()
        await asyncio.sleep(0.01)
    pytest.fail("the server went on calling itself ready")


async def refused_to_connect(url: str) -> None:
    async with httpx.AsyncClient() as client:
        for _ in range(300):
            try:
                await client.get(f"{url}/healthz")
            except httpx.ConnectError:
                return
            except (httpx.ReadError, httpx.RemoteProtocolError):
                # The system had accepted it at the very moment that the port was closed.
                continue
            await asyncio.sleep(0.01)
    pytest.fail("the server went on accepting connections")


async def test_a_server_that_ends_breaks_off_its_sockets_and_streams(operator: Operator) -> None:
    """Clients come again after 1012, and after a stream that was not complete."""
    issued = await operator.runs("token", "issue", "--role", "AUDITOR", "--json")
    token, query = issued.json["token"], "subscription { matchRunChanged { number } }"
    headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {token}"}
    async with (
        serving(operator, "serve") as (url, process),
        httpx.AsyncClient(headers=headers) as client,
        connect(
            f"{url.replace('http', 'ws')}/graphql", subprotocols=[Subprotocol(PROTOCOL)]
        ) as open_socket,
        client.stream("POST", f"{url}/graphql", json={"query": query}) as stream,
    ):
        await open_socket.send(json.dumps({"type": "connection_init", "payload": {"token": token}}))
        assert await open_socket.recv() == '{"type":"connection_ack"}'
        asked = {"id": "s", "type": "subscribe", "payload": {"query": query}}
        await open_socket.send(json.dumps(asked))
        process.send_signal(signal.SIGTERM)
        events = [chunk async for chunk in stream.aiter_bytes()]
        await asyncio.wait_for(open_socket.wait_closed(), timeout=30)
        assert await asyncio.wait_for(process.wait(), timeout=30) == 0
    assert open_socket.close_code == 1012
    assert b"complete" not in b"".join(events)


async def test_a_taken_port_is_a_sentence_before_any_work(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        answer = await Operator(None, tmp_path).runs("demo", "--port", port)
    assert refused(answer, f"Port {port} on 127.0.0.1 is taken; choose another with --port.")
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - nothing here is worth a thread


async def test_the_demonstration_starts_alone_and_again(tmp_path: Path) -> None:
    operator, file = Operator(None, tmp_path), tmp_path / "demo-tokens.json"
    seen = []
    for _ in range(2):
        async with serving(operator, "demo") as (url, process):
            tokens = json.loads(file.read_text())
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            seen.append((tokens, await _labels(url, tokens)))
            process.send_signal(signal.SIGINT)
            out, _ = await asyncio.wait_for(process.communicate(), timeout=60)
            assert process.returncode == 0
            assert url.encode() in out
        assert not (tmp_path / "postgres" / "postmaster.pid").exists()
    assert seen[0] == seen[1]
    tokens, labels = seen[0]
    assert set(tokens) == set(labels) == {role.value for role in Role}
    assert labels["AUDITOR"] == "Demonstration: Auditor"


async def _labels(url: str, tokens: dict[str, str]) -> dict[str, str]:
    """As whom each token signs in, on a server whose one match run the auditor sees."""
    labels = {}
    async with httpx.AsyncClient(timeout=30) as client:
        for role, token in tokens.items():
            answer = await client.post(
                f"{url}/graphql",
                json={"query": "{ viewer { label } }"},
                headers={"Authorization": f"Bearer {token}"},
            )
            labels[role] = answer.json()["data"]["viewer"]["label"]
        runs = await client.post(
            f"{url}/graphql",
            json={"query": "{ matchRuns { totalCount } }"},
            headers={"Authorization": f"Bearer {tokens['AUDITOR']}"},
        )
    assert runs.json()["data"] == {"matchRuns": {"totalCount": 1}}
    return labels
