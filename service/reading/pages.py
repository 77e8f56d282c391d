"""Pages of a list: stable order, keyset cursors, and what a window means.

A cursor holds the order's values of its row and says which order it belongs to;
it refuses to be used with another.
"""

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from service.errors import Invalid
from service.models import Row
from service.reading.clauses import Clauses
from service.reading.columns import Column, column
from service.reading.selections import Sort, Window

DEFAULT_SIZE = 20
LARGEST_SIZE = 100

_PARSERS: dict[str, Callable[[Any], Any]] = {
    "uuid": UUID,
    "date": date.fromisoformat,
    "timestamptz": datetime.fromisoformat,
    "integer": int,
    "double precision": float,
    "boolean": bool,
    "text": str,
}


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

    def beyond(self, clauses: Clauses, alias: str, value: Any, *, reverse: bool) -> str:
        """True of rows strictly after the value in this order."""
        sql = self.column.of(alias)
        nulls_last = self._nulls(reverse=reverse) == "LAST"
        if value is None:
            return "false" if nulls_last else f"{sql} IS NOT NULL"
        op = "<" if self.is_descending != reverse else ">"
        after = f"{sql} {op} {clauses.bind(value, self.column.type)}"
        if self.column.is_null and nulls_last:
            return f"({after} OR {sql} IS NULL)"
        return after

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
    start: str | None


def keys(model: type[Row], order: tuple[Sort, ...]) -> tuple[Key, ...]:
    """The order's keys, with the id last so that it is total."""
    named = [Key(column(model, s.field), s.is_descending, s.nulls_first) for s in order]
    is_descending = order[-1].is_descending if order else False
    return (*named, Key(column(model, "id"), is_descending, nulls_first=False))


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


def cursor(order: tuple[Sort, ...], page_keys: tuple[Key, ...], alias: str) -> str:
    """SQL for the cursor of a row."""
    values = ", ".join(f"{key.column.json(alias)}" for key in page_keys)
    packed = f"json_build_array('{_signature(order)}', {values})::text"
    return f"translate(encode(convert_to({packed}, 'UTF8'), 'base64'), E'\\n', '')"


def beyond(
    clauses: Clauses, alias: str, order: tuple[Sort, ...], page_keys: tuple[Key, ...], part: Slice
) -> str:
    """True of rows on the far side of the slice's start."""
    if part.start is None:
        return "true"
    values = _unpack(part, order, page_keys)
    choices = []
    for i, key in enumerate(page_keys):
        equal = [page_keys[j].same(clauses, alias, values[j]) for j in range(i)]
        last = key.beyond(clauses, alias, values[i], reverse=part.is_backward)
        choices.append(f"({' AND '.join([*equal, last])})")
    return f"({' OR '.join(choices)})"


def _signature(order: tuple[Sort, ...]) -> str:
    return ",".join(
        f"{s.field}{'-' if s.is_descending else '+'}{int(s.nulls_first)}" for s in order
    )


def _unpack(part: Slice, order: tuple[Sort, ...], page_keys: tuple[Key, ...]) -> list[Any]:
    name = "before" if part.is_backward else "after"
    message = f"{name} is not a cursor of this list in this order; take one from its pageInfo."
    try:
        signature, *values = json.loads(base64.b64decode(part.start or "", validate=True))
        unpacked = [
            None if value is None else _PARSERS[key.column.type](value)
            for key, value in zip(page_keys, values, strict=True)
        ]
    except (ValueError, TypeError, binascii.Error) as error:
        raise Invalid(message, path=(name,)) from error
    if signature != _signature(order):
        raise Invalid(message, path=(name,))
    return unpacked
