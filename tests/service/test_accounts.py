"""Accounts: who opens them, who gives roles, and what a token opens."""

import asyncio
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from service import accounts, clock, models
from service.access.actors import ANONYMOUS, Actor, Grant, system
from service.access.roles import Role
from service.accounts import NewAccount, NewRoleGrant, NewToken, RoleRevocation, TokenRevocation
from service.errors import NotSignedIn
from service.sign_ins import SignIns, ask
from tests import factories
from tests.factories import history_of
from tests.refusals import everything, refused

pytestmark = pytest.mark.usefixtures("database")
PAST = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
def admin() -> Actor:
    return factories.an_actor(Role.ADMINISTRATOR)


async def sign_in(account: models.Account, **changes: Any) -> str:
    """A token of this account, issued by the service."""
    change = NewToken(**{"account_id": account.id, "label": "Laptop"} | changes)
    token = await accounts.issue_token(change, by=system("tests"))
    assert token.secret is not None
    return token.secret


async def test_an_account_is_opened_without_any_role(admin: Actor) -> None:
    person = await factories.make_person()
    change = NewAccount(label="Amina", person_id=person.id)
    row = await accounts.create_account(change, by=admin)
    stored = await models.Account.get(id=row.id)
    assert (stored.label, stored.person_id, stored.disabled_at) == ("Amina", person.id, None)
    assert await models.RoleGrant.all().count() == 0
    assert await history_of(row.id) == [
        ("create", {"label": [None, "Amina"], "person_id": [None, str(person.id)]})
    ]


async def test_labels_and_people_have_one_account_each(admin: Actor) -> None:
    person = await factories.make_person()
    await factories.make_account(label="Amina", person=person)
    async with refused("CONFLICT", "label"):
        await accounts.create_account(NewAccount(label="Amina"), by=admin)
    async with refused("CONFLICT", "person_id"):
        await accounts.create_account(NewAccount(label="Other", person_id=person.id), by=admin)
    async with refused("NOT_FOUND", "person_id"):
        await accounts.create_account(NewAccount(label="Third", person_id=uuid4()), by=admin)


ONLY_ADMINISTRATORS = [
    ("anonymous", "NOT_SIGNED_IN"),
    ("stranger", "NOT_FOUND"),
    ("owner", "NOT_ALLOWED"),
    ("hr", "NOT_FOUND"),
    ("hr_here", "NOT_FOUND"),
    ("manager", "NOT_FOUND"),
    ("auditor", "NOT_ALLOWED"),
    ("administrator", None),
]


async def callers_and_account() -> tuple[dict[str, Actor], models.Account]:
    person = await factories.make_person()
    account = await factories.make_account(person=person)
    callers = factories.callers(person, await factories.make_mission())
    owner = callers["owner"]
    callers["owner"] = Actor(account.id, person.id, owner.label, owner.grants)
    return callers, account


@pytest.mark.parametrize(("kind", "code"), ONLY_ADMINISTRATORS)
@pytest.mark.parametrize("verb", ["create", "grant", "revoke_role", "issue", "revoke_token"])
async def test_only_administrators_keep_accounts_and_everybody_ends_their_own_tokens(
    verb: str, kind: str, code: str | None
) -> None:
    callers, account = await callers_and_account()
    grant = await factories.make_grant(account=account)
    token = await factories.make_token(account=account)
    operations: dict[str, tuple[Any, Any, str]] = {
        "create": (accounts.create_account, NewAccount(label="New"), "label"),
        "grant": (
            accounts.grant_role,
            NewRoleGrant(account_id=account.id, role=Role.AUDITOR),
            "account_id",
        ),
        "revoke_role": (accounts.revoke_role, RoleRevocation(id=grant.id), "id"),
        "issue": (
            accounts.issue_token,
            NewToken(account_id=account.id, label="Phone"),
            "account_id",
        ),
        "revoke_token": (accounts.revoke_token, TokenRevocation(id=token.id), "id"),
    }
    doing, change, path = operations[verb]
    if verb == "create" and code == "NOT_FOUND":
        code = "NOT_ALLOWED"
    if (verb, kind) == ("revoke_token", "owner"):
        code = None
    if code is None:
        assert isinstance(await doing(change, by=callers[kind]), models.Row)
        return
    async with refused(code, *([path] if code == "NOT_FOUND" else [])):
        await doing(change, by=callers[kind])


async def test_a_granted_role_counts_at_once_and_a_revoked_one_no_longer(admin: Actor) -> None:
    account, mission = await factories.make_account(), await factories.make_mission()
    token = await sign_in(account)
    change = NewRoleGrant(account_id=account.id, role=Role.HR_OFFICER, mission_id=mission.id)
    grant = await accounts.grant_role(change, by=admin)
    assert (await ask(token)).actor.grants == (Grant(Role.HR_OFFICER, mission.id),)

    revoked = await accounts.revoke_role(RoleRevocation(id=grant.id), by=admin)
    assert (await ask(token)).actor.grants == ()
    assert await history_of(grant.id) == [
        (
            "grant",
            {
                "account_id": [None, str(account.id)],
                "role": [None, "HR_OFFICER"],
                "mission_id": [None, str(mission.id)],
                "expires_at": [None, None],
            },
        ),
        ("revoke", {"revoked_at": [None, str(revoked.revoked_at)]}),
    ]
    async with refused("CONFLICT", "id"):
        await accounts.revoke_role(RoleRevocation(id=grant.id), by=admin)


async def test_nobody_grants_themselves_a_role(admin: Actor) -> None:
    account = await factories.make_account()
    myself = Actor(account.id, None, account.label, admin.grants)
    change = NewRoleGrant(account_id=account.id, role=Role.HR_OFFICER)
    async with refused("NOT_ALLOWED", "account_id", saying="themselves"):
        await accounts.grant_role(change, by=myself)


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"expires_at": PAST}, "INVALID", "expires_at"),
        ({"expires_at": datetime(2200, 1, 1)}, "INVALID", "expires_at"),  # noqa: DTZ001
        ({"mission_id": uuid4()}, "NOT_FOUND", "mission_id"),
        ({"role": Role.HIRING_DEPARTMENT}, "INVALID", "mission_id"),
        ({"account_id": uuid4()}, "NOT_FOUND", "account_id"),
        ({}, "CONFLICT", "role"),
    ],
)
async def test_a_role_that_cannot_be_given_is_refused(
    admin: Actor, changes: dict[str, Any], code: str, path: str
) -> None:
    held = await factories.make_grant(role=Role.HR_OFFICER)
    change = NewRoleGrant(**{"account_id": held.account_id, "role": Role.HR_OFFICER} | changes)
    async with refused(code, path):
        await accounts.grant_role(change, by=admin)


@pytest.mark.parametrize("past", [{"revoked_at": PAST}, {"expires_at": PAST}])
async def test_a_role_that_is_held_no_longer_may_be_given_again(
    admin: Actor, past: dict[str, Any]
) -> None:
    held = await factories.make_grant(role=Role.AUDITOR, **past)
    change = NewRoleGrant(account_id=held.account_id, role=Role.AUDITOR)
    assert (await accounts.grant_role(change, by=admin)).id != held.id


async def test_of_two_equal_grants_at_once_one_is_given(admin: Actor) -> None:
    account = await factories.make_account()
    change = NewRoleGrant(account_id=account.id, role=Role.AUDITOR)
    answers = await asyncio.gather(
        *(accounts.grant_role(change, by=admin) for _ in range(3)), return_exceptions=True
    )
    assert sorted(type(answer).__name__ for answer in answers) == [
        "Conflict",
        "Conflict",
        "RoleGrant",
    ]


async def test_a_token_is_shown_once_and_kept_nowhere(admin: Actor) -> None:
    account = await factories.make_account()
    change = NewToken(account_id=account.id, label="Laptop")
    token = await accounts.issue_token(change, by=admin)
    assert token.secret is not None
    assert token.secret.startswith("cadre_")
    assert len(token.secret) == len("cadre_") + 43
    stored = await models.ApiToken.get(id=token.id)
    assert stored.digest == hashlib.sha256(token.secret.encode()).hexdigest()
    assert stored.secret is None
    assert token.secret not in json.dumps(await everything())
    ((verb, changes),) = await history_of(token.id)
    assert (verb, sorted(changes)) == ("issue", ["account_id", "expires_at", "label"])


async def test_a_token_lives_ninety_days_unless_said_and_a_year_at_most(admin: Actor) -> None:
    account = await factories.make_account()
    now = await clock.now()
    usual = await accounts.issue_token(NewToken(account_id=account.id, label="A"), by=admin)
    assert timedelta(0) <= usual.expires_at - now - timedelta(days=90) < timedelta(seconds=9)
    for moment in (PAST, now + timedelta(days=367), datetime(2030, 1, 1)):  # noqa: DTZ001
        change = NewToken(account_id=account.id, label="B", expires_at=moment)
        async with refused("INVALID", "expires_at"):
            await accounts.issue_token(change, by=admin)
    said = NewToken(account_id=account.id, label="C", expires_at=now + timedelta(days=365))
    assert (await accounts.issue_token(said, by=admin)).expires_at == said.expires_at


async def test_a_disabled_account_gets_no_token(admin: Actor) -> None:
    account = await factories.make_account(disabled_at=PAST)
    async with refused("CONFLICT", "account_id"):
        await accounts.issue_token(NewToken(account_id=account.id, label="A"), by=admin)


async def test_a_token_is_revoked_once(admin: Actor) -> None:
    token = await factories.make_token()
    revoked = await accounts.revoke_token(TokenRevocation(id=token.id), by=admin)
    assert revoked.revoked_at is not None
    async with refused("CONFLICT", "id"):
        await accounts.revoke_token(TokenRevocation(id=token.id), by=admin)


async def test_without_a_token_one_is_the_public() -> None:
    assert (await ask(None)).actor == ANONYMOUS


async def test_a_token_opens_its_account_with_the_roles_held_now() -> None:
    person, mission = await factories.make_person(), await factories.make_mission()
    account = await factories.make_account(person=person)
    await factories.make_grant(account=account, role=Role.CANDIDATE)
    await factories.make_grant(account=account, role=Role.HR_OFFICER, mission=mission)
    await factories.make_grant(account=account, role=Role.AUDITOR, revoked_at=PAST)
    await factories.make_grant(account=account, role=Role.ADMINISTRATOR, expires_at=PAST)
    await factories.make_grant(role=Role.ADMINISTRATOR)
    actor = (await ask(await sign_in(account))).actor
    assert actor == Actor(
        account.id,
        person.id,
        account.label,
        (Grant(Role.CANDIDATE), Grant(Role.HR_OFFICER, mission.id)),
    )
    assert not actor.is_system


async def test_an_actor_is_worked_out_anew_only_when_the_database_says_something_else() -> None:
    by = system("tests")
    secret = await sign_in(await accounts.ensure("A", Role.AUDITOR, by=by))
    sign_ins = SignIns()
    first = await sign_ins.ask(secret)
    assert await sign_ins.ask(secret) is first
    await accounts.ensure("A", Role.HR_OFFICER, by=by)
    second = await sign_ins.ask(secret)
    assert second.actor.roles == {Role.AUDITOR, Role.HR_OFFICER}
    assert sign_ins.recall(secret) is second


async def test_every_token_that_opens_nothing_is_refused_in_the_same_words() -> None:
    expired, revoked, disabled = [await factories.make_account() for _ in range(3)]
    tokens = [await sign_in(account) for account in (expired, revoked, disabled)]
    await models.ApiToken.filter(account=expired).update(expires_at=PAST)
    await models.ApiToken.filter(account=revoked).update(revoked_at=PAST)
    await models.Account.filter(id=disabled.id).update(disabled_at=PAST)
    messages = set()
    for token in [*tokens, "", "cadre_unknown", "x" * 100_000, "\udcff"]:
        with pytest.raises(NotSignedIn) as caught:
            await ask(token)
        messages.add((caught.value.message, caught.value.path, str(caught.value.details)))
    assert len(messages) == 1


async def test_an_account_is_ensured_as_often_as_one_likes() -> None:
    by = system("command line")
    first = await accounts.ensure("Operator", Role.ADMINISTRATOR, by=by)
    before = await everything()
    again = await accounts.ensure("Operator", Role.ADMINISTRATOR, by=by)
    assert again.id == first.id
    assert await everything() == before
    await accounts.ensure("Operator", Role.AUDITOR, by=by)
    grants = await models.RoleGrant.filter(account_id=first.id)
    assert {grant.role for grant in grants} == {Role.ADMINISTRATOR, Role.AUDITOR}
    assert {event.actor_label for event in await models.AuditEvent.all()} == {"command line"}
