"""One hash for everything a run depends on: same inputs, same run.

Order of arrival never changes it, a single day or weight does. It refuses
numbers that are not numbers.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from matching.configurations import Configuration
from matching.people import Fixed, Mentee, Mentor, Service, ordered
from matching.terms import NO_TERMS, Terms

VERSION: Final = "1"
"""The version of this room's code; raised with every change that can change a run."""


def digest(  # noqa: PLR0913 - the people, and each thing that binds them
    mentees: Iterable[Mentee],
    mentors: Iterable[Mentor],
    *,
    fixed: Iterable[Fixed] = (),
    closed_badly: Iterable[tuple[str, str]] = (),
    terms: Terms = NO_TERMS,
    configuration: Configuration = Configuration(),  # noqa: B008 - frozen
) -> str:
    """The SHA-256 of the inputs, the configuration and the code version, in hexadecimal.

    Terms count only where something was decided, so that older runs keep their digest.

    Raises
    ------
    InvalidPeople
        If an id or a person occurs twice on one side.
    """
    inputs = {
        "code": VERSION,
        # All numbers as floats: a weight of 0 and one of 0.0 are the same decision.
        "configuration": json.loads(json.dumps(configuration.to_json()), parse_int=float),
        "mentees": [_record(mentee) for mentee in ordered(mentees)],
        "mentors": [_record(mentor) for mentor in ordered(mentors)],
        "fixed": [[pair.mentee_id, pair.mentor_id] for pair in sorted(set(fixed))],
        "closed_badly": sorted(set(closed_badly)),
        **{name: value for name, value in vars(terms).items() if value},
    }
    return hashlib.sha256(_canonical(inputs).encode()).hexdigest()


def _record(person: Mentee | Mentor) -> dict[str, Any]:
    offset = person.utc_offset_hours
    return {
        **vars(person),
        # Adding zero makes one number of 0 and -0.0, float one of 3 and 3.0.
        "utc_offset_hours": None if offset is None else float(offset) + 0.0,
        "service": sorted(_canonical(period) for period in person.service),
    }


def _canonical(value: Any) -> str:
    return json.dumps(value, default=_plain, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, Service):
        return vars(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no canonical form")
