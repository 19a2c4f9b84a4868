"""The value table -> one row for each thing, with a column for each value upstream of it, and what bore it.

What is upstream of a thing was there before its property was known: the runs that made it and all that it is
made from, with their parameters, and the properties that earlier things had.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kg.errors import KgError
from kg.influence.sides import sides
from kg.iri import shorten
from kg.terms import Vocabulary
from kg.values import Values

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

SEVERAL, NAMES = 0.05, 4
"""Share of things with several values of a term in a step from which these are told apart, and the most."""

KEYS = ["step", "term", "name", "side"]

ABSENT = -1
"""Code of a thing that has no such thing or run behind it."""


@dataclass(frozen=True)
class Column:
    """One upstream value, for each thing of a table.

    `role` is `parameter` (of a run) or `property` (of a thing that was there before); `step` the class of
    the run, or of the run that recorded the property; `name` tells apart several values of one term in one
    step; `side` is `positive`, `negative` or empty; `chosen` says that a set value is recorded, so the value
    was chosen and did not come about. `values` are NaN where absent, `bearers` the codes of what bears the
    value. `distance` counts the things between, `start` is the mean start of the runs in seconds (NaN where
    unknown).
    """

    role: str
    step: str
    term: str
    name: str
    side: str
    unit: str
    chosen: bool
    distance: float
    start: float
    values: Floats
    bearers: Codes

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Return what tells this column from all others."""
        return self.step, self.term, self.name, self.side


@dataclass(frozen=True)
class Grouping:
    """A way in which the line groups things: by the run, batch, lot or machine behind them."""

    name: str
    codes: Codes


@dataclass(frozen=True)
class Table:
    """Things with a property, what is upstream of them, and where each value is recorded.

    `strata` are codes of the kinds of thing that are never compared with each other (cathodes and anodes).
    `cells` holds each value that went in: (thing, column, bearer, quantity, how, value, row, graph); the
    property itself has the column -1.
    """

    outcome: str
    unit: str
    things: list[str]
    y: Floats
    strata: Codes
    stratum_names: list[str]
    columns: list[Column]
    groupings: list[Grouping]
    cells: pl.DataFrame = field(repr=False)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Target:
    """The property that is asked for, in the columns TARGET: one line for each value of a thing."""

    outcome: str
    frame: pl.DataFrame
    notes: tuple[str, ...] = ()


TARGET = {
    "thing": pl.String,
    "value": pl.Float64,
    "unit": pl.String,
    "quantity": pl.String,
    "how": pl.String,
    "row": pl.String,
    "graph": pl.String,
}


def target_of(values: Values, term: str, vocabulary: Vocabulary, base: str) -> Target:
    """Return a property of things as it is recorded.

    Where nothing has the term itself, the terms below it count. Of several values with different names
    (open circuit voltage after formation, and at the end of the line) that of the most things is taken.
    Raises KgError where nothing has the property.
    """
    lazy = values.values().filter(pl.col("term").cast(pl.String).is_in(list(vocabulary.descendants(term))))
    found = plain(lazy.collect())
    label = vocabulary.term(term).label
    if found.is_empty():
        raise KgError(f"nothing in the store has a value of {label}. 'kg terms {label}' says what is near.")
    exact = found.filter(pl.col("term") == term)
    found = exact if not exact.is_empty() else found
    borne = found.filter(pl.col("role") == "property")
    if borne.is_empty():
        text = (
            f"{label} is recorded as a parameter of runs only, so it is no property that anything could move."
        )
        raise KgError(f"{text} To look at values of a query, give its name: --of QUERY.COLUMN")
    names = (
        borne.group_by("name").agg(n=pl.col("bearer").n_unique()).sort("n", "name", descending=[True, False])
    )
    name = names["name"][0]
    others = [other for other in names["name"] if other != name]
    notes: tuple[str, ...] = ()
    if others:
        notes += (f"{label} is recorded under several names; this is {name}, not {', '.join(others)}.",)
    chosen = borne.filter(pl.col("name") == name).rename({"bearer": "thing"})
    several = chosen.height - chosen["thing"].n_unique()
    if several:
        notes += (f"{several} things have several values of {label}; their mean counts.",)
    return Target(term, chosen.select(*TARGET).sort("thing", "quantity"), notes)


def gather(
    values: Values, target: Target, vocabulary: Vocabulary, base: str, things: Collection[str] | None = None
) -> Table:
    """Return the table of a property: its things, and all that is upstream of each."""
    wanted = target.frame if things is None else target.frame.filter(pl.col("thing").is_in(list(things)))
    if wanted.is_empty():
        label = vocabulary.term(target.outcome).label if target.outcome in vocabulary else target.outcome
        raise KgError(f"none of these {len(things or ()):,} things has a value of {label}.")
    return _Gatherer(values, target, wanted, vocabulary, base).table()


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame of the value table with text where it has categories."""
    return frame.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))


class _Gatherer:
    """One gathering: the frames that its steps share."""

    def __init__(
        self, values: Values, target: Target, wanted: pl.DataFrame, vocabulary: Vocabulary, base: str
    ) -> None:
        self.values, self.target, self.wanted = values, target, wanted
        self.vocabulary, self.base = vocabulary, base
        self.edges = plain(values.edges().collect())
        self.classes = self._links("type", "node", "class")
        self.things = wanted["thing"].unique().sort().to_list()
        self.place = pl.DataFrame({"thing": self.things}).with_row_index("at")

    def _links(self, name: str, subject: str, object_: str) -> pl.DataFrame:
        found = self.edges.filter(pl.col("link") == name)
        return found.select(pl.col("subject").alias(subject), pl.col("object").alias(object_)).unique()

    def table(self) -> Table:
        """Return the table."""
        runs = self._runs()
        behind = self._behind(runs)
        cells = self._cells(behind, runs)
        columns, cells = self._columns(cells)
        y = self.place.join(self.wanted.group_by("thing").agg(pl.col("value").mean()), on="thing", how="left")
        own = self.wanted.select(
            "thing", pl.lit(-1).alias("column"), pl.col("thing").alias("bearer"),
            "quantity", "how", "value", "row", "graph",
        )  # fmt: skip
        strata, names = self._strata()
        return Table(
            self.target.outcome, str(self.wanted["unit"].drop_nulls().min() or ""),
            self.things, y["value"].to_numpy().astype(float), strata, names, columns,
            self._groupings(behind, columns), pl.concat([cells, own], how="vertical_relaxed"),
            self.target.notes,
        )  # fmt: skip

    def _runs(self) -> pl.DataFrame:
        """Return (run, step, start): the narrowest class of each run, and when it began, in seconds."""
        runs = pl.concat([self._links(name, "run", "other")["run"] for name in ("input", "output")]).unique()
        depth = {iri: len(self.vocabulary.ancestors(iri)) for iri in self.classes["class"].unique()}
        steps = (
            self.classes.filter(pl.col("node").is_in(runs.implode()))
            .with_columns(depth=pl.col("class").replace_strict(depth, default=0))
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
            .with_columns(start=pl.col("start").str.to_datetime(time_zone="UTC", strict=False).dt.epoch("s"))
            .group_by("run")
            .agg(pl.col("start").min())
        )
        return pl.DataFrame({"run": runs}).join(steps, on="run", how="left").join(times, on="run", how="left")

    def _behind(self, runs: pl.DataFrame) -> pl.DataFrame:
        """Return (thing, ancestor, distance, run, step, start, side) of each run behind a thing, in time."""
        lineage = plain(self.values.ancestors(self.things)).select("thing", "ancestor", "run", "distance")
        inputs = self._links("input", "run", "ancestor")
        measuring = inputs.join(self._links("output", "run", "x"), on="run", how="anti")
        nodes = lineage.select("thing", "ancestor", "distance").unique()
        measured = nodes.join(measuring, on="ancestor")
        behind = pl.concat(
            [lineage, measured.select("thing", "ancestor", "run", "distance")], how="vertical"
        ).unique(maintain_order=True)
        made = self._links("from", "child", "parent")
        side = sides(self.classes, made, self.vocabulary).rename({"node": "ancestor"})
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
        values = plain(self.values.values().collect())
        parents = self._links("step", "parent", "run")
        at_runs = behind.filter(pl.col("run").is_not_null()).select(
            "thing", "run", "step", "start", "side", "distance"
        )
        # A setting may stand at the batch of which a run is a part.
        above = at_runs.join(parents, on="run").with_columns(bearer="parent").drop("parent")
        at_runs = pl.concat([at_runs.with_columns(bearer="run"), above])
        parameters = values.filter(pl.col("role") == "parameter").join(at_runs, on="bearer")
        parameters = parameters.sort("bearer", "run").unique(["thing", "quantity"], keep="first")
        own = behind.select("thing", "own", "known").unique("thing")
        nodes = behind.select("thing", "ancestor", "distance", "side").unique(["thing", "ancestor"])
        # A row number may stand for the rows of two sheets; then the earlier run counts.
        writers = self._links("row", "run", "row").join(runs, on="run").sort("start", "run")
        properties = (
            values.filter(pl.col("role") == "property")
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
        itself = pl.col("quantity").is_in(self.target.frame["quantity"].implode())
        properties = properties.filter(~itself & ~later & (~at_thing | (early & ~same).fill_null(False)))
        properties = properties.with_columns(step=pl.coalesce("step", self._class_of("bearer", properties)))
        shared = [
            "thing", "role", "step", "term", "name", "side", "distance", "start", "bearer", "quantity", "how",
            "value", "unit", "row", "graph",
        ]  # fmt: skip
        return pl.concat([parameters.select(shared), properties.select(shared)]).with_columns(
            pl.col("step").fill_null(""), pl.col("side").fill_null("")
        )

    def _class_of(self, column: str, frame: pl.DataFrame) -> pl.Expr:
        bearers = frame[column].unique()
        depth = {iri: len(self.vocabulary.ancestors(iri)) for iri in self.classes["class"].unique()}
        classes = (
            self.classes.filter(pl.col("node").is_in(bearers.implode()))
            .with_columns(depth=pl.col("class").replace_strict(depth, default=0))
            .sort("depth", "class")
            .unique("node", keep="first", maintain_order=True)
        )
        known = dict(zip(classes["node"], classes["class"], strict=True))
        return pl.col(column).replace_strict(known, default=None, return_dtype=pl.String)

    def _columns(self, cells: pl.DataFrame) -> tuple[list[Column], pl.DataFrame]:
        """Return the columns, and the cells with the number of their column."""
        whole = cells.with_row_index("cell")
        # Numbers stand for the texts from here on: there are millions of cells and hundreds of columns.
        raw = whole.select(KEYS).unique().sort(KEYS).with_row_index("raw")
        cells = (
            whole.drop("quantity", "row", "graph")
            .join(self.place, on="thing")
            .join(raw, on=KEYS)
            .drop("thing", *KEYS)
        )
        locals_ = {term: _local(term, self.vocabulary) for term in raw["term"].unique()}
        further = (
            pl.col("name").str.strip_prefix(pl.col("term").replace_strict(locals_, default=""))
            .str.strip_prefix(".").str.replace(r"(^|\.)set$", "")
        )  # fmt: skip
        raw = _one_name(raw.with_columns(name=further), cells.select("raw", "at").unique())
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
        each = _each(cells)
        columns = []
        parts = each.partition_by("column", maintain_order=True)
        for head, part in zip(about.sort("column").iter_rows(named=True), parts, strict=True):
            role = "parameter" if head["is_parameter"] else "property"
            at = part["at"].to_numpy()
            value = np.full(len(self.things), np.nan)
            value[at] = part["value"].to_numpy()
            columns.append(
                Column(
                    role, head["step"], head["term"], head["name"], head["side"], head["unit"] or "",
                    head["chosen"], float(part["distance"].cast(pl.Float64).mean() or 0.0),  # type: ignore[arg-type]
                    _mean(part["start"]), value, _coded(len(self.things), at, part["bearer"]),
                )
            )  # fmt: skip
        shown = ["thing", "column", "bearer", "quantity", "how", "value", "row", "graph"]
        kept = cells.select("cell", "column").sort("cell")
        return columns, whole.join(kept, on="cell", maintain_order="right").select(shown)

    def _strata(self) -> tuple[Codes, list[str]]:
        """Return the side of the things themselves: cathodes are never compared with anodes."""
        made = self._links("from", "child", "parent")
        side = sides(self.classes, made, self.vocabulary).rename({"node": "thing"})
        found = self.place.join(side, on="thing", how="left").sort("at")["side"].fill_null("")
        names = sorted(found.unique())
        return np.array([names.index(name) for name in found], dtype=np.int64), names

    def _groupings(self, behind: pl.DataFrame, columns: Iterable[Column]) -> list[Grouping]:
        """Return the ways to group the things, each once: runs, things, batches and machines behind them."""
        step = pl.col("step").fill_null("")
        runs = behind.filter(pl.col("run").is_not_null())
        tools = self._links("tool", "run", "group")
        parents = self._links("step", "group", "run")
        pools = [
            (runs.select("thing", "side", group="run", slot=step), "run of"),
            (runs.join(parents, on="run").select("thing", "side", "group", slot=step), "batch of"),
            (runs.join(tools, on="run").select("thing", "side", "group", slot=step), "machine of"),
            (
                behind.filter((pl.col("distance") > 0) & pl.col("run").is_null()).select(
                    "thing", "side", group="ancestor", slot=self._class_of("ancestor", behind).fill_null("")
                ),
                "",
            ),
        ]
        seen: dict[bytes, Grouping] = {}
        for pool, word in pools:
            named = pool.join(self.place, on="thing").group_by("slot", "side", "at").agg(
                pl.col("group").unique().sort().str.join(" ")
            )  # fmt: skip
            for (slot, side), part in sorted(named.group_by("slot", "side"), key=lambda item: str(item[0])):
                codes = _coded(len(self.things), part["at"].to_numpy(), part["group"])
                name = " ".join(filter(None, (word, str(side), self.label(str(slot)))))
                seen.setdefault(codes.tobytes(), Grouping(name, codes))
        for column in columns:
            name = f"bearer of {self.label(column.term)}"
            seen.setdefault(column.bearers.tobytes(), Grouping(name, column.bearers))
        return [grouping for grouping in seen.values() if len(np.unique(grouping.codes)) > 1]

    def label(self, iri: str) -> str:
        """Return the label of a term, or the name below the base of anything else."""
        return self.vocabulary.term(iri).label if iri in self.vocabulary else shorten(iri, self.base)


def _one_name(raw: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """Leave out names that tell nothing apart: each thing has one value, or they count what is alike.

    Zones of a dryer are told apart; the places of an entry form and the sheets of a stack are not, and their
    mean counts. `raw` are the columns with their names, `places` say which thing has which of them.
    """
    kind = ["step", "term", "side"]
    each = places.join(raw, on="raw").group_by(*kind, "at").agg(several=pl.col("name").n_unique() > 1)
    share = each.group_by(kind).agg(several=pl.col("several").mean() > SEVERAL)
    names = raw.group_by(kind).agg(many=pl.col("name").n_unique() > NAMES)
    told = pl.col("several") & ~pl.col("many")
    return (
        raw.join(share, on=kind)
        .join(names, on=kind)
        .with_columns(name=pl.when(told).then(pl.col("name")).otherwise(pl.lit("")))
        .drop("several", "many")
    )


def _each(cells: pl.DataFrame) -> pl.DataFrame:
    """Return one line for each column and thing: the mean of its values, and what bears them."""
    each = cells.group_by("column", "at").agg(
        pl.col("value").mean(), pl.col("distance").mean(), pl.col("start").mean(),
        pl.col("bearer").min(), last=pl.col("bearer").max(),
    )  # fmt: skip
    several = each.filter(pl.col("bearer") != pl.col("last")).select("column", "at")
    joined = (
        cells.join(several, on=["column", "at"], how="semi")
        .group_by("column", "at")
        .agg(together=pl.col("bearer").unique().sort().str.join(" "))
    )
    each = each.join(joined, on=["column", "at"], how="left")
    return each.with_columns(bearer=pl.coalesce("together", "bearer")).sort("column", "at")


def _local(term: str, vocabulary: Vocabulary) -> str:
    return vocabulary.term(term).label if term in vocabulary else ""


def _mean(times: pl.Series) -> float:
    found = times.drop_nulls()
    return float(found.cast(pl.Float64).mean()) if len(found) else float("nan")  # type: ignore[arg-type]


def _coded(size: int, at: Codes, groups: pl.Series) -> Codes:
    """Return codes that count groups in the order of their first thing, ABSENT where there is none."""
    codes = np.full(size, ABSENT, dtype=np.int64)
    frame = pl.DataFrame({"at": at, "group": groups}).sort("at")
    order = {name: code for code, name in enumerate(frame["group"].unique(maintain_order=True))}
    codes[frame["at"].to_numpy()] = frame["group"].replace_strict(order, return_dtype=pl.Int64).to_numpy()
    return codes
