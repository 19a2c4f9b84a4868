"""The value table -> one row for each thing, with a column for each value upstream of it, and what bore it.

What is upstream of a thing was there before its property was known: the runs that made it and all that it is
made from, with their parameters, and the properties that earlier things had.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kg.errors import KgError
from kg.influence.sides import sides
from kg.influence.table import ABSENT, Codes, Column, Floats, Grouping, Table, plain
from kg.influence.target import Target
from kg.iri import shorten
from kg.terms import Vocabulary
from kg.values import Values

SEVERAL, NAMES = 0.05, 4
"""Share of things with several values of a term in a step from which these are told apart, and the most."""

KEYS = ["step", "term", "name", "side"]

SIDES = pl.Enum(["", "negative", "positive"])


def gather(
    values: Values, target: Target, vocabulary: Vocabulary, base: str, things: Collection[str] | None = None
) -> Table:
    """Return the table of a property: its things, and all that is upstream of each."""
    wanted = target.frame if things is None else target.frame.filter(pl.col("thing").is_in(list(things)))
    if wanted.is_empty():
        label = vocabulary.term(target.outcome).label if target.outcome in vocabulary else target.outcome
        raise KgError(f"none of these {len(things or ()):,} things has a value of {label}.")
    return _Gatherer(values, target, wanted, vocabulary, base).table()


def _enum(*texts: pl.Series) -> pl.Enum:
    """Return the type of these texts as numbers that are sorted as the texts are."""
    found = pl.concat([series.unique().cast(pl.String) for series in texts])
    return pl.Enum(pl.concat([found, pl.Series([""])]).unique().drop_nulls().sort())


class _Gatherer:
    """One gathering: the frames that its steps share."""

    def __init__(
        self, values: Values, target: Target, wanted: pl.DataFrame, vocabulary: Vocabulary, base: str
    ) -> None:
        self.values, self.target = values, target
        self.vocabulary, self.base = vocabulary, base
        edges, stated = values.edges().collect(), values.values().collect()
        # IRIs are numbers from here on, in the order of the texts: there are millions of them.
        self.node = _enum(
            edges["subject"], edges["object"], stated["bearer"], stated["row"], wanted["thing"], wanted["row"]
        )
        self.edges = edges.with_columns(pl.col("subject", "object").cast(pl.String).cast(self.node))
        self.stated = self._stated(stated)
        self.wanted = wanted.with_columns(pl.col("thing", "row").cast(self.node))
        self.classes = self._links("type", "node", "class")
        self.things = wanted["thing"].unique().sort().to_list()
        self.place = self.wanted.select("thing").unique().sort("thing").with_row_index("at")

    def _stated(self, values: pl.DataFrame) -> pl.DataFrame:
        """Return the values of the store with their numbers; `same` counts the quantities."""
        texts = [pl.col(name).cast(pl.String).cast(_enum(values[name])) for name in ("term", "name")]
        itself = pl.col("quantity").is_in(self.target.frame["quantity"].implode())
        return values.with_row_index("number").with_columns(
            *texts,
            pl.col("bearer", "row").cast(pl.String).cast(self.node),
            same=pl.col("quantity").cast(pl.Categorical).to_physical(),
            itself=itself,
        )

    def _links(self, name: str, subject: str, object_: str) -> pl.DataFrame:
        found = self.edges.filter(pl.col("link") == name)
        return found.select(pl.col("subject").alias(subject), pl.col("object").alias(object_)).unique()

    @functools.cached_property
    def deep(self) -> pl.DataFrame:
        """Return the class of each node with the number of classes above it: (node, class, depth)."""
        kinds = self.classes.select("class").unique()
        above = [len(self.vocabulary.ancestors(iri)) for iri in kinds["class"].cast(pl.String)]
        return self.classes.join(kinds.with_columns(depth=pl.Series(above, dtype=pl.Int64)), on="class")

    def _sides(self) -> pl.DataFrame:
        """Return the electrode of each thing that has one: (node, side)."""
        classes = self.classes.with_columns(pl.col("class").cast(pl.String))
        made = self._links("from", "child", "parent")
        return sides(classes, made, self.vocabulary).with_columns(pl.col("side").cast(SIDES))

    def table(self) -> Table:
        """Return the table."""
        runs = self._runs()
        behind = self._behind(runs)
        cells = self._cells(behind, runs)
        columns, cells = self._columns(cells)
        y = self.place.join(self.wanted.group_by("thing").agg(pl.col("value").mean()), on="thing", how="left")
        own = plain(self.wanted).select(
            "thing", pl.lit(-1).alias("column"), pl.col("thing").alias("bearer"),
            "quantity", "how", "value", "row", "graph",
        )  # fmt: skip
        strata, names = self._strata()
        return Table(
            self.target.outcome, str(self.wanted["unit"].drop_nulls().min() or ""),
            self.things, y.sort("at")["value"].to_numpy().astype(float), strata, names, columns,
            self._groupings(behind, columns), cells, own,
            self.stated.select("number", "quantity", "how", "value", "row", "graph"), self.target.notes,
        )  # fmt: skip

    def _runs(self) -> pl.DataFrame:
        """Return (run, step, start): the narrowest class of each run, and when it began, in seconds."""
        runs = pl.concat([self._links(name, "run", "other")["run"] for name in ("input", "output")]).unique()
        steps = (
            self.deep.join(runs.to_frame("node"), on="node", how="semi")
            .sort("depth", "class", descending=[True, False])
            .unique("node", keep="first", maintain_order=True)
            .select(run="node", step="class")
        )
        parts = self._links("step", "run", "part")
        starts = self._links("start", "run", "start")
        # A run whose times stand at its parts began with the first of them.
        inner = parts.join(starts, left_on="part", right_on="run").select("run", "start")
        times = (
            pl.concat([starts, inner])
            .with_columns(
                start=pl.col("start")
                .cast(pl.String)
                .str.to_datetime(time_zone="UTC", strict=False)
                .dt.epoch("s")
            )
            .group_by("run")
            .agg(pl.col("start").min())
        )
        return pl.DataFrame({"run": runs}).join(steps, on="run", how="left").join(times, on="run", how="left")

    def _behind(self, runs: pl.DataFrame) -> pl.DataFrame:
        """Return (thing, ancestor, distance, run, step, start, side) of each run behind a thing, in time."""
        ends = pl.col("thing", "ancestor", "run").cast(pl.String).cast(self.node)
        lineage = self.values.ancestors(self.things).select(ends, "distance")
        inputs = self._links("input", "run", "ancestor")
        measuring = inputs.join(self._links("output", "run", "x"), on="run", how="anti")
        nodes = lineage.select("thing", "ancestor", "distance").unique()
        measured = nodes.join(measuring, on="ancestor")
        behind = pl.concat(
            [lineage, measured.select("thing", "ancestor", "run", "distance")], how="vertical"
        ).unique(maintain_order=True)
        side = self._sides().rename({"node": "ancestor"})
        behind = behind.join(runs, on="run", how="left").join(side, on="ancestor", how="left")
        behind = behind.join(self._known(behind, runs), on="thing", how="left")
        late = (
            pl.col("start").is_not_null()
            & pl.col("known").is_not_null()
            & (pl.col("start") > pl.col("known"))
        )
        own = side.select(thing="ancestor", whole="side")
        # The side tells the parts of a thing from each other: of a cathode, all that is behind it is its own.
        told = (pl.col("distance") > 0) & pl.col("whole").is_null()
        return (
            behind.filter(~late)
            .join(own, on="thing", how="left")
            .with_columns(side=pl.when(told).then(pl.col("side")).otherwise(None).fill_null(""))
        )

    def _known(self, behind: pl.DataFrame, runs: pl.DataFrame) -> pl.DataFrame:
        """Return (thing, known, own): when the property of each thing was known, and by which run."""
        rows = self._links("row", "run", "row").join(runs.select("run", "start"), on="run")
        found = self.wanted.select("thing", "row").drop_nulls().unique().join(rows, on="row")
        near = behind.filter(pl.col("distance") == 0).select("thing", "run").unique()
        # The row of a file may hold several runs; it is the one that has to do with the thing.
        own = found.join(near, on=["thing", "run"], how="semi")
        return (
            own.sort("start", "run")
            .group_by("thing")
            .agg(known=pl.col("start").min(), own=pl.col("run").first())
        )

    def _cells(self, behind: pl.DataFrame, runs: pl.DataFrame) -> pl.DataFrame:
        """Return each upstream value: of the runs behind a thing, and of the things before it."""
        values = self.stated.select("number", "same", "itself", "bearer", "role", "term", "name", "row")
        parents = self._links("step", "parent", "run")
        at_runs = behind.filter(pl.col("run").is_not_null()).select(
            "thing", "run", "step", "start", "side", "distance"
        )
        # A setting may stand at the batch of which a run is a part.
        above = at_runs.join(parents, on="run").with_columns(bearer="parent").drop("parent")
        at_runs = pl.concat([at_runs.with_columns(bearer="run"), above])
        parameters = values.filter(pl.col("role") == "parameter").join(at_runs, on="bearer")
        parameters = parameters.sort("bearer", "run", "number").unique(["thing", "same"], keep="first")
        own = behind.select("thing", "own", "known").unique("thing")
        nodes = behind.select("thing", "ancestor", "distance", "side").unique(["thing", "ancestor"])
        # A row number may stand for the rows of two sheets; then the earlier run counts.
        writers = self._links("row", "run", "row").join(runs, on="run").sort("start", "run")
        properties = (
            values.filter((pl.col("role") == "property") & ~pl.col("itself"))
            .join(nodes, left_on="bearer", right_on="ancestor")
            .join(own, on="thing", how="left")
            .join(writers.unique("row", keep="first", maintain_order=True), on="row", how="left")
        )
        later = (
            pl.col("known").is_not_null()
            & pl.col("start").is_not_null()
            & (pl.col("start") > pl.col("known"))
        )
        at_thing = pl.col("distance") == 0
        same = (pl.col("run") == pl.col("own")) & pl.col("own").is_not_null()
        # Of the thing itself, only what an earlier run recorded counts: the rest is known with the property.
        early = pl.col("start").is_not_null() & (pl.col("start") < pl.col("known"))
        properties = properties.filter(~later & (~at_thing | (early & ~same).fill_null(False)))
        properties = properties.join(self._class_of("bearer", properties), on="bearer", how="left")
        properties = properties.with_columns(step=pl.coalesce("step", "class"))
        shared = ["thing", *KEYS, "distance", "start", "bearer", "number"]
        return pl.concat([parameters.select(shared), properties.select(shared)]).with_columns(
            pl.col("step").fill_null(""), pl.col("side").fill_null("")
        )

    def _class_of(self, column: str, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the widest class of each node in a column: (column, class)."""
        nodes = frame.select(node=column).unique()
        return (
            self.deep.join(nodes, on="node", how="semi")
            .sort("depth", "class")
            .unique("node", keep="first", maintain_order=True)
            .select("class", **{column: "node"})
        )

    def _columns(self, cells: pl.DataFrame) -> tuple[list[Column], pl.DataFrame]:
        """Return the columns, and the cells with the number of their column."""
        raw = cells.select(KEYS).unique().sort(KEYS).with_row_index("raw")
        cells = cells.join(self.place, on="thing").join(raw, on=KEYS).drop(*KEYS)
        cells = cells.join(self.stated.select("number", "role", "how", "value", "unit"), on="number")
        raw = plain(raw)
        locals_ = {term: _local(term, self.vocabulary) for term in raw["term"].unique()}
        further = (
            pl.col("name").str.strip_prefix(pl.col("term").replace_strict(locals_, default=""))
            .str.strip_prefix(".").str.replace(r"(^|\.)set$", "")
        )  # fmt: skip
        seen = np.zeros((len(raw), len(self.things)), dtype=bool)
        seen[cells["raw"].to_numpy(), cells["at"].to_numpy()] = True
        raw = _one_name(raw.with_columns(name=further), seen)
        named = raw.select(KEYS).unique().sort(KEYS).with_row_index("column")
        cells = cells.join(raw.join(named, on=KEYS).select("raw", "column"), on="raw").drop("raw")
        cells = cells.with_columns(pl.col("column").cast(pl.Int32))
        # What was set says less than what was measured; where both are there, the measured value counts.
        about = cells.group_by("column").agg(
            chosen=(pl.col("how") == "set").any(),
            is_parameter=(pl.col("role") == "parameter").any(),
            measured=(pl.col("how") != "set").any(),
            unit=pl.col("unit").min(),
        )
        about = about.join(named.with_columns(pl.col("column").cast(pl.Int32)), on="column")
        cells = cells.join(about.select("column", "measured"), on="column")
        cells = cells.filter(~pl.col("measured") | (pl.col("how") != "set"))
        size = (len(about), len(self.things))
        cells = cells.with_columns(flat=pl.col("column").cast(pl.Int64) * size[1] + pl.col("at"))
        grids = {name: _means(cells, name, size) for name in ("value", "distance", "start")}
        bearers = _one_group(cells["flat"].to_numpy(), cells["bearer"], size)
        columns = []
        for place, head in enumerate(about.sort("column").iter_rows(named=True)):
            role = "parameter" if head["is_parameter"] else "property"
            at = np.flatnonzero(bearers[place] != ABSENT)
            columns.append(
                Column(
                    role, head["step"], head["term"], head["name"], head["side"], head["unit"] or "",
                    head["chosen"], _mean(grids["distance"][place]), _mean(grids["start"][place]),
                    grids["value"][place], _coded(len(self.things), at, bearers[place][at]),
                )
            )  # fmt: skip
        return columns, cells.select("thing", "column", "bearer", "number")

    def _strata(self) -> tuple[Codes, list[str]]:
        """Return the side of the things themselves: cathodes are never compared with anodes."""
        side = self._sides().rename({"node": "thing"})
        found = self.place.join(side, on="thing", how="left").sort("at")["side"].cast(pl.String).fill_null("")
        names = sorted(found.unique())
        return np.array([names.index(name) for name in found], dtype=np.int64), names

    def _groupings(self, behind: pl.DataFrame, columns: Iterable[Column]) -> list[Grouping]:
        """Return the ways to group the things, each once: runs, things, batches and machines behind them."""
        step = pl.col("step").fill_null("")
        ends = behind.filter((pl.col("distance") > 0) & pl.col("run").is_null())
        ends = ends.join(self._class_of("ancestor", ends), on="ancestor", how="left")
        runs = behind.filter(pl.col("run").is_not_null())
        tools = self._links("tool", "run", "group")
        parents = self._links("step", "group", "run")
        pools = [
            (runs.select("thing", "side", group="run", slot=step), "run of"),
            (runs.join(parents, on="run").select("thing", "side", "group", slot=step), "batch of"),
            (runs.join(tools, on="run").select("thing", "side", "group", slot=step), "machine of"),
            (ends.select("thing", "side", group="ancestor", slot=pl.col("class").fill_null("")), ""),
        ]
        seen: dict[bytes, Grouping] = {}
        for pool, word in pools:
            slots = pool.select("slot", "side").unique().with_row_index("number")
            named = pool.join(self.place, on="thing").join(slots, on=["slot", "side"])
            size = (len(slots), len(self.things))
            flat = named.select(pl.col("number").cast(pl.Int64) * size[1] + pl.col("at")).to_series()
            groups = _one_group(flat.to_numpy(), named["group"], size)
            for place, slot, side in sorted(slots.rows(), key=lambda row: str(row[1:])):
                at = np.flatnonzero(groups[place] != ABSENT)
                codes = _coded(len(self.things), at, groups[place][at])
                name = " ".join(filter(None, (word, str(side), self.label(str(slot)))))
                seen.setdefault(codes.tobytes(), Grouping(name, codes))
        for column in columns:
            name = f"bearer of {self.label(column.term)}"
            seen.setdefault(column.bearers.tobytes(), Grouping(name, column.bearers))
        return [grouping for grouping in seen.values() if len(np.unique(grouping.codes)) > 1]

    def label(self, iri: str) -> str:
        """Return the label of a term, or the name below the base of anything else."""
        return self.vocabulary.term(iri).label if iri in self.vocabulary else shorten(iri, self.base)


def _one_name(raw: pl.DataFrame, seen: NDArray[np.bool_]) -> pl.DataFrame:
    """Leave out names that tell nothing apart: each thing has one value, or they count what is alike.

    Zones of a dryer are told apart; the places of an entry form and the sheets of a stack are not, and their
    mean counts. `raw` are the columns with their names, `seen` says which thing has a value in which of them.
    """
    kind = ["step", "term", "side"]
    told = raw.group_by(*kind, "name", maintain_order=True).agg("raw").group_by(kind).agg("name", "raw")
    apart = []
    for names in told["raw"]:
        has = np.stack([seen[rows.to_numpy()].any(axis=0) for rows in names])
        several = has.sum(axis=0)
        share = (several > 1).sum() / (several > 0).sum()
        apart.append(bool(share > SEVERAL) and len(names) <= NAMES)
    kinds = told.select(*kind, apart=pl.Series(apart, dtype=pl.Boolean))
    return (
        raw.join(kinds, on=kind)
        .with_columns(name=pl.when(pl.col("apart")).then(pl.col("name")).otherwise(pl.lit("")))
        .drop("apart")
    )


def _means(cells: pl.DataFrame, name: str, size: tuple[int, int]) -> Floats:
    """Return the mean of the values of each column and thing, NaN where there is none."""
    found = cells.select("flat", name).drop_nulls()
    flat, values = found["flat"].to_numpy(), found[name].cast(pl.Float64).to_numpy()
    count = np.bincount(flat, minlength=size[0] * size[1])
    total = np.bincount(flat, weights=values, minlength=size[0] * size[1])
    with np.errstate(invalid="ignore"):
        return (total / count).reshape(size)


def _one_group(flat: Codes, nodes: pl.Series, size: tuple[int, int]) -> Codes:
    """Return a number for the node at each place of a table of so many rows and columns, ABSENT for none.

    Several nodes at one place together have a number of their own.
    """
    codes = nodes.to_physical().cast(pl.Int64).to_numpy()
    found = np.full(size[0] * size[1], ABSENT, dtype=np.int64)
    found[flat] = codes
    several = np.zeros(len(found), dtype=bool)
    several[flat[found[flat] != codes]] = True
    here = several[flat]
    frame = pl.DataFrame({"flat": flat[here], "group": codes[here]})
    joined = frame.group_by("flat").agg(pl.col("group").unique().sort())
    texts = joined["group"].cast(pl.List(pl.String)).list.join(" ")
    found[joined["flat"].to_numpy()] = texts.rank("dense").to_numpy().astype(np.int64) + codes.max(initial=0)
    return found.reshape(size)


def _local(term: str, vocabulary: Vocabulary) -> str:
    return vocabulary.term(term).label if term in vocabulary else ""


def _mean(values: Floats) -> float:
    there = values[np.isfinite(values)]
    return float(there.mean()) if len(there) else float("nan")


def _coded(size: int, at: Codes, groups: Codes) -> Codes:
    """Return codes that count groups in the order of their first thing, ABSENT where there is none.

    `groups` are numbers of groups, one for each place in `at`.
    """
    codes = np.full(size, ABSENT, dtype=np.int64)
    codes[at] = groups
    there = codes != ABSENT
    _, first, inverse = np.unique(codes[there], return_index=True, return_inverse=True)
    codes[there] = np.argsort(np.argsort(first))[inverse]
    return codes
