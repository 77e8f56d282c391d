"""Match runs: pairing everybody who waits, with the proof, and storing it whole.

One runs, a second one leaves. The same inputs write nothing again. It refuses
to approve: a run proposes, and people decide.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from typing import Any, TypeVar
from uuid import UUID

from pydantic import Field
from tortoise import connections
from tortoise.transactions import in_transaction

import matching
from service import audit, match_inputs, models, permits
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

T = TypeVar("T")

# The solver keeps Python's lock: at this size a thread stops the event loop for
# under a tenth of a second, at a hundred times the size for five seconds. Above
# it a process of its own is worth the seconds it takes to start.
PAIRS_IN_A_THREAD = 250_000
_BATCH = 1_000


class MatchRunStart(Change):
    """What starts a run."""

    note: Text = Field("", description="Why now, for the history; may stay empty.")


@dataclass(frozen=True)
class Outcome:
    """A run with its proposals and those who still wait; `is_new` if this call made it."""

    run: models.MatchRun
    proposals: list[models.MatchProposal]
    unmatched: list[models.UnmatchedMentee]
    is_new: bool


@operation("start.match_run")
async def start(change: MatchRunStart, *, by: Actor) -> models.MatchRun:
    """The new run, or the newest one where the inputs are still the same.

    Refuses with Conflict while another run is under way.
    """
    permits.require(by, "start", "match_run")
    outcome = await run_match(MatchRunTrigger.PERSON, by=by, note=change.note)
    return outcome.run


async def run_match(
    trigger: MatchRunTrigger, *, by: Actor, is_dry: bool = False, note: str = ""
) -> Outcome:
    """Pairs everybody who waits and stores the run; a dry one is computed and not stored.

    The same inputs as the newest run's answer with that run and write nothing.
    Refuses with Conflict while another run is under way.
    """
    if is_dry:
        computed = await _computed(await match_inputs.read(), known=None)
        return _drafted(computed, trigger, datetime.now().astimezone()) if computed else _never()
    async with in_transaction():
        began = await _take_turn()
        newest = await models.MatchRun.all().order_by("-number").first()
        snapshot = await match_inputs.read()
        computed = await _computed(snapshot, known=newest.input_digest if newest else None)
        if newest and not computed:
            return await _stored(newest)
        ...
