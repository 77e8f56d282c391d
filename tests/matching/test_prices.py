"""Prices bound every answer, and support none that can be improved."""

import numpy as np
import pytest

from matching.matrices import assign
from matching.prices import NotOptimal, Prices, bound, recover
from matching.problems import Problem


def a_problem(weights: list[list[int]], places: list[int]) -> Problem:
    worth = np.array(weights, dtype=np.int64)
    rows, columns = np.indices(worth.shape).reshape(2, -1)
    return Problem(
        rows=rows,
        columns=columns,
        weights=worth.ravel(),
        demands=np.ones(len(weights), dtype=np.int64),
        capacities=np.array(places, dtype=np.int64),
        unmatched=0,
        ties=np.zeros(worth.size, dtype=np.uint64),
    )


@pytest.mark.parametrize("seed", range(20))
def test_any_prices_bound_the_optimum_and_the_recovered_ones_meet_it(seed: int) -> None:
    draw = np.random.default_rng(seed)
    scores, places = draw.random((12, 5)), draw.integers(0, 4, 5)
    problem = a_problem(np.rint(scores * 1e6).astype(int).tolist(), places.tolist())

    found = assign(scores, places)

    anything = Prices(draw.integers(0, 10**6, 5), draw.integers(0, 10**6, 12))
    assert bound(problem, found.prices) == found.objective
    assert bound(problem, anything) >= found.objective


def test_the_smallest_supporting_prices_are_found() -> None:
    problem = a_problem([[9, 4], [8, 1]], [1, 1])

    found = recover(problem, np.array([False, True, True, False]))

    assert found.prices.tolist() == [5, 0]
    assert found.surpluses.tolist() == [4, 3]


def test_an_answer_that_can_be_improved_has_no_prices() -> None:
    problem = a_problem([[9, 4], [8, 1]], [1, 1])

    with pytest.raises(NotOptimal, match="can be improved"):
        recover(problem, np.array([True, False, False, True]))


def test_negative_prices_and_low_surpluses_bound_nothing() -> None:
    problem = a_problem([[9]], [1])

    for prices, surpluses in (([-1], [9]), ([0], [-1])):
        with pytest.raises(ValueError, match="must not be negative"):
            bound(problem, Prices(np.array(prices), np.array(surpluses)))
