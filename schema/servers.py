"""Serving the app over a socket: the port is taken first, and a signal ends it in order.

It refuses a port that somebody else listens on.
"""

import asyncio
import errno
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from schema.app import create_app
from schema.protocols import Protocol
from service.errors import Conflict, Unavailable
from service.settings import Settings


class Server(uvicorn.Server):
    """A server that signals end, and nothing else: what stands around it closes in order.

    The original raises the signal again once it has ended, and a second
    interruption would leave the embedded database running.
    """

    def __init__(
        self, app: Starlette, *, drain_seconds: float = 0, protocol: type[Protocol] = Protocol
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=protocol,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=10,
            )
        )
        self._app = app
        self._drain_seconds = drain_seconds

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the library's signature
        """First it is said, then new requests end, then all; each signal ends one wait."""
        if self.should_exit:
            self._cut()
        elif self._app.state.is_leaving or not self._drain_seconds:
            self._app.state.is_leaving = True
            self.should_exit = True
        else:
            self._app.state.is_leaving = True
            asyncio.get_running_loop().call_later(self._drain_seconds, self._stop_accepting)

    def _stop_accepting(self) -> None:
        self.should_exit = True

    def _cut(self) -> None:
        # Not `force_exit`, which would leave the app's own end out.
        for task in list(self.server_state.tasks):
            task.cancel()
        for connection in list(self.server_state.connections):
            connection.transport.abort()


async def serve(settings: Settings, listener: socket.socket) -> None:
    """Serves until SIGINT or SIGTERM, then lets the requests under way finish."""
    server = Server(create_app(settings), drain_seconds=settings.drain_seconds)
    await server.serve(sockets=[listener])
    if not server.started:
        raise Unavailable("The server could not start; the log above says why.")


@contextmanager
def listening(settings: Settings) -> Iterator[socket.socket]:
    """The port, taken before any work is done that it could make useless."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listener = socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        place = f"Port {settings.port} on {settings.host}"
        if error.errno == errno.EADDRINUSE:
            raise Conflict(f"{place} is taken; choose another with --port.") from error
        # Python adds the address, which stands here already, to what the system says.
        reason = str(error.strerror).partition(" (while ")[0]
        raise Unavailable(
            f"{place} cannot be listened on: {reason}; choose others with --host and --port."
        ) from error
    # Accepted connections inherit it. Where the loop does not set it itself, a head and its body
    # written apart would wait for each other: 40 ms an answer.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with listener:
        yield listener
