"""Ways to run a query so that it can be stopped, and what each costs beside the plain call.

A peer that cannot be stopped is the measure: pyoxigraph in this process. Beside it stand the warm pool of the
server, a pool that opens the store anew for each query (as it does while somebody loads), and a process for
each query.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from kg.api.library import shown
from kg.api.readers import Readers
from kg.api.settings import Settings
from kg.load import Loader
from kg.plant import generate
from kg.store import Store

LOOKUP = "SELECT ?p ?o { <https://example.org/line/cell/PC-0001> ?p ?o }"
ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
ROUNDS, FEW = 200, 3
CLIENTS = 50


def lookup(store: Store) -> int:
    """Return how many rows the lookup has."""
    return sum(1 for _ in store.query(LOOKUP))


def endless(store: Store) -> int:
    """Never return."""
    return sum(1 for _ in store.query(ENDLESS))


def _process(path: Path) -> None:
    code = (
        "from pathlib import Path; from kg.store import Store; "
        f"sum(1 for _ in Store.open(Path({str(path)!r})).query({LOOKUP!r}))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


async def _timed(work: Callable[[], Awaitable[object]], rounds: int) -> float:
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        await work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def _line(name: str, seconds: float, plain: float) -> str:
    return f"{name:44} {1000 * seconds:8.2f} ms   {seconds / plain:7.1f} x the plain call"


async def _pool(path: Path, plain: float) -> list[str]:
    readers = Readers(path, Settings(readers=2, time_limit=1.0))
    began = time.perf_counter()
    await readers.open()
    started = time.perf_counter() - began
    lines = [f"two readers start in {started:.2f} s"]

    lines.append(_line("warm pool", await _timed(lambda: readers.call(lookup), ROUNDS), plain))
    log = path / "oxigraph" / "bench.log"

    async def changed() -> None:
        log.write_text(str(time.perf_counter_ns()))  # the stamp of the store is another one now
        await readers.call(lookup)

    lines.append(_line("warm pool, store opened anew each time", await _timed(changed, 30), plain))
    log.unlink()
    page = await _timed(lambda: readers.call(shown, "runs_by_step", {}, 500), 5)
    lines.append(_line("a question of the library, for a page", page, plain))
    began = time.perf_counter()
    await asyncio.gather(*(readers.call(lookup) for _ in range(CLIENTS * 20)))
    lines.append(
        f"{CLIENTS * 20} lookups at once: {CLIENTS * 20 / (time.perf_counter() - began):.0f} a second"
    )
    began = time.perf_counter()
    try:
        await readers.call(endless)
    except Exception as problem:
        taken = time.perf_counter() - began
        lines.append(f"endless query, limit 1 s: ended after {taken:.2f} s ({problem})")
    began = time.perf_counter()
    while readers.alive < 2:
        await asyncio.sleep(0.01)
    lines.append(f"its place is taken after {time.perf_counter() - began:.2f} s more")
    await readers.close()
    return lines


def report(cells: int) -> Iterator[str]:
    """Print what each way costs."""
    with tempfile.TemporaryDirectory() as folder:
        records, path = Path(folder) / "records", Path(folder) / "store"
        generate(records, cells=cells)
        Loader(path).load([records])
        store = Store.open(path)
        yield f"{store.count():,} triples of records"
        taken = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            lookup(store)
            taken.append(time.perf_counter() - began)
        plain = statistics.median(taken)
        yield f"{'in this process, cannot be stopped':44} {1000 * plain:8.2f} ms"
        del store
        yield from asyncio.run(_pool(path, plain))
        began = time.perf_counter()
        for _ in range(FEW):
            _process(path)
        alone = (time.perf_counter() - began) / FEW
        yield _line("a process for each query", alone, plain)
