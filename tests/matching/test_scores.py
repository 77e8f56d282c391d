"""Each feature at its landmarks, and the whole score against a plain retelling."""

import math
import re
from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from matching import Configuration, Mentee, Mentor, Weights, pair
from matching.features import build
from matching.markets import Market
from tests.matching.worlds import a_mentee, a_mentor, a_world

PLAIN: dict[str, Any] = {}
EVERYTHING = slice(None)


def value(name: str, mentee: Mentee, mentor: Mentor) -> float:
    features = build([mentee], [mentor], corpus=[mentee.goals], configuration=Configuration())
    return float(features[name](EVERYTHING, EVERYTHING)[0, 0])


@pytest.mark.parametrize(
    ("name", "mentee", "mentor", "worth"),
    [
        ("function", {"function": "CHIEF_OF_STAFF"}, {"functions": {"CHIEF_OF_STAFF"}}, 1.0),
        ("function", {"function": "CHIEF_OF_STAFF"}, {"functions": {"HEAD_OF_MISSION"}}, 0.6),
        ("function", {"function": "HEAD_OF_MISSION"}, {"functions": {"CHIEF_OF_STAFF"}}, 0.6),
        ("function", {"stream": "military"}, {"functions": {"FORCE_COMMANDER"}}, 0.25),
        ("function", {"stream": "POLICE"}, {"functions": {"FORCE_COMMANDER"}}, 0.0),
        ("function", PLAIN, {"functions": {"GARDENER"}}, 0.0),
        ("function", {"function": "CHIEF_OF_STAFF"}, PLAIN, 0.0),
        ("mission_context", {"mission_region": "ASIA"}, {"regions": {"ASIA"}}, 0.5),
        ("mission_context", {"mission_type": "PKO"}, {"mission_types": {"PKO"}}, 0.3),
        ("mission_context", {"mission_id": "UNMISS"}, {"mission_ids": {"UNMISS"}}, 0.2),
        ("mission_context", PLAIN, {"regions": {"ASIA"}, "mission_ids": {"UNMISS"}}, 0.0),
        ("mandate_tasks", {"mandate_tasks": {"a", "b"}}, {"mandate_tasks": {"b", "c"}}, 0.5),
        ("mandate_tasks", {"mandate_tasks": {"a"}}, {"mandate_tasks": {"a", "c", "d"}}, 1.0),
        ("mandate_tasks", PLAIN, {"mandate_tasks": {"a"}}, 0.0),
        ("seniority", {"level": "ASG"}, {"level": "D-2"}, 0.0),
        ("seniority", {"level": "D-2"}, {"level": "D-2"}, 0.5),
        ("seniority", {"level": "D-1"}, {"level": "D-2"}, 1.0),
        ("seniority", {"level": "D-1"}, {"level": "ASG"}, 1.0),
        ("seniority", {"level": "D-1"}, {"level": "USG"}, 0.5),
        ("seniority", {"level": "P-5"}, {"level": "USG"}, 0.0),
        ("seniority", {"level": "D-1"}, PLAIN, 0.0),
        ("languages", {"languages": {"en": 6}}, {"languages": {"en": 6}}, 0.0),
        (
            "languages",
            {"languages": {"en": 6, "fr": 6, "es": 5}},
            {"languages": {"en": 6, "fr": 4, "es": 3}},
            4 / 12,
        ),
        (
            "languages",
            {"languages": dict.fromkeys(("en", "fr", "es", "ar"), 6)},
            {"languages": dict.fromkeys(("en", "fr", "es", "ar"), 6)},
            1.0,
        ),
        ("time_zone", {"utc_offset_hours": 3}, {"utc_offset_hours": 3.0}, 1.0),
        ("time_zone", {"utc_offset_hours": 5.5}, {"utc_offset_hours": 1.5}, 0.5),
        ("time_zone", {"utc_offset_hours": -11}, {"utc_offset_hours": 11}, 0.75),
        ("time_zone", {"utc_offset_hours": 0}, {"utc_offset_hours": 12}, 0.0),
        ("time_zone", {"utc_offset_hours": 0}, PLAIN, 0.5),
        ("goals", {"goals": "Mission budget"}, {"expertise": "mission budget"}, 1.0),
        ("goals", {"goals": "AI"}, {"expertise": "retail, training, air"}, 0.0),
        ("goals", {"goals": "budget"}, PLAIN, 0.0),
        ("goals", PLAIN, {"expertise": "budget"}, 0.0),
        ("goals", {"goals": "a ! ?"}, {"expertise": "a ! ?"}, 0.0),
        ("preferred_mentor", {"preferred_mentors": ("mentor", "x")}, PLAIN, 1.0),
        ("preferred_mentor", {"preferred_mentors": ("x", "mentor")}, PLAIN, 0.5),
        ("preferred_mentor", {"preferred_mentors": ("x",)}, PLAIN, 0.0),
        ("preferred_mentor", PLAIN, PLAIN, 0.5),
        ("mentor_gender", {"mentor_gender_preference": "F"}, {"gender": "F"}, 1.0),
        ("mentor_gender", {"mentor_gender_preference": "F"}, {"gender": "M"}, 0.0),
        ("mentor_gender", {"mentor_gender_preference": "F"}, PLAIN, 0.0),
        ("mentor_gender", PLAIN, {"gender": "M"}, 0.5),
    ],
)
def test_a_feature_has_its_documented_value(
    name: str, mentee: dict[str, Any], mentor: dict[str, Any], worth: float
) -> None:
    assert value(name, a_mentee(**frozen(mentee)), a_mentor(**frozen(mentor))) == pytest.approx(
        worth, abs=1e-15
    )


def frozen(facts: dict[str, Any]) -> dict[str, Any]:
    return {
        name: frozenset(fact) if isinstance(fact, set) else fact for name, fact in facts.items()
    }


def test_the_top_criterion_repeats_the_feature_it_names() -> None:
    mentor = a_mentor(level="D-2")
    named = a_mentee(level="D-1", top_criterion="seniority")
    other = a_mentee(level="D-1", top_criterion="function")
    silent = a_mentee(level="D-1")

    tops = [
        pair([mentee], [mentor], configuration=Configuration(unmatched_value=0.0))
        .proposals[0]
        .contributions["top_criterion"]
        for mentee in (named, other, silent)
    ]

    assert tops == [50_000, 0, 25_000]


def test_one_more_mentor_changes_nobody_elses_score() -> None:
    world = a_world(3, n=6, m=6)
    few = Market.of(world.mentees, world.mentors[:5], **options(world.configuration))
    many = Market.of(world.mentees, world.mentors, **options(world.configuration))

    assert (few.scores.totals(EVERYTHING) == many.scores.totals(EVERYTHING)[:, :5]).all()


def options(configuration: Configuration) -> dict[str, Any]:
    return {"fixed": (), "closed_badly": frozenset(), "configuration": configuration}


@pytest.mark.parametrize("seed", range(40))
def test_contributions_agree_with_a_plain_retelling_of_the_weights(seed: int) -> None:
    world = a_world(seed)
    market = world.ask(Market.of)
    rarity = rarities([one.goals for one in world.mentees])

    found = market.scores.contributions(EVERYTHING)

    for i, mentee in enumerate(market.mentees):
        for j, mentor in enumerate(market.mentors):
            told = retold(mentee, mentor, rarity)
            assert {name: int(part[i, j]) for name, part in found.items()} == told


@pytest.mark.parametrize("seed", range(10))
def test_pairs_asked_one_by_one_score_as_in_the_block(seed: int) -> None:
    market = a_world(seed, n=7, m=5).ask(Market.of)
    draw = np.random.default_rng(seed)
    rows, columns = draw.integers(0, len(market.mentees), 9), draw.integers(0, 5, 9)

    block = market.scores.totals(EVERYTHING)
    broken = market.rules.broken(EVERYTHING)

    assert (market.scores.totals(rows, columns) == block[np.ix_(rows, columns)]).all()
    assert (market.rules.broken(rows, columns) == broken[np.ix_(rows, columns)]).all()


def retold(mentee: Mentee, mentor: Mentor, rarity: dict[str, float]) -> dict[str, int]:
    """The documented features, one pair at a time."""
    values = {
        "function": function(mentee, mentor),
        "mission_context": 0.5 * (mentee.mission_region in mentor.regions)
        + 0.3 * (mentee.mission_type in mentor.mission_types)
        + 0.2 * (mentee.mission_id in mentor.mission_ids),
        "mandate_tasks": len(mentee.mandate_tasks & mentor.mandate_tasks)
        / max(1, len(mentee.mandate_tasks)),
        "seniority": seniority(mentee, mentor),
        "languages": languages(mentee, mentor),
        "time_zone": time_zone(mentee, mentor),
        "goals": cosine(vector(mentee.goals, rarity), vector(mentor.expertise, rarity)),
        "preferred_mentor": preference(mentee, mentor),
        "mentor_gender": 0.5
        if mentee.mentor_gender_preference is None
        else float(mentee.mentor_gender_preference == mentor.gender),
    }
    values["top_criterion"] = values[mentee.top_criterion] if mentee.top_criterion else 0.5
    weights = vars(Weights())
    return {name: round(weights[name] * 1_000_000 * values[name]) for name in weights}


def function(mentee: Mentee, mentor: Mentor) -> float:
    configuration = Configuration()
    fits = [0.0]
    for held in mentor.functions:
        if dict(configuration.function_streams)[held] == mentee.stream:
            fits.append(0.25)
        if held == mentee.function:
            fits.append(1.0)
        fits += [
            fit
            for first, second, fit in configuration.adjacent_functions
            if {first, second} == {held, mentee.function}
        ]
    return max(fits)


def seniority(mentee: Mentee, mentor: Mentor) -> float:
    if mentee.level is None or mentor.level is None:
        return 0.0
    order = ("D-1", "D-2", "ASG", "USG")
    gap = order.index(mentor.level) - order.index(mentee.level)
    return {0: 0.5, 1: 1.0, 2: 1.0, 3: 0.5}.get(gap, 0.0)


def languages(mentee: Mentee, mentor: Mentor) -> float:
    strengths = sorted(
        min(level, mentor.languages[code])
        for code, level in mentee.languages.items()
        if level >= 4 and mentor.languages.get(code, 0) >= 4
    )
    return min(1.0, sum(strengths[:-1]) / 12)


def time_zone(mentee: Mentee, mentor: Mentor) -> float:
    if mentee.utc_offset_hours is None or mentor.utc_offset_hours is None:
        return 0.5
    apart = abs(mentee.utc_offset_hours - mentor.utc_offset_hours)
    return max(0.0, 8 - min(apart, 24 - apart)) / 8


def preference(mentee: Mentee, mentor: Mentor) -> float:
    ranking = mentee.preferred_mentors
    if not ranking:
        return 0.5
    return 1 - ranking.index(mentor.id) / len(ranking) if mentor.id in ranking else 0.0


def grams(text: str) -> list[str]:
    words = re.findall(r"\w\w+", text.lower())
    return words + [" ".join(two) for two in pairwise(words)]


def rarities(corpus: list[str]) -> dict[str, float]:
    seen = Counter(gram for text in corpus for gram in set(grams(text)))
    table = {gram: math.log((1 + len(corpus)) / (1 + count)) + 1 for gram, count in seen.items()}
    return table | {"": math.log(1 + len(corpus)) + 1}


def vector(text: str, rarity: dict[str, float]) -> dict[str, float]:
    return {
        gram: count * rarity.get(gram, rarity[""]) for gram, count in Counter(grams(text)).items()
    }


def cosine(left: dict[str, float], right: dict[str, float]) -> float:
    lengths = math.hypot(*left.values()) * math.hypot(*right.values())
    return sum(x * right.get(gram, 0.0) for gram, x in left.items()) / lengths if lengths else 0.0
