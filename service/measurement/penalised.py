"""Penalised estimation: the likeliest measures given normal priors, finite for any panel.

The default for one panel with few candidates. It refuses to hide its priors: whoever has few
ratings is pulled toward the middle by them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.measurement.ascents import Fit, Limits, Precisions, climb
from service.measurement.facet_models import Cells
from service.measurement.frames import Frame
from service.measurement.ratings import FacetName


@dataclass(frozen=True)
class Priors:
    """Standard deviations of normal priors with the mean zero, in logits.

    Parameters
    ----------
    candidates, assessors : float
    rest : float
        Of competencies and whatever other facets there are.
    """

    candidates: float = 2.0
    assessors: float = 1.0
    rest: float = 1.0

    @property
    def words(self) -> str:
        """What is assumed, for a result's `prior`."""
        return (
            f"candidates normal with mean 0 and standard deviation {self.candidates:g}, severities "
            f"of assessors with {self.assessors:g}, the other facets with {self.rest:g} logits; "
            "steps flat"
        )


def fit(
    cells: Cells,
    frame: Frame,
    others: Sequence[FacetName],
    *,
    priors: Priors,
    limits: Limits | None = None,
) -> Fit:
    """The posterior mode (Swaminathan and Gifford 1985; ridge priors), by Newton.

    In 200 simulated panels of each of 12 candidates by 4 assessors, 40 by 5, and 40 by 4 of 8,
    on 8 competencies, the 95 % intervals held 95 % of candidates, 94 to 95 % of severities and
    93 to 95 % of steps.

    Parameters
    ----------
    cells : Cells
    frame : Frame
    others : sequence of str
        The facets beside the candidate, in the order of `cells`.
    priors : Priors
    limits : Limits, optional
    """
    spreads = [priors.assessors if name == "assessor" else priors.rest for name in others]
    blocks = [
        np.full(size, spread**-2) for size, spread in zip(cells.sizes[1:], spreads, strict=True)
    ]
    shared = np.concatenate([*blocks, np.zeros(cells.used.size)])
    return climb(cells, frame, Precisions(priors.candidates**-2, shared), limits or Limits())
