"""One run: people in, proposals with their proof out.

The only entry for the rest of Cadre. It keeps active mentorships as they are
and refuses to propose anything that is not a proved optimum.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version
from typing import Final

import numpy as np

from matching.arrays import MICROS, Integers, Masks
from matching.configurations import Configuration
from matching.digests import VERSION, digest
from matching.flows import solve
from matching.markets import BLOCK, Market
from matching.people import Fixed, Mentee, Mentor
from matching.prices import NotOptimal, Prices, bound, recover
from matching.problems import Problem, fingerprints, mixed
from matching.rules import BIT, Rule

LIBRARIES: Final = ("numpy", "ortools", "scikit-learn", "scipy")


class Reason(StrEnum):
    """Why a mentee stays without a mentor."""

    NO_ELIGIBLE_MENTOR = "NO_ELIGIBLE_MENTOR"
    ALL_ELIGIBLE_FULL = "ALL_ELIGIBLE_FULL"
    BELOW_MINIMUM = "BELOW_MINIMUM"


@dataclass(frozen=True)
class Proposal:
    """A pair the run proposes; all amounts in millionths.

    `contributions` sum to `score` exactly; `priority` is the waiting bonus,
    which counts in the objective only. The runner-up is the mentor whom the
    mentee could have instead at the least cost to everybody, and
    `runner_up_cost` a proved lower bound of that cost.
    """

    mentee_id: str
    mentor_id: str
    score: int
    contributions: Mapping[str, int]
    priority: int
    runner_up_mentor_id: str | None
    runner_up_score: int | None
    runner_up_cost: int | None


@dataclass(frozen=True)
class Unmatched:
    """A mentee without a proposal; `rule_counts` says how many mentors each rule forbids.

    One mentor may break several rules and is then counted under each. The
    reason looks past NO_CAPACITY: whoever would do but is full counts as full.
    """

    mentee_id: str
    reason: Reason
    rule_counts: Mapping[str, int]


@dataclass(frozen=True)
class Run:
    """What a run found; proposals and unmatched by mentee id, amounts in millionths.

    `objective` is the sum of scores and priorities of the proposals plus the
    unmatched value of everybody else. `bound` is what the prices prove that no
    pairing can exceed; `gap` is their difference and 0.
    """

    input_digest: str
    versions: Mapping[str, str]
    counts: Mapping[str, int]
    status: str
    objective: int
    bound: int
    gap: int
    proposals: tuple[Proposal, ...]
    unmatched: tuple[Unmatched, ...]
    prices: Mapping[str, int]
    surpluses: Mapping[str, int]

    @property
    def objective_value(self) -> float:
        """The objective in units of a score from 0 to 1."""
        return self.objective / MICROS

    @property
    def bound_value(self) -> float:
        """The bound in units of a score from 0 to 1."""
        return self.bound / MICROS


def pair(
    mentees: Iterable[Mentee],
    mentors: Iterable[Mentor],
    *,
    fixed: Iterable[Fixed] = (),
    closed_badly: Iterable[tuple[str, str]] = (),
    configuration: Configuration = Configuration(),  # noqa: B008 - frozen
) -> Run:
    """The best pairing of all waiting mentees at once, with its proof.

    Parameters
    ----------
    mentees, mentors : iterables of n and m records, in any order
    fixed : iterable of Fixed
        Active mentorships; ids of people outside the run are allowed.
    closed_badly : iterable of (mentee id, mentor id)
        Pairs that must not be made again.
    configuration : Configuration

    Returns
    -------
    Run
        The same for the same people in any order, to the last byte.

    Raises
    ------
    InvalidPeople
        If an id or a person occurs twice on one side.
    NotSolved, NotOptimal
        If the optimum could not be reached or proved; nothing is proposed then.
    """
    people = tuple(mentees), tuple(mentors)
    held, failed = frozenset(fixed), frozenset(closed_badly)
    market = Market.of(*people, fixed=held, closed_badly=failed, configuration=configuration)
    sweep = _sweep(market)
    chosen, prices, objective = _proved(sweep.problem)
    proposals = tuple(_proposals(market, sweep.problem, chosen, prices))
    unmatched = tuple(_unmatched(market, sweep, chosen))
    return Run(
        input_digest=digest(*people, fixed=held, closed_badly=failed, configuration=configuration),
        versions=versions(configuration),
        counts={
            **sweep.counts(market),
            "mentees": len(people[0]),
            "fixed": len(people[0]) - len(market.mentees),
            "proposals": len(proposals),
            "unmatched": len(unmatched),
        },
        status="OPTIMAL",
        objective=objective,
        bound=bound(sweep.problem, prices),
        gap=bound(sweep.problem, prices) - objective,
        proposals=proposals,
        unmatched=unmatched,
        prices=_by_id([one.id for one in market.mentors], prices.prices),
        surpluses=_by_id([one.id for one in market.mentees], prices.surpluses),
    )


def versions(configuration: Configuration) -> dict[str, str]:
    """What computed the run: this room, the configuration and the libraries."""
    return {
        "matching": VERSION,
        "configuration": configuration.version,
        **{library: version(library) for library in LIBRARIES},
    }


@dataclass(frozen=True)
class _Sweep:
    """What one pass over all pairs found: the problem, and per mentee why pairs fell away.

    `rule_counts` (n, rules) counts mentors per broken rule; `suitable` (n,) those
    who break nothing but capacity, `good_enough` (n,) those of them at the minimum.
    """

    problem: Problem
    eligible: int
    rule_counts: Integers
    suitable: Integers
    good_enough: Integers

    def counts(self, market: Market) -> dict[str, int]:
        return {
            "mentors": len(market.mentors),
            "waiting": len(market.mentees),
            "free_places": int(market.free.sum()),
            "pairs": len(market.mentees) * len(market.mentors),
            "eligible_pairs": self.eligible,
            "edges": len(self.problem.rows),
        }


def _proved(problem: Problem) -> tuple[Masks, Prices, int]:
    chosen = solve(problem)
    prices = recover(problem, chosen)
    objective, limit = problem.objective(chosen), bound(problem, prices)
    if limit != objective:
        raise NotOptimal(f"objective {objective} differs from its bound {limit}")
    return chosen, prices, objective


def _sweep(market: Market) -> _Sweep:
    n = len(market.mentees)
    rule_counts = np.zeros((n, len(Rule)), dtype=np.int64)
    suitable, good_enough = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    eligible = 0
    edges: list[tuple[Integers, Integers, Integers]] = []
    for block in market.blocks():
        rows, broken = block.rows, block.broken
        for place, rule in enumerate(Rule):
            rule_counts[rows, place] = np.count_nonzero(broken & BIT[rule], axis=1)
        fits = (broken & ~BIT[Rule.NO_CAPACITY]) == 0
        enough = block.scores >= market.minimum
        suitable[rows] = np.count_nonzero(fits, axis=1)
        good_enough[rows] = np.count_nonzero(fits & enough, axis=1)
        eligible += int(np.count_nonzero(broken == 0))
        places, columns = np.nonzero((broken == 0) & enough)
        edges.append((places + rows.start, columns, block.scores[places, columns]))
    return _Sweep(_problem(market, edges), eligible, rule_counts, suitable, good_enough)


def _problem(market: Market, edges: list[tuple[Integers, Integers, Integers]]) -> Problem:
    none = np.zeros(0, dtype=np.int64)
    rows, columns, scores = (
        np.concatenate(parts) for parts in zip((none, none, none), *edges, strict=True)
    )
    mine = fingerprints([mentee.id for mentee in market.mentees])
    theirs = fingerprints([mentor.id for mentor in market.mentors])
    return Problem(
        rows=rows,
        columns=columns,
        weights=scores + market.priorities[rows],
        demands=np.ones(len(market.mentees), dtype=np.int64),
        capacities=market.free,
        unmatched=market.minimum,
        ties=mixed(mine[rows], theirs[columns]),
    )


def _proposals(
    market: Market, problem: Problem, chosen: Masks, prices: Prices
) -> Iterator[Proposal]:
    rows, columns = problem.rows[chosen], problem.columns[chosen]
    losses = prices.surpluses[problem.rows] + prices.prices[problem.columns] - problem.weights
    starts = np.searchsorted(problem.rows, rows)
    stops = np.searchsorted(problem.rows, rows, side="right")
    for first in range(0, len(rows), BLOCK):
        part = slice(first, first + BLOCK)
        parts = market.scores.contributions(rows[part], columns[part])
        diagonals = {name: np.diagonal(values).tolist() for name, values in parts.items()}
        for place, (i, j) in enumerate(zip(rows[part], columns[part], strict=True)):
            contributions = {name: values[place] for name, values in diagonals.items()}
            edges = slice(starts[first + place], stops[first + place])
            other = _runner_up(problem, losses, edges, j)
            yield Proposal(
                mentee_id=market.mentees[i].id,
                mentor_id=market.mentors[j].id,
                score=sum(contributions.values()),
                contributions=contributions,
                priority=int(market.priorities[i]),
                runner_up_mentor_id=(
                    None if other is None else market.mentors[problem.columns[other]].id
                ),
                runner_up_score=(
                    None if other is None else int(problem.weights[other] - market.priorities[i])
                ),
                runner_up_cost=None if other is None else int(losses[other]),
            )


def _runner_up(problem: Problem, losses: Integers, edges: slice, taken: np.int64) -> int | None:
    """The edge of least loss besides the one taken; then of highest worth, then of first id."""
    others = np.arange(edges.start, edges.stop)
    others = others[problem.columns[others] != taken]
    if not len(others):
        return None
    cheapest = others[losses[others] == losses[others].min()]
    return int(cheapest[np.argmax(problem.weights[cheapest])])


def _unmatched(market: Market, sweep: _Sweep, chosen: Masks) -> Iterator[Unmatched]:
    given = sweep.problem.given(chosen)
    for place in np.flatnonzero(given == 0):
        counts = sweep.rule_counts[place].tolist()
        yield Unmatched(
            mentee_id=market.mentees[place].id,
            reason=_reason(int(sweep.suitable[place]), int(sweep.good_enough[place])),
            rule_counts={
                rule.value: count for rule, count in zip(Rule, counts, strict=True) if count
            },
        )


def _reason(suitable: int, good_enough: int) -> Reason:
    if not suitable:
        return Reason.NO_ELIGIBLE_MENTOR
    return Reason.ALL_ELIGIBLE_FULL if good_enough else Reason.BELOW_MINIMUM


def _by_id(ids: list[str], values: Integers) -> dict[str, int]:
    return dict(zip(ids, values.tolist(), strict=True))
