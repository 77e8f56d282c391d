"""Figures that are withheld: of few people, and whatever would give these away by subtraction."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import Configuration, audit, pair
from matching import audits as audits_room
from matching.audits import Row, _withheld
from matching.figures import MINIMUM_CELL, Interval, Unsaid
from tests.matching.worlds import a_mentee, a_mentor

Sizes = tuple[int, ...]
FEW = "too few to say: fewer than 10 mentees, here or in a group this would give away"
ONE_PLACE = Configuration(unmatched_value=0.0)


def audited(sizes: dict[str, int], *, capacity: int = 5) -> tuple[Row, ...]:
    """The audit of a run for as many mentees of each gender, all else alike."""
    mentees = [
        a_mentee(id=f"{gender}{k:03}", person_id=f"p {gender}{k}", gender=gender)
        for gender, size in sizes.items()
        for k in range(size)
    ]
    mentors = [a_mentor(capacity=capacity)]
    run = pair(mentees, mentors, configuration=ONE_PLACE)
    return audit(run, mentees, mentors, configuration=ONE_PLACE).rows


def figures(rows: Sequence[Row], measure: str) -> dict[str | None, Any]:
    return {
        row.group: row.figure for row in rows if (row.measure, row.attribute) == (measure, "gender")
    }


def shown(sizes: Sizes) -> tuple[int | None, ...]:
    """What somebody reads of groups of these sizes."""
    held = _withheld(dict(zip(map(str, range(len(sizes))), sizes, strict=True)))
    return tuple(None if str(k) in held else size for k, size in enumerate(sizes))


def given_away(views: dict[Any, list[Sizes]]) -> Iterator[tuple[Any, int]]:
    """Withheld sizes that only one answer fits, beside others that are told."""
    for view, fitting in views.items():
        told = view[0]
        for place, size in enumerate(told):
            is_sure = len({sizes[place] for sizes in fitting}) == 1
            if size is None and is_sure and any(one is not None for one in told):
                yield view, place


@pytest.mark.parametrize(
    ("least", "groups", "smallest", "largest"),
    [(10, 2, 1, 22), (10, 3, 0, 14), (4, 4, 1, 8), (3, 5, 0, 5), (2, 4, 1, 5)],
)
def test_nobody_works_out_a_withheld_size_from_the_sum_and_all_that_is_told(
    monkeypatch: pytest.MonkeyPatch, least: int, groups: int, smallest: int, largest: int
) -> None:
    # Whoever knows this very rule as well tries every table there may be.
    monkeypatch.setattr(audits_room, "MINIMUM_CELL", least)
    views: defaultdict[Any, list[Sizes]] = defaultdict(list)
    for sizes in product(range(smallest, largest + 1), repeat=groups):
        views[shown(sizes), sum(sizes)].append(sizes)

    edge = {view for view, fitting in views.items() if max(map(max, fitting)) == largest}
    found = [one for one in given_away(views) if one[0] not in edge]

    assert found == []
    assert len(views) > len(edge)
    assert any(None in told for told, _ in views)


SIZES = st.lists(st.integers(0, 40), min_size=1, max_size=12)


@given(SIZES)
def test_what_is_withheld_is_of_enough_people_together_or_nothing_is_told(
    sizes: list[int],
) -> None:
    named: dict[str | None, int] = {str(k): size for k, size in enumerate(sizes)}
    held = _withheld(named)
    sums = [named[group] for group in held]

    assert {group for group, size in named.items() if size < MINIMUM_CELL} <= held
    if held and len(held) < len(named):
        assert len(held) > 1
        assert sum(sums) >= MINIMUM_CELL
        assert min(sums) < max(sums)
    if min(sizes) >= MINIMUM_CELL:
        assert held == frozenset()


@given(SIZES, st.randoms(use_true_random=False))
def test_what_is_withheld_follows_from_sizes_alone(sizes: list[int], draw: Any) -> None:
    named: dict[str | None, int] = {str(k): size for k, size in enumerate(sizes)}
    other = list(named)
    draw.shuffle(other)
    renamed = dict(zip(other, sizes, strict=True))

    counted = [Counter(each[group] for group in _withheld(each)) for each in (named, renamed)]

    assert counted[0] == counted[1]
    assert _withheld(named, _withheld(named)) == _withheld(named)


@settings(deadline=None, max_examples=25)
@given(st.dictionaries(st.sampled_from("ABCDE"), st.integers(1, 24), min_size=1))
def test_no_audit_tells_a_figure_of_few_by_subtraction(sizes: dict[str, int]) -> None:
    rows = audited(sizes)

    for measure in ("match_rate", "surplus", "rank"):
        found = figures(rows, measure)
        held = {group for group, figure in found.items() if isinstance(figure, Unsaid)}
        if held and len(held) < len(found):
            told = sum(one.count for one in found.values() if isinstance(one, Interval))
            everybody = 5 if measure == "rank" else sum(sizes.values())
            assert everybody - told >= MINIMUM_CELL
            assert len(held) > 1
        assert {one.reason for one in found.values() if isinstance(one, Unsaid)} <= {FEW}


def test_the_smallest_other_group_is_withheld_beside_a_single_small_one() -> None:
    found = figures(audited({"F": 9, "M": 12, "X": 15}), "match_rate")

    assert found["F"] == found["M"] == Unsaid(FEW)
    assert isinstance(found["X"], Interval)
    assert found["X"].count == 15


def test_of_others_that_are_equally_small_none_is_told() -> None:
    found = figures(audited({"F": 9, "M": 12, "X": 12, "Y": 13}), "match_rate")

    assert [group for group, one in found.items() if isinstance(one, Interval)] == ["Y"]


def test_two_small_groups_of_enough_people_keep_nobody_else_from_being_told() -> None:
    found = figures(audited({"F": 4, "M": 9, "X": 12}), "match_rate")

    assert [group for group, one in found.items() if isinstance(one, Interval)] == ["X"]


def test_a_group_withheld_from_match_rates_is_withheld_from_ranks_too() -> None:
    rows = audited({"F": 1, "M": 10, "X": 30}, capacity=41)

    assert set(figures(rows, "rank")) == {"F", "M", "X"}
    for measure in ("match_rate", "surplus", "rank"):
        found = figures(rows, measure)
        assert found["F"] == found["M"] == Unsaid(FEW)
        assert isinstance(found["X"], Interval)


def test_mentors_of_few_are_withheld_with_the_next_region() -> None:
    regions = {"AFRICA": 3, "ASIA": 11, "EUROPE": 14}
    mentors = [
        a_mentor(id=f"{name}{k}", person_id=f"{name} {k}", regions=frozenset({name}), capacity=1)
        for name, size in regions.items()
        for k in range(size)
    ]
    mentees = [a_mentee(id=f"e{k}", person_id=f"e{k}") for k in range(12)]
    rows = audit(pair(mentees, mentors), mentees, mentors).rows

    found = {row.group: row.figure for row in rows if (row.side, row.attribute) == MENTOR_REGIONS}

    words = Unsaid(FEW.replace("mentees", "mentors"))
    assert found["AFRICA"] == found["ASIA"] == words
    assert isinstance(found["EUROPE"], Interval)
    assert found["EUROPE"].count == 14


MENTOR_REGIONS = ("mentor", "region")


def test_what_is_withheld_leaves_no_number_behind() -> None:
    rows = [row for row in audited({"F": 9, "M": 12, "X": 15}) if isinstance(row.figure, Unsaid)]

    assert rows
    for row in rows:
        assert asdict(row.figure) == {"reason": FEW.replace("mentee", row.side)}
