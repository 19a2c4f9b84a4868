"""A text export of a tester -> columns of text; the header is found by what stands in it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from kg.sources.cyclers.recording import Aside
from kg.sources.cyclers.spec import DELIMITERS, InstrumentMap, fold
from kg.sources.text import fault

HEAD = 400
"""Lines among which the header is looked for; the programs that stand above it can be long."""
LINE = "kg line"
_UNIT = "\x1f"
"""The unit separator, which stands between cells where their delimiter is also inside of them."""


@dataclass(frozen=True)
class Raw:
    """The table of a file before its values are read: columns of text or of numbers, and lines."""

    frame: pl.DataFrame
    head: str = ""
    aside: tuple[Aside, ...] = ()


def decode(data: bytes, encodings: Iterable[str]) -> str | None:
    """Return bytes as text in the first encoding that fits, or None."""
    for encoding in encodings:
        try:
            return data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    return None


def cells_of(line: str, map_: InstrumentMap) -> list[str]:
    """Return the cells of one line."""
    line = line.strip("\r\n")
    if map_.spec.quoted_lines:
        line = line.strip().strip('"')
    delimiter = DELIMITERS[map_.spec.delimiter]
    if '"' not in line:
        return [cell.strip() for cell in line.split(delimiter)]
    return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]


def header_line(head: list[str], map_: InstrumentMap) -> int | None:
    """Return the index of the header among the first lines of a file, or None where the map does not fit."""
    if not all(any(mark in line for line in head) for mark in map_.spec.marks):
        return None
    wanted = map_.detect
    for index, line in enumerate(head):
        here = {fold(cell) for cell in cells_of(line, map_)}
        if all(here & names for names in wanted):
            return index
    return None


def known_headers(head: list[str], map_: InstrumentMap) -> int:
    """Return how many headers of the file the map knows."""
    index = header_line(head, map_)
    if index is None:
        return 0
    return sum(fold(cell) in map_.targets for cell in cells_of(head[index], map_))


def _names(header: list[str]) -> list[str]:
    """Return names for all cells of a header: of columns with one name the second is `Name (2)`."""
    seen: dict[str, int] = {}
    names = []
    for position, cell in enumerate(header, start=1):
        name = cell or f"column {position}"
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return names


def read_text_table(path: Path, data: bytes, map_: InstrumentMap) -> Raw:
    """Return the table of a text export; rows with too few or too many cells are kept aside.

    Raises FaultsError where the text is in none of the encodings of the map.
    """
    text = decode(data, map_.spec.encoding)
    if text is None:
        raise fault(path, f"the text is not {' or '.join(map_.spec.encoding)}, which {map_.file} expects.")
    lines = text.split("\n")
    start = header_line(lines[:HEAD], map_)
    assert start is not None, "the map was chosen by its header"
    header = cells_of(lines[start], map_)
    while header and not header[-1]:
        header = header[:-1]
    head = "\n".join(line.rstrip("\r") for line in lines[:start]).strip()
    delimiter = DELIMITERS[map_.spec.delimiter]
    rows = pl.DataFrame(
        {
            LINE: pl.Series(range(start + 2, len(lines) + 1), dtype=pl.Int64),
            "text": pl.Series(lines[start + 1 :], dtype=pl.String).str.strip_chars_end("\r"),
        }
    )
    if map_.spec.quoted_lines:
        rows = rows.with_columns(pl.col("text").str.strip_chars('"'))
    elif '"' in text:
        rows, delimiter = _unquoted(rows, delimiter)
    rows = rows.filter(pl.col("text").str.strip_chars(f"{delimiter} \t") != "")
    rows, aside = _of_width(rows, delimiter, len(header))
    names = _names(header)
    if rows.is_empty():
        table = pl.DataFrame({name: pl.Series([], dtype=pl.String) for name in names})
        return Raw(table.with_columns(pl.Series(LINE, [], dtype=pl.Int64)), head, aside)
    table = pl.read_csv(
        io.BytesIO("\n".join(rows["text"].to_list()).encode()),
        has_header=False,
        separator=delimiter,
        infer_schema=False,
        quote_char=None,
    )
    table = table.select(table.columns[: len(header)])
    table.columns = names
    return Raw(table.with_columns(rows[LINE]), head, aside)


def _unquoted(rows: pl.DataFrame, delimiter: str) -> tuple[pl.DataFrame, str]:
    """Return rows without quotation marks, their cells joined by a sign that no cell holds, and that sign.

    Quotation marks may hold the delimiter, so these rows are read one by one.
    """
    has = pl.col("text").str.contains('"', literal=True)
    quoted = rows.filter(has)
    texts = [_UNIT.join(next(csv.reader([line], delimiter=delimiter))) for line in quoted["text"].to_list()]
    plain = rows.filter(~has).with_columns(pl.col("text").str.replace_all(delimiter, _UNIT, literal=True))
    return pl.concat([plain, quoted.with_columns(pl.Series("text", texts))]).sort(LINE), _UNIT


def _of_width(rows: pl.DataFrame, delimiter: str, width: int) -> tuple[pl.DataFrame, tuple[Aside, ...]]:
    """Return the rows with as many cells as the header, and the others, without empty cells at the end."""
    rows = rows.with_columns((pl.col("text").str.count_matches(delimiter, literal=True) + 1).alias("count"))
    odd = rows.filter(pl.col("count") != width)
    if odd.is_empty():
        return rows, ()
    surplus = pl.col("text").str.split(delimiter).list.slice(width).list.join("").str.strip_chars() != ""
    wrong = odd.filter((pl.col("count") < width) | surplus).select(LINE, "text", "count")
    aside = tuple(
        Aside(line, f"the row has {found} cells; the header has {width}.", text.replace(_UNIT, ","))
        for line, text, found in wrong.iter_rows()
    )
    # Rows of one file then have one width: what follows the last header is cut, as it is empty.
    rows = rows.filter(~pl.col(LINE).is_in(wrong[LINE].implode()))
    cut = pl.col("text").str.split(delimiter).list.head(width).list.join(delimiter)
    return rows.with_columns(
        pl.when(pl.col("count") > width).then(cut).otherwise("text").alias("text")
    ), aside
