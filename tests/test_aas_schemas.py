"""Claims about shells under the official schemas of the metamodel 3.0: JSON Schema and XML Schema.

They came with an early version of basyx-python-sdk, which `make test` puts beside morph-kgc, in `.morph`;
KG_MORPH names its Python elsewhere.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from lxml import etree

from kg.aas.export import exported
from kg.aas.package import write_xml
from kg.load import Loader
from kg.passport.build import Builder
from kg.plant import generate_packs
from kg.store import Store

ROOT = Path(__file__).parents[1]
PLANT = ROOT / "tests" / "plant"
OTHERS = ("materialchargen_2026.csv", "mischen_2026-03.csv", "kalander_2026-03.xlsx")
PEERS = Path(os.environ.get("KG_MORPH") or ROOT / ".morph/bin/python").parents[1]
SCHEMAS = {
    kind: next(PEERS.glob(f"lib/python*/site-packages/basyx/aas/adapter/{path}"), None)
    for kind, path in (("json", "json/aasJSONSchema.json"), ("xml", "xml/AAS.xsd"))
}
EXPORTED = (
    ("TX42-0001", "internal"),
    ("TX42-0001", "public"),
    ("module/TX42-0001-M1", None),
    ("cell/PR120-000001", None),
    ("machine/KAL-1", None),
    ("run/calendering/KA-C-0001", None),
)

pytestmark = pytest.mark.skipif(
    None in SCHEMAS.values(), reason="the official schemas are not here; 'make .morph/installed' gets them"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("schemas")
    names = generate_packs(folder, batteries=1)
    Loader(folder / "store").load([*(folder / name for name in names), *(PLANT / name for name in OTHERS)])
    builder = Builder(Store.open(folder / "store"))
    return [exported(builder, name, audience) for name, audience in EXPORTED]


def with_characters(node: dict[str, Any]) -> dict[str, Any]:
    """Return a part of the schema in which a pattern of the characters of XML names them.

    It writes those beyond 16 bits as the two halves that JavaScript knows them by.
    """
    if "\\ud800" in str(node.get("pattern", "")):
        node["pattern"] = "^[\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*$"
    return node


def test_the_json_schema_holds(made: list[dict[str, Any]]) -> None:
    assert SCHEMAS["json"]
    schema = json.loads(SCHEMAS["json"].read_text(encoding="utf-8"), object_hook=with_characters)
    checker = jsonschema_rs.validator_for(schema)
    found = [[str(error.instance_path) for error in checker.iter_errors(one)] for one in made]

    assert found == [[]] * len(EXPORTED)
    assert list(checker.iter_errors({**made[0], "submodels": [{"id": ""}]}))


def test_the_xml_schema_holds(made: list[dict[str, Any]]) -> None:
    assert SCHEMAS["xml"]
    schema = etree.XMLSchema(etree.parse(SCHEMAS["xml"]))
    faults = []
    for environment in made:
        schema.validate(etree.fromstring(write_xml(environment).encode()))
        faults.append([f"{fault.line}: {fault.message}" for fault in schema.error_log])

    assert faults == [[]] * len(EXPORTED)
    assert not schema.validate(etree.fromstring(write_xml(made[0]).replace("idShort", "idshort").encode()))
