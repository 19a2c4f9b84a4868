"""Triples -> N-Triples text, and back; N-Triples -> N-Quads."""

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


def quads(text: str, graph: str) -> str:
    r"""Return N-Triples as N-Quads in a graph.

    >>> quads('<a:s> <a:p> "1" .\n', "a:g")
    '<a:s> <a:p> "1" <a:g> .\n'
    """
    # Line feeds inside literals are escaped, so ' .' at the end of a line only ever ends a triple.
    return text.replace(" .\n", f" <{graph}> .\n")
