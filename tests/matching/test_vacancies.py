"""Why somebody has nobody, counted again one pair at a time, and whom a place would displace."""

from dataclasses import replace

import numpy as np
import pytest

from matching import Configuration, Reason, Rule, pair
from matching.explanations import NotInRun
from matching.markets import Market
from matching.optima import find
from matching.rules import BIT
from matching.settlements import NOBODY, Settlement
from matching.vacancies import Lifting, OfferStanding, liftings, mentee, offer
from matching.worths import NEVER
from tests.matching.test_detours import best_with, settled, weighed
from tests.matching.worlds import World, a_mentee, a_mentor, a_world, contested

WORLDS = [
    *(a_world(seed, n=5 + seed % 12, m=2 + seed % 6) for seed in range(40)),
    *(contested(seed, n=16, m=5 + seed) for seed in range(4)),
]
FREE = Configuration(unmatched_value=0.0)


def codes(market: Market, row: int, column: int) -> set[Rule]:
    """The rules that a pair breaks, asked for this pair alone."""
    bits = int(market.rules.broken(np.array([row]), np.array([column]))[0, 0])
    return {rule for rule in Rule if bits & int(BIT[rule])}


def fits(market: Market, row: int, column: int) -> bool:
    return int(market.scores.totals(slice(row, row + 1))[0, column]) >= market.minimum


def left_out(settlement: Settlement) -> list[tuple[int, str]]:
    return [(row, one) for one, row in settlement.row.items() if settlement.taken[row] == NOBODY]


@pytest.mark.parametrize("world", WORLDS)
def test_whoever_waits_on_is_told_as_the_run_told_it_with_the_rule_that_opens_most(
    world: World,
) -> None:
    settlement, run = settled(world), world.ask(pair)
    market = settlement.market
    told = {one.mentee_id: one for one in run.unmatched}
    rows = left_out(settlement)
    assert told.keys() == {one for _, one in rows}
    opened: dict[Rule, int] = dict.fromkeys(Rule, 0)
    for row, one in rows:
        found = mentee(settlement, one)
        assert (found.reason, dict(found.rule_counts)) == (
            told[one].reason,
            told[one].rule_counts,
        )
        alone = dict.fromkeys(Rule, 0)
        for column in range(len(market.mentors)):
            broken = codes(market, row, column)
            if len(broken) == 1 and fits(market, row, column):
                alone[broken.pop()] += 1
        most = max(alone.values())
        if found.lifting is None:
            assert most == 0
        else:
            assert alone[found.lifting.rule] == found.lifting.opens == most > 0
        for rule, count in alone.items():
            opened[rule] += bool(count)
    together = liftings(settlement)
    assert {one.rule: one.opens for one in together} == {r: n for r, n in opened.items() if n}
    assert [one.opens for one in together] == sorted((one.opens for one in together), reverse=True)


@pytest.mark.parametrize("world", WORLDS)
def test_a_place_for_somebody_left_out_costs_the_least_of_all_and_says_who_makes_room(
    world: World,
) -> None:
    settlement = settled(world)
    for row, one in left_out(settlement):
        found = mentee(settlement, one)
        scores = settlement.scores(row)
        allowed = np.flatnonzero(scores >= settlement.market.minimum).tolist()
        if not allowed:
            assert found.room is None
            continue
        assert found.room is not None
        with_each = [best_with(settlement, row, j, int(scores[j])) for j in allowed]
        assert found.room.cost.total == settlement.objective - max(with_each)
        place = settlement.column[found.room.mentor_id]
        assert found.room.score == scores[place]
        assert with_each[allowed.index(place)] == max(with_each)
        assert found.room.moves[0].mentee_id == one
        assert found.reason is Reason.ALL_ELIGIBLE_FULL


@pytest.mark.parametrize("world", WORLDS)
def test_a_mentors_side_counts_the_same_pairs_and_prices_one_more_place(world: World) -> None:
    settlement = settled(world)
    market = settlement.market
    for one, column in settlement.column.items():
        found = offer(settlement, one)
        holders = np.flatnonzero(settlement.taken == column)
        assert found.mentee_ids == tuple(market.mentees[row].id for row in holders.tolist())
        assert found.free == found.spare + len(holders)
        assert (found.standing is OfferStanding.NO_PLACES) == (found.free == 0)
        assert (found.standing is OfferStanding.FULL) == (found.free > 0 == found.spare)
        broken = [codes(market, row, column) for row in range(len(market.mentees))]
        counted = {rule: sum(rule in each for each in broken) for rule in Rule}
        assert dict(found.rule_counts) == {rule: n for rule, n in counted.items() if n}
        sides = settlement.worths.sides
        places = sides.capacities.copy()
        places[column] += 1
        wider = replace(settlement.worths, sides=replace(sides, capacities=places))
        assert found.price == find(wider).objective - settlement.objective
        _check_next(settlement, column, wider.sides.capacities)


@pytest.mark.parametrize("world", WORLDS)
def test_who_comes_next_is_found_whatever_else_a_pair_is_worth(world: World) -> None:
    settlement = weighed(world, bonus=20_000, nobody_left_out=True, overdue=1_100_000)
    for column in range(len(settlement.prices)):
        places = settlement.worths.sides.capacities.copy()
        places[column] += 1
        _check_next(settlement, column, places)


def _check_next(settlement: Settlement, column: int, places: np.ndarray) -> None:
    """The next one to come costs what solving with one more place, and with the pair, says."""
    found = offer(settlement, settlement.market.mentors[column].id).next_mentee
    wider = replace(settlement.worths, sides=replace(settlement.worths.sides, capacities=places))
    best = find(wider).objective
    changed = object.__new__(Settlement)
    changed.__dict__.update({**vars(settlement), "worths": wider})
    costs = {}
    for row in np.flatnonzero(settlement.taken != column).tolist():
        if settlement.scores(row)[column] > NEVER:
            score = int(settlement.market.scores.totals(slice(row, row + 1))[0, column])
            costs[row] = best - best_with(changed, row, column, score)
    if found is None:
        assert not costs
        return
    assert found.cost == min(costs.values()) == costs[settlement.row[found.mentee_id]]
    row = settlement.row[found.mentee_id]
    assert found.score == settlement.market.scores.totals(slice(row, row + 1))[0, column]


def alone(mentees: list[dict[str, object]], *mentors: dict[str, object]) -> Settlement:
    return settled(
        World(
            [a_mentee(id=f"e{k}", person_id=f"e{k}", **facts) for k, facts in enumerate(mentees)],
            [a_mentor(id=f"m{k}", person_id=f"m{k}", **facts) for k, facts in enumerate(mentors)],
            [],
            [],
            Configuration(unmatched_value=0.1),
        )
    )


@pytest.mark.parametrize(
    ("mentor", "standing", "lifting"),
    [
        ({"capacity": 0}, OfferStanding.NO_PLACES, Lifting(Rule.NO_CAPACITY, 1)),
        ({}, OfferStanding.FULL, None),
        ({"languages": {"fr": 6}}, OfferStanding.NO_ELIGIBLE_MENTEE, None),
        ({"languages": {"fr": 6}, "capacity": 0}, OfferStanding.NO_PLACES, None),
        ({"utc_offset_hours": 12.0}, OfferStanding.BELOW_MINIMUM, None),
    ],
)
def test_what_a_mentor_is_told(
    mentor: dict[str, object], standing: OfferStanding, lifting: Lifting | None
) -> None:
    # Without a wish for a gender or working hours in common too little speaks for a pair.
    mentees = (
        [{"utc_offset_hours": 0.0, "mentor_gender_preference": "F"}]
        if "utc" in str(mentor)
        else [{}]
    )
    found = offer(alone(mentees, mentor), "m0")
    if standing is OfferStanding.NO_ELIGIBLE_MENTEE:
        lifting = Lifting(Rule.NO_COMMON_LANGUAGE, 1)
    assert (found.standing, found.lifting) == (standing, lifting)


def test_a_mentor_with_places_whom_others_suit_better_names_who_would_come_and_the_cost() -> None:
    settlement = alone(
        [{"function": "CHIEF_OF_STAFF"}],
        {"functions": frozenset({"CHIEF_OF_STAFF"})},
        {"functions": frozenset({"HEAD_OF_MISSION"}), "capacity": 2},
    )
    found = offer(settlement, "m1")
    assert (found.standing, found.spare) == (OfferStanding.BETTER_ELSEWHERE, 2)
    assert found.next_mentee is not None
    assert (found.next_mentee.mentee_id, found.next_mentee.cost) == ("e0", 88_000)


def test_only_whoever_is_left_out_is_told_why_and_only_mentors_are_told_of_places() -> None:
    settlement = alone([{}], {})
    for question, who in ((mentee, "e0"), (mentee, "m0"), (offer, "e0")):
        with pytest.raises(NotInRun, match=who):
            question(settlement, who)


def test_nobody_offers_and_nobody_waits() -> None:
    found = mentee(alone([{}]), "e0")
    assert (found.mentors, found.reason, found.best_id, found.lifting) == (
        0,
        Reason.NO_ELIGIBLE_MENTOR,
        None,
        None,
    )
    settlement = alone([], {})
    assert offer(settlement, "m0").standing is OfferStanding.NO_ELIGIBLE_MENTEE
    assert liftings(settlement) == ()
