"""Mentorships: pairs that a person approved.

Only an approval makes one; what is said inside a pair is never stored here.
"""

from datetime import date
from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from service.access.conditions import Blank, Compare, Some, any_of
from service.access.rules import Rules
from service.models.match_runs import MatchProposal
from service.models.mentors import Mentor
from service.models.mentorship_requests import MentorshipRequest
from service.models.rows import Row
from service.models.vocabulary import ClosingReason, MentorshipState


class Mentorship(Row):
    """A mentor and a mentee who work together, or did."""

    access = Rules(
        "mentorship",
        own=any_of(
            [
                Some("mentor", Compare("person_id", "=", Blank.ME)),
                Some("request", Compare("person_id", "=", Blank.ME)),
            ]
        ),
    )

    uneven = frozenset({"state"})

    mentor: fields.ForeignKeyRelation[Mentor] = fields.ForeignKeyField(
        "models.Mentor", related_name="mentorships", on_delete=fields.RESTRICT
    )
    mentor_id: Any
    request: fields.ForeignKeyRelation[MentorshipRequest] = fields.ForeignKeyField(
        "models.MentorshipRequest", related_name="mentorships", on_delete=fields.RESTRICT
    )
    request_id: Any
    proposal: fields.ForeignKeyNullableRelation[MatchProposal] = fields.ForeignKeyField(
        "models.MatchProposal", related_name="mentorships", on_delete=fields.RESTRICT, null=True
    )
    proposal_id: Any
    state = fields.CharEnumField(MentorshipState, max_length=10, default=MentorshipState.ACTIVE)
    started_on: date = fields.DateField()
    closed_on: date | None = fields.DateField(null=True)
    closing_reason = fields.CharEnumField(ClosingReason, max_length=30, null=True)
    version = fields.IntField(default=1)

    class Meta:
        table = "mentorship"
        indexes = [
            Index(fields=("mentor_id", "state"), name="mentorship_mentor_idx"),
            Index(fields=("request_id",), name="mentorship_request_idx"),
            Index(fields=("state", "started_on"), name="mentorship_state_idx"),
        ]
        constraints = [
            UniqueConstraint(
                ("request_id",), "mentorship_active_uniq", condition="state = 'ACTIVE'"
            ),
            UniqueConstraint(("proposal_id",), "mentorship_proposal_uniq"),
            CheckConstraint(
                "(state = 'CLOSED') = (closed_on IS NOT NULL)"
                " AND (closed_on IS NULL) = (closing_reason IS NULL)",
                "mentorship_closed_check",
            ),
        ]
