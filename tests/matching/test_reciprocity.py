"""Two directions and their fusion, at values worked out by hand and on missing ratings."""

from typing import Any

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.metrics import roc_auc_score

from matching import FUSIONS, AdditiveCompatibility, ReciprocalScore

Y = np.array([[1, 0], [0, 1], [1, 1], [0, 0]] * 50)


def rows(number: int = 200) -> Any:
    return np.random.default_rng(1).random((number, 2))


@pytest.mark.parametrize(
    ("fusion", "worth"),
    [
        ("harmonic", 0.32),
        ("geometric", 0.4),
        ("mean", 0.5),
        ("minimum", 0.2),
        ("product", 0.16),
        ("additive", 1 / (1 + np.sqrt(0.2 / 0.8 * 0.8 / 0.2))),
    ],
)
def test_a_fusion_has_its_documented_value(fusion: str, worth: float) -> None:
    assert FUSIONS[fusion](np.array([0.2]), np.array([0.8]))[0] == pytest.approx(worth)


@pytest.mark.parametrize("fusion", sorted(set(FUSIONS) - {"product"}))
def test_equal_sides_stay_as_they_are(fusion: str) -> None:
    sure = np.array([0.0, 0.3, 1.0])

    assert np.allclose(FUSIONS[fusion](sure, sure), sure, atol=1e-6)


def test_each_side_learns_from_what_it_said_itself() -> None:
    features = rows()
    sides = np.column_stack([features[:, 0] > 0.5, features[:, 1] > 0.5]).astype(float)
    told = sides.copy()
    told[:60, 0], told[40:90, 1] = np.nan, np.nan

    found = ReciprocalScore(AdditiveCompatibility(shrinkage=0.1)).fit(features, told)
    alone = AdditiveCompatibility(shrinkage=0.1).fit(features[60:], sides[60:, 0])

    assert (found.directions(features)[:, 0] == alone.predict_proba(features)[:, 1]).all()
    assert abs(found.models_[0].coef_[0]) > 3 * abs(found.models_[0].coef_[1])
    assert abs(found.models_[1].coef_[1]) > 3 * abs(found.models_[1].coef_[0])


def test_both_sides_must_be_content_for_a_high_figure() -> None:
    features = rows()
    sides = np.column_stack([features[:, 0] > 0.5, features[:, 1] > 0.5]).astype(int)

    found = ReciprocalScore(AdditiveCompatibility(shrinkage=0.1)).fit(features, sides)

    assert roc_auc_score(sides.all(axis=1), found.decision_function(features)) > 0.95
    assert found.predict([[0.95, 0.05], [0.9, 0.9]]).tolist() == [0, 1]
    assert found.predict_proba([[0.9, 0.9]])[0].sum() == 1


def test_one_target_is_the_same_model_twice() -> None:
    features, glad = rows(), np.where(Y[:, 0] > 0, "good", "bad")
    alone = AdditiveCompatibility().fit(features, glad)

    found = ReciprocalScore().fit(features, glad)

    assert np.allclose(found.predict_proba(features), alone.predict_proba(features))
    assert found.classes_.tolist() == ["bad", "good"]


def test_the_additive_fusion_is_a_sum_and_no_other_claims_to_be() -> None:
    features = rows()
    found = ReciprocalScore(fusion="additive").fit(features, Y)

    parts = found.contributions(features)

    assert parts.shape == (200, 3)
    assert np.allclose(parts.sum(axis=1), found.decision_function(features), atol=1e-12)
    assert np.allclose(logit(found.directions(features)).mean(axis=1), parts.sum(axis=1))
    assert np.allclose(expit(parts.sum(axis=1)), found.predict_proba(features)[:, 1])
    with pytest.raises(ValueError, match="'harmonic' is no sum over features; use 'additive'"):
        ReciprocalScore().fit(features, Y).contributions(features)


def test_an_unknown_fusion_is_refused_before_anything_is_learnt() -> None:
    score = ReciprocalScore(fusion="sum")

    with pytest.raises(ValueError, match="fusion 'sum' is none of harmonic, geometric"):
        score.fit(rows(), Y)
    assert not hasattr(score, "models_")


def test_a_side_that_always_says_the_same_teaches_nothing() -> None:
    with pytest.raises(ValueError, match="one class only"):
        ReciprocalScore().fit(rows(), np.column_stack([Y[:, 0], np.ones(200)]))
