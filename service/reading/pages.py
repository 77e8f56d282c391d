"""Pages of a list: stable order, keyset cursors, and what a window means.

A cursor holds the order's values of its row and says which order it belongs to;
it refuses to be used with another.
"""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cached_property, partial
from typing import Any
from uuid import UUID

from service.errors import Invalid
from service.models import Row
from service.reading.clauses import Clauses, conjunction
from service.reading.columns import Column, column
from service.reading.selections import Sort, Window
from service.reading.slots import Given, GivenCursor

DEFAULT_SIZE = 20
LARGEST_SIZE = 100
MOST_COUNTED = 10_000

LONGEST_CURSOR = 4_000


@dataclass(frozen=True)
class Key:
    """One key of a page's order, as SQL knows it."""

    column: Column
    is_descending: bool
    nulls_first: bool

    def order(self, alias: str, *, reverse: bool) -> str:
        """This key's part of an ORDER BY."""
        direction = "DESC" if self.is_descending != reverse else "ASC"
        if not self.column.is_null:
            return f"{self.column.of(alias)} {direction}"
        return f"{self.column.of(alias)} {direction} NULLS {self._nulls(reverse=reverse)}"

    def across(self, alias: str, value: Any, *, reverse: bool) -> str:
        """True of rows beyond the value that no comparison finds, because one side is null."""
        nulls_last = self._nulls(reverse=reverse) == "LAST"
        if not self.column.is_null or nulls_last == (value is None):
            return "false"
        return f"{self.column.of(alias)} IS {'' if nulls_last else 'NOT '}NULL"

    def same(self, clauses: Clauses, alias: str, value: Any) -> str:
        """True of rows with this very value."""
        sql = self.column.of(alias)
        return (
            f"{sql} IS NULL"
            if value is None
            else f"{sql} = {clauses.bind(value, self.column.type)}"
        )

    def _nulls(self, *, reverse: bool) -> str:
        return "FIRST" if self.nulls_first != reverse else "LAST"


@dataclass(frozen=True)
class Slice:
    """A window made exact: how many rows, which way, and from where."""

    size: int
    is_backward: bool
    start: str | GivenCursor | None


@dataclass(frozen=True)
class Order:
    """A total order of a table's rows: the keys that were asked for, then the id."""

    model: type[Row]
    sorts: tuple[Sort, ...]

    @cached_property
    def keys(self) -> tuple[Key, ...]:
        """The keys, most important first."""
        named = [
            Key(column(self.model, sort.field), sort.is_descending, sort.nulls_first)
            for sort in self.sorts
        ]
        is_descending = self.sorts[-1].is_descending if self.sorts else False
        return (*named, Key(column(self.model, "id"), is_descending, nulls_first=False))

    @property
    def signature(self) -> str:
        """Which list of which order a cursor belongs to."""
        named = (
            f"{sort.field}{'-' if sort.is_descending else '+'}{int(sort.nulls_first)}"
            for sort in self.sorts
        )
        return f"{self.model.__name__}:{','.join(named)}"

    def by(self, alias: str, *, reverse: bool) -> str:
        """The list of an ORDER BY."""
        return ", ".join(key.order(alias, reverse=reverse) for key in self.keys)

    def cursor(self, alias: str, seen: str = "{}") -> str:
        """SQL for the cursor of a row, each of whose values is taken as `seen` says."""
        values = ", ".join(
            key.column.json(seen.replace("{}", key.column.of(alias))) for key in self.keys
        )
        packed = f"json_build_array('{self.signature}', {values})::text"
        return f"translate(encode(convert_to({packed}, 'UTF8'), 'base64'), E'\\n', '')"

    def beyond(self, clauses: Clauses, alias: str, part: Slice) -> list[str]:
        """The rows on the far side of the slice's start, in pieces that share none.

        Each piece is one range of an index over the keys; their OR would be none at all.
        """
        if part.start is None:
            return ["true"]
        values, reverse = _unpack(part, self), part.is_backward
        pieces = []
        for start, end in self._runs(values):
            known = list(zip(self.keys, values, strict=True))[:end]
            ends = [
                (i, key.across(alias, value, reverse=reverse))
                for i, (key, value) in enumerate(known)
                if i >= start
            ]
            if values[start] is not None:
                ends.insert(0, (start, _past(clauses, alias, known[start:], reverse=reverse)))
            for place, last in ends:
                if last != "false":
                    equal = [key.same(clauses, alias, value) for key, value in known[:place]]
                    pieces.append(conjunction(*equal, last))
        return pieces

    def _runs(self, values: list[Any]) -> Iterator[tuple[int, int]]:
        """The longest stretches of keys that one comparison of rows can tell apart."""
        start = 0
        for i in range(1, len(values)):
            turns = self.keys[i].is_descending != self.keys[i - 1].is_descending
            if turns or values[i] is None or values[i - 1] is None:
                yield start, i
                start = i
        yield start, len(values)


def _past(clauses: Clauses, alias: str, run: list[tuple[Key, Any]], *, reverse: bool) -> str:
    """True of rows whose keys, compared as one, lie beyond these values."""
    columns = ", ".join(key.column.of(alias) for key, _ in run)
    marks = ", ".join(clauses.bind(value, key.column.type) for key, value in run)
    op = "<" if run[0][0].is_descending != reverse else ">"
    return f"({columns}) {op} ({marks})"


def cut(window: Window) -> Slice:
    """The slice of this window. Refuses sizes outside 0 to 100 and mixed directions."""
    if window.first is not None and window.last is not None:
        raise Invalid("Give either first or last, not both.", path=("last",))
    if window.last is None and window.before is not None:
        raise Invalid("before goes with last; with first use after.", path=("before",))
    if window.last is not None and window.after is not None:
        raise Invalid("after goes with first; with last use before.", path=("after",))
    name, size = ("last", window.last) if window.last is not None else ("first", window.first)
    size = DEFAULT_SIZE if size is None else size
    if not 0 <= size <= LARGEST_SIZE:
        raise Invalid(f"{name} must lie between 0 and {LARGEST_SIZE}.", path=(name,))
    return Slice(size, name == "last", window.before if name == "last" else window.after)


def _unpack(part: Slice, order: Order) -> list[Any]:
    """The values in the cursor. Refuses whatever this very list could not have given out."""
    name = "before" if part.is_backward else "after"
    try:
        if isinstance(part.start, GivenCursor):
            return _open_values(part.start, order)
        return _values(part.start or "", order)
    except (ValueError, ArithmeticError, RecursionError) as error:
        message = f"{name} is not a cursor of this list in this order; take one from its pageInfo."
        raise Invalid(message, path=(name,)) from error


def unpack(cursor: str) -> tuple[str, list[Any]]:
    """The order's signature and the values in a cursor. Raises ValueError for what is none."""
    if len(cursor) > LONGEST_CURSOR:
        raise ValueError
    packed = json.loads(base64.b64decode(cursor, validate=True), parse_constant=_no_constant)
    if not isinstance(packed, list) or not packed or not isinstance(packed[0], str):
        raise ValueError
    return packed[0], packed[1:]


def _values(cursor: str, order: Order) -> list[Any]:
    signature, values = unpack(cursor)
    if signature != order.signature:
        raise ValueError
    return [_value(key.column, value) for key, value in zip(order.keys, values, strict=True)]


def _open_values(cursor: GivenCursor, order: Order) -> list[Given | None]:
    if cursor.signature != order.signature:
        raise ValueError
    pairs = list(zip(order.keys, cursor.parts, strict=True))
    if any(part is None and not key.column.is_null for key, part in pairs):
        raise ValueError
    return [part and replace(part, parse=partial(_value, key.column)) for key, part in pairs]


def _value(column: Column, value: Any) -> Any:
    """The value as the driver wants it; a column's own type and nothing that merely looks alike."""
    if value is None and column.is_null:
        return None
    kind, parse = _PARSERS[column.type]
    if type(value) not in kind:
        raise ValueError
    return parse(value)


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError
    return instant.astimezone(UTC)


def _integer(number: int) -> int:
    if not -(2**31) <= number < 2**31:
        raise ValueError
    return number


def _text(text: str) -> str:
    text.encode()
    if "\0" in text:
        raise ValueError
    return text


def _no_constant(_: str) -> None:
    raise ValueError


_PARSERS: dict[str, tuple[set[type], Callable[[Any], Any]]] = {
    "uuid": ({str}, UUID),
    "date": ({str}, date.fromisoformat),
    "timestamptz": ({str}, _instant),
    "integer": ({int}, _integer),
    "double precision": ({int, float}, float),
    "boolean": ({bool}, bool),
    "text": ({str}, _text),
}
