"""A thing, a machine or a run of the graph -> its submodels: nameplate, technical data, parts, processes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kg import model
from kg.aas.environment import id_short
from kg.aas.instance import HOW_KNOWN, Leaf, Raw, address_remarks, extension, reference, submodel
from kg.aas.quantities import Quantity, stated
from kg.aas.templates import templates
from kg.iri import shorten
from kg.passport.facts import BVCOX, LABEL, OF_MODEL, SERIAL, Facts
from kg.terms import vocabulary

BILL = "BillOfMaterial"
STRUCTURES = "https://admin-shell.io/idta/HierarchicalStructures"
MANUFACTURER = BVCOX + "manufacturerName"
QUANTITY, THING = "quantity", "thing"
"""Extensions that name a quantity as the graph does, and the thing that a collection tells of."""

MOST = 500
"""Parts of a bill of material that are written one by one."""


def name_of(facts: Facts, iri: str) -> str:
    """Return the steward's name of a thing, or its IRI below the base."""
    found = facts.identifier(iri)
    return str(found.value) if found else shorten(iri, facts.store.base)


def class_iri(facts: Facts, iri: str) -> str:
    """Return the closest class of a thing, the first by its label where there are several."""
    words = vocabulary()
    types = [each for each in facts.objects(iri, model.RDF_TYPE) if each in words]
    near = [each for each in types if not any(words.is_a(other, each) for other in types if other != each)]
    return min(near or types, key=lambda each: words.term(each).label, default="")


def class_of(facts: Facts, iri: str) -> str:
    """Return the label of the closest class of a thing."""
    found = class_iri(facts, iri)
    return vocabulary().term(found).label if found else ""


def made_by(facts: Facts, iri: str) -> Leaf | None:
    """Return who made a thing, where the graph says it."""
    found = facts.objects(iri, MANUFACTURER)
    return Leaf(found[0]) if found else None


def text(short: str, value: str, semantic: str = "", kind: str = "xs:string") -> Raw:
    """Return a property with a text that no template has."""
    made: dict[str, Any] = {"idShort": short}
    if semantic:
        made["semanticId"] = reference(semantic)
    return Raw({**made, "valueType": kind, "value": value, "modelType": "Property"})


def quantities(facts: Facts, bearer: str, rows: Iterable[str] = ()) -> dict[str, Raw]:
    """Return the quantities of a bearer as properties; with rows, those that one of these rows states."""
    made: dict[str, Raw] = {}
    for each in stated(facts, bearer, rows):
        short = free(made, each.name or vocabulary().term(each.term).label)
        made[short] = _quantity(short, each)
    return made


def free(taken: Iterable[str], name: str) -> str:
    """Return a short name for a quantity that is not taken."""
    short = id_short(name)
    used = set(taken)
    numbers = (f"{short}_{number}" for number in range(2, 10_000))
    return short if short not in used else next(each for each in numbers if each not in used)


def _quantity(short: str, told: Quantity) -> Raw:
    label = vocabulary().term(told.term).label
    said = [(HOW_KNOWN, told.how), (QUANTITY, told.name if told.name != label else "")]
    made: dict[str, Any] = {"idShort": short}
    if any(text for _, text in said):
        made["extensions"] = [extension(name, text) for name, text in said if text]
    made |= {"semanticId": reference(told.term), "valueType": "xs:double", "value": repr(told.value)}
    return Raw({**made, "modelType": "Property"})


def collection(short: str, elements: Mapping[str, Raw], semantic: str = "", of: str = "") -> Raw:
    """Return a collection that no template has; `of` is the thing that it tells of."""
    made: dict[str, Any] = {"idShort": short}
    if of:
        made["extensions"] = [extension(THING, of)]
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
    """Return the technical data of a thing: what it is, and one property for each of its quantities."""
    template = templates()["02003"]
    identified = model.IDENTIFIER if facts.identifier(iri) else ""
    general = {
        "ManufacturerName": made_by(facts, iri),
        "ManufacturerProductDesignation": designation(facts, iri),
        "Class": text("Class", class_of(facts, iri), class_iri(facts, iri)),
        "Name": text("Name", name_of(facts, iri), identified),
    }
    found = quantities(facts, iri)
    content = {"GeneralInformation": general, "TechnicalPropertyAreas": [found] if found else None}
    return submodel(template, f"{iri}/submodel/{template.root.short}", content)


def designation(facts: Facts, iri: str) -> Leaf | None:
    """Return how its maker calls a thing: its label, or that of its model."""
    for each in (iri, *facts.objects(iri, OF_MODEL)):
        for label in facts.objects(each, LABEL):
            return Leaf(label)
    return None


def nameplate(facts: Facts, iri: str) -> dict[str, Any]:
    """Return the nameplate of a thing or machine."""
    found = next(iter(facts.objects(iri, SERIAL)), "") or name_of(facts, iri)
    template = templates()["02006"]
    content = {
        "URIOfTheProduct": Leaf(iri),
        "ManufacturerName": made_by(facts, iri),
        "ManufacturerProductDesignation": designation(facts, iri),
        "SerialNumber": Leaf(found, (SERIAL,) if facts.has(iri, SERIAL) else ()),
        "AddressInformation": {"AddressRemarks": address_remarks()},
    }
    return submodel(template, f"{iri}/submodel/{template.root.short}", content)


def parts_of(facts: Facts, iri: str) -> list[str]:
    """Return what a thing has as parts, or was made from."""
    return facts.objects(iri, model.HAS_PART) or facts.objects(iri, model.MADE_FROM)


def bill_of_material(facts: Facts, iri: str) -> dict[str, Any]:
    """Return what a thing has as parts, or was made from, as a tree of one level."""
    parts = parts_of(facts, iri)
    prop = model.HAS_PART if facts.has(iri, model.HAS_PART) else model.MADE_FROM
    taken: list[str] = []
    for part in parts[:MOST]:
        taken.append(free(taken, shorten(part, facts.store.base)))
    nodes = [_entity(part, short) for part, short in zip(parts, taken, strict=False)]
    id = f"{iri}/submodel/{BILL}"
    entry: dict[str, Any] = {
        "idShort": "EntryNode",
        "semanticId": reference(f"{STRUCTURES}/EntryNode/1/0"),
        "statements": [*nodes, *(_has_part(id, short, prop) for short in taken)],
        "entityType": "SelfManagedEntity",
        "globalAssetId": iri,
        "modelType": "Entity",
    }
    if len(parts) > MOST:
        entry["extensions"] = [extension("partsInAll", str(len(parts)))]
    content = {"EntryNode": Raw(entry), "ArcheType": Leaf("OneDown")}
    made = submodel(templates()["02011"], id, content)
    return {**made, "idShort": BILL}


def _has_part(submodel: str, short: str, prop: str) -> dict[str, Any]:
    """Return the relation of the whole to a part; the property of the graph stands beside its id."""
    entry = [{"type": "Submodel", "value": submodel}, {"type": "Entity", "value": "EntryNode"}]
    return {
        "idShort": f"HasPart_{short}"[:128],
        "semanticId": reference(f"{STRUCTURES}/HasPart/1/0"),
        "supplementalSemanticIds": [reference(prop)],
        "first": {"type": "ModelReference", "keys": entry},
        "second": {"type": "ModelReference", "keys": [*entry, {"type": "Entity", "value": short}]},
        "modelType": "RelationshipElement",
    }


def _entity(iri: str, short: str) -> dict[str, Any]:
    return {
        "idShort": short,
        "semanticId": reference(f"{STRUCTURES}/Node/1/0"),
        "entityType": "SelfManagedEntity",
        "globalAssetId": iri,
        "modelType": "Entity",
    }
