"""Posts of the missions: they outlive their holders.

Function, title and level are three facts in three columns.
"""

from datetime import date
from typing import Any

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from service.access.conditions import ALWAYS, Blank, Compare
from service.access.roles import Assignment
from service.access.rules import Rules
from service.models.missions import Mission
from service.models.rows import Derived, Row
from service.models.vocabulary import Function, Level, Proficiency, Stream

# A holder whom the caller may not see leaves the post vacant to them, or it would give them away.
_HOLDER = (
    "EXISTS (SELECT 1 FROM appointment holding WHERE holding.post_id = {row}.id"
    " AND holding.state IN ('IN_POST', 'EXTENDED') AND {holding})"
)


class Post(Row):
    """A lasting senior position in a mission."""

    access = Rules(
        "post",
        public=ALWAYS,
        assigned={Assignment.MISSION: Compare("mission_id", "in", Blank.MY_MISSIONS)},
    )
    derived = {
        "is_vacant": Derived(
            f"({{row}}.abolished_on IS NULL OR {{row}}.abolished_on >= CURRENT_DATE)"
            f" AND NOT {_HOLDER}",
            bool,
            sees={"holding": "appointments"},
        ),
    }

    mission: fields.ForeignKeyRelation[Mission] = fields.ForeignKeyField(
        "models.Mission", related_name="posts", on_delete=fields.RESTRICT
    )
    mission_id: Any
    reference = fields.CharField(max_length=60, unique=True)
    function = fields.CharEnumField(Function, max_length=40)
    title = fields.CharField(max_length=200)
    level = fields.CharEnumField(Level, max_length=5)
    stream = fields.CharEnumField(Stream, max_length=10)
    delegated_authorities: list[str] = ArrayField("text", default=list)
    established_on: date = fields.DateField()
    abolished_on: date | None = fields.DateField(null=True)
    languages: fields.ReverseRelation["PostLanguage"]
    appointments: fields.ReverseRelation[Any]
    acting_designations: fields.ReverseRelation[Any]

    class Meta:
        table = "post"
        indexes = [
            Index(fields=("mission_id", "function"), name="post_mission_function_idx"),
            Index(fields=("function", "level", "id"), name="post_function_level_idx"),
        ]
        constraints = [
            CheckConstraint(
                "abolished_on IS NULL OR abolished_on >= established_on", "post_period_check"
            ),
        ]


class PostLanguage(Row):
    """A language that the holder of a post must command."""

    access = Rules("post", public=ALWAYS)

    post: fields.ForeignKeyRelation[Post] = fields.ForeignKeyField(
        "models.Post", related_name="languages", on_delete=fields.CASCADE
    )
    post_id: Any
    language = fields.CharField(max_length=3)
    proficiency = fields.CharEnumField(Proficiency, max_length=2)

    class Meta:
        table = "post_language"
        constraints = [UniqueConstraint(("post_id", "language"), "post_language_uniq")]
