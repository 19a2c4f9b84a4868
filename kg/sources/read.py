"""A path -> a table, by the ending of the file's name."""

from __future__ import annotations

from pathlib import Path

from kg.sources.csvfile import read_csv
from kg.sources.records import read_records
from kg.sources.table import Reading, Table
from kg.sources.text import fault
from kg.sources.xlsx import read_xlsx

_READERS = {
    ".csv": read_csv,
    ".tsv": read_csv,
    ".txt": read_csv,
    ".xlsx": read_xlsx,
    ".xlsm": read_xlsx,
    ".json": read_records,
    ".jsonl": read_records,
    ".ndjson": read_records,
}


def read_table(path: Path, reading: Reading, source: str) -> Table:
    """Return a file as a table of text.

    Raises FaultsError where the file cannot be read as what its name and the mapping say.
    """
    reader = read_records if source == "records" else _READERS.get(path.suffix.lower(), read_csv)
    if source == "table" and reader is read_records:
        raise fault(path, "this is JSON; write 'source: records' in the mapping.")
    try:
        return reader(path, reading)
    except FileNotFoundError:
        raise fault(path, "there is no such file.") from None
