"""What a file of a tester is read into: a column for each quantity, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl


@dataclass(frozen=True)
class Column:
    """One column of a recording.

    `source` is its header in the file; `unit` and `term` are IRIs, empty where the column is kept as text
    under its own name; `bdf` says whether the name is one of the Battery Data Format.
    """

    name: str
    source: str
    unit: str = ""
    term: str = ""
    bdf: bool = False

    @property
    def mapped(self) -> bool:
        """Return whether a map says what the column is."""
        return bool(self.unit)


@dataclass(frozen=True)
class Aside:
    """A row that could not be read: its line in the file, the reason, and the row as it stands there."""

    line: int
    reason: str
    text: str


@dataclass(frozen=True)
class Recording:
    """One table of a file of a tester.

    `part` tells the tables of one file apart and is empty where there is only one; `grain` is `samples`
    (a row is a moment) or `cycles` (a row is a cycle). The rows stand in the order of the file.
    `head` is the text above the table, `notes` what a reader has to know of the values.
    """

    map: str
    digest: str
    title: str
    grain: str
    frame: pl.DataFrame
    columns: tuple[Column, ...]
    part: str = ""
    aside: tuple[Aside, ...] = ()
    head: str = ""
    notes: tuple[str, ...] = field(default=())
