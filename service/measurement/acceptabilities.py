"""Acceptabilities: how often each candidate has each place when nobody knows the weights.

It refuses to choose weights: it draws them all over, and again around the published ones.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import rankdata

from service.measurement.arrays import Floats, seeded
from service.measurement.composites import Formula
from service.measurement.profiles import Profiles
from service.measurement.results import Result, Undefined
from service.measurement.weighings import Weighing

FEWEST_DRAWS: Final = 10_000
CONCENTRATION: Final = 50.0
_BLOCK: Final = 1_000
_EQUAL: Final = 1e-12


@dataclass(frozen=True)
class Acceptance:
    """What draws of weights of one kind came to.

    Parameters
    ----------
    shares : ndarray of float64, shape (n, n)
        The share of the weights that give the row's candidate place 1 to n; equal candidates
        share the better place.
    central : mapping of str to mapping of str to float, or Undefined
        By candidate, the mean of the weights that make them first: who would choose them.
    """

    shares: Floats
    central: Mapping[str, Mapping[str, float] | Undefined]


@dataclass(frozen=True)
class Acceptabilities:
    """Places under all weights.

    Parameters
    ----------
    labels : tuple of str
        The candidates, from the top by the published weights; the rows of both tables.
    uniform : Acceptance
        Every set of weights as likely as any other.
    around : Acceptance
        Weights near the published ones.
    """

    labels: tuple[str, ...]
    uniform: Acceptance
    around: Acceptance


def accept(
    profiles: Profiles,
    formula: Formula,
    *,
    seed: int,
    draws: int = FEWEST_DRAWS,
    concentration: float = CONCENTRATION,
) -> Result[Acceptabilities]:
    """How often each candidate has each place, over weights drawn.

    Parameters
    ----------
    profiles : Profiles
    formula : Formula
    seed : int
        Of the draws.
    draws : int
        Of each kind; at least 10,000.
    concentration : float
        Around the published weights w, Dirichlet(concentration * w) is drawn, whose standard
        deviations are the root of w (1 - w) / (concentration + 1): at 50 and w = 0.3, 0.064. A
        criterion that weighs nothing keeps weighing nothing there.

    Returns
    -------
    Result of Acceptabilities
        Refused with fewer than two candidates admitted.

    Raises
    ------
    BadProfiles
        As `composites.admit` does.
    ValueError
        For fewer draws than 10,000 and a concentration that is not positive.

    References
    ----------
    Lahdelma, R. & Salminen, P. (2001). SMAA-2: stochastic multicriteria acceptability analysis
    for group decision making. Operations Research 49(3), 444-454.
    """
    if draws < FEWEST_DRAWS:
        raise ValueError(f"{draws} draws are too few for a tail; ask for {FEWEST_DRAWS} or more")
    if not 0 < concentration < np.inf:
        raise ValueError(f"a concentration of {concentration} is none; give a positive number")
    weighing = Weighing.of(profiles, formula)
    method = "SMAA-2 (Lahdelma and Salminen 2001), exact scores"
    if len(weighing.labels) < 2:
        return weighing.refused("acceptability", method, seed=seed)
    random = seeded(seed)
    even = np.ones(len(weighing.names))
    near = concentration * weighing.weights
    found = Acceptabilities(
        labels=weighing.labels,
        uniform=_accepted(weighing, _drawn(random, even, draws)),
        around=_accepted(weighing, _drawn(random, near, draws)),
    )
    counts = {**weighing.counts, "draws": draws}
    prior = f"weights uniform, and Dirichlet({concentration:g} w) around the published w"
    cautions = tuple(_cautions(found))
    return Result("acceptability", found, counts, method, prior=prior, seed=seed, cautions=cautions)


def _drawn(random: np.random.Generator, alpha: Floats, draws: int) -> Floats:
    weights = np.zeros((draws, len(alpha)))
    counted = alpha > 0
    weights[:, counted] = random.dirichlet(alpha[counted], draws)
    return weights


def _accepted(weighing: Weighing, weights: Floats) -> Acceptance:
    n = len(weighing.labels)
    counts = np.zeros(n * n, dtype=np.int64)
    sums = np.zeros((n, len(weighing.names)))
    for start in range(0, len(weights), _BLOCK):
        block = weights[start : start + _BLOCK]
        totals = np.rint(block @ weighing.utilities.T / _EQUAL)
        places = rankdata(-totals, method="min", axis=1).astype(np.int64)
        counts += np.bincount((np.arange(n) * n + places - 1).ravel(), minlength=n * n)
        sums += (places == 1).astype(np.float64).T @ block
    table = counts.reshape(n, n)
    return Acceptance(table / len(weights), dict(_central(weighing, sums, table[:, 0].tolist())))


def _central(
    weighing: Weighing, sums: Floats, firsts: list[int]
) -> Iterator[tuple[str, Mapping[str, float] | Undefined]]:
    for label, total, times in zip(weighing.labels, sums, firsts, strict=True):
        if times:
            yield label, dict(zip(weighing.names, (total / times).tolist(), strict=True))
        else:
            yield label, Undefined("no weights drawn make this candidate first")


def _cautions(found: Acceptabilities) -> Iterator[str]:
    first = found.labels[0]
    near, even = found.around.shares[0, 0], found.uniform.shares[0, 0]
    yield (
        f"{first} is first under {100 * near:.0f} % of weights near the published ones and under"
        f" {100 * even:.0f} % of all weights; the scores count as exact."
    )
    never = [label for label, one in found.uniform.central.items() if isinstance(one, Undefined)]
    if never:
        yield f"Hardly any weights, or none, make these first: {', '.join(never)}."
