"""Cells of text, in columns, with a header somewhere above them -> a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from kg.errors import Fault, FaultsError
from kg.near import quoted
from kg.sources.table import BadRow, Reading, Table
from kg.sources.text import fault

SET_ASIDE_COLUMNS = ("kg_reason", "kg_source")
"""Columns that the product adds to rows set aside; they are dropped when the file is loaded again."""


@dataclass(frozen=True)
class Row:
    """One row of a sheet: its number as a spreadsheet shows it, and its cells."""

    number: int
    cells: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """Return whether no cell holds anything."""
        return not any(cell.strip() for cell in self.cells)


# What Python's strip() takes for blank; polars strips fewer signs by itself.
_BLANK = "".join(filter(str.isspace, map(chr, range(0x3001))))


@dataclass(frozen=True)
class Grid:
    """The cells of a sheet in columns of text, and for each row its number and how many cells it has.

    A cell that a row does not have is null, and one without content is an empty text.
    """

    columns: list[pl.Series]
    numbers: pl.Series
    widths: pl.Series

    @classmethod
    def of_rows(cls, rows: Sequence[Row]) -> Grid:
        """Return the cells of rows."""
        width = max((len(row.cells) for row in rows), default=0)
        texts: list[list[str | None]] = [[] for _ in range(width)]
        for row in rows:
            for column, cell in zip(texts, (*row.cells, *[None] * (width - len(row.cells))), strict=True):
                column.append(cell)
        return cls(
            [pl.Series(text, dtype=pl.String) for text in texts],
            pl.Series([row.number for row in rows], dtype=pl.Int64),
            pl.Series([len(row.cells) for row in rows], dtype=pl.Int64),
        )

    def with_rows(self, rows: Sequence[Row]) -> Grid:
        """Return the cells together with those of other rows, in the order of the numbers."""
        frames = []
        for grid in (self, Grid.of_rows(rows)):
            named = [column.alias(f"{number}") for number, column in enumerate(grid.columns)]
            frames.append(pl.DataFrame([grid.numbers.alias("number"), grid.widths.alias("width"), *named]))
        both = pl.concat(frames, how="diagonal").sort("number")
        return Grid(both.drop("number", "width").get_columns(), both["number"], both["width"])

    def rows(self, end: int) -> list[Row]:
        """Return the first rows."""
        cells = zip(*(column[:end] for column in self.columns), strict=True)
        heads = zip(self.numbers[:end], self.widths[:end], cells, strict=True)
        return [Row(number, each[:width]) for number, width, each in heads]

    def stripped(self) -> pl.DataFrame:
        """Return the columns without blanks around the cells."""
        texts = [column.alias(str(number)) for number, column in enumerate(self.columns)]
        return pl.DataFrame(texts).select(pl.all().str.strip_chars(_BLANK))


def _delimiter_hint(text: str, reading: Reading) -> str:
    """Return a question where a cell holds the sign that may be the true delimiter, else nothing."""
    other = next((sign for sign in ";\t|," if sign != reading.delimiter and sign in text), None)
    shown = "tab" if other == "\t" else other
    return f" Is the delimiter '{shown}'?" if other else ""


def header_index(path: Path, rows: list[Row], header: int | str, reading: Reading) -> int:
    """Return the index of the first row of the header.

    Raises FaultsError where there is none.
    """
    if isinstance(header, str):
        for index, row in enumerate(rows):
            if row.cells and row.cells[0].strip() == header:
                return index
        like = next((row.cells[0] for row in rows if row.cells and row.cells[0].startswith(header)), "")
        hint = _delimiter_hint(like.removeprefix(header)[:1], reading)
        text = (
            f"no row begins with the cell '{header}', which the mapping names as the head of the table.{hint}"
        )
        raise fault(path, text)
    for index, row in enumerate(rows):
        if row.number >= header and not row.empty:
            return index
        if row.number >= header:
            text = (
                f"row {header}, where the mapping looks for the header, is empty. Give its row under 'table'."
            )
            raise fault(path, text, header)
    raise fault(path, f"the header should be in row {header}, but the file ends before it.")


def _header(path: Path, rows: list[Row], reading: Reading) -> list[str]:
    """Return the names of the columns; a name in several rows or lines becomes one line."""
    width = max(len(row.cells) for row in rows)
    names = [
        " ".join(" ".join(row.cells[index] for row in rows if index < len(row.cells)).split())
        for index in range(width)
    ]
    while names and not names[-1]:
        names.pop()
    if reading.repeated:
        names = _numbered(names)
    if len(names) == 1 and (hint := _delimiter_hint(names[0], reading)):
        raise fault(path, f"the header is one single column, '{names[0]}'.{hint}", rows[0].number)
    faults = []
    if twice := [name for name, count in Counter(names).items() if count > 1 and name]:
        text = (
            f"the header has {quoted(twice)} more than once. Rename all but one, or write 'repeated: number'."
        )
        faults.append(Fault(path.name, rows[0].number, text))
    if "" in names:
        numbers = ", ".join(str(number) for number, name in enumerate(names, start=1) if not name)
        column = "columns" if "," in numbers else "column"
        text = f"{column} {numbers} without a name in the header. Name what holds data, delete the rest."
        faults.append(Fault(path.name, rows[0].number, text))
    if faults:
        raise FaultsError(faults)
    return names


def _numbered(names: list[str]) -> list[str]:
    """Return names of which a repeated one carries its number: `T`, `T (2)`."""
    seen: Counter[str] = Counter()
    numbered = []
    for name in names:
        seen[name] += 1
        numbered.append(name if seen[name] == 1 or not name else f"{name} ({seen[name]})")
    return numbered


def _preamble(rows: list[Row]) -> dict[str, str]:
    """Return the values of lines such as `Line: 1`, in one cell or in several, by `preamble.Line`."""
    pairs: dict[str, list[str]] = {}
    for row in rows:
        first, *rest = [cell.strip() for cell in row.cells] or [""]
        name, colon, value = first.partition(":")
        values = [text for text in (value.strip(), *rest) if text]
        if name.strip() and (colon or values):
            pairs.setdefault(f"preamble.{name.strip()}", []).append(" ".join(values))
    # A name that comes twice keeps both values, one a line.
    return {name: "\n".join(filter(None, values)) for name, values in pairs.items()}


def _head(grid: Grid, cells: pl.DataFrame, reading: Reading) -> list[Row]:
    """Return the rows down to the last one of the header, or all rows where there is no header."""
    if isinstance(reading.header, str):
        found = (cells["0"] == reading.header).fill_null(False)
    else:
        found = grid.numbers >= reading.header
    end = found.arg_max() if found.any() else None
    return grid.rows(grid.numbers.len() if end is None else end + reading.header_rows)


def table_of_grid(
    path: Path,
    grid: Grid,
    reading: Reading,
    *,
    place: str,
    encoding: str = "utf-8",
    native_times: bool = False,
) -> Table:
    """Return the table in a grid of cells; `place` is the pattern of a row's fragment.

    Raises FaultsError where there is no header, a column has no name, or two have the same.
    """
    cells = grid.stripped()
    filled = cells.select(filled=pl.any_horizontal(pl.lit(False), pl.all().fill_null("") != ""))["filled"]
    if not filled.any():
        raise fault(path, "the table is empty. Export it again, or leave it out.")
    head = _head(grid, cells, reading)
    start = header_index(path, head, reading.header, reading)
    end = start + reading.header_rows
    names = _header(path, head[start:end], reading)
    preamble = _preamble(head[:start]) if reading.preamble else {}
    beyond = cells.columns[len(names) :]
    surplus = cells.select(kg=pl.any_horizontal(pl.lit(False), pl.col(beyond).fill_null("") != ""))["kg"]
    below = filled & (pl.int_range(filled.len(), eager=True) >= end)
    bad = below & (surplus | (grid.widths < len(names)))
    good = below & ~bad
    told = zip(grid.numbers.filter(bad), grid.widths.filter(bad), strict=True)
    kept = cells[:, : len(names)].filter(good)
    texts = {
        name: column
        for name, column in zip(names, kept.iter_columns(), strict=True)
        if name not in SET_ASIDE_COLUMNS
    }
    texts |= {
        name: pl.repeat(text, kept.height, dtype=pl.String, eager=True) for name, text in preamble.items()
    }
    before, after = place.replace("{{", "{").replace("}}", "}").rsplit("{}", 1)
    places = pl.select(pl.concat_str(pl.lit(before), grid.numbers.filter(good), pl.lit(after))).to_series()
    return Table(
        path.name,
        frame_of_texts(texts, reading),
        places.alias("place"),
        tuple(
            BadRow(place.format(number), f"{width} cells where the header has {len(names)}")
            for number, width in told
        ),
        encoding,
        native_times,
    )


def frame_of_texts(texts: Mapping[str, Sequence[str] | pl.Series], reading: Reading) -> pl.DataFrame:
    """Return columns of text; null where a cell is empty or its text means 'no value'."""
    frame = pl.DataFrame(texts, schema=dict.fromkeys(texts, pl.String))
    none = ["", *reading.missing]
    return frame.select(pl.when(~pl.col(name).is_in(none)).then(pl.col(name)).alias(name) for name in texts)
