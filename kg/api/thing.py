"""An IRI of the store -> what its page shows, and its statements. These functions run in a reader process."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

import pyoxigraph as ox

from kg import model
from kg.api.problems import Problem
from kg.catalogue import entries
from kg.errors import KgError
from kg.iri import encode, shorten
from kg.namespaces import PREFIXES
from kg.store import CATALOGUE_GRAPH, VOCABULARY_GRAPH, Store
from kg.terms import vocabulary

MOST = 200
"""Links of one kind, or things of one file, that a page shows."""
_HOW = {iri: word for word, iri in model.VALUE_KINDS.items()}
_TEXTS = (model.TEXT_PROPERTIES["label"], PREFIXES["dcterms"] + "identifier")
_NUMBERS = {PREFIXES["xsd"] + name for name in ("double", "integer", "decimal", "float")}


def iri_of(store: Store, tail: str) -> str:
    """Return the IRI that a path below `/id/` stands for.

    Raises Problem 404 where the store says nothing of it.
    """
    # A client may have encoded signs that an IRI leaves as they are.
    for candidate in dict.fromkeys((tail, encode(unquote(tail)))):
        iri = store.base + candidate
        try:
            node = ox.NamedNode(iri)
        except ValueError:
            continue
        about = store.db.quads_for_pattern(node, None, None, None)
        with_it = store.db.quads_for_pattern(None, None, node, None)
        if next(iter(about), None) or next(iter(with_it), None) or store.has_graph(iri):
            return iri
    raise Problem(404, f"nothing in the store is called '{unquote(tail)}'. A search by name: /find?name=...")


def statements(store: Store, tail: str, form: str) -> bytes:
    """Return what the store says of a thing and of its own nodes, its quantities, in an RDF format."""
    iri = iri_of(store, tail)
    waiting, seen, triples = [iri], {iri}, dict[ox.Triple, None]()
    while waiting:
        for quad in store.db.quads_for_pattern(ox.NamedNode(waiting.pop()), None, None, None):
            triples[quad.triple] = None
            value = quad.object
            if (
                isinstance(value, ox.NamedNode)
                and value.value.startswith(f"{iri}#")
                and value.value not in seen
            ):
                seen.add(value.value)
                waiting.append(value.value)
    used = {
        name: start for name, start in PREFIXES.items() if any(start in str(triple) for triple in triples)
    }
    media = ox.RdfFormat.from_media_type(form)
    assert media is not None
    prefixes = used if media.supports_datasets or media == ox.RdfFormat.TURTLE else None
    return ox.serialize(triples, format=media, prefixes=prefixes) or b""


class _Look:
    """One look at a thing."""

    def __init__(self, store: Store, iri: str) -> None:
        self.store, self.iri, self.words = store, iri, vocabulary()

    def label(self, iri: str) -> str:
        """Return the label of a term, or the name below the base."""
        if iri.startswith(self.store.base):
            return unquote(shorten(iri, self.store.base))
        try:
            return self.words.term(iri).label
        except KgError:
            return next(
                (f"{name}:{iri[len(start) :]}" for name, start in PREFIXES.items() if iri.startswith(start)),
                iri,
            )

    def objects(self, subject: str, predicate: str) -> list[Any]:
        """Return the values of a property, each once."""
        quads = self.store.db.quads_for_pattern(ox.NamedNode(subject), ox.NamedNode(predicate), None, None)
        return list(dict.fromkeys(quad.object for quad in quads))

    def link(self, iri: str) -> dict[str, str]:
        """Return an IRI with its label."""
        return {"iri": iri, "text": self.label(iri)}

    def values(self, rows: dict[str, list[str]]) -> list[dict[str, Any]]:
        """Return the quantities of the thing, each with the rows that state it; `rows` are those by graph."""
        found = []
        for has in (model.HAS_PROPERTY, model.HAS_PROCESS_PARAMETER):
            said = defaultdict[str, set[str]](set)
            for quad in self.store.db.quads_for_pattern(
                ox.NamedNode(self.iri), ox.NamedNode(has), None, None
            ):
                if isinstance(quad.object, ox.NamedNode) and isinstance(quad.graph_name, ox.NamedNode):
                    said[quad.object.value].add(quad.graph_name.value)
            for quantity, graphs in said.items():
                found.append(
                    self._value(quantity, [row for graph in sorted(graphs) for row in rows.get(graph, ())])
                )
        return sorted((one for one in found if one), key=lambda one: (one["term"]["text"], one["name"]))

    def _value(self, quantity: str, rows: list[str]) -> dict[str, Any]:
        parts = [part.value for part in self.objects(quantity, model.HAS_NUMERICAL_PART)]
        numbers = [n.value for part in [quantity, *parts] for n in self.objects(part, model.HAS_NUMBER_VALUE)]
        if not numbers:
            return {}
        types = [type_.value for type_ in self.objects(quantity, model.RDF_TYPE)]
        terms = [iri for iri in types if iri not in _HOW]
        units = [self.words.units.get(unit.value) for unit in self.objects(quantity, model.HAS_UNIT)]
        return {
            "iri": quantity,
            "name": quantity.partition("#")[2],
            "term": self.link(terms[0]) if terms else {"iri": "", "text": quantity.partition("#")[2]},
            "how": next((_HOW[iri] for iri in types if iri in _HOW), ""),
            "value": f"{float(numbers[0]):.6g}",
            "unit": next((unit.symbol or unit.name for unit in units if unit), ""),
            "token": next((token.value for token in self.objects(quantity, model.SOURCE_TOKEN)), ""),
            "rows": [self.row(row) for row in rows],
        }

    def row(self, iri: str) -> dict[str, str]:
        """Return a row of a file as people say it: `coating.csv, row 17`."""
        file, _, place = shorten(iri, self.store.base).partition("#")
        number = place.rpartition("row=")[2]
        return {"iri": iri, "text": f"{unquote(file.removeprefix('file/'))}:{unquote(number)}"}

    def links(self, *, back: bool) -> list[dict[str, Any]]:
        """Return what the thing leads to, or with `back` what leads to it, by property."""
        quantities = (model.HAS_PROPERTY, model.HAS_PROCESS_PARAMETER, model.RDF_TYPE, model.DERIVED_FROM)
        node = ox.NamedNode(self.iri)
        subject, object_ = (None, node) if back else (node, None)
        quads = self.store.db.quads_for_pattern(subject, None, object_, None)
        found = defaultdict[str, dict[str, None]](dict)
        for quad in quads:
            if isinstance(quad.graph_name, ox.NamedNode) and quad.graph_name.value in (
                CATALOGUE_GRAPH,
                VOCABULARY_GRAPH,
            ):
                continue
            other = quad.subject if back else quad.object
            if (
                isinstance(other, ox.NamedNode)
                and quad.predicate.value not in quantities
                and "#" not in shorten(other.value, self.store.base)
            ):
                found[quad.predicate.value][other.value] = None
        return [
            {
                "property": self.link(link),
                "things": [self.link(iri) for iri in sorted(things)[:MOST]],
                "count": len(things),
            }
            for link, things in sorted(found.items(), key=lambda pair: self.label(pair[0]))
        ]

    def texts(self) -> list[dict[str, Any]]:
        """Return the texts and times that stand at the thing itself."""
        found = dict[tuple[str, str], None]()
        for quad in self.store.db.quads_for_pattern(ox.NamedNode(self.iri), None, None, None):
            if isinstance(quad.object, ox.Literal):
                found[quad.predicate.value, quad.object.value] = None
        return [{"property": self.link(link), "text": text} for link, text in sorted(found)]


def thing(store: Store, tail: str) -> dict[str, Any]:
    """Return what the page of a thing shows.

    Raises Problem 404 where the store says nothing of it.
    """
    iri = iri_of(store, tail)
    look = _Look(store, iri)
    rows = defaultdict[str, list[str]](list)
    for quad in store.db.quads_for_pattern(ox.NamedNode(iri), ox.NamedNode(model.DERIVED_FROM), None, None):
        if isinstance(quad.graph_name, ox.NamedNode) and isinstance(quad.object, ox.NamedNode):
            rows[quad.graph_name.value].append(quad.object.value)
    types = sorted({type_.value for type_ in look.objects(iri, model.RDF_TYPE)})
    labels = [text.value for predicate in _TEXTS for text in look.objects(iri, predicate)]
    return {
        "iri": iri,
        "id": shorten(iri, store.base),
        "title": labels[0] if labels else unquote(shorten(iri, store.base)),
        "classes": [look.link(type_) for type_ in types],
        "texts": look.texts(),
        "values": look.values(rows),
        "leads_to": look.links(back=False),
        "led_from": look.links(back=True),
        "rows": [
            look.row(row) for row in sorted({row for some in rows.values() for row in some}, key=_order)
        ],
        "file": _file(look) if shorten(iri, store.base).startswith("file/") else None,
    }


def _order(row: str) -> tuple[str, int, str]:
    start, _, number = row.rpartition("row=")
    return start, int(number) if number.isdigit() else 0, row


def _file(look: _Look) -> dict[str, Any] | None:
    """Return what the catalogue says of a file, and the things that its rows speak of."""
    entry = next((entry for entry in entries(look.store) if entry.graph == look.iri), None)
    if entry is None:
        return None
    rows = defaultdict[str, list[str]](list)
    graph, derived = ox.NamedNode(look.iri), ox.NamedNode(model.DERIVED_FROM)
    for quad in look.store.db.quads_for_pattern(None, derived, None, graph):
        if isinstance(quad.object, ox.NamedNode) and isinstance(quad.subject, ox.NamedNode):
            rows[quad.object.value].append(quad.subject.value)
    return {
        "name": entry.name,
        "mapping": entry.mapping,
        "outcome": entry.outcome,
        "sha256": entry.sha256,
        "read": entry.read,
        "loaded": entry.loaded,
        "set_aside": entry.set_aside,
        "at": entry.loaded_at,
        "columns": [
            {
                "name": item.name,
                "outcome": item.outcome,
                "count": item.count,
                "reason": item.reason,
                "term": item.term and look.link(item.term),
            }
            for item in entry.items
        ],
        "rows": [
            {
                "place": unquote(row.partition("#")[2]),
                "anchor": row.partition("#")[2],
                "things": _things(look, rows[row]),
            }
            for row in sorted(rows, key=_order)[:MOST]
        ],
        "more": max(len(rows) - MOST, 0),
    }


def _things(look: _Look, iris: Iterable[str]) -> list[dict[str, str]]:
    return [look.link(iri) for iri in sorted(set(iris))]
