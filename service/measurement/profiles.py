"""Profiles: what each candidate scored on each criterion, and how surely.

A criterion without a score stays without one. It refuses names given twice, and errors that
are none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from service.measurement.arrays import Floats, Masks

_ROUNDING = 1e-9


class BadProfiles(ValueError):  # noqa: N818 - it says what the profiles are
    """Profiles or criteria that cannot be weighed; the message names which, and the remedy."""


@dataclass(frozen=True)
class Profiles:
    """Scores of n candidates on C criteria; higher is better.

    Parameters
    ----------
    labels : tuple of str
        The candidates.
    criteria : tuple of str
    scores : ndarray of float64, shape (n, C)
        NaN where nothing was observed.
    errors : ndarray of float64, shape (n, C, C), optional
        The covariance of the errors of each candidate's scores. Errors of two candidates are
        taken as unrelated; where the same assessors rate both, differences are surer than that.

    Raises
    ------
    BadProfiles
    """

    labels: tuple[str, ...]
    criteria: tuple[str, ...]
    scores: Floats
    errors: Floats | None = None

    def __post_init__(self) -> None:
        for kind, names in (("candidate", self.labels), ("criterion", self.criteria)):
            for name in names:
                if names.count(name) > 1:
                    raise BadProfiles(f"the {kind} {name} is there twice; keep one")
        shape = len(self.labels), len(self.criteria)
        if self.scores.shape != shape:
            raise BadProfiles(f"scores must be {shape[0]} by {shape[1]}, not {self.scores.shape}")
        if np.isinf(self.scores).any():
            row = int(np.flatnonzero(np.isinf(self.scores).any(axis=1))[0])
            raise BadProfiles(f"{self.labels[row]} has an infinite score; give a number or NaN")
        _check_errors(self)

    @classmethod
    def of(
        cls,
        labels: Sequence[str],
        criteria: Sequence[str],
        scores: npt.ArrayLike | Sequence[Sequence[float | None]],
        errors: npt.ArrayLike | None = None,
    ) -> "Profiles":
        """Profiles from anything that numpy takes for an array; None is not observed.

        `errors` may also be standard errors, shape (n, C), of unrelated errors.
        """
        table = np.array(scores, dtype=np.float64).reshape(len(labels), -1)
        if errors is None:
            return cls(tuple(labels), tuple(criteria), table)
        spread = np.array(errors, dtype=np.float64)
        if spread.ndim == 2:
            spread = np.einsum("nc,cd->ncd", spread**2, np.eye(spread.shape[1]))
        return cls(tuple(labels), tuple(criteria), table, spread)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def complete(self) -> Masks:
        """Whose scores are all there, shape (n,)."""
        seen: Masks = ~np.isnan(self.scores)
        return np.asarray(seen.all(axis=1))

    def only(self, kept: Masks) -> "Profiles":
        """These candidates alone, sorted by label, so that the order of the input is lost."""
        places = sorted(np.flatnonzero(kept).tolist(), key=lambda place: self.labels[place])
        return Profiles(
            tuple(self.labels[place] for place in places),
            self.criteria,
            self.scores[places],
            None if self.errors is None else self.errors[places],
        )


def _check_errors(profiles: Profiles) -> None:
    errors = profiles.errors
    if errors is None:
        return
    n, count = profiles.scores.shape
    if errors.shape != (n, count, count):
        raise BadProfiles(f"errors must be {n} by {count} by {count}, not {errors.shape}")
    for label, scores, spread in zip(profiles.labels, profiles.scores, errors, strict=True):
        seen = ~np.isnan(scores)
        of_seen = spread[np.ix_(seen, seen)]
        if not np.isfinite(of_seen).all():
            raise BadProfiles(f"{label} has an error that is not finite; give one for each score")
        room = _ROUNDING * float(np.abs(of_seen).max(initial=0.0))
        if np.abs(of_seen - of_seen.T).max(initial=0.0) > room:
            raise BadProfiles(f"{label} has errors whose covariance is not symmetric")
        if seen.any() and np.linalg.eigvalsh(of_seen).min() < -room * count:
            raise BadProfiles(f"{label} has errors whose covariance makes some variance negative")
