"""Why this pair and why not another, with every remedy tried by solving again."""

from dataclasses import replace

import numpy as np
import pytest

from matching import Aim, Configuration, Effort, Rule, Terms, certify, pair, sentences
from matching.arrays import MICROS
from matching.explanations import (
    Difference,
    NotInRun,
    Remedy,
    RemedyKind,
    Standing,
    WhyNot,
    proposal,
    why_not,
)
from matching.markets import Market
from matching.optima import find
from matching.settlements import NOBODY, Settlement
from matching.worths import NEVER, Worths
from tests.matching.test_detours import best_with, settled
from tests.matching.worlds import World, a_mentee, a_mentor, a_world, contested

WORLDS = [
    *(a_world(seed, n=4 + seed % 9, m=2 + seed % 4) for seed in range(20)),
    *(contested(seed, n=12, m=4 + seed) for seed in range(4)),
]


_ONE_CHANGE = {
    Standing.PROPOSED: [],
    Standing.FORBIDDEN: [RemedyKind.RULES_LIFTED],
    Standing.BELOW_MINIMUM: [RemedyKind.MORE_SCORE],
    Standing.COSTS_OTHERS: [RemedyKind.MORE_SCORE],
}
KINDS = {(standing, full): kinds for standing, kinds in _ONE_CHANGE.items() for full in (0, 1)}
KINDS[Standing.COSTS_OTHERS, 1] = [RemedyKind.MORE_SCORE, RemedyKind.ONE_MORE_PLACE]


def everybody(settlement: Settlement) -> list[tuple[str, str]]:
    return [(mentee, mentor) for mentee in settlement.row for mentor in settlement.column]


@pytest.mark.parametrize("world", WORLDS)
def test_a_proposal_is_told_as_the_run_told_it(world: World) -> None:
    settlement, run = settled(world), world.ask(pair)
    assert world.ask(certify, run).holds
    for made in run.proposals:
        found = proposal(settlement, made.mentee_id)
        assert (found.mentor_id, found.score) == (made.mentor_id, made.score)
        assert found.contributions == made.contributions
        assert sum(found.contributions.values()) == found.score
        assert found.rules == tuple(Rule)
        other = found.runner_up
        told = (made.runner_up_mentor_id, made.runner_up_score, made.runner_up_cost)
        assert told == ((other.mentor_id, other.score, other.cost) if other else (None,) * 3)
        if other:
            apart = sum(one.here - one.there for one in other.differences)
            assert apart == found.score - other.score


@pytest.mark.parametrize("world", WORLDS)
def test_a_run_that_keeps_what_stands_is_told_as_it_was_told(world: World) -> None:
    first = world.ask(pair)
    swapped = {one.mentee_id: one.runner_up_mentor_id for one in first.proposals}
    standing = frozenset((mentee, mentor) for mentee, mentor in swapped.items() if mentor)
    configuration = replace(
        world.configuration, standing_bonus=0.1, first_after_days=100, aim=Aim.NOBODY_LEFT_OUT
    )
    asked = replace(world, configuration=configuration, terms=Terms(standing=standing))
    run, market = asked.ask(pair), asked.ask(Market.of)
    settlement = Settlement.stored(
        market,
        Worths.of(market).weighed(bonus=run.standing_bonus, reward=run.reward),
        pairs={one.mentee_id: one.mentor_id for one in run.proposals},
        prices=run.prices,
        surpluses=run.surpluses,
    )
    for made in run.proposals:
        found = proposal(settlement, made.mentee_id)
        assert (found.score, found.priority) == (made.score, made.priority)
        kept = (made.mentee_id, made.mentor_id) in standing
        assert found.keeping == (100_000 if kept else 0)
        other = found.runner_up
        told = (made.runner_up_mentor_id, made.runner_up_score, made.runner_up_cost)
        assert told == ((other.mentor_id, other.score, other.cost) if other else (None,) * 3)
        words = "This proposal stands since an earlier run, which counts 0.100."
        assert (words in sentences.of_proposal(found)) == kept


@pytest.mark.parametrize("world", WORLDS)
def test_every_pair_has_its_answer_and_the_bound_never_exceeds_the_cost(world: World) -> None:
    settlement = settled(world)
    broken = settlement.market.rules.broken(slice(None))
    for mentee, mentor in everybody(settlement):
        quick = why_not(settlement, mentee, mentor)
        full = why_not(settlement, mentee, mentor, exact=True)
        row, column = settlement.row[mentee], settlement.column[mentor]
        held = settlement.taken[row]
        assert (quick.standing is Standing.PROPOSED) == (held == column)
        assert bool(quick.rules) == bool(broken[row, column])
        if quick.standing is Standing.PROPOSED:
            assert (full.least_cost, full.exact_cost, full.remedies) == (0, 0, ())
            continue
        assert quick.exact_cost is None
        assert full.exact_cost is not None
        best = best_with(settlement, row, column, full.score)
        assert best == settlement.objective - full.exact_cost
        if quick.standing is Standing.COSTS_OTHERS:
            assert quick.least_cost is not None
            assert 0 <= quick.least_cost <= full.exact_cost
        else:
            assert quick.least_cost is None
        if held != NOBODY:
            apart = sum(one.here - one.there for one in quick.differences)
            assert quick.held_score is not None
            assert apart == quick.held_score - quick.score


def lifted(settlement: Settlement, found: WhyNot, remedy: Remedy, rise: int) -> Settlement:
    """The same market with the remedy applied and the score risen, still with the old prices."""
    row, column = settlement.row[found.mentee_id], settlement.column[found.mentor_id]
    worths = settlement.worths
    assert worths.kept is not None
    kept, places = worths.kept.copy(), worths.sides.capacities.copy()
    score = found.score + rise
    kept[row, column] = score if score >= found.minimum else NEVER
    if remedy.kind is RemedyKind.ONE_MORE_PLACE or Rule.NO_CAPACITY in remedy.rules:
        places[column] += 1
    changed = replace(worths, kept=kept, sides=replace(worths.sides, capacities=places))
    return replace_worths(settlement, changed)


def replace_worths(settlement: Settlement, worths: Worths) -> Settlement:
    """Bypasses the proof, which a changed market need not pass."""
    changed = object.__new__(Settlement)
    changed.__dict__.update({**vars(settlement), "worths": worths})
    return changed


@pytest.mark.parametrize("world", WORLDS)
def test_every_remedy_does_what_it_says_and_nothing_less_would(world: World) -> None:
    settlement = settled(world)
    for mentee, mentor in everybody(settlement):
        found = why_not(settlement, mentee, mentor, exact=True)
        row, column = settlement.row[mentee], settlement.column[mentor]
        is_full = not settlement.spare[column]
        assert [one.kind for one in found.remedies] == KINDS[found.standing, is_full]
        for remedy in found.remedies:
            after = lifted(settlement, found, remedy, remedy.rise)
            optimum = find(after.worths).objective
            assert best_with(after, row, column, found.score + remedy.rise) == optimum
            if not remedy.rise and remedy.kind is not RemedyKind.ONE_MORE_PLACE:
                assert optimum == settlement.objective + remedy.gain
            if remedy.rise:
                less = lifted(settlement, found, remedy, remedy.rise - 1)
                score = found.score + remedy.rise - 1
                if score >= found.minimum:
                    optimum = find(less.worths).objective
                    assert best_with(less, row, column, score) < optimum
            more = lifted(settlement, found, remedy, remedy.rise + 1)
            best = find(more.worths)
            made = zip(
                best.problem.rows[best.chosen], best.problem.columns[best.chosen], strict=True
            )
            assert (row, column) in set(made)
            assert remedy.is_possible == (found.score + remedy.rise <= MICROS)


def three(**changes: object) -> Settlement:
    """Two mentees who want the one place of a mentor, and another mentor who suits less."""
    mentees = [
        a_mentee(id="e0", person_id="e0", function="CHIEF_OF_STAFF", preferred_mentors=("m0",)),
        a_mentee(id="e1", person_id="e1", function="CHIEF_OF_STAFF", **changes),
    ]
    mentors = [
        a_mentor(id="m0", person_id="m0", functions=frozenset({"CHIEF_OF_STAFF"})),
        a_mentor(id="m1", person_id="m1", functions=frozenset({"HEAD_OF_MISSION"})),
    ]
    world = World(mentees, mentors, [], [], Configuration(unmatched_value=0.1))
    market = world.ask(Market.of)
    worths = Worths.of(market)
    return Settlement.of(market, worths, find(worths))


def test_a_wished_for_place_that_another_has_says_what_it_costs_and_what_would_help() -> None:
    settlement = three()
    assert settlement.taken.tolist() == [0, 1]

    found = why_not(settlement, "e1", "m0", exact=True)

    assert found.standing is Standing.COSTS_OTHERS
    assert (found.held_id, found.exact_cost) == ("m1", 60_000)
    assert found.differences == (Difference("function", 132_000, 220_000),)
    assert [(one.mentee_id, one.before_id, one.after_id) for one in found.moves] == [
        ("e1", "m1", "m0"),
        ("e0", "m0", "m1"),
    ]
    assert [(one.kind, one.rise) for one in found.remedies] == [
        (RemedyKind.MORE_SCORE, 60_000),
        (RemedyKind.ONE_MORE_PLACE, 0),
    ]


def test_a_forbidden_pair_names_its_rules_and_what_lifting_them_would_bring() -> None:
    settlement = three(vetoed_mentors=frozenset({"m1"}), languages={"en": 5})

    quick = why_not(settlement, "e1", "m1")
    found = why_not(settlement, "e1", "m1", exact=True)

    assert quick.rules == (Rule.VETO,)
    assert quick.remedies == ()
    (remedy,) = found.remedies
    assert (remedy.kind, remedy.rules, remedy.rise) == (RemedyKind.RULES_LIFTED, (Rule.VETO,), 0)
    assert remedy.gain == -(found.exact_cost or 0) > 0


@pytest.mark.parametrize(
    ("mentee", "mentor", "words"),
    [("nobody", "m0", "does not wait"), ("e0", "nobody", "offers no places")],
)
def test_whoever_is_not_in_the_run_is_named_by_id(mentee: str, mentor: str, words: str) -> None:
    with pytest.raises(NotInRun, match=words):
        why_not(three(), mentee, mentor)
    if mentee == "nobody":
        with pytest.raises(NotInRun, match=words):
            proposal(three(), mentee)


def test_somebody_without_a_mentor_has_no_proposal_to_explain() -> None:
    settlement = three(conflicts=None)
    assert settlement.taken[1] == NOBODY
    with pytest.raises(NotInRun, match="proposed to nobody"):
        proposal(settlement, "e1")


def test_answers_are_the_same_whatever_the_search_kept() -> None:
    world = contested(5, n=40, m=15)
    one = settled(world)
    other = settled(world, Effort(few_pairs=0, by_mentee=1, by_mentor=1, kept_pairs=0))
    assert np.array_equal(one.prices, other.prices)
    for mentee, mentor in everybody(one)[::7]:
        assert why_not(one, mentee, mentor, exact=True) == why_not(
            other, mentee, mentor, exact=True
        )
