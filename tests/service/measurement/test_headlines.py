"""What a ladder found in words: each rung says what it has, and nothing that it has not."""

import pytest

from service.measurement import headlines, ladders
from service.measurement.headlines import Section, sections
from service.measurement.ratings import Rating, Ratings, Scale
from service.measurement.results import Estimate, Interval, Undefined
from tests.service.measurement.facet_worlds import creativity, panel
from tests.service.measurement.test_ladders import apart, small

FIVE = Scale(1, 5)


def read(ratings: Ratings) -> dict[str, Section]:
    found = sections(ladders.climb(ratings))
    assert len({each.title for each in found}) == len(found)
    for each in found:
        assert all(len(row) == len(each.columns) for row in each.rows)
        assert all(line.endswith((".", "!")) for line in each.says), each.says
    return {each.title: each for each in found}


def test_a_small_panel_is_told_what_is_left_out_and_why() -> None:
    found = read(small())
    assert list(found) == [
        "Panel",
        "Candidates by raw mean",
        "Agreement on each candidate",
        "What one assessor decides, by raw means",
    ]
    size, pairs, why, left_out = found["Panel"].says
    assert size == (
        "4 candidates, 3 assessors: 11 ratings on the scale 1 to 5; cells not observed: 1."
    )
    assert pairs == "Assessors gave values to candidates in 11 of 12 pairs."
    assert why == (
        "The panel is described without a model, because a model needs 5 candidates: there are 4"
        " candidates and 3 assessors."
    )
    assert left_out.startswith("Fair averages, chances of places and coefficients")
    assert found["Candidates by raw mean"].rows[2] == ("3", "Cy", "2", "3.00", "2 to 4")
    assert found["What one assessor decides, by raw means"].says[1] == (
        "Without y these swap: places 3 and 4 (Cy, Di)."
    )


def test_a_modelled_panel_is_told_its_order_strictness_and_reliability() -> None:
    found = read(creativity())
    candidates = found["Candidates by raw mean, with fair averages"]
    assert candidates.rows[0][:5] == ("1", "Betty", "15", "6.27", "2 to 9")
    assert candidates.says[0].startswith("Method: many-facet Rasch model, rating-scale form")
    assert candidates.says[1].startswith("Assumed: candidates normal with mean 0")
    assert "Betty, Edward, George" in candidates.says[2]
    assert (
        found["Assessors: the higher the severity, the stricter"]
        .says[0]
        .startswith("33 of 105 pairs of assessors gave the same value; the model expects")
    )
    reliability = found["Reliability of the whole panel"]
    assert reliability.says[0].startswith("ICC(2,k) is 0.50 (95 % interval ")
    assert reliability.says[2].startswith("Krippendorff's alpha, ordinal, is 0.28 (95 % ")
    assert "The interval includes zero: agreement is not shown." in reliability.cautions
    needed = found["How many assessors"]
    assert needed.says == ("For a Phi of 0.80 it takes 14 assessors.",)
    assert [row[0] for row in needed.rows] == [f"{each}" for each in range(1, 11)]


def test_a_target_out_of_reach_is_said() -> None:
    cells = [Rating(f"c{who}", f"a{by}", 1 + (who + by) % 5) for who in range(5) for by in range(5)]
    (says,) = read(Ratings.of(cells, FIVE))["How many assessors"].says
    assert says.startswith("None up to 20 reaches 0.8:")


def test_every_subset_is_told_by_itself_and_no_table_puts_all_in_one_order() -> None:
    found = read(apart())
    assert found["Candidates"].rows == ()
    assert "Nobody can be compared across subsets." in found["Panel"].cautions[0]
    assert "Subset 1: Candidates by raw mean, with fair averages" in found
    assert "Subset 2: Candidates by raw mean" in found
    assert not any(title.startswith("Reliability") for title in found)


def test_equal_means_share_a_place_and_who_was_not_observed_has_none() -> None:
    cells = [Rating(who, by, 3) for who in ("Ada", "Bo") for by in "xy"]
    cells += [Rating("Cy", "x", 2), Rating("Cy", "y", 2), Rating("Di", "x", None)]
    rows = read(Ratings.of(cells, FIVE))["Candidates by raw mean"].rows
    assert [row[0] for row in rows] == ["1", "1", "3", "\u2013"]
    assert rows[3] == ("\u2013", "Di", "0", "\u2013", "\u2013")


def test_one_candidate_of_one_assessor_is_told_without_an_order() -> None:
    found = read(Ratings.of([Rating("Ada", "x", 3)], FIVE))
    assert found["Panel"].says[0].startswith("One candidate and one assessor: 1 ratings")
    (says,) = found["What one assessor decides, by raw means"].says
    assert says == (
        "This is not defined (leaving one out needs two candidates and two assessors with ratings)."
    )


def test_a_candidate_moved_by_more_than_half_a_point_has_a_star() -> None:
    result = ladders.climb(panel(2, (12, 4, 1), seen_by=2, spreads=(0.5, 2.0, 0.4)).ratings)
    listed = [one.candidate for one in result.found().standings if one.is_listed]
    assert listed
    rows = sections(result)[1].rows
    assert [row[1] for row in rows if row[7].endswith(" *")] == listed


@pytest.mark.parametrize(
    ("estimate", "words"),
    [
        (Estimate(0.5, interval=Interval(-0.004, 0.75)), "0.50 (95 % interval 0.00 to 0.75)"),
        (
            Estimate(-0.25, interval=Interval(-1.0, 0.5, 0.9)),
            "\u22120.25 (90 % interval \u22121.00 to 0.50)",
        ),
        (Estimate(0.5, interval=Undefined("Too few.")), "0.50 (no interval: Too few)"),
        (Estimate(Undefined("All are equal.")), "not defined (All are equal)"),
        (Estimate(1.0), "1.00"),
    ],
)
def test_an_estimate_is_read_with_its_interval_or_the_reason(
    estimate: Estimate, words: str
) -> None:
    assert headlines.told_estimate(estimate) == words


def test_columns_are_even_also_with_wide_and_combining_letters() -> None:
    rows = (("李偉", "1"), ("Ame\u0301lie", "22"), ("غادة", "3"))
    lines = list(Section("T", ("S.",), ("who", "n"), rows, ("Mind.",)).lines())
    assert lines == [
        "T",
        "  S.",
        "  who     n",
        "  李偉    1",
        "  Ame\u0301lie  22",
        "  غادة    3",
        "  ! Mind.",
    ]
