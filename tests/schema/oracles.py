"""What the API must answer, worked out row by row in Python from the tables as they are.

It shares the declarations with the API, and none of the code that turns them into SQL.
"""

import base64
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from strawberry.utils.str_converters import to_camel_case
from tortoise import connections
from tortoise.fields.relational import BackwardFKRelation, ForeignKeyFieldInstance

from schema.declarations import Column, Filter, Node, Related
from schema.root import assembled
from service import models
from service.access.actors import Actor
from service.access.conditions import (
    NEVER,
    AllOf,
    Always,
    AnyOf,
    Blank,
    Compare,
    Condition,
    Not,
    Some,
)
from service.models import Row
from service.models.vocabulary import LEVEL_RANKS, Level
from service.reading.selections import Sort

_JSON = {
    "figures",
    "configuration",
    "versions",
    "prices",
    "contributions",
    "rule_counts",
    "digests",
}
Values = Mapping[str, Any]
Model = type[Row]


class Refused(Exception):  # noqa: N818 - what the API must do, not a fault
    """The API must refuse to answer."""


def global_id(model: Model, row_id: UUID) -> str:
    return base64.b64encode(f"{model.__name__}:{row_id}".encode()).decode()


def wire(value: Any) -> Any:
    """The value as JSON carries it."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return value.isoformat() if isinstance(value, date) else value


def words(text: str) -> list[str]:
    """The words of a text, accents and case aside."""
    folded = unicodedata.normalize("NFKD", text).lower()
    return re.findall(r"\w+", "".join(c for c in folded if not unicodedata.combining(c)))


@dataclass(frozen=True)
class Tables:
    """Every row of every table, and who may see what of it."""

    rows: Mapping[Model, list[Values]]
    lineage: frozenset[tuple[UUID, UUID]]
    today: date

    def related(self, model: Model, row: Values, name: str) -> list[Values]:
        """The rows at the other end of a relation, hidden ones included."""
        if name in model.links:
            link = model.links[name]
            return [other for other in self.rows[link.target] if other["id"] == row[link.column]]
        field: Any = model._meta.fields_map[name]
        there = self.rows[field.related_model]
        if isinstance(field, ForeignKeyFieldInstance):
            return [other for other in there if other["id"] == row[f"{name}_id"]]
        if isinstance(field, BackwardFKRelation):
            key = next(
                f"{known}_id"
                for known, back in field.related_model._meta.fields_map.items()
                if isinstance(back, ForeignKeyFieldInstance)
                and (back.related_model, back.related_name) == (model, name)
            )
            return [other for other in there if other[key] == row["id"]]
        assert name in {"predecessors", "successors"}
        ours = {
            (earlier if name == "predecessors" else later)
            for later, earlier in self.lineage
            if row["id"] == (later if name == "predecessors" else earlier)
        }
        return [other for other in there if other["id"] in ours]

    def holds(self, model: Model, row: Values, condition: Condition) -> bool:
        """Whether the row satisfies a rule."""
        found = isinstance(condition, Always)
        match condition:
            case Compare(field=name, op=op, value=value):
                found = compare(row[name], op, self.today if value is Blank.TODAY else value)
            case Some(relation=name, condition=inner):
                there = end_of(model, name)
                found = any(self.holds(there, r, inner) for r in self.related(model, row, name))
            case AllOf(parts):
                found = all(self.holds(model, row, part) for part in parts)
            case AnyOf(parts):
                found = any(self.holds(model, row, part) for part in parts)
            case Not(part):
                found = not self.holds(model, row, part)
        return found

    def sees(self, actor: Actor, model: Model, row: Values) -> bool:
        """Whether the actor may know of the row."""
        return self.holds(model, row, model.access.rows(actor))

    def visible(self, actor: Actor, model: Model) -> list[Values]:
        """The rows the actor may know of."""
        return [row for row in self.rows[model] if self.sees(actor, model, row)]

    def reads(self, actor: Actor, model: Model, row: Values, name: str) -> bool:
        """Whether the actor may read this field of this row."""
        verb = model.access.guard(name)
        return verb is None or self.holds(model, row, model.access.rows(actor, verb))

    def answer(self, actor: Actor, model: Model, row: Values, name: str) -> Any:
        """What the API must say for a column of a visible row."""
        reads = self.reads(actor, model, row, name)
        return wire(self.value(actor, model, row, name)) if reads else None

    def value(self, actor: Actor, model: Model, row: Values, name: str) -> Any:
        """The value of a column, or of a derived field as far as the actor may know."""
        if name != "is_vacant":
            return row[name]
        holders = [
            other
            for other in self.related(model, row, "appointments")
            if other["state"] in {"IN_POST", "EXTENDED"}
            and self.sees(actor, models.Appointment, other)
        ]
        stands = row["abolished_on"] is None or row["abolished_on"] >= self.today
        return stands and not holders

    def satisfies(self, actor: Actor, model: Model, row: Values, given: Values) -> bool:
        """Whether the row satisfies the filter, as far as the actor may know."""
        names = own_fields(model, given)
        return all(self.reads(actor, model, row, name) for name in names) and self._passes(
            actor, model, row, given
        )

    def _passes(self, actor: Actor, model: Model, row: Values, given: Values) -> bool:
        return all(self._part(actor, model, row, key, value) for key, value in given.items())

    def _part(self, actor: Actor, model: Model, row: Values, key: str, value: Any) -> bool:
        if key == "and":
            return all(self._passes(actor, model, row, part) for part in value)
        if key == "or":
            return any(self._passes(actor, model, row, part) for part in value)
        if key == "not":
            return not self._passes(actor, model, row, value)
        declared = declared_filter(model, key)
        if declared.test in {"some", "each", "any"}:
            return self._related(actor, model, row, declared, value)
        return passes(self.value(actor, model, row, declared.of), declared.test, value)

    def _related(
        self, actor: Actor, model: Model, row: Values, declared: Filter, value: Any
    ) -> bool:
        there = end_of(model, declared.of)
        seen = [r for r in self.related(model, row, declared.of) if self.sees(actor, there, r)]
        if declared.test == "some":
            return any(self.satisfies(actor, there, r, value) for r in seen)
        if declared.test == "each":
            return all(any(self.satisfies(actor, there, r, v) for r in seen) for v in value)
        # One row must let the actor read all that any of the filters asks for.
        return any(self.satisfies(actor, there, r, {"or": value}) for r in seen)


def end_of(model: Model, name: str) -> Model:
    """The model at the other end of a relation."""
    if name in model.links:
        return model.links[name].target
    there: Model = model._meta.fields_map[name].related_model  # type: ignore[attr-defined]
    return there


async def load() -> Tables:
    """The tables of the connected database."""
    connection = connections.get("default")
    rows: dict[Model, list[Values]] = {}
    for model in (value for value in vars(models).values() if isinstance(value, type)):
        if model is Row or not issubclass(model, Row):
            continue
        derived = "".join(
            f', {one.sql.replace("{row}", "t")} AS "{name}"'
            for name, one in model.derived.items()
            if name not in {"search", "is_vacant"}
        )
        _, found = await connection.execute_query(
            f'SELECT t.*{derived} FROM "{model._meta.db_table}" t ORDER BY t.id'
        )
        rows[model] = [
            {
                name: json.loads(value) if name in _JSON and value is not None else value
                for name, value in dict(row).items()
            }
            for row in found
        ]
    for person in rows[models.Person]:
        person["search"] = f"{person['given_names']} {person['family_name']} {person['expertise']}"  # type: ignore[index]
    _, pairs = await connection.execute_query("SELECT * FROM mission_lineage")
    _, today = await connection.execute_query("SELECT CURRENT_DATE")
    lineage = frozenset((pair["successor_id"], pair["predecessor_id"]) for pair in pairs)
    return Tables(rows, lineage, today[0][0])


def compare(mine: Any, op: str, value: Any) -> bool:
    """One comparison of a rule."""
    if op == "null":
        return bool((mine is None) == value)
    if mine is None:
        return False
    if op == "in":
        return mine in value
    return bool({"=": mine == value, "<=": op == "<=" and mine <= value}[op])


def passes(mine: Any, test: str, value: Any) -> bool:
    """One test of a filter, on the column's value and the value as it was sent."""
    if test == "null":
        return bool((mine is None) == value)
    if mine is None:
        return False
    if test == "matches":
        return all(any(own.startswith(word) for own in words(mine)) for word in words(value))
    if test == "ranks":
        lowest = LEVEL_RANKS[Level(value.get("from", "P_5"))]
        highest = LEVEL_RANKS[Level(value.get("to", "USG"))]
        return bool(lowest <= LEVEL_RANKS[Level(mine)] <= highest)
    if isinstance(mine, datetime):
        value = datetime.fromisoformat(value)
    elif isinstance(mine, date):
        mine = mine.isoformat()
    if test in {"overlaps", "contains"}:
        return bool(set(mine) & set(value)) if test == "overlaps" else set(mine) >= set(value)
    return bool(
        {
            "among": test == "among" and mine in value,
            "is": mine == value,
            "at_least": test == "at_least" and mine >= value,
            "at_most": test == "at_most" and mine <= value,
        }[test]
    )


def declared_filter(model: Model, key: str) -> Filter:
    filters = assembled().nodes[model].filters
    return next(found for name, found in filters.items() if to_camel_case(name) == key)


def own_fields(model: Model, given: Values) -> set[str]:
    """The fields of the row itself that a filter reads."""
    found: set[str] = set()
    for key, value in given.items():
        if key in {"and", "or", "not"}:
            parts = [value] if key == "not" else value
            found = found.union(*(own_fields(model, part) for part in parts))
        elif (declared := declared_filter(model, key)).test not in {"some", "each", "any"}:
            found.add(declared.of)
    return found


def check_filter(actor: Actor, model: Model, given: Values) -> None:
    """Raises Refused where the actor could learn nothing by this filter."""
    for name in own_fields(model, given):
        check_field(actor, model, name)
    for key, value in given.items():
        parts = value if isinstance(value, list) else [value]
        if key in {"and", "or", "not"}:
            for part in parts:
                check_filter(actor, model, part)
        elif (declared := declared_filter(model, key)).test in {"some", "each", "any"}:
            there = end_of(model, declared.of)
            if there.access.rows(actor) == NEVER:
                raise Refused
            for part in parts:
                check_filter(actor, there, part)


def check_field(actor: Actor, model: Model, name: str) -> None:
    """Raises Refused where the actor may read this field of no row at all."""
    verb = model.access.guard(name)
    if verb is not None and model.access.rows(actor, verb) == NEVER:
        raise Refused


def ordered(model: Model, rows: Iterable[Values], order: tuple[Sort, ...]) -> list[Values]:
    """The rows in this order; the id decides ties, in the direction of the last key."""
    found = sorted(rows, key=lambda row: row["id"], reverse=bool(order) and order[-1].is_descending)
    for sort in reversed(order):
        some = [row for row in found if row[sort.field] is not None]
        none = [row for row in found if row[sort.field] is None]
        some.sort(key=lambda row: row[sort.field], reverse=sort.is_descending)
        found = none + some if sort.nulls_first else some + none
    return found


def columns(node: Node) -> dict[str, str]:
    """The columns of a type: name in the API to name in the table."""
    return {
        to_camel_case(name): declared.of or name
        for name, declared in node.fields.items()
        if isinstance(declared, Column)
    }


def relations(node: Node) -> dict[str, str]:
    """The relations of a type: name in the API to name in the table."""
    return {
        to_camel_case(name): declared.by or name
        for name, declared in node.fields.items()
        if isinstance(declared, Related)
    }
