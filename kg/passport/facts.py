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
        self._rows: dict[tuple[str, str], tuple[str, ...]] = {}
        self._is_lot: dict[str, bool] = {}
        self._lots: dict[str, frozenset[str]] = {}

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

    def subjects(self, prop: str, object_: str) -> list[str]:
        """Return what has a thing as the value of a property, each once, sorted."""
        quads = self.db.quads_for_pattern(None, self.node(prop), ox.NamedNode(object_), None)
        return sorted({quad.subject.value for quad in quads})  # type: ignore[union-attr]

    def rows(self, bearer: str, graph: str) -> tuple[str, ...]:
        """Return the rows of a file that speak of a thing, as `file#row=17`."""
        known = self._rows.get((bearer, graph))
        if known is None:
            quads = self.db.quads_for_pattern(
                ox.NamedNode(bearer), self.node(model.DERIVED_FROM), None, self.node(graph)
            )
            places = (quad.object.value for quad in quads)  # type: ignore[union-attr]
            known = tuple(sorted(unquote(place.removeprefix(self._files)) for place in places))
            self._rows[bearer, graph] = known
        return known

    def forget(self, bearers: Iterable[str]) -> None:
        """Let go of what was remembered of things that are told only once."""
        for bearer in bearers:
            self._quantities.pop(bearer, None)

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

    def _read(self, bearer: str) -> dict[tuple[str, str], Fact]:
        found: dict[tuple[str, str], Fact] = {}
        for prop in (model.HAS_PROPERTY, model.HAS_PROCESS_PARAMETER):
            for quantity, graph in self.pairs(bearer, prop):
                numbers = self.objects(quantity, model.HAS_NUMERICAL_PART)
                values = [value for part in numbers for value in self.objects(part, model.HAS_NUMBER_VALUE)]
                if not values:
                    continue
                how, terms = "", []
                for type_ in self.objects(quantity, model.RDF_TYPE):
                    if type_ in HOW:
                        how = HOW[type_]
                    else:
                        terms.append(type_)
                unit = next(
                    (vocabulary().units.get(iri) for iri in self.objects(quantity, model.HAS_UNIT)), None
                )
                deviation = next((float(text) for text in self.objects(quantity, STATISTIC)), None)
                name = ".".join(
                    part
                    for part in quantity.partition("#")[2].split(".")[1:]
                    if part not in model.VALUE_KINDS
                )
                fact = Fact(
                    float(values[0]),
                    unit,
                    how,
                    self._time(bearer, graph),
                    self.rows(bearer, graph),
                    deviation,
                )
                for term in terms:
                    found.setdefault((term, name), fact)
        return found

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
        return [
            (document, tuple(self.objects(document, model.RDF_TYPE)), graph)
            for document, graph in self.pairs(bearer, DOCUMENT)
        ]

    def is_lot(self, thing: str) -> bool:
        """Return whether a thing is a material lot whose contents are known."""
        known = self._is_lot.get(thing)
        if known is None:
            typed = MATERIAL_LOT in self.objects(thing, model.RDF_TYPE)
            known = self._is_lot[thing] = typed and bool(self.objects(thing, model.HAS_PART))
        return known

    def lots(self, thing: str) -> frozenset[str]:
        """Return the lots with known contents that a thing was made from, over all steps."""
        known = self._lots.get(thing)
        if known is None:
            self._lots[thing] = frozenset()
            found: set[str] = set()
            for other in self.objects(thing, model.MADE_FROM):
                found |= {other} if self.is_lot(other) else self.lots(other)
            known = self._lots[thing] = frozenset(found)
        return known
