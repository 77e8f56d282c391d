"""Stored match runs looked through again: by their own inputs, and never by the solver.

A run keeps what it was computed from, so its proof holds or fails however far the world
has moved on. It refuses to call sound what it could not look through.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
from pydantic import TypeAdapter, ValidationError

import matching
from service import audit, models
from service.errors import NotFound
from service.match_inputs import Inputs

# What the history tells of a run: a stored one must still say the same.
TOLD: Final = (
    "number",
    "trigger",
    "input_digest",
    "versions",
    "proposal_count",
    "unmatched_count",
    "objective",
)
_INPUTS: TypeAdapter[Inputs] = TypeAdapter(Inputs)


@dataclass(frozen=True)
class Finding:
    """What a look at one stored run found: faults, or why it could not be looked through."""

    number: int
    pairs: int
    objective: float
    faults: tuple[str, ...] = ()
    left_out: str | None = None

    @property
    def holds(self) -> bool:
        """Whether the run is what was stored, and no pairing of its people is better."""
        return not self.faults and self.left_out is None


def packed(inputs: Inputs) -> bytes:
    """The inputs as they are kept: the same ones are the same bytes."""
    fixed_order = replace(
        inputs,
        mentees=tuple(sorted(inputs.mentees, key=lambda one: one.id)),
        mentors=tuple(sorted(inputs.mentors, key=lambda one: one.id)),
    )
    # These stand with the run, where whoever reads the run sees them.
    beside = {"configuration", "broken_pins"}
    plain = {name: value for name, value in vars(fixed_order).items() if name not in beside}
    text = orjson.dumps(plain, default=sorted, option=orjson.OPT_SORT_KEYS)
    return zlib.compress(text)


def unpacked(content: bytes) -> Inputs:
    """The inputs that `packed` kept. Raises ValueError for anything else."""
    try:
        return _INPUTS.validate_json(zlib.decompress(content))
    except (zlib.error, ValidationError) as error:
        raise ValueError("the inputs cannot be read") from error


async def verify(number: int | None = None) -> Finding:
    """What is found of the run with this number, or of the newest one.

    Raises NotFound where there is none.
    """
    runs = models.MatchRun.all() if number is None else models.MatchRun.filter(number=number)
    run = await runs.order_by("-number").first()
    if run is None:
        what = "no match run yet" if number is None else f"no match run {number}"
        raise NotFound(f"There is {what}; `cadre match run` makes one.", path=("number",))
    return await _found(run)


async def verify_newest() -> Finding | None:
    """What is found of the newest run, or None where there is no run yet."""
    return await verify() if await models.MatchRun.exists() else None


async def findings(number: int | None = None, *, every: bool = False) -> AsyncIterator[Finding]:
    """The same of this run, of the newest, or of every one: oldest first, one at a time."""
    if not every:
        yield await verify(number)
        return
    numbers: Any = models.MatchRun.all().order_by("number").values_list("number", flat=True)
    for each in await numbers:
        yield await verify(each)


async def _found(run: models.MatchRun) -> Finding:
    proposals = await models.MatchProposal.filter(run=run).order_by("request_id")
    unmatched = await models.UnmatchedMentee.filter(run=run).order_by("request_id")
    kept = await models.MatchRunInput.get_or_none(run=run)
    finding = Finding(run.number, len(proposals), run.objective, await _retold(run))
    if finding.faults:
        return finding
    if kept is None:
        return replace(finding, left_out="what it was computed from is not stored")
    if run.versions["matching"] != matching.VERSION:
        theirs = f"version {run.versions['matching']} of the matcher computed it"
        return replace(finding, left_out=f"{theirs}, and this is version {matching.VERSION}")
    stored = _Stored(run, proposals, unmatched)
    return replace(finding, faults=await asyncio.to_thread(_faults, stored, kept.content))


async def _retold(run: models.MatchRun) -> tuple[str, ...]:
    """Where the run differs from what its history says; nothing where that was erased."""
    values = models.AuditValue.filter(event__aggregate="MatchRun", event__aggregate_id=run.id)
    first = await values.order_by("event__sequence").first()
    told: Mapping[str, Any] = first.changes if first else {}
    now = audit.initial({name: getattr(run, name) for name in TOLD if name in told})
    return tuple(
        f"{name} is not what the history says"
        for name, change in now.items()
        if list(change) != told[name]
    )


@dataclass(frozen=True)
class _Stored:
    run: models.MatchRun
    proposals: list[models.MatchProposal]
    unmatched: list[models.UnmatchedMentee]


def _faults(stored: _Stored, content: bytes) -> tuple[str, ...]:
    try:
        inputs = unpacked(content)
        configuration = matching.Configuration.from_json(stored.run.configuration)
        certificate = matching.certify(
            _restored(stored, inputs, configuration),
            inputs.mentees,
            inputs.mentors,
            fixed=inputs.fixed,
            closed_badly=inputs.closed_badly,
            terms=inputs.terms,
            configuration=configuration,
        )
    # A record that contradicts itself is a ValueError too.
    except (ValueError, TypeError) as error:
        return (str(error),)
    return (*_miscounted(stored), *certificate.faults)


def _miscounted(stored: _Stored) -> Iterator[str]:
    counts = {
        "proposal_count": len(stored.proposals),
        "unmatched_count": len(stored.unmatched),
    }
    for name, count in counts.items():
        if getattr(stored.run, name) != count:
            yield f"{name} is {getattr(stored.run, name)}, and {count} are stored"


def _restored(
    stored: _Stored, inputs: Inputs, configuration: matching.Configuration
) -> matching.Run:
    """The run as the matcher told it, from the rows that were made of it."""
    run = stored.run
    days = {one.id: one.waiting_days for one in inputs.mentees}
    bound, objective = _micros(run.bound), _micros(run.objective)
    return matching.Run(
        input_digest=run.input_digest,
        versions=run.versions,
        counts={},
        status="OPTIMAL",
        objective=objective,
        bound=bound,
        gap=_micros(run.gap),
        proposals=tuple(
            _proposal(row, configuration.priority(days.get(str(row.request_id), 0)))
            for row in stored.proposals
        ),
        unmatched=tuple(_alone(stored.unmatched)),
        prices=run.prices,
        surpluses=run.surpluses,
        group_prices=run.group_prices or {},
        load_prices=run.load_prices or {},
        reward=run.reward or 0,
        standing_bonus=run.standing_bonus or 0,
    )


def _proposal(row: models.MatchProposal, priority: int) -> matching.Proposal:
    return matching.Proposal(
        mentee_id=str(row.request_id),
        mentor_id=str(row.mentor_id),
        score=_micros(row.score),
        contributions={name: _micros(share) for name, share in row.contributions.items()},
        priority=priority,
        # Runners-up are advice; no proof leans on them.
        runner_up_mentor_id=None,
        runner_up_score=None,
        runner_up_cost=None,
    )


def _alone(rows: Iterable[models.UnmatchedMentee]) -> Iterator[matching.Unmatched]:
    for row in rows:
        reason = matching.Reason(row.reason.value)
        yield matching.Unmatched(str(row.request_id), reason, row.rule_counts)


def _micros(value: float) -> int:
    return round(value * matching.MICROS)
