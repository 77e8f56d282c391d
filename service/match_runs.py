"""Match runs: pairing everybody who waits, with the proof, and storing it whole.

One runs, a second one leaves. The same inputs write nothing again. It refuses
to approve: a run proposes, and people decide.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from uuid import UUID

from pydantic import Field
from tortoise.expressions import F
from tortoise.transactions import in_transaction

import matching
from matching.audits import Row as AuditRow
from service import (
    audit,
    computations,
    match_audits,
    match_inputs,
    match_progress,
    match_proofs,
    models,
    permits,
)
from service.access.actors import Actor
from service.changes import Change, Text
from service.errors import Conflict
from service.match_inputs import Snapshot
from service.models.vocabulary import (
    MatchRunTrigger,
    ProposalState,
    RequestState,
    UnmatchedReason,
)
from service.operations import operation

# The solver keeps Python's lock: at this size a thread stops the event loop for
# under a tenth of a second, at a hundred times the size for five. Beyond it, a
# process of its own is worth the seconds it takes to start.
PAIRS_IN_A_THREAD = 250_000
_BATCH = 1_000
# So many rows are made at a time before the event loop has its turn.
_AT_ONCE = 100

Told = Callable[[matching.Progress], Awaitable[None]]
Row = TypeVar("Row", bound=models.Row)
Each = TypeVar("Each")


class MatchRunStart(Change):
    """What starts a run."""

    note: Text = Field("", description="Why now, for the history; may stay empty.")


@dataclass(frozen=True)
class Outcome:
    """A run with its proposals and those who still wait; `is_new` if this call made it.

    `inputs` are those of a new run, packed, and `audit` says whom it served how well.
    """

    run: models.MatchRun
    proposals: list[models.MatchProposal]
    unmatched: list[models.UnmatchedMentee]
    audit: Sequence[AuditRow] = ()
    inputs: bytes = b""
    is_new: bool = True


@dataclass(frozen=True)
class _Solved:
    result: matching.Run
    configuration: matching.Configuration
    audit: matching.Audit
    repeat_digest: str
    broken_pins: int
    inputs: bytes


@operation("start.match_run", proves_first=True)
async def start(change: MatchRunStart, *, by: Actor) -> models.MatchRun:
    """The new run, or the newest one where the inputs are still the same.

    Refuses with Conflict while another run is under way.
    """
    permits.require(by, "start", "match_run")
    outcome = await run_match(MatchRunTrigger.PERSON, by=by, note=change.note)
    return outcome.run


async def untold(_: matching.Progress) -> None:
    """Nobody wants to know how far it has come."""


async def run_match(
    trigger: MatchRunTrigger, *, by: Actor, note: str = "", told: Told = untold
) -> Outcome:
    """Pairs everybody who waits and stores the run, all in one transaction.

    Inputs equal to the newest run's answer with that run and write nothing. `told` hears twice
    a second how far the computation has come; whatever it raises ends the run, as does a
    cancellation, and nothing is written. Refuses with Conflict while another run is under way,
    and with its kind Cancelled once somebody has cancelled this one, and where decisions about
    pairs cannot all be kept.
    """
    # One connection from the lock to the last row: callers who held one and asked
    # for a second would block each other once they are as many as the pool has.
    async with in_transaction():
        turn = await match_progress.take_turn()
        newest = await models.MatchRun.all().order_by("-number").first()
        async with match_progress.shown(trigger, turn) as shown:

            async def tell(progress: matching.Progress) -> None:
                await told(progress)
                await shown.tell(progress)

            outcome = await _computed(trigger, newest, known=_known(newest), told=tell)
            if outcome.is_new:
                await shown.settle()
                await _store(outcome, by=by, note=note)
            return outcome


async def rehearse(trigger: MatchRunTrigger, *, told: Told = untold) -> Outcome:
    """What a run would propose now: computed in full, stored nowhere, waiting for nobody."""
    newest = await models.MatchRun.all().order_by("-number").first()
    return await _computed(trigger, newest, known=None, told=told)


async def _computed(
    trigger: MatchRunTrigger, newest: models.MatchRun | None, *, known: str | None, told: Told
) -> Outcome:
    """The run that would follow the newest, or the newest where its digest is known."""
    snapshot = await match_inputs.read()
    began = time.perf_counter()
    work = partial(_solved, snapshot, known)
    is_apart = snapshot.pairs > PAIRS_IN_A_THREAD
    try:
        solved = await computations.compute(work, told, is_apart=is_apart)
    except matching.Infeasible as error:
        message = f"No pairing keeps all that was decided: {error}. Change that, then run again."
        raise Conflict(message) from error
    if newest and solved is None:
        return await _stored(newest)
    if solved is None:
        raise AssertionError("A digest is only known from a run.")
    result = solved.result
    run = _drafted(result, trigger)
    run.configuration = solved.configuration.to_json()
    run.repeat_digest = solved.repeat_digest
    run.broken_pin_count = solved.broken_pins
    run.propensities = solved.audit.propensities.reason
    run.number = newest.number + 1 if newest else 1
    run.started_at = snapshot.read_at
    run.duration_ms = round((time.perf_counter() - began) * 1000)
    return Outcome(
        run,
        await _rows(partial(_proposal, run), result.proposals),
        await _rows(partial(_unmatched, run), result.unmatched),
        solved.audit.rows,
        solved.inputs,
    )


async def _rows(make: Callable[[Each], Row], told: Iterable[Each]) -> list[Row]:
    """A row for each, made while the event loop goes on."""
    made = []
    for place, each in enumerate(told, 1):
        made.append(make(each))
        if place % _AT_ONCE == 0:
            await asyncio.sleep(0)
    return made


def _solved(
    snapshot: Snapshot, known: str | None, watch: Callable[[matching.Progress], None]
) -> _Solved | None:
    """The pairing with its inputs, computed off the event loop; None where its digest is known."""
    watch(matching.Progress("read"))
    inputs = match_inputs.records(snapshot)
    repeated = inputs.repeat_digest
    if repeated == known:
        return None
    with matching.single_threaded():
        found = inputs.pair(watch=watch)
        audited = inputs.audit(found)
    return _Solved(
        found,
        inputs.configuration,
        audited,
        repeated,
        inputs.broken_pins,
        match_proofs.packed(inputs),
    )


def _known(newest: models.MatchRun | None) -> str | None:
    """By what the next run is known to be the newest one again."""
    # Nothing stood for runs that were stored before there was the other digest.
    return (newest.repeat_digest or newest.input_digest) if newest else None


def _drafted(result: matching.Run, trigger: MatchRunTrigger) -> models.MatchRun:
    return models.MatchRun(
        trigger=trigger,
        input_digest=result.input_digest,
        versions=dict(result.versions),
        prices=dict(result.prices),
        surpluses=dict(result.surpluses),
        mentee_count=result.counts["waiting"],
        mentor_count=result.counts["mentors"],
        proposal_count=len(result.proposals),
        unmatched_count=len(result.unmatched),
        objective=result.objective_value,
        bound=result.bound_value,
        gap=result.gap / matching.MICROS,
        rounds=result.counts["rounds"],
        group_prices=dict(result.group_prices) or None,
        load_prices=dict(result.load_prices) or None,
        reward=result.reward,
        standing_bonus=result.standing_bonus,
        aims={name: _reached(each) for name, each in result.aims.items()} or None,
        stability=_stability(result),
    )


def _reached(aim: matching.Reached) -> dict[str, float]:
    return {"proposals": aim.proposals, "objective": aim.objective / matching.MICROS}


def _stability(result: matching.Run) -> dict[str, float] | None:
    """What became of standing proposals, in numbers of mentees, and what keeping them cost."""
    found, changed = result.stability, result.difference
    if found is None or changed is None:
        return None
    return {
        "standing": found.standing,
        "keepable": found.keepable,
        **{name: len(mentees) for name, mentees in vars(changed).items()},
        "bonus": found.bonus / matching.MICROS,
        "loss": found.loss / matching.MICROS,
    }


def _proposal(run: models.MatchRun, proposal: matching.Proposal) -> models.MatchProposal:
    other = proposal.runner_up_mentor_id
    return models.MatchProposal(
        run_id=run.id,
        request_id=UUID(proposal.mentee_id),
        mentor_id=UUID(proposal.mentor_id),
        runner_up_id=UUID(other) if other else None,
        score=proposal.score / matching.MICROS,
        contributions={
            name: amount / matching.MICROS for name, amount in proposal.contributions.items()
        },
    )


def _unmatched(run: models.MatchRun, mentee: matching.Unmatched) -> models.UnmatchedMentee:
    return models.UnmatchedMentee(
        run_id=run.id,
        request_id=UUID(mentee.mentee_id),
        reason=UnmatchedReason(mentee.reason),
        rule_counts=dict(mentee.rule_counts),
    )


async def _stored(run: models.MatchRun) -> Outcome:
    proposals = await models.MatchProposal.filter(run=run).order_by("request_id")
    unmatched = await models.UnmatchedMentee.filter(run=run).order_by("request_id")
    return Outcome(run, proposals, unmatched, is_new=False)


async def _store(outcome: Outcome, *, by: Actor, note: str) -> None:
    await _overtake(outcome.proposals)
    standing = models.MatchProposal.filter(state=ProposalState.PROPOSED)
    older = [proposal.id for proposal in await standing.order_by("id").select_for_update()]
    await models.MatchProposal.filter(id__in=older).update(
        state=ProposalState.SUPERSEDED, version=F("version") + 1
    )
    run = outcome.run
    await run.save(force_create=True)
    await models.MatchRunInput.create(run=run, content=outcome.inputs)
    await models.MatchProposal.bulk_create(outcome.proposals, batch_size=_BATCH)
    await models.UnmatchedMentee.bulk_create(outcome.unmatched, batch_size=_BATCH)
    await match_audits.record(run, outcome.audit)
    # The run's own event names what it superseded: one place in the history for one cause.
    values = {name: getattr(run, name) for name in match_proofs.TOLD}
    values["superseded_proposals"] = older
    await audit.record(audit.Entry(run, "start", audit.initial(values), note or None), by=by)


async def _overtake(proposals: Collection[models.MatchProposal]) -> None:
    """Supersedes at birth what the world overtook while the run was computed.

    Locks requests, then mentors, then proposals: the order of every writer.
    """
    requests = models.MentorshipRequest.filter(id__in={p.request_id for p in proposals})
    mentors = models.Mentor.filter(id__in={p.mentor_id for p in proposals})
    waiting = {
        request.id
        for request in await requests.order_by("id").select_for_update(no_key=True)
        if request.state == RequestState.WAITING
    }
    offering = {
        mentor.id
        for mentor in await mentors.order_by("id").select_for_update(no_key=True)
        if mentor.withdrawn_at is None
    }
    for proposal in proposals:
        if proposal.request_id not in waiting or proposal.mentor_id not in offering:
            proposal.state = ProposalState.SUPERSEDED
