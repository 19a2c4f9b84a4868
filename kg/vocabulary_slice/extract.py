"""Upstream Turtle -> facts: IRIs, kinds, labels, named parents, codes and factors of units; no prose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyoxigraph as ox

from kg.namespaces import PREFIXES
from kg.vocabulary_slice.left_out import LeftOut, left_out_axioms
from kg.vocabulary_slice.repairs import (
    DIMENSION,
    EQUIVALENT,
    FROM_CODE,
    HAS_UNIT,
    MULTIPLIER,
    OFFSET,
    QUDT,
    REPAIRS,
    SUBCLASS,
    SUBPROPERTY,
    SYMBOL,
    SYMBOL_VALUE,
    UCUM,
)
from kg.vocabulary_slice.sources import SOURCES, Source
from kg.vocabulary_slice.units import Statement, check, upwards

RDF, OWL, XSD = PREFIXES["rdf"], PREFIXES["owl"], PREFIXES["xsd"]
TYPE = RDF + "type"
PREF_LABEL = PREFIXES["skos"] + "prefLabel"
DEPRECATED = OWL + "deprecated"
REPLACED_BY = PREFIXES["dcterms"] + "isReplacedBy"

KINDS = {OWL + kind for kind in ("Class", "ObjectProperty", "DatatypeProperty", "AnnotationProperty")}
LABELS = {PREF_LABEL, PREFIXES["skos"] + "altLabel"}
PLAIN = LABELS | {DEPRECATED, REPLACED_BY, SYMBOL, UCUM, QUDT}
HIERARCHY = {SUBCLASS, SUBPROPERTY, EQUIVALENT}
AS_VALUE = {MULTIPLIER, OFFSET, SYMBOL_VALUE, DIMENSION}
EXPECTS = {
    PREFIXES["gpo"] + "GPO_703ec528_ea40_486e_9924_b911782b1a75": "expectsInput",  # hasInput
    PREFIXES["gpo"] + "GPO_8c869b47_a258_43b9_9c75_4285a80a1dfb": "expectsOutput",  # hasOutput
    PREFIXES["gpo"] + "GPO_389686f5_86d8_4e97_ba71_0537bedf0f38": "expectsPredecessor",  # hasPredecessor
}
NUMBERS = {MULTIPLIER, OFFSET}


@dataclass
class Facts:
    """The statements of each slice by its name, and what was left out on the way."""

    statements: dict[str, set[Statement]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)

    def all(self) -> Iterator[Statement]:
        """Yield the statements of all slices."""
        for statements in self.statements.values():
            yield from statements


def current_iri(iri: str) -> str:
    """Return the IRI that today stands for one of the old emmo.info ones; others unchanged.

    >>> current_iri("http://emmo.info/battery#battery_74ed2670-657d")
    'https://w3id.org/emmo/domain/battery#battery_74ed2670_657d'
    """
    if iri.startswith("http://emmo.info/emmo#"):
        return PREFIXES["emmo"] + iri.partition("#")[2]
    for domain, prefix in (("battery", "battery"), ("electrochemistry", "echem")):
        if iri.startswith(f"http://emmo.info/{domain}#"):
            return PREFIXES[prefix] + iri.partition("#")[2].replace("-", "_")
    return iri


def extract(folder: Path, sources: tuple[Source, ...] = SOURCES) -> Facts:
    """Return the facts of the upstream files below a folder, repaired."""
    facts = Facts()
    out = left_out_axioms()
    seen: set[Statement] = set()
    for source in sources:
        store = ox.Store()
        for name in source.files:
            store.load(path=str(folder / name), format=ox.RdfFormat.TURTLE)
        found = {s for s in _statements(store) if not _is_left_out(s, out, facts)}
        # A term of another ontology is taken from there; only what is said about it in addition is kept.
        declared = {s for s, p, _ in seen if p == TYPE} | _declared(found, source)
        kept = {s for s in found if s[0] in declared and not _is_stale(s, source, seen)} - seen
        facts.statements[source.name] = kept
        seen |= kept
    _drop_dangling(facts)
    _state_dimensions(facts)
    _repair(facts)
    check(facts.statements, facts.left_out)
    facts.left_out.sort()
    facts.labels = _english_labels(facts)
    return facts


def _declared(found: set[Statement], source: Source) -> set[str]:
    labelled = {s for s, p, _ in found if p == PREF_LABEL}
    return {
        s
        for s, p, _ in found
        if p == TYPE and s in labelled and (source.declares_foreign or s.startswith(source.namespaces))
    } & {s for s in labelled if s.startswith(_ALL_NAMESPACES)}


_ALL_NAMESPACES = tuple(namespace for source in SOURCES for namespace in source.namespaces)


def _is_stale(statement: Statement, source: Source, seen: set[Statement]) -> bool:
    """Tell whether an ontology repeats kind or labels of a foreign term, as they once were."""
    subject, predicate, _ = statement
    if subject.startswith(source.namespaces) or predicate not in LABELS | {TYPE}:
        return False
    return not source.declares_foreign


def _statements(store: ox.Store) -> Iterator[Statement]:
    for quad in store:
        subject, predicate, value = quad.subject, quad.predicate.value, quad.object
        if not isinstance(subject, ox.NamedNode):
            continue
        name = current_iri(subject.value)
        if predicate == TYPE and isinstance(value, ox.NamedNode) and value.value in KINDS:
            yield name, TYPE, value.value
        elif predicate == REPLACED_BY:
            yield name, REPLACED_BY, current_iri(value.value)
        elif predicate in PLAIN and isinstance(value, ox.Literal):
            yield name, predicate, _plain(predicate, value)
        elif predicate in HIERARCHY:
            for said in _super(store, predicate, value):
                yield (name, *said)


def _plain(predicate: str, value: ox.Literal) -> ox.Literal:
    if predicate in LABELS or predicate == DEPRECATED:
        return value
    return ox.Literal(value.value.strip())


def _super(store: ox.Store, predicate: str, value: object) -> Iterator[tuple[str, str | ox.Literal]]:
    """Yield what follows for a class or property from what stands above it."""
    if isinstance(value, ox.NamedNode):
        yield predicate, current_iri(value.value)
    elif isinstance(value, ox.BlankNode):
        members = _one(store, value, OWL + "intersectionOf")
        if members is not None:
            for member in _list(store, members):
                yield from _super(store, SUBCLASS, member)
        elif predicate != SUBPROPERTY:
            yield from _restriction(store, value)


def _restriction(store: ox.Store, node: ox.BlankNode) -> Iterator[tuple[str, str | ox.Literal]]:
    on = _one(store, node, OWL + "onProperty")
    if not isinstance(on, ox.NamedNode):
        return
    value = _one(store, node, OWL + "hasValue")
    if on.value in AS_VALUE and isinstance(value, ox.Literal):
        number = ox.Literal(float(value.value)) if on.value in NUMBERS else ox.Literal(value.value)
        yield on.value, number
    some = _one(store, node, OWL + "someValuesFrom")
    if on.value == HAS_UNIT and isinstance(some, ox.NamedNode):
        # The class of units that a quantity needs; _state_dimensions puts its dimension in this place.
        yield HAS_UNIT, current_iri(some.value)
    elif on.value in EXPECTS and some is not None:
        for name in _names(store, some):
            yield PREFIXES["bvcox"] + EXPECTS[on.value], current_iri(name)


def _names(store: ox.Store, node: object) -> Iterator[str]:
    if isinstance(node, ox.NamedNode):
        yield node.value
    elif isinstance(node, ox.BlankNode):
        members = _one(store, node, OWL + "unionOf")
        for member in _list(store, members) if members is not None else ():
            yield from _names(store, member)


def _one(store: ox.Store, node: object, predicate: str) -> object | None:
    found = [q.object for q in store.quads_for_pattern(node, ox.NamedNode(predicate), None)]  # type: ignore[arg-type]
    return found[0] if found else None


def _list(store: ox.Store, node: object) -> Iterator[object]:
    while isinstance(node, ox.BlankNode):
        yield _one(store, node, RDF + "first")
        node = _one(store, node, RDF + "rest")


def _is_left_out(statement: Statement, axioms: list[LeftOut], facts: Facts) -> bool:
    for out in axioms:
        predicate = out.predicate
        if predicate in EXPECTS:
            # A slice says a restriction in one plain statement.
            predicate = PREFIXES["bvcox"] + EXPECTS[predicate]
        pattern = (out.subject, predicate, out.object)
        if all(want is None or want == got for want, got in zip(pattern, statement, strict=True)):
            facts.left_out.append(f"{statement[0]} {statement[1]} {statement[2]}: {out.reason}")
            return True
    return False


def _drop_dangling(facts: Facts) -> None:
    """Leave out parents that no slice declares, and turn equivalence to a named class into a parent."""
    known = {s for s, p, _ in facts.all() if p == TYPE}
    for name, statements in facts.statements.items():
        kept: set[Statement] = set()
        for subject, predicate, value in statements:
            if isinstance(value, str) and predicate != TYPE and value not in known:
                if value.startswith(_ALL_NAMESPACES):
                    facts.left_out.append(
                        f"{subject} {predicate} {value}: no upstream file declares the object"
                    )
                continue
            # An owl:equivalentClass to a name says in particular that it is a superclass.
            predicate = SUBCLASS if predicate == EQUIVALENT else predicate
            if subject != value:
                kept.add((subject, predicate, value))
        facts.statements[name] = kept


def _state_dimensions(facts: Facts) -> None:
    """State the dimension on each quantity, for which upstream says it by a class of units."""
    parents: dict[str, list[str]] = {}
    dimensions: dict[str, str] = {}
    for subject, predicate, value in sorted(facts.all(), key=str):
        if predicate == SUBCLASS and isinstance(value, str):
            parents.setdefault(subject, []).append(value)
        elif predicate == DIMENSION and isinstance(value, ox.Literal):
            dimensions[subject] = value.value
    for name, statements in facts.statements.items():
        needed = {s for s in statements if s[1] == HAS_UNIT}
        facts.statements[name] = statements - needed
        for subject, _, unit_class in needed:
            above = upwards(str(unit_class), parents)
            found = next((dimensions[iri] for iri in above if iri in dimensions), None)
            if found is not None:
                facts.statements[name].add((subject, DIMENSION, ox.Literal(found)))


def _repair(facts: Facts) -> None:
    for repair in REPAIRS:
        home = next(
            name
            for name, statements in facts.statements.items()
            if any(s == repair.subject and p == TYPE for s, p, _ in statements)
        )
        for statements in facts.statements.values():
            statements -= {s for s in statements if s[:2] == (repair.subject, repair.predicate)}
        facts.statements[home] |= {
            (repair.subject, repair.predicate, ox.Literal(v)) for v in repair.values if v != FROM_CODE
        }


def _english_labels(facts: Facts) -> dict[str, str]:
    labels: dict[str, tuple[int, str]] = {}
    for subject, predicate, value in facts.all():
        if predicate == PREF_LABEL and isinstance(value, ox.Literal):
            rank = 0 if (value.language or "").startswith("en") else 1 if not value.language else 2
            labels[subject] = min(labels.get(subject, (9, "")), (rank, value.value))
    return {subject: label for subject, (_, label) in labels.items()}
