"""What a match run reads: everybody who waits or offers, as one snapshot of the database.

One statement reads it all, so a run never sees half of somebody else's change. It
refuses to judge: rules and scores live in `matching`, which these records feed.
"""

import base64
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from tortoise import connections

import matching
from matching.limits import Unkept
from matching.markets import Market
from service.dates import first_day, last_day
from service.models.match_overrides import COUNTS_TODAY
from service.models.vocabulary import (
    LEVEL_RANKS,
    PROFICIENCY_RANKS,
    OverrideKind,
    Precision,
    PreferenceKind,
    Proficiency,
    TopCriterion,
)

# A proposal that stands is kept for next to nothing, and whoever has waited for half a year
# goes first: people decide slowly, and must not meet other proposals every morning.
CONFIGURATION = matching.Configuration(
    version="expert-2",
    levels=tuple(level.value for level in sorted(LEVEL_RANKS, key=LEVEL_RANKS.__getitem__)),
    standing_bonus=0.02,
    first_after_days=26 * 7,
)
CRITERIA = {
    TopCriterion.FUNCTION: "function",
    TopCriterion.MISSION_CONTEXT: "mission_context",
    TopCriterion.MANDATE_TASKS: "mandate_tasks",
    TopCriterion.SENIORITY: "seniority",
    TopCriterion.LANGUAGE: "languages",
    TopCriterion.TIME_ZONE: "time_zone",
    TopCriterion.EXPERTISE: "goals",
}

# Whoever chooses an aim sees what the other one would reach.
_EFFORT = matching.Effort(both_aims=True)

# A single statement is a single snapshot, in whatever transaction it stands.
# Waiting time counts the Mondays gone by, so that all mentees' inputs move together
# once a week and a repeat on any other day finds the same inputs.
_SNAPSHOT = """
WITH waiting AS (
    SELECT request.id, request.person_id, post.function, post.level, post.stream, post.mission_id,
        request.goals, request.top_criterion, request.preferred_gender, request.time_zone,
        request.refused_nationalities, request.conflicts_declared_at IS NOT NULL AS declared,
        (date_trunc('week', CURRENT_TIMESTAMP)::date
         - date_trunc('week', request.requested_at)::date) AS waiting_days
    FROM mentorship_request request
    JOIN appointment ON appointment.id = request.appointment_id
    JOIN post ON post.id = appointment.post_id
    WHERE {requests}
), offering AS (
    SELECT mentor.id, mentor.person_id, mentor.capacity, mentor.themes, mentor.statement,
        mentor.time_zone, mentor.refused_nationalities,
        mentor.conflicts_declared_at IS NOT NULL AS declared,
        COALESCE(mentor.available_from <= CURRENT_DATE, true)
            AND COALESCE(mentor.available_until >= CURRENT_DATE, true) AS available
    FROM mentor
    WHERE {mentors}
), member AS (
    SELECT person_id AS id FROM waiting UNION SELECT person_id FROM offering
), period AS (
    SELECT person_id, mission_id, organisation, function, supervisor_id,
        started_on, started_precision, ended_on, ended_precision
    FROM experience WHERE person_id IN (SELECT id FROM member)
    UNION ALL
    SELECT appointment.person_id, post.mission_id, NULL, post.function, NULL,
        appointment.started_on, 'DAY', appointment.ended_on, 'DAY'
    FROM appointment JOIN post ON post.id = appointment.post_id
    WHERE appointment.person_id IN (SELECT id FROM member)
        AND appointment.started_on <= CURRENT_DATE
        AND appointment.state NOT IN ('DECLINED', 'WITHDRAWN')
), listing (name, rows) AS (
    SELECT 'waiting', (SELECT json_agg(row_to_json(waiting)) FROM waiting)
    UNION ALL
    SELECT 'offering', (SELECT json_agg(row_to_json(offering)) FROM offering)
    UNION ALL
    SELECT 'people', (
        SELECT json_agg(json_build_object('id', id, 'gender', gender, 'expertise', expertise,
            'nationalities', nationalities, 'level', highest_level))
        FROM person WHERE id IN (SELECT id FROM member))
    UNION ALL
    SELECT 'languages', (
        SELECT json_agg(json_build_array(person_id, language, proficiency))
        FROM person_language WHERE person_id IN (SELECT id FROM member))
    UNION ALL
    SELECT 'conflicts', (
        SELECT json_agg(json_build_array(declared_by_id, other_id))
        FROM declared_conflict WHERE declared_by_id IN (SELECT id FROM member))
    UNION ALL
    SELECT 'periods', (SELECT json_agg(row_to_json(period)) FROM period)
    UNION ALL
    SELECT 'missions', (
        SELECT json_agg(json_build_object('id', id, 'region', region, 'type', mission_type,
            'tasks', mandate_tasks))
        FROM mission)
    UNION ALL
    SELECT 'preferences', (
        SELECT json_agg(json_build_array(request_id, kind, mentor_id) ORDER BY rank, mentor_id)
        FROM mentor_preference WHERE request_id IN (SELECT id FROM waiting))
    UNION ALL
    SELECT 'active', (
        SELECT json_agg(json_build_array(request_id, mentor_id))
        FROM mentorship WHERE state = 'ACTIVE')
    UNION ALL
    SELECT 'failed', (
        SELECT json_agg(json_build_array(waiting.id, mentorship.mentor_id))
        FROM mentorship
        JOIN mentorship_request earlier ON earlier.id = mentorship.request_id
        JOIN waiting ON waiting.person_id = earlier.person_id
        WHERE mentorship.closing_reason IN ('NOT_A_FIT', 'CONFLICT_OF_INTEREST'))
    UNION ALL
    SELECT 'rejected', (
        SELECT json_agg(json_build_array(waiting.id, proposal.mentor_id))
        FROM match_proposal proposal
        JOIN mentorship_request earlier ON earlier.id = proposal.request_id
        JOIN waiting ON waiting.person_id = earlier.person_id
        WHERE proposal.state = 'REJECTED')
    UNION ALL
    SELECT 'model', (
        SELECT json_agg(json_build_array(model_version, archive_sha256, encode(archive, 'base64')))
        FROM compatibility_model WHERE {models})
    UNION ALL
    SELECT 'overrides', (
        SELECT json_agg(json_build_array(kind, request_id, mentor_id))
        FROM match_override decision WHERE {overrides})
    UNION ALL
    SELECT 'standing', (
        SELECT json_agg(json_build_array(request_id, mentor_id))
        FROM match_proposal
        WHERE state = 'PROPOSED' AND request_id IN (SELECT id FROM waiting))
)
SELECT CURRENT_DATE AS today, clock_timestamp() AS read_at,
    (SELECT count(*) FROM waiting) * (SELECT count(*) FROM offering) AS pairs,
    json_object_agg(name, COALESCE(rows, '[]'::json))::text AS tables FROM listing
"""
_OVERRIDES = COUNTS_TODAY.format(row="decision")
_MODELS = "state = 'APPROVED' AND archive IS NOT NULL"
_WAITING = _SNAPSHOT.format(
    requests="request.state = 'WAITING'",
    mentors="mentor.withdrawn_at IS NULL",
    overrides=_OVERRIDES,
    models=_MODELS,
)
# Of one pair, and of those whose pins take the mentor's places before it. What a model has
# learned moves scores and no rule.
_PAIR = _SNAPSHOT.format(
    requests="request.id = $1 OR request.id IN (SELECT request_id FROM match_override decision"  # noqa: S608 - no input in it
    f" WHERE mentor_id = $2 AND kind = 'PIN' AND {_OVERRIDES})",
    mentors="mentor.id = $2",
    overrides=f"mentor_id = $2 AND {_OVERRIDES}",
    models="false",
)
_IN_A_RATED_PAIR = (
    "{0}.id IN (SELECT mentorship.{0}_id FROM mentorship"
    " JOIN match_outcome ON match_outcome.mentorship_id = mentorship.id)"
)
_RATED = _SNAPSHOT.format(
    requests=_IN_A_RATED_PAIR.format("request"),
    mentors=_IN_A_RATED_PAIR.format("mentor"),
    overrides="false",
    models=_MODELS,
)


@dataclass(frozen=True)
class Snapshot:
    """Everything a run depends on, as one JSON text with the database's day and time."""

    today: date
    read_at: datetime
    pairs: int
    tables: str


@dataclass(frozen=True)
class Inputs:
    """The records of one run, ready for `matching`."""

    mentees: tuple[matching.Mentee, ...]
    mentors: tuple[matching.Mentor, ...]
    fixed: frozenset[matching.Fixed]
    closed_badly: frozenset[tuple[str, str]]
    terms: matching.Terms = matching.NO_TERMS
    configuration: matching.Configuration = CONFIGURATION
    # Pins in force that a rule forbids today: they bind nothing, and are counted.
    broken_pins: int = 0

    @property
    def repeat_digest(self) -> str:
        """The hash of these inputs and the programme's configuration, but for what stands.

        What the newest run proposed stands for the next one. Where nothing else changed, that
        one would propose the same: keeping it is worth more than before, and nothing else is.
        """
        return replace(self, terms=replace(self.terms, standing=frozenset())).digest

    @property
    def digest(self) -> str:
        """The hash of these inputs and the programme's configuration."""
        return matching.digest(self.mentees, self.mentors, **self.bound_by)

    def pair(self, *, watch: Callable[[matching.Progress], None] = lambda _: None) -> matching.Run:
        """The best pairing of these people, with its proof; `watch` is as in `matching.pair`."""
        return matching.pair(
            self.mentees, self.mentors, effort=_EFFORT, watch=watch, **self.bound_by
        )

    def audit(self, run: matching.Run) -> matching.Audit:
        """Whom this run of theirs served how well."""
        return matching.audit(run, self.mentees, self.mentors, **self.bound_by)

    @property
    def bound_by(self) -> dict[str, Any]:
        """All that binds a run beside its people, by the names that `matching` gives it."""
        return {
            "fixed": self.fixed,
            "closed_badly": self.closed_badly,
            "terms": self.terms,
            "configuration": self.configuration,
        }


async def read() -> Snapshot:
    """Everything a run depends on, as it stands now."""
    return await _read(_WAITING)


async def read_rated() -> Snapshot:
    """The same of those requests and mentors that stand in a rated mentorship, in their places."""
    return await _read(_RATED)


async def against_pin(request_id: UUID, mentor_id: UUID) -> tuple[str, ...] | None:
    """What a run of now would say against a pin of these two; None where it would keep it.

    The matcher's own codes; none at all where the two are not both in the run.
    """
    pin = (str(request_id), str(mentor_id))
    found = records(await _read(_PAIR, *pin))
    terms = replace(found.terms, pins=found.terms.pins | {pin})
    try:
        Market.of(found.mentees, found.mentors, **found.bound_by | {"terms": terms})
    except Unkept as unkept:
        return unkept.codes
    return None


async def _read(snapshot: str, *values: str) -> Snapshot:
    _, rows = await connections.get("default").execute_query(snapshot, list(values))
    return Snapshot(**dict(rows[0]))


def records(snapshot: Snapshot) -> Inputs:
    """The snapshot as the matcher's records; takes a while for thousands of people."""
    tables = orjson.loads(snapshot.tables)
    members = _Members.of(tables, snapshot.today)
    preferred = _pairs(row for row in tables["preferences"] if row[1] == PreferenceKind.PREFERRED)
    refused = _pairs(row for row in tables["preferences"] if row[1] == PreferenceKind.REFUSED)
    rejected = _pairs(tables["rejected"])
    found = Inputs(
        mentees=tuple(
            members.mentee(
                row,
                preferred_mentors=tuple(preferred[row["id"]]),
                vetoed_mentors=frozenset(refused[row["id"]] + rejected[row["id"]]),
            )
            for row in tables["waiting"]
        ),
        mentors=tuple(members.mentor(row) for row in tables["offering"]),
        fixed=frozenset(matching.Fixed(request, mentor) for request, mentor in tables["active"]),
        closed_badly=frozenset((request, mentor) for request, mentor in tables["failed"]),
        terms=_terms(tables),
        configuration=_configuration(tables["model"]),
    )
    return _without_broken_pins(found)


def _terms(tables: Mapping[str, Any]) -> matching.Terms:
    """What people decided about pairs, and what stands."""
    decided = {
        kind: frozenset(
            (request, mentor) for each, request, mentor in tables["overrides"] if each == kind
        )
        for kind in OverrideKind
    }
    return matching.Terms(
        pins=decided[OverrideKind.PIN],
        bans=decided[OverrideKind.BAN],
        standing=frozenset(map(tuple, tables["standing"])),
    )


def _without_broken_pins(found: Inputs) -> Inputs:
    """The inputs without pins that are out of date: one of them must not stop every run."""
    pins = frozenset(pin for pin in found.terms.pins if _may_be_kept(pin, found))
    terms = replace(found.terms, pins=pins)
    return replace(found, terms=terms, broken_pins=len(found.terms.pins) - len(pins))


def _may_be_kept(pin: tuple[str, str], found: Inputs) -> bool:
    """Whether no rule forbids the pair; asked of the two alone."""
    two = (
        [one for one in found.mentees if one.id == pin[0]],
        [one for one in found.mentors if one.id == pin[1]],
    )
    bound_by = found.bound_by | {"terms": matching.Terms(pins=frozenset({pin}))}
    try:
        Market.of(*two, **bound_by)
    except Unkept:
        return False
    return True


def _configuration(approved: Sequence[Sequence[str]]) -> matching.Configuration:
    """The programme's configuration, with what the model in force has learned."""
    if not approved:
        return CONFIGURATION
    from matching.archives import restored  # noqa: PLC0415 - it loads all of scikit-learn

    ((version, sha256, content),) = approved
    model = restored(base64.b64decode(content), version=version, sha256=sha256)
    return matching.adopted(model, CONFIGURATION)


@dataclass(frozen=True)
class _Members:
    """What is known about the people on both sides, by person."""

    today: date
    people: Mapping[str, Mapping[str, Any]]
    missions: Mapping[str, Mapping[str, Any]]
    languages: Mapping[str, Mapping[str, int]]
    conflicts: Mapping[str, list[str]]
    periods: Mapping[str, list[Mapping[str, Any]]]
    active: Mapping[str, list[str]]

    @classmethod
    def of(cls, tables: Mapping[str, Any], today: date) -> "_Members":
        languages: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for person, language, proficiency in tables["languages"]:
            languages[person][language] = PROFICIENCY_RANKS[Proficiency(proficiency)]
        periods: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for period in tables["periods"]:
            periods[period["person_id"]].append(period)
        return cls(
            today=today,
            people={row["id"]: row for row in tables["people"]},
            missions={row["id"]: row for row in tables["missions"]},
            languages=languages,
            conflicts=_pairs(tables["conflicts"]),
            periods=periods,
            active=_pairs((mentor, request) for request, mentor in tables["active"]),
        )

    def mentee(self, row: Mapping[str, Any], **wishes: Any) -> matching.Mentee:
        criterion, mission = row["top_criterion"], self.missions[row["mission_id"]]
        return matching.Mentee(
            id=row["id"],
            stream=row["stream"],
            function=row["function"],
            level=row["level"],
            mission_id=row["mission_id"],
            mission_region=mission["region"],
            mission_type=mission["type"],
            mandate_tasks=frozenset(mission["tasks"]),
            goals=row["goals"],
            mentor_gender_preference=row["preferred_gender"],
            top_criterion=CRITERIA[TopCriterion(criterion)] if criterion else None,
            waiting_days=max(0, row["waiting_days"]),
            **wishes,
            **self._circumstances(row),
        )

    def mentor(self, row: Mapping[str, Any]) -> matching.Mentor:
        person, periods = self.people[row["person_id"]], self.periods[row["person_id"]]
        served = {period["mission_id"] for period in periods if period["mission_id"]}
        missions = [self.missions[mission_id] for mission_id in sorted(served)]
        return matching.Mentor(
            id=row["id"],
            capacity=row["capacity"],
            available=row["available"],
            active=len(self.active[row["id"]]),
            functions=frozenset(p["function"] for p in periods if p["function"]),
            level=person["level"],
            mission_ids=frozenset(served),
            regions=frozenset(mission["region"] for mission in missions),
            mission_types=frozenset(mission["type"] for mission in missions),
            mandate_tasks=frozenset(task for mission in missions for task in mission["tasks"]),
            expertise="\n".join([person["expertise"], row["statement"], *row["themes"]]),
            **self._circumstances(row),
        )

    def _circumstances(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """What both sides have: the person behind the record."""
        key = row["person_id"]
        person = self.people[key]
        declared = frozenset(self.conflicts[key]) if row["declared"] else None
        return {
            "person_id": key,
            "gender": person["gender"],
            "nationalities": frozenset(person["nationalities"]),
            "languages": self.languages[key],
            "utc_offset_hours": _offset(row["time_zone"], self.today),
            "refused_nationalities": frozenset(row["refused_nationalities"]),
            "conflicts": declared,
            "service": tuple(_service(period) for period in self.periods[key]),
        }


def _pairs(rows: Iterable[Any]) -> defaultdict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(row[-1])
    return found


def _offset(zone: str | None, today: date) -> float | None:
    if zone is None:
        return None
    shift = datetime.combine(today, time(12), ZoneInfo(zone)).utcoffset()
    return None if shift is None else shift.total_seconds() / 3600


def _service(period: Mapping[str, Any]) -> matching.Service:
    start = date.fromisoformat(period["started_on"])
    end = date.fromisoformat(period["ended_on"]) if period["ended_on"] else None
    return matching.Service(
        # Supervision counts wherever it was; an organisation stands in for a mission.
        mission_id=period["mission_id"] or f"organisation:{period['organisation'].casefold()}",
        # A period known to the month or the year may have covered all of it, and two
        # people who may have met as supervisor and supervised are not paired.
        start=first_day(start, Precision(period["started_precision"])),
        end=end and last_day(end, Precision(period["ended_precision"])),
        function=period["function"],
        supervisor_person_id=period["supervisor_id"],
    )
