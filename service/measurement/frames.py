"""What fixes the scale: which measures are free, which are centred, and which are anchored.

Measures are known only up to shifts between facets; a frame chooses one of the many equal
ways, once. It refuses to choose between subsets that nothing links.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from service.measurement.arrays import Floats, Masks
from service.measurement.designs import Anchors, anchored, located
from service.measurement.facet_models import Cells, Parameters
from service.measurement.ratings import FacetName, Ratings


@dataclass(frozen=True)
class Frame:
    """How free numbers become measures: shared = offset + basis @ free.

    The shared measures are those of the other facets, one after the other, and then the
    ladders of the G groups, K each.

    Parameters
    ----------
    basis : sparse array of float64, shape (Q, q)
        The last measure of a centred facet is less the sum of its others.
    offset : ndarray of float64, shape (Q,)
        Where the anchored ones are held.
    candidates : ndarray of float64, shape (N,)
        Where the anchored candidates are held; elsewhere 0.
    held : ndarray of bool, shape (N,)
        Which candidates are anchored.
    floating : str or None
        The facet that is neither centred nor anchored.
    centred, anchored : tuple of str
        The facets whose measures sum to zero, and those of which any are held.
    """

    basis: "sparse.csr_array[np.float64]"
    offset: Floats
    candidates: Floats
    held: Masks
    floating: FacetName | None
    centred: tuple[FacetName, ...]
    anchored: tuple[FacetName, ...]

    @classmethod
    def of(
        cls, ratings: Ratings, cells: Cells, others: Sequence[FacetName], anchors: Anchors
    ) -> "Frame":
        """The frame in which the candidates float, as far as no anchors hold them."""
        names: tuple[FacetName, ...] = ("candidate", *others)
        held = anchored(ratings, names, anchors)
        floating, centred = located(names, held, "candidate")
        places = [_anchors(ratings, name, anchors) for name in names]
        blocks = [_block(held[name], is_centred=name in centred) for name in others]
        ladders = np.zeros(cells.used.size)
        return cls(
            basis=sparse.csr_array(sparse.block_diag([*blocks, _inner(cells)])),
            offset=np.concatenate([*places[1:], ladders]),
            candidates=places[0],
            held=held["candidate"],
            floating=floating,
            centred=tuple(name for name in names if name in centred),
            anchored=tuple(name for name in names if held[name].any()),
        )

    def parameters(self, cells: Cells, candidates: Floats, shared: Floats) -> Parameters:
        """The parameters of the model whose shared measures stand in one row."""
        *others, ladders = np.split(shared, np.cumsum(cells.sizes[1:]))
        return Parameters(candidates, tuple(others), ladders.reshape(cells.used.shape))


def _anchors(ratings: Ratings, name: FacetName, anchors: Anchors) -> Floats:
    given: Mapping[str, float] = anchors.get(name, {})
    return np.array([given.get(label, 0.0) for label in ratings.facet(name).labels])


def _block(held: Masks, *, is_centred: bool) -> "sparse.csr_array[np.float64]":
    """The free directions of one facet's measures, as columns."""
    each = np.eye(len(held))
    return sparse.csr_array(each[:, :-1] - each[:, -1:] if is_centred else each[:, ~held])


def _inner(cells: Cells) -> "sparse.csr_array[np.float64]":
    """The ladder of each group is free where it was used, but at its ends."""
    free = cells.used.copy()
    lowest, highest = cells.ends
    groups = np.arange(len(free))
    free[groups, lowest] = free[groups, highest] = False
    chosen = np.flatnonzero(free)
    entries = (np.ones(len(chosen)), (chosen, np.arange(len(chosen))))
    return sparse.csr_array(entries, (free.size, len(chosen)))
