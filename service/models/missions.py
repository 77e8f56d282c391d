"""Missions and what they were mandated to do.

Areas may be disputed and then have no country; dates say how exactly they are known.
"""

from datetime import date
from typing import Any

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.contrib.postgres.indexes import GinIndex
from tortoise.migrations.constraints import CheckConstraint

from service.access.conditions import ALWAYS
from service.access.rules import Rules
from service.models.rows import Derived, Row
from service.models.vocabulary import MissionType, Precision, Region


class Mission(Row):
    """A peace operation or a special political mission."""

    access = Rules("mission", public=ALWAYS)
    derived = {
        "is_active": Derived(
            "({row}.ended_on IS NULL OR {row}.ended_on >= CURRENT_DATE)"
            " AND {row}.started_on <= CURRENT_DATE",
            bool,
        ),
    }

    acronym = fields.CharField(max_length=40, unique=True)
    name = fields.CharField(max_length=200)
    name_fr = fields.CharField(max_length=200, null=True)
    mission_type = fields.CharEnumField(MissionType, max_length=20)
    area = fields.CharField(max_length=120)
    region = fields.CharEnumField(Region, max_length=20)
    headquarters = fields.CharField(max_length=120, null=True)
    country = fields.CharField(max_length=3, null=True)
    head_title = fields.CharField(max_length=120, null=True)
    started_on: date = fields.DateField()
    started_precision = fields.CharEnumField(Precision, max_length=5, default=Precision.DAY)
    ended_on: date | None = fields.DateField(null=True)
    ended_precision = fields.CharEnumField(Precision, max_length=5, null=True)
    planned_end_on: date | None = fields.DateField(null=True)
    working_languages: list[str] = ArrayField("text")
    mandate_tasks: list[str] = ArrayField("text")
    predecessors: fields.ManyToManyRelation["Mission"] = fields.ManyToManyField(
        "models.Mission",
        related_name="successors",
        through="mission_lineage",
        forward_key="predecessor_id",
        backward_key="successor_id",
    )
    successors: fields.ManyToManyRelation["Mission"]
    posts: fields.ReverseRelation[Any]

    class Meta:
        table = "mission"
        indexes = [GinIndex(fields=("mandate_tasks",), name="mission_mandate_tasks_gin")]
        constraints = [
            CheckConstraint("ended_on IS NULL OR ended_on >= started_on", "mission_period_check"),
            CheckConstraint(
                "(ended_on IS NULL) = (ended_precision IS NULL)", "mission_end_precision_check"
            ),
            CheckConstraint("country ~ '^[A-Z]{3}$'", "mission_country_check"),
        ]
