"""Questions about energy, yield and machines over all runs -> their answers from columns."""

from __future__ import annotations

import polars as pl

from kg.model import BVCOX
from kg.values.answer import ColumnAnswer, Kind
from kg.values.columns import Columns, Terms, in_order
from kg.values.lineage import closure
from kg.values.part import TEXT
from kg.values.reach import CELL, ENERGY
from kg.values.times import instant

_ENERGIES = ("ElectricalEnergyConsumption", "ThermalEnergyConsumption")
_LOST = {"m": "ScrapLength", "kg": "ScrapMass"}

# What the value table does not hold: the states of machines, which are few.
_STATES = """SELECT ?machine (SUM(IF(?class = bvcox:StoppedState, 0.0e0, ?minutes)) / 60 AS ?planned)
  (SUM(IF(?class = bvcox:ExecuteState, ?minutes, 0.0e0)) / 60 AS ?executing)
WHERE {
  { SELECT DISTINCT ?state ?machine ?number ?started ?class WHERE {
    ?state bvcox:stateOfMachine ?machine ; dcterms:identifier ?id ; prov:startedAtTime ?started ; a ?class .
    FILTER(?class != bvcox:MachineState)
    BIND(xsd:integer(?id) + 1 AS ?number) } }
  { SELECT DISTINCT ?machine ?number ?ended WHERE {
    ?next bvcox:stateOfMachine ?machine ; dcterms:identifier ?nextId ; prov:startedAtTime ?ended .
    BIND(xsd:integer(?nextId) AS ?number) } }
  BIND(STR(?ended - ?started) AS ?text)
  BIND(IF(STRSTARTS(?text, "-"), -1, 1) * (
    xsd:double(REPLACE(?text, "^-?P([0-9]*)D?.*$", "0$1")) * 1440
    + xsd:double(REPLACE(?text, "^[^T]*(?:T(?:([0-9]+)H)?.*)?$", "0$1")) * 60
    + xsd:double(REPLACE(?text, "^[^T]*(?:T(?:[0-9]+H)?(?:([0-9]+)M)?.*)?$", "0$1"))
    + xsd:double(REPLACE(?text, "^(?:.*[A-Z])?([0-9.]+)S$|^.*$", "0$1")) / 60) AS ?minutes)
}
GROUP BY ?machine"""

_ALARM = ("machine", "code", "rang")
_ALARMS = """SELECT DISTINCT ?machine ?code ?rang WHERE {
  ?signal a bvcox:MachineAlarm ; bvcox:alarmCode ?code ; bvcox:stateOfMachine ?machine .
  ?state emmo:EMMO_d43af210_f854_4432_a891_ce3022e3b558 ?signal ; prov:startedAtTime ?rang
}"""


def _of_runs(columns: Columns, term: str, value: str) -> pl.DataFrame:
    """Return the values of a parameter: (run, value), each once."""
    found = columns.of_term(BVCOX + term, "parameter")
    return found.select(pl.col("value").alias(value), run="bearer").unique()


def _by_step(columns: Columns, rows: pl.DataFrame) -> pl.DataFrame:
    """Put the labels of classes in the place of classes."""
    return rows.join(columns.labels, on="class").drop("class", "label")


def energy_per_cell(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/energy_per_cell.rq."""
    found = pl.concat([columns.of_term(BVCOX + kind, "parameter") for kind in _ENERGIES])
    found = found.select("quantity", "value", run="bearer").unique().sort("quantity", "value")
    energies = found.group_by("run", maintain_order=True).agg(energy=pl.col("value").sum())
    metered = _of_runs(columns, _ENERGIES[0], "value").select("run").unique()
    made = columns.links("output", "run", "thing")
    ways = closure(made.join(metered, on="run", how="semi"), columns.down)
    cells = ways.join(columns.of_class(CELL), left_on="reached", right_on="thing", how="semi")
    shares = made.join(metered, on="run", how="semi").join(cells, on="thing")
    shares = shares.select("run", cell="reached").unique()
    counts = shares.group_by("run").agg(n=pl.len())
    direct = made.select("run", pl.lit(True).alias("direct"), cell="thing")
    shares = (
        shares.join(counts, on="run").join(energies, on="run").join(direct, on=["run", "cell"], how="left")
    )
    share, is_own = pl.col("energy") / pl.col("n"), pl.col("direct").is_not_null()
    rows = (
        shares.sort("run", "cell")
        .group_by("cell")
        .agg(own=share.filter(is_own).sum(), before=share.filter(~is_own).sum())
    )
    stored = columns.property(ENERGY, "cell", "stored").unique()
    rows = rows.with_columns(total=pl.col("own") + pl.col("before")).join(stored, on="cell", how="left")
    rows = rows.with_columns(ratio=1000 * pl.col("total") / pl.col("stored"))
    kinds: dict[str, Kind] = {
        "cell": "iri",
        "own": "double",
        "before": "double",
        "total": "double",
        "stored": "double",
        "ratio": "double",
    }
    return in_order(rows, kinds, "cell")


def energy_by_step(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/energy_by_step.rq."""
    electric, value = pl.col("electric"), pl.col("value")
    found = pl.concat(
        columns.of_term(BVCOX + kind).select(
            "quantity", "value", "role", run="bearer", electric=pl.lit(is_one)
        )
        for kind, is_one in zip(_ENERGIES, (True, False), strict=True)
    )
    whole = found.select("quantity", "value").unique().sort("quantity", "value")["value"].sum()
    found = found.filter(pl.col("role") == "parameter").drop("role").unique()
    rows = (
        found.join(columns.links("type", "run", "class"), on="run")
        .sort("quantity", "value")
        .group_by("class")
        .agg(
            runs=pl.col("run").n_unique(),
            electrical=value.filter(electric).sum(),
            thermal=value.filter(~electric).sum(),
        )
        .with_columns(total=pl.col("electrical") + pl.col("thermal"))
        .with_columns(mean=pl.col("total") / pl.col("runs"), share=100 * pl.col("total") / whole)
    )
    kinds: dict[str, Kind] = {
        "step": "text",
        "runs": "integer",
        "electrical": "double",
        "thermal": "double",
        "total": "double",
        "mean": "double",
        "share": "double",
    }
    rows = _by_step(columns, rows).unique().with_columns(pl.col("step").cast(pl.String))
    return ColumnAnswer(rows.sort(-pl.col("total"), "step"), kinds)


def _pieces(columns: Columns) -> pl.DataFrame:
    """Return the pieces that runs took and made well: (class, run, all, good)."""
    counts = _of_runs(columns, "ProcessedCount", "all").join(_of_runs(columns, "GoodCount", "good"), on="run")
    return counts.join(columns.links("type", "run", "class"), on="run").sort("run")


def first_pass_yield(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/first_pass_yield.rq."""
    all_, good = pl.col("all"), pl.col("good")
    rows = (
        _pieces(columns)
        .join(_of_runs(columns, "ReworkFraction", "again"), on="run")
        .group_by("class")
        .agg(made=all_.sum(), scrap=(all_ - good).sum(), rework=(pl.col("again") * all_ / 100).sum())
    )
    made = pl.col("made")
    rows = rows.with_columns(first_pass=100 * (made - pl.col("scrap") - pl.col("rework")) / made)
    kinds: dict[str, Kind] = {
        "step": "text",
        "made": "double",
        "scrap": "double",
        "rework": "double",
        "first_pass": "double",
    }
    return in_order(_by_step(columns, rows), kinds, "step")


def yield_by_step(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/yield_by_step.rq."""
    shares = _of_runs(columns, "ProcessYield", "share").join(columns.links("type", "run", "class"), on="run")
    lost = pl.concat(
        _of_runs(columns, term, "lost").with_columns(unit=pl.lit(unit)) for unit, term in _LOST.items()
    )
    share, made, good = pl.col("share"), pl.col("all"), pl.col("good")
    measured = (
        lost.join(shares, on="run")
        .sort("run", "unit")
        .group_by("class", "unit")
        .agg(runs=share.len(), **{"yield": share.mean()}, lowest=share.min(), scrap=pl.col("lost").sum())
    )
    counted = (
        _pieces(columns)
        .group_by("class")
        .agg(
            runs=made.len(),
            **{"yield": 100 * good.sum() / made.sum()},
            lowest=(100 * good / made).min(),
            scrap=(made - good).sum(),
        )
        .with_columns(unit=pl.lit("1"))
    )
    rows = pl.concat([measured, counted.select(measured.columns)])
    kinds: dict[str, Kind] = {
        "step": "text",
        "runs": "integer",
        "yield": "double",
        "lowest": "double",
        "scrap": "double",
        "unit": "text",
    }
    return in_order(_by_step(columns, rows), kinds, "step")


def alarms_before_scrap(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/alarms_before_scrap.rq."""
    found = [tuple(row[name].value for name in _ALARM) for row in columns.store.query(_ALARMS)]
    alarms = pl.DataFrame(found, schema={"machine": TEXT, "alarm": pl.String, "text": TEXT}, orient="row")
    alarms = alarms.unique().with_columns(rang=instant(pl.col("text")))
    runs = _of_runs(columns, "ProcessYield", "share").join(columns.links("tool", "run", "machine"), on="run")
    for link, name in (("start", "started"), ("end", "ended")):
        runs = runs.join(columns.links(link, "run", name), on="run")
    runs = runs.unique().with_columns(begin=instant(pl.col("started")), over=instant(pl.col("ended")))
    fell = runs.join(alarms, on="machine")
    fell = fell.filter((pl.col("rang") >= pl.col("begin")) & (pl.col("rang") < pl.col("over")))
    key = ["machine", "run", "share", "started", "ended"]
    quiet = runs.join(fell, on=key, how="anti").with_columns(alarm=pl.lit("none"))
    rows = pl.concat([frame.select(*key, "alarm") for frame in (fell, quiet)]).sort("run", "share")
    rows = rows.group_by("machine", "alarm").agg(runs=pl.len(), lost=(100 - pl.col("share")).mean())
    kinds: dict[str, Kind] = {"machine": "iri", "alarm": "text", "runs": "integer", "lost": "double"}
    return in_order(rows, kinds, "machine", "alarm")


def overall_equipment_effectiveness(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/overall_equipment_effectiveness.rq."""
    states = [
        (row["machine"].value, *(float(row[name].value) for name in ("planned", "executing")))
        for row in columns.store.query(_STATES)
    ]
    schema = {"machine": TEXT, "planned": pl.Float64, "executing": pl.Float64}
    tools = columns.links("tool", "run", "machine")
    making = columns.links("output", "run", "made").select("run").unique()
    runs = tools.join(making, on="run").group_by("machine").agg(runs=pl.col("run").n_unique())
    takt = columns.of_term(BVCOX + "CycleTime", "property").filter(pl.col("how") == "nominal")
    good = _pieces(columns).select("run", share=100 * pl.col("good") / pl.col("all"))
    shares = pl.concat([_of_runs(columns, "ProcessYield", "share").select("run", "share"), good])
    shares = tools.join(shares, on="run").unique().sort("run", "share")
    rows = (
        pl.DataFrame(states, schema=schema, orient="row")
        .join(runs, on="machine")
        .join(takt.select(machine="bearer", takt="value").unique(), on="machine")
        .join(shares.group_by("machine").agg(quality=pl.col("share").mean()), on="machine")
    )
    executing = pl.col("executing")
    rows = rows.with_columns(
        availability=100 * executing / pl.col("planned"),
        performance=100 * pl.col("runs") * pl.col("takt") / 3600 / executing,
    )
    oee = pl.col("availability") * pl.col("performance") * pl.col("quality") / 10000
    kinds: dict[str, Kind] = {
        "machine": "iri",
        "planned": "double",
        "executing": "double",
        "runs": "integer",
        "availability": "double",
        "performance": "double",
        "quality": "double",
        "oee": "double",
    }
    return in_order(rows.with_columns(oee=oee), kinds, "machine")
