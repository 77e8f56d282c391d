"""Acting designations: what is recorded, and that one post has one cover at a time."""

import asyncio
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from service import acting_designations, models
from service.access.actors import Actor
from service.acting_designations import NewActingDesignation
from service.models.vocabulary import ActingKind
from tests import factories
from tests.factories import history_of
from tests.refusals import refused

pytestmark = pytest.mark.usefixtures("database")


async def a_cover(**changes: Any) -> NewActingDesignation:
    values: dict[str, Any] = {"kind": ActingKind.ACTING, "started_on": date(2024, 3, 1)} | changes
    if "person_id" not in values:
        values["person_id"] = (await factories.make_person()).id
    if "post_id" not in values:
        values["post_id"] = (await factories.make_post()).id
    return NewActingDesignation(**values)


async def test_the_head_of_one_mission_covers_another_beside_their_own_post(hr: Actor) -> None:
    own = await factories.make_appointment()
    change = await a_cover(
        person_id=own.person_id,
        kind=ActingKind.AD_INTERIM,
        ended_on=date(2024, 12, 31),
        announced_on=date(2024, 2, 20),
    )
    row = await acting_designations.designate(change, by=hr)
    stored = await models.ActingDesignation.get(id=row.id).values()
    del stored["created_at"]
    assert stored == {"id": row.id} | change.model_dump()
    assert (await models.Appointment.get(id=own.id)).state == "IN_POST"
    assert await history_of(row.id) == [
        (
            "designate",
            {
                "person_id": [None, str(own.person_id)],
                "post_id": [None, str(change.post_id)],
                "kind": [None, "AD_INTERIM"],
                "started_on": [None, "2024-03-01"],
                "ended_on": [None, "2024-12-31"],
                "announced_on": [None, "2024-02-20"],
            },
        )
    ]


@pytest.mark.parametrize(
    ("started_on", "ended_on", "is_free"),
    [
        (date(2024, 1, 1), date(2024, 3, 1), True),
        (date(2024, 1, 1), date(2024, 3, 2), False),
        (date(2024, 1, 1), None, False),
        (date(2024, 3, 1), date(2024, 3, 1), False),
        (date(2024, 4, 1), date(2024, 5, 1), False),
        (date(2024, 6, 29), None, False),
        (date(2024, 6, 30), None, True),
    ],
)
async def test_two_people_cover_one_post_only_one_after_the_other(
    hr: Actor, *, started_on: date, ended_on: date | None, is_free: bool
) -> None:
    first = await factories.make_acting_designation(
        started_on=date(2024, 3, 1), ended_on=date(2024, 6, 30)
    )
    change = await a_cover(post_id=first.post_id, started_on=started_on, ended_on=ended_on)
    if is_free:
        row = await acting_designations.designate(change, by=hr)
        assert (row.started_on, row.ended_on) == (started_on, ended_on)
        return
    async with refused("CONFLICT", "started_on"):
        await acting_designations.designate(change, by=hr)


async def test_an_open_cover_leaves_no_room_after_it(hr: Actor) -> None:
    first = await factories.make_acting_designation(started_on=date(2024, 1, 1))
    change = await a_cover(post_id=first.post_id, started_on=date(2025, 1, 1))
    async with refused("CONFLICT", "started_on"):
        await acting_designations.designate(change, by=hr)


async def test_of_two_covers_at_once_one_is_recorded(hr: Actor) -> None:
    post = await factories.make_post()
    changes = [await a_cover(post_id=post.id) for _ in range(4)]
    answers = await asyncio.gather(
        *(acting_designations.designate(change, by=hr) for change in changes),
        return_exceptions=True,
    )
    kinds = sorted(type(answer).__name__ for answer in answers)
    assert kinds == ["ActingDesignation", "Conflict", "Conflict", "Conflict"]
    assert await models.ActingDesignation.all().count() == 1


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"ended_on": date(2024, 2, 29)}, "ended_on"),
        ({"started_on": date(2009, 12, 31), "ended_on": date(2010, 2, 1)}, "started_on"),
    ],
)
async def test_a_cover_has_its_days_in_order_and_after_the_post_s_beginning(
    hr: Actor, changes: dict[str, Any], path: str
) -> None:
    change = await a_cover(**changes)
    async with refused("INVALID", path):
        await acting_designations.designate(change, by=hr)


async def test_an_abolished_post_is_covered_by_nobody(hr: Actor) -> None:
    post = await factories.make_post(abolished_on=date(2024, 2, 1))
    change = await a_cover(post_id=post.id)
    async with refused("INVALID", "post_id"):
        await acting_designations.designate(change, by=hr)


@pytest.mark.parametrize("name", ["person_id", "post_id"])
async def test_what_is_not_there_is_neither_covered_nor_covering(hr: Actor, name: str) -> None:
    change = await a_cover(**{name: uuid4()})
    async with refused("NOT_FOUND", name):
        await acting_designations.designate(change, by=hr)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("anonymous", "NOT_SIGNED_IN"),
        ("stranger", "NOT_ALLOWED"),
        ("owner", "NOT_ALLOWED"),
        ("hr", None),
        ("hr_elsewhere", "NOT_ALLOWED"),
        ("hr_here", None),
        ("manager", "NOT_ALLOWED"),
        ("auditor", "NOT_ALLOWED"),
        ("administrator", "NOT_ALLOWED"),
    ],
)
async def test_only_hr_of_the_mission_designates(kind: str, code: str | None) -> None:
    person, post = await factories.make_person(), await factories.make_post()
    await factories.make_experience(person=person, mission_id=post.mission_id)
    by = factories.callers(person, post.mission)[kind]
    change = await a_cover(person_id=person.id, post_id=post.id)
    if code is None:
        assert (await acting_designations.designate(change, by=by)).post_id == post.id
        return
    async with refused(code):
        await acting_designations.designate(change, by=by)
