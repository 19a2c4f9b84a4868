"""Claims about shells that come in: their values are those of the store that they came from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
from click.testing import CliRunner, Result
from test_aas import lacking

from kg.aas.export import exported
from kg.aas.instance import NOT_KNOWN
from kg.aas.package import faults
from kg.aas.statements import stated
from kg.aas.templates import templates
from kg.cli import main
from kg.graph import Graph
from kg.load import Loader
from kg.model import RDF_TYPE
from kg.passport.build import Builder
from kg.passport.facts import Facts
from kg.passport.workbench import term_iri
from kg.plant import generate_packs
from kg.series import listing
from kg.store import Store, writing

PLANT = Path(__file__).parent / "plant"
CELL, RUN = "cell/PR120-000001", "run/calendering/KA-A-0001"
RECORDING = """Data Point,Date Time,Test Time (s),Cycle Index,Step Index,Current (A),Voltage (V),Operator
1,03/02/2026 08:00:10,10,1,1,0,3.30,OP-06
2,03/02/2026 08:00:20,20,1,1,1,3.31,OP-06
3,03/02/2026 08:00:30,30,1,1,1,3.35,OP-06
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("first")
    names = generate_packs(folder, batteries=1)
    Loader(folder / "store").load([*(folder / name for name in names), PLANT / "kalander_2026-03.xlsx"])
    return folder / "store"


@pytest.fixture(scope="module")
def other(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that holds nothing but the shells of the first."""
    folder = tmp_path_factory.mktemp("second")
    Store.create(folder / "store")
    files = []
    for name in ("TX42-0001", "module/TX42-0001-M1", CELL, RUN, "machine/KAL-1"):
        files.append(folder / f"{name.rpartition('/')[2]}.json")
        assert (
            kg("aas", "export", name, "--audience", "internal", "-o", files[-1], "--store", store).exit_code
            == 0
        )
    done = kg("aas", "import", *files, "--store", folder / "store")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "values of 1 thing for queries" in done.stdout
    return folder / "store"


def kg(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [*map(str, words)])


def asked(store: Path, query: str, **params: str) -> list[dict[str, Any]]:
    frame = Graph(Store.open(store)).query(query, **params)
    return json.loads(frame.to_json(orient="records"))  # type: ignore[union-attr]


@pytest.mark.parametrize("thing", [CELL, "web/K-A-0001", "module/TX42-0001-M1"])
def test_values_of_a_thing_are_those_of_the_store_it_came_from(store: Path, other: Path, thing: str) -> None:
    first, second = (asked(each, "properties_of_thing", thing=thing) for each in (store, other))

    assert first == second
    assert first


def test_a_run_has_its_class_its_links_its_times_and_its_parameters(store: Path, other: Path) -> None:
    text = """SELECT ?p ?o WHERE { GRAPH ?g { <https://example.org/line/%s> ?p ?o }
      FILTER(STRSTARTS(STR(?g), "https://example.org/line/file/"))
      FILTER(?p NOT IN (prov:wasDerivedFrom, rdfs:comment, <%s>)) }"""
    agent = "https://w3id.org/emmo#EMMO_cd24eb82_a11c_4a31_96ea_32f870c5580a"
    first, second = (
        {(row["p"].value, row["o"].value) for row in Store.open(each).query(text % (RUN, agent))}
        for each in (store, other)
    )

    assert first == second
    assert len(first) == 14


def test_quantities_of_a_passport_are_in_the_unit_of_their_term(store: Path, other: Path) -> None:
    battery = "https://example.org/line/battery/TX42-0001"
    told = [Facts(Store.open(each)) for each in (store, other)]
    mass, again = (facts.quantity(battery, term_iri("ServiceMass")) for facts in told)
    rated = told[1].quantity(battery, term_iri("RatedCapacity"))
    of_model = told[0].quantity("https://example.org/line/model/TX-42", term_iri("RatedCapacity"))

    assert mass and again and rated and of_model
    assert float(again.value) == pytest.approx(float(mass.value), rel=1e-12)
    assert (again.how, rated.how) == ("measured", "nominal")
    assert float(rated.value) == pytest.approx(float(of_model.value), rel=1e-12)


def test_the_same_shells_again_change_nothing_but_the_time(other: Path, store: Path, tmp_path: Path) -> None:
    file = tmp_path / "PR120-000001.json"
    kg("aas", "export", CELL, "--audience", "internal", "-o", file, "--store", store)
    before = asked(other, "properties_of_thing", thing=CELL)

    assert kg("aas", "import", file, "--store", other).exit_code == 0
    assert asked(other, "properties_of_thing", thing=CELL) == before


def foreign(value: str, unit: str) -> dict[str, Any]:
    """Return an environment of others: a property with a term of the vocabulary beside its own id."""
    external = "ExternalReference"

    def ref(id: str) -> dict[str, Any]:
        return {"type": external, "keys": [{"type": "GlobalReference", "value": id}]}

    content = {
        "unit": unit,
        "preferredName": [{"language": "en", "text": "mass"}],
        "modelType": "DataSpecificationIec61360",
    }
    concept = {
        "id": "urn:x:mass",
        "modelType": "ConceptDescription",
        "embeddedDataSpecifications": [
            {"dataSpecification": ref("urn:x:spec"), "dataSpecificationContent": content}
        ],
    }
    element = {
        "idShort": "Weight",
        "semanticId": ref("urn:x:mass"),
        "supplementalSemanticIds": [ref(term_iri("CellMass"))],
        "valueType": "xs:double",
        "value": value,
        "modelType": "Property",
    }
    shell = {
        "id": "urn:x:aas",
        "modelType": "AssetAdministrationShell",
        "assetInformation": {"assetKind": "Instance", "globalAssetId": "urn:x:cell"},
        "submodels": [{"type": "ModelReference", "keys": [{"type": "Submodel", "value": "urn:x:sm"}]}],
    }
    submodel = {"id": "urn:x:sm", "modelType": "Submodel", "submodelElements": [element]}
    return {"assetAdministrationShells": [shell], "submodels": [submodel], "conceptDescriptions": [concept]}


def test_a_value_of_others_is_turned_into_the_unit_of_its_term() -> None:
    found = stated(foreign("1.5", "kg"))
    numbers = [
        each.object.value for each in found.triples if each.subject.value == "urn:x:cell#CellMass.number"
    ]  # type: ignore[union-attr]

    assert found.findings == []
    assert "1500" in numbers


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        ("", "no concept description says its unit"),
        ("furlong", "furlong"),
        ("V", "they measure different things"),
    ],
)
def test_a_value_in_a_unit_that_is_not_known_is_told_and_not_taken(unit: str, said: str) -> None:
    found = stated(foreign("1.5", unit))

    assert found.triples == {}
    assert len(found.findings) == 1
    assert said in found.findings[0]


def test_a_recording_is_an_external_segment_with_its_columns(tmp_path: Path) -> None:
    Store.create(tmp_path / "store")
    (tmp_path / "arbin.csv").write_text(RECORDING, encoding="utf-8")
    added = kg(
        "series",
        "add",
        tmp_path / "arbin.csv",
        "--cell",
        "C-0417",
        "--test",
        "rate-1",
        "--zone",
        "UTC",
        "--store",
        tmp_path / "store",
    )
    assert added.exit_code == 0
    with writing(tmp_path / "store") as opened:
        cell = ox.NamedNode("https://example.org/line/cell/C-0417")
        graph = ox.NamedNode("https://example.org/line/file/cells.csv")
        opened.db.add(ox.Quad(cell, ox.NamedNode(RDF_TYPE), ox.NamedNode(term_iri("BatteryCell")), graph))
    builder = Builder(Store.open(tmp_path / "store"))
    (series,) = listing(tmp_path / "store")
    for name in ("cell/C-0417", "test/rate-1"):
        made = exported(builder, name)
        (found,) = [each for each in made["submodels"] if each["idShort"] == "TimeSeries"]
        metadata, segments = found["submodelElements"]
        (segment,) = segments["value"]
        told = {each["idShort"]: each.get("value") for each in segment["value"]}
        columns = [each["idShort"] for each in metadata["value"][-1]["value"]]

        assert faults(made) == []
        assert list(lacking(templates()["02008"].root, found)) == []
        assert NOT_KNOWN not in json.dumps(found)
        assert columns[0] == "Time"
        assert {"voltage_volt", "current_ampere"} <= set(columns)
        assert (told["RecordCount"], told["Duration"]) == ("3", "PT20S")
        assert told["File"] == f"series/{series.id}.parquet"
