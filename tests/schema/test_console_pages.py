"""The console's pages as HTTP carries them: headers, caching, and what is never handed out."""

from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from schema import console_pages
from service.settings import Environment, Settings

ROLES = [
    {"role": "HR_OFFICER", "label": "HR officer", "token": "demo-hr"},
    {"role": "MENTOR", "label": "Mentor", "token": "demo-mentor"},
]


def pages_of(environment: Environment) -> httpx.AsyncClient:
    settings = Settings(environment=environment)
    app = Starlette(routes=console_pages.routes(settings, lambda: ROLES))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://cadre.test")


async def test_the_page_is_never_stored_and_lets_in_nothing_from_elsewhere(bundle: Path) -> None:
    async with pages_of(Environment.PRODUCTION) as client:
        answer = await client.get("/")
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert policy == (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "connect-src 'self'; font-src 'self'; img-src 'self' data:; worker-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"


async def test_assets_are_kept_for_ever_and_come_packed_to_whoever_can_unpack(
    bundle: Path,
) -> None:
    script = next((bundle / "assets").glob("index-*.js"))
    async with pages_of(Environment.PRODUCTION) as client:
        packed = await client.get(f"/assets/{script.name}")
        plain = await client.get(f"/assets/{script.name}", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content == script.read_bytes()
    for answer in (packed, plain):
        assert answer.headers["content-type"].startswith("text/javascript")
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert "script-src 'self'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("name", ["nothing.js", "..%2Findex.html", "%2e%2e", "%00"])
async def test_nothing_but_an_asset_is_served_as_one(bundle: Path, name: str) -> None:
    async with pages_of(Environment.PRODUCTION) as client:
        answer = await client.get(f"/assets/{name}")
    assert answer.status_code == 404


async def test_demo_tokens_are_offered_in_the_demo(bundle: Path) -> None:
    async with pages_of(Environment.DEMO) as client:
        answer = await client.get("/console/config.json")
    assert answer.json() == {"environment": "demo", "roles": ROLES}
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("environment", [Environment.TEST, Environment.PRODUCTION])
async def test_no_token_is_offered_outside_the_demo(environment: Environment) -> None:
    async with pages_of(environment) as client:
        answer = await client.get("/console/config.json")
    assert answer.json() == {"environment": environment.value, "roles": []}


async def test_an_unbuilt_console_says_how_to_build_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console_pages, "DIST", tmp_path)
    async with pages_of(Environment.DEMO) as client:
        answer = await client.get("/")
    assert answer.status_code == 503
    assert "run `./dev demo`, which builds it" in answer.text
