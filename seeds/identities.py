"""Keys that are the same wherever the same seed is planted.

They have the shape of UUIDv7, but their randomness comes from a name or a seeded
generator instead of the clock. They are no secret and must guard nothing.
"""

from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

import numpy as np
from asyncpg.pgproto import pgproto
from numpy.typing import NDArray

_NAMED_AT = datetime(2026, 1, 1, tzinfo=UTC)


def named(*words: str) -> UUID:
    """The key of whatever these words name; the same words give the same key for ever."""
    digest = sha256("\x1f".join(words).encode()).digest()
    return UUID(bytes=bytes(_shaped(np.frombuffer(digest[:16], dtype=np.uint8)[None], _NAMED_AT)))


class Sequence:
    """Ascending keys from a seeded generator, quick enough for millions."""

    def __init__(self, rng: np.random.Generator, started_at: datetime) -> None:
        self._rng = rng
        self._started_at = started_at
        self._taken = 0

    def take(self, count: int) -> list[pgproto.UUID]:
        """The next `count` keys; each sorts after all that were taken before."""
        noise = self._rng.integers(0, 256, size=(count, 16), dtype=np.uint8)
        packed = bytes(_shaped(noise, self._started_at, self._taken))
        self._taken += count
        return [pgproto.UUID(packed[at : at + 16]) for at in range(0, len(packed), 16)]


def _shaped(noise: NDArray[np.uint8], at: datetime, taken: int = 0) -> NDArray[np.uint8]:
    shaped = noise.copy()
    moments = np.arange(len(noise), dtype=">u8") + (int(at.timestamp() * 1000) + taken)
    shaped[:, :6] = moments.astype(">u8").view(np.uint8).reshape(-1, 8)[:, 2:]
    shaped[:, 6] = (shaped[:, 6] & 0x0F) | 0x70
    shaped[:, 8] = (shaped[:, 8] & 0x3F) | 0x80
    return shaped
