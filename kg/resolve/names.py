"""A file -> the names in it that may be resolved: column headers, keys, or lines of text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from kg.errors import FaultsError
from kg.sources.csvfile import csv_rows
from kg.sources.grid import SET_ASIDE_COLUMNS
from kg.sources.records import parse_records
from kg.sources.table import Reading
from kg.sources.text import fault, read_text
from kg.sources.xlsx import cell_text, sheet_values

ENCODINGS = ("utf-8", "cp1252", "latin-1")
DELIMITERS = ("\t", ";", ",", "|")
WORKBOOKS, RECORDS = (".xlsx", ".xlsm"), (".json", ".jsonl", ".ndjson", ".jsonld", ".xml")
TABLES = (".csv", ".tsv", ".tab")
LOOKED_AT = 400
"""Rows in which the header of a table is looked for."""

IsUnit = Callable[[str], bool]
_NUMBER = re.compile(r"[+-]?[\d.,:/\s-]*\d[\d.,:/\s-]*(?:[eE][+-]?\d+)?%?")


def names_in(path: Path, is_unit: IsUnit, sheet: str | None = None) -> list[str]:
    """Return the names that a file holds, each once, in the order of the file.

    A workbook and a delimited text give the cells of their header, which may stand below a preamble and
    above a row of units; JSON gives the paths of its values; any other text gives one name for each line.
    `is_unit` tells whether a text is a unit, `sheet` names the sheet of a workbook.
    Raises FaultsError where the file cannot be read or holds no name.
    """
    ending = path.suffix.lower()
    if ending in WORKBOOKS:
        values, _, _ = sheet_values(path, sheet)
        rows = [[cell_text(value, ".") for value in row] for row in values[:LOOKED_AT]]
        found = _header(rows, is_unit)
    elif ending in RECORDS:
        found = list(_paths(parse_records(path, ENCODINGS)))
    else:
        found = _text_names(path, ending, is_unit)
    names = [name for name in dict.fromkeys(" ".join(each.split()) for each in found) if name]
    names = [name for name in names if name not in SET_ASIDE_COLUMNS]
    if not names:
        raise fault(path, "there is no name of a column or value in it.")
    return names


def _text_names(path: Path, ending: str, is_unit: IsUnit) -> list[str]:
    text, _ = read_text(path, ENCODINGS)
    lines = [line for line in text.splitlines()[:LOOKED_AT] if line.strip()]
    delimiter = _delimiter(lines)
    if ending not in TABLES and delimiter not in ("\t", ";"):
        return text.splitlines()
    if delimiter is None:
        return lines[:1]
    try:
        rows = [row.cells for row in csv_rows(path, Reading(delimiter=delimiter, encodings=ENCODINGS))[0]]
    except FaultsError:
        # A stray quotation mark somewhere in the data is no matter for the header.
        rows = [tuple(line.split(delimiter)) for line in lines]
    return _header([list(row) for row in rows[:LOOKED_AT]], is_unit)


def _delimiter(lines: Sequence[str]) -> str | None:
    """Return the sign that splits most lines into the same number of cells, at least two.

    Of several such signs it is the one with the most cells: a cell may hold a list or a decimal comma.
    """
    best: tuple[int, int, int] = (0, 0, 0)
    chosen = None
    for sign in DELIMITERS:
        counts = Counter(line.count(sign) for line in lines if sign in line)
        cells, times = max(counts.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
        fit = (cells, times) if times > 0.6 * len(lines) else (0, 0)
        if times >= min(2, len(lines)) and (*fit, times) > best:
            best, chosen = (*fit, times), sign
    return chosen


def _header(rows: Sequence[Sequence[str]], is_unit: IsUnit) -> list[str]:
    """Return the cells of the first wide row of texts, with the units of the row below it."""
    width = max((sum(bool(cell.strip()) for cell in row) for row in rows), default=0)
    for place, row in enumerate(rows):
        cells = [cell.strip() for cell in row]
        filled = [cell for cell in cells if cell]
        texts = [cell for cell in filled if not _NUMBER.fullmatch(cell)]
        if len(filled) < 0.6 * width or len(texts) < 0.6 * len(filled) or not texts:
            continue
        below = [cell.strip() for cell in rows[place + 1]] if place + 1 < len(rows) else []
        return _with_units(cells, below, is_unit)
    return []


def _with_units(cells: list[str], below: list[str], is_unit: IsUnit) -> list[str]:
    bare = [cell.strip("[]()") for cell in below]
    filled = [cell for cell in bare if cell]
    units = [cell for cell in filled if is_unit(cell)]
    if not filled or len(units) < 0.6 * len(filled) or any(map(_NUMBER.fullmatch, filled)):
        return cells
    pairs = zip(cells, [*bare, *[""] * len(cells)], strict=False)
    return [f"{cell} [{unit}]" if cell and unit in units else cell for cell, unit in pairs]


def _paths(value: Any, before: str = "") -> Iterator[str]:
    """Yield the path of each value of JSON: keys with dots between them, `[]` for each list of records."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _paths(item, f"{before}.{key}" if before else str(key))
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for item in value:
            yield from _paths(item, f"{before}[]" if before else "")
    elif before:
        yield before
