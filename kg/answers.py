"""Solutions of a query -> table, CSV, JSON or data frame."""

from __future__ import annotations

import csv
import io
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

    def labelled(self, base: str, vocabulary: Vocabulary) -> Answer:
        """Return the rows with a column `NAMELabel` beside each column that holds IRIs.

        It holds the label of a term, and of a thing its name below the base.
        """
        columns: list[str] = []
        rows: list[tuple[Term, ...]] = [()] * len(self.rows)
        for index, name in enumerate(self.columns):
            values = [row[index] for row in self.rows]
            columns.append(name)
            rows = [(*row, value) for row, value in zip(rows, values, strict=True)]
            if any(isinstance(value, ox.NamedNode) for value in values):
                columns.append(f"{name}Label")
                labels = [
                    ox.Literal(_shown(value, base, vocabulary)) if isinstance(value, ox.NamedNode) else None
                    for value in values
                ]
                rows = [(*row, label) for row, label in zip(rows, labels, strict=True)]
        return Answer(columns, rows)

    def texts(self, base: str, vocabulary: Vocabulary) -> list[list[str]]:
        """Return the rows for people: labels for terms, names below the base, numbers of 6 digits."""
        return [[_shown(term, base, vocabulary) for term in row] for row in self.rows]

    def as_csv(self) -> str:
        """Return the rows as SPARQL 1.1 CSV."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(self.columns)
        writer.writerows([_plain(term) for term in row] for row in self.rows)
        return text.getvalue()

    def as_json(self) -> str:
        """Return the rows as SPARQL 1.1 JSON."""
        bindings = [
            {name: _binding(term) for name, term in zip(self.columns, row, strict=True) if term is not None}
            for row in self.rows
        ]
        answer = {"head": {"vars": self.columns}, "results": {"bindings": bindings}}
        return json.dumps(answer, ensure_ascii=False, indent=2)

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


def _plain(term: Term) -> str:
    """Return a term as SPARQL 1.1 CSV has it: without datatype and language, and empty where unbound."""
    if term is None:
        return ""
    return term.value if isinstance(term, ox.NamedNode | ox.Literal) else str(term)


def _binding(term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> dict[str, Any]:
    """Return a term as SPARQL 1.1 JSON has it."""
    if isinstance(term, ox.NamedNode):
        return {"type": "uri", "value": term.value}
    if isinstance(term, ox.BlankNode):
        return {"type": "bnode", "value": term.value}
    if isinstance(term, ox.Triple):
        parts = {"subject": term.subject, "predicate": term.predicate, "object": term.object}
        return {"type": "triple", "value": {name: _binding(part) for name, part in parts.items()}}
    if term.language:
        return {"type": "literal", "value": term.value, "xml:lang": term.language}
    kind = {} if term.datatype.value == _XSD + "string" else {"datatype": term.datatype.value}
    return {"type": "literal", "value": term.value, **kind}
