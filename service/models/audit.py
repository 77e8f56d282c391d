"""The history of every write: append-only hash chains, one per aggregate.

Events hold field names and salted digests; readable values lie beside them in a
table that a lawful erasure may empty without breaking a chain.
"""

from datetime import datetime
from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import UniqueConstraint

from service.access.conditions import Blank, Compare, Some, all_of, any_of
from service.access.rules import Rules
from service.models.match_outcomes import MatchOutcome
from service.models.match_overrides import MatchOverride
from service.models.rows import Link, Row

# Whose rows are closed to somebody, whatever roles they hold: so is what became of each row,
# for its reason, its verb and that there is such an event tell what the row would.
_SEALED: dict[str, Link] = {
    model.__name__: Link(model, "aggregate_id") for model in (MatchOutcome, MatchOverride)
}


class AuditEvent(Row):
    """One change of one aggregate: who, when, what, why, and its place in the chain."""

    access = Rules(
        "audit_event",
        own=Compare("actor_id", "=", Blank.MY_ACCOUNT),
        sealed=any_of(
            all_of([Compare("aggregate", "=", name), Some(name, link.target.access.sealed)])
            for name, link in _SEALED.items()
        ),
    )
    links = _SEALED

    uneven = frozenset({"aggregate", "verb"})

    aggregate = fields.CharField(max_length=40)
    aggregate_id: Any = fields.UUIDField()
    sequence = fields.IntField()
    verb = fields.CharField(max_length=40)
    actor_id: Any = fields.UUIDField(null=True)
    actor_label = fields.CharField(max_length=120)
    reason = fields.TextField(null=True)
    digests: dict[str, str] = fields.JSONField()
    occurred_at: datetime = fields.DatetimeField()
    previous_hash = fields.CharField(max_length=64)
    hash = fields.CharField(max_length=64)

    class Meta:
        table = "audit_event"
        indexes = [Index(fields=("occurred_at", "id"), name="audit_event_occurred_idx")]
        constraints = [
            UniqueConstraint(("aggregate", "aggregate_id", "sequence"), "audit_event_sequence_uniq")
        ]


class AuditValue(Row):
    """The readable values of one event and the salt of its digests; erasable."""

    access = Rules("audit_event")

    event: fields.ForeignKeyRelation[AuditEvent] = fields.ForeignKeyField(
        "models.AuditEvent", related_name="values", on_delete=fields.RESTRICT
    )
    event_id: Any
    salt = fields.CharField(max_length=32)
    changes: dict[str, Any] = fields.JSONField()

    class Meta:
        table = "audit_value"
        constraints = [UniqueConstraint(("event_id",), "audit_value_event_uniq")]


class AuditCheckpoint(Row):
    """A digest over all chain heads at one moment, so that a cut tail shows."""

    access = Rules("audit_event")

    sequence = fields.IntField(unique=True)
    chains = fields.IntField()
    events = fields.IntField()
    heads: dict[str, Any] = fields.JSONField()
    previous_hash = fields.CharField(max_length=64)
    hash = fields.CharField(max_length=64, unique=True)

    class Meta:
        table = "audit_checkpoint"


class IdempotencyKey(Row):
    """The first answer to a keyed write, kept so that a repeat gets it again."""

    access = Rules("account", own=Compare("account_id", "=", Blank.MY_ACCOUNT))

    account_id: Any = fields.UUIDField()
    key = fields.CharField(max_length=100)
    operation = fields.CharField(max_length=60)
    input_digest = fields.CharField(max_length=64)
    result_id: Any = fields.UUIDField(null=True)

    class Meta:
        table = "idempotency_key"
        constraints = [UniqueConstraint(("account_id", "key"), "idempotency_key_uniq")]
