"""What would be paired if something were otherwise, and how two stored runs differ.

A trial is computed from today's people, answered, and forgotten. It refuses to write anything,
and to try what would take longer than a request may last.
"""

from typing import Annotated, Final
from uuid import UUID

from pydantic import Field

import matching
from matching.comparisons import Comparison, Pairing, compare
from matching.what_ifs import Situation, what_if
from matching.worths import Effort
from service import database, match_comparisons, match_inputs, models, permits, turns
from service.access.actors import Actor
from service.changes import Change, RefersTo
from service.errors import Conflict
from service.match_comparisons import MatchComparison
from service.match_explanations import require, require_apart
from service.match_inputs import Snapshot
from service.match_runs import PAIRS_IN_A_THREAD
from service.suppositions import WhatIfMatch, configured, new_id, supposed

MatchRunId = Annotated[UUID, RefersTo("MatchRun")]

# What two pairings take in a process of its own, with its start, within a request.
MOST_PAIRS: Final = 1_000_000
_SHOWN: Final = 20
_MOST_SHOWN: Final = 100
# Left of a request for reading before and answering after.
_ASIDE: Final = 1.0
_EFFORT: Final = Effort(threads=1)


class WhatIfQuestion(Change):
    """A trial, and how much of it to show."""

    input: WhatIfMatch = Field(description="What is supposed.")
    first: int = Field(
        _SHOWN, ge=0, le=_MOST_SHOWN, description="At most this many changed pairs; 20 unless said."
    )


class ComparisonQuestion(Change):
    """Which two runs to compare."""

    left: MatchRunId = Field(description="The first run.")
    right: MatchRunId = Field(description="The second run.")
    first: int = Field(
        _SHOWN, ge=0, le=_MOST_SHOWN, description="At most this many changed pairs; 20 unless said."
    )


async def try_out(question: WhatIfQuestion, *, by: Actor) -> MatchComparison:
    """How the best pairing of today's people would change; nothing is stored.

    Refuses with NotAllowed decisions about the caller's own pairs, with Invalid what fits
    nobody who waits or offers, and with Conflict more people than can be paired twice while a
    request lasts, and what cannot all be kept.
    """
    require(by)
    decided = (*question.input.pins, *question.input.bans)
    await require_apart(by, {one.request_id for one in decided}, {one.mentor_id for one in decided})
    snapshot = await match_inputs.read()
    if snapshot.pairs > MOST_PAIRS:
        raise Conflict(
            f"{snapshot.pairs:,} pairs of mentees and mentors are too many to try something out"
            f" within a request; up to {MOST_PAIRS:,} can be tried."
        )
    asked = (snapshot, question.input)
    if snapshot.pairs <= PAIRS_IN_A_THREAD:
        found = await turns.in_a_thread(_tried, *asked)
    else:
        seconds = database.WORK_SECONDS - _ASIDE
        found = await turns.in_a_process(_tried, *asked, seconds=seconds)
    new = [new_id(place) for place in range(len(question.input.new_mentors))]
    return match_comparisons.comparison(found, shown=question.first, supposed=new)


async def compare_runs(question: ComparisonQuestion, *, by: Actor) -> MatchComparison:
    """How the second stored run differs from the first.

    Refuses with NotFound a run that is not there.
    """
    require(by)
    left = await _pairing(question.left, "left")
    right = await _pairing(question.right, "right")
    found = await turns.in_a_thread(compare, left, right)
    return match_comparisons.comparison(found, shown=question.first)


def _tried(snapshot: Snapshot, given: WhatIfMatch) -> Comparison:
    inputs = match_inputs.records(snapshot)
    situation = Situation(mentees=inputs.mentees, mentors=inputs.mentors, **inputs.bound_by)
    supposition = supposed(situation, given, configured(given, situation.configuration))
    try:
        before = situation.pair(effort=_EFFORT)
    except matching.Infeasible as error:
        message = f"No pairing keeps all that is decided today: {error}. Change that, then try."
        raise Conflict(message) from error
    try:
        return what_if(situation, supposition, before=before, effort=_EFFORT).comparison
    except matching.Infeasible as error:
        message = f"No pairing keeps all that is supposed: {error}. Suppose something else."
        raise Conflict(message, path=("input",)) from error


async def _pairing(run_id: UUID, argument: str) -> Pairing:
    run = await models.MatchRun.get_or_none(id=run_id)
    if run is None:
        raise permits.missing(models.MatchRun, path=(argument,))
    try:
        configuration = matching.Configuration.from_json(run.configuration)
    except matching.InvalidConfiguration as error:
        message = f"Match run {run.number} has settings that this version does not know."
        raise Conflict(message, path=(argument,)) from error
    made = models.MatchProposal.filter(run_id=run_id)
    rows = await made.values_list("request_id", "mentor_id", "score")
    return Pairing(
        waiting=frozenset(run.surpluses),
        mentors={str(request): str(mentor) for request, mentor, _ in rows},
        scores={str(request): round(score * matching.MICROS) for request, _, score in rows},
        objective=round(run.objective * matching.MICROS),
        configuration=configuration,
    )
