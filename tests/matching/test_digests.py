"""The same inputs have one digest, and every other input another."""

from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Any

import pytest

from matching import Configuration, Fixed, Service, Weights, digest
from tests.matching.worlds import a_mentee, a_mentor, a_world

FIRST = Service(mission_id="UNMISS", start=date(2015, 1, 1), supervisor_person_id="x")
SECOND = Service(mission_id="UNIFIL", start=date(2012, 1, 1), end=date(2013, 1, 1))


def test_the_digest_is_sixty_four_hexadecimal_digits_and_the_runs_own() -> None:
    found = digest([a_mentee()], [a_mentor()])

    assert len(bytes.fromhex(found)) == 32
    assert found == digest([a_mentee()], [a_mentor()])


def test_order_of_people_pairs_and_periods_does_not_count() -> None:
    world = a_world(7, n=8, m=6)
    pairs = [("e1", "m1"), ("e2", "m2")]
    fixed = [Fixed(*one) for one in pairs]

    forth = digest(world.mentees, world.mentors, fixed=fixed, closed_badly=pairs)
    back = digest(
        world.mentees[::-1], world.mentors[::-1], fixed=fixed[::-1], closed_badly=pairs[::-1]
    )

    assert forth == back
    assert digest([a_mentee(service=(FIRST, SECOND))], []) == digest(
        [a_mentee(service=(SECOND, FIRST))], []
    )


def test_equal_numbers_of_another_kind_do_not_count() -> None:
    assert digest([a_mentee(utc_offset_hours=3)], []) == digest(
        [a_mentee(utc_offset_hours=3.0)], []
    )
    assert digest([], [], configuration=Configuration(unmatched_value=0)) == digest(
        [], [], configuration=Configuration(unmatched_value=0.0)
    )


@pytest.mark.parametrize(
    "change",
    [
        {"goals": "Lead"},
        {"conflicts": None},
        {"waiting_days": 1},
        {"languages": {"en": 6}},
        {"preferred_mentors": ("a", "b")},
        {"preferred_mentors": ("b", "a")},
        {"service": (FIRST,)},
        {"service": (replace(FIRST, end=date(2016, 1, 1)),)},
        {"utc_offset_hours": 0.0},
    ],
)
def test_every_fact_about_a_person_counts(change: dict[str, Any]) -> None:
    assert digest([a_mentee(**change)], []) != digest([a_mentee()], [])


def test_sides_pairs_and_settings_count() -> None:
    base: dict[str, Any] = {"configuration": Configuration()}
    weights = Weights(function=0.21, goals=0.13)

    digests = [
        digest([], [], **(base | change))
        for change in (
            {},
            {"fixed": [Fixed("a", "b")]},
            {"closed_badly": [("a", "b")]},
            {"configuration": Configuration(version="other")},
            {"configuration": Configuration(weights=weights)},
        )
    ]

    assert len(set(digests)) == 5


def test_any_mapping_will_do_and_what_has_no_canonical_form_is_refused() -> None:
    frozen = a_mentee(languages=MappingProxyType({"en": 5}))

    assert digest([frozen], []) == digest([a_mentee()], [])
    with pytest.raises(TypeError, match="object has no canonical form"):
        digest([a_mentee(goals=object())], [])
    with pytest.raises(ValueError, match="not JSON compliant"):
        digest([a_mentee(waiting_days=float("inf"))], [])
