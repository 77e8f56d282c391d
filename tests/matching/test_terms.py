"""Pins, bans and caps of groups: kept in every answer, the best of those, and proved."""

import json
import random
from dataclasses import asdict, replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import (
    Aim,
    Configuration,
    Effort,
    Fixed,
    Infeasible,
    InvalidConfiguration,
    Run,
    Terms,
    certify,
    digest,
    pair,
)
from tests.matching.referees import Made, answers, breaches
from tests.matching.worlds import World, a_mentee, a_mentor, a_world

FREE = Configuration(unmatched_value=0.0)
EASY: dict[str, Any] = {
    "languages": {"en": 5},
    "conflicts": frozenset(),
    "refused_nationalities": frozenset(),
}
NEAREST = Effort(few_pairs=0, by_mentee=1, by_mentor=1)
FIRST_FIELDS = (
    "input_digest", "counts", "status", "objective", "bound", "gap", "proposals", "unmatched",
    "prices", "surpluses",
)  # fmt: skip


CAPS: tuple[tuple[tuple[str, int], ...], ...] = (
    (), (("stream", 1),), (("cohort", 1),), (("cohort", 2),),
)  # fmt: skip


def a_bound_world(seed: int, n: int, m: int, caps: Any = CAPS) -> World:
    """A tangled world in which people have decided this and that, not always wisely."""
    draw = random.Random(seed)
    world = a_world(seed, n=n, m=m)
    if draw.random() < 0.8:
        world = at_ease(world, draw)
    pairs = [(one.id, other.id) for one in world.mentees for other in world.mentors]
    some = draw.sample(pairs, min(len(pairs), draw.choice((0, 0, 1, 2))))
    cohorts = {one.id: draw.choice("ab") for one in world.mentees if draw.random() < 0.8}
    return replace(
        world,
        terms=Terms(
            pins=frozenset(some),
            bans=frozenset(draw.sample(pairs, min(len(pairs), draw.choice((0, 1, 3))))),
            least_loads={
                one.id: draw.randint(0, 2) for one in world.mentors[: draw.choice((0, 0, 1))]
            },
            groupings={"cohort": cohorts},
        ),
        configuration=replace(
            world.configuration,
            least_load=draw.choice((0, 0, 0, 1, 2)),
            waiting_bonus_per_day=draw.choice((0.0, 0.0002)),
            group_caps=draw.choice(caps),
        ),
    )


def at_ease(world: World, draw: random.Random) -> World:
    """The same people with hardly a rule between them, so that what was decided binds."""
    return replace(
        world,
        mentees=[replace(one, **EASY) for one in world.mentees],
        mentors=[
            replace(one, **EASY, available=True, active=0, capacity=draw.choice((0, 1, 2, 3, 3)))
            for one in world.mentors
        ],
        configuration=replace(world.configuration, unmatched_value=draw.choice((0.0, 0.2))),
    )


def made(run: Run) -> Made:
    proposed: Made = {one.mentee_id: one.mentor_id for one in run.proposals}
    return proposed | dict.fromkeys(one.mentee_id for one in run.unmatched)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.integers(0, 2**32), st.integers(0, 6), st.integers(0, 4))
def test_a_run_reaches_what_brute_force_finds_whatever_was_decided(
    seed: int, n: int, m: int
) -> None:
    world = a_bound_world(seed, n, m)
    every = answers(world)

    if not every:
        with pytest.raises(Infeasible):
            world.ask(pair)
        return
    run = world.ask(pair)

    best = max(one.utility for one in every)
    assert (run.objective, run.bound, run.gap) == (best, best, 0)
    assert breaches(world, made(run)) == []
    certificate = world.ask(certify, run)
    assert certificate.faults == ()
    assert certificate.holds


@pytest.mark.parametrize("least_load", [0, 1])
@pytest.mark.parametrize("seed", range(12))
def test_few_pairs_and_prices_of_groups_reach_what_all_pairs_reach(
    seed: int, least_load: int
) -> None:
    world = a_crowded_world(seed, n=70, m=25)
    world = replace(world, configuration=replace(world.configuration, least_load=least_load))
    if least_load:
        # Places enough, and one mentor who must be given as many as the caps leave.
        roomy = [replace(one, capacity=6) for one in world.mentors]
        terms = replace(world.terms, least_loads={roomy[-1].id: 4})
        world = replace(world, mentors=roomy, terms=terms)

    whole = world.ask(pair)
    run = world.ask(lambda *a, **k: pair(*a, **k, effort=NEAREST))

    assert run.counts["edges"] < run.counts["eligible_pairs"]
    assert (run.objective, run.gap) == (whole.objective, 0)
    assert any(run.group_prices["cohort"].values())
    assert bool(run.load_prices) == (least_load > 0)
    assert breaches(world, made(run)) == []
    certificate = world.ask(certify, run)
    assert certificate.faults == ()
    assert certificate.holds


def a_crowded_world(seed: int, n: int, m: int) -> World:
    """Many want mentors with many places, of which a group may have two at most."""
    draw = random.Random(seed)
    levels = ("D-1", "D-2", "ASG")
    mentees = [
        a_mentee(
            id=f"e{k}",
            person_id=f"e{k}",
            level=draw.choice(levels),
            utc_offset_hours=float(draw.randint(-11, 12)),
        )
        for k in range(n)
    ]
    mentors = [
        a_mentor(
            id=f"m{k}",
            person_id=f"m{k}",
            capacity=draw.randint(0, 6),
            level=draw.choice(levels),
            utc_offset_hours=float(draw.randint(-11, 12)),
        )
        for k in range(m)
    ]
    mentors[0] = replace(mentors[0], capacity=3)
    free = [(f"e{k}", mentors[0].id) for k in range(3)]
    return World(
        mentees,
        mentors,
        [],
        [],
        Configuration(unmatched_value=0.05, group_caps=(("cohort", 2),)),
        Terms(
            pins=frozenset(free[:1]),
            bans=frozenset(free[1:]),
            groupings={"cohort": {one.id: draw.choice("aab") for one in mentees}},
        ),
    )


@pytest.mark.parametrize("seed", range(8))
def test_the_order_of_people_and_decisions_changes_no_byte(seed: int) -> None:
    world = a_crowded_world(seed, n=40, m=15)
    last = frozenset((f"e{k}", f"m{k % 15}") for k in range(40))
    aims = replace(
        world.configuration,
        aim=list(Aim)[seed % 2],
        standing_bonus=0.01,
        first_after_days=20,
        most_changes=30,
    )
    waiting = [replace(one, waiting_days=5 * k) for k, one in enumerate(world.mentees)]
    terms = replace(world.terms, standing=last)
    world = replace(world, mentees=waiting, terms=terms, configuration=aims)
    cohorts = world.terms.groupings["cohort"]
    mixed = replace(
        world,
        mentees=world.mentees[::-1],
        mentors=world.mentors[::-1],
        terms=replace(world.terms, groupings={"cohort": dict(sorted(cohorts.items())[::-1])}),
    )

    assert mixed.ask(pair) == world.ask(pair)


@pytest.mark.parametrize("seed", range(10))
def test_one_more_mentor_never_lowers_the_optimum_under_caps_and_pins(seed: int) -> None:
    world = a_crowded_world(seed, n=30, m=10)

    optima = [replace(world, mentors=world.mentors[:m]).ask(pair).objective for m in range(1, 11)]

    assert optima == sorted(optima)


def test_a_pin_is_made_though_another_would_be_better_and_its_price_shows() -> None:
    mentees = [a_mentee(id=name, person_id=name, level=level) for name, level in
               (("keen", "D-1"), ("mild", "ASG"))]  # fmt: skip
    terms = Terms(pins=frozenset({("mild", "mentor")}))

    run = pair(mentees, [a_mentor(level="D-2")], terms=terms, configuration=FREE)

    assert made(run) == {"mild": "mentor", "keen": None}
    assert run.objective == run.bound == 100_000
    assert run.proposals[0].runner_up_mentor_id is None


def test_a_pin_may_lie_below_the_least_acceptable_score_but_nobody_else() -> None:
    people: Any = [a_mentee()], [a_mentor()]
    terms = Terms(pins=frozenset({("mentee", "mentor")}))

    pinned = pair(*people, terms=terms, configuration=Configuration(unmatched_value=0.9))

    assert pair(*people, configuration=Configuration(unmatched_value=0.9)).proposals == ()
    assert made(pinned) == {"mentee": "mentor"}
    assert certify(
        pinned, *people, terms=terms, configuration=Configuration(unmatched_value=0.9)
    ).holds


@pytest.mark.parametrize(
    ("mentor", "mentee", "code"),
    [
        ({"available": False}, {}, "NOT_AVAILABLE"),
        ({"capacity": 0}, {}, "NO_CAPACITY"),
        ({}, {"languages": {}}, "NO_COMMON_LANGUAGE"),
        ({}, {"conflicts": None}, "CONFLICTS_UNKNOWN"),
        ({"vetoed_mentees": frozenset({"mentee"})}, {"conflicts": None}, "CONFLICTS_UNKNOWN, VETO"),
    ],
)
def test_a_pin_that_a_rule_forbids_is_refused_with_the_rule(
    mentor: dict[str, Any], mentee: dict[str, Any], code: str
) -> None:
    terms = Terms(pins=frozenset({("mentee", "mentor")}))

    with pytest.raises(Infeasible) as refusal:
        pair([a_mentee(**mentee)], [a_mentor(**mentor)], terms=terms)

    assert str(refusal.value) == (
        f"mentee and mentor are pinned, and cannot be paired: {code}; take the pin back"
    )


def test_pins_that_cannot_be_kept_together_are_refused() -> None:
    mentees = [
        a_mentee(id="a", person_id="a", gender="F"),
        a_mentee(id="b", person_id="b", gender="F"),
    ]
    mentors = [
        a_mentor(capacity=2),
        a_mentor(id="small", person_id="small"),
        a_mentor(id="other", person_id="other"),
    ]

    def refusal(*pins: tuple[str, str], **settings: Any) -> str:
        with pytest.raises(Infeasible) as refused:
            pair(
                mentees,
                mentors,
                fixed=[Fixed("held", "mentor")],
                terms=Terms(pins=frozenset(pins), bans=frozenset({("b", "other")})),
                configuration=Configuration(**settings),
            )
        return str(refused.value)

    assert "b and small are pinned, and cannot be paired: NO_CAPACITY" in refusal(
        ("a", "small"), ("b", "small")
    )
    assert "a and small are pinned, and cannot be paired: ALREADY_PINNED" in refusal(
        ("a", "mentor"), ("a", "small")
    )
    assert "b and other are pinned, and cannot be paired: BANNED" in refusal(("b", "other"))
    assert "gone and small are pinned, and are not both in this run" in refusal(("gone", "small"))
    assert "a and nobody are pinned, and are not both" in refusal(("a", "nobody"))


def test_active_mentorships_count_in_the_caps_of_their_groups() -> None:
    mentees = [a_mentee(id=k, person_id=k, gender="F") for k in ("held", "next")]
    mentors = [a_mentor(capacity=5)]
    one = Configuration(unmatched_value=0.0, group_caps=(("gender", 1),))
    bound: dict[str, Any] = {"fixed": [Fixed("held", "mentor")], "configuration": one}

    full = pair(mentees, mentors, **bound)
    unknown = pair(mentees[1:], mentors, **bound)

    assert made(full) == {"next": None}
    assert made(unknown) == {"next": "mentor"}
    with pytest.raises(Infeasible, match="GROUP_FULL"):
        pair(mentees, mentors, terms=Terms(pins=frozenset({("next", "mentor")})), **bound)


def test_every_available_mentor_with_places_gets_the_least_load_at_a_price() -> None:
    mentees = [a_mentee(id=k, person_id=k, level="D-1") for k in ("a", "b")]
    mentors = [
        a_mentor(id="dear", person_id="dear", level="D-2", capacity=2),
        a_mentor(id="plain", person_id="plain", level="D-1", capacity=2),
        a_mentor(id="away", person_id="away", available=False),
        a_mentor(id="full", person_id="full", capacity=0),
    ]
    one = replace(FREE, least_load=1)

    free = pair(mentees, mentors, configuration=FREE)
    run = pair(mentees, mentors, configuration=one)
    heavy = pair(mentees, mentors, terms=Terms(least_loads={"plain": 2}), configuration=FREE)

    assert set(made(free).values()) == {"dear"}
    assert set(made(run).values()) == {"dear", "plain"}
    assert run.load_prices == {"plain": 70_000}
    assert free.objective - run.objective == 70_000
    assert run.gap == 0
    assert run.prices["plain"] == 0
    assert set(made(heavy).values()) == {"plain"}
    assert certify(run, mentees, mentors, configuration=one).holds
    spoilt = certify(replace(run, load_prices={}), mentees, mentors, configuration=one)
    assert any("does not meet the objective" in fault for fault in spoilt.faults)
    lacking = certify(free, mentees, mentors, configuration=one)
    assert "plain: 0 proposals are fewer than the least load" in lacking.faults


def test_least_loads_that_cannot_be_reached_are_refused_with_who_lacks_how_many() -> None:
    mentees = [a_mentee(id=k, person_id=k) for k in ("a", "b")]
    mentors = [a_mentor(id=f"m{k}", person_id=f"m{k}", capacity=2) for k in range(9)]
    hermit = a_mentor(id="hermit", person_id="hermit", languages={})

    with pytest.raises(Infeasible) as all_:
        pair(mentees, mentors, configuration=replace(FREE, least_load=1))
    with pytest.raises(Infeasible) as alone:
        pair(mentees, [hermit], configuration=replace(FREE, least_load=1))
    with pytest.raises(Infeasible) as beyond:
        pair(mentees, mentors, terms=Terms(least_loads={"m3": 5}), configuration=FREE)
    with pytest.raises(Infeasible, match="least_loads names m9, who offers nothing"):
        pair(mentees, mentors, terms=Terms(least_loads={"m9": 1}))
    with pytest.raises(Infeasible, match="least_loads m1 cannot be -1"):
        Terms(least_loads={"m1": -1})

    assert str(all_.value).count("lacks 1 of 1") == 5
    assert ", and 2 more" in str(all_.value) or " and 2 more, " in str(all_.value)
    assert str(alone.value) == (
        "not every mentor can get the least load: hermit lacks 1 of 1, however the mentees are"
        " shared out; lower least_load, or that of these mentors"
    )
    assert "m3 lacks 3 of 5" in str(beyond.value)


def test_a_cap_of_an_unknown_grouping_is_refused_with_the_remedy() -> None:
    configuration = Configuration(group_caps=(("cohort", 1),))

    with pytest.raises(InvalidConfiguration, match="'cohort', which is no field of mentees"):
        pair([], [], configuration=configuration)
    assert not pair(
        [], [], terms=Terms(groupings={"cohort": {}}), configuration=configuration
    ).proposals


def test_decisions_change_the_digest_and_nothing_decided_does_not() -> None:
    people: Any = [a_mentee()], [a_mentor()]
    pairs = frozenset({("mentee", "mentor")})

    digests = {
        digest(*people, terms=Terms(pins=pairs)),
        digest(*people, terms=Terms(bans=pairs)),
        digest(*people, terms=Terms(groupings={"cohort": {"mentee": "a"}})),
        digest(*people, configuration=Configuration(group_caps=(("gender", 1),))),
        digest(*people, terms=Terms(least_loads={"mentor": 0})),
        digest(*people, terms=Terms(standing=pairs)),
        digest(*people),
    }

    assert len(digests) == 7
    assert digest(*people, terms=Terms()) == digest(*people)


def test_where_nothing_is_decided_a_run_keeps_the_bytes_of_older_days() -> None:
    world = a_world(5, n=30, m=12)
    run = world.ask(pair)
    facts = asdict(run)

    known = json.dumps({name: facts[name] for name in FIRST_FIELDS}).encode()

    assert run.input_digest == "603bfbdb2c3ca7e932d29153181a97a63ec061690c13f9684853d61b66cab07a"
    assert sha256(known).hexdigest() == (
        "24589ad8b46b742c60745e9b70214c12d316f1b66735d8329f55eee47135aa1d"
    )
    assert "group_caps" not in Configuration().to_json()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"proposals": ()}, "b and mentor: pinned and not proposed"),
        ({"group_prices": {}}, "a and mentor: worth more than surplus plus price"),
        (
            {"group_prices": {"gender": {"F": {"mentor": -1}}}},
            "a price is negative",
        ),
        (
            {"surpluses": {"b": 10**6, "a": 0, "c": 0}},
            "b and mentor: worth less than surplus plus price",
        ),
    ],
)
def test_a_spoilt_run_under_terms_is_noticed(change: dict[str, Any], fault: str) -> None:
    mentees = [
        a_mentee(id="a", person_id="a", gender="F", level="D-1"),
        a_mentee(id="b", person_id="b", gender="M"),
        a_mentee(id="c", person_id="c", gender="F"),
    ]
    mentors = [a_mentor(capacity=3, level="D-2")]
    bound: dict[str, Any] = {
        "terms": Terms(pins=frozenset({("b", "mentor")})),
        "configuration": Configuration(unmatched_value=0.0, group_caps=(("gender", 1),)),
    }
    run = pair(mentees, mentors, **bound)
    assert run.group_prices == {"gender": {"F": {"mentor": 100_000}}}

    found = certify(replace(run, **change), mentees, mentors, **bound)

    assert fault in found.faults
    assert not found.holds


def test_a_group_given_twice_is_noticed() -> None:
    mentees = [a_mentee(id=k, person_id=k, gender="F") for k in "ab"]
    bound: dict[str, Any] = {"configuration": Configuration(unmatched_value=0.0)}
    run = pair(mentees, [a_mentor(capacity=2)], **bound)
    bound["configuration"] = replace(bound["configuration"], group_caps=(("gender", 1),))

    found = certify(run, mentees, [a_mentor(capacity=2)], **bound)

    assert "mentor: 2 proposals of gender F are more than the cap" in found.faults
