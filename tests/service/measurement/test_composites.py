"""Composites: the worked example, standards first, utilities, errors and effective weights."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.measurement.composites import Criterion, Formula, compose
from service.measurement.profiles import BadProfiles, Profiles
from service.measurement.results import Status, Undefined
from tests.service.measurement.shortlists import FOUR, WEIGHTED, shortlist


def test_a8_composites_of_four_candidates() -> None:
    """Weights .5 .3 .2 on a scale of 1 to 5."""
    result = compose(FOUR, WEIGHTED)
    found = result.found()
    assert [one.label for one in found.composites] == ["A", "B", "D", "C"]
    assert [one.on_scale for one in found.composites] == pytest.approx([4.14, 4.10, 4.04, 3.93])
    assert [one.place for one in found.composites] == [1, 2, 3, 4]
    assert found.composites[0].utility.value == pytest.approx((4.14 - 1) / 4)
    assert found.composites[0].utility.se is None
    assert found.nominal == {"vision": 0.5, "people": 0.3, "ethics": 0.2}
    assert isinstance(found.reliability, Undefined)


def test_effective_weights_are_shares_of_the_variance_and_say_when_they_are_far_off() -> None:
    result = compose(FOUR, WEIGHTED)
    found = result.found()
    assert not isinstance(found.effective, Undefined)
    assert sum(found.effective.values()) == pytest.approx(1.0)
    parts = (FOUR.scores - 1) / 4 * WEIGHTED.weights
    whole = np.cov(np.column_stack([parts, parts.sum(axis=1)]).T)[:3, 3]
    assert list(found.effective.values()) == pytest.approx(whole / parts.sum(axis=1).var(ddof=1))
    assert any("vision weighs 50 % as published and made" in one for one in result.cautions)
    pair = Profiles.of("ab", FOUR.criteria, FOUR.scores[:2], np.full((2, 3), 0.5))
    assert compose(pair, WEIGHTED).cautions[-1] == "a is not shown to be better than b."


def test_minimum_standards_come_first_and_nothing_makes_up_for_them() -> None:
    result = compose(FOUR, shortlist(people=4.0))
    found = result.found()
    assert found.failed == {"A": ("people",), "D": ("people",)}
    assert [one.label for one in found.composites] == ["B", "C"]
    assert result.counts["below_standard"] == 2
    assert "A is below the minimum standard on people and is not weighed." in result.cautions


def test_a_score_that_was_not_observed_is_not_filled_in() -> None:
    scores = FOUR.scores.copy()
    scores[0, 2] = np.nan
    scores[3] = [np.nan, 3.0, 4.4]
    gaps = Profiles.of(FOUR.labels, FOUR.criteria, scores)
    result = compose(gaps, shortlist(people=3.5))
    assert result.found().unknown == {"A": ("ethics",)}
    assert result.found().failed == {"D": ("people",)}
    assert "A has no score on ethics and cannot be weighed." in result.cautions
    none = Profiles.of("A", FOUR.criteria, [[None, 4.0, 4.0]])
    refused = compose(none, WEIGHTED)
    assert refused.convergence.status is Status.REFUSED
    assert refused.cautions == ("A has no score on vision and cannot be weighed.",)
    with pytest.raises(ValueError, match="nobody meets every minimum standard"):
        refused.found()


def test_utilities_follow_their_anchors() -> None:
    bent = Criterion("vision", 1.0, ((1, 0), (3, 0.8), (5, 1)))
    levels = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    assert bent.utility(levels) == pytest.approx([0, 0.4, 0.8, 0.9, 1])
    assert bent.slope(levels) == pytest.approx([0.4, 0.4, 0.1, 0.1, 0.1])
    found = compose(Profiles.of("ab", ["vision"], [[2.0], [4.0]]), Formula((bent,))).found()
    assert [one.on_scale for one in found.composites] == [
        Undefined("the criteria share no even scale")
    ] * 2


def test_errors_go_through_weights_and_slopes_into_the_composite() -> None:
    errors = np.array([[0.04, 0.01, 0.0], [0.01, 0.09, 0.0], [0.0, 0.0, 0.16]])
    profiles = Profiles.of(FOUR.labels, FOUR.criteria, FOUR.scores, np.tile(errors, (4, 1, 1)))
    result = compose(profiles, WEIGHTED)
    found = result.found()
    variance = WEIGHTED.weights @ errors @ WEIGHTED.weights / 16
    assert found.sem == pytest.approx(np.sqrt(variance))
    assert [one.utility.se for one in found.composites] == pytest.approx([found.sem] * 4)
    assert found.reliability == pytest.approx(1 - variance / found.variance)
    assert "A is not shown to be better than B." in result.cautions
    sharp = Profiles.of(FOUR.labels, FOUR.criteria, FOUR.scores, np.full((4, 3), 0.001))
    assert not any("is not shown" in one for one in compose(sharp, WEIGHTED).cautions)
    normal = np.random.default_rng(3)
    drawn = FOUR.scores[0] + normal.multivariate_normal(np.zeros(3), errors, size=40_000)
    assert ((drawn - 1) / 4 @ WEIGHTED.weights).std() == pytest.approx(found.sem, rel=0.02)


def test_the_reliability_of_a_composite_is_mosiers() -> None:
    """1 - sum w^2 s^2 (1 - rel) / s_U^2; with one criterion it is that criterion's own."""
    given_ones = {"vision": 0.9, "people": 0.8, "ethics": 0.5}
    found = compose(FOUR, WEIGHTED, reliabilities=given_ones).found()
    utilities = (FOUR.scores - 1) / 4
    lost = WEIGHTED.weights**2 * utilities.var(axis=0, ddof=1) * [0.1, 0.2, 0.5]
    whole = (utilities @ WEIGHTED.weights).var(ddof=1)
    assert found.reliability == pytest.approx(1 - lost.sum() / whole)
    assert found.sem == pytest.approx(np.sqrt(lost.sum()))
    single = Formula((Criterion.linear("vision", 1.0, (1, 5)),))
    alone = Profiles.of("abc", ["vision"], [[2.0], [3.5], [4.0]])
    alone_found = compose(alone, single, reliabilities={"vision": 0.7}).found()
    assert alone_found.reliability == pytest.approx(0.7)


def test_errors_larger_than_differences_are_called_so() -> None:
    profiles = Profiles.of(FOUR.labels, FOUR.criteria, FOUR.scores, np.ones((4, 3)))
    result = compose(profiles, shortlist(ethics=3.0))
    assert any("orders nobody reliably" in one for one in result.cautions)
    assert "B meets the minimum standard on ethics by less than its error." in result.cautions


def test_alike_or_alone_there_is_no_share_of_differences() -> None:
    alike = compose(Profiles.of("ab", FOUR.criteria, [[3, 3, 3], [3, 3, 3]]), WEIGHTED)
    assert alike.found().variance == 0.0
    assert isinstance(alike.found().effective, Undefined)
    assert [one.place for one in alike.found().composites] == [1, 1]
    alone = Profiles.of("a", FOUR.criteria, [[3, 3, 3]], [[0.1, 0.1, 0.1]])
    found = compose(alone, WEIGHTED).found()
    assert isinstance(found.variance, Undefined)
    assert isinstance(found.reliability, Undefined)
    same = Profiles.of("ab", FOUR.criteria, np.full((2, 3), 3.0), np.ones((2, 3)))
    assert isinstance(compose(same, WEIGHTED).found().reliability, Undefined)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Criterion.linear("v", 1.5, (1, 5)), "v weighs 1.5"),
        (lambda: Criterion.linear("v", 0.5, (5, 1)), "two anchors or more, by ascending"),
        (lambda: Criterion("v", 0.5, ((1, 0), (2, 0.5), (3, 0.4), (4, 1))), "never fall"),
        (lambda: Criterion("v", 0.5, ((1, 0.1), (2, 1))), "rise from 0 to 1"),
        (lambda: Formula((Criterion.linear("v", 0.5, (1, 5)),)), "the weights sum to 0.5"),
        (lambda: compose(Profiles.of("a", ["x"], [[1]]), WEIGHTED), "the scores are of x and"),
        (lambda: compose(Profiles.of("a", FOUR.criteria, [[3, 6, 3]]), WEIGHTED), "a has 6 on"),
        (lambda: compose(FOUR, WEIGHTED, reliabilities={"vision": 0.5}), "people needs a rel"),
        (lambda: compose(FOUR, WEIGHTED, level=0.0), "a level of 0.0 is none"),
        (lambda: Profiles.of("aa", ["v"], [[1], [2]]), "the candidate a is there twice"),
        (lambda: Profiles.of("ab", "vv", [[1, 2], [2, 1]]), "the criterion v is there twice"),
        (lambda: Profiles.of("ab", "v", [[1, 2], [2, 1]]), "scores must be 2 by 1"),
        (lambda: Profiles.of("a", "v", [[np.inf]]), "a has an infinite score"),
        (lambda: Profiles.of("a", "v", [[1]], [[[1, 2]]]), "errors must be 1 by 1 by 1"),
        (lambda: Profiles.of("a", "v", [[1]], [[np.nan]]), "a has an error that is not finite"),
        (lambda: Profiles.of("a", "vw", [[1, 2]], [[[1, 0], [1, 1]]]), "is not symmetric"),
        (lambda: Profiles.of("a", "vw", [[1, 2]], [[[1, 2], [2, 1]]]), "some variance negative"),
    ],
)
def test_what_cannot_be_weighed_is_refused(make, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BadProfiles, match=words):
        make()


@settings(derandomize=True, max_examples=40, deadline=None)
@given(st.permutations(range(4)), st.permutations(range(3)))
def test_the_order_of_candidates_and_criteria_changes_nothing(
    rows: list[int], columns: list[int]
) -> None:
    mixed = Profiles.of(
        [FOUR.labels[i] for i in rows],
        [FOUR.criteria[i] for i in columns],
        FOUR.scores[np.ix_(rows, columns)],
    )
    formula = Formula(tuple(WEIGHTED.criteria[i] for i in columns))
    told, plain = compose(mixed, formula).found(), compose(FOUR, WEIGHTED).found()
    assert [one.label for one in told.composites] == [one.label for one in plain.composites]
    assert told.effective == pytest.approx(plain.effective)
    only_rows = Profiles.of([FOUR.labels[i] for i in rows], FOUR.criteria, FOUR.scores[rows])
    assert compose(only_rows, WEIGHTED).json() == compose(FOUR, WEIGHTED).json()


@settings(derandomize=True, max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(1, 5), st.floats(1, 5), st.floats(1, 5)), min_size=2, max_size=5),
    st.integers(0, 2),
    st.floats(0, 1),
)
def test_a_better_score_never_lowers_a_composite(
    scores: list[tuple[float, float, float]], column: int, gain: float
) -> None:
    labels = [str(place) for place in range(len(scores))]
    before = compose(Profiles.of(labels, FOUR.criteria, scores), WEIGHTED).found()
    raised = np.array(scores)
    raised[0, column] = min(raised[0, column] + gain, 5.0)
    after = compose(Profiles.of(labels, FOUR.criteria, raised), WEIGHTED).found()
    values = [
        next(one.utility.value for one in each.composites if one.label == "0")
        for each in (before, after)
    ]
    assert not isinstance(values[0], Undefined)
    assert not isinstance(values[1], Undefined)
    assert values[1] >= values[0]
