"""A rule and a store -> the triples that the query of the rule makes."""

from __future__ import annotations

from collections.abc import Iterator

import pyoxigraph as ox

from kg.derive.functions import ask
from kg.derive.rule import rules
from kg.store import Store


def construct(store: Store, query: str) -> bytes:
    """Run the CONSTRUCT query of a rule over all graphs, and return N-Triples."""
    result = ask(store, query)
    assert isinstance(result, ox.QueryTriples)
    text = result.serialize(format=ox.RdfFormat.N_TRIPLES)
    assert isinstance(text, bytes)
    return text


def by_query(store: Store, name: str) -> Iterator[bytes]:
    """Yield what a rule writes by its own query."""
    yield construct(store, next(rule for rule in rules() if rule.name == name).all())
