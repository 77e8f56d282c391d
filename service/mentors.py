"""Mentors: former heads and deputy heads of mission who offer their support.

It refuses to make anybody a mentor without consent, and capacities below the pairs
that a mentor already has.
"""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import Field
from tortoise.expressions import Q

from service import audit, clock, conflicts, match_proposals, models, permits, reference
from service.access.actors import Actor
from service.changes import Change, Country, MentorId, Name, PersonId, Text, TimeZone
from service.errors import Conflict, Invalid
from service.models.vocabulary import LEADING, PAST, CauseOfEnd, MentorshipState
from service.operations import Meaning, check_version, operation

_CONSTRAINTS = {
    "mentor_person_id_key": Meaning(
        "This person is a mentor already; update that entry instead.",
        ("person_id",),
        is_conflict=True,
    ),
    "mentor_window_check": Meaning(
        "The availability ends before it starts; correct its last day.", ("available_until",)
    ),
    "mentor_capacity_kept": Meaning(
        "This mentor has more active mentorships than that; close one first.",
        ("capacity",),
        is_conflict=True,
    ),
}


class MentorOffer(Change):
    """What a former leader offers, and that they agreed to it."""

    consents: bool = Field(description="True: the person agreed to be a mentor.")
    capacity: int = Field(1, ge=0, le=5, description="Mentees at one time, 0 to 5.")
    themes: list[Name] = Field(
        [], max_length=40, description="Codes of the mandate tasks they can speak to."
    )
    statement: Text = Field("", description="What they offer, in their own words.")
    time_zone: TimeZone | None = Field(None, description="IANA zone, such as Africa/Nairobi.")
    available_from: date | None = Field(None, description="First day; null: at once.")
    available_until: date | None = Field(None, description="Last day; null: open.")
    refused_nationalities: list[Country] = Field(
        [], max_length=50, description="Member States whose nationals they will not mentor."
    )
    conflicts_declared: bool = Field(
        False, description="True: all conflicts of interest are named, or there are none."
    )
    conflicts: list[PersonId] = Field(
        [], max_length=100, description="People with whom a conflict of interest exists."
    )


class NewMentor(MentorOffer):
    """A former leader to register as a mentor."""

    person_id: PersonId = Field(description="Who will mentor.")


class MentorUpdate(Change):
    """What changes in a mentor's offer; what is omitted stays."""

    id: MentorId = Field(description="Which mentor.")
    version: int = Field(description="The version of the offer that was read.")
    consents: bool = Field(True, description="False withdraws the consent, true renews it.")
    capacity: int = Field(1, ge=0, le=5, description="Mentees at one time, 0 to 5.")
    themes: list[Name] = Field([], max_length=40, description="Replaces all of them.")
    statement: Text = Field("", description="Replaces the text.")
    time_zone: TimeZone | None = Field(None, description="IANA zone, or null.")
    available_from: date | None = Field(None, description="First day; null: at once.")
    available_until: date | None = Field(None, description="Last day; null: open.")
    refused_nationalities: list[Country] = Field(
        [], max_length=50, description="Replaces all of them."
    )
    conflicts_declared: bool = Field(False, description="False takes the declaration back.")
    conflicts: list[PersonId] = Field(
        [], max_length=100, description="Replaces all; needs the declaration beside it."
    )


@operation("register.mentor", _CONSTRAINTS)
async def register(change: NewMentor, *, by: Actor) -> models.Mentor:
    """A new mentor. Refuses people who never led a mission, and those without consent."""
    await permits.require_on(
        by, "register.mentor", models.Person, change.person_id, path=("person_id",)
    )
    await _check_former_leader(change.person_id)
    return await enrol(change.person_id, change, by=by)


@operation("update.mentor", _CONSTRAINTS)
async def update(change: MentorUpdate, *, by: Actor) -> models.Mentor:
    """The changed offer. Refuses a capacity below the active pairs; omitted fields stay."""
    mentor = await permits.locked(by, "update", models.Mentor, change.id)
    check_version(mentor, change.version)
    given = change.given
    await _check_terms(mentor.person_id, change, by=by)
    if "capacity" in given:
        await _check_capacity(mentor, change.capacity)
    new = {name: given[name] for name in _COLUMNS if name in given}
    new |= await _declarations(mentor, given)
    changed = audit.difference(mentor, new)
    columns = list(changed)
    if "conflicts" in given:
        changed["conflicts"] = await conflicts.replace(mentor.person_id, change.conflicts)
    await audit.revise(audit.Entry(mentor, "update", changed), columns, by=by)
    if "withdrawn_at" in changed and mentor.withdrawn_at:
        await match_proposals.supersede(mentor_id=mentor.id, by=by)
    return mentor


async def enrol(
    person_id: UUID, offer: MentorOffer, *, by: Actor, under: tuple[str, ...] = ()
) -> models.Mentor:
    """A mentor by this offer, whoever checked that the person once led a mission.

    Refuses an offer without consent; `under` leads to the offer in the caller's input.
    """
    if not offer.consents:
        raise Invalid("Nobody becomes a mentor without agreeing to.", path=(*under, "consents"))
    await _check_terms(person_id, offer, by=by, under=under)
    now = await clock.now()
    values: dict[str, Any] = {name: getattr(offer, name) for name in _COLUMNS}
    values |= {
        "consented_at": now,
        "conflicts_declared_at": now if offer.conflicts_declared else None,
    }
    mentor = await models.Mentor.create(person_id=person_id, **values)
    await conflicts.declare(person_id, offer.conflicts)
    entry = {"person_id": person_id, **values, "conflicts": offer.conflicts}
    await audit.record(audit.Entry(mentor, "register", audit.initial(entry)), by=by)
    return mentor


_COLUMNS = (
    "capacity",
    "themes",
    "statement",
    "time_zone",
    "available_from",
    "available_until",
    "refused_nationalities",
)


async def _check_terms(
    person_id: UUID, terms: MentorOffer | MentorUpdate, *, by: Actor, under: tuple[str, ...] = ()
) -> None:
    await reference.check_mandate_tasks(terms.themes, (*under, "themes"))
    await reference.check_states(terms.refused_nationalities, (*under, "refused_nationalities"))
    await conflicts.check(
        person_id,
        terms.conflicts,
        is_declared=terms.conflicts_declared,
        by=by,
        path=(*under, "conflicts"),
    )


async def _check_former_leader(person_id: UUID) -> None:
    led = models.Appointment.filter(
        Q(person_id=person_id, state__in=PAST, post__function__in=LEADING)
        & ~Q(cause_of_end=CauseOfEnd.DEATH)
    )
    served = models.Experience.filter(
        person_id=person_id, function__in=LEADING, ended_on__lte=await clock.today()
    )
    if not (await led.exists() or await served.exists()):
        raise Invalid(
            "Mentors are former heads or deputy heads of mission; record that service first.",
            path=("person_id",),
        )


async def _check_capacity(mentor: models.Mentor, capacity: int) -> None:
    active = await models.Mentorship.filter(
        mentor_id=mentor.id, state=MentorshipState.ACTIVE
    ).count()
    if capacity < active:
        pairs = "1 active mentorship" if active == 1 else f"{active} active mentorships"
        raise Conflict(
            f"This mentor has {pairs}; capacity cannot be lower. Close one first.",
            path=("capacity",),
        )


async def _declarations(mentor: models.Mentor, given: dict[str, Any]) -> dict[str, Any]:
    """The moments that a renewed or withdrawn consent or declaration sets."""
    now = await clock.now()
    moments: dict[str, Any] = {}
    if given.get("consents") is False and mentor.withdrawn_at is None:
        moments["withdrawn_at"] = now
    if given.get("consents") is True and mentor.withdrawn_at is not None:
        moments |= {"withdrawn_at": None, "consented_at": now}
    if "conflicts_declared" in given:
        moments["conflicts_declared_at"] = now if given["conflicts_declared"] else None
    return moments
