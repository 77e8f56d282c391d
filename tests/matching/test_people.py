"""Records refuse to contradict themselves, and say which field is wrong."""

from datetime import date
from typing import Any

import pytest

from matching import InvalidPeople, Service
from tests.matching.worlds import a_mentee, a_mentor


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"languages": {"en": 7}}, r"mentee: languages\[en\] cannot be 7"),
        ({"languages": {"en": 0}}, r"mentee: languages\[en\] cannot be 0"),
        ({"utc_offset_hours": float("nan")}, "mentee: utc_offset_hours cannot be nan"),
        ({"utc_offset_hours": 15.0}, "mentee: utc_offset_hours cannot be 15.0"),
        ({"waiting_days": -1}, "mentee: waiting_days cannot be -1"),
        ({"top_criterion": "charm"}, "mentee: top_criterion cannot be 'charm'"),
    ],
)
def test_an_impossible_mentee_is_refused(facts: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidPeople, match=words):
        a_mentee(**facts)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"capacity": -1}, "mentor: capacity cannot be -1"),
        ({"active": -1}, "mentor: active cannot be -1"),
        ({"languages": {"en": 7}}, r"mentor: languages\[en\] cannot be 7"),
    ],
)
def test_an_impossible_mentor_is_refused(facts: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidPeople, match=words):
        a_mentor(**facts)


def test_a_period_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(InvalidPeople, match="end 2014-01-01 precedes start 2015-01-01"):
        Service(mission_id="UNMISS", start=date(2015, 1, 1), end=date(2014, 1, 1))
