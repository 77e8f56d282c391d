"""What pins, caps and least loads do to a run, told and tried out over HTTP, and to whom."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from service import accounts, clock, match_inputs, models
from service.access.roles import Role
from tests import programmes
from tests.programmes import Programme
from tests.refusals import everything
from tests.schema.served import ANONYMOUS, EVERYBODY, SYSTEM, Served, opaque, opaque_id
from tests.schema.test_match_explanations import READERS

PROPOSED = """
query Proposed($id: ID!, $mentor: ID!) {
  matchProposal(id: $id) {
    explanation { isPinned runnerUp { score } sentences }
    whyNot(mentor: $mentor, exact: true) {
      standing rules hindrances isCrowded isUntold exactCost moves { request { id } } sentences
    }
  }
}
"""
UNMATCHED = """
query Unmatched($id: ID!, $mentor: ID!) {
  unmatchedMentee(id: $id) {
    explanation { suitable capped isUntold room { mentor { id } cost } sentences }
    whyNot(mentor: $mentor, exact: true) {
      standing hindrances isCrowded exactCost moves { request { id } after { id } }
    }
  }
}
"""
PLACES = """
query Places($id: ID!, $mentor: ID!) {
  matchRun(id: $id) {
    places(mentor: $mentor) {
      standing free spare pinned price isAtMost loadPrice nextMentee { score } sentences
    }
  }
}
"""
WHAT_IF = """
query Try($input: WhatIfMatchInput!) {
  whatIfMatch(input: $input) {
    kept changed new gone sentences changes { request { id } fate after { id } }
    settings { name before after }
  }
}
"""


async def a_bound_run(
    served: Served, monkeypatch: pytest.MonkeyPatch, *, requests: int = 3, **settings: Any
) -> tuple[Programme, models.MatchRun]:
    """Two mentors with two places, the first of whom the last who waits is pinned to.

    Two people decided on the pin, and the first who waits asked for that mentor as well.
    """
    await models.Mentor.all().delete()
    world = await programmes.programme(requests=requests)
    for _ in range(2):
        await world.mentor(capacity=2)
    await models.MentorPreference.create(
        request=world.requests[0], mentor=world.mentors[0], kind="PREFERRED", rank=1
    )
    given = pair(world, -1, 0) | {
        "kind": "PIN",
        "reason": "They know the country best.",
        "endsOn": str(await clock.today() + timedelta(days=90)),
    }
    row = await served.done("proposeMatchOverride", given)
    await served.done(
        "approveMatchOverride", {"id": row["id"], "version": 1}, by="mentoring_manager"
    )
    changed = replace(match_inputs.CONFIGURATION, **settings)
    monkeypatch.setattr(match_inputs, "CONFIGURATION", changed)
    await served.done("startMatchRun", {}, select="id")
    return world, await models.MatchRun.get()


def pair(world: Programme, request: int, mentor: int) -> dict[str, str]:
    return {
        "requestId": opaque(world.requests[request]),
        "mentorId": opaque(world.mentors[mentor]),
    }


async def proposals(world: Programme) -> tuple[models.MatchProposal, models.MatchProposal]:
    """The one that is pinned, and the other one."""
    pinned = await models.MatchProposal.get(request=world.requests[2])
    return pinned, await models.MatchProposal.get(id__not=pinned.id)


async def half(served: Served, person_id: UUID) -> str:
    """The name of a caller who runs the programme and is this person, half of a pair."""
    caller = f"manager {person_id}"
    account = await accounts.ensure(caller, Role.MENTORING_MANAGER, person_id, None, by=SYSTEM)
    change = accounts.NewToken(account_id=account.id, label="Tests")
    issued = await accounts.issue_token(change, by=SYSTEM)
    assert issued.secret is not None
    served.tokens[caller] = issued.secret
    return caller


async def test_a_pin_and_a_full_group_are_told_from_every_side(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, run = await a_bound_run(served, monkeypatch, group_caps=(("stream", 1),))
    pinned, other = await proposals(world)
    left = await models.UnmatchedMentee.get()
    first, second = map(opaque, world.mentors)

    answer = await served.ask(PROPOSED, {"id": opaque(pinned), "mentor": second})
    row = answer["data"]["matchProposal"]
    assert (row["explanation"]["isPinned"], row["explanation"]["runnerUp"]) == (True, None)
    assert row["explanation"]["sentences"][-1] == "A decision pins the mentee to this mentor."
    assert row["whyNot"]["standing"] == "NO_ROOM"
    assert row["whyNot"]["hindrances"] == ["PINNED_ELSEWHERE"]
    assert (row["whyNot"]["rules"], row["whyNot"]["exactCost"]) == ([], None)

    answer = await served.ask(PROPOSED, {"id": opaque(other), "mentor": first}, by="auditor")
    row = answer["data"]["matchProposal"]
    assert row["explanation"]["isPinned"] is False
    assert row["whyNot"]["hindrances"] == ["GROUP_FULL"]
    assert (
        "Yet there is no room for it: the mentor has as many of the group as may be."
        in row["whyNot"]["sentences"]
    )

    given = {"id": opaque(left), "mentor": second}
    answer = await served.ask(UNMATCHED, given, by="mentoring_manager")
    row = answer["data"]["unmatchedMentee"]
    told, why = row["explanation"], row["whyNot"]
    assert (told["suitable"], told["capped"], told["isUntold"]) == (2, 2, False)
    assert told["room"]["mentor"] == {"id": second}
    assert (why["standing"], why["hindrances"]) == ("COSTS_OTHERS", [])
    assert why["isCrowded"]
    assert why["exactCost"] == told["room"]["cost"]
    assert why["moves"] == [
        {
            "request": {"id": opaque_id("MentorshipRequest", left.request_id)},
            "after": {"id": second},
        },
        {"request": {"id": opaque_id("MentorshipRequest", other.request_id)}, "after": None},
    ]

    answer = await served.ask(PLACES, {"id": opaque(run), "mentor": first})
    side = answer["data"]["matchRun"]["places"]
    assert (side["standing"], side["free"], side["spare"]) == ("BETTER_ELSEWHERE", 2, 1)
    assert (side["pinned"], side["price"], side["nextMentee"]) == (1, 0, None)
    assert "Decisions pin 1 mentee to this mentor." in side["sentences"]


async def test_least_loads_are_told_with_their_price(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, run = await a_bound_run(served, monkeypatch, requests=2, least_load=1)
    prices = []
    for mentor in world.mentors:
        answer = await served.ask(PLACES, {"id": opaque(run), "mentor": opaque(mentor)})
        side = answer["data"]["matchRun"]["places"]
        assert (side["isAtMost"], side["nextMentee"]) == (True, None)
        prices.append(side["loadPrice"])
    assert prices[0] == 0 < prices[1]
    assert run.load_prices == {str(world.mentors[1].id): prices[1] * 1_000_000}

    drawn = await models.MatchProposal.get(mentor=world.mentors[1])
    given = {"id": opaque(drawn), "mentor": opaque(world.mentors[0])}
    why = (await served.ask(PROPOSED, given))["data"]["matchProposal"]["whyNot"]
    assert (why["standing"], why["hindrances"]) == ("NO_ROOM", ["LEAST_LOADS"])
    assert (
        "Yet there is no room for it: some mentor would get fewer mentees than must be."
        in why["sentences"]
    )


async def test_overlapping_groups_are_explained_as_well(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    caps = (("stream", 2), ("function", 1))
    world, _ = await a_bound_run(served, monkeypatch, group_caps=caps)
    _, other = await proposals(world)
    left = await models.UnmatchedMentee.get()
    given = {"id": opaque(left), "mentor": opaque_id("Mentor", other.mentor_id)}
    answer = await served.ask(UNMATCHED, given)
    assert "errors" not in answer
    why = answer["data"]["unmatchedMentee"]["whyNot"]
    assert (why["standing"], why["isCrowded"]) == ("COSTS_OTHERS", True)
    assert why["exactCost"] is not None


@pytest.mark.parametrize("caller", EVERYBODY)
async def test_every_caller_is_answered_or_refused_and_learns_no_more(
    served: Served, monkeypatch: pytest.MonkeyPatch, caller: str
) -> None:
    world, run = await a_bound_run(served, monkeypatch, group_caps=(("stream", 1),))
    pinned, _ = await proposals(world)
    left = await models.UnmatchedMentee.get()
    mentor = opaque(world.mentors[1])
    await served.token(caller)
    before = await everything()
    rows: list[tuple[str, str, models.Row]] = [
        ("matchProposal", PROPOSED, pinned),
        ("unmatchedMentee", UNMATCHED, left),
        ("matchRun", PLACES, run),
    ]
    for name, query, row in rows:
        answer = await served.ask(query, {"id": opaque(row), "mentor": mentor}, by=caller)
        assert "errors" not in answer
        assert (answer["data"][name] is not None) == (caller in READERS)
    for supposed in ({"pins": [pair(world, 0, 1)]}, {"bans": [pair(world, 2, 1)]}):
        answer = await served.ask(WHAT_IF, {"input": supposed}, by=caller)
        if caller in READERS:
            assert answer["data"]["whatIfMatch"]["sentences"]
            continue
        assert answer["data"] == {"whatIfMatch": None}
        (error,) = answer["errors"]
        code = "NOT_SIGNED_IN" if caller == ANONYMOUS else "NOT_ALLOWED"
        assert error["extensions"]["code"] == code
    assert await everything() == before


@pytest.mark.parametrize("which", ["mentee", "mentor"])
async def test_neither_half_learns_what_was_decided_about_their_pair(
    served: Served, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    world, run = await a_bound_run(served, monkeypatch, group_caps=(("stream", 1),))
    pinned, other = await proposals(world)
    first, second = map(opaque, world.mentors)
    people = {"mentee": world.requests[2].person_id, "mentor": world.mentors[0].person_id}
    caller = await half(served, people[which])

    answer = await served.ask(PROPOSED, {"id": opaque(pinned), "mentor": second}, by=caller)
    assert answer["data"]["matchProposal"] == {"explanation": None, "whyNot": None}
    answers = [answer]
    answers += [
        await served.ask(WHAT_IF, {"input": {group: [pair(world, 2, 0)]}}, by=caller)
        for group in ("pins", "bans")
    ]
    if which == "mentor":
        given = {"id": opaque(run), "mentor": first}
        answers.append(await served.ask(PLACES, given, by=caller))
        given = {"id": opaque(other), "mentor": first}
        asked = await served.ask(PROPOSED, given, by=caller)
        assert asked["data"]["matchProposal"]["explanation"] is not None
        answers.append(asked)
    for refused in answers:
        for error in refused["errors"]:
            assert error["extensions"]["code"] == "NOT_ALLOWED"
            assert error["message"] == "This is about yourself; somebody else may ask it."


async def test_decisions_and_another_aim_are_tried_out_and_leave_no_trace(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, _ = await a_bound_run(served, monkeypatch, group_caps=(("stream", 1),))
    _, other = await proposals(world)
    left = await models.UnmatchedMentee.get()
    before = await everything()
    in_place = {"requestId": opaque_id("MentorshipRequest", left.request_id)}
    given = {"pins": [in_place | {"mentorId": opaque(world.mentors[1])}], "aim": "NOBODY_LEFT_OUT"}

    answer = await served.ask(WHAT_IF, {"input": given})

    row = answer["data"]["whatIfMatch"]
    assert (row["kept"], row["new"], row["gone"]) == (1, 1, 1)
    fates = {one["request"]["id"]: one["fate"] for one in row["changes"]}
    assert fates == {
        in_place["requestId"]: "NEW",
        opaque_id("MentorshipRequest", other.request_id): "GONE",
    }
    assert [one["name"] for one in row["settings"]] == ["aim"]
    assert await everything() == before


async def test_decisions_that_cannot_be_kept_are_refused_by_the_input(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, _ = await a_bound_run(served, monkeypatch, group_caps=(("stream", 1),))
    answer = await served.ask(WHAT_IF, {"input": {"pins": [pair(world, 0, 0)]}})
    (error,) = answer["errors"]
    assert (error["extensions"]["code"], error["extensions"]["path"]) == ("CONFLICT", ["input"])
    assert "No pairing keeps all that is supposed" in error["message"]
    # Without the mentor the pin that is in force counts no more, so the rest is answered.
    away = {"mentors": [{"mentorId": opaque(world.mentors[0]), "isAway": True}]}
    answer = await served.ask(WHAT_IF, {"input": away})
    assert "errors" not in answer
    assert answer["data"]["whatIfMatch"]["gone"] == 1
