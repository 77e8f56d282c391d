"""The house rules that no other tool holds: words where readers need them, and sizes."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.settings import Settings

ROOT = Path(__file__).parent.parent
ROOMS = ("matching", "schema", "seeds", "service")
LONGEST_FILE = 500
LONGEST_FUNCTION = 60
MOST_POSITIONAL = 4
DEEPEST = 3

Function = ast.FunctionDef | ast.AsyncFunctionDef
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)


def files(*rooms: str) -> list[Path]:
    """The hand-written modules of these rooms."""
    return [
        path
        for room in rooms
        for path in sorted((ROOT / room).rglob("*.py"))
        if not {"migrations", "node_modules"} & set(path.parts)
    ]


def public(body: list[ast.stmt]) -> Iterator[Function]:
    """The functions that readers elsewhere call: of the module and of its public classes."""
    for node in body:
        if not isinstance(node, Function | ast.ClassDef) or node.name.startswith("_"):
            continue
        if isinstance(node, ast.ClassDef):
            yield from public(node.body)
        else:
            yield node


def functions(path: Path) -> Iterator[tuple[str, Function]]:
    """Every function of the module with the name to find it by."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, Function):
            yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", node


def depth(node: ast.AST) -> int:
    """How many blocks stand in one another below the node; `elif` opens none of its own."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, _SCOPES):
            chained = isinstance(node, ast.If) and node.orelse == [child]
            opens = isinstance(child, _BLOCKS) and not (chained and isinstance(child, ast.If))
            deepest = max(deepest, opens + depth(child))
    return deepest


def positional(function: Function) -> int:
    arguments = [*function.args.posonlyargs, *function.args.args]
    return len([argument for argument in arguments if argument.arg not in {"self", "cls"}])


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "cadre.py", *files(*ROOMS, "tests"))
        if not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_every_public_function_of_the_rules_and_the_matcher_says_what_it_answers() -> None:
    silent = [
        f"{path.relative_to(ROOT)}: {function.name}"
        for path in files("matching", "service")
        for function in public(ast.parse(path.read_text()).body)
        if not ast.get_docstring(function)
    ]
    assert silent == []


def test_files_stay_short_enough_to_read_in_one_go() -> None:
    long = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "cadre.py", *files(*ROOMS))
        if len(path.read_text().splitlines()) > LONGEST_FILE
    ]
    assert long == []


def test_functions_stay_short_and_flat() -> None:
    found = [each for path in (ROOT / "cadre.py", *files(*ROOMS)) for each in functions(path)]
    assert [name for name, node in found if depth(node) > DEEPEST] == []
    assert [name for name, node in found if _lines(node) > LONGEST_FUNCTION] == []


def test_public_functions_take_few_things_by_place() -> None:
    greedy = [
        f"{path.relative_to(ROOT)}: {function.name}"
        for path in files(*ROOMS)
        for function in public(ast.parse(path.read_text()).body)
        if positional(function) > MOST_POSITIONAL
    ]
    assert greedy == []


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_stands_in_the_readme(name: str) -> None:
    assert f"| `CADRE_{name.upper()}` |" in (ROOT / "README.md").read_text()


def _lines(node: Function) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1
