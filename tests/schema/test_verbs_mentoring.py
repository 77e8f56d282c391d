"""Mentors, requests, runs, decisions and pairs, over HTTP: their answers and their refusals."""

from typing import Any

import pytest

from service import models
from service.access.roles import Role
from tests import factories, programmes
from tests.schema.served import CALLERS, Served, opaque, opaque_id
from tests.schema.verbs import CASES, paired, proposed

OFFER = """
    capacity themes statement timeZone availableFrom availableUntil refusedNationalities
    activeMentorships version
"""
NOBODY = "0190a000-0000-7000-8000-00000000dead"
NO_NULL = "This cannot be null; give a value, or leave the field out."
FULL = {
    "capacity": 5,
    "themes": ["ELECTIONS"],
    "statement": "I listen.",
    "timeZone": "Africa/Nairobi",
    "availableFrom": "2026-01-01",
    "availableUntil": "2026-12-31",
    "refusedNationalities": ["FRA"],
}


async def sound(served: Served, verb: str, **changes: Any) -> dict[str, Any]:
    """The input of the verb's case, changed."""
    return await CASES[verb].given(served.world) | changes


async def test_a_registered_mentor_is_answered_with_the_offer(served: Served) -> None:
    select = f"{OFFER} person {{ id }} consentedAt conflictsDeclaredAt withdrawnAt"
    given = await sound(served, "registerMentor", **FULL)
    row = await served.done("registerMentor", given, select=select)
    assert row.pop("consentedAt")
    assert row == FULL | {
        "person": {"id": given["personId"]},
        "activeMentorships": 0,
        "version": 1,
        "conflictsDeclaredAt": None,
        "withdrawnAt": None,
    }


@pytest.mark.parametrize(
    ("change", "code", "path", "message"),
    [
        (
            {"consents": False},
            "INVALID",
            ["consents"],
            "Nobody becomes a mentor without agreeing to.",
        ),
        ({"capacity": -1}, "INVALID", ["capacity"], "Give 0 or more."),
        ({"capacity": 2**31 - 1}, "INVALID", ["capacity"], "Give 5 or less."),
        ({"capacity": None}, "INVALID", ["capacity"], NO_NULL),
        (
            {"timeZone": "Mars/Olympus"},
            "INVALID",
            ["timeZone"],
            "This must be an IANA time zone such as Africa/Nairobi.",
        ),
        (
            {"availableFrom": "2026-02-01", "availableUntil": "2026-01-31"},
            "INVALID",
            ["availableUntil"],
            "The availability ends before it starts; correct its last day.",
        ),
        (
            {"refusedNationalities": ["XXX"]},
            "INVALID",
            ["refusedNationalities"],
            "No Member State has the code XXX.",
        ),
        (
            {"conflicts": [opaque_id("Person", NOBODY)]},
            "INVALID",
            ["conflicts"],
            "Say that conflicts are declared when you name them.",
        ),
        (
            {"conflicts": [opaque_id("Person", NOBODY)], "conflictsDeclared": True},
            "NOT_FOUND",
            ["conflicts"],
            "There is no such Person, or you may not see it.",
        ),
    ],
)
async def test_an_offer_that_cannot_be_is_refused_at_its_field(
    served: Served, change: dict[str, Any], code: str, path: list[str], message: str
) -> None:
    given = await sound(served, "registerMentor", **change)
    assert await served.refused("registerMentor", given) == (code, path, message)


async def test_only_former_leaders_who_are_no_mentors_yet_are_registered(served: Served) -> None:
    given = {"personId": opaque(served.world.stranger), "consents": True}
    assert await served.refused("registerMentor", given) == (
        "INVALID",
        ["personId"],
        "Mentors are former heads or deputy heads of mission; record that service first.",
    )
    mentor = await models.Person.get(id=served.world.mentor.person_id)
    assert await served.refused("registerMentor", given | {"personId": opaque(mentor)}) == (
        "CONFLICT",
        ["personId"],
        "This person is a mentor already; update that entry instead.",
    )


async def test_an_offer_changes_only_where_it_is_told_to(served: Served) -> None:
    offer = opaque(served.world.mentor)
    change = {"id": offer, "version": 1, **FULL}
    row = await served.done("updateMentor", change, by="mentor", select=OFFER)
    shown = FULL | {"activeMentorships": 0, "version": 2}
    assert row == shown
    row = await served.done("updateMentor", {"id": offer, "version": 2}, by="mentor", select=OFFER)
    assert row == shown | {"version": 3}


@pytest.mark.parametrize("name", ["timeZone", "availableFrom", "availableUntil"])
async def test_null_clears_what_an_offer_may_leave_open(served: Served, name: str) -> None:
    offer = {"id": opaque(served.world.mentor)}
    await served.done("updateMentor", offer | {"version": 1} | FULL)
    row = await served.done("updateMentor", offer | {"version": 2, name: None}, select=OFFER)
    assert row == FULL | {"activeMentorships": 0, "version": 3, name: None}


@pytest.mark.parametrize(
    "name",
    [
        "consents",
        "capacity",
        "themes",
        "statement",
        "refusedNationalities",
        "conflictsDeclared",
        "conflicts",
    ],
)
async def test_null_is_refused_where_an_offer_must_say_something(served: Served, name: str) -> None:
    given = {"id": opaque(served.world.mentor), "version": 1, name: None}
    assert await served.refused("updateMentor", given) == ("INVALID", [name], NO_NULL)


async def test_capacity_stays_above_the_pairs_and_versions_are_compared(served: Served) -> None:
    await paired(served.world)
    given = {"id": opaque(served.world.mentor), "version": 1, "capacity": 0}
    assert await served.refused("updateMentor", given) == (
        "CONFLICT",
        ["capacity"],
        "This mentor has 1 active mentorship; capacity cannot be lower. Close one first.",
    )
    payload = await served.do("updateMentor", given | {"version": 4})
    (error,) = payload["errors"]
    assert (error["code"], error["currentVersion"]) == ("VERSION_CONFLICT", 1)


async def test_a_request_is_answered_with_its_wishes(served: Served) -> None:
    wishes = {
        "topCriterion": "LANGUAGE",
        "preferredGender": "FEMALE",
        "refusedNationalities": ["FRA"],
        "timeZone": "Africa/Nairobi",
    }
    given = await sound(served, "requestMentor", **wishes)
    given |= {"preferred": [opaque(served.world.mentor)], "conflictsDeclared": True}
    select = f"""
        state goals {" ".join(wishes)} version person {{ id }} appointment {{ id }}
        preferences {{ edges {{ node {{ kind rank mentor {{ id }} }} }} }}
    """
    row = await served.done("requestMentor", given, select=select)
    wish = {"kind": "PREFERRED", "rank": 1, "mentor": {"id": opaque(served.world.mentor)}}
    assert row == wishes | {
        "state": "WAITING",
        "goals": "Lead through a transition.",
        "version": 1,
        "person": {"id": given["personId"]},
        "appointment": {"id": opaque(served.world.appointment)},
        "preferences": {"edges": [{"node": wish}]},
    }


@pytest.mark.parametrize(
    ("change", "code", "path", "message"),
    [
        ({"goals": " a "}, "INVALID", ["goals"], "Write at least 3 characters."),
        ({"goals": "g" * 2001}, "INVALID", ["goals"], "Write at most 2000 characters."),
        (
            {"preferred": [opaque_id("Mentor", NOBODY)]},
            "NOT_FOUND",
            ["preferred"],
            "There is no such Mentor, or you may not see it.",
        ),
        (
            {"refused": [opaque_id("Mentor", NOBODY)] * 2},
            "INVALID",
            ["refused"],
            "Each mentor stands once: preferred or refused.",
        ),
        (
            {"preferred": [opaque_id("Person", NOBODY)]},
            "INVALID",
            ["preferred", "0"],
            "This is not the id of a Mentor.",
        ),
        (
            {"preferred": [opaque_id("Mentor", NOBODY)] * 21},
            "INVALID",
            ["preferred"],
            "Give at most 20 entries; these are 21.",
        ),
    ],
)
async def test_a_request_that_cannot_be_is_refused_at_its_field(
    served: Served, change: dict[str, Any], code: str, path: list[str], message: str
) -> None:
    given = await sound(served, "requestMentor", **change)
    assert await served.refused("requestMentor", given) == (code, path, message)


async def test_only_leaders_in_post_without_an_open_request_ask(served: Served) -> None:
    given = await sound(served, "requestMentor")
    await served.done("requestMentor", given)
    assert await served.refused("requestMentor", given) == (
        "CONFLICT",
        ["personId"],
        "This person has an open request already; withdraw it before making another.",
    )
    stranger = given | {"personId": opaque(served.world.stranger)}
    assert await served.refused("requestMentor", stranger, by="stranger") == (
        "INVALID",
        ["personId"],
        "Only a head or deputy head of mission in post asks for a mentor.",
    )


async def test_a_request_is_withdrawn_once(served: Served) -> None:
    given = await sound(served, "withdrawRequest")
    row = await served.done("withdrawRequest", given, select="state version")
    assert row == {"state": "WITHDRAWN", "version": 2}
    assert await served.refused("withdrawRequest", given | {"version": 2}) == (
        "CONFLICT",
        ["id"],
        "The request is WITHDRAWN and waits no longer.",
    )


async def test_a_matched_request_is_not_withdrawn(served: Served) -> None:
    pair = await paired(served.world)
    given = {"id": opaque_id("MentorshipRequest", pair.request_id), "version": 1}
    assert await served.refused("withdrawRequest", given) == (
        "CONFLICT",
        ["id"],
        "A mentor was found; close the mentorship instead.",
    )


async def test_a_run_answers_with_its_proof_and_its_proposals_and_the_same_run_again(
    served: Served,
) -> None:
    made = await programmes.programme(mentors=1, requests=1)
    select = """
        id number trigger menteeCount mentorCount proposalCount unmatchedCount gap
        proposals { edges { node { state mentor { id } request { id } } } }
    """
    first = await served.done("startMatchRun", {"note": "Elections."}, select=select)
    assert first.pop("id")
    assert first == {
        "number": 1,
        "trigger": "PERSON",
        "menteeCount": 1,
        "mentorCount": 2,
        "proposalCount": 1,
        "unmatchedCount": 0,
        "gap": 0.0,
        "proposals": {
            "edges": [
                {
                    "node": {
                        "state": "PROPOSED",
                        "mentor": {"id": opaque(made.mentors[0])},
                        "request": {"id": opaque(made.requests[0])},
                    }
                }
            ]
        },
    }
    again = await served.done("startMatchRun", {}, select="number")
    assert again == {"number": 1}


async def test_an_approval_makes_the_mentorship_in_the_same_answer(served: Served) -> None:
    given = await sound(served, "approveMatchProposal")
    select = """
        state version decidedAt rejectionReason request { state }
        mentorships { edges { node { state mentor { activeMentorships } } } }
    """
    row = await served.done("approveMatchProposal", given, select=select)
    assert row.pop("decidedAt")
    assert row == {
        "state": "APPROVED",
        "version": 2,
        "rejectionReason": None,
        "request": {"state": "MATCHED"},
        "mentorships": {
            "edges": [{"node": {"state": "ACTIVE", "mentor": {"activeMentorships": 1}}}]
        },
    }


async def test_a_rejection_keeps_its_reason(served: Served) -> None:
    given = await sound(served, "rejectMatchProposal")
    select = "state version rejectionReason request { state }"
    assert await served.done("rejectMatchProposal", given, select=select) == {
        "state": "REJECTED",
        "version": 2,
        "rejectionReason": "They are related.",
        "request": {"state": "WAITING"},
    }


@pytest.mark.parametrize("verb", ["approveMatchProposal", "rejectMatchProposal"])
async def test_a_decided_proposal_is_not_decided_again(served: Served, verb: str) -> None:
    given = await sound(served, "rejectMatchProposal")
    await served.done("rejectMatchProposal", given)
    if verb == "approveMatchProposal":
        given.pop("reason")
    assert await served.refused(verb, given | {"version": 2}) == (
        "CONFLICT",
        ["id"],
        "This proposal is rejected already; decide on one that is still proposed.",
    )


@pytest.mark.parametrize("reason", ["", "  no  ", "n" * 2001])
async def test_a_rejection_needs_a_reason_that_says_something(served: Served, reason: str) -> None:
    given = await sound(served, "rejectMatchProposal", reason=reason)
    code, path, message = await served.refused("rejectMatchProposal", given)
    assert (code, path) == ("INVALID", ["reason"])
    assert message in {"Write at least 3 characters.", "Write at most 2000 characters."}


async def test_a_full_mentor_is_not_given_a_second_mentee(served: Served) -> None:
    await factories.make_mentorship(mentor=served.world.mentor)
    given = await sound(served, "approveMatchProposal")
    assert await served.refused("approveMatchProposal", given) == (
        "CONFLICT",
        ["id"],
        "The mentor has no place left; reject this proposal, or raise the mentor's capacity.",
    )


@pytest.mark.parametrize("half", ["owner", "mentor"])
async def test_half_of_a_pair_does_not_decide_about_it(
    served: Served, half: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CALLERS, "manager and half", (Role.MENTORING_MANAGER, half, None))
    given = {"id": opaque(await proposed(served.world)), "version": 1}
    assert await served.refused("approveMatchProposal", given, by="manager and half") == (
        "NOT_ALLOWED",
        [],
        "You are part of this pair; somebody else decides about it.",
    )


async def test_a_closed_mentorship_keeps_its_reason_and_closes_once(served: Served) -> None:
    given = await sound(served, "closeMentorship")
    select = "state closingReason closedOn version request { state }"
    row = await served.done("closeMentorship", given, by="mentor", select=select)
    assert row.pop("closedOn")
    assert row == {
        "state": "CLOSED",
        "closingReason": "NOT_A_FIT",
        "version": 2,
        "request": {"state": "CLOSED"},
    }
    assert await served.refused("closeMentorship", given | {"version": 2}) == (
        "CONFLICT",
        ["id"],
        "This mentorship is closed already.",
    )
