"""A part of the KIproBatt data set, closed under lineage -> the same answers as the files themselves give.

The data are those of the KIproBatt project (Fraunhofer ISC, CC BY 4.0, doi 10.5281/zenodo.8418323).
Where they are not beside the checkout, these tests are skipped.
"""

from __future__ import annotations

import json
import re
import tarfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

import kg.values
from kg import catalogue, model
from kg.answers import Answer
from kg.check import check
from kg.findings import Finding
from kg.graph import Graph
from kg.iri import DEFAULT_BASE
from kg.lineage import trace
from kg.load import Loader, Outcome
from kg.store import Store
from tests.test_values import check_same

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data" / "kiprobatt"

FORMATION = "OSL0f1dcbc0ddec45608d5272fc38ed5f4a"
"""A formation protocol of ten cells whose cycler files are in the data set."""
CAP = 60
"""Protocols that the closure may have at most."""

PARAMETER = "Category:LabProcess-2FParameter-2FInstance"
_OSL = re.compile(r"OSL[0-9a-f]{32}")

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="the kiprobatt data is not here: ../shared/data/kiprobatt"
)


def text_of(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252")


def list_of(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def members(name: str) -> dict[str, bytes]:
    """Return the files of an archive by name."""
    found = {}
    with tarfile.open(DATA / name) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isfile() else None
            if file is not None:
                found[Path(member.name).name] = file.read()
    return found


@dataclass
class Wiki:
    """The protocols as JSON, read without any help of the product."""

    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, text: str) -> None:
        for node in json.loads(text).get("@graph", []):
            self.nodes[node["@id"].removeprefix("LabObject:")] = node

    def parameters(self) -> list[dict[str, Any]]:
        return [node for node in self.nodes.values() if PARAMETER in list_of(node.get("@type"))]

    def named(self, start: str) -> Iterator[dict[str, Any]]:
        """Return the parameters of this name, whatever number follows it."""
        for node in self.parameters():
            if any(re.fullmatch(rf"{start} ?\d*", name) for name in list_of(node.get("Property:HasName"))):
                yield node

    def before(self, thing: str, name: str) -> set[str]:
        """Return the things that went into a thing, by the parameters of this name."""
        return {
            ident(other)
            for node in self.named(name)
            if thing in map(ident, list_of(node.get("Property:IsObjectParameterOf")))
            for other in list_of(node.get("Property:HasPredecessor"))
        }

    def number(self, node: dict[str, Any]) -> float | None:
        """Return the number in the value token of a parameter."""
        for value in list_of(node.get("Property:HasValue")):
            token = ident(value).removeprefix("kiprobatt:").replace("-2C", ".").replace("-2D", "-")
            if match := re.match(r"-?[\d.]+", token):
                return float(match[0])
        return None


def ident(value: dict[str, str]) -> str:
    return value["@id"].removeprefix("LabObject:").removeprefix("File:")


def first_cycle(text: str) -> tuple[float, float]:
    """Return the charge and the discharge of the first cycle in a Maccor file, in A h."""
    rows = [line.split("\t") for line in text.splitlines()]
    header = next(row for row in rows if row[0] == "Cycle")
    row = next(row for row in rows if row[0] == "1")
    charge, discharge = (float(row[header.index(name)].replace(",", ".")) for name in ("AH-IN", "AH-OUT"))
    return charge, discharge


@dataclass
class Part:
    """The files of the part, what they say, and the store that they were loaded into."""

    folder: Path
    wiki: Wiki
    maccor: dict[str, str]
    protocols: list[str]
    outcomes: list[Outcome]

    @property
    def store(self) -> Store:
        return Store.open(self.folder / "store")


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> Part:
    folder = tmp_path_factory.mktemp("kiprobatt")
    records = folder / "records"
    records.mkdir()
    archive, files = members("jsonld.tar.xz"), members("maccor.tar.xz")
    wiki = Wiki()
    found: list[str] = []
    todo = [FORMATION]
    while todo and len(found) < CAP:
        key = todo.pop(0)
        if key in found or f"{key}.jsonld" not in archive:
            continue
        found.append(key)
        data = archive[f"{key}.jsonld"]
        (records / f"{key}.jsonld").write_bytes(data)
        wiki.add(text_of(data))
        todo += _OSL.findall(text_of(data))
    assert len(found) < CAP, "the closure is larger than it should be"
    named = {ident(file) for node in wiki.parameters() for file in list_of(node.get("Property:HasFile"))}
    maccor = {name: files[name] for name in named if name in files}
    for name, data in maccor.items():
        (records / name).write_bytes(data)
    outcomes = Loader(folder / "store").load([records])
    return Part(folder, wiki, {name: text_of(data) for name, data in maccor.items()}, found, outcomes)


def cell_of_file(wiki: Wiki) -> dict[str, str]:
    """Return the formed cell of each cycler file, by the protocol."""
    return {
        ident(file): ident(thing)
        for node in wiki.named("CsvExportFileCell")
        for file in list_of(node.get("Property:HasFile"))
        for thing in list_of(node.get("Property:IsObjectParameterOf"))
    }


def name_of(kind: str, key: str) -> str:
    return f"{kind}/{key.replace('-23', '-')}"


# The part


def test_the_part_is_closed_and_small(part: Part) -> None:
    assert 10 <= len(part.protocols) < CAP
    assert len(part.maccor) == 10
    assert {outcome.outcome for outcome in part.outcomes} <= {"loaded", "empty"}


def test_nothing_of_the_part_is_set_aside_without_a_reason(part: Part) -> None:
    for entry in catalogue.entries(part.store):
        assert [item for item in entry.items if item.outcome == "set aside" and not item.reason] == []


def test_the_account_sums_to_the_parameters_of_the_files(part: Part) -> None:
    told = sum(
        item.count
        for entry in catalogue.entries(part.store)
        if entry.name.endswith(".jsonld")
        for item in entry.items
        if "/" in item.name and not item.name.startswith("Object/")
    )

    assert told == len(part.wiki.parameters()) > 300


def test_empty_parameters_of_the_account_are_those_without_a_value(part: Part) -> None:
    outcomes: Counter[str] = Counter()
    for entry in catalogue.entries(part.store):
        if entry.name.endswith(".jsonld"):
            outcomes.update({item.outcome: item.count for item in entry.items if item.outcome == "empty"})
    empty = [node for node in part.wiki.parameters() if not list_of(node.get("Property:HasValue"))]

    assert 0 < outcomes["empty"] <= len(empty)


# Lineage


def behind(wiki: Wiki, cell: str) -> dict[str, set[str]]:
    """Return what is behind a formed cell by the files: cells, and magazines after and before drying."""
    filled = wiki.before(cell, "FormationCellSelection")
    dry = {other for one in filled for other in wiki.before(one, "CellSelection")}
    stacks = {
        key for key in wiki.nodes if any(key.partition("-23")[0] == one.partition("-23")[0] for one in dry)
    }
    dried = {
        other
        for one in stacks
        for name in ("AnodeMagazineSelection", "CathodeMagazineSelection")
        for other in wiki.before(one, name)
    }
    magazines = {other for one in dried for other in wiki.before(one, "MagazineSelection")}
    return {"filled": filled, "dry": dry, "dried": dried, "magazines": magazines}


@pytest.mark.parametrize("number", [1, 4, 10])
def test_a_formed_cell_leads_back_to_its_magazines(part: Part, number: int) -> None:
    cell = f"{FORMATION}-23O{number:04}"
    wanted = behind(part.wiki, cell)
    found = {thing.id for thing in trace(part.store, name_of("cell", cell)).things.values()}

    assert all(wanted.values())
    assert {name_of("cell", key) for key in wanted["filled"] | wanted["dry"]} <= found
    assert {name_of("magazine", key) for key in wanted["dried"] | wanted["magazines"]} <= found
    assert {name for name in found if name.startswith("cell/")} == {
        name_of("cell", key) for key in {cell} | wanted["filled"] | wanted["dry"]
    }


def test_each_step_behind_a_formed_cell_has_parameters_and_a_machine(part: Part) -> None:
    found = trace(part.store, name_of("cell", f"{FORMATION}-23O0001")).runs.values()

    classes = {one: run for run in found for one in run.classes}
    steps = ("PouchCellFormation", "PouchCellElectrolyteFilling", "FabricatedElectrodeSheetDrying")
    for step in (*steps, "FabricatedElectrodeZFolding"):
        assert classes[step].parameters and classes[step].tools and classes[step].start, step
    temperatures = {
        value.value
        for run in found
        if "FabricatedElectrodeSheetDrying" in run.classes
        for value in run.parameters
        if value.term == "DryerTemperature"
    }
    (wanted,) = {part.wiki.number(node) for node in part.wiki.named("Temperature")}
    assert temperatures == {wanted}


# Answers


def test_first_cycle_of_each_cell_is_that_of_its_cycler_file(part: Part) -> None:
    wanted = {
        name_of("cell", cell): first_cycle(part.maccor[file])
        for file, cell in cell_of_file(part.wiki).items()
        if file in part.maccor
    }
    answer = Graph(part.store).ask("first_cycle_efficiency")
    assert isinstance(answer, Answer)
    frame = answer.as_frame()
    found = {
        str(cell).removeprefix(DEFAULT_BASE): (charge, discharge)
        for cell, charge, discharge in zip(frame["cell"], frame["charge"], frame["discharge"], strict=True)
    }

    assert len(wanted) == 10
    assert found == {cell: pytest.approx(values) for cell, values in wanted.items()}
    efficiency = dict(zip(frame["cell"].str.removeprefix(DEFAULT_BASE), frame["efficiency"], strict=True))
    assert efficiency == {
        cell: pytest.approx(100 * out / in_, abs=0.006) for cell, (in_, out) in wanted.items()
    }


@pytest.fixture(scope="module")
def findings(part: Part) -> list[Finding]:
    return check(part.store)


def test_masses_of_the_electrolyte_in_the_place_of_the_cell_are_found(
    part: Part, findings: list[Finding]
) -> None:
    volumes = {
        ident(thing): part.wiki.number(node)
        for node in part.wiki.named("ElectrolyteVolume")
        for thing in list_of(node.get("Property:IsObjectParameterOf"))
    }
    wanted = {}
    for node in part.wiki.named("WettCellMass"):
        (cell,) = map(ident, list_of(node.get("Property:IsObjectParameterOf")))
        mass, volume = part.wiki.number(node), volumes.get(cell)
        if mass is not None and volume is not None and mass < 3 * volume:
            wanted[node["@id"].rpartition("/")[2]] = mass
    found = {
        finding.row: float(finding.value)
        for finding in findings
        if finding.rule.endswith("#WetCellMass-more-than-electrolyte")
    }

    assert len(wanted) == 10
    assert found == wanted


def test_each_finding_names_its_file_and_node(part: Part, findings: list[Finding]) -> None:
    names = {outcome.name for outcome in part.outcomes}

    assert findings and all(finding.file in names and finding.row for finding in findings)


# Once more


def dump(store: Store) -> dict[str, list[str]]:
    return {graph: sorted(map(str, store.triples([graph]))) for graph in store.graphs()}


def test_loading_again_changes_nothing(part: Part) -> None:
    before = dump(part.store)

    outcomes = Loader(part.folder / "store").load([part.folder / "records"])

    assert {outcome.outcome for outcome in outcomes} <= {"unchanged", "empty"}
    assert sum(outcome.outcome == "unchanged" for outcome in outcomes) >= 24
    assert dump(part.store) == before


def test_protocols_give_the_same_graphs_in_another_store(part: Part) -> None:
    Loader(part.folder / "other").load(sorted((part.folder / "records").glob("*.jsonld"), reverse=True))

    graphs = dump(part.store)
    again = dump(Store.open(part.folder / "other"))
    assert again == {name: graph for name, graph in graphs.items() if name in again} and len(again) > 10


def test_no_node_of_the_graphs_is_blank(part: Part) -> None:
    store = part.store
    for triple in store.triples(store.graphs()):
        assert isinstance(triple.subject, ox.NamedNode)
        assert not isinstance(triple.object, ox.BlankNode)
    assert store.query(f"ASK {{ ?thing <{model.DERIVED_FROM}> ?node }}")


def test_the_value_table_says_what_the_graphs_say(part: Part) -> None:
    values = kg.values.open(part.store)

    assert values.healed == []
    check_same(part.store, values)
