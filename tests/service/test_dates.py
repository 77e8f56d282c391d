"""Dates that are known to the month or the year only."""

from datetime import date

import pytest

from service.dates import first_day, last_day
from service.models.vocabulary import Precision


@pytest.mark.parametrize(
    ("on", "precision", "first", "last"),
    [
        (date(2020, 2, 1), Precision.MONTH, date(2020, 2, 1), date(2020, 2, 29)),
        (date(2020, 2, 17), Precision.MONTH, date(2020, 2, 1), date(2020, 2, 29)),
        (date(2020, 1, 1), Precision.YEAR, date(2020, 1, 1), date(2020, 12, 31)),
        (date(2020, 5, 17), Precision.YEAR, date(2020, 1, 1), date(2020, 12, 31)),
        (date(2020, 1, 1), Precision.DAY, date(2020, 1, 1), date(2020, 1, 1)),
    ],
)
def test_the_first_and_the_last_day_that_a_date_can_mean_are_known(
    on: date, precision: Precision, first: date, last: date
) -> None:
    assert (first_day(on, precision), last_day(on, precision)) == (first, last)
