"""Models of who suits whom, learned from ratings, and what people decided about them.

A model is stored whole and never changed; only decisions are added, by somebody else than who
trained it. The archive is for the service alone: no type of the API can hold it.
"""

from datetime import datetime
from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from service.access.rules import Rules
from service.models.rows import Derived, Row
from service.models.vocabulary import ModelKind, ModelState


class CompatibilityModel(Row):
    """A model of how well a pair will do, with the figures it was judged by."""

    access = Rules("compatibility_model")

    derived = {"archive_size": Derived("octet_length({row}.archive)", int, is_null=True)}

    model_version = fields.CharField(max_length=60, unique=True)
    kind = fields.CharEnumField(ModelKind, max_length=20)
    state = fields.CharEnumField(ModelState, max_length=10, default=ModelState.DRAFT)
    trained_at: datetime = fields.DatetimeField()
    trained_by_id: Any = fields.UUIDField(null=True)
    row_count = fields.IntField()
    verdict = fields.TextField()
    figures: dict[str, Any] = fields.JSONField()
    archive: bytes | None = fields.BinaryField(null=True)
    archive_sha256 = fields.CharField(max_length=64, null=True)
    decided_at: datetime | None = fields.DatetimeField(null=True)
    decided_by_id: Any = fields.UUIDField(null=True)
    decision_reason = fields.TextField(null=True)
    retired_at: datetime | None = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        table = "compatibility_model"
        indexes = [Index(fields=("trained_at", "id"), name="compatibility_model_trained_idx")]
        constraints = [
            UniqueConstraint(
                ("state",), "compatibility_model_approved_uniq", condition="state = 'APPROVED'"
            ),
            CheckConstraint("row_count >= 0", "compatibility_model_rows_check"),
            CheckConstraint(
                "(kind = 'EXPERT_WEIGHTS') = (archive IS NULL)"
                " AND (archive IS NULL) = (archive_sha256 IS NULL)",
                "compatibility_model_archive_check",
            ),
            CheckConstraint(
                "archive_sha256 = encode(sha256(archive), 'hex')",
                "compatibility_model_sha256_check",
            ),
            CheckConstraint(
                "(state = 'DRAFT') = (decided_at IS NULL)"
                " AND (decided_at IS NULL) = (decided_by_id IS NULL)"
                " AND (decided_at IS NULL) = (decision_reason IS NULL)",
                "compatibility_model_decision_check",
            ),
            CheckConstraint(
                "(state = 'RETIRED') = (retired_at IS NOT NULL)",
                "compatibility_model_retired_check",
            ),
            CheckConstraint(
                "state NOT IN ('APPROVED', 'RETIRED')"
                " OR decided_by_id IS DISTINCT FROM trained_by_id",
                "compatibility_model_four_eyes_check",
            ),
        ]
