"""A class -> its members, by the hierarchy that the reasoner classified, when somebody asks."""

from __future__ import annotations

import pyoxigraph as ox

from kg import model
from kg.store import Store, holds_records
from kg.terms import vocabulary


def instances(store: Store, class_iri: str) -> list[str]:
    """Return the things of the records of a class, and of all classes that stand under it, sorted by IRI.

    The links are those that the vocabulary states and those that HermiT inferred, over equivalences as well.
    """
    link = ox.NamedNode(model.RDF_TYPE)
    found: set[str] = set()
    for iri in vocabulary().descendants(class_iri):
        quads = store.db.quads_for_pattern(None, link, ox.NamedNode(iri), None)
        found |= {
            quad.subject.value
            for quad in quads
            if isinstance(quad.subject, ox.NamedNode)
            and isinstance(quad.graph_name, ox.NamedNode)
            and holds_records(quad.graph_name.value)
        }
    return sorted(found)
