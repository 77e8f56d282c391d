"""Answers of the real schema, value by value, and what they cost: one statement a root field."""

from typing import Any

import pytest

from schema.root import assembled
from service import models
from service.models import Row
from tests.schema.oracles import Tables, columns, global_id, relations
from tests.schema.worlds import Api, key

ALPHA = global_id(models.Mission, key("ALPHA"))


def asked(api: Api) -> list[str]:
    """What the database was asked for, without the pool's own housekeeping."""
    return [text for text in api.statements if "pg_advisory_unlock_all" not in text]


async def ids(api: Api, query: str, field: str, by: str | None = None) -> list[str]:
    data = await api.data(query, by=by)
    return [edge["node"]["id"] for edge in data[field]["edges"]]


def named(model: type[Row], *names: str) -> set[str]:
    return {global_id(model, key(name)) for name in names}


async def test_missions_and_a_mission_with_all_that_hangs_on_it(api: Api) -> None:
    data = await api.data(
        """{
        missions(orderBy: [{field: ACRONYM}]) {
            __typename totalCount
            pageInfo { __typename hasNextPage hasPreviousPage }
            edges { __typename node {
                __typename acronym name nameFr missionType area region country headTitle
                headquarters startedOn startedPrecision endedOn endedPrecision plannedEndOn
                isActive workingLanguages mandateTasks
                predecessors { totalCount edges { node { acronym } } }
                successors { edges { node { acronym } } }
            } }
        }
        mission(acronym: "ALPHA") {
            id
            posts(orderBy: [{field: REFERENCE}], first: 2, filter: {level: [USG, ASG]}) {
                totalCount
                edges { node {
                    reference title function level stream delegatedAuthorities establishedOn
                    abolishedOn mission { acronym }
                    languages { edges { node { language proficiency } } }
                } }
            }
        }
        absent: mission(acronym: "OMEGA") { id }
    }"""
    )
    missions = data["missions"]
    assert (missions["__typename"], missions["totalCount"]) == ("MissionConnection", 3)
    assert missions["pageInfo"] == {
        "__typename": "PageInfo", "hasNextPage": False, "hasPreviousPage": False,
    }  # fmt: skip
    assert {edge["__typename"] for edge in missions["edges"]} == {"MissionEdge"}
    alpha, bravo, gamma = (edge["node"] for edge in missions["edges"])
    assert alpha == {
        "__typename": "Mission", "acronym": "ALPHA", "name": "Alpha in Ændër «☃»", "nameFr": None,
        "missionType": "PEACEKEEPING", "area": "A", "region": "AFRICA", "country": "KEN",
        "headTitle": None, "headquarters": None, "startedOn": "2024-01-01",
        "startedPrecision": "DAY", "endedOn": None, "endedPrecision": None, "plannedEndOn": None,
        "isActive": True, "workingLanguages": ["en", "fr"],
        "mandateTasks": ["ELECTIONS", "PROTECTION"],
        "predecessors": {"totalCount": 1, "edges": [{"node": {"acronym": "GAMMA"}}]},
        "successors": {"edges": []},
    }  # fmt: skip
    assert (bravo["mandateTasks"], bravo["predecessors"]["totalCount"]) == ([], 0)
    assert gamma["successors"] == {"edges": [{"node": {"acronym": "ALPHA"}}]}
    assert (gamma["isActive"], gamma["endedOn"], gamma["endedPrecision"]) == (
        False, "2005-06-30", "MONTH",
    )  # fmt: skip
    posts = data["mission"]["posts"]
    assert (data["mission"]["id"], posts["totalCount"], data["absent"]) == (ALPHA, 2, None)
    assert [edge["node"]["reference"] for edge in posts["edges"]] == [
        "ALPHA-DEPUTY_HEAD_OF_MISSION", "ALPHA-HEAD_OF_MISSION",
    ]  # fmt: skip
    languages = posts["edges"][1]["node"].pop("languages")["edges"]
    assert posts["edges"][1]["node"] == {
        "reference": "ALPHA-HEAD_OF_MISSION", "title": "Head_Of_Mission",
        "function": "HEAD_OF_MISSION", "level": "USG", "stream": "CIVILIAN",
        "delegatedAuthorities": ["SIGN"], "establishedOn": "2024-01-01", "abolishedOn": None,
        "mission": {"acronym": "ALPHA"},
    }  # fmt: skip
    assert sorted((e["node"]["language"], e["node"]["proficiency"]) for e in languages) == [
        ("en", "C2"), ("fr", "B2"),
    ]  # fmt: skip


async def test_people_and_candidates_with_their_files(api: Api) -> None:
    data = await api.data(
        """{
        people(filter: {text: "secretus"}) { edges { node {
            id givenNames familyName gender nationalities regionalGroups expertise availability
            availableFrom pipelineSince highestLevel seniority isInvented version
            languages(orderBy: [{field: PROFICIENCY, direction: DESC}]) {
                edges { node { language proficiency } } }
            education { edges { node { institution degree subject completedYear } } }
            experiences { edges { node { title function level mission { acronym } post { id }
                organisation supervisor { familyName } person { familyName } } } }
            appointments { edges { node { state } } }
            mentor { id }
        } } }
        candidates(filter: {languagesAll: [{language: ["fr"], atLeast: B1}, {language: ["en"]}]}) {
            totalCount edges { node { familyName } } }
    }""",
        by="HR_OFFICER",
    )
    ((edge),) = data["people"]["edges"]
    assert edge["node"] == {
        "id": global_id(models.Person, key("hidden candidate")),
        "givenNames": "Bo", "familyName": "Secretus", "gender": "OTHER", "nationalities": ["TUR"],
        "regionalGroups": ["ASIA_PACIFIC", "WEOG"],
        "expertise": "mediation and security/defence reform", "availability": "NOT_AVAILABLE",
        "availableFrom": None, "pipelineSince": "2024-01-01", "highestLevel": "D_1",
        "seniority": 2, "isInvented": False, "version": 1,
        "languages": {"edges": [
            {"node": {"language": "fr", "proficiency": "C1"}},
            {"node": {"language": "en", "proficiency": "B1"}},
        ]},
        "education": {"edges": [{"node": {
            "institution": "U", "degree": "MA", "subject": None, "completedYear": 1999,
        }}]},
        "experiences": {"edges": [{"node": {
            "title": "Chief", "function": "CHIEF_OF_STAFF", "level": "D_1",
            "mission": {"acronym": "ALPHA"}, "post": None, "organisation": None,
            "supervisor": {"familyName": "Mentorius"}, "person": {"familyName": "Secretus"},
        }}]},
        "appointments": {"edges": [{"node": {"state": "OFFERED"}}]},
        "mentor": None,
    }  # fmt: skip
    assert data["candidates"] == {"totalCount": 1, "edges": [{"node": {"familyName": "Secretus"}}]}


async def test_the_mentoring_programme(api: Api) -> None:
    data = await api.data(
        """{
        mentors(orderBy: [{field: CAPACITY, direction: DESC}]) { edges { node {
            capacity activeMentorships availableFrom themes statement refusedNationalities
            consentedAt withdrawnAt person { familyName }
            mentorships { edges { node { state closingReason } } } } } }
        mentorshipRequests(filter: {state: [MATCHED]}) { edges { node {
            state goals topCriterion preferredGender requestedAt person { familyName }
            appointment { startedOn }
            preferences { edges { node { kind rank mentor { id } } } } } } }
        mentorships(orderBy: [{field: CLOSED_ON}]) { edges { node {
            state startedOn closedOn closingReason proposal { score contributions } } } }
        matchRuns(orderBy: [{field: NUMBER}], first: 1) { totalCount edges { node {
            number trigger inputDigest configuration versions prices objective bound gap startedAt
            durationMs menteeCount
            proposals { edges { node { score state decidedAt runnerUp { id } } } }
            unmatched { edges { node { reason ruleCounts } } } } } }
    }""",
        by="MENTORING_MANAGER",
    )
    first = data["mentors"]["edges"][0]["node"]
    assert first == {
        "capacity": 2, "activeMentorships": 1, "availableFrom": "2024-01-01",
        "themes": ["ELECTIONS", "PROTECTION"], "statement": "I listen.",
        "refusedNationalities": ["ZZZ"], "consentedAt": "2024-01-01T12:00:00.000000Z",
        "withdrawnAt": None, "person": {"familyName": "Mentorius"},
        "mentorships": {"edges": [{"node": {"state": "ACTIVE", "closingReason": None}}]},
    }  # fmt: skip
    assert data["mentorshipRequests"]["edges"] == [{"node": {
        "state": "MATCHED", "goals": "Grow.", "topCriterion": "LANGUAGE",
        "preferredGender": "MALE", "requestedAt": "2024-01-01T12:00:00.000000Z",
        "person": {"familyName": "Lernender"}, "appointment": {"startedOn": "2024-01-01"},
        "preferences": {"edges": [{"node": {
            "kind": "PREFERRED", "rank": 1,
            "mentor": {"id": global_id(models.Mentor, key("offer of mentor"))},
        }}]},
    }}]  # fmt: skip
    closed, active = (edge["node"] for edge in data["mentorships"]["edges"])
    assert (closed["closingReason"], closed["closedOn"], closed["proposal"]) == (
        "COMPLETED", "2024-01-01", None,
    )  # fmt: skip
    assert active["proposal"] == {
        "score": 0.1 + 0.2, "contributions": {"preferred_mentor": 0.3},
    }  # fmt: skip
    (run,) = (edge["node"] for edge in data["matchRuns"]["edges"])
    assert data["matchRuns"]["totalCount"] == 2
    assert run.pop("proposals") == {"edges": [{"node": {
        "score": 0.1 + 0.2, "state": "APPROVED", "decidedAt": "2024-01-01T12:00:00.000000Z",
        "runnerUp": {"id": global_id(models.Mentor, key("offer of hidden mentor"))},
    }}]}  # fmt: skip
    assert run == {
        "number": 1, "trigger": "NIGHTLY", "inputDigest": "ab" * 32,
        "configuration": {"weights": {}}, "versions": {"cadre": "0"},
        "prices": {str(key("offer of mentor")): 5}, "objective": 1.5, "bound": 1.5, "gap": 0.0,
        "startedAt": "2024-01-01T12:00:00.000000Z", "durationMs": 2, "menteeCount": 2,
        "unmatched": {"edges": [{"node": {
            "reason": "ALL_ELIGIBLE_FULL", "ruleCounts": {"R1": 1},
        }}]},
    }  # fmt: skip


async def test_appointments_accounts_and_the_history(api: Api) -> None:
    data = await api.data(
        """{
        appointments(filter: {state: [IN_POST], post: {reference: ["ALPHA-HEAD_OF_MISSION"]}}) {
            edges { node { state offeredOn startedOn termEndsOn endedOn causeOfEnd announcedOn
                version person { familyName } post { reference } } } }
        accounts(filter: {label: ["HR_OFFICER", "no person"]}, orderBy: [{field: LABEL}]) {
            edges { node { label disabledAt person { id }
                grants { edges { node { role isCurrent expiresAt mission { id } account { label } } } }
                tokens { edges { node { label isCurrent expiresAt revokedAt } } } } } }
        auditEvents(orderBy: [{field: OCCURRED_AT, direction: DESC}], first: 1) {
            totalCount edges { node { aggregate sequence verb actorLabel reason occurredAt digests
                previousHash hash } } }
    }""",
        by="AUDITOR",
    )
    assert data["appointments"]["edges"] == [{"node": {
        "state": "IN_POST", "offeredOn": "2024-01-01", "startedOn": "2024-01-01",
        "termEndsOn": "2999-01-01", "endedOn": None, "causeOfEnd": None,
        "announcedOn": "2024-01-01", "version": 1, "person": {"familyName": "Kéïta-O'Neill"},
        "post": {"reference": "ALPHA-HEAD_OF_MISSION"},
    }}]  # fmt: skip
    officer, nobody = (edge["node"] for edge in data["accounts"]["edges"])
    assert officer == {
        "label": "HR_OFFICER", "disabledAt": None,
        "person": {"id": global_id(models.Person, key("HR_OFFICER"))},
        "grants": {"edges": [{"node": {
            "role": "HR_OFFICER", "isCurrent": True, "expiresAt": None, "mission": None,
            "account": {"label": "HR_OFFICER"},
        }}]},
        "tokens": {"edges": [{"node": {
            "label": "laptop", "isCurrent": True, "expiresAt": "2999-01-01T00:00:00.000000Z",
            "revokedAt": None,
        }}]},
    }  # fmt: skip
    assert nobody["person"] is None
    assert data["auditEvents"] == {"totalCount": 3, "edges": [{"node": {
        "aggregate": "Person", "sequence": 3, "verb": "update", "actorLabel": "HR", "reason": None,
        "occurredAt": "2024-01-01T12:00:00.000003Z", "digests": {"gender": "ab" * 32},
        "previousHash": "0" * 64, "hash": f"{3:064}",
    }}]}  # fmt: skip


async def test_reference_data(api: Api) -> None:
    data = await api.data(
        """{
        terms(filter: {kind: [LANGUAGE]}, orderBy: [{field: RANK}]) { edges { node {
            kind code label labelFr meaning rank } } }
        memberStates(filter: {regionalGroupsAny: ["ASIA_PACIFIC"]}) { edges { node {
            code name regionalGroups electoralGroup } } }
        competencyFrameworks(orderBy: [{field: ADOPTED_ON, nulls: FIRST}]) { edges { node {
            code name edition adoptedOn adoptedPrecision
            competencies(filter: {kind: ["BEHAVIOUR"]}) { totalCount edges { node {
                kind code label parentCode framework { code } } } } } } }
        ratingScales { edges { node { code edition purpose
            levels(orderBy: [{field: RANK}]) { edges { node { rank label value scale { code } } } }
        } } }
    }"""
    )
    assert [edge["node"] for edge in data["terms"]["edges"]] == [
        {"kind": "LANGUAGE", "code": code, "label": label, "labelFr": None, "meaning": None,
         "rank": rank}
        for rank, (code, label) in enumerate((("en", "English"), ("fr", "French")), 1)
    ]  # fmt: skip
    assert data["memberStates"]["edges"] == [{"node": {
        "code": "TUR", "name": "Türkiye", "regionalGroups": ["ASIA_PACIFIC", "WEOG"],
        "electoralGroup": "ASIA_PACIFIC",
    }}]  # fmt: skip
    values, core = (edge["node"] for edge in data["competencyFrameworks"]["edges"])
    assert values == {
        "code": "VALUES", "name": "Values", "edition": "2021", "adoptedOn": None,
        "adoptedPrecision": None,
        "competencies": {"totalCount": 1, "edges": [{"node": {
            "kind": "BEHAVIOUR", "code": "L", "label": "Listening", "parentCode": "I",
            "framework": {"code": "VALUES"},
        }}]},
    }  # fmt: skip
    assert (core["adoptedOn"], core["competencies"]["totalCount"]) == ("2024-01-01", 0)
    assert data["ratingScales"]["edges"] == [{"node": {
        "code": "S", "edition": "1", "purpose": "Rates.",
        "levels": {"edges": [
            {"node": {"rank": 1, "label": "Low", "value": None, "scale": {"code": "S"}}},
            {"node": {"rank": 2, "label": "High", "value": 1.5, "scale": {"code": "S"}}},
        ]},
    }}]  # fmt: skip


async def test_the_viewer_is_whoever_asks(api: Api) -> None:
    query = """{ viewer { label isSignedIn permissions roles { role label meaning }
        limits { name value } } }"""
    nobody = (await api.data(query))["viewer"]
    assert (nobody["label"], nobody["isSignedIn"]) == ("Anonymous", False)
    assert (nobody["roles"], nobody["permissions"]) == ([], [])
    assert {"name": "page", "value": 100} in nobody["limits"]
    officer = (await api.data(query, by="hr of alpha"))["viewer"]
    assert officer["label"] == "hr of alpha"
    assert [role["role"] for role in officer["roles"]] == ["HR_OFFICER"]
    assert "read.assigned.person" in officer["permissions"]
    assert "read.any.person" not in officer["permissions"]


async def test_node_and_nodes_find_any_type_by_its_id_in_the_order_asked(api: Api) -> None:
    head = global_id(models.Person, key("announced head"))
    post = global_id(models.Post, key("ALPHA HEAD_OF_MISSION"))
    data = await api.data(
        """query ($one: ID!, $several: [ID!]!) {
        node(id: $one) { __typename id ... on Mission { acronym posts(first: 1) { totalCount } } }
        nodes(ids: $several) {
            id
            ... on Person { familyName appointments { edges { node { post { reference } } } } }
            ... on Mission { acronym }
            ...place
        }
    }
    fragment place on Post { reference mission { acronym } }""",
        {"one": ALPHA, "several": [post, ALPHA, head, post, ALPHA]},
    )
    assert data["node"] == {
        "__typename": "Mission", "id": ALPHA, "acronym": "ALPHA", "posts": {"totalCount": 3},
    }  # fmt: skip
    place = {"id": post, "reference": "ALPHA-HEAD_OF_MISSION", "mission": {"acronym": "ALPHA"}}
    mission = {"id": ALPHA, "acronym": "ALPHA"}
    person = {
        "id": head, "familyName": "Kéïta-O'Neill",
        "appointments": {"edges": [{"node": {"post": {"reference": "ALPHA-HEAD_OF_MISSION"}}}]},
    }  # fmt: skip
    assert data["nodes"] == [place, mission, person, place, mission]


@pytest.mark.parametrize(
    "alias",
    [
        "r", "p", "t1", "t2", "cursor", "position", "node", "node_0_0", "edges", "id", "key",
        "__type", "the_row", "select", "x" * 63, "x" * 64, "y" * 300,
    ],
)  # fmt: skip
async def test_an_alias_may_be_any_name_wherever_it_stands(api: Api, alias: str) -> None:
    page = f"{alias}: edges {{ {alias}: node {{ {alias}: acronym }} }}"
    data = await api.data(
        f"{{ {alias}: missions(first: 1, orderBy: [{{field: ACRONYM}}]) {{ {page} }} }}"
    )
    assert data == {alias: {alias: [{alias: {alias: "ALPHA"}}]}}

    data = await api.data(f'{{ {alias}: node(id: "{ALPHA}") {{ {alias}: id }} }}')
    assert data == {alias: {alias: ALPHA}}

    data = await api.data(
        f'{{ {alias}: mission(acronym: "ALPHA") {{ {alias}: posts(first: 0) {{'
        f" {alias}: pageInfo {{ {alias}: hasNextPage }} }} }} }}"
    )
    assert data == {alias: {alias: {alias: {alias: True}}}}


async def test_two_long_aliases_that_begin_alike_stay_apart(api: Api) -> None:
    first, second = "a" * 63 + "_first", "a" * 63 + "_second"
    data = await api.data(
        f'{{ mission(acronym: "ALPHA") {{ {first}: acronym {second}: area'
        f" posts {{ {first}: totalCount {second}: totalCount }} }} }}"
    )
    assert data["mission"] == {first: "ALPHA", second: "A", "posts": {first: 3, second: 3}}


async def test_one_relation_under_two_aliases_answers_each_with_its_own_arguments(api: Api) -> None:
    data = await api.data(
        """{ mission(acronym: "ALPHA") {
        top: posts(filter: {level: [USG]}) { totalCount edges { node { level } } }
        rest: posts(filter: {not: {level: [USG]}}, orderBy: [{field: REFERENCE}]) {
            totalCount edges { node { level } } }
        last: posts(last: 1, orderBy: [{field: REFERENCE}]) { edges { node { reference } } }
        posts { totalCount }
    } }"""
    )
    assert data["mission"] == {
        "top": {"totalCount": 1, "edges": [{"node": {"level": "USG"}}]},
        "rest": {"totalCount": 2, "edges": [
            {"node": {"level": "D_2"}}, {"node": {"level": "ASG"}},
        ]},
        "last": {"edges": [{"node": {"reference": "ALPHA-HEAD_OF_MISSION"}}]},
        "posts": {"totalCount": 3},
    }  # fmt: skip


async def test_the_same_edges_nodes_and_counts_twice_answer_twice(api: Api) -> None:
    data = await api.data(
        """{ missions(first: 1, orderBy: [{field: ACRONYM}]) {
        edges { node { acronym } again: node { acronym posts { totalCount } } c1: cursor cursor }
        again: edges { node { area } node { region } cursor }
        totalCount total: totalCount
        pageInfo { endCursor } info: pageInfo { end: endCursor start: startCursor }
    } }"""
    )
    found = data["missions"]
    cursor = found["pageInfo"]["endCursor"]
    assert found == {
        "edges": [{
            "node": {"acronym": "ALPHA"}, "again": {"acronym": "ALPHA", "posts": {"totalCount": 3}},
            "c1": cursor, "cursor": cursor,
        }],
        "again": [{"node": {"area": "A", "region": "AFRICA"}, "cursor": cursor}],
        "totalCount": 3, "total": 3,
        "pageInfo": {"endCursor": cursor}, "info": {"end": cursor, "start": cursor},
    }  # fmt: skip


async def test_more_aliases_than_a_database_function_takes_arguments_are_answered(api: Api) -> None:
    many = [f"a{i}" for i in reversed(range(90))]
    for place, leaf, value in (
        ("missions(first: 1) {{ {} }}", "totalCount", 3),
        ("missions(first: 1) {{ pageInfo {{ {} }} }}", "hasNextPage", True),
        ("missions(first: 1) {{ edges {{ {} }} }}", "__typename", "MissionEdge"),
        ("missions(first: 1) {{ edges {{ node {{ {} }} }} }}", "__typename", "Mission"),
    ):
        selected = " ".join(f"{alias}: {leaf}" for alias in many)
        found: Any = (await api.data(f"{{ {place.format(selected)} }}"))["missions"]
        for name in ("pageInfo", "edges"):
            found = found.get(name, found) if isinstance(found, dict) else found
        found = found[0] if isinstance(found, list) else found
        found = found.get("node", found)
        assert list(found.items()) == [(alias, value) for alias in many]
    long = "b" * 70
    selected = " ".join(f"{alias}: acronym" for alias in [*many, long])
    data = await api.data(f'{{ mission(acronym: "ALPHA") {{ {selected} }} }}')
    assert list(data["mission"].items()) == [(alias, "ALPHA") for alias in [*many, long]]


async def test_fragments_and_merged_fields_answer_as_if_written_out(api: Api) -> None:
    data = await api.data(
        """query ($size: Int = 1) {
        missions(first: $size, orderBy: [{field: ACRONYM}]) { ...page edges { node { area } } }
        missions(first: $size, orderBy: [{field: ACRONYM}]) { totalCount }
    }
    fragment page on MissionConnection { edges { ...edge } }
    fragment edge on MissionEdge { node { ... on Mission { acronym ...region } ... { region } } }
    fragment region on Mission { region posts(first: 0) { totalCount } }"""
    )
    assert data["missions"] == {
        "totalCount": 3,
        "edges": [{"node": {
            "acronym": "ALPHA", "area": "A", "region": "AFRICA", "posts": {"totalCount": 3},
        }}],
    }  # fmt: skip


async def test_what_is_skipped_or_not_included_is_neither_answered_nor_read(api: Api) -> None:
    query = """query ($no: Boolean!, $yes: Boolean!) {
        mission(acronym: "ALPHA") { acronym @skip(if: $yes) area @include(if: $no)
            posts @include(if: $no) { totalCount } }
        missions(first: 1) { edges { node { acronym @skip(if: $yes) } cursor @include(if: $no) }
            pageInfo { endCursor @skip(if: $yes) } }
        empty: missions { edges @skip(if: $yes) { cursor } ... @include(if: $no) { totalCount } }
        bare: missions(first: 1) { edges { node @skip(if: $yes) { id } } }
        node(id: "%s") { id @skip(if: $yes) }
        nodes(ids: ["%s"]) { ... on Mission @include(if: $no) { acronym } }
        terms @skip(if: $yes) { totalCount }
    }"""  # fmt: skip
    api.statements.clear()
    data = await api.data(query % (ALPHA, ALPHA), {"no": False, "yes": True})
    assert data == {
        "mission": {}, "missions": {"edges": [{"node": {}}], "pageInfo": {}}, "empty": {},
        "bare": {"edges": [{}]}, "node": {}, "nodes": [{}],
    }  # fmt: skip
    assert not any("post" in text or "term" in text for text in asked(api))


async def test_variables_reach_every_level_with_defaults_and_inside_lists_and_objects(
    api: Api,
) -> None:
    query = """query ($size: Int = 1, $levels: [Level!], $code: String!, $order: PostOrderField!,
            $none: PostFilter, $show: Boolean!) {
        mission(acronym: "ALPHA") {
            posts(first: $size, filter: {level: $levels, not: {languagesAny: [{language: [$code]}]}},
                    orderBy: [{field: $order, direction: DESC}]) {
                totalCount edges { node { reference mission @include(if: $show) { acronym }
                    languages(first: $size) { totalCount } } } }
            all: posts(filter: $none) { totalCount @include(if: $show) ...counted } } }
        fragment counted on PostConnection { again: totalCount @skip(if: $show) }"""
    given = {"levels": ["ASG", "USG"], "code": "fr", "order": "REFERENCE", "show": True}
    assert (await api.data(query, given))["mission"] == {
        "posts": {"totalCount": 1, "edges": [{"node": {
            "reference": "ALPHA-DEPUTY_HEAD_OF_MISSION", "mission": {"acronym": "ALPHA"},
            "languages": {"totalCount": 0},
        }}]},
        "all": {"totalCount": 3},
    }  # fmt: skip
    found = (await api.data(query, {**given, "show": False, "levels": None, "size": 2}))["mission"]
    assert [edge["node"]["reference"] for edge in found["posts"]["edges"]] == [
        "ALPHA-DEPUTY_HEAD_OF_MISSION", "ALPHA-CHIEF_OF_STAFF",
    ]  # fmt: skip
    assert found["all"] == {"again": 3}


async def test_each_level_pages_filters_and_orders_by_itself(api: Api) -> None:
    query = """query ($after: String) { missions(first: 1, after: $after,
            orderBy: [{field: ACRONYM, direction: DESC}], filter: {isActive: true}) {
        pageInfo { endCursor hasNextPage }
        edges { node { acronym posts(last: 1, orderBy: [{field: REFERENCE}],
                filter: {languagesAny: [{language: ["fr"]}]}) {
            totalCount pageInfo { hasPreviousPage startCursor }
            edges { node { reference languages(first: 1, filter: {atLeast: C1}) {
                totalCount edges { node { language } } } } } } } } } }"""
    first = (await api.data(query))["missions"]
    second = (await api.data(query, {"after": first["pageInfo"]["endCursor"]}))["missions"]
    assert (first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"]) == (True, False)
    (bravo,), (alpha,) = ([edge["node"] for edge in page["edges"]] for page in (first, second))
    assert (bravo["acronym"], alpha["acronym"]) == ("BRAVO", "ALPHA")
    assert [e["node"] for e in bravo["posts"]["edges"]] == [{
        "reference": "BRAVO-HEAD_OF_MISSION",
        "languages": {"totalCount": 1, "edges": [{"node": {"language": "fr"}}]},
    }]  # fmt: skip
    assert [e["node"] for e in alpha["posts"]["edges"]] == [{
        "reference": "ALPHA-HEAD_OF_MISSION",
        "languages": {"totalCount": 1, "edges": [{"node": {"language": "en"}}]},
    }]  # fmt: skip


@pytest.mark.parametrize("size", [1, 20])
async def test_a_root_field_is_one_statement_however_deep_wide_and_long(
    api: Api, size: int
) -> None:
    people = f"people(first: {size}) {{ totalCount edges {{ node {{ {everything()} }} }} }}"
    api.statements.clear()
    await api.data(f"{{ {people} }}", by="AUDITOR")
    assert len(asked(api)) == 1

    api.statements.clear()
    some = ", ".join(f'"{global_id(models.Person, key(f"extra {i}"))}"' for i in range(size))
    await api.data(
        f'{{ a: {people} missions(first: {size}) {{ totalCount }} mission(acronym: "ALPHA") {{ id }}'
        f' node(id: "{ALPHA}") {{ id }} nodes(ids: [{some}, "{ALPHA}"]) {{ id }} viewer {{ label }} }}',
        by="AUDITOR",
    )
    assert len(asked(api)) == 5


def everything() -> str:
    """All columns and all relations of a person, and theirs in turn."""
    person = assembled().nodes[models.Person]
    posts = "post { reference mission { acronym posts { totalCount } } }"
    inner = {"experiences": posts, "appointments": posts, "actingDesignations": posts}
    related = [
        "mentor { capacity mentorships { totalCount } }"
        if name == "mentor"
        else f"{name}(first: 5) {{ totalCount edges {{ cursor node {{ id {inner.get(name, '')} }} }} }}"
        for name in relations(person)
    ]
    return " ".join(["id", *columns(person), *related])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("VXNlcjox", "This is not an id that Cadre gave out."),
        ("", "This is not an id that Cadre gave out."),
        ("Mission", "This is not an id that Cadre gave out."),
        ("ключ", "This is not an id that Cadre gave out."),
        (ALPHA[:-4], "This is not an id that Cadre gave out."),
        (ALPHA + "!", "This is not an id that Cadre gave out."),
        (str(key("ALPHA")), "This is not an id that Cadre gave out."),
        ("TWlzc2lvbjr//w==", "This is not an id that Cadre gave out."),
    ],
)
async def test_what_is_no_id_is_refused_by_its_argument(api: Api, value: str, message: str) -> None:
    for field in ("node(id: $v)", "nodes(ids: [$v])"):
        refusal = await api.refusal(f"query ($v: ID!) {{ {field} {{ id }} }}", {"v": value})
        path = ["id"] if field.startswith("node(") else ["ids"]
        assert (refusal["code"], refusal["path"]) == ("INVALID", path)
        assert refusal["message"] == message


async def test_an_id_under_another_types_name_finds_nothing(api: Api, tables: Tables) -> None:
    found = [
        global_id(other, row["id"])
        for model, rows in tables.rows.items()
        for other in tables.rows
        if other is not model
        for row in rows[:1]
    ]
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    for i in range(0, len(found), 100):
        some = found[i : i + 100]
        answer = (await api.data(query, {"ids": some}, by="AUDITOR"))["nodes"]
        assert answer == [None] * len(some)


async def test_types_that_are_not_in_the_api_have_no_nodes(api: Api, tables: Tables) -> None:
    hidden = [global_id(model, key("x")) for model in tables.rows if model not in assembled().nodes]
    assert len(hidden) == 4
    data = await api.data(
        "query ($v: [ID!]!) { nodes(ids: $v) { id } }", {"v": hidden}, by="AUDITOR"
    )
    assert data["nodes"] == [None] * 4


async def test_nodes_takes_a_hundred_ids_and_no_more(api: Api) -> None:
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert len((await api.data(query, {"ids": [ALPHA] * 100}))["nodes"]) == 100
    assert (await api.data(query, {"ids": []}))["nodes"] == []
    refusal = await api.refusal(query, {"ids": [ALPHA] * 101})
    assert (refusal["code"], refusal["path"]) == ("INVALID", ["ids"])
