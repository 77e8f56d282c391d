"""Hard rules: which pairs must never be made, each with its code.

A forbidden pair is infeasible, never merely a bad score. Missing facts fail
closed: who has not declared conflicts is paired with nobody.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from scipy.sparse import csr_array

from matching.arrays import (
    ALL,
    Bits,
    Integers,
    Selection,
    Sparse,
    Words,
    dense,
    meet,
    pack,
    sparse,
)
from matching.configurations import Configuration
from matching.people import Mentee, Mentor

Side = Sequence[Mentee | Mentor]
Pairs = Iterable[tuple[int, int]]

# Stands for a nationality nobody recorded; no code is empty.
UNKNOWN_NATIONALITY: Final = ""


class Rule(StrEnum):
    """Why a pair may not be made."""

    NO_CAPACITY = "NO_CAPACITY"
    NOT_AVAILABLE = "NOT_AVAILABLE"
    SAME_PERSON = "SAME_PERSON"
    SUPERVISED_IN_MISSION = "SUPERVISED_IN_MISSION"
    NATIONALITY_REFUSED = "NATIONALITY_REFUSED"
    DECLARED_CONFLICT = "DECLARED_CONFLICT"
    CONFLICTS_UNKNOWN = "CONFLICTS_UNKNOWN"
    NO_COMMON_LANGUAGE = "NO_COMMON_LANGUAGE"
    VETO = "VETO"
    ALREADY_CLOSED_BADLY = "ALREADY_CLOSED_BADLY"
    BANNED = "BANNED"


BIT: Final = {rule: np.uint16(1 << place) for place, rule in enumerate(Rule)}
"""The bit each rule sets in a block of broken rules."""


@dataclass(frozen=True)
class Rules:
    """Every hard rule, ready to be asked about any block of n mentees and m mentors.

    `mentee_bits` (n,) and `mentor_bits` (m,) hold what one side alone breaks,
    `pair_bits` (n, m) the few pairs named one by one; the rest are packed sets.
    """

    mentee_bits: Bits
    mentor_bits: Bits
    pair_bits: Sparse
    languages: tuple[Words, Words]
    refused_by_mentee: tuple[Words, Words]
    refused_by_mentor: tuple[Words, Words]

    @classmethod
    def of(  # noqa: PLR0913 - the people, and each source of what forbids a pair
        cls,
        mentees: Sequence[Mentee],
        mentors: Sequence[Mentor],
        *,
        free: Integers,
        closed_badly: frozenset[tuple[str, str]],
        bans: frozenset[tuple[str, str]] = frozenset(),
        configuration: Configuration,
    ) -> "Rules":
        """The rules for these people, with `free` places per mentor, shape (m,)."""
        return cls(
            mentee_bits=_undeclared(mentees),
            mentor_bits=_undeclared(mentors) | _closed(mentors, free),
            pair_bits=_named_pairs(mentees, mentors, closed_badly, bans),
            languages=_languages(mentees, mentors, configuration.working_language_level),
            refused_by_mentee=_refusals(mentees, mentors),
            refused_by_mentor=_refusals(mentors, mentees)[::-1],
        )

    def broken(self, rows: Selection, columns: Selection = ALL) -> Bits:
        """The rules each pair of the block breaks, as bits; 0 means eligible.

        Parameters
        ----------
        rows, columns : slice or ndarray of int64
            Positions of r mentees and c mentors.

        Returns
        -------
        ndarray of uint16, shape (r, c)
        """
        alone = self.mentee_bits[rows][:, None] | self.mentor_bits[columns][None, :]
        bits: Bits = alone | dense(self.pair_bits, rows, columns)
        mine, theirs = self.languages
        bits |= ~meet(mine[rows], theirs[columns]) * BIT[Rule.NO_COMMON_LANGUAGE]
        for left, right in (self.refused_by_mentee, self.refused_by_mentor):
            if left.shape[1]:
                bits |= meet(left[rows], right[columns]) * BIT[Rule.NATIONALITY_REFUSED]
        return bits

    def alike(self) -> Integers:
        """The rows in an order in which those of the same languages stand side by side, (n,)."""
        mine = self.languages[0]
        # Of equal keys the first stays first, so this order is the same everywhere.
        return np.lexsort(mine.T) if mine.shape[1] else np.arange(len(mine))

    def open_to(self, rows: Integers) -> Integers:
        """The columns that languages and their own state leave to any of these rows.

        With all others every pair of these rows is forbidden.
        """
        mine, theirs = self.languages
        together = np.bitwise_or.reduce(mine[rows], axis=0, keepdims=True)
        return np.flatnonzero(meet(together, theirs)[0] & (self.mentor_bits == 0))

    def counts(self, rows: Integers) -> Integers:
        """How many mentors each rule forbids to these r mentees, shape (r, rules).

        Mentees of the same languages, or the same nationalities, are counted once.
        """
        mine, refused = self.languages[0], (self.refused_by_mentee[0], self.refused_by_mentor[0])
        found = np.array([self._alone(rows, BIT[rule]) for rule in Rule]).T
        for rule, words in (
            (Rule.NO_COMMON_LANGUAGE, mine[rows]),
            (Rule.NATIONALITY_REFUSED, np.hstack(refused)[rows]),
        ):
            found[:, list(Rule).index(rule)] = self._by_kind(rows, words, BIT[rule])
        return found

    def _alone(self, rows: Integers, bit: np.uint16) -> Integers:
        """Counts of what one person breaks, or a pair by name; no rule is of both sorts."""
        everybody, some = len(self.mentor_bits), np.count_nonzero(self.mentor_bits & bit)
        pairs = csr_array(self.pair_bits[rows])
        named = np.bincount(
            np.repeat(np.arange(len(rows)), np.diff(pairs.indptr)),
            weights=(pairs.data & bit) != 0,
            minlength=len(rows),
        )
        own = np.where(self.mentee_bits[rows] & bit, everybody, some)
        counts: Integers = own + named.astype(np.int64)
        return counts

    def _by_kind(self, rows: Integers, words: Words, bit: np.uint16) -> Integers:
        """Counts of what follows from each mentee's words, (r, any)."""
        # With no label at all everybody is of one kind, which a last column makes sure of.
        same = np.zeros((len(rows), 1), dtype=words.dtype)
        _, first, kinds = np.unique(
            np.hstack((words, same)), axis=0, return_index=True, return_inverse=True
        )
        broken = [np.count_nonzero(self.broken(rows[[one]]) & bit) for one in first]
        counts: Integers = np.array(broken, dtype=np.int64)[kinds.reshape(-1)]
        return counts


def _undeclared(people: Side) -> Bits:
    unknown = np.array([person.conflicts is None for person in people], dtype=np.uint16)
    return unknown * BIT[Rule.CONFLICTS_UNKNOWN]


def _closed(mentors: Sequence[Mentor], free: Integers) -> Bits:
    away = np.array([not mentor.available for mentor in mentors], dtype=np.uint16)
    full = np.asarray(free == 0, dtype=np.uint16)
    bits: Bits = away * BIT[Rule.NOT_AVAILABLE] | full * BIT[Rule.NO_CAPACITY]
    return bits


def _languages(
    mentees: Sequence[Mentee], mentors: Sequence[Mentor], least: int
) -> tuple[Words, Words]:
    mine, theirs = _spoken(mentees, least), _spoken(mentors, least)
    vocabulary = set[str]().union(*mine)
    return pack(mine, vocabulary), pack(theirs, vocabulary)


def _spoken(people: Side, least: int) -> list[set[str]]:
    return [
        {code for code, level in person.languages.items() if level >= least} for person in people
    ]


def _refusals(refusing: Side, others: Side) -> tuple[Words, Words]:
    # Nobody can show that an unknown nationality is not a refused one, so
    # refusing any nationality refuses the unknown as well.
    unknown = frozenset({UNKNOWN_NATIONALITY})
    refused = [
        person.refused_nationalities | unknown if person.refused_nationalities else frozenset[str]()
        for person in refusing
    ]
    held = [person.nationalities or unknown for person in others]
    vocabulary = set[str]().union(*refused)
    return pack(refused, vocabulary), pack(held, vocabulary)


def _named_pairs(
    mentees: Sequence[Mentee],
    mentors: Sequence[Mentor],
    closed_badly: frozenset[tuple[str, str]],
    bans: frozenset[tuple[str, str]],
) -> Sparse:
    found = {
        Rule.SAME_PERSON: _same(mentees, mentors),
        Rule.SUPERVISED_IN_MISSION: _both_ways(_supervised, mentees, mentors),
        Rule.DECLARED_CONFLICT: _both_ways(_conflicting, mentees, mentors),
        Rule.VETO: _vetoed(mentees, mentors),
        Rule.ALREADY_CLOSED_BADLY: _known(closed_badly, mentees, mentors),
        Rule.BANNED: _known(bans, mentees, mentors),
    }
    bits: defaultdict[tuple[int, int], int] = defaultdict(int)
    for rule, pairs in found.items():
        for pair in pairs:
            bits[pair] |= int(BIT[rule])
    return sparse(bits, (len(mentees), len(mentors)), np.uint16)


def _same(mentees: Sequence[Mentee], mentors: Sequence[Mentor]) -> Pairs:
    at = _by_person(mentors)
    return ((i, at[one.person_id]) for i, one in enumerate(mentees) if one.person_id in at)


def _both_ways(
    pairs: Callable[[Side, Side], Pairs], mentees: Sequence[Mentee], mentors: Sequence[Mentor]
) -> Iterator[tuple[int, int]]:
    yield from pairs(mentees, mentors)
    yield from ((i, j) for j, i in pairs(mentors, mentees))


def _supervised(people: Side, others: Side) -> Iterator[tuple[int, int]]:
    at = _by_person(others)
    for place, person in enumerate(people):
        for period in person.service:
            other = at.get(period.supervisor_person_id) if period.supervisor_person_id else None
            if other is None:
                continue
            # A supervision that still runs forbids the pair by itself: the
            # supervisor may sit outside the mission, with no service in it.
            if period.end is None or any(map(period.overlaps, others[other].service)):
                yield place, other


def _conflicting(people: Side, others: Side) -> Iterator[tuple[int, int]]:
    at = _by_person(others)
    for place, person in enumerate(people):
        for named in (person.conflicts or frozenset()) & at.keys():
            yield place, at[named]


def _vetoed(mentees: Sequence[Mentee], mentors: Sequence[Mentor]) -> Pairs:
    by_mentee = {(one.id, mentor) for one in mentees for mentor in one.vetoed_mentors}
    by_mentor = {(mentee, one.id) for one in mentors for mentee in one.vetoed_mentees}
    return _known(by_mentee | by_mentor, mentees, mentors)


def _known(
    pairs: Iterable[tuple[str, str]], mentees: Sequence[Mentee], mentors: Sequence[Mentor]
) -> Pairs:
    row = {mentee.id: i for i, mentee in enumerate(mentees)}
    column = {mentor.id: j for j, mentor in enumerate(mentors)}
    return ((row[i], column[j]) for i, j in pairs if i in row and j in column)


def _by_person(people: Side) -> dict[str, int]:
    return {person.person_id: place for place, person in enumerate(people)}
