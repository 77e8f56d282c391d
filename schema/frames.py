"""The messages of graphql-transport-ws, from text and to text: no socket, no state.

It refuses with the close code that the protocol names, and bounds every id.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import orjson

PROTOCOL = "graphql-transport-ws"
_LONGEST_ID = 128
# A close frame holds 125 bytes, two of them the code.
_LONGEST_REASON = 123


class Code(IntEnum):
    """Why a socket is closed, as the protocol counts."""

    MALFORMED = 4400
    NOT_SIGNED_IN = 4401
    NO_PROTOCOL = 4406
    NO_INIT = 4408
    ID_TAKEN = 4409
    INIT_TWICE = 4429
    FAULT = 4500
    # Not of the protocol but of WebSocket itself; clients come again after these.
    LOST = 1006
    RESTART = 1012
    TRY_LATER = 1013


class Closed(Exception):  # noqa: N818 - the end of a socket, not a fault
    """The socket is to be closed with this code, and this reason for people."""

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(code)
        self.code = code
        self.reason = reason.encode()[:_LONGEST_REASON].decode(errors="ignore")


@dataclass(frozen=True, slots=True)
class Init:
    """The client asks for a connection."""

    payload: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ping:
    """The client asks whether anybody is there."""

    payload: dict[str, Any] | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Pong:
    """The client is there."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """The client asks for an operation under an id of its own."""

    id: str
    payload: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Complete:
    """The client wants no more of an operation."""

    id: str


Frame = Init | Ping | Pong | Subscribe | Complete


def read(text: str) -> Frame:
    """The message; raises Closed for whatever the protocol does not know."""
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Closed(Code.MALFORMED, "A message must be JSON.") from error
    if not isinstance(given, dict):
        raise Closed(Code.MALFORMED, "A message must be a JSON object.")
    match given.get("type"):
        case "connection_init":
            return Init(_payload(given) or {})
        case "ping":
            return Ping(_payload(given))
        case "pong":
            _payload(given)
            return Pong()
        case "subscribe":
            return Subscribe(_id(given), _operation(given))
        case "complete":
            return Complete(_id(given))
    raise Closed(
        Code.MALFORMED,
        "`type` must be connection_init, ping, pong, subscribe or complete.",
    )


def _payload(given: dict[str, Any]) -> dict[str, Any] | None:
    payload = given.get("payload")
    if payload is not None and not isinstance(payload, dict):
        raise Closed(Code.MALFORMED, "`payload` must be a JSON object, null or absent.")
    return payload


def _operation(given: dict[str, Any]) -> dict[str, Any]:
    payload = _payload(given)
    if payload is None:
        raise Closed(Code.MALFORMED, "`payload` of subscribe must be an object with `query`.")
    return payload


def _id(given: dict[str, Any]) -> str:
    value = given.get("id")
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_ID:
        raise Closed(Code.MALFORMED, f"`id` must be a text of 1 to {_LONGEST_ID} characters.")
    return value


def ack() -> str:
    """The connection stands."""
    return '{"type":"connection_ack"}'


def pong(payload: dict[str, Any] | None) -> str:
    """The answer to a ping, with what it carried."""
    return _written({"type": "pong", "payload": payload} if payload else {"type": "pong"})


def result(key: str, body: bytes) -> str:
    """One result of an operation, whose JSON is passed through."""
    return _written({"id": key, "type": "next", "payload": orjson.Fragment(body)})


def refusal(key: str, errors: Sequence[dict[str, Any]]) -> str:
    """The end of an operation that was refused."""
    return _written({"id": key, "type": "error", "payload": errors})


def complete(key: str) -> str:
    """The end of an operation that has no more results."""
    return _written({"id": key, "type": "complete"})


def _written(message: dict[str, Any]) -> str:
    return orjson.dumps(message).decode()
