"""The term of a property -> its values as they are recorded, and what is left out of them."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from kg.errors import KgError
from kg.influence.table import plain
from kg.terms import Vocabulary
from kg.values import Values


@dataclass(frozen=True)
class Target:
    """The property that is asked for, in the columns TARGET: one line for each value of a thing."""

    outcome: str
    frame: pl.DataFrame
    notes: tuple[str, ...] = ()


TARGET = {
    "thing": pl.String,
    "value": pl.Float64,
    "unit": pl.String,
    "quantity": pl.String,
    "how": pl.String,
    "row": pl.String,
    "graph": pl.String,
}


def target_of(values: Values, term: str, vocabulary: Vocabulary, base: str) -> Target:
    """Return a property of things as it is recorded.

    Where nothing has the term itself, the terms below it count. Of several values with different names
    (open circuit voltage after formation, and at the end of the line) that of the most things is taken.
    Raises KgError where nothing has the property.
    """
    lazy = values.values().filter(pl.col("term").cast(pl.String).is_in(list(vocabulary.descendants(term))))
    found = plain(lazy.collect())
    label = vocabulary.term(term).label
    if found.is_empty():
        raise KgError(f"nothing in the store has a value of {label}. 'kg terms {label}' says what is near.")
    exact = found.filter(pl.col("term") == term)
    found = exact if not exact.is_empty() else found
    borne = found.filter(pl.col("role") == "property")
    if borne.is_empty():
        text = (
            f"{label} is recorded as a parameter of runs only, so it is no property that anything could move."
        )
        raise KgError(f"{text} To look at values of a query, give its name: --of QUERY.COLUMN")
    names = (
        borne.group_by("name").agg(n=pl.col("bearer").n_unique()).sort("n", "name", descending=[True, False])
    )
    name = names["name"][0]
    others = [other for other in names["name"] if other != name]
    notes: tuple[str, ...] = ()
    if others:
        notes += (f"{label} is recorded under several names; this is {name}, not {', '.join(others)}.",)
    chosen = borne.filter(pl.col("name") == name).rename({"bearer": "thing"})
    several = chosen.height - chosen["thing"].n_unique()
    if several:
        notes += (f"{several} things have several values of {label}; their mean counts.",)
    return Target(term, chosen.select(*TARGET).sort("thing", "quantity"), notes)
