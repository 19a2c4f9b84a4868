"""The Python way in: `kg.open(path).query(...)` -> a pandas data frame."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyoxigraph as ox
import rdflib

from kg import ntriples, queries, values
from kg.answers import Answer
from kg.errors import KgError
from kg.labels import expand
from kg.names import find
from kg.store import Store
from kg.terms import vocabulary
from kg.values.columns import Columns
from kg.values.twins import answer


class Graph:
    """A store that is open for questions."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @property
    def base(self) -> str:
        """Return the base IRI of the store."""
        return self.store.base

    def text(self, query: str | Path, **params: Any) -> str:
        """Return the SPARQL of a query: a name from the library, a file, or SPARQL itself.

        Values in `params` take the place of the defaults of its parameters; a thing may be named by its
        identifier (`C-0001`), and labels become IRIs.
        Raises KgError where there is no such query or parameter.
        """
        named = isinstance(query, str) and query.replace("_", "").isalnum()
        found = queries.read(str(query)) if named else typed(query)
        terms = queries.values(found, params, lambda name: find(self.store, name))
        return expand(found.bind(terms), vocabulary())

    def ask(self, query: str | Path, **params: Any) -> Answer | bool | list[ox.Triple]:
        """Run a query and return its rows, its truth, or its triples, as its form is.

        A query of the library that has a twin in columns is answered by that.
        """
        fast = self.fast(query, params)
        if fast is not None:
            return fast
        result = self.store.query(self.text(query, **params))
        if isinstance(result, ox.QuerySolutions):
            return Answer.of(result)
        if isinstance(result, ox.QueryBoolean):
            return bool(result)
        return list(result)

    @cached_property
    def columns(self) -> Columns | None:
        """Return the value table for the twins; None where it does not surely say all that the graphs say."""
        if not self.store.fixed or not values.is_complete(self.store):
            return None
        opened = values.open(self.store)
        return Columns(self.store, opened) if opened.is_whole else None

    def fast(self, query: str | Path, params: Mapping[str, Any]) -> Answer | None:
        """Return the answer of the twin in columns; None where there is none, or it is not surely right."""
        if isinstance(query, Path) or query not in queries.library():
            return None
        found = queries.read(query)
        if not found.about.fast or self.columns is None:
            return None
        given = queries.values(found, params, lambda name: find(self.store, name))
        found.bind(given)  # refuses what the query does not have
        return answer(self.columns, found.about.fast, found.terms(given))

    def query(
        self, query: str | Path, *, labels: bool = False, **params: Any
    ) -> pd.DataFrame | bool | rdflib.Graph:
        """Run a query and return a data frame (SELECT), a bool (ASK) or an rdflib graph (CONSTRUCT).

        `query` is a name from the library (`"first_cycle_efficiency"`), a `Path`, or SPARQL;
        all graphs are one, prefixes of the project are declared, `term:Label` stands for the IRI of a term.
        With `labels` a column `NAMELabel` stands beside each column of IRIs.
        Raises KgError for an unknown name, parameter or label, and for what is no SPARQL.
        """
        return in_python(self.ask(query, **params), self.base if labels else None)


def typed(query: str | Path) -> queries.Query:
    """Return the query in a file, or in a text of SPARQL; front matter is not needed.

    Raises KgError where the file cannot be read, or its front matter has faults.
    """
    if isinstance(query, Path):
        return queries.parse(query.stem, _with_front(_read(query)))
    return queries.parse("query", _with_front(query))


def in_python(
    result: Answer | bool | list[ox.Triple], labels_below: str | None = None
) -> pd.DataFrame | bool | rdflib.Graph:
    """Return an answer as a data frame, a bool or an rdflib graph.

    With a base in `labels_below` a column `NAMELabel` stands beside each column of IRIs.
    """
    if isinstance(result, Answer):
        return (result.labelled(labels_below, vocabulary()) if labels_below else result).as_frame()
    if isinstance(result, bool):
        return result
    graph = rdflib.Graph()
    graph.parse(data=ntriples.write(result), format="nt")
    return graph


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise KgError(f"{path}: a query is UTF-8 text. Save it as UTF-8.") from None


def _with_front(text: str) -> str:
    """Return a query with the least front matter, where it has none: people type plain SPARQL, too."""
    if text.lstrip().startswith("#+"):
        return text
    return f"#+ summary: typed\n#+ question: typed\n{text}"


def open(path: str | Path = "kg-store") -> Graph:
    """Open a store for questions.

    Raises KgError where there is no store.
    """
    return Graph(Store.open(Path(path)))


__all__ = ["Graph", "KgError", "open"]
