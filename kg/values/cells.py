"""Questions about tolerances, filling and first cycles of all cells -> their answers from columns."""

from __future__ import annotations

import polars as pl

from kg.model import BVCOX
from kg.namespaces import PREFIXES
from kg.values.answer import ColumnAnswer, Kind
from kg.values.columns import Columns, Terms, in_order
from kg.values.lineage import closure
from kg.values.part import TEXT
from kg.values.reach import CELL, STACK

_ECHEM = PREFIXES["echem"]
_CYCLE = _ECHEM + "electrochemistry_5766a819_c319_48ba_ab9a_ce3bd8fedee8"  # CycleIndex
_CHARGE = _ECHEM + "electrochemistry_10763eb0_dbc9_4d34_bd1a_7b8996590d45"  # ChargingCapacity
_DISCHARGE = _ECHEM + "electrochemistry_0141b5c2_9f15_46f4_82e6_92a104faa476"  # DischargingCapacity
_VOLUME = BVCOX + "ElectrolyteVolume"


def cells_out_of_tolerance(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/cells_out_of_tolerance.rq."""
    lower, upper, value = float(terms["lower"]), float(terms["upper"]), pl.col("value")
    found = columns.of_term(terms["property"], "property").select(
        "name", "value", cell="bearer", unitClass="unit"
    )
    found = found.filter((value < lower) | (value > upper))
    classes = columns.links("type", "cell", "class")
    cells = classes.filter(pl.col("class").is_in(columns.below(CELL))).select("cell")
    rows = found.join(cells, on="cell", how="semi").join(
        columns.links("grade", "cell", "grade"), on="cell", how="left"
    )
    rows = rows.with_columns(beyond=pl.when(value < lower).then(value - lower).otherwise(value - upper))
    kinds: dict[str, Kind] = {
        "cell": "iri",
        "name": "text",
        "value": "double",
        "unit": "text",
        "beyond": "double",
        "grade": "text",
    }
    return in_order(columns.with_unit(rows, "unitClass", "unit"), kinds, "cell", "name")


def _volumes(columns: Columns) -> pl.DataFrame:
    """Return the volumes of electrolyte of runs: (run, how, volume)."""
    found = columns.of_term(_VOLUME, "parameter")
    return found.select(pl.col("how").cast(pl.String), run="bearer", volume="value").unique()


def electrolyte_by_cell(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/electrolyte_by_cell.rq."""
    volumes = _volumes(columns)
    rows = volumes.select("run").unique().join(columns.links("output", "run", "cell"), on="run")
    for how, name in (("measured", "volume"), ("set", "volume_set")):
        known = volumes.filter(pl.col("how") == how).select("run", pl.col("volume").alias(name))
        rows = rows.join(known, on="run", how="left")
    lots = columns.links("type", "lot", "class").filter(pl.col("class") == BVCOX + "ElectrolyteLot")
    lots = columns.links("input", "run", "lot").join(lots, on="lot", how="semi")
    dry = columns.property(BVCOX + "DryCellMass", "cell", "dry")
    gains = columns.property(BVCOX + "WetCellMass", "cell", "wet").join(dry, on="cell")
    gains = gains.select("cell", gain=pl.col("wet") - pl.col("dry"))
    rows = rows.join(lots, on="run", how="left").join(gains, on="cell", how="left")
    filled = pl.coalesce("volume", "volume_set")
    rows = rows.with_columns(density=pl.when(filled != 0).then(pl.col("gain") / filled))
    kinds: dict[str, Kind] = {
        "cell": "iri",
        "lot": "iri",
        "volume_set": "double",
        "volume": "double",
        "gain": "double",
        "density": "double",
    }
    return in_order(rows, kinds, "cell", "lot")


def wet_cell_mass_doubtful(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/wet_cell_mass_doubtful.rq."""
    rows = columns.property(BVCOX + "WetCellMass", "cell", "wet")
    rows = rows.join(columns.links("output", "run", "cell"), on="cell").join(_volumes(columns), on="run")
    rows = rows.filter(pl.col("wet") < float(terms["ratio"]) * pl.col("volume"))
    rows = rows.join(columns.property(BVCOX + "DryCellMass", "cell", "dry"), on="cell", how="left")
    kinds: dict[str, Kind] = {"cell": "iri", "dry": "double", "wet": "double", "volume": "double"}
    return in_order(rows, kinds, "cell")


def _first_cycles(columns: Columns) -> pl.DataFrame:
    """Return charge and discharge of first cycles, of cyclers and of formation: (cell, in, out)."""

    def of(term: str, value: str, *roles: str) -> pl.DataFrame:
        found = columns.of_term(term).filter(pl.col("role").is_in(roles))
        return found.select("bearer", pl.col("value").alias(value))

    first = of(_CYCLE, "number", "parameter").filter(pl.col("number") == 1).select("bearer")
    cycles = first.join(of(_CHARGE, "in", "parameter"), on="bearer")
    cycles = cycles.join(of(_DISCHARGE, "out", "parameter"), on="bearer")
    cycles = cycles.join(columns.links("step", "test", "bearer"), on="bearer")
    cycles = cycles.join(columns.links("input", "test", "cell"), on="test")
    formed = of(BVCOX + "FirstChargeCapacity", "in", "parameter", "property").join(
        of(BVCOX + "FirstDischargeCapacity", "out", "parameter", "property"), on="bearer"
    )
    formed = formed.join(columns.links("output", "bearer", "cell"), on="bearer", how="left")
    formed = formed.with_columns(cell=pl.coalesce("cell", "bearer"))
    return pl.concat([frame.select("cell", "in", "out") for frame in (cycles, formed)])


def first_cycle_efficiency(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/first_cycle_efficiency.rq."""
    cycles = _first_cycles(columns).filter(pl.col("in") > 0)
    ratio = (10000 * pl.col("out") / pl.col("in")).max().clip(0)
    rows = cycles.group_by("cell").agg(
        charge=pl.col("in").max(),
        discharge=pl.col("out").max().clip(0),
        efficiency=(ratio + 0.5).floor() / 100,
    )
    through = columns.links("input", "run", "parent").join(columns.links("output", "run", "child"), on="run")
    through = through.select("parent", "child").unique()
    filled = _volumes(columns).join(columns.links("output", "run", "thing"), on="run")
    ways = closure(filled, through).select("thing", cell="reached")
    dosed, volume = pl.col("how").eq_missing(pl.lit("measured")), pl.col("volume")
    filling = (
        filled.join(ways, on="thing")
        .filter(volume > 0)
        .group_by("cell")
        .agg(filling=pl.coalesce(volume.filter(dosed).max(), volume.filter(~dosed).max()))
    )
    parts = columns.links("part", "child", "parent").select("parent", "child")
    steps = pl.concat([through, parts]).unique()
    stacks = columns.links("type", "parent", "class")
    stacks = stacks.filter(pl.col("class").is_in(columns.below(STACK))).select("parent").unique()
    after = stacks.join(steps, on="parent").select("child", stack="parent")
    ways = closure(after.select(thing="child"), steps).select(child="thing", cell="reached")
    stack = after.join(ways, on="child").group_by("cell").agg(pl.col("stack").cast(pl.String).max())
    rows = rows.join(filling, on="cell", how="left").join(stack, on="cell", how="left")
    kinds: dict[str, Kind] = {
        "cell": "iri",
        "charge": "double",
        "discharge": "double",
        "efficiency": "double",
        "filling": "double",
        "stack": "iri",
    }
    return in_order(rows.with_columns(pl.col("stack").cast(TEXT)), kinds, "cell")
