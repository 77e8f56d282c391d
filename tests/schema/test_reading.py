"""Answers of the real schema, value by value, for every root field over tables."""

from service import models
from tests.schema.callers import Api, key
from tests.schema.oracles import global_id

ALPHA = global_id(models.Mission, key("ALPHA"))


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
        auditEvents(filter: {aggregate: ["Person"]},
            orderBy: [{field: OCCURRED_AT, direction: DESC}], first: 1) {
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
    query = "{ viewer { label isSignedIn permissions roles { role label meaning } } }"
    nobody = (await api.data(query))["viewer"]
    assert (nobody["label"], nobody["isSignedIn"]) == ("Anonymous", False)
    assert (nobody["roles"], nobody["permissions"]) == ([], [])
    officer = (await api.data(query, by="hr of alpha"))["viewer"]
    assert officer["label"] == "hr of alpha"
    assert [role["role"] for role in officer["roles"]] == ["HR_OFFICER"]
    assert "read.assigned.person" in officer["permissions"]
    assert "read.any.person" not in officer["permissions"]
