"""One case for every mutation: a sound input in a test's world, and who may send it.

Plain data. Whoever is named nowhere in a case is known, sees the thing, and may not.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from service import clock, models
from service.access.roles import Role
from tests import factories, programmes
from tests.schema.served import EVERYBODY, World, opaque, opaque_id

Input = dict[str, Any]
Bad = tuple[Input, str, list[str]]

# Whoever sees the file of a leader in the first mission whom nobody announced.
_READERS = {"owner", "hr", "hr_here", "auditor", "decision_authority", "hiring_department"}
_PROGRAMME = {"hr", "mentoring_manager"}


@dataclass(frozen=True)
class Case:
    """A mutation with its input, made in a world; `other` differs from it, `bad` breaks it."""

    given: Callable[[World], Awaitable[Input]]
    allowed: frozenset[str]
    hidden: frozenset[str]
    other: Input
    bad: Bad

    def code(self, caller: str) -> str | None:
        """The code of the refusal that this caller gets; None for those who may."""
        if caller in self.allowed:
            return None
        return "NOT_FOUND" if caller in self.hidden else "NOT_ALLOWED"


CASES: dict[str, Case] = {}


def _case(
    *, allowed: set[str], seen: set[str] | None = None, other: Input, bad: Bad
) -> Callable[[Callable[[World], Awaitable[Input]]], Callable[[World], Awaitable[Input]]]:
    """Registers the input under the function's name; `seen` are those the thing is not hidden from."""

    def register(given: Callable[[World], Awaitable[Input]]) -> Callable[..., Awaitable[Input]]:
        head, *tail = given.__name__.split("_")
        verb = head + "".join(word.capitalize() for word in tail)
        hidden = frozenset() if seen is None else frozenset(EVERYBODY) - seen - allowed
        CASES[verb] = Case(given, frozenset(allowed), hidden, other, bad)
        return given

    return register


@_case(
    allowed={"hr"},
    other={"familyName": "Another"},
    bad=({"familyName": " "}, "INVALID", ["familyName"]),
)
async def create_person(world: World) -> Input:
    return {"givenNames": "Grace", "familyName": "Njoroge"}


@_case(
    allowed={"owner", "hr", "hr_here"},
    seen=_READERS,
    other={"expertise": "Elections."},
    bad=({"version": 9}, "VERSION_CONFLICT", ["version"]),
)
async def update_person(world: World) -> Input:
    return {"id": opaque(world.owner), "version": 1, "expertise": "Mediation."}


@_case(
    allowed={"owner", "hr", "hr_here"},
    seen=_READERS,
    other={"title": "Director"},
    bad=({"endedOn": "2011-12-31"}, "INVALID", ["endedOn"]),
)
async def record_experience(world: World) -> Input:
    return {
        "personId": opaque(world.owner),
        "organisation": "African Union",
        "title": "Envoy",
        "stream": "CIVILIAN",
        "startedOn": "2012-01-01",
    }


@_case(
    allowed={"hr", "hr_here"},
    other={"termEndsOn": "2026-01-31"},
    bad=({"startedOn": "2009-12-31"}, "INVALID", ["postId"]),
)
async def record_appointment(world: World) -> Input:
    post = await factories.make_post(mission=world.here)
    return {
        "personId": opaque(world.owner),
        "postId": opaque(post),
        "startedOn": "2024-01-31",
    }


@_case(
    allowed={"hr", "hr_here"},
    seen=_READERS,
    other={"termEndsOn": "2030-01-31"},
    bad=({"to": "ENDED"}, "CONFLICT", ["to"]),
)
async def advance_appointment(world: World) -> Input:
    post = await factories.make_post(mission=world.here)
    row = await factories.make_appointment(
        person=world.owner, post=post, state="OFFERED", started_on=None, term_ends_on=None
    )
    return {"id": opaque(row), "version": 1, "to": "ACCEPTED"}


@_case(
    allowed={"hr", "hr_here"},
    seen=_READERS,
    other={"termEndsOn": "2032-01-14"},
    bad=({"termEndsOn": "2029-01-14"}, "INVALID", ["termEndsOn"]),
)
async def extend_appointment(world: World) -> Input:
    return {"id": opaque(world.appointment), "version": 1, "termEndsOn": "2031-01-14"}


@_case(
    allowed={"hr", "hr_here"},
    seen=_READERS,
    other={"cause": "RESIGNATION"},
    bad=({"endedOn": "2999-01-01"}, "INVALID", ["endedOn"]),
)
async def end_appointment(world: World) -> Input:
    return {
        "id": opaque(world.appointment),
        "version": 1,
        "endedOn": "2024-06-30",
        "cause": "TERM_END",
    }


@_case(
    allowed={"hr", "hr_here"},
    other={"kind": "OFFICER_IN_CHARGE"},
    bad=({"endedOn": "2024-01-31"}, "INVALID", ["endedOn"]),
)
async def designate_acting(world: World) -> Input:
    return {
        "personId": opaque(world.owner),
        "postId": opaque(await factories.make_post(mission=world.here)),
        "kind": "ACTING",
        "startedOn": "2024-02-01",
    }


@_case(
    allowed={"owner", "hr", "hr_here"},
    seen=_READERS,
    other={"capacity": 2},
    bad=({"consents": False}, "INVALID", ["consents"]),
)
async def register_mentor(world: World) -> Input:
    return {"personId": opaque(world.owner), "consents": True}


@_case(
    allowed={"mentor", *_PROGRAMME},
    seen={"auditor", "mentee"},
    other={"capacity": 3},
    bad=({"capacity": 6}, "INVALID", ["capacity"]),
)
async def update_mentor(world: World) -> Input:
    return {"id": opaque(world.mentor), "version": 1, "capacity": 2}


@_case(
    allowed={"owner", "hr", "hr_here"},
    seen=_READERS,
    other={"goals": "Lead through an election."},
    bad=({"goals": "ok"}, "INVALID", ["goals"]),
)
async def request_mentor(world: World) -> Input:
    return {"personId": opaque(world.owner), "goals": "Lead through a transition."}


async def waiting(world: World) -> models.MentorshipRequest:
    """The leader's request for a mentor."""
    return await factories.make_request(appointment=world.appointment)


@_case(
    allowed={"owner", "hr_here", *_PROGRAMME},
    seen={"auditor"},
    other={"version": 2},
    bad=({"version": 9}, "VERSION_CONFLICT", ["version"]),
)
async def withdraw_request(world: World) -> Input:
    return {"id": opaque(await waiting(world)), "version": 1}


@_case(
    allowed=_PROGRAMME,
    other={"note": "Because of another election."},
    bad=({"note": "x" * 10_001}, "INVALID", ["note"]),
)
async def start_match_run(world: World) -> Input:
    await waiting(world)
    return {"note": "Because of the election."}


@_case(
    allowed=_PROGRAMME,
    seen={"auditor"},
    other={"note": "Because of another mistake."},
    bad=({"id": "Nonsense"}, "INVALID", ["id"]),
)
async def cancel_match_run(world: World) -> Input:
    return {"id": opaque(await programmes.a_running_match()), "note": "Because of a mistake."}


async def proposed(world: World) -> models.MatchProposal:
    """The leader with the mentor, as a run proposes them."""
    return await factories.make_proposal(request=await waiting(world), mentor=world.mentor)


@_case(
    allowed=_PROGRAMME,
    seen={"auditor"},
    other={"version": 2},
    bad=({"version": 9}, "VERSION_CONFLICT", ["version"]),
)
async def approve_match_proposal(world: World) -> Input:
    return {"id": opaque(await proposed(world)), "version": 1}


@_case(
    allowed=_PROGRAMME,
    seen={"auditor"},
    other={"reason": "They have shared an office."},
    bad=({"reason": "no"}, "INVALID", ["reason"]),
)
async def reject_match_proposal(world: World) -> Input:
    return {"id": opaque(await proposed(world)), "version": 1, "reason": "They are related."}


async def paired(world: World) -> models.Mentorship:
    """The leader and the mentor at work together."""
    request = await factories.make_request(appointment=world.appointment, state="MATCHED")
    return await factories.make_mentorship(request=request, mentor=world.mentor)


@_case(
    allowed={"owner", "mentor", *_PROGRAMME},
    seen={"auditor"},
    other={"reason": "COMPLETED"},
    bad=({"version": 9}, "VERSION_CONFLICT", ["version"]),
)
async def close_mentorship(world: World) -> Input:
    return {"id": opaque(await paired(world)), "version": 1, "reason": "NOT_A_FIT"}


@_case(
    allowed={"owner", *_PROGRAMME},
    seen={"auditor", "mentor"},
    other={"rating": 5},
    bad=({"rating": 6}, "INVALID", ["rating"]),
)
async def record_match_outcome(world: World) -> Input:
    return {
        "mentorshipId": opaque(await paired(world)),
        "side": "MENTEE",
        "cycle": 1,
        "cycleEndedOn": "2024-10-31",
        "rating": 4,
    }


@_case(
    allowed={"owner", *_PROGRAMME},
    seen={"auditor"},
    other={"goalsMet": 5},
    bad=({"version": 9}, "VERSION_CONFLICT", ["version"]),
)
async def correct_match_outcome(world: World) -> Input:
    row = await factories.make_outcome(mentorship=await paired(world))
    return {"id": opaque(row), "version": 1, "reason": "A slip of the pen.", "goalsMet": 4}


@_case(
    allowed=_PROGRAMME,
    other={"kind": "PIN"},
    bad=({"endsOn": "2024-01-01"}, "INVALID", ["endsOn"]),
)
async def propose_match_override(world: World) -> Input:
    return {
        "kind": "BAN",
        "requestId": opaque(await waiting(world)),
        "mentorId": opaque(world.mentor),
        "reason": "They have shared an office.",
        "endsOn": str(await clock.today() + timedelta(days=90)),
    }


async def overridden(world: World, **values: Any) -> models.MatchOverride:
    """What somebody proposed about the leader and the mentor."""
    request = await waiting(world)
    return await factories.make_override(request=request, mentor=world.mentor, **values)


@_case(
    allowed=_PROGRAMME,
    seen={"auditor"},
    other={"version": 2},
    bad=({"version": 9}, "VERSION_CONFLICT", ["version"]),
)
async def approve_match_override(world: World) -> Input:
    row = await overridden(world, kind="PIN")
    await factories.suit(await row.request, world.mentor)
    return {"id": opaque(row), "version": 1}


@_case(
    allowed=_PROGRAMME,
    seen={"auditor"},
    other={"reason": "Another reason."},
    bad=({"reason": "no"}, "INVALID", ["reason"]),
)
async def decline_match_override(world: World) -> Input:
    return {"id": opaque(await overridden(world)), "version": 1, "reason": "Not proved."}


@_case(
    allowed=_PROGRAMME,
    seen={"auditor"},
    other={"reason": "Another reason."},
    bad=({"version": 9}, "VERSION_CONFLICT", ["version"]),
)
async def withdraw_match_override(world: World) -> Input:
    row = await overridden(world, state="IN_FORCE")
    return {"id": opaque(row), "version": 1, "reason": "They have made peace."}


@_case(
    allowed=_PROGRAMME,
    seen={"auditor"},
    other={"reason": "Another reason."},
    bad=({"version": 9}, "VERSION_CONFLICT", ["version"]),
)
async def approve_compatibility_model(world: World) -> Input:
    return {"id": opaque(await factories.make_model()), "version": 1, "reason": "It is better."}


@_case(
    allowed=_PROGRAMME,
    seen={"auditor"},
    other={"reason": "Another reason."},
    bad=({"reason": "no"}, "INVALID", ["reason"]),
)
async def reject_compatibility_model(world: World) -> Input:
    return {"id": opaque(await factories.make_model()), "version": 1, "reason": "It is worse."}


@_case(
    allowed=_PROGRAMME,
    seen={"auditor"},
    other={"reason": "Another reason."},
    bad=({"version": 9}, "VERSION_CONFLICT", ["version"]),
)
async def retire_compatibility_model(world: World) -> Input:
    row = await factories.make_model(
        state="APPROVED",
        decided_at=factories.NOON,
        decided_by_id=world.owner.id,
        decision_reason="It was better.",
    )
    return {"id": opaque(row), "version": 1, "reason": "The world has changed."}


@_case(
    allowed={"administrator"},
    other={"label": "Another desk"},
    bad=({"label": ""}, "INVALID", ["label"]),
)
async def create_account(world: World) -> Input:
    return {"label": "Desk", "personId": opaque(world.owner)}


@_case(
    allowed={"administrator"},
    seen={"auditor"},
    other={"label": "Phone"},
    bad=({"expiresAt": "2999-01-01T00:00:00Z"}, "INVALID", ["expiresAt"]),
)
async def issue_token(world: World) -> Input:
    return {"accountId": opaque(await factories.make_account()), "label": "Laptop"}


@_case(
    allowed={"administrator"},
    seen={"auditor"},
    other={"id": opaque_id("ApiToken", UUID(int=1))},
    bad=({"id": "Nonsense"}, "INVALID", ["id"]),
)
async def revoke_token(world: World) -> Input:
    return {"id": opaque(await factories.make_token())}


@_case(
    allowed={"administrator"},
    seen={"auditor"},
    other={"role": "MENTEE"},
    bad=({"role": "HIRING_DEPARTMENT"}, "INVALID", ["missionId"]),
)
async def grant_role(world: World) -> Input:
    return {"accountId": opaque(await factories.make_account()), "role": "AUDITOR"}


@_case(
    allowed={"administrator"},
    seen={"auditor"},
    other={"id": opaque_id("RoleGrant", UUID(int=1))},
    bad=({"id": "Nonsense"}, "INVALID", ["id"]),
)
async def revoke_role(world: World) -> Input:
    return {"id": opaque(await factories.make_grant(role=Role.AUDITOR))}


@_case(
    allowed={"hr"},
    other={"places": 21},
    bad=({"places": 0}, "INVALID", ["places"]),
)
async def create_course(world: World) -> Input:
    return {
        "title": "Senior Mission Leaders' Course",
        "organiser": "Integrated Training Service",
        "language": "en",
        "startsOn": date(2026, 3, 2).isoformat(),
        "endsOn": date(2026, 3, 13).isoformat(),
        "places": 20,
    }
