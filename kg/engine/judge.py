"""Suspects -> the part of the graph that their shapes look at, on which pySHACL decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl
import pyoxigraph as ox
import rdflib
from rdflib.namespace import SH

from kg.engine.columns import Columns, iri_hash
from kg.engine.shapes import TARGETS, Shape


def excerpt_graph(
    columns: Columns, suspects: Mapping[Shape, pl.Series]
) -> tuple[rdflib.Graph, dict[str, list[rdflib.term.Node]]]:
    """Return the triples that shapes look at from their suspects, and the suspects by their shape."""
    triples = pl.concat([excerpt(columns, nodes, shape) for shape, nodes in suspects.items()]).unique()
    names = columns.named(pl.concat(list(suspects.values())).unique())
    targets = {text for shape in suspects for kind, text in shape.targets if kind == "node"}
    names |= {iri_hash(iri): f"<{iri}>" for iri in targets}
    nodes = {hash_: _term(text) for hash_, text in names.items()}
    focus = {shape.node: [nodes[hash_] for hash_ in found] for shape, found in suspects.items()}
    return graph_of(texts_of(columns, triples)), focus


def _term(text: str) -> rdflib.term.Node:
    (quad,) = ox.parse(f"<x:s> <x:p> {text} .".encode(), format=ox.RdfFormat.N_TRIPLES)
    return node_of(quad.object)


def excerpt(columns: Columns, nodes: pl.Series, shape: Shape) -> pl.DataFrame:
    """Return the triples (s, p, o) that a shape looks at from some nodes."""
    steps = [(iri_hash(predicate), inverse) for predicate, inverse in shape.steps()]
    found = []
    edge, seen = nodes, nodes
    for _ in range(shape.depth()):
        ends = []
        for predicate, inverse in steps:
            near, far = ("o", "s") if inverse else ("s", "o")
            here = columns.of(predicate).filter(pl.col(near).is_in(edge.implode()))
            found.append(here.select("s", pl.lit(predicate, pl.UInt64).alias("p"), "o"))
            ends.append(here[far])
        reached = pl.concat(ends).unique() if ends else nodes.clear()
        edge = reached.filter(~reached.is_in(seen.implode()))
        if edge.is_empty():
            break
        seen = pl.concat([seen, edge])
    return pl.concat(found).unique() if found else pl.DataFrame(schema=dict.fromkeys("spo", pl.UInt64))


def texts_of(columns: Columns, triples: pl.DataFrame) -> str:
    """Return triples of hashes as N-Triples."""
    hashes = pl.concat([triples["s"], triples["o"]]).unique()
    names = columns.named([*hashes, *triples["p"].unique()])
    return "".join(
        f"{names[s]} {names[p]} {names[o]} .\n" for s, p, o in triples.select("s", "p", "o").iter_rows()
    )


def node_of(term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> rdflib.term.Node:
    """Return a term of oxigraph as one of rdflib; blank nodes keep their labels."""
    if isinstance(term, ox.NamedNode):
        return rdflib.URIRef(term.value)
    if isinstance(term, ox.BlankNode):
        return rdflib.BNode(term.value)
    if isinstance(term, ox.Triple):
        raise TypeError("a triple about a triple has no place in the graphs that are judged")
    if term.language:
        return rdflib.Literal(term.value, lang=term.language)
    plain = term.datatype.value == str(rdflib.XSD.string)
    return rdflib.Literal(term.value, datatype=None if plain else rdflib.URIRef(term.datatype.value))


def graph_of(text: str) -> rdflib.Graph:
    """Return N-Triples as a graph of rdflib."""
    graph = rdflib.Graph()
    for quad in ox.parse(text.encode(), format=ox.RdfFormat.N_TRIPLES):
        graph.add((node_of(quad.subject), node_of(quad.predicate), node_of(quad.object)))
    return graph


def shapes_for(graph: rdflib.Graph, suspects: Mapping[str, Iterable[rdflib.term.Node]]) -> rdflib.Graph:
    """Return the shapes with suspects, which are their only targets, and all that they refer to."""
    found = rdflib.Graph()
    # Messages that pySHACL makes up itself shorten IRIs by the prefixes of the shapes.
    for prefix, namespace in graph.namespaces():
        found.bind(prefix, namespace)
    todo: list[rdflib.term.Node] = [rdflib.URIRef(shape) for shape in suspects]
    done: set[rdflib.term.Node] = set()
    while todo:
        node = todo.pop()
        if node in done or isinstance(node, rdflib.Literal):
            continue
        done.add(node)
        for _, predicate, value in graph.triples((node, None, None)):
            if predicate not in TARGETS:
                found.add((node, predicate, value))
                todo.append(value)
    for shape, nodes in suspects.items():
        for focus in nodes:
            found.add((rdflib.URIRef(shape), SH.targetNode, focus))
    return found
