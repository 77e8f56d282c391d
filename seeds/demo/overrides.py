"""Pins and bans of the demonstration world: what people decided about a pair, or have yet to.

None of them changes what a match proposes: the ban in force keeps apart two whom a rule keeps
apart already, and the others wait for somebody to decide.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from asyncpg.pgproto import pgproto

from seeds.demo.days import TODAY, date_of
from seeds.demo.mentoring import Mentor, Programme
from seeds.demo.profiles import Profiles
from seeds.demo.tenures import Tenure
from seeds.identities import named
from service.models.vocabulary import OverrideKind, OverrideState, PreferenceKind

OVERRIDE: Final = (
    "id",
    "request_id",
    "mentor_id",
    "kind",
    "state",
    "reason",
    "ends_on",
    "proposed_on",
    "proposed_by_id",
    "decided_on",
    "decided_by_id",
    "version",
)
Able = Callable[[Tenure, Sequence[Mentor]], Iterator[Mentor]]
Pair = tuple[pgproto.UUID, pgproto.UUID]

_PROPOSED: Final = TODAY - 12
_DECIDED: Final = TODAY - 10
_ENDS: Final = TODAY + 240
# Whoever proposed these has no account here, so that whoever tries this out may approve them.
_PROPOSER: Final = named("account", "Whoever proposes overrides")
_APPROVER: Final = named("account", "Whoever approves overrides")


def overrides(programme: Programme, profiles: Profiles, able: Able) -> Iterator[tuple[Any, ...]]:
    """A ban in force, and a pin and a ban that await approval, where there are such pairs."""
    banned = next(_apart(programme, profiles), None)
    sound = list(_sound(programme, profiles, able))
    first = {(row[1], row[2]) for row in programme.preferences if row[4] == 1}
    pinned = next((pair for pair in sound if pair in first), None)
    doubted = next((pair for pair in sound if pinned and pair[0] != pinned[0]), None)
    if banned:
        why = "They know each other too well, and stay apart whatever they declare from now on."
        yield _row(banned, OverrideKind.BAN, why, is_decided=True)
    if pinned:
        why = "The mentee would rather have this mentor than anybody else."
        yield _row(pinned, OverrideKind.PIN, why, is_decided=False)
    if doubted:
        why = "Colleagues say that the two do not get on; somebody should look into it."
        yield _row(doubted, OverrideKind.BAN, why, is_decided=False)


def _apart(programme: Programme, profiles: Profiles) -> Iterator[Pair]:
    """Those who wait with those who offer, where one declared a conflict with the other."""
    declared = {frozenset(row[1:3]) for row in programme.conflicts}
    for tenure, request in programme.waiting:
        for mentor in programme.offers:
            if frozenset({profiles.ids[tenure.holder], profiles.ids[mentor.holder]}) in declared:
                yield request, mentor.key


def _sound(programme: Programme, profiles: Profiles, able: Able) -> Iterator[Pair]:
    """Pairs of the same that no rule forbids."""
    forbidden = {*_apart(programme, profiles)}
    forbidden |= {
        (row[1], row[2]) for row in programme.preferences if row[3] == PreferenceKind.REFUSED
    }
    asked = {row[0]: row for row in programme.requests}
    for tenure, request in programme.waiting:
        refused, is_declared = set(asked[request][7]), asked[request][9] is not None
        for mentor in able(tenure, programme.offers):
            welcome = not refused & set(profiles.nationalities[mentor.holder])
            if is_declared and welcome and (request, mentor.key) not in forbidden:
                yield request, mentor.key


def _row(pair: Pair, kind: OverrideKind, reason: str, *, is_decided: bool) -> tuple[Any, ...]:
    request, mentor = pair
    return (
        named("match_override", str(request), str(mentor)),
        request,
        mentor,
        kind.value,
        (OverrideState.IN_FORCE if is_decided else OverrideState.PROPOSED).value,
        reason,
        date_of(_ENDS),
        date_of(_PROPOSED),
        _PROPOSER,
        date_of(_DECIDED) if is_decided else None,
        _APPROVER if is_decided else None,
        2 if is_decided else 1,
    )
