"""Calibrated measures as tables: one row for each element, with all that it rests on.

It refuses rows without a word where a number is missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from scipy import special

from service.measurement.arrays import Floats, Masks
from service.measurement.ascents import Fit
from service.measurement.designs import Anchors, Link
from service.measurement.eliminations import Uncertainty
from service.measurement.extremes import Bound
from service.measurement.facet_models import OWNERS, Cells, Form
from service.measurement.ratings import FacetName, Ratings
from service.measurement.results import Estimate, Interval, Undefined
from service.measurement.rulers import ALL, FairScale, Ruler

Covariance: TypeAlias = Floats | Undefined

LARGEST: Final = 500
"""Beyond so many elements a covariance is too large to tell."""


@dataclass(frozen=True)
class Row:
    """One element of a facet.

    Parameters
    ----------
    label : str
    ratings, score : int
        How many it has, and their sum.
    mean : float
        Of its ratings, as they are.
    measure : Estimate
        In logits, with the standard error that also counts what is not known of the others.
        Of an extreme element that was set aside, were the others known.
    model_se : float or Undefined
        The standard error were all other measures known.
    fair : Estimate
        What it would be rated with all other facets at their means, in points of the scale.
    is_extreme, is_anchored : bool
    is_set_aside : bool
        Extreme, and so kept from shaping any other measure.
    """

    label: str
    ratings: int
    score: int
    mean: float
    measure: Estimate
    model_se: float | Undefined
    fair: Estimate
    is_extreme: bool
    is_anchored: bool
    is_set_aside: bool


@dataclass(frozen=True)
class Step:
    """The step up to one value of the scale.

    Parameters
    ----------
    value : int
    ratings : int
        How many ratings have this value.
    step : Estimate or Undefined
        In logits; undefined for the lowest value and beside a value that nobody used.
    """

    value: int
    ratings: int
    step: Estimate | Undefined


@dataclass(frozen=True)
class Contrast:
    """By how much stricter the first assessors are than the second, on the mean, in logits."""

    link: Link
    first: tuple[str, ...]
    second: tuple[str, ...]
    difference: Estimate


@dataclass(frozen=True)
class Spread:
    """The mean and the standard deviation of the candidates there could be, in logits."""

    mean: Estimate
    deviation: Estimate


@dataclass(frozen=True)
class Located:
    """A fit's measures once it is settled which facet floats.

    Parameters
    ----------
    core : Ratings
        Those that were calibrated.
    values, variances, model_ses : mapping of str to ndarray of float64
        By facet, in the order of the labels of `core`.
    covariances : mapping of str to ndarray of float64 or Undefined
    shift : float
        What was taken from candidates and from whatever floats.
    ladders : ndarray of float64, shape (G, K)
    ladder_covariance : ndarray of float64, shape (G K, G K)
    used : ndarray of bool, shape (G, K)
    """

    core: Ratings
    values: Mapping[FacetName, Floats]
    variances: Mapping[FacetName, Floats]
    covariances: Mapping[FacetName, Covariance]
    model_ses: Mapping[FacetName, Floats]
    shift: float
    ladders: Floats
    ladder_covariance: Floats
    used: Masks

    def owners(self, form: Form) -> tuple[str, ...]:
        """Whose the ladders are."""
        owner = OWNERS[form]
        return self.core.facet(owner).labels if owner else (ALL,)

    def ruler(self, form: Form) -> Ruler:
        """The measures by label."""
        owners = self.owners(form)
        return Ruler(
            form,
            tuple(name for name in self.values if name != "candidate"),
            {
                name: dict(zip(self.core.facet(name).labels, values.tolist(), strict=True))
                for name, values in self.values.items()
            },
            dict(zip(owners, self.ladders, strict=True)),
            dict(zip(owners, self.used, strict=True)),
        )

    def contrasts(self, links: Sequence[Link], level: float) -> tuple[Contrast, ...]:
        """The assessors of each block of a weak link against those of its other blocks."""
        return tuple(
            self._contrast(link, place, level)
            for link in links
            for place in range(len(link.blocks) if len(link.blocks) > 2 else 1)
        )

    def _contrast(self, link: Link, place: int, level: float) -> Contrast:
        first = link.blocks[place]
        second = tuple(label for block in link.blocks if block is not first for label in block)
        labels = self.core.assessor.labels
        shares = np.isin(labels, first) / len(first) - np.isin(labels, second) / len(second)
        covariance = self.covariances["assessor"]
        if isinstance(covariance, Undefined):
            return Contrast(link, first, second, Estimate(covariance))
        value = float(shares @ self.values["assessor"])
        variance = float(shares @ covariance @ shares)
        return Contrast(link, first, second, estimate(value, variance**0.5, level))


def located(
    core: Ratings, cells: Cells, fit: Fit, *, names: Sequence[FacetName], floating: FacetName
) -> Located:
    """The measures of a fit, shifted so that the candidates sum to zero where another floats."""
    assert fit.uncertainty is not None
    parameters, uncertainty = fit.parameters, fit.uncertainty
    means = _Means(uncertainty, is_moved=floating != "candidate")
    shift = float(parameters.candidates.mean()) if means.is_moved else 0.0
    values: dict[FacetName, Floats] = dict(
        zip(names, (parameters.candidates, *parameters.others), strict=True)
    )
    starts = np.cumsum([0, *cells.sizes[1:]])
    covariances: dict[FacetName, Covariance] = {"candidate": means.candidates()}
    variances: dict[FacetName, Floats] = {"candidate": means.variances()}
    for name, start, stop in zip(names[1:], starts[:-1], starts[1:], strict=True):
        block = means.shared(int(start), int(stop), is_floating=name == floating)
        covariances[name], variances[name] = _small(block), np.diag(block)
    last = slice(int(starts[-1]), int(starts[-1]) + cells.used.size)
    for name in {"candidate", floating}:
        values[name] = values[name] - shift
    return Located(
        core,
        values,
        {name: np.maximum(each, 0.0) for name, each in variances.items()},
        covariances,
        dict(zip(names, fit.model_ses, strict=True)),
        shift,
        parameters.ladders,
        uncertainty.shared[last, last],
        cells.used,
    )


class _Means:
    """Covariances once the candidates' mean is taken from whatever floats."""

    def __init__(self, uncertainty: Uncertainty, *, is_moved: bool) -> None:
        self.is_moved = is_moved
        self._uncertainty = uncertainty
        own, shared, mean = uncertainty.with_mean()
        self._own, self._shared = own * is_moved, shared * is_moved
        self._mean = mean * is_moved

    def candidates(self) -> Covariance:
        if len(self._own) > LARGEST:
            return Undefined(f"more than {LARGEST} candidates; ask for fewer at a time")
        found: Floats = self._uncertainty.candidates() - self._own[:, None] - self._own
        return found + self._mean

    def variances(self) -> Floats:
        return self._uncertainty.candidate_variances() - 2 * self._own + self._mean

    def shared(self, start: int, stop: int, *, is_floating: bool) -> Floats:
        block = self._uncertainty.shared[start:stop, start:stop]
        moved = self._shared[start:stop] * is_floating
        found: Floats = block - moved[:, None] - moved
        return found + self._mean * is_floating


def _small(block: Floats) -> Covariance:
    if len(block) > LARGEST:
        return Undefined(f"more than {LARGEST} of them; ask for fewer at a time")
    return block


def estimate(value: float, se: float, level: float) -> Estimate:
    """A number with its standard error and the interval of a normal distribution."""
    half = float(special.ndtri(0.5 + level / 2)) * se
    return Estimate(value, se, Interval(value - half, value + half, level))


def spread(fit: Fit, located: Located, level: float) -> Spread | None:
    """Of the candidates, where the fit estimated it."""
    if fit.spread is None or fit.uncertainty is None:
        return None
    ses = np.sqrt(np.diag(fit.uncertainty.shared)[-2:]).tolist()
    mean, deviation = fit.spread
    return Spread(estimate(mean - located.shift, ses[0], level), estimate(deviation, ses[1], level))


@dataclass(frozen=True)
class Table:
    """All that is needed to tell the rows of a calibration.

    Parameters
    ----------
    ratings : Ratings
        All that were observed.
    located : Located
    ruler : Ruler
        With the bounds of extreme elements.
    bounds : tuple of Bound
    level : float
    """

    ratings: Ratings
    located: Located
    ruler: Ruler
    bounds: tuple[Bound, ...]
    level: float

    def rows(self, name: FacetName, is_extreme: Masks, anchors: Anchors) -> tuple[Row, ...]:
        """One row for each label of a facet, shape of `is_extreme` (labels,)."""
        facet = self.ratings.facet(name)
        counts = np.bincount(facet.codes)
        scores = np.bincount(facet.codes, self.ratings.values)
        measured = self._estimates(name, anchors)
        fair = self._fair(name, measured)
        core = set(self.located.core.facet(name).labels)
        return tuple(
            Row(
                label,
                int(counts[place]),
                int(scores[place]),
                float(scores[place] / counts[place]),
                *measured.get(label, (Estimate(_NONE), _NONE)),
                fair.get(label, Estimate(_NONE)),
                bool(is_extreme[place]),
                label in anchors.get(name, {}),
                label not in core,
            )
            for place, label in enumerate(facet.labels)
        )

    def covariance(self, name: FacetName) -> Covariance:
        """Of the measures of a facet, in the order of its rows, shape (L, L).

        What was bounded varies by itself; what has no measure, or is held, not at all.
        """
        found = self.located.covariances[name]
        labels = self.ratings.facet(name).labels
        if isinstance(found, Undefined):
            return found
        whole = np.zeros((len(labels), len(labels)))
        core = np.searchsorted(labels, self.located.core.facet(name).labels)
        whole[np.ix_(core, core)] = found
        for bound in self.bounds:
            if bound.facet == name:
                places = np.searchsorted(labels, bound.labels)
                whole[places, places] = bound.ses**2
        return whole

    def steps(self) -> dict[str, tuple[Step, ...]]:
        """The steps of each scale, by whose they are."""
        size, lowest = self.ratings.scale.size, self.ratings.scale.lowest
        cells = Cells.of(self.located.core, self.ruler.others, self.ruler.form)
        places = cells.groups * size + cells.scores
        counts = np.bincount(places, minlength=cells.used.size).reshape(cells.used.shape)
        return {
            owner: tuple(
                Step(lowest + score, int(counts[group, score]), self._step(group, score))
                for score in range(size)
            )
            for group, owner in enumerate(self.located.owners(self.ruler.form))
        }

    def _step(self, group: int, score: int) -> Estimate | Undefined:
        used = self.located.used[group]
        if score == 0:
            return Undefined("nothing lies below the lowest value")
        if not used[score - 1 : score + 1].all():
            unused = score if not used[score] else score - 1
            return Undefined(f"nobody used the value {self.ratings.scale.lowest + unused}")
        ladder = self.located.ladders[group]
        place = group * len(used) + score
        block = self.located.ladder_covariance[place - 1 : place + 1, place - 1 : place + 1]
        variance = max(float(block[0, 0] + block[1, 1] - 2 * block[0, 1]), 0.0)
        return estimate(float(ladder[score] - ladder[score - 1]), variance**0.5, self.level)

    def _estimates(
        self, name: FacetName, anchors: Anchors
    ) -> dict[str, tuple[Estimate, float | Undefined]]:
        here, found = self.located, {}
        for place, label in enumerate(here.core.facet(name).labels):
            value, se = float(here.values[name][place]), float(here.variances[name][place] ** 0.5)
            own = float(here.model_ses[name][place])
            found[label] = (estimate(value, se, self.level), own)
        for bound in self.bounds:
            if bound.facet == name:
                places = zip(bound.labels, bound.values.tolist(), bound.ses.tolist(), strict=True)
                found |= {at[0]: (estimate(*at[1:], self.level), at[2]) for at in places}
        held = anchors.get(name, {})
        return found | {label: (Estimate(at, _HELD, _HELD), _HELD) for label, at in held.items()}

    def _fair(
        self, name: FacetName, measured: Mapping[str, tuple[Estimate, float | Undefined]]
    ) -> dict[str, Estimate]:
        means = {each: float(values.mean()) for each, values in self.located.values.items()}
        fair_scale = FairScale(self.ruler, means, self.ratings.scale.lowest)
        labels = list(measured)
        values = [measured[label][0] for label in labels]
        fair, slopes = fair_scale.fair(name, labels, np.array([each.value for each in values]))
        ends = [
            fair_scale.fair(name, labels, np.array([_end(each, side) for each in values]))[0]
            for side in ("low", "high")
        ]
        low, high = np.sort(np.stack(ends), axis=0).tolist()
        return {
            label: _fair_estimate(each, at, Interval(*span, self.level))
            for label, each, at, span in zip(
                labels,
                values,
                zip(fair.tolist(), slopes.tolist(), strict=True),
                zip(low, high, strict=True),
                strict=True,
            )
        }


_NONE: Final = Undefined("all its ratings have one value on steps that nobody else takes")
_HELD: Final = Undefined("it is held at its anchor")


def _end(measure: Estimate, side: str) -> float:
    if isinstance(measure.interval, Interval):
        return float(getattr(measure.interval, side))
    assert isinstance(measure.value, float)
    return measure.value


def _fair_estimate(measure: Estimate, fair: tuple[float, float], span: Interval) -> Estimate:
    if not isinstance(measure.se, float):
        return Estimate(fair[0], measure.se, _HELD)
    return Estimate(fair[0], fair[1] * measure.se, span)
