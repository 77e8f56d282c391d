"""Reads answered without the executor: root fields over tables, their JSON passed through.

What it does not know it leaves to the executor, the whole operation: a field is never
left out and never guessed. Limits and validation come before it.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
)
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_fields
from graphql.execution.values import VariableValues, get_argument_values, get_variable_values
from strawberry.types import ExecutionResult
from strawberry.utils.str_converters import to_camel_case

from schema.assembly import Assembly
from schema.declarations import ListField, RowField
from schema.resolvers import check_open, choose
from schema.selections import Asked
from service.access.actors import Actor
from service.reading import answers

TYPE_NAME = "__typename"


@dataclass(frozen=True)
class _Root:
    """One root field of a request: where its answer goes, and what was asked."""

    key: str
    declared: ListField | RowField
    asked: Asked
    given: Mapping[str, Any]


class Reads:
    """The short way for the queries of one schema."""

    def __init__(self, assembly: Assembly, schema: GraphQLSchema) -> None:
        self._assembly = assembly
        self._schema = schema
        self._declared = {to_camel_case(name): f for name, f in assembly.queries.items()}

    async def answer(
        self,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
        actor: Actor,
    ) -> ExecutionResult | None:
        """The answer, or None where the executor must give it."""
        asked = self._asked(document, operation, variables)
        groups = self._groups(asked) if asked else None
        if asked is None or groups is None:
            return None
        roots = self._roots(asked, groups)
        if roots is None:
            return None
        values, errors = await self._read(roots, actor)
        # In the order of the document, as the executor would answer.
        data = {key: values.get(key, self._schema.query_type.name) for key in groups}  # type: ignore[union-attr]
        return ExecutionResult(data=data, errors=errors or None)

    def _asked(
        self,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
    ) -> Asked | None:
        """The request with its variables coerced; None where they do not fit."""
        definitions = operation.variable_definitions or ()
        values = get_variable_values(self._schema, definitions, dict(variables))
        if not isinstance(values, VariableValues):
            return None
        fragments = {
            node.name.value: node
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        return Asked(self._schema, operation, fragments, values)

    def _groups(self, asked: Asked) -> Mapping[str, list[FieldDetails]] | None:
        """The root fields by response key; None where one is not over tables."""
        query = self._schema.query_type
        assert query is not None
        fragments = {name: FragmentDetails(node) for name, node in asked.fragments.items()}
        groups = collect_fields(
            self._schema, fragments, asked.variables, query, asked.operation
        ).grouped_field_set
        names = {group[0].node.name.value for group in groups.values()}
        return groups if names <= {TYPE_NAME, *self._declared} else None

    def _roots(self, asked: Asked, groups: Mapping[str, list[FieldDetails]]) -> list[_Root] | None:
        """What to read; None where an argument does not fit."""
        try:
            return [
                self._root(asked, key, group)
                for key, group in groups.items()
                if group[0].node.name.value != TYPE_NAME
            ]
        except GraphQLError:
            return None

    def _root(self, asked: Asked, key: str, group: list[FieldDetails]) -> _Root:
        name = group[0].node.name.value
        assert self._schema.query_type is not None
        field = self._schema.query_type.fields[name]
        given = get_argument_values(field, group[0].node, asked.variables)
        nodes: list[FieldNode] = [details.node for details in group]
        return _Root(key, self._declared[name], replace(asked, nodes=nodes), given)

    async def _read(
        self, roots: list[_Root], actor: Actor
    ) -> tuple[dict[str, Any], list[GraphQLError]]:
        """Each field's JSON by key, null where refused, and why."""
        found = await asyncio.gather(
            *(self._text(root, actor) for root in roots), return_exceptions=True
        )
        values: dict[str, Any] = {}
        errors = []
        for root, text in zip(roots, found, strict=True):
            values[root.key] = orjson.Fragment(text) if isinstance(text, str) else None
            if isinstance(text, Exception):
                nodes = root.asked.nodes
                errors.append(GraphQLError(str(text), nodes, path=[root.key], original_error=text))
            elif isinstance(text, BaseException):
                raise text
        return values, errors

    async def _text(self, root: _Root, actor: Actor) -> str | None:
        check_open(actor, root.declared)
        selection = choose(self._assembly, root.declared, root.asked, root.given)
        return await answers.text(selection, by=actor)
