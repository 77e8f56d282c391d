"""Whether an actor may do something to a row: the check every write begins with.

Absent and hidden rows answer alike; a row that one sees but may not change says so.
"""

from dataclasses import replace
from uuid import UUID

from service.access.actors import Actor
from service.access.conditions import ALWAYS, NEVER
from service.errors import NotFound
from service.models import Row
from service.reading import answers


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
    verb, _, noun = permission.partition(".")
    rules = replace(model.access, noun=noun) if noun else model.access
    reach = rules.rows(actor, verb)
    if reach == NEVER and actor.is_anonymous:
        raise actor.refusal(verb, rules.noun)
    # Whoever may do something to every row of a table may know which rows it has.
    visible = ALWAYS if reach == ALWAYS and not noun else model.access.rows(actor)
    if not await answers.exists(model, row_id, visible, by=actor):
        raise missing(model, path=path)
    if reach != ALWAYS and not await answers.exists(model, row_id, reach, by=actor):
        raise actor.refusal(verb, rules.noun)


def missing(model: type[Row], *, path: tuple[str, ...]) -> NotFound:
    """The answer for a row that is not there, or not there for this caller."""
    return NotFound(f"There is no such {model.__name__}, or you may not see it.", path=path)
