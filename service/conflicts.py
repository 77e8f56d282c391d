"""Conflicts of interest as people declare them; the matcher keeps such pairs apart.

It refuses conflicts with oneself and with people whom the caller may not see.
"""

from uuid import UUID

from service import models, permits
from service.access.actors import Actor
from service.errors import Invalid


async def check(
    person_id: UUID, others: list[UUID], *, is_declared: bool, by: Actor, path: tuple[str, ...]
) -> None:
    """Refuses names without a declaration, oneself, and people hidden from the caller."""
    if others and not is_declared:
        raise Invalid("Say that conflicts are declared when you name them.", path=path)
    if person_id in others:
        raise Invalid("Nobody has a conflict of interest with themselves.", path=path)
    for other in dict.fromkeys(others):
        await permits.require_on(by, "read", models.Person, other, path=path)


async def declare(person_id: UUID, others: list[UUID]) -> None:
    """Adds these people to those with whom the person declared a conflict."""
    declared = [
        models.DeclaredConflict(declared_by_id=person_id, other_id=other)
        for other in dict.fromkeys(others)
    ]
    await models.DeclaredConflict.bulk_create(declared, ignore_conflicts=True)


async def replace(person_id: UUID, others: list[UUID]) -> tuple[list[UUID], list[UUID]]:
    """Makes these the only ones; returns those before and those now, for the history."""
    mine = models.DeclaredConflict.filter(declared_by_id=person_id)
    before = sorted(row.other_id for row in await mine)
    await mine.delete()
    await declare(person_id, others)
    return before, sorted(set(others))
