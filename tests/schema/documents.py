"""Random valid documents over the whole schema: arguments, aliases, fragments, directives.

The same dice write the same document. Nothing here knows how reads are answered.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
)

from schema.costs import WORK

_DEPTHS = (2, 2, 3, 3, 4, 5)
_FIXED = {"yes": ("Boolean!", True), "no": ("Boolean!", False)}
_DIRECTIVES = ("@include(if: $yes)", "@include(if: $no)", "@skip(if: $yes)", "@skip(if: $no)")
_TEXTS = (
    "en", "fr", "KEN", "FRA", "TUR", "AFRICAN", "ELECTIONS", "PROTECTION", "ALPHA", "GAMMA",
    "kéïta", "O'Neill", "SECRET", "dar øster", "иван", "李 ", "«»", "", "\U0001f54a", "a" * 501,
)  # fmt: skip
_SCALARS: Mapping[str, Sequence[Any]] = {
    "String": _TEXTS,
    "Int": (0, 1, 3, -1, 2024),
    "Float": (0.25, 1, -1.5),
    "Boolean": (True, False),
    "Date": ("2024-01-01", "2010-01-01", "0001-01-01", "2999-12-31"),
    "DateTime": ("2024-01-01T12:00:00Z", "2024-01-01T14:00:00.000002+02:00"),
}


Cursors = Mapping[str, Sequence[tuple[list[dict[str, Any]], str]]]


class Known:
    """What the world holds: opaque ids, and for each root list orders with cursors of theirs.

    No dataclass, because the report of a failure would print all of it.
    """

    def __init__(self, ids: Sequence[str], cursors: Cursors) -> None:
        self.ids, self.cursors = ids, cursors


@dataclass
class Writer:
    """Writes one document and the variables that go with it."""

    schema: GraphQLSchema
    known: Known
    roots: list[str]
    dice: Random
    fragments: list[str] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)
    declared: list[str] = field(default_factory=list)
    names: int = 0
    deepest: int = 0
    is_apart: bool = False

    def document(self) -> str:
        """A query with one to three root fields, and the fragments it uses."""
        assert self.schema.query_type is not None
        fields = self.schema.query_type.fields
        self.deepest = self.dice.choice(_DEPTHS)
        chosen = [self.dice.choice(self.roots) for _ in range(self.dice.randint(1, 3))]
        body = [self._field(name, fields[name], 0) for name in chosen]
        if self.dice.random() < 0.2:
            body.append("__typename")
        body += [f"{self._fresh('v')}: __typename {it}" for it in _DIRECTIVES[:2]]
        for name, (kind, value) in _FIXED.items():
            self.declared.append(f"${name}: {kind}")
            self.variables[name] = value
        query = f"query Q({', '.join(self.declared)}) {{ {' '.join(body)} }}"
        return "\n".join([query, *self.fragments])

    def _field(self, name: str, field: GraphQLField, depth: int) -> str:
        kind = get_named_type(field.type)
        arguments = self._arguments(name, field)
        is_named = arguments or self.is_apart or self.dice.random() < 0.3
        alias = f"{self._fresh(name)}: " if is_named else ""
        directive = f" {self.dice.choice(_DIRECTIVES)}" if self.dice.random() < 0.15 else ""
        if is_leaf_type(kind):
            return f"{alias}{name}{directive}"
        if isinstance(kind, GraphQLInterfaceType):
            return f"{alias}{name}{arguments}{directive} {{ {self._things(kind, depth + 1)} }}"
        assert isinstance(kind, GraphQLObjectType)
        return f"{alias}{name}{arguments}{directive} {{ {self._selection(kind, depth + 1)} }}"

    def _things(self, kind: GraphQLInterfaceType, depth: int) -> str:
        """What is asked of a thing that may be of any type."""
        possible = list(self.schema.get_possible_types(kind))
        chosen = self.dice.sample(possible, self.dice.randint(1, 4))
        # Equal names of different types may not stand side by side.
        self.is_apart = True
        parts = [f"... on {one.name} {{ {self._selection(one, depth)} }}" for one in chosen]
        self.is_apart = False
        parts += self.dice.sample(["id", "__typename", f"... on {kind.name} {{ id }}"], 2)
        self.dice.shuffle(parts)
        return " ".join(parts)

    def _selection(self, kind: GraphQLObjectType, depth: int) -> str:
        # What Python works out has no second way to be answered.
        fields = {name: it for name, it in kind.fields.items() if WORK not in it.extensions}
        leaves = [name for name, it in fields.items() if is_leaf_type(get_named_type(it.type))]
        others = [name for name in fields if name not in leaves]
        chosen = self.dice.sample(leaves, min(len(leaves), self.dice.randint(1, 4)))
        if others and depth < self.deepest:
            chosen += self.dice.sample(others, min(len(others), self.dice.randint(1, 2)))
        parts = [self._field(name, kind.fields[name], depth) for name in chosen]
        if self.dice.random() < 0.25 or not parts:
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

    def _arguments(self, name: str, field: GraphQLField) -> str:
        chosen: dict[str, Any] = {}
        if "id" in field.args:
            chosen["id"] = self.dice.choice(self.known.ids)
        if "ids" in field.args:
            chosen["ids"] = self.dice.choices(self.known.ids, k=self.dice.randint(0, 5))
        if "acronym" in field.args:
            chosen["acronym"] = self.dice.choice(("ALPHA", "GAMMA", "NONE", "é☃"))
        if "first" in field.args:
            chosen |= self._window(name)
        if "filter" in field.args and self.dice.random() < 0.5:
            chosen["filter"] = self._value(field.args["filter"].type, 2)
        if "orderBy" in field.args and "orderBy" not in chosen and self.dice.random() < 0.4:
            chosen["orderBy"] = self._value(field.args["orderBy"].type, 1)
        given = [
            f"{key}: {self._given(value, field.args[key].type)}" for key, value in chosen.items()
        ]
        return f"({', '.join(given)})" if given else ""

    def _window(self, name: str) -> dict[str, Any]:
        """A page; sometimes one behind or before a row that is there."""
        cursors = self.known.cursors.get(name)
        if cursors and self.dice.random() < 0.3:
            order, cursor = self.dice.choice(cursors)
            size, start = self.dice.choice((("first", "after"), ("last", "before")))
            return {"orderBy": order, size: self.dice.choice((1, 3, 100)), start: cursor}
        few = self.dice.choice((0, 1, 3, 100))
        choices: tuple[dict[str, Any], ...] = (
            {}, {}, {"first": few}, {"last": few}, {"first": few}, {"first": None},
            {"first": -1}, {"first": 101}, {"after": None}, {"after": "none"},
            {"first": 1, "last": 1},
        )  # fmt: skip
        return self.dice.choice(choices)

    def _value(self, type_: Any, depth: int) -> Any:
        """A valid value of this input type; null now and then where it may be."""
        if isinstance(type_, GraphQLNonNull):
            return self._bare_value(type_.of_type, depth)
        return None if self.dice.random() < 0.05 else self._bare_value(type_, depth)

    def _bare_value(self, type_: Any, depth: int) -> Any:
        if isinstance(type_, GraphQLList):
            return [self._value(type_.of_type, depth) for _ in range(self.dice.randint(0, 2))]
        if isinstance(type_, GraphQLEnumType):
            return self.dice.choice(list(type_.values))
        if isinstance(type_, GraphQLInputObjectType):
            return self._object(type_, depth)
        return self.dice.choice(_SCALARS[type_.name])

    def _object(self, type_: GraphQLInputObjectType, depth: int) -> dict[str, Any]:
        def nests(kind: Any) -> bool:
            return isinstance(get_named_type(kind), GraphQLInputObjectType)

        required = [n for n, f in type_.fields.items() if isinstance(f.type, GraphQLNonNull)]
        optional = [
            n for n, f in type_.fields.items() if n not in required and (depth or not nests(f.type))
        ]
        chosen = required + self.dice.sample(optional, min(len(optional), self.dice.randint(0, 2)))
        return {name: self._value(type_.fields[name].type, depth - 1) for name in chosen}

    def _given(self, value: Any, type_: Any) -> str:
        """The value as a literal, as a variable, or as a literal with a variable in it."""
        if self.dice.random() < 0.5:
            return self._variable(value, type_)
        return self._literal(value, type_)

    def _variable(self, value: Any, type_: Any) -> str:
        name = self._fresh("a")
        self.declared.append(f"${name}: {type_}")
        self.variables[name] = value
        return f"${name}"

    def _literal(self, value: Any, type_: Any) -> str:
        bare = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
        if isinstance(value, list):
            return f"[{', '.join(self._inner(item, bare.of_type) for item in value)}]"
        if isinstance(value, dict):
            pairs = [f"{k}: {self._inner(v, bare.fields[k].type)}" for k, v in value.items()]
            return f"{{{', '.join(pairs)}}}"
        if isinstance(bare, GraphQLEnumType) and value is not None:
            return str(value)
        return json.dumps(value, ensure_ascii=False)

    def _inner(self, value: Any, type_: Any) -> str:
        return (
            self._variable(value, type_)
            if self.dice.random() < 0.1
            else self._literal(value, type_)
        )

    def _fresh(self, stem: str) -> str:
        self.names += 1
        return f"{stem}_{self.names}"
