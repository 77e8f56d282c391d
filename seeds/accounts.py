"""The demonstration's accounts: one for every role, each with a token to sign in with.

It refuses nothing that works: a token that still opens its role's doors is kept.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from seeds.demo import World
from service import accounts, models, sign_ins
from service.access.actors import system
from service.access.roles import DUTIES, Role
from service.accounts import NewToken
from service.errors import NotSignedIn

SEEDS = system("Demonstration")


async def issue_tokens(file: Path, world: World) -> Mapping[Role, str]:
    """A valid token for every role, kept in `file`, which only its owner may read."""
    kept = _read(file)
    tokens = {role: await _token(role, kept.get(role), world) for role in Role}
    if tokens != kept:
        _write(file, json.dumps(tokens, indent=2))
    return tokens


async def _token(role: Role, kept: str | None, world: World) -> str:
    if kept is not None and await _opens(kept, role):
        return kept
    person_id = _people(world).get(role)
    mission_id = await _mission_id() if role is Role.HIRING_DEPARTMENT else None
    label = f"Demonstration: {DUTIES[role].label}"
    account = await accounts.ensure(label, role, person_id, mission_id, by=SEEDS)
    token = await accounts.issue_token(NewToken(account_id=account.id, label="Demo"), by=SEEDS)
    if token.secret is None:
        raise AssertionError("A token that was just issued knows its secret.")
    return token.secret


def _people(world: World) -> dict[Role, UUID]:
    return {
        Role.CANDIDATE: world.candidate_id,
        Role.MENTOR: world.mentor_id,
        Role.MENTEE: world.mentee_id,
    }


async def _opens(token: str, role: Role) -> bool:
    try:
        actor = (await sign_ins.ask(token)).actor
    except NotSignedIn:
        return False
    return any(grant.role is role for grant in actor.grants)


async def _mission_id() -> UUID:
    """A running mission with posts, so that its department has something to see."""
    post = await models.Post.filter(mission__ended_on=None).order_by("mission__acronym").first()
    if post is None:
        raise AssertionError("The demonstration world has posts.")
    mission_id: UUID = post.mission_id
    return mission_id


def _read(file: Path) -> Mapping[str, str]:
    kept: Mapping[str, str] = json.loads(file.read_text()) if file.exists() else {}
    return kept


def _write(file: Path, text: str) -> None:
    """Replaces the file at once; it is never readable by others, not even for a moment."""
    half = file.with_suffix(".new")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as opened:
        opened.write(text)
    half.replace(file)
