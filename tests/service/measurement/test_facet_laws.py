"""Laws that every calibration keeps, whatever the ratings are, and how well it recovers them."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from service.measurement import ascents, joint
from service.measurement.ascents import Limits, Precisions
from service.measurement.calibrations import Calibration, calibrate
from service.measurement.designs import OTHERS
from service.measurement.expectations import expect
from service.measurement.facet_models import Cells, Form
from service.measurement.frames import Frame
from service.measurement.plans import Estimation, Plan
from service.measurement.ratings import FACETS, FacetName, Rating, Ratings, Scale
from service.measurement.results import Interval, Status
from tests.service.measurement import facet_oracles as oracles
from tests.service.measurement.facet_worlds import Panel, changed, panel, records

FIVE = Scale(1, 5)
SEEDS = st.integers(0, 10_000)
PLANS = st.builds(
    Plan,
    form=st.sampled_from(list(Form)),
    estimation=st.sampled_from(list(Estimation)),
)
LAW = settings(derandomize=True, max_examples=8, deadline=None)
NAMES: tuple[FacetName, ...] = ("candidate", "assessor", "competency")


def calibrated(cells: Sequence[Rating], plan: Plan, scale: Scale = FIVE) -> Calibration:
    return calibrate(Ratings.of(cells, scale), plan).found()


def cells_of(seed: int) -> list[Rating]:
    return records(panel(seed, (14, 4, 6), seen_by=3).ratings)


def measures(found: Calibration, name: FacetName) -> dict[str, float]:
    return dict(found.ruler.values[name])


def errors(found: Calibration, name: FacetName) -> np.ndarray:
    return np.array([row.measure.se for row in found.facets[name]], dtype=np.float64)


def apart(one: dict[str, float], other: dict[str, float]) -> float:
    assert set(one) == set(other)
    return max(abs(one[label] - other[label]) for label in one)


@given(SEEDS, PLANS)
@LAW
def test_permuted_labels_permute_the_measures(seed: int, plan: Plan) -> None:
    cells = cells_of(seed)
    people = sorted({cell.candidate for cell in cells})
    judges = sorted({cell.assessor for cell in cells})
    new = {
        "candidate": dict(zip(people, [f"p{label}" for label in reversed(people)], strict=True)),
        "assessor": dict(zip(judges, [f"q{label}" for label in reversed(judges)], strict=True)),
    }
    whole = calibrated(cells, plan)
    other = calibrated(changed(Ratings.of(cells, FIVE), **new), plan)
    for name in NAMES[:2]:
        moved = {new[name][label]: value for label, value in measures(whole, name).items()}
        assert apart(moved, measures(other, name)) < 1e-7


@given(SEEDS, st.sampled_from(list(Form)))
@LAW
def test_doubled_ratings_leave_measures_and_halve_the_variances(seed: int, form: Form) -> None:
    cells = cells_of(seed)
    plan = Plan(form=form)
    once = calibrated(cells, plan)
    twice = calibrated([*cells, *(cell._replace(occasion="again") for cell in cells)], plan)
    for name in NAMES:
        assert apart(measures(once, name), measures(twice, name)) < 1e-7
        assert np.abs(errors(once, name) / errors(twice, name) - 2**0.5).max() < 1e-6


@given(SEEDS, st.sampled_from(list(Form)))
@LAW
def test_a_panel_of_assessors_and_their_copies_changes_no_order(seed: int, form: Form) -> None:
    cells = cells_of(seed)
    copies = [cell._replace(assessor=f"{cell.assessor} again") for cell in cells]
    once, twice = (calibrated(some, Plan(form=form)) for some in (cells, [*cells, *copies]))
    assert apart(measures(once, "candidate"), measures(twice, "candidate")) < 1e-7
    severities = measures(twice, "assessor")
    for label, value in measures(once, "assessor").items():
        assert severities[label] == pytest.approx(value, abs=1e-7)
        assert severities[f"{label} again"] == pytest.approx(value, abs=1e-7)


@given(SEEDS, st.integers(0, 3))
@LAW
def test_one_assessor_s_copy_is_as_strict_and_changes_no_order_of_assessors(
    seed: int, judge: int
) -> None:
    cells = records(panel(seed, (14, 4, 6), seen_by=4).ratings)
    name = f"a{judge:02d}"
    copy = [cell._replace(assessor="copy") for cell in cells if cell.assessor == name]
    once, twice = (
        measures(calibrated(some, Plan()), "assessor") for some in (cells, [*cells, *copy])
    )
    assert twice["copy"] == pytest.approx(twice[name], abs=1e-7)
    assert sorted(once, key=once.__getitem__) == sorted(once, key=twice.__getitem__)


@given(SEEDS, PLANS, st.integers(0, 3))
@LAW
def test_voided_cells_are_as_if_they_never_were(seed: int, plan: Plan, judge: int) -> None:
    cells = cells_of(seed)
    recused = {("c003", f"a{judge:02d}"), ("c005", f"a{judge:02d}")}
    voided = [
        cell._replace(value=None) if (cell[0], cell[1]) in recused else cell for cell in cells
    ]
    never = [cell for cell in cells if (cell[0], cell[1]) not in recused]
    one, other = calibrated(voided, plan), calibrated(never, plan)
    assert [one.facets[name] for name in NAMES] == [other.facets[name] for name in NAMES]


@given(SEEDS, st.sampled_from(list(Form)))
@LAW
def test_residual_sums_vanish_at_the_joint_solution(seed: int, form: Form) -> None:
    ratings = Ratings.of(cells_of(seed), FIVE)
    looked = expect(ratings, calibrate(ratings, Plan(form=form)).found())
    for sums in looked.cells.sums(looked.residuals):
        assert np.abs(sums).max() < 1e-6
    scores = np.arange(5)
    found = np.array([(looked.cells.scores == score).sum() for score in scores])
    assert np.abs(looked.moments.probabilities.sum(axis=1) - found).max() < 1e-6


@given(SEEDS, PLANS)
@LAW
def test_a_reversed_scale_mirrors_the_measures(seed: int, plan: Plan) -> None:
    cells = cells_of(seed)
    one = calibrated(cells, plan)
    other = calibrated([cell._replace(value=6 - (cell.value or 0)) for cell in cells], plan)
    for name in NAMES:
        mirrored = {label: -value for label, value in measures(one, name).items()}
        assert apart(mirrored, measures(other, name)) < 1e-6
    assert np.abs(np.add(fair_averages(one), fair_averages(other)) - 6).max() < 1e-6


@given(SEEDS)
@LAW
def test_a_constant_added_to_one_assessor_changes_nobody_where_steps_are_own(seed: int) -> None:
    cells = cells_of(seed)
    plan = Plan(form=Form.RATER_SCALE)
    raised = [
        cell._replace(value=(cell.value or 0) + 1) if cell.assessor == "a01" else cell
        for cell in cells
    ]
    one, other = calibrated(cells, plan, Scale(1, 6)), calibrated(raised, plan, Scale(1, 6))
    for name in NAMES:
        assert apart(measures(one, name), measures(other, name)) < 1e-7
    assert np.ptp(np.subtract(fair_averages(one), fair_averages(other))) < 1e-7


def test_a_stricter_assessor_moves_raw_means_but_hardly_any_fair_average() -> None:
    """The same draws, with and without 1.5 logits more severity of one of four assessors."""
    strict = tuple(step + 1.5 for step in (-1.8, -0.6, 0.6, 1.8))
    cells, other = (
        records(made.ratings)
        for made in (
            panel(31, (60, 4, 8), seen_by=2),
            panel(31, (60, 4, 8), seen_by=2, steps=strict),
        )
    )
    spoiled = [
        harsh if cell.assessor == "a02" else cell for cell, harsh in zip(cells, other, strict=True)
    ]
    plain, moved = calibrated(cells, Plan()), calibrated(spoiled, Plan())
    met = {cell.candidate for cell in cells if cell.assessor == "a02"}
    is_met = np.array([row.label in met for row in plain.facets["candidate"]])
    raw, fair = (np.subtract(of(moved), of(plain)) for of in (raw_means, fair_averages))
    assert raw[is_met].mean() - raw[~is_met].mean() < -0.3
    assert abs(fair[is_met].mean() - fair[~is_met].mean()) < 0.05


def raw_means(found: Calibration) -> list[float]:
    return [row.mean for row in found.facets["candidate"]]


def fair_averages(found: Calibration) -> list[float]:
    return [float(row.fair.value) for row in found.facets["candidate"]]  # type: ignore[arg-type]


def test_a_copied_assessor_is_as_strict_as_the_first() -> None:
    cells = cells_of(5)
    copies = [cell._replace(assessor="copy") for cell in cells if cell.assessor == "a01"]
    for plan in (Plan(), Plan(estimation=Estimation.PENALISED)):
        strict = measures(calibrated(cells + copies, plan), "assessor")
        assert abs(strict["copy"] - strict["a01"]) < 1e-7


@pytest.mark.parametrize("seed", [1, 4])
def test_one_assessor_leaves_the_ordinary_rating_scale_model(seed: int) -> None:
    """Andrich 1978: candidates and competencies alone."""
    ratings = panel(seed, (9, 1, 6), steps=(-0.8, 0.8)).ratings
    plain = oracles.joint(ratings)
    found = calibrate(ratings).found()
    alone = calibrate(ratings, Plan(others=("competency",))).found()
    for name, wanted in zip(NAMES[::2], (plain.candidates, plain.competencies), strict=True):
        assert apart(measures(found, name), measures(alone, name)) < 1e-12
        told = np.array(list(measures(found, name).values()))
        assert np.abs(told - wanted).max() < 1e-4
    assert measures(found, "assessor") == {"a00": 0.0}


def test_two_values_and_one_facet_are_a_logistic_regression() -> None:
    """statsmodels' Logit of dummies: Rasch 1960 in joint estimation."""
    ratings = panel(17, (25, 4, 5), steps=(0.0,)).ratings
    found = calibrate(ratings).found()
    design = np.hstack(
        [
            np.eye(25)[ratings.candidate.codes],
            -(np.eye(4) - np.eye(4)[:, [3]])[ratings.assessor.codes, :3],
            -(np.eye(5) - np.eye(5)[:, [4]])[ratings.competency.codes, :4],
        ]
    )
    kept = ~np.isin(
        np.arange(25), [at for at, row in enumerate(found.facets["candidate"]) if row.is_extreme]
    )
    rows = kept[ratings.candidate.codes]
    columns = np.concatenate([kept, np.ones(7, dtype=bool)])
    fit = sm.Logit(ratings.values[rows] - 1.0, design[np.ix_(rows, columns)]).fit(disp=0, tol=1e-12)
    own = np.array(list(measures(found, "candidate").values()))[kept]
    assert np.abs(fit.params[: kept.sum()] - own).max() < 1e-7
    assert np.abs(fit.bse[: kept.sum()] - errors(found, "candidate")[kept]).max() < 1e-7


def test_the_same_ratings_are_the_same_bytes() -> None:
    cells = cells_of(3)
    for estimation in Estimation:
        one, other = (
            calibrate(Ratings.of(some, FIVE), Plan(estimation=estimation)).json()
            for some in (cells, cells[::-1])
        )
        assert one == other


def covered(made: Panel, plan: Plan) -> tuple[list[bool], list[bool], list[float]]:
    """Whether intervals hold the candidates and the assessors, and how far the first are off."""
    result = calibrate(made.ratings, plan)
    assert result.convergence.status is Status.CONVERGED
    found = result.found()
    held = []
    for name, truths in zip(NAMES[:2], (made.candidates, made.assessors), strict=True):
        rows = zip(found.facets[name], truths, strict=True)
        spans = [(row.measure.interval, float(truth)) for row, truth in rows]
        held.append([isinstance(span, Interval) and span.holds(truth) for span, truth in spans])
    own = np.array(list(measures(found, "candidate").values()))
    return held[0], held[1], (own - made.candidates).tolist()


@pytest.mark.parametrize("estimation", list(Estimation))
def test_simulated_panels_are_recovered_and_covered(estimation: Estimation) -> None:
    """A few of the panels of which 200 were looked at by hand; see the docstrings."""
    told = [covered(panel(seed, (30, 5, 6)), Plan(estimation=estimation)) for seed in range(8)]
    people, judges, errors = (np.concatenate(each) for each in zip(*told, strict=True))
    assert 0.91 < people.mean() < 0.985
    assert judges.mean() > 0.85
    assert np.sqrt(np.mean(errors**2)) < 0.3


def test_no_step_is_longer_than_allowed_nor_goes_down() -> None:
    ratings = panel(4, (10, 3, 4)).ratings
    cells = Cells.of(ratings, OTHERS, Form.RATING_SCALE)
    frame = Frame.of(ratings, cells, OTHERS, {})
    short = [joint.fit(cells, frame, Limits(longest=0.01, steps=steps)) for steps in (1, 2, 3)]
    for one, other in pairwise(short):
        moved = np.abs(other.parameters.candidates - one.parameters.candidates)
        assert 0.001 < moved.max() < 0.01 + 1e-12
    slope = ascents._Slope(cells, frame, Precisions(0.0, np.zeros(len(frame.offset))))
    here = slope.at(*ascents._start(cells, frame))
    move = slope.information(here).solve(*slope.gradient(here), frame.basis)
    far = (60 * move[0], 60 * move[1])
    assert slope.at(here.candidates + far[0], here.shared + far[1]).height < here.height
    assert ascents._moved(slope, here, far, 1.0).height > here.height


def test_facets_are_all_those_that_ratings_have() -> None:
    """Instruments and occasions may be facets as well."""
    cells = [
        cell._replace(instrument="essay" if cell.competency < "k03" else "interview")
        for cell in cells_of(6)
    ]
    ratings = Ratings.of([*cells, *(cell._replace(instrument="role play") for cell in cells)], FIVE)
    found = calibrate(ratings, Plan(others=("assessor", "competency", "instrument"))).found()
    assert set(found.facets) == set(FACETS[:4])
    assert abs(sum(measures(found, "instrument").values())) < 1e-9
