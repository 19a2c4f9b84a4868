"""Questions over all cells, from columns and in plain SPARQL, against maplib and rdflib, in one run.

Each engine runs in a process of its own, which also says how much memory it took.
A peer that is not installed is said to be absent; `--peers PYTHON` names an interpreter that has them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from benchmarks.loading import LOAD, run
from kg import queries
from kg.graph import Graph
from kg.namespaces import standalone
from kg.plant import generate
from kg.store import VOCABULARY_GRAPH, Store

LIMIT = 120
"""Seconds that one question may take in an engine."""

RDFLIB_CELLS = 1_000
"""Cells up to which rdflib is asked; beyond, its joins take minutes."""

_TIMES = """
import json, resource, sys, time
def best(ask, times=3):
    found, start = [], time.perf_counter()
    while len(found) < times and time.perf_counter() - start < 30:
        begin = time.perf_counter()
        rows = ask()
        found.append(time.perf_counter() - begin)
    return {"seconds": min(found), "first": found[0], "rows": rows}
def told(said):
    said["mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps(said))
"""

OURS = (
    _TIMES
    + """
import kg
graph = kg.open(sys.argv[1])
begin = time.perf_counter()
graph.columns.values
said = {"opening": time.perf_counter() - begin}
for name in sys.argv[2:]:
    said[name] = best(lambda: len(graph.query(name)))
told(said)
"""
)

PLAIN = (
    _TIMES
    + """
import kg
graph = kg.open(sys.argv[1])
text = graph.text(sys.argv[2])
def ask():
    found = graph.store.query(text)
    return sum(1 for _ in found) if hasattr(found, "variables") else 1
told({sys.argv[2]: best(ask, 2)})
"""
)

MAPLIB = (
    _TIMES
    + """
import maplib
from pathlib import Path
model = maplib.Model()
begin = time.perf_counter()
model.read(sys.argv[1], format="ntriples")
said = {"opening": time.perf_counter() - begin}
for path in map(Path, sys.argv[2:]):
    try:
        said[path.stem] = best(lambda: len(model.query(path.read_text(encoding="utf-8"))))
    except BaseException as error:
        said[path.stem] = str(error).partition("\\n")[0][:80]
told(said)
"""
)

RDFLIB = (
    _TIMES
    + """
import rdflib
from pathlib import Path
graph = rdflib.Graph()
begin = time.perf_counter()
graph.parse(sys.argv[1], format="nt")
said = {"opening": time.perf_counter() - begin}
path = Path(sys.argv[2])
said[path.stem] = best(lambda: len(graph.query(path.read_text(encoding="utf-8"))), 1)
told(said)
"""
)

TRACE = (
    _TIMES
    + """
from pathlib import Path
from kg.store import Store
from kg.lineage import trace
store = Store.open(Path(sys.argv[1]))
told({way: best(lambda: bool(trace(store, thing, way)), 5) for way, thing in
      (("up", "cell/PC-0005"), ("down", "web/K-C-0003"))})
"""
)

BESIDE = (
    _TIMES
    + """
from pathlib import Path
import kg.values
from kg.store import Store
from kg.terms import vocabulary
values = kg.values.open(Store.open(Path(sys.argv[1])))
property_ = vocabulary().resolve("DischargingCapacity").iri
told({"beside": best(lambda: values.beside(property_).frame.shape)})
"""
)

Said = dict[str, Any]


def asked(script: str, *arguments: object, python: str = sys.executable, limit: float = LIMIT) -> Said | str:
    """Return what a script says, or why it says nothing, within a time."""
    command = [python, "-c", script, *map(str, arguments)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=limit)
    except subprocess.TimeoutExpired:
        return f"above {limit:,.0f} s"
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return "absent" if last.startswith("ModuleNotFoundError") else f"failed: {last[:80]}"
    said: Said = json.loads(done.stdout.strip().splitlines()[-1])
    return said


def write_graph(store: Store, folder: Path, names: list[str]) -> Path:
    """Write the graphs of records and the vocabulary as N-Triples, and the queries in plain IRIs."""
    folder.mkdir()
    graph = Graph(store)
    with (folder / "line.nt").open("wb") as file:
        for name in (*store.graphs(), VOCABULARY_GRAPH):
            store.db.dump(file, format=ox.RdfFormat.N_TRIPLES, from_graph=ox.NamedNode(name))
    for name in names:
        (folder / f"{name}.rq").write_text(standalone(graph.text(name), store.base), encoding="utf-8")
    return folder / "line.nt"


def _shown(said: Said | str, name: str, ours: float) -> str:
    found = said if isinstance(said, str) else said[name]
    if isinstance(found, str):
        return found
    return f"{found['seconds'] * 1000:,.0f} ms ({found['seconds'] / ours:.2f} of ours)"


def _twins(store: Path, folder: Path, cells: int, peers: str) -> Iterator[str]:
    names = [name for name in queries.library() if queries.read(name).about.fast]
    line = write_graph(Store.open(store), folder / "peers", names)
    files = [line.parent / f"{name}.rq" for name in names]
    ours = asked(OURS, store, *names)
    assert isinstance(ours, dict), ours
    maplib = asked(MAPLIB, line, *files, python=peers, limit=LIMIT * 10)
    yield f"value table: opened in {ours['opening']:.2f} s, {ours['mb']:,} MB"
    if isinstance(maplib, dict):
        size = line.stat().st_size / 1e6
        yield f"maplib: {size:,.0f} MB read in {maplib['opening']:.1f} s, {maplib['mb']:,} MB"
    for name, file in zip(names, files, strict=True):
        seconds = ours[name]["seconds"]
        yield f"{name}: {ours[name]['rows']:,} rows in {seconds * 1000:,.0f} ms"
        yield f"  maplib: {_shown(maplib, name, seconds)}"
        yield f"  its SPARQL in the store: {_shown(asked(PLAIN, store, name), name, seconds)}"
        if cells <= RDFLIB_CELLS:
            yield f"  rdflib: {_shown(asked(RDFLIB, line, file), name, seconds)}"


def _library(store: Path) -> Iterator[str]:
    for name in queries.library():
        said = asked(PLAIN if not queries.read(name).about.fast else OURS, store, name)
        found = said if isinstance(said, str) else said[name]
        shown = (
            found if isinstance(found, str) else f"{found['rows']:,} rows, {found['seconds'] * 1000:,.0f} ms"
        )
        yield f"  {name}: {shown}"


def report(cells: int, peers: str = sys.executable) -> Iterator[str]:
    """Yield what was measured of a line of so many cells."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generate(folder / "records", cells=cells)
        loaded = run(LOAD, folder / "records", folder / "store", "derived")
        assert isinstance(loaded, dict), loaded
        yield f"{cells:,} cells, {loaded['triples']:,} triples, loaded in {loaded['seconds']:.0f} s"
        yield from _twins(folder / "store", folder, cells, peers)
        beside = asked(BESIDE, folder / "store")
        yield f"a property beside all before it: {_shown(beside, 'beside', 1)}"
        for way in ("up", "down"):
            yield f"trace {way}: {_shown(asked(TRACE, folder / 'store'), way, 1)}"
        yield "library:"
        yield from _library(folder / "store")
