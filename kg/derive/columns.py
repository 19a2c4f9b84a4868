"""A store -> all that a rule writes, made by columns where its CONSTRUCT query takes long."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from urllib.parse import quote

import polars as pl
import pyoxigraph as ox

from kg import model
from kg.namespaces import PREFIXES
from kg.store import Store

_BVCOX = PREFIXES["bvcox"]
_DOUBLE = f'"^^<{PREFIXES["xsd"]}double> .\n'
Parts = Iterator[bytes]


def rows(store: Store, query: str) -> pl.DataFrame:
    """Return the answer to a SELECT query as columns of text.

    As CSV, an IRI with a comma would be two cells.
    """
    solutions = store.query(query)
    text = solutions.serialize(format=ox.QueryResultsFormat.TSV)
    found = pl.read_csv(io.BytesIO(text), separator="\t", quote_char=None, infer_schema=False)
    bare = pl.all().str.replace(r"^<(.*)>$", "$1").str.replace(r'^"(.*)"\^\^<[^>]*>$', "$1")
    return found.rename(lambda name: name.removeprefix("?")).select(bare)


def pairs(store: Store, link: str) -> pl.DataFrame:
    """Return the subjects and objects of a property as columns `from` and `to`, each pair once."""
    return rows(store, f"SELECT ?from ?to WHERE {{ ?from <{link}> ?to }}").unique()


def _text(frame: pl.DataFrame, *parts: str | pl.Expr) -> bytes:
    """Return a line for each row of a frame."""
    line = pl.concat_str(*(pl.lit(part) if isinstance(part, str) else part for part in parts))
    return str(frame.select(line.str.join("")).item()).encode() if len(frame) else b""


def closure(steps: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs that one or more steps lead to."""
    found = reached = steps
    while len(reached):
        further = reached.rename({"to": "by"}).join(steps, left_on="by", right_on="from")
        reached = further.select("from", "to").unique().join(found, on=["from", "to"], how="anti")
        found = pl.concat([found, reached])
    return found


def derived_from(store: Store) -> Parts:
    """Return the things behind each thing; a part of the things at a time."""
    steps = pairs(store, f"{_BVCOX}madeFrom")
    for some in closure(steps).iter_slices(500_000):
        yield _text(some, "<", pl.col("from"), f"> <{_BVCOX}comesFrom> <", pl.col("to"), "> .\n")


def went_through(store: Store) -> Parts:
    """Return the runs that made each thing or something that it comes from."""
    behind = pairs(store, f"{_BVCOX}comesFrom")
    made = pairs(store, model.HAS_OUTPUT).select(run="from", thing="to")
    own = made.select("run", **{"from": "thing"})
    through = behind.join(made, left_on="to", right_on="thing").select("run", "from")
    for some in pl.concat([own, through]).unique().iter_slices(500_000):
        yield _text(some, "<", pl.col("from"), f"> <{_BVCOX}wentThrough> <", pl.col("run"), "> .\n")


def tables(store: Store) -> set[str]:
    """Return the graphs of tables: there, the name of a quantity follows `#` in its IRI."""
    found = store.query("SELECT DISTINCT ?file WHERE { ?file kgc:item/kgc:fragment ?fragment }")
    return {row["file"].value for row in found}


def direct_values(store: Store) -> Parts:
    """Return each value in one statement; of tables from the names of the numbers, of others by the rule."""
    known = tables(store)
    others = [graph for graph in store.graphs() if graph not in known]
    for graph in store.graphs():
        if graph not in known:
            continue
        where = f"?number <{model.HAS_NUMBER_VALUE}> ?value"
        text = f"SELECT ?number ?value WHERE {{ GRAPH <{graph}> {{ {where} }} }}"
        found = rows(store, text).with_columns(
            pl.col("number").str.extract_groups(r"^(?P<bearer>[^#]*)#(?P<name>.*)\.number$").alias("parts")
        )
        found = found.select("value", pl.col("parts").struct.unnest())
        names = {name: quote(name, safe="") for name in found["name"].unique()}
        found = found.with_columns(pl.col("name").replace_strict(names))
        yield _text(
            found,
            "<",
            pl.col("bearer"),
            f"> <{_BVCOX}value-",
            pl.col("name"),
            '> "',
            pl.col("value"),
            _DOUBLE,
        )
    yield from _by_rule(store, others)


def _by_rule(store: Store, graphs: list[str]) -> Parts:
    from kg.derive.refresh import construct
    from kg.derive.rule import rules

    rule = next(rule for rule in rules() if rule.name == "direct-values")
    for graph in graphs:
        text = (
            f"SELECT DISTINCT ?bearer WHERE {{ GRAPH <{graph}> "
            f"{{ ?bearer <{model.HAS_PROPERTY}>|<{model.HAS_PROCESS_PARAMETER}> ?quantity }} }}"
        )
        bearers = rows(store, text)["bearer"].to_list()
        for number in range(0, len(bearers), 1000):
            yield construct(store, rule.of(bearers[number : number + 1000]))


COLUMNS: dict[str, Callable[[Store], Parts]] = {
    "derived-from": derived_from,
    "direct-values": direct_values,
    "went-through": went_through,
}
"""By the name of the rule; each yields the same N-Triples as the query, which a test compares."""
