"""What would be otherwise, against pairing the changed people from the start; and comparisons."""

import random
from dataclasses import replace
from typing import Any

import pytest

from matching import (
    Aim,
    Configuration,
    Infeasible,
    InvalidConfiguration,
    InvalidPeople,
    Run,
    Terms,
    Weights,
    pair,
    sentences,
)
from matching.arrays import MICROS
from matching.comparisons import Comparison, Fate, Pairing, SettingChange, compare
from matching.what_ifs import Situation, Supposition, what_if
from tests.matching.referees import answers
from tests.matching.test_sentences import check_numbers
from tests.matching.worlds import World, a_mentee, a_mentor, a_world, contested

OTHER_WEIGHTS = Weights(function=0.1, goals=0.24)


def situated(world: World) -> Situation:
    return Situation(
        mentees=tuple(world.mentees),
        mentors=tuple(world.mentors),
        fixed=frozenset(world.fixed),
        closed_badly=frozenset(world.closed_badly),
        terms=world.terms,
        configuration=world.configuration,
    )


def decided(world: World) -> World:
    """The same where the runners-up of a run stand, and one of them must stay."""
    others = {one.mentee_id: one.runner_up_mentor_id for one in world.ask(pair).proposals}
    standing = frozenset((mentee, mentor) for mentee, mentor in others.items() if mentor)
    terms = Terms(pins=frozenset(sorted(standing)[:1]), standing=standing)
    return replace(
        world, terms=terms, configuration=replace(world.configuration, standing_bonus=0.05)
    )


SITUATIONS = [
    *(situated(a_world(seed, n=14, m=8)) for seed in range(12)),
    *(situated(contested(seed, n=14, m=6)) for seed in range(3)),
    *(situated(decided(contested(seed, n=14, m=6))) for seed in range(3)),
]
SUPPOSITIONS: dict[str, Supposition] = {
    "nothing": Supposition(),
    "place": Supposition(mentors={"m0": {"capacity": 4}}),
    "fact": Supposition(mentees={"e1": {"languages": {"en": 6, "fr": 6}}}),
    "mentor": Supposition(more_mentors=(a_mentor(id="new", person_id="new", capacity=2),)),
    "away": Supposition(away=frozenset({"m1", "e2"})),
    "ban": Supposition(bans=frozenset({("e3", "m0"), ("e3", "m1")})),
    "weights": Supposition(
        configuration=Configuration(weights=OTHER_WEIGHTS, unmatched_value=0.25)
    ),
}


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("name", SUPPOSITIONS)
def test_a_trial_is_what_pairing_the_changed_people_gives(situation: Situation, name: str) -> None:
    trial = what_if(situation, SUPPOSITIONS[name])

    assert trial.before == situation.pair()
    assert trial.after == SUPPOSITIONS[name].applied(situation).pair()
    found = trial.comparison
    assert found.objective_after == trial.after.objective
    made = {one.mentee_id: one.mentor_id for one in trial.after.proposals}
    had = {one.mentee_id: one.mentor_id for one in trial.before.proposals}
    for change in found.changes:
        assert change.before_id == had.get(change.mentee_id)
        assert change.after_id == made.get(change.mentee_id)
    assert {one.mentee_id for one in found.changes} == made.keys() | had.keys()
    check_numbers(sentences.of_comparison(found), _numbers(found))
    if name != "weights":
        assert found.objective_before == trial.before.objective
        assert found.settings == ()


def _numbers(found: Comparison) -> Any:
    gains = [abs(one.gain) for one in found.changes]
    apart = abs(found.objective_after - found.objective_before)
    settings = [
        round(value * MICROS)
        for one in found.settings
        for value in (one.before, one.after)
        if isinstance(value, float)
    ]
    return [found.objective_after, found.objective_before, apart, *gains, *settings]


@pytest.mark.parametrize("situation", SITUATIONS)
def test_nothing_supposed_changes_nothing(situation: Situation) -> None:
    found = what_if(situation, Supposition()).comparison
    assert {one.fate for one in found.changes} <= {Fate.KEPT}
    assert not any(one.is_better or one.is_worse for one in found.changes)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_one_more_mentor_or_place_never_makes_the_whole_worse(situation: Situation) -> None:
    for name in ("mentor", "place"):
        found = what_if(situation, SUPPOSITIONS[name]).comparison
        assert found.objective_after >= found.objective_before


@pytest.mark.parametrize("situation", SITUATIONS)
def test_with_other_weights_both_are_valued_by_the_new_ones(situation: Situation) -> None:
    supposition = SUPPOSITIONS["weights"]
    configuration = supposition.configuration
    assert configuration is not None
    trial = what_if(situation, supposition)

    assert trial.comparison.is_rescored
    market = situation.valued_by(configuration)
    rows = {one.id: i for i, one in enumerate(market.mentees)}
    columns = {one.id: j for j, one in enumerate(market.mentors)}
    scores = market.scores.totals(slice(None))
    total = market.minimum * (len(rows) - len(trial.before.proposals))
    before = {one.mentee_id: one for one in trial.comparison.changes}
    for one in trial.before.proposals:
        score = int(scores[rows[one.mentee_id], columns[one.mentor_id]])
        total += score + int(market.priorities[rows[one.mentee_id]])
        stands = (one.mentee_id, one.mentor_id) in situation.terms.standing
        total += trial.after.standing_bonus * stands
        assert before[one.mentee_id].score_before == score
    assert trial.comparison.objective_before == total
    names = {one.name for one in trial.comparison.settings}
    assert (
        {"weights.function", "weights.goals"}
        <= names
        <= {
            "weights.function",
            "weights.goals",
            "unmatched_value",
            "standing_bonus",
        }
    )


def test_a_run_at_hand_is_not_made_again() -> None:
    situation = SITUATIONS[0]
    run = situation.pair()
    phases = []
    trial = what_if(
        situation, SUPPOSITIONS["place"], before=run, watch=lambda told: phases.append(told.phase)
    )
    assert trial.before is run
    assert phases.count("score") == 1


@pytest.mark.parametrize(
    ("supposition", "words"),
    [
        (Supposition(mentees={"m0": {}}), "m0: not in the run"),
        (Supposition(mentors={"x": {"capacity": 2}}), "x: not in the run"),
        (Supposition(away=frozenset({"y"})), "y: not in the run"),
        (Supposition(pins=frozenset({("e0", "y")})), "y: not in the run, so nothing can be"),
        (Supposition(bans=frozenset({("y", "m0")})), "y: not in the run, so nothing can be"),
        (Supposition(mentees={"e0": {"id": "e9"}}), "e0: id is no fact"),
        (Supposition(mentees={"e0": {"person_id": "e9"}}), "e0: person_id is no fact"),
        (Supposition(mentors={"m0": {"age": 9}}), "m0: age is no fact"),
        (Supposition(mentors={"m0": {"capacity": -1}}), "m0: capacity cannot be -1"),
        (Supposition(more_mentors=(a_mentor(id="m0", person_id="z"),)), "id occurs twice: m0"),
    ],
)
def test_a_supposition_that_fits_nobody_is_refused_by_name(
    supposition: Supposition, words: str
) -> None:
    with pytest.raises(InvalidPeople, match=words):
        what_if(situated(a_world(1, n=3, m=2)), supposition)


def drawn(world: World, draw: random.Random) -> World:
    """The same with some decisions, of which not all can always be kept."""
    pairs = [(mentee.id, mentor.id) for mentee in world.mentees for mentor in world.mentors]
    terms = Terms(
        pins=frozenset(draw.sample(pairs, draw.choice((0, 1)))),
        bans=frozenset(draw.sample(pairs, 1)),
        standing=frozenset({one[0]: one for one in draw.sample(pairs, 4)}.values()),
        least_loads={draw.choice(world.mentors).id: 1} if draw.random() < 0.5 else {},
    )
    return replace(
        world, terms=terms, configuration=replace(world.configuration, standing_bonus=0.03)
    )


def without(world: World, away: set[str], pins: Any, bans: Any) -> World:
    """What is left of a world, and of what was decided about it, by hand."""
    terms = world.terms
    here = [pair for pair in terms.pins if not away & set(pair)]
    stands = [pair for pair in terms.standing if not away & set(pair)]
    least = {one: least for one, least in terms.least_loads.items() if one not in away}
    return replace(
        world,
        mentees=[one for one in world.mentees if one.id not in away],
        mentors=[one for one in world.mentors if one.id not in away],
        terms=Terms(
            pins=frozenset([*here, *pins]),
            bans=frozenset([*terms.bans, *bans]),
            standing=frozenset(stands),
            least_loads=least,
        ),
    )


def best(world: World) -> int | None:
    """The worth of the best of all answers, tried one by one; None where there is none."""
    bonus = 30_000
    return max((one.utility + bonus * one.kept for one in answers(world)), default=None)


@pytest.mark.parametrize("seed", range(120))
def test_supposed_decisions_are_kept_at_the_least_cost_or_refused(seed: int) -> None:
    draw = random.Random(seed)
    made = a_world(seed, n=4, m=3) if seed % 2 else contested(seed, n=4, m=3)
    world = drawn(made, draw)
    everybody = [one.id for one in world.mentees] + [one.id for one in world.mentors]
    away = set(draw.sample(everybody, 2))
    left = [(e.id, m.id) for e in world.mentees for m in world.mentors if not away & {e.id, m.id}]
    pins, bans = draw.sample(left, 1), draw.sample(left, 1)
    supposition = Supposition(away=frozenset(away), pins=frozenset(pins), bans=frozenset(bans))
    expected = best(without(world, away, pins, bans))
    if best(world) is None or expected is None:
        with pytest.raises(Infeasible):
            what_if(situated(world), supposition)
        return
    trial = what_if(situated(world), supposition)
    assert trial.before.objective == best(world)
    assert trial.after.objective == trial.comparison.objective_after == expected
    assert set(pins) <= {(one.mentee_id, one.mentor_id) for one in trial.after.proposals}


def test_decisions_about_whoever_is_away_bind_nobody() -> None:
    terms = Terms(
        pins=frozenset({("e1", "m0")}),
        standing=frozenset({("e1", "m0"), ("e0", "m1")}),
        least_loads={"m0": 1, "m1": 0},
    )
    situation = few(terms=terms, configuration=Configuration(unmatched_value=0.0))
    situation = replace(situation, mentors=(*situation.mentors, a_mentor(id="m1", person_id="m1")))

    applied = Supposition(away=frozenset({"m0"})).applied(situation)

    assert applied.terms == Terms(standing=frozenset({("e0", "m1")}), least_loads={"m1": 0})
    assert Supposition(away=frozenset({"e1"})).applied(situation).terms.pins == frozenset()
    trial = what_if(situation, Supposition(away=frozenset({"m0"})))
    assert [one.mentor_id for one in trial.after.proposals] == ["m1"]


def test_another_aim_leaves_fewer_out_and_is_told_by_both_names() -> None:
    mentees = (
        a_mentee(id="e0", person_id="e0", languages={"en": 5, "fr": 5}, waiting_days=0),
        a_mentee(id="e1", person_id="e1", utc_offset_hours=0.0),
    )
    mentors = (
        a_mentor(id="m0", person_id="m0"),
        a_mentor(id="m1", person_id="m1", languages={"fr": 5}, utc_offset_hours=12.0),
    )
    situation = Situation(mentees=mentees, mentors=mentors)
    configuration = replace(situation.configuration, aim=Aim.NOBODY_LEFT_OUT)
    trial = what_if(situation, Supposition(configuration=configuration))
    assert len(trial.after.proposals) >= len(trial.before.proposals)
    assert trial.comparison.settings == (
        SettingChange("aim", Aim.BEST_QUALITY, Aim.NOBODY_LEFT_OUT),
    )
    told = sentences.of_comparison(trial.comparison)[-1]
    assert "aim (BEST_QUALITY then NOBODY_LEFT_OUT)" in told


def test_a_pin_that_another_configuration_forbids_does_not_keep_its_owner_from_going() -> None:
    mentees = (a_mentee(id="e0", person_id="e0"), a_mentee(id="e1", person_id="e1"))
    mentors = (a_mentor(id="m0", person_id="m0", capacity=2, languages={"en": 4}),)
    situation = Situation(
        mentees=mentees,
        mentors=mentors,
        terms=Terms(pins=frozenset({("e0", "m0")})),
        configuration=Configuration(unmatched_value=0.0),
    )
    stricter = replace(situation.configuration, working_language_level=5)
    trial = what_if(situation, Supposition(away=frozenset({"e0"}), configuration=stricter))
    assert len(trial.before.proposals) == 2
    assert trial.after.proposals == ()


def test_weights_that_do_not_sum_to_one_cannot_even_be_supposed() -> None:
    with pytest.raises(InvalidConfiguration, match="sum of weights"):
        Weights(function=0.5)


def few(capacity: int = 1, **changes: Any) -> Situation:
    mentees = tuple(
        a_mentee(id=f"e{k}", person_id=f"e{k}", function="CHIEF_OF_STAFF", waiting_days=k)
        for k in range(2)
    )
    mentors = (
        a_mentor(
            id="m0", person_id="m0", functions=frozenset({"CHIEF_OF_STAFF"}), capacity=capacity
        ),
    )
    return Situation(mentees=mentees, mentors=mentors, **changes)


def test_one_more_place_is_told_in_words() -> None:
    found = what_if(few(), Supposition(mentors={"m0": {"capacity": 2}})).comparison
    assert [(one.mentee_id, one.fate) for one in found.changes] == [
        ("e0", Fate.NEW),
        ("e1", Fate.KEPT),
    ]
    assert sentences.of_comparison(found) == (
        "1 pair stays as it is and 1 pair is new.",
        "The whole is worth 0.640 instead of 0.520, which is 0.120 more.",
        "1 mentee gains.",
    )


def test_somebody_who_goes_away_neither_gains_nor_loses_and_the_others_do() -> None:
    trial = what_if(few(), Supposition(away=frozenset({"e1"})))
    assert [(one.mentee_id, one.fate) for one in trial.comparison.changes] == [
        ("e0", Fate.NEW),
        ("e1", Fate.GONE),
    ]
    gone = trial.comparison.of_fate(Fate.GONE)[0]
    assert not gone.is_worse
    assert (gone.waited, gone.waits) == (True, False)
    assert sentences.of_comparison(trial.comparison)[-2:] == (
        "1 mentee gains.",
        "2 mentees waited in the first, 1 in the second.",
    )


def test_a_mentor_who_goes_away_is_a_loss() -> None:
    found = what_if(few(2), Supposition(away=frozenset({"m0"}))).comparison
    assert "2 mentees lose." in sentences.of_comparison(found)
    assert "2 mentees have no pair any more." in sentences.of_comparison(found)


def a_pairing(run: Run, **changes: Any) -> Pairing:
    return replace(Pairing.of(run, Configuration()), **changes)


def test_two_runs_of_different_settings_are_compared_as_they_are() -> None:
    run = few().pair()
    other = Configuration(version="expert-2", levels=("D-1",), weights=OTHER_WEIGHTS)
    found = compare(a_pairing(run), a_pairing(run, configuration=other))
    assert found.settings == (
        SettingChange("version", "expert-1", "expert-2"),
        SettingChange("weights.function", 0.22, 0.1),
        SettingChange("weights.goals", 0.12, 0.24),
        SettingChange("levels", ["D-1", "D-2", "ASG", "USG"], ["D-1"]),
    )
    assert not found.is_rescored
    assert sentences.of_comparison(found) == (
        "1 pair stays as it is.",
        "The whole is worth the same, 0.520.",
        (
            "Settings differ, and each is valued by its own: version (expert-1 then expert-2),"
            " weights.function (0.22 then 0.1), weights.goals (0.12 then 0.24) and levels."
        ),
    )


def test_two_empty_runs_have_no_pair() -> None:
    run = Situation(mentees=(), mentors=()).pair()
    assert sentences.of_comparison(compare(a_pairing(run), a_pairing(run)))[0] == (
        "Neither has any pair."
    )


def test_a_comparison_says_who_has_another_mentor() -> None:
    run = few().pair()
    left = a_pairing(run)
    right = a_pairing(run, mentors={"e1": "m9"}, scores={"e1": left.scores["e1"] - 5_000})
    found = compare(left, right)
    assert sentences.of_comparison(found)[0] == "1 mentee has another mentor."
    assert "1 mentee loses, up to 0.005 in score." in sentences.of_comparison(found)
