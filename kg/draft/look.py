"""A file -> how its tables are to be read: encoding, delimiter, decimal sign, header, sheet, records."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import openpyxl

from kg.errors import FaultsError
from kg.mappers.spec import MISSING
from kg.sources import Reading, Table, read_table
from kg.sources.grid import Row
from kg.sources.read import RECORDS, WORKBOOKS
from kg.sources.records import parse_records
from kg.sources.text import fault, read_bytes, read_text
from kg.sources.xlsx import cell_text, sheet_values

LOOKED_AT = 400
"""Rows in which delimiter and header are looked for."""
DELIMITERS = ";\t,|"
IsUnit = Callable[[str], bool]

_NUMBER = re.compile(r"[+-]?\d[\d.,' ]*(?:[eE][+-]?\d+)?%?")
_TIME = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}(?:[ T]\d{1,2}:\d{2}.*)?|\d{1,2}:\d{2}(?::\d{2})?")
_COMMA = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")
_POINT = re.compile(r"[+-]?\d+\.\d+(?:[eE][+-]?\d+)?")
_THOUSANDS = {
    ",": re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+(?:,\d+)?"),
    ".": re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?"),
}
_OTHER = {",": ".", ".": ","}
NO_VALUE = frozenset(
    {"k.a.", "k. a.", "n.a.", "na", "#n/a", "#nv", "null", "none", "nan", "--", "---", "?", "-999", "-9999",
     "-9999.0", "n.v.", "nicht gemessen", "not measured", "missing", "/", "x", "n/a", "-"}
)  # fmt: skip
"""Texts in a column of numbers that mostly mean 'no value', in small letters."""


@dataclass(frozen=True)
class Sight:
    """One table of a file, read; `source` is `table` or `records` as in a mapping file.

    `encoding` is what the file was read in; `alone` is true where the file holds no other table.
    """

    source: str
    reading: Reading
    table: Table
    encoding: str
    thousands: str | None = None
    sheet: str = ""
    alone: bool = True


def look(path: Path, is_unit: IsUnit) -> list[Sight]:
    """Return the tables of a file: one of a text or JSON file, one for each sheet of a workbook that has one.

    Raises FaultsError where the file cannot be read or there is no table in it.
    """
    ending = path.suffix.lower()
    if ending in RECORDS:
        return [_records(path)]
    if ending in WORKBOOKS:
        return _workbook(path, is_unit)
    return [_text(path, is_unit)]


# Text


def encodings_of(path: Path) -> tuple[str, ...]:
    """Return the encodings to try for a text file: what its bytes say, else UTF-8, else that of Windows."""
    data = read_bytes(path)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ("utf-16",)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return ("utf-8", "cp1252")
    return ("utf-8",)


def _split(text: str, delimiter: str) -> list[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[Row] = []
    line = 1
    try:
        for cells in reader:
            rows.append(Row(line, tuple(cells)))
            line = reader.line_num + 1
            if len(rows) >= LOOKED_AT:
                break
    except csv.Error:
        return rows
    return rows


def _text(path: Path, is_unit: IsUnit) -> Sight:
    encodings = encodings_of(path)
    text, encoding = read_text(path, encodings)
    best: tuple[float, int, str, list[Row], int] | None = None
    for delimiter in DELIMITERS:
        rows = _split(text, delimiter)
        widths = Counter(len(row.cells) for row in rows if not row.empty and len(row.cells) > 1)
        if not widths:
            continue
        width, times = max(widths.items(), key=lambda item: (item[1], item[0]))
        header = _header_at([row.cells for row in rows])
        if header is None or len(rows[header].cells) != width:
            continue
        score = (times / sum(not row.empty for row in rows), width, delimiter, rows, header)
        if best is None or score[:2] > best[:2]:
            best = score
    if best is None:
        shown = text.lstrip("\ufeff").splitlines()[0][:60] if text.strip() else ""
        raise fault(
            path, f"no table is seen in it; it begins with '{shown}'. Is it a table with a line of names?"
        )
    _, _, delimiter, rows, header = best
    cells = [cell for row in rows[header + 1 :] for cell in row.cells]
    decimal, thousands = _signs(cells)
    reading = Reading(delimiter=delimiter, decimal=decimal, encodings=encodings, missing=frozenset(MISSING))
    reading = _with_header(reading, rows, header, is_unit)
    return Sight("table", *_read(path, reading, "table"), encoding, thousands)


def _signs(cells: Sequence[str]) -> tuple[str, str | None]:
    """Return the decimal sign of most numbers, and the sign between thousands where there is one.

    `1,200` alone may be either; a table in which a number has both signs, or two commas, says which.
    """
    plain = [cell.strip() for cell in cells]
    comma = sum(bool(_COMMA.fullmatch(cell)) for cell in plain)
    point = sum(bool(_POINT.fullmatch(cell)) for cell in plain)
    both = Counter(
        decimal
        for cell in plain
        for decimal, pattern in _THOUSANDS.items()
        if pattern.fullmatch(cell) and (decimal in cell or cell.count(_OTHER[decimal]) > 1)
    )
    if both:
        decimal = both.most_common(1)[0][0]
        return decimal, _OTHER[decimal]
    return ("," if comma > point else "."), None


def _read(path: Path, reading: Reading, source: str) -> tuple[Reading, Table]:
    """Return the table, with names that come twice numbered."""
    try:
        return reading, read_table(path, reading, source)
    except FaultsError as error:
        if "repeated: number" not in str(error):
            raise
        reading = replace(reading, repeated=True)
        return reading, read_table(path, reading, source)


# Header


def _header_at(rows: Sequence[Sequence[str]]) -> int | None:
    """Return the index of the first row that is as wide as the table and holds names, not values."""
    widths = [sum(bool(cell.strip()) for cell in row) for row in rows]
    width = max(widths, default=0)
    for index, row in enumerate(rows):
        filled = [cell.strip() for cell in row if cell.strip()]
        values = sum(bool(_NUMBER.fullmatch(cell) or _TIME.fullmatch(cell)) for cell in filled)
        below = any(widths[index + 1 :])
        if len(filled) >= 0.7 * width and len(filled) > 1 and values <= 0.3 * len(filled) and below:
            return index
    return None


def _with_header(reading: Reading, rows: Sequence[Row], header: int, is_unit: IsUnit) -> Reading:
    row = rows[header]
    first = row.cells[0].strip()
    above = [each for each in rows[:header] if not each.empty]
    find = bool(first) and not any(each.cells[0].strip() == first for each in above)
    at: int | str = first if above and find else row.number
    pairs = any(":" in each.cells[0] or sum(map(bool, map(str.strip, each.cells))) > 1 for each in above)
    units = header + 1 < len(rows) and _is_units(rows[header + 1].cells, is_unit)
    return replace(reading, header=at, header_rows=2 if units else 1, preamble=pairs)


def _is_units(cells: Sequence[str], is_unit: IsUnit) -> bool:
    filled = [cell.strip().strip("[]()") for cell in cells if cell.strip()]
    units = [cell for cell in filled if is_unit(cell)]
    return bool(filled) and len(units) >= 0.6 * len(filled) and not any(map(_NUMBER.fullmatch, filled))


# Workbooks


def _workbook(path: Path, is_unit: IsUnit) -> list[Sight]:
    sheet_values(path, None)  # tells what is wrong with a file that is no workbook
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    names = [(sheet.title, sheet.sheet_state == "visible") for sheet in book.worksheets]
    book.close()
    found: list[Sight] = []
    for name, visible in names:
        values, _, _ = sheet_values(path, name)
        width = max(map(len, values), default=0)
        texts = [
            Row(number, tuple(cell_text(v, ".") for v in (*row, *[None] * (width - len(row)))))
            for number, row in enumerate(values[:LOOKED_AT], start=1)
        ]
        header = _header_at([row.cells for row in texts]) if visible else None
        if header is None:
            continue
        typed = [v for row in values[header + 1 : LOOKED_AT] for v in row if isinstance(v, str)]
        decimal, thousands = _signs(typed)
        reading = Reading(decimal=decimal, sheet=name, missing=frozenset(MISSING))
        reading = _with_header(reading, texts, header, is_unit)
        found.append(Sight("table", *_read(path, reading, "table"), "utf-8", thousands, name))
    if not found:
        raise fault(path, "no sheet of it holds a table with a line of names.")
    return [replace(sight, alone=len(names) == 1) for sight in found]


# JSON


def _lists(value: Any, before: str) -> Iterator[tuple[str, int]]:
    """Yield (path, number of records) of each list of records, those inside others with all their records."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _lists(item, f"{before}.{key}" if before else key)
    elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        path = f"{before}[]"
        yield path, len(value)
        for item in value:
            yield from _lists(item, path)


def _records(path: Path) -> Sight:
    encodings = encodings_of(path)
    counts: Counter[str] = Counter()
    for name, number in _lists(parse_records(path, encodings), ""):
        counts[name] += number
    # Of lists of one length the inner one: it has the columns of the outer one, too.
    records = max(counts, key=lambda name: (counts[name], name.count("[]")), default="[]")
    reading = Reading(encodings=encodings, records=records, missing=frozenset(MISSING))
    table = read_table(path, reading, "records")
    texts = [text for column in table.frame for text in column.drop_nulls().to_list()]
    decimal, thousands = _signs(texts)
    if decimal == ",":
        reading = replace(reading, decimal=decimal)
        table = read_table(path, reading, "records")
    return Sight("records", reading, table, encodings[-1], thousands)
