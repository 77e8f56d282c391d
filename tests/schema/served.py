"""The whole app, served by the real server on a database of the module's own.

Callers sign in with real tokens, made when a test first uses them. It refuses to answer
for the app: what tests see has travelled over HTTP.
"""

import asyncio
import base64
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import uvicorn
from pydantic import SecretStr
from starlette.types import ASGIApp

from schema.app import create_app
from schema.root import assembled
from service import accounts, models
from service.access.actors import system
from service.access.roles import Role
from service.database import connected
from service.settings import Settings
from tests import databases, factories, programmes

SYSTEM = system("tests")
ANONYMOUS = "anonymous"
_ERRORS = "errors { code message path currentVersion }"


@dataclass(frozen=True)
class World:
    """Two missions, a leader in the first whom nobody announced, a mentor, and a stranger."""

    here: models.Mission
    elsewhere: models.Mission
    owner: models.Person
    mentor: models.Mentor
    stranger: models.Person
    appointment: models.Appointment


@dataclass
class Served:
    """The app as a client meets it, in the world of one test."""

    client: httpx.AsyncClient
    world: World
    tokens: dict[str, str] = field(default_factory=dict)

    async def post(self, body: Mapping[str, Any], token: str | None) -> httpx.Response:
        """The bare answer to one request."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return await self.client.post("/graphql", json=body, headers=headers)

    async def ask(
        self, document: str, variables: Mapping[str, Any] | None = None, *, by: str = "hr"
    ) -> dict[str, Any]:
        """The answer's data and errors to this document."""
        body = {"query": document, "variables": variables or {}}
        answer = await self.post(body, await self.token(by))
        assert answer.status_code == 200, answer.text
        parsed: dict[str, Any] = answer.json()
        return parsed

    async def do(
        self, verb: str, given: Mapping[str, Any], *, by: str = "hr", select: str = "id"
    ) -> dict[str, Any]:
        """The payload of one mutation: `row` as selected, `errors`, and what else it shows."""
        answer = await self.ask(mutation(verb, select), {"input": given}, by=by)
        assert "errors" not in answer, answer["errors"]
        payload: dict[str, Any] = answer["data"][verb]
        return payload

    async def done(
        self, verb: str, given: Mapping[str, Any], *, by: str = "hr", select: str = "id"
    ) -> dict[str, Any]:
        """The row of a mutation that must succeed."""
        payload = await self.do(verb, given, by=by, select=select)
        assert payload["errors"] == []
        row: dict[str, Any] = payload["row"]
        return row

    async def refused(
        self, verb: str, given: Mapping[str, Any], *, by: str = "hr"
    ) -> tuple[str, list[str], str]:
        """The code, path and message of a mutation that must be refused."""
        payload = await self.do(verb, given, by=by)
        assert payload["row"] is None
        (error,) = payload["errors"]
        return error["code"], error["path"], error["message"]

    async def token(self, name: str) -> str | None:
        """The token of this caller, whose account is opened now unless it was before."""
        if name == ANONYMOUS:
            return None
        if name not in self.tokens:
            account = await self.account(name)
            change = accounts.NewToken(account_id=account.id, label="Tests")
            issued = await accounts.issue_token(change, by=SYSTEM)
            assert issued.secret is not None
            self.tokens[name] = issued.secret
        return self.tokens[name]

    async def account(self, name: str) -> models.Account:
        """The account of this caller."""
        if name == "no_role":
            return (await models.Account.get_or_create(label=name))[0]
        role, person, mission = CALLERS[name]
        return await accounts.ensure(
            name,
            role,
            {"owner": self.world.owner.id, "mentor": self.world.mentor.person_id}.get(person or "")
            or (self.world.stranger.id if person else None),
            {"here": self.world.here.id, "elsewhere": self.world.elsewhere.id}.get(mission or ""),
            by=SYSTEM,
        )


# Each caller's role, whose person they are, and the mission their role is limited to.
CALLERS: dict[str, tuple[Role, str | None, str | None]] = {
    role.lower(): (role, None, None)
    for role in Role
    if role not in {Role.CANDIDATE, Role.HR_OFFICER, Role.HIRING_DEPARTMENT, Role.MENTOR}
} | {
    "stranger": (Role.CANDIDATE, "stranger", None),
    "owner": (Role.CANDIDATE, "owner", None),
    "hr": (Role.HR_OFFICER, None, None),
    "hr_here": (Role.HR_OFFICER, None, "here"),
    "hr_elsewhere": (Role.HR_OFFICER, None, "elsewhere"),
    "hiring_department": (Role.HIRING_DEPARTMENT, None, "here"),
    "mentor": (Role.MENTOR, "mentor", None),
}
EVERYBODY = (ANONYMOUS, "no_role", *sorted(CALLERS))


def mutation(verb: str, select: str = "id", *, more: str = "") -> str:
    """The document of one mutation with `$input`; the result's field is called `row`."""
    field_name, shown = result_of(verb)
    typed = f"{verb[0].upper()}{verb[1:]}Input!"
    body = f"row: {field_name} {{ {select} }} {' '.join(shown)} {_ERRORS} {more}"
    return f"mutation Do($input: {typed}) {{ {verb}(input: $input) {{ {body} }} }}"


def result_of(verb: str) -> tuple[str, list[str]]:
    """The payload's field for the row, and those it shows only once."""
    declared = assembled().verbs[verb]
    name = declared.operation.result.__name__
    return f"{name[0].lower()}{name[1:]}", list(declared.reveals)


def opaque(row: models.Row) -> str:
    """The id under which the API shows this row."""
    return opaque_id(type(row).__name__, row.id)


def opaque_id(noun: str, key: UUID | str) -> str:
    """The id under which the API shows the row of this noun with this key."""
    return base64.b64encode(f"{noun}:{key}".encode()).decode()


async def plant() -> World:
    """Writes the world of a test into the empty database."""
    await factories.make_states()
    owner = await factories.make_former_leader(family_name="Owner")
    here = await factories.make_mission(acronym="UNHERE")
    post = await factories.make_post(mission=here)
    await factories.make_experience(
        person=owner, mission=here, post=post, ended_on=None, ended_precision=None
    )
    return World(
        here,
        await factories.make_mission(acronym="UNELSE"),
        owner,
        await factories.make_mentor(),
        await factories.make_person(family_name="Stranger"),
        await factories.make_appointment(person=owner, post=post),
    )


@pytest.fixture(scope="module")
async def served_url(database_url: str) -> str:
    """The URL of a migrated database of the module's own."""
    return await databases.cloned(database_url, f"served_{uuid4().hex}")


@pytest.fixture(scope="module")
async def serving(served_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the app, which runs on the module's database."""
    app = create_app(Settings(database_url=SecretStr(served_url)))
    # Tests plant rows beside the app, and other modules may have connected elsewhere.
    async with connected(served_url), running(app) as client:
        yield client


@asynccontextmanager
async def running(app: ASGIApp, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of this app, behind the real server with these options."""
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, **options))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        # The inner coroutine: the outer one would take pytest's signal handlers away.
        serving = asyncio.create_task(server._serve([listener]))
        while not server.started:
            assert not serving.done(), serving.result()
            await asyncio.sleep(0.01)
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
                yield client
        finally:
            server.should_exit = True
            await serving


@pytest.fixture
async def served(serving: httpx.AsyncClient) -> AsyncIterator[Served]:
    """The app in a world that no test has changed."""
    await databases.empty()
    yield Served(serving, await plant())
    await programmes.end_running_matches()
