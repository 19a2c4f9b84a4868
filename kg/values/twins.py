"""Questions of the query library over all cells -> the same answers from columns, in a fraction of the time.

A query file names its twin in its front matter, `fast: NAME`; the SPARQL of the file is what the twin must
answer, row for row, and tests compare the two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

import polars as pl
import pyoxigraph as ox

from kg.store import Store
from kg.values.answer import ColumnAnswer, Kind
from kg.values.lineage import SLURRIES, closure, link, sides
from kg.values.part import TEXT
from kg.values.table import Values

Terms = Mapping[str, str]
"""The IRI of each parameter of a query."""


class Columns:
    """The value table as the twins use it: what is the same for every question is made once."""

    def __init__(self, store: Store, values: Values) -> None:
        self.store, self.edges, self._values = store, values.edges().collect(), values

    @cached_property
    def values(self) -> pl.DataFrame:
        """Return each value once, whichever file states it."""
        return self._values.stated()

    @cached_property
    def down(self) -> pl.DataFrame:
        """Return what was made from what, as the records say it: (parent, child)."""
        return link(self.edges, "from", "child", "parent").select("parent", "child")

    @cached_property
    def sides(self) -> pl.DataFrame:
        """Return the electrode that each thing is of: (thing, side)."""
        return sides(self.edges, self.down)

    def links(self, name: str, subject: str, object_: str) -> pl.DataFrame:
        """Return the links of a name."""
        return link(self.edges, name, subject, object_)

    def of_term(self, term: str, role: str | None = None) -> pl.DataFrame:
        """Return the values of a quantity."""
        found = self.values.filter(pl.col("term") == term)
        found = found if role is None else found.filter(pl.col("role") == role)
        own = pl.concat_str(pl.col("bearer").cast(pl.String), pl.lit("#"), pl.col("name").cast(pl.String))
        return found.with_columns(quantity=pl.coalesce(pl.col("quantity").cast(pl.String), own))

    def with_side(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Add the column `electrode`, which is empty before it is known."""
        sided = frame.join(self.sides.rename({"side": "electrode"}), on="thing", how="left")
        return sided.with_columns(pl.col("electrode").cast(pl.String).fill_null("").cast(TEXT))

    def with_unit(self, frame: pl.DataFrame, iri: str, text: str) -> pl.DataFrame:
        """Put the signs of units, or their labels, in the place of their IRIs."""
        units = " ".join(f"<{unit}>" for unit in frame[iri].unique().cast(pl.String))
        rows = self.store.query(
            f"""SELECT DISTINCT ?unit ?text WHERE {{ VALUES ?unit {{ {units} }}
              OPTIONAL {{ ?unit <https://w3id.org/emmo#EMMO_7f1dec83_d85e_4e1b_b7bd_c9442d4f5a64>
                |<https://w3id.org/emmo#EMMO_daf7a9b7_18ef_4e73_9fb9_75adfd9800e8> ?symbol }}
              OPTIONAL {{ ?unit skos:prefLabel ?label }} BIND(STR(COALESCE(?symbol, ?label)) AS ?text) }}"""
        )
        found = [(row["unit"].value, row["text"].value if row["text"] is not None else None) for row in rows]
        said = pl.DataFrame(found, schema={iri: TEXT, text: TEXT}, orient="row")
        return frame.join(said, on=iri).drop(iri)


def _sorted(frame: pl.DataFrame, kinds: dict[str, Kind], *first: str) -> ColumnAnswer:
    """Return the rows, each once, in the order of some columns and then of all others."""
    texts = frame.select(*kinds).unique().with_columns(pl.col(TEXT).cast(pl.String))
    order = [*first, *(name for name in kinds if name not in first)]
    return ColumnAnswer(texts.sort(order), kinds)


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
    return _sorted(rows, kinds, "parameter_of", "parameter_name", "property_of", "property_name")


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
    return _sorted(means, {"batch": "iri", "electrode": "text", **_NUMBERS, "unit": "text"}, "batch")


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
    return _sorted(means, kinds, "machine", "electrode")


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
    return _sorted(rows, kinds, "thing", "first_value")


TWINS: dict[str, Callable[[Columns, Terms], ColumnAnswer]] = {
    twin.__name__: twin
    for twin in (
        capacity_by_slurry_batch,
        parameter_against_property,
        property_by_machine,
        values_side_by_side,
    )
}
"""The twins by the name that a query file gives."""


def answer(columns: Columns, name: str, terms: Mapping[str, ox.NamedNode | ox.Literal]) -> ColumnAnswer:
    """Return the answer of a twin; `terms` are the parameters of the query, defaults included."""
    return TWINS[name](columns, {key: term.value for key, term in terms.items()})


__all__ = ["TWINS", "Columns", "answer"]
