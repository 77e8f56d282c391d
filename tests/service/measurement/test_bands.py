"""Bands from the top: Guilford's scientists, the classical width, and where likeness ends."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.measurement.bands import Break, band, classical_band
from service.measurement.measures import Measures
from service.measurement.results import Estimate, Status, Undefined
from tests.service.measurement.creativity import JUNIORS


def test_a3b_betty_edward_and_george_are_not_told_apart() -> None:
    """Guilford 1954, Psychometric Methods p. 282: the band at 95 % from the top."""
    result = band(JUNIORS)
    found = result.found()
    assert found.members == ("Betty", "Edward", "George")
    by_label = {one.label: one for one in found.candidates}
    edward = by_label["Edward"].gap
    assert isinstance(edward, Estimate)
    assert edward.value == pytest.approx(0.223, abs=5e-4)
    assert edward.se == pytest.approx(0.255, abs=5e-4)
    z = [by_label[label].z for label in ("Edward", "George", "Anne")]
    assert z == pytest.approx([0.87, 1.46, 2.71], abs=0.005)
    assert result.cautions[0].startswith("The score does not tell Edward, George apart from Betty")


def test_a_band_is_not_transitive_and_says_so() -> None:
    result = band(JUNIORS)
    assert Break("Betty", "George", "Anne") in result.found().breaks
    assert (
        "Betty is shown to be above Anne, but George, who is in the band, is not: a band from"
        " George would hold Anne too."
    ) in result.cautions


def test_many_breaks_are_counted_and_not_all_told() -> None:
    scores = [9.0, 6.2, 6.1, 5.9, 5.8]
    result = classical_band("abcde", scores, reliability=0.0, spread=1.07)
    assert result.found().members == ("a", "b", "c")
    assert len(result.found().breaks) == 4
    assert result.cautions[-1] == "More cases such as these: 1."


def test_the_classical_width_is_the_one_of_cascio_and_others() -> None:
    scores = [95.0, 92.0, 89.0, 81.0]
    two = classical_band("ab", [3.0, 1.0], reliability=0.0).found()
    assert two.width == pytest.approx(1.959964 * 2)
    found = classical_band("abcd", scores, reliability=0.9, spread=10.0).found()
    assert found.width == pytest.approx(1.959964 * 10 * np.sqrt(0.1) * np.sqrt(2))
    assert found.members == ("a", "b", "c")
    assert found.breaks == (Break("a", "c", "d"),)
    assert classical_band("abcd", scores, reliability=0.99).found().members == ("a",)


def test_an_unreliable_score_makes_a_band_of_everybody_and_says_so() -> None:
    result = classical_band("abc", [3.0, 2.0, 1.0], reliability=0.0)
    assert result.found().members == ("a", "b", "c")
    assert result.cautions[0].startswith("The band holds everybody")


def test_whoever_is_less_certain_may_be_in_the_band_above_whom_somebody_is_out() -> None:
    measures = Measures.of("abc", [3.0, 1.0, 0.5], np.diag([0.1, 0.1, 9.0]))
    result = band(measures)
    assert result.found().members == ("a", "c")
    assert any("stands above a member" in one for one in result.cautions)


def test_several_at_the_top_are_all_in() -> None:
    measures = Measures.of("ab", [1.0, 1.0], np.zeros((2, 2)))
    result = band(measures)
    assert result.found().members == ("a", "b")
    assert isinstance(result.found().candidates[1].z, Undefined)
    assert any("share the top" in one for one in result.cautions)
    exact = band(Measures.of("ab", [1.0, 0.0], np.zeros((2, 2))))
    assert exact.found().members == ("a",)
    assert exact.cautions == ("a alone is in the band.",)


@pytest.mark.parametrize(
    ("scores", "reliability", "words"),
    [
        ([1.0, 2.0], -0.2, "a reliability of -0.2"),
        ([1.0, 2.0], 1.1, "a reliability of 1.1"),
        ([1.0], 0.9, "one score has no spread"),
    ],
)
def test_what_gives_no_width_is_refused(
    scores: list[float], reliability: float, words: str
) -> None:
    refused = classical_band("ab"[: len(scores)], scores, reliability=reliability)
    assert refused.convergence.status is Status.REFUSED
    with pytest.raises(ValueError, match=words):
        refused.found()


def test_one_candidate_makes_no_band_and_a_level_is_between_nought_and_one() -> None:
    assert band(Measures.of("a", [1], [[1]])).convergence.status is Status.REFUSED
    with pytest.raises(ValueError, match=r"a level of 1\.0 is none"):
        band(JUNIORS, level=1.0)


@settings(derandomize=True, max_examples=40, deadline=None)
@given(st.permutations(range(7)), st.integers(1, 5))
def test_the_order_of_the_input_changes_nothing_and_more_certainty_never_widens(
    order: list[int], times: int
) -> None:
    labels = [JUNIORS.labels[i] for i in order]
    values, covariance = JUNIORS.values[order], JUNIORS.covariance[np.ix_(order, order)]
    assert band(Measures.of(labels, values, covariance)).json() == band(JUNIORS).json()
    sharper = band(Measures.of(labels, values, covariance / times)).found()
    assert set(sharper.members) <= set(band(JUNIORS).found().members)
