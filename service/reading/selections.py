"""What a caller asked to read, as a plain tree: no GraphQL in it, and no SQL.

Keys are the names of the answer; fields and relations are those of the models.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from service.access.conditions import ALWAYS, Condition
from service.models import Row
from service.reading.slots import GivenCursor


@dataclass(frozen=True)
class Leaf:
    """One value of a row."""

    key: str
    field: str


@dataclass(frozen=True)
class TypeName:
    """The name of the type, where a client asks for it."""

    key: str
    name: str


@dataclass(frozen=True)
class One:
    """The row at the other end of a to-one relation, or null where hidden or absent."""

    key: str
    relation: str
    fields: tuple["Field", ...]


@dataclass(frozen=True)
class Sort:
    """One key of an order; nulls come last unless `nulls_first`."""

    field: str
    is_descending: bool = False
    nulls_first: bool = False


@dataclass(frozen=True)
class Window:
    """The slice of a list: `first` and `after` go forwards, `last` and `before` backwards."""

    first: int | None = None
    after: str | GivenCursor | None = None
    last: int | None = None
    before: str | GivenCursor | None = None


@dataclass(frozen=True)
class Cursor:
    """An edge's cursor."""

    key: str


@dataclass(frozen=True)
class Node:
    """An edge's row."""

    key: str
    fields: tuple["Field", ...]


@dataclass(frozen=True)
class Edges:
    """The edges of a page."""

    key: str
    parts: tuple[Cursor | Node | TypeName, ...]


@dataclass(frozen=True)
class PageInfo:
    """Facts about the page: pairs of answer key and fact."""

    key: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Total:
    """The number of rows in the whole list up to a bound, counted only when asked."""

    key: str


@dataclass(frozen=True)
class Exactness:
    """Whether that number is below the bound, and so the whole truth."""

    key: str


PagePart = Edges | PageInfo | Total | Exactness | TypeName


@dataclass(frozen=True)
class Page:
    """A slice of a list of rows with what the caller wants to know of it."""

    parts: tuple[PagePart, ...]
    where: Condition = ALWAYS
    order: tuple[Sort, ...] = ()
    window: Window = field(default_factory=Window)


@dataclass(frozen=True)
class Many:
    """A page of the rows at the other end of a to-many relation."""

    key: str
    relation: str
    page: Page


Field = Leaf | TypeName | One | Many


@dataclass(frozen=True)
class PageOf:
    """A root list."""

    model: type[Row]
    page: Page


@dataclass(frozen=True)
class RowOf:
    """A root row, found by the value of a unique field."""

    model: type[Row]
    by: str
    value: object
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class ThingsOf:
    """Root rows of several tables, found by their ids and answered in the order of these.

    `names` says of each id which table it belongs to; both may be open.
    """

    names: object
    ids: object
    fields: Mapping[type[Row], tuple[Field, ...]]


@dataclass(frozen=True)
class Nothing:
    """A root row that cannot be there, such as one of a type that does not exist."""


Selection = PageOf | RowOf | ThingsOf | Nothing
