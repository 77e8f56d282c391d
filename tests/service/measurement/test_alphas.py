"""Krippendorff's alpha against its book, the krippendorff package, and what must hold of it."""

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.measurement.alphas import Alpha, Metric, alpha
from service.measurement.ratings import BadRatings, Rating, Ratings, Scale
from service.measurement.results import Interval, Result, Status, Undefined
from tests.service.measurement import published_tables

METRICS: tuple[Metric, ...] = ("nominal", "ordinal", "interval", "ratio")
OBSERVERS = published_tables.krippendorff()
Table = list[list[int | None]]


def of(table: published_tables.Table, highest: int = 5, lowest: int = 1) -> Ratings:
    return published_tables.a_table(table, Scale(lowest, highest))


def value(result: Result[Alpha]) -> float:
    found = result.found().alpha.value
    assert not isinstance(found, Undefined)
    return found


def interval(result: Result[Alpha]) -> Interval:
    found = result.found().alpha.interval
    assert isinstance(found, Interval)
    return found


@pytest.mark.parametrize(
    ("metric", "published"),
    [("nominal", 0.7434), ("ordinal", 0.8154), ("interval", 0.8491), ("ratio", 0.7974)],
)
def test_a2_krippendorff_2011_four_observers_of_twelve_units(
    metric: Metric, published: float
) -> None:
    assert round(value(alpha(of(OBSERVERS), metric=metric)), 4) == published


def test_a3c_guilford_1954_ordinal_alpha_over_35_units() -> None:
    result = alpha(published_tables.guilford())
    assert round(value(result), 3) == 0.279
    assert result.counts["units"] == 35


tables = st.integers(2, 5).flatmap(
    lambda judges: st.lists(
        st.lists(st.sampled_from([1, 2, 3, 4, 5, None]), min_size=judges, max_size=judges),
        min_size=8,
        max_size=8,
    )
)


@given(tables, st.sampled_from(METRICS))
@settings(max_examples=60, derandomize=True, deadline=None)
def test_it_is_what_the_krippendorff_package_says(table: Table, metric: Metric) -> None:
    result = alpha(of(table), metric=metric, draws=2)
    data = np.array(table, dtype=np.float64).T
    pairable = data[:, (~np.isnan(data)).sum(axis=0) > 1]
    if len(np.unique(pairable[~np.isnan(pairable)])) < 2:
        assert isinstance(result.numbers, Undefined) or isinstance(
            result.found().alpha.value, Undefined
        )
        return
    theirs = krippendorff.alpha(
        reliability_data=data, level_of_measurement=metric, value_domain=[1, 2, 3, 4, 5]
    )
    assert abs(value(result) - theirs) < 1e-12


@given(st.permutations(range(4)), st.permutations(range(12)))
@settings(max_examples=15, derandomize=True, deadline=None)
def test_the_names_of_assessors_and_candidates_change_no_coefficient(
    judges: list[int], units: list[int]
) -> None:
    mixed = [[OBSERVERS[unit][judge] for judge in judges] for unit in units]
    assert value(alpha(of(mixed), draws=2)) == pytest.approx(
        value(alpha(of(OBSERVERS), draws=2)), abs=1e-12
    )


@pytest.mark.parametrize("metric", ["nominal", "ordinal", "interval"])
def test_a_reversed_scale_changes_nothing(metric: Metric) -> None:
    reversed_table = [[None if x is None else 6 - x for x in row] for row in OBSERVERS]
    one, other = (alpha(of(table), metric=metric) for table in (OBSERVERS, reversed_table))
    assert value(one) == pytest.approx(value(other), abs=1e-12)
    assert interval(one).low == pytest.approx(interval(other).low, abs=1e-9)


def test_a_cell_that_was_not_observed_equals_one_that_never_was() -> None:
    cells = [
        Rating(f"c{row:03}", f"a{column:02}", value)
        for row, line in enumerate(OBSERVERS)
        for column, value in enumerate(line)
        if value is not None
    ]
    assert alpha(of(OBSERVERS)).numbers == alpha(Ratings.of(cells, Scale(1, 5))).numbers


def test_values_that_nobody_used_change_no_coefficient() -> None:
    for metric in METRICS:
        wide, narrow = (of(OBSERVERS, highest=highest) for highest in (9, 5))
        assert value(alpha(wide, metric=metric)) == pytest.approx(
            value(alpha(narrow, metric=metric)), abs=1e-12
        )
    assert alpha(of(OBSERVERS, highest=9)).found().categories == tuple(range(1, 10))


def test_ratings_that_are_all_equal_are_undefined_and_not_one() -> None:
    result = alpha(of([[3, 3], [3, 3], [3, None]]))
    assert isinstance(result.found().alpha.value, Undefined)
    assert result.found().observed_disagreement == 0
    assert any("All values are equal" in caution for caution in result.cautions)
    result.json()


def test_without_two_values_in_a_unit_it_refuses() -> None:
    result = alpha(of([[3, None], [None, 4]]))
    assert result.convergence.status is Status.REFUSED
    assert isinstance(result.numbers, Undefined)
    assert alpha(of([[None], [None]])).convergence.status is Status.REFUSED


def test_ratios_need_a_scale_without_negative_values() -> None:
    with pytest.raises(BadRatings, match="take interval"):
        alpha(of([[-1, 1], [2, 2]], lowest=-2), metric="ratio")
    assert value(alpha(of([[0, 0], [2, 1]], lowest=0), metric="ratio")) < 1


def test_units_that_one_assessor_saw_are_counted_and_told() -> None:
    result = alpha(of(OBSERVERS))
    assert result.counts["units"] == 11
    assert any(
        caution.startswith("Units with one value only") and "1." in caution
        for caution in result.cautions
    )


def test_perfect_agreement_is_one_and_has_no_interval() -> None:
    found = alpha(of([[value, value] for value in (1, 2, 3, 4, 5)])).found().alpha
    assert found.value == 1
    assert isinstance(found.interval, Undefined)


def test_an_interval_never_reaches_below_minus_one() -> None:
    ends = interval(alpha(of([[2, 2], [1, 2], [3, 3], [1, 2], [3, 1]], highest=3), draws=200))
    assert ends.low == -1
    assert ends.high == pytest.approx(1)


def test_below_zero_is_told_as_disagreement() -> None:
    result = alpha(of([[1, 5], [2, 3], [4, 2], [5, 1], [1, 4], [3, 1]]))
    assert value(result) < 0
    assert any("disagree more than chance" in caution for caution in result.cautions)
    assert any("agreement is not shown" in caution for caution in result.cautions)


def test_the_same_seed_gives_the_same_bytes_and_another_one_another_interval() -> None:
    one, again, other = (alpha(of(OBSERVERS), seed=seed) for seed in (1, 1, 2))
    assert one.json() == again.json()
    assert interval(one).low != interval(other).low
    assert value(one) == value(other)


def panels(candidates: int, seed: int) -> Ratings:
    """Ratings of 4 competencies by 4 assessors who agree somewhat."""
    draws = np.random.Generator(np.random.PCG64(seed))
    merits = draws.normal(0, 0.8, (candidates, 1, 1)) + draws.normal(0, 0.4, (candidates, 4, 1))
    values = np.digitize(merits + draws.normal(0, 0.9, (candidates, 4, 4)), [-1.5, -0.5, 0.5, 1.5])
    cells = [
        Rating(f"c{n:03}", f"a{j}", int(values[n, i, j]) + 1, f"i{i}")
        for n, i, j in np.ndindex(values.shape)
    ]
    return Ratings.of(cells, Scale(1, 5))


def test_four_times_the_candidates_halve_the_interval() -> None:
    widths = [np.mean([np.ptp(ends(panels(n, seed))) for seed in range(8)]) for n in (20, 80)]
    assert widths[0] / widths[1] == pytest.approx(2.0, rel=0.2)


def ends(ratings: Ratings) -> tuple[float, float]:
    found = interval(alpha(ratings, draws=300))
    return found.low, found.high


# Of 200,000 candidates, so that its own error is in the fourth digit.
TRUE_ALPHA = 0.452


def test_the_interval_holds_the_true_value_nearly_as_often_as_it_claims() -> None:
    held = sum(low <= TRUE_ALPHA <= high for low, high in (ends(panels(12, s)) for s in range(60)))
    assert 53 <= held <= 60
