"""The field's closed vocabularies: codes stored in columns and shown by the API.

Each member's value equals its name, so that the database, JSON and GraphQL say the same
word. It refuses a code without a meaning.
"""

from enum import StrEnum
from typing import Self


class Word(StrEnum):
    """A code with its name for people and, in a sentence, what it means."""

    label: str
    meaning: str

    # Type checkers read `Level("USG")` as a call of this too, hence the default.
    def __new__(cls, value: str, meaning: str = "", label: str = "") -> Self:
        if not meaning:
            raise TypeError(f"{value} has no meaning")
        word = str.__new__(cls, value)
        word._value_ = value
        word.label = label or value.replace("_", " ").capitalize()
        word.meaning = meaning
        return word


class Precision(Word):
    """How exactly a date is known."""

    DAY = "DAY", "The day is known."
    MONTH = "MONTH", "Only the month is known; the date holds its first day."
    YEAR = "YEAR", "Only the year is known; the date holds its first day."


class MissionType(Word):
    """The two families of missions."""

    PEACEKEEPING = (
        "PEACEKEEPING",
        "An operation led by the Department of Peace Operations, mostly with uniformed staff.",
    )
    SPECIAL_POLITICAL = (
        "SPECIAL_POLITICAL",
        "A civilian field mission, envoy or office for political work, without a force.",
    )


class Region(Word):
    """The part of the world where a mission works."""

    AFRICA = "AFRICA", "Africa, north and south of the Sahara."
    AMERICAS = "AMERICAS", "North, Central and South America and the Caribbean."
    ASIA_PACIFIC = "ASIA_PACIFIC", "Asia east of the Middle East, and the Pacific.", "Asia-Pacific"
    EUROPE = "EUROPE", "Europe, Cyprus and the Caucasus included."
    MIDDLE_EAST = "MIDDLE_EAST", "Western Asia from the Mediterranean to Iran.", "Middle East"


class RegionalGroup(Word):
    """The regional groups of Member States."""

    AFRICAN = "AFRICAN", "Group of the States of Africa.", "African States"
    ASIA_PACIFIC = (
        "ASIA_PACIFIC",
        "Group of the States of Asia and the Pacific.",
        "Asia-Pacific States",
    )
    EASTERN_EUROPEAN = (
        "EASTERN_EUROPEAN",
        "Group of the States of Eastern Europe.",
        "Eastern European States",
    )
    GRULAC = (
        "GRULAC",
        "Group of the States of Latin America and the Caribbean.",
        "Latin American and Caribbean States",
    )
    WEOG = (
        "WEOG",
        "Group of the States of Western Europe, and of others such as Australia and Canada.",
        "Western European and other States",
    )


class Stream(Word):
    """Where a leader comes from."""

    CIVILIAN = "CIVILIAN", "From civilian service."
    MILITARY = "MILITARY", "From the armed forces of a Member State."
    POLICE = "POLICE", "From the police of a Member State."


class Function(Word):
    """What a leader does in a mission, whatever the title says."""

    HEAD_OF_MISSION = (
        "HEAD_OF_MISSION",
        "The most senior official of a mission, whatever the title.",
        "Head of Mission",
    )
    DEPUTY_HEAD_OF_MISSION = (
        "DEPUTY_HEAD_OF_MISSION",
        "Stands in for the head of mission and leads part of its work; a mission may have several.",
        "Deputy Head of Mission",
    )
    FORCE_COMMANDER = (
        "FORCE_COMMANDER",
        "Heads the military component; nominated by a Member State.",
        "Force Commander",
    )
    DEPUTY_FORCE_COMMANDER = (
        "DEPUTY_FORCE_COMMANDER",
        "Stands in for the force commander and directs the force's staff.",
        "Deputy Force Commander",
    )
    CHIEF_MILITARY_OBSERVER = (
        "CHIEF_MILITARY_OBSERVER",
        "Heads the military observers of a mission without a force.",
        "Chief Military Observer",
    )
    POLICE_COMMISSIONER = (
        "POLICE_COMMISSIONER",
        "Commands all police of a mission; nominated by a Member State.",
        "Police Commissioner",
    )
    DEPUTY_POLICE_COMMISSIONER = (
        "DEPUTY_POLICE_COMMISSIONER",
        "Stands in for the police commissioner and directs operations or reform.",
        "Deputy Police Commissioner",
    )
    CHIEF_OF_STAFF = (
        "CHIEF_OF_STAFF",
        "Joins the mission's components in one plan and runs the head of mission's office.",
        "Chief of Staff",
    )
    DIRECTOR_OF_MISSION_SUPPORT = (
        "DIRECTOR_OF_MISSION_SUPPORT",
        "Answers for budget, people, logistics and services of a large mission.",
        "Director of Mission Support",
    )
    SPECIAL_ENVOY = (
        "SPECIAL_ENVOY",
        (
            "Carries the Secretary-General's good offices in one conflict,"
            " with or without a field mission."
        ),
        "Special Envoy",
    )
    SPECIAL_ADVISER = (
        "SPECIAL_ADVISER",
        "Advises the Secretary-General on one conflict or subject and may lead an office.",
        "Special Adviser",
    )
    HEAD_OF_OFFICE = (
        "HEAD_OF_OFFICE",
        "Leads one field or regional office of a mission.",
        "Head of Office",
    )
    CHIEF_OF_MISSION_SUPPORT = (
        "CHIEF_OF_MISSION_SUPPORT",
        "Answers for budget, people, logistics and services of a smaller mission.",
        "Chief of Mission Support",
    )
    HEAD_OF_POLICE_COMPONENT = (
        "HEAD_OF_POLICE_COMPONENT",
        "Heads the police component under any title, such as senior police adviser.",
        "Head of Police Component",
    )
    RESIDENT_AND_HUMANITARIAN_COORDINATOR = (
        "RESIDENT_AND_HUMANITARIAN_COORDINATOR",
        (
            "Leads the country team and humanitarian coordination; in a triple hat also a deputy"
            " head of mission."
        ),
        "Resident and Humanitarian Coordinator",
    )
    SENIOR_ADVISER = (
        "SENIOR_ADVISER",
        "Advises a mission's leaders on one subject, such as protection or gender.",
        "Senior Adviser",
    )


LEADING = (Function.HEAD_OF_MISSION, Function.DEPUTY_HEAD_OF_MISSION)


class Level(Word):
    """Grades of senior posts, highest first."""

    USG = "USG", "The highest grade, of most heads of large missions.", "Under-Secretary-General"
    ASG = (
        "ASG",
        "The second highest grade, of heads of smaller missions and of many deputies.",
        "Assistant Secretary-General",
    )
    D_2 = "D_2", "The higher of the two grades of directors.", "Director (D-2)"
    D_1 = "D_1", "The lower of the two grades of directors.", "Principal Officer (D-1)"
    P_5 = "P_5", "The highest professional grade, below the directors.", "Senior Officer (P-5)"


class Gender(Word):
    """Gender as declared by the person; no value means not declared."""

    FEMALE = "FEMALE", "Declared as female."
    MALE = "MALE", "Declared as male."
    OTHER = "OTHER", "Declared as neither female nor male."


class Availability(Word):
    """Whether a person can take up a post."""

    AVAILABLE = "AVAILABLE", "Can take up a post now."
    AVAILABLE_FROM = "AVAILABLE_FROM", "Can take up a post from a known day on."
    NOT_AVAILABLE = "NOT_AVAILABLE", "Cannot take up a post, or has not said."


class Proficiency(Word):
    """Command of a language on the Common European Framework, lowest first."""

    A1 = "A1", "Understands and uses very simple phrases.", "A1, beginner"
    A2 = "A2", "Manages short exchanges on familiar things.", "A2, elementary"
    B1 = "B1", "Manages most situations of travel and simple work.", "B1, intermediate"
    B2 = "B2", "Works in the language and argues a point with ease.", "B2, upper intermediate"
    C1 = "C1", "Leads meetings and drafts demanding texts without strain.", "C1, advanced"
    C2 = "C2", "Understands and expresses everything with precision.", "C2, mastery"


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


class AppointmentState(Word):
    """How far an appointment has come."""

    OFFERED = "OFFERED", "The post was offered; the answer is awaited."
    ACCEPTED = "ACCEPTED", "The person said yes; clearances and travel are prepared."
    CLEARED_TO_TRAVEL = "CLEARED_TO_TRAVEL", "Every required check is valid; the person may travel."
    IN_POST = "IN_POST", "The person holds the post, in the first term."
    EXTENDED = "EXTENDED", "The person holds the post beyond the first term."
    ENDED = "ENDED", "The person left the post; the debriefing is due."
    DEBRIEFED = "DEBRIEFED", "The leaver has handed over what was learned."
    FORMER_LEADER = "FORMER_LEADER", "The service is complete; the person may become a mentor."
    DECLINED = "DECLINED", "The person said no."
    WITHDRAWN = "WITHDRAWN", "The Organization took the offer back before the first day."


HOLDING = (AppointmentState.IN_POST, AppointmentState.EXTENDED)
PAST = (AppointmentState.ENDED, AppointmentState.DEBRIEFED, AppointmentState.FORMER_LEADER)


class CauseOfEnd(Word):
    """Why an appointment ended."""

    TERM_END = "TERM_END", "The term ran out.", "End of term"
    RESIGNATION = "RESIGNATION", "The person resigned."
    TRANSFER = "TRANSFER", "The person moved to another post."
    RECALL = "RECALL", "The Organization or the nominating State called the person back."
    DEATH = "DEATH", "The person died in office."
    PERSONA_NON_GRATA = "PERSONA_NON_GRATA", "The host State rejected the person."
    MISSION_CLOSURE = "MISSION_CLOSURE", "The mission ended."
    RESTRUCTURE = "RESTRUCTURE", "The post was abolished, split or merged."


class ActingKind(Word):
    """In what capacity somebody covers a post."""

    OFFICER_IN_CHARGE = (
        "OFFICER_IN_CHARGE",
        "Minds the post for a short absence, beside their own.",
        "Officer-in-charge",
    )
    ACTING = "ACTING", "Carries the full duties until a successor arrives."
    AD_INTERIM = "AD_INTERIM", "Was named to the post itself for the time being.", "Ad interim"


class RequestState(Word):
    """How far a request for a mentor has come."""

    WAITING = "WAITING", "No mentor yet; the next match run looks for one."
    MATCHED = "MATCHED", "A pair was approved and works together."
    WITHDRAWN = "WITHDRAWN", "The mentee no longer wants a mentor."
    CLOSED = "CLOSED", "The mentorship ended, or the mentee left the post."


class ProposalState(Word):
    """What became of a proposed pair."""

    PROPOSED = "PROPOSED", "Awaits a person's decision."
    APPROVED = "APPROVED", "A person approved it, and the mentorship began."
    REJECTED = "REJECTED", "A person rejected it; the two are never proposed again."
    SUPERSEDED = "SUPERSEDED", "A later run or a change made it void before it was decided."


class MentorshipState(Word):
    """Whether a pair still works together."""

    ACTIVE = "ACTIVE", "Mentor and mentee work together."
    CLOSED = "CLOSED", "Mentor and mentee no longer work together."


class ModelKind(Word):
    """How much of a model of who suits whom is learned."""

    EXPERT_WEIGHTS = "EXPERT_WEIGHTS", "Nothing: the weights are those that experts gave."
    LINEAR = "LINEAR", "Weights, leaning on the experts' and keeping to their signs."
    ADDITIVE_BOOSTING = (
        "ADDITIVE_BOOSTING",
        "Steps of each feature, which still add up, for when there are many ratings.",
    )


class ModelState(Word):
    """What people decided about a model."""

    DRAFT = "DRAFT", "Learned, and awaits a person's decision."
    APPROVED = "APPROVED", "In force: runs use it."
    REJECTED = "REJECTED", "Turned down for good; no run uses it."
    RETIRED = "RETIRED", "Was in force and is no longer."


class OverrideKind(Word):
    """What people decided about a pair before the match."""

    PIN = "PIN", "The two must be proposed to each other."
    BAN = "BAN", "The two must not be proposed to each other."


class OverrideState(Word):
    """What became of a pin or a ban; that its day has come is no state."""

    PROPOSED = "PROPOSED", "Awaits the decision of somebody else than who proposed it."
    IN_FORCE = "IN_FORCE", "Approved: runs keep it until its day."
    DECLINED = "DECLINED", "Turned down; it never counted."
    WITHDRAWN = "WITHDRAWN", "Was in force and was taken back."


class ClosingReason(Word):
    """Why a mentorship closed."""

    COMPLETED = "COMPLETED", "The two reached what they set out to do."
    MENTOR_UNAVAILABLE = "MENTOR_UNAVAILABLE", "The mentor can no longer give the time."
    MENTEE_LEFT_POST = "MENTEE_LEFT_POST", "The mentee left the post."
    NOT_A_FIT = "NOT_A_FIT", "The two did not suit each other."
    CONFLICT_OF_INTEREST = "CONFLICT_OF_INTEREST", "An interest of one came between the two."


class PairSide(Word):
    """One half of a pair."""

    MENTEE = "MENTEE", "The leader in post who asked for a mentor."
    MENTOR = "MENTOR", "The former leader who supports them."


class MeetingRhythm(Word):
    """How often the two met, for the taste of the one who rates."""

    TOO_RARELY = "TOO_RARELY", "Fewer meetings than wanted."
    ABOUT_RIGHT = "ABOUT_RIGHT", "As many meetings as wanted."
    TOO_OFTEN = "TOO_OFTEN", "More meetings than wanted."


class TopCriterion(Word):
    """The one thing that matters most to a mentee."""

    FUNCTION = "FUNCTION", "A mentor who did the same work."
    MISSION_CONTEXT = "MISSION_CONTEXT", "A mentor who knows that mission or its region."
    MANDATE_TASKS = "MANDATE_TASKS", "A mentor who knows the same mandated tasks."
    SENIORITY = "SENIORITY", "A mentor who reached at least the mentee's grade."
    LANGUAGE = "LANGUAGE", "A mentor who speaks the mentee's languages well."
    TIME_ZONE = "TIME_ZONE", "A mentor whose working hours overlap."
    EXPERTISE = "EXPERTISE", "A mentor whose expertise answers the mentee's goals."


class PreferenceKind(Word):
    """What a mentee says about a mentor before the match."""

    PREFERRED = "PREFERRED", "The mentee would like this mentor; it counts in the match."
    REFUSED = "REFUSED", "The mentee rules this mentor out; the match obeys."


class MatchRunTrigger(Word):
    """Who started a match run."""

    NIGHTLY = "NIGHTLY", "The timetable, at night."
    COMMAND_LINE = "COMMAND_LINE", "An operator, from the command line."
    PERSON = "PERSON", "A person, through the API."


class AuditMeasure(Word):
    """What the audit of a run measures."""

    MATCH_RATE = "MATCH_RATE", "The part of those waiting who were proposed a mentor, 0 to 1."
    SURPLUS = "SURPLUS", "What the run is worth to a mentee beyond the price of the mentor."
    RANK = "RANK", "The place of the mentor proposed among all that the mentee could have had."
    EXPOSURE = "EXPOSURE", "On what part of the mentees' shortlists a mentor stands, 0 to 1."


class GroupKind(Word):
    """By what the audit of a run tells people apart."""

    GENDER = "GENDER", "By declared gender."
    REGION = "REGION", "By the region of the mission, or by those a mentor served in."
    FUNCTION = "FUNCTION", "By the function of the post, or by those a mentor held."


class UnmatchedReason(Word):
    """Why a mentee still waits."""

    NO_ELIGIBLE_MENTOR = "NO_ELIGIBLE_MENTOR", "The rules leave no mentor for this mentee."
    ALL_ELIGIBLE_FULL = "ALL_ELIGIBLE_FULL", "Every mentor that the rules leave is full."
    BELOW_MINIMUM = "BELOW_MINIMUM", "No free mentor fits well enough to be proposed."


class TermKind(Word):
    """The vocabularies that carry labels."""

    FUNCTION = "FUNCTION", "What leaders do in a mission."
    LEVEL = "LEVEL", "Grades of senior posts."
    TITLE = "TITLE", "What leaders are called."
    LANGUAGE = "LANGUAGE", "Languages."
    MANDATE_TASK = "MANDATE_TASK", "What missions are mandated to do."
    REGIONAL_GROUP = "REGIONAL_GROUP", "The groups in which Member States elect."
