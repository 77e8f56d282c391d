"""What a noun file says: types over tables, filters, orders, root fields, verbs, changes.

Plain data. `schema.assembly` makes Strawberry types of it and `schema.selections`
reads it; a declaration itself never runs a query.
"""

import functools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from strawberry.utils.str_converters import to_camel_case

from service.access.conditions import ALWAYS, Condition
from service.changes import Change
from service.match_answers import Answer
from service.models import Row
from service.operations import Operation


@dataclass(frozen=True)
class Column:
    """A field that is a column or a derived value of the model; its own name unless `of`."""

    description: str
    of: str | None = None


@dataclass(frozen=True)
class Related:
    """A field that follows a relation: to one row, or to a connection."""

    description: str
    by: str | None = None


@dataclass(frozen=True)
class Computed:
    """A field that Python works out, of a row or at the root: `work` answers with `answer`.

    The fields of `question` are its arguments, and `points` what it costs beside its answer.
    `work` is called with the row's key first where there is a row, and decides who may ask;
    `permission` is named to them.
    """

    description: str
    work: Callable[..., Awaitable[Answer]]
    answer: type[Answer]
    question: type[Change]
    permission: str
    points: int


@dataclass(frozen=True)
class Filter:
    """One condition that callers may set.

    `test` is one of: among, is, at_least, at_most, overlaps, contains, matches,
    null, ranks, some, each, any. The last three take the target's own filter.
    """

    test: str
    of: str
    description: str


@dataclass(frozen=True)
class Node:
    """A GraphQL type over a table, with what lists of it can be filtered and sorted by."""

    model: type[Row]
    fields: Mapping[str, Column | Related]
    filters: Mapping[str, Filter] = field(default_factory=dict)
    sorts: Mapping[str, str] = field(default_factory=dict)
    computed: Mapping[str, Computed] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The word that the table and the type share."""
        return self.model.__name__

    @functools.cached_property
    def fields_by_name(self) -> dict[str, tuple[str, Column | Related]]:
        """The fields by the names that callers use, each with its Python name."""
        return {to_camel_case(name): (name, declared) for name, declared in self.fields.items()}

    @functools.cached_property
    def computed_by_name(self) -> dict[str, Computed]:
        """The fields that are worked out, by the names that callers use."""
        return {to_camel_case(name): declared for name, declared in self.computed.items()}

    @functools.cached_property
    def filters_by_name(self) -> dict[str, Filter]:
        """The conditions by the names that callers use."""
        return {to_camel_case(name): declared for name, declared in self.filters.items()}


@dataclass(frozen=True)
class ListField:
    """A root field: a connection over a table, or over the part of it that satisfies `where`."""

    model: type[Row]
    description: str
    where: Condition = ALWAYS
    requires: str | None = None


@dataclass(frozen=True)
class RowField:
    """A root field that finds one row by a unique column; `only` is its value where one can be."""

    model: type[Row]
    by: str
    description: str
    only: int | None = None


@dataclass(frozen=True)
class ThingField:
    """A root field that finds a thing of any type by its id, or several by theirs."""

    description: str
    is_list: bool = False


RootField = ListField | RowField | ThingField


@dataclass(frozen=True)
class ChangeField:
    """A subscription: the row of a table whenever the database tells that it changed."""

    model: type[Row]
    description: str
    requires: str | None = None


@dataclass(frozen=True)
class Verb:
    """A mutation over an operation; `reveals` are texts that only its answer ever shows."""

    operation: Operation[Any, Any]
    description: str
    reveals: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Noun:
    """Everything one noun adds to the API."""

    nodes: tuple[Node, ...]
    queries: Mapping[str, ListField | RowField] = field(default_factory=dict)
    computed: Mapping[str, Computed] = field(default_factory=dict)
    verbs: Mapping[str, Verb] = field(default_factory=dict)
    subscriptions: Mapping[str, ChangeField] = field(default_factory=dict)


def node(
    model: type[Row],
    *,
    filters: Mapping[str, Filter] | None = None,
    sorts: Mapping[str, str] | None = None,
    computed: Mapping[str, Computed] | None = None,
    **fields: Column | Related | str,
) -> Node:
    """A type over `model`; a field given as text is a column of that name with that description."""
    declared = {
        name: Column(value) if isinstance(value, str) else value for name, value in fields.items()
    }
    return Node(model, declared, filters or {}, sorts or {}, computed or {})


def related(description: str, by: str | None = None) -> Related:
    """A field that follows the relation of the same name, or `by`."""
    return Related(description, by)


def among(of: str, description: str) -> Filter:
    """Any of the given values; an empty list matches nothing."""
    return Filter("among", of, description)


def equals(of: str, description: str) -> Filter:
    """Exactly this value."""
    return Filter("is", of, description)


def at_least(of: str, description: str) -> Filter:
    """This value or a greater one."""
    return Filter("at_least", of, description)


def at_most(of: str, description: str) -> Filter:
    """This value or a smaller one."""
    return Filter("at_most", of, description)


def overlaps(of: str, description: str) -> Filter:
    """A list that holds any of the given values; an empty list matches nothing."""
    return Filter("overlaps", of, description)


def contains(of: str, description: str) -> Filter:
    """A list that holds all of the given values."""
    return Filter("contains", of, description)


def matches(of: str, description: str) -> Filter:
    """Full text: every word, each as a prefix, accents and case aside."""
    return Filter("matches", of, description)


def is_null(of: str, description: str) -> Filter:
    """True: no value; false: a value."""
    return Filter("null", of, description)


def ranks(of: str, description: str) -> Filter:
    """A grade between two grades, both included."""
    return Filter("ranks", of, description)


def some(of: str, description: str) -> Filter:
    """At least one related row satisfies the filter."""
    return Filter("some", of, description)


def each(of: str, description: str) -> Filter:
    """For each of the given filters there is a related row that satisfies it."""
    return Filter("each", of, description)


def any_row(of: str, description: str) -> Filter:
    """There is a related row that satisfies at least one of the given filters."""
    return Filter("any", of, description)
