"""Match runs with their proposals and the mentees who still wait.

A run is stored whole or not at all and never changed; only a proposal's decision is added.
"""

from datetime import datetime
from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from service.access.conditions import Blank, Compare, Some, any_of
from service.access.rules import Rules
from service.models.mentors import Mentor
from service.models.mentorship_requests import MentorshipRequest
from service.models.rows import Row
from service.models.vocabulary import MatchRunTrigger, ProposalState, UnmatchedReason


class MatchRun(Row):
    """One computed optimum over everyone who waits, with its proof."""

    access = Rules("match_run")

    number = fields.IntField(unique=True)
    trigger = fields.CharEnumField(MatchRunTrigger, max_length=20)
    input_digest = fields.CharField(max_length=64)
    # Of the same without what stood: by it the next run knows that nothing has changed.
    repeat_digest = fields.CharField(max_length=64, null=True)
    configuration: dict[str, Any] = fields.JSONField()
    versions: dict[str, Any] = fields.JSONField()
    prices: dict[str, int] = fields.JSONField()
    surpluses: dict[str, int] = fields.JSONField()
    # Nothing of runs that were stored before there was such a thing.
    group_prices: dict[str, dict[str, dict[str, int]]] | None = fields.JSONField(null=True)
    load_prices: dict[str, int] | None = fields.JSONField(null=True)
    # What one more pair, and what keeping a standing one, counted in the prices; in millionths.
    reward: int | None = fields.BigIntField(null=True)
    standing_bonus: int | None = fields.BigIntField(null=True)
    aims: dict[str, dict[str, float]] | None = fields.JSONField(null=True)
    stability: dict[str, float] | None = fields.JSONField(null=True)
    # How likely each pair was to be made, or why that cannot be told.
    propensities: str | None = fields.TextField(null=True)
    broken_pin_count: int | None = fields.IntField(null=True)
    mentee_count = fields.IntField()
    mentor_count = fields.IntField()
    proposal_count = fields.IntField()
    unmatched_count = fields.IntField()
    objective = fields.FloatField()
    bound = fields.FloatField()
    gap = fields.FloatField()
    started_at: datetime = fields.DatetimeField()
    duration_ms = fields.IntField()
    # Unknown of runs that were stored before it was counted.
    rounds: int | None = fields.IntField(null=True)
    proposals: fields.ReverseRelation["MatchProposal"]
    unmatched: fields.ReverseRelation["UnmatchedMentee"]
    inputs: fields.ReverseRelation["MatchRunInput"]

    class Meta:
        table = "match_run"


class MatchRunInput(Row):
    """Everything that one run was computed from, packed: sensitive, and only for its check."""

    # No role holds a permission on it, and no type of the API is made of it.
    access = Rules("match_run_input")

    run: fields.ForeignKeyRelation[MatchRun] = fields.ForeignKeyField(
        "models.MatchRun", related_name="inputs", on_delete=fields.RESTRICT
    )
    run_id: Any
    content: bytes = fields.BinaryField()

    class Meta:
        table = "match_run_input"
        constraints = [UniqueConstraint(("run_id",), "match_run_input_run_uniq")]


class RunningMatch(Row):
    """The match run under way: how far it has come. There is one at most, or none."""

    access = Rules("match_run")

    # The table keeps one row, and shows it while its holder holds the turn.
    place = fields.SmallIntField(default=1, unique=True)
    holder = fields.CharField(max_length=60)
    trigger = fields.CharEnumField(MatchRunTrigger, max_length=20)
    started_at: datetime = fields.DatetimeField()
    phase = fields.CharField(max_length=40)
    rounds = fields.IntField()
    edges = fields.IntField()
    open_pairs: int | None = fields.IntField(null=True)
    gap: float | None = fields.FloatField(null=True)
    cancelled_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "running_match"


class MatchProposal(Row):
    """A pair the run proposes; a person decides."""

    access = Rules(
        "match_proposal",
        own=any_of(
            [
                Some("mentorships", Some("mentor", Compare("person_id", "=", Blank.ME))),
                Some("mentorships", Some("request", Compare("person_id", "=", Blank.ME))),
            ]
        ),
        # The shares say which mentors the mentee named and which gender they asked for.
        guarded={"read_file": frozenset({"contributions"})},
    )

    uneven = frozenset({"state"})

    run: fields.ForeignKeyRelation[MatchRun] = fields.ForeignKeyField(
        "models.MatchRun", related_name="proposals", on_delete=fields.RESTRICT
    )
    run_id: Any
    request: fields.ForeignKeyRelation[MentorshipRequest] = fields.ForeignKeyField(
        "models.MentorshipRequest", related_name="proposals", on_delete=fields.RESTRICT
    )
    request_id: Any
    mentor: fields.ForeignKeyRelation[Mentor] = fields.ForeignKeyField(
        "models.Mentor", related_name="proposals", on_delete=fields.RESTRICT
    )
    mentor_id: Any
    runner_up: fields.ForeignKeyNullableRelation[Mentor] = fields.ForeignKeyField(
        "models.Mentor", related_name="runner_up_proposals", on_delete=fields.RESTRICT, null=True
    )
    runner_up_id: Any
    score = fields.FloatField()
    contributions: dict[str, float] = fields.JSONField()
    state = fields.CharEnumField(ProposalState, max_length=10, default=ProposalState.PROPOSED)
    rejection_reason = fields.TextField(null=True)
    decided_at: datetime | None = fields.DatetimeField(null=True)
    decided_by_id: Any = fields.UUIDField(null=True)
    version = fields.IntField(default=1)
    mentorships: fields.ReverseRelation[Any]

    class Meta:
        table = "match_proposal"
        indexes = [
            Index(fields=("run_id", "score", "id"), name="match_proposal_run_idx"),
            Index(fields=("request_id",), name="match_proposal_request_idx"),
            Index(fields=("mentor_id",), name="match_proposal_mentor_idx"),
            Index(fields=("state",), name="match_proposal_state_idx"),
        ]
        constraints = [
            UniqueConstraint(("run_id", "request_id"), "match_proposal_request_uniq"),
            UniqueConstraint(
                ("request_id",), "match_proposal_standing_uniq", condition="state = 'PROPOSED'"
            ),
            CheckConstraint(
                "(state = 'REJECTED') = (rejection_reason IS NOT NULL)",
                "match_proposal_rejection_check",
            ),
            CheckConstraint(
                "(state IN ('APPROVED', 'REJECTED')) = (decided_at IS NOT NULL)",
                "match_proposal_decision_check",
            ),
        ]


class UnmatchedMentee(Row):
    """A mentee for whom the run found nobody, and why."""

    access = Rules("match_run")

    run: fields.ForeignKeyRelation[MatchRun] = fields.ForeignKeyField(
        "models.MatchRun", related_name="unmatched", on_delete=fields.RESTRICT
    )
    run_id: Any
    request: fields.ForeignKeyRelation[MentorshipRequest] = fields.ForeignKeyField(
        "models.MentorshipRequest", related_name="unmatched", on_delete=fields.RESTRICT
    )
    request_id: Any
    reason = fields.CharEnumField(UnmatchedReason, max_length=20)
    rule_counts: dict[str, int] = fields.JSONField()

    class Meta:
        table = "unmatched_mentee"
        constraints = [UniqueConstraint(("run_id", "request_id"), "unmatched_mentee_uniq")]
