"""Fields of the passport -> the places of the templates 02035 at which their quantities stand."""

from __future__ import annotations

import functools
from collections.abc import Collection
from dataclasses import dataclass

from kg.aas.battery import OHMS, direct, templates_of_a_battery
from kg.errors import KgError
from kg.passport.registry import registry
from kg.passport.workbench import term_iri
from kg.terms import vocabulary


@dataclass(frozen=True)
class Known:
    """A place of a template: the term of its value, and how its value becomes one in the unit of the term.

    `factor` turns the unit of the passport into that of the term, `written` that of the template into that of
    the passport.
    """

    term: str
    factor: float
    written: float = 1.0


@functools.cache
def _places() -> dict[str, dict[str, Known]]:
    """Return by the semantic id of a submodel the paths of short names at which quantities stand."""
    fields = registry().fields
    made: dict[str, dict[str, Known]] = {}
    for template in templates_of_a_battery():
        root = template.root
        for path, key in direct(template.number):
            field, element = fields[key], root.at(path.partition("/")[2])
            if not field.quantity or element is None:
                continue
            inside = path.partition("/")[2].replace("/", ".")
            if element.kind == "SubmodelElementCollection":
                inside += f".{element.short}Value"
            term = term_iri(field.quantity)
            factor = _factor(term, field.unit)
            if factor is not None:
                known = Known(term, factor, 1000.0 if OHMS in path else 1.0)
                made.setdefault(root.semantic, {})[inside] = known
    return made


def _factor(term: str, code: str) -> float | None:
    """Return what turns a unit into that of a term; None where it is another kind of quantity."""
    words = vocabulary()
    canonical = words.canonical_unit(term)
    try:
        unit = words.units.parse(code, words.dimension(term))
        factor, offset = words.units.scale(unit, canonical or unit)
    except KgError:
        return None
    return None if offset else factor


def known_in(meant: Collection[str]) -> dict[str, Known]:
    """Return the known places of a submodel with these semantic ids."""
    return next((places for id, places in _places().items() if id in meant), {})
