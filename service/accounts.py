"""Accounts, the roles they hold and the tokens they sign in with.

It refuses roles that people would grant themselves, and tokens without an end.
"""

import secrets
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import Field
from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from service import audit, clock, models, permits
from service.access.actors import Actor
from service.access.roles import DUTIES, Assignment, Role
from service.changes import Change, MissionId, Name, PersonId, RefersTo
from service.errors import Conflict, Invalid, NotAllowed, NotFound
from service.operations import Meaning, operation
from service.sign_ins import digest_of

AccountId = Annotated[UUID, RefersTo("Account")]
PREFIX = "cadre_"
USUAL_LIFE = timedelta(days=90)
LONGEST_LIFE = timedelta(days=366)

_CONSTRAINTS = {
    "account_label_uniq": Meaning(
        "Another account has this label; choose one of its own.", ("label",), is_conflict=True
    ),
    "account_person_uniq": Meaning(
        "This person has an account already; use that one.", ("person_id",), is_conflict=True
    ),
}


class NewAccount(Change):
    """An account to open."""

    label: Name = Field(description="What the account is called; no two are called the same.")
    person_id: PersonId | None = Field(
        None, description="Whose account it is; null: not of the pipeline."
    )


class NewRoleGrant(Change):
    """A role to give to an account."""

    account_id: AccountId = Field(description="Who gets the role.")
    role: Role = Field(description="Which role.")
    mission_id: MissionId | None = Field(
        None, description="The one mission it reaches; null: every mission."
    )
    expires_at: datetime | None = Field(None, description="When it ends; null: once revoked.")


class RoleRevocation(Change):
    """Which grant to take back."""

    id: Annotated[UUID, RefersTo("RoleGrant")] = Field(description="Which grant.")


class NewToken(Change):
    """A token to issue."""

    account_id: AccountId = Field(description="Who will sign in with it.")
    label: Name = Field(description="Where it will be used.")
    expires_at: datetime | None = Field(
        None, description="When it ends, a year ahead at most; null: in 90 days."
    )


class TokenRevocation(Change):
    """Which token to end."""

    id: Annotated[UUID, RefersTo("ApiToken")] = Field(description="Which token.")


@operation("create.account", _CONSTRAINTS, proves_first=True)
async def create_account(change: NewAccount, *, by: Actor) -> models.Account:
    """A new account without any role. Refuses a label or a person that has one."""
    permits.require(by, "create", "account")
    # Whoever keeps accounts sees no files, so only the person's existence counts here.
    if change.person_id and not await models.Person.exists(id=change.person_id):
        raise permits.missing(models.Person, path=("person_id",))
    account = await models.Account.create(**change.model_dump())
    await _record(account, "create", change, by=by)
    return account


@operation("grant.role_grant", proves_first=True)
async def grant_role(change: NewRoleGrant, *, by: Actor) -> models.RoleGrant:
    """The granted role. Refuses to grant oneself one, and what is granted already."""
    await permits.require_on(
        by, "grant.role_grant", models.Account, change.account_id, path=("account_id",)
    )
    if change.account_id == by.account_id:
        message = "Nobody grants themselves a role; ask another administrator."
        raise NotAllowed(message, path=("account_id",))
    await models.Account.select_for_update().get(id=change.account_id)
    await _check_scope(change)
    if change.expires_at:
        _check_ahead(change.expires_at, await clock.now())
    if await _holds(change):
        raise Conflict("The account holds this role already.", path=("role",))
    grant = await models.RoleGrant.create(**change.model_dump())
    await _record(grant, "grant", change, by=by)
    return grant


@operation("revoke.role_grant", proves_first=True)
async def revoke_role(change: RoleRevocation, *, by: Actor) -> models.RoleGrant:
    """The revoked grant, without effect from now on. Refuses one that was revoked before."""
    grant = await permits.locked(by, "revoke.role_grant", models.RoleGrant, change.id)
    await _revoke(grant, by=by)
    return grant


@operation("issue.api_token", proves_first=True)
async def issue_token(change: NewToken, *, by: Actor) -> models.ApiToken:
    """The issued token; its `secret` is known to this answer and to nothing else.

    Refuses disabled accounts, and ends that are past or more than a year ahead.
    """
    account = await permits.locked(
        by, "issue.api_token", models.Account, change.account_id, path=("account_id",)
    )
    if account.disabled_at:
        raise Conflict("The account is disabled.", path=("account_id",))
    now = await clock.now()
    expires_at = change.expires_at or now + USUAL_LIFE
    _check_ahead(expires_at, now)
    if expires_at > now + LONGEST_LIFE:
        raise Invalid("A token lives for a year at most.", path=("expires_at",))
    secret = PREFIX + secrets.token_urlsafe(32)
    token = await models.ApiToken.create(
        account=account, label=change.label, digest=digest_of(secret), expires_at=expires_at
    )
    issued = {"account_id": account.id, "label": change.label, "expires_at": expires_at}
    await audit.record(audit.Entry(token, "issue", audit.initial(issued)), by=by)
    token.secret = secret
    return token


@operation("revoke.api_token", proves_first=True)
async def revoke_token(change: TokenRevocation, *, by: Actor) -> models.ApiToken:
    """The revoked token, one's own or anybody's for who keeps accounts. Refuses it twice."""
    token = await permits.locked(by, "revoke.api_token", models.ApiToken, change.id)
    await _revoke(token, by=by)
    return token


async def ensure(
    label: str,
    role: Role,
    person_id: UUID | None = None,
    mission_id: UUID | None = None,
    *,
    by: Actor,
) -> models.Account:
    """The account of this label with this role, made where it is missing; repeating is free."""
    async with in_transaction():
        account = await models.Account.get_or_none(label=label)
        if account is None:
            account = await create_account(NewAccount(label=label, person_id=person_id), by=by)
        wanted = NewRoleGrant(account_id=account.id, role=role, mission_id=mission_id)
        if not await _holds(wanted):
            await grant_role(wanted, by=by)
        return account


async def ensure_for_role(
    role: Role, person_id: UUID | None, acronym: str | None, *, by: Actor
) -> models.Account:
    """The person's account, or one labelled by role and mission, with this role.

    Raises NotFound where no mission has the acronym.
    """
    mission = await models.Mission.get_or_none(acronym=acronym) if acronym else None
    if acronym and mission is None:
        raise NotFound(f"No mission has the acronym {acronym}.")
    owner = await models.Account.get_or_none(person_id=person_id) if person_id else None
    parts = [DUTIES[role].label, acronym, str(person_id) if person_id else None]
    label = owner.label if owner else ", ".join(part for part in parts if part)
    return await ensure(label, role, person_id, mission.id if mission else None, by=by)


def _check_ahead(moment: datetime, now: datetime) -> None:
    if moment.tzinfo is None:
        raise Invalid("Say the offset from UTC too, such as Z.", path=("expires_at",))
    if moment <= now:
        raise Invalid("This moment is past; choose a later one.", path=("expires_at",))


async def _check_scope(change: NewRoleGrant) -> None:
    if change.mission_id:
        if not await models.Mission.exists(id=change.mission_id):
            raise permits.missing(models.Mission, path=("mission_id",))
        return
    duty = DUTIES[change.role]
    needs_mission = any(".assigned." in permission for permission in duty.permissions)
    if needs_mission and duty.assignment is Assignment.MISSION:
        raise Invalid(f"{duty.label} is a role in one mission; name it.", path=("mission_id",))


async def _holds(change: NewRoleGrant) -> bool:
    now = await clock.now()
    return await models.RoleGrant.filter(
        Q(expires_at=None) | Q(expires_at__gt=now),
        account_id=change.account_id,
        role=change.role,
        mission_id=change.mission_id,
        revoked_at=None,
    ).exists()


async def _revoke(row: models.RoleGrant | models.ApiToken, *, by: Actor) -> None:
    if row.revoked_at:
        raise Conflict("It was revoked already.", path=("id",))
    changed = audit.difference(row, {"revoked_at": await clock.now()})
    row.revoked_at = changed["revoked_at"][1]
    await row.save(update_fields=["revoked_at"])
    await audit.record(audit.Entry(row, "revoke", changed), by=by)


async def _record(row: models.Row, verb: str, change: Change, *, by: Actor) -> None:
    await audit.record(audit.Entry(row, verb, audit.initial(change.model_dump())), by=by)
