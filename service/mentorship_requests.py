"""Requests for a mentor: what a leader in post hopes for, wishes and rules out.

It refuses people who do not lead a mission now, and a second open request.
"""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from service import audit, clock, conflicts, match_proposals, models, permits, reference
from service.access.actors import Actor
from service.changes import Change, Country, MentorId, PersonId, Reason, RefersTo, TimeZone
from service.errors import Conflict, Invalid
from service.models.vocabulary import (
    HOLDING,
    LEADING,
    Gender,
    PreferenceKind,
    RequestState,
    TopCriterion,
)
from service.operations import Meaning, check_version, operation

OPEN = (RequestState.WAITING, RequestState.MATCHED)

_CONSTRAINTS = {
    "mentorship_request_open_uniq": Meaning(
        "This person has an open request already; withdraw it before making another.",
        ("person_id",),
        is_conflict=True,
    ),
}


class NewMentorshipRequest(Change):
    """A leader's request for a mentor."""

    person_id: PersonId = Field(description="Who asks for a mentor.")
    goals: Reason = Field(description="What the mentorship should help with.")
    top_criterion: TopCriterion | None = Field(None, description="What matters most.")
    preferred_gender: Gender | None = Field(None, description="A wish for the mentor's gender.")
    refused_nationalities: list[Country] = Field(
        [], max_length=50, description="Member States whose nationals are ruled out."
    )
    time_zone: TimeZone | None = Field(None, description="IANA zone, such as Africa/Nairobi.")
    preferred: list[MentorId] = Field(
        [], max_length=20, description="Mentors wished for, the most wanted first."
    )
    refused: list[MentorId] = Field([], max_length=50, description="Mentors ruled out.")
    conflicts_declared: bool = Field(
        False, description="True: all conflicts of interest are named, or there are none."
    )
    conflicts: list[PersonId] = Field(
        [], max_length=100, description="People with whom a conflict of interest exists."
    )


class RequestWithdrawal(Change):
    """Which request to withdraw."""

    id: Annotated[UUID, RefersTo("MentorshipRequest")] = Field(description="Which request.")
    version: int = Field(description="The version of it that was read.")


@operation("request.mentorship_request", _CONSTRAINTS)
async def request(change: NewMentorshipRequest, *, by: Actor) -> models.MentorshipRequest:
    """A new waiting request. Refuses people who lead no mission today."""
    appointment = await _held(change.person_id, by=by)
    await reference.check_states(change.refused_nationalities, ("refused_nationalities",))
    await _check_mentors(change, by=by)
    await conflicts.check(
        change.person_id,
        change.conflicts,
        is_declared=change.conflicts_declared,
        by=by,
        path=("conflicts",),
    )
    now = await clock.now()
    values: dict[str, Any] = {name: getattr(change, name) for name in _COLUMNS}
    values |= {
        "appointment_id": appointment.id,
        "requested_at": now,
        "conflicts_declared_at": now if change.conflicts_declared else None,
    }
    row = await models.MentorshipRequest.create(**values)
    await _prefer(row, change)
    await conflicts.declare(change.person_id, change.conflicts)
    entry = values | {name: getattr(change, name) for name in _LISTS}
    await audit.record(audit.Entry(row, "request", audit.initial(entry)), by=by)
    return row


@operation("withdraw.mentorship_request")
async def withdraw(change: RequestWithdrawal, *, by: Actor) -> models.MentorshipRequest:
    """The withdrawn request; what was proposed for it falls. Refuses what does not wait."""
    row = await permits.locked(by, "withdraw", models.MentorshipRequest, change.id)
    check_version(row, change.version)
    if row.state == RequestState.MATCHED:
        raise Conflict("A mentor was found; close the mentorship instead.", path=("id",))
    if row.state != RequestState.WAITING:
        raise Conflict(f"The request is {row.state} and waits no longer.", path=("id",))
    await shut(row, RequestState.WITHDRAWN, by=by)
    return row


async def shut(row: models.MentorshipRequest, state: RequestState, *, by: Actor) -> None:
    """Moves a locked request to this last state and drops what was proposed for it."""
    verb = "withdraw" if state == RequestState.WITHDRAWN else "close"
    await audit.rewrite(row, verb, {"state": state}, by=by)
    await match_proposals.supersede(request_id=row.id, by=by)


_COLUMNS = (
    "person_id",
    "goals",
    "top_criterion",
    "preferred_gender",
    "refused_nationalities",
    "time_zone",
)
_LISTS = ("preferred", "refused", "conflicts")


async def _held(person_id: UUID, *, by: Actor) -> models.Appointment:
    """The appointment the person leads a mission by, locked, if the actor may ask for them."""
    await permits.require_on(
        by, "request.mentorship_request", models.Person, person_id, path=("person_id",)
    )
    holding = models.Appointment.filter(
        person_id=person_id,
        state__in=HOLDING,
        post_id__in=await models.Post.filter(
            function__in=LEADING, appointments__person_id=person_id
        ).values_list("id", flat=True),
    )
    found = await holding.order_by("-started_on", "id").select_for_update().first()
    if found is None:
        raise Invalid(
            "Only a head or deputy head of mission in post asks for a mentor.", path=("person_id",)
        )
    return found


async def _check_mentors(change: NewMentorshipRequest, *, by: Actor) -> None:
    named = [*change.preferred, *change.refused]
    if len(set(named)) < len(named):
        doubled = "refused" if len(set(change.refused)) < len(change.refused) else "preferred"
        raise Invalid("Each mentor stands once: preferred or refused.", path=(doubled,))
    for name in ("preferred", "refused"):
        for mentor_id in getattr(change, name):
            await permits.require_on(by, "read", models.Mentor, mentor_id, path=(name,))
    if await models.Mentor.exists(id__in=named, person_id=change.person_id):
        raise Invalid("Nobody mentors themselves; leave this mentor out.", path=("preferred",))


async def _prefer(row: models.MentorshipRequest, change: NewMentorshipRequest) -> None:
    wished = [
        models.MentorPreference(
            request=row, mentor_id=mentor_id, kind=PreferenceKind.PREFERRED, rank=rank
        )
        for rank, mentor_id in enumerate(change.preferred, start=1)
    ]
    ruled_out = [
        models.MentorPreference(request=row, mentor_id=mentor_id, kind=PreferenceKind.REFUSED)
        for mentor_id in change.refused
    ]
    await models.MentorPreference.bulk_create(wished + ruled_out)
