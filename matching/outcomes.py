"""What became of mentorships, as both sides rated them: the rows that learning reads.

Plain records in, sorted arrays out, so that the order of arrival changes nothing. It refuses
features made of protected attributes.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from matching.arrays import Floats, Integers, Masks
from matching.configurations import Configuration
from matching.pair_features import LEARNABLE, PairFeatures
from matching.people import Mentee, Mentor


class InvalidOutcomes(ValueError):  # noqa: N818 - it says what was given, not what broke
    """An outcome cannot be learnt from; the message names the pair and the field."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One mentorship after one cycle.

    Parameters
    ----------
    mentee_id, mentor_id : str
        Of the people, whatever records stand for them: nobody may be judged by a model that
        has seen them under another id.
    cycle : int
        Cycles in the order of time, such as years; a pair is rated once in each.
    features : mapping of name to float
        Those of `LEARNABLE`, each in 0 to 1; best as they were when the pair was made.
    mentee_rating, mentor_rating : float or None
        What each side said of the mentorship; None where it said nothing.
    """

    mentee_id: str
    mentor_id: str
    cycle: int
    features: Mapping[str, float]
    mentee_rating: float | None
    mentor_rating: float | None

    def __post_init__(self) -> None:
        unknown = sorted(set(self.features) ^ set(LEARNABLE))
        if unknown:
            message = f"{self._name}: features must be those of LEARNABLE, but {unknown} differ"
            raise InvalidOutcomes(message)
        for name, value in self.features.items():
            if not 0 <= value <= 1:
                raise InvalidOutcomes(f"{self._name}: features[{name}] cannot be {value!r}")
        for name in ("mentee_rating", "mentor_rating"):
            rating = getattr(self, name)
            if rating is not None and not math.isfinite(rating):
                raise InvalidOutcomes(f"{self._name}: {name} cannot be {rating!r}")

    @property
    def _name(self) -> str:
        return f"{self.mentee_id} and {self.mentor_id} in {self.cycle}"


class _RatedPair(Protocol):
    """Two people who worked together for a cycle, as the matcher sees them, and their ratings."""

    @property
    def mentee(self) -> Mentee: ...
    @property
    def mentor(self) -> Mentor: ...
    @property
    def cycle(self) -> int: ...
    @property
    def mentee_rating(self) -> float | None: ...
    @property
    def mentor_rating(self) -> float | None: ...


def outcomes_of(
    pairs: Iterable[_RatedPair],
    configuration: Configuration = Configuration(),  # noqa: B008 - frozen
) -> list[Outcome]:
    """The outcomes of these pairs, with what spoke for each of them.

    Parameters
    ----------
    pairs : iterable of objects with mentee, mentor, cycle, mentee_rating and mentor_rating
        Nothing of anybody's gender or nationality reaches the outcomes.
    configuration : Configuration
        Its tables, levels and languages.
    """
    rows = list(pairs)
    if not rows:
        return []
    mentees = sorted({one.mentee.id: one.mentee for one in rows}.values(), key=_id)
    mentors = sorted({one.mentor.id: one.mentor for one in rows}.values(), key=_id)
    row = {one.id: place for place, one in enumerate(mentees)}
    column = {one.id: place for place, one in enumerate(mentors)}
    places = [(row[one.mentee.id], column[one.mentor.id]) for one in rows]
    values = PairFeatures(configuration).fit(mentees, mentors).transform(places)
    return [
        Outcome(
            mentee_id=one.mentee.person_id,
            mentor_id=one.mentor.person_id,
            cycle=one.cycle,
            features=dict(zip(LEARNABLE, features, strict=True)),
            mentee_rating=one.mentee_rating,
            mentor_rating=one.mentor_rating,
        )
        for one, features in zip(rows, values.tolist(), strict=True)
    ]


def _id(person: Mentee | Mentor) -> str:
    return person.id


@dataclass(frozen=True)
class Outcomes:
    """Outcomes side by side, by cycle and then ids.

    Parameters
    ----------
    features : ndarray of float64, shape (k, features)
        In the order of `LEARNABLE`.
    content : ndarray of float64, shape (k, 2)
        Whether mentee and mentor were content: 1, 0, or NaN where that side said nothing.
    mentees, mentors, cycles : ndarrays, shape (k,)
    """

    features: Floats
    content: Floats
    mentees: npt.NDArray[Any]
    mentors: npt.NDArray[Any]
    cycles: Integers

    @classmethod
    def of(cls, records: Iterable[Outcome], *, content_from: float) -> Self:
        """These outcomes; whoever rates `content_from` or higher is content.

        Raises
        ------
        InvalidOutcomes
            If a pair is rated twice in one cycle.
        """
        rows = sorted(records, key=_key)
        for key, next_key in pairwise(map(_key, rows)):
            if key == next_key:
                cycle, mentee, mentor = key
                raise InvalidOutcomes(f"{mentee} and {mentor} are rated twice in {cycle}")
        ratings = [(one.mentee_rating, one.mentor_rating) for one in rows]
        said = np.array(ratings, dtype=np.float64).reshape(len(rows), 2)
        values = [[one.features[name] for name in LEARNABLE] for one in rows]
        return cls(
            np.array(values, dtype=np.float64).reshape(len(rows), len(LEARNABLE)),
            np.where(np.isnan(said), np.nan, said >= content_from),
            np.array([one.mentee_id for one in rows], dtype=object),
            np.array([one.mentor_id for one in rows], dtype=object),
            np.array([one.cycle for one in rows], dtype=np.int64),
        )

    @property
    def is_rated(self) -> Masks:
        """Whether both sides said something, shape (k,)."""
        return np.asarray(~np.isnan(self.content).any(axis=1))

    @property
    def good(self) -> Floats:
        """1 where both sides were content, 0 where one was not, NaN without both ratings, (k,)."""
        return np.where(self.is_rated, (self.content == 1).all(axis=1), np.nan)

    def part(self, rows: Integers | Masks) -> "Outcomes":
        """These rows only."""
        return Outcomes(
            self.features[rows],
            self.content[rows],
            self.mentees[rows],
            self.mentors[rows],
            self.cycles[rows],
        )


def _key(one: Outcome) -> tuple[int, str, str]:
    return one.cycle, one.mentee_id, one.mentor_id
