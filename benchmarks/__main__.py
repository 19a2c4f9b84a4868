"""`python -m benchmarks [validation|resolver]`: the product against a peer, measured in the same run."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import resolver
from kg.load import Loader
from kg.plant import generate
from kg.store import Store
from kg.validate import Scope, validate


def seconds(work: Callable[[], object], runs: int) -> float:
    """Return the best wall time of some runs, after one that warms up."""
    work()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def validation(store: Store, scope: Scope, runs: int) -> str:
    """Return how the road of `kg validate` compares with pySHACL on the same shapes and triples."""
    triples = list(store.triples(store.graphs()))
    ours, peer = validate(triples, scope), validate(triples, scope, plain=True)
    fast = seconds(lambda: validate(triples, scope), runs)
    plain = seconds(lambda: validate(triples, scope, plain=True), 1)
    same = "same findings" if ours == peer else "DIFFERENT findings"
    return (
        f"validate {scope}: {len(triples):,} triples, ours {fast:.2f} s, pySHACL {plain:.2f} s, "
        f"ratio {plain / fast:.1f}; {same}"
    )


def lines(cells: int, runs: int) -> Iterator[str]:
    """Yield one line for each scope of validation."""
    with tempfile.TemporaryDirectory() as folder:
        records, place = Path(folder) / "records", Path(folder) / "store"
        generate(records, cells=cells)
        Loader(place).load([records])
        store = Store.open(place)
        for scope in ("record", "line"):
            yield validation(store, scope, runs)


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", choices=("validation", "resolver"), default="validation")
    parser.add_argument("--cells", type=int, default=48)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    report = resolver.report() if given.what == "resolver" else lines(given.cells, given.runs)
    for line in report:
        print(line)  # noqa: T201 - this is what the command is for


if __name__ == "__main__":
    main()
