"""What single mentors are rated beyond their pairs: shrunk, cross-fitted and left out again."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, logit

from matching import (
    LEARNABLE,
    AdditiveCompatibility,
    MonotoneAdditiveCompatibility,
    Outcome,
    ReciprocalScore,
    Step,
    Weights,
    learn,
)
from matching.evaluations import plainly_grouped
from matching.outcomes import Outcomes
from matching.pooling import mentor_effects
from tests.matching.cycles import outcomes

SUSPECT = "time_zone"
"""The feature that biased mentors happen to have more of."""


def table(records: list[Outcome]) -> Outcomes:
    return Outcomes.of(records, content_from=4.0)


def as_the_formula_says(given: Outcomes, side: int, seed: int) -> Any:
    """The same figures one by one: what others say of the mentor, beside five of everybody's."""
    rows = np.flatnonzero(~np.isnan(given.content[:, side]))
    said, found = given.content[rows, side], np.zeros(len(given.content))
    for fold in plainly_grouped(given.mentees[rows], folds=5, seed=seed):
        common = said[fold.train].mean()
        for place in fold.test:
            mentor = given.mentors[rows[place]]
            known = [said[k] for k in fold.train if given.mentors[rows[k]] == mentor]
            rate = (sum(known) + 5 * common) / (len(known) + 5)
            found[rows[place]] = logit(min(max(rate, 0.01), 0.99))
    return found


@pytest.mark.parametrize("seed", range(3))
def test_a_mentor_counts_as_the_ratings_of_others_shrunk_to_the_common_rate(seed: int) -> None:
    given = table(outcomes(120, seed=seed))

    found = mentor_effects(given, seed=seed)

    for side in (0, 1):
        assert found[:, side] == pytest.approx(as_the_formula_says(given, side, seed))
    assert (found[np.isnan(given.content)] == 0).all()


@pytest.mark.parametrize("seed", range(5))
def test_what_a_mentee_says_never_comes_back_to_the_mentees_own_rows(seed: int) -> None:
    given = outcomes(80, seed=seed)
    told = [
        replace(one, mentee_rating=7 - (one.mentee_rating or 0)) if one.mentee_id == "e3" else one
        for one in given
    ]
    own = table(given).mentees == "e3"

    before, after = (mentor_effects(table(each), seed=seed)[:, 0] for each in (given, told))

    assert own.sum() == 2
    assert (before[own] == after[own]).all()
    assert not (before[~own] == after[~own]).all()


def test_one_mentee_alone_tells_nothing_of_mentors() -> None:
    given = table([replace(one, mentee_id="e", cycle=k) for k, one in enumerate(outcomes(40))])

    assert (mentor_effects(given, seed=0) == 0).all()


def test_a_mentor_whom_all_praise_is_never_beyond_99_in_100() -> None:
    praised = [
        replace(one, mentee_id=f"f{k}", mentor_id="praised", mentee_rating=5.0)
        for k, one in enumerate(outcomes(1000))
    ]
    given = table([*outcomes(100), *praised])

    found = mentor_effects(given, seed=0)[:, 0]

    assert found[given.mentors == "praised"] == pytest.approx(logit(0.99))
    assert found[given.mentors != "praised"].max() < logit(0.99)


def biased(number: int, *, seed: int) -> list[Outcome]:
    """Outcomes of the experts' weights and of mentors' charm, which goes with one feature."""
    draw = np.random.default_rng(seed)
    weights = np.array([getattr(Weights(), name) for name in LEARNABLE])
    charm = draw.normal(size=number // 12)
    found = []
    for row in range(number):
        mentor = int(draw.integers(0, len(charm)))
        features = draw.random(len(LEARNABLE))
        place = LEARNABLE.index(SUSPECT)
        features[place] = np.clip(features[place] / 2 + 0.25 + charm[mentor] / 8, 0, 1)
        chance = expit(8 * (features - 0.5) @ weights + 1.5 * charm[mentor] + 0.5)
        glad = draw.random(2) < chance
        found.append(
            Outcome(
                mentee_id=f"e{row % (number // 2)}",
                mentor_id=f"m{mentor}",
                cycle=2020 + row * 5 // number,
                features=dict(zip(LEARNABLE, features.tolist(), strict=True)),
                mentee_rating=5.0 if glad[0] else 2.0,
                mentor_rating=5.0 if glad[1] else 2.0,
            )
        )
    return found


@pytest.mark.parametrize("seed", range(3))
def test_the_charm_of_mentors_is_not_mistaken_for_a_feature_of_pairs(seed: int) -> None:
    given = biased(800, seed=seed)
    weights = np.array([getattr(Weights(), name) for name in LEARNABLE])
    plain = AdditiveCompatibility(experts=weights, monotonic_cst=np.ones(len(weights)))
    rows = table(given)

    found = learn(given).model
    naive = ReciprocalScore(plain, fusion="additive").fit(rows.features, rows.content)

    assert found is not None
    assert found.step is Step.LINEAR
    place = LEARNABLE.index(SUSPECT)
    for mine, theirs in zip(found.score.models_, naive.models_, strict=True):
        assert mine.coef_.shape == weights.shape
        shares = [one.coef_[place] / one.coef_.sum() for one in (mine, theirs)]
        excess, naive_excess = (share - weights[place] / weights.sum() for share in shares)
        assert excess < 0.75 * naive_excess


def test_a_model_says_the_same_of_every_mentor() -> None:
    given = biased(400, seed=1)
    renamed = [replace(one, mentor_id=f"z{one.mentor_id}") for one in given]

    model, again = learn(given).model, learn(renamed).model

    assert model is not None
    assert again is not None
    assert model.digest == again.digest
    assert model.score.n_features_in_ == len(LEARNABLE)


def test_what_lies_beside_takes_its_part_and_stays_out_of_the_sum() -> None:
    draw = np.random.default_rng(0)
    features, beside = draw.random((9000, 2)), draw.normal(1.0, 2.0, (9000, 1))
    came = draw.random(9000) < expit(4 * features[:, 0] + 2 * beside[:, 0] - 3)
    learner = AdditiveCompatibility(shrinkage=0.01, monotonic_cst=[1, 1])

    found = learner.fit(features, came.astype(int), beside=beside)

    assert found.coef_ == pytest.approx([4, 0], abs=0.5)
    assert found.intercept_ == pytest.approx(2 * beside.mean() - 3, abs=0.5)
    assert (found.contributions(features).sum(axis=1) == found.decision_function(features)).all()


def test_what_lies_beside_never_speaks_against_a_row() -> None:
    draw = np.random.default_rng(0)
    features, beside = draw.random((500, 2)), draw.normal(size=(500, 1))
    came = (draw.random(500) < expit(4 * features[:, 0] - 2 - 2 * beside[:, 0])).astype(int)

    against = AdditiveCompatibility().fit(features, came, beside=beside)
    without = AdditiveCompatibility().fit(features, came)

    assert against.coef_ == pytest.approx(without.coef_, abs=1e-4)


@pytest.mark.parametrize("beside", [np.zeros(6), np.zeros((5, 1))])
def test_what_lies_beside_has_a_row_for_each(beside: Any) -> None:
    with pytest.raises(ValueError, match=r"beside has shape .* but X has 6 rows"):
        AdditiveCompatibility().fit(np.eye(6), [0, 1] * 3, beside=beside)


def test_steps_take_nothing_beside() -> None:
    score = ReciprocalScore(MonotoneAdditiveCompatibility(), fusion="additive")
    with pytest.raises(TypeError, match="beside"):
        score.fit(np.eye(6), np.array([[0, 1]] * 3 + [[1, 0]] * 3), beside=np.zeros((6, 2)))
