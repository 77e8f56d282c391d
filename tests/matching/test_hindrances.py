"""What leaves no room for a pair, in small worlds made by hand: its words and its refusals."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from matching import Aim, Configuration, Terms, sentences
from matching.explanations import (
    Hindrance,
    Standing,
    proposal,
    why_not,
)
from matching.prices import NotOptimal
from matching.settlements import NOBODY, Settlement
from matching.vacancies import mentee, offer
from tests.matching.decided import stored, three
from tests.matching.worlds import World, a_mentee, a_mentor


def test_a_pin_elsewhere_is_said_in_its_own_words() -> None:
    settlement = three(Terms(pins=frozenset({("e0", "m0")})))
    found = why_not(settlement, "e0", "m1", exact=True)
    assert found.hindrances == (Hindrance.PINNED_ELSEWHERE,)
    assert sentences.of_why_not(found)[1] == (
        "Yet there is no room for it: the mentee is pinned to another mentor by a decision."
    )
    told = sentences.of_proposal(proposal(settlement, "e0"))
    assert told[-1] == "A decision pins the mentee to this mentor."
    assert "Decisions pin 1 mentee to this mentor." in sentences.of_offer(offer(settlement, "m0"))


def test_places_that_are_pinned_leave_no_room() -> None:
    settlement = three(Terms(pins=frozenset({("e0", "m0"), ("e1", "m0")})))
    found = why_not(settlement, "e2", "m0")
    assert found.standing is Standing.NO_ROOM
    assert "pinned to all the mentor's places" in sentences.of_why_not(found)[1]
    assert proposal(settlement, "e2").runner_up is None


def test_whoever_is_pinned_makes_no_room_however_little_that_would_cost() -> None:
    wished = {"e1": ("m0",)}
    settlement = stored(
        World(
            [
                a_mentee(id=one, person_id=one, preferred_mentors=wished.get(one, ()))
                for one in ("e0", "e1", "e2")
            ],
            [a_mentor(id="m0", capacity=2)],
            [],
            [],
            Configuration(unmatched_value=0.0),
            Terms(pins=frozenset({("e0", "m0")})),
        )
    )
    found = why_not(settlement, "e2", "m0", exact=True)
    assert [(one.mentee_id, one.after_id) for one in found.moves] == [("e2", "m0"), ("e1", None)]
    assert found.cost is not None
    assert found.cost.total == settlement.score(1, 0) - settlement.score(2, 0) > 0
    left = mentee(settlement, "e2")
    assert left.room is not None
    assert left.room.cost == found.cost


def test_a_cap_is_said_in_its_own_words() -> None:
    settlement = three(Terms(), group_caps=(("stream", 1),))
    (alone,) = [one for one, row in settlement.row.items() if settlement.taken[row] == NOBODY]
    found = why_not(settlement, alone, "m0", exact=True)
    assert found.is_crowded
    assert (
        "The mentor has as many of the group as may be, so one of them would have to make room."
        in sentences.of_why_not(found)
    )
    left = sentences.of_unmatched(mentee(settlement, alone))
    assert left[0] == (
        "Of 2 mentors, 2 would suit: their places are taken, or they have as many of the group as"
        " may be."
    )
    side = sentences.of_offer(offer(settlement, "m0"))
    assert "better placed elsewhere, or kept out by a cap." in side[0]
    assert side[1] == "Caps or least loads decide as well, so who would come next is not told."
    pinned = three(Terms(pins=frozenset({("e0", "m0")})), group_caps=(("stream", 1),))
    found = why_not(pinned, "e2", "m0")
    assert found.hindrances == (Hindrance.GROUP_FULL,)
    assert sentences.of_why_not(found)[1] == (
        "Yet there is no room for it: the mentor has as many of the group as may be."
    )


def test_a_place_that_leaves_more_without_one_is_said_to() -> None:
    streams = ("MILITARY", "CIVILIAN", "MILITARY")
    settlement = stored(
        World(
            [a_mentee(id=f"e{k}", person_id=f"e{k}", stream=streams[k]) for k in range(3)],
            [a_mentor(id="m0", capacity=3)],
            [],
            [],
            Configuration(
                unmatched_value=0.0,
                group_caps=(("stream", 1), ("cohort", 1)),
                aim=Aim.NOBODY_LEFT_OUT,
            ),
            Terms(groupings={"cohort": {"e0": "a", "e1": "b", "e2": "b"}}),
        )
    )
    # Both who are there are of a group of the third, who would take the room of either.
    assert settlement.taken.tolist() == [0, 0, NOBODY]
    found = mentee(settlement, "e2")
    assert found.room is not None
    assert found.room.cost.left_out == 1
    told = sentences.of_unmatched(found)
    score = f"{found.room.score / 1_000_000:.3f}"
    assert told[1] == (
        f"A place for this mentee, with a score of {score}, would leave 1 mentee more without a"
        " mentor."
    )
    assert told[-1] == "For it, 2 other mentees would have no mentor any more."
    why = why_not(settlement, "e2", "m0", exact=True)
    assert "It would leave 1 mentee more without a mentor." in sentences.of_why_not(why)


def test_least_loads_that_a_pair_would_break_are_said() -> None:
    settlement = three(Terms(least_loads={"m0": 2, "m1": 1}))
    (other,) = [one for one, row in settlement.row.items() if settlement.taken[row] == 1]
    assert why_not(settlement, other, "m0", exact=True).cost is not None
    tight = stored(
        World(
            [a_mentee(id="e0", person_id="e0")],
            [a_mentor(id=f"m{k}", person_id=f"m{k}") for k in range(2)],
            [],
            [],
            Configuration(unmatched_value=0.0),
            Terms(least_loads={"m0": 1}),
        )
    )
    quick, found = (why_not(tight, "e0", "m1", exact=exact) for exact in (False, True))
    assert quick.standing is Standing.COSTS_OTHERS
    assert found.hindrances == (Hindrance.LEAST_LOADS,)
    assert found.standing is Standing.NO_ROOM


@pytest.mark.parametrize(
    ("terms", "changes", "words"),
    [
        (Terms(pins=frozenset({("e0", "m1")})), {}, "a pinned pair is not made"),
        (Terms(least_loads={"m1": 2}), {}, "fewer|less than the least load"),
        (Terms(), {"group_caps": (("stream", 1),)}, "more of a group than may be"),
    ],
)
def test_a_pairing_that_breaks_what_was_decided_is_refused(
    terms: Terms, changes: dict[str, Any], words: str
) -> None:
    plain = three(Terms(pins=frozenset({("e0", "m0"), ("e1", "m0")})))
    other = three(terms, **changes)
    with pytest.raises(NotOptimal, match=words):
        replace(other, taken=plain.taken)


def test_prices_within_caps_that_prove_nothing_are_refused() -> None:
    settlement = three(Terms(), group_caps=(("stream", 1),))
    (extra,) = settlement.groups
    with pytest.raises(NotOptimal, match="negative"):
        replace(settlement, groups=(extra - 1,))
    free = three(Terms(), group_caps=(("stream", 2),))
    with pytest.raises(NotOptimal, match="free place has a price"):
        replace(free, groups=(np.where(np.arange(2)[:, None] == 0, 1, free.groups[0]),))
    drawn = three(Terms(least_loads={"m0": 0, "m1": 1}))
    with pytest.raises(NotOptimal, match=r"negative|passed has a price"):
        replace(drawn, prices=drawn.prices - 1)
    with pytest.raises(NotOptimal, match="made for other people"):
        written(settlement, group_prices={"stream": {"MILITARY": {"m9": 1}}})


def written(settlement: Settlement, **changes: Any) -> Settlement:
    """The same read back, but for the changes."""
    mentees, mentors = settlement.market.mentees, settlement.market.mentors
    told: dict[str, Any] = {
        "pairs": {
            mentees[i].id: mentors[j].id for i, j in enumerate(settlement.taken) if j != NOBODY
        },
        "prices": {one.id: int(p) for one, p in zip(mentors, settlement.prices, strict=True)},
        "surpluses": {one.id: int(s) for one, s in zip(mentees, settlement.surpluses, strict=True)},
    }
    return Settlement.stored(settlement.market, settlement.worths, **(told | changes))
