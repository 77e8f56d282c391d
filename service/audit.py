"""The history: one append-only hash chain per aggregate, written inside each change.

Events carry field names and salted digests; values lie apart and may be erased.
It refuses to write outside the transaction of the change it describes.
"""

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

import orjson
from tortoise import connections
from tortoise.backends.base.client import TransactionalDBClient
from uuid_utils.compat import uuid7

from service import models
from service.access.actors import Actor

GENESIS = "0" * 64
Versioned = (
    models.Appointment
    | models.CompatibilityModel
    | models.MatchOutcome
    | models.MatchOverride
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


async def record(entry: Entry, *, by: Actor) -> datetime:
    """Appends the entry to its aggregate's chain, in the current transaction; answers when.

    Writers of one aggregate queue up on a lock, so that a chain never forks.
    """
    moment: datetime = await _written(f"SELECT {APPEND}", _appended(entry, by))
    return moment


async def revise(entry: Entry, columns: Iterable[str], *, by: Actor) -> None:
    """Writes what the entry says of these columns into its locked row, as the next version.

    The entry follows in the same statement, so that one cannot be there without the other.
    """
    names = (*columns, "version")
    await _written(_revising(type(entry.aggregate), names), revised(entry, columns, by=by))


def revised(entry: Entry, columns: Iterable[str], *, by: Actor) -> list[Any]:
    """The values of the statement that revises the row, which has taken them on itself."""
    row: Any = entry.aggregate
    for name in columns:
        setattr(row, name, entry.changes[name][1])
    row.version += 1
    return [*_appended(entry, by), *row.stored((*columns, "version"))]


def updating(model: type[models.Row], names: Sequence[str]) -> str:
    """SQL that sets these columns to the values that follow those of the entry."""
    return model.update_of(names, APPENDED + 1)


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
    await revise(Entry(row, verb, changed, reason), changed, by=by)


async def lock(chain: str) -> None:
    """Waits for the chain's turn and holds it until the transaction ends, which must stand."""
    await _written("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [chain])


async def _written(statement: str, values: Sequence[Any]) -> Any:
    """The value that a writing statement answers, in the current transaction."""
    connection = connections.get("default")
    if not isinstance(connection, TransactionalDBClient):
        raise RuntimeError(  # noqa: TRY004 - the moment is wrong, not the type
            "A history entry belongs into the transaction of its change."
        )
    (found,) = await connection.execute_insert(statement, list(values))
    return found


# The entry as SQL, and how many values it takes; the fourth is the id of the row.
APPENDED = 13
APPEND = (
    "audit_append($1::uuid, $2::uuid, $3::text, $4::uuid, $5::text, $6::uuid, $7::text, $8::text,"
    " $9::jsonb, $10::text, $11::jsonb, $12::text, $13::text)"
)


def _appended(entry: Entry, by: Actor) -> list[Any]:
    """What the database appends: it adds the link, the place and the time, and seals them."""
    name, key = type(entry.aggregate).__name__, entry.aggregate.id
    salt = secrets.token_hex(16)
    changes = {field: [_plain(old), _plain(new)] for field, (old, new) in entry.changes.items()}
    digests = {field: digest(salt, field, change) for field, change in changes.items()}
    actor = str(by.account_id) if by.account_id else None
    return [
        uuid7(),
        uuid7(),
        name,
        key,
        entry.verb,
        by.account_id,
        by.label,
        entry.reason,
        _json(digests),
        salt,
        _json(changes),
        _json([name, str(key)])[1:-1],
        _json([entry.verb, actor, by.label, entry.reason, digests])[1:-1],
    ]


@cache
def _revising(model: type[models.Row], names: tuple[str, ...]) -> str:
    """The statement that writes these columns of a row, and its entry after them.

    The row is locked, so whoever waits for its chain waits for the row first.
    """
    update = f"{updating(model, names)} WHERE id = $4 RETURNING id"
    return f"WITH written AS ({update}) SELECT {APPEND} FROM written"  # noqa: S608 - no input in it


def _json(content: Any) -> str:
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, UUID | date | datetime):
        return str(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value
