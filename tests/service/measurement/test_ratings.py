"""Ratings from records and arrays: ordered, complete, and refused by row."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.measurement.ratings import BadRatings, Facet, Rating, Ratings, Scale

FIVE = Scale(1, 5)
CELLS = [
    Rating("Ada", "x", 4, "vision"),
    Rating("Ada", "y", None, "vision"),
    Rating("Bo", "x", 2, "vision"),
    Rating("Bo", "x", 5, "ethics"),
]


@given(st.permutations(CELLS))
def test_the_order_of_the_input_changes_nothing(cells: list[Rating]) -> None:
    one, other = Ratings.of(CELLS, FIVE), Ratings.of(cells, FIVE)
    assert one.values.tolist() == other.values.tolist() == [4, 0, 5, 2]
    assert one.candidate.labels == other.candidate.labels == ("Ada", "Bo")
    assert one.seen.tolist() == other.seen.tolist() == [True, False, True, True]


def test_what_was_not_observed_is_no_zero_and_falls_away_where_only_seen_cells_count() -> None:
    ratings = Ratings.of(CELLS, FIVE)
    assert np.array_equal(ratings.means(), [[4, np.nan], [3.5, np.nan]], equal_nan=True)
    assert ratings.observed.assessor.labels == ("x",)
    assert (ratings.counts["ratings"], ratings.counts["not_observed"]) == (3, 1)
    assert ratings.observed.counts["not_observed"] == 0


def test_arrays_say_the_same_as_records() -> None:
    ratings = Ratings.from_arrays(
        [4, None, 2, 5],
        FIVE,
        candidate=["Ada", "Ada", "Bo", "Bo"],
        assessor=["x", "y", "x", "x"],
        competency=["vision", "vision", "vision", "ethics"],
    )
    assert ratings.values.tolist() == Ratings.of(CELLS, FIVE).values.tolist()
    assert ratings.instrument.labels == ("only",)


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ([("Ada", "x", 6)], "row 1 has the value 6, which is off the scale of 1 to 5"),
        ([("Ada", "x", 4), ("Ada", "y", 0)], "row 2 has the value 0"),
        ([("Ada", "x", 2.5)], "row 1 has the value 2.5; give a whole number or NOT_OBSERVED"),
        ([("Ada", "x", True)], "give a whole number"),
        (
            [("Ada", "x", 4), ("Bo", "x", 4), ("Ada", "x", 4)],
            "row 3 rates the cell Ada, x, .* row 1",
        ),
        ([("Ada", "", 4)], "row 1 names no assessor"),
    ],
)
def test_what_cannot_be_measured_is_refused_by_its_row(cells: list[Rating], words: str) -> None:
    with pytest.raises(BadRatings, match=words):
        Ratings.of(cells, FIVE)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"candidate": ["a"]}, "every rating needs its assessor"),
        ({"candidate": ["a"], "assessor": ["x", "y"]}, "assessor has 2 entries and values 1"),
        ({"candidate": ["a"], "assessor": ["x"], "judge": ["y"]}, "there is no facet judge"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(arrays: dict[str, list[str]], words: str) -> None:
    with pytest.raises(BadRatings, match=words):
        Ratings.from_arrays([3], FIVE, **arrays)


def test_a_scale_needs_two_values() -> None:
    with pytest.raises(BadRatings, match="no two values"):
        Scale(3, 3)
    assert FIVE.values.tolist() == [1, 2, 3, 4, 5]


def test_labels_nobody_bears_any_more_fall_away() -> None:
    kept = Facet.of(["b", "a", "c"]).only(np.array([True, False, True]))
    assert kept.labels == ("b", "c")
    assert kept.codes.tolist() == [0, 1]


def test_cells_that_differ_in_their_assessor_only_are_one_unit() -> None:
    ratings = Ratings.of(CELLS, FIVE)
    assert ratings.units.tolist() == [0, 0, 1, 2]
    assert Ratings.of([], FIVE).units.tolist() == []
