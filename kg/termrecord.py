"""A term of the vocabulary -> what machines are told of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pyoxigraph as ox

from kg.model import RDF_TYPE
from kg.store import Store
from kg.terms import Term, Vocabulary
from kg.usage import Usage, usages


def unit_name(known: Vocabulary, term: Term) -> str:
    """Return the unit of a term, or the name of a unit; empty where it has none."""
    found = known.units.get(term.iri) or known.canonical_unit(term.iri)
    return found.name if found else ""


def record(known: Vocabulary, term: Term) -> dict[str, Any]:
    """Return what the vocabulary says of a term."""
    return {
        "iri": term.iri,
        "label": term.label,
        "kind": term.kind,
        "source": term.source,
        "meaning": term.meaning,
        "alt": list(term.alt),
        "german": list(term.german),
        "hidden": list(term.hidden),
        "examples": list(term.examples),
        "parents": list(term.parents),
        "unit": unit_name(known, term) or None,
        "dimension": known.dimension(term.iri),
        "close": list(term.close),
        "sources": list(term.sources),
        "deprecated": term.deprecated,
        "replaced_by": term.replaced_by,
    }


def page(known: Vocabulary, term: Term, store: Store | None) -> dict[str, Any]:
    """Return all that is known of a term: what is below it, where it is used, and how often in a store."""
    below = known.descendants(term.iri) - {term.iri}
    use = asdict(usages().get(term.iri, Usage()))
    return record(known, term) | {"below": sorted(below), **use, "used": used(term, store)}


def used(term: Term, store: Store | None) -> int | None:
    """Return how many things in the store are of this class; None where there is no store."""
    if store is None:
        return None
    quads = store.db.quads_for_pattern(None, ox.NamedNode(RDF_TYPE), ox.NamedNode(term.iri), None)
    return len({quad.subject for quad in quads})
