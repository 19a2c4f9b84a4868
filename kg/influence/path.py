"""A column of a table -> the way from the run that bears its value to the thing that has the property."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from kg.influence.table import Table, plain
from kg.iri import shorten
from kg.terms import Vocabulary
from kg.values import Values
from kg.values.part import TEXT


@dataclass(frozen=True)
class Step:
    """One node of a way: a run (with the label of its step) or a thing (with the labels of its classes)."""

    kind: str
    iri: str
    label: str

    def as_dict(self, base: str) -> dict[str, Any]:
        """Return the node for machines."""
        return {"kind": self.kind, "iri": self.iri, "id": shorten(self.iri, base), "label": self.label}


@dataclass(frozen=True)
class Path:
    """The way in one example, from the bearer of the value to the thing; `things` have one alike."""

    steps: tuple[Step, ...]
    things: int


def way(values: Values, table: Table, column: int, words: Vocabulary, base: str) -> Path | None:
    """Return the way of the first thing that has a value in a column; None where no way is recorded."""
    here = table.recorded([column]).sort("thing", "bearer")
    if here.is_empty():
        return None
    thing, bearer = here["thing"][0], here["bearer"][0]
    lineage = plain(values.ancestors([thing]))
    nodes = {*lineage["ancestor"], *lineage["run"].drop_nulls(), bearer}
    near = pl.DataFrame({"subject": sorted(nodes)}).cast(TEXT)
    everything = plain(values.edges().collect().join(near, on="subject", how="semi"))
    edges = everything.filter(pl.col("link").is_in(["input", "output", "from", "step"]))
    outputs: dict[str, list[str]] = {}
    made_from: dict[str, list[str]] = {}
    inputs: dict[str, list[str]] = {}
    for subject, link, object_ in (
        edges.select("subject", "link", "object").unique().sort("subject", "object").rows()
    ):
        if link in ("output", "step"):
            outputs.setdefault(subject, []).append(object_)
        elif link == "from":
            made_from.setdefault(object_, []).append(subject)
        else:
            inputs.setdefault(subject, []).append(object_)
    # A run that measured and gave nothing out leads on from what it measured.
    start = outputs.get(bearer) or inputs.get(bearer) or []
    links = [bearer, *_shortest(start, thing, made_from)] if bearer not in lineage["ancestor"] else _shortest(
        [bearer], thing, made_from
    )  # fmt: skip
    if not links or links[-1] != thing:
        return None
    run_of = dict(lineage.filter(pl.col("run").is_not_null()).sort("run").select("ancestor", "run").rows())
    whole: list[str] = []
    for node in links:
        run = run_of.get(node)
        if whole and run and run not in whole and node != thing:
            whole.append(run)
        whole.append(node)
    types = everything.filter((pl.col("link") == "type") & pl.col("subject").is_in(whole))
    steps = tuple(_step(node, types, outputs, words) for node in whole)
    count = int(np.isfinite(table.columns[column].values).sum())
    return Path(steps, count)


def _shortest(start: list[str], goal: str, onward: dict[str, list[str]]) -> list[str]:
    """Return the shortest way along `onward` from one of some nodes to another, both included."""
    came: dict[str, str | None] = dict.fromkeys(start)
    queue = list(start)
    while queue:
        node = queue.pop(0)
        if node == goal:
            found = [node]
            while (before := came[found[-1]]) is not None:
                found.append(before)
            return found[::-1]
        for other in onward.get(node, ()):
            if other not in came:
                came[other] = node
                queue.append(other)
    return []


def _step(node: str, types: pl.DataFrame, runs: dict[str, list[str]], words: Vocabulary) -> Step:
    classes = [iri for iri in types.filter(pl.col("subject") == node)["object"] if iri in words]
    narrow = [one for one in classes if not any(other != one and words.is_a(other, one) for other in classes)]
    label = ", ".join(sorted({words.term(iri).label for iri in narrow}))
    return Step("run" if node in runs else "thing", node, label)
