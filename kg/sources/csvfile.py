"""A CSV or TSV file -> a table; a row with too many or too few cells is kept aside, never cut."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from kg.sources.grid import Row, table_of_grid
from kg.sources.table import Reading, Table
from kg.sources.text import fault, read_text


def _rows(path: Path, text: str, delimiter: str) -> Iterator[Row]:
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True)
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise fault(
                path, f"a quotation mark is opened and never closed, or misplaced ({error}).", line
            ) from None
        yield Row(line, tuple(cells))
        line = reader.line_num + 1


def read_csv(path: Path, reading: Reading) -> Table:
    """Return the table of a delimited text file.

    Raises FaultsError for a file that is empty, is not text, or lacks the header.
    """
    text, encoding = read_text(path, reading.encodings)
    return table_of_grid(
        path, list(_rows(path, text, reading.delimiter)), reading, place="row={}", encoding=encoding
    )
