"""The name of a series and a span of it -> its rows, read from Parquet by DuckDB."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from kg.errors import KgError
from kg.iri import shorten
from kg.near import near, quoted
from kg.series.describe import DCAT, FOLDER
from kg.store import Store

if TYPE_CHECKING:
    import pandas as pd

TIME = "test_time_second"
CYCLE = "cycle_count"


@dataclass(frozen=True)
class Series:
    """One series of a store, as the graph describes it.

    `about` are the IRIs of the cell and the test; `first` and `last` the test times in seconds, None where
    the series has none.
    """

    id: str
    iri: str
    graph: str
    source: str
    title: str
    grain: str
    rows: int
    about: tuple[str, ...]
    path: Path
    first: float | None = None
    last: float | None = None


_LISTING = f"""
SELECT ?graph ?series ?id ?source ?title ?grain ?rows ?url ?first ?last
       (GROUP_CONCAT(DISTINCT STR(?thing); separator=" ") AS ?about)
WHERE {{ GRAPH ?graph {{
  ?series a <{DCAT}Dataset> ; dcterms:identifier ?id ; dcterms:title ?source ; dcterms:description ?title ;
          kgc:grain ?grain ; kgc:rowCount ?rows ; <{DCAT}distribution>/csvw:url ?url ; csvw:tableSchema ?t .
  OPTIONAL {{ ?series schema:about ?thing }}
  OPTIONAL {{
    ?t csvw:column ?time . ?time csvw:name "{TIME}" ; schema:minValue ?first ; schema:maxValue ?last
  }}
}} }}
GROUP BY ?graph ?series ?id ?source ?title ?grain ?rows ?url ?first ?last
ORDER BY ?source ?id"""


def listing(store: Path | str) -> list[Series]:
    """Return all series of a store, sorted by the names of their sources."""
    opened = Store.open(Path(store))
    found = []
    for row in opened.query(_LISTING):
        first, last = row["first"], row["last"]
        found.append(
            Series(
                id=row["id"].value,
                iri=row["series"].value,
                graph=row["graph"].value,
                source=row["source"].value,
                title=row["title"].value,
                grain=row["grain"].value,
                rows=int(row["rows"].value),
                about=tuple(sorted(row["about"].value.split())) if row["about"] is not None else (),
                path=Path(store) / row["url"].value,
                first=float(first.value) if first is not None else None,
                last=float(last.value) if last is not None else None,
            )
        )
    return found


def find(store: Path | str, name: str) -> Series:
    """Return the series that a person means.

    That is its id or the beginning of it, the name of its source file, or the identifier of its test or cell.
    Raises KgError where no series, or more than one, has this name.
    """
    every = listing(store)
    base = Store.open(Path(store)).base

    def names(series: Series) -> set[str]:
        short = {shorten(iri, base) for iri in series.about}
        stem = series.source.rpartition(".")[0]
        return {series.source, stem, *short, *(text.partition("/")[2] for text in short)}

    found = [series for series in every if name in (series.id, series.iri, shorten(series.iri, base))]
    found = found or [series for series in every if name in names(series)]
    if not found and len(name) >= 4:
        found = [series for series in every if series.id.startswith(name)]
    if len(found) == 1:
        return found[0]
    if found:
        shown = ", ".join(f"{series.id} ({series.source})" for series in found[:6])
        raise KgError(f"'{name}' names {len(found)} series: {shown}. Give an id.")
    alike = near(name, [word for series in every for word in (series.source, series.id)])
    hint = f" Near: {quoted(alike)}." if alike else " 'kg series --list' names them all."
    raise KgError(f"no series is called '{name}'.{hint}")


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _query(
    series: Series,
    *,
    columns: Iterable[str] | None = None,
    start: float | None = None,
    end: float | None = None,
    cycle: int | None = None,
    every: int = 1,
    limit: int | None = None,
) -> tuple[str, list[float | int]]:
    """Return the SQL of a span of a series, with its parameters."""
    if every < 1:
        raise KgError("'every' is a whole number from 1 on: 10 takes each tenth row.")
    if not series.path.is_file():
        raise KgError(f"{series.path}: the Parquet file is missing. Add its source again: {series.source}")
    where = str(series.path).replace("'", "''")
    table = f"read_parquet('{where}', file_row_number = true)"
    here = [row[0] for row in duckdb.connect().execute(f"DESCRIBE SELECT * FROM {table}").fetchall()]
    here.remove("file_row_number")
    wanted = list(columns) if columns is not None else here
    needed = [*wanted]
    needed += [TIME] if start is not None or end is not None else []
    needed += [CYCLE] if cycle is not None else []
    strange = [name for name in dict.fromkeys(needed) if name not in here]
    if strange:
        alike = near(strange[0], here)
        hint = f"Near: {quoted(alike)}." if alike else f"Columns: {', '.join(here)}."
        raise KgError(f"{series.source} has no column {quoted(strange)}. {hint}")
    tests: list[str] = []
    values: list[float | int] = []
    for test, value in ((f"{TIME} >= ?", start), (f"{TIME} <= ?", end), (f"{CYCLE} = ?", cycle)):
        if value is not None:
            tests.append(test)
            values.append(value)
    select = ", ".join(map(_quote, wanted))
    # DuckDB keeps the order of the file, unless a window function asks for another one.
    text = f"SELECT {select} FROM {table}" + (f" WHERE {' AND '.join(tests)}" if tests else "")
    if every > 1:
        counted = f"SELECT {select}, file_row_number AS n FROM {table}"
        counted += f" WHERE {' AND '.join(tests)}" if tests else ""
        counted = f"SELECT *, row_number() OVER (ORDER BY n) - 1 AS place FROM ({counted})"
        text = f"SELECT {select} FROM ({counted}) WHERE place % {every} = 0 ORDER BY n"
    text += f" LIMIT {int(limit)}" if limit is not None else ""
    return text, values


def scan(
    series: Series,
    *,
    columns: Iterable[str] | None = None,
    start: float | None = None,
    end: float | None = None,
    cycle: int | None = None,
    every: int = 1,
    limit: int | None = None,
) -> Any:
    """Return the answer of DuckDB to a span of a series: `fetchmany`, `description`, `df()`.

    The rows come in the order of the source file.
    `columns` are names of columns, default all; `start` and `end` are test times in seconds, both included;
    `cycle` is a cycle number; `every` takes each nth of the rows that are left; `limit` at most so many.
    Raises KgError for a column that the series does not have, or a span of a quantity that it lacks.
    """
    text, values = _query(
        series, columns=columns, start=start, end=end, cycle=cycle, every=every, limit=limit
    )
    # One connection for each answer, so that threads do not share one.
    return duckdb.connect().execute(text, values)


def export(series: Series, to: Path, format_: str, **span: Any) -> None:
    """Write a span of a series into a file; `format_` is `csv` or `parquet`, `span` the arguments of `scan`.

    Raises KgError as `scan` does.
    """
    text, values = _query(series, **{"limit": None, **span})
    options = "FORMAT parquet, COMPRESSION zstd" if format_ == "parquet" else "FORMAT csv, HEADER"
    where = str(to).replace("'", "''")
    duckdb.connect().execute(f"COPY ({text}) TO '{where}' ({options})", values)


def read(
    store: Path | str,
    name: str,
    *,
    columns: Iterable[str] | None = None,
    start: float | None = None,
    end: float | None = None,
    cycle: int | None = None,
    every: int = 1,
) -> pd.DataFrame:
    """Return rows of a series as a pandas data frame; the arguments are those of `scan` and `find`.

    Units are those of the column names: seconds, volts, amperes (positive on charge), ampere hours.
    """
    found = scan(find(store, name), columns=columns, start=start, end=end, cycle=cycle, every=every)
    frame: pd.DataFrame = found.df()
    return frame


__all__ = ["FOLDER", "Series", "export", "find", "listing", "read", "scan"]
