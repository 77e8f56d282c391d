"""Serving the app over a socket: the port is taken first, and a signal ends it in order.

It refuses a port that somebody else listens on.
"""

import asyncio
import errno
import gc
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from schema.app import create_app
from schema.limits import Limits
from schema.protocols import Protocol
from service.errors import Conflict, Unavailable
from service.settings import Settings

DEAF_MS = 30_000


class Server(uvicorn.Server):
    """A server that signals end, and nothing else: what stands around it closes in order.

    The original raises the signal again once it has ended, and a second
    interruption would leave the embedded database running.
    """

    def __init__(
        self,
        app: Starlette,
        *,
        drain_seconds: float = 0,
        protocol: type[Protocol] = Protocol,
        break_off: Callable[[], None] = lambda: None,
    ) -> None:
        """`break_off` ends what would never end by itself."""
        super().__init__(
            uvicorn.Config(
                app,
                http=protocol,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=10,
                # A message of a socket is a request; who answers no ping has left.
                ws_max_size=Limits().body_bytes,
                ws_ping_interval=20,
                ws_ping_timeout=20,
            )
        )
        self._app = app
        self._drain_seconds = drain_seconds
        self._break_off = break_off

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

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Serves once what stands for good is out of the sight of the search for garbage."""
        await super().startup(sockets)
        # Schema, models and libraries are some half a million objects, which every full search
        # would walk through; what a request makes is freed without any.
        gc.collect()
        gc.freeze()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """The original waits for every answer, and a stream goes on for as long as it may."""
        self._break_off()
        await super().shutdown(sockets)


async def serve(settings: Settings, listener: socket.socket) -> None:
    """Serves until SIGINT or SIGTERM, then lets the requests under way finish."""
    app = create_app(settings)
    server = Server(
        app, drain_seconds=settings.drain_seconds, break_off=app.state.live.connections.close
    )
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
    # Whoever takes nothing for so long is gone, and the
    # library would wait for ever to flush what it has for them.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAF_MS)
    with listener:
        yield listener
