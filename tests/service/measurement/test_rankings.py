"""Plackett and Luce: two oracles, partial rankings, infinite worths, and coverage."""

import choix
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.hazard_regression import PHReg

from service.measurement.choices import BadChoices
from service.measurement.comparisons import Comparisons, compare
from service.measurement.rankings import Ranking, plackett_luce
from service.measurement.results import Interval, Result, Status
from service.measurement.worths import Worths

PANEL = ["abcde", "bacde", "acbed", "cabde", "edabc", "bdace"]
LABELS = ("a", "b", "c", "d", "e")


def values(result: Result[Worths]) -> np.ndarray:
    found = {one.label: one.log_worth.value for one in result.found().worths}
    return np.array([found[label] for label in sorted(found)], dtype=np.float64)


def errors(result: Result[Worths]) -> np.ndarray:
    found = {one.label: one.log_worth.se for one in result.found().worths}
    return np.array([found[label] for label in sorted(found)], dtype=np.float64)


def coded(rankings: list[str]) -> list[tuple[int, ...]]:
    return [tuple("abcde".index(each) for each in one) for one in rankings]


def test_worths_are_those_of_choix() -> None:
    result = plackett_luce(PANEL)
    theirs = choix.ilsr_rankings(5, coded(PANEL), max_iter=500, tol=1e-12)
    assert np.abs(values(result) - theirs).max() < 1e-9
    assert result.prior is None
    assert result.counts == {"candidates": 5, "rankings": 6}


def test_errors_are_those_of_a_stratified_cox_regression() -> None:
    """A ranking is a stratum, a place a time of death: the same likelihood."""
    times, rows, strata = [], [], []
    for stratum, ranking in enumerate(coded(PANEL)):
        for place, each in enumerate(ranking):
            times.append(place + 1.0)
            rows.append(np.eye(5)[each, 1:])
            strata.append(stratum)
    fit = PHReg(np.array(times), np.array(rows), strata=np.array(strata)).fit()
    result = plackett_luce(PANEL, reference="a")
    assert np.abs(values(result)[1:] - fit.params).max() < 1e-6
    assert np.abs(errors(result)[1:] - fit.bse).max() < 1e-6


def test_rankings_of_two_are_comparisons() -> None:
    pairs = ["ab", "ab", "ba", "bc", "cb", "ca", "ac", "ac"]
    ranked, compared = plackett_luce(pairs), compare(Comparisons.of([tuple(one) for one in pairs]))
    assert values(ranked) == pytest.approx(values(compared), abs=1e-12)
    assert errors(ranked) == pytest.approx(errors(compared), abs=1e-12)


def test_a_partial_ranking_says_that_the_rest_is_below_or_nothing_of_them() -> None:
    top = [Ranking(("a",), ("b", "c")), Ranking(("b",), ("a", "c")), Ranking(("c",), ("a", "b"))]
    again = [Ranking(("a",), ("c", "b")), Ranking(("b",), ("a",))]
    result = plackett_luce([*top, *again])
    theirs = choix.ilsr_top1(
        3, [(0, (1, 2)), (1, (0, 2)), (2, (0, 1)), (0, (1, 2)), (1, (0,))], max_iter=500, tol=1e-12
    )
    assert np.abs(values(result) - theirs).max() < 1e-9
    unseen = plackett_luce(["abc", "cba", "bca", "ad", "da"])
    assert unseen.found().log_likelihood == pytest.approx(
        float(
            sum(
                np.log(np.exp(values(unseen)[k[0]]) / np.exp(values(unseen)[k]).sum())
                for k in ([0, 1, 2], [1, 2], [2, 1, 0], [1, 0], [1, 2, 0], [2, 0], [0, 3], [3, 0])
            )
        )
    )


def test_whoever_is_always_first_gets_a_prior_that_is_named() -> None:
    result = plackett_luce(["abc", "acb"])
    assert result.prior == "1 wins and 1 losses of each against a ghost"
    assert result.found().worths[0].label == "a"
    assert "infinitely apart" in result.cautions[0]
    assert plackett_luce(["abc", "acb"], ghost=0.0).convergence.status is Status.REFUSED


@pytest.mark.parametrize(
    ("rankings", "words"),
    [(["abc", "aba"], "ranking 2 names a twice"), ([("a", "")], "ranking 1 holds a candidate")],
)
def test_what_is_no_ranking_is_refused(rankings: list[str], words: str) -> None:
    with pytest.raises(BadChoices, match=words):
        plackett_luce(rankings)


def test_nobody_ranked_over_anybody_is_no_order() -> None:
    refused = plackett_luce(["a", "b"])
    assert refused.convergence.status is Status.REFUSED
    with pytest.raises(ValueError, match="nothing to choose among 2 candidates"):
        refused.found()


@settings(derandomize=True, max_examples=20, deadline=None)
@given(st.permutations(PANEL), st.permutations(LABELS))
def test_the_order_of_assessors_changes_nothing_and_names_only_names(
    panel: list[str], names: list[str]
) -> None:
    plain = plackett_luce(PANEL)
    assert plackett_luce(panel).json() == plain.json()
    renamed = plackett_luce([[names["abcde".index(each)] for each in one] for one in panel])
    found = {one.label: one.log_worth.value for one in renamed.found().worths}
    assert [found[each] for each in names] == pytest.approx(values(plain), abs=1e-10)


@settings(derandomize=True, max_examples=20, deadline=None)
@given(st.sampled_from(LABELS))
def test_whoever_is_put_first_once_more_rises(label: str) -> None:
    place = LABELS.index(label)
    again = plackett_luce([*PANEL, (label, *(each for each in LABELS if each != label))])
    assert values(again)[place] > values(plackett_luce(PANEL))[place]


def test_intervals_cover_the_truth_as_often_as_they_claim() -> None:
    """60 panels of thirty rankings of five."""
    normal = np.random.default_rng(8)
    held = []
    for _ in range(60):
        truth = normal.normal(scale=0.7, size=5)
        noise = normal.gumbel(size=(30, 5))
        orders = [[LABELS[i] for i in row] for row in np.argsort(-(truth + noise), axis=1)]
        found = {one.label: one.log_worth for one in plackett_luce(orders).found().worths}
        for label, true in zip(LABELS, truth - truth.mean(), strict=True):
            interval = found[label].interval
            assert isinstance(interval, Interval)
            held.append(interval.holds(true))
    assert 0.92 <= np.mean(held) <= 0.98
