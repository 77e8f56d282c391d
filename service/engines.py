"""The connections that Tortoise works on: given back whatever befalls, and never waited for.

It refuses to let a silent database hold a caller, and to keep a connection that still owes
the answer to a cancelled statement.
"""

import asyncio
import socket
from contextlib import suppress
from typing import Any

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionContext, TransactionContextPooled
from tortoise.connection import get_connections

# How long a database may take to confirm a cancellation or a farewell, in seconds.
LETTING_GO = 0.5
# How long a connection stays at hand, in seconds.
_MOMENT = 0.1
# A host that is gone without a word is noticed after half a minute of silence.
_KEEPALIVE = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}


class Connection(asyncpg.Connection):
    """A connection that ends rather than wait for a database that has fallen silent."""

    def __init__(self, protocol: Any, transport: asyncio.Transport, *more: Any) -> None:
        super().__init__(protocol, transport, *more)
        _keep_alive(transport.get_extra_info("socket"))

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - the library's
        """Says farewell, and leaves without an answer where none comes."""
        with suppress(TimeoutError):
            await super().close(timeout=LETTING_GO if timeout is None else timeout)

    async def _cancel(self, *waiters: Any) -> None:
        """Cancels the statement under way: whoever gives the connection back waits for this.

        The original waits as long as the database is silent.
        """
        try:
            async with asyncio.timeout(LETTING_GO) as bound:
                await super()._cancel(*waiters)  # type: ignore[misc] # Left out of its stubs.
        finally:
            if bound.expired():
                self.terminate()


class _Transaction(TransactionContextPooled):
    """A transaction that keeps no connection where it could not begin.

    The original forgets it when it is cancelled, or fails, between taking it and beginning.
    """

    async def __aenter__(self) -> Any:
        self.client._connection = None
        try:
            return await super().__aenter__()
        except BaseException:
            self._let_go()
            raise

    def _let_go(self) -> None:
        if self.client._connection is None:
            return
        get_connections().reset(self.token)
        # Nobody can tell how far the beginning came, so the pool makes itself a new one. One
        # that died of it has gone back by itself.
        with suppress(asyncpg.InterfaceError):
            self.client._connection.terminate()


class Client(AsyncpgDBClient):
    """Tortoise's client for PostgreSQL on these connections."""

    connection_class = Connection  # type: ignore[assignment] # It is declared as the exact class.

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._at_hand: list[Any] = []
        self._resting: asyncio.Task[None] | None = None

    def acquire_connection(self) -> Any:
        """A connection of the pool, lent until the end of the block."""
        return self._pool.acquire() if self._pool else super().acquire_connection()

    async def ask(self, statement: str, values: list[Any]) -> Any:
        """The one row of a reading statement outside any transaction.

        The connection stays at hand for a moment, because the pool's lending costs more than
        many a statement. Half of the pool at least is never kept so. Where one died while it
        was at hand, another is asked.
        """
        if self._at_hand:
            connection = self._at_hand.pop()
            try:
                return await self._asked(connection, statement, values)
            except (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, OSError) as error:
                # The driver says so of values that do not fit, too.
                if isinstance(error, ValueError):
                    raise
        return await self._asked(await self._borrow(), statement, values)

    async def _asked(self, connection: Any, statement: str, values: list[Any]) -> Any:
        try:
            row = await connection.fetchrow(statement, *values)
        except BaseException:
            # The pool finds out what it still owes.
            await self._lender.release(connection)
            raise
        if len(self._at_hand) < self.pool_maxsize // 2:
            self._at_hand.append(connection)
            self._resting = self._resting or asyncio.ensure_future(self._rest())
        else:
            await self._lender.release(connection)
        return row

    @property
    def _lender(self) -> asyncpg.Pool:
        assert self._pool is not None
        return self._pool

    async def _borrow(self) -> Any:
        if self._pool is None:
            async with self._pool_init_lock:
                if self._pool is None:
                    await self.create_connection(with_db=True)
        return await self._lender.acquire()

    async def _rest(self) -> None:
        """Gives back what has been at hand for a moment, whether it was used or not."""
        await asyncio.sleep(_MOMENT)
        self._resting = None
        await self._give_back()

    async def _give_back(self) -> None:
        while self._at_hand:
            await self._lender.release(self._at_hand.pop())

    async def _close(self) -> None:
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None
        await self._give_back()
        await super()._close()

    def _in_transaction(self) -> TransactionContext:
        return _Transaction(TransactionWrapper(self), self._pool_init_lock)


async def unchanged(_: asyncpg.Connection) -> None:
    """In place of the reset after each use, which costs a round trip and finds nothing to do.

    No code may set anything for a session; LISTEN and locks beyond a transaction need a
    connection of their own.
    """


def _keep_alive(found: socket.socket) -> None:
    if found.family == socket.AF_UNIX:
        return
    found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):
            found.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


# The name under which Tortoise looks for it.
client_class = Client
