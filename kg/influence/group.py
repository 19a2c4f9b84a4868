"""A group as people name it -> the things in it: a query, a batch, a lot, a machine, a list."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyoxigraph as ox

from kg import queries
from kg.answers import Answer
from kg.errors import KgError
from kg.influence.table import plain
from kg.labels import expand
from kg.names import find
from kg.store import Store
from kg.terms import vocabulary
from kg.values import Values


def ask(store: Store, name: str) -> Answer | None:
    """Return the answer of a query by name or file; None where the name is that of no query.

    Raises KgError where the query is none of rows.
    """
    path = Path(name)
    if path.suffix == ".rq" and path.is_file():
        query = queries.parse(path.stem, path.read_text(encoding="utf-8"))
    elif name in queries.library():
        query = queries.read(name)
    else:
        return None
    result = store.query(expand(query.text, vocabulary()))
    if not isinstance(result, ox.QuerySolutions):
        raise KgError(f"the query '{name}' gives no rows. Use one that begins with SELECT.")
    return Answer.of(result)


def things_of(store: Store, values: Values, name: str, candidates: list[str]) -> list[str]:
    """Return those of some things that a group names.

    `name` is a query (its first column gives the things), a thing, batch, lot or machine (all that is made
    from it or went through it), or several of these with commas between. Raises KgError where there is
    nothing of this name.
    """
    answer = ask(store, name)
    if answer is not None:
        found = {row[0].value for row in answer.rows if isinstance(row[0], ox.NamedNode)}
        return [thing for thing in candidates if thing in found]
    if "," in name:
        parts = [
            things_of(store, values, part.strip(), candidates) for part in name.split(",") if part.strip()
        ]
        wanted = {thing for part in parts for thing in part}
        return [thing for thing in candidates if thing in wanted]
    try:
        iri = find(store, name)
    except KgError as error:
        text = (
            "A group is a query of the library, a file .rq, a batch, a lot, a machine, or things with commas."
        )
        raise KgError(f"{error} {text}") from None
    lineage, edges = plain(values.ancestors(candidates)), plain(values.edges().collect())
    tools = edges.filter((pl.col("link") == "tool") & (pl.col("object") == iri))["subject"]
    inner = edges.filter((pl.col("link") == "step") & (pl.col("subject") == iri))["object"]
    runs = pl.concat([tools, inner, pl.Series([iri])])
    near = lineage.filter((pl.col("ancestor") == iri) | pl.col("run").is_in(runs.implode()))
    reached = set(near["thing"])
    return [thing for thing in candidates if thing in reached]
