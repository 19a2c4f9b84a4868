"""The vocabulary -> the JSON-LD context, and the address of a context -> what it says, without the web.

Where BattINFO's published context (https://w3id.org/emmo/domain/battery/context) has a name, it is the same
name here: its labels, its structural names, and its choice where a label names several terms.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable
from typing import Any

from kg import model
from kg.namespaces import PREFIXES
from kg.resources import folder
from kg.terms import Term, Vocabulary

CONTEXT = "https://w3id.org/battery-kg/context"
FILE = "context.jsonld"

BATTINFO = ("emmo", "chameo", "chemsub", "echem", "battery")
"""Where the labels of BattINFO's context come from; of two terms with one label it can only mean these."""

# BattINFO asks these two of the battery domain (context of its published test records).
CHOICES = {
    "hasTestObject": PREFIXES["battery"] + "battery_da3b3f28_aaad_4d67_b674_df47e109fb8b",
    "hasTestEquipment": PREFIXES["battery"] + "battery_df4ff8f1_2cf2_444a_9498_23f533bd295c",
}

# Names that EMMO gave up and documents still use; each means the term that took its place.
FORMER = {
    "hasNumericalValue": model.HAS_NUMBER_VALUE,
    "hasNext": PREFIXES["emmo"] + "EMMO_499e24a5_5072_4c83_8625_fe3f96ae4a8d",  # precedes
    "Real": model.REAL_DATA,
}

_POINTS: dict[str, str] = {
    # Annotation properties in the slices, since their ranges are not; both lead to a node.
    model.HAS_NUMERICAL_PART: "@id",
    # A unit is written as IRI, as `emmo:MicroMetre`, or by its label.
    model.HAS_UNIT: "@vocab",
    model.HAS_NUMBER_VALUE: "xsd:double",
}
_TYPED = {
    "prov:startedAtTime": "xsd:dateTime",
    "prov:endedAtTime": "xsd:dateTime",
    "rdfs:seeAlso": "@id",
    "owl:sameAs": "@id",
}

_PUBLISHED = re.compile(
    r"https?://(?:"
    r"w3id\.org/emmo(?:/domain(?:/[\w-]+)+)?(?:/[\d.]+(?:-\w+)?)?/context(?:\.json(?:ld)?)?"
    r"|raw\.githubusercontent\.com/(?:emmo-repo|BIG-MAP)/[^?#]*/?context\.json(?:ld)?"
    r"|(?:emmo-repo|big-map)\.github\.io/[^?#]*/?context\.json(?:ld)?"
    r"|w3id\.org/battery-kg/context(?:\.jsonld)?"
    r")/?",
    re.IGNORECASE,
)

_RO_CRATE = re.compile(r"https?://w3id\.org/ro/crate/[\d.]+(?:-\w+)?/context/?", re.IGNORECASE)

RO_CRATE: dict[str, Any] = {
    "@vocab": "http://schema.org/",
    "File": "http://schema.org/MediaObject",
    "conformsTo": {"@id": PREFIXES["dcterms"] + "conformsTo", "@type": "@id"},
    # A crate writes the IRI of a term as a text.
    "propertyID": {"@id": "http://schema.org/propertyID", "@type": "@id"},
}
"""What the context of RO-Crate says of the names that describe data: those of schema.org, and a few more."""

Definition = str | dict[str, str]


def compact(iri: str) -> str:
    """Return an IRI with its prefix, where the prefix table has one for it.

    >>> compact("https://w3id.org/emmo#MicroMetre")
    'emmo:MicroMetre'
    """
    for prefix, namespace in _LONGEST_FIRST:
        local = iri[len(namespace) :]
        if iri.startswith(namespace) and re.fullmatch(r"[\w.-]+", local):
            return f"{prefix}:{local}"
    return iri


_LONGEST_FIRST = sorted(PREFIXES.items(), key=lambda pair: -len(pair[1]))


def _choose(label: str, terms: Iterable[Term]) -> Term | None:
    """Return the term that a label means where several have it, or None where nobody can say."""
    live = [term for term in terms if not term.deprecated]
    if len(live) <= 1:
        return live[0] if live else None
    published = [term for term in live if term.source in BATTINFO]
    chosen = [term for term in published if term.iri == CHOICES.get(label)]
    found = chosen or published
    return found[0] if len(found) == 1 else None


def _definition(term: Term) -> Definition:
    iri = compact(term.iri)
    points = _POINTS.get(term.iri, "@id" if term.kind == "object property" else "")
    return {"@id": iri, "@type": points} if points else iri


def make(vocabulary: Vocabulary) -> dict[str, Any]:
    """Return the context: prefixes, and each label of a class, property or unit with its IRI.

    A label that names several terms is BattINFO's where only one of them is; each of them can always be
    written with its prefix and a dot (`bvco.Binder`), as in queries.
    Deprecated terms have no name here.
    """
    by_label: dict[str, list[Term]] = {}
    for term in vocabulary:
        by_label.setdefault(term.label, []).append(term)
    names: dict[str, Definition] = {}
    for label, terms in sorted(by_label.items()):
        live = [term for term in terms if not term.deprecated]
        chosen = _choose(label, terms)
        # The term called `bvco` must not take the prefix of that name away.
        if chosen and label not in PREFIXES:
            names[label] = _definition(chosen)
        if len(live) > 1 or label in PREFIXES:
            sources = [term.source for term in live]
            names |= {
                f"{term.source}.{label}": _definition(term)
                for term in live
                if term.source and sources.count(term.source) == 1
            }
    for name, iri in FORMER.items():
        if iri in vocabulary and name not in names:
            names[name] = _definition(vocabulary.term(iri))
    typed: dict[str, Definition] = {name: {"@id": name, "@type": type_} for name, type_ in _TYPED.items()}
    context: dict[str, Any] = {"@version": 1.1, **PREFIXES, **typed}
    return {"@context": context | dict(sorted(names.items()))}


def text(vocabulary: Vocabulary) -> str:
    """Return the file `ontology/context.jsonld`: one name a line, so that a change shows as a line."""
    lines = ",\n".join(
        f"  {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}"
        for name, value in make(vocabulary)["@context"].items()
    )
    return f'{{"@context": {{\n{lines}\n}}}}\n'


@functools.cache
def shipped() -> dict[str, Any]:
    """Return the names of the context that this installation carries, read once."""
    context = json.loads((folder("ontology") / FILE).read_text(encoding="utf-8"))["@context"]
    assert isinstance(context, dict)
    return context


@functools.cache
def names() -> dict[str, str]:
    """Return IRI -> the name that an export gives it; a name that EMMO gave up is never one."""
    context = shipped()
    found: dict[str, str] = {}
    for name, definition in context.items():
        if name.startswith("@") or name in PREFIXES or name in FORMER:
            continue
        iri = expand(definition if isinstance(definition, str) else definition["@id"])
        # A label goes before the same label with a prefix.
        if iri not in found or "." in found[iri]:
            found[iri] = name
    return found


def points(name: str) -> str:
    """Return what a text under a name of the shipped context is: `@id`, `@vocab`, a datatype, or nothing."""
    definition = shipped().get(name)
    return definition.get("@type", "") if isinstance(definition, dict) else ""


def expand(name: str) -> str:
    """Return the IRI of a name with a prefix of the project; any other text unchanged."""
    prefix, colon, local = name.partition(":")
    return PREFIXES[prefix] + local if colon and prefix in PREFIXES else name


def is_published(address: str) -> bool:
    """Return whether the shipped context answers for this address: ours, or one of BattINFO's and EMMO's."""
    return _PUBLISHED.fullmatch(address) is not None


def is_ro_crate(address: str) -> bool:
    """Return whether an address is that of the context of RO-Crate, of any version."""
    return _RO_CRATE.fullmatch(address) is not None


def part(used: set[str]) -> dict[str, Any]:
    """Return the prefixes of the shipped context, and those of its names that a document uses.

    Six thousand names read anew for each small document would cost more than all the rest of it.
    """
    context = shipped()
    return {
        name: definition
        for name, definition in context.items()
        if name in used or name in PREFIXES or name in _TYPED or name.startswith("@")
    }
