"""Calibrations against published and independent answers."""

import json
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm

from service.measurement import marginal
from service.measurement.ascents import Limits
from service.measurement.calibrations import Calibration, by_subset, calibrate
from service.measurement.facet_models import Cells, Form
from service.measurement.penalised import Priors
from service.measurement.plans import Estimation, Plan
from service.measurement.ratings import BadRatings, FacetName, Rating, Ratings, Scale
from service.measurement.results import Estimate, Interval, Status, Undefined
from tests.service.measurement import facet_oracles as oracles
from tests.service.measurement.facet_worlds import JUNIORS, creativity, panel, records

PENALISED, MARGINAL = Plan(estimation=Estimation.PENALISED), Plan(estimation=Estimation.MARGINAL)


def numbers(found: Calibration, name: FacetName, what: str = "measure") -> np.ndarray:
    rows = [getattr(row, what) for row in found.facets[name]]
    return np.array([each.value if isinstance(each, Estimate) else each for each in rows])


def ses(found: Calibration, name: FacetName) -> np.ndarray:
    return np.array([row.measure.se for row in found.facets[name]])


def steps(found: Calibration, owner: str = "all") -> np.ndarray:
    known = [step.step for step in found.steps[owner]]
    return np.array([step.value for step in known if isinstance(step, Estimate)])


def close(found: np.ndarray, wanted: list[float], digits: int) -> bool:
    return bool(np.abs(found - wanted).max() <= 0.500001 * 10**-digits)


def test_a3a_creativity_measures_errors_and_fair_averages() -> None:
    """Guilford 1954, p. 282 (A3a): own Newton and base R's Poisson GLM; judges float."""
    result = calibrate(creativity(), Plan(floating="assessor"))
    found = result.found()
    juniors = [-0.0715, 0.6638, -0.2554, -0.4815, 0.4407, -0.5841, 0.2880]
    assert close(numbers(found, "candidate"), juniors, 4)
    assert close(
        numbers(found, "candidate", "model_se"),
        [0.174, 0.182, 0.177, 0.183, 0.176, 0.187, 0.174],
        3,
    )
    assert close(ses(found, "candidate"), [0.163, 0.190, 0.168, 0.180, 0.173, 0.188, 0.166], 3)
    assert close(numbers(found, "assessor"), [0.0397, 0.2454, -0.0960], 4)
    assert close(numbers(found, "assessor", "model_se"), [0.117, 0.118, 0.116], 3)
    # The fourth trait is -.30225 before it is rounded.
    assert close(numbers(found, "competency"), [-0.2800, -0.1470, 0.2109, -0.30225, 0.5184], 4)
    thresholds = [-0.6905, -2.3520, 0.8093, -1.4837, 1.7186, -0.9789, 2.3926, 0.5846]
    assert close(steps(found), thresholds, 4)
    fair = [4.637, 6.314, 4.222, 3.748, 5.829, 3.548, 5.479]
    assert close(numbers(found, "candidate", "fair"), fair, 3)
    assert close(numbers(found, "assessor", "fair"), [4.857, 4.384, 5.176], 3)
    assert round(found.log_likelihood, 3) == -165.685
    assert [row.score for row in found.facets["candidate"]] == [70, 94, 64, 57, 87, 54, 82]
    assert "each assessor floats" in (result.identification or "")
    # 15 ratings of each junior: 15 / 14.
    assert "about 7% too wide" in result.cautions[0]
    assert "out of order" in result.cautions[1]


def poisson(ratings: Ratings, *blocks: np.ndarray) -> Any:
    """statsmodels: one row for each rating and value, as the reference's base R does it."""
    values = np.arange(9)
    design = np.hstack(
        [
            np.kron(np.eye(105), np.ones((9, 1))),
            np.tile(np.eye(9)[:, 1:8], (105, 1)),
            np.kron(np.hstack(blocks), values[:, None]),
        ]
    )
    counts = (ratings.values[:, None] - 1 == values).astype(float).ravel()
    return sm.GLM(counts, design, family=sm.families.Poisson()).fit(tol=1e-12, maxiter=100)


def centred(codes: np.ndarray, size: int) -> np.ndarray:
    return np.asarray(np.vstack([np.eye(size - 1), -np.ones(size - 1)])[codes])


def test_a3a_a_poisson_glm_says_the_same_where_candidates_float() -> None:
    ratings = creativity()
    found = calibrate(ratings).found()
    judges, traits = centred(ratings.assessor.codes, 3), centred(ratings.competency.codes, 5)
    fit = poisson(ratings, np.eye(7)[ratings.candidate.codes], -judges, -traits)
    assert np.abs(fit.params[-13:-6] - numbers(found, "candidate")).max() < 1e-7
    assert np.abs(fit.params[-6:-4] - numbers(found, "assessor")[:2]).max() < 1e-7
    assert np.abs(fit.bse[-13:-6] - ses(found, "candidate")).max() < 1e-6
    assert np.abs(fit.bse[-6:-4] - ses(found, "assessor")[:2]).max() < 1e-6
    covariance = found.covariances["candidate"]
    assert not isinstance(covariance, Undefined)
    assert np.abs(fit.cov_params()[-13:-6, -13:-6] - covariance).max() < 1e-7
    ladder = found.ruler.ladders["all"]
    assert np.abs(-fit.params[105:112] - ladder[1:8]).max() < 1e-6


def test_a3a_a_poisson_glm_says_the_same_where_judges_float() -> None:
    ratings = creativity()
    found = calibrate(ratings, Plan(floating="assessor")).found()
    juniors, traits = centred(ratings.candidate.codes, 7), centred(ratings.competency.codes, 5)
    fit = poisson(ratings, juniors, -np.eye(3)[ratings.assessor.codes], -traits)
    assert np.abs(fit.params[-7:-4] - numbers(found, "assessor")).max() < 1e-7
    assert np.abs(fit.bse[-13:-7] - ses(found, "candidate")[:6]).max() < 1e-6
    assert np.abs(fit.bse[-7:-4] - ses(found, "assessor")).max() < 1e-6
    covariance = found.covariances["assessor"]
    assert not isinstance(covariance, Undefined)
    assert np.abs(fit.cov_params()[-7:-4, -7:-4] - covariance).max() < 1e-7


@pytest.mark.parametrize(
    ("form", "owner"),
    [
        (Form.RATING_SCALE, None),
        (Form.PARTIAL_CREDIT, "competency"),
        (Form.RATER_SCALE, "assessor"),
    ],
)
def test_every_form_is_where_scipy_finds_its_likelihood_highest(
    form: Form, owner: str | None
) -> None:
    ratings = panel(5, (7, 3, 3), steps=(-0.8, 0.8)).ratings
    plain = oracles.joint(ratings, owner)
    found = calibrate(ratings, Plan(form=form)).found()
    assert abs(found.log_likelihood - plain.log_likelihood) < 1e-7
    assert np.abs(numbers(found, "candidate") - plain.candidates).max() < 1e-4
    assert np.abs(numbers(found, "assessor") - plain.assessors).max() < 1e-4
    assert np.abs(numbers(found, "competency") - plain.competencies).max() < 1e-4
    own = np.stack([steps(found, each) for each in found.steps])
    assert np.abs(own - plain.steps).max() < 1e-4


def test_penalised_measures_are_where_scipy_finds_the_posterior_highest() -> None:
    ratings = panel(7, (6, 3, 2), steps=(-0.8, 0.8)).ratings
    plain = oracles.joint(ratings, prior=(2.0, 1.0, 1.0))
    result = calibrate(ratings, PENALISED)
    assert np.abs(numbers(result.found(), "candidate") - plain.candidates).max() < 1e-4
    assert np.abs(numbers(result.found(), "assessor") - plain.assessors).max() < 1e-4
    own = Plan(estimation=Estimation.PENALISED, priors=Priors(1.5, 0.4, 0.7))
    plain = oracles.joint(ratings, prior=(1.5, 0.4, 0.7))
    narrow = calibrate(ratings, own).found()
    assert np.abs(numbers(narrow, "assessor") - plain.assessors).max() < 1e-4
    assert np.abs(numbers(narrow, "competency") - plain.competencies).max() < 1e-4
    assert "candidates normal with mean 0 and standard deviation 2" in (result.prior or "")
    assert "priors pull" in result.cautions[0]


def test_marginal_measures_are_where_scipy_finds_the_averaged_likelihood_highest() -> None:
    ratings = panel(9, (14, 3, 2), steps=(-0.8, 0.8)).ratings
    plain = oracles.marginal(ratings)
    result = calibrate(ratings, MARGINAL)
    found = result.found()
    assert abs(found.log_likelihood - plain.log_likelihood) < 1e-7
    assert np.abs(numbers(found, "candidate") - plain.candidates).max() < 1e-4
    assert np.abs(numbers(found, "assessor") - plain.assessors).max() < 1e-4
    assert np.abs(steps(found) - plain.steps).max() < 1e-4
    assert found.spread is not None
    spread = [found.spread.mean.value, found.spread.deviation.value]
    assert np.abs(np.array(spread) - plain.spread).max() < 1e-4
    assert "needs about 30" in result.cautions[1]


def test_marginal_derivatives_are_those_of_differences() -> None:
    """Gradient and information (Louis 1982), and what moves each posterior mean."""
    ratings = panel(3, (9, 3, 3)).ratings
    tallies = marginal._Tallies.of(Cells.of(ratings, ("assessor", "competency"), Form.RATER_SCALE))
    quadrature = marginal._Quadrature(tallies, np.linspace(-7, 7, 71))
    at = np.append(np.linspace(-0.5, 0.5, tallies.size - 2), [0.3, 0.9])
    curvature = quadrature.curvature(quadrature.at(at))

    def means(values: np.ndarray) -> np.ndarray:
        points = values[-2] + values[-1] * quadrature.nodes
        return np.asarray(quadrature.at(values).posterior @ points)

    for place, step in enumerate(1e-5 * np.eye(tallies.size)):
        high, low = quadrature.at(at + step), quadrature.at(at - step)
        slope = (high.height - low.height) / 2e-5
        assert abs(slope - curvature.gradient[place]) < 1e-5
        steep = quadrature.curvature(low).gradient - quadrature.curvature(high).gradient
        assert np.abs(steep / 2e-5 - curvature.observed[place]).max() < 1e-5
        moved = (means(at + step) - means(at - step)) / 2e-5
        assert np.abs(moved - curvature.slopes[:, place]).max() < 1e-7


def test_long_records_of_each_candidate_ask_for_a_finer_grid() -> None:
    """With 120 ratings each, a posterior would fall between two of the first 71 nodes."""
    ratings = panel(1, (20, 6, 20), spreads=(2.0, 0.5, 0.4)).ratings
    coarse, fine = (
        calibrate(ratings, Plan(estimation=Estimation.MARGINAL, nodes=n)) for n in (71, 281)
    )
    apart = numbers(coarse.found(), "candidate") - numbers(fine.found(), "candidate")
    assert np.abs(apart).max() < 1e-6
    assert abs(coarse.found().log_likelihood - fine.found().log_likelihood) < 1e-6


def test_candidates_who_hardly_differ_do_not_hold_the_estimation_at_a_saddle() -> None:
    """Where no spread explains the ratings as well as some, steps by complete information crawl."""
    ratings = panel(22, (30, 4, 6), spreads=(0.05, 0.5, 0.4)).ratings
    result = calibrate(ratings, MARGINAL)
    assert result.convergence.steps < 40
    spread = result.found().spread
    assert spread is not None
    assert isinstance(spread.deviation.value, float)
    assert 0.01 < spread.deviation.value < 0.2


def test_extreme_candidates_are_bounded_flagged_and_shape_nobody() -> None:
    cells = records(panel(2, (6, 3, 4)).ratings)
    lone = [Rating("top", f"a{by:02d}", 5, f"k{what:02d}") for by in range(3) for what in range(4)]
    without = calibrate(Ratings.of(cells, Scale(1, 5))).found()
    result = calibrate(Ratings.of(cells + lone, Scale(1, 5)))
    found = result.found()
    top = found.row("candidate", "top")
    assert top.is_extreme
    assert isinstance(top.measure.value, float)
    assert top.measure.value > numbers(without, "candidate").max() + 1
    assert np.array_equal(numbers(found, "candidate")[:6], numbers(without, "candidate"))
    assert result.counts["calibrated"] == 72
    expected = expected_score(found, "top")
    assert abs(expected - (60 - 0.3)) < 1e-6
    assert any("candidate top lie at one end: the measure is a bound" in c for c in result.cautions)


def expected_score(found: Calibration, label: str) -> float:
    value = found.ruler.values["candidate"][label]
    thresholds = steps(found)
    return sum(
        float(np.arange(1, 6) @ oracles.probabilities(value - by - what, thresholds))
        for by in found.ruler.values["assessor"].values()
        for what in found.ruler.values["competency"].values()
    )


def test_penalised_and_marginal_measures_of_extreme_candidates_are_finite_by_themselves() -> None:
    cells = records(panel(2, (6, 3, 4)).ratings)
    lone = [Rating("top", f"a{by:02d}", 5, f"k{what:02d}") for by in range(3) for what in range(4)]
    for plan in (PENALISED, MARGINAL):
        result = calibrate(Ratings.of(cells + lone, Scale(1, 5)), plan)
        assert result.counts["calibrated"] == 84
        assert result.found().row("candidate", "top").is_extreme
        assert any("only the priors keep the measure finite" in c for c in result.cautions)


def test_an_assessor_who_gives_only_the_highest_value_is_bounded_too() -> None:
    cells = [
        cell._replace(value=5) if cell.assessor == "a01" else cell
        for cell in records(panel(2, (8, 4, 4)).ratings)
    ]
    for estimation in (Estimation.JOINT, Estimation.MARGINAL):
        found = calibrate(Ratings.of(cells, Scale(1, 5)), Plan(estimation=estimation)).found()
        mild = found.row("assessor", "a01")
        assert mild.is_extreme
        assert numbers(found, "assessor").argmin() == 1
    own = calibrate(Ratings.of(cells, Scale(1, 5)), Plan(form=Form.RATER_SCALE)).found()
    assert isinstance(own.row("assessor", "a01").measure.value, Undefined)


def test_ratings_that_are_all_alike_are_refused_but_by_penalised_estimation() -> None:
    same = Ratings.of([Rating(who, by, 4) for who in "pqr" for by in "ab"], Scale(1, 5))
    refused = calibrate(same)
    assert refused.convergence.status is Status.REFUSED
    assert isinstance(refused.numbers, Undefined)
    assert "nothing differs" in refused.numbers.reason
    nothing = calibrate(Ratings.of([Rating("p", "a", None)], Scale(1, 5)))
    assert isinstance(nothing.numbers, Undefined)
    assert nothing.numbers.reason == "no cell was observed"


@pytest.mark.parametrize("estimation", list(Estimation))
def test_a3d_pooled_measures_of_subsets_that_nobody_links_are_refused(
    estimation: Estimation,
) -> None:
    """Guilford 1954 with Avogadro on juniors 1-3 alone and the others on 4-7 (A3d)."""
    first = set(JUNIORS[:3])
    cells = [
        cell
        for cell in records(creativity())
        if (cell.assessor == "Avogadro") == (cell[0] in first)
    ]
    ratings = Ratings.of(cells, Scale(1, 9))
    result = calibrate(ratings, Plan(estimation=estimation))
    assert result.convergence.status is Status.REFUSED
    assert isinstance(result.numbers, Undefined)
    assert "(2) Anne, Betty, Chris rated by Avogadro" in result.numbers.reason
    each = by_subset(ratings, Plan(estimation=estimation))
    assert [part.counts["candidates"] for part in each] == [4, 3]
    assert len(each[0].found().facets["candidate"]) == 4
    held = Plan(estimation=estimation, anchors={"assessor": {"Brahe": 0.5}})
    cells.append(Rating("Anne", "Brahe", None, "Attack"))
    parts = by_subset(Ratings.of(cells, Scale(1, 9)), held)
    assert [part.counts["not_observed"] for part in parts] == [0, 1]
    assert parts[0].found().row("assessor", "Brahe").is_anchored


def test_anchors_on_a_shared_benchmark_compare_what_nobody_links() -> None:
    """Two panels of disjoint assessors whose severities a benchmark recording told."""
    whole = panel(11, (40, 4, 6))
    cells = [
        cell
        for cell in records(whole.ratings)
        if (cell.candidate < "c020") == (cell.assessor in {"a00", "a01"})
    ]
    ratings = Ratings.of(cells, Scale(1, 5))
    assert isinstance(calibrate(ratings).numbers, Undefined)
    told = {f"a{by:02d}": float(at) for by, at in enumerate(whole.assessors)}
    for estimation in Estimation:
        result = calibrate(ratings, Plan(estimation=estimation, anchors={"assessor": told}))
        found = result.found()
        assert np.corrcoef(numbers(found, "candidate"), whole.candidates)[0, 1] > 0.9
        assert numbers(found, "assessor").tolist() == list(told.values())
        assert found.row("assessor", "a00").is_anchored
        assert isinstance(found.row("assessor", "a00").measure.se, Undefined)
        assert "each assessor is held at its anchors" in (result.identification or "")


def test_an_anchored_benchmark_candidate_fixes_the_scale() -> None:
    ratings = panel(4, (8, 3, 4)).ratings
    free = calibrate(ratings).found()
    at = free.ruler.values["candidate"]["c000"] + 0.7
    found = calibrate(ratings, Plan(anchors={"candidate": {"c000": at}})).found()
    assert np.abs(numbers(found, "candidate") - numbers(free, "candidate") - 0.7).max() < 1e-7
    assert np.abs(numbers(found, "assessor") - numbers(free, "assessor") - 0.7).max() < 1e-7
    refused = calibrate(
        ratings, Plan(estimation=Estimation.MARGINAL, anchors={"candidate": {"c000": at}})
    )
    assert isinstance(refused.numbers, Undefined)
    assert "cannot anchor candidates" in refused.numbers.reason


def test_a_weak_link_is_told_with_the_standard_error_of_its_contrast() -> None:
    cells = [
        cell
        for cell in records(panel(3, (9, 4, 4)).ratings)
        if cell.candidate == "c004" or (cell.candidate < "c004") == (cell.assessor < "a02")
    ]
    result = calibrate(Ratings.of(cells, Scale(1, 5)))
    contrast = result.found().contrasts[0]
    assert (contrast.first, contrast.second) == (("a00", "a01"), ("a02", "a03"))
    strict = numbers(result.found(), "assessor")
    assert contrast.difference.value == pytest.approx(strict[:2].mean() - strict[2:].mean())
    assert isinstance(contrast.difference.se, float)
    assert (
        contrast.difference.se
        > 2 * ses(calibrate(panel(3, (9, 4, 4)).ratings).found(), "assessor").max()
    )
    words = f"has a standard error of {contrast.difference.se:.2f} logits"
    assert words in result.cautions[-1]


def test_what_has_not_converged_has_a_status_and_no_numbers() -> None:
    for estimation in Estimation:
        plan = Plan(estimation=estimation, limits=Limits(steps=2))
        result = calibrate(panel(3, (9, 4, 4)).ratings, plan)
        assert result.convergence.status is Status.NOT_CONVERGED
        assert isinstance(result.numbers, Undefined)
        assert "did not converge in 2 steps" in result.numbers.reason


@pytest.mark.parametrize(
    ("form", "owner"), [(Form.PARTIAL_CREDIT, "competency"), (Form.RATER_SCALE, "assessor")]
)
def test_fair_averages_on_own_steps_are_means_over_their_owners(
    form: Form, owner: FacetName
) -> None:
    found = calibrate(panel(5, (9, 3, 4), steps=(-0.8, 0.8)).ratings, Plan(form=form)).found()
    at = found.ruler.values["candidate"]["c002"]
    other: FacetName = "assessor" if owner == "competency" else "competency"
    mean = float(np.mean(list(found.ruler.values[other].values())))
    plain = [
        float(np.arange(1, 4) @ oracles.probabilities(at - mean - own, steps(found, label)))
        for label, own in found.ruler.values[owner].items()
    ]
    assert found.row("candidate", "c002").fair.value == pytest.approx(np.mean(plain), abs=1e-9)


def test_values_nobody_used_are_told_and_their_steps_undefined() -> None:
    cells = [
        cell._replace(value=4 if cell.value == 3 else cell.value)
        for cell in records(panel(3, (9, 4, 4)).ratings)
    ]
    result = calibrate(Ratings.of(cells, Scale(1, 6)))
    undefined = [isinstance(step.step, Undefined) for step in result.found().steps["all"]]
    assert undefined == [True, False, True, True, False, True]
    assert any("nobody used the value 3, 6" in caution for caution in result.cautions)
    assert json.loads(result.json())


def test_cells_that_were_not_observed_are_told() -> None:
    cells = [*records(panel(3, (9, 4, 4)).ratings), Rating("late", "a00", None, "k00")]
    result = calibrate(Ratings.of(cells, Scale(1, 5)))
    assert result.counts["not_observed"] == 1
    assert "Not observed: 1 of " in result.cautions[0]
    assert "No rating of the candidate late was observed" in result.cautions[1]


def test_intervals_of_fair_averages_stay_on_the_scale() -> None:
    for row in calibrate(panel(3, (9, 4, 4)).ratings).found().facets["candidate"]:
        assert isinstance(row.fair.interval, Interval)
        assert isinstance(row.fair.value, float)
        assert 1 <= row.fair.interval.low < row.fair.value < row.fair.interval.high <= 5


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"form": Form.RATER_SCALE, "others": ("competency",)}, "needs the facet assessor"),
        ({"floating": "occasion"}, "the facet occasion cannot float"),
        ({"floating": "assessor", "anchors": {"competency": {"k00": 0.0}}}, "anchors fix"),
    ],
)
def test_plans_that_contradict_themselves_are_refused(
    change: dict[str, object], words: str
) -> None:
    with pytest.raises(BadRatings, match=words):
        Plan(**change)  # type: ignore[arg-type]
