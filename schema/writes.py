"""Mutations of one verb done without the executor: their payload planned once for a class.

What it does not know it leaves to the executor, before anything is done. The caller is proved
by the statement that reads the payload: a change by one who is not is never committed.
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from cachetools import LRUCache
from graphql import FieldNode, GraphQLError, GraphQLSchema, located_error
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.values import get_argument_values
from strawberry.utils.str_converters import to_camel_case, to_snake_case

from schema.assembly import Assembly, payload_name, result_field
from schema.declarations import Verb
from schema.documents import Operation
from schema.metrics import PLANS
from schema.reads import ProofLost
from schema.repeats import Worked
from schema.resolvers import OperationError, perform
from schema.selections import Asked, Selections
from schema.variables import Unshaped
from service import revisions
from service.access.actors import Actor
from service.errors import Refusal
from service.models import Row
from service.reading import answers
from service.reading.selections import Field, RowOf
from service.reading.slots import Filling, Given
from service.reading.statements import Statement, compile_selections
from service.revisions import Revision
from service.sign_ins import PROOF, SignIn

_HIT, _MISS = PLANS.of("hit"), PLANS.of("miss")
_TYPE_NAME = "__typename"
_NULL = b"null"
# Characters of SQL: some hundreds of payloads of usual size.
_REMEMBERED = 2_000_000
# Statements of revisions: a payload has one for each choice of columns.
_REVISIONS = 500
# Of the values that a plan is kept for.
_LONGEST = 500


class Answer(NamedTuple):
    """The JSON of `data` in pieces, the errors, and whether the payload's plan was there.

    Unless the caller `is_proved`, nothing was written, and nothing is told before they are.
    """

    data: Sequence[bytes]
    errors: tuple[GraphQLError, ...]
    is_planned: bool
    is_proved: bool


class _Key(NamedTuple):
    """What a plan hangs on: the operation, the caller's class, and values below the payload."""

    operation: int
    has_proof: bool
    fingerprint: Any
    below: str


_Compiled = Callable[[tuple[str, ...]], Statement]


class _Part(NamedTuple):
    """A field of the payload under one key, which is JSON already.

    `facts` are those asked for of each refusal, by their keys.
    """

    key: bytes
    name: str
    is_row: bool = False
    facts: Mapping[str, str] | None = None
    constant: bytes | None = None


@dataclass(frozen=True)
class _Plan:
    """A payload in its parts, and the statement that reads its row."""

    verb: Verb
    root: FieldNode
    parts: tuple[_Part, ...]
    # What is selected of the row, for each part that is one.
    rows: Sequence[Sequence[Field]]
    # Reads those and the proof.
    statement: Statement | None
    has_proof: bool
    is_swift: bool

    @property
    def weight(self) -> int:
        """About how many characters it takes to remember."""
        return 500 + (len(self.statement.sql) if self.statement else 0)

    @cached_property
    def key(self) -> str:
        """The key of the answer."""
        return self.root.alias.value if self.root.alias else self.root.name.value

    def data(self, payload: bytes) -> list[bytes]:
        """The JSON of `data` around that of the payload."""
        return [b"{" + orjson.dumps(self.key) + b":" + payload + b"}"]


class Writes:
    """The short way for the mutations of one schema."""

    def __init__(self, assembly: Assembly, schema: GraphQLSchema) -> None:
        assert schema.mutation_type is not None
        self._assembly, self._schema = assembly, schema
        self._fields = schema.mutation_type.fields
        verbs = assembly.verbs.items()
        self._verbs = {name: verb for name, verb in verbs if not verb.operation.proves_first}
        self._plans: LRUCache[_Key, _Plan] = LRUCache(_REMEMBERED, lambda plan: plan.weight)
        self._revisions: LRUCache[Any, Statement] = LRUCache(_REVISIONS)

    async def answer(
        self,
        operation: Operation,
        variables: Mapping[str, Any],
        sign_in: SignIn,
        _: Worked | None = None,
    ) -> Answer | None:
        """The answer, once it is done; or None where the executor must do it.

        Raises ProofLost, and nothing is done, where the token no longer opens what was
        remembered of it.
        """
        root = _only_field(operation)
        if root is None or root.name.value not in self._verbs:
            return None
        asked = self._asked(operation, root, variables)
        if asked is None:
            return None
        try:
            given = get_argument_values(self._fields[root.name.value], root, asked.variables)
            key = _key(operation, variables, sign_in)
            plan, is_known = self._plan(key, asked, root, sign_in)
        except (GraphQLError, Refusal):
            return None
        compiled = functools.partial(self._revising, key, plan, sign_in)
        return await _written(plan, given["input"], sign_in, compiled, is_planned=is_known)

    def _asked(
        self, operation: Operation, root: FieldNode, variables: Mapping[str, Any]
    ) -> Asked | None:
        try:
            values = operation.variables.coerced(variables)
        except (Unshaped, RecursionError):
            return None
        return Asked(self._schema, operation.node, operation.fragments, values, [root])

    def _plan(
        self, key: _Key, asked: Asked, root: FieldNode, sign_in: SignIn
    ) -> tuple[_Plan, bool]:
        try:
            known = self._plans[key]
        except KeyError:
            _MISS.count += 1
        else:
            _HIT.count += 1
            return known, True
        plan = self._planned(asked, root, sign_in.actor, has_proof=sign_in.digest is not None)
        if len(key.below) <= _LONGEST and plan.weight <= _REMEMBERED:
            self._plans[key] = plan
        return plan, False

    def _revising(
        self, key: _Key, plan: _Plan, sign_in: SignIn, columns: tuple[str, ...]
    ) -> Statement:
        """The statement that writes these columns and reads the payload."""
        known = self._revisions.get((key, columns))
        if known is None:
            known = revisions.compiled(plan.verb.operation, columns, plan.rows, sign_in)
            if len(key.below) <= _LONGEST:
                self._revisions[key, columns] = known
        return known

    def _planned(self, asked: Asked, root: FieldNode, actor: Actor, *, has_proof: bool) -> _Plan:
        verb = self._verbs[root.name.value]
        model = verb.operation.result
        selections = Selections(self._assembly, asked)
        payload = selections.sub(payload_name(root.name.value), selections.root)
        parts = tuple(_part(verb, root, selections, *item) for item in payload.items())
        rows = [
            selections.row(model, group)
            for part, group in zip(parts, payload.values(), strict=True)
            if part.is_row
        ]
        read = [RowOf(model, "id", Given(0), fields) for fields in rows]
        statement = None
        if rows or has_proof:
            statement = compile_selections(read, actor, PROOF if has_proof else None)
        is_swift = revisions.tells(verb.operation, rows, actor)
        return _Plan(verb, root, parts, rows, statement, has_proof, is_swift)


def _part(
    verb: Verb, root: FieldNode, selections: Selections, key: str, group: list[FieldDetails]
) -> _Part:
    name, mark = group[0].node.name.value, orjson.dumps(key) + b":"
    if name == _TYPE_NAME:
        return _Part(mark, name, constant=orjson.dumps(payload_name(root.name.value)))
    if name == "errors":
        asked = selections.sub(OperationError.__name__, group)
        facts = {key: group[0].node.name.value for key, group in asked.items()}
        return _Part(mark, name, facts=facts)
    is_row = name == to_camel_case(result_field(verb.operation.result))
    return _Part(mark, to_snake_case(name), is_row)


@dataclass
class _Payload:
    """One payload, gathered inside its transaction, or from the statement that writes the row."""

    plan: _Plan
    sign_in: SignIn
    compiled: _Compiled
    is_proved: bool = False
    row: Row | None = None
    columns: Sequence[Any] = ()

    async def read(self, row_id: UUID, row: Row | None) -> None:
        """Reads the row, and the proof in the same snapshot."""
        self.row = row
        if self.plan.statement is not None:
            filling = Filling(self.sign_in.actor, (row_id,), self.sign_in.digest)
            self.columns = await answers.columns(self.plan.statement, filling)
        if self.plan.has_proof:
            proof, *self.columns = self.columns
            if proof != self.sign_in.proof:
                raise ProofLost
        self.is_proved = True

    async def write(self, judged: Revision) -> bool:
        """Writes the row if it may be, and reads what is told of it; false where it may not."""
        statement = self.compiled(tuple(judged.columns))
        columns = await revisions.write(statement, judged, self.sign_in)
        if columns is None:
            return False
        # The statement would have written nothing for a caller who is somebody else by now.
        self.row, self.columns, self.is_proved = judged.entry.aggregate, columns, True
        return True

    def json(self, errors: Sequence[OperationError]) -> bytes:
        """The payload; of what was refused no row is told."""
        columns = iter(() if errors else self.columns)
        values = [part.key + self._value(part, columns, errors) for part in self.plan.parts]
        return b"{" + b",".join(values) + b"}"

    def _value(
        self, part: _Part, columns: Iterator[bytes | None], errors: Sequence[OperationError]
    ) -> bytes:
        if part.is_row:
            return next(columns, None) or _NULL
        if part.facts is not None:
            facts = part.facts
            return orjson.dumps([_told(error, facts) for error in errors])
        return part.constant or orjson.dumps(getattr(self.row, part.name, None))


async def _written(
    plan: _Plan, given: Any, sign_in: SignIn, compiled: _Compiled, *, is_planned: bool
) -> Answer:
    payload = _Payload(plan, sign_in, compiled)
    actor, write = sign_in.actor, payload.write if plan.is_swift else None
    try:
        errors = await perform(plan.verb, given, by=actor, then=payload.read, write=write)
    except ProofLost:
        raise
    except Exception as fault:  # noqa: BLE001 - as the executor does: masked where it is told
        error = located_error(fault, [plan.root], [plan.key])
        return Answer(plan.data(_NULL), (error,), is_planned, payload.is_proved)
    return Answer(plan.data(payload.json(errors)), (), is_planned, payload.is_proved)


def _key(operation: Operation, variables: Mapping[str, Any], sign_in: SignIn) -> _Key:
    below = repr([(name, variables[name]) for name in operation.below if name in variables])
    return _Key(operation.number, sign_in.digest is not None, sign_in.actor.fingerprint, below)


def _only_field(operation: Operation) -> FieldNode | None:
    """The one root field, where there is one and it is neither conditional nor in a fragment."""
    first, *others = operation.node.selection_set.selections
    return first if isinstance(first, FieldNode) and not others and not first.directives else None


def _told(error: OperationError, facts: Mapping[str, str]) -> dict[str, Any]:
    return {
        key: OperationError.__name__ if name == _TYPE_NAME else getattr(error, to_snake_case(name))
        for key, name in facts.items()
    }
