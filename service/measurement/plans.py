"""How to calibrate: the form, the estimation, and what is held or assumed.

A plan tells itself in words, so that no measure stands without its method. It refuses to fix
the scale twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from service.measurement import designs
from service.measurement.ascents import Limits
from service.measurement.designs import Anchors
from service.measurement.facet_models import OWNERS, Form
from service.measurement.penalised import Priors
from service.measurement.ratings import BadRatings, FacetName


class Estimation(StrEnum):
    """How measures are estimated."""

    JOINT = "JOINT"
    MARGINAL = "MARGINAL"
    PENALISED = "PENALISED"


METHODS: Final = {
    Estimation.JOINT: "joint maximum likelihood (Wright and Panchapakesan 1969; Linacre 1989)",
    Estimation.MARGINAL: "marginal maximum likelihood (Bock and Aitkin 1981), candidates by their "
    "posterior means",
    Estimation.PENALISED: "penalised likelihood: the posterior mode under normal priors",
}


FORMS: Final = {
    Form.RATING_SCALE: "rating-scale form (Andrich 1978)",
    Form.PARTIAL_CREDIT: "partial-credit form (Masters 1982), own steps for each competency",
    Form.RATER_SCALE: "rater-scale form (Linacre 1989), own steps for each assessor",
}


@dataclass(frozen=True)
class Plan:
    """How to calibrate.

    Parameters
    ----------
    form : Form
    estimation : Estimation
    others : tuple of str
        The facets beside the candidate.
    floating : str
        The facet that is not centred; measures of every other facet sum to zero.
    anchors : mapping of str to mapping of str to float
        Of facet to label to logits: held where a shared benchmark put them.
    priors : Priors
        For penalised estimation.
    limits : Limits
    nodes : int
        For marginal estimation: the least number of points on which a candidate may lie.
    level : float
        Of the intervals.
    """

    form: Form = Form.RATING_SCALE
    estimation: Estimation = Estimation.JOINT
    others: tuple[FacetName, ...] = designs.OTHERS
    floating: FacetName = "candidate"
    anchors: Anchors = field(default_factory=dict)
    priors: Priors = field(default_factory=Priors)
    limits: Limits = field(default_factory=Limits)
    nodes: int = 71
    level: float = 0.95

    def __post_init__(self) -> None:
        owner = OWNERS[self.form]
        if owner and owner not in self.others:
            raise BadRatings(f"the form {self.form} needs the facet {owner} among the others")
        if self.floating not in self.names:
            raise BadRatings(f"the facet {self.floating} cannot float; the model does not have it")
        if self.anchors and self.floating != "candidate":
            raise BadRatings("anchors fix the scale: let no facet but the candidate float")

    @property
    def names(self) -> tuple[FacetName, ...]:
        """All facets, the candidate first."""
        return ("candidate", *self.others)

    @property
    def bounded(self) -> tuple[FacetName, ...]:
        """The facets whose extreme elements have no finite measure."""
        if self.estimation is Estimation.PENALISED:
            return ()
        return self.names if self.estimation is Estimation.JOINT else self.others

    @property
    def method(self) -> str:
        """The model and its estimator, for a result."""
        return f"many-facet Rasch model, {FORMS[self.form]}; {METHODS[self.estimation]}"

    @property
    def prior(self) -> str | None:
        """What is assumed beside the ratings."""
        if self.estimation is Estimation.PENALISED:
            return self.priors.words
        if self.estimation is Estimation.MARGINAL:
            return "candidates normal with a mean and standard deviation that the ratings tell"
        return None

    def identification(
        self, centred: Sequence[FacetName] = (), floating: FacetName | None = None
    ) -> str:
        """What fixes the scale; without anchors the plan knows it by itself."""
        if not self.anchors:
            floating = self.floating
            centred = [name for name in self.names if name != floating]
        parts = [f"the measures of each {name} sum to zero" for name in centred]
        parts += [f"each {name} is held at its anchors" for name in self.anchors]
        parts += [f"each {floating} floats"] if floating else []
        return "; ".join([*parts, "the steps of each scale sum to zero"])
