"""Rows locked by who may change them, and left alone by who may not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tortoise.transactions import in_transaction

from service import models, permits
from service.access.actors import ANONYMOUS, Actor
from service.access.roles import Role
from service.errors import NotAllowed, NotFound, NotSignedIn
from tests import factories

pytestmark = pytest.mark.usefixtures("database")
# Only tells a wait without end from a slow machine.
HANGS = 30


@asynccontextmanager
async def held(person: models.Person) -> AsyncIterator[None]:
    """Until the end somebody else holds the row."""
    taken, done = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with in_transaction():
            row = await models.Person.select_for_update().get(id=person.id)
            taken.set()
            await done.wait()
            row.expertise = "written meanwhile"
            await row.save(update_fields=["expertise"])

    holding = asyncio.create_task(hold())
    await taken.wait()
    try:
        yield
    finally:
        done.set()
        await holding


async def locked(person: models.Person, by: Actor) -> models.Person:
    async with in_transaction():
        return await permits.locked(by, "update", models.Person, person.id)


@pytest.mark.parametrize(
    ("by", "refusal"),
    [
        (ANONYMOUS, NotSignedIn),
        (factories.an_actor(Role.MENTOR), NotFound),
        (factories.an_actor(Role.AUDITOR), NotAllowed),
    ],
)
async def test_who_may_not_change_a_row_does_not_wait_for_it_either(
    by: Actor, refusal: type[Exception]
) -> None:
    person = await factories.make_person()
    async with held(person):
        with pytest.raises(refusal):
            await asyncio.wait_for(locked(person, by), HANGS)


async def test_whoever_may_change_a_row_waits_and_gets_it_as_it_is_then() -> None:
    person = await factories.make_person()
    async with held(person):
        waiting = asyncio.create_task(locked(person, factories.an_actor(Role.HR_OFFICER)))
        await asyncio.sleep(0.1)
        assert not waiting.done()
    row = await asyncio.wait_for(waiting, HANGS)
    assert row.expertise == "written meanwhile"
    names = models.Person._meta.fields_db_projection
    assert row.stored(names) == (await models.Person.get(id=person.id)).stored(names)


async def test_two_of_one_class_lock_their_own_rows_by_one_plan() -> None:
    people = [await factories.make_person() for _ in range(2)]
    actors = [factories.an_actor(Role.CANDIDATE, person=person) for person in people]
    assert actors[0].fingerprint == actors[1].fingerprint
    for own, other, by in zip(people, reversed(people), actors, strict=True):
        assert (await locked(own, by)).id == own.id
        with pytest.raises(NotFound):
            await locked(other, by)
