"""Appointments to posts, from the offer to the former leader.

It refuses steps that the table of transitions does not name, a second holder of a
post, and dates that run backwards or lie ahead of the database's day.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from service import audit, clock, mentors, mentorships, models, permits
from service.access.actors import Actor
from service.changes import Change, PersonId, PostId, RefersTo
from service.errors import Conflict, Invalid
from service.mentors import MentorOffer
from service.models.steps import NEXT_STEPS
from service.models.vocabulary import (
    LEADING,
    AppointmentState,
    CauseOfEnd,
    Precision,
)
from service.operations import Meaning, check_version, operation
from service.revisions import Revision, revision, rewriting

AppointmentId = Annotated[UUID, RefersTo("Appointment")]


@dataclass(frozen=True)
class Step:
    """One way on: where it leads, the verb that takes it, the facts it needs."""

    to: AppointmentState
    verb: str = "transition"
    needs: tuple[str, ...] = ()


_S = AppointmentState
_IN_POST = Step(_S.IN_POST, needs=("started_on",))
_EXTENDED = Step(_S.EXTENDED, "extend", ("term_ends_on",))
_ENDED = Step(_S.ENDED, "end", ("ended_on", "cause"))
_SPECIAL = {step.to: step for step in (_IN_POST, _EXTENDED, _ENDED)}
# What may follow what stands in the vocabulary; here stands what a step takes.
TRANSITIONS: Mapping[AppointmentState, tuple[Step, ...]] = MappingProxyType(
    {
        _S(state): tuple(_SPECIAL.get(_S(to), Step(_S(to))) for to in following)
        for state, following in NEXT_STEPS[_S].items()
    }
)
RECORDABLE = (_S.OFFERED, _S.ACCEPTED, _S.CLEARED_TO_TRAVEL, _S.IN_POST)

_CONSTRAINTS = {
    "appointment_one_holder": Meaning(
        "The post has a holder in this period; record their end first, or choose other dates.",
        ("started_on",),
        is_conflict=True,
    ),
    "appointment_term_check": Meaning(
        "The term ends before it starts; correct its last day.", ("term_ends_on",)
    ),
    "appointment_period_check": Meaning(
        "The appointment ends before it starts; correct its last day.", ("ended_on",)
    ),
    "experience_period_check": Meaning(
        "The service on record starts later than this; correct the last day.", ("ended_on",)
    ),
    "mentor_person_id_key": Meaning(
        "This person is a mentor already; leave the mentor out and update that entry instead.",
        ("mentor",),
        is_conflict=True,
    ),
    "mentor_window_check": Meaning(
        "The mentor's availability ends before it starts; correct its last day.",
        ("mentor", "available_until"),
    ),
}


class NewAppointment(Change):
    """An appointment to record, at the stage it has reached."""

    person_id: PersonId = Field(description="Who is appointed.")
    post_id: PostId = Field(description="To which post.")
    state: AppointmentState = Field(
        AppointmentState.IN_POST,
        description="OFFERED, ACCEPTED, CLEARED_TO_TRAVEL or IN_POST; later ones are steps.",
    )
    offered_on: date | None = Field(None, description="The day of the offer.")
    started_on: date | None = Field(None, description="First day in post, with IN_POST only.")
    term_ends_on: date | None = Field(None, description="Last day of the term, as agreed.")
    announced_on: date | None = Field(
        None, description="The day it becomes public; null: not announced."
    )


class AppointmentStep(Change):
    """The next step of an appointment, with the facts that it needs."""

    id: AppointmentId = Field(description="Which appointment.")
    version: int = Field(description="The version of it that was read.")
    to: AppointmentState = Field(description="The state to reach.")
    started_on: date | None = Field(None, description="First day in post; IN_POST needs it.")
    term_ends_on: date | None = Field(None, description="Last day of the term, as agreed.")
    announced_on: date | None = Field(None, description="The day it becomes public, or null.")


class Extension(Change):
    """A later end of a term."""

    id: AppointmentId = Field(description="Which appointment.")
    version: int = Field(description="The version of it that was read.")
    term_ends_on: date = Field(description="The new last day, later than the old one.")


class AppointmentEnd(Change):
    """How an appointment ended, and whether the leaver will support others."""

    id: AppointmentId = Field(description="Which appointment.")
    version: int = Field(description="The version of it that was read.")
    ended_on: date = Field(description="Last day in post; today at the latest.")
    cause: CauseOfEnd = Field(description="Why it ended.")
    mentor: MentorOffer | None = Field(
        None, description="The leaver's offer to mentor; only heads and deputy heads of mission."
    )


@operation("record.appointment", _CONSTRAINTS)
async def record(change: NewAppointment, *, by: Actor) -> models.Appointment:
    """A new appointment; with IN_POST also the service in the person's file.

    Refuses a second holder, and a post that is not there on that day.
    """
    await permits.require_on(
        by, "record.appointment", models.Post, change.post_id, path=("post_id",)
    )
    await permits.require_on(by, "read", models.Person, change.person_id, path=("person_id",))
    post = await models.Post.select_for_update().get(id=change.post_id)
    today = await clock.today()
    _check_start(change, today)
    _check_exists(post, change.started_on or today)
    values = change.model_dump()
    appointment = await models.Appointment.create(**values)
    await audit.record(audit.Entry(appointment, "record", audit.initial(values)), by=by)
    if change.state == AppointmentState.IN_POST:
        await _open_experience(appointment, post, by=by)
    return appointment


@operation("transition.appointment", _CONSTRAINTS)
async def advance(change: AppointmentStep, *, by: Actor) -> models.Appointment:
    """The appointment one step further. Refuses what the table of transitions does not name.

    Extensions and ends have operations of their own.
    """
    appointment = await locked(change.id, "transition", by=by)
    check_version(appointment, change.version)
    step = _step(appointment, change.to)
    if step.verb != "transition":
        raise Invalid(f"To reach {step.to}, {step.verb} the appointment instead.", path=("to",))
    facts = {name: new for name, new in change.given.items() if name in _FACTS}
    _check_facts(appointment, step, facts)
    _check_alive(appointment)
    if step.to == AppointmentState.IN_POST:
        await _take_up(appointment, facts, by=by)
    await audit.rewrite(appointment, "transition", {"state": step.to, **facts}, by=by)
    return appointment


@revision("extend.appointment", _CONSTRAINTS)
async def extend(change: Extension, row: models.Appointment) -> Revision:
    """The appointment with a later end of term. Refuses dates that are not later."""
    if row.state != AppointmentState.EXTENDED:
        _step(row, AppointmentState.EXTENDED, path=("id",))
    old = row.term_ends_on or row.started_on
    if old and change.term_ends_on <= old:
        raise Invalid(f"An extension ends later than {old}.", path=("term_ends_on",))
    new = {"state": AppointmentState.EXTENDED, "term_ends_on": change.term_ends_on}
    return rewriting(row, "extend", new)


@operation("end.appointment", _CONSTRAINTS)
async def end(change: AppointmentEnd, *, by: Actor) -> models.Appointment:
    """The ended appointment; what hung on it ends with it, and a willing leader mentors.

    Closes the service in the person's file and the mentee's request and pair.
    """
    appointment = await locked(change.id, "end", by=by)
    check_version(appointment, change.version)
    _step(appointment, AppointmentState.ENDED, path=("id",))
    _check_end(appointment, change, await clock.today())
    new = {
        "state": AppointmentState.ENDED,
        "ended_on": change.ended_on,
        "cause_of_end": change.cause,
    }
    await audit.rewrite(appointment, "end", new, by=by)
    await _close_experience(appointment, by=by)
    await mentorships.release(appointment, by=by)
    if change.mentor and change.mentor.consents:
        await _check_leader(appointment, change.cause)
        await mentors.enrol(appointment.person_id, change.mentor, by=by, under=("mentor",))
    return appointment


async def locked(appointment_id: UUID, verb: str, *, by: Actor) -> models.Appointment:
    """The appointment's row, locked until the transaction ends, if the actor may `verb` it."""
    return await permits.locked(by, verb, models.Appointment, appointment_id)


_FACTS = ("started_on", "term_ends_on", "announced_on")


def _step(
    appointment: models.Appointment, to: AppointmentState, *, path: tuple[str, ...] = ("to",)
) -> Step:
    steps = TRANSITIONS[appointment.state]
    for step in steps:
        if step.to == to:
            return step
    ways = ", ".join(step.to for step in steps) or "nothing further"
    raise Conflict(
        f"From {appointment.state} an appointment can go to {ways}; not {to}.", path=path
    )


def _check_facts(appointment: models.Appointment, step: Step, facts: Mapping[str, Any]) -> None:
    for name in step.needs:
        if facts.get(name) is None:
            raise Invalid(f"{step.to} needs this date.", path=(name,))
    if "started_on" in facts and "started_on" not in step.needs:
        raise Invalid("A first day goes with IN_POST only; leave it out.", path=("started_on",))
    if "term_ends_on" in facts and appointment.ended_on:
        raise Invalid("The appointment has ended; its term stays.", path=("term_ends_on",))


def _check_alive(appointment: models.Appointment) -> None:
    if appointment.cause_of_end == CauseOfEnd.DEATH:
        raise Conflict("The holder died in post; there are no further steps.", path=("to",))


async def _take_up(appointment: models.Appointment, facts: Mapping[str, Any], *, by: Actor) -> None:
    """Checks the first day and opens the service that begins with it."""
    post = await models.Post.select_for_update().get(id=appointment.post_id)
    started_on = facts["started_on"]
    _check_first_day(started_on, appointment.offered_on, await clock.today())
    _check_exists(post, started_on, path=("started_on",))
    appointment_then = appointment.clone(pk=appointment.id)
    appointment_then.started_on = started_on
    await _open_experience(appointment_then, post, by=by)


def _check_start(change: NewAppointment, today: date) -> None:
    if change.state not in RECORDABLE:
        raise Invalid(
            f"Record one of {', '.join(RECORDABLE)}; later states are steps.", path=("state",)
        )
    if change.state != AppointmentState.IN_POST:
        if change.started_on:
            raise Invalid("A first day goes with IN_POST only; leave it out.", path=("started_on",))
        return
    if change.started_on is None:
        raise Invalid("IN_POST needs this date.", path=("started_on",))
    _check_first_day(change.started_on, change.offered_on, today)


def _check_first_day(started_on: date, offered_on: date | None, today: date) -> None:
    if started_on > today:
        raise Invalid(
            "The first day lies ahead; until then the state is CLEARED_TO_TRAVEL.",
            path=("started_on",),
        )
    if offered_on and offered_on > started_on:
        raise Invalid("Nobody starts before the offer; correct a date.", path=("started_on",))


def _check_exists(post: models.Post, day: date, path: tuple[str, ...] = ("post_id",)) -> None:
    if day < post.established_on:
        raise Invalid(f"The post was established later, on {post.established_on}.", path=path)
    if post.abolished_on and day > post.abolished_on:
        raise Invalid(f"The post was abolished on {post.abolished_on}.", path=path)


def _check_end(appointment: models.Appointment, change: AppointmentEnd, today: date) -> None:
    if change.ended_on > today:
        raise Invalid("The last day lies ahead; record the end when it has come.", path=_LAST)
    if appointment.started_on and change.ended_on < appointment.started_on:
        raise Invalid(f"It ends before it starts on {appointment.started_on}.", path=_LAST)


_LAST = ("ended_on",)


async def _check_leader(appointment: models.Appointment, cause: CauseOfEnd) -> None:
    if cause == CauseOfEnd.DEATH:
        raise Invalid("Somebody who died in post cannot mentor.", path=("mentor",))
    post = await models.Post.get(id=appointment.post_id)
    if post.function not in LEADING:
        raise Invalid("Only heads and deputy heads of mission become mentors.", path=("mentor",))


async def _open_experience(
    appointment: models.Appointment, post: models.Post, *, by: Actor
) -> None:
    values = {
        "mission_id": post.mission_id,
        "post_id": post.id,
        "function": post.function,
        "title": post.title,
        "level": post.level,
        "stream": post.stream,
        "started_on": appointment.started_on,
        "started_precision": Precision.DAY,
    }
    person = await models.Person.get(id=appointment.person_id)
    await models.Experience.create(person=person, **values)
    entry = audit.initial({f"experience.{name}": value for name, value in values.items()})
    await audit.record(audit.Entry(person, "record_experience", entry), by=by)


async def _close_experience(appointment: models.Appointment, *, by: Actor) -> None:
    mine = models.Experience.filter(
        person_id=appointment.person_id, post_id=appointment.post_id, ended_on=None
    )
    for experience in await mine.order_by("id").select_for_update():
        experience.ended_on, experience.ended_precision = appointment.ended_on, Precision.DAY
        await experience.save(update_fields=["ended_on", "ended_precision"])
        person = await models.Person.get(id=appointment.person_id)
        entry = {"experience.ended_on": (None, experience.ended_on)}
        await audit.record(audit.Entry(person, "close_experience", entry), by=by)
