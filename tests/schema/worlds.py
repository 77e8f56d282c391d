"""A compact world by rows: something of everything, and somebody to hide from everybody.

Names say what each row is for. Nothing here goes through the operations.
"""

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from service import models
from service.access.roles import Role
from tests.schema.callers import PLAYED, account, key

DAY = date(2024, 1, 1)
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
LATER = date(2999, 1, 1)
HASH = "ab" * 32
OVERRIDES = ("ban of mentor", "old pin of mentor", "pin of hidden mentor", "declined")
OUTCOMES = ("mentee on pair", "mentor on pair", "mentee on old pair", "hidden mentor on old pair")


async def plant() -> None:
    """Writes the world into the connected, migrated, empty database."""
    await _reference()
    await _missions()
    await _people()
    await _appointments()
    await _programme()
    await _accounts()


async def _add(model: type[models.Row], rows: dict[str, dict[str, Any]]) -> None:
    made = [model(id=key(name), **values) for name, values in rows.items()]
    await model.bulk_create(made)


async def _reference() -> None:
    await _add(
        models.Term,
        {
            f"term {code}": {"kind": kind, "code": code, "label": label, "rank": rank}
            for kind, code, label, rank in (
                ("LANGUAGE", "fr", "French", 2),
                ("LANGUAGE", "en", "English", 1),
                ("LEVEL", "USG", "Under-Secretary-General", 1),
                ("MANDATE_TASK", "ELECTIONS", "Élections", 1),
            )
        },
    )
    await _add(
        models.MemberState,
        {
            code: {
                "code": code,
                "name": name,
                "regional_groups": groups,
                "electoral_group": groups[0] if groups else None,
            }
            for code, name, groups in (
                ("KEN", "Kenya", ["AFRICAN"]),
                ("FRA", "France", ["WEOG"]),
                ("TUR", "Türkiye", ["ASIA_PACIFIC", "WEOG"]),
                ("ZZZ", "Ungrouped", []),
            )
        },
    )
    await _add(
        models.CompetencyFramework,
        {
            "values": {"code": "VALUES", "name": "Values", "edition": "2021", "adopted_on": None},
            "old": {"code": "CORE", "name": "Core", "edition": "1999", "adopted_on": DAY},
        },
    )
    await _add(
        models.Competency,
        {
            "inclusion": {
                "framework_id": key("values"), "kind": "VALUE", "code": "I", "label": "Inclusion",
            },
            "listening": {
                "framework_id": key("values"), "kind": "BEHAVIOUR", "code": "L",
                "label": "Listening", "parent_code": "I",
            },
        },
    )  # fmt: skip
    await _add(
        models.Course,
        {
            f"course {i}": {
                "title": ["Leading", "Élan"][i % 2], "organiser": f"Centre {i}",
                "language": ["en", "fr"][i % 2], "starts_on": DAY, "ends_on": DAY, "places": i,
            }
            for i in range(1, 4)
        },
    )  # fmt: skip
    await _add(models.RatingScale, {"scale": {"code": "S", "edition": "1", "purpose": "Rates."}})
    await _add(
        models.RatingLevel,
        {
            "high": {"scale_id": key("scale"), "rank": 2, "label": "High", "value": 1.5},
            "low": {"scale_id": key("scale"), "rank": 1, "label": "Low", "value": None},
        },
    )
    course = {"organiser": "Academy", "starts_on": DAY, "ends_on": DAY}
    await _add(
        models.Course,
        {
            "course fr": {**course, "title": "Leading", "language": "fr", "places": 26},
            "course en": {**course, "title": "Mediating", "language": "en", "places": 12},
        },
    )


async def _missions() -> None:
    common = {"mission_type": "PEACEKEEPING", "region": "AFRICA"}
    await _add(
        models.Mission,
        {
            "ALPHA": {
                **common, "acronym": "ALPHA", "name": "Alpha in Ændër «☃»", "area": "A",
                "started_on": DAY, "working_languages": ["en", "fr"],
                "mandate_tasks": ["ELECTIONS", "PROTECTION"], "country": "KEN",
            },
            "BRAVO": {
                **common, "acronym": "BRAVO", "name": "Bravo", "area": "B", "region": "EUROPE",
                "mission_type": "SPECIAL_POLITICAL", "started_on": DAY,
                "working_languages": ["fr"], "mandate_tasks": [],
            },
            "GAMMA": {
                **common, "acronym": "GAMMA", "name": "Gamma", "area": "A",
                "started_on": date(2001, 2, 3), "started_precision": "YEAR",
                "ended_on": date(2005, 6, 30), "ended_precision": "MONTH",
                "working_languages": ["en"], "mandate_tasks": ["ELECTIONS"],
            },
        },
    )  # fmt: skip
    alpha = await models.Mission.get(id=key("ALPHA"))
    await alpha.predecessors.add(await models.Mission.get(id=key("GAMMA")))
    posts = {
        f"{mission} {function}": {
            "mission_id": key(mission), "reference": f"{mission}-{function}",
            "function": function, "title": function.title(), "level": level,
            "stream": "CIVILIAN", "established_on": DAY,
            "delegated_authorities": ["SIGN"] if level == "USG" else [],
        }
        for mission in ("ALPHA", "BRAVO")
        for function, level in (
            ("HEAD_OF_MISSION", "USG"),
            ("DEPUTY_HEAD_OF_MISSION", "ASG"),
            ("CHIEF_OF_STAFF", "D_2"),
        )
    }  # fmt: skip
    posts["BRAVO CHIEF_OF_STAFF"]["abolished_on"] = date(2024, 6, 1)
    await _add(models.Post, posts)
    await _add(
        models.PostLanguage,
        {
            f"{post} {language}": {
                "post_id": key(post), "language": language, "proficiency": proficiency,
            }
            for post, language, proficiency in (
                ("ALPHA HEAD_OF_MISSION", "en", "C2"),
                ("ALPHA HEAD_OF_MISSION", "fr", "B2"),
                ("BRAVO HEAD_OF_MISSION", "fr", "C1"),
            )
        },
    )  # fmt: skip


# Who is who: given names, family name, nationality, gender, and what else tells them apart.
_NAMED: dict[str, tuple[str, str, list[str], str | None, dict[str, Any]]] = {
    "announced head": ("Amina", "Kéïta-O'Neill", ["KEN"], "FEMALE", {}),
    "unannounced deputy": ("Chiara", "Nascosta", ["FRA"], "FEMALE", {}),
    "hidden candidate": (
        "Bo", "Secretus", ["TUR"], "OTHER",
        {"pipeline_since": DAY, "expertise": "mediation and security/defence reform"},
    ),
    "mentor": ("Dario", "Mentorius", ["FRA"], "MALE", {}),
    "hidden mentor": ("Esi", "Quietly", ["KEN"], None, {}),
    "mentee": ("Farid", "Lernender", ["KEN", "TUR"], "MALE", {"pipeline_since": DAY}),
    "waiting mentee": ("Gita", "Waiting", [], None, {}),
    "acting": ("Ivo", "Interim", ["FRA"], "MALE", {}),
    "hidden acting": ("Hana", "Covert", ["FRA"], "FEMALE", {}),
    "future": ("Lea", "Tomorrow", ["FRA"], None, {}),
    "declined": ("Max", "Declined", ["FRA"], None, {}),
    "hindi": ("अमिताभ", "Marked", ["FRA"], "MALE", {"expertise": "U.N. reform, 24/7, e-mail_lists"}),
}  # fmt: skip


async def _people() -> None:
    rows: dict[str, dict[str, Any]] = {
        name: {
            "given_names": given, "family_name": family, "nationalities": states,
            "gender": gender, **more,
        }
        for name, (given, family, states, gender, more) in _NAMED.items()
    }  # fmt: skip
    for role in Role:
        rows.setdefault(role.value, {"given_names": "Role", "family_name": role.value.title()})
    for i in range(30):
        # Ties, nulls and every kind of availability, so that orders have something to decide.
        rows[f"extra {i}"] = {
            "given_names": ["Ana", "Björn", "Čeněk"][i % 3],
            "family_name": ["Østergård", "Иванова", "李"][i % 3] + ("" if i < 20 else "七"),
            "pipeline_since": None if i % 4 == 0 else DAY + timedelta(days=i % 5),
            "availability": "AVAILABLE_FROM" if i % 3 == 0 else "AVAILABLE",
            "available_from": DAY + timedelta(days=i % 2) if i % 3 == 0 else None,
            "nationalities": [["KEN"], ["FRA", "TUR"], []][i % 3],
            "gender": [None, "FEMALE", "MALE", "OTHER"][i % 4],
            "expertise": "Élections, droits de l'homme" if i % 2 else "",
        }
    await _add(models.Person, rows)
    await _add(
        models.PersonLanguage,
        {
            f"{person} {language}": {
                "person_id": key(person), "language": language, "proficiency": level,
            }
            for person, language, level in (
                ("announced head", "en", "C2"),
                ("hidden candidate", "fr", "C1"),
                ("hidden candidate", "en", "B1"),
                ("mentee", "fr", "B1"),
                ("extra 1", "fr", "A2"),
            )
        },
    )  # fmt: skip
    await _add(
        models.Education,
        {
            f"degree of {person}": {
                "person_id": key(person), "institution": "U", "degree": "MA",
                "completed_year": year,
            }
            for person, year in (("hidden candidate", 1999), ("mentee", None))
        },
    )  # fmt: skip


async def _appointments() -> None:
    experience = {"title": "Chief", "stream": "CIVILIAN", "started_on": date(2010, 1, 1)}
    await _add(
        models.Experience,
        {
            "service in alpha": {
                **experience, "person_id": key("hidden candidate"), "mission_id": key("ALPHA"),
                "function": "CHIEF_OF_STAFF", "level": "D_1", "supervisor_id": key("mentor"),
            },
            "service in bravo": {
                **experience, "person_id": key("mentor"), "mission_id": key("BRAVO"),
                "post_id": key("BRAVO HEAD_OF_MISSION"), "level": "USG",
                "ended_on": date(2015, 1, 1), "ended_precision": "DAY",
                "supervisor_id": key("hidden mentor"),
            },
            "service elsewhere": {
                **experience, "person_id": key("mentee"), "organisation": "Red Cross",
            },
            "hidden service": {
                **experience, "person_id": key("extra 2"), "mission_id": key("BRAVO"),
                "started_on": date(2012, 1, 1),
            },
        },
    )  # fmt: skip
    ended = {"ended_on": date(2023, 1, 1), "cause_of_end": "TERM_END"}
    appointments: dict[str, dict[str, Any]] = {
        "of head": {
            "person_id": key("announced head"), "post_id": key("ALPHA HEAD_OF_MISSION"),
            "state": "IN_POST", "started_on": DAY, "announced_on": DAY, "offered_on": DAY,
            "term_ends_on": LATER,
        },
        "of deputy": {
            "person_id": key("unannounced deputy"),
            "post_id": key("ALPHA DEPUTY_HEAD_OF_MISSION"), "state": "IN_POST",
            "started_on": DAY,
        },
        "of mentor": {
            "person_id": key("mentor"), "post_id": key("BRAVO HEAD_OF_MISSION"),
            "state": "FORMER_LEADER", "started_on": date(2020, 1, 1), "announced_on": DAY,
            **ended,
        },
        "of mentee": {
            "person_id": key("mentee"), "post_id": key("BRAVO HEAD_OF_MISSION"),
            "state": "IN_POST", "started_on": DAY, "announced_on": DAY,
        },
        "offer to candidate": {
            "person_id": key("hidden candidate"), "post_id": key("BRAVO DEPUTY_HEAD_OF_MISSION"),
            "state": "OFFERED", "offered_on": DAY,
        },
        "of waiting mentee": {
            "person_id": key("waiting mentee"), "post_id": key("BRAVO DEPUTY_HEAD_OF_MISSION"),
            "state": "EXTENDED", "started_on": DAY, "announced_on": DAY,
        },
        "of future": {
            "person_id": key("future"), "post_id": key("ALPHA CHIEF_OF_STAFF"),
            "state": "IN_POST", "started_on": DAY, "announced_on": LATER,
        },
        "of declined": {
            "person_id": key("declined"), "post_id": key("ALPHA CHIEF_OF_STAFF"),
            "state": "DECLINED", "announced_on": DAY,
        },
    }  # fmt: skip
    await _add(models.Appointment, appointments)
    cover = {"started_on": DAY, "kind": "OFFICER_IN_CHARGE"}
    await _add(
        models.ActingDesignation,
        {
            "cover": {
                **cover, "person_id": key("acting"), "post_id": key("ALPHA CHIEF_OF_STAFF"),
                "announced_on": DAY, "kind": "ACTING", "ended_on": DAY,
            },
            "hidden cover": {
                **cover, "person_id": key("hidden acting"),
                "post_id": key("BRAVO CHIEF_OF_STAFF"),
            },
        },
    )  # fmt: skip


async def _programme() -> None:
    await _add(
        models.Mentor,
        {
            "offer of mentor": {
                "person_id": key("mentor"), "capacity": 2, "themes": ["ELECTIONS", "PROTECTION"],
                "consented_at": NOON, "refused_nationalities": ["ZZZ"], "statement": "I listen.",
                "available_from": DAY, "conflicts_declared_at": NOON,
            },
            "offer of hidden mentor": {
                "person_id": key("hidden mentor"), "capacity": 1, "themes": [],
                "consented_at": NOON, "withdrawn_at": NOON, "time_zone": "Africa/Nairobi",
            },
        },
    )  # fmt: skip
    await _add(
        models.MentorshipRequest,
        {
            "request": {
                "person_id": key("mentee"), "appointment_id": key("of mentee"),
                "state": "MATCHED", "goals": "Grow.", "requested_at": NOON,
                "preferred_gender": "MALE", "top_criterion": "LANGUAGE",
                "refused_nationalities": ["KEN"],
            },
            "waiting request": {
                "person_id": key("waiting mentee"), "appointment_id": key("of waiting mentee"),
                "goals": "Wait.", "requested_at": NOON + timedelta(hours=1),
                "time_zone": "Europe/Paris",
            },
        },
    )  # fmt: skip
    await _add(
        models.MentorPreference,
        {
            "wish": {
                "request_id": key("request"), "mentor_id": key("offer of mentor"),
                "kind": "PREFERRED", "rank": 1,
            },
            "refusal": {
                "request_id": key("waiting request"), "mentor_id": key("offer of mentor"),
                "kind": "REFUSED",
            },
        },
    )  # fmt: skip
    numbers = dict.fromkeys(
        ("mentee_count", "mentor_count", "proposal_count", "unmatched_count", "duration_ms"), 2
    )
    run = {
        **numbers, "trigger": "NIGHTLY", "input_digest": HASH, "configuration": {"weights": {}},
        "versions": {"cadre": "0"}, "prices": {str(key("offer of mentor")): 5}, "surpluses": {},
        "objective": 1.5, "bound": 1.5, "gap": 0.0, "started_at": NOON,
    }  # fmt: skip
    await _add(models.MatchRun, {"run 1": {**run, "number": 1}, "run 2": {**run, "number": 2}})
    cell = {"run_id": key("run 1"), "side": "MENTEE", "group_kind": "GENDER"}
    await _add(
        models.MatchAudit,
        {
            "audit of women": {
                **cell, "measure": "MATCH_RATE", "group_value": "FEMALE", "value": 0.1 + 0.2,
                "low": 0.25, "high": 0.5, "people": 12,
            },
            "audit of others": {
                **cell, "measure": "RANK", "group_value": "OTHER", "reason": "Too few to say.",
            },
        },
    )  # fmt: skip
    await _add(
        models.MatchProposal,
        {
            "approved": {
                "run_id": key("run 1"), "request_id": key("request"),
                "mentor_id": key("offer of mentor"), "score": 0.1 + 0.2, "state": "APPROVED",
                "runner_up_id": key("offer of hidden mentor"), "decided_at": NOON,
                "contributions": {"preferred_mentor": 0.3},
            },
            "proposed": {
                "run_id": key("run 2"), "request_id": key("waiting request"),
                "mentor_id": key("offer of mentor"), "score": 0.25, "contributions": {},
            },
        },
    )  # fmt: skip
    await _add(
        models.UnmatchedMentee,
        {
            "unmatched": {
                "run_id": key("run 1"), "request_id": key("waiting request"),
                "reason": "ALL_ELIGIBLE_FULL", "rule_counts": {"R1": 1},
            }
        },
    )  # fmt: skip
    await _add(
        models.Mentorship,
        {
            "pair": {
                "mentor_id": key("offer of mentor"), "request_id": key("request"),
                "proposal_id": key("approved"), "started_on": DAY,
            },
            "old pair": {
                "mentor_id": key("offer of hidden mentor"), "request_id": key("request"),
                "state": "CLOSED", "started_on": DAY, "closed_on": DAY,
                "closing_reason": "COMPLETED",
            },
        },
    )  # fmt: skip
    rating = {"cycle": 1, "cycle_ended_on": DAY, "given_on": DAY}
    await _add(
        models.MatchOutcome,
        {
            "mentee on pair": {
                **rating, "mentorship_id": key("pair"), "side": "MENTEE", "rating": 2,
                "goals_met": 1, "meetings_held": 3, "meeting_rhythm": "TOO_RARELY",
                "would_continue": False, "remark": "We rarely met.",
            },
            "mentor on pair": {
                **rating, "mentorship_id": key("pair"), "side": "MENTOR", "rating": 5,
                "would_continue": True, "is_on_behalf": True, "remark": "All went well.",
            },
            "mentee on old pair": {
                **rating, "mentorship_id": key("old pair"), "side": "MENTEE", "rating": 3,
            },
            "hidden mentor on old pair": {
                **rating, "mentorship_id": key("old pair"), "side": "MENTOR", "rating": 3,
            },
        },
    )  # fmt: skip
    override = {"reason": "They fell out.", "proposed_on": DAY, "proposed_by_id": key("somebody")}
    decided = {"decided_on": DAY, "decided_by_id": account("HR_OFFICER")}
    await _add(
        models.MatchOverride,
        {
            "ban of mentor": {
                **override, "kind": "BAN", "request_id": key("waiting request"),
                "mentor_id": key("offer of mentor"), "ends_on": DAY + timedelta(days=90),
            },
            "old pin of mentor": {
                **override, **decided, "kind": "PIN", "request_id": key("request"),
                "mentor_id": key("offer of mentor"), "ends_on": DAY + timedelta(days=30),
                "state": "WITHDRAWN", "withdrawn_on": DAY, "withdrawal_reason": "They made peace.",
            },
            "pin of hidden mentor": {
                **override, **decided, "kind": "PIN", "request_id": key("waiting request"),
                "mentor_id": key("offer of hidden mentor"), "state": "IN_FORCE",
                "ends_on": DAY + timedelta(days=60),
            },
            "declined": {
                **override, **decided, "kind": "BAN", "request_id": key("request"),
                "mentor_id": key("offer of hidden mentor"), "state": "DECLINED",
                "ends_on": DAY + timedelta(days=10), "decline_reason": "Hearsay.",
            },
        },
    )  # fmt: skip
    model = {"trained_at": NOON, "verdict": "It beats the base rate.", "figures": {"auc": 0.6}}
    await _add(
        models.CompatibilityModel,
        {
            "experts": {
                **model, "model_version": "expert-1", "kind": "EXPERT_WEIGHTS", "row_count": 0,
            },
            "linear": {
                **model, "model_version": "linear-ab", "kind": "LINEAR", "row_count": 400,
                "state": "APPROVED", "archive": b"bytes", "decided_at": NOON,
                "archive_sha256": sha256(b"bytes").hexdigest(),
                "decided_by_id": account("HR_OFFICER"), "decision_reason": "It is better.",
            },
        },
    )  # fmt: skip


async def _accounts() -> None:
    people: dict[str, UUID | None] = {
        role.value: key(PLAYED.get(role.value, role.value)) for role in Role
    }
    await models.Account.bulk_create(
        [
            models.Account(id=account(name), label=name, person_id=person)
            for name, person in {**people, "no person": None}.items()
        ]
    )
    await _add(
        models.RoleGrant,
        {
            "grant": {"account_id": account("HR_OFFICER"), "role": "HR_OFFICER"},
            "grant for alpha": {
                "account_id": account("HIRING_DEPARTMENT"), "role": "HIRING_DEPARTMENT",
                "mission_id": key("ALPHA"), "expires_at": NOON,
            },
        },
    )  # fmt: skip
    await _add(
        models.ApiToken,
        {
            "token": {
                "account_id": account("HR_OFFICER"), "label": "laptop", "digest": HASH,
                "expires_at": datetime(2999, 1, 1, tzinfo=UTC),
            }
        },
    )  # fmt: skip
    await _add(
        models.AuditEvent,
        {
            f"event {i}": {
                "aggregate": "Person", "aggregate_id": key("hidden candidate"), "sequence": i,
                "verb": "update", "actor_id": account("HR_OFFICER"), "actor_label": "HR",
                "digests": {"gender": HASH}, "occurred_at": NOON + timedelta(microseconds=i),
                "previous_hash": "0" * 64, "hash": f"{i:064}",
                "reason": None if i % 2 else "A reason",
            }
            for i in range(1, 4)
        },
    )  # fmt: skip
    sealed: dict[str, type[models.Row]] = dict.fromkeys(OVERRIDES, models.MatchOverride)
    sealed |= dict.fromkeys(OUTCOMES, models.MatchOutcome)
    await _add(
        models.AuditEvent,
        {
            f"event of {name}": {
                "aggregate": model.__name__, "aggregate_id": key(name), "sequence": 1,
                "verb": "correct", "actor_id": account("HR_OFFICER"), "actor_label": "HR",
                "digests": {}, "occurred_at": NOON + timedelta(microseconds=i),
                "previous_hash": "0" * 64, "hash": f"{i:064}", "reason": f"About {name}",
            }
            for i, (name, model) in enumerate(sealed.items(), 10)
        },
    )  # fmt: skip
