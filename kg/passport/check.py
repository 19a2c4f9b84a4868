"""A passport, a profile and a day -> for each data point whether it is there, missing, or not owed."""

from __future__ import annotations

import functools
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import rdflib
from pyshacl import validate

from kg.passport.build import Passport
from kg.passport.profiles import PP, Item, items, kind_in, required, shapes_file, slug
from kg.passport.registry import IN_FORCE
from kg.passport.values import Found
from kg.resources import PACKAGE

PRESENT, MISSING, INVALID = "present and valid", "missing", "invalid"
NOT_YET, NOT_FILLED, NOT_APPLICABLE = "not yet required", "not to be filled", "not applicable"
STATES = (PRESENT, MISSING, NOT_YET, NOT_FILLED, NOT_APPLICABLE, INVALID)

SH = "http://www.w3.org/ns/shacl#"


@dataclass(frozen=True)
class Verdict:
    """What a profile says of one data point or attribute of a passport."""

    id: str
    name: str
    state: str
    obligation: str
    messages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """The verdicts of a profile on a day; `complete` where nothing is missing or invalid."""

    passport: str
    profile: str
    day: str
    verdicts: tuple[Verdict, ...]

    @property
    def complete(self) -> bool:
        """Return whether nothing is missing and nothing invalid."""
        return not any(verdict.state in (MISSING, INVALID) for verdict in self.verdicts)

    def counts(self) -> dict[str, int]:
        """Return how many points are in each state, in the order of the states."""
        counted = Counter(verdict.state for verdict in self.verdicts)
        return {state: counted[state] for state in STATES if counted[state]}


def flat(passport: Passport, profile: str) -> rdflib.Graph:
    """Return the flat form of a passport, in which the shapes of a profile read it."""
    graph, node = rdflib.Graph(), rdflib.URIRef(passport.iri)
    kind = kind_in(profile, passport.category, passport.storage)
    classes = ["Passport", kind, *(f"{kind}.{slug(condition)}" for condition in sorted(passport.conditions))]
    for name in classes:
        graph.add((node, rdflib.RDF.type, rdflib.URIRef(PP + name)))
    for key, found in passport.values.items():
        if found is None:
            continue
        numeric = bool(passport.registry.fields[key].unit)
        for predicate, value in _statements(node, key, found, numeric):
            graph.add((*predicate, value))
    return graph


def _statements(
    node: rdflib.URIRef, key: str, found: Found, numeric: bool
) -> Iterator[tuple[tuple[rdflib.URIRef, rdflib.URIRef], Any]]:
    prop = rdflib.URIRef(PP + key)
    if not isinstance(found.value, list | dict):
        yield (node, prop), _literal(found.value, numeric)
        return
    rows = found.value if isinstance(found.value, list) else [found.value]
    if not rows:
        # A list that is known to be empty is an answer.
        yield (node, prop), rdflib.Literal("none")
    for place, row in enumerate(rows):
        inner = rdflib.URIRef(f"{node}#{key}.{place + 1}")
        yield (node, prop), inner
        for column, value in row.items():
            yield (inner, rdflib.URIRef(PP + column)), _literal(value, isinstance(value, int | float))


def _literal(value: Any, numeric: bool) -> rdflib.Literal:
    if numeric:
        return rdflib.Literal(str(value), datatype=rdflib.XSD.double, normalize=False)
    return rdflib.Literal(str(value))


@functools.cache
def _shapes(profile: str) -> rdflib.Graph:
    return rdflib.Graph().parse(PACKAGE / shapes_file(profile), format="turtle")


def _messages(passport: Passport, profile: str) -> dict[str, list[tuple[str, str]]]:
    """Return field -> what SHACL says of it: the name of the rule, and the message with the value found."""
    shapes = _shapes(profile)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        _, results, _ = validate(flat(passport, profile), shacl_graph=shapes, advanced=False, inplace=True)
    found: dict[str, list[tuple[str, str]]] = {}
    assert isinstance(results, rdflib.Graph)
    for result in results.subjects(rdflib.RDF.type, rdflib.URIRef(SH + "ValidationResult")):
        source = str(results.value(result, rdflib.URIRef(SH + "sourceShape"))).removeprefix(PP)
        message = str(results.value(result, rdflib.URIRef(SH + "resultMessage")))
        value = results.value(result, rdflib.URIRef(SH + "value"))
        key, _, name = source.partition(".")
        said = f"{message} Found: '{value}'." if value is not None else message
        found.setdefault(key, []).append((name, said))
    return {key: sorted(said) for key, said in found.items()}


def check(passport: Passport, profile: str = "ec-2026-07", day: str = "") -> Report:
    """Return what a profile says of a passport on a day (`2027-02-18`); without one, on this day.

    Before the day on which the law is in force nothing is missing yet.
    Raises KgError for a profile that there is not.
    """
    when = day or max(date.today().isoformat(), IN_FORCE)
    asked = items(profile, passport.registry)
    messages = _messages(passport, profile)
    kind = kind_in(profile, passport.category, passport.storage)
    verdicts = [_verdict(passport, item, item.obligations[kind], messages, when) for item in asked]
    return Report(passport.id, profile, when, tuple(verdicts))


def _verdict(
    passport: Passport,
    item: Item,
    obligation: str,
    messages: dict[str, list[tuple[str, str]]],
    day: str,
) -> Verdict:
    there = [key for key in item.fields if passport.values[key] is not None]
    wrong = [said for key in there for name, said in messages.get(key, ()) if name != "required"]
    lacking = [key for key in required(item, passport.registry) if passport.values[key] is None]
    gone = tuple(f"The {key.replace('_', ' ')} is missing." for key in lacking)

    def verdict(state: str, said: tuple[str, ...] = ()) -> Verdict:
        return Verdict(item.id, item.name, state, obligation, said)

    if obligation == "notToBeFilled":
        return verdict(NOT_FILLED)
    if obligation == "n/a":
        return verdict(NOT_APPLICABLE)
    if wrong:
        return verdict(INVALID, tuple(wrong))
    owed = obligation == "mandatory" or (obligation == "conditional" and passport.applies(item.condition))
    if lacking and owed:
        return verdict(MISSING, gone) if day >= IN_FORCE else verdict(NOT_YET, gone)
    if obligation == "pending" and not there:
        return verdict(NOT_YET)
    return verdict(PRESENT) if there and not lacking else verdict(NOT_APPLICABLE, gone if there else ())
