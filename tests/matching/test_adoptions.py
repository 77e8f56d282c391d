"""An approved model in a run: the same order of pairs, still sums, and a configuration that travels."""

import json
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from matching import (
    LEARNABLE,
    AdditiveCompatibility,
    Configuration,
    Model,
    MonotoneAdditiveCompatibility,
    NotAdoptable,
    PairFeatures,
    ReciprocalScore,
    Step,
    adopted,
    certify,
    digest,
    pair,
)
from matching.markets import Market
from matching.models import Sigmoid
from tests.matching.cycles import LIKE_EXPERTS
from tests.matching.worlds import a_mentee, a_mentor, a_world

WIDE = len(LEARNABLE)
EVERYTHING = slice(None)


def a_model(step: Step, *, teach: bool = True, same: int | None = None) -> Model:
    """A model of two sides who want different things, or nothing at all."""
    draw = np.random.default_rng(3)
    features = draw.integers(0, 13, (400, WIDE)) / 12
    if same is not None:
        features[:, same] = 0.5
    wants = np.array([np.arange(WIDE), np.arange(WIDE)[::-1]]).T / 4 * teach
    content = ((features**2 - 0.3) @ wants + draw.normal(0, 1, (400, 2)) > 0).astype(int)
    learner: Any = AdditiveCompatibility(experts=LIKE_EXPERTS, monotonic_cst=np.ones(WIDE))
    if step is Step.BOOSTED:
        learner = MonotoneAdditiveCompatibility(monotonic_cst=np.ones(WIDE), max_iter=20)
    score = ReciprocalScore(learner, fusion="additive").fit(features, content)
    if not teach:
        for side in score.models_:
            side.coef_[:] = 0.0
    return Model(step, score, Sigmoid(1.0, 0.0))


MODELS = [a_model(Step.LINEAR), a_model(Step.BOOSTED)]
BY_STEP = pytest.mark.parametrize("model", MODELS, ids=[one.step for one in MODELS])


@BY_STEP
def test_a_run_scores_pairs_as_the_model_does_apart_from_wishes_about_gender(model: Model) -> None:
    world = a_world(7, n=14, m=12)
    chosen = adopted(model, world.configuration)
    pairs = np.array([(i, j) for i in range(14) for j in range(12)])
    mentees = sorted(world.mentees, key=lambda one: one.id)
    mentors = sorted(world.mentors, key=lambda one: one.id)

    logits = model.score.contributions(PairFeatures().fit(mentees, mentors).transform(pairs))
    market = Market.of(mentees, mentors, fixed=(), closed_badly=frozenset(), configuration=chosen)
    parts = market.scores.contributions(EVERYTHING)

    gender = parts["mentor_gender"]
    learned = (market.scores.totals(EVERYTHING) - gender).ravel() / 970_000
    told = logits.sum(axis=1)
    assert sum(parts.values()).tolist() == market.scores.totals(EVERYTHING).tolist()  # type: ignore[union-attr]
    slope, base = np.polyfit(learned, told, 1)
    assert slope > 1
    assert np.allclose(base + slope * learned, told, atol=slope * 1e-5)
    assert set(np.unique(gender)) <= {0, 15_000, 30_000}
    assert len(np.unique(gender)) > 1


@BY_STEP
def test_a_run_with_a_learned_configuration_is_proved_like_any_other(model: Model) -> None:
    world = replace(a_world(7, n=30, m=12), configuration=adopted(model, Configuration()))

    run = world.ask(pair)

    assert run.proposals
    assert world.ask(certify, run).holds
    assert all(sum(one.contributions.values()) == one.score for one in run.proposals)
    assert run.versions["configuration"] == model.version


@BY_STEP
def test_a_learned_configuration_travels_and_is_another_input(model: Model) -> None:
    chosen = adopted(model, Configuration(unmatched_value=0.35))

    again = Configuration.from_json(json.loads(json.dumps(chosen.to_json())))

    assert again == chosen
    assert hash(again) == hash(chosen)
    assert chosen.version == model.version
    assert chosen.unmatched_value == 0.35
    assert bool(chosen.curves) == (model.step is Step.BOOSTED)
    people = [a_mentee()], [a_mentor()]
    assert digest(*people, configuration=again) == digest(*people, configuration=chosen)
    assert digest(*people, configuration=chosen) != digest(*people)


@BY_STEP
def test_weights_say_what_each_feature_adds_at_its_best(model: Model) -> None:
    weights = asdict(adopted(model, Configuration()).weights)
    amounts = {name: round(weight * 1_000_000) for name, weight in weights.items()}
    ones, nothing = (
        model.score.contributions(np.full((1, WIDE), value))[0] for value in (1.0, 0.0)
    )
    ranges = (ones - nothing)[:-1]

    assert sum(amounts.values()) == 1_000_000
    assert amounts["mentor_gender"] == 30_000
    wanted = ranges / ranges.sum() * 970_000
    assert np.allclose([amounts[name] for name in LEARNABLE], wanted, atol=1)


def test_curves_reach_their_weight_in_the_steps_of_both_sides() -> None:
    model = MODELS[1]
    mine, theirs = model.score.models_
    chosen = adopted(model, Configuration())

    for curve in chosen.curves:
        place = LEARNABLE.index(curve.name)
        assert set(curve.cuts) == set(mine.cuts_[place]) | set(theirs.cuts_[place])
        assert curve.shares[0] == 0
        assert list(curve.shares) == sorted(curve.shares)
        assert curve.shares[-1] == round(getattr(chosen.weights, curve.name) * 1_000_000)
    assert len(chosen.curves) > 3


def test_a_model_that_says_nothing_is_refused() -> None:
    with pytest.raises(NotAdoptable, match="tells no pair from another"):
        adopted(a_model(Step.LINEAR, teach=False), Configuration())


@pytest.mark.parametrize("step", [Step.LINEAR, Step.BOOSTED])
def test_what_no_outcome_could_teach_is_left_to_the_experts(step: Step) -> None:
    place = LEARNABLE.index("preferred_mentor")
    experts = Configuration()

    chosen = adopted(a_model(step, same=place), experts)

    kept, wanted = chosen.weights.preferred_mentor, experts.weights.preferred_mentor
    assert kept == wanted if step is Step.BOOSTED else kept == pytest.approx(wanted, abs=0.05)
    assert kept > 0
    assert "preferred_mentor" not in [curve.name for curve in chosen.curves]
    assert sum(round(weight * 1e6) for weight in asdict(chosen.weights).values()) == 1_000_000
