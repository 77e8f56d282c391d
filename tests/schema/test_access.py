"""Every edge of the API for every kind of caller, against what the rules say row by row."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from schema.declarations import ListField
from schema.root import assembled
from service import models
from service.access.actors import Actor
from service.access.conditions import NEVER
from service.models import Row
from service.reading.shapes import is_many, target
from tests.schema.callers import CALLERS, Api, key
from tests.schema.oracles import Tables, columns, global_id, relations, wire
from tests.schema.worlds import OUTCOMES, OVERRIDES

Path = tuple[str, ...]


def is_open(actor: Actor, field: ListField) -> bool:
    """Whether the list is one the caller may ask for at all."""
    rules = field.model.access
    if field.requires and not actor.reach(field.requires, rules.noun):
        return False
    return NEVER not in (rules.rows(actor), rules.rows(actor, field.requires or rules.verb))


def roots() -> dict[str, ListField]:
    return {k: v for k, v in assembled().queries.items() if isinstance(v, ListField)}


def paths(root: str, depth: int) -> Iterator[Path]:
    """Ways from the list down to each edge of the schema, each edge once."""
    taken: set[tuple[type[Row], str]] = set()
    ends: list[Path] = [(root,)]
    for _ in range(depth + 1):
        yield from ends
        further = []
        for path in ends:
            model = on_path(path)[-1]
            for name in relations(assembled().nodes[model]):
                if (model, name) not in taken:
                    taken.add((model, name))
                    further.append((*path, name))
        ends = further


def selection(model: type[Row]) -> str:
    """Everything there is to ask of a row: all columns, and who stands at the end of each edge."""
    node = assembled().nodes[model]
    parts = ["id", "__typename", *columns(node)]
    for name, by in relations(node).items():
        if is_many(model, by):
            parts.append(f"{name}(first: 100) {{ totalCount edges {{ node {{ id }} }} }}")
        else:
            parts.append(f"{name} {{ id }}")
    return " ".join(parts)


def walk(path: Path) -> str:
    """The query down this path, to the selection of its last type."""
    models_on_it = on_path(path)
    inner = selection(models_on_it[-1])
    for i in range(len(path) - 1, -1, -1):
        by = relations(assembled().nodes[models_on_it[i - 1]]).get(path[i]) if i else None
        if i and by and not is_many(models_on_it[i - 1], by):
            inner = f"{path[i]} {{ {inner} }}"
        else:
            inner = f"{path[i]}(first: 100) {{ edges {{ node {{ {inner} }} }} }}"
    return f"{{ {inner} }}"


def on_path(path: Path) -> list[type[Row]]:
    found = [roots()[path[0]].model]
    for name in path[1:]:
        found.append(target(found[-1], relations(assembled().nodes[found[-1]])[name]))
    return found


def leaves(value: Any, path: Path) -> list[dict[str, Any]]:
    """The rows at the end of the path in an answer."""
    rows = [value]
    for name in path:
        further = []
        for row in rows:
            under = row[name]
            if under is None:
                continue
            further += [e["node"] for e in under["edges"]] if "edges" in under else [under]
        rows = further
    return rows


def check_row(tables: Tables, actor: Actor, model: type[Row], seen: dict[str, Any]) -> None:
    """Asserts that this row, each field and each edge of it are what the rules say."""
    node = assembled().nodes[model]
    row = next(r for r in tables.rows[model] if global_id(model, r["id"]) == seen["id"])
    assert tables.sees(actor, model, row)
    assert seen["__typename"] == node.name
    for name, of in columns(node).items():
        assert seen[name] == tables.answer(actor, model, row, of), (node.name, name)
    for name, by in relations(node).items():
        there = target(model, by)
        related = [r for r in tables.related(model, row, by) if tables.sees(actor, there, r)]
        ids = {global_id(there, r["id"]) for r in related}
        if is_many(model, by):
            assert {e["node"]["id"] for e in seen[name]["edges"]} == ids, (node.name, name)
            assert seen[name]["totalCount"] == len(ids)
        else:
            assert ({seen[name]["id"]} if seen[name] else set()) == ids, (node.name, name)


@pytest.mark.parametrize("caller", CALLERS)
async def test_every_caller_sees_on_every_edge_exactly_what_the_rules_give(
    api: Api, tables: Tables, caller: str | None
) -> None:
    actor = CALLERS[caller]
    for root in (name for name, field in roots().items() if is_open(actor, field)):
        for path in paths(root, depth=3):
            data = await api.data(walk(path), by=caller)
            for row in leaves(data, path):
                check_row(tables, actor, on_path(path)[-1], row)


@pytest.mark.parametrize("caller", CALLERS)
async def test_every_list_holds_and_counts_what_the_rules_give_or_is_refused(
    api: Api, tables: Tables, caller: str | None
) -> None:
    actor = CALLERS[caller]
    for name, field in roots().items():
        query = f"{{ {name}(first: 100) {{ {_COUNTED} }} }}"
        if not is_open(actor, field):
            refusal = await api.refusal(query, by=caller)
            wanted = "NOT_SIGNED_IN" if caller is None else "NOT_ALLOWED"
            assert refusal["code"] == wanted, name
            continue
        rows = tables.visible(actor, field.model)
        if name == "candidates":
            rows = [
                row
                for row in rows
                if row["pipeline_since"] and tables.reads(actor, field.model, row, "pipeline_since")
            ]
        found = (await api.data(query, by=caller))[name]
        ids = {edge["node"]["id"] for edge in found["edges"]}
        assert ids == {global_id(field.model, row["id"]) for row in rows}, name
        assert found["totalCount"] == len(rows), name
        # A page that ends with the last row they may see says that nothing follows.
        exactly = f"{{ {name}(first: {len(rows)}) {{ {_COUNTED} }} }}"
        found = (await api.data(exactly, by=caller))[name]
        assert found["pageInfo"] == {"hasNextPage": False}, name


_COUNTED = "totalCount pageInfo { hasNextPage } edges { node { id } }"


@pytest.mark.parametrize("caller", CALLERS)
async def test_nodes_finds_what_the_lists_show_and_says_null_for_hidden_and_absent_alike(
    api: Api, tables: Tables, caller: str | None
) -> None:
    actor = CALLERS[caller]
    ids = {
        global_id(model, row["id"]): tables.sees(actor, model, row)
        for model in assembled().nodes
        for row in tables.rows[model]
    }
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id __typename } }"
    for i in range(0, len(ids), 100):
        some = list(ids)[i : i + 100]
        found = (await api.data(query, {"ids": some}, by=caller))["nodes"]
        assert [row and row["id"] for row in found] == [one if ids[one] else None for one in some]


def test_the_walk_takes_every_edge_of_the_schema() -> None:
    wanted = {
        (model, name) for model, node in assembled().nodes.items() for name in relations(node)
    }
    taken = {
        (on_path(path)[-2], path[-1])
        for root in roots()
        for path in paths(root, depth=3)
        if len(path) > 1
    }
    assert taken == wanted


GUARDED_SORTS = [
    (name, key, of)
    for name, field in roots().items()
    for key, of in assembled().nodes[field.model].sorts.items()
    if field.model.access.guard(of)
]


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("sort", GUARDED_SORTS, ids=str)
async def test_who_sorts_by_what_they_may_not_read_gets_no_row_no_count_and_no_cursor_of_it(
    api: Api, tables: Tables, caller: str | None, sort: tuple[str, str, str]
) -> None:
    name, by, of = sort
    actor, field = CALLERS[caller], roots()[name]
    readable = [
        row
        for row in tables.visible(actor, field.model)
        if tables.reads(actor, field.model, row, of)
        and (name != "candidates" or row["pipeline_since"])
    ]
    query = (
        f"{{ {name}(first: 100, orderBy: [{{field: {by}}}])"
        " { totalCount edges { cursor node { id } } } }"
    )
    if not is_open(actor, field) or not actor.reach("read_file", field.model.access.noun):
        assert (await api.refusal(query, by=caller))["code"] in {"NOT_ALLOWED", "NOT_SIGNED_IN"}
        return
    answer = await api.ask(query, by=caller)
    if not readable:
        empty = {"totalCount": 0, "edges": []}
        assert answer["data"][name] in (None, empty)
        return
    found = answer["data"][name]
    assert found["totalCount"] == len(readable)
    ids = {global_id(field.model, row["id"]): wire(row[of]) for row in readable}
    assert {edge["node"]["id"] for edge in found["edges"]} == set(ids)
    for edge in found["edges"]:
        assert json.loads(base64.b64decode(edge["cursor"]))[1] == ids[edge["node"]["id"]]


@pytest.mark.parametrize("caller", CALLERS)
async def test_hidden_and_absent_ids_answer_byte_for_byte_alike(
    api: Api, tables: Tables, caller: str | None
) -> None:
    actor = CALLERS[caller]
    absent = await raw(api, global_id(models.Person, key("nobody at all")), caller)
    for model in assembled().nodes:
        for row in tables.rows[model]:
            if not tables.sees(actor, model, row):
                assert await raw(api, global_id(model, row["id"]), caller) == absent


async def raw(api: Api, node: str, caller: str | None) -> bytes:
    body = {"query": "query ($id: ID!) { node(id: $id) { id } }", "variables": {"id": node}}
    headers = {"Authorization": f"Bearer {caller.replace(' ', '_')}"} if caller else {}
    answer = await api.client.post("/graphql", json=body, headers=headers)
    # Whether a plan was kept tells of earlier requests, and tells administrators only.
    return answer.content.replace(b'"plan":"miss"', b'"plan":"hit"')


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
