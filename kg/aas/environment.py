"""Submodels of a thing -> an environment: the shell, the submodels, and what their semantic ids mean."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from typing import Any

from kg.aas.instance import reference
from kg.aas.templates import concepts, templates
from kg.terms import vocabulary

IEC_61360 = "https://admin-shell.io/DataSpecificationTemplates/DataSpecificationIec61360/3"

Environment = dict[str, Any]


def shell(
    iri: str,
    name: str,
    kind: str,
    submodels: Iterable[str],
    further: Iterable[tuple[str, str]] = (),
) -> dict[str, Any]:
    """Return the shell of a thing with the ids of its submodels; `further` are asset ids as (name, value)."""
    asset: dict[str, Any] = {"assetKind": "Instance", "globalAssetId": iri}
    specific = [{"name": label, "value": value} for label, value in further]
    if specific:
        asset["specificAssetIds"] = specific
    if kind:
        asset["assetType"] = kind
    links = [reference(id, "Submodel") for id in submodels]
    made: dict[str, Any] = {"modelType": "AssetAdministrationShell", "id": f"{iri}/aas"}
    made |= {"idShort": id_short(name), "assetInformation": asset}
    return made | ({"submodels": links} if links else {})


def id_short(text: str) -> str:
    """Return a text as the short name of an element.

    >>> id_short("TX42-0001"), id_short("3 mm_")
    ('TX42_0001', 'x3_mm')
    """
    kept = re.sub(r"[^A-Za-z0-9_]", "_", text).strip("_") or "x"
    return (kept if kept[0].isalpha() and len(kept) > 1 else f"x{kept}")[:128]


def environment(shells: list[dict[str, Any]], submodels: list[dict[str, Any]]) -> Environment:
    """Return an environment with a concept description for each semantic id in it."""
    made: Environment = {}
    if shells:
        made["assetAdministrationShells"] = shells
    if submodels:
        made["submodels"] = submodels
    meant = sorted({each for one in submodels for each in semantic_ids(one)})
    described = [found for each in meant if (found := describe(each))]
    return made | ({"conceptDescriptions": described} if described else {})


def semantic_ids(node: Any) -> Iterator[str]:
    """Yield the semantic ids in a part of an environment."""
    if isinstance(node, list):
        for each in node:
            yield from semantic_ids(each)
    elif isinstance(node, dict):
        for name, value in node.items():
            if name == "semanticId":
                yield value["keys"][0]["value"]
            elif name == "supplementalSemanticIds":
                yield from (each["keys"][0]["value"] for each in value)
            elif name in ("submodelElements", "value", "statements"):
                yield from semantic_ids(value)


@functools.cache
def _shorts() -> dict[str, str]:
    return {
        each.semantic: each.short
        for template in templates().values()
        for each in reversed(list(template.root.walk()))
        if each.semantic and each.short
    }


@functools.cache
def describe(id: str) -> dict[str, Any] | None:
    """Return the concept description of a semantic id: of a template or of our terms; None for others."""
    known, words = concepts().get(id), vocabulary()
    if known:
        return _concept(id, known.short, known.name or known.short, known.unit, known.type)
    if id in words:
        term = words.term(id)
        unit = words.canonical_unit(id)
        return _concept(id, id_short(term.label), term.label, unit.name if unit else "", "")
    short = _shorts().get(id)
    return _concept(id, short.replace("__00__", ""), short.replace("__00__", ""), "", "") if short else None


@functools.cache
def concept_ids() -> list[str]:
    """Return the ids of all concepts that can be described, sorted: of the templates and of our terms."""
    return sorted({*concepts(), *_shorts(), *(term.iri for term in vocabulary())})


def _concept(id: str, short: str, name: str, unit: str, kind: str) -> dict[str, Any]:
    said: dict[str, Any] = {"preferredName": [{"language": "en", "text": name}]}
    if unit:
        said["unit"] = unit
    if kind:
        said["dataType"] = kind
    said["definition"] = [{"language": "en", "text": f"{name}, as defined under {id}"}]
    said["modelType"] = "DataSpecificationIec61360"
    specified = {"dataSpecification": reference(IEC_61360), "dataSpecificationContent": said}
    made: dict[str, Any] = {"modelType": "ConceptDescription", "id": id}
    if short:
        made["idShort"] = id_short(short)
    return {**made, "embeddedDataSpecifications": [specified]}
