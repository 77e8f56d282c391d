"""One run: people in, proposals with their proof out.

The only entry for the rest of Cadre. It keeps active mentorships as they are
and refuses to propose anything that is not a proved optimum.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache, partial
from importlib.metadata import version
from typing import Any, Final

import numpy as np

from matching.arrays import MICROS, Amounts, Integers
from matching.choices import Choice, Reached, Stability, choose
from matching.configurations import Configuration
from matching.differences import Difference, difference
from matching.digests import VERSION, digest
from matching.limits import Infeasible, Lacking
from matching.markets import BLOCK, Market
from matching.optima import Optimum, Progress, Watch, runners_up, unwatched
from matching.people import Fixed, Mentee, Mentor
from matching.prices import bound
from matching.rules import BIT, Rule
from matching.terms import NO_TERMS, Pairs, Terms
from matching.worths import Effort, Worths

LIBRARIES: Final = ("numpy", "ortools", "scikit-learn", "scipy")

GroupPrices = Mapping[str, Mapping[str, Mapping[str, int]]]


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
    pairing can exceed; `gap` is their difference, and 0 where `status` is OPTIMAL. It is
    WITHIN_GAP only where groups overlap and the best found is not the best proved.

    `group_prices` are, by grouping, group and mentor, what a place within a cap is
    worth beyond the mentor's own price, and `load_prices` by mentor what one less in the
    least load would be worth to others; those of 0 are left out.

    `reward` is what each pair counts in prices and surpluses, but not in the objective, so
    that more pairs are better than any scores; 0 unless nobody is to be left out. With it
    goes `aims`, what either aim reaches. `standing_bonus` is what keeping a standing
    proposal counts, in the objective too; `stability` tells what came of it, and
    `difference` who.
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
    group_prices: GroupPrices = field(default_factory=dict)
    load_prices: Mapping[str, int] = field(default_factory=dict)
    reward: int = 0
    standing_bonus: int = 0
    aims: Mapping[str, Reached] = field(default_factory=dict)
    stability: Stability | None = None
    difference: Difference | None = None

    @property
    def objective_value(self) -> float:
        """The objective in units of a score from 0 to 1."""
        return self.objective / MICROS

    @property
    def bound_value(self) -> float:
        """The bound in units of a score from 0 to 1."""
        return self.bound / MICROS


def pair(  # noqa: PLR0913 - the people, what binds them, and how to go about it
    mentees: Iterable[Mentee],
    mentors: Iterable[Mentor],
    *,
    fixed: Iterable[Fixed] = (),
    closed_badly: Iterable[tuple[str, str]] = (),
    terms: Terms = NO_TERMS,
    configuration: Configuration = Configuration(),  # noqa: B008 - frozen
    effort: Effort = Effort(),  # noqa: B008 - frozen
    watch: Watch = unwatched,
) -> Run:
    """The best pairing of all waiting mentees at once, with its proof.

    Parameters
    ----------
    mentees, mentors : iterables of n and m records, in any order
    fixed : iterable of Fixed
        Active mentorships; ids of people outside the run are allowed.
    closed_badly : iterable of (mentee id, mentor id)
        Pairs that must not be made again.
    terms, configuration, effort
        What was decided about this run, by the programme, and how to go about it; see there.
    watch : callable, optional
        Told of each step as it begins; whatever it raises ends the run.

    Returns
    -------
    Run
        The same for the same people in any order, to the last byte.

    Raises
    ------
    InvalidPeople
        If an id or a person occurs twice on one side.
    Infeasible
        If not all can be kept that was asked for, with what stands against it.
    NotSolved, NotOptimal
        If the optimum could not be reached or proved; nothing is proposed then.
    """
    people = tuple(mentees), tuple(mentors)
    bound_by: dict[str, Any] = {
        "fixed": frozenset(fixed),
        "closed_badly": frozenset(closed_badly),
        "terms": terms,
        "configuration": configuration,
    }
    step = Progress("score")
    watch(step)
    market = Market.of(*people, **bound_by)
    worths = Worths.of(market, effort, pause=partial(watch, step))
    try:
        choice = choose(worths, configuration, watch=watch)
    except Lacking as lacking:
        raise Infeasible(_lacking(market, lacking.short)) from lacking
    edges = len(choice.best.problem.rows)
    watch(Progress("explain", choice.best.rounds, edges, open_pairs=0, gap=0))
    run = _told(_Found(market, choice), fixed_mentees=len(people[0]) - len(market.mentees))
    run = replace(run, difference=_difference(run, terms.standing))
    return replace(run, input_digest=digest(*people, **bound_by), versions=versions(configuration))


@dataclass(frozen=True)
class _Found:
    market: Market
    choice: Choice

    @property
    def worths(self) -> Worths:
        return self.choice.worths

    @property
    def best(self) -> Optimum:
        return self.choice.best


def _lacking(market: Market, short: Integers) -> str:
    """Who lacks how many at best; others might lack them instead, and as many in all."""
    named = [
        f"{market.mentors[j].id} lacks {short[j]} of {market.limits.least[j]}"
        for j in np.flatnonzero(short).tolist()
    ]
    more = f" and {len(named) - 5} more" if len(named) > 5 else ""
    return (
        f"not every mentor can get the least load: {', '.join(named[:5])}{more}, however the"
        " mentees are shared out; lower least_load, or that of these mentors"
    )


def _told(found: _Found, *, fixed_mentees: int) -> Run:
    market, best, choice = found.market, found.best, found.choice
    proposals = tuple(_proposals(found))
    unmatched = tuple(_unmatched(found))
    limit = bound(best.problem, best.prices) - choice.reward * choice.number
    return Run(
        input_digest="",
        versions={},
        counts={
            **_counts(found),
            "mentees": len(market.mentees) + fixed_mentees,
            "fixed": fixed_mentees,
            "proposals": len(proposals),
            "unmatched": len(unmatched),
        },
        status="WITHIN_GAP" if limit > choice.objective else "OPTIMAL",
        objective=choice.objective,
        bound=limit,
        gap=limit - choice.objective,
        proposals=proposals,
        unmatched=unmatched,
        prices=_by_id([one.id for one in market.mentors], np.maximum(best.prices.prices, 0)),
        load_prices=_load_prices(market, best),
        surpluses=_by_id([one.id for one in market.mentees], best.prices.surpluses),
        group_prices=_group_prices(market, best),
        reward=choice.reward,
        standing_bonus=choice.bonus,
        aims={aim.value: outcome for aim, outcome in choice.aims.items()},
        stability=choice.stability,
    )


def _difference(run: Run, standing: Pairs) -> Difference | None:
    if not standing:
        return None
    alone = dict.fromkeys(one.mentee_id for one in run.unmatched)
    return difference(alone | {one.mentee_id: one.mentor_id for one in run.proposals}, standing)


def versions(configuration: Configuration) -> dict[str, str]:
    """What computed the run: this room, the configuration and the libraries."""
    return {
        "matching": VERSION,
        "configuration": configuration.version,
        **_libraries(),
    }


@cache
def _libraries() -> Mapping[str, str]:
    """Looked up once: each look reads a file, and takes as long as a small run."""
    return {library: version(library) for library in LIBRARIES}


def _counts(found: _Found) -> dict[str, int]:
    market, best = found.market, found.best
    return {
        "mentors": len(market.mentors),
        "waiting": len(market.mentees),
        "free_places": int(market.free.sum()),
        "pairs": len(market.mentees) * len(market.mentors),
        "eligible_pairs": found.worths.eligible,
        "edges": len(best.problem.rows),
        "rounds": best.rounds,
    }


def _proposals(found: _Found) -> Iterator[Proposal]:
    market, best = found.market, found.best
    problem, prices = best.problem, best.prices
    rows, columns = problem.rows[best.chosen], problem.columns[best.chosen]
    others = runners_up(found.worths, best)[rows]
    asked = prices.surpluses[rows] + prices.paid(problem.limits, rows, others)
    added = found.worths.sides.priorities[rows] + found.worths.standing.bonuses(rows, others)
    gap = bound(problem, prices) - best.objective
    costs = (asked - added - gap).tolist()
    for first in range(0, len(rows), BLOCK):
        part = slice(first, first + BLOCK)
        parts = _diagonals(market.scores.contributions(rows[part], columns[part]))
        scores = market.scores.totals(rows[part], others[part]).diagonal().tolist()
        for place, (i, j, other) in enumerate(
            zip(rows[part].tolist(), columns[part].tolist(), others[part].tolist(), strict=True)
        ):
            contributions = {name: values[place] for name, values in parts.items()}
            priority = int(market.priorities[i])
            yield Proposal(
                mentee_id=market.mentees[i].id,
                mentor_id=market.mentors[j].id,
                score=sum(contributions.values()),
                contributions=contributions,
                priority=priority,
                runner_up_mentor_id=None if other < 0 else market.mentors[other].id,
                runner_up_score=None if other < 0 else scores[place],
                runner_up_cost=None if other < 0 else max(0, costs[first + place] - scores[place]),
            )


def _diagonals(parts: Mapping[str, Amounts]) -> Mapping[str, list[int]]:
    return {name: values.diagonal().tolist() for name, values in parts.items()}


def _unmatched(found: _Found) -> Iterator[Unmatched]:
    market, best = found.market, found.best
    places = np.flatnonzero(best.problem.given(best.chosen) == 0)
    counts = market.rules.counts(places)
    reasons = dict.fromkeys(places.tolist(), Reason.ALL_ELIGIBLE_FULL)
    lonely = places[~found.worths.welcome()[places]]
    for first in range(0, len(lonely), BLOCK):
        rows = lonely[first : first + BLOCK]
        fits = (market.rules.broken(rows) & ~BIT[Rule.NO_CAPACITY]) == 0
        enough = fits & (market.scores.totals(rows) >= market.minimum)
        for row, may, would in zip(rows.tolist(), fits, enough, strict=True):
            reasons[row] = _reason(int(may.sum()), int(would.sum()))
    for row, of_rules in zip(places.tolist(), counts.tolist(), strict=True):
        named = zip(Rule, of_rules, strict=True)
        yield Unmatched(
            mentee_id=market.mentees[row].id,
            reason=reasons[row],
            rule_counts={rule.value: count for rule, count in named if count},
        )


def _reason(suitable: int, good_enough: int) -> Reason:
    if not suitable:
        return Reason.NO_ELIGIBLE_MENTOR
    return Reason.ALL_ELIGIBLE_FULL if good_enough else Reason.BELOW_MINIMUM


def _load_prices(market: Market, best: Optimum) -> dict[str, int]:
    prices = best.prices.prices
    return {market.mentors[j].id: -int(prices[j]) for j in np.flatnonzero(prices < 0).tolist()}


def _group_prices(market: Market, best: Optimum) -> GroupPrices:
    """What is not 0, by names: caps seldom bind, and there is one for each group and mentor."""
    found: dict[str, dict[str, dict[str, int]]] = {}
    for grouping, prices in zip(market.limits.groupings, best.prices.groups, strict=True):
        by_group = found.setdefault(grouping.name, {})
        for k, j in np.argwhere(prices).tolist():
            by_mentor = by_group.setdefault(grouping.groups[k], {})
            by_mentor[market.mentors[j].id] = int(prices[k, j])
    return found


def _by_id(ids: list[str], values: Integers) -> dict[str, int]:
    return dict(zip(ids, values.tolist(), strict=True))
