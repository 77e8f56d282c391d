"""Generalizability studies against Brennan, published tables, and simulated panels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.measurement.arrays import seeded
from service.measurement.generalizability import (
    Decision,
    Plan,
    Study,
    assessors_needed,
    decide,
    study,
)
from service.measurement.intraclass import intraclass
from service.measurement.ratings import Rating, Ratings, Scale
from service.measurement.results import Estimate, Interval, Status, Undefined
from tests.service.measurement import published_tables
from tests.service.measurement.published_tables import a_table

FIXED = Plan(is_fixed=True)
GUILFORD = study(published_tables.guilford()).found()
GLESER = study(published_tables.gleser()).found()


def numbers(decisions: tuple[Decision, ...], coefficient: str) -> list[float]:
    return [round(getattr(each, coefficient).value, 3) for each in decisions]


def interval(estimate: Estimate) -> Interval:
    assert isinstance(estimate.interval, Interval)
    return estimate.interval


def test_a3c_guilford_1954_components_and_panels_of_1_to_10() -> None:
    used = {name: round(value, 4) for name, value in GUILFORD.components.used.items()}
    assert used == {
        "candidate": 0.4421,
        "competency": 0.4310,
        "assessor": 0.0,
        "candidate x competency": 0.3214,
        "candidate x assessor": 1.4087,
        "competency x assessor": 0.0627,
        "residual": 1.1802,
    }
    decisions = decide(GUILFORD, assessors=[1, 2, 3, 5, 10]).found().decisions
    assert numbers(decisions, "rho2") == [0.206, 0.333, 0.419, 0.529, 0.659]
    assert numbers(decisions, "phi") == [0.196, 0.311, 0.386, 0.478, 0.583]


def test_a3c_guilford_1954_even_ten_judges_do_not_reach_seven_tenths() -> None:
    result = assessors_needed(GUILFORD, target=0.7, limit=10)
    assert isinstance(result.found().assessors, Undefined)
    assert round(result.found().reached, 3) == 0.583
    assert "None up to 10 reaches 0.7: 10 assessors reach 0.583" in result.cautions[0]


def test_a4_gleser_cronbach_rajaratnam_1965_panels_of_1_to_5() -> None:
    decisions = decide(GLESER, assessors=range(1, 6)).found().decisions
    assert numbers(decisions, "rho2") == [0.533, 0.657, 0.712, 0.743, 0.763]
    assert numbers(decisions, "phi") == [0.483, 0.584, 0.627, 0.652, 0.667]


@pytest.mark.parametrize("estimator", ["anova", "reml"])
def test_brennan_2001_table_3_2_tasks_with_raters_of_their_own(estimator: str) -> None:
    result = study(published_tables.brennan_4(), design="nested", estimator=estimator)  # type: ignore[arg-type]
    used = {name: round(value, 4) for name, value in result.found().components.used.items()}
    assert used == {
        "candidate": 0.4731,
        "instrument": 0.3252,
        "assessor": 0.6475,
        "candidate x instrument": 0.5596,
        "residual": 2.3802,
    }
    for plan, published in ((Plan(), "0.55 0.46"), (FIXED, "0.77 0.72")):
        (decision,) = decide(result.found(), assessors=[4], plan=plan).found().decisions
        assert f"{decision.rho2.value:.2f} {decision.phi.value:.2f}" == published


def test_brennan_2001_synthetic_data_3_items_fixed() -> None:
    found = study(published_tables.brennan_3()).found()
    used = [round(value, 4) for value in found.components.used.values()]
    assert used == [0.5528, 0.4417, 0.0074, 0.5750, 0.1009, 0.1565, 0.9352]
    (decision,) = decide(found, assessors=[2], plan=FIXED).found().decisions
    assert f"{decision.rho2.value:.2f} {decision.phi.value:.2f}" == "0.81 0.79"


def test_brennan_2001_tables_6_2_and_6_5_intervals_of_both_coefficients() -> None:
    # The same data as candidates by twelve raters. Brennan's interval of E rho2 is exact, that
    # of Phi an approximation of Arteaga, Jeyaratnam and Franklin.
    ratings = published_tables.brennan_4(with_tasks=False)
    found = study(ratings).found()
    assert [round(value, 4) for value in found.components.used.values()] == [0.6258, 0.8840, 2.7872]
    plan = Plan(level=0.8, draws=20_000)
    (decision,) = decide(found, assessors=[12], plan=plan).found().decisions
    assert (numbers((decision,), "rho2"), numbers((decision,), "phi")) == ([0.729], [0.672])
    rho2, phi = interval(decision.rho2), interval(decision.phi)
    assert (rho2.low, rho2.high) == pytest.approx((0.541, 0.876), abs=0.006)
    assert (phi.low, phi.high) == pytest.approx((0.457, 0.845), abs=0.015)


def test_fixed_competencies_at_the_size_of_the_study_give_the_intraclass_correlation() -> None:
    (decision,) = decide(GUILFORD, assessors=[3], plan=FIXED).found().decisions
    forms = intraclass(published_tables.guilford()).found().forms
    assert decision.rho2.value == pytest.approx(forms["ICC(3,k)"].estimate.value, abs=1e-12)
    at_random = decide(GUILFORD, assessors=[3]).found().decisions[0]
    assert at_random.rho2.value != pytest.approx(decision.rho2.value, abs=0.01)


def test_one_competency_is_a_study_of_candidates_and_assessors() -> None:
    ratings = a_table(published_tables.SHROUT_FLEISS, Scale(1, 10))
    result = study(ratings)
    (decision,) = decide(result.found(), assessors=[4]).found().decisions
    forms = intraclass(ratings).found().forms
    assert decision.rho2.value == pytest.approx(forms["ICC(3,k)"].estimate.value, abs=1e-12)
    assert decision.phi.value == pytest.approx(forms["ICC(2,k)"].estimate.value, abs=1e-12)
    assert any("There is one competency only" in caution for caution in result.cautions)


def test_errors_are_in_points_of_the_scale() -> None:
    (decision,) = decide(GLESER, assessors=[2]).found().decisions
    used = GLESER.components.used
    relative = used["candidate x competency"] / 6 + used["candidate x assessor"] / 2
    relative += used["residual"] / 12
    absolute = relative + used["competency"] / 6 + used["competency x assessor"] / 12
    assert decision.relative_error.value == pytest.approx(np.sqrt(relative), abs=1e-12)
    assert decision.absolute_error.value == pytest.approx(np.sqrt(absolute), abs=1e-12)
    assert interval(decision.absolute_error).holds(np.sqrt(absolute))


def test_how_many_are_needed_and_how_many_to_be_sure() -> None:
    result = assessors_needed(GLESER, target=0.6, coefficient="rho2", limit=30)
    needed = result.found()
    assert needed.assessors == 2
    assert isinstance(needed.surely, Undefined)
    assert needed.reached == pytest.approx(0.657, abs=5e-4)
    assert any("by the estimate alone" in caution for caution in result.cautions)
    (there, before) = (decide(GLESER, assessors=[n]).found().decisions[0] for n in (2, 1))
    assert isinstance(there.rho2.value, float)
    assert isinstance(before.rho2.value, float)
    assert there.rho2.value >= 0.6 > before.rho2.value


def test_a_firm_panel_reaches_its_target_with_its_whole_interval() -> None:
    draws = seeded(3)
    merit = np.repeat(np.arange(1, 81, 2), 4).reshape(40, 4)
    table = (merit + draws.integers(-3, 4, (40, 4))).tolist()
    found = study(a_table(table, Scale(-5, 90))).found()
    result = assessors_needed(found, target=0.8)
    assert result.found().assessors == result.found().surely == 1
    assert result.cautions == ()


def test_the_ceiling_is_what_very_many_assessors_reach() -> None:
    needed = assessors_needed(GLESER, target=0.9).found()
    (many,) = decide(GLESER, assessors=[10**7]).found().decisions
    assert needed.ceiling == pytest.approx(many.phi.value, abs=1e-6)
    assert isinstance(needed.assessors, Undefined)


@given(st.integers(1, 8), st.integers(1, 12), st.booleans())
@settings(max_examples=25, derandomize=True, deadline=None)
def test_more_assessors_never_help_less_and_order_is_never_harder_than_a_standard(
    assessors: int, conditions: int, is_fixed: bool
) -> None:
    plan = Plan(None if is_fixed else conditions, is_fixed=is_fixed, draws=50)
    few, more = decide(GUILFORD, assessors=[assessors, assessors + 1], plan=plan).found().decisions
    for coefficient in ("rho2", "phi"):
        one, other = getattr(few, coefficient), getattr(more, coefficient)
        assert one.value <= other.value + 1e-12
        assert interval(one).low <= interval(other).low + 1e-12
    assert isinstance(few.rho2.value, float)
    assert isinstance(few.phi.value, float)
    assert few.phi.value <= few.rho2.value + 1e-12


def cells_of(ratings: Ratings) -> list[Rating]:
    return [
        Rating(
            ratings.candidate.labels[ratings.candidate.codes[row]],
            ratings.assessor.labels[ratings.assessor.codes[row]],
            int(ratings.values[row]),
            ratings.competency.labels[ratings.competency.codes[row]],
        )
        for row in range(len(ratings))
    ]


def test_a_cell_that_was_not_observed_equals_one_that_never_was() -> None:
    cells = cells_of(published_tables.guilford())
    voided = [
        cell._replace(value=None) if row in {4, 50} else cell for row, cell in enumerate(cells)
    ]
    never = [cell for row, cell in enumerate(cells) if row not in {4, 50}]
    one, other = (study(Ratings.of(each, Scale(1, 9))) for each in (voided, never))
    assert one.found().components.estimator == "reml"
    assert one.found().components.components == other.found().components.components
    whole = GUILFORD.components.used
    for name, value in one.found().components.used.items():
        assert value == pytest.approx(whole[name], abs=0.15)


@pytest.mark.parametrize("gaps", [set(), {4, 50}])
def test_a_reversed_scale_changes_nothing(gaps: set[int]) -> None:
    cells = [
        cell for row, cell in enumerate(cells_of(published_tables.guilford())) if row not in gaps
    ]
    mirrored = [cell._replace(value=10 - (cell.value or 0)) for cell in cells]
    one, other = (study(Ratings.of(each, Scale(1, 9))).found() for each in (cells, mirrored))
    for name, value in one.components.used.items():
        assert value == pytest.approx(other.components.used[name], abs=1e-7)


def test_assessors_of_several_conditions_count_as_others_when_nested() -> None:
    cells = [
        Rating(f"c{row}", f"a{seat}", 1 + (row * 3 + seat * task) % 5, instrument=f"t{task}")
        for row, seat, task in np.ndindex(6, 3, 2)
    ]
    result = study(Ratings.of(cells, Scale(1, 5)), design="nested")
    assert any(
        "Some assessors rated under more than one instrument" in each for each in result.cautions
    )
    assert study(published_tables.brennan_4(), design="nested").found().assessors == 4


def test_conditions_with_panels_of_other_sizes_are_taken_by_likelihood() -> None:
    cells = [
        Rating(
            f"c{row}", f"a{task}{seat}", 1 + (row * 3 + seat * 2 + task) % 5, instrument=f"t{task}"
        )
        for row, seat, task in np.ndindex(6, 3, 2)
        if (seat, task) != (2, 1)
    ]
    found = study(Ratings.of(cells, Scale(1, 5)), design="nested").found()
    assert found.components.estimator == "reml"
    assert found.assessors == pytest.approx(2 / (1 / 3 + 1 / 2))


def test_ratings_that_are_averaged_are_told() -> None:
    cells = [
        Rating(f"c{row}", f"a{seat}", 1 + (row * 3 + seat + item) % 5, f"i{item % 2}", f"t{item}")
        for row, seat, item in np.ndindex(4, 3, 4)
    ]
    result = study(Ratings.of(cells, Scale(1, 5)))
    assert result.counts["cells"] == 24
    assert any("48 ratings were averaged to 24 cells" in each for each in result.cautions)


@pytest.mark.parametrize(
    "table", [[[1], [2], [3]], [[1, 2, 3]], [[None, None]], [[3, 3], [3, 3], [3, 3]]]
)
def test_what_cannot_be_divided_is_refused_or_all_zero(table: published_tables.Table) -> None:
    result = study(a_table(table, Scale(1, 5)))
    if isinstance(result.numbers, Undefined):
        assert result.convergence.status is Status.REFUSED
    else:
        (decision,) = decide(result.found(), assessors=[2]).found().decisions
        assert (decision.rho2.value, decision.phi.value) == (0, 0)
        cautions = decide(result.found(), assessors=[2]).cautions
        assert any("do not differ beyond error" in caution for caution in cautions)
    result.json()


def test_plans_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="give 1 or more"):
        decide(GLESER, assessors=[0])
    with pytest.raises(ValueError, match="take them as random"):
        decide(GLESER, assessors=[2], plan=Plan(conditions=3, is_fixed=True))
    with pytest.raises(ValueError, match="between 0 and 1"):
        assessors_needed(GLESER, target=1.0)
    with pytest.raises(ValueError, match="show nothing"):
        decide(GLESER, assessors=[2], plan=Plan(conditions=-1))


def test_far_larger_panels_than_were_studied_are_told() -> None:
    assert decide(GLESER, assessors=[4]).cautions == ()
    assert "worked out from 2 assessors" in decide(GLESER, assessors=[5]).cautions[0]


def test_the_same_seed_gives_the_same_bytes() -> None:
    one, other = (decide(GLESER, assessors=[2], plan=Plan(seed=seed)).json() for seed in (1, 2))
    assert one != other
    assert one == decide(GLESER, assessors=[2], plan=Plan(seed=1)).json()
    assert study(published_tables.gleser()).json() == study(published_tables.gleser()).json()


# Candidates, competencies, assessors, their products, and the rest.
VARIANCES = (0.4, 0.05, 0.05, 0.2, 0.15, 0.03, 0.6)


def a_study(seed: int) -> Study:
    """Of 12 candidates, 6 competencies and 4 assessors, on a scale as fine as continuous."""
    draws, sizes = seeded(seed), (12, 6, 4)
    values = np.zeros(sizes)
    facets = ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2))
    for places, variance in zip(facets, VARIANCES, strict=True):
        shape = [size if place in places else 1 for place, size in enumerate(sizes)]
        values = values + draws.normal(0.0, np.sqrt(variance), shape)
    points = np.rint(values * 1000).astype(int).tolist()
    cells = [Rating(f"c{p:02}", f"a{a}", points[p][i][a], f"i{i}") for p, i, a in np.ndindex(sizes)]
    return study(Ratings.of(cells, Scale(-9999, 9999)), draws=10).found()


def test_intervals_of_phi_hold_the_true_value_as_often_as_they_claim() -> None:
    error = 0.05 / 6 + 0.05 / 4 + 0.2 / 6 + 0.15 / 4 + 0.03 / 24 + 0.6 / 24
    truth, held = 0.4 / (0.4 + error), 0
    for seed in range(60):
        (decision,) = decide(a_study(seed), assessors=[4], plan=Plan(draws=400)).found().decisions
        held += interval(decision.phi).holds(truth)
    assert 53 <= held <= 60
