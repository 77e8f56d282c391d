"""Ratings from a file, measured, told in lines and written as a report.

It refuses to know any statistics: these are the library's, whose refusals it passes on.
"""

from collections.abc import Iterator
from pathlib import Path

from service.errors import Invalid
from service.measurement import headlines, ladders, reports, sheets
from service.measurement.ladders import Ladder
from service.measurement.ratings import BadRatings
from service.measurement.reports import BadFolder
from service.measurement.results import Result


def measure(sheet: Path, *, scale: str | None, folder: Path | None, seed: int) -> tuple[str, ...]:
    """What the ratings of a sheet are worth, in lines, after the report is written.

    Parameters
    ----------
    sheet : Path
        A CSV file as `sheets.parse` reads it.
    scale : str, optional
        Its two ends, such as 1-5; needed unless the sheet says them.
    folder : Path, optional
        Where a report goes.
    seed : int
        Of all draws.

    Raises
    ------
    Invalid
        Where the ratings cannot be measured or the report cannot be written, with the remedy.
    """
    try:
        given = None if scale is None else sheets.scale_of(scale)
        result = ladders.climb(sheets.read(sheet, given), seed=seed)
        written = reports.write(result, folder) if folder else ()
    except BadRatings as error:
        raise Invalid(f"{sheet}: {error}.") from None
    except BadFolder as error:
        raise Invalid(f"{error}.") from None
    return (*_lines(result), *(f"Report: {file}" for file in written[:1]))


def _lines(result: Result[Ladder]) -> Iterator[str]:
    for section in headlines.sections(result):
        yield from section.lines()
        yield ""
