"""Appointments: what each step writes, what it refuses, and who may take it."""

import asyncio
import re
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from tortoise import connections

from service import appointments, models
from service.access.actors import Actor
from service.access.roles import Role
from service.appointments import AppointmentStep, Extension
from service.errors import Conflict, Refusal
from service.models.vocabulary import (
    AppointmentState,
    CauseOfEnd,
    Precision,
)
from tests import factories
from tests.appointing import START, a_change, an_end, columns
from tests.factories import history_of
from tests.refusals import refused

pytestmark = pytest.mark.usefixtures("database")


def a_step(row: models.Appointment, to: AppointmentState, **changes: Any) -> AppointmentStep:
    return AppointmentStep(**{"id": row.id, "version": row.version, "to": to} | changes)


async def test_a_recorded_holder_stands_in_the_post_and_in_their_own_file(hr: Actor) -> None:
    change = await a_change(term_ends_on=date(2025, 1, 14), announced_on=date(2023, 1, 2))
    row = await appointments.record(change, by=hr)

    stored = await models.Appointment.get(id=row.id)
    assert (stored.person_id, stored.post_id, stored.version) == (
        change.person_id,
        change.post_id,
        1,
    )
    assert columns(stored, "state", "offered_on", "started_on", "term_ends_on", "announced_on") == [
        AppointmentState.IN_POST,
        None,
        START,
        date(2025, 1, 14),
        date(2023, 1, 2),
    ]
    service = await models.Experience.get(person_id=change.person_id)
    post = await models.Post.get(id=change.post_id)
    assert (service.post_id, service.mission_id) == (post.id, post.mission_id)
    assert (service.function, service.level, service.stream, service.title) == (
        post.function,
        post.level,
        post.stream,
        post.title,
    )
    assert (service.started_on, service.started_precision, service.ended_on) == (
        START,
        Precision.DAY,
        None,
    )


async def test_recording_is_written_into_both_histories(hr: Actor) -> None:
    row = await appointments.record(await a_change(), by=hr)
    assert await history_of(row.id) == [
        (
            "record",
            {
                "person_id": [None, str(row.person_id)],
                "post_id": [None, str(row.post_id)],
                "state": [None, "IN_POST"],
                "offered_on": [None, None],
                "started_on": [None, "2023-01-15"],
                "term_ends_on": [None, None],
                "announced_on": [None, None],
            },
        )
    ]
    ((verb, changes),) = await history_of(row.person_id)
    assert verb == "record_experience"
    assert changes["experience.started_on"] == [None, "2023-01-15"]


async def test_an_offer_opens_no_service(hr: Actor) -> None:
    change = await a_change(state=AppointmentState.OFFERED, started_on=None)
    await appointments.record(change, by=hr)
    assert await models.Experience.all().count() == 0


async def test_a_person_who_takes_up_a_post_gains_its_seniority(hr: Actor) -> None:
    row = await appointments.record(await a_change(), by=hr)
    person = await models.Person.get(id=row.person_id)
    assert (person.seniority, person.highest_level) == (5, "USG")


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"state": AppointmentState.ENDED}, "state"),
        ({"state": AppointmentState.EXTENDED}, "state"),
        ({"state": AppointmentState.DECLINED}, "state"),
        ({"started_on": None}, "started_on"),
        ({"state": AppointmentState.OFFERED}, "started_on"),
        ({"started_on": date(2200, 1, 1)}, "started_on"),
        ({"offered_on": date(2023, 1, 16)}, "started_on"),
        ({"term_ends_on": date(2023, 1, 14)}, "term_ends_on"),
        ({"started_on": date(2009, 12, 31)}, "post_id"),
    ],
)
async def test_facts_that_cannot_be_are_not_recorded(
    hr: Actor, changes: dict[str, Any], path: str
) -> None:
    change = await a_change(**changes)
    async with refused("INVALID", path):
        await appointments.record(change, by=hr)


async def test_nobody_starts_in_a_post_after_its_last_day(hr: Actor) -> None:
    post = await factories.make_post(abolished_on=date(2023, 1, 14))
    change = await a_change(post_id=post.id)
    async with refused("INVALID", "post_id", saying="2023-01-14"):
        await appointments.record(change, by=hr)
    last = change.model_copy(update={"started_on": date(2023, 1, 14)})
    assert (await appointments.record(last, by=hr)).state == AppointmentState.IN_POST


async def test_a_post_abolished_by_now_is_offered_to_nobody(hr: Actor) -> None:
    post = await factories.make_post(abolished_on=date(2020, 1, 1))
    change = await a_change(post_id=post.id, state=AppointmentState.OFFERED, started_on=None)
    async with refused("INVALID", "post_id"):
        await appointments.record(change, by=hr)


async def test_a_second_holder_is_refused_without_a_word_about_the_first(hr: Actor) -> None:
    first = await factories.make_appointment()
    holder = await models.Person.get(id=first.person_id)
    change = await a_change(post_id=first.post_id, started_on=date(2024, 1, 1))
    with pytest.raises(Conflict) as caught:
        await appointments.record(change, by=hr)
    assert caught.value.path == ("started_on",)
    assert "has a holder" in caught.value.message
    assert holder.family_name not in caught.value.message
    assert caught.value.details == {}


async def test_a_successor_may_start_on_the_day_the_predecessor_ends(hr: Actor) -> None:
    first = await factories.make_appointment(
        state=AppointmentState.ENDED, ended_on=date(2024, 3, 1), cause_of_end=CauseOfEnd.TERM_END
    )
    change = await a_change(post_id=first.post_id, started_on=date(2024, 2, 29))
    async with refused("CONFLICT", "started_on"):
        await appointments.record(change, by=hr)
    later = change.model_copy(update={"started_on": date(2024, 3, 1)})
    assert (await appointments.record(later, by=hr)).started_on == date(2024, 3, 1)


@pytest.mark.parametrize("name", ["person_id", "post_id"])
async def test_what_is_not_there_cannot_be_appointed(hr: Actor, name: str) -> None:
    change = await a_change(**{name: uuid4()})
    async with refused("NOT_FOUND", name):
        await appointments.record(change, by=hr)


async def test_of_two_holders_at_once_exactly_one_wins(hr: Actor) -> None:
    post = await factories.make_post()
    changes = [await a_change(post_id=post.id) for _ in range(4)]
    answers = await asyncio.gather(
        *(appointments.record(change, by=hr) for change in changes), return_exceptions=True
    )
    assert sorted(type(answer).__name__ for answer in answers) == [
        "Appointment",
        "Conflict",
        "Conflict",
        "Conflict",
    ]
    assert await models.Appointment.filter(post=post).count() == 1
    assert await models.Experience.all().count() == 1
    assert await models.AuditEvent.filter(aggregate="Appointment").count() == 1


OUTCOMES = {
    "anonymous": "NOT_SIGNED_IN",
    "stranger": "NOT_FOUND",
    "owner": "NOT_ALLOWED",
    "hr": None,
    "hr_elsewhere": "NOT_FOUND",
    "hr_here": None,
    "manager": "NOT_FOUND",
    "auditor": "NOT_ALLOWED",
    "administrator": "NOT_FOUND",
}


@pytest.mark.parametrize(("kind", "code"), OUTCOMES.items())
@pytest.mark.parametrize("verb", ["advance", "extend", "end"])
async def test_only_hr_of_the_mission_moves_an_appointment(
    verb: str, kind: str, code: str | None
) -> None:
    state = AppointmentState.ENDED if verb == "advance" else AppointmentState.IN_POST
    ended = {"ended_on": date(2024, 1, 1), "cause_of_end": CauseOfEnd.TERM_END}
    row = await factories.make_appointment(state=state, **ended if verb == "advance" else {})
    doing, change = {
        "advance": (appointments.advance, a_step(row, AppointmentState.DEBRIEFED)),
        "extend": (
            appointments.extend,
            Extension(id=row.id, version=1, term_ends_on=date(2031, 1, 1)),
        ),
        "end": (appointments.end, an_end(row)),
    }[verb]
    await row.fetch_related("person", "post__mission")
    by = factories.callers(row.person, row.post.mission)[kind]
    if code is None:
        moved = await doing(change, by=by)
        assert (moved.id, moved.version) == (row.id, 2)
        return
    async with refused(code, *(["id"] if code == "NOT_FOUND" else [])):
        await doing(change, by=by)


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
async def test_only_hr_of_the_mission_records_an_appointment(kind: str, code: str | None) -> None:
    person, post = await factories.make_person(), await factories.make_post()
    await factories.make_experience(person=person, mission_id=post.mission_id)
    change = await a_change(person_id=person.id, post_id=post.id)
    by = factories.callers(person, post.mission)[kind]
    if code is None:
        assert (await appointments.record(change, by=by)).post_id == post.id
        return
    async with refused(code):
        await appointments.record(change, by=by)


async def test_hr_of_a_mission_appoints_nobody_they_cannot_see(hr: Actor) -> None:
    post = await factories.make_post()
    scoped = factories.an_actor(Role.HR_OFFICER, mission=post.mission)
    change = await a_change(post_id=post.id)
    async with refused("NOT_FOUND", "person_id"):
        await appointments.record(change, by=scoped)


async def test_an_offer_goes_all_the_way_to_a_former_leader(hr: Actor) -> None:
    change = await a_change(state=AppointmentState.OFFERED, started_on=None)
    row = await appointments.record(change, by=hr)
    row = await appointments.advance(a_step(row, AppointmentState.ACCEPTED), by=hr)
    row = await appointments.advance(a_step(row, AppointmentState.CLEARED_TO_TRAVEL), by=hr)
    step = a_step(row, AppointmentState.IN_POST, started_on=START, term_ends_on=date(2024, 1, 14))
    row = await appointments.advance(step, by=hr)
    service = await models.Experience.get(person_id=row.person_id)
    assert (service.started_on, service.ended_on) == (START, None)
    for until in (date(2025, 1, 14), date(2026, 1, 14)):
        extension = Extension(id=row.id, version=row.version, term_ends_on=until)
        row = await appointments.extend(extension, by=hr)
    row = await appointments.end(an_end(row), by=hr)
    row = await appointments.advance(a_step(row, AppointmentState.DEBRIEFED), by=hr)
    row = await appointments.advance(a_step(row, AppointmentState.FORMER_LEADER), by=hr)

    stored = await models.Appointment.get(id=row.id)
    assert columns(stored, "state", "version", "started_on", "term_ends_on", "ended_on") == [
        AppointmentState.FORMER_LEADER,
        9,
        START,
        date(2026, 1, 14),
        date(2024, 3, 31),
    ]
    service = await models.Experience.get(person_id=row.person_id)
    assert (service.ended_on, service.ended_precision) == (date(2024, 3, 31), Precision.DAY)
    recorded = await history_of(row.id)
    assert [verb for verb, _ in recorded] == [
        "record",
        *["transition"] * 3,
        *["extend"] * 2,
        "end",
        *["transition"] * 2,
    ]
    assert recorded[3][1] == {
        "state": ["CLEARED_TO_TRAVEL", "IN_POST"],
        "started_on": [None, "2023-01-15"],
        "term_ends_on": [None, "2024-01-14"],
    }
    assert recorded[5][1] == {"term_ends_on": ["2025-01-14", "2026-01-14"]}


async def test_the_table_of_transitions_is_the_database_s_own() -> None:
    _, rows = await connections.get("default").execute_query(
        "SELECT prosrc FROM pg_proc WHERE proname = 'appointment_transition'"
    )
    held = set(re.findall(r"\('(\w+)', '(\w+)'\)", rows[0]["prosrc"]))
    table = {(old, step.to) for old, steps in appointments.TRANSITIONS.items() for step in steps}
    assert table == held
    assert set(appointments.TRANSITIONS) == set(AppointmentState)


@pytest.mark.parametrize("old", AppointmentState)
async def test_advancing_takes_exactly_the_steps_of_the_table(
    hr: Actor, old: AppointmentState
) -> None:
    steps = {step.to: step for step in appointments.TRANSITIONS[old]}
    for new in AppointmentState:
        row = await an_appointment_in(old)
        facts = {"started_on": START} if new == AppointmentState.IN_POST else {}
        change = a_step(row, new, **facts)
        if new in steps and steps[new].verb == "transition":
            assert (await appointments.advance(change, by=hr)).state == new
            continue
        code = "INVALID" if new in steps else "CONFLICT"
        with pytest.raises(Refusal) as caught:
            await appointments.advance(change, by=hr)
        assert (caught.value.code, caught.value.path) == (code, ("to",))
        assert (await models.Appointment.get(id=row.id)).version == 1


async def an_appointment_in(state: AppointmentState) -> models.Appointment:
    waiting = state in {"OFFERED", "ACCEPTED", "CLEARED_TO_TRAVEL", "DECLINED", "WITHDRAWN"}
    over = state in {"ENDED", "DEBRIEFED", "FORMER_LEADER"}
    return await factories.make_appointment(
        state=state,
        started_on=None if waiting else START,
        ended_on=date(2024, 1, 1) if over else None,
        cause_of_end=CauseOfEnd.TERM_END if over else None,
    )


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({}, "started_on"),
        ({"started_on": None}, "started_on"),
        ({"started_on": date(2200, 1, 1)}, "started_on"),
        ({"started_on": date(2009, 12, 31)}, "started_on"),
        ({"started_on": START, "term_ends_on": date(2023, 1, 1)}, "term_ends_on"),
    ],
)
async def test_nobody_takes_up_a_post_without_a_sound_first_day(
    hr: Actor, changes: dict[str, Any], path: str
) -> None:
    row = await an_appointment_in(AppointmentState.CLEARED_TO_TRAVEL)
    await models.Appointment.filter(id=row.id).update(term_ends_on=None)
    async with refused("INVALID", path):
        await appointments.advance(a_step(row, AppointmentState.IN_POST, **changes), by=hr)


async def test_a_first_day_goes_with_no_other_step(hr: Actor) -> None:
    row = await an_appointment_in(AppointmentState.OFFERED)
    async with refused("INVALID", "started_on"):
        await appointments.advance(a_step(row, AppointmentState.ACCEPTED, started_on=START), by=hr)


async def test_taking_up_a_held_post_is_refused(hr: Actor) -> None:
    row = await an_appointment_in(AppointmentState.CLEARED_TO_TRAVEL)
    await factories.make_appointment(post_id=row.post_id)
    async with refused("CONFLICT", "started_on"):
        await appointments.advance(a_step(row, AppointmentState.IN_POST, started_on=START), by=hr)


async def test_an_explicit_null_takes_an_announcement_back_and_omission_keeps_it(
    hr: Actor,
) -> None:
    row = await an_appointment_in(AppointmentState.OFFERED)
    await models.Appointment.filter(id=row.id).update(announced_on=START)
    row = await appointments.advance(a_step(row, AppointmentState.ACCEPTED), by=hr)
    assert row.announced_on == START
    step = a_step(row, AppointmentState.CLEARED_TO_TRAVEL, announced_on=None)
    row = await appointments.advance(step, by=hr)
    assert (await models.Appointment.get(id=row.id)).announced_on is None


async def test_nothing_follows_a_death_in_post(hr: Actor) -> None:
    row = await an_appointment_in(AppointmentState.ENDED)
    await models.Appointment.filter(id=row.id).update(cause_of_end=CauseOfEnd.DEATH)
    async with refused("CONFLICT", "to", saying="died"):
        await appointments.advance(a_step(row, AppointmentState.DEBRIEFED), by=hr)


@pytest.mark.parametrize("verb", ["advance", "extend", "end"])
async def test_a_change_of_an_older_version_is_refused_and_names_today_s(
    hr: Actor, verb: str
) -> None:
    row = await factories.make_appointment(version=3)
    row.version = 2
    doing, change = {
        "advance": (appointments.advance, a_step(row, AppointmentState.DEBRIEFED)),
        "extend": (
            appointments.extend,
            Extension(id=row.id, version=2, term_ends_on=date(2031, 1, 1)),
        ),
        "end": (appointments.end, an_end(row)),
    }[verb]
    with pytest.raises(Refusal) as caught:
        await doing(change, by=hr)
    assert (caught.value.code, caught.value.details) == ("VERSION_CONFLICT", {"currentVersion": 3})


@pytest.mark.parametrize("days", [0, -1])
async def test_an_extension_ends_later_than_the_term_before(hr: Actor, days: int) -> None:
    row = await factories.make_appointment(term_ends_on=date(2025, 1, 14))
    until = date(2025, 1, 14) + timedelta(days=days)
    async with refused("INVALID", "term_ends_on", saying="2025-01-14"):
        await appointments.extend(Extension(id=row.id, version=1, term_ends_on=until), by=hr)


@pytest.mark.parametrize(
    "state", sorted(set(AppointmentState) - {AppointmentState.IN_POST, AppointmentState.EXTENDED})
)
@pytest.mark.parametrize("verb", ["extend", "end"])
async def test_only_a_holder_s_term_is_extended_or_ended(
    hr: Actor, verb: str, state: AppointmentState
) -> None:
    row = await an_appointment_in(state)
    async with refused("CONFLICT", "id"):
        if verb == "end":
            await appointments.end(an_end(row), by=hr)
        else:
            later = date(2040, 1, 1)
            await appointments.extend(Extension(id=row.id, version=1, term_ends_on=later), by=hr)
