"""BVCO and GPO as published -> the part of ontology/bridge.ttl that says what stands for their old IRIs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox

from kg.errors import Fault, FaultsError
from kg.namespaces import PREFIXES
from kg.vocabulary_slice.extract import current_iri
from kg.vocabulary_slice.turtle import name

BEGIN = "# Written by `kg ontology bridge` from here: do not edit."
END = "# Written by hand from here."

# What mentions terms of others, and the namespace of its own.
MENTIONING = {"bvco/BVCO.ttl": "https://bvco.ontology.link", "gpo/GPO.ttl": "https://gpo.ontology.link"}
_FAMILIES = (
    "http://emmo.info/",
    "https://w3id.org/emmo",
    "https://gpo.ontology.link/",
    "https://big-map.github.io/",
)
_TYPE = PREFIXES["rdf"] + "type"
_PREF_LABEL = PREFIXES["skos"] + "prefLabel"
_DEPRECATED = PREFIXES["owl"] + "deprecated"
_KINDS = {PREFIXES["owl"] + k: f"owl:{k}" for k in ("Class", "ObjectProperty", "AnnotationProperty")}
_SAYS = {PREFIXES["dcterms"] + "isReplacedBy", PREFIXES["skos"] + "editorialNote"}


@dataclass(frozen=True)
class Bridged:
    """What was written: how many IRIs are mentioned, stand as they are, were replaced, are kept by hand."""

    mentioned: int
    current: int
    replaced: int
    by_hand: int
    changed: bool


@dataclass(frozen=True)
class _Current:
    """Kind and English label of the terms of today, without those that are deprecated."""

    kinds: dict[str, str]
    labels: dict[str, str]


def mentioned_iris(path: Path, own: str) -> set[str]:
    """Return the IRIs of the EMMO family and GPO that a Turtle file mentions outside its own namespace."""
    found = set()
    for quad in ox.parse(path=str(path), format=ox.RdfFormat.TURTLE):
        for node in (quad.subject, quad.predicate, quad.object):
            if isinstance(node, ox.NamedNode) and node.value.startswith(_FAMILIES):
                found.add(node.value)
    return {iri for iri in found if not iri.startswith(own)}


def write_bridge(upstream: Path, ontology: Path) -> Bridged:
    """Write the generated part of bridge.ttl anew; what stands before and after it stays.

    Raises FaultsError where an upstream file or a marker line is missing, and where an IRI has neither a
    counterpart by rule nor a line by hand.
    """
    path = ontology / "bridge.ttl"
    missing = [
        Fault(file, 0, f"no such file below {upstream}.")
        for file in MENTIONING
        if not (upstream / file).is_file()
    ]
    if missing:
        raise FaultsError(missing)
    text = path.read_text(encoding="utf-8")
    head, begin, rest = text.partition(BEGIN + "\n")
    _, end, by_hand = rest.partition(END + "\n")
    if not begin or not end:
        raise FaultsError(
            [Fault(path.name, 0, f"lacks a line of its own that says: {END if begin else BEGIN}")]
        )
    known = _current(ontology)
    treated = _treated(head + by_hand)
    mentioned = {
        iri: file for file, own in MENTIONING.items() for iri in mentioned_iris(upstream / file, own)
    }
    replaced = {
        iri: current_iri(iri)
        for iri in mentioned
        if current_iri(iri) != iri and current_iri(iri) in known.kinds
    }
    lost = sorted(mentioned.keys() - known.kinds.keys() - replaced.keys() - treated)
    if lost:
        way_out = (
            "Give it dcterms:isReplacedBy, or skos:editorialNote with the reason why it has none, by hand"
        )
        raise FaultsError(
            [
                Fault(mentioned[iri], 0, f"{iri} has no counterpart by rule. {way_out} in {path.name}.")
                for iri in lost
            ]
        )
    new = f"{head}{BEGIN}\n\n{_blocks(replaced, known)}\n{END}\n{by_hand}"
    if new != text:
        path.write_text(new, encoding="utf-8", newline="\n")
    current = sum(iri in known.kinds for iri in mentioned)
    return Bridged(
        len(mentioned), current, len(replaced), len(mentioned) - current - len(replaced), new != text
    )


def _current(ontology: Path) -> _Current:
    kinds: dict[str, str] = {}
    labels: dict[str, str] = {}
    deprecated = set()
    for path in sorted((ontology / "imports").glob("*.ttl")):
        for quad in ox.parse(path=str(path), format=ox.RdfFormat.TURTLE):
            subject, predicate, value = quad.subject.value, quad.predicate.value, quad.object.value
            if predicate == _TYPE and value in _KINDS:
                kinds.setdefault(subject, _KINDS[value])
            elif predicate == _PREF_LABEL:
                labels.setdefault(subject, value)
            elif predicate == _DEPRECATED:
                deprecated.add(subject)
    return _Current({iri: k for iri, k in kinds.items() if iri in labels and iri not in deprecated}, labels)


def _treated(turtle: str) -> set[str]:
    """Return the IRIs for which the part written by hand says what replaces them, or why nothing does."""
    quads = ox.parse(turtle.encode(), format=ox.RdfFormat.TURTLE)
    return {q.subject.value for q in quads if q.predicate.value in _SAYS}


def _blocks(replaced: dict[str, str], known: _Current) -> str:
    return "\n".join(_block(old, replaced[old], known) for old in sorted(replaced))


def _block(old: str, new: str, known: _Current) -> str:
    label = known.labels[new]
    return (
        f"<{old}> a {known.kinds[new]} ;\n"
        f'    skos:prefLabel "{label}"@en ;\n'
        "    owl:deprecated true ;\n"
        f"    dcterms:isReplacedBy {name(new)} .  # {label}\n"
    )
