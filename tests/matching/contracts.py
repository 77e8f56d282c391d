"""What scikit-learn's own checks say of an estimator, by name of the check."""

from collections.abc import Mapping
from typing import Any

from sklearn.utils.estimator_checks import check_estimator

from matching.threads import single_threaded

# Reads the environment of the whole process before scipy is loaded, so it never runs here.
NEVER_RUN = {"check_array_api_input"}


def verdicts(estimator: Any, expected: Mapping[str, str]) -> dict[str, set[str]]:
    """The checks that passed, that failed as expected ("xfail") and that failed ("failed")."""
    with single_threaded():
        results = check_estimator(
            estimator, expected_failed_checks=dict(expected), on_skip=None, on_fail=None
        )
    found: dict[str, set[str]] = {"passed": set(), "xfail": set(), "failed": set()}
    for result in results:
        if result["check_name"] not in NEVER_RUN:
            found.setdefault(result["status"], set()).add(result["check_name"])
    return found
