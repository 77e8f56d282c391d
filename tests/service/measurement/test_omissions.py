"""The order without each assessor: exact means, swaps in words, and nobody lost in silence."""

import pytest

from service.measurement.omissions import Swap, without_each_assessor
from service.measurement.ratings import Ratings, Scale
from service.measurement.results import Status

FIVE = Scale(1, 5)


def panel(**rows: str) -> Ratings:
    """Assessors A, B, C and so on give a candidate one digit each; a dot is not observed."""
    return Ratings.of(
        [
            (name, assessor, None if digit == "." else int(digit))
            for name, digits in rows.items()
            for assessor, digit in zip("ABCDEF", digits, strict=False)
        ],
        FIVE,
    )


def test_places_that_hang_on_one_assessor_are_named() -> None:
    result = without_each_assessor(panel(Ada="555", Bo="452", Cy="333"))
    found = result.found()
    assert found.order == ("Ada", "Bo", "Cy")
    assert found.means == {"Ada": 5.0, "Bo": 11 / 3, "Cy": 3.0}
    swaps = {one.assessor: one.swaps for one in found.without}
    assert swaps == {"A": (), "B": (), "C": ()}
    assert result.cautions == ("No order of two candidates hangs on a single assessor.",)

    result = without_each_assessor(panel(Ada="555", Bo="351", Cy="322"))
    assert result.found().without[1].swaps == (Swap("Bo", "Cy"),)
    assert result.found().without[1].order == ("Ada", "Cy", "Bo")
    assert result.cautions == ("Places 2 and 3 (Bo, Cy) swap if assessor B is left out.",)


def test_equal_means_are_equal_exactly_and_no_swap() -> None:
    result = without_each_assessor(panel(Ada="123", Bo="222"))
    assert result.found().order == ("Ada", "Bo")
    assert all(one.swaps == () for one in result.found().without)
    assert "Some candidates have the same mean; their order is that of their names." in (
        result.cautions
    )


def test_whom_nobody_else_rated_has_no_place_and_is_named() -> None:
    result = without_each_assessor(panel(Ada="5..", Bo="433", Cy="344"))
    first = result.found().without[0]
    assert first.unrated == ("Ada",)
    assert first.order == ("Cy", "Bo")
    assert any("Without assessor A nobody has rated Ada" in one for one in result.cautions)
    assert any("Not every assessor rated every candidate" in one for one in result.cautions)
    assert any(one.startswith("Not observed: 2 of ") for one in result.cautions)


@pytest.mark.parametrize(
    "rows", [{"Ada": "12"}, {"Ada": "1", "Bo": "2"}, {"Ada": "1.", "Bo": "2."}]
)
def test_too_few_to_leave_one_out(rows: dict[str, str]) -> None:
    refused = without_each_assessor(panel(**rows))
    assert refused.convergence.status is Status.REFUSED
    with pytest.raises(ValueError, match="needs two candidates and two assessors"):
        refused.found()


def test_a_voided_cell_equals_never_having_had_it() -> None:
    with_gap = without_each_assessor(panel(Ada="55", Bo="4.", Cy="33"))
    cells = [("Ada", "A", 5), ("Ada", "B", 5), ("Bo", "A", 4), ("Cy", "A", 3), ("Cy", "B", 3)]
    assert b'"not_observed": 1' in with_gap.json()
    assert with_gap.numbers == without_each_assessor(Ratings.of(cells, FIVE)).numbers
