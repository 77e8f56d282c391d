"""Caps of groups that overlap: the best answer found, and an honest bound beside it."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import Aim, Effort, Infeasible, NotSolved, certify, pair
from tests.matching.referees import answers, breaches
from tests.matching.test_terms import NEAREST, a_bound_world, a_crowded_world, made
from tests.matching.worlds import World

OVERLAPPING = (
    (("stream", 1), ("cohort", 1)),
    (("gender", 1), ("cohort", 2)),
    (("stream", 2), ("cohort", 1), ("gender", 1)),
)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(st.integers(0, 2**32), st.integers(0, 6), st.integers(0, 4))
def test_overlapping_caps_reach_what_brute_force_finds_under_a_true_bound(
    seed: int, n: int, m: int
) -> None:
    world = a_bound_world(seed, n, m, caps=OVERLAPPING)
    every = answers(world)
    if not every:
        with pytest.raises(Infeasible):
            world.ask(pair)
        return

    run = world.ask(pair)

    assert run.objective == max(one.utility for one in every)
    assert run.gap == run.bound - run.objective >= 0
    assert (run.status == "OPTIMAL") == (run.gap == 0)
    assert breaches(world, made(run)) == []
    certificate = world.ask(certify, run)
    assert certificate.faults == ()
    assert certificate.gap == run.gap
    assert certificate.holds == (run.gap == 0)


def a_world_of_overlaps(seed: int, n: int, m: int) -> World:
    """Two cohorts and two genders, of each of which a mentor may have two at most."""
    draw = random.Random(seed)
    world = a_crowded_world(seed, n, m)
    return replace(
        world,
        mentees=[replace(one, gender=draw.choice("FM")) for one in world.mentees],
        configuration=replace(world.configuration, group_caps=(("cohort", 2), ("gender", 2))),
    )


@pytest.mark.parametrize("seed", range(8))
def test_few_pairs_reach_what_all_pairs_reach_nearly_always_with_a_proof(seed: int) -> None:
    world = a_world_of_overlaps(seed, n=70, m=25)

    whole = world.ask(pair)
    run = world.ask(lambda *a, **k: pair(*a, **k, effort=replace(NEAREST, few_pairs=300)))

    assert run.counts["edges"] < run.counts["eligible_pairs"]
    assert run.objective == whole.objective
    assert run.gap <= run.objective * 0.001
    assert {"cohort", "gender"} == run.group_prices.keys()
    assert breaches(world, made(run)) == []
    assert world.ask(certify, run).faults == ()
    again = world.ask(pair)
    assert again == whole


def test_an_odd_circle_of_groups_leaves_a_gap_and_the_run_says_so() -> None:
    """Three mentees, any two of them in one group of one: the relaxation takes half of each."""
    world = a_crowded_world(0, n=3, m=1)
    labels = {"ab": ("e0", "e1"), "bc": ("e1", "e2"), "ca": ("e2", "e0")}
    groupings = {name: dict.fromkeys(pair_of, "x") for name, pair_of in labels.items()}
    world = replace(
        world,
        mentors=[replace(world.mentors[0], capacity=3)],
        terms=replace(world.terms, pins=frozenset(), bans=frozenset(), groupings=groupings),
        configuration=replace(
            world.configuration, group_caps=tuple((name, 1) for name in groupings)
        ),
    )

    run = world.ask(pair)

    assert len(run.proposals) == 1
    assert run.status == "WITHIN_GAP"
    assert run.gap > 0
    found = world.ask(certify, run)
    assert found.faults == ()
    assert not found.holds
    assert found.gap == run.gap
    claimed = world.ask(certify, replace(run, status="OPTIMAL"))
    assert any("does not meet the objective" in fault for fault in claimed.faults)


@pytest.mark.parametrize("aim", list(Aim))
def test_aims_and_least_loads_are_kept_among_overlapping_caps(aim: Aim) -> None:
    world = a_world_of_overlaps(3, n=30, m=8)
    roomy = [replace(one, capacity=4) for one in world.mentors]
    configuration = replace(world.configuration, aim=aim, least_load=2, first_after_days=30)
    world = replace(world, mentors=roomy, configuration=configuration)

    run = world.ask(pair)

    assert breaches(world, made(run)) == []
    assert world.ask(certify, run).faults == ()
    assert run.gap <= abs(run.objective) * 0.001


def test_too_little_time_is_told_and_nothing_is_proposed() -> None:
    world = a_world_of_overlaps(0, n=70, m=25)

    with pytest.raises(NotSolved, match="HiGHS"):
        world.ask(lambda *a, **k: pair(*a, **k, effort=Effort(seconds=0.0)))
