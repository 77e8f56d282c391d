"""Server-sent events by the protocol graphql-sse, distinct connections, through the real server."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
from tortoise import connections

from tests import factories
from tests.schema.live import CHANGED, House
from tests.schema.served import Served

MANAGER = "mentoring_manager"
VIEWER = "{ viewer { label } }"
EVENTS = {"Accept": "text/event-stream"}


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_each_change_is_an_event(house: House, served: Served, method: str) -> None:
    token = await served.token(MANAGER)
    async with house.stream(CHANGED, token, method=method) as stream:
        assert stream.response.status_code == 200
        headers = stream.response.headers
        assert headers["content-type"] == "text/event-stream; charset=utf-8"
        assert headers["cache-control"] == "no-store"
        UUID(headers["x-request-id"])
        await house.followed()
        for _ in range(2):
            run = await factories.make_run()
            changed = {"matchRunChanged": {"number": run.number}}
            assert await stream.result() == {"data": changed}
    await house.left()


async def test_a_single_result_is_followed_by_the_end(house: House, served: Served) -> None:
    async with house.stream(VIEWER, await served.token("hr")) as stream:
        assert await stream.result() == {"data": {"viewer": {"label": "hr"}}}
        await stream.end()
    await house.left()


async def test_post_streams_mutations_and_get_does_not(house: House, served: Served) -> None:
    token = await served.token(MANAGER)
    query = "mutation { startMatchRun(input: {validateOnly: true}) { errors { code } } }"
    async with house.stream(query, token) as stream:
        assert await stream.result() == {"data": {"startMatchRun": {"errors": []}}}
        await stream.end()
    async with house.stream(query, token, method="GET") as stream:
        (error,) = (await stream.result())["errors"]
        assert error["message"] == "Send mutations as POST; GET is for queries."
        await stream.end()


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ nowhere }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ people(first: 101) { totalCount } }", "LIMIT_EXCEEDED"),
        (CHANGED, "NOT_SIGNED_IN"),
    ],
)
async def test_what_cannot_run_is_told_as_an_event(
    house: House, served: Served, query: str, code: str
) -> None:
    async with house.stream(query) as stream:
        assert stream.response.status_code == 200
        (error,) = (await stream.result())["errors"]
        assert error["extensions"]["code"] == code
        await stream.end()
    await house.left()


async def test_what_is_no_request_is_refused_before_the_stream(house: House) -> None:
    for status, more in {
        401: {"json": {"query": VIEWER}, "headers": EVENTS | {"Authorization": "Bearer x"}},
        400: {"json": {"query": ""}, "headers": EVENTS},
        415: {"content": b"{}", "headers": EVENTS},
    }.items():
        options: Any = more
        response = await house.client.post("/graphql", **options)
        assert response.status_code == status
        assert response.headers["content-type"] == "application/json; charset=utf-8"


async def test_one_stream_too_many_of_an_account_is_refused(house: House, served: Served) -> None:
    token = await served.token("hr")
    streams = [house.connected(token) for _ in range(20)]
    for stream in streams:
        await stream.__aenter__()
    async with house.stream(VIEWER, token) as late:
        await late.response.aread()
    for stream in streams:
        await stream.__aexit__(None, None, None)
    assert late.response.status_code == 429
    (error,) = late.response.json()["errors"]
    assert error["extensions"]["details"] == {"limit": "connections", "maximum": 20, "value": 21}
    await house.left()


@pytest.mark.parametrize(
    ("accept", "is_streamed"),
    [
        ("text/event-stream", True),
        ("text/event-stream, application/json;q=0.5", True),
        ("application/json, text/event-stream", False),
        ("application/graphql-response+json, application/json, text/event-stream", False),
        ("*/*", False),
        ("text/*", None),
    ],
)
async def test_a_stream_is_for_those_who_accept_it_most(
    house: House, served: Served, accept: str, *, is_streamed: bool | None
) -> None:
    headers = {"Accept": accept}
    response = await house.client.post("/graphql", json={"query": VIEWER}, headers=headers)
    assert response.status_code == (406 if is_streamed is None else 200)
    media = response.headers["content-type"].partition(";")[0]
    assert (media == "text/event-stream") is bool(is_streamed)


async def test_a_subscription_without_a_stream_is_told_how_to_ask(
    house: House, served: Served
) -> None:
    response = await house.client.post("/graphql", json={"query": CHANGED})
    assert response.status_code == 400
    (error,) = response.json()["errors"]
    assert error["message"] == (
        "Subscriptions are streamed: accept text/event-stream, or open a WebSocket with the"
        " subprotocol graphql-transport-ws."
    )


async def test_a_revoked_token_ends_the_stream_with_an_error(house: House, served: Served) -> None:
    async with house.stream(CHANGED, await served.token(MANAGER)) as stream:
        await house.followed()
        await connections.get("default").execute_script("UPDATE api_token SET revoked_at = now()")
        (error,) = (await stream.result())["errors"]
        assert error["extensions"]["code"] == "NOT_SIGNED_IN"
        await stream.end()
    await house.left()


async def test_a_quiet_stream_shows_that_it_lives(house: House, served: Served) -> None:
    async with house.stream(CHANGED, await served.token(MANAGER)) as stream:
        beats = [await anext(stream.lines) for _ in range(6)]
    assert beats == [":", ""] * 3
    await house.left()


async def test_a_stream_that_the_server_breaks_off_has_no_end(house: House, served: Served) -> None:
    """So that its client comes again: only what is complete is over."""
    async with house.stream(CHANGED, await served.token(MANAGER)) as stream:
        await house.followed()
        house.live.connections.close()
        with pytest.raises(EOFError):
            await stream.event()
    await house.left()


async def test_the_log_tells_of_a_stream_once_it_is_over(
    house: House, served: Served, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    async with house.stream("query Secret { viewer { label } }") as stream:
        reference = stream.response.headers["x-request-id"]
        await stream.result()
        await stream.end()
    await house.left()
    (told,) = [line for line in lines() if line["event"] == "request"]
    assert (told["method"], told["request_id"], told["codes"]) == ("EVENTS", reference, [])
    assert "Secret" not in str(lines())


async def test_an_endpoint_without_streams_offers_none(edge: Any) -> None:
    response: httpx.Response = await edge.post("{ echo }", accept="text/event-stream")
    assert response.status_code == 406
