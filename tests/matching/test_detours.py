"""What a pair costs everybody, against solving the whole market again with the pair forced."""

import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from matching import Configuration, Effort, NotOptimal
from matching.choices import reward_of
from matching.detours import Cost, Detour, cheapest, forced
from matching.markets import Market
from matching.optima import find
from matching.settlements import FAR, NOBODY, Settlement
from matching.worths import NEVER, Standing, Worths
from tests.matching.worlds import World, a_mentee, a_mentor, a_world, contested

NEAREST = Effort(few_pairs=0, by_mentee=1, by_mentor=1)
USUAL = Effort()
SEARCHES = (USUAL, NEAREST, Effort(kept_pairs=0))
WORLDS = [
    *(a_world(seed, n=4 + seed % 12, m=2 + seed % 5) for seed in range(25)),
    *(contested(seed, n=14, m=5 + seed) for seed in range(6)),
]


def settled(world: World, effort: Effort = USUAL) -> Settlement:
    market = world.ask(Market.of)
    worths = Worths.of(market, effort)
    return Settlement.of(market, worths, find(worths))


def costed(settlement: Settlement, row: int, column: int, *, score: int) -> Detour:
    """The detour where nobody is pinned, so that there always is one."""
    found = forced(settlement, row, column, score=score)
    assert found is not None
    return found


def best_with(settlement: Settlement, row: int, column: int, score: int) -> int:
    """The best worth of all with the pair made, by solving for everybody else."""
    sides = settlement.worths.sides
    demands, places = sides.demands.copy(), sides.capacities.copy()
    demands[row] = 0
    places[column] = max(0, places[column] - 1)
    rest = replace(settlement.worths, sides=replace(sides, demands=demands, capacities=places))
    bonus = settlement.worths.standing.bonuses(np.array([row]), np.array([column]))
    return find(rest).objective + score + int(sides.priorities[row] + bonus[0])


def worth_after(settlement: Settlement, detour: Detour, given: dict[tuple[int, int], int]) -> int:
    """The worth of the pairing once the moves are made, checked to be one that is allowed."""
    taken = settlement.taken.copy()
    for move in detour.moves:
        assert taken[move.row] == move.before
        taken[move.row] = move.after
    places = np.bincount(taken[taken != NOBODY], minlength=len(settlement.prices))
    free = settlement.market.free.copy()
    free[[column for _, column in given]] += free[[column for _, column in given]] == 0
    assert (places <= free).all()
    total = 0
    for row, column in enumerate(taken.tolist()):
        if column == NOBODY:
            total += settlement.market.minimum
            continue
        assert (row, column) in given or settlement.scores(row)[column] > NEVER
        bonus = settlement.worths.standing.bonuses(np.array([row]), np.array([column]))
        allowed = int(settlement.scores(row)[column] - bonus[0])
        total += given.get((row, column), allowed) + int(bonus[0])
        total += int(settlement.worths.sides.priorities[row])
    return total


@pytest.mark.parametrize("effort", SEARCHES, ids=["all", "nearest", "rescored"])
@pytest.mark.parametrize("world", WORLDS)
def test_a_forced_pair_costs_what_solving_again_says(world: World, effort: Effort) -> None:
    settlement = settled(world, effort)
    everybody = slice(None)
    # What a rule forbids is forced as well: that is the question what lifting it would bring.
    scores = settlement.market.scores.totals(everybody).astype(int)
    for row in range(len(settlement.taken)):
        for column in range(len(settlement.prices)):
            score = int(scores[row, column])
            detour = costed(settlement, row, column, score=score)
            expected = best_with(settlement, row, column, score)
            assert settlement.objective - detour.cost == expected
            assert worth_after(settlement, detour, {(row, column): score}) == expected


def weighed(world: World, *, bonus: int, nobody_left_out: bool, overdue: int) -> Settlement:
    """The same with pairs that stand, forbidden ones among them, and whoever waited too long."""
    market = world.ask(Market.of)
    n, m = len(market.mentees), len(market.mentors)
    draw = random.Random(n * m)
    stands = sorted(draw.sample(range(n), n // 2))
    columns = np.array([draw.randrange(m) for _ in stands], dtype=np.int64)
    worths = Worths.of(market, NEAREST)
    priorities = market.priorities + overdue * (np.arange(n) % 3)
    market = replace(market, priorities=priorities)
    worths = replace(
        worths,
        sides=replace(worths.sides, priorities=priorities),
        standing=Standing(np.array(stands, dtype=np.int64), columns),
    ).weighed(bonus=bonus)
    if nobody_left_out:
        worths = worths.weighed(bonus=bonus, reward=reward_of(worths))
    return Settlement.of(market, worths, find(worths))


def recounted(settlement: Settlement, detour: Detour) -> Cost:
    """The parts of a cost from both pairings as wholes, without a look at what moves."""
    after = settlement.taken.copy()
    for move in detour.moves:
        after[move.row] = move.after
    market, standing = settlement.market, settlement.worths.standing
    scores = market.scores.totals(slice(None)).astype(int)
    stands = set(zip(standing.rows.tolist(), standing.columns.tolist(), strict=True))

    def counted(taken: Any) -> np.ndarray:
        made = [(i, j) for i, j in enumerate(taken.tolist()) if j != NOBODY]
        alone = market.minimum * (len(taken) - len(made))
        kept = len(stands & set(made))
        waited = sum(int(market.priorities[i]) for i, _ in made)
        worth = sum(int(scores[pair]) for pair in made) + alone
        return np.array([worth, waited, kept * standing.bonus, len(made)])

    scored, waited, kept, pairs = (counted(settlement.taken) - counted(after)).tolist()
    return Cost(scored, waited, kept, pairs, settlement.reward)


@pytest.mark.parametrize(
    "how",
    [
        {"bonus": 20_000, "nobody_left_out": False, "overdue": 0},
        {"bonus": 0, "nobody_left_out": True, "overdue": 0},
        # More than half the width holds: twenty years too late, and more than any score to stay.
        {"bonus": 2**29, "nobody_left_out": True, "overdue": 1_100_000_000},
    ],
    ids=["standing", "nobody left out", "beyond any score"],
)
@pytest.mark.parametrize("world", WORLDS)
def test_costs_are_as_exact_whatever_else_a_pair_is_worth(
    world: World, how: dict[str, Any]
) -> None:
    settlement = weighed(world, **how)
    scores = settlement.market.scores.totals(slice(None)).astype(int)
    for row in range(len(settlement.taken)):
        costs = settlement.costs(row)
        for column in range(len(settlement.prices)):
            score = int(scores[row, column])
            detour = costed(settlement, row, column, score=score)
            expected = best_with(settlement, row, column, score)
            assert settlement.objective - detour.cost == expected
            assert worth_after(settlement, detour, {(row, column): score}) == expected
            parts = Cost.of(settlement, detour.moves)
            assert parts.total == detour.cost
            assert parts.reward == settlement.reward
            assert parts == recounted(settlement, detour)
            if settlement.scores(row)[column] > NEVER:
                assert 0 <= costs[column] <= detour.cost
            else:
                assert costs[column] == FAR


@pytest.mark.parametrize("world", WORLDS)
def test_the_price_bounds_the_cost_from_below_and_is_exact_with_one_more_place(
    world: World,
) -> None:
    settlement = settled(world)
    for row in range(len(settlement.taken)):
        scores, costs = settlement.scores(row), settlement.costs(row)
        for column in np.flatnonzero(scores > NEVER).tolist():
            score = int(scores[column])
            assert costs[column] <= costed(settlement, row, column, score=score).cost
            if settlement.taken[row] == column:
                continue
            sides = settlement.worths.sides
            places = sides.capacities.copy()
            places[column] += 1
            wider = replace(settlement.worths, sides=replace(sides, capacities=places))
            more = replace(settlement, worths=wider, market=settlement.market)
            assert costs[column] == find(wider).objective - best_with(more, row, column, score)


@pytest.mark.parametrize("world", WORLDS)
def test_the_cheapest_way_for_whoever_is_left_out_is_the_least_of_all_forced_pairs(
    world: World,
) -> None:
    settlement = settled(world)
    for row in np.flatnonzero(settlement.taken == NOBODY).tolist():
        scores = settlement.scores(row)
        found = cheapest(settlement, row)
        allowed = np.flatnonzero(scores > NEVER).tolist()
        costs = [costed(settlement, row, j, score=int(scores[j])).cost for j in allowed]
        if found is None:
            assert not costs
            continue
        assert found.cost == min(costs)
        assert found.moves[0].row == row
        assert worth_after(settlement, found, {}) == settlement.objective - found.cost


def test_a_pair_that_stands_costs_nothing_and_moves_nobody() -> None:
    settlement = settled(contested(1, n=9, m=4))
    row = int(np.flatnonzero(settlement.taken != NOBODY)[0])
    assert costed(settlement, row, int(settlement.taken[row]), score=0) == Detour(0, ())


def test_a_settlement_read_back_is_the_one_that_was_found() -> None:
    world = contested(3, n=20, m=9)
    found = settled(world)
    mentees, mentors = found.market.mentees, found.market.mentors
    written: dict[str, Any] = {
        "pairs": {mentees[i].id: mentors[j].id for i, j in enumerate(found.taken) if j != NOBODY},
        "prices": dict(zip([one.id for one in mentors], found.prices.tolist(), strict=True)),
        "surpluses": dict(zip([one.id for one in mentees], found.surpluses.tolist(), strict=True)),
    }

    read = Settlement.stored(found.market, found.worths, **written)

    assert (read.taken == found.taken).all()
    assert read.objective == found.objective == find(found.worths).objective


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"prices": {"m0": 0}}, "other people"),
        ({"surpluses": {}}, "other people"),
        ({"pairs": {"e0": "m9"}}, "not in it"),
        ({"pairs": {"e9": "m0"}}, "not in it"),
        ({"pairs": {"e0": "m0", "e1": "m0"}}, "more than the free places"),
        ({"pairs": {}}, "free place has a price"),
        ({"prices": {"m0": -1, "m1": 0}}, "negative"),
        ({"prices": {"m0": 1, "m1": 0}}, "do not support"),
        ({"surpluses": {"e0": 0, "e1": 0}}, "below the unmatched value"),
        ({"pairs": {"e0": "m0"}, "surpluses": {"e0": 999_999, "e1": 999_999}}, "at a loss"),
    ],
)
def test_what_does_not_prove_itself_is_refused(
    change: dict[str, dict[str, int]], words: str
) -> None:
    mentees = [a_mentee(id=f"e{k}", person_id=f"e{k}") for k in range(2)]
    mentors = [a_mentor(id="m0", person_id="m0"), a_mentor(id="m1", person_id="m1", capacity=0)]
    world = World(mentees, mentors, [], [], Configuration(unmatched_value=0.05))
    market = world.ask(Market.of)
    worths = Worths.of(market)
    run = Settlement.of(market, worths, find(worths))
    taken = int(run.taken[0] == NOBODY)
    sound: dict[str, Any] = {
        "pairs": {f"e{taken}": "m0"},
        "prices": {"m0": int(run.prices[0]), "m1": 0},
        "surpluses": {f"e{k}": int(run.surpluses[k]) for k in range(2)},
    }
    assert run.prices[0] > 1
    Settlement.stored(market, worths, **sound)
    with pytest.raises(NotOptimal, match=words):
        Settlement.stored(market, worths, **(sound | change))


def test_a_large_market_is_searched_as_exactly() -> None:
    settlement = settled(contested(7, n=160, m=60), NEAREST)
    draw = random.Random(7)
    for _ in range(40):
        row, column = draw.randrange(160), draw.randrange(60)
        score = int(settlement.market.scores.totals(slice(row, row + 1))[0, column])
        detour = costed(settlement, row, column, score=score)
        assert settlement.objective - detour.cost == best_with(settlement, row, column, score)
