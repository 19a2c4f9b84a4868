"""The IRIs of things and runs -> what the store says of them: classes, texts, times, machines and values."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator
from itertools import islice
from typing import Final
from urllib.parse import unquote

import pyoxigraph as ox

from kg import model
from kg.errors import KgError
from kg.iri import shorten
from kg.lineage.graph import Run, Thing, Value
from kg.lineage.links import POSITION_FROM, POSITION_TO
from kg.store import Store, holds_records
from kg.terms import Vocabulary, vocabulary

ROWS = 20
"""Rows that are told of a thing: a lot may stand in 5,000."""

_HOW: Final = {iri: name for name, iri in model.VALUE_KINDS.items()}
_COMMENT: Final = model.TEXT_PROPERTIES["comment"]
_LABEL: Final = model.TEXT_PROPERTIES["label"]
_OF_RUN: Final = (model.RDF_TYPE, model.START, model.END, model.HAS_TOOL)

Said = dict[str, list[str]]
"""Property -> its values, each once."""


@functools.cache
def _texts() -> tuple[str, ...]:
    told = {model.IDENTIFIER, model.START, model.END, _COMMENT, _LABEL, model.SOURCE_TOKEN}
    terms = (term.iri for term in vocabulary() if term.kind == "datatype property")
    return tuple(iri for iri in terms if iri not in told and not iri.startswith(model.EMMO))


def _is_record(quad: ox.Quad) -> bool:
    return isinstance(quad.graph_name, ox.NamedNode) and holds_records(quad.graph_name.value)


class Details:
    """What the store says of some nodes; without `with_values` no more than a list of them needs."""

    def __init__(self, store: Store, *, with_values: bool = True) -> None:
        self._db, self.base, self.with_values = store.db, store.base, with_values
        self.words: Vocabulary = vocabulary()
        self._labels: dict[str, str] = {}

    def label(self, iri: str) -> str:
        """Return the label of a term, or the name below the base of anything else."""
        if iri not in self._labels:
            try:
                self._labels[iri] = self.words.term(iri).label
            except KgError:
                self._labels[iri] = shorten(iri, self.base)
        return self._labels[iri]

    @functools.cached_property
    def used(self) -> tuple[str, ...]:
        """Return the properties of texts that the store makes use of."""
        found = []
        for iri in _texts():
            quads = self._db.quads_for_pattern(None, ox.NamedNode(iri), None, None)
            if any(_is_record(quad) for quad in islice(quads, 1)):
                found.append(iri)
        return tuple(found)

    def said(self, iri: str, only: Collection[str] = ()) -> Said:
        """Return what the records say of a node, each value once, sorted; `only` by some properties.

        What is derived about a thing is far more than what is recorded, so its properties are looked up one
        by one; a run or a quantity is read at once.
        """
        node, found = ox.NamedNode(iri), dict[str, set[str]]()
        for property_ in only or (None,):
            wanted = ox.NamedNode(property_) if property_ else None
            quads = self._db.quads_for_pattern(node, wanted, None, None)
            for quad in islice(quads, ROWS if property_ == model.DERIVED_FROM else None):
                if _is_record(quad) and not isinstance(quad.object, ox.Triple):
                    found.setdefault(quad.predicate.value, set()).add(quad.object.value)
        return {property_: sorted(values) for property_, values in found.items()}

    def values(self, quantities: Collection[str]) -> tuple[Value, ...]:
        """Return quantities that have a number, sorted by term and name."""
        found = (value for quantity in quantities if (value := self.value(quantity)))
        return tuple(sorted(found, key=lambda value: (value.term, value.name)))

    def value(self, quantity: str) -> Value | None:
        """Return a quantity with its number; None where it has none."""
        said = self.said(quantity)
        for number in said.get(model.HAS_NUMERICAL_PART, ()):
            for text in self.said(number, (model.HAS_NUMBER_VALUE,)).get(model.HAS_NUMBER_VALUE, ()):
                types = said.get(model.RDF_TYPE, ())
                term = next((type_ for type_ in types if type_ not in _HOW), "")
                how = next((_HOW[type_] for type_ in types if type_ in _HOW), "measured")
                unit_iri = next(iter(said.get(model.HAS_UNIT, ())), "")
                unit = self.words.units.get(unit_iri)
                name = quantity.partition("#")[2]
                label = self.label(term) if term else name
                shown = unit.name if unit else ""
                return Value(label, float(text), shown, name, how, quantity, number, term, unit_iri)
        return None

    def places(self, said: Said) -> tuple[str, ...]:
        """Return the rows that a node comes from, as `file#row=17`, or the node of an RDF source."""
        start = self.base + "file/"
        return tuple(unquote(place.removeprefix(start)) for place in said.get(model.DERIVED_FROM, ()))

    def texts(self, said: Said) -> dict[str, str]:
        """Return the texts of a node by the label of their property."""
        return {
            self.label(property_): ", ".join(said[property_]) for property_ in self.used if property_ in said
        }

    def thing(self, iri: str) -> Thing:
        """Return a thing."""
        more = (model.HAS_PROPERTY, model.DERIVED_FROM) if self.with_values else ()
        said = self.said(iri, (model.RDF_TYPE, _LABEL, *self.used, *more))
        types = tuple(said.get(model.RDF_TYPE, ()))
        return Thing(
            iri,
            shorten(iri, self.base),
            tuple(self.label(type_) for type_ in types),
            next(iter(said.get(_LABEL, ())), ""),
            self.texts(said),
            self.values(said.get(model.HAS_PROPERTY, ())),
            self.places(said),
            types,
        )

    def narrow(self, types: Collection[str]) -> tuple[str, ...]:
        """Return the classes that no other one of them stands below."""
        wide = {above for type_ in types for above in self.words.ancestors(type_) if above != type_}
        return tuple(type_ for type_ in types if type_ not in wide)

    def run(self, iri: str, sections: Collection[str]) -> Run:
        """Return a run; `sections` are those of the webs that count in it."""
        said = self.said(iri, () if self.with_values else _OF_RUN)
        tools, agents = (tuple(said.get(property_, ())) for property_ in (model.HAS_TOOL, model.HAS_AGENT))
        types = self.narrow(said.get(model.RDF_TYPE, ()))
        return Run(
            iri,
            shorten(iri, self.base),
            tuple(self.label(type_) for type_ in types),
            next(iter(said.get(model.START, ())), ""),
            next(iter(said.get(model.END, ())), ""),
            " ".join(said.get(_COMMENT, ())),
            tuple(self.label(tool) for tool in tools),
            tuple(self.label(agent) for agent in agents),
            self.texts(said),
            self.values(said.get(model.HAS_PROCESS_PARAMETER, ())),
            tuple(self._readings(sections)) if self.with_values else (),
            self.places(said),
            len(said.get(model.HAS_SUB_PROCESS, ())),
            types,
            tools,
            agents,
        )

    def _readings(self, sections: Collection[str]) -> Iterator[Value]:
        """Return what was measured on sections of a web, without where they are."""
        for section in sorted(sections):
            for value in self.values(self.said(section, (model.HAS_PROPERTY,)).get(model.HAS_PROPERTY, ())):
                if value.term_iri not in (POSITION_FROM, POSITION_TO):
                    yield value
