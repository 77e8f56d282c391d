"""Random valid documents over the whole schema: aliases, fragments, directives, pages, orders.

The same seed writes the same document. Nothing here knows how reads are answered.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
)

DEPTHS = (2, 2, 3, 3, 4, 5)
VARIABLES = "$yes: Boolean!, $no: Boolean!, $few: Int, $nothing: String"
VALUES: dict[str, Any] = {"yes": True, "no": False, "few": 2, "nothing": None}
_DIRECTIVES = ("@include(if: $yes)", "@include(if: $no)", "@skip(if: $yes)", "@skip(if: $no)")


@dataclass
class Writer:
    """Writes one document."""

    schema: GraphQLSchema
    roots: list[str]
    dice: Random
    fragments: list[str] = field(default_factory=list)
    names: int = 0
    deepest: int = 0

    def document(self) -> str:
        """A query with one to three root fields, and the fragments it uses."""
        assert self.schema.query_type is not None
        fields = self.schema.query_type.fields
        self.deepest = self.dice.choice(DEPTHS)
        chosen = [self.dice.choice(self.roots) for _ in range(self.dice.randint(1, 3))]
        body = [self._field(name, fields[name], 0) for name in chosen]
        if self.dice.random() < 0.2:
            body.append("__typename")
        uses = " ".join(f"{self._fresh('v')}: __typename {it}" for it in _DIRECTIVES[:2])
        query = f"query Q({VARIABLES}) {{ {' '.join(body)} {uses} {self._spare()} }}"
        return "\n".join([query, *self.fragments])

    def _spare(self) -> str:
        """Every variable must be used, so one field uses the last two."""
        return f"{self._fresh('w')}: missions(first: $few, after: $nothing) {{ totalCount }}"

    def _field(self, name: str, field: GraphQLField, depth: int) -> str:
        kind = get_named_type(field.type)
        arguments = self._arguments(field)
        alias = f"{self._fresh(name)}: " if arguments or self.dice.random() < 0.3 else ""
        directive = f" {self.dice.choice(_DIRECTIVES)}" if self.dice.random() < 0.15 else ""
        if is_leaf_type(kind):
            return f"{alias}{name}{directive}"
        assert isinstance(kind, GraphQLObjectType)
        return f"{alias}{name}{arguments}{directive} {{ {self._selection(kind, depth + 1)} }}"

    def _selection(self, kind: GraphQLObjectType, depth: int) -> str:
        leaves = [name for name, it in kind.fields.items() if is_leaf_type(get_named_type(it.type))]
        others = [name for name in kind.fields if name not in leaves]
        chosen = self.dice.sample(leaves, min(len(leaves), self.dice.randint(1, 4)))
        if others and depth < self.deepest:
            chosen += self.dice.sample(others, min(len(others), self.dice.randint(1, 2)))
        parts = [self._field(name, kind.fields[name], depth) for name in chosen]
        if self.dice.random() < 0.25:
            parts.append("__typename")
        self.dice.shuffle(parts)
        cut = self.dice.randint(0, len(parts))
        kept, moved = parts[:cut], parts[cut:]
        return " ".join(kept + ([self._wrapped(kind, moved)] if moved else []))

    def _wrapped(self, kind: GraphQLObjectType, parts: list[str]) -> str:
        """The parts as they are, in an inline fragment, or in a named one, perhaps twice."""
        body = " ".join(parts)
        match self.dice.randint(0, 3):
            case 0:
                return f"... on {kind.name} {{ {body} }}"
            case 1:
                name = self._fresh("F")
                self.fragments.append(f"fragment {name} on {kind.name} {{ {body} }}")
                return f"...{name} ...{name}"
            case 2:
                return f"... {self.dice.choice(_DIRECTIVES)} {{ {body} }}"
            case _:
                return body

    def _arguments(self, field: GraphQLField) -> str:
        given: list[str] = []
        if "first" in field.args:
            given += self._window()
        if "orderBy" in field.args and self.dice.random() < 0.5:
            given.append(f"orderBy: [{', '.join(self._order(field) for _ in range(2))}]")
        if "acronym" in field.args:
            given.append(f'acronym: "{self.dice.choice(("ALPHA", "GAMMA", "NONE", "é☃"))}"')
        return f"({', '.join(given)})" if given else ""

    def _window(self) -> list[str]:
        size = self.dice.choice(("0", "1", "3", "100", "$few"))
        choices: tuple[list[str], ...]
        choices = ([], [f"first: {size}"], [f"last: {size}"], ["first: -1"], ["after: $nothing"])
        return list(self.dice.choice(choices))

    def _order(self, field: GraphQLField) -> str:
        order: Any = get_named_type(field.args["orderBy"].type)
        by = get_named_type(order.fields["field"].type)
        assert isinstance(by, GraphQLEnumType)
        direction = self.dice.choice(("ASC", "DESC"))
        nulls = self.dice.choice(("", ", nulls: FIRST", ", nulls: LAST"))
        return f"{{field: {self.dice.choice(list(by.values))}, direction: {direction}{nulls}}}"

    def _fresh(self, stem: str) -> str:
        self.names += 1
        return f"{stem}_{self.names}"
