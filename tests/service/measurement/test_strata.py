"""Exercises pooled: statsmodels and brute force as oracles, and what says nothing."""

from fractions import Fraction
from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact
from statsmodels.stats.contingency_tables import StratifiedTable

from service.measurement.pools import BadPools, Pool
from service.measurement.results import Estimate, Interval, Result, Status, Undefined
from service.measurement.strata import Likeness, PooledImpact, pool_exercises

Counts = tuple[int, int, int, int]
FIVE: list[Counts] = [(2, 9, 5, 12), (1, 6, 4, 9), (3, 10, 3, 8), (0, 5, 2, 7), (4, 12, 9, 15)]


def pooled(rows: list[Counts]) -> Result[PooledImpact]:
    """Women selected, women, men selected, men of each exercise."""
    exercises = {
        f"e{place}": (Pool("women", of, chosen), Pool("men", of_men, men))
        for place, (chosen, of, men, of_men) in enumerate(rows)
    }
    return pool_exercises(exercises, "women", reference="men")


def test_statsmodels_finds_the_same() -> None:
    tables = [np.array([[a, n - a], [c, m - c]]) for a, n, c, m in FIVE]
    theirs = StratifiedTable(tables)
    found = pooled(FIVE).found()
    assert isinstance(found.odds_ratio, Estimate)
    assert isinstance(found.odds_ratio.interval, Interval)
    assert isinstance(found.likeness, Likeness)
    low, high = theirs.oddsratio_pooled_confint()
    null, alike = theirs.test_null_odds(), theirs.test_equal_odds(adjust=True)
    pairs = [
        (found.odds_ratio.value, theirs.oddsratio_pooled),
        (found.odds_ratio.interval.low, low),
        (found.odds_ratio.interval.high, high),
        (found.odds_ratio.se, theirs.logodds_pooled_se),
        (float(found.ratio), theirs.riskratio_pooled),  # type: ignore[arg-type]
        (found.statistic, null.statistic),
        (found.p, null.pvalue),
        (found.likeness.statistic, alike.statistic),
        (found.likeness.p, alike.pvalue),
        (found.likeness.breslow_day, theirs.test_equal_odds().statistic),
    ]
    assert max(abs(ours - other) for ours, other in pairs) < 1e-10


def test_the_exact_test_is_fishers_for_one_exercise_and_counts_every_case_for_two() -> None:
    one = pooled(FIVE[:1]).found()
    assert one.exact == pytest.approx(fisher_exact(np.array([[2, 7], [5, 7]])).pvalue)
    chances: dict[int, float] = {}
    for first, second in product(range(8), range(6)):
        ways = comb(9, first) * comb(12, 7 - first) * comb(6, second) * comb(9, 5 - second)
        chances[first + second] = chances.get(first + second, 0) + ways
    whole = sum(chances.values())
    rare = sum(ways for ways in chances.values() if ways <= chances[3]) / whole
    assert pooled(FIVE[:2]).found().exact == pytest.approx(rare)


def test_the_pooled_interval_is_that_of_greenland_and_robins() -> None:
    """With one exercise it is the one of Katz for a single ratio of rates."""
    found = pooled([(12, 40, 48, 80)]).found()
    assert found.ratio == Fraction(1, 2)
    assert isinstance(found.interval, Interval)
    assert (found.interval.low, found.interval.high) == pytest.approx((0.301, 0.829), abs=5e-4)


def test_small_pools_together_show_what_none_shows_alone() -> None:
    rows: list[Counts] = [(1, 6, 4, 7)] * 6
    assert pooled(rows[:1]).found().exact > 0.2
    result = pooled(rows)
    assert result.found().exact < 0.01
    assert result.cautions == ("The rate of women is less than four fifths of that of men.",)


def test_what_says_nothing_is_named_and_changes_nothing() -> None:
    plain = pooled(FIVE).found()
    silent: list[Counts] = [(0, 3, 0, 4), (3, 3, 4, 4), (0, 0, 2, 5)]
    result = pooled([*FIVE, *silent])
    assert result.found().left_out == ("e5", "e6", "e7")
    assert result.found().exact == plain.exact
    assert result.found().odds_ratio == plain.odds_ratio
    assert result.cautions[0] == "These exercises say nothing and are left out: e5, e6, e7."
    assert (result.counts["exercises"], result.counts["telling"]) == (8, 5)
    refused = pooled(silent)
    assert refused.convergence.status is Status.REFUSED


def test_exercises_that_differ_are_said_to_differ() -> None:
    result = pooled([(15, 20, 3, 20), (3, 20, 15, 20)])
    assert any(one.startswith("The exercises differ") for one in result.cautions)
    assert "The interval of the ratio includes 1: disadvantage is not shown by it." in (
        result.cautions
    )
    assert "A difference between women and men is not shown." in result.cautions


def test_nobody_selected_of_a_group_has_no_odds_ratio_but_an_exact_test() -> None:
    none = pooled([(0, 6, 4, 6), (0, 5, 3, 5)]).found()
    assert isinstance(none.odds_ratio, Undefined)
    assert isinstance(none.likeness, Undefined)
    assert none.ratio == 0
    assert isinstance(none.interval, Undefined)
    assert none.exact < 0.05
    other = pooled([(4, 6, 0, 6)]).found()
    assert isinstance(other.ratio, Undefined)
    assert isinstance(other.interval, Undefined)
    assert isinstance(pooled(FIVE[:1]).found().likeness, Undefined)


@pytest.mark.parametrize(
    ("group", "reference", "level", "words"),
    [
        ("women", "women", 0.95, "women cannot be compared with itself"),
        ("women", "x", 0.95, "no exercise has a group x"),
        ("women", "men", 1.0, r"a level of 1\.0 is none"),
        ("twice", "men", 0.95, "twice is there twice in one exercise"),
    ],
)
def test_what_cannot_be_pooled_is_refused(
    group: str, reference: str, level: float, words: str
) -> None:
    pools = [Pool("women", 5, 1), Pool("men", 5, 2), Pool("twice", 1, 1), Pool("twice", 1, 0)]
    with pytest.raises(BadPools, match=words):
        pool_exercises({"e": pools}, group, reference=reference, level=level)


chances = st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(0, 9), st.integers(0, 9)).map(
    lambda row: (min(row[2], row[0]), row[0], min(row[3], row[1]), row[1])
)


@settings(derandomize=True, max_examples=40, deadline=None)
@given(st.lists(chances, min_size=1, max_size=5))
def test_turning_both_groups_round_turns_the_ratios_round(rows: list[Counts]) -> None:
    assume(any(0 < a + c < n + m for a, n, c, m in rows))
    result = pooled(rows)
    assert result.json() == pooled(rows).json()
    found = result.found()
    turned = pooled([(c, m, a, n) for a, n, c, m in rows]).found()
    assert turned.exact == pytest.approx(found.exact)
    assert turned.statistic == pytest.approx(found.statistic, abs=1e-9)
    if isinstance(found.ratio, Fraction) and found.ratio:
        assert turned.ratio == 1 / found.ratio
    if isinstance(found.odds_ratio, Estimate):
        assert isinstance(turned.odds_ratio, Estimate)
        assert turned.odds_ratio.value == pytest.approx(1 / found.odds_ratio.value)  # type: ignore[operator]
