"""Strawberry types made from parts, where a class body cannot be written by hand.

The only place that touches Strawberry's construction; it refuses parts without a description.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Optional

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

_MADE: dict[type[Enum], Any] = {}


@dataclass(frozen=True)
class Part:
    """A field, argument or input field: its type, its meaning, whether it may be left out."""

    type: Any
    description: str
    is_optional: bool = False
    arguments: Mapping[str, "Part"] = dataclasses.field(default_factory=dict)

    @property
    def annotation(self) -> Any:
        """The type with its nullability."""
        return Optional[self.type] if self.is_optional else self.type  # noqa: UP045 - a value


def shell(name: str, bases: Iterable[type] = ()) -> type:
    """An empty class that others may refer to before it is filled."""
    return type(name, tuple(bases), {"__annotations__": {}})


def fill_type(made: type, parts: Mapping[str, Part], description: str) -> type:
    """Makes the shell a GraphQL object type."""
    _fill(made, parts)
    return strawberry.type(made, name=made.__name__, description=_described(made, description))


def fill_interface(made: type, parts: Mapping[str, Part], description: str) -> type:
    """Makes the shell a GraphQL interface."""
    _fill(made, parts)
    return strawberry.interface(made, name=made.__name__, description=_described(made, description))


def fill_input(made: type, parts: Mapping[str, Part], description: str) -> type:
    """Makes the shell a GraphQL input type; what is optional may be omitted."""
    _fill(made, parts)
    for name, part in parts.items():
        if part.is_optional:
            getattr(made, name).default = strawberry.UNSET
            getattr(made, name).default_value = strawberry.UNSET
    return strawberry.input(made, name=made.__name__, description=_described(made, description))


def enum(source: type[Enum]) -> type[Enum]:
    """The Python enum as a GraphQL enum, each value described by its meaning."""
    if source not in _MADE:
        description = _described(source, source.__doc__ or "")
        _MADE[source] = strawberry.enum(source, name=source.__name__, description=description)
        members: Any = source
        for value in source.__strawberry_definition__.values:  # type: ignore[attr-defined]
            value.description = _described(source, members[value.name].meaning)
    return source


def enums() -> dict[str, type[Enum]]:
    """Every enum made so far, by its name in the API."""
    return {source.__name__: source for source in _MADE}


def _fill(made: type, parts: Mapping[str, Part]) -> None:
    for name, part in parts.items():
        made.__annotations__[name] = part.annotation
        # A trailing underscore keeps Python's own words free; the API shows the bare word.
        field: StrawberryField = strawberry.field(
            name=name.rstrip("_") if name.endswith("_") else None,
            description=_described(made, part.description),
        )
        field.arguments = [_argument(key, argument) for key, argument in part.arguments.items()]
        setattr(made, name, field)


def _argument(name: str, part: Part) -> StrawberryArgument:
    return StrawberryArgument(
        python_name=name,
        graphql_name=None,
        type_annotation=StrawberryAnnotation(part.annotation),
        description=part.description,
    )


def _described(made: type, description: str) -> str:
    if not description.strip():
        raise ValueError(f"{made.__name__} has a part without a description")
    return description.strip()
