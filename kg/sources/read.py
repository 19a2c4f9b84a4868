"""A path -> a table, by the ending of the file's name."""

from __future__ import annotations

from pathlib import Path

from kg.sources.csvfile import read_csv
from kg.sources.records import read_records
from kg.sources.table import Reading, Table
from kg.sources.text import fault
from kg.sources.xlsx import read_xlsx

RECORDS = (".json", ".jsonl", ".ndjson")
WORKBOOKS = (".xlsx", ".xlsm")


def read_table(path: Path, reading: Reading, source: str) -> Table:
    """Return a file as a table of text.

    Raises FaultsError where the file cannot be read as what its name and the mapping say.
    """
    ending = path.suffix.lower()
    if source == "records" and ending in WORKBOOKS:
        raise fault(path, "this is a workbook; write 'source: table' in the mapping.")
    if source == "records":
        return read_records(path, reading)
    if ending in RECORDS:
        raise fault(path, "this is JSON; write 'source: records' in the mapping.")
    return read_xlsx(path, reading) if ending in WORKBOOKS else read_csv(path, reading)
