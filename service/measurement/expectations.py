"""Ratings beside what a calibration expects of them.

It leaves out the ratings of extreme elements, which fit whatever measure they are given. It
refuses to look at ratings that no measure belongs to.
"""

from dataclasses import dataclass

import numpy as np

from service.measurement.arrays import Floats
from service.measurement.calibrations import Calibration
from service.measurement.facet_models import Cells, Moments, moments
from service.measurement.ratings import BadRatings, Ratings


@dataclass(frozen=True)
class Expected:
    """Ratings, and what the model says of each, in the same order.

    Parameters
    ----------
    ratings : Ratings
    cells : Cells
    moments : Moments
    residuals : ndarray of float64, shape (R,)
        Observed less expected, in points.
    """

    ratings: Ratings
    cells: Cells
    moments: Moments
    residuals: Floats


def expect(ratings: Ratings, calibration: Calibration) -> Expected:
    """What the model says of each observed rating of elements that were calibrated.

    Raises
    ------
    BadRatings
        Where there is none.
    """
    kept = calibration.ruler.known(ratings)
    for name, rows in calibration.facets.items():
        facet = ratings.facet(name)
        aside = [row.label for row in rows if row.is_set_aside]
        kept &= ~np.isin(facet.labels, aside)[facet.codes]
    if not kept.any():
        raise BadRatings("none of these ratings was calibrated; give those that were")
    chosen = ratings.only(kept)
    cells, parameters = calibration.ruler.model(chosen)
    found = moments(cells, parameters)
    return Expected(chosen, cells, found, cells.scores - found.expectations)
