"""What a ladder found, in plain words and short tables, for a terminal or a page.

Every part ends with its cautions. It refuses a number without its interval where it has one,
and shows what is not defined with its reason.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from service.measurement.fits import Fits
from service.measurement.ladders import Agreement, Ladder, Model, Reliability, Standing
from service.measurement.omissions import Omission, Omissions
from service.measurement.results import Estimate, Interval, Result, Undefined
from service.measurement.rungs import Rung

RUNGS: Final = {
    Rung.DESCRIPTION: "The panel is described without a model",
    Rung.PENALISED: "The many-facet Rasch model under priors stands beside the raw means",
    Rung.MARGINAL: "The many-facet Rasch model, by marginal estimation, stands beside raw means",
    Rung.SUBSETS: "Each subset is analysed by itself and nothing is pooled",
}
_NONE: Final = "\u2013"
# Of the candidates, how many stand in a line before it says how many more there are.
_SHOWN: Final = 5


@dataclass(frozen=True)
class Section:
    """One part of what was found.

    Parameters
    ----------
    title : str
    says : tuple of str
        Sentences.
    columns : tuple of str
        Of the table; none where there is none.
    rows : tuple of tuple of str
    cautions : tuple of str
        What to know before relying on this part.
    """

    title: str
    says: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    cautions: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """The section as lines of plain text, its table in columns of even width."""
        yield self.title
        yield from (f"  {each}" for each in self.says)
        if self.rows:
            table = [self.columns, *self.rows]
            widths = [max(map(_width, column)) for column in zip(*table, strict=True)]
            yield from (f"  {_padded(row, widths)}" for row in table)
        yield from (f"  ! {each}" for each in self.cautions)


def sections(result: Result[Ladder]) -> tuple[Section, ...]:
    """The parts of what a ladder found, from the panel to the number of assessors needed."""
    ladder = result.found()
    found = [_panel(result), _candidates(result)]
    if isinstance(ladder.model, Model):
        found.append(_assessors(ladder.model))
    if isinstance(ladder.agreement, Agreement):
        found += [_within(ladder.agreement), _omissions(ladder.agreement.omissions)]
    if isinstance(ladder.reliability, Reliability):
        found += [_reliability(ladder.reliability), _decisions(ladder.reliability)]
    for number, subset in enumerate(ladder.subsets, start=1):
        found += [
            replace(each, title=f"Subset {number}: {each.title}") for each in sections(subset)
        ]
    return tuple(found)


def told(value: float | Undefined, digits: int = 2) -> str:
    """A number as it is read, or that there is none and why."""
    if isinstance(value, Undefined):
        return f"not defined ({value.reason.rstrip('.')})"
    # Adding zero turns a negative zero into zero.
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "\u2212")


def told_estimate(estimate: Estimate, digits: int = 2) -> str:
    """An estimate with its interval, or the reason why it has none."""
    value, interval = told(estimate.value, digits), estimate.interval
    if isinstance(estimate.value, Undefined) or interval is None:
        return value
    if isinstance(interval, Undefined):
        return f"{value} (no interval: {interval.reason.rstrip('.')})"
    return f"{value} ({100 * interval.level:.0f} % interval {_ends(interval, digits)})"


def _ends(interval: Interval, digits: int = 2) -> str:
    return f"{told(interval.low, digits)} to {told(interval.high, digits)}"


def _short(value: float | Undefined | None, digits: int = 2) -> str:
    """A number in a table, where the reason why there is none stands elsewhere."""
    if value is None or isinstance(value, Undefined):
        return _NONE
    return told(value, digits)


def _span(estimate: Estimate) -> str:
    return _ends(estimate.interval) if isinstance(estimate.interval, Interval) else _NONE


def _panel(result: Result[Ladder]) -> Section:
    ladder, counts = result.found(), result.counts
    scale = ladder.scale
    names = ("candidates", "assessors", "competencies", "instruments", "occasions")
    sizes = ", ".join(f"{counts[name]} {name}" for name in names if counts[name] > 1)
    size = (
        f"{sizes or 'One candidate and one assessor'}: {counts['ratings']} ratings on the scale"
        f" {scale.lowest} to {scale.highest}; cells not observed: {counts['not_observed']}."
    )
    met = sum(len(one.by_assessor) for one in ladder.standings)
    pairs = counts["candidates"] * counts["assessors"]
    says = [size, f"{RUNGS[ladder.rung]}, because {ladder.why}."]
    if met < pairs:
        says.insert(1, f"Assessors gave values to candidates in {met} of {pairs} pairs.")
    if ladder.rung is Rung.DESCRIPTION:
        says.append(
            "Fair averages, chances of places and coefficients of reliability are left out."
        )
    return Section("Panel", tuple(says), cautions=ladder.design.cautions)


def _candidates(result: Result[Ladder]) -> Section:
    ladder = result.found()
    if ladder.rung is Rung.SUBSETS:
        # One table would put into one order who cannot be compared.
        return Section("Candidates", ("See each subset.",), cautions=result.cautions)
    head = ("place", "candidate", "ratings", "raw mean", "values")
    rows = tuple(_placed(ladder.standings))
    if not isinstance(ladder.model, Model):
        return Section("Candidates by raw mean", (), head, rows, result.cautions)
    more = _adjusted(ladder.model, ladder.standings)
    return Section(
        "Candidates by raw mean, with fair averages",
        tuple(_on_order(ladder.model)),
        (*head, "fair average", "95 %", "moved by", "likely places", "first in 100"),
        tuple((*row, *added) for row, added in zip(rows, more, strict=True)),
        (*result.cautions, *_cautions(ladder.model.order, ladder.model.band)),
    )


def _placed(standings: Sequence[Standing]) -> Iterator[tuple[str, ...]]:
    """Equal means share the better place."""
    means = [one.mean for one in standings]
    for one in standings:
        yield (
            _NONE if isinstance(one.mean, Undefined) else str(means.index(one.mean) + 1),
            one.candidate,
            str(one.ratings),
            _short(one.mean),
            _NONE if isinstance(one.lowest, Undefined) else f"{one.lowest} to {one.highest}",
        )


def _adjusted(model: Model, standings: Iterable[Standing]) -> Iterator[tuple[str, ...]]:
    rows = {row.label: row for row in model.calibration.found().facets["candidate"]}
    places = {}
    if isinstance(model.order, Result):
        order = model.order.found()
        places = {
            one.label: (f"{one.likely.best} to {one.likely.worst}", f"{100 * share:.0f}")
            for one, share in zip(order.places, order.shares[:, 0].tolist(), strict=True)
        }
    for one in standings:
        fair = rows[one.candidate].fair if one.candidate in rows else Estimate(Undefined(""))
        moved = _short(one.moved) + (" *" if one.is_listed else "")
        yield _short(fair.value), _span(fair), moved, *places.get(one.candidate, (_NONE, _NONE))


def _on_order(model: Model) -> Iterator[str]:
    yield f"Method: {model.calibration.method}."
    if model.calibration.prior:
        yield f"Assumed: {model.calibration.prior}."
    if isinstance(model.band, Result):
        yield (
            f"The band from the top by measures: {_listed(model.band.found().members)}. It"
            " compares one candidate with the top at a time; what is shown of the whole list"
            " allows for all comparisons at once, and is less."
        )
    if isinstance(model.order, Undefined):
        yield f"There are no chances of places: {model.order.reason}."


def _assessors(model: Model) -> Section:
    return Section(
        "Assessors: the higher the severity, the stricter",
        tuple(_on_equals(model.fits.found())),
        ("assessor", "ratings", "mean", "severity (logits)", "95 %", "infit", "fit"),
        tuple(_severities(model)),
        _cautions(model.calibration, model.fits, model.effects),
    )


def _severities(model: Model) -> Iterator[tuple[str, ...]]:
    fits = {one.label: one for one in model.fits.found().elements["assessor"]}
    for row in model.calibration.found().facets["assessor"]:
        fit = fits.get(row.label)
        yield (
            row.label,
            str(row.ratings),
            _short(row.mean),
            _short(row.measure.value),
            _span(row.measure),
            _NONE if fit is None else _short(fit.infit.value),
            _NONE if fit is None else fit.reading.value.lower().replace("_", " "),
        )


def _on_equals(fits: Fits) -> Iterator[str]:
    equal = fits.agreement
    if not isinstance(equal, Undefined):
        yield (
            f"{equal.exact} of {equal.pairs} pairs of assessors gave the same value; the model"
            f" expects {told(equal.expected, 1)} of assessors who judge by themselves."
        )


def _within(agreement: Agreement) -> Section:
    found = agreement.within_groups.found()
    exact = agreement.exact.numbers
    limit = (
        f"Values whose average deviation is above {told(found.deviation_limit)} points stand too"
        " far apart for their mean to speak for all."
    )
    says = [limit]
    if isinstance(exact, Undefined):
        says.append(f"Exact agreement is {told(exact)}.")
    else:
        says.append(
            f"{exact.observed} of {exact.pairs} pairs of assessors gave the same value; chance"
            f" expects {told(exact.expected, 1)}."
        )
    rows = [
        (
            one.candidate,
            str(one.units),
            _short(one.uniform.value),
            _short(one.skewed.value),
            _short(one.average_deviation),
        )
        for one in found.candidates
    ]
    return Section(
        "Agreement on each candidate",
        tuple(says),
        ("candidate", "things rated", "r_wg(J)", "r_wg(J) skewed null", "average deviation"),
        tuple(rows),
        _cautions(agreement.within_groups, agreement.exact),
    )


def _omissions(result: Result[Omissions]) -> Section:
    title = "What one assessor decides, by raw means"
    if isinstance(result.numbers, Undefined):
        return Section(title, (f"This is {told(result.numbers)}.",))
    found = result.numbers
    says = [_without(one, found.order) for one in found.without]
    # Each swap is a caution of its own in the result; here each assessor has one line.
    rest = [each for each in result.cautions if " swap if assessor " not in each]
    return Section(title, tuple(says), cautions=tuple(rest))


def _without(one: Omission, order: Sequence[str]) -> str:
    if not one.swaps:
        return f"Without {one.assessor} no two candidates swap."
    places = {label: place for place, label in enumerate(order, start=1)}
    swaps = sorted(one.swaps, key=lambda each: (places[each.above], places[each.below]))
    pairs = [
        f"places {places[swap.above]} and {places[swap.below]} ({swap.above}, {swap.below})"
        for swap in swaps
    ]
    return f"Without {one.assessor} these swap: {_listed(pairs, '; ')}."


def _reliability(found: Reliability) -> Section:
    says = []
    if isinstance(found.intraclass.numbers, Undefined):
        says.append(f"The intraclass correlation is {told(found.intraclass.numbers)}.")
    else:
        numbers = found.intraclass.numbers
        chosen = numbers.forms[numbers.chosen]
        word = "" if isinstance(chosen.label, Undefined) else f": {chosen.label}"
        says += [f"{numbers.chosen} is {told_estimate(chosen.estimate)}{word}."]
        says += [f"This form, because {numbers.why}"]
    if isinstance(found.alpha.numbers, Undefined):
        says.append(f"Krippendorff's alpha is {told(found.alpha.numbers)}.")
    else:
        alpha = found.alpha.numbers
        says.append(f"Krippendorff's alpha, {alpha.metric}, is {told_estimate(alpha.alpha)}.")
    return Section(
        "Reliability of the whole panel",
        tuple(says),
        cautions=_cautions(found.intraclass, found.alpha),
    )


def _decisions(found: Reliability) -> Section:
    title = "How many assessors"
    if isinstance(found.decisions, Undefined):
        return Section(title, (f"This is {told(found.decisions)}.",))
    if isinstance(found.needed, Undefined):
        return Section(title, (f"This is {told(found.needed)}.",))
    needed, rows = found.needed.found(), found.decisions.found().decisions
    says = (
        needed.assessors.reason
        if isinstance(needed.assessors, Undefined)
        else f"For a Phi of {told(needed.target)} it takes {needed.assessors} assessors."
    )
    return Section(
        title,
        (says,),
        ("assessors", "Phi", "95 %", "E rho2", "95 %"),
        tuple(
            (
                str(one.assessors),
                _short(one.phi.value),
                _span(one.phi),
                _short(one.rho2.value),
                _span(one.rho2),
            )
            for one in rows
        ),
        _cautions(found.study, found.decisions, found.needed),
    )


def _cautions(*results: Result[Any] | Undefined) -> tuple[str, ...]:
    """The cautions of all, each once."""
    said = [line for each in results if isinstance(each, Result) for line in each.cautions]
    return tuple(dict.fromkeys(said))


def _listed(labels: Sequence[str], comma: str = ", ") -> str:
    shown = comma.join(labels[:_SHOWN])
    return shown if len(labels) <= _SHOWN else f"{shown} and {len(labels) - _SHOWN} more"


def _width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(
        0
        if unicodedata.combining(character) or unicodedata.category(character) == "Cf"
        else 2
        if unicodedata.east_asian_width(character) in {"W", "F"}
        else 1
        for character in text
    )


def _padded(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = (text + " " * (width - _width(text)) for text, width in zip(row, widths, strict=True))
    return "  ".join(cells).rstrip()
