"""The console's ready operations, against the whole API: what is offered must be accepted."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema
from graphql.execution.values import get_variable_values

from schema import console_bundle, root
from schema.documents import DocumentRefused, Documents, Operation
from schema.inputs import decode_id
from schema.limits import Limits
from seeds.identities import named
from service.errors import Invalid

FILES = sorted((console_bundle.CONSOLE / "operations").glob("*.graphql"))
COPY = "Copy from: "

each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.stem))


@pytest.fixture(scope="module")
def whole() -> GraphQLSchema:
    """The whole schema of the API."""
    return root.create_schema()._schema


def prepared(file: Path, schema: GraphQLSchema) -> Operation:
    documents, text = Documents(schema, Limits()), file.read_text()
    document = documents.parse(text)
    try:
        documents.validate(document, suggest=True)
    except DocumentRefused as refused:
        pytest.fail("; ".join(error.message for error in refused.errors))
    return document.operation(None)


def variables_of(file: Path) -> Any:
    return json.loads(file.with_suffix(".variables.json").read_text())


def title_of(file: Path) -> str:
    return file.read_text().splitlines()[0].removeprefix("# ")


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts(item)


@each_file
def test_a_ready_operation_is_valid_within_the_limits_and_its_variables_fit(
    file: Path, whole: GraphQLSchema
) -> None:
    operation, variables = prepared(file, whole), variables_of(file)
    operation.admit(variables, Limits())
    wanted = operation.node.variable_definitions or ()
    coerced = get_variable_values(whole, wanted, variables)
    assert not isinstance(coerced, list), [error.message for error in coerced]
    assert set(variables) == {definition.variable.name.value for definition in wanted}


@each_file
def test_every_id_to_be_copied_comes_from_an_operation_that_is_there(file: Path) -> None:
    sources = [text.removeprefix(COPY) for text in texts(variables_of(file)) if COPY in text]
    explanation = file.read_text().splitlines()[1]
    assert set(sources) <= {title_of(other) for other in FILES if other != file}
    for source in sources:
        assert source in explanation
        with pytest.raises(Invalid, match="This is not an id that Cadre gave out"):
            decode_id(f"{COPY}{source}", None, path=("id",))


def test_the_mission_named_in_the_variables_is_the_one_that_is_planted() -> None:
    monusco = base64.b64encode(f"Mission:{named('mission', 'MONUSCO')}".encode()).decode()
    found = [v["input"]["missionId"] for v in map(variables_of, FILES) if "missionId" in str(v)]
    assert found == [monusco, monusco]


def test_titles_and_names_are_distinct_and_no_variables_lie_about() -> None:
    stems = {file.name.removesuffix(".variables.json") for file in FILES[0].parent.glob("*.json")}
    assert stems == {file.stem for file in FILES}
    assert len({title_of(file) for file in FILES}) == len(FILES) >= 27
