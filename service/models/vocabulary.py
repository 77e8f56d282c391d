"""The field's closed vocabularies: codes stored in columns and shown by the API.

Each member's value equals its name, so that the database, JSON and GraphQL say the same word.
"""

from enum import StrEnum


class Precision(StrEnum):
    """How exactly a date is known."""

    DAY = "DAY"
    MONTH = "MONTH"
    YEAR = "YEAR"


class MissionType(StrEnum):
    """The two families of missions."""

    PEACEKEEPING = "PEACEKEEPING"
    SPECIAL_POLITICAL = "SPECIAL_POLITICAL"


class Region(StrEnum):
    """The part of the world where a mission works."""

    AFRICA = "AFRICA"
    AMERICAS = "AMERICAS"
    ASIA_PACIFIC = "ASIA_PACIFIC"
    EUROPE = "EUROPE"
    MIDDLE_EAST = "MIDDLE_EAST"


class RegionalGroup(StrEnum):
    """The regional groups of Member States."""

    AFRICAN = "AFRICAN"
    ASIA_PACIFIC = "ASIA_PACIFIC"
    EASTERN_EUROPEAN = "EASTERN_EUROPEAN"
    GRULAC = "GRULAC"
    WEOG = "WEOG"


class Stream(StrEnum):
    """Where a leader comes from."""

    CIVILIAN = "CIVILIAN"
    MILITARY = "MILITARY"
    POLICE = "POLICE"


class Function(StrEnum):
    """What a leader does in a mission, whatever the title says."""

    HEAD_OF_MISSION = "HEAD_OF_MISSION"
    DEPUTY_HEAD_OF_MISSION = "DEPUTY_HEAD_OF_MISSION"
    FORCE_COMMANDER = "FORCE_COMMANDER"
    DEPUTY_FORCE_COMMANDER = "DEPUTY_FORCE_COMMANDER"
    CHIEF_MILITARY_OBSERVER = "CHIEF_MILITARY_OBSERVER"
    POLICE_COMMISSIONER = "POLICE_COMMISSIONER"
    DEPUTY_POLICE_COMMISSIONER = "DEPUTY_POLICE_COMMISSIONER"
    CHIEF_OF_STAFF = "CHIEF_OF_STAFF"
    DIRECTOR_OF_MISSION_SUPPORT = "DIRECTOR_OF_MISSION_SUPPORT"
    SPECIAL_ENVOY = "SPECIAL_ENVOY"
    SPECIAL_ADVISER = "SPECIAL_ADVISER"
    HEAD_OF_OFFICE = "HEAD_OF_OFFICE"
    SENIOR_ADVISER = "SENIOR_ADVISER"


class Level(StrEnum):
    """Grades of senior posts, highest first."""

    USG = "USG"
    ASG = "ASG"
    D_2 = "D_2"
    D_1 = "D_1"
    P_5 = "P_5"


class Gender(StrEnum):
    """Gender as declared by the person; no value means not declared."""

    FEMALE = "FEMALE"
    MALE = "MALE"
    OTHER = "OTHER"


class Availability(StrEnum):
    """Whether a person can take up a post."""

    AVAILABLE = "AVAILABLE"
    AVAILABLE_FROM = "AVAILABLE_FROM"
    NOT_AVAILABLE = "NOT_AVAILABLE"


class Proficiency(StrEnum):
    """Command of a language on the Common European Framework, lowest first."""

    A1 = "A1"
    A2 = "A2"
    B1 = "B1"
    B2 = "B2"
    C1 = "C1"
    C2 = "C2"


LEVEL_RANKS: dict[Level, int] = {
    Level.P_5: 1,
    Level.D_1: 2,
    Level.D_2: 3,
    Level.ASG: 4,
    Level.USG: 5,
}
PROFICIENCY_RANKS: dict[Proficiency, int] = {
    Proficiency.A1: 1,
    Proficiency.A2: 2,
    Proficiency.B1: 3,
    Proficiency.B2: 4,
    Proficiency.C1: 5,
    Proficiency.C2: 6,
}


class AppointmentState(StrEnum):
    """How far an appointment has come."""

    OFFERED = "OFFERED"
    ACCEPTED = "ACCEPTED"
    CLEARED_TO_TRAVEL = "CLEARED_TO_TRAVEL"
    IN_POST = "IN_POST"
    EXTENDED = "EXTENDED"
    ENDED = "ENDED"
    DEBRIEFED = "DEBRIEFED"
    FORMER_LEADER = "FORMER_LEADER"
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"


class CauseOfEnd(StrEnum):
    """Why an appointment ended."""

    TERM_END = "TERM_END"
    RESIGNATION = "RESIGNATION"
    TRANSFER = "TRANSFER"
    RECALL = "RECALL"
    DEATH = "DEATH"
    PERSONA_NON_GRATA = "PERSONA_NON_GRATA"
    MISSION_CLOSURE = "MISSION_CLOSURE"
    RESTRUCTURE = "RESTRUCTURE"


class ActingKind(StrEnum):
    """In what capacity somebody covers a post."""

    OFFICER_IN_CHARGE = "OFFICER_IN_CHARGE"
    ACTING = "ACTING"
    AD_INTERIM = "AD_INTERIM"


class RequestState(StrEnum):
    """How far a request for a mentor has come."""

    WAITING = "WAITING"
    MATCHED = "MATCHED"
    WITHDRAWN = "WITHDRAWN"
    CLOSED = "CLOSED"


class ProposalState(StrEnum):
    """What became of a proposed pair."""

    PROPOSED = "PROPOSED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    SUPERSEDED = "SUPERSEDED"


class MentorshipState(StrEnum):
    """Whether a pair still works together."""

    ACTIVE = "ACTIVE"
    CLOSED = "CLOSED"


class ClosingReason(StrEnum):
    """Why a mentorship closed."""

    COMPLETED = "COMPLETED"
    MENTOR_UNAVAILABLE = "MENTOR_UNAVAILABLE"
    MENTEE_LEFT_POST = "MENTEE_LEFT_POST"
    NOT_A_FIT = "NOT_A_FIT"
    CONFLICT_OF_INTEREST = "CONFLICT_OF_INTEREST"


class TopCriterion(StrEnum):
    """The one thing that matters most to a mentee."""

    FUNCTION = "FUNCTION"
    MISSION_CONTEXT = "MISSION_CONTEXT"
    MANDATE_TASKS = "MANDATE_TASKS"
    SENIORITY = "SENIORITY"
    LANGUAGE = "LANGUAGE"
    TIME_ZONE = "TIME_ZONE"
    EXPERTISE = "EXPERTISE"


class PreferenceKind(StrEnum):
    """What a mentee says about a mentor before the match."""

    PREFERRED = "PREFERRED"
    REFUSED = "REFUSED"


class MatchRunTrigger(StrEnum):
    """Who started a match run."""

    NIGHTLY = "NIGHTLY"
    COMMAND_LINE = "COMMAND_LINE"
    PERSON = "PERSON"


class UnmatchedReason(StrEnum):
    """Why a mentee still waits."""

    NO_ELIGIBLE_MENTOR = "NO_ELIGIBLE_MENTOR"
    ALL_ELIGIBLE_FULL = "ALL_ELIGIBLE_FULL"
    BELOW_MINIMUM = "BELOW_MINIMUM"


class TermKind(StrEnum):
    """The vocabularies that carry labels."""

    FUNCTION = "FUNCTION"
    LEVEL = "LEVEL"
    TITLE = "TITLE"
    LANGUAGE = "LANGUAGE"
    MANDATE_TASK = "MANDATE_TASK"
    REGIONAL_GROUP = "REGIONAL_GROUP"
