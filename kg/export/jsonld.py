"""Things of a store -> JSON-LD in BattINFO's pattern, with their properties, parts and materials."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import pyoxigraph as ox

from kg import model
from kg.jsonld import context
from kg.namespaces import PREFIXES
from kg.store import Store, holds_records
from kg.terms import Vocabulary

_DOUBLE = PREFIXES["xsd"] + "double"
_STRING = PREFIXES["xsd"] + "string"


def members(store: Store, vocabulary: Vocabulary, class_iri: str) -> list[str]:
    """Return the things of a class and of all classes below it, sorted by IRI."""
    found: set[str] = set()
    for iri in vocabulary.descendants(class_iri):
        quads = store.db.quads_for_pattern(None, ox.NamedNode(model.RDF_TYPE), ox.NamedNode(iri), None)
        found |= {
            quad.subject.value
            for quad in quads
            if isinstance(quad.subject, ox.NamedNode) and holds_records(_graph(quad))
        }
    return sorted(found)


def _graph(quad: ox.Quad) -> str:
    return quad.graph_name.value if isinstance(quad.graph_name, ox.NamedNode) else ""


def closure(store: Store, roots: Iterable[str]) -> dict[str, dict[str, list[ox.NamedNode | ox.Literal]]]:
    """Return what the store says of some things, and of all that they lead to: node -> property -> values.

    Where in which file a thing comes from stays behind: it speaks of the files of this store.
    """
    found: dict[str, dict[str, list[ox.NamedNode | ox.Literal]]] = {}
    waiting = list(roots)
    while waiting:
        iri = waiting.pop()
        if iri in found:
            continue
        said: dict[str, dict[ox.NamedNode | ox.Literal, None]] = {}
        for quad in store.db.quads_for_pattern(ox.NamedNode(iri), None, None, None):
            link, value = quad.predicate.value, quad.object
            if not holds_records(_graph(quad)) or link == model.DERIVED_FROM:
                continue
            assert isinstance(value, ox.NamedNode | ox.Literal)
            # Several files may say the same.
            said.setdefault(link, {})[value] = None
            if isinstance(value, ox.NamedNode) and link != model.RDF_TYPE:
                waiting.append(value.value)
        found[iri] = {link: sorted(values, key=str) for link, values in sorted(said.items())}
    return {iri: said for iri, said in found.items() if said}


class _Writer:
    """The nodes of a document, each written out where it first comes up, and named where it comes again."""

    def __init__(self, said: dict[str, dict[str, list[ox.NamedNode | ox.Literal]]]) -> None:
        self.said = said
        self.written: set[str] = set()
        self.names = context.names()

    def node(self, iri: str) -> dict[str, Any]:
        result: dict[str, Any] = {"@id": iri}
        if iri in self.written or iri not in self.said:
            return result
        self.written.add(iri)
        said = dict(self.said[iri])
        types = [self.name(value.value) for value in said.pop(model.RDF_TYPE, ())]
        if types:
            result["@type"] = types[0] if len(types) == 1 else sorted(types)
        for name, link in sorted((self.name(link), link) for link in said):
            values = [self.value(name, link, value) for value in said[link]]
            result[name] = values[0] if len(values) == 1 else values
        return result

    def name(self, iri: str) -> str:
        return self.names.get(iri) or context.compact(iri)

    def value(self, name: str, link: str, value: ox.NamedNode | ox.Literal) -> Any:
        if isinstance(value, ox.NamedNode):
            # As in BattINFO's documents: "hasMeasurementUnit": "emmo:MicroMetre".
            return context.compact(value.value) if link == model.HAS_UNIT else self.node(value.value)
        datatype, text = value.datatype.value, value.value
        if value.language:
            return {"@value": text, "@language": value.language}
        coerced = context.expand(context.points(name))
        if datatype == _DOUBLE and coerced == _DOUBLE and math.isfinite(float(text)):
            return float(text)
        if datatype == coerced or (datatype == _STRING and not coerced):
            return text
        return {"@value": text, "@type": context.compact(datatype)}


def document(store: Store, roots: list[str], *, embed: bool = False) -> dict[str, Any]:
    """Return a JSON-LD document of some things, with all that they lead to.

    One thing stands at the top; several stand under `@graph`. The context is named by its address, or with
    `embed` stands in the document, with those names that the document uses.
    """
    writer = _Writer(closure(store, roots))
    nodes = [writer.node(iri) for iri in roots if iri not in writer.written]
    body = nodes[0] if len(nodes) == 1 else {"@graph": nodes}
    used = context.part(_names(nodes)) if embed else context.CONTEXT
    return {"@context": used, **body}


def _names(value: Any) -> set[str]:
    """Return the keys and the classes in a document."""
    if isinstance(value, list):
        return set().union(*map(_names, value)) if value else set()
    if not isinstance(value, dict):
        return set()
    types = value.get("@type", [])
    own = set(value) | set(types if isinstance(types, list) else [types])
    return own.union(*map(_names, value.values()))


def nodes(
    said: dict[str, dict[str, list[ox.NamedNode | ox.Literal]]], tops: list[str], *, embed: bool = False
) -> dict[str, Any]:
    """Return a JSON-LD document of statements: each of `tops` stands for itself under `@graph`.

    What else is said stands inside them, where it first comes up.
    """
    writer = _Writer(said)
    writer.written = set(tops)
    found = []
    for iri in tops:
        writer.written.discard(iri)
        found.append(writer.node(iri))
    return {"@context": context.part(_names(found)) if embed else context.CONTEXT, "@graph": found}
