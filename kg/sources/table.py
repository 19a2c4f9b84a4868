"""What a source is read into: columns of text, with the place of each row in its file."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Reading:
    """How a file is read; see the keys of `table` in docs/reference/mapping-language.md."""

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


@dataclass(frozen=True)
class BadRow:
    """A row that is no row of this table, with the reason."""

    place: str
    reason: str


@dataclass(frozen=True)
class Table:
    """Columns of text; `None` where a cell holds no value.

    `places` gives for each row its fragment in the file: `row=17` (RFC 7111) for CSV,
    `sheet=Name&row=17` for workbooks, `/cells/3` (RFC 6901) for JSON.
    `native_times` is true where times are typed in the source, so that they are ISO texts.
    """

    file: str
    frame: pl.DataFrame
    places: pl.Series
    bad: tuple[BadRow, ...] = ()
    encoding: str = "utf-8"
    native_times: bool = False

    @property
    def columns(self) -> list[str]:
        """Return the names of the columns, as in the header."""
        return self.frame.columns
