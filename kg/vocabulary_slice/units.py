"""What upstream states about its units -> the same, complete, exact, and without what contradicts itself."""

from __future__ import annotations

import pyoxigraph as ox

from kg.namespaces import PREFIXES
from kg.units import as_code
from kg.vocabulary_slice.repairs import (
    DIMENSION,
    EMMO,
    FROM_CODE,
    MEASUREMENT_UNIT,
    MULTIPLIER,
    REPAIRS,
    SI_COHERENT,
    SUBCLASS,
    SYMBOL,
    SYMBOL_VALUE,
    UCUM,
    UNTRUSTED,
)
from kg.vocabulary_slice.ucum import Measure, measure

Statement = tuple[str, str, str | ox.Literal]

# Upstream writes seven digits; two factors that differ by more than this are different factors.
TOLERANCE = 1e-5
_FROM_CODE = {r.subject for r in REPAIRS if r.predicate == MULTIPLIER and FROM_CODE in r.values}
_STATED = {r.subject for r in REPAIRS if r.predicate == MULTIPLIER and FROM_CODE not in r.values}


def check(statements: dict[str, set[Statement]], left_out: list[str]) -> None:
    """Make the multipliers of all units exact, in place; what is left out is added to `left_out`.

    - A coherent SI unit gets the multiplier 1, which upstream states by its class only.
    - A multiplier that agrees with the metric code of its unit takes the exact value of the code.
    - A unit without a code whose symbol is one, and agrees, gets the symbol as code.
    - A multiplier that contradicts code or dimension, and is not repaired, is left out.
    """
    parents: dict[str, list[str]] = {}
    values: dict[tuple[str, str], list[str]] = {}
    home: dict[str, str] = {}
    for name in statements:
        for subject, predicate, value in sorted(statements[name], key=str):
            if isinstance(value, str):
                if predicate == SUBCLASS:
                    parents.setdefault(subject, []).append(value)
                elif predicate == PREFIXES["rdf"] + "type":
                    home.setdefault(subject, name)
            elif predicate in {UCUM, SYMBOL, SYMBOL_VALUE, MULTIPLIER, DIMENSION}:
                values.setdefault((subject, predicate), []).append(value.value)
    for unit in sorted({subject for subject, predicate in values if predicate != DIMENSION}):
        above = upwards(unit, parents)
        if MEASUREMENT_UNIT not in above:
            continue
        facts = {p: values.get((unit, p), []) for p in (UCUM, SYMBOL, SYMBOL_VALUE, MULTIPLIER)}
        dimensions = {d for name in above for d in values.get((name, DIMENSION), ())}
        kept = statements[home[unit]]
        for statement in [s for s in kept if s[0] == unit and s[1] == MULTIPLIER]:
            kept.remove(statement)
        factor, code, fault = _judge(unit, facts, SI_COHERENT in above, dimensions)
        if fault:
            left_out.append(f"{unit} {MULTIPLIER} {', '.join(facts[MULTIPLIER])}: {fault}")
        elif factor is not None:
            kept.add((unit, MULTIPLIER, ox.Literal(factor)))
        if code and not facts[UCUM]:
            kept.add((unit, UCUM, ox.Literal(code)))


def _judge(
    unit: str, facts: dict[str, list[str]], coherent: bool, dimensions: set[str]
) -> tuple[float | None, str | None, str]:
    """Return multiplier and code of a unit, and why the multiplier is left out, if it is."""
    stated = float(facts[MULTIPLIER][0]) if facts[MULTIPLIER] else 1.0 if coherent else None
    if unit.removeprefix(EMMO) in UNTRUSTED:
        return None, None, "contradicts UCUM"
    if unit in _STATED:
        return stated, None, ""
    symbols = [as_code(symbol) for symbol in facts[SYMBOL] + facts[SYMBOL_VALUE]]
    code, exact = _first_metric(facts[UCUM] or symbols)
    if unit in _FROM_CODE and exact is None:
        raise ValueError(f"{unit}: the code {facts[UCUM]} is not metric, so no multiplier follows from it")
    if exact is None:
        return stated, None, ""
    if dimensions and exact.dimension not in dimensions:
        # A symbol that happens to look like a code says nothing.
        return (None, None, f"{code} has dimension {exact.dimension}") if facts[UCUM] else (stated, None, "")
    factor = float(exact.factor)
    if unit in _FROM_CODE:
        return factor, code, ""
    if stated is None:
        return None, None, ""
    if abs(stated - factor) <= TOLERANCE * factor:
        return factor, code, ""
    return None, None, f"{code} has multiplier {factor}"


def _first_metric(codes: list[str]) -> tuple[str | None, Measure | None]:
    for code in sorted(codes, key=lambda c: (len(c), c)):
        found = measure(code)
        if found is not None:
            return code, found
    return None, None


def upwards(name: str, parents: dict[str, list[str]]) -> dict[str, None]:
    """Return a name and all that stands above it, nearest first."""
    found = {name: None}
    level = [name]
    while level:
        level = [p for n in level for p in parents.get(n, ())]
        level = [p for p in dict.fromkeys(level) if p not in found]
        found.update(dict.fromkeys(level))
    return found
