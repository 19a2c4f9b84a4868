"""A question of the library with its parameters -> its answer. These functions run in a reader process."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping
from typing import Any, cast

import pyoxigraph as ox

from kg import queries
from kg.answers import Answer
from kg.api import sparql
from kg.api.problems import Problem
from kg.api.worker import Out
from kg.graph import Graph
from kg.namespaces import PREFIXES, standalone
from kg.store import Store

RECORDS = "application/json"
QUERY = "application/sparql-query"
_XSD = PREFIXES["xsd"]
_FLOATS = {_XSD + name for name in ("double", "float", "decimal")}


@functools.lru_cache(maxsize=1)
def _graph(store: Store) -> Graph:
    """Return the graph of a state of the store; the columns of its twins are read once."""
    return Graph(store)


def text(store: Store, name: str, params: Mapping[str, str]) -> str:
    """Return the SPARQL of a question, as any SPARQL tool runs it.

    Raises Problem 404 where no question has this name.
    """
    if name not in queries.library():
        try:
            queries.read(name)
        except Exception as error:
            raise Problem(
                404, str(error).replace("'kg query --list' tells them", "/queries tells them")
            ) from None
    return standalone(_graph(store).text(name, **params), store.base)


def answer(
    store: Store, out: Out, name: str, params: Mapping[str, str], *, accept: str | None, short: str | None
) -> None:
    """Write the answer of a question: as records (JSON), or in a format of the SPARQL protocol."""
    query, fast = text(store, name, params), _graph(store).fast(name, params)
    if short == "json" or (short is None and accept == RECORDS):
        _records(out, sparql.evaluate(store, query) if fast is None else _solutions(fast))
    elif fast is not None:
        sparql.rows(out, _solutions(fast), accept=accept, short=short)
    else:
        sparql.answer(store, out, query, accept=accept, short=short)


def _solutions(answer: Answer) -> ox.QuerySolutions:
    """Return the rows of a twin as the store returns those of a query."""
    told = ox.parse_query_results(answer.as_json(), format=ox.QueryResultsFormat.JSON)
    return cast(ox.QuerySolutions, told)


def _records(out: Out, result: Any) -> None:
    if not isinstance(result, ox.QuerySolutions):
        raise Problem(
            406, "this question has no rows; ask for text/turtle or application/sparql-results+json."
        )
    names = [variable.value for variable in result.variables]
    out.start(media=RECORDS)
    comma = "["
    for solution in result:
        record = {name: _plain(solution[name]) for name in names}
        out.write(f"{comma}{json.dumps(record, ensure_ascii=False)}".encode())
        comma = ",\n"
    out.write(b"[]" if comma == "[" else b"]")


def _plain(term: Any) -> Any:
    """Return a term as JSON has it: numbers as numbers, all else as text."""
    if term is None or isinstance(term, ox.NamedNode | ox.BlankNode):
        return None if term is None else term.value
    if isinstance(term, ox.Literal):
        kind = term.datatype.value
        try:
            if kind in _FLOATS:
                return float(term.value) if math.isfinite(float(term.value)) else None
            if kind == _XSD + "integer":
                return int(term.value)
        except ValueError:
            return term.value
        return term.value == "true" if kind == _XSD + "boolean" else term.value
    return str(term)


def shown(store: Store, name: str, params: Mapping[str, str], limit: int) -> dict[str, Any]:
    """Return the first rows of an answer for a page, with the query that gave them."""
    query, fast = text(store, name, params), _graph(store).fast(name, params)
    if fast is not None:
        return sparql.first_rows(store, _solutions(fast), limit) | {"sparql": query}
    return sparql.shown(store, query, limit) | {"sparql": query}
