"""Explanations in plain English: short sentences that name nobody and whose numbers are right.

The only place where the matcher builds sentences. It refuses names, so that whoever may not know
a person learns nothing of them here; ids stand beside the sentences.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from matching.comparisons import Comparison, Fate, SettingChange
from matching.detours import Cost
from matching.explanations import (
    Difference,
    Hindrance,
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
    OfferExplanation,
    OfferStanding,
    Room,
    UnmatchedExplanation,
)
from matching.words import (
    HINDRANCES,
    RULES,
    are,
    at_least,
    enough,
    feature,
    listed,
    many,
    near,
)

_ALL: Final = "all pairs together"
_NAMED: Final = 2


def of_proposal(found: ProposalExplanation) -> tuple[str, ...]:
    """Why a pair is proposed, and what speaks for the runner-up."""
    return (
        *of_contributions(found.contributions),
        *_of_bonuses(found),
        "No rule speaks against the pair.",
        *(
            ["A decision pins the mentee to this mentor."]
            if found.is_pinned
            else _of_runner_up(found.score, found.runner_up)
        ),
    )


def of_contributions(found: Mapping[str, int]) -> tuple[str, ...]:
    """What a score is made of."""
    strongest = sorted(found.items(), key=lambda one: (-one[1], one[0]))[: _NAMED + 1]
    named = listed(f"{feature(name)} ({near(part)})" for name, part in strongest)
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
        *(
            ["Whom a place would displace could not be proved, as groups overlap."]
            * found.is_untold
        ),
        *_of_lifting(found.lifting, "mentor"),
    )


def of_liftings(found: Sequence[Lifting], unmatched: int) -> tuple[str, ...]:
    """The one rule whose lifting would open most of those who have no mentor."""
    if not unmatched:
        return ("Everybody who waits is proposed to a mentor.",)
    waiting = f"{many(unmatched, 'mentee')} {are(unmatched)} without a mentor."
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
        *([_of_price(found)] if is_full else []),
        *_of_decisions(found),
        *_of_next(found, is_full=is_full),
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


def _of_bonuses(found: ProposalExplanation) -> Iterator[str]:
    if found.keeping:
        yield f"This proposal stands since an earlier run, which counts {near(found.keeping)}."
    if found.priority:
        yield f"That the mentee has waited so long counts {near(found.priority)} more."


def _of_runner_up(score: int, other: RunnerUp | None) -> Iterator[str]:
    if other is None:
        yield "No other mentor may be proposed to this mentee."
        return
    yield f"The runner-up would have a score of {near(other.score)} against {near(score)}."
    yield from _of_differences(other.differences)
    if other.cost:
        yield _bounded("Choosing the runner-up", other.cost, other.reward)


def _of_differences(found: Sequence[Difference]) -> Iterator[str]:
    ahead = [_difference(one) for one in found if one.here > one.there][:_NAMED]
    behind = [_difference(one) for one in found if one.here < one.there][:_NAMED]
    if ahead:
        yield f"The mentor proposed is ahead in {listed(ahead)}."
    if behind:
        yield f"The mentor proposed is behind in {listed(behind)}."


def _difference(one: Difference) -> str:
    return f"{feature(one.feature)} ({near(one.here)} against {near(one.there)})"


def _of_standing(found: WhyNot) -> Iterator[str]:
    if found.standing is Standing.PROPOSED:
        yield "This pair is proposed."
    elif found.standing is Standing.FORBIDDEN:
        told = [RULES[rule] for rule in found.rules]
        told += [HINDRANCES[one] for one in found.hindrances]
        yield f"This pair may not be made: {listed(told)}."
    elif found.standing is Standing.NO_ROOM:
        told = [HINDRANCES[one] for one in found.hindrances]
        yield f"No rule forbids this pair, with a score of {near(found.score)}."
        yield f"Yet there is no room for it: {listed(told)}."
    elif found.standing is Standing.BELOW_MINIMUM:
        least = near(found.minimum)
        yield f"The two would have a score of {near(found.score)}, and {least} is the least."
        if found.hindrances:
            told = [HINDRANCES[one] for one in found.hindrances]
            yield f"Nor is there room for the pair: {listed(told)}."
    else:
        yield f"Nothing forbids this pair, and its score would be {near(found.score)}."
        yield from _of_cost(found)


def _of_cost(found: WhyNot) -> Iterator[str]:
    if found.is_crowded:
        full = HINDRANCES[Hindrance.GROUP_FULL]
        yield f"{full[0].upper()}{full[1:]}, so one of them would have to make room."
    if found.is_untold:
        yield "What it would cost exactly could not be proved, as groups overlap."
    if found.cost:
        yield _exactly(found.cost)
        yield from _of_parts(found.cost, found.moves, keeping=found.keeping)
        return
    if found.least_cost:
        yield _bounded("It", found.least_cost, found.reward)
    elif not found.is_untold:
        yield f"Whether it would cost {_ALL} anything takes the exact answer to say."
    if found.keeping and found.held_score is not None and found.score >= found.held_score:
        yield _kept(found.keeping)


def _bounded(what: str, cost: int, reward: int) -> str:
    """What something costs at least, where one pair less may count as much as the reward."""
    at_all = f"cost {_ALL} at least {at_least(cost)}"
    if not reward:
        return f"{what} would {at_all}."
    left_out = "leave more mentees without a mentor"
    return f"{what} would {left_out}{f', or {at_all}' if cost < reward else ''}."


def _exactly(cost: Cost) -> str:
    if cost.left_out:
        return f"It would leave {many(cost.left_out, 'mentee')} more without a mentor."
    if cost.objective:
        return f"It would cost {_ALL} {near(cost.objective)}."
    return f"It would be exactly as good for {_ALL}, and only one such choice can be proposed."


def _of_parts(cost: Cost, moves: Sequence[Moved], *, keeping: int = 0) -> Iterator[str]:
    """What a cost is made of, where it is not of scores alone; `keeping` is that of the pair."""
    if not (cost.waiting or cost.keeping or cost.left_out):
        return
    what = f"{'cost' if cost.scores > 0 else 'gain'} {near(abs(cost.scores))}"
    yield f"In scores alone it would {what if cost.scores else 'be exactly as good'}."
    if cost.keeping > 0:
        several = "Proposals that stand since an earlier run would change, which counts"
        is_its_own = cost.keeping == keeping
        yield _kept(keeping) if is_its_own else f"{several} {near(cost.keeping)}."
    elif cost.keeping:
        yield f"It would keep what stands since an earlier run, which counts {near(-cost.keeping)}."
    if cost.waiting:
        left, placed = (
            any(getattr(one, side) is None for one in moves) for side in ("after_id", "before_id")
        )
        who = "lose" if cost.waiting > 0 else "gain"
        longer = " longer" if left and placed else ""
        counts = near(abs(cost.waiting))
        yield f"Whoever would {who} a place has waited{longer}, which counts {counts}."


def _kept(keeping: int) -> str:
    return f"The present proposal stands since an earlier run, which counts {near(keeping)}."


def _of_moves(found: Sequence[Moved], what: str) -> Iterator[str]:
    others = found[1:]
    elsewhere = sum(one.before_id is not None and one.after_id is not None for one in others)
    without = sum(one.after_id is None for one in others)
    placed = sum(one.before_id is None for one in others)
    parts = [
        f"{many(number, 'other mentee')} would {doing}"
        for number, doing in (
            (elsewhere, "change mentors"),
            (without, "have no mentor any more"),
            (placed, "have a mentor at last"),
        )
        if number
    ]
    if parts:
        yield f"{what}, {listed(parts)}."


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
        return f"{change}, the pair would be as good a choice as any{_gained(remedy)}."
    if not remedy.is_possible:
        return f"{change}, {still}, whatever the score."
    return f"{change}, {still} unless its score rose by {rise} as well."


def _gained(remedy: Remedy) -> str:
    more = f", {many(remedy.pairs, 'mentee')} more would have a mentor" if remedy.pairs else ""
    if not remedy.gain:
        return more
    verb = "gain" if remedy.gain > 0 else "lose"
    return f"{more} and {_ALL} would {verb} {near(abs(remedy.gain))}"


def _of_reason(found: UnmatchedExplanation) -> str:
    if not found.mentors:
        return "Nobody offers to be a mentor."
    offering = many(found.mentors, "mentor")
    if found.reason is Reason.NO_ELIGIBLE_MENTOR:
        return f"Of {offering}, none may be proposed to this mentee."
    if found.reason is Reason.ALL_ELIGIBLE_FULL:
        if found.capped:
            full = "their places are taken, or they have as many of the group as may be"
            return f"Of {offering}, {found.suitable} would suit: {full}."
        return f"Of {offering}, {found.suitable} would suit, and all their places are taken."
    assert found.best_score is not None
    best, least = near(found.best_score), near(found.minimum)
    return (
        f"Of {offering}, {found.suitable} would suit; the best score is {best}, the least {least}."
    )


def _of_counts(counts: Mapping[Rule, int]) -> Iterator[str]:
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    if ordered:
        rules = listed(f"{RULES[rule]} ({count})" for rule, count in ordered)
        yield f"What rules pairs out, some for several reasons: {rules}."


def _of_room(room: Room | None) -> Iterator[str]:
    if room is None:
        return
    lost, left_out = room.cost.objective, room.cost.left_out
    cost = f"cost {_ALL} {near(lost)}" if lost else f"be exactly as good for {_ALL}"
    if left_out:
        cost = f"leave {many(left_out, 'mentee')} more without a mentor"
    yield f"A place for this mentee, with a score of {near(room.score)}, would {cost}."
    yield from _of_parts(room.cost, room.moves)
    yield from _of_moves(room.moves, "For it")


def _of_lifting(lifting: Lifting | None, whom: str) -> Iterator[str]:
    if lifting is not None:
        most = f"{many(lifting.opens, whom)}, and no other alone keeps out more"
        yield f"One rule keeps out {most}: {RULES[lifting.rule]}."


def _of_offered(found: OfferExplanation) -> str:
    left = f"This mentor has {many(found.spare, 'place')} left"
    if found.standing is OfferStanding.NO_PLACES:
        return "This mentor has no place left."
    if found.standing is OfferStanding.NO_ELIGIBLE_MENTEE:
        return f"{left}, and nobody who waits may be proposed."
    if found.standing is OfferStanding.BELOW_MINIMUM:
        return f"{left}, and nobody who may be proposed has score enough."
    if found.standing is OfferStanding.BETTER_ELSEWHERE:
        or_capped = ", or kept out by a cap" if found.is_bound else ""
        return f"{left}, and for {_ALL} whoever might come is better placed elsewhere{or_capped}."
    return f"{many(found.free, 'place')} {are(found.free)} given where {_ALL} gain most."


def _of_price(found: OfferExplanation) -> str:
    if found.is_at_most and found.price and found.reward:
        return "What one more place would add takes trying it out to say."
    adds = f"add {_at_most(found) if found.price else 'nothing'} for {_ALL}"
    if not (found.reward and found.price):
        return f"One more place would {adds}."
    also = f", or {adds}" if found.price < found.reward else ""
    return f"One more place would give one mentee more a mentor{also}."


def _at_most(found: OfferExplanation) -> str:
    return f"at most {enough(found.price)}" if found.is_at_most else near(found.price)


def _of_decisions(found: OfferExplanation) -> Iterator[str]:
    if found.pinned:
        yield f"Decisions pin {many(found.pinned, 'mentee')} to this mentor."
    if found.load_price and not found.reward:
        less = f"add at most {enough(found.load_price)} for {_ALL}"
        yield f"The mentor must get as many; one fewer would {less}."
    elif found.load_price:
        yield "The mentor must get as many, though others would rather have them."
    if found.is_bound and found.standing in {OfferStanding.FULL, OfferStanding.BETTER_ELSEWHERE}:
        yield "Caps or least loads decide as well, so who would come next is not told."


def _of_next(found: OfferExplanation, *, is_full: bool) -> Iterator[str]:
    following = found.next_mentee
    if following is None:
        return
    score, cost = near(following.score), near(following.cost)
    if following.cost and found.reward:
        # How much of it is one pair less, which no score tells, takes the exact answer to say.
        yield f"The nearest other mentee has a score of {score}, and is better placed as it is."
    elif not is_full and following.cost:
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
    return f"{listed(parts)}." if parts else "Neither has any pair."


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
            who = f"{many(len(gains), 'mentee')} {verb}{'s' if len(gains) == 1 else ''}"
            most = max(gains)
            yield f"{who}{f', up to {near(most)} in score' if most else ''}."


def _of_waiting(found: Comparison) -> Iterator[str]:
    if found.waiting_before != found.waiting_after:
        before = many(found.waiting_before, "mentee")
        yield f"{before} waited in the first, {found.waiting_after:,} in the second."


def _of_settings(found: Comparison) -> Iterator[str]:
    if found.settings:
        scale = (
            "both are valued by the second" if found.is_rescored else "each is valued by its own"
        )
        yield f"Settings differ, and {scale}: {listed(_setting(one) for one in found.settings)}."


def _setting(one: SettingChange) -> str:
    if isinstance(one.before, list | tuple) or isinstance(one.after, list | tuple):
        return one.name
    return f"{one.name} ({one.before} then {one.after})"
