"""Lots in the cells of a battery, recipes and papers of lots -> the mass of each substance in it.

A recipe says how much of a component a cell or a battery takes; the lineage says from which lots it came; the
papers of a lot say of which substances it consists. Where several lots of one component are behind a cell,
each is taken for an equal part.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kg import model
from kg.passport.facts import BVCOX, LABEL, OF_MODEL, Facts
from kg.passport.formulas import element_shares
from kg.terms import vocabulary

ELEMENTS = {"Co": "Cobalt", "Li": "Lithium", "Ni": "Nickel", "Pb": "Lead"}


@dataclass(frozen=True, eq=False)
class Content:
    """A substance of a lot as its papers say; shares are fractions of 1, `recycled` by element and stage."""

    component: str
    location: str
    substance: str
    cas: str
    formula: str
    share: float
    hazard: str
    impact: str
    critical: tuple[str, ...]
    recycled: Mapping[tuple[str, str], float]
    renewable: float
    rows: tuple[str, ...]

    def element(self, symbol: str) -> float:
        """Return the share of an element in the mass of the substance."""
        return element_shares(self.formula).get(symbol, 0.0) if self.formula else 0.0


@dataclass(frozen=True)
class Portion:
    """A substance in a battery: what its papers say, and its mass in g."""

    content: Content
    mass: float


@dataclass(frozen=True)
class Materials:
    """What a battery consists of, and the rows from which that follows."""

    portions: tuple[Portion, ...]
    rows: tuple[str, ...]

    def element(self, symbol: str) -> float:
        """Return the mass of an element in g."""
        return sum(portion.mass * portion.content.element(symbol) for portion in self.portions)


@dataclass(frozen=True)
class Parts:
    """The model of a battery with that of its cells, its modules, and its cells by module."""

    model: str
    cell_model: str
    modules: tuple[str, ...]
    cells: tuple[str, ...]


class Composer:
    """Composition of batteries; lots and recipes are read once."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self._contents: dict[str, tuple[Content, ...]] = {}
        self._recipes: dict[str, Mapping[str, tuple[float, tuple[str, ...]]]] = {}
        self._models: dict[str, str] = {}
        words = vocabulary()
        self._share = words.resolve("MassFraction").iri
        self._mass = words.resolve("BatteryMaterialMass").iri
        self._renewable = words.resolve("RenewableContentShare").iri
        self._spec = words.resolve("BatteryCellSpecification").iri
        self._recycled = {
            (element, stage): words.resolve(f"{long}ConsumerRecycled{name}Share").iri
            for element, name in ELEMENTS.items()
            for stage, long in (("pre", "Pre"), ("post", "Post"))
        }

    def model(self, battery: str) -> str:
        """Return the model of a battery; empty where none is told."""
        return next(iter(self.facts.objects(battery, OF_MODEL)), "")

    def parts(self, battery: str) -> Parts:
        """Return the hierarchy of a battery."""
        facts = self.facts
        of = self.model(battery)
        modules = facts.objects(battery, model.HAS_PART)
        cells = [cell for module in modules for cell in facts.objects(module, model.HAS_PART)]
        return Parts(of, self._cell_model(of) if of else "", tuple(modules), tuple(cells))

    def is_cell_model(self, iri: str) -> bool:
        """Return whether a model is that of a cell."""
        return self._spec in self.facts.objects(iri, model.RDF_TYPE)

    def _cell_model(self, of: str) -> str:
        if of not in self._models:
            parts = self.facts.objects(of, model.HAS_PART)
            found = [part for part in parts if self.is_cell_model(part)]
            self._models[of] = next(iter(found), "")
        return self._models[of]

    def contents(self, lot: str) -> tuple[Content, ...]:
        """Return the substances of a lot."""
        if lot not in self._contents:
            self._contents[lot] = tuple(
                content
                for part in self.facts.objects(lot, model.HAS_PART)
                if (content := self._content(part))
            )
        return self._contents[lot]

    def _content(self, part: str) -> Content | None:
        facts = self.facts
        share = facts.quantity(part, self._share)
        if share is None:
            return None

        def text(prop: str) -> str:
            return next(iter(facts.objects(part, prop)), "")

        recycled = {
            key: float(found.value) / 100
            for key, term in self._recycled.items()
            if (found := facts.quantity(part, term))
        }
        renewable = facts.quantity(part, self._renewable)
        return Content(
            text(BVCOX + "partName"),
            text(BVCOX + "materialLocation"),
            text(LABEL),
            text(BVCOX + "casNumber"),
            text(BVCOX + "chemicalFormula"),
            float(share.value) / 100,
            text(BVCOX + "hazardClass"),
            text(BVCOX + "substanceImpact"),
            tuple(filter(None, text(BVCOX + "criticalRawMaterialName").split(";"))),
            recycled,
            float(renewable.value) / 100 if renewable else 0.0,
            share.rows,
        )

    def recipe(self, of: str) -> Mapping[str, tuple[float, tuple[str, ...]]]:
        """Return the mass in g of each component that a cell or a battery of a model takes, with its rows."""
        if of not in self._recipes:
            found = {}
            for item in self.facts.objects(of, model.HAS_PART):
                mass = self.facts.quantity(item, self._mass)
                name = next(iter(self.facts.objects(item, BVCOX + "partName")), "")
                if mass and name:
                    # The canonical unit of the term is kg.
                    found[name] = (1000 * float(mass.value), mass.rows)
            self._recipes[of] = found
        return self._recipes[of]

    def materials(self, battery: str, parts: Parts) -> Materials:
        """Return what a battery consists of."""
        facts = self.facts
        kinds = Counter(facts.lots(cell)[0] for cell in parts.cells)
        masses: dict[Content, float] = defaultdict(float)
        rows: set[str] = set()
        for lots, count in sorted(kinds.items(), key=lambda item: sorted(item[0])):
            self._add(masses, rows, lots, self.recipe(parts.cell_model), count)
        around = frozenset().union(*(facts.lots(thing)[0] for thing in (battery, *parts.modules)))
        self._add(masses, rows, around, self.recipe(parts.model), 1)
        for thing in (battery, *parts.modules, *parts.cells):
            rows.update(facts.lots(thing)[1])
        portions = (Portion(content, mass) for content, mass in masses.items() if mass)
        order = sorted(portions, key=lambda each: (each.content.rows, each.content.substance))
        return Materials(tuple(order), tuple(sorted(rows)))

    def _add(
        self,
        masses: dict[Content, float],
        rows: set[str],
        lots: Iterable[str],
        recipe: Mapping[str, tuple[float, tuple[str, ...]]],
        count: int,
    ) -> None:
        """Add the contents of lots, each component in the mass that its recipe takes of it."""
        by_component: dict[str, list[tuple[Content, ...]]] = defaultdict(list)
        for lot in sorted(lots):
            contents = self.contents(lot)
            if contents:
                by_component[contents[0].component].append(contents)
        for component, alike in by_component.items():
            mass, places = recipe.get(component, (0.0, ()))
            if not mass:
                continue
            rows.update(places)
            for contents in alike:
                for content in contents:
                    masses[content] += count * mass / len(alike) * content.share
                    rows.update(content.rows)
