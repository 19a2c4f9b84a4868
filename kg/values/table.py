"""A store -> its value table: all values and links in columns, and what can be asked of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field

import polars as pl
import pyoxigraph as ox

from kg import catalogue
from kg.store import Store
from kg.values import shelf
from kg.values.part import LINKS, VALUES, Part, of_ntriples


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
        return pl.concat([pl.DataFrame(schema=VALUES), *(part.values for part in self.parts)]).lazy()

    def edges(self) -> pl.LazyFrame:
        """Return all links, in the columns LINKS."""
        return pl.concat([pl.DataFrame(schema=LINKS), *(part.links for part in self.parts)]).lazy()

    def _links(self, name: str, subject: str, object_: str) -> pl.LazyFrame:
        found = self.edges().filter(pl.col("link") == name)
        return found.select(pl.col("subject").alias(subject), pl.col("object").alias(object_)).unique()

    def classes(self) -> pl.LazyFrame:
        """Return the classes of runs and things: (node, class)."""
        return self._links("type", "node", "class")

    def runs(self) -> pl.LazyFrame:
        """Return the runs: (run, step, start, end, machine); `step` is the class of the run.

        A run with several classes, machines or times has a line for each.
        """
        of_run = self.edges().filter(pl.col("link").is_in(["input", "output", "start"]))
        runs = of_run.select(run="subject").unique()
        for name, column in (("type", "step"), ("start", "start"), ("end", "end"), ("tool", "machine")):
            runs = runs.join(self._links(name, "run", column), on="run", how="left")
        return runs

    def ancestors(self, things: Iterable[str] | None = None) -> pl.DataFrame:
        """Return what things are made from: (thing, ancestor, run, distance), each thing its own at 0.

        `run` gave out the ancestor; it is null where no run is recorded. `distance` is the least number of
        steps along `madeFrom`. Default: all things that are made from others.
        """
        made = self._links("from", "child", "parent").collect()
        if things is None:
            given = made.select(thing="child").unique(maintain_order=True)
        else:
            given = pl.DataFrame({"thing": list(dict.fromkeys(things))}, schema={"thing": pl.String})
        now = given.with_columns(ancestor="thing", distance=pl.lit(0, pl.Int32))
        found = [now]
        seen = now.select("thing", "ancestor")
        while not now.is_empty():
            now = (
                now.join(made, left_on="ancestor", right_on="child")
                .select("thing", ancestor="parent", distance=pl.col("distance") + 1)
                .unique(("thing", "ancestor"))
                .join(seen, on=("thing", "ancestor"), how="anti")
            )
            seen = pl.concat([seen, now.select("thing", "ancestor")])
            found.append(now)
        outputs = self._links("output", "run", "ancestor").collect()
        return (
            pl.concat(found)
            .join(outputs, on="ancestor", how="left")
            .select("thing", "ancestor", "run", "distance")
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
