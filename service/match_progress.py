"""The match run under way: how far it has come, and its end before it is stored.

Nobody can see into its transaction, so its row is written beside it, and stands only while
the run holds its turn: the database's lock says so, and never the row.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Annotated, Any, Final, NamedTuple
from uuid import UUID

import asyncpg
import structlog
from pydantic import Field
from tortoise import connections
from uuid_utils.compat import uuid7

import matching
from service import audit, clock, engines, models, permits
from service.access.actors import Actor
from service.changes import Change, RefersTo, Text
from service.errors import Conflict, NotFound
from service.models.vocabulary import MatchRunTrigger
from service.operations import operation

STORE: Final = "store"
_BROKEN: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)

_TURN = """
WITH turn AS MATERIALIZED (
    SELECT pg_try_advisory_xact_lock(hashtextextended('match_run', 0)) AS is_mine
)
SELECT is_mine, clock_timestamp() AS since, (
    SELECT pid || ' ' || virtualtransaction FROM pg_locks
    WHERE locktype = 'virtualxid' AND pid = pg_backend_pid()
) AS holder FROM turn
"""
_SHOW = """
INSERT INTO match_run_progress
    (place, id, created_at, trigger, started_at, holder, phase, rounds, edges, open_pairs, gap)
VALUES (1, $1, now(), $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (place) DO UPDATE SET
    (id, created_at, trigger, started_at, holder, phase, rounds, edges, open_pairs, gap,
     cancelled_at)
    = (EXCLUDED.id, EXCLUDED.created_at, EXCLUDED.trigger, EXCLUDED.started_at, EXCLUDED.holder,
       EXCLUDED.phase, EXCLUDED.rounds, EXCLUDED.edges, EXCLUDED.open_pairs, EXCLUDED.gap, NULL)
"""
_TELL = """
UPDATE match_run_progress SET phase = $2, rounds = $3, edges = $4, open_pairs = $5, gap = $6
WHERE id = $1 RETURNING cancelled_at IS NOT NULL
"""
_SETTLE = """
UPDATE match_run_progress SET phase = $2 WHERE id = $1 RETURNING cancelled_at IS NOT NULL
"""

_log = structlog.get_logger("cadre.match_progress")


class Cancelled(Conflict):
    """The run was ended before it was stored, and nothing of it was written."""

    def __init__(self) -> None:
        super().__init__("The match run was cancelled; nothing was stored.")


class Turn(NamedTuple):
    """The one place of a run: the transaction that holds it, and since when."""

    holder: str
    since: datetime


class MatchRunCancellation(Change):
    """Which run is to end before it is stored."""

    id: Annotated[UUID, RefersTo("RunningMatch")] = Field(description="The run under way.")
    note: Text = Field("", description="Why, for the history; may stay empty.")


@operation("cancel.match_run")
async def cancel(change: MatchRunCancellation, *, by: Actor) -> models.RunningMatch:
    """The run, which ends within about a second and stores nothing.

    Refuses once it is cancelled already, or is being stored.
    """
    await permits.require_on(by, "cancel", models.RunningMatch, change.id)
    running = models.RunningMatch.filter(id=change.id, cancelled_at=None).exclude(phase=STORE)
    now = await clock.now()
    if not await running.update(cancelled_at=now):
        raise Conflict("This match run ends already; look at what comes of it.", path=("id",))
    row = await models.RunningMatch.get(id=change.id)
    entry = audit.Entry(row, "cancel", {"cancelled_at": (None, now)}, change.note or None)
    await audit.record(entry, by=by)
    return row


async def cancel_running(*, by: Actor) -> models.RunningMatch:
    """The run under way, whichever it is, cancelled. Raises NotFound where there is none."""
    running = await models.RunningMatch.first()
    if running is None:
        raise NotFound("No match run is under way.")
    row: models.RunningMatch = await cancel(MatchRunCancellation(id=running.id), by=by)
    return row


async def take_turn() -> Turn:
    """Holds the one place of a run until the transaction ends, or its process dies.

    Refuses with Conflict while another run is under way.
    """
    _, rows = await connections.get("default").execute_query(_TURN)
    if not rows[0]["is_mine"]:
        raise Conflict("A match run is under way; wait until it has ended and look at its result.")
    return Turn(rows[0]["holder"], rows[0]["since"])


class Shown:
    """The row of one run, from its first report on."""

    def __init__(self, trigger: MatchRunTrigger, turn: Turn) -> None:
        self._id, self._trigger, self._turn = uuid7(), trigger, turn
        self._connection: asyncpg.Connection | None = None
        self._is_blind = False

    async def tell(self, progress: matching.Progress) -> None:
        """Shows how far the run has come. Raises Cancelled once somebody asked for its end."""
        gap = None if progress.gap is None else progress.gap / matching.MICROS
        state = (progress.phase, progress.rounds, progress.edges, progress.open_pairs, gap)
        if self._connection is None:
            await self._ask(_SHOW, self._trigger.value, self._turn.since, self._turn.holder, *state)
        elif await self._ask(_TELL, *state):
            raise Cancelled

    async def settle(self) -> None:
        """The last moment for a cancellation; from now on it is too late for one."""
        if self._connection is not None and await self._ask(_SETTLE, STORE):
            raise Cancelled

    async def close(self) -> None:
        """Takes the row away."""
        if self._connection is not None:
            await self._ask("DELETE FROM match_run_progress WHERE id = $1")
            with suppress(*_BROKEN):
                await self._connection.close()

    async def _ask(self, statement: str, *values: Any) -> Any:
        """The answer; a run is worth more than its progress, so a fault costs only that."""
        if self._is_blind:
            return None
        try:
            if self._connection is None:
                self._connection = await engines.apart()
            return await self._connection.fetchval(statement, self._id, *values)
        except _BROKEN as fault:
            self._is_blind = True
            _log.warning("match run not shown", fault=type(fault).__name__)
            return None


@asynccontextmanager
async def shown(trigger: MatchRunTrigger, turn: Turn) -> AsyncIterator[Shown]:
    """The run's row until the end of the block."""
    row = Shown(trigger, turn)
    try:
        yield row
    finally:
        await row.close()
