"""A Parquet file -> a table: typed columns become the text that a CSV with the same values has."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl

from kg.errors import Fault, FaultsError
from kg.sources.grid import SET_ASIDE_COLUMNS, frame_of_texts
from kg.sources.records import leaves
from kg.sources.table import Reading, Table
from kg.sources.text import fault, read_bytes

_WHOLE = 1e15
"""Below this, a float without a fraction is written without a point, as in a workbook."""


def _frame(path: Path) -> pl.DataFrame:
    data = read_bytes(path)
    try:
        return pl.read_parquet(io.BytesIO(data))
    except (pl.exceptions.PolarsError, OSError) as error:
        said = str(error).splitlines()[0].rstrip(".")
        text = f"this is not a whole Parquet file: {said}. Copy or export it again."
        raise fault(path, text) from None


def _texts(column: pl.Series, decimal: str) -> pl.Series:
    """Return a typed column as text, with every digit that it has."""
    kind, value = column.dtype, pl.col(column.name)
    if kind.is_float():
        whole = value.is_finite() & (value == value.floor()) & (value.abs() < _WHOLE)
        plain = pl.when(whole).then(value).cast(pl.Int64).cast(pl.String)
        text = pl.coalesce(plain, value.cast(pl.String)).str.replace(".", decimal, literal=True)
    elif isinstance(kind, pl.Decimal):
        text = value.cast(pl.String).str.replace(".", decimal, literal=True)
    elif isinstance(kind, pl.Datetime):
        text = _times(value, kind)
    elif kind == pl.Duration:
        # Python divides once; polars multiplies by a reciprocal, which leaves noise in the last digit.
        seconds = [None if one is None else one / 1e9 for one in column.dt.total_nanoseconds()]
        return _texts(pl.Series(column.name, seconds, dtype=pl.Float64), decimal)
    elif kind == pl.Time:
        text = value.dt.to_string("%H:%M:%S%.f")
    else:
        text = value.cast(pl.String)
    return column.to_frame().select(text)[column.name]


def _times(value: pl.Expr, kind: pl.Datetime) -> pl.Expr:
    # A time of whole seconds has no fraction in a CSV; one of a nanosecond has nine digits.
    form = "%Y-%m-%dT%H:%M:%S%.f" + ("%:z" if kind.time_zone else "")
    return value.dt.to_string(form)


def parquet_frame(path: Path, decimal: str = ".") -> pl.DataFrame:
    """Return a Parquet file as columns of text.

    Lists and groups inside a column become columns with dots and brackets, as in JSON records.
    Durations become seconds. Raises FaultsError for a file that is no Parquet, or holds bytes.
    """
    frame = _frame(path)
    faults, columns = [], []
    for column in frame:
        if column.dtype == pl.Binary or column.dtype == pl.Object:
            text = f"column '{column.name}' holds bytes, which are no text. Leave it out when exporting."
            faults.append(Fault(path.name, 0, text))
        elif column.dtype.is_nested():
            columns += _nested(column)
        else:
            columns.append(_texts(column, decimal))
    if faults:
        raise FaultsError(faults)
    return pl.DataFrame(columns, height=frame.height) if columns else pl.DataFrame()


def _nested(column: pl.Series) -> list[pl.Series]:
    rows = [dict(leaves({column.name: value}, Reading())) for value in column.to_list()]
    names = dict.fromkeys(name for row in rows for name in row)
    return [pl.Series(name, [row.get(name) for row in rows], dtype=pl.String) for name in names]


def read_parquet(path: Path, reading: Reading) -> Table:
    """Return the table of a Parquet file; its rows are counted from 1.

    Raises FaultsError for a file that is no whole Parquet file, or holds bytes.
    """
    frame = parquet_frame(path, reading.decimal).drop(SET_ASIDE_COLUMNS, strict=False)
    if not frame.columns:
        raise fault(path, "the table has no columns. Export it again, or leave it out.")
    texts = {column.name: column.fill_null("").str.strip_chars() for column in frame}
    places = pl.Series("place", [f"row={number}" for number in range(1, frame.height + 1)], dtype=pl.String)
    return Table(path.name, frame_of_texts(texts, reading), places, native_times=True)


def parquet_aside(path: Path, reasons: dict[str, str]) -> bytes:
    """Return a Parquet file of the rows set aside, typed as they were, with their reasons.

    `reasons` says why, by the place of the row.
    """
    frame = _frame(path).drop(SET_ASIDE_COLUMNS, strict=False).with_row_index("kg row", offset=1)
    numbers = {int(place.removeprefix("row=")): said for place, said in reasons.items()}
    rows = frame.filter(pl.col("kg row").is_in(list(numbers)))
    said = [numbers[number] for number in rows["kg row"]]
    source = [f"{path.name}#row={number}" for number in rows["kg row"]]
    reason, origin = SET_ASIDE_COLUMNS
    buffer = io.BytesIO()
    rows.drop("kg row").with_columns(pl.Series(reason, said), pl.Series(origin, source)).write_parquet(buffer)
    return buffer.getvalue()
