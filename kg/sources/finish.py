"""A table as its source has it -> the table that a mapping reads: units joined, texts apart."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from kg.sources.table import TEXT_OF, Reading, Table

# Wide on purpose: `1.200,5` is a number that is written wrongly, not a text.
_LIKE_A_NUMBER = r"^[+-]?[.,]?[0-9][0-9.,'\u2019 \u00a0\u202f]*(?:[eE][+-]?[0-9]+)?$"
_ONE = ("1", "-", "count", "counts", "dimensionless", "unitless")
"""What people write for the unit of a plain number."""


def finish(table: Table, reading: Reading) -> Table:
    """Return the table with what the mapping asks of its columns before it reads them.

    A value and its unit in another column become one cell, `2.5 Ah`. Cells that are no numbers move to a
    column of their own where the mapping says `otherwise`. Columns that fit a pattern under `ignore` are
    counted and left out.
    """
    frame, left_out = table.frame, table.left_out
    away = [column for column in frame.columns if reading.leaves_out(column)]
    left_out += tuple((column, frame.height - frame[column].null_count()) for column in away)
    frame = frame.drop(away)
    for column in reading.otherwise:
        if column in frame.columns:
            frame = _texts_apart(frame, column)
        else:
            frame = frame.with_columns(pl.lit(None, dtype=pl.String).alias(TEXT_OF.format(column)))
    for column, unit in reading.units:
        if column in frame.columns and unit in frame.columns:
            frame = _with_unit(frame, column, unit)
    return replace(table, frame=frame, left_out=left_out)


def _texts_apart(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    text = ~pl.col(column).str.contains(_LIKE_A_NUMBER)
    # Beside the texts of other columns, only the name of the column tells which value it stands for.
    said = pl.concat_str(pl.lit(f"{column} = "), pl.col(column))
    return frame.with_columns(
        pl.when(~text).then(pl.col(column)).alias(column),
        pl.when(text).then(said).alias(TEXT_OF.format(column)),
    )


def _with_unit(frame: pl.DataFrame, column: str, unit: str) -> pl.DataFrame:
    value, code = pl.col(column), pl.col(unit)
    joined = pl.when(code.is_in(_ONE)).then(value).otherwise(pl.concat_str(value, pl.lit(" "), code))
    # Without a unit the number stays alone, so that it is told as a value that lacks one.
    return frame.with_columns(pl.coalesce(joined, value).alias(column))
