"""The load: ready-made requests over keep-alive connections, from a process of its own.

It reads of an answer what it must, status and length, and keeps samples for others to
judge. It refuses to go on after an answer that is not 200, and never retries.
"""

import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

_LENGTH = b"content-length:"
_END = b"\r\n\r\n"
_SAMPLES = 40
# An answer that takes longer hangs; it is no measurement.
_PATIENCE = 60.0


class BrokenOff(Exception):  # noqa: N818 - it tells of the server, not of this module
    """A load that a server did not answer to its end."""


@dataclass(frozen=True)
class Load:
    """What to send where, over how many connections, for how long."""

    port: int
    requests: Sequence[bytes]
    connections: int
    seconds: float
    # Requests that can be made only once end the load when they run out.
    is_once: bool = False


@dataclass
class Run:
    """What came of a load; seconds and latencies by the clock of the one who asked."""

    sent: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    samples: list[bytes] = field(default_factory=list)

    def latency(self, quantile: float) -> float:
        """The latency that this part of the answers stayed below."""
        ranked = sorted(self.latencies)
        return ranked[min(int(len(ranked) * quantile), len(ranked) - 1)]


def serve(pipe: Connection) -> None:
    """Runs the loads that come through the pipe, one by one, until it is closed."""
    while (load := pipe.recv()) is not None:
        try:
            pipe.send(run(load))
        except Exception as error:  # noqa: BLE001 - whoever waits at the other end must hear
            pipe.send(BrokenOff(f"the load broke off: {error!r}"))


def request(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """A POST of JSON as bytes on the wire."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"]
    lines += ["Accept: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def run(load: Load) -> Run:
    """Every connection asks as soon as it was answered; ends when all asked is answered."""
    outcome = Run()
    with selectors.DefaultSelector() as selector:
        for _ in range(load.connections):
            line = _Line(load.port)
            selector.register(line.socket, selectors.EVENT_READ, line)
        try:
            _drive(load, selector, outcome)
        finally:
            for entry in list(selector.get_map().values()):
                entry.data.socket.close()
    return outcome


def _drive(load: Load, selector: selectors.BaseSelector, outcome: Run) -> None:
    started = time.perf_counter()
    deadline = started + load.seconds
    waiting = 0
    for entry in list(selector.get_map().values()):
        waiting += _ask(load, entry.data, outcome)
    while waiting:
        ready = selector.select(_PATIENCE)
        if not ready:
            raise TimeoutError(f"no answer within {_PATIENCE:g} seconds")
        for entry, _ in ready:
            line: _Line = entry.data
            if not line.hear():
                continue
            now = time.perf_counter()
            outcome.latencies.append(now - line.asked_at)
            if len(outcome.latencies) % 50 == 1 and len(outcome.samples) < _SAMPLES:
                outcome.samples.append(line.body)
            if now > deadline or not _ask(load, line, outcome):
                waiting -= 1
                # The server may close it for idleness while the others are still answered.
                selector.unregister(line.socket)
                line.socket.close()
    outcome.seconds = time.perf_counter() - started


def _ask(load: Load, line: "_Line", outcome: Run) -> bool:
    """Sends the next request; False where there is none left."""
    if load.is_once and outcome.sent >= len(load.requests):
        return False
    line.ask(load.requests[outcome.sent % len(load.requests)])
    outcome.sent += 1
    return True


class _Line:
    """One connection, with at most one question open."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.asked_at = 0.0
        self._heard = b""
        self._whole = 0

    @property
    def body(self) -> bytes:
        """The last answer's body."""
        return self._heard.partition(_END)[2]

    def ask(self, question: bytes) -> None:
        """Sends this request and forgets the last answer."""
        self._heard, self._whole = b"", 0
        self.asked_at = time.perf_counter()
        self.socket.sendall(question)

    def hear(self) -> bool:
        """Takes in what has come; whether the answer is whole."""
        chunk = self.socket.recv(262_144)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        self._heard += chunk
        if not self._whole:
            self._whole = self._length()
        return bool(self._whole) and len(self._heard) >= self._whole

    def _length(self) -> int:
        """Bytes of the whole answer; 0 while its head has not come."""
        end = self._heard.find(_END)
        if end < 0:
            return 0
        if self._heard[9:12] != b"200":
            raise ValueError(f"status {self._heard[9:12].decode()}: {self._heard[end:][:300]!r}")
        head = self._heard[:end].lower()
        at = head.index(_LENGTH) + len(_LENGTH)
        return end + len(_END) + int(head[at:].split(b"\r\n", 1)[0])


def at_work(pipe: Any, load: Load) -> Run:
    """What comes of this load in the process at the other end."""
    pipe.send(load)
    outcome = pipe.recv()
    if isinstance(outcome, BrokenOff):
        raise outcome
    assert isinstance(outcome, Run)
    return outcome
