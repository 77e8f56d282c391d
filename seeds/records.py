"""The reference data as frozen records, read from `seeds/data` and checked to the last key.

It refuses to touch the database: planting belongs to its readers.
Nothing is read at import; `load()` reads every file, each time it is called.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import ConfigDict, StringConstraints, TypeAdapter, ValidationError

from service.dates import last_day
from service.models.vocabulary import MissionType, Precision, Region, Stream

DATA = Path(__file__).parent / "data"

_DEFINED_IN = {
    "predecessors": "missions",
    "mandate_tasks": "mandate_tasks",
    "working_languages": "languages",
    "head_title": "titles",
    "groups": "regional_groups",
    "electoral_group": "regional_groups",
    "usual_functions": "functions",
    "usual_levels": "levels",
}

Rows = TypeVar("Rows")

Code = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$")]
Acronym = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,}([ -][A-Za-z]+)*$")]
CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
LanguageCode = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
Text = Annotated[str, StringConstraints(pattern=r"^\S(.*\S)?$")]


class Source(StrEnum):
    """Where a mission's dates come from; languages and heads are mostly background."""

    DATA_HUB = "D"
    PAGE = "P"
    BACKGROUND = "B"


class ElementKind(StrEnum):
    """The family of an element inside its framework."""

    VALUE = "VALUE"
    CORE = "CORE"
    MANAGERIAL = "MANAGERIAL"
    CHARACTERISTIC = "CHARACTERISTIC"
    BEHAVIOUR = "BEHAVIOUR"
    ECQ = "ECQ"
    FUNDAMENTAL = "FUNDAMENTAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One row; a key that the record does not name is refused."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mission(Record):
    """A peace operation; `country` is None where the area is disputed or spans several."""

    acronym: Acronym
    name_en: Text
    name_fr: Text | None
    mission_type: MissionType
    area: Text
    region: Region
    headquarters: Text | None
    country: CountryCode | None
    started_on: date
    started_precision: Precision
    ended_on: date | None
    ended_precision: Precision | None
    planned_end_on: date | None
    working_languages: tuple[LanguageCode, ...]
    head_title: Code | None
    predecessors: tuple[Acronym, ...]
    mandate_tasks: tuple[Code, ...]
    sources: tuple[Source, ...]
    note: Text | None

    def __post_init__(self) -> None:
        _check_placed("started_on", self.started_on, self.started_precision)
        if self.planned_end_on and (self.ended_on or self.planned_end_on < self.started_on):
            raise ValueError("planned_end_on belongs to a mission that runs, after its start")
        if self.ended_on is None or self.ended_precision is None:
            if self.ended_on or self.ended_precision:
                raise ValueError("ended_on and ended_precision stand together or not at all")
            return
        _check_placed("ended_on", self.ended_on, self.ended_precision)
        if last_day(self.ended_on, self.ended_precision) < self.started_on:
            raise ValueError("ended_on lies before started_on")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut(Record):
    """A mission that is not seeded, and why."""

    acronym: Acronym
    name_en: Text
    reason: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionalGroup(Record):
    """One of the five groups in which Member States elect."""

    code: Code
    label_en: Text
    label_fr: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberState(Record):
    """A Member State, its groups, and the one group that counts it at elections.

    No group at all means an observer of `electoral_group`.
    """

    code: CountryCode
    groups: tuple[Code, ...]
    electoral_group: Code

    def __post_init__(self) -> None:
        if self.groups and self.electoral_group not in self.groups:
            raise ValueError("electoral_group is not among the State's groups")


@dataclass(frozen=True, slots=True, kw_only=True)
class Language(Record):
    """A language, with its standing in the Organization."""

    code: LanguageCode
    label_en: Text
    autonym: Text
    is_official: bool
    is_secretariat_working: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Function(Record):
    """What a leader does in a mission, whatever the title."""

    code: Code
    label_en: Text
    label_fr: Text
    stream: Stream
    meaning: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Level(Record):
    """A grade; a higher `rank` is more senior."""

    code: Code
    label: Text
    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Title(Record):
    """What a leader is called, with the functions and levels it usually carries."""

    code: Code
    label_en: Text
    label_fr: Text
    usual_functions: tuple[Code, ...]
    usual_levels: tuple[Code, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MandateTask(Record):
    """One kind of work that a mandate can ask for."""

    code: Code
    label: Text
    meaning: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Element(Record):
    """A value, competency or behaviour; one that others name as `parent` is a heading."""

    kind: ElementKind
    code: Code
    label: Text
    parent: Code | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework(Record):
    """One version of a competency framework, its elements in their published order."""

    code: Code
    name: Text
    version: Text
    adopted_on: date
    adopted_precision: Precision
    source: Text
    elements: tuple[Element, ...]

    def __post_init__(self) -> None:
        _check_placed("adopted_on", self.adopted_on, self.adopted_precision)
        codes = [element.code for element in self.elements]
        _check_distinct("elements", codes)
        parents = (element.parent for element in self.elements if element.parent)
        _check_known("parent", parents, codes)


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingLevel(Record):
    """One step of a scale.

    It is chosen by hand and counts as `value`, or is read from a mean that lies
    `above` or `at_least` at its bound. Scales of words alone have none of the three.
    """

    code: Code
    label: Text
    value: float | None
    above: float | None
    at_least: float | None

    def __post_init__(self) -> None:
        if sum(number is not None for number in (self.value, self.above, self.at_least)) > 1:
            raise ValueError("value, above and at_least exclude each other")


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingScale(Record):
    """One version of a rating scale, best level first: the first bound that holds wins."""

    code: Code
    version: Text
    name: Text
    use: Text
    source: Text
    levels: tuple[RatingLevel, ...]

    def __post_init__(self) -> None:
        _check_distinct("levels", [level.code for level in self.levels])


@dataclass(frozen=True, slots=True, kw_only=True)
class MissionList(Record):
    """The whole of missions.json."""

    missions: tuple[Mission, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """All reference data, each list sorted by its natural key, every code in it known."""

    missions: tuple[Mission, ...]
    left_out: tuple[LeftOut, ...]
    regional_groups: tuple[RegionalGroup, ...]
    member_states: tuple[MemberState, ...]
    languages: tuple[Language, ...]
    functions: tuple[Function, ...]
    levels: tuple[Level, ...]
    titles: tuple[Title, ...]
    mandate_tasks: tuple[MandateTask, ...]
    competency_frameworks: tuple[Framework, ...]
    rating_scales: tuple[RatingScale, ...]


def load(folder: Path = DATA) -> Reference:
    """Every record in the folder.

    Raises ValueError with file, row and key when a row is malformed, out of order,
    doubled, or names a code that no file defines.
    """
    listed = _read(folder / "missions.json", MissionList)
    reference = Reference(
        missions=listed.missions,
        left_out=listed.left_out,
        regional_groups=_read(folder / "regional_groups.json", tuple[RegionalGroup, ...]),
        member_states=_read(folder / "member_states.json", tuple[MemberState, ...]),
        languages=_read(folder / "languages.json", tuple[Language, ...]),
        functions=_read(folder / "functions.json", tuple[Function, ...]),
        levels=_read(folder / "levels.json", tuple[Level, ...]),
        titles=_read(folder / "titles.json", tuple[Title, ...]),
        mandate_tasks=_read(folder / "mandate_tasks.json", tuple[MandateTask, ...]),
        competency_frameworks=_read(folder / "competency_frameworks.json", tuple[Framework, ...]),
        rating_scales=_read(folder / "rating_scales.json", tuple[RatingScale, ...]),
    )
    _check_order(reference)
    _check_links(reference)
    return reference


def _check_placed(key: str, on: date, precision: Precision) -> None:
    if precision is not Precision.DAY and on.day != 1:
        raise ValueError(f"{key} of precision {precision} must be a first of the month")
    if precision is Precision.YEAR and on.month != 1:
        raise ValueError(f"{key} of precision YEAR must be a first of January")


def _check_distinct(key: str, codes: Sequence[str]) -> None:
    doubled = {code for code in codes if codes.count(code) > 1}
    if doubled:
        raise ValueError(f"{key} holds {min(doubled)} twice")


def _check_known(key: str, codes: Iterable[str], known: Iterable[str]) -> None:
    unknown = set(codes) - set(known)
    if unknown:
        raise ValueError(f"{key} names {min(unknown)}, which no row defines")


def _read(file: Path, rows: type[Rows]) -> Rows:
    text = file.read_text(encoding="utf-8")
    try:
        return TypeAdapter(rows).validate_json(text)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        unknown = fault["type"] == "unexpected_keyword_argument"
        what = "unknown key" if unknown else fault["msg"].removeprefix("Value error, ")
        raise ValueError(f"{file.name}{_place(text, fault['loc'])}: {what}") from error


def _place(text: str, steps: Iterable[int | str]) -> str:
    try:
        node: Any = json.loads(text)
    except ValueError:
        return ""
    place = ""
    for step in steps:
        node = node.get(step) if isinstance(node, dict) else node[step]
        place += f", {step}" if isinstance(step, str) else f", row {_row_name(node, step)}"
    return place


def _row_name(node: object, position: int) -> str:
    named = node if isinstance(node, dict) else {}
    return str(named.get("acronym") or named.get("code") or position + 1)


def _check_order(reference: Reference) -> None:
    for field in fields(reference):
        for before, after in pairwise(getattr(reference, field.name)):
            if not _key(before) < _key(after):
                file = "missions" if field.name == "left_out" else field.name
                row = " ".join(_key(after))
                raise ValueError(f"{file}.json, row {row}: doubled, or not sorted by natural key")


def _key(record: Record) -> tuple[str, ...]:
    names = ("acronym", "code", "version")
    return tuple(getattr(record, name) for name in names if hasattr(record, name))


def _check_links(reference: Reference) -> None:
    lists = {field.name: getattr(reference, field.name) for field in fields(reference)}
    defined = {name: {_key(row)[0] for row in rows} for name, rows in lists.items()}
    for file in ("missions", "member_states", "titles"):
        for record in lists[file]:
            try:
                _check_codes(record, defined)
            except ValueError as error:
                raise ValueError(f"{file}.json, row {_key(record)[0]}: {error}") from error


def _check_codes(record: Record, defined: Mapping[str, set[str]]) -> None:
    for key, target in _DEFINED_IN.items():
        named = getattr(record, key, None) or ()
        codes = (named,) if isinstance(named, str) else named
        _check_distinct(key, codes)
        _check_known(key, codes, defined[target])
