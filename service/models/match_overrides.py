"""Pins and bans: pairs that people decided must be proposed, or must not be.

What was proposed is never rewritten; decisions are added, by somebody else than who proposed it.
Both halves of the pair neither read nor decide, whatever roles they hold.
"""

from datetime import date
from typing import Any, Final

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

from service.access.conditions import Blank, Compare, Some, any_of
from service.access.rules import Rules
from service.models.mentors import Mentor
from service.models.mentorship_requests import MentorshipRequest
from service.models.rows import Derived, Row
from service.models.vocabulary import OverrideKind, OverrideState

COUNTS_TODAY: Final = (
    "({row}.state = 'IN_FORCE' AND {row}.ends_on > CURRENT_DATE"
    " AND EXISTS (SELECT FROM mentorship_request asking"
    " WHERE asking.id = {row}.request_id AND asking.state = 'WAITING')"
    " AND EXISTS (SELECT FROM mentor offering"
    " WHERE offering.id = {row}.mentor_id AND offering.withdrawn_at IS NULL))"
)
"""Whether an override binds a run of today; `{row}` stands for the alias of `match_override`."""


class MatchOverride(Row):
    """A pair that must be proposed or must not be, by two people's decision, until a day."""

    access = Rules(
        "match_override",
        sealed=any_of(
            [
                Some("request", Compare("person_id", "=", Blank.ME)),
                Some("mentor", Compare("person_id", "=", Blank.ME)),
            ]
        ),
    )
    derived = {"counts_today": Derived(COUNTS_TODAY, bool)}

    request: fields.ForeignKeyRelation[MentorshipRequest] = fields.ForeignKeyField(
        "models.MentorshipRequest", related_name="overrides", on_delete=fields.RESTRICT
    )
    request_id: Any
    mentor: fields.ForeignKeyRelation[Mentor] = fields.ForeignKeyField(
        "models.Mentor", related_name="overrides", on_delete=fields.RESTRICT
    )
    mentor_id: Any
    kind = fields.CharEnumField(OverrideKind, max_length=10)
    state = fields.CharEnumField(OverrideState, max_length=10, default=OverrideState.PROPOSED)
    reason = fields.TextField()
    ends_on: date = fields.DateField()
    proposed_on: date = fields.DateField()
    proposed_by_id: Any = fields.UUIDField()
    decided_on: date | None = fields.DateField(null=True)
    decided_by_id: Any = fields.UUIDField(null=True)
    decline_reason = fields.TextField(null=True)
    withdrawn_on: date | None = fields.DateField(null=True)
    withdrawal_reason = fields.TextField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        table = "match_override"
        indexes = [
            Index(fields=("request_id", "mentor_id"), name="match_override_pair_idx"),
            Index(fields=("mentor_id",), name="match_override_mentor_idx"),
            Index(fields=("proposed_on", "id"), name="match_override_proposed_idx"),
        ]
        constraints = [
            CheckConstraint("btrim(reason) <> ''", "match_override_reason_check"),
            CheckConstraint(
                "ends_on > proposed_on AND ends_on <= proposed_on + interval '1 year'",
                "match_override_period_check",
            ),
            CheckConstraint(
                "(state = 'PROPOSED') = (decided_on IS NULL)"
                " AND (decided_on IS NULL) = (decided_by_id IS NULL)",
                "match_override_decision_check",
            ),
            CheckConstraint(
                "(state = 'DECLINED') = (decline_reason IS NOT NULL)",
                "match_override_decline_check",
            ),
            CheckConstraint(
                "(state = 'WITHDRAWN') = (withdrawn_on IS NOT NULL)"
                " AND (withdrawn_on IS NULL) = (withdrawal_reason IS NULL)",
                "match_override_withdrawal_check",
            ),
            CheckConstraint(
                "state NOT IN ('IN_FORCE', 'WITHDRAWN') OR decided_by_id <> proposed_by_id",
                "match_override_four_eyes_check",
            ),
        ]
