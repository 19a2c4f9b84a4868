"""A workbook -> a table: one sheet, its typed cells as text."""

from __future__ import annotations

import datetime
import warnings
import zipfile
from pathlib import Path

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from kg.sources.grid import Row, table_of_grid
from kg.sources.table import Reading, Table
from kg.sources.text import fault


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


def read_xlsx(path: Path, reading: Reading) -> Table:
    """Return the table on one sheet of a workbook.

    Raises FaultsError for a file that is no whole workbook, or lacks the sheet.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of styles and extensions that hold no data
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            try:
                names = book.sheetnames
                sheet = reading.sheet or names[0]
                if sheet not in names:
                    raise fault(path, f"there is no sheet '{sheet}'. Sheets: {', '.join(names)}.")
                rows = [
                    Row(number, tuple(cell_text(value, reading.decimal) for value in values))
                    for number, values in enumerate(book[sheet].iter_rows(values_only=True), start=1)
                ]
                width = max((len(row.cells) for row in rows), default=0)
                rows = [Row(row.number, row.cells + ("",) * (width - len(row.cells))) for row in rows]
            finally:
                book.close()
    except (zipfile.BadZipFile, InvalidFileException, EOFError, KeyError, OSError, ValueError, SyntaxError):
        reason = "this is not a whole workbook; it may have been cut off. Copy or export it again."
        raise fault(path, reason) from None
    place = f"sheet={sheet}&row={{}}" if len(names) > 1 else "row={}"
    return table_of_grid(path, rows, reading, place=place.replace(" ", "%20"), native_times=True)
