"""Triples -> what SHACL finds wrong with them. The shapes are files; pySHACL is the engine."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import pyoxigraph as ox
import pyshacl
import rdflib
from rdflib.namespace import RDF, RDFS, SH

from kg.errors import Fault, FaultsError
from kg.resources import PACKAGE
from kg.sift import Rules, read_rules, sift
from kg.terms import Vocabulary, vocabulary

Scope = Literal["record", "line"]
"""`record`: rules on one value or one row, checked before it is stored; `line`: rules across records."""

_LINE = "line_"


@dataclass(frozen=True)
class Result:
    """One result of SHACL: the node, the path and the value that break a rule."""

    focus: str
    path: str
    value: str
    rule: str
    severity: Literal["Violation", "Warning", "Info"]
    message: str


@functools.cache
def shapes(scope: Scope) -> rdflib.Graph:
    """Return the shapes of one scope: the files of `kg/shapes`, whose names begin with `line_` or do not.

    Raises FaultsError where a file is no Turtle.
    """
    graph = rdflib.Graph()
    faults = []
    for path in sorted((PACKAGE / "shapes").glob("*.ttl")):
        if path.name.startswith(_LINE) != (scope == "line"):
            continue
        try:
            graph.parse(path, format="turtle")
        except Exception as error:  # rdflib raises many kinds for text that is no Turtle
            faults.append(Fault(path.name, 0, f"this is not Turtle: {error}"))
    if faults:
        raise FaultsError(faults)
    return graph


@functools.cache
def digest() -> str:
    """Return the sha256 of all shapes; a file is checked again when it changes."""
    texts = (path.read_bytes() for path in sorted((PACKAGE / "shapes").glob("*.ttl")))
    return hashlib.sha256(b"".join(texts)).hexdigest()


def _data_graph(triples: Iterable[ox.Triple], words: Vocabulary) -> rdflib.Graph:
    graph = rdflib.Graph()
    data = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES)
    graph.parse(data=data, format="nt")
    # Shapes may target a superclass; only the ancestors of the classes at hand are needed for that.
    for type_ in set(graph.objects(None, RDF.type)):
        for ancestor in words.ancestors(str(type_)):
            for parent in words.term(ancestor).parents:
                graph.add((rdflib.URIRef(ancestor), RDFS.subClassOf, rdflib.URIRef(parent)))
    return graph


def _text(node: rdflib.term.Node | None) -> str:
    return "" if node is None else str(node)


@functools.cache
def _rules(scope: Scope) -> Rules:
    return read_rules(shapes(scope), vocabulary())


def validate(triples: Iterable[ox.Triple], scope: Scope, *, sifted: bool = True) -> list[Result]:
    """Return what the shapes of a scope find in some triples, in a fixed order.

    `sifted` takes quantities that surely keep all rules out before the engine runs; the findings are the same.
    """
    rules = shapes(scope)
    if not len(rules):
        return []
    clean: set[str] = set()
    if sifted:
        triples, clean = sift(triples, _rules(scope), vocabulary())
    data = _data_graph(triples, vocabulary())
    _, report, _ = pyshacl.validate(data, shacl_graph=rules, inference="none", meta_shacl=False)
    assert isinstance(report, rdflib.Graph)
    results = []
    for node in report.subjects(RDF.type, SH.ValidationResult):
        severity = _text(report.value(node, SH.resultSeverity)).rsplit("#", 1)[-1]
        assert severity in ("Violation", "Warning", "Info")
        focus = _text(report.value(node, SH.focusNode))
        if focus in clean:
            continue  # only its links were left for the engine, so it seems to lack the rest
        results.append(
            Result(
                focus=focus,
                path=_text(report.value(node, SH.resultPath)),
                value=_text(report.value(node, SH.value)),
                rule=_text(report.value(node, SH.sourceShape)),
                severity=severity,
                message=_text(report.value(node, SH.resultMessage)),
            )
        )
    return sorted(results, key=lambda result: (result.focus, result.rule, result.value))
