"""A JSON-LD document -> RDF in which each node has an IRI and knows its place in the file.

Contexts on the web are answered from the installation. A node without `@id` is named by the file and its
path in it, so that it has the same name every time. A name that no context has is kept as an IRI of its own,
so that it can be accounted for; JSON-LD alone would drop it without a word.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyoxigraph as ox

from kg.errors import Fault, FaultsError
from kg.iri import encode, file_iri, mint
from kg.jsonld import context
from kg.namespaces import PREFIXES
from kg.sources.records import parse_json, pointer_token
from kg.sources.text import fault
from kg.terms import Vocabulary

UNKNOWN = "https://w3id.org/battery-kg/unknown-name#"
"""Where names stand that no context of the document has."""

PLACE = PREFIXES["kgc"] + "place"
"""Leads from a node to its place in the file, a JSON pointer."""

TERMS = "https://w3id.org/battery-kg/vocabulary"
"""The graph that describes the terms of the vocabulary that a source uses: kind, label, what is above."""

_KIND = "thing"
_KEYWORDS_WITH_NODES = ("@graph", "@included", "@set", "@list")
_NUMBER_VALUES = {"hasNumberValue", "hasNumericalValue"}
_NUMBER_KEYS = {"hasNumericalPart", "hasMeasurementUnit"} | _NUMBER_VALUES
_QUANTITY_KEYS = {
    "hasProperty",
    "hasMeasuredProperty",
    "hasConventionalProperty",
    "hasModelledProperty",
    "hasProcessParameter",
}
# EMMO has `emmo:Volt`, but `emmo:EMMO_5ebd...` for UnitOne; people write `emmo:UnitOne` all the same.
_LABELLED = ("emmo", "echem", "battery", "chemsub", "chameo", "bvco", "gpo", "mado")
_LABELLED_NAMESPACES = tuple(PREFIXES[prefix] for prefix in _LABELLED)


# What may not stand in an IRI; a processor drops what it finds there without a word.
_ILLEGAL = re.compile(r"[\x00-\x20<>\"{}|\\^`]|%(?![0-9A-Fa-f]{2})")


class _Number(str):
    """A number as it is written in the file."""


def _quoted(text: str) -> str:
    """Return a text with what may not stand in an IRI percent-encoded."""
    return _ILLEGAL.sub(lambda match: quote(match[0], safe=""), text)


def _plain(value: Any) -> Any:
    """Return a value with its numbers as numbers again, for what is not read as nodes."""
    if isinstance(value, _Number):
        number = json.loads(value)
        return number if math.isfinite(number) else None
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return str(value) if isinstance(value, str) else value


def _literal(key: str, number: _Number) -> dict[str, str] | None:
    """Return a number as a text with its type: JSON-LD would round it and lose how it is written.

    The number of a quantity stays a token, `0.0150` as it is written, until it is read with its unit.
    Elsewhere NaN is what converters write for an empty cell of their sheet: no value.
    """
    if key in _NUMBER_VALUES:
        return {"@value": str(number)}
    if number == "NaN":
        return None
    whole = number.lstrip("+-").isdigit()
    return {"@value": str(number), "@type": PREFIXES["xsd"] + ("integer" if whole else "double")}


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _strings(item)


def _contexts(value: Any) -> Iterator[Any]:
    """Yield each `@context` of a document."""
    if isinstance(value, list):
        for item in value:
            yield from _contexts(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "@context":
                yield from item if isinstance(item, list) else [item]
            yield from _contexts(item)


class _Document:
    """One document, while its nodes are named."""

    def __init__(self, path: Path, base: str, name: str, content: Any) -> None:
        self.path, self.base = path, base
        self.graph = file_iri(base, name)
        self.root = mint(base, _KIND, name)
        self.used: set[str] = set()
        self.aliases: dict[str, str] = {}
        self.closed: set[str] = set()
        self.maps: dict[str, bool] = {}
        self.defined: set[str] = set()
        self._local: dict[str, Any] = {}
        self._learn(content)

    def _learn(self, content: Any) -> None:
        """Learn the names of the contexts in a document, and of those in files beside it."""
        self.used |= set(_strings(content))
        for own in _contexts(content):
            self._definitions(own)
            if type(own) is str and "://" not in own and own not in self._local:
                place = self.path.parent / own
                if not place.is_file():
                    raise fault(self.path, f"its @context is the file '{own}', which is not beside it.")
                inner = parse_json(place, ("utf-8",), number=_Number)
                if not isinstance(inner, dict) or "@context" not in inner:
                    raise fault(place, 'a context begins with {"@context": ...}.')
                self._local[own] = inner["@context"]
                self._learn(inner)

    def _definitions(self, own: Any) -> None:
        """Learn which names of a context stand for keywords, and under which no plain nodes stand."""
        for name, definition in own.items() if isinstance(own, dict) else ():
            self.defined.add(name)
            if isinstance(definition, str) and definition.startswith("@") and not name.startswith("@"):
                self.aliases[name] = definition
            elif isinstance(definition, dict):
                if definition.get("@id") in ("@nest", "@graph", "@included"):
                    self.aliases[name] = definition["@id"]
                container = definition.get("@container", ())
                kinds = {container} if isinstance(container, str) else set(container)
                if {"@language", "@graph"} & kinds or definition.get("@type") == "@json":
                    self.closed.add(name)
                elif {"@index", "@id", "@type"} & kinds:
                    self.maps[name] = "@id" in kinds

    def answer(self, value: Any) -> Any:
        """Return a context with each address in it replaced by what stands there."""
        if isinstance(value, list):
            return [self.answer(item) for item in value]
        if isinstance(value, dict):
            return self._inline(value)
        if not isinstance(value, str) or isinstance(value, _Number):
            return _plain(value)
        if context.is_published(value):
            return context.part(self.used)
        if context.is_ro_crate(value):
            return dict(context.RO_CRATE)
        if "://" not in value:
            # A context that names itself ends here.
            return self.answer(self._local.pop(value, []))
        file = value.rstrip("/").rsplit("/", 1)[-1].partition("#")[0] or "context"
        file = file if "." in file else f"{file}.jsonld"
        raise fault(
            self.path,
            "this is not JSON-LD: its @context is on the web, and nothing is read from there. "
            f"Write the context into the file. Or save {value} beside it as {file} and write "
            f'"@context": "{file}". Known without the web: {context.CONTEXT} '
            "and the contexts of EMMO and BattINFO.",
        )

    def _inline(self, value: dict[str, Any]) -> Any:
        """Return a context that stands in the document, with the addresses inside it replaced as well."""
        if isinstance(value.get("@context"), dict | list | str):
            # `{"@context": {"@context": ...}}` is a context that was pasted with its braces.
            return self.answer(value["@context"])
        result: dict[str, Any] = {}
        if isinstance(value.get("@import"), str):
            imported = self.answer(value["@import"])
            result |= imported if isinstance(imported, dict) else {}
        for name, definition in value.items():
            if isinstance(definition, dict) and "@context" in definition:
                scoped = self.answer(definition["@context"])
                result[name] = {**_plain(definition), "@context": scoped}
            elif name != "@import":
                result[name] = _plain(definition)
        return result

    def top(self, content: Any) -> Any:
        """Return the nodes of the document, named, each with its contexts."""
        listed = content if isinstance(content, list) else [content]
        nodes = []
        for index, item in enumerate(listed):
            if not isinstance(item, dict):
                raise fault(self.path, "JSON-LD is an object in braces, or a list of them.")
            pointer = f"/{index}" if isinstance(content, list) else ""
            iri = f"{self.root}{pointer}"
            own = self.answer(item.get("@context", []))
            rest = {key: value for key, value in item.items() if key != "@context"}
            named = self.node(rest, pointer, iri)
            nodes.append(
                {"@context": [{"@vocab": UNKNOWN}, *(own if isinstance(own, list) else [own])], **named}
            )
        # In a list, an object that holds nothing but `@graph` would be a graph of its own.
        return nodes if isinstance(content, list) else nodes[0]

    def node(self, value: dict[str, Any], pointer: str, iri: str) -> dict[str, Any]:
        """Return an object with its IRI and its place, and the same for all that is in it.

        `iri` is the name that the path gives it; one that the document gives goes before.
        """
        keys = {self.aliases.get(key, key) for key in value}
        if "@value" in keys:
            number = next((item for item in value.values() if isinstance(item, _Number)), None)
            untyped = {} if number is None or "@type" in keys else (_literal("", number) or {})
            return {
                key: str(item) if item is number else _plain(item) for key, item in value.items()
            } | untyped
        result: dict[str, Any] = {}
        given = False
        for key, item in value.items():
            word = self.aliases.get(key, key)
            below = f"{pointer}/{pointer_token(key)}"
            if word == "@id":
                # Converters write NaN or nothing where a cell of their sheet is empty.
                if isinstance(item, _Number) and item != "NaN":
                    result["@id"] = _plain(item)  # the processor says what is wrong with it
                    given = True
                elif isinstance(item, str) and not isinstance(item, _Number) and item.strip():
                    result["@id"] = f"{self.root}/{encode(item)}" if item.startswith("_:") else _quoted(item)
                    given = True
            elif word == "@context":
                result["@context"] = self.answer(item)
            elif word in _KEYWORDS_WITH_NODES:
                result[key] = self.value(key, item, below, iri)
            elif word in ("@reverse", "@nest") and isinstance(item, dict):
                result[key] = {
                    name: self.value(name, inner, f"{below}/{pointer_token(name)}", f"{iri}/{key}")
                    for name, inner in item.items()
                }
            elif word == "@type":
                types = item if isinstance(item, list) else [item]
                result[key] = [self.legal(one) if isinstance(one, str) else _plain(one) for one in types]
            elif word.startswith("@") or key in self.closed:
                result[key] = _plain(item)
            elif key in self.maps and isinstance(item, dict):
                result[key] = {
                    name: self.value(key, inner, f"{below}/{pointer_token(name)}", f"{iri}/{encode(name)}")
                    for name, inner in item.items()
                }
                if self.maps[key]:
                    _give_up_names(result[key])
            else:
                result[self.legal(key)] = self.value(key, item, below, iri)
        if (keys <= {"@set", "@list", "@index"} and keys) or keys <= {"@graph", "@context"}:
            return result
        if keys == {"@id"} and given:
            return result
        if not given:
            result["@id"] = iri
        result[PLACE] = {"@id": f"{self.graph}#{pointer or '/'}"}
        return result

    def legal(self, name: str) -> str:
        """Return a key or a class so that it can end an IRI, where no context has it."""
        return name if name in self.defined or name in context.shipped() else _quoted(name)

    def text(self, key: str, value: str) -> Any:
        """Return a text under a key; where an IRI is expected, so that it is one or stays a text."""
        expected = context.points(key)
        known = value in self.defined or value in context.shipped()
        if expected == "@vocab" and not known and ":" not in value:
            # A code such as mm or % is for the unit tables, not for an IRI.
            return {"@value": value}
        return _quoted(value) if expected in ("@id", "@vocab") else value

    def value(self, key: str, value: Any, pointer: str, iri: str) -> Any:
        """Return what stands under a key of the node `iri`."""
        # A quantity is named as everywhere in the graph, `{thing}#{name}`; a thing has no '#' in its name.
        path = iri.replace("#", "/")
        if isinstance(value, list):
            return [
                self.item(key, item, f"{pointer}/{index}", path, f"/{index}")
                for index, item in enumerate(value)
            ]
        return self.item(key, value, pointer, path, "")

    def item(self, key: str, value: Any, pointer: str, path: str, index: str) -> Any:
        if isinstance(value, _Number):
            return _literal(key, value)
        if isinstance(value, list):
            return self.value(key, value, pointer, f"{path}/{encode(key)}")
        if isinstance(value, str):
            return self.text(key, value)
        if not isinstance(value, dict):
            return value
        sign = "#" if key in _QUANTITY_KEYS or _NUMBER_KEYS & value.keys() else "/"
        return self.node(value, pointer, f"{path}{sign}{encode(key)}{index}")


def _give_up_names(nodes: dict[str, Any]) -> None:
    """Take the names away that the path gave: in a map by `@id`, the key is the name."""
    for node in nodes.values():
        if isinstance(node, dict):
            node.pop("@id", None)


def _name_blanks(quads: list[ox.Quad], root: str) -> list[ox.Quad]:
    """Return the quads with an IRI for each blank node that is left: those in maps, and those of a processor.

    Their names follow from what is said of them (RDFC-1.0), so they are the same every time.
    """
    blank = ox.BlankNode
    if not any(isinstance(term, blank) for quad in quads for term in (quad.subject, quad.object)):
        return quads
    dataset = ox.Dataset(quads)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)

    def named(term: Any) -> Any:
        return ox.NamedNode(f"{root}/blank-{term.value}") if isinstance(term, blank) else term

    return [
        ox.Quad(named(quad.subject), quad.predicate, named(quad.object), named(quad.graph_name))
        for quad in dataset
    ]


def _by_label(iri: str, vocabulary: Vocabulary) -> str:
    """Return the IRI of the term that a readable IRI such as `emmo:UnitOne` means, else the IRI itself."""
    if not iri.startswith(_LABELLED_NAMESPACES) or iri in vocabulary:
        return iri
    local = context.compact(iri)
    prefix, colon, label = local.partition(":")
    if not colon or prefix not in _LABELLED:
        return iri
    definition = context.shipped().get(f"{prefix}.{label}") or context.shipped().get(label)
    if definition is None:
        return iri
    return context.expand(definition if isinstance(definition, str) else definition["@id"])


def read(path: Path, base: str, name: str, encodings: tuple[str, ...], vocabulary: Vocabulary) -> ox.Store:
    """Return what a JSON-LD file states, in memory; `name` is the name of the file in the store.

    Raises FaultsError where the file is no JSON, is no JSON-LD, or has a context that is not at hand.
    """
    try:
        content = parse_json(path, encodings, number=_Number)
    except FaultsError as error:
        raise FaultsError(
            [
                Fault(one.place, one.line, one.text.replace("not JSON:", "not JSON-LD:"))
                for one in error.faults
            ]
        ) from None
    try:
        document = _Document(path, base, name, content)
        text = json.dumps(document.top(content), ensure_ascii=False)
    except RecursionError:
        raise fault(path, "the objects are nested too deeply.") from None
    try:
        quads = list(ox.parse(text.encode(), format=ox.RdfFormat.JSON_LD, base_iri=base))
    except (SyntaxError, ValueError) as error:
        said = (error.msg if isinstance(error, SyntaxError) else str(error)).rstrip(".")
        raise fault(path, f"this is not JSON-LD: {said}.") from None
    meant: dict[str, ox.NamedNode] = {}

    def term(node: Any) -> Any:
        if not isinstance(node, ox.NamedNode):
            return node
        if node.value not in meant:
            meant[node.value] = ox.NamedNode(_by_label(node.value, vocabulary))
        return meant[node.value]

    # What stands in a language map or in JSON has no place of its own; it is somewhere in the file.
    place, root = ox.NamedNode(PLACE), ox.NamedNode(f"{document.graph}#/")
    quads = _name_blanks(quads, document.root)
    placed = {quad.subject for quad in quads if quad.predicate == place}
    quads += [ox.Quad(node, place, root) for node in {quad.subject for quad in quads} - placed]
    # What a document puts into graphs of its own is as much of this file as the rest of it.
    store = ox.Store()
    store.extend(ox.Quad(quad.subject, term(quad.predicate), term(quad.object)) for quad in quads)
    return store


def describe(source: ox.Store, vocabulary: Vocabulary) -> None:
    """Add a graph that describes the terms of the vocabulary that a source uses, for queries to ask."""
    graph = ox.NamedNode(TERMS)
    type_, label = ox.NamedNode(PREFIXES["rdf"] + "type"), ox.NamedNode(PREFIXES["rdfs"] + "label")
    above = ox.NamedNode(PREFIXES["rdfs"] + "subClassOf")
    used = {
        node.value
        for quad in source
        for node in (quad.predicate, quad.object)
        if isinstance(node, ox.NamedNode)
    }
    for iri in sorted(used):
        if iri not in vocabulary:
            continue
        node, found = ox.NamedNode(iri), vocabulary.term(iri)
        kind = "Property" if found.kind.endswith("property") else found.kind.capitalize()
        source.add(ox.Quad(node, type_, ox.NamedNode(PREFIXES["kgc"] + kind), graph))
        source.add(ox.Quad(node, label, ox.Literal(found.label), graph))
        if kind == "Class":
            for parent in vocabulary.ancestors(iri) - {iri}:
                source.add(ox.Quad(node, above, ox.NamedNode(parent), graph))
