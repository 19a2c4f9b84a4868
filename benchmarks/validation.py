"""`python -m benchmarks validation`: our engine, pySHACL and pyrudof on the same shapes and the same graph.

Each engine runs in a process of its own, which prints its times and the most memory that it held.
Reading the graph and compiling the shapes are told apart from validating, which is what is compared.
pyrudof's native mode does not know SPARQL constraints; what it finds is compared by focus node and rule.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from kg.validate import Scope

SCOPES: dict[str, tuple[Scope, ...]] = {"record": ("record",), "line": ("line",), "both": ("record", "line")}
Found = list[tuple[str, str]]


def prepare(folder: Path, cells: int) -> int:
    """Make the graph of a line: a store, the same as N-Triples, and the shapes; return its triples."""
    from kg import ntriples
    from kg.load import Loader
    from kg.plant import generate
    from kg.store import Store
    from kg.storecheck import columns_of
    from kg.validate import shapes

    generate(folder / "records", cells=cells)
    Loader(folder / "store").load([folder / "records"])
    store = Store.open(folder / "store")
    columns_of(store)
    with (folder / "graph.nt").open("w", encoding="utf-8") as file:
        for graph in store.graphs():
            file.write(ntriples.write(store.triples([graph])))
    for scope in SCOPES["both"]:
        shapes(scope).serialize(folder / f"{scope}.ttl", format="turtle")
    return store.count()


def ours(folder: Path, scopes: tuple[Scope, ...]) -> tuple[float, float, Found]:
    """Run the compiled engine over the store on disk; reading the columns counts as validating."""
    import pyshacl  # noqa: F401 - its import is not what is measured

    from kg.store import Store
    from kg.storecheck import check_scope, columns_of
    from kg.validate import plan

    start = time.perf_counter()
    for scope in scopes:
        plan(scope)
    store = Store.open(folder / "store")
    ready = time.perf_counter()
    columns = columns_of(store)
    results = [result for scope in scopes for result in check_scope(store, columns, scope)]
    done = time.perf_counter()
    return ready - start, done - ready, [(result.focus, result.rule) for result in results]


def pyshacl(folder: Path, scopes: tuple[Scope, ...]) -> tuple[float, float, Found]:
    """Run pySHACL over the graph in rdflib."""
    import pyoxigraph as ox
    import pyshacl  # noqa: F401 - its import is not what is measured

    from kg.terms import vocabulary
    from kg.validate import _by_pyshacl, _data_graph, shapes

    start = time.perf_counter()
    data = _data_graph((quad.triple for quad in ox.parse(path=folder / "graph.nt")), vocabulary())
    rules = [shapes(scope) for scope in scopes]
    ready = time.perf_counter()
    results = [result for graph in rules for result in _by_pyshacl(data, graph)]
    done = time.perf_counter()
    return ready - start, done - ready, [(result.focus, result.rule) for result in results]


def pyrudof(folder: Path, scopes: tuple[Scope, ...]) -> tuple[float, float, Found]:
    """Run pyrudof's native mode over the graph in its memory."""
    import pyrudof as rudof

    start = time.perf_counter()
    session = rudof.Rudof(rudof.RudofConfig())
    session.read_data(str(folder / "graph.nt"), format=rudof.RDFFormat.NTriples)
    ready = time.perf_counter()
    found: Found = []
    for scope in scopes:
        session.read_shacl(str(folder / f"{scope}.ttl"), format=rudof.ShaclFormat.Turtle)
        report = session.validate_shacl(mode=rudof.ShaclValidationMode.Native)
        found += [(str(entry.focus_node), str(entry.source_shape)) for entry in report]
    done = time.perf_counter()
    return ready - start, done - ready, found


ENGINES: dict[str, Callable[[Path, tuple[Scope, ...]], tuple[float, float, Found]]] = {
    "ours": ours,
    "pySHACL": pyshacl,
    "pyrudof": pyrudof,
}


def measured(engine: str, folder: Path, scope: str, timeout: float) -> dict[str, Any] | None:
    """Return what an engine measured of itself in a process of its own; None where it took too long."""
    command = [sys.executable, "-m", "benchmarks.validation", engine, str(folder), scope]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=True)
    except subprocess.TimeoutExpired:
        return None
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def report(
    cells: int = 1000, scopes: tuple[str, ...] = ("record", "line"), timeout: float = 3600
) -> Iterator[str]:
    """Yield one line for each engine and scope."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield f"{cells:,} cells, {prepare(folder, cells):,} triples"
        for scope in scopes:
            yield from _compared(folder, scope, timeout)


def _compared(folder: Path, scope: str, timeout: float) -> Iterator[str]:
    mine = measured("ours", folder, scope, timeout)
    assert mine is not None
    yield f"{scope}: ours {_line(mine)}"
    for engine in ("pySHACL", "pyrudof"):
        if engine == "pyrudof" and importlib.util.find_spec("pyrudof") is None:
            yield f"{scope}: pyrudof is not installed"
            continue
        peer = measured(engine, folder, scope, timeout)
        if peer is None:
            ratio = timeout / mine["seconds"]
            yield f"{scope}: {engine} stopped after {timeout:.0f} s, ratio above {ratio:.0f}"
            continue
        same = "same findings" if peer["found"] == mine["found"] else "DIFFERENT findings"
        yield (
            f"{scope}: {engine} {_line(peer)}; {same}; time {peer['seconds'] / mine['seconds']:.0f} to 1, "
            f"memory {peer['mb'] / mine['mb']:.1f} to 1"
        )


def _line(told: dict[str, Any]) -> str:
    ready, found = told["ready"], len(told["found"])
    return f"{told['seconds']:.2f} s (made ready in {ready:.1f} s), {told['mb']:.0f} MB, {found} findings"


def peak() -> float:
    """Return the most memory in MB that this process held.

    Linux hands the maximum of getrusage down from the parent, so its own count is read where there is one.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Run one engine on a folder that is prepared, and print what was measured as JSON."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("engine", choices=ENGINES)
    parser.add_argument("folder", type=Path)
    parser.add_argument("scope", choices=SCOPES)
    given = parser.parse_args()
    ready, seconds, found = ENGINES[given.engine](given.folder, SCOPES[given.scope])
    told = {"ready": ready, "seconds": seconds, "mb": peak(), "found": sorted(found)}
    print(json.dumps(told))  # noqa: T201 - this is what the process is for


if __name__ == "__main__":
    main()
