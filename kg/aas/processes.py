"""A run, or the runs of a machine -> the submodels of processes: as executed, and ranges of parameters."""

from __future__ import annotations

import re
from typing import Any

from kg import model
from kg.aas.environment import id_short
from kg.aas.instance import Leaf, Raw, reference, submodel
from kg.aas.templates import templates
from kg.aas.things import class_iri, class_of, collection, free, name_of, quantities, text
from kg.iri import shorten
from kg.passport.facts import Facts
from kg.terms import vocabulary


def is_run(facts: Facts, iri: str) -> bool:
    """Return whether something is a run of a process."""
    return any(facts.has(iri, prop) for prop in (model.HAS_OUTPUT, model.HAS_TOOL, model.START))


def executed(facts: Facts, run: str) -> dict[str, Any]:
    """Return the executed process of a run: parameters, tool, inputs, outputs, times, steps within it."""
    template = templates()["02031-2"]
    content = {"Run__00__": [{"Process__00__": [_process(facts, run)]}]}
    return submodel(template, f"{run}/submodel/{template.root.short}", content)


def _process(facts: Facts, run: str) -> dict[str, Any]:
    rows = {row for _, graph in facts.pairs(run, model.RDF_TYPE) for row in facts.rows(run, graph)}
    product: dict[str, Raw] = {}
    for output in facts.objects(run, model.HAS_OUTPUT):
        short = id_short(shorten(output, facts.store.base))
        product[short] = collection(short, quantities(facts, output, rows), of=output)
    tools = {
        (short := f"Machine_{place}"): text(short, tool, model.HAS_TOOL)
        for place, tool in enumerate(facts.objects(run, model.HAS_TOOL), 1)
    }
    materials = {
        (short := f"{kind}_{place}"): text(short, thing, prop)
        for kind, prop in (("Input", model.HAS_INPUT), ("Output", model.HAS_OUTPUT))
        for place, thing in enumerate(facts.objects(run, prop), 1)
    }
    start, end = (next(iter(facts.objects(run, prop)), "") for prop in (model.START, model.END))
    note = next(iter(facts.objects(run, model.TEXT_PROPERTIES["comment"])), "")
    stages = [_stage(facts, step) for step in facts.objects(run, model.HAS_SUB_PROCESS)]
    return {
        "ProcessId": Leaf(name_of(facts, run)),
        "ProcessName": Leaf(class_of(facts, run), tuple(filter(None, [class_iri(facts, run)]))),
        "ProcessDescription": Leaf(note) if note else None,
        "ProductParameters": product or None,
        "ProcessParameters": quantities(facts, run) or None,
        "ResourceParameters": tools or None,
        "ProcessBoM": materials or None,
        "ProcessStatus": Leaf("ended") if end else None,
        "ProcessStartTime": Leaf(start) if start else None,
        "ProcessEndTime": Leaf(end) if end else None,
        "ProcessStages": {"ProcessStage__00__": stages} if stages else {},
        "ProcessErrors": {},
    }


def _stage(facts: Facts, step: str) -> dict[str, Any]:
    start, end = (next(iter(facts.objects(step, prop)), "") for prop in (model.START, model.END))
    return {
        "StageId": Leaf(name_of(facts, step)),
        "StartTime": Leaf(start) if start else None,
        "EndTime": Leaf(end) if end else None,
    }


def is_machine(facts: Facts, iri: str) -> bool:
    """Return whether something is the tool of a run."""
    return facts.has(None, model.HAS_TOOL, iri)


def process_types(facts: Facts, machine: str) -> dict[str, Any]:
    """Return the kinds of process that a machine has run, each parameter with the range of its values."""
    runs = facts.subjects(model.HAS_TOOL, machine)
    by_class: dict[str, list[str]] = {}
    for run in runs:
        by_class.setdefault(class_of(facts, run), []).append(run)
    template = templates()["02031-1"]
    processes = [
        {
            "ProcessId": Leaf(label),
            "ProcessName": Leaf(" ".join(re.findall(r"[A-Z]+[a-z]*|[a-z]+", label)).lower()),
            "ProcessParameters": _ranges(facts, some),
            "ResourceParameters": {"Machine": text("Machine", machine, model.HAS_TOOL)},
        }
        for label, some in sorted(by_class.items())
    ]
    content = {"Processes": {"Process__00__": processes}}
    return submodel(template, f"{machine}/submodel/{template.root.short}", content)


def _ranges(facts: Facts, runs: list[str]) -> dict[str, Raw] | None:
    values: dict[tuple[str, str], list[float]] = {}
    for run in runs:
        for key, fact in facts.quantities(run).items():
            values.setdefault(key, []).append(float(fact.value))
        facts.forget((run,))
    made: dict[str, Raw] = {}
    for (term, name), found in sorted(values.items()):
        if term not in vocabulary():
            continue
        label = vocabulary().term(term).label
        short = free(made, f"{label}.{name}" if name else label)
        ends = {"min": repr(min(found)), "max": repr(max(found))}
        head = {"idShort": short, "semanticId": reference(term), "valueType": "xs:double"}
        made[short] = Raw({**head, **ends, "modelType": "Range"})
    return made or None
