"""Triples -> what SHACL finds wrong with them. The shapes are files; pySHACL is the reference."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import pyoxigraph as ox
import rdflib
from rdflib.namespace import RDF, RDFS, SH

from kg import ntriples
from kg.engine import judge
from kg.engine.columns import Columns, NotColumnsError, TextTest, read
from kg.engine.screens import Screens, make_ready
from kg.engine.shapes import Compiled, compile_shapes
from kg.errors import Fault, FaultsError
from kg.findings import Severity
from kg.resources import PACKAGE
from kg.setquery import SetQuery, run, split
from kg.terms import Vocabulary, vocabulary

Scope = Literal["record", "line"]
"""`record`: rules on one value or one row, checked before it is stored; `line`: rules across records."""

Engine = Literal["compiled", "pyshacl"]
"""`compiled`: screens over columns, then pySHACL for what they do not clear; `pyshacl`: pySHACL for all."""

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
    _add_ancestors(graph, words)
    return graph


def _add_ancestors(graph: rdflib.Graph, words: Vocabulary) -> None:
    # Shapes may target a superclass; only the ancestors of the classes at hand are needed for that.
    for type_ in set(graph.objects(None, RDF.type)):
        for ancestor in words.ancestors(str(type_)):
            if ancestor not in words:  # a class of schema.org or PROV, say
                continue
            for parent in words.term(ancestor).parents:
                graph.add((rdflib.URIRef(ancestor), RDFS.subClassOf, rdflib.URIRef(parent)))


def _text(node: rdflib.term.Node | None) -> str:
    return "" if node is None else str(node)


def _number(text: str) -> str:
    """Return a value with a number in its shortest form: engines write 13, 13.0 and 1.3E1 for the same."""
    try:
        return f"{float(text):.15g}"
    except ValueError:
        return text


@functools.cache
def _individuals() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for term in vocabulary():
        for parent in term.parents if term.kind == "individual" else ():
            found.setdefault(parent, set()).add(term.iri)
    return found


@functools.cache
def below(iri: str) -> list[str]:
    """Return the IRIs of a class and of those below it, by the order that `_data_graph` gives to pySHACL."""
    words = vocabulary()
    return sorted(
        {iri}
        | _individuals().get(iri, set())
        | {name for name in words.descendants(iri) if _reaches(name, iri, words)}
    )


def _reaches(name: str, iri: str, words: Vocabulary) -> bool:
    known = words.ancestors(name)
    todo, seen = [name], {name}
    while todo and iri not in seen:
        here = todo.pop()
        for parent in words.term(here).parents if here in known and here in words else ():
            if parent not in seen:
                seen.add(parent)
                todo.append(parent)
    return iri in seen


@dataclass(frozen=True)
class Plan:
    """How a shapes graph is checked: by screens and set queries, and the rest by pySHACL alone."""

    graph: rdflib.Graph
    compiled: Compiled
    queries: tuple[SetQuery, ...]

    @functools.cached_property
    def tests(self) -> tuple[TextTest, ...]:
        """Return the tests of texts that are run while triples are turned into columns."""
        return self.compiled.tests()

    def columns(self, text: str) -> Columns:
        """Return N-Triples as columns. Raises NotColumnsError where they say what columns do not show."""
        return read(text, self.compiled.predicates(), self.tests)


def plan_of(graph: rdflib.Graph) -> Plan:
    """Return how the shapes of a graph are checked."""
    rest, queries = split(graph, below)
    compiled = compile_shapes(rest)
    make_ready(compiled.shapes, below)
    return Plan(graph, compiled, tuple(queries))


@functools.cache
def plan(scope: Scope) -> Plan:
    """Return how the shapes of a scope are checked."""
    return plan_of(shapes(scope))


def engines(scope: Scope) -> dict[str, str]:
    """Return for each rule by what it is checked: `columns`, `set query`, or `pySHACL` and why."""
    told = plan(scope)
    found = {shape.node: "columns" for shape in told.compiled.shapes if shape.components}
    found |= {query.shape: "set query" for query in told.queries}
    found |= {node: f"pySHACL: {reason}" for node, reason in told.compiled.reasons.items()}
    return dict(sorted(found.items()))


def validate(triples: Iterable[ox.Triple], scope: Scope, *, engine: Engine = "compiled") -> list[Result]:
    """Return what the shapes of a scope find in some triples, in a fixed order.

    Both engines find the same; see docs/explanation/validation.md.
    """
    return validate_by(plan(scope), triples, engine=engine)


def validate_by(told: Plan, triples: Iterable[ox.Triple], *, engine: Engine = "compiled") -> list[Result]:
    """Return what the shapes of a plan find in some triples, in a fixed order."""
    if not len(told.graph):
        return []
    if engine == "pyshacl":
        return _told_once(_by_engine(triples, told.graph))
    triples = list(triples)
    try:
        columns = told.columns(ntriples.write(triples))
    except NotColumnsError:
        return _told_once(_by_engine(triples, told.graph))
    data = ox.Store()
    if told.queries:
        data.extend(ox.Quad(triple.subject, triple.predicate, triple.object) for triple in triples)
    return validate_columns(told, columns, data, lambda: triples)


def validate_columns(
    told: Plan, columns: Columns, data: ox.Store, triples: Callable[[], Iterable[ox.Triple]]
) -> list[Result]:
    """Return what the shapes of a plan find in columns and in the store that they were made from.

    `triples` gives all triples; it is called where a shape is known to pySHACL alone.
    """
    results = [*_by_queries(data, told.queries), *_by_screens(told, columns)]
    if told.compiled.reasons:
        results += _by_engine(triples(), told.compiled.rest)
    return _told_once(results)


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


def _by_engine(triples: Iterable[ox.Triple], rules: rdflib.Graph) -> Iterator[Result]:
    return _by_pyshacl(_data_graph(triples, vocabulary()), rules)


def _by_pyshacl(data: rdflib.Graph, rules: rdflib.Graph) -> Iterator[Result]:
    import pyshacl  # its import takes longer than most checks

    _, report, _ = pyshacl.validate(data, shacl_graph=rules, inference="none", meta_shacl=False)
    assert isinstance(report, rdflib.Graph)
    for node in report.subjects(RDF.type, SH.ValidationResult):
        yield Result(
            focus=_text(report.value(node, SH.focusNode)),
            path=_text(report.value(node, SH.resultPath)),
            value=_number(_text(report.value(node, SH.value))),
            rule=_text(report.value(node, SH.sourceShape)),
            severity=_severity(_text(report.value(node, SH.resultSeverity)).rsplit("#", 1)[-1]),
            message=_text(report.value(node, SH.resultMessage)),
        )


def _by_screens(told: Plan, columns: Columns) -> Iterator[Result]:
    """Return what pySHACL finds at the nodes that no screen clears."""
    screens = Screens(columns, below)
    suspects = screens.all(told.compiled.shapes)
    if not suspects:
        return
    data, focus = judge.excerpt_graph(columns, suspects)
    _add_ancestors(data, vocabulary())
    yield from _by_pyshacl(data, judge.shapes_for(told.compiled.graph, focus))


def _by_queries(data: ox.Store, queries: Iterable[SetQuery]) -> Iterator[Result]:
    for query in queries:
        for focus, value in run(query, data):
            yield Result(focus, "", _number(value), query.shape, _severity(query.severity), query.message)


def _severity(text: str) -> Severity:
    severities: dict[str, Severity] = {"Violation": "Violation", "Warning": "Warning", "Info": "Info"}
    return severities[text]
