"""What each kind of caller sees of a small world, said row by row and without the rules."""

import pytest

from service import models
from service.models import Row
from tests.schema.callers import Api, key
from tests.schema.mentoring import OUTCOMES, OVERRIDES
from tests.schema.oracles import Tables, global_id

Path = tuple[str, ...]


# What each caller may read, said without the rules: rows of the world by name.
SEEN: dict[str | None, dict[type[Row], set[str]]] = {
    None: {
        models.Appointment: {"of head", "of mentor", "of mentee", "of waiting mentee"},
        models.ActingDesignation: {"cover"},
        models.Person: {"announced head", "mentor", "mentee", "waiting mentee", "acting"},
        models.Experience: set(), models.Mentor: set(), models.MatchRun: set(),
        models.AuditEvent: set(), models.Account: set(), models.MentorshipRequest: set(),
    },
    "CANDIDATE": {
        models.Experience: {"service in alpha"},
        models.Appointment: {
            "of head", "of mentor", "of mentee", "of waiting mentee", "offer to candidate",
        },
        models.Person: {
            "announced head", "mentor", "mentee", "waiting mentee", "acting", "hidden candidate",
        },
        models.Mentor: set(), models.AuditEvent: set(), models.Account: {"account CANDIDATE"},
    },
    "MENTOR": {
        models.Mentor: {"offer of mentor"},
        models.MentorshipRequest: {"request"},
        models.MentorPreference: set(), models.CompatibilityModel: set(),
        models.MatchAudit: set(), models.Mentorship: {"pair"},
        models.MatchOutcome: {"mentor on pair"}, models.MatchOverride: set(),
        models.MatchProposal: {"approved"},
        models.MatchRun: set(),
        models.Experience: {"service in bravo"},
    },
    "MENTEE": {
        models.Mentor: {"offer of mentor", "offer of hidden mentor"},
        models.MentorshipRequest: {"request"},
        models.MentorPreference: {"wish"},
        models.Mentorship: {"pair", "old pair"},
        models.MatchOutcome: {"mentee on pair", "mentee on old pair"},
        models.MatchOverride: set(),
        models.Person: {
            "announced head", "mentor", "mentee", "waiting mentee", "acting", "hidden mentor",
        },
        models.Experience: {"service elsewhere"},
        models.PersonLanguage: {"mentee fr"},
    },
    "hr of alpha": {
        models.Person: {
            "announced head", "mentor", "mentee", "waiting mentee", "acting",
            "unannounced deputy", "hidden candidate", "future", "declined",
        },
        models.Experience: {"service in alpha"},
        models.Appointment: {
            "of head", "of mentor", "of mentee", "of waiting mentee", "of deputy", "of future",
            "of declined",
        },
        models.ActingDesignation: {"cover"},
        models.MentorshipRequest: set(), models.Mentorship: set(), models.MatchRun: set(),
        models.MatchProposal: set(), models.Mentor: set(), models.AuditEvent: set(),
        models.MatchOutcome: set(), models.CompatibilityModel: set(),
        models.MatchAudit: set(), models.MatchOverride: set(),
    },
    # Sealed: whoever runs the programme reads nothing that is said of their own pair.
    "manager and mentor": {
        models.MatchOutcome: {
            "mentor on pair", "mentee on old pair", "hidden mentor on old pair",
        },
        models.MatchOverride: {"pin of hidden mentor", "declined"},
    },
    "MENTORING_MANAGER": {
        models.MatchOverride: {
            "ban of mentor", "old pin of mentor", "pin of hidden mentor", "declined",
        },
    },
    "department of alpha": {
        models.Appointment: {
            "of head", "of mentor", "of mentee", "of waiting mentee", "of deputy", "of future",
            "of declined",
        },
        models.Experience: set(), models.PersonLanguage: set(), models.Education: set(),
    },
    "HIRING_DEPARTMENT": {
        models.Appointment: {"of head", "of mentor", "of mentee", "of waiting mentee"},
    },
    "ADMINISTRATOR": {
        models.Experience: set(), models.Mentor: set(), models.MentorshipRequest: set(),
        models.AuditEvent: set(), models.MatchProposal: set(), models.Mentorship: set(),
        models.MatchOutcome: set(), models.MatchOverride: set(),
    },
    "DECISION_AUTHORITY": {
        models.Mentor: set(), models.Mentorship: set(), models.AuditEvent: set(),
        models.ActingDesignation: {"cover", "hidden cover"},
    },
    "AUDITOR": {
        models.CompatibilityModel: {"experts", "linear"},
        models.MatchAudit: {"audit of women", "audit of others"},
        models.AuditEvent: {
            "event 1", "event 2", "event 3",
            *(f"event of {name}" for name in (*OVERRIDES, *OUTCOMES)),
        },
        models.MatchOverride: {
            "ban of mentor", "old pin of mentor", "pin of hidden mentor", "declined",
        },
        models.MatchOutcome: {
            "mentee on pair", "mentor on pair", "mentee on old pair", "hidden mentor on old pair",
        },
    },
    "no role": {models.Experience: set(), models.Account: set()},
}  # fmt: skip


@pytest.mark.parametrize("caller", SEEN)
async def test_each_caller_sees_these_rows_of_the_world_and_no_other(
    api: Api, tables: Tables, caller: str | None
) -> None:
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    for model, names in SEEN[caller].items():
        ids = [global_id(model, row["id"]) for row in tables.rows[model]]
        found = (await api.data(query, {"ids": ids[:100]}, by=caller))["nodes"]
        seen = {row["id"] for row in found if row}
        assert seen == {global_id(model, key(name)) for name in names}, model.__name__


async def test_a_mentor_reads_the_mentees_goals_and_nothing_the_mentee_said_of_mentors(
    api: Api,
) -> None:
    query = """{ mentorships { edges { node { closingReason
        request { goals preferredGender topCriterion refusedNationalities version
            preferences { totalCount } person { familyName gender languages { totalCount } } }
        proposal { state contributions runnerUp { id } } } } } }"""
    (edge,) = (await api.data(query, by="MENTOR"))["mentorships"]["edges"]
    assert edge["node"]["request"] == {
        "goals": "Grow.", "preferredGender": None, "topCriterion": None,
        "refusedNationalities": None, "version": None, "preferences": {"totalCount": 0},
        "person": {"familyName": "Lernender", "gender": None, "languages": {"totalCount": 0}},
    }  # fmt: skip
    assert edge["node"]["proposal"] == {
        "state": "APPROVED", "contributions": None, "runnerUp": None,
    }  # fmt: skip


async def test_what_one_half_of_a_pair_says_shows_to_the_other_in_no_list_count_or_filter(
    api: Api,
) -> None:
    query = """{ matchOutcomes { totalCount edges { node { side rating remark } } }
        mentorships { edges { node { outcomes { totalCount edges { node { side } } } } } } }"""
    found = await api.data(query, by="MENTOR")
    mine = {"side": "MENTOR", "rating": 5, "remark": "All went well."}
    assert found["matchOutcomes"] == {"totalCount": 1, "edges": [{"node": mine}]}
    (pair,) = found["mentorships"]["edges"]
    assert pair["node"]["outcomes"] == {"totalCount": 1, "edges": [{"node": {"side": "MENTOR"}}]}
    query = "{ matchOutcomes(filter: {ratingUntil: 4}) { totalCount edges { node { id } } } }"
    assert (await api.data(query, by="MENTOR"))["matchOutcomes"] == {"totalCount": 0, "edges": []}


async def test_a_pin_or_ban_shows_to_neither_half_whatever_role_they_hold(api: Api) -> None:
    query = """query ($mentor: ID!, $request: ID!) {
        matchOverrides { totalCount }
        bans: matchOverrides(filter: {kind: [BAN]}) { totalCount }
        mentor: node(id: $mentor) { ... on Mentor { overrides { totalCount } } }
        request: node(id: $request) { ... on MentorshipRequest {
            overrides { edges { node { kind mentor { id } } } } } } }"""
    given = {
        "mentor": global_id(models.Mentor, key("offer of mentor")),
        "request": global_id(models.MentorshipRequest, key("waiting request")),
    }
    hidden = {"id": global_id(models.Mentor, key("offer of hidden mentor"))}
    assert await api.data(query, given, by="manager and mentor") == {
        "matchOverrides": {"totalCount": 2},
        "bans": {"totalCount": 1},
        "mentor": {"overrides": {"totalCount": 0}},
        "request": {"overrides": {"edges": [{"node": {"kind": "PIN", "mentor": hidden}}]}},
    }
    found = await api.data(query, given, by="MENTORING_MANAGER")
    assert found["matchOverrides"] == {"totalCount": 4}
    assert found["mentor"] == {"overrides": {"totalCount": 2}}
    assert len(found["request"]["overrides"]["edges"]) == 2


async def test_remarks_are_for_their_half_the_programme_and_auditors(api: Api) -> None:
    query = "{ matchOutcomes(filter: {side: [MENTEE]}) { edges { node { rating remark } } } }"
    for caller, remarks in {
        "MENTEE": {"We rarely met.", None},
        "MENTORING_MANAGER": {"We rarely met.", None},
        "AUDITOR": {"We rarely met.", None},
        "HR_OFFICER": {None},
    }.items():
        edges = (await api.data(query, by=caller))["matchOutcomes"]["edges"]
        assert [edge["node"]["rating"] for edge in edges] != []
        assert {edge["node"]["remark"] for edge in edges} == remarks, caller


async def test_a_post_held_by_somebody_nobody_announced_looks_vacant_to_the_public(
    api: Api,
) -> None:
    query = """{ posts(filter: {isVacant: true}, orderBy: [{field: REFERENCE}]) { totalCount
        edges { node { reference isVacant appointments { totalCount } } } } }"""
    known = {}
    for caller in (None, "hr of alpha", "HR_OFFICER"):
        found = (await api.data(query, by=caller))["posts"]
        assert all(edge["node"]["isVacant"] for edge in found["edges"])
        known[caller] = [edge["node"]["reference"] for edge in found["edges"]]
        assert len(known[caller]) == found["totalCount"]
    assert known == {
        None: ["ALPHA-CHIEF_OF_STAFF", "ALPHA-DEPUTY_HEAD_OF_MISSION"],
        "hr of alpha": [],
        "HR_OFFICER": [],
    }


@pytest.mark.parametrize(
    ("query", "caller"),
    [
        ('people(filter: {text: "secretus"})', None),
        ("missions(filter: {post: {actingDesignation: {person: {gender: [FEMALE]}}}})", None),
        ("missions(filter: {post: {actingDesignation: {not: {person: {gender: [MALE]}}}}})", None),
        ("appointments(filter: {causeOfEnd: [RECALL]})", None),
        ("appointments(filter: {not: {causeOfEnd: [RECALL]}})", "HIRING_DEPARTMENT"),
        ("appointments(filter: {or: [{not: {person: {availability: [AVAILABLE]}}}]})", None),
        ("appointments(filter: {person: {experience: {stream: [CIVILIAN]}}})", None),
        ("appointments(filter: {person: {appointment: {causeOfEnd: [DEATH]}}})", "FOCAL_POINT"),
        ("people(orderBy: [{field: FAMILY_NAME}, {field: SENIORITY}])", "department of alpha"),
    ],
)
async def test_asking_by_what_one_may_read_of_nobody_is_refused_whoever_exists(
    api: Api, query: str, caller: str | None
) -> None:
    refusal = await api.refusal(f"{{ {query} {{ totalCount }} }}", by=caller)
    assert refusal["code"] == ("NOT_SIGNED_IN" if caller is None else "NOT_ALLOWED")


async def test_a_filter_by_relation_and_its_negation_tell_nothing_of_hidden_rows(api: Api) -> None:
    query = """query ($f: PostFilter) { posts(filter: $f, orderBy: [{field: REFERENCE}]) {
        edges { node { reference } } } }"""
    covered = {"actingDesignation": {"startedFrom": "2000-01-01"}}
    found = {}
    for name, given in (("covered", covered), ("not covered", {"not": covered})):
        data = await api.data(query, {"f": given})
        found[name] = [edge["node"]["reference"] for edge in data["posts"]["edges"]]
    assert found["covered"] == ["ALPHA-CHIEF_OF_STAFF"]
    assert "BRAVO-CHIEF_OF_STAFF" in found["not covered"]
    assert len(found["not covered"]) == 5


async def test_a_candidate_finds_by_file_nobody_but_themselves(api: Api) -> None:
    query = "query ($f: PersonFilter) { people(filter: $f) { totalCount edges { node { familyName } } } }"
    for given in (
        {"gender": ["FEMALE", "MALE", "OTHER"]},
        {"not": {"gender": ["FEMALE"]}},
        {"or": [{"gender": ["MALE"]}, {"not": {"availability": ["AVAILABLE"]}}]},
        {"not": {"not": {"experience": {"stream": ["CIVILIAN"]}}}},
        {"experience": {"mission": {"acronym": ["ALPHA"]}}},
    ):
        found = (await api.data(query, {"f": given}, by="CANDIDATE"))["people"]
        assert found == {"totalCount": 1, "edges": [{"node": {"familyName": "Secretus"}}]}
