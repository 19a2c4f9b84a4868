"""Units as JSON-LD documents name them -> what the unit tables read: IRI, label or UCUM code."""

from __future__ import annotations

import functools
import re

import pyoxigraph as ox

from kg.namespaces import PREFIXES
from kg.resources import folder

_QUDT_REFERENCE = PREFIXES["emmo"] + "EMMO_1f1b164d_ec6a_4faa_8d5e_88bda62316cc"  # qudtReference
_QUDT = re.compile(r"https?://(?:www\.)?qudt\.org/(?:\d[\d.]*/)?vocab/unit[/#](?P<code>[\w-]+)")

# QUDT has no unit one under a name of dimension; EMMO refers to none of these.
_ONE = {"UNITLESS": "1", "ONE": "1", "NUM": "1"}


@functools.cache
def _qudt() -> dict[str, str]:
    """Return the code of a QUDT unit -> the IRI of the EMMO unit that refers to it."""
    found: dict[str, str] = {}
    for quad in ox.parse(path=folder("ontology") / "imports" / "emmo.ttl", format=ox.RdfFormat.TURTLE):
        if quad.predicate.value != _QUDT_REFERENCE or not isinstance(quad.subject, ox.NamedNode):
            continue
        address = getattr(quad.object, "value", "")
        if match := _QUDT.fullmatch(address.strip()):
            iri = quad.subject.value
            # Several units of EMMO refer to one of QUDT here and there; the choice is the same every time.
            found[match["code"]] = min(iri, found.get(match["code"], iri))
    return found


def readable(unit: str) -> str:
    """Return an IRI of QUDT as the IRI of the EMMO unit that refers to it; any other text unchanged.

    >>> readable("https://qudt.org/vocab/unit/MilliM")
    'https://w3id.org/emmo#MilliMetre'
    """
    match = _QUDT.fullmatch(unit)
    if match is None:
        return unit
    return _qudt().get(match["code"]) or _ONE.get(match["code"], unit)
