"""The value table of a store -> links and facts of all of its things and runs, in dictionaries."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

import polars as pl

from kg import model
from kg.store import Store
from kg.values import Values, is_complete
from kg.values import open as open_values
from kg.values.part import LINK_NAMES, TEXT

FOLLOWED: Final = (model.HAS_INPUT, model.HAS_OUTPUT, model.MADE_FROM, model.HAS_PART)
"""What a walk follows."""


class Columns:
    """The links of a store in columns."""

    def __init__(self, values: Values) -> None:
        self.edges = values.edges().collect()
        self._objects: dict[str, Mapping[str, list[str]]] = {}
        self._subjects: dict[str, Mapping[str, list[str]]] = {}
        inputs = self.edges.filter(pl.col("link") == "input")["object"].unique().cast(pl.String)
        self.quantities = frozenset(inputs.filter(inputs.is_in(_quantities(values, inputs).implode())))
        """Inputs that are quantities: to EMMO, a parameter may be an input of its run."""

    @classmethod
    def of(cls, store: Store) -> Columns | None:
        """Return the columns of a store; None where they would have to be made, or know a node otherwise."""
        if not is_complete(store):
            return None
        found = cls(open_values(store))
        blank = pl.col("subject", "object").cast(pl.String).str.starts_with("_:")
        return None if found.edges.select(pl.any_horizontal(blank.any())).item() else found

    def links(self, property_: str, *, back: bool = False) -> Mapping[str, list[str]]:
        """Return the values of a property of each thing, or with `back` what has each thing as its value."""
        ways = self._objects if not back else self._subjects
        if property_ not in ways:
            ends = ("object", "subject") if back else ("subject", "object")
            ways[property_] = _lists(self._pairs(property_).select(ends))
        return ways[property_]

    def said(self, nodes: Collection[str], properties: Collection[str]) -> Mapping[str, dict[str, list[str]]]:
        """Return what the records say of some nodes: property -> its values, each once, sorted."""
        result: dict[str, dict[str, list[str]]] = {node: {} for node in nodes}
        wanted = pl.DataFrame({"subject": list(nodes)}, schema={"subject": TEXT})
        for property_ in properties:
            pairs = self._pairs(property_).join(wanted, on="subject", how="semi")
            for node, found in _lists(pairs).items():
                result[node][property_] = found
        return result

    def _pairs(self, property_: str) -> pl.DataFrame:
        found = self.edges.filter(pl.col("link") == LINK_NAMES[property_])
        return found.select("subject", "object").unique()


def _quantities(values: Values, inputs: pl.Series) -> pl.Series:
    """Return the quantities of the table that may be among these IRIs."""
    # That a quantity is named by what bears it is seen by the sign between the two.
    if inputs.str.contains("#", literal=True).any():
        return values.values().select("quantity").collect()["quantity"]
    named = [part.values["quantity"].drop_nulls().unique().cast(pl.String) for part in values.parts]
    return pl.concat([pl.Series("quantity", [], pl.String), *named])


def _lists(pairs: pl.DataFrame) -> Mapping[str, list[str]]:
    """Return for each text of the first column those of the second one, sorted."""
    key, other = pairs.columns
    single = ~pl.col(key).is_duplicated()
    # Most have one; a list of one is made fastest here.
    keys, texts = (column.cast(pl.String).to_list() for column in pairs.filter(single))
    found = {one: [text] for one, text in zip(keys, texts, strict=True)}
    several = pairs.filter(~single).with_columns(pl.all().cast(pl.String)).sort(key, other)
    several = several.group_by(key, maintain_order=True).agg(other)
    found.update(zip(several[key].to_list(), several[other].to_list(), strict=True))
    return found
