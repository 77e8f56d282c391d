"""The words and figures of which explanations are made: each code once, in plain English.

It builds no sentences, and refuses figures that would claim more than an amount does.
"""

from collections.abc import Callable, Iterable
from fractions import Fraction
from math import ceil, floor
from typing import Final

from matching.arrays import MICROS
from matching.explanations import Hindrance
from matching.rules import Rule

FEATURES: Final = {
    "function": "experience in the mentee's function",
    "mission_context": "experience in the mentee's mission, region or type of mission",
    "mandate_tasks": "experience with the mission's tasks",
    "seniority": "seniority",
    "languages": "languages in common",
    "time_zone": "working hours in common",
    "goals": "expertise for the mentee's goals",
    "preferred_mentor": "the mentee's own choice",
    "mentor_gender": "the mentee's wish about gender",
    "top_criterion": "what matters most to the mentee",
}
"""What each part of a score stands for."""

RULES: Final = {
    Rule.NO_CAPACITY: "the mentor has no place left",
    Rule.NOT_AVAILABLE: "the mentor is not available now",
    Rule.SAME_PERSON: "both are the same person",
    Rule.SUPERVISED_IN_MISSION: "one of them has supervised the other",
    Rule.NATIONALITY_REFUSED: "one of them asked for other nationalities",
    Rule.DECLARED_CONFLICT: "a conflict of interest is declared",
    Rule.CONFLICTS_UNKNOWN: "conflicts of interest are not declared yet",
    Rule.NO_COMMON_LANGUAGE: "they share no working language",
    Rule.VETO: "the pair was ruled out by one side or by a decision",
    Rule.ALREADY_CLOSED_BADLY: "an earlier mentorship of the two did not work",
    Rule.BANNED: "it was decided that the two are not to be paired",
}
"""What each rule says of a pair that it forbids."""

HINDRANCES: Final = {
    Hindrance.PINNED_ELSEWHERE: "the mentee is pinned to another mentor by a decision",
    Hindrance.PLACES_PINNED: "other mentees are pinned to all the mentor's places by decisions",
    Hindrance.GROUP_FULL: "the mentor has as many of the group as may be",
    Hindrance.LEAST_LOADS: "some mentor would get fewer mentees than must be",
}
"""What each hindrance says of a pair that it leaves no room for."""

# Amounts below a thousandth are shown whole.
_THOUSANDTH: Final = 1_000


def near(amount: int) -> str:
    """An amount in millionths as people read it: three digits, or six where it is tiny."""
    return _shown(amount, round)


def at_least(amount: int) -> str:
    """The same and never more than the amount: for a bound from below."""
    return _shown(amount, floor)


def enough(amount: int) -> str:
    """The same and never less than the amount: for what has to be reached."""
    return _shown(amount, ceil)


def _shown(amount: int, rounding: Callable[[Fraction], int]) -> str:
    if 0 < abs(amount) < _THOUSANDTH:
        return f"{amount / MICROS:.6f}"
    return f"{rounding(Fraction(amount, _THOUSANDTH)) / _THOUSANDTH:.3f}"


def feature(name: str) -> str:
    """What a part of a score stands for."""
    return FEATURES.get(name, name.replace("_", " "))


def listed(parts: Iterable[str]) -> str:
    """One or more, as a list is read."""
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


def many(number: int, what: str) -> str:
    """A number with its noun."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def are(number: int) -> str:
    """The verb of so many."""
    return "is" if number == 1 else "are"
