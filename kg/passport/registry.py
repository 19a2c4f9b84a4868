"""What the law says and how we fill it -> the one registry of data points that all of the passport reads.

The law's side of a point stands in `ontology/passport.ttl`, our side in `points.yaml`, the attributes of the
Battery Pass longlist in `longlist.tsv`. They meet here, by number.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pyoxigraph as ox
import yaml
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Setting

from kg.model import ELUCIDATION
from kg.namespaces import PREFIXES
from kg.resources import PACKAGE, folder

Obligation = Literal["mandatory", "optional", "conditional", "pending", "notToBeFilled", "n/a", "voluntary"]
CATEGORIES = ("ev", "lmt", "industrial")
IN_FORCE = "2027-02-18"
"""Day from which passports are owed: Regulation (EU) 2023/1542, Article 77 (1)."""

BVCOX, SKOS = PREFIXES["bvcox"], PREFIXES["skos"]


class Strict(BaseModel):
    """An unknown key is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Take(Strict):
    """Where the value of a field comes from: a bearer and what it has, or a calculation."""

    bearer: str = Setting("", alias="from")
    text: str = ""
    quantity: str = ""
    name: str = ""
    document: str = ""
    link: str = ""
    calculate: str = ""
    now: str = ""
    then: str = ""
    element: str = ""
    stage: str = ""


class Valid(Strict):
    """When a value is valid; `items` names the columns of a list with their types."""

    min: float | None = None
    max: float | None = None
    pattern: str = ""
    one_of: tuple[str, ...] = ()
    items: dict[str, str] = {}


class Field(Strict):
    """One value of a passport: its key, where it is taken from, its unit (a UCUM code) and its rule."""

    key: str
    take: Take
    term: str = ""
    unit: str = ""
    longlist: int | None = None
    idta: str = ""
    semantic: str = ""
    optional: bool = False
    valid: Valid = Valid()

    @property
    def quantity(self) -> str:
        """Return the label of the term of its quantity, empty for what is no number."""
        return self.term or self.take.quantity


@dataclass(frozen=True)
class Point:
    """A data point: what the law says of it, and the keys of the fields that fill it.

    `number` is that of the Commission's guidance, or None for what only the longlist asks for; then
    `attribute` is its number there. `part` is the point of Annex XIII by which access is decided.
    """

    number: int | None
    attribute: int | None
    name: str
    german: str
    meaning: str
    source: str
    part: int
    lifecycle: str
    obligations: Mapping[str, Obligation]
    group: str
    level: str
    condition: str
    fields: tuple[str, ...]
    terms: tuple[str, ...]

    @property
    def id(self) -> str:
        """Return the name by which people ask for it: `52`, or `L7` for an attribute of the longlist."""
        return str(self.number) if self.number is not None else f"L{self.attribute}"


@dataclass(frozen=True)
class Attribute:
    """An attribute of the Battery Pass longlist with its obligations."""

    number: int
    name: str
    access: str
    lifecycle: str
    granularity: str
    obligations: Mapping[str, Obligation]


@dataclass(frozen=True)
class Registry:
    """All points, fields and attributes."""

    points: Mapping[str, Point]
    fields: Mapping[str, Field]
    attributes: Mapping[int, Attribute]

    def guidance(self) -> Iterator[Point]:
        """Yield the points of the Commission's guidance, in their order."""
        return (point for point in self.points.values() if point.number is not None)

    def of_attribute(self, number: int) -> list[str]:
        """Return the keys of the fields that fill an attribute of the longlist."""
        named = [key for key, field in self.fields.items() if field.longlist == number]
        shown = [key for point in self.points.values() if point.attribute == number for key in point.fields]
        return list(dict.fromkeys([*named, *shown]))

    def points_of(self, key: str) -> list[Point]:
        """Return the points that show a field."""
        return [point for point in self.points.values() if key in point.fields]


class _Law:
    """The statements of passport.ttl and the notations of its lists."""

    def __init__(self) -> None:
        self.store = ox.Store()
        for name in ("bvco_ext.ttl", "passport.ttl"):
            self.store.bulk_load(path=str(folder("ontology") / name), format=ox.RdfFormat.TURTLE)

    def objects(self, subject: ox.NamedNode, prop: str) -> list[Any]:
        return [quad.object for quad in self.store.quads_for_pattern(subject, ox.NamedNode(prop), None)]

    def text(self, subject: ox.NamedNode, prop: str, lang: str | None = None) -> str:
        found = (node.value for node in self.objects(subject, prop) if node.language == lang)
        return next(found, "")

    def token(self, subject: ox.NamedNode, name: str) -> str:
        (value,) = self.objects(subject, BVCOX + name)
        return self.text(value, SKOS + "notation")


def part_of(source: str) -> int:
    """Return the point of Annex XIII under which a source falls; Article 77 and Annex VI are public as its 1.

    >>> part_of("BR Annex XIII 4 (a)"), part_of("BR Annex VI A (2)")
    (4, 1)
    """
    return int(source.removeprefix("BR Annex XIII ")[0]) if source.startswith("BR Annex XIII ") else 1


def _part_of_access(access: str, lifecycle: str) -> int:
    """Return the point of Annex XIII for an attribute of the longlist by its words of access."""
    if access == "PUB":
        return 1
    if access.startswith("NB"):
        return 3
    return 4 if lifecycle == "dynamic" or access == "PLI" else 2


def _attributes() -> dict[int, Attribute]:
    with (PACKAGE / "passport" / "longlist.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    kinds = ("ev", "lmt", "industrial_other", "industrial_stationary")
    return {
        int(row["nr"]): Attribute(
            int(row["nr"]),
            row["attribute"],
            row["access"],
            row["static_dynamic"],
            row["granularity"],
            {kind: row[kind] for kind in kinds},  # type: ignore[misc]
        )
        for row in rows
    }


def _legal(law: _Law, entry: Mapping[str, Any], keys: tuple[str, ...]) -> Point:
    node = ox.NamedNode(f"{BVCOX}passport-point-{entry['point']:02d}")
    german = law.text(node, SKOS + "altLabel", "de").partition(": ")[2]
    source = law.text(node, BVCOX + "legalSource")
    names = ("obligationForEv", "obligationForLmt", "obligationForIndustrial")
    return Point(
        entry["point"],
        None,
        law.text(node, BVCOX + "officialName"),
        german,
        law.text(node, ELUCIDATION, "en"),
        source,
        part_of(source),
        law.token(node, "hasLifecycle"),
        {kind: law.token(node, name) for kind, name in zip(CATEGORIES, names, strict=True)},  # type: ignore[misc]
        entry["group"],
        entry["level"],
        entry.get("condition", ""),
        keys,
        tuple(sorted(term.value for term in law.objects(node, BVCOX + "statesTerm"))),
    )


def _further(attribute: Attribute, entry: Mapping[str, Any], keys: tuple[str, ...]) -> Point:
    return Point(
        None,
        attribute.number,
        attribute.name,
        attribute.name,
        "",
        "Battery Pass longlist 1.2",
        _part_of_access(attribute.access, attribute.lifecycle),
        attribute.lifecycle,
        dict.fromkeys(CATEGORIES, "n/a"),
        entry["group"],
        attribute.granularity,
        "",
        keys,
        (),
    )


@functools.cache
def registry() -> Registry:
    """Return the registry of this version."""
    law, attributes = _Law(), _attributes()
    entries = yaml.load(
        (PACKAGE / "passport" / "points.yaml").read_text(encoding="utf-8"),
        getattr(yaml, "CSafeLoader", yaml.SafeLoader),
    )
    points: dict[str, Point] = {}
    fields: dict[str, Field] = {}
    for entry in entries:
        own = [Field.model_validate(each) for each in entry["fields"] if not isinstance(each, str)]
        fields |= {field.key: field for field in own}
        keys = tuple(each if isinstance(each, str) else each["key"] for each in entry["fields"])
        if "point" in entry:
            point = _legal(law, entry, keys)
        else:
            point = _further(attributes[entry["attribute"]], entry, keys)
        points[point.id] = point
    return Registry(points, fields, attributes)
