"""What would be paired if something were otherwise: a rehearsal that leaves no trace.

Facts, places, people, decisions and weights can be changed; everything else stays as it is. It
answers with the difference and refuses changes that name nobody or nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from matching.comparisons import Comparison, Pairing, compare
from matching.configurations import Configuration
from matching.digests import digest
from matching.markets import Market
from matching.optima import Watch, unwatched
from matching.people import Fixed, InvalidPeople, Mentee, Mentor, Person
from matching.runs import Run, pair
from matching.terms import NO_TERMS, Pairs, Terms
from matching.worths import Effort


@dataclass(frozen=True, kw_only=True)
class Situation:
    """Everything that one run reads, as `pair` takes it."""

    mentees: tuple[Mentee, ...]
    mentors: tuple[Mentor, ...]
    fixed: frozenset[Fixed] = frozenset()
    closed_badly: frozenset[tuple[str, str]] = frozenset()
    terms: Terms = NO_TERMS
    configuration: Configuration = field(default_factory=Configuration)

    @property
    def digest(self) -> str:
        """The hash of all of it, the same as that of a run made of it."""
        return digest(
            self.mentees,
            self.mentors,
            fixed=self.fixed,
            closed_badly=self.closed_badly,
            terms=self.terms,
            configuration=self.configuration,
        )

    def pair(self, *, effort: Effort = Effort(), watch: Watch = unwatched) -> Run:  # noqa: B008 - frozen
        """The best pairing of this situation, with its proof."""
        return pair(
            self.mentees,
            self.mentors,
            fixed=self.fixed,
            closed_badly=self.closed_badly,
            terms=self.terms,
            configuration=self.configuration,
            effort=effort,
            watch=watch,
        )

    def market(self) -> Market:
        """The market of this situation."""
        return Market.of(
            self.mentees,
            self.mentors,
            fixed=self.fixed,
            closed_badly=self.closed_badly,
            terms=self.terms,
            configuration=self.configuration,
        )

    def valued_by(self, configuration: Configuration) -> Market:
        """The same people as another configuration values them.

        What must be paired binds nobody here: it may be what that configuration forbids.
        """
        terms = replace(self.terms, pins=frozenset(), least_loads={})
        return replace(self, terms=terms, configuration=configuration).market()


@dataclass(frozen=True, kw_only=True)
class Supposition:
    """What is supposed to be otherwise.

    Parameters
    ----------
    mentees, mentors : mapping of id to facts
        Names of fields and their values, in place of what is known.
    more_mentors : tuple of Mentor
    away : frozenset of ids
        Mentees and mentors who take no part, and about whom no decision counts.
    pins, bans : frozenset of (mentee id, mentor id)
        Decisions beside those that there are.
    configuration : Configuration or None
        In place of the one in use.
    """

    mentees: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    mentors: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    more_mentors: tuple[Mentor, ...] = ()
    away: frozenset[str] = frozenset()
    pins: Pairs = frozenset()
    bans: Pairs = frozenset()
    configuration: Configuration | None = None

    def applied(self, situation: Situation) -> Situation:
        """The situation as it would be.

        Raises
        ------
        InvalidPeople
            If an id or a field is unknown, or a record would contradict itself.
        """
        known = {one.id for one in situation.mentees} | {one.id for one in situation.mentors}
        decided = {one for pair in self.pins | self.bans for one in pair}
        for ids, what in ((self.away, "cannot be away"), (decided, "nothing can be decided")):
            unknown = sorted(ids - known)
            if unknown:
                raise InvalidPeople(f"{unknown[0]}: not in the run, so {what}")
        mentors = _changed(situation.mentors, self.mentors)
        return replace(
            situation,
            mentees=self._present(_changed(situation.mentees, self.mentees)),
            mentors=(*self._present(mentors), *self.more_mentors),
            terms=self._decided(situation.terms),
            configuration=self.configuration or situation.configuration,
        )

    def _decided(self, terms: Terms) -> Terms:
        """What is decided, and what stands, about whoever is there."""
        least = {key: least for key, least in terms.least_loads.items() if key not in self.away}
        return replace(
            terms,
            pins=self._among(terms.pins) | self.pins,
            bans=terms.bans | self.bans,
            standing=self._among(terms.standing),
            least_loads=least,
        )

    def _among(self, pairs: Pairs) -> Pairs:
        return frozenset(pair for pair in pairs if self.away.isdisjoint(pair))

    def _present(self, people: Iterable[Person]) -> tuple[Person, ...]:
        return tuple(one for one in people if one.id not in self.away)


@dataclass(frozen=True)
class Trial:
    """Both runs, and what differs between them on the scale of the one supposed.

    Where weights differ, the scores of the pairs as they are now are those that the supposed
    weights give them; otherwise nobody could be said to gain or to lose.
    """

    before: Run
    after: Run
    comparison: Comparison


def what_if(
    situation: Situation,
    supposition: Supposition,
    *,
    before: Run | None = None,
    effort: Effort = Effort(),  # noqa: B008 - frozen
    watch: Watch = unwatched,
) -> Trial:
    """What the supposition would change.

    Parameters
    ----------
    situation : Situation
    supposition : Supposition
    before : Run, optional
        That of the situation, where it is at hand; computed otherwise.
    effort : Effort
    watch : callable, optional
        Told of each step; whatever it raises ends the trial.

    Raises
    ------
    InvalidPeople
        If the supposition does not fit the situation.
    Infeasible
        If not all can be kept that is decided, or that would be.
    NotSolved, NotOptimal
        If an optimum could not be reached or proved.
    """
    supposed = supposition.applied(situation)
    current = before or situation.pair(effort=effort, watch=watch)
    after = supposed.pair(effort=effort, watch=watch)
    left = Pairing.of(current, situation.configuration)
    if situation.configuration != supposed.configuration:
        market = situation.valued_by(supposed.configuration)
        left = left.rescored(market, bonus=after.standing_bonus)
    return Trial(current, after, compare(left, Pairing.of(after, supposed.configuration)))


def _changed(
    people: tuple[Person, ...], facts: Mapping[str, Mapping[str, Any]]
) -> tuple[Person, ...]:
    unknown = sorted(facts.keys() - {one.id for one in people})
    if unknown:
        raise InvalidPeople(f"{unknown[0]}: not in the run, so has no facts to change")
    return tuple(_with(one, facts[one.id]) if one.id in facts else one for one in people)


def _with(person: Person, facts: Mapping[str, Any]) -> Person:
    known = {one.name for one in fields(person)} - {"id", "person_id"}
    for name in facts:
        if name not in known:
            raise InvalidPeople(f"{person.id}: {name} is no fact that can be supposed")
    changed: Person = replace(person, **facts)
    return changed
