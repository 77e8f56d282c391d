"""Answers where pins, caps and least loads bind, against every answer there can be."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from matching import Aim, Configuration, Effort, Infeasible, Terms, pair, sentences
from matching.detours import Cost, Move
from matching.explanations import (
    Hindrance,
    RemedyKind,
    Standing,
    WhyNot,
    proposal,
    why_not,
)
from matching.markets import Market
from matching.prices import NotOptimal
from matching.settlements import NOBODY, Settlement
from matching.vacancies import mentee, offer
from matching.worths import Worths
from tests.matching.referees import breaches_of_counts, places, unpinned, worths
from tests.matching.test_sentences import check_numbers
from tests.matching.test_terms import CAPS, a_bound_world, a_crowded_world
from tests.matching.worlds import World, a_mentee, a_mentor, contested

OVERLAPPING = ((("stream", 1), ("cohort", 1)), (("stream", 2), ("cohort", 1)))
SMALL = given(st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 3))


def stored(world: World, effort: Effort = Effort()) -> Settlement:  # noqa: B008 - frozen
    """The settlement of a run of this world, read back from what is written down of it."""
    run, market = world.ask(pair), world.ask(Market.of)
    return Settlement.stored(
        market,
        Worths.of(market, effort).weighed(bonus=run.standing_bonus, reward=run.reward),
        pairs={one.mentee_id: one.mentor_id for one in run.proposals},
        prices=run.prices,
        surpluses=run.surpluses,
        load_prices=run.load_prices,
        group_prices=run.group_prices,
    )


def a_decided_world(seed: int, n: int, m: int, **caps: Any) -> World:
    """The same as others have it, with proposals that stand and either aim."""
    world, draw = a_bound_world(seed, n, m, **caps), random.Random(seed)
    standing = {one.id: draw.choice(world.mentors).id for one in world.mentees[::2]}
    return replace(
        world,
        terms=replace(world.terms, standing=frozenset(standing.items())),
        configuration=replace(
            world.configuration,
            standing_bonus=draw.choice((0.0, 0.03)),
            aim=draw.choice(list(Aim)),
        ),
    )


def feasible(world: World, effort: Effort = Effort()) -> Settlement:  # noqa: B008 - frozen
    try:
        return stored(world, effort)
    except Infeasible:
        assume(condition=False)
        raise


def best_of(settlement: Settlement, world: World, fixed: tuple[str, str] | None) -> int | None:
    """The best worth of all answers, tried one by one, or of those that hold a pair."""
    market = world.ask(unpinned)
    worth = worths(world, market)
    if fixed:
        at = settlement.row[fixed[0]], settlement.column[fixed[1]]
        worth[fixed] = settlement.score(*at) + int(market.priorities[at[0]])
        world = with_a_place(world, fixed[1])
    waiting = [one.id for one in market.mentees]
    choices = [[None, *(mentor for one, mentor in worth if one == who)] for who in waiting]
    if fixed:
        choices[waiting.index(fixed[0])] = [fixed[1]]
    bonus, found = settlement.worths.standing.bonus, None
    for answer in product(*choices):
        made = dict(zip(waiting, answer, strict=True))
        if breaches_of_counts(world, made):
            continue
        pairs = {(one, other) for one, other in made.items() if other is not None}
        total = sum(worth[one] for one in pairs) + market.minimum * (len(made) - len(pairs))
        total += bonus * len(pairs & world.terms.standing) + settlement.reward * len(pairs)
        found = total if found is None else max(found, total)
    return found


def with_a_place(world: World, mentor_id: str, *, more: int = 0) -> World:
    """A mentor without a single place is given one, and any mentor so many more."""
    return replace(
        world,
        mentors=[
            replace(one, capacity=one.capacity + more + _missing(world, one))
            if one.id == mentor_id
            else one
            for one in world.mentors
        ],
    )


def _missing(world: World, mentor: Any) -> int:
    held = len({one.mentee_id for one in world.fixed if one.mentor_id == mentor.id})
    return 0 if places(world, mentor) else max(mentor.active, held) + 1 - int(mentor.capacity)


def everybody(settlement: Settlement) -> Iterator[tuple[str, str]]:
    return product(settlement.row, settlement.column)


def check_moves(settlement: Settlement, world: World, found: WhyNot) -> None:
    """What moves is a whole answer that keeps all that was asked for, and costs what is said."""
    taken = settlement.taken.copy()
    columns, moves = settlement.column, []
    for one in found.moves:
        row = settlement.row[one.mentee_id]
        before, after = (
            NOBODY if who is None else columns[who] for who in (one.before_id, one.after_id)
        )
        assert taken[row] == before
        taken[row] = after
        moves.append(Move(row, before, after))
    assert Cost.of(settlement, moves) == found.cost
    assert found.moves[0].mentee_id == found.mentee_id
    mentors = [one.id for one in settlement.market.mentors]
    made = {
        one: None if taken[row] == NOBODY else mentors[taken[row]]
        for one, row in settlement.row.items()
    }
    assert not breaches_of_counts(with_a_place(world, found.mentor_id), made)


def check_words(told: tuple[str, ...], found: Any) -> None:
    check_numbers(told, found)
    assert all(one.endswith(".") and (one[0].isupper() or one[0].isdigit()) for one in told)


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


def three(terms: Terms, **changes: Any) -> Settlement:
    """Three mentees, two mentors with two places each, and little to choose between them."""
    return stored(
        World(
            [
                a_mentee(id=f"e{k}", person_id=f"e{k}", stream="MILITARY", waiting_days=k)
                for k in range(3)
            ],
            [a_mentor(id=f"m{k}", person_id=f"m{k}", capacity=2) for k in range(2)],
            [],
            [],
            Configuration(unmatched_value=0.0, **changes),
            terms,
        )
    )


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
