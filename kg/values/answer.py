"""Columns -> the answer to a query, whose terms are made only where somebody looks at them one by one."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal

import pandas as pd
import polars as pl
import pyoxigraph as ox

from kg.answers import Answer, Term

Kind = Literal["iri", "text", "double", "integer", "moment", "truth"]
_TYPES = {
    "integer": ox.NamedNode("http://www.w3.org/2001/XMLSchema#integer"),
    "moment": ox.NamedNode("http://www.w3.org/2001/XMLSchema#dateTime"),
}


def _term(kind: Kind, value: str | float | None) -> Term:
    if value is None:
        return None
    if kind == "iri":
        return ox.NamedNode(str(value))
    return ox.Literal(str(value), datatype=_TYPES[kind]) if kind in _TYPES else ox.Literal(value)


class ColumnAnswer(Answer):
    """The rows of a SELECT query, in columns; `kinds` says what the values of each are."""

    frame: pl.DataFrame
    kinds: dict[str, Kind]

    def __init__(self, frame: pl.DataFrame, kinds: dict[str, Kind]) -> None:
        columns = list(kinds)
        # The fields of a frozen class; `rows` is made when it is asked for.
        self.__dict__.update(columns=columns, frame=frame.select(columns), kinds=kinds)

    @cached_property
    def rows(self) -> list[tuple[Term, ...]]:
        """Return the rows as terms."""
        columns = []
        for name, kind in self.kinds.items():
            series = self.frame[name]
            made = {value: _term(kind, value) for value in series.unique().to_list()}
            columns.append([made[value] for value in series.to_list()])
        return list(zip(*columns, strict=True))

    def as_frame(self) -> pd.DataFrame:
        """Return the rows as a data frame, without a term in between."""
        columns = {name: self._series(name) for name in self.columns}
        return pd.DataFrame(columns, columns=self.columns)

    def _series(self, name: str) -> pd.Series[Any]:
        kind, values = self.kinds[name], self.frame[name]
        empty, count = values.null_count(), len(values)
        if kind == "moment":
            times = [None if text is None else pd.Timestamp(text) for text in values.to_list()]
            return pd.Series(times, dtype="object")
        dtype = "object"
        if kind == "integer" and count > empty:
            dtype = "Int64" if empty else "int64"
        elif kind == "double" and count > empty:
            dtype = "float64"
        return pd.Series(values.to_list(), dtype=dtype)
