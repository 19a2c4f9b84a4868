"""The quantities of a thing or a run, node by node, as the graph states them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kg import model
from kg.errors import KgError
from kg.passport.facts import HOW, Facts
from kg.terms import vocabulary


@dataclass(frozen=True)
class Quantity:
    """A quantity: its name behind the #, its term, its value in the unit of the term, and how it is known."""

    name: str
    term: str
    value: float
    how: str


def stated(facts: Facts, bearer: str, rows: Iterable[str] = ()) -> list[Quantity]:
    """Return the quantities of a bearer whose term is of the vocabulary, sorted by name.

    With rows, those that one of these rows states.
    """
    wanted = set(rows)
    nodes = {
        node
        for prop in (model.HAS_PROPERTY, model.HAS_PROCESS_PARAMETER)
        for node, graph in facts.pairs(bearer, prop)
        if not wanted or wanted & set(facts.rows(bearer, graph))
    }
    found = (_quantity(facts, node) for node in sorted(nodes))
    return [each for each in found if each]


def _quantity(facts: Facts, node: str) -> Quantity | None:
    types = facts.objects(node, model.RDF_TYPE)
    term = next((each for each in types if each not in HOW and each in vocabulary()), "")
    numbers = [
        number
        for part in facts.objects(node, model.HAS_NUMERICAL_PART)
        for number in facts.objects(part, model.HAS_NUMBER_VALUE)
    ]
    if not term or not numbers:
        return None
    how = next((HOW[each] for each in types if each in HOW), "")
    value = _in_unit_of(term, float(numbers[0]), facts.objects(node, model.HAS_UNIT))
    return Quantity(node.partition("#")[2], term, value, how)


def _in_unit_of(term: str, value: float, units: list[str]) -> float:
    """Return a value in the canonical unit of its term, where the one that it is in can be turned into it."""
    canonical = vocabulary().canonical_unit(term)
    unit = vocabulary().units.get(units[0]) if units else None
    if unit is None or canonical is None or unit == canonical:
        return value
    try:
        return float(vocabulary().units.convert(value, unit, canonical))
    except KgError:
        return value
