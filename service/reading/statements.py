"""One selection compiled to one SQL statement that answers JSON in the shape of the answer.

Scopes stand in every sub-select and every count. What a field's guard hides is null.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from service.access.actors import Actor
from service.access.conditions import ALWAYS, NEVER, Condition
from service.models import Row
from service.reading import pages
from service.reading.clauses import Clauses, conjunction
from service.reading.columns import column, relation, table
from service.reading.selections import (
    Cursor,
    Edges,
    Field,
    Leaf,
    Many,
    Node,
    One,
    Page,
    PageInfo,
    PageOf,
    RowOf,
    Total,
    TypeName,
)


@dataclass(frozen=True)
class Statement:
    """SQL with its bound values."""

    sql: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Listing:
    """A page over a table: at the root, or joined to the row called `here`."""

    model: type[Row]
    page: Page
    join: str = "true"
    here: str = ""

    def joined(self, there: str) -> str:
        """SQL that ties a row of the list to the row it hangs on."""
        return self.join.format(here=self.here, there=there)


def compile_page(selection: PageOf, actor: Actor) -> Statement:
    """The statement of a root list."""
    clauses = Clauses(actor)
    sql = _page(clauses, Listing(selection.model, selection.page))
    return Statement(f"SELECT ({sql})::text", tuple(clauses.values))


def compile_row(selection: RowOf, actor: Actor) -> Statement:
    """The statement of a root row."""
    clauses = Clauses(actor)
    alias = clauses.alias()
    target = column(selection.model, selection.by)
    found = f"{target.of(alias)} = {clauses.bind(selection.value, target.type)}"
    sql = _row(clauses, selection.model, alias, selection.fields, where=found)
    return Statement(f"SELECT ({sql})::text", tuple(clauses.values))


def compile_rows(
    model: type[Row], ids: list[UUID], fields: tuple[Field, ...], actor: Actor
) -> Statement:
    """The statement of several rows, as one object keyed by their ids."""
    clauses = Clauses(actor)
    alias = clauses.alias()
    wanted = f"{alias}.id = ANY ({clauses.bind(ids, 'uuid[]')})"
    values = f"(SELECT row_to_json(r) FROM (SELECT {_fields(clauses, model, alias, fields)}) r)"
    where = conjunction(wanted, clauses.scope(model, alias))
    sql = (
        f"SELECT COALESCE(json_object_agg({alias}.id, {values}), '{{}}')::text"
        f" FROM {table(model)} {alias} WHERE {where}"
    )
    return Statement(sql, tuple(clauses.values))


def compile_exists(model: type[Row], row_id: Any, condition: Condition, actor: Actor) -> Statement:
    """Whether this very row satisfies a rule's condition."""
    clauses = Clauses(actor)
    alias = clauses.alias()
    found = f"{alias}.id = {clauses.bind(row_id, 'uuid')}"
    rule = clauses.rule(model, alias, condition)
    where = conjunction(found, rule)
    sql = f"SELECT EXISTS (SELECT 1 FROM {table(model)} {alias} WHERE {where})"
    return Statement(sql, tuple(clauses.values))


def _row(
    clauses: Clauses, model: type[Row], alias: str, fields: tuple[Field, ...], *, where: str
) -> str:
    """A scalar sub-select: the one visible row as JSON, or null."""
    values = _fields(clauses, model, alias, fields)
    scope = clauses.scope(model, alias)
    inner = f"SELECT {values} FROM {table(model)} {alias} WHERE {conjunction(where, scope)}"
    return f"SELECT row_to_json(r) FROM ({inner}) r"


def _fields(clauses: Clauses, model: type[Row], alias: str, fields: tuple[Field, ...]) -> str:
    """The select list of a row."""
    pieces = [f'{_value(clauses, model, alias, field)} AS "{field.key}"' for field in fields]
    return ", ".join(pieces)


def _value(clauses: Clauses, model: type[Row], alias: str, field: Field) -> str:
    match field:
        case TypeName(name=name):
            return f"'{name}'"
        case Leaf(field="id"):
            return global_id(model, alias)
        case Leaf(field=name):
            return _guarded(clauses, model, alias, name)
        case One(relation=name, fields=fields):
            link = relation(model, name)
            there = clauses.alias()
            joined = link.join.format(here=alias, there=there)
            return f"({_row(clauses, link.target, there, fields, where=joined)})"
        case Many(relation=name, page=page):
            return f"({_related(clauses, model, alias, name, page)})"


def _related(clauses: Clauses, model: type[Row], alias: str, name: str, page: Page) -> str:
    link = relation(model, name)
    return _page(clauses, Listing(link.target, page, link.join, alias))


def _guarded(clauses: Clauses, model: type[Row], alias: str, name: str) -> str:
    """A column, or null on the rows where the actor may not read it."""
    sql = column(model, name).json(alias)
    verb = model.access.guard(name)
    rows = model.access.rows(clauses.actor, verb) if verb else ALWAYS
    if rows == ALWAYS:
        return sql
    if rows == NEVER:
        return "NULL"
    return f"CASE WHEN {clauses.rule(model, alias, rows)} THEN {sql} END"


def global_id(model: type[Row], alias: str) -> str:
    """SQL for the opaque id of a row."""
    packed = f"convert_to('{model.__name__}:' || {alias}.id, 'UTF8')"
    return f"translate(encode({packed}, 'base64'), E'\\n', '')"


def _page(clauses: Clauses, listing: Listing) -> str:
    """A scalar sub-select: the page as one JSON object."""
    part = pages.cut(listing.page.window)
    pairs = ", ".join(_piece(clauses, listing, piece, part) for piece in listing.page.parts)
    answer = f"SELECT json_build_object({pairs})"
    if not any(isinstance(piece, Edges | PageInfo) for piece in listing.page.parts):
        return answer
    return f"{answer} FROM ({_slice(clauses, listing, part)}) p"


def _piece(
    clauses: Clauses,
    listing: Listing,
    piece: Edges | PageInfo | Total | TypeName,
    part: pages.Slice,
) -> str:
    match piece:
        case TypeName(key, name):
            return f"'{key}', '{name}'"
        case Total(key):
            return f"'{key}', ({_count(clauses, listing)})"
        case PageInfo(key, facts):
            return f"'{key}', {_page_info(facts, part)}"
        case Edges(key, parts):
            within = f"FILTER (WHERE p.position <= {part.size})"
            rows = f"json_agg({_edge(parts)} ORDER BY p.position) {within}"
            return f"'{key}', COALESCE({rows}, '[]')"


def _edge(parts: tuple[Cursor | Node | TypeName, ...]) -> str:
    pairs = []
    for part in parts:
        match part:
            case Cursor(key):
                pairs.append(f"'{key}', p.cursor")
            case Node(key):
                pairs.append(f"'{key}', p.\"node_{key}\"")
            case TypeName(key, name):
                pairs.append(f"'{key}', '{name}'")
    return f"json_build_object({', '.join(pairs)})"


def _page_info(facts: tuple[tuple[str, str], ...], part: pages.Slice) -> str:
    """What lies beyond is known exactly one way; the other way it is whether a start was given."""
    more = f"(count(*) > {part.size})"
    began = "true" if part.start is not None else "false"
    ahead, behind = (began, more) if part.is_backward else (more, began)
    within = f"FILTER (WHERE p.position <= {part.size})"
    known = {
        "hasNextPage": ahead,
        "hasPreviousPage": behind,
        "startCursor": f"(array_agg(p.cursor ORDER BY p.position) {within})[1]",
        "endCursor": f"(array_agg(p.cursor ORDER BY p.position DESC) {within})[1]",
        "__typename": "'PageInfo'",
    }
    pairs = ", ".join(f"'{key}', {known[fact]}" for key, fact in facts)
    return f"json_build_object({pairs})"


def _slice(clauses: Clauses, listing: Listing, part: pages.Slice) -> str:
    """The rows of the page and one more, numbered in the order of the answer."""
    alias = clauses.alias()
    model, order = listing.model, listing.page.order
    keys = pages.keys(model, order)
    where = conjunction(
        _where(clauses, listing, alias), pages.beyond(clauses, alias, order, keys, part)
    )
    found = (
        f"SELECT {alias}.* FROM {table(model)} {alias} WHERE {where}"
        f" ORDER BY {_order(keys, alias, reverse=part.is_backward)} LIMIT {part.size + 1}"
    )
    edges = [piece for piece in listing.page.parts if isinstance(piece, Edges)]
    nodes = [part for piece in edges for part in piece.parts if isinstance(part, Node)]
    values = [
        f"{pages.cursor(order, keys, alias)} AS cursor",
        f"{_position(keys, alias, part)} AS position",
        *(
            f"(SELECT row_to_json(r) FROM (SELECT {_fields(clauses, model, alias, node.fields)}) r)"
            f' AS "node_{node.key}"'
            for node in nodes
        ),
    ]
    return f"SELECT {', '.join(values)} FROM ({found}) {alias}"


def _position(keys: tuple[pages.Key, ...], alias: str, part: pages.Slice) -> str:
    """The place of a row in the answer; the surplus row of a backward page comes last too."""
    taken = f"row_number() OVER (ORDER BY {_order(keys, alias, reverse=part.is_backward)})"
    if not part.is_backward:
        return taken
    surplus = part.size + 1
    return f"CASE WHEN {taken} = {surplus} THEN {surplus} ELSE {surplus} - {taken} END"


def _order(keys: tuple[pages.Key, ...], alias: str, *, reverse: bool) -> str:
    return ", ".join(key.order(alias, reverse=reverse) for key in keys)


def _count(clauses: Clauses, listing: Listing) -> str:
    alias = clauses.alias()
    where = _where(clauses, listing, alias)
    return f"SELECT count(*) FROM {table(listing.model)} {alias} WHERE {where}"


def _where(clauses: Clauses, listing: Listing, alias: str) -> str:
    """Join, row scope, the caller's filter, and the right to sort by what they sort by."""
    model, page = listing.model, listing.page
    sorted_by = clauses.readable(model, {sort.field for sort in page.order})
    return conjunction(
        listing.joined(alias),
        clauses.scope(model, alias),
        clauses.asked(model, alias, page.where),
        clauses.rule(model, alias, sorted_by),
    )
