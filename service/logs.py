"""Logs: one JSON object a line on standard error, from our code and from libraries alike.

They say what happened and to which id; names, tokens and passwords are refused on the way out.
"""

import asyncio
import logging
import re
import sys
import time
from collections import deque
from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog

HIDDEN = "[hidden]"
# How long the line of an answered request may wait for others, in seconds.
_MOMENT = 0.05
_TOGETHER = 256
# What a key is called decides first: these never carry what a log may say.
_KEYS = re.compile(
    r"token|secret|password|authorization|cookie|database_url|names?$|email|goals|reason|note",
    re.IGNORECASE,
)
# Then the value: a token or a password may stand in the middle of somebody's message.
_VALUES = (
    (re.compile(r"(?i)\bbearer\s+\S+"), f"Bearer {HIDDEN}"),
    (re.compile(r"\bcadre_[A-Za-z0-9_-]{16,}"), HIDDEN),
    (re.compile(r"(://[^:/@\s]*):[^@/\s]*@"), rf"\1:{HIDDEN}@"),
)
_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
_root = logging.getLogger()
# Where the lines of requests go, where they are wanted.
_requests: "_Lines | None" = None
_LEVELS = {"debug", "info", "warning", "error"}


def set_up(level: str) -> None:
    """Sends all logs of this process to standard error, from this level up.

    Raises ValueError where the level is none of debug, info, warning and error.
    """
    global _requests  # noqa: PLW0603 - as the root logger is, whom it stands for
    if level not in _LEVELS:
        raise ValueError(f"CADRE_LOG_LEVEL cannot be {level!r}; take one of {sorted(_LEVELS)}.")
    shared: list[Any] = [
        _with_request,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = _Lines(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _redacted,
                structlog.processors.JSONRenderer(serializer=_line),
            ],
        )
    )
    _root.handlers = [handler]
    _root.setLevel(level.upper())
    _requests = handler if _root.level <= logging.INFO else None
    # These would tell every statement with its values, which are people's data.
    for talkative in ("tortoise", "asyncpg", "asyncio"):
        logging.getLogger(talkative).setLevel(max(logging.WARNING, _root.level))
    # While the database is away it would print its stack every few seconds; we tell it ourselves.
    logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)


class request:  # noqa: N801 - used as a function: `with logs.request(id):`
    """Until the end of the block, every line of this task carries the request's id, or none."""

    __slots__ = ("_id", "_token")

    def __init__(self, request_id: str | None) -> None:
        self._id = request_id

    def __enter__(self) -> None:
        self._token = _request_id.set(self._id)

    def __exit__(self, *_: object) -> None:
        _request_id.reset(self._token)


def request_id() -> str | None:
    """The id that every line of this task carries now."""
    return _request_id.get()


def answered(**facts: str | float | list[str]) -> None:
    """One line for an answered request, written past the processors for the sake of speed.

    Only for numbers and words of our own: nothing here is looked through or hidden. Within an
    event loop the lines of some milliseconds are written together.
    """
    if _requests is not None:
        _requests.later((time.time(), facts))


# When it was, and what is said of it.
_Request = tuple[float, Mapping[str, Any]]
_ANSWERED = {"event": "request", "level": "info", "logger": "cadre.requests"}


class _Lines(logging.StreamHandler[Any]):
    """The handler of this process's own lines, which it keeps in order."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        # Whichever thread writes them takes each out once.
        self._waiting: deque[_Request] = deque()
        self._is_due = False

    def later(self, answered: _Request) -> None:
        """Writes a request's line in a moment; at once where no loop is there to do it."""
        self._waiting.append(answered)
        # Many at a time: the same work again and again is several times as quick.
        if len(self._waiting) >= _TOGETHER:
            self._write_waiting()
        elif not self._is_due:
            self._write_soon()

    def _write_soon(self) -> None:
        self._is_due = True
        try:
            asyncio.get_running_loop().call_later(_MOMENT, self._write_at_last)
        except RuntimeError:
            self._write_at_last()

    def _write_at_last(self) -> None:
        self._is_due = False
        self._write_waiting()

    def emit(self, record: logging.LogRecord) -> None:
        """Writes what waits before it, and then the record."""
        self._write_at_last()
        super().emit(record)

    def flush(self) -> None:
        """Writes what waits; Python calls it at the end of the process too."""
        self._write_at_last()
        super().flush()

    def _write_waiting(self) -> None:
        lines = []
        while self._waiting:
            at, facts = self._waiting.popleft()
            told = {**_ANSWERED, **facts, "timestamp": datetime.fromtimestamp(at, UTC)}
            lines.append(orjson.dumps(told, option=orjson.OPT_UTC_Z).decode())
        if lines:
            self.stream.write("\n".join([*lines, ""]))


def _with_request(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    request_id = _request_id.get()
    if request_id is not None:
        event["request_id"] = request_id
    return event


def _redacted(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return {key: _clean(key, value) for key, value in event.items()}


def _clean(key: str, value: Any) -> Any:
    if key not in {"event", "level", "logger", "timestamp"} and _KEYS.search(key):
        return HIDDEN
    if isinstance(value, Mapping):
        return {name: _clean(str(name), inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean("", inner) for inner in value]
    if isinstance(value, int | float | bool | None):
        return value
    text = str(value)
    for pattern, replacement in _VALUES:
        text = pattern.sub(replacement, text)
    return text


def _line(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=str).decode()
