"""`matchRunChanged`: who may follow, what each of them sees and when, and when it ends."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest
from tortoise import connections

from schema.budgets import Budgets
from schema.engine import Engine
from schema.limits import Limits
from schema.live import Waits
from schema.root import create_schema
from service import accounts, database, models
from service.access.roles import Role
from service.change_notices import CALLED
from tests import factories, programmes
from tests.schema.live import CHANGED, PATIENCE, Client, House, opened, until
from tests.schema.served import ANONYMOUS, EVERYBODY, SYSTEM, Served, opaque
from tests.schema.verbs import proposed

MANAGER = "mentoring_manager"
SEEN = """
    subscription($id: ID) { matchRunChanged(id: $id) {
        id number proposals { totalCount edges { node { state contributions mentor { id } } } }
    } }
"""
APPOINTMENT = "request { appointment { id } }"
SIGNED_OUT = "This sign-in has ended: the token expired or was revoked; sign in with another."


async def told(run: models.MatchRun) -> None:
    """Says by hand that the run changed, though it did not."""
    await connections.get("default").execute_query(
        "SELECT pg_notify('match_run_changed', $1)", [str(run.id)]
    )


async def following(house: House, client: Client, query: str = CHANGED, **variables: Any) -> None:
    """Starts the client's subscription, and waits until it stands."""
    before = house.live.notices.followers
    await client.ask("s", query, variables=variables)
    await house.followed(before + 1)


async def number(client: Client) -> int:
    """The number of the run that the next event tells of."""
    result = await client.result("s")
    found: int = result["data"]["matchRunChanged"]["number"]
    return found


async def test_a_run_is_told_when_it_is_stored_approved_rejected_and_superseded(
    house: House, served: Served
) -> None:
    programme = await programmes.programme(mentors=3, requests=3)
    async with house.connected(await served.token(MANAGER)) as client:
        await following(house, client, SEEN)
        run = await served.done(
            "startMatchRun", {}, by=MANAGER, select="id proposals { edges { node { id version } } }"
        )
        first, second, _ = (edge["node"] for edge in run["proposals"]["edges"])
        assert await states(client, run) == ["PROPOSED"] * 3

        await served.done("approveMatchProposal", first, by=MANAGER)
        assert await states(client, run) == ["APPROVED", "PROPOSED", "PROPOSED"]

        await served.done("rejectMatchProposal", second | {"reason": "Kin."}, by=MANAGER)
        assert await states(client, run) == ["APPROVED", "PROPOSED", "REJECTED"]

        await programme.request()
        newer = await served.done("startMatchRun", {}, by=MANAGER)
        both = sorted([await seen(client), await seen(client)], key=lambda each: each["number"])
        assert [each["id"] for each in both] == [run["id"], newer["id"]]
        assert states_of(both[0]) == ["APPROVED", "REJECTED", "SUPERSEDED"]
        await client.hears_nothing_more()


async def seen(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = (await client.result("s"))["data"]["matchRunChanged"]
    return found


def states_of(run: dict[str, Any]) -> list[str]:
    return sorted(edge["node"]["state"] for edge in run["proposals"]["edges"])


async def states(client: Client, run: dict[str, Any]) -> list[str]:
    """The states of the run's proposals, as the next event shows them."""
    found = await seen(client)
    assert found["id"] == run["id"]
    return states_of(found)


async def test_what_was_refused_tried_or_rolled_back_is_not_told(
    house: House, served: Served
) -> None:
    proposal = await proposed(served.world)
    given = {"id": opaque(proposal), "version": 1}
    async with house.connected(await served.token(MANAGER)) as client:
        await following(house, client)
        await told(await models.MatchRun.get())
        assert await number(client) == 1
        await served.refused("approveMatchProposal", given | {"version": 7}, by=MANAGER)
        await served.do("approveMatchProposal", given | {"validateOnly": True}, by=MANAGER)
        await served.do("startMatchRun", {"validateOnly": True}, by=MANAGER)
        last = await factories.make_run(number=9)
        assert await number(client) == last.number


async def test_the_id_limits_it_to_one_run(house: House, served: Served) -> None:
    mine, other = await factories.make_run(), await factories.make_run()
    async with house.connected(await served.token(MANAGER)) as client:
        await following(house, client, SEEN, id=opaque(mine))
        await told(other)
        await told(mine)
        assert (await seen(client))["id"] == opaque(mine)
        await client.hears_nothing_more()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("nonsense", "This is not an id that Cadre gave out."),
        (
            "UGVyc29uOjAxOTBhMDAwLTAwMDAtNzAwMC04MDAwLTAwMDAwMDAwZGVhZA==",
            "This is not the id of a MatchRun.",
        ),
    ],
)
async def test_an_id_of_something_else_is_refused(
    house: House, served: Served, given: str, message: str
) -> None:
    async with house.connected(await served.token(MANAGER)) as client:
        await client.ask("s", SEEN, variables={"id": given})
        error = await client.refusal("s")
    assert (error["message"], error["extensions"]) == (message, {"code": "INVALID", "path": ["id"]})


@pytest.mark.parametrize("variables", [{"id": 1.5}, {"id": []}, {"id": {}}])
async def test_variables_that_do_not_fit_are_refused(
    house: House, served: Served, variables: dict[str, Any]
) -> None:
    async with house.connected(await served.token(MANAGER)) as client:
        await client.ask("s", SEEN, variables=variables)
        assert (await client.refusal("s"))["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("caller", EVERYBODY)
async def test_whoever_may_list_runs_may_follow_them_and_nobody_else(
    house: House, served: Served, caller: str
) -> None:
    """The same refusal as for the list, and the same sight of each run as in the list."""
    await proposed(served.world)
    run = await models.MatchRun.get()
    fields = SEEN.partition("{")[2].partition("{")[2].rpartition("}")[0].rpartition("}")[0]
    listed = await served.ask(f"{{ matchRuns {{ edges {{ node {{ {fields} }} }} }} }}", by=caller)
    async with house.connected(await served.token(caller)) as client:
        await client.ask("s", SEEN)
        if listed["data"]["matchRuns"] is None:
            (refusal,) = listed["errors"]
            error = await client.refusal("s")
            assert error["message"] == refusal["message"]
            assert error["extensions"] == refusal["extensions"]
            return
        await house.followed()
        await told(run)
        (edge,) = listed["data"]["matchRuns"]["edges"]
        assert await client.result("s") == {"data": {"matchRunChanged": edge["node"]}}
    await house.left()


async def test_some_may_follow_and_some_may_not(served: Served) -> None:
    """So that the walk over all callers has met both."""
    allowed = {
        caller
        for caller in EVERYBODY
        if "errors" not in await served.ask("{ matchRuns { totalCount } }", by=caller)
    }
    assert MANAGER in allowed
    assert ANONYMOUS not in allowed
    assert "stranger" not in allowed


async def test_aliases_and_fragments_come_out_as_in_a_query(house: House, served: Served) -> None:
    run = await factories.make_run()
    query = """
        subscription Runs($with: Boolean!) { changed: matchRunChanged { ...Parts __typename } }
        fragment Parts on MatchRun { n: number trigger @include(if: $with) }
    """
    async with house.connected(await served.token(MANAGER)) as client:
        await following(house, client, query, **{"with": False})
        await told(run)
        result = await client.result("s")
    assert result == {"data": {"changed": {"n": 1, "__typename": "MatchRun"}}}


async def test_a_part_of_a_run_that_is_refused_is_so_before_any_event(
    house: House, served: Served
) -> None:
    query = 'subscription { matchRunChanged { proposals(after: "no") { edges { cursor } } } }'
    async with house.connected(await served.token(MANAGER)) as client:
        await client.ask("s", query)
        assert (await client.refusal("s"))["extensions"]["code"] == "INVALID"
    await house.left()


async def test_a_token_that_is_revoked_closes_its_sockets(house: House, served: Served) -> None:
    other = await served.token("auditor")
    async with (
        house.connected(await served.token(MANAGER)) as client,
        house.connected(other) as untouched,
    ):
        await following(house, client)
        token = await models.ApiToken.get(account__label=MANAGER)
        await served.done("revokeToken", {"id": opaque(token)}, by="administrator")
        assert await client.end() == (4401, SIGNED_OUT)
        assert "data" in await untouched.once("1", "{ viewer { label } }")


@pytest.mark.parametrize("how", ["expired", "disabled", "gone"])
async def test_a_token_that_no_longer_opens_anything_closes_its_sockets(
    house: House, served: Served, how: str
) -> None:
    async with house.connected(await served.token(MANAGER)) as client:
        if how == "expired":
            sql = "UPDATE api_token SET expires_at = now()"
        elif how == "disabled":
            sql = "UPDATE account SET disabled_at = now()"
        else:
            sql = "DELETE FROM api_token"
        await connections.get("default").execute_script(sql)
        assert await client.end() == (4401, SIGNED_OUT)


async def test_a_role_that_is_lost_ends_the_subscription_and_not_the_socket(
    house: House, served: Served
) -> None:
    async with house.connected(await served.token(MANAGER)) as client:
        await following(house, client)
        grant = await models.RoleGrant.get(account__label=MANAGER)
        await served.done("revokeRole", {"id": opaque(grant)}, by="administrator")
        error = await client.refusal("s")
        assert error["extensions"]["code"] == "NOT_ALLOWED"
        assert "data" in await client.once("1", "{ viewer { label } }")


async def test_a_role_that_is_gained_is_seen_with_one_of_the_next_events(
    house: House, served: Served
) -> None:
    """Who runs the programme sees no appointments; who audits it does."""
    await proposed(served.world)
    run = await models.MatchRun.get()
    account = await served.account(MANAGER)
    query = f"subscription {{ matchRunChanged {{ proposals {{ edges {{ node {{ {APPOINTMENT} }} }} }} }} }}"
    async with house.connected(await served.token(MANAGER)) as client:
        await following(house, client, query)
        await told(run)
        assert await appointment_of(client) is None
        await models.RoleGrant.create(account=account, role=Role.AUDITOR)
        async with asyncio.timeout(PATIENCE):
            await told(run)
            while await appointment_of(client) is None:
                await told(run)


async def appointment_of(client: Client) -> Any:
    """The appointment of the only proposal's mentee, as the next event shows it."""
    (edge,) = (await seen(client))["proposals"]["edges"]
    return edge["node"]["request"]["appointment"]


async def test_a_mutation_over_a_socket_needs_the_sign_in_of_now(
    house: House, served: Served
) -> None:
    """As over HTTP: with its very next operation a revoked token is refused."""
    async with house.connected(await served.token(MANAGER)) as client:
        await connections.get("default").execute_script("UPDATE api_token SET revoked_at = now()")
        await client.ask("1", "{ viewer { label } }")
        code, _ = await client.end()
    assert code == 4401


async def test_the_whole_app_follows_and_asks_again_within_seconds(
    house: House, served: Served
) -> None:
    whole = House(served.client, house.live)
    run = await factories.make_run()
    async with whole.connected(await served.token(MANAGER)) as client:
        await client.ask("s", CHANGED)
        heard = asyncio.create_task(client.result("s"))
        while not heard.done():
            await told(run)
            await asyncio.sleep(0.05)
        assert await heard == {"data": {"matchRunChanged": {"number": run.number}}}
        await connections.get("default").execute_script("UPDATE api_token SET revoked_at = now()")
        assert await client.end() == (4401, SIGNED_OUT)


async def test_nothing_is_missed_for_ever_when_the_ear_is_lost(
    house: House, served: Served, served_url: str
) -> None:
    async with house.connected(await served.token(MANAGER)) as client:
        await following(house, client)
        async with database.session(served_url) as session:
            await session.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name = $1",
                CALLED,
            )
        # Stored while nobody listens, it is found by looking.
        run = await factories.make_run()
        assert await number(client) == run.number


async def test_events_wait_for_a_budget_that_is_spent(served: Served, served_url: str) -> None:
    """Nobody asks for them one by one, so they are held back where a request would be refused."""
    now, engine = 0.0, Engine(create_schema(), limits=Limits(budget=100, cost=100))
    engine._budgets = Budgets(clock=lambda: now)
    run = await factories.make_run()
    async with (
        opened(served_url, Waits(), engine) as house,
        house.connected(await served.token(MANAGER)) as client,
    ):
        await following(house, client, SEEN)
        spend = "{ people(first: 99) { totalCount } }"
        while not (await asked(client, spend)).get("errors"):
            pass
        await told(run)
        await client.hears_nothing_more()
        now = 60.0
        assert (await seen(client))["number"] == run.number


async def asked(client: Client, query: str) -> dict[str, Any]:
    """The payload that answers this query, or the errors that refuse it."""
    await client.ask("q", query)
    message = await client.heard()
    if message["type"] == "error":
        return {"errors": message["payload"]}
    assert (await client.heard())["type"] == "complete"
    payload: dict[str, Any] = message["payload"]
    return payload


async def test_two_hundred_followers_hear_of_one_run(house: House, served: Served) -> None:
    before = len(asyncio.all_tasks())
    async with AsyncExitStack() as stack:
        clients: list[Client] = []
        for place in range(200):
            if place % 20 == 0:
                token = await another_manager(f"Manager {place}")
            clients.append(await stack.enter_async_context(house.connected(token)))
            await clients[-1].ask("s", CHANGED)
        await house.followed(200)
        run = await factories.make_run()
        assert {await number(client) for client in clients} == {run.number}
    await house.left()
    # Neither in the server nor here: this process holds both.
    await until(lambda: len(asyncio.all_tasks()) <= before)


async def another_manager(label: str) -> str:
    """The token of a new account: one alone may not keep so many connections."""
    account = await accounts.ensure(label, Role.MENTORING_MANAGER, by=SYSTEM)
    change = accounts.NewToken(account_id=account.id, label="Tests")
    secret = (await accounts.issue_token(change, by=SYSTEM)).secret
    assert secret is not None
    return secret
