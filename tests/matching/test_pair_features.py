"""The columns of pairs: the score's own values, and nothing that is protected."""

import random
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline

from matching import LEARNABLE, AdditiveCompatibility, Configuration, PairFeatures
from matching.features import build
from tests.matching.worlds import World, a_mentee, a_mentor, a_world

EVERYTHING = slice(None)


def every_pair(world: World) -> Any:
    return np.array([(i, j) for i in range(len(world.mentees)) for j in range(len(world.mentors))])


def test_a_column_holds_the_value_that_the_score_has() -> None:
    world = a_world(5, n=9, m=8)
    goals = [one.goals for one in world.mentees]
    known = build(world.mentees, world.mentors, corpus=goals, configuration=Configuration())
    pairs = every_pair(world)

    found = PairFeatures().fit(world.mentees, world.mentors).transform(pairs)

    assert found.dtype == np.float32
    assert found.shape == (72, len(LEARNABLE))
    for name, values in zip(LEARNABLE[:-1], found.T, strict=False):
        wanted = known[name](EVERYTHING, EVERYTHING).astype(np.float32)
        assert (values == wanted[pairs[:, 0], pairs[:, 1]]).all(), name


def test_the_top_criterion_repeats_its_column_and_is_neutral_otherwise() -> None:
    mentor = a_mentor(level="D-2", gender="F")
    mentees = [
        a_mentee(id="a", level="D-1", top_criterion="seniority"),
        a_mentee(id="b", level="D-1", top_criterion="function"),
        a_mentee(id="c", level="D-1"),
        a_mentee(id="d", level="D-1", top_criterion="mentor_gender", mentor_gender_preference="F"),
    ]

    found = PairFeatures().fit(mentees, [mentor]).transform([[k, 0] for k in range(4)])

    assert found[:, LEARNABLE.index("top_criterion")].tolist() == [1.0, 0.0, 0.5, 0.5]


def test_pairs_in_any_order_have_the_same_columns() -> None:
    world = a_world(2, n=40, m=30)
    pairs = every_pair(world)
    order = np.random.default_rng(0).permutation(len(pairs))
    features = PairFeatures().fit(world.mentees, world.mentors)

    assert (features.transform(pairs[order]) == features.transform(pairs)[order]).all()


@pytest.mark.parametrize("seed", range(5))
def test_other_genders_and_nationalities_change_no_column(seed: int) -> None:
    world = a_world(seed, n=12, m=10)
    draw = random.Random(seed)
    wishing = [replace(one, top_criterion="mentor_gender") for one in world.mentees[:6]]
    known: list[list[Any]] = [[*wishing, *world.mentees[6:]], world.mentors]
    other = [[changed(one, draw) for one in side] for side in known]
    pairs = every_pair(world)

    found = PairFeatures().fit(*other).transform(pairs)

    assert (found == PairFeatures().fit(*known).transform(pairs)).all()
    assert other != known


def changed(person: Any, draw: random.Random) -> Any:
    """The same person with another gender and another nationality, and other such wishes."""
    nationalities = frozenset(draw.sample(("GH", "NP", "UY", "JO", "SE"), 2))
    person = replace(person, gender=draw.choice(("F", "M", "X", None)), nationalities=nationalities)
    person = replace(person, refused_nationalities=frozenset({draw.choice(("GH", "SE"))}))
    if hasattr(person, "mentor_gender_preference"):
        return replace(person, mentor_gender_preference=draw.choice(("F", "M", None)))
    return person


def test_nothing_protected_is_a_column() -> None:
    assert not [name for name in LEARNABLE if "gender" in name or "nation" in name]
    assert len(LEARNABLE) == 9


@pytest.mark.parametrize("pair", [(-1, 0), (2, 0), (0, 3)])
def test_a_place_that_nobody_has_is_refused(pair: tuple[int, int]) -> None:
    features = PairFeatures().fit([a_mentee(id="a"), a_mentee(id="b")], [a_mentor()] * 3)

    with pytest.raises(ValueError, match=r"(mentee|mentor) -?\d is none of the \d fitted"):
        features.transform([pair])


def test_it_stands_before_a_learner_once_it_is_fitted_and_frozen() -> None:
    world = a_world(3, n=20, m=10)
    pairs = every_pair(world)
    frozen = FrozenEstimator(PairFeatures().fit(world.mentees, world.mentors))
    outcomes = frozen.transform(pairs)[:, 2] > 0

    learner = make_pipeline(frozen, AdditiveCompatibility()).fit(pairs, outcomes)

    assert learner.score(pairs, outcomes) > 0.9
    assert learner[:-1].get_feature_names_out().tolist() == list(LEARNABLE)


def test_fitted_again_it_forgets_what_it_knew() -> None:
    features = PairFeatures().fit([[1.0, 2.0, 3.0]])
    assert features.get_feature_names_out().tolist() == ["x0", "x1", "x2"]

    features.fit([a_mentee()], [a_mentor()])

    assert features.get_feature_names_out().tolist() == list(LEARNABLE)
    assert not hasattr(clone(features), "mentees_")


@pytest.mark.parametrize("kind", ["default", "pandas", "polars"])
def test_the_columns_come_in_the_frame_asked_for_or_it_says_what_is_missing(kind: str) -> None:
    features = PairFeatures().fit([a_mentee()], [a_mentor()])
    features.set_output(transform=kind)

    if kind != "default" and find_spec(kind) is None:
        with pytest.raises(ImportError, match=kind):
            features.transform([[0, 0]])
        return
    found: Any = features.transform([[0, 0]])

    named = list(LEARNABLE) if kind == "default" else list(found.columns)
    assert named == list(LEARNABLE)
    assert found.shape == (1, 9)
    assert np.asarray(found).dtype == np.float32
    assert isinstance(found, np.ndarray) == (kind == "default")
