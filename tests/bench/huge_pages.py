"""Memory in huge pages for the benchmark's database, as a large server of its own would have it.

Without them every session of a large database maps each page of it anew, and that is what is
measured. It refuses to keep what it took: the machine is left as it was found.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_RESERVED = Path("/proc/sys/vm/nr_hugepages")
_MEMORY = Path("/proc/meminfo")
# What the database shares beside its buffers: locks, sessions, its log on the way to the disk.
_BESIDE = 1.1


@contextmanager
def reserved(mebibytes: int) -> Iterator[None]:
    """Sets aside huge pages for buffers of this size until the end, where the system lets us.

    The database takes them of itself where it finds enough, and does without where not.
    """
    before = _wanted()
    if before is None:
        yield
        return
    pages = int(mebibytes * _BESIDE) // _mebibytes() + 1
    try:
        # Memory is given in whole pages or not at all: what came together is read back.
        _RESERVED.write_text(str(before + pages))
        if _wanted() != before + pages:
            _RESERVED.write_text(str(before))
        yield
    finally:
        _RESERVED.write_text(str(before))


def _wanted() -> int | None:
    """How many are set aside; None where that is not ours to change."""
    with suppress(OSError), _RESERVED.open("r+") as reserved:
        return int(reserved.read())
    return None


def _mebibytes() -> int:
    """The size of one."""
    (line,) = (line for line in _MEMORY.read_text().splitlines() if "Hugepagesize" in line)
    return int(line.split()[1]) // 1024
