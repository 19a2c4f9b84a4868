"""A battery of the store -> its passport: every value with its kind, unit, time and proof.

The same store gives the same passport, byte for byte: nothing in it is the time of asking.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pyoxigraph as ox

from kg import model
from kg.errors import KgError
from kg.iri import shorten
from kg.names import find
from kg.passport.calculations import NOT_LISTED
from kg.passport.facts import BVCOX, OF_MODEL, PASSPORT_OF, Facts
from kg.passport.life import CEASED, CeasedError, Life, life
from kg.passport.materials import Composer
from kg.passport.registry import CATEGORIES, Point, Registry, registry
from kg.passport.values import Found
from kg.passport.workbench import Bench
from kg.store import Store

LEAST_INDUSTRIAL = 2.0
"""kWh above which an industrial battery owes a passport: Regulation (EU) 2023/1542, Article 77 (1)."""

CADMIUM, LEAD = 0.002, 0.004
"""Shares in % above which the symbol of the metal is marked: Article 13 (5)."""


class NoPassportError(KgError):
    """There is no passport because none is owed: this is no battery, or one of a category that owes none."""

    def __init__(self, iri: str, told: str) -> None:
        super().__init__(told)
        self.iri = iri


@dataclass(frozen=True)
class Passport:
    """A passport as the graph gives it: its battery, and the value of each field, None where missing."""

    id: str
    battery: str
    base: str
    category: str
    storage: str
    conditions: frozenset[str]
    values: dict[str, Found | None]
    registry: Registry
    life: Life | None = None

    @property
    def iri(self) -> str:
        """Return the IRI of the passport, or of what stands for it while none is registered."""
        return f"{self.base}passport/{self.id}" if self.id else f"{self.battery}#passport"

    @property
    def kind(self) -> str:
        """Return the category as obligations are told apart: ev, lmt or industrial."""
        return self.category.lower()

    def applies(self, condition: str) -> bool:
        """Return whether what a conditional point depends on holds for this battery."""
        return condition in self.conditions

    def of(self, point: Point) -> dict[str, Found]:
        """Return the values of a point by the keys of its fields."""
        return {key: found for key in point.fields if (found := self.values[key]) is not None}


class Builder:
    """Builds passports from one state of a store; what batteries have in common is read once."""

    def __init__(self, store: Store) -> None:
        self.store, self.facts = store, Facts(store)
        self.composer, self.registry = Composer(self.facts), registry()
        self._at_work: tuple[tuple[str, str], Bench] | None = None

    def battery(self, name: str) -> str:
        """Return the IRI of the battery that a person means by its number, its identifier or its passport's.

        Raises KgError where nothing or more than one thing has this name, or it is no battery.
        """
        return self.resolve(name)[0]

    def resolve(self, name: str) -> tuple[str, str]:
        """Return the battery that a person means, and the passport where it is that which they name.

        Raises KgError as `battery` does.
        """
        iri = self._identified(name) or find(self.store, name)
        spoken_of = self.facts.objects(iri, PASSPORT_OF)
        battery = spoken_of[0] if spoken_of else iri
        if not self.facts.objects(battery, OF_MODEL) or not self.facts.objects(battery, model.HAS_PART):
            raise NoPassportError(
                battery,
                f"'{name}' is no battery: nothing says of which model and modules it is. "
                "'kg passport --list' shows the batteries.",
            )
        return battery, iri if spoken_of else ""

    def _identified(self, name: str) -> str:
        if "://" not in name and not name.startswith("urn:"):
            return ""
        found = self.store.db.quads_for_pattern(
            None, self.facts.node(BVCOX + "batteryIdentifier"), ox.Literal(name), None
        )
        return min((quad.subject.value for quad in found), default="")  # type: ignore[union-attr]

    def batteries(self) -> list[str]:
        """Return all batteries with modules in the store."""
        # Cells are of a model, too, and far more; so the models are looked at first.
        models = self.store.query(f"SELECT DISTINCT ?model {{ ?thing <{OF_MODEL}> ?model }}")
        found = {
            battery
            for row in models
            if not self.composer.is_cell_model(row["model"].value)
            for battery in self.facts.subjects(OF_MODEL, row["model"].value)
        }
        return sorted(each for each in found if self.facts.objects(each, model.HAS_PART))

    def named(self, name: str) -> Passport:
        """Return the passport that a person names, or that of the battery that they name."""
        return self.build(*self.resolve(name))

    def build(self, battery: str, passport: str = "") -> Passport:
        """Return the passport of a battery by its IRI; of several the one given, else that in force.

        Raises KgError where a battery of its category owes none, and CeasedError where it was recycled.
        """
        bench, category, lived = self._owing(battery, passport)
        storage = bench.plain(bench.parts.model, BVCOX + "storageUse")
        values = {key: bench.value(key) for key in self.registry.fields}
        identifier = values["passport_identifier"]
        made = Passport(
            str(identifier.value) if identifier else "",
            battery,
            self.store.base,
            category,
            storage,
            frozenset(_conditions(bench, storage)),
            values,
            self.registry,
            lived,
        )
        self.facts.forget((battery, bench.state, *bench.parts.modules, *bench.parts.cells))
        return made

    def _owing(self, battery: str, passport: str = "") -> tuple[Bench, str, Life | None]:
        """Return a battery at work, its category and its life. Raises KgError as `build` does."""
        bench = self.bench(battery, passport)
        category, energy = bench.value("category"), bench.quantity(bench.model, "RatedEnergy")
        lived = life(self.facts, bench.passport) if bench.passport else None
        if lived and lived.state == CEASED:
            raise CeasedError(lived, self.store.base)
        name = shorten(battery, self.store.base)
        if category is None:
            raise KgError(
                f"{name}: nothing says of which category its model is, and so what its passport owes."
            )
        kwh = float(energy.value) / 1000 if energy else None
        reason = why_not_owed(str(category.value), kwh)
        if reason:
            raise NoPassportError(battery, f"{name}: {reason}")
        return bench, str(category.value), lived

    def listed(self, after: str = "") -> Iterator[tuple[str, str, str]]:
        """Yield passport, IRI and category of each battery that has one, those after an IRI, in its order.

        No passport is built for it; the passport is empty where none is registered.
        """
        for battery in self.batteries():
            if battery <= after:
                continue
            try:
                bench, category, _ = self._owing(battery)
            except KgError:
                continue
            identifier = bench.value("passport_identifier")
            yield str(identifier.value) if identifier else "", battery, category

    def bench(self, battery: str, passport: str = "") -> Bench:
        """Return a battery at work; the last one is remembered."""
        if self._at_work is None or self._at_work[0] != (battery, passport):
            bench = Bench(self.facts, self.composer, self.registry, battery)
            if passport:
                bench.passport = passport
            self._at_work = ((battery, passport), bench)
        return self._at_work[1]


def why_not_owed(category: str, energy: float | None) -> str:
    """Return why a battery owes no passport, and must not claim to; empty where it owes one.

    `energy` is the rated energy in kWh. Source: Regulation (EU) 2023/1542, Article 77 (1).

    >>> why_not_owed("EV", 40.0)
    ''
    """
    law = "Article 77 (1) asks for one of EV, LMT and industrial batteries above 2 kWh; none may be claimed."
    if category.lower() not in CATEGORIES:
        return f"a battery of the category '{category}' owes no passport. {law}"
    if category.lower() != "industrial":
        return ""
    if energy is None:
        return "an industrial battery owes a passport above 2 kWh, and its model states no rated energy."
    return "" if energy > LEAST_INDUSTRIAL else f"an industrial battery of {energy:.4g} kWh owes none. {law}"


def _conditions(bench: Bench, storage: str) -> Iterator[str]:
    """Yield the conditions of points.yaml that hold; `given` never makes a point owed."""
    if storage != "external":
        yield "not external storage"
    if storage == "stationary":
        yield "stationary storage"
    if bench.state:
        yield "in use"
    metals = {metal: cas for cas, metal in NOT_LISTED.items()}
    for metal, limit in (("cadmium", CADMIUM), ("lead", LEAD)):
        mass = sum(p.mass for p in bench.materials.portions if p.content.cas == metals[metal])
        if 100 * mass / bench.mass > limit:
            yield "cadmium or lead"


def build(store: Store, name: str) -> Passport:
    """Return the passport of the battery that a person names.

    Raises KgError where there is no such battery, or it owes no passport.
    """
    return Builder(store).named(name)


def build_many(store: Store, names: Iterable[str] | None = None) -> Iterator[Passport | KgError]:
    """Yield the passport of each battery, or the reason why there is none; without names, of all."""
    builder = Builder(store)
    for name in names if names is not None else builder.batteries():
        try:
            yield builder.named(name) if names is not None else builder.build(name)
        except KgError as error:
            yield error


def found_as_dict(found: Found, unit: str) -> dict[str, Any]:
    """Return a value for machines: value, unit, kind, time, uncertainty, and its proof by file."""
    whole = {
        "value": found.value,
        "unit": unit,
        "kind": found.kind,
        "time": found.time,
        "uncertainty": found.uncertainty,
        "readings": found.readings,
        "declared_by": found.said_by,
        "calculated_from": list(found.by),
        "proof": found.files(),
    }
    return {key: value for key, value in whole.items() if value not in ("", None, [], {}) or key == "value"}
