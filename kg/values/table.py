"""A store -> its value table: all values and links in columns, and what can be asked of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl
import pyoxigraph as ox

from kg import catalogue
from kg.store import Store
from kg.values import shelf
from kg.values.beside import Beside, Builder, beside
from kg.values.lineage import closure, link, made_from, things
from kg.values.part import LINKS, PARTIAL, TEXT, VALUES, Part, of_ntriples


def part_of_graph(store: Store, graph: str) -> Part:
    """Return the part that the graph in the store makes; the graph is the truth."""
    dumped = store.db.dump(format=ox.RdfFormat.N_TRIPLES, from_graph=ox.NamedNode(graph))
    assert dumped is not None
    return of_ntriples(dumped.decode(), graph)


@dataclass
class Values:
    """The value table of a store.

    `healed` names the graphs whose parts were absent and were made from the store.
    """

    parts: list[Part]
    healed: list[str] = field(default_factory=list)

    def values(self) -> pl.LazyFrame:
        """Return all values, in the columns VALUES."""
        whole = pl.concat_str(pl.col("bearer").cast(pl.String), pl.lit("#"), pl.col("name").cast(pl.String))
        return self._values.lazy().with_columns(pl.coalesce(pl.col("quantity").cast(pl.String), whole))

    def stated(self) -> pl.DataFrame:
        """Return all values once each, whichever files state them: VALUES without `row` and `graph`.

        Where two files speak of one quantity, this is what they say together, as in a query over all graphs.
        """
        return together(self._values.drop("row", "graph").unique())

    @cached_property
    def is_whole(self) -> bool:
        """Return whether each file says all of its quantities: class, number and unit of what bears them."""
        return not self.edges().filter(pl.col("link") == PARTIAL).select(pl.len()).collect().item()

    @cached_property
    def _values(self) -> pl.DataFrame:
        return pl.concat([pl.DataFrame(schema=VALUES), *(part.values for part in self.parts)])

    @cached_property
    def _edges(self) -> pl.DataFrame:
        return pl.concat([pl.DataFrame(schema=LINKS), *(part.links for part in self.parts)])

    def edges(self) -> pl.LazyFrame:
        """Return all links, in the columns LINKS."""
        return self._edges.lazy()

    @cached_property
    def _made(self) -> pl.DataFrame:
        return made_from(self._edges)

    @cached_property
    def _builder(self) -> Builder:
        return Builder(self._values, self._edges, self._made)

    def runs(self) -> pl.LazyFrame:
        """Return the runs: (run, step, start, end, machine); `step` is the class of the run.

        A run with several classes, times or machines has a line for each.
        """
        of_run = self.edges().filter(pl.col("link").is_in(["input", "output", "start"]))
        runs = of_run.select(run="subject").unique()
        for name, column in (("type", "step"), ("start", "start"), ("end", "end"), ("tool", "machine")):
            runs = runs.join(link(self._edges, name, "run", column).lazy(), on="run", how="left")
        return runs

    def ancestors(self, things_: Iterable[str] | None = None) -> pl.DataFrame:
        """Return what things are made from: (thing, ancestor, run, distance), each thing its own at 0.

        `run` gave out the ancestor; it is null where no run is recorded. `distance` is the least number of
        steps. Default: all things that are made from others.
        """
        start = self._made.select(thing="child") if things_ is None else things(things_)
        outputs = link(self._edges, "output", "run", "ancestor")
        found = closure(start, self._made).rename({"reached": "ancestor"})
        return found.join(outputs, on="ancestor", how="left").select("thing", "ancestor", "run", "distance")

    def beside(self, property_: str, things_: Iterable[str] | None = None) -> Beside:
        """Return a property of things beside all that was set, measured and used on the way to it.

        `property_` is the IRI of its term; default: all things that have it.
        """
        return beside(self._builder, property_, None if things_ is None else things(things_))


def together(values: pl.DataFrame) -> pl.DataFrame:
    """Return values where a quantity that is told in several ways has every way with every number."""
    name = pl.concat_str(pl.col("bearer").cast(pl.String), pl.lit("#"), pl.col("name").cast(pl.String))
    if values["quantity"].null_count() == len(values):
        several = pl.struct("bearer", "name").is_duplicated()
        if not values.select(several.any()).item():
            return values
        id_ = name
    else:
        id_ = pl.coalesce(pl.col("quantity").cast(pl.String), name)
    marked = values.with_columns(id=id_.cast(TEXT))
    single = marked.filter(~pl.col("id").is_duplicated()).drop("id")
    marked = marked.filter(pl.col("id").is_duplicated())
    if marked.is_empty():
        return values
    # Of a quantity that one file knows as measured, it does not matter that another says nothing of it.
    known = pl.col("how").is_not_null() | pl.col("how").is_null().all().over("id")
    product = marked.select("id", "bearer", "role", "name", "quantity").unique()
    for column in ("term", "how", "value", "unit"):
        each = marked.filter(known) if column == "how" else marked
        product = product.join(each.select("id", column).unique(), on="id")
    return pl.concat([single, product.select(single.columns)])


def is_complete(store: Store) -> bool:
    """Return whether every graph has its part, so that to open the table is quick."""
    known = {entry.graph: entry for entry in catalogue.entries(store, items=False)}
    return all(
        graph in known and shelf.is_there(store.path, shelf.key(known[graph])) for graph in store.graphs()
    )


def open_(store: Store) -> Values:
    """Return the value table of a store.

    A part that is absent, or that stands for another state of its graph, is made from the graph, and kept
    where the folder can be written to.
    """
    known = {entry.graph: entry for entry in catalogue.entries(store, items=False)}
    values = Values([])
    for graph in store.graphs():
        name = shelf.key(known[graph]) if graph in known else ""
        if name and shelf.is_there(store.path, name):
            values.parts.append(shelf.take(store.path, name))
            continue
        part = part_of_graph(store, graph)
        values.healed.append(graph)
        values.parts.append(part)
        if name:
            # Where the folder cannot be written to, the part is made again the next time.
            with contextlib.suppress(OSError):
                shelf.put(store.path, name, part)
    return values
