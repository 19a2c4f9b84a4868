"""Questions about the electrodes in all cells, and what is made on a day -> their answers from columns."""

from __future__ import annotations

import polars as pl

from kg.namespaces import PREFIXES
from kg.values.answer import ColumnAnswer, Kind
from kg.values.columns import Columns, Terms, in_order
from kg.values.lineage import SLURRIES, closure
from kg.values.reach import CELL

_POROSITY = PREFIXES["emmo"] + "EMMO_3a6578ac_aee0_43b9_9bc6_1eb208c8c9a9"
_THICKNESS = (
    PREFIXES["echem"] + "electrochemistry_f9e1c862_c510_4b11_9141_bc91045df817"
)  # CalenderedCoatingThickness
_LOADING = PREFIXES["echem"] + "electrochemistry_c955c089_6ee1_41a2_95fc_d534c5cfd3d5"  # MassLoading


def _batches(columns: Columns) -> pl.DataFrame:
    """Return the batches of slurry: (batch, on); `on` is 1 for positive electrodes, 0 for negative ones."""
    classes = columns.links("type", "batch", "class")
    return pl.concat(
        classes.filter(pl.col("class") == SLURRIES[side]).select("batch", on=pl.lit(on, pl.Int64))
        for side, on in (("positive", 1), ("negative", 0))
    )


def _cells_of(columns: Columns, webs: pl.DataFrame) -> pl.DataFrame:
    """Return the cells that are made from webs: (web, cell)."""
    ways = closure(webs.select(thing="web"), columns.down).filter(pl.col("distance") > 0)
    cells = columns.of_class(CELL).rename({"thing": "cell"})
    return ways.select(web="thing", cell="reached").join(cells, on="cell", how="semi")


def porosity_and_thickness(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/porosity_and_thickness.rq."""
    batches = _batches(columns)
    ways = closure(batches.select(thing="batch"), columns.down).filter(pl.col("distance") > 0)
    webs = batches.join(ways.select(batch="thing", web="reached"), on="batch").select("web", "on").unique()
    webs = webs.join(columns.property(_POROSITY, "web", "porosity"), on="web")
    webs = webs.join(columns.property(_THICKNESS, "web", "thickness"), on="web")
    rows = webs.join(_cells_of(columns, webs), on="web")
    on = pl.col("on")
    means = {
        f"{side}_{name}": (weight * pl.col(name)).sum() / weight.sum()
        for side, weight in (("positive", on), ("negative", 1 - on))
        for name in ("porosity", "thickness")
    }
    kinds: dict[str, Kind] = {"cell": "iri", **dict.fromkeys(means, "double")}
    return in_order(rows.group_by("cell").agg(**means), kinds, "cell")


def electrode_balance(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/electrode_balance.rq."""
    webs = _batches(columns).join(columns.down, left_on="batch", right_on="parent")
    webs = webs.select("on", web="child").unique()
    found = columns.of_term(_LOADING, "property").select("quantity", "value", web="bearer").unique()
    webs = webs.join(found, on="web")
    rows = webs.join(_cells_of(columns, webs), on="web").select("cell", "quantity", "on", "value").unique()
    on, value = pl.col("on"), pl.col("value")
    sides = (("positive", on), ("negative", 1 - on))
    rows = rows.group_by("cell").agg(
        *((weight * value).sum().alias(f"{side}_sum") for side, weight in sides),
        *(weight.sum().alias(side) for side, weight in sides),
    )
    rows = rows.filter((pl.col("positive") > 0) & (pl.col("negative") > 0))
    for side, _ in sides:
        loading = pl.col(f"{side}_sum") / pl.col(side)
        areal = loading * float(terms[side]) / 1000
        rows = rows.with_columns(loading.alias(f"{side}_loading"), areal.alias(f"{side}_areal"))
    rows = rows.with_columns(ratio=pl.col("negative_areal") / pl.col("positive_areal"))
    rows = rows.with_columns(too_low=pl.col("ratio") < float(terms["lower"]))
    kinds: dict[str, Kind] = {
        "cell": "iri",
        "positive_loading": "double",
        "negative_loading": "double",
        "positive_areal": "double",
        "negative_areal": "double",
        "ratio": "double",
        "too_low": "truth",
    }
    return in_order(rows, kinds, "cell")


def throughput_by_day(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/throughput_by_day.rq."""
    rows = columns.links("output", "run", "output").join(columns.links("end", "run", "ended"), on="run")
    rows = rows.join(columns.links("type", "run", "class"), on="run").join(columns.labels, on="class")
    rows = rows.with_columns(day=pl.col("ended").cast(pl.String).str.head(10))
    counts = rows.group_by("day", "step").agg(runs=pl.col("run").n_unique(), made=pl.col("output").n_unique())
    kinds: dict[str, Kind] = {"day": "text", "step": "text", "runs": "integer", "made": "integer"}
    return in_order(counts, kinds, "day", "step")
