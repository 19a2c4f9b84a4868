"""What is known of things and of all that is upstream of them: values in columns, groups, and records."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

ABSENT = -1
"""Code of a thing that has no such thing or run behind it."""


@dataclass(frozen=True)
class Column:
    """One upstream value, for each thing of a table.

    `role` is `parameter` (of a run) or `property` (of a thing that was there before); `step` the class of
    the run, or of the run that recorded the property; `name` tells apart several values of one term in one
    step; `side` is `positive`, `negative` or empty; `chosen` says that a set value is recorded, so the value
    was chosen and did not come about. `values` are NaN where absent, `bearers` the codes of what bears the
    value. `distance` counts the things between, `start` is the mean start of the runs in seconds (NaN where
    unknown).
    """

    role: str
    step: str
    term: str
    name: str
    side: str
    unit: str
    chosen: bool
    distance: float
    start: float
    values: Floats
    bearers: Codes

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Return what tells this column from all others."""
        return self.step, self.term, self.name, self.side


@dataclass(frozen=True)
class Grouping:
    """A way in which the line groups things: by the run, batch, lot or machine behind them."""

    name: str
    codes: Codes


@dataclass(frozen=True)
class Table:
    """Things with a property, what is upstream of them, and where each value is recorded.

    `strata` are codes of the kinds of thing that are never compared with each other (cathodes and anodes).
    `cells` holds each value that went in, as numbers and categories; `recorded` gives them as people read
    them.
    """

    outcome: str
    unit: str
    things: list[str]
    y: Floats
    strata: Codes
    stratum_names: list[str]
    columns: list[Column]
    groupings: list[Grouping]
    cells: pl.DataFrame = field(repr=False)
    own: pl.DataFrame = field(repr=False)
    stated: pl.DataFrame = field(repr=False)
    notes: tuple[str, ...] = ()

    def recorded(self, columns: Collection[int]) -> pl.DataFrame:
        """Return the values in some columns: (thing, column, bearer, quantity, how, value, row, graph).

        The property itself has the column -1.
        """
        found = self.cells.filter(pl.col("column").is_in(list(columns)))
        found = found.join(self.stated, on="number", maintain_order="left")
        parts = [plain(found.select(self.own.columns)), *([self.own] if -1 in columns else [])]
        return pl.concat(parts, how="vertical_relaxed")


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame of the value table with text where it has categories."""
    return frame.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))
