"""Trials and comparisons over HTTP: what HR and the auditor read, what is refused, and how."""

from typing import Any

import pytest

from service import models
from tests import programmes
from tests.schema.served import ANONYMOUS, EVERYBODY, Served, opaque, opaque_id
from tests.schema.test_match_explanations import READERS, a_run

COMPARED = """
  kept changed gone new better worse waitingBefore waitingAfter objectiveBefore objectiveAfter
  isRescored settings { name before after } sentences
  changes {
    request { id person { familyName } } fate before { id } after { id } newMentor scoreBefore
    scoreAfter isBetter isWorse
  }
"""
WHAT_IF = f"""
query Try($input: WhatIfMatchInput!, $first: Int) {{
  whatIfMatch(input: $input, first: $first) {{ {COMPARED} }}
}}
"""
COMPARE = f"""
query Compare($left: ID!, $right: ID!) {{
  compareMatchRuns(left: $left, right: $right) {{ {COMPARED} }}
}}
"""


async def stored() -> list[int]:
    kinds = (models.MatchRun, models.MatchProposal, models.UnmatchedMentee, models.AuditEvent)
    return [await kind.all().count() for kind in kinds]


async def test_a_trial_answers_with_the_difference_and_leaves_no_trace(served: Served) -> None:
    run = await a_run()
    mentor = await models.Mentor.all().order_by("id").first()
    assert mentor is not None
    unmatched = await models.UnmatchedMentee.get(run=run)
    await served.token("hr")
    before = await stored()
    given = {
        "mentors": [{"mentorId": opaque(mentor), "capacity": 2}],
        "newMentors": [{"languages": [{"language": "en", "proficiency": "C2"}]}],
    }

    answer = await served.ask(WHAT_IF, {"input": given})

    assert "errors" not in answer, answer["errors"]
    row = answer["data"]["whatIfMatch"]
    assert (row["new"], row["gone"], row["isRescored"]) == (1, 0, False)
    new = [one for one in row["changes"] if one["fate"] == "NEW"]
    assert [one["request"]["id"] for one in new] == [
        opaque_id("MentorshipRequest", unmatched.request_id)
    ]
    assert new[0]["request"]["person"]["familyName"].startswith("Tester")
    assert row["sentences"]
    assert await stored() == before


async def test_two_runs_are_compared(served: Served) -> None:
    left = await a_run()
    await models.Mentor.all().update(capacity=2)
    right = await served.done("startMatchRun", {}, select="id")
    given = {"left": opaque(left), "right": right["id"]}
    answer = await served.ask(COMPARE, given, by="auditor")
    assert "errors" not in answer, answer["errors"]
    row = answer["data"]["compareMatchRuns"]
    assert (row["new"], row["gone"]) == (1, 0)
    assert row["objectiveBefore"] == left.objective < row["objectiveAfter"]


@pytest.mark.parametrize("caller", EVERYBODY)
async def test_every_caller_is_answered_or_refused(served: Served, caller: str) -> None:
    run = await a_run()
    await served.token(caller)
    before = await stored()
    nobody = opaque_id("Mentor", "0190a000-0000-7000-8000-00000000dead")
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("whatIfMatch", WHAT_IF, {"input": {}}),
        ("compareMatchRuns", COMPARE, {"left": opaque(run), "right": opaque(run)}),
        # Whoever may not ask learns nothing of who offers places, nor what is wrong.
        ("whatIfMatch", WHAT_IF, {"input": {"mentors": [{"mentorId": nobody}]}}),
        ("whatIfMatch", WHAT_IF, {"input": {"weights": {"goals": 0.9}}}),
    ]
    for place, (name, query, given) in enumerate(asked):
        answer = await served.ask(query, given, by=caller)
        codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
        if caller in READERS:
            assert codes == ([] if place < 2 else ["INVALID"])
            assert (answer["data"][name] is not None) == (place < 2)
            continue
        assert answer["data"] == {name: None}
        assert codes == ["NOT_SIGNED_IN" if caller == ANONYMOUS else "NOT_ALLOWED"]
    assert await stored() == before


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"mentors": [{"mentorId": "nonsense"}]}, ["input", "mentors", "0", "mentorId"]),
        (
            {"newMentors": [{"languages": [], "capacity": 0}]},
            ["input", "newMentors", "0", "capacity"],
        ),
        ({"unmatchedValue": 2}, ["input", "unmatchedValue"]),
        ({"weights": {"goals": 0.9}}, ["input", "weights"]),
        ({"newMentors": [{"languages": []}] * 11}, ["input", "newMentors"]),
    ],
)
async def test_an_input_that_breaks_a_rule_is_refused_by_its_path(
    served: Served, given: dict[str, Any], path: list[str]
) -> None:
    answer = await served.ask(WHAT_IF, {"input": given})
    (error,) = answer["errors"]
    assert (error["extensions"]["code"], error["extensions"]["path"]) == ("INVALID", path)


async def test_more_changes_than_a_page_are_refused_and_others_are_paid_for(
    served: Served,
) -> None:
    await programmes.programme(mentors=1, requests=1)
    answer = await served.ask(WHAT_IF, {"input": {}, "first": 101})
    assert answer["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"
    few = await served.ask(WHAT_IF, {"input": {}, "first": 1})
    many = await served.ask(WHAT_IF, {"input": {}, "first": 100})
    cost = [one["extensions"]["cost"]["real"] for one in (few, many)]
    assert 3_000 < cost[0] < cost[1]
