"""The pictures of a ladder: those that its rung has, with the numbers that it found."""

import numpy as np

from service.measurement import bands, designs, ladders
from service.measurement.illustrations import MOST, Illustration, illustrate
from service.measurement.measures import Measures
from service.measurement.pictures.themes import DARK
from service.measurement.ratings import Rating, Ratings, Scale
from service.measurement.results import Result, Undefined
from tests.service.measurement.facet_worlds import creativity, panel
from tests.service.measurement.test_ladders import apart, model_of, small

FIVE = Scale(1, 5)


def shown(ratings: Ratings) -> dict[str, Illustration]:
    return {each.name: each for each in illustrate(ladders.climb(ratings))}


def cells(one: Illustration) -> dict[object, tuple[object, ...]]:
    return {row[0]: row[1:] for row in one.picture.table.rows}


def test_each_rung_has_its_pictures() -> None:
    assert list(shown(small())) == ["design"]
    assert list(shown(creativity())) == [
        "design",
        "rank-intervals",
        "rank-chances",
        "severities",
        "wright-map",
        "residuals",
        "decision-study",
    ]
    few = shown(panel(1, (12, 4, 2)).ratings)
    assert "residuals" not in few


def test_each_subset_has_pictures_of_its_own() -> None:
    found = shown(apart())
    assert [name for name in found if "design" in name] == [
        "design",
        "subset-1-design",
        "subset-2-design",
    ]
    assert found["subset-1-wright-map"].title == "Subset 1: All on one axis"
    assert "subset-2-wright-map" not in found
    assert "rank-chances" not in found


def test_the_numbers_are_those_of_the_result() -> None:
    found, model = shown(creativity()), model_of(ladders.climb(creativity()))
    strictness = cells(found["severities"])
    assert list(strictness) == ["Brahe", "Avogadro", "Cavendish"]
    for row in model.calibration.found().facets["assessor"]:
        assert strictness[row.label][0] == row.measure.value
    assert isinstance(model.order, Result)
    order = model.order.found()
    places = cells(found["rank-intervals"])
    chances = cells(found["rank-chances"])
    for one, shares in zip(order.places, order.shares.tolist(), strict=True):
        assert places[one.label][:3] == (one.place, one.likely.best, one.likely.worst)
        assert chances[one.label] == tuple(shares)
    # Example A3 (b): the band from the top, and who follows.
    assert {label: row[3] for label, row in places.items()} == {
        **dict.fromkeys(("Betty", "Edward", "George"), 1),
        **dict.fromkeys(("Anne", "Chris", "David", "Fred"), 2),
    }
    # Example A3 (c): the largest misfit of a judge with a junior.
    residuals = cells(found["residuals"])
    assert min(min(map(float, row)) for row in residuals.values()) == residuals["Edward"][1]  # type: ignore[arg-type] # all are numbers


def test_the_second_band_is_that_of_those_who_are_left() -> None:
    ratings = panel(6, (12, 4, 3), spreads=(1.5, 0.5, 0.4)).ratings
    measures = ladders.measures_of(model_of(ladders.climb(ratings)).calibration.found())
    assert not isinstance(measures, Undefined)
    first = set(bands.band(measures).found().members)
    numbers = {label: row[3] for label, row in cells(shown(ratings)["rank-intervals"]).items()}
    assert {label for label, number in numbers.items() if number == 1} == first
    left = [at for at, label in enumerate(measures.labels) if label not in first]
    rest = Measures.of(
        [measures.labels[at] for at in left],
        measures.values[left],
        measures.covariance[np.ix_(left, left)],
    )
    second = set(bands.band(rest).found().members)
    assert {label for label, number in numbers.items() if number == 2} == second


def test_a_link_by_one_assessor_alone_is_drawn_as_weak() -> None:
    halves = [
        Rating(f"c{who}", by, 1 + (who + len(by)) % 5)
        for who, assessors in enumerate(["ab", "ab", "abx", "xy", "xy"])
        for by in assessors
    ]
    ratings = Ratings.of(halves, FIVE)
    (link,) = designs.examine(ratings, ("assessor",)).found().weak_links[:1]
    assert link.label == "c2"
    rows = shown(ratings)["design"].picture.table.rows
    assert {row[:2] for row in rows if row[-1] == "yes"} == {("c2", "x")}


def test_what_each_instrument_showed_of_each_competency_is_a_grid_of_means() -> None:
    given = [
        Rating(who, by, value, what, how)
        for who, value in (("Ada", 2), ("Bo", 5))
        for by in "xy"
        for what, how in (("vision", "talk"), ("vision", "paper"), ("ethics", "talk"))
    ]
    given.append(Rating("Ada", "z", 5, "ethics", "talk"))
    grid = shown(Ratings.of(given, FIVE))["instruments"]
    assert grid.picture.table.columns[1:] == ("paper", "talk")
    assert cells(grid)["vision"] == (3.5, 3.5)
    assert cells(grid)["ethics"][1] == 19 / 5
    assert isinstance(cells(grid)["ethics"][0], str)


def test_more_candidates_than_can_be_read_are_left_to_the_tables() -> None:
    many = [Rating(f"c{who:03}", by, 1 + who % 5) for who in range(MOST + 1) for by in "ab"]
    assert shown(Ratings.of(many, FIVE)) == {}


def test_dark_pictures_have_the_same_names() -> None:
    result = ladders.climb(creativity())
    light, dark = illustrate(result), illustrate(result, theme=DARK)
    assert [each.name for each in light] == [each.name for each in dark]
    assert all(one.picture.svg != other.picture.svg for one, other in zip(light, dark, strict=True))
