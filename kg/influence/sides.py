"""Classes of things -> the electrode that they belong to: positive, negative, or neither."""

from __future__ import annotations

import polars as pl

from kg.errors import KgError
from kg.terms import Vocabulary, words

WORDS = {
    "positive": frozenset({"cathode", "positive", "nmc", "nca", "lfp", "lco", "lmo", "lnmo"}),
    "negative": frozenset({"anode", "negative", "graphite", "silicon"}),
}
"""Words in the labels of classes that say for which electrode a thing is made."""

MIXED = ""


def side_of_class(iri: str, vocabulary: Vocabulary) -> str:
    """Return `positive`, `negative`, or an empty text where the class says neither."""
    try:
        label = vocabulary.term(iri).label
    except KgError:
        return MIXED
    found = {side for side, said in WORDS.items() if said & set(words(label))}
    return found.pop() if len(found) == 1 else MIXED


def sides(classes: pl.DataFrame, made: pl.DataFrame, vocabulary: Vocabulary) -> pl.DataFrame:
    """Return the electrode of each thing that has one: (node, side).

    `classes` is (node, class), `made` is (child, parent). A thing has the side of its own class, else the one
    side of all that it is made from, else the one side of all that is made from it.
    """
    known = {iri: side_of_class(iri, vocabulary) for iri in classes["class"].unique()}
    own = (
        classes.with_columns(side=pl.col("class").replace_strict(known, default=MIXED))
        .filter(pl.col("side") != MIXED)
        .group_by("node")
        .agg(pl.col("side").unique())
        .filter(pl.col("side").list.len() == 1)
        .with_columns(pl.col("side").list.first())
    )
    for near, far in (("child", "parent"), ("parent", "child")):
        own = _spread(own, made.select(node=near, other=far))
    return own


def _spread(own: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """Give a side to whatever is linked to things of one side only, until nothing changes."""
    while True:
        new = (
            links.join(own.select("node"), on="node", how="anti")
            .join(own.select(other="node", side="side"), on="other", how="left")
            .group_by("node")
            .agg(pl.col("side").drop_nulls().unique(), missing=pl.col("side").is_null().any())
            # A cell is made from both; what is made from one side and from something without is of that side.
            .filter(pl.col("side").list.len() == 1)
            .select("node", side=pl.col("side").list.first())
        )
        if new.is_empty():
            return own
        own = pl.concat([own, new])
