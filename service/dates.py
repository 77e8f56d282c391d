"""Dates known only to the month or the year, and the days that they may mean.

It refuses to settle on one: callers ask for the first such day or for the last.
"""

import calendar
from datetime import date

from service.models.vocabulary import Precision


def first_day(on: date, precision: Precision) -> date:
    """The earliest day that a date of this precision can mean."""
    match precision:
        case Precision.DAY:
            return on
        case Precision.MONTH:
            return on.replace(day=1)
        case Precision.YEAR:
            return on.replace(month=1, day=1)


def last_day(on: date, precision: Precision) -> date:
    """The latest day that a date of this precision can mean."""
    match precision:
        case Precision.DAY:
            return on
        case Precision.MONTH:
            return on.replace(day=calendar.monthrange(on.year, on.month)[1])
        case Precision.YEAR:
            return on.replace(month=12, day=31)
