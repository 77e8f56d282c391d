"""Which optimum is proposed: nobody left out or the best quality, who waits, and what stands."""

import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import (
    Aim,
    Configuration,
    Difference,
    Effort,
    Fixed,
    Infeasible,
    InvalidConfiguration,
    NotSolved,
    Reached,
    Run,
    Stability,
    Terms,
    certify,
    pair,
)
from matching.choices import choose, reward_of
from matching.markets import Market
from matching.optima import find, unwatched
from matching.worths import NEVER, Sides, Standing, Worths
from tests.matching.referees import answers, breaches, keepable
from tests.matching.test_terms import a_bound_world, a_crowded_world, made
from tests.matching.worlds import World, a_mentee, a_mentor

FREE = Configuration(unmatched_value=0.0)
FEW = Effort(few_pairs=0, by_mentee=2, by_mentor=2)
ROOT = Path(__file__).parents[2]


def a_standing_world(seed: int, n: int, m: int) -> World:
    """A world with an aim, with proposals that stand, and with people who wait too long."""
    draw = random.Random(seed)
    world = a_bound_world(seed, n, m)
    pairs = [(one.id, other.id) for one in world.mentees for other in world.mentors]
    standing = dict(draw.sample(pairs, min(len(pairs), draw.randint(0, 4))))
    return replace(
        world,
        terms=replace(world.terms, standing=frozenset(standing.items())),
        configuration=replace(
            world.configuration,
            aim=draw.choice(list(Aim)),
            first_after_days=draw.choice((None, 30, 350)),
            standing_bonus=draw.choice((0.0, 0.03, 0.5)),
        ),
    )


def holds(world: World, run: Run) -> bool:
    certificate = world.ask(certify, run)
    assert certificate.faults == ()
    return bool(certificate.holds)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.integers(0, 2**32), st.integers(0, 6), st.integers(0, 4))
def test_either_aim_reaches_what_brute_force_finds(seed: int, n: int, m: int) -> None:
    world = a_standing_world(seed, n, m)
    every = answers(world)
    if not every:
        with pytest.raises(Infeasible):
            world.ask(pair)
        return

    run = world.ask(lambda *a, **k: pair(*a, **k, effort=Effort(both_aims=True)))

    bonus = run.standing_bonus
    best = {
        "BEST_QUALITY": max(every, key=lambda one: one.utility + bonus * one.kept),
        "NOBODY_LEFT_OUT": max(every, key=lambda one: (one.number, one.utility + bonus * one.kept)),
    }
    for aim, answer in best.items():
        reached = run.aims[aim]
        assert aim == "BEST_QUALITY" or reached.proposals == answer.number
        assert answer.utility + bonus * answer.kept == max(
            one.utility + bonus * one.kept
            for one in every
            if (one.number, one.utility) == (reached.proposals, reached.objective)
        )
    told = best[world.configuration.aim]
    assert len(run.proposals) == told.number or world.configuration.aim is Aim.BEST_QUALITY
    assert run.objective == run.bound == told.utility + bonus * told.kept
    assert breaches(world, made(run)) == []
    assert holds(world, run)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.integers(0, 2**32), st.integers(0, 6), st.integers(0, 4), st.integers(0, 2))
def test_no_more_proposals_change_than_may_and_none_as_steady_is_better(
    seed: int, n: int, m: int, most: int
) -> None:
    world = a_standing_world(seed, n, m)
    world = replace(world, configuration=replace(world.configuration, most_changes=most))
    every = answers(world)
    if world.configuration.aim is Aim.NOBODY_LEFT_OUT:
        number = max((one.number for one in every), default=0)
        every = [one for one in every if one.number == number]
    possible = keepable(world)
    steady = [one for one in every if possible - one.kept <= most]
    if not steady:
        with pytest.raises(Infeasible):
            world.ask(pair)
        return

    run = world.ask(pair)

    kept = sum((mentee, mentor) in world.terms.standing for mentee, mentor in made(run).items())
    utility = run.objective - kept * run.standing_bonus
    assert possible - kept <= most
    assert utility == max(one.utility for one in every if one.kept >= kept)
    assert holds(world, run)
    if world.terms.standing and run.stability:
        best = max(one.utility for one in every)
        assert (run.stability.changes, run.stability.kept) == (possible - kept, kept)
        assert (run.stability.loss, run.stability.bonus) == (best - utility, run.standing_bonus)


@pytest.mark.parametrize("aim", list(Aim))
@pytest.mark.parametrize("seed", range(6))
def test_few_pairs_reach_either_aim_at_sizes_that_need_rounds(seed: int, aim: Aim) -> None:
    world = a_crowded_world(seed, n=90, m=25)
    world = replace(
        world,
        mentees=[replace(one, waiting_days=17 * k) for k, one in enumerate(world.mentees)],
        terms=replace(world.terms, standing=frozenset((f"e{k}", f"m{k % 25}") for k in range(60))),
        configuration=replace(
            world.configuration,
            aim=aim,
            first_after_days=200,
            standing_bonus=0.01,
        ),
    )

    whole = world.ask(pair)
    run = world.ask(lambda *a, **k: pair(*a, **k, effort=FEW))

    assert run.counts["edges"] < whole.counts["edges"]
    assert (run.objective, run.gap) == (whole.objective, 0)
    assert len(run.proposals) == len(whole.proposals)
    assert holds(world, run)
    mentors = {one.mentee_id: one.runner_up_cost for one in run.proposals}
    assert all(cost is None or cost >= 0 for cost in mentors.values())


def test_nobody_is_left_out_though_scores_are_lower() -> None:
    # The keen mentee can have either mentor, the odd one only the better.
    mentees = [
        a_mentee(id="keen", person_id="keen", level="D-1"),
        a_mentee(id="odd", person_id="odd", level="ASG", vetoed_mentors=frozenset({"other"})),
    ]
    mentors = [
        a_mentor(level="D-2"),
        a_mentor(id="other", person_id="other", utc_offset_hours=0.0),
    ]
    quality = replace(FREE, unmatched_value=0.09)
    everybody = replace(quality, aim=Aim.NOBODY_LEFT_OUT)

    best = pair(mentees, mentors, configuration=quality, effort=Effort(both_aims=True))
    all_ = pair(mentees, mentors, configuration=everybody)

    assert made(best) == {"keen": "mentor", "odd": None}
    assert made(all_) == {"keen": "other", "odd": "mentor"}
    assert best.aims == all_.aims
    assert best.aims["BEST_QUALITY"] == Reached(1, best.objective)
    assert best.aims["NOBODY_LEFT_OUT"] == Reached(2, all_.objective)
    assert best.objective > all_.objective
    assert pair(mentees, mentors, configuration=quality).aims.keys() == {"BEST_QUALITY"}


def test_the_reward_exceeds_all_that_scores_can_gain_together() -> None:
    world = a_crowded_world(1, n=30, m=10)
    worths = Worths.of(world.ask(Market.of))

    best = find(worths)

    alone = worths.sides.minimum * 30
    assert reward_of(worths) > best.objective - alone


def test_a_reward_that_leaves_no_room_for_ties_is_exact_and_one_beyond_64_bits_is_refused() -> None:
    worths = rough(1, n=300)
    usual, huge = reward_of(worths), 2**51

    found = [find(worths.weighed(reward=reward)) for reward in (usual, huge)]

    numbers = [int(best.chosen.sum()) for best in found]
    assert numbers[0] == numbers[1]
    assert found[0].objective - usual * numbers[0] == found[1].objective - huge * numbers[1]
    with pytest.raises(NotSolved, match="too large for exact arithmetic"):
        find(worths.weighed(reward=2**56))


def test_a_reward_too_small_or_out_of_place_is_noticed() -> None:
    world = a_crowded_world(2, n=12, m=5)
    for aim, reward, fault in (
        (Aim.BEST_QUALITY, 1, "pairs are rewarded, and the aim is the best quality"),
        (Aim.NOBODY_LEFT_OUT, 1, "the reward for each pair is less than what scores may gain"),
    ):
        there = replace(world, configuration=replace(world.configuration, aim=aim))
        run = replace(there.ask(pair), reward=reward)
        assert fault in there.ask(certify, run).faults


# Waiting.


def nights(configuration: Configuration, weeks: int) -> dict[str, int]:
    """In which week each mentee is served where one place comes free and two better ones arrive.

    Everybody after the first fits the mentor better than the first does.
    """
    waiting = [a_mentee(id="plain", person_id="plain", level=None)]
    served: dict[str, int] = {}
    for week in range(weeks):
        waiting += [
            a_mentee(id=f"{week}{side}", person_id=f"{week}{side}", level="D-1") for side in "ab"
        ]
        run = pair(waiting, [a_mentor(level="D-2")], configuration=configuration)
        served |= {one.mentee_id: week for one in run.proposals}
        waiting = [
            replace(one, waiting_days=one.waiting_days + 7)
            for one in waiting
            if one.id not in served
        ]
    return served


def test_a_bonus_with_a_limit_lets_somebody_wait_for_ever_under_lasting_scarcity() -> None:
    capped = replace(FREE, waiting_bonus_per_day=0.001, waiting_bonus_limit=0.05)

    served = nights(capped, 60)

    assert len(served) == 60
    assert "plain" not in served


def test_whoever_waits_long_enough_is_served_however_many_better_ones_come() -> None:
    served = nights(replace(FREE, first_after_days=28), 60)

    assert served["plain"] == 5
    # From then on it is a queue: nobody is served before somebody of an earlier week.
    weeks = [int(one[:-1]) for one in served if one != "plain"][6:]
    assert weeks == sorted(weeks)


@pytest.mark.parametrize("seed", range(12))
def test_whoever_stays_alone_overdue_is_passed_over_only_for_those_who_wait_as_long(
    seed: int,
) -> None:
    """The promise in the docstring of `priority`, among tangled rivals, caps and standing pairs."""
    draw = random.Random(seed)
    world = a_crowded_world(seed, n=60, m=12)
    configuration = replace(
        world.configuration,
        first_after_days=60,
        standing_bonus=draw.choice((0.0, 0.4)),
        aim=draw.choice(list(Aim)),
    )
    cohorts = world.terms.groupings["cohort"]
    standing = frozenset((f"e{k}", f"m{draw.randrange(12)}") for k in range(60))
    world = replace(
        world,
        mentees=[replace(one, waiting_days=draw.randrange(0, 400)) for one in world.mentees],
        terms=Terms(groupings={"cohort": cohorts}, standing=standing),
        configuration=configuration,
    )
    run = world.ask(pair)
    weeks = {one.id: max(0, -(-(one.waiting_days - 60) // 7)) for one in world.mentees}
    taken: dict[str, list[str]] = {one.id: [] for one in world.mentors}
    for one in run.proposals:
        taken[one.mentor_id].append(one.mentee_id)

    lonely = [one.mentee_id for one in run.unmatched if weeks[one.mentee_id]]
    assert lonely
    market = world.ask(Market.of)
    allowed = market.scores.totals(slice(None)) >= market.minimum
    for mentee_id in lonely:
        row = next(i for i, one in enumerate(market.mentees) if one.id == mentee_id)
        for j, mentor in enumerate(market.mentors):
            if not allowed[row, j] or not market.free[j]:
                continue
            rivals = taken[mentor.id]
            fellows = [one for one in rivals if cohorts[one] == cohorts[mentee_id]]
            full = [rivals] if len(rivals) == market.free[j] else []
            crowded = [fellows] if len(fellows) == 2 else []
            assert any(
                min(weeks[rival] for rival in some) >= weeks[mentee_id] for some in full + crowded
            )


# What stands.


def rough(seed: int, n: int) -> Worths:
    """Scores of a hidden fit and of mentors whom everybody wants, and four in ten forbidden."""
    draw = np.random.default_rng(seed)
    m = n // 2
    mine, theirs = draw.normal(size=(n, 8)), draw.normal(size=(m, 8))
    fit = mine @ theirs.T / 3 + draw.normal(size=m) + draw.normal(size=(n, m)) / 2
    scores = (1e6 / (1 + np.exp(-fit))).astype(np.int32)
    scores[draw.random((n, m)) < 0.43] = NEVER
    sides = Sides(
        np.arange(n, dtype=np.uint64),
        np.arange(m, dtype=np.uint64),
        np.ones(n, dtype=np.int64),
        draw.integers(1, 4, m),
        np.zeros(n, dtype=np.int64),
        0,
    )
    return Worths(sides, Effort(), int((scores > NEVER).sum()), scores)


def noisy(worths: Worths, seed: int, standing: Standing) -> Worths:
    """The same market the night after: every score a little different, by two per cent."""
    assert worths.kept is not None
    noise = np.random.default_rng(seed).normal(1, 0.02, worths.kept.shape)
    moved = np.clip(np.rint(worths.kept * noise), 0, 10**6).astype(np.int32)
    kept = np.where(worths.kept > NEVER, moved, np.int32(NEVER))
    return replace(worths, kept=kept, standing=standing)


def last_night(worths: Worths) -> Standing:
    found = find(worths)
    return Standing(found.problem.rows[found.chosen], found.problem.columns[found.chosen])


@pytest.mark.parametrize("seed", range(4))
def test_a_small_bonus_keeps_most_proposals_for_next_to_nothing_and_a_bound_keeps_more(
    seed: int,
) -> None:
    before = rough(seed, n=300)
    after = noisy(before, seed, last_night(before))

    def again(**settings: Any) -> tuple[Stability, int]:
        choice = choose(after, Configuration(**settings), watch=unwatched)
        assert choice.stability is not None
        return choice.stability, choice.utility

    (free, most), (calm, _) = again(), again(standing_bonus=0.02)
    bound, _ = again(most_changes=calm.changes // 2)

    assert free.standing == free.keepable == free.kept + free.changes
    assert (free.bonus, free.loss) == (0, 0)
    assert free.changes > free.standing / 4 > calm.changes
    assert 0 < calm.loss < most * 0.005
    assert bound.changes <= calm.changes // 2
    assert bound.loss >= calm.loss
    assert bound.bonus > calm.bonus


def test_an_active_pair_is_kept_whatever_else_changes() -> None:
    world = a_crowded_world(3, n=40, m=15)
    fixed = [Fixed(f"e{k}", f"m{k % 15}") for k in range(5, 12)]
    held = {one.mentee_id for one in fixed}
    standing = frozenset((f"e{k}", f"m{(k + 1) % 15}") for k in range(40))

    run = replace(world, fixed=fixed, terms=Terms(standing=standing), configuration=FREE).ask(pair)

    assert not held & made(run).keys()
    assert run.difference is not None
    assert held <= set(run.difference.gone)


def test_a_run_tells_who_moved_and_who_is_gone() -> None:
    mentees = [
        a_mentee(id=name, person_id=name, level=level, waiting_days=days)
        for name, level, days in (
            ("kept", "D-1", 0), ("moved", "D-1", 0), ("ended", "ASG", 0), ("new", "D-1", 0),
        )
    ]  # fmt: skip
    mentors = [
        a_mentor(level="D-2"),
        a_mentor(id="other", person_id="other", level="D-2", capacity=2),
    ]
    standing = frozenset({
        ("kept", "mentor"), ("moved", "third"), ("ended", "mentor"), ("gone", "other"),
    })  # fmt: skip

    settings = replace(FREE, standing_bonus=0.00001)
    run = pair(mentees, mentors, terms=Terms(standing=standing), configuration=settings)

    assert run.difference == Difference(
        kept=("kept",), moved=("moved",), ended=("ended",), gone=("gone",), new=("new",)
    )
    assert run.stability == Stability(standing=2, keepable=2, kept=1, changes=1, bonus=10, loss=0)
    assert pair(mentees, mentors, configuration=FREE).difference is None


def test_a_bound_that_cannot_be_kept_is_refused_with_the_number_that_must_change() -> None:
    mentees = [a_mentee(id=name, person_id=name) for name in "abc"]
    standing = frozenset((name, "mentor") for name in "abc")

    with pytest.raises(Infeasible, match="most_changes is 1, and 2 standing proposals change"):
        pair(
            mentees,
            [a_mentor()],
            terms=Terms(standing=standing),
            configuration=replace(FREE, most_changes=1),
        )


def test_a_bonus_or_a_number_of_changes_that_nobody_allowed_is_noticed() -> None:
    mentees = [a_mentee(id=name, person_id=name) for name in "ab"]
    people: Any = mentees, [a_mentor()]
    terms = Terms(standing=frozenset({("a", "mentor")}))
    run = pair(*people, terms=terms, configuration=FREE)
    (one,) = run.proposals
    other = replace(run, proposals=(replace(one, mentee_id="b"),))

    spoilt = certify(replace(run, standing_bonus=5), *people, terms=terms, configuration=FREE)
    changed = certify(other, *people, terms=terms, configuration=replace(FREE, most_changes=0))

    assert "the bonus of standing differs from 0" in spoilt.faults
    assert "1 standing proposals changed, of which 0 may" in changed.faults


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"aim": "EVERYBODY"}, "aim cannot be 'EVERYBODY'"),
        ({"standing_bonus": 1.5}, "standing_bonus cannot be 1.5"),
        ({"most_changes": -1}, "most_changes cannot be -1"),
        ({"first_after_days": -7}, "first_after_days cannot be -7"),
        ({"group_caps": [["gender", 0]]}, "group_caps gender cannot be 0"),
        ({"group_caps": [["gender", 1], ["gender", 2]]}, "group_caps cannot be"),
    ],
)
def test_impossible_settings_are_refused_by_name(setting: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidConfiguration, match=words):
        Configuration.from_json(setting)


def test_later_settings_travel_as_json_once_somebody_chose_them() -> None:
    chosen = Configuration(
        aim=Aim.NOBODY_LEFT_OUT, first_after_days=180, standing_bonus=0.01, most_changes=0,
        group_caps=(("gender", 2),),
    )  # fmt: skip

    assert Configuration.from_json(chosen.to_json()) == chosen
    assert not {"aim", "most_changes"} & Configuration().to_json().keys()


def test_without_its_solver_the_matcher_refuses_and_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['ortools'] = None\n"
        "import matching\n"
        "try: matching.assign([[1.0]], [1])\n"
        "except matching.NoSolver as refusal: print(refusal)"
    )

    told = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, text=True
    )

    assert told.stdout == (
        "OR-Tools is not installed, and only it proves a pairing; install ortools\n"
    )
