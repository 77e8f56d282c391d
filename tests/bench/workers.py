"""The servers under measurement, one process each, and what they and the database use.

It ends only the processes that it started.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

PATIENCE = 60.0
POOL = 10
_BOUNDLESS = {"budget": 2**31 - 1, "budget_per_second": 2**31 - 1}


@dataclass(frozen=True)
class Worker:
    """A server that listens on this port of the machine."""

    process: psutil.Process
    port: int
    told: Path

    @property
    def last_words(self) -> str:
        """The end of what it has written."""
        return _last_words(self.told)

    def seconds(self) -> float:
        """Seconds of processor that it has used, with its children."""
        return _used(self.process)


def free_port() -> int:
    """A port that nobody listened on just now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        number: int = listener.getsockname()[1]
        return number


@contextmanager
def started(
    command: Sequence[str], port: int, variables: Mapping[str, str], told: Path
) -> Iterator[Worker]:
    """The server of this command, listening on the port, until the end; it writes to `told`."""
    with told.open("wb") as log:
        process = subprocess.Popen(
            command, env={**_kept(), **variables}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        _await(process, port, told)
        yield Worker(psutil.Process(process.pid), port, told)
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(15)
        process.kill()
        process.wait()


def _await(process: subprocess.Popen[bytes], port: int, told: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"a server did not start: {_last_words(told)}")


def _last_words(told: Path) -> str:
    return told.read_text(errors="replace")[-2000:]


@contextmanager
def cadre(url: str, told: Path) -> Iterator[Worker]:
    """Cadre as an operator starts it."""
    port = free_port()
    command = [sys.executable, "-P", "-m", "cadre", "serve", "--port", str(port)]
    with started(command, port, _settings(url), told) as worker:
        yield worker


def operator(url: str, *words: str) -> subprocess.CompletedProcess[str]:
    """What becomes of this command of an operator on the database."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "cadre", *words],
        env={**_kept(), **_settings(url)},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


@contextmanager
def own(what: str, url: str, told: Path, *more: str) -> Iterator[Worker]:
    """A server of this package: `floors` or `ordinary`."""
    port = free_port()
    command = [sys.executable, "-P", "-m", f"tests.bench.{what}", str(port), url, *more]
    with started(command, port, _settings(url), told) as worker:
        yield worker


def _kept() -> dict[str, str]:
    """The environment without what the benchmark's caller has set for their own Cadre."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CADRE_")}


def _settings(url: str) -> dict[str, str]:
    return {
        "CADRE_DATABASE_URL": url,
        "CADRE_ENVIRONMENT": "test",
        "CADRE_POOL_SIZE": str(POOL),
        # One account asks here what a thousand would; its budget is counted and never spent.
        "CADRE_LIMITS": json.dumps(dict.fromkeys(("*", "ANONYMOUS"), _BOUNDLESS)),
    }


@dataclass(frozen=True)
class Database:
    """The database server whose sessions work for all workers."""

    process: psutil.Process

    def seconds(self) -> float:
        """Seconds of processor of all its processes, those that have ended included."""
        return _used(self.process)


def database_of(data_dir: Path) -> Database:
    """The server that runs in this data folder."""
    lines = (data_dir / "postgres" / "postmaster.pid").read_text().splitlines()
    return Database(psutil.Process(int(lines[0])))


def _used(process: psutil.Process) -> float:
    ended = process.cpu_times()
    total = ended.children_user + ended.children_system + _ran(process.pid)
    for child in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            ended = child.cpu_times()
            total += ended.children_user + ended.children_system + _ran(child.pid)
    return float(total)


def _ran(pid: int) -> float:
    """Seconds that the threads of a process ran; 0 once it is gone.

    The scheduler counts nanoseconds. What a process is told of its own time is cut to hundredths
    of a second, which is a half of what some loads take in all.
    """
    total = 0
    with suppress(FileNotFoundError, ProcessLookupError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            total += int((thread / "schedstat").read_text().split()[0])
    return total / 1e9
