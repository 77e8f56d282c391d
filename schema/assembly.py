"""The schema's types, made from what the nouns declare.

Field types come from the tables, so that a column and its field cannot disagree.
It refuses two nouns that claim one name.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

import strawberry
from strawberry.utils.str_converters import capitalize_first, to_snake_case

from schema import blueprints
from schema.blueprints import Part
from schema.declarations import (
    ChangeField,
    Column,
    Computed,
    ListField,
    Node,
    Noun,
    Related,
    RootField,
    RowField,
    ThingField,
    Verb,
)
from schema.filters import Filters
from schema.inputs import Inputs
from schema.outputs import Outputs
from schema.scalars import Json
from service.models import Row
from service.reading.pages import MOST_COUNTED
from service.reading.shapes import is_many, shape, target

_WINDOW = {
    "first": Part(int, "At most this many from the start, 0 to 100; 20 unless said.", True),
    "after": Part(str, "Only rows after this cursor; goes with first.", True),
    "last": Part(int, "At most this many from the end, 0 to 100.", True),
    "before": Part(str, "Only rows before this cursor; goes with last.", True),
}

# What every schema of nodes has, whatever its nouns are.
_THINGS = {
    "node": ThingField("The thing with this id; null where absent or hidden."),
    "nodes": ThingField(
        "The things with these ids, in their order; null where absent or hidden.", is_list=True
    ),
}


@dataclass(frozen=True)
class Lists:
    """The connection types of one node."""

    node: type
    edge: type
    connection: type


class Assembly:
    """All types of one schema, and the declarations behind them."""

    def __init__(self, nouns: Iterable[Noun]) -> None:
        self.nouns = tuple(nouns)
        self.nodes: dict[type[Row], Node] = {
            node.model: node for noun in self.nouns for node in noun.nodes
        }
        self.models = {node.name: model for model, node in self.nodes.items()}
        self.filters = Filters(self.nodes)
        self.inputs = Inputs()
        self.interface = blueprints.fill_interface(
            blueprints.shell("Node"),
            {"id": Part(strawberry.ID, "The opaque id of this thing.")},
            "Anything that has an id.",
        )
        self.page_info = _page_info()
        self.lists = {model: self._shells(node) for model, node in self.nodes.items()}
        self.outputs = Outputs({model.__name__: made.node for model, made in self.lists.items()})
        for node in self.nodes.values():
            self._fill(node)

    @property
    def queries(self) -> dict[str, ListField | RowField]:
        """The root fields over tables, by name."""
        return _merged(noun.queries for noun in self.nouns)

    @property
    def roots(self) -> dict[str, RootField]:
        """Every root field that is read from tables, by name."""
        return {**_THINGS, **self.queries}

    @property
    def computed(self) -> dict[str, Computed]:
        """The root fields that Python works out, by name."""
        return _merged(noun.computed for noun in self.nouns)

    @property
    def verbs(self) -> dict[str, Verb]:
        """The mutations, by name."""
        return _merged(noun.verbs for noun in self.nouns)

    @property
    def subscriptions(self) -> dict[str, ChangeField]:
        """The subscriptions, by name."""
        return _merged(noun.subscriptions for noun in self.nouns)

    @property
    def followed(self) -> list[type[Row]]:
        """The tables whose changes can be followed."""
        return list({declared.model: None for declared in self.subscriptions.values()})

    @property
    def types(self) -> list[type]:
        """Every node type, for those that only the interface reaches."""
        return [lists.node for lists in self.lists.values()]

    def query_part(self, declared: RootField) -> Part:
        """The root field's type and arguments."""
        if isinstance(declared, ThingField):
            return self._thing_part(declared)
        lists = self.lists[declared.model]
        if isinstance(declared, ListField):
            # Nullable, so that one refused list leaves the rest of the answer alone.
            return Part(
                lists.connection,
                declared.description,
                is_optional=True,
                arguments=self._arguments(declared.model),
            )
        kind = strawberry.ID if declared.by == "id" else str
        key = {declared.by: Part(kind, f"The {declared.by} of the {declared.model.__name__}.")}
        arguments = key if declared.only is None else {}
        return Part(lists.node, declared.description, is_optional=True, arguments=arguments)

    def _thing_part(self, declared: ThingField) -> Part:
        if declared.is_list:
            ids = {"ids": Part(list[strawberry.ID], "The opaque ids, at most 100.")}
            kind: Any = list[self.interface | None]  # type: ignore[name-defined]
            return Part(kind, declared.description, is_optional=True, arguments=ids)
        opaque = {"id": Part(strawberry.ID, "The opaque id.")}
        return Part(self.interface, declared.description, is_optional=True, arguments=opaque)

    def computed_part(self, declared: Computed) -> Part:
        """The type and the arguments of a field that is worked out."""
        return Part(
            self.outputs.of(declared.answer),
            f"{declared.description} Needs the permission {declared.permission}.",
            # Nullable, so that one refused answer leaves the rest alone.
            is_optional=True,
            arguments=self.inputs.arguments(declared.question),
        )

    def change_part(self, declared: ChangeField) -> Part:
        """The subscription's type and argument."""
        name = declared.model.__name__
        rules = declared.model.access
        return Part(
            self.lists[declared.model].node,
            f"{declared.description} Needs the permission"
            f" {declared.requires or rules.verb}.{rules.noun}.",
            arguments={
                "id": Part(strawberry.ID, f"Only this {name}; without it, each.", is_optional=True)
            },
        )

    def verb_part(self, name: str, verb: Verb, error: type) -> Part:
        """The mutation's input and payload."""
        result = verb.operation.result
        payload = blueprints.shell(payload_name(name))
        parts = {
            result_field(result): Part(
                self.lists[result].node,
                "The row after the change; null when refused or only validated.",
                is_optional=True,
            ),
            "errors": Part(list[error], "Why it was refused; empty when it was done."),  # type: ignore[valid-type]
            **{key: Part(str, text, is_optional=True) for key, text in verb.reveals.items()},
        }
        blueprints.fill_type(payload, parts, f"What {name} answers.")
        given = Part(self.inputs.of_verb(name, verb.operation.change), "What to do.")
        description = f"{verb.description} Needs the permission {verb.operation.permission}."
        # Nullable, so that a later refusal never takes back what an earlier mutation answered.
        return Part(payload, description, is_optional=True, arguments={"input": given})

    def _shells(self, node: Node) -> Lists:
        return Lists(
            blueprints.shell(node.name, [self.interface]),
            blueprints.shell(f"{node.name}Edge"),
            blueprints.shell(f"{node.name}Connection"),
        )

    def _fill(self, node: Node) -> None:
        lists = self.lists[node.model]
        parts = {name: self._field(node, name, field) for name, field in node.fields.items()}
        parts["id"] = Part(strawberry.ID, f"The opaque id of this {node.name}.")
        parts |= {name: self.computed_part(one) for name, one in node.computed.items()}
        blueprints.fill_type(lists.node, parts, node.model.__doc__ or "")
        edge = {
            "node": Part(lists.node, "The row."),
            "cursor": Part(str, "Where the row stands in this list, for after and before."),
        }
        blueprints.fill_type(lists.edge, edge, f"A {node.name} in a list.")
        connection = {
            "edges": Part(list[lists.edge], "The rows of this page."),  # type: ignore[name-defined]
            "page_info": Part(self.page_info, "Where this page stands in the list."),
            "total_count": Part(
                int,
                f"How many rows the whole list has, counted up to {MOST_COUNTED}; only when asked.",
            ),
            "is_total_count_exact": Part(
                bool, "False where the list has more rows than totalCount, which stopped there."
            ),
        }
        blueprints.fill_type(lists.connection, connection, f"A list of {node.name}, page by page.")

    def _field(self, node: Node, name: str, declared: Column | Related) -> Part:
        if isinstance(declared, Column):
            return _column(node.model, declared, name)
        relation = declared.by or name
        there = target(node.model, relation)
        if is_many(node.model, relation):
            return Part(
                self.lists[there].connection,
                declared.description,
                arguments=self._arguments(there),
            )
        # A row one may not see looks like one that is not there.
        return Part(self.lists[there].node, declared.description, is_optional=True)

    def _arguments(self, model: type[Row]) -> dict[str, Part]:
        return {**self.filters.arguments(model), **_WINDOW}


def payload_name(verb: str) -> str:
    """The name of the type that a mutation answers with, such as `EndAppointmentPayload`."""
    return f"{capitalize_first(verb)}Payload"


def result_field(model: type[Row]) -> str:
    """The payload field that carries a row of this model, such as `match_run`."""
    return to_snake_case(model.__name__)


def _column(model: type[Row], declared: Column, name: str) -> Part:
    found = shape(model, declared.of or name)
    kind: Any = {UUID: strawberry.ID, dict: Json}.get(found.type, found.type)
    if isinstance(kind, type) and issubclass(kind, Enum):
        kind = blueprints.enum(kind)
    assert kind in {str, int, bool, float, date, datetime, Json} or hasattr(kind, "__members__")
    return Part(list[kind] if found.is_list else kind, declared.description, found.is_null)


def _page_info() -> type:
    parts = {
        "has_next_page": Part(bool, "Whether rows follow this page."),
        "has_previous_page": Part(bool, "Whether rows stand before this page."),
        "start_cursor": Part(str, "The cursor of the first row of this page.", is_optional=True),
        "end_cursor": Part(str, "The cursor of the last row of this page.", is_optional=True),
    }
    return blueprints.fill_type(
        blueprints.shell("PageInfo"), parts, "Where a page stands in its list."
    )


def _merged(groups: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for group in groups:
        for name, declared in group.items():
            if name in merged:
                raise ValueError(f"two nouns claim the name {name}")
            merged[name] = declared
    return merged
