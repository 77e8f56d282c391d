"""People's files: opening one, keeping it up, and recording what somebody has done.

It refuses changes made on an older version, and dates that run backwards.
"""

import functools
from datetime import date
from uuid import UUID

from pydantic import Field

from service import audit, models, permits, reference
from service.access.actors import Actor
from service.access.conditions import Compare
from service.changes import Change, Country, Language, Line, MissionId, Name, PersonId, PostId, Text
from service.errors import Invalid
from service.models.vocabulary import (
    Availability,
    Function,
    Gender,
    Level,
    Precision,
    Proficiency,
    Stream,
)
from service.operations import Meaning, operation
from service.revisions import Revision, revision

# Who counts as a candidate: somebody who has joined the pipeline.
CANDIDATES = Compare("pipeline_since", "null", value=False)
_CONSTRAINTS = {
    "person_available_from_check": Meaning(
        "A date of availability goes with AVAILABLE_FROM, and only with it.",
        ("available_from",),
    ),
    "experience_period_check": Meaning(
        "The period ends before it starts; correct its last day.", ("ended_on",)
    ),
    "experience_place_check": Meaning(
        "Name the mission, or the organisation served.", ("organisation",)
    ),
    "experience_supervisor_check": Meaning("Nobody supervises themselves.", ("supervisor_id",)),
    "experience_end_precision_check": Meaning(
        "A precision goes with a last day; give that day too, or leave this out.",
        ("ended_precision",),
    ),
}


class LanguageSkill(Change):
    """A language and how well it is commanded."""

    language: Language = Field(description="ISO 639 code, such as fr.")
    proficiency: Proficiency = Field(description="Level on the Common European Framework.")


class Degree(Change):
    """A degree or course of study."""

    institution: Line = Field(description="Where it was taken.")
    degree: Name = Field(description="What it is called.")
    subject: Name | None = Field(None, description="In what.")
    completed_year: int | None = Field(
        None, ge=1930, le=2100, description="The year of completion, 1930 to 2100."
    )


class NewPerson(Change):
    """What opens a person's file."""

    given_names: Name = Field(description="Given names, as the person writes them.")
    family_name: Name = Field(description="Family name, as the person writes it.")
    gender: Gender | None = Field(None, description="As declared by the person; null: undeclared.")
    nationalities: list[Country] = Field([], max_length=10, description="ISO 3166 alpha-3 codes.")
    languages: list[LanguageSkill] = Field([], max_length=40, description="Languages commanded.")
    education: list[Degree] = Field([], max_length=20, description="Degrees and studies.")
    expertise: Text = Field("", description="What the person knows best, in their own words.")
    availability: Availability = Field(
        Availability.NOT_AVAILABLE, description="Whether the person can take up a post."
    )
    available_from: date | None = Field(
        None, description="First day of availability, with AVAILABLE_FROM only."
    )
    pipeline_since: date | None = Field(
        None, description="The day the person joined the pipeline; null: not a candidate."
    )


class PersonUpdate(Change):
    """What changes in a person's file; what is omitted stays."""

    id: PersonId = Field(description="Whose file.")
    version: int = Field(description="The version of the file that was read.")
    given_names: Name = Field("", description="Given names.")
    family_name: Name = Field("", description="Family name.")
    gender: Gender | None = Field(None, description="As declared; null: undeclared.")
    nationalities: list[Country] = Field([], max_length=10, description="Replaces all of them.")
    languages: list[LanguageSkill] = Field([], max_length=40, description="Replaces all of them.")
    expertise: Text = Field("", description="Replaces the text.")
    availability: Availability = Field(
        Availability.NOT_AVAILABLE, description="Whether the person can take up a post."
    )
    available_from: date | None = Field(None, description="First day of availability, or null.")
    pipeline_since: date | None = Field(None, description="Null takes the person out.")


class NewExperience(Change):
    """A period of service to record."""

    person_id: PersonId = Field(description="Whose service.")
    mission_id: MissionId | None = Field(None, description="The mission served, if it was one.")
    post_id: PostId | None = Field(None, description="The post held, if it is on record.")
    supervisor_id: PersonId | None = Field(None, description="Who supervised.")
    organisation: Line | None = Field(None, description="The organisation, outside missions.")
    function: Function | None = Field(None, description="What the person did.")
    title: Line = Field(description="The title held.")
    level: Level | None = Field(None, description="The grade held.")
    stream: Stream = Field(description="Civilian, military or police.")
    started_on: date = Field(description="First day.")
    started_precision: Precision = Field(Precision.DAY, description="How exactly it is known.")
    ended_on: date | None = Field(None, description="Last day; null while it lasts.")
    ended_precision: Precision | None = Field(None, description="How exactly the end is known.")


@operation("create.person", _CONSTRAINTS)
async def create(change: NewPerson, *, by: Actor) -> models.Person:
    """A new file. Refuses callers who may not create any, and doubled languages."""
    permits.require(by, "create", "person")
    await reference.check_states(change.nationalities, ("nationalities",))
    values = {name: getattr(change, name) for name in _COLUMNS}
    person = await models.Person.create(**values)
    await _replace_languages(person, change.languages)
    for degree in change.education:
        await models.Education.create(person=person, **degree.model_dump())
    await audit.record(audit.Entry(person, "create", audit.initial(values)), by=by)
    return person


@revision("update.person", _CONSTRAINTS)
async def update(change: PersonUpdate, row: models.Person) -> Revision:
    """The changed file. Refuses unless the version is today's; omitted fields stay."""
    given = change.given
    if "nationalities" in given:
        await reference.check_states(change.nationalities, ("nationalities",))
    changed = audit.difference(row, {name: given[name] for name in _COLUMNS if name in given})
    columns, first = tuple(changed), None
    if "languages" in given:
        before = await models.PersonLanguage.filter(person=row).order_by("language")
        changed["languages"] = (
            [f"{skill.language}:{skill.proficiency}" for skill in before],
            [f"{skill.language}:{skill.proficiency}" for skill in change.languages],
        )
        first = functools.partial(_replace_languages, row, change.languages)
    return Revision(audit.Entry(row, "update", changed), columns, first)


@operation("record_experience.person", _CONSTRAINTS)
async def record_experience(change: NewExperience, *, by: Actor) -> models.Experience:
    """The recorded period. Refuses periods that end before they start."""
    person = await locked(change.person_id, "record_experience", by=by, path=("person_id",))
    if change.mission_id and not await models.Mission.exists(id=change.mission_id):
        raise permits.missing(models.Mission, path=("mission_id",))
    await _check_post(change)
    if change.supervisor_id:
        await permits.require_on(
            by, "read", models.Person, change.supervisor_id, path=("supervisor_id",)
        )
    values = change.model_dump()
    if change.ended_on and not change.ended_precision:
        values["ended_precision"] = Precision.DAY
    experience = await models.Experience.create(**values)
    entry = audit.initial({f"experience.{name}": value for name, value in values.items()})
    await audit.record(audit.Entry(person, "record_experience", entry), by=by)
    return experience


async def locked(
    person_id: UUID, verb: str, *, by: Actor, path: tuple[str, ...] = ("id",)
) -> models.Person:
    """The person's row, locked until the transaction ends, if the actor may `verb` it."""
    return await permits.locked(by, verb, models.Person, person_id, path=path)


_COLUMNS = (
    "given_names",
    "family_name",
    "gender",
    "nationalities",
    "expertise",
    "availability",
    "available_from",
    "pipeline_since",
)


async def _check_post(change: NewExperience) -> None:
    if change.post_id is None:
        return
    post = await models.Post.get_or_none(id=change.post_id)
    if post is None:
        raise permits.missing(models.Post, path=("post_id",))
    if change.mission_id != post.mission_id:
        raise Invalid("The post belongs to another mission.", path=("mission_id",))


async def _replace_languages(person: models.Person, skills: list[LanguageSkill]) -> None:
    codes = [skill.language for skill in skills]
    if len(set(codes)) < len(codes):
        raise Invalid("Each language stands once; give its highest level.", path=("languages",))
    await models.PersonLanguage.filter(person=person).delete()
    await models.PersonLanguage.bulk_create(
        [models.PersonLanguage(person=person, **skill.model_dump()) for skill in skills]
    )
