"""The full upstream ontologies with ours -> consistent or not, and the hierarchy that the product ships."""

from __future__ import annotations

from kg.reasoner.hermit import ReasonerFailedError, ReasonerMissingError, missing
from kg.reasoner.hierarchy import stale
from kg.reasoner.house import Offence, offences
from kg.reasoner.outside import CheckerMissingError, Failure, emmocheck, install
from kg.reasoner.run import Classified, classify, only_names, why

__all__ = [
    "CheckerMissingError",
    "Classified",
    "Failure",
    "Offence",
    "ReasonerFailedError",
    "ReasonerMissingError",
    "classify",
    "emmocheck",
    "install",
    "missing",
    "offences",
    "only_names",
    "stale",
    "why",
]
