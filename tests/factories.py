"""Rows that are valid by default, one function a noun; keywords change what a test is about."""

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from service import clock, models
from service.access.actors import ANONYMOUS, Actor, Grant
from service.access.roles import Role
from service.models.vocabulary import (
    ActingKind,
    AppointmentState,
    AuditMeasure,
    Function,
    GroupKind,
    Level,
    MatchRunTrigger,
    MissionType,
    ModelKind,
    OverrideKind,
    PairSide,
    Proficiency,
    Region,
    Stream,
)

STATES = {"KEN": "AFRICAN", "SEN": "AFRICAN", "FRA": "WEOG", "NPL": "ASIA_PACIFIC"}
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def an_actor(
    *roles: Role, person: models.Person | None = None, mission: models.Mission | None = None
) -> Actor:
    """Somebody signed in, who holds these roles for one mission or for all."""
    grants = tuple(Grant(role, mission.id if mission else None) for role in roles)
    return Actor(uuid4(), person.id if person else None, "Somebody", grants)


async def make_states() -> None:
    """The Member States that tests name."""
    for code, group in STATES.items():
        await models.MemberState.get_or_create(
            code=code, defaults={"name": code.title(), "regional_groups": [group]}
        )


async def make_person(**changes: Any) -> models.Person:
    values = {"given_names": "Amina", "family_name": f"Otieno {uuid4().hex[:8]}"}
    return await models.Person.create(**values | changes)


async def make_mission(**changes: Any) -> models.Mission:
    values: dict[str, Any] = {
        "acronym": f"UNX{uuid4().hex[:8].upper()}",
        "name": "United Nations Mission in Example",
        "mission_type": MissionType.PEACEKEEPING,
        "area": "Example",
        "region": Region.AFRICA,
        "started_on": date(2010, 1, 1),
        "working_languages": ["en"],
        "mandate_tasks": ["PROTECTION_OF_CIVILIANS"],
    }
    return await models.Mission.create(**values | changes)


async def make_post(**changes: Any) -> models.Post:
    values: dict[str, Any] = {
        "reference": f"POST-{uuid4().hex[:12]}",
        "function": Function.HEAD_OF_MISSION,
        "title": "Special Representative of the Secretary-General",
        "level": Level.USG,
        "stream": Stream.CIVILIAN,
        "established_on": date(2010, 1, 1),
    } | changes
    if not {"mission", "mission_id"} & set(values):
        values["mission"] = await make_mission()
    return await models.Post.create(**values)


async def make_appointment(**changes: Any) -> models.Appointment:
    values: dict[str, Any] = {
        "state": AppointmentState.IN_POST,
        "started_on": date(2023, 1, 15),
        "term_ends_on": date(2030, 1, 14),
    } | changes
    if not {"person", "person_id"} & set(values):
        values["person"] = await make_person()
    if not {"post", "post_id"} & set(values):
        values["post"] = await make_post()
    return await models.Appointment.create(**values)


async def make_acting_designation(**changes: Any) -> models.ActingDesignation:
    values: dict[str, Any] = {"kind": ActingKind.ACTING, "started_on": date(2024, 1, 1)} | changes
    if not {"person", "person_id"} & set(values):
        values["person"] = await make_person()
    if not {"post", "post_id"} & set(values):
        values["post"] = await make_post()
    return await models.ActingDesignation.create(**values)


async def make_experience(**changes: Any) -> models.Experience:
    values: dict[str, Any] = {
        "organisation": "African Union",
        "function": Function.HEAD_OF_MISSION,
        "title": "Head of Mission",
        "level": Level.USG,
        "stream": Stream.CIVILIAN,
        "started_on": date(2012, 1, 1),
        "ended_on": date(2015, 12, 31),
        "ended_precision": "DAY",
    } | changes
    if not {"person", "person_id"} & set(values):
        values["person"] = await make_person()
    return await models.Experience.create(**values)


async def make_former_leader(**changes: Any) -> models.Person:
    person = await make_person(**changes)
    await make_experience(person=person)
    return person


async def make_mentor(**changes: Any) -> models.Mentor:
    values: dict[str, Any] = {"capacity": 1, "consented_at": NOON} | changes
    if not {"person", "person_id"} & set(values):
        values["person"] = await make_former_leader()
    return await models.Mentor.create(**values)


async def make_request(**changes: Any) -> models.MentorshipRequest:
    values: dict[str, Any] = {"goals": "Lead through a transition.", "requested_at": NOON} | changes
    if not {"appointment", "appointment_id"} & set(values):
        values["appointment"] = await make_appointment()
    if not {"person", "person_id"} & set(values):
        values["person_id"] = values["appointment"].person_id
    return await models.MentorshipRequest.create(**values)


async def make_run(**changes: Any) -> models.MatchRun:
    values: dict[str, Any] = {
        "number": 1 + await models.MatchRun.all().count(),
        "trigger": MatchRunTrigger.PERSON,
        "input_digest": "0" * 64,
        "configuration": {},
        "versions": {},
        "prices": {},
        "surpluses": {},
        "mentee_count": 1,
        "mentor_count": 1,
        "proposal_count": 1,
        "unmatched_count": 0,
        "objective": 0.8,
        "bound": 0.8,
        "gap": 0.0,
        "started_at": NOON,
        "duration_ms": 12,
    }
    return await models.MatchRun.create(**values | changes)


async def make_audit(**changes: Any) -> models.MatchAudit:
    values: dict[str, Any] = {
        "measure": AuditMeasure.MATCH_RATE,
        "side": PairSide.MENTEE,
        "group_kind": GroupKind.GENDER,
        "group_value": "FEMALE",
        "value": 0.5,
        "low": 0.4,
        "high": 0.6,
        "people": 25,
    } | changes
    if not {"run", "run_id"} & set(values):
        values["run"] = await make_run()
    return await models.MatchAudit.create(**values)


async def make_proposal(**changes: Any) -> models.MatchProposal:
    values: dict[str, Any] = {"score": 0.8, "contributions": {"function": 0.8}} | changes
    for name, make in {"run": make_run, "request": make_request, "mentor": make_mentor}.items():
        if not {name, f"{name}_id"} & set(values):
            values[name] = await make()
    return await models.MatchProposal.create(**values)


async def make_mentorship(**changes: Any) -> models.Mentorship:
    values: dict[str, Any] = {"started_on": NOON.date()} | changes
    if not {"mentor", "mentor_id"} & set(values):
        values["mentor"] = await make_mentor()
    if not {"request", "request_id"} & set(values):
        values["request"] = await make_request(state="MATCHED")
    return await models.Mentorship.create(**values)


async def make_outcome(**changes: Any) -> models.MatchOutcome:
    values: dict[str, Any] = {
        "side": PairSide.MENTEE,
        "cycle": 1,
        "cycle_ended_on": date(2024, 10, 31),
        "rating": 4,
        "given_on": date(2024, 11, 5),
    } | changes
    if not {"mentorship", "mentorship_id"} & set(values):
        values["mentorship"] = await make_mentorship()
    return await models.MatchOutcome.create(**values)


async def suit(request: models.MentorshipRequest, mentor: models.Mentor) -> None:
    """Makes the two a pair that no rule of the match forbids."""
    for half in (request, mentor):
        await type(half).filter(id=half.id).update(conflicts_declared_at=NOON)
        known = {"person_id": half.person_id, "language": "en"}
        await models.PersonLanguage.get_or_create({"proficiency": Proficiency.C2}, **known)


async def make_pin(**changes: Any) -> models.MatchOverride:
    """A proposed pin that a run of today would keep."""
    row = await make_override(kind=OverrideKind.PIN, **changes)
    await suit(await row.request, await row.mentor)
    return row


async def make_override(**changes: Any) -> models.MatchOverride:
    today = await clock.today()
    values: dict[str, Any] = {
        "kind": OverrideKind.BAN,
        "reason": "They shared an office and fell out.",
        "proposed_on": today,
        "proposed_by_id": uuid4(),
        "ends_on": today + timedelta(days=90),
    } | changes
    if values.get("state", "PROPOSED") != "PROPOSED":
        decided = {"decided_on": values["proposed_on"], "decided_by_id": uuid4()}
        values = decided | values
    for name, make in {"request": make_request, "mentor": make_mentor}.items():
        if not {name, f"{name}_id"} & set(values):
            values[name] = await make()
    return await models.MatchOverride.create(**values)


async def make_model(**changes: Any) -> models.CompatibilityModel:
    archive = changes.get("archive", b"not to be shown")
    values: dict[str, Any] = {
        "model_version": f"linear-{uuid4().hex[:12]}",
        "kind": ModelKind.LINEAR,
        "trained_at": NOON,
        "row_count": 400,
        "verdict": "The logistic beats the base rate.",
        "figures": {"brier": 0.2, "base_brier": 0.24},
        "archive": archive,
        "archive_sha256": None if archive is None else sha256(archive).hexdigest(),
    }
    return await models.CompatibilityModel.create(**values | changes)


async def make_account(**changes: Any) -> models.Account:
    return await models.Account.create(**{"label": f"Account {uuid4().hex[:8]}"} | changes)


async def make_grant(**changes: Any) -> models.RoleGrant:
    values: dict[str, Any] = {"role": Role.HR_OFFICER} | changes
    if not {"account", "account_id"} & set(values):
        values["account"] = await make_account()
    return await models.RoleGrant.create(**values)


async def make_token(**changes: Any) -> models.ApiToken:
    values: dict[str, Any] = {
        "label": "Laptop",
        "digest": uuid4().hex * 2,
        "expires_at": datetime.now(UTC) + timedelta(days=1),
    } | changes
    if not {"account", "account_id"} & set(values):
        values["account"] = await make_account()
    return await models.ApiToken.create(**values)


async def history_of(row_id: UUID) -> list[tuple[str, dict[str, Any]]]:
    """What was recorded about a row: each verb with the changes, oldest first."""
    events = await models.AuditEvent.filter(aggregate_id=row_id).order_by("sequence")
    values = {row.event_id: row.changes for row in await models.AuditValue.all()}
    return [(event.verb, values[event.id]) for event in events]


def callers(person: models.Person, mission: models.Mission) -> dict[str, Actor]:
    """Every kind of caller, seen from this person's file in this mission."""
    elsewhere = models.Mission(id=uuid4())
    stranger = models.Person(id=uuid4())
    return {
        "anonymous": ANONYMOUS,
        "stranger": an_actor(Role.CANDIDATE, person=stranger),
        "owner": an_actor(Role.CANDIDATE, person=person),
        "hr": an_actor(Role.HR_OFFICER),
        "hr_elsewhere": an_actor(Role.HR_OFFICER, mission=elsewhere),
        "hr_here": an_actor(Role.HR_OFFICER, mission=mission),
        "manager": an_actor(Role.MENTORING_MANAGER),
        "auditor": an_actor(Role.AUDITOR),
        "administrator": an_actor(Role.ADMINISTRATOR),
    }
