"""What keeps reading fast and safe without a stopwatch: statements, tasks, plans, proofs."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tortoise import connections
from tortoise.transactions import in_transaction

from schema import console_bundle
from schema.metrics import OPERATIONS, PLANS
from service import models
from service.access.roles import Role
from service.clock import now
from tests.schema.callers import Api
from tests.schema.oracles import global_id
from tests.schema.served import Served

FILES = sorted((console_bundle.CONSOLE / "operations").glob("*.graphql"))
READING = [file for file in FILES if "\nquery" in file.read_text()]
# What reads no table.
# Reference data stands in memory, and the matcher answers in Python.
BY_EXECUTOR = {
    "who-am-i",
    "what-the-codes-mean",
    "compare-match-runs",
    "try-another-match",
    "try-a-pin-or-a-ban",
}


def planned() -> tuple[int, ...]:
    """How many plans were found, and how many had to be made."""
    return tuple(PLANS.of(found).count for found in ("hit", "miss"))


async def test_an_operation_of_many_root_fields_is_one_statement(api: Api) -> None:
    text = """query ($id: ID!) { __typename missions { totalCount } posts { edges { cursor } }
              node(id: $id) { id } nodes(ids: [$id, $id]) { __typename }
              mission(acronym: "X") { id } courses(first: 1) { edges { node { title } } } }"""
    # The first time the driver also asks what an array of ids is.
    for _ in range(2):
        api.statements.clear()
        await api.data(text, {"id": global_id(models.Mission, uuid4())}, by="HR_OFFICER")
    assert len(api.statements) == 1


async def test_no_task_is_made_for_a_row(api: Api) -> None:
    loop, made = asyncio.get_running_loop(), []

    def count(loop: asyncio.AbstractEventLoop, coroutine: Any, **more: Any) -> asyncio.Task[Any]:
        made.append(coroutine)
        return asyncio.Task(coroutine, loop=loop, **more)

    async def tasks(first: int) -> int:
        text = """query ($first: Int!) { people(first: $first) { edges { node { familyName
                  languages { edges { node { language } } } } } } }"""
        await api.data(text, {"first": first}, by="HR_OFFICER")
        made.clear()
        answer = await api.data(text, {"first": first}, by="HR_OFFICER")
        assert len(answer["people"]["edges"]) >= min(first, 5)
        return len(made)

    loop.set_task_factory(count)
    try:
        assert await tasks(1) == await tasks(100)
    finally:
        loop.set_task_factory(None)


PAIRS: dict[str, tuple[str, Callable[[int], dict[str, Any]]]] = {
    "ids": (
        "query ($id: ID!) { node(id: $id) { id ... on Person { familyName } } }",
        lambda _: {"id": global_id(models.Person, uuid4())},
    ),
    "texts": (
        "query ($f: PersonFilter) { people(filter: $f) { totalCount } }",
        lambda n: {"f": {"text": f"name{n}", "nationalitiesAny": ["KEN", "FRA"][:n]}},
    ),
    "nothing": ("{ missions { totalCount } }", lambda _: {}),
}


@pytest.mark.parametrize("case", PAIRS)
async def test_the_second_request_finds_the_plan_of_the_first(api: Api, case: str) -> None:
    text, variables = PAIRS[case]
    text += f" # {case}"
    before = planned()
    await api.data(text, variables(1), by="HR_OFFICER")
    await api.data(text, variables(2), by="HR_OFFICER")
    after = planned()
    assert (after[0] - before[0], after[1] - before[1]) == (1, 1)


async def test_callers_of_one_class_share_a_plan_and_not_their_rows(api: Api) -> None:
    text = "{ people(filter: {}) { edges { node { id familyName nationalities } } } } # shared"
    before = planned()
    found = {}
    for caller in ("CANDIDATE", "another candidate", "hr of alpha", "hr of bravo"):
        answer = await api.data(text, by=caller)
        found[caller] = [edge["node"]["id"] for edge in answer["people"]["edges"]]
    after = planned()
    assert (after[0] - before[0], after[1] - before[1]) == (2, 2)
    assert found["CANDIDATE"] != found["another candidate"]
    assert found["hr of alpha"] != found["hr of bravo"]


@pytest.mark.parametrize("file", READING, ids=lambda file: str(file.stem))
async def test_each_ready_operation_takes_the_way_it_is_meant_to(api: Api, file: Path) -> None:
    text, variables = ready(file)
    way = "executor" if file.stem in BY_EXECUTOR else "compiled"
    counted = {name: OPERATIONS.of(name).count for name in ("compiled", "executor")}
    await api.ask(text, variables, by="AUDITOR")
    taken = [n for n, seen in counted.items() if OPERATIONS.of(n).count > seen]
    assert taken == [way]


def ready(file: Path) -> tuple[str, dict[str, Any]]:
    return file.read_text(), json.loads(file.with_suffix(".variables.json").read_text())


async def test_a_revoked_token_is_refused_at_once_however_well_it_is_remembered(
    served: Served,
) -> None:
    query = {"query": "{ people { totalCount } }"}
    token = await served.token("hr")
    assert (await served.post(query, token)).json()["data"]["people"]["totalCount"] > 0
    await models.ApiToken.all().update(revoked_at=await now())
    refused = await served.post(query, token)
    assert (refused.status_code, "data" in refused.json()) == (401, False)
    assert refused.json()["errors"][0]["extensions"]["code"] == "NOT_SIGNED_IN"
    # Not even what is wrong with a document is told to it.
    for broken in ("{ nowhere }", "{", "{ viewer { label } }"):
        assert (await served.post({"query": broken}, token)).status_code == 401


async def test_roles_count_as_they_are_when_the_answer_is_read(served: Served) -> None:
    query = {"query": "{ people { totalCount } accounts { totalCount } }"}
    token = await served.token("hr")
    before = (await served.post(query, token)).json()
    assert before["data"]["people"] is not None
    await models.RoleGrant.all().update(role=Role.ADMINISTRATOR)
    after = (await served.post(query, token)).json()
    assert after["data"]["people"] is None
    assert after["data"]["accounts"]["totalCount"] > 0
    assert [error["path"] for error in after["errors"]] == [["people"]]
    await models.RoleGrant.all().delete()
    nobody = (await served.post(query, token)).json()
    assert nobody["data"] == {"people": None, "accounts": None}


async def test_only_administrators_learn_which_way_an_answer_took(served: Served) -> None:
    query = {"query": "{ missions { totalCount } } # debug"}
    for plan in ("miss", "hit"):
        answer = (await served.post(query, await served.token("administrator"))).json()
        assert answer["extensions"]["debug"] == {"way": "compiled", "plan": plan}
    viewing = {"query": "{ viewer { label } }"}
    answer = (await served.post(viewing, await served.token("administrator"))).json()
    assert answer["extensions"]["debug"] == {"way": "executor"}
    for other in ("hr", "auditor", "no_role", "anonymous"):
        answer = (await served.post(query, await served.token(other))).json()
        assert "debug" not in answer["extensions"]


@pytest.mark.parametrize(
    ("who", "status"),
    [("administrator", 200), ("hr", 403), ("auditor", 403), ("no_role", 403), ("anonymous", 401)],
)
async def test_what_is_counted_is_shown_to_administrators(
    served: Served, who: str, status: int
) -> None:
    token = await served.token(who)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = await served.client.get("/metrics", headers=headers)
    assert answer.status_code == status
    assert ("cadre_plans_total" in answer.text) == (status == 200)
    bad = await served.client.get("/metrics", headers={"Authorization": "Bearer cadre_none"})
    assert bad.status_code == 401


async def test_a_long_answer_is_compressed_for_those_who_can_read_it(served: Served) -> None:
    query = {"query": "{ __schema { types { name description } } }"}
    token = await served.token("hr")
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "gzip"}
    packed = await served.client.post("/graphql", json=query, headers=headers)
    headers["Accept-Encoding"] = "identity"
    plain = await served.client.post("/graphql", json=query, headers=headers)
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.json()["data"] == plain.json()["data"]
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 3
    assert "accept-encoding" in plain.headers["vary"]


async def waiting() -> int:
    """How many statements wait for a lock."""
    sql = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    _, rows = await connections.get("default").execute_query(sql)
    return int(rows[0]["count"])


async def until_waiting(wanted: int) -> None:
    for _ in range(1_500):
        if await waiting() == wanted:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"not {wanted} statements wait")


@asynccontextmanager
async def courses_locked() -> AsyncIterator[None]:
    """Until the end nobody else can read the courses."""
    async with in_transaction() as transaction:
        await transaction.execute_query("LOCK TABLE course IN ACCESS EXCLUSIVE MODE")
        yield


async def test_a_client_that_goes_away_takes_its_statement_with_it(served: Served) -> None:
    async with courses_locked():
        asking = asyncio.create_task(served.post({"query": "{ courses { totalCount } }"}, None))
        await until_waiting(1)
        asking.cancel()
        await until_waiting(0)


async def test_a_read_that_takes_too_long_is_cancelled_and_says_so(served: Served) -> None:
    async with courses_locked():
        answer = await served.post({"query": "{ courses { totalCount } }"}, None)
        assert answer.status_code == 503
        assert answer.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
        assert await waiting() == 0
