"""The audit of a run: its figures retold in plain Python, its silence, and its bytes."""

import json
import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from matching import Aim, Configuration, Effort, Fixed, Run, Terms, audit, pair
from matching.audits import LIST_LENGTH, Audit, Row
from matching.figures import Interval, Unsaid
from matching.markets import Market
from tests.matching.worlds import World, a_mentee, a_mentor, a_world

WORLD = a_world(11, n=90, m=90)
EVERYTHING = slice(None)


def of(world: World, run: Run | None = None, **options: Any) -> Audit:
    found: Audit = audit(
        run or world.ask(pair),
        world.mentees,
        world.mentors,
        fixed=world.fixed,
        closed_badly=world.closed_badly,
        configuration=world.configuration,
        **options,
    )
    return found


RUN: Run = WORLD.ask(pair)
AUDIT = of(WORLD, RUN)


def rows(found: Audit, measure: str) -> list[Row]:
    return [row for row in found.rows if row.measure == measure]


def few(side: str) -> Unsaid:
    return Unsaid(f"too few to say: fewer than 10 {side}s, here or in a group this would give away")


def told(values: list[float], row: Row) -> None:
    """That a row says what these values say, or that it does not."""
    if isinstance(row.figure, Unsaid):
        assert row.figure == few(row.side)
        return
    assert len(values) >= 10
    assert isinstance(row.figure, Interval)
    assert row.figure.count == len(values)
    assert row.figure.value == pytest.approx(sum(values) / len(values))
    assert row.figure.low <= row.figure.value <= row.figure.high


def mentees_of(row: Row) -> list[Any]:
    name = {"region": "mission_region"}.get(row.attribute, row.attribute)
    held = {one.mentee_id for one in WORLD.fixed}
    return [one for one in WORLD.mentees if getattr(one, name) == row.group and one.id not in held]


def surplus(mentee: str) -> int:
    """What is left of the score once the mentor is paid for; the least score without one."""
    for one in RUN.proposals:
        if one.mentee_id == mentee:
            return one.score - RUN.prices[one.mentor_id]
    return WORLD.configuration.minimum


def test_match_rates_and_surpluses_are_those_of_the_run() -> None:
    matched = {one.mentee_id for one in RUN.proposals}

    for row in rows(AUDIT, "match_rate"):
        told([float(one.id in matched) for one in mentees_of(row)], row)
    for row in rows(AUDIT, "surplus"):
        told([surplus(one.id) / 1e6 for one in mentees_of(row)], row)
    said = [row for row in AUDIT.rows if isinstance(row.figure, Interval)]
    assert len(said) > 20
    assert {(row.attribute, row.side) for row in said} == {
        (attribute, side)
        for attribute in ("gender", "region", "function")
        for side in ("mentee", "mentor")
    }


def allowed(world: World) -> tuple[Market, Any]:
    market = Market.of(
        world.mentees,
        world.mentors,
        fixed=world.fixed,
        closed_badly=frozenset(world.closed_badly),
        configuration=world.configuration,
    )
    scores = market.scores.totals(EVERYTHING)
    barred = (market.rules.broken(EVERYTHING) != 0) | (scores < market.minimum)
    return market, np.where(barred, -1, scores)


def test_a_rank_counts_the_better_mentors_the_mentee_could_have_had() -> None:
    market, scores = allowed(WORLD)
    had = {one.mentee_id: one.score for one in RUN.proposals}
    ranks = {
        one.id: 1.0 + int((scores[i] > had[one.id]).sum())
        for i, one in enumerate(market.mentees)
        if one.id in had
    }

    for row in rows(AUDIT, "rank"):
        told([ranks[one.id] for one in mentees_of(row) if one.id in ranks], row)
    assert max(ranks.values()) > 1


def test_exposure_is_the_part_of_mentees_lists_that_a_mentor_stands_on() -> None:
    market, scores = allowed(WORLD)
    free = dict(zip([one.id for one in market.mentors], market.free, strict=True))
    sure, perhaps = (np.zeros(len(market.mentors)) for _ in range(2))
    for line in scores:
        least = max(sorted(line)[-LIST_LENGTH], 0)
        sure += (line > least) | ((line == least) & ((line >= least).sum() <= LIST_LENGTH))
        perhaps += line >= least

    for row in rows(AUDIT, "exposure"):
        groups = {"region": "regions", "function": "functions"}.get(row.attribute)
        places = [
            j
            for j, one in enumerate(market.mentors)
            if one.available
            and free[one.id]
            and (
                (
                    row.group in getattr(one, groups)
                    or (row.group is None and not getattr(one, groups))
                )
                if groups
                else one.gender == row.group
            )
        ]
        if isinstance(row.figure, Interval):
            n = len(market.mentees)
            assert row.figure.count == len(places)
            assert sure[places].mean() / n <= row.figure.value + 1e-12
            assert row.figure.value <= perhaps[places].mean() / n + 1e-12
            assert 0 < row.figure.value < 1


@pytest.mark.parametrize(
    ("settings", "is_told"),
    [
        ({}, True),
        ({"standing_bonus": 0.5}, True),
        ({"aim": Aim.NOBODY_LEFT_OUT}, False),
        ({"first_after_days": 10}, False),
    ],
)
def test_a_surplus_is_told_without_bonus_and_only_where_prices_are_scores(
    settings: dict[str, Any], is_told: bool
) -> None:
    mentees = [
        a_mentee(id=f"e{k:02}", person_id=f"e{k}", gender="F", waiting_days=30 * k)
        for k in range(12)
    ]
    options: dict[str, Any] = {
        "configuration": Configuration(unmatched_value=0.0, **settings),
        "terms": Terms(standing=frozenset({("e00", "mentor")})),
    }
    run = pair(mentees, [a_mentor(capacity=20)], **options)

    figure = rows(audit(run, mentees, [a_mentor(capacity=20)], **options), "surplus")[0].figure

    if is_told:
        scores = [one.score for one in run.proposals]
        assert isinstance(figure, Interval)
        assert figure.value == pytest.approx(sum(scores) / 12e6)
    else:
        assert isinstance(figure, Unsaid)
        assert figure.reason.startswith("not told: this run puts the number of pairs, or who")


def test_the_same_run_is_audited_to_the_same_bytes_in_any_order_and_with_any_threads() -> None:
    shuffled = replace(WORLD, mentees=WORLD.mentees[:], mentors=WORLD.mentors[:])
    random.Random(1).shuffle(shuffled.mentees)
    random.Random(2).shuffle(shuffled.mentors)

    again = of(shuffled, RUN, effort=Effort(threads=1, kept_pairs=0))

    assert json.dumps(again.to_json()) == json.dumps(AUDIT.to_json())
    assert of(WORLD, RUN, seed=1) != AUDIT


def test_one_more_group_moves_no_other_groups_interval() -> None:
    extra = replace(
        WORLD,
        mentees=[
            *WORLD.mentees,
            *(
                a_mentee(id=f"x{k}", person_id=f"x{k}", gender="X", conflicts=None)
                for k in range(12)
            ),
        ],
    )

    found = of(extra)

    before = {
        row.group: row.figure for row in rows(AUDIT, "match_rate") if row.attribute == "gender"
    }
    after = {
        row.group: row.figure for row in rows(found, "match_rate") if row.attribute == "gender"
    }
    assert after.pop("X") == Interval(0.0, 0.0, 0.0, 12)
    assert after == before


def test_an_interval_is_as_wide_as_theory_says() -> None:
    mentees = [a_mentee(id=f"e{k}", person_id=f"e{k}", gender="F") for k in range(100)]
    mentors = [a_mentor(capacity=50)]
    configuration = Configuration(unmatched_value=0.0)

    found = audit(
        pair(mentees, mentors, configuration=configuration),
        mentees,
        mentors,
        configuration=configuration,
    )

    figure = rows(found, "match_rate")[0].figure
    assert isinstance(figure, Interval)
    assert figure.value == 0.5
    assert (figure.low, figure.high) == pytest.approx((0.402, 0.598), abs=0.02)


def test_active_mentorships_and_pins_are_no_chances() -> None:
    mentees = [a_mentee(id=f"e{k}", person_id=f"e{k}", gender="F", level="D-1") for k in range(12)]
    mentors = [
        a_mentor(id="best", person_id="b", capacity=20, level="D-2"),
        a_mentor(id="pinned", person_id="p", capacity=2),
    ]
    terms = Terms(pins=frozenset({("e1", "pinned")}))
    options: dict[str, Any] = {
        "fixed": [Fixed("e0", "best")],
        "terms": terms,
        "configuration": Configuration(unmatched_value=0.1),
    }

    found = audit(pair(mentees, mentors, **options), mentees, mentors, **options)

    figure = rows(found, "rank")[0].figure
    assert isinstance(figure, Interval)
    assert figure.count == 11
    assert figure.value == pytest.approx(12 / 11)


def test_nobody_is_audited_in_silence() -> None:
    alone = [a_mentee(conflicts=None)]

    found = audit(pair(alone, []), alone, [])

    assert {row.measure for row in found.rows} == {"match_rate", "surplus", "rank"}
    assert all(isinstance(row.figure, Unsaid) for row in found.rows)
    assert audit(pair([], []), [], []).rows == ()


def test_propensities_are_said_not_to_be_identifiable() -> None:
    assert AUDIT.propensities.reason.startswith("not identifiable: a run draws no lots")
    assert AUDIT.to_json()["propensities"]["reason"] == AUDIT.propensities.reason
