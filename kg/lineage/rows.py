"""A trace -> a dict for machines, and rows: one for each run, and for each thing that no run made."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kg.lineage.graph import Reach, Run, Thing, Trace, Value
from kg.lineage.positions import words


@dataclass(frozen=True)
class Row:
    """A run with what went in and out of it, or a thing for itself; times as the record gives them."""

    distance: int
    step: str
    run: str
    inputs: str
    outputs: str
    start: str
    end: str
    machine: str
    operator: str
    metres: str
    values: str
    note: str
    source: str


def shown(value: Value) -> str:
    """Return `LineLoad (set) 210 N/mm`: what tells two values of one term apart stands in brackets."""
    _, dot, further = value.name.partition(f"{value.term}.")
    name = f"{value.term} ({further.replace('.', ', ')})" if dot else value.term
    unit = "" if value.unit == "1" else value.unit
    return f"{name} {value.value:.6g} {unit}".rstrip()


def rows(trace: Trace) -> list[Row]:
    """Return a trace as rows, nearest first, then in order of time."""
    taken: dict[str, dict[str, Reach]] = {}
    given: dict[str, dict[str, Reach]] = {}
    made: set[str] = set()
    for step in trace.steps:
        if step.run and step.source:
            taken.setdefault(step.run, {})[step.source] = step.source_at
        if step.run and step.made:
            given.setdefault(step.run, {})[step.made] = step.made_at
            if step.made != step.source:
                made.add(step.made)
    found = [_of_run(trace, run, taken.get(iri, {}), given.get(iri, {})) for iri, run in trace.runs.items()]
    found += [_of_thing(trace, thing) for iri, thing in trace.things.items() if iri not in made]
    return sorted(found, key=lambda row: (row.distance, row.start, row.run, row.outputs))


def _of_run(trace: Trace, run: Run, taken: Mapping[str, Reach], given: Mapping[str, Reach]) -> Row:
    metres = [
        f"{trace.things[iri].id} {words(at)}"
        for iri, at in {**taken, **given}.items()
        if at and iri in trace.things
    ]
    values = [*run.parameters, *run.readings]
    values += [
        v for iri in given if iri not in taken and iri in trace.things for v in trace.things[iri].properties
    ]
    return Row(
        trace.distance.get(run.iri, 0),
        ", ".join(run.classes),
        run.id,
        _ids(trace, taken),
        _ids(trace, given),
        run.start,
        run.end,
        run.machines,
        run.operators,
        "; ".join(metres),
        "; ".join(map(shown, values)),
        run.comment,
        ", ".join(run.sources),
    )


def _of_thing(trace: Trace, thing: Thing) -> Row:
    values = "; ".join(map(shown, thing.properties))
    texts = "; ".join(f"{name} {text}" for name, text in thing.texts.items())
    names = ", ".join(thing.classes)
    return Row(
        trace.distance.get(thing.iri, 0), names, "", "", thing.id, "", "", "", "", "", values, texts, ""
    )


def _ids(trace: Trace, things: Iterable[str]) -> str:
    return ", ".join(trace.things[iri].id for iri in things if iri in trace.things)


def as_csv(found: Sequence[Any]) -> str:
    """Return rows of one kind as CSV, with their names above; nothing for no rows."""
    out = io.StringIO()
    if found:
        names = list(vars(found[0]))
        writer = csv.DictWriter(out, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(vars(row) for row in found)
    return out.getvalue()


def as_dict(trace: Trace) -> dict[str, Any]:
    """Return a trace for machines: things and runs, each once, and the steps between them by their ids."""
    ids = {iri: thing.id for iri, thing in trace.things.items()}
    ids |= {iri: run.id for iri, run in trace.runs.items()}
    return {
        "asked": trace.asked,
        "direction": trace.direction,
        "roots": [ids.get(root, root) for root in trace.roots],
        "things": [_thing(trace, thing) for thing in trace.things.values()],
        "runs": [_run(trace, run) for run in trace.runs.values()],
        "steps": [
            {
                "source": ids.get(step.source),
                "run": ids.get(step.run),
                "made": ids.get(step.made),
                "source_at": _reach(step.source_at),
                "made_at": _reach(step.made_at),
            }
            for step in trace.steps
        ],
        "gaps": [vars(gap) for gap in trace.gaps],
        "runs_on_other_metres": trace.beside,
    }


def _reach(at: Reach) -> list[list[float]] | None:
    return None if at is None else [[span.start, span.end] for span in at]


def _values(found: Iterable[Value]) -> list[dict[str, Any]]:
    return [
        {"term": value.term, "name": value.name, "value": value.value, "unit": value.unit, "how": value.how}
        for value in found
    ]


def _thing(trace: Trace, thing: Thing) -> dict[str, Any]:
    return {
        "id": thing.id,
        "iri": thing.iri,
        "classes": list(thing.classes),
        "label": thing.label,
        "distance": trace.distance.get(thing.iri, 0),
        "texts": dict(thing.texts),
        "properties": _values(thing.properties),
        "sources": list(thing.sources),
    }


def _run(trace: Trace, run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "iri": run.iri,
        "classes": list(run.classes),
        "distance": trace.distance.get(run.iri, 0),
        "start": run.start,
        "end": run.end,
        "machines": list(run.tools),
        "operators": list(run.agents),
        "comment": run.comment,
        "texts": dict(run.texts),
        "parameters": _values(run.parameters),
        "readings": _values(run.readings),
        "sources": list(run.sources),
        "sub_processes": run.parts,
    }
