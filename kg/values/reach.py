"""Questions that go through all runs and cells -> their answers from columns."""

from __future__ import annotations

import polars as pl

from kg import model
from kg.namespaces import PREFIXES
from kg.values.answer import ColumnAnswer, Kind
from kg.values.columns import Columns, Terms, in_order
from kg.values.lineage import reach
from kg.values.part import TEXT

CELL = PREFIXES["bvco"] + "BVCO_adeeea10_13a2_48b1_93f5_e54290d73e32"  # FabricatedElectrochemicalCell
STACK = PREFIXES["bvco"] + "BVCO_9c661622_6258_46bd_8f53_85d531a39f0b"  # FabricatedElectrodeStack
ENERGY = PREFIXES["echem"] + "electrochemistry_ca36cbf3_1fed_4b88_9177_b4e16ad00cf7"  # DischargingEnergy


def _time(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String).str.to_datetime("%+", time_zone="UTC", strict=False)


def cells_of_material_lot(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/cells_of_material_lot.rq."""
    lot = pl.DataFrame({"thing": [terms["lot"]]}, schema={"thing": TEXT})
    first = lot.join(columns.down, left_on="thing", right_on="parent").select(thing="child")
    cells = reach(first, columns.down).rename({"thing": "cell"})
    classes = columns.links("type", "cell", "class")
    kinds = classes.filter(pl.col("class").is_in(columns.below(CELL, STACK)))
    cells = cells.join(kinds.select("cell").unique(), on="cell", how="semi")
    grades = columns.links("grade", "cell", "grade")
    grades = grades.with_columns(pl.col("grade").cast(pl.String)).group_by("cell").agg(pl.col("grade").max())
    ends = columns.links("output", "run", "cell").join(columns.links("end", "run", "last_run"), on="run")
    last = ends.with_columns(at=_time("last_run")).sort("at").group_by("cell").agg(pl.col("last_run").last())
    rows = cells.join(grades, on="cell", how="left").join(last, on="cell", how="left")
    return in_order(rows, {"cell": "iri", "grade": "text", "last_run": "moment"}, "cell")


def cells_without_step(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/cells_without_step.rq."""
    classes = columns.links("type", "run", "class")
    outputs, inputs = (columns.links(name, "run", "cell") for name in ("output", "input"))
    missing = classes.filter(pl.col("class") == terms["missing"]).select("run")
    have = pl.concat([outputs, inputs]).join(missing, on="run").select("cell").unique()
    done = classes.filter(pl.col("class") == terms["done"]).select("run").join(outputs, on="run")
    rows = done.join(have, on="cell", how="anti").join(
        columns.links("end", "run", "ended"), on="run", how="left"
    )
    return in_order(rows, {"cell": "iri", "run": "iri", "ended": "moment"}, "cell", "run")


def runs_by_step(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/runs_by_step.rq."""
    labels = columns.links("type", "run", "class").join(columns.labels, on="class")
    labels = labels.select("run", "label", "step").unique()
    inputs = columns.links("input", "run", "input").join(labels, on="run")
    outputs = columns.links("output", "run", "output").join(labels, on="run")
    told = pl.concat([inputs, outputs], how="diagonal")
    counts = told.group_by("label", "step").agg(
        runs=pl.col("run").n_unique(),
        inputs=pl.col("input").drop_nulls().n_unique(),
        outputs=pl.col("output").drop_nulls().n_unique(),
    )
    timed = columns.links("start", "run", "started").join(labels, on="run").with_columns(at=_time("started"))
    times = (
        timed.sort("at")
        .group_by("label")
        .agg(first=pl.col("started").first(), last=pl.col("started").last(), at=pl.col("at").first())
    )
    rows = counts.join(times, on="label", how="left").sort("at", pl.col("step").cast(pl.String))
    kinds: dict[str, Kind] = {
        "step": "text",
        "runs": "integer",
        "inputs": "integer",
        "outputs": "integer",
        "first": "moment",
        "last": "moment",
    }
    return ColumnAnswer(rows.with_columns(pl.col(TEXT).cast(pl.String)), kinds)


def specific_energy(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/specific_energy.rq."""
    rows = columns.property(ENERGY, "cell", "energy")
    rows = rows.join(
        columns.property(model.BVCOX + "DegassedCellMass", "cell", "after"), on="cell", how="left"
    )
    rows = rows.join(columns.property(model.BVCOX + "WetCellMass", "cell", "wet"), on="cell", how="left")
    rows = rows.join(columns.links("grade", "cell", "grade"), on="cell", how="left")
    rows = rows.with_columns(mass=pl.coalesce("after", "wet")).filter(pl.col("mass") > 0)
    rows = rows.with_columns(specific=1000 * pl.col("energy") / pl.col("mass"))
    kinds: dict[str, Kind] = {
        "cell": "iri",
        "energy": "double",
        "mass": "double",
        "specific": "double",
        "grade": "text",
    }
    return in_order(rows, kinds, "cell")
