"""One selection compiled to one SQL statement that answers JSON in the shape of the answer.

Scopes stand in every sub-select and every count. What a field's guard hides is null.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from service.access.actors import Actor
from service.access.conditions import ALWAYS, NEVER, Condition, Some
from service.models import Row
from service.reading import pages
from service.reading.clauses import Clauses, conjunction
from service.reading.columns import column, relation, table
from service.reading.selections import (
    Cursor,
    Edges,
    Exactness,
    Field,
    Leaf,
    Many,
    Node,
    Nothing,
    One,
    Page,
    PageInfo,
    PageOf,
    PagePart,
    RowOf,
    Selection,
    ThingsOf,
    Total,
    TypeName,
)
from service.reading.slots import Filling, Given, Open, Token, is_open

# What PostgreSQL allows: bytes of an identifier, and pairs of a function's 100 arguments.
_LONGEST_IDENTIFIER = 63
_MOST_PAIRS = 50
# It breaks base64 into lines of so many bytes; an id by its own has so many.
_LINE, _ID_LENGTH = 57, 36
# A row's place in its page; no table has a column with a blank in its name.
PLACE = '"the place"'

# What follows may be a sub-select, which has one of its own.
_READS_A_TABLE = re.compile(r"\bFROM\s+(?!\()", re.IGNORECASE)

Pairs: TypeAlias = list[tuple[str, str]]


@dataclass(frozen=True)
class Statement:
    """SQL with its bound values, of which some may be open."""

    sql: str
    values: tuple[Any, ...]

    def filled(self, filling: Filling) -> list[Any]:
        """The values for one request.

        Raises ValueError or ArithmeticError for one that its column cannot hold.
        """
        values = list(self.values)
        for place, value in self._open:
            values[place] = value.of(filling)
        return values

    @cached_property
    def _open(self) -> list[tuple[int, Open]]:
        return [(place, value) for place, value in enumerate(self.values) if is_open(value)]


@dataclass(frozen=True)
class Listing:
    """A page over a table: at the root, or joined to the row called `here`.

    What is `given` already holds of each row of it, because of what that row is known to be.
    """

    model: type[Row]
    page: Page
    join: str = "true"
    here: str = ""
    given: Condition = ALWAYS

    def joined(self, there: str) -> str:
        """SQL that ties a row of the list to the row it hangs on."""
        return self.join.format(here=self.here, there=there)


@dataclass(frozen=True)
class Cut:
    """A page of a listing under way: its rows are called `alias`, in the answer's order."""

    alias: str
    part: pages.Slice
    listing: Listing

    @cached_property
    def order(self) -> pages.Order:
        """The order of the page."""
        return pages.Order(self.listing.model, self.listing.page.order)

    @cached_property
    def looks_beyond(self) -> bool:
        """Whether it is asked if there are rows beyond the page, the way that it goes."""
        beyond = "hasPreviousPage" if self.part.is_backward else "hasNextPage"
        infos = [piece for piece in self.listing.page.parts if isinstance(piece, PageInfo)]
        return any(fact == beyond for info in infos for _, fact in info.facts)

    @property
    def rows(self) -> int:
        """How many rows are taken: those of the page, and one more to see whether it is there."""
        return self.part.size + self.looks_beyond

    @property
    def within(self) -> str:
        """SQL that keeps an aggregate from the row beyond the page."""
        if not self.looks_beyond:
            return ""
        return f" FILTER (WHERE {self.alias}.{PLACE} <= {self.part.size})"


def compile_selections(
    selections: Sequence[Selection], actor: Actor, proof: str | None = None
) -> Statement:
    """One statement for the whole answer: a column of JSON in UTF-8 for each selection.

    With a `proof`, SQL that says who bears the token `{digest}`, its first column is what
    that says in the very snapshot that the others read.
    """
    clauses = Clauses(actor)
    # As bytes, so that nobody decodes on the way what is encoded again at its end.
    columns = [
        f"convert_to(({_selected(clauses, selection)})::text, 'UTF8')" for selection in selections
    ]
    if proof is not None:
        columns.insert(0, f"({proof.format(digest=clauses.bind(Token(), 'text'))})")
    return Statement(f"SELECT {', '.join(columns)}", tuple(clauses.values))


def _selected(clauses: Clauses, selection: Selection) -> str:
    match selection:
        case PageOf(model, page):
            return _page(clauses, Listing(model, page))
        case RowOf(model, by, value, fields):
            alias, target = clauses.alias(), column(model, by)
            found = f"{target.of(alias)} = {clauses.bind(value, target.type)}"
            return _row(clauses, model, alias, fields, where=found)
        case ThingsOf():
            return _things(clauses, selection)
        case Nothing():
            return "SELECT NULL"


def compile_exists(model: type[Row], row_id: Any, condition: Condition, actor: Actor) -> Statement:
    """Whether this very row satisfies a rule's condition."""
    clauses = Clauses(actor)
    alias = clauses.alias()
    found = f"{alias}.id = {clauses.bind(row_id, 'uuid')}"
    rule = clauses.rule(model, alias, condition)
    where = conjunction(found, rule)
    sql = f"SELECT EXISTS (SELECT 1 FROM {table(model)} {alias} WHERE {where})"
    return Statement(sql, tuple(clauses.values))


def compile_row(
    model: type[Row], condition: Condition, actor: Actor, *, is_held: bool
) -> Statement:
    """Answers all columns of the row of an open id, if it satisfies a rule's condition.

    If it `is_held`, it is locked until the transaction ends; a row that does not, is not.
    """
    clauses = Clauses(actor)
    alias = clauses.alias()
    found = f"{alias}.id = {clauses.bind(Given(0), 'uuid')}"
    where = conjunction(found, clauses.rule(model, alias, condition))
    columns = ", ".join(f'{alias}."{name}"' for name in model._meta.fields_db_projection.values())
    lock = f" FOR UPDATE OF {alias}" if is_held else ""
    sql = f"SELECT {columns} FROM {table(model)} {alias} WHERE {where}{lock}"
    return Statement(sql, tuple(clauses.values))


def standing(clauses: Clauses, model: type[Row], alias: str, fields: Sequence[Field]) -> str | None:
    """SQL for the JSON in UTF-8 of a row that is called `alias` in the statement around it.

    None where it takes more than the row's own columns: a statement that writes does not see in
    the tables what it wrote.
    """
    scope = clauses.asked(model, alias, ALWAYS)
    row = _object(_fields(clauses, model, alias, tuple(fields)), f" WHERE {scope}")
    return None if _READS_A_TABLE.search(row) else f"convert_to(({row})::text, 'UTF8')"


def _row(
    clauses: Clauses, model: type[Row], alias: str, fields: tuple[Field, ...], *, where: str
) -> str:
    """A scalar sub-select: the one visible row as JSON, or null."""
    scope = clauses.asked(model, alias, ALWAYS)
    values = _fields(clauses, model, alias, fields)
    return _object(values, f" FROM {table(model)} {alias} WHERE {conjunction(where, scope)}")


def _things(clauses: Clauses, selection: ThingsOf) -> str:
    """A scalar sub-select: a JSON array of the wanted rows in their order, null where hidden."""
    names, ids = clauses.bind(selection.names, "text[]"), clauses.bind(selection.ids, "uuid[]")
    wanted = f"unnest({names}, {ids}) WITH ORDINALITY wanted(name, id, place)"
    choices = []
    for model, fields in selection.fields.items():
        alias = clauses.alias()
        row = _row(clauses, model, alias, fields, where=f"{alias}.id = wanted.id")
        choices.append(f" WHEN '{model.__name__}' THEN ({row})")
    found = f"CASE wanted.name{''.join(choices)} END" if choices else "NULL::json"
    return f"SELECT COALESCE(json_agg({found} ORDER BY wanted.place), '[]') FROM {wanted}"


def _fields(clauses: Clauses, model: type[Row], alias: str, fields: tuple[Field, ...]) -> Pairs:
    """What is selected of a row, as SQL by key."""
    return [(field.key, _value(clauses, model, alias, field)) for field in fields]


def _object(pairs: Pairs, source: str = "") -> str:
    """A sub-select of one JSON object for each row of `source`, which may be a FROM clause.

    Rows are cheaper than built objects, but their keys are identifiers, which PostgreSQL cuts.
    """
    if any(len(key) > _LONGEST_IDENTIFIER for key, _ in pairs):
        return f"SELECT {_built(pairs)}{source}"
    values = ", ".join(f'{sql} AS "{key}"' for key, sql in pairs)
    # No alias of a client can contain a blank and so be mistaken for the row.
    return f'SELECT row_to_json("the row") FROM (SELECT {values}{source}) "the row"'


def _built(pairs: Pairs) -> str:
    """A JSON object, in as many parts as the limit on arguments asks for."""
    entries = [f"'{key}', {sql}" for key, sql in pairs]
    parts = [
        f"json_build_object({', '.join(entries[i : i + _MOST_PAIRS])})"
        for i in range(0, max(len(entries), 1), _MOST_PAIRS)
    ]
    first, *others = parts
    if not others:
        return first
    # Joined as texts, because jsonb would forget in which order the keys were asked for.
    more = "".join(f" || ',' || substr(left({part}::text, -1), 2)" for part in others)
    return f"(left({first}::text, -1){more} || '}}')::json"


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
            link = relation(model, name)
            given = Some(link.forth, clauses.known(alias)) if link.forth else ALWAYS
            return f"({_page(clauses, Listing(link.target, page, link.join, alias, given))})"


def _guarded(clauses: Clauses, model: type[Row], alias: str, name: str) -> str:
    """A column, or null on the rows where the actor may not read it."""
    sql = column(model, name).json(clauses.value(model, alias, name))
    verb = model.access.guard(name)
    rows = model.access.open_rows(clauses.actor, verb) if verb else ALWAYS
    if rows == ALWAYS:
        return sql
    if rows == NEVER:
        return "NULL"
    rule = clauses.rule(model, alias, rows)
    return sql if rule == "true" else f"CASE WHEN {rule} THEN {sql} END"


def global_id(model: type[Row], alias: str) -> str:
    """SQL for the opaque id of a row."""
    name = f"{model.__name__}:"
    encoded = f"encode(convert_to('{name}' || {alias}.id, 'UTF8'), 'base64')"
    is_short = len(name) + _ID_LENGTH < _LINE
    return encoded if is_short else f"translate({encoded}, E'\\n', '')"


def _page(clauses: Clauses, listing: Listing) -> str:
    """A scalar sub-select: the page as one JSON object."""
    page = Cut(clauses.alias(), pages.cut(listing.page.window), listing)
    pieces = listing.page.parts
    source = ""
    if any(isinstance(piece, Edges | PageInfo) for piece in pieces):
        # First, because what it establishes of its rows need not be asked of each of their fields.
        # HAVING makes it one row also where nothing that was asked for is an aggregate.
        source = f" FROM ({_slice(clauses, page)}) {page.alias} HAVING true"
    answer = f"SELECT {_built([_piece(clauses, page, piece) for piece in pieces])}"
    if any(isinstance(piece, Total | Exactness) for piece in pieces):
        return f"WITH counted AS ({_count(clauses, listing)}) {answer}{source}"
    return answer + source


def _piece(clauses: Clauses, page: Cut, piece: PagePart) -> tuple[str, str]:
    match piece:
        case TypeName(key, name):
            return key, f"'{name}'"
        case Total(key):
            return key, f"(SELECT least(n, {pages.MOST_COUNTED}) FROM counted)"
        case Exactness(key):
            return key, f"(SELECT n <= {pages.MOST_COUNTED} FROM counted)"
        case PageInfo(key, facts):
            return key, _page_info(page, facts)
        case Edges(key, parts):
            # In the order of the rows, which is the page's own; to sort once more costs more.
            rows = f"json_agg({_edge(clauses, page, parts)}){page.within}"
            return key, f"COALESCE({rows}, '[]')"


def _edge(clauses: Clauses, page: Cut, parts: tuple[Cursor | Node | TypeName, ...]) -> str:
    pairs = []
    for part in parts:
        match part:
            case Cursor(key):
                pairs.append((key, page.order.cursor(page.alias)))
            case Node(key, fields):
                values = _fields(clauses, page.listing.model, page.alias, fields)
                pairs.append((key, f"({_object(values)})"))
            case TypeName(key, name):
                pairs.append((key, f"'{name}'"))
    return _built(pairs)


def _page_info(page: Cut, facts: tuple[tuple[str, str], ...]) -> str:
    """What lies beyond is known exactly one way; the other way it is whether a start was given."""
    more = f"(count(*) > {page.part.size})"
    began = "true" if page.part.start is not None else "false"
    ahead, behind = (began, more) if page.part.is_backward else (more, began)
    known = {
        "hasNextPage": ahead,
        "hasPreviousPage": behind,
        "startCursor": _cursor_at(page, "1"),
        "endCursor": _cursor_at(page, f"least(count(*), {page.part.size})::integer"),
        "__typename": "'PageInfo'",
    }
    return _built([(key, known[fact]) for key, fact in facts])


def _cursor_at(page: Cut, place: str) -> str:
    """The cursor of the row at this place of the page, made for that row alone."""
    cursor = page.order.cursor(page.alias, f"(array_agg({{}}){page.within})[{place}]")
    return f"CASE WHEN least(count(*), {page.part.size}) > 0 THEN {cursor} END"


def _slice(clauses: Clauses, page: Cut) -> str:
    """The rows of the page in the order of the answer; and one more where it is looked at.

    Only here are they ordered: what aggregates them takes them as they come.
    """
    listing, part, order, alias = page.listing, page.part, page.order, page.alias
    taken = order.by(alias, reverse=part.is_backward)
    head, tail = f"SELECT {alias}.* FROM", f"ORDER BY {taken} LIMIT {page.rows}"
    pieces = []
    for beyond in order.beyond(clauses, alias, part):
        where = conjunction(_where(clauses, listing, alias), beyond)
        pieces.append(f"{head} {table(listing.model)} {alias} WHERE {where} {tail}")
    # Each piece is a range of one index; the database takes from the next what one lacks.
    found = (
        pieces[0]
        if len(pieces) == 1
        else f"{head} (({') UNION ALL ('.join(pieces)})) {alias} {tail}"
    )
    if not page.looks_beyond and not part.is_backward:
        return found
    place = f", row_number() OVER (ORDER BY {taken}) AS {PLACE}" if page.looks_beyond else ""
    return (
        f"SELECT {alias}.*{place} FROM ({found}) {alias} ORDER BY {order.by(alias, reverse=False)}"
    )


def _count(clauses: Clauses, listing: Listing) -> str:
    """The number of rows, or one more than the bound where there are more still."""
    alias = clauses.alias()
    where = _where(clauses, listing, alias)
    rows = f"SELECT FROM {table(listing.model)} {alias} WHERE {where}"
    return f"SELECT count(*) AS n FROM ({rows} LIMIT {pages.MOST_COUNTED + 1}) found"


def _where(clauses: Clauses, listing: Listing, alias: str) -> str:
    """Join, row scope, the caller's filter, and the right to sort by what they sort by."""
    model, page = listing.model, listing.page
    sorts = [sort.field for sort in page.order]
    return conjunction(
        listing.joined(alias),
        clauses.asked(model, alias, page.where, sorts=sorts, given=listing.given),
    )
