"""Statements that came or went -> the nodes that a rule must look at anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import polars as pl
import pyoxigraph as ox

from kg import model
from kg.derive.rule import Rule
from kg.store import Store

AT_ONCE = 100
"""Nodes whose foci are asked for in one query."""

# What these lead to is no thing of the line.
_NO_THING = (model.RDF_TYPE, model.HAS_UNIT, model.DERIVED_FROM)


def statements(lines: Iterable[str]) -> pl.DataFrame:
    """Return N-Triples as columns: subject, predicate, and object where it is an IRI."""
    pattern = r"^<([^>]*)> <([^>]*)> (?:<([^>]*)>)?"
    parts = pl.Series("line", lines, dtype=pl.String).str.extract_groups(pattern)
    told = parts.struct.rename_fields(["subject", "predicate", "object"]).struct.unnest()
    return told.filter(pl.col("subject").is_not_null())


def nodes(changed: pl.DataFrame, rule: Rule) -> set[str]:
    """Return the subjects and objects of those statements that the rule reads."""
    read = changed.filter(pl.col("predicate").is_in(list(rule.reads)))
    led = read.filter(~pl.col("predicate").is_in(_NO_THING) & pl.col("object").is_not_null())
    return set(read["subject"]) | set(led["object"])


def foci(store: Store, rule: Rule, changed: Iterable[str]) -> set[str]:
    """Return the foci of a rule that changed nodes may concern: the nodes, and what its paths lead to.

    A path that went over a statement which is gone is still found: both ends of that statement are changed
    nodes, and from the second one the rest of the path is there.
    """
    start = sorted(changed)
    found = set(start)
    for number in range(0, len(start), AT_ONCE):
        for path in rule.about.spread:
            # Beginning at a node each: behind VALUES, a path begins at every node of the store.
            ways = " UNION ".join(f"{{ <{iri}> {path} ?focus }}" for iri in start[number : number + AT_ONCE])
            text = f"{_prefixes(rule)}SELECT DISTINCT ?focus WHERE {{ {ways} }}"
            found |= {row["focus"].value for row in store.query(text)}
    return found


def _prefixes(rule: Rule) -> str:
    return "".join(f"{line}\n" for line in rule.text.splitlines() if line.startswith("PREFIX"))


def said_of(store: Store, graph: str, focus: str) -> Iterator[ox.Triple]:
    """Yield what a derived graph says of a focus, and of the nodes of its own that it leads to."""
    node, seen = ox.NamedNode(graph), {focus}
    waiting = [focus]
    while waiting:
        for quad in store.db.quads_for_pattern(ox.NamedNode(waiting.pop()), None, None, node):
            yield quad.triple
            value = quad.object.value if isinstance(quad.object, ox.NamedNode) else ""
            if value.startswith(f"{focus}#") and value not in seen:
                seen.add(value)
                waiting.append(value)
