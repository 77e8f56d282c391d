"""The measures of a prediction, against figures worked out by hand and on groups kept together."""

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from matching.evaluations import Bin, Evaluation, Fold, evaluate, grouped
from matching.figures import Unsaid


def told(said: list[float], came: list[int], *, folds: int = 1, mentors: Any = None) -> Evaluation:
    """The evaluation of these predictions, each learnt from one row of every sort, the unrated too."""
    probabilities, outcomes = np.array([0.0] * 3 + said), np.array([0.0, 1.0, np.nan, *came])
    tests = np.array_split(np.arange(3, len(outcomes)), folds)
    labels = np.array(["x", "x", "x", *(mentors or ["m"] * len(came))])
    return evaluate(
        lambda fold: probabilities[fold.test],
        [Fold(np.array([0, 1, 2]), test) for test in tests],
        outcomes,
        by="mentor",
        mentors=labels,
    )


def test_the_squared_error_stands_beside_that_of_the_base_rate() -> None:
    found = told([0.9, 0.2, 0.5, 0.5], [1, 0, 1, 0])

    assert found.brier == pytest.approx((0.01 + 0.04 + 0.25 + 0.25) / 4)
    assert found.base_brier == 0.25
    assert found.gain == pytest.approx(0.25 - 0.1375)
    assert (found.rows, found.folds, found.error) == (4, 1, 0.0)
    assert found.auc == 3.5 / 4
    assert found.beats_base


def test_a_gain_within_its_error_beats_nothing() -> None:
    steady = told([0.8, 0.2, 0.8, 0.2], [1, 0, 1, 0], folds=2)
    lucky = told([1.0, 0.0, 0.0, 0.9], [1, 0, 1, 1], folds=2)
    lost = told([0.1, 0.9], [1, 0])
    hardly = told([0.501, 0.499], [1, 0])

    assert steady.beats_base
    assert steady.error == pytest.approx(0.0)
    assert lucky.error == pytest.approx(abs(0.25 - 0.0 - (0.25 - 0.505)) / 2)
    assert not lucky.beats_base
    assert not lost.beats_base
    assert 0 < hardly.gain < 0.0011
    assert not hardly.beats_base


def test_reliability_has_ten_bins_with_both_ends_inside() -> None:
    found = told([0.0, 0.05, 0.1, 0.95, 1.0], [0, 1, 0, 1, 1]).reliability

    assert len(found) == 10
    assert found[0] == Bin(0.0, 0.1, 2, 0.025, 0.5)
    assert (found[1].count, found[1].observed) == (1, 0.0)
    assert found[5] == Bin(0.5, 0.6, 0, None, None)
    assert found[9] == Bin(0.9, 1.0, 2, 0.975, 1.0)
    assert sum(one.count for one in found) == 5


def test_lists_are_judged_within_each_mentor_who_has_both_sorts() -> None:
    draw = np.random.default_rng(0)
    came, mentors = draw.integers(0, 2, 140).tolist(), [f"m{k % 20}" for k in range(140)]
    said = draw.random(140).tolist()
    mixed = [
        ([came[k] for k in rows], [said[k] for k in rows])
        for rows in ([k for k in range(140) if k % 20 == mentor] for mentor in range(20))
        if 0 < sum(came[k] for k in rows) < 7
    ]

    found = told(said, came, mentors=mentors)

    assert found.ndcg == pytest.approx(
        np.mean([ndcg_score([good], [score], k=5) for good, score in mixed])
    )
    perfect = told([float(one) for one in came], came, mentors=mentors)
    assert perfect.ndcg == 1.0


def test_chance_is_what_shuffled_lists_reach() -> None:
    came, mentors = [1, 0, 0, 0, 1, 0, 0] * 12, [f"m{k // 7}" for k in range(84)]
    draw = np.random.default_rng(0)

    shuffled: list[Any] = [
        told(draw.random(84).tolist(), came, mentors=mentors).ndcg for _ in range(60)
    ]

    chance = told([0.5] * 84, came, mentors=mentors).ndcg_by_chance
    assert chance == pytest.approx(np.mean(shuffled), abs=0.02)


def test_few_mentors_with_both_sorts_are_too_few_to_say() -> None:
    found = told([0.1, 0.9] * 9, [0, 1] * 9, mentors=[f"m{k // 2}" for k in range(18)])
    alike = told([0.1, 0.9], [1, 1])

    few = Unsaid("9 mentors have both good and other outcomes; 10 are needed")
    assert (found.ndcg, found.ndcg_by_chance) == (few, few)
    assert alike.auc == Unsaid("all outcomes foretold are alike")


def test_folds_keep_everybodys_rows_together_and_foretell_each_row_once() -> None:
    draw = np.random.default_rng(0)
    people, outcomes = draw.integers(0, 40, 300), draw.integers(0, 2, 300)

    folds = grouped(people, outcomes, folds=5, seed=3)

    assert sorted(np.concatenate([fold.test for fold in folds]).tolist()) == list(range(300))
    for fold in folds:
        assert not set(people[fold.train]) & set(people[fold.test])
    again = grouped(people, outcomes, folds=5, seed=3)
    assert all((one.test == other.test).all() for one, other in zip(folds, again, strict=True))
