"""Courses: announced once, by those who may, and never ending before they start."""

from datetime import date

import pytest

from service import courses, models
from service.access.actors import ANONYMOUS, Actor
from service.access.roles import Role
from tests.factories import an_actor
from tests.refusals import refused

COURSE = courses.NewCourse(
    title="Senior mission leaders' course",
    organiser="Invented Peace Academy",
    language="fr",
    starts_on=date(2027, 3, 1),
    ends_on=date(2027, 3, 12),
    places=26,
)


async def test_an_announced_course_is_kept_with_its_history(database: None) -> None:
    course = await courses.create(COURSE, by=an_actor(Role.HR_OFFICER))

    kept = await models.Course.get(id=course.id)
    assert (kept.title, kept.language, kept.places) == (COURSE.title, "fr", 26)
    event = await models.AuditEvent.get(aggregate="Course", aggregate_id=course.id)
    assert (event.verb, sorted(event.digests)) == ("create", sorted(COURSE.model_dump()))


async def test_a_course_is_announced_once(database: None) -> None:
    by = an_actor(Role.HR_OFFICER)
    await courses.create(COURSE, by=by)

    async with refused("CONFLICT", "title"):
        await courses.create(COURSE, by=by)


async def test_a_course_does_not_end_before_it_starts(database: None) -> None:
    by = an_actor(Role.HR_OFFICER)

    async with refused("INVALID", "ends_on"):
        await courses.create(COURSE.model_copy(update={"ends_on": date(2027, 2, 1)}), by=by)


@pytest.mark.parametrize("role", [None, *(r for r in Role if r is not Role.HR_OFFICER)])
async def test_only_hr_announces_courses(database: None, role: Role | None) -> None:
    by: Actor = an_actor(role) if role else ANONYMOUS

    async with refused("NOT_ALLOWED" if role else "NOT_SIGNED_IN"):
        await courses.create(COURSE, by=by)
