"""Axioms and some names -> the part of the axioms on which the meaning of those names depends.

The part is a bottom-locality module (Cuenca Grau and others, Modular Reuse of Ontologies, 2008):
what follows from all axioms about the names follows from the part as well.
It is taken a little too large where that is simpler.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyoxigraph as ox

from kg.namespaces import PREFIXES
from kg.reasoner.assemble import TYPE

OWL, RDFS = PREFIXES["owl"], PREFIXES["rdfs"]
_BUILT_IN = tuple(PREFIXES[name] for name in ("rdf", "rdfs", "owl", "xsd"))
_DECLARATIONS = {
    OWL + kind for kind in ("Class", "ObjectProperty", "DatatypeProperty", "NamedIndividual", "Restriction")
}
_FROM_SUBJECT = {RDFS + name for name in ("subClassOf", "subPropertyOf", "domain", "range")}
_APART = {OWL + name for name in ("disjointWith", "propertyDisjointWith", "members")}
_SAME = {OWL + "equivalentClass"}
# Of these a class expression may have members though one of its names has none.
_LOOSE = {
    OWL + name for name in ("unionOf", "complementOf", "allValuesFrom", "maxCardinality", "disjointUnionOf")
}
_LOOSE |= {OWL + "maxQualifiedCardinality", OWL + "qualifiedCardinality", OWL + "oneOf"}


@dataclass(frozen=True)
class Axiom:
    """One statement with the blank nodes below it.

    `head` is the statement itself; of a list of disjoint classes (a blank node), one of its triples.
    """

    head: ox.Triple
    triples: frozenset[ox.Triple]
    names: frozenset[str]

    def speaks_of(self, names: set[str]) -> bool:
        """Tell whether the axiom may restrict one of the names when all other names are empty."""
        predicate = self.head.predicate.value
        if isinstance(self.head.subject, ox.BlankNode):
            return len(self.names & names) >= 2
        subject = _name(self.head.subject)
        if predicate in _FROM_SUBJECT:
            return subject in names
        if predicate in _APART:
            return self.names <= names
        if predicate in _SAME and not any(t.predicate.value in _LOOSE for t in self.triples):
            return subject in names or self.names - {subject} <= names
        if predicate == TYPE.value and _name(self.head.object).startswith(OWL):
            return subject in names
        # An assertion about an individual holds whatever is asked.
        return not predicate.startswith(_BUILT_IN) or predicate == TYPE.value or bool(self.names & names)


def split(triples: Iterable[ox.Triple]) -> tuple[set[ox.Triple], list[Axiom]]:
    """Return the declarations, and each other axiom with its blank nodes, in the same order each time."""
    declarations: set[ox.Triple] = set()
    below: dict[ox.BlankNode, list[ox.Triple]] = {}
    used: set[ox.BlankNode] = set()
    heads: list[ox.Triple] = []
    for triple in triples:
        if isinstance(triple.subject, ox.BlankNode):
            below.setdefault(triple.subject, []).append(triple)
        elif triple.predicate == TYPE and _name(triple.object) in _DECLARATIONS:
            declarations.add(triple)
        else:
            heads.append(triple)
        if isinstance(triple.object, ox.BlankNode):
            used.add(triple.object)
    found = [_axiom(triple, {triple}, below) for triple in heads]
    found += [_axiom(below[node][0], set(below[node]), below) for node in below.keys() - used]
    return declarations, sorted(found, key=lambda axiom: sorted(map(str, axiom.triples)))


def speaking_of_individuals(triples: Iterable[ox.Triple]) -> set[ox.Triple]:
    """Return the axioms on which it depends whether what is said of individuals is consistent.

    All that is said of them is in, so the answer is that for all axioms, and HermiT has far fewer to carry.
    """
    declarations, every = split(triples)
    kept = module((), every)
    names = {name for axiom in kept for name in axiom.names}
    declared = {triple for triple in declarations if _name(triple.subject) in names}
    return declared.union(*(axiom.triples for axiom in kept))


def module(names: Iterable[str], axioms: list[Axiom]) -> list[Axiom]:
    """Return the axioms on which the meaning of the names depends, and all that is said of individuals."""
    known, kept, rest = set(names), list[Axiom](), axioms
    while True:
        new = [axiom for axiom in rest if axiom.speaks_of(known)]
        if not new:
            return kept
        kept += new
        taken = set(new)
        rest = [axiom for axiom in rest if axiom not in taken]
        known |= {name for axiom in new for name in axiom.names}


def _axiom(head: ox.Triple, triples: set[ox.Triple], below: dict[ox.BlankNode, list[ox.Triple]]) -> Axiom:
    ahead = list(triples)
    while ahead:
        node = ahead.pop().object
        if isinstance(node, ox.BlankNode):
            more = set(below.get(node, ())) - triples
            triples |= more
            ahead += more
    names = {_name(term) for t in triples for term in (t.subject, t.predicate, t.object)}
    return Axiom(head, frozenset(triples), frozenset(n for n in names if n and not n.startswith(_BUILT_IN)))


def _name(node: object) -> str:
    return node.value if isinstance(node, ox.NamedNode) else ""
