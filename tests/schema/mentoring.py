"""The mentoring programme of the compact world: pairs, runs, what people decided and rated."""

from datetime import timedelta
from hashlib import sha256

from service import models
from tests.schema.callers import account, key
from tests.schema.rows import DAY, HASH, NOON, add

OVERRIDES = ("ban of mentor", "old pin of mentor", "pin of hidden mentor", "declined")
OUTCOMES = ("mentee on pair", "mentor on pair", "mentee on old pair", "hidden mentor on old pair")


async def plant_programme() -> None:
    await add(
        models.Mentor,
        {
            "offer of mentor": {
                "person_id": key("mentor"), "capacity": 2, "themes": ["ELECTIONS", "PROTECTION"],
                "consented_at": NOON, "refused_nationalities": ["ZZZ"], "statement": "I listen.",
                "available_from": DAY, "conflicts_declared_at": NOON,
            },
            "offer of hidden mentor": {
                "person_id": key("hidden mentor"), "capacity": 1, "themes": [],
                "consented_at": NOON, "withdrawn_at": NOON, "time_zone": "Africa/Nairobi",
            },
        },
    )  # fmt: skip
    await add(
        models.MentorshipRequest,
        {
            "request": {
                "person_id": key("mentee"), "appointment_id": key("of mentee"),
                "state": "MATCHED", "goals": "Grow.", "requested_at": NOON,
                "preferred_gender": "MALE", "top_criterion": "LANGUAGE",
                "refused_nationalities": ["KEN"],
            },
            "waiting request": {
                "person_id": key("waiting mentee"), "appointment_id": key("of waiting mentee"),
                "goals": "Wait.", "requested_at": NOON + timedelta(hours=1),
                "time_zone": "Europe/Paris",
            },
        },
    )  # fmt: skip
    await add(
        models.MentorPreference,
        {
            "wish": {
                "request_id": key("request"), "mentor_id": key("offer of mentor"),
                "kind": "PREFERRED", "rank": 1,
            },
            "refusal": {
                "request_id": key("waiting request"), "mentor_id": key("offer of mentor"),
                "kind": "REFUSED",
            },
        },
    )  # fmt: skip
    numbers = dict.fromkeys(
        ("mentee_count", "mentor_count", "proposal_count", "unmatched_count", "duration_ms"), 2
    )
    run = {
        **numbers, "trigger": "NIGHTLY", "input_digest": HASH, "configuration": {"weights": {}},
        "versions": {"cadre": "0"}, "prices": {str(key("offer of mentor")): 5}, "surpluses": {},
        "objective": 1.5, "bound": 1.5, "gap": 0.0, "started_at": NOON,
    }  # fmt: skip
    await add(models.MatchRun, {"run 1": {**run, "number": 1}, "run 2": {**run, "number": 2}})
    cell = {"run_id": key("run 1"), "side": "MENTEE", "group_kind": "GENDER"}
    await add(
        models.MatchAudit,
        {
            "audit of women": {
                **cell, "measure": "MATCH_RATE", "group_value": "FEMALE", "value": 0.1 + 0.2,
                "low": 0.25, "high": 0.5, "people": 12,
            },
            "audit of others": {
                **cell, "measure": "RANK", "group_value": "OTHER", "reason": "Too few to say.",
            },
        },
    )  # fmt: skip
    await add(
        models.MatchProposal,
        {
            "approved": {
                "run_id": key("run 1"), "request_id": key("request"),
                "mentor_id": key("offer of mentor"), "score": 0.1 + 0.2, "state": "APPROVED",
                "runner_up_id": key("offer of hidden mentor"), "decided_at": NOON,
                "contributions": {"preferred_mentor": 0.3},
            },
            "proposed": {
                "run_id": key("run 2"), "request_id": key("waiting request"),
                "mentor_id": key("offer of mentor"), "score": 0.25, "contributions": {},
            },
        },
    )  # fmt: skip
    await add(
        models.UnmatchedMentee,
        {
            "unmatched": {
                "run_id": key("run 1"), "request_id": key("waiting request"),
                "reason": "ALL_ELIGIBLE_FULL", "rule_counts": {"R1": 1},
            }
        },
    )  # fmt: skip
    await add(
        models.Mentorship,
        {
            "pair": {
                "mentor_id": key("offer of mentor"), "request_id": key("request"),
                "proposal_id": key("approved"), "started_on": DAY,
            },
            "old pair": {
                "mentor_id": key("offer of hidden mentor"), "request_id": key("request"),
                "state": "CLOSED", "started_on": DAY, "closed_on": DAY,
                "closing_reason": "COMPLETED",
            },
        },
    )  # fmt: skip
    rating = {"cycle": 1, "cycle_ended_on": DAY, "given_on": DAY}
    await add(
        models.MatchOutcome,
        {
            "mentee on pair": {
                **rating, "mentorship_id": key("pair"), "side": "MENTEE", "rating": 2,
                "goals_met": 1, "meetings_held": 3, "meeting_rhythm": "TOO_RARELY",
                "would_continue": False, "remark": "We rarely met.",
            },
            "mentor on pair": {
                **rating, "mentorship_id": key("pair"), "side": "MENTOR", "rating": 5,
                "would_continue": True, "is_on_behalf": True, "remark": "All went well.",
            },
            "mentee on old pair": {
                **rating, "mentorship_id": key("old pair"), "side": "MENTEE", "rating": 3,
            },
            "hidden mentor on old pair": {
                **rating, "mentorship_id": key("old pair"), "side": "MENTOR", "rating": 3,
            },
        },
    )  # fmt: skip
    override = {"reason": "They fell out.", "proposed_on": DAY, "proposed_by_id": key("somebody")}
    decided = {"decided_on": DAY, "decided_by_id": account("HR_OFFICER")}
    await add(
        models.MatchOverride,
        {
            "ban of mentor": {
                **override, "kind": "BAN", "request_id": key("waiting request"),
                "mentor_id": key("offer of mentor"), "ends_on": DAY + timedelta(days=90),
            },
            "old pin of mentor": {
                **override, **decided, "kind": "PIN", "request_id": key("request"),
                "mentor_id": key("offer of mentor"), "ends_on": DAY + timedelta(days=30),
                "state": "WITHDRAWN", "withdrawn_on": DAY, "withdrawal_reason": "They made peace.",
            },
            "pin of hidden mentor": {
                **override, **decided, "kind": "PIN", "request_id": key("waiting request"),
                "mentor_id": key("offer of hidden mentor"), "state": "IN_FORCE",
                "ends_on": DAY + timedelta(days=60),
            },
            "declined": {
                **override, **decided, "kind": "BAN", "request_id": key("request"),
                "mentor_id": key("offer of hidden mentor"), "state": "DECLINED",
                "ends_on": DAY + timedelta(days=10), "decline_reason": "Hearsay.",
            },
        },
    )  # fmt: skip
    model = {"trained_at": NOON, "verdict": "It beats the base rate.", "figures": {"auc": 0.6}}
    await add(
        models.CompatibilityModel,
        {
            "experts": {
                **model, "model_version": "expert-1", "kind": "EXPERT_WEIGHTS", "row_count": 0,
            },
            "linear": {
                **model, "model_version": "linear-ab", "kind": "LINEAR", "row_count": 400,
                "state": "APPROVED", "archive": b"bytes", "decided_at": NOON,
                "archive_sha256": sha256(b"bytes").hexdigest(),
                "decided_by_id": account("HR_OFFICER"), "decision_reason": "It is better.",
            },
        },
    )  # fmt: skip
