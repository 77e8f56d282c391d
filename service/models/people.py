"""People and their careers: one file a person, whatever vacancy they are named for.

Gender and nationality are as declared; no value means not declared, never a guess.
"""

from datetime import date
from typing import Any

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.contrib.postgres.indexes import GinIndex
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from service.access.conditions import (
    ALWAYS,
    Blank,
    Compare,
    Condition,
    Some,
    all_of,
    any_of,
)
from service.access.roles import Assignment
from service.access.rules import Rules
from service.models.missions import Mission
from service.models.posts import Post
from service.models.rows import Row
from service.models.vocabulary import (
    Availability,
    Function,
    Gender,
    Level,
    Precision,
    Proficiency,
    Stream,
)

ANNOUNCED = all_of(
    [
        Compare("announced_on", "<=", Blank.TODAY),
        Compare("state", "in", ["IN_POST", "EXTENDED", "ENDED", "DEBRIEFED", "FORMER_LEADER"]),
    ]
)
_IN_MY_MISSIONS = any_of(
    [
        Some("appointments", Some("post", Compare("mission_id", "in", Blank.MY_MISSIONS))),
        Some("experiences", Compare("mission_id", "in", Blank.MY_MISSIONS)),
    ]
)
_IN_THE_PROGRAMME = any_of([Some("mentor", ALWAYS), Some("mentorship_requests", ALWAYS)])
_MY_MENTEE = Some(
    "mentorship_requests",
    Some("mentorships", Some("mentor", Compare("person_id", "=", Blank.ME))),
)
_SCOPES: dict[Assignment, Condition] = {
    Assignment.MISSION: _IN_MY_MISSIONS,
    Assignment.PROGRAMME: _IN_THE_PROGRAMME,
    Assignment.MENTOR: _MY_MENTEE,
    Assignment.MENTEE: Some("mentor", ALWAYS),
}


def _file_rules() -> Rules:
    """The rules of what lies in a person's file: the file's own permission opens each row."""
    return Rules(
        "person",
        verb="read_file",
        own=Compare("person_id", "=", Blank.ME),
        assigned={kind: Some("person", condition) for kind, condition in _SCOPES.items()},
    )


class Person(Row):
    """Somebody who is, was or may become a senior leader."""

    access = Rules(
        "person",
        public=any_of(
            [
                Some("appointments", ANNOUNCED),
                Some("acting_designations", Compare("announced_on", "<=", Blank.TODAY)),
            ]
        ),
        own=Compare("id", "=", Blank.ME),
        assigned=_SCOPES,
        guarded={
            "read_file": frozenset(
                {
                    "gender",
                    "nationalities",
                    "regional_groups",
                    "availability",
                    "available_from",
                    "expertise",
                    "search",
                    "pipeline_since",
                    "seniority",
                    "highest_level",
                    "version",
                    "created_at",
                }
            )
        },
    )

    given_names = fields.CharField(max_length=120)
    family_name = fields.CharField(max_length=120)
    gender = fields.CharEnumField(Gender, max_length=10, null=True)
    nationalities: list[str] = ArrayField("text", default=list)
    regional_groups: list[str] = ArrayField("text", default=list)
    expertise = fields.TextField(default="")
    availability = fields.CharEnumField(
        Availability, max_length=20, default=Availability.NOT_AVAILABLE
    )
    available_from: date | None = fields.DateField(null=True)
    pipeline_since: date | None = fields.DateField(null=True)
    seniority = fields.SmallIntField(default=0)
    highest_level = fields.CharEnumField(Level, max_length=5, null=True)
    is_invented = fields.BooleanField(default=False)
    version = fields.IntField(default=1)
    languages: fields.ReverseRelation["PersonLanguage"]
    education: fields.ReverseRelation["Education"]
    experiences: fields.ReverseRelation["Experience"]
    appointments: fields.ReverseRelation[Any]
    acting_designations: fields.ReverseRelation[Any]
    mentorship_requests: fields.ReverseRelation[Any]

    class Meta:
        table = "person"
        indexes = [
            Index(fields=("family_name", "id"), name="person_family_name_idx"),
            Index(fields=("seniority", "id"), name="person_seniority_idx"),
            GinIndex(fields=("nationalities",), name="person_nationalities_gin"),
            GinIndex(fields=("regional_groups",), name="person_regional_groups_gin"),
        ]
        constraints = [
            CheckConstraint(
                "(availability = 'AVAILABLE_FROM') = (available_from IS NOT NULL)",
                "person_available_from_check",
            ),
            CheckConstraint("btrim(family_name) <> ''", "person_family_name_check"),
        ]


class PersonLanguage(Row):
    """A language a person commands, and how well."""

    access = _file_rules()

    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name="languages", on_delete=fields.CASCADE
    )
    person_id: Any
    language = fields.CharField(max_length=3)
    proficiency = fields.CharEnumField(Proficiency, max_length=2)

    class Meta:
        table = "person_language"
        indexes = [
            Index(
                fields=("language", "proficiency", "person_id"), name="person_language_search_idx"
            )
        ]
        constraints = [UniqueConstraint(("person_id", "language"), "person_language_uniq")]


class Education(Row):
    """A degree or course of study."""

    access = _file_rules()

    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name="education", on_delete=fields.CASCADE
    )
    person_id: Any
    institution = fields.CharField(max_length=200)
    degree = fields.CharField(max_length=120)
    subject = fields.CharField(max_length=120, null=True)
    completed_year = fields.SmallIntField(null=True)

    class Meta:
        table = "education"
        indexes = [Index(fields=("person_id",), name="education_person_idx")]
        constraints = [
            CheckConstraint("completed_year BETWEEN 1930 AND 2100", "education_year_check")
        ]


class Experience(Row):
    """A period of service: in a mission, or elsewhere for an organisation."""

    access = _file_rules()

    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name="experiences", on_delete=fields.CASCADE
    )
    person_id: Any
    mission: fields.ForeignKeyNullableRelation[Mission] = fields.ForeignKeyField(
        "models.Mission", related_name="experiences", on_delete=fields.RESTRICT, null=True
    )
    mission_id: Any
    post: fields.ForeignKeyNullableRelation[Post] = fields.ForeignKeyField(
        "models.Post", related_name="experiences", on_delete=fields.RESTRICT, null=True
    )
    post_id: Any
    supervisor: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name="supervised_experiences", on_delete=fields.SET_NULL, null=True
    )
    supervisor_id: Any
    organisation = fields.CharField(max_length=200, null=True)
    function = fields.CharEnumField(Function, max_length=40, null=True)
    title = fields.CharField(max_length=200)
    level = fields.CharEnumField(Level, max_length=5, null=True)
    stream = fields.CharEnumField(Stream, max_length=10)
    started_on: date = fields.DateField()
    started_precision = fields.CharEnumField(Precision, max_length=5, default=Precision.DAY)
    ended_on: date | None = fields.DateField(null=True)
    ended_precision = fields.CharEnumField(Precision, max_length=5, null=True)

    class Meta:
        table = "experience"
        indexes = [
            Index(fields=("person_id", "started_on"), name="experience_person_idx"),
            Index(fields=("mission_id", "function", "person_id"), name="experience_mission_idx"),
            Index(fields=("function", "level", "person_id"), name="experience_function_idx"),
            Index(fields=("supervisor_id",), name="experience_supervisor_idx"),
        ]
        constraints = [
            CheckConstraint(
                "ended_on IS NULL OR ended_on >= started_on", "experience_period_check"
            ),
            CheckConstraint(
                "(ended_on IS NULL) = (ended_precision IS NULL)", "experience_end_precision_check"
            ),
            CheckConstraint(
                "mission_id IS NOT NULL OR organisation IS NOT NULL", "experience_place_check"
            ),
            CheckConstraint(
                "supervisor_id IS NULL OR supervisor_id <> person_id",
                "experience_supervisor_check",
            ),
        ]
