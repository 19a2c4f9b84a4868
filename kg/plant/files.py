"""Sheets -> CSV, XLSX and JSON files, each in the manner of the machine that writes it."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl

from kg.plant.sheets import Sheet, Value

ZONE = ZoneInfo("Europe/Berlin")


@dataclass(frozen=True)
class Dialect:
    """How a CSV of the line is written."""

    delimiter: str
    decimal: str
    encoding: str
    time: str


GERMAN = Dialect(";", ",", "cp1252", "%d.%m.%Y %H:%M")
ENGLISH = Dialect(",", ".", "utf-8", "%Y-%m-%dT%H:%M:%S")

DIALECTS = {
    "materialchargen_2026.csv": GERMAN,
    "mischen_2026-03.csv": GERMAN,
    "coating_2026-03.csv": ENGLISH,
    "trocknung_2026-03.csv": GERMAN,
    "slitting_2026-03.csv": ENGLISH,
    "stapeln_2026-03.csv": GERMAN,
    "filling_2026-03.csv": ENGLISH,
}

OPERATIONS_DIALECTS = {
    "maschinenzustaende_2026-03.csv": GERMAN,
    "maschinenliste_2026.csv": GERMAN,
    "instandhaltung_2026.csv": GERMAN,
    "einwaagen_2026-03.csv": GERMAN,
    "zusammensetzung_2026.csv": GERMAN,
    "cell_parts_2026-03.csv": ENGLISH,
}
"""Of the tables beside the process: machines, meters, upkeep, ageing, composition."""

WEB_DIALECTS = dict.fromkeys(
    (
        "wickelprotokoll_2026-03.csv",
        "schnittprotokoll_2026-03.csv",
        "separation_2026-03.csv",
        "bahninspektion_2026-03.csv",
    ),
    GERMAN,
)
"""Of the tables with metres of webs."""


def _text(value: Value, dialect: Dialect) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime(dialect.time)
    return str(value).replace(".", dialect.decimal) if isinstance(value, float) else str(value)


def csv_text(sheet: Sheet, dialect: Dialect) -> str:
    """Return a sheet as CSV with CRLF line ends."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=dialect.delimiter, lineterminator="\r\n")
    writer.writerows(sheet.head)
    writer.writerow(sheet.rows[0])
    writer.writerows([_text(value, dialect) for value in row.values()] for row in sheet.rows)
    return out.getvalue()


def _write_workbook(path: Path, sheets: list[Sheet]) -> None:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for sheet in sheets:
        page = book.create_sheet(sheet.name)
        for line in (*sheet.head, tuple(sheet.rows[0])):
            page.append(line)
        for row in sheet.rows:
            page.append(list(row.values()))
    book.save(path)


def _nest(row: dict[str, Value]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for name, value in row.items():
        *above, last = name.split(".")
        at = record
        for key in above:
            at = at.setdefault(key, {})
        at[last] = value.replace(tzinfo=ZONE).isoformat() if isinstance(value, datetime) else value
    return record


def tester_records(sheet: Sheet) -> dict[str, Any]:
    """Return the export of the end-of-line testers: stations, and under each its tests."""
    stations: dict[str, list[dict[str, Any]]] = {}
    for row in sheet.rows:
        record = _nest({name: value for name, value in row.items() if name != "stations.id"})
        cell, station = str(row["cell"]), str(row["stations.id"])
        record["images"] = [f"{cell}_top.png", f"{cell}_tab.png"]
        stations.setdefault(station, []).append(record)
    return {
        "stations": [
            {"id": name, "firmware": "7.4", "tests": tests} for name, tests in sorted(stations.items())
        ]
    }


def write(folder: Path, sheets: list[Sheet]) -> None:
    """Write all files; sheets of one workbook stand together in the order given."""
    books: dict[str, list[Sheet]] = {}
    for sheet in sheets:
        path = folder / sheet.file
        if path.suffix == ".csv":
            dialect = (DIALECTS | OPERATIONS_DIALECTS | WEB_DIALECTS)[sheet.file]
            path.write_bytes(csv_text(sheet, dialect).encode(dialect.encoding))
        elif path.suffix == ".json":
            text = json.dumps(tester_records(sheet), indent=1, ensure_ascii=False)
            path.write_text(text + "\n", encoding="utf-8")
        else:
            books.setdefault(sheet.file, []).append(sheet)
    for file, pages in books.items():
        _write_workbook(folder / file, pages)
