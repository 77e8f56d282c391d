"""The models' metadata as SQL: columns, types, joins and the text form of each value.

Every identifier comes from Tortoise's own metadata, never from a caller.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.relational import (
    BackwardFKRelation,
    ForeignKeyFieldInstance,
    ManyToManyFieldInstance,
)

from service.models import Row
from service.models.rows import Derived

_TYPES: tuple[tuple[type, str], ...] = (
    (fields.UUIDField, "uuid"),
    (ArrayField, "text[]"),
    (fields.DatetimeField, "timestamptz"),
    (fields.DateField, "date"),
    (fields.BooleanField, "boolean"),
    (fields.FloatField, "double precision"),
    (fields.IntField, "integer"),
    (fields.JSONField, "jsonb"),
    (fields.TextField, "text"),
    (fields.CharField, "text"),
)
_DERIVED_TYPES = {bool: "boolean", int: "integer", str: "text", float: "double precision"}


@dataclass(frozen=True)
class Column:
    """A value of a row: its SQL with `{row}` for the row's alias, and its type."""

    sql: str
    type: str
    is_null: bool

    def of(self, alias: str) -> str:
        """The SQL of this value of the row called `alias`."""
        return self.sql.replace("{row}", alias)

    def json(self, sql: str) -> str:
        """SQL of such a value in the form that the answer prints."""
        if self.type != "timestamptz":
            return sql
        return f"to_char({sql} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"


@dataclass(frozen=True)
class Relation:
    """A way from one table to another: the target, and SQL that joins `{here}` to `{there}`.

    `back` is the target's column that points here, where there is one, and `forth` the
    target's relation by that column. What `is_rare` leads somewhere from few rows only.
    """

    target: type[Row]
    join: str
    is_many: bool
    back: str | None = None
    forth: str | None = None
    is_rare: bool = False


@cache
def column(model: type[Row], name: str) -> Column:
    """The column or derived value called `name`."""
    derived = model.derived.get(name)
    if derived is not None:
        return _derived(derived)
    field = model._meta.fields_map[name]
    kind = next(sql for python, sql in _TYPES if isinstance(field, python))
    return Column(f'{{row}}."{field.source_field or name}"', kind, bool(field.null))


@cache
def relation(model: type[Row], name: str) -> Relation:
    """The relation called `name`, in either direction, through a link table or by a link."""
    named = model.links.get(name)
    if named is not None:
        join = f'{{there}}.id = {{here}}."{named.column}"'
        return Relation(named.target, join, is_many=False, is_rare=True)
    field: Any = model._meta.fields_map[name]
    target = field.related_model
    if isinstance(field, ManyToManyFieldInstance):
        link = (
            f'EXISTS (SELECT 1 FROM "{field.through}" link'
            f' WHERE link."{field.backward_key}" = {{here}}.id'
            f' AND link."{field.forward_key}" = {{there}}.id)'
        )
        return Relation(target, link, is_many=True)
    if isinstance(field, ForeignKeyFieldInstance):
        source = field.source_field or f"{name}_id"
        return Relation(target, f'{{there}}.id = {{here}}."{source}"', is_many=False)
    assert isinstance(field, BackwardFKRelation)
    join = f'{{there}}."{field.relation_source_field}" = {{here}}.id'
    is_many = not isinstance(field, fields.relational.BackwardOneToOneRelation)
    forth = next(
        name
        for name in target._meta.fk_fields | target._meta.o2o_fields
        if relation(target, name).join == f'{{there}}.id = {{here}}."{field.relation_source_field}"'
    )
    return Relation(target, join, is_many, field.relation_source_field, forth)


def table(model: type[Row]) -> str:
    """The quoted name of the model's table."""
    return f'"{model._meta.db_table}"'


def _derived(derived: Derived) -> Column:
    return Column(f"({derived.sql})", _DERIVED_TYPES[derived.type], derived.is_null)
