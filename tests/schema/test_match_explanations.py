"""Explanations over HTTP: what HR and the auditor read, and that nobody else learns anything."""

import asyncio
import threading
from typing import Any

import pytest

from service import match_explanations, models
from service.match_runs import run_match
from service.models.vocabulary import MatchRunTrigger
from service.reading import answers
from service.reading.selections import ThingsOf
from tests import programmes
from tests.schema.served import ANONYMOUS, EVERYBODY, SYSTEM, Served, opaque, opaque_id

READERS = {"hr", "mentoring_manager", "auditor"}
PERSON = "person { familyName }"
RUN = """
query Run($id: ID!, $mentor: ID!) {
  matchRun(id: $id) {
    number
    explanation { unmatched liftings { rule count } sentences }
    places(mentor: $mentor) {
      mentor { id } standing free spare price mentees ruleCounts { rule count }
      lifting { rule } nextMentee { request { id } score cost } sentences
    }
  }
}
"""
PROPOSAL = """
query Proposal($id: ID!, $mentor: ID!, $exact: Boolean) {
  matchProposal(id: $id) {
    id score contributions
    explanation {
      isKept score contributions { feature value } rules
      keeping priority runnerUp { mentor { id person { familyName } } score cost differences { feature here there } }
      sentences
    }
    whyNot(mentor: $mentor, exact: $exact) {
      mentor { id person { familyName } } standing rules score minimum held { id } heldScore
      differences { feature here there } leastCost exactCost
      moves { request { id person { familyName } } before { id } after { id } scoreBefore }
      remedies { kind rules rise gain isPossible }
      sentences
    }
  }
}
"""
UNMATCHED = """
query Unmatched($id: ID!, $mentor: ID!) {
  unmatchedMentee(id: $id) {
    explanation {
      reason mentors suitable ruleCounts { rule count } lifting { rule } best { id } bestScore
      minimum room { mentor { id } score cost moves { request { id } after { id } } } sentences
    }
    whyNot(mentor: $mentor, exact: true) { standing exactCost held { id } sentences }
  }
}
"""


async def a_run() -> models.MatchRun:
    """Two mentors with a place each, and three who wait."""
    await models.Mentor.all().delete()
    await programmes.programme(mentors=2, requests=3)
    outcome = await run_match(MatchRunTrigger.COMMAND_LINE, by=SYSTEM)
    return outcome.run


async def a_proposal(run: models.MatchRun) -> tuple[models.MatchProposal, models.Mentor]:
    """A proposal, and the mentor whom it does not name."""
    proposal = await models.MatchProposal.filter(run=run).order_by("id").first()
    assert proposal is not None
    return proposal, await models.Mentor.get(id__not=proposal.mentor_id)


async def test_a_run_is_found_and_explained_from_both_sides(served: Served) -> None:
    run = await a_run()
    _, mentor = await a_proposal(run)
    answer = await served.ask(RUN, {"id": opaque(run), "mentor": opaque(mentor)})
    assert "errors" not in answer
    row = answer["data"]["matchRun"]
    assert row["number"] == 1
    assert row["explanation"] == {
        "unmatched": 1,
        "liftings": [],
        "sentences": [
            "1 mentee is without a mentor.",
            "No single rule is all that keeps any of them from some mentor.",
        ],
    }
    places = row["places"]
    assert places["mentor"] == {"id": opaque(mentor)}
    assert (places["standing"], places["free"], places["spare"]) == ("FULL", 1, 0)
    assert places["nextMentee"]["request"] is not None
    assert places["sentences"][0] == "1 place is given where all pairs together gain most."


async def test_a_proposal_says_why_and_why_not_another_with_the_people_it_moves(
    served: Served,
) -> None:
    run = await a_run()
    proposal, mentor = await a_proposal(run)
    for exact in (True, False, None):
        variables = {"id": opaque(proposal), "mentor": opaque(mentor)}
        given = variables if exact is None else variables | {"exact": exact}
        answer = await served.ask(PROPOSAL, given, by="mentoring_manager")
        assert "errors" not in answer, answer["errors"]
        row = answer["data"]["matchProposal"]
        told = row["explanation"]
        assert told["isKept"]
        parts = {part["feature"]: part["value"] for part in told["contributions"]}
        assert parts == row["contributions"]
        assert sum(parts.values()) == pytest.approx(row["score"])
        assert told["runnerUp"]["mentor"]["id"] == opaque(mentor)
        assert "NO_COMMON_LANGUAGE" in told["rules"]
        why = row["whyNot"]
        assert why["mentor"]["id"] == opaque(mentor)
        assert why["mentor"]["person"]["familyName"].startswith("Tester")
        assert why["standing"] == "COSTS_OTHERS"
        assert why["held"] == {"id": opaque_id("Mentor", proposal.mentor_id)}
        assert (why["exactCost"] is None) == (not exact)
        assert bool(why["moves"]) == bool(exact)
        if exact:
            assert why["moves"][0]["request"]["id"] == opaque_id(
                "MentorshipRequest", proposal.request_id
            )
            assert why["moves"][0]["after"] == {"id": opaque(mentor)}
        assert why["sentences"]


async def test_whoever_is_unmatched_is_told_whom_a_place_would_displace(served: Served) -> None:
    run = await a_run()
    unmatched = await models.UnmatchedMentee.get(run=run)
    _, mentor = await a_proposal(run)
    given = {"id": opaque(unmatched), "mentor": opaque(mentor)}
    answer = await served.ask(UNMATCHED, given, by="auditor")
    assert "errors" not in answer, answer["errors"]
    row = answer["data"]["unmatchedMentee"]
    assert row["explanation"]["reason"] == "ALL_ELIGIBLE_FULL"
    assert row["explanation"]["room"]["moves"][0]["request"] == {
        "id": opaque_id("MentorshipRequest", unmatched.request_id)
    }
    assert (row["whyNot"]["held"], row["whyNot"]["standing"]) == (None, "COSTS_OTHERS")


async def test_rows_that_an_answer_names_are_read_together(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await a_run()
    unmatched = await models.UnmatchedMentee.get(run=run)
    _, mentor = await a_proposal(run)
    read: list[int] = []
    answered = answers.read

    async def counted(selection: Any, *, by: Any) -> Any:
        if isinstance(selection, ThingsOf):
            read.append(len(list(selection.ids)))  # type: ignore[call-overload]
        return await answered(selection, by=by)

    monkeypatch.setattr(answers, "read", counted)
    query = """
    query Moves($id: ID!, $mentor: ID!) {
      unmatchedMentee(id: $id) {
        whyNot(mentor: $mentor, exact: true) { moves { request { id } } }
      }
    }
    """
    given = {"id": opaque(unmatched), "mentor": opaque(mentor)}
    answer = await served.ask(query, given)
    moves = answer["data"]["unmatchedMentee"]["whyNot"]["moves"]
    assert len(moves) >= 2
    assert read == [len(moves)]


@pytest.mark.parametrize("caller", EVERYBODY)
async def test_every_caller_is_answered_or_refused_and_learns_no_more(
    served: Served, caller: str
) -> None:
    run = await a_run()
    proposal, mentor = await a_proposal(run)
    unmatched = await models.UnmatchedMentee.get(run=run)
    asked: dict[str, tuple[str, models.Row]] = {
        "matchRun": (RUN, run),
        "matchProposal": (PROPOSAL, proposal),
        "unmatchedMentee": (UNMATCHED, unmatched),
    }
    for name, (query, row) in asked.items():
        given = {"id": opaque(row), "mentor": opaque(mentor)}
        answer = await served.ask(query, given, by=caller)
        if caller in READERS:
            assert "errors" not in answer, answer
            assert answer["data"][name] is not None
            continue
        # The row itself is hidden, just as one that is not there.
        assert answer["data"] == {name: None}
        assert "errors" not in answer


async def test_whoever_sees_a_pair_of_their_own_is_refused_its_explanation(served: Served) -> None:
    run = await a_run()
    proposal, mentor = await a_proposal(run)
    request = await models.MentorshipRequest.get(id=proposal.request_id)
    account = await served.account("stranger")
    await models.Account.filter(id=account.id).update(person_id=request.person_id)
    await models.Mentorship.create(
        request=request, mentor_id=proposal.mentor_id, proposal=proposal, started_on="2024-01-01"
    )
    given = {"id": opaque(proposal), "mentor": opaque(mentor)}
    answer = await served.ask(PROPOSAL, given, by="stranger")
    row = answer["data"]["matchProposal"]
    assert (row["id"], row["contributions"]) == (opaque(proposal), None)
    assert (row["explanation"], row["whyNot"]) == (None, None)
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"NOT_ALLOWED"}
    assert len(answer["errors"]) == 2


async def test_inputs_that_are_not_kept_are_a_coded_refusal_of_the_field_and_the_rest_is_answered(
    served: Served,
) -> None:
    run = await a_run()
    proposal, mentor = await a_proposal(run)
    await models.MatchRunInput.filter(run=run).delete()
    answer = await served.ask(PROPOSAL, {"id": opaque(proposal), "mentor": opaque(mentor)})
    (error,) = answer["errors"]
    assert (error["extensions"]["code"], error["path"]) == ("CONFLICT", ["matchProposal", "whyNot"])
    assert error["message"] == (
        "What match run 1 looked at is not kept any more, so it cannot be explained; start a new"
        " run and ask about that one."
    )
    row = answer["data"]["matchProposal"]
    assert row["whyNot"] is None
    assert (row["explanation"]["isKept"], row["explanation"]["runnerUp"]) == (False, None)
    assert row["explanation"]["contributions"]


@pytest.mark.parametrize(
    ("mentor", "code", "message"),
    [
        ("nonsense", "INVALID", "This is not an id that Cadre gave out."),
        (opaque_id("Person", "0190a000-0000-7000-8000-00000000dead"), "INVALID", "not the id of a"),
        (opaque_id("Mentor", "0190a000-0000-7000-8000-00000000dead"), "NOT_FOUND", "no places"),
    ],
)
async def test_a_mentor_that_cannot_be_asked_about_is_refused_by_the_argument(
    served: Served, mentor: str, code: str, message: str
) -> None:
    proposal, _ = await a_proposal(await a_run())
    query = "query Q($id: ID!, $m: ID!) { matchProposal(id: $id) { whyNot(mentor: $m) { score } } }"
    answer = await served.ask(query, {"id": opaque(proposal), "m": mentor})
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == code
    assert error["extensions"]["path"] == ["mentor"]
    assert message in error["message"]


async def test_another_nouns_id_finds_nothing(served: Served) -> None:
    run = await a_run()
    for name in ("matchProposal", "unmatchedMentee"):
        answer = await served.ask(
            f"query Q($id: ID!) {{ {name}(id: $id) {{ id }} }}", {"id": opaque(run)}
        )
        assert answer == answer | {"data": {name: None}}
        assert "errors" not in answer


async def test_faults_inside_are_masked(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    proposal, mentor = await a_proposal(await a_run())

    def fail(*_: Any) -> None:
        raise ValueError("Ms Amina K. speaks French")

    monkeypatch.setattr(match_explanations, "_answered", fail)
    query = "query Q($id: ID!, $m: ID!) { matchProposal(id: $id) { whyNot(mentor: $m) { score } } }"
    answer = await served.ask(query, {"id": opaque(proposal), "m": opaque(mentor)})
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert "Amina" not in str(answer)


async def test_the_loop_answers_others_while_a_question_is_worked_on(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposal, mentor = await a_proposal(await a_run())
    begun, go_on = threading.Event(), threading.Event()
    answered = match_explanations._answered

    def slow(*args: Any) -> Any:
        begun.set()
        assert go_on.wait(3)
        return answered(*args)

    monkeypatch.setattr(match_explanations, "_answered", slow)
    query = "query Q($id: ID!, $m: ID!) { matchProposal(id: $id) { whyNot(mentor: $m) { score } } }"
    given = {"id": opaque(proposal), "m": opaque(mentor)}
    await served.token("hr")
    slow_one = asyncio.ensure_future(served.ask(query, given))
    assert await asyncio.to_thread(begun.wait, 10)

    other = await served.ask("{ viewer { label } }", by=ANONYMOUS)

    assert other["data"]["viewer"]["label"] == "Anonymous"
    assert not slow_one.done()
    go_on.set()
    assert "errors" not in await slow_one


async def test_a_question_costs_more_than_the_rows_of_its_answer(served: Served) -> None:
    proposal, mentor = await a_proposal(await a_run())
    query = "query Q($id: ID!, $m: ID!) { matchProposal(id: $id) { whyNot(mentor: $m) { score } } }"
    answer = await served.ask(query, {"id": opaque(proposal), "m": opaque(mentor)})
    plain = await served.ask(
        "query Q($id: ID!) { matchProposal(id: $id) { score } }", {"id": opaque(proposal)}
    )
    costs = [one["extensions"]["cost"]["real"] for one in (answer, plain)]
    assert costs[0] >= 300 > costs[1]


async def test_what_is_worked_out_cannot_be_subscribed_to(served: Served) -> None:
    body = {
        "query": "subscription { matchRunChanged { explanation { unmatched } } }",
    }
    headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {await served.token('hr')}"}
    answer = await served.client.post("/graphql", json=body, headers=headers)
    assert "ask for it in a query" in answer.text
