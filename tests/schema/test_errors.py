"""What clients and logs are told when something goes wrong: codes and places, never contents."""

import logging
import socket
from typing import Any

import pytest
import structlog
from graphql import GraphQLError
from structlog.testing import capture_logs

from schema.errors import (
    UNEXPECTED,
    UNREACHABLE,
    present_execution_errors,
    present_unexpected,
    unreachable,
)
from service.errors import NotFound, Unavailable
from service.logs import set_up

SECRET = "relation person_note does not exist: Ms Amina K."


def located(original: Exception) -> GraphQLError:
    return GraphQLError(str(original), path=["post", "title"], original_error=original)


async def test_a_refusal_passes_with_its_words_code_path_and_details(edge: Any) -> None:
    """Trap 5: masking must not swallow what clients need to act on."""
    response = await edge.post("{ stale echo }")
    assert response.status_code == 200
    answer = response.json()
    del answer["extensions"]
    assert answer == {
        "data": {"stale": None, "echo": "None None"},
        "errors": [
            {
                "message": "Somebody changed this vacancy; read it again.",
                "locations": [{"line": 1, "column": 3}],
                "path": ["stale"],
                "extensions": {
                    "code": "VERSION_CONFLICT",
                    "path": ["input", "version"],
                    "details": {"version": 3},
                },
            }
        ],
    }


async def test_anything_else_is_masked_and_refers_to_the_log(edge: Any) -> None:
    response = await edge.post("{ post { broken title } }")
    answer = response.json()
    del answer["extensions"]
    assert answer == {
        "data": {"post": {"broken": None, "title": "Head"}},
        "errors": [
            {
                "message": "Something went wrong on our side.",
                "locations": [{"line": 1, "column": 10}],
                "path": ["post", "broken"],
                "extensions": {
                    "code": "INTERNAL",
                    "reference": response.headers["x-request-id"],
                },
            }
        ],
    }


async def test_a_fault_in_a_required_field_empties_the_data_and_stays_masked(edge: Any) -> None:
    response = await edge.post("{ required }")
    assert response.json()["data"] is None
    assert response.json()["errors"][0]["message"] == UNEXPECTED
    assert "Amina" not in response.text


async def test_a_result_that_the_schema_forbids_is_masked_with_its_value(edge: Any) -> None:
    response = await edge.post("{ big }")
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert "1099511627776" not in response.text


async def test_an_unreachable_database_is_unavailable_and_not_our_words(edge: Any) -> None:
    response = await edge.post("{ unreachable }")
    (error,) = response.json()["errors"]
    assert error["message"] == UNREACHABLE
    assert error["extensions"] == {
        "code": "UNAVAILABLE",
        "reference": response.headers["x-request-id"],
    }


async def test_one_log_line_names_type_place_and_request_without_the_message(edge: Any) -> None:
    with capture_logs() as logs:
        response = await edge.post("{ broken }")
    (entry,) = [line for line in logs if line["event"] == "unexpected_error"]
    assert entry["reference"] == response.headers["x-request-id"]
    assert entry["exceptions"] == ["builtins.ValueError"]
    assert entry["frames"][-1].endswith(" Query.broken")
    assert (entry["field"], entry["times"], entry["log_level"]) == ("broken", 1, "error")
    assert "Amina" not in repr(logs)


async def test_many_equal_faults_are_one_log_line(edge: Any) -> None:
    """Trap 6: a short query with many faults must not write thousands of lines."""
    with capture_logs() as logs:
        response = await edge.post(
            "{ posts(first: 2) { posts(first: 2) { posts(first: 2) { broken } } } }"
        )
    assert len(response.json()["errors"]) == 8
    (entry,) = [line for line in logs if line["event"] == "unexpected_error"]
    assert entry["times"] == 8


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ('{ hidden: broken echo(text: "Ms Amina K.") }', None),
        ('{ echo(text: "Ms Amina K.", number: "x") }', None),
        ('{ echo(text: "Ms Amina K." }', None),
        ('{ nowhere(name: "Ms Amina K.") }', None),
        ("query($hidden: Int) { echo(number: $hidden) }", {"hidden": "Ms Amina K."}),
        ("query($hidden: Rank!) { rank(rank: $hidden) }", {"hidden": "broken"}),
        ('{ hidden: required rank(rank: "Ms Amina K.") }', None),
        ('{ posts(first: 1000) { hidden: title } echo(text: "Ms Amina K.") }', None),
        ('mutation { hidden: rename(title: "Ms Amina K.") }', None),
    ],
)
async def test_no_log_repeats_query_text_literals_or_variables(
    edge: Any,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    text: str,
    variables: Any,
) -> None:
    """Trap 6: Strawberry's logger writes the source of every error."""
    root = logging.getLogger()
    before, level = root.handlers, root.level
    set_up("info")
    root.addHandler(caplog.handler)
    try:
        with caplog.at_level(logging.DEBUG), capture_logs() as logs:
            response = await edge.post(text, variables)
    finally:
        root.handlers, root.level = before, level
        structlog.reset_defaults()
    line = "".join(capfd.readouterr())
    assert response.headers["x-request-id"] in line
    assert [line for line in logs if line["reference"] != response.headers["x-request-id"]] == []
    ours = [record for record in caplog.records if not record.name.startswith(("http", "asyncio"))]
    told = repr(logs) + repr([r.getMessage() for r in ours]) + line
    for word in ("Amina", "hidden", "{ "):
        assert word not in told


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("query($rank: Rank!) { rank(rank: $rank) }", {"rank": "refused"}),
        ('{ rank(rank: "refused") }', None),
    ],
)
async def test_a_scalar_that_refuses_is_heard(edge: Any, text: str, variables: Any) -> None:
    (error,) = (await edge.post(text, variables)).json()["errors"]
    assert error["message"].endswith(
        "Expected value of type 'Rank'. Ranks above D-2 need another form."
    )


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("query($rank: Rank!) { rank(rank: $rank) }", {"rank": "broken"}),
        ('{ rank(rank: "broken") }', None),
    ],
)
async def test_a_scalar_that_breaks_keeps_its_words_to_itself(
    edge: Any, text: str, variables: Any
) -> None:
    response = await edge.post(text, variables)
    assert response.status_code == 400
    assert response.json()["errors"][0]["message"].endswith("Expected value of type 'Rank'.")
    assert "Amina" not in response.text


class DriverError(Exception):
    def __init__(self, message: str, sqlstate: str | None = None) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


InterfaceError = type("InterfaceError", (Exception,), {})
DBConnectionError = type("DBConnectionError", (Exception,), {})


def raised_from(outer: Exception, cause: Exception) -> Exception:
    outer.__cause__ = cause
    return outer


@pytest.mark.parametrize(
    "exception",
    [
        ConnectionRefusedError(),
        TimeoutError(),
        socket.gaierror(-2, "unknown"),
        DriverError("the connection was lost", "08006"),
        DriverError("shutting down", "57P01"),
        DriverError("statement timeout", "57014"),
        InterfaceError("connection is closed"),
        DBConnectionError("cannot connect"),
        raised_from(RuntimeError("query failed"), ConnectionResetError()),
    ],
    ids=repr,
)
def test_a_database_that_does_not_answer_is_recognised(exception: Exception) -> None:
    assert unreachable(exception)
    (error,) = present_execution_errors([located(exception)], "r", suggest=True)
    assert error["extensions"]["code"] == "UNAVAILABLE"


@pytest.mark.parametrize(
    "exception",
    [
        ValueError(SECRET),
        FileNotFoundError(SECRET),
        DriverError(SECRET, "23505"),
        DriverError(SECRET),
        InterfaceError("another operation is in progress"),
    ],
    ids=repr,
)
def test_other_faults_of_the_driver_are_ours(exception: Exception) -> None:
    assert not unreachable(exception)
    (error,) = present_execution_errors([located(exception)], "r", suggest=True)
    assert (error["message"], error["extensions"]) == (
        UNEXPECTED,
        {"code": "INTERNAL", "reference": "r"},
    )


def test_a_sqlstate_is_logged_and_the_statement_is_not() -> None:
    with capture_logs() as logs:
        present_unexpected(DriverError(SECRET, "42P01"), "r")
    assert [line["sqlstate"] for line in logs] == ["42P01"]
    assert "person_note" not in repr(logs)


def test_a_refusal_is_found_inside_a_task_group() -> None:
    group = ExceptionGroup("tasks", [NotFound("There is no such vacancy.")])
    (error,) = present_execution_errors([located(group)], "r", suggest=True)
    assert error["message"] == "There is no such vacancy."
    assert error["extensions"] == {"code": "NOT_FOUND"}


def test_a_service_that_says_it_is_unavailable_gets_a_reference() -> None:
    (error,) = present_execution_errors([located(Unavailable("Later."))], "r", suggest=True)
    assert error["extensions"] == {"code": "UNAVAILABLE", "reference": "r"}


def test_refusals_write_no_fault_into_the_log() -> None:
    with capture_logs() as logs:
        present_execution_errors([located(NotFound("There is none."))], "r", suggest=True)
    assert logs == []


def test_a_path_less_exception_of_the_library_is_masked() -> None:
    error = GraphQLError(SECRET, original_error=RuntimeError(SECRET))
    (answer,) = present_execution_errors([error], "r", suggest=True)
    assert answer == {
        "message": UNEXPECTED,
        "extensions": {"code": "INTERNAL", "reference": "r"},
    }


def test_the_kinds_of_faults_logged_for_one_request_are_bounded() -> None:
    kinds = [type(f"Fault{n}", (Exception,), {}) for n in range(50)]
    with capture_logs() as logs:
        present_execution_errors([located(kind()) for kind in kinds], "r", suggest=True)
    assert len(logs) == 5
