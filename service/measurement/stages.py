"""Adverse impact stage by stage: where on the way a group was lost, and over the whole way.

It refuses a stage that more people of a group enter than the one before has let through.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from service.measurement.impacts import (
    USUAL,
    Impacts,
    Standards,
    Verdict,
    about_hidden,
    cautions_of,
    find_impact,
    hide,
    small_groups,
)
from service.measurement.pools import BadPools, Pool, by_size
from service.measurement.results import Result


@dataclass(frozen=True)
class Stage:
    """One step, such as the long list, and the same groups as at every other."""

    name: str
    pools: tuple[Pool, ...]


@dataclass(frozen=True)
class StageImpacts:
    """What one stage did to each group."""

    name: str
    impacts: Impacts


@dataclass(frozen=True)
class Stages:
    """Every stage in turn, and the way from the first pool to the last selection as a whole."""

    stages: tuple[StageImpacts, ...]
    whole: Impacts


def find_impacts(
    stages: Sequence[Stage],
    *,
    reference: str | None = None,
    standards: Standards = USUAL,
    hide_below: int | None = None,
) -> Result[Stages]:
    """Whether any group was selected less often at some stage, or over all of them.

    Parameters
    ----------
    stages : sequence of Stage
        In the order in which they happened.
    reference : str, optional
        For all stages; by default each stage's group with the highest rate.
    standards : Standards
    hide_below : int, optional
        As for `impacts.find_impact`; a group hidden at one stage is hidden at all, as one
        stage's selection is the next one's pool.

    Returns
    -------
    Result of Stages

    Raises
    ------
    BadPools
    """
    _check(stages)
    parts = (*stages, Stage("all stages", _whole(stages)))
    results = [find_impact(part.pools, reference=reference, standards=standards) for part in parts]
    hidden = _hidden(parts, hide_below)
    found = [
        StageImpacts(part.name, hide(result.found(), hidden))
        for part, result in zip(parts, results, strict=True)
    ]
    cautions = [
        f"{part.name}: {caution}"
        for part in found
        for caution in cautions_of(part.impacts, is_named=reference is not None)
    ]
    if any(one.verdict is Verdict.TOO_FEW for part in found for one in part.impacts.impacts):
        cautions.append("Several such exercises together may tell what one of them cannot.")
    counts = {**results[-1].counts, "stages": len(stages)}
    return Result(
        "adverse impact by stage",
        Stages(tuple(found[:-1]), found[-1].impacts),
        counts,
        results[-1].method,
        cautions=(*cautions, *about_hidden(hidden)),
    )


def _check(stages: Sequence[Stage]) -> None:
    if not stages:
        raise BadPools("there is no stage; give one or more, in the order they happened")
    for earlier, later in pairwise(stages):
        through = {pool.group: pool.selected for pool in earlier.pools}
        if through.keys() != {pool.group for pool in later.pools}:
            raise BadPools(f"{later.name} has other groups than {earlier.name}; give 0 for none")
        for pool in later.pools:
            if pool.candidates > through[pool.group]:
                raise BadPools(
                    f"{pool.candidates} of {pool.group} enter {later.name} and only"
                    f" {through[pool.group]} came through {earlier.name}; mend the counts"
                )


def _whole(stages: Sequence[Stage]) -> tuple[Pool, ...]:
    at_last = {pool.group: pool.selected for pool in stages[-1].pools}
    return tuple(replace(pool, selected=at_last[pool.group]) for pool in stages[0].pools)


def _hidden(parts: Sequence[Stage], below: int | None) -> frozenset[str]:
    if below is None:
        return frozenset()
    return frozenset().union(*(small_groups(by_size(part.pools), below) for part in parts))
