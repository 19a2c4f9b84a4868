"""The registry -> what its page of the reference shows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kg.passport.registry import Field, Point, registry
from kg.terms import vocabulary

_LETTERS = {
    "mandatory": "M",
    "conditional": "C",
    "optional": "O",
    "pending": "P",
    "notToBeFilled": "-",
    "n/a": "n/a",
}


def _letters(point: Point) -> str:
    return " ".join(_LETTERS[point.obligations[kind]] for kind in ("ev", "lmt", "industrial"))


def _term(field: Field) -> str:
    return vocabulary().resolve(field.quantity).label if field.quantity else ""


def _unit(field: Field) -> str:
    return vocabulary().units.parse(field.unit).name if field.unit not in ("", "1") else ""


def _taken(field: Field) -> str:
    take = field.take
    if take.calculate:
        further = [
            word
            for word in (take.element, take.stage, f"{take.now} and {take.then}" if take.then else take.now)
            if word
        ]
        return (
            f"calculated: {take.calculate.replace('_', ' ')}{' of ' + ', '.join(further) if further else ''}"
        )
    what = take.text or take.document or take.quantity or take.link
    return f"{take.bearer.replace('_', ' ')}: {what}{f' ({take.name})' if take.name else ''}"


def _valid(field: Field) -> str:
    valid = field.valid
    if valid.min is not None:
        return f"{valid.min:g} to {valid.max:g}"
    if valid.pattern:
        return f"`{valid.pattern}`"
    return ", ".join(valid.one_of or valid.items)


def _fields(points: Iterable[Point]) -> list[tuple[Point, Field]]:
    """Return the fields of some points, each under the point that defines it."""
    table = registry()
    return [
        (point, table.fields[key])
        for point in points
        for key in point.fields
        if table.points_of(key)[0].id == point.id
    ]


def page() -> dict[str, Any]:
    """Return what the template of the page needs."""
    groups: dict[str, list[Point]] = {}
    for point in registry().points.values():
        groups.setdefault(point.group, []).append(point)
    return {
        "points": list(registry().points.values()),
        "groups": list(groups.items()),
        "letters": _letters,
        "fields": _fields,
        "term": _term,
        "unit": _unit,
        "taken": _taken,
        "valid": _valid,
    }
