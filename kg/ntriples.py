"""Triples -> N-Triples text, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyoxigraph as ox


def write(triples: Iterable[ox.Triple]) -> str:
    """Return triples as N-Triples, one line each."""
    text = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES)
    assert text is not None
    return text.decode()


def read(text: str) -> Iterator[ox.Triple]:
    """Return the triples of a text in N-Triples."""
    return (quad.triple for quad in ox.parse(text.encode(), format=ox.RdfFormat.N_TRIPLES))
