"""Who may see the rows of a table and which of its fields, declared next to each model.

A model without rules cannot be read at all; a field that a rule guards needs
the guarding permission on that very row.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from service.access.actors import Actor
from service.access.conditions import (
    ALWAYS,
    NEVER,
    Blank,
    Condition,
    Not,
    all_of,
    any_of,
    fill,
)
from service.access.roles import Assignment, Role


@dataclass(frozen=True)
class Mine:
    """Something of the caller's own, such as their missions as far as some roles reach.

    Two are equal where they are the same for every caller, whatever permission they come from.
    """

    blank: Blank
    roles: frozenset[Role] = frozenset()

    def of(self, actor: Actor) -> Any:
        """Its value for this caller; None where they have none."""
        if self.blank is Blank.ME:
            return actor.person_id
        if self.blank is Blank.MY_ACCOUNT:
            return actor.account_id
        return actor.missions(self.roles) or None


@dataclass(frozen=True)
class Rules:
    """The access rules of one table.

    `noun` and `verb` name the permission that opens a row. `public` rows are
    open to everyone, signed in or not; `own` rows belong to the caller's
    person; `assigned` rows follow from the caller's duty. `guarded` maps a
    stronger verb to the fields that it alone opens. `sealed` rows are closed to
    the caller's person whatever roles they hold.
    """

    noun: str
    verb: str = "read"
    public: Condition = NEVER
    own: Condition = NEVER
    assigned: Mapping[Assignment, Condition] = field(default_factory=dict)
    guarded: Mapping[str, frozenset[str]] = field(default_factory=dict)
    sealed: Condition = NEVER

    def rows(self, actor: Actor, verb: str | None = None) -> Condition:
        """The rows of this table on which the actor may do `verb` (reading, unless said)."""
        return self._rows(actor, verb or self.verb, lambda mine: mine.of(actor))

    def open_rows(self, actor: Actor, verb: str | None = None) -> Condition:
        """The same for everybody of the actor's class: what is the actor's own stays a `Mine`."""
        asked = verb or self.verb
        return self._rows(actor, asked, lambda mine: None if mine.of(actor) is None else mine)

    def _rows(self, actor: Actor, asked: str, value: Callable[["Mine"], Any]) -> Condition:
        mine = [
            Mine(Blank.ME),
            Mine(Blank.MY_ACCOUNT),
            Mine(Blank.MY_MISSIONS, actor.mission_roles(asked, self.noun)),
        ]
        values = {each.blank: value(each) for each in mine}
        sealed = fill(self.sealed, values)
        opened = fill(self._opened(actor, asked), values)
        return opened if sealed == NEVER else all_of([opened, Not(sealed)])

    def _opened(self, actor: Actor, asked: str) -> Condition:
        """The rows that the actor's permissions open."""
        reach = actor.reach(asked, self.noun)
        if reach.any:
            return ALWAYS
        parts: list[Condition] = [self.public] if asked == self.verb else []
        if reach.own:
            parts.append(self.own)
        parts.extend(
            condition for kind, condition in self.assigned.items() if kind in reach.assigned
        )
        return any_of(parts)

    def guard(self, field_name: str) -> str | None:
        """The verb that opens this field, or None where the row's own verb does."""
        return next((verb for verb, names in self.guarded.items() if field_name in names), None)
