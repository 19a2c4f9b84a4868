"""A battery of the store, at work: model, parts, latest state and materials, each read when first needed."""

from __future__ import annotations

import functools
from dataclasses import replace

from kg import model
from kg.errors import KgError
from kg.passport import calculations
from kg.passport.facts import BVCOX, PASSPORT_OF, SERIAL, STATE_RECORD, Fact, Facts
from kg.passport.life import REPLACES
from kg.passport.materials import Composer, Materials, Parts
from kg.passport.registry import Field, Registry
from kg.passport.values import Found
from kg.terms import vocabulary
from kg.units import Unit

_ISSUED = BVCOX + "registeredBy"


class Bench:
    """One battery; its fields are found one by one, those that others need first."""

    def __init__(self, facts: Facts, composer: Composer, registry: Registry, battery: str) -> None:
        self.facts, self.composer, self.registry, self.battery = facts, composer, registry, battery
        self._found: dict[str, Found | None] = {}

    @functools.cached_property
    def parts(self) -> Parts:
        """Return the model, the modules and the cells."""
        return self.composer.parts(self.battery)

    @functools.cached_property
    def model(self) -> str:
        """Return the model; empty where nothing says of which the battery is."""
        return self.composer.model(self.battery)

    @functools.cached_property
    def passport(self) -> str:
        """Return the passport: the one in force, else the last that was; empty where there is none."""
        found = self.facts.subjects(PASSPORT_OF, self.battery)
        kept = [each for each in found if not self.facts.subjects(REPLACES, each)]
        return (kept or found or [""])[-1]

    @functools.cached_property
    def operator(self) -> str:
        """Return who answers for the passport."""
        return next(iter(self.facts.objects(self.passport, _ISSUED)), "") if self.passport else ""

    @functools.cached_property
    def states(self) -> list[tuple[str, str]]:
        """Return the records of the battery's state with their times, the earliest first."""
        records = self.facts.objects(self.battery, STATE_RECORD)
        return sorted((self._start_of(record), record) for record in records)

    def _start_of(self, record: str) -> str:
        for run in self.facts.subjects(model.HAS_OUTPUT, record):
            for start in self.facts.objects(run, model.START):
                return start
        return ""

    @property
    def state(self) -> str:
        """Return the latest record of the battery's state, empty where there is none."""
        return self.states[-1][1] if self.states else ""

    def state_time(self) -> str:
        """Return when the latest state was recorded."""
        return self.states[-1][0] if self.states else ""

    def state_rows(self) -> tuple[str, ...]:
        """Return the rows of the latest state."""
        rows = {row for fact in self.facts.quantities(self.state).values() for row in fact.rows}
        return tuple(sorted(rows)) if self.state else ()

    @functools.cached_property
    def materials(self) -> Materials:
        """Return what the battery consists of."""
        return self.composer.materials(self.battery, self.parts)

    @functools.cached_property
    def made(self) -> str:
        """Return when the battery was put together."""
        mass = self.quantity(self.battery, "ServiceMass")
        return mass.time if mass else ""

    @functools.cached_property
    def mass(self) -> float:
        """Return the mass of the battery in g: weighed, or the sum of its materials."""
        weighed = self.quantity(self.battery, "ServiceMass")
        if weighed:
            return float(weighed.value)
        return sum(portion.mass for portion in self.materials.portions) or 1.0

    def bearer(self, name: str) -> str:
        """Return the IRI of a bearer that points.yaml names; empty where the battery has none."""
        bearers = {
            "battery": lambda: self.battery,
            "model": lambda: self.model,
            "cell_model": lambda: self.parts.cell_model,
            "state": lambda: self.state,
            "passport": lambda: self.passport,
            "operator": lambda: self.operator,
        }
        if name not in bearers:
            raise KgError(f"points.yaml: no bearer is called '{name}'. Bearers: {', '.join(bearers)}.")
        return bearers[name]()

    def quantity(self, thing: str, label: str, name: str = "") -> Fact | None:
        """Return the quantity of a thing that is of a term, in the unit of the store."""
        return self.facts.quantity(thing, term_iri(label), name)

    def plain(self, thing: str, prop: str) -> str:
        """Return a text of a thing, empty where it has none."""
        return next(iter(self.facts.objects(thing, prop)), "")

    def linked(self, thing: str, prop: str) -> Fact | None:
        """Return the identifier of what a thing leads to, with the rows that say so."""
        for other, graph in self.facts.pairs(thing, prop) if thing else ():
            found = self.facts.identifier(other)
            if found:
                return Fact(found.value, time=self.facts.said_on(thing), rows=self.facts.rows(thing, graph))
        return None

    def event_kinds(self, event: str) -> list[str]:
        """Return the labels of the classes of a negative event, the closest first; empty for other runs."""
        types = self.facts.objects(event, model.RDF_TYPE)
        kinds = _negative_events()
        return [
            kinds[type_] for type_ in types if type_ in kinds and not type_.endswith("NegativeEvent")
        ] or [kinds[type_] for type_ in types if type_ in kinds]

    def value(self, key: str) -> Found | None:
        """Return the value of a field, or None where the graph does not hold it."""
        if key not in self._found:
            self._found[key] = None  # a field that needs itself finds nothing
            self._found[key] = self._find(self.registry.fields[key])
        return self._found[key]

    def _find(self, field: Field) -> Found | None:
        take = field.take
        if take.calculate:
            return calculations.CALCULATIONS[take.calculate](self, take)
        bearer = self.bearer(take.bearer)
        if not bearer:
            return None
        if take.document:
            return self._document(bearer, take.document)
        if take.quantity:
            return self._quantity(field, bearer)
        fact = self.facts.identifier(bearer) if take.link else self.facts.text(bearer, _property(take.text))
        if fact is None:
            return None
        kind = "inherited" if take.bearer in ("model", "cell_model") else "declared"
        if take.text == "manufacturingDate":
            kind = "measured"
        return Found(fact.value, kind, fact.time, fact.rows, said_by=self.facts.said_by(bearer))

    def _quantity(self, field: Field, bearer: str) -> Found | None:
        fact = self.quantity(bearer, field.take.quantity, field.take.name)
        if fact is None:
            return None
        value, deviation = float(fact.value), fact.deviation
        if fact.unit:
            factor, offset = _conversion(fact.unit, field.unit)
            value = value * factor + offset
            deviation = deviation * factor if deviation is not None else None
        kind = "measured" if fact.how == "measured" else "inherited"
        found = Found(_tidy(value), kind, fact.time, fact.rows, uncertainty=deviation)
        return replace(found, said_by=self.facts.said_by(bearer)) if kind == "inherited" else found

    def _document(self, bearer: str, label: str) -> Found | None:
        wanted, facts = term_iri(label), self.facts
        for document, classes, graph in facts.documents(bearer):
            if wanted in classes:
                value = {
                    "title": self.plain(document, model.TEXT_PROPERTIES["label"]),
                    "address": self.plain(document, BVCOX + "documentAddress"),
                }
                kept = {key: text for key, text in value.items() if text}
                return Found(
                    kept, "declared", facts.said_on(document), facts.rows(document, graph),
                    said_by=facts.said_by(document),
                )  # fmt: skip
        return None


def _tidy(value: float) -> float | int:
    """Return a number without the noise of its conversion, whole where it is."""
    rounded = float(f"{value:.10g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded


@functools.cache
def term_iri(label: str) -> str:
    """Return the IRI of a term by its label."""
    return vocabulary().resolve(label).iri


@functools.cache
def _property(label: str) -> str:
    return SERIAL if label == "serial" else vocabulary().resolve(label).iri


@functools.cache
def _conversion(source: Unit, code: str) -> tuple[float, float]:
    """Return factor and offset from the unit of the store to that in which people read a field."""
    units = vocabulary().units
    return units.scale(source, units.parse(code, source.dimension))


@functools.cache
def _negative_events() -> dict[str, str]:
    words = vocabulary()
    top = words.resolve("NegativeEvent")
    return {top.iri: "negative event"} | {
        term.iri: (term.alt or (term.label,))[0].lower() for term in words if top.iri in term.parents
    }
