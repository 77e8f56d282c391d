"""Fit, separation and agreement against published answers and plain sums."""

import numpy as np
import pytest
from scipy import stats

from service.measurement import fits
from service.measurement.calibrations import calibrate
from service.measurement.facet_models import Form
from service.measurement.fits import Agreement, Reading, Separation
from service.measurement.plans import Estimation, Plan
from service.measurement.ratings import BadRatings, Rating, Ratings, Scale
from service.measurement.results import Undefined
from tests.service.measurement import facet_oracles as oracles
from tests.service.measurement.facet_worlds import creativity, panel, records


@pytest.fixture(scope="module")
def found() -> fits.Fits:
    ratings = creativity()
    return fits.examine(ratings, calibrate(ratings, Plan(floating="assessor")).found()).found()


def test_a3a_creativity_mean_squares(found: fits.Fits) -> None:
    """Guilford 1954, p. 282 (A3a): own Newton and base R's Poisson GLM."""
    juniors, judges, traits = (
        np.array([[each.infit.value, each.outfit.value] for each in found.elements[name]]).T
        for name in ("candidate", "assessor", "competency")
    )
    assert juniors[0].round(3).tolist() == [0.242, 0.621, 1.164, 1.346, 1.991, 0.717, 0.882]
    assert juniors[1].round(3).tolist() == [0.239, 0.608, 1.263, 1.412, 1.991, 0.789, 0.863]
    assert judges[0].round(3).tolist() == [0.849, 1.475, 0.672]
    assert judges[1].round(3).tolist() == [0.880, 1.524, 0.666]
    assert traits[0].round(3).tolist() == [1.447, 0.608, 0.772, 0.917, 1.254]
    readings = [each.reading for each in found.elements["candidate"]]
    assert readings[0] is Reading.MUTED
    assert readings[4] is Reading.NOISY


def test_a3a_creativity_separation_equality_and_agreement(found: fits.Fits) -> None:
    """Guilford 1954, p. 282 (A3a)."""
    juniors, judges = found.separations["candidate"], found.separations["assessor"]
    assert isinstance(juniors, Separation)
    assert isinstance(judges, Separation)
    assert round(juniors.reliability, 3) == 0.835
    assert round(juniors.sample_reliability, 3) == 0.859
    assert (round(juniors.chi_squared, 2), juniors.degrees) == (41.31, 6)
    assert (round(judges.chi_squared, 2), judges.degrees) == (4.30, 2)
    assert juniors.p == pytest.approx(stats.chi2.sf(juniors.chi_squared, 6), rel=1e-12)
    assert juniors.strata == pytest.approx((4 * juniors.separation + 1) / 3)
    agreement = found.agreement
    assert isinstance(agreement, Agreement)
    assert (agreement.exact, agreement.pairs, round(agreement.expected, 2)) == (33, 105, 27.02)


def test_mean_squares_and_agreement_are_those_of_plain_sums() -> None:
    ratings = panel(6, (8, 4, 5), seen_by=3).ratings
    calibration = calibrate(ratings).found()
    told = fits.examine(ratings, calibration).found()
    ruler = calibration.ruler
    steps = np.diff(ruler.ladders["all"])
    squares: dict[str, list[list[float]]] = {}
    chances: dict[tuple[str, str], list[np.ndarray]] = {}
    for cell in records(ratings):
        eta = ruler.values["candidate"][cell.candidate] - ruler.values["assessor"][cell.assessor]
        chance = oracles.probabilities(eta - ruler.values["competency"][cell.competency], steps)
        values = np.arange(1, 6)
        mean = float(values @ chance)
        variance, fourth = (float((values - mean) ** power @ chance) for power in (2, 4))
        assert cell.value is not None
        squares.setdefault(cell.assessor, []).append([(cell.value - mean) ** 2, variance, fourth])
        chances.setdefault((cell.candidate, cell.competency), []).append(chance)
    for each in told.elements["assessor"]:
        square, variance, fourth = np.array(squares[each.label]).T
        infit, outfit = square.sum() / variance.sum(), (square / variance).mean()
        assert each.infit.value == pytest.approx(infit, rel=1e-9)
        assert each.outfit.value == pytest.approx(outfit, rel=1e-9)
        q = np.sqrt((fourth - variance**2).sum()) / variance.sum()
        assert each.infit.z == pytest.approx((infit ** (1 / 3) - 1) * 3 / q + q / 3, rel=1e-8)
        q = np.sqrt((fourth / variance**2).sum() / len(square) ** 2 - 1 / len(square))
        assert each.outfit.z == pytest.approx((outfit ** (1 / 3) - 1) * 3 / q + q / 3, rel=1e-8)
    alike = sum(
        float(one @ other)
        for met in chances.values()
        for place, one in enumerate(met)
        for other in met[:place]
    )
    assert isinstance(told.agreement, Agreement)
    assert told.agreement.expected == pytest.approx(alike, rel=1e-9)
    assert told.agreement.pairs == 8 * 5 * 3


def test_mean_squares_of_ratings_drawn_from_the_model_are_near_one() -> None:
    ratings = panel(13, (80, 6, 8)).ratings
    told = fits.examine(ratings, calibrate(ratings).found()).found()
    z = np.array([[each.infit.z, each.outfit.z] for each in told.elements["candidate"]])
    assert np.abs(z.mean(axis=0)).max() < 0.3
    assert np.abs(z.std(axis=0) - 1).max() < 0.25


def test_few_ratings_are_not_interpretable() -> None:
    ratings = panel(3, (9, 3, 3)).ratings
    result = fits.examine(ratings, calibrate(ratings).found())
    one = result.found().elements["candidate"][0]
    assert one.reading is Reading.NOT_INTERPRETABLE
    assert isinstance(one.infit.z, Undefined)
    assert "9 of 9 in the facet candidate have fewer than 10 ratings" in result.cautions[0]


def test_the_ratings_of_extreme_candidates_are_left_out() -> None:
    cells = records(panel(2, (6, 3, 4)).ratings)
    lone = [Rating("top", f"a{by:02d}", 5, f"k{what:02d}") for by in range(3) for what in range(4)]
    without, whole = (Ratings.of(some, Scale(1, 5)) for some in (cells, cells + lone))
    told = fits.examine(whole, calibrate(whole).found())
    bare = fits.examine(without, calibrate(without).found())
    assert told.counts["looked_at"] == 72
    assert told.found() == bare.found()
    only = Ratings.of(lone, Scale(1, 5))
    with pytest.raises(BadRatings, match="none of these ratings was calibrated"):
        fits.examine(only, calibrate(whole).found())


def test_ratings_on_steps_of_one_value_are_left_out() -> None:
    """On own steps, an assessor who always says 4 could not have surprised anybody."""
    cells = [
        cell._replace(value=4) if cell.assessor == "a01" else cell
        for cell in records(panel(2, (6, 3, 4)).ratings)
    ]
    ratings = Ratings.of(cells, Scale(1, 5))
    plan = Plan(form=Form.RATER_SCALE, estimation=Estimation.PENALISED)
    result = fits.examine(ratings, calibrate(ratings, plan).found())
    assert result.counts["looked_at"] == 48
    assert [each.label for each in result.found().elements["assessor"]] == ["a00", "a02"]


def test_assessors_who_confer_are_seen() -> None:
    cells = [cell for cell in records(panel(8, (12, 3, 6)).ratings) if cell.assessor != "a02"]
    copied = [cell._replace(assessor="a02") for cell in cells if cell.assessor == "a01"]
    ratings = Ratings.of(cells + copied, Scale(1, 5))
    result = fits.examine(ratings, calibrate(ratings).found())
    assert "ask whether they conferred" in result.cautions[-1]


def test_one_assessor_agrees_with_nobody() -> None:
    ratings = panel(4, (9, 1, 6)).ratings
    told = fits.examine(ratings, calibrate(ratings).found()).found()
    assert told.agreement == Undefined("no two assessors rated the same thing")
    assert isinstance(told.separations["assessor"], Undefined)
