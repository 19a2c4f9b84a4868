"""A store -> columns of what it says, and columns -> N-Triples."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable, Iterator
from urllib.parse import quote

import polars as pl
import pyoxigraph as ox

from kg import catalogue, model
from kg.store import Store
from kg.values import LINK_NAMES, shelf

Parts = Iterator[bytes]

READ = 50_000_000
"""Bytes of an answer that are columns at a time."""

ROWS = 500_000
"""Rows of the value table that are text at a time."""


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


def said(
    store: Store, link: str, one: str = "from", other: str = "to", *, file: str | None = None
) -> pl.DataFrame:
    """Return what the records say by a property: each pair once, and with `file` once for each file.

    It is taken from the value table, where that is whole.
    """
    names = {"subject": one, "object": other} | ({"graph": file} if file else {})
    kept = _kept(store)
    if link not in LINK_NAMES or not kept.keys() >= set(store.graphs()):
        where = f"?{one} <{link}> ?{other}"
        where = f"GRAPH ?{file} {{ {where} }}" if file else where
        asked = " ".join(f"?{name}" for name in names.values())
        return rows(store, f"SELECT {asked} WHERE {{ {where} }}").unique()
    here = pl.col("link") == LINK_NAMES[link]
    places = [shelf.places(store.path, key)[1] for key in kept.values()]
    parts = [pl.scan_parquet(place).filter(here).select(*names).cast(pl.String) for place in places]
    none = pl.LazyFrame(schema=dict.fromkeys(names, pl.String))
    return pl.concat([none, *parts]).unique().collect().rename(names)


def closure(steps: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs that one or more steps lead to."""
    found = reached = steps
    while len(reached):
        further = reached.rename({"to": "by"}).join(steps, left_on="by", right_on="from")
        reached = further.select("from", "to").unique().join(found, on=["from", "to"], how="anti")
        found = pl.concat([found, reached])
    return found


def all_behind(store: Store) -> pl.DataFrame:
    """Return each thing with all that it was made from, over any number of steps: `from`, `to`."""
    return closure(said(store, model.MADE_FROM))


def _kept(store: Store) -> dict[str, str]:
    """Return the graphs of which the value table has its part, with the key of that."""
    keys = {entry.graph: shelf.key(entry) for entry in catalogue.entries(store, items=False)}
    return {graph: key for graph, key in keys.items() if shelf.is_there(store.path, key)}


def line(frame: pl.DataFrame, *parts: str | pl.Expr) -> bytes:
    """Return a line for each row of a frame."""
    text = pl.concat_str(*(pl.lit(part) if isinstance(part, str) else part for part in parts))
    return str(frame.select(text.str.join("")).item()).encode() if len(frame) else b""


def tables(store: Store) -> set[str]:
    """Return the graphs of tables: there, the name of a quantity follows `#` in its IRI."""
    found = store.query("SELECT DISTINCT ?file WHERE { ?file kgc:item/kgc:fragment ?fragment }")
    return {row["file"].value for row in found}


def numbers(store: Store, graphs: Iterable[str]) -> Iterator[pl.DataFrame]:
    """Yield the numbers of some graphs: bearer, name of the value as in an IRI, and value.

    Those of tables are taken from the value table, where it has them.
    """
    kept, of_tables = _kept(store), tables(store)
    for graph in graphs:
        if graph in kept and graph in of_tables:
            place, _ = shelf.places(store.path, kept[graph])
            found = pl.read_parquet(place, columns=["bearer", "name", "value"])
            for some in found.unique(maintain_order=True).iter_slices(ROWS):
                yield _named(some.with_columns(pl.col("bearer", "name").cast(pl.String)))
        else:
            yield from _numbers(store, graph)


def _numbers(store: Store, graph: str) -> Iterator[pl.DataFrame]:
    where = f"?number <{model.HAS_NUMBER_VALUE}> ?value"
    pattern = r"^(?P<bearer>[^#]*)#(?P<name>.*)\.number$"
    for found in rows_in_parts(store, f"SELECT ?number ?value WHERE {{ GRAPH <{graph}> {{ {where} }} }}"):
        number = pl.col("number").str.extract_groups(pattern).struct.unnest()
        yield _named(found.select(number, pl.col("value").cast(pl.Float64)))


def _named(found: pl.DataFrame) -> pl.DataFrame:
    names = {name: quote(name, safe="") for name in found["name"].unique().drop_nulls()}
    return found.with_columns(pl.col("name").replace_strict(names, return_dtype=pl.String))
