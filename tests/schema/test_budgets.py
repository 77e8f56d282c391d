"""Budgets over time, by a clock that the test moves."""

from typing import Any

import orjson
import pytest

from schema.budgets import BadTokens, Balance, Budgets, TooSoon, cost_json, network, payer
from schema.limits import Limits
from service.access.actors import ANONYMOUS, Actor
from tests.schema.callers import ACTORS

LIMITS = Limits(budget=1000, budget_per_second=100, cost=1000, failed_sign_ins=20)


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_what_is_taken_is_gone_and_what_was_not_spent_comes_back(clock: Clock) -> None:
    budgets = Budgets(clock=clock)
    assert budgets.take("a", 600, LIMITS) == Balance(1000, 400, 100)
    assert budgets.settle("a", 550, LIMITS) == Balance(1000, 950, 100)
    assert budgets.take("b", 1, LIMITS) == Balance(1000, 999, 100)


def test_an_exhausted_budget_names_itself_and_when_to_come_back(clock: Clock) -> None:
    budgets = Budgets(clock=clock)
    budgets.take("a", 900, LIMITS)
    with pytest.raises(TooSoon) as caught:
        budgets.take("a", 350, LIMITS)
    assert caught.value.code == "LIMIT_EXCEEDED"
    assert caught.value.seconds == 3
    assert caught.value.message == (
        "Points of all requests until more are restored: 350; the limit `budget` is 1000. "
        "Wait, or ask for less. 100 are left; come back in 3 seconds."
    )
    assert caught.value.details == {
        "limit": "budget",
        "maximum": 1000,
        "value": 350,
        "left": 100,
        "retryAfterSeconds": 3,
    }
    assert budgets.take("a", 100, LIMITS).left == 0


def test_time_restores_a_budget_to_its_size_and_no_further(clock: Clock) -> None:
    budgets = Budgets(clock=clock)
    budgets.take("a", 1000, LIMITS)
    clock.now += 2.5
    assert budgets.take("a", 250, LIMITS).left == 0
    with pytest.raises(TooSoon):
        budgets.take("a", 1, LIMITS)
    clock.now += 1000
    assert budgets.take("a", 0, LIMITS).left == 1000


def test_coming_back_when_told_is_enough(clock: Clock) -> None:
    budgets = Budgets(clock=clock)
    budgets.take("a", 1000, LIMITS)
    with pytest.raises(TooSoon) as caught:
        budgets.take("a", 777, LIMITS)
    clock.now += caught.value.seconds
    assert budgets.take("a", 777, LIMITS).left == 23


def test_the_callers_remembered_are_bounded_and_the_one_seen_last_is_kept(clock: Clock) -> None:
    budgets = Budgets(callers=3, clock=clock)
    for caller in "abc":
        budgets.take(caller, 1000, LIMITS)
    budgets.settle("a", 0, LIMITS)
    budgets.take("d", 1000, LIMITS)
    with pytest.raises(TooSoon):
        budgets.take("a", 1, LIMITS)
    assert budgets.take("b", 1000, LIMITS).left == 0


def test_a_caller_whose_role_changed_has_the_budget_of_the_new_one(clock: Clock) -> None:
    budgets = Budgets(clock=clock)
    budgets.take("a", 0, LIMITS)
    less = Limits(budget=100, budget_per_second=1, cost=100)
    assert budgets.take("a", 60, less) == Balance(100, 40, 1)


def test_too_many_bad_tokens_close_the_address_for_a_while(clock: Clock) -> None:
    bad_tokens = BadTokens(LIMITS, clock=clock)
    for _ in range(20):
        bad_tokens.admit("192.0.2.1")
        bad_tokens.failed("192.0.2.1")
    with pytest.raises(TooSoon) as caught:
        bad_tokens.admit("192.0.2.1")
    assert caught.value.details == {
        "limit": "failed_sign_ins",
        "maximum": 20,
        "value": 21,
        "left": 0,
        "retryAfterSeconds": 3,
    }
    bad_tokens.admit("192.0.2.2")
    clock.now += 3
    bad_tokens.admit("192.0.2.1")


def test_bad_tokens_that_arrive_together_are_paid_for_and_not_for_ever(clock: Clock) -> None:
    bad_tokens = BadTokens(LIMITS, clock=clock)
    for _ in range(500):
        bad_tokens.failed(None)
    clock.now += 62
    with pytest.raises(TooSoon):
        bad_tokens.admit(None)
    clock.now += 2
    bad_tokens.admit(None)


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        (None, ""),
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("not:an:address", "not:an:address"),
    ],
)
def test_one_host_is_one_address_however_many_it_has(address: str | None, wanted: str) -> None:
    assert network(address) == wanted


def test_an_account_pays_for_itself_wherever_it_is(clock: Clock) -> None:
    officer: Actor = ACTORS["HR_OFFICER"]
    assert payer(officer, "192.0.2.1") == payer(officer, "192.0.2.2")
    assert payer(ANONYMOUS, "192.0.2.1") != payer(ANONYMOUS, "192.0.2.2")


def test_the_cost_of_an_answer_is_json() -> None:
    shown: Any = orjson.loads(cost_json(120, 7, Balance(1000, 993, 100)))
    budget = {"maximum": 1000, "left": 993, "perSecond": 100}
    assert shown == {"asked": 120, "real": 7, "budget": budget}
