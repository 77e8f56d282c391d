"""Deciding on proposed pairs: only a person's approval makes a mentorship.

It refuses decisions by either half of the pair, pairs that circumstances overtook, and
to touch what is decided: a decision stands for good.
"""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from service import audit, models, permits
from service.access.actors import Actor
from service.changes import Change, Reason, RefersTo
from service.errors import Conflict, NotAllowed
from service.models.vocabulary import PreferenceKind, ProposalState, RequestState
from service.operations import Meaning, check_version, operation

ProposalId = Annotated[UUID, RefersTo("MatchProposal")]
_CONSTRAINTS = {
    "mentorship_capacity": Meaning(
        "The mentor has no place left; reject this proposal, or raise the mentor's capacity.",
        ("id",),
        is_conflict=True,
    ),
    "mentorship_active_uniq": Meaning(
        "The mentee has a mentor already; start a new match run.", ("id",), is_conflict=True
    ),
}


class ProposalApproval(Change):
    """Which proposal becomes a mentorship."""

    id: ProposalId = Field(description="The proposal.")
    version: int = Field(description="The version of the proposal that was read.")


class ProposalRejection(Change):
    """Which proposal is turned down; the pair is never proposed again."""

    id: ProposalId = Field(description="The proposal.")
    version: int = Field(description="The version of the proposal that was read.")
    reason: Reason = Field(description="Why the pair will not do.")


@operation("approve.match_proposal", _CONSTRAINTS)
async def approve(change: ProposalApproval, *, by: Actor) -> models.MatchProposal:
    """The approved proposal; its mentorship starts today and the mentee waits no longer.

    Refuses unless the proposal still stands, the mentee still waits and the
    mentor still offers a place, and refuses both halves of the pair.
    """
    proposal, request, mentor = await _locked(change.id, change.version, "approve", by=by)
    await _check_still_sound(request, mentor)
    mentorship = models.Mentorship(mentor=mentor, request=request, proposal=proposal)
    decided_at = await _decide(proposal, {"state": ProposalState.APPROVED}, "approve", by=by)
    mentorship.started_on = decided_at.date()
    await mentorship.save(force_create=True)
    told = ("mentor_id", "request_id", "proposal_id", "state", "started_on")
    opened = audit.initial({name: getattr(mentorship, name) for name in told})
    await audit.record(audit.Entry(mentorship, "open", opened), by=by)
    await audit.rewrite(request, "match", {"state": RequestState.MATCHED}, by=by)
    return proposal


@operation("reject.match_proposal")
async def reject(change: ProposalRejection, *, by: Actor) -> models.MatchProposal:
    """The rejected proposal; later runs keep the two apart.

    Refuses unless the proposal still stands, and refuses both halves of the pair.
    """
    proposal, _, _ = await _locked(change.id, change.version, "reject", by=by)
    values = {"state": ProposalState.REJECTED, "rejection_reason": change.reason}
    await _decide(proposal, values, "reject", by=by, reason=change.reason)
    return proposal


async def supersede(
    *, by: Actor, request_id: UUID | None = None, mentor_id: UUID | None = None
) -> None:
    """Supersedes what is still proposed for this request, or to this mentor."""
    standing = models.MatchProposal.filter(state=ProposalState.PROPOSED)
    if request_id is not None:
        standing = standing.filter(request_id=request_id)
    if mentor_id is not None:
        standing = standing.filter(mentor_id=mentor_id)
    for proposal in await standing.order_by("id").select_for_update():
        await audit.rewrite(proposal, "supersede", {"state": ProposalState.SUPERSEDED}, by=by)


async def _locked(
    proposal_id: UUID, version: int, verb: str, *, by: Actor
) -> tuple[models.MatchProposal, models.MentorshipRequest, models.Mentor]:
    """The standing proposal and both halves, locked in the order of every writer."""
    await permits.require_on(by, verb, models.MatchProposal, proposal_id)
    seen = await models.MatchProposal.get(id=proposal_id)
    requests = models.MentorshipRequest.filter(id=seen.request_id)
    request = await requests.select_for_update(no_key=True).get()
    mentor = await models.Mentor.filter(id=seen.mentor_id).select_for_update(no_key=True).get()
    proposal = await models.MatchProposal.select_for_update(no_key=True).get(id=proposal_id)
    if by.person_id is not None and by.person_id in (request.person_id, mentor.person_id):
        raise NotAllowed("You are part of this pair; somebody else decides about it.")
    if proposal.state is not ProposalState.PROPOSED:
        state = proposal.state.lower()
        message = f"This proposal is {state} already; decide on one that is still proposed."
        raise Conflict(message, path=("id",))
    check_version(proposal, version)
    return proposal, request, mentor


async def _check_still_sound(request: models.MentorshipRequest, mentor: models.Mentor) -> None:
    """Refuses a pair that was sound when it was proposed and is no longer."""
    overtaken = "start a new match run"
    if request.state is not RequestState.WAITING:
        raise Conflict(f"The mentee no longer waits for a mentor; {overtaken}.", path=("id",))
    if mentor.withdrawn_at is not None:
        raise Conflict(f"The mentor has withdrawn; {overtaken}.", path=("id",))
    pair = (request.person_id, mentor.person_id)
    if await models.DeclaredConflict.exists(declared_by_id__in=pair, other_id__in=pair):
        raise Conflict(f"A conflict of interest was declared since; {overtaken}.", path=("id",))
    if await models.MentorPreference.exists(
        request=request, mentor=mentor, kind=PreferenceKind.REFUSED
    ):
        raise Conflict(f"The mentee has refused this mentor since; {overtaken}.", path=("id",))


async def _decide(
    proposal: models.MatchProposal,
    values: dict[str, Any],
    verb: str,
    *,
    by: Actor,
    reason: str | None = None,
) -> datetime:
    """Writes the decision with the time and the author that its event carries."""
    changes = audit.difference(proposal, values)
    decided_at = await audit.record(audit.Entry(proposal, verb, changes, reason), by=by)
    proposal.update_from_dict({**values, "decided_at": decided_at, "decided_by_id": by.account_id})
    proposal.version += 1
    await proposal.save(update_fields=[*values, "decided_at", "decided_by_id", "version"])
    return decided_at
