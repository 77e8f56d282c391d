"""Ratings of cycles over HTTP: their answers, and their refusals in the words people read."""

from typing import Any

import pytest

from tests.schema.served import Served
from tests.schema.verbs import CASES

ALL = """
    side cycle cycleEndedOn rating goalsMet workingRelationship sharedValues meetingsHeld
    meetingRhythm wouldContinue wouldRecommend remark givenOn isOnBehalf version
"""
ANSWERS = {
    "goalsMet": 5,
    "workingRelationship": 4,
    "sharedValues": 3,
    "meetingsHeld": 0,
    "meetingRhythm": "ABOUT_RIGHT",
    "wouldContinue": False,
    "wouldRecommend": True,
    "remark": "We wrote letters.",
}
ORDER = "A later cycle ends later: this day does not fit the cycles that are rated already."


async def sound(served: Served, **changes: Any) -> dict[str, Any]:
    return await CASES["recordMatchOutcome"].given(served.world) | changes


async def test_a_recorded_rating_is_answered_in_full_to_the_half_that_gave_it(
    served: Served,
) -> None:
    given = await sound(served, **ANSWERS, givenOn="2024-11-02")
    row = await served.done("recordMatchOutcome", given, by="owner", select=ALL)
    asked = {name: value for name, value in given.items() if name != "mentorshipId"}
    assert row == asked | {"isOnBehalf": False, "version": 1}


async def test_an_officer_writes_a_remark_down_and_does_not_read_it_again(served: Served) -> None:
    given = await sound(served, **ANSWERS)
    row = await served.done("recordMatchOutcome", given, select="remark isOnBehalf rating")
    assert row == {"remark": None, "isOnBehalf": True, "rating": 4}


@pytest.mark.parametrize(
    ("change", "path", "message"),
    [
        ({"rating": 0}, "rating", "Give 1 or more."),
        ({"goalsMet": 6}, "goalsMet", "Give 5 or less."),
        ({"meetingsHeld": -1}, "meetingsHeld", "Give 0 or more."),
        ({"meetingsHeld": 101}, "meetingsHeld", "Give 100 or less."),
        ({"cycle": 0}, "cycle", "Give 1 or more."),
        (
            {"cycleEndedOn": "2024-04-30"},
            "cycleEndedOn",
            "The mentorship had not begun then; correct the last day of the cycle.",
        ),
        (
            {"cycleEndedOn": "2999-01-01"},
            "cycleEndedOn",
            "A cycle is rated when it has ended, not before; correct its last day.",
        ),
        ({"givenOn": "2999-01-01"}, "givenOn", "A rating cannot be given in the future."),
    ],
)
async def test_a_rating_that_cannot_be_is_refused_at_its_field(
    served: Served, change: dict[str, Any], path: str, message: str
) -> None:
    given = await sound(served)
    assert await served.refused("recordMatchOutcome", given | change) == (
        "INVALID",
        [path],
        message,
    )


async def test_a_second_rating_and_a_cycle_out_of_order_are_refused(served: Served) -> None:
    given = await sound(served)
    await served.done("recordMatchOutcome", given)
    assert await served.refused("recordMatchOutcome", given | {"rating": 1}) == (
        "CONFLICT",
        ["cycle"],
        "This half of the pair has rated this cycle already; correct that rating instead.",
    )
    assert await served.refused("recordMatchOutcome", given | {"cycle": 2}) == (
        "INVALID",
        ["cycleEndedOn"],
        ORDER,
    )


async def test_a_half_that_rates_for_the_other_is_told_which_it_is(served: Served) -> None:
    given = await sound(served)
    assert await served.refused("recordMatchOutcome", given, by="mentor") == (
        "NOT_ALLOWED",
        ["side"],
        "You are the mentor of this pair; rate it from that side.",
    )
    row = await served.done("recordMatchOutcome", given | {"side": "MENTOR"}, by="mentor")
    assert row["id"]


async def test_a_trial_tells_one_half_nothing_of_the_other(served: Served) -> None:
    given = await sound(served)
    await served.done("recordMatchOutcome", given, by="owner")
    trial = given | {"side": "MENTOR", "cycleEndedOn": "2024-09-30", "validateOnly": True}
    payload = await served.do("recordMatchOutcome", trial, by="mentor")
    assert payload == {"row": None, "errors": []}
    count = "{ mentorships { edges { node { version outcomes { totalCount } } } } }"
    (pair,) = (await served.ask(count, by="mentor"))["data"]["mentorships"]["edges"]
    assert pair["node"] == {"version": 1, "outcomes": {"totalCount": 0}}
