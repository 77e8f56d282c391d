"""Pairing mentees with mentors: plain records in, proposals with proofs out.

Pure and synchronous on purpose. This room refuses to know a database, a clock,
a network or any randomness without a seed.
"""

from matching.arrays import MICROS
from matching.certificates import Certificate, certify
from matching.configurations import Configuration, InvalidConfiguration, Weights
from matching.digests import VERSION, digest
from matching.flows import NotSolved
from matching.optima import Progress
from matching.people import CRITERIA, Fixed, InvalidPeople, Mentee, Mentor, Service
from matching.prices import NotOptimal
from matching.rules import Rule
from matching.runs import Proposal, Reason, Run, Unmatched, pair
from matching.worths import Effort

__all__ = [
    "CRITERIA",
    "MICROS",
    "VERSION",
    "Certificate",
    "Configuration",
    "Effort",
    "Fixed",
    "InvalidConfiguration",
    "InvalidPeople",
    "Mentee",
    "Mentor",
    "NotOptimal",
    "NotSolved",
    "Progress",
    "Proposal",
    "Reason",
    "Rule",
    "Run",
    "Service",
    "Unmatched",
    "Weights",
    "certify",
    "digest",
    "pair",
]
