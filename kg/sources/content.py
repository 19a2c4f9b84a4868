"""A source that is opened once: its digest, and its tables, all of one state."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from kg.sources.finish import finish
from kg.sources.read import read_table
from kg.sources.sql import Snapshot, is_connection
from kg.sources.table import Reading, Table
from kg.sources.text import read_bytes


class Content:
    """What a file holds, or what the database that it names returns.

    `sha256` is the digest of the bytes of a file, and for a database of what the queries return, so that
    unchanged data is not loaded again, and changed data is, though the connection file is the same.
    """

    def __init__(self, path: Path, readings: Sequence[Reading] = ()) -> None:
        """Open a source with all the ways in which the mappings read it.

        Raises FaultsError where the file or the database cannot be read.
        """
        self.path = path
        self._snapshot: Snapshot | None = None
        if is_connection(path) and any(reading.query for reading in readings):
            self._snapshot = Snapshot(path, readings)
            self.sha256 = self._snapshot.sha256
        else:
            self.sha256 = hashlib.sha256(read_bytes(path)).hexdigest()

    def table(self, reading: Reading, source: str) -> Table:
        """Return one table of the source.

        Raises FaultsError where it cannot be read as what its name and the mapping say.
        """
        if self._snapshot is not None and source == "sql":
            return finish(self._snapshot.table(reading), reading)
        return read_table(self.path, reading, source)
