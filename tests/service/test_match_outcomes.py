"""Ratings after a cycle: who gives them, for which half, about which days, and how they change."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from service import clock, match_outcomes, models
from service.access.actors import Actor
from service.access.roles import Role
from service.match_outcomes import MatchOutcomeCorrection, NewMatchOutcome
from service.models.vocabulary import MeetingRhythm, PairSide
from tests import factories
from tests.factories import history_of
from tests.refusals import refused

pytestmark = pytest.mark.usefixtures("database")

ANSWERS: dict[str, Any] = {
    "rating": 4,
    "goals_met": 3,
    "working_relationship": 5,
    "shared_values": 2,
    "meetings_held": 7,
    "meeting_rhythm": MeetingRhythm.TOO_RARELY,
    "would_continue": True,
    "would_recommend": False,
    "remark": "We needed time.",
}


def a_rating(pair: models.Mentorship, **changes: Any) -> NewMatchOutcome:
    values: dict[str, Any] = {
        "mentorship_id": pair.id,
        "side": PairSide.MENTEE,
        "cycle": 1,
        "cycle_ended_on": date(2024, 10, 31),
        "rating": 4,
    }
    return NewMatchOutcome(**values | changes)


async def halves(pair: models.Mentorship) -> dict[PairSide, Actor]:
    """The two of a pair, signed in."""
    await pair.fetch_related("mentor__person", "request__person")
    return {
        PairSide.MENTEE: factories.an_actor(Role.MENTEE, person=pair.request.person),
        PairSide.MENTOR: factories.an_actor(Role.MENTOR, person=pair.mentor.person),
    }


@pytest.mark.parametrize("side", PairSide)
async def test_each_half_rates_its_own_side_and_the_history_keeps_it(side: PairSide) -> None:
    pair = await factories.make_mentorship()
    by = (await halves(pair))[side]
    row = await match_outcomes.record(a_rating(pair, side=side, **ANSWERS), by=by)
    stored = await models.MatchOutcome.get(id=row.id)
    assert {name: getattr(stored, name) for name in ANSWERS} == ANSWERS
    today = await clock.today()
    assert (stored.side, stored.cycle, stored.given_on) == (side, 1, today)
    assert (stored.given_by_id, stored.is_on_behalf, stored.version) == (by.account_id, False, 1)
    ((verb, changes),) = await history_of(row.id)
    assert verb == "record"
    assert changes["rating"] == [None, 4]
    assert changes["is_on_behalf"] == [None, False]


async def test_what_is_not_answered_stays_open() -> None:
    pair = await factories.make_mentorship()
    by = (await halves(pair))[PairSide.MENTEE]
    row = await match_outcomes.record(a_rating(pair), by=by)
    stored = await models.MatchOutcome.get(id=row.id)
    assert {getattr(stored, name) for name in ANSWERS if name != "rating"} == {None}


@pytest.mark.parametrize("side", PairSide)
@pytest.mark.parametrize("role", [Role.HR_OFFICER, Role.MENTORING_MANAGER])
async def test_staff_write_a_rating_down_for_either_half_and_it_says_so(
    side: PairSide, role: Role
) -> None:
    pair = await factories.make_mentorship()
    row = await match_outcomes.record(
        a_rating(pair, side=side, given_on=date(2024, 11, 3)), by=factories.an_actor(role)
    )
    stored = await models.MatchOutcome.get(id=row.id)
    assert (stored.is_on_behalf, stored.given_on) == (True, date(2024, 11, 3))


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("anonymous", "NOT_SIGNED_IN"),
        ("stranger", "NOT_FOUND"),
        ("owner", None),
        ("hr", None),
        ("hr_elsewhere", "NOT_FOUND"),
        ("hr_here", "NOT_FOUND"),
        ("manager", None),
        ("auditor", "NOT_ALLOWED"),
        ("administrator", "NOT_FOUND"),
    ],
)
async def test_only_the_half_itself_and_the_programme_record_and_correct(
    kind: str, code: str | None
) -> None:
    pair = await factories.make_mentorship()
    await pair.fetch_related("request__person", "request__appointment__post__mission")
    by = factories.callers(pair.request.person, pair.request.appointment.post.mission)[kind]
    path = {"NOT_FOUND": ["mentorship_id"]}.get(code or "", [])
    if code is None:
        await match_outcomes.record(a_rating(pair), by=by)
    else:
        async with refused(code, *path):
            await match_outcomes.record(a_rating(pair), by=by)
    row = await factories.make_outcome(
        mentorship=pair, cycle=2, cycle_ended_on=date(2024, 11, 30), given_on=date(2024, 12, 1)
    )
    change = MatchOutcomeCorrection(id=row.id, version=1, reason="A slip.", rating=2)
    if code is None:
        assert (await match_outcomes.correct(change, by=by)).rating == 2
        return
    async with refused(code, *(["id"] if path else [])):
        await match_outcomes.correct(change, by=by)


@pytest.mark.parametrize(
    "roles", [(Role.MENTOR, Role.MENTEE), (Role.HR_OFFICER,), (Role.MENTORING_MANAGER,)]
)
@pytest.mark.parametrize("side", PairSide)
async def test_nobody_speaks_for_the_other_half_of_their_own_pair(
    side: PairSide, roles: tuple[Role, ...]
) -> None:
    pair = await factories.make_mentorship()
    await pair.fetch_related("mentor__person", "request__person")
    person = pair.mentor.person if side is PairSide.MENTEE else pair.request.person
    by = factories.an_actor(*roles, person=person)
    async with refused("NOT_ALLOWED", "side", saying="of this pair"):
        await match_outcomes.record(a_rating(pair, side=side), by=by)
    row = await factories.make_outcome(mentorship=pair, side=side)
    change = MatchOutcomeCorrection(id=row.id, version=1, reason="A slip.", rating=2)
    async with refused("NOT_FOUND", "id"):
        await match_outcomes.correct(change, by=by)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"cycle_ended_on": date(2024, 4, 30)}, "cycle_ended_on"),
        ({"given_on": date(2024, 10, 30)}, "cycle_ended_on"),
        ({"cycle": 2, "cycle_ended_on": date(2024, 8, 31)}, "cycle_ended_on"),
    ],
    ids=["before the pair began", "before it ended", "not after the cycle before"],
)
async def test_a_cycle_on_days_that_cannot_be_is_refused(change: dict[str, Any], path: str) -> None:
    by = factories.an_actor(Role.HR_OFFICER)
    pair = await factories.make_mentorship(started_on=date(2024, 5, 1))
    if "cycle" in change:
        await factories.make_outcome(mentorship=pair, cycle_ended_on=date(2024, 8, 31))
    async with refused("INVALID", path):
        await match_outcomes.record(a_rating(pair, **change), by=by)


async def test_a_cycle_after_the_pair_was_closed_is_refused(hr: Actor) -> None:
    pair = await factories.make_mentorship(
        state="CLOSED", closed_on=date(2024, 10, 30), closing_reason="COMPLETED"
    )
    async with refused("INVALID", "cycle_ended_on", saying="was closed before"):
        await match_outcomes.record(a_rating(pair), by=hr)
    await match_outcomes.record(a_rating(pair, cycle_ended_on=date(2024, 10, 30)), by=hr)


async def test_a_rating_from_the_future_is_refused(hr: Actor) -> None:
    pair = await factories.make_mentorship()
    today = await clock.today()
    async with refused("INVALID", "given_on"):
        change = a_rating(pair, given_on=today + timedelta(days=1))
        await match_outcomes.record(change, by=hr)
    async with refused("INVALID", "cycle_ended_on"):
        change = a_rating(pair, cycle_ended_on=today + timedelta(days=1))
        await match_outcomes.record(change, by=hr)
    await match_outcomes.record(a_rating(pair, cycle_ended_on=today), by=hr)


async def test_a_cycle_is_rated_once_by_each_half(hr: Actor) -> None:
    pair = await factories.make_mentorship()
    answers = await asyncio.gather(
        *(match_outcomes.record(a_rating(pair), by=hr) for _ in range(3)), return_exceptions=True
    )
    assert sorted(type(answer).__name__ for answer in answers) == [
        "Conflict",
        "Conflict",
        "MatchOutcome",
    ]
    async with refused("CONFLICT", "cycle", saying="already"):
        await match_outcomes.record(a_rating(pair, rating=1), by=hr)
    await match_outcomes.record(a_rating(pair, side=PairSide.MENTOR), by=hr)


async def test_a_correction_changes_what_it_names_and_says_why(hr: Actor) -> None:
    row = await factories.make_outcome(**ANSWERS)
    change = MatchOutcomeCorrection(
        id=row.id, version=1, reason="Two answers were swapped.", rating=5, remark=None
    )
    await match_outcomes.correct(change, by=hr)
    stored = await models.MatchOutcome.get(id=row.id)
    wanted = ANSWERS | {"rating": 5, "remark": None}
    assert {name: getattr(stored, name) for name in ANSWERS} == wanted
    assert (stored.version, stored.given_on, stored.is_on_behalf) == (2, row.given_on, False)
    (entry,) = await history_of(row.id)
    assert entry == ("correct", {"rating": [4, 5], "remark": ["We needed time.", None]})
    event = await models.AuditEvent.get(aggregate="MatchOutcome", aggregate_id=row.id)
    assert event.reason == "Two answers were swapped."


async def test_a_correction_keeps_the_rules_of_days(hr: Actor) -> None:
    row = await factories.make_outcome()
    for day, saying in ((date(2024, 4, 30), "not begun"), (date(2024, 11, 6), "has ended")):
        async with refused("INVALID", "cycle_ended_on", saying=saying):
            change = MatchOutcomeCorrection(
                id=row.id, version=1, reason="Another day.", cycle_ended_on=day
            )
            await match_outcomes.correct(change, by=hr)


async def test_an_older_version_is_not_corrected(hr: Actor) -> None:
    row = await factories.make_outcome(version=2)
    async with refused("VERSION_CONFLICT", "version"):
        change = MatchOutcomeCorrection(id=row.id, version=1, reason="A slip.", rating=2)
        await match_outcomes.correct(change, by=hr)
