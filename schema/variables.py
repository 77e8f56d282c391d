"""A request's variables, split into what decides the SQL's form and what it leaves open.

Two requests of one form share a plan. It refuses what it does not know for sure, and then
the values are coerced the ordinary way, which also finds the words for what is wrong.
"""

import base64
import re
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple, Protocol, cast

from graphql import (
    ArgumentNode,
    FieldNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    Undefined,
    VariableNode,
)
from graphql.execution.get_variable_signature import get_variable_signature
from graphql.execution.values import VariableValues
from graphql.utilities.coerce_input_value import coerce_default_value, coerce_input_value

from schema.inputs import GivenId, GivenIds
from schema.limits import nodes_below
from service.reading.pages import unpack
from service.reading.slots import Given, GivenCursor

# A longer text is refused by whatever searches for it; the ordinary way says how.
LONGEST_TEXT = 500
# A key as we write it, which the driver reads faster than we could.
_KEY = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_OPEN, _WORDLESS = "?", "? without words"
# Arguments whose value is read while compiling, by the kind of their value.
_CURSORS, _IDS = frozenset({"after", "before"}), frozenset({"id", "ids"})


class _Absent(Enum):
    """Marks a variable that was left out."""

    IT = "absent"


class Unshaped(Exception):  # noqa: N818 - a signal to go the ordinary way
    """These variables have no form that a plan could be kept for."""


class Kind(Protocol):
    """How values of one type are read into a form, and how a form becomes values to compile."""

    def read(self, raw: Any, given: list[Any], /) -> Hashable:
        """The form of the value; what stays open is added to `given`. Raises Unshaped."""

    def revive(self, form: Any, places: Iterator[int], /) -> Any:
        """A coerced value of this form in which the open parts are slots."""


class Form(NamedTuple):
    """The variables of one request: their form, and the values of its open places."""

    key: tuple[Hashable, ...]
    given: tuple[Any, ...]


class Variables:
    """The variables of one operation."""

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        used: Mapping[str, Collection[str]],
        names: Collection[str],
    ) -> None:
        """`used` says which arguments each variable is the whole value of."""
        self._kinds: list[tuple[str, Kind, Any]] = []
        self._types: list[tuple[str, GraphQLInputType, Any]] = []
        for definition in operation.variable_definitions or ():
            name = definition.variable.name.value
            # Documents come here validated, so every signature is one.
            signature: Any = get_variable_signature(schema, definition)
            kind = _used_kind(used.get(name, ()), signature.type, names)
            default = coerce_default_value(signature)
            self._kinds.append((name, kind, default))
            self._types.append((name, signature.type, default))

    def form(self, raw: Mapping[str, Any]) -> Form:
        """The form of these values. Raises Unshaped where a value does not fit its type."""
        given: list[Any] = []
        key: list[Hashable] = []
        for name, kind, default in self._kinds:
            if name in raw:
                key.append(kind.read(raw[name], given))
            elif default is Undefined and isinstance(kind, _NonNull):
                raise Unshaped
            else:
                key.append(_Absent.IT)
        return Form(tuple(key), tuple(given))

    def coerced(self, raw: Mapping[str, Any]) -> VariableValues:
        """The values as the executor coerces them. Raises Unshaped where one does not fit."""
        found = {}
        for name, type_, default in self._types:
            is_given = name in raw
            value = coerce_input_value(raw[name], type_) if is_given else default
            if value is not Undefined:
                found[name] = value
            elif is_given or isinstance(type_, GraphQLNonNull):
                raise Unshaped
        return VariableValues({}, found)

    def revive(self, form: Form) -> VariableValues:
        """Coerced values of this form, with slots in the open places."""
        places = iter(range(len(form.given)))
        coerced = {}
        for (name, kind, default), part in zip(self._kinds, form.key, strict=True):
            value = default if part is _Absent.IT else kind.revive(part, places)
            if value is not Undefined:
                coerced[name] = value
        return VariableValues({}, coerced)


def uses(selections: Collection[Node]) -> dict[str, set[str]]:
    """For each variable below these selections: the arguments that it is the value of.

    An argument in whose value it only stands somewhere counts as `in` that argument.
    """
    found: dict[str, set[str]] = {}
    for argument in _arguments(selections):
        name, value = argument.name.value, argument.value
        if isinstance(value, VariableNode):
            found.setdefault(value.name.value, set()).add(name)
            continue
        for node in nodes_below(value):
            if isinstance(node, VariableNode):
                found.setdefault(node.name.value, set()).add(f"in {name}")
    return found


def _arguments(selections: Collection[Node]) -> Iterator[ArgumentNode]:
    for root in selections:
        for node in nodes_below(root):
            if isinstance(node, FieldNode):
                yield from node.arguments or ()


def _used_kind(used: Collection[str], type_: GraphQLInputType, names: Collection[str]) -> Kind:
    arguments = set(used)
    if not {argument.removeprefix("in ") for argument in arguments} & (_CURSORS | _IDS):
        return _kind(type_, {})
    if arguments <= _CURSORS:
        return _wrapped(type_, _Cursor())
    if arguments == {"id"}:
        return _wrapped(type_, _Id(names))
    return _wrapped(type_, _Ids(names)) if arguments == {"ids"} else _Unknown()


def _wrapped(type_: GraphQLInputType, kind: Kind) -> Kind:
    return _NonNull(kind) if isinstance(type_, GraphQLNonNull) else _Nullable(kind)


def _kind(type_: GraphQLInputType, known: dict[str, Kind]) -> Kind:
    if isinstance(type_, GraphQLNonNull):
        return _NonNull(_bare_kind(type_.of_type, known))
    return _Nullable(_bare_kind(type_, known))


def _bare_kind(type_: Any, known: dict[str, Kind]) -> Kind:
    if isinstance(type_, GraphQLList):
        item = _kind(type_.of_type, known)
        leaf = item.kind if isinstance(item, _NonNull) else None
        return _OpenList(leaf) if isinstance(leaf, _Open) else _List(item)
    if isinstance(type_, GraphQLInputObjectType):
        if type_.name not in known:
            # Entered before it is filled, because filters hold filters.
            made = known[type_.name] = _Object()
            made.fill(type_, known)
        return known[type_.name]
    if isinstance(type_, GraphQLEnumType):
        return _Exact({name: coerce_input_value(name, type_) for name in type_.values}.get)
    return _scalar(type_)


def _scalar(type_: GraphQLScalarType) -> Kind:
    if type_.name in {"String", "ID"}:
        return _Text()
    if type_.name == "Boolean":
        return _Exact({True: True, False: False}.get, bool)
    if type_.name == "Int":
        # Page sizes shape a plan, and no other number is common enough to be worth a slot.
        return _Exact(lambda raw: coerce_input_value(raw, type_), int)
    return _Open(lambda raw: coerce_input_value(raw, type_))


@dataclass(frozen=True, slots=True)
class _NonNull:
    kind: Kind

    def read(self, raw: Any, given: list[Any]) -> Hashable:
        if raw is None:
            raise Unshaped
        return self.kind.read(raw, given)

    def revive(self, form: Any, places: Iterator[int]) -> Any:
        return self.kind.revive(form, places)


@dataclass(frozen=True, slots=True)
class _Nullable:
    kind: Kind

    def read(self, raw: Any, given: list[Any]) -> Hashable:
        return None if raw is None else self.kind.read(raw, given)

    def revive(self, form: Any, places: Iterator[int]) -> Any:
        return None if form is None else self.kind.revive(form, places)


@dataclass(frozen=True, slots=True)
class _Exact:
    """A value that is part of the form: enums, Booleans, whole numbers."""

    coerce: Callable[[Any], Any]
    type: type = str

    def read(self, raw: Any, _: list[Any]) -> Hashable:
        value = self.coerce(raw) if type(raw) is self.type else None
        if value is None or value is Undefined:
            raise Unshaped
        return cast("Hashable", value)

    def revive(self, form: Any, _: Iterator[int]) -> Any:
        return form


@dataclass(frozen=True, slots=True)
class _Open:
    """A scalar whose value never decides anything."""

    coerce: Callable[[Any], Any]

    def read(self, raw: Any, given: list[Any]) -> Hashable:
        value = self.coerce(raw)
        if value is Undefined:
            raise Unshaped
        given.append(value)
        return _OPEN

    def revive(self, _: Any, places: Iterator[int]) -> Any:
        return Given(next(places))


class _Text(_Open):
    """A text, of which only counts whether a search for it looks for anything."""

    def __init__(self) -> None:
        super().__init__(_text)

    def read(self, raw: Any, given: list[Any]) -> Hashable:
        given.append(_text(raw))
        return _OPEN if any(char.isalnum() for char in raw) else _WORDLESS

    def revive(self, form: Any, places: Iterator[int]) -> Any:
        return Given(next(places), has_words=form == _OPEN)


@dataclass(frozen=True, slots=True)
class _OpenList:
    """A list of which neither the length nor an entry decides anything."""

    item: _Open

    def read(self, raw: Any, given: list[Any]) -> Hashable:
        if type(raw) is not list:
            raise Unshaped
        values = [self.item.coerce(entry) for entry in raw]
        if Undefined in values:
            raise Unshaped
        given.append(values)
        return _OPEN

    def revive(self, _: Any, places: Iterator[int]) -> Any:
        return Given(next(places))


@dataclass(frozen=True, slots=True)
class _List:
    item: Kind

    def read(self, raw: Any, given: list[Any]) -> Hashable:
        if type(raw) is not list:
            raise Unshaped
        return tuple(self.item.read(entry, given) for entry in raw)

    def revive(self, form: Any, places: Iterator[int]) -> Any:
        return [self.item.revive(part, places) for part in form]


class _Object:
    """An input object, read in the order of its type, so that the sender's does not count."""

    def fill(self, type_: GraphQLInputObjectType, known: dict[str, Kind]) -> None:
        self._fields = [
            (name, field.out_name or name, _kind(field.type, known))
            for name, field in type_.fields.items()
        ]
        self._required = {name for name, _, kind in self._fields if isinstance(kind, _NonNull)}
        self._has_defaults = any(
            coerce_default_value(field) is not Undefined for field in type_.fields.values()
        )

    def read(self, raw: Any, given: list[Any]) -> Hashable:
        if type(raw) is not dict or self._has_defaults or not self._required <= raw.keys():
            raise Unshaped
        form = tuple(
            (place, kind.read(raw[name], given))
            for place, (name, _, kind) in enumerate(self._fields)
            if name in raw
        )
        if len(form) < len(raw):
            raise Unshaped
        return form

    def revive(self, form: Any, places: Iterator[int]) -> Any:
        found = {}
        for place, part in form:
            _, name, kind = self._fields[place]
            found[name] = kind.revive(part, places)
        return found


class _Cursor:
    """A cursor: which order it belongs to and which of its values are null decide."""

    def read(self, raw: Any, given: list[Any]) -> Hashable:
        try:
            signature, values = unpack(raw)
        except (ValueError, TypeError, ArithmeticError, RecursionError) as error:
            raise Unshaped from error
        given.extend(value for value in values if value is not None)
        return signature, tuple(value is None for value in values)

    def revive(self, form: Any, places: Iterator[int]) -> Any:
        signature, nulls = form
        parts = tuple(None if is_null else Given(next(places)) for is_null in nulls)
        return GivenCursor(signature, parts)


@dataclass(frozen=True, slots=True)
class _Id:
    """An opaque id: its type decides."""

    names: Collection[str]

    def read(self, raw: Any, given: list[Any]) -> Hashable:
        name, key = _opaque(raw, self.names)
        given.append(key)
        return name

    def revive(self, form: Any, places: Iterator[int]) -> Any:
        return GivenId(form, Given(next(places)))


@dataclass(frozen=True, slots=True)
class _Ids:
    """Several opaque ids: which types are among them decides."""

    names: Collection[str]

    def read(self, raw: Any, given: list[Any]) -> Hashable:
        if type(raw) is not list:
            raise Unshaped
        pairs = [_opaque(entry, self.names) for entry in raw]
        given += [[name for name, _ in pairs], [key for _, key in pairs]]
        return len(raw), frozenset(name for name, _ in pairs)

    def revive(self, form: Any, places: Iterator[int]) -> Any:
        count, names = form
        return GivenIds(count, names, Given(next(places)), Given(next(places)))


class _Unknown:
    """A variable that is used in two ways at once, or stands in a literal list of ids."""

    def read(self, *_: Any) -> Hashable:
        raise Unshaped

    def revive(self, *_: Any) -> Any:
        raise Unshaped


def _text(raw: Any) -> str:
    if type(raw) is not str or len(raw) > LONGEST_TEXT:
        raise Unshaped
    return raw


def _opaque(raw: Any, names: Collection[str]) -> tuple[str, str]:
    try:
        name, _, key = base64.b64decode(raw, validate=True).decode().partition(":")
    except (ValueError, TypeError) as error:
        raise Unshaped from error
    if name not in names or not _KEY.fullmatch(key):
        raise Unshaped
    return name, key
