"""Triples -> the same without the quantities that surely keep every rule, so that SHACL has less to read.

Nine triples in ten belong to quantities, and most rules on them are bounds on their number and unit.
Those are checked here, over all quantities at once; what keeps its bounds is taken out before the engine
runs.
What does not, and all that other kinds of rules speak of, stays: findings come from the engine alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pyoxigraph as ox
import rdflib
from rdflib.collection import Collection
from rdflib.namespace import RDF, SH, XSD

from kg import model
from kg.terms import Vocabulary

_NUMBER = rdflib.URIRef(model.HAS_NUMBER_VALUE)
_PART = rdflib.URIRef(model.HAS_NUMERICAL_PART)
_UNIT = rdflib.URIRef(model.HAS_UNIT)
_LINKS = (rdflib.URIRef(model.HAS_PROPERTY), rdflib.URIRef(model.HAS_PROCESS_PARAMETER))

_TARGETS = (SH.targetClass, SH.targetObjectsOf, SH.targetSubjectsOf, SH.targetNode)
_SAID = {SH.path, SH.severity, SH.message, SH.name, SH.description, SH.order, SH.group, RDF.type, *_TARGETS}
_BOUNDS: dict[rdflib.term.Node, Callable[[float, float], bool]] = {
    SH.minInclusive: lambda number, bound: number >= bound,
    SH.minExclusive: lambda number, bound: number > bound,
    SH.maxInclusive: lambda number, bound: number <= bound,
    SH.maxExclusive: lambda number, bound: number < bound,
}


@dataclass
class Rules:
    """What the shapes ask of quantities, by class: bounds of the number, and the unit.

    `patterns` are those that every number keeps.
    Quantities of the classes in `kept` stay, since rules of other kinds speak of them.
    """

    bounds: dict[str, list[tuple[Callable[[float, float], bool], float]]]
    units: dict[str, set[str]]
    kept: set[str]
    links: bool
    patterns: list[re.Pattern[str]]


def _count(shape: rdflib.term.Node, shapes: rdflib.Graph, predicate: rdflib.term.Node) -> int | None:
    found = shapes.value(shape, predicate)
    return None if found is None else int(str(found))


def _simple(shape: rdflib.term.Node, shapes: rdflib.Graph) -> bool:
    """Return whether a shape asks no more of quantities than what `sift` looks at itself."""
    path = shapes.value(shape, SH.path)
    said = set(shapes.predicates(shape)) - _SAID - {SH.minCount, SH.maxCount}
    least, most = _count(shape, shapes, SH.minCount) or 0, _count(shape, shapes, SH.maxCount)
    # What is taken out has one number, one unit and two classes.
    there = 2 if path == RDF.type else 1
    if least > there or (most is not None and most < there):
        return False
    if any(kind != XSD.double for kind in shapes.objects(shape, SH.datatype)):
        return False
    targets = {target for predicate in _TARGETS for target in shapes.objects(shape, predicate)}
    classes = set(shapes.objects(shape, SH.targetClass))
    if path == RDF.type:
        return not said and targets <= set(_LINKS)
    if path == _UNIT:
        return said <= {SH.hasValue} and (targets == classes or not said)
    if path == _NUMBER:
        return said <= {SH.datatype, SH.pattern} and targets == {_PART}
    if isinstance(path, rdflib.BNode) and list(Collection(shapes, path)) == [_PART, _NUMBER]:
        return said <= {*_BOUNDS, SH.datatype} and (targets == classes or said <= {SH.datatype})
    return False


def _mentioned(shape: rdflib.term.Node, shapes: rdflib.Graph) -> set[str]:
    """Return the IRIs in a shape and in what hangs on it, and the texts of its SPARQL."""
    found: set[str] = set()
    todo, done = [shape], set()
    while todo:
        node = todo.pop()
        if node in done:
            continue
        done.add(node)
        for _, predicate, value in shapes.triples((node, None, None)):
            if predicate not in (SH.message, SH.severity):
                found.add(str(value))
                todo.append(value)
    return found


def read_rules(shapes: rdflib.Graph, words: Vocabulary) -> Rules:
    """Return what the shapes ask of quantities.

    A rule of another kind that speaks of quantities names their classes, in the shape or in its SPARQL;
    that is a rule of the house, and the quantities of those classes stay.
    """
    rules = Rules({}, {}, set(), False, [])
    texts: set[str] = set()
    for shape in {subject for target in _TARGETS for subject in shapes.subjects(target)}:
        if not _simple(shape, shapes):
            texts |= _mentioned(shape, shapes)
            continue
        rules.patterns += [re.compile(str(pattern)) for pattern in shapes.objects(shape, SH.pattern)]
        for class_ in shapes.objects(shape, SH.targetClass):
            for predicate, test in _BOUNDS.items():
                for bound in shapes.objects(shape, predicate):
                    rules.bounds.setdefault(str(class_), []).append((test, float(str(bound))))
            for unit in shapes.objects(shape, SH.hasValue):
                rules.units.setdefault(str(class_), set()).add(str(unit))
    said = "\n".join(texts)
    rules.links = any(str(link).rpartition("#")[2] in said for link in _LINKS)
    rules.kept = {
        term.iri
        for term in words
        if term.kind == "class" and (term.iri in texts or _in_sparql(term.iri, said))
    }
    return rules


def _in_sparql(iri: str, said: str) -> bool:
    name = iri.rpartition("#")[2] or iri.rpartition("/")[2]
    place = said.find(f":{name}")
    while place >= 0:
        after = said[place + len(name) + 1 : place + len(name) + 2]
        if not (after.isalnum() or after in ("_", "-")):
            return True
        place = said.find(f":{name}", place + 1)
    return False


def _iri(node: ox.NamedNode | ox.BlankNode | ox.Triple) -> str:
    return "" if isinstance(node, ox.Triple) else node.value


class _Quantities:
    """What triples say of quantities."""

    def __init__(self, triples: Iterable[ox.Triple]) -> None:
        self.triples = list(triples)
        self.types: dict[str, list[str]] = {}
        self.units: dict[str, list[str]] = {}
        self.parts: dict[str, list[str]] = {}
        self.numbers: dict[str, list[ox.Literal]] = {}
        tables = {
            model.RDF_TYPE: self.types,
            model.HAS_UNIT: self.units,
            model.HAS_NUMERICAL_PART: self.parts,
        }
        for triple in self.triples:
            predicate, value = triple.predicate.value, triple.object
            if predicate in tables and isinstance(value, ox.NamedNode):
                tables[predicate].setdefault(_iri(triple.subject), []).append(value.value)
            elif predicate == model.HAS_NUMBER_VALUE and isinstance(value, ox.Literal):
                self.numbers.setdefault(_iri(triple.subject), []).append(value)

    def number(self, quantity: str, patterns: list[re.Pattern[str]]) -> float | None:
        """Return the number of a quantity, where it has exactly one, finite and in form, and one unit."""
        parts = self.parts[quantity]
        if len(parts) != 1 or len(self.units.get(quantity, ())) != 1:
            return None
        literals = self.numbers.get(parts[0], ())
        if len(literals) != 1 or literals[0].datatype.value != model.XSD + "double":
            return None
        if not all(pattern.search(literals[0].value) for pattern in patterns):
            return None
        try:
            number = float(literals[0].value)
        except ValueError:
            return None
        return number if math.isfinite(number) else None


def sift(triples: Iterable[ox.Triple], rules: Rules, words: Vocabulary) -> tuple[list[ox.Triple], set[str]]:
    """Return the triples without the quantities that keep all rules, and the IRIs of those quantities."""
    said = _Quantities(triples)
    above: dict[str, frozenset[str]] = {}
    clean: set[str] = set()
    for quantity in said.parts:
        number = said.number(quantity, rules.patterns)
        types = said.types.get(quantity, [])
        terms = [type_ for type_ in types if type_ not in model.VALUE_KINDS.values()]
        if number is None or len(types) != 2 or len(terms) != 1:
            continue
        if terms[0] not in above:
            above[terms[0]] = words.ancestors(terms[0])
        classes = above[terms[0]]
        if rules.kept & classes:
            continue
        unit = said.units[quantity][0]
        if all(
            test(number, bound) for class_ in classes for test, bound in rules.bounds.get(class_, ())
        ) and all(rules.units[class_] <= {unit} for class_ in classes if class_ in rules.units):
            clean.add(quantity)
    gone = clean | {said.parts[quantity][0] for quantity in clean}
    kept = [
        triple
        for triple in said.triples
        if _iri(triple.subject) not in gone
        and (rules.links or not isinstance(triple.object, ox.NamedNode) or triple.object.value not in gone)
    ]
    return kept, clean
