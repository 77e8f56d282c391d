"""Axes, numbers, colours and tables: the parts that all pictures share."""

import csv
import io
import math
from xml.etree import ElementTree as ET

import pytest

from service.measurement.pictures.axes import Axis, number, percent, tick_words
from service.measurement.pictures.grids import diverging, sequential
from service.measurement.pictures.tables import Table
from service.measurement.pictures.themes import DARK, LIGHT, Theme, blend, contrast, ink_on
from service.measurement.results import Undefined

THEMES = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#ffffff", "#000000") == 21
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=5e-4)
    assert contrast("#ff0000", "#ffffff") == pytest.approx(3.998, abs=5e-4)


@THEMES
def test_all_that_writes_or_draws_contrasts_with_its_ground(theme: Theme) -> None:
    for colour in (theme.ink, theme.muted, theme.warning, *theme.colours):
        assert contrast(colour, theme.paper) >= 4.5
    for colour in (theme.ink, theme.muted, theme.warning):
        assert contrast(colour, theme.shade) >= 4.5
    assert len({theme.style(place) for place in range(35)}) == 35


@THEMES
def test_on_every_square_of_a_grid_its_number_is_legible(theme: Theme) -> None:
    for step in range(101):
        for ground in (sequential(theme, step / 100), diverging(theme, step / 50 - 1)):
            assert contrast(ink_on(ground), ground) >= 4.5


@THEMES
def test_a_ramp_is_one_way_in_grey(theme: Theme) -> None:
    steps = [contrast(sequential(theme, step / 20), theme.paper) for step in range(21)]
    assert steps == sorted(steps)
    assert diverging(theme, 0.0) == theme.spread[1]
    assert diverging(theme, -1.0) == theme.spread[0]
    assert diverging(theme, 9.0) == theme.spread[2]
    assert blend("#000000", "#ffffff", 0.5) == "#808080"


def test_an_axis_has_room_for_all_and_round_ticks() -> None:
    axis = Axis.over([-1.0, 3.0], 100, 400)
    assert 100 < axis.at(-1.0) < axis.at(3.0) < 400
    assert axis.ticks == (-1.0, 0.0, 1.0, 2.0, 3.0)
    assert Axis.over([], 0, 100).ticks == (0.0, 1.0)
    assert Axis.over([2.0, 2.0], 0, 100).at(2.0) == 50
    assert Axis(0.5, 4.5, 0, 360, whole=True).ticks == (1, 2, 3, 4)
    assert Axis(0.5, 40.5, 0, 360, whole=True).ticks == (1, 5, 10, 15, 20, 25, 30, 35, 40)


def test_ticks_have_as_many_digits_as_tell_them_apart() -> None:
    assert tick_words((-1.0, 0.0, 1.0)) == ["\u22121", "0", "1"]
    assert tick_words((0.0, 0.05, 0.1)) == ["0.00", "0.05", "0.10"]
    assert tick_words((0.0, 0.5), shares=True) == ["0 %", "50 %"]
    assert tick_words((7.0,)) == ["7"]


def test_numbers_are_read_with_a_true_minus_and_zero_without_one() -> None:
    assert number(-1.25) == "\u22121.25"
    assert number(-0.001) == "0.00"
    assert percent(-0.02, 1) == "\u22122.0 %"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_not_drawn(value: float) -> None:
    with pytest.raises(ValueError, match="is no number to draw"):
        number(value)
    with pytest.raises(ValueError, match="is no number to draw"):
        Axis.over([0.0, value], 0, 1)


def a_table() -> Table:
    return Table(
        "Levels & <ends>",
        ("name", "level", "n"),
        (("=SUM(A1)", -0.123456789, 3), ("محمد", Undefined("rated by nobody"), 0)),
    )


def test_a_table_is_told_to_screen_readers() -> None:
    table = ET.fromstring(a_table().html())
    caption = table.find("caption")
    assert caption is not None
    assert caption.text == "Levels & <ends>"
    assert [(each.text, each.get("scope")) for each in table.iter("th")] == [
        ("name", "col"),
        ("level", "col"),
        ("n", "col"),
        ("=SUM(A1)", "row"),
        ("محمد", "row"),
    ]
    assert [each.text for each in table.iter("td")] == [
        "\u22120.1235",
        "3",
        "not defined: rated by nobody",
        "0",
    ]


def test_a_spreadsheet_runs_nothing_of_a_table() -> None:
    rows = list(csv.reader(io.StringIO(a_table().csv())))
    assert rows[1] == ["'=SUM(A1)", "-0.123456789", "3"]


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="row 2 has 1 cells and the table 2 columns"):
        Table("", ("a", "b"), (("x", 1), ("y",)))
