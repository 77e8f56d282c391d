"""The posts of the demonstration world: a leadership team for every mission that deserves one.

Function, title and level are three facts; titles follow the mission's head.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from asyncpg.pgproto import pgproto

from seeds.identities import Sequence as Keys
from service.models import Mission
from service.models.vocabulary import LEADING, Function, Level, MissionType, Stream

LARGE = {"MINUSCA", "MONUSCO", "UNMISS", "UNAMA", "UNSMIL", "BINUH", "UNTMIS", "UNVMC"}
SMALL = {"OSESG-Horn of Africa", "PESG Sudan", "PESG Western Sahara", "OSASG-Cyprus", "UNRGID"}
MILITARY_HEADS = {
    "Force Commander",
    "Chief Military Observer",
    "Head of Mission and Force Commander",
    "Head of Mission and Chief Military Observer",
    "Head of Mission and Chief of Staff",
}
SHORT = {
    Function.HEAD_OF_MISSION: "HOM",
    Function.DEPUTY_HEAD_OF_MISSION: "DHOM",
    Function.FORCE_COMMANDER: "FC",
    Function.DEPUTY_FORCE_COMMANDER: "DFC",
    Function.POLICE_COMMISSIONER: "PC",
    Function.DEPUTY_POLICE_COMMISSIONER: "DPC",
    Function.CHIEF_OF_STAFF: "COS",
    Function.DIRECTOR_OF_MISSION_SUPPORT: "DMS",
    Function.HEAD_OF_OFFICE: "HOO",
    Function.SENIOR_ADVISER: "SA",
}
OFFICES = ("North", "South", "East", "West")
ADVICE = ("Protection", "Gender", "Political Affairs", "Security Sector Reform")
AUTHORITIES = {
    Function.HEAD_OF_MISSION: ["RECRUITMENT", "FINANCE", "SECURITY"],
    Function.DIRECTOR_OF_MISSION_SUPPORT: ["FINANCE", "PROCUREMENT"],
}


@dataclass(frozen=True, slots=True)
class Seat:
    """A post with the facts that filling it depends on."""

    id: pgproto.UUID
    mission: Mission
    reference: str
    function: Function
    title: str
    level: Level
    stream: Stream
    established_on: date
    abolished_on: date | None
    languages: tuple[tuple[str, str], ...]

    @property
    def is_lasting(self) -> bool:
        """Whether the mission still runs."""
        return self.abolished_on is None

    @property
    def authorities(self) -> list[str]:
        """What may be decided in the post without asking headquarters."""
        return AUTHORITIES.get(self.function, [])

    @property
    def leads(self) -> bool:
        """Whether its holder heads the mission or deputizes."""
        return self.function in LEADING


@dataclass(frozen=True, slots=True)
class _Role:
    function: Function
    title: str
    level: Level
    stream: Stream = Stream.CIVILIAN


def seats(missions: Sequence[Mission], keys: Keys) -> list[Seat]:
    """Posts for every mission that runs, and the leaders' posts of longer ones ended since 2010."""
    filled = [mission for mission in missions if mission.ended_on is None or _recent(mission)]
    filled.sort(key=lambda mission: mission.acronym)
    made: list[Seat] = []
    for mission in filled:
        roles = list(_team(mission))
        for role, number, key in zip(roles, _numbers(roles), keys.take(len(roles)), strict=True):
            made.append(_seat(mission, role, number, key))
    return made


def _recent(mission: Mission) -> bool:
    ended = mission.ended_on
    return ended is not None and ended.year >= 2010 and (ended - mission.started_on).days > 900


def _numbers(roles: Sequence[_Role]) -> Iterator[int]:
    seen: dict[Function, int] = {}
    for role in roles:
        seen[role.function] = seen.get(role.function, 0) + 1
        yield seen[role.function]


def _seat(mission: Mission, role: _Role, number: int, key: pgproto.UUID) -> Seat:
    slug = mission.acronym.replace(" ", "-").upper()
    return Seat(
        id=key,
        mission=mission,
        reference=f"{slug}-{SHORT[role.function]}-{number}",
        function=role.function,
        title=role.title,
        level=role.level,
        stream=role.stream,
        established_on=mission.started_on,
        abolished_on=mission.ended_on,
        languages=tuple(_languages(mission, role)),
    )


def _languages(mission: Mission, role: _Role) -> Iterator[tuple[str, str]]:
    senior = role.level in (Level.USG, Level.ASG)
    yield "en", "C1" if senior else "B2"
    for place, language in enumerate(mission.working_languages):
        if language != "en":
            yield language, "C1" if senior and place == 0 else "B2"


def _team(mission: Mission) -> Iterator[_Role]:
    yield _head(mission)
    yield from _deputies(mission)
    if mission.ended_on is not None:
        if mission.mission_type is MissionType.PEACEKEEPING:
            yield _Role(Function.FORCE_COMMANDER, "Force Commander", Level.D_2, Stream.MILITARY)
        return
    if mission.mission_type is MissionType.PEACEKEEPING:
        yield from _uniformed(mission)
    yield from _staff(mission)


def _head(mission: Mission) -> _Role:
    title = mission.head_title or "Head of Mission"
    is_military = title in MILITARY_HEADS
    level = Level.ASG if is_military or mission.acronym in {"UNRCCA", "UNMHA"} else Level.USG
    stream = Stream.MILITARY if is_military else Stream.CIVILIAN
    return _Role(Function.HEAD_OF_MISSION, title, level, stream)


def _deputies(mission: Mission) -> Iterator[_Role]:
    title = mission.head_title or "Head of Mission"
    name = "Deputy Head of Mission"
    if title.startswith("Special Representative"):
        name = "Deputy Special Representative of the Secretary-General"
    elif title.startswith("Special"):
        name = f"Deputy {title}"
    level = Level.ASG if mission.acronym in LARGE or mission.ended_on is not None else Level.D_2
    pillars = ["Political", "Resident and Humanitarian Coordinator", "Protection and Operations"]
    many = 3 if mission.acronym in LARGE else 1 if _is_slim(mission) else 2
    for pillar in pillars[:many]:
        yield _Role(Function.DEPUTY_HEAD_OF_MISSION, f"{name} ({pillar})", level)


def _is_slim(mission: Mission) -> bool:
    return mission.acronym in SMALL or mission.ended_on is not None


def _uniformed(mission: Mission) -> Iterator[_Role]:
    is_large = mission.acronym in LARGE
    if mission.head_title not in MILITARY_HEADS:
        level = Level.ASG if is_large else Level.D_2
        yield _Role(Function.FORCE_COMMANDER, "Force Commander", level, Stream.MILITARY)
    yield _Role(
        Function.DEPUTY_FORCE_COMMANDER, "Deputy Force Commander", Level.D_1, Stream.MILITARY
    )
    level = Level.D_2 if is_large else Level.D_1
    yield _Role(Function.POLICE_COMMISSIONER, "Police Commissioner", level, Stream.POLICE)
    if is_large:
        title = "Deputy Police Commissioner"
        yield _Role(Function.DEPUTY_POLICE_COMMISSIONER, title, Level.D_1, Stream.POLICE)


def _staff(mission: Mission) -> Iterator[_Role]:
    is_large = mission.acronym in LARGE
    level = Level.D_2 if is_large else Level.D_1
    yield _Role(Function.CHIEF_OF_STAFF, "Chief of Staff", level)
    if mission.acronym not in SMALL:
        title = "Director of Mission Support"
        yield _Role(Function.DIRECTOR_OF_MISSION_SUPPORT, title, level)
    if is_large or mission.mission_type is MissionType.PEACEKEEPING:
        for office in OFFICES[: 4 if is_large else 1]:
            yield _Role(Function.HEAD_OF_OFFICE, f"Head of Office, {office}", Level.D_1)
    for advice in ADVICE[: 3 if is_large else 1]:
        yield _Role(Function.SENIOR_ADVISER, f"Senior Adviser, {advice}", Level.P_5)
