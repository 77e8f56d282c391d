"""Pins and bans over HTTP: their answers, and what either half of the pair meets."""

from datetime import timedelta
from typing import Any

import pytest

from service import accounts, clock, models
from service.access.roles import Role
from tests import factories
from tests.refusals import everything
from tests.schema.served import SYSTEM, Served, opaque
from tests.schema.verbs import CASES, overridden

ALL = """
    kind state countsToday reason endsOn proposedOn decidedOn declineReason withdrawnOn
    withdrawalReason version request { id } mentor { id }
"""
VERBS = [verb for verb in CASES if verb.endswith("MatchOverride")]


async def half(served: Served, name: str) -> str:
    """The name of a caller who runs the programme and is this half of the pair."""
    person = {"mentee": served.world.owner.id, "mentor": served.world.mentor.person_id}[name]
    caller = f"manager and {name}"
    account = await accounts.ensure(caller, Role.MENTORING_MANAGER, person, None, by=SYSTEM)
    change = accounts.NewToken(account_id=account.id, label="Tests")
    issued = await accounts.issue_token(change, by=SYSTEM)
    assert issued.secret is not None
    served.tokens[caller] = issued.secret
    return caller


async def test_an_override_is_answered_in_full_from_its_proposal_to_its_end(
    served: Served,
) -> None:
    given = await CASES["proposeMatchOverride"].given(served.world)
    today = str(await clock.today())
    row = await served.done("proposeMatchOverride", given, select=f"id {ALL}")
    nothing = dict.fromkeys(("decidedOn", "declineReason", "withdrawnOn", "withdrawalReason"))
    known: dict[str, Any] = {
        **nothing,
        "kind": "BAN",
        "reason": "They have shared an office.",
        "endsOn": given["endsOn"],
        "proposedOn": today,
        "request": {"id": given["requestId"]},
        "mentor": {"id": given["mentorId"]},
    }
    override = row.pop("id")
    assert row == known | {"state": "PROPOSED", "countsToday": False, "version": 1}
    step = {"id": override, "version": 1}
    known |= {"decidedOn": today}
    row = await served.done("approveMatchOverride", step, by="mentoring_manager", select=ALL)
    assert row == known | {"state": "IN_FORCE", "countsToday": True, "version": 2}
    step = {"id": override, "version": 2, "reason": "They made peace."}
    row = await served.done("withdrawMatchOverride", step, select=ALL)
    assert row == known | {
        "state": "WITHDRAWN",
        "countsToday": False,
        "version": 3,
        "withdrawnOn": today,
        "withdrawalReason": "They made peace.",
    }


async def test_whoever_proposed_an_override_is_told_that_somebody_else_approves(
    served: Served,
) -> None:
    given = await CASES["proposeMatchOverride"].given(served.world)
    row = await served.done("proposeMatchOverride", given)
    step = {"id": row["id"], "version": 1}
    assert await served.refused("approveMatchOverride", step) == (
        "NOT_ALLOWED",
        [],
        "You proposed this override; somebody else approves it.",
    )
    assert await served.done("approveMatchOverride", step, by="mentoring_manager") == row


@pytest.mark.parametrize("name", ["mentee", "mentor"])
@pytest.mark.parametrize("verb", VERBS)
async def test_either_half_of_the_pair_is_refused_whatever_role_they_hold(
    served: Served, verb: str, name: str
) -> None:
    given = await CASES[verb].given(served.world)
    caller = await half(served, name)
    before = await everything()
    refusal = await served.refused(verb, given, by=caller)
    assert refusal == (
        (
            "NOT_ALLOWED",
            [],
            "You are part of this pair; somebody else decides about it.",
        )
        if verb == "proposeMatchOverride"
        else ("NOT_FOUND", ["id"], "There is no such MatchOverride, or you may not see it.")
    )
    assert await everything() == before


@pytest.mark.parametrize("name", ["mentee", "mentor"])
async def test_a_trial_tells_neither_half_that_an_override_stands(
    served: Served, name: str
) -> None:
    row = await overridden(served.world)
    caller = await half(served, name)
    given = {
        "kind": "BAN",
        "requestId": opaque(await row.request),
        "mentorId": opaque(served.world.mentor),
        "reason": "Does one stand?",
        "endsOn": str(row.ends_on),
        "validateOnly": True,
    }
    there = await served.refused("proposeMatchOverride", given, by=caller)
    other = await models.Mentor.create(person=served.world.stranger, consented_at=row.created_at)
    assert there[0] == "NOT_ALLOWED"
    assert await served.refused("proposeMatchOverride", given) == (
        "CONFLICT",
        ["mentorId"],
        "Another override for these two is proposed or in force; decide on that one first.",
    )
    if name == "mentee":
        apart = await served.refused(
            "proposeMatchOverride", given | {"mentorId": opaque(other)}, by=caller
        )
        assert apart == there


@pytest.mark.parametrize("beside", ["", " __typename"], ids=["alone", "executed"])
@pytest.mark.parametrize("by", ["hr", "mentoring_manager"])
async def test_a_pin_against_a_rule_is_refused_with_the_rule_and_what_helps(
    served: Served, by: str, beside: str
) -> None:
    row = await overridden(served.world, kind="PIN")
    request = await row.request
    await factories.suit(request, served.world.mentor)
    await models.MentorPreference.update_or_create(
        {"kind": "REFUSED", "rank": None}, request=request, mentor=served.world.mentor
    )
    await served.token(by)
    before = await everything()
    document = f"""mutation($input: ApproveMatchOverrideInput!) {{{beside}
        approveMatchOverride(input: $input) {{ matchOverride {{ id }}
            errors {{ code path message rules }} }} }}"""
    given = {"id": opaque(row), "version": 1}
    answer = await served.ask(document, {"input": given}, by=by)
    assert answer["data"]["approveMatchOverride"] == {
        "matchOverride": None,
        "errors": [
            {
                "code": "CONFLICT",
                "path": ["id"],
                "message": "The mentee refused the mentor, or a person rejected the pair."
                " Choose another mentor. A pin overrides no rule.",
                "rules": ["VETO"],
            }
        ],
    }
    assert await everything() == before


@pytest.mark.parametrize("days", [0, 367])
async def test_the_day_of_its_end_is_refused_at_its_field(served: Served, days: int) -> None:
    given = await CASES["proposeMatchOverride"].given(served.world)
    given["endsOn"] = str(await clock.today() + timedelta(days=days))
    assert await served.refused("proposeMatchOverride", given) == (
        "INVALID",
        ["endsOn"],
        "Choose a day after today and at most a year ahead; on that day it stops counting.",
    )


async def test_overrides_are_listed_from_the_request_and_from_the_mentor(served: Served) -> None:
    await overridden(served.world, state="IN_FORCE")
    query = """{ matchOverrides(filter: {countsToday: true, kind: [BAN], mentor:
        {isOffering: true}, request: {state: [WAITING]}}, orderBy: [{field: PROPOSED_ON}]) {
        totalCount edges { node { state
            request { overrides { totalCount } } mentor { overrides { totalCount } } } } } }"""
    one = {"overrides": {"totalCount": 1}}
    answer = await served.ask(query, by="auditor")
    assert answer["data"]["matchOverrides"] == {
        "totalCount": 1,
        "edges": [{"node": {"state": "IN_FORCE", "request": one, "mentor": one}}],
    }
    hidden = await served.ask(
        "{ mentors { edges { node { overrides { totalCount } } } } }", by="mentor"
    )
    assert hidden["data"]["mentors"]["edges"] == [{"node": {"overrides": {"totalCount": 0}}}]
