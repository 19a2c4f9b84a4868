"""The address of a server -> the same questions as to a store on disk: `kg.connect(url).query(...)`."""

from __future__ import annotations

import ast
import functools
import json
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pandas as pd
import pyoxigraph as ox
import rdflib
from SPARQLWrapper import JSON, POST, POSTDIRECTLY, TURTLE, SPARQLWrapper
from SPARQLWrapper.SPARQLExceptions import SPARQLWrapperException

from kg import graph, queries
from kg.answers import Answer
from kg.errors import KgError
from kg.labels import expand
from kg.terms import vocabulary

_BODY = re.compile(r"b(['\"])\{.*\}\1", re.DOTALL)


class Remote:
    """A server that is asked as a store on disk is; the methods are those of `kg.graph.Graph`."""

    def __init__(self, url: str, key: str | None = None) -> None:
        self._url, self._key = url.rstrip("/"), key

    @functools.cached_property
    def base(self) -> str:
        """Return the base IRI of the store."""
        told = json.loads(self._get("/health", "application/json"))
        return str(told["base"])

    def text(self, query: str | Path, **params: Any) -> str:
        """Return the SPARQL of a query: a name from the library of the server, a file, or SPARQL itself.

        Values in `params` take the place of the defaults of its parameters; a thing may be named by its
        identifier (`C-0001`), and labels become IRIs.
        Raises KgError where there is no such query or parameter.
        """
        if _is_name(query):
            return self._named(query, "application/sparql-query", params)
        found = graph.typed(query)
        return expand(found.bind(queries.values(found, params, self._find)), vocabulary())

    def ask(self, query: str | Path, **params: Any) -> Answer | bool | list[ox.Triple]:
        """Run a query and return its rows, its truth, or its triples, as its form is.

        A query of the library is asked by its name, so that the server answers from columns where it can.
        """
        if _is_name(query):
            told = self._named(query, "application/sparql-results+json", params)
            result = ox.parse_query_results(told, format=ox.QueryResultsFormat.JSON)
            return Answer.of(result) if isinstance(result, ox.QuerySolutions) else bool(result)
        wrapper = SPARQLWrapper(f"{self._url}/sparql", agent="battery-kg")
        wrapper.setMethod(POST)
        wrapper.setRequestMethod(POSTDIRECTLY)
        if self._key:
            wrapper.addCustomHttpHeader("Authorization", f"Bearer {self._key}")
        wrapper.setQuery(self.text(query, **params))
        rows = wrapper.queryType in ("SELECT", "ASK")
        wrapper.setReturnFormat(JSON if rows else TURTLE)
        try:
            body = wrapper.query().response.read()
        except SPARQLWrapperException as error:
            raise KgError(_told(str(error))) from None
        except urllib.error.HTTPError as error:
            raise KgError(_detail(error.read())) from None
        except OSError as error:
            raise KgError(self._no_answer(error)) from None
        if not rows:
            return [quad.triple for quad in ox.parse(body, format=ox.RdfFormat.TURTLE)]
        result = ox.parse_query_results(body, format=ox.QueryResultsFormat.JSON)
        return Answer.of(result) if isinstance(result, ox.QuerySolutions) else bool(result)

    def query(
        self, query: str | Path, *, labels: bool = False, **params: Any
    ) -> pd.DataFrame | bool | rdflib.Graph:
        """Run a query and return a data frame (SELECT), a bool (ASK) or an rdflib graph (CONSTRUCT).

        `query` is a name from the library (`"first_cycle_efficiency"`), a `Path`, or SPARQL;
        all graphs are one, prefixes of the project are declared, `term:Label` stands for the IRI of a term.
        With `labels` a column `NAMELabel` stands beside each column of IRIs.
        Raises KgError for an unknown name, parameter or label, for what is no SPARQL, and where the server
        does not answer, refuses, or stops the query.
        """
        return graph.in_python(self.ask(query, **params), self.base if labels else None)

    def _named(self, query: str | Path, accept: str, params: Mapping[str, Any]) -> str:
        given = {name: _plain(value) for name, value in params.items()}
        return self._get(f"/queries/{query}", accept, **given)

    def _find(self, name: str) -> str:
        return str(json.loads(self._get("/find", "application/json", name=name))["iri"])

    def _get(self, path: str, accept: str, **params: str) -> str:
        query = f"?{urlencode(params)}" if params else ""
        request = urllib.request.Request(f"{self._url}{path}{query}", headers={"Accept": accept})
        if self._key:
            request.add_header("Authorization", f"Bearer {self._key}")
        try:
            with urllib.request.urlopen(request) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            raise KgError(_detail(error.read())) from None
        except (OSError, ValueError) as error:
            raise KgError(self._no_answer(error)) from None

    def _no_answer(self, error: Exception) -> str:
        return f"{self._url}: no answer ({error}). Is a server there? Start one: kg serve"


def _is_name(query: str | Path) -> bool:
    """Return whether this is the name of a query of the library, not SPARQL or a file."""
    return isinstance(query, str) and query.replace("_", "").isalnum()


def _plain(value: Any) -> str:
    return value.value if isinstance(value, ox.NamedNode | ox.Literal) else str(value)


def _detail(body: bytes) -> str:
    """Return what a problem document says, or the body itself."""
    try:
        return str(json.loads(body)["detail"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace")[:500]


def _told(text: str) -> str:
    """Return what the server said in an error of SPARQLWrapper, which shows the body as Python does."""
    found = _BODY.search(text)
    return _detail(ast.literal_eval(found[0])) if found else text


def connect(url: str, key: str | None = None) -> Remote:
    """Connect to a server of `kg serve`; `key` is needed where it asks for one.

    Raises KgError where nothing answers at this address.
    """
    remote = Remote(url, key)
    _ = remote.base
    return remote
