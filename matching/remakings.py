"""What one pair costs everybody where caps of groups and least loads bind: solved once more.

Such limits leave no single path of moves, so the best pairing that holds the pair is found and
proved anew, from the pairs that the prices make cheap. It refuses to call exact what is not.
"""

from dataclasses import replace

import numpy as np

from matching.arrays import Amounts, Integers
from matching.choices import reward_of
from matching.detours import Detour, Move
from matching.edges import Edges
from matching.flows import NotSolved
from matching.limits import Lacking
from matching.optima import Optimum, find
from matching.prices import bound
from matching.settlements import NOBODY, Settlement
from matching.worths import NEVER, Worths


class NotTold(LookupError):  # noqa: N818 - it says what cannot be known, not what broke
    """Where groups overlap, no proof says how good the best pairing with the pair is."""


def remade(settlement: Settlement, row: int, column: int, *, score: int) -> Detour | None:
    """What it costs everybody together if this pair is made, as `forced` has it.

    Parameters
    ----------
    settlement : Settlement
    row, column : int
        A pair that pins and caps leave room for.
    score : int
        In millionths, as if the pair were allowed.

    Returns
    -------
    Detour or None
        None where not every column could get its least load then.

    Raises
    ------
    NotTold
        If no proof was found.
    """
    held = int(settlement.taken[row])
    if held == column:
        return Detour(0, ())
    pinned, first = _pinned(settlement, row, column, score)
    best = _solved(settlement, pinned, first)
    return None if best is None else _detour(settlement, best, row, best.objective)


def replaced(settlement: Settlement, row: int) -> Detour | None:
    """What it costs at least if this row, which holds nobody, is given some column after all.

    Returns
    -------
    Detour or None
        None where no pairing can give it one.

    Raises
    ------
    NotTold
        If no proof was found.
    """
    worths = settlement.worths
    if not worths.shape[1]:
        return None
    # More than all else together, so that only what cannot be is left undone.
    reward = reward_of(worths)
    priorities = worths.sides.priorities.copy()
    priorities[row] += reward
    wanted = replace(worths, sides=replace(worths.sides, priorities=priorities))
    best = _solved(settlement, wanted, settlement.nearest)
    if best is None or not best.problem.given(best.chosen)[row]:
        return None
    return _detour(settlement, best, row, best.objective - reward)


def _pinned(settlement: Settlement, row: int, column: int, score: int) -> tuple[Worths, Edges]:
    """The same market with the pair pinned in addition, and the pairs to begin with.

    Where the column has no place there is one for it.
    """
    worths = settlement.worths
    limits, capacities = settlement.limits, worths.sides.capacities.copy()
    capacities[column] = max(1, capacities[column])

    def only(rows: slice) -> Amounts:
        block = worths.kept[rows] if worths.kept is not None else _scored(worths, rows)
        if not rows.start <= row < rows.stop:
            return block
        block = block.copy()
        block[row - rows.start] = NEVER
        block[row - rows.start, column] = score
        return block

    bound_by = replace(
        limits,
        pinned_rows=np.append(limits.pinned_rows, row),
        pinned_columns=np.append(limits.pinned_columns, column),
    )
    sides = replace(worths.sides, capacities=capacities, limits=bound_by)
    pinned = replace(worths, sides=sides, kept=None, score=only)
    pair = np.array([row]), np.array([column])
    made = Edges(*pair, score + worths.standing.bonuses(*pair))
    nearest = settlement.nearest
    first = nearest.only(nearest.rows != row).with_more(made, worths.shape[1])
    return pinned, first


def _scored(worths: Worths, rows: slice) -> Amounts:
    assert worths.score is not None
    return worths.score(rows)


def _solved(settlement: Settlement, worths: Worths, first: Edges) -> Optimum | None:
    """The proved optimum of these worths; None where least loads cannot be kept."""
    if settlement.gap:
        raise NotTold("groups overlap")
    try:
        best = find(worths, first=first)
    except NotSolved:
        # Perhaps only what is cheap cannot keep the least loads: all pairs decide.
        try:
            best = find(worths)
        except Lacking:
            return None
        except NotSolved as error:
            raise NotTold(str(error)) from error
    if bound(best.problem, best.prices) != best.objective:
        raise NotTold("groups overlap")
    return best


def _detour(settlement: Settlement, best: Optimum, row: int, objective: int) -> Detour:
    after: Integers = np.full(len(settlement.taken), NOBODY, dtype=np.int64)
    after[best.problem.rows[best.chosen]] = best.problem.columns[best.chosen]
    changed = np.flatnonzero(after != settlement.taken).tolist()
    moves = [Move(one, int(settlement.taken[one]), int(after[one])) for one in changed]
    moves.sort(key=lambda move: move.row != row)
    return Detour(settlement.objective - objective, tuple(moves))
