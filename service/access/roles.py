"""The roles of the field and the permissions each one carries.

A permission is `verb.scope.noun`, scope one of own, assigned, any. What no
role lists, nobody may do.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """Who a person is to the pipeline; one account may hold several."""

    CANDIDATE = "CANDIDATE"
    HR_OFFICER = "HR_OFFICER"
    HIRING_DEPARTMENT = "HIRING_DEPARTMENT"
    FOCAL_POINT = "FOCAL_POINT"
    ASSESSOR = "ASSESSOR"
    PANEL_CHAIR = "PANEL_CHAIR"
    EX_OFFICIO = "EX_OFFICIO"
    CLEARANCE_OFFICER = "CLEARANCE_OFFICER"
    DECISION_AUTHORITY = "DECISION_AUTHORITY"
    COUNCIL_LIAISON = "COUNCIL_LIAISON"
    MENTOR = "MENTOR"
    MENTEE = "MENTEE"
    MENTORING_MANAGER = "MENTORING_MANAGER"
    COMPACT_REVIEWER = "COMPACT_REVIEWER"
    AUDITOR = "AUDITOR"
    ADMINISTRATOR = "ADMINISTRATOR"

    @property
    def label(self) -> str:
        """Its name, for people."""
        return DUTIES[self].label

    @property
    def meaning(self) -> str:
        """What it is for."""
        return DUTIES[self].meaning


class Assignment(StrEnum):
    """Why a row is assigned to a caller."""

    MISSION = "MISSION"
    PROGRAMME = "PROGRAMME"
    MENTOR = "MENTOR"
    MENTEE = "MENTEE"


@dataclass(frozen=True)
class Duty:
    """What a role is for, its permissions, and what `assigned` means to it."""

    label: str
    meaning: str
    permissions: frozenset[str]
    assignment: Assignment = Assignment.MISSION


def _permissions(scope: str, **nouns: str) -> Iterable[str]:
    """`person="read update"` becomes `read.<scope>.person` and `update.<scope>.person`."""
    for noun, verbs in nouns.items():
        yield from (f"{verb}.{scope}.{noun}" for verb in verbs.split())


# Everybody who holds any role sees their own account and can end their own tokens.
_OWN_ACCOUNT = tuple(_permissions("own", account="read", api_token="revoke"))  # noqa: S106 - a noun


def _duty(
    label: str,
    meaning: str,
    *permissions: Iterable[str],
    assignment: Assignment = Assignment.MISSION,
) -> Duty:
    every = frozenset(p for group in (_OWN_ACCOUNT, *permissions) for p in group)
    return Duty(label, meaning, every, assignment)


# What the API is made of. Its clients carry it with them, so this is for those who build or check.
_SCHEMA = tuple(_permissions("any", schema="introspect"))

_OWN_FILE = tuple(
    _permissions(
        "own",
        person="read read_file update record_experience",
        appointment="read read_file",
        mentor="read read_file update register",
        mentorship_request="read read_file request withdraw",
        mentorship="read close",
        match_outcome="read read_file record correct",
        match_proposal="read",
    )
)

DUTIES: dict[Role, Duty] = {
    Role.CANDIDATE: _duty("Candidate", "Sees and keeps up their own file.", _OWN_FILE),
    Role.HR_OFFICER: _duty(
        "HR officer",
        "Leadership unit: keeps files, posts and appointments; of all missions or of one.",
        _SCHEMA,
        _permissions(
            "any",
            person="create read read_file update record_experience",
            appointment="read read_file record extend end transition",
            acting_designation="read designate",
            course="create",
            mentor="read read_file register update",
            mentorship_request="read read_file request withdraw",
            match_run="read start cancel",
            match_proposal="read read_file approve reject",
            mentorship="read close",
            match_outcome="read record correct",
            match_override="read propose approve decline withdraw",
            compatibility_model="read approve reject retire",
            match_audit="read",
        ),
    ),
    Role.MENTORING_MANAGER: _duty(
        "Mentoring manager",
        "Runs the mentoring programme; sees its members and pairs, nobody else's file.",
        _SCHEMA,
        _permissions("assigned", person="read read_file"),
        _permissions(
            "any",
            mentor="read read_file register update",
            mentorship_request="read read_file request withdraw",
            match_run="read start cancel",
            match_proposal="read read_file approve reject",
            mentorship="read close",
            match_outcome="read read_file record correct",
            match_override="read propose approve decline withdraw",
            compatibility_model="read approve reject retire",
            match_audit="read",
        ),
        assignment=Assignment.PROGRAMME,
    ),
    Role.MENTOR: _duty(
        "Mentor",
        "A former leader: sees their own pairs and what those mentees agreed to share.",
        _OWN_FILE,
        _permissions("assigned", person="read", mentorship_request="read"),
        assignment=Assignment.MENTOR,
    ),
    Role.MENTEE: _duty(
        "Mentee",
        "A head or deputy head of mission: sees their own pair and the mentors' profiles.",
        _OWN_FILE,
        _permissions("assigned", person="read", mentor="read"),
        assignment=Assignment.MENTEE,
    ),
    Role.DECISION_AUTHORITY: _duty(
        "Decision authority",
        "Decides on appointments; sees files and appointments.",
        _SCHEMA,
        _permissions(
            "any", person="read read_file", appointment="read read_file", acting_designation="read"
        ),
    ),
    Role.HIRING_DEPARTMENT: _duty(
        "Hiring department",
        "Sees the appointments of its missions.",
        _permissions("assigned", person="read", appointment="read", acting_designation="read"),
    ),
    Role.FOCAL_POINT: _duty("Focal point", "Nominates for a State or entity; sees open data."),
    Role.ASSESSOR: _duty("Assessor", "Rates candidates; sees open data until assigned."),
    Role.PANEL_CHAIR: _duty("Panel chair", "Leads a panel; sees open data until assigned."),
    Role.EX_OFFICIO: _duty("Ex officio adviser", "Advises a panel without a vote."),
    Role.CLEARANCE_OFFICER: _duty("Clearance officer", "Returns outcomes of one kind of check."),
    Role.COUNCIL_LIAISON: _duty("Council liaison", "Logs notices to the Council and replies."),
    Role.COMPACT_REVIEWER: _duty("Compact reviewer", "Reviews compacts within a remit."),
    Role.AUDITOR: _duty(
        "Auditor",
        "Reads everything, changes nothing.",
        _SCHEMA,
        _permissions(
            "any",
            person="read read_file",
            appointment="read read_file",
            acting_designation="read",
            mentor="read read_file",
            mentorship_request="read read_file",
            match_run="read",
            match_proposal="read read_file",
            mentorship="read",
            match_outcome="read read_file",
            match_override="read",
            compatibility_model="read",
            match_audit="read",
            account="read",
            audit_event="read",
        ),
    ),
    Role.ADMINISTRATOR: _duty(
        "Administrator",
        "Keeps accounts, roles and tokens; sees no case content.",
        _SCHEMA,
        _permissions(
            "any",
            account="read create",
            role_grant="grant revoke",
            api_token="issue revoke",  # noqa: S106 - a noun, not a password
            metric="read",
            request="debug",
        ),
    ),
}
