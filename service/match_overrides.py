"""Pins and bans: pairs that people decide must be proposed, or must not be.

Two people decide, and neither half of the pair is one of them. An override stops counting by
itself on its day, and where the request no longer waits or the mentor has withdrawn; what binds
a run is one question, `models.match_overrides.COUNTS_TODAY`. It refuses pins that cannot be kept.
"""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from service import (
    audit,
    clock,
    match_explanations,
    match_inputs,
    match_proposals,
    models,
    permits,
)
from service.access.actors import Actor
from service.changes import Change, MentorId, Reason, RefersTo
from service.errors import Conflict, Invalid, NotAllowed
from service.match_words import REMEDIES, MatchRule
from service.models.steps import NEXT_STEPS
from service.models.vocabulary import (
    OverrideKind,
    OverrideState,
    RequestState,
)
from service.operations import Meaning, check_version, operation

OverrideId = Annotated[UUID, RefersTo("MatchOverride")]
_CONSTRAINTS = {
    "match_override_period_check": Meaning(
        "Choose a day after today and at most a year ahead; on that day it stops counting.",
        ("ends_on",),
    ),
    "match_override_live": Meaning(
        "Another override for these two is proposed or in force; decide on that one first.",
        ("mentor_id",),
        is_conflict=True,
    ),
    "match_override_pin": Meaning(
        "Another pin is in force for this request; withdraw that one first.",
        ("id",),
        is_conflict=True,
    ),
}


class NewMatchOverride(Change):
    """A pair that should be proposed, or should not be."""

    kind: OverrideKind = Field(description="Pin or ban.")
    request_id: Annotated[UUID, RefersTo("MentorshipRequest")] = Field(
        description="The mentee's request, which must still wait."
    )
    mentor_id: MentorId = Field(description="The mentor.")
    reason: Reason = Field(description="Why, for whoever decides and for the history.")
    ends_on: date = Field(
        description="The day on which it stops counting: after today, at most a year ahead."
    )


class OverrideApproval(Change):
    """Which override comes into force."""

    id: OverrideId = Field(description="Which override.")
    version: int = Field(description="The version of it that was read.")


class OverrideRefusal(OverrideApproval):
    """Which override is declined or withdrawn, and why."""

    reason: Reason = Field(description="Why, for the history.")


@operation("propose.match_override", _CONSTRAINTS)
async def propose(change: NewMatchOverride, *, by: Actor) -> models.MatchOverride:
    """The proposed override; it counts only when somebody else approves it.

    Refuses both halves of the pair, requests that no longer wait, a second one for the two, and
    pins that a run of today would not keep.
    """
    permits.require(by, "propose", "match_override")
    _check_is_person(by)
    request, mentor = await _named(change, by=by)
    if by.person_id is not None and by.person_id in (request.person_id, mentor.person_id):
        raise NotAllowed("You are part of this pair; somebody else decides about it.")
    if request.person_id == mentor.person_id:
        raise Invalid("Nobody mentors themselves; choose another mentor.", path=("mentor_id",))
    _check_waits(request, ("request_id",))
    if change.kind is OverrideKind.PIN:
        await _check_can_be_kept(request, mentor, ("mentor_id",), by=by)
    values: dict[str, Any] = change.model_dump() | {"proposed_on": await clock.today()}
    row = await models.MatchOverride.create(**values, proposed_by_id=by.account_id)
    entry = audit.Entry(row, "propose", audit.initial(values), change.reason)
    await audit.record(entry, by=by)
    return row


@operation("approve.match_override", _CONSTRAINTS)
async def approve(change: OverrideApproval, *, by: Actor) -> models.MatchOverride:
    """The override, in force from the next run on; what stands proposed against a ban falls.

    Refuses whoever proposed it, requests that no longer wait, overrides whose day has come, and
    pins that a run of today would not keep.
    """
    await _check_may(by, "approve", change)
    seen = await models.MatchOverride.get(id=change.id)
    request, mentor = await _locked_halves(seen.request_id, seen.mentor_id)
    row = await _locked(change, OverrideState.IN_FORCE)
    if by.account_id == row.proposed_by_id:
        raise NotAllowed("You proposed this override; somebody else approves it.")
    _check_waits(request, ("id",))
    today = await clock.today()
    if row.ends_on <= today:
        message = f"It would have ended on {row.ends_on}; decline it and propose another."
        raise Conflict(message, path=("id",))
    if row.kind is OverrideKind.PIN:
        await _check_can_be_kept(request, mentor, ("id",), by=by)
    new = {"state": OverrideState.IN_FORCE, "decided_on": today, "decided_by_id": by.account_id}
    await audit.rewrite(row, "approve", new, by=by)
    if row.kind is OverrideKind.BAN:
        await match_proposals.supersede(request_id=request.id, mentor_id=mentor.id, by=by)
    return row


@operation("decline.match_override")
async def decline(change: OverrideRefusal, *, by: Actor) -> models.MatchOverride:
    """The declined override, which never counted; whoever proposed it may take it back so."""
    await _check_may(by, "decline", change)
    row = await _locked(change, OverrideState.DECLINED)
    new = {
        "state": OverrideState.DECLINED,
        "decided_on": await clock.today(),
        "decided_by_id": by.account_id,
        "decline_reason": change.reason,
    }
    await audit.rewrite(row, "decline", new, by=by, reason=change.reason)
    return row


@operation("withdraw.match_override")
async def withdraw(change: OverrideRefusal, *, by: Actor) -> models.MatchOverride:
    """The override, which counts no longer from the next run on; one person is enough for that."""
    await _check_may(by, "withdraw", change)
    row = await _locked(change, OverrideState.WITHDRAWN)
    new = {
        "state": OverrideState.WITHDRAWN,
        "withdrawn_on": await clock.today(),
        "withdrawal_reason": change.reason,
    }
    await audit.rewrite(row, "withdraw", new, by=by, reason=change.reason)
    return row


async def _named(
    change: NewMatchOverride, *, by: Actor
) -> tuple[models.MentorshipRequest, models.Mentor]:
    """Both halves, locked, if the actor may see them."""
    asked, offered = ("request_id",), ("mentor_id",)
    await permits.require_on(by, "read", models.MentorshipRequest, change.request_id, path=asked)
    await permits.require_on(by, "read", models.Mentor, change.mentor_id, path=offered)
    return await _locked_halves(change.request_id, change.mentor_id)


async def _locked_halves(
    request_id: UUID, mentor_id: UUID
) -> tuple[models.MentorshipRequest, models.Mentor]:
    """Both halves, locked in the order of every writer."""
    requests = models.MentorshipRequest.filter(id=request_id).select_for_update(no_key=True)
    request = await requests.get()
    mentor = await models.Mentor.filter(id=mentor_id).select_for_update(no_key=True).get()
    return request, mentor


async def _locked(change: OverrideApproval, to: OverrideState) -> models.MatchOverride:
    """The override, locked, if this is its next step."""
    row = await models.MatchOverride.select_for_update().get(id=change.id)
    if to not in NEXT_STEPS[OverrideState][row.state]:
        message = (
            f"This override is {row.state.label.lower()}; it cannot become {to.label.lower()}."
        )
        raise Conflict(message, path=("id",))
    check_version(row, change.version)
    return row


async def _check_may(by: Actor, verb: str, change: OverrideApproval) -> None:
    """Refuses whoever lacks the permission, either half of the pair, and machines."""
    await permits.require_on(by, verb, models.MatchOverride, change.id)
    _check_is_person(by)


def _check_is_person(by: Actor) -> None:
    if by.account_id is None:
        raise NotAllowed("A person decides about pins and bans; sign in with an account.")


def _check_waits(request: models.MentorshipRequest, path: tuple[str, ...]) -> None:
    if request.state is not RequestState.WAITING:
        state = request.state.label.lower()
        raise Conflict(f"The request is {state} and waits for no mentor.", path=path)


async def _check_can_be_kept(
    request: models.MentorshipRequest, mentor: models.Mentor, path: tuple[str, ...], *, by: Actor
) -> None:
    """Refuses a pin that a run of now would not keep; a pin overrides none of its rules."""
    if mentor.withdrawn_at is not None:
        raise Conflict("The mentor has withdrawn; choose another mentor.", path=path)
    codes = await match_inputs.against_pin(request.id, mentor.id)
    if codes is None:
        return
    if not codes or not match_explanations.may_know_rules(by):
        raise Conflict("The rules of the match keep these two apart today.", path=path)
    rules = [MatchRule(code) for code in codes]
    said = " ".join(f"{rule.meaning} {REMEDIES[rule]}" for rule in rules)
    raise Conflict(f"{said} A pin overrides no rule.", path=path, details={"rules": rules})
