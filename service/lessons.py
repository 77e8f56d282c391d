"""Learning who suits whom from rated cycles, and keeping what came of it as a draft.

It refuses to put anything in force: a person decides about a draft, whatever its figures.
"""

import hashlib
from collections.abc import Sequence
from functools import partial

import orjson
from tortoise.transactions import in_transaction

import matching
from service import compatibility_models, computations, models, rated_pairs
from service.access.actors import Actor
from service.compatibility_models import Learned
from service.match_inputs import CONFIGURATION
from service.models.vocabulary import ModelKind
from service.rated_pairs import RatedPair

_KINDS = {
    matching.Step.EXPERT: ModelKind.EXPERT_WEIGHTS,
    matching.Step.LINEAR: ModelKind.LINEAR,
    matching.Step.BOOSTED: ModelKind.ADDITIVE_BOOSTING,
}


async def learn(*, by: Actor, until_cycle: int | None = None) -> models.CompatibilityModel:
    """The draft that all ratings lead to, or those up to a cycle; computed off the event loop.

    A lesson that leaves the experts' weights as they are is kept too, with its figures.
    """
    pairs = await rated_pairs.read(until_cycle=until_cycle)
    learned = await computations.compute(partial(_learned, pairs), _unheard, is_apart=True)
    async with in_transaction():
        return await compatibility_models.draft(learned, by=by)


async def _unheard(_: None) -> None:
    """Learning tells nothing before its end."""


def _learned(pairs: Sequence[RatedPair], _: object) -> Learned:
    from matching.archives import archived  # noqa: PLC0415 - it loads all of scikit-learn

    with matching.single_threaded():
        lesson = matching.learn(
            matching.outcomes_of(pairs, CONFIGURATION), configuration=CONFIGURATION
        )
        archive = archived(lesson) if lesson.model is not None else None
    record = lesson.to_json()
    own = hashlib.sha256(orjson.dumps(record, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return Learned(
        model_version=archive.version if archive else f"expert-{own[:12]}",
        kind=_KINDS[lesson.step],
        row_count=int(lesson.facts["rated"]),
        verdict=lesson.verdict,
        figures=record,
        archive=archive.content if archive else None,
        archive_sha256=archive.sha256 if archive else None,
    )
