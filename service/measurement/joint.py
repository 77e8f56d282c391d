"""Joint estimation: all measures at once, each with its observed score as the expected one.

Fit for adjusting severities. It refuses claims about the spread of candidates, which it makes
too wide where each has few ratings.
"""

import numpy as np

from service.measurement.ascents import Fit, Limits, Precisions, climb
from service.measurement.facet_models import Cells
from service.measurement.frames import Frame


def fit(cells: Cells, frame: Frame, limits: Limits | None = None) -> Fit:
    """Joint maximum likelihood (Wright and Panchapakesan 1969; Linacre 1989), by Newton.

    Measures exist only where no element has all its ratings at one end of the scale. In 200
    simulated panels of each of 12 candidates by 4 assessors, 40 by 5, and 40 by 4 of 8, on 8
    competencies, the 95 % intervals held 94 to 95 % of candidates and 92 to 94 % of severities,
    but only 89 to 93 % of steps: those intervals are too narrow.

    Parameters
    ----------
    cells : Cells
        Without extreme elements.
    frame : Frame
    limits : Limits, optional
    """
    none = Precisions(0.0, np.zeros(len(frame.offset)))
    return climb(cells, frame, none, limits or Limits())


def inflation(cells: Cells) -> float:
    """About by how much the spread of candidates comes out too wide: L / (L - 1).

    L is the harmonic mean of the candidates' numbers of ratings (Wright and Douglas 1977,
    Applied Psychological Measurement 1).
    """
    count = len(cells.counts[0]) / float((1.0 / cells.counts[0]).sum())
    return count / max(count - 1.0, 1.0)
