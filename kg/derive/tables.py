"""A store -> columns of what it says, and columns -> N-Triples."""

from __future__ import annotations

import io
from collections.abc import Iterator
from urllib.parse import quote

import polars as pl
import pyoxigraph as ox

from kg import model
from kg.store import Store

Parts = Iterator[bytes]


def rows(store: Store, query: str) -> pl.DataFrame:
    """Return the answer to a SELECT query as columns of text.

    As CSV, an IRI with a comma would be two cells.
    """
    solutions = store.query(query)
    text = solutions.serialize(format=ox.QueryResultsFormat.TSV)
    found = pl.read_csv(io.BytesIO(text), separator="\t", quote_char=None, infer_schema=False)
    bare = pl.all().str.replace(r"^<(.*)>$", "$1").str.replace(r'^"(.*)"(?:\^\^<[^>]*>)?$', "$1")
    return found.rename(lambda name: name.removeprefix("?")).select(bare)


def pairs(store: Store, link: str) -> pl.DataFrame:
    """Return the subjects and objects of a property as columns `from` and `to`, each pair once."""
    return rows(store, f"SELECT ?from ?to WHERE {{ ?from <{link}> ?to }}").unique()


def line(frame: pl.DataFrame, *parts: str | pl.Expr) -> bytes:
    """Return a line for each row of a frame."""
    text = pl.concat_str(*(pl.lit(part) if isinstance(part, str) else part for part in parts))
    return str(frame.select(text.str.join("")).item()).encode() if len(frame) else b""


def tables(store: Store) -> set[str]:
    """Return the graphs of tables: there, the name of a quantity follows `#` in its IRI."""
    found = store.query("SELECT DISTINCT ?file WHERE { ?file kgc:item/kgc:fragment ?fragment }")
    return {row["file"].value for row in found}


def numbers(store: Store, graph: str) -> pl.DataFrame:
    """Return the numbers of a table: bearer, name of the value as in an IRI, and value as text."""
    where = f"?number <{model.HAS_NUMBER_VALUE}> ?value"
    found = rows(store, f"SELECT ?number ?value WHERE {{ GRAPH <{graph}> {{ {where} }} }}")
    pattern = r"^(?P<bearer>[^#]*)#(?P<name>.*)\.number$"
    found = found.select("value", pl.col("number").str.extract_groups(pattern).struct.unnest())
    names = {name: quote(name, safe="") for name in found["name"].unique().drop_nulls()}
    return found.with_columns(pl.col("name").replace_strict(names, return_dtype=pl.String))
