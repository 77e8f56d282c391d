"""Intraclass correlations: what share of the differences between ratings is the candidates'.

Six forms with their intervals, and which of them the design calls for. It refuses to drop a
candidate in silence because a cell is missing: a mixed model takes what there is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
from scipy import stats

from service.measurement.arrays import Floats
from service.measurement.components import DRAWS, Components, Layout, quantiles, reml
from service.measurement.ratings import Ratings
from service.measurement.results import Convergence, Estimate, Interval, Result, Status, Undefined

Form = Literal["ICC(1,1)", "ICC(2,1)", "ICC(3,1)", "ICC(1,k)", "ICC(2,k)", "ICC(3,k)"]
FORMS: Final[tuple[Form, ...]] = (
    "ICC(1,1)",
    "ICC(2,1)",
    "ICC(3,1)",
    "ICC(1,k)",
    "ICC(2,k)",
    "ICC(3,k)",
)
# Koo and Li (2016), Journal of Chiropractic Medicine 15: from where on each word holds.
LABELS: Final = ((0.9, "excellent"), (0.75, "good"), (0.5, "moderate"))
_NAME: Final = "intraclass correlation"
_FEW: Final = 10


@dataclass(frozen=True)
class Coefficient:
    """One form of the intraclass correlation.

    Parameters
    ----------
    estimate : Estimate
        May lie below zero, where candidates differ less than error alone would make them.
    label : str or Undefined
        Koo and Li's words for both ends of the interval, never for the value alone.
    """

    estimate: Estimate
    label: str | Undefined


@dataclass(frozen=True)
class Intraclass:
    """All six forms, and the one to report.

    Parameters
    ----------
    forms : mapping of str to Coefficient
        By the names of Shrout and Fleiss; k is the mean of that many assessors.
    chosen : str
        The form that the design and the decision call for.
    why : str
        Why that one.
    k : float
        Assessors per candidate, the harmonic mean where they differ in number.
    variances : mapping of str to float or Undefined
        Of candidates, assessors and the rest: what the forms of two ways are made of.
    mean_squares : mapping of str to float, optional
        Of a complete table: candidates, assessors, residual, and within candidates.
    """

    forms: Mapping[Form, Coefficient]
    chosen: Form
    why: str
    k: float
    variances: Mapping[str, float | Undefined]
    mean_squares: Mapping[str, float] | None = None


def intraclass(
    ratings: Ratings,
    *,
    decision: Literal["standard", "order"] = "standard",
    unit: Literal["single", "mean"] = "mean",
    level: float = 0.95,
    seed: int = 1,
) -> Result[Intraclass]:
    """How far ratings tell candidates apart, in six forms, and the one to report.

    Each candidate and assessor has one cell: the mean of what was observed over competencies,
    instruments and occasions. Take `ratings.only(...)` for one of them.

    Parameters
    ----------
    ratings : Ratings
    decision : {"standard", "order"}
        Whether candidates are held against an absolute standard, or only put in order.
    unit : {"single", "mean"}
        Whether the decision rests on one assessor or on the mean of all of a candidate's.
    level : float
        Of the intervals.
    seed : int
        Of the draws behind the intervals where cells are missing.

    Notes
    -----
    Complete tables: Shrout and Fleiss (1979), Psychological Bulletin 86, with the intervals of
    McGraw and Wong (1996), Psychological Methods 1. Tables with missing cells: candidates and
    assessors as crossed random effects by restricted maximum likelihood, the one-way forms with
    candidates alone, and generalised intervals (see `components.Squares.draws`), which never
    reach below zero. Of 200 panels of 8 to 30 candidates, normal or on a scale of five, complete
    or with a seventh of the cells missing, 92 to 98 % of the intervals held the true value.
    """
    cells = ratings.observed.means()
    if min(cells.shape) < 2:
        reason = Undefined("It takes at least two candidates and two assessors with ratings.")
        ended = Convergence(Status.REFUSED)
        return Result(_NAME, reason, ratings.counts, method="none", convergence=ended)
    table = _Table(cells, level, seed)
    found = _of_squares(table) if table.is_complete else _of_components(table)
    chosen, why = _choice(cells, decision, unit)
    return Result(
        _NAME,
        _numbers(table, found, chosen, why),
        ratings.counts,
        method=found.method,
        seed=None if table.is_complete else seed,
        convergence=found.convergence,
        cautions=(
            *_cautions_on(chosen, found.forms[chosen], candidates=len(cells)),
            *_cautions_on_cells(ratings.observed, cells),
        ),
    )


@dataclass(frozen=True)
class _Table:
    """One value for each candidate and assessor, NaN where there is none."""

    cells: Floats
    level: float
    seed: int

    @property
    def is_complete(self) -> bool:
        """Whether everybody rated everybody."""
        return not np.isnan(self.cells).any()

    @property
    def k(self) -> float:
        """Assessors per candidate."""
        return float(1.0 / np.mean(1.0 / (~np.isnan(self.cells)).sum(axis=1)))


@dataclass(frozen=True)
class _Found:
    forms: Mapping[Form, Estimate]
    variances: Mapping[str, float | Undefined]
    method: str
    mean_squares: Mapping[str, float] | None = None
    convergence: Convergence = field(default_factory=Convergence)


def _numbers(table: _Table, found: _Found, chosen: Form, why: str) -> Intraclass:
    return Intraclass(
        forms={form: _labelled(found.forms[form]) for form in FORMS},
        chosen=chosen,
        why=why,
        k=table.k,
        variances=found.variances,
        mean_squares=found.mean_squares,
    )


@dataclass(frozen=True)
class _Squares:
    """The mean squares of a complete table of n candidates by k assessors."""

    n: int
    k: int
    candidates: float
    assessors: float
    residual: float
    within: float

    @classmethod
    def of(cls, cells: Floats) -> "_Squares":
        n, k = cells.shape
        centred = cells - cells.mean()
        rows, columns = centred.mean(axis=1), centred.mean(axis=0)
        rest = centred - rows[:, None] - columns[None, :]
        return cls(
            n=n,
            k=k,
            candidates=float(k * (rows**2).sum() / (n - 1)),
            assessors=float(n * (columns**2).sum() / (k - 1)),
            residual=float((rest**2).sum() / ((n - 1) * (k - 1))),
            within=float(((centred - rows[:, None]) ** 2).sum() / (n * (k - 1))),
        )

    @property
    def variances(self) -> Mapping[str, float | Undefined]:
        return {
            "candidates": (self.candidates - self.residual) / self.k,
            "assessors": (self.assessors - self.residual) / self.n,
            "residual": self.residual,
        }


def _of_squares(table: _Table) -> _Found:
    squares = _Squares.of(table.cells)
    n, k = squares.n, squares.k
    within, residual = (
        _Error(squares.within, n * (k - 1)),
        _Error(squares.residual, (n - 1) * (k - 1)),
    )
    forms: dict[Form, Estimate] = {
        "ICC(1,1)": _consistency(squares, within, table.level, of_mean=False),
        "ICC(2,1)": _agreement(squares, table.level),
        "ICC(3,1)": _consistency(squares, residual, table.level, of_mean=False),
        "ICC(1,k)": _consistency(squares, within, table.level, of_mean=True),
        "ICC(2,k)": _agreement_of_mean(squares, table.level),
        "ICC(3,k)": _consistency(squares, residual, table.level, of_mean=True),
    }
    return _Found(
        forms,
        squares.variances,
        method="mean squares (Shrout and Fleiss 1979), intervals of McGraw and Wong (1996)",
        mean_squares={
            "candidates": squares.candidates,
            "assessors": squares.assessors,
            "residual": squares.residual,
            "within": squares.within,
        },
    )


@dataclass(frozen=True)
class _Error:
    mean_square: float
    degrees: int


def _consistency(squares: _Squares, error: _Error, level: float, *, of_mean: bool) -> Estimate:
    """The forms 1 and 3, whose interval is that of one ratio of mean squares."""
    between, k = squares.candidates, squares.k
    whole = between if of_mean else between + (k - 1) * error.mean_square
    if whole <= 0:
        return _undefined("The candidates do not differ at all.")
    value = (between - error.mean_square) / whole
    if error.mean_square <= 0:
        return Estimate(value, interval=Undefined("Without any error there is no interval."))
    tail = (1.0 + level) / 2.0
    ratio, degrees = between / error.mean_square, squares.n - 1
    low = ratio / float(stats.f.ppf(tail, degrees, error.degrees))
    high = ratio * float(stats.f.ppf(tail, error.degrees, degrees))
    if of_mean:
        ends = [1.0 - 1.0 / each for each in (low, high)]
    else:
        ends = [(each - 1.0) / (each + k - 1.0) for each in (low, high)]
    return Estimate(value, interval=Interval(ends[0], ends[1], level))


def _agreement(squares: _Squares, level: float) -> Estimate:
    """The form ICC(2,1), with the interval of Satterthwaite's degrees of freedom."""
    n, k, error = squares.n, squares.k, squares.residual
    gap = squares.candidates - error
    whole = squares.candidates + (k - 1) * error + k * (squares.assessors - error) / n
    if whole <= 0:
        return _undefined("All ratings are equal.")
    value = gap / whole
    if 1.0 - value < 1e-12:
        return Estimate(value, interval=Undefined("Without any error there is no interval."))
    degrees = _agreement_degrees(squares, value)
    if degrees is None:
        return Estimate(value, interval=Undefined("Without any error there is no interval."))
    tail = (1.0 + level) / 2.0
    upper = float(stats.f.ppf(tail, n - 1, degrees))
    lower = float(stats.f.ppf(tail, degrees, n - 1))
    if not np.isfinite([upper, lower]).all():
        return Estimate(value, interval=Undefined("Too few degrees of freedom are left for one."))
    rest = k * squares.assessors + (k * n - k - n) * error
    between = squares.candidates
    low = n * (between - upper * error) / (upper * rest + n * between)
    high = n * (lower * between - error) / (rest + n * lower * between)
    return Estimate(value, interval=Interval(low, high, level))


def _agreement_degrees(squares: _Squares, value: float) -> float | None:
    n, k = squares.n, squares.k
    share = value / (n * (1.0 - value))
    assessors = k * share * squares.assessors
    residual = (1.0 + k * share * (n - 1)) * squares.residual
    spread = assessors**2 / (k - 1) + residual**2 / ((n - 1) * (k - 1))
    return (assessors + residual) ** 2 / spread if spread > 0 else None


def _agreement_of_mean(squares: _Squares, level: float) -> Estimate:
    """The form ICC(2,k): the ends are those of one assessor, by Spearman and Brown."""
    n, k, error = squares.n, squares.k, squares.residual
    whole = squares.candidates + (squares.assessors - error) / n
    if whole <= 0:
        return _undefined("The candidates differ no more than error alone would make them.")
    value = (squares.candidates - error) / whole
    single = _agreement(squares, level).interval
    if not isinstance(single, Interval):
        return Estimate(value, interval=single)
    if 1.0 + (k - 1) * single.low <= 0:
        return Estimate(value, interval=Undefined("The interval has no lower end."))
    ends = [k * end / (1.0 + (k - 1) * end) for end in (single.low, single.high)]
    return Estimate(value, interval=Interval(ends[0], ends[1], level))


def _undefined(reason: str) -> Estimate:
    return Estimate(Undefined(reason), interval=Undefined(reason))


def _of_components(table: _Table) -> _Found:
    """The forms of a table with missing cells, from two mixed models."""
    rows, columns = np.nonzero(~np.isnan(table.cells))
    codes = {"candidate": rows, "assessor": columns}
    residual = {"residual": ("candidate", "assessor")}
    candidates = {"candidates": ("candidate",)}
    values = table.cells[rows, columns]
    one = reml(Layout(values, codes, {**candidates, **residual}), seed=table.seed)
    both = {**candidates, "assessors": ("assessor",), **residual}
    two = reml(Layout(values, codes, both), seed=table.seed)
    forms: dict[Form, Estimate] = {}
    for form in FORMS:
        model = one if form.startswith("ICC(1") else two
        forms[form] = _form(form, model.numbers, table)
    return _Found(
        forms,
        _variances(two.numbers),
        method="crossed random effects by REML (Patterson and Thompson 1971), generalised"
        " intervals (Weerahandi 1993)",
        convergence=two.convergence if isinstance(two.numbers, Components) else one.convergence,
    )


def _form(form: Form, found: Components | Undefined, table: _Table) -> Estimate:
    if isinstance(found, Undefined):
        return Estimate(found, interval=found)
    names = list(found.components)
    estimated = np.array([found.used[name] for name in names])
    drawn = found.squares.draws(DRAWS, table.seed)
    # The candidates come first; strictness is no error where only the order counts.
    wrong = [at for at, name in enumerate(names) if at and not _leaves_out(form, name)]
    raters = table.k if form.endswith("k)") else 1.0
    value, spread = (
        _share(variances[..., 0], variances[..., wrong].sum(axis=-1) / raters)
        for variances in (estimated, drawn)
    )
    return Estimate(float(value), interval=quantiles(spread, table.level))


def _leaves_out(form: Form, effect: str) -> bool:
    return form.startswith("ICC(3") and effect == "assessors"


def _share(between: Floats, error: Floats) -> Floats:
    whole = between + error
    return np.divide(between, whole, out=np.zeros_like(whole), where=whole > 0)


def _variances(found: Components | Undefined) -> Mapping[str, float | Undefined]:
    names = ("candidates", "assessors", "residual")
    if isinstance(found, Undefined):
        return dict.fromkeys(names, found)
    return {name: found.used[name] for name in names}


def _choice(
    cells: Floats, decision: Literal["standard", "order"], unit: Literal["single", "mean"]
) -> tuple[Form, str]:
    """The form for this design and decision (Koo and Li 2016, figure 1), and why."""
    seen = ~np.isnan(cells)
    raters = "one assessor" if unit == "single" else "the mean of each candidate's assessors"
    if (seen.sum(axis=0) < 2).all():
        way, why = "1", "no assessor rated two candidates, so that strictness cannot be told"
    elif not seen.all():
        way, why = "2", "not all candidates had the same assessors, so that strictness counts"
    elif decision == "standard":
        way, why = "2", "candidates are held against a standard, so that strictness counts"
    else:
        way, why = "3", "the same assessors rated everybody and only the order is used"
    chosen = f"ICC({way},{'1' if unit == 'single' else 'k'})"
    return next(form for form in FORMS if form == chosen), f"{why}; the decision rests on {raters}."


def _labelled(estimate: Estimate) -> Coefficient:
    if not isinstance(estimate.interval, Interval):
        return Coefficient(estimate, Undefined("Without an interval there is no word for it."))
    low, high = label(estimate.interval.low), label(estimate.interval.high)
    return Coefficient(estimate, low if low == high else f"{low} to {high}")


def label(coefficient: float) -> str:
    """Koo and Li's word for one end of an interval."""
    if coefficient > LABELS[0][0]:
        return LABELS[0][1]
    return next((word for least, word in LABELS[1:] if coefficient >= least), "poor")


def _cautions_on(chosen: Form, estimate: Estimate, *, candidates: int) -> list[str]:
    told = []
    if isinstance(estimate.value, Undefined):
        told.append(f"{chosen} is undefined: {estimate.value.reason}")
    if isinstance(estimate.interval, Interval) and estimate.interval.low <= 0:
        told.append("The interval includes zero: agreement is not shown.")
    if candidates < _FEW:
        told.append(
            f"With {candidates} candidates the interval is wide; do not read the value alone."
        )
    if chosen.startswith("ICC(3"):
        told.append(
            "How strict each assessor is counts as no error here: it holds for the order only."
        )
    return told


def _cautions_on_cells(observed: Ratings, cells: Floats) -> list[str]:
    told = []
    missing = int(np.isnan(cells).sum())
    if missing:
        told.append(
            f"{missing} of {cells.size} pairs of candidate and assessor have no rating. No"
            " candidate was dropped: a mixed model took the rest, as if cells were missing by"
            " chance."
        )
    each = np.bincount(observed.candidate.codes * len(observed.assessor) + observed.assessor.codes)
    uneven = int((each[each > 0] < each.max()).sum())
    if uneven:
        told.append(
            f"Means of fewer ratings than others: {uneven} of {(each > 0).sum()} cells; take one"
            " competency at a time, or a generalizability study, where that matters."
        )
    return told
