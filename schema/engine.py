"""One operation from its parameters to its outcome, the same for every transport.

Limits come before work, and whoever was remembered is proved before anything is told. It
refuses to know HTTP, sockets or streams; they only carry what it says.
"""

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson
import strawberry
from graphql import GraphQLError, GraphQLSchema
from strawberry.extensions import SchemaExtension
from strawberry.types.execution import ExecutionContext
from strawberry.types.graphql import OperationType

from schema.allowances import Allowances, alike
from schema.budgets import BadTokens, Balance, Budgets, TooSoon, cost_json, payer
from schema.context import Context
from schema.documents import Document, DocumentRefused, Documents, Operation
from schema.errors import (
    present_document_errors,
    present_execution_errors,
    present_refusal,
)
from schema.limits import Limits
from schema.metrics import OPERATIONS
from schema.reads import ProofLost, Reads
from schema.repeats import Repeats
from schema.requests import BadRequest, Parameters
from schema.writes import Writes
from service import persisted_operations
from service.access.actors import Actor
from service.errors import NotAllowed, NotSignedIn, Refusal, Unavailable
from service.sign_ins import SignIn, SignIns

_COMPILED, _EXECUTED = OPERATIONS.of("compiled"), OPERATIONS.of("executor")
_DEBUG = ("debug", "request")
_INTROSPECT = ("introspect", "schema")
_TRIES = 3
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class CadreSchema(strawberry.Schema):
    """A schema that runs the document the engine validated, and keeps errors out of logs.

    `reads` and `writes` are the short ways for queries and mutations, where there are any.
    """

    reads: Reads | None = None
    writes: Writes | None = None

    @property
    def core(self) -> GraphQLSchema:
        """The schema as graphql-core knows it."""
        return self._schema

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


class WrongKind(Refusal):
    """An operation of a kind that this transport does not carry."""

    code = BadRequest.code

    def __init__(self, kind: OperationType, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class NotRegistered(Refusal):
    """A hash under which no operation is registered; clients then send the text as well."""

    code = "PERSISTED_QUERY_NOT_FOUND"

    def __init__(self) -> None:
        # Some clients compare this very word.
        remedy = "Register it with `cadre operations register`, or send its text."
        super().__init__("PersistedQueryNotFound", details={"remedy": remedy})


class NotTrusted(Refusal):
    """A text that was not registered, where only registered operations are served."""

    code = "OPERATION_NOT_TRUSTED"

    def __init__(self) -> None:
        super().__init__(
            "Only registered operations are served here; name one by its hash, or register yours"
            " with `cadre operations register`."
        )


@dataclass(slots=True)
class Caller:
    """Whoever asks, by which token, and whether the database has vouched for it just now.

    `address` is the client's; the public is told apart by nothing else.
    """

    sign_in: SignIn
    token: str | None
    is_proved: bool
    address: str | None = None
    _purse: Hashable = None

    @property
    def purse(self) -> Hashable:
        """Whose budget pays, the same for the whole request."""
        if self._purse is None:
            self._purse = payer(self.sign_in.actor, self.address)
        return self._purse


class Outcome(NamedTuple):
    """What an operation came to: the JSON of `data`, None where nothing ran, and the errors.

    It comes in pieces, which are put together once, because answers can be long.
    `cost` is the JSON of what it cost; `wait` are the seconds until it can be asked again.
    """

    data: Sequence[bytes] | None
    errors: Sequence[dict[str, Any]] = ()
    extensions: Mapping[str, Any] = _NOTHING
    cost: bytes = b""
    wait: int = 0

    @property
    def codes(self) -> list[str]:
        """The codes of the errors, each once."""
        if not self.errors:
            return []
        return sorted({error["extensions"]["code"] for error in self.errors})

    def body(self) -> bytes:
        """The whole answer as JSON."""
        return b"".join(self.pieces())

    def pieces(self) -> list[bytes]:
        """The same in pieces, none of them empty: what is long is not copied."""
        parts = [b"{"] if self.data is None else [b'{"data":', *self.data, b","]
        if self.errors:
            parts += (b'"errors":', orjson.dumps(self.errors), b",")
        if self.cost or self.extensions:
            extensions = [b'"cost":' + self.cost] if self.cost else []
            if self.extensions:
                extensions.append(orjson.dumps(dict(self.extensions))[1:-1])
            parts += (b'"extensions":{', b",".join(extensions), b"},")
        # The last comma gives way to the end.
        parts[-1] = parts[-1][:-1] + b"}"
        return parts


class Asked(NamedTuple):
    """One request to run: what was sent, by whom, under which id, and what may be run there."""

    parameters: Parameters
    caller: Caller
    reference: str
    kinds: Collection[OperationType]


class Admitted(NamedTuple):
    """What may run: at which price, and under whose limits."""

    document: Document
    operation: Operation
    limits: Limits
    cost: int


class Engine:
    """Runs operations of one schema.

    Where it `is_open`, everybody signed in may introspect; else only who holds the permission.
    With `is_safelisted`, whoever may not introspect names registered operations by their hash.
    """

    def __init__(
        self,
        schema: CadreSchema,
        sign_ins: SignIns | None = None,
        limits: Allowances | Limits | None = None,
        *,
        is_open: bool = True,
        is_safelisted: bool = False,
    ) -> None:
        self.schema = schema
        self._allowances = limits if isinstance(limits, Allowances) else alike(limits or Limits())
        self.documents = Documents(schema.core, self._allowances.widest)
        self.sign_ins = sign_ins or SignIns()
        self._bad_tokens = BadTokens(self._allowances.anonymous)
        self._budgets = Budgets()
        self.repeats: Repeats[Parameters] = Repeats()
        self._is_open, self._is_safelisted = is_open, is_safelisted

    def recall(self, token: str | None, address: str | None = None) -> Caller | None:
        """Whoever bore this token of late, still to be proved; None where nobody did."""
        known = self.sign_ins.recall(token)
        return None if known is None else Caller(known, token, known.digest is None, address)

    async def caller(self, token: str | None, address: str | None = None) -> Caller:
        """Whoever bears this token. Raises NotSignedIn for one that is not known to be good.

        Raises TooSoon for an unknown token from an address that has sent many bad ones.
        """
        known = self.recall(token, address)
        if known is not None:
            return known
        self._bad_tokens.admit(address)
        try:
            return Caller(await self.sign_ins.ask(token), token, True, address)
        except NotSignedIn:
            self._bad_tokens.failed(address)
            raise

    def limits(self, caller: Caller) -> Limits:
        """The limits of this caller."""
        return self._allowances.of(caller.sign_in.actor)

    async def prove(self, caller: Caller) -> None:
        """Makes sure that the caller is who they were. Raises NotSignedIn where they are not."""
        if not caller.is_proved:
            caller.sign_in = await self.sign_ins.ask(caller.token)
            caller.is_proved = True

    async def run(self, asked: Asked) -> Outcome:
        """The outcome. Raises NotSignedIn for a lost token, WrongKind, and unforeseen faults."""
        try:
            admitted = await self.admit(asked)
        except (DocumentRefused, Refusal) as refused:
            return await self.refused(asked, refused)
        return await self.paid(asked, admitted)

    async def paid(self, asked: Asked, admitted: Admitted) -> Outcome:
        """The outcome of what was admitted, unless the caller's budget has too little left."""
        try:
            balance = self.take(asked.caller, admitted)
        except TooSoon as refused:
            return await self.refused(asked, refused)
        outcome = await self._answered(asked, admitted, balance)
        return self.settle(asked.caller, admitted, outcome)

    async def refused(self, asked: Asked, refused: DocumentRefused | Refusal) -> Outcome:
        """The outcome of what was not admitted. Raises NotSignedIn and WrongKind as `run` does."""
        # Only now: a token that was revoked must not even learn what is wrong.
        await self.prove(asked.caller)
        return _not_run(refused, asked.reference)

    def take(self, caller: Caller, admitted: Admitted) -> Balance:
        """What is left of the caller's budget without the price. Raises TooSoon."""
        return self._budgets.take(caller.purse, admitted.cost, admitted.limits)

    def settle(self, caller: Caller, admitted: Admitted, outcome: Outcome) -> Outcome:
        """The outcome with what it cost, once what was taken and not spent is given back."""
        purse = caller.purse
        if outcome.data is None:
            self._budgets.settle(purse, admitted.cost, admitted.limits)
            return outcome
        real = admitted.operation.price.real(outcome.data, admitted.cost)
        balance = self._budgets.settle(purse, admitted.cost - real, admitted.limits)
        cost = cost_json(admitted.cost, real, balance)
        return Outcome(outcome.data, outcome.errors, outcome.extensions, cost)

    async def admit(self, asked: Asked) -> Admitted:
        """What may run: the document that was sent or named, within every limit."""
        limits = self._allowances.of(asked.caller.sign_in.actor)
        return self._admit(asked, await self._document(asked, limits), limits)

    async def _document(self, asked: Asked, limits: Limits) -> Document:
        """The registered document that was named, or the one that was sent."""
        parameters = asked.parameters
        if parameters.digest:
            known = self.documents.registered(parameters.digest)
            if known is not None:
                return known
            text = await persisted_operations.find(parameters.digest)
            if text is not None:
                return self.documents.register(parameters.digest, text)
        if not parameters.query:
            raise NotRegistered
        if self._is_safelisted and not asked.caller.sign_in.actor.reach(*_INTROSPECT):
            raise NotTrusted
        return self.documents.parse(parameters.query, limits)

    def _admit(self, asked: Asked, document: Document, limits: Limits) -> Admitted:
        """What is to run, in the order cheap to dear; refuses before the next step costs."""
        actor, parameters = asked.caller.sign_in.actor, asked.parameters
        operation = document.operation(parameters.operation_name)
        if operation.kind not in asked.kinds:
            raise _wrong_kind(operation)
        operation.check(limits)
        if operation.shape.introspects:
            self._check_introspection(actor)
        self.documents.validate(document, suggest=not actor.is_anonymous)
        return Admitted(document, operation, limits, self._cost(parameters, operation, limits))

    def _cost(self, parameters: Parameters, operation: Operation, limits: Limits) -> int:
        """The points this request may cost; refuses values over the limits of who asks."""
        worked = parameters.worked
        known = worked.cost(operation.number, limits) if worked is not None else None
        if known is not None:
            return known
        cost = operation.admit(parameters.variables, limits)
        if worked is not None and operation.kind is OperationType.QUERY:
            worked.learn_cost(operation.number, limits, cost)
            self.repeats.keep(parameters.body, parameters)
        return cost

    def _check_introspection(self, actor: Actor) -> None:
        if actor.is_anonymous:
            raise NotSignedIn("Sign in to read the schema.")
        if not self._is_open and not actor.reach(*_INTROSPECT):
            raise NotAllowed(
                "You need the permission introspect.any.schema to read the schema here; "
                "the file schema/schema.graphql holds it."
            )

    async def _answered(self, asked: Asked, admitted: Admitted, balance: Balance) -> Outcome:
        """By the short way where there is one, else by the executor."""
        operation = admitted.operation
        is_query = operation.kind is OperationType.QUERY
        short = self.schema.reads if is_query else self.schema.writes
        if short is not None:
            outcome = await self._answered_soon(short, asked, operation)
            if outcome is not None:
                return outcome
        await self.prove(asked.caller)
        _EXECUTED.count += 1
        actor, parameters = asked.caller.sign_in.actor, asked.parameters
        result = await self.schema.execute(
            admitted.document.text,
            variable_values=parameters.variables,
            operation_name=parameters.operation_name,
            context_value=Context(
                actor, asked.reference, admitted.document.ast, admitted.limits, balance
            ),
            allowed_operation_types=asked.kinds,
        )
        found: list[GraphQLError] = result.errors or []
        errors = _presented(found, asked)
        if found and result.data is None and all(error.path is None for error in found):
            return Outcome(None, errors)
        return Outcome([orjson.dumps(result.data)], errors, _debug(asked, way="executor"))

    async def _answered_soon(
        self, short: Reads | Writes, asked: Asked, operation: Operation
    ) -> Outcome | None:
        caller, parameters = asked.caller, asked.parameters
        for _ in range(_TRIES):
            sign_in = caller.sign_in
            try:
                answer = await short.answer(
                    operation, parameters.variables, sign_in, parameters.worked
                )
            except ProofLost:
                caller.is_proved = False
                await self.prove(caller)
                continue
            if answer is None:
                return None
            caller.is_proved = caller.is_proved or answer.is_proved
            await self.prove(caller)
            if caller.sign_in is not sign_in:
                # It was refused for what the caller was before, and nothing was written.
                continue
            _COMPILED.count += 1
            errors = _presented(answer.errors, asked) if answer.errors else ()
            plan = "hit" if answer.is_planned else "miss"
            return Outcome(answer.data, errors, _debug(asked, way="compiled", plan=plan))
        raise Unavailable("Your roles change faster than they can be read; try again in a moment.")


def _presented(errors: Sequence[GraphQLError], asked: Asked) -> list[dict[str, Any]]:
    suggest = not asked.caller.sign_in.actor.is_anonymous
    return present_execution_errors(errors, asked.reference, suggest=suggest)


def _debug(asked: Asked, **facts: str) -> Mapping[str, Any]:
    """How the operation was answered, told to administrators only."""
    return {"debug": facts} if asked.caller.sign_in.actor.reach(*_DEBUG) else _NOTHING


def _not_run(refused: DocumentRefused | Refusal, reference: str) -> Outcome:
    if isinstance(refused, WrongKind):
        raise refused
    if isinstance(refused, DocumentRefused):
        return Outcome(None, present_document_errors(refused.errors, refused.code))
    wait = refused.seconds if isinstance(refused, TooSoon) else 0
    return Outcome(None, [present_refusal(refused, reference)], wait=wait)


def _wrong_kind(operation: Operation) -> WrongKind:
    if operation.kind is OperationType.MUTATION:
        message = "Send mutations as POST; GET is for queries."
    else:
        message = (
            "Subscriptions are streamed: accept text/event-stream, or open a WebSocket with the"
            " subprotocol graphql-transport-ws."
        )
    return WrongKind(operation.kind, message)
