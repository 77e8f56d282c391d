"""`/graphql`: one ASGI endpoint from bytes to bytes, with every limit before the work.

It serves queries and mutations over GET and POST. It refuses batches, uploads and
subscriptions, and never answers with a word that was not meant for the client.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from uuid import uuid4

import orjson
import strawberry
import structlog
from graphql import GraphQLError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from strawberry.extensions import SchemaExtension
from strawberry.types import ExecutionResult
from strawberry.types.execution import ExecutionContext
from strawberry.types.graphql import OperationType

from schema.context import Context
from schema.documents import Document, DocumentRefused, Documents, Operation
from schema.errors import (
    present_document_errors,
    present_execution_errors,
    present_refusal,
    present_unexpected,
)
from schema.limits import Limits
from schema.reads import Reads
from schema.requests import (
    CHALLENGE,
    BadRequest,
    HttpRefused,
    MediaType,
    Parameters,
    bearer,
    negotiate,
    not_signed_in,
    read_parameters,
)
from service import logs
from service.access.actors import Actor
from service.errors import NotSignedIn, Refusal, Unavailable

Authenticate: TypeAlias = Callable[[str | None], Awaitable[Actor]]

_log = structlog.get_logger("cadre.requests")

_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}
_SERVED = {
    "GET": frozenset({OperationType.QUERY}),
    "POST": frozenset({OperationType.QUERY, OperationType.MUTATION}),
}


class CadreSchema(strawberry.Schema):
    """A schema that runs the document the endpoint validated, and keeps errors out of logs.

    `reads` is the short way for queries, where there is one.
    """

    reads: Reads | None = None

    def get_extensions(self, sync: bool = False) -> list[SchemaExtension]:  # noqa: FBT001, FBT002 - the library's signature
        """The schema's own extensions, behind the one that hands over the ready document."""
        return [_ReadyDocument(), *super().get_extensions(sync)]

    def process_errors(
        self,
        errors: list[GraphQLError],
        execution_context: ExecutionContext | None = None,
    ) -> None:
        """Nothing: the library would log the query with its literals; `schema.errors` logs."""


class _ReadyDocument(SchemaExtension):
    def on_parse(self) -> Iterator[None]:
        self.execution_context.graphql_document = _document_of(self.execution_context)
        yield

    def on_validate(self) -> Iterator[None]:
        if _document_of(self.execution_context) is not None:
            # An empty list tells Strawberry that validation has been done.
            self.execution_context.pre_execution_errors = []
        yield


def _document_of(execution: ExecutionContext) -> Any:
    return getattr(execution.context, "document", None)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)

    def codes(self) -> list[str]:
        errors = self.body.get("errors", [])
        return sorted({error["extensions"]["code"] for error in errors})


def create_endpoint(
    schema: CadreSchema,
    authenticate: Authenticate,
    limits: Limits | None = None,
    *,
    body_seconds: float = 10,
    work_seconds: float = 8,
) -> ASGIApp:
    """The ASGI app to route `/graphql` to, for every method.

    `authenticate` gets the bearer token, or None without one, and raises NotSignedIn for a
    token that is not good. It and the execution have `work_seconds` each, after which the
    answer is UNAVAILABLE and the work is cancelled; CPU-bound work cannot be cancelled,
    which is why the limits come first.
    """
    limits = limits or Limits()
    documents = Documents(schema._schema, limits)  # noqa: SLF001 - it has no public name
    return _Endpoint(schema, documents, authenticate, limits, body_seconds, work_seconds)


@dataclass(frozen=True, slots=True)
class _Endpoint:
    schema: CadreSchema
    documents: Documents
    authenticate: Authenticate
    limits: Limits
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
        answer, body = _encode(answer, reference)
        _log.info(
            "request",
            reference=reference,
            method=request.method,
            status=answer.status,
            codes=answer.codes(),
            milliseconds=round((time.perf_counter() - started) * 1000, 1),
        )
        response = Response(
            body,
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
            errors = [present_refusal(refused.refusal, reference)]
            return media, _Answer(refused.status, {"errors": errors}, refused.headers)
        except Refusal as refusal:
            # Only authentication is left to refuse here, and not for a bad token.
            status = 503 if isinstance(refusal, Unavailable) else 403
            return media, _Answer(status, {"errors": [present_refusal(refusal, reference)]})
        except Exception as fault:  # noqa: BLE001 - the last resort: masked and logged
            return media, _fault(fault, reference)

    async def _answer(self, request: Request, media: MediaType, reference: str) -> _Answer:
        actor = await self._actor(bearer(request.headers))
        parameters = await read_parameters(request, self.limits, self.body_seconds)
        try:
            admitted = self._admit(request.method, parameters, actor)
        except DocumentRefused as refused:
            return _not_run(present_document_errors(refused.errors, refused.code), media)
        except Refusal as refusal:
            return _not_run([present_refusal(refusal, reference)], media)
        async with asyncio.timeout(self.work_seconds):
            result = await self._result(request.method, parameters, admitted, actor, reference)
        return _run(result, media, reference, suggest=not actor.is_anonymous)

    async def _result(
        self,
        method: str,
        parameters: Parameters,
        admitted: tuple[Document, Operation],
        actor: Actor,
        reference: str,
    ) -> ExecutionResult:
        """By the short way where there is one, else by the executor."""
        document, operation = admitted
        if self.schema.reads and operation.kind is OperationType.QUERY:
            answer = await self.schema.reads.answer(
                document.ast, operation.node, parameters.variables, actor
            )
            if answer is not None:
                return answer
        return await self.schema.execute(
            parameters.query,
            variable_values=parameters.variables,
            operation_name=parameters.operation_name,
            context_value=Context(actor, reference, document.ast),
            allowed_operation_types=_SERVED[method],
        )

    async def _actor(self, token: str | None) -> Actor:
        try:
            async with asyncio.timeout(self.work_seconds):
                return await self.authenticate(token)
        except NotSignedIn as refusal:
            raise not_signed_in(refusal.message) from refusal

    def _admit(
        self, method: str, parameters: Parameters, actor: Actor
    ) -> tuple[Document, Operation]:
        """The document to run, in the order cheap to dear; refuses before the next step costs."""
        document = self.documents.parse(parameters.query)
        operation = document.operation(parameters.operation_name)
        if operation.kind not in _SERVED[method]:
            raise _wrong_kind(operation)
        if operation.shape.introspects and actor.is_anonymous:
            raise NotSignedIn("Sign in to read the schema.")
        self.documents.validate(parameters.query, document, suggest=not actor.is_anonymous)
        operation.admit(parameters.variables, self.limits)
        return document, operation


def _wrong_kind(operation: Operation) -> HttpRefused:
    if operation.kind is OperationType.MUTATION:
        refusal = BadRequest("Send mutations as POST; GET is for queries.")
        return HttpRefused(405, refusal, {"Allow": "POST"})
    return HttpRefused(400, BadRequest("Subscriptions are not served; poll with a query."))


def _not_run(errors: list[dict[str, Any]], media: MediaType) -> _Answer:
    """An answer without `data`. Only the newer media type says so in the status, by its spec."""
    code = errors[0]["extensions"]["code"]
    faults = {"INTERNAL": 500, "UNAVAILABLE": 503}
    if code in faults or media is MediaType.JSON:
        return _Answer(faults.get(code, 200), {"errors": errors})
    if code == NotSignedIn.code:
        return _Answer(401, {"errors": errors}, CHALLENGE)
    return _Answer(400, {"errors": errors})


def _run(result: ExecutionResult, media: MediaType, reference: str, *, suggest: bool) -> _Answer:
    found = result.errors or []
    errors = present_execution_errors(found, reference, suggest=suggest)
    if found and result.data is None and all(error.path is None for error in found):
        return _not_run(errors, media)
    body: dict[str, Any] = {"data": result.data}
    if errors:
        body["errors"] = errors
    if result.extensions:
        body["extensions"] = result.extensions
    return _Answer(200, body)


def _fault(fault: Exception, reference: str) -> _Answer:
    error = present_unexpected(fault, reference)
    known = error["extensions"]["code"] == Unavailable.code
    return _Answer(503 if known else 500, {"errors": [error]})


def _encode(answer: _Answer, reference: str) -> tuple[_Answer, bytes]:
    try:
        return answer, orjson.dumps(answer.body)
    except TypeError as error:
        # A scalar returned what JSON cannot hold.
        fault = _fault(error, reference)
        return fault, orjson.dumps(fault.body)
