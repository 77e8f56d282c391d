"""Whom a run served how well: the figures of its fairness audit, group by group.

They are written once with their run and never changed. No figure of a group of few is ever
kept: its row says that there are too few, and nothing else.
"""

from typing import Any

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from service.access.rules import Rules
from service.models.match_runs import MatchRun
from service.models.rows import Row
from service.models.vocabulary import AuditMeasure, GroupKind, PairSide

MINIMUM_CELL = 10
"""People below which no figure of their group is kept."""


class MatchAudit(Row):
    """One measure of one group in the audit of a run, or why there is none."""

    access = Rules("match_audit")

    run: fields.ForeignKeyRelation[MatchRun] = fields.ForeignKeyField(
        "models.MatchRun", related_name="audits", on_delete=fields.RESTRICT
    )
    run_id: Any
    measure = fields.CharEnumField(AuditMeasure, max_length=20)
    side = fields.CharEnumField(PairSide, max_length=10)
    group_kind = fields.CharEnumField(GroupKind, max_length=10)
    group_value = fields.CharField(max_length=60)
    value: float | None = fields.FloatField(null=True)
    low: float | None = fields.FloatField(null=True)
    high: float | None = fields.FloatField(null=True)
    people: int | None = fields.IntField(null=True)
    reason = fields.TextField(null=True)

    class Meta:
        table = "match_audit"
        constraints = [
            UniqueConstraint(
                ("run_id", "measure", "side", "group_kind", "group_value"), "match_audit_uniq"
            ),
            CheckConstraint(
                "(value IS NULL) = (reason IS NOT NULL) AND (value IS NULL) = (low IS NULL)"
                " AND (value IS NULL) = (high IS NULL) AND (value IS NULL) = (people IS NULL)",
                "match_audit_figure_check",
            ),
            CheckConstraint(f"people >= {MINIMUM_CELL}", "match_audit_people_check"),
            CheckConstraint("low <= high", "match_audit_interval_check"),
        ]
