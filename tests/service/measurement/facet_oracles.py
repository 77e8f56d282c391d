"""The same likelihoods written down plainly, one rating after the other, and climbed by scipy."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special, stats

from service.measurement.arrays import Floats
from service.measurement.ratings import Ratings


@dataclass(frozen=True)
class Found:
    """Where the optimiser stopped: the last measure of a centred facet follows from the rest."""

    log_likelihood: float
    candidates: Floats
    assessors: Floats
    competencies: Floats
    steps: Floats
    spread: Floats


def probabilities(eta: float | Floats, steps: Floats) -> Floats:
    """Of each value, by the product of odds; one row for each of many."""
    odds = np.exp(np.cumsum(np.subtract.outer(eta, steps), axis=-1))
    whole = np.concatenate([np.ones((*odds.shape[:-1], 1)), odds], axis=-1)
    return np.asarray(whole / whole.sum(axis=-1, keepdims=True))


def unpacked(x: Floats, sizes: Sequence[int], owners: int, values: int) -> tuple[Floats, ...]:
    """Candidates, centred assessors and competencies, centred steps of each owner, and the rest."""
    people, assessors, competencies = sizes
    parts = np.split(
        x,
        np.cumsum([people, assessors - 1, competencies - 1, owners * (values - 2)]),
    )
    centred = [np.append(part, -part.sum()) for part in parts[1:3]]
    steps = parts[3].reshape(owners, values - 2)
    steps = np.hstack([steps, -steps.sum(axis=1, keepdims=True)])
    return parts[0], centred[0], centred[1], steps, parts[4]


def joint(
    ratings: Ratings, owner: str | None = None, prior: Sequence[float] | None = None
) -> Found:
    """All measures at once; with the standard deviations of priors, the posterior mode."""
    sizes = [len(ratings.candidate), len(ratings.assessor), len(ratings.competency)]
    owners = 1 if owner is None else len(getattr(ratings, owner))
    values = ratings.scale.size

    def loss(x: Floats) -> float:
        people, assessors, competencies, steps, _ = unpacked(x, sizes, owners, values)
        total = 0.0
        for n, j, i, value in rows(ratings):
            whose = steps[{"assessor": j, "competency": i}.get(owner or "", 0)]
            eta = people[n] - assessors[j] - competencies[i]
            total -= float(np.log(probabilities(eta, whose)[value]))
        if prior:
            parts = zip((people, assessors, competencies), prior, strict=True)
            total += sum(float((part**2).sum()) / (2 * spread**2) for part, spread in parts)
        return total

    x = climbed(loss, sum(sizes) - 2 + owners * (values - 2))
    measures = unpacked(x, sizes, owners, values)
    return Found(-loss(x), *measures)


def marginal(ratings: Ratings) -> Found:
    """The candidates averaged over by a plain sum under the density, told by posterior means."""
    sizes = [0, len(ratings.assessor), len(ratings.competency)]
    at = np.linspace(-12, 12, 241)

    def posterior(x: Floats) -> tuple[Floats, float]:
        _, assessors, competencies, steps, spread = unpacked(x, sizes, 1, ratings.scale.size)
        density = stats.norm.logpdf(at, *spread) + np.log(at[1] - at[0])
        logs = np.tile(density, (len(ratings.candidate), 1))
        for n, j, i, value in rows(ratings):
            logs[n] += np.log(
                probabilities(at - assessors[j] - competencies[i], steps[0])[:, value]
            )
        sums = special.logsumexp(logs, axis=1)
        return np.exp(logs - sums[:, None]), float(sums.sum())

    count = sum(sizes) - 2 + ratings.scale.size
    x = climbed(lambda x: -posterior(x)[1], count, np.append(np.zeros(count - 1), 1.0))
    shares, height = posterior(x)
    measures = unpacked(x, sizes, 1, ratings.scale.size)
    return Found(height, shares @ at, *measures[1:])


def rows(ratings: Ratings) -> list[tuple[int, int, int, int]]:
    """Candidate, assessor, competency and score of each rating."""
    return list(
        zip(
            ratings.candidate.codes.tolist(),
            ratings.assessor.codes.tolist(),
            ratings.competency.codes.tolist(),
            (ratings.values - ratings.scale.lowest).tolist(),
            strict=True,
        )
    )


def climbed(loss: Callable[[Floats], float], count: int, start: Floats | None = None) -> Floats:
    """Where a loss of so many numbers is least, by differences alone."""
    found = optimize.minimize(
        loss, np.zeros(count) if start is None else start, method="BFGS", options={"gtol": 1e-5}
    )
    return np.asarray(found.x)


def holm(values: Sequence[float]) -> list[float]:
    """Holm's adjusted probabilities, as his paper steps through them."""
    order = sorted(range(len(values)), key=lambda place: values[place])
    adjusted, highest = [0.0] * len(values), 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(values) - rank) * values[place]))
        adjusted[place] = highest
    return adjusted


def normal_p(z: float) -> float:
    """Two-sided."""
    return float(2 * stats.norm.sf(abs(z)))
