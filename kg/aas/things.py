"""A thing, a machine or a run of the graph -> its submodels: nameplate, technical data, parts, processes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from kg import model
from kg.aas.environment import id_short
from kg.aas.instance import Leaf, Raw, extension, reference, submodel
from kg.aas.templates import templates
from kg.iri import shorten
from kg.passport.facts import SERIAL, Fact, Facts
from kg.terms import vocabulary

TECHNICAL_DATA = "0173-1#01-AHX837#002"
STRUCTURES = "https://admin-shell.io/idta/HierarchicalStructures"
MOST = 500
"""Parts of a bill of material that are written one by one."""


def name_of(facts: Facts, iri: str) -> str:
    """Return the steward's name of a thing, or its IRI below the base."""
    found = facts.identifier(iri)
    return str(found.value) if found else shorten(iri, facts.store.base)


def class_of(facts: Facts, iri: str) -> str:
    """Return the label of the closest class of a thing, the first where there are several."""
    words = vocabulary()
    types = [each for each in facts.objects(iri, model.RDF_TYPE) if each in words]
    near = [each for each in types if not any(words.is_a(other, each) for other in types if other != each)]
    return min((words.term(each).label for each in near or types), default="")


def text(short: str, value: str, semantic: str = "", kind: str = "xs:string") -> Raw:
    """Return a property with a text that no template has."""
    made: dict[str, Any] = {"idShort": short}
    if semantic:
        made["semanticId"] = reference(semantic)
    return Raw({**made, "valueType": kind, "value": value, "modelType": "Property"})


def quantities(facts: Facts, bearer: str, rows: Iterable[str] = ()) -> dict[str, Raw]:
    """Return the quantities of a bearer as properties; with rows, those that one of these rows states."""
    wanted, made = set(rows), dict[str, Raw]()
    for (term, name), fact in sorted(facts.quantities(bearer).items()):
        if term not in vocabulary() or (wanted and not wanted & set(fact.rows)):
            continue
        short = _free(made, vocabulary().term(term).label, name)
        made[short] = _quantity(short, term, fact)
    return made


def _free(taken: Iterable[str], label: str, name: str) -> str:
    short = id_short(f"{label}_{name}" if name else label)
    used = set(taken)
    numbers = (f"{short}_{number}" for number in range(2, 10_000))
    return short if short not in used else next(each for each in numbers if each not in used)


def _quantity(short: str, term: str, fact: Fact) -> Raw:
    made: dict[str, Any] = {"idShort": short}
    if fact.how:
        made["extensions"] = [extension("howKnown", fact.how)]
    made |= {"semanticId": reference(term), "valueType": "xs:double", "value": repr(float(fact.value))}
    return Raw({**made, "modelType": "Property"})


def collection(short: str, elements: dict[str, Raw], semantic: str = "") -> Raw:
    """Return a collection that no template has."""
    made: dict[str, Any] = {"idShort": short}
    if semantic:
        made["semanticId"] = reference(semantic)
    inner = {"value": [dict(each.element) for each in elements.values()]} if elements else {}
    return Raw({**made, **inner, "modelType": "SubmodelElementCollection"})


def own(iri: str, short: str, semantic: str, elements: Iterable[Raw]) -> dict[str, Any]:
    """Return a submodel whose template is not among those of the project."""
    made = {"modelType": "Submodel", "id": f"{iri}/submodel/{short}", "idShort": short, "kind": "Instance"}
    kept = [dict(each.element) for each in elements]
    return {**made, "semanticId": reference(semantic), **({"submodelElements": kept} if kept else {})}


def technical_data(facts: Facts, iri: str) -> Iterator[dict[str, Any]]:
    """Yield the technical data of a thing that has quantities: one property for each."""
    found = quantities(facts, iri)
    if found:
        root = templates()["02035-4"].root
        general, areas = root.at("GeneralInformation"), root.at("TechnicalPropertyAreas")
        assert general and areas
        said = {"Class": text("Class", class_of(facts, iri)), "Name": text("Name", name_of(facts, iri))}
        inner = {"Quantities": collection("Quantities", found)}
        elements = [
            collection(general.short, said, general.semantic),
            collection(areas.short, inner, areas.semantic),
        ]
        yield own(iri, "TechnicalData", TECHNICAL_DATA, elements)


def nameplate(facts: Facts, iri: str) -> dict[str, Any]:
    """Return the nameplate of a thing or machine; the graph knows its address and its number."""
    found = next(iter(facts.objects(iri, SERIAL)), "") or name_of(facts, iri)
    template = templates()["02035-1"]
    wanted = (
        "URIOfTheProduct",
        "ManufacturerName",
        "AddressInformation",
        "SerialNumber",
        "DateOfManufacture",
    )
    content = {"URIOfTheProduct": Leaf(iri), "SerialNumber": Leaf(found)}
    made = submodel(template, f"{iri}/submodel/Nameplate", content)
    elements = [each for each in made["submodelElements"] if each["idShort"] in wanted]
    plain = next(each for each in template.root.further if each.endswith("/Nameplate"))
    head = {key: made[key] for key in ("modelType", "id")} | {"idShort": "Nameplate", "kind": "Instance"}
    return {**head, "semanticId": reference(plain), "submodelElements": elements}


def bill_of_material(facts: Facts, iri: str) -> Iterator[dict[str, Any]]:
    """Yield what a thing has as parts, or was made from, as a tree of one level."""
    parts = facts.objects(iri, model.HAS_PART) or facts.objects(iri, model.MADE_FROM)
    if not parts:
        return
    nodes = [_entity(facts, part) for part in parts[:MOST]]
    entry: dict[str, Any] = {
        "idShort": "EntryNode",
        "semanticId": reference(f"{STRUCTURES}/EntryNode/1/0"),
        "statements": nodes,
        "entityType": "SelfManagedEntity",
        "globalAssetId": iri,
        "modelType": "Entity",
    }
    if len(parts) > MOST:
        entry["extensions"] = [extension("partsInAll", str(len(parts)))]
    kind = text("ArcheType", "OneDown", f"{STRUCTURES}/ArcheType/1/0")
    yield own(iri, "BillOfMaterial", f"{STRUCTURES}/1/1/Submodel", [kind, Raw(entry)])


def _entity(facts: Facts, iri: str) -> dict[str, Any]:
    return {
        "idShort": id_short(shorten(iri, facts.store.base)),
        "semanticId": reference(f"{STRUCTURES}/Node/1/0"),
        "entityType": "SelfManagedEntity",
        "globalAssetId": iri,
        "modelType": "Entity",
    }


def is_run(facts: Facts, iri: str) -> bool:
    """Return whether something is a run of a process."""
    return any(facts.objects(iri, prop) for prop in (model.HAS_OUTPUT, model.HAS_TOOL, model.START))


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
        product[short] = collection(short, quantities(facts, output, rows))
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
        "ProcessName": Leaf(class_of(facts, run)),
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


def process_types(facts: Facts, machine: str) -> Iterator[dict[str, Any]]:
    """Yield the kinds of process that a machine has run, each parameter with the range of its values."""
    runs = facts.subjects(model.HAS_TOOL, machine)
    if not runs:
        return
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
    yield submodel(template, f"{machine}/submodel/{template.root.short}", content)


def _ranges(facts: Facts, runs: list[str]) -> dict[str, Raw] | None:
    values: dict[tuple[str, str], list[float]] = {}
    for run in runs:
        for key, fact in facts.quantities(run).items():
            values.setdefault(key, []).append(float(fact.value))
    made: dict[str, Raw] = {}
    for (term, name), found in sorted(values.items()):
        if term not in vocabulary():
            continue
        short = _free(made, vocabulary().term(term).label, name)
        ends = {"min": repr(min(found)), "max": repr(max(found))}
        head = {"idShort": short, "semanticId": reference(term), "valueType": "xs:double"}
        made[short] = Raw({**head, **ends, "modelType": "Range"})
    return made or None


def submodels_of(facts: Facts, iri: str) -> tuple[str, list[dict[str, Any]]]:
    """Return what something is (run, machine, or its class), and its submodels."""
    if is_run(facts, iri):
        return "process run", [executed(facts, iri)]
    types = list(process_types(facts, iri))
    found = [nameplate(facts, iri), *types, *technical_data(facts, iri), *bill_of_material(facts, iri)]
    return ("machine" if types else class_of(facts, iri) or "thing"), found
