"""A shapes graph -> shapes that screens can be run for, and those that only pySHACL knows.

Whatever a shape uses that is not listed here makes it one for pySHACL, with the reason.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TypeVar

import rdflib
from rdflib.collection import Collection
from rdflib.exceptions import UniquenessError
from rdflib.namespace import OWL, RDF, RDFS, SH, XSD

from kg.engine.columns import BLANK, IRI, LITERAL, TYPES, TextTest

Node = rdflib.term.Node
Step = tuple[str, bool]
"""A predicate, and whether it is followed from object to subject."""
Path = tuple[tuple[Step, ...], ...]
"""The ways of a path: its alternatives, each a sequence of steps."""

TARGETS = (SH.targetClass, SH.targetObjectsOf, SH.targetSubjectsOf, SH.targetNode)
_SAID = {SH.path, SH.severity, SH.message, SH.name, SH.description, SH.order, SH.group, SH.defaultValue}
_KINDS: dict[Node, frozenset[int]] = {
    SH.IRI: frozenset({IRI}),
    SH.BlankNode: frozenset({BLANK}),
    SH.Literal: frozenset({LITERAL}),
    SH.BlankNodeOrIRI: frozenset({BLANK, IRI}),
    SH.BlankNodeOrLiteral: frozenset({BLANK, LITERAL}),
    SH.IRIOrLiteral: frozenset({IRI, LITERAL}),
}
_NUMBERS = (XSD.double, XSD.decimal, XSD.integer)


_T = TypeVar("_T")
_Places = frozenset[tuple[str, str]]


class UnknownError(Exception):
    """A shape uses what the compiler does not know."""


@dataclass(frozen=True)
class Bound:
    """A value is above (`low`) or below a number, or is the number itself where that is `allowed`.

    A bound between two doubles is not `exact`.
    """

    number: float
    low: bool
    allowed: bool
    exact: bool = True


@dataclass(frozen=True)
class Datatype:
    """A value is a well-formed literal of a datatype; see `columns.TYPES`."""

    type: int


@dataclass(frozen=True)
class Kind:
    """A value is of one of some kinds of terms."""

    kinds: frozenset[int]


@dataclass(frozen=True)
class Text:
    """The text of a value passes a test."""

    test: TextTest


@dataclass(frozen=True)
class In:
    """A value is one of some terms, given as N-Triples."""

    terms: tuple[str, ...]


@dataclass(frozen=True)
class Has:
    """One of the values is this term, given as N-Triples."""

    term: str


@dataclass(frozen=True)
class Count:
    """There are at least `least` and at most `most` values."""

    least: int
    most: float


@dataclass(frozen=True)
class Class:
    """A value is of a class or of one below it."""

    iri: str


@dataclass(frozen=True)
class Pair:
    """Values stand in a relation to those of another predicate: `less`, `most`, `apart`, `same`."""

    relation: str
    predicate: str


@dataclass(frozen=True)
class Sub:
    """A value conforms to all (or, for `any`, to one) of some shapes."""

    shapes: tuple[Shape, ...]
    any: bool = False


@dataclass(frozen=True)
class Qualified:
    """At least `least` and at most `most` of the values conform to a shape."""

    shape: Shape
    least: int
    most: float


Component = Bound | Datatype | Kind | Text | In | Has | Count | Class | Pair | Sub | Qualified


@dataclass(frozen=True)
class Shape:
    """A compiled shape: `path` is None for a node shape; targets are pairs of a kind and an IRI."""

    node: str
    path: Path | None
    components: tuple[Component, ...]
    targets: tuple[tuple[str, str], ...] = ()
    severity: str = "Violation"

    def parts(self) -> Iterator[Shape]:
        """Return the shape and all shapes in it."""
        yield self
        for component in self.components:
            if isinstance(component, Sub):
                for shape in component.shapes:
                    yield from shape.parts()
            elif isinstance(component, Qualified):
                yield from component.shape.parts()

    def depth(self) -> int:
        """Return how many triples lie between a focus node and the farthest node that is looked at."""
        own = max((len(way) for way in self.path), default=0) if self.path is not None else 0
        inner = max((shape.depth() for shape in self._inner()), default=0)
        return own + max(inner, 1)

    def _inner(self) -> Iterator[Shape]:
        for component in self.components:
            if isinstance(component, Sub):
                yield from component.shapes
            elif isinstance(component, Qualified):
                yield component.shape

    def steps(self) -> frozenset[Step]:
        """Return the predicates that are followed, in which direction."""
        found: set[Step] = set()
        for shape in self.parts():
            found |= {step for way in shape.path or () for step in way}
            for component in shape.components:
                if isinstance(component, Pair):
                    found.add((component.predicate, False))
                elif isinstance(component, Class):
                    found.add((str(RDF.type), False))
        return frozenset(found)


@dataclass(frozen=True)
class Compiled:
    """What a shapes graph was compiled into.

    `rest` holds the shapes that only pySHACL knows, with everything they refer to;
    `reasons` says why, by the IRI of the shape.
    """

    graph: rdflib.Graph
    shapes: tuple[Shape, ...]
    rest: rdflib.Graph
    reasons: dict[str, str]

    def predicates(self) -> frozenset[str]:
        """Return the predicates that the compiled shapes look at."""
        found = {step[0] for shape in self.shapes for step in shape.steps()}
        found |= {
            iri for shape in self.shapes for kind, iri in shape.targets if kind in ("subjects", "objects")
        }
        return frozenset(found)

    def tests(self) -> tuple[TextTest, ...]:
        """Return the tests of texts, each with all places of the terms that it is run on."""
        found = {
            component.test.name: component.test
            for shape in self.shapes
            for part in shape.parts()
            for component in part.components
            if isinstance(component, Text) and component.test.places
        }
        return tuple(found[name] for name in sorted(found))


def compile_shapes(graph: rdflib.Graph) -> Compiled:
    """Compile all shapes of a graph that have targets."""
    compiler = _Compiler(graph)
    shapes, reasons = [], {}
    for node in sorted({node for target in TARGETS for node in graph.subjects(target)}, key=str):
        try:
            shapes.append(compiler.shape(node, frozenset()))
        except UnknownError as error:
            reasons[str(node)] = str(error)
    implicit = [
        node
        for type_ in (RDFS.Class, OWL.Class)
        for node in graph.subjects(RDF.type, type_)
        if (node, RDF.type, SH.NodeShape) in graph or (node, RDF.type, SH.PropertyShape) in graph
    ]
    wide = [SH.ConstraintComponent, SH.SPARQLTargetType, SH.JSConstraint]
    if implicit or any((None, RDF.type, kind) in graph for kind in wide) or (None, SH.target, None) in graph:
        reason = "the shapes define classes, targets or constraint components of their own"
        return Compiled(graph, (), graph, {shape.node: reason for shape in shapes} | reasons)
    rest = rdflib.Graph()
    for prefix, namespace in graph.namespaces():
        rest.bind(prefix, namespace)
    if reasons:
        known = {rdflib.URIRef(shape.node) for shape in shapes}
        for subject, predicate, value in graph:
            if not (subject in known and predicate in TARGETS):
                rest.add((subject, predicate, value))
    return Compiled(graph, tuple(shapes), rest, reasons)


class _Compiler:
    def __init__(self, graph: rdflib.Graph) -> None:
        self.graph = graph
        self.inside: list[Node] = []
        self.tables: dict[Node, Callable[[Node, Node, _Places], Component | None]] = {
            SH.minInclusive: lambda _, value, __: self.bound(value, low=True, allowed=True),
            SH.minExclusive: lambda _, value, __: self.bound(value, low=True, allowed=False),
            SH.maxInclusive: lambda _, value, __: self.bound(value, low=False, allowed=True),
            SH.maxExclusive: lambda _, value, __: self.bound(value, low=False, allowed=False),
            SH.datatype: self.datatype,
            SH.nodeKind: lambda _, value, __: Kind(_known(_KINDS, value, "node kind")),
            SH.pattern: self.pattern,
            SH.minLength: lambda _, value, places: self.length(value, places, low=True),
            SH.maxLength: lambda _, value, places: self.length(value, places, low=False),
            SH["in"]: lambda _, value, __: In(tuple(self.term(node) for node in self.listed(value))),
            SH.hasValue: lambda _, value, __: Has(self.term(value)),
            SH.minCount: lambda _, value, __: Count(self.whole(value), math.inf),
            SH.maxCount: lambda _, value, __: Count(0, self.whole(value)),
            SH["class"]: lambda _, value, __: Class(self.iri(value)),
            SH.lessThan: lambda _, value, __: Pair("less", self.iri(value)),
            SH.lessThanOrEquals: lambda _, value, __: Pair("most", self.iri(value)),
            SH.disjoint: lambda _, value, __: Pair("apart", self.iri(value)),
            SH.equals: lambda _, value, __: Pair("same", self.iri(value)),
            SH.node: lambda _, value, places: Sub((self.inner(value, places, path=False),)),
            SH.property: lambda _, value, places: Sub((self.inner(value, places, path=True),)),
            SH["and"]: lambda _, value, places: Sub(
                tuple(self.shape(node, places) for node in self.listed(value))
            ),
            SH["or"]: lambda _, value, places: Sub(
                tuple(self.shape(node, places) for node in self.listed(value)), any=True
            ),
            SH.qualifiedValueShape: self.qualified,
            SH.qualifiedMinCount: lambda _, __, ___: None,
            SH.qualifiedMaxCount: lambda _, __, ___: None,
        }

    def shape(self, node: Node, places: _Places) -> Shape:
        """Compile a shape; `places` is where its focus nodes stand, where another shape passes them on."""
        if node in self.inside:
            raise UnknownError("the shape refers to itself")
        if isinstance(node, rdflib.Literal):
            raise UnknownError("a shape is a literal")
        self.inside.append(node)
        try:
            return self._shape(node, places)
        finally:
            self.inside.pop()

    def _shape(self, node: Node, places: _Places) -> Shape:
        targets = tuple(self.targets(node))
        paths = list(self.graph.objects(node, SH.path))
        if len(paths) > 1:
            raise UnknownError("there are two paths")
        if not paths and (node, RDF.type, SH.PropertyShape) in self.graph:
            raise UnknownError("a property shape without a path")
        if paths and (node, RDF.type, SH.NodeShape) in self.graph:
            raise UnknownError("a node shape with a path")
        path = tuple(self.path(paths[0])) if paths else None
        if path is not None:
            here = frozenset((way[-1][0], "s" if way[-1][1] else "o") for way in path)
        elif any(kind in ("class", "node") for kind, _ in targets):
            here = frozenset()
        else:
            # A shape can be reached by its own targets and from other shapes.
            own = frozenset((iri, "s" if kind == "subjects" else "o") for kind, iri in targets)
            here = places | own if places or not self.inside[:-1] else frozenset()
        components = []
        for predicate, value in sorted(self.graph.predicate_objects(node), key=str):
            if predicate in _SAID or predicate in TARGETS or predicate == RDF.type:
                continue
            if predicate not in self.tables:
                if str(predicate).startswith(str(SH)):
                    raise UnknownError(f"sh:{str(predicate).removeprefix(str(SH))}")
                continue
            component = self.tables[predicate](node, value, here)
            if component is not None:
                components.append(component)
        for once in (SH.datatype, SH.nodeKind, SH.minCount, SH.maxCount, SH.pattern, SH["in"], SH.severity):
            if len(list(self.graph.objects(node, once))) > 1:
                raise UnknownError(f"two of sh:{str(once).removeprefix(str(SH))}")
        if path is None and any(isinstance(c, Count | Qualified) or _ordered(c) for c in components):
            raise UnknownError("a count or an order without a path")
        severity = str(self.graph.value(node, SH.severity) or SH.Violation).rpartition("#")[2]
        return Shape(str(node), path, tuple(components), targets, severity)

    def inner(self, node: Node, places: _Places, *, path: bool) -> Shape:
        """Compile a shape that must have a path, or must have none."""
        shape = self.shape(node, places)
        if (shape.path is not None) != path:
            raise UnknownError("a node shape in the place of a property shape, or the other way round")
        return shape

    def targets(self, node: Node) -> Iterator[tuple[str, str]]:
        kinds = zip(("class", "objects", "subjects", "node"), TARGETS, strict=True)
        for kind, predicate in kinds:
            for value in self.graph.objects(node, predicate):
                yield kind, self.iri(value)

    def path(self, node: Node) -> Iterator[tuple[Step, ...]]:
        if isinstance(node, rdflib.URIRef):
            if node == RDF.nil:
                raise UnknownError("an empty path")
            yield ((str(node), False),)
            return
        said = set(self.graph.predicates(node))
        if said == {SH.inversePath}:
            inner = self.one(node, SH.inversePath)
            # pySHACL does not turn the order of a sequence around.
            yield ((self.iri(inner), True),)
        elif said == {SH.alternativePath}:
            for part in self.listed(self.one(node, SH.alternativePath)):
                yield from self.path(part)
        elif said == {RDF.first, RDF.rest}:
            ways: list[tuple[Step, ...]] = [()]
            for part in self.listed(node):
                ways = [(*way, *more) for way in ways for more in self.path(part)]
            yield from ways
        else:
            raise UnknownError("a path that is no sequence, inverse or alternative")

    def one(self, node: Node, predicate: Node) -> Node:
        found = list(self.graph.objects(node, predicate))
        if len(found) != 1:
            raise UnknownError("a part of the shape is said twice")
        return found[0]

    def listed(self, node: Node) -> list[Node]:
        try:
            found = list(Collection(self.graph, node))
        except (ValueError, UniquenessError):
            raise UnknownError("a list that is none") from None
        if not found:
            raise UnknownError("an empty list")
        return found

    def iri(self, node: Node) -> str:
        if not isinstance(node, rdflib.URIRef) or re.search(r'[\x00-\x20<>"{}|^`\\]', str(node)):
            raise UnknownError("an IRI is expected")
        return str(node)

    def term(self, node: Node) -> str:
        """Return a term as N-Triples; of literals only plain texts and doubles are written in one way."""
        if isinstance(node, rdflib.URIRef):
            return f"<{self.iri(node)}>"
        if isinstance(node, rdflib.Literal) and node.datatype is None and node.language is None:
            text = str(node)
            if not re.search(r'[\x00-\x1f"\\\x7f]', text):
                return f'"{text}"'
        if isinstance(node, rdflib.Literal) and node.datatype in (XSD.integer, XSD.boolean, XSD.double):
            return f'"{node}"^^<{node.datatype}>'
        raise UnknownError("a term that can be written in several ways")

    def whole(self, node: Node) -> int:
        if isinstance(node, rdflib.Literal) and node.datatype == XSD.integer and not node.ill_typed:
            return int(node)
        raise UnknownError("a count is expected")

    def bound(self, node: Node, *, low: bool, allowed: bool) -> Bound:
        if not isinstance(node, rdflib.Literal) or node.datatype not in _NUMBERS or node.ill_typed:
            raise UnknownError("a bound that is no double, decimal or integer")
        try:
            exact = Decimal(str(node))
        except InvalidOperation:
            raise UnknownError("a bound that is no number") from None
        number = float(str(node))
        if not math.isfinite(number):
            raise UnknownError("a bound that is not finite")
        same = node.datatype == XSD.double or Decimal(number) == exact
        # A bound between two doubles is equal to neither; then the double itself is left to pySHACL.
        return Bound(number, low, allowed and same, same)

    def datatype(self, _: Node, value: Node, __: _Places) -> Component:
        return Datatype(_known({rdflib.URIRef(iri): code for iri, code in TYPES.items()}, value, "datatype"))

    def pattern(self, node: Node, value: Node, places: _Places) -> Component:
        if (node, SH.flags, None) in self.graph or not isinstance(value, rdflib.Literal):
            raise UnknownError("a pattern with flags")
        try:
            compiled = re.compile(str(value))
        except re.error:
            raise UnknownError("a pattern that is none") from None
        passes = lambda text: bool(compiled.search(text))  # noqa: E731 - as those below
        return Text(TextTest(f"{node} pattern", passes, places, str(value)))

    def length(self, value: Node, places: _Places, *, low: bool) -> Component:
        limit = self.whole(value)
        if low:
            name, passes = f"{sorted(places)} at least {limit}", lambda text: len(text) >= limit
            return Text(TextTest(name, passes, places, at_once=lambda texts: texts.str.len_chars() >= limit))
        name, passes = f"{sorted(places)} at most {limit}", lambda text: len(text) <= limit
        return Text(TextTest(name, passes, places, at_once=lambda texts: texts.str.len_chars() <= limit))

    def qualified(self, node: Node, value: Node, places: _Places) -> Component:
        least = [self.whole(count) for count in self.graph.objects(node, SH.qualifiedMinCount)]
        most: list[float] = [self.whole(count) for count in self.graph.objects(node, SH.qualifiedMaxCount)]
        if len(least) > 1 or len(most) > 1 or not (least or most):
            raise UnknownError("a qualified count that is said twice or not at all")
        if len(list(self.graph.objects(node, SH.qualifiedValueShape))) > 1:
            raise UnknownError("two qualified shapes")
        shape = self.shape(value, places)
        return Qualified(shape, least[0] if least else 0, most[0] if most else math.inf)


def _ordered(component: Component) -> bool:
    return isinstance(component, Pair) and component.relation in ("less", "most")


def _known(table: dict[Node, _T], value: Node, what: str) -> _T:
    if value not in table:
        raise UnknownError(f"a {what} that is not known")
    return table[value]
