"""The history walked again: every chain, every hash, every checkpoint.

It refuses to change anything it reads; what is broken is named, not mended.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import orjson
from tortoise import connections
from tortoise.transactions import in_transaction

from service import audit, models

PAGE = 500
HEADS = 10_000


@dataclass(frozen=True)
class Break:
    """The first place where the history is not what was written."""

    chain: str
    sequence: int
    difference: str


@dataclass(frozen=True)
class Report:
    """What was walked, and the first break where there is one."""

    chains: int
    events: int
    checkpoints: int
    broken: Break | None = None

    @property
    def is_whole(self) -> bool:
        """True when nothing is missing and nothing differs."""
        return self.broken is None

    @property
    def sentence(self) -> str:
        """What was found, in one sentence."""
        if self.broken:
            place = f"{self.broken.chain}, event {self.broken.sequence}"
            return f"The history is broken at {place}: {self.broken.difference}."
        return (
            f"The history is whole: {self.chains} chains, {self.events} events,"
            f" {self.checkpoints} checkpoints."
        )


class _Found(Exception):  # noqa: N818 - a finding ends the walk, it is not an error
    def __init__(self, chain: str, sequence: int, difference: str) -> None:
        super().__init__(difference)
        self.place = Break(chain, sequence, difference)


class _Walk:
    """The counters of a walk and the link that the next event must continue."""

    def __init__(self, progress: Callable[[int], None]) -> None:
        self.chains = self.events = self.checkpoints = 0
        self._progress = progress
        self._chain = ""
        self._sequence = 0
        self._hash = audit.GENESIS

    def report(self, broken: Break | None = None) -> Report:
        """What was walked so far."""
        return Report(self.chains, self.events, self.checkpoints, broken)

    def step(self, event: models.AuditEvent, value: tuple[str, dict[str, Any]] | None) -> None:
        """Takes the next event in order; raises the break where it does not continue."""
        chain = f"{event.aggregate}:{event.aggregate_id}"
        if chain != self._chain:
            self.chains += 1
            self._chain, self._sequence, self._hash = chain, 0, audit.GENESIS
        difference = self._difference(event) or _value_difference(event, value)
        if difference:
            raise _Found(chain, event.sequence, difference)
        self._sequence, self._hash = event.sequence, event.hash
        self.events += 1
        if self.events % PAGE == 0:
            self._progress(self.events)

    def _difference(self, event: models.AuditEvent) -> str | None:
        if event.sequence != self._sequence + 1:
            return f"event {self._sequence + 1} is missing"
        if event.previous_hash != self._hash:
            return "it does not continue the event before it"
        if audit.seal(event) != event.hash:
            return "its content does not give its hash"
        return None


async def verify(progress: Callable[[int], None] = lambda _: None) -> Report:
    """What a walk over the whole history finds; it stops at the first break.

    Memory stays bounded, whatever the history's size; `progress` hears of every page.
    """
    walk = _Walk(progress)
    try:
        async for event, value in _events():
            walk.step(event, value)
        await _verify_checkpoints(walk)
    except _Found as found:
        return walk.report(found.place)
    return walk.report()


async def checkpoint() -> int:
    """Stores the heads of all chains that grew since the last time; how many they are.

    A checkpoint holds a bounded number of heads, so a busy day makes several.
    """
    stored = 0
    while heads := await _store_heads():
        stored += heads
    return stored


async def _store_heads() -> int:
    async with in_transaction() as connection:
        await audit.lock("AuditCheckpoint")
        _, rows = await connection.execute_query(_GROWN, [HEADS])
        if not rows:
            return 0
        last = await models.AuditCheckpoint.all().order_by("-sequence").first()
        row = models.AuditCheckpoint(
            sequence=last.sequence + 1 if last else 1,
            chains=len(rows),
            events=sum(row["grown"] for row in rows),
            heads={row["chain"]: [row["sequence"], row["hash"]] for row in rows},
            previous_hash=last.hash if last else audit.GENESIS,
            hash="",
        )
        row.hash = _seal(row)
        await row.save(force_create=True)
        return len(rows)


_GROWN = """
WITH known AS (
    SELECT head.key AS chain, max((head.value ->> 0)::int) AS sequence
    FROM audit_checkpoint, jsonb_each(heads) head GROUP BY 1
), head AS (
    SELECT DISTINCT ON (aggregate, aggregate_id)
           aggregate || ':' || aggregate_id AS chain, sequence, hash
    FROM audit_event ORDER BY aggregate, aggregate_id, sequence DESC
)
SELECT chain, head.sequence, head.hash, head.sequence - COALESCE(known.sequence, 0) AS grown
FROM head LEFT JOIN known USING (chain)
WHERE head.sequence > COALESCE(known.sequence, 0) ORDER BY chain LIMIT $1
"""
_PAGE = """
SELECT event.*, value.salt, value.changes
FROM audit_event event LEFT JOIN audit_value value ON value.event_id = event.id
WHERE (event.aggregate, event.aggregate_id, event.sequence) > ($1, $2, $3)
ORDER BY event.aggregate, event.aggregate_id, event.sequence LIMIT $4
"""
_LOST_HEAD = """
SELECT head.key AS chain, (head.value ->> 0)::int AS sequence
FROM audit_checkpoint, jsonb_each(heads) head
WHERE audit_checkpoint.id = $1 AND NOT EXISTS (
    SELECT 1 FROM audit_event event
    WHERE event.aggregate = split_part(head.key, ':', 1)
      AND event.aggregate_id = split_part(head.key, ':', 2)::uuid
      AND event.sequence = (head.value ->> 0)::int AND event.hash = head.value ->> 1
) ORDER BY 1 LIMIT 1
"""
_Value = tuple[str, dict[str, Any]]


async def _events() -> AsyncIterator[tuple[models.AuditEvent, _Value | None]]:
    after: list[Any] = ["", "00000000-0000-0000-0000-000000000000", 0]
    while True:
        _, rows = await connections.get("default").execute_query(_PAGE, [*after, PAGE])
        for found in rows:
            row = dict(found)
            salt, changes = row.pop("salt"), row.pop("changes")
            event = models.AuditEvent(**row)
            yield event, None if salt is None else (salt, orjson.loads(changes))
            after = [event.aggregate, event.aggregate_id, event.sequence]
        if len(rows) < PAGE:
            return


def _value_difference(event: models.AuditEvent, value: _Value | None) -> str | None:
    # Values may be erased by law; what is still there must be what was written.
    if value is None:
        return None
    salt, changes = value
    for field in sorted({*changes, *event.digests}):
        written = event.digests.get(field)
        if field not in changes or audit.digest(salt, field, changes[field]) != written:
            return f"the value of {field} does not give its digest"
    return None


async def _verify_checkpoints(walk: _Walk) -> None:
    previous, sequence = audit.GENESIS, 0
    while (
        row := await models.AuditCheckpoint.filter(sequence__gt=sequence)
        .order_by("sequence")
        .first()
    ):
        place = "AuditCheckpoint", row.sequence
        if row.sequence != sequence + 1:
            raise _Found(*place, f"checkpoint {sequence + 1} is missing")
        if row.previous_hash != previous:
            raise _Found(*place, "it does not continue the checkpoint before it")
        if _seal(row) != row.hash:
            raise _Found(*place, "its content does not give its hash")
        await _check_heads(row)
        previous, sequence = row.hash, row.sequence
        walk.checkpoints += 1


async def _check_heads(row: models.AuditCheckpoint) -> None:
    _, lost = await connections.get("default").execute_query(_LOST_HEAD, [row.id])
    if lost:
        difference = f"checkpoint {row.sequence} saw this event, and it is gone"
        raise _Found(lost[0]["chain"], lost[0]["sequence"], difference)


def _seal(row: models.AuditCheckpoint) -> str:
    return audit.hashed([row.previous_hash, row.sequence, row.chains, row.events, row.heads])
