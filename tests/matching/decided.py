"""Worlds in which people decided some pairs, and what every answer that there can be is worth."""

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

from hypothesis import assume

from matching import Aim, Configuration, Effort, Infeasible, Terms, pair
from matching.detours import Cost, Move
from matching.explanations import (
    WhyNot,
)
from matching.markets import Market
from matching.settlements import NOBODY, Settlement
from matching.worths import Worths
from tests.matching.referees import breaches_of_counts, places, unpinned, worths
from tests.matching.test_sentences import check_numbers
from tests.matching.test_terms import a_bound_world
from tests.matching.worlds import World, a_mentee, a_mentor

OVERLAPPING = ((("stream", 1), ("cohort", 1)), (("stream", 2), ("cohort", 1)))


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
