"""Answers where pins, caps and least loads bind, against every answer there can be."""

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import Configuration, Effort, Terms, pair, sentences
from matching.explanations import (
    RemedyKind,
    Standing,
    proposal,
    why_not,
)
from matching.settlements import NOBODY, Settlement
from matching.vacancies import mentee, offer
from tests.matching.decided import (
    OVERLAPPING,
    a_decided_world,
    best_of,
    check_moves,
    check_words,
    everybody,
    feasible,
    stored,
    three,
    with_a_place,
)
from tests.matching.referees import unpinned, worths
from tests.matching.test_terms import CAPS, a_crowded_world
from tests.matching.worlds import World, a_mentee, a_mentor, contested

SMALL = given(st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 3))


@settings(max_examples=150, deadline=None, derandomize=True)
@SMALL
def test_what_a_pair_costs_is_what_trying_every_answer_says(seed: int, n: int, m: int) -> None:
    world = a_decided_world(seed, n, m)
    settlement = feasible(world)
    assert settlement.objective == best_of(settlement, world, None)
    for who, whom in everybody(settlement):
        quick = why_not(settlement, who, whom)
        found = why_not(settlement, who, whom, exact=True)
        check_words(sentences.of_why_not(quick), quick)
        check_words(sentences.of_why_not(found), found)
        if found.standing is Standing.PROPOSED:
            continue
        best = best_of(settlement, world, (who, whom))
        assert (found.cost is None) == bool(found.hindrances) == (best is None)
        if found.cost is None:
            assert found.standing is not Standing.COSTS_OTHERS
            assert found.remedies == ()
            continue
        assert best is not None
        assert found.cost.total == settlement.objective - best
        check_moves(settlement, world, found)
        if found.standing is Standing.COSTS_OTHERS:
            assert found.least_cost is not None
            assert 0 <= found.least_cost <= found.cost.total
            (more, *places_too) = found.remedies
            assert (more.kind, more.rise) == (RemedyKind.MORE_SCORE, found.cost.total)
            for remedy in places_too:
                wider = with_a_place(world, whom, more=1)
                with_it, at_all = (best_of(settlement, wider, one) for one in ((who, whom), None))
                assert with_it is not None
                assert at_all is not None
                assert remedy.rise == at_all - with_it


@settings(max_examples=100, deadline=None, derandomize=True)
@SMALL
def test_whoever_is_left_out_has_the_cheapest_place_of_all(seed: int, n: int, m: int) -> None:
    world = a_decided_world(seed, n, m)
    settlement = feasible(world)
    allowed = worths(world, world.ask(unpinned))
    for who, row in settlement.row.items():
        if settlement.taken[row] != NOBODY:
            check_words(sentences.of_proposal(proposal(settlement, who)), proposal(settlement, who))
            continue
        found = mentee(settlement, who)
        check_words(sentences.of_unmatched(found), found)
        with_each = [
            best_of(settlement, world, (who, whom))
            for whom in settlement.column
            if (who, whom) in allowed
        ]
        best = max((one for one in with_each if one is not None), default=None)
        assert (found.room is None) == (best is None)
        if found.room and best is not None:
            assert found.room.cost.total == settlement.objective - best
            assert found.room.moves[0].mentee_id == who


@settings(max_examples=100, deadline=None, derandomize=True)
@SMALL
def test_a_runner_up_is_told_as_the_run_told_it_and_has_room(seed: int, n: int, m: int) -> None:
    caps = OVERLAPPING if seed % 2 else CAPS
    world = a_decided_world(seed, n, m, caps=caps)
    settlement = feasible(world)
    has_least = bool(settlement.limits.least.any())
    for made in world.ask(pair).proposals:
        other = proposal(settlement, made.mentee_id).runner_up
        told = (made.runner_up_mentor_id, made.runner_up_score, made.runner_up_cost)
        assert told == ((other.mentor_id, other.score, other.cost) if other else (None,) * 3)
        if other and not has_least:
            with_it = best_of(settlement, world, (made.mentee_id, other.mentor_id))
            assert with_it is not None
            assert other.cost <= settlement.objective - with_it


@settings(max_examples=100, deadline=None, derandomize=True)
@SMALL
def test_one_more_place_adds_what_is_told_or_less_where_that_is_said(
    seed: int, n: int, m: int
) -> None:
    world = a_decided_world(seed, n, m)
    settlement = feasible(world)
    for whom, column in settlement.column.items():
        found = offer(settlement, whom)
        check_words(sentences.of_offer(found), found)
        assert found.pinned == sum(mentor == whom for _, mentor in world.terms.pins)
        if not settlement.market.free[column] or world.configuration.least_load:
            continue
        wider = with_a_place(world, whom, more=1)
        best = best_of(settlement, wider, None)
        assert best is not None
        added = best - settlement.objective
        assert added <= found.price if found.is_at_most else added == found.price
        if found.next_mentee:
            with_it = best_of(settlement, wider, (found.next_mentee.mentee_id, whom))
            assert with_it is not None
            assert found.next_mentee.cost == best - with_it
        if found.load_price:
            least = {**world.terms.least_loads, whom: world.terms.least_loads[whom] - 1}
            terms = replace(world.terms, least_loads=least)
            fewer = best_of(settlement, replace(world, terms=terms), None)
            assert fewer is not None
            assert fewer - settlement.objective <= found.load_price


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 2**32), st.integers(2, 5), st.integers(1, 3))
def test_where_groups_overlap_only_what_is_proved_is_told(seed: int, n: int, m: int) -> None:
    world = a_decided_world(seed, n, m, caps=OVERLAPPING)
    settlement = feasible(world)
    for who, whom in everybody(settlement):
        found = why_not(settlement, who, whom, exact=True)
        check_words(sentences.of_why_not(found), found)
        if found.standing is Standing.PROPOSED:
            continue
        best = best_of(settlement, world, (who, whom))
        if found.cost:
            assert best is not None
            assert found.cost.total == settlement.objective - best
            check_moves(settlement, world, found)
        if found.least_cost and best is not None:
            assert found.least_cost <= settlement.objective - best
        if best is not None:
            assert bool(found.cost) != found.is_untold


def test_what_a_gap_leaves_open_is_said_to_be_unproved() -> None:
    proved = three(Terms(), group_caps=(("stream", 1), ("function", 2)))
    # Prices that prove less, as a search that was cut short leaves them.
    settlement = replace(proved, surpluses=proved.surpluses + 100)
    assert (proved.gap, settlement.gap) == (0, 300)
    (alone,) = [one for one, row in settlement.row.items() if settlement.taken[row] == NOBODY]
    for exact in (False, True):
        found = why_not(settlement, alone, "m0", exact=exact)
        assert (found.standing, found.is_untold) == (Standing.COSTS_OTHERS, exact)
        assert (found.cost, found.moves, found.remedies) == (None, (), ())
        at_least = why_not(proved, alone, "m0").least_cost
        assert at_least is not None
        assert found.least_cost == max(0, at_least - 200)
        unproved = "What it would cost exactly could not be proved, as groups overlap."
        assert (unproved in sentences.of_why_not(found)) == exact
    left = mentee(settlement, alone)
    assert (left.room, left.is_untold) == (None, True)
    told = "Whom a place would displace could not be proved, as groups overlap."
    assert told in sentences.of_unmatched(left)
    side, other = (offer(one, "m0") for one in (settlement, proved))
    assert side.price == other.price + 300
    assert side.is_at_most
    runner_up = proposal(settlement, next(one for one in settlement.row if one != alone)).runner_up
    assert runner_up is not None
    assert runner_up.cost == 0


@pytest.mark.parametrize("seed", [0, 2, 7, 9])
def test_a_gap_is_taken_off_what_a_runner_up_costs(seed: int) -> None:
    world = a_crowded_world(seed, n=4, m=3)
    circle = {"ab": ("e0", "e1"), "bc": ("e1", "e2"), "ca": ("e2", "e0")}
    world = replace(
        world,
        mentors=[replace(one, capacity=3) for one in world.mentors],
        terms=Terms(groupings={name: dict.fromkeys(two, "x") for name, two in circle.items()}),
        configuration=replace(world.configuration, group_caps=tuple((one, 1) for one in circle)),
    )
    run, settlement = world.ask(pair), stored(world)
    assert run.gap == settlement.gap > 0
    for made in run.proposals:
        other = proposal(settlement, made.mentee_id).runner_up
        if other is None:
            assert made.runner_up_mentor_id is None
            continue
        assert (made.runner_up_mentor_id, made.runner_up_cost) == (other.mentor_id, other.cost)
        best = best_of(settlement, world, (made.mentee_id, other.mentor_id))
        assert best is not None
        assert other.cost <= settlement.objective - best


def test_the_same_is_found_whatever_is_kept() -> None:
    world = contested(4, n=60, m=20)
    world = replace(
        world,
        mentors=[replace(one, capacity=3) for one in world.mentors],
        terms=Terms(
            pins=frozenset({("e3", "m1")}),
            least_loads={"m2": 3},
            groupings={"cohort": {f"e{k}": "ab"[k % 2] for k in range(50)}},
        ),
        configuration=replace(world.configuration, group_caps=(("cohort", 1),)),
    )
    one, other = stored(world), stored(world, Effort(kept_pairs=0))
    for who, whom in list(everybody(one))[::97]:
        found = why_not(one, who, whom, exact=True)
        assert found == why_not(other, who, whom, exact=True)
        if found.cost and found.moves:
            check_moves(one, world, found)


@settings(max_examples=40, deadline=None, derandomize=True)
@SMALL
def test_the_order_of_arrival_changes_no_answer(seed: int, n: int, m: int) -> None:
    world = a_decided_world(seed, n, m)
    settlement, draw = feasible(world), random.Random(seed)
    other = stored(
        replace(
            world,
            mentees=draw.sample(world.mentees, len(world.mentees)),
            mentors=draw.sample(world.mentors, len(world.mentors)),
        )
    )
    for who, whom in everybody(settlement):
        assert why_not(settlement, who, whom, exact=True) == why_not(other, who, whom, exact=True)


def test_many_alike_move_the_same_whatever_their_order() -> None:
    people = [
        a_mentee(id=f"e{k}", person_id=f"e{k}", stream="POLICE" if k % 3 else "MILITARY")
        for k in range(40)
    ]
    offering = [a_mentor(id=f"m{k}", person_id=f"m{k}", capacity=2) for k in range(14)]
    caps = Configuration(unmatched_value=0.0, group_caps=(("stream", 1),))
    one, other = (
        stored(World(mentees, mentors, [], [], caps, Terms()))
        for mentees, mentors in ((people, offering), (people[::-1], offering[::-1]))
    )
    assert near_to(one) == near_to(other)
    for settlement in (one, other):
        made = zip(settlement.row, settlement.taken.tolist(), strict=True)
        mentors = list(settlement.column)
        assert {(who, mentors[j]) for who, j in made if j != NOBODY} <= near_to(settlement)
        # Ten of fourteen are near to anybody, and whom somebody holds beside these.
        assert 10 * 40 <= len(near_to(settlement)) <= 11 * 40
        # Not the same ten for all of them.
        assert min(Counter(mentor for _, mentor in near_to(settlement)).values()) > 10
    for who in list(one.row)[::7]:
        for whom in list(one.column)[::5]:
            assert why_not(one, who, whom, exact=True) == why_not(other, who, whom, exact=True)


def near_to(settlement: Settlement) -> set[tuple[str, str]]:
    """Who is near to whom, by id."""
    mentees, mentors = list(settlement.row), list(settlement.column)
    found = settlement.nearest
    return {
        (mentees[i], mentors[j])
        for i, j in zip(found.rows.tolist(), found.columns.tolist(), strict=True)
    }
