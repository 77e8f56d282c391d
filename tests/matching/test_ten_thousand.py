"""Ten thousand small worlds against the rules as they are written down, and nothing else.

No forbidden pair, no mentor beyond capacity, no cap, pin, ban or least load broken, ever; and of
every twentieth world the run, its certificate and the optimum by trying everything.
"""

import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from matching import Aim, Infeasible, Terms, certify, pair
from matching.choices import choose
from matching.limits import Lacking
from matching.markets import Market
from matching.optima import unwatched
from matching.rules import BIT, Rule
from matching.worths import Worths
from tests.matching.referees import Made, answers, breaches, codes
from tests.matching.test_terms import EASY, made
from tests.matching.worlds import World, a_world

WORLDS, PARTS = 10_000, 4
CAPS = (
    (),
    (),
    (),
    (),
    (("cohort", 1),),
    (("stream", 1),),
    (("mission_region", 2),),
    (("gender", 1), ("cohort", 1)),
)


def a_tried_world(seed: int) -> World:
    """Small, with a rule or a decision in the way more often than not."""
    draw = random.Random(seed)
    world = a_world(seed, n=draw.randint(1, 5), m=draw.randint(1, 3))
    eased = {name: value for name, value in EASY.items() if draw.random() < 0.9}
    # What is said of goals takes half the time, and no rule reads it.
    wordy: dict[str, Any] = {} if draw.random() < 0.1 else {"goals": ""}
    open_: dict[str, Any] = {"active": 0, "available": True, "capacity": draw.randint(1, 3)}
    pairs = [(one.id, other.id) for one in world.mentees for other in world.mentors]
    some = [draw.sample(pairs, min(len(pairs), draw.choice(sizes))) for sizes in
            ((0, 0, 0, 1), (0, 1, 2), (0, 2))]  # fmt: skip
    return replace(
        world,
        mentees=[replace(one, **eased, **wordy) for one in world.mentees],
        mentors=[
            replace(one, **eased, **open_) if draw.random() < 0.8 else one for one in world.mentors
        ],
        terms=Terms(
            pins=frozenset(some[0]),
            bans=frozenset(some[1]),
            standing=frozenset(dict(some[2]).items()),
            least_loads={"m0": 1} if draw.random() < 0.1 else {},
            groupings={"cohort": {one.id: draw.choice("ab") for one in world.mentees[1:]}},
        ),
        configuration=replace(
            world.configuration,
            unmatched_value=draw.choice((0.0, 0.1, 0.2)),
            group_caps=draw.choice(CAPS),
            aim=draw.choice(list(Aim)),
            least_load=int(draw.random() < 0.1),
            first_after_days=draw.choice((None, 100)),
            standing_bonus=draw.choice((0.0, 0.02)),
            most_changes=draw.choice((None, None, None, 1)),
        ),
    )


def proposed(world: World) -> Made:
    """Whom the search gives to whom; the report is left out, which takes longer than the rest."""
    market = world.ask(Market.of)
    rules_agree(world, market)
    choice = choose(Worths.of(market), world.configuration, watch=unwatched)
    best = choice.best
    found: Made = dict.fromkeys(one.id for one in market.mentees)
    rows, columns = best.problem.rows[best.chosen], best.problem.columns[best.chosen]
    for i, j in zip(rows.tolist(), columns.tolist(), strict=True):
        found[market.mentees[i].id] = market.mentors[j].id
    return found


def rules_agree(world: World, market: Market) -> None:
    broken = market.rules.broken(slice(None))
    for i, mentee in enumerate(market.mentees):
        for j, mentor in enumerate(market.mentors):
            told = {rule.value for rule in Rule if broken[i, j] & BIT[rule]}
            assert told == codes(world, mentee, mentor)


@pytest.mark.parametrize("part", range(PARTS))
def test_no_rule_is_ever_broken_in_ten_thousand_worlds(part: int) -> None:
    seen: Counter[str] = Counter()
    for seed in range(part, WORLDS, PARTS):
        world = a_tried_world(seed)
        is_looked_into = seed // PARTS % 20 == 0
        try:
            found = proposed(world)
        except (Infeasible, Lacking):
            seen["refused"] += 1
            if is_looked_into and world.configuration.most_changes is None:
                assert answers(world) == [], seed
            continue
        assert breaches(world, found) == [], seed
        seen["proposed"] += sum(mentor is not None for mentor in found.values())
        if is_looked_into:
            seen["whole"] += 1
            look_into(world, found)

    assert seen["proposed"] > 2_000
    assert seen["refused"] > 100
    assert seen["whole"] > 80


def look_into(world: World, found: Made) -> None:
    run = world.ask(pair)
    assert made(run) == found
    assert world.ask(certify, run).faults == ()
    every = answers(world)
    if world.configuration.aim is Aim.NOBODY_LEFT_OUT:
        number = max(one.number for one in every)
        every = [one for one in every if one.number == number]
        assert len(run.proposals) == number
    bonus = run.standing_bonus
    assert run.objective == max(one.utility + bonus * one.kept for one in every)
