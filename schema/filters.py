"""Filters and orders of lists: their input types, and what they mean as conditions.

Null means the same as omitted; an empty list matches nothing. Whether the caller may
read what they filter by is decided where the condition is compiled.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from schema import blueprints
from schema.blueprints import Part
from schema.declarations import Filter, Node
from schema.inputs import Direction, Nulls
from service.access.conditions import Compare, Condition, Matches, Not, Some, all_of, any_of
from service.errors import Invalid
from service.models import Row
from service.models.vocabulary import LEVEL_RANKS, Level, Word
from service.reading.selections import Sort
from service.reading.shapes import shape, target
from service.reading.slots import Given

_LISTS = {"among": "in", "overlaps": "overlaps", "contains": "contains"}
_LONGEST_TEXT = 500
_SINGLE = {"is": "=", "at_least": ">=", "at_most": "<="}


class Filters:
    """The filter and order types of every node, each made once."""

    def __init__(self, nodes: Mapping[type[Row], Node]) -> None:
        self._nodes = nodes
        self._range = _level_range()
        self._types = {
            model: blueprints.shell(f"{node.name}Filter") for model, node in nodes.items()
        }
        self._orders = {model: _order(node) for model, node in nodes.items() if node.sorts}
        for model, node in nodes.items():
            if node.filters:
                self._fill(self._types[model], node)

    def arguments(self, model: type[Row]) -> dict[str, Part]:
        """The arguments that every list of this model takes for filtering and sorting."""
        arguments = {}
        if self._nodes[model].filters:
            arguments["filter"] = Part(
                self._types[model],
                "Only rows that satisfy this; conditions side by side all hold.",
                is_optional=True,
            )
        if model in self._orders:
            arguments["order_by"] = Part(
                list[self._orders[model]],  # type: ignore[name-defined]
                "The order, most important key first; the id decides ties.",
                is_optional=True,
            )
        return arguments

    def condition(self, model: type[Row], given: Mapping[str, Any] | None) -> Condition:
        """What the filter means."""
        node = self._nodes[model]
        parts: list[Condition] = []
        for key, value in (given or {}).items():
            if value is None:
                continue
            if key in {"and", "or"}:
                inner = [self.condition(model, item) for item in value]
                parts.append(all_of(inner) if key == "and" else any_of(inner))
            elif key == "not":
                parts.append(Not(self.condition(model, value)))
            else:
                _check_length(key, value)
                parts.append(self._test(model, node.filters_by_name[key], value))
        return all_of(parts)

    def _test(self, model: type[Row], declared: Filter, value: Any) -> Condition:
        of, test = declared.of, declared.test
        if test in _LISTS:
            return Compare(of, _LISTS[test], _plain_list(value))
        if test in _SINGLE:
            return Compare(of, _SINGLE[test], _plain(value))
        if test == "matches":
            return Matches(of, value)
        if test == "null":
            return Compare(of, "null", value)
        if test == "ranks":
            return Compare(of, "in", _levels(value))
        return self._related(model, declared, value)

    def _related(self, model: type[Row], declared: Filter, value: Any) -> Condition:
        there = target(model, declared.of)
        if declared.test == "some":
            return Some(declared.of, self.condition(there, value))
        inner = [self.condition(there, item) for item in value]
        if declared.test == "each":
            return all_of(Some(declared.of, condition) for condition in inner)
        return Some(declared.of, any_of(inner))

    def _fill(self, made: type, node: Node) -> None:
        parts = {name: self._part(node, declared) for name, declared in node.filters.items()}
        several = list[made]  # type: ignore[valid-type]
        either = "At least one of these holds; an empty list matches nothing."
        parts |= {
            "and_": Part(several, "All of these hold.", is_optional=True),
            "or_": Part(several, either, is_optional=True),
            "not_": Part(made, "This does not hold.", is_optional=True),
        }
        blueprints.fill_input(made, parts, f"What a {node.name} must satisfy to be in the list.")

    def _part(self, node: Node, declared: Filter) -> Part:
        return Part(self._type(node.model, declared), declared.description, is_optional=True)

    def _type(self, model: type[Row], declared: Filter) -> Any:
        if declared.test in {"some", "each", "any"}:
            there = self._types[target(model, declared.of)]
            return there if declared.test == "some" else list[there]  # type: ignore[valid-type]
        if declared.test == "ranks":
            return self._range
        if declared.test == "null":
            return bool
        python = shape(model, declared.of).type
        if issubclass(python, Enum):
            python = blueprints.enum(python)
        return list[python] if declared.test in _LISTS else python  # type: ignore[valid-type]


def sorts(given: Sequence[Mapping[str, Any]] | None) -> tuple[Sort, ...]:
    """What the order means; a key that stands there already decides nothing any more."""
    found: dict[str, Sort] = {}
    for item in given or ():
        field = item["field"].value
        sort = Sort(
            field,
            is_descending=item.get("direction") == Direction.DESC,
            nulls_first=item.get("nulls") == Nulls.FIRST,
        )
        found.setdefault(field, sort)
    return tuple(found.values())


def _check_length(key: str, value: Any) -> None:
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        message = f"Look for at most {_LONGEST_TEXT} characters."
        raise Invalid(message, path=("filter", key))


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def _plain_list(values: Any) -> Any:
    return values if isinstance(values, Given) else [_plain(value) for value in values]


def _levels(given: Mapping[str, Any]) -> list[str]:
    lowest = LEVEL_RANKS[given.get("from") or Level.P_5]
    highest = LEVEL_RANKS[given.get("to") or Level.USG]
    return [level.value for level, rank in LEVEL_RANKS.items() if lowest <= rank <= highest]


def _level_range() -> type:
    made = blueprints.shell("LevelRange")
    level = blueprints.enum(Level)
    parts = {
        "from_": Part(level, "The lowest level; omitted: no lower bound.", is_optional=True),
        "to": Part(level, "The highest level; omitted: no upper bound.", is_optional=True),
    }
    return blueprints.fill_input(made, parts, "Levels from one to another, both included.")


def _order(node: Node) -> type:
    words = {name: (of, f"By {name.lower().replace('_', ' ')}.") for name, of in node.sorts.items()}
    # Made by call, which the static type of an enum with meanings does not know.
    make: Any = Word
    fields = make(f"{node.name}OrderField", words)
    fields.__doc__ = f"What a list of {node.name} can be sorted by."
    made = blueprints.shell(f"{node.name}Order")
    parts = {
        "field": Part(blueprints.enum(fields), "What to sort by."),
        "direction": Part(blueprints.enum(Direction), "ASC unless said.", is_optional=True),
        "nulls": Part(blueprints.enum(Nulls), "LAST unless said.", is_optional=True),
    }
    return blueprints.fill_input(made, parts, f"One key of the order of a list of {node.name}.")
