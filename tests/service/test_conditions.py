"""What follows from what: a rule that is left out must hold wherever it is left out.

Every pair of small conditions is tried on every row there can be of three values.
"""

from itertools import product
from uuid import uuid4

import pytest

from service.access.actors import Actor, Grant
from service.access.conditions import (
    ALWAYS,
    NEVER,
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Not,
    Some,
    follows,
    joined,
)
from service.access.roles import Role
from service.models.people import Person

A, B, C = (Compare(name, "=", True) for name in "abc")
SMALL: list[Condition] = [ALWAYS, NEVER, A, B, Not(A), AnyOf((A, B)), AnyOf((B, C)), AllOf((A, B))]
CONDITIONS = [
    *SMALL,
    AllOf((AnyOf((A, B)), C)),
    AnyOf((AllOf((A, B)), C)),
    AnyOf((A, B, C)),
    AllOf((A, B, C)),
]
ROWS = [dict(zip("abc", values, strict=True)) for values in product((True, False), repeat=3)]


def holds(condition: Condition, row: dict[str, bool]) -> bool:
    match condition:
        case Compare(field=name):
            return row[name]
        case Not(part):
            return not holds(part, row)
        case AllOf(parts):
            return all(holds(part, row) for part in parts)
        case AnyOf(parts):
            return any(holds(part, row) for part in parts)
        case _:
            return condition == ALWAYS


@pytest.mark.parametrize("given", CONDITIONS, ids=str)
def test_what_follows_holds_wherever_the_given_does(given: Condition) -> None:
    for part in CONDITIONS:
        if follows(part, given):
            assert all(holds(part, row) for row in ROWS if holds(given, row)), part


@pytest.mark.parametrize("first", CONDITIONS, ids=str)
def test_a_shorter_conjunction_means_the_same(first: Condition) -> None:
    for second in CONDITIONS:
        short = joined([first, second])
        for row in ROWS:
            assert holds(short, row) == (holds(first, row) and holds(second, row)), second


def test_what_follows_is_seen() -> None:
    wide = AnyOf((A, B))
    assert joined([wide, A]) == joined([A, wide]) == joined([A, A]) == A
    assert follows(Some("person", wide), Some("person", A))
    assert not follows(Some("person", A), Some("person", wide))
    assert not follows(Some("person", A), Some("post", A))


def test_missions_are_the_same_only_by_the_same_roles() -> None:
    """Seeing and reading reach as far for one officer; a second role may see where none reads."""
    mission, other = uuid4(), uuid4()
    officer = Actor(grants=(Grant(Role.HR_OFFICER, mission),))
    seen, read = (Person.access.open_rows(officer, verb) for verb in ("read", "read_file"))
    assert follows(seen, read)
    both = Actor(grants=(*officer.grants, Grant(Role.HIRING_DEPARTMENT, other)))
    seen, read = (Person.access.open_rows(both, verb) for verb in ("read", "read_file"))
    assert not follows(seen, read)
    for verb, missions in (("read", {mission, other}), ("read_file", {mission})):
        assert set(both.missions(both.mission_roles(verb, "person"))) == missions
        assert both.reach(verb, "person").missions == missions
