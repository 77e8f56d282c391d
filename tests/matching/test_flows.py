"""The flow against brute force, its proof, and real bids that nobody here wrote."""

import doctest
from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pytest

import matching
from matching.flows import NotSolved
from matching.matrices import Assignment, assign

Bid = dict[str, str]
WORTH = {"yes": 1.0, "maybe": 0.5, "conflict": 0.0}


def best(
    scores: np.ndarray,
    places: list[int],
    forbidden: np.ndarray,
    demands: list[int],
    *,
    alone: float,
) -> float:
    """The optimum by trying everything, row by row."""

    def answers(row: int, left: tuple[int, ...]) -> Iterator[float]:
        if row == len(demands):
            yield 0.0
            return
        open_ = [j for j, k in enumerate(left) if k and not forbidden[row, j]]
        for size in range(demands[row] + 1):
            for some in combinations(open_, size):
                gained = sum(scores[row, j] for j in some) + alone * (demands[row] - size)
                after = tuple(k - (j in some) for j, k in enumerate(left))
                yield gained + max(answers(row + 1, after))

    return max(answers(0, tuple(places)))


@pytest.mark.parametrize("seed", range(60))
def test_the_flow_reaches_what_brute_force_finds_and_proves_it(seed: int) -> None:
    draw = np.random.default_rng(seed)
    n, m = draw.integers(1, 7), draw.integers(1, 5)
    grid = draw.choice([2, 100])
    scores = draw.integers(-grid, grid + 1, (n, m)) / grid
    forbidden = draw.random((n, m)) < 0.3
    places = draw.integers(0, 4, m)
    demands = draw.integers(0, 3, n)
    alone = float(draw.choice([-0.5, 0.0, 0.25]))

    found = assign(scores, places, forbidden=forbidden, demands=demands, unmatched_value=alone)

    optimum = best(scores, places.tolist(), forbidden, demands.tolist(), alone=alone)
    assert found.objective == round(optimum * 1e6)
    assert found.bound == found.objective
    rows, columns = np.array(found.pairs, dtype=int).reshape(-1, 2).T
    assert not forbidden[rows, columns].any()
    assert (np.bincount(columns, minlength=m) <= places).all()
    assert (np.bincount(rows, minlength=n) <= demands).all()
    assert len(set(found.pairs)) == len(found.pairs)


@pytest.mark.parametrize("seed", range(20))
def test_one_more_column_never_lowers_the_optimum(seed: int) -> None:
    draw = np.random.default_rng(seed)
    scores, places = draw.random((8, 6)), draw.integers(0, 3, 6)

    optima = [assign(scores[:, :m], places[:m]).objective for m in range(7)]

    assert optima == sorted(optima)


def test_a_pair_just_as_good_as_none_is_made() -> None:
    assert assign([[0.3]], [1], unmatched_value=0.3).pairs == ((0, 0),)
    assert assign([[0.299999]], [1], unmatched_value=0.3).pairs == ()


def test_no_rows_no_columns_and_no_places_give_no_pairs() -> None:
    for scores, places in ((np.zeros((0, 3)), [1, 1, 1]), (np.zeros((3, 0)), []), ([[1.0]], [0])):
        found = assign(scores, places)
        assert (found.pairs, found.objective, found.bound) == ((), 0, 0)


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="shapes do not fit"):
        assign([[1.0, 2.0]], [1])


def test_weights_beyond_exact_arithmetic_are_refused() -> None:
    with pytest.raises(NotSolved, match="too large"):
        assign([[1e12]], [1])


def test_a_million_ties_choose_the_same_pairs_every_time() -> None:
    scores = np.full((60, 60), 0.5)

    first, second = assign(scores, np.ones(60)), assign(scores, np.ones(60))

    assert first.pairs == second.pairs
    assert first.objective == 30_000_000
    assert first.pairs != tuple((k, k) for k in range(60))


@pytest.mark.parametrize(
    ("side", "shape", "limits", "optimum"),
    [("spc-", (71, 424), (1, 8), 458_000_000), ("pc-", (596, 2521), (3, 3), 1_515_500_000)],
)
def test_real_bids_reach_the_proved_optimum_without_a_conflict(
    bids: list[Bid], side: str, shape: tuple[int, int], limits: tuple[int, int], optimum: int
) -> None:
    (members, conflicts), (demand, places) = shape, limits
    scores, forbidden = read_bids(bids, side)
    assert scores.shape == (526, members)
    assert forbidden.sum() == conflicts

    found = assign(
        scores, np.full(members, places), forbidden=forbidden, demands=np.full(526, demand)
    )

    assert (found.objective, found.bound) == (optimum, optimum)
    assert not any(forbidden[pair] for pair in found.pairs)
    assert max(load(found, members)) <= places


def load(found: Assignment, members: int) -> list[int]:
    columns = [column for _, column in found.pairs]
    return [columns.count(member) for member in range(members)]


def read_bids(bids: list[Bid], side: str) -> tuple[np.ndarray, np.ndarray]:
    row = {name: i for i, name in enumerate(sorted({bid["Submission"] for bid in bids}, key=int))}
    mine = [bid for bid in bids if bid["Bidder"].startswith(side)]
    column = {name: j for j, name in enumerate(sorted({bid["Bidder"] for bid in mine}))}
    scores = np.full((len(row), len(column)), 0.05)
    forbidden = np.zeros(scores.shape, dtype=bool)
    for bid in mine:
        place = row[bid["Submission"]], column[bid["Bidder"]]
        scores[place], forbidden[place] = WORTH[bid["Bid"]], bid["Bid"] == "conflict"
    return scores, forbidden


def test_what_the_solver_cannot_answer_is_refused_in_its_own_words() -> None:
    with pytest.raises(NotSolved, match="INFEASIBLE"):
        assign([[1.0]], [-1])


def test_the_example_for_outsiders_says_what_happens() -> None:
    told = doctest.testmod(matching)
    assert (told.failed, told.attempted) == (0, 12)
