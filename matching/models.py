"""A learned model: both directions, their additive fusion, and the curve to probabilities.

Its version is the hash of its numbers, so one name is one model. It refuses to be anything
but plain numbers: whatever is stored of it can be read by a person.
"""

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression

from matching.arrays import Floats
from matching.compatibilities import AdditiveCompatibility, MonotoneAdditiveCompatibility
from matching.pair_features import LEARNABLE, Values
from matching.reciprocity import ReciprocalScore

ISOTONIC_FROM: Final = 1000
"""Rows from which a free rising curve is drawn; below, it would follow single rows."""


class Step(StrEnum):
    """How much is learnt."""

    EXPERT = "EXPERT"
    LINEAR = "LINEAR"
    BOOSTED = "BOOSTED"


@dataclass(frozen=True)
class Sigmoid:
    """`expit(slope * logit + intercept)`, with a slope that is not negative."""

    slope: float
    intercept: float

    def __call__(self, logits: Floats) -> Floats:
        """Probabilities, shape (k,)."""
        found: Floats = expit(self.slope * logits + self.intercept)
        return found


@dataclass(frozen=True)
class Isotonic:
    """Points of a curve that never falls, shape (points,) each, with straight lines between."""

    logits: Floats
    rates: Floats

    def __call__(self, logits: Floats) -> Floats:
        """Probabilities, shape (k,)."""
        return np.interp(logits, self.logits, self.rates)


Calibration = Sigmoid | Isotonic


def calibrate(logits: Floats, outcomes: Floats) -> Calibration:
    """The curve from logits, foretold for rows not learnt from, to what came of them, (k,) each."""
    if len(logits) < ISOTONIC_FROM:
        found = AdditiveCompatibility(monotonic_cst=[1], shrinkage=1.0)
        found.fit(logits[:, None], outcomes.astype(np.int64))
        return Sigmoid(float(found.coef_[0]), found.intercept_)
    curve = IsotonicRegression(out_of_bounds="clip").fit(logits, outcomes)
    return Isotonic(curve.X_thresholds_, curve.y_thresholds_)


@dataclass(frozen=True)
class Model:
    """What was learnt about pairs.

    Parameters
    ----------
    step : Step
    score : ReciprocalScore
        Fitted, of additive fusion, on the columns of `LEARNABLE`.
    calibration : Sigmoid or Isotonic
        From its logits to how likely both sides will be content.
    """

    step: Step
    score: ReciprocalScore
    calibration: Calibration

    def probabilities(self, features: Floats | Values) -> Floats:
        """How likely both sides of each pair will be content, shape (k,)."""
        return self.calibration(self.score.decision_function(features))

    @property
    def version(self) -> str:
        """A name that no other model has."""
        return f"{self.step.lower()}-{self.digest[:12]}"

    @property
    def digest(self) -> str:
        """The SHA-256 of the model's numbers, in hexadecimal."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """All numbers of the model, for a person to read."""
        return {
            "step": self.step.value,
            "features": list(LEARNABLE),
            "mentee": _numbers(self.score.models_[0]),
            "mentor": _numbers(self.score.models_[1]),
            "calibration": {name: _plain(part) for name, part in vars(self.calibration).items()},
        }


def _numbers(model: AdditiveCompatibility | MonotoneAdditiveCompatibility) -> dict[str, Any]:
    if isinstance(model, AdditiveCompatibility):
        return {"intercept": model.intercept_, "weights": model.coef_.tolist()}
    return {
        "intercept": model.intercept_,
        "cuts": [cuts.tolist() for cuts in model.cuts_],
        "steps": [steps.tolist() for steps in model.steps_],
        "lowest": model.lowest_.tolist(),
        "highest": model.highest_.tolist(),
    }


def _plain(part: Any) -> Any:
    return part.tolist() if isinstance(part, np.ndarray) else part
