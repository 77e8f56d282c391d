"""Reference data: terms with labels, Member States, competency frameworks and rating scales.

Planted by `cadre seed reference` and versioned there; nobody edits it through the API.
"""

from datetime import date
from typing import Any

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.migrations.constraints import UniqueConstraint

from service.access.conditions import ALWAYS
from service.access.rules import Rules
from service.models.rows import Row
from service.models.vocabulary import Precision, TermKind


class Term(Row):
    """One word of a vocabulary with its labels, such as a function or a language."""

    access = Rules("term", public=ALWAYS)

    kind = fields.CharEnumField(TermKind, max_length=20)
    code = fields.CharField(max_length=60)
    label = fields.CharField(max_length=200)
    label_fr = fields.CharField(max_length=200, null=True)
    meaning = fields.TextField(null=True)
    rank = fields.SmallIntField(default=0)

    class Meta:
        table = "term"
        constraints = [UniqueConstraint(("kind", "code"), "term_kind_code_uniq")]


class MemberState(Row):
    """A Member State and the regional groups it takes part in."""

    access = Rules("member_state", public=ALWAYS)

    code = fields.CharField(max_length=3, unique=True)
    name = fields.CharField(max_length=120)
    regional_groups: list[str] = ArrayField("text")
    electoral_group = fields.CharField(max_length=20, null=True)

    class Meta:
        table = "member_state"


class CompetencyFramework(Row):
    """A published set of competencies in one version."""

    access = Rules("competency_framework", public=ALWAYS)

    code = fields.CharField(max_length=60)
    name = fields.CharField(max_length=200)
    edition = fields.CharField(max_length=40)
    adopted_on: date | None = fields.DateField(null=True)
    adopted_precision = fields.CharEnumField(Precision, max_length=5, null=True)
    competencies: fields.ReverseRelation["Competency"]

    class Meta:
        table = "competency_framework"
        constraints = [UniqueConstraint(("code", "edition"), "competency_framework_uniq")]


class Competency(Row):
    """One value, behaviour or competency of a framework."""

    access = Rules("competency_framework", public=ALWAYS)

    framework: fields.ForeignKeyRelation[CompetencyFramework] = fields.ForeignKeyField(
        "models.CompetencyFramework", related_name="competencies", on_delete=fields.CASCADE
    )
    framework_id: Any
    kind = fields.CharField(max_length=20)
    code = fields.CharField(max_length=80)
    label = fields.CharField(max_length=200)
    parent_code = fields.CharField(max_length=80, null=True)

    class Meta:
        table = "competency"
        constraints = [UniqueConstraint(("framework_id", "code"), "competency_uniq")]


class RatingScale(Row):
    """A rating scale in one version, with its levels."""

    access = Rules("rating_scale", public=ALWAYS)

    code = fields.CharField(max_length=60)
    edition = fields.CharField(max_length=40)
    purpose = fields.TextField()
    levels: fields.ReverseRelation["RatingLevel"]

    class Meta:
        table = "rating_scale"
        constraints = [UniqueConstraint(("code", "edition"), "rating_scale_uniq")]


class RatingLevel(Row):
    """One step of a rating scale; `value` is null where the step is a label only."""

    access = Rules("rating_scale", public=ALWAYS)

    scale: fields.ForeignKeyRelation[RatingScale] = fields.ForeignKeyField(
        "models.RatingScale", related_name="levels", on_delete=fields.CASCADE
    )
    scale_id: Any
    rank = fields.SmallIntField()
    label = fields.CharField(max_length=120)
    value = fields.FloatField(null=True)

    class Meta:
        table = "rating_level"
        constraints = [UniqueConstraint(("scale_id", "rank"), "rating_level_uniq")]
