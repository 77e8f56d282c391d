"""A compact world by rows: something of everything, and somebody to hide from everybody.

Names say what each row is for. Nothing here goes through the operations.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from service import models
from service.access.roles import Role
from tests.schema.callers import PLAYED, account, key
from tests.schema.mentoring import OUTCOMES, OVERRIDES, plant_programme
from tests.schema.rows import DAY, HASH, LATER, NOON, add


async def plant() -> None:
    """Writes the world into the connected, migrated, empty database."""
    await _reference()
    await _missions()
    await _people()
    await _appointments()
    await plant_programme()
    await _accounts()


async def _reference() -> None:
    await add(
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
    await add(
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
    await add(
        models.CompetencyFramework,
        {
            "values": {"code": "VALUES", "name": "Values", "edition": "2021", "adopted_on": None},
            "old": {"code": "CORE", "name": "Core", "edition": "1999", "adopted_on": DAY},
        },
    )
    await add(
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
    await add(
        models.Course,
        {
            f"course {i}": {
                "title": ["Leading", "Élan"][i % 2], "organiser": f"Centre {i}",
                "language": ["en", "fr"][i % 2], "starts_on": DAY, "ends_on": DAY, "places": i,
            }
            for i in range(1, 4)
        },
    )  # fmt: skip
    await add(models.RatingScale, {"scale": {"code": "S", "edition": "1", "purpose": "Rates."}})
    await add(
        models.RatingLevel,
        {
            "high": {"scale_id": key("scale"), "rank": 2, "label": "High", "value": 1.5},
            "low": {"scale_id": key("scale"), "rank": 1, "label": "Low", "value": None},
        },
    )
    course = {"organiser": "Academy", "starts_on": DAY, "ends_on": DAY}
    await add(
        models.Course,
        {
            "course fr": {**course, "title": "Leading", "language": "fr", "places": 26},
            "course en": {**course, "title": "Mediating", "language": "en", "places": 12},
        },
    )


async def _missions() -> None:
    common = {"mission_type": "PEACEKEEPING", "region": "AFRICA"}
    await add(
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
    await add(models.Post, posts)
    await add(
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
    await add(models.Person, rows)
    await add(
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
    await add(
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
    await add(
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
    await add(models.Appointment, appointments)
    cover = {"started_on": DAY, "kind": "OFFICER_IN_CHARGE"}
    await add(
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
    await add(
        models.RoleGrant,
        {
            "grant": {"account_id": account("HR_OFFICER"), "role": "HR_OFFICER"},
            "grant for alpha": {
                "account_id": account("HIRING_DEPARTMENT"), "role": "HIRING_DEPARTMENT",
                "mission_id": key("ALPHA"), "expires_at": NOON,
            },
        },
    )  # fmt: skip
    await add(
        models.ApiToken,
        {
            "token": {
                "account_id": account("HR_OFFICER"), "label": "laptop", "digest": HASH,
                "expires_at": datetime(2999, 1, 1, tzinfo=UTC),
            }
        },
    )  # fmt: skip
    await add(
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
    await add(
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
