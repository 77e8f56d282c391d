"""Whom a run served how well: by gender, region and function, with intervals.

It reads protected attributes, which nothing that scores or learns may. It refuses figures for
groups of few, others from which these could be worked out, and any claim about pairs that could
never have been made.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, TypeVar

import numpy as np

from matching.arrays import MICROS, Amounts, Integers
from matching.configurations import Configuration
from matching.figures import MINIMUM_CELL, Figure, Interval, Unsaid
from matching.markets import Market
from matching.people import Fixed, Mentee, Mentor
from matching.runs import Run
from matching.shortlists import Turns, best_of_rows, columns_of
from matching.terms import NO_TERMS, Pairs, Terms
from matching.worths import Effort, Worths

LIST_LENGTH: Final = 20
"""How many mentors count as one mentee's shortlist."""
DRAWS: Final = 1000
LEVEL: Final = 0.95
NOT_IDENTIFIABLE: Final = Unsaid(
    "not identifiable: a run draws no lots, so each pair was certain or impossible, and outcomes"
    " say nothing about pairs that were not made"
)
"""The propensities of a deterministic run."""

NOTHING: Final = np.iinfo(np.int64).min
"""Stands for what is not known of somebody."""

_IN_PAIRS: Final = Unsaid(
    "not told: this run puts the number of pairs, or who waited longest, before all scores, so its"
    " prices are no scores"
)

# The same words for all that is withheld: others would say which group is the small one.
_FEW: Final = "too few to say: fewer than {least} {side}s, here or in a group this would give away"

# Draws at once: with some thousand people this holds some tens of megabytes.
_TOGETHER: Final = 100

Person = TypeVar("Person", Mentee, Mentor)
Groups = Callable[[Any], Iterable[str | None]]
Cells = frozenset[str | None]


@dataclass(frozen=True)
class Row:
    """One figure for one group.

    Parameters
    ----------
    measure : str
        "match_rate": the part of waiting mentees who were proposed a mentor. "surplus": what
        the proposal scores beyond the price of the mentor, in units of a score and without any
        bonus; the unmatched value where there is none.
        "rank": the place of the mentor proposed among all the mentee could have had, 1 for the
        best. "exposure": on what part of the mentees' shortlists a mentor with a free place
        stands.
    side : str
        Whose group it is, "mentee" or "mentor".
    attribute : str
        "gender", "region" or "function".
    group : str or None
        None for those of whom it is not known. A mentor is in the group of each region and
        function of theirs.
    figure : Interval or Unsaid
        The mean, with its bootstrap interval.
    """

    measure: str
    side: str
    attribute: str
    group: str | None
    figure: Figure


@dataclass(frozen=True)
class Audit:
    """The figures of one run, and what can be said of its propensities."""

    rows: tuple[Row, ...]
    propensities: Unsaid = NOT_IDENTIFIABLE

    def to_json(self) -> dict[str, Any]:
        """Plain dictionaries and lists, for storing beside the run."""
        return asdict(self)


_MENTEES: Final[Mapping[str, Groups]] = {
    "gender": lambda one: [one.gender],
    "region": lambda one: [one.mission_region],
    "function": lambda one: [one.function],
}
_MENTORS: Final[Mapping[str, Groups]] = {
    "gender": lambda one: [one.gender],
    "region": lambda one: sorted(one.regions) or [None],
    "function": lambda one: sorted(one.functions) or [None],
}


def audit(  # noqa: PLR0913 - the run beside all that it came from
    run: Run,
    mentees: Iterable[Mentee],
    mentors: Iterable[Mentor],
    *,
    fixed: Iterable[Fixed] = (),
    closed_badly: Iterable[tuple[str, str]] = (),
    terms: Terms = NO_TERMS,
    configuration: Configuration = Configuration(),  # noqa: B008 - frozen
    effort: Effort = Effort(),  # noqa: B008 - frozen
    seed: int = 0,
) -> Audit:
    """The audit of a run, from the inputs it came from.

    Parameters
    ----------
    run : Run
    mentees, mentors, fixed, closed_badly, terms, configuration, effort
        As given to `pair`. Pins are decisions and not chances, so ranks look past them.
    seed : int
        Of the draws.

    Returns
    -------
    Audit
        The same for the same people in any order, to the last byte. Groups of fewer than
        `MINIMUM_CELL`, and others that would give these away, have a row that says so.

    Raises
    ------
    InvalidPeople
        If an id or a person occurs twice on one side.
    """
    market = Market.of(
        mentees,
        tuple(mentors),
        fixed=fixed,
        closed_badly=frozenset(closed_badly),
        terms=replace(terms, pins=frozenset()),
        configuration=configuration,
    )
    seen = _seen(run, market, effort, terms.standing)
    waiting = len(market.mentees)
    is_in_scores = not run.reward and market.priorities.max(initial=0) <= MICROS
    surplus = _Measure("surplus", seen.surpluses, MICROS, None if is_in_scores else _IN_PAIRS)
    return Audit(
        (
            *_rows(_Measure("match_rate", seen.matched), market.mentees, seed),
            *_rows(surplus, market.mentees, seed),
            *_rows(_Measure("rank", seen.ranks), market.mentees, seed),
            *_rows(_Measure("exposure", seen.listed, waiting), market.mentors, seed),
        )
    )


@dataclass(frozen=True)
class _Seen:
    """Measures of single people, (n,) or (m,), `NOTHING` for whom a measure says nothing."""

    matched: Integers
    surpluses: Integers
    ranks: Integers
    listed: Integers


@dataclass(frozen=True)
class _Measure:
    """Whole numbers, whose sums are exact on every machine, and how many of them make 1.

    Or the reason why this run has no such figure for anybody.
    """

    name: str
    values: Integers
    unit: int = 1
    unsaid: Unsaid | None = None


def _seen(run: Run, market: Market, effort: Effort, standing: Pairs) -> _Seen:
    scores = {one.mentee_id: one.score for one in run.proposals}
    had = np.array([scores.get(one.id, -1) for one in market.mentees], dtype=np.int64)
    worths = Worths.of(market, effort)
    turns, (n, m) = Turns.of(worths), worths.shape

    def work(rows: slice, block: Amounts) -> tuple[Integers, Integers]:
        keys = best_of_rows(block, turns.mine[rows], LIST_LENGTH)
        listed = columns_of(keys, turns.mine[rows], m)[keys >= 0]
        better = (block > had[rows, None]).sum(axis=1, dtype=np.int64)
        return better + 1, np.bincount(listed, minlength=m)

    parts = worths.stretches(work) if n and m else [(np.ones(n, np.int64), np.zeros(m, np.int64))]
    ranks = np.concatenate([ranks for ranks, _ in parts])
    listed = np.sum([counts for _, counts in parts], axis=0)
    is_there = np.array([one.available for one in market.mentors], dtype=np.bool_)
    return _Seen(
        matched=(had >= 0).astype(np.int64),
        surpluses=_surpluses(run, market, standing),
        ranks=np.where(had >= 0, ranks, NOTHING),
        listed=np.where(is_there & (market.free > 0), listed, NOTHING),
    )


def _surpluses(run: Run, market: Market, standing: Pairs) -> Integers:
    """The run's own without what it adds to scores, (n,)."""
    found = np.array([run.surpluses[one.id] for one in market.mentees], dtype=np.int64)
    row = {one.id: place for place, one in enumerate(market.mentees)}
    for one in run.proposals:
        is_kept = (one.mentee_id, one.mentor_id) in standing
        found[row[one.mentee_id]] -= one.priority + is_kept * run.standing_bonus
    return found


def _rows(measure: _Measure, people: Sequence[Person], seed: int) -> Iterator[Row]:
    side = "mentor" if measure.name == "exposure" else "mentee"
    for attribute, groups in (_MENTORS if side == "mentor" else _MENTEES).items():
        cells: defaultdict[str | None, list[int]] = defaultdict(list)
        everybody: Counter[str | None] = Counter()
        for one, value in zip(people, measure.values.tolist(), strict=True):
            for group in groups(one):
                everybody[group] += 1
                # Whom the measure says nothing of is still of the group.
                cells[group] += [] if value == NOTHING else [value]
        sizes = {group: len(cell) for group, cell in cells.items()}
        # What other measures withhold of mentees, all of whom they count, stays withheld here.
        known = _withheld(everybody) if side == "mentee" else frozenset[str | None]()
        withheld = _withheld(sizes, known)
        few = Unsaid(_FEW.format(least=MINIMUM_CELL, side=side))
        for group in sorted(cells, key=lambda name: (name is None, name or "")):
            draw = _draw(f"{seed} {measure.name} {attribute} {group}")
            figure = few if group in withheld else _figure(cells[group], measure.unit, draw)
            yield Row(measure.name, side, attribute, group, measure.unsaid or figure)


def _withheld(sizes: Mapping[str | None, int], known: Cells = frozenset()) -> Cells:
    """The groups without a figure: those of few, and where these could be worked out, more.

    How many there are in all, and what they have in common, may be known from the run or from
    groups of another kind; so what is withheld is known together. It must be of enough people,
    and not all of one size, which the sum would tell: then the smallest others are withheld as
    well. All of that size, so that no order of names says which of two it was.
    """
    found = known | {group for group, size in sizes.items() if size < MINIMUM_CELL}
    held = [sizes[group] for group in found]
    told = {group: size for group, size in sizes.items() if group not in found}
    if held and told and (sum(held) < MINIMUM_CELL or min(held) == max(held)):
        least = min(told.values())
        found |= {group for group, size in told.items() if size == least}
    return found


def _draw(name: str) -> np.random.Generator:
    """Draws of their own for each figure, so that no group moves another's interval."""
    return np.random.default_rng(list(hashlib.sha256(name.encode()).digest()))


def _figure(cell: list[int], unit: int, draw: np.random.Generator) -> Interval:
    """The mean with the interval of means drawn anew from the same people."""
    values, size = np.array(cell, dtype=np.int64), len(cell)
    sums = [
        values[draw.integers(0, size, (_TOGETHER, size))].sum(axis=1)
        for _ in range(DRAWS // _TOGETHER)
    ]
    means = np.concatenate(sums) / (size * unit)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(values.sum() / (size * unit)), float(low), float(high), size)
