"""The information about measures, with every candidate eliminated.

A candidate's rating says nothing of another's but through what they share, so that the block
of candidates is diagonal. It refuses to form a matrix of all candidates by all.
"""

from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import TypeAlias

import numpy as np
from scipy import linalg, sparse

from service.measurement.arrays import Floats
from service.measurement.facet_models import Cells, Meetings, Moments, totals


class NotIdentified(ValueError):  # noqa: N818 - it says what the measures are
    """The data leave a direction open in which nothing is known."""


Basis: TypeAlias = "sparse.csr_array[np.float64]"
"""The free directions of the shared measures, as columns, shape (Q, q)."""


@dataclass(frozen=True)
class Information:
    """Minus the second derivatives of the log-likelihood.

    Parameters
    ----------
    own : ndarray of float64, shape (N,)
        Of each candidate; infinite where one is held.
    cross : sparse array of float64, shape (N, Q)
        Between candidates and the shared measures.
    shared : ndarray of float64, shape (Q, Q)
    """

    own: Floats
    cross: "sparse.csr_array[np.float64]"
    shared: Floats

    def solve(self, own: Floats, shared: Floats, basis: Basis) -> tuple[Floats, Floats]:
        """The Newton step of candidates, shape (N,), and of shared measures, shape (Q,).

        Eliminates the candidates by the Schur complement of their diagonal block.

        Parameters
        ----------
        own, shared : ndarray of float64, shapes (N,) and (Q,)
            The gradient.
        basis : sparse array of float64, shape (Q, q)

        Raises
        ------
        NotIdentified
            If some free direction has no information.
        """
        gradient = np.asarray(basis.T @ (shared - self.cross.T @ (own / self.own)))
        step = np.asarray(basis @ self._solved(gradient, basis))
        return (own - self.cross @ step) / self.own, step

    def uncertainty(self, basis: Basis) -> "Uncertainty":
        """The inverse, in parts. Raises NotIdentified as `solve` does."""
        half = self._solved(basis.T.toarray(), basis)
        slopes = sparse.csr_array(self.cross.multiply(-1.0 / self.own[:, None]))
        return Uncertainty(own=1.0 / self.own, slopes=slopes, shared=np.asarray(basis @ half))

    def _solved(self, right: Floats, basis: Basis) -> Floats:
        if not basis.shape[1]:
            return right
        scaled = sparse.csr_array(self.cross.multiply(1.0 / self.own[:, None]))
        schur = self.shared - (self.cross.T @ scaled).toarray()
        try:
            factor = linalg.cho_factor(basis.T @ (basis.T @ schur).T, check_finite=False)
        except linalg.LinAlgError as error:
            raise NotIdentified("a direction of the measures has no information") from error
        solved: Floats = linalg.cho_solve(factor, right, check_finite=False)
        return solved


@dataclass(frozen=True)
class Uncertainty:
    """The covariance of all measures, in parts that stay small.

    cov(candidates) = diag(own) + slopes @ shared @ slopes.T

    Parameters
    ----------
    own : ndarray of float64, shape (N,)
        The variance of each candidate were the rest known.
    slopes : sparse array of float64, shape (N, Q)
        How each candidate moves with the shared measures.
    shared : ndarray of float64, shape (Q, Q)
        The covariance of the shared measures.
    """

    own: Floats
    slopes: "sparse.csr_array[np.float64]"
    shared: Floats

    def candidates(self) -> Floats:
        """The covariance of all candidates, shape (N, N)."""
        moved: Floats = np.asarray(self.slopes @ np.asarray(self.slopes @ self.shared).T)
        return np.diag(self.own) + moved

    def candidate_variances(self) -> Floats:
        """Its diagonal, shape (N,)."""
        slopes = sparse.coo_array(self.slopes)
        rows, columns = slopes.coords
        moved = np.asarray(self.slopes @ self.shared)[rows, columns] * slopes.data
        return self.own + totals(rows.astype(np.int64), moved, len(self.own))

    def with_mean(self) -> tuple[Floats, Floats, float]:
        """Covariances with the mean of all candidates.

        Returns
        -------
        candidates : ndarray of float64, shape (N,)
        shared : ndarray of float64, shape (Q,)
        mean : float
            Its own variance.
        """
        common = self.shared @ np.asarray(self.slopes.mean(axis=0)).ravel()
        own = self.own / len(self.own) + self.slopes @ common
        return own, common, float(own.mean())


def information(cells: Cells, moments: Moments) -> Information:
    """The information of these cells about all measures."""
    blocks = [_crossed(cells.met[place], moments.variances) for place in range(len(cells.others))]
    return Information(
        own=totals(cells.candidates, moments.variances, cells.sizes[0]),
        cross=-sparse.hstack([*blocks, _crossed_ladders(cells, moments)], format="csr"),
        shared=_shared(cells, moments),
    )


def _crossed(met: Meetings, weights: Floats) -> "sparse.csr_array[np.float64]":
    data = totals(met.places, weights, len(met.columns))
    return sparse.csr_array((data, met.columns, met.starts), shape=met.shape)


def _crossed_ladders(cells: Cells, moments: Moments) -> "sparse.csr_array[np.float64]":
    """One column for each group and value, group by group."""
    met, size = cells.met[-1], cells.used.shape[1]
    sums = [totals(met.places, each, len(met.columns)) for each in moments.slopes]
    columns = met.columns[:, None] * size + np.arange(size)
    shape = (met.shape[0], met.shape[1] * size)
    data = np.stack(sums, axis=1).ravel()
    return sparse.csr_array((data, columns.ravel(), met.starts * size), shape=shape)


def _table(cells: Cells, one: int, other: int, weights: Floats) -> Floats:
    """The sums of weights over the ratings of each pair of elements of two facets."""
    if one == other:
        return np.diag(totals(cells.facets[one], weights, cells.sizes[one]))
    rows, columns = cells.sizes[one], cells.sizes[other]
    places = cells.facets[one] * columns + cells.facets[other]
    return totals(places, weights, rows * columns).reshape(rows, columns)


def _with_ladders(cells: Cells, moments: Moments, facet: int) -> Floats:
    groups, size = cells.used.shape
    rows = cells.sizes[facet]
    places = cells.facets[facet] * groups + cells.groups
    sums = [totals(places, each, rows * groups) for each in moments.slopes]
    return np.stack(sums, axis=1).reshape(rows, groups * size)


def _shared(cells: Cells, moments: Moments) -> Floats:
    facets = range(1, len(cells.sizes))
    blocks = [
        [
            *(_table(cells, one, other, moments.variances) for other in facets),
            _with_ladders(cells, moments, one),
        ]
        for one in facets
    ]
    last = [row[-1].T for row in blocks]
    found: Floats = np.block([*blocks, [*last, _ladders(cells, moments)]])
    return found


def _ladders(cells: Cells, moments: Moments) -> Floats:
    """The information of the ladders: nothing between two groups, shape (G K, G K)."""
    groups, size = cells.used.shape
    if groups == 1:
        shares = moments.probabilities
        return np.diag(shares.sum(axis=1)) - shares @ shares.T
    found = np.zeros((groups, size, groups, size))
    each = np.arange(groups)
    sums = [totals(cells.groups, p, groups) for p in moments.probabilities]
    for one, other in combinations_with_replacement(range(size), 2):
        both = moments.probabilities[one] * moments.probabilities[other]
        shares = (sums[one] if one == other else 0.0) - totals(cells.groups, both, groups)
        found[each, one, each, other] = found[each, other, each, one] = shares
    return found.reshape(groups * size, groups * size)
