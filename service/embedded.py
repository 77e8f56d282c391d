"""The embedded PostgreSQL: one server in the data folder, shared by every process that uses it.

It refuses to listen on a network address, and to start a second server where
one may be running.
"""

import asyncio
import fcntl
import os
import shlex
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil

from service.clusters import FULL, Cluster, cluster_in, failure, run, unusable
from service.errors import Unavailable

DATABASE = "cadre"
PATIENCE = 60.0
# TCP is off; the number only names the socket file.
PORT = 5432
# What the kernel takes on the strictest system we run on (macOS), less the file's own name.
LONGEST_SOCKET_FOLDER = 103 - len(f"/.s.PGSQL.{PORT}.lock")
LARGEST_LOG = 10_000_000

SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    # Room to remember which rows a word was found in, one by one and not page by page.
    "work_mem": "16MB",
    # Requests run side by side, so that none gains by taking the other processors too.
    "max_parallel_workers_per_gather": "0",
    # Disks without heads, or memory: a page costs about the same wherever it lies.
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    # A client's error can quote the row it broke on, so the log takes none of them:
    # "log" ranks above "error" here and keeps starts, stops and fatal ends.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length_on_error": "0",
}
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Fresh:
    """How a server starts that did not run yet."""

    durable: bool
    buffers: str


@asynccontextmanager
async def running(
    data_dir: Path, *, durable: bool = True, buffers: str = "128MB"
) -> AsyncIterator[str]:
    """The URL of database `cadre` on the server in `data_dir`, which runs at least this long.

    The first process to come starts the server and the last to leave stops it,
    whichever that is. One that is killed counts as gone, and a server it left
    behind is taken over by the next. `durable=False` trades crash safety for
    speed and is for tests; `buffers` is the memory that keeps pages at hand, where this call
    starts the server. Raises `Unavailable` with the remedy.
    """
    cluster = cluster_in(data_dir)
    presence = cluster.opened("users.lock")
    try:
        async with _turn(cluster):
            lonely = _locked(presence, fcntl.LOCK_EX)
            fcntl.flock(presence, fcntl.LOCK_SH)
            url = await _url(cluster, Fresh(durable=durable, buffers=buffers), lonely=lonely)
        with _watched(cluster):
            yield url
    finally:
        try:
            async with _turn(cluster):
                await _leave(cluster, presence)
        finally:
            os.close(presence)


@contextmanager
def _watched(cluster: Cluster) -> Iterator[None]:
    """Tells a full disk from other reasons why the work on the database broke off."""
    start = cluster.log.stat().st_size
    try:
        yield
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        with cluster.log.open("rb") as log:
            log.seek(start)
            told = f"{error}\n{log.read().decode(errors='replace')}"
        if FULL.search(told):
            raise failure(cluster, told) from error
        raise


async def _leave(cluster: Cluster, presence: int) -> None:
    try:
        if _locked(presence, fcntl.LOCK_EX):
            await _stop(cluster)
    finally:
        # Let go before the next one's turn, or two that leave at once each see the other.
        fcntl.flock(presence, fcntl.LOCK_UN)


@asynccontextmanager
async def _turn(cluster: Cluster) -> AsyncIterator[None]:
    """Waits until no other process starts or stops this server; a dead one's lock is free."""
    file = cluster.opened("starting.lock")
    deadline = time.monotonic() + PATIENCE
    try:
        while not _locked(file, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"Another process is starting or stopping the database in {cluster.folder}"
                    " and does not finish. End it, then start again."
                )
            await asyncio.sleep(0.05)
        yield
    finally:
        os.close(file)


def _locked(file: int, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@dataclass(frozen=True)
class _Server:
    """A server as its `postmaster.pid` describes it, which outlives one that was killed."""

    pid: int
    sockets: Path

    @property
    def alive(self) -> bool:
        """Whether that process is this server, and not a later one that got its number.

        The socket folder's name is random and stands in the command line, which
        anybody may read; the working directory is closed to root in a container.
        """
        try:
            command = psutil.Process(self.pid).cmdline()
        except psutil.Error:
            return False
        return any(str(self.sockets) in word for word in command)

    def clear(self) -> None:
        """Removes the socket's folder; a name that is not ours came from elsewhere and stays."""
        if self.sockets.name.startswith("cadre-"):
            shutil.rmtree(self.sockets, ignore_errors=True)


def _recorded(data: Path) -> _Server | None:
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        return _Server(int(lines[0]), Path(lines[4]))
    except FileNotFoundError:
        return None
    except (ValueError, IndexError):
        # A full disk can cut the file short: no process has number 0.
        return _Server(0, Path())


async def _url(cluster: Cluster, fresh: Fresh, *, lonely: bool) -> str:
    server = _recorded(cluster.data)
    if server is None or not server.alive:
        try:
            _prepare(cluster, server, lonely=lonely)
            if not (cluster.data / "PG_VERSION").exists():
                await _initialise(cluster, durable=fresh.durable)
            server = await _launch(cluster, fresh)
        except OSError as error:
            raise unusable(cluster.folder, error) from error
    try:
        await _create_database(server.sockets)
    except asyncpg.PostgresError as error:
        raise failure(cluster, f"FATAL: {error}") from error
    return _address(server.sockets, DATABASE)


def _address(sockets: Path, database: str) -> str:
    # The port stands here so that a PGPORT in the environment cannot change it.
    return f"postgresql://postgres@/{database}?host={sockets}&port={PORT}"


def _prepare(cluster: Cluster, last: _Server | None, *, lonely: bool) -> None:
    """Makes the folder fit to start in, whatever the last server or a copy left there."""
    if last is not None:
        _forget(cluster, last, lonely=lonely)
    if cluster.log.exists() and cluster.log.stat().st_size > LARGEST_LOG:
        cluster.log.replace(cluster.log.with_suffix(".log.1"))
    if not cluster.data.exists():
        return
    # A copied folder comes with rights PostgreSQL refuses and, from root's hand, root's name.
    cluster.data.chmod(0o700)
    if cluster.owner is not None and cluster.data.stat().st_uid == 0:
        cluster.give(cluster.data)


def _forget(cluster: Cluster, last: _Server, *, lonely: bool) -> None:
    """Clears what a killed server left behind.

    With other users of the folder about, that server may run in another
    container where its process cannot be seen, and a second one would ruin
    the data: then it refuses.
    """
    if not lonely:
        raise Unavailable(
            f"Another process uses the database in {cluster.folder}, and its server cannot be"
            " reached from here. Stop that process, then start again."
        )
    (cluster.data / "postmaster.pid").unlink(missing_ok=True)
    last.clear()


async def _initialise(cluster: Cluster, *, durable: bool) -> None:
    """Makes the cluster beside its place and moves it there, so that nobody sees half of one."""
    half = cluster.folder / "postgres.new"
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(mode=0o700)
    cluster.give(half)
    command = ["initdb", "-D", cluster.named_from(half), "-U", "postgres", "--encoding=UTF8"]
    command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    # Trust, because only this user and root can reach the socket's folder.
    command += ["--data-checksums", "--auth=trust", "--no-instructions"]
    if not durable:
        command.append("--no-sync")
    status, output = await run(cluster, command, half)
    if status != 0:
        shutil.rmtree(half, ignore_errors=True)
        raise failure(cluster, output)
    half.rename(cluster.data)


async def _launch(cluster: Cluster, fresh: Fresh) -> _Server:
    sockets = _socket_folder(cluster)
    own = {"unix_socket_directories": str(sockets), "shared_buffers": fresh.buffers}
    command = _start_command(cluster, SETTINGS | own | ({} if fresh.durable else FORGETFUL))
    deadline = time.monotonic() + PATIENCE
    while True:
        status, output = await run(cluster, command, cluster.data)
        server = _recorded(cluster.data)
        if status == 0 and server is not None:
            return server
        # Sessions of a killed server may need a moment to notice and let go of its memory.
        if "pre-existing shared memory block" not in output or time.monotonic() > deadline:
            shutil.rmtree(sockets, ignore_errors=True)
            raise failure(cluster, output)
        await asyncio.sleep(0.2)


def _start_command(cluster: Cluster, settings: Mapping[str, str]) -> list[str]:
    options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
    place = cluster.named_from(cluster.data)
    return ["pg_ctl", "start", "-w", "-t", "300", "-D", place, "-o", shlex.join(options)]


def _socket_folder(cluster: Cluster) -> Path:
    """A fresh private folder with a short name, however long the data folder's is.

    The random name also means that nobody can have made it beforehand.
    """
    bases = ("/run", "/tmp") if cluster.owner else (tempfile.gettempdir(), "/tmp")  # noqa: S108
    for base in bases:
        if len(os.fsencode(base)) + len("/cadre-12345678") > LONGEST_SOCKET_FOLDER:
            continue
        try:
            sockets = Path(tempfile.mkdtemp(prefix="cadre-", dir=base))
        except OSError:
            continue
        cluster.give(sockets)
        return sockets
    raise Unavailable(
        f"There is no room for the database's socket: {' and '.join(bases)} cannot be written."
        " Name a short, writable folder in TMPDIR."
    )


async def _stop(cluster: Cluster) -> None:
    server = _recorded(cluster.data)
    if server is None:
        return
    place = cluster.named_from(cluster.data)
    for mode in ("fast", "immediate"):
        if server.alive:
            # Recovering from a full disk PostgreSQL 18 can hear "fast" and never end; what an
            # immediate stop leaves undone, the next start makes up for from the log.
            command = ["pg_ctl", "stop", "-w", "-t", "15", "-m", mode, "-D", place]
            await run(cluster, command, cluster.data)
    server.clear()


async def _create_database(sockets: Path) -> None:
    connection = await _connected(sockets)
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
            await connection.execute(f"CREATE DATABASE {DATABASE}")
    finally:
        await connection.close()


async def _connected(sockets: Path) -> asyncpg.Connection:
    """A connection to a server that may still be recovering from a crash."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return await asyncpg.connect(_address(sockets, "postgres"), timeout=PATIENCE)
        except (asyncpg.CannotConnectNowError, OSError) as error:
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"The database does not answer at {sockets}: {error}. Start again in a minute."
                ) from error
        await asyncio.sleep(0.1)
