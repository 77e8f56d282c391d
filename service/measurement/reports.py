"""Reports in a folder: a page to read, and the whole result as JSON for machines.

A report is written beside the last one and then moved into its place, so that one that fails
changes nothing. It refuses to overwrite what is no report.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from service.measurement import pages
from service.measurement.ladders import Ladder
from service.measurement.results import Result

INDEX: Final = "index.html"
RESULT: Final = "result.json"


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
    files = {RESULT: result.json(), INDEX: pages.page(result, json_name=RESULT)}
    try:
        _check(folder, files)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".report-", dir=folder) as stage:
            _fill(Path(stage), files)
            # The page comes last: whoever finds the new one finds all that it links to.
            for name in files:
                (Path(stage) / name).replace(folder / name)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise BadFolder(
            f"{folder} cannot be written to: {why}; name a folder that can, such as one of yours"
        ) from None
    return (folder / INDEX, *(folder / name for name in files if name != INDEX))


def _check(folder: Path, files: Mapping[str, bytes]) -> None:
    if folder.exists() and not folder.is_dir():
        raise BadFolder(f"{folder} is a file; name a folder, which is made where there is none")
    for name in files:
        if (folder / name).exists() and not _holds_report(folder):
            raise BadFolder(
                f"{folder} holds a {name} that is no report of Cadre; name another folder, or"
                " move it away"
            )


def _holds_report(folder: Path) -> bool:
    index = folder / INDEX
    return index.is_file() and pages.MARK.encode() in index.read_bytes()


def _fill(stage: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        with (stage / name).open("wb") as file:
            file.write(content)
            file.flush()
            # A machine that stops after the move must not leave an empty file.
            os.fsync(file.fileno())
