"""Questions about recipes, masses, calibrations and doubtful records -> their answers from columns."""

from __future__ import annotations

import polars as pl

from kg.model import BVCOX, HAS_INPUT
from kg.values.answer import ColumnAnswer, Kind
from kg.values.columns import Columns, Terms, in_order
from kg.values.part import TEXT

_IN_GRAMS = {
    "PositiveElectrodeMass": 1.0e-3,
    "NegativeElectrodeMass": 1.0e-3,
    "ElectrolyteFilledMass": 1.0,
    "BatteryMaterialMass": 1.0e3,
}
_PARTS = {
    ("PositiveElectrodeMass", ""): "positive electrodes",
    ("NegativeElectrodeMass", ""): "negative electrodes",
    ("ElectrolyteFilledMass", ""): "electrolyte",
    ("BatteryMaterialMass", "housing"): "housing and tabs",
    ("BatteryMaterialMass", "separator"): "separator",
}
_CALIBRATION = "https://w3id.org/emmo/domain/characterisation-methodology/chameo#CalibrationProcess"


def dismantling_masses(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/dismantling_masses.rq."""
    masses = {
        term: columns.of_term(BVCOX + term, "property").select(
            "quantity", cell="bearer", mass=pl.col("value") * factor
        )
        for term, factor in _IN_GRAMS.items()
    }
    pieces = pl.concat(masses.values()).unique().sort("cell", "quantity")
    wholes = pieces.group_by("cell").agg(whole=pl.col("mass").sum())
    parts = pl.concat(
        masses[term].filter(pl.col("quantity").str.ends_with(end)).with_columns(part=pl.lit(part))
        for (term, end), part in _PARTS.items()
    )
    rows = parts.select("cell", "part", "mass").unique().join(wholes, on="cell")
    rows = rows.with_columns(pl.col("cell").cast(pl.String), share=100 * pl.col("mass") / pl.col("whole"))
    kinds: dict[str, Kind] = {"cell": "iri", "part": "text", "mass": "double", "share": "double"}
    return ColumnAnswer(rows.sort("cell", -pl.col("mass"), "part"), kinds)


def consumption_against_recipe(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/consumption_against_recipe.rq."""
    classes = columns.links("type", "weighing", "class").filter(
        pl.col("class") == BVCOX + "ComponentWeighing"
    )
    masses = columns.of_term(BVCOX + "ComponentMass", "parameter")
    rows = classes.select("weighing").join(columns.links("input", "weighing", "lot"), on="weighing")
    for how, name in (("set", "as_set"), ("measured", "weighed")):
        known = masses.filter(pl.col("how") == how).select(pl.col("value").alias(name), weighing="bearer")
        rows = rows.join(known, on="weighing")
    rows = rows.join(columns.links("step", "mixing", "weighing"), on="weighing")
    as_set = pl.col("as_set")
    rows = rows.with_columns(difference=100 * (pl.col("weighed") - as_set) / as_set)
    rows = rows.filter(pl.col("difference").abs() >= float(terms["tolerance"]))
    lots = " ".join(f"<{lot}>" for lot in rows["lot"].unique().cast(pl.String))
    said = columns.store.query(f"SELECT ?lot ?name {{ VALUES ?lot {{ {lots} }} ?lot rdfs:label ?name }}")
    names = [(row["lot"].value, row["name"].value) for row in said]
    named = pl.DataFrame(names, schema={"lot": TEXT, "trade_name": TEXT}, orient="row").unique()
    kinds: dict[str, Kind] = {
        "mixing": "iri",
        "lot": "iri",
        "trade_name": "text",
        "as_set": "double",
        "weighed": "double",
        "difference": "double",
    }
    return in_order(rows.join(named, on="lot", how="left"), kinds, "mixing", "lot")


def runs_past_calibration(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/runs_past_calibration.rq."""
    found = columns.store.query(
        f"SELECT ?machine (MAX(?next) AS ?due) {{ ?work a <{_CALIBRATION}> ; bvcox:dueDate ?next ;"
        f" <{HAS_INPUT}> ?machine }} GROUP BY ?machine"
    )
    days = [(row["machine"].value, row["due"].value) for row in found]
    due = pl.DataFrame(days, schema={"machine": TEXT, "due": pl.String}, orient="row")
    made = columns.links("output", "run", "made").select("run").unique()
    runs = columns.links("tool", "run", "machine").join(due, on="machine").join(made, on="run")
    runs = runs.join(columns.links("start", "run", "started"), on="run")
    started = pl.col("started").cast(pl.String)
    runs = runs.with_columns(started=started, at=started.str.to_datetime("%+", time_zone="UTC", strict=False))
    rows = (
        runs.filter(pl.col("started") >= pl.col("due"))
        .sort("at")
        .group_by("machine", "due", maintain_order=True)
        .agg(runs=pl.len(), first=pl.col("started").first(), last=pl.col("started").last())
    )
    kinds: dict[str, Kind] = {
        "machine": "iri",
        "due": "text",
        "runs": "integer",
        "first": "moment",
        "last": "moment",
    }
    return in_order(rows, kinds, "machine")


def values_that_differ(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/values_that_differ.rq."""
    stated = columns.stated_in_files
    several = stated.group_by("bearer", "name", "quantity").agg(n=pl.col("value").n_unique())
    several = several.filter(pl.col("n") > 1).drop("n")
    found = stated.join(several, on=["bearer", "name", "quantity"], how="semi", nulls_equal=True)
    one = found.select("name", "quantity", "value", thing="bearer", file="graph")
    other = one.rename({"value": "other_value", "file": "other_file"})
    rows = one.join(other, on=["thing", "name", "quantity"], nulls_equal=True)
    rows = rows.filter(pl.col("value") < pl.col("other_value"))
    kinds: dict[str, Kind] = {
        "thing": "iri",
        "name": "text",
        "value": "double",
        "file": "iri",
        "other_value": "double",
        "other_file": "iri",
    }
    return in_order(rows, kinds, "thing", "name", "value", "file")
