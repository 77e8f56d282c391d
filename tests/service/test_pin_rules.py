"""Pins against the rules of the match: refused at both steps by what a run would say itself."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from matching.rules import Rule
from service import clock, match_inputs, match_overrides, models
from service.access.actors import Actor
from service.access.roles import Role
from service.match_overrides import NewMatchOverride, OverrideApproval, OverrideRefusal
from service.match_words import REMEDIES, MatchRule
from service.models.vocabulary import ClosingReason, MentorshipState, OverrideKind, OverrideState
from tests import factories
from tests.refusals import refused

pytestmark = pytest.mark.usefixtures("database")

Fact = Callable[[models.MentorshipRequest, models.Mentor], Awaitable[object]]


def a_manager() -> Actor:
    return factories.an_actor(Role.MENTORING_MANAGER)


async def a_pair() -> tuple[models.MentorshipRequest, models.Mentor]:
    request, mentor = await factories.make_request(), await factories.make_mentor()
    await factories.suit(request, mentor)
    return request, mentor


async def proposed(
    request: models.MentorshipRequest, mentor: models.Mentor, by: Actor | None = None
) -> models.MatchOverride:
    change = NewMatchOverride(
        kind=OverrideKind.PIN,
        request_id=request.id,
        mentor_id=mentor.id,
        reason="They know the country best.",
        ends_on=await clock.today() + timedelta(days=90),
    )
    return await match_overrides.propose(change, by=by or a_manager())


async def approved(row: models.MatchOverride, by: Actor | None = None) -> models.MatchOverride:
    change = OverrideApproval(id=row.id, version=row.version)
    return await match_overrides.approve(change, by=by or a_manager())


async def change(row: models.Row, **values: Any) -> None:
    await type(row).filter(id=row.id).update(**values)


async def conflict(declarer: models.Row, other: models.Row) -> None:
    people: Any = (declarer, other)
    await models.DeclaredConflict.create(
        declared_by_id=people[0].person_id, other_id=people[1].person_id
    )


async def rejected(request: models.MentorshipRequest, mentor: models.Mentor) -> None:
    given = {"state": "REJECTED", "rejection_reason": "Rivals", "decided_at": factories.NOON}
    await factories.make_proposal(request=request, mentor=mentor, **given)


async def refused_by_mentee(request: models.MentorshipRequest, mentor: models.Mentor) -> None:
    await models.MentorPreference.create(request=request, mentor=mentor, kind="REFUSED")


async def closed_badly(request: models.MentorshipRequest, mentor: models.Mentor) -> None:
    earlier = await factories.make_request(
        person_id=request.person_id, appointment_id=request.appointment_id, state="CLOSED"
    )
    await models.Mentorship.create(
        request=earlier,
        mentor=mentor,
        state=MentorshipState.CLOSED,
        started_on=date(2024, 1, 1),
        closed_on=date(2024, 6, 1),
        closing_reason=ClosingReason.NOT_A_FIT,
    )


async def supervised(request: models.MentorshipRequest, mentor: models.Mentor) -> None:
    await factories.make_experience(
        person_id=request.person_id,
        supervisor_id=mentor.person_id,
        ended_on=None,
        ended_precision=None,
    )


async def refuses_nationality(request: models.MentorshipRequest, mentor: models.Mentor) -> None:
    await models.Person.filter(id=mentor.person_id).update(nationalities=["FRA"])
    await change(request, refused_nationalities=["FRA"])


async def speaks_nothing(_: models.MentorshipRequest, mentor: models.Mentor) -> None:
    await models.PersonLanguage.filter(person_id=mentor.person_id).delete()


async def holds_another_pin(_: models.MentorshipRequest, mentor: models.Mentor) -> None:
    await factories.make_pin(mentor=mentor, state="IN_FORCE")


FACTS: dict[str, tuple[Rule, Fact]] = {
    "another pair": (
        Rule.NO_CAPACITY,
        lambda _, mentor: factories.make_mentorship(mentor=mentor),
    ),
    "another pin": (Rule.NO_CAPACITY, holds_another_pin),
    "no days": (
        Rule.NOT_AVAILABLE,
        lambda _, mentor: change(mentor, available_until=date(2024, 1, 1)),
    ),
    "the same person": (
        Rule.SAME_PERSON,
        lambda request, mentor: change(mentor, person_id=request.person_id),
    ),
    "a supervisor": (Rule.SUPERVISED_IN_MISSION, supervised),
    "a nationality": (Rule.NATIONALITY_REFUSED, refuses_nationality),
    "the mentee's conflict": (Rule.DECLARED_CONFLICT, conflict),
    "the mentor's conflict": (
        Rule.DECLARED_CONFLICT,
        lambda request, mentor: conflict(mentor, request),
    ),
    "nothing declared": (
        Rule.CONFLICTS_UNKNOWN,
        lambda request, _: change(request, conflicts_declared_at=None),
    ),
    "no language": (Rule.NO_COMMON_LANGUAGE, speaks_nothing),
    "a refusal": (Rule.VETO, refused_by_mentee),
    "a rejection": (Rule.VETO, rejected),
    "an end before": (Rule.ALREADY_CLOSED_BADLY, closed_badly),
    "a ban": (
        Rule.BANNED,
        lambda request, mentor: factories.make_override(
            request=request, mentor=mentor, state="IN_FORCE"
        ),
    ),
}
"""What makes a sound pair one that a rule forbids; every rule has its facts here."""

AFTER_PROPOSING = [name for name in FACTS if name != "a ban"]
"""Of two who are pinned nobody proposes a ban."""

AT_PROPOSING = [name for name in FACTS if name != "the same person"]
"""Nobody is pinned to themselves, which is refused in its own words before."""


def saying(rule: Rule) -> str:
    return f"{MatchRule(rule).meaning} {REMEDIES[MatchRule(rule)]} A pin overrides no rule."


def test_every_rule_has_a_fact_and_a_remedy() -> None:
    assert {rule for rule, _ in FACTS.values()} == set(Rule)
    assert set(REMEDIES) == set(MatchRule)


@pytest.mark.parametrize("name", AT_PROPOSING)
async def test_a_pin_that_a_rule_forbids_is_not_proposed(name: str) -> None:
    rule, fact = FACTS[name]
    request, mentor = await a_pair()
    await fact(request, mentor)
    pins = models.MatchOverride.filter(request=request, mentor=mentor, kind="PIN")

    async with refused("CONFLICT", "mentor_id", saying=saying(rule), details={"rules": [rule]}):
        await proposed(request, mentor)

    assert not await pins.exists()


@pytest.mark.parametrize("name", AFTER_PROPOSING)
async def test_a_pin_that_a_rule_forbids_by_now_is_not_approved(name: str) -> None:
    rule, fact = FACTS[name]
    request, mentor = await a_pair()
    row = await proposed(request, mentor)
    await fact(request, mentor)

    async with refused("CONFLICT", "id", saying=saying(rule), details={"rules": [rule]}):
        await approved(row)

    assert (await models.MatchOverride.get(id=row.id)).state is OverrideState.PROPOSED


@pytest.mark.parametrize("name", [name for name in AFTER_PROPOSING if name != "another pin"])
async def test_a_pin_whose_rule_breaks_later_is_counted_by_a_run_and_stays_in_force(
    name: str,
) -> None:
    request, mentor = await a_pair()
    row = await approved(await proposed(request, mentor))
    before = match_inputs.records(await match_inputs.read())
    await FACTS[name][1](request, mentor)

    after = match_inputs.records(await match_inputs.read())

    pin = (str(request.id), str(mentor.id))
    assert (before.broken_pins, before.terms.pins) == (0, frozenset({pin}))
    assert (after.broken_pins, after.terms.pins) == (1, frozenset())
    assert (await models.MatchOverride.get(id=row.id)).state is OverrideState.IN_FORCE


async def test_all_rules_against_a_pin_are_named_at_once() -> None:
    request, mentor = await a_pair()
    await conflict(request, mentor)
    await speaks_nothing(request, mentor)
    both = {"rules": ["DECLARED_CONFLICT", "NO_COMMON_LANGUAGE"]}

    async with refused("CONFLICT", "mentor_id", saying="is declared. Choose", details=both):
        await proposed(request, mentor)


async def test_a_pin_of_a_mentor_who_withdrew_is_neither_proposed_nor_approved() -> None:
    request, mentor = await a_pair()
    row = await proposed(request, mentor)
    await change(mentor, withdrawn_at=factories.NOON)
    words = "The mentor has withdrawn; choose another mentor."

    async with refused("CONFLICT", "id", saying=words):
        await approved(row)
    declined = OverrideRefusal(id=row.id, version=1, reason="They left.")
    await match_overrides.decline(declined, by=a_manager())
    async with refused("CONFLICT", "mentor_id", saying=words):
        await proposed(request, mentor)


@pytest.mark.parametrize("name", AT_PROPOSING)
async def test_a_ban_asks_no_rule(name: str) -> None:
    row = await factories.make_override(kind="BAN")
    request, mentor = await row.request, await row.mentor
    await factories.suit(request, mentor)
    if name != "a ban":
        await FACTS[name][1](request, mentor)

    assert (await approved(row)).state is OverrideState.IN_FORCE


@pytest.mark.parametrize("lacking", [("read", "match_run"), ("read_file", "match_proposal")])
async def test_whoever_may_not_ask_for_explanations_is_not_told_which_rule_it_is(
    lacking: tuple[str, str],
) -> None:
    request, mentor = await a_pair()
    row = await proposed(request, mentor)
    await refused_by_mentee(request, mentor)
    by = a_manager()
    vars(by)["reaches"] = {key: reach for key, reach in by.reaches.items() if key != lacking}

    async with refused("CONFLICT", "id", saying="The rules of the match keep these two apart"):
        await approved(row, by=by)

    async with refused("CONFLICT", "id", details={"rules": ["VETO"]}):
        await approved(row)


async def test_a_mentor_with_another_place_takes_a_pin_beside_a_pair_and_pins_of_no_effect() -> (
    None
):
    request, mentor = await factories.make_request(), await factories.make_mentor(capacity=2)
    await factories.suit(request, mentor)
    await factories.make_mentorship(mentor=mentor)
    gone = await factories.make_request(state="WITHDRAWN")
    await factories.make_pin(request=gone, mentor=mentor, state="IN_FORCE")
    today = await clock.today()
    over = {"proposed_on": today - timedelta(days=30), "ends_on": today}
    await factories.make_pin(mentor=mentor, state="IN_FORCE", **over)
    # One that a rule has broken since binds no run either, so it takes no place.
    broken = await factories.make_pin(mentor=mentor, state="IN_FORCE")
    await change(await broken.request, conflicts_declared_at=None)

    row = await approved(await proposed(request, mentor))

    assert row.state is OverrideState.IN_FORCE
    assert match_inputs.records(await match_inputs.read()).broken_pins == 1


async def test_a_model_in_force_has_no_say_in_rules() -> None:
    request, mentor = await a_pair()
    decided = {"decided_at": factories.NOON, "decided_by_id": uuid4(), "decision_reason": "Good."}
    await factories.make_model(state="APPROVED", **decided)

    assert await match_inputs.against_pin(request.id, mentor.id) is None
