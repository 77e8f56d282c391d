"""`runningMatch`, `runningMatchChanged` and `cancelMatchRun`: who sees the run under way and ends it."""

from typing import Any

import pytest

from service import match_progress, models
from service.access.actors import system
from tests.programmes import a_running_match, end_running_matches
from tests.schema.live import House
from tests.schema.served import ANONYMOUS, EVERYBODY, Served, opaque
from tests.schema.test_subscriptions import MANAGER, following

SEEING = {"hr", "mentoring_manager", "auditor"}
SHOWN = "id trigger phase rounds edges openPairs gap cancelledAt"
ASKED = f"{{ runningMatch {{ {SHOWN} startedAt }} }}"
CHANGED = f"subscription {{ runningMatchChanged {{ {SHOWN} }} }}"


def shown(row: models.RunningMatch, **changes: Any) -> dict[str, Any]:
    return {
        "id": opaque(row),
        "trigger": "NIGHTLY",
        "phase": "price",
        "rounds": 2,
        "edges": 700,
        "openPairs": 3,
        "gap": 1.5,
        "cancelledAt": None,
    } | changes


async def running() -> models.RunningMatch:
    return await a_running_match(phase="price", open_pairs=3, gap=1_500_000)


@pytest.mark.parametrize("caller", EVERYBODY)
async def test_only_who_reads_match_runs_sees_the_one_under_way(
    served: Served, caller: str
) -> None:
    row = await running()
    answer = await served.ask(ASKED, by=caller)
    assert "errors" not in answer
    found = answer["data"]["runningMatch"]
    if caller not in SEEING:
        assert found is None
        return
    assert found.pop("startedAt")
    assert found == shown(row)


@pytest.mark.parametrize("caller", ["hr", ANONYMOUS])
async def test_without_a_run_under_way_there_is_nothing_to_see(served: Served, caller: str) -> None:
    row = await running()
    await end_running_matches()
    query = f'{{ runningMatch {{ id }} node(id: "{opaque(row)}") {{ id }} }}'
    assert (await served.ask(query, by=caller))["data"] == {"runningMatch": None, "node": None}


async def test_the_run_under_way_is_told_as_it_comes_further_and_as_it_is_cancelled(
    house: House, served: Served
) -> None:
    row = await running()
    async with house.connected(await served.token(MANAGER)) as client:
        await following(house, client, CHANGED)
        await models.RunningMatch.filter(id=row.id).update(phase="solve", rounds=3)
        told = (await client.result("s"))["data"]["runningMatchChanged"]
        assert told == shown(row, phase="solve", rounds=3)
        await models.RunningMatch.filter(id=row.id).update(phase="solve")
        await served.done("cancelMatchRun", {"id": opaque(row)}, by=MANAGER)
        told = (await client.result("s"))["data"]["runningMatchChanged"]
        assert told.pop("cancelledAt")
        assert told.items() <= shown(row, phase="solve", rounds=3).items()
        await client.hears_nothing_more()


@pytest.mark.parametrize("caller", sorted({*EVERYBODY} - SEEING))
async def test_who_may_not_read_match_runs_may_not_follow_the_one_under_way(
    house: House, served: Served, caller: str
) -> None:
    await running()
    async with house.connected(await served.token(caller)) as client:
        await client.ask("s", CHANGED)
        code = (await client.refusal("s"))["extensions"]["code"]
        assert code == ("NOT_SIGNED_IN" if caller == ANONYMOUS else "NOT_ALLOWED")


async def test_a_cancellation_names_its_author_and_its_reason_and_is_made_once(
    served: Served,
) -> None:
    row = await running()
    given = {"id": opaque(row), "note": "Wrong weights."}
    done = await served.done("cancelMatchRun", given, select="phase cancelledAt")
    assert done["phase"] == "price"
    assert done["cancelledAt"]
    assert await served.refused("cancelMatchRun", given) == (
        "CONFLICT",
        ["id"],
        "This match run ends already; look at what comes of it.",
    )
    event = await models.AuditEvent.get(aggregate="RunningMatch")
    assert (event.verb, event.actor_label, event.reason) == ("cancel", "hr", "Wrong weights.")


async def test_a_run_that_has_ended_is_not_there_to_be_cancelled(served: Served) -> None:
    row = await running()
    await end_running_matches()
    assert await served.refused("cancelMatchRun", {"id": opaque(row)}) == (
        "NOT_FOUND",
        ["id"],
        "There is no such RunningMatch, or you may not see it.",
    )


async def test_a_run_is_cancelled_from_outside_the_api_too(served: Served) -> None:
    await running()
    await match_progress.cancel_running(by=system("Command line"))
    found = (await served.ask("{ runningMatch { cancelledAt } }"))["data"]["runningMatch"]
    assert found["cancelledAt"]
