"""A CSV or TSV file -> a table; a row with too many or too few cells is kept aside, never cut."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import polars as pl

from kg.sources.grid import Grid, Row, table_of_grid
from kg.sources.table import Reading, Table
from kg.sources.text import fault, read_text


def csv_rows(path: Path, reading: Reading) -> tuple[list[Row], str]:
    """Return all rows of a delimited text file, with their lines, and the encoding of the file.

    Raises FaultsError for a file that is empty, is not text, or has a stray quotation mark.
    """
    text, encoding = read_text(path, reading.encodings)
    return split(path, text, reading.delimiter), encoding


def split(path: Path, text: str, delimiter: str) -> list[Row]:
    """Return the rows of a text with quotation marks.

    Raises FaultsError for a stray quotation mark.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
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
    return rows


def fast(text: str, delimiter: str) -> Grid | None:
    """Return the cells of a text in which a line is a row; None where a quotation mark may say otherwise."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = pl.Series([text.removesuffix("\n")]).str.split("\n").explode()
    marks = lines.str.count_matches('"', literal=True)
    if (marks % 2 == 1).any():
        return None
    numbers, quoted = pl.int_range(1, lines.len() + 1, eager=True), marks > 0
    try:
        rows = [
            Row(number, tuple(next(csv.reader([line], delimiter=delimiter, strict=True))))
            for number, line in zip(numbers.filter(quoted), lines.filter(quoted), strict=True)
        ]
    except csv.Error:
        return None
    plain = _split(lines.filter(~quoted), numbers.filter(~quoted), delimiter)
    return plain.with_rows(rows) if rows else plain


def _split(lines: pl.Series, numbers: pl.Series, delimiter: str) -> Grid:
    """Return the cells of lines without quotation marks."""
    widths = lines.str.count_matches(delimiter, literal=True).cast(pl.Int64) + 1
    most = int(pl.select(widths.max()).item() or 1)
    cells = [lines] if most == 1 else lines.str.split_exact(delimiter, most - 1).struct.unnest().get_columns()
    return Grid(cells, numbers, widths)


def read_csv(path: Path, reading: Reading) -> Table:
    """Return the table of a delimited text file.

    Raises FaultsError for a file that is empty, is not text, or lacks the header.
    """
    text, encoding = read_text(path, reading.encodings)
    grid = fast(text, reading.delimiter) or Grid.of_rows(split(path, text, reading.delimiter))
    del text
    return table_of_grid(path, grid, reading, place="row={}", encoding=encoding)
