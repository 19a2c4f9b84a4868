"""The sample line -> the graph of one cell: the runs, lots and webs that lead to it, with their values."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path

import pyoxigraph as ox

from kg.load import Loader
from kg.model import HAS_OUTPUT
from kg.plant import generate
from kg.store import Store

CELL = "cell/PC-0001"
"""The cell whose making is the sample, below the base of the store."""


def lineage_of_a_cell(cell: str = CELL) -> set[ox.Triple]:
    """Return what the mappings of the product make of the records of one cell.

    The smallest sample line is generated, loaded by the real road, and cut down to one cell:
    the steps it went through and those before them, their machines, lots and webs,
    and all quantities of these, set and measured.
    """
    with tempfile.TemporaryDirectory(prefix="kg-sample-") as name:
        folder = Path(name)
        generate(folder / "records", seed=7, cells=16)
        (folder / "records" / "relations.json").unlink()
        Loader(folder / "store").load([folder / "records"])
        store = Store.open(folder / "store")
        triples = {triple for graph in store.graphs() for triple in store.triples([graph])}
        return _leading_to(ox.NamedNode(store.base + cell), triples)


def _leading_to(start: ox.NamedNode, triples: set[ox.Triple]) -> set[ox.Triple]:
    said: dict[object, set[ox.Triple]] = defaultdict(set)
    makers: dict[object, set[object]] = defaultdict(set)
    for triple in triples:
        said[triple.subject].add(triple)
        if triple.predicate.value == HAS_OUTPUT:
            makers[triple.object].add(triple.subject)
    seen: set[object] = set()
    ahead: list[object] = [start]
    while ahead:
        node = ahead.pop()
        if node not in seen and node in said:
            seen.add(node)
            ahead += [triple.object for triple in said[node]]
            ahead += makers[node]
    return {triple for node in seen for triple in said[node]}
