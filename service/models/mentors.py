"""Former leaders who support others, and declared conflicts of interest.

Capacity is a promise the database keeps: no mentor ever holds more active pairs.
"""

from datetime import date, datetime
from typing import Any

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from service.access.conditions import ALWAYS, Blank, Compare, Some
from service.access.roles import Assignment
from service.access.rules import Rules
from service.models.people import IN_MY_MISSIONS, Person
from service.models.rows import Derived, Row

_ACTIVE = (
    "(SELECT count(*)::int FROM mentorship active"
    " WHERE active.mentor_id = {row}.id AND active.state = 'ACTIVE')"
)


class Mentor(Row):
    """A former leader's offer to mentor; none is made without their consent."""

    access = Rules(
        "mentor",
        own=Compare("person_id", "=", Blank.ME),
        assigned={
            Assignment.MISSION: Some("person", IN_MY_MISSIONS),
            Assignment.MENTEE: ALWAYS,
        },
        guarded={
            "read_file": frozenset(
                {
                    # Mentees see whether a place is free, never how many others hold one.
                    "active_mentorships",
                    "refused_nationalities",
                    "conflicts_declared_at",
                    "consented_at",
                    "version",
                    "created_at",
                }
            )
        },
    )
    derived = {
        "active_mentorships": Derived(_ACTIVE, int),
        "has_free_place": Derived(f"{{row}}.capacity > {_ACTIVE}", bool),
    }

    person: fields.OneToOneRelation[Person] = fields.OneToOneField(
        "models.Person", related_name="mentor", on_delete=fields.RESTRICT
    )
    person_id: Any
    capacity = fields.SmallIntField(default=1)
    available_from: date | None = fields.DateField(null=True)
    available_until: date | None = fields.DateField(null=True)
    themes: list[str] = ArrayField("text", default=list)
    statement = fields.TextField(default="")
    time_zone = fields.CharField(max_length=60, null=True)
    refused_nationalities: list[str] = ArrayField("text", default=list)
    conflicts_declared_at: datetime | None = fields.DatetimeField(null=True)
    consented_at: datetime = fields.DatetimeField()
    withdrawn_at: datetime | None = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)
    mentorships: fields.ReverseRelation[Any]

    class Meta:
        table = "mentor"
        indexes = [
            # With the last column it also holds all that counting those who offer needs to see.
            Index(fields=("capacity", "id", "withdrawn_at"), name="mentor_capacity_idx")
        ]
        constraints = [
            CheckConstraint("capacity BETWEEN 0 AND 5", "mentor_capacity_check"),
            CheckConstraint(
                "available_until IS NULL OR available_from IS NULL"
                " OR available_until >= available_from",
                "mentor_window_check",
            ),
        ]


class DeclaredConflict(Row):
    """A conflict of interest that one person declared with another."""

    access = Rules("mentor", verb="read_file", own=Compare("declared_by_id", "=", Blank.ME))

    declared_by: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name="declared_conflicts", on_delete=fields.CASCADE
    )
    declared_by_id: Any
    other: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name="conflicts_declared_by_others", on_delete=fields.CASCADE
    )
    other_id: Any

    class Meta:
        table = "declared_conflict"
        indexes = [Index(fields=("other_id",), name="declared_conflict_other_idx")]
        constraints = [
            UniqueConstraint(("declared_by_id", "other_id"), "declared_conflict_uniq"),
            CheckConstraint("declared_by_id <> other_id", "declared_conflict_self_check"),
        ]
