"""A leader's request for a mentor: goals, wishes and refusals.

What is said about a mentor here is the mentee's own and never shown to that mentor.
"""

from datetime import datetime
from typing import Any

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from service.access.conditions import Blank, Compare, Some
from service.access.roles import Assignment
from service.access.rules import Rules
from service.models.appointments import Appointment
from service.models.mentors import Mentor
from service.models.people import Person
from service.models.rows import Row
from service.models.vocabulary import Gender, PreferenceKind, RequestState, TopCriterion


class MentorshipRequest(Row):
    """A head or deputy head of mission who asks for a mentor."""

    access = Rules(
        "mentorship_request",
        own=Compare("person_id", "=", Blank.ME),
        assigned={
            Assignment.MISSION: Some(
                "appointment", Some("post", Compare("mission_id", "in", Blank.MY_MISSIONS))
            ),
            Assignment.MENTOR: Some(
                "mentorships", Some("mentor", Compare("person_id", "=", Blank.ME))
            ),
        },
        guarded={
            "read_file": frozenset(
                {
                    "preferred_gender",
                    "refused_nationalities",
                    "top_criterion",
                    "conflicts_declared_at",
                    "version",
                }
            )
        },
    )

    uneven = frozenset({"state"})

    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name="mentorship_requests", on_delete=fields.RESTRICT
    )
    person_id: Any
    appointment: fields.ForeignKeyRelation[Appointment] = fields.ForeignKeyField(
        "models.Appointment", related_name="mentorship_requests", on_delete=fields.RESTRICT
    )
    appointment_id: Any
    state = fields.CharEnumField(RequestState, max_length=10, default=RequestState.WAITING)
    goals = fields.TextField()
    top_criterion = fields.CharEnumField(TopCriterion, max_length=20, null=True)
    preferred_gender = fields.CharEnumField(Gender, max_length=10, null=True)
    refused_nationalities: list[str] = ArrayField("text", default=list)
    time_zone = fields.CharField(max_length=60, null=True)
    conflicts_declared_at: datetime | None = fields.DatetimeField(null=True)
    requested_at: datetime = fields.DatetimeField()
    version = fields.IntField(default=1)
    preferences: fields.ReverseRelation["MentorPreference"]
    proposals: fields.ReverseRelation[Any]
    mentorships: fields.ReverseRelation[Any]

    class Meta:
        table = "mentorship_request"
        indexes = [
            Index(fields=("state", "requested_at"), name="mentorship_request_state_idx"),
            Index(fields=("person_id",), name="mentorship_request_person_idx"),
            Index(fields=("appointment_id",), name="mentorship_request_appointment_idx"),
        ]
        constraints = [
            UniqueConstraint(
                ("person_id",),
                "mentorship_request_open_uniq",
                condition="state IN ('WAITING', 'MATCHED')",
            ),
            CheckConstraint("btrim(goals) <> ''", "mentorship_request_goals_check"),
        ]


class MentorPreference(Row):
    """A mentor whom a mentee prefers, with a rank, or refuses."""

    access = Rules(
        "mentorship_request",
        verb="read_file",
        own=Some("request", Compare("person_id", "=", Blank.ME)),
    )

    request: fields.ForeignKeyRelation[MentorshipRequest] = fields.ForeignKeyField(
        "models.MentorshipRequest", related_name="preferences", on_delete=fields.CASCADE
    )
    request_id: Any
    mentor: fields.ForeignKeyRelation[Mentor] = fields.ForeignKeyField(
        "models.Mentor", related_name="preferences", on_delete=fields.CASCADE
    )
    mentor_id: Any
    kind = fields.CharEnumField(PreferenceKind, max_length=10)
    rank = fields.SmallIntField(null=True)

    class Meta:
        table = "mentor_preference"
        constraints = [
            UniqueConstraint(("request_id", "mentor_id"), "mentor_preference_uniq"),
            CheckConstraint(
                "(kind = 'PREFERRED') = (rank IS NOT NULL)", "mentor_preference_rank_check"
            ),
        ]
