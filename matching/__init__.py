"""Pairing mentees with mentors: plain records in, proposals with proofs out.

Pure and synchronous on purpose. This room refuses to know a database, a clock,
a network or any randomness without a seed.

Whoever has no people but a matrix of scores calls `assign`: capacities, barred pairs and the
worth of staying alone go in; pairs, prices and the proof come out.

>>> from matching import assign
>>> found = assign(
...     [[0.9, 0.8], [0.7, 0.1], [0.6, 0.5]],
...     capacities=[1, 1],
...     forbidden=[[False, False], [False, False], [True, False]],
...     unmatched_value=0.2,
... )
>>> found.pairs
((0, 1), (1, 0))
>>> found.objective, found.bound
(1700000, 1700000)
>>> found.prices.prices.tolist()
[400000, 300000]

Scoring is shared out by joblib, among threads unless somebody names another backend. On a
cluster of Dask (the optional extra `cluster`) the same call writes the same bytes::

    with Client(address), joblib.parallel_config("dask"):
        run = pair(mentees, mentors)

The threads of one machine are faster up to some 10^10 pairs, as they copy nothing.
A sparse matrix of scipy is never written out: what it does not hold is barred. Pins, least
loads and caps of groups may be asked for, and `recheck` looks at it all without the solver.

>>> from matching import recheck
>>> from scipy.sparse import csr_array
>>> asked = {"pins": [(0, 1)], "caps": [(["north", "north", "south"], 1)]}
>>> sparse = csr_array([[0.9, 0.8], [0.7, 0.1], [0.0, 0.5]])
>>> found = assign(sparse, [2, 2], **asked)
>>> found.pairs
((0, 1), (1, 0), (2, 1))
>>> recheck(found, sparse, [2, 2], **asked).holds
True
"""

from matching.adoptions import NotAdoptable, adopted
from matching.arrays import MICROS
from matching.audits import Audit, audit
from matching.certificates import Certificate, certify
from matching.choices import Reached, Stability
from matching.compatibilities import (
    AdditiveCompatibility,
    MonotoneAdditiveCompatibility,
    NotAdditive,
)
from matching.configurations import Aim, Configuration, InvalidConfiguration, Weights
from matching.curves import Curve
from matching.differences import Difference, difference
from matching.digests import VERSION, digest
from matching.figures import Figure, Interval, Unsaid
from matching.flows import NoSolver, NotSolved
from matching.learning import Lesson, Trial, learn
from matching.limits import Infeasible
from matching.matchers import NOBODY, CapacitatedMatcher
from matching.matrices import Assignment, assign, recheck
from matching.models import Model, Step
from matching.optima import Progress
from matching.outcomes import InvalidOutcomes, Outcome, outcomes_of
from matching.pair_features import LEARNABLE, PairFeatures
from matching.people import CRITERIA, Fixed, InvalidPeople, Mentee, Mentor, Service
from matching.prices import NotOptimal
from matching.reciprocity import FUSIONS, ReciprocalScore
from matching.rules import Rule
from matching.runs import Proposal, Reason, Run, Unmatched, pair
from matching.terms import NO_TERMS, Terms
from matching.threads import single_threaded
from matching.worths import Effort

__all__ = [
    "CRITERIA",
    "FUSIONS",
    "LEARNABLE",
    "MICROS",
    "NOBODY",
    "NO_TERMS",
    "VERSION",
    "AdditiveCompatibility",
    "Aim",
    "Assignment",
    "Audit",
    "CapacitatedMatcher",
    "Certificate",
    "Configuration",
    "Curve",
    "Difference",
    "Effort",
    "Figure",
    "Fixed",
    "Infeasible",
    "Interval",
    "InvalidConfiguration",
    "InvalidOutcomes",
    "InvalidPeople",
    "Lesson",
    "Mentee",
    "Mentor",
    "Model",
    "MonotoneAdditiveCompatibility",
    "NoSolver",
    "NotAdditive",
    "NotAdoptable",
    "NotOptimal",
    "NotSolved",
    "Outcome",
    "PairFeatures",
    "Progress",
    "Proposal",
    "Reached",
    "Reason",
    "ReciprocalScore",
    "Rule",
    "Run",
    "Service",
    "Stability",
    "Step",
    "Terms",
    "Trial",
    "Unmatched",
    "Unsaid",
    "Weights",
    "adopted",
    "assign",
    "audit",
    "certify",
    "difference",
    "digest",
    "learn",
    "outcomes_of",
    "pair",
    "recheck",
    "single_threaded",
]
