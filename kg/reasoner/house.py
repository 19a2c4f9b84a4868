"""The vocabulary -> the offences against the rules of ROBOT's report, in its words and levels.

ROBOT (robot.obolibrary.org) is a Java program that PyPI, npm and Debian do not carry.
Its rules on labels, definitions and references are said anew here,
for `skos:prefLabel` and EMMO's elucidation in the place of OBO's properties.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox

from kg.reasoner.assemble import own_files
from kg.resources import PACKAGE

RULES = PACKAGE / "reasoner" / "report"


@dataclass(frozen=True)
class Offence:
    """A term that breaks a rule; `level` is ERROR, WARN or INFO, `value` empty where something is missing."""

    level: str
    rule: str
    entity: str
    property: str
    value: str


def offences(ontology: Path) -> list[Offence]:
    """Return what the rules find in our own files, errors first."""
    store = ox.Store()
    for path in [*sorted((ontology / "imports").glob("*.ttl")), *own_files(ontology)]:
        store.load(path=str(path), format=ox.RdfFormat.TURTLE)
    found: list[Offence] = []
    for path in sorted(RULES.glob("*.rq")):
        query = path.read_text(encoding="utf-8")
        level = query.split()[1]
        for row in store.query(query):  # type: ignore[union-attr]
            entity, about, value = (
                getattr(row[name], "value", "") for name in ("entity", "property", "value")
            )
            found.append(Offence(level, path.stem, entity, about, value))
    return sorted(found, key=lambda o: ("ERROR WARN INFO".index(o.level), o.rule, o.entity, o.value))
