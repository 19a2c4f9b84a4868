"""Questions about lots, and about cells that share what they went through -> their answers from columns."""

from __future__ import annotations

import polars as pl

from kg.namespaces import PREFIXES
from kg.values.answer import ColumnAnswer, Kind
from kg.values.columns import Columns, Terms, in_order
from kg.values.lineage import closure, reach, things
from kg.values.part import TEXT
from kg.values.reach import CELL

_BVCOX = PREFIXES["bvcox"]
_SLURRY = PREFIXES["bvco"] + "BVCO_a796baaa_dffa_4c6d_8526_ae6e9114b30c"  # BatteryElectrodeSlurry

_ENERGIES = ("ElectricalEnergyConsumption", "ThermalEnergyConsumption")


def _said(columns: Columns, predicate: str, name: str) -> pl.DataFrame:
    """Return the texts of lots: (lot, name)."""
    found = columns.store.query(
        f"""SELECT DISTINCT ?lot ?text WHERE {{
          {{ SELECT DISTINCT ?kind WHERE {{ ?kind rdfs:subClassOf* bvcox:MaterialLot }} }}
          ?lot a ?kind ; {predicate} ?text }}"""
    )
    rows = [(row["lot"].value, row["text"].value) for row in found]
    return pl.DataFrame(rows, schema={"lot": TEXT, name: TEXT}, orient="row")


def _ways(columns: Columns, lots: pl.DataFrame) -> pl.DataFrame:
    """Return what holds some of each lot: (lot, thing, distance)."""
    ways = closure(lots.select(thing="lot"), columns.down).filter(pl.col("distance") > 0)
    return ways.select("distance", lot="thing", thing="reached")


def cells_by_lot(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/cells_by_lot.rq."""
    lots = columns.of_class(_BVCOX + "MaterialLot").rename({"thing": "lot"})
    ways = _ways(columns, lots)
    batches = ways.filter(pl.col("distance") == 1).join(columns.of_class(_SLURRY), on="thing", how="semi")
    cells = ways.join(columns.of_class(CELL), on="thing", how="semi")
    rows = lots
    for name, found in (("batches", batches), ("cells", cells)):
        counts = found.group_by("lot").agg(pl.col("thing").n_unique().cast(pl.Int64).alias(name))
        rows = rows.join(counts, on="lot", how="left").with_columns(pl.col(name).fill_null(0))
    rows = rows.join(_said(columns, "rdfs:label", "trade_name"), on="lot", how="left")
    rows = rows.join(_said(columns, "bvcox:supplierName", "supplier"), on="lot", how="left")
    kinds: dict[str, Kind] = {
        "lot": "iri",
        "trade_name": "text",
        "supplier": "text",
        "batches": "integer",
        "cells": "integer",
    }
    return in_order(rows, kinds, "lot")


def supplier_comparison(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/supplier_comparison.rq."""
    suppliers = _said(columns, "bvcox:supplierName", "supplier")
    found = columns.of_term(terms["property"], "property").select(
        "quantity", "value", thing="bearer", unitClass="unit"
    )
    ways = _ways(columns, suppliers).join(found.unique(), on="thing")
    value = pl.col("value")
    rows = (
        ways.sort("value")
        .group_by("lot", "unitClass")
        .agg(n=value.len(), mean=value.mean(), lowest=value.min(), highest=value.max())
    )
    rows = rows.join(suppliers, on="lot")
    rows = rows.join(_said(columns, "rdfs:label", "trade_name"), on="lot", how="left")
    kinds: dict[str, Kind] = {
        "trade_name": "text",
        "supplier": "text",
        "lot": "iri",
        "n": "integer",
        "mean": "double",
        "lowest": "double",
        "highest": "double",
        "unit": "text",
    }
    return in_order(columns.with_unit(rows, "unitClass", "unit"), kinds, "trade_name", "lot")


def energy_of_cell(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/energy_of_cell.rq."""
    behind = reach(things([terms["cell"]]), columns.down.select("child", "parent"))
    outputs = columns.links("output", "run", "thing")
    runs = outputs.join(behind, on="thing", how="semi").select("run").unique()
    found = pl.concat([columns.of_term(_BVCOX + kind, "parameter") for kind in _ENERGIES])
    found = found.select("quantity", "value", run="bearer").unique().join(runs, on="run")
    labels = columns.links("type", "run", "class").join(columns.labels, on="class")
    found = found.join(labels.select("run", "label", "step").unique(), on="run").sort("quantity", "value")
    energies = found.group_by("run", "label", "step", maintain_order=True).agg(energy=pl.col("value").sum())
    made = outputs.join(energies.select("run").unique(), on="run")
    cells = closure(made, columns.down).join(made, on="thing").select("run", "reached")
    cells = cells.join(columns.of_class(CELL), left_on="reached", right_on="thing", how="semi")
    counts = cells.group_by("run").agg(cells=pl.col("reached").n_unique().cast(pl.Int64))
    rows = energies.join(counts, on="run").with_columns(share=pl.col("energy") / pl.col("cells"))
    kinds: dict[str, Kind] = {
        "step": "text",
        "run": "iri",
        "energy": "double",
        "cells": "integer",
        "share": "double",
    }
    rows = rows.select(*kinds).with_columns(pl.col(TEXT).cast(pl.String))
    return ColumnAnswer(rows.sort(-pl.col("share"), "run", "step"), kinds)


def cells_that_share_runs(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/cells_that_share_runs.rq."""
    cell = things([terms["cell"]])
    first = cell.join(columns.down, left_on="thing", right_on="child").select(thing="parent")
    before = reach(first, columns.down.select("child", "parent"))
    runs = columns.links("output", "run", "thing").join(before, on="thing", how="semi")
    runs = runs.join(columns.links("end", "run", "ended"), on="run")
    runs = runs.join(columns.links("type", "run", "class"), on="run").join(columns.labels, on="class")
    text = pl.concat_str(pl.col("ended").cast(pl.String), pl.lit(" "), pl.col("step").cast(pl.String))
    runs = runs.select("run", "thing", text=text).unique()
    ways = closure(runs, columns.down).filter(pl.col("distance") > 0).select("thing", other="reached")
    ways = ways.join(columns.of_class(CELL), left_on="other", right_on="thing", how="semi")
    ways = ways.join(cell, left_on="other", right_on="thing", how="anti")
    rows = (
        ways.join(runs, on="thing")
        .group_by("other")
        .agg(shared=pl.col("run").n_unique().cast(pl.Int64), text=pl.col("text").max())
    )
    parts = pl.col("text").str.splitn(" ", 2).struct
    rows = rows.with_columns(last=parts.field("field_0"), last_step=parts.field("field_1"))
    rows = rows.with_columns(pl.col("other").cast(pl.String)).sort(-pl.col("shared"), "other")
    return ColumnAnswer(rows, {"other": "iri", "shared": "integer", "last_step": "text", "last": "moment"})
