"""What PostgreSQL says when it gives up, and what Cadre makes of it."""

from pathlib import Path

import pytest

from service.clusters import Cluster, failure


@pytest.mark.parametrize(
    "output",
    [
        'FATAL:  could not write lock file "postmaster.pid": No space left on device',
        'initdb: error: could not write file "/data/PG_VERSION": Disk quota exceeded',
        'FATAL:  could not extend file "base/1/2691": wrote only 4096 of 8192 bytes at block 10',
    ],
)
def test_a_full_disk_is_named_with_how_much_room_is_needed(tmp_path: Path, output: str) -> None:
    message = failure(Cluster(tmp_path, tmp_path, None), output).message
    assert message.startswith(f"The disk that holds {tmp_path} is full (")
    assert message.endswith(
        " MB free): make room for at least 300 MB,"
        " or name a folder on another disk in CADRE_DATA_DIR."
    )


def test_a_user_without_a_name_gets_the_remedy(tmp_path: Path) -> None:
    output = "initdb: error: could not look up effective user ID 54321: user does not exist"
    message = failure(Cluster(tmp_path, tmp_path, None), output).message
    assert "Add it to /etc/passwd, or name a PostgreSQL server in CADRE_DATABASE_URL." in message


def test_any_other_end_is_told_in_the_servers_words_with_the_log(tmp_path: Path) -> None:
    output = "LOG:  starting\n2026-01-01 UTC [1] PANIC:  could not locate a valid checkpoint\n"
    assert failure(Cluster(tmp_path, tmp_path, None), output).message == (
        f"The database in {tmp_path}/postgres does not start: could not locate a valid checkpoint."
        f" See {tmp_path}/postgres.log; restore the folder from a backup,"
        " or move it away to start with an empty database."
    )
