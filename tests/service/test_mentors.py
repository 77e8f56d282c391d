"""Mentors: who becomes one, what they may change, and what their pairs hold fast."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from service import clock, mentors, models
from service.access.actors import Actor
from service.mentors import MentorUpdate, NewMentor
from service.models.vocabulary import AppointmentState, CauseOfEnd, ProposalState, TermKind
from tests import factories
from tests.factories import NOON, history_of
from tests.refusals import refused

pytestmark = pytest.mark.usefixtures("database")


async def an_offer(**changes: Any) -> NewMentor:
    values: dict[str, Any] = {"consents": True} | changes
    if "person_id" not in values:
        values["person_id"] = (await factories.make_former_leader()).id
    return NewMentor(**values)


def an_update(row: models.Mentor, **changes: Any) -> MentorUpdate:
    return MentorUpdate(**{"id": row.id, "version": row.version} | changes)


async def test_a_former_leader_who_consents_is_registered_as_offered(hr: Actor) -> None:
    other = await factories.make_person()
    change = await an_offer(
        capacity=3,
        themes=["MEDIATION"],
        statement="I listen.",
        time_zone="Africa/Dakar",
        available_from=date(2025, 1, 1),
        available_until=date(2027, 1, 1),
        refused_nationalities=["FRA"],
        conflicts_declared=True,
        conflicts=[other.id, other.id],
    )
    row = await mentors.register(change, by=hr)
    stored = await models.Mentor.get(id=row.id).values()
    assert {name: stored[name] for name in mentors._COLUMNS} == {
        "capacity": 3,
        "themes": ["MEDIATION"],
        "statement": "I listen.",
        "time_zone": "Africa/Dakar",
        "available_from": date(2025, 1, 1),
        "available_until": date(2027, 1, 1),
        "refused_nationalities": ["FRA"],
    }
    assert stored["conflicts_declared_at"] == stored["consented_at"]
    assert (stored["withdrawn_at"], stored["version"]) == (None, 1)
    declared = await models.DeclaredConflict.all().values_list("declared_by_id", "other_id")
    assert declared == [(change.person_id, other.id)]
    ((verb, changes),) = await history_of(row.id)
    assert verb == "register"
    assert changes["capacity"] == [None, 3]
    assert changes["person_id"] == [None, str(change.person_id)]
    assert changes["conflicts"] == [None, [str(other.id)] * 2]


async def test_nobody_is_registered_without_consent(hr: Actor) -> None:
    change = await an_offer(consents=False)
    async with refused("INVALID", "consents"):
        await mentors.register(change, by=hr)


@pytest.mark.parametrize(
    "service",
    [
        {"function": "CHIEF_OF_STAFF"},
        {"ended_on": None, "ended_precision": None},
        {"ended_on": date(2200, 1, 1)},
    ],
)
async def test_who_never_led_a_mission_to_its_end_is_no_mentor(
    hr: Actor, service: dict[str, Any]
) -> None:
    person = await factories.make_person()
    await factories.make_experience(person=person, **service)
    change = await an_offer(person_id=person.id)
    async with refused("INVALID", "person_id", saying="former heads"):
        await mentors.register(change, by=hr)


@pytest.mark.parametrize(
    ("state", "cause", "is_leader"),
    [
        ("ENDED", "TERM_END", True),
        ("FORMER_LEADER", "RESIGNATION", True),
        ("ENDED", "DEATH", False),
        ("IN_POST", None, False),
    ],
)
async def test_an_appointment_that_ended_in_life_makes_a_former_leader(
    hr: Actor, *, state: AppointmentState, cause: CauseOfEnd | None, is_leader: bool
) -> None:
    ended_on = date(2024, 1, 1) if cause else None
    row = await factories.make_appointment(state=state, ended_on=ended_on, cause_of_end=cause)
    change = await an_offer(person_id=row.person_id)
    if is_leader:
        assert (await mentors.register(change, by=hr)).person_id == row.person_id
        return
    async with refused("INVALID", "person_id"):
        await mentors.register(change, by=hr)


async def test_nobody_is_registered_twice(hr: Actor) -> None:
    row = await factories.make_mentor()
    change = await an_offer(person_id=row.person_id)
    async with refused("CONFLICT", "person_id", saying="already"):
        await mentors.register(change, by=hr)


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"refused_nationalities": ["XXX"]}, "INVALID", "refused_nationalities"),
        ({"conflicts": [uuid4()]}, "INVALID", "conflicts"),
        (
            {"conflicts_declared": True, "conflicts": [uuid4()]},
            "NOT_FOUND",
            "conflicts",
        ),
        (
            {"available_from": date(2025, 1, 2), "available_until": date(2025, 1, 1)},
            "INVALID",
            "available_until",
        ),
        ({"themes": ["BAKING"]}, "INVALID", "themes"),
    ],
)
@pytest.mark.parametrize("verb", ["register", "update"])
async def test_terms_that_cannot_hold_are_refused_at_their_field(
    hr: Actor, verb: str, changes: dict[str, Any], code: str, path: str
) -> None:
    await models.Term.create(kind=TermKind.MANDATE_TASK, code="MEDIATION", label="Mediation")
    row = await factories.make_mentor()
    offer = await an_offer(**changes)
    async with refused(code, path):
        if verb == "register":
            await mentors.register(offer, by=hr)
        else:
            await mentors.update(an_update(row, **changes), by=hr)


async def test_nobody_declares_a_conflict_with_themselves(hr: Actor) -> None:
    person = await factories.make_former_leader()
    change = await an_offer(person_id=person.id, conflicts_declared=True, conflicts=[person.id])
    async with refused("INVALID", "conflicts"):
        await mentors.register(change, by=hr)


@pytest.mark.parametrize("capacity", [-1, 6])
async def test_a_capacity_lies_between_none_and_five(capacity: int) -> None:
    with pytest.raises(ValidationError, match="capacity"):
        NewMentor(person_id=uuid4(), consents=True, capacity=capacity)


OUTCOMES = [
    ("anonymous", "NOT_SIGNED_IN"),
    ("stranger", "NOT_FOUND"),
    ("owner", None),
    ("hr", None),
    ("hr_elsewhere", "NOT_FOUND"),
    ("hr_here", None),
    ("manager", None),
    ("auditor", "NOT_ALLOWED"),
    ("administrator", "NOT_FOUND"),
]


@pytest.mark.parametrize(("kind", "code"), OUTCOMES)
@pytest.mark.parametrize("verb", ["register", "update"])
async def test_mentors_are_kept_by_themselves_hr_and_the_programme(
    verb: str, kind: str, code: str | None
) -> None:
    if (verb, kind) == ("register", "manager"):
        # A file outside the programme is hidden from those who run it.
        code = "NOT_FOUND"
    mission = await factories.make_mission()
    person = await factories.make_person()
    await factories.make_experience(person=person, mission=mission)
    by = factories.callers(person, mission)[kind]
    if verb == "register":
        doing: Any = mentors.register
        change: Any = NewMentor(person_id=person.id, consents=True)
        path = "person_id"
    else:
        row = await factories.make_mentor(person=person)
        doing, change, path = mentors.update, an_update(row, statement="Again."), "id"
    if code is None:
        assert (await doing(change, by=by)).person_id == person.id
        return
    async with refused(code, *([path] if code == "NOT_FOUND" else [])):
        await doing(change, by=by)


async def test_an_update_writes_what_is_given_and_keeps_what_is_omitted(hr: Actor) -> None:
    row = await factories.make_mentor(
        statement="Before.", time_zone="Africa/Dakar", themes=["MEDIATION"]
    )
    updated = await mentors.update(an_update(row, statement="After.", time_zone=None), by=hr)
    stored = await models.Mentor.get(id=row.id)
    assert (stored.statement, stored.time_zone, stored.themes) == ("After.", None, ["MEDIATION"])
    assert stored.version == updated.version == 2
    assert await history_of(row.id) == [
        ("update", {"statement": ["Before.", "After."], "time_zone": ["Africa/Dakar", None]})
    ]


@pytest.mark.parametrize("name", ["capacity", "themes", "statement", "consents"])
async def test_what_must_have_a_value_refuses_an_explicit_null(name: str) -> None:
    with pytest.raises(ValidationError, match=name):
        MentorUpdate(id=uuid4(), version=1, **{name: None})


async def test_an_older_version_is_refused_and_today_s_is_named(hr: Actor) -> None:
    row = await factories.make_mentor(version=4)
    async with refused("VERSION_CONFLICT", "version"):
        await mentors.update(an_update(row, version=3, statement="Late."), by=hr)


async def test_capacity_does_not_fall_below_the_active_pairs(hr: Actor) -> None:
    row = await factories.make_mentor(capacity=3)
    for _ in range(2):
        await factories.make_mentorship(mentor=row)
    await factories.make_mentorship(
        mentor=row, state="CLOSED", closed_on=NOON.date(), closing_reason="COMPLETED"
    )
    says = "This mentor has 2 active mentorships; capacity cannot be lower. Close one first."
    async with refused("CONFLICT", "capacity", saying=says):
        await mentors.update(an_update(row, capacity=1), by=hr)
    assert (await mentors.update(an_update(row, capacity=2), by=hr)).capacity == 2


async def test_withdrawing_consent_marks_the_moment_and_drops_open_proposals(hr: Actor) -> None:
    row = await factories.make_mentor()
    proposal = await factories.make_proposal(mentor=row)
    other = await factories.make_proposal()
    before = await clock.now()
    updated = await mentors.update(an_update(row, consents=False), by=hr)
    assert updated.withdrawn_at is not None
    assert before <= updated.withdrawn_at <= await clock.now()
    assert (await models.MatchProposal.get(id=proposal.id)).state == ProposalState.SUPERSEDED
    assert (await models.MatchProposal.get(id=other.id)).state == ProposalState.PROPOSED
    again = await mentors.update(an_update(updated, consents=False), by=hr)
    assert again.withdrawn_at == updated.withdrawn_at


async def test_renewed_consent_counts_from_now(hr: Actor) -> None:
    row = await factories.make_mentor(withdrawn_at=NOON)
    updated = await mentors.update(an_update(row, consents=True), by=hr)
    assert updated.withdrawn_at is None
    assert updated.consented_at > NOON
    kept = await mentors.update(an_update(updated, consents=True), by=hr)
    assert kept.consented_at == updated.consented_at


async def test_declared_conflicts_are_replaced_as_a_whole(hr: Actor) -> None:
    row = await factories.make_mentor()
    first, second = await factories.make_person(), await factories.make_person()
    change = an_update(row, conflicts_declared=True, conflicts=[first.id])
    row = await mentors.update(change, by=hr)
    assert row.conflicts_declared_at is not None
    change = an_update(row, conflicts_declared=True, conflicts=[second.id])
    await mentors.update(change, by=hr)
    declared = models.DeclaredConflict.filter(declared_by_id=row.person_id)
    assert await declared.values_list("other_id", flat=True) == [second.id]
    assert (await history_of(row.id))[-1][1]["conflicts"] == [[str(first.id)], [str(second.id)]]
