"""An operation over tables, compiled once for a class of callers and a form of variables.

A plan holds one statement for the whole operation, and how its columns become the answer.
It refuses to hold a value of a request or of a caller.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from graphql import FieldNode, GraphQLError, GraphQLSchema
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_fields
from graphql.execution.values import VariableValues, get_argument_values
from strawberry.utils.str_converters import to_camel_case

from schema.assembly import Assembly
from schema.declarations import RootField
from schema.documents import Operation
from schema.resolvers import check_open, choose
from schema.selections import Asked, Uncompiled
from service.access.actors import Actor
from service.errors import Refusal
from service.reading.selections import Selection
from service.reading.statements import Statement, compile_selections
from service.sign_ins import PROOF

_TYPE_NAME = "__typename"
_NULL = b"null"


class Misfit(Exception):  # noqa: N818 - a signal to take the other way
    """An argument does not fit; the executor finds the words for it."""


@dataclass(frozen=True)
class _Root:
    """One root field: its answer's key, and its selection, its constant or why it is refused."""

    key: str
    selection: Selection | None = None
    constant: bytes = _NULL
    error: GraphQLError | None = None


@dataclass(frozen=True)
class Plan:
    """One statement, and the answer's text around its columns."""

    statement: Statement | None
    frames: tuple[bytes, ...]
    errors: tuple[GraphQLError, ...]
    has_proof: bool

    @property
    def weight(self) -> int:
        """About how many characters it takes to remember."""
        text = len(self.statement.sql) if self.statement else 0
        return 500 + text + sum(len(frame) for frame in self.frames)

    def data(self, columns: Sequence[bytes | None]) -> list[bytes]:
        """The JSON of `data` around these columns, the proof left out, in pieces."""
        parts = [self.frames[0]]
        for column, frame in zip(columns, self.frames[1:], strict=True):
            parts += (_NULL if column is None else column, frame)
        return parts


class Planner:
    """Compiles the operations of one schema."""

    def __init__(self, assembly: Assembly, schema: GraphQLSchema) -> None:
        assert schema.query_type is not None
        self._assembly, self._schema, self._query = assembly, schema, schema.query_type
        self._declared = {to_camel_case(name): root for name, root in assembly.roots.items()}
        # The root fields that can be compiled.
        self.fields = frozenset({_TYPE_NAME, *self._declared})

    def plan(
        self, operation: Operation, values: VariableValues, actor: Actor, *, has_proof: bool
    ) -> Plan:
        """The plan of an operation with these values, slots or plain.

        Raises Misfit where an argument does not fit. What a root field is refused for
        becomes an error of the plan, as it would of the executor.
        """
        asked = Asked(self._schema, operation.node, operation.fragments, values)
        groups = self._groups(asked)
        roots = [self._root(asked, key, group, actor) for key, group in groups.items()]
        selections = [root.selection for root in roots if root.selection]
        return Plan(
            _statement(selections, actor, has_proof=has_proof),
            _frames(roots),
            tuple(root.error for root in roots if root.error),
            has_proof,
        )

    def _groups(self, asked: Asked) -> Mapping[str, list[FieldDetails]]:
        fragments = {name: FragmentDetails(node) for name, node in asked.fragments.items()}
        return collect_fields(
            self._schema, fragments, asked.variables, self._query, asked.operation
        ).grouped_field_set

    def _root(self, asked: Asked, key: str, group: list[FieldDetails], actor: Actor) -> _Root:
        name = group[0].node.name.value
        if name == _TYPE_NAME:
            return _Root(key, constant=orjson.dumps(self._query.name))
        nodes: list[FieldNode] = [details.node for details in group]
        try:
            given = get_argument_values(self._query.fields[name], nodes[0], asked.variables)
        except GraphQLError as error:
            raise Misfit from error
        try:
            return _Root(key, self._selection(self._declared[name], asked, nodes, given, actor))
        except Uncompiled as error:
            raise Misfit from error
        except Refusal as refusal:
            refused = GraphQLError(str(refusal), nodes, path=[key], original_error=refusal)
            return _Root(key, error=refused)

    def _selection(
        self,
        declared: RootField,
        asked: Asked,
        nodes: list[FieldNode],
        given: Mapping[str, Any],
        actor: Actor,
    ) -> Selection:
        check_open(actor, declared)
        selection = choose(self._assembly, declared, replace(asked, nodes=nodes), given)
        # Compiled by itself first, so that one refused field leaves the others alone.
        compile_selections([selection], actor)
        return selection


def _statement(
    selections: Sequence[Selection], actor: Actor, *, has_proof: bool
) -> Statement | None:
    if not selections and not has_proof:
        return None
    return compile_selections(selections, actor, PROOF if has_proof else None)


def _frames(roots: Sequence[_Root]) -> tuple[bytes, ...]:
    """The answer's text before, between and after the columns."""
    frames, text = [], b"{"
    for place, root in enumerate(roots):
        text += (b"," if place else b"") + orjson.dumps(root.key) + b":"
        if root.selection:
            frames.append(text)
            text = b""
        else:
            text += root.constant
    return (*frames, text + b"}")
