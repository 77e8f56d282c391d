"""Who rated whom: what a design can compare, and how thin its links are.

Only candidates and assessors link. Everybody is rated on the same competencies, so these would
make a design look connected that is not; it refuses to count them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import linalg, sparse
from scipy.sparse import csgraph

from service.measurement.arrays import Floats, Integers, Masks
from service.measurement.ratings import BadRatings, FacetName, Ratings
from service.measurement.results import Result

Anchors = Mapping[FacetName, Mapping[str, float]]
"""Measures that are held where a shared benchmark put them, in logits, by facet and label."""

OTHERS: Final[tuple[FacetName, ...]] = ("assessor", "competency")
# An eigenvalue this small beside the largest is rounding, not information.
_NOTHING: Final = 1e-10


@dataclass(frozen=True)
class Subset:
    """Candidates and assessors that nobody outside it is linked to."""

    candidates: tuple[str, ...]
    assessors: tuple[str, ...]


@dataclass(frozen=True)
class Link:
    """One candidate or assessor without whom the assessors would fall into these blocks."""

    facet: FacetName
    label: str
    blocks: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Design:
    """What a design can compare.

    Parameters
    ----------
    subsets : tuple of Subset
        The components of the graph of candidates and assessors, the largest first.
    rank : int
        Of the matrix with a column for each element of each facet.
    parameters : int
        The rank that a connected design of this size has: what there is to estimate.
    is_identified : bool
        Whether all measures are comparable, by what links them or by anchors.
    weak_links : tuple of Link
        One candidate or assessor on whom a comparison of assessors rests alone.
    seen_once : tuple of str
        Candidates whom one assessor rated alone.
    """

    subsets: tuple[Subset, ...]
    rank: int
    parameters: int
    is_identified: bool
    weak_links: tuple[Link, ...]
    seen_once: tuple[str, ...]


def examine(
    ratings: Ratings,
    others: Sequence[FacetName] = OTHERS,
    *,
    anchors: Anchors | None = None,
) -> Result[Design]:
    """Whether the measures of a design can be compared, and where they hardly can.

    Components of the bipartite graph of candidates and assessors, the rank of the design
    (Weeks and Williams 1964, Technometrics 6: connectedness is a question of rank), and the
    cut points of the graph (Tarjan 1972, SIAM J. Computing 1).

    Parameters
    ----------
    ratings : Ratings
        Cells that were not observed link nobody.
    others : sequence of str
        The facets of the model beside the candidate.
    anchors : mapping, optional
        Of facet to label to the logits where it is held.

    Raises
    ------
    BadRatings
        Where nothing was observed, or an anchor names nobody.
    """
    seen = ratings.observed
    if not len(seen):
        raise BadRatings("no cell was observed; there is no design to look at")
    held = anchored(seen, ("candidate", *others), anchors or {})
    subsets = _subsets(seen)
    sizes = [len(seen.facet(name)) for name in others]
    design = Design(
        subsets=subsets,
        rank=_rank(seen, others),
        parameters=len(seen.candidate) + sum(size - 1 for size in sizes),
        is_identified=_is_identified(seen, others, held),
        weak_links=_weak_links(seen),
        seen_once=_seen_once(seen),
    )
    return Result(
        "design",
        design,
        ratings.counts,
        method="components and cut points of the candidate-assessor graph (Tarjan 1972); "
        "rank of the design",
        cautions=cautions(design, others),
    )


def cautions(design: Design, others: Sequence[FacetName] = OTHERS) -> tuple[str, ...]:
    """What a reader must know of a design before comparing anybody, in plain words."""
    said = []
    if len(design.subsets) > 1 and not design.is_identified:
        said.append(
            f"The candidates fall into {len(design.subsets)} subsets that no assessor links: "
            f"{told(design.subsets)}. Nobody can be compared across subsets. Let one assessor "
            "rate in both, or let all rate one shared benchmark recording."
        )
    elif not design.is_identified:
        said.append(
            f"What belongs to {' and to '.join(others)} cannot be told apart: "
            f"the design has rank {design.rank} of {design.parameters}."
        )
    said.extend(_told_link(link) for link in design.weak_links)
    if design.seen_once:
        said.append(
            f"One assessor alone rated {_listed(design.seen_once)}: nothing checks that "
            "assessor there."
        )
    return tuple(said)


def told(subsets: Iterable[Subset]) -> str:
    """Subsets in words, by their candidates and assessors."""
    return "; ".join(
        f"({number}) {_listed(subset.candidates)} rated by {_listed(subset.assessors)}"
        for number, subset in enumerate(subsets, start=1)
    )


def anchored(
    ratings: Ratings, names: Sequence[FacetName], anchors: Anchors
) -> dict[FacetName, Masks]:
    """Which labels of each facet are anchored, shape (labels,) each.

    Raises
    ------
    BadRatings
        Where an anchor names a facet the model does not have or somebody nobody rated.
    """
    foreign = sorted(set(anchors) - set(names))
    if foreign:
        raise BadRatings(f"there is an anchor for {foreign[0]}, which the model has no facet for")
    for name in anchors:
        unknown = sorted(set(anchors[name]) - set(ratings.facet(name).labels))
        if unknown:
            raise BadRatings(
                f"the anchored {name} {unknown[0]} has no observed rating; leave it out"
            )
    return {
        name: np.isin(ratings.facet(name).labels, list(anchors.get(name, {}))) for name in names
    }


def located(
    names: Sequence[FacetName], held: Mapping[FacetName, Masks], floating: FacetName
) -> tuple[FacetName | None, frozenset[FacetName]]:
    """The one facet that floats, if any, and those that are centred; anchors locate the rest."""
    free = [name for name in names if not held[name].any()]
    afloat = floating if floating in free else next(iter(free), None)
    return afloat, frozenset(free) - {afloat} if afloat else frozenset()


def _listed(labels: Sequence[str]) -> str:
    if len(labels) > 6:
        return f"{', '.join(labels[:5])} and {len(labels) - 5} more"
    return ", ".join(labels)


def _told_link(link: Link) -> str:
    sides = " and ".join(_listed(block) for block in link.blocks)
    return (
        f"Only the {link.facet} {link.label} links the assessors {sides}: a comparison between "
        "them is weak; see its standard error."
    )


def _graph(ratings: Ratings) -> Integers:
    """Who met whom, candidates first and assessors after them, shape (edges, 2)."""
    width = len(ratings.assessor)
    pairs = np.unique(ratings.candidate.codes * width + ratings.assessor.codes)
    return np.stack([pairs // width, pairs % width + len(ratings.candidate)], axis=1)


def _parts(edges: Integers, nodes: int) -> tuple[int, Integers]:
    graph = sparse.coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), (nodes, nodes))
    count, labels = csgraph.connected_components(graph, directed=False)
    return int(count), labels.astype(np.int64)


def _subsets(ratings: Ratings) -> tuple[Subset, ...]:
    people, assessors = ratings.candidate.labels, ratings.assessor.labels
    count, parts = _parts(_graph(ratings), len(people) + len(assessors))
    found: list[tuple[list[str], list[str]]] = [([], []) for _ in range(count)]
    for place, part in enumerate(parts.tolist()):
        is_candidate = place < len(people)
        label = people[place] if is_candidate else assessors[place - len(people)]
        found[part][0 if is_candidate else 1].append(label)
    subsets = [Subset(tuple(some), tuple(others)) for some, others in found]
    return tuple(sorted(subsets, key=lambda each: (-len(each.candidates), each.candidates)))


def _eliminated(ratings: Ratings, others: Sequence[FacetName], held: Masks | None = None) -> Floats:
    """The normal equations of the other facets, the candidates that are not held eliminated."""
    sizes = [len(ratings.facet(name)) for name in others]
    starts = np.cumsum([0, *sizes])
    shape = (len(ratings), int(starts[-1]))
    rows = np.tile(np.arange(len(ratings)), len(others))
    columns = np.concatenate(
        [ratings.facet(name).codes + start for name, start in zip(others, starts, strict=False)]
    )
    design = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape)
    people = sparse.csr_array(
        (np.ones(len(ratings)), (ratings.candidate.codes, np.arange(len(ratings)))),
        (len(ratings.candidate), len(ratings)),
    )
    cross = (people @ design).toarray()
    weights = 1.0 / np.bincount(ratings.candidate.codes)
    if held is not None:
        weights = np.where(held, 0.0, weights)
    gram: Floats = (design.T @ design).toarray() - cross.T @ (weights[:, None] * cross)
    return gram


def _rank_of(gram: Floats) -> int:
    if not gram.size:
        return 0
    values = linalg.eigvalsh(gram)
    return int((values > _NOTHING * max(1.0, float(values[-1]))).sum())


def _rank(ratings: Ratings, others: Sequence[FacetName]) -> int:
    return len(ratings.candidate) + _rank_of(_eliminated(ratings, others))


def _is_identified(
    ratings: Ratings, others: Sequence[FacetName], held: Mapping[FacetName, Masks]
) -> bool:
    """Whether anchors and centred facets leave no direction open."""
    _, centred = located(("candidate", *others), held, "candidate")
    gram = _eliminated(ratings, others, held["candidate"])
    start = 0
    for name in others:
        stop = start + len(ratings.facet(name))
        # A centred facet has one more row: its measures sum to zero.
        gram[start:stop, start:stop] += 1.0 if name in centred else 0.0
        start = stop
    free = np.concatenate([~held[name] for name in others])
    return _rank_of(gram[np.ix_(free, free)]) == int(free.sum())


def _seen_once(ratings: Ratings) -> tuple[str, ...]:
    if len(ratings.assessor) == 1:
        return ()
    counts = np.bincount(_graph(ratings)[:, 0], minlength=len(ratings.candidate))
    return tuple(ratings.candidate.labels[place] for place in np.flatnonzero(counts == 1))


def _weak_links(ratings: Ratings) -> tuple[Link, ...]:
    edges, nodes = _graph(ratings), len(ratings.candidate) + len(ratings.assessor)
    links = (_link(ratings, edges, node) for node in _cut_points(edges, nodes))
    return tuple(link for link in links if len(link.blocks) > 1)


def _link(ratings: Ratings, edges: Integers, node: int) -> Link:
    """The blocks of assessors that are left of the node's own component without it."""
    people, assessors = len(ratings.candidate), ratings.assessor.labels
    nodes = people + len(assessors)
    _, before = _parts(edges, nodes)
    _, after = _parts(edges[(edges != node).all(axis=1)], nodes)
    blocks: dict[int, list[str]] = {}
    for place in range(people, nodes):
        if place != node and before[place] == before[node]:
            blocks.setdefault(int(after[place]), []).append(assessors[place - people])
    facet: FacetName = "candidate" if node < people else "assessor"
    label = ratings.facet(facet).labels[node if node < people else node - people]
    return Link(facet, label, tuple(sorted(map(tuple, blocks.values()))))


def _cut_points(edges: Integers, nodes: int) -> list[int]:
    """The nodes without which their component falls apart (Tarjan 1972), ascending."""
    near = _neighbours(edges, nodes)
    order, parent = _depth_first(near)
    place = np.empty(nodes, dtype=np.int64)
    place[order] = np.arange(nodes)
    low, cuts = place.tolist(), set()
    for node in reversed(order):
        reached = [place[other] for other in near[node] if other != parent[node]]
        low[node] = min([low[node], *reached])
        children = [other for other in near[node] if parent[other] == node]
        low[node] = min([low[node], *(low[child] for child in children)])
        is_root = parent[node] < 0
        if len(children) > 1 if is_root else any(low[child] >= place[node] for child in children):
            cuts.add(node)
    return sorted(cuts)


def _neighbours(edges: Integers, nodes: int) -> list[list[int]]:
    near: list[list[int]] = [[] for _ in range(nodes)]
    for one, other in edges.tolist():
        near[one].append(other)
        near[other].append(one)
    return near


def _depth_first(near: Sequence[Sequence[int]]) -> tuple[list[int], list[int]]:
    """The nodes as a search in depth meets them, and from which each was met, -1 for a root."""
    order: list[int] = []
    parent = [-1] * len(near)
    met = [False] * len(near)
    for root in range(len(near)):
        stack = [(root, -1)]
        while stack:
            node, source = stack.pop()
            if met[node]:
                continue
            met[node], parent[node] = True, source
            order.append(node)
            stack.extend((other, node) for other in reversed(near[node]) if not met[other])
    return order, parent
