"""Whole blocks without a common language are left out of the scoring, and nobody can tell."""

import random
from dataclasses import replace

import numpy as np
import pytest

from matching import worths
from matching.markets import BLOCK, Market
from matching.terms import Terms
from matching.worths import NEVER, Effort, Worths, _scored
from tests.matching.worlds import a_mentee, a_mentor, a_world, contested


def spoken(seed: int, languages: int, each: int) -> Market:
    """A market whose people speak so many of so many languages."""
    world, draw = contested(seed, n=200, m=60), random.Random(seed)
    names = [f"l{k}" for k in range(languages)]

    def speaking() -> dict[str, int]:
        return {name: draw.randint(3, 6) for name in draw.sample(names, each)}

    mentees = [replace(one, languages=speaking()) for one in world.mentees]
    mentors = [
        replace(one, languages=speaking(), available=draw.random() < 0.8) for one in world.mentors
    ]
    found: Market = replace(world, mentees=mentees, mentors=mentors).ask(Market.of)
    return found


def plainly(market: Market) -> tuple[np.ndarray, int]:
    """Every pair scored in the order of the ids."""
    parts = [
        _scored(market, slice(first, min(first + BLOCK, len(market.mentees))))
        for first in range(0, len(market.mentees), BLOCK)
    ]
    none = np.zeros((0, len(market.mentors)), dtype=np.int32)
    return np.concatenate([none, *(block for block, _ in parts)]), sum(n for _, n in parts)


def check(market: Market) -> None:
    kept, eligible = plainly(market)
    for effort in (Effort(), Effort(kept_pairs=0)):
        found = Worths.of(market, effort)
        assert found.eligible == eligible
        assert np.array_equal(found.rows(slice(0, len(market.mentees))), kept)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("languages", "each"), [(1, 1), (5, 1), (40, 1), (12, 2), (70, 3), (3, 0)])
def test_worths_are_the_same_pair_by_pair(seed: int, languages: int, each: int) -> None:
    check(spoken(seed, languages, each))


@pytest.mark.parametrize("seed", range(20))
def test_worths_of_a_tangled_world_are_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worths, "STRETCH_PAIRS", 1_000)
    check(a_world(seed, n=90, m=30).ask(Market.of))


def test_what_is_pinned_stays_the_only_pair_of_its_row() -> None:
    market = spoken(1, 40, 1)
    i, j = np.argwhere(plainly(market)[0] > NEVER)[7]
    pin = market.mentees[i].id, market.mentors[j].id
    pinned = Market.of(
        market.mentees,
        market.mentors,
        fixed=(),
        closed_badly=frozenset(),
        configuration=contested(1, n=1, m=1).configuration,
        terms=Terms(pins=frozenset({pin})),
    )
    check(pinned)
    assert np.flatnonzero(Worths.of(pinned).rows(slice(i, i + 1))[0] > NEVER).tolist() == [j]


def test_nobody_on_either_side_is_a_market_too() -> None:
    for mentees, mentors in (([], []), ([a_mentee()], []), ([], [a_mentor()])):
        check(replace(a_world(0, n=0, m=0), mentees=mentees, mentors=mentors).ask(Market.of))
