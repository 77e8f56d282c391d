"""The check passes sound runs and catches every way in which one can be spoilt."""

from dataclasses import replace
from typing import Any

import pytest

from matching import Configuration, Run, certify, pair
from tests.matching.worlds import a_mentee, a_mentor, a_world

FREE = Configuration(unmatched_value=0.0)
MENTEES = [
    a_mentee(id="keen", person_id="keen", level="D-1", waiting_days=10),
    a_mentee(id="mild", person_id="mild", level="ASG"),
    a_mentee(id="mute", person_id="mute", languages={}),
]
MENTORS = [
    a_mentor(level="D-2"),
    a_mentor(id="away", person_id="away", level="D-2", available=False),
]


def sound() -> Run:
    return pair(MENTEES, MENTORS, configuration=FREE)


def faults(run: Run) -> tuple[str, ...]:
    found = certify(run, MENTEES, MENTORS, configuration=FREE)
    assert not found.holds
    return found.faults


@pytest.mark.parametrize("seed", range(60))
def test_every_run_over_a_tangled_world_holds(seed: int) -> None:
    world = a_world(seed, n=25, m=10)
    run = world.ask(pair)

    found = world.ask(certify, run)

    assert found.faults == ()
    assert found.holds
    assert (found.objective, found.bound) == (run.objective, run.bound)


def test_a_run_of_other_inputs_is_noticed() -> None:
    assert "input digest differs" in certify(sound(), MENTEES, MENTORS).faults


def test_a_missing_mentee_is_noticed() -> None:
    run = replace(sound(), unmatched=())

    assert faults(run) == ("not every waiting mentee is answered exactly once",)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"mentor_id": "away"}, "keen and away: forbidden by NOT_AVAILABLE"),
        ({"mentor_id": "nobody"}, "nobody: 1 proposals are more than the free places"),
        ({"mentee_id": "mute"}, "mute and mentor: forbidden by NO_COMMON_LANGUAGE"),
        ({"score": 999_999}, "keen and mentor: score or contributions differ from 240000"),
        ({"contributions": {}}, "keen and mentor: score or contributions differ from 240000"),
        ({"priority": 0}, "keen and mentor: priority differs"),
    ],
)
def test_a_spoilt_proposal_is_noticed(change: dict[str, Any], fault: str) -> None:
    run = sound()

    spoilt = replace(run, proposals=(replace(run.proposals[0], **change),))

    assert fault in faults(spoilt)


def test_a_mentor_given_twice_is_noticed() -> None:
    run = sound()
    twice = (run.proposals[0], replace(run.proposals[0], mentee_id="mild"))

    assert "mentor: 2 proposals are more than the free places" in faults(
        replace(run, proposals=twice)
    )


def test_a_pair_below_the_minimum_is_noticed() -> None:
    found = certify(sound(), MENTEES, MENTORS, configuration=Configuration(unmatched_value=0.3))

    assert "keen and mentor: below the least acceptable score" in found.faults


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"prices": {"mentor": -1, "away": 0}}, "a price is negative"),
        ({"prices": {}}, "mild and mentor: worth more than surplus plus price"),
        ({"surpluses": {}}, "keen and mentor: worth more than surplus plus price"),
        (
            {"surpluses": {"keen": -5, "mild": 0, "mute": 0}},
            "a surplus lies below the unmatched value",
        ),
        ({"objective": 1}, "totals differ from 242000 and 242000"),
        ({"gap": 1}, "totals differ from 242000 and 242000"),
    ],
)
def test_spoilt_amounts_are_noticed(change: dict[str, Any], fault: str) -> None:
    assert fault in faults(replace(sound(), **change))


def test_a_worse_answer_cannot_be_certified() -> None:
    run, worse = sound(), pair(MENTEES[1:], MENTORS, configuration=FREE)
    swapped = replace(
        run,
        proposals=worse.proposals,
        unmatched=(replace(run.unmatched[0], mentee_id="keen"), run.unmatched[1]),
    )

    assert [one.mentee_id for one in run.unmatched] == ["mild", "mute"]
    assert "the bound 242000 does not meet the objective 100000" in faults(swapped)
