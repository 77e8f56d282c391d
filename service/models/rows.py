"""What every table has: a time-ordered key, its birth, and declared access.

It refuses rows without access rules: a table that declares none cannot be read.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from tortoise import fields
from tortoise.models import Model
from uuid_utils.compat import uuid7

from service.access.rules import Rules


@dataclass(frozen=True)
class Derived:
    """A read-only field computed by SQL; `{row}` stands for the row's alias.

    `sees` names aliases of the SQL and the relations whose rows they are: `{alias}` in the SQL
    stands for what the caller may see of them, so that a derived value tells no more than its rows.
    """

    sql: str
    type: type
    is_null: bool = False
    sees: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Link:
    """A way to the row of another table that a column names, and that no foreign key holds.

    Only rules go along it: callers have no field or filter for it.
    """

    target: "type[Row]"
    column: str


def descending(column: str, *, is_null: bool = False) -> str:
    """A column of an index whose order goes down; nulls, if it has any, come last as in lists."""
    return f'"{column}" DESC{" NULLS LAST" if is_null else ""}'


class Row(Model):
    """The columns that all tables share."""

    access: ClassVar[Rules]
    derived: ClassVar[dict[str, Derived]] = {}
    links: ClassVar[dict[str, Link]] = {}
    # Columns with rare and with common words: a search plans anew for the words it looks for.
    uneven: ClassVar[frozenset[str]] = frozenset()

    id: UUID = fields.UUIDField(primary_key=True, default=uuid7)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        abstract = True

    @classmethod
    def update_of(cls, names: Sequence[str], first: int) -> str:
        """SQL that sets these columns to the parameters from number `first` on."""
        columns = cls._meta.fields_db_projection
        sets = [f'"{columns[name]}" = ${place}' for place, name in enumerate(names, first)]
        return f'UPDATE "{cls._meta.db_table}" SET {", ".join(sets)}'  # noqa: S608 - no input in it

    def stored(self, names: Iterable[str]) -> list[Any]:
        """These values of the row as its columns take them."""
        kinds = self._meta.fields_map
        return [kinds[name].to_db_value(getattr(self, name), self) for name in names]
