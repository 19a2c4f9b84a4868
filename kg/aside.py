"""Rows that could not be loaded -> a file in the form of their source, with the reason in each row."""

from __future__ import annotations

import copy
import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from kg.findings import Finding
from kg.sources.csvfile import csv_rows
from kg.sources.grid import SET_ASIDE_COLUMNS, Row, header_index
from kg.sources.parquet import parquet_aside
from kg.sources.read import PARQUET, RECORDS, WORKBOOKS
from kg.sources.records import LINES, pointer_token, xml_lists
from kg.sources.table import Reading, Table
from kg.sources.text import read_text
from kg.sources.xlsx import cell_text, sheet_values
from kg.sources.xmlfile import ENDING as XML
from kg.sources.xmlfile import pruned_xml

Rows = list[tuple[Table, Reading, list[Finding]]]
"""For each table of a file: how it was read, and the findings that set rows aside."""

Cells = tuple[object, ...]


def aside_name(name: str) -> str:
    """Return the name of the file with the rows set aside from a file of this name.

    >>> aside_name("calendering.csv")
    'calendering.set-aside.csv'
    """
    stem, dot, ending = name.rpartition(".")
    return f"{stem}.set-aside{dot}{ending}" if dot else f"{name}.set-aside"


def _reasons(rows: Rows) -> dict[str, str]:
    """Return the reasons of each row set aside, by its place in the file."""
    said: dict[str, dict[str, None]] = {}
    for table, _, findings in rows:
        for bad in table.bad:
            said.setdefault(bad.place, {})[f"{bad.reason}."] = None
        for finding in findings:
            column = f"{finding.column}: " if finding.column else ""
            said.setdefault(finding.place, {})[f"{column}{finding.message}"] = None
    return {place: " ".join(texts) for place, texts in said.items()}


def _row(place: str) -> int:
    """Return the number of a row from its place in the file."""
    return int(place.rsplit("row=", 1)[-1])


def _grid(path: Path, lines: list[Row], values: list[Cells], rows: Rows) -> Iterator[Cells]:
    """Yield what stands above the table, its header, and the rows set aside, as they stand in the source.

    `lines` are the rows of the source as text, `values` their cells as the source has them.
    """
    reasons = {_row(place): (place, said) for place, said in _reasons(rows).items()}
    file, reading = rows[0][0].file, rows[0][1]
    last = header_index(path, lines, reading.header, reading) + reading.header_rows - 1
    header = lines[last].cells
    while header and not header[-1].strip():
        header = header[:-1]
    # A file that was set aside itself has the columns already.
    kept = [index for index, name in enumerate(header) if name not in SET_ASIDE_COLUMNS]
    for index, (line, value) in enumerate(zip(lines, values, strict=True)):
        if index > last and line.number not in reasons:
            continue
        cells = [*value, *[None] * (len(header) - len(value))]
        if index < last:
            yield value
        elif index == last:
            yield (*(cells[number] for number in kept), *SET_ASIDE_COLUMNS)
        else:
            place, said = reasons[line.number]
            surplus = cells[len(header) :] if any(cell.strip() for cell in line.cells[len(header) :]) else []
            yield (*(cells[number] for number in kept), *surplus, said, f"{file}#{place}")


def _csv(path: Path, rows: Rows) -> bytes:
    reading = rows[0][1]
    lines, encoding = csv_rows(path, reading)
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=reading.delimiter, lineterminator="\n").writerows(
        _grid(path, lines, [line.cells for line in lines], rows)
    )
    return text.getvalue().encode(encoding, "replace")


def _xlsx(path: Path, rows: Rows) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    sheets: dict[str | None, Rows] = {}
    for row in rows:
        sheets.setdefault(row[1].sheet, []).append(row)
    for name, parts in sheets.items():
        values, title, _ = sheet_values(path, name)
        sheet = book.create_sheet(title)
        away = {_row(place) for place in _reasons(parts)}
        # Above the first row of the table stands its header; of rows that are loaded no text is needed.
        firsts = {_row(table.places[0]) for table, _, _ in parts if len(table.places)}
        top = min(away | firsts, default=len(values))
        lines = [
            Row(n, tuple(cell_text(value, ".") for value in row) if n <= top or n in away else ())
            for n, row in enumerate(values, start=1)
        ]
        for number, cells in enumerate(_grid(path, lines, values, parts), start=1):
            for column, value in enumerate(cells, start=1):
                if isinstance(value, str):
                    # A text that begins with '=' stays a text.
                    sheet.cell(number, column, ILLEGAL_CHARACTERS_RE.sub("", value)).data_type = "s"
                elif value is not None:
                    sheet.cell(number, column).value = value
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _prune(value: Any, pointer: str, reasons: dict[str, str], good: frozenset[str]) -> Any:
    """Return the content with only those records, and what is above them; `good` are the other records."""
    if pointer in reasons:
        return {**copy.deepcopy(value), "kg_reason": reasons[pointer]}
    inside = f"{pointer}/"
    if isinstance(value, list):
        keep = [place for place in reasons if place.startswith(inside)]
        wanted = sorted({int(place.removeprefix(inside).split("/")[0]) for place in keep})
        return [_prune(value[index], f"{inside}{index}", reasons, good) for index in wanted]
    if isinstance(value, dict):
        pruned = {}
        for key, item in value.items():
            below = inside + pointer_token(key)
            holds = any(place == below or place.startswith(f"{below}/") for place in reasons)
            if below not in good:
                pruned[key] = _prune(item, below, reasons, good) if holds else item
        return pruned
    return value


def _json(path: Path, rows: Rows) -> bytes:
    text, encoding = read_text(path, rows[0][1].encodings)
    ascii_ = not encoding.lower().startswith("utf")
    reasons = _reasons(rows)
    good = frozenset(place for table, _, _ in rows for place in table.places) - reasons.keys()
    if path.suffix.lower() not in LINES:
        out = json.dumps(_prune(json.loads(text), "", reasons, good), ensure_ascii=ascii_, indent=2)
    else:
        lines = [json.loads(line) for line in text.split("\n") if line.strip()]
        out = "".join(
            f"{json.dumps(line, ensure_ascii=ascii_)}\n" for line in _prune(lines, "", reasons, good)
        )
    return out.encode(encoding)


def _xml(path: Path, rows: Rows) -> bytes:
    reasons = _reasons(rows)
    places = {place for table, _, _ in rows for place in table.places}
    lists = frozenset[str]().union(*(xml_lists(reading) for _, reading, _ in rows))
    return pruned_xml(path, reasons, places, lists)


def aside_bytes(path: Path, rows: Rows) -> bytes:
    """Return the file of rows set aside, in the form of the source, ready to be mended and loaded."""
    ending = path.suffix.lower()
    if ending == XML:
        return _xml(path, rows)
    if ending in RECORDS:
        return _json(path, rows)
    if ending in PARQUET:
        return parquet_aside(path, _reasons(rows))
    return _xlsx(path, rows) if ending in WORKBOOKS else _csv(path, rows)


def aside_report(findings: list[Finding]) -> bytes:
    """Return the findings on an RDF source as JSON; its statements are mended in the source itself."""
    return json.dumps([finding.as_dict() for finding in findings], ensure_ascii=False, indent=2).encode()
