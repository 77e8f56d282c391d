"""GraphQL over HTTP, through a real server: status, media types, methods, bodies, tokens."""

import asyncio
import json
import time
from typing import Any
from uuid import UUID

import httpx
import pytest
from graphql import get_introspection_query, parse
from structlog.testing import capture_logs

from schema.context import Context
from service.access.actors import ANONYMOUS

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
HEAD = b"POST /graphql HTTP/1.1\r\nHost: cadre\r\nContent-Type: application/json\r\n"


def code(response: httpx.Response) -> str:
    (error,) = response.json()["errors"]
    answer: str = error["extensions"]["code"]
    return answer


def error_of(raw: bytes) -> dict[str, Any]:
    (error,) = json.loads(raw.partition(b"\r\n\r\n")[2])["errors"]
    return dict(error)


async def test_a_query_answers_with_data_and_the_headers_every_answer_carries(edge: Any) -> None:
    response = await edge.post('{ echo(text: "a", number: 1) }')
    assert response.status_code == 200
    assert response.json()["data"] == {"echo": "a 1"}
    assert response.headers["content-type"] == f"{GRAPHQL}; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    UUID(response.headers["x-request-id"])


async def test_the_resolver_knows_the_actor_and_the_request_id(edge: Any) -> None:
    response = await edge.post("{ who }")
    account, request_id = response.json()["data"]["who"].split()
    assert account == "0190a000-0000-7000-8000-000000000001"
    assert request_id == response.headers["x-request-id"]


async def test_two_actors_share_a_remembered_document_and_not_their_names(edge: Any) -> None:
    text = "query Shared { who }"
    known = await edge.post(text)
    anonymous = await edge.post(text, token=None)
    assert known.json()["data"]["who"].startswith("0190a000")
    assert anonymous.json()["data"]["who"].startswith("None ")


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (GRAPHQL, GRAPHQL),
        (JSON, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (f"{JSON}, {GRAPHQL}", GRAPHQL),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
        (f"{GRAPHQL};q=0.5, */*", JSON),
        (f"text/html, {GRAPHQL};q=0.5", GRAPHQL),
    ],
)
async def test_the_answer_has_the_media_type_the_client_accepts_most(
    edge: Any, accept: str, media: str
) -> None:
    response = await edge.post("{ echo }", accept=accept)
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{media}; charset=utf-8"


async def test_json_is_the_answer_to_a_client_that_accepts_nothing_in_particular(edge: Any) -> None:
    request = edge.client.build_request("POST", "/graphql", json={"query": "{ echo }"})
    del request.headers["accept"]
    response = await edge.client.send(request)
    assert response.headers["content-type"] == f"{JSON}; charset=utf-8"


@pytest.mark.parametrize("accept", ["text/html", f"{JSON};q=0, */*", f"{JSON};q=x", "image/*"])
async def test_406_when_the_client_accepts_neither_media_type(edge: Any, accept: str) -> None:
    response = await edge.post("{ echo }", accept=accept)
    assert (response.status_code, code(response)) == (406, "BAD_REQUEST")
    assert GRAPHQL in response.json()["errors"][0]["message"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_405_names_the_methods_that_are_served(edge: Any, method: str) -> None:
    response = await edge.client.request(method, "/graphql")
    assert (response.status_code, code(response)) == (405, "BAD_REQUEST")
    assert response.headers["allow"] == "GET, POST"


async def test_the_schema_runs_the_document_of_its_context_as_it_is(schema: Any) -> None:
    """Parsed and validated by the endpoint, it is neither parsed nor validated again."""
    context = Context(ANONYMOUS, "r", parse("{ post { title nowhere } }"))
    result = await schema.execute("{ this is not parsed", context_value=context)
    assert (result.data, result.errors) == ({"post": {"title": "Head"}}, None)


async def test_the_schema_runs_text_where_no_endpoint_is_in_front(schema: Any) -> None:
    result = await schema.execute("{ post { title } }")
    assert result.data == {"post": {"title": "Head"}}
    assert (await schema.execute("{ nowhere }")).data is None


async def test_get_serves_queries_with_variables_in_json(edge: Any) -> None:
    params = {
        "query": "query Q($n: Int) { echo(number: $n) } query R { echo }",
        "variables": '{"n": 7}',
        "operationName": "Q",
        "extensions": "",
    }
    response = await edge.client.get("/graphql", params=params)
    assert response.json()["data"] == {"echo": "None 7"}


async def test_get_changes_nothing(edge: Any) -> None:
    params = {"query": 'mutation { rename(title: "by GET") }'}
    response = await edge.client.get("/graphql", params=params)
    assert (response.status_code, code(response)) == (405, "BAD_REQUEST")
    assert response.headers["allow"] == "POST"
    assert "by GET" not in edge.written


async def test_get_refuses_a_mutation_that_is_named_behind_a_query(edge: Any) -> None:
    text = 'query Q { echo } mutation M { rename(title: "named") }'
    response = await edge.client.get("/graphql", params={"query": text, "operationName": "M"})
    assert response.status_code == 405
    assert "named" not in edge.written


async def test_post_serves_mutations(edge: Any) -> None:
    response = await edge.post('mutation { rename(title: "by POST") }')
    assert response.json()["data"] == {"rename": "by POST"}
    assert edge.written.count("by POST") == 1


@pytest.mark.parametrize(
    "query_string",
    [
        b"",
        b"query=",
        b"query=%ff",
        b"query={echo}&query={echo}",
        b"query={echo}&variables=[1]",
        b"query={echo}&variables={",
        b"query={echo}&variables=%ff",
        b"query={echo}&extensions=1",
        b"query={echo}" + b"&a=1" * 30,
    ],
)
async def test_400_for_query_strings_that_are_no_request(edge: Any, query_string: bytes) -> None:
    request = b"GET /graphql?" + query_string + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    answer = await edge.talk(request)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert error_of(answer)["extensions"]["code"] == "BAD_REQUEST"


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/json; charset=utf-16",
        "application/json, text/plain",
        "",
    ],
)
async def test_415_for_bodies_a_browser_sends_unasked_and_for_other_charsets(
    edge: Any, content_type: str
) -> None:
    response = await edge.send(b'{"query":"{ echo }"}', Content_Type=content_type)
    assert (response.status_code, code(response)) == (415, "BAD_REQUEST")


async def test_415_for_a_compressed_body(edge: Any) -> None:
    response = await edge.send(b'{"query":"{ echo }"}', Content_Encoding="gzip")
    assert response.status_code == 415


async def test_utf8_may_be_named_and_is_understood(edge: Any) -> None:
    body = '{"query":"query($t:String){echo(text:$t)}","variables":{"t":"Ñandú 🕊"}}'
    response = await edge.send(body.encode(), Content_Type='application/json; charset="UTF-8"')
    assert response.json()["data"] == {"echo": "Ñandú 🕊 None"}


def echo_with(value: bytes) -> bytes:
    return b'{"query":"query($n:Int){echo(number:$n)}","variables":{"n":' + value + b"}}"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"123",
        b'"x"',
        b"[]",
        b'[{"query":"{ echo }"}]',
        b"{",
        b"\xff\xfe",
        b'{"query":"\xff"}',
        b'{"query":"\\ud800"}',
        b"[" * 100_000,
        b'{"query":"{ echo }","variables":' + b"[" * 100_000,
        echo_with(b"1" * 5000),
        echo_with(b"1e999"),
        echo_with(b"NaN"),
        b"{}",
        b'{"query":null}',
        b'{"query":" "}',
        b'{"query":["{ echo }"]}',
        b'{"query":"{ echo }","variables":[1]}',
        b'{"query":"{ echo }","operationName":1}',
        b'{"query":"{ echo }","extensions":"x"}',
    ],
    ids=lambda body: body[:40].decode(errors="replace"),
)
async def test_400_for_bodies_that_are_no_request(edge: Any, body: bytes) -> None:
    """Trap 4, second half: the parser's own limits answer in codes, not with a fault."""
    response = await edge.send(body)
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")


async def test_variables_that_nest_too_deep_name_the_limit(edge: Any) -> None:
    response = await edge.send(echo_with(b"[" * 1000 + b"]" * 1000), Accept=GRAPHQL)
    assert (response.status_code, code(response)) == (400, "LIMIT_EXCEEDED")
    details = response.json()["errors"][0]["extensions"]["details"]
    assert details == {"limit": "json_depth", "maximum": 32, "value": 33}


@pytest.mark.parametrize(
    "value", [b"1" * 15, b"1" * 30, b'"1"', b"1.5", b"true", b"[1]", b"{}"], ids=repr
)
async def test_numbers_that_are_no_int_are_refused_by_variable(edge: Any, value: bytes) -> None:
    response = await edge.send(echo_with(value), Accept=GRAPHQL)
    assert (response.status_code, code(response)) == (400, "BAD_USER_INPUT")
    assert response.json()["errors"][0]["message"].startswith("Variable '$n' has invalid value")


async def test_a_batch_is_refused_with_a_sentence(edge: Any) -> None:
    response = await edge.send(b'[{"query":"{ echo }"},{"query":"{ echo }"}]')
    assert response.json()["errors"][0]["message"] == (
        "Batches are not served; send one request for each operation."
    )


async def test_413_counts_the_bytes_of_a_chunked_body(edge: Any) -> None:
    """Trap 4: a chunked body announces no length."""
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    head = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    answer = await edge.talk(head, *[chunk] * 17)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert error_of(answer)["extensions"] == {
        "code": "LIMIT_EXCEEDED",
        "details": {"limit": "body_bytes", "maximum": 1_000_000, "value": None},
    }


async def test_413_does_not_wait_for_a_body_that_announces_too_much(edge: Any) -> None:
    answer = await edge.talk(HEAD + b"Content-Length: 1000001\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_a_body_of_exactly_the_limit_is_read(edge: Any) -> None:
    body = b'{"query":"{ echo }"}'.ljust(1_000_000)
    assert (await edge.send(body)).json()["data"] == {"echo": "None None"}


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 100\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"]
)
async def test_408_for_a_body_that_does_not_arrive(edge: Any, framing: bytes) -> None:
    """Trap 15: the server itself would wait without end."""
    started = time.monotonic()
    answer = await edge.talk(HEAD + framing)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - started < 30


async def test_a_body_that_drips_is_bounded_by_the_same_deadline(edge: Any) -> None:
    parts = [b"{"] * 20
    answer = await edge.talk(HEAD + b"Content-Length: 100\r\n\r\n", *parts, pause=0.1)
    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_a_client_that_leaves_harms_nobody(
    edge: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    with capture_logs() as logs:
        for sent in (b"Content-Length: 100\r\n\r\n{", b"Content-Length: 22\r\n\r\n" + SILENT):
            _, writer = await asyncio.open_connection("127.0.0.1", edge.port)
            writer.write(HEAD + sent)
            await writer.drain()
            await asyncio.sleep(0.1)
            writer.transport.abort()
        await asyncio.sleep(0.6)
        assert (await edge.post("{ echo }")).status_code == 200
    assert [entry for entry in logs if entry["log_level"] == "error"] == []
    assert capfd.readouterr().err == ""


SILENT = b'{"query":"{ silent }"}'


async def test_work_that_does_not_end_is_answered_as_unavailable(edge: Any) -> None:
    """Trap 3 is the other half: work on the processor is refused before it starts."""
    started = time.monotonic()
    response = await edge.post("{ silent }")
    assert (response.status_code, code(response)) == (503, "UNAVAILABLE")
    assert time.monotonic() - started < 30


async def test_other_requests_are_answered_while_hostile_documents_arrive(edge: Any) -> None:
    """Trap 3: no timeout stops work on the event loop, so each refusal must be short."""
    hostile = "{a{" + "parent{title}" * 1300 + "}}"
    waiting = [asyncio.create_task(edge.post(hostile)) for _ in range(5)]
    started = time.monotonic()
    assert (await edge.post("{ echo }")).status_code == 200
    # A server that froze would take minutes; a busy machine may take seconds.
    assert time.monotonic() - started < 30
    assert {code(await answer) for answer in waiting} == {"LIMIT_EXCEEDED"}


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic Z29vZC10b2tlbjo=",
        "Bearer",
        "Bearer good token",
        "Bearer altered-token",
        "good-token",
        "Bearer " + "a" * 4097,
        "Bearer good-token, Bearer good-token",
    ],
)
async def test_401_for_any_token_that_is_not_good(edge: Any, authorization: str) -> None:
    response = await edge.send(b'{"query":"{ echo }"}', Authorization=authorization)
    assert (response.status_code, code(response)) == (401, "NOT_SIGNED_IN")
    assert response.headers["www-authenticate"] == 'Bearer realm="cadre"'
    assert response.headers["cache-control"] == "no-store"


async def test_two_tokens_are_no_token(edge: Any) -> None:
    headers = [("Authorization", "Bearer good-token"), ("Authorization", "Bearer good-token")]
    response = await edge.client.post("/graphql", json={"query": "{ echo }"}, headers=headers)
    assert response.status_code == 401


async def test_a_bad_token_is_refused_before_its_body_is_read(edge: Any) -> None:
    head = HEAD + b"Authorization: Bearer altered\r\nConnection: close\r\nContent-Length: 9\r\n\r\n"
    assert (await edge.talk(head)).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize(
    ("token", "status", "expected"),
    [("database-down", 503, "UNAVAILABLE"), ("broken", 500, "INTERNAL")],
)
async def test_a_fault_while_the_token_is_read_is_coded_and_masked(
    edge: Any, token: str, status: int, expected: str
) -> None:
    response = await edge.post("{ echo }", token=token)
    assert (response.status_code, code(response)) == (status, expected)
    assert "Amina" not in response.text


async def test_the_same_socket_cannot_be_turned_into_a_websocket(edge: Any) -> None:
    """Trap 2: what HTTP refuses, no other transport offers."""
    answer = await edge.talk(
        b"GET /graphql HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
    )
    assert answer.startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ echo", "GRAPHQL_PARSE_FAILED"),
        ("{ nowhere }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { echo } query B { echo }", "OPERATION_RESOLUTION_FAILURE"),
        ("fragment F on Query { echo }", "OPERATION_RESOLUTION_FAILURE"),
        ("query($n: Int!) { echo(number: $n) }", "BAD_USER_INPUT"),
        ("{" + "echo " * 21 + "}", "LIMIT_EXCEEDED"),
        ("{ posts(first: 101) { title } }", "LIMIT_EXCEEDED"),
        ("{ posts(first: -1) { title } }", "BAD_USER_INPUT"),
        ("query A { ...F } fragment F on Query { ...F }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_what_cannot_run_is_400_without_data_or_200_for_older_clients(
    edge: Any, text: str, expected: str
) -> None:
    new, old = await edge.post(text), await edge.post(text, accept=JSON)
    assert (new.status_code, old.status_code) == (400, 200)
    assert (code(new), code(old)) == (expected, expected)
    assert "data" not in new.json()
    assert "data" not in old.json()


async def test_an_unknown_operation_name_is_refused(edge: Any) -> None:
    response = await edge.post("query A { echo }", operationName="B")
    assert code(response) == "OPERATION_RESOLUTION_FAILURE"


async def test_subscriptions_are_refused(edge: Any) -> None:
    response = await edge.post("subscription { echo }")
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")


@pytest.mark.parametrize(
    "text", ["{__schema{types{name}}}", '{...F} fragment F on Query{__type(name:"Post"){name}}']
)
async def test_strangers_cannot_read_the_schema(edge: Any, text: str) -> None:
    response = await edge.post(text, token=None)
    assert (response.status_code, code(response)) == (401, "NOT_SIGNED_IN")
    known = await edge.post(text)
    assert (known.status_code, "errors" in known.json()) == (200, False)


async def test_the_standard_introspection_is_served_to_the_signed_in(edge: Any) -> None:
    response = await edge.post(get_introspection_query(input_value_deprecation=True))
    assert response.json()["data"]["__schema"]["queryType"]["name"] == "Query"


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("{ ech }", None),
        ("query($g: Grade!) { grade(grade: $g) }", {"g": "DIRECTR"}),
        ("query($n: Int) { echo(numbr: $n) }", None),
        ("{ post { titel } }", None),
    ],
)
async def test_strangers_get_no_suggestions(edge: Any, text: str, variables: Any) -> None:
    stranger = await edge.post(text, variables, token=None)
    known = await edge.post(text, variables)
    assert "Did you mean" not in stranger.text
    assert "Did you mean" in known.text


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("{" + " ".join(f"x{n}:echo" for n in range(21)) + "}", "root_fields"),
        ("{post{" + " ".join(f"x{n}:title" for n in range(101)) + "}}", "aliases"),
        ("{...A ...A ...A} fragment A on Query{" + "x:echo " * 7 + "}", "root_fields"),
    ],
)
async def test_aliases_cannot_call_one_field_without_end(edge: Any, text: str, limit: str) -> None:
    """Trap 11: what counts is the calls of one request, not the requests."""
    response = await edge.post(text)
    (error,) = response.json()["errors"]
    assert error["extensions"]["details"]["limit"] == limit


async def test_the_document_of_937_bytes_is_refused_at_once(edge: Any) -> None:
    """Trap 1: the stock limiters walk each spread anew, for minutes."""
    fragments = [f"fragment F{n} on Query{{...F{n - 1} ...F{n - 1}}}" for n in range(1, 26)]
    text = "\n".join(["{...F25}", "fragment F0 on Query{echo}", *fragments])
    assert 900 < len(text) < 1000
    started = time.monotonic()
    response = await edge.post(text)
    assert code(response) == "LIMIT_EXCEEDED"
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
async def test_text_that_no_database_stores_never_reaches_a_resolver(edge: Any, text: str) -> None:
    """Trap 8: the driver would raise, in its own words."""
    body = {"query": "query($t: String) { echo(text: $t) }", "variables": {"t": text}}
    response = await edge.send(json.dumps(body).encode(), Accept=GRAPHQL)
    assert response.status_code == 400
    assert code(response) in {"BAD_USER_INPUT", "BAD_REQUEST"}
