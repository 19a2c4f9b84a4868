"""The two functions that rules call beyond SPARQL 1.1: a square root, and a duration in seconds."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import pyoxigraph as ox

from kg.namespaces import PREFIXES

_TERM = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
_DOUBLE = ox.NamedNode(PREFIXES["xsd"] + "double")
_DURATION = re.compile(r"(-)?P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")


def sqrt(value: _TERM) -> ox.Literal | None:
    """Return the square root of a number, as `math:sqrt` of XPath does."""
    if isinstance(value, ox.Literal) and float(value.value) >= 0:
        return ox.Literal(repr(math.sqrt(float(value.value))), datatype=_DOUBLE)
    return None


def seconds(value: _TERM) -> ox.Literal | None:
    """Return an xsd:dayTimeDuration in seconds."""
    found = _DURATION.fullmatch(value.value) if isinstance(value, ox.Literal) else None
    if found is None:
        return None
    sign, *parts = found.groups()
    total = sum(float(part or 0) * size for part, size in zip(parts, (86400, 3600, 60, 1), strict=True))
    return ox.Literal(repr(-total if sign else total), datatype=_DOUBLE)


FUNCTIONS: dict[ox.NamedNode, Callable[..., _TERM | None]] = {
    ox.NamedNode("http://www.w3.org/2005/xpath-functions/math#sqrt"): sqrt,
    ox.NamedNode(PREFIXES["kgf"] + "seconds"): seconds,
}
