"""The full upstream ontologies and our own files -> the axioms that a description logic reasoner reads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyoxigraph as ox

from kg.namespaces import PREFIXES
from kg.vocabulary_slice.extract import current_iri
from kg.vocabulary_slice.left_out import LeftOut
from kg.vocabulary_slice.sources import SOURCES

RDF, RDFS, OWL = PREFIXES["rdf"], PREFIXES["rdfs"], PREFIXES["owl"]
TYPE = ox.NamedNode(RDF + "type")

Node = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple

OWN_FILES = ("bvco_ext.ttl", "bridge.ttl", "influences.ttl", "passport.ttl")
"""Files of ours that state axioms or individuals; those that are there are read."""

_OBJECT, _DATATYPE = OWL + "ObjectProperty", OWL + "DatatypeProperty"
_ANNOTATION = OWL + "AnnotationProperty"
_BETWEEN_PROPERTIES = {RDFS + "subPropertyOf", RDFS + "domain", RDFS + "range"}
_FILLERS = (OWL + "someValuesFrom", OWL + "allValuesFrom", OWL + "onClass", OWL + "hasValue")
_TIES = (RDFS + "subClassOf", OWL + "equivalentClass")
_PROSE = {RDFS + name for name in ("label", "comment", "seeAlso", "isDefinedBy", "member")}
_NO_AXIOM = {
    OWL + name
    for name in (
        "imports",
        "versionIRI",
        "versionInfo",
        "priorVersion",
        "backwardCompatibleWith",
        "incompatibleWith",
        "deprecated",
        "annotatedSource",
        "annotatedProperty",
        "annotatedTarget",
    )
}


def upstream_files() -> tuple[str, ...]:
    """Return the paths of the upstream files below the folder of upstream ontologies."""
    return tuple(name for source in SOURCES for name in source.files)


def own_files(ontology: Path) -> tuple[Path, ...]:
    """Return our own files that are there."""
    return tuple(ontology / name for name in OWN_FILES if (ontology / name).is_file())


def read(paths: Iterable[Path]) -> set[ox.Triple]:
    """Return what Turtle files state, with old IRIs rewritten to those of today.

    Blank nodes of different files stay apart.
    """
    triples: set[ox.Triple] = set()
    for path in paths:
        tag = hashlib.sha256("/".join(path.parts[-2:]).encode()).hexdigest()[:8]
        names: dict[str, ox.BlankNode] = {}
        for quad in ox.parse(path=str(path), format=ox.RdfFormat.TURTLE):
            subject, value = _current(quad.subject, tag, names), _current(quad.object, tag, names)
            assert not isinstance(subject, ox.Literal)
            triples.add(ox.Triple(subject, ox.NamedNode(current_iri(quad.predicate.value)), value))
    return triples


def _current(node: Node, tag: str, names: dict[str, ox.BlankNode]) -> Node:
    if isinstance(node, ox.NamedNode):
        return ox.NamedNode(current_iri(node.value))
    if isinstance(node, ox.BlankNode):
        # Short names: the parser inside HermiT takes any, but the file is read by people too.
        return names.setdefault(node.value, ox.BlankNode(f"b{tag}n{len(names)}"))
    return node


def axioms(triples: Iterable[ox.Triple], left_out: Iterable[LeftOut] = ()) -> set[ox.Triple]:
    """Return the triples that mean something to a reasoner, without those that are left out.

    Labels, definitions and other annotations are dropped, since a reasoner draws nothing from them and its
    parser may take an annotation that points at a class for a claim about an individual.
    A property that upstream declares both as annotation and as object property is read as the latter.
    """
    kept = set(triples)
    kept -= matching(kept, left_out)
    kinds: dict[str, set[str]] = {}
    for triple in kept:
        if triple.predicate == TYPE and isinstance(triple.subject, ox.NamedNode):
            kinds.setdefault(triple.subject.value, set()).add(_text(triple.object))
    assertable = {iri for iri, said in kinds.items() if said & {_OBJECT, _DATATYPE}}
    annotations = {iri for iri, said in kinds.items() if _ANNOTATION in said} - assertable
    return {t for t in kept if _means(t, assertable, annotations)}


def matching(triples: set[ox.Triple], left_out: Iterable[LeftOut]) -> set[ox.Triple]:
    """Return the triples that axioms to be left out stand for.

    A line whose predicate is not one of RDF, RDFS and OWL means a restriction of the subject;
    for that, the triple that ties the restriction to the class is returned.
    """
    found: set[ox.Triple] = set()
    by_predicate: dict[str, list[ox.Triple]] = {}
    for triple in triples:
        by_predicate.setdefault(triple.predicate.value, []).append(triple)
    for line in left_out:
        if line.predicate is None or line.predicate.startswith((RDF, RDFS, OWL)):
            within = triples if line.predicate is None else by_predicate.get(line.predicate, [])
            found |= {t for t in within if _fits(t.subject, line.subject) and _fits(t.object, line.object)}
            continue
        on = {t.subject for t in by_predicate.get(OWL + "onProperty", ()) if _is(t.object, line.predicate)}
        if line.object is not None:
            fillers = [t for kind in _FILLERS for t in by_predicate.get(kind, ())]
            on &= {t.subject for t in fillers if _is(t.object, line.object)}
        ties = [t for kind in _TIES for t in by_predicate.get(kind, ())]
        found |= {t for t in ties if t.object in on and _fits(t.subject, line.subject)}
    return found


def terminology(triples: set[ox.Triple]) -> set[ox.Triple]:
    """Return the axioms about classes and properties, without what is said of individuals.

    HermiT carries every individual through each of its thousands of tests of classes.
    An individual that an axiom about classes names, such as EMMO's universe, stays.
    """
    nominals = {t.object for t in triples if t.predicate.value in {OWL + "hasValue", RDF + "first"}}
    return {t for t in triples if not _is_assertion(t) or t.subject in nominals}


def _is_assertion(triple: ox.Triple) -> bool:
    if triple.predicate == TYPE:
        kind = _text(triple.object)
        return kind == OWL + "NamedIndividual" or not kind.startswith((OWL, RDFS))
    return not triple.predicate.value.startswith((RDF, RDFS, OWL))


def _fits(node: object, iri: str | None) -> bool:
    return iri is None or _is(node, iri)


def _means(triple: ox.Triple, assertable: set[str], annotations: set[str]) -> bool:
    predicate, subject = triple.predicate.value, _text(triple.subject)
    if predicate == RDF + "type":
        return _text(triple.object) not in {_ANNOTATION, OWL + "Axiom", OWL + "Ontology"}
    if predicate in _PROSE | _NO_AXIOM:
        return False
    if predicate in _BETWEEN_PROPERTIES:
        # A hierarchy of annotation properties has no meaning in OWL 2 DL.
        return subject not in annotations and _text(triple.object) not in annotations
    if predicate.startswith((RDF, RDFS, OWL)):
        return True
    return predicate in assertable


def _is(node: object, iri: str) -> bool:
    return isinstance(node, ox.NamedNode) and node.value == iri


def _text(node: object) -> str:
    return node.value if isinstance(node, ox.NamedNode | ox.BlankNode | ox.Literal) else ""


def lines(triples: Iterable[ox.Triple]) -> Iterator[str]:
    """Yield N-Triples, sorted, so that the same axioms always make the same file."""
    yield from sorted(f"{triple} .\n" for triple in triples)
