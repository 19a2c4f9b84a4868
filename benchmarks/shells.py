"""A line of packs -> how fast the shells of all its batteries are written, beside basyx."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from kg.plant import generate_packs

PART = 20
"""Of so many shells basyx writes one, so that the report does not wait for it."""


def report(shells: int) -> Iterator[str]:
    """Yield the lines of the report."""
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store"
        names = generate_packs(Path(folder) / "records", batteries=shells)
        # In a process of its own, as what this one took would count as that of its children.
        files = [str(Path(folder) / "records" / name) for name in names]
        command = [sys.executable, "-m", "kg", "load", *files, "--store", str(store)]
        subprocess.run(command, capture_output=True, check=False)  # Rows that are set aside are findings.
        for name in ("shells.jsonl", "shells.aasx", "shells"):
            yield _written(store, Path(folder) / name)
        yield from _peer(Path(folder) / "shells")


def _written(store: Path, to: Path) -> str:
    """Return what an export took, in a process of its own: its memory is not that of the load."""
    words = ["aas", "export", "--all", "--kind", "battery", "--audience", "public", "-o", str(to)]
    began = time.perf_counter()
    program = (
        f"from kg.cli import main; main({[*words, '--store', str(store)]!r}, standalone_mode=False); {_TOLD}"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - began
    lines = done.stdout.splitlines()
    said, (own, cpu) = lines[0], map(float, lines[-1].split())
    size = sum(file.stat().st_size for file in [to, *to.rglob("*")] if file.is_file()) / 1e6
    return (
        f"{to.name}: {said.rpartition(': ')[2].rstrip('.')} of batteries, {size:,.0f} MB, "
        f"by {os.cpu_count()} processes: {seconds:.1f} s, cpu {cpu:.1f} s; "
        f"memory of the largest process {own / 1024:,.0f} MB"
    )


_TOLD = (
    "import resource as r; who = (r.RUSAGE_SELF, r.RUSAGE_CHILDREN); use = [r.getrusage(w) for w in who]; "
    "print(max(u.ru_maxrss for u in use), sum(u.ru_utime + u.ru_stime for u in use))"
)
"""What a process says at its end: the memory of the largest, and the time of all processors."""


def _peer(folder: Path) -> Iterator[str]:
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
