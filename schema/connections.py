"""Connections that stay open: whose they are, how many, and whether the sign-in still holds.

The database is asked about all of them in one statement, again and again. It refuses an
account more connections than the limit.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Hashable, Iterator
from contextlib import asynccontextmanager, contextmanager

import structlog

from schema.budgets import payer
from schema.engine import Caller, Engine
from schema.limits import LimitExceeded, Limits
from service import logs
from service.errors import NotSignedIn
from service.sign_ins import SignIn

SIGNED_OUT = "This sign-in has ended: the token expired or was revoked; sign in with another."
_PATIENCE = 5.0

_log = structlog.get_logger("cadre.connections")


class Connection:
    """An open connection: the token and the address it came with, and what is known of them."""

    def __init__(self, caller: Caller, limits: Limits) -> None:
        self.token = caller.token
        self.address = caller.address
        self.sign_in = caller.sign_in
        self.limits = limits
        self._over: asyncio.Future[NotSignedIn | None] = asyncio.Future()
        self._told: set[Callable[[], None]] = set()

    async def over(self) -> NotSignedIn | None:
        """Waits until it has to end, and says why; None: the server is about to stop."""
        return await asyncio.shield(self._over)

    @contextmanager
    def telling(self, changed: Callable[[], None]) -> Iterator[None]:
        """Calls `changed` whenever the caller or their roles change, until the end of the block."""
        self._told.add(changed)
        try:
            yield
        finally:
            self._told.discard(changed)

    def check(self) -> None:
        """Raises NotSignedIn once the sign-in has ended."""
        if self._over.done() and (refusal := self._over.result()):
            raise refusal

    def learn(self, sign_in: SignIn | None) -> None:
        """What the database says now: who it is, or nobody any more."""
        if sign_in == self.sign_in:
            return
        if sign_in is None:
            self._end(NotSignedIn(SIGNED_OUT))
        else:
            self.sign_in = sign_in
        for tell in self._told:
            tell()

    def close(self) -> None:
        """Tells whoever serves this connection that the server is about to stop."""
        self._end(None)

    def _end(self, why: NotSignedIn | None) -> None:
        if not self._over.done():
            self._over.set_result(why)


class Connections:
    """The open connections of one process."""

    def __init__(self, engine: Engine, *, every: float = 2) -> None:
        self._engine = engine
        self._every = every
        self._open: set[Connection] = set()
        self._counts: Counter[Hashable] = Counter()
        self._asking: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._open)

    @asynccontextmanager
    async def opened(self, token: str | None, address: str | None) -> AsyncIterator[Connection]:
        """A connection with this token, watched until the end of the block.

        Refuses a token that is not good, and one connection too many: of an account, or of
        the public from one address.
        """
        async with asyncio.timeout(_PATIENCE):
            caller = await self._engine.caller(token, address)
            await self._engine.prove(caller)
        limits = self._engine.limits(caller)
        with self._counted(payer(caller.sign_in.actor, address), limits):
            connection = Connection(caller, limits)
            self._enter(connection)
            try:
                yield connection
            finally:
                self._leave(connection)

    async def ask_again(self, connection: Connection) -> None:
        """Learns of this one connection at once, because something did not fit any more."""
        try:
            connection.learn(await self._engine.sign_ins.ask(connection.token))
        except NotSignedIn:
            connection.learn(None)

    def close(self) -> None:
        """Tells all of them that the server is about to stop."""
        for connection in self._open:
            connection.close()

    @contextmanager
    def _counted(self, who: Hashable, limits: Limits) -> Iterator[None]:
        if self._counts[who] >= limits.connections:
            raise LimitExceeded(limits, "connections", self._counts[who] + 1)
        self._counts[who] += 1
        try:
            yield
        finally:
            self._counts[who] -= 1
            if not self._counts[who]:
                del self._counts[who]

    def _enter(self, connection: Connection) -> None:
        self._open.add(connection)
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask(), name="open connections")

    def _leave(self, connection: Connection) -> None:
        self._open.discard(connection)
        if self._asking and not self._open:
            self._asking.cancel()
            self._asking = None

    async def _ask(self) -> None:
        # Born inside some request, whose id its log lines must not carry.
        with logs.request(None):
            while True:
                await asyncio.sleep(self._every)
                await self._ask_all()

    async def _ask_all(self) -> None:
        asked = {each: each.token for each in self._open if each.token is not None}
        if not asked:
            return
        try:
            async with asyncio.timeout(_PATIENCE):
                found = await self._engine.sign_ins.ask_all(set(asked.values()))
        except Exception as fault:  # noqa: BLE001 - whatever keeps the database away
            # Nothing can be read meanwhile, and every read proves the sign-in by itself.
            _log.warning("sign_ins_not_confirmed", fault=type(fault).__name__)
            return
        for connection, token in asked.items():
            connection.learn(found.get(token))
