"""The running service as the field's own public clients find it: each script is one of them.

Node, npm and the packages are those of the locks, whatever the machine has.
"""

import asyncio
import os
import re
import signal
from asyncio.subprocess import PIPE, STDOUT
from datetime import date
from pathlib import Path

import pytest

from schema import manifests, npm_packages
from schema.npm_packages import ProgramFailed, Toolchain
from tests import factories
from tests.schema.served import SYSTEM, Served

pytestmark = pytest.mark.clients

CLIENTS = Path(__file__).parent
PERSISTED = CLIENTS / "persisted.test.mjs"
SCRIPTS = sorted({*CLIENTS.glob("*.test.mjs")} - {PERSISTED})
# Only to tell a client that hangs from one that is slow.
SECONDS = 180


@pytest.fixture(scope="module")
def node() -> list[str]:
    """The command that starts Node, once the clients' packages stand beside the scripts."""
    toolchain = npm_packages.toolchain_of_the_wheel()
    if why := not_installed(toolchain):
        sentence = f"The public clients could not be installed from npm's registry ({why})."
        pytest.fail(f"{sentence} They need the network once.", pytrace=False)
    return [*toolchain.node, "--test-reporter=spec"]


def not_installed(toolchain: Toolchain) -> str | None:
    """Npm's words when the packages could not be installed, or None: they stand."""
    try:
        with npm_packages.alone(CLIENTS):
            npm_packages.install(CLIENTS, toolchain.npm, lambda: None)
    except ProgramFailed as failed:
        return str(failed)
    return None


@pytest.fixture
async def found_at(served: Served) -> dict[str, str]:
    """Where the scripts find the service and who they are, in the world that they expect."""
    for number in range(25):
        person = await factories.make_person(
            family_name=f"Candidate {number:02}", pipeline_since=date(2024, 1, 1)
        )
        for year in range(3 if number == 0 else 0):
            await factories.make_experience(
                person=person, organisation=f"Service {year}", started_on=date(2010 + year, 1, 1)
            )
    token = await served.token("hr")
    assert token is not None
    return {"CADRE_URL": str(served.client.base_url.join("/graphql")), "CADRE_TOKEN": token}


async def told(command: list[str], environment: dict[str, str]) -> tuple[int | None, str]:
    """What the script ends with, and what it says; ends the script when it hangs."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=CLIENTS,
        env=os.environ | environment,
        stdout=PIPE,
        stderr=STDOUT,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(SECONDS):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            # Node is a child of the wheel's Python, so the end of that alone would not be its end.
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    return process.returncode, output.decode()


@pytest.fixture
async def trusted(node: list[str], found_at: dict[str, str], tmp_path: Path) -> None:
    """The operations of the scripts' front ends, registered as their deployment would."""
    status, manifest = await told([*node, "trusted.mjs"], {})
    assert status == 0, manifest
    file = tmp_path / "manifest.json"
    file.write_text(manifest)
    assert await manifests.register(file, {}, by=SYSTEM) == (4, 4)


async def agrees(node: list[str], script: Path, found_at: dict[str, str]) -> None:
    """Holds the script to its word; fails with all that it says."""
    status, output = await told([*node, script.name], found_at)
    if status != 0:
        pytest.fail(f"{script.name} disagrees with the service:\n{output}", pytrace=False)
    assert re.search(r"^. pass [1-9]", output, re.MULTILINE), output


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name.partition(".")[0])
async def test_a_public_client_agrees_with_the_service(
    node: list[str], script: Path, found_at: dict[str, str]
) -> None:
    await agrees(node, script, found_at)


@pytest.mark.usefixtures("trusted")
async def test_front_ends_ask_by_hash(node: list[str], found_at: dict[str, str]) -> None:
    await agrees(node, PERSISTED, found_at)


async def test_a_client_without_a_service_is_not_content(node: list[str]) -> None:
    nowhere = {"CADRE_URL": "http://127.0.0.1:9/graphql", "CADRE_TOKEN": "cadre_none"}
    status, output = await told([*node, "audits.test.mjs"], nowhere)
    assert status == 1
    assert re.search(r"^. fail 2$", output, re.MULTILINE)


async def test_a_client_without_an_address_asks_for_it(node: list[str]) -> None:
    status, output = await told([*node, "urql.test.mjs"], {"CADRE_URL": ""})
    assert (status, output) == (
        2,
        "CADRE_URL is not set: name the service to talk to, the address of its /graphql.\n",
    )
