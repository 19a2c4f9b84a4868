"""Links -> what things are made from, the runs that made them, and the side of the cell they are on."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from kg.namespaces import PREFIXES
from kg.values.part import TEXT

SLURRIES = {
    "positive": PREFIXES["bvco"]
    + "BVCO_57724041_c09d_4c39_ae0a_3f3ba594d8d6",  # BatteryPositiveElectrodeSlurry
    "negative": PREFIXES["bvco"]
    + "BVCO_e07ede69_b66e_4c89_a977_8096d9367bc6",  # BatteryNegativeElectrodeSlurry
}
"""The class of slurry that all of a side is made from."""

SIDES = pl.Enum(["", "positive", "negative", "both"])


def link(edges: pl.DataFrame, name: str, subject: str, object_: str) -> pl.DataFrame:
    """Return the links of a name, each once, in columns of these names."""
    found = edges.filter(pl.col("link") == name)
    return found.select(pl.col("subject").alias(subject), pl.col("object").alias(object_)).unique()


def made_from(edges: pl.DataFrame) -> pl.DataFrame:
    """Return what each thing is made from: (child, parent).

    Where no record says it, these are the inputs of the runs that gave the thing out.
    """
    said = link(edges, "from", "child", "parent")
    out = link(edges, "output", "run", "child").join(said, on="child", how="anti")
    through = out.join(link(edges, "input", "run", "parent"), on="run").select("child", "parent")
    return pl.concat([said, through.filter(pl.col("child") != pl.col("parent")).unique()])


def closure(start: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """Return what is reached from each thing in the column `thing`: (thing, reached, distance), itself at 0.

    `steps` has two columns: from, to.
    """
    from_, to = steps.columns
    now = start.select("thing").unique().with_columns(reached="thing", distance=pl.lit(0, pl.Int32))
    found = [now]
    seen = now.select("thing", "reached")
    while not now.is_empty():
        now = (
            now.join(steps, left_on="reached", right_on=from_)
            .select("thing", pl.col(to).alias("reached"), pl.col("distance") + 1)
            .unique(("thing", "reached"))
            .join(seen, on=("thing", "reached"), how="anti")
        )
        seen = pl.concat([seen, now.select("thing", "reached")])
        found.append(now)
    return pl.concat(found)


def sides(edges: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """Return the side of all that is made from a slurry: (thing, side)."""
    classes = link(edges, "type", "thing", "class")
    back = steps.select("parent", "child")
    reached = {
        side: reach(classes.filter(pl.col("class") == iri), back).with_columns(pl.lit(True).alias(side))
        for side, iri in SLURRIES.items()
    }
    found = reached["positive"].join(reached["negative"], on="thing", how="full", coalesce=True)
    side = (
        pl.when(pl.col("positive") & pl.col("negative"))
        .then(pl.lit("both"))
        .when("positive")
        .then(pl.lit("positive"))
        .otherwise(pl.lit("negative"))
    )
    return found.select("thing", side=side.cast(SIDES))


def things(iris: Iterable[str]) -> pl.DataFrame:
    """Return some things as a column."""
    return pl.DataFrame({"thing": list(dict.fromkeys(iris))}, schema={"thing": TEXT})


def reach(start: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """Return all that is reached from any of the things, those among them, each once: (thing)."""
    from_, to = steps.columns
    seen = now = start.select("thing").unique()
    while not now.is_empty():
        now = now.join(steps, left_on="thing", right_on=from_).select(thing=to).unique()
        now = now.join(seen, on="thing", how="anti")
        seen = pl.concat([seen, now])
    return seen
