"""A line of packs -> how fast passports are built and resolved, beside SPARQL over the same values."""

from __future__ import annotations

import hashlib
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from kg.load import Loader
from kg.passport import batch
from kg.passport.build import Builder
from kg.passport.write import as_json
from kg.plant import generate_packs
from kg.store import Store

ONCE = 50
"""Batteries of which a single one is resolved."""

PEER = """
SELECT ?cell ?value WHERE {{
  <{battery}> <https://w3id.org/emmo#EMMO_17e27c22_37e1_468c_9dd7_95e137f73e7f>* ?cell . ?cell ?p ?value
}}"""


def _digest(store: Path, processes: int) -> tuple[str, int, float]:
    began, found, count = time.perf_counter(), hashlib.sha256(), 0
    for line in batch.lines(store, "legitimate-interest", processes=processes):
        found.update(line.encode())
        count += '"error":' not in line
    return found.hexdigest(), count, time.perf_counter() - began


def report(batteries: int) -> Iterator[str]:
    """Yield the lines of the report."""
    processes = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as folder:
        names = generate_packs(Path(folder) / "records", batteries=batteries)
        store = Path(folder) / "store"
        began = time.perf_counter()
        Loader(store, derive=False).load([Path(folder) / "records" / name for name in names])
        triples = Store.open(store).count()
        yield f"{batteries:,} batteries, {triples:,} triples, loaded in {time.perf_counter() - began:.1f} s"
        first, count, seconds = _digest(store, processes)
        each = 1000 * seconds / max(count, 1)
        yield f"{count:,} passports by {processes} processes: {seconds:.1f} s, {each:.1f} ms each"
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        yield f"memory of the largest of these processes: {peak:,.0f} MB"
        yield from _single(store, batteries)
        again, _, _ = _digest(store, processes)
        yield f"the same passports again: {'identical bytes' if again == first else 'OTHER BYTES'}"


def _single(store: Path, batteries: int) -> Iterator[str]:
    """Yield what one passport takes where the store is open, and SPARQL for the bare facts of its parts."""
    opened = Store.open(store)
    builder = Builder(opened)
    names = [f"DBP-{1 + place * batteries // ONCE:06d}" for place in range(min(ONCE, batteries))]
    ours, peers = [], []
    for name in names:
        began = time.perf_counter()
        made = builder.named(name)
        as_json(made)
        ours.append(1000 * (time.perf_counter() - began))
        began = time.perf_counter()
        sum(1 for _ in opened.db.query(PEER.format(battery=made.battery), use_default_graph_as_union=True))  # type: ignore[union-attr]
        peers.append(1000 * (time.perf_counter() - began))
    own, peer = statistics.median(ours), statistics.median(peers)
    yield (
        f"one passport resolved: median {own:.1f} ms, first {ours[0]:.1f} ms, longest {max(ours):.1f} ms; "
        f"one SPARQL query for the facts of battery and parts: {peer:.1f} ms, ratio {own / peer:.1f}"
    )
