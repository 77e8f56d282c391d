"""A second opinion on small worlds, from the specification alone: what may be paired, and the best.

Plain Python over records, pair by pair; only the scores of pairs are taken from the matcher.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from matching import Mentee, Mentor, Service, Terms
from matching.markets import Market
from tests.matching.worlds import World

Made = dict[str, str | None]
"""For each waiting mentee the mentor, or None."""


def codes(world: World, mentee: Mentee, mentor: Mentor) -> set[str]:
    """Every rule that forbids the pair."""
    pair = (mentee.id, mentor.id)
    people = (mentee, mentor), (mentor, mentee)
    level = world.configuration.working_language_level
    common = {
        code
        for code, mine in mentee.languages.items()
        if mine >= level and mentor.languages.get(code, 0) >= level
    }
    found = {
        "NO_CAPACITY": places(world, mentor) == 0,
        "NOT_AVAILABLE": not mentor.available,
        "SAME_PERSON": mentee.person_id == mentor.person_id,
        "SUPERVISED_IN_MISSION": any(supervised(*both) for both in people),
        "NATIONALITY_REFUSED": any(refused(*both) for both in people),
        "DECLARED_CONFLICT": any(b.person_id in (a.conflicts or ()) for a, b in people),
        "CONFLICTS_UNKNOWN": None in {mentee.conflicts, mentor.conflicts},
        "NO_COMMON_LANGUAGE": not common,
        "VETO": mentor.id in mentee.vetoed_mentors or mentee.id in mentor.vetoed_mentees,
        "ALREADY_CLOSED_BADLY": pair in world.closed_badly,
        "BANNED": pair in world.terms.bans,
    }
    return {code for code, holds in found.items() if holds}


def places(world: World, mentor: Mentor) -> int:
    held = len({one.mentee_id for one in world.fixed if one.mentor_id == mentor.id})
    return max(0, mentor.capacity - max(mentor.active, held))


def least(world: World, mentor: Mentor) -> int:
    """How many new mentees the mentor must get."""
    usual = world.configuration.least_load if mentor.available else 0
    return world.terms.least_loads.get(mentor.id, min(usual, places(world, mentor)))


def supervised(one: Mentee | Mentor, other: Mentee | Mentor) -> bool:
    return any(
        period.supervisor_person_id == other.person_id
        and (period.end is None or any(together(period, theirs) for theirs in other.service))
        for period in one.service
    )


def together(mine: Service, theirs: Service) -> bool:
    if mine.mission_id != theirs.mission_id:
        return False
    starts = max(mine.start, theirs.start)
    return all(period.end is None or starts <= period.end for period in (mine, theirs))


def refused(one: Mentee | Mentor, other: Mentee | Mentor) -> bool:
    if not one.refused_nationalities:
        return False
    return not other.nationalities or bool(one.refused_nationalities & other.nationalities)


def label(world: World, grouping: str, mentee_id: str) -> str | None:
    if grouping in world.terms.groupings:
        return world.terms.groupings[grouping].get(mentee_id)
    found = [getattr(one, grouping) for one in world.mentees if one.id == mentee_id]
    return found[0] or None if found else None


def breaches(world: World, made: Made) -> list[str]:
    """What stands against an answer, in words; the score is not looked at."""
    mentees = {one.id: one for one in world.mentees}
    mentors = {one.id: one for one in world.mentors}
    pairs = [(mentee, mentor) for mentee, mentor in made.items() if mentor is not None]
    found = [
        f"{mentee} and {mentor}: {code}"
        for mentee, mentor in pairs
        for code in sorted(codes(world, mentees[mentee], mentors[mentor]))
    ]
    loads = Counter(mentor for _, mentor in pairs)
    found += [f"{one.id}: overfull" for one in world.mentors if loads[one.id] > places(world, one)]
    found += [f"{one.id}: too few" for one in world.mentors if loads[one.id] < least(world, one)]
    found += [f"{pin}: not made" for pin in sorted(world.terms.pins) if pin not in pairs]
    return found + list(crowds(world, pairs))


def crowds(world: World, pairs: list[tuple[str, str]]) -> Iterator[str]:
    """Mentors with more new mentees of one group than the active ones of it leave room for."""
    held = [(one.mentee_id, one.mentor_id) for one in set(world.fixed)]
    for grouping, most in world.configuration.group_caps:
        new = Counter((mentor, label(world, grouping, mentee)) for mentee, mentor in pairs)
        old = Counter((mentor, label(world, grouping, mentee)) for mentee, mentor in held)
        for (mentor, group), count in new.items():
            if group is not None and count > max(0, most - old[mentor, group]):
                yield f"{mentor}: too many of {grouping} {group}"


@dataclass(frozen=True)
class Answer:
    """One answer that keeps all that is asked for.

    `utility` is its scores and priorities and the least acceptable score of everybody else,
    `kept` counts the standing pairs in it.
    """

    number: int
    utility: int
    kept: int


def answers(world: World) -> list[Answer]:
    """Every answer there can be, tried one by one; none where not all can be kept."""
    market = world.ask(unpinned)
    worth = worths(world, market)
    waiting = [one.id for one in market.mentees]
    if {mentee for mentee, _ in world.terms.pins} - set(waiting):
        return []
    choices = [[None, *(mentor for mentee, mentor in worth if mentee == one)] for one in waiting]
    found = []
    for answer in product(*choices):
        made = dict(zip(waiting, answer, strict=True))
        if breaches_of_counts(world, made):
            continue
        pairs = {(mentee, mentor) for mentee, mentor in made.items() if mentor is not None}
        alone = market.minimum * (len(made) - len(pairs))
        total = sum(worth[pair] for pair in pairs) + alone
        found.append(Answer(len(pairs), total, len(pairs & world.terms.standing)))
    return found


def keepable(world: World) -> int:
    """How many standing pairs may be made at all, places aside."""
    worth = worths(world, world.ask(unpinned))
    pinned = dict(world.terms.pins)
    return sum(
        pair in worth and pinned.get(pair[0], pair[1]) == pair[1] for pair in world.terms.standing
    )


def breaches_of_counts(world: World, made: Made) -> bool:
    """Whether an answer of allowed pairs breaks what counts them together."""
    pairs = {(mentee, mentor) for mentee, mentor in made.items() if mentor is not None}
    loads = Counter(mentor for _, mentor in pairs)
    return (
        not world.terms.pins <= pairs
        or any(loads[one.id] > places(world, one) for one in world.mentors)
        or any(loads[one.id] < least(world, one) for one in world.mentors)
        or any(crowds(world, list(pairs)))
    )


def worths(world: World, market: Market) -> dict[tuple[str, str], int]:
    """What each allowed pair is worth with the bonus of waiting; pins may lie below the minimum."""
    scores = market.scores.totals(slice(None))
    by_id = {one.id: one for one in world.mentees}, {one.id: one for one in world.mentors}
    found = {}
    for i, mentee in enumerate(market.mentees):
        for j, mentor in enumerate(market.mentors):
            pair = mentee.id, mentor.id
            good = scores[i, j] >= market.minimum or pair in world.terms.pins
            if good and not codes(world, by_id[0][pair[0]], by_id[1][pair[1]]):
                found[pair] = int(scores[i, j]) + int(market.priorities[i])
    return found


def unpinned(*people: Any, terms: Terms, **bound_by: Any) -> Market:
    """The market for its scores, which no term changes."""
    return Market.of(*people, terms=replace(terms, pins=frozenset()), **bound_by)
