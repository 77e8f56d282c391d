"""Results as JSON: the same bytes for the same result, and never a number that is none."""

import json
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest

from service.measurement.results import Estimate, Interval, Result, Status, Undefined


@dataclass(frozen=True)
class Numbers:
    shares: dict[str, Estimate]
    ratio: Fraction
    table: np.ndarray


def a_result(value: float | Undefined = 0.1 + 0.2) -> Result[Numbers]:
    shares = {"b": Estimate(value, 0.5, Interval(-1.0, 1.0)), "a": Estimate(1.0)}
    numbers = Numbers(shares, Fraction(4, 5), np.array([[1.0, -0.0]]))
    return Result("shares", numbers, {"candidates": 2}, method="by hand", cautions=("few",))


def test_a_result_is_told_whole_and_always_in_the_same_bytes() -> None:
    told = json.loads(a_result().json())
    assert told["numbers"]["shares"]["b"]["value"] == 0.3
    assert told["numbers"]["ratio"] == {"numerator": 4, "denominator": 5}
    assert told["convergence"]["status"] == Status.EXACT
    assert b"-0.0" not in a_result().json()
    assert a_result().json() == a_result().json()
    assert list(told) == sorted(told)


def test_undefined_is_told_with_its_reason() -> None:
    told = json.loads(a_result(Undefined("nobody was rated twice")).json())
    assert told["numbers"]["shares"]["b"]["value"] == {"undefined": "nobody was rated twice"}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="is no number to tell"):
        a_result(value).json()


def test_the_numbers_are_there_or_the_reason_is() -> None:
    assert a_result().found().ratio == Fraction(4, 5)
    none: Result[Numbers] = Result("shares", Undefined("too few"), {}, method="by hand")
    with pytest.raises(ValueError, match="too few"):
        none.found()


def test_an_interval_holds_its_ends() -> None:
    assert Interval(0.0, 1.0).holds(1.0)
    assert not Interval(0.0, 1.0).holds(1.1)
