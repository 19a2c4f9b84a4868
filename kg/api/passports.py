"""A name, an audience and a form -> the passport as it goes out. These functions run in a reader process."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Sequence
from typing import Any

from kg.aas.export import passport_shell
from kg.aas.package import MEDIA
from kg.aas.package import write as write_shell
from kg.api.problems import Problem
from kg.errors import KgError
from kg.iri import shorten
from kg.passport.access import STAFF, visible, why_withheld
from kg.passport.build import Builder, Passport, found_as_dict
from kg.passport.check import check
from kg.passport.life import CeasedError
from kg.passport.profiles import EC
from kg.passport.recycler import AUDIENCE as RECYCLER
from kg.passport.recycler import recycler
from kg.passport.registry import registry
from kg.passport.write import as_dict, shown, write
from kg.store import Store
from kg.terms import vocabulary

SHELLS = {MEDIA[form]: form for form in ("json", "aasx")}
FORMS = {"application/json": "json", "application/ld+json": "jsonld", "text/turtle": "ttl"}


def builder_of(store: Store) -> Builder:
    """Return the builder of a store that is open; it remembers what batteries have in common."""
    found: Builder | None = getattr(store, "passports", None)
    if found is None:
        found = Builder(store)
        store.passports = found  # type: ignore[attr-defined]
    return found


def _named(store: Store, name: str) -> Passport:
    """Return the passport of this name.

    Raises Problem 404 where there is none, 410 with a tombstone where it has ceased.
    """
    builder = builder_of(store)
    try:
        meant = builder.resolve(name)
    except KgError:
        # What else has this name, or nearly, is not for everybody.
        raise Problem(404, f"no battery passport is called '{name}' here.") from None
    try:
        return builder.build(*meant)
    except CeasedError as error:
        raise Problem(410, str(error), tombstone=error.tombstone) from None
    except KgError as error:
        raise Problem(404, str(error)) from None


def etag(body: str | bytes) -> str:
    """Return the entity tag of a body: the same passport has the same tag."""
    data = body.encode() if isinstance(body, str) else body
    return f'"{hashlib.sha256(data).hexdigest()[:32]}"'


def shell(store: Store, name: str, audience: str, media: str) -> bytes:
    """Return the Asset Administration Shell of a battery as an audience may see it."""
    made = passport_shell(builder_of(store), _named(store, name), audience)
    return write_shell(made.environment(), SHELLS[media])


def document(store: Store, name: str, audience: str, media: str) -> str:
    """Return a passport as an audience may see it, in a form of text."""
    return write(_named(store, name), FORMS[media], audience)


def page(store: Store, name: str, audience: str) -> dict[str, Any]:
    """Return what the page of a passport shows: its points by group, as an audience may see them."""
    made = _named(store, name)
    groups: dict[str, list[dict[str, Any]]] = {}
    for point in shown(made):
        seen = visible(point, audience)
        values = made.of(point) if seen else {}
        if seen and not values:
            continue
        told = {
            "id": point.id,
            "name": point.name,
            "german": point.german,
            "withheld": "" if seen else why_withheld(point),
            "values": [
                {
                    "key": key,
                    "label": key.replace("_", " "),
                    "value": found.value,
                    "unit": _unit(made.registry.fields[key].unit),
                    "kind": found.kind,
                    "spread": f"{found.uncertainty:.3g}" if found.uncertainty is not None else "",
                }
                for key, found in values.items()
            ],
        }
        groups.setdefault(point.group, []).append(told)
    return {
        "id": made.id or shorten(made.battery, made.base),
        "battery": made.battery,
        "category": made.category,
        "state": made.life.state if made.life else "",
        "replaces": [shorten(each, made.base) for each in made.life.replaces] if made.life else [],
        "replaced_by": [shorten(each, made.base) for each in made.life.replaced_by] if made.life else [],
        "groups": list(groups.items()),
        "audience": audience,
    }


def _unit(code: str) -> str:
    return "" if code in ("", "1") else vocabulary().units.parse(code).name


def why(store: Store, name: str, asked: str, audience: str) -> dict[str, Any]:
    """Return the values of a data point, or of one field, with their proofs.

    Raises Problem 404 where there is no such point, 403 where the audience may not see it.
    """
    made, table = _named(store, name), registry()
    if asked in table.points:
        pairs = [(table.points[asked], key) for key in table.points[asked].fields]
    else:
        pairs = [(point, asked) for point in table.points_of(asked)]
    if not pairs:
        raise Problem(404, f"no data point is called '{asked}'. They are 1 to 71, or keys such as mass.")
    seen = {key for point, key in pairs if visible(point, audience)}
    if not seen:
        raise Problem(403, f"data point {pairs[0][0].id} is for {why_withheld(pairs[0][0])}.")
    return {
        key: found_as_dict(found, table.fields[key].unit)
        for key in table.fields
        if key in seen and (found := made.values[key])
    }


def completeness(store: Store, name: str, profile: str, day: str) -> dict[str, Any]:
    """Return what a profile says of a passport; states and names of points, and no value."""
    report = check(_named(store, name), profile, day)
    return {
        "passport": report.passport,
        "profile": report.profile,
        "date": report.day,
        "complete": report.complete,
        "counts": report.counts(),
        "points": [
            {"point": verdict.id, "name": verdict.name, "state": verdict.state} for verdict in report.verdicts
        ],
    }


def treatment(store: Store, name: str, audience: str) -> dict[str, Any]:
    """Return the recycler's view.

    Raises Problem 403 for another audience than that of legitimate interest.
    """
    if audience not in (RECYCLER, STAFF):
        raise Problem(403, "this view is for a person with legitimate interest; a key says who you are.")
    builder, made = builder_of(store), _named(store, name)
    return recycler(made, builder.bench(made.battery).materials)


def resolved(store: Store, names: Sequence[str], audience: str) -> list[dict[str, Any]]:
    """Return a passport for each name, or the status and the reason why there is none."""
    found: list[dict[str, Any]] = []
    for name in names:
        try:
            found.append({"id": name, "status": 200, "passport": as_dict(_named(store, name), audience)})
        except Problem as problem:
            found.append({"id": name, "status": problem.status, "error": problem.detail, **problem.extra})
    return found


def listed(store: Store, limit: int, after: str) -> list[dict[str, str]]:
    """Return so many batteries that have a passport, after one of them, with what everybody may see."""
    rows = itertools.islice(builder_of(store).listed(f"{store.base}{after}" if after else ""), limit)
    return [
        {"passport": name, "battery": shorten(battery, store.base), "category": category, "profile": EC}
        for name, battery, category in rows
    ]


def by_link(store: Store, gtin: str, serial: str) -> str:
    """Return the IRI of the battery with this GTIN and serial number.

    Raises Problem 404 where there is none.
    """
    made = _named(store, serial)
    number = made.values["product_number"]
    if number is None or str(number.value).zfill(14) != gtin:
        raise Problem(404, f"no battery with the GTIN {gtin} has the serial number '{serial}'.")
    return made.id or shorten(made.battery, made.base)


def as_body(value: Any) -> str:
    """Return a value as JSON text, always in the same bytes."""
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
