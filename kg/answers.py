"""Solutions of a query -> table, CSV, JSON or data frame."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyoxigraph as ox

from kg.errors import KgError
from kg.iri import shorten
from kg.namespaces import PREFIXES
from kg.terms import Vocabulary

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple | None

_XSD = PREFIXES["xsd"]
_FLOATS = {_XSD + name for name in ("double", "float", "decimal")}
_INTEGERS = {_XSD + name for name in ("integer", "int", "long", "nonNegativeInteger", "positiveInteger")}


@dataclass(frozen=True)
class Answer:
    """The rows of a SELECT query, each a tuple of terms in the order of `columns`; None where unbound."""

    columns: list[str]
    rows: list[tuple[Term, ...]]

    @classmethod
    def of(cls, solutions: ox.QuerySolutions) -> Answer:
        """Read all solutions."""
        names = [variable.value for variable in solutions.variables]
        return cls(names, [tuple(solution[name] for name in names) for solution in solutions])

    def texts(self, base: str, vocabulary: Vocabulary) -> list[list[str]]:
        """Return the rows for people: labels for terms, names below the base, numbers of 6 digits."""
        return [[_shown(term, base, vocabulary) for term in row] for row in self.rows]

    def as_csv(self) -> str:
        """Return the rows as SPARQL 1.1 CSV."""
        return _serialize(self, ox.QueryResultsFormat.CSV)

    def as_json(self) -> str:
        """Return the rows as SPARQL 1.1 JSON."""
        return json.dumps(
            json.loads(_serialize(self, ox.QueryResultsFormat.JSON)), ensure_ascii=False, indent=2
        )

    def as_frame(self) -> pd.DataFrame:
        """Return the rows as a data frame; numbers and times have their types, IRIs are text."""
        columns = {
            name: pd.Series([_value(row[index]) for row in self.rows], dtype=_dtype(self.rows, index))
            for index, name in enumerate(self.columns)
        }
        return pd.DataFrame(columns, columns=self.columns)


def _value(term: Term) -> Any:
    if term is None:
        return None
    if isinstance(term, ox.Literal):
        kind = term.datatype.value
        if kind in _FLOATS:
            return float(term.value)
        if kind in _INTEGERS:
            return int(term.value)
        if kind == _XSD + "boolean":
            return term.value in ("true", "1")
        if kind == _XSD + "dateTime":
            return pd.Timestamp(term.value)
    return term.value if not isinstance(term, ox.Triple) else str(term)


def _dtype(rows: list[tuple[Term, ...]], index: int) -> str:
    kinds = {type(_value(row[index])) for row in rows} - {type(None)}
    empty = any(row[index] is None for row in rows)
    if kinds == {int}:
        return "Int64" if empty else "int64"
    return "float64" if kinds and kinds <= {float, int} else "object"


def _shown(term: Term, base: str, vocabulary: Vocabulary) -> str:
    if term is None:
        return ""
    if isinstance(term, ox.NamedNode):
        try:
            return vocabulary.term(term.value).label
        except KgError:
            return shorten(term.value, base)
    if isinstance(term, ox.Literal):
        if term.datatype.value in _FLOATS:
            return f"{float(term.value):.6g}"
        if term.datatype.value == _XSD + "dateTime":
            return term.value.replace("T", " ", 1)
        return term.value
    return str(term)


def _serialize(answer: Answer, format_: ox.QueryResultsFormat) -> str:
    # pyoxigraph writes the results of a query only; so the rows become one, of VALUES.
    variables = " ".join(f"?{name}" for name in answer.columns)
    rows = "\n".join(
        "(" + " ".join("UNDEF" if term is None else str(term) for term in row) + ")" for row in answer.rows
    )
    text = f"SELECT {variables} WHERE {{ VALUES ({variables}) {{\n{rows}\n}} }}"
    solutions = ox.Store().query(text)
    assert isinstance(solutions, ox.QuerySolutions)
    found = solutions.serialize(format=format_)
    assert found is not None
    return found.decode()
