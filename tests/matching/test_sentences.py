"""Sentences whose words are read as they stand, and whose numbers are held to the millionth."""

import re
from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest

from matching import Reason, Rule, Weights, sentences
from matching.detours import Cost
from matching.explanations import (
    Hindrance,
    Moved,
    Remedy,
    RemedyKind,
    Standing,
    WhyNot,
    proposal,
    why_not,
)
from matching.settlements import NOBODY
from matching.vacancies import (
    Lifting,
    NextMentee,
    OfferExplanation,
    OfferStanding,
    liftings,
    mentee,
    offer,
)
from matching.words import FEATURES, HINDRANCES, RULES
from tests.matching.test_detours import settled, weighed
from tests.matching.test_explanations import three
from tests.matching.worlds import World, a_world, contested

WORLDS = [*(a_world(seed, n=9, m=5) for seed in range(12)), contested(2, n=12, m=5)]
_SHOWN = re.compile(r"-?\d+\.\d+")


def amounts(found: Any) -> set[int]:
    """Every amount in an explanation, wherever it stands."""
    if isinstance(found, int):
        return {int(found), abs(found)}
    if isinstance(found, Cost):
        return amounts([*vars(found).values(), found.objective])
    if is_dataclass(found):
        return amounts(getattr(found, field.name) for field in fields(found))
    if isinstance(found, dict):
        return amounts(found.values())
    if isinstance(found, Iterable) and not isinstance(found, str):
        return {amount for each in found for amount in amounts(each)}
    return set()


def check_numbers(told: Iterable[str], found: Any) -> None:
    """Each number is an amount of the explanation, rounded to the side that keeps it true."""
    known = amounts(found)
    for sentence in told:
        for shown in _SHOWN.findall(sentence):
            value = round(float(shown) * 1_000_000)
            if "at least" in sentence:
                assert any(value <= amount < value + 1_000 for amount in known), sentence
            elif "rose by" in sentence:
                assert any(value - 1_000 <= amount < value for amount in known), sentence
            elif "at most" in sentence:
                assert any(value - 1_000 < amount <= value for amount in known), sentence
            else:
                assert any(abs(value - amount) <= 500 for amount in known), sentence


@pytest.mark.parametrize("how", [None, "standing", "nobody left out"])
@pytest.mark.parametrize("world", WORLDS)
def test_every_sentence_ends_names_nobody_and_holds_true_numbers(
    world: World, how: str | None
) -> None:
    settlement = settled(world)
    if how:
        is_whole = how == "nobody left out"
        settlement = weighed(world, bonus=20_000, nobody_left_out=is_whole, overdue=1_070_000)
    told: list[tuple[tuple[str, ...], Any]] = []
    for one, row in settlement.row.items():
        for other in settlement.column:
            for exact in (False, True):
                found = why_not(settlement, one, other, exact=exact)
                told.append((sentences.of_why_not(found), found))
        if settlement.taken[row] == NOBODY:
            left = mentee(settlement, one)
            told.append((sentences.of_unmatched(left), left))
        else:
            made = proposal(settlement, one)
            told.append((sentences.of_proposal(made), made))
    for other in settlement.column:
        place = offer(settlement, other)
        told.append((sentences.of_offer(place), place))
    unmatched = int((settlement.taken == NOBODY).sum())
    told.append((sentences.of_liftings(liftings(settlement), unmatched), ()))
    for words, found in told:
        check_numbers(words, found)
        assert words
        for sentence in words:
            assert sentence[0].isupper() or sentence[0].isdigit()
            assert sentence.endswith(".")
            assert not re.search(r"\b[em]\d+\b", sentence)


def test_every_feature_rule_and_hindrance_has_words() -> None:
    assert FEATURES.keys() == {field.name for field in fields(Weights)}
    assert RULES.keys() == set(Rule)
    assert HINDRANCES.keys() == set(Hindrance)


def test_a_pair_that_costs_others_is_told_in_whole() -> None:
    assert sentences.of_why_not(why_not(three(), "e1", "m0", exact=True)) == (
        "Nothing forbids this pair, and its score would be 0.320.",
        "It would cost all pairs together 0.060.",
        (
            "The mentor proposed is behind in experience in the mentee's function (0.132 against"
            " 0.220)."
        ),
        "For this pair, 1 other mentee would change mentors.",
        "It would be proposed if its score rose by 0.061.",
        "With one more place at this mentor, the pair would be as good a choice as any.",
    )


def test_a_proposal_is_told_with_its_runner_up() -> None:
    assert sentences.of_proposal(proposal(three(), "e0")) == (
        "The two fit with a score of 0.350.",
        (
            "What counts most: experience in the mentee's function (0.220), the mentee's own choice"
            " (0.060) and working hours in common (0.030)."
        ),
        "No rule speaks against the pair.",
        "The runner-up would have a score of 0.202 against 0.350.",
        (
            "The mentor proposed is ahead in experience in the mentee's function (0.220 against"
            " 0.132) and the mentee's own choice (0.060 against 0.000)."
        ),
        "Choosing the runner-up would cost all pairs together at least 0.060.",
    )


ASKED = WhyNot(
    mentee_id="e",
    mentor_id="m",
    standing=Standing.COSTS_OTHERS,
    rules=(),
    score=300_000,
    minimum=200_000,
    held_id=None,
    held_score=None,
    keeping=0,
    differences=(),
    least_cost=12_999,
    reward=0,
    cost=None,
    moves=(),
    remedies=(),
)


PLACED = Moved("e", None, "m", None, 1)
DISPLACED = Moved("f", "m", None, 1, None)
OR_LEFT_OUT = "It would leave more mentees without a mentor, or cost all pairs together at least"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"standing": Standing.PROPOSED}, "This pair is proposed."),
        ({}, "It would cost all pairs together at least 0.012."),
        ({"least_cost": 7}, "It would cost all pairs together at least 0.000007."),
        (
            {"least_cost": 0},
            "Whether it would cost all pairs together anything takes the exact answer to say.",
        ),
        (
            {"cost": Cost(0, 0, 0, 0, 0)},
            (
                "It would be exactly as good for all pairs together, and only one such choice can be"
                " proposed."
            ),
        ),
        ({"cost": Cost(12_999, 0, 0, 1, 0)}, "It would cost all pairs together 0.013."),
        ({"reward": 90_000}, f"{OR_LEFT_OUT} 0.012."),
        ({"reward": 12_999}, "It would leave more mentees without a mentor."),
        (
            {"keeping": 20_000, "held_score": 300_000},
            "The present proposal stands since an earlier run, which counts 0.020.",
        ),
        (
            {"cost": Cost(-5_000, 0, 20_000, 0, 0), "keeping": 20_000},
            "The present proposal stands since an earlier run, which counts 0.020.",
        ),
        (
            {"cost": Cost(-5_000, 0, 40_000, 0, 0), "keeping": 20_000},
            "Proposals that stand since an earlier run would change, which counts 0.040.",
        ),
        (
            {"cost": Cost(25_000, 0, -20_000, 0, 0)},
            "It would keep what stands since an earlier run, which counts 0.020.",
        ),
        ({"cost": Cost(-5_000, 0, 20_000, 0, 0)}, "In scores alone it would gain 0.005."),
        ({"cost": Cost(5_000, 1_000, 0, 0, 0)}, "In scores alone it would cost 0.005."),
        ({"cost": Cost(0, 1_000, 0, 0, 0)}, "In scores alone it would be exactly as good."),
        (
            {"cost": Cost(0, 1_000, 0, 0, 0), "moves": (PLACED, DISPLACED)},
            "Whoever would lose a place has waited longer, which counts 0.001.",
        ),
        (
            {"cost": Cost(2_000, 1_000, 0, 1, 0), "moves": (DISPLACED,)},
            "Whoever would lose a place has waited, which counts 0.001.",
        ),
        (
            {"cost": Cost(2_000, -1_000, 0, 0, 0), "moves": (PLACED, DISPLACED)},
            "Whoever would gain a place has waited longer, which counts 0.001.",
        ),
        (
            {"cost": Cost(-400_000, 0, 0, 1, 9_000_000)},
            "It would leave 1 mentee more without a mentor.",
        ),
        ({"cost": Cost(-400_000, 0, 0, 1, 9_000_000)}, "In scores alone it would gain 0.400."),
        (
            {"standing": Standing.BELOW_MINIMUM, "score": 150_000},
            "The two would have a score of 0.150, and 0.200 is the least.",
        ),
        (
            {"standing": Standing.FORBIDDEN, "rules": (Rule.VETO, Rule.NO_CAPACITY)},
            (
                "This pair may not be made: the pair was ruled out by one side or by a decision and"
                " the mentor has no place left."
            ),
        ),
        (
            {
                "moves": (
                    Moved("e", None, "m", None, 1),
                    Moved("f", "m", "n", 1, 1),
                    Moved("g", "n", None, 1, None),
                    Moved("h", None, "k", None, 1),
                )
            },
            (
                "For this pair, 1 other mentee would change mentors, 1 other mentee would have no"
                " mentor any more and 1 other mentee would have a mentor at last."
            ),
        ),
    ],
)
def test_what_a_why_not_says(changes: dict[str, Any], told: str) -> None:
    assert told in sentences.of_why_not(replace(ASKED, **changes))


@pytest.mark.parametrize(
    ("remedy", "told"),
    [
        (
            Remedy(RemedyKind.MORE_SCORE, (), 0, 0, True),
            "The least more in score would make it the best choice.",
        ),
        (
            Remedy(RemedyKind.MORE_SCORE, (), 12_345, 0, True),
            "It would be proposed if its score rose by 0.013.",
        ),
        (
            Remedy(RemedyKind.MORE_SCORE, (), 900_000, 0, False),
            "No score is high enough for this pair to be proposed.",
        ),
        (
            Remedy(RemedyKind.ONE_MORE_PLACE, (), 5_000, 0, True),
            (
                "With one more place at this mentor, the place would go to others unless its score"
                " rose by 0.006 as well."
            ),
        ),
        (
            Remedy(RemedyKind.RULES_LIFTED, (Rule.VETO,), 0, 30_000, True),
            (
                "Without this rule, the pair would be as good a choice as any and all pairs together"
                " would gain 0.030."
            ),
        ),
        (
            Remedy(RemedyKind.RULES_LIFTED, (Rule.VETO,), 0, -30_000, True, 1),
            (
                "Without this rule, the pair would be as good a choice as any, 1 mentee more would"
                " have a mentor and all pairs together would lose 0.030."
            ),
        ),
        (
            Remedy(RemedyKind.RULES_LIFTED, (Rule.VETO, Rule.NOT_AVAILABLE), 900_000, 0, False),
            "Without these rules, it would still not be proposed, whatever the score.",
        ),
    ],
)
def test_what_would_help_is_told(remedy: Remedy, told: str) -> None:
    assert told in sentences.of_why_not(replace(ASKED, remedies=(remedy,)))


def test_a_mentee_without_a_mentor_is_told_why() -> None:
    settlement = three(languages={"fr": 6})
    assert sentences.of_unmatched(mentee(settlement, "e1")) == (
        "Of 2 mentors, none may be proposed to this mentee.",
        "What rules pairs out, some for several reasons: they share no working language (2).",
        (
            "One rule keeps out 2 mentors, and no other alone keeps out more: they share no working"
            " language."
        ),
    )
    assert sentences.of_liftings(liftings(settlement), 1) == (
        "1 mentee is without a mentor.",
        (
            "One rule alone keeps all of them from some mentor, and no other alone keeps more: they share no"
            " working language."
        ),
    )
    assert sentences.of_liftings((), 0) == ("Everybody who waits is proposed to a mentor.",)
    assert sentences.of_liftings((), 3)[1].startswith("No single rule")
    assert "keeps 2 of them" in sentences.of_liftings((Lifting(Rule.VETO, 2),), 3)[1]


def test_other_reasons_for_being_without_a_mentor() -> None:
    found = mentee(three(languages={"fr": 6}), "e1")
    told = {
        reason: sentences.of_unmatched(
            replace(found, reason=reason, suitable=2, best_score=100_000)
        )[0]
        for reason in Reason
    }
    assert told[Reason.ALL_ELIGIBLE_FULL] == (
        "Of 2 mentors, 2 would suit, and all their places are taken."
    )
    assert told[Reason.BELOW_MINIMUM] == (
        "Of 2 mentors, 2 would suit; the best score is 0.100, the least 0.100."
    )
    assert sentences.of_unmatched(replace(found, mentors=0))[0] == ("Nobody offers to be a mentor.")


OFFERED = OfferExplanation(
    mentor_id="m",
    standing=OfferStanding.FULL,
    mentee_ids=("e",),
    free=1,
    spare=0,
    price=0,
    reward=0,
    mentees=3,
    rule_counts={},
    lifting=Lifting(Rule.VETO, 2),
    next_mentee=None,
)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "One more place would add nothing for all pairs together."),
        ({"price": 5_000}, "One more place would add 0.005 for all pairs together."),
        (
            {"price": 5_000, "reward": 9_000},
            (
                "One more place would give one mentee more a mentor, or add 0.005 for all pairs"
                " together."
            ),
        ),
        (
            {"price": 9_000, "reward": 9_000},
            "One more place would give one mentee more a mentor.",
        ),
        (
            {"reward": 9_000, "next_mentee": NextMentee("f", 400_000, 9_000)},
            "The nearest other mentee has a score of 0.400, and is better placed as it is.",
        ),
        ({}, "1 place is given where all pairs together gain most."),
        (
            {"next_mentee": NextMentee("f", 400_000, 0)},
            "It would be as good for a mentee with a score of 0.400 as for anybody.",
        ),
        (
            {"next_mentee": NextMentee("f", 400_000, 9_000)},
            "Nobody would come to it: a score of 0.400 is nearest, at a cost of 0.009.",
        ),
        (
            {"standing": OfferStanding.BETTER_ELSEWHERE, "spare": 1},
            (
                "This mentor has 1 place left, and for all pairs together whoever might come is better"
                " placed elsewhere."
            ),
        ),
        (
            {
                "standing": OfferStanding.BETTER_ELSEWHERE,
                "next_mentee": NextMentee("f", 400_000, 9_000),
            },
            (
                "The nearest other mentee has a score of 0.400; it would cost all pairs together"
                " 0.009."
            ),
        ),
        (
            {
                "standing": OfferStanding.BETTER_ELSEWHERE,
                "next_mentee": NextMentee("f", 400_000, 0),
            },
            "Another mentee, with a score of 0.400, would be exactly as good a choice.",
        ),
        (
            {"standing": OfferStanding.NO_ELIGIBLE_MENTEE, "spare": 2},
            "This mentor has 2 places left, and nobody who waits may be proposed.",
        ),
        (
            {"standing": OfferStanding.BELOW_MINIMUM, "spare": 2},
            "This mentor has 2 places left, and nobody who may be proposed has score enough.",
        ),
        ({"standing": OfferStanding.NO_PLACES}, "This mentor has no place left."),
        (
            {"standing": OfferStanding.NO_PLACES},
            (
                "One rule keeps out 2 mentees, and no other alone keeps out more: the pair was ruled out"
                " by one side or by a decision."
            ),
        ),
    ],
)
def test_what_a_mentor_is_told(changes: dict[str, Any], told: str) -> None:
    assert told in sentences.of_offer(replace(OFFERED, **changes))


def test_what_a_place_adds_at_most_is_never_told_too_low() -> None:
    found = replace(offer(three(), "m0"), price=1_234_100, is_at_most=True, load_price=1_100)
    told = sentences.of_offer(found)
    check_numbers(told, found)
    assert "One more place would add at most 1.235 for all pairs together." in told
    assert (
        "The mentor must get as many; one fewer would add at most 0.002 for all pairs together."
        in told
    )
