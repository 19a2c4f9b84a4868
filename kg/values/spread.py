"""Questions about how far values lie from what was set, or from their batch -> their answers from columns."""

from __future__ import annotations

import polars as pl

from kg.values.answer import ColumnAnswer, Kind
from kg.values.columns import Columns, Terms, in_order
from kg.values.lineage import closure

_N, _MEAN = pl.col("n"), pl.col("mean")
_DEVIATION = ((pl.col("squares") - _N * _MEAN * _MEAN) / (_N - 1)).sqrt()
"""The standard deviation of numbers, of their count, their mean and the sum of their squares."""


def set_and_measured(columns: Columns) -> pl.DataFrame:
    """Return what was set beside what was measured under the same name, each with its term."""
    stated = columns.values.filter(pl.col("role") == "parameter")
    own = pl.concat_str(pl.col("bearer").cast(pl.String), pl.lit("#"), pl.col("name").cast(pl.String))
    iri = pl.coalesce(pl.col("quantity").cast(pl.String), own)
    target = stated.filter(pl.col("how") == "set").select(
        "term", run="bearer", target=iri, as_set="value", unitClass="unit"
    )
    actual = stated.filter(pl.col("how") == "measured").select(
        run="bearer", target=iri + ".set", measured_as="term", measured="value"
    )
    return target.join(actual, on=("run", "target"))


def set_and_measured_differ(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/set_and_measured_differ.rq."""
    rows = set_and_measured(columns).filter(
        (pl.col("term") == pl.col("measured_as")) & (pl.col("as_set") != 0)
    )
    rows = rows.with_columns(difference=100 * (pl.col("measured") - pl.col("as_set")) / pl.col("as_set"))
    rows = rows.filter(pl.col("difference").abs() >= float(terms["tolerance"]))
    rows = rows.join(columns.labels.select("step", term="class"), on="term").rename({"step": "parameter"})
    kinds: dict[str, Kind] = {
        "run": "iri",
        "parameter": "text",
        "as_set": "double",
        "measured": "double",
        "unit": "text",
        "difference": "double",
    }
    return in_order(columns.with_unit(rows, "unitClass", "unit"), kinds, "run", "parameter")


def set_and_measured_by_parameter(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/set_and_measured_by_parameter.rq."""
    rows = set_and_measured(columns).join(columns.links("tool", "run", "machine"), on="run")
    off = pl.col("measured") - pl.col("as_set")
    rows = rows.select("machine", "target", "unitClass", off=off, **{"class": "term"}).unique()
    rows = rows.join(columns.labels, on="class").rename({"step": "parameter"})
    rows = columns.with_unit(rows, "unitClass", "unit")
    value = pl.col("off")
    means = rows.group_by("machine", "parameter", "unit").agg(
        n=value.len(), mean=value.mean(), lowest=value.min(), highest=value.max()
    )
    kinds: dict[str, Kind] = {
        "machine": "iri",
        "parameter": "text",
        "n": "integer",
        "mean": "double",
        "lowest": "double",
        "highest": "double",
        "unit": "text",
    }
    return in_order(means, kinds, "machine", "parameter")


def capability(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/capability.rq."""
    lower, upper = float(terms["lower"]), float(terms["upper"])
    found = columns.of_term(terms["quantity"]).filter(pl.col("how") == "measured")
    found = found.select("quantity", "value", unitClass="unit").unique()
    # The name is what follows the first `#`.
    name = pl.col("quantity").str.splitn("#", 2).struct[1].fill_null("")
    value, n, mean, deviation = (pl.col(column) for column in ("value", "n", "mean", "deviation"))
    # In a stated order: sums depend on it in their last digits.
    rows = found.sort("value").group_by("unitClass", name=name)
    told = rows.agg(
        n=value.len().cast(pl.Int64),
        mean=value.mean(),
        squares=(value * value).sum(),
        guess=value.max() - value.min(),
        outside=((value < lower) | (value > upper)).sum().cast(pl.Int64),
    ).filter((n > 1) & (pl.col("guess") > 0))
    told = told.with_columns(deviation=_DEVIATION)
    told = told.with_columns(
        cp=(upper - lower) / (6 * deviation),
        cpk=pl.min_horizontal(upper - mean, mean - lower) / (3 * deviation),
    )
    kinds: dict[str, Kind] = {
        "name": "text",
        "n": "integer",
        "mean": "double",
        "deviation": "double",
        "unit": "text",
        "cp": "double",
        "cpk": "double",
        "outside": "integer",
    }
    return in_order(columns.with_unit(told, "unitClass", "unit"), kinds, "name")


def capability_of_settings(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/capability_of_settings.rq."""
    tolerance = float(terms["tolerance"])
    as_set = pl.col("as_set")
    rows = set_and_measured(columns).filter(as_set != 0)
    rows = rows.with_columns(off=100 * (pl.col("measured") - as_set) / as_set).rename({"term": "class"})
    steps = columns.links("type", "run", "kind").join(
        columns.labels.rename({"class": "kind", "label": "step_label"}), on="kind"
    )
    rows = rows.join(steps, on="run").select("target", "class", "step_label", "step", "off").unique()
    rows = rows.join(columns.labels.select("class", parameter="step", label="label"), on="class")
    off = pl.col("off")
    # In a stated order: sums depend on it in their last digits.
    rows = (
        rows.sort("off")
        .group_by("parameter", "step")
        .agg(
            n=off.len().cast(pl.Int64),
            mean=off.mean(),
            squares=(off * off).sum(),
            guess=(off.max() - off.min()) / 4,
            outside=(off.abs() > tolerance).sum().cast(pl.Int64),
        )
    )
    n, mean, deviation = pl.col("n"), pl.col("mean"), pl.col("deviation")
    rows = rows.filter((n > 1) & (pl.col("guess") > 0)).with_columns(deviation=_DEVIATION)
    rows = rows.with_columns(cp=tolerance / (3 * deviation), cpk=(tolerance - mean.abs()) / (3 * deviation))
    kinds: dict[str, Kind] = {
        "parameter": "text",
        "step": "text",
        "n": "integer",
        "mean": "double",
        "deviation": "double",
        "cp": "double",
        "cpk": "double",
        "outside": "integer",
    }
    return in_order(rows, kinds, "cpk", "parameter", "step")


def _middle(value: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Return of each value how many in its batch are lower, and how many are higher."""
    size = pl.len().over("batch").cast(pl.Int64)
    lower = value.rank("min").over("batch").cast(pl.Int64) - 1
    return lower, size - value.rank("max").over("batch").cast(pl.Int64)


def outliers_in_batch(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/outliers_in_batch.rq."""
    batches = columns.links("type", "thing", "class").filter(pl.col("class") == terms["slurry"])
    ways = closure(batches, columns.down).filter(pl.col("distance") > 0)
    found = columns.of_term(terms["property"], "property")
    cells = ways.select(batch="thing", cell="reached").join(
        found.select("quantity", "value", cell="bearer", unitClass="unit"), on="cell"
    )
    below, above = _middle(pl.col("value"))
    known = cells.select("batch", "quantity", "value").unique()
    known = known.with_columns(n=pl.len().over("batch").cast(pl.Int64), below=below, above=above)
    in_middle = (2 * pl.col("below") <= pl.col("n")) & (2 * pl.col("above") <= pl.col("n"))
    medians = known.filter(in_middle).group_by("batch", "n").agg(median=pl.col("value").mean())
    apart = known.select("batch", "quantity", "value").join(medians, on="batch")
    below, above = _middle(pl.col("away"))
    apart = apart.with_columns(away=(pl.col("value") - pl.col("median")).abs())
    apart = apart.with_columns(below=below, above=above)
    apart = apart.group_by("batch", "n", "median", "quantity").agg(
        pl.col("away").min(), pl.col("below").sum(), pl.col("above").sum()
    )
    spread = apart.filter(in_middle).group_by("batch", "n", "median")
    spreads = spread.agg(deviation=1.4826 * pl.col("away").mean()).filter(pl.col("deviation") > 0)
    rows = cells.select("batch", "cell", "value", "unitClass").unique().join(spreads, on="batch")
    rows = rows.with_columns(score=(pl.col("value") - pl.col("median")) / pl.col("deviation"))
    rows = rows.filter(pl.col("score").abs() >= float(terms["distance"]))
    kinds: dict[str, Kind] = {
        "cell": "iri",
        "batch": "iri",
        "n": "integer",
        "value": "double",
        "median": "double",
        "deviation": "double",
        "unit": "text",
        "score": "double",
    }
    return in_order(columns.with_unit(rows, "unitClass", "unit"), kinds, "batch", "cell")
