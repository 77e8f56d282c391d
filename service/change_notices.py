"""Which rows changed, as the database tells it on commit: one ear per process, many followers.

A notice is an id and never data; whoever follows reads the row by their own rights. It keeps
no notice for nobody, and forgets the oldest of a follower who never looks.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from uuid import UUID

import asyncpg
import structlog

from service import database
from service.models import Row

# What the database calls the ear, for whoever looks at its connections.
CALLED = "cadre listening"
LONGEST_PAUSE = 5.0
_HEARTBEAT = 10.0
_PATIENCE = 5.0
_MOST_UNSEEN = 100

_log = structlog.get_logger("cadre.change_notices")


class Following:
    """What one follower has still to look at: each id once, however often it was told."""

    def __init__(self, only: UUID | None) -> None:
        self.only = only
        self._unseen: dict[UUID, None] = {}
        self._woken = asyncio.Event()

    def tell(self, row_id: UUID) -> None:
        """Adds the id, if it is one that is followed, and wakes the follower."""
        if self.only not in {None, row_id}:
            return
        self._unseen[row_id] = None
        if len(self._unseen) > _MOST_UNSEEN:
            del self._unseen[next(iter(self._unseen))]
        self.wake()

    def wake(self) -> None:
        """Ends the wait of `seen` without any id."""
        self._woken.set()

    async def unseen(self) -> UUID | None:
        """Waits until there is something to look at, and hands over the oldest.

        None where something else woke the follower.
        """
        await self._woken.wait()
        oldest = next(iter(self._unseen), None)
        if oldest is not None:
            del self._unseen[oldest]
        if not self._unseen:
            self._woken.clear()
        return oldest


class ChangeNotices:
    """The ear of one process for the changes of these tables."""

    def __init__(self, url: str, models: Collection[type[Row]]) -> None:
        self._url = url
        self._followers: dict[type[Row], set[Following]] = {model: set() for model in models}

    @property
    def followers(self) -> int:
        """How many follow now."""
        return sum(len(followers) for followers in self._followers.values())

    @contextmanager
    def following(self, model: type[Row], only: UUID | None = None) -> Iterator[Following]:
        """Follows the changes of a table, or of its one row, until the end of the block."""
        following = Following(only)
        self._followers[model].add(following)
        try:
            yield following
        finally:
            self._followers[model].discard(following)

    @asynccontextmanager
    async def heard(self) -> AsyncIterator[None]:
        """Listens until the end of the block, over however many faults of the database."""
        listening = asyncio.create_task(self._listen(), name="change notices")
        try:
            yield
        finally:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listening

    async def _listen(self) -> None:
        pause = 0.1
        while True:
            try:
                # Outside the pool: what listens cannot be lent to anybody meanwhile.
                async with database.session(self._url) as connection:
                    pause = 0.1
                    await self._hear(connection)
            except Exception as fault:  # noqa: BLE001 - whatever befell it, an ear listens again
                _log.warning("not_listening", fault=type(fault).__name__, seconds=pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _hear(self, connection: asyncpg.Connection) -> None:
        """Returns or raises when the connection is lost; a silent one counts as lost."""
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        try:
            async with asyncio.timeout(_PATIENCE):
                await connection.execute(f"SET application_name TO '{CALLED}'")
                for model in self._followers:
                    channel = f"{_table(model)}_changed"
                    await connection.add_listener(channel, partial(self._told, model))
                    await self._look_again(model, connection)
            while not await _within(_HEARTBEAT, lost):
                async with asyncio.timeout(_PATIENCE):
                    await connection.execute("SELECT 1")
        finally:
            # A peer that is silent would let an orderly goodbye wait without end.
            connection.terminate()

    def _told(self, model: type[Row], *notice: object) -> None:
        # Whoever may sign in to the database may notify; nothing but an id means anything.
        with contextlib.suppress(ValueError):
            row_id = UUID(str(notice[-1]))
            for following in self._followers[model]:
                following.tell(row_id)

    async def _look_again(self, model: type[Row], connection: asyncpg.Connection) -> None:
        """Sends every follower to the row they follow, or to the newest.

        What happened before this connection was heard by nobody.
        """
        followers = self._followers[model]
        if not followers:
            return
        # The keys of all tables rise with time.
        newest = await connection.fetchval(
            f'SELECT id FROM "{_table(model)}" ORDER BY id DESC LIMIT 1'  # noqa: S608 - no input in it
        )
        for following in list(followers):
            if wanted := following.only or newest:
                following.tell(wanted)


def _table(model: type[Row]) -> str:
    return model._meta.db_table  # noqa: SLF001 - Tortoise has no public word for it


async def _within(seconds: float, event: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
