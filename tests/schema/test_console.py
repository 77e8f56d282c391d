"""The console in a real Chromium, against a real server on this machine."""

import asyncio
import json
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from enum import Enum
from pathlib import Path

import httpx
import pytest
import strawberry
import uvicorn
from playwright.async_api import (
    Browser,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    async_playwright,
    expect,
)
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.asgi import GraphQL

from schema import console_bundle, console_pages
from schema.app import create_app
from seeds import demo
from seeds.accounts import issue_tokens
from service import accounts
from service.access.actors import system
from service.access.roles import Role
from service.database import connected
from service.settings import Environment, Settings

ROLES = [
    {"role": "HR_OFFICER", "label": "HR officer", "token": "demo-hr"},
    {"role": "MENTOR", "label": "Mentor", "token": "demo-mentor"},
]
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 30_000
VIOLATIONS = """document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));"""

expect.set_options(timeout=PATIENCE)


@strawberry.type
class HeldRole:
    role: str
    label: str
    meaning: str


@strawberry.type
class Limit:
    name: str
    value: int


@strawberry.type
class Viewer:
    label: str
    is_signed_in: bool
    roles: list[HeldRole]
    permissions: list[str]
    limits: list[Limit]


@strawberry.type
class PostConnection:
    total_count: int


@strawberry.input
class PostFilter:
    is_vacant: bool


@strawberry.type
class Mission:
    id: strawberry.ID
    acronym: str
    name: str
    mission_type: str = "PEACEKEEPING"
    region: str = "AFRICA"
    head_title: str | None = None
    started_on: str = "2020-01-01"
    planned_end_on: str | None = None
    working_languages: list[str] = strawberry.field(default_factory=list)
    mandate_tasks: list[str] = strawberry.field(default_factory=list)

    @strawberry.field
    def posts(self, filter: PostFilter) -> PostConnection:  # noqa: A002 - the API's word
        return PostConnection(total_count=0)


@strawberry.input
class MissionFilter:
    is_active: bool


@strawberry.enum
class MissionOrderField(Enum):
    ACRONYM = "acronym"


@strawberry.input
class MissionOrder:
    field: MissionOrderField


@strawberry.type
class MissionEdge:
    node: Mission


@strawberry.type
class MissionConnection:
    total_count: int
    edges: list[MissionEdge]


@strawberry.type
class Query:
    @strawberry.field
    def viewer(self, info: strawberry.Info) -> Viewer:
        token = info.context["request"].headers["authorization"].removeprefix("Bearer ")
        for role in ROLES:
            if role["token"] == token:
                held = HeldRole(role=role["role"], label=role["label"], meaning="Does this job.")
                label, limits = f"Demo {role['label']}", [Limit(name="depth", value=12)]
                return Viewer(
                    label=label,
                    is_signed_in=True,
                    roles=[held],
                    permissions=["read.any.person"],
                    limits=limits,
                )
        raise ValueError("This token is unknown, expired or revoked; ask for a new one.")

    @strawberry.field
    def missions(
        self,
        first: int,
        filter: MissionFilter,  # noqa: A002 - the API's word
        order_by: list[MissionOrder],
    ) -> MissionConnection:
        mission = Mission(id=strawberry.ID("m1"), acronym="UNTM", name="Test Mission")
        return MissionConnection(total_count=1, edges=[MissionEdge(node=mission)][:first])


@asynccontextmanager
async def served(app: Starlette) -> AsyncIterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(app, ws="none", log_config=None, access_log=False)
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listening]))
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        await task


@pytest.fixture(scope="session")
async def console_url(bundle: Path) -> AsyncIterator[str]:
    """A running server with the console at `/`, whose demo roles are `ROLES`."""
    graphql: GraphQL[object, None] = GraphQL(strawberry.Schema(Query), graphql_ide=None)
    pages = console_pages.routes(Settings(environment=Environment.DEMO), lambda: ROLES)
    app = Starlette(routes=[*pages, Route("/graphql", graphql)])
    async with served(app) as url:
        yield url


@pytest.fixture
async def demo_url(bundle: Path, fresh_url: str, tmp_path: Path) -> AsyncIterator[str]:
    """The real app on a demonstration world, as `./dev demo` serves it."""
    settings = Settings(
        environment=Environment.DEMO, database_url=SecretStr(fresh_url), data_dir=tmp_path
    )
    async with connected(fresh_url):
        await issue_tokens(settings.demo_tokens, await demo.plant(people=demo.CAST))
        # Connected all the while, because another module may be connected elsewhere.
        async with served(create_app(settings)) as url:
            yield url


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    chromium = shutil.which("chromium")
    assert chromium is not None, "the browser tests need Chromium: apt-get install chromium"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=CHROMIUM_ARGS, chromium_sandbox=False
        )
        yield browser
        await browser.close()


@pytest.fixture
async def page(browser: Browser, console_url: str) -> AsyncIterator[Page]:
    async with visit(browser, console_url) as page:
        yield page


@asynccontextmanager
async def visit(browser: Browser, url: str) -> AsyncIterator[Page]:
    """The console's first page, held to what must be true of every visit at its end."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    await context.add_init_script(VIOLATIONS)
    page = await context.new_page()
    complaints: list[str] = []
    asked: list[str] = []
    introspected: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)
        if "IntrospectionQuery" in (request.post_data or ""):
            introspected.append(request.url)

    def hear(message: ConsoleMessage) -> None:
        # The API's refusals are answers; Chromium calls them errors when their status says so.
        if message.type == "error" and not message.location["url"].endswith("/graphql"):
            complaints.append(message.text)

    context.on("console", hear)
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on("request", note)
    await page.goto(url)
    yield page
    await context.close()
    assert complaints == []
    # Few callers may introspect, so the console carries the schema with it.
    assert introspected == []
    assert {httpx.URL(address).netloc for address in asked} == {httpx.URL(url).netloc}


async def sign_in(page: Page, role: str = "HR officer") -> None:
    await page.get_by_role("button", name=role, exact=True).click()
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    await expect(query_editor(page)).to_be_visible()


async def open_operation(page: Page, title: str) -> None:
    await page.get_by_role("region", name="Ready operations").get_by_text(title, exact=True).click()


async def run(page: Page) -> None:
    await page.get_by_role("button", name="Execute query").click()


def tab(page: Page, operation: str) -> Locator:
    return page.get_by_role("tablist").get_by_role("button", name=operation, exact=True)


def query_editor(page: Page) -> Locator:
    return page.locator(".graphiql-query-editor .view-lines")


def variables_editor(page: Page) -> Locator:
    return page.locator(".graphiql-editor-tool .graphiql-editor:not(.hidden) .view-lines")


def result(page: Page) -> Locator:
    return page.locator(".result-window .view-lines")


@pytest.mark.browser
async def test_choosing_a_demo_role_signs_in_and_shows_who_that_is(page: Page) -> None:
    await expect(page).to_have_title("Cadre console")
    await sign_in(page)
    await expect(page.get_by_role("banner")).to_contain_text("Demo HR officer")
    await expect(page.get_by_role("banner")).to_contain_text("demo")


@pytest.mark.browser
async def test_an_operation_of_the_library_opens_filled_in_and_its_result_is_seen(
    page: Page,
) -> None:
    await sign_in(page)
    await open_operation(page, "Missions running today")
    await expect(tab(page, "MissionsRunning")).to_be_visible()
    await expect(variables_editor(page)).to_contain_text('"first": 50')
    await run(page)
    await expect(result(page)).to_contain_text("UNTM")


@pytest.mark.browser
async def test_each_operation_opens_in_a_tab_of_its_own_and_runs_under_its_own_name(
    page: Page,
) -> None:
    await sign_in(page)
    await open_operation(page, "Missions running today")
    await open_operation(page, "Who am I?")
    await run(page)
    await expect(result(page)).to_contain_text("Demo HR officer")
    await tab(page, "MissionsRunning").click()
    await expect(query_editor(page)).to_contain_text("query MissionsRunning")
    await expect(variables_editor(page)).to_contain_text('"first": 50')


@pytest.mark.browser
async def test_the_library_shows_only_the_operations_with_the_words_searched(page: Page) -> None:
    await sign_in(page)
    entries = page.get_by_role("region", name="Ready operations").get_by_role("listitem")
    await expect(entries).to_have_count(len(list(operation_files())))
    search = page.get_by_role("searchbox", name="Search the operations")
    await search.fill("permit roles who")
    await expect(entries).to_have_count(1)
    await expect(entries).to_contain_text("Who am I?")
    await search.fill("nosuchword")
    await expect(page.get_by_role("status")).to_have_text("No operation has these words.")


@pytest.mark.browser
async def test_the_editors_know_the_schema_and_tidy_a_query_under_the_policy(page: Page) -> None:
    await sign_in(page)
    await page.get_by_role("button", name="Show Documentation Explorer").click()
    await page.get_by_role("link", name="Query", exact=True).click()
    await expect(page.get_by_role("link", name="MissionConnection")).to_be_visible()
    await query_editor(page).click()
    await page.keyboard.press("ControlOrMeta+A")
    await page.keyboard.insert_text("query Tidy{viewer{permissions}}")
    await page.get_by_role("button", name="Prettify query").click()
    tidied = ["query Tidy {", "viewer {", "permissions", "}", "}", ""]
    await expect(query_editor(page).locator(".view-line")).to_have_text(tidied)


@pytest.mark.browser
async def test_signing_out_forgets_the_token_the_queries_and_the_results(page: Page) -> None:
    await sign_in(page)
    await open_operation(page, "Missions running today")
    await run(page)
    await expect(result(page)).to_contain_text("UNTM")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("button", name="Mentor")).to_be_visible()
    assert await page.evaluate("sessionStorage.length + localStorage.length") == 0
    await sign_in(page, "Mentor")
    await expect(page.get_by_role("banner")).to_contain_text("Demo Mentor")
    await expect(query_editor(page)).to_contain_text("Choose a ready operation")
    await expect(result(page)).not_to_contain_text("UNTM")


@pytest.mark.browser
async def test_a_reload_of_the_tab_stays_signed_in(page: Page) -> None:
    await sign_in(page, "Mentor")
    await page.reload()
    await expect(page.get_by_role("banner")).to_contain_text("Demo Mentor")
    assert await page.evaluate("localStorage.length") == 0


@pytest.mark.browser
async def test_a_wrong_token_shows_the_servers_own_words_and_is_not_kept(page: Page) -> None:
    await page.get_by_label("Or sign in with a token").fill("no-such-token")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_have_text(
        "Sign-in failed. This token is unknown, expired or revoked; ask for a new one."
    )
    assert await page.evaluate("sessionStorage.length") == 0


@pytest.mark.browser
async def test_on_the_demonstration_an_hr_officer_finds_candidates_and_others_are_refused(
    browser: Browser, demo_url: str
) -> None:
    async with visit(browser, demo_url) as page:
        await page.get_by_label("Or sign in with a token").fill("cadre_made-up")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("alert")).to_contain_text("Sign-in failed.")
        await sign_in(page)
        await expect(page.get_by_role("banner")).to_contain_text("Demonstration: HR officer")
        await open_operation(page, "Candidates for a post")
        await run(page)
        await expect(result(page)).to_contain_text('"familyName": "')
        await page.get_by_role("button", name="Sign out").click()
        await sign_in(page, "Mentor")
        await open_operation(page, "Create a person")
        await run(page)
        await expect(result(page)).to_contain_text('"code": "NOT_ALLOWED"')
    query = {"query": "{ candidates { totalCount } }"}
    async with httpx.AsyncClient() as client:
        anonymous = await client.post(f"{demo_url}/graphql", json=query)
    assert anonymous.json()["errors"][0]["extensions"] == {"code": "NOT_SIGNED_IN"}


@pytest.mark.browser
async def test_in_production_the_editors_know_the_schema_for_who_may_not_introspect(
    browser: Browser, bundle: Path, fresh_url: str, tmp_path: Path
) -> None:
    settings = Settings(
        environment=Environment.PRODUCTION, database_url=SecretStr(fresh_url), data_dir=tmp_path
    )
    tests = system("tests")
    async with (
        connected(fresh_url),
        served(create_app(settings)) as url,
        visit(browser, url) as page,
    ):
        mentor = await accounts.ensure("A mentor", Role.MENTOR, by=tests)
        change = accounts.NewToken(account_id=mentor.id, label="Tests")
        token = (await accounts.issue_token(change, by=tests)).secret
        await page.get_by_label("Access token").fill(token or "")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("banner")).to_contain_text("production")
        await page.get_by_role("button", name="Show Documentation Explorer").click()
        await page.get_by_role("link", name="Query", exact=True).click()
        await expect(page.get_by_role("link", name="MissionConnection")).to_be_visible()
        await query_editor(page).click()
        await page.keyboard.press("ControlOrMeta+A")
        await page.keyboard.insert_text("query Types{__schema{queryType{name}}}")
        await run(page)
        await expect(result(page)).to_contain_text("introspect.any.schema")


@pytest.mark.browser
async def test_the_editors_follow_a_system_that_turns_dark(page: Page) -> None:
    await sign_in(page)
    await expect(page.locator(".monaco-editor.vs-dark")).to_have_count(0)
    await page.emulate_media(color_scheme="dark")
    await expect(page.locator(".monaco-editor.vs-dark").first).to_be_visible()


@pytest.mark.browser
async def test_the_console_works_by_keyboard_alone(page: Page) -> None:
    await page.get_by_role("button", name="HR officer").focus()
    await page.keyboard.press("Enter")
    await expect(query_editor(page)).to_be_visible()
    await page.get_by_role("searchbox").focus()
    await page.keyboard.type("missions at work by acronym")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.keyboard.press("ControlOrMeta+Enter")
    await expect(result(page)).to_contain_text("UNTM")


@pytest.mark.browser
async def test_the_api_is_asked_nothing_before_sign_in(browser: Browser, console_url: str) -> None:
    async with await browser.new_context() as context:
        page = await context.new_page()
        paths: list[str] = []
        page.on("request", lambda request: paths.append(httpx.URL(request.url).path))
        await page.goto(console_url, wait_until="networkidle")
        await expect(page.get_by_role("button", name="HR officer")).to_be_visible()
    assert "/console/config.json" in paths
    assert "/graphql" not in paths


def operation_files() -> Iterator[Path]:
    return (console_bundle.CONSOLE / "operations").glob("*.graphql")


@pytest.mark.parametrize("file", sorted(operation_files()), ids=lambda file: str(file.stem))
def test_every_ready_operation_has_a_title_an_explanation_and_variables(file: Path) -> None:
    title, explanation, *_ = file.read_text().splitlines()
    assert title.startswith("# ")
    assert explanation.startswith("# ")
    assert isinstance(json.loads(file.with_suffix(".variables.json").read_text()), dict)
