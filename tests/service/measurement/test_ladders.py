"""The ladder of analyses: each rung with what belongs to it, and why."""

import json
from dataclasses import fields
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.measurement import calibrations, intraclass, ladders, omissions
from service.measurement.ladders import Ladder, Model, Reliability
from service.measurement.plans import Estimation, Plan
from service.measurement.ratings import Rating, Ratings, Scale
from service.measurement.results import Result, Undefined
from service.measurement.rungs import Rung
from tests.service.measurement.facet_worlds import creativity, panel, records

FIVE = Scale(1, 5)


def small() -> Ratings:
    return Ratings.of(
        [
            Rating(who, by, value)
            for who, values in {"Ada": "554", "Bo": "445", "Cy": "24.", "Di": "332"}.items()
            for by, value in zip("xyz", (None if v == "." else int(v) for v in values), strict=True)
        ],
        FIVE,
    )


def apart() -> Ratings:
    """Two panels that nobody links, and a candidate whom nobody observed."""
    cells = records(panel(3, (8, 3, 2)).ratings)
    others = [
        cell._replace(candidate=f"d{cell.candidate}", assessor=f"b{cell.assessor}")
        for cell in records(panel(4, (4, 3, 2)).ratings)
    ]
    return Ratings.of([*cells, *others, Rating("nobody", "a00", None, "k00")], FIVE)


def model_of(result: Result[Ladder]) -> Model:
    model = result.found().model
    assert isinstance(model, Model)
    return model


def test_a_small_panel_is_described_and_no_model_is_made() -> None:
    result = ladders.climb(small())
    ladder = result.found()
    assert ladder.rung is Rung.DESCRIPTION
    assert ladder.why == "a model needs 5 candidates: there are 4 candidates and 3 assessors"
    assert [(one.candidate, one.mean, one.lowest, one.highest) for one in ladder.standings] == [
        ("Ada", pytest.approx(14 / 3), 4, 5),
        ("Bo", pytest.approx(13 / 3), 4, 5),
        ("Cy", 3.0, 2, 4),
        ("Di", pytest.approx(8 / 3), 2, 3),
    ]
    assert (ladder.standings[2].ratings, ladder.standings[2].not_observed) == (2, 1)
    assert ladder.standings[2].by_assessor == {"x": 2.0, "y": 4.0}
    for none in (ladder.model, ladder.reliability, ladder.standings[0].fair):
        assert isinstance(none, Undefined)
        assert ladder.why in none.reason
    assert not isinstance(ladder.agreement, Undefined)
    within = ladder.agreement.within_groups.found()
    # Ada's 5, 5, 4: variance 1/3 against 2 of random values.
    assert within.units[0].uniform.value == pytest.approx(1 - (1 / 3) / 2)
    assert ladder.agreement.omissions.json() == omissions.without_each_assessor(small()).json()


def test_guilford_s_juniors_are_calibrated_under_priors_beside_their_raw_means() -> None:
    """Example A3: the order and the band that the joint estimation of Facets gives as well."""
    result = ladders.climb(creativity())
    ladder, model = result.found(), model_of(result)
    assert ladder.rung is Rung.PENALISED
    plan = Plan(estimation=Estimation.PENALISED)
    assert model.calibration.json() == calibrations.calibrate(creativity(), plan).json()
    assert isinstance(model.band, Result)
    assert model.band.found().members == ("Betty", "Edward", "George")
    assert isinstance(model.order, Result)
    first = model.order.found().shares[:3, 0].tolist()
    assert first == pytest.approx([0.78, 0.18, 0.05], abs=0.015)
    assert isinstance(ladder.reliability, Reliability)
    assert ladder.reliability.intraclass.json() == intraclass.intraclass(creativity()).json()
    forms = ladder.reliability.intraclass.found().forms
    assert forms["ICC(2,k)"].estimate.value == pytest.approx(0.4967, abs=5e-5)
    alpha = ladder.reliability.alpha.found().alpha.value
    assert alpha == pytest.approx(0.279, abs=5e-4)
    raw = {one.candidate: one.mean for one in ladder.standings}
    assert raw["Betty"] == pytest.approx(94 / 15)


def test_thirty_candidates_tell_their_own_spread() -> None:
    ratings = panel(5, (30, 4, 2)).ratings
    model = model_of(ladders.climb(ratings))
    assert model.calibration.found().estimation is Estimation.MARGINAL
    assert isinstance(model.order, Result)
    assert len(model.order.found().places) == 30


def strict_and_lenient() -> Ratings:
    """Candidates of one kind; two assessors three points apart, who meet over half of them."""
    cells = []
    for who in range(12):
        for by, value in (("lenient", 5), ("strict", 2), ("middle", 4)):
            if (by, who % 3) not in {("lenient", 0), ("strict", 1)}:
                cells.append(Rating(f"c{who:02}", by, value - (who + len(by)) % 2))
    return Ratings.of(cells, FIVE)


def test_a_fair_average_half_a_point_from_the_raw_mean_is_listed_for_the_panel() -> None:
    result = ladders.climb(strict_and_lenient())
    listed = [one for one in result.found().standings if one.is_listed]
    assert {one.candidate for one in listed} == {
        one.candidate
        for one in result.found().standings
        if isinstance(one.moved, float) and abs(one.moved) > 0.5
    }
    assert listed
    for one in listed:
        assert isinstance(one.fair, float)
        assert isinstance(one.mean, float)
        assert one.moved == pytest.approx(one.fair - one.mean)
        told = [line for line in result.cautions if f"of {one.candidate}," in line]
        assert len(told) == 1
        assert ("above" in told[0]) == (one.fair > one.mean)
        assert ("strict" in told[0]) == (one.fair > one.mean)


def test_the_raw_means_stay_primary_and_a_first_place_that_depends_is_said() -> None:
    result = ladders.climb(panel(2, (12, 4, 1), seen_by=2).ratings)
    standings = result.found().standings
    means = [one.mean for one in standings if isinstance(one.mean, float)]
    assert means == sorted(means, reverse=True)
    fair = {one.candidate: one.fair for one in standings if isinstance(one.fair, float)}
    best = max(fair, key=lambda label: fair[label])
    said = any(line.startswith("The first place depends") for line in result.cautions)
    assert said == (best != standings[0].candidate)
    assert "The raw means stay primary" in "".join(result.cautions)


def test_subsets_that_nobody_links_are_analysed_each_and_nothing_is_pooled() -> None:
    result = ladders.climb(apart())
    ladder = result.found()
    assert ladder.rung is Rung.SUBSETS
    for part in (ladder.agreement, ladder.reliability, ladder.model, ladder.standings[0].fair):
        assert isinstance(part, Undefined)
        assert part.reason.startswith("Nothing is pooled: the 12 candidates and 6 assessors fall")
    assert [each.found().rung for each in ladder.subsets] == [Rung.PENALISED, Rung.DESCRIPTION]
    alone = ladders.climb(Ratings.of(records(panel(3, (8, 3, 2)).ratings), FIVE))
    assert ladder.subsets[0].json() == alone.json()
    assert any("do not put them in one order" in line for line in result.cautions)
    assert "Nobody observed nobody: there is no mean and no place." in result.cautions
    names = [one.candidate for one in ladder.standings]
    assert names == sorted(names)
    assert names[-1] == "nobody"
    assert isinstance(ladder.standings[-1].mean, Undefined)


def test_where_marginal_estimation_has_no_answer_priors_take_its_place() -> None:
    """The only assessor who links both halves gave one value, and is set aside."""
    cells = [
        Rating(f"c{who:02}", f"a{by}", 1 + (who * 7 + by * 3 + who * by) % 5)
        for who in range(30)
        for by in range(4)
        if (who < 15) == (by < 2)
    ]
    cells += [Rating(f"c{who:02}", "link", 5) for who in range(30)]
    result = ladders.climb(Ratings.of(cells, FIVE))
    assert result.found().rung is Rung.PENALISED
    assert "but marginal estimation has no answer (Without the extreme" in result.found().why
    assert model_of(result).calibration.found().estimation is Estimation.PENALISED


def test_a_panel_that_gave_one_value_only_is_described() -> None:
    cells = [Rating(f"c{who}", f"a{by}", 3) for who in range(6) for by in range(3)]
    ladder = ladders.climb(Ratings.of(cells, FIVE)).found()
    assert ladder.rung is Rung.DESCRIPTION
    assert ladder.why.endswith("but all ratings are equal, and tell nobody apart")


def test_a_model_that_does_not_converge_leaves_the_panel_described(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried = []

    def lost(ratings: Ratings, plan: Plan) -> Result[calibrations.Calibration]:
        tried.append(plan.estimation)
        return Result("calibration", Undefined("40 steps did not do"), ratings.counts, method="m")

    monkeypatch.setattr(calibrations, "calibrate", lost)
    ladder = ladders.climb(panel(5, (30, 3, 1)).ratings).found()
    assert tried == [Estimation.MARGINAL, Estimation.PENALISED]
    assert ladder.rung is Rung.DESCRIPTION
    assert ladder.why.endswith("but the model has no answer (40 steps did not do)")


@settings(derandomize=True, max_examples=5, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_same_ratings_in_any_order_are_the_same_bytes(draw: Random) -> None:
    cells = records(apart())
    before = ladders.climb(Ratings.of(cells, FIVE)).json()
    draw.shuffle(cells)
    assert ladders.climb(Ratings.of(cells, FIVE)).json() == before


def test_the_seed_is_that_of_every_draw_and_is_told() -> None:
    one, other = (ladders.climb(creativity(), seed=seed) for seed in (1, 2))
    assert one.seed == 1
    assert other.seed == 2
    assert model_of(one).order != model_of(other).order
    told = json.loads(other.json())["numbers"]
    seeds = {told["model"][name]["seed"] for name in ("order", "effects")}
    seeds |= {told["reliability"][field.name]["seed"] for field in fields(Reliability)} - {None}
    assert seeds == {2}
