"""A report as one page of HTML: what was found in words, tables, cautions and pictures.

It runs nothing, loads nothing from elsewhere and prints as it reads. It refuses to let a name
become markup.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from service.measurement import headlines
from service.measurement.headlines import Section
from service.measurement.illustrations import Illustration
from service.measurement.ladders import Ladder
from service.measurement.results import Result

MARK: Final = '<meta name="generator" content="Cadre measurement">'
"""Stands in every such page, by which a report is known again."""
_NAMES: Final = ("candidate", "assessor", "assessors")
_STYLE: Final = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem; text-align: start; white-space: nowrap; }
th, td { border-bottom: 1px solid #8888; }
thead th { border-bottom-width: 2px; }
figure { margin: 1.5rem 0; } figure img { max-width: 100%; height: auto; }
caption { text-align: start; font-weight: 600; }
.cautions { border-inline-start: 4px double; padding-inline-start: 2rem; }
.cautions::before { content: "Read before relying on this"; font-weight: 600; }
@media print {
  body { max-width: none; margin: 0; font-size: 11px; }
  .wide { overflow: visible; }
  tr, figure { break-inside: avoid-page; }
}
"""


@dataclass(frozen=True)
class Figure:
    """A picture and where its files lie beside the page, for light and dark paper."""

    shown: Illustration
    light: str
    dark: str
    csv: str


def page(result: Result[Ladder], *, json_name: str, figures: Sequence[Figure] = ()) -> bytes:
    """The page, in UTF-8; the same result is always the same bytes.

    Parameters
    ----------
    result : Result of Ladder
    json_name : str
        The file beside it that has the whole result, to link to.
    figures : sequence of Figure
    """
    body = "".join(map(_section, headlines.sections(result)))
    body += "".join(map(_figure, figures))
    file = escape(json_name)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"{MARK}\n<title>What the ratings are worth</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<h1>What the ratings are worth</h1>\n<main>\n{body}</main>\n<footer>\n"
        f'<p>Every number, with its method and what it rests on: <a href="{file}">{file}</a>.'
        f" The same ratings and the same seed, {result.seed}, give the same bytes.</p>\n"
        "</footer>\n</body>\n</html>\n"
    ).encode()


def _section(section: Section) -> str:
    return (
        f"<section>\n<h2>{escape(section.title)}</h2>\n"
        + "".join(f"<p>{escape(each)}</p>\n" for each in section.says)
        + "".join(_table(section))
        + "".join(_cautions(section.cautions))
        + "</section>\n"
    )


def _table(section: Section) -> Iterator[str]:
    if not section.rows:
        return
    name = next((at for at, each in enumerate(section.columns) if each in _NAMES), 0)
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in section.columns)
    title = escape(section.title)
    # A table wider than the screen is scrolled by itself, also with the keyboard.
    yield f'<div class="wide" role="region" aria-label="{title}" tabindex="0">\n'
    yield f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n"
    for row in section.rows:
        yield f"<tr>{''.join(_cell(each, at == name) for at, each in enumerate(row))}</tr>\n"
    yield "</tbody>\n</table>\n</div>\n"


def _figure(figure: Figure) -> str:
    picture = figure.shown.picture
    return (
        f"<section>\n<h2>{escape(figure.shown.title)}</h2>\n<figure>\n<picture>"
        f'<source media="(prefers-color-scheme: dark)" srcset="{escape(figure.dark)}">'
        f'<img src="{escape(figure.light)}" alt="{escape(picture.description)}"></picture>\n'
        "</figure>\n"
        f'<details>\n<summary>The numbers of this picture</summary>\n<div class="wide">\n'
        f'{picture.table.html()}</div>\n<p><a href="{escape(figure.csv)}">The same as CSV</a></p>\n'
        "</details>\n</section>\n"
    )


def _cell(text: str, is_name: bool) -> str:  # noqa: FBT001 - which of two elements it is
    if is_name:
        return f'<th scope="row" dir="auto">{escape(text)}</th>'
    return f"<td>{escape(text)}</td>"


def _cautions(cautions: Iterable[str]) -> Iterator[str]:
    lines = [f"<li>{escape(each)}</li>\n" for each in cautions]
    if lines:
        yield f'<ul class="cautions">\n{"".join(lines)}</ul>\n'
