"""A file of shells -> a graph of the store, and the graph -> the same environment."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pyoxigraph as ox

from kg import catalogue, model
from kg import ntriples as nt
from kg.aas.environment import Environment
from kg.aas.read import Read, read
from kg.aas.statements import stated
from kg.aas.triples import NAMESPACES, environment_of, ids, triples
from kg.iri import file_iri
from kg.store import Store

_SOURCE = ox.NamedNode(model.DERIVED_FROM)


def keep(store: Store, path: Path, metamodel: str = "") -> Read:
    """Put the environment of a file into the graph of this file, in place of what was there.

    What it states of things by semantic ids that are known goes into the same graph, in the graph model.
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
    said = stated(found.environment)
    found.findings += [f"{path}: {finding}" for finding in said.findings]
    found.things = len(said.things)
    source = [ox.Triple(ox.NamedNode(thing), _SOURCE, ox.NamedNode(graph)) for thing in said.things]
    known = triples(found.environment, graph, found.version)
    kinds = {kind for thing in said.things if (kind := _kind(store.base, thing))}
    text = nt.write([*known, *said.triples, *source])
    store.replace(graph, text, catalogue.ntriples(replace(entry, kinds=kinds)))
    return found


def _kind(base: str, thing: str) -> str:
    """Return the word after the base in the IRI of a thing."""
    return thing.removeprefix(base).partition("/")[0] if thing.startswith(base) else ""


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
