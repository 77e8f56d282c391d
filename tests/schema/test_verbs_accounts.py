"""Accounts, roles and tokens, over HTTP: what they answer, and what holds from the next request."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from service import accounts, models
from service.access.roles import Role
from tests import factories
from tests.schema.served import SYSTEM, Served, opaque, opaque_id
from tests.schema.verbs import CASES

VIEWER = {"query": "{ viewer { label isSignedIn roles { role } } }"}
NOBODY = "0190a000-0000-7000-8000-00000000dead"


async def sound(served: Served, verb: str, **changes: Any) -> dict[str, Any]:
    """The input of the verb's case, changed."""
    return await CASES[verb].given(served.world) | changes


async def viewer(served: Served, token: str | None) -> dict[str, Any]:
    """Who the app says that the bearer is."""
    answer = await served.post(VIEWER, token)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["data"]["viewer"]
    return found


async def turned_away(served: Served, headers: dict[str, str]) -> tuple[int, str, str]:
    """The status, code and words of a request whose sign-in is refused."""
    answer: httpx.Response = await served.client.post("/graphql", json=VIEWER, headers=headers)
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="cadre"'
    (error,) = answer.json()["errors"]
    return answer.status_code, error["extensions"]["code"], error["message"]


async def test_an_account_is_opened_for_a_person_once(served: Served) -> None:
    given = await sound(served, "createAccount")
    select = "label disabledAt grants { totalCount } tokens { totalCount }"
    row = await served.done("createAccount", given, by="administrator", select=select)
    assert row == {
        "label": "Desk",
        "disabledAt": None,
        "grants": {"totalCount": 0},
        "tokens": {"totalCount": 0},
    }
    assert await served.refused("createAccount", given, by="administrator") == (
        "CONFLICT",
        ["label"],
        "Another account has this label; choose one of its own.",
    )
    again = given | {"label": "Another desk"}
    assert await served.refused("createAccount", again, by="administrator") == (
        "CONFLICT",
        ["personId"],
        "This person has an account already; use that one.",
    )
    absent = {"label": "Nobody's desk", "personId": opaque_id("Person", NOBODY)}
    assert await served.refused("createAccount", absent, by="administrator") == (
        "NOT_FOUND",
        ["personId"],
        "There is no such Person, or you may not see it.",
    )


async def test_an_issued_token_signs_in_and_its_repeat_does_not_show_it_again(
    served: Served,
) -> None:
    account = await served.account("owner")
    given = {"accountId": opaque(account), "label": "Laptop", "idempotencyKey": "laptop"}
    select = "id label isCurrent revokedAt account { label }"
    first = await served.do("issueToken", given, by="administrator", select=select)
    assert first["errors"] == []
    assert {
        name: first["row"][name] for name in ("label", "isCurrent", "revokedAt", "account")
    } == {
        "label": "Laptop",
        "isCurrent": True,
        "revokedAt": None,
        "account": {"label": "owner"},
    }
    assert await viewer(served, first["secret"]) == {
        "label": "owner",
        "isSignedIn": True,
        "roles": [{"role": "CANDIDATE"}],
    }
    again = await served.do("issueToken", given, by="administrator", select=select)
    assert again == first | {"secret": None}


async def test_the_secret_of_a_token_is_in_no_table_and_in_no_list(served: Served) -> None:
    given = await sound(served, "issueToken")
    payload = await served.do("issueToken", given, by="administrator")
    stored = await models.ApiToken.get(label="Laptop")
    assert payload["secret"] not in {stored.digest, stored.label}
    assert "secret" not in {
        name for event in await models.AuditEvent.all() for name in event.digests
    }
    answer = await served.ask('{ __type(name: "ApiToken") { fields { name } } }')
    names = {one["name"] for one in answer["data"]["__type"]["fields"]}
    assert not names & {"secret", "digest"}


@pytest.mark.parametrize(
    ("change", "code", "path", "message"),
    [
        (
            {"expiresAt": "2020-01-01T00:00:00Z"},
            "INVALID",
            ["expiresAt"],
            "This moment is past; choose a later one.",
        ),
        (
            {"expiresAt": "9999-12-31T23:59:59Z"},
            "INVALID",
            ["expiresAt"],
            "A token lives for a year at most.",
        ),
        (
            {"accountId": opaque_id("Account", NOBODY)},
            "NOT_FOUND",
            ["accountId"],
            "There is no such Account, or you may not see it.",
        ),
        ({"label": "l" * 121}, "INVALID", ["label"], "Write at most 120 characters."),
    ],
)
async def test_a_token_that_cannot_be_is_refused_at_its_field(
    served: Served, change: dict[str, Any], code: str, path: list[str], message: str
) -> None:
    given = await sound(served, "issueToken", **change)
    assert await served.refused("issueToken", given, by="administrator") == (code, path, message)


async def test_a_revoked_token_opens_nothing_from_the_next_request_on(served: Served) -> None:
    secret = await served.token("owner")
    assert (await viewer(served, secret))["label"] == "owner"
    token = await models.ApiToken.get(account_id=(await served.account("owner")).id)
    # Everybody may end their own tokens, the very one they came with included.
    row = await served.done("revokeToken", {"id": opaque(token)}, by="owner", select="isCurrent")
    assert row == {"isCurrent": False}
    assert await turned_away(served, {"Authorization": f"Bearer {secret}"}) == (
        401,
        "NOT_SIGNED_IN",
        "This token is unknown, expired or revoked; sign in with another.",
    )
    assert await served.refused("revokeToken", {"id": opaque(token)}, by="administrator") == (
        "CONFLICT",
        ["id"],
        "It was revoked already.",
    )


async def test_tokens_that_open_nothing_are_refused_in_the_same_words(served: Served) -> None:
    secret = await served.token("owner")
    account = await served.account("owner")
    tokens = models.ApiToken.filter(account_id=account.id)
    day = timedelta(days=1)
    bearer = {"Authorization": f"Bearer {secret}"}

    unknown = await turned_away(served, {"Authorization": "Bearer cadre_unknown"})
    await tokens.update(expires_at=datetime.now(UTC) - day)
    expired = await turned_away(served, bearer)
    await tokens.update(expires_at=datetime.now(UTC) + day)
    assert (await viewer(served, secret))["isSignedIn"] is True
    await models.Account.filter(id=account.id).update(disabled_at=datetime.now(UTC))
    disabled = await turned_away(served, bearer)

    assert unknown == expired == disabled
    assert unknown[:2] == (401, "NOT_SIGNED_IN")


@pytest.mark.parametrize("scheme", ["Basic {}", "bearer", "{}", "Token {}", "Bearer {} x"])
async def test_a_token_in_another_scheme_is_refused(served: Served, scheme: str) -> None:
    header = scheme.format(await served.token("owner"))
    assert await turned_away(served, {"Authorization": header}) == (
        401,
        "NOT_SIGNED_IN",
        "Send one header `Authorization: Bearer <token>`.",
    )


async def test_the_scheme_s_name_may_be_written_in_any_case(served: Served) -> None:
    headers = {"Authorization": f"bEARER {await served.token('owner')}"}
    answer = await served.client.post("/graphql", json=VIEWER, headers=headers)
    assert answer.json()["data"]["viewer"]["label"] == "owner"


async def test_without_a_token_one_is_the_public(served: Served) -> None:
    assert await viewer(served, None) == {"label": "Anonymous", "isSignedIn": False, "roles": []}


async def test_a_granted_role_holds_from_the_next_request_until_it_is_revoked(
    served: Served,
) -> None:
    account = opaque(await served.account("no_role"))
    new = await CASES["createPerson"].given(served.world)
    code, _, _ = await served.refused("createPerson", new, by="no_role")
    assert code == "NOT_ALLOWED"

    given = {"accountId": account, "role": "HR_OFFICER"}
    select = "id role isCurrent expiresAt revokedAt mission { id } account { id }"
    row = await served.done("grantRole", given, by="administrator", select=select)
    grant = row.pop("id")
    assert row == {
        "role": "HR_OFFICER",
        "isCurrent": True,
        "expiresAt": None,
        "revokedAt": None,
        "mission": None,
        "account": {"id": account},
    }
    assert await served.done("createPerson", new, by="no_role")

    shown = "isCurrent revokedAt"
    row = await served.done("revokeRole", {"id": grant}, by="administrator", select=shown)
    assert row["isCurrent"] is False
    assert row["revokedAt"]
    code, _, _ = await served.refused("createPerson", new, by="no_role")
    assert code == "NOT_ALLOWED"
    assert await served.refused("revokeRole", {"id": grant}, by="administrator") == (
        "CONFLICT",
        ["id"],
        "It was revoked already.",
    )


async def test_a_role_that_has_ended_by_itself_allows_nothing(served: Served) -> None:
    await served.token("hr")
    account = await served.account("hr")
    past = datetime.now(UTC) - timedelta(seconds=1)
    await models.RoleGrant.filter(account_id=account.id).update(expires_at=past)
    new = await CASES["createPerson"].given(served.world)
    code, _, _ = await served.refused("createPerson", new)
    assert code == "NOT_ALLOWED"


@pytest.mark.parametrize(
    ("change", "code", "path", "message"),
    [
        (
            {"role": "HIRING_DEPARTMENT"},
            "INVALID",
            ["missionId"],
            "Hiring department is a role in one mission; name it.",
        ),
        (
            {"missionId": opaque_id("Mission", NOBODY)},
            "NOT_FOUND",
            ["missionId"],
            "There is no such Mission, or you may not see it.",
        ),
        (
            {"expiresAt": "2020-01-01T00:00:00Z"},
            "INVALID",
            ["expiresAt"],
            "This moment is past; choose a later one.",
        ),
    ],
)
async def test_a_role_that_cannot_be_is_refused_at_its_field(
    served: Served, change: dict[str, Any], code: str, path: list[str], message: str
) -> None:
    given = await sound(served, "grantRole", **change)
    assert await served.refused("grantRole", given, by="administrator") == (code, path, message)


async def test_a_role_is_granted_once_and_never_to_oneself(served: Served) -> None:
    given = await sound(served, "grantRole")
    await served.done("grantRole", given, by="administrator")
    assert await served.refused("grantRole", given, by="administrator") == (
        "CONFLICT",
        ["role"],
        "The account holds this role already.",
    )
    mine = given | {"accountId": opaque(await served.account("administrator"))}
    assert await served.refused("grantRole", mine, by="administrator") == (
        "NOT_ALLOWED",
        ["accountId"],
        "Nobody grants themselves a role; ask another administrator.",
    )


async def test_a_role_for_one_mission_reaches_that_mission_only(served: Served) -> None:
    account = await served.account("no_role")
    given = {
        "accountId": opaque(account),
        "role": "HR_OFFICER",
        "missionId": opaque(served.world.elsewhere),
    }
    await served.done("grantRole", given, by="administrator")
    update = await CASES["updatePerson"].given(served.world)
    code, _, _ = await served.refused("updatePerson", update, by="no_role")
    assert code == "NOT_FOUND"
    change = accounts.NewRoleGrant(
        account_id=account.id, role=Role.HR_OFFICER, mission_id=served.world.here.id
    )
    await accounts.grant_role(change, by=SYSTEM)
    assert await served.done("updatePerson", update, by="no_role")


async def test_a_disabled_account_gets_no_token(served: Served) -> None:
    account = await factories.make_account(disabled_at=factories.NOON)
    given = {"accountId": opaque(account), "label": "Laptop"}
    assert await served.refused("issueToken", given, by="administrator") == (
        "CONFLICT",
        ["accountId"],
        "The account is disabled.",
    )
