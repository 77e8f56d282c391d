"""Each estimator against scikit-learn's checks, with every expected failure and its reason."""

from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

from matching import (
    AdditiveCompatibility,
    CapacitatedMatcher,
    MonotoneAdditiveCompatibility,
    PairFeatures,
    ReciprocalScore,
)
from tests.matching.contracts import verdicts

NOTHING: dict[str, str] = {}

ESTIMATORS = [
    (AdditiveCompatibility(), NOTHING),
    (MonotoneAdditiveCompatibility(max_iter=5, min_samples_leaf=5), NOTHING),
    (PairFeatures(), NOTHING),
    (ReciprocalScore(), NOTHING),
    (
        CapacitatedMatcher(),
        {"check_fit_score_takes_y": "fit takes mentors where a supervised estimator takes y"},
    ),
]


@pytest.mark.parametrize(
    ("estimator", "expected"), ESTIMATORS, ids=[type(one).__name__ for one, _ in ESTIMATORS]
)
def test_an_estimator_fails_the_checks_listed_for_it_and_no_other(
    estimator: Any, expected: dict[str, str]
) -> None:
    found = verdicts(estimator, expected)

    assert found["failed"] == set()
    # A listed check that passes would stay in the list for ever, so it counts as a fault.
    assert found["xfail"] == set(expected)
    assert found["passed"].isdisjoint(expected)
    assert len(found["passed"]) > 20
    assert set(found) == {"passed", "xfail", "failed"}


class Forgetful(AdditiveCompatibility):
    """Takes note of a parameter in its constructor, which the contract forbids."""

    def __init__(self, *, shrinkage: float = 10.0) -> None:
        super().__init__(shrinkage=shrinkage * 2)


def test_a_broken_estimator_is_found_out() -> None:
    found = verdicts(Forgetful(), NOTHING)

    assert "check_no_attributes_set_in_init" in found["failed"]


@pytest.mark.parametrize(
    "estimator", [one for one, _ in ESTIMATORS], ids=lambda one: type(one).__name__
)
def test_an_estimator_is_copied_with_its_parameters(estimator: Any) -> None:
    changed = clone(estimator).set_params(**estimator.get_params(deep=False))

    assert repr(changed.get_params()) == repr(estimator.get_params())
    assert not [name for name in vars(changed) if name.endswith("_")]


def test_experts_survive_a_copy() -> None:
    learner = AdditiveCompatibility(experts=np.array([0.25, 0.75]), monotonic_cst=[1, 1])

    copied = clone(learner)

    assert copied.experts.tolist() == [0.25, 0.75]
    assert copied.monotonic_cst == [1, 1]
