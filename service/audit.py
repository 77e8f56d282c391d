"""The history: one append-only hash chain per aggregate, written inside each change.

Events carry field names and salted digests; values lie apart and may be erased.
It refuses to write outside the transaction of the change it describes.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from tortoise import connections
from tortoise.backends.base.client import TransactionalDBClient

from service import clock, models
from service.access.actors import Actor

GENESIS = "0" * 64
Versioned = (
    models.Appointment
    | models.CompatibilityModel
    | models.MatchOutcome
    | models.MatchProposal
    | models.Mentorship
    | models.MentorshipRequest
)


@dataclass(frozen=True)
class Entry:
    """What happened to one aggregate."""

    aggregate: models.Row
    verb: str
    changes: Mapping[str, tuple[Any, Any]]
    reason: str | None = None


async def record(entry: Entry, *, by: Actor) -> models.AuditEvent:
    """Appends the entry to its aggregate's chain, in the current transaction.

    Writers of one aggregate queue up on a lock, so that a chain never forks.
    """
    name, key = type(entry.aggregate).__name__, entry.aggregate.id
    await lock(f"{name}:{key}")
    last = (
        await models.AuditEvent.filter(aggregate=name, aggregate_id=key)
        .order_by("-sequence")
        .first()
    )
    salt = secrets.token_hex(16)
    changes = {field: [_plain(old), _plain(new)] for field, (old, new) in entry.changes.items()}
    event = models.AuditEvent(
        aggregate=name,
        aggregate_id=key,
        sequence=last.sequence + 1 if last else 1,
        verb=entry.verb,
        actor_id=by.account_id,
        actor_label=by.label,
        reason=entry.reason,
        digests={field: digest(salt, field, change) for field, change in changes.items()},
        occurred_at=await clock.now(),
        previous_hash=last.hash if last else GENESIS,
        hash="",
    )
    event.hash = seal(event)
    await event.save(force_create=True)
    await models.AuditValue.create(event=event, salt=salt, changes=changes)
    return event


def seal(event: models.AuditEvent) -> str:
    """The hash of an event over every column that it must not lose."""
    content = [
        event.previous_hash,
        event.aggregate,
        str(event.aggregate_id),
        event.sequence,
        event.verb,
        str(event.actor_id) if event.actor_id else None,
        event.actor_label,
        event.reason,
        event.digests,
        event.occurred_at.isoformat(),
    ]
    return hashed(content)


def digest(salt: str, field: str, change: list[Any]) -> str:
    """The salted digest of one field's change: it proves a value without telling it."""
    return hashed([salt, field, change])


def hashed(content: list[Any]) -> str:
    """The SHA-256 of the content as JSON with sorted keys, in hexadecimal."""
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def initial(values: Mapping[str, Any]) -> dict[str, tuple[None, Any]]:
    """The values of what did not stand before, as changes."""
    return {field: (None, value) for field, value in values.items()}


def difference(row: models.Row, new: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The fields of `row` that `new` would change, with both values."""
    return {
        field: (getattr(row, field), value)
        for field, value in new.items()
        if getattr(row, field) != value
    }


async def rewrite(
    row: Versioned, verb: str, new: Mapping[str, Any], *, by: Actor, reason: str | None = None
) -> None:
    """Writes into a locked row what `new` changes of it, as its next version, with the entry."""
    changed = difference(row, new)
    row.update_from_dict({name: value for name, (_, value) in changed.items()})
    row.version += 1
    await row.save(update_fields=[*changed, "version"])
    await record(Entry(row, verb, changed, reason), by=by)


async def lock(chain: str) -> None:
    """Waits for the chain's turn and holds it until the transaction ends, which must stand."""
    connection = connections.get("default")
    if not isinstance(connection, TransactionalDBClient):
        raise RuntimeError(  # noqa: TRY004 - the moment is wrong, not the type
            "A history entry belongs into the transaction of its change."
        )
    await connection.execute_query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [chain])


def _plain(value: Any) -> Any:
    if isinstance(value, UUID | date | datetime):
        return str(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value
