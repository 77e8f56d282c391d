"""Invented people for the matcher's tests: small, tangled and made from one seed."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from matching import Configuration, Fixed, Mentee, Mentor, Service, Terms
from matching.terms import NO_TERMS

FUNCTIONS = ("HEAD_OF_MISSION", "DEPUTY_HEAD_OF_MISSION", "CHIEF_OF_STAFF", "FORCE_COMMANDER")
LEVELS = ("D-1", "D-2", "ASG", "USG", None)
COUNTRIES = ("GH", "NP", "UY", "JO", "SE")
LANGUAGES = ("en", "fr", "es", "ar")
MISSIONS = ("MONUSCO", "UNMISS", "UNIFIL")
TASKS = ("protection", "elections", "mediation", "policing")
WORDS = ("leading", "troops", "mediation", "budget", "media", "elections", "crisis", "reform")


def a_mentee(**changes: Any) -> Mentee:
    """A mentee whom `a_mentor` may guide; unlike that mentor in every other way."""
    facts: dict[str, Any] = {
        "id": "mentee",
        "person_id": "mentee's person",
        "languages": {"en": 5},
        "conflicts": frozenset(),
    }
    return Mentee(**(facts | changes))


def a_mentor(**changes: Any) -> Mentor:
    """A mentor with one free place."""
    facts: dict[str, Any] = {
        "id": "mentor",
        "person_id": "mentor's person",
        "capacity": 1,
        "available": True,
        "languages": {"en": 5},
        "conflicts": frozenset(),
    }
    return Mentor(**(facts | changes))


@dataclass(frozen=True)
class World:
    """All that one run reads."""

    mentees: list[Mentee]
    mentors: list[Mentor]
    fixed: list[Fixed]
    closed_badly: list[tuple[str, str]]
    configuration: Configuration
    terms: Terms = NO_TERMS

    def ask(self, question: Callable[..., Any], *about: Any) -> Any:
        """The answer of `pair`, `digest` or `certify` for this world."""
        return question(
            *about,
            self.mentees,
            self.mentors,
            fixed=self.fixed,
            closed_badly=self.closed_badly,
            terms=self.terms,
            configuration=self.configuration,
        )


def a_world(seed: int, n: int = 5, m: int = 4) -> World:
    """Up to every rule and every feature at once; nobody in it is well behaved."""
    draw = random.Random(seed)
    people = [f"person {k}" for k in range(n + m)]
    mentees = [_mentee(draw, k, people, m) for k in range(n)]
    mentors = [_mentor(draw, k, people, n) for k in range(m)]
    pairs = [(f"e{i}", f"m{j}") for i in range(n) for j in range(m)]
    return World(
        mentees,
        mentors,
        [Fixed(*pair) for pair in draw.sample(pairs, min(len(pairs), draw.choice((0, 0, 1))))],
        draw.sample(pairs, min(len(pairs), draw.choice((0, 1, 2)))),
        Configuration(unmatched_value=draw.choice((0.0, 0.2, 0.35))),
    )


def contested(seed: int, n: int, m: int) -> World:
    """All want the same few mentors, so that prices decide."""
    draw = random.Random(seed)
    goals = ("leading troops", "crisis budget", "media reform")
    return World(
        [
            a_mentee(
                id=f"e{k}",
                person_id=f"e{k}",
                goals=draw.choice(goals),
                level=draw.choice(("D-1", "D-2", "ASG")),
                utc_offset_hours=float(draw.randint(-11, 12)),
                waiting_days=draw.randint(0, 300),
            )
            for k in range(n)
        ],
        [
            a_mentor(
                id=f"m{k}",
                person_id=f"m{k}",
                capacity=draw.randint(1, 2),
                expertise=draw.choice(goals),
                level=draw.choice(("D-2", "ASG", "USG")),
                utc_offset_hours=float(draw.randint(-11, 12)),
            )
            for k in range(m)
        ],
        [],
        [],
        Configuration(unmatched_value=0.1),
    )


def _mentee(draw: random.Random, k: int, people: list[str], m: int) -> Mentee:
    mentors = [f"m{j}" for j in range(m)]
    return Mentee(
        id=f"e{k}",
        person_id=people[k],
        stream=draw.choice(("CIVILIAN", "MILITARY")),
        function=draw.choice((*FUNCTIONS, None)),
        mission_id=draw.choice(MISSIONS),
        mission_region=draw.choice(("AFRICA", "ASIA", None)),
        mission_type=draw.choice(("PEACEKEEPING", "POLITICAL", None)),
        preferred_mentors=tuple(draw.sample(mentors, draw.randint(0, min(2, m)))),
        mentor_gender_preference=draw.choice(("F", None)),
        top_criterion=draw.choice(("goals", "seniority", None)),
        vetoed_mentors=_some(draw, mentors, 8),
        goals=" ".join(draw.choices(WORDS, k=draw.randint(0, 6))),
        waiting_days=draw.randint(0, 400),
        **_anybody(draw, people),
    )


def _mentor(draw: random.Random, k: int, people: list[str], n: int) -> Mentor:
    twin = draw.random() < 0.1 and k < n
    return Mentor(
        id=f"m{k}",
        person_id=people[k] if twin else people[n + k],
        capacity=draw.randint(0, 3),
        active=draw.choice((0, 0, 1)),
        available=draw.random() < 0.9,
        functions=_some(draw, FUNCTIONS, 2),
        mission_ids=_some(draw, MISSIONS, 2),
        regions=_some(draw, ("AFRICA", "ASIA"), 2),
        mission_types=_some(draw, ("PEACEKEEPING", "POLITICAL"), 2),
        expertise=" ".join(draw.choices(WORDS, k=draw.randint(0, 6))),
        vetoed_mentees=_some(draw, [f"e{i}" for i in range(n)], 8),
        **_anybody(draw, people),
    )


def _anybody(draw: random.Random, people: list[str]) -> dict[str, Any]:
    return {
        "level": draw.choice(LEVELS),
        "mandate_tasks": _some(draw, TASKS, 2),
        "languages": {code: draw.randint(1, 6) for code in LANGUAGES if draw.random() < 0.7},
        "nationalities": _some(draw, COUNTRIES, 4),
        "utc_offset_hours": draw.choice((0, 3.0, 5.75, -5.0, None)),
        "gender": draw.choice(("F", "M", None)),
        "refused_nationalities": _some(draw, COUNTRIES, 25),
        "conflicts": None if draw.random() < 0.05 else _some(draw, people, 12),
        "service": tuple(_service(draw, people) for _ in range(draw.randint(0, 2))),
    }


def _service(draw: random.Random, people: list[str]) -> Service:
    start = draw.randint(2010, 2020)
    return Service(
        mission_id=draw.choice(MISSIONS),
        start=date(start, 1, 1),
        end=draw.choice((date(start + 2, 1, 1), None)),
        supervisor_person_id=draw.choice((*people, None, None)),
    )


def _some(draw: random.Random, labels: Any, rarity: int) -> frozenset[str]:
    return frozenset(label for label in labels if draw.randrange(rarity) == 0)
