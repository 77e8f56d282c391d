"""Dominance: the worked example, the front, what is credible, and an order that overrules it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm

from service.measurement.dominances import dominate, overruled
from service.measurement.profiles import Profiles
from service.measurement.results import Status, Undefined
from tests.service.measurement.shortlists import FOUR


def test_a8_a_dominates_d_and_nobody_else_is_dominated() -> None:
    result = dominate(FOUR, seed=1)
    found = result.found()
    assert [(one.above, one.below) for one in found.dominances] == [("A", "D")]
    assert found.front == ("A", "B", "C")
    assert isinstance(found.dominances[0].probability, Undefined)
    assert not found.dominances[0].is_credible
    assert result.cautions[0].endswith("no dominance is credible yet.")


def test_a_dominance_is_credible_where_all_differences_are() -> None:
    """Against the product of normal probabilities, and the multivariate normal distribution."""
    errors = np.full((4, 3), 0.05)
    found = dominate(Profiles.of("ABCD", FOUR.criteria, FOUR.scores, errors), seed=1, draws=100_000)
    chance = norm.cdf(0.1 / np.hypot(0.05, 0.05)) ** 3
    assert found.found().dominances[0].probability == pytest.approx(chance, abs=0.005)
    assert "1 of 1 dominances may be due to the error of the scores." in found.cautions
    sharp = dominate(Profiles.of("ABCD", FOUR.criteria, FOUR.scores, errors / 4), seed=1)
    assert sharp.found().dominances[0].is_credible

    joint = np.array([[4.0, 2.0, 1.0], [2.0, 5.0, 0.0], [1.0, 0.0, 3.0]]) / 1_000
    profiles = Profiles.of("ABCD", FOUR.criteria, FOUR.scores, np.tile(joint, (4, 1, 1)))
    chance = multivariate_normal(cov=2 * joint, seed=1).cdf([0.1, 0.1, 0.1])
    told = dominate(profiles, seed=1, draws=100_000).found().dominances[0].probability
    assert told == pytest.approx(chance, abs=0.005)


def test_an_order_that_puts_the_dominated_above_is_named() -> None:
    found = dominate(FOUR, seed=1).found()
    assert [(one.above, one.below) for one in overruled("BDAC", found)] == [("A", "D")]
    assert overruled("ABCD", found) == ()
    assert [one.below for one in overruled("BD", found)] == ["D"]
    assert overruled("BA", found) == ()


def test_a_score_missing_is_compared_with_nobody() -> None:
    profiles = Profiles.of("abc", "vw", [[5.0, np.nan], [2.0, 2.0], [3.0, 2.0]])
    result = dominate(profiles, seed=1)
    assert result.found().unknown == ("a",)
    assert result.found().front == ("c",)
    assert result.found().dominances[0].above == "c"
    assert "a has a score missing and was compared with nobody." in result.cautions
    refused = dominate(Profiles.of("ab", "v", [[5.0], [np.nan]]), seed=1)
    assert refused.convergence.status is Status.REFUSED


def test_equals_dominate_nobody() -> None:
    result = dominate(Profiles.of("ab", "vw", [[2, 2], [2, 2]]), seed=1)
    assert result.found().dominances == ()
    assert result.cautions == ("Nobody dominates anybody: every order rests on weights.",)


@pytest.mark.parametrize(("draws", "level"), [(9_999, 0.95), (10_000, 1.0)])
def test_what_is_asked_must_make_sense(draws: int, level: float) -> None:
    with pytest.raises(ValueError, match=r"draws are too few|a level of 1\.0 is none"):
        dominate(FOUR, seed=1, draws=draws, level=level)


@settings(derandomize=True, max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=2, max_size=6),
    st.randoms(use_true_random=False),
)
def test_the_front_is_whom_nobody_dominates_in_whatever_order(rows, random) -> None:  # type: ignore[no-untyped-def]
    labels = [str(place) for place in range(len(rows))]
    errors = np.full((len(rows), 2), 0.5)
    result = dominate(Profiles.of(labels, "vw", rows, errors), seed=1)
    mixed = random.sample(range(len(rows)), len(rows))
    again = Profiles.of([labels[i] for i in mixed], "vw", [rows[i] for i in mixed], errors)
    assert dominate(again, seed=1).json() == result.json()
    found = result.found()
    assert found.front
    over = {(one.above, one.below) for one in found.dominances}
    assert not any((below, above) in over for above, below in over)
    assert all((a, d) in over for a, b in over for c, d in over if b == c)
    assert set(found.front) == set(labels) - {below for _, below in over}
    assert all(one.probability != 0 for one in found.dominances)
