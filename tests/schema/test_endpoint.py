"""GraphQL over HTTP, through a real server: status, media types, methods, bodies, tokens."""

import asyncio
import json
import time
from typing import Any
from uuid import UUID

import pytest

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"


def code(response: Any) -> str:
    (error,) = response.json()["errors"]
    answer: str = error["extensions"]["code"]
    return answer


async def test_a_query_answers_with_data_and_the_headers_every_answer_carries(edge):
    response = await edge.post('{ echo(text: "a", number: 1) }')
    assert response.status_code == 200
    assert response.json() == {"data": {"echo": "a 1"}}
    assert response.headers["content-type"] == f"{GRAPHQL}; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    UUID(response.headers["x-request-id"])


async def test_the_resolver_knows_the_actor_and_the_request_id(edge):
    response = await edge.post("{ who }")
    account, request_id = response.json()["data"]["who"].split()
    assert account == "0190a000-0000-7000-8000-000000000001"
    assert request_id == response.headers["x-request-id"]


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (GRAPHQL, GRAPHQL),
        (JSON, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (f"{JSON}, {GRAPHQL}", GRAPHQL),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
        (f"{JSON};q=0, */*", JSON),
        (f"text/html, {GRAPHQL};q=0.5", GRAPHQL),
    ],
)
async def test_the_answer_has_the_media_type_the_client_accepts_most(edge, accept, media):
    response = await edge.post("{ echo }", accept=accept)
    assert (response.status_code, response.headers["content-type"]) == (
        200,
        f"{media}; charset=utf-8",
    )
