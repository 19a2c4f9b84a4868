"""A property -> for each thing that has it, all parameters and properties on the way to it, in columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from kg.errors import KgError
from kg.terms import vocabulary
from kg.values.lineage import closure, link, sides
from kg.values.part import TEXT

Numbers = npt.NDArray[np.int64]

KEY = ("role", "step", "term", "name", "side")
BATCH = ("what", "of", "side")


def prefer_measured(values: pl.DataFrame) -> pl.DataFrame:
    """Leave out what was set where the same quantity of the same bearer was measured."""
    measured = values.filter(pl.col("how") == "measured").select("bearer", "role", "term").unique()
    is_set = (pl.col("how") == "set").fill_null(False)
    left = values.filter(is_set).join(measured, on=("bearer", "role", "term"), how="anti")
    return pl.concat([values.filter(~is_set), left])


@dataclass(frozen=True)
class Beside:
    """A property of things beside what went before it.

    `frame`: a row for each thing and name of the property, with `thing`, `property_name`, `property_value`;
    then a column for each parameter and property on the way (the mean, where a thing has several values
    of one kind behind it), and for each batch, lot, machine and day.
    `columns` describes these columns: `column`; `kind` (parameter, property, batch, machine or day); `step`,
    the class of the run, of a batch its own class; `term`, `name`, `unit` and `how` of the values; `side` of
    the electrode; `distance`, the least number of steps along the lineage, 0 for the thing itself; `n`, the
    things that have a value.
    `long` holds each single value: `thing`, `column`, `value`, `quantity`, `bearer`, `via` (the thing on the
    way), `row` and `graph`.
    """

    property: str
    frame: pl.DataFrame
    columns: pl.DataFrame
    found: pl.DataFrame
    values: pl.DataFrame

    @cached_property
    def long(self) -> pl.DataFrame:
        """Return each value behind each thing, with the quantity and the row that it comes from."""
        own = pl.concat_str(pl.col("bearer").cast(pl.String), pl.lit("#"), pl.col("name").cast(pl.String))
        joined = self.found.join(self.values, on="number").with_columns(
            quantity=pl.coalesce(pl.col("quantity").cast(pl.String), own)
        )
        columns = self.columns.select("key", "column").drop_nulls()
        return joined.join(columns, on="key").select(
            "thing", "column", "value", "quantity", "bearer", "via", "row", "graph", "distance"
        )


def _steps(edges: pl.DataFrame) -> pl.DataFrame:
    """Return the runs with their class and start: (bearer, step, began)."""
    runs = pl.concat(
        [
            edges.filter(pl.col("link").is_in([name])).select(bearer="subject")
            for name in ("output", "input", "start")
        ]
    ).unique()
    classes = link(edges, "type", "bearer", "step").sort("step").unique("bearer", keep="first")
    began = link(edges, "start", "bearer", "began").group_by("bearer").agg(pl.col("began").sort().first())
    times = pl.col("began").cast(pl.String).str.to_datetime("%+", time_zone="UTC", strict=False)
    return (
        runs.join(classes, on="bearer", how="left")
        .join(began, on="bearer", how="left")
        .with_columns(day=pl.col("began").cast(pl.String).str.slice(0, 10), began=times)
    )


class Builder:
    """One look from a property back along the lineage."""

    def __init__(self, values: pl.DataFrame, edges: pl.DataFrame, made: pl.DataFrame) -> None:
        self.edges, self.made = edges, made
        self.steps = _steps(edges)
        self.sides = sides(edges, made)
        self.outputs = link(edges, "output", "run", "via")
        # The runs of a thing whose row states a value of it; two sheets of a workbook may share a number.
        of_thing = pl.concat([self.outputs, link(edges, "input", "run", "via")]).unique()
        rows = link(edges, "row", "run", "row").join(of_thing, on="run")
        self.run_of_row = rows.join(self.steps.select("began", run="bearer"), on="run").sort("began", "run")
        self.values = prefer_measured(values.unique()).with_row_index("number")

    def runs(self, ways: pl.DataFrame) -> pl.DataFrame:
        """Return the runs that gave out the things on the way, and what they are parts of: (via, bearer)."""
        outputs = self.outputs.join(ways.select("via").unique(), on="via", how="semi")
        inner = closure(outputs.select(thing="run"), link(self.edges, "step", "whole", "part"))
        return outputs.join(inner.select(run="thing", bearer="reached"), on="run").select("via", "bearer")

    def stated(self, ways: pl.DataFrame) -> pl.DataFrame:
        """Return all values of the things on the way and of their runs, with the key of their column."""
        via = ways.select("via").unique()
        bearers = pl.concat(
            [
                via.select("via", bearer="via", role=pl.lit("property").cast(TEXT)),
                self.runs(ways).select("via", "bearer", role=pl.lit("parameter").cast(TEXT)),
            ]
        )
        stated = bearers.unique().join(self.values, on=("bearer", "role"))
        by = self.run_of_row.unique(("row", "via"), keep="first").select("row", "via", by="run")
        stated = stated.join(by, on=("row", "via"), how="left").with_columns(
            by=pl.when(pl.col("role") == "parameter").then("bearer").otherwise("by")
        )
        stated = stated.join(self.steps.rename({"bearer": "by"}), on="by", how="left")
        return stated.join(self.sides.rename({"thing": "via"}), on="via", how="left").with_columns(
            pl.col("side").fill_null("")
        )


def _named(columns: pl.DataFrame) -> pl.DataFrame:
    """Give each column a name that a person reads: `Calendering.LineLoad [positive]`."""
    names: list[str] = []
    for kind, step, name, side in columns.select("kind", "step", "name", "side").iter_rows():
        end = f" [{side}]" if side else ""
        label = _label(step)
        text = f"{label}.{name}{end}" if kind in ("parameter", "property") else f"{kind} {label}{end}"
        names.append(text if text not in names else f"{text} ({kind} {len(names)})")
    return columns.with_columns(column=pl.Series(names, dtype=pl.String))


def _label(iri: str | None) -> str:
    try:
        return vocabulary().term(iri or "").label
    except KgError:
        return (iri or "").rpartition("#")[2].rpartition("/")[2]


def _grid(rows: pl.Series, keys: pl.Series, size: tuple[int, int]) -> Numbers:
    """Return for each cell the place in a table of so many rows and columns, laid out flat."""
    flat: Numbers = rows.to_numpy().astype(np.int64) * size[1] + keys.to_numpy()
    return flat


def _means(found: pl.DataFrame, size: tuple[int, int]) -> pl.DataFrame:
    """Return the mean of the values in each row and column; null where there is none."""
    # A run that gave out two things behind one thing is found twice; its value counts once.
    twice = pl.col("number").is_in(
        found.unique(("via", "number"))["number"]
        .value_counts()
        .filter(pl.col("count") > 1)["number"]
        .implode()
    )
    once = pl.concat(
        [found.filter(~twice), found.filter(twice).unique(("at row", "number", "key"), maintain_order=True)]
    )
    flat = _grid(once["at row"], once["key"], size)
    count = np.bincount(flat, minlength=size[0] * size[1])
    total = np.bincount(flat, weights=once["value"].to_numpy(), minlength=size[0] * size[1])
    with np.errstate(invalid="ignore"):
        means = (total / count).reshape(size)
    return pl.from_numpy(means).with_columns(pl.all().fill_nan(None))


def _texts(cells: pl.DataFrame, size: tuple[int, int]) -> pl.DataFrame:
    """Return the text in each row and column; where there are several, they stand together, in order."""
    flat = _grid(cells["at row"], cells["key"], size)
    cells = cells.select("value", flat=pl.Series(flat))
    places = np.full(size[0] * size[1], -1, np.int64)
    places[flat] = np.arange(len(flat))
    values = cells["value"]
    count = np.bincount(flat, minlength=len(places))
    several = cells.filter(pl.Series(count[flat] > 1)).with_columns(pl.col("value").cast(pl.String))
    joined = several.sort("value").group_by("flat", maintain_order=True).agg(pl.col("value").str.join(" "))
    places[joined["flat"].to_numpy()] = len(flat) + np.arange(len(joined))
    values = pl.concat([values, joined["value"].cast(TEXT)])
    grid = places.reshape(size)
    columns = [pl.Series(grid[:, key]) for key in range(size[1])]
    return pl.DataFrame(
        [
            values.gather(pl.select(pl.when(at >= 0).then(at)).to_series()).alias(str(n))
            for n, at in enumerate(columns)
        ]
    )


def _batches(builder: Builder, ways: pl.DataFrame) -> pl.DataFrame:
    """Return the things, machines and days that things have behind them: (via, kind, of, side, value)."""
    of_run = builder.runs(ways).join(builder.steps, on="bearer")
    tools = link(builder.edges, "tool", "bearer", "value").join(of_run, on="bearer")
    classes = link(builder.edges, "type", "via", "of")
    found = pl.concat(
        [
            ways.filter(pl.col("distance") > 0)
            .select("via")
            .unique()
            .join(classes, on="via")
            .select("via", "of", kind=pl.lit("batch"), value="via", began=_NEVER),
            tools.select("via", of="step", kind=pl.lit("machine"), value="value", began="began"),
            of_run.filter(pl.col("day").is_not_null()).select(
                "via", of="step", kind=pl.lit("day"), value=pl.col("day").cast(TEXT), began="began"
            ),
        ]
    ).unique()
    found = found.join(builder.sides.rename({"thing": "via"}), on="via", how="left")
    return found.with_columns(pl.col("side").fill_null(""))


_NEVER = pl.lit(None, pl.Datetime("us", "UTC"))


def _own(builder: Builder, property_: str, things: pl.DataFrame | None) -> pl.DataFrame:
    """Return the values of a property, with the time of the run that found it: (thing, ..., at)."""
    stated = builder.values.filter((pl.col("term") == property_) & (pl.col("role") == "property"))
    found_by = builder.run_of_row.select("row", bearer="via", at="began")
    own = stated.join(found_by, on=("row", "bearer"), how="left")
    own = own.group_by(thing="bearer", property_name="name", property_value="value").agg(pl.col("at").max())
    return own if things is None else own.join(things, on="thing", how="semi")


def _before(own: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Leave out what was done to a thing, in its later states, after the property was found."""
    dated = found.join(own.group_by("thing").agg(pl.col("at").max()), on="thing")
    return dated.filter((pl.col("distance") > 0) | (pl.col("began") <= pl.col("at")).fill_null(True))


def _numbers(
    builder: Builder, property_: str, own: pl.DataFrame, ways: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the values behind each thing, and what the columns are that they go into."""
    behind = builder.stated(ways)
    keys = behind.select(KEY).unique().with_row_index("key")
    behind = behind.join(keys, on=KEY, nulls_equal=True)
    behind = behind.select("via", "number", "key", "value", "began", "term", "role")
    itself = (pl.col("distance") == 0) & (pl.col("term") == property_) & (pl.col("role") == "property")
    found = _before(own, ways.join(behind, on="via")).filter(~itself)
    about = found.group_by("key").agg(pl.col("distance").min(), number=pl.col("number").first())
    about = about.join(builder.values.select("number", "unit", "how"), on="number").drop("number")
    columns = keys.join(about, on="key", how="left").rename({"role": "kind"})
    return found, _named(columns.sort("key"))


def _groups(builder: Builder, own: pl.DataFrame, ways: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the batches, machines and days behind each thing, and the columns that they go into."""
    batch, kind = _batches(builder, ways), ("kind", "of", "side")
    keys = batch.select(kind).unique().with_row_index("key")
    found = _before(own, ways.join(batch.join(keys, on=kind, nulls_equal=True), on="via"))
    about = keys.rename({"of": "step"}).with_columns(name=pl.lit(""))
    return found.select("at row", "key", "value").unique(), _named(about.sort("key"))


def beside(builder: Builder, property_: str, things: pl.DataFrame | None) -> Beside:
    """Return a property of things beside what went before it; see Beside."""
    own = _own(builder, property_, things)
    rows = own.select("thing").unique().sort("thing").with_row_index("at row")
    ways = closure(rows, builder.made).rename({"reached": "via"}).join(rows, on="thing")
    found, columns = _numbers(builder, property_, own, ways)
    cells, groups = _groups(builder, own, ways)
    numbers = _means(found, (len(rows), len(columns)))
    texts = _texts(cells, (len(rows), len(groups)))
    wide, described = [rows], []
    for grid, about in ((numbers, columns), (texts, groups)):
        grid.columns = about["column"].to_list()
        counts = pl.Series([len(grid) - nulls for nulls in grid.null_count().row(0)], dtype=pl.UInt32)
        about = _shown(about.with_columns(n=counts).filter(pl.col("n") > 0))
        wide.append(grid.select(about["column"].to_list()))
        described.append(about)
    frame = own.drop("at").join(pl.concat(wide, how="horizontal"), on="thing").drop("at row")
    said = found.select("thing", "via", "number", "key", "distance")
    described[1] = described[1].with_columns(key=None)
    about = pl.concat(described, how="diagonal_relaxed")
    return Beside(property_, frame.sort("thing", "property_name"), about, said, builder.values)


def _shown(columns: pl.DataFrame) -> pl.DataFrame:
    order = ("column", "kind", "step", "term", "name", "side", "unit", "how", "distance", "n", "key")
    names = [name for name in order if name in columns.columns]
    texts = [pl.col(name).cast(pl.String) for name in names if name not in ("n", "key", "distance")]
    return columns.with_columns(*texts, pl.col("key").cast(pl.UInt32)).select(names)
