"""Exceptions into GraphQL errors, by an allow list: refusals pass, everything else is masked.

No stack trace, SQL, query text or table name reaches a client; logs get types, places
and the request id, and never a message, because messages carry values.
"""

import re
import socket
import traceback
from collections.abc import Iterator, Sequence
from typing import Any

import structlog
from graphql import FieldNode, GraphQLError
from strawberry.exceptions import StrawberryInputCoercionError

from service.errors import Refusal, Unavailable

UNEXPECTED = "Something went wrong on our side."
UNREACHABLE = "A part of Cadre does not answer right now; try again in a moment."

_log = structlog.get_logger("cadre.errors")

_FRAMES_LOGGED = 12
_KINDS_LOGGED = 5
_LONGEST = 600
_PLACES = 20
_SUGGESTION = re.compile(r" Did you mean [^?]*\?")
# graphql-core puts the text of any exception a scalar raises after these words.
_SCALAR_FAULT = ", but encountered error "


def present_refusal(refusal: Refusal, reference: str) -> dict[str, Any]:
    """A refusal as a GraphQL error: its own words, code, input path and facts."""
    extensions: dict[str, Any] = {"code": str(refusal.code)}
    if refusal.path:
        extensions["path"] = list(refusal.path)
    if refusal.details:
        extensions["details"] = refusal.details
    if isinstance(refusal, Unavailable):
        extensions["reference"] = reference
    return {"message": refusal.message, "extensions": extensions}


def present_document_errors(errors: Sequence[GraphQLError], code: str) -> list[dict[str, Any]]:
    """Syntax and validation errors: the library's words, which repeat the sender's own text."""
    return [{**_place(error), **_document_error(error, code)} for error in errors]


def present_unexpected(exception: BaseException, reference: str) -> dict[str, Any]:
    """A masked error for an exception nobody foresaw, which is logged once without its words."""
    _log_fault(exception, reference, times=1)
    return _masked(exception, reference)


def present_execution_errors(
    errors: Sequence[GraphQLError], reference: str, *, suggest: bool
) -> list[dict[str, Any]]:
    """The errors of one execution, masked where needed; one log line per kind of fault."""
    _log_faults(errors, reference)
    return [_present(error, reference, suggest=suggest) for error in errors]


def unreachable(exception: BaseException) -> bool:
    """Whether the database cannot be reached or is silent, as far as the exception tells.

    The edge must not import the driver, so this reads SQLSTATEs and class names.
    """
    return any(_is_connection_fault(link) for link in _causes(exception))


def _document_error(error: GraphQLError, code: str) -> dict[str, Any]:
    cause = _root(error)
    words = f" {cause.message}" if isinstance(cause, Refusal) else ""
    message = _short(_without_fault(error.message)) + words
    return {"message": message, "extensions": {"code": code}}


def _short(message: str) -> str:
    """The library repeats whole values, in every error about them: twenty times what was sent."""
    half = _LONGEST // 2
    return message if len(message) <= _LONGEST else f"{message[:half]} … {message[-half:]}"


def _present(error: GraphQLError, reference: str, *, suggest: bool) -> dict[str, Any]:
    cause = _root(error)
    if isinstance(cause, Refusal):
        answer = present_refusal(cause, reference)
        if _SCALAR_FAULT in error.message:
            answer["message"] = f"{_without_fault(error.message)} {cause.message}"
    elif _is_bad_input(error, cause):
        message = _short(_without_fault(error.message))
        message = message if suggest else _SUGGESTION.sub("", message)
        answer = {"message": message, "extensions": {"code": "BAD_USER_INPUT"}}
    else:
        answer = _masked(cause, reference)
    return {**_place(error), **answer}


def _masked(cause: BaseException, reference: str) -> dict[str, Any]:
    if unreachable(cause):
        return present_refusal(Unavailable(UNREACHABLE), reference)
    return {"message": UNEXPECTED, "extensions": {"code": "INTERNAL", "reference": reference}}


def _root(error: GraphQLError) -> BaseException:
    """The exception that was raised first, under the library's wrappers and task groups."""
    cause: BaseException = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    while isinstance(cause, BaseExceptionGroup) and len(cause.exceptions) == 1:
        cause = cause.exceptions[0]
    return cause


def _is_bad_input(error: GraphQLError, cause: BaseException) -> bool:
    if isinstance(cause, StrawberryInputCoercionError):
        return True
    inner = error.original_error
    if error.path is None:
        # A variable: graphql-core wraps whatever the scalar raised in an error of its own.
        return isinstance(cause, GraphQLError) or isinstance(inner, GraphQLError)
    # An argument: graphql-core points at its value. Faults of results have no place of
    # their own, or the field's.
    nodes = inner.nodes if isinstance(inner, GraphQLError) else None
    return bool(nodes) and not all(isinstance(node, FieldNode) for node in nodes or ())


def _without_fault(message: str) -> str:
    kept, fault, _ = message.partition(_SCALAR_FAULT)
    return f"{kept}." if fault else message


def _place(error: GraphQLError) -> dict[str, Any]:
    place: dict[str, Any] = {}
    if error.locations:
        place["locations"] = [location.formatted for location in error.locations[:_PLACES]]
    if error.path is not None:
        place["path"] = list(error.path)
    return place


def _log_faults(errors: Sequence[GraphQLError], reference: str) -> None:
    kinds: dict[tuple[str, ...], list[GraphQLError]] = {}
    for error in errors:
        cause = _root(error)
        if not isinstance(cause, Refusal) and not _is_bad_input(error, cause):
            kinds.setdefault((_name(cause), *_frames(cause)[-1:]), []).append(error)
    for alike in list(kinds.values())[:_KINDS_LOGGED]:
        _log_fault(_root(alike[0]), reference, times=len(alike), field=_field(alike[0]))


def _log_fault(
    exception: BaseException, reference: str, *, times: int, field: str | None = None
) -> None:
    """One line: what kind of exception, where in our code, how often. Never its message."""
    words: dict[str, Any] = {
        "reference": reference,
        "exceptions": [_name(link) for link in _causes(exception)],
        "frames": _frames(exception),
        "times": times,
    }
    sqlstate = getattr(exception, "sqlstate", None)
    if isinstance(sqlstate, str):
        words["sqlstate"] = sqlstate
    if field is not None:
        words["field"] = field
    if unreachable(exception):
        _log.warning("database_unreachable", **words)
    else:
        _log.error("unexpected_error", **words)


def _field(error: GraphQLError) -> str | None:
    """The field's name in the schema; the path would repeat aliases, which clients write."""
    node = error.nodes[0] if error.nodes else None
    return node.name.value if isinstance(node, FieldNode) else None


def _name(exception: BaseException) -> str:
    return f"{type(exception).__module__}.{type(exception).__qualname__}"


def _frames(exception: BaseException) -> list[str]:
    frames = [
        f"{frame.f_globals.get('__name__', '?')}:{line} {frame.f_code.co_qualname}"
        for frame, line in traceback.walk_tb(exception.__traceback__)
    ]
    return frames[-_FRAMES_LOGGED:]


def _causes(exception: BaseException) -> Iterator[BaseException]:
    """The exception and what it was raised from, at most ten links."""
    link: BaseException | None = exception
    for _ in range(10):
        if link is None:
            return
        yield link
        link = link.__cause__


# Cannot connect, shutting down, too many connections, cancelled by a timeout; then what only
# a login meets: no such database, and credentials that are not or no longer good.
_STATES = frozenset({"57P01", "57P02", "57P03", "53300", "57014", "55P03"})
_LOGIN_STATES = frozenset({"3D000", "28000", "28P01"})
# asyncpg calls it an error of its own where a statement meets a dying server's farewell.
_CLASSES = frozenset({"DBConnectionError", "ConnectionDoesNotExistError", "InternalClientError"})


def _is_connection_fault(exception: BaseException) -> bool:
    if isinstance(exception, ConnectionError | TimeoutError | socket.gaierror):
        return True
    state = getattr(exception, "sqlstate", None)
    if state in _STATES | _LOGIN_STATES or str(state).startswith("08"):
        return True
    name = type(exception).__name__
    # asyncpg says InterfaceError both for closed connections and for misuse of open ones.
    closed = name == "InterfaceError" and "clos" in str(exception)
    return name in _CLASSES or closed
