"""What learning reads: every cycle of a pair that a half rated, with both people as records.

It refuses remarks and everything else that people wrote about each other: only grades leave it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tortoise import connections

import matching
from service import match_inputs

_RATED = """
SELECT mentorship.request_id::text AS request_id, mentorship.mentor_id::text AS mentor_id, cycle,
    max(rating) FILTER (WHERE side = 'MENTEE') AS mentee_rating,
    max(rating) FILTER (WHERE side = 'MENTOR') AS mentor_rating
FROM match_outcome JOIN mentorship ON mentorship.id = match_outcome.mentorship_id
WHERE cycle <= COALESCE($1, cycle)
GROUP BY 1, 2, 3 ORDER BY 3, 1, 2
"""


@dataclass(frozen=True)
class RatedPair:
    """One cycle of one pair.

    The mentee's record is of the request that led to the pair, so the person may come several
    times. Facts are those recorded by now, such as all service of both. A rating is 1 to 5, and
    None where that half gave none.
    """

    mentee: matching.Mentee
    mentor: matching.Mentor
    cycle: int
    mentee_rating: int | None
    mentor_rating: int | None


async def read(*, until_cycle: int | None = None) -> Sequence[RatedPair]:
    """Every rated cycle, or those up to one, by cycle and then the keys of the pair."""
    people = match_inputs.records(await match_inputs.read_rated())
    mentees = {mentee.id: mentee for mentee in people.mentees}
    mentors = {mentor.id: mentor for mentor in people.mentors}
    _, rows = await connections.get("default").execute_query(_RATED, [until_cycle])
    return [
        _pair(row, mentees[row["request_id"]], mentors[row["mentor_id"]])
        for row in rows
        # Whoever was rated for the first time between the two statements comes next time.
        if row["request_id"] in mentees and row["mentor_id"] in mentors
    ]


def _pair(row: Mapping[str, Any], mentee: matching.Mentee, mentor: matching.Mentor) -> RatedPair:
    return RatedPair(mentee, mentor, row["cycle"], row["mentee_rating"], row["mentor_rating"])
