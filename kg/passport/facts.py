"""A store -> texts, quantities, documents and lots of batteries, each with the rows that it comes from.

The walk goes through the indexes of the store, not through SPARQL: some three hundred short steps for one
battery cost a few milliseconds, and what batteries have in common (models, lots, papers) is read once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

import pyoxigraph as ox

from kg import model
from kg.namespaces import PREFIXES
from kg.store import Store
from kg.terms import vocabulary
from kg.units import Unit

BVCOX, EMMO = PREFIXES["bvcox"], PREFIXES["emmo"]
SERIAL = model.TEXT_PROPERTIES["serial"]
LABEL = model.TEXT_PROPERTIES["label"]
COMMENT = model.TEXT_PROPERTIES["comment"]
OF_MODEL = BVCOX + "ofBatteryModel"
PASSPORT_OF = BVCOX + "passportOf"
STATE_RECORD = BVCOX + "hasStateRecord"
DOCUMENT = BVCOX + "hasDeclaredDocument"
MATERIAL_LOT = BVCOX + "MaterialLot"
STATISTIC = BVCOX + "standardDeviationOfReadings"
HOW = {iri: how for how, iri in model.VALUE_KINDS.items()}


@dataclass(frozen=True)
class Fact:
    """A value as the store has it: number or text, unit, how it is known, when, and its rows."""

    value: float | str
    unit: Unit | None = None
    how: str = ""
    time: str = ""
    rows: tuple[str, ...] = ()
    deviation: float | None = None


class Facts:
    """What one state of a store says, remembered as it is read."""

    def __init__(self, store: Store) -> None:
        self.store, self.db = store, store.db
        self._files = store.base + "file/"
        self._nodes: dict[str, ox.NamedNode] = {}
        self._quantities: dict[str, dict[tuple[str, str], Fact]] = {}
        self._rows: dict[str, dict[str, tuple[str, ...]]] = {}
        self._is_lot: dict[str, bool] = {}
        self._documents: dict[str, list[tuple[str, tuple[str, ...], str]]] = {}
        self._lots: dict[str, tuple[frozenset[str], tuple[str, ...]]] = {}

    def node(self, iri: str) -> ox.NamedNode:
        """Return the node of an IRI; nodes of properties and classes come again and again."""
        found = self._nodes.get(iri)
        if found is None:
            found = self._nodes[iri] = ox.NamedNode(iri)
        return found

    def pairs(self, subject: str, prop: str) -> list[tuple[str, str]]:
        """Return the values of a property with the graphs that state them, sorted."""
        quads = self.db.quads_for_pattern(ox.NamedNode(subject), self.node(prop), None, None)
        return sorted((quad.object.value, quad.graph_name.value) for quad in quads)  # type: ignore[union-attr]

    def objects(self, subject: str, prop: str) -> list[str]:
        """Return the values of a property, each once, sorted."""
        return sorted({value for value, _ in self.pairs(subject, prop)})

    def has(self, subject: str | None, prop: str, object_: str | None = None) -> bool:
        """Return whether there is a statement with a property; None stands for any subject or object."""
        ends = (ox.NamedNode(end) if end is not None else None for end in (subject, object_))
        return (
            next(iter(self.db.quads_for_pattern(next(ends), self.node(prop), next(ends), None)), None)
            is not None
        )

    def subjects(self, prop: str, object_: str) -> list[str]:
        """Return what has a thing as the value of a property, each once, sorted."""
        quads = self.db.quads_for_pattern(None, self.node(prop), ox.NamedNode(object_), None)
        return sorted({quad.subject.value for quad in quads})  # type: ignore[union-attr]

    def rows(self, bearer: str, graph: str) -> tuple[str, ...]:
        """Return the rows of a file that speak of a thing, as `file#row=17`.

        Only that file is looked at: the model of a cell stands in the row of every cell.
        """
        by_graph = self._rows.setdefault(bearer, {})
        found = by_graph.get(graph)
        if found is None:
            quads = self.db.quads_for_pattern(
                ox.NamedNode(bearer), self.node(model.DERIVED_FROM), None, self.node(graph)
            )
            places = sorted(quad.object.value for quad in quads)  # type: ignore[union-attr]
            found = by_graph[graph] = tuple(unquote(place.removeprefix(self._files)) for place in places)
        return found

    def forget(self, bearers: Iterable[str]) -> None:
        """Let go of what was remembered of things that are told only once."""
        for bearer in bearers:
            self._quantities.pop(bearer, None)
            self._rows.pop(bearer, None)
            self._lots.pop(bearer, None)
            self._documents.pop(bearer, None)

    def text(self, bearer: str, prop: str) -> Fact | None:
        """Return a text of a thing: the first, where several are stated."""
        for value, graph in self.pairs(bearer, prop):
            return Fact(value, time=self.said_on(bearer), rows=self.rows(bearer, graph))
        return None

    def identifier(self, bearer: str) -> Fact | None:
        """Return the steward's own identifier of a thing."""
        return self.text(bearer, model.IDENTIFIER)

    def said_on(self, bearer: str) -> str:
        """Return the day on which somebody typed in what is stated of a thing."""
        return next(iter(self.objects(bearer, BVCOX + "declaredOn")), "")

    def said_by(self, bearer: str) -> str:
        """Return who typed in what is stated of a thing."""
        return next(iter(self.objects(bearer, BVCOX + "declaredBy")), "")

    def quantities(self, bearer: str) -> dict[tuple[str, str], Fact]:
        """Return the quantities of a thing by term and by the name that tells several of one term apart."""
        known = self._quantities.get(bearer)
        if known is None:
            known = self._quantities[bearer] = self._read(bearer)
        return known

    def quantity(self, bearer: str, term: str, name: str = "") -> Fact | None:
        """Return the quantity of a thing that is of a term."""
        return self.quantities(bearer).get((term, name))

    def measured(self, bearer: str, label: str) -> Fact | None:
        """Return the quantity `{bearer}#{Term}` in the unit of its term: the number and its rows alone.

        It is the road for the cells, of which a battery has a hundred; `quantity` knows more.
        """
        for value, graph in self.pairs(f"{bearer}#{label}.number", model.HAS_NUMBER_VALUE):
            return Fact(float(value), how="measured", rows=self.rows(bearer, graph))
        return None

    def _read(self, bearer: str) -> dict[tuple[str, str], Fact]:
        found: dict[tuple[str, str], Fact] = {}
        times: dict[str, str] = {}
        for prop in (model.HAS_PROPERTY, model.HAS_PROCESS_PARAMETER):
            for quantity, graph in self.pairs(bearer, prop):
                if graph not in times:
                    times[graph] = self._time(bearer, graph)
                fact, terms = self._quantity(quantity, times[graph], self.rows(bearer, graph))
                if fact is None:
                    continue
                parts = quantity.partition("#")[2].split(".")[1:]
                name = ".".join(part for part in parts if part not in model.VALUE_KINDS)
                for term in terms:
                    found.setdefault((term, name), fact)
        return found

    def _quantity(self, quantity: str, time: str, rows: tuple[str, ...]) -> tuple[Fact | None, list[str]]:
        """Return what a node of a quantity says, and its terms."""
        value, unit, how, deviation = "", None, "", None
        terms: list[str] = []
        quads = self.db.quads_for_pattern(ox.NamedNode(quantity), None, None, None)
        said = {(quad.predicate.value, quad.object.value) for quad in quads}  # type: ignore[union-attr]
        for prop, object_ in sorted(said):
            if prop == model.RDF_TYPE:
                how = HOW.get(object_, how)
                terms += [object_] if object_ not in HOW else []
            elif prop == model.HAS_UNIT:
                unit = vocabulary().units.get(object_)
            elif prop == model.HAS_NUMERICAL_PART:
                value = next(iter(self.objects(object_, model.HAS_NUMBER_VALUE)), value)
            elif prop == STATISTIC:
                deviation = float(object_)
        return (Fact(float(value), unit, how, time, rows, deviation) if value else None), terms

    def _time(self, bearer: str, graph: str) -> str:
        """Return when the run ended or began that a file tells of a thing, or when it was stated."""
        said = self.said_on(bearer)
        if said:
            return said
        for prop in (model.HAS_OUTPUT, model.HAS_INPUT):
            quads = self.db.quads_for_pattern(None, self.node(prop), ox.NamedNode(bearer), self.node(graph))
            for run in sorted(quad.subject.value for quad in quads):  # type: ignore[union-attr]
                for moment in (*self.objects(run, model.END), *self.objects(run, model.START)):
                    return moment
        return ""

    def documents(self, bearer: str) -> list[tuple[str, tuple[str, ...], str]]:
        """Return the documents of a model: IRI, classes, and the graph that states them."""
        known = self._documents.get(bearer)
        if known is None:
            known = self._documents[bearer] = [
                (document, tuple(self.objects(document, model.RDF_TYPE)), graph)
                for document, graph in self.pairs(bearer, DOCUMENT)
            ]
        return known

    def is_lot(self, thing: str) -> bool:
        """Return whether a thing is a material lot whose contents are known."""
        known = self._is_lot.get(thing)
        if known is None:
            typed = MATERIAL_LOT in self.objects(thing, model.RDF_TYPE)
            known = self._is_lot[thing] = typed and bool(self.objects(thing, model.HAS_PART))
        return known

    def lots(self, thing: str) -> tuple[frozenset[str], tuple[str, ...]]:
        """Return the lots with known contents that a thing was made from, over all steps.

        Beside them stand the rows that say what the thing itself was made from.
        """
        known = self._lots.get(thing)
        if known is None:
            self._lots[thing] = (frozenset(), ())
            found: set[str] = set()
            pairs = self.pairs(thing, model.MADE_FROM)
            for other in {value for value, _ in pairs}:
                found |= {other} if self.is_lot(other) else self.lots(other)[0]
            rows = {row for graph in {where for _, where in pairs} for row in self.rows(thing, graph)}
            known = self._lots[thing] = (frozenset(found), tuple(sorted(rows)))
        return known
