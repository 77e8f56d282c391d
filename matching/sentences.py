"""Explanations in plain English: short sentences that name nobody and whose numbers are right.

The only place where the matcher finds words. It refuses names, so that whoever may not know a
person learns nothing of them here; ids stand beside the sentences.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from math import ceil, floor
from typing import Final

from matching.arrays import MICROS
from matching.comparisons import Comparison, Fate, SettingChange
from matching.explanations import (
    Difference,
    Moved,
    ProposalExplanation,
    Remedy,
    RemedyKind,
    RunnerUp,
    Standing,
    WhyNot,
)
from matching.rules import Rule
from matching.runs import Reason
from matching.vacancies import (
    Lifting,
    NextMentee,
    OfferExplanation,
    OfferStanding,
    Room,
    UnmatchedExplanation,
)

FEATURES: Final = {
    "function": "experience in the mentee's function",
    "mission_context": "experience in the mentee's mission, region or type of mission",
    "mandate_tasks": "experience with the mission's tasks",
    "seniority": "seniority",
    "languages": "languages in common",
    "time_zone": "working hours in common",
    "goals": "expertise for the mentee's goals",
    "preferred_mentor": "the mentee's own choice",
    "mentor_gender": "the mentee's wish about gender",
    "top_criterion": "what matters most to the mentee",
}
"""What each part of a score stands for."""

RULES: Final = {
    Rule.NO_CAPACITY: "the mentor has no place left",
    Rule.NOT_AVAILABLE: "the mentor is not available now",
    Rule.SAME_PERSON: "both are the same person",
    Rule.SUPERVISED_IN_MISSION: "one of them has supervised the other",
    Rule.NATIONALITY_REFUSED: "one of them asked for other nationalities",
    Rule.DECLARED_CONFLICT: "a conflict of interest is declared",
    Rule.CONFLICTS_UNKNOWN: "conflicts of interest are not declared yet",
    Rule.NO_COMMON_LANGUAGE: "they share no working language",
    Rule.VETO: "the pair was ruled out by one side or by a decision",
    Rule.ALREADY_CLOSED_BADLY: "an earlier mentorship of the two did not work",
    Rule.BANNED: "it was decided that the two are not to be paired",
}
"""What each rule says of a pair that it forbids."""

_ALL: Final = "all pairs together"
# Amounts below a thousandth are shown whole.
_THOUSANDTH: Final = 1_000
_NAMED: Final = 2


def of_proposal(found: ProposalExplanation) -> tuple[str, ...]:
    """Why a pair is proposed, and what speaks for the runner-up."""
    return (
        *of_contributions(found.contributions),
        *_of_bonuses(found),
        "No rule speaks against the pair.",
        *_of_runner_up(found.score, found.runner_up),
    )


def of_contributions(found: Mapping[str, int]) -> tuple[str, ...]:
    """What a score is made of."""
    strongest = sorted(found.items(), key=lambda one: (-one[1], one[0]))[: _NAMED + 1]
    named = _listed(f"{_feature(name)} ({near(part)})" for name, part in strongest)
    return (
        f"The two fit with a score of {near(sum(found.values()))}.",
        f"What counts most: {named}.",
    )


def of_why_not(found: WhyNot) -> tuple[str, ...]:
    """Why a pair is not proposed, and what would change that."""
    return (
        *_of_standing(found),
        *_of_differences(found.differences),
        *_of_moves(found.moves, "For this pair"),
        *map(_of_remedy, found.remedies),
    )


def of_unmatched(found: UnmatchedExplanation) -> tuple[str, ...]:
    """Why a mentee has no mentor, and what stands in the way."""
    return (
        _of_reason(found),
        *_of_counts(found.rule_counts),
        *_of_room(found.room),
        *_of_lifting(found.lifting, "mentor"),
    )


def of_liftings(found: Sequence[Lifting], unmatched: int) -> tuple[str, ...]:
    """The one rule whose lifting would open most of those who have no mentor."""
    if not unmatched:
        return ("Everybody who waits is proposed to a mentor.",)
    waiting = f"{_many(unmatched, 'mentee')} {_are(unmatched)} without a mentor."
    if not found:
        return waiting, "No single rule is all that keeps any of them from some mentor."
    most = found[0]
    kept = f"{most.opens} of them" if most.opens < unmatched else "all of them"
    most_kept = f"{kept} from some mentor, and no other alone keeps more"
    return waiting, f"One rule alone keeps {most_kept}: {RULES[most.rule]}."


def of_offer(found: OfferExplanation) -> tuple[str, ...]:
    """Why a mentor has these mentees, or nobody."""
    is_full = found.standing is OfferStanding.FULL
    return (
        _of_offered(found),
        *([_of_price(found.price)] if is_full else []),
        *_of_next(found.next_mentee, is_full=is_full),
        *_of_counts(found.rule_counts),
        *([] if is_full else _of_lifting(found.lifting, "mentee")),
    )


def of_comparison(found: Comparison) -> tuple[str, ...]:
    """What differs from one pairing to another."""
    return (
        _of_fates(found),
        _of_worth(found.objective_before, found.objective_after),
        *_of_gains(found),
        *_of_waiting(found),
        *_of_settings(found),
    )


def near(amount: int) -> str:
    """An amount in millionths as people read it: three digits, or six where it is tiny."""
    return _shown(amount, round)


def at_least(amount: int) -> str:
    """The same and never more than the amount: for a bound from below."""
    return _shown(amount, floor)


def enough(amount: int) -> str:
    """The same and never less than the amount: for what has to be reached."""
    return _shown(amount, ceil)


def _shown(amount: int, rounding: Callable[[Fraction], int]) -> str:
    if 0 < abs(amount) < _THOUSANDTH:
        return f"{amount / MICROS:.6f}"
    return f"{rounding(Fraction(amount, _THOUSANDTH)) / _THOUSANDTH:.3f}"


def _of_bonuses(found: ProposalExplanation) -> Iterator[str]:
    if found.keeping:
        yield f"The pair was proposed before, and keeping it counts {near(found.keeping)} more."
    if found.priority:
        yield f"That the mentee has waited so long counts {near(found.priority)} more."


def _of_runner_up(score: int, other: RunnerUp | None) -> Iterator[str]:
    if other is None:
        yield "No other mentor may be proposed to this mentee."
        return
    yield f"The runner-up would have a score of {near(other.score)} against {near(score)}."
    yield from _of_differences(other.differences)
    if other.cost:
        yield f"Choosing the runner-up would cost {_ALL} at least {at_least(other.cost)}."


def _of_differences(found: Sequence[Difference]) -> Iterator[str]:
    ahead = [_difference(one) for one in found if one.here > one.there][:_NAMED]
    behind = [_difference(one) for one in found if one.here < one.there][:_NAMED]
    if ahead:
        yield f"The mentor proposed is ahead in {_listed(ahead)}."
    if behind:
        yield f"The mentor proposed is behind in {_listed(behind)}."


def _difference(one: Difference) -> str:
    return f"{_feature(one.feature)} ({near(one.here)} against {near(one.there)})"


def _of_standing(found: WhyNot) -> Iterator[str]:
    if found.standing is Standing.PROPOSED:
        yield "This pair is proposed."
    elif found.standing is Standing.FORBIDDEN:
        yield f"This pair may not be made: {_listed(RULES[rule] for rule in found.rules)}."
    elif found.standing is Standing.BELOW_MINIMUM:
        least = near(found.minimum)
        yield f"The two would have a score of {near(found.score)}, and {least} is the least."
    else:
        yield f"Nothing forbids this pair, and its score would be {near(found.score)}."
        yield from _of_cost(found)


def _of_cost(found: WhyNot) -> Iterator[str]:
    if found.exact_cost:
        yield f"It would cost {_ALL} {near(found.exact_cost)}."
    elif found.exact_cost == 0:
        yield f"It would be exactly as good for {_ALL}, and only one such choice can be proposed."
    elif found.least_cost:
        yield f"It would cost {_ALL} at least {at_least(found.least_cost)}."
    else:
        yield f"Whether it would cost {_ALL} anything takes the exact answer to say."


def _of_moves(found: Sequence[Moved], what: str) -> Iterator[str]:
    others = found[1:]
    elsewhere = sum(one.before_id is not None and one.after_id is not None for one in others)
    without = sum(one.after_id is None for one in others)
    placed = sum(one.before_id is None for one in others)
    parts = [
        f"{_many(number, 'other mentee')} would {doing}"
        for number, doing in (
            (elsewhere, "change mentors"),
            (without, "have no mentor any more"),
            (placed, "have a mentor at last"),
        )
        if number
    ]
    if parts:
        yield f"{what}, {_listed(parts)}."


def _of_remedy(remedy: Remedy) -> str:
    rise = enough(remedy.rise + 1)
    if remedy.kind is RemedyKind.MORE_SCORE:
        if not remedy.rise:
            return "The least more in score would make it the best choice."
        if not remedy.is_possible:
            return "No score is high enough for this pair to be proposed."
        return f"It would be proposed if its score rose by {rise}."
    if remedy.kind is RemedyKind.ONE_MORE_PLACE:
        change, still = "With one more place at this mentor", "the place would go to others"
    else:
        several = len(remedy.rules) > 1
        change = f"Without {'these rules' if several else 'this rule'}"
        still = "it would still not be proposed"
    if not remedy.rise:
        gain = f" and {_ALL} would gain {near(remedy.gain)}" if remedy.gain else ""
        return f"{change}, the pair would be as good a choice as any{gain}."
    if not remedy.is_possible:
        return f"{change}, {still}, whatever the score."
    return f"{change}, {still} unless its score rose by {rise} as well."


def _of_reason(found: UnmatchedExplanation) -> str:
    if not found.mentors:
        return "Nobody offers to be a mentor."
    offering = _many(found.mentors, "mentor")
    if found.reason is Reason.NO_ELIGIBLE_MENTOR:
        return f"Of {offering}, none may be proposed to this mentee."
    if found.reason is Reason.ALL_ELIGIBLE_FULL:
        return f"Of {offering}, {found.suitable} would suit, and all their places are taken."
    assert found.best_score is not None
    best, least = near(found.best_score), near(found.minimum)
    return (
        f"Of {offering}, {found.suitable} would suit; the best score is {best}, the least {least}."
    )


def _of_counts(counts: Mapping[Rule, int]) -> Iterator[str]:
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    if ordered:
        listed = _listed(f"{RULES[rule]} ({count})" for rule, count in ordered)
        yield f"What rules pairs out, some for several reasons: {listed}."


def _of_room(room: Room | None) -> Iterator[str]:
    if room is None:
        return
    cost = f"cost {_ALL} {near(room.cost)}" if room.cost else f"be exactly as good for {_ALL}"
    yield f"A place for this mentee, with a score of {near(room.score)}, would {cost}."
    yield from _of_moves(room.moves, "For it")


def _of_lifting(lifting: Lifting | None, whom: str) -> Iterator[str]:
    if lifting is not None:
        most = f"{_many(lifting.opens, whom)}, and no other alone keeps out more"
        yield f"One rule keeps out {most}: {RULES[lifting.rule]}."


def _of_offered(found: OfferExplanation) -> str:
    left = f"This mentor has {_many(found.spare, 'place')} left"
    if found.standing is OfferStanding.NO_PLACES:
        return "This mentor has no place left."
    if found.standing is OfferStanding.NO_ELIGIBLE_MENTEE:
        return f"{left}, and nobody who waits may be proposed."
    if found.standing is OfferStanding.BELOW_MINIMUM:
        return f"{left}, and nobody who may be proposed has score enough."
    if found.standing is OfferStanding.BETTER_ELSEWHERE:
        return f"{left}, and for {_ALL} whoever might come is better placed elsewhere."
    return f"{_many(found.free, 'place')} {_are(found.free)} given where {_ALL} gain most."


def _of_price(price: int) -> str:
    return f"One more place would add {near(price) if price else 'nothing'} for {_ALL}."


def _of_next(following: NextMentee | None, *, is_full: bool) -> Iterator[str]:
    if following is None:
        return
    score, cost = near(following.score), near(following.cost)
    if not is_full and following.cost:
        yield f"The nearest other mentee has a score of {score}; it would cost {_ALL} {cost}."
    elif not is_full:
        yield f"Another mentee, with a score of {score}, would be exactly as good a choice."
    elif following.cost:
        yield f"Nobody would come to it: a score of {score} is nearest, at a cost of {cost}."
    else:
        yield f"It would be as good for a mentee with a score of {score} as for anybody."


def _of_fates(found: Comparison) -> str:
    numbers = {fate: len(found.of_fate(fate)) for fate in Fate}
    parts = [
        f"{number:,} {one if number == 1 else several}"
        for number, one, several in (
            (numbers[Fate.KEPT], "pair stays as it is", "pairs stay as they are"),
            (numbers[Fate.CHANGED], "mentee has another mentor", "mentees have another mentor"),
            (numbers[Fate.NEW], "pair is new", "pairs are new"),
            (numbers[Fate.GONE], "mentee has no pair any more", "mentees have no pair any more"),
        )
        if number
    ]
    return f"{_listed(parts)}." if parts else "Neither has any pair."


def _of_worth(before: int, after: int) -> str:
    if before == after:
        return f"The whole is worth the same, {near(after)}."
    direction = "more" if after > before else "less"
    apart = near(abs(after - before))
    return (
        f"The whole is worth {near(after)} instead of {near(before)}, which is {apart} {direction}."
    )


def _of_gains(found: Comparison) -> Iterator[str]:
    better = [one.gain for one in found.changes if one.is_better]
    worse = [-one.gain for one in found.changes if one.is_worse]
    for gains, verb in ((better, "gain"), (worse, "lose")):
        if gains:
            who = f"{_many(len(gains), 'mentee')} {verb}{'s' if len(gains) == 1 else ''}"
            most = max(gains)
            yield f"{who}{f', up to {near(most)} in score' if most else ''}."


def _of_waiting(found: Comparison) -> Iterator[str]:
    if found.waiting_before != found.waiting_after:
        before = _many(found.waiting_before, "mentee")
        yield f"{before} waited in the first, {found.waiting_after:,} in the second."


def _of_settings(found: Comparison) -> Iterator[str]:
    if found.settings:
        scale = (
            "both are valued by the second" if found.is_rescored else "each is valued by its own"
        )
        yield f"Settings differ, and {scale}: {_listed(_setting(one) for one in found.settings)}."


def _setting(one: SettingChange) -> str:
    if isinstance(one.before, list | tuple) or isinstance(one.after, list | tuple):
        return one.name
    return f"{one.name} ({one.before} then {one.after})"


def _feature(name: str) -> str:
    return FEATURES.get(name, name.replace("_", " "))


def _listed(parts: Iterable[str]) -> str:
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
