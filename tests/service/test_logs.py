"""The log lines as they leave the process: one JSON object each, and nothing about people."""

import asyncio
import json
import logging
import sys
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
import structlog

from service import logs

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture
def lines() -> Lines:
    logs.set_up("info")
    (handler,) = logging.getLogger().handlers
    assert isinstance(handler, logging.StreamHandler)
    assert handler.stream is sys.stderr
    written = StringIO()
    handler.setStream(written)
    return lambda: [json.loads(line) for line in written.getvalue().splitlines()]


def test_a_line_says_what_where_and_when(lines: Lines) -> None:
    structlog.stdlib.get_logger("cadre.jobs").info("match run ended", number=3)
    (line,) = lines()
    assert line.pop("timestamp").endswith("Z")
    expected = {"event": "match run ended", "level": "info", "logger": "cadre.jobs", "number": 3}
    assert line == expected


def test_lines_of_libraries_look_alike(lines: Lines) -> None:
    logging.getLogger("some.library").warning("%s is slow", "disk")
    assert lines()[0].items() >= {"event": "disk is slow", "level": "warning"}.items()


@pytest.mark.parametrize(
    "key",
    ["token", "api_token", "password", "Authorization", "family_name", "given_names", "goals"],
)
def test_what_names_people_or_opens_doors_is_hidden(lines: Lines, key: str) -> None:
    structlog.stdlib.get_logger().info("change", **{key: "Amina"}, inner={key: ["Amina"]})
    line = lines()[0]
    assert (line[key], line["inner"]) == ("[hidden]", {key: "[hidden]"})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sent Bearer abc.def-1 twice", "sent Bearer [hidden] twice"),
        ("cadre_ysfAZL7SVN5mF3tX_xCvN is no token", "[hidden] is no token"),
        ("at postgresql://me:secret@host/db", "at postgresql://me:[hidden]@host/db"),
    ],
)
def test_secrets_inside_messages_are_hidden(lines: Lines, text: str, told: str) -> None:
    structlog.stdlib.get_logger().info(text, why=[text])
    assert (lines()[0].items()) >= {"event": told}.items()


def test_secrets_inside_tracebacks_are_hidden(lines: Lines) -> None:
    try:
        int("postgresql://me:sesame@host/db")
    except ValueError:
        structlog.stdlib.get_logger().exception("it broke")
    line = lines()[0]
    assert "ValueError" in line["exception"]
    assert "sesame" not in line["exception"]


def test_every_line_of_a_request_carries_its_id(lines: Lines) -> None:
    log = structlog.stdlib.get_logger()
    with logs.request("r-1"):
        log.info("inside")
        logging.getLogger("library").info("inside too")
    log.info("outside")
    assert [line.get("request_id") for line in lines()] == ["r-1", "r-1", None]


def test_statements_with_values_are_never_logged(lines: Lines) -> None:
    logs.set_up("debug")
    logging.getLogger("tortoise.db_client").debug("SELECT 'Amina'")
    assert lines() == []


def test_lines_below_the_level_are_left_out(lines: Lines) -> None:
    structlog.stdlib.get_logger().debug("detail")
    assert lines() == []


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="CADRE_LOG_LEVEL cannot be 'loud'"):
        logs.set_up("loud")


async def test_lines_of_requests_wait_for_each_other_and_for_nothing_else(
    lines: Lines,
) -> None:
    for number in range(3):
        logs.answered(request_id=str(number), status=200)
    assert lines() == []
    structlog.stdlib.get_logger().info("later")
    told = lines()
    assert [line["event"] for line in told] == ["request", "request", "request", "later"]
    assert [line.get("request_id") for line in told] == ["0", "1", "2", None]
    logs.answered(request_id="4", status=200)
    while len(lines()) < 5:  # noqa: ASYNC110 - the line comes by itself
        await asyncio.sleep(0.01)


def test_without_a_loop_a_request_s_line_is_written_at_once(lines: Lines) -> None:
    logs.answered(request_id="1", status=200)
    assert [line["request_id"] for line in lines()] == ["1"]
