"""Claims about shells: valid for each reader, complete under their templates, nothing that is withheld."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aas_submodel_validate
import pytest
from aas_submodel_validate import validate
from aas_test_engines import file as engines
from click.testing import CliRunner, Result

from kg.aas import views
from kg.aas.__main__ import extract
from kg.aas.battery import NUMBERS
from kg.aas.export import exported
from kg.aas.instance import NOT_KNOWN
from kg.aas.package import METAMODELS, faults, write_aasx, write_json, write_xml
from kg.aas.templates import CONCEPTS, TABLE, Element, templates
from kg.aas.triples import ids
from kg.cli import main
from kg.load import Loader
from kg.passport.access import AUDIENCES
from kg.passport.build import Builder
from kg.passport.workbench import term_iri
from kg.plant import generate_packs
from kg.store import Store

PLANT = Path(__file__).parent / "plant"
IDTA = Path(os.environ.get("KG_IDTA", Path(__file__).parents[2] / "shared" / "standards" / "idta"))
SMT = Path(aas_submodel_validate.__file__).parent / "data" / "smt"
OTHERS = ("materialchargen_2026.csv", "mischen_2026-03.csv", "kalander_2026-03.xlsx")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shells")
    generate_packs(folder)
    Store.create(folder / "store")
    files = [*sorted(path for path in folder.iterdir() if path.is_file()), *(PLANT / name for name in OTHERS)]
    Loader(folder / "store").load(files)
    return folder / "store"


@pytest.fixture(scope="module")
def builder(store: Path) -> Builder:
    return Builder(Store.open(store))


@pytest.fixture(scope="module")
def whole(builder: Builder) -> dict[str, Any]:
    """Return the environment of a battery as a person with legitimate interest sees it."""
    return exported(builder, "TX42-0001", "legitimate-interest")


def kg(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [*map(str, words)])


def elements(node: dict[str, Any]) -> list[dict[str, Any]]:
    inner = node.get("submodelElements", node.get("value", []))
    return inner if isinstance(inner, list) and node["modelType"] != "MultiLanguageProperty" else []


def lacking(element: Element, made: dict[str, Any]) -> Iterator[str]:
    """Yield each mandatory child that an element lacks, or has with another kind, meaning or type."""
    kept = elements(made)
    in_list = element.kind == "SubmodelElementList"
    if in_list and not kept and made.get("extensions", []) == []:
        # A list that is known to be empty has no members; the metamodel has no way to write it otherwise.
        return
    for child in element.children:
        alike = [
            each for each in kept
            if in_list or each.get("idShort", "") == child.short
            or (child.short.endswith("__00__") and each.get("idShort", "").startswith(child.short[:-6]))
        ]  # fmt: skip
        if child.mandatory and not alike:
            yield f"{child.path}: missing"
        for each in alike:
            meant = each.get("semanticId", {}).get("keys", [{}])[0].get("value", "")
            if (each["modelType"], meant) != (child.kind, child.semantic):
                yield f"{child.path}: {each['modelType']} {meant}"
            if child.kind == "Property" and each["valueType"] != child.type:
                yield f"{child.path}: {each['valueType']}"
            yield from lacking(child, each)


@pytest.mark.parametrize("audience", list(AUDIENCES))
@pytest.mark.parametrize("battery", ["TX42-0001", "RX36-0001", "SX14-0001"])
def test_shells_of_batteries_are_valid_for_each_reader(builder: Builder, battery: str, audience: str) -> None:
    made = exported(builder, battery, audience)

    assert [fault for metamodel in METAMODELS for fault in faults(made, metamodel)] == []
    assert engines.check_json_file(io.StringIO(write_json(made))).ok()
    assert engines.check_xml_file(io.StringIO(write_xml(made))).ok()
    assert engines.check_aasx_file(io.BytesIO(write_aasx(made))).ok()


def objects(made: dict[str, Any], part: str) -> list[str]:
    """Return the ids of what basyx reads from a package."""
    from basyx.aas.adapter.aasx import AASXReader, DictSupplementaryFileContainer
    from basyx.aas.model import DictIdentifiableStore

    found: Any = DictIdentifiableStore()
    with AASXReader(io.BytesIO(write_aasx(made, "3.1", part)), failsafe=False) as reader:
        reader.read_into(found, DictSupplementaryFileContainer())
    return sorted(each.id for each in found)


def shorts(made: dict[str, Any]) -> list[str]:
    return [each["idShort"] for each in made["submodels"]]


def test_basyx_reads_as_many_objects_as_were_written(whole: dict[str, Any]) -> None:
    assert objects(whole, "json") == objects(whole, "xml") == sorted(ids(whole))


def test_each_submodel_has_every_mandatory_element_of_its_template(whole: dict[str, Any]) -> None:
    found = {each["idShort"]: each for each in whole["submodels"]}
    trees = [templates()[number].root for number in NUMBERS]

    assert list(found) == [*(root.short for root in trees), "BillOfMaterial"]
    kept_back = {
        f"{path}: missing"
        for each in found.values()
        for extension in each.get("extensions", [])
        for path in extension["value"].split()
    }
    assert kept_back == {"BatteryNameplate/ResultsOfTestReportsProvingCompliance: missing"}
    assert {said for root in trees for said in lacking(root, found[root.short])} == kept_back
    assert [root.semantic for root in trees] == [
        found[root.short]["semanticId"]["keys"][0]["value"] for root in trees
    ]


@pytest.mark.skipif(not IDTA.is_dir(), reason="the templates are not beside the project; KG_IDTA names them")
def test_the_tables_are_what_the_templates_say() -> None:
    for path, rows in zip((TABLE, CONCEPTS), extract(IDTA, SMT), strict=True):
        with path.open(encoding="utf-8", newline="") as file:
            assert list(csv.reader(file, delimiter="\t"))[1:] == rows


def test_what_the_graph_cannot_fill_is_said_of_an_empty_element(whole: dict[str, Any]) -> None:
    footprint = next(each for each in whole["submodels"] if each["idShort"] == "CarbonFootprint")
    (entry,) = footprint["submodelElements"][0]["value"]
    value = next(each for each in entry["value"] if each["idShort"] == "PcfCO2eq")

    assert "value" not in value
    assert [each["name"] for each in value["extensions"]] == [NOT_KNOWN]


def test_what_an_audience_may_not_see_is_left_out_and_named(builder: Builder, whole: dict[str, Any]) -> None:
    public = exported(builder, "TX42-0001", "public")
    condition = next(each for each in public["submodels"] if each["idShort"] == "ProductCondition")
    said = next(each["value"] for each in condition["extensions"] if each["name"] == "withheld")

    assert "3.0083" in json.dumps(whole)
    assert "3.0083" not in json.dumps(public)
    assert "ProductCondition/NumberOfFullCycles" in said.split()
    assert "NumberOfFullCycles" not in [each["idShort"] for each in condition.get("submodelElements", [])]


def test_terms_stand_beside_the_ids_of_the_templates_and_are_described(whole: dict[str, Any]) -> None:
    technical = next(each for each in whole["submodels"] if each["idShort"] == "TechnicalData")
    mass = next(
        each for each in elements(technical["submodelElements"][0]) if each["idShort"] == "BatteryMass"
    )
    beside = [each["keys"][0]["value"] for each in mass["supplementalSemanticIds"]]
    described = {each["id"] for each in whole["conceptDescriptions"]}

    assert (mass["valueType"], mass["value"]) == ("xs:float", "241.082")
    assert any("emmo" in each or "battery-kg" in each for each in beside)
    assert {each for each in beside if each.startswith("https://w3id.org/")} <= described


def test_the_same_store_gives_the_same_bytes_in_each_format(store: Path, tmp_path: Path) -> None:
    for name in ("a.json", "a.xml", "a.aasx"):
        for folder in ("one", "two"):
            (tmp_path / folder).mkdir(exist_ok=True)
            assert (
                kg("aas", "export", "TX42-0002", "-o", tmp_path / folder / name, "--store", store).exit_code
                == 0
            )
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


@pytest.mark.parametrize(
    ("name", "submodels"),
    [
        ("module/TX42-0001-M1", ["Nameplate", "TechnicalData", "BillOfMaterial"]),
        ("cell/PR120-000001", ["Nameplate", "TechnicalData", "BillOfMaterial"]),
        ("machine/KAL-1", ["Nameplate", "ProcessParameters", "TechnicalData", "SubmodelTopics"]),
        ("run/calendering/KA-A-0001", ["ExecutedProcesses", "SubmodelTopics"]),
    ],
)
def test_shells_of_parts_machines_and_runs_are_valid(
    builder: Builder, name: str, submodels: list[str]
) -> None:
    made = exported(builder, name)
    trees = {template.root.semantic: template.root for template in templates().values()}

    assert shorts(made) == submodels
    assert [fault for metamodel in METAMODELS for fault in faults(made, metamodel)] == []
    assert engines.check_json_file(io.StringIO(write_json(made))).ok()
    assert engines.check_xml_file(io.StringIO(write_xml(made))).ok()
    held = [each for each in made["submodels"] if each["idShort"] != "SubmodelTopics"]
    for each in held:
        assert list(lacking(trees[each["semanticId"]["keys"][0]["value"]], each)) == []
    assert objects(made, "json") == objects(made, "xml") == sorted(ids(made))


@pytest.mark.parametrize("name", ["module/TX42-0001-M1", "cell/PR120-000001", "machine/KAL-1"])
def test_another_tool_misses_nothing_but_values_that_the_graph_does_not_hold(
    builder: Builder, name: str
) -> None:
    made = exported(builder, name)
    report = validate(write_json(made).encode(), format="json")
    missing = {each["subject"] for each in report.as_dict()["findings"] if each["severity"] == "error"}
    empty = {
        f"{submodel['idShort']}/{place.path.replace('.', '/')}"
        for submodel in made["submodels"]
        for place in views.Place(submodel).walk()
        if NOT_KNOWN in [each["name"] for each in place.node.get("extensions", [])]
    }

    assert report.submodels_judged == len(
        {"Nameplate", "TechnicalData", "BillOfMaterial"} & set(shorts(made))
    )
    assert set() < missing <= empty


def test_a_run_has_its_parameters_with_their_terms(builder: Builder) -> None:
    submodel, _ = exported(builder, "run/calendering/KA-A-0001")["submodels"]
    process = elements(submodel["submodelElements"][0])[1]
    told = {each["idShort"]: each for each in elements(process)}
    parameters = {each["idShort"]: each for each in told["ProcessParameters"]["value"]}

    assert told["ProcessStartTime"]["value"] == "2026-03-08T06:55:00+01:00"
    assert parameters["LineLoad"]["value"] == "109.7"
    assert parameters["LineLoad"]["semanticId"]["keys"][0]["value"] == term_iri("LineLoad")


def test_a_set_value_stands_beside_the_measured_one(builder: Builder) -> None:
    submodel, _ = exported(builder, "run/calendering/KA-A-0001")["submodels"]
    parameters = views.at(submodel, "Run__00__.Process__00__.ProcessParameters")
    assert parameters
    told = {each["idShort"]: each for each in elements(parameters.node)}

    assert (told["LineLoad"]["value"], told["LineLoad_set"]["value"]) == ("109.7", "110.0")
    assert [each["value"] for each in told["LineLoad_set"]["extensions"]] == ["set", "LineLoad.set"]


def test_the_topics_of_a_machine_have_the_standards_of_the_vocabulary(builder: Builder) -> None:
    submodel = exported(builder, "machine/KAL-1")["submodels"][-1]
    told = {each["idShort"]: each for each in elements(submodel)}
    standards = {
        short: [part["value"] for part in elements(each) if part["modelType"] == "Property"]
        for short, each in told.items()
    }
    held = {
        short: [part["idShort"] for part in elements(each) if part["modelType"] == "ReferenceElement"]
        for short, each in told.items()
    }

    assert len(told) == 10
    assert all(standards.values())
    assert standards["LifecycleStatusTopic"] == ["IEC-62890"]
    assert held["ConfigurationTopic"] == ["ProcessParameters"]
    assert [short for short, each in told.items() if "extensions" in each] == [
        short for short, names in held.items() if not names
    ]


def test_each_part_of_a_bill_of_material_has_its_relation(builder: Builder) -> None:
    submodel = exported(builder, "module/TX42-0001-M1")["submodels"][-1]
    entry, kind = submodel["submodelElements"]
    nodes = [each for each in entry["statements"] if each["modelType"] == "Entity"]
    ends = [
        each["second"]["keys"][-1]["value"]
        for each in entry["statements"]
        if each["modelType"] == "RelationshipElement"
    ]

    assert kind["value"] == "OneDown"
    assert ends == [each["idShort"] for each in nodes]
    assert nodes[0]["globalAssetId"].startswith("https://example.org/line/cell/")


def test_a_battery_that_owes_no_passport_has_no_submodels_of_one(builder: Builder) -> None:
    made = exported(builder, "HX3-0001")

    assert [each["idShort"] for each in made["submodels"]] == ["Nameplate", "TechnicalData", "BillOfMaterial"]


def test_what_is_not_there_ends_with_2(store: Path) -> None:
    result = kg("aas", "export", "HX3-9999", "--store", store)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "nothing in the store is called 'HX3-9999'" in result.stderr
