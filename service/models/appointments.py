"""Appointments to posts, and who covers a post meanwhile.

The database itself refuses two substantive holders of one post at one time.
"""

from datetime import date
from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

from service.access.conditions import Blank, Compare, Some
from service.access.roles import Assignment
from service.access.rules import Rules
from service.models.people import ANNOUNCED, Person
from service.models.posts import Post
from service.models.rows import Row, descending
from service.models.vocabulary import ActingKind, AppointmentState, CauseOfEnd

_IN_MY_MISSIONS = Some("post", Compare("mission_id", "in", Blank.MY_MISSIONS))


class Appointment(Row):
    """One person's term in one post, from offer to former leader."""

    access = Rules(
        "appointment",
        public=ANNOUNCED,
        own=Compare("person_id", "=", Blank.ME),
        assigned={Assignment.MISSION: _IN_MY_MISSIONS},
        guarded={"read_file": frozenset({"cause_of_end", "offered_on", "version", "created_at"})},
    )

    uneven = frozenset({"state"})

    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name="appointments", on_delete=fields.RESTRICT
    )
    person_id: Any
    post: fields.ForeignKeyRelation[Post] = fields.ForeignKeyField(
        "models.Post", related_name="appointments", on_delete=fields.RESTRICT
    )
    post_id: Any
    state = fields.CharEnumField(AppointmentState, max_length=20)
    offered_on: date | None = fields.DateField(null=True)
    started_on: date | None = fields.DateField(null=True)
    term_ends_on: date | None = fields.DateField(null=True)
    ended_on: date | None = fields.DateField(null=True)
    cause_of_end = fields.CharEnumField(CauseOfEnd, max_length=20, null=True)
    announced_on: date | None = fields.DateField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        table = "appointment"
        indexes = [
            Index(fields=("post_id", "state"), name="appointment_post_idx"),
            Index(fields=("state", "post_id"), name="appointment_state_idx"),
            Index(fields=("person_id", "started_on"), name="appointment_person_idx"),
            Index(
                fields=(descending("started_on", is_null=True), descending("id")),
                name="appointment_latest_start_idx",
            ),
            Index(
                fields=(descending("ended_on", is_null=True), descending("id")),
                name="appointment_latest_end_idx",
            ),
            Index(fields=("term_ends_on", "id"), name="appointment_term_idx"),
        ]
        constraints = [
            CheckConstraint(
                "ended_on IS NULL OR ended_on >= started_on", "appointment_period_check"
            ),
            CheckConstraint(
                "term_ends_on IS NULL OR started_on IS NULL OR term_ends_on >= started_on",
                "appointment_term_check",
            ),
            CheckConstraint(
                "state IN ('OFFERED', 'ACCEPTED', 'CLEARED_TO_TRAVEL', 'DECLINED', 'WITHDRAWN')"
                " OR started_on IS NOT NULL",
                "appointment_start_check",
            ),
            CheckConstraint(
                "(state IN ('ENDED', 'DEBRIEFED', 'FORMER_LEADER')) = (ended_on IS NOT NULL)"
                " AND (ended_on IS NULL) = (cause_of_end IS NULL)",
                "appointment_end_check",
            ),
        ]


class ActingDesignation(Row):
    """Temporary cover of a post, perhaps beside the person's own post."""

    access = Rules(
        "acting_designation",
        public=Compare("announced_on", "<=", Blank.TODAY),
        own=Compare("person_id", "=", Blank.ME),
        assigned={Assignment.MISSION: _IN_MY_MISSIONS},
    )

    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name="acting_designations", on_delete=fields.RESTRICT
    )
    person_id: Any
    post: fields.ForeignKeyRelation[Post] = fields.ForeignKeyField(
        "models.Post", related_name="acting_designations", on_delete=fields.RESTRICT
    )
    post_id: Any
    kind = fields.CharEnumField(ActingKind, max_length=20)
    started_on: date = fields.DateField()
    ended_on: date | None = fields.DateField(null=True)
    announced_on: date | None = fields.DateField(null=True)

    class Meta:
        table = "acting_designation"
        indexes = [
            Index(fields=("post_id", "started_on"), name="acting_designation_post_idx"),
            Index(fields=("person_id",), name="acting_designation_person_idx"),
        ]
        constraints = [
            CheckConstraint(
                "ended_on IS NULL OR ended_on >= started_on", "acting_designation_period_check"
            )
        ]
