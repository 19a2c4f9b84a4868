"""What reasoning takes on a large line: traces, recalls, influences, and a refresh after one file changed."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl

from kg import load
from kg.derive import Refreshed, refresh
from kg.influence.combine import influences
from kg.lineage import Direction, recall, trace
from kg.load import Loader
from kg.plant import generate
from kg.store import Store

REPEATS = 7

TRACES: tuple[tuple[str, Direction], ...] = (
    ("cell/PC-0001", "up"),
    ("web/W-A-0001", "down"),
    ("batch/B-A-001", "down"),
)
LOTS = ("lot/ELY-2601", "lot/NMC-2601")
PROPERTIES = ("DischargingCapacity", "Porosity")

CHANGES = {
    "mischen_2026-03.csv": ("cp1252", ";", "Mischzeit [min]"),
    "filling_2026-03.csv": ("utf-8", ",", "Volume dosed (ml)"),
}
"""Files of which one value changes, of a batch and of a cell: encoding, what stands between cells, column."""


class _Clock:
    """The processor time and the time on the clock of a job."""

    def __init__(self, job: Callable[[], Any]) -> None:
        begun, at = time.process_time(), time.perf_counter()
        self.answer = job()
        self.processor, self.clock = time.process_time() - begun, time.perf_counter() - at


def _changed(path: Path, encoding: str, between: str, column: str) -> None:
    """Change one number in the 20th row of a file."""
    rows = path.read_text(encoding=encoding).split("\n")
    cells = rows[20].split(between)
    place = rows[0].split(between).index(column)
    cells[place] = f"{cells[place][:-1]}{(int(cells[place][-1]) + 1) % 10}"
    path.write_text("\n".join([*rows[:20], between.join(cells), *rows[21:]]), encoding=encoding)


def _refreshed(store: Path, path: Path) -> tuple[_Clock, list[Refreshed], _Clock]:
    """Return the refresh of the derived graphs after a file came again, what it did, and the whole load."""
    seen: list[_Clock] = []

    def timed(*args: Any, **options: Any) -> list[Refreshed]:
        seen.append(_Clock(lambda: refresh(*args, **options)))
        return seen[0].answer  # type: ignore[no-any-return]

    load.refresh = timed
    try:
        whole = _Clock(lambda: Loader(store).load([path]))
    finally:
        load.refresh = refresh
    return seen[0], seen[0].answer, whole


def _traces(store: Store) -> Iterator[str]:
    for name, way in TRACES:
        trace(store, name, way)
        taken = [_Clock(lambda: trace(store, name, way)) for _ in range(REPEATS)]  # noqa: B023
        found = taken[0].answer
        low, middle = (1000 * of([one.processor for one in taken]) for of in (min, statistics.median))
        what = f"{len(found.things)} things, {len(found.runs)} runs"
        yield f"trace {name} {way}: {low:.0f} ms at best, {middle:.0f} ms in the middle of {REPEATS}; {what}"
    for name in LOTS:
        told = _Clock(lambda: recall(trace(store, name, "down", with_values=False)))  # noqa: B023
        yield f"recall of {name}: {told.processor:.2f} s; {len(told.answer.cells):,} cells"


def _influences(store: Store) -> Iterator[str]:
    for name in PROPERTIES:
        told = _Clock(lambda: influences(store, name))  # noqa: B023
        table = told.answer.table
        what = f"{len(table.things):,} things, {len(table.columns)} values before it"
        yield f"influences on {name}: {told.processor:.1f} s, by the clock {told.clock:.1f} s; {what}"


def report(cells: int) -> Iterator[str]:
    """Yield a line for each job, in processor time; the first of each kind of job warms up the rest."""
    with tempfile.TemporaryDirectory() as folder:
        records, place = Path(folder) / "line", Path(folder) / "store"
        generate(records, seed=7, cells=cells)
        Loader(place).load([records])
        store = Store.open(place)
        yield f"{cells:,} cells; processor time, polars with {pl.thread_pool_size()} threads"
        yield from _traces(store)
        yield from _influences(store)
        del store
        for name, how in CHANGES.items():
            _changed(records / name, *how)
            fresh, done, whole = _refreshed(place, records / name)
            parts = ", ".join(f"{one.rule} for {one.foci}" for one in done if one.how != "unchanged")
            yield (
                f"refresh after one value of {name} changed: {fresh.processor:.2f} s, by the clock"
                f" {fresh.clock:.2f} s; {parts}; the whole load {whole.processor:.1f} s"
            )
