"""The registry -> the JSON Schema of a passport as it is written, for those who read it by machine."""

from __future__ import annotations

import json
from typing import Any

from kg.passport.access import AUDIENCES, STAFF
from kg.passport.life import IN_FORCE, REPLACED
from kg.passport.profiles import PROFILES
from kg.passport.registry import Field, Registry, registry
from kg.passport.values import KINDS
from kg.resources import PACKAGE

FILE = "passport/passport.schema.json"
ID = "https://w3id.org/battery-kg/passport.schema.json"
COLUMNS: dict[str, dict[str, Any]] = {
    "text": {"type": "string", "minLength": 1},
    "time": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T"},
    "cas": {"type": "string", "pattern": "^[0-9]{2,7}-[0-9]{2}-[0-9]$"},
    "mass": {"type": "number", "minimum": 0},
    "percent": {"type": "number", "minimum": 0, "maximum": 100},
    "count": {"type": "integer", "minimum": 0},
}
OPTIONAL_COLUMNS = {"warning": COLUMNS["text"]}
"""Columns of lists that are there where there is something to say."""


def _value(field: Field) -> dict[str, Any]:
    """Return the schema of the value of a field."""
    valid = field.valid
    if valid.items:
        columns = {name: COLUMNS[type_] for name, type_ in valid.items.items()}
        return {"type": "array", "items": {"type": "object", "properties": {**columns, **OPTIONAL_COLUMNS}}}
    if field.take.document:
        return {"type": "object", "properties": {"title": {"type": "string"}, "address": {"type": "string"}}}
    if field.unit:
        return {"type": "number", "minimum": valid.min, "maximum": valid.max}
    text: dict[str, Any] = {"type": "string", "minLength": 1}
    if valid.pattern:
        text["pattern"] = valid.pattern
    if valid.one_of:
        text["enum"] = list(valid.one_of)
    return text


def _entry(field: Field) -> dict[str, Any]:
    """Return the schema of a value with its kind, unit, time and proof."""
    properties: dict[str, Any] = {"value": _value(field)}
    if field.unit:
        properties["unit"] = {"const": field.unit}
    return {"allOf": [{"$ref": "#/$defs/found"}, {"properties": properties}]}


def schema(table: Registry | None = None) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a passport."""
    known = table or registry()
    points = [
        {
            "properties": {
                "point": {"const": point.id},
                "values": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {key: {"$ref": f"#/$defs/{key}"} for key in point.fields},
                },
            }
        }
        for point in known.points.values()
    ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "Battery passport",
        "type": "object",
        "additionalProperties": False,
        "required": ["passport", "iri", "battery", "audience", "profile", "points"],
        "properties": {
            "passport": {"type": "string"},
            "iri": {"type": "string", "format": "iri"},
            "battery": {"type": "string", "format": "iri"},
            "state": {"enum": [IN_FORCE, REPLACED]},
            "replaces": {"type": "array", "items": {"type": "string", "format": "iri"}},
            "replaced_by": {"type": "array", "items": {"type": "string", "format": "iri"}},
            "audience": {"enum": [*AUDIENCES, STAFF]},
            "profile": {"enum": list(PROFILES)},
            "points": {"type": "array", "items": {"allOf": [{"$ref": "#/$defs/point"}, {"oneOf": points}]}},
        },
        "$defs": {
            "point": {
                "type": "object",
                "required": ["point", "name", "group"],
                "oneOf": [{"required": ["values"]}, {"required": ["withheld", "seen_by"]}],
                "properties": {"seen_by": {"type": "array", "items": {"enum": list(AUDIENCES)}}},
            },
            "found": {
                "type": "object",
                "required": ["value", "kind", "proof"],
                "properties": {
                    "kind": {"enum": list(KINDS)},
                    "time": {"type": "string"},
                    "proof": {
                        "type": "object",
                        "minProperties": 1,
                        "additionalProperties": {"type": "array", "minItems": 1, "items": {"type": "string"}},
                    },
                },
            },
            **{key: _entry(field) for key, field in known.fields.items()},
        },
    }


def text() -> str:
    """Return the JSON Schema as it is shipped."""
    return json.dumps(schema(), ensure_ascii=False, indent=1) + "\n"


def write_schema() -> str:
    """Write the JSON Schema into the package, and return its name."""
    (PACKAGE / FILE).write_text(text(), encoding="utf-8")
    return FILE
