"""Questions of the query library over all cells -> the same answers from columns, in a fraction of the time.

A query file names its twin in its front matter, `fast: NAME`; the SPARQL of the file is what the twin must
answer, row for row, and tests compare the two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl
import pyoxigraph as ox

from kg.values.answer import ColumnAnswer, Kind
from kg.values.cells import (
    cells_out_of_tolerance,
    electrolyte_by_cell,
    first_cycle_efficiency,
    wet_cell_mass_doubtful,
)
from kg.values.checks import (
    consumption_against_recipe,
    dismantling_masses,
    runs_past_calibration,
    values_that_differ,
)
from kg.values.columns import Columns, Terms, in_order
from kg.values.electrodes import electrode_balance, porosity_and_thickness, throughput_by_day
from kg.values.lineage import SLURRIES, closure
from kg.values.lots import cells_by_lot, cells_that_share_runs, energy_of_cell, supplier_comparison
from kg.values.operations import (
    alarms_before_scrap,
    energy_by_step,
    energy_per_cell,
    first_pass_yield,
    overall_equipment_effectiveness,
    yield_by_step,
)
from kg.values.part import TEXT
from kg.values.reach import cells_of_material_lot, cells_without_step, runs_by_step, specific_energy
from kg.values.spread import (
    capability,
    capability_of_settings,
    outliers_in_batch,
    set_and_measured_by_parameter,
    set_and_measured_differ,
)
from kg.values.times import (
    machine_utilisation,
    runs_incomplete,
    time_in_step,
    waiting_between_steps,
    work_in_progress,
)


def parameter_against_property(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/parameter_against_property.rq."""
    stated = columns.of_term(terms["parameter"])
    measured = stated.filter(pl.col("how") == "measured").select("bearer").unique()
    replaced = stated.filter(pl.col("how") == "set").join(measured, on="bearer", how="semi")
    stated = stated.join(replaced, on=("bearer", "quantity"), how="anti")
    outputs = columns.links("output", "bearer", "thing")
    of_runs = stated.filter(pl.col("role") == "parameter").join(outputs, on="bearer")
    of_things = stated.filter(pl.col("role") == "property").with_columns(thing="bearer")
    behind = columns.with_side(pl.concat([of_runs, of_things])).select(
        "thing",
        "electrode",
        parameter_of="bearer",
        parameter_name="name",
        parameter_value="value",
        parameterUnit="unit",
    )
    found = columns.of_term(terms["property"], "property").select(
        property_of="bearer", property_name="name", property_value="value", propertyUnit="unit"
    )
    ways = closure(behind, columns.down).select("thing", property_of="reached")
    rows = behind.join(ways, on="thing").join(found.unique(), on="property_of").drop("thing").unique()
    rows = columns.with_unit(rows, "parameterUnit", "parameter_unit")
    rows = columns.with_unit(rows, "propertyUnit", "property_unit")
    kinds: dict[str, Kind] = {
        "parameter_of": "iri",
        "electrode": "text",
        "parameter_name": "text",
        "parameter_value": "double",
        "parameter_unit": "text",
        "property_of": "iri",
        "property_name": "text",
        "property_value": "double",
        "property_unit": "text",
    }
    return in_order(rows, kinds, "parameter_of", "parameter_name", "property_of", "property_name")


def _statistics(rows: pl.DataFrame, by: tuple[str, ...]) -> pl.DataFrame:
    value = pl.col("value")
    return rows.group_by(by, maintain_order=True).agg(
        n=value.len(), mean=value.mean(), lowest=value.min(), highest=value.max()
    )


_NUMBERS: dict[str, Kind] = {"n": "integer", "mean": "double", "lowest": "double", "highest": "double"}


def capacity_by_slurry_batch(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/capacity_by_slurry_batch.rq."""
    classes = columns.links("type", "batch", "class")
    batches = pl.concat(
        classes.filter(pl.col("class") == iri).select("batch", electrode=pl.lit(side).cast(TEXT))
        for side, iri in SLURRIES.items()
    )
    found = columns.of_term(terms["property"], "property").drop("how").unique()
    ways = closure(batches.select(thing="batch"), columns.down).filter(pl.col("distance") > 0)
    rows = batches.join(ways.rename({"thing": "batch", "reached": "bearer"}), on="batch").join(
        found, on="bearer"
    )
    rows = columns.with_unit(
        rows.select("batch", "electrode", "quantity", "value", unitClass="unit").unique(), "unitClass", "unit"
    )
    means = _statistics(rows.unique(), ("batch", "electrode", "unit"))
    return in_order(means, {"batch": "iri", "electrode": "text", **_NUMBERS, "unit": "text"}, "batch")


def property_by_machine(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/property_by_machine.rq."""
    runs = columns.links("type", "run", "step").filter(pl.col("step") == terms["step"]).select("run")
    made = runs.join(columns.links("tool", "run", "machine"), on="run")
    made = made.join(columns.links("output", "run", "thing"), on="run").select("machine", "thing").unique()
    made = columns.with_side(made)
    found = columns.of_term(terms["property"], "property").drop("how").unique()
    ways = closure(made, columns.down).select("thing", bearer="reached")
    rows = made.join(ways, on="thing").join(found, on="bearer")
    rows = rows.select("machine", "electrode", "quantity", "value", unitClass="unit").unique()
    means = _statistics(
        columns.with_unit(rows, "unitClass", "unit").unique(), ("machine", "electrode", "unit")
    )
    kinds: dict[str, Kind] = {"machine": "iri", "electrode": "text", **_NUMBERS, "unit": "text"}
    return in_order(means, kinds, "machine", "electrode")


def values_side_by_side(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/values_side_by_side.rq."""
    outputs = columns.links("output", "bearer", "thing")
    kinds: dict[str, Kind] = {"thing": "iri"}
    rows: pl.DataFrame | None = None
    for name in ("first", "second", "third", "fourth"):
        stated = columns.values.filter(pl.col("term") == terms[name]).select("bearer", "role", "value")
        of_run = stated.filter(pl.col("role") == "parameter").join(outputs, on="bearer")
        of_thing = stated.filter(pl.col("role") == "property").rename({"bearer": "thing"})
        value = f"{name}_value"
        found = pl.concat(
            [frame.select("thing", pl.col("value").alias(value)) for frame in (of_run, of_thing)]
        )
        rows = found.unique() if rows is None else rows.join(found.unique(), on="thing")
        kinds[value] = "double"
    assert rows is not None
    return in_order(rows, kinds, "thing", "first_value")


TWINS: dict[str, Callable[[Columns, Terms], ColumnAnswer]] = {
    twin.__name__: twin
    for twin in (
        alarms_before_scrap,
        capability,
        capability_of_settings,
        capacity_by_slurry_batch,
        cells_by_lot,
        cells_of_material_lot,
        cells_out_of_tolerance,
        cells_that_share_runs,
        cells_without_step,
        consumption_against_recipe,
        dismantling_masses,
        electrode_balance,
        electrolyte_by_cell,
        energy_by_step,
        energy_of_cell,
        energy_per_cell,
        first_cycle_efficiency,
        first_pass_yield,
        machine_utilisation,
        outliers_in_batch,
        overall_equipment_effectiveness,
        parameter_against_property,
        porosity_and_thickness,
        property_by_machine,
        runs_by_step,
        runs_incomplete,
        runs_past_calibration,
        set_and_measured_by_parameter,
        set_and_measured_differ,
        specific_energy,
        supplier_comparison,
        throughput_by_day,
        time_in_step,
        values_side_by_side,
        values_that_differ,
        waiting_between_steps,
        wet_cell_mass_doubtful,
        work_in_progress,
        yield_by_step,
    )
}
"""The twins by the name that a query file gives."""


def answer(columns: Columns, name: str, terms: Mapping[str, ox.NamedNode | ox.Literal]) -> ColumnAnswer:
    """Return the answer of a twin; `terms` are the parameters of the query, defaults included."""
    return TWINS[name](columns, {key: term.value for key, term in terms.items()})


__all__ = ["TWINS", "Columns", "answer"]
