"""A resolved header -> what machines are told of it."""

from __future__ import annotations

from typing import Any

from kg.resolve.rank import Resolution
from kg.terms import Vocabulary


def record(known: Vocabulary, each: Resolution) -> dict[str, Any]:
    """Return a header with its verdict and its candidates, the best first."""
    return {
        "name": each.name,
        "verdict": each.verdict,
        "reason": each.reason,
        "unit": each.unit,
        "unit_iri": each.unit_iri,
        "qualifiers": list(each.qualifiers),
        "candidates": [
            {
                "term": c.term.qualified,
                "iri": c.term.iri,
                "score": c.score,
                "reason": c.reason,
                "canonical_unit": unit.name if (unit := known.canonical_unit(c.term.iri)) else None,
            }
            for c in each.candidates
        ],
    }
