"""What was acknowledged is there: the server and the database are ended in the middle of writes.

Real processes, a durable cluster, and clients that repeat whatever was not answered.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).parents[1]
WRITERS = 4
ENOUGH = 40
# The account, its role and its token have a history too.
OTHER_CHAINS = 3
CREATE = """
mutation ($input: CreatePersonInput!) {
  createPerson(input: $input) { person { id } errors { code } }
}
"""
pytestmark = pytest.mark.crash


class House:
    """Cadre in a data folder of its own, as an operator runs it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CADRE_")}
        self.environment = {
            **kept,
            "PYTHONPATH": str(ROOT),
            "CADRE_DATA_DIR": str(folder),
            "CADRE_LOG_LEVEL": "warning",
        }
        self.url = ""
        self.token = ""

    async def cadre(self, *arguments: str) -> str:
        process = await self._start(*arguments)
        out, err = await asyncio.wait_for(process.communicate(), timeout=120)
        assert process.returncode == 0, err.decode()
        return out.decode()

    async def _start(self, *arguments: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "cadre", *arguments),
            cwd=ROOT,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    @asynccontextmanager
    async def serving(self, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
        self.url = f"http://127.0.0.1:{port}"
        process = await self._start("serve", "--port", str(port))
        try:
            await self._ready(process)
            yield process
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(process.communicate(), timeout=60)

    async def _ready(self, process: asyncio.subprocess.Process) -> None:
        async with httpx.AsyncClient() as client:
            while process.returncode is None:
                try:
                    if (await client.get(f"{self.url}/readyz")).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.1)
        pytest.fail("the server ended before it was ready")

    def database_pid(self) -> int:
        return int((self.folder / "postgres" / "postmaster.pid").read_text().split()[0])


@pytest.fixture
async def house(tmp_path: Path) -> House:
    """A migrated house with a token for HR."""
    made = House(tmp_path / "data")
    await made.cadre("migrate")
    answer = await made.cadre("token", "issue", "--role", "HR_OFFICER", "--json")
    made.token = json.loads(answer)["token"]
    return made


class Clients:
    """Writers that remember every answer, and send again under the same key what had none."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.acknowledged: dict[str, str] = {}
        self.sent: set[str] = set()
        self.are_under_way = asyncio.Event()

    async def write(self, writer: int) -> None:
        """Creates people until one is not acknowledged."""
        async with self._client() as client:
            number = 1
            while await self.create(client, f"writer {writer} person {number}"):
                number += 1

    async def create(self, client: httpx.AsyncClient, key: str) -> bool:
        """Whether the person was acknowledged."""
        self.sent.add(key)
        person = {"givenNames": "Invented", "familyName": key, "idempotencyKey": key}
        try:
            answer = await self._ask(client, CREATE, {"input": person})
        except httpx.TransportError:
            return False
        created = (answer.get("data") or {}).get("createPerson")
        if not created:
            return False
        # The same key never answers with another person.
        known = self.acknowledged.setdefault(key, created["person"]["id"])
        assert (known, created["errors"]) == (created["person"]["id"], [])
        if len(self.acknowledged) >= ENOUGH:
            self.are_under_way.set()
        return True

    async def repeat_what_had_no_answer(self) -> None:
        async with self._client() as client:
            for key in sorted(self.sent):
                await self.create(client, key)

    async def read(self) -> dict[str, str]:
        """Every person there is, by family name."""
        found: dict[str, str] = {}
        after: str | None = None
        query = """
        query ($after: String) { people(first: 100, after: $after) {
          pageInfo { hasNextPage endCursor } edges { node { id familyName } } } }
        """
        async with self._client() as client:
            while True:
                page = (await self._ask(client, query, {"after": after}))["data"]["people"]
                for edge in page["edges"]:
                    assert edge["node"]["familyName"] not in found
                    found[edge["node"]["familyName"]] = edge["node"]["id"]
                if not page["pageInfo"]["hasNextPage"]:
                    return found
                after = page["pageInfo"]["endCursor"]

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self.house.url, headers={"Authorization": f"Bearer {self.house.token}"}
        )

    async def _ask(
        self, client: httpx.AsyncClient, query: str, variables: dict[str, Any]
    ) -> dict[str, Any]:
        response = await client.post("/graphql", json={"query": query, "variables": variables})
        answer: dict[str, Any] = response.json()
        return answer


@asynccontextmanager
async def writing(clients: Clients) -> AsyncIterator[None]:
    """Everybody writes; the block begins in the middle of it and ends when the writers have."""
    async with asyncio.TaskGroup() as group:
        for writer in range(WRITERS):
            group.create_task(clients.write(writer))
        await clients.are_under_way.wait()
        yield


async def assert_nothing_lost(house: House, clients: Clients) -> None:
    """All that was acknowledged stands, once; a repeat completes the rest; the chains are whole."""
    found = await clients.read()
    assert clients.acknowledged.items() <= found.items()
    assert found.keys() <= clients.sent

    await clients.repeat_what_had_no_answer()
    assert clients.acknowledged.keys() == clients.sent
    assert await clients.read() == clients.acknowledged

    report = json.loads(await house.cadre("verify", "--json"))
    assert (report["isWhole"], report["chains"]) == (True, len(clients.sent) + OTHER_CHAINS)


async def test_a_server_killed_while_it_writes_loses_nothing(
    house: House, unused_tcp_port: int
) -> None:
    clients = Clients(house)
    async with house.serving(unused_tcp_port) as server, writing(clients):
        server.kill()
        await server.wait()

    async with house.serving(unused_tcp_port):
        await assert_nothing_lost(house, clients)


async def test_a_database_killed_while_it_is_written_to_loses_nothing(
    house: House, unused_tcp_port: int
) -> None:
    clients = Clients(house)
    async with house.serving(unused_tcp_port), writing(clients):
        os.kill(house.database_pid(), signal.SIGKILL)

    async with house.serving(unused_tcp_port):
        await assert_nothing_lost(house, clients)


async def test_a_dead_database_is_said_at_once_and_in_plain_words(
    house: House, unused_tcp_port: int
) -> None:
    async with house.serving(unused_tcp_port), httpx.AsyncClient(base_url=house.url) as client:
        os.kill(house.database_pid(), signal.SIGKILL)
        await asyncio.sleep(0.5)

        response = await client.post(
            "/graphql",
            json={"query": "{ missions { totalCount } }"},
            headers={"Authorization": f"Bearer {house.token}"},
        )
        error = response.json()["errors"][0]
        assert error["extensions"]["code"] == "UNAVAILABLE"
        assert error["message"] == (
            "A part of Cadre does not answer right now; try again in a moment."
        )
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()) == (
            503,
            {"status": "the database does not answer"},
        )
        assert (await client.get("/healthz")).status_code == 200
