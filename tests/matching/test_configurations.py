"""Settings travel as JSON and refuse what would break a score."""

import json
from dataclasses import asdict
from typing import Any

import pytest

from matching import Configuration, InvalidConfiguration, Weights


def test_a_configuration_survives_json() -> None:
    chosen = Configuration(version="expert-2", unmatched_value=0.3, levels=("P-5", "D-1"))

    again = Configuration.from_json(json.loads(json.dumps(chosen.to_json())))

    assert again == chosen


def test_absent_settings_keep_their_defaults() -> None:
    assert Configuration.from_json({}) == Configuration()
    assert Configuration.from_json({"version": "x"}) == Configuration(version="x")


def test_the_expert_weights_sum_to_one() -> None:
    assert sum(round(weight * 1_000_000) for weight in asdict(Weights()).values()) == 1_000_000


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"weights": {"function": 0.5}}, "sum of weights"),
        ({"weights": {"function": -0.1, "goals": 0.44}}, "weights.function"),
        ({"weights": {"charm": 0.1}}, "unknown settings cannot be .'charm'"),
        ({"unmatched_value": float("nan")}, "unmatched_value"),
        ({"waiting_bonus_limit": 1.5}, "waiting_bonus_limit"),
        ({"working_language_level": 0}, "working_language_level cannot be 0"),
        ({"levels": ["D-1", "D-1"]}, "levels"),
        ({"adjacent_functions": [["a", "b", 2.0]]}, "adjacent_functions a, b cannot be 2.0"),
        ({"colour": "blue"}, "unknown settings cannot be .'colour'"),
    ],
)
def test_impossible_settings_are_refused_by_name(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidConfiguration, match=words):
        Configuration.from_json(settings)


def test_waiting_counts_up_to_the_limit() -> None:
    configuration = Configuration(waiting_bonus_per_day=0.001, waiting_bonus_limit=0.02)

    assert [configuration.priority(days) for days in (0, 1, 20, 500)] == [0, 1000, 20_000, 20_000]
