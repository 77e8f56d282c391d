"""Four candidates on three criteria, whose composites, switches and dominance are published."""

from service.measurement.composites import Criterion, Formula
from service.measurement.profiles import Profiles

_NAMES = ("vision", "people", "ethics")
_WEIGHTS = (0.5, 0.3, 0.2)

FOUR = Profiles.of(
    "ABCD", _NAMES, [[4.2, 3.8, 4.5], [4.0, 4.4, 3.9], [3.5, 4.6, 4.0], [4.1, 3.7, 4.4]]
)


def shortlist(**minimums: float) -> Formula:
    """The published weights on a scale of 1 to 5, with these minimum standards."""
    return Formula(
        tuple(
            Criterion.linear(name, weight, (1.0, 5.0), minimums.get(name))
            for name, weight in zip(_NAMES, _WEIGHTS, strict=True)
        )
    )


WEIGHTED = shortlist()
