"""A road to a database that a test blocks or breaks: TCP in front of the cluster's own socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

from service import database


class Road:
    """Everybody who goes by `url` is held up, cut off or refused when the test says so."""

    def __init__(self, url: str) -> None:
        place = database.credentials(url)
        self._socket = f"{place['host']}/.s.PGSQL.{place['port']}"
        self._name = urlsplit(url).path
        self._open = asyncio.Event()
        self._open.set()
        self._ends: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        # Whether what comes last arrives, and the end that follows it does not.
        self.lingers = False
        self.port = 0

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}{self._name}"

    def block(self) -> None:
        """The other side falls silent: connections are accepted, and nothing passes."""
        self._open.clear()

    def unblock(self) -> None:
        self._open.set()

    async def tear_down(self) -> None:
        """The other side dies: whoever is on the road is cut off, newcomers are refused."""
        assert self._server is not None
        self._server.close()
        self.cut()
        await asyncio.sleep(0)

    def cut(self) -> None:
        """Everybody on the road is cut off."""
        for end in list(self._ends):
            end.transport.abort()

    async def build(self) -> None:
        """The road leads there again, on the same port."""
        self._server = await asyncio.start_server(self._travel, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _travel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(self._socket)
        self._ends |= {writer, back}
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._carry(reader, back))
                group.create_task(self._carry(there, writer))
        finally:
            self._ends -= {writer, back}
            writer.close()
            back.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                await self._open.wait()
                writer.write(data)
                await writer.drain()
        await self._open.wait()
        if not self.lingers:
            writer.close()


@asynccontextmanager
async def road(url: str) -> AsyncIterator[Road]:
    """An open road to this database."""
    found = Road(url)
    await found.build()
    try:
        yield found
    finally:
        found.unblock()
        await found.tear_down()
