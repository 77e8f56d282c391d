"""Stored runs explained: from their own proof, with the people they looked at, or not at all."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest

import matching
from matching import comparisons, explanations, vacancies
from matching.choices import choose
from service import (
    database,
    match_answers,
    match_explanations,
    match_inputs,
    match_proofs,
    match_proposals,
    models,
)
from service.access.actors import ANONYMOUS, Actor, Grant, system
from service.access.roles import Role
from service.errors import Conflict, NotAllowed, NotFound, NotSignedIn
from service.match_explanations import NoQuestion, PlacesQuestion, WhyNotQuestion
from service.match_proposals import ProposalApproval, ProposalRejection
from service.match_runs import Outcome, run_match
from service.match_words import (
    MatchAim,
    MatchRule,
    PairFate,
    PairHindrance,
    PairStanding,
    PlacesStanding,
    RemedyKind,
)
from service.models.vocabulary import MatchRunTrigger, RequestState, UnmatchedReason
from tests import factories
from tests.programmes import Programme, programme

WORKER = system("tests")
HR = Actor(UUID(int=1), None, "hr", (Grant(Role.HR_OFFICER),))
NONE = NoQuestion()


@pytest.fixture(autouse=True)
async def connection(fresh_url: str) -> AsyncIterator[None]:
    async with database.connected(fresh_url):
        yield


async def a_run(**changes: Any) -> tuple[Programme, Outcome]:
    """Two mentors with a place each, and three who wait, one of whom asked for the first."""
    world = await programme(mentors=2, requests=3)
    await models.MentorPreference.create(
        request=world.requests[0], mentor=world.mentors[0], kind="PREFERRED", rank=1
    )
    return world, await run_match(MatchRunTrigger.COMMAND_LINE, by=WORKER, **changes)


def other_of(world: Programme, proposal: models.MatchProposal) -> UUID:
    (other,) = {mentor.id for mentor in world.mentors} - {proposal.mentor_id}
    return UUID(str(other))


async def settled() -> Any:
    """The same run from the library, which was the first, so that nothing stood."""
    inputs = match_inputs.records(await match_inputs.read())
    situation = matching.what_ifs.Situation(
        mentees=inputs.mentees,
        mentors=inputs.mentors,
        **(inputs.bound_by | {"terms": replace(inputs.terms, standing=frozenset())}),
    )
    market = situation.market()
    worths = matching.worths.Worths.of(market)
    choice = choose(worths, situation.configuration, watch=matching.optima.unwatched)
    return matching.settlements.Settlement.of(market, choice.worths, choice.best)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (MatchRule, matching.Rule),
        (PairStanding, explanations.Standing),
        (PairHindrance, explanations.Hindrance),
        (RemedyKind, explanations.RemedyKind),
        (PlacesStanding, vacancies.OfferStanding),
        (PairFate, comparisons.Fate),
        (MatchAim, matching.Aim),
        (UnmatchedReason, matching.Reason),
    ],
)
def test_words_are_those_of_the_matcher(ours: type[StrEnum], theirs: type[StrEnum]) -> None:
    assert [word.value for word in ours] == [word.value for word in theirs]


async def test_every_answer_is_the_librarys_on_the_same_people() -> None:
    world, outcome = await a_run()
    made = await settled()
    proposal, (unmatched,) = outcome.proposals[0], outcome.unmatched
    other = other_of(world, proposal)

    told = await match_explanations.of_proposal(proposal.id, NONE, by=HR)
    found = explanations.proposal(made, str(proposal.request_id))
    assert (told.score, told.is_kept) == (proposal.score, True)
    assert told.runner_up is not None
    assert found.runner_up is not None
    assert (told.runner_up.mentor_id, told.runner_up.cost) == (
        other,
        found.runner_up.cost / matching.MICROS,
    )
    assert sum(part.value for part in told.contributions) == pytest.approx(told.score)
    assert told.rules == tuple(MatchRule)
    assert told.sentences == matching.sentences.of_proposal(found)

    for exact in (False, True):
        asked = WhyNotQuestion(mentor=other, exact=exact)
        not_that = await match_explanations.of_proposed(proposal.id, asked, by=HR)
        why = explanations.why_not(made, str(proposal.request_id), str(other), exact=exact)
        assert not_that.sentences == matching.sentences.of_why_not(why)
        assert (not_that.exact_cost is None) == (not exact)
        assert len(not_that.moves) == len(why.moves)

    for mentor in world.mentors:
        asked = WhyNotQuestion(mentor=mentor.id, exact=True)
        nobody = await match_explanations.of_unproposed(unmatched.id, asked, by=HR)
        assert nobody.standing is PairStanding.COSTS_OTHERS
        assert nobody.held_id is None
        side = await match_explanations.of_places(
            outcome.run.id, PlacesQuestion(mentor=mentor.id), by=HR
        )
        assert side.standing is PlacesStanding.FULL
        assert side.sentences == matching.sentences.of_offer(vacancies.offer(made, str(mentor.id)))

    left = await match_explanations.of_unmatched(unmatched.id, NONE, by=HR)
    alone = vacancies.mentee(made, str(unmatched.request_id))
    assert left.reason is UnmatchedReason.ALL_ELIGIBLE_FULL
    assert left.room is not None
    assert alone.room is not None
    assert left.room.cost == alone.room.cost.objective / matching.MICROS
    assert left.room.moves[0].request_id == unmatched.request_id
    assert left.sentences == matching.sentences.of_unmatched(alone)

    whole = await match_explanations.of_run(outcome.run.id, NONE, by=HR)
    assert (whole.unmatched, whole.liftings) == (1, ())


async def a_bound_run(
    monkeypatch: pytest.MonkeyPatch, *, requests: int = 3, **settings: Any
) -> tuple[Programme, Outcome]:
    """Two mentors with two places each, and some who wait, one pinned to the first mentor."""
    world = await programme(requests=requests)
    for _ in range(2):
        await world.mentor(capacity=2)
    await factories.make_override(
        kind="PIN", state="IN_FORCE", request=world.requests[-1], mentor=world.mentors[0]
    )
    changed = replace(match_inputs.CONFIGURATION, **settings)
    monkeypatch.setattr(match_inputs, "CONFIGURATION", changed)
    return world, await run_match(MatchRunTrigger.COMMAND_LINE, by=WORKER)


def pinned_of(outcome: Outcome, world: Programme) -> models.MatchProposal:
    (found,) = [one for one in outcome.proposals if one.request_id == world.requests[-1].id]
    return found


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"group_caps": (("stream", 1),)},
        {"group_caps": (("stream", 2), ("function", 1))},
        {"least_load": 1},
        {"group_caps": (("stream", 1),), "aim": matching.Aim.NOBODY_LEFT_OUT},
    ],
)
async def test_what_binds_a_run_is_explained_as_the_library_does(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any]
) -> None:
    world, outcome = await a_bound_run(monkeypatch, **settings)
    made = await settled()
    rows = {one.request_id: (match_explanations.of_proposed, one.id) for one in outcome.proposals}
    rows |= {
        one.request_id: (match_explanations.of_unproposed, one.id) for one in outcome.unmatched
    }
    for request in world.requests:
        for mentor in world.mentors:
            for exact in (False, True):
                asks, row = rows[request.id]
                told = await asks(row, WhyNotQuestion(mentor=mentor.id, exact=exact), by=HR)
                found = explanations.why_not(made, str(request.id), str(mentor.id), exact=exact)
                assert told == match_answers.why_not(found)
    for mentor in world.mentors:
        side = await match_explanations.of_places(
            outcome.run.id, PlacesQuestion(mentor=mentor.id), by=HR
        )
        assert side == match_answers.places(vacancies.offer(made, str(mentor.id)))
        assert side.pinned == (mentor == world.mentors[0])
    for proposal in outcome.proposals:
        why = await match_explanations.of_proposal(proposal.id, NONE, by=HR)
        one = explanations.proposal(made, str(proposal.request_id))
        assert why.sentences == matching.sentences.of_proposal(one)
        assert why.is_pinned == (proposal == pinned_of(outcome, world))
    for unmatched in outcome.unmatched:
        left = await match_explanations.of_unmatched(unmatched.id, NONE, by=HR)
        alone = vacancies.mentee(made, str(unmatched.request_id))
        assert left == match_answers.unmatched(alone)


async def test_a_pin_and_a_full_group_are_told_by_their_codes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, outcome = await a_bound_run(monkeypatch, group_caps=(("stream", 1),))
    first, second = (mentor.id for mentor in world.mentors)
    pinned, (left,) = pinned_of(outcome, world), outcome.unmatched
    (placed,) = [one for one in outcome.proposals if one != pinned]

    asked = WhyNotQuestion(mentor=second, exact=True)
    elsewhere = await match_explanations.of_proposed(pinned.id, asked, by=HR)
    assert elsewhere.standing is PairStanding.NO_ROOM
    assert elsewhere.hindrances == (PairHindrance.PINNED_ELSEWHERE,)
    assert (elsewhere.exact_cost, elsewhere.moves, elsewhere.remedies) == (None, (), ())

    asked = WhyNotQuestion(mentor=first, exact=True)
    full = await match_explanations.of_proposed(placed.id, asked, by=HR)
    assert full.standing is PairStanding.NO_ROOM
    assert full.hindrances == (PairHindrance.GROUP_FULL,)

    asked = WhyNotQuestion(mentor=second, exact=True)
    crowded = await match_explanations.of_unproposed(left.id, asked, by=HR)
    assert (crowded.standing, crowded.is_crowded) == (PairStanding.COSTS_OTHERS, True)
    assert [one.request_id for one in crowded.moves] == [left.request_id, placed.request_id]
    assert not crowded.is_untold

    told = await match_explanations.of_unmatched(left.id, NONE, by=HR)
    assert (told.suitable, told.capped) == (2, 2)
    assert told.room is not None
    assert told.room.mentor_id == second


async def test_a_least_load_that_a_pair_would_break_is_told_by_its_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, outcome = await a_bound_run(monkeypatch, requests=2, least_load=1)
    first, second = (mentor.id for mentor in world.mentors)
    (drawn,) = [one for one in outcome.proposals if one.mentor_id == second]
    standings = []
    for exact in (False, True):
        asked = WhyNotQuestion(mentor=first, exact=exact)
        why = await match_explanations.of_proposed(drawn.id, asked, by=HR)
        standings.append((why.standing, why.hindrances))
    # That somebody must go there is known from the search alone.
    assert standings == [
        (PairStanding.COSTS_OTHERS, ()),
        (PairStanding.NO_ROOM, (PairHindrance.LEAST_LOADS,)),
    ]


@pytest.mark.parametrize("half", ["mentee", "mentor"])
async def test_neither_half_of_a_pair_is_told_what_was_decided_about_it(
    monkeypatch: pytest.MonkeyPatch, half: str
) -> None:
    world, outcome = await a_bound_run(monkeypatch, group_caps=(("stream", 1),))
    pinned, (left,) = pinned_of(outcome, world), outcome.unmatched
    mentor = world.mentors[0]
    person = {"mentee": world.requests[2].person_id, "mentor": mentor.person_id}[half]
    by = replace(HR, person_id=person)
    other = WhyNotQuestion(mentor=world.mentors[1].id)
    closed = [
        match_explanations.of_proposal(pinned.id, NONE, by=by),
        match_explanations.of_proposed(pinned.id, other, by=by),
    ]
    if half == "mentor":
        closed += [
            match_explanations.of_places(outcome.run.id, PlacesQuestion(mentor=mentor.id), by=by),
            match_explanations.of_unproposed(left.id, WhyNotQuestion(mentor=mentor.id), by=by),
        ]
    for question in closed:
        with pytest.raises(NotAllowed, match="about yourself"):
            await question
    itself = replace(HR, person_id=(await left.request).person_id)
    with pytest.raises(NotAllowed, match="about yourself"):
        await match_explanations.of_unmatched(left.id, NONE, by=itself)
    # Whatever concerns others only is answered.
    told = await match_explanations.of_unmatched(left.id, NONE, by=by)
    assert told.mentors == 2


async def test_rules_are_counted_and_named() -> None:
    world = await programme(mentors=2, requests=1)
    await models.PersonLanguage.filter(person_id=world.requests[0].person_id).delete()
    outcome = await run_match(MatchRunTrigger.COMMAND_LINE, by=WORKER)
    told = await match_explanations.of_unmatched(outcome.unmatched[0].id, NONE, by=HR)
    assert [(one.rule, one.count) for one in told.rule_counts] == [
        (MatchRule.NO_COMMON_LANGUAGE, 2)
    ]
    assert told.lifting == told.rule_counts[0]
    whole = await match_explanations.of_run(outcome.run.id, NONE, by=HR)
    assert [(one.rule, one.count) for one in whole.liftings] == [(MatchRule.NO_COMMON_LANGUAGE, 1)]


async def test_a_run_whose_people_have_changed_is_not_explained_with_others() -> None:
    world, outcome = await a_run()
    proposal, (unmatched,) = outcome.proposals[0], outcome.unmatched
    asked = WhyNotQuestion(mentor=other_of(world, proposal))
    await match_explanations.of_proposed(proposal.id, asked, by=HR)

    await models.MatchRunInput.filter(run=outcome.run).delete()

    refused = (
        match_explanations.of_proposed(proposal.id, asked, by=HR),
        match_explanations.of_unproposed(unmatched.id, asked, by=HR),
        match_explanations.of_unmatched(unmatched.id, NONE, by=HR),
        match_explanations.of_run(outcome.run.id, NONE, by=HR),
        match_explanations.of_places(
            outcome.run.id, PlacesQuestion(mentor=world.mentors[0].id), by=HR
        ),
    )
    for question in refused:
        with pytest.raises(Conflict, match=r"match run 1 looked at is not kept"):
            await question
    told = await match_explanations.of_proposal(proposal.id, NONE, by=HR)
    assert (told.is_kept, told.runner_up, told.score) == (False, None, proposal.score)
    assert {part.feature: part.value for part in told.contributions} == pytest.approx(
        proposal.contributions
    )
    assert told.sentences[0].startswith("The two fit with a score of")


async def test_what_was_decided_about_a_runs_own_proposals_leaves_it_explained() -> None:
    world, outcome = await a_run()
    first, second = outcome.proposals
    asked = WhyNotQuestion(mentor=other_of(world, first), exact=True)
    before = await match_explanations.of_proposed(first.id, asked, by=HR)

    await match_proposals.approve(ProposalApproval(id=first.id, version=1), by=WORKER)
    reject = ProposalRejection(id=second.id, version=1, reason="They know each other.")
    await match_proposals.reject(reject, by=WORKER)

    assert await match_explanations.of_proposed(first.id, asked, by=HR) == before
    # A new run sees the decisions, and is explained with them.
    later = await run_match(MatchRunTrigger.COMMAND_LINE, by=WORKER)
    assert later.is_new
    question = WhyNotQuestion(mentor=second.mentor_id)
    rows = {one.request_id: one.id for one in later.unmatched}
    made = {one.request_id: one.id for one in later.proposals}
    asks, row = (
        (match_explanations.of_unproposed, rows[second.request_id])
        if second.request_id in rows
        else (match_explanations.of_proposed, made[second.request_id])
    )
    told = await asks(row, question, by=HR)
    assert told.rules == (MatchRule.VETO,)


async def test_a_world_that_moved_on_leaves_a_run_explained_as_it_was() -> None:
    world, outcome = await a_run()
    proposal = outcome.proposals[0]
    asked = WhyNotQuestion(mentor=other_of(world, proposal), exact=True)
    before = await match_explanations.of_proposed(proposal.id, asked, by=HR)
    await models.Mentor.all().update(capacity=5)
    match_explanations.forget()
    assert await match_explanations.of_proposed(proposal.id, asked, by=HR) == before


async def copied(run: models.MatchRun, **changes: Any) -> models.MatchRun:
    """A run stored beside another that cannot be changed, without its proposals."""
    names = run._meta.db_fields - {"id", "number", "created_at"}
    values = {name: getattr(run, name) for name in names} | changes
    copy: models.MatchRun = await models.MatchRun.create(number=run.number + 1, **values)
    kept = await models.MatchRunInput.get(run=run)
    await models.MatchRunInput.create(run=copy, content=kept.content)
    return copy


async def test_a_run_with_settings_that_this_version_does_not_know_is_not_explained() -> None:
    _, outcome = await a_run()
    copy = await copied(outcome.run, configuration={"charm": 1})
    with pytest.raises(Conflict, match="is not kept any more"):
        await match_explanations.of_run(copy.id, NONE, by=HR)


async def test_a_run_that_does_not_prove_itself_is_not_explained() -> None:
    _, outcome = await a_run()
    match_explanations.forget()
    copy = await copied(outcome.run)
    with pytest.raises(Conflict, match="run 2 does not bear out its own proof"):
        await match_explanations.of_run(copy.id, NONE, by=HR)


async def test_a_mentor_who_offered_nothing_is_not_found_and_named_by_the_argument() -> None:
    _, outcome = await a_run()
    stranger = UUID(int=7)
    questions = (
        match_explanations.of_places(outcome.run.id, PlacesQuestion(mentor=stranger), by=HR),
        match_explanations.of_proposed(
            outcome.proposals[0].id, WhyNotQuestion(mentor=stranger), by=HR
        ),
    )
    for question in questions:
        with pytest.raises(NotFound) as refused:
            await question
        assert refused.value.path == ("mentor",)


async def test_the_same_run_is_prepared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    _, outcome = await a_run()
    match_explanations.forget()
    prepared: list[Any] = []
    unpacked = match_proofs.unpacked

    def counted(content: bytes) -> match_inputs.Inputs:
        prepared.append(content)
        return unpacked(content)

    monkeypatch.setattr(match_proofs, "unpacked", counted)
    for _ in range(3):
        await match_explanations.of_run(outcome.run.id, NONE, by=HR)
    assert len(prepared) == 1


STRANGERS = (
    ANONYMOUS,
    *(
        Actor(UUID(int=2), None, role, (Grant(role),))
        for role in Role
        if role not in {Role.HR_OFFICER, Role.MENTORING_MANAGER, Role.AUDITOR}
    ),
    Actor(UUID(int=2), None, "hr of one mission", (Grant(Role.HR_OFFICER, UUID(int=3)),)),
)


async def test_whoever_may_not_see_every_run_is_told_nothing() -> None:
    world, outcome = await a_run()
    proposal, (unmatched,) = outcome.proposals[0], outcome.unmatched
    why, side = WhyNotQuestion(mentor=world.mentors[0].id), PlacesQuestion(mentor=UUID(int=9))
    for by in STRANGERS:
        questions = (
            match_explanations.of_proposal(proposal.id, NONE, by=by),
            match_explanations.of_proposed(proposal.id, why, by=by),
            match_explanations.of_unproposed(unmatched.id, why, by=by),
            match_explanations.of_unmatched(unmatched.id, NONE, by=by),
            match_explanations.of_run(outcome.run.id, NONE, by=by),
            match_explanations.of_places(outcome.run.id, side, by=by),
        )
        for question in questions:
            with pytest.raises(NotSignedIn if by.is_anonymous else NotAllowed):
                await question


async def test_explaining_writes_nothing() -> None:
    _, outcome = await a_run()
    before = await models.AuditEvent.all().count()
    await match_explanations.of_run(outcome.run.id, NONE, by=HR)
    assert await models.AuditEvent.all().count() == before
    assert await models.MatchRun.all().count() == 1
    request = await models.MentorshipRequest.get(id=outcome.unmatched[0].request_id)
    assert request.state is RequestState.WAITING
    assert request.requested_at.date() < date(2024, 1, 1)
