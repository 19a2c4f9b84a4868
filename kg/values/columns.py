"""The value table as the twins of queries use it: what is the same for every question is made once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import polars as pl
import pyoxigraph as ox

from kg.namespaces import PREFIXES
from kg.store import VOCABULARY_GRAPH, Store
from kg.values.answer import ColumnAnswer, Kind
from kg.values.lineage import link, sides
from kg.values.part import TEXT, VALUES
from kg.values.table import Values

_LABEL = PREFIXES["skos"] + "prefLabel"

Terms = Mapping[str, str]
"""The IRI, or the text, of each parameter of a query."""


class Columns:
    """The columns of a store, and the few facts of the vocabulary that questions need."""

    def __init__(self, store: Store, values: Values) -> None:
        self.store, self.edges, self._values = store, values.edges().collect(), values

    @cached_property
    def values(self) -> pl.DataFrame:
        """Return each value once, whichever file states it."""
        return self._values.stated()

    @cached_property
    def stated_in_files(self) -> pl.DataFrame:
        """Return the values as each file states them; `quantity` is null where it is `BEARER#NAME`."""
        return pl.concat([pl.DataFrame(schema=VALUES), *(part.values for part in self._values.parts)])

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

    def property(self, term: str, thing: str, value: str) -> pl.DataFrame:
        """Return the values of a property in columns of these names."""
        found = self.values.filter((pl.col("term") == term) & (pl.col("role") == "property"))
        return found.select(pl.col("bearer").alias(thing), pl.col("value").alias(value)).unique()

    def below(self, *classes: str) -> list[str]:
        """Return some classes and all below them."""
        given = " ".join(f"<{iri}>" for iri in classes)
        rows = self.store.query(f"SELECT DISTINCT ?c {{ VALUES ?k {{ {given} }} ?c rdfs:subClassOf* ?k }}")
        return [row["c"].value for row in rows]

    def of_class(self, top: str) -> pl.DataFrame:
        """Return the things of a class or one below it: (thing)."""
        classes = self.links("type", "thing", "class")
        return classes.filter(pl.col("class").is_in(self.below(top))).select("thing").unique()

    @cached_property
    def labels(self) -> pl.DataFrame:
        """Return the labels of terms: (class, label, step); `label` has its language, `step` has none."""
        quads = self.store.db.quads_for_pattern(
            None, ox.NamedNode(_LABEL), None, ox.NamedNode(VOCABULARY_GRAPH)
        )
        found = [
            (quad.subject.value, str(quad.object), quad.object.value)
            for quad in quads
            if isinstance(quad.subject, ox.NamedNode) and isinstance(quad.object, ox.Literal)
        ]
        return pl.DataFrame(found, schema={"class": TEXT, "label": TEXT, "step": TEXT}, orient="row").unique()


def in_order(frame: pl.DataFrame, kinds: dict[str, Kind], *first: str) -> ColumnAnswer:
    """Return the rows, each once, in the order of some columns and then of all others."""
    texts = frame.select(*kinds).unique().with_columns(pl.col(TEXT).cast(pl.String))
    order = [*first, *(name for name in kinds if name not in first)]
    return ColumnAnswer(texts.sort(order), kinds)
