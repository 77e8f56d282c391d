"""Agreement inside panels: published values, the package `multilevel`, and other libraries."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.metrics import cohen_kappa_score

from service.measurement.arrays import Floats, seeded
from service.measurement.ratings import BadRatings, Rating, Ratings, Scale
from service.measurement.results import Status, Undefined
from service.measurement.within_groups import (
    SLIGHTLY_SKEWED,
    UnitAgreement,
    WithinGroups,
    exact_agreement,
    within_groups,
)
from tests.service.measurement import published_tables
from tests.service.measurement.published_tables import a_table

FIVE = Scale(1, 5)


def found(table: published_tables.Table, scale: Scale = FIVE) -> WithinGroups:
    return within_groups(a_table(table, scale)).found()


def only_unit(*values: int | None, scale: Scale = FIVE) -> UnitAgreement:
    (unit,) = found([values], scale).units
    return unit


def items(rows: list[list[int | None]]) -> Ratings:
    """One candidate, a row for each competency."""
    cells = [
        Rating("c", f"a{column}", value, f"i{row}")
        for row, line in enumerate(rows)
        for column, value in enumerate(line)
    ]
    return Ratings.of(cells, FIVE)


@pytest.mark.parametrize(
    ("values", "published", "raw"),
    [
        ((4, 4, 5, 4), 0.875, 0.875),
        ((3, 4, 4, 5), 0.6667, 0.6667),
        ((5, 5, 5, 5), 1.0, 1.0),
        ((1, 5, 1, 5), 0.0, -1.6667),
    ],
)
def test_a7_r_wg_of_four_panels_as_the_r_package_multilevel_has_it(
    values: tuple[int, ...], published: float, raw: float
) -> None:
    uniform = only_unit(*values).uniform
    assert not isinstance(uniform.value, Undefined)
    assert not isinstance(uniform.raw, Undefined)
    assert (round(uniform.value, 4), round(uniform.raw, 4)) == (published, raw)
    assert uniform.is_worse_than_random == (raw < 0)


def test_a7_r_wg_of_three_items_as_the_r_package_multilevel_has_it() -> None:
    ratings = items([[4, 4, 5, 4], [3, 4, 4, 4], [4, 5, 5, 5]])
    (candidate,) = within_groups(ratings).found().candidates
    assert candidate.units == 3
    assert not isinstance(candidate.uniform.value, Undefined)
    assert round(candidate.uniform.value, 4) == 0.9545


def test_the_slightly_skewed_null_is_stricter_and_as_published() -> None:
    unit = only_unit(3, 4, 4, 5)
    assert unit.skewed.value == pytest.approx(1 - (2 / 3) / 1.34)
    assert found([[3, 4]]).null_variances == {"uniform": 2.0, "slightly skewed": 1.34}
    for size, variance in SLIGHTLY_SKEWED.items():
        assert variance < (size**2 - 1) / 12


def test_outside_5_to_11_values_the_skewed_null_is_undefined() -> None:
    for scale in (Scale(1, 4), Scale(1, 12)):
        unit = only_unit(2, 3, scale=scale)
        assert isinstance(unit.skewed.value, Undefined)
        assert not isinstance(unit.uniform.value, Undefined)
        within_groups(a_table([[2, 3]], scale)).json()


@pytest.mark.parametrize(
    ("values", "deviation", "within"),
    [((4, 4, 5, 4), 0.375, True), ((1, 5, 1, 5), 2.0, False), ((3, 4, 4, 5), 0.5, True)],
)
def test_average_deviation_and_its_limit(
    values: tuple[int, ...], deviation: float, within: bool
) -> None:
    unit = only_unit(*values)
    assert unit.average_deviation == pytest.approx(deviation)
    assert unit.is_within_limit is within
    assert found([values]).deviation_limit == pytest.approx(5 / 6)


def test_r_wg_of_many_items_that_differ_more_than_random_is_zero_and_flagged() -> None:
    ratings = items([[1, 5], [5, 1], [1, 5]])
    (candidate,) = within_groups(ratings).found().candidates
    assert candidate.uniform.value == 0
    assert candidate.uniform.is_worse_than_random
    assert isinstance(candidate.uniform.raw, Undefined)
    result = within_groups(ratings)
    assert any("On 3 of 3 units the values differ more" in each for each in result.cautions)
    result.json()


def test_one_value_is_no_agreement() -> None:
    unit = only_unit(4, None, None)
    assert isinstance(unit.uniform.value, Undefined)
    assert isinstance(unit.average_deviation, Undefined)
    result = within_groups(items([[4, None], [4, 5]]))
    assert result.found().candidates[0].units == 1
    assert any("Units with one value only" in each for each in result.cautions)
    assert any("slightly skewed null" in each for each in result.cautions)


def test_nothing_observed_is_refused() -> None:
    nothing = a_table([[None, None]], FIVE)
    assert within_groups(nothing).convergence.status is Status.REFUSED
    assert exact_agreement(nothing).convergence.status is Status.REFUSED
    assert exact_agreement(a_table([[1, None]], FIVE)).convergence.status is Status.REFUSED


panels = st.lists(
    st.lists(st.sampled_from([1, 2, 3, 4, 5, None]), min_size=4, max_size=4),
    min_size=1,
    max_size=5,
).filter(lambda rows: any(value is not None for row in rows for value in row))


@given(panels)
@settings(max_examples=30, derandomize=True, deadline=None)
def test_a_reversed_scale_changes_nothing(rows: list[list[int | None]]) -> None:
    mirrored = [[None if value is None else 6 - value for value in row] for row in rows]
    for one, other in zip(found(rows).units, found(mirrored).units, strict=True):
        for name in ("variance", "average_deviation"):
            assert getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-12)
        assert one.uniform.value == pytest.approx(other.uniform.value, abs=1e-12)


@given(panels)
@settings(max_examples=30, derandomize=True, deadline=None)
def test_a_cell_that_was_not_observed_equals_one_that_never_was(
    rows: list[list[int | None]],
) -> None:
    cells = [
        Rating(f"c{row:03}", f"a{column:02}", value)
        for row, line in enumerate(rows)
        for column, value in enumerate(line)
        if value is not None
    ]
    whole, never = a_table(rows, FIVE), Ratings.of(cells, FIVE)
    assert within_groups(whole).numbers == within_groups(never).numbers
    assert exact_agreement(whole).numbers == exact_agreement(never).numbers


def rating_scale(ratings: Ratings) -> Floats:
    """Probabilities of Guilford's values by the measures that A3a prints to four digits."""
    juniors = np.array([-0.0715, 0.6638, -0.2554, -0.4815, 0.4407, -0.5841, 0.2880])
    judges = np.array([0.0397, 0.2454, -0.0960])
    traits = np.array([-0.2800, -0.1470, 0.2109, -0.3022, 0.5184])
    taus = np.array([-0.6905, -2.3520, 0.8093, -1.4837, 1.7186, -0.9789, 2.3926, 0.5846])
    places = (
        juniors[ratings.candidate.codes]
        - judges[ratings.assessor.codes]
        - traits[ratings.competency.codes]
    )
    steps = np.concatenate([np.zeros((len(places), 1)), places[:, None] - taus], axis=1)
    return np.asarray(softmax(np.cumsum(steps, axis=1), axis=1))


def test_a3a_guilford_1954_exact_agreements_observed_and_expected() -> None:
    ratings = published_tables.guilford()
    numbers = exact_agreement(ratings, probabilities=rating_scale(ratings)).found()
    assert (numbers.observed, numbers.pairs) == (33, 105)
    assert round(numbers.expected, 2) == 27.02
    assert numbers.beyond == pytest.approx((33 - 27.02) / (105 - 27.02), abs=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_beyond_chance_it_is_cohens_kappa_for_two_assessors(seed: int) -> None:
    table = seeded(seed).integers(1, 6, (15, 2))
    numbers = exact_agreement(a_table(table.tolist(), FIVE)).found()
    theirs = cohen_kappa_score(table[:, 0], table[:, 1])
    assert numbers.beyond == pytest.approx(theirs, abs=1e-12)
    assert isinstance(numbers.z, Undefined)


def test_beyond_chance_it_is_congers_kappa_for_more() -> None:
    table = seeded(5).integers(1, 4, (20, 4))
    numbers = exact_agreement(a_table(table.tolist(), FIVE)).found()
    pairs = list(combinations(range(4), 2))
    equal = np.mean([np.mean(table[:, a] == table[:, b]) for a, b in pairs])
    shares = np.array([[np.mean(table[:, a] == value) for value in (1, 2, 3)] for a in range(4)])
    chance = np.mean([shares[a] @ shares[b] for a, b in pairs])
    assert numbers.beyond == pytest.approx((equal - chance) / (1 - chance), abs=1e-12)


def test_the_spread_of_equal_pairs_is_that_of_all_outcomes() -> None:
    # Every outcome of four assessors of one candidate, weighted by its probability.
    likely = seeded(6).dirichlet(np.ones(5), 4)
    moments = np.zeros(2)
    for values in product(range(5), repeat=4):
        equal = sum(one == other for one, other in combinations(values, 2))
        chance = np.prod([likely[seat, value] for seat, value in enumerate(values)])
        moments += chance * np.array([equal, equal**2])
    numbers = exact_agreement(a_table([[1, 1, 1, 1]], FIVE), probabilities=likely).found()
    assert numbers.expected == pytest.approx(moments[0], abs=1e-12)
    spread = np.sqrt(moments[1] - moments[0] ** 2)
    assert numbers.z == pytest.approx((6 - moments[0]) / spread, abs=1e-9)


def test_far_more_equal_values_than_a_model_expects_are_told() -> None:
    ratings = a_table([[value] * 3 for value in (1, 2, 3, 4, 5)] * 2, FIVE)
    even = np.full((30, 5), 0.2)
    result = exact_agreement(ratings, probabilities=even)
    assert "30 of 30 pairs are equal where the model expects 6.0" in result.cautions[0]
    assert exact_agreement(ratings).cautions == ()


def test_one_value_for_all_cannot_tell_agreement() -> None:
    numbers = exact_agreement(a_table([[3, 3], [3, 3]], FIVE)).found()
    assert isinstance(numbers.beyond, Undefined)
    sure = np.tile(np.eye(5)[2], (4, 1))
    model = exact_agreement(a_table([[3, 3], [3, 3]], FIVE), probabilities=sure).found()
    assert isinstance(model.z, Undefined)


@pytest.mark.parametrize(
    ("probabilities", "words"),
    [
        (np.full((2, 5), 0.2), "give \\(4, 5\\)"),
        (np.vstack([np.full((2, 5), 0.2), np.full((2, 5), 0.3)]), "row 3 .* sums to 1.5"),
        (np.tile([1.5, -0.5, 0, 0, 0], (4, 1)), "row 1 .* none below zero"),
    ],
)
def test_probabilities_that_are_none_are_refused(probabilities: Floats, words: str) -> None:
    with pytest.raises(BadRatings, match=words):
        exact_agreement(a_table([[3, 3], [3, 3]], FIVE), probabilities=probabilities)


def test_the_names_of_assessors_change_nothing() -> None:
    table = seeded(7).integers(1, 6, (6, 4))
    one, other = (
        exact_agreement(a_table(each.tolist(), FIVE)).found() for each in (table, table[:, ::-1])
    )
    assert one.expected == pytest.approx(other.expected, abs=1e-12)
    assert one.observed == other.observed
    left, right = (found(each.tolist()).units for each in (table, table[:, ::-1]))
    assert [unit.variance for unit in left] == pytest.approx([unit.variance for unit in right])
