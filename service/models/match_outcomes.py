"""Ratings that the halves of a pair give after a cycle: what learning reads.

Each half's answers stay sealed from the other half. The remark is for people: it is never
a feature and never logged.
"""

from datetime import date
from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from service.access.conditions import Blank, Compare, Condition, Some, all_of, any_of
from service.access.rules import Rules
from service.models.mentorships import Mentorship
from service.models.rows import Row
from service.models.vocabulary import MeetingRhythm, PairSide

_AS_MENTEE = Some("mentorship", Some("request", Compare("person_id", "=", Blank.ME)))
_AS_MENTOR = Some("mentorship", Some("mentor", Compare("person_id", "=", Blank.ME)))
_GRADES = ("rating", "goals_met", "working_relationship", "shared_values")


def _from(side: PairSide, whose: Condition) -> Condition:
    return all_of([Compare("side", "=", side), whose])


class MatchOutcome(Row):
    """How one half of a pair rates a cycle of working together."""

    access = Rules(
        "match_outcome",
        own=any_of([_from(PairSide.MENTEE, _AS_MENTEE), _from(PairSide.MENTOR, _AS_MENTOR)]),
        # Whoever runs the programme and is in a pair does not read what is said of them either.
        sealed=any_of([_from(PairSide.MENTOR, _AS_MENTEE), _from(PairSide.MENTEE, _AS_MENTOR)]),
        guarded={"read_file": frozenset({"remark"})},
    )

    mentorship: fields.ForeignKeyRelation[Mentorship] = fields.ForeignKeyField(
        "models.Mentorship", related_name="outcomes", on_delete=fields.RESTRICT
    )
    mentorship_id: Any
    side = fields.CharEnumField(PairSide, max_length=10)
    cycle = fields.SmallIntField()
    cycle_ended_on: date = fields.DateField()
    rating = fields.SmallIntField()
    goals_met = fields.SmallIntField(null=True)
    working_relationship = fields.SmallIntField(null=True)
    shared_values = fields.SmallIntField(null=True)
    meetings_held = fields.SmallIntField(null=True)
    meeting_rhythm = fields.CharEnumField(MeetingRhythm, max_length=20, null=True)
    would_continue = fields.BooleanField(null=True)
    would_recommend = fields.BooleanField(null=True)
    remark = fields.TextField(null=True)
    given_on: date = fields.DateField()
    given_by_id: Any = fields.UUIDField(null=True)
    is_on_behalf = fields.BooleanField(default=False)
    version = fields.IntField(default=1)

    class Meta:
        table = "match_outcome"
        indexes = [
            Index(fields=("given_on", "id"), name="match_outcome_given_idx"),
            Index(fields=("cycle_ended_on", "id"), name="match_outcome_ended_idx"),
        ]
        constraints = [
            UniqueConstraint(("mentorship_id", "side", "cycle"), "match_outcome_uniq"),
            CheckConstraint("cycle BETWEEN 1 AND 1000", "match_outcome_cycle_check"),
            CheckConstraint("meetings_held BETWEEN 0 AND 100", "match_outcome_meetings_check"),
            CheckConstraint("given_on >= cycle_ended_on", "match_outcome_given_check"),
            *(
                CheckConstraint(f"{name} BETWEEN 1 AND 5", f"match_outcome_{name}_check")
                for name in _GRADES
            ),
        ]
