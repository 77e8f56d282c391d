"""The words of explanations: rules, standings, remedies and fates, as the matcher has them.

Each is the matcher's own code with a meaning for people; a test holds the two together.
"""

from collections.abc import Mapping
from typing import Final

from service.models.vocabulary import Word


class MatchRule(Word):
    """A hard rule of matching: a pair that breaks one is never proposed."""

    NO_CAPACITY = "NO_CAPACITY", "The mentor has no place left."
    NOT_AVAILABLE = "NOT_AVAILABLE", "The mentor is not available on that day."
    SAME_PERSON = "SAME_PERSON", "Mentee and mentor are the same person."
    SUPERVISED_IN_MISSION = "SUPERVISED_IN_MISSION", "One of them has supervised the other."
    NATIONALITY_REFUSED = "NATIONALITY_REFUSED", "One side asked for other nationalities."
    DECLARED_CONFLICT = "DECLARED_CONFLICT", "A conflict of interest is declared."
    CONFLICTS_UNKNOWN = "CONFLICTS_UNKNOWN", "One side has not declared conflicts of interest yet."
    NO_COMMON_LANGUAGE = "NO_COMMON_LANGUAGE", "They share no language both work in."
    VETO = "VETO", "The mentee refused the mentor, or a person rejected the pair."
    ALREADY_CLOSED_BADLY = (
        "ALREADY_CLOSED_BADLY",
        "An earlier mentorship of the two was closed as no fit, or for a conflict.",
    )
    BANNED = "BANNED", "It was decided that the two are not to be paired."


REMEDIES: Final[Mapping[MatchRule, str]] = {
    MatchRule.NO_CAPACITY: "Raise the mentor's capacity.",
    MatchRule.NOT_AVAILABLE: "Wait until the mentor is, or change the mentor's days.",
    MatchRule.SAME_PERSON: "Choose another mentor.",
    MatchRule.SUPERVISED_IN_MISSION: "Choose another mentor, or correct the record of service.",
    MatchRule.NATIONALITY_REFUSED: "Choose another mentor, or ask whether that still holds.",
    MatchRule.DECLARED_CONFLICT: "Choose another mentor, unless it is taken back.",
    MatchRule.CONFLICTS_UNKNOWN: "Ask them to declare what conflicts they have, or that none.",
    MatchRule.NO_COMMON_LANGUAGE: "Choose another mentor, or record the language they share.",
    MatchRule.VETO: "Choose another mentor.",
    MatchRule.ALREADY_CLOSED_BADLY: "Choose another mentor.",
    MatchRule.BANNED: "Withdraw the ban first.",
}
"""What helps where a rule stands against a pin."""


class PairStanding(Word):
    """How a pair stands in a run."""

    PROPOSED = "PROPOSED", "The run proposes it."
    FORBIDDEN = "FORBIDDEN", "A rule forbids it."
    BELOW_MINIMUM = "BELOW_MINIMUM", "Its score is below the least that is proposed."
    NO_ROOM = "NO_ROOM", "Decisions, caps of groups or least loads leave no room for it."
    COSTS_OTHERS = "COSTS_OTHERS", "It is allowed, and all pairs together would lose by it."


class PairHindrance(Word):
    """What leaves no room for a pair that no rule forbids."""

    PINNED_ELSEWHERE = "PINNED_ELSEWHERE", "A decision pins the mentee to another mentor."
    PLACES_PINNED = "PLACES_PINNED", "Decisions pin other mentees to all the mentor's places."
    GROUP_FULL = "GROUP_FULL", "The mentor has as many of one of the mentee's groups as may be."
    LEAST_LOADS = "LEAST_LOADS", "Some mentor would get fewer mentees than must be."


class RemedyKind(Word):
    """What would have to change for a pair to be proposed."""

    MORE_SCORE = "MORE_SCORE", "A higher score of the two."
    ONE_MORE_PLACE = "ONE_MORE_PLACE", "One more place with the mentor."
    RULES_LIFTED = "RULES_LIFTED", "That the rules which forbid it did not hold."


class MatchAim(Word):
    """What the best pairing is."""

    BEST_QUALITY = "BEST_QUALITY", "Every score is weighed against having no mentor."
    NOBODY_LEFT_OUT = "NOBODY_LEFT_OUT", "As many as can be are paired, and as well as can be."


class PlacesStanding(Word):
    """Why a mentor has whom, or nobody, in a run."""

    FULL = "FULL", "All places are given."
    NO_PLACES = "NO_PLACES", "No place was free when the run began."
    NO_ELIGIBLE_MENTEE = "NO_ELIGIBLE_MENTEE", "The rules leave no mentee for this mentor."
    BELOW_MINIMUM = "BELOW_MINIMUM", "No mentee that the rules leave fits well enough."
    BETTER_ELSEWHERE = "BETTER_ELSEWHERE", "Whoever could come is better placed elsewhere."


class PairFate(Word):
    """What becomes of a mentee's pair from one pairing to another."""

    KEPT = "KEPT", "The same mentor in both."
    CHANGED = "CHANGED", "Another mentor in the second."
    GONE = "GONE", "A mentor in the first, and none in the second."
    NEW = "NEW", "No mentor in the first, and one in the second."
