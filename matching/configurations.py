"""What the programme decides about matching: weights, the minimum, the tables behind features.

All of it is data with a version, never code; it refuses weights and tables
that would lead a score out of the range from 0 to 1.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, Final

from matching.arrays import MICROS, micros
from matching.curves import Curve

ADJACENT_FUNCTIONS: Final = (
    ("HEAD_OF_MISSION", "DEPUTY_HEAD_OF_MISSION", 0.8),
    ("HEAD_OF_MISSION", "CHIEF_OF_STAFF", 0.6),
    ("HEAD_OF_MISSION", "DIRECTOR_OF_MISSION_SUPPORT", 0.4),
    ("HEAD_OF_MISSION", "FORCE_COMMANDER", 0.4),
    ("HEAD_OF_MISSION", "POLICE_COMMISSIONER", 0.4),
    ("DEPUTY_HEAD_OF_MISSION", "CHIEF_OF_STAFF", 0.7),
    ("DEPUTY_HEAD_OF_MISSION", "DIRECTOR_OF_MISSION_SUPPORT", 0.5),
    ("CHIEF_OF_STAFF", "DIRECTOR_OF_MISSION_SUPPORT", 0.6),
    ("FORCE_COMMANDER", "DEPUTY_FORCE_COMMANDER", 0.8),
    ("POLICE_COMMISSIONER", "DEPUTY_POLICE_COMMISSIONER", 0.8),
    ("FORCE_COMMANDER", "POLICE_COMMISSIONER", 0.3),
)
"""How much experience in one function serves another; both directions, at most 1."""

FUNCTION_STREAMS: Final = (
    ("CHIEF_OF_STAFF", "CIVILIAN"),
    ("DEPUTY_FORCE_COMMANDER", "MILITARY"),
    ("DEPUTY_HEAD_OF_MISSION", "CIVILIAN"),
    ("DEPUTY_POLICE_COMMISSIONER", "POLICE"),
    ("DIRECTOR_OF_MISSION_SUPPORT", "CIVILIAN"),
    ("FORCE_COMMANDER", "MILITARY"),
    ("HEAD_OF_MISSION", "CIVILIAN"),
    ("POLICE_COMMISSIONER", "POLICE"),
)

FIELDS_OF_GROUPS: Final = (
    "stream",
    "function",
    "level",
    "mission_id",
    "mission_region",
    "mission_type",
    "gender",
)
"""The fields of a mentee by which a cap can tell groups apart."""


class Aim(StrEnum):
    """What the best pairing is.

    BEST_QUALITY weighs every score against `unmatched_value`. NOBODY_LEFT_OUT first matches as
    many as can be matched at all, and among those pairings takes the best.
    """

    BEST_QUALITY = "BEST_QUALITY"
    NOBODY_LEFT_OUT = "NOBODY_LEFT_OUT"


class InvalidConfiguration(ValueError):  # noqa: N818 - it says what was given, not what broke
    """A setting lies outside its range; the message names it."""


@dataclass(frozen=True, kw_only=True)
class Weights:
    """What each feature adds at its best; together exactly 1, so a score lies in 0 to 1.

    The defaults are expert weights, to be replaced once ratings exist. Fit of
    function, context, tasks and goals carries most, because similarity in what
    people do and value predicts how good a mentorship becomes (Eby et al. 2013,
    .38-.59). Gender is a wish to honour and no predictor, so it weighs least.
    """

    function: float = 0.22
    mission_context: float = 0.14
    mandate_tasks: float = 0.12
    seniority: float = 0.14
    languages: float = 0.06
    time_zone: float = 0.06
    goals: float = 0.12
    preferred_mentor: float = 0.06
    mentor_gender: float = 0.03
    top_criterion: float = 0.05

    def __post_init__(self) -> None:
        weights = asdict(self)
        for name, weight in weights.items():
            _require(0 <= weight <= 1, f"weights.{name}", weight)
        _require(sum(map(micros, weights.values())) == micros(1), "sum of weights", weights)


_DAYS_OF_A_WEEK: Final = 7
_SHARES: Final = (
    "unmatched_value",
    "waiting_bonus_per_day",
    "waiting_bonus_limit",
    "standing_bonus",
)
_TABLES: Final = ("levels", "adjacent_functions", "function_streams", "group_caps")


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """Everything a run depends on besides the people.

    Parameters
    ----------
    unmatched_value : float
        The least acceptable score; a pair below it is never proposed, however
        long the mentee has waited.
    waiting_bonus_per_day, waiting_bonus_limit : float
        Priority for those who wait, added to the objective and never to the
        score. The limit makes it a tie-breaker and no promise: once all who
        compete have reached it, scores alone decide again, and under lasting
        scarcity somebody with low scores can wait for ever.
    first_after_days : int or None
        Whoever has waited longer goes before all who have not, and by whole
        weeks before whoever waits a shorter time: what keeps anybody from
        starving; see `priority`. None promises nothing.
    working_language_level : int
        The level from which a shared language counts as common; 4 is CEFR B2.
    levels : tuple of str
        Lowest first.
    group_caps : tuple of (str, int)
        A grouping of mentees, one of `FIELDS_OF_GROUPS` or one given with the run, and how
        many of one group a mentor may have at most, active mentorships among them. One
        grouping keeps a proved optimum at every size; several that overlap may leave a gap.
    least_load : int
        Every mentor who is available and has free places gets so many new mentees at least,
        or as many as there are free places; a run in which that cannot be is refused. This
        can cost scores, and one more mentor can then lower the optimum. 0 asks for nothing.
    aim : Aim
    standing_bonus : float
        What keeping a standing proposal is worth beside its score, so that proposals do
        not change from night to night for next to nothing.
    most_changes : int or None
        How many standing proposals that could be kept may change at most. The bonus is
        raised as far as that takes, whoever waits; None sets no bound.
    curves : tuple of Curve
        Features that reach their weight in steps, as a learned model found, and not evenly.
    """

    version: str = "expert-1"
    weights: Weights = field(default_factory=Weights)
    unmatched_value: float = 0.2
    waiting_bonus_per_day: float = 0.0002
    waiting_bonus_limit: float = 0.05
    working_language_level: int = 4
    levels: tuple[str, ...] = ("D-1", "D-2", "ASG", "USG")
    adjacent_functions: tuple[tuple[str, str, float], ...] = ADJACENT_FUNCTIONS
    function_streams: tuple[tuple[str, str], ...] = FUNCTION_STREAMS
    group_caps: tuple[tuple[str, int], ...] = ()
    least_load: int = 0
    aim: Aim = Aim.BEST_QUALITY
    first_after_days: int | None = None
    standing_bonus: float = 0.0
    most_changes: int | None = None
    curves: tuple[Curve, ...] = ()

    def __post_init__(self) -> None:
        for name in _SHARES:
            _require(0 <= getattr(self, name) <= 1, name, getattr(self, name))
        least = self.working_language_level
        _require(1 <= least <= 6, "working_language_level", least)
        _require(len(set(self.levels)) == len(self.levels), "levels", self.levels)
        for first, second, fit in self.adjacent_functions:
            _require(0 <= fit <= 1, f"adjacent_functions {first}, {second}", fit)
        for name in ("first_after_days", "most_changes", "least_load"):
            _require((getattr(self, name) or 0) >= 0, name, getattr(self, name))
        names = [name for name, _ in self.group_caps]
        _require(len(set(names)) == len(names), "group_caps", names)
        for name, most in self.group_caps:
            _require(most >= 1, f"group_caps {name}", most)
        named = [curve.name for curve in self.curves]
        _require(len(set(named)) == len(named), "curves", named)
        for curve in self.curves:
            _check(curve, asdict(self.weights))

    @property
    def minimum(self) -> int:
        """`unmatched_value` in millionths."""
        return micros(self.unmatched_value)

    def priority(self, waiting_days: int) -> int:
        """The bonus of somebody who has waited so long, in millionths.

        Beyond `first_after_days` each week adds more than any two pairs can differ in score,
        in the usual bonus and in the bonus of standing, so that nobody starves. For let a
        mentee i, overdue, stay alone while a mentor j would do: w_ij >= u, for u the unmatched
        value. The prices that prove the optimum then ask p >= w_ij + b_i - u of i at j, and
        of whoever is not pinned and holds one of the places that are full, at j or within the
        group at j, no less; being there is worth it only if w_i'j + b_i' + standing >= u + p.
        So b_i' >= b_i - (1 - u) - standing, and as a week outweighs all of these, i' has
        waited at least as many weeks beyond the limit as i. Those are finitely many, and
        nobody who comes later is ever among them: each place that comes free at a mentor who
        would do goes to one of them, until it goes to i. The aim and the caps change nothing
        in this; a pin does, and `most_changes`, which are somebody's express decisions.
        """
        usual = micros(min(self.waiting_bonus_limit, waiting_days * self.waiting_bonus_per_day))
        if self.first_after_days is None:
            return usual
        weeks = -(-max(0, waiting_days - self.first_after_days) // _DAYS_OF_A_WEEK)
        heaviest = MICROS + micros(self.waiting_bonus_limit) + micros(self.standing_bonus)
        return usual + weeks * (heaviest + 1)

    def to_json(self) -> dict[str, Any]:
        """Plain dictionaries, lists and numbers, for storing beside the run.

        Settings of a later day are left out while nobody has chosen them, so that what was
        stored before them keeps its digest.
        """
        plain = asdict(self)
        for name in _TABLES:
            plain[name] = [list(row) if isinstance(row, tuple) else row for row in plain[name]]
        for name, unchosen in _UNCHOSEN.items():
            if getattr(self, name) == unchosen:
                del plain[name]
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "Configuration":
        """The configuration `to_json` wrote; absent settings keep their defaults.

        Raises
        ------
        InvalidConfiguration
            If a setting is unknown or outside its range.
        """
        settings = _known(cls, plain)
        if "weights" in settings:
            settings["weights"] = Weights(**_known(Weights, settings["weights"]))
        if "levels" in settings:
            settings["levels"] = tuple(settings["levels"])
        if "aim" in settings:
            _require(settings["aim"] in list(Aim), "aim", settings["aim"])
            settings["aim"] = Aim(settings["aim"])
        for name in _TABLES:
            if name in settings and name != "levels":
                settings[name] = tuple(tuple(row) for row in settings[name])
        if "curves" in settings:
            settings["curves"] = tuple(_curve(row) for row in settings["curves"])
        return cls(**settings)


_LATER: Final = (
    "group_caps",
    "curves",
    "least_load",
    "aim",
    "first_after_days",
    "standing_bonus",
    "most_changes",
)
_UNCHOSEN: Final = {one.name: one.default for one in fields(Configuration) if one.name in _LATER}


def _curve(plain: Mapping[str, Any]) -> Curve:
    row = _known(Curve, plain)
    return Curve(row["name"], tuple(row["cuts"]), tuple(int(share) for share in row["shares"]))


def _check(curve: Curve, weights: Mapping[str, float]) -> None:
    """That a curve only says how its feature reaches its weight."""
    name, cuts, shares = f"curves {curve.name}", curve.cuts, curve.shares
    _require(curve.name in weights, "curves", curve.name)
    _require(list(cuts) == sorted(set(cuts)), f"{name} cuts", cuts)
    _require(len(shares) == len(cuts) + 1 and min(shares) >= 0, f"{name} shares", shares)
    _require(max(shares) == micros(weights[curve.name]), f"{name} highest share", max(shares))


def _known(kind: type, plain: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(plain) - {one.name for one in fields(kind)})
    _require(not unknown, "unknown settings", unknown)
    return dict(plain)


def _require(condition: bool, name: str, value: object) -> None:  # noqa: FBT001
    if not condition:
        raise InvalidConfiguration(f"{name} cannot be {value!r}")
