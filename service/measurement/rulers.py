"""Measures by their labels, and what they mean on the scale of the ratings.

Labels outlive one set of ratings, so that measures can be looked at beside others than those
that made them. It refuses to measure whom no calibration measured.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from service.measurement.arrays import Floats, Masks
from service.measurement.facet_models import (
    OWNERS,
    Cells,
    Form,
    Parameters,
    log_odds,
    normalised,
)
from service.measurement.ratings import FacetName, Ratings

ALL: Final = "all"
"""Who owns the steps that everybody shares."""


@dataclass(frozen=True)
class Ruler:
    """Measures in logits, by facet and label.

    Parameters
    ----------
    form : Form
    others : tuple of str
        The facets beside the candidate.
    values : mapping of str to mapping of str to float
    ladders : mapping of str to ndarray of float64, shape (K,)
        The sums of the steps up to each value, by who owns them.
    used : mapping of str to ndarray of bool, shape (K,)
        Which values those have used.
    """

    form: Form
    others: tuple[FacetName, ...]
    values: Mapping[FacetName, Mapping[str, float]]
    ladders: Mapping[str, Floats]
    used: Mapping[str, Masks]

    @property
    def names(self) -> tuple[FacetName, ...]:
        """All facets, the candidate first."""
        return ("candidate", *self.others)

    def known(self, ratings: Ratings, but: FacetName | None = None) -> Masks:
        """Which observed cells have a measure in each facet (but one), and steps."""
        known = ratings.seen.copy()
        for name in self.names:
            if name != but:
                known &= _known(ratings, name, self.values[name])
        owner = OWNERS[self.form]
        return known & _known(ratings, owner, self.ladders) if owner else known

    def model(self, ratings: Ratings) -> tuple[Cells, Parameters]:
        """The cells of ratings that are all `known`, and the parameters that belong to them."""
        cells = Cells.of(ratings, self.others, self.form)
        owner = OWNERS[self.form]
        owners = ratings.facet(owner).labels if owner else (ALL,)
        values = [
            np.array([self.values[name].get(label, 0.0) for label in ratings.facet(name).labels])
            for name in self.names
        ]
        ladders = np.stack([self.ladders[label] for label in owners])
        used = np.stack([self.used[label] for label in owners])
        return replace(cells, used=used), Parameters(values[0], tuple(values[1:]), ladders)


def _known(ratings: Ratings, name: FacetName, labels: Mapping[str, object]) -> Masks:
    facet = ratings.facet(name)
    found: Masks = np.isin(facet.labels, list(labels))[facet.codes]
    return found


@dataclass(frozen=True)
class FairScale:
    """What each element would be rated with all other facets at their means.

    Parameters
    ----------
    ruler : Ruler
    means : mapping of str to float
        Of each facet, in logits.
    lowest : int
        Of the scale.
    """

    ruler: Ruler
    means: Mapping[FacetName, float]
    lowest: int

    def fair(self, name: FacetName, labels: Sequence[str], values: Floats) -> tuple[Floats, Floats]:
        """Fair averages in points of the scale, and by how much one logit raises each.

        E[x] with the other facets at their means (Linacre 1989); where another facet owns the
        steps, the mean over its elements, each at its own measure.

        Parameters
        ----------
        name : str
            The facet of these elements.
        labels : sequence of str
        values : ndarray of float64, shape (L,)
            Their measures.

        Returns
        -------
        fair, slopes : ndarray of float64, shape (L,) each
        """
        owner = OWNERS[self.ruler.form]
        if owner is None or owner == name:
            owners = [ALL if owner is None else label for label in labels]
            return self._expected(self._etas(name, values), owners)
        found = [
            self._expected(
                self._etas(name, values) + self.means[owner] - self.ruler.values[owner][label],
                [label] * len(labels),
            )
            for label in self.ruler.ladders
        ]
        fair, slopes = zip(*found, strict=True)
        return np.mean(fair, axis=0), np.mean(slopes, axis=0)

    def _etas(self, name: FacetName, values: Floats) -> Floats:
        signs = {each: 1.0 if each == "candidate" else -1.0 for each in self.ruler.names}
        rest = sum(signs[each] * mean for each, mean in self.means.items() if each != name)
        found: Floats = signs[name] * values + rest
        return found

    def _expected(self, etas: Floats, owners: Sequence[str]) -> tuple[Floats, Floats]:
        ladders = np.stack([self.ruler.ladders[owner] for owner in owners])
        used = np.stack([self.ruler.used[owner] for owner in owners])
        shares, _ = normalised(log_odds(etas, ladders, used, np.arange(len(etas))))
        points = np.arange(len(shares), dtype=np.float64)
        expected = points @ shares
        variances: Floats = points**2 @ shares - expected**2
        return self.lowest + expected, variances
