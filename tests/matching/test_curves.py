"""Steps in place of a weight: what they add, and what is no way to a weight."""

from dataclasses import replace

import pytest

from matching import Configuration, Curve, InvalidConfiguration, Weights, pair
from tests.matching.worlds import a_mentee, a_mentor


def test_a_choice_of_nothing_new_leaves_what_was_stored_before_as_it_was() -> None:
    assert "curves" not in Configuration().to_json()


def test_the_top_criterion_is_read_off_its_own_curve() -> None:
    curve = Curve("top_criterion", (0.4, 0.9), (0, 10_000, 50_000))
    chosen = Configuration(curves=(curve,), unmatched_value=0.0)
    mentees = [
        a_mentee(id="a", person_id="a", level="D-1", top_criterion="seniority"),
        a_mentee(id="b", person_id="b", level="D-2", top_criterion="seniority"),
        a_mentee(id="c", person_id="c", level="D-2", top_criterion="function"),
        a_mentee(id="d", person_id="d"),
    ]

    run = pair(mentees, [a_mentor(level="D-2", capacity=4)], configuration=chosen)

    added = {one.mentee_id: one.contributions["top_criterion"] for one in run.proposals}
    assert added == {"a": 50_000, "b": 10_000, "c": 0, "d": 10_000}


@pytest.mark.parametrize(
    ("curve", "words"),
    [
        (Curve("charm", (), (0,)), "curves cannot be 'charm'"),
        (Curve("goals", (0.5, 0.5), (0, 1, 120_000)), "curves goals cuts"),
        (Curve("goals", (0.5,), (120_000,)), "curves goals shares"),
        (Curve("goals", (0.5,), (-1, 120_000)), "curves goals shares"),
        (Curve("goals", (0.5,), (0, 110_000)), "curves goals highest share cannot be 110000"),
    ],
)
def test_a_curve_that_is_no_way_to_its_weight_is_refused(curve: Curve, words: str) -> None:
    with pytest.raises(InvalidConfiguration, match=words):
        Configuration(curves=(curve,))


def test_two_curves_of_one_feature_are_refused() -> None:
    curve = Curve("goals", (0.5,), (0, 120_000))

    with pytest.raises(InvalidConfiguration, match="curves cannot be"):
        Configuration(curves=(curve, curve))
    with pytest.raises(InvalidConfiguration, match="curves goals highest share"):
        replace(Configuration(curves=(curve,)), weights=Weights(goals=0.13, function=0.21))
