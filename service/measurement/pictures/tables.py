"""The numbers of a picture as a table, for who cannot see the picture or wants to reckon.

It refuses to leave a cell empty: what is not defined stands there with its reason.
"""

import csv
import html
import io
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from service.measurement.pictures.lettering import clean
from service.measurement.results import Undefined

Cell = str | int | float | Fraction | Undefined

# What spreadsheets would run as a formula.
_FORMULA: Final = ("=", "+", "-", "@")


@dataclass(frozen=True)
class Table:
    """Rows of cells under named columns; the first cell of a row is its name.

    Parameters
    ----------
    caption : str
    columns : tuple of str
    rows : tuple of tuple
        Each as long as `columns`.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        for place, row in enumerate(self.rows, start=1):
            if len(row) != len(self.columns):
                raise ValueError(
                    f"row {place} has {len(row)} cells and the table {len(self.columns)} columns"
                )

    def html(self) -> str:
        """The table for screen readers: a caption, and headings for columns and rows.

        Numbers are rounded to four digits; `csv` has them whole.
        """
        heads = "".join(f'<th scope="col">{_escaped(each)}</th>' for each in self.columns)
        rows = "\n".join(_row(row) for row in self.rows)
        return (
            f"<table>\n<caption>{_escaped(self.caption)}</caption>\n"
            f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>\n"
        )

    def csv(self) -> str:
        """The table as CSV (RFC 4180), with every digit.

        Text that a spreadsheet would take for a formula gets an apostrophe before it.
        """
        lines = io.StringIO()
        writer = csv.writer(lines)
        writer.writerow([_unarmed(each) for each in self.columns])
        writer.writerows([[_written(cell) for cell in row] for row in self.rows])
        return lines.getvalue()


def _row(row: tuple[Cell, ...]) -> str:
    first, *rest = (_escaped(_read(cell)) for cell in row)
    cells = "".join(f'<td dir="auto">{cell}</td>' for cell in rest)
    return f'<tr><th scope="row" dir="auto">{first}</th>{cells}</tr>'


def _read(cell: Cell) -> str:
    if isinstance(cell, Undefined):
        return f"not defined: {cell.reason}"
    if isinstance(cell, float):
        return f"{cell:.4g}".replace("-", "\u2212")
    return str(cell)


def _written(cell: Cell) -> str:
    if isinstance(cell, str):
        return _unarmed(cell)
    return repr(cell) if isinstance(cell, float) else _read(cell)


def _unarmed(text: str) -> str:
    line = clean(text)
    return f"'{line}" if line.startswith(_FORMULA) else line


def _escaped(text: str) -> str:
    return html.escape(clean(text))
