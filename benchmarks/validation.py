"""`python -m benchmarks validation`: our engine, pySHACL and pyrudof on the same shapes and the same graph.

Each engine runs in a process of its own, which prints its times and the most memory that it held.
Reading the graph and compiling the shapes are told apart from validating, which is what is compared.
pyrudof's native mode does not know SPARQL constraints; what it finds is compared by focus node and rule.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the interpreter of a peer has no battery-kg
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


def ours(folder: Path, scopes: tuple[Scope, ...]) -> tuple[float, float, float, Found]:
    """Run the compiled engine over the store on disk; reading the columns counts as validating."""
    import pyshacl  # noqa: F401 - its import is not what is measured

    from kg.store import Store
    from kg.storecheck import check_scope, columns_of
    from kg.validate import plan

    start = time.perf_counter()
    for scope in scopes:
        plan(scope)
    store = Store.open(folder / "store")
    ready, before = time.perf_counter(), used()
    columns = columns_of(store)
    results = [result for scope in scopes for result in check_scope(store, columns, scope)]
    done = time.perf_counter()
    return ready - start, done - ready, used() - before, [(result.focus, result.rule) for result in results]


def pyshacl(folder: Path, scopes: tuple[Scope, ...]) -> tuple[float, float, float, Found]:
    """Run pySHACL over the graph in rdflib."""
    import pyoxigraph as ox
    import pyshacl  # noqa: F401 - its import is not what is measured

    from kg.terms import vocabulary
    from kg.validate import _by_pyshacl, _data_graph, shapes

    start = time.perf_counter()
    data = _data_graph((quad.triple for quad in ox.parse(path=folder / "graph.nt")), vocabulary())
    rules = [shapes(scope) for scope in scopes]
    ready, before = time.perf_counter(), used()
    results = [result for graph in rules for result in _by_pyshacl(data, graph)]
    done = time.perf_counter()
    return ready - start, done - ready, used() - before, [(result.focus, result.rule) for result in results]


def pyrudof(folder: Path, scopes: tuple[Scope, ...]) -> tuple[float, float, float, Found]:
    """Run pyrudof's native mode over the graph in its memory."""
    import pyrudof as rudof

    start = time.perf_counter()
    session = rudof.Rudof(rudof.RudofConfig())
    session.read_data(str(folder / "graph.nt"), format=rudof.RDFFormat.NTriples)
    ready, before = time.perf_counter(), used()
    found: Found = []
    for scope in scopes:
        session.read_shacl(str(folder / f"{scope}.ttl"), format=rudof.ShaclFormat.Turtle)
        report = session.validate_shacl(mode=rudof.ShaclValidationMode.Native)
        found += [(str(entry.focus_node), str(entry.source_shape)) for entry in report]
    done = time.perf_counter()
    return ready - start, done - ready, used() - before, found


ENGINES: dict[str, Callable[[Path, tuple[Scope, ...]], tuple[float, float, float, Found]]] = {
    "ours": ours,
    "pySHACL": pyshacl,
    "pyrudof": pyrudof,
}


def measured(engine: str, folder: Path, scope: str, timeout: float, python: str) -> dict[str, Any] | str:
    """Return what an engine measured of itself in a process of its own, or why it did not."""
    command = [python, "-m", "benchmarks.validation", engine, str(folder), scope]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        return f"stopped after {timeout:.0f} s"
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return "absent" if last.startswith("ModuleNotFoundError") else f"failed: {last}"
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


HEAD = f"{'':28}{'seconds':>9}{'cpu s':>8}{'ready s':>9}{'MB':>7}{'findings':>10}  ratio (by cpu), of memory"


def report(
    cells: int = 1000,
    peers: str = sys.executable,
    scopes: Iterable[str] = SCOPES,
    timeout: float = 1800,
) -> Iterator[str]:
    """Yield one line for each engine and scope."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield f"{cells:,} cells, {prepare(folder, cells):,} triples"
        yield HEAD
        for scope in scopes:
            yield from _compared(folder, scope, timeout, peers)


def _compared(folder: Path, scope: str, timeout: float, peers: str) -> Iterator[str]:
    mine = measured("ours", folder, scope, timeout, sys.executable)
    yield f"{f'{scope}: ours':28}{_line(mine)}"
    if isinstance(mine, str):
        return
    for engine, python, bar in (("pySHACL", sys.executable, 100), ("pyrudof", peers, 5)):
        peer = measured(engine, folder, scope, timeout, python)
        text = f"{f'  {engine}, bar {bar}':28}{_line(peer)}"
        if not isinstance(peer, str):
            same = "same findings" if peer["found"] == mine["found"] else "OTHER findings"
            times = f"{peer['seconds'] / mine['seconds']:.1f} ({peer['cpu'] / mine['cpu']:.1f})"
            text += f"  {times}, {peer['mb'] / mine['mb']:.1f}; {same}"
        yield text


def _line(told: dict[str, Any] | str) -> str:
    if isinstance(told, str):
        return told
    times = f"{told['seconds']:9.2f}{told['cpu']:8.2f}{told['ready']:9.1f}"
    return f"{times}{told['mb']:7,.0f}{len(told['found']):10,}"


def used() -> float:
    """Return the seconds of cpu time that this process has used."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


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
    ready, seconds, cpu, found = ENGINES[given.engine](given.folder, SCOPES[given.scope])
    told = {"ready": ready, "seconds": seconds, "cpu": cpu, "mb": peak(), "found": sorted(found)}
    print(json.dumps(told))  # noqa: T201 - this is what the process is for


if __name__ == "__main__":
    main()
