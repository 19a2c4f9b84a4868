"""A store -> columns of what it says, and columns -> N-Triples."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from urllib.parse import quote

import polars as pl
import pyoxigraph as ox

from kg import model
from kg.store import Store

Parts = Iterator[bytes]

READ = 50_000_000
"""Bytes of an answer that are columns at a time."""


def rows(store: Store, query: str) -> pl.DataFrame:
    """Return the answer to a SELECT query as columns of text."""
    text = store.query(query).serialize(format=ox.QueryResultsFormat.TSV)
    return _columns(text)


def rows_in_parts(store: Store, query: str) -> Iterator[pl.DataFrame]:
    """Yield the answer to a SELECT query as `rows` does, some hundred thousand rows at a time."""
    with tempfile.TemporaryFile(dir=store.path) as file:
        store.query(query).serialize(file, format=ox.QueryResultsFormat.TSV)
        file.seek(0)
        head = file.readline()
        while lines := file.readlines(READ):
            yield _columns(head + b"".join(lines))


def _columns(text: bytes) -> pl.DataFrame:
    """Return columns of text of TSV; as CSV, an IRI with a comma would be two cells."""
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


def numbers(store: Store, graph: str) -> Iterator[pl.DataFrame]:
    """Yield the numbers of a table: bearer, name of the value as in an IRI, and value as text."""
    where = f"?number <{model.HAS_NUMBER_VALUE}> ?value"
    pattern = r"^(?P<bearer>[^#]*)#(?P<name>.*)\.number$"
    for found in rows_in_parts(store, f"SELECT ?number ?value WHERE {{ GRAPH <{graph}> {{ {where} }} }}"):
        told = found.select("value", pl.col("number").str.extract_groups(pattern).struct.unnest())
        names = {name: quote(name, safe="") for name in told["name"].unique().drop_nulls()}
        yield told.with_columns(pl.col("name").replace_strict(names, return_dtype=pl.String))
