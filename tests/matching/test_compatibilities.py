"""The two learners: their sums, their signs, and whom they believe with how many rows."""

from typing import Any

import numpy as np
import pytest
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from matching import AdditiveCompatibility, MonotoneAdditiveCompatibility, NotAdditive
from matching.compatibilities import tabulated

EXPERTS = np.array([0.5, 0.3, 0.2])
UP = np.ones(3)


def rows(number: int, *, weights: Any = (4.0, 1.0, -2.0), seed: int = 0) -> tuple[Any, Any]:
    """Features in twentieths, and outcomes that follow the weights."""
    draw = np.random.default_rng(seed)
    features = draw.integers(0, 21, (number, 3)) / 20
    return features, (draw.random(number) < expit((features - 0.5) @ np.array(weights))).astype(int)


LEARNERS = [
    AdditiveCompatibility(experts=EXPERTS, monotonic_cst=UP),
    MonotoneAdditiveCompatibility(monotonic_cst=UP, max_iter=30, random_state=0),
]


@pytest.mark.parametrize("learner", LEARNERS, ids=lambda one: type(one).__name__)
def test_contributions_sum_to_the_logit_to_the_last_bit(learner: Any) -> None:
    features, outcomes = rows(400)
    fitted = learner.fit(features, outcomes)

    parts = fitted.contributions(features)

    assert parts.shape == (400, 4)
    assert (parts.sum(axis=1) == fitted.decision_function(features)).all()
    assert np.allclose(expit(parts.sum(axis=1)), fitted.predict_proba(features)[:, 1], atol=1e-15)
    assert len(set(parts[:, 3])) == 1


@pytest.mark.parametrize("learner", LEARNERS, ids=lambda one: type(one).__name__)
def test_a_feature_that_may_only_speak_for_a_pair_never_speaks_against_it(learner: Any) -> None:
    features, outcomes = rows(600)
    fitted = learner.fit(features, outcomes)
    low, high = features.copy(), features.copy()
    low[:, 2], high[:, 2] = 0.0, 1.0

    assert (fitted.decision_function(high) >= fitted.decision_function(low)).all()
    assert roc_auc_score(outcomes, fitted.decision_function(features)) > 0.6


@pytest.mark.parametrize("sign", [1, -1])
def test_without_signs_the_rows_decide_and_with_signs_they_may_not(sign: int) -> None:
    features, outcomes = rows(2000)
    free = AdditiveCompatibility(shrinkage=0.01).fit(features, outcomes)
    bound = AdditiveCompatibility(shrinkage=0.01, monotonic_cst=[sign] * 3)

    bound.fit(features, outcomes)

    assert free.coef_[0] > 2
    assert free.coef_[2] < -1
    assert (bound.coef_ * sign >= 0).all()
    assert bound.coef_[2 if sign > 0 else 0] == 0


def test_without_experts_and_signs_it_is_the_known_logistic_regression() -> None:
    features, outcomes = rows(300)
    known = LogisticRegression(C=1 / 3.0, tol=1e-10).fit(features, outcomes)

    found = AdditiveCompatibility(shrinkage=3.0).fit(features, outcomes)

    assert np.allclose(found.coef_, known.coef_[0], atol=1e-4)
    assert found.intercept_ == pytest.approx(known.intercept_[0], abs=1e-4)
    assert found.scale_ == 0


def test_few_rows_follow_the_experts_and_many_the_rows() -> None:
    few = AdditiveCompatibility(experts=EXPERTS).fit(*rows(40))
    many = AdditiveCompatibility(experts=EXPERTS).fit(*rows(20_000))

    assert apart(few) < 0.2 < apart(many)
    assert np.allclose(many.coef_, [4.0, 1.0, -2.0], atol=0.3)


def apart(learner: AdditiveCompatibility) -> float:
    """The angle between what was learnt and what the experts said, in radians."""
    length = np.linalg.norm(learner.coef_) * np.linalg.norm(EXPERTS)
    return float(np.arccos(np.clip(learner.coef_ @ EXPERTS / length, -1, 1)))


def test_endless_shrinkage_leaves_the_experts_score_on_a_scale() -> None:
    features, outcomes = rows(500, weights=EXPERTS * 6)

    found = AdditiveCompatibility(experts=EXPERTS, shrinkage=1e7).fit(features, outcomes)

    assert found.scale_ > 3
    assert np.allclose(found.coef_, found.scale_ * EXPERTS, atol=1e-3)


def test_experts_who_were_wrong_are_given_no_scale_below_nothing() -> None:
    features, outcomes = rows(500, weights=EXPERTS * -6)

    found = AdditiveCompatibility(experts=EXPERTS, monotonic_cst=UP).fit(features, outcomes)

    assert found.scale_ == 0
    assert (found.coef_ >= 0).all()


@pytest.mark.parametrize("name", ["experts", "monotonic_cst"])
def test_a_parameter_of_another_shape_is_refused_by_name(name: str) -> None:
    learner = AdditiveCompatibility().set_params(**{name: [1.0, 1.0]})

    with pytest.raises(ValueError, match=rf"{name} has shape \(2,\), but X has 3 features"):
        learner.fit(*rows(50))


@pytest.mark.parametrize("learner", LEARNERS, ids=lambda one: type(one).__name__)
def test_outcomes_that_are_all_alike_teach_nothing(learner: Any) -> None:
    features, _ = rows(50)

    with pytest.raises(ValueError, match="one class only"):
        learner.fit(features, np.ones(50, int))


def test_the_tables_say_what_the_trees_said() -> None:
    features, outcomes = rows(800)
    trees = HistGradientBoostingClassifier(
        max_iter=30,
        max_leaf_nodes=8,
        l2_regularization=1.0,
        monotonic_cst=[1, 1, 1],
        interaction_cst="no_interactions",
        random_state=0,
    ).fit(features, outcomes)

    found = LEARNERS[1].fit(features, outcomes)

    assert np.allclose(
        found.decision_function(features), trees.decision_function(features), atol=1e-12
    )
    assert sum(len(cuts) for cuts in found.cuts_) > 5
    assert all((np.diff(steps) >= 0).all() for steps in found.steps_)


def test_a_function_of_two_features_together_is_no_table() -> None:
    features, _ = rows(100)

    with pytest.raises(NotAdditive, match="differ from the whole by"):
        tabulated(lambda block: block.prod(axis=1), features)


def test_a_step_lies_halfway_between_the_values_it_was_learnt_from() -> None:
    features = np.array([[0.0], [0.25], [1.0]])

    base, cuts, steps = tabulated(lambda block: np.where(block[:, 0] > 0.3, 1.0, -1.0), features)

    assert (base, cuts[0].tolist(), steps[0].tolist()) == (-1.0, [0.625], [0.0, 2.0])
