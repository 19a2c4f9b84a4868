"""A workbook -> a table: one sheet, its typed cells as text."""

from __future__ import annotations

import datetime
import io
import warnings
import zipfile
import zlib
from pathlib import Path
from urllib.parse import quote

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from kg.near import near, quoted
from kg.sources.grid import Row, table_of_grid
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


def sheet_values(path: Path, sheet: str | None) -> tuple[list[tuple[object, ...]], str, bool]:
    """Return the typed cells of a sheet, its name, and whether it is the only one.

    Raises FaultsError for a file that is no whole workbook, or lacks the sheet.
    """
    data = read_bytes(path)
    if data.startswith(_OLE):
        reason = (
            "this is a workbook in the old form (.xls), or one with a password. Save it as .xlsx without one."
        )
        raise fault(path, reason)
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
            return list(found.iter_rows(values_only=True)), name, len(names) == 1
    except _BROKEN:
        reason = "this is not a whole workbook; it may have been cut off. Copy or export it again."
        raise fault(path, reason) from None


def read_xlsx(path: Path, reading: Reading) -> Table:
    """Return the table on one sheet of a workbook.

    Raises FaultsError for a file that is no whole workbook, or lacks the sheet.
    """
    values, sheet, alone = sheet_values(path, reading.sheet)
    width = max(map(len, values), default=0)
    rows = [
        Row(number, (*(cell_text(value, reading.decimal) for value in row), *[""] * (width - len(row))))
        for number, row in enumerate(values, start=1)
    ]
    before = "" if alone else f"sheet={quote(sheet)}&"
    place = before.replace("{", "{{").replace("}", "}}") + "row={}"
    return table_of_grid(path, rows, reading, place=place, native_times=True)
