"""`/graphql`: one ASGI endpoint from bytes to bytes, with every limit before the work.

It serves queries and mutations over GET and POST, and hands over what is to be streamed. It
refuses batches and uploads, and never answers with a word that was not meant for the client.
"""

import functools
import gzip
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Receive, Scope, Send
from strawberry.types.graphql import OperationType
from uuid_utils import uuid4

from schema.budgets import TooSoon
from schema.engine import Asked, Caller, Engine, Outcome, WrongKind
from schema.errors import present_refusal, present_unexpected
from schema.exchanges import exchange_of
from schema.limits import LimitExceeded, Limits
from schema.metrics import REFUSALS, REQUESTS, SECONDS, Tally
from schema.patience import Patience
from schema.requests import (
    CHALLENGE,
    Asking,
    BadRequest,
    Heads,
    HttpRefused,
    MediaType,
    Parameters,
    bearer,
    gathered,
    negotiate,
    not_signed_in,
    read_parameters,
)
from schema.results import Sent
from schema.streams import Streams
from service import logs
from service.errors import NotAllowed, NotSignedIn, Refusal, Unavailable

_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"vary", b"accept, accept-encoding"),
    (b"x-content-type-options", b"nosniff"),
)
_GZIP = ((b"content-encoding", b"gzip"),)
# A smaller answer travels in one packet anyway; a greater effort costs more time than it saves.
_WORTH_PACKING, _EFFORT = 1_400, 3
_SERVED = {
    "GET": (OperationType.QUERY,),
    "POST": (OperationType.QUERY, OperationType.MUTATION),
}
_STREAMED = {
    "GET": frozenset({OperationType.QUERY, OperationType.SUBSCRIPTION}),
    "POST": frozenset(OperationType),
}
# Codes that say something about us rather than about the request.
_FAULTS = {"INTERNAL": 500, "UNAVAILABLE": 503}


_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_TYPES = {media: f"{media}; charset=utf-8".encode() for media in MediaType}


class _Answer(NamedTuple):
    status: int
    outcome: Outcome
    headers: Mapping[str, str] = _NO_HEADERS


def create_endpoint(
    engine: Engine,
    streams: Streams | None = None,
    *,
    body_seconds: float = 10,
    work_seconds: float = 5,
) -> ASGIApp:
    """The ASGI app to route `/graphql` to, for every method.

    Sign-in and work have `work_seconds` together, after which the answer is UNAVAILABLE and
    the work is cancelled, in the database too; CPU-bound work cannot be cancelled, which is
    why the limits come first. Without `streams`, streams of events are not offered.
    """
    return _Endpoint(engine, streams, body_seconds, work_seconds)


@dataclass(frozen=True, slots=True)
class _Endpoint:
    engine: Engine
    streams: Streams | None
    body_seconds: float
    work_seconds: float

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        reference = str(uuid4())
        exchange = exchange_of(scope)
        asking = Asking(scope, receive, gathered(scope["headers"]), exchange, reference)
        try:
            with logs.request(reference):
                media, answer = await self._answer_or_refusal(asking, send)
        except ClientDisconnect:
            return
        if answer is None:
            return
        seconds = time.perf_counter() - started
        body, packing = _packed(asking.heads, answer.outcome.pieces())
        headers = [
            *_HEADERS,
            *packing,
            (b"content-type", _TYPES[media]),
            (b"content-length", b"%d" % sum(map(len, body))),
            (b"x-request-id", reference.encode()),
            *((name.lower().encode(), value.encode()) for name, value in answer.headers.items()),
        ]
        if exchange is None or not exchange.answer(answer.status, headers, body):
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            await send({"type": "http.response.body", "body": b"".join(body)})
        # The client does not wait for it.
        _tell(scope["method"], reference, answer, seconds)

    async def _answer_or_refusal(
        self, asking: Asking, send: Send
    ) -> tuple[MediaType, _Answer | None]:
        """Whatever happens becomes an answer; None where it was streamed.

        Only a client that left gets none.
        """
        media = MediaType.JSON
        try:
            accepted = negotiate(asking.heads)
            if accepted is MediaType.EVENTS:
                await self._stream(asking, send)
                return media, None
            media = accepted
            return media, await self._answer(asking, media)
        except ClientDisconnect:
            raise
        except HttpRefused as refused:
            outcome = Outcome(None, [present_refusal(refused.refusal, asking.reference)])
            return media, _Answer(refused.status, outcome, refused.headers)
        except Refusal as refusal:
            # Only authentication is left to refuse here, and not for a bad token.
            status = 503 if isinstance(refusal, Unavailable) else 403
            error = present_refusal(refusal, asking.reference)
            return media, _Answer(status, Outcome(None, [error]))
        except Exception as fault:  # noqa: BLE001 - the last resort: masked and logged
            return media, _fault(fault, asking.reference)

    async def _answer(self, asking: Asking, media: MediaType) -> _Answer:
        started = time.monotonic()
        caller = await self._caller(bearer(asking.heads), asking.address)
        rest = max(0.0, self.work_seconds - (time.monotonic() - started))
        parameters = await self._parameters(asking, self.engine.limits(caller))
        asked = Asked(parameters, caller, asking.reference, _SERVED[asking.scope["method"]])
        try:
            with Patience(rest, asking.receive):
                outcome = await self.engine.run(asked)
        except NotSignedIn as refusal:
            raise not_signed_in(refusal.message) from refusal
        except WrongKind as refusal:
            raise _wrong_kind(refusal) from refusal
        return _ran(outcome, media)

    async def _parameters(self, asking: Asking, limits: Limits) -> Parameters:
        return await read_parameters(asking, limits, self.body_seconds, self.engine.repeats)

    async def _stream(self, asking: Asking, send: Send) -> None:
        """Streams the results; what is refused before the stream begins is answered in JSON."""
        if self.streams is None:
            raise HttpRefused(406, BadRequest("Nothing is streamed here."))
        token = bearer(asking.heads)
        limits = self.engine.limits(await self._caller(token, asking.address))
        parameters = await self._parameters(asking, limits)
        sent = Sent(parameters, asking.reference, "events", _STREAMED[asking.scope["method"]])
        headers = [*_HEADERS, (b"x-request-id", asking.reference.encode())]
        request = Request(asking.scope, asking.receive)
        try:
            await self.streams.serve(request, send, sent, token=token, headers=headers)
        except NotSignedIn as refusal:
            raise not_signed_in(refusal.message) from refusal
        except TooSoon as refusal:
            raise HttpRefused(429, refusal, _later(refusal.seconds)) from refusal
        except LimitExceeded as refusal:
            raise HttpRefused(429, refusal) from refusal

    async def _caller(self, token: str | None, address: str | None) -> Caller:
        known = self.engine.recall(token, address)
        if known is not None:
            return known
        try:
            with Patience(self.work_seconds):
                return await self.engine.caller(token, address)
        except NotSignedIn as refusal:
            raise not_signed_in(refusal.message) from refusal
        except TooSoon as refusal:
            raise HttpRefused(429, refusal, _later(refusal.seconds)) from refusal


_Headers = tuple[tuple[bytes, bytes], ...]


def _packed(heads: Heads, body: Sequence[bytes]) -> tuple[Sequence[bytes], _Headers]:
    """The body compressed, with the header that says so, where it is worth it and understood."""
    if b"gzip" not in heads.get(b"accept-encoding", b"") or sum(map(len, body)) < _WORTH_PACKING:
        return body, ()
    return [gzip.compress(b"".join(body), compresslevel=_EFFORT)], _GZIP


def _tell(method: str, reference: str, answer: _Answer, seconds: float) -> None:
    """The request in numbers and in one line of the log, without a word of what was asked."""
    codes = answer.outcome.codes if answer.outcome.errors else []
    _requests(answer.status).count += 1
    SECONDS.observe(seconds)
    for code in codes:
        REFUSALS.of(code).count += 1
    logs.answered(
        request_id=reference,
        method=method,
        status=answer.status,
        codes=codes,
        milliseconds=round(seconds * 1000, 1),
    )


@functools.cache
def _requests(status: int) -> Tally:
    return REQUESTS.of("http", str(status))


def _wrong_kind(refusal: WrongKind) -> HttpRefused:
    words = BadRequest(refusal.message)
    if refusal.kind is OperationType.MUTATION:
        return HttpRefused(405, words, {"Allow": "POST"})
    return HttpRefused(400, words)


def _ran(outcome: Outcome, media: MediaType) -> _Answer:
    """An outcome with its status. Only the newer media type tells there that nothing ran."""
    if outcome.data is not None:
        return _Answer(200, outcome)
    if outcome.wait:
        return _Answer(429, outcome, _later(outcome.wait))
    code = outcome.errors[0]["extensions"]["code"]
    if code in _FAULTS or media is MediaType.JSON:
        return _Answer(_FAULTS.get(code, 200), outcome)
    if code == NotSignedIn.code:
        return _Answer(401, outcome, CHALLENGE)
    return _Answer(403 if code == NotAllowed.code else 400, outcome)


def _later(seconds: int) -> dict[str, str]:
    return {"Retry-After": str(seconds)}


def _fault(fault: Exception, reference: str) -> _Answer:
    error = present_unexpected(fault, reference)
    return _Answer(_FAULTS[error["extensions"]["code"]], Outcome(None, [error]))
