"""What people have decided about one run besides its rules: pins, bans, groups, what stands.

It turns names into positions and refuses, by name, what cannot be kept. It decides nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from matching.arrays import Integers
from matching.configurations import FIELDS_OF_GROUPS, Configuration, InvalidConfiguration
from matching.limits import UNCAPPED, Grouping, Infeasible, Limits
from matching.people import Fixed, Mentee, Mentor

Pairs = frozenset[tuple[str, str]]
NO_PAIRS: Final = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
"""Rows and columns of no pairs at all."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """Decisions for one run, by the ids of mentees and mentors.

    Parameters
    ----------
    pins : frozenset of (mentee id, mentor id)
        Pairs that must be proposed. They count against places and caps, may lie below the
        least acceptable score, since a person judged it, and never override a rule.
    bans : frozenset of (mentee id, mentor id)
        Pairs that must not be proposed; the code is BANNED.
    standing : frozenset of (mentee id, mentor id)
        Proposals that stand since an earlier run, such as the last approved one; they may
        change, see `Configuration.standing_bonus` and `most_changes`.
    least_loads : mapping of mentor id to int
        How many new mentees a mentor must get, instead of `Configuration.least_load`.
    groupings : mapping of a grouping's name to a mapping of mentee id to label
        Groups that are no field of a mentee, for `Configuration.group_caps`; whoever has
        no label there is in no group.
    """

    pins: Pairs = frozenset()
    bans: Pairs = frozenset()
    standing: Pairs = frozenset()
    least_loads: Mapping[str, int] = field(default_factory=dict)
    groupings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for mentor, least in self.least_loads.items():
            if least < 0:
                raise Infeasible(f"least_loads {mentor} cannot be {least}; give 0 or more")


NO_TERMS = Terms()
"""Nothing was decided."""


@dataclass(frozen=True)
class Places:
    """Where everybody of a run stands, by id: n mentees who wait and m mentors."""

    row: Mapping[str, int]
    column: Mapping[str, int]

    @classmethod
    def of(cls, mentees: Sequence[Mentee], mentors: Sequence[Mentor]) -> "Places":
        """The places of these people."""
        return cls(
            {mentee.id: i for i, mentee in enumerate(mentees)},
            {mentor.id: j for j, mentor in enumerate(mentors)},
        )

    def known(self, pairs: Iterable[tuple[str, str]]) -> tuple[Integers, Integers]:
        """Rows and columns of the pairs both of whose people are here, in order of their ids."""
        found = [
            (self.row[mentee], self.column[mentor])
            for mentee, mentor in sorted(set(pairs))
            if mentee in self.row and mentor in self.column
        ]
        rows, columns = np.array(found, dtype=np.int64).reshape(-1, 2).T
        return rows, columns


def limits_of(  # noqa: PLR0913 - the people, and each thing that binds them
    places: Places,
    terms: Terms,
    *,
    everybody: Sequence[Mentee],
    mentors: Sequence[Mentor],
    free: Integers,
    fixed: Iterable[Fixed],
    configuration: Configuration,
) -> Limits:
    """What binds a run, by position.

    Active mentorships count against the caps of their group where the mentee's label is known.

    Raises
    ------
    InvalidConfiguration
        If a cap names a grouping that is neither a field of mentees nor given in the terms.
    Infeasible
        If a mentor who is not in the run must get somebody.
    """
    rows, columns = places.known(terms.pins)
    held = sorted(set(fixed))
    groupings = [
        replace(_grouping(places, _labels(name, terms, everybody), held, most), name=name)
        for name, most in configuration.group_caps
    ]
    return Limits(rows, columns, _least(terms, mentors, free, configuration), tuple(groupings))


def _least(
    terms: Terms, mentors: Sequence[Mentor], free: Integers, configuration: Configuration
) -> Integers:
    """How many each mentor must get, or nothing at all where nobody asks for it."""
    unknown = sorted(terms.least_loads.keys() - {mentor.id for mentor in mentors})
    if unknown:
        raise Infeasible(f"least_loads names {unknown[0]}, who offers nothing in this run")
    if not configuration.least_load and not terms.least_loads:
        return NO_PAIRS[0]
    usual = np.minimum(free, configuration.least_load)
    return np.array(
        [
            terms.least_loads.get(mentor.id, int(least) if mentor.available else 0)
            for mentor, least in zip(mentors, usual, strict=True)
        ],
        dtype=np.int64,
    )


def _labels(name: str, terms: Terms, everybody: Sequence[Mentee]) -> Mapping[str, str]:
    if name in terms.groupings:
        return terms.groupings[name]
    if name not in FIELDS_OF_GROUPS:
        raise InvalidConfiguration(
            f"group_caps names {name!r}, which is no field of mentees; give its labels for this"
            f" run as a grouping, or name one of {', '.join(FIELDS_OF_GROUPS)}"
        )
    found = ((mentee.id, getattr(mentee, name)) for mentee in everybody)
    return {mentee: label for mentee, label in found if label}


def _grouping(
    places: Places, labels: Mapping[str, str], held: Iterable[Fixed], most: int
) -> Grouping:
    names = sorted({labels[mentee] for mentee in places.row if mentee in labels})
    group = {name: k for k, name in enumerate(names)}
    caps = np.full((len(names) + 1, len(places.column)), most, dtype=np.int64)
    caps[-1] = UNCAPPED
    for pair in held:
        k, j = group.get(labels.get(pair.mentee_id, "")), places.column.get(pair.mentor_id)
        if k is not None and j is not None:
            caps[k, j] = max(0, caps[k, j] - 1)
    mine = [group[labels[mentee]] if mentee in labels else len(names) for mentee in places.row]
    return Grouping(np.array(mine, dtype=np.int64), caps, groups=tuple(names))
