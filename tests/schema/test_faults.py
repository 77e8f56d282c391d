"""The API while its database is dead or silent: coded answers in time, and no restart."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from schema.app import create_app
from service import accounts, database
from service.access.actors import system
from service.access.roles import Role
from service.settings import Settings
from tests.roads import Road, road
from tests.schema.served import running

# Only tells a wait without end from a slow machine.
HANGS = 30
TESTS = system("tests")
READ = {"query": "{ missions { totalCount } }"}
WRITE = {
    "query": "mutation ($given: CreatePersonInput!) {"
    " createPerson(input: $given) { person { id } errors { code } } }",
    "variables": {"given": {"givenNames": "Grace", "familyName": "Njoroge"}},
}


@dataclass
class Client:
    """Somebody of the leadership unit, and the road between the app and its database."""

    http: httpx.AsyncClient
    road: Road
    token: str

    async def ask(self, body: Mapping[str, Any]) -> tuple[int, str | None]:
        """The status, and the code of the first error."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = await self.http.post("/graphql", json=body, headers=headers)
        errors = answer.json().get("errors")
        return answer.status_code, errors[0]["extensions"]["code"] if errors else None

    async def everything(self) -> set[tuple[int, str | None]]:
        """What thirty requests at once are answered, more than the pool has connections."""
        return set(await asyncio.gather(*(self.ask(body) for body in (READ, WRITE) * 15)))

    async def readiness(self) -> tuple[int, str]:
        answer = await self.http.get("/readyz")
        return answer.status_code, answer.json()["status"]


@pytest.fixture
async def client(fresh_url: str) -> AsyncIterator[Client]:
    async with database.connected(fresh_url):
        account = await accounts.ensure("Tests", Role.HR_OFFICER, by=TESTS)
        change = accounts.NewToken(account_id=account.id, label="Tests")
        token = (await accounts.issue_token(change, by=TESTS)).secret
    assert token is not None
    async with road(fresh_url) as way:
        app = create_app(Settings(database_url=SecretStr(way.url)))
        # Connected as the app does it; other modules may be connected elsewhere.
        async with database.connected(way.url, is_bounded=True), running(app) as http:
            yield Client(http, way, token)


async def test_a_dead_database_is_said_and_its_return_is_noticed(client: Client) -> None:
    assert await client.everything() == {(200, None)}
    await client.road.tear_down()
    assert await client.everything() == {(503, "UNAVAILABLE")}
    assert await client.readiness() == (503, "the database does not answer")

    await client.road.build()
    assert await client.everything() == {(200, None)}
    assert await client.readiness() == (200, "ready")


async def test_a_silent_database_is_said_and_its_return_is_noticed(client: Client) -> None:
    assert await client.everything() == {(200, None)}
    client.road.block()
    async with asyncio.timeout(HANGS):
        assert await client.everything() == {(503, "UNAVAILABLE")}
        assert await client.readiness() == (503, "the database does not answer")
    assert (await client.http.get("/healthz")).status_code == 200

    client.road.unblock()
    assert await client.everything() == {(200, None)}
    assert await client.readiness() == (200, "ready")


async def test_the_last_words_of_a_database_are_no_fault_of_ours(
    client: Client, fresh_url: str
) -> None:
    assert await client.ask(READ) == (200, None)
    client.road.lingers = True
    async with database.session(fresh_url) as beside:
        await beside.execute(
            "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert await client.ask(READ) == (503, "UNAVAILABLE")
    assert await client.ask(READ) == (200, None)
    client.road.lingers = False
    client.road.cut()
