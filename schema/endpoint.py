"""`/graphql`: one ASGI endpoint from bytes to bytes, with every limit before the work.

It serves queries and mutations over GET and POST. It refuses batches, uploads and
subscriptions, and never answers with a word that was not meant for the client.
"""

import asyncio
import time
from dataclasses import dataclass, field
from uuid import uuid4

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from strawberry.types.graphql import OperationType

from schema.engine import Asked, Caller, Engine, Outcome, WrongKind
from schema.errors import present_refusal, present_unexpected
from schema.metrics import REFUSALS, REQUESTS, SECONDS
from schema.requests import (
    CHALLENGE,
    BadRequest,
    HttpRefused,
    MediaType,
    bearer,
    negotiate,
    not_signed_in,
    read_parameters,
)
from service import logs
from service.errors import NotSignedIn, Refusal, Unavailable

_log = structlog.get_logger("cadre.requests")

_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}
_SERVED = {
    "GET": frozenset({OperationType.QUERY}),
    "POST": frozenset({OperationType.QUERY, OperationType.MUTATION}),
}
# Codes that say something about us rather than about the request.
_FAULTS = {"INTERNAL": 500, "UNAVAILABLE": 503}


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    outcome: Outcome
    headers: dict[str, str] = field(default_factory=dict)


def create_endpoint(
    engine: Engine, *, body_seconds: float = 10, work_seconds: float = 5
) -> ASGIApp:
    """The ASGI app to route `/graphql` to, for every method.

    Sign-in and work have `work_seconds` together, after which the answer is UNAVAILABLE and
    the work is cancelled, in the database too; CPU-bound work cannot be cancelled, which is
    why the limits come first.
    """
    return _Endpoint(engine, body_seconds, work_seconds)


@dataclass(frozen=True, slots=True)
class _Endpoint:
    engine: Engine
    body_seconds: float
    work_seconds: float

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        reference = str(uuid4())
        request = Request(scope, receive)
        try:
            with logs.request(reference):
                media, answer = await self._answer_or_refusal(request, reference)
        except ClientDisconnect:
            return
        seconds = time.perf_counter() - started
        _tell(request.method, reference, answer, seconds)
        response = Response(
            answer.outcome.body(),
            status_code=answer.status,
            media_type=f"{media}; charset=utf-8",
            headers={**_HEADERS, **answer.headers, "X-Request-Id": reference},
        )
        await response(scope, receive, send)

    async def _answer_or_refusal(
        self, request: Request, reference: str
    ) -> tuple[MediaType, _Answer]:
        """Whatever happens becomes an answer; only a client that left gets none."""
        media = MediaType.JSON
        try:
            media = negotiate(request.headers)
            return media, await self._answer(request, media, reference)
        except ClientDisconnect:
            raise
        except HttpRefused as refused:
            outcome = Outcome(None, [present_refusal(refused.refusal, reference)])
            return media, _Answer(refused.status, outcome, refused.headers)
        except Refusal as refusal:
            # Only authentication is left to refuse here, and not for a bad token.
            status = 503 if isinstance(refusal, Unavailable) else 403
            return media, _Answer(status, Outcome(None, [present_refusal(refusal, reference)]))
        except Exception as fault:  # noqa: BLE001 - the last resort: masked and logged
            return media, _fault(fault, reference)

    async def _answer(self, request: Request, media: MediaType, reference: str) -> _Answer:
        caller = await self._caller(bearer(request.headers))
        parameters = await read_parameters(request, self.engine.limits, self.body_seconds)
        asked = Asked(parameters, caller, reference, _SERVED[request.method])
        try:
            async with asyncio.timeout(self.work_seconds), _Attended(request):
                outcome = await self.engine.run(asked)
        except NotSignedIn as refusal:
            raise not_signed_in(refusal.message) from refusal
        except WrongKind as refusal:
            raise _wrong_kind(refusal) from refusal
        return _ran(outcome, media)

    async def _caller(self, token: str | None) -> Caller:
        try:
            async with asyncio.timeout(self.work_seconds):
                return await self.engine.caller(token)
        except NotSignedIn as refusal:
            raise not_signed_in(refusal.message) from refusal


class _Attended:
    """Cancels the work inside when the client goes away; raises ClientDisconnect then.

    It looks only after a moment: most work has ended by then, and is spared the looking.
    """

    _MOMENT = 0.05

    def __init__(self, request: Request) -> None:
        self._request = request
        self._watching: asyncio.Task[None] | None = None
        self._has_left = False

    async def __aenter__(self) -> None:
        self._work = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(self._MOMENT, self._start)

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._timer.cancel()
        if self._watching is not None:
            self._watching.cancel()
        if self._has_left and kind is asyncio.CancelledError and self._work:
            self._work.uncancel()
            raise ClientDisconnect

    def _start(self) -> None:
        self._watching = asyncio.ensure_future(self._watch())

    async def _watch(self) -> None:
        # The body has been read, so nothing else than the end can be heard.
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
        self._has_left = True
        if self._work is not None:
            self._work.cancel()


def _tell(method: str, reference: str, answer: _Answer, seconds: float) -> None:
    """The request in numbers and in one line of the log, without a word of what was asked."""
    codes = answer.outcome.codes
    REQUESTS.labels("http", answer.status).inc()
    SECONDS.labels("http").observe(seconds)
    for code in codes:
        REFUSALS.labels(code).inc()
    _log.info(
        "request",
        reference=reference,
        method=method,
        status=answer.status,
        codes=codes,
        milliseconds=round(seconds * 1000, 1),
    )


def _wrong_kind(refusal: WrongKind) -> HttpRefused:
    words = BadRequest(refusal.message)
    if refusal.kind is OperationType.MUTATION:
        return HttpRefused(405, words, {"Allow": "POST"})
    return HttpRefused(400, words)


def _ran(outcome: Outcome, media: MediaType) -> _Answer:
    """An outcome with its status. Only the newer media type tells there that nothing ran."""
    if outcome.data is not None:
        return _Answer(200, outcome)
    code = outcome.errors[0]["extensions"]["code"]
    if code in _FAULTS or media is MediaType.JSON:
        return _Answer(_FAULTS.get(code, 200), outcome)
    if code == NotSignedIn.code:
        return _Answer(401, outcome, CHALLENGE)
    return _Answer(400, outcome)


def _fault(fault: Exception, reference: str) -> _Answer:
    error = present_unexpected(fault, reference)
    return _Answer(_FAULTS[error["extensions"]["code"]], Outcome(None, [error]))
