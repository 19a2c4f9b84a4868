"""`python -m kg.aas FOLDER...` -> templates.tsv and concepts.tsv, the facts of the templates in some folders.

The templates are those of the IDTA: admin-shell-io/submodel-templates, CC BY 4.0.
A file is `NUMBER_name.json`, or `NUMBER/VERSION/template.json` as aas-submodel-validate carries them.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from kg.aas.templates import COLUMNS, CONCEPT_COLUMNS, CONCEPTS, TABLE

USED = ("02008", "02031", "02035", "02099")
PLAIN = ("02003", "02006", "02011")
CORRECTED = {"urn:samm:io.admin-shell.idta.batterypass.product_condition:1.0.1#remainingCapacityValue": "Ah"}
"""Units that a later revision of a template corrects: 02035-5 1.0.2 says Ah in place of kWh."""


def _cardinality(element: dict[str, Any]) -> str:
    found = [q.get("value", "") for q in element.get("qualifiers", []) if q["type"].endswith("ardinality")]
    return found[0] if found else "One"


def _keys(reference: dict[str, Any] | None) -> str:
    return "|".join(key["value"] for key in reference["keys"]) if reference else ""


def _further(element: dict[str, Any]) -> str:
    return " | ".join(_keys(each) for each in element.get("supplementalSemanticIds", []))


def _row(template: str, path: str, element: dict[str, Any]) -> list[str]:
    listed = element.get("typeValueListElement", "")
    kind = element["modelType"]
    reference = element.get("semanticId") or {}
    concept = reference.get("keys", [{}])[0].get("type", "")
    return [
        template,
        path,
        kind,
        element.get("valueType", element.get("valueTypeListElement", "")),
        listed,
        "" if kind == "Submodel" else _cardinality(element),
        _keys(element.get("semanticId")),
        concept if concept not in ("", "GlobalReference") else "",
        _further(element),
    ]


def _rows(template: str, path: str, element: dict[str, Any]) -> Iterator[list[str]]:
    row = _row(template, path, element)
    if element["modelType"] == "Submodel":
        administration = element.get("administration", {})
        names = ("version", "revision", "templateId")
        row[3], row[4], row[5] = (administration.get(name, "") for name in names)
    yield row
    if element["modelType"] not in ("Submodel", "SubmodelElementCollection", "SubmodelElementList"):
        return
    for place, child in enumerate(element.get("submodelElements") or element.get("value") or []):
        yield from _rows(template, f"{path}/{child.get('idShort') or f'[{place}]'}", child)


def _concepts(document: dict[str, Any]) -> Iterator[list[str]]:
    for concept in document.get("conceptDescriptions", []):
        for specified in concept.get("embeddedDataSpecifications", [])[:1]:
            content = specified["dataSpecificationContent"]
            name = next(
                (each["text"] for each in content["preferredName"] if each["language"].startswith("en")), ""
            )
            unit = CORRECTED.get(concept["id"], content.get("unit", "").rpartition("#")[2])
            name = " ".join(name.split())
            yield [concept["id"], concept.get("idShort", ""), name, unit, content.get("dataType", "")]


def _write(path: Path, columns: tuple[str, ...], rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _files(folders: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    """Yield the templates that are used with their numbers."""
    for folder in folders:
        for path in folder.glob("*.json"):
            if path.name.startswith(USED):
                yield path.name.partition("_")[0], path
        for path in folder.glob("*/*/template.json"):
            if path.parts[-3] in PLAIN:
                yield path.parts[-3], path


def extract(*folders: Path) -> tuple[list[list[str]], list[list[str]]]:
    """Return the rows of both tables from the templates in some folders."""
    rows: list[list[str]] = []
    concepts: dict[str, list[str]] = {}
    for number, path in sorted(_files(folders)):
        document = json.loads(path.read_text(encoding="utf-8"))
        concepts |= {row[0]: row for row in _concepts(document)}
        for submodel in document["submodels"]:
            rows += _rows(number, submodel["idShort"], submodel)
    return rows, [concepts[key] for key in sorted(concepts)]


if __name__ == "__main__":
    elements, described = extract(*map(Path, sys.argv[1:]))
    _write(TABLE, COLUMNS, elements)
    _write(CONCEPTS, CONCEPT_COLUMNS, described)
    sys.stdout.write(f"{len(elements)} elements, {len(described)} concepts\n")
