"""What is learnt from how much, what is refused, and what never matters."""

import json
import random
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from matching import (
    LEARNABLE,
    InvalidOutcomes,
    Lesson,
    Mentee,
    Mentor,
    MonotoneAdditiveCompatibility,
    Outcome,
    PairFeatures,
    Step,
    Weights,
    learn,
    outcomes_of,
)
from matching.evaluations import Evaluation
from matching.figures import Unsaid
from matching.models import Isotonic, Sigmoid, calibrate
from tests.matching.cycles import LIKE_EXPERTS, outcomes
from tests.matching.test_pair_features import changed, every_pair
from tests.matching.worlds import a_mentee, a_mentor, a_world

FEW_TREES = MonotoneAdditiveCompatibility(max_iter=8, learning_rate=0.3)


def steep(features: Any) -> Any:
    """Nothing up to 0.7 and all beyond, which no straight line follows."""
    return (features > 0.7).astype(float)


@cache
def lesson(name: str) -> Lesson:
    given = {
        "few": outcomes(150),
        "some": outcomes(400),
        "noise": outcomes(400, strength=0.0),
        "many": outcomes(1700),
        "steep": outcomes(1700, strength=12.0, curve=steep),
    }
    return learn(given[name], boosted=FEW_TREES)


def test_few_ratings_leave_the_experts_weights() -> None:
    found = lesson("few")

    assert (found.step, found.trials, found.model) == (Step.EXPERT, (), None)
    assert found.verdict == (
        f"{found.facts['rated']} mentorships are rated by both sides and learning starts at 150;"
        " the experts' weights stand."
    )
    assert found.facts["rated"] < 150 == found.facts["rows"]


def test_more_ratings_teach_a_logistic_that_leans_on_the_experts() -> None:
    found = lesson("some")

    assert found.step is Step.LINEAR
    assert [trial.step for trial in found.trials] == [Step.LINEAR]
    one = found.trials[0].by_mentor
    assert found.verdict.startswith(
        f"The logistic beat the base rate (by mentor: Brier {one.brier:.4f} against"
        f" {one.base_brier:.4f}, a gain of {one.gain:.4f} ± {one.error:.4f}; by mentee: Brier"
    )
    assert found.verdict.endswith("A person must approve the model before a run uses it.")
    assert found.model is not None
    assert isinstance(found.model.calibration, Sigmoid)
    for side in found.model.score.models_:
        assert (side.coef_ >= 0).all()
        assert np.corrcoef(side.coef_, LIKE_EXPERTS)[0, 1] > 0.6


def test_ratings_that_follow_nothing_teach_nothing_and_it_says_so() -> None:
    found = lesson("noise")

    assert (found.step, found.model) == (Step.EXPERT, None)
    assert found.verdict.startswith("The logistic does not beat the base rate (by mentor: Brier")
    assert found.verdict.endswith("; the experts' weights stand.")
    assert not found.trials[0].beats_base


def test_of_equals_the_logistic_is_preferred() -> None:
    found = lesson("many")

    assert [trial.step for trial in found.trials] == [Step.LINEAR, Step.BOOSTED]
    assert found.step is Step.LINEAR
    assert ", and boosted steps are not clearly better. A person" in found.verdict


def test_many_ratings_teach_steps_where_no_line_follows_them() -> None:
    found = lesson("steep")

    linear, steps = found.trials
    assert found.step is Step.BOOSTED
    assert steps.by_mentor.brier < linear.by_mentor.brier
    assert steps.by_mentee.brier < linear.by_mentee.brier
    assert found.verdict.startswith("Boosted steps beat the base rate")
    assert found.model is not None
    assert isinstance(found.model.calibration, Isotonic)
    assert all((np.diff(one) >= 0).all() for one in found.model.score.models_[0].steps_)


@pytest.mark.parametrize("name", ["some", "many", "steep"])
def test_every_trial_is_judged_by_mentor_by_mentee_and_on_the_last_cycle(name: str) -> None:
    for trial in lesson(name).trials:
        assert isinstance(trial.final, Evaluation)
        assert [one.by for one in trial.evaluations] == ["mentor", "mentee", "cycle"]
        assert [one.folds for one in trial.evaluations] == [5, 5, 1]
        assert trial.by_mentor.rows == lesson(name).facts["rated"] > 3 * trial.final.rows
        for one in trial.evaluations:
            assert isinstance(one.auc, float)
            assert one.auc > 0.6
            assert sum(part.count for part in one.reliability) == one.rows
        assert isinstance(trial.by_mentor.ndcg, float)
        assert isinstance(trial.by_mentor.ndcg_by_chance, float)
        assert trial.by_mentor.ndcg > trial.by_mentor.ndcg_by_chance


def test_predictions_come_true_about_as_often_as_they_say() -> None:
    for trial in lesson("many").trials:
        crowded = [part for part in trial.by_mentor.reliability if part.count >= 100]

        assert len(crowded) > 2
        for part in crowded:
            assert part.predicted == pytest.approx(part.observed, abs=0.12)


@pytest.mark.parametrize("name", ["some", "steep"])
def test_the_order_of_the_ratings_changes_nothing(name: str) -> None:
    given = outcomes(400) if name == "some" else outcomes(1700, strength=12.0, curve=steep)
    random.Random(1).shuffle(given)

    again = learn(given, boosted=FEW_TREES)

    assert json.dumps(again.to_json()) == json.dumps(lesson(name).to_json())


@pytest.mark.parametrize("side", ["mentor", "mentee"])
def test_features_that_only_tell_people_apart_are_found_out(side: str) -> None:
    draw = np.random.default_rng(1)
    features, is_good = draw.integers(0, 51, (16, len(LEARNABLE))) / 50, draw.random(16) < 0.5
    ratings = np.where(is_good[np.arange(400) % 16] == (draw.random(400) < 0.95), 5, 1)
    other = "mentee" if side == "mentor" else "mentor"
    given = [
        Outcome(
            **{f"{side}_id": f"p{k % 16}", f"{other}_id": f"q{k % 90}"},
            cycle=k // 100,
            features=dict(zip(LEARNABLE, features[k % 16].tolist(), strict=True)),
            mentee_rating=rating,
            mentor_rating=rating,
        )
        for k, rating in enumerate(ratings.tolist())
    ]

    found = learn(given)

    trial = found.trials[0]
    known = {"mentor": trial.by_mentor, "mentee": trial.by_mentee}
    assert known[other].beats_base
    assert not known[side].beats_base
    assert found.step is Step.EXPERT
    assert found.verdict.startswith(f"The logistic does not beat the base rate (by {side}: Brier")


def test_one_cycle_alone_has_no_final_figure_and_still_teaches() -> None:
    found = learn([replace(one, mentee_id=f"e{k}", cycle=1) for k, one in enumerate(outcomes(300))])

    assert found.step is Step.LINEAR
    assert isinstance(found.trials[0].final, Unsaid)
    assert found.trials[0].final.reason.startswith("before cycle 1 the ratings come from 0")


def test_a_last_cycle_of_few_ratings_has_no_final_figure() -> None:
    late = [replace(one, mentee_id=f"late {k}", cycle=2030) for k, one in enumerate(outcomes(9))]

    found = learn([*outcomes(200), *late])

    final = found.trials[0].final
    assert isinstance(final, Unsaid)
    assert final.reason.endswith("are rated in cycle 2030; 10 are needed")


def test_a_last_cycle_that_turned_refuses_what_was_learnt_before() -> None:
    turned = [
        replace(
            one,
            mentee_id=f"late {k}",
            cycle=2030,
            mentee_rating=7 - (one.mentee_rating or 0),
            mentor_rating=4,
        )
        for k, one in enumerate(outcomes(60, strength=30))
    ]

    found = learn([*outcomes(400), *turned])

    assert found.step is Step.EXPERT
    assert "by cycle: Brier" in found.verdict
    assert "by mentor" not in found.verdict


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"mentor_id": "m"}, "The ratings come from 1 people and 5 are needed; the experts'"),
        ({"mentee_rating": 5, "mentor_rating": 4}, "Only 0 outcomes differ from all others; 10"),
    ],
)
def test_ratings_of_too_few_or_all_alike_teach_nothing(change: dict[str, Any], words: str) -> None:
    found = learn([replace(one, **change) for one in outcomes(200)])

    assert (found.step, found.trials) == (Step.EXPERT, ())
    assert found.verdict.startswith(words)


def test_a_side_that_is_never_content_with_anybody_but_some_teaches_nothing() -> None:
    unhappy = [
        replace(one, mentee_rating=1 if one.mentor_id in {"m1", "m2"} else 5, mentor_rating=5)
        for one in outcomes(150)
    ]
    given = [
        replace(one, mentor_id="m1" if k < 20 else one.mentor_id) for k, one in enumerate(unhappy)
    ]

    found = learn([replace(one, mentee_rating=1 if one.mentor_id == "m1" else 5) for one in given])

    assert found.step is Step.EXPERT
    assert found.verdict.endswith("the experts' weights stand.")


class Watching(MonotoneAdditiveCompatibility):
    """Notes how many threads the pools have when it is asked to learn."""

    seen: list[int] = []  # noqa: RUF012 - copies of the learner share it

    def fit(self, X: Any, y: Any) -> Any:
        self.seen.extend(pool["num_threads"] for pool in threadpool_info())
        return super().fit(X, y)


def test_learning_holds_all_pools_to_one_thread_and_gives_them_back() -> None:
    with threadpool_limits(limits=2):
        before = [pool["num_threads"] for pool in threadpool_info()]
        learn(outcomes(1700), boosted=Watching(max_iter=1))
        after = [pool["num_threads"] for pool in threadpool_info()]

    assert 2 in before
    assert set(Watching.seen) == {1}
    assert after == before


def test_other_genders_and_nationalities_change_no_prediction() -> None:
    world, draw = a_world(4, n=30, m=20), random.Random(0)
    mentees = [replace(one, top_criterion="mentor_gender") for one in world.mentees]
    known: list[list[Any]] = [mentees, world.mentors]
    other = [[changed(one, draw) for one in side] for side in known]
    pairs = every_pair(world)

    for name in ("some", "steep"):
        model = lesson(name).model
        assert model is not None
        said = model.probabilities(PairFeatures().fit(*known).transform(pairs))
        again = model.probabilities(PairFeatures().fit(*other).transform(pairs))
        assert (said == again).all()
        assert len(set(said)) > 20


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"features": {"function": 1.0}}, "features must be those of LEARNABLE"),
        (
            {"features": dict.fromkeys((*LEARNABLE, "mentor_gender"), 0.5)},
            r"but \['mentor_gender'\] differ",
        ),
        ({"features": dict.fromkeys(LEARNABLE, 1.5)}, r"features\[function\] cannot be 1\.5"),
        ({"mentor_rating": float("nan")}, "mentor_rating cannot be nan"),
    ],
)
def test_an_outcome_that_cannot_be_is_refused_by_name(change: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidOutcomes, match=f"^e0 and m.* in 2020: {words}|{words}"):
        replace(outcomes(10)[0], **change)


def test_rated_pairs_become_outcomes_of_people_with_what_spoke_for_them() -> None:
    again = a_mentee(id="request 2", person_id="same", mandate_tasks=frozenset({"mediation"}))
    first = a_mentee(id="request 1", person_id="same")
    mentor = a_mentor(mandate_tasks=frozenset({"mediation"}), gender="F")
    pairs = [
        Rated(again, mentor, 3, 5, None),
        Rated(first, mentor, 1, None, 2),
        Rated(replace(first, id="request 0", gender="M"), mentor, 2, 1, 1),
    ]

    found = outcomes_of(pairs)

    assert [(one.mentee_id, one.mentor_id) for one in found] == [("same", "mentor's person")] * 3
    told = [(one.cycle, one.mentee_rating, one.mentor_rating) for one in found]
    assert told == [(3, 5, None), (1, None, 2), (2, 1, 1)]
    assert [one.features["mandate_tasks"] for one in found] == [1.0, 0.0, 0.0]
    assert found[1].features == found[2].features
    assert outcomes_of([]) == []


@dataclass(frozen=True)
class Rated:
    """One cycle of a pair, as whoever keeps ratings would hand it over."""

    mentee: Mentee
    mentor: Mentor
    cycle: int
    mentee_rating: float | None
    mentor_rating: float | None


def test_a_pair_rated_twice_in_a_cycle_is_refused() -> None:
    one = outcomes(10)[0]

    with pytest.raises(InvalidOutcomes, match="are rated twice in 2020"):
        learn([one, replace(one, mentee_rating=1.0)])


def test_a_mentor_who_said_nothing_still_leaves_the_mentees_word() -> None:
    given = outcomes(400)
    silent = [one for one in given if one.mentor_rating is None]
    without = learn([one for one in given if one.mentor_rating is not None])
    model, shorter = lesson("some").model, without.model

    assert silent
    assert model is not None
    assert shorter is not None
    assert not np.allclose(model.score.models_[0].coef_, shorter.score.models_[0].coef_)
    assert np.allclose(model.score.models_[1].coef_, shorter.score.models_[1].coef_)


def test_a_calibration_never_falls_and_is_free_only_with_many_rows() -> None:
    draw = np.random.default_rng(0)
    logits = draw.normal(size=1200)
    came = (draw.random(1200) < 1 / (1 + np.exp(-3 * logits))).astype(float)

    few, many = calibrate(logits[:999], came[:999]), calibrate(logits, came)
    upside_down = calibrate(logits[:500], 1 - came[:500])

    assert isinstance(few, Sigmoid)
    assert few.slope == pytest.approx(3, abs=0.4)
    assert isinstance(many, Isotonic)
    assert (np.diff(many(np.linspace(-3, 3, 50))) >= 0).all()
    assert isinstance(upside_down, Sigmoid)
    assert upside_down.slope == 0


def test_a_model_has_one_name_for_its_numbers() -> None:
    model = lesson("some").model
    assert model is not None
    other = replace(model, calibration=Sigmoid(1.0, 0.0))

    assert model.version == f"linear-{model.digest[:12]}"
    assert other.version != model.version
    assert model.to_json()["features"] == list(LEARNABLE)
    assert set(LEARNABLE) == set(vars(Weights())) - {"mentor_gender"}


def test_the_facts_say_what_was_learnt_from() -> None:
    given: list[Outcome] = outcomes(400)

    facts = lesson("some").facts

    both = [one for one in given if one.mentor_rating is not None]
    good = [one for one in both if one.mentee_rating == 5 and one.mentor_rating == 4]
    assert (facts["rows"], facts["rated"], facts["good"]) == (400, len(both), len(good))
    assert facts["mentees"] == len({one.mentee_id for one in given})
    assert facts["mentors"] == len({one.mentor_id for one in given})
    assert facts["cycles"] == [2020, 2021, 2022, 2023, 2024]
    assert set(facts["versions"]) == {"matching", "numpy", "scikit-learn", "scipy"}
