"""A path -> a table, by the ending of the file's name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kg.sources.csvfile import read_csv
from kg.sources.finish import finish
from kg.sources.parquet import read_parquet
from kg.sources.records import read_records
from kg.sources.sql import CONNECTIONS, is_connection, read_sql
from kg.sources.table import Reading, Table
from kg.sources.text import fault
from kg.sources.xlsx import read_xlsx
from kg.sources.xmlfile import ENDING as XML

JSON = (".json", ".jsonl", ".ndjson")
RECORDS = (*JSON, XML)
WORKBOOKS = (".xlsx", ".xlsm")
PARQUET = (".parquet", ".pq")

_KINDS: dict[str, tuple[str, str]] = {
    **dict.fromkeys(JSON, ("JSON", "records")),
    XML: ("XML", "records"),
    **dict.fromkeys(WORKBOOKS, ("a workbook", "table")),
    **dict.fromkeys(PARQUET, ("Parquet", "table")),
    **dict.fromkeys(CONNECTIONS, ("the address of a database", "sql")),
}
_READERS: dict[str, Callable[[Path, Reading], Table]] = {
    **dict.fromkeys(WORKBOOKS, read_xlsx),
    **dict.fromkeys(PARQUET, read_parquet),
}


def read_table(path: Path, reading: Reading, source: str) -> Table:
    """Return a file as a table of text.

    Raises FaultsError where the file cannot be read as what its name and the mapping say.
    """
    name = path.name.lower()
    what, kind = next((_KINDS[ending] for ending in _KINDS if name.endswith(ending)), ("", source))
    if kind != source:
        raise fault(path, f"this is {what}; write 'source: {kind}' in the mapping.")
    if source == "sql" and not is_connection(path):
        raise fault(path, f"'source: sql' reads a file {CONNECTIONS[0]} that says where the database is.")
    if source == "sql":
        return finish(read_sql(path, reading), reading)
    reader = read_records if source == "records" else _READERS.get(path.suffix.lower(), read_csv)
    return finish(reader(path, reading), reading)
