"""A workbook -> a table: one sheet, its typed cells as text."""

from __future__ import annotations

import datetime
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import openpyxl
import polars as pl
import python_calamine as calamine
from openpyxl.utils.exceptions import InvalidFileException

from kg.near import near, quoted
from kg.sources.grid import Grid, table_of_grid
from kg.sources.table import Reading, Table
from kg.sources.text import fault, read_bytes

_OLE = b"\xd0\xcf\x11\xe0"
_BROKEN = (zipfile.BadZipFile, zlib.error, InvalidFileException, EOFError, KeyError, OSError, ValueError,
           SyntaxError, TypeError, AttributeError)  # fmt: skip
"""What openpyxl raises for a file that is cut off, damaged, or a zip of something else."""


def cell_text(value: object, decimal: str) -> str:
    """Return a typed cell as the text that the same cell has in a CSV with this decimal sign."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        text = repr(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(value)
        return text.replace(".", decimal)
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    return str(value)


def _by_kind(values: Sequence[object]) -> dict[type, tuple[np.ndarray[Any, Any], list[Any]]]:
    """Return the cells of a column by their types: where they stand, and what they hold."""
    cells = np.empty(len(values), dtype=object)
    cells[:] = values
    kinds = list(map(type, values))
    numbers = {kind: number for number, kind in enumerate(dict.fromkeys(kinds))}
    codes = np.fromiter(map(numbers.__getitem__, kinds), dtype=np.uint8, count=len(kinds))
    places = {kind: np.flatnonzero(codes == number) for kind, number in numbers.items()}
    return {kind: (here, cells[here].tolist()) for kind, here in places.items()}


def column_text(values: Sequence[object], decimal: str) -> pl.Series:
    """Return the typed cells of a column as text, all cells of a type at once."""
    texts = np.full(len(values), "", dtype=object)
    for kind, (here, cells) in _by_kind(values).items():
        if kind is str:
            texts[here] = cells
        elif kind is not type(None):
            texts[here] = _texts(kind, cells, decimal)
    return pl.Series(texts.tolist(), dtype=pl.String)


def _texts(kind: type, cells: list[Any], decimal: str) -> list[str]:
    """Return cells of one type as text."""
    if kind is float:
        numbers = pl.Series(cells, dtype=pl.Float64)
        size = numbers.abs()
        # Of very small and very large numbers polars writes other texts than Python.
        if ((size == 0) | size.is_between(1e-4, 1e15, closed="left")).all():
            whole, plain = numbers == numbers.floor(), numbers.cast(pl.String)
            texts = pl.when(whole).then(numbers.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(plain)
            return pl.select(texts.str.replace(".", decimal, literal=True)).to_series().to_list()
    if kind is datetime.datetime:
        times = pl.Series(cells, dtype=pl.Datetime("us"))
        if (times.dt.microsecond() == 0).all() and (times.dt.year() >= 1000).all():
            return times.dt.strftime("%Y-%m-%dT%H:%M:%S").to_list()
    return [cell_text(cell, decimal) for cell in cells]


_EARLY = datetime.date(1900, 3, 1)
"""The day after the one that Excel knows and the calendar does not."""


def _is_doubtful(kind: type, cells: list[Any]) -> bool:
    """Return whether the reader in Rust and openpyxl may take cells of this type for different things."""
    if kind is float:
        return bool(np.abs(cells).max() >= 1e15)  # whole numbers of more digits than a float has
    if kind is datetime.datetime:
        return bool(min(cells).date() <= _EARLY)
    if kind is datetime.date:
        return bool(min(cells) <= _EARLY)
    return kind is datetime.time and datetime.time() in cells


_BELOW_ZERO = re.compile(rb"<v>-(?:0|\.|[^<]*[eE]-)")
"""Numbers just below zero: as a time, one reader leaves out their sign and the other goes back a day."""


def fast_columns(data: bytes, sheet: str | None) -> tuple[list[Sequence[object]], str, bool] | None:
    """Return the typed columns of a sheet, its name, and whether it is the only one, by a reader in Rust.

    None where it would not see what openpyxl sees: it takes errors for empty cells.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            below_zero = False
            for part in parts.namelist():
                text = parts.read(part) if part.startswith("xl/worksheets/") else b""
                if b'"e"' in text or b"'e'" in text:
                    return None
                below_zero = below_zero or _BELOW_ZERO.search(text) is not None
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        plain = all(each.typ == calamine.SheetTypeEnum.WorkSheet for each in book.sheets_metadata)
        name = book.sheet_names[0] if sheet is None else sheet
        if not plain or name not in book.sheet_names:
            return None
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except (calamine.CalamineError, OverflowError, *_BROKEN):
        return None  # what is wrong is told by the other reader
    except BaseException as error:
        # So the reader ends where a number in the form of a date is beyond all calendars.
        if type(error).__name__ != "PanicException":
            raise
        return None
    columns: list[Sequence[object]] = []
    for column in zip_longest(*rows, fillvalue=""):
        kinds = _by_kind(column)
        if any(_is_doubtful(kind, cells) for kind, (_, cells) in kinds.items()):
            return None
        if datetime.time in kinds and below_zero:
            return None
        if datetime.date in kinds:  # a day is a time at midnight
            cells = np.empty(len(column), dtype=object)
            cells[:] = column
            here, days = kinds[datetime.date]
            cells[here] = [datetime.datetime(day.year, day.month, day.day) for day in days]
            column = tuple(cells.tolist())
        columns.append(column)
    return columns, name, len(book.sheet_names) == 1


def sheet_values(path: Path, sheet: str | None) -> tuple[list[tuple[object, ...]], str, bool]:
    """Return the typed cells of a sheet, its name, and whether it is the only one.

    Raises FaultsError for a file that is no whole workbook, or lacks the sheet.
    """
    columns, name, alone = _columns(path, sheet)
    return (
        [tuple(None if cell == "" else cell for cell in row) for row in zip(*columns, strict=True)],
        name,
        alone,
    )


def _columns(path: Path, sheet: str | None) -> tuple[list[Sequence[object]], str, bool]:
    data = read_bytes(path)
    if data.startswith(_OLE):
        reason = (
            "this is a workbook in the old form (.xls), or one with a password. Save it as .xlsx without one."
        )
        raise fault(path, reason)
    return fast_columns(data, sheet) or slow_columns(path, data, sheet)


def slow_columns(path: Path, data: bytes, sheet: str | None) -> tuple[list[Sequence[object]], str, bool]:
    """Return the typed columns of a sheet, its name, and whether it is the only one, by openpyxl.

    Raises FaultsError for a file that is no whole workbook, or lacks the sheet.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of styles and extensions that hold no data
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            names = [each.title for each in book.worksheets]
            name = names[0] if sheet is None else sheet
            if name not in names:
                alike = near(name, names)
                hint = f" Near: {quoted(alike)}." if alike else f" Sheets: {quoted(names)}."
                raise fault(path, f"there is no sheet '{name}'.{hint}")
            found = book[name]
            found.reset_dimensions()  # some exports state the size of a sheet wrongly
            return list(zip_longest(*found.iter_rows(values_only=True))), name, len(names) == 1
    except _BROKEN:
        reason = "this is not a whole workbook; it may have been cut off. Copy or export it again."
        raise fault(path, reason) from None


def read_xlsx(path: Path, reading: Reading) -> Table:
    """Return the table on one sheet of a workbook.

    Raises FaultsError for a file that is no whole workbook, or lacks the sheet.
    """
    typed, sheet, alone = _columns(path, reading.sheet)
    columns = [column_text(column, reading.decimal) for column in typed]
    height = len(columns[0]) if columns else 0
    widths = pl.repeat(len(columns), height, dtype=pl.Int64, eager=True)
    grid = Grid(columns, pl.int_range(1, height + 1, eager=True), widths)
    before = "" if alone else f"sheet={quote(sheet)}&"
    place = before.replace("{", "{{").replace("}", "}}") + "row={}"
    return table_of_grid(path, grid, reading, place=place, native_times=True)
