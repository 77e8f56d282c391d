"""The house rules that no other tool holds: words where readers need them, access, and sizes."""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import graphql

import cadre
import matching
import schema
from schema.root import assembled, create_schema
from service import models
from service.access.roles import DUTIES
from service.access.rules import Rules
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
        for path in (ROOT / "cadre.py", *files(*ROOMS, "tests"))
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


def test_half_of_the_functions_have_ten_lines_or_fewer() -> None:
    found = [node for path in (ROOT / "cadre.py", *files(*ROOMS)) for _, node in functions(path)]
    assert statistics.median(_lines(node) for node in found) <= 10


def test_the_rooms_are_the_ones_of_this_checkout() -> None:
    for room in (schema, matching):
        assert Path(room.__file__ or "").parent.parent == ROOT


def test_the_committed_schema_is_what_the_code_makes() -> None:
    committed = cadre.SDL.read_text(encoding="utf-8")
    assert committed == create_schema().as_str() + "\n", "run ./dev sdl and commit the file"


def described() -> Iterator[tuple[str, Any]]:
    """Everything of the schema that a reader may ask about, by its coordinate."""
    for name, kind in create_schema()._schema.type_map.items():
        if name.startswith("__") or graphql.is_specified_scalar_type(kind):
            continue
        yield name, kind
        if isinstance(kind, graphql.GraphQLEnumType):
            yield from ((f"{name}.{word}", value) for word, value in kind.values.items())
        for field_name, field in getattr(kind, "fields", {}).items():
            yield f"{name}.{field_name}", field
            arguments = getattr(field, "args", {}).items()
            yield from ((f"{name}.{field_name}({key}:)", value) for key, value in arguments)


def test_every_type_field_argument_and_word_of_the_schema_says_what_it_means() -> None:
    found = dict(described())
    assert len(found) > 1000
    assert [name for name, thing in found.items() if not (thing.description or "").strip()] == []


def test_every_table_declares_in_its_own_class_who_may_read_it() -> None:
    tables = [
        model
        for model in vars(models).values()
        if isinstance(model, type) and issubclass(model, models.Row) and model is not models.Row
    ]
    assert len(tables) > 25
    for model in tables:
        rules = vars(model).get("access")
        assert isinstance(rules, Rules), model.__name__
        fields = set(model._meta.fields_map) | set(model.derived)
        guarded = set().union(*rules.guarded.values())
        assert guarded <= fields, f"{model.__name__} guards {guarded - fields}"


def test_every_permission_that_tables_and_mutations_ask_for_is_one_that_some_role_holds() -> None:
    held = {
        (permission.split(".")[0], permission.split(".")[2])
        for duty in DUTIES.values()
        for permission in duty.permissions
    }
    for name, verb in assembled().verbs.items():
        asked, _, noun = verb.operation.permission.partition(".")
        assert (asked, noun) in held, name
        assert f"Needs the permission {asked}.{noun}." in described_verb(name)
    for model in assembled().nodes:
        for verb_name in model.access.guarded:
            assert (verb_name, model.access.noun) in held, model.__name__


def described_verb(name: str) -> str:
    mutation = create_schema()._schema.mutation_type
    assert mutation is not None
    return mutation.fields[name].description or ""


def test_the_readme_lists_every_setting_with_its_default_and_no_other() -> None:
    rows = {}
    for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `CADRE_") and len(cells) == 3:
            rows[cells[0].strip("`")] = cells[1].strip("`")
    wanted = {
        f"CADRE_{name.upper()}": "none" if field.default is None else str(field.default)
        for name, field in Settings.model_fields.items()
    }
    assert rows == wanted


def _lines(node: Function) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1
