"""A CSV or TSV file -> a table; a row with too many or too few cells is kept aside, never cut."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from kg.sources.grid import Row, table_of_grid
from kg.sources.table import Reading, Table
from kg.sources.text import fault, read_text


def csv_rows(path: Path, reading: Reading) -> tuple[list[Row], str]:
    """Return all rows of a delimited text file, with their lines, and the encoding of the file.

    Raises FaultsError for a file that is empty, is not text, or has a stray quotation mark.
    """
    text, encoding = read_text(path, reading.encodings)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=reading.delimiter, strict=True)
    rows: list[Row] = []
    line = 1
    try:
        for cells in reader:
            rows.append(Row(line, tuple(cells)))
            line = reader.line_num + 1
    except csv.Error:
        reason = (
            "a quotation mark opens a cell here and never closes it, or closes it too early. "
            'Inside a quoted cell a quotation mark is written twice: "".'
        )
        raise fault(path, reason, line) from None
    return rows, encoding


def read_csv(path: Path, reading: Reading) -> Table:
    """Return the table of a delimited text file.

    Raises FaultsError for a file that is empty, is not text, or lacks the header.
    """
    rows, encoding = csv_rows(path, reading)
    return table_of_grid(path, rows, reading, place="row={}", encoding=encoding)
