"""Adverse impact stage by stage: counts that fit together, the whole way, and hiding at all."""

from fractions import Fraction

import pytest

from service.measurement.impacts import Verdict, find_impact
from service.measurement.pools import BadPools, Pool
from service.measurement.results import Undefined
from service.measurement.stages import Stage, find_impacts

LONG_LIST = Stage("long list", (Pool("men", 120, 60), Pool("women", 80, 24)))
SHORT_LIST = Stage("short list", (Pool("men", 60, 20), Pool("women", 24, 8)))
RECOMMENDED = Stage("recommended", (Pool("men", 20, 6), Pool("women", 8, 2)))
ALL = (LONG_LIST, SHORT_LIST, RECOMMENDED)


def test_every_stage_and_the_whole_way_are_told() -> None:
    result = find_impacts(ALL)
    found = result.found()
    assert [one.name for one in found.stages] == ["long list", "short list", "recommended"]
    ratios = [one.impacts.impacts[0].ratio for one in found.stages]
    assert ratios == [Fraction(3, 5), Fraction(1), Fraction(5, 6)]
    assert found.whole.impacts[0].ratio == Fraction(2, 80) / Fraction(6, 120)
    assert found.stages[0].impacts == find_impact(LONG_LIST.pools).found()
    assert found.stages[0].impacts.impacts[0].verdict is Verdict.SHOWN
    assert result.counts == {"groups": 2, "candidates": 200, "selected": 8, "stages": 3}
    assert result.cautions[0].startswith("long list: women against men: Less than four fifths")
    assert any(one.startswith("all stages: ") for one in result.cautions)
    turned = tuple(Stage(one.name, one.pools[::-1]) for one in ALL)
    assert find_impacts(turned).json() == result.json()


def test_too_few_at_one_stage_points_to_many_exercises() -> None:
    small = Stage("final", (Pool("men", 6, 2), Pool("women", 2, 0)))
    result = find_impacts([*ALL, small])
    assert (
        result.cautions[-1] == "Several such exercises together may tell what one of them cannot."
    )


def test_a_group_hidden_at_one_stage_is_hidden_at_all() -> None:
    result = find_impacts(ALL, hide_below=5)
    for part in (*(one.impacts for one in result.found().stages), result.found().whole):
        assert all(isinstance(one.share, Undefined) for one in part.rates)
        assert all(isinstance(one.ratio, Undefined) for one in part.impacts)
    assert result.cautions[-1] == "The numbers of 2 groups are told only to an audit."
    assert not any("four fifths" in one for one in result.cautions)
    assert find_impacts([LONG_LIST], hide_below=5).numbers == find_impacts([LONG_LIST]).numbers


@pytest.mark.parametrize(
    ("stages", "words"),
    [
        ([], "there is no stage"),
        ([LONG_LIST, Stage("next", (Pool("men", 5, 1), Pool("x", 5, 1)))], "next has other groups"),
        (
            [LONG_LIST, Stage("next", (Pool("men", 61, 1), Pool("women", 5, 1)))],
            "61 of men enter next and only 60 came through long list",
        ),
    ],
)
def test_stages_that_do_not_fit_are_refused(stages: list[Stage], words: str) -> None:
    with pytest.raises(BadPools, match=words):
        find_impacts(stages)
