"""GraphQL inputs: filters and orders of lists, and the changes that operations take.

It makes the input types and turns what arrives into conditions and changes. An
id of another noun, an unknown cursor and a broken rule are refused by field.
"""

import base64
import binascii
import functools
import types
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin
from uuid import UUID

import strawberry
from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails
from strawberry.utils.str_converters import to_camel_case

from schema import blueprints
from schema.blueprints import Part
from service.changes import Change, Key, RefersTo
from service.errors import Invalid
from service.models.vocabulary import Word
from service.reading.slots import Given

C = TypeVar("C", bound=Change)
_UNIONS = (Union, types.UnionType)
# What pydantic found, as people say it; it fills in its own numbers.
_SENTENCES = {
    "string_too_short": "Write at least {min_length} characters.",
    "string_too_long": "Write at most {max_length} characters.",
    "too_long": "Give at most {max_length} entries; these are {actual_length}.",
    "greater_than_equal": "Give {ge} or more.",
    "less_than_equal": "Give {le} or less.",
    "string_unicode": "This must not contain NUL or half of a surrogate pair.",
}
_UNKNOWN = "This value does not fit; the field's description says what does."


class Writing(Change):
    """How the caller wants a change written."""

    validate_only: bool | None = Field(
        None, description="Run every check and write nothing; the errors say what would fail."
    )
    idempotency_key: Key | None = Field(
        None,
        description="A repeat under the same key answers as the first did and writes nothing.",
    )


class Direction(Word):
    """Which way a list is sorted."""

    ASC = "ASC", "From the smallest to the greatest.", "Ascending"
    DESC = "DESC", "From the greatest to the smallest.", "Descending"


class Nulls(Word):
    """Where rows without a value stand."""

    FIRST = "FIRST", "Before all others."
    LAST = "LAST", "After all others."


class Inputs:
    """The input types of one schema, each made once."""

    def __init__(self) -> None:
        self._changes: dict[type[Change], type] = {}

    def of_verb(self, verb: str, change: type[Change]) -> type:
        """The input type of a mutation: its change, and how the caller wants it written."""
        made = blueprints.shell(f"{verb[0].upper()}{verb[1:]}Input")
        parts = {**self._parts(change), **self._parts(Writing)}
        return blueprints.fill_input(made, parts, (change.__doc__ or "").strip())

    def arguments(self, change: type[Change]) -> dict[str, Part]:
        """The fields of a change as arguments, each described."""
        return self._parts(change)

    def _parts(self, change: type[Change]) -> dict[str, Part]:
        return {
            name: Part(
                self._type(info.annotation, info.metadata),
                info.description or "",
                is_optional=not info.is_required(),
            )
            for name, info in change.model_fields.items()
        }

    def _type(self, annotation: Any, metadata: Any = ()) -> Any:
        found = _bare(annotation, metadata)
        if found.refers_to:
            return strawberry.ID
        if found.is_list:
            return list[self._type(found.type)]  # type: ignore[misc]
        if issubclass(found.type, Change):
            return self._nested(found.type)
        return blueprints.enum(found.type) if issubclass(found.type, Enum) else found.type

    def _nested(self, change: type[Change]) -> type:
        if change not in self._changes:
            made = blueprints.shell(f"{change.__name__}Input")
            self._changes[change] = made
            blueprints.fill_input(made, self._parts(change), (change.__doc__ or "").strip())
        return self._changes[change]


@dataclass(frozen=True, slots=True)
class GivenId:
    """The id of a thing of this name, whose key is known only once a request is there."""

    name: str
    key: Given


@dataclass(frozen=True, slots=True)
class GivenIds:
    """So many ids of things of these names; each one's may be known only with the request."""

    count: int
    names: Collection[str]
    each_name: Given | list[str]
    each_key: Given | list[UUID]


def decode_id(value: str, noun: str | None, *, path: tuple[str, ...]) -> tuple[str, UUID]:
    """The noun and key of an opaque id. Refuses text that is none, and another noun's id."""
    try:
        name, _, key = base64.b64decode(value, validate=True).decode().partition(":")
        found = name, UUID(key)
    except (ValueError, binascii.Error) as error:
        raise Invalid("This is not an id that Cadre gave out.", path=path) from error
    if noun is not None and name != noun:
        raise Invalid(f"This is not the id of a {noun}.", path=path)
    return found


def key_of(given: str, noun: str) -> UUID:
    """The key in an id as the API gives it out, or as the database shows it."""
    try:
        return UUID(given)
    except ValueError:
        return decode_id(given, noun, path=(noun.lower(),))[1]


def decode_change(change: type[C], given: Mapping[str, Any]) -> C:
    """The change that arrived. Refuses the first field that breaks its rule, by path."""
    try:
        return change.model_validate(_values(change, given, ()))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = tuple(str(step) for step in first["loc"])
        raise Invalid(_sentence(first), path=path) from error


def _sentence(found: ErrorDetails) -> str:
    """What is wrong with a field and what to do, in plain words."""
    kind, context = found["type"], found.get("ctx", {})
    if kind == "value_error":
        return f"This {context['error']}."
    if found["input"] is None:
        return "This cannot be null; give a value, or leave the field out."
    if kind == "string_too_short" and context["min_length"] == 1:
        return "This cannot be empty; write something."
    return _SENTENCES.get(kind, _UNKNOWN).format(**context)


def _values(
    change: type[Change], given: Mapping[str, Any], path: tuple[str, ...]
) -> dict[str, Any]:
    """The fields that were given, by Python name, with ids opened and enums plain."""
    values = {}
    for name, key, kind in _fields(change):
        if key in given:
            values[name] = _value(kind, given[key], (*path, name))
    return values


def _value(kind: "_Bare", value: Any, path: tuple[str, ...]) -> Any:
    if value is None:
        return None
    if kind.refers_to:
        return decode_id(value, kind.refers_to, path=path)[1]
    if kind.is_list:
        item = _bare(kind.type, ())
        return [_value(item, each, (*path, str(i))) for i, each in enumerate(value)]
    return _values(kind.type, value, path) if issubclass(kind.type, Change) else value


@dataclass(frozen=True)
class _Bare:
    """A type without its marks: of an item where it is a list."""

    type: Any
    is_list: bool = False
    refers_to: str | None = None


@functools.cache
def _fields(change: type[Change]) -> list[tuple[str, str, _Bare]]:
    """The fields of a change: what Python calls them, what the API does, and of which type."""
    return [
        (name, to_camel_case(name), _bare(info.annotation, info.metadata))
        for name, info in change.model_fields.items()
    ]


def _bare(annotation: Any, metadata: Any) -> _Bare:
    noun = next((mark.noun for mark in metadata if isinstance(mark, RefersTo)), None)
    if noun is not None:
        return _Bare(annotation, refers_to=noun)
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _bare(args[0], args[1:])
    if origin in _UNIONS:
        return _bare(next(arg for arg in args if arg is not type(None)), ())
    return _Bare(args[0], is_list=True) if origin is list else _Bare(annotation)
