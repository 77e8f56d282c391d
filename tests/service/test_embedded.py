"""The embedded PostgreSQL, on real clusters."""

import asyncio
import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import psutil
import pytest
from tortoise.backends.asyncpg.client import AsyncpgDBClient
from tortoise.backends.base.config_generator import expand_db_url

from service.embedded import running
from service.errors import Unavailable

NOBODY = 65534


@asynccontextmanager
async def session(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def value(url: str, query: str) -> object:
    async with session(url) as connection:
        return await connection.fetchval(query)


async def execute(url: str, statement: str) -> None:
    async with session(url) as connection:
        await connection.execute(statement)


def postmaster(folder: Path) -> psutil.Process:
    return psutil.Process(int((folder / "postgres" / "postmaster.pid").read_text().split()[0]))


def sockets(url: str) -> Path:
    return Path(parse_qs(urlsplit(url).query)["host"][0])


def ended(server: psutil.Process) -> bool:
    """Gone, or a zombie that waits for a machine's lazy first process to collect it."""
    return not server.is_running() or server.status() == psutil.STATUS_ZOMBIE


def end(server: psutil.Process) -> None:
    children = server.children()
    server.kill()
    psutil.wait_procs([server, *children], timeout=1)


def copy(folder: Path, target: Path) -> None:
    subprocess.run(["cp", "-r", folder, target], check=True)


@contextmanager
def closed(folder: Path) -> Iterator[None]:
    folder.chmod(0o500)
    yield
    folder.chmod(0o700)


USER = """
import asyncio, pathlib, sys
from service.embedded import running
async def main():
    async with running(pathlib.Path(sys.argv[1])) as url:
        print(url, flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""


@contextmanager
def another_process(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process group of its own that has the server running, and the URL it got."""
    with subprocess.Popen(
        [sys.executable, "-c", USER, folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        process_group=0,
    ) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()


@contextmanager
def not_root() -> Iterator[None]:
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


async def refusal(folder: Path) -> str:
    with pytest.raises(Unavailable) as refused:
        async with running(folder, durable=False):
            pass
    assert "\n" not in refused.value.message
    return refused.value.message


async def test_a_fresh_folder_becomes_a_durable_utf8_database_in_utc(tmp_path: Path) -> None:
    async with running(tmp_path) as url, session(url) as connection:
        assert (await connection.fetchval("SHOW server_version")).startswith("18.")
        assert await connection.fetchval("SELECT current_database()") == "cadre"
        assert [
            await connection.fetchval(f"SHOW {name}")
            for name in ("server_encoding", "timezone", "fsync", "synchronous_commit")
        ] == ["UTF8", "UTC", "on", "on"]
        assert await connection.fetchval("SHOW data_checksums") == "on"
        assert await connection.fetchval("SELECT lower('ÉŻ')") == "éż"


async def test_a_second_start_keeps_the_data_and_the_last_one_out_stops_the_server(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as url:
        await execute(url, "CREATE TABLE kept AS SELECT 42 AS number")
        server = postmaster(tmp_path)
    assert ended(server)
    assert not sockets(url).exists()
    async with running(tmp_path) as url:
        assert await value(url, "SELECT number FROM kept") == 42


async def test_a_second_user_attaches_and_the_server_lives_until_the_last_one_leaves(
    tmp_path: Path,
) -> None:
    first = running(tmp_path, durable=False)
    url = await first.__aenter__()
    async with running(tmp_path, durable=False) as same:
        assert same == url
        await first.__aexit__(None, None, None)
        assert await value(same, "SELECT 1") == 1
        server = postmaster(tmp_path)
    assert ended(server)


async def test_users_that_come_at_once_share_one_server(tmp_path: Path) -> None:
    async def visit() -> tuple[str, object]:
        async with running(tmp_path, durable=False) as url:
            started = await value(url, "SELECT pg_postmaster_start_time()")
            await everybody.wait()
            return url, started

    everybody = asyncio.Barrier(4)
    visits = await asyncio.gather(*(visit() for _ in range(4)))
    assert len(set(visits)) == 1


@pytest.mark.crash
async def test_a_killed_server_starts_again_with_what_was_committed(tmp_path: Path) -> None:
    async with running(tmp_path) as url:
        await execute(url, "CREATE TABLE kept AS SELECT 42 AS number")
        end(postmaster(tmp_path))
    abandoned = sockets(url)
    async with running(tmp_path) as url:
        assert await value(url, "SELECT number FROM kept") == 42
    assert not abandoned.exists()


@pytest.mark.crash
async def test_the_server_of_a_killed_process_is_taken_over_and_stopped(tmp_path: Path) -> None:
    with another_process(tmp_path) as (owner, url):
        await execute(url, "CREATE TABLE kept AS SELECT 42 AS number")
        owner.kill()
    server = postmaster(tmp_path)
    assert not ended(server)
    async with running(tmp_path) as same:
        assert same == url
        assert await value(same, "SELECT number FROM kept") == 42
    assert ended(server)


@pytest.mark.crash
async def test_an_interrupted_process_takes_its_server_along(tmp_path: Path) -> None:
    with another_process(tmp_path) as (owner, _):
        server = postmaster(tmp_path)
        # As a terminal does it: to the whole process group.
        os.killpg(owner.pid, signal.SIGINT)
    assert ended(server)
    assert not (tmp_path / "postgres" / "postmaster.pid").exists()


async def test_a_number_that_another_process_got_since_does_not_stop_the_start(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, durable=False):
        record = (tmp_path / "postgres" / "postmaster.pid").read_text()
    stale = "\n".join([str(os.getpid()), *record.splitlines()[1:]])
    (tmp_path / "postgres" / "postmaster.pid").write_text(stale)
    async with running(tmp_path, durable=False) as url:
        assert await value(url, "SELECT 1") == 1


async def test_a_record_cut_short_by_a_full_disk_does_not_stop_the_start(tmp_path: Path) -> None:
    async with running(tmp_path, durable=False):
        pass
    (tmp_path / "postgres" / "postmaster.pid").write_text("")
    async with running(tmp_path, durable=False) as url:
        assert await value(url, "SELECT 1") == 1


@pytest.mark.crash
async def test_a_server_that_vanished_under_its_users_is_not_started_twice(tmp_path: Path) -> None:
    async with running(tmp_path, durable=False):
        end(postmaster(tmp_path))
        assert "Stop that process, then start again." in await refusal(tmp_path)


async def test_a_start_that_is_cancelled_leaves_no_half_of_a_database(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path, durable=False):
            pytest.fail("it was to be cancelled before")

    visitor = asyncio.create_task(visit())
    while not (tmp_path / "postgres.new" / "base").exists():  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    visitor.cancel()
    with pytest.raises(asyncio.CancelledError):
        await visitor
    assert not (tmp_path / "postgres").exists()
    async with running(tmp_path, durable=False) as url:
        assert await value(url, "SELECT 1") == 1


async def test_a_folder_with_a_long_path_and_spaces_works(tmp_path: Path) -> None:
    folder = tmp_path / "a folder's long name" / ("x" * 200)
    async with running(folder, durable=False) as url:
        assert len(str(sockets(url) / ".s.PGSQL.5432")) <= 107
        assert await value(url, "SELECT 1") == 1


async def test_an_environment_made_for_another_server_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, setting in (("PGPORT", "1"), ("PGDATA", "/nowhere"), ("PGOPTIONS", "-c nonsense=1")):
        monkeypatch.setenv(name, setting)
    async with running(tmp_path, durable=False) as url:
        assert await value(url, "SELECT 1") == 1


async def test_the_orm_takes_the_url_as_it_is(database_url: str) -> None:
    client = AsyncpgDBClient(connection_name="test", **expand_db_url(database_url)["credentials"])
    try:
        assert await client.execute_query_dict("SELECT 1 AS one") == [{"one": 1}]
    finally:
        await client.close()


async def test_other_users_and_the_network_cannot_reach_it(tmp_path: Path) -> None:
    async with running(tmp_path, durable=False) as url:
        assert await value(url, "SHOW listen_addresses") == ""
        socket = sockets(url) / ".s.PGSQL.5432"
        for place in (sockets(url), socket, tmp_path / "postgres"):
            assert stat.S_IMODE(place.stat().st_mode) == 0o700
            assert place.stat().st_uid == postmaster(tmp_path).uids().real
        for private in ("postgres.log", "users.lock", "starting.lock"):
            assert stat.S_IMODE((tmp_path / private).stat().st_mode) == 0o600
        assert 0 not in postmaster(tmp_path).uids()


async def test_the_log_names_no_row_that_a_statement_broke_on(tmp_path: Path) -> None:
    async with running(tmp_path, durable=False) as url, session(url) as connection:
        await connection.execute("CREATE TABLE person (name text PRIMARY KEY)")
        await connection.execute("INSERT INTO person VALUES ('Ada Lovelace')")
        with pytest.raises(asyncpg.UniqueViolationError) as broken:
            await connection.execute("INSERT INTO person VALUES ($1)", "Ada Lovelace")
        assert "Ada Lovelace" in str(broken.value.detail)
        with pytest.raises(asyncpg.DataError):
            await connection.execute("SELECT 'Ada Lovelace'::integer")
    log = (tmp_path / "postgres.log").read_text()
    assert "database system is ready" in log
    assert "Lovelace" not in log


async def test_a_copied_folder_starts_whatever_rights_the_copy_has(tmp_path: Path) -> None:
    async with running(tmp_path / "one", durable=False) as url:
        await execute(url, "CREATE TABLE kept AS SELECT 42 AS number")
    copy(tmp_path / "one", tmp_path / "two")
    (tmp_path / "two" / "postgres").chmod(0o755)
    async with running(tmp_path / "two", durable=False) as url:
        assert await value(url, "SELECT number FROM kept") == 42


async def test_a_file_in_the_folders_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        assert await refusal(folder) == (
            f"The data folder {folder} is, or lies under, a file."
            " Name another folder in CADRE_DATA_DIR."
        )


async def test_a_folder_of_somebody_else_is_named_with_its_owner(tmp_path: Path) -> None:
    with closed(tmp_path), not_root():
        message = await refusal(tmp_path)
    assert message.startswith(f"The data folder {tmp_path} is not open to this user (")
    assert re.search(r"belongs to \w+\)\. Name another folder in CADRE_DATA_DIR", message)


async def test_a_folder_with_files_but_no_version_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "precious").write_text("kept")
    assert await refusal(tmp_path) == (
        "The database is broken: its file PG_VERSION is missing."
        f" Move {tmp_path}/postgres away to start with an empty database,"
        " or restore it from a backup."
    )
    assert [file.name for file in (tmp_path / "postgres").iterdir()] == ["precious"]


async def test_a_database_of_another_version_is_named(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("16\n")
    message = await refusal(tmp_path)
    assert message.startswith("The database was made by PostgreSQL 16, and this is PostgreSQL 18:")


async def test_a_corrupted_database_is_refused_with_the_servers_own_reason(tmp_path: Path) -> None:
    async with running(tmp_path, durable=False):
        pass
    (tmp_path / "postgres" / "global" / "pg_control").write_bytes(b"\0" * 8192)
    message = await refusal(tmp_path)
    assert message.startswith(f"The database in {tmp_path}/postgres does not start: ")
    assert "it gives no reason" not in message
    assert f"See {tmp_path}/postgres.log; restore the folder from a backup" in message


async def test_work_that_a_full_disk_broke_off_says_so(tmp_path: Path) -> None:
    told = "could not extend file: No space left on device"
    with pytest.raises(Unavailable, match=r"^The disk that holds .* is full \(\d+ MB free\)"):
        async with running(tmp_path, durable=False):
            raise asyncpg.DiskFullError(told)


async def test_work_that_broke_off_for_another_reason_keeps_it(tmp_path: Path) -> None:
    with pytest.raises(asyncpg.DivisionByZeroError, match="by zero"):
        async with running(tmp_path, durable=False):
            raise asyncpg.DivisionByZeroError("division by zero")
