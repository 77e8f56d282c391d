"""Who asks, and how: one caller for each role and for the combinations that bite, over HTTP."""

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

import httpx

from service.access.actors import ANONYMOUS, Actor, Grant
from service.access.roles import Role
from service.errors import NotSignedIn
from service.sign_ins import PUBLIC, SignIn

_SPACE = UUID("0190a000-0000-7000-8000-000000000000")
# These roles' people play a part in the world; those of the others are of no interest.
PLAYED = {"MENTOR": "mentor", "MENTEE": "mentee", "CANDIDATE": "hidden candidate"}


def key(name: str) -> UUID:
    """The id of the row of this name."""
    return uuid5(_SPACE, name)


def account(name: str) -> UUID:
    """The id of the account of this name."""
    return key(f"account {name}")


def _actor(name: str, role: str, *grants: Grant) -> Actor:
    """An actor with the account and the person of a role."""
    return Actor(account(role), key(PLAYED.get(role, role)), name, grants)


def _actors() -> dict[str, Actor]:
    """Actors by token."""
    alpha = key("ALPHA")
    here = Grant(Role.HR_OFFICER, alpha)
    several = (here, Grant(Role.MENTOR), Grant(Role.CANDIDATE))
    return {
        **{role.value: _actor(role.value, role.value, Grant(role)) for role in Role},
        "hr of alpha": _actor("hr of alpha", "HR_OFFICER", here),
        "department of alpha": _actor(
            "department of alpha", "HIRING_DEPARTMENT", Grant(Role.HIRING_DEPARTMENT, alpha)
        ),
        "manager of alpha": _actor(
            "manager of alpha", "MENTORING_MANAGER", Grant(Role.MENTORING_MANAGER, alpha)
        ),
        "hr of alpha and mentor": _actor("hr of alpha and mentor", "MENTOR", *several),
        "manager and mentor": _actor(
            "manager and mentor", "MENTOR", Grant(Role.MENTORING_MANAGER), Grant(Role.MENTOR)
        ),
        "auditor and mentor": _actor("auditor and mentor", "MENTOR", Grant(Role.AUDITOR)),
        "auditor and mentee": _actor("auditor and mentee", "MENTEE", Grant(Role.AUDITOR)),
        # Of the same classes as others above, and somebody else.
        "hr of bravo": _actor("hr of bravo", "HR_OFFICER", Grant(Role.HR_OFFICER, key("BRAVO"))),
        "another candidate": _actor("another candidate", "MENTEE", Grant(Role.CANDIDATE)),
        "no role": Actor(account("no role"), key("hidden candidate"), "no role"),
        "no person": Actor(account("no person"), None, "no person", (Grant(Role.CANDIDATE),)),
    }


ACTORS = _actors()
# By the token they bear; the public has none.
CALLERS: dict[str | None, Actor] = {None: ANONYMOUS}
CALLERS.update(ACTORS)


async def ask(token: str | None) -> SignIn:
    """Who bears this token; tokens are the actors' names."""
    if token is None:
        return PUBLIC
    actor = ACTORS.get(token.replace("_", " ")) or ACTORS.get(token)
    if actor is None:
        raise NotSignedIn("This token is unknown.")
    return SignIn(actor)


@dataclass
class Api:
    """The schema over HTTP, and the statements that reached the database meanwhile."""

    client: httpx.AsyncClient
    statements: list[str] = field(default_factory=list)

    async def ask(
        self, query: str, variables: dict[str, Any] | None = None, *, by: str | None = None
    ) -> dict[str, Any]:
        """The whole answer: data and errors."""
        headers = {"Authorization": f"Bearer {by.replace(' ', '_')}"} if by else {}
        # Escaped, so that a test can send what UTF-8 cannot hold.
        body = json.dumps({"query": query, "variables": variables})
        headers["Content-Type"] = "application/json"
        answer = await self.client.post("/graphql", content=body, headers=headers)
        parsed: dict[str, Any] = json.loads(answer.content)
        return parsed

    async def data(
        self, query: str, variables: dict[str, Any] | None = None, *, by: str | None = None
    ) -> dict[str, Any]:
        """The data of an answer that must have no errors."""
        answer = await self.ask(query, variables, by=by)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    async def refusal(
        self, query: str, variables: dict[str, Any] | None = None, *, by: str | None = None
    ) -> dict[str, Any]:
        """The one error's extensions and message."""
        answer = await self.ask(query, variables, by=by)
        assert len(answer.get("errors", [])) == 1, answer
        error: dict[str, Any] = answer["errors"][0]
        return {"message": error["message"], **error["extensions"]}
