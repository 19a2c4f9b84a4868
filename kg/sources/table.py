"""What a source is read into: columns of text, with the place of each row in its file."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

import polars as pl

TEXT_OF = "{} (text)"
"""The name of the column that takes the cells of a column that are no numbers."""


@dataclass(frozen=True)
class Reading:
    """How a file is read; see the keys of `table` in docs/reference/mapping-language.md.

    `may_lack` is true where a file may have none of these records.
    `keyed` are paths of lists of objects, with the keys by which these objects are named.
    `units` are pairs of columns: a value, and the unit of that value in the same row.
    `otherwise` are columns in which a cell that is no number becomes a text, in a column of its own.
    `whole` are columns that stay one text even where a record holds an object there.
    `left_out` are patterns of columns that are left out, unless `named` holds them.
    `row` is the table and the columns that name a row of a database.
    """

    delimiter: str = ","
    decimal: str = "."
    encodings: tuple[str, ...] = ("utf-8",)
    header: int | str = 1
    header_rows: int = 1
    preamble: bool = False
    sheet: str | None = None
    records: str = "[]"
    missing: frozenset[str] = frozenset()
    repeated: bool = False
    may_lack: bool = False
    keyed: tuple[tuple[str, tuple[str, ...]], ...] = ()
    query: str = ""
    row: tuple[str, tuple[str, ...]] = ("", ())
    units: tuple[tuple[str, str], ...] = ()
    otherwise: tuple[str, ...] = ()
    whole: frozenset[str] = frozenset()
    named: frozenset[str] = frozenset()
    left_out: tuple[str, ...] = ()

    def leaves_out(self, column: str) -> bool:
        """Return whether the mapping leaves a column out by a pattern."""
        return column not in self.named and any(_fits(column, pattern) for pattern in self.left_out)


@functools.lru_cache(4096)
def _fits(column: str, pattern: str) -> bool:
    # Names hold `[` and `?`, so that only the asterisk is a sign.
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), column, re.DOTALL) is not None


@dataclass(frozen=True)
class BadRow:
    """A row that is no row of this table, with the reason."""

    place: str
    reason: str


@dataclass(frozen=True)
class Table:
    """Columns of text; `None` where a cell holds no value.

    `places` gives for each row its fragment in the file: `row=17` (RFC 7111) for CSV,
    `sheet=Name&row=17` for workbooks, `/cells/3` (RFC 6901) for JSON, `table=cell&id=17` for databases.
    `native_times` is true where times are typed in the source, so that they are ISO texts.
    `left_out` counts the values of the columns that the mapping leaves out by a pattern.
    """

    file: str
    frame: pl.DataFrame
    places: pl.Series
    bad: tuple[BadRow, ...] = ()
    encoding: str = "utf-8"
    native_times: bool = False
    left_out: tuple[tuple[str, int], ...] = ()

    @property
    def columns(self) -> list[str]:
        """Return the names of the columns, as in the header."""
        return self.frame.columns
