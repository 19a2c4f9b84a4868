"""Many nodes -> what the store says of them, in one query and as few texts.

A row for each statement costs more than to find it: IRIs that come again in every row are taken out of the
store each time. So the values come as one text for each property and graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from secrets import token_hex

import pyoxigraph as ox

Graph = ox.NamedNode | ox.BlankNode | ox.DefaultGraph


def told(
    db: ox.Store, nodes: Sequence[str], properties: Sequence[str] = ()
) -> list[tuple[str, Graph, list[str]]] | None:
    """Return by property and graph what is said, each as the place of the node, a space and the value.

    Without `properties`, all that is said. None where there are blank nodes or triples among the values: they
    have no text.
    """
    listed = " ".join(f'("{place}" <{iri}>)' for place, iri in enumerate(nodes))
    # A number is not hashed for each statement, as an IRI that is bound is.
    some = (
        f'{{ GRAPH ?graph {{ ?node <{p}> ?value }} BIND("{n}" AS ?of) }}' for n, p in enumerate(properties)
    )
    asked = " UNION ".join(some) or "GRAPH ?graph { ?node ?of ?value }"
    apart = token_hex(8)
    rows = db.query(
        f"SELECT ?of ?graph (GROUP_CONCAT(CONCAT(?place, ' ', STR(?value)); SEPARATOR='{apart}') AS ?said)"
        f" {{ VALUES (?place ?node) {{ {listed} }} {asked} }} GROUP BY ?of ?graph"
    )
    found = []
    for of, graph, said in rows:  # type: ignore[union-attr]
        if said is None:
            return None
        name = properties[int(of.value)] if properties else of.value
        found.append((name, graph, said.value.split(apart)))
    return found
