"""Reports in a folder: a page to read, its pictures, and the whole result as JSON for machines.

A report is written beside the last one and then moved into its place, so that one that fails
changes nothing. It refuses to overwrite what is no report.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from service.measurement import pages
from service.measurement.illustrations import illustrate
from service.measurement.ladders import Ladder
from service.measurement.pages import Figure
from service.measurement.pictures.themes import DARK, LIGHT
from service.measurement.results import Result

INDEX: Final = "index.html"
RESULT: Final = "result.json"
PICTURES: Final = "pictures"


class BadFolder(ValueError):  # noqa: N818 - it says what the folder is
    """A folder that no report can go to; the message names it and the remedy."""


def write(result: Result[Ladder], folder: Path) -> tuple[Path, ...]:
    """Writes a report; the folder is made where there is none, and a report in it replaced.

    Parameters
    ----------
    result : Result of Ladder
    folder : Path

    Returns
    -------
    tuple of Path
        The files, the page to begin with first.

    Raises
    ------
    BadFolder
        For a file, for a folder with other things under the names of a report, and where
        nothing can be written.
    """
    # All is worked out before anything is touched.
    files = _files(result)
    try:
        _check(folder)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".report-", dir=folder) as stage:
            _fill(Path(stage), files)
            # The page comes last: whoever finds the new one finds all that it links to.
            for name in (PICTURES, RESULT, INDEX):
                _move(Path(stage), folder, name)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise BadFolder(
            f"{folder} cannot be written to: {why}; name a folder that can, such as one of yours"
        ) from None
    return (folder / INDEX, *(folder / name for name in files if name != INDEX))


def _files(result: Result[Ladder]) -> dict[str, bytes]:
    """What a report consists of, by the place in its folder."""
    light, dark = illustrate(result, theme=LIGHT), illustrate(result, theme=DARK)
    figures, files = [], {RESULT: result.json()}
    for one, other in zip(light, dark, strict=True):
        at = f"{PICTURES}/{one.name}"
        figure = Figure(one, f"{at}.svg", f"{at}-dark.svg", f"{at}.csv")
        files |= {figure.light: one.picture.svg, figure.dark: other.picture.svg}
        # With a byte order mark, by which spreadsheets know that it is UTF-8.
        files[figure.csv] = one.picture.table.csv().encode("utf-8-sig")
        figures.append(figure)
    return files | {INDEX: pages.page(result, json_name=RESULT, figures=figures)}


def _check(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise BadFolder(f"{folder} is a file; name a folder, which is made where there is none")
    for name in (INDEX, RESULT, PICTURES):
        if (folder / name).exists() and not _holds_report(folder):
            raise BadFolder(
                f"{folder} holds {name}, which is no report of Cadre; name another folder, or"
                " move it away"
            )


def _holds_report(folder: Path) -> bool:
    index = folder / INDEX
    return index.is_file() and pages.MARK.encode() in index.read_bytes()


def _move(stage: Path, folder: Path, name: str) -> None:
    new, here = stage / name, folder / name
    if here.is_dir():
        # Nothing takes the place of a folder while it is there; the old one goes with the stage.
        here.rename(stage / f"last-{name}")
    if new.exists():
        new.replace(here)


def _fill(stage: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        (stage / name).parent.mkdir(exist_ok=True)
        with (stage / name).open("wb") as file:
            file.write(content)
            file.flush()
            # A machine that stops after the move must not leave an empty file.
            os.fsync(file.fileno())
