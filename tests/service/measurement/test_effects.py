"""What assessors do beside judging: found where it was put, and not where it was not."""

import numpy as np
import pytest

from service.measurement import drifts, effects
from service.measurement.calibrations import calibrate
from service.measurement.effects import Bias, Deviate, Effects
from service.measurement.expectations import expect
from service.measurement.facet_models import Form
from service.measurement.plans import Plan
from service.measurement.ratings import BadRatings, Rating, Ratings, Scale
from service.measurement.results import Result, Undefined
from tests.service.measurement import facet_oracles as oracles
from tests.service.measurement.facet_worlds import creativity, panel, records

FIVE = Scale(1, 5)


def looked_at(cells: list[Rating], plan: Plan | None = None) -> Result[Effects]:
    ratings = Ratings.of(cells, FIVE)
    return effects.examine(ratings, calibrate(ratings, plan).found(), draws=199)


def spoiled(cells: list[Rating], assessor: str, values: dict[int, int]) -> list[Rating]:
    """The cells with one assessor's values exchanged."""
    return [
        cell._replace(value=values[cell.value or 0]) if cell.assessor == assessor else cell
        for cell in cells
    ]


def test_a3c_creativity_bias_of_judges_for_juniors() -> None:
    """Guilford 1954, p. 282 (A3c); Facets' help pages print -12.9867, 1.54 and -.46."""
    ratings = creativity()
    result = effects.examine(ratings, calibrate(ratings).found(), draws=9)
    found = {(each.assessor, each.candidate): each for each in result.found().biases}
    assert len(found) == 21
    sums = {pair: each.residual for pair, each in found.items()}
    assert round(sums["Brahe", "Edward"], 3) == -13.016
    assert sums["Brahe", "Edward"] == min(sums.values())
    assert round(sums["Brahe", "David"], 2) == 7.79
    assert round(sums["Cavendish", "Edward"], 2) == 6.29
    assert abs(sums["Brahe", "Edward"] - -12.9867) < 0.05
    means = {pair: each.residual / each.ratings for pair, each in found.items()}
    assert round(means["Brahe", "David"], 3) == 1.558
    assert min(abs(mean - -0.439) for mean in means.values()) < 0.0005
    assert "The assessor Brahe rated Edward worse than both explain (-13.0 points" in " ".join(
        result.cautions
    )


def test_a_bias_is_its_residuals_over_their_information() -> None:
    ratings = creativity()
    calibration = calibrate(ratings).found()
    result = effects.examine(ratings, calibration, draws=9).found()
    ruler = calibration.ruler
    steps, values = np.diff(ruler.ladders["all"]), np.arange(1, 10)
    for each in result.biases[:6]:
        own = [c for c in records(ratings) if (c[0], c[1]) == (each.candidate, each.assessor)]
        eta = ruler.values["candidate"][each.candidate] - ruler.values["assessor"][each.assessor]
        chances = [
            oracles.probabilities(eta - ruler.values["competency"][c.competency], steps)
            for c in own
        ]
        means = [float(values @ chance) for chance in chances]
        told = sum(
            float((values - m) ** 2 @ chance) for m, chance in zip(means, chances, strict=True)
        )
        residual = sum(float(c.value or 0) - m for c, m in zip(own, means, strict=True))
        assert each.residual == pytest.approx(residual, abs=1e-9)
        assert each.bias.value == pytest.approx(residual / told, abs=1e-9)
        assert each.test.z == pytest.approx(residual / told**0.5, abs=1e-9)
        assert each.test.p == pytest.approx(oracles.normal_p(each.test.z), abs=1e-12)
    adjusted = [each.test.adjusted for each in result.biases]
    assert adjusted == pytest.approx(oracles.holm([each.test.p for each in result.biases]))


def test_severities_are_differences_from_the_mean_with_their_joint_errors() -> None:
    ratings = panel(10, (30, 4, 6)).ratings
    calibration = calibrate(ratings).found()
    by_anchor = calibrate(ratings, Plan(floating="assessor")).found()
    for found in (calibration, by_anchor):
        told = effects.examine(ratings, found, draws=9).found().severities
        for each, row in zip(told, calibration.facets["assessor"], strict=True):
            assert each.severity.value == pytest.approx(row.measure.value, abs=1e-9)
            assert each.severity.se == pytest.approx(row.measure.se, abs=1e-9)


def test_a_strict_assessor_is_named() -> None:
    told = panel(10, (40, 4, 6), spreads=(1.0, 1.2, 0.4))
    result = looked_at(records(told.ratings))
    worst = f"a{int(told.assessors.argmax()):02d}"
    assert f"The assessor {worst} is stricter than the others beyond chance." in result.cautions


def test_ratings_drawn_from_the_model_raise_no_alarm() -> None:
    result = looked_at(records(panel(12, (40, 4, 6), spreads=(1.0, 0.0, 0.4)).ratings))
    assert result.cautions == ()
    assert all(0.8 < each.ratio < 1.25 for each in result.found().tendencies)
    assert all(0.6 < each.ratio < 1.6 for each in result.found().halos)


def test_an_assessor_who_avoids_the_ends_is_seen() -> None:
    cells = spoiled(
        records(panel(12, (40, 4, 6), spreads=(1.5, 0.0, 0.4)).ratings),
        "a01",
        {1: 3, 2: 3, 3: 3, 4: 3, 5: 4},
    )
    result = looked_at(cells)
    crowded = [each for each in result.found().tendencies if each.ratio < effects.SAFE]
    assert [each.assessor for each in crowded] == ["a01"]
    assert crowded[0].p == 1 / 200
    assert any("a01 vary by" in caution for caution in result.cautions)


def test_own_steps_are_wide_where_the_middle_is_preferred() -> None:
    cells = [
        cell._replace(value=3) if cell.assessor == "a01" and cell.candidate > "c008" else cell
        for cell in records(panel(12, (40, 4, 6)).ratings)
    ]
    spreads = looked_at(cells, Plan(form=Form.RATER_SCALE)).found().own_spreads
    assert max(spreads, key=lambda label: spreads[label]) == "a01"
    assert looked_at(cells).found().own_spreads == {}


def test_an_assessor_with_one_impression_of_each_candidate_is_seen() -> None:
    cells = records(panel(12, (40, 4, 6)).ratings)
    first = {(cell[0], cell[1]): cell.value for cell in cells if cell.competency == "k00"}
    cells = [
        cell._replace(value=first[cell[0], cell[1]]) if cell.assessor == "a02" else cell
        for cell in cells
    ]
    result = looked_at(cells)
    assert min(result.found().halos, key=lambda each: each.ratio).assessor == "a02"
    assert next(each.ratio for each in result.found().halos if each.assessor == "a02") == 0
    assert any("a02 tells competencies apart by 0%" in caution for caution in result.cautions)


def test_halo_and_tendency_are_beside_what_the_model_expects() -> None:
    """Both expectations, by the mean over many panels drawn by hand."""
    ratings = panel(12, (10, 3, 5)).ratings
    calibration = calibrate(ratings).found()
    told = effects.examine(ratings, calibration, draws=9).found()
    chances = expect(ratings, calibration).moments.probabilities.cumsum(axis=0)
    draw = np.random.default_rng(5)
    halos, squares = [], []
    own = ratings.assessor.codes == 1
    for _ in range(4000):
        scores = (draw.random(len(ratings)) > chances[:-1]).sum(axis=0)[own]
        halos.append(scores.reshape(10, 5).var(axis=1, ddof=1).mean())
        squares.append(((scores - scores.mean()) ** 2).mean())
    assert told.halos[1].expected == pytest.approx(np.mean(halos), rel=0.01)
    assert told.tendencies[1].expected == pytest.approx(np.mean(squares) ** 0.5, rel=0.02)
    observed = ratings.values[own].reshape(10, 5).var(axis=1, ddof=1).mean()
    assert told.halos[1].observed == pytest.approx(observed, rel=1e-9)


def test_terms_of_fewer_than_five_ratings_are_left_out_and_counted() -> None:
    result = looked_at(records(panel(12, (10, 4, 4)).ratings))
    assert (result.found().biases, result.found().left_out) == ((), 40)
    assert "40 meetings" in result.cautions[-1]


def test_the_same_seed_draws_the_same() -> None:
    cells = records(panel(12, (10, 4, 5)).ratings)
    assert looked_at(cells).json() == looked_at(cells).json()
    assert looked_at(cells).seed == 0


def test_extreme_and_anchored_assessors_have_no_test() -> None:
    cells = spoiled(records(panel(12, (10, 4, 5)).ratings), "a01", dict.fromkeys(range(1, 6), 5))
    mild = looked_at(cells).found().severities[1]
    assert isinstance(mild.test, Undefined)
    held = looked_at(cells, Plan(anchors={"assessor": {"a00": 0.0, "a02": 0.1, "a03": 0.0}}))
    assert all(isinstance(each.test, Undefined) for each in held.found().severities)


def drifting(seed: int, more: float) -> Ratings:
    """20 candidates on early and 20 on late days, when a01 is stricter by so many logits."""
    strict = tuple(step + more for step in STEPS)
    early, late, stricter = (
        panel(at, (20, 4, 6), spreads=(1.0, 0.0, 0.0), steps=steps).ratings
        for at, steps in ((seed, STEPS), (seed + 100, STEPS), (seed + 100, strict))
    )
    cells = [cell._replace(occasion="1") for cell in records(early)]
    for which, ratings in ((False, late), (True, stricter)):
        cells += [
            cell._replace(candidate=f"x{cell.candidate}", occasion="2")
            for cell in records(ratings)
            if (cell.assessor == "a01") == which
        ]
    return Ratings.of(cells, FIVE)


STEPS = (-1.8, -0.6, 0.6, 1.8)


def test_an_assessor_who_grows_stricter_is_seen() -> None:
    result = drifts.examine(drifting(20, 1.0), late=["2"])
    grown = result.found().drifts[1]
    assert isinstance(grown.difference.value, float)
    assert 0.5 < grown.difference.value < 1.5
    assert isinstance(grown.test, Deviate)
    assert grown.test.adjusted < 0.001
    assert "The assessor a01 grew stricter beyond chance." in result.cautions
    assert (grown.early, grown.late, result.found().late) == (120, 120, ("2",))


def test_a_drift_is_the_difference_of_two_severities_with_its_joint_error() -> None:
    ratings = drifting(20, 1.0)
    split = [
        cell._replace(assessor=f"z{cell.occasion}") if cell.assessor == "a01" else cell
        for cell in records(ratings)
    ]
    found = calibrate(Ratings.of(split, FIVE)).found()
    covariance = found.covariances["assessor"]
    assert not isinstance(covariance, Undefined)
    contrast = np.array([0.0, 0.0, 0.0, -1.0, 1.0])
    drift = drifts.examine(ratings, late=["2"]).found().drifts[1].difference
    values = [row.measure.value for row in found.facets["assessor"]]
    assert drift.value == pytest.approx(contrast @ np.array(values, dtype=float), abs=1e-9)
    assert drift.se == pytest.approx((contrast @ covariance @ contrast) ** 0.5, rel=1e-9)


def test_steady_assessors_do_not_drift() -> None:
    found = drifts.examine(drifting(21, 0.0), late=["2"]).found()
    assert all(
        isinstance(each.test, Deviate) and each.test.adjusted > 0.05 for each in found.drifts
    )


def test_drift_is_undefined_where_nobody_links_both_times() -> None:
    cells = [
        cell._replace(occasion="2" if cell.candidate > "c010" else "1")
        for cell in records(panel(22, (20, 2, 6)).ratings)
        if (cell.candidate > "c010") or cell.assessor == "a00"
    ]
    result = drifts.examine(Ratings.of(cells, FIVE), late=["2"])
    only, other = result.found().drifts[1], result.found().drifts[0]
    assert only.difference.value == Undefined("it rated at one time only")
    assert isinstance(other.difference.value, Undefined)
    assert "No drift is told of the assessor a01" in result.cautions[-1]
    plan = Plan(anchors={"assessor": {"a00": 0.0}})
    held = drifts.examine(Ratings.of(cells, FIVE), plan, late=["2"]).found().drifts[0]
    assert held.difference.value == Undefined("it is held at its anchor")


def test_drift_needs_early_and_late_occasions() -> None:
    for late in ([], ["1", "2"]):
        with pytest.raises(BadRatings, match="early and late"):
            drifts.examine(drifting(21, 0.0), late=late)


def test_an_assessor_who_is_called_like_half_of_another_is_refused() -> None:
    cells = [
        cell._replace(assessor="a01 late") if cell.assessor == "a02" else cell
        for cell in records(drifting(21, 0.0))
    ]
    with pytest.raises(BadRatings, match="a01 late is called like half of another"):
        drifts.examine(Ratings.of(cells, FIVE), late=["2"])


def test_biases_are_told_in_the_order_of_candidates() -> None:
    biases: tuple[Bias, ...] = looked_at(records(panel(12, (4, 3, 5)).ratings)).found().biases
    assert [each.candidate for each in biases] == sorted(each.candidate for each in biases)
