"""Adverse impact: the guidelines' boundary, the textbook counts, exact tests, few people, hiding."""

import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from service.measurement.impacts import Exact, Impact, Standards, Verdict, find_impact, small_groups
from service.measurement.pools import BadPools, Pool
from service.measurement.results import Interval, Undefined


def two(chosen: int, of: int, top: int, of_top: int, **asked: object) -> Impact:
    """The impact on the group `low` of such a selection against the group `high`."""
    pools = [Pool("high", of_top, top), Pool("low", of, chosen)]
    return find_impact(pools, reference="high", **asked).found().impacts[0]  # type: ignore[arg-type]


def test_a6_four_fifths_are_exactly_four_fifths() -> None:
    """1979 Questions and Answers: rates 60/45/48/51 are .75 (flag) .80 .85 (no flag)."""
    pools = [Pool("A", 100, 60), Pool("B", 100, 45), Pool("C", 100, 48), Pool("D", 100, 51)]
    found = find_impact(pools).found()
    assert found.reference == "A"
    ratios = {one.group: one.ratio for one in found.impacts}
    assert ratios == {"B": Fraction(3, 4), "C": Fraction(4, 5), "D": Fraction(17, 20)}
    verdicts = {one.group: one.verdict for one in found.impacts}
    assert verdicts["B"] is Verdict.SHOWN
    assert verdicts["C"] is verdicts["D"] is Verdict.NO_FLAG


def test_a6_the_textbook_counts() -> None:
    """48 of 80 and 12 of 40: .50, .301 to .829, Fisher .00341, z -3.098, flip .553."""
    one = two(12, 40, 48, 80)
    assert one.ratio == Fraction(1, 2)
    assert isinstance(one.interval, Interval)
    assert (one.interval.low, one.interval.high) == pytest.approx((0.301, 0.829), abs=5e-4)
    assert isinstance(one.tests, Exact)
    assert one.tests.fisher == pytest.approx(0.00341, abs=5e-6)
    assert one.tests.z == pytest.approx(-3.098, abs=5e-4)
    assert one.flip.up == Fraction(13, 40) / Fraction(47, 80)  # type: ignore[union-attr]
    assert float(Fraction(13, 40) / Fraction(47, 80)) == pytest.approx(0.553, abs=5e-4)
    assert one.verdict is Verdict.SHOWN
    # The unconditional tests as scipy computes them for these counts.
    assert one.tests.boschloo == pytest.approx(0.002005959559, abs=1e-9)
    assert one.tests.barnard == pytest.approx(0.002148562336, abs=1e-9)
    assert one.tests.mid_p < one.tests.fisher


def test_the_interval_is_that_of_scipys_relative_risk() -> None:
    from_scipy = stats.contingency.relative_risk(12, 40, 48, 80).confidence_interval()
    one = two(12, 40, 48, 80)
    assert isinstance(one.interval, Interval)
    assert abs(one.interval.low - from_scipy.low) < 1e-12
    assert abs(one.interval.high - from_scipy.high) < 1e-12


def test_mid_p_counts_what_was_seen_by_half() -> None:
    one = two(1, 5, 4, 6)
    chances = stats.hypergeom.pmf(np.arange(6), 11, 5, 5)
    rarer = chances[chances < chances[1] * (1 - 1e-9)].sum()
    equal = chances[np.isclose(chances, chances[1])].sum()
    assert isinstance(one.tests, Exact)
    assert one.tests.fisher == pytest.approx(rarer + equal)
    assert one.tests.mid_p == pytest.approx(one.tests.fisher - chances[1] / 2)


def test_zero_cells_have_an_interval_by_halves_and_a_rate_with_an_upper_end() -> None:
    result = find_impact([Pool("high", 20, 10), Pool("low", 12, 0)])
    found = result.found()
    low = found.impacts[0]
    assert low.ratio == 0
    assert isinstance(low.interval, Interval)
    rate, top = 0.5 / 13, 10.5 / 21
    reach = 1.959964 * np.sqrt((1 - rate) / 0.5 + (1 - top) / 10.5)
    assert low.interval.high == pytest.approx(rate / top * np.exp(reach))
    own = found.rates[1].interval
    assert isinstance(own, Interval)
    assert own.high == pytest.approx(1 - 0.025 ** (1 / 12))
    assert low.verdict is Verdict.SHOWN
    assert any("adds one half" in one for one in result.cautions)


def test_nobody_or_everybody_selected_leaves_nothing_to_test() -> None:
    nobody, everybody = two(0, 10, 0, 10), two(10, 10, 10, 10)
    assert isinstance(nobody.ratio, Undefined)
    assert isinstance(nobody.interval, Undefined)
    assert nobody.verdict is Verdict.TOO_FEW
    assert "Nobody of high was selected" in nobody.why
    assert everybody.ratio == 1
    assert isinstance(everybody.interval, Interval)
    assert everybody.verdict is Verdict.NO_FLAG
    assert isinstance(everybody.tests, Undefined)
    none_there = two(0, 0, 5, 10)
    assert isinstance(none_there.ratio, Undefined)
    assert isinstance(none_there.tests, Undefined)
    assert isinstance(none_there.interval, Undefined)
    assert none_there.verdict is Verdict.TOO_FEW
    assert Pool("one", 1, 1).rate == Fraction(1)
    assert Pool("none", 0, 0).rate == Fraction(0)


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        ((1, 4, 5, 10), Verdict.TOO_FEW),  # Four people.
        ((5, 20, 12, 25), Verdict.FLAG),  # A quarter against a half, and chance may do that.
        ((2, 6, 5, 10), Verdict.TOO_FEW),  # One person more would lift the flag.
        ((4, 8, 5, 10), Verdict.NO_FLAG),
        ((440, 1000, 500, 1000), Verdict.SLIGHT),
        ((300, 1000, 500, 1000), Verdict.SHOWN),
        ((9, 999, 60, 100_000), Verdict.TOO_FEW),  # Less than 2 % of the pool.
        ((0, 20, 490, 980), Verdict.SHOWN),  # Just 2 %.
        ((0, 19, 490, 981), Verdict.TOO_FEW),
    ],
)
def test_verdicts(counts: tuple[int, int, int, int], verdict: Verdict) -> None:
    assert two(*counts).verdict is verdict


def test_no_flag_is_no_proof_and_says_when_one_person_would_raise_it() -> None:
    assert "One person decided otherwise would raise the flag." in two(4, 8, 5, 10).why
    assert "raise" not in two(480, 1000, 500, 1000).why
    assert isinstance(two(480, 1000, 500, 1000).tests, Exact)


def test_many_people_need_no_unconditional_test() -> None:
    tests = two(440, 1000, 500, 1000).tests
    assert isinstance(tests, Exact)
    assert isinstance(tests.boschloo, Undefined)
    assert isinstance(tests.barnard, Undefined)


def test_a_handful_with_a_high_rate_is_no_reference() -> None:
    pools = [Pool("few", 3, 3), Pool("many", 50, 25), Pool("more", 60, 12)]
    found = find_impact(pools).found()
    assert found.reference == "many"
    assert {one.group: one.verdict for one in found.impacts} == {
        "more": Verdict.SHOWN,
        "few": Verdict.TOO_FEW,
    }
    assert find_impact([Pool("x", 3, 3), Pool("y", 4, 1)]).found().reference == "x"
    strict = Standards(fewest=55)
    assert find_impact(pools, standards=strict).found().reference == "more"


def test_many_groups_against_the_highest_are_cautioned_about() -> None:
    pools = [Pool("A", 50, 25), Pool("B", 50, 24), Pool("C", 50, 23)]
    said = find_impact(pools).cautions
    assert "that was chosen for its high rate" in said[-1]
    assert "chosen" not in find_impact(pools, reference="A").cautions[-1]
    assert said[0].startswith("B against A: No difference is shown")


def test_few_people_are_hidden_and_so_is_what_would_tell_of_them() -> None:
    pools = [Pool("A", 80, 40), Pool("B", 60, 30), Pool("C", 30, 2), Pool("D", 40, 20)]
    assert small_groups(pools, 5) == {"C", "D"}
    assert small_groups(pools, 2) == frozenset()
    result = find_impact(pools, reference="A", hide_below=5)
    shown = {one.group: isinstance(one.share, Fraction) for one in result.found().rates}
    assert shown == {"A": True, "B": True, "C": False, "D": False}
    told = {one.group: one for one in result.found().impacts}
    assert isinstance(told["C"].ratio, Undefined)
    assert told["C"].verdict is Verdict.SHOWN
    assert told["B"].ratio == 1
    numbers = json.dumps(json.loads(result.json())["numbers"])
    assert '"selected": 2,' not in numbers
    assert result.cautions[-1] == "The numbers of 2 groups are told only to an audit."


def test_neither_words_nor_numbers_tell_of_people_who_are_hidden() -> None:
    pools = [Pool("A", 80, 40), Pool("B", 60, 30), Pool("C", 30, 0)]
    plain, told = find_impact(pools), find_impact(pools, hide_below=5)
    assert any("nobody of a group was selected" in one for one in plain.cautions)
    assert not any("nobody of a group was selected" in one for one in told.cautions)
    verdicts = {one.group: (one.verdict, one.why) for one in told.found().impacts}
    assert verdicts["C"] == (
        Verdict.SHOWN,
        "The numbers behind the verdict are told only to an audit.",
    )


def test_hidden_groups_grow_until_their_sum_tells_of_enough() -> None:
    pools = [Pool("A", 80, 40), Pool("B", 60, 30), Pool("C", 30, 1), Pool("D", 40, 1)]
    assert small_groups(pools, 5) == {"B", "C", "D"}
    result = find_impact(pools, reference="B", hide_below=5)
    assert all(isinstance(one.ratio, Undefined) for one in result.found().impacts)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Pool("A", 3, 4), "A has 4 selected of 3"),
        (lambda: find_impact([Pool("A", 3, 1)]), "one group can be compared with nobody"),
        (lambda: find_impact([Pool("A", 3, 1)] * 2), "A is there twice"),
        (
            lambda: find_impact([Pool("A", 3, 1), Pool("B", 3, 1)], reference="Z"),
            "there is no group Z",
        ),
        (lambda: Standards(level=1.0), r"a level of 1\.0 is none"),
    ],
)
def test_what_cannot_be_compared_is_refused(make, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BadPools, match=words):
        make()


counted = st.integers(1, 14).flatmap(lambda of: st.integers(0, of).map(lambda chosen: (of, chosen)))


@settings(derandomize=True, max_examples=12, deadline=None)
@given(st.lists(counted, min_size=2, max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_groups_changes_nothing_and_the_tests_keep_their_order(rows, random) -> None:  # type: ignore[no-untyped-def]
    pools = [Pool(f"g{place}", of, chosen) for place, (of, chosen) in enumerate(rows)]
    result = find_impact(pools)
    assert find_impact(random.sample(pools, len(pools))).json() == result.json()
    for one in result.found().impacts:
        if isinstance(one.tests, Exact):
            assert 0 <= one.tests.mid_p <= one.tests.fisher <= 1
            unconditional = (one.tests.boschloo, one.tests.barnard)
            assert all(isinstance(p, float) and 0 < p <= 1 for p in unconditional)


@settings(derandomize=True, max_examples=15, deadline=None)
@given(counted, counted, st.integers(2, 9))
def test_the_ratio_depends_on_rates_alone_and_its_interval_on_numbers_too(low, top, times) -> None:  # type: ignore[no-untyped-def]
    (of, chosen), (of_top, of_chosen) = low, top
    assume(chosen and of_chosen and (chosen < of or of_chosen < of_top))
    once = two(chosen, of, of_chosen, of_top)
    more = two(chosen * times, of * times, of_chosen * times, of_top * times)
    assert once.ratio == more.ratio
    assert isinstance(once.interval, Interval)
    assert isinstance(more.interval, Interval)
    widths = [np.log(each.interval.high / each.interval.low) for each in (once, more)]  # type: ignore[union-attr]
    assert widths[0] == pytest.approx(widths[1] * np.sqrt(times))
