"""Learned models of who suits whom: kept as drafts, and put in force by a person.

It refuses to approve without a second pair of eyes, to change what is decided, and to have
two models in force. Which model a run uses is one question: `in_force`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from service import audit, clock, models, permits
from service.access.actors import Actor
from service.changes import Change, Reason, RefersTo
from service.errors import Conflict, NotAllowed
from service.models.steps import NEXT_STEPS
from service.models.vocabulary import ModelKind, ModelState
from service.operations import Meaning, check_version, operation

ModelId = Annotated[UUID, RefersTo("CompatibilityModel")]
_CONSTRAINTS = {
    # Two who approve different models at once: the second one looks again.
    "compatibility_model_approved_uniq": Meaning(
        "Another model was approved at this moment; read the list again.", ("id",), True
    ),
}


class ModelDecision(Change):
    """What is decided about a model, and why."""

    id: ModelId = Field(description="Which model.")
    version: int = Field(description="The version of its record that was read.")
    reason: Reason = Field(description="Why, for the history.")


@dataclass(frozen=True, kw_only=True)
class Learned:
    """A model as learning hands it over; the experts' weights come without an archive."""

    model_version: str
    kind: ModelKind
    row_count: int
    verdict: str
    figures: Mapping[str, Any]
    archive: bytes | None = None
    archive_sha256: str | None = None


async def draft(learned: Learned, *, by: Actor) -> models.CompatibilityModel:
    """The model, kept until a person decides; one with the same numbers is kept once.

    Belongs into the transaction of whoever learned it.
    """
    known = await models.CompatibilityModel.get_or_none(model_version=learned.model_version)
    if known is not None:
        return known
    values = vars(learned) | {"figures": dict(learned.figures), "trained_at": await clock.now()}
    row = await models.CompatibilityModel.create(**values, trained_by_id=by.account_id)
    told = ("model_version", "kind", "row_count", "verdict", "archive_sha256", "trained_at")
    changes = audit.initial({name: values[name] for name in told})
    await audit.record(audit.Entry(row, "draft", changes), by=by)
    return row


async def in_force() -> models.CompatibilityModel | None:
    """The approved model; None leaves the experts' weights as they are."""
    return await models.CompatibilityModel.get_or_none(state=ModelState.APPROVED)


@operation("approve.compatibility_model", _CONSTRAINTS)
async def approve(change: ModelDecision, *, by: Actor) -> models.CompatibilityModel:
    """The approved model, in force from the next run on; the one before it retires.

    Refuses whoever trained the model, and callers who are no person.
    """
    row = await _locked(change, ModelState.APPROVED, "approve", by=by)
    if by.account_id is None:
        raise NotAllowed("A person approves a model; sign in with an account.")
    if by.account_id == row.trained_by_id:
        raise NotAllowed("You trained this model; somebody else approves it.")
    now = await clock.now()
    standing = models.CompatibilityModel.filter(state=ModelState.APPROVED)
    for older in await standing.select_for_update():
        await _retire(older, f"Replaced by {row.model_version}.", now, by=by)
    await _decide(row, ModelState.APPROVED, change.reason, now, by=by)
    return row


@operation("reject.compatibility_model")
async def reject(change: ModelDecision, *, by: Actor) -> models.CompatibilityModel:
    """The rejected model; no run ever uses it."""
    row = await _locked(change, ModelState.REJECTED, "reject", by=by)
    if by.account_id is None:
        raise NotAllowed("A person rejects a model; sign in with an account.")
    await _decide(row, ModelState.REJECTED, change.reason, await clock.now(), by=by)
    return row


@operation("retire.compatibility_model")
async def retire(change: ModelDecision, *, by: Actor) -> models.CompatibilityModel:
    """The retired model; runs go back to the experts' weights until another one is approved."""
    row = await _locked(change, ModelState.RETIRED, "retire", by=by)
    await _retire(row, change.reason, await clock.now(), by=by)
    return row


async def _locked(
    change: ModelDecision, to: ModelState, verb: str, *, by: Actor
) -> models.CompatibilityModel:
    """The row, locked, if the actor may take this step and it is the next one."""
    row = await permits.locked(by, verb, models.CompatibilityModel, change.id)
    if to not in NEXT_STEPS[ModelState][row.state]:
        message = f"This model is {row.state.label.lower()}; it cannot become {to.label.lower()}."
        raise Conflict(message, path=("id",))
    check_version(row, change.version)
    return row


async def _decide(
    row: models.CompatibilityModel, state: ModelState, reason: str, now: datetime, *, by: Actor
) -> None:
    new = {
        "state": state,
        "decided_at": now,
        "decided_by_id": by.account_id,
        "decision_reason": reason,
    }
    verb = "approve" if state is ModelState.APPROVED else "reject"
    await audit.rewrite(row, verb, new, by=by, reason=reason)


async def _retire(row: models.CompatibilityModel, reason: str, now: datetime, *, by: Actor) -> None:
    new = {"state": ModelState.RETIRED, "retired_at": now}
    await audit.rewrite(row, "retire", new, by=by, reason=reason)
