"""Limits by role: who gets which, and which settings stop the start."""

from typing import Any

import pytest

from schema.allowances import Allowances, alike, by_role
from schema.limits import Limits
from service.access.actors import ANONYMOUS, Actor, Grant, system
from service.access.roles import Role
from service.errors import Invalid
from service.settings import Settings
from tests.schema.callers import ACTORS


def holding(*roles: Role) -> Actor:
    return Actor(ACTORS["AUDITOR"].account_id, None, "Somebody", tuple(map(Grant, roles)))


def test_without_settings_the_public_has_less_than_whoever_signs_in() -> None:
    found = by_role({})
    public, known = found.of(ANONYMOUS), found.of(holding())
    assert known == found.of(holding(Role.AUDITOR)) == found.of(system("Tests")) == Limits()
    for name in ("depth", "cost", "nodes", "budget"):
        assert getattr(public, name) < getattr(known, name), name


def test_a_role_has_what_the_settings_give_it_and_the_rest_from_everybody() -> None:
    found = by_role({"*": {"depth": 9}, "AUDITOR": {"cost": 70_000}, "ANONYMOUS": {"depth": 3}})
    assert found.of(holding(Role.AUDITOR)) == Limits(depth=9, cost=70_000)
    assert found.of(holding(Role.MENTOR)) == found.of(holding()) == Limits(depth=9)
    assert (found.of(ANONYMOUS).depth, found.of(ANONYMOUS).cost) == (3, 5_000)


def test_several_roles_have_the_most_generous_of_each_limit() -> None:
    given = {"AUDITOR": {"cost": 70_000, "depth": 5}, "MENTOR": {"depth": 7, "aliases": 2}}
    both = by_role(given).of(holding(Role.AUDITOR, Role.MENTOR))
    assert both == Limits(depth=7, cost=70_000)


def test_the_widest_limits_let_everybody_through() -> None:
    found = by_role({"AUDITOR": {"tokens": 9_000}, "ANONYMOUS": {"depth": 30}})
    assert (found.widest.tokens, found.widest.depth) == (9_000, 30)


def test_bad_tokens_are_counted_alike_for_all_because_nobody_is_known_yet() -> None:
    found = by_role({"ANONYMOUS": {"failed_sign_ins": 3}})
    assert found.of(ANONYMOUS).failed_sign_ins == 3
    assert found.of(holding(Role.MENTOR)).failed_sign_ins == 3


def test_the_same_limits_can_hold_for_everybody() -> None:
    found: Allowances = alike(Limits(depth=3))
    assert found.of(ANONYMOUS) == found.of(holding(Role.MENTOR)) == found.widest == Limits(depth=3)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"BOSS": {}}, "BOSS is no role; there are *, ANONYMOUS, CANDIDATE, "),
        ({"MENTOR": {"dept": 3}}, "MENTOR: `dept` is no limit; there are depth, "),
        ({"MENTOR": {"depth": 0}}, "MENTOR: `depth` must be 1 or more, and is 0."),
        ({"*": {"cost": -5}}, "*: `cost` must be 1 or more, and is -5."),
        ({"*": {"page": 101}}, "*: `page` can be 100 at most, and is 101."),
        ({"*": {"depth": 2**31}}, "*: `depth` can be 2147483647 at most, and is 2147483648."),
        ({"*": {"comparisons": 5}}, "*: `comparisons` cannot be changed."),
        ({"*": {"page_default": 5}}, "*: `page_default` cannot be changed."),
        ({"MENTOR": {"failed_sign_ins": 5}}, "set it for ANONYMOUS."),
        (
            {"AUDITOR": {"cost": 200_000}},
            "AUDITOR has a `budget` of 100000, less than its `cost` of 200000; raise the one",
        ),
    ],
)
def test_settings_that_mean_nothing_are_refused_with_a_sentence(given: Any, words: str) -> None:
    with pytest.raises(Invalid) as caught:
        by_role(given)
    assert caught.value.message.startswith("CADRE_LIMITS: ")
    assert words in caught.value.message
    assert caught.value.path == ("limits",)


def test_the_settings_read_them_from_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CADRE_LIMITS", '{"ANONYMOUS": {"depth": 6}}')
    assert by_role(Settings().limits).of(ANONYMOUS).depth == 6
    assert Settings(limits={"*": {"depth": 7}}).limits == {"*": {"depth": 7}}


@pytest.mark.parametrize("text", ["{", "[]", '{"*": {"depth": "a"}}', '{"*": {"depth": true}}'])
def test_what_is_not_such_json_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("CADRE_LIMITS", text)
    with pytest.raises(ValueError, match="limits"):
        Settings()
