"""A file of shells -> a graph of the store, and the graph -> the same environment."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyoxigraph as ox

from kg import catalogue
from kg import ntriples as nt
from kg.aas.environment import Environment
from kg.aas.read import Read, read
from kg.aas.triples import NAMESPACES, environment_of, ids, triples
from kg.iri import file_iri
from kg.store import Store


def keep(store: Store, path: Path, metamodel: str = "") -> Read:
    """Put the environment of a file into the graph of this file, in place of what was there.

    Raises KgError where nothing can be read; then nothing is changed.
    """
    found = read(path, metamodel)
    graph = file_iri(store.base, path.name)
    entry = catalogue.Entry(
        graph=graph,
        name=path.name,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        outcome="loaded",
        folder=str(path.resolve().parent),
        mapping=f"AAS {found.version}",
        read=len(ids(found.environment)),
        loaded=len(ids(found.environment)),
    )
    text = nt.write(triples(found.environment, graph, found.version))
    store.replace(graph, text, catalogue.ntriples(entry))
    return found


def kept(store: Store, name: str) -> tuple[Environment, str] | None:
    """Return the environment from a file, or the one that holds what has an id, and its metamodel."""
    graph = _graph(store, name)
    if graph is None:
        return None
    found = [quad.triple for quad in store.db.quads_for_pattern(None, None, None, graph)]
    return environment_of(found, graph.value)


def _graph(store: Store, name: str) -> ox.NamedNode | None:
    for ns in NAMESPACES.values():
        graph = ox.NamedNode(file_iri(store.base, name))
        typed = store.db.quads_for_pattern(graph, None, ox.NamedNode(ns + "Environment"), graph)
        if next(iter(typed), None):
            return graph
        named = store.db.quads_for_pattern(None, ox.NamedNode(ns + "Identifiable/id"), ox.Literal(name), None)
        graphs = sorted({quad.graph_name.value for quad in named})  # type: ignore[union-attr]
        if graphs:
            return ox.NamedNode(graphs[0])
    return None
