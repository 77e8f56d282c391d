"""Invented outcomes of mentorships, from weights that the tests know and the learner does not."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import expit

from matching import LEARNABLE, Outcome

LIKE_EXPERTS = (0.22, 0.14, 0.12, 0.14, 0.06, 0.06, 0.12, 0.06, 0.05)


def outcomes(
    number: int,
    *,
    weights: Any = LIKE_EXPERTS,
    strength: float = 8.0,
    seed: int = 0,
    curve: Callable[[Any], Any] = np.asarray,
) -> list[Outcome]:
    """As many rated mentorships in five cycles; one mentor in ten says nothing."""
    draw = np.random.default_rng(seed)
    features = draw.integers(0, 51, (number, len(LEARNABLE))) / 50
    logits = curve(features) @ np.asarray(weights) * strength
    logits -= logits.mean()
    glad = draw.random((number, 2)) < expit(logits[:, None] + draw.normal(0, 0.3, (number, 2)))
    return [
        Outcome(
            mentee_id=f"e{row % (number // 2)}",
            mentor_id=f"m{draw.integers(0, number // 5)}",
            cycle=2020 + row * 5 // number,
            features=dict(zip(LEARNABLE, features[row].tolist(), strict=True)),
            mentee_rating=5.0 if glad[row, 0] else 2.0,
            mentor_rating=None if draw.random() < 0.1 else 4.0 if glad[row, 1] else 3.0,
        )
        for row in range(number)
    ]
