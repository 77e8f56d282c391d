"""The matcher as an estimator: the same answers as `pair` and `assign`, under sklearn's names."""

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from matching import (
    MICROS,
    NOBODY,
    CapacitatedMatcher,
    Configuration,
    Fixed,
    InvalidPeople,
    Reason,
    assign,
    pair,
)
from tests.matching.worlds import a_mentee, a_mentor, a_world


@pytest.mark.parametrize("seed", range(8))
def test_fitted_on_people_it_tells_what_the_run_tells(seed: int) -> None:
    world = a_world(seed, n=12, m=6)
    run = world.ask(pair)

    found = CapacitatedMatcher(configuration=world.configuration).fit(
        world.mentees,
        world.mentors,
        fixed=world.fixed,
        closed_badly=world.closed_badly,
    )

    assert found.run_ == run
    assert found.pairs_ == tuple((one.mentee_id, one.mentor_id) for one in run.proposals)
    assert (found.prices_, found.surplus_, found.gap_) == (run.prices, run.surpluses, 0)
    assert found.unmatched_ == run.unmatched


def test_it_predicts_the_mentor_of_each_mentee_kept_proposed_or_missing() -> None:
    mentees = [a_mentee(id=name, person_id=name) for name in ("kept", "new", "barred")]
    mentees[2] = a_mentee(id="barred", person_id="barred", conflicts=None)
    mentors = [a_mentor(id="m", person_id="m", capacity=2)]
    matcher = CapacitatedMatcher(configuration=Configuration(unmatched_value=0.0))

    found = matcher.fit(mentees, mentors, fixed=[Fixed("kept", "m")])

    assert found.predict(["barred", "kept", "new", "kept"]).tolist() == [None, "m", "m", "m"]
    assert found.pairs_ == (("new", "m"),)
    assert [one.reason for one in found.unmatched_] == [Reason.NO_ELIGIBLE_MENTOR]
    with pytest.raises(ValueError, match="mentee 'stranger' is none of those fitted"):
        found.predict(["stranger"])


@pytest.mark.parametrize(("bonus", "mentor"), [(0.0, "better"), (0.2, "stands")])
def test_incumbents_stay_as_firmly_as_the_configuration_says(bonus: float, mentor: str) -> None:
    mentors = [
        a_mentor(id="better", person_id="b", level="D-2"),
        a_mentor(id="stands", person_id="s"),
    ]
    matcher = CapacitatedMatcher(
        configuration=Configuration(standing_bonus=bonus, unmatched_value=0)
    )

    found = matcher.fit([a_mentee(level="D-1")], mentors, [("mentee", "stands")])

    assert found.pairs_ == (("mentee", mentor),)
    assert found.gap_ == 0


class Watching(Configuration):
    """Notes how many threads the pools have while a run goes on."""

    def priority(self, waiting_days: int) -> int:
        SEEN.extend(pool["num_threads"] for pool in threadpool_info())
        return super().priority(waiting_days)


SEEN: list[int] = []


def test_a_run_holds_all_pools_to_one_thread_and_gives_them_back() -> None:
    with threadpool_limits(limits=2):
        before = [pool["num_threads"] for pool in threadpool_info()]
        CapacitatedMatcher(configuration=Watching()).fit([a_mentee()], [a_mentor()])
        after = [pool["num_threads"] for pool in threadpool_info()]

    assert 2 in before
    assert set(SEEN) == {1}
    assert after == before


def test_people_who_contradict_each_other_are_refused() -> None:
    with pytest.raises(InvalidPeople, match="occurs twice"):
        CapacitatedMatcher().fit([a_mentee(), a_mentee()], [a_mentor()])


def test_nobody_who_waits_is_no_mistake() -> None:
    found = CapacitatedMatcher().fit([], [a_mentor()])

    assert (found.pairs_, found.unmatched_, found.gap_) == ((), (), 0)
    assert found.predict([]).tolist() == []


@pytest.mark.parametrize("seed", range(8))
def test_fitted_on_scores_each_row_would_choose_at_the_prices_what_is_worth_as_much(
    seed: int,
) -> None:
    scores = np.random.default_rng(seed).integers(-5, 20, (9, 4)) / 20
    known = assign(scores, [2] * 4, forbidden=scores < 0.1, unmatched_value=0.1)

    found = CapacitatedMatcher(capacity=2, unmatched_value=0.1).fit(scores)
    chosen = found.predict(scores)

    assert found.pairs_ == known.pairs
    assert found.gap_ == 0
    assert found.unmatched_ == tuple(sorted(set(range(9)) - {row for row, _ in known.pairs}))
    worth = np.where(chosen == NOBODY, 0.1, scores[range(9), chosen]) * MICROS
    assert (np.rint(worth) - np.append(found.prices_, 0)[chosen] == found.surplus_).all()


def test_a_row_that_nothing_is_good_enough_for_chooses_nobody() -> None:
    found = CapacitatedMatcher(unmatched_value=0.5).fit([[0.9, 0.2], [0.8, 0.1]])

    assert found.unmatched_ == (1,)
    assert found.predict([[0.4, 0.4], [0.0, 0.6]]).tolist() == [NOBODY, 1]
