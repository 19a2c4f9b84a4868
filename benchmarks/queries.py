"""Every question of the library over a line, each in a process of its own, in processor time."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.analytics import asked
from kg import queries
from kg.load import Loader
from kg.plant import generate
from kg.plant.operations import generate_operations

BAR = 2.0
"""Seconds that a question may take."""

ASK = """
import json, sys, time
import kg
graph = kg.open(sys.argv[1])
if sys.argv[3]:
    graph.columns.values
begin = time.process_time()
rows = len(graph.ask(sys.argv[2]).rows)
print(json.dumps({"seconds": time.process_time() - begin, "rows": rows}))
"""


def report(cells: int) -> Iterator[str]:
    """Yield the rows and the processor time of each question on a line of so many cells."""
    with tempfile.TemporaryDirectory() as name:
        records, store = Path(name) / "records", Path(name) / "store"
        generate(records, cells=cells)
        generate_operations(records, cells=cells)
        Loader(store).load([records])
        yield f"{cells:,} cells with their operations; processor time; the bar is {BAR:g} s"
        slow = 0
        for question in queries.library():
            fast = queries.read(question).about.fast
            said = asked(ASK, store, question, fast)
            if isinstance(said, str):
                slow += 1
                yield f"{question}: {said}"
                continue
            slow += said["seconds"] > BAR
            mark = ", from columns" if fast else ""
            yield f"{question}: {said['rows']:,} rows, {said['seconds']:.2f} s{mark}"
        yield f"{slow} of {len(queries.library())} take longer"
