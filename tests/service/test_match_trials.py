"""Trials that leave no trace, against what the matcher itself says; and stored runs compared."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

import matching
from matching.what_ifs import Situation, Supposition, what_if
from service import database, match_inputs, match_trials, models
from service.access.actors import Actor, Grant, system
from service.access.roles import Role
from service.errors import Conflict, Invalid, NotAllowed, NotFound, NotSignedIn
from service.match_comparisons import MatchComparison
from service.match_runs import run_match
from service.match_trials import ComparisonQuestion, WhatIfQuestion
from service.match_words import PairFate
from service.models.vocabulary import MatchRunTrigger
from service.suppositions import WhatIfMatch, configured, new_id
from tests.programmes import Programme, programme
from tests.service.test_match_explanations import STRANGERS

WORKER = system("tests")
HR = Actor(UUID(int=1), None, "hr", (Grant(Role.HR_OFFICER),))
STRANGERS_PAIR = {"request_id": UUID(int=5), "mentor_id": UUID(int=6)}
ENGLISH = [{"language": "en", "proficiency": "C2"}]


@pytest.fixture(autouse=True)
async def connection(fresh_url: str) -> AsyncIterator[None]:
    async with database.connected(fresh_url):
        yield


async def situation() -> Situation:
    inputs = match_inputs.records(await match_inputs.read())
    return Situation(mentees=inputs.mentees, mentors=inputs.mentors, **inputs.bound_by)


async def tried(first: int = 20, **given: Any) -> MatchComparison:
    question = WhatIfQuestion(input=WhatIfMatch.model_validate(given), first=first)
    return await match_trials.try_out(question, by=HR)


async def a_world() -> Programme:
    return await programme(mentors=2, requests=3)


async def test_one_more_place_brings_a_pair_and_stores_nothing() -> None:
    world = await a_world()
    counts = [await model.all().count() for model in (models.MatchRun, models.MatchProposal)]
    mentor = world.mentors[0].id

    found = await tried(mentors=[{"mentor_id": mentor, "capacity": 2}])

    library = what_if(await situation(), Supposition(mentors={str(mentor): {"capacity": 2}}))
    assert (found.new, found.gone) == (1, 0)
    assert found.objective_after == library.comparison.objective_after / matching.MICROS
    assert found.objective_before == library.comparison.objective_before / matching.MICROS
    assert found.sentences == matching.sentences.of_comparison(library.comparison)
    (change,) = [one for one in found.changes if one.fate is PairFate.NEW]
    assert change.is_better
    assert [
        await model.all().count() for model in (models.MatchRun, models.MatchProposal)
    ] == counts
    assert await models.AuditEvent.all().count() == 0
    assert (await models.Mentor.get(id=mentor)).capacity == world.mentors[0].capacity


async def test_a_mentor_who_is_only_supposed_is_told_by_place_and_not_by_row() -> None:
    await a_world()
    given = {"languages": ENGLISH, "functions": ["HEAD_OF_MISSION"], "level": "USG"}
    found = await tried(new_mentors=[{"languages": []}, given])
    new = [one for one in found.changes if one.new_mentor is not None]
    assert [(one.new_mentor, one.after_id) for one in new] == [(1, None)]
    assert found.new == 1


async def test_people_away_and_other_facts_reach_the_matcher() -> None:
    world = await a_world()
    first, second, third = (request.id for request in world.requests)
    mentor = world.mentors[0].id
    refused = [one.id for one in world.mentors]

    found = await tried(
        mentees=[
            {"request_id": first, "is_away": True},
            {
                "request_id": second,
                "refused_mentor_ids": refused,
                "goals": "Budget",
                "top_criterion": "LANGUAGE",
                "preferred_gender": "FEMALE",
                "preferred_mentor_ids": [mentor],
                "languages": [*ENGLISH, {"language": "fr", "proficiency": "B2"}],
            },
        ],
        mentors=[{"mentor_id": mentor, "is_available": False, "languages": ENGLISH}],
    )

    mentors = frozenset(map(str, refused))
    spoken = {"en": 6, "fr": 4}
    library = what_if(
        await situation(),
        Supposition(
            mentees={
                str(second): {
                    "vetoed_mentors": mentors,
                    "goals": "Budget",
                    "top_criterion": "languages",
                    "mentor_gender_preference": "FEMALE",
                    "preferred_mentors": (str(mentor),),
                    "languages": spoken,
                }
            },
            mentors={str(mentor): {"available": False, "languages": {"en": 6}}},
            away=frozenset({str(first)}),
        ),
    )
    assert found.objective_after == library.comparison.objective_after / matching.MICROS
    paired = {one.request_id for one in found.changes if one.after_id}
    assert paired <= {third}
    assert (found.waiting_before, found.waiting_after) == (3, 2)


async def test_supposed_decisions_and_another_aim_reach_the_matcher() -> None:
    world = await a_world()
    first, second, third = (str(request.id) for request in world.requests)
    mentor, other = (str(one.id) for one in world.mentors)
    given: dict[str, Any] = {
        "pins": [{"request_id": third, "mentor_id": mentor}],
        "bans": [
            {"request_id": second, "mentor_id": other},
            {"request_id": second, "mentor_id": mentor},
        ],
        "aim": "NOBODY_LEFT_OUT",
    }

    found = await tried(**given)

    now = await situation()
    library = what_if(
        now,
        Supposition(
            pins=frozenset({(third, mentor)}),
            bans=frozenset({(second, other), (second, mentor)}),
            configuration=replace(now.configuration, aim=matching.Aim.NOBODY_LEFT_OUT),
        ),
    )
    made = {one.mentee_id: one.mentor_id for one in library.after.proposals}
    assert made == {third: mentor, first: other}
    assert found.objective_after == library.comparison.objective_after / matching.MICROS
    assert found.sentences == matching.sentences.of_comparison(library.comparison)
    assert [(one.name, one.before, one.after) for one in found.settings] == [
        ("aim", '"BEST_QUALITY"', '"NOBODY_LEFT_OUT"')
    ]


@pytest.mark.parametrize("is_apart", [False, True])
async def test_decisions_that_cannot_be_kept_are_refused_with_what_stands_against_them(
    monkeypatch: pytest.MonkeyPatch, is_apart: bool
) -> None:
    if is_apart:
        monkeypatch.setattr(match_trials, "PAIRS_IN_A_THREAD", 0)
        monkeypatch.setattr(database, "WORK_SECONDS", 60.0)
    world = await a_world()
    both = {"request_id": world.requests[0].id, "mentor_id": world.mentors[0].id}
    with pytest.raises(Conflict, match=r"keeps all that is supposed: .* BANNED; take") as refused:
        await tried(pins=[both], bans=[both])
    assert refused.value.path == ("input",)
    away = {"mentor_id": both["mentor_id"], "is_away": True}
    with pytest.raises(Conflict, match=r"keeps all that is supposed: .* not both in this run"):
        await tried(pins=[both], mentors=[away])


async def test_a_world_whose_own_decisions_cannot_be_kept_is_not_tried_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = await a_world()
    records = match_inputs.records

    def bound(snapshot: match_inputs.Snapshot) -> match_inputs.Inputs:
        asked = matching.Terms(least_loads={str(world.mentors[0].id): 2})
        return replace(records(snapshot), terms=asked)

    monkeypatch.setattr(match_inputs, "records", bound)
    with pytest.raises(
        Conflict, match=r"keeps all that is decided today: .* least load"
    ) as refused:
        await tried()
    assert refused.value.path == ()
    away = {"mentor_id": world.mentors[0].id, "is_away": True}
    with pytest.raises(Conflict, match="decided today"):
        await tried(mentors=[away])


async def test_a_mentor_away_leaves_mentees_without_one() -> None:
    world = await a_world()
    found = await tried(mentors=[{"mentor_id": one.id, "is_away": True} for one in world.mentors])
    assert (found.gone, found.worse, found.kept) == (2, 2, 0)


async def test_other_weights_value_both_pairings_and_are_named() -> None:
    await a_world()
    found = await tried(
        weights={"function": 0.02, "goals": 0.32}, unmatched_value=0.1, working_language="C2"
    )
    assert found.is_rescored
    assert {one.name: (one.before, one.after) for one in found.settings} == {
        "weights.function": ("0.22", "0.02"),
        "weights.goals": ("0.12", "0.32"),
        "unmatched_value": ("0.2", "0.1"),
        "working_language_level": ("4", "6"),
    }


async def test_nothing_supposed_changes_nothing_and_null_leaves_a_wish_out() -> None:
    world = await programme(mentors=2, requests=2)
    found = await tried()
    assert (found.changes, found.kept, found.settings) == ((), 2, ())
    await models.MentorshipRequest.filter(id=world.requests[0].id).update(
        preferred_gender="FEMALE", top_criterion="LANGUAGE"
    )
    request = {"request_id": world.requests[0].id, "preferred_gender": None, "top_criterion": None}
    other = await tried(mentees=[request])
    assert other.objective_after > other.objective_before


async def test_no_more_changes_are_shown_than_asked_for() -> None:
    world = await a_world()
    away = [{"mentor_id": one.id, "is_away": True} for one in world.mentors]
    assert [len((await tried(first=n, mentors=away)).changes) for n in (0, 1, 9)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("given", "path", "words"),
    [
        ({"mentees": [{"request_id": UUID(int=5)}]}, ("mentees", "0", "request_id"), "not wait"),
        ({"mentors": [{"mentor_id": UUID(int=5)}]}, ("mentors", "0", "mentor_id"), "not offer"),
        ({"pins": [STRANGERS_PAIR]}, ("pins", "0", "request_id"), "not wait"),
        ({"bans": [STRANGERS_PAIR]}, ("bans", "0", "request_id"), "not wait"),
        ({"mentors": [{"mentor_id": UUID(int=5)}] * 2}, ("mentors",), "named twice"),
        (
            {"weights": {"function": 0.5}},
            ("weights",),
            "sum to 1.28 with those left out; make it 1",
        ),
    ],
)
async def test_what_fits_nobody_is_refused_by_path(
    given: dict[str, Any], path: tuple[str, ...], words: str
) -> None:
    with pytest.raises(Invalid, match=words) as refused:
        await tried(**given)
    assert refused.value.path == ("input", *path)


@pytest.mark.parametrize(
    "given",
    [
        {"mentees": [{"request_id": UUID(int=5)}] * 21},
        {"mentors": [{"mentor_id": UUID(int=5)}] * 21},
        {"new_mentors": [{"languages": []}] * 11},
        {"pins": [STRANGERS_PAIR] * 21},
        {"bans": [STRANGERS_PAIR] * 21},
        {"aim": "CHARM"},
        {"new_mentors": [{"languages": ENGLISH * 11}]},
        {"new_mentors": [{"languages": [], "capacity": 0}]},
        {"mentors": [{"mentor_id": UUID(int=5), "capacity": 21}]},
        {"weights": {"goals": 1.5}},
        {"unmatched_value": -0.1},
    ],
)
def test_a_trial_has_limits_of_size(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        WhatIfMatch.model_validate(given)


async def test_more_people_than_a_request_can_pair_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await a_world()
    monkeypatch.setattr(match_trials, "MOST_PAIRS", 5)
    with pytest.raises(Conflict, match="6 pairs of mentees and mentors are too many"):
        await tried()


async def test_a_pair_with_a_mentor_who_offers_nothing_is_refused_by_its_own_path() -> None:
    world = await a_world()
    pair = {"request_id": world.requests[0].id, "mentor_id": UUID(int=6)}
    for group in ("pins", "bans"):
        given: dict[str, Any] = {group: [pair]}
        with pytest.raises(Invalid, match="not offer") as refused:
            await tried(**given)
        assert refused.value.path == ("input", group, "0", "mentor_id")


@pytest.mark.parametrize("group", ["pins", "bans"])
@pytest.mark.parametrize("half", ["mentee", "mentor"])
async def test_neither_half_of_a_pair_tries_out_decisions_about_it(group: str, half: str) -> None:
    world = await a_world()
    request, mentor = world.requests[0], world.mentors[0]
    given = {group: [{"request_id": request.id, "mentor_id": mentor.id}]}
    question = WhatIfQuestion(input=WhatIfMatch.model_validate(given))
    person = {"mentee": request.person_id, "mentor": mentor.person_id}[half]
    with pytest.raises(NotAllowed, match="about yourself"):
        await match_trials.try_out(question, by=replace(HR, person_id=person))
    other = replace(HR, person_id=world.requests[1].person_id)
    assert (await match_trials.try_out(question, by=other)).waiting_before == 3


async def test_a_large_trial_runs_in_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    world = await a_world()
    given: dict[str, Any] = {"mentors": [{"mentor_id": world.mentors[0].id, "capacity": 2}]}
    expected = await tried(**given)
    monkeypatch.setattr(match_trials, "PAIRS_IN_A_THREAD", 0)
    monkeypatch.setattr(database, "WORK_SECONDS", 60.0)
    assert await tried(**given) == expected
    with pytest.raises(Invalid, match="not wait") as refused:
        await tried(mentees=[{"request_id": UUID(int=5)}])
    assert refused.value.path[-1] == "request_id"


async def runs() -> tuple[models.MatchRun, models.MatchRun, Programme]:
    world = await programme(mentors=1, requests=2)
    first = await run_match(MatchRunTrigger.COMMAND_LINE, by=WORKER)
    await world.mentor()
    second = await run_match(MatchRunTrigger.COMMAND_LINE, by=WORKER)
    return first.run, second.run, world


async def test_two_stored_runs_are_compared_as_they_were_stored() -> None:
    left, right, world = await runs()
    await world.mentor()  # What is so today has no part in it.
    question = ComparisonQuestion(left=left.id, right=right.id)

    found = await match_trials.compare_runs(question, by=HR)

    assert found.kept + found.changed == 1
    assert (found.new, found.gone) == (1, 0)
    assert (found.objective_before, found.objective_after) == (left.objective, right.objective)
    assert (found.waiting_before, found.waiting_after) == (2, 2)
    assert (found.settings, found.is_rescored) == ((), False)
    back = await match_trials.compare_runs(ComparisonQuestion(left=right.id, right=left.id), by=HR)
    assert (back.new, back.gone) == (0, 1)
    same = await match_trials.compare_runs(ComparisonQuestion(left=left.id, right=left.id), by=HR)
    assert (same.changes, same.kept) == ((), 1)


async def test_runs_of_different_settings_say_so() -> None:
    left, _, _ = await runs()
    other = configured(WhatIfMatch(unmatched_value=0.3), match_inputs.CONFIGURATION)
    names = left._meta.db_fields - {"id", "number", "created_at", "configuration"}
    values: dict[str, Any] = {name: getattr(left, name) for name in names}
    copy = await models.MatchRun.create(**values, number=9, configuration=other.to_json())
    found = await match_trials.compare_runs(ComparisonQuestion(left=left.id, right=copy.id), by=HR)
    assert [(one.name, one.before, one.after) for one in found.settings] == [
        ("unmatched_value", "0.2", "0.3")
    ]
    broken = await models.MatchRun.create(**values, number=10, configuration={"charm": 1})
    with pytest.raises(Conflict, match="run 10 has settings") as refused:
        await match_trials.compare_runs(ComparisonQuestion(left=left.id, right=broken.id), by=HR)
    assert refused.value.path == ("right",)


@pytest.mark.parametrize("argument", ["left", "right"])
async def test_a_run_that_is_not_there_is_named_by_its_argument(argument: str) -> None:
    left, right, _ = await runs()
    given = {"left": left.id, "right": right.id} | {argument: UUID(int=4)}
    with pytest.raises(NotFound) as refused:
        await match_trials.compare_runs(ComparisonQuestion(**given), by=HR)
    assert refused.value.path == (argument,)


async def test_whoever_may_not_see_every_run_may_try_and_compare_nothing() -> None:
    left, right, _ = await runs()
    for by in STRANGERS:
        for question in (
            match_trials.try_out(WhatIfQuestion(input=WhatIfMatch()), by=by),
            match_trials.compare_runs(ComparisonQuestion(left=left.id, right=right.id), by=by),
        ):
            with pytest.raises(NotSignedIn if by.is_anonymous else NotAllowed):
                await question


def test_a_supposed_mentor_has_no_id_of_a_row() -> None:
    with pytest.raises(ValueError, match="badly formed"):
        UUID(new_id(0))
