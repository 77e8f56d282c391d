"""Keys made from names and seeds have the shape of UUIDv7 and never surprise."""

from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import pytest

from seeds.identities import Sequence, named

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def test_a_name_gives_one_key_for_ever() -> None:
    assert named("mission", "UNTSO") == named("mission", "UNTSO")
    assert named("mission", "UNTSO").version == 7


@pytest.mark.parametrize("other", [("mission", "UNDOF"), ("missionU", "NTSO"), ("mission",)])
def test_another_name_gives_another_key(other: tuple[str, ...]) -> None:
    assert named(*other) != named("mission", "UNTSO")


def test_keys_ascend_across_takings_and_say_when_they_were_made() -> None:
    keys = Sequence(np.random.default_rng(5), NOON)
    taken = [UUID(str(key)) for key in [*keys.take(3), *keys.take(2), *keys.take(1)]]
    assert taken == sorted(set(taken))
    assert {key.version for key in taken} == {7}
    assert [(key.int >> 80) - int(NOON.timestamp() * 1000) for key in taken] == [0, 1, 2, 3, 4, 5]


def test_the_same_seed_gives_the_same_keys() -> None:
    first, second = (Sequence(np.random.default_rng(5), NOON).take(4) for _ in range(2))
    assert first == second
