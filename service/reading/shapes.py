"""What a field of a model looks like to the outside: its type, and whether it may be null.

The edge builds its types from this, so that a column and its field cannot disagree.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from service.models import Row
from service.reading.columns import column, relation

_PYTHON: dict[str, type] = {
    "uuid": UUID,
    "timestamptz": datetime,
    "date": date,
    "boolean": bool,
    "double precision": float,
    "integer": int,
    "jsonb": dict,
    "text": str,
    "text[]": str,
}


@dataclass(frozen=True)
class Shape:
    """The type of a value, and whether the caller can meet null in its place."""

    type: type
    is_list: bool
    is_null: bool


def shape(model: type[Row], name: str) -> Shape:
    """The shape of a column or derived value; guarded ones can always be null."""
    known = column(model, name)
    field: Any = model._meta.fields_map.get(name)
    python = getattr(field, "enum_type", None) or _PYTHON[known.type]
    is_null = known.is_null or model.access.guard(name) is not None
    return Shape(python, known.type == "text[]", is_null)


def target(model: type[Row], name: str) -> type[Row]:
    """The model at the other end of a relation."""
    return relation(model, name).target


def is_many(model: type[Row], name: str) -> bool:
    """Whether a relation leads to many rows."""
    return relation(model, name).is_many
