"""How well good pairs are foretold for people the learner has not seen.

Splits keep a person's rows together, because random ones flatter pair models badly (AUC 0.777
against 0.604 on the same data). It refuses to compare with anything but the base rate.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sklearn.metrics import ndcg_score, roc_auc_score
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

from matching.arrays import Floats, Integers
from matching.figures import MINIMUM_CELL, Unsaid

BINS: Final = 10
LIST_LENGTH: Final = 5
LEAST_GAIN: Final = 0.001
"""A gain in squared error up to this is none: predictions make it 3 in 100 off the base rate."""

Labels = npt.NDArray[Any]


@dataclass(frozen=True)
class Bin:
    """Predictions from `low` up to below `high`: how many, their mean, and how many came true.

    Both means are None where nothing was predicted.
    """

    low: float
    high: float
    count: int
    predicted: float | None
    observed: float | None


@dataclass(frozen=True)
class Fold:
    """Rows to learn from and rows to foretell, as places."""

    train: Integers
    test: Integers


@dataclass(frozen=True)
class Evaluation:
    """What predictions for unseen rows were worth.

    Parameters
    ----------
    by : str
        Whose rows were kept together, "mentor" or "mentee"; or "cycle", where the last one was
        foretold from all before.
    rows, folds : int
        How many rows were foretold, in how many parts.
    brier, base_brier : float
        Mean squared error of the predictions, and of the rate among the rows learnt from.
    gain, error : float
        Mean over the folds of what the base rate loses more, and its standard error; a single
        fold has none, which is 0.
    auc : float or Unsaid
    ndcg, ndcg_by_chance : float or Unsaid
        Mean over mentors of NDCG@5 among their own mentees, and its expectation for any order.
    reliability : tuple of Bin
    losses : tuple of float
        The mean squared error in each fold, to compare with others on the same folds.
    """

    by: str
    rows: int
    folds: int
    brier: float
    base_brier: float
    gain: float
    error: float
    auc: float | Unsaid
    ndcg: float | Unsaid
    ndcg_by_chance: float | Unsaid
    reliability: tuple[Bin, ...]
    losses: tuple[float, ...]

    @property
    def beats_base(self) -> bool:
        """Whether the gain exceeds its standard error, and anything that nobody would notice."""
        return self.gain > max(self.error, LEAST_GAIN)


def grouped(groups: Labels, outcomes: Integers, *, folds: int, seed: int) -> tuple[Fold, ...]:
    """Folds in which nobody's rows are on both sides, each with about the same rate.

    Parameters
    ----------
    groups : ndarray, shape (k,)
        Whose row it is.
    outcomes : ndarray of int64, shape (k,)
    folds, seed : int
    """
    splitter = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    return _split(splitter, groups, outcomes)


def plainly_grouped(groups: Labels, *, folds: int, seed: int) -> tuple[Fold, ...]:
    """The same without regard to outcomes, in a hundredth of the time."""
    splitter = GroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    return _split(splitter, groups, None)


def _split(splitter: Any, groups: Labels, outcomes: Integers | None) -> tuple[Fold, ...]:
    parts = splitter.split(np.zeros((len(groups), 1)), outcomes, groups)
    return tuple(Fold(train, test) for train, test in parts)


def evaluate(
    predict: Callable[[Fold], Floats],
    folds: Sequence[Fold],
    outcomes: Floats,
    *,
    by: str,
    mentors: Labels,
) -> Evaluation:
    """Predicts each fold's test rows and compares with what came.

    Parameters
    ----------
    predict : callable
        Probabilities of a fold's test rows, learnt from its other rows.
    folds : sequence of Fold
        No row in two tests, and only rows of known outcome.
    outcomes : ndarray of float64, shape (k,)
        1 for good, 0 for not, NaN for rows that may be learnt from and not foretold.
    by : str
    mentors : ndarray, shape (k,)
        Whose mentee each row is.
    """
    foretold = [predict(fold) for fold in folds]
    rates = [np.nanmean(outcomes[fold.train]) for fold in folds]
    losses, bases = [], []
    for fold, probabilities, rate in zip(folds, foretold, rates, strict=True):
        losses.append(float(((outcomes[fold.test] - probabilities) ** 2).mean()))
        bases.append(float(((outcomes[fold.test] - rate) ** 2).mean()))
    rows = np.concatenate([fold.test for fold in folds])
    sizes = np.array([len(fold.test) for fold in folds])
    came, said = outcomes[rows].astype(np.int64), np.concatenate(foretold)
    ndcg, chance = _ndcg(came, said, mentors[rows])
    gains = np.subtract(bases, losses)
    return Evaluation(
        by=by,
        rows=len(rows),
        folds=len(folds),
        brier=float(sizes @ losses / len(rows)),
        base_brier=float(sizes @ bases / len(rows)),
        gain=float(gains.mean()),
        error=standard_error(gains),
        auc=_auc(came, said),
        ndcg=ndcg,
        ndcg_by_chance=chance,
        reliability=tuple(_bins(came, said)),
        losses=tuple(losses),
    )


def standard_error(values: Floats) -> float:
    """The standard error of their mean; one value has none, which is 0."""
    if len(values) < 2:
        return 0.0
    return float(values.std(ddof=1) / math.sqrt(len(values)))


def _auc(came: Integers, said: Floats) -> float | Unsaid:
    if len(np.unique(came)) < 2:
        return Unsaid("all outcomes foretold are alike")
    return float(roc_auc_score(came, said))


def _ndcg(came: Integers, said: Floats, mentors: Labels) -> tuple[float | Unsaid, float | Unsaid]:
    by_mentor: defaultdict[Any, list[int]] = defaultdict(list)
    for row, mentor in enumerate(mentors.tolist()):
        by_mentor[mentor].append(row)
    mixed = [rows for rows in by_mentor.values() if 0 < came[rows].sum() < len(rows)]
    if len(mixed) < MINIMUM_CELL:
        few = Unsaid(
            f"{len(mixed)} mentors have both good and other outcomes; {MINIMUM_CELL} are needed"
        )
        return few, few
    found = [ndcg_score([came[rows]], [said[rows]], k=LIST_LENGTH) for rows in mixed]
    chance = [_by_chance(int(came[rows].sum()), len(rows)) for rows in mixed]
    return float(np.mean(found)), float(np.mean(chance))


def _by_chance(good: int, count: int) -> float:
    """NDCG@5 to expect of any order, with so many good ones of so many."""
    discounts = 1.0 / np.log2(np.arange(LIST_LENGTH) + 2.0)
    return float(good / count * discounts[:count].sum() / discounts[:good].sum())


def _bins(came: Integers, said: Floats) -> Iterator[Bin]:
    places = np.minimum((said * BINS).astype(np.int64), BINS - 1)
    for place in range(BINS):
        there = places == place
        count = int(there.sum())
        yield Bin(
            low=place / BINS,
            high=(place + 1) / BINS,
            count=count,
            predicted=float(said[there].mean()) if count else None,
            observed=float(came[there].mean()) if count else None,
        )
