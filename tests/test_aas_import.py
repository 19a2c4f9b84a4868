"""Claims about shells that come in: nothing is lost, and what is broken is said."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kg.aas.package import METAMODELS, SPEC, write, write_aasx, write_json, write_xml
from kg.aas.read import read
from kg.aas.triples import environment_of, triples
from kg.cli import main
from kg.errors import KgError
from kg.store import Store

ROOT = "https://plant.example/file/a.json"


def property_(short: str, **further: Any) -> dict[str, Any]:
    return {"idShort": short, "valueType": "xs:string", **further, "modelType": "Property"}


def every_kind() -> dict[str, Any]:
    """Return an environment with each kind of element, and lists whose order is told by nothing else."""
    reference = {
        "type": "ModelReference",
        "referredSemanticId": {
            "type": "ExternalReference", "keys": [{"type": "GlobalReference", "value": "urn:x:sem"}]
        },
        "keys": [{"type": "Submodel", "value": "urn:x:sm"}, {"type": "Property", "value": "p"}],
    }  # fmt: skip
    elements = [
        property_("zinc", value="  two words\n\"and\" ümlaut \\ "),
        property_("alpha", value=""),
        {"idShort": "mlp", "modelType": "MultiLanguageProperty",
         "value": [{"language": "en", "text": "b"}, {"language": "de", "text": "a"}]},
        {"idShort": "range", "valueType": "xs:double", "min": "1.50", "max": "2E3", "modelType": "Range"},
        {"idShort": "blob", "contentType": "text/plain", "value": "aGVsbG8=", "modelType": "Blob"},
        {"idShort": "file", "contentType": "application/pdf", "value": "/a.pdf", "modelType": "File"},
        {"idShort": "ref", "value": reference, "modelType": "ReferenceElement"},
        {"idShort": "rel", "first": reference, "second": reference, "modelType": "RelationshipElement"},
        {"idShort": "ann", "first": reference, "second": reference, "annotations": [property_("note")],
         "modelType": "AnnotatedRelationshipElement"},
        {"idShort": "list", "orderRelevant": False, "typeValueListElement": "Property",
         "valueTypeListElement": "xs:int", "modelType": "SubmodelElementList",
         "value": [{"valueType": "xs:int", "value": str(n), "modelType": "Property"} for n in (9, 3, 7, 3)]},
        {"idShort": "smc", "value": [property_("inner", qualifiers=[
            {"type": "q", "kind": "ValueQualifier", "valueType": "xs:boolean", "value": "true"}])],
         "modelType": "SubmodelElementCollection"},
        {"idShort": "entity", "entityType": "SelfManagedEntity", "globalAssetId": "urn:x:part",
         "statements": [property_("stated")], "modelType": "Entity"},
        {"idShort": "event", "observed": reference, "direction": "output", "state": "on",
         "modelType": "BasicEventElement"},
        {"idShort": "op", "inputVariables": [{"value": property_("in")}],
         "outputVariables": [{"value": property_("out")}], "modelType": "Operation"},
        {"idShort": "cap", "modelType": "Capability"},
    ]  # fmt: skip
    shell = {
        "id": "urn:x:aas", "modelType": "AssetAdministrationShell",
        "assetInformation": {"assetKind": "Instance", "globalAssetId": "urn:x:asset",
                             "specificAssetIds": [{"name": "b", "value": "2"}, {"name": "a", "value": "1"}]},
        "submodels": [{"type": "ModelReference", "keys": [{"type": "Submodel", "value": "urn:x:sm"}]}],
    }  # fmt: skip
    submodel = {
        "id": "urn:x:sm", "idShort": "sm", "modelType": "Submodel", "kind": "Instance",
        "description": [{"language": "de-CH", "text": "zuerst"}, {"language": "en", "text": "then"}],
        "administration": {"version": "1", "revision": "0"}, "submodelElements": elements,
    }  # fmt: skip
    content = {
        "preferredName": [{"language": "en", "text": "length"}], "unit": "m", "dataType": "REAL_MEASURE",
        "definition": [{"language": "en", "text": "how long"}], "modelType": "DataSpecificationIec61360",
        "levelType": {"min": True, "nom": False, "typ": False, "max": True},
    }  # fmt: skip
    specified = {
        "dataSpecification": {"type": "ExternalReference", "keys": [
            {"type": "GlobalReference",
             "value": "https://admin-shell.io/DataSpecificationTemplates/DataSpecificationIec61360/3"}]},
        "dataSpecificationContent": content,
    }  # fmt: skip
    concept = {
        "id": "urn:x:cd", "modelType": "ConceptDescription", "embeddedDataSpecifications": [specified]
    }  # fmt: skip
    return {
        "assetAdministrationShells": [shell], "submodels": [submodel], "conceptDescriptions": [concept]
    }  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Path:
    Store.create(tmp_path / "store")
    return tmp_path / "store"


def kg(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [*map(str, words)])


@pytest.mark.parametrize("metamodel", METAMODELS)
def test_an_environment_is_the_same_after_its_triples(metamodel: str) -> None:
    made = every_kind()
    found = list(triples(made, ROOT, metamodel))

    assert environment_of(sorted(found, key=str, reverse=True), ROOT) == (made, metamodel)


@pytest.mark.parametrize("form", ["json", "xml", "aasx"])
@pytest.mark.parametrize("metamodel", METAMODELS)
def test_what_was_imported_is_exported_again(store: Path, tmp_path: Path, form: str, metamodel: str) -> None:
    file, again = tmp_path / f"shells.{form}", tmp_path / "again.json"
    file.write_bytes(write(every_kind(), form, metamodel))
    done = kg("aas", "import", file, "--metamodel", metamodel, "--store", store)

    assert (done.exit_code, done.stderr) == (0, "")
    assert f"AAS {metamodel}, 1 shell, 1 submodel, 1 concept description." in done.stdout
    for name in (file.name, "urn:x:sm"):
        assert kg("aas", "export", name, "-o", again, "--store", store).exit_code == 0
        assert json.loads(again.read_text(encoding="utf-8")) == every_kind()


def damaged(change: Callable[[dict[str, bytes]], None]) -> bytes:
    """Return a package whose parts were changed."""
    with zipfile.ZipFile(io.BytesIO(write_aasx(every_kind()))) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    change(parts)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        for name, body in parts.items():
            package.writestr(name, body)
    return out.getvalue()


def other_metamodel(parts: dict[str, bytes]) -> None:
    text = write_xml(every_kind()).replace("admin-shell.io/aas/3/0", "www.admin-shell.io/aas/2/0")
    parts["aasx/environment.json"] = text.encode()


BROKEN: dict[str, tuple[bytes, str]] = {
    "no archive": (b"PK no zip at all", "it is no ZIP archive"),
    "no relationships": (damaged(lambda parts: parts.pop("_rels/.rels") and None), "leads to the origin"),
    "no origin": (
        damaged(lambda parts: parts.update({"_rels/.rels": b"<Relationships/>"})), "leads to the origin",
    ),
    "no part": (damaged(lambda parts: parts.pop("aasx/environment.json") and None), "is missing, though"),
    "no way to the part": (
        damaged(lambda parts: parts.pop("aasx/_rels/aasx-origin.rels") and None), f"of the type {SPEC}",
    ),
    "other metamodel": (damaged(other_metamodel), "its namespace is of metamodel 2.0; read is 3.0 and 3.1"),
    "empty": (damaged(lambda parts: parts.update({"aasx/environment.json": b"{}"})), "holds no shell"),
    "text": (damaged(lambda parts: parts.update({"aasx/environment.json": b"hi"})), "neither XML nor JSON"),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(BROKEN))
def test_a_package_of_which_nothing_can_be_read_says_why_and_changes_nothing(
    store: Path, tmp_path: Path, case: str
) -> None:
    body, said = BROKEN[case]
    file = tmp_path / "broken.aasx"
    file.write_bytes(body)
    done = kg("aas", "import", file, "--store", store)

    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert Store.open(store).graphs() == []


def test_duplicate_ids_wrong_languages_and_missing_submodels_are_findings(tmp_path: Path) -> None:
    made = every_kind()
    made["submodels"].append({"id": "urn:x:sm", "idShort": "again", "modelType": "Submodel"})
    made["submodels"][0]["description"][0]["language"] = "german!"
    made["assetAdministrationShells"][0]["submodels"][0]["keys"][0]["value"] = "urn:x:elsewhere"
    file = tmp_path / "faulty.json"
    file.write_text(write_json(made), encoding="utf-8")
    findings = "\n".join(read(file).findings)

    assert "the id 'urn:x:sm' comes 2 times" in findings
    assert "names the submodel 'urn:x:elsewhere', which is not in the file" in findings
    assert "description[0]" in findings
    assert "BCP 47" in findings


def test_a_key_that_the_metamodel_has_not_is_named(tmp_path: Path) -> None:
    file = tmp_path / "odd.json"
    made = every_kind()
    made["submodels"][0]["colour"] = "red"
    file.write_text(write_json(made), encoding="utf-8")

    with pytest.raises(KgError, match="colour"):
        read(file)
