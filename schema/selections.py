"""From a GraphQL selection to a plain selection tree, by graphql-core's own field collection.

Fragments, aliases, directives and merged fields come out as the executor sees them.
It refuses a field that no noun declares rather than leave it out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
)
from graphql.execution.collect_fields import (
    FieldDetails,
    FragmentDetails,
    collect_subfields,
)
from graphql.execution.values import VariableValues, get_argument_values

from schema.assembly import Assembly
from schema.declarations import Column, Node
from schema.filters import sorts
from service.access.conditions import ALWAYS, Condition, all_of
from service.errors import Invalid
from service.models import Row
from service.reading.selections import (
    Cursor,
    Edges,
    Exactness,
    Field,
    Leaf,
    Many,
    One,
    Page,
    PageInfo,
    PagePart,
    Total,
    TypeName,
    Window,
)
from service.reading.selections import Node as SelectedNode
from service.reading.shapes import is_many, target

Grouped = Mapping[str, list[FieldDetails]]


class Uncompiled(Invalid):
    """A field that Python works out, asked where only what tables hold can be answered."""

    def __init__(self, name: str) -> None:
        super().__init__(f"`{name}` is worked out when asked, so ask for it in a query.")


@dataclass(frozen=True)
class Asked:
    """What was sent, as far as selections need it; `computes` where an executor completes it."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: VariableValues
    nodes: Sequence[FieldNode] = ()
    computes: bool = False


def asked_by(info: GraphQLResolveInfo[Any]) -> Asked:
    """What a resolver was asked."""
    # Strawberry hands resolvers the bare values, graphql-core reads them from this.
    values = VariableValues({}, cast("dict[str, Any]", info.variable_values))
    return Asked(
        info.schema, info.operation, info.fragments, values, info.field_nodes, computes=True
    )


class Selections:
    """Reads the selections of one request."""

    def __init__(self, assembly: Assembly, asked: Asked) -> None:
        self._assembly = assembly
        self._asked = asked
        self._fragments = {
            name: FragmentDetails(definition) for name, definition in asked.fragments.items()
        }

    @property
    def root(self) -> list[FieldDetails]:
        """The field being resolved."""
        return [FieldDetails(node, None) for node in self._asked.nodes]

    def row(self, model: type[Row], details: list[FieldDetails]) -> tuple[Field, ...]:
        """What is selected of a row."""
        node = self._assembly.nodes[model]
        return tuple(
            self._field(node, key, group) for key, group in self.sub(node.name, details).items()
        )

    def page(
        self,
        model: type[Row],
        details: list[FieldDetails],
        given: Mapping[str, Any],
        where: Condition = ALWAYS,
    ) -> Page:
        """What is selected of a connection, with its filter, order and window."""
        node = self._assembly.nodes[model]
        connection = f"{node.name}Connection"
        parts = [
            self._page_part(node, connection, key, group)
            for key, group in self.sub(connection, details).items()
        ]
        asked = self._assembly.filters.condition(model, given.get("filter"))
        window = Window(*(given.get(name) for name in ("first", "after", "last", "before")))
        return Page(tuple(parts), all_of([where, asked]), sorts(given.get("orderBy")), window)

    def sub(self, type_name: str, details: list[FieldDetails]) -> Grouped:
        """The fields selected under a field, by response key, as its concrete type sees them."""
        asked = self._asked
        kind = cast("GraphQLObjectType", asked.schema.type_map[type_name])
        return collect_subfields(
            asked.schema, self._fragments, asked.variables, asked.operation, kind, details
        ).grouped_field_set

    def _field(self, node: Node, key: str, details: list[FieldDetails]) -> Field:
        name = details[0].node.name.value
        if name == "__typename":
            return TypeName(key, node.name)
        if name == "id":
            return Leaf(key, "id")
        if name in node.computed_by_name:
            if not self._asked.computes:
                raise Uncompiled(name)
            # Its resolver works it out from the row's id, which stands in its place meanwhile.
            return Leaf(key, "id")
        python, declared = node.fields_by_name[name]
        if isinstance(declared, Column):
            return Leaf(key, declared.of or python)
        relation = declared.by or python
        there = target(node.model, relation)
        if not is_many(node.model, relation):
            return One(key, relation, self.row(there, details))
        given = self._arguments(node.name, details[0])
        return Many(key, relation, self.page(there, details, given))

    def _arguments(self, type_name: str, details: FieldDetails) -> dict[str, Any]:
        kind = cast("GraphQLObjectType", self._asked.schema.type_map[type_name])
        return get_argument_values(
            kind.fields[details.node.name.value],
            details.node,
            self._asked.variables,
            details.fragment_variable_values,
        )

    def _page_part(
        self, node: Node, connection: str, key: str, details: list[FieldDetails]
    ) -> PagePart:
        name = details[0].node.name.value
        if name == "__typename":
            return TypeName(key, connection)
        if name == "totalCount":
            return Total(key)
        if name == "isTotalCountExact":
            return Exactness(key)
        if name == "pageInfo":
            facts = self.sub("PageInfo", details)
            return PageInfo(
                key, tuple((fact, group[0].node.name.value) for fact, group in facts.items())
            )
        assert name == "edges"
        edge = f"{node.name}Edge"
        groups = self.sub(edge, details).items()
        return Edges(key, tuple(self._edge_part(node, edge, k, group) for k, group in groups))

    def _edge_part(
        self, node: Node, edge: str, key: str, details: list[FieldDetails]
    ) -> Cursor | SelectedNode | TypeName:
        name = details[0].node.name.value
        if name == "__typename":
            return TypeName(key, edge)
        if name == "cursor":
            return Cursor(key)
        return SelectedNode(key, self.row(node.model, details))
