"""Proposed pairs that lost their ground before anybody decided on them.

It refuses to touch what is decided: a decision stands for good.
"""

from uuid import UUID

from service import audit, models
from service.access.actors import Actor
from service.models.vocabulary import ProposalState


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
        changed = audit.difference(proposal, {"state": ProposalState.SUPERSEDED})
        proposal.state = ProposalState.SUPERSEDED
        proposal.version += 1
        await proposal.save(update_fields=["state", "version"])
        await audit.record(audit.Entry(proposal, "supersede", changed), by=by)
