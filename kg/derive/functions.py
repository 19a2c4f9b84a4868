"""What rules call beyond SPARQL 1.1: a duration in seconds, mean and standard deviation of a sample."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import pyoxigraph as ox

from kg.namespaces import PREFIXES
from kg.store import Store

_TERM = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
_DOUBLE = ox.NamedNode(PREFIXES["xsd"] + "double")
_DURATION = re.compile(r"(-)?P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")


def seconds(value: _TERM) -> ox.Literal | None:
    """Return an xsd:dayTimeDuration in seconds."""
    found = _DURATION.fullmatch(value.value) if isinstance(value, ox.Literal) else None
    if found is None:
        return None
    sign, *parts = found.groups()
    total = sum(float(part or 0) * size for part, size in zip(parts, (86400, 3600, 60, 1), strict=True))
    return ox.Literal(repr(-total if sign else total), datatype=_DOUBLE)


def deviation(values: list[float]) -> float | None:
    """Return the standard deviation of a sample, whatever its order; of a single reading there is none."""
    if len(values) < 2:
        return None
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


class _Sample:
    """The readings of a sample. Sums are exact, so that no order of the readings changes a digit."""

    def __init__(self) -> None:
        self.values: list[float] = []

    def accumulate(self, value: _TERM) -> None:
        """Take in a reading."""
        if isinstance(value, ox.Literal):
            self.values.append(float(value.value))


class Mean(_Sample):
    """The mean of a sample."""

    def finish(self) -> ox.Literal | None:
        """Return the mean."""
        mean = math.fsum(self.values) / len(self.values) if self.values else None
        return None if mean is None else ox.Literal(repr(mean), datatype=_DOUBLE)


class StandardDeviation(_Sample):
    """The standard deviation of a sample."""

    def finish(self) -> ox.Literal | None:
        """Return the standard deviation."""
        spread = deviation(self.values)
        return None if spread is None else ox.Literal(repr(spread), datatype=_DOUBLE)


FUNCTIONS: dict[ox.NamedNode, Callable[..., _TERM | None]] = {
    ox.NamedNode(PREFIXES["kgf"] + "seconds"): seconds,
}
AGGREGATES: dict[ox.NamedNode, Callable[[], Any]] = {
    ox.NamedNode(PREFIXES["kgf"] + "mean"): Mean,
    ox.NamedNode(PREFIXES["kgf"] + "standardDeviation"): StandardDeviation,
}


def ask(store: Store, query: str) -> ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples:
    """Run the query of a rule over all graphs at once."""
    return store.db.query(
        query,
        base_iri=store.base,
        prefixes=PREFIXES,
        use_default_graph_as_union=True,
        custom_functions=FUNCTIONS,
        custom_aggregate_functions=AGGREGATES,
    )
