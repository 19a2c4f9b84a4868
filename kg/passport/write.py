"""A passport and an audience -> the document that this audience may have: JSON, JSON-LD or Turtle.

What an audience may not see is named with the audiences that may, and its value is never looked at here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pyoxigraph as ox

from kg import model
from kg.iri import encode
from kg.namespaces import PREFIXES
from kg.passport.access import seen_by, visible, why_withheld
from kg.passport.build import Passport, found_as_dict
from kg.passport.profiles import EC, PP, items, kind_in
from kg.passport.registry import Field, Point
from kg.passport.values import Found
from kg.passport.workbench import term_iri
from kg.terms import vocabulary

FORMATS = ("json", "jsonld", "ttl")
BVCOX, DCTERMS, RDF, XSD = (PREFIXES[name] for name in ("bvcox", "dcterms", "rdf", "xsd"))
HOW = {"measured": "measured", "calculated": "modelled", "inherited": "nominal", "declared": "set"}
"""Kind of a value -> how EMMO says that it is known."""


def shown(passport: Passport, profile: str = EC) -> Iterator[Point]:
    """Yield the points of a passport, without those that a profile says are not to be filled."""
    left_out = {
        item.id
        for item in items(EC, passport.registry)
        if profile == EC and item.obligations[kind_in(EC, passport.category, "")] == "notToBeFilled"
    }
    return (point for point in passport.registry.points.values() if point.id not in left_out)


def as_dict(passport: Passport, audience: str = "public", profile: str = EC) -> dict[str, Any]:
    """Return a passport as an audience may see it, for machines.

    Raises KgError for an audience or a profile that there is not.
    """
    points = []
    for point in shown(passport, profile):
        entry: dict[str, Any] = {"point": point.id, "name": point.name, "group": point.group}
        if not visible(point, audience):
            points.append({**entry, "withheld": why_withheld(point), "seen_by": seen_by(point)})
            continue
        values = passport.of(point)
        if values:
            units = passport.registry.fields
            entry["values"] = {key: found_as_dict(found, units[key].unit) for key, found in values.items()}
            points.append(entry)
    return {
        "passport": passport.id,
        "iri": passport.iri,
        "battery": passport.battery,
        **_lived(passport),
        "audience": audience,
        "profile": profile,
        "points": points,
    }


def _lived(passport: Passport) -> dict[str, Any]:
    """Return the state of a passport and those before and after it; a passport not registered has none."""
    if passport.life is None:
        return {}
    linked = {"replaces": passport.life.replaces, "replaced_by": passport.life.replaced_by}
    return {"state": passport.life.state, **{name: list(iris) for name, iris in linked.items() if iris}}


def as_json(passport: Passport, audience: str = "public", profile: str = EC) -> str:
    """Return a passport as JSON; the same passport gives the same bytes."""
    return json.dumps(as_dict(passport, audience, profile), ensure_ascii=False, indent=2) + "\n"


def triples(passport: Passport, audience: str = "public", profile: str = EC) -> list[ox.Triple]:
    """Return a passport as an audience may see it, as triples in a fixed order.

    Each value is a node with its point, its rows and its number in the pattern of a quantity, or its text.
    """
    graph = _Graph(passport)
    for point in shown(passport, profile):
        if visible(point, audience):
            for key, found in passport.of(point).items():
                graph.add(point, passport.registry.fields[key], found)
    return sorted(graph.triples, key=str)


class _Graph:
    """The triples of a passport as they are gathered."""

    def __init__(self, passport: Passport) -> None:
        self.passport, self.triples = passport, set[ox.Triple]()
        self.state(passport.iri, model.RDF_TYPE, BVCOX + "BatteryPassport")
        self.state(passport.iri, BVCOX + "passportOf", passport.battery)

    def state(self, subject: str, prop: str, object_: str | ox.Literal) -> None:
        """Add one statement."""
        end = ox.NamedNode(object_) if isinstance(object_, str) else object_
        self.triples.add(ox.Triple(ox.NamedNode(subject), ox.NamedNode(prop), end))

    def add(self, point: Point, field: Field, found: Found) -> None:
        """Add a value under its point."""
        node = f"{self.passport.iri}#{field.key}"
        self.state(self.passport.iri, DCTERMS + "hasPart", node)
        self.state(node, DCTERMS + "identifier", ox.Literal(field.key))
        if point.number is not None:
            self.state(node, DCTERMS + "conformsTo", f"{BVCOX}passport-point-{point.number:02d}")
        if found.time:
            self.state(node, DCTERMS + "date", ox.Literal(found.time))
        for place in found.rows:
            file, _, row = place.partition("#")
            source = f"{self.passport.base}file/{encode(file)}#{encode(row)}"
            self.state(node, model.DERIVED_FROM, source)
        if field.unit and not isinstance(found.value, list | dict):
            self._quantity(node, field, found)
        elif isinstance(found.value, list | dict):
            self._rows(node, found.value if isinstance(found.value, list) else [found.value])
        else:
            self.state(node, RDF + "value", ox.Literal(str(found.value)))

    def _quantity(self, node: str, field: Field, found: Found) -> None:
        unit = vocabulary().units.parse(field.unit)
        self.state(self.passport.battery, model.HAS_PROPERTY, node)
        self.state(node, model.RDF_TYPE, term_iri(field.quantity))
        self.state(node, model.RDF_TYPE, model.VALUE_KINDS[HOW[found.kind]])
        self.state(node, model.HAS_UNIT, unit.iri)
        self.state(node, model.HAS_NUMERICAL_PART, node + ".number")
        self.state(node + ".number", model.RDF_TYPE, model.REAL_DATA)
        self.state(node + ".number", model.HAS_NUMBER_VALUE, _double(found.value))

    def _rows(self, node: str, rows: list[dict[str, Any]]) -> None:
        for place, row in enumerate(rows):
            inner = f"{node}.{place + 1}"
            self.state(node, DCTERMS + "hasPart", inner)
            for column, value in row.items():
                number = isinstance(value, int | float)
                self.state(inner, PP + column, _double(value) if number else ox.Literal(str(value)))


def _double(value: Any) -> ox.Literal:
    return ox.Literal(str(value), datatype=ox.NamedNode(XSD + "double"))


def as_rdf(passport: Passport, form: ox.RdfFormat, audience: str = "public", profile: str = EC) -> str:
    """Return a passport as RDF in a form of text; the same passport gives the same bytes."""
    prefixes = {name: PREFIXES[name] for name in ("emmo", "bvcox", "dcterms", "prov", "rdf", "xsd")}
    text = ox.serialize(
        triples(passport, audience, profile),
        format=form,
        prefixes={**prefixes, "pp": PP} if form == ox.RdfFormat.TURTLE else None,
    )
    assert text is not None
    return text.decode()


def write(passport: Passport, form: str, audience: str = "public", profile: str = EC) -> str:
    """Return a passport in one of the forms json, jsonld and ttl."""
    if form == "json":
        return as_json(passport, audience, profile)
    rdf = ox.RdfFormat.JSON_LD if form == "jsonld" else ox.RdfFormat.TURTLE
    return as_rdf(passport, rdf, audience, profile)
