"""The changes that a run saw -> a series of the run: a row for each moment at which a value changed.

Each value stands until the next one; a reading that was bad is empty.
Values are in the canonical unit of their term, as they are in the graph.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from kg.iri import mint
from kg.mappers.plan import Plan, Quantity
from kg.opcua.tracker import Closed, Sample
from kg.series import put
from kg.series.describe import FOLDER, About
from kg.sources.cyclers import Column, Recording
from kg.terms import vocabulary

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")


def _snake(text: str) -> str:
    return "_".join(filter(None, _WORD.split(text))).lower()


def _names(plan: Plan) -> Iterator[tuple[str, Quantity]]:
    """Yield a name for each column, as those of the Battery Data Format are made: quantity, then unit."""
    for each in plan.quantities:
        if each.unit is not None:
            words = (each.term.label, each.fragment.partition(".")[2], each.canonical.label)
            yield "_".join(filter(None, map(_snake, words))), each


def _frame(samples: tuple[Sample, ...], names: Mapping[str, str]) -> pl.DataFrame:
    held: dict[str, float | None] = dict.fromkeys(names)
    rows: list[dict[str, float | None]] = []
    # Messages of a server may cross: those of one node never do.
    for time, column, value in sorted(samples, key=lambda sample: sample[0]):
        if column not in names:
            continue
        held[column] = float(value) if isinstance(value, int | float) else None
        row = {"unix_time_second": time, **{names[key]: each for key, each in held.items()}}
        if rows and rows[-1]["unix_time_second"] == time:
            rows[-1] = row
        else:
            rows.append(row)
    columns = ["unix_time_second", *names.values()]
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.Float64))


def recording_of(plan: Plan, closed: Closed) -> Recording | None:
    """Return the series of a run, or None where no number of it changed."""
    asked = {column for _, column, value in closed.samples if isinstance(value, int | float)}
    named = [(name, each) for name, each in _names(plan) if each.column in asked]
    frame = _frame(closed.samples, {each.column: name for name, each in named})
    if frame.is_empty():
        return None
    known = vocabulary()
    for name, each in named:
        assert each.unit is not None
        factor, offset = known.units.scale(each.unit, each.canonical)
        if (factor, offset) != (1.0, 0.0):
            frame = frame.with_columns((pl.col(name) * factor + offset).round_sig_figs(12))
    begin = frame["unix_time_second"][0]
    frame = frame.select((pl.col("unix_time_second") - begin).round(6).alias("test_time_second"), pl.all())
    return _recording(plan, closed.row, frame)


def _recording(plan: Plan, row: Mapping[str, Any], frame: pl.DataFrame) -> Recording:
    quantities = dict(_names(plan))
    columns = [_column(name, quantities[name]) for name in frame.columns if name in quantities]
    return Recording(
        map=plan.path.name,
        digest=plan.digest,
        title=f"{row['machine']}, run {row['number']}",
        grain="samples",
        frame=frame,
        columns=(*_times(), *columns),
    )


def _times() -> tuple[Column, ...]:
    known = vocabulary()
    second = known.units.parse("s").iri
    time = known.resolve("emmo:Time", ("class",)).iri
    return (
        Column("test_time_second", "time of the run", second, time, bdf=True),
        Column("unix_time_second", "time of the server", second, time, bdf=True),
    )


def _column(name: str, quantity: Quantity) -> Column:
    return Column(name, quantity.column, quantity.canonical.iri, quantity.term.iri)


def keep(store: Path, stem: str, plan: Plan, closed: Closed) -> str:
    """Put the series of a run beside the store, and return its name; nothing where it has none.

    The same run gives the same file, so that a crash in between does no harm.
    """
    recording = recording_of(plan, closed)
    if recording is None:
        return ""
    name = f"{stem}-{closed.row['number']}"
    put(store, name, recording)
    return name


def kept(store: Path, plan: Plan, row: Mapping[str, Any]) -> Recording:
    """Return the series of a row of the journal as it was put beside the store."""
    return _recording(plan, row, pl.read_parquet(store / FOLDER / f"{row['series']}.parquet"))


def about(base: str, plan: Plan, row: Mapping[str, Any]) -> About:
    """Return the run that a row stands for, as the engine names it."""
    run = plan.run
    assert run is not None
    key = "".join(text if kind == "text" else str(row.get(text, "")) for kind, text in run.key)
    return About(run=mint(base, run.kind, key))
