"""Operations registered at deploy: from the manifest of a build to the answer by hash."""

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from schema import engine, manifests
from schema.app import create_app
from schema.metrics import PLANS
from service import models
from service.access.actors import system
from service.database import connected
from service.errors import Invalid
from service.settings import Settings
from tests.schema.served import Served, plant, running

BY = system("deploy")
TEXT = "query Missions($first: Int!) { missions(first: $first) { edges { node { acronym } } } }"
WRITE = "mutation M($i: CreateCourseInput!) { createCourse(input: $i) { errors { code } } }"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def by_hash(text: str, form: str = "persisted", **variables: Any) -> dict[str, Any]:
    forms: dict[str, dict[str, Any]] = {
        "persisted": {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest(text)}}},
        "document": {"documentId": f"sha256:{digest(text)}"},
    }
    return {**forms[form], "variables": variables}


def manifest(folder: Path, content: Any) -> Path:
    file = folder / "manifest.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


async def register(folder: Path, *texts: str) -> tuple[int, int]:
    content = {digest(text): text for text in texts}
    return await manifests.register(manifest(folder, content), {}, by=BY)


@pytest.mark.parametrize("form", ["persisted", "document"])
async def test_a_registered_operation_is_served_by_its_hash(
    served: Served, tmp_path: Path, form: str
) -> None:
    assert await register(tmp_path, TEXT) == (1, 1)
    for _ in range(2):
        answer = await served.post(by_hash(TEXT, form, first=1), await served.token("hr"))
        assert answer.status_code == 200
        assert answer.json()["data"] == {"missions": {"edges": [{"node": {"acronym": "UNHERE"}}]}}


async def test_it_is_served_over_get_as_well(served: Served, tmp_path: Path) -> None:
    await register(tmp_path, TEXT, WRITE)
    wanted = by_hash(TEXT, first=1)
    params = {key: json.dumps(value) for key, value in wanted.items()}
    answer = await served.client.get("/graphql", params=params)
    assert answer.json()["data"]["missions"]["edges"] != []
    writing = {key: json.dumps(value) for key, value in by_hash(WRITE, i={}).items()}
    assert (await served.client.get("/graphql", params=writing)).status_code == 405


async def test_what_was_parsed_and_validated_once_is_not_again(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await register(tmp_path, TEXT)
    token = await served.token("hr")
    first = await served.post(by_hash(TEXT, first=1), token)

    def parse(*_: Any, **__: Any) -> None:
        raise AssertionError("a registered operation was parsed or validated again")

    monkeypatch.setattr("schema.documents.parse", parse)
    monkeypatch.setattr("schema.documents.validate", parse)
    before = PLANS.of("hit").count
    again = await served.post(by_hash(TEXT, first=1), token)
    assert again.json()["data"] == first.json()["data"]
    assert PLANS.of("hit").count == before + 1


async def test_an_unknown_hash_says_so_in_the_word_that_clients_know(served: Served) -> None:
    text = TEXT.replace("Missions", "Unknown")
    answer = await served.post(by_hash(text, first=1), await served.token("hr"))
    (error,) = answer.json()["errors"]
    assert error["message"] == "PersistedQueryNotFound"
    assert error["extensions"]["code"] == engine.NotRegistered.code
    # The client then sends the text too; it is answered, and not learnt.
    both = {**by_hash(text, first=1), "query": text}
    assert "errors" not in (await served.post(both, await served.token("hr"))).json()
    assert await models.PersistedOperation.all().count() == 0


@pytest.mark.parametrize(
    "sent",
    [
        {"documentId": "sha256:abc"},
        {"documentId": 7},
        {"extensions": {"persistedQuery": {"version": 2, "sha256Hash": "ab" * 32}}},
        {"extensions": {"persistedQuery": {"version": 1}}},
        {"extensions": {"persistedQuery": "ab" * 32}},
        {"query": "{ __typename }", "documentId": f"sha256:{'ab' * 32}"},
    ],
)
async def test_a_hash_that_is_none_is_refused(served: Served, sent: dict[str, Any]) -> None:
    answer = await served.post(sent, None)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_access_holds_for_registered_operations_as_for_others(
    served: Served, tmp_path: Path
) -> None:
    text = "{ accounts { totalCount } }"
    await register(tmp_path, text)
    allowed = await served.post(by_hash(text), await served.token("administrator"))
    refused = await served.post(by_hash(text), None)
    assert allowed.json()["data"]["accounts"]["totalCount"] > 0
    assert refused.json()["data"] == {"accounts": None}
    assert refused.json()["errors"][0]["extensions"]["code"] == "NOT_SIGNED_IN"


async def test_apollo_s_manifest_is_read_as_well_and_repeating_is_free(
    served: Served, tmp_path: Path
) -> None:
    entries = [{"id": digest(t), "name": "x", "type": "query", "body": t} for t in (TEXT, WRITE)]
    file = manifest(tmp_path, {"format": "apollo-persisted-query-manifest", "operations": entries})
    assert await manifests.register(file, {}, by=BY) == (2, 2)
    assert await manifests.register(file, {}, by=BY) == (2, 0)
    rows = await models.PersistedOperation.all().order_by("name")
    assert [row.name for row in rows] == ["M", "Missions"]
    events = await models.AuditEvent.filter(aggregate="PersistedOperation")
    assert {event.actor_label for event in events} == {"deploy"}


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("{", "not JSON"),
        ([1], "another form"),
        ({"operations": [1]}, "another form"),
        ({"operations": [{"id": 1, "body": "{ __typename }"}]}, "another form"),
        ({"ab" * 32: TEXT}, "not the SHA-256"),
        ({digest("{ nowhere }"): "{ nowhere }"}, "nowhere"),
        ({digest("{"): "{"}, "Syntax Error"),
        ({digest("query A { __typename } query B { __typename }"):
          "query A { __typename } query B { __typename }"}, "several operations"),
    ],
)  # fmt: skip
async def test_a_manifest_with_one_bad_operation_registers_nothing(
    served: Served, tmp_path: Path, content: Any, word: str
) -> None:
    if isinstance(content, dict) and "operations" not in content:
        content = {digest(TEXT): TEXT, **content}
    with pytest.raises(Invalid, match=word):
        await manifests.register(manifest(tmp_path, content), {}, by=BY)
    assert await models.PersistedOperation.all().count() == 0


async def test_a_manifest_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="No such file"):
        await manifests.register(tmp_path / "none.json", {}, by=BY)


@pytest.fixture
async def strict(fresh_url: str) -> AsyncIterator[Served]:
    """The app with a safelist."""
    app = create_app(Settings.model_validate({"database_url": fresh_url, "safelist": True}))
    async with connected(fresh_url), running(app) as client:
        yield Served(client, await plant())


async def test_a_safelist_serves_what_is_registered_and_nothing_else(
    strict: Served, tmp_path: Path
) -> None:
    await register(tmp_path, TEXT)
    token = await strict.token("owner")
    known = await strict.post(by_hash(TEXT, first=1), token)
    assert known.json()["data"]["missions"]["edges"] != []
    for who in (token, None):
        own = await strict.post({"query": "{ missions { totalCount } }"}, who)
        (error,) = own.json()["errors"]
        assert error["extensions"]["code"] == engine.NotTrusted.code
        assert "data" not in own.json()
    # A text that was registered is as good as its hash.
    both = {**by_hash(TEXT, first=1), "query": TEXT}
    assert (await strict.post(both, token)).json()["data"]["missions"]["edges"] != []


async def test_a_safelist_lets_those_explore_who_may_introspect(strict: Served) -> None:
    own = await strict.post({"query": "{ missions { totalCount } }"}, await strict.token("hr"))
    assert own.json()["data"] == {"missions": {"totalCount": 2}}
