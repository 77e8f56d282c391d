"""What a caller may suppose to be otherwise, and what that means to the matcher.

Facts, places, people, decisions and weights within bounds; it refuses who does not wait or
offer now, and weights that do not sum to one.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, replace
from typing import Annotated, Any, Final

from pydantic import Field

import matching
from matching.what_ifs import Situation, Supposition
from service.changes import Change, Country, Language, MentorId, Text
from service.errors import Invalid
from service.match_answers import RequestId
from service.match_inputs import CRITERIA
from service.match_words import MatchAim
from service.models.vocabulary import (
    PROFICIENCY_RANKS,
    Function,
    Gender,
    Level,
    MissionType,
    Proficiency,
    Region,
    TopCriterion,
)

Share = Annotated[float, Field(ge=0, le=1)]

_FEW: Final = 10
_SOME: Final = 20


class SupposedLanguage(Change):
    """A language somebody would speak."""

    language: Language = Field(description="Its ISO 639 code.")
    proficiency: Proficiency = Field(description="How well.")


class SupposedMentee(Change):
    """A mentee who waits, with facts that would be otherwise; what is left out stays as it is."""

    request_id: RequestId = Field(description="The mentee's request.")
    is_away: bool = Field(False, description="Whether the mentee would not wait at all.")
    goals: Text | None = Field(None, description="What the mentee would want to reach.")
    top_criterion: TopCriterion | None = Field(None, description="What would matter most.")
    preferred_gender: Gender | None = Field(None, description="The wish for a mentor's gender.")
    preferred_mentor_ids: list[MentorId] | None = Field(
        None, max_length=_FEW, description="The mentors wished for, dearest first."
    )
    refused_mentor_ids: list[MentorId] | None = Field(
        None, max_length=_FEW, description="Mentors ruled out beside those who are already."
    )
    languages: list[SupposedLanguage] | None = Field(
        None, max_length=_FEW, description="All languages the mentee would speak."
    )


class SupposedMentor(Change):
    """A mentor, with facts that would be otherwise; what is left out stays as it is."""

    mentor_id: MentorId = Field(description="The mentor.")
    is_away: bool = Field(False, description="Whether the mentor would take no part at all.")
    capacity: int | None = Field(None, ge=0, le=_SOME, description="All places with the mentor.")
    is_available: bool | None = Field(None, description="Whether the mentor would be available.")
    languages: list[SupposedLanguage] | None = Field(
        None, max_length=_FEW, description="All languages the mentor would speak."
    )


class SupposedNewMentor(Change):
    """One more mentor, whom nobody has a conflict with."""

    capacity: int = Field(1, ge=1, le=_SOME, description="How many places.")
    level: Level | None = Field(None, description="The highest grade reached.")
    gender: Gender | None = Field(None, description="The mentor's gender.")
    expertise: Text = Field("", description="What the mentor knows, in words.")
    functions: list[Function] = Field(
        default_factory=list, max_length=_FEW, description="Functions held."
    )
    regions: list[Region] = Field(
        default_factory=list, max_length=_FEW, description="Regions served in."
    )
    mission_types: list[MissionType] = Field(
        default_factory=list, max_length=_FEW, description="Types of missions served in."
    )
    nationalities: list[Country] = Field(
        default_factory=list, max_length=_FEW, description="Codes of Member States."
    )
    languages: list[SupposedLanguage] = Field(max_length=_FEW, description="Languages spoken.")


class SupposedPair(Change):
    """A mentee who waits and a mentor who offers, about whom something would be decided."""

    request_id: RequestId = Field(description="The mentee's request.")
    mentor_id: MentorId = Field(description="The mentor.")


class SupposedWeights(Change):
    """What each feature would add at its best; what is left out stays, and all sum to 1."""

    function: Share | None = Field(None, description="Experience in the mentee's function.")
    mission_context: Share | None = Field(None, description="Experience in the mission's context.")
    mandate_tasks: Share | None = Field(None, description="Experience with its tasks.")
    seniority: Share | None = Field(None, description="Seniority.")
    languages: Share | None = Field(None, description="Languages in common.")
    time_zone: Share | None = Field(None, description="Working hours in common.")
    goals: Share | None = Field(None, description="Expertise for the mentee's goals.")
    preferred_mentor: Share | None = Field(None, description="The mentee's own choice.")
    mentor_gender: Share | None = Field(None, description="The wish for the mentor's gender.")
    top_criterion: Share | None = Field(None, description="What matters most to the mentee.")


class WhatIfMatch(Change):
    """What is supposed to be otherwise; nothing of it is stored."""

    mentees: list[SupposedMentee] = Field(
        default_factory=list, max_length=_SOME, description="Mentees with other facts."
    )
    mentors: list[SupposedMentor] = Field(
        default_factory=list, max_length=_SOME, description="Mentors with other facts."
    )
    new_mentors: list[SupposedNewMentor] = Field(
        default_factory=list, max_length=_FEW, description="More mentors."
    )
    pins: list[SupposedPair] = Field(
        default_factory=list,
        max_length=_SOME,
        description="Pairs that would have to be proposed, beside those decided on already.",
    )
    bans: list[SupposedPair] = Field(
        default_factory=list,
        max_length=_SOME,
        description="Pairs that could not be proposed, beside those decided on already.",
    )
    aim: MatchAim | None = Field(None, description="Another aim.")
    weights: SupposedWeights | None = Field(None, description="Other weights.")
    unmatched_value: Share | None = Field(None, description="Another least score.")
    working_language: Proficiency | None = Field(
        None, description="From which level on a language in common would count."
    )


def configured(given: WhatIfMatch, programme: matching.Configuration) -> matching.Configuration:
    """The programme's configuration with what was given. Refuses weights that do not sum to 1.

    Steps that a model has learned lead to its own weights, and give way to other ones.
    """
    settings: dict[str, Any] = {}
    if given.weights:
        weights = {name: value for name, value in given.weights.given.items() if value is not None}
        try:
            settings |= {"weights": replace(programme.weights, **weights), "curves": ()}
        except matching.InvalidConfiguration as error:
            total = sum((asdict(programme.weights) | weights).values())
            message = f"The weights sum to {total:g} with those left out; make it 1."
            raise Invalid(message, path=("input", "weights")) from error
    if given.unmatched_value is not None:
        settings["unmatched_value"] = given.unmatched_value
    if given.aim is not None:
        settings["aim"] = matching.Aim(given.aim)
    if given.working_language is not None:
        settings["working_language_level"] = PROFICIENCY_RANKS[given.working_language]
    return replace(programme, **settings)


def supposed(
    situation: Situation, given: WhatIfMatch, configuration: matching.Configuration
) -> Supposition:
    """What was given, as the matcher supposes it. Refuses who does not wait or offer now."""
    vetoes = {one.id: one.vetoed_mentors for one in situation.mentees}
    offering = {one.id for one in situation.mentors}
    mentees = {str(one.request_id): one for one in given.mentees}
    mentors = {str(one.mentor_id): one for one in given.mentors}
    _check(list(mentees), len(given.mentees), vetoes.keys(), "mentees")
    _check(list(mentors), len(given.mentors), offering, "mentors")
    for group, pairs in (("pins", given.pins), ("bans", given.bans)):
        _check_pairs(pairs, vetoes.keys(), offering, group)
    away = {key for people in (mentees, mentors) for key, one in people.items() if one.is_away}
    return Supposition(
        mentees={key: _mentee_facts(one, vetoes[key]) for key, one in mentees.items()},
        mentors={key: _mentor_facts(one) for key, one in mentors.items()},
        more_mentors=tuple(_mentor(place, one) for place, one in enumerate(given.new_mentors)),
        away=frozenset(away),
        pins=_pairs(given.pins),
        bans=_pairs(given.bans),
        configuration=configuration,
    )


def _check(ids: Sequence[str], given: int, known: Collection[str], group: str) -> None:
    if len(ids) < given:
        raise Invalid("Somebody is named twice; say all about them once.", path=("input", group))
    key = "request_id" if group == "mentees" else "mentor_id"
    for place, one in enumerate(ids):
        _require(one, known, (group, str(place), key))


def _check_pairs(
    pairs: Sequence[SupposedPair],
    waiting: Collection[str],
    offering: Collection[str],
    group: str,
) -> None:
    for place, one in enumerate(pairs):
        _require(str(one.request_id), waiting, (group, str(place), "request_id"))
        _require(str(one.mentor_id), offering, (group, str(place), "mentor_id"))


def _require(one: str, known: Collection[str], path: tuple[str, ...]) -> None:
    if one not in known:
        noun, verb = ("mentee", "wait") if path[-1] == "request_id" else ("mentor", "offer places")
        message = f"This {noun} does not {verb} now; name one who does."
        raise Invalid(message, path=("input", *path))


def _pairs(pairs: Sequence[SupposedPair]) -> matching.terms.Pairs:
    return frozenset((str(one.request_id), str(one.mentor_id)) for one in pairs)


def _mentee_facts(one: SupposedMentee, vetoed: frozenset[str]) -> dict[str, Any]:
    given = one.model_fields_set
    facts: dict[str, Any] = {}
    if one.goals is not None:
        facts["goals"] = one.goals
    if "top_criterion" in given:
        facts["top_criterion"] = CRITERIA[one.top_criterion] if one.top_criterion else None
    if "preferred_gender" in given:
        facts["mentor_gender_preference"] = one.preferred_gender
    if one.preferred_mentor_ids is not None:
        facts["preferred_mentors"] = tuple(map(str, one.preferred_mentor_ids))
    if one.refused_mentor_ids is not None:
        facts["vetoed_mentors"] = vetoed | set(map(str, one.refused_mentor_ids))
    if one.languages is not None:
        facts["languages"] = _spoken(one.languages)
    return facts


def _mentor_facts(one: SupposedMentor) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if one.capacity is not None:
        facts["capacity"] = one.capacity
    if one.is_available is not None:
        facts["available"] = one.is_available
    if one.languages is not None:
        facts["languages"] = _spoken(one.languages)
    return facts


def _mentor(place: int, one: SupposedNewMentor) -> matching.Mentor:
    return matching.Mentor(
        id=new_id(place),
        person_id=new_id(place),
        capacity=one.capacity,
        available=True,
        functions=frozenset(one.functions),
        level=one.level,
        regions=frozenset(one.regions),
        mission_types=frozenset(one.mission_types),
        languages=_spoken(one.languages),
        nationalities=frozenset(one.nationalities),
        expertise=one.expertise,
        gender=one.gender,
        conflicts=frozenset(),
    )


def new_id(place: int) -> str:
    """What the matcher calls the new mentor at this place; no row has such an id."""
    return f"supposed {place}"


def _spoken(languages: Sequence[SupposedLanguage]) -> dict[str, int]:
    return {one.language: PROFICIENCY_RANKS[one.proficiency] for one in languages}
