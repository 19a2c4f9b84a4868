"""Triples -> what SHACL finds wrong with them. The shapes are files; pySHACL is the engine."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import pyoxigraph as ox
import pyshacl
import rdflib
from rdflib.namespace import RDF, RDFS, SH

from kg import ntriples
from kg.errors import Fault, FaultsError
from kg.findings import Severity
from kg.resources import PACKAGE, vocabulary_files
from kg.setquery import SetQuery, run, split
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
    severity: Severity
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
    graph.parse(data=ntriples.write(triples), format="nt")
    # Shapes may target a superclass; only the ancestors of the classes at hand are needed for that.
    for type_ in set(graph.objects(None, RDF.type)):
        for ancestor in words.ancestors(str(type_)):
            if ancestor not in words:  # a class of schema.org or PROV, say
                continue
            for parent in words.term(ancestor).parents:
                graph.add((rdflib.URIRef(ancestor), RDFS.subClassOf, rdflib.URIRef(parent)))
    return graph


def _text(node: rdflib.term.Node | None) -> str:
    return "" if node is None else str(node)


def _number(text: str) -> str:
    """Return a value with a number in its shortest form: engines write 13, 13.0 and 1.3E1 for the same."""
    try:
        return f"{float(text):.15g}"
    except ValueError:
        return text


@functools.cache
def _compiled(scope: Scope) -> tuple[rdflib.Graph, list[SetQuery], Rules]:
    rest, queries = split(shapes(scope))
    return rest, queries, read_rules(rest, vocabulary())


def validate(triples: Iterable[ox.Triple], scope: Scope, *, plain: bool = False) -> list[Result]:
    """Return what the shapes of a scope find in some triples, in a fixed order.

    SPARQL constraints run as set queries, and quantities that surely keep all rules are taken out
    before pySHACL runs; `plain` gives pySHACL everything. The findings are the same.
    """
    if not len(shapes(scope)):
        return []
    if plain:
        return _told_once(_by_engine(triples, shapes(scope), set()))
    rules, queries, bounds = _compiled(scope)
    triples = list(triples)
    results = _by_queries(triples, queries)
    kept, clean = sift(triples, bounds, vocabulary())
    return _told_once([*results, *_by_engine(kept, rules, clean)])


def _told_once(results: Iterable[Result]) -> list[Result]:
    """Return results in order, without the doubts about a value that is known to be wrong."""
    found = list(results)
    wrong = {(result.focus, result.value) for result in found if result.severity == "Violation"}
    told = [
        result
        for result in found
        if result.severity == "Violation" or (result.focus, result.value) not in wrong
    ]
    return sorted(told, key=lambda result: (result.focus, result.rule, result.value))


def _by_engine(triples: Iterable[ox.Triple], rules: rdflib.Graph, clean: set[str]) -> Iterator[Result]:
    data = _data_graph(triples, vocabulary())
    _, report, _ = pyshacl.validate(data, shacl_graph=rules, inference="none", meta_shacl=False)
    assert isinstance(report, rdflib.Graph)
    for node in report.subjects(RDF.type, SH.ValidationResult):
        focus = _text(report.value(node, SH.focusNode))
        # Of the clean ones only the links were left for the engine, so they seem to lack the rest.
        if focus not in clean:
            yield Result(
                focus=focus,
                path=_text(report.value(node, SH.resultPath)),
                value=_number(_text(report.value(node, SH.value))),
                rule=_text(report.value(node, SH.sourceShape)),
                severity=_severity(_text(report.value(node, SH.resultSeverity)).rsplit("#", 1)[-1]),
                message=_text(report.value(node, SH.resultMessage)),
            )


def _by_queries(triples: list[ox.Triple], queries: list[SetQuery]) -> list[Result]:
    if not queries:
        return []
    data = ox.Store()
    data.extend(ox.Quad(triple.subject, triple.predicate, triple.object) for triple in triples)
    for path in vocabulary_files():
        data.load(path=path)
    return [
        Result(focus, "", _number(value), query.shape, _severity(query.severity), query.message)
        for query in queries
        for focus, value in run(query, data)
    ]


def _severity(text: str) -> Severity:
    severities: dict[str, Severity] = {"Violation": "Violation", "Warning": "Warning", "Info": "Info"}
    return severities[text]
