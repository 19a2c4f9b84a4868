"""The parts and values of a battery -> values that are worked out: fades, shares, substances, steps.

Each function takes the battery at work and the `take` of its field, and returns what it found, or None where
what it needs is not in the graph. `CALCULATIONS` is the table of them, by the names in points.yaml.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from kg import model
from kg.passport.facts import BVCOX, COMMENT, Fact
from kg.passport.formulas import NAMES
from kg.passport.life import status_after
from kg.passport.materials import Portion
from kg.passport.registry import Take
from kg.passport.values import Found

if TYPE_CHECKING:
    from kg.passport.workbench import Bench

THRESHOLD_CRITICAL = 0.001
"""Share from which a critical raw material is listed: Annex VI Part A (10)."""

THRESHOLD_MATERIAL = 0.01
"""Share from which a material is listed with its mass: DIN DKE SPEC 99100, 6.5."""

NOT_LISTED = {"7439-97-6": "mercury", "7440-43-9": "cadmium", "7439-92-1": "lead"}
"""Substances that the list of hazardous ones leaves out: Annex VI Part A (8)."""

ACTIVE = ("cathode active material", "anode active material")


def _rows(facts: Iterable[Fact | Found | None]) -> tuple[str, ...]:
    return tuple(sorted({row for fact in facts if fact for row in fact.rows}))


def _both(bench: Bench, take: Take) -> tuple[Found, Found] | None:
    now, then = bench.value(take.now), bench.value(take.then)
    return (now, then) if now and then and then.number else None


def _ratio(formula: Callable[[float, float], float]) -> Callable[[Bench, Take], Found | None]:
    """Return the calculation of a number from two fields, both in their units as people read them."""

    def calculate(bench: Bench, take: Take) -> Found | None:
        both = _both(bench, take)
        if both is None:
            return None
        now, then = both
        value = round(formula(now.number, then.number), 4)
        return Found(value, "calculated", max(now.time, then.time), _rows(both), by=(take.now, take.then))

    return calculate


def category(bench: Bench, take: Take) -> Found | None:
    """Return the category of the model."""
    found = bench.linked(bench.parts.model, BVCOX + "hasBatteryCategory")
    return Found(found.value, "inherited", found.time, found.rows) if found else None


def status(bench: Bench, take: Take) -> Found | None:
    """Return the status of the battery: that of its last re-use or waste, else as it was registered."""
    changed = status_after(bench.facts, bench.passport) if bench.passport else None
    if changed:
        return changed
    found = bench.linked(bench.battery, BVCOX + "hasBatteryStatus")
    return Found(found.value, "declared", found.time, found.rows) if found else None


def _materials(bench: Bench, value: Any) -> Found | None:
    materials = bench.materials
    if not materials.portions:
        return None
    return Found(value, "calculated", bench.made, materials.rows)


def _grouped(bench: Bench, portions: Iterable[Portion], *names: str) -> list[dict[str, Any]]:
    """Return portions summed up over what tells them apart, with mass in kg and share of the battery in %."""
    masses: dict[tuple[str, ...], float] = defaultdict(float)
    for portion in portions:
        masses[tuple(getattr(portion.content, name) for name in names)] += portion.mass
    return [
        {**dict(zip(names, key, strict=True)), **_mass(bench, mass)} for key, mass in sorted(masses.items())
    ]


def _mass(bench: Bench, mass: float) -> dict[str, float]:
    return {"mass_kg": round(mass / 1000, 6), "share_percent": round(100 * mass / bench.mass, 4)}


def hazardous_substances(bench: Bench, take: Take) -> Found | None:
    """Return the hazardous substances by place, other than mercury, cadmium and lead."""
    portions = (
        each
        for each in bench.materials.portions
        if each.content.hazard and each.content.cas not in NOT_LISTED
    )
    return _materials(bench, _grouped(bench, portions, "substance", "cas", "hazard", "location"))


def substance_impacts(bench: Bench, take: Take) -> Found | None:
    """Return what hazardous substances do to people and environment."""
    found = {
        each.content.substance: each.content.impact
        for each in bench.materials.portions
        if each.content.hazard
    }
    return _materials(
        bench, [{"substance": name, "impact": impact} for name, impact in sorted(found.items())]
    )


def critical_raw_materials(bench: Bench, take: Take) -> Found | None:
    """Return the critical raw materials above 0.1 % of the mass of the battery."""
    masses: dict[str, float] = defaultdict(float)
    for portion in bench.materials.portions:
        for name in portion.content.critical:
            share = portion.content.element(name) if name in NAMES else 1.0
            masses[NAMES.get(name, name)] += portion.mass * share
    rows = [
        {"material": name, **_mass(bench, mass)}
        for name, mass in sorted(masses.items())
        if mass > THRESHOLD_CRITICAL * bench.mass
    ]
    return _materials(bench, rows)


def material_composition(bench: Bench, take: Take) -> Found | None:
    """Return the substances above 1 % of the mass of the battery."""
    found = _grouped(bench, bench.materials.portions, "substance", "cas")
    return _materials(bench, [row for row in found if row["share_percent"] > 100 * THRESHOLD_MATERIAL])


def detailed_composition(bench: Bench, take: Take) -> Found | None:
    """Return every substance of every component, with its place."""
    names = ("component", "location", "substance", "cas")
    return _materials(bench, _grouped(bench, bench.materials.portions, *names))


def recycled_share(bench: Bench, take: Take) -> Found | None:
    """Return the share of an element that was recovered from waste, in %; of lead in the whole battery."""
    stages = ("pre", "post") if take.stage == "both" else (take.stage,)
    whole = recovered = 0.0
    for portion in bench.materials.portions:
        if take.element != "Pb" and portion.content.component not in ACTIVE:
            continue
        mass = portion.mass * portion.content.element(take.element)
        whole += mass
        recovered += mass * sum(portion.content.recycled.get((take.element, stage), 0.0) for stage in stages)
    # Of an element that is not there, nothing is recovered.
    return _materials(bench, round(100 * recovered / whole, 4) if whole else 0.0)


def renewable_content(bench: Bench, take: Take) -> Found | None:
    """Return the share of the battery's mass that is from renewable sources, in %."""
    mass = sum(portion.mass * portion.content.renewable for portion in bench.materials.portions)
    return _materials(bench, round(100 * mass / bench.mass, 4))


def _mean(bench: Bench, things: Iterable[str], term: str) -> Found | None:
    facts = [fact for thing in things if (fact := bench.facts.measured(thing, term))]
    if not facts:
        return None
    numbers = [float(fact.value) for fact in facts]
    spread = statistics.stdev(numbers) if len(numbers) > 1 else None
    return Found(
        round(statistics.fmean(numbers), 5),
        "calculated",
        bench.made,
        _rows(facts),
        uncertainty=round(spread, 5) if spread is not None else None,
        readings=len(numbers),
    )


def cell_resistance(bench: Bench, take: Take) -> Found | None:
    """Return the mean resistance of the cells as tested, in mOhm, with the spread between them."""
    return _mean(bench, bench.parts.cells, "ACInternalResistance")


def module_resistance(bench: Bench, take: Take) -> Found | None:
    """Return the mean resistance of the modules as tested, in mOhm, with the spread between them."""
    return _mean(bench, bench.parts.modules, "InitialModuleInternalResistance")


def _steps(bench: Bench) -> list[tuple[str, str]]:
    """Return the steps of the assembly with their start, in the order in which they were done."""
    facts = bench.facts
    assemblies = facts.subjects(model.HAS_OUTPUT, bench.battery)
    steps = [step for run in assemblies for step in facts.objects(run, model.HAS_SUB_PROCESS)]
    return sorted((next(iter(facts.objects(step, model.START)), ""), step) for step in steps)


def dismantling_sequence(bench: Bench, take: Take) -> Found | None:
    """Return the steps of the assembly backwards: part, how it is joined, fasteners, mass, tool, warning."""
    steps, rows = [], set[str]()
    for place, (_, step) in enumerate(reversed(_steps(bench))):
        count, mass = bench.quantity(step, "FastenerCount"), bench.quantity(step, "Mass")
        texts = {
            key: bench.plain(step, BVCOX + prop)
            for key, prop in (
                ("part", "partName"),
                ("joining", "fasteningTechnique"),
                ("fastener", "fastenerName"),
                ("tool", "dismantlingTool"),
                ("warning", "dismantlingWarning"),
            )
        }
        rows.update(_rows((count, mass)))
        numbers = {
            "fasteners": round(float(count.value)) if count else None,
            "mass_kg": round(float(mass.value) / 1000, 6) if mass else None,
        }
        steps.append({"step": place + 1, **texts, **numbers})
    found = [{key: value for key, value in step.items() if value not in ("", None)} for step in steps]
    return Found(found, "measured", bench.made, tuple(sorted(rows))) if found else None


def part_numbers(bench: Bench, take: Take) -> Found | None:
    """Return the numbers of the parts that were put in."""
    found, facts = [], []
    for _, step in _steps(bench):
        number = bench.facts.text(step, BVCOX + "partNumber")
        if number:
            found.append({"part": bench.plain(step, BVCOX + "partName"), "number": number.value})
            facts.append(number)
    return Found(found, "measured", bench.made, _rows(facts)) if found else None


def modules(bench: Bench, take: Take) -> Found | None:
    """Return the modules with the number of their cells, mass and joints."""
    found, used = [], []
    for module in bench.parts.modules:
        cells, mass = bench.quantity(module, "CellCount"), bench.quantity(module, "Mass")
        joints = bench.quantity(module, "WeldSpotCount") or bench.quantity(module, "FastenerCount")
        name = bench.facts.identifier(module)
        row = {
            "module": name.value if name else module,
            "cells": round(float(cells.value)) if cells else None,
            "mass_kg": round(float(mass.value) / 1000, 6) if mass else None,
            "joining": bench.plain(module, BVCOX + "fasteningTechnique"),
            "joints": round(float(joints.value)) if joints else None,
        }
        found.append({key: value for key, value in row.items() if value not in ("", None)})
        used += [cells, mass, joints]
    return Found(found, "measured", bench.made, _rows(used)) if found else None


def negative_events(bench: Bench, take: Take) -> Found | None:
    """Return the negative events; none is an answer as soon as the state of the battery is recorded."""
    facts, found, rows = bench.facts, [], set[str]()
    for event in facts.subjects(model.HAS_INPUT, bench.battery):
        kinds = bench.event_kinds(event)
        if not kinds:
            continue
        pairs = facts.pairs(event, model.START)
        for _, graph in pairs:
            rows.update(facts.rows(event, graph))
        row = {
            "event": kinds[0],
            "time": pairs[0][0] if pairs else "",
            "reported_by": facts.said_by(event),
            "note": bench.plain(event, COMMENT),
        }
        found.append({key: value for key, value in row.items() if value})
    if not found and not bench.state:
        return None
    found.sort(key=lambda row: (row.get("time", ""), row["event"]))
    state = bench.state_rows()
    return Found(found, "measured", bench.state_time(), tuple(sorted({*rows, *state})))


def power_per_energy(bench: Bench, take: Take) -> Found | None:
    """Return the power of the battery when new for its rated energy, in W/Wh."""
    power, energy = bench.value(take.now), bench.quantity(bench.parts.model, "RatedEnergy")
    if power is None or energy is None or not float(energy.value):
        return None
    # The canonical unit of the term is Wh.
    value = round(power.number / float(energy.value), 4)
    return Found(value, "calculated", power.time, _rows((power, energy)))


def not_recorded(bench: Bench, take: Take) -> Found | None:
    """Return nothing: no record of the graph model holds this."""
    return None


CALCULATIONS: dict[str, Callable[[Bench, Take], Found | None]] = {
    "category": category,
    "status": status,
    "hazardous_substances": hazardous_substances,
    "substance_impacts": substance_impacts,
    "critical_raw_materials": critical_raw_materials,
    "material_composition": material_composition,
    "detailed_composition": detailed_composition,
    "recycled_share": recycled_share,
    "renewable_content": renewable_content,
    "cell_resistance": cell_resistance,
    "module_resistance": module_resistance,
    "dismantling_sequence": dismantling_sequence,
    "part_numbers": part_numbers,
    "modules": modules,
    "negative_events": negative_events,
    "not_recorded": not_recorded,
    "lost": _ratio(lambda now, then: 100 * (1 - now / then)),
    "gained": _ratio(lambda now, then: 100 * (now / then - 1)),
    "difference": _ratio(lambda now, then: then - now),
    "percent_of": _ratio(lambda now, then: 100 * now / then),
    "power_per_energy": power_per_energy,
}
