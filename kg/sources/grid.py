"""Rows of cells with a header somewhere above them -> a table."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from kg.sources.table import BadRow, Reading, Table
from kg.sources.text import fault

SET_ASIDE_COLUMNS = ("kg_reason", "kg_source")
"""Columns that the product adds to rows set aside; they are dropped when the file is loaded again."""


@dataclass(frozen=True)
class Row:
    """One row of a sheet: its number as a spreadsheet shows it, and its cells."""

    number: int
    cells: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """Return whether no cell holds anything."""
        return not any(cell.strip() for cell in self.cells)


def _find_header(path: Path, rows: list[Row], header: int | str) -> int:
    if isinstance(header, str):
        for index, row in enumerate(rows):
            if row.cells and row.cells[0].strip() == header:
                return index
        raise fault(path, f"no row begins with '{header}', which the mapping names as the head of the table.")
    for index, row in enumerate(rows):
        if row.number >= header:
            return index
    raise fault(path, f"the header should be in row {header}, but the file ends before it.")


def _header(path: Path, rows: list[Row], reading: Reading) -> list[str]:
    width = max(len(row.cells) for row in rows)
    parts = [[*(cell.strip() for cell in row.cells), *[""] * (width - len(row.cells))] for row in rows]
    names = [" ".join(part for part in column if part) for column in zip(*parts, strict=True)]
    while names and not names[-1]:
        names.pop()
    twice = sorted(name for name, count in Counter(names).items() if count > 1 and name)
    if twice:
        raise fault(path, f"the header has '{twice[0]}' more than once. Rename one of them.", rows[0].number)
    if "" in names:
        position = names.index("") + 1
        raise fault(path, f"column {position} has no name in the header. Name it, or delete it.", rows[0].number)
    if len(names) == 1 and reading.delimiter:
        other = next((sign for sign in ";,\t|" if sign != reading.delimiter and sign in names[0]), None)
        if other:
            shown = "tab" if other == "\t" else other
            raise fault(
                path,
                f"the header is one single column with '{shown}' in it. Is the delimiter '{shown}'?",
                rows[0].number,
            )
    return names


def _preamble(rows: list[Row]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for row in rows:
        cells = [cell.strip() for cell in row.cells]
        if cells and cells[0]:
            name = cells[0].rstrip(":").strip()
            pairs[f"preamble.{name}"] = next((cell for cell in cells[1:] if cell), "")
    return pairs


def table_of_grid(
    path: Path,
    rows: list[Row],
    reading: Reading,
    *,
    place: str,
    encoding: str = "utf-8",
    native_times: bool = False,
) -> Table:
    """Return the table in a grid of cells; `place` is the pattern of a row's fragment.

    Raises FaultsError where there is no header, a column has no name, or two have the same.
    """
    if not rows or all(row.empty for row in rows):
        raise fault(path, "the table is empty. Export it again, or leave it out.")
    start = _find_header(path, rows, reading.header)
    names = _header(path, rows[start : start + reading.header_rows], reading)
    preamble = _preamble(rows[:start]) if reading.preamble else {}
    good: list[Row] = []
    bad: list[BadRow] = []
    for row in rows[start + reading.header_rows :]:
        if row.empty:
            continue
        cells = row.cells
        surplus = [cell for cell in cells[len(names) :] if cell.strip()]
        if surplus or len(cells) < len(names):
            reason = f"{len(cells)} cells where the header has {len(names)}"
            bad.append(BadRow(place.format(row.number), cells, reason))
        else:
            good.append(row)
    missing = reading.missing
    columns: dict[str, list[str | None]] = {}
    for index, name in enumerate(names):
        if name in SET_ASIDE_COLUMNS:
            continue
        texts = (row.cells[index].strip() for row in good)
        columns[name] = [None if text in missing else text for text in texts]
    for name, text in preamble.items():
        columns[name] = [None if text in missing else text] * len(good)
    frame = pl.DataFrame(columns, schema={name: pl.String for name in columns})
    places = pl.Series("place", [place.format(row.number) for row in good], dtype=pl.String)
    return Table(path.name, frame, places, tuple(bad), encoding, native_times)
