"""Switching weights, acceptability and the least change: the worked example and its laws."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.measurement import switches
from service.measurement.acceptabilities import Acceptabilities, accept
from service.measurement.composites import Criterion, Formula, compose
from service.measurement.profiles import Profiles
from service.measurement.results import Result, Status, Undefined
from service.measurement.switches import Stretch, smallest_change, switch
from tests.service.measurement.shortlists import FOUR, WEIGHTED, shortlist

Rows = list[tuple[float, float, float]]

eighths = st.integers(8, 40).map(lambda number: number / 8)
scored: st.SearchStrategy[Rows] = st.lists(
    st.tuples(eighths, eighths, eighths), min_size=2, max_size=6
)


def profiles(rows: Rows) -> Profiles:
    return Profiles.of([str(place) for place in range(len(rows))], FOUR.criteria, rows)


def first_shares(result: Result[Acceptabilities], kind: str) -> dict[str, float]:
    found = result.found()
    shares = getattr(found, kind).shares[:, 0].tolist()
    return dict(zip(found.labels, shares, strict=True))


def test_a8_switching_weights_of_the_first_criterion() -> None:
    """A and B at .375 with the rest 3 to 2, B and C at .2424, A and C at .2857."""
    found = switch(FOUR, WEIGHTED).found()
    weights = {(one.above, one.below): one.weight for one in found.switches if one.nominal == 0.5}
    assert weights["A", "B"] == pytest.approx(0.375, abs=1e-12)
    assert weights["B", "C"] == pytest.approx(0.2424, abs=5e-5)
    assert weights["A", "C"] == pytest.approx(0.2857, abs=5e-5)
    assert ("A", "D") not in weights
    assert found.order == ("A", "B", "D", "C")


def test_a8_who_is_first_over_all_weights() -> None:
    """P(first) about .60 .16 .24 .00 over the uniform simplex; 400,000 draws."""
    result = accept(FOUR, WEIGHTED, seed=7, draws=200_000)
    shares = first_shares(result, "uniform")
    assert [shares[label] for label in "ABCD"] == pytest.approx([0.60, 0.16, 0.24, 0], abs=0.006)
    found = result.found()
    assert isinstance(found.uniform.central["D"], Undefined)
    near, even = (first_shares(result, kind)["A"] for kind in ("around", "uniform"))
    assert result.cautions[0] == (
        f"A is first under {100 * near:.0f} % of weights near the published ones and under"
        f" {100 * even:.0f} % of all weights; the scores count as exact."
    )
    assert result.cautions[1] == "Hardly any weights, or none, make these first: D."
    for kind in (found.uniform, found.around):
        assert kind.shares.sum(axis=1) == pytest.approx(1.0)
        for central in kind.central.values():
            if not isinstance(central, Undefined):
                assert sum(central.values()) == pytest.approx(1.0)


def test_weights_near_the_published_ones_are_as_near_as_asked() -> None:
    shares = [
        first_shares(accept(FOUR, WEIGHTED, seed=7, concentration=asked), "around")["A"]
        for asked in (3.0, 50.0, 5_000.0)
    ]
    assert shares[0] < shares[1] < shares[2] == pytest.approx(1.0, abs=1e-3)
    unweighted = Formula(
        tuple(
            Criterion.linear(name, weight, (1, 5))
            for name, weight in zip(FOUR.criteria, (0.5, 0.5, 0.0), strict=True)
        )
    )
    central = accept(FOUR, unweighted, seed=7).found().around.central["B"]
    assert not isinstance(central, Undefined)
    assert central["ethics"] == 0.0


def test_the_strip_of_a_criterion_tells_who_is_first_at_each_weight() -> None:
    result = switch(FOUR, WEIGHTED)
    strip = result.found().strips["vision"]
    assert not isinstance(strip, Undefined)
    assert [one.winners for one in strip] == [("C",), ("B",), ("A",)]
    edges = [each for one in strip for each in (one.low, one.high)]
    assert edges == pytest.approx([0, 8 / 33, 8 / 33, 0.375, 0.375, 1])
    assert (
        "B would be first if vision weighed less than 37.5 % (published: 50.0 %)."
    ) in result.cautions
    assert any("B would be first if people weighed more than" in one for one in result.cautions)


def test_the_least_change_is_found_and_is_a_tie_there() -> None:
    result = smallest_change(FOUR, WEIGHTED)
    found = result.found()
    assert found.first == "A"
    assert [one.label for one in found.changes] == ["B", "C", "D"]
    nearest = found.changes[0]
    assert not isinstance(nearest.weights, Undefined)
    assert isinstance(nearest.distance, float)
    weights = np.array(list(nearest.weights.values()))
    assert weights.sum() == pytest.approx(1.0)
    assert np.abs(weights - WEIGHTED.weights).sum() == pytest.approx(nearest.distance)
    # B gains 0.6 of a unit on people and loses as much on ethics: the dearest pair to trade.
    assert nearest.distance == pytest.approx(2 * 0.04 / 1.2)
    totals = FOUR.scores @ weights
    assert totals[0] == pytest.approx(totals[1])
    assert isinstance(found.changes[-1].distance, Undefined)
    assert result.cautions[0].startswith("Moving 3.3 % of the weight draws B level with A")


def test_an_answer_that_the_solver_does_not_find_is_no_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lost = SimpleNamespace(status=4, x=None, fun=None, message="numbers")
    monkeypatch.setattr(switches, "linprog", lambda *_, **__: lost)
    with pytest.raises(RuntimeError, match="no weights that make B first: numbers"):
        smallest_change(FOUR, WEIGHTED)


def test_whoever_is_first_whatever_the_weights_is_said_to_be() -> None:
    pair = profiles([(4.0, 4.0, 4.0), (3.0, 3.0, 3.0)])
    assert smallest_change(pair, WEIGHTED).cautions == ("0 is first whatever the weights.",)
    assert switch(pair, WEIGHTED).cautions == (
        "No single weight, however it is moved, takes the first place from 0.",
    )


def test_equals_share_the_first_place() -> None:
    pair = profiles([(4.0, 4.0, 4.0), (4.0, 4.0, 4.0)])
    assert switch(pair, WEIGHTED).found().strips["vision"] == (Stretch(0.0, 1.0, ("0", "1")),)
    assert first_shares(accept(pair, WEIGHTED, seed=1), "uniform") == {"0": 1.0, "1": 1.0}
    assert smallest_change(pair, WEIGHTED).cautions == ("0 and 1 are first together as it is.",)


def test_where_one_criterion_has_all_the_weight_there_is_no_rest() -> None:
    alone = Formula(
        tuple(
            Criterion.linear(name, weight, (1, 5))
            for name, weight in zip(FOUR.criteria, (1.0, 0.0, 0.0), strict=True)
        )
    )
    result = switch(FOUR, alone)
    assert isinstance(result.found().strips["vision"], Undefined)
    assert any(one.startswith("There is no strip for vision") for one in result.cautions)
    turn = next(one for one in result.found().switches if (one.above, one.below) == ("A", "B"))
    assert (turn.criterion, turn.nominal) == ("people", 0.0)
    assert turn.weight == pytest.approx(0.25)


def test_too_few_to_weigh_and_too_few_draws_are_refused() -> None:
    strict = shortlist(people=4.5)
    for refused in (
        switch(FOUR, strict),
        smallest_change(FOUR, strict),
        accept(FOUR, strict, seed=1),
    ):
        assert refused.convergence.status is Status.REFUSED
        with pytest.raises(ValueError, match="two or more, and 1 are admitted"):
            refused.found()
    with pytest.raises(ValueError, match="9999 draws are too few"):
        accept(FOUR, WEIGHTED, seed=1, draws=9_999)
    with pytest.raises(ValueError, match=r"a concentration of 0\.0 is none"):
        accept(FOUR, WEIGHTED, seed=1, concentration=0.0)


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert accept(FOUR, WEIGHTED, seed=3).json() == accept(FOUR, WEIGHTED, seed=3).json()
    assert accept(FOUR, WEIGHTED, seed=3).json() != accept(FOUR, WEIGHTED, seed=4).json()


@settings(derandomize=True, max_examples=40, deadline=None)
@given(scored)
def test_at_a_switch_both_are_equal_and_the_strip_names_the_best(rows: Rows) -> None:
    given_rows = profiles(rows)
    found = switch(given_rows, WEIGHTED).found()
    table = dict(zip(given_rows.labels, given_rows.scores, strict=True))
    for one in found.switches:
        column = FOUR.criteria.index(one.criterion)
        rest = np.delete(WEIGHTED.weights, column) / (1 - one.nominal)
        weights = np.insert(rest * (1 - one.weight), column, one.weight)
        assert weights @ table[one.above] == pytest.approx(weights @ table[one.below])
    for column, strip in enumerate(found.strips.values()):
        assert not isinstance(strip, Undefined)
        assert (strip[0].low, strip[-1].high) == (0.0, 1.0)
        for stretch in strip:
            middle = (stretch.low + stretch.high) / 2
            rest = np.delete(WEIGHTED.weights, column)
            weights = np.insert(rest / rest.sum() * (1 - middle), column, middle)
            totals = given_rows.scores @ weights
            best = {str(i) for i in np.flatnonzero(totals > totals.max() - 1e-10)}
            assert set(stretch.winners) == best


@settings(derandomize=True, max_examples=25, deadline=None)
@given(scored)
def test_no_weights_nearer_than_the_least_change_take_the_first_place(rows: Rows) -> None:
    given_rows = profiles(rows)
    found = smallest_change(given_rows, WEIGHTED).found()
    nearest = found.changes[0].distance
    drawn = np.random.default_rng(6).dirichlet(30 * WEIGHTED.weights, 4_000)
    totals = drawn @ given_rows.scores.T
    leads = totals[:, int(found.first)] >= totals.max(axis=1) - 1e-9
    away = np.abs(drawn - WEIGHTED.weights).sum(axis=1)
    assert leads[away < (2 if isinstance(nearest, Undefined) else nearest)].all()


@settings(derandomize=True, max_examples=15, deadline=None)
@given(scored)
def test_whom_somebody_beats_on_everything_is_never_first(rows: Rows) -> None:
    worst = tuple(np.min(rows, axis=0) / 1.25)
    given_rows = profiles([*rows, (max(worst[0], 1.0), max(worst[1], 1.0), max(worst[2], 1.0))])
    loser = given_rows.labels[-1]
    if not (given_rows.scores[:-1] > given_rows.scores[-1]).all():
        return
    assert first_shares(accept(given_rows, WEIGHTED, seed=2), "uniform")[loser] == 0.0
    changes = {one.label: one for one in smallest_change(given_rows, WEIGHTED).found().changes}
    assert isinstance(changes[loser].distance, Undefined)
    assert compose(given_rows, WEIGHTED).found().composites[-1].label == loser


@settings(derandomize=True, max_examples=15, deadline=None)
@given(st.permutations(range(4)))
def test_the_order_of_the_input_changes_nothing(order: list[int]) -> None:
    mixed = Profiles.of([FOUR.labels[i] for i in order], FOUR.criteria, FOUR.scores[order])
    assert switch(mixed, WEIGHTED).json() == switch(FOUR, WEIGHTED).json()
    assert smallest_change(mixed, WEIGHTED).json() == smallest_change(FOUR, WEIGHTED).json()
    assert accept(mixed, WEIGHTED, seed=1).json() == accept(FOUR, WEIGHTED, seed=1).json()
