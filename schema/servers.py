"""Serving the app over a socket: the port is taken first, and a signal ends it in order.

It refuses a port that somebody else listens on.
"""

import asyncio
import errno
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from schema.app import create_app
from service.errors import Conflict, Unavailable
from service.settings import Settings


class _Server(uvicorn.Server):
    """A server that a signal ends, and nothing else: what stands around it closes in order.

    The original raises the signal again once it has ended, and a second
    interruption would leave the embedded database running.
    """

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


async def serve(settings: Settings, listener: socket.socket) -> None:
    """Serves until SIGINT or SIGTERM, then lets the requests under way finish."""
    config = uvicorn.Config(
        create_app(settings),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )
    server = _Server(config)
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
    with listener:
        yield listener
