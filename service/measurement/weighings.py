"""Weighings: the utilities of whom the minimum standards admit, ready to be weighed anew.

It refuses to weigh fewer than two, among whom no weight decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from service.measurement.arrays import Floats
from service.measurement.composites import Formula, admit
from service.measurement.profiles import Profiles
from service.measurement.results import Convergence, Result, Status, Undefined


@dataclass(frozen=True)
class Weighing:
    """Candidates from the top by the published weights, equal ones by label.

    Parameters
    ----------
    labels : tuple of str
        The n candidates admitted.
    names : tuple of str
        The C criteria.
    utilities : ndarray of float64, shape (n, C)
    weights : ndarray of float64, shape (C,)
    counts : mapping of str to int
    """

    labels: tuple[str, ...]
    names: tuple[str, ...]
    utilities: Floats
    weights: Floats
    counts: Mapping[str, int]

    @classmethod
    def of(cls, profiles: Profiles, formula: Formula) -> "Weighing":
        """The weighing that these scores and this formula make.

        Raises
        ------
        BadProfiles
            As `composites.admit` does.
        """
        admitted = admit(profiles, formula).admitted
        utilities, weights = formula.utilities(admitted), formula.weights
        totals = np.round(utilities @ weights, 12).tolist()
        order = sorted(range(len(totals)), key=lambda i: (-totals[i], admitted.labels[i]))
        return cls(
            labels=tuple(admitted.labels[place] for place in order),
            names=formula.names,
            utilities=utilities[order],
            weights=weights,
            counts={
                "candidates": len(profiles),
                "admitted": len(order),
                "criteria": len(formula.criteria),
            },
        )

    def refused(self, analysis: str, method: str, *, seed: int | None = None) -> Result[Any]:
        """The answer where there are not two to weigh."""
        none = Undefined(f"weights decide among two or more, and {len(self.labels)} are admitted")
        refused = Convergence(Status.REFUSED)
        return Result(analysis, none, self.counts, method, seed=seed, convergence=refused)
