"""Plain matrices, dense and sparse, with all that can be asked, against brute force and anew."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array, csr_array, lil_matrix

from matching import Assignment, Effort, Infeasible, NotSolved, assign, recheck

NEAREST = Effort(few_pairs=0, by_mentee=1, by_mentor=1)
Asked = dict[str, Any]


def a_question(seed: int, n: int, m: int, groupings: int) -> tuple[Any, Any, Asked]:
    """A sparse matrix with places and everything that can be asked, kept easy to keep."""
    draw = np.random.default_rng(seed)
    grid = draw.choice([2, 50])
    scores = draw.integers(-grid // 4, grid + 1, (n, m)) / grid
    there = draw.random((n, m)) < 0.75
    rows, columns = np.nonzero(there)
    sparse = coo_array((scores[there], (rows, columns)), shape=(n, m))
    places = draw.integers(0, 4, m)
    pairs = list(zip(rows.tolist(), columns.tolist(), strict=True))
    picked = draw.permutation(len(pairs))[: draw.choice([0, 0, 1])]
    names = ("a", "b", None)
    labels = [[names[k] for k in draw.integers(0, 3, n)] for _ in range(groupings)]
    return sparse, places, {
        "demands": draw.integers(0, 3, n),
        "unmatched_value": float(draw.choice([-0.5, 0.0, 0.25])),
        "forbidden": draw.random((n, m)) < 0.1,
        "pins": [pairs[k] for k in picked],
        "least": np.minimum(places, draw.integers(0, 2, m)) if draw.random() < 0.4 else None,
        "caps": [(each, int(draw.integers(1, 3))) for each in labels],
    }  # fmt: skip


def best(sparse: Any, places: Any, asked: Asked) -> int | None:
    """The optimum in millionths by trying everything; None where nothing keeps all."""
    n, m = sparse.shape
    at = dict(
        zip(zip(sparse.row.tolist(), sparse.col.tolist(), strict=True), sparse.data, strict=True)
    )
    least = np.zeros(m) if asked["least"] is None else asked["least"]
    pins = set(asked["pins"])

    def of_row(row: int) -> Iterator[tuple[int, ...]]:
        open_ = [j for j in range(m) if (row, j) in at and not asked["forbidden"][row, j]]
        for size in range(min(asked["demands"][row], len(open_)) + 1):
            yield from combinations(open_, size)

    found = []
    for choice in product(*(list(of_row(row)) for row in range(n))):
        pairs = [(i, j) for i, some in enumerate(choice) for j in some]
        loads = Counter(j for _, j in pairs)
        crowds = (
            Counter((labels[i], j) for i, j in pairs if labels[i] is not None).values()
            for labels, _ in asked["caps"]
        )
        most = [cap for _, cap in asked["caps"]]
        if (
            pins <= set(pairs)
            and all(least[j] <= loads[j] <= places[j] for j in range(m))
            and all(max(each, default=0) <= cap for each, cap in zip(crowds, most, strict=True))
        ):
            alone = asked["unmatched_value"] * (int(asked["demands"].sum()) - len(pairs))
            found.append(round(1e6 * (sum(at[pair] for pair in pairs) + alone)))
    return max(found, default=None)


@settings(max_examples=250, deadline=None, derandomize=True)
@given(st.integers(0, 2**32), st.integers(1, 5), st.integers(1, 3), st.integers(0, 2))
def test_sparse_and_dense_reach_what_brute_force_finds_whatever_is_asked(
    seed: int, n: int, m: int, groupings: int
) -> None:
    sparse, places, asked = a_question(seed, n, m, groupings)
    optimum = best(sparse, places, asked)
    dense = {**asked, "forbidden": asked["forbidden"] | ~held(sparse)}
    if optimum is None:
        for scores, terms in ((sparse, asked), (sparse.toarray(), dense)):
            with pytest.raises(Infeasible):
                assign(scores, places, **terms)
        return

    found, same = assign(sparse, places, **asked), assign(sparse.toarray(), places, **dense)

    assert found.objective == same.objective == optimum
    assert found.bound == optimum or groupings == 2
    assert found.gap >= 0
    for answer, scores, terms in ((found, sparse, asked), (same, sparse.toarray(), dense)):
        certificate = recheck(answer, scores, places, **terms)
        assert certificate.faults == ()
        assert certificate.holds == (answer.gap == 0)
        assert (certificate.objective, certificate.bound) == (answer.objective, answer.bound)


def held(sparse: Any) -> np.ndarray:
    there = np.zeros(sparse.shape, dtype=bool)
    there[sparse.row, sparse.col] = True
    return there


@pytest.mark.parametrize("groupings", [0, 1])
@pytest.mark.parametrize("seed", range(6))
def test_few_listed_pairs_reach_what_all_reach(seed: int, groupings: int) -> None:
    draw = np.random.default_rng(seed)
    scores = np.round(draw.random((150, 60)) + draw.random(60), 2)
    there = draw.random((150, 60)) < 0.3
    labels = draw.choice(["a", "b", "c"], 150).tolist()
    asked: Asked = {
        "demands": draw.integers(0, 4, 150),
        "unmatched_value": 0.3,
        "least": np.ones(60),
        "pins": [(int(row), int(np.flatnonzero(there[row])[0])) for row in range(0, 150, 40)],
        "caps": [(labels, 2)] * groupings,
    }
    asked["demands"][::40] = (1, 2, 3, 1)
    sparse = csr_array(np.where(there, scores, 0))
    places = np.full(60, 4)

    few, whole = (assign(sparse, places, **asked, effort=effort) for effort in (NEAREST, Effort()))
    dense = assign(scores, places, forbidden=~there, **asked, effort=NEAREST)

    assert few.objective == few.bound == whole.objective == dense.objective == dense.bound
    for answer in (few, whole):
        assert recheck(answer, sparse, places, **asked).holds


def test_an_entry_of_zero_is_allowed_and_an_absent_one_is_not() -> None:
    written = csr_array((np.array([0.0]), (np.array([0]), np.array([0]))), shape=(1, 2))

    assert assign(written, [1, 1]).pairs == ((0, 0),)
    assert assign(csr_array((1, 2)), [1, 1]).pairs == ()
    assert assign(lil_matrix(np.array([[0.0, 0.5]])), [1, 1]).pairs == ((0, 1),)


def test_what_stands_twice_in_a_sparse_matrix_is_added_up_and_the_matrix_left_as_it_is() -> None:
    twice = csr_array((np.array([0.2, 0.3]), np.array([0, 0]), np.array([0, 2])), shape=(1, 1))

    assert assign(twice, [1]).objective == 500_000
    assert twice.data.tolist() == [0.2, 0.3]


def test_forbidden_pairs_of_a_sparse_matrix_may_be_sparse_too() -> None:
    scores = csr_array(np.array([[0.9, 0.8]]))

    for forbidden in (csr_array(np.array([[True, False]])), [[True, False]]):
        assert assign(scores, [1, 1], forbidden=forbidden).pairs == ((0, 1),)
    assert assign(scores.toarray(), [1, 1], forbidden=csr_array([[True, False]])).pairs == ((0, 1),)


def test_a_long_sparse_matrix_is_solved_without_its_table() -> None:
    n, m = 200_000, 100_000
    draw = np.random.default_rng(1)
    rows = np.repeat(np.arange(n), 2)
    scores = coo_array((draw.random(2 * n), (rows, draw.integers(0, m, 2 * n))), shape=(n, m))

    found = assign(scores, np.ones(m))

    assert found.gap == 0
    assert recheck(found, scores, np.ones(m)).holds


@pytest.mark.parametrize(
    ("asked", "error", "words"),
    [
        ({"pins": [(0, 1)]}, Infeasible, "row 0 and column 1 are pinned and forbidden"),
        ({"pins": [(0, 0), (1, 0)]}, Infeasible, "are pinned, and break NO_CAPACITY"),
        ({"pins": [(5, 0)]}, ValueError, "row 5 and column 0 are pinned, and not in the matrix"),
        ({"least": [1, 1]}, Infeasible, "column 1 lacks 1 of 1; lower `least`"),
        ({"least": [1]}, ValueError, "shapes do not fit: least"),
        ({"demands": [1, -1]}, ValueError, "demands must not be negative"),
        ({"caps": [(["a"], 1)]}, ValueError, "caps need a label for each of 2 rows"),
        ({"forbidden": [[True]]}, ValueError, "shapes do not fit: scores"),
        ({"unmatched_value": 301}, NotSolved, "divide all scores"),
    ],
)
@pytest.mark.parametrize("is_sparse", [True, False])
def test_what_cannot_be_is_refused_by_name(
    asked: Asked, error: type[Exception], words: str, is_sparse: bool
) -> None:
    scores: Any = [[0.5, 0.4], [0.3, 0.2]]
    forbidden: Any = np.array([[False, True], [False, True]])
    if is_sparse:
        scores = csr_array(np.where(forbidden, 0, scores))

    with pytest.raises(error, match=words):
        assign(scores, [1, 1], **{"forbidden": forbidden, **asked})


def test_scores_that_are_no_numbers_are_refused_unless_they_are_forbidden() -> None:
    scores = [[0.5, np.nan]]

    with pytest.raises(ValueError, match="scores must be finite numbers"):
        assign(scores, [1, 1])
    assert assign(scores, [1, 1], forbidden=[[False, True]]).pairs == ((0, 0),)
    with pytest.raises(ValueError, match="scores must be a matrix"):
        assign([0.5], [1])


SCORES = [[0.9, 0.8], [0.7, 0.1], [0.6, 0.5]]
ASKED: Asked = {
    "forbidden": [[False, False], [False, False], [True, False]],
    "unmatched_value": 0.2,
    "pins": [(1, 0)],
    "least": [1, 0],
    "caps": [(["a", "a", "b"], 2)],
}


@pytest.mark.parametrize(
    ("pairs", "fault"),
    [
        (((1, 0), (2, 0)), "a pair is made that is forbidden"),
        (((1, 0), (1, 0)), "a pair is made twice"),
        (((0, 1), (2, 1)), "a pinned pair is not made"),
        (((0, 1), (2, 1)), "a column has fewer partners than its least load"),
        (((0, 0), (1, 0)), "a column has more partners than its capacity"),
        (((1, 0), (1, 1)), "a row has more partners than it asks for"),
        (((1, 0), (7, 1)), "a pair lies outside the matrix"),
        (((1, 0),), "totals differ from"),
    ],
)
def test_spoilt_pairs_are_noticed(pairs: tuple[tuple[int, int], ...], fault: str) -> None:
    found = assign(SCORES, [1, 1], **ASKED)
    assert recheck(found, SCORES, [1, 1], **ASKED).holds

    certificate = recheck(replace(found, pairs=pairs), SCORES, [1, 1], **ASKED)

    assert any(one.startswith(fault) for one in certificate.faults)
    assert not certificate.holds


def spoilt(found: Assignment, **change: Any) -> Assignment:
    return replace(found, prices=replace(found.prices, **change))


def test_spoilt_prices_are_noticed() -> None:
    found = assign(SCORES, [1, 1], **ASKED)
    crowded = {**ASKED, "caps": [(["a", "a", "b"], 1)], "pins": [], "least": None}

    for answer, fault in (
        (spoilt(found, prices=np.array([0, -1])), "a price is negative"),
        (spoilt(found, surpluses=np.array([0, 0, 0])), "a surplus lies below the unmatched value"),
        (spoilt(found, prices=np.array([0])), "prices do not fit the matrix"),
        (spoilt(found, prices=found.prices.prices + 5), "totals differ from"),
    ):
        certificate = recheck(answer, SCORES, [1, 1], **ASKED)
        assert any(one.startswith(fault) for one in certificate.faults)
    taken = assign(SCORES, [3, 3], **{**crowded, "caps": []})
    told = recheck(taken, SCORES, [3, 3], **crowded).faults
    assert "a column has more partners of one group than the cap" in told
    assert "prices do not fit the matrix" in told
