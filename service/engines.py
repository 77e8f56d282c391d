"""The connections that Tortoise works on: given back whatever befalls, and never waited for.

It refuses to let a silent database hold a caller, and to keep a connection that still owes
the answer to a cancelled statement.
"""

import asyncio
import socket
from collections import deque
from contextlib import suppress
from typing import Any

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionContext, TransactionContextPooled
from tortoise.connection import get_connections

# How long a database may take to confirm a cancellation or a farewell, in seconds.
LETTING_GO = 0.5
# The smallest pool that keeps connections at hand.
_SPARING = 4
# How long a connection stays at hand, in seconds.
_MOMENT = 0.1
# A host that is gone without a word is noticed after half a minute of silence.
# What the driver says of a connection that died while it was at hand.
_DEAD = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.InternalClientError)
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


class Readers:
    """Connections that single statements hand on to each other, outside any transaction.

    The pool's lending costs more than many a statement, so what one was put to stays at hand for
    a moment, and goes to whoever waits longest. A third of the pool is always left to transactions.
    """

    def __init__(self, client: "Client") -> None:
        self._client = client
        size = client.pool_maxsize
        # A small pool has none to spare; each read borrows and gives back.
        self._most = size - size // 3 if size >= _SPARING else 0
        self._lent = 0
        self._at_hand: list[Any] = []
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._resting: asyncio.TimerHandle | None = None

    async def ask(self, statement: str, values: list[Any]) -> Any:
        """The one row of a reading statement.

        Where a connection died while it was at hand, another is asked.
        """
        if self._at_hand:
            try:
                return await self._asked(self._at_hand.pop(), statement, values)
            except (*_DEAD, OSError) as error:
                # The driver says so of values that do not fit, too.
                if isinstance(error, ValueError):
                    raise
        return await self._asked(await self._borrowed(), statement, values)

    async def tell(self, statement: str, values: list[Any]) -> Any:
        """The one row of a statement that writes, or None: it is sent once, and never again."""
        while self._at_hand:
            connection = self._at_hand.pop()
            if not connection.is_closed():
                return await self._asked(connection, statement, values)
            await self._give_back(connection)
        return await self._asked(await self._borrowed(), statement, values)

    async def rest(self) -> None:
        """Gives back what is at hand."""
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None
        while self._at_hand:
            await self._give_back(self._at_hand.pop())

    async def _asked(self, connection: Any, statement: str, values: list[Any]) -> Any:
        try:
            row = await connection.fetchrow(statement, *values)
        except asyncpg.InternalClientError:
            # It was told of its end in the middle of being asked; the pool must not lend it again.
            connection.terminate()
            await self._give_back(connection)
            raise
        except BaseException:
            # The pool finds out what it still owes.
            await self._give_back(connection)
            raise
        if self._most:
            self._hand_on(connection)
        else:
            await self._give_back(connection)
        return row

    async def _borrowed(self) -> Any:
        while self._lent >= self._most > 0:
            connection = await self._handed()
            if connection is not None:
                return connection
        self._lent += 1
        try:
            return await (await self._client.lender()).acquire()
        except BaseException:
            self._free_a_place()
            raise

    async def _handed(self) -> Any:
        """A connection that somebody handed on, or None where a place has become free."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            # It may have been handed one at the very moment.
            if waiter.done() and not waiter.cancelled():
                self._pass(waiter.result())
            raise

    def _hand_on(self, connection: Any) -> None:
        if self._serve(connection):
            return
        self._at_hand.append(connection)
        if self._resting is None:
            self._resting = asyncio.get_running_loop().call_later(_MOMENT, self._start_to_rest)

    def _pass(self, handed: Any) -> None:
        if handed is None:
            self._serve(None)
        else:
            self._hand_on(handed)

    def _serve(self, handed: Any) -> bool:
        """Whether somebody waited for it."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(handed)
                return True
        return False

    def _start_to_rest(self) -> None:
        self._resting = None
        task = asyncio.ensure_future(self.rest())
        _RESTING.add(task)
        task.add_done_callback(_RESTING.discard)

    async def _give_back(self, connection: Any) -> None:
        try:
            await (await self._client.lender()).release(connection)
        finally:
            self._free_a_place()

    def _free_a_place(self) -> None:
        self._lent -= 1
        self._serve(None)


# The loop keeps no task alive by itself.
_RESTING: set[asyncio.Task[None]] = set()


class Client(AsyncpgDBClient):
    """Tortoise's client for PostgreSQL on these connections."""

    connection_class = Connection  # type: ignore[assignment] # It is declared as the exact class.

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.readers = Readers(self)

    def acquire_connection(self) -> Any:
        """A connection of the pool, lent until the end of the block."""
        return self._pool.acquire() if self._pool else super().acquire_connection()

    async def lender(self) -> asyncpg.Pool:
        """The pool, made where it is not there yet."""
        if self._pool is None:
            async with self._pool_init_lock:
                if self._pool is None:
                    await self.create_connection(with_db=True)
        assert self._pool is not None
        return self._pool

    async def _close(self) -> None:
        await self.readers.rest()
        await super()._close()

    def _in_transaction(self) -> TransactionContext:
        return _Transaction(TransactionWrapper(self), self._pool_init_lock)


async def apart() -> asyncpg.Connection:
    """A connection of its own beside the pool, for whoever must be seen while a transaction stands.

    Whoever takes it closes it.
    """
    client: Any = get_connections().get("default")
    while isinstance(client, TransactionWrapper):
        client = client._parent
    await client.lender()
    of_pool = {"min_size", "max_size", "loop", "reset"}
    options = {name: value for name, value in client._template.items() if name not in of_pool}
    return await asyncpg.connect(password=client.password, **options)


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
