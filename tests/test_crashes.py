"""What was acknowledged is there: the server and the database are ended in the middle of writes.

Real processes, a durable cluster, and clients that repeat whatever was not answered.
"""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.operators import Operator

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


REVISE = """
mutation ($input: UpdatePersonInput!) {
  updatePerson(input: $input) { person { version } errors { code } }
}
"""


class House(Operator):
    """Cadre in a data folder of its own, as an operator runs it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(None, folder, CADRE_LOG_LEVEL="warning")
        self.folder = folder
        self.url = ""
        self.token = ""

    async def cadre(self, *arguments: str) -> str:
        answer = await self.runs(*arguments)
        assert answer.code == 0, answer.err
        return answer.out

    @asynccontextmanager
    async def serving(self, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
        self.url = f"http://127.0.0.1:{port}"
        process = await self.start("serve", "--port", str(port))
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
        # By the same keys: a revision has no key, so that what had no answer may stand or not.
        self.revised: set[str] = set()
        self.are_under_way = asyncio.Event()

    async def write(self, writer: int) -> None:
        """Creates people and revises each, until something is not acknowledged."""
        async with self._client() as client:
            number = 1
            while await self.create(client, key := f"writer {writer} person {number}"):
                if not await self.revise(client, key):
                    break
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

    async def revise(self, client: httpx.AsyncClient, key: str) -> bool:
        """Whether the one revision of this person was acknowledged."""
        person = {"id": self.acknowledged[key], "version": 1, "expertise": key}
        try:
            answer = await self._ask(client, REVISE, {"input": person})
        except httpx.TransportError:
            return False
        if not (answer.get("data") or {}).get("updatePerson"):
            return False
        assert answer["data"]["updatePerson"] == {"person": {"version": 2}, "errors": []}
        self.revised.add(key)
        return True

    async def repeat_what_had_no_answer(self) -> None:
        async with self._client() as client:
            for key in sorted(self.sent):
                await self.create(client, key)

    async def read(self) -> dict[str, dict[str, Any]]:
        """Every person there is, by family name."""
        found: dict[str, dict[str, Any]] = {}
        after: str | None = None
        query = """
        query ($after: String) { people(first: 100, after: $after) {
          pageInfo { hasNextPage endCursor } edges { node { id familyName version expertise } } } }
        """
        async with self._client() as client:
            while True:
                page = (await self._ask(client, query, {"after": after}))["data"]["people"]
                for edge in page["edges"]:
                    assert edge["node"]["familyName"] not in found
                    found[edge["node"]["familyName"]] = edge["node"]
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
    found = {key: person["id"] for key, person in (await clients.read()).items()}
    assert clients.acknowledged.items() <= found.items()
    assert found.keys() <= clients.sent

    await clients.repeat_what_had_no_answer()
    assert clients.acknowledged.keys() == clients.sent
    people = await clients.read()
    assert {key: person["id"] for key, person in people.items()} == clients.acknowledged
    assert len(clients.revised) >= ENOUGH - WRITERS
    assert {people[key]["version"] for key in clients.revised} == {2}
    # A revision is there whole or not at all.
    for key, person in people.items():
        assert (person["version"], person["expertise"]) in {(1, ""), (2, key)}

    report = json.loads(await house.cadre("verify", "--json"))
    assert (report["isWhole"], report["chains"]) == (True, len(clients.sent) + OTHER_CHAINS)
    versions = sum(person["version"] for person in people.values())
    assert report["events"] == versions + OTHER_CHAINS


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
