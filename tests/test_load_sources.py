"""`kg load` of databases, Parquet files and manifests: reloading, setting aside, and what is kept of each."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from kg import catalogue
from kg.errors import FaultsError
from kg.load import Loader, Outcome
from kg.store import Store
from tests.conftest import CALENDERING

SQL = """\
title: Calendering in a database
source: sql
files: ["kal*.sql.toml"]
query: SELECT nr, web, load FROM run
row: {run: nr}
things:
  run: {kind: run, class: FabricatedElectrodeCalendering, role: run, key: "calendering/{nr}"}
  web: {kind: web, class: CalenderedFabricatedElectrode, role: output}
columns:
  nr: {id: run}
  web: {id: web}
  load: {term: LineLoad, unit: N/mm}
"""


def lab(folder: Path) -> Path:
    pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed: pip install battery-kg[sql]")
    (folder / "kal.yaml").write_text(SQL)
    (folder / "kal.sql.toml").write_text('url_from = "KG_LAB"')
    with closing(sqlite3.connect(folder / "lab.db")) as connection, connection:
        connection.execute("CREATE TABLE run (nr integer PRIMARY KEY, web text, load)")
        connection.execute("INSERT INTO run VALUES (1, 'K-1', 210.5), (2, 'K-2', 'high')")
    return folder / "kal.sql.toml"


def execute(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(folder / "lab.db")) as connection, connection:
        connection.execute(statement)


def load(folder: Path, path: Path, *mappings: str) -> list[Outcome]:
    return Loader(folder / "store", [folder / name for name in mappings]).load([path])


def test_a_database_is_loaded_again_when_its_data_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = lab(tmp_path)
    monkeypatch.setenv("KG_LAB", f"sqlite:///{tmp_path}/lab.db?password=geheim".partition("?")[0])

    first, second = load(tmp_path, path, "kal.yaml"), load(tmp_path, path, "kal.yaml")
    execute(tmp_path, "UPDATE run SET load = 180 WHERE nr = 2")
    third = load(tmp_path, path, "kal.yaml")

    assert [(one.outcome, one.loaded, one.set_aside) for (one,) in (first, second, third)] == [
        ("loaded", 1, 1),
        ("unchanged", 1, 1),
        ("loaded", 2, 0),
    ]


def test_what_is_set_aside_of_a_database_is_told_by_its_key_and_mended_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = lab(tmp_path)
    monkeypatch.setenv("KG_LAB", f"sqlite:///{tmp_path}/lab.db")

    (one,) = load(tmp_path, path, "kal.yaml")

    assert one.aside is not None and one.aside.name == "kal.sql.set-aside.toml.findings.json"
    (finding,) = json.loads(one.aside.read_text())
    assert (finding["row"], finding["column"], finding["value"]) == ("table=run&nr=2", "load", "high")

    execute(tmp_path, "UPDATE run SET load = 180 WHERE nr = 2")
    load(tmp_path, path, "kal.yaml")
    assert not one.aside.exists()


def test_no_address_and_no_password_of_a_database_is_in_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = lab(tmp_path)
    monkeypatch.setenv("KG_LAB", f"sqlite:///{tmp_path}/lab.db")
    load(tmp_path, path, "kal.yaml")

    store = Store.open(tmp_path / "store")

    assert not any("sqlite" in str(quad) for quad in store.db)


def test_rows_of_parquet_are_set_aside_in_parquet_and_load_when_mended(tmp_path: Path) -> None:
    (tmp_path / "kal.yaml").write_text(CALENDERING.replace("kal*.csv", "kal*.parquet"))
    frame = pl.DataFrame({"Nr": [1, 2], "Rolle": ["K-1", None], "Last": [210.5, -5.0]})
    frame.write_parquet(tmp_path / "kal.parquet")

    (one,) = load(tmp_path, tmp_path / "kal.parquet", "kal.yaml")

    assert (one.loaded, one.set_aside) == (1, 1)
    assert one.aside is not None and one.aside.suffix == ".parquet"
    aside = pl.read_parquet(one.aside)
    assert aside["Nr"].to_list() == [2]

    aside.with_columns(Last=180.0).write_parquet(tmp_path / "kal.set-aside.parquet")
    (mended,) = load(tmp_path, tmp_path / "kal.set-aside.parquet", "kal.yaml")
    assert (mended.loaded, mended.set_aside) == (1, 0)


def test_a_manifest_loads_each_file_by_its_mapping_and_in_its_way(tmp_path: Path) -> None:
    head = "Nr;Rolle;Last;Schicht\n"
    for lab_, decimal in (("a", ","), ("b", ".")):
        (tmp_path / lab_).mkdir()
        (tmp_path / lab_ / "log.csv").write_text(f"{head}{lab_}1;K-{lab_};210{decimal}5;A\n")
    (tmp_path / "kal.yaml").write_text(CALENDERING)
    (tmp_path / "campaign.toml").write_text(
        """\
[[files]]
pattern = "a/*.csv"
mapping = "kal.yaml"
under = "a"
[[files]]
pattern = "b/*.csv"
mapping = "kal.yaml"
under = "b"
table = {decimal = "."}
"""
    )

    outcomes = load(tmp_path, tmp_path / "campaign.toml")

    assert [(one.name, one.outcome, one.set_aside) for one in outcomes] == [
        ("a/log.csv", "loaded", 0),
        ("b/log.csv", "loaded", 0),
    ]
    assert [one.outcome for one in load(tmp_path, tmp_path / "campaign.toml")] == ["unchanged", "unchanged"]


def test_a_manifest_that_is_wrong_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "campaign.toml").write_text("[[files]]\npattern = '*.csv'\n")

    with pytest.raises(FaultsError, match=r"campaign.toml: files 1: no file in '.*' fits '\*\.csv'\."):
        load(tmp_path, tmp_path / "campaign.toml")

    assert not (tmp_path / "store").exists()


def test_columns_left_out_by_a_pattern_are_in_the_catalogue_with_their_counts(tmp_path: Path) -> None:
    mapping = CALENDERING.replace("[Schicht]", '["raw.*"]').replace(
        'files: ["kal*.csv"]', "files: [kal.json]"
    )
    mapping = mapping.replace('table: {delimiter: ";", decimal: ","}', "source: records")
    (tmp_path / "kal.yaml").write_text(mapping)
    (tmp_path / "kal.json").write_text('[{"Nr": "1", "Rolle": "K-1", "Last": 200, "raw": {"page": 3}}]')
    load(tmp_path, tmp_path / "kal.json", "kal.yaml")

    (entry,) = catalogue.entries(Store.open(tmp_path / "store"))

    assert [(item.outcome, item.count) for item in entry.items if item.name == "raw.page"] == [("ignored", 1)]


def test_of_records_named_by_keys_only_those_set_aside_are_written(tmp_path: Path) -> None:
    mapping = CALENDERING.replace('files: ["kal*.csv"]', "files: [kal*.json]")
    mapping = mapping.replace('table: {delimiter: ";", decimal: ","}', 'source: records\nrecords: "runs.*"')
    mapping = mapping.replace("Nr: {id", "runs.*: {id").replace("{Nr}", "{runs.*}").replace("[Schicht]", "[]")
    (tmp_path / "kal.yaml").write_text(mapping)
    runs = {"1": {"Rolle": "K-1", "Last": 200}, "2": {"Rolle": "K-2", "Last": "much"}}
    (tmp_path / "kal.json").write_text(json.dumps({"runs": runs}))

    (one,) = load(tmp_path, tmp_path / "kal.json", "kal.yaml")

    assert one.aside is not None
    assert list(json.loads(one.aside.read_text())["runs"]) == ["2"]
