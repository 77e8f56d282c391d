"""The tables, one file per noun, gathered here because Tortoise discovers them in one module.

Columns, constraints and access rules only; behaviour lives in the nouns of `service`.
"""

from service.models.accounts import Account, ApiToken, RoleGrant
from service.models.appointments import ActingDesignation, Appointment
from service.models.audit import AuditCheckpoint, AuditEvent, AuditValue, IdempotencyKey
from service.models.compatibility_models import CompatibilityModel
from service.models.courses import Course
from service.models.match_audits import MatchAudit
from service.models.match_outcomes import MatchOutcome
from service.models.match_overrides import MatchOverride
from service.models.match_runs import (
    MatchProposal,
    MatchRun,
    MatchRunInput,
    RunningMatch,
    UnmatchedMentee,
)
from service.models.mentors import DeclaredConflict, Mentor
from service.models.mentorship_requests import MentorPreference, MentorshipRequest
from service.models.mentorships import Mentorship
from service.models.missions import Mission
from service.models.people import Education, Experience, Person, PersonLanguage
from service.models.persisted_operations import PersistedOperation
from service.models.posts import Post, PostLanguage
from service.models.reference import (
    Competency,
    CompetencyFramework,
    MemberState,
    RatingLevel,
    RatingScale,
    Term,
)
from service.models.rows import Row

__all__ = [
    "Account",
    "ActingDesignation",
    "ApiToken",
    "Appointment",
    "AuditCheckpoint",
    "AuditEvent",
    "AuditValue",
    "CompatibilityModel",
    "Competency",
    "CompetencyFramework",
    "Course",
    "DeclaredConflict",
    "Education",
    "Experience",
    "IdempotencyKey",
    "MatchAudit",
    "MatchOutcome",
    "MatchOverride",
    "MatchProposal",
    "MatchRun",
    "MatchRunInput",
    "MemberState",
    "Mentor",
    "MentorPreference",
    "Mentorship",
    "MentorshipRequest",
    "Mission",
    "PersistedOperation",
    "Person",
    "PersonLanguage",
    "Post",
    "PostLanguage",
    "RatingLevel",
    "RatingScale",
    "RoleGrant",
    "Row",
    "RunningMatch",
    "Term",
    "UnmatchedMentee",
]
