"""Limits, budgets and introspection as callers of the API meet them, role by role."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from schema.allowances import by_role
from schema.endpoint import create_endpoint
from schema.engine import Engine
from schema.limits import WORDS, Limits
from schema.root import create_schema
from service.access.roles import Role
from service.sign_ins import SignIns
from tests.schema import callers
from tests.schema.callers import Api
from tests.schema.served import Served

GRAPHQL, JSON = "application/graphql-response+json", "application/json"
SLOW = {"budget": 1_000, "budget_per_second": 1, "cost": 1_000}
PEOPLE = "{ people(first: 100) { edges { node { familyName } } } }"
POSTS = "{ people(first: 2) { edges { node { appointments(first: 2) { edges { node { post { id } } } } } } } }"
INTROSPECTIONS = (
    "{ __schema { types { name } } }",
    '{ ...F } fragment F on Query { __type(name: "Post") { name } }',
)


@asynccontextmanager
async def api_with(
    given: dict[str, dict[str, int]], *, address: str = "192.0.2.1", is_open: bool = True
) -> AsyncIterator[Api]:
    async with client_of(engine_with(given, is_open=is_open), address) as client:
        yield Api(client)


def engine_with(given: dict[str, dict[str, int]], *, is_open: bool = True) -> Engine:
    return Engine(create_schema(), SignIns(callers.ask), by_role(given), is_open=is_open)


def client_of(engine: Engine, address: str) -> httpx.AsyncClient:
    app = Starlette(routes=[Route("/graphql", create_endpoint(engine))])
    transport = httpx.ASGITransport(app, client=(address, 5000))
    return httpx.AsyncClient(transport=transport, base_url="http://cadre.test", timeout=30)


async def post(
    client: httpx.AsyncClient, query: str, token: str | None, accept: str = GRAPHQL
) -> httpx.Response:
    headers = {"Accept": accept} | ({"Authorization": f"Bearer {token}"} if token else {})
    return await client.post("/graphql", json={"query": query}, headers=headers)


def error_of(response: httpx.Response) -> dict[str, Any]:
    (error,) = response.json()["errors"]
    return {"message": error["message"], **error["extensions"]}


async def test_every_answer_that_ran_says_what_it_could_and_what_it_did_cost(world: str) -> None:
    async with api_with({"*": SLOW}) as api:
        compiled = await api.ask(PEOPLE, by="AUDITOR")
        rows = len(compiled["data"]["people"]["edges"])
        cost = compiled["extensions"]["cost"]
        assert (cost["asked"], cost["real"]) == (2 + 200, 2 + 2 * rows)
        assert cost["budget"] == {"maximum": 1_000, "left": 1_000 - cost["real"], "perSecond": 1}
        executed = await api.ask("{ viewer { label } }", by="AUDITOR")
        assert executed["extensions"]["cost"]["asked"] == 2
        assert executed["extensions"]["cost"]["real"] == 2
        assert executed["extensions"]["cost"]["budget"]["left"] <= 1_000 - cost["real"] - 2 + 30


async def test_what_did_not_run_costs_nothing_and_shows_no_cost(world: str) -> None:
    async with api_with({"*": SLOW}) as api:
        for refused in ("{ nowhere }", "{ people(first: 101) { totalCount } }", "{"):
            assert "extensions" not in await api.ask(refused, by="AUDITOR")
        uncoerced = await api.ask("query($n: Int!) { viewer { label } people(first: $n) { totalCount } }", by="AUDITOR")  # fmt: skip
        assert "data" not in uncoerced
        found = await api.data("{ viewer { budget { maximum left perSecond } } }", by="AUDITOR")
    # This very request has its two objects taken while it runs.
    assert found["viewer"]["budget"] == {"maximum": 1_000, "left": 1_000 - 3, "perSecond": 1}


@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
async def test_an_empty_budget_is_429_and_says_when_to_come_back(world: str, accept: str) -> None:
    small = {"budget": 250, "budget_per_second": 1, "cost": 250}
    async with client_of(engine_with({"*": small}), "192.0.2.1") as client:
        answers = [await post(client, PEOPLE, "AUDITOR", accept) for _ in range(60)]
    refused = answers[-1]
    assert (answers[0].status_code, refused.status_code) == (200, 429)
    error = error_of(refused)
    assert error["code"] == "LIMIT_EXCEEDED"
    details = error["details"]
    assert (details["limit"], details["maximum"], details["value"]) == ("budget", 250, 202)
    assert refused.headers["retry-after"] == str(details["retryAfterSeconds"])
    assert details["left"] < 202
    assert f"{details['left']} are left; come back in " in error["message"]


async def test_an_account_has_one_budget_and_the_public_one_for_each_address(world: str) -> None:
    small = {"budget": 30, "budget_per_second": 1, "cost": 30}
    engine, asking = engine_with({"*": small, "ANONYMOUS": small}), "{ viewer { roles { role } } }"
    async with client_of(engine, "192.0.2.1") as here, client_of(engine, "192.0.2.2") as there:
        for token in ("AUDITOR", None):
            answers = [await post(here, asking, token) for _ in range(30)]
            assert answers[0].status_code == 200
            assert answers[-1].status_code == 429
            elsewhere = await post(there, asking, token)
            assert elsewhere.status_code == (429 if token else 200)
        assert (await post(here, asking, "MENTOR")).status_code == 200


async def test_a_document_that_somebody_with_more_may_send_is_refused_to_who_has_less(
    world: str,
) -> None:
    async with api_with({"MENTOR": {"depth": 4}, "ANONYMOUS": {"depth": 3}}) as api:
        assert "errors" not in await api.ask(POSTS, by="AUDITOR")
        for token, maximum in (("MENTOR", 4), (None, 3)):
            refusal = await api.refusal(POSTS, by=token)
            assert refusal["details"] == {"limit": "depth", "maximum": maximum, "value": 8}
        assert "errors" not in await api.ask(POSTS, by="AUDITOR")


async def test_a_new_document_is_refused_by_the_limits_of_who_sends_it(world: str) -> None:
    async with api_with({"ANONYMOUS": {"tokens": 20, "characters": 300}}) as api:
        refusal = await api.refusal(PEOPLE.replace("familyName", "id " * 20))
        assert refusal["details"] == {"limit": "tokens", "maximum": 20, "value": None}
        refusal = await api.refusal(PEOPLE + " " * 300)
        assert refusal["details"]["limit"] == "characters"
        assert "errors" not in await api.ask(PEOPLE + " " * 300, by="AUDITOR")


async def test_the_viewer_sees_every_limit_that_holds_for_them_with_its_meaning(world: str) -> None:
    query = "{ viewer { limits { name value meaning remedy } } }"
    async with api_with({"AUDITOR": {"cost": 60_000}, "ANONYMOUS": {"depth": 5}}) as api:
        auditor = (await api.data(query, by="AUDITOR"))["viewer"]["limits"]
        public = (await api.data(query))["viewer"]["limits"]
    assert [limit["name"] for limit in auditor] == list(WORDS)
    for limit in auditor:
        words = WORDS[limit["name"]]
        assert (limit["meaning"], limit["remedy"]) == (words.what, words.remedy)
    assert {limit["name"]: limit["value"] for limit in auditor}["cost"] == 60_000
    assert {limit["name"]: limit["value"] for limit in public}["depth"] == 5
    assert {limit["name"]: limit["value"] for limit in auditor}["depth"] == Limits().depth


READERS = {"HR_OFFICER", "MENTORING_MANAGER", "AUDITOR", "ADMINISTRATOR", "DECISION_AUTHORITY"}


@pytest.mark.parametrize("text", INTROSPECTIONS)
async def test_in_production_only_some_roles_may_introspect(world: str, text: str) -> None:
    async with client_of(engine_with({}, is_open=False), "192.0.2.1") as client:
        answers = {role: await post(client, text, role) for role in Role}
        public = await post(client, text, None)
    served = {role.value for role, answer in answers.items() if answer.status_code == 200}
    assert served == READERS
    refused = answers[Role.MENTOR]
    assert (refused.status_code, error_of(refused)["code"]) == (403, "NOT_ALLOWED")
    assert "introspect.any.schema" in error_of(refused)["message"]
    assert (public.status_code, error_of(public)["code"]) == (401, "NOT_SIGNED_IN")


async def test_elsewhere_whoever_is_signed_in_may_introspect(world: str) -> None:
    async with client_of(engine_with({}), "192.0.2.1") as client:
        assert (await post(client, INTROSPECTIONS[0], "no_role")).status_code == 200
        assert (await post(client, INTROSPECTIONS[0], None)).status_code == 401


async def test_one_request_cannot_issue_two_tokens(world: str) -> None:
    one = 'issueToken(input: {accountId: "x", label: "a"}) { secret }'
    async with api_with({}) as api:
        refusal = await api.refusal(f"mutation {{ a: {one} b: {one} }}", by="ADMINISTRATOR")
    assert refusal["details"] == {"limit": "reveals", "maximum": 1, "value": 2}
    assert "Send each in a request of its own." in refusal["message"]


async def test_bad_tokens_close_an_address_to_new_tokens_and_not_to_known_ones(
    served: Served,
) -> None:
    """Trap 11 at the door: the database is asked about each unknown token, so few may be."""
    body = {"query": "{ viewer { label } }"}
    known, fresh = await served.token("hr"), await served.token("mentor")
    assert (await served.post(body, known)).status_code == 200
    bad = [(await served.post(body, f"cadre_wrong-{n}")).status_code for n in range(40)]
    assert bad[:20] == [401] * 20
    assert bad[-1] == 429
    refused = await served.post(body, fresh)
    assert (refused.status_code, error_of(refused)["code"]) == (429, "LIMIT_EXCEEDED")
    assert error_of(refused)["details"]["limit"] == "failed_sign_ins"
    assert int(refused.headers["retry-after"]) >= 1
    assert (await served.post(body, known)).json()["data"]["viewer"]["label"] == "hr"
    assert (await served.post(body, None)).status_code == 200
