"""Whether every column can get its least load, and pairs by which it can.

It finds the most that columns can get of what they must get, and refuses what is short of it.
"""

from dataclasses import replace

import numpy as np

from matching.arrays import Amounts, Integers
from matching.edges import Edges
from matching.limits import Lacking
from matching.worths import NEVER, NOTHING_STANDS, Sides, Worths


def needs(worths: Worths) -> Worths:
    """Each pair that serves a least load counts one, and nothing else counts.

    Its optimum holds the most partners that columns can get of those they must get (a maximum
    flow), beside the pins, which are taken out.
    """
    sides = worths.sides
    wide = len(sides.capacities)
    limits = sides.limits
    pins = limits.pinned_rows, limits.pinned_columns
    rest = limits.without_pins(wide)
    least = rest.least_of(wide)
    free = sides.capacities - np.bincount(pins[1], minlength=wide)

    def score(rows: slice) -> Amounts:
        allowed = (worths.rows(rows) > NEVER) & (least > 0)
        here = (pins[0] >= rows.start) & (pins[0] < rows.stop)
        allowed[pins[0][here] - rows.start, pins[1][here]] = False
        return np.where(allowed, np.int32(1), np.int32(NEVER))

    asked = sides.demands - np.bincount(pins[0], minlength=len(sides.demands))
    counted = Sides(
        sides.mine,
        sides.theirs,
        asked,
        np.minimum(least, free),
        np.zeros_like(sides.priorities),
        0,
        replace(rest, least=np.zeros(0, dtype=np.int64)),
    )
    if worths.listed is not None:
        left = worths.listed.besides(Edges(*pins, np.ones_like(pins[0])), wide)
        left = left.only(least[left.columns] > 0)
        ones = Edges(left.rows, left.columns, np.ones_like(left.rows))
        return replace(worths, sides=counted, listed=ones, highest=1)
    return replace(
        worths, sides=counted, kept=None, score=score, standing=NOTHING_STANDS, highest=1
    )


def refuse_lacking(worths: Worths, columns: Integers) -> None:
    """Refuses if these columns, one for each pair found for a need, are not all that is needed.

    Raises
    ------
    Lacking
        With what each column lacks.
    """
    wide = len(worths.sides.capacities)
    least = worths.sides.limits.without_pins(wide).least_of(wide)
    short = least - np.bincount(columns, minlength=wide)
    if (short > 0).any():
        raise Lacking(np.maximum(short, 0))
