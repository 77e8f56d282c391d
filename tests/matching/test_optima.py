"""The optimum of a whole market from few of its pairs: as good as from all, and always the same."""

import json
import random
from dataclasses import asdict, replace
from typing import Any

import joblib
import numpy as np
import pytest

from matching import Configuration, Effort, NotSolved, Progress, certify, pair
from matching import worths as worths_of
from matching.markets import Market
from matching.matrices import assign
from matching.optima import find
from matching.shortlists import Turns, best_of_rows, columns_of, everything, shortlist
from matching.worths import NEVER, Worths
from tests.matching.worlds import World, a_mentee, a_mentor, a_world, contested

ALL = Effort(few_pairs=10**9)
# One name for each: nearly everything must be found by its price.
NEAREST = Effort(few_pairs=0, by_mentee=1, by_mentor=1)
USUAL = Effort(few_pairs=0, by_mentee=3, by_mentor=5)


def written(world: World, effort: Effort) -> bytes:
    return json.dumps(asdict(world.ask(lambda *a, **k: pair(*a, **k, effort=effort)))).encode()


@pytest.mark.parametrize("effort", [NEAREST, USUAL], ids=["nearest", "usual"])
@pytest.mark.parametrize("seed", range(40))
def test_few_pairs_reach_what_all_pairs_reach(seed: int, effort: Effort) -> None:
    world = a_world(seed, n=60, m=25)
    whole = world.ask(lambda *a, **k: pair(*a, **k, effort=ALL))

    run = world.ask(lambda *a, **k: pair(*a, **k, effort=effort))

    assert (run.objective, run.gap) == (whole.objective, 0)
    certificate = world.ask(certify, run)
    assert certificate.faults == ()
    assert certificate.holds


@pytest.mark.parametrize("seed", range(6))
def test_contested_places_take_rounds_of_prices_and_end_at_the_optimum(seed: int) -> None:
    world = contested(seed, n=150, m=70)

    run = world.ask(lambda *a, **k: pair(*a, **k, effort=NEAREST))

    assert run.counts["rounds"] > 1
    assert run.counts["edges"] < run.counts["eligible_pairs"]
    assert run.objective == world.ask(lambda *a, **k: pair(*a, **k, effort=ALL)).objective
    assert world.ask(certify, run).holds


@pytest.mark.parametrize("seed", range(6))
def test_threads_memory_and_order_change_no_byte(seed: int) -> None:
    world = contested(seed, n=200, m=90)
    mixed = replace(
        world,
        mentees=random.Random(seed).sample(world.mentees, 200),
        mentors=random.Random(seed).sample(world.mentors, 90),
    )
    expected = written(world, USUAL)

    assert written(mixed, USUAL) == expected
    assert written(world, replace(USUAL, threads=3)) == expected
    assert written(world, replace(USUAL, kept_pairs=0)) == expected


@pytest.mark.parametrize("effort", [ALL, NEAREST], ids=["all", "nearest"])
def test_a_runner_up_is_looked_for_among_all_and_not_on_the_list_alone(effort: Effort) -> None:
    world = contested(1, n=150, m=70)
    run = world.ask(lambda *a, **k: pair(*a, **k, effort=effort))
    market = world.ask(Market.of)
    row = {one.id: i for i, one in enumerate(market.mentees)}
    column = {one.id: j for j, one in enumerate(market.mentors)}
    prices = np.array([run.prices[one.id] for one in market.mentors])
    broken = market.rules.broken(slice(None))
    scores = market.scores.totals(slice(None)).astype(np.int64)

    for one in run.proposals:
        i = row[one.mentee_id]
        costs = run.surpluses[one.mentee_id] + prices - scores[i] - market.priorities[i]
        costs[(broken[i] != 0) | (scores[i] < market.minimum)] = 10**9
        costs[column[one.mentor_id]] = 10**9
        assert one.runner_up_mentor_id is not None
        place = column[one.runner_up_mentor_id]
        assert one.runner_up_cost == costs.min() == costs[place]
        assert one.runner_up_score == scores[i, place]


def test_a_list_holds_the_best_of_either_side_and_nobody_forbidden() -> None:
    worths = Worths.of(a_world(3, n=40, m=30).ask(Market.of), replace(USUAL, few_pairs=0))
    assert worths.kept is not None
    edges = shortlist(worths)

    listed = np.zeros(worths.kept.shape, dtype=bool)
    listed[edges.rows, edges.columns] = True
    assert (worths.kept[listed] == edges.scores).all()
    assert not listed[worths.kept == NEVER].any()
    for axis, most in ((1, 3), (0, 5)):
        ranked = np.sort(worths.kept, axis=axis)
        least = np.take(ranked, [-most], axis=axis)
        # Whoever is better than the last place on somebody's list stands on it.
        assert listed[(worths.kept > least) & (worths.kept > NEVER)].all()
    assert len(edges.rows) <= 40 * 3 + 30 * 5


def test_equally_good_partners_are_named_in_turn_and_not_the_first_by_all() -> None:
    mentees = [a_mentee(id=f"e{k}", person_id=f"e{k}") for k in range(60)]
    mentors = [a_mentor(id=f"m{k}", person_id=f"m{k}") for k in range(40)]
    world = World(mentees, mentors, [], [], Configuration(unmatched_value=0.0))
    worths = Worths.of(world.ask(Market.of), replace(NEAREST, by_mentor=1))
    starts = Turns.of(worths).mine
    assert worths.kept is not None

    named = columns_of(best_of_rows(worths.kept, starts, 1), starts, 40)

    assert len(np.unique(named)) > 20


def test_everything_is_every_allowed_pair_in_order() -> None:
    worths = Worths.of(a_world(5, n=30, m=20).ask(Market.of))
    assert worths.kept is not None
    edges = everything(worths)
    assert [edges.rows.tolist(), edges.columns.tolist()] == [
        part.tolist() for part in np.nonzero(worths.kept > NEVER)
    ]
    assert len(edges.rows) <= worths.eligible


def test_whoever_watches_is_told_each_step_and_can_end_it() -> None:
    world = contested(2, n=80, m=30)
    told: list[Progress] = []
    world.ask(lambda *a, **k: pair(*a, **k, effort=NEAREST, watch=told.append))

    phases = [one.phase for one in told]
    assert phases[:2] == ["score", "shortlist"]
    assert phases[-2:] == ["priced", "explain"]
    assert phases.count("solve") == phases.count("priced") == told[-1].rounds
    assert told[-2].open_pairs == 0
    assert all(one.open_pairs for one in told[:-2] if one.phase == "priced")

    class Enough(Exception):  # noqa: N818 - a signal of this test
        pass

    def stop(progress: Progress) -> None:
        if progress.phase == "price":
            raise Enough

    with pytest.raises(Enough):
        world.ask(lambda *a, **k: pair(*a, **k, effort=NEAREST, watch=stop))


@pytest.mark.parametrize(("n", "m"), [(0, 0), (0, 3), (3, 0)])
def test_markets_with_an_empty_side_have_an_optimum_too(n: int, m: int) -> None:
    world = contested(0, n=n, m=m)
    run = world.ask(lambda *a, **k: pair(*a, **k, effort=NEAREST))
    assert (run.gap, len(run.unmatched)) == (0, n)
    assert world.ask(certify, run).holds


@pytest.mark.parametrize("seed", range(12))
def test_a_matrix_is_solved_from_few_of_its_pairs_too(seed: int) -> None:
    draw = np.random.default_rng(seed)
    # Columns that everybody wants, rows that ask for several, and equal scores.
    scores = np.round(draw.random((80, 40)) + draw.random(40), 2)
    matrix: dict[str, Any] = {
        "scores": scores,
        "capacities": draw.integers(0, 4, 40),
        "forbidden": draw.random((80, 40)) < 0.3,
        "demands": draw.integers(0, 4, 80),
        "unmatched_value": 0.3,
    }

    few, whole = (assign(**matrix, effort=effort) for effort in (NEAREST, ALL))

    assert few.objective == few.bound == whole.objective == whole.bound
    pairs = np.array(few.pairs)
    assert not matrix["forbidden"][pairs[:, 0], pairs[:, 1]].any()
    assert (np.bincount(pairs[:, 1], minlength=40) <= matrix["capacities"]).all()
    assert (np.bincount(pairs[:, 0], minlength=80) <= matrix["demands"]).all()


def test_amounts_that_half_width_cannot_hold_are_refused_with_the_remedy() -> None:
    assert assign([[299.0]], [1]).objective == 299_000_000
    with pytest.raises(NotSolved, match="divide all scores"):
        assign([[301.0]], [1])
    with pytest.raises(NotSolved, match="divide all scores"):
        assign([[1.0]], [1], unmatched_value=-301)


@pytest.mark.parametrize("backend", ["sequential", "loky"])
@pytest.mark.parametrize("kept_pairs", [10**8, 0])
def test_processes_of_their_own_change_no_byte(
    backend: str, kept_pairs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Many stretches of a market so small that its arrays are sent and not shared.
    monkeypatch.setattr(worths_of, "STRETCH_PAIRS", 5_000)
    world, effort = contested(4, n=200, m=90), replace(USUAL, threads=2, kept_pairs=kept_pairs)
    expected = written(world, USUAL)

    with joblib.parallel_config(backend=backend):
        assert written(world, effort) == expected


@pytest.mark.parametrize("seed", range(6))
def test_the_gap_told_on_the_way_bounds_what_is_left_to_gain(seed: int) -> None:
    world = contested(seed, n=150, m=70)
    worths = Worths.of(world.ask(Market.of), NEAREST)
    told: list[Progress] = []

    optimum = find(worths, watch=told.append)

    gaps = [one.gap for one in told if one.phase == "priced"]
    # What the first solution reached: the optimum among the first list alone.
    first = shortlist(worths)
    listed = np.zeros(worths.shape, dtype=np.bool_)
    amounts = np.zeros(worths.shape)
    listed[first.rows, first.columns] = True
    amounts[first.rows, first.columns] = first.scores + worths.sides.priorities[first.rows]
    reached = assign(
        amounts / 1_000_000,
        worths.sides.capacities,
        forbidden=~listed,
        unmatched_value=worths.sides.minimum / 1_000_000,
    ).objective
    assert gaps[0] is not None
    assert 0 < optimum.objective - reached <= gaps[0]
    assert gaps[-1] == 0


@pytest.mark.parametrize("phase", ["score", "shortlist", "price"])
def test_a_long_step_can_be_ended_in_the_middle(
    phase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worths_of, "STRETCH_PAIRS", 64)
    world = contested(2, n=1_500, m=3)
    told: list[str] = []

    def stop(progress: Progress) -> None:
        told.append(progress.phase)
        if told.count(phase) == 2:
            raise InterruptedError(phase)

    with pytest.raises(InterruptedError, match=phase):
        world.ask(lambda *a, **k: pair(*a, **k, effort=NEAREST, watch=stop))
    assert told[-2:] == [phase, phase]
