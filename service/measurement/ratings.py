"""Ratings in long form: who gave whom which value for what, or did not observe it.

What was not observed is kept as such, never counted as a zero and never filled in. It refuses
values off the scale and two values for one cell.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, Literal, NamedTuple

import numpy as np

from service.measurement.arrays import Floats, Integers, Masks

NOT_OBSERVED: Final = "NOT_OBSERVED"
FACETS: Final = ("candidate", "assessor", "competency", "instrument", "occasion")
# What stands where a design has only one of a facet.
ONLY: Final = "only"
FacetName = Literal["candidate", "assessor", "competency", "instrument", "occasion"]


class BadRatings(ValueError):  # noqa: N818 - it says what the ratings are
    """Ratings that cannot be measured; the message names the row and the remedy."""


@dataclass(frozen=True)
class Scale:
    """The whole numbers that a rating may be, both ends included."""

    lowest: int
    highest: int

    def __post_init__(self) -> None:
        if self.highest <= self.lowest:
            raise BadRatings(f"a scale from {self.lowest} to {self.highest} has no two values")

    @property
    def size(self) -> int:
        """How many values there are."""
        return self.highest - self.lowest + 1

    @property
    def values(self) -> Integers:
        """All values, ascending, also those that nobody used."""
        return np.arange(self.lowest, self.highest + 1)


class Rating(NamedTuple):
    """One cell; a `value` of None is one that was not observed."""

    candidate: str
    assessor: str
    value: int | None
    competency: str = ONLY
    instrument: str = ONLY
    occasion: str = ONLY


@dataclass(frozen=True)
class Facet:
    """The labels of a facet, sorted, and the place of each rating's label among them."""

    labels: tuple[str, ...]
    codes: Integers

    @classmethod
    def of(cls, labels: Iterable[str]) -> "Facet":
        """A facet of one label for each rating."""
        given = np.array(list(labels), dtype=np.str_)
        known, codes = np.unique(given, return_inverse=True)
        return cls(tuple(known.tolist()), codes.astype(np.int64))

    def __len__(self) -> int:
        return len(self.labels)

    def only(self, kept: Masks) -> "Facet":
        """The same of these ratings; labels that no rating bears any more fall away."""
        used, codes = np.unique(self.codes[kept], return_inverse=True)
        return Facet(tuple(self.labels[place] for place in used), codes.astype(np.int64))


@dataclass(frozen=True)
class Ratings:
    """All cells of a design, in an order that does not depend on that of the input.

    Parameters
    ----------
    scale : Scale
    candidate, assessor, competency, instrument, occasion : Facet
        Each with one code for each of the N cells.
    values : ndarray of int64, shape (N,)
        Where a cell is not `seen`, 0, which means nothing.
    seen : ndarray of bool, shape (N,)
    """

    scale: Scale
    candidate: Facet
    assessor: Facet
    competency: Facet
    instrument: Facet
    occasion: Facet
    values: Integers
    seen: Masks

    @classmethod
    def of(cls, records: Iterable[Rating | Sequence[Any]], scale: Scale) -> "Ratings":
        """Ratings from records of candidate, assessor, value and what else `Rating` names.

        Raises
        ------
        BadRatings
            For values off the scale and cells given twice; rows count from 1.
        """
        cells = [Rating(*record) for record in records]
        return cls.named([(f"row {row}", cell) for row, cell in enumerate(cells, start=1)], scale)

    @classmethod
    def from_arrays(
        cls, values: Sequence[int | None], scale: Scale, **facets: Sequence[str]
    ) -> "Ratings":
        """Ratings from one array for the values and one for each facet, by its name.

        Raises
        ------
        BadRatings
            As `of` does, and for arrays of different lengths, unknown facets and a missing
            candidate or assessor.
        """
        unknown = sorted(set(facets) - set(FACETS))
        if unknown:
            raise BadRatings(f"there is no facet {unknown[0]}; take one of {', '.join(FACETS)}")
        for name in FACETS[:2]:
            if name not in facets:
                raise BadRatings(f"every rating needs its {name}: give the array {name}")
        for name, labels in facets.items():
            if len(labels) != len(values):
                raise BadRatings(f"{name} has {len(labels)} entries and values {len(values)}")
        rows = zip(*facets.values(), strict=True)
        return cls.of(
            (
                Rating(value=value, **dict(zip(facets, map(str, row), strict=True)))
                for value, row in zip(values, rows, strict=True)
            ),
            scale,
        )

    @classmethod
    def named(cls, cells: Sequence[tuple[str, Rating]], scale: Scale) -> "Ratings":
        """Ratings from cells that each bear the name to be called by in an error.

        Raises
        ------
        BadRatings
            As `of` does.
        """
        _check(cells, scale)
        ordered = sorted((cell for _, cell in cells), key=_place)
        values = [cell.value for cell in ordered]
        facets = {name: Facet.of(getattr(cell, name) for cell in ordered) for name in FACETS}
        return cls(
            scale=scale,
            values=np.array([0 if value is None else value for value in values], dtype=np.int64),
            seen=np.array([value is not None for value in values], dtype=np.bool_),
            **facets,
        )

    def __len__(self) -> int:
        return len(self.values)

    def facet(self, name: FacetName) -> Facet:
        """The facet of this name."""
        found: Facet = getattr(self, name)
        return found

    def only(self, kept: Masks) -> "Ratings":
        """These cells alone; labels that none of them bears fall away."""
        facets = {name: getattr(self, name).only(kept) for name in FACETS}
        return replace(self, **facets, values=self.values[kept], seen=self.seen[kept])

    @cached_property
    def observed(self) -> "Ratings":
        """The cells that were observed."""
        return self if self.seen.all() else self.only(self.seen)

    @cached_property
    def units(self) -> Integers:
        """What is rated: a number from 0 for all cells that differ in their assessor only."""
        places = self.candidate.codes
        for facet in (self.competency, self.instrument, self.occasion):
            places = places * len(facet) + facet.codes
        units: Integers = np.unique(places, return_inverse=True)[1].astype(np.int64)
        return units

    @property
    def counts(self) -> Mapping[str, int]:
        """How many of each there are, for a result's `counts`."""
        return {
            "candidates": len(self.candidate),
            "assessors": len(self.assessor),
            "competencies": len(self.competency),
            "instruments": len(self.instrument),
            "occasions": len(self.occasion),
            "ratings": int(self.seen.sum()),
            "not_observed": int((~self.seen).sum()),
        }

    def means(self, row: FacetName = "candidate", column: FacetName = "assessor") -> Floats:
        """The mean of what was observed in each cell of two facets, NaN where nothing was.

        Returns
        -------
        ndarray of float64, shape (labels of `row`, labels of `column`)
        """
        sums, counts = (self._table(row, column, weights) for weights in (self.values, None))
        with np.errstate(invalid="ignore"):
            return sums / counts

    def _table(self, row: FacetName, column: FacetName, weights: Integers | None) -> Floats:
        one, other = self.facet(row), self.facet(column)
        places = one.codes * len(other) + other.codes
        table = np.bincount(
            places[self.seen],
            weights=None if weights is None else weights[self.seen],
            minlength=len(one) * len(other),
        )
        return table.reshape(len(one), len(other)).astype(np.float64)


def _check(cells: Sequence[tuple[str, Rating]], scale: Scale) -> None:
    known: dict[tuple[str, ...], str] = {}
    for row, cell in cells:
        place = _place(cell)
        if not all(place):
            missing = FACETS[place.index("")]
            raise BadRatings(f"{row} names no {missing}; every rating needs one")
        if place in known:
            cell_name = ", ".join(place)
            raise BadRatings(
                f"{row} rates the cell {cell_name} that {known[place]} rates; keep one"
            )
        known[place] = row
        _check_value(row, cell.value, scale)


def _check_value(row: str, value: Any, scale: Scale) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise BadRatings(f"{row} has the value {value!r}; give a whole number or {NOT_OBSERVED}")
    if not scale.lowest <= value <= scale.highest:
        ends = f"{scale.lowest} to {scale.highest}"
        raise BadRatings(f"{row} has the value {value}, which is off the scale of {ends}")


def _place(cell: Rating) -> tuple[str, ...]:
    return tuple(getattr(cell, name) for name in FACETS)
