"""Which candidates a design lets be compared, and where one person alone links them."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.measurement import designs
from service.measurement.designs import Design
from service.measurement.ratings import BadRatings, FacetName, Rating, Ratings, Scale
from tests.service.measurement.facet_worlds import JUNIORS, creativity, records

SCALE = Scale(1, 5)
MEETINGS = st.sets(st.tuples(st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=16)


def met(*meetings: tuple[str, str], competencies: str = "kl") -> Ratings:
    cells = [Rating(who, by, 3, what) for who, by in meetings for what in competencies]
    return Ratings.of(cells, SCALE)


def pairs(words: str) -> list[tuple[str, str]]:
    return [(word[0], word[1]) for word in words.split()]


def matrix(ratings: Ratings, names: tuple[FacetName, ...]) -> np.ndarray:
    return np.hstack([np.eye(len(ratings.facet(n)))[ratings.facet(n).codes] for n in names])


def test_a3d_traits_do_not_link_judges_of_different_juniors() -> None:
    """Guilford 1954 with Avogadro on juniors 1-3 alone and the others on 4-7 (A3d)."""
    first = set(JUNIORS[:3])
    cells = [
        cell
        for cell in records(creativity())
        if (cell.assessor == "Avogadro") == (cell[0] in first)
    ]
    found = designs.examine(Ratings.of(cells, Scale(1, 9)))
    design = found.found()
    assert (len(design.subsets), design.rank, design.parameters) == (2, 12, 13)
    assert not design.is_identified
    assert design.subsets[1] == designs.Subset(JUNIORS[:3], ("Avogadro",))
    assert "(2) Anne, Betty, Chris rated by Avogadro" in found.cautions[0]
    whole = designs.examine(creativity()).found()
    assert (len(whole.subsets), whole.rank, whole.is_identified) == (1, 13, True)


@given(MEETINGS, st.sampled_from([("assessor",), ("assessor", "competency")]))
@settings(derandomize=True, max_examples=60, deadline=None)
def test_the_rank_is_that_of_the_design_matrix(
    meetings: set[tuple[int, int]], others: tuple[FacetName, ...]
) -> None:
    ratings = met(*((f"c{who}", f"a{by}") for who, by in meetings))
    design = designs.examine(ratings, others).found()
    assert design.rank == np.linalg.matrix_rank(matrix(ratings, ("candidate", *others)))
    assert design.is_identified == (design.rank == design.parameters)
    assert design.is_identified == (len(design.subsets) == 1)


@given(MEETINGS)
@settings(derandomize=True, max_examples=60, deadline=None)
def test_a_link_is_weak_just_when_others_would_fall_apart_without_it(
    meetings: set[tuple[int, int]],
) -> None:
    named = [(f"c{who}", f"a{by}") for who, by in meetings]
    design = designs.examine(met(*named)).found()
    weak = {link.label for link in design.weak_links}
    for node in set(itertools.chain(*named)):
        assessors = {by for _, by in named} - {node}
        before = [block - {node} for block in blocks(named, {by for _, by in named})]
        after = blocks([pair for pair in named if node not in pair], assessors)
        assert (node in weak) == (len(after) > len([block for block in before if block]))


def blocks(meetings: list[tuple[str, str]], assessors: set[str]) -> list[set[str]]:
    """The assessors that are linked, candidate by candidate."""
    found = [{by} for by in assessors]
    for who in {who for who, _ in meetings}:
        joined = {by for other, by in meetings if other == who}
        touched = [block for block in found if block & joined]
        found = [block for block in found if not block & joined]
        found.append(set().union(*touched))
    return found


def test_one_candidate_or_assessor_who_links_alone_is_named() -> None:
    by_candidate = designs.examine(met(*pairs("1a 2a 1b 2b 3b 3c 4c 3d 4d"))).found()
    assert by_candidate.weak_links == (
        designs.Link("candidate", "3", (("a", "b"), ("c", "d"))),
        designs.Link("assessor", "b", (("a",), ("c", "d"))),
    )
    chair = designs.examine(met(*pairs("1a 1x 2a 2x 3b 3x 4b 4x")))
    assert chair.found().weak_links == (designs.Link("assessor", "x", (("a",), ("b",))),)
    assert "Only the assessor x links the assessors a and b" in chair.cautions[0]


def test_crossed_designs_have_no_weak_links() -> None:
    assert designs.examine(creativity()).found().weak_links == ()
    assert designs.examine(creativity()).cautions == ()


def test_candidates_whom_one_assessor_rated_alone_are_named() -> None:
    found = designs.examine(met(*pairs("1a 1b 2a 3b 2b 4a")))
    assert found.found().seen_once == ("3", "4")
    assert "One assessor alone rated 3, 4" in found.cautions[-1]


def test_assessors_who_rate_one_competency_each_cannot_be_told_from_it() -> None:
    cells = [Rating(who, by, 3, by.upper()) for who in "1234" for by in "ab"]
    found = designs.examine(Ratings.of(cells, SCALE))
    assert (found.found().rank, found.found().parameters) == (5, 6)
    assert len(found.found().subsets) == 1
    assert "assessor and to competency cannot be told apart" in found.cautions[0]


@pytest.mark.parametrize(
    ("anchors", "is_identified"),
    [
        ({}, False),
        ({"assessor": {"a": 0.0}}, False),
        ({"assessor": {"a": 0.2, "b": -0.1}}, True),
        ({"candidate": {"1": 0.2, "3": -0.1}}, True),
        ({"candidate": {"1": 0.2}, "assessor": {"a": 0.1}}, False),
        ({"candidate": {"1": 0.2, "3": 0.1}, "assessor": {"a": 0.1}}, True),
    ],
)
def test_subsets_are_comparable_where_each_has_an_anchor(
    anchors: designs.Anchors, is_identified: bool
) -> None:
    found = designs.examine(met(*pairs("1a 2a 3b 4b")), anchors=anchors)
    assert found.found().is_identified == is_identified
    assert len(found.found().subsets) == 2


@pytest.mark.parametrize(
    ("anchors", "words"),
    [
        ({"occasion": {"x": 0.0}}, "an anchor for occasion, which the model has no facet for"),
        ({"assessor": {"z": 0.0}}, "the anchored assessor z has no observed rating"),
    ],
)
def test_anchors_that_name_nobody_are_refused(anchors: designs.Anchors, words: str) -> None:
    with pytest.raises(BadRatings, match=words):
        designs.examine(met(*pairs("1a 2a")), anchors=anchors)


def test_a_cell_that_was_not_observed_links_nobody() -> None:
    cells = [Rating("1", "a", 3), Rating("2", "b", 3), Rating("1", "b", None)]
    assert len(designs.examine(Ratings.of(cells, SCALE), ("assessor",)).found().subsets) == 2
    with pytest.raises(BadRatings, match="no cell was observed"):
        designs.examine(Ratings.of([Rating("1", "b", None)], SCALE))


def test_the_largest_subset_comes_first_and_long_lists_are_cut() -> None:
    many = [(f"c{k}", "a") for k in range(9)]
    design: Design = designs.examine(met(("z", "b"), *many)).found()
    assert [len(subset.candidates) for subset in design.subsets] == [9, 1]
    assert designs.told(design.subsets).startswith("(1) c0, c1, c2, c3, c4 and 4 more rated by a;")
