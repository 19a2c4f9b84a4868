"""Traces over the sample line, beside one SPARQL query for the same parameters in the store and in rdflib."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyoxigraph as ox
import rdflib

from kg import model
from kg.lineage import recall, svg, trace
from kg.load import Loader
from kg.plant import generate
from kg.store import Store

REPEATS = 5

PARAMETERS = f"""
?run <{model.HAS_OUTPUT}> ?thing ; <{model.HAS_PROCESS_PARAMETER}> ?quantity .
?quantity a ?term ; <{model.HAS_NUMERICAL_PART}> ?number .
?number <{model.HAS_NUMBER_VALUE}> ?value .
"""
"""The parameters of the runs on the way: a part of what a trace tells."""


def _time(job: Callable[[], object]) -> float:
    """Return the median time of a job in ms, after one run that warms up."""
    job()
    taken = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        job()
        taken.append(1000 * (time.perf_counter() - start))
    return statistics.median(taken)


def _peer(store: Store) -> rdflib.Graph:
    """Return the records of the store in rdflib."""
    text = ox.serialize(store.triples(store.graphs()), format=ox.RdfFormat.N_TRIPLES)
    return rdflib.Graph().parse(data=text, format="nt")


def report(cells: int) -> Iterator[str]:
    """Yield a line for each question: the time of the trace, and those of the peers for the path alone."""
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder) / "line", seed=7, cells=cells)
        Loader(Path(folder) / "store").load([Path(folder) / "line"])
        store = Store.open(Path(folder) / "store")
        peer = _peer(store)
        yield f"{cells:,} cells; ms, median of {REPEATS}; the queries give the parameters of the runs alone"
        for name, way, path in (
            ("cell/PC-0001", "up", f"<{{}}> <{model.MADE_FROM}>* ?thing"),
            ("batch/B-A-001", "down", f"?thing <{model.MADE_FROM}>* <{{}}>"),
        ):
            query = f"SELECT * {{ {path.format(store.base + name)} . {PARAMETERS} }}"
            ours = _time(lambda: trace(store, name, "up" if way == "up" else "down"))  # noqa: B023
            own = _time(lambda: list(store.query(query)))  # noqa: B023
            theirs = _time(lambda: list(peer.query(query)))  # noqa: B023
            yield (
                f"trace {name} {way}: {ours:.0f}; query in the store {own:.0f};"
                f" in rdflib {theirs:.0f}, {theirs / ours:.1f} times the trace"
            )
        found = trace(store, "batch/B-A-001", "down")
        cells_of = _time(lambda: recall(trace(store, "batch/B-A-001", "down", with_values=False)))
        yield f"recall of batch/B-A-001: {cells_of:.0f}; its picture: {_time(lambda: svg(found)):.0f}"
