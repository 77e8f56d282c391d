"""Each hard rule by itself, and all of them against a checker written from the specification."""

from datetime import date
from typing import Any

import numpy as np
import pytest

from matching import Configuration, Fixed, Mentee, Mentor, Reason, Rule, Service, pair
from matching.markets import Market
from matching.rules import BIT
from tests.matching.worlds import World, a_mentee, a_mentor, a_world

MINE: dict[str, Any] = {
    "mission_id": "UNMISS",
    "start": date(2015, 1, 1),
    "end": date(2016, 12, 31),
}
UNDER_MENTOR = Service(**MINE, supervisor_person_id="mentor's person")
UNDER_MENTEE = Service(**MINE, supervisor_person_id="mentee's person")
ALONGSIDE = Service(**MINE)
ABUTTING = Service(mission_id="UNMISS", start=date(2016, 12, 31), end=date(2018, 1, 1))
LATER = Service(mission_id="UNMISS", start=date(2017, 1, 1))
ELSEWHERE = Service(mission_id="UNIFIL", start=date(2015, 1, 1))
NOW_UNDER_MENTOR = Service(
    mission_id="UNMISS", start=date(2020, 1, 1), supervisor_person_id="mentor's person"
)
PLAIN: dict[str, Any] = {}


def codes(mentee: Mentee, mentor: Mentor, **options: Any) -> dict[str, int]:
    """The broken rules of a lone pair, or nothing if the pair is proposed."""
    run = pair([mentee], [mentor], **options)
    if run.proposals:
        return {}
    return dict(run.unmatched[0].rule_counts)


FIT = {
    "function": "CHIEF_OF_STAFF",
    "level": "D-1",
}
FITTING = {"functions": frozenset({"CHIEF_OF_STAFF"}), "level": "D-2"}


@pytest.mark.parametrize(
    ("mentee", "mentor", "code"),
    [
        (PLAIN, {"capacity": 0}, Rule.NO_CAPACITY),
        (PLAIN, {"capacity": 2, "active": 2}, Rule.NO_CAPACITY),
        (PLAIN, {"capacity": 1, "active": 3}, Rule.NO_CAPACITY),
        (PLAIN, {"available": False}, Rule.NOT_AVAILABLE),
        (PLAIN, {"person_id": "mentee's person"}, Rule.SAME_PERSON),
        (
            {"service": (UNDER_MENTOR,)},
            {"service": (ALONGSIDE,)},
            Rule.SUPERVISED_IN_MISSION,
        ),
        (
            {"service": (UNDER_MENTOR,)},
            {"service": (ABUTTING,)},
            Rule.SUPERVISED_IN_MISSION,
        ),
        (
            {"service": (ALONGSIDE,)},
            {"service": (UNDER_MENTEE,)},
            Rule.SUPERVISED_IN_MISSION,
        ),
        ({"service": (NOW_UNDER_MENTOR,)}, PLAIN, Rule.SUPERVISED_IN_MISSION),
        (
            {"refused_nationalities": frozenset({"SE"})},
            {"nationalities": frozenset({"SE", "NP"})},
            Rule.NATIONALITY_REFUSED,
        ),
        (
            {"nationalities": frozenset({"SE"})},
            {"refused_nationalities": frozenset({"SE"})},
            Rule.NATIONALITY_REFUSED,
        ),
        ({"refused_nationalities": frozenset({"SE"})}, PLAIN, Rule.NATIONALITY_REFUSED),
        ({"conflicts": frozenset({"mentor's person"})}, PLAIN, Rule.DECLARED_CONFLICT),
        (PLAIN, {"conflicts": frozenset({"mentee's person"})}, Rule.DECLARED_CONFLICT),
        ({"conflicts": None}, PLAIN, Rule.CONFLICTS_UNKNOWN),
        (PLAIN, {"conflicts": None}, Rule.CONFLICTS_UNKNOWN),
        ({"languages": {"fr": 6}}, PLAIN, Rule.NO_COMMON_LANGUAGE),
        ({"languages": {"en": 3}}, PLAIN, Rule.NO_COMMON_LANGUAGE),
        ({"languages": {}}, {"languages": {}}, Rule.NO_COMMON_LANGUAGE),
        ({"vetoed_mentors": frozenset({"mentor"})}, PLAIN, Rule.VETO),
        (PLAIN, {"vetoed_mentees": frozenset({"mentee"})}, Rule.VETO),
    ],
)
def test_a_broken_rule_alone_forbids_the_pair_under_its_own_code(
    mentee: dict[str, Any], mentor: dict[str, Any], code: Rule
) -> None:
    found = codes(a_mentee(**(FIT | mentee)), a_mentor(**(FITTING | mentor)))

    assert found == {code: 1}


@pytest.mark.parametrize(
    ("mentee", "mentor"),
    [
        (PLAIN, PLAIN),
        ({"service": (UNDER_MENTOR,)}, {"service": (LATER,)}),
        ({"service": (UNDER_MENTOR,)}, {"service": (ELSEWHERE,)}),
        ({"service": (ALONGSIDE,)}, {"service": (ALONGSIDE,)}),
        ({"nationalities": frozenset({"SE"})}, {"nationalities": frozenset({"SE"})}),
        (
            {"refused_nationalities": frozenset({"SE"})},
            {"nationalities": frozenset({"NP"})},
        ),
        ({"conflicts": frozenset({"mentor"})}, PLAIN),
        ({"languages": {"en": 4, "fr": 1}}, PLAIN),
        (PLAIN, {"capacity": 3, "active": 2}),
    ],
)
def test_what_only_resembles_a_broken_rule_forbids_nothing(
    mentee: dict[str, Any], mentor: dict[str, Any]
) -> None:
    assert codes(a_mentee(**(FIT | mentee)), a_mentor(**(FITTING | mentor))) == {}


def test_a_pair_that_closed_badly_is_not_made_again() -> None:
    mentee, mentor = a_mentee(**FIT), a_mentor(**FITTING)

    found = codes(mentee, mentor, closed_badly={("mentee", "mentor")})

    assert found == {"ALREADY_CLOSED_BADLY": 1}
    assert codes(mentee, mentor, closed_badly={("mentor", "mentee")}) == {}


def test_a_forbidden_pair_stays_forbidden_when_staying_alone_is_worth_nothing() -> None:
    found = pair(
        [a_mentee(**FIT, vetoed_mentors=frozenset({"best"}))],
        [a_mentor(id="best", **FITTING), a_mentor(id="poor", person_id="other", level="D-1")],
    )

    assert [(one.mentee_id, one.reason) for one in found.unmatched] == [
        ("mentee", Reason.BELOW_MINIMUM)
    ]


def test_a_mentor_of_nobody_and_everybody_breaks_several_rules_at_once() -> None:
    found = codes(a_mentee(conflicts=None, languages={}), a_mentor(available=False, capacity=0))

    assert found == {
        "NO_CAPACITY": 1,
        "NOT_AVAILABLE": 1,
        "CONFLICTS_UNKNOWN": 1,
        "NO_COMMON_LANGUAGE": 1,
    }


@pytest.mark.parametrize("seed", range(150))
def test_the_rules_agree_with_a_checker_written_from_the_specification(seed: int) -> None:
    world = a_world(seed)
    held = {one.mentee_id for one in world.fixed}
    mentees = [one for one in world.mentees if one.id not in held]

    market = world.ask(Market.of)
    found = {
        (market.mentees[block.rows.start + i].id, market.mentors[j].id): {
            rule for rule in Rule if block.broken[i, j] & BIT[rule]
        }
        for block in market.blocks()
        for i, j in [divmod(k, len(market.mentors)) for k in range(block.broken.size)]
    }

    assert found == {
        (mentee.id, mentor.id): expected(world, mentee, mentor)
        for mentee in mentees
        for mentor in world.mentors
    }


def expected(world: World, mentee: Mentee, mentor: Mentor) -> set[Rule]:
    """The rules of the programme, pair by pair, in plain words."""
    held = sum(one.mentor_id == mentor.id for one in world.fixed)
    verdicts = {
        Rule.NO_CAPACITY: max(held, mentor.active) >= mentor.capacity,
        Rule.NOT_AVAILABLE: not mentor.available,
        Rule.SAME_PERSON: mentee.person_id == mentor.person_id,
        Rule.SUPERVISED_IN_MISSION: supervised(mentee, mentor) or supervised(mentor, mentee),
        Rule.NATIONALITY_REFUSED: refuses(mentee, mentor) or refuses(mentor, mentee),
        Rule.DECLARED_CONFLICT: mentor.person_id in (mentee.conflicts or ())
        or mentee.person_id in (mentor.conflicts or ()),
        Rule.CONFLICTS_UNKNOWN: mentee.conflicts is None or mentor.conflicts is None,
        Rule.NO_COMMON_LANGUAGE: not any(
            level >= 4 and mentor.languages.get(code, 0) >= 4
            for code, level in mentee.languages.items()
        ),
        Rule.VETO: mentor.id in mentee.vetoed_mentors or mentee.id in mentor.vetoed_mentees,
        Rule.ALREADY_CLOSED_BADLY: (mentee.id, mentor.id) in world.closed_badly,
    }
    return {rule for rule, broken in verdicts.items() if broken}


def supervised(lower: Mentee | Mentor, upper: Mentee | Mentor) -> bool:
    under = [one for one in lower.service if one.supervisor_person_id == upper.person_id]
    return any(mine.end is None for mine in under) or any(
        mine.mission_id == theirs.mission_id
        and max(mine.start, theirs.start) <= min(mine.end or date.max, theirs.end or date.max)
        for mine in under
        for theirs in upper.service
    )


def refuses(one: Mentee | Mentor, other: Mentee | Mentor) -> bool:
    refused = one.refused_nationalities
    return bool(refused) and (not other.nationalities or bool(refused & other.nationalities))


def test_active_mentorships_use_places_even_if_the_count_lags_behind() -> None:
    mentees = [a_mentee(**FIT), a_mentee(id="held", person_id="held")]
    mentor = a_mentor(**FITTING, capacity=1, active=0)

    run = pair(mentees, [mentor], fixed=[Fixed("held", "mentor")])

    assert run.proposals == ()
    assert run.unmatched[0].rule_counts == {"NO_CAPACITY": 1}
    assert run.unmatched[0].reason == Reason.ALL_ELIGIBLE_FULL


@pytest.mark.parametrize("seed", range(20))
def test_mentors_are_counted_under_every_rule_they_break(seed: int) -> None:
    rules = a_world(seed, n=40, m=15).ask(Market.of).rules
    rows = np.arange(len(rules.mentee_bits))[seed % 2 :: 2]

    found = rules.counts(rows)

    broken = rules.broken(rows)
    for place, rule in enumerate(Rule):
        assert found[:, place].tolist() == np.count_nonzero(broken & BIT[rule], axis=1).tolist()


def test_nobody_is_counted_where_there_is_nobody() -> None:
    nobody = World([], [a_mentor()], [], [], Configuration()).ask(Market.of).rules
    alone = World([a_mentee()], [], [], [], Configuration()).ask(Market.of).rules

    assert nobody.counts(np.zeros(0, dtype=np.int64)).shape == (0, len(Rule))
    assert not alone.counts(np.zeros(1, dtype=np.int64)).any()
