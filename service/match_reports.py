"""What operators are told of match runs: one sentence, one line, or everything as plain data.

Words only. It refuses to look anything up: whoever asks has the rows already.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, Final

from pydantic.alias_generators import to_camel

import matching
from service import models
from service.match_proofs import Finding
from service.match_runs import Outcome, Told

_RUN: Final = (
    "id",
    "number",
    "trigger",
    "input_digest",
    "mentee_count",
    "mentor_count",
    "proposal_count",
    "unmatched_count",
    "objective",
    "bound",
    "gap",
    "rounds",
    "started_at",
    "duration_ms",
)
_PROPOSAL: Final = (
    "id",
    "request_id",
    "mentor_id",
    "runner_up_id",
    "score",
    "contributions",
    "state",
)
_UNMATCHED: Final = ("request_id", "reason", "rule_counts")
_MOST_FAULTS: Final = 5
_PHASES: Final = {
    "read": "Reading who waits and who offers",
    "score": "Scoring all pairs",
    "shortlist": "Making shortlists",
    "solve": "Solving",
    "price": "Looking for pairs that would pay more",
    "priced": "Looking for pairs that would pay more",
    "explain": "Explaining",
    "store": "Storing",
}


def progress(come: matching.Progress) -> str:
    """How far a run has come, in one line."""
    line = _PHASES.get(come.phase, come.phase.capitalize())
    if not come.rounds:
        return f"{line} …"
    line += f": round {come.rounds}, {come.edges:,} pairs solved"
    if come.gap is None:
        return f"{line} …"
    return f"{line}, gap {come.gap / matching.MICROS:g} …"


def telling(say: Callable[[str], object]) -> Told:
    """Says in lines how far a run has come, each line once."""
    said = ""

    async def told(come: matching.Progress) -> None:
        nonlocal said
        line = progress(come)
        if line != said:
            say(line)
        said = line

    return told


def under_way(running: models.RunningMatch | None) -> str:
    """The same of a run that another process computes, with who started it and when."""
    if running is None:
        return "No match run is under way."
    gap = None if running.gap is None else round(running.gap * matching.MICROS)
    come = matching.Progress(running.phase, running.rounds, running.edges, running.open_pairs, gap)
    since = f"{running.started_at:%Y-%m-%d %H:%M:%S} UTC"
    ends = " It was cancelled and ends now." if running.cancelled_at else ""
    return f"A match run is under way since {since} ({running.trigger}). {progress(come)}{ends}"


def sentence(outcome: Outcome, *, is_dry_run: bool = False) -> str:
    """What came of a run, with its proof."""
    run = outcome.run
    if not outcome.is_new:
        return f"Nothing new: these are the inputs of run {run.number}."
    verb = "would propose" if is_dry_run else "proposes"
    return (
        f"Run {run.number} {verb} {run.proposal_count} pairs; {run.unmatched_count} mentees"
        f" still wait. {_proof(run)} (gap {run.gap:g}, rounds {run.rounds})."
    )


def _proof(run: models.MatchRun) -> str:
    """What was proved: that none is better, or by how much one may be."""
    if not run.gap:
        return "No better pairing exists"
    return f"Time ran out: another pairing may be better by {run.gap:g} in all scores together"


def plain(outcome: Outcome, *, is_dry_run: bool = False) -> dict[str, Any]:
    """The run with all its pairs, for machines."""
    return {
        "isDryRun": is_dry_run,
        "isNew": outcome.is_new,
        "run": _row(outcome.run, _RUN),
        "proposals": [_row(proposal, _PROPOSAL) for proposal in outcome.proposals],
        "unmatched": [_row(mentee, _UNMATCHED) for mentee in outcome.unmatched],
    }


def verdict(finding: Finding) -> str:
    """What the check of a stored run found, in one line."""
    name = f"Run {finding.number}"
    if finding.faults:
        more = len(finding.faults) - _MOST_FAULTS
        shown = "; ".join(finding.faults[:_MOST_FAULTS])
        return f"{name} is broken: {shown}{f'; and {more} more' if more > 0 else ''}."
    if finding.left_out:
        return f"{name} is left out: {finding.left_out}."
    return (
        f"{name} holds: {finding.pairs} pairs, and no pairing is worth more than"
        f" {finding.objective:g}."
    )


def fault(findings: Sequence[Finding]) -> str | None:
    """What is wrong with the proofs of these runs together, if anything."""
    broken = [str(finding.number) for finding in findings if finding.faults]
    if broken:
        return f"Broken runs: {', '.join(broken)}."
    return None if any(each.holds for each in findings) else "No run could be looked through."


def plain_finding(finding: Finding) -> dict[str, Any]:
    """The same for machines, with every fault."""
    told = {to_camel(name): value for name, value in asdict(finding).items()}
    return told | {"holds": finding.holds}


def _row(row: models.Row, names: tuple[str, ...]) -> dict[str, Any]:
    return {to_camel(name): getattr(row, name) for name in names}
