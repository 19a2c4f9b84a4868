"""The IRIs of things and runs -> what the store says of them: classes, texts, times, machines and values."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Final
from urllib.parse import unquote

import pyoxigraph as ox

from kg import model
from kg.errors import KgError
from kg.iri import shorten
from kg.lineage.columns import Columns
from kg.lineage.graph import Run, Thing, Value
from kg.lineage.links import POSITION_FROM, POSITION_TO
from kg.lineage.told import told
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


class Details:
    """What the store says of some nodes; without `with_values` no more than a list of them needs."""

    def __init__(self, store: Store, columns: Columns | None = None, *, with_values: bool = True) -> None:
        self.columns = columns
        self._db, self.base, self.with_values = store.db, store.base, with_values
        self.words: Vocabulary = vocabulary()
        self._labels: dict[str, str] = {}
        self._records: dict[str, bool] = {}
        self._read: dict[str, Said] = {}
        self._sorts: dict[tuple[str, ...], tuple[str, str, str]] = {}

    def _is_record(self, graph: ox.NamedNode | ox.BlankNode | ox.DefaultGraph) -> bool:
        """Return whether a graph holds records; each graph is looked at once."""
        if not isinstance(graph, ox.NamedNode):
            return False
        name = graph.value
        if name not in self._records:
            self._records[name] = holds_records(name)
        return self._records[name]

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
            if any(self._is_record(quad.graph_name) for quad in islice(quads, 1)):
                found.append(iri)
        return tuple(found)

    def said(self, iri: str, only: Collection[str] = ()) -> Said:
        """Return what the records say of a node, each value once, sorted; `only` by some properties.

        What is derived about a thing is far more than what is recorded, so its properties are looked up one
        by one; a run or a quantity is read at once.
        """
        if iri in self._read and not only:
            return self._read[iri]
        node, found = ox.NamedNode(iri) if ":" in iri else ox.BlankNode(iri), dict[str, set[str]]()
        for property_ in only or (None,):
            wanted = ox.NamedNode(property_) if property_ else None
            quads = self._db.quads_for_pattern(node, wanted, None, None)
            for quad in islice(quads, ROWS if property_ == model.DERIVED_FROM else None):
                value = quad.object
                if self._is_record(quad.graph_name) and not isinstance(value, ox.Triple):
                    found.setdefault(property_ or quad.predicate.value, set()).add(value.value)
        return {name: sorted(values) if len(values) > 1 else [*values] for name, values in found.items()}

    def told(self, iris: Iterable[str], only: Collection[str] = ()) -> dict[str, Said]:
        """Return at once what the records say of many nodes, as `said` does of each."""
        every = dict.fromkeys(iris)
        # A query cannot name a blank node.
        nodes = [iri for iri in every if ":" in iri]
        groups = told(self._db, nodes, tuple(only))
        if groups is None:
            return {iri: self.said(iri, only) for iri in every}
        found: list[Said] = [{} for _ in nodes]
        several: list[list[str]] = []
        for property_, graph, statements in groups:
            if not self._is_record(graph):
                continue
            for statement in statements:
                place, _, value = statement.partition(" ")
                said = found[int(place)]
                if property_ not in said:
                    said[property_] = [value]
                elif value not in said[property_]:
                    said[property_].append(value)
                    several.append(said[property_])
        for values in several:
            values.sort()
        by_node = dict(zip(nodes, found, strict=True))
        return {iri: by_node[iri] if iri in by_node else self.said(iri, only) for iri in every}

    def add(self, property_: str, to: Mapping[str, Said]) -> None:
        """Add the values of a property to what is said of some nodes, by going through all of its values."""
        found: dict[str, set[str]] = {}
        for quad in self._db.quads_for_pattern(None, ox.NamedNode(property_), None, None):
            node, value = quad.subject, quad.object
            if not self._is_record(quad.graph_name) or isinstance(value, ox.Triple):
                continue
            if isinstance(node, ox.NamedNode) and node.value in to:
                found.setdefault(node.value, set()).add(value.value)
        for iri, values in found.items():
            to[iri][property_] = sorted(values)

    def read_values(self, quantities: Iterable[str]) -> None:
        """Read many quantities with their numbers at once."""
        told = self.told(quantities)
        numbers = (number for said in told.values() for number in said.get(model.HAS_NUMERICAL_PART, ()))
        self._read = told | self.told(numbers, (model.HAS_NUMBER_VALUE,))

    def values(self, quantities: Collection[str]) -> tuple[Value, ...]:
        """Return quantities that have a number, sorted by term and name."""
        found = (value for quantity in quantities if (value := self.value(quantity)))
        return tuple(sorted(found, key=lambda value: (value.term, value.name)))

    def value(self, quantity: str) -> Value | None:
        """Return a quantity with its number; None where it has none."""
        said = self.said(quantity)
        for number in said.get(model.HAS_NUMERICAL_PART, ()):
            for text in self.said(number).get(model.HAS_NUMBER_VALUE, ()):
                term, label, how = self._sort(tuple(said.get(model.RDF_TYPE, ())))
                unit_iri = next(iter(said.get(model.HAS_UNIT, ())), "")
                unit = self.words.units.get(unit_iri)
                name = quantity.partition("#")[2]
                shown = unit.name if unit else ""
                return Value(label or name, float(text), shown, name, how, quantity, number, term, unit_iri)
        return None

    def _sort(self, types: tuple[str, ...]) -> tuple[str, str, str]:
        """Return what the classes of a quantity say: its term with its label, and how it is known."""
        if types not in self._sorts:
            term = next((type_ for type_ in types if type_ not in _HOW), "")
            how = next((_HOW[type_] for type_ in types if type_ in _HOW), "measured")
            self._sorts[types] = (term, self.label(term) if term else "", how)
        return self._sorts[types]

    def places(self, said: Said) -> tuple[str, ...]:
        """Return the rows that a node comes from, as `file#row=17`, or the node of an RDF source."""
        start = self.base + "file/"
        return tuple(unquote(place.removeprefix(start)) for place in said.get(model.DERIVED_FROM, ()))

    def texts(self, said: Said) -> dict[str, str]:
        """Return the texts of a node by the label of their property."""
        return {
            self.label(property_): ", ".join(said[property_]) for property_ in self.used if property_ in said
        }

    def all(
        self, things: Iterable[str], runs: Mapping[str, Collection[str]]
    ) -> tuple[dict[str, Thing], dict[str, Run]]:
        """Return things and runs; `runs` are given with the sections of webs that count in them."""
        if self.columns and not self.with_values:
            of_thing = self.columns.said(list(things), (model.RDF_TYPE,))
            for property_ in (_LABEL, *self.used):
                self.add(property_, of_thing)
            of_run = self.columns.said(list(runs), _OF_RUN)
        else:
            plain = (model.RDF_TYPE, _LABEL, *self.used)
            of_thing = self.told(things, (*plain, model.HAS_PROPERTY) if self.with_values else plain)
            of_run = self.told(runs, () if self.with_values else _OF_RUN)
            if self.with_values:
                for iri, said in of_thing.items():
                    said |= self.said(iri, (model.DERIVED_FROM,))
        borne = [said.get(model.HAS_PROPERTY, ()) for said in of_thing.values()]
        borne += [said.get(model.HAS_PROCESS_PARAMETER, ()) for said in of_run.values()]
        self.read_values(quantity for quantities in borne for quantity in quantities)
        return (
            {iri: self.thing(iri, said) for iri, said in of_thing.items()},
            {iri: self.run(iri, said, runs[iri]) for iri, said in of_run.items()},
        )

    def thing(self, iri: str, said: Said) -> Thing:
        """Return a thing of which the records say this."""
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
        if len(types) == 1:
            return tuple(types)
        wide = {above for type_ in types for above in self.words.ancestors(type_) if above != type_}
        return tuple(type_ for type_ in types if type_ not in wide)

    def run(self, iri: str, said: Said, sections: Collection[str]) -> Run:
        """Return a run of which the records say this; `sections` are those of the webs that count in it."""
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
