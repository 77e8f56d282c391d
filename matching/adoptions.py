"""From an approved model to what a run uses: a configuration whose scores are still sums.

Wishes about gender keep the experts' weight, for they are honoured and never learnt; so does
what no outcome could teach. It refuses a model that says nothing about pairs.
"""

from dataclasses import asdict, replace

import numpy as np

from matching.arrays import MICROS, Floats, Integers, micros
from matching.configurations import Configuration, Weights
from matching.curves import Curve
from matching.models import Model, Step
from matching.pair_features import LEARNABLE, PROTECTED


class NotAdoptable(ValueError):  # noqa: N818 - it says what was given, not what broke
    """The model cannot score pairs in a run; the message says why."""


def adopted(model: Model, configuration: Configuration) -> Configuration:
    """The configuration with the model's weights or curves, named after the model.

    The mean of both directions, which is the model's own fusion, is brought to the scale of
    scores: whatever the experts give to protected wishes stays, also what they give to features
    that steps were to be learnt from and that were the same in all outcomes; the rest of 1 is
    shared among the features by how much each can add. So the order of pairs is the model's,
    apart from those features and from what rounding to millionths makes equal, and
    contributions still sum to the score. `unmatched_value` stays and means another quality than
    before: look at it again.

    Raises
    ------
    NotAdoptable
        If no feature can add anything.
    """
    found = _weighed(model) if model.step is Step.LINEAR else _stepped(model)
    ranges = np.array([steps[-1] - steps[0] for _, steps in found])
    if ranges.sum() <= 0:
        raise NotAdoptable(
            "no feature of the model adds anything, so it tells no pair from another"
        )
    experts = asdict(configuration.weights)
    kept = {name: micros(experts[name]) for name in (*PROTECTED, *_unseen(model))}
    shares = _shared_out(ranges, MICROS - sum(kept.values()))
    amounts = dict(zip(LEARNABLE, shares.tolist(), strict=True)) | kept
    curves = () if model.step is Step.LINEAR else _curves(found, shares)
    return replace(
        configuration,
        weights=Weights(**{name: amount / MICROS for name, amount in amounts.items()}),
        curves=curves,
        version=model.version,
    )


def _unseen(model: Model) -> list[str]:
    """Features that were always the same; a logistic has left those to the experts already."""
    if model.step is Step.LINEAR:
        return []
    seen = np.any([side.lowest_ < side.highest_ for side in model.score.models_], axis=0)
    return [name for name, varied in zip(LEARNABLE, seen, strict=True) if not varied]


def _weighed(model: Model) -> list[tuple[Floats, Floats]]:
    """What each feature adds at 0 and at 1."""
    weights = np.mean([side.coef_ for side in model.score.models_], axis=0)
    return [(np.zeros(0), np.array([0.0, weight])) for weight in weights]


def _stepped(model: Model) -> list[tuple[Floats, Floats]]:
    """Where the mean of both sides steps for each feature, and what it adds on each step."""
    mine, theirs = model.score.models_
    found = []
    for place in range(len(LEARNABLE)):
        cuts = np.union1d(mine.cuts_[place], theirs.cuts_[place])
        # One value on each step: what is up to a cut counts as at the cut.
        values = np.append(cuts, np.inf)
        steps = [
            side.steps_[place][np.searchsorted(side.cuts_[place], values)]
            for side in (mine, theirs)
        ]
        found.append((cuts, np.mean(steps, axis=0)))
    return found


def _curves(found: list[tuple[Floats, Floats]], shares: Integers) -> tuple[Curve, ...]:
    return tuple(
        Curve(name, tuple(cuts.tolist()), tuple(_rescaled(steps, int(share))))
        for name, (cuts, steps), share in zip(LEARNABLE, found, shares, strict=True)
        if share
    )


def _rescaled(steps: Floats, share: int) -> list[int]:
    """The steps as whole numbers from 0 to the share."""
    reached: list[int] = (
        np.rint((steps - steps[0]) / (steps[-1] - steps[0]) * share).astype(np.int64).tolist()
    )
    return reached


def _shared_out(parts: Floats, total: int) -> Integers:
    """Whole numbers in proportion to the parts, summing to the total; the largest rests first."""
    exact = parts / parts.sum() * total
    shares: Integers = np.floor(exact).astype(np.int64)
    order = np.argsort(shares - exact, kind="stable")
    shares[order[: total - int(shares.sum())]] += 1
    return shares
