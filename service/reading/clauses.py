"""Conditions turned into SQL, with every value bound and every scope applied.

A condition that a caller wrote sees only rows and fields that the caller may read;
a condition that a rule wrote sees the table as it is.
"""

from collections.abc import Collection, Iterable
from typing import Any

from service.access.actors import Actor
from service.access.conditions import (
    ALWAYS,
    NEVER,
    AllOf,
    Always,
    AnyOf,
    Blank,
    Compare,
    Condition,
    Matches,
    Never,
    Not,
    Some,
    all_of,
    follows,
    joined,
)
from service.models import Row
from service.reading.columns import column, relation, table
from service.reading.slots import Given, listed, opened

_COMPARISONS = {"=", "!=", "<", "<=", ">", ">="}
_ARRAYS = {"overlaps": "&&", "contains": "@>"}


class Clauses:
    """The growing list of bound values and aliases of one statement for one actor."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.values: list[Any] = []
        self._aliases = 0
        self._known: dict[str, Condition] = {}

    def bind(self, value: Any, kind: str) -> str:
        """A placeholder for this value."""
        self.values.append(opened(value))
        return f"${len(self.values)}::{kind}"

    def alias(self) -> str:
        """A fresh name for a row."""
        self._aliases += 1
        return f"t{self._aliases}"

    def scope(self, model: type[Row], alias: str) -> str:
        """The rows of this model that the actor may see."""
        return self.rule(model, alias, model.access.open_rows(self.actor))

    def value(self, model: type[Row], alias: str, name: str) -> str:
        """A column or derived value of the row, computed from what the actor may see."""
        sql = column(model, name).of(alias)
        derived = model.derived.get(name)
        for other, by in derived.sees.items() if derived else ():
            sql = sql.replace(f"{{{other}}}", self.scope(relation(model, by).target, other))
        return sql

    def rule(self, model: type[Row], alias: str, condition: Condition) -> str:
        """A condition written by Cadre itself: no scope inside."""
        if follows(condition, self._known.get(alias, ALWAYS)):
            return "true"
        if isinstance(condition, AllOf):
            return conjunction(*(self.rule(model, alias, part) for part in condition.parts))
        return self._sql(model, alias, condition, asked=False)

    def asked(
        self,
        model: type[Row],
        alias: str,
        condition: Condition,
        *,
        sorts: Iterable[str] = (),
        given: Condition = ALWAYS,
    ) -> str:
        """The rows in the actor's scope of which a condition holds that the caller wrote.

        Refused where it, or what the caller `sorts` by, reads what they may not. What is
        `given` of every row at hand is not asked again, nor later on what is asked here.
        """
        guards = self.readable(model, _fields(condition).union(sorts))
        rules = joined([model.access.open_rows(self.actor), guards])
        self._known[alias] = given
        seen = self.rule(model, alias, rules)
        self._known[alias] = joined([given, rules])
        return conjunction(seen, self._sql(model, alias, condition, asked=True))

    def known(self, alias: str) -> Condition:
        """What Cadre's own rules have established of the row."""
        return self._known.get(alias, ALWAYS)

    def readable(self, model: type[Row], fields: set[str]) -> Condition:
        """The rows on which the actor may read all these fields; refused where there are none."""
        verbs = {verb for name in fields if (verb := model.access.guard(name))}
        rows = [(verb, model.access.open_rows(self.actor, verb)) for verb in sorted(verbs)]
        for verb, condition in rows:
            if condition == NEVER:
                raise self.actor.refusal(verb, model.access.noun)
        return all_of(condition for _, condition in rows)

    def _sql(self, model: type[Row], alias: str, condition: Condition, *, asked: bool) -> str:
        match condition:
            case Always() | Never():
                return str(condition == ALWAYS).lower()
            case Compare() | Matches():
                return self._compare(model, alias, condition)
            case Some(name, inner):
                return self._some(model, alias, name, inner, asked=asked)
            case Not(part):
                # An unknown value is no match, and so its negation is one.
                return f"NOT COALESCE({self._sql(model, alias, part, asked=asked)}, false)"
            case AllOf(parts):
                return conjunction(*self._each(model, alias, parts, asked=asked))
            case AnyOf(parts):
                return self._any(model, alias, parts, asked=asked)

    def _any(
        self, model: type[Row], alias: str, parts: tuple[Condition, ...], *, asked: bool
    ) -> str:
        if not asked and all(_names_ids(model, part) for part in parts):
            return self._among(model, alias, parts)
        pieces = self._each(model, alias, parts, asked=asked)
        return f"({' OR '.join(pieces)})" if pieces else "false"

    def _each(
        self, model: type[Row], alias: str, parts: tuple[Condition, ...], *, asked: bool
    ) -> list[str]:
        return [self._sql(model, alias, part, asked=asked) for part in parts]

    def _compare(self, model: type[Row], alias: str, compare: Compare | Matches) -> str:
        target = column(model, compare.field)
        sql = self.value(model, alias, compare.field)
        if isinstance(compare, Matches):
            return self._matches(sql, compare.text)
        if compare.op == "null":
            return f"{sql} IS {'' if compare.value else 'NOT '}NULL"
        if compare.op in _ARRAYS:
            return f"{sql} {_ARRAYS[compare.op]} {self.bind(listed(compare.value), target.type)}"
        if compare.op == "in":
            return f"{sql} = {self._one_of(model, compare, target.type)}"
        assert compare.op in _COMPARISONS
        if compare.value is Blank.TODAY:
            return f"{sql} {compare.op} CURRENT_DATE"
        return f"{sql} {compare.op} {self.bind(compare.value, target.type)}"

    def _one_of(self, model: type[Row], compare: Compare, kind: str) -> str:
        """What a column equals that holds one of these words.

        A plan for all values takes a list for ten entries, and so for nearly all rows where
        there are few different ones. A list of one it would plan anew each time.
        """
        words, is_uneven = compare.value, compare.field in model.uneven
        if isinstance(words, Collection) and len(words) == 1 and not is_uneven:
            return self.bind(next(iter(words)), kind)
        several = self.bind(listed(words), f"{kind}[]")
        return f"ANY ({f'these({several})' if is_uneven else several})"

    def _matches(self, sql: str, text: str | Given) -> str:
        if not has_words(text):
            return "true"
        # The database folds the text as it folded the column: to words and single blanks.
        return f"{sql} @@ prefixes({self.bind(text, 'text')})"

    def _some(
        self, model: type[Row], alias: str, name: str, inner: Condition, *, asked: bool
    ) -> str:
        link = relation(model, name)
        there = self.alias()
        parts = [link.join.format(here=alias, there=there)]
        if asked:
            if link.target.access.open_rows(self.actor) == NEVER:
                raise self.actor.refusal(link.target.access.verb, link.target.access.noun)
            parts.append(self.asked(link.target, there, inner))
        elif inner != ALWAYS:
            parts.append(self.rule(link.target, there, inner))
        # The target's key finds the few; a plan would rather read all of it for a list of ids.
        fence = " OFFSET 0" if link.is_rare else ""
        where = f"{conjunction(*parts)}{fence}"
        return f"EXISTS (SELECT 1 FROM {table(link.target)} {there} WHERE {where})"

    def _among(self, model: type[Row], alias: str, parts: tuple[Condition, ...]) -> str:
        """True of rows whose ids these parts name.

        One set to join with, where an OR of EXISTS would have to be tried on every row.
        """
        sets = [
            self._ids(model, part) if isinstance(part, Some) else self._id(part) for part in parts
        ]
        return f"{alias}.id IN ({' UNION '.join(sets)})"

    def _ids(self, model: type[Row], part: Some) -> str:
        link, there = relation(model, part.relation), self.alias()
        where = self.rule(link.target, there, part.condition)
        return f'SELECT {there}."{link.back}" FROM {table(link.target)} {there} WHERE {where}'

    def _id(self, part: Condition) -> str:
        assert isinstance(part, Compare)
        return f"SELECT {self.bind(part.value, 'uuid')}"


def conjunction(*parts: str) -> str:
    """The parts joined by AND, in brackets where there are several."""
    kept = [part for part in parts if part != "true"]
    if len(kept) > 1:
        return f"({' AND '.join(kept)})"
    return kept[0] if kept else "true"


def has_words(text: str | Given) -> bool:
    """Whether a search for this text looks for anything."""
    return text.has_words if isinstance(text, Given) else any(char.isalnum() for char in text)


def _names_ids(model: type[Row], condition: Condition) -> bool:
    """Whether the rows' ids are few, and can be had without the rows.

    Lines of a row's own file are more than the rows; things of another noun that point at it,
    such as appointments at people, are not.
    """
    match condition:
        case Some(relation=name):
            link = relation(model, name)
            return link.back is not None and link.target.access.noun != model.access.noun
        case Compare(field="id", op="="):
            return True
        case _:
            return False


def _fields(condition: Condition) -> set[str]:
    """The fields of the row itself that a condition reads.

    What stands behind a relation guards itself where it is compiled.
    """
    match condition:
        case Compare(field=name) | Matches(field=name):
            return {name}
        case AllOf(parts) | AnyOf(parts):
            return {name for part in parts for name in _fields(part)}
        case Not(part):
            return _fields(part)
        case _:
            return set()
