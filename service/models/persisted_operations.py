"""Operations that front ends were built with, known by the hash of their text.

No role reads them through the API: they are the deployment's, not the field's.
"""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint

from service.access.rules import Rules
from service.models.rows import Row


class PersistedOperation(Row):
    """A trusted document: what was registered at deploy, and nothing that came with a request."""

    access = Rules("persisted_operation")

    digest = fields.CharField(max_length=64, unique=True)
    name = fields.CharField(max_length=200)
    text = fields.TextField()

    class Meta:
        table = "persisted_operation"
        constraints = [
            CheckConstraint("digest ~ '^[0-9a-f]{64}$'", "persisted_operation_digest_check")
        ]
