"""Claims about shells over HTTP: the suites of the specification pass, nothing withheld goes out."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aas_test_engines.api import execute_tests
from aas_test_engines.config import CheckApiConfig
from aas_test_engines.http import HttpClient
from aas_test_engines.result import AasTestResult, Level
from serving import Reply, Served, keys_of, serving
from test_aas_import import every_kind

from kg.aas import views
from kg.aas.export import exported
from kg.aas.listing import things
from kg.load import Loader
from kg.passport.access import AUDIENCES
from kg.passport.build import Builder
from kg.passport.workbench import term_iri
from kg.plant import generate_packs
from kg.store import Store

PROFILE = "https://admin-shell.io/aas/API/3/0/{}ServiceSpecification/SSP-002"
BATTERY = "https://example.org/line/battery/TX42-0001"
MODULE = "https://example.org/line/module/TX42-0001-M1"
TECHNICAL = f"{BATTERY}/submodel/TechnicalData"
RUN = "https://example.org/line/run/cell_making/PR120-000001"
CELL = "https://example.org/line/cell/PR120-000001"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shells")
    names = generate_packs(folder, batteries=2)
    Loader(folder / "store").load([folder / name for name in names])
    return folder / "store"


@pytest.fixture(scope="module")
def here(store: Path) -> Iterator[Served]:
    """A server as who sits at the machine asks it."""
    with serving(store) as running:
        yield running


@pytest.fixture(scope="module")
def served(store: Path) -> Iterator[Served]:
    """A server as the network sees it."""
    with serving(store, public_read=True, key_to_read=True, rate=0) as running:
        yield running


@pytest.fixture(scope="module")
def keys(store: Path) -> dict[str, dict[str, str]]:
    return keys_of(store, "legitimate-interest", "authority", "internal")


def b64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


def told(reply: Reply) -> Any:
    return json.loads(reply.body)


def failed(result: AasTestResult, above: str = "") -> Iterator[str]:
    """Yield the messages of what is worse than a warning, each with what it belongs to."""
    if not result.sub_results and result.level.value >= Level.ERROR.value:
        yield f"{above}: {result.message}"
    for each in result.sub_results:
        yield from failed(each, f"{above} / {result.message}")


SUITES: dict[str, tuple[str, str, str]] = {
    "repository of shells": ("AssetAdministrationShellRepository", "/aas", ""),
    "repository of submodels": ("SubmodelRepository", "/aas", ""),
    "service of a battery": ("AssetAdministrationShell", f"/aas/shells/{b64(BATTERY + '/aas')}", "/aas"),
    "service of a cell": ("AssetAdministrationShell", f"/aas/shells/{b64(CELL + '/aas')}", "/aas"),
    **{
        f"service of the submodel {id.rpartition('/')[2]}": (
            "Submodel",
            f"/aas/submodels/{b64(id)}",
            "/submodel",
        )
        for id in (TECHNICAL, f"{MODULE}/submodel/BillOfMaterial")
    },
}
"""What is asked -> its specification, its address, and what the paths of the specification begin with."""


@pytest.mark.parametrize("suite", SUITES)
def test_the_suites_of_the_specification_pass(here: Served, suite: str) -> None:
    name, path, prefix = SUITES[suite]
    client = HttpClient(here.url + path, remove_path_prefix=prefix)
    result, matrix = execute_tests(client, CheckApiConfig(PROFILE.format(name)))

    assert list(failed(result)) == []
    assert matrix.invalid_accepted == matrix.valid_rejected == 0
    assert matrix.invalid_rejected > 5 and matrix.valid_accepted > 40


def pages(served: Served, path: str, limit: int, headers: dict[str, str]) -> list[Any]:
    """Return what stands in all pages of a list."""
    found, cursor = [], ""
    while True:
        reply = told(served.send("GET", f"{path}limit={limit}&cursor={cursor}", None, headers))
        assert 0 < len(reply["result"]) <= limit
        found += reply["result"]
        cursor = reply["paging_metadata"].get("cursor", "")
        if not cursor:
            return found


def test_pages_together_are_the_list_and_each_shell_comes_once(
    served: Served, store: Path, keys: dict[str, dict[str, str]]
) -> None:
    whole = pages(served, "/aas/lookup/shells?", 1000, keys["internal"])
    ids = {
        iri
        for kind in ("battery", "module", "cell", "machine", "run")
        for iri in things(Store.open(store), (kind,))
    }
    owing = {f"{BATTERY}/aas", "https://example.org/line/battery/RX36-0001/aas"}
    not_owing = "https://example.org/line/battery/HX3-0001/aas"

    assert pages(served, "/aas/lookup/shells?", 7, keys["internal"])[:50] == whole[:50]
    assert {id.removesuffix("/aas") for id in whole} == ids
    assert len(whole) == len(ids) > 200
    assert {RUN, CELL, "https://example.org/line/machine/PACK-1"} <= ids
    assert not_owing in whole
    assert owing <= set(pages(served, "/aas/lookup/shells?", 3, {})) <= {*whole} - {not_owing}


def test_everybody_sees_shells_of_passports_alone(served: Served, keys: dict[str, dict[str, str]]) -> None:
    for id in (
        f"{CELL}/aas",
        f"{BATTERY}-M1/aas",
        "https://example.org/line/battery/HX3-0001/aas",
        "urn:none",
        "\x00",
    ):
        replies = [
            served.send("GET", f"/aas/shells/{b64(id)}", None, keys[audience]) for audience in AUDIENCES
        ]
        assert [reply.status for reply in replies] == [404] * 3
        assert {told(reply)["messages"][0]["text"] for reply in replies} == {
            f"there is no shell with the id '{id}' here."
        }
    assert served.send("GET", f"/aas/shells/{b64(CELL + '/aas')}", None, keys["internal"]).status == 200
    listed = pages(served, "/aas/shells?", 5, keys["authority"])
    assert {each["assetInformation"]["assetType"] for each in listed} == {"battery"}


@pytest.mark.parametrize("audience", [*AUDIENCES, "internal"])
def test_a_submodel_over_http_is_that_of_the_export(
    served: Served, store: Path, keys: dict[str, dict[str, str]], audience: str
) -> None:
    made = exported(Builder(Store.open(store)), "TX42-0001", audience)
    for each in made["submodels"]:
        path = f"/aas/submodels/{b64(each['id'])}"
        assert told(served.send("GET", path, None, keys[audience])) == each
    asked = f"/aas/serialization?aasIds={b64(BATTERY + '/aas')}"
    assert told(served.send("GET", asked, None, keys[audience])) == made


def test_the_same_element_as_metadata_value_path_and_reference(here: Served) -> None:
    id = f"{BATTERY}/submodel/TechnicalData"
    path = f"/aas/submodels/{b64(id)}/submodel-elements/GeneralInformation"
    mass = told(here.get(f"{path}.BatteryMass"))
    core = told(here.get(path, level="core"))["value"]

    assert (mass["valueType"], mass["value"]) == ("xs:float", "241.082")
    assert told(here.get(f"{path}.BatteryMass/$value")) == {"BatteryMass": 241.082}
    assert "value" not in told(here.get(f"{path}.BatteryMass/$metadata"))
    assert told(here.get(f"{path}.BatteryMass/$reference"))["keys"] == [
        {"type": "Submodel", "value": id},
        {"type": "SubmodelElementCollection", "value": "GeneralInformation"},
        {"type": "Property", "value": "BatteryMass"},
    ]
    assert "GeneralInformation.BatteryMass" in told(here.get(f"{path}/$path"))
    assert {each["idShort"] for each in core} > {"BatteryMass", "WarrantyInformation"}
    assert not any(
        isinstance(each.get("value"), list) for each in core if each["modelType"].endswith("Collection")
    )


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/aas/shells?limit=0", 400, "limit"),
        ("/aas/shells?cursor=!", 400, "not base64url"),
        (f"/aas/shells?cursor={b64('urn:gone')}", 400, "the cursor leads nowhere"),
        ("/aas/shells?assetIds=e30", 400, '{"name": "...", "value": "..."} is wanted'),
        ("/aas/shells/=", 400, "not base64url of UTF-8"),
        (f"/aas/submodels/{b64('urn:x')}", 404, "there is no submodel with the id 'urn:x' here"),
        (f"/aas/submodels/{b64(TECHNICAL)}?level=all", 400, "level"),
        (f"/aas/submodels/{b64(TECHNICAL)}/submodel-elements/Nothing", 404, "'Nothing'"),
        (f"/aas/submodels/{b64(TECHNICAL)}/submodel-elements/a..b", 400, "no path"),
        (f"/aas/concept-descriptions/{b64('urn:x')}", 404, "concept description"),
    ],
)  # fmt: skip
def test_an_error_is_a_result_of_the_specification(here: Served, path: str, status: int, said: str) -> None:
    reply = here.get(path)
    (message,) = told(reply)["messages"]

    assert (reply.status, message["code"], message["messageType"]) == (status, str(status), "Error")
    assert said in message["text"]


def test_the_term_of_an_element_has_its_description(here: Served) -> None:
    line_load = term_iri("LineLoad")
    found = told(here.get(f"/aas/concept-descriptions/{b64(line_load)}"))

    assert (found["id"], found["idShort"]) == (line_load, "LineLoad")
    assert found in told(here.get("/aas/concept-descriptions", idShort="LineLoad"))["result"]


def test_values_of_every_kind_of_element() -> None:
    (node,) = every_kind()["submodels"]
    values = views.value(node)

    assert values["list"] == [9, 3, 7, 3]
    assert values["range"] == {"min": 1.5, "max": 2000.0}
    assert values["mlp"] == [{"en": "b"}, {"de": "a"}]
    assert values["entity"]["statements"] == {"stated": None}
    assert set(values["ann"]) == {"first", "second", "annotations"}
    assert {"op", "cap"}.isdisjoint(values)
    assert [place.path for place in views.Place(node).walk() if "[" in place.path] == [
        f"list[{n}]" for n in range(4)
    ]
    found = views.at(node, "list[2]")
    assert found and found.node["value"] == "7"
    assert found.reference("urn:x:sm")["keys"][-1] == {"type": "Property", "value": "2"}
    assert views.at(node, "smc[0]") is None
