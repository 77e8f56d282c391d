"""Ratings beside what a calibration expects of them.

It leaves out ratings that could not have been otherwise: those of extreme elements, which fit
any measure, and those on steps of one value. It refuses ratings that no measure belongs to.
"""

from dataclasses import dataclass

import numpy as np

from service.measurement.arrays import Floats, Masks
from service.measurement.calibrations import Calibration
from service.measurement.facet_models import OWNERS, Cells, Moments, moments
from service.measurement.ratings import BadRatings, Ratings
from service.measurement.rulers import ALL


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
    chosen = ratings.only(kept & _is_open(ratings, calibration))
    if not len(chosen):
        raise BadRatings("none of these ratings was calibrated; give those that were")
    cells, parameters = calibration.ruler.model(chosen)
    found = moments(cells, parameters)
    return Expected(chosen, cells, found, cells.scores - found.expectations)


def _is_open(ratings: Ratings, calibration: Calibration) -> Masks:
    """Which ratings were given on steps of more than one value."""
    owner, used = OWNERS[calibration.form], calibration.ruler.used
    if owner is None:
        return np.full(len(ratings), used[ALL].sum() > 1)
    facet = ratings.facet(owner)
    several = [label in used and used[label].sum() > 1 for label in facet.labels]
    found: Masks = np.array(several)[facet.codes]
    return found
