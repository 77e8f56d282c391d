"""Where the embedded database lives, who its server runs as, and how its programs are run.

It refuses a folder that holds something else than a database of this version,
and never opens a folder to anybody.
"""

import asyncio
import os
import pwd
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.binaries import MAJOR, binaries, system_user
from service.errors import Unavailable

# PostgreSQL's words for a full disk; the last is what it says when a page only fits in part.
FULL = re.compile(r"No space left on device|Disk quota exceeded|wrote only \d+ of \d+ bytes")


@dataclass(frozen=True)
class Cluster:
    """A database in its folder.

    PostgreSQL does not run as root, so for root (`owner` is set) the server
    runs as the owner of the folder, or as a system user of its own. That user
    need not be able to walk to the folder, which may lie in a closed home: the
    server is put into it before it drops root, and finds it as its own working
    directory. So the data stay where they were asked to be, whoever starts it.
    """

    folder: Path
    programs: Path
    owner: tuple[int, int] | None

    @property
    def data(self) -> Path:
        """Where PostgreSQL keeps the database itself."""
        return self.folder / "postgres"

    @property
    def log(self) -> Path:
        """What the server has told, the newest last."""
        return self.folder / "postgres.log"

    def named_from(self, place: Path) -> str:
        """What a program that is started in `place` calls it."""
        return str(place) if self.owner is None else "/proc/self/cwd"

    def opened(self, name: str) -> int:
        """A descriptor of a private file in the folder, which belongs to the folder's owner."""
        try:
            file = os.open(self.folder / name, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise unusable(self.folder, error) from error
        if self.owner is not None:
            kept = self.folder.stat()
            os.fchown(file, kept.st_uid, kept.st_gid)
        return file

    def give(self, place: Path) -> None:
        """Hands a folder and all in it to the server's user; nothing to do unless we are root."""
        if self.owner is None:
            return
        os.chown(place, *self.owner)
        for parent, folders, files in os.walk(place):
            for name in (*folders, *files):
                os.chown(Path(parent, name), *self.owner, follow_symlinks=False)


def cluster_in(data_dir: Path) -> Cluster:
    """The cluster of a data folder, which is made when it is missing; the database may be not."""
    folder = data_dir.expanduser().absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        cluster = Cluster(folder, binaries(), _owner(folder))
        _check(cluster.data)
    except OSError as error:
        raise unusable(folder, error) from error
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
    if not data.exists() or not any(data.iterdir()):
        return
    away = f"Move {data} away to start with an empty database, or restore it from a backup."
    try:
        version = (data / "PG_VERSION").read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        raise Unavailable(
            f"The database is broken: its file PG_VERSION is missing. {away}"
        ) from None
    if version != MAJOR:
        raise Unavailable(
            f"The database was made by PostgreSQL {version or 'of an unknown version'}, and this is"
            f" PostgreSQL {MAJOR}: dump it with the old version and load the dump here. {away}"
        )


def unusable(folder: Path, error: OSError) -> Unavailable:
    """One sentence for what the operating system holds against the data folder."""
    another = "Name another folder in CADRE_DATA_DIR"
    if isinstance(error, PermissionError):
        return Unavailable(
            f"The data folder {folder} is not open to this user ({_belongings(folder)})."
            f" {another}, or start Cadre as the user it belongs to."
        )
    if isinstance(error, FileExistsError | NotADirectoryError):
        return Unavailable(f"The data folder {folder} is, or lies under, a file. {another}.")
    reason = (error.strerror or str(error)).lower()
    return Unavailable(
        f"The data folder {folder} cannot be used: {reason}. {another}, or mend this one."
    )


def _belongings(folder: Path) -> str:
    for place in (folder, *folder.parents):
        try:
            uid = place.stat().st_uid
        except OSError:
            continue
        try:
            return f"{place} belongs to {pwd.getpwuid(uid).pw_name}"
        except KeyError:
            return f"{place} belongs to user {uid}"
    return "its owner is not known"


async def run(cluster: Cluster, command: list[str], place: Path) -> tuple[int, str]:
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
    cluster: Cluster, command: list[str], place: Path, log: int
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


def failure(cluster: Cluster, output: str) -> Unavailable:
    """One sentence with the remedy for what a PostgreSQL program logged before it gave up."""
    if FULL.search(output):
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
    told = re.search(r"(?:PANIC|FATAL|error): +(.+)", output)
    reason = told.group(1) if told else "it gives no reason"
    return Unavailable(
        f"The database in {cluster.data} does not start: {reason}. See {cluster.log}; restore the"
        " folder from a backup, or move it away to start with an empty database."
    )
