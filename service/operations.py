"""What every write has in common: one transaction, one answer, no half.

An operation declares the permission it needs. `perform` adds the dry run and the
idempotency key; integrity violations become refusals here, by constraint name.
"""

import functools
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, get_type_hints
from uuid import UUID

import asyncpg
from tortoise import connections
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction
from uuid_utils.compat import uuid7

from service import models
from service.access.actors import Actor
from service.changes import Change
from service.errors import Conflict, Invalid, Refusal, VersionConflict

C = TypeVar("C", bound=Change)
R = TypeVar("R", bound=models.Row)


@dataclass(frozen=True)
class Meaning:
    """What a violated constraint means to the caller."""

    message: str
    path: tuple[str, ...] = ()
    is_conflict: bool = False

    def refusal(self) -> Refusal:
        """The refusal to raise."""
        kind = Conflict if self.is_conflict else Invalid
        return kind(self.message, path=self.path)


@dataclass(frozen=True)
class Operation(Generic[C, R]):
    """A write that callers may ask for by name; calling it runs it in a transaction.

    With `proves_first`, whoever asks must be proved before it begins: it changes what callers
    are proved by, or shows itself before its transaction ends.
    """

    run: Callable[..., Awaitable[R]]
    permission: str
    constraints: Mapping[str, Meaning] = field(default_factory=dict)
    proves_first: bool = False

    async def __call__(self, change: C, *, by: Actor) -> R:
        """Runs inside one transaction, the current one where there is one."""
        async with translated(self.constraints), in_transaction():
            return await self.run(change, by=by)

    @property
    def verb(self) -> str:
        """What the permission allows to do."""
        return self.permission.partition(".")[0]

    @property
    def change(self) -> type[C]:
        """The input's type."""
        kind: type[C] = _hints(self.run)["change"]
        return kind

    @property
    def result(self) -> type[R]:
        """The model of the row it answers with."""
        kind: type[R] = _hints(self.run)["return"]
        return kind


def operation(
    permission: str, constraints: Mapping[str, Meaning] | None = None, *, proves_first: bool = False
) -> Callable[[Callable[..., Awaitable[R]]], Operation[Any, R]]:
    """Declares an operation with the permission it needs and what its constraints mean."""

    def declare(run: Callable[..., Awaitable[R]]) -> Operation[Any, R]:
        return Operation(run, permission, constraints or {}, proves_first)

    return declare


@dataclass(frozen=True)
class Once:
    """How a caller wants a write done: tried without effect, or once for all under a key."""

    is_trial: bool = False
    key: str | None = None


class _Undo(Exception):  # noqa: N818 - a signal to roll back, never an error
    pass


async def perform(
    doing: Operation[C, R],
    change: C,
    *,
    by: Actor,
    once: Once,
    then: Callable[[UUID, R | None], Awaitable[Any]],
) -> Any:
    """What `then` reads of the result, inside the transaction; None for a trial.

    `then` gets the result's id and, unless this is a repeat, its row. A repeat
    under the same key reads the first result again and writes nothing. Raises the
    operation's refusals, and Conflict where a key is used for something else.
    """
    try:
        async with translated(doing.constraints), in_transaction():
            known = await _claim(doing, change, by=by, key=once.key)
            if known is not None:
                return None if once.is_trial else await then(known, None)
            row = await doing.run(change, by=by)
            _undo_trial(once)
            await _remember(row.id, by=by, key=once.key)
            return await then(row.id, row)
    except _Undo:
        return None


def check_version(row: Any, seen: int) -> None:
    """Refuses a change that was made on an older version of the row than today's."""
    if row.version != seen:
        message = "It changed since you read it; read it again and repeat your change."
        raise VersionConflict(message, path=("version",), details={"currentVersion": row.version})


def _undo_trial(once: Once) -> None:
    if once.is_trial:
        raise _Undo


_CLAIM = """
INSERT INTO idempotency_key (id, created_at, account_id, key, operation, input_digest)
VALUES ($1, now(), $2, $3, $4, $5) ON CONFLICT (account_id, key) DO NOTHING RETURNING id
"""


async def _claim(doing: Operation[C, R], change: C, *, by: Actor, key: str | None) -> UUID | None:
    """The id an earlier write under this key answered; otherwise the key is now ours."""
    if key is None or by.account_id is None:
        return None
    digest = hashlib.sha256(change.model_dump_json(exclude_unset=True).encode()).hexdigest()
    # A second writer with the same key waits here until the first one has ended.
    values = [uuid7(), by.account_id, key, doing.permission, digest]
    if await connections.get("default").execute_insert(_CLAIM, values):
        return None
    known = await models.IdempotencyKey.get(account_id=by.account_id, key=key)
    if (known.operation, known.input_digest) != (doing.permission, digest):
        message = "This key was used for another input; use a new key for a new change."
        raise Conflict(message, path=("idempotency_key",))
    result: UUID | None = known.result_id
    return result


async def _remember(result_id: UUID, *, by: Actor, key: str | None) -> None:
    if key is not None and by.account_id is not None:
        await models.IdempotencyKey.filter(account_id=by.account_id, key=key).update(
            result_id=result_id
        )


@asynccontextmanager
async def translated(constraints: Mapping[str, Meaning]) -> AsyncIterator[None]:
    """Turns what the database refuses in the block into the caller's refusals."""
    try:
        yield
    except (IntegrityError, asyncpg.IntegrityConstraintViolationError) as error:
        # The tables' library puts the driver's own into its.
        is_own = isinstance(error, asyncpg.PostgresError)
        cause = error if is_own or not error.args else error.args[0]
        name = getattr(cause, "constraint_name", None)
        meaning = constraints.get(name or "")
        if meaning is None:
            raise
        raise meaning.refusal() from error
    except asyncpg.DeadlockDetectedError as error:
        raise Conflict("Somebody changed the same rows at this moment; try again.") from error


@functools.cache
def _hints(run: Callable[..., Any]) -> dict[str, Any]:
    return get_type_hints(run)
