"""A passport -> what a recycler does with the battery: route, hazards, dismantling, masses, black mass.

The view holds nothing that a person with legitimate interest may not see, and its values are those of the
passport; only the route and the black mass are proposed here, each with its reason.
"""

from __future__ import annotations

from typing import Any

from kg.passport.access import visible
from kg.passport.build import Passport
from kg.passport.formulas import NAMES
from kg.passport.materials import Materials
from kg.passport.values import Found

AUDIENCE = "legitimate-interest"
BLACK_MASS = (
    "cathode active material",
    "anode active material",
    "cathode binder",
    "anode binder",
    "conductive additive",
)
"""Components that end in the black mass when cells are shredded and sieved."""

SAFE_VOLTAGE = 60.0
"""V of direct current above which a battery counts as high voltage: UN Regulation No. 100, class B."""

ROUTES: tuple[tuple[frozenset[str], str, str], ...] = (
    (
        frozenset({"Ni", "Co"}),
        "discharge, dismantle to modules, shred under inert gas, sieve to black mass, leach",
        "nickel and cobalt pay for leaching, and lithium comes out with them",
    ),
    (
        frozenset({"Fe", "P"}),
        "discharge, dismantle to cells, part foils and coatings, regenerate or leach lithium only",
        "iron phosphate holds no metal that pays for a furnace; lithium, copper, aluminium and graphite do",
    ),
    (
        frozenset({"Pb"}),
        "drain the acid, break the case, smelt the paste",
        "lead is smelted with a yield of nearly all",
    ),
)
"""Elements of the cathode -> route and reason; the first that fits is taken."""


def _plain(found: Found | None) -> Any:
    return found.value if found else None


def route(materials: Materials) -> tuple[str, str]:
    """Return the recycling route that is proposed for a composition, and the reason."""
    cathode = [p for p in materials.portions if p.content.component == "cathode active material"]
    whole = sum(portion.mass for portion in cathode)
    for elements, how, why in ROUTES:
        held = [sum(p.mass * p.content.element(element) for p in cathode) for element in elements]
        if whole and all(mass > 0.01 * whole for mass in held):
            return how, why
    return "ask the operator", "nothing in the papers of the lots tells a cathode that a route is known for"


def black_mass(materials: Materials) -> dict[str, Any]:
    """Return the mass in kg of the black mass as estimated, and of the elements in it."""
    portions = [p for p in materials.portions if p.content.component in BLACK_MASS]
    whole = sum(portion.mass for portion in portions)
    elements = {
        name: sum(p.mass * p.content.element(symbol) for p in portions) for symbol, name in NAMES.items()
    }
    carbon = sum(p.mass for p in portions if p.content.formula == "C")
    return {
        "mass_kg": round(whole / 1000, 4),
        "elements_kg": {name: round(m / 1000, 4) for name, m in sorted(elements.items()) if m > 0},
        "graphite_and_carbon_kg": round(carbon / 1000, 4),
        "estimate": "all coatings and no foil end in the black mass; yields are below this",
    }


def discharge(passport: Passport) -> dict[str, Any]:
    """Return what is known of the charge before the battery is opened, and what to do."""
    values = passport.values
    charge, voltage, energy = (
        values[key] for key in ("state_of_charge", "maximum_voltage", "remaining_energy")
    )
    left = charge.number / 100 * energy.number if charge and energy else None
    high = bool(voltage and voltage.number > SAFE_VOLTAGE)
    return {
        "state_of_charge_percent": _plain(charge),
        "recorded": charge.time if charge else "",
        "energy_left_kwh": round(left, 3) if left is not None else None,
        "highest_voltage_v": _plain(voltage),
        "high_voltage": high,
        "advice": (
            "work by persons trained for high voltage; discharge and verify below 60 V before opening"
            if high
            else "discharge before opening; the voltage is below 60 V"
        ),
    }


def recycler(passport: Passport, materials: Materials) -> dict[str, Any]:
    """Return the recycler's view of a passport."""
    how, why = route(materials)

    def value(key: str) -> Any:
        points = passport.registry.points_of(key)
        return _plain(passport.values[key]) if any(visible(point, AUDIENCE) for point in points) else None

    whole = {
        "passport": passport.id,
        "battery": passport.battery,
        "category": passport.category,
        "status": value("status"),
        "operator": value("operator_name"),
        "chemistry": value("chemistry"),
        "route": {"proposed": how, "reason": why},
        "before_opening": {**discharge(passport), "negative_events": value("negative_events")},
        "extinguishing_agent": value("extinguishing_agent"),
        "hazards": value("hazardous_substances"),
        "safety": value("safety_measures"),
        "dismantling": {
            "layout": value("cell_layout"),
            "mass_kg": value("mass"),
            "modules": value("modules"),
            "order": value("dismantling_sequence"),
        },
        "critical_raw_materials": value("critical_raw_materials"),
        "black_mass": black_mass(materials),
    }
    return {key: each for key, each in whole.items() if each is not None}
