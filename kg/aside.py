"""Rows that could not be loaded -> a file in the form of their source, with the reason in each row."""

from __future__ import annotations

import copy
import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import openpyxl

from kg.findings import Finding
from kg.sources.grid import SET_ASIDE_COLUMNS
from kg.sources.table import Reading, Table

Rows = list[tuple[Table, Reading, list[Finding]]]
"""For each table of a file: how it was read, and the findings that set rows aside."""


def aside_name(name: str) -> str:
    """Return the name of the file with the rows set aside from a file of this name.

    >>> aside_name("calendering.csv")
    'calendering.set-aside.csv'
    """
    stem, dot, ending = name.rpartition(".")
    return f"{stem}.set-aside{dot}{ending}" if dot else f"{name}.set-aside"


def _reasons(findings: Iterable[Finding]) -> dict[str, str]:
    reasons: dict[str, list[str]] = {}
    for finding in findings:
        column = f"{finding.column}: " if finding.column else ""
        reasons.setdefault(finding.place, []).append(f"{column}{finding.message}")
    return {place: " ".join(dict.fromkeys(said)) for place, said in reasons.items()}


def _grid(table: Table, findings: list[Finding]) -> list[list[str]]:
    """Return header and rows, in the order of the file; cells are as they stand there."""
    reasons = _reasons(findings)
    columns = [column for column in table.columns if not column.startswith("preamble.")]
    rows: list[tuple[str, list[str]]] = []
    frame = table.frame.select(columns)
    for place, cells in zip(table.places, frame.iter_rows(), strict=True):
        if place in reasons:
            rows.append((place, ["" if cell is None else cell for cell in cells]))
    for bad in table.bad:
        cells = [*bad.cells, *[""] * (len(columns) - len(bad.cells))]
        rows.append((bad.place, cells))
        reasons.setdefault(bad.place, bad.reason)
    rows.sort(key=lambda row: int(row[0].rsplit("=", 1)[-1]) if "=" in row[0] else 0)
    header = [*columns, *SET_ASIDE_COLUMNS]
    return [header, *([*cells, reasons[place], f"{table.file}#{place}"] for place, cells in rows)]


def _preamble(table: Table, delimiter: str) -> list[list[str]]:
    return [
        [f"{column.removeprefix('preamble.')}:", table.frame[column][0] or ""]
        for column in table.columns
        if column.startswith("preamble.") and table.frame.height
    ]


def _csv(rows: Rows) -> bytes:
    table, reading, findings = rows[0]
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=reading.delimiter, lineterminator="\n")
    lines = _preamble(table, reading.delimiter)
    # The header stands where the mapping looks for it.
    gap = reading.header - 1 - len(lines) if isinstance(reading.header, int) else 0
    writer.writerows([*lines, *[[]] * max(gap, 0), *_grid(table, findings)])
    return text.getvalue().encode(table.encoding, "replace")


def _xlsx(rows: Rows) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for number, (table, reading, findings) in enumerate(rows, start=1):
        sheet = book.create_sheet(reading.sheet or f"Sheet{number}")
        gap = reading.header - 1 if isinstance(reading.header, int) else 0
        for row in [*[[]] * gap, *_grid(table, findings)]:
            sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _prune(value: Any, pointer: str, reasons: dict[str, str]) -> Any:
    """Return the content with only those records, and what is above them."""
    if pointer in reasons:
        return {**copy.deepcopy(value), "kg_reason": reasons[pointer]}
    inside = f"{pointer}/"
    if isinstance(value, list):
        keep = [place for place in reasons if place.startswith(inside)]
        wanted = sorted({int(place.removeprefix(inside).split("/")[0]) for place in keep})
        return [_prune(value[index], f"{inside}{index}", reasons) for index in wanted]
    if isinstance(value, dict):
        pruned = {}
        for key, item in value.items():
            below = inside + key.replace("~", "~0").replace("/", "~1")
            holds = any(place == below or place.startswith(f"{below}/") for place in reasons)
            pruned[key] = _prune(item, below, reasons) if holds else item
        return pruned
    return value


def _json(path: Path, rows: Rows) -> bytes:
    reasons: dict[str, str] = {}
    for _, _, findings in rows:
        reasons |= _reasons(findings)
    encoding = rows[0][0].encoding
    text = path.read_text(encoding="utf-8-sig" if encoding == "utf-8" else encoding)
    if path.suffix.lower() == ".json":
        return json.dumps(_prune(json.loads(text), "", reasons), ensure_ascii=False, indent=2).encode()
    lines = [json.loads(line) for line in text.splitlines() if line.strip()]
    pruned = _prune(lines, "", reasons)
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in pruned).encode()


def aside_bytes(path: Path, rows: Rows) -> bytes:
    """Return the file of rows set aside, in the form of the source, ready to be mended and loaded."""
    ending = path.suffix.lower()
    if ending in (".json", ".jsonl", ".ndjson"):
        return _json(path, rows)
    return _xlsx(rows) if ending in (".xlsx", ".xlsm") else _csv(rows)


def aside_report(findings: list[Finding]) -> bytes:
    """Return the findings on an RDF source as JSON; its statements are mended in the source itself."""
    return json.dumps([finding.as_dict() for finding in findings], ensure_ascii=False, indent=2).encode()
