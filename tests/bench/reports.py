"""The benchmark's report: a table of ratios, the issue's targets met or missed, and JSON."""

import platform
import sysconfig
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from tests.bench import measures
from tests.bench.measures import Cell, Results
from tests.bench.questions import QUESTIONS
from tests.bench.targets import ANCHOR, CADRE, FLOOR

STORED = Path(__file__).parent.parent.parent / ".cadre" / "bench" / "reads.json"
_PACKAGES = [
    "strawberry-graphql",
    "graphql-core",
    "starlette",
    "tortoise-orm",
    "asyncpg",
    "uvicorn",
    "uvloop",
    "httptools",
    "orjson",
]


def show(console: Console, results: Results, *, seconds: float) -> None:
    """Prints everything there is."""
    for question in QUESTIONS:
        console.print(_table(results, question.name, question.title))
    console.print(f"{seconds / 60:.1f} minutes; {_versions_line()}")


def _table(results: Results, question: str, title: str) -> Table:
    names = results.targets(question)
    base = next(name for name in (FLOOR, ANCHOR, CADRE) if name in names)
    table = Table(
        "target",
        title=f"{question}: {title} ({base} = 1)",
        title_justify="left",
        title_style="bold",
    )
    for metric in measures.METRICS:
        table.add_column(f"{metric}\n1 / 32 conn.", justify="right")
    for name in names:
        cells = [
            _pair(results, Cell(question, 1, name), base, metric) for metric in measures.METRICS
        ]
        table.add_row(name, *cells)
    return table


def _pair(results: Results, cell: Cell, base: str, metric: str) -> str:
    both = (results.ratio(replace(cell, connections=n), base, metric) for n in (1, 32))
    return " / ".join("-" if ratio is None else f"{ratio:.2f}" for ratio in both)


def store(results: Results, *, is_quick: bool) -> None:
    """Writes every ratio to the floor and to the anchor, with the versions behind them."""
    ratios: list[dict[str, Any]] = []
    for cell in results.measured:
        for base in (FLOOR, ANCHOR, CADRE):
            found = {m: results.ratio(cell, base, m) for m in measures.METRICS}
            if found[measures.WORKER] is not None:
                ratios.append({**vars(cell), "base": base, "ratios": found})
    STORED.parent.mkdir(parents=True, exist_ok=True)
    whole = {"isQuick": is_quick, "versions": versions(), "ratios": ratios}
    STORED.write_bytes(orjson.dumps(whole, option=orjson.OPT_INDENT_2))


def versions() -> dict[str, str]:
    """What ran, and how the interpreter was built."""
    return {
        "Python": platform.python_version(),
        "build": str(sysconfig.get_config_var("CONFIG_ARGS") or ""),
        **{package: version(package) for package in _PACKAGES},
    }


def _versions_line() -> str:
    return ", ".join(f"{name} {it}" for name, it in versions().items() if name != "build")
