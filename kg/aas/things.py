"""A thing, a machine or a run of the graph -> its submodels: nameplate, technical data, parts, processes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kg import model
from kg.aas.environment import id_short
from kg.aas.instance import Leaf, Raw, address_remarks, extension, reference, submodel
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
        short = free(made, vocabulary().term(term).label, name)
        made[short] = _quantity(short, term, fact)
    return made


def free(taken: Iterable[str], label: str, name: str) -> str:
    """Return a short name for a quantity that is not taken."""
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


def technical_data(facts: Facts, iri: str) -> dict[str, Any]:
    """Return the technical data of a thing that has quantities: one property for each."""
    root = templates()["02035-4"].root
    general, areas = root.at("GeneralInformation"), root.at("TechnicalPropertyAreas")
    assert general and areas
    said = {"Class": text("Class", class_of(facts, iri)), "Name": text("Name", name_of(facts, iri))}
    inner = {"Quantities": collection("Quantities", quantities(facts, iri))}
    elements = [
        collection(general.short, said, general.semantic),
        collection(areas.short, inner, areas.semantic),
    ]
    return own(iri, "TechnicalData", TECHNICAL_DATA, elements)


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
    address = {"AddressRemarks": address_remarks()}
    content = {"URIOfTheProduct": Leaf(iri), "SerialNumber": Leaf(found), "AddressInformation": address}
    made = submodel(template, f"{iri}/submodel/Nameplate", content)
    elements = [each for each in made["submodelElements"] if each["idShort"] in wanted]
    plain = next(each for each in template.root.further if each.endswith("/Nameplate"))
    head = {key: made[key] for key in ("modelType", "id")} | {"idShort": "Nameplate", "kind": "Instance"}
    return {**head, "semanticId": reference(plain), "submodelElements": elements}


def parts_of(facts: Facts, iri: str) -> list[str]:
    """Return what a thing has as parts, or was made from."""
    return facts.objects(iri, model.HAS_PART) or facts.objects(iri, model.MADE_FROM)


def bill_of_material(facts: Facts, iri: str) -> dict[str, Any]:
    """Return what a thing has as parts, or was made from, as a tree of one level."""
    parts = parts_of(facts, iri)
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
    return own(iri, "BillOfMaterial", f"{STRUCTURES}/1/1/Submodel", [kind, Raw(entry)])


def _entity(facts: Facts, iri: str) -> dict[str, Any]:
    return {
        "idShort": id_short(shorten(iri, facts.store.base)),
        "semanticId": reference(f"{STRUCTURES}/Node/1/0"),
        "entityType": "SelfManagedEntity",
        "globalAssetId": iri,
        "modelType": "Entity",
    }
