"""Operations registered at deploy, which front ends then name by the hash of their text.

Registered once, an operation stays for the clients that still name it. It refuses to learn
one from a request.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from tortoise.transactions import in_transaction

from service import audit, models
from service.access.actors import Actor


@dataclass(frozen=True)
class Trusted:
    """An operation of a manifest, found good."""

    name: str
    text: str

    @property
    def digest(self) -> str:
        """The SHA-256 of its text, by which clients name it."""
        return digest_of(self.text)


def digest_of(text: str) -> str:
    """The SHA-256 of an operation's text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


async def register(operations: Iterable[Trusted], *, by: Actor) -> int:
    """How many of these were new. All of them are registered, or none."""
    async with in_transaction():
        # Two deployments at once queue up, so that each operation has one beginning.
        await audit.lock("persisted_operation")
        rows = await models.PersistedOperation.all().only("digest")
        known = {row.digest for row in rows}
        new = {trusted.digest: trusted for trusted in operations if trusted.digest not in known}
        for digest, trusted in new.items():
            row = await models.PersistedOperation.create(
                digest=digest, name=trusted.name, text=trusted.text
            )
            told = {"digest": digest, "name": trusted.name}
            await audit.record(audit.Entry(row, "register", audit.initial(told)), by=by)
    return len(new)


async def find(digest: str) -> str | None:
    """The text registered under this hash, or None."""
    found = await models.PersistedOperation.get_or_none(digest=digest)
    return found.text if found else None


async def every() -> list[models.PersistedOperation]:
    """All of them, oldest first."""
    return await models.PersistedOperation.all().order_by("id")
