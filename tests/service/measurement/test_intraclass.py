"""Intraclass correlations against Shrout and Fleiss, pingouin, and simulated panels."""

import warnings

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pingouin
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from service.measurement.arrays import Floats, seeded
from service.measurement.intraclass import FORMS, Form, Intraclass, intraclass, label
from service.measurement.ratings import Rating, Ratings, Scale
from service.measurement.results import Interval, Result, Status, Undefined
from tests.service.measurement import published_tables
from tests.service.measurement.published_tables import a_table

TEN = Scale(1, 10)
TABLE: list[list[int | None]] = [list(row) for row in published_tables.SHROUT_FLEISS]


def value(result: Result[Intraclass], form: Form) -> float:
    found = result.found().forms[form].estimate.value
    assert not isinstance(found, Undefined), found.reason
    return found


def interval(result: Result[Intraclass], form: Form) -> Interval:
    found = result.found().forms[form].estimate.interval
    assert isinstance(found, Interval)
    return found


@pytest.mark.parametrize(
    ("form", "published", "low", "high"),
    [
        ("ICC(1,1)", 0.165742, -0.132932, 0.722560),
        ("ICC(2,1)", 0.289764, 0.018787, 0.761084),
        ("ICC(3,1)", 0.714841, 0.342465, 0.945858),
        ("ICC(1,k)", 0.442797, -0.884442, 0.912415),
        ("ICC(2,k)", 0.620051, 0.071137, 0.927232),
        ("ICC(3,k)", 0.909316, 0.675675, 0.985892),
    ],
)
def test_a1_shrout_fleiss_1979_six_forms_with_intervals(
    form: Form, published: float, low: float, high: float
) -> None:
    result = intraclass(a_table(TABLE, TEN))
    assert round(value(result, form), 6) == published
    ends = interval(result, form)
    assert (round(ends.low, 6), round(ends.high, 6)) == (low, high)


def test_a1_shrout_fleiss_1979_sums_of_squares() -> None:
    squares = intraclass(a_table(TABLE, TEN)).found().mean_squares
    assert squares is not None
    assert round(squares["candidates"] * 5, 2) == 56.21
    assert round(squares["assessors"] * 3, 2) == 97.46
    assert round(squares["residual"] * 15, 2) == 15.29


def test_a3c_guilford_1954_on_the_totals_of_seven_juniors_by_three_judges() -> None:
    result = intraclass(published_tables.guilford())
    forms: tuple[Form, ...] = ("ICC(2,1)", "ICC(3,1)", "ICC(2,k)", "ICC(3,k)")
    assert [round(value(result, form), 4) for form in forms] == [0.2476, 0.2354, 0.4967, 0.4801]


THEIRS = ("ICC(1,1)", "ICC(A,1)", "ICC(C,1)", "ICC(1,k)", "ICC(A,k)", "ICC(C,k)")
whole_tables = st.tuples(st.integers(3, 8), st.integers(2, 5)).flatmap(
    lambda shape: npst.arrays(np.int64, shape, elements=st.integers(1, 10))
)


@given(whole_tables)
@settings(max_examples=25, derandomize=True, deadline=None)
def test_it_is_what_pingouin_says(table: np.ndarray) -> None:
    means = table.mean(axis=1)
    rest = table - means[:, None] - table.mean(axis=0)
    if np.ptp(means) < 1e-9 or np.ptp(rest) < 1e-9:
        return
    rows, columns = (places.reshape(-1) for places in np.indices(table.shape))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = pingouin.intraclass_corr(
            pd.DataFrame({"t": rows, "r": columns, "y": table.reshape(-1)}),
            targets="t",
            raters="r",
            ratings="y",
        ).set_index("Type")
    result = intraclass(a_table(table.tolist(), TEN))
    for form, name in zip(FORMS, THEIRS, strict=True):
        ours = result.found().forms[form].estimate
        if isinstance(ours.value, Undefined):
            continue
        assert ours.value == pytest.approx(theirs.loc[name, "ICC"], rel=1e-9, abs=1e-9)
        if isinstance(ours.interval, Interval):
            low, high = theirs.loc[name, "CI95"]
            # pingouin rounds its intervals to two decimals.
            assert ours.interval.low == pytest.approx(low, abs=0.00501)
            assert ours.interval.high == pytest.approx(high, abs=0.00501)


@given(st.permutations(range(6)), st.permutations(range(4)))
@settings(max_examples=15, derandomize=True, deadline=None)
def test_names_change_nothing(candidates: list[int], assessors: list[int]) -> None:
    mixed = [[TABLE[row][column] for column in assessors] for row in candidates]
    one, other = (intraclass(a_table(table, TEN)) for table in (TABLE, mixed))
    for form in FORMS:
        assert value(one, form) == pytest.approx(value(other, form), abs=1e-12)
        assert interval(one, form).low == pytest.approx(interval(other, form).low, abs=1e-9)


def with_gaps(*gaps: tuple[int, int]) -> list[list[int | None]]:
    return [
        [None if (row, column) in gaps else one for column, one in enumerate(line)]
        for row, line in enumerate(TABLE)
    ]


@pytest.mark.parametrize("table", [TABLE, with_gaps((1, 2), (4, 0))])
def test_a_reversed_scale_changes_nothing(table: list[list[int | None]]) -> None:
    mirrored = [[None if one is None else 11 - one for one in line] for line in table]
    one, other = (intraclass(a_table(each, TEN)) for each in (table, mirrored))
    for form in FORMS:
        assert value(one, form) == pytest.approx(value(other, form), abs=1e-7)


def test_a_cell_that_was_not_observed_equals_one_that_never_was() -> None:
    gaps = a_table(with_gaps((1, 2), (4, 0)), TEN)
    never = Ratings.of(
        [
            Rating(f"c{row:03}", f"a{column:02}", one)
            for row, line in enumerate(TABLE)
            for column, one in enumerate(line)
            if (row, column) not in {(1, 2), (4, 0)}
        ],
        TEN,
    )
    assert intraclass(gaps).numbers == intraclass(never).numbers


def test_missing_cells_drop_nobody_and_are_told() -> None:
    result = intraclass(a_table(with_gaps((1, 2)), TEN))
    assert result.counts["candidates"] == 6
    assert result.found().k == pytest.approx(6 / (5 / 4 + 1 / 3))
    assert "REML" in result.method
    assert any("1 of 24 pairs" in caution for caution in result.cautions)
    whole = intraclass(a_table(TABLE, TEN))
    for form in FORMS:
        assert value(result, form) == pytest.approx(value(whole, form), abs=0.13)
        assert interval(result, form).high == pytest.approx(interval(whole, form).high, abs=0.06)


def test_restricted_likelihood_gives_what_lme4_would_on_a_table_with_a_gap() -> None:
    # The variances are checked against statsmodels where they are computed.
    found = intraclass(a_table(with_gaps((1, 2), (4, 0), (5, 3)), TEN)).found()
    assert found.variances["candidates"] == pytest.approx(2.81071, abs=1e-5)
    assert found.variances["assessors"] == pytest.approx(5.06747, abs=1e-5)
    assert found.variances["residual"] == pytest.approx(1.07363, abs=1e-5)


@pytest.mark.parametrize(
    ("decision", "unit", "chosen"),
    [
        ("standard", "mean", "ICC(2,k)"),
        ("standard", "single", "ICC(2,1)"),
        ("order", "mean", "ICC(3,k)"),
        ("order", "single", "ICC(3,1)"),
    ],
)
def test_the_form_follows_the_decision(decision: str, unit: str, chosen: Form) -> None:
    result = intraclass(a_table(TABLE, TEN), decision=decision, unit=unit)  # type: ignore[arg-type]
    assert result.found().chosen == chosen
    strict = any("How strict" in caution for caution in result.cautions)
    assert strict == chosen.startswith("ICC(3")


def test_where_not_all_had_the_same_assessors_strictness_counts_also_in_an_order() -> None:
    result = intraclass(a_table(with_gaps((1, 2)), TEN), decision="order")
    assert result.found().chosen == "ICC(2,k)"


def test_assessors_of_their_own_leave_the_one_way_form_alone() -> None:
    cells = [
        Rating(f"c{row}", f"a{row}-{column}", one)
        for row, line in enumerate(TABLE)
        for column, one in enumerate(line)
    ]
    result = intraclass(Ratings.of(cells, TEN))
    assert result.found().chosen == "ICC(1,k)"
    assert value(result, "ICC(1,1)") == pytest.approx(0.165742, abs=1e-6)
    assert isinstance(result.found().forms["ICC(2,1)"].estimate.value, Undefined)
    assert isinstance(result.found().variances["assessors"], Undefined)
    result.json()


@pytest.mark.parametrize(
    ("coefficient", "word"),
    [(0.49, "poor"), (0.5, "moderate"), (0.75, "good"), (0.9, "good"), (0.91, "excellent")],
)
def test_words_of_koo_and_li(coefficient: float, word: str) -> None:
    assert label(coefficient) == word


def test_the_words_are_those_of_the_interval() -> None:
    forms = intraclass(a_table(TABLE, TEN)).found().forms
    assert forms["ICC(2,1)"].label == "poor to good"
    assert forms["ICC(3,k)"].label == "moderate to excellent"


@pytest.mark.parametrize(
    "table",
    [
        [[3, 3], [3, 3], [3, 3]],
        [[1, 1], [3, 3], [5, 5]],
        [[1, 2], [3, 4], [5, 6]],
        [[1, 2], [1, 2], [1, 2]],
        [[1, 3], [3, 1], [2, 2]],
        [[1, 1], [3, 3], [5, None]],
        [[3, 3], [3, 3], [3, None]],
    ],
)
def test_tables_without_error_or_without_differences_tell_what_is_undefined(
    table: list[list[int | None]],
) -> None:
    intraclass(a_table(table, TEN)).json()


def test_all_equal_is_undefined_and_no_error_is_one_without_an_interval() -> None:
    equal = intraclass(a_table([[3, 3], [3, 3], [3, 3]], TEN))
    assert isinstance(equal.found().forms["ICC(2,1)"].estimate.value, Undefined)
    assert any("ICC(2,k) is undefined" in caution for caution in equal.cautions)
    perfect = intraclass(a_table([[1, 1], [3, 3], [5, 5]], TEN)).found().forms["ICC(2,1)"]
    assert perfect.estimate.value == 1
    assert isinstance(perfect.estimate.interval, Undefined)


def test_candidates_who_differ_less_than_error_are_told_below_zero() -> None:
    result = intraclass(a_table([[1, 3], [3, 1], [2, 3], [3, 2]], TEN), decision="order")
    assert value(result, "ICC(3,k)") < 0
    assert "The interval includes zero: agreement is not shown." in result.cautions


def test_an_interval_that_reaches_below_all_that_a_mean_can_have_is_undefined() -> None:
    table = [[4, 4], [5, 1], [1, 5], [1, 3], [1, 2], [3, 3]]
    result = intraclass(a_table(table, TEN))
    assert interval(result, "ICC(2,1)").low < -1
    assert isinstance(result.found().forms["ICC(2,k)"].estimate.interval, Undefined)
    assert isinstance(result.found().forms["ICC(2,k)"].label, Undefined)


def test_where_no_degrees_of_freedom_are_left_the_interval_is_undefined() -> None:
    result = intraclass(a_table([[6, 1, 3], [6, 4, 0], [3, 6, 2]], Scale(0, 10)))
    assert value(result, "ICC(2,1)") == pytest.approx(-0.395349, abs=1e-6)
    assert isinstance(result.found().forms["ICC(2,1)"].estimate.interval, Undefined)
    result.json()


def test_one_assessor_or_one_candidate_is_refused() -> None:
    tables: list[published_tables.Table] = [[[3], [4]], [[3, 4]], [[None, None], [None, 2]]]
    for table in tables:
        result = intraclass(a_table(table, TEN))
        assert result.convergence.status is Status.REFUSED


def test_cells_of_fewer_ratings_are_told() -> None:
    cells = [
        Rating(f"c{row}", f"a{column}", 1 + (row * column) % 5, f"i{item}")
        for row, column, item in np.ndindex(4, 3, 2)
        if (row, column, item) != (0, 0, 0)
    ]
    result = intraclass(Ratings.of(cells, TEN))
    assert any(
        "Means of fewer ratings than others: 1 of " in caution for caution in result.cautions
    )


# What simulated panels are made of: candidates, assessors, error.
VARIANCES = (1.0, 0.3, 1.0)
TRUTH: dict[Form, float] = {"ICC(2,1)": 1 / 2.3, "ICC(3,1)": 0.5, "ICC(2,k)": 1 / 1.325}


def panel(candidates: int, seed: int, kept: float = 1.0) -> Ratings:
    """Whole ratings on so fine a scale that they are as good as continuous."""
    draws = seeded(seed)
    one, two, error = np.sqrt(VARIANCES)
    values: Floats = draws.normal(0, one, (candidates, 1)) + draws.normal(0, two, (1, 4))
    values = values + draws.normal(0, error, (candidates, 4))
    table = np.clip(np.rint(values * 1000), -9999, 9999).astype(int).tolist()
    seen = draws.random((candidates, 4)) < kept
    return a_table(
        [
            [value if there else None for value, there in zip(row, here, strict=True)]
            for row, here in zip(table, seen.tolist(), strict=True)
        ],
        Scale(-9999, 9999),
    )


@pytest.mark.parametrize(("kept", "panels"), [(1.0, 200), (0.85, 25)])
def test_intervals_hold_the_true_value_as_often_as_they_claim(kept: float, panels: int) -> None:
    held = dict.fromkeys(TRUTH, 0)
    for seed in range(panels):
        result = intraclass(panel(12, seed, kept))
        for form in TRUTH if kept == 1 else ("ICC(2,1)", "ICC(3,1)"):
            held[form] += interval(result, form).holds(TRUTH[form])
    for form, count in held.items():
        if kept == 1 or form != "ICC(2,k)":
            assert 0.91 * panels <= count <= panels, (form, count)


def test_four_times_the_candidates_halve_the_interval_of_consistency() -> None:
    widths = []
    for candidates in (25, 100):
        ends = [interval(intraclass(panel(candidates, s)), "ICC(3,1)") for s in range(12)]
        widths.append(float(np.mean([end.high - end.low for end in ends])))
    assert widths[0] / widths[1] == pytest.approx(2.0, rel=0.12)


def test_the_same_seed_gives_the_same_bytes() -> None:
    gaps = a_table(with_gaps((1, 2)), TEN)
    assert intraclass(gaps).json() == intraclass(gaps).json()
    assert intraclass(gaps).json() != intraclass(gaps, seed=2).json()
