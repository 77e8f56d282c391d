"""Ratings after a cycle of mentoring: each half of a pair gives its own.

It refuses cycles that had not ended or lie outside the pair's time, a second rating of one
cycle by one half, and to speak for the other half of one's own pair.
"""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from service import audit, clock, models, permits
from service.access.actors import Actor
from service.changes import Change, Reason, RefersTo, Text
from service.errors import Invalid, NotAllowed
from service.models.vocabulary import MeetingRhythm, PairSide
from service.operations import Meaning, operation
from service.revisions import Revision, revision, rewriting

_CONSTRAINTS = {
    "match_outcome_uniq": Meaning(
        "This half of the pair has rated this cycle already; correct that rating instead.",
        ("cycle",),
        is_conflict=True,
    ),
    "match_outcome_given_check": Meaning(
        "A cycle is rated when it has ended, not before; correct its last day.",
        ("cycle_ended_on",),
    ),
    "match_outcome_begun": Meaning(
        "The mentorship had not begun then; correct the last day of the cycle.",
        ("cycle_ended_on",),
    ),
    "match_outcome_closed": Meaning(
        "The mentorship was closed before that day; correct the last day of the cycle.",
        ("cycle_ended_on",),
    ),
    "match_outcome_order": Meaning(
        "A later cycle ends later: this day does not fit the cycles that are rated already.",
        ("cycle_ended_on",),
    ),
}
Grade = Annotated[int, Field(ge=1, le=5)]


class MatchAnswers(Change):
    """What is asked after a cycle besides the overall rating; all of it may stay unanswered."""

    goals_met: Grade | None = Field(
        None, description="How far the mentee's goals were met, 1 to 5."
    )
    working_relationship: Grade | None = Field(
        None, description="How well the two worked together, 1 to 5."
    )
    shared_values: Grade | None = Field(
        None, description="How alike values and ways of working are, 1 to 5."
    )
    meetings_held: int | None = Field(
        None, ge=0, le=100, description="How many times the two met in the cycle."
    )
    meeting_rhythm: MeetingRhythm | None = Field(None, description="Whether that was often enough.")
    would_continue: bool | None = Field(None, description="Whether they would go on together.")
    would_recommend: bool | None = Field(
        None, description="Whether they would recommend the other to a colleague."
    )
    remark: Text | None = Field(
        None, description="Something in their own words, for people; nothing is computed from it."
    )


class NewMatchOutcome(MatchAnswers):
    """How one half of a pair rates a cycle."""

    mentorship_id: Annotated[UUID, RefersTo("Mentorship")] = Field(description="Which pair.")
    side: PairSide = Field(description="Which half rates.")
    cycle: int = Field(
        ge=1, le=1000, description="Which cycle of the programme, counted from its first, 1."
    )
    cycle_ended_on: date = Field(description="Last day of that cycle.")
    rating: Grade = Field(description="On the whole, 1 (poor) to 5 (excellent).")
    given_on: date | None = Field(
        None, description="When the rating was given, if it is written down later; null: today."
    )


class MatchOutcomeCorrection(MatchAnswers):
    """What a rating should have said; what is omitted stays."""

    id: Annotated[UUID, RefersTo("MatchOutcome")] = Field(description="Which rating.")
    version: int = Field(description="The version of it that was read.")
    reason: Reason = Field(description="Why it is corrected, for the history.")
    cycle_ended_on: date = Field(date.max, description="Last day of the cycle.")
    rating: Grade = Field(1, description="On the whole, 1 (poor) to 5 (excellent).")


@operation("record.match_outcome", _CONSTRAINTS)
async def record(change: NewMatchOutcome, *, by: Actor) -> models.MatchOutcome:
    """The recorded rating. Staff of the programme may write it down for a half, and it says so.

    Refuses a rating that was given in the future, and one for the other half of one's own pair.
    """
    is_on_behalf = await _check_side(change, by=by)
    today = await clock.today()
    given_on = change.given_on or today
    if given_on > today:
        raise Invalid("A rating cannot be given in the future.", path=("given_on",))
    values: dict[str, Any] = change.model_dump() | {
        "given_on": given_on,
        "is_on_behalf": is_on_behalf,
    }
    row = await models.MatchOutcome.create(**values, given_by_id=by.account_id)
    await audit.record(audit.Entry(row, "record", audit.initial(values)), by=by)
    return row


@revision("correct.match_outcome", _CONSTRAINTS)
async def correct(change: MatchOutcomeCorrection, row: models.MatchOutcome) -> Revision:
    """The corrected rating, with the reason in its history; which cycle it is about stays."""
    new = {k: v for k, v in change.given.items() if k not in {"id", "version", "reason"}}
    return rewriting(row, "correct", new, reason=change.reason)


async def _check_side(change: NewMatchOutcome, *, by: Actor) -> bool:
    """Whether the actor speaks for somebody else; whoever is a half speaks for that half only."""
    await permits.require_on(
        by, "record.match_outcome", models.Mentorship, change.mentorship_id, path=("mentorship_id",)
    )
    pair = await models.Mentorship.get(id=change.mentorship_id).select_related("mentor", "request")
    halves = {PairSide.MENTEE: pair.request.person_id, PairSide.MENTOR: pair.mentor.person_id}
    mine = [side for side, person_id in halves.items() if person_id == by.person_id]
    if mine and change.side not in mine:
        message = f"You are the {mine[0].label.lower()} of this pair; rate it from that side."
        raise NotAllowed(message, path=("side",))
    return not mine
