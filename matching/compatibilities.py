"""How likely a pair is to do well, as a sum with one term for each feature.

Two learners with one face: a logistic that leans on the experts' weights, and boosted steps
without interactions. Both refuse to say more than can be added up feature by feature.
"""

from collections.abc import Callable
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from matching.arrays import Floats, Integers
from matching.threads import single_threaded

Matrix = Any
"""What scikit-learn takes for X and y: arrays, lists, sparse matrices it refuses, data frames."""

Decision = Callable[[Floats], Floats]
"""Logits, shape (k,), of features, shape (k, f)."""

# How far the scale of the experts' score strays before it costs anything: a difference of
# one whole score is then worth a logit of ten, which is more than any programme has seen.
_SCALE_SPREAD: Final = 10.0
# The most by which tables may differ from the trees they stand for, in logits.
_ADDITIVE_WITHIN: Final = 1e-9


class NotAdditive(RuntimeError):  # noqa: N818 - it says what was found, not what broke
    """A function of several features is no sum of functions of one; nothing is explained then."""


def two_classes(y: Matrix) -> tuple[npt.NDArray[Any], Integers]:
    """The two classes in sorted order, and for each of k rows which one it has.

    Raises
    ------
    ValueError
        If there are more or fewer than two classes.
    """
    check_classification_targets(y)
    kind = type_of_target(y, input_name="y", raise_unknown=True)
    if kind != "binary":
        message = f"Only binary classification is supported. The type of the target is {kind}."
        raise ValueError(message)
    classes, codes = np.unique(np.asarray(y), return_inverse=True)
    if len(classes) < 2:
        raise ValueError(f"y holds one class only, {classes[0]!r}; learning needs both")
    return classes, codes.astype(np.int64)


class AdditiveClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # untyped library
    """What both learners share: a logit that is the sum of its contributions."""

    classes_: npt.NDArray[Any]

    def __sklearn_tags__(self) -> Any:
        """Two classes, and no more."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def _terms(self, features: Floats) -> Floats:
        raise NotImplementedError

    def contributions(self, X: Matrix) -> Floats:
        """What each feature adds to the logit, and last what every pair has.

        Parameters
        ----------
        X : array-like, shape (k, f)

        Returns
        -------
        ndarray of float64, shape (k, f + 1)
            Each row sums to the logit of the second class exactly, to the last bit.
        """
        check_is_fitted(self)
        return self._terms(validate_data(self, X, dtype=np.float64, order="C", reset=False))

    def decision_function(self, X: Matrix) -> Floats:
        """The logit of the second class, shape (k,)."""
        logits: Floats = self.contributions(X).sum(axis=1)
        return logits

    def predict_proba(self, X: Matrix) -> Floats:
        """The probabilities of both classes, shape (k, 2)."""
        second = expit(self.decision_function(X))
        return np.column_stack([1.0 - second, second])

    def predict(self, X: Matrix) -> npt.NDArray[Any]:
        """The likelier class, shape (k,)."""
        good = self.decision_function(X) > 0
        likely: npt.NDArray[Any] = self.classes_[good.astype(np.int64)]
        return likely


class AdditiveCompatibility(AdditiveClassifier):
    """Logistic regression that starts from the experts and keeps to the signs they gave.

    It minimises, over intercept b, weights w within their signs and the scale s >= 0 of the
    experts' score, the logistic loss of all rows plus
    `shrinkage / 2 * |w - s * experts|^2`, by L-BFGS-B (Byrd, Lu, Nocedal and Zhu 1995). With
    few rows it is the experts' score brought to the scale of the outcomes, with many what the
    rows say. What rows have beside their features can be learnt with them and left out again.

    Parameters
    ----------
    experts : array-like of float, shape (f,), optional
        The experts' weights; without them weights shrink towards nothing.
    monotonic_cst : array-like of int, shape (f,), optional
        1 for features that may only speak for a pair, -1 only against, 0 for either.
    shrinkage : float
        How many logits squared a departure from the experts costs; 10 outweighs about 500
        rows of a feature that spreads over 0 to 1.
    max_iter : int
    tol : float
        The largest slope at which the search may end.

    Attributes
    ----------
    coef_ : ndarray, shape (f,)
    intercept_ : float
    scale_ : float
        The experts' score is worth so many logits; 0 without experts.
    """

    coef_: Floats
    intercept_: float
    scale_: float

    def __init__(
        self,
        *,
        experts: Matrix | None = None,
        monotonic_cst: Matrix | None = None,
        shrinkage: float = 10.0,
        max_iter: int = 1000,
        tol: float = 1e-6,
    ) -> None:
        self.experts = experts
        self.monotonic_cst = monotonic_cst
        self.shrinkage = shrinkage
        self.max_iter = max_iter
        self.tol = tol

    def fit(self, X: Matrix, y: Matrix, beside: Matrix | None = None) -> Self:
        """Learns from k rows.

        Parameters
        ----------
        X : array-like, shape (k, f)
        y : array-like, shape (k,)
            Two classes; the second in sorted order is the good one.
        beside : array-like, shape (k, b), optional
            What may only speak for a row and is no feature, such as who was in it. It takes its
            part of the outcomes and stays out of the model, which has its mean for every pair.

        Raises
        ------
        ValueError
            If there are not two classes, or something has another shape than the features.
        """
        features, outcomes = validate_data(self, X, y, dtype=np.float64, order="C")
        self.classes_, codes = two_classes(outcomes)
        wide = features.shape[1]
        experts = _for_each("experts", self.experts, wide)
        signs = _for_each("monotonic_cst", self.monotonic_cst, wide)
        others = _beside(beside, len(features))
        found = minimize(
            _loss,
            np.zeros(2 + wide + others.shape[1]),
            args=(
                np.column_stack([features, others]),
                2.0 * codes - 1.0,
                np.append(experts, np.zeros(others.shape[1])),
                self.shrinkage,
            ),
            method="L-BFGS-B",
            jac=True,
            bounds=[
                (None, None),
                (0.0, None if experts.any() else 0.0),
                *map(_bounds, signs),
                *[_bounds(1.0)] * others.shape[1],
            ],
            options={"maxiter": self.max_iter, "gtol": self.tol, "ftol": 0.0},
        )
        base, self.coef_, left_out = found.x[0], found.x[2 : 2 + wide], found.x[2 + wide :]
        self.intercept_ = float(base + others.mean(axis=0) @ left_out)
        self.scale_ = float(found.x[1])
        self.n_iter_ = int(found.nit)
        return self

    def _terms(self, features: Floats) -> Floats:
        base = np.full(len(features), self.intercept_)
        return np.column_stack([features * self.coef_, base])


class MonotoneAdditiveCompatibility(AdditiveClassifier):
    """Gradient boosting without interactions, kept as one table of steps for each feature.

    The trees (scikit-learn's histogram gradient boosting) are only the way there: a sum of
    functions of one feature each is a table each, which scores a hundred times faster, can be
    read by a person and stored as plain numbers.

    Parameters
    ----------
    monotonic_cst : array-like of int, shape (f,), optional
        1 for features that may only speak for a pair, -1 only against, 0 for either.
    learning_rate, max_iter, max_leaf_nodes, min_samples_leaf, l2_regularization
        As in scikit-learn's HistGradientBoostingClassifier.
    random_state : int, RandomState or None

    Attributes
    ----------
    cuts_ : list of f ndarrays
        Where each feature's steps lie, rising.
    steps_ : list of f ndarrays
        What the feature adds up to each cut, and last beyond all of them.
    intercept_ : float
    lowest_, highest_ : ndarrays, shape (f,)
        Between which values each feature was seen; of one that was always the same, nothing is
        known.
    """

    lowest_: Floats
    highest_: Floats
    cuts_: list[Floats]
    steps_: list[Floats]
    intercept_: float

    def __init__(  # noqa: PLR0913 - the settings of the library below
        self,
        *,
        monotonic_cst: Matrix | None = None,
        learning_rate: float = 0.1,
        max_iter: int = 100,
        max_leaf_nodes: int = 8,
        min_samples_leaf: int = 20,
        l2_regularization: float = 1.0,
        random_state: Any = None,
    ) -> None:
        self.monotonic_cst = monotonic_cst
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.max_leaf_nodes = max_leaf_nodes
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.random_state = random_state

    def fit(self, X: Matrix, y: Matrix) -> Self:
        """Learns from k rows; X and y as in `AdditiveCompatibility`.

        Raises
        ------
        ValueError
            If there are not two classes, or `monotonic_cst` has another shape.
        NotAdditive
            If the tables do not say what the trees said.
        """
        features, outcomes = validate_data(self, X, y, dtype=np.float64, order="C")
        self.classes_, codes = two_classes(outcomes)
        signs = _for_each("monotonic_cst", self.monotonic_cst, features.shape[1])
        learner = HistGradientBoostingClassifier(
            learning_rate=self.learning_rate,
            max_iter=self.max_iter,
            max_leaf_nodes=self.max_leaf_nodes,
            min_samples_leaf=self.min_samples_leaf,
            l2_regularization=self.l2_regularization,
            monotonic_cst=signs.astype(np.int8),
            interaction_cst="no_interactions",
            early_stopping=False,
            random_state=self.random_state,
        )
        with single_threaded():
            trees = learner.fit(features, codes)
            found = tabulated(trees.decision_function, features)
        self.intercept_, self.cuts_, self.steps_ = found
        self.lowest_, self.highest_ = features.min(axis=0), features.max(axis=0)
        self.n_iter_ = int(trees.n_iter_)
        return self

    def _terms(self, features: Floats) -> Floats:
        base = np.full(len(features), self.intercept_)
        return np.column_stack([*_read(features, self.cuts_, self.steps_), base])


def tabulated(decide: Decision, features: Floats) -> tuple[float, list[Floats], list[Floats]]:
    """A sum of functions of one feature each, as a base and a table for each feature.

    Parameters
    ----------
    decide : callable
        Logits, shape (k,), of features, shape (k, f).
    features : ndarray, shape (k, f)
        The rows the function was learnt from. Between two values that stand next to each other
        nothing is known, so a step lies halfway.

    Returns
    -------
    base, cuts, steps
        As in `MonotoneAdditiveCompatibility`.

    Raises
    ------
    NotAdditive
        If the tables do not sum to the function on the rows.
    """
    middle = np.median(features, axis=0)
    base = float(decide(middle[None, :])[0])
    tables = [_table(decide, middle, place, values) for place, values in enumerate(features.T)]
    cuts, steps = [cut for cut, _ in tables], [step - base for _, step in tables]
    told = np.column_stack([*_read(features, cuts, steps), np.full(len(features), base)])
    apart = float(np.abs(told.sum(axis=1) - decide(features)).max())
    if apart > _ADDITIVE_WITHIN:
        raise NotAdditive(f"tables of single features differ from the whole by {apart:.3g}")
    return base, cuts, steps


def _table(decide: Decision, middle: Floats, place: int, values: Floats) -> tuple[Floats, Floats]:
    known = np.unique(values)
    rows = np.repeat(middle[None, :], len(known), axis=0)
    rows[:, place] = known
    logits = decide(rows)
    jumps = np.flatnonzero(np.diff(logits))
    cuts = known[jumps] + (known[jumps + 1] - known[jumps]) / 2
    return cuts, logits[np.append(jumps, len(known) - 1)]


def _read(features: Floats, cuts: list[Floats], steps: list[Floats]) -> list[Floats]:
    return [
        step[np.searchsorted(cut, values)]
        for values, cut, step in zip(features.T, cuts, steps, strict=True)
    ]


def _for_each(name: str, given: Matrix | None, wide: int) -> Floats:
    """One number for each feature; nothing given is nothing for each."""
    if given is None:
        return np.zeros(wide)
    values = np.asarray(given, dtype=np.float64)
    if values.shape != (wide,):
        message = f"{name} has shape {values.shape}, but X has {wide} features: give one for each"
        raise ValueError(message)
    return values


def _beside(given: Matrix | None, rows: int) -> Floats:
    """Columns beside the features; nothing given is no column."""
    if given is None:
        return np.zeros((rows, 0))
    columns = np.asarray(given, dtype=np.float64)
    if columns.ndim != 2 or len(columns) != rows:
        message = f"beside has shape {columns.shape}, but X has {rows} rows: give one row for each"
        raise ValueError(message)
    return columns


def _bounds(sign: float) -> tuple[float | None, float | None]:
    return (0.0 if sign > 0 else None), (0.0 if sign < 0 else None)


def _loss(
    found: Floats, features: Floats, signs: Floats, experts: Floats, shrinkage: float
) -> tuple[float, Floats]:
    """The loss and its slope at (intercept, scale, weights); signs are -1 and 1, shape (k,)."""
    base, scale, weights = found[0], found[1], found[2:]
    margins = signs * (features @ weights + base)
    pulls = -signs * expit(-margins)
    apart = weights - scale * experts
    loss = np.logaddexp(0.0, -margins).sum() + shrinkage / 2 * apart @ apart
    loss += (scale / _SCALE_SPREAD) ** 2 / 2
    slope = np.concatenate(
        [
            [pulls.sum(), scale / _SCALE_SPREAD**2 - shrinkage * experts @ apart],
            features.T @ pulls + shrinkage * apart,
        ]
    )
    return float(loss), slope
