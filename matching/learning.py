"""From rated mentorships to a model, in steps, and only as far as they carry.

Few ratings leave the experts' weights as they are, more teach a logistic that leans on them,
many teach boosted steps. It refuses a model that does not beat the base rate for people it has
not seen, and says so in words; a person approves what is left.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any, Final

import numpy as np
from sklearn.base import clone

from matching.arrays import Floats
from matching.compatibilities import AdditiveCompatibility, MonotoneAdditiveCompatibility
from matching.configurations import Configuration
from matching.digests import VERSION
from matching.evaluations import (
    Evaluation,
    Fold,
    Labels,
    evaluate,
    grouped,
    plainly_grouped,
    standard_error,
)
from matching.figures import MINIMUM_CELL, Unsaid
from matching.models import Model, Step, calibrate
from matching.outcomes import Outcome, Outcomes
from matching.pair_features import LEARNABLE
from matching.pooling import mentor_effects
from matching.reciprocity import ReciprocalScore
from matching.threads import single_threaded

LINEAR_FROM: Final = 150
"""Mentorships rated by both sides from which a logistic is tried."""
BOOSTED_FROM: Final = 1500
"""And boosted steps beside it."""
CONTENT_FROM: Final = 4.0
FOLDS: Final = 5
CALIBRATION_FOLDS: Final = 3

_NAMES: Final = {Step.LINEAR: "the logistic", Step.BOOSTED: "boosted steps"}
_STAND: Final = "the experts' weights stand"


class _TooLittle(Exception):  # noqa: N818 - it says what was given, not what broke
    """The outcomes cannot teach; the message says what is missing."""


@dataclass(frozen=True)
class Trial:
    """One learner and how it did.

    Parameters
    ----------
    step : Step
    by_mentor, by_mentee : Evaluation
        With nobody of that side on both sides of a fold; these choose and refuse.
    final : Evaluation or Unsaid
        The last cycle foretold from all before, as in use; it refuses too.
    """

    step: Step
    by_mentor: Evaluation
    by_mentee: Evaluation
    final: Evaluation | Unsaid

    @property
    def evaluations(self) -> tuple[Evaluation, ...]:
        """All that there are."""
        known = () if isinstance(self.final, Unsaid) else (self.final,)
        return self.by_mentor, self.by_mentee, *known

    @property
    def beats_base(self) -> bool:
        """Whether it beat the base rate in every way it was judged."""
        return all(one.beats_base for one in self.evaluations)


@dataclass(frozen=True)
class Lesson:
    """What learning came to.

    Parameters
    ----------
    step : Step
        What is to be used; EXPERT leaves everything as it is.
    verdict : str
        Why, in a sentence.
    facts : mapping
        What it was learnt from: counts, cycles, the rate of good ones, versions.
    trials : tuple of Trial
        All that was tried, also what was refused.
    model : Model or None
        Only of a step beyond EXPERT, and to be approved by a person before use.
    """

    step: Step
    verdict: str
    facts: Mapping[str, Any]
    trials: tuple[Trial, ...]
    model: Model | None

    def to_json(self) -> dict[str, Any]:
        """Plain dictionaries, lists and numbers, for storing beside the archive."""
        return {
            "step": self.step.value,
            "verdict": self.verdict,
            "facts": dict(self.facts),
            "trials": [asdict(trial) for trial in self.trials],
            "model": None if self.model is None else self.model.to_json(),
        }


def learn(
    records: Iterable[Outcome],
    *,
    configuration: Configuration = Configuration(),  # noqa: B008 - frozen
    content_from: float = CONTENT_FROM,
    boosted: MonotoneAdditiveCompatibility | None = None,
    seed: int = 0,
) -> Lesson:
    """The most that these outcomes can teach, tried on people and cycles left out.

    Parameters
    ----------
    records : iterable of Outcome, in any order
    configuration : Configuration
        Its weights are the experts'.
    content_from : float
        The rating from which a side counts as content.
    boosted : MonotoneAdditiveCompatibility, optional
        Its settings; signs and seed are given here.
    seed : int
        Of the folds and the trees.

    Returns
    -------
    Lesson
        The same for the same outcomes in any order.

    Raises
    ------
    InvalidOutcomes
        If a pair is rated twice in one cycle.
    """
    table = Outcomes.of(records, content_from=content_from)
    facts = _facts(table, content_from, seed)
    rated = facts["rated"]
    if rated < LINEAR_FROM:
        few = f"{rated} mentorships are rated by both sides and learning starts at {LINEAR_FROM}"
        return _experts(few, facts)
    course = _Course(table, _learners(configuration, boosted, seed), seed)
    try:
        with single_threaded():
            trials = tuple(course.trials(many=rated >= BOOSTED_FROM))
            best = _preferred(trials)
            if not best.beats_base:
                return _experts(_refusal(best), facts, trials)
            model = course.model(best.step)
    except _TooLittle as missing:
        return _experts(str(missing), facts)
    return Lesson(best.step, _praise(best, trials), facts, trials, model)


@dataclass(frozen=True)
class _Course:
    """The outcomes, and who is to learn from them."""

    table: Outcomes
    learners: Mapping[Step, ReciprocalScore]
    seed: int

    def trials(self, *, many: bool) -> Iterator[Trial]:
        by_mentor, by_mentee = self._folds(self.table.mentors), self._folds(self.table.mentees)
        for step in (Step.LINEAR, Step.BOOSTED) if many else (Step.LINEAR,):
            yield Trial(
                step,
                self._tried(step, "mentor", by_mentor),
                self._tried(step, "mentee", by_mentee),
                self._final(step),
            )

    def model(self, step: Step) -> Model:
        return self._learnt(step, self.table, self.table.mentors)

    def _final(self, step: Step) -> Evaluation | Unsaid:
        cycles, rated = self.table.cycles, self.table.is_rated
        last = cycles[rated].max()
        before, test = np.flatnonzero(cycles < last), np.flatnonzero((cycles == last) & rated)
        if len(test) < MINIMUM_CELL:
            return Unsaid(f"{len(test)} are rated in cycle {last}; {MINIMUM_CELL} are needed")
        try:
            return self._tried(step, "cycle", (Fold(before, test),))
        except _TooLittle as missing:
            return Unsaid(f"before cycle {last} {missing}")

    def _folds(self, groups: Labels) -> tuple[Fold, ...]:
        _refuse_few(self.table, groups, FOLDS)
        good = np.nan_to_num(self.table.good).astype(np.int64)
        return grouped(groups, good, folds=FOLDS, seed=self.seed)

    def _tried(self, step: Step, by: str, folds: tuple[Fold, ...]) -> Evaluation:
        table = self.table

        def predict(fold: Fold) -> Floats:
            part = table.part(fold.train)
            model = self._learnt(step, part, _groups(part, by))
            return model.probabilities(table.features[fold.test])

        known = [Fold(one.train, one.test[table.is_rated[one.test]]) for one in folds]
        asked = [fold for fold in known if len(fold.test)]
        return evaluate(predict, asked, table.good, by=by, mentors=table.mentors)

    def _learnt(self, step: Step, part: Outcomes, groups: Labels) -> Model:
        """The model of these rows, calibrated on rows of theirs that it had not learnt from."""
        logits = np.empty(len(part.features))
        _refuse_few(part, groups, CALIBRATION_FOLDS)
        for fold in plainly_grouped(groups, folds=CALIBRATION_FOLDS, seed=self.seed):
            train = part.part(fold.train)
            _refuse_alike(train)
            score = self._fitted(step, train)
            logits[fold.test] = score.decision_function(part.features[fold.test])
        rated = part.is_rated
        calibration = calibrate(logits[rated], part.good[rated])
        return Model(step, self._fitted(step, part), calibration)

    def _fitted(self, step: Step, part: Outcomes) -> ReciprocalScore:
        """The learner of these rows alone, with the effects of mentors as these rows show them."""
        # Trees take the mentor for the pair: with 1,500 invented ratings and no bias to remove,
        # what they learnt correlated with the truth by 0.79 with the effects, by 0.86 without.
        pooled = step is Step.LINEAR
        effects = {"beside": mentor_effects(part, seed=self.seed)} if pooled else {}
        score: ReciprocalScore = clone(self.learners[step])
        return score.fit(part.features, part.content, **effects)


def _learners(
    configuration: Configuration, boosted: MonotoneAdditiveCompatibility | None, seed: int
) -> Mapping[Step, ReciprocalScore]:
    weights = asdict(configuration.weights)
    experts, signs = np.array([weights[name] for name in LEARNABLE]), np.ones(len(LEARNABLE))
    linear = AdditiveCompatibility(experts=experts, monotonic_cst=signs)
    steps = clone(MonotoneAdditiveCompatibility() if boosted is None else boosted)
    steps.set_params(monotonic_cst=signs, random_state=seed)
    # Only this fusion is a sum, which is what a run can use and explain.
    return {
        Step.LINEAR: ReciprocalScore(linear, fusion="additive"),
        Step.BOOSTED: ReciprocalScore(steps, fusion="additive"),
    }


def _groups(part: Outcomes, by: str) -> Labels:
    return part.mentees if by == "mentee" else part.mentors


def _refuse_few(part: Outcomes, groups: Labels, count: int) -> None:
    people = len(np.unique(groups))
    if people < count:
        raise _TooLittle(f"the ratings come from {people} people and {count} are needed")
    good = part.good[part.is_rated]
    least = int(min(good.sum(), len(good) - good.sum()))
    if least < MINIMUM_CELL:
        raise _TooLittle(f"only {least} outcomes differ from all others; {MINIMUM_CELL} are needed")


def _refuse_alike(part: Outcomes) -> None:
    for side in part.content.T:
        if len(np.unique(side[~np.isnan(side)])) < 2:
            raise _TooLittle("without a few people all outcomes are alike")


def _preferred(trials: tuple[Trial, ...]) -> Trial:
    """Boosted steps only where they are better by more than one standard error in each grouping."""
    if len(trials) == 1:
        return trials[0]
    linear, steps = trials
    by_mentor = np.subtract(linear.by_mentor.losses, steps.by_mentor.losses)
    by_mentee = np.subtract(linear.by_mentee.losses, steps.by_mentee.losses)
    is_better = all(gain.mean() > standard_error(gain) for gain in (by_mentor, by_mentee))
    return steps if is_better else linear


def _experts(reason: str, facts: Mapping[str, Any], trials: tuple[Trial, ...] = ()) -> Lesson:
    return Lesson(Step.EXPERT, f"{reason[0].upper()}{reason[1:]}; {_STAND}.", facts, trials, None)


def _refusal(trial: Trial) -> str:
    lost = "; ".join(_told(one) for one in trial.evaluations if not one.beats_base)
    return f"{_NAMES[trial.step]} does not beat the base rate ({lost})"


def _praise(best: Trial, trials: tuple[Trial, ...]) -> str:
    name = _NAMES[best.step]
    told = "; ".join(map(_told, best.evaluations))
    tie = "" if best is trials[-1] else ", and boosted steps are not clearly better"
    return (
        f"{name[0].upper()}{name[1:]} beat the base rate ({told}){tie}. A person must approve the"
        " model before a run uses it."
    )


def _told(one: Evaluation) -> str:
    error = f" ± {one.error:.4f}" if one.folds > 1 else ""
    return (
        f"by {one.by}: Brier {one.brier:.4f} against {one.base_brier:.4f},"
        f" a gain of {one.gain:.4f}{error}"
    )


def _facts(table: Outcomes, content_from: float, seed: int) -> Mapping[str, Any]:
    good = table.good[table.is_rated]
    return {
        "rows": len(table.features),
        "rated": len(good),
        "mentees": len(set(table.mentees)),
        "mentors": len(set(table.mentors)),
        "cycles": sorted(set(table.cycles.tolist())),
        "good": int(good.sum()),
        "content_from": content_from,
        "seed": seed,
        "versions": {
            "matching": VERSION,
            **{name: version(name) for name in ("numpy", "scikit-learn", "scipy")},
        },
    }
