"""Places with their uncertainty: Guilford's scientists, what must not matter, and coverage."""

from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from statsmodels.stats.multitest import multipletests

from service.measurement.calibrations import calibrate
from service.measurement.families import holm
from service.measurement.measures import BadMeasures, Measures
from service.measurement.plans import Estimation, Plan
from service.measurement.ranks import Span, rank
from service.measurement.results import Status
from tests.service.measurement.creativity import JUNIORS
from tests.service.measurement.facet_worlds import creativity


def test_a3b_places_of_guilfords_junior_scientists() -> None:
    """Guilford 1954, Psychometric Methods p. 282: places at 95 % and who is first."""
    found = rank(JUNIORS, seed=1, draws=40_000).found()
    assert found.labels == ("Betty", "Edward", "George", "Anne", "Chris", "David", "Fred")
    spans = [(one.likely.best, one.likely.worst) for one in found.places]
    assert spans == [(1, 3), (1, 3), (1, 4), (3, 6), (4, 7), (4, 7), (5, 7)]
    assert found.shares[:3, 0] == pytest.approx([0.78, 0.18, 0.05], abs=0.01)
    assert np.array_equal(found.top[:, 0], found.shares[:, 0])
    assert found.top[:, -1] == pytest.approx(1.0)


def test_the_measures_behind_these_places_are_those_of_the_calibration() -> None:
    """What the order rests on here, printed to six digits, against our many-facet model."""
    plan = Plan(estimation=Estimation.JOINT, floating="assessor")
    found = calibrate(creativity(), plan).found()
    values = [row.measure.value for row in found.facets["candidate"]]
    assert [row.label for row in found.facets["candidate"]] == list(JUNIORS.labels)
    largest = np.abs(np.array(values, dtype=np.float64) - JUNIORS.values).max()
    assert largest < 1e-6
    assert np.abs(np.asarray(found.covariances["candidate"]) - JUNIORS.covariance).max() < 1e-6


def test_a_claim_about_the_whole_list_needs_more_than_one_about_a_candidate() -> None:
    result = rank(JUNIORS, seed=1)
    found = result.found()
    for one in found.places:
        assert one.certain.best <= one.likely.best <= one.place
        assert one.place <= one.likely.worst <= one.certain.worst
    z = (0.663832 + 0.584131) / np.sqrt(0.035911 + 0.035456 + 2 * 0.011513)
    assert found.above[0, 6] == pytest.approx(42 * norm.sf(z), rel=1e-3)
    assert found.places[0].certain == Span(1, 4)
    assert result.cautions[0].startswith("Who is first is not settled: in 100 draws within the")
    assert "Betty and Edward" in result.cautions[1]


def test_probabilities_are_those_of_the_normal_distribution() -> None:
    found = rank(Measures.of("ab", [1.0, 0.0], np.diag([1.0, 3.0])), seed=3, draws=100_000).found()
    assert found.shares[0, 0] == pytest.approx(norm.cdf(0.5), abs=0.005)
    assert found.above[0, 1] == pytest.approx(2 * norm.sf(0.5))


Rows = list[tuple[int, float, float]]
Rankable = np.ndarray[Any, np.dtype[np.float64]]

measured: st.SearchStrategy[Rows] = st.lists(
    st.tuples(st.integers(-8, 8), st.integers(1, 9)), min_size=2, max_size=6
).map(lambda rows: [(place, value / 4, size / 4) for place, (value, size) in enumerate(rows)])


@settings(derandomize=True, max_examples=25, deadline=None)
@given(measured, st.randoms(use_true_random=False))
def test_the_order_of_the_input_and_the_origin_change_nothing(rows: Rows, random: Random) -> None:
    def told(given: Rows, origin: float, unit: float = 1.0) -> tuple[object, ...]:
        labels, values, variances = zip(*given, strict=True)
        moved = (np.array(values) + origin) * unit
        measures = Measures.of(list(map(str, labels)), moved, np.diag(variances) * unit**2)
        found = rank(measures, seed=5).found()
        return found.labels, found.shares.tolist(), found.above.tolist()

    mixed = random.sample(rows, len(rows))
    assert told(rows, 0.0) == told(mixed, 0.0) == told(mixed, 64.0)
    assert told(rows, 0.0) == told(rows, 0.0, 2.0**-40)


@settings(derandomize=True, max_examples=25, deadline=None)
@given(measured)
def test_every_table_adds_up_and_the_better_measure_has_the_better_expected_place(
    rows: Rows,
) -> None:
    labels, values, _ = zip(*rows, strict=True)
    found = rank(Measures.of(list(map(str, labels)), values, np.eye(len(rows))), seed=5).found()
    assert found.shares.sum(axis=1) == pytest.approx(1.0)
    assert found.shares.sum(axis=0) == pytest.approx(1.0)
    assert (np.diff(found.top, axis=1) >= -1e-12).all()
    expected = np.array([one.expected for one in found.places])
    gaps = -np.diff([one.measure.value for one in found.places])
    assert (np.diff(expected)[gaps > 0] > 0).all()


def test_what_is_known_without_error_has_one_place_and_equals_share_it() -> None:
    exact = Measures.of("abc", [2.0, 3.0, 2.0], np.zeros((3, 3)))
    result = rank(exact, seed=1)
    found = result.found()
    assert [(one.label, one.place, one.likely) for one in found.places] == [
        ("b", 1, Span(1, 1)),
        ("a", 2, Span(2, 2)),
        ("c", 2, Span(2, 2)),
    ]
    assert found.above[0].tolist() == [1.0, 0.0, 0.0]
    assert found.places[1].certain == Span(2, 3)


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert rank(JUNIORS, seed=9).json() == rank(JUNIORS, seed=9).json()
    assert rank(JUNIORS, seed=9).json() != rank(JUNIORS, seed=8).json()


def test_alike_candidates_are_said_to_be_alike() -> None:
    said = rank(Measures.of("abc", [0.1, 0.0, -0.1], np.eye(3)), seed=1).cautions
    assert said[1].startswith("No candidate is shown to be better than any other; with all so near")


def test_many_unsettled_neighbours_are_counted() -> None:
    labels = [f"c{place}" for place in range(10)]
    result = rank(Measures.of(labels, np.arange(10), np.eye(10) * 0.9), seed=1)
    assert result.cautions[1].endswith("c5 and c4; and 4 pairs more.")


def test_one_candidate_is_no_order() -> None:
    assert rank(Measures.of("", [], np.eye(0)), seed=1).convergence.status is Status.REFUSED
    refused = rank(Measures.of("a", [1.0], [[1.0]]), seed=1)
    assert refused.convergence.status is Status.REFUSED
    with pytest.raises(ValueError, match="two candidates and there are 1"):
        refused.found()


@pytest.mark.parametrize(
    ("asked", "words"),
    [({"draws": 9_999}, "9999 draws are too few"), ({"level": 95.0}, "a level of 95.0 is none")],
)
def test_what_is_asked_must_make_sense(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        rank(JUNIORS, seed=1, **asked)


@pytest.mark.parametrize(
    ("labels", "values", "covariance", "words"),
    [
        ("aa", [1, 2], np.eye(2), "a is measured twice"),
        ("ab", [1, 2], np.eye(3), r"2 labels need 2 values .* \(2,\) and \(3, 3\)"),
        ("ab", [1, np.nan], np.eye(2), "b has a measure that is not finite"),
        ("ab", [1, 2], [[1, 0.5], [0.4, 1]], "not symmetric"),
        ("ab", [1, 2], [[1, 2], [2, 1]], "some variance negative"),
    ],
)
def test_what_are_no_measures_are_refused(
    labels: str, values: Any, covariance: Any, words: str
) -> None:
    with pytest.raises(BadMeasures, match=words):
        Measures.of(labels, values, covariance)


def test_draws_have_the_covariance_asked_also_where_it_is_singular() -> None:
    centred = np.eye(3) - 1 / 3
    drawn = np.vstack(list(Measures.of("abc", [1, 2, 3], centred).draws(4, 20_500)))
    assert drawn.shape == (20_500, 3)
    assert np.cov(drawn.T) == pytest.approx(centred, abs=0.02)
    assert drawn.sum(axis=1) == pytest.approx(6.0)


def test_holm_says_what_statsmodels_says() -> None:
    p = np.random.default_rng(2).uniform(size=40) ** 4
    largest = np.abs(holm(p) - multipletests(p, method="holm")[1]).max()
    assert largest < 1e-15


def coverage(truths: Rankable, sizes: Rankable) -> tuple[float, float]:
    """How often likely places hold the true one, and how often all certain ones do."""
    normal = np.random.default_rng(12)
    alone, together = [], []
    for truth, size in zip(truths, sizes, strict=True):
        measures = Measures.of("abcdefgh", normal.normal(truth, size), np.diag(size**2))
        places = dict(zip("abcdefgh", (-truth).argsort().argsort() + 1, strict=True))
        found = rank(measures, seed=1).found().places
        alone += [one.likely.holds(places[one.label]) for one in found]
        together.append(all(one.certain.holds(places[one.label]) for one in found))
    return float(np.mean(alone)), float(np.mean(together))


def test_places_cover_the_truth_as_often_as_they_claim() -> None:
    """80 panels of eight candidates, with unequal errors about as large as their differences."""
    normal = np.random.default_rng(11)
    truths, sizes = normal.normal(size=(80, 8)), normal.uniform(0.5, 1.0, size=(80, 8))
    alone, together = coverage(truths, sizes)
    assert 0.92 <= alone <= 0.98
    assert together >= 0.95


def test_where_all_are_alike_likely_places_are_too_narrow_and_certain_ones_are_not() -> None:
    normal = np.random.default_rng(13)
    truths, sizes = normal.normal(scale=1e-3, size=(80, 8)), np.full((80, 8), 0.5)
    alone, together = coverage(truths, sizes)
    assert alone < 0.92
    assert together >= 0.92
