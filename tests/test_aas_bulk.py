"""Claims about the shells of all things: each is written as it is alone, and what is left out is told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyoxigraph as ox
import pytest
from aas_test_engines import file as engines
from click.testing import CliRunner, Result

from kg.aas import bulk
from kg.aas.bulk import Order, export_all
from kg.aas.export import Sight
from kg.aas.listing import things
from kg.aas.read import read
from kg.cli import main
from kg.load import Loader
from kg.passport.facts import BVCOX
from kg.plant import generate_packs
from kg.store import Store, writing


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bulk")
    names = generate_packs(folder, batteries=1)
    Loader(folder / "store").load([folder / name for name in names])
    return folder / "store"


def kg(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [*map(str, words)])


def test_lines_hold_every_thing_once_and_end_with_the_concepts(store: Path, tmp_path: Path) -> None:
    to = tmp_path / "shells.jsonl"
    done = kg("aas", "export", "--all", "-o", to, "--store", store)
    lines = [json.loads(line) for line in to.read_text(encoding="utf-8").splitlines()]
    shells = [
        shell["assetInformation"]["globalAssetId"]
        for each in lines[:-1]
        for shell in each["assetAdministrationShells"]
    ]
    there = list(things(Store.open(store)))

    assert (done.exit_code, done.stderr) == (0, "")
    assert f": {len(there)} shells." in done.stdout.replace(",", "")
    assert shells == there
    assert len(there) > 100
    assert list(lines[-1]) == ["conceptDescriptions"]


def test_a_package_of_all_is_one_environment_without_faults(store: Path, tmp_path: Path) -> None:
    to = tmp_path / "shells.aasx"
    assert (
        kg(
            "aas", "export", "--all", "--kind", "battery", "--kind", "machine", "-o", to, "--store", store
        ).exit_code
        == 0
    )
    found = read(to)

    with to.open("rb") as package:
        assert engines.check_aasx_file(package).ok()
    assert found.findings == []
    assert len(found.environment["assetAdministrationShells"]) == len(
        list(things(Store.open(store), ("battery", "machine")))
    )


def test_a_file_of_the_folder_is_the_export_of_its_thing(store: Path, tmp_path: Path) -> None:
    to, alone = tmp_path / "shells", tmp_path / "alone.json"
    assert kg("aas", "export", "--all", "--kind", "battery", "-o", to, "--store", store).exit_code == 0
    assert kg("aas", "export", "TX42-0001", "-o", alone, "--store", store).exit_code == 0

    assert alone.read_bytes() == (to / "battery" / "TX42-0001.json").read_bytes()


def test_two_processes_write_the_same_as_one(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "TOGETHER", 1)
    order = Order(Sight("authority", records=False), apart=False)
    for processes in (1, 2):
        assert export_all(store, tmp_path / f"{processes}.aasx", order, processes=processes).shells == 1

    assert (tmp_path / "1.aasx").read_bytes() == (tmp_path / "2.aasx").read_bytes()


def test_an_audience_of_the_law_gets_shells_of_passports_and_no_records(store: Path, tmp_path: Path) -> None:
    some = ("--all", "--kind", "battery", "--kind", "machine")
    for audience in ("public", "internal"):
        kg("aas", "export", *some, "--audience", audience, "-o", tmp_path / audience, "--store", store)
    written = {
        audience: {path.parent.name for path in (tmp_path / audience).rglob("*.json")}
        for audience in ("public", "internal")
    }

    assert written == {"public": {"battery"}, "internal": {"battery", "machine"}}
    assert not (tmp_path / "public" / "battery" / "HX3-0001.json").exists()


@pytest.mark.parametrize("name", ["cell/PR120-000001", "battery/HX3-0001", "machine/PACK-1"])
def test_a_record_is_not_exported_to_an_audience_of_the_law(store: Path, name: str) -> None:
    refused = kg("aas", "export", name, "--audience", "authority", "--store", store)
    shown = [
        kg("aas", "export", name, *audience, "--store", store)
        for audience in ((), ("--audience", "internal"))
    ]

    assert (refused.exit_code, refused.stdout) == (2, "")
    assert f"{name} is a record of the line" in refused.stderr
    assert [result.exit_code for result in shown] == [0, 0]


@pytest.fixture
def broken(store: Path, tmp_path: Path) -> Path:
    """A store that lost the category of a model, so that what its batteries owe is not known."""
    shutil.copytree(store, tmp_path / "store")
    with writing(tmp_path / "store") as opened:
        links = list(
            opened.db.quads_for_pattern(None, ox.NamedNode(f"{BVCOX}hasBatteryCategory"), None, None)
        )
        assert links
        for link in links:
            opened.db.remove(link)
    return tmp_path / "store"


def test_a_battery_whose_passport_cannot_be_built_is_no_plain_thing(broken: Path, tmp_path: Path) -> None:
    alone = kg("aas", "export", "TX42-0001", "--store", broken)
    every = kg("aas", "export", "--all", "--kind", "battery", "-o", tmp_path / "all.jsonl", "--store", broken)

    assert (alone.exit_code, alone.stdout) == (2, "")
    assert "nothing says of which category its model is" in alone.stderr
    assert every.exit_code == 1
    assert "battery/TX42-0001: nothing says of which category" in every.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("TX42-0001", "--all"), "say an ID, or --all"),
        ((), "say an ID, or --all"),
        (("--all",), "say where all the shells go"),
        (("--all", "--format", "xml", "-o", "all.jsonl"), "for XML say a folder"),
    ],
)
def test_what_cannot_be_is_said(store: Path, words: tuple[str, ...], said: str) -> None:
    result = kg("aas", "export", *words, "--store", store)

    assert result.exit_code == 2
    assert said in result.stderr
