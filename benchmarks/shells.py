"""A line of packs -> how fast the shells of all its batteries are written, beside basyx."""

from __future__ import annotations

import json
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from kg.aas.bulk import Order, export_all
from kg.aas.export import Sight
from kg.load import Loader
from kg.plant import generate_packs

PART = 20
"""Of so many shells basyx writes one, so that the report does not wait for it."""


def report(shells: int) -> Iterator[str]:
    """Yield the lines of the report."""
    processes = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store"
        names = generate_packs(Path(folder) / "records", batteries=shells)
        Loader(store).load([Path(folder) / "records" / name for name in names])
        order = Order(Sight("public", records=False), apart=False)
        for name in ("shells.jsonl", "shells.aasx"):
            yield _written(store, Path(folder) / name, order, processes)
        yield _written(store, Path(folder) / "shells", Order(order.sight), processes)
        yield from _peer(Path(folder) / "shells", shells)


def _written(store: Path, to: Path, order: Order, processes: int) -> str:
    began = time.perf_counter()
    done = export_all(store, to, order, processes=processes)
    seconds = time.perf_counter() - began
    size = sum(file.stat().st_size for file in [to, *to.rglob("*")] if file.is_file()) / 1e6
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return (
        f"{to.name}: {done.shells:,} shells of batteries, {size:,.0f} MB, by {processes} processes: "
        f"{seconds:.1f} s, {1000 * seconds / max(done.shells, 1):.1f} ms each, "
        f"{len(done.findings)} findings; memory of the largest process {peak / 1024:,.0f} MB"
    )


def _peer(folder: Path, shells: int) -> Iterator[str]:
    """Yield what basyx takes to write environments that it holds already, beside all of our work on them."""
    from basyx.aas.adapter.json import read_aas_json_file, write_aas_json_file

    from kg.aas.package import faults, write_json

    files = list(islice(sorted(folder.rglob("*.json")), 0, None, PART))
    ours = peers = 0.0
    for file in files:
        environment: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        with file.open(encoding="utf-8") as text:
            held = read_aas_json_file(text, failsafe=False)
        began = time.perf_counter()
        with (folder / "peer").open("w", encoding="utf-8") as out:
            write_aas_json_file(out, held, indent=1)
        peers += time.perf_counter() - began
        began = time.perf_counter()
        faults(environment)
        write_json(environment)
        ours += time.perf_counter() - began
    yield (
        f"verified and written as JSON: {1000 * ours / len(files):.1f} ms a shell; "
        f"written by basyx, not verified: {1000 * peers / len(files):.1f} ms, ratio {ours / peers:.2f}"
    )
