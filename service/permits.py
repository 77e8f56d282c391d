"""Whether an actor may do something to a row: the check every write begins with.

Absent and hidden rows answer alike; a row that one sees but may not change says so.
"""

from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID

from cachetools import LRUCache

from service.access.actors import Actor
from service.access.conditions import ALWAYS, NEVER, Condition, all_of
from service.access.rules import Rules
from service.errors import NotFound
from service.models import Row
from service.reading import answers
from service.reading.statements import Statement, compile_row

R = TypeVar("R", bound=Row)


def require(actor: Actor, verb: str, noun: str) -> None:
    """Refuses unless the actor may `verb` any `noun`: for what has no row yet."""
    if not actor.reach(verb, noun).any:
        raise actor.refusal(verb, noun)


async def require_on(
    actor: Actor,
    permission: str,
    model: type[Row],
    row_id: UUID,
    *,
    path: tuple[str, ...] = ("id",),
) -> None:
    """Refuses unless the actor holds the permission on this row.

    A verb alone is about the row; `verb.noun` is about a noun that will hang on it.
    Raises NotFound where the row is absent or hidden, NotAllowed or NotSignedIn
    where it is visible and the permission is missing.
    """
    rules, verb = _rules(model, permission)
    reach = rules.rows(actor, verb)
    if reach == NEVER and actor.is_anonymous:
        raise actor.refusal(verb, rules.noun)
    visible = _visible(model, rules, reach, model.access.rows(actor))
    if not await answers.exists(model, row_id, visible, by=actor):
        raise missing(model, path=path)
    if reach != ALWAYS and not await answers.exists(model, row_id, reach, by=actor):
        raise actor.refusal(verb, rules.noun)


async def locked(
    actor: Actor,
    permission: str,
    model: type[R],
    row_id: UUID,
    *,
    path: tuple[str, ...] = ("id",),
) -> R:
    """The row, locked until the transaction ends, if the actor holds the permission on it.

    Refuses as `require_on` does, and then locks nothing.
    """
    row = await _found(actor, permission, model, row_id, is_held=True)
    if row is not None:
        return row
    # This says why not, unless the row has come within reach meanwhile.
    await require_on(actor, permission, model, row_id, path=path)
    return await model.select_for_update().get(id=row_id)


async def seen(actor: Actor, permission: str, model: type[R], row_id: UUID) -> R | None:
    """The row as it stands, held by nobody for this; None unless the actor has the permission."""
    return await _found(actor, permission, model, row_id, is_held=False)


def open_rows(actor: Actor, permission: str, model: type[Row]) -> Condition:
    """The rows that everybody of the actor's class sees and has the permission on."""
    rules, verb = _rules(model, permission)
    reach = rules.open_rows(actor, verb)
    return all_of([_visible(model, rules, reach, model.access.open_rows(actor)), reach])


# Of whole rows, for everybody of a class.
_STATEMENTS: LRUCache[Any, Statement] = LRUCache(1_000)


async def _found(
    actor: Actor, permission: str, model: type[R], row_id: UUID, *, is_held: bool
) -> R | None:
    key = (model, permission, is_held, actor.fingerprint)
    statement = _STATEMENTS.get(key)
    if statement is None:
        may = open_rows(actor, permission, model)
        statement = _STATEMENTS[key] = compile_row(model, may, actor, is_held=is_held)
    return await answers.row(statement, model, row_id, by=actor)


def _rules(model: type[Row], permission: str) -> tuple[Rules, str]:
    """The rules that a permission is held by, and its verb."""
    verb, _, noun = permission.partition(".")
    return replace(model.access, noun=noun) if noun else model.access, verb


def _visible(model: type[Row], rules: Rules, reach: Condition, seen: Condition) -> Condition:
    """The rows whose existence the actor may know, who sees some and may do this to some."""
    # Whoever may do something to every row of a table may know which rows it has.
    return ALWAYS if reach == ALWAYS and rules is model.access else seen


def missing(model: type[Row], *, path: tuple[str, ...]) -> NotFound:
    """The answer for a row that is not there, or not there for this caller."""
    return NotFound(f"There is no such {model.__name__}, or you may not see it.", path=path)
