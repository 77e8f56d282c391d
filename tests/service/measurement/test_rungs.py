"""Which rung a panel stands on: by its counts and links, and never by what was rated."""

from itertools import product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.measurement.ratings import BadRatings, Rating, Ratings, Scale
from service.measurement.rungs import Rung, choose

FIVE = Scale(1, 5)


def crossed(n: int, k: int, values: int = 3) -> list[Rating]:
    return [Rating(f"c{who:02}", f"a{by}", values) for who in range(n) for by in range(k)]


@pytest.mark.parametrize(
    ("n", "k", "rung", "words"),
    [
        (4, 3, Rung.DESCRIPTION, "a model needs 5 candidates: there are 4 candidates and 3 as"),
        (5, 2, Rung.DESCRIPTION, "a model needs 3 assessors: there are 5 candidates and 2 as"),
        (40, 2, Rung.DESCRIPTION, "a model needs 3 assessors"),
        (
            1,
            1,
            Rung.DESCRIPTION,
            "5 candidates and a model needs 3 assessors: there are 1 candidate ",
        ),
        (5, 3, Rung.PENALISED, "5 candidates and 3 assessors are linked, and fewer than 30"),
        (29, 3, Rung.PENALISED, "29 candidates and 3 assessors are linked"),
        (30, 3, Rung.MARGINAL, "30 candidates or more tell their own spread"),
    ],
)
def test_size_decides_among_connected_panels(n: int, k: int, rung: Rung, words: str) -> None:
    choice = choose(Ratings.of(crossed(n, k), FIVE))
    assert choice.rung is rung
    assert words in choice.why


def test_a_cell_that_was_not_observed_is_neither_a_candidate_nor_a_link() -> None:
    cells = [*crossed(4, 3), Rating("c99", "a0", None)]
    assert choose(Ratings.of(cells, FIVE)).rung is Rung.DESCRIPTION
    halves = [Rating("c1", "x", 3), Rating("c2", "y", 3), Rating("c2", "x", None)]
    choice = choose(Ratings.of(halves, FIVE))
    assert choice.rung is Rung.SUBSETS
    assert choice.why == "the 2 candidates and 2 assessors fall into 2 subsets that nobody links"


def test_nothing_observed_is_refused() -> None:
    with pytest.raises(BadRatings, match="no cell was observed"):
        choose(Ratings.of([Rating("c1", "x", None)], FIVE))


def test_the_model_has_the_facets_that_vary() -> None:
    def with_labels(competencies: str, instruments: str) -> Ratings:
        return Ratings.of(
            [
                cell._replace(competency=what, instrument=how)
                for cell in crossed(6, 3)
                for what, how in product(competencies, instruments)
            ],
            FIVE,
        )

    assert choose(with_labels("k", "i")).others == ("assessor",)
    assert choose(with_labels("km", "i")).others == ("assessor", "competency")
    assert choose(with_labels("k", "ij")).others == ("assessor", "instrument")
    assert choose(with_labels("km", "ij")).others == ("assessor", "competency", "instrument")


def test_what_assessors_alone_tell_apart_is_counted_as_theirs_and_said() -> None:
    cells = [cell._replace(competency=f"k{cell.assessor[1:]}") for cell in crossed(8, 4)]
    choice = choose(Ratings.of(cells, FIVE))
    assert (choice.rung, choice.others) == (Rung.PENALISED, ("assessor",))
    (said,) = choice.left_out
    assert said == (
        "How hard each competency is cannot be told apart from assessor, and is counted there:"
        " do not read it as strictness alone."
    )


def test_a_task_that_half_of_the_candidates_had_cannot_be_adjusted_for() -> None:
    cells = [
        cell._replace(instrument="talk" if cell.candidate < "c04" else "paper")
        for cell in crossed(8, 4)
    ]
    choice = choose(Ratings.of(cells, FIVE))
    assert (choice.rung, choice.others) == (Rung.DESCRIPTION, ())
    assert "what belongs to assessor and to instrument cannot be told apart" in choice.why


def test_one_instrument_that_repeats_the_competency_is_left_out() -> None:
    cells = [
        cell._replace(competency=what, instrument=f"of {what}")
        for cell in crossed(8, 4)
        for what in "km"
    ]
    choice = choose(Ratings.of(cells, FIVE))
    assert choice.others == ("assessor", "competency")
    assert choice.left_out[0].startswith("How hard each instrument is cannot be told apart from")


def test_occasions_are_taken_as_alike_and_said_so() -> None:
    cells = [cell._replace(occasion=f"day {cell.candidate[-1]}") for cell in crossed(6, 3)]
    assert choose(Ratings.of(cells, FIVE)).left_out == (
        "The 6 occasions are taken as alike; look for drift by itself where they may not be.",
    )


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 4)), min_size=1, unique=True),
    st.randoms(use_true_random=False),
)
def test_what_the_values_are_decides_nothing(cells: list[tuple[int, int]], draw: Random) -> None:
    one = [Rating(f"c{who}", f"a{by}", 3) for who, by in cells]
    other = [cell._replace(value=draw.randint(1, 5)) for cell in one]
    assert choose(Ratings.of(one, FIVE)) == choose(Ratings.of(other, FIVE))
