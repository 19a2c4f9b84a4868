"""The registry -> profiles of completeness as SHACL shapes: what is owed by whom, and what is valid.

A passport is checked in a flat form: one node with one statement for each value, `pp:mass 241.08`; a row of a
list is a node of its own. Its classes say of which category it is and which conditions hold, so that a shape
for 'stationary storage' reaches the batteries that are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kg.errors import KgError
from kg.near import quoted
from kg.passport.registry import Field, Registry, registry
from kg.resources import PACKAGE

PP = "https://w3id.org/battery-kg/passport#"
EC, LONGLIST = "ec-2026-07", "longlist-1.2"
PROFILES: dict[str, str] = {
    EC: "71 data points of the Commission's guidance of 28 July 2026, reference Ares(2026)7579758",
    LONGLIST: "93 attributes of the Battery Pass data attribute longlist, version 1.2",
}

TYPES: dict[str, str] = {
    "text": "sh:minLength 1",
    "time": 'sh:pattern "^[0-9]{4}-[0-9]{2}-[0-9]{2}T"',
    "cas": 'sh:pattern "^[0-9]{2,7}-[0-9]{2}-[0-9]$"',
    "mass": "sh:minInclusive 0.0",
    "percent": "sh:minInclusive 0.0 ; sh:maxInclusive 100.0",
    "count": "sh:minInclusive 0.0",
}
SAID: dict[str, str] = {
    "text": "is a text",
    "time": "is a time: 2026-11-01T02:00:00+01:00",
    "cas": "is a CAS number: 7782-42-5",
    "mass": "is 0 kg or more",
    "percent": "lies between 0 and 100 %",
    "count": "is 0 or more",
}


@dataclass(frozen=True)
class Item:
    """What a profile asks for: a data point or an attribute, its fields, and what it owes by category."""

    id: str
    name: str
    fields: tuple[str, ...]
    obligations: Mapping[str, str]
    condition: str


def items(profile: str, table: Registry | None = None) -> list[Item]:
    """Return what a profile asks for, in its order.

    Raises KgError for a profile that there is not.
    """
    known = table or registry()
    if profile == EC:
        return [
            Item(point.id, point.name, point.fields, point.obligations, point.condition)
            for point in known.guidance()
        ]
    if profile == LONGLIST:
        return [
            Item(
                str(each.number), each.name, tuple(known.of_attribute(each.number)), each.obligations, ""
            )
            for each in known.attributes.values()
        ]  # fmt: skip
    raise KgError(f"no profile is called '{profile}'. Profiles: {quoted(PROFILES)}.")


def kinds(profile: str) -> tuple[str, ...]:
    """Return the categories that a profile tells apart."""
    if profile == EC:
        return ("ev", "lmt", "industrial")
    return ("ev", "lmt", "industrial_other", "industrial_stationary")


def kind_in(profile: str, category: str, storage: str) -> str:
    """Return the category of a battery as a profile tells them apart."""
    kind = category.lower()
    if profile == EC or kind != "industrial":
        return kind
    return "industrial_stationary" if storage == "stationary" else "industrial_other"


def slug(condition: str) -> str:
    """Return a condition as a part of an IRI.

    >>> slug("not external storage")
    'not-external-storage'
    """
    return condition.replace(" ", "-")


def required(item: Item, table: Registry) -> tuple[str, ...]:
    """Return the fields that must be there where an item is owed."""
    return tuple(key for key in item.fields if not table.fields[key].optional)


def rule(field: Field) -> Iterator[tuple[str, str, str]]:
    """Yield the rules of a field: name below its key, the SHACL of it, and the message."""
    name, valid, unit = field.key.replace("_", " "), field.valid, f" {field.unit}" if field.unit else ""
    unit = "" if field.unit == "1" else unit
    if field.unit:
        yield "number", "sh:datatype xsd:double", f"The {name} is a number."
    if valid.min is not None and valid.max is not None:
        said = f"The {name} lies between {valid.min:g}{unit} and {valid.max:g}{unit}."
        yield "range", f"sh:minInclusive {float(valid.min)!r} ; sh:maxInclusive {float(valid.max)!r}", said
    if valid.pattern:
        pattern = valid.pattern.replace("\\", "\\\\").replace('"', '\\"')
        yield "form", f'sh:pattern "{pattern}"', f"The {name} has the form {valid.pattern}."
    if valid.one_of:
        words = " ".join(f'"{word}"' for word in valid.one_of)
        yield "list", f"sh:in ({words})", f"The {name} is one of: {', '.join(valid.one_of)}."


def _shape(name: str, path: str, body: str, message: str) -> str:
    said = message.replace("\\", "\\\\").replace('"', '\\"')
    return (
        f"pp:{name} a sh:PropertyShape ;\n    sh:path {path} ;\n    {body} ;\n"
        f'    sh:severity sh:Violation ;\n    sh:message "{said}"@en .\n'
    )


def _values(table: Registry) -> Iterator[tuple[str, str]]:
    """Yield the shapes of what is valid, with their names: the same in each profile."""
    for field in table.fields.values():
        for name, body, message in rule(field):
            shape = f"{field.key}.{name}"
            yield shape, _shape(shape, f"pp:{field.key}", body, message)
        for column, type_ in field.valid.items.items():
            shape = f"{field.key}.{column}"
            message = f"The {column.replace('_', ' ')} of {field.key.replace('_', ' ')} {SAID[type_]}."
            yield shape, _shape(shape, f"( pp:{field.key} pp:{column} )", TYPES[type_], message)


def _owed(profile: str, table: Registry) -> dict[str, list[tuple[str, str]]]:
    """Return the class of passports -> the items and fields that it owes."""
    found: dict[str, list[tuple[str, str]]] = {}
    for item in items(profile, table):
        for kind in kinds(profile):
            obligation = item.obligations[kind]
            if obligation == "mandatory":
                target = kind
            elif obligation == "conditional" and item.condition not in ("", "given"):
                target = f"{kind}.{slug(item.condition)}"
            else:
                continue
            found.setdefault(target, []).extend((item.id, key) for key in required(item, table))
    return found


def shapes(profile: str, table: Registry | None = None) -> str:
    """Return the SHACL of a profile as Turtle."""
    known = table or registry()
    owed = _owed(profile, known)
    keys = sorted({key for fields in owed.values() for _, key in fields})
    parts = [
        f"# What {profile} asks of a battery passport: {PROFILES[profile]}.\n"
        "# Written by `python -m kg.passport` from the registry of data points; do not edit.\n\n"
        f"@prefix pp: <{PP}> .\n@prefix sh: <http://www.w3.org/ns/shacl#> .\n"
        "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n"
    ]
    for target, fields in sorted(owed.items()):
        properties = sorted({f"pp:{key}.required" for _, key in fields})
        body = " ,\n        ".join(properties)
        parts.append(
            f"pp:{target}.owed a sh:NodeShape ;\n    sh:targetClass pp:{target} ;\n    sh:property\n"
            f"        {body} .\n"
        )
    for key in keys:
        message = f"The {key.replace('_', ' ')} is missing."
        parts.append(_shape(f"{key}.required", f"pp:{key}", "sh:minCount 1", message))
    values = list(_values(known))
    listed = " ,\n        ".join(f"pp:{name}" for name, _ in values)
    parts.append(
        f"pp:valid a sh:NodeShape ;\n    sh:targetClass pp:Passport ;\n    sh:property\n        {listed} .\n"
    )
    return "\n".join([*parts, *(text for _, text in values)])


def shapes_file(profile: str) -> str:
    """Return the path of the shapes of a profile below the package."""
    return f"passport/shapes/{profile}.ttl"


def write_shapes() -> list[str]:
    """Write the shapes of all profiles into the package, and return their names."""
    for profile in PROFILES:
        path = PACKAGE / shapes_file(profile)
        path.parent.mkdir(exist_ok=True)
        path.write_text(shapes(profile), encoding="utf-8")
    return [shapes_file(profile) for profile in PROFILES]
