"""Mentorships: how a pair ends, for whom, and what the mentor's capacity holds."""

import asyncio

import pytest
from tortoise import connections
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from service import clock, mentorships, models
from service.access.actors import Actor
from service.access.roles import Role
from service.mentorships import MentorshipClosing
from service.models.vocabulary import ClosingReason, MentorshipState, RequestState
from tests import factories
from tests.factories import history_of
from tests.refusals import refused

pytestmark = pytest.mark.usefixtures("database")


def a_closing(
    row: models.Mentorship, reason: ClosingReason = ClosingReason.COMPLETED, version: int = 1
) -> MentorshipClosing:
    return MentorshipClosing(id=row.id, version=version, reason=reason)


@pytest.mark.parametrize("reason", ClosingReason)
async def test_a_closed_pair_keeps_its_reason_and_closes_the_request(reason: ClosingReason) -> None:
    hr = factories.an_actor(Role.HR_OFFICER)
    row = await factories.make_mentorship()
    await mentorships.close(a_closing(row, reason), by=hr)
    stored = await models.Mentorship.get(id=row.id)
    today = await clock.today()
    assert (stored.state, stored.closing_reason, stored.closed_on, stored.version) == (
        MentorshipState.CLOSED,
        reason,
        today,
        2,
    )
    request = await models.MentorshipRequest.get(id=row.request_id)
    assert (request.state, request.version) == (RequestState.CLOSED, 2)
    assert await history_of(row.id) == [
        (
            "close",
            {
                "state": ["ACTIVE", "CLOSED"],
                "closed_on": [None, str(today)],
                "closing_reason": [None, reason.value],
            },
        )
    ]
    assert await history_of(request.id) == [("close", {"state": ["MATCHED", "CLOSED"]})]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("anonymous", "NOT_SIGNED_IN"),
        ("stranger", "NOT_FOUND"),
        ("mentor", None),
        ("mentee", None),
        ("hr", None),
        ("hr_elsewhere", "NOT_FOUND"),
        ("hr_here", "NOT_FOUND"),
        ("manager", None),
        ("auditor", "NOT_ALLOWED"),
        ("administrator", "NOT_FOUND"),
    ],
)
async def test_a_pair_is_ended_by_its_halves_hr_and_the_programme(
    kind: str, code: str | None
) -> None:
    row = await factories.make_mentorship()
    await row.fetch_related(
        "mentor__person", "request__person", "request__appointment__post__mission"
    )
    callers = factories.callers(row.request.person, row.request.appointment.post.mission) | {
        "mentor": factories.an_actor(Role.MENTOR, person=row.mentor.person),
        "mentee": factories.an_actor(Role.MENTEE, person=row.request.person),
    }
    if code is None:
        closed = await mentorships.close(a_closing(row), by=callers[kind])
        assert closed.state == MentorshipState.CLOSED
        return
    async with refused(code, *(["id"] if code == "NOT_FOUND" else [])):
        await mentorships.close(a_closing(row), by=callers[kind])


async def test_a_pair_ends_once(hr: Actor) -> None:
    row = await factories.make_mentorship()
    await mentorships.close(a_closing(row), by=hr)
    async with refused("CONFLICT", "id", saying="already"):
        await mentorships.close(a_closing(row, version=2), by=hr)


async def test_of_two_ends_at_once_one_counts(hr: Actor) -> None:
    row = await factories.make_mentorship()
    answers = await asyncio.gather(
        *(mentorships.close(a_closing(row), by=hr) for _ in range(3)), return_exceptions=True
    )
    kinds = sorted(type(answer).__name__ for answer in answers)
    assert kinds == ["Conflict", "Conflict", "Mentorship"]
    assert len(await history_of(row.id)) == 1


async def test_an_older_version_is_not_closed(hr: Actor) -> None:
    row = await factories.make_mentorship(version=2)
    async with refused("VERSION_CONFLICT", "version"):
        await mentorships.close(a_closing(row), by=hr)


@pytest.mark.parametrize(("capacity", "pairs"), [(1, 1), (2, 2)])
async def test_who_waits_for_a_mentor_s_last_place_is_counted_again(
    capacity: int, pairs: int
) -> None:
    mentor = await factories.make_mentor(capacity=capacity)
    first, second = [await factories.make_request(state="MATCHED") for _ in range(2)]
    is_first_made = asyncio.Event()

    async def follow() -> models.Mentorship:
        await is_first_made.wait()
        return await factories.make_mentorship(mentor=mentor, request=second)

    # Made before the transaction begins, so that it stays outside of it.
    later = asyncio.create_task(follow())
    async with in_transaction():
        await factories.make_mentorship(mentor=mentor, request=first)
        is_first_made.set()
        await somebody_waits()
    (answer,) = await asyncio.gather(later, return_exceptions=True)
    assert isinstance(answer, IntegrityError if pairs == 1 else models.Mentorship)
    assert await models.Mentorship.filter(mentor=mentor).count() == pairs


async def somebody_waits() -> None:
    for _ in range(500):
        _, rows = await connections.get("default").execute_query(
            "SELECT count(*) AS waiting FROM pg_locks WHERE NOT granted"
        )
        if rows[0]["waiting"]:
            return
        await asyncio.sleep(0.01)
    pytest.fail("nobody waits for a lock")
