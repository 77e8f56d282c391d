"""The embedded PostgreSQL: one server in the data folder, shared by every process that uses it.

It refuses to listen on a network address, to be reachable by another user of
the machine, and to start over a folder whose state it does not understand.
"""

import asyncio
import fcntl
import os
import pwd
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import psutil

from service.binaries import MAJOR, binaries, system_user
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
    "shared_buffers": "128MB",
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


@asynccontextmanager
async def running(data_dir: Path, *, durable: bool = True) -> AsyncIterator[str]:
    """The URL of database `cadre` on the server in `data_dir`, which runs at least this long.

    The first process to come starts the server and the last to leave stops it,
    whichever that is; one that is killed counts as gone, and a server it left
    behind is taken over by the next. `durable=False` trades crash safety for
    speed and is for tests. Raises `Unavailable` with the remedy.
    """
    cluster = _cluster(data_dir)
    presence = cluster.opened("users.lock")
    try:
        async with _alone_at(cluster, "starting.lock"):
            lonely = _locked(presence, fcntl.LOCK_EX)
            fcntl.flock(presence, fcntl.LOCK_SH)
            url = await _url(cluster, lonely=lonely, durable=durable)
        yield url
    finally:
        try:
            async with _alone_at(cluster, "starting.lock"):
                if _locked(presence, fcntl.LOCK_EX):
                    await _stop(cluster)
        finally:
            os.close(presence)


@dataclass(frozen=True)
class _Cluster:
    """Where one database lives and who its server runs as.

    PostgreSQL does not run as root, so for root the server runs as the owner
    of the folder, or as a system user of its own. That user need not be able
    to walk to the folder, which may lie in a closed home: the server is put
    into its folder before it drops root, and finds it as its own working
    directory. No folder above is opened to anybody and the data stay where
    they were asked to be.
    """

    folder: Path
    programs: Path
    owner: tuple[int, int] | None

    @property
    def data(self) -> Path:
        return self.folder / "postgres"

    @property
    def log(self) -> Path:
        return self.folder / "postgres.log"

    def named_from(self, place: Path) -> str:
        return str(place) if self.owner is None else "/proc/self/cwd"

    def opened(self, name: str) -> int:
        """A descriptor of a private file in the folder, which belongs to the folder's owner."""
        try:
            file = os.open(self.folder / name, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise _unusable(self.folder, error) from error
        if self.owner is not None:
            kept = self.folder.stat()
            os.fchown(file, kept.st_uid, kept.st_gid)
        return file

    def given(self, place: Path) -> None:
        """Hands a folder and all in it to the server's user; nothing to do unless we are root."""
        if self.owner is None:
            return
        os.chown(place, *self.owner)
        for parent, folders, files in os.walk(place):
            for name in (*folders, *files):
                os.chown(Path(parent, name), *self.owner, follow_symlinks=False)


@dataclass(frozen=True)
class _Server:
    """A server as its `postmaster.pid` describes it."""

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


def _cluster(data_dir: Path) -> _Cluster:
    folder = data_dir.expanduser().absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        programs = binaries()
        owner = _owner(folder)
    except OSError as error:
        raise _unusable(folder, error) from error
    cluster = _Cluster(folder, programs, owner)
    _check(cluster.data)
    return cluster


def _owner(folder: Path) -> tuple[int, int] | None:
    if os.geteuid() != 0:
        return None
    for place in (folder / "postgres", folder):
        if place.exists() and (kept := place.stat()).st_uid != 0:
            return kept.st_uid, kept.st_gid
    return system_user()


def _check(data: Path) -> None:
    """Refuses a folder that holds something else than a database this server can open."""
    away = f"Move {data} away to start with an empty database, or restore it from a backup."
    try:
        if not data.exists() or not any(data.iterdir()):
            return
        version = (data / "PG_VERSION").read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        raise Unavailable(
            f"The database is broken: its file PG_VERSION is missing. {away}"
        ) from None
    except OSError as error:
        raise _unusable(data, error) from error
    if version != MAJOR:
        raise Unavailable(
            f"The database was made by PostgreSQL {version or 'of an unknown version'}, and this is"
            f" PostgreSQL {MAJOR}: dump it with the old version and load the dump here. {away}"
        )


def _unusable(place: Path, error: OSError) -> Unavailable:
    """One sentence for an operating system's refusal of the data folder."""
    if isinstance(error, PermissionError) and place.exists():
        owner = place.stat().st_uid
        return Unavailable(
            f"The data folder {place} is not open to this user: it belongs to {_name(owner)}."
            " Start Cadre as that user, or name another folder in CADRE_DATA_DIR."
        )
    return Unavailable(
        f"The data folder {place} cannot be used: {(error.strerror or str(error)).lower()}."
        " Name another folder in CADRE_DATA_DIR, or mend this one."
    )


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _locked(file: int, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@asynccontextmanager
async def _alone_at(cluster: _Cluster, name: str) -> AsyncIterator[None]:
    """Waits until no other process starts or stops this server; a dead one's lock is free."""
    file = cluster.opened(name)
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


def _recorded(data: Path) -> _Server | None:
    """What `postmaster.pid` says, which outlives a server that was killed."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        return _Server(int(lines[0]), Path(lines[4]))
    except (FileNotFoundError, ValueError, IndexError):
        return None


async def _url(cluster: _Cluster, *, lonely: bool, durable: bool) -> str:
    server = _recorded(cluster.data)
    if server is None or not server.alive:
        server = await _started(cluster, server, lonely=lonely, durable=durable)
    await _create_database(server.sockets)
    return _address(server.sockets, DATABASE)


def _address(sockets: Path, database: str) -> str:
    # The port stands here so that a PGPORT in the environment cannot change it.
    return f"postgresql://postgres@/{database}?host={sockets}&port={PORT}"


async def _started(
    cluster: _Cluster, last: _Server | None, *, lonely: bool, durable: bool
) -> _Server:
    if last is not None:
        _forget(cluster, last, lonely=lonely)
    if not (cluster.data / "PG_VERSION").exists():
        await _initialise(cluster, durable=durable)
    # A copied folder comes with rights PostgreSQL refuses and, from root's hand, root's name.
    cluster.data.chmod(0o700)
    if cluster.owner is not None and (cluster.data / "PG_VERSION").stat().st_uid == 0:
        cluster.given(cluster.data)
    _rotate(cluster.log)
    return await _launch(cluster, durable=durable)


def _forget(cluster: _Cluster, last: _Server, *, lonely: bool) -> None:
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
    if last.sockets.name.startswith("cadre-"):
        shutil.rmtree(last.sockets, ignore_errors=True)


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_suffix(".log.1"))


async def _initialise(cluster: _Cluster, *, durable: bool) -> None:
    """Makes the cluster beside its place and moves it there, so that nobody sees half of one."""
    half = cluster.folder / "postgres.new"
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(mode=0o700)
    cluster.given(half)
    command = ["initdb", "-D", cluster.named_from(half), "-U", "postgres", "--encoding=UTF8"]
    command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    command += ["--data-checksums", "--auth=trust", "--no-instructions"]
    if not durable:
        command.append("--no-sync")
    status, output = await _run(cluster, command, half)
    if status != 0:
        shutil.rmtree(half, ignore_errors=True)
        raise _failure(cluster, output)
    if cluster.data.exists():
        cluster.data.rmdir()
    half.rename(cluster.data)


async def _launch(cluster: _Cluster, *, durable: bool) -> _Server:
    sockets = _socket_folder(cluster)
    settings = SETTINGS | {"unix_socket_directories": str(sockets)} | ({} if durable else FORGETFUL)
    deadline = time.monotonic() + PATIENCE
    while True:
        status, output = await _run(cluster, _start_command(cluster, settings), cluster.data)
        server = _recorded(cluster.data)
        if status == 0 and server is not None:
            return server
        # Sessions of a killed server may need a moment to notice and let go of its memory.
        if "pre-existing shared memory block" not in output or time.monotonic() > deadline:
            shutil.rmtree(sockets, ignore_errors=True)
            raise _failure(cluster, output)
        await asyncio.sleep(0.2)


def _start_command(cluster: _Cluster, settings: Mapping[str, str]) -> list[str]:
    options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
    place = cluster.named_from(cluster.data)
    return ["pg_ctl", "start", "-w", "-t", "300", "-D", place, "-o", shlex.join(options)]


def _socket_folder(cluster: _Cluster) -> Path:
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
        cluster.given(sockets)
        return sockets
    raise Unavailable(
        f"There is no room for the database's socket: {' and '.join(bases)} cannot be written."
        " Name a short, writable folder in TMPDIR."
    )


async def _stop(cluster: _Cluster) -> None:
    server = _recorded(cluster.data)
    if server is None or not server.alive:
        return
    place = cluster.named_from(cluster.data)
    for mode in ("fast", "immediate"):
        command = ["pg_ctl", "stop", "-w", "-t", "60", "-m", mode, "-D", place]
        status, _ = await _run(cluster, command, cluster.data)
        if status == 0:
            break
    shutil.rmtree(server.sockets, ignore_errors=True)


async def _run(cluster: _Cluster, command: list[str], place: Path) -> tuple[int, str]:
    """Runs a PostgreSQL program in `place` as the server's user; its status and what it logged.

    It runs in a session of its own, so that Ctrl-C in a terminal reaches Cadre
    alone; when we are cancelled it is interrupted and undoes its work.
    """
    log = cluster.opened("postgres.log")
    try:
        start = os.fstat(log).st_size
        process = _spawned(cluster, command, place, log)
        try:
            # Polled, because the event loop's own subprocesses die with the loop.
            while process.poll() is None:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            status = process.wait()
        return status, os.pread(log, 100_000, start).decode(errors="replace")
    finally:
        os.close(log)


def _spawned(
    cluster: _Cluster, command: list[str], place: Path, log: int
) -> subprocess.Popen[bytes]:
    user: dict[str, Any] = {}
    if cluster.owner is not None:
        user = {"user": cluster.owner[0], "group": cluster.owner[1], "extra_groups": []}
    try:
        return subprocess.Popen(  # noqa: S603 - our own programs, no shell
            [str(cluster.programs / command[0]), *command[1:]],
            cwd=place,
            # Nothing of ours: PG* variables and foreign library paths would change its ways.
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            umask=0o077,
            **user,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable(
            f"PostgreSQL cannot be run ({error}). Start Cadre as an ordinary user,"
            " or name a PostgreSQL server in CADRE_DATABASE_URL."
        ) from error


def _failure(cluster: _Cluster, output: str) -> Unavailable:
    """One sentence with the remedy for what a PostgreSQL program printed before it gave up."""
    if "No space left on device" in output or "Disk quota exceeded" in output:
        free = shutil.disk_usage(cluster.folder).free // 1_000_000
        return Unavailable(
            f"The disk that holds {cluster.folder} is full ({free} MB free): make room for at least"
            " 300 MB, or name a folder on another disk in CADRE_DATA_DIR."
        )
    if "could not look up effective user ID" in output:
        return Unavailable(
            f"User id {os.geteuid()} has no name on this machine, and PostgreSQL needs one. Add it"
            " to /etc/passwd, or name a PostgreSQL server in CADRE_DATABASE_URL."
        )
    marks = ("PANIC:", "FATAL:", "error:", "could not")
    told = [line for mark in marks for line in output.splitlines() if mark in line]
    reason = (
        told[0].rpartition(": " if ":  " not in told[0] else ":  ")[2]
        if told
        else "no reason given"
    )
    return Unavailable(
        f"The database in {cluster.data} does not start: {reason}. See {cluster.log}; restore the"
        " folder from a backup, or move it away to start with an empty database."
    )


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
