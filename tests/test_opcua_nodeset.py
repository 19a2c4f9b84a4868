"""NodeSet files -> types, machines and their variables; what is missing or broken is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kg.cli import main
from kg.model import HAS_UNIT
from kg.opcua.mapping import ready
from kg.opcua.nodeset import PACKML, node_iri, read_nodeset
from kg.store import Store

STANDARDS = Path(__file__).parents[2] / "shared" / "standards" / "opcua"
needs_standards = pytest.mark.skipif(
    not STANDARDS.is_dir(), reason="the NodeSet files are not here: ../shared"
)
LINE = (Path(__file__).parent / "opcua" / "line.NodeSet2.xml").read_text(encoding="utf-8")


def kg(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def store(tmp_path: Path) -> Path:
    place = tmp_path / "line"
    Store.create(place)
    return place


def put(folder: Path, text: str, name: str = "line.xml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def statements(store: Path) -> list[str]:
    opened = Store.open(store)
    return sorted(str(triple) for triple in opened.triples(opened.graphs()))


@needs_standards
def test_the_specifications_of_the_standards_import_without_findings(store: Path) -> None:
    files = [STANDARDS / f"Opc.Ua.{name}.NodeSet2.xml" for name in ("Di", "Machinery", "PackML")]

    result = kg("opcua", "import", *files, "--store", store)

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[::2] == [
        "Opc.Ua.Di.NodeSet2.xml: 40 types, 146 variables.",
        "Opc.Ua.Machinery.NodeSet2.xml: 11 types, 80 variables.",
        "Opc.Ua.PackML.NodeSet2.xml: 6 types, 112 variables.",
    ]


@needs_standards
def test_a_file_that_is_imported_twice_gives_the_same_graph(store: Path) -> None:
    files = sorted(STANDARDS.glob("*.xml"))
    assert kg("opcua", "import", *files, "--store", store).exit_code == 0
    once = statements(store)

    assert kg("opcua", "import", *reversed(files), "--store", store).exit_code == 0

    assert len(once) > 1000
    assert statements(store) == once


@needs_standards
def test_a_machine_has_its_type_its_nameplate_and_its_variables(store: Path, tmp_path: Path) -> None:
    files = [put(tmp_path, LINE), STANDARDS / "Opc.Ua.Di.NodeSet2.xml"]

    assert kg("opcua", "import", *files, "--store", store).exit_code == 0

    (machine,) = Store.open(store).query(
        "SELECT ?machine ?type ?serial WHERE { ?machine a ?type ; dcterms:identifier 'KAL-1' ; "
        "schema:serialNumber ?serial FILTER(STRSTARTS(STR(?type), 'urn:')) }"
    )
    (variable,) = Store.open(store).query(
        "SELECT ?name ?type ?unit ?high WHERE { <urn:example:line#i=1> csvw:column ?v . ?v csvw:name ?name ; "
        f"csvw:datatype ?type ; <{HAS_UNIT}> ?unit ; schema:maxValue ?high }}"
    )
    assert machine["machine"].value.endswith("/machine/KAL-1")
    assert machine["type"].value == "urn:example:line#i=1"
    assert machine["serial"].value == "SN-4711"
    assert [variable[n].value for n in ("name", "type", "high")] == ["LineLoad", "Double", "2500"]
    assert variable["unit"].value.endswith("NewtonPerMilliMetre")


@needs_standards
def test_a_model_that_is_needed_and_not_there_is_told(store: Path, tmp_path: Path) -> None:
    path = put(tmp_path, LINE)

    result = kg("opcua", "import", path, "--store", store)

    assert result.exit_code == 1
    assert "needs the model http://opcfoundation.org/UA/DI/ 1.04.0, which is neither given" in result.stdout
    assert kg("opcua", "import", STANDARDS / "Opc.Ua.Di.NodeSet2.xml", "--store", store).exit_code == 0
    assert kg("opcua", "import", path, "--store", store).exit_code == 0


@needs_standards
def test_an_older_version_than_the_one_needed_is_told(store: Path, tmp_path: Path) -> None:
    path = put(tmp_path, LINE.replace("2022-11-03", "2031-11-03"))

    result = kg("opcua", "import", path, STANDARDS / "Opc.Ua.Di.NodeSet2.xml", "--store", store)

    assert result.exit_code == 1
    assert "1.04.0 of 2031-11-03; here is one of 20" in result.stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<UANodeSet", "line.xml:1: this is not XML"),
        (LINE.replace("</UAObjectType>", ""), "line.xml:44: this is not XML"),
        ("<a/>", "line.xml:1: this is no NodeSet2 file: it begins with <a>"),
        ("", "line.xml: the file is empty"),
    ],
)
def test_a_file_that_cannot_be_read_changes_nothing(
    store: Path, tmp_path: Path, text: str, said: str
) -> None:
    result = kg("opcua", "import", put(tmp_path, text), "--store", store)

    assert result.exit_code == 2
    assert said in result.stderr
    assert Store.open(store).graphs() == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('NodeId="ns=1;i=4"', 'NodeId="ns=1;i=2"', "this node is in the file already"),
        ('NodeId="ns=1;i=4"', 'NodeId="ns=7;i=4"', "the file has no namespace 7"),
        ('ReferenceType="i=40">ns=1;i=1<', 'ReferenceType="i=40">ns=1;i=99<', "not in the file"),
        ('DataType="Double"', 'DataType="Dubble"', "no node id and no alias"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_with_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    found = read_nodeset(put(tmp_path, LINE.replace(old, new)))

    assert [said in finding.message for finding in found.findings] == [True]
    assert found.findings[0].row != ""


def test_entities_are_not_followed(tmp_path: Path, store: Path) -> None:
    secret = put(tmp_path, "secret", "secret.txt")
    entity = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{secret.as_uri()}">]>'
    text = LINE.replace("<UANodeSet", f"{entity}<UANodeSet", 1).replace("Calender 1", "Calender &e;")

    kg("opcua", "import", put(tmp_path, text), "--store", store)

    assert not any("secret" in line for line in statements(store))


PART = """<UAObject NodeId="ns=1;i=9" BrowseName="2:Identification" ParentNodeId="ns=1;i=1">
    <DisplayName>Identification</DisplayName>
    <References><Reference ReferenceType="HasComponent" IsForward="false">ns=1;i=1</Reference></References>
  </UAObject>
  <UAObject NodeId="ns=1;s=KAL-1\""""
SECOND = """<UANodeSet xmlns="http://opcfoundation.org/UA/2011/03/UANodeSet.xsd">
  <NamespaceUris><Uri>urn:example:plant</Uri><Uri>urn:example:line</Uri></NamespaceUris>
  <Models><Model ModelUri="urn:example:plant"><RequiredModel ModelUri="urn:example:line"/></Model></Models>
  <UAObject NodeId="ns=1;s=KAL-9" BrowseName="1:KAL-9" ParentNodeId="ns=1;s=Hall">
    <References><Reference ReferenceType="i=40">ns=2;i=1</Reference></References>
  </UAObject>
  <UAObject NodeId="ns=1;s=Hall" BrowseName="1:Hall" ParentNodeId="ns=1;s=KAL-9"/>
</UANodeSet>"""


def test_a_machine_is_known_by_a_type_that_was_imported_before(store: Path, tmp_path: Path) -> None:
    # The type is known by its part, not by what it is below.
    text = LINE.replace(">ns=2;i=1002<", ">i=58<").replace('<UAObject NodeId="ns=1;s=KAL-1"', PART)
    kg("opcua", "import", put(tmp_path, text, "type.xml"), "--store", store)

    # Machine and hall stand in each other: a fault of the file that must not keep anybody waiting.
    result = kg("opcua", "import", put(tmp_path, SECOND, "plant.xml"), "--store", store)

    assert result.stdout.splitlines()[0] == "plant.xml: 1 machine."
    assert result.exit_code == 0


@needs_standards
def test_the_ready_nodes_of_packml_are_those_of_its_specification() -> None:
    given = read_nodeset(STANDARDS / "Opc.Ua.PackML.NodeSet2.xml")
    below: dict[tuple[str, str], str] = {}
    for node in given.nodes.values():
        for above in (given.parent(node), *node.sources("i=47")):
            below[above, node.name] = node.iri
    nodes = [*ready("packml")["node"], ready("packml")["reason"]]

    # The states themselves are variables of the type of state machines, which is in the core.
    for path in [path.removesuffix("/CurrentState") for path in nodes]:
        at = node_iri(PACKML, "i=6")
        for name in path.split("/"):
            at = below.get((at, name)) or below[given.nodes[at].targets("i=40")[0], name]

    states = {node.name for node in given.nodes.values() if node.kind == "Object"}
    assert set(ready("packml")["names"].values()) <= states
