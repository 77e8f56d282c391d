"""Mentorships: pairs that work together, and how they end.

It refuses to end a pair twice; pairs begin only where a proposal is approved.
"""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from service import audit, clock, mentorship_requests, models, permits
from service.access.actors import Actor
from service.changes import Change, RefersTo
from service.errors import Conflict
from service.models.vocabulary import ClosingReason, MentorshipState, RequestState
from service.operations import check_version, operation


class MentorshipClosing(Change):
    """Why a pair stops working together."""

    id: Annotated[UUID, RefersTo("Mentorship")] = Field(description="Which pair.")
    version: int = Field(description="The version of it that was read.")
    reason: ClosingReason = Field(description="Why it ends.")


@operation("close.mentorship")
async def close(change: MentorshipClosing, *, by: Actor) -> models.Mentorship:
    """The closed pair; the mentee's request closes with it. Refuses a second end."""
    await permits.require_on(by, "close", models.Mentorship, change.id)
    pair = await models.Mentorship.get(id=change.id)
    # Everybody locks the request before its pair, so that nobody waits in a circle.
    request = await models.MentorshipRequest.select_for_update().get(id=pair.request_id)
    pair = await models.Mentorship.select_for_update().get(id=change.id)
    if pair.state == MentorshipState.CLOSED:
        raise Conflict("This mentorship is closed already.", path=("id",))
    check_version(pair, change.version)
    await _shut(pair, change.reason, by=by)
    await mentorship_requests.shut(request, RequestState.CLOSED, by=by)
    return pair


async def release(appointment: models.Appointment, *, by: Actor) -> None:
    """Closes the open request of this appointment, and its pair, because the mentee left."""
    request = (
        await models.MentorshipRequest.filter(
            appointment_id=appointment.id, state__in=mentorship_requests.OPEN
        )
        .select_for_update()
        .first()
    )
    if request is None:
        return
    active = models.Mentorship.filter(request_id=request.id, state=MentorshipState.ACTIVE)
    for pair in await active.select_for_update():
        await _shut(pair, ClosingReason.MENTEE_LEFT_POST, by=by)
    await mentorship_requests.shut(request, RequestState.CLOSED, by=by)


async def _shut(pair: models.Mentorship, reason: ClosingReason, *, by: Actor) -> None:
    new = {
        "state": MentorshipState.CLOSED,
        "closed_on": await clock.today(),
        "closing_reason": reason,
    }
    await audit.rewrite(pair, "close", new, by=by)
