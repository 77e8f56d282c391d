"""What one run promises: the optimum, its reasons, and the same answer to the last byte."""

import json
import os
import random
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matching import (
    Configuration,
    Fixed,
    InvalidPeople,
    Mentee,
    NotOptimal,
    Reason,
    Run,
    optima,
    pair,
)
from matching.markets import Market
from tests.matching.worlds import World, a_mentee, a_mentor, a_world

FREE = Configuration(unmatched_value=0.0)


def written(run: Run) -> bytes:
    return json.dumps(asdict(run)).encode()


def best(market: Market) -> int:
    """The optimum by trying every mentor, or none, for every mentee."""
    everybody = slice(None)
    broken, scores = market.rules.broken(everybody), market.scores.totals(everybody)

    def rest(row: int, left: tuple[int, ...]) -> int:
        if row == len(market.mentees):
            return 0
        found = market.minimum + rest(row + 1, left)
        for j, places in enumerate(left):
            score = int(scores[row, j])
            if places and not broken[row, j] and score >= market.minimum:
                after = (*left[:j], places - 1, *left[j + 1 :])
                worth = score + int(market.priorities[row])
                found = max(found, worth + rest(row + 1, after))
        return found

    return rest(0, tuple(market.free.tolist()))


@pytest.mark.parametrize("seed", range(60))
def test_a_run_reaches_what_brute_force_finds(seed: int) -> None:
    world = a_world(seed, n=seed % 7, m=seed % 5)

    run = world.ask(pair)

    assert run.objective == best(world.ask(Market.of))
    assert (run.status, run.gap, run.bound) == ("OPTIMAL", 0, run.objective)


@pytest.mark.parametrize("seed", range(60))
def test_everybody_is_answered_once_and_no_mentor_is_overfilled(seed: int) -> None:
    world = a_world(seed, n=30, m=12)
    places = {one.id: max(0, one.capacity - one.active) for one in world.mentors}
    for one in world.fixed:
        mentor = next(each for each in world.mentors if each.id == one.mentor_id)
        places[mentor.id] = max(0, mentor.capacity - max(mentor.active, 1))

    run = world.ask(pair)

    answered = [one.mentee_id for one in (*run.proposals, *run.unmatched)]
    held = {one.mentee_id for one in world.fixed}
    assert sorted(answered) == sorted({one.id for one in world.mentees} - held)
    for mentor_id, free in places.items():
        assert sum(one.mentor_id == mentor_id for one in run.proposals) <= free


@pytest.mark.parametrize("seed", range(30))
def test_contributions_and_totals_are_exact_sums(seed: int) -> None:
    world = a_world(seed, n=30, m=12)

    run = world.ask(pair)

    minimum = world.configuration.minimum
    for one in run.proposals:
        assert sum(one.contributions.values()) == one.score >= minimum
    worth = sum(one.score + one.priority for one in run.proposals)
    assert run.objective == worth + minimum * len(run.unmatched)
    assert run.objective_value == run.bound_value == run.objective / 1_000_000


@pytest.mark.parametrize("seed", range(15))
def test_shuffled_inputs_change_no_byte(seed: int) -> None:
    world = a_world(seed, n=40, m=20)
    mixed = replace(
        world,
        mentees=random.Random(seed).sample(world.mentees, 40),
        mentors=random.Random(seed).sample(world.mentors, 20),
        fixed=world.fixed[::-1],
        closed_badly=world.closed_badly[::-1],
    )

    assert written(mixed.ask(pair)) == written(world.ask(pair))


def test_identical_people_are_told_apart_by_id_and_not_by_arrival() -> None:
    mentees = [a_mentee(id=f"e{k}", person_id=f"e{k}") for k in range(30)]
    mentors = [a_mentor(id=f"m{k}", person_id=f"m{k}") for k in range(30)]

    run = pair(mentees, mentors, configuration=FREE)
    again = pair(mentees[::-1], mentors[::-1], configuration=FREE)

    assert written(run) == written(again)
    assert len(run.proposals) == 30
    assert [one.mentor_id for one in run.proposals] != [f"m{k}" for k in range(30)]


def test_another_process_with_another_hash_seed_writes_the_same_bytes() -> None:
    code = (
        "from tests.matching.test_runs import *; import sys;"
        "sys.stdout.buffer.write(written(a_world(5, n=30, m=12).ask(pair)))"
    )
    root = Path(__file__).parents[2]

    there = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        env={**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": str(root)},
        capture_output=True,
        check=True,
    )

    assert there.stdout == written(a_world(5, n=30, m=12).ask(pair))


@pytest.mark.parametrize("seed", range(15))
def test_one_more_mentor_never_lowers_the_optimum(seed: int) -> None:
    world = a_world(seed, n=12, m=8)

    optima = [replace(world, mentors=world.mentors[:m]).ask(pair).objective for m in range(9)]

    assert optima == sorted(optima)


def test_a_fixed_pair_is_not_matched_again_and_keeps_its_place() -> None:
    mentees = [a_mentee(), a_mentee(id="held", person_id="held")]
    mentors = [a_mentor(capacity=2)]

    run = pair(mentees, mentors, fixed=[Fixed("held", "mentor")], configuration=FREE)

    assert [(one.mentee_id, one.mentor_id) for one in run.proposals] == [("mentee", "mentor")]
    assert run.unmatched == ()
    assert (run.counts["fixed"], run.counts["free_places"]) == (1, 1)
    assert "held" not in run.surpluses


def test_a_fixed_pair_of_people_outside_the_run_is_no_fault() -> None:
    run = pair([a_mentee()], [a_mentor()], fixed=[Fixed("gone", "left")], configuration=FREE)

    assert len(run.proposals) == 1


def test_nobody_at_all_makes_an_empty_run() -> None:
    empty = pair([], [])
    lonely = pair([a_mentee()], [])
    idle = pair([], [a_mentor()])

    assert (empty.objective, empty.bound, empty.proposals, empty.unmatched) == (0, 0, (), ())
    assert [one.reason for one in lonely.unmatched] == [Reason.NO_ELIGIBLE_MENTOR]
    assert lonely.unmatched[0].rule_counts == {}
    assert (lonely.objective, lonely.surpluses) == (200_000, {"mentee": 200_000})
    assert idle.prices == {"mentor": 0}


@pytest.mark.parametrize(
    ("mentors", "reason", "counts"),
    [
        ([{"available": False}], Reason.NO_ELIGIBLE_MENTOR, {"NOT_AVAILABLE": 1}),
        ([{"capacity": 0}], Reason.ALL_ELIGIBLE_FULL, {"NO_CAPACITY": 1}),
        ([{}], Reason.ALL_ELIGIBLE_FULL, {}),
        ([{"level": "D-1", "functions": frozenset()}], Reason.BELOW_MINIMUM, {}),
    ],
)
def test_who_stays_alone_is_told_why(
    mentors: list[dict[str, Any]], reason: Reason, counts: dict[str, int]
) -> None:
    fit = {"function": "CHIEF_OF_STAFF", "level": "D-1"}
    rival = a_mentee(id="a rival", person_id="rival", waiting_days=100, **fit)
    offers = [
        a_mentor(**({"functions": frozenset({"CHIEF_OF_STAFF"}), "level": "D-2"} | one))
        for one in mentors
    ]

    run = pair([a_mentee(**fit), rival], offers)

    alone = next(one for one in run.unmatched if one.mentee_id == "mentee")
    assert (alone.reason, alone.rule_counts) == (reason, counts)


def test_who_waits_longer_goes_first_but_never_below_the_minimum() -> None:
    mentees = [
        a_mentee(id=f"e{days}", person_id=f"e{days}", waiting_days=days) for days in (0, 9, 90)
    ]

    served = pair(mentees, [a_mentor()], configuration=FREE)
    refused = pair([a_mentee(waiting_days=9999)], [a_mentor()], configuration=Configuration())

    assert [one.mentee_id for one in served.proposals] == ["e90"]
    assert served.proposals[0].priority == 18_000
    assert [one.reason for one in refused.unmatched] == [Reason.BELOW_MINIMUM]


def test_the_price_is_what_the_next_mentee_would_gain() -> None:
    mentees = [
        a_mentee(id="keen", person_id="keen", level="D-1"),
        a_mentee(id="mild", person_id="mild", level="ASG"),
    ]

    run = pair(mentees, [a_mentor(level="D-2")], configuration=FREE)

    assert run.prices == {"mentor": 100_000}
    assert run.surpluses == {"keen": 140_000, "mild": 0}
    assert run.objective == 240_000


def test_the_runner_up_is_the_cheapest_other_mentor() -> None:
    mentors = [
        a_mentor(id="best", person_id="best", level="D-2"),
        a_mentor(id="next", person_id="next", level="D-1"),
        a_mentor(id="last", person_id="last"),
    ]

    (proposal,) = pair([a_mentee(level="D-1")], mentors, configuration=FREE).proposals
    (alone,) = pair([a_mentee(level="D-1")], mentors[:1], configuration=FREE).proposals

    assert proposal.mentor_id == "best"
    assert proposal.runner_up_mentor_id == "next"
    assert proposal.runner_up_score == proposal.score - 70_000
    assert proposal.runner_up_cost == 70_000
    assert alone.runner_up_mentor_id is None


@pytest.mark.parametrize("seed", range(20))
def test_taking_the_runner_up_costs_at_least_what_the_run_says(seed: int) -> None:
    world = a_world(seed, n=6, m=4)
    run = world.ask(pair)
    for proposal in run.proposals:
        if proposal.runner_up_mentor_id is None:
            continue

        forced = replace(
            world, mentees=only(world, proposal.mentee_id, proposal.runner_up_mentor_id)
        )

        again = forced.ask(Market.of)
        assert run.objective - forced_best(again, proposal.mentee_id) >= proposal.runner_up_cost


def only(world: World, mentee_id: str, mentor_id: str) -> list[Mentee]:
    others = frozenset(one.id for one in world.mentors) - {mentor_id}
    return [
        replace(one, vetoed_mentors=one.vetoed_mentors | others) if one.id == mentee_id else one
        for one in world.mentees
    ]


def forced_best(market: Market, mentee_id: str) -> int:
    """The optimum once this mentee has only one mentor left; alone would be cheaper to exclude."""
    row = next(i for i, one in enumerate(market.mentees) if one.id == mentee_id)
    market.priorities[row] += 10**9
    return best(market) - 10**9


def test_a_person_may_not_wait_twice_nor_offer_twice() -> None:
    with pytest.raises(InvalidPeople, match="id occurs twice: mentee"):
        pair([a_mentee(), a_mentee(person_id="other")], [])
    with pytest.raises(InvalidPeople, match="person_id occurs twice"):
        pair([], [a_mentor(), a_mentor(id="other")])


def test_a_run_names_the_versions_that_computed_it() -> None:
    run = pair([], [], configuration=Configuration(version="expert-2"))

    assert set(run.versions) == {
        "matching", "configuration", "numpy", "ortools", "scikit-learn", "scipy",
    }  # fmt: skip
    assert run.versions["configuration"] == "expert-2"


def test_a_solver_that_errs_is_found_out_and_nothing_is_proposed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(optima, "solve", lambda problem: np.zeros(len(problem.rows), dtype=bool))

    with pytest.raises(NotOptimal, match="differs from its bound"):
        pair([a_mentee(level="D-1")], [a_mentor(level="D-2")], configuration=FREE)
