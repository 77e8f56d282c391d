"""HTTP/1.1 as uvicorn speaks it, with an end to every wait for a client.

It refuses heads that do not arrive or do not end, and holds no answer for those who do not
take it. Bodies are counted and timed by `requests`.
"""

import asyncio
from collections.abc import Iterable, Sequence
from enum import Enum, auto
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from schema import exchanges


class _Stage(Enum):
    """How far the client has come with its request."""

    BETWEEN = auto()
    HEAD = auto()
    BODY = auto()


class _Exchange:
    """One request of a connection and its answer, past the messages of ASGI."""

    __slots__ = ("_cycle",)

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle

    def body(self) -> bytes | None:
        cycle = self._cycle
        if cycle.more_body or cycle.waiting_for_100_continue or cycle.disconnected:
            return None
        body, cycle.body = bytes(cycle.body), bytearray()
        return body

    def answer(
        self, status: int, headers: Iterable[tuple[bytes, bytes]], body: Sequence[bytes]
    ) -> bool:
        """Head and body in one call to the system, which costs more than all that is joined."""
        cycle = self._cycle
        is_other = cycle.response_started or cycle.disconnected or cycle.scope["method"] == "HEAD"
        if is_other or cycle.flow.write_paused or status not in STATUS_LINE:
            return False
        lines = [b"%b: %b\r\n" % header for header in (*cycle.default_headers, *headers)]
        if not cycle.keep_alive:
            lines.append(b"connection: close\r\n")
        head = b"".join((STATUS_LINE[status], *lines, b"\r\n"))
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        cycle.transport.write(b"".join((head, *body)))
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()
        return True


class Protocol(HttpToolsProtocol):
    """One connection, on which a request must arrive and an answer must be taken."""

    # For a whole head, from the connection or the first byte on; and for what follows a body
    # that nobody waited for.
    head_seconds = 10.0
    # What may arrive without becoming a head or a piece of a body, give or take one read.
    head_bytes = 65_536
    # An answer must shrink by so much in this time.
    taking_seconds = 10.0
    taking_bytes = 10_240

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._stage = _Stage.BETWEEN
        self._has_progressed = False
        self._pending = 0
        self._untaken = 0
        self._lateness: asyncio.TimerHandle | None = None
        self._stalling: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # As the original.
        """The first head is awaited."""
        super().connection_made(transport)
        self._await_client()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more."""
        self._await_nothing()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        """Hands the connection over to another protocol, which has its own clocks."""
        self._await_nothing()
        super().handle_websocket_upgrade()

    def data_received(self, data: bytes) -> None:
        """Lets the parser read, and looks at what that leaves open."""
        self._has_progressed = False
        self._pending += len(data)
        super().data_received(data)
        # Refused by the parser, or another protocol's connection by now.
        if self.transport.is_closing() or self.transport.get_protocol() is not self:
            return
        if self._pending > self.head_bytes:
            self._refuse_endless()
        elif self._is_client_s_turn() and self._lateness is None:
            self._await_client()

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._reach(_Stage.HEAD)

    def on_headers_complete(self) -> None:
        """The head is whole; from here on the app keeps the time."""
        self._reach(_Stage.BODY)
        self._stop_lateness()
        super().on_headers_complete()
        newest: RequestResponseCycle | None = self.cycle  # None where another protocol follows.
        if newest is not None and newest.scope is self.scope:
            exchanges.offer(newest.scope, _Exchange(newest))
            # What was checked must not change: headers that follow a body end in nobody's list.
            self.headers = []

    def on_body(self, body: bytes) -> None:
        """A piece of the body is there."""
        self._reach(_Stage.BODY)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._reach(_Stage.BETWEEN)
        self._stop_lateness()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is written; whether the client takes it is watched."""
        super().on_response_complete()
        if self.transport.get_write_buffer_size():
            self._watch_taking()

    def pause_writing(self) -> None:
        """So much of an answer waits here that the app must wait too."""
        super().pause_writing()
        self._watch_taking()

    def _reach(self, stage: _Stage) -> None:
        self._stage = stage
        self._has_progressed = True
        self._pending = 0

    def _is_client_s_turn(self) -> bool:
        if self._stage is _Stage.BODY:
            # The app reads a body in its own time; nobody reads one that is answered already.
            return not self._owes_an_answer()
        return self._stage is _Stage.HEAD or not self._has_progressed

    def _owes_an_answer(self) -> bool:
        newest: RequestResponseCycle | None = self.cycle  # None before the first request.
        return newest is not None and not newest.response_complete

    def _await_client(self) -> None:
        self._lateness = self.loop.call_later(self.head_seconds, self._on_late)

    def _on_late(self) -> None:
        self._lateness = None
        if self.transport.is_closing():
            return
        if self.flow.read_paused:
            # It may have sent everything; earlier requests have the turn.
            self._await_client()
        elif self._owes_an_answer():
            self.cycle.keep_alive = False
        elif self._stage is _Stage.HEAD:
            sentence = f"The request's head did not arrive within {self.head_seconds:g} seconds."
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, sentence)
        else:
            self.transport.close()

    def _refuse_endless(self) -> None:
        if self._stage is not _Stage.HEAD or self._owes_an_answer():
            self.transport.close()
            return
        sentence = f"The request's head is longer than {self.head_bytes} bytes."
        self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, sentence)

    def _refuse(self, status: HTTPStatus, sentence: str) -> None:
        body = sentence.encode()
        headers = [
            *self.server_state.default_headers,
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
        ]
        lines = [b"HTTP/1.1 %d %s" % (status, status.phrase.encode())]
        lines += [name + b": " + value for name, value in headers]
        self.transport.write(b"\r\n".join([*lines, b"", body]))
        self.transport.close()

    def _watch_taking(self) -> None:
        self._stop_stalling()
        self._untaken = self.transport.get_write_buffer_size()
        self._stalling = self.loop.call_later(self.taking_seconds, self._on_watched)

    def _on_watched(self) -> None:
        left = self.transport.get_write_buffer_size()
        if left and self._untaken - left < self.taking_bytes:
            self.transport.abort()
        elif left:
            self._watch_taking()

    def _await_nothing(self) -> None:
        self._stop_lateness()
        self._stop_stalling()

    def _stop_lateness(self) -> None:
        if self._lateness is not None:
            self._lateness.cancel()
            self._lateness = None

    def _stop_stalling(self) -> None:
        if self._stalling is not None:
            self._stalling.cancel()
            self._stalling = None
