"""Variance components against published tables, statsmodels, themselves, and simulated panels."""

import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, sparse
from statsmodels.regression.mixed_linear_model import (
    MixedLM,
    VCSpec,
)
from threadpoolctl import threadpool_limits

from service.measurement import components
from service.measurement.arrays import Floats, Integers, Masks, seeded
from service.measurement.components import Components, Layout, Squares, anova, quantiles, reml
from service.measurement.likelihoods import DenseLikelihood, SquaresLikelihood, climb
from service.measurement.ratings import FacetName, Ratings
from service.measurement.results import Interval, Result, Status, Undefined
from tests.service.measurement import published_tables

FACETS: tuple[FacetName, ...] = ("candidate", "competency", "assessor")
EFFECTS = {
    "p": (0,),
    "i": (1,),
    "a": (2,),
    "pi": (0, 1),
    "pa": (0, 2),
    "ia": (1, 2),
    "r": (0, 1, 2),
}
# Of senior panels: candidates differ most, one cell is mostly noise.
VARIANCES = np.array([0.4, 0.05, 0.05, 0.2, 0.15, 0.03, 0.6])


def a_layout(values: Floats, codes: Sequence[Integers]) -> Layout:
    """Candidates by competencies by assessors, all crossed."""
    names = [name for name, places in EFFECTS.items() if max(places) < len(codes)]
    effects = {name: tuple(FACETS[place] for place in EFFECTS[name]) for name in names}
    return Layout(values, dict(zip(FACETS, codes, strict=False)), effects)


def layout_of(ratings: Ratings) -> Layout:
    seen = ratings.observed
    return a_layout(seen.values.astype(np.float64), [seen.facet(name).codes for name in FACETS])


def simulated(sizes: tuple[int, ...], seed: int, kept: Masks | None = None) -> Layout:
    """Normal effects of `VARIANCES`, on the cells that are kept."""
    draws, values = seeded(seed), np.zeros(sizes)
    for places, variance in zip(EFFECTS.values(), VARIANCES, strict=True):
        shape = [size if place in places else 1 for place, size in enumerate(sizes)]
        values = values + draws.normal(0.0, np.sqrt(variance), shape)
    cells = np.nonzero(np.ones(sizes, dtype=np.bool_) if kept is None else kept)
    return a_layout(values[cells], cells)


def most_kept(sizes: tuple[int, ...], seed: int) -> Masks:
    return seeded(seed).random(sizes) > 0.15


def variances(result: Result[Components]) -> list[float]:
    found = [one.variance.value for one in result.found().components.values()]
    return [value for value in found if not isinstance(value, Undefined)]


GUILFORD = layout_of(published_tables.guilford())
GLESER = layout_of(published_tables.gleser())


@pytest.mark.parametrize(
    ("layout", "squares", "published"),
    [
        (
            GUILFORD,
            [15.819, 11.633, 4.524, 2.144, 8.224, 1.619, 1.180],
            [0.4421, 0.4310, -0.1183, 0.3214, 1.4087, 0.0627, 1.1802],
        ),
        (
            GLESER,
            [7.6515, 12.9333, 1.0000, 1.4758, 1.7727, 0.8667, 0.6212],
            [0.4187, 0.4672, -0.0141, 0.4273, 0.1919, 0.0205, 0.6212],
        ),
    ],
    ids=["a3c_guilford_1954", "a4_gleser_cronbach_rajaratnam_1965"],
)
def test_mean_squares_and_variances_of_published_tables(
    layout: Layout, squares: list[float], published: list[float]
) -> None:
    result = anova(layout)
    digits = [len(str(value).split(".")[1]) for value in squares]
    found = result.found().squares.mean_squares
    assert [round(*one) for one in zip(found.tolist(), digits, strict=True)] == squares
    assert [round(value, 4) for value in variances(result)] == published
    assert result.found().components["a"].used == 0
    assert any("due to a is estimated at" in caution for caution in result.cautions)


@pytest.mark.parametrize(
    ("layout", "published"),
    [
        (GUILFORD, {"p": 0.4779, "pa": 1.3009, "a": 0.0}),
        (GLESER, {"p": 0.4243, "a": 0.0, "pa": 0.1806, "pi": 0.4264}),
    ],
    ids=["a3c_guilford_1954", "a4_gleser_cronbach_rajaratnam_1965"],
)
def test_restricted_likelihood_of_published_tables_as_lme4_finds_it(
    layout: Layout, published: dict[str, float]
) -> None:
    result = reml(layout)
    for name, value in published.items():
        # lme4 stops a little below the top where a component is at zero.
        assert result.found().used[name] == pytest.approx(value, abs=2e-4)
    assert result.convergence.status is Status.CONVERGED
    error = result.found().components["a"].variance.se
    assert isinstance(error, Undefined)


@pytest.mark.parametrize("seed", range(3))
def test_the_dense_way_up_ends_where_that_by_mean_squares_does(seed: int) -> None:
    layout = simulated((6, 4, 3), seed)
    by_squares = climb(
        SquaresLikelihood(layout.mean_squares(), layout.degrees, layout.expectations)
    )
    dense = climb(DenseLikelihood(layout.values - layout.values.mean(), layout.levels))
    assert by_squares.status is dense.status is Status.CONVERGED
    assert np.abs(by_squares.variances - dense.variances).max() < 1e-7
    assert by_squares.log_likelihood == pytest.approx(dense.log_likelihood, abs=1e-9)


def mixed_lm(layout: Layout) -> Any:
    """The fit of statsmodels, which takes crossed effects as parts of a single group."""
    cells = np.arange(len(layout.values))
    indicators = [
        sparse.coo_array((np.ones(len(cells)), (cells, codes))).toarray()
        for codes in layout.levels[:-1]
    ]
    names = [f"e{place}" for place in range(len(indicators))]
    columns = [[[f"{place}" for place in range(each.shape[1])]] for each in indicators]
    parts = VCSpec(names, columns, [[each] for each in indicators])
    ones = np.ones(len(cells))
    with warnings.catch_warnings(), threadpool_limits(limits=1):
        warnings.simplefilter("ignore")
        model = MixedLM(layout.values, ones[:, None], ones, exog_vc=parts)
        return model.fit(reml=True, method=["lbfgs"], maxiter=500)


def test_it_ends_where_statsmodels_does_with_missing_cells() -> None:
    cells = np.nonzero(most_kept((10, 5), seed=2))
    draws = seeded(4)
    effects = draws.normal(0, 0.8, (10, 1)) + draws.normal(0, 0.4, (1, 5))
    layout = a_layout((effects + draws.normal(0, 0.5, (10, 5)))[cells], cells)
    two = Layout(layout.values, layout.codes, {"p": FACETS[:1], "i": FACETS[1:2], "r": FACETS[:2]})
    theirs, ours = mixed_lm(two), reml(two).found()
    assert np.abs(np.array([*theirs.vcomp, theirs.scale]) - list(ours.used.values())).max() < 1e-4
    assert ours.log_likelihood == pytest.approx(theirs.llf, abs=1e-7)


def test_at_a_bound_it_climbs_above_statsmodels_on_the_same_likelihood() -> None:
    ratings = published_tables.gleser()
    kept = np.ones(len(ratings), dtype=np.bool_)
    kept[[3, 17, 50, 77, 100, 120]] = False
    layout = layout_of(ratings.only(kept))
    theirs, ours = mixed_lm(layout), reml(layout)
    there = DenseLikelihood(layout.values, layout.levels).at(
        np.array([*theirs.vcomp, theirs.scale])
    )
    assert there is not None
    assert there[0] == pytest.approx(theirs.llf, abs=1e-6)
    height = ours.found().log_likelihood
    assert height is not None
    assert height > theirs.llf + 0.1
    assert ours.found().used["a"] == 0


def test_where_whole_steps_go_to_and_fro_for_ever_it_still_reaches_the_top() -> None:
    rows = np.array(
        [list(row) for row in ("110100", "110111", "000100", "212222", "001011", "200000")]
    )
    values = rows.astype(np.float64).reshape(6, 3, 2).transpose(0, 2, 1)
    layout = a_layout(values[cells := np.nonzero(np.ones(values.shape))], cells)
    likelihood = SquaresLikelihood(layout.mean_squares(), layout.degrees, layout.expectations)
    ascent = climb(likelihood)
    assert ascent.status is Status.CONVERGED

    def depth(tried: Floats) -> float:
        found = likelihood.at(tried)
        return 1e9 if found is None else -found[0]

    bounds = [(0.0, 100.0)] * 6 + [(1e-6, 100.0)]
    there = optimize.minimize(depth, likelihood.start, bounds=bounds, tol=1e-14)
    assert ascent.log_likelihood >= -there.fun - 1e-12
    assert np.abs(ascent.variances - there.x).max() < 1e-3


def test_slopes_are_those_of_the_likelihood() -> None:
    layout = simulated((5, 3, 3), 1, most_kept((5, 3, 3), 1))
    likelihood, step = DenseLikelihood(layout.values, layout.levels), 1e-5
    here = likelihood.at(VARIANCES)
    assert here is not None
    for at in range(len(VARIANCES)):
        shift = step * (np.arange(len(VARIANCES)) == at)
        above, below = likelihood.at(VARIANCES + shift), likelihood.at(VARIANCES - shift)
        assert above is not None
        assert below is not None
        assert here[1][at] == pytest.approx((above[0] - below[0]) / (2 * step), abs=1e-5)


@given(st.permutations(range(7)), st.permutations(range(3)))
@settings(max_examples=10, derandomize=True, deadline=None)
def test_names_change_no_component(candidates: list[int], assessors: list[int]) -> None:
    codes = dict(GUILFORD.codes)
    codes["candidate"] = np.array(candidates)[codes["candidate"]]
    codes["assessor"] = np.array(assessors)[codes["assessor"]]
    mixed = Layout(GUILFORD.values, codes, GUILFORD.effects)
    assert variances(anova(mixed)) == pytest.approx(variances(anova(GUILFORD)), abs=1e-10)
    assert variances(reml(mixed)) == pytest.approx(variances(reml(GUILFORD)), abs=1e-7)


@given(st.floats(0.5, 3.0), st.floats(-5.0, 5.0))
@settings(max_examples=5, derandomize=True, deadline=None)
def test_a_stretched_or_reversed_scale_stretches_variances(stretch: float, shift: float) -> None:
    sizes = (6, 3, 3)
    layout = simulated(sizes, 5, most_kept(sizes, 5))
    changed = Layout(shift - stretch * layout.values, layout.codes, layout.effects)
    expected = stretch**2 * np.array(variances(reml(layout)))
    assert variances(reml(changed)) == pytest.approx(expected.tolist(), abs=1e-6)


def test_a_missing_cell_is_refused_by_mean_squares_and_taken_by_likelihood() -> None:
    kept = np.ones((6, 4, 3), dtype=np.bool_)
    kept[0, 0, 0] = False
    layout = simulated((6, 4, 3), 3, kept)
    assert anova(layout).convergence.status is Status.REFUSED
    result = reml(layout)
    assert result.convergence.status is Status.CONVERGED
    assert any("1 of 72 cells are missing" in caution for caution in result.cautions)
    whole = variances(reml(simulated((6, 4, 3), 3)))
    assert variances(result) == pytest.approx(whole, abs=0.15)


def test_assessors_who_each_saw_one_candidate_cannot_be_told_from_the_rest() -> None:
    rows = np.repeat(np.arange(4), 2)
    codes = {"candidate": rows, "assessor": np.arange(8)}
    effects = {"p": FACETS[:1], "a": ("assessor",), "r": ("candidate", "assessor")}
    result = reml(Layout(np.arange(8.0), codes, effects))
    assert result.convergence.status is Status.REFUSED
    assert isinstance(result.numbers, Undefined)


def test_effects_that_go_together_are_named() -> None:
    # Each candidate has a panel of its own, so that merit and strictness are one.
    candidates = np.repeat(np.arange(5), 2)
    codes = {"candidate": candidates, "panel": candidates, "seat": np.tile([0, 1], 5)}
    effects = {"merit": ("candidate",), "strictness": ("panel",), "rest": ("panel", "seat")}
    refused = reml(Layout(seeded(1).normal(size=10), codes, effects))
    assert isinstance(refused.numbers, Undefined)
    assert refused.numbers.reason == (
        "The design cannot tell apart what is due to merit and strictness."
    )


@pytest.mark.parametrize("values", [np.full(12, 3.0), np.repeat(np.arange(4.0), 3)])
def test_values_without_any_rest_are_refused_in_words(values: Floats) -> None:
    cells = np.nonzero(np.ones((4, 3)))
    layout = Layout(
        values,
        {"candidate": cells[0], "assessor": cells[1]},
        {"p": ("candidate",), "a": ("assessor",), "r": ("candidate", "assessor")},
    )
    result = reml(layout)
    assert isinstance(result.numbers, Undefined)
    assert result.convergence.status is Status.REFUSED
    result.json()
    anova(layout).json()


def test_steps_that_run_out_are_a_status_without_numbers() -> None:
    layout = simulated((6, 4, 3), 3)
    likelihood = SquaresLikelihood(layout.mean_squares(), layout.degrees, layout.expectations)
    assert climb(likelihood, most_steps=2).status is Status.NOT_CONVERGED


def test_what_did_not_converge_has_no_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(components, "climb", partial(climb, most_steps=2))
    result = reml(simulated((6, 4, 3), 3))
    assert isinstance(result.numbers, Undefined)
    assert result.convergence.status is Status.NOT_CONVERGED
    assert result.convergence.steps == 2
    result.json()


def test_standard_errors_are_those_of_the_mean_squares() -> None:
    squares = anova(GLESER).found().squares
    # Patients: (MSp - MSpi - MSpj + MSr) / 12, each with its own chi-square.
    spread = sum(
        2 * (mean_square / 12) ** 2 / (degrees + 2)
        for mean_square, degrees in ((7.6515, 11), (1.4758, 55), (1.7727, 11), (0.6212, 55))
    )
    assert squares.errors[0] == pytest.approx(np.sqrt(spread), abs=1e-4)
    layout = simulated((8, 4, 4), 5)
    assert (np.array(variances(anova(layout))) > 0).all()
    solved = np.linalg.inv(layout.expectations) * layout.mean_squares()
    errors = np.sqrt((2 * solved**2 / layout.degrees).sum(axis=1))
    found = [one.variance.se for one in reml(layout).found().components.values()]
    assert found == pytest.approx(errors.tolist(), rel=1e-6)


def test_uneven_levels_count_by_their_harmonic_mean() -> None:
    codes = {"candidate": np.array([0, 0, 0, 1]), "assessor": np.array([0, 1, 2, 0])}
    layout = Layout(np.arange(4.0), codes, {"p": FACETS[:1], "r": ("candidate", "assessor")})
    assert layout.expectations.tolist() == [[pytest.approx(1.5), 1.0], [0.0, 1.0]]
    assert layout.degrees.tolist() == [1.0, 2.0]


def test_more_cells_than_it_can_hold_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(components, "MOST_CELLS", 40)
    sizes = (6, 4, 3)
    result = reml(simulated(sizes, 1, most_kept(sizes, 1)))
    assert result.convergence.status is Status.REFUSED
    assert "take one exercise" in result.json().decode()


def test_two_values_for_one_cell_are_refused() -> None:
    codes = {"candidate": np.array([0, 0, 1]), "assessor": np.array([0, 0, 1])}
    with pytest.raises(ValueError, match="take their mean"):
        Layout(np.arange(3.0), codes, {"r": ("candidate", "assessor")})


def test_the_same_seed_gives_the_same_bytes() -> None:
    sizes = (6, 4, 3)
    layout = simulated(sizes, 2, most_kept(sizes, 2))
    assert reml(layout, seed=3).json() == reml(layout, seed=3).json()
    assert anova(GLESER, seed=3).json() != anova(GLESER, seed=4).json()


def squares_of(sizes: tuple[int, int, int], draws: np.random.Generator) -> Squares:
    """Mean squares of a panel as they would be drawn, without drawing the panel."""
    layout = simulated(sizes, 0)
    expected = layout.expectations @ VARIANCES
    drawn = expected * draws.chisquare(layout.degrees) / layout.degrees
    return Squares(drawn, layout.degrees, layout.expectations)


def test_generalised_intervals_hold_the_true_variances_as_often_as_they_claim() -> None:
    draws, held = seeded(11), np.zeros(len(VARIANCES))
    for panel in range(200):
        drawn = squares_of((12, 6, 4), draws).draws(400, panel)
        ends = [quantiles(drawn[:, at]) for at in range(len(VARIANCES))]
        held += [end.holds(value) for end, value in zip(ends, VARIANCES, strict=True)]
    assert ((held >= 0.91 * 200) & (held <= 0.99 * 200)).all(), held


def test_satterthwaite_holds_the_variance_of_candidates() -> None:
    draws, held, told = seeded(12), 0, 0
    for _ in range(200):
        end = squares_of((12, 6, 4), draws).satterthwaite()[0]
        if isinstance(end, Interval):
            told, held = told + 1, held + end.holds(VARIANCES[0])
    assert told > 190
    assert held / told > 0.92


def test_sixteen_times_the_candidates_shrink_their_interval_to_about_a_quarter() -> None:
    widths = []
    for candidates in (20, 320):
        ends = [
            quantiles(squares_of((candidates, 6, 4), seeded(seed)).draws(2000, 1)[:, 0])
            for seed in range(9)
        ]
        widths.append(float(np.median([end.high - end.low for end in ends])))
    assert 3.4 < widths[0] / widths[1] < 6.5
