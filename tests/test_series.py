"""Files of testers -> Parquet beside the store, described in the graph, read back in spans."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import duckdb
import polars as pl
import pyoxigraph as ox
import pytest
from click.testing import CliRunner

import kg.series
from kg import catalogue
from kg.cli.series import series as command
from kg.errors import KgError
from kg.series.add import replace_file
from kg.store import Store

BASE = "https://example.org/line/"


def recording(rows: int = 400) -> str:
    lines = ["test_time_second,voltage_volt,current_ampere,cycle_count,note"]
    lines += [
        f"{n}.5,{3 + n / 1000:.3f},{1 if n % 100 < 50 else -1},{n // 100 + 1},n{n}" for n in range(rows)
    ]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store that is copied for each test, since making one takes a second."""
    path = tmp_path_factory.mktemp("empty") / "store"
    Store.create(path, BASE).db.flush()
    return path


@pytest.fixture
def store(tmp_path: Path, empty: Path) -> Path:
    return Path(shutil.copytree(empty, tmp_path / "store"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cell7.csv"
    path.write_text(recording(), encoding="utf-8")
    return path


def graphs(store: Path) -> dict[str, set[str]]:
    opened = Store.open(store)
    return {name: {str(triple) for triple in opened.triples([name])} for name in opened.graphs()}


def test_what_is_added_is_read_back(store: Path, file: Path) -> None:
    (added,) = kg.series.add(store, [file])
    frame = kg.series.read(store, "cell7.csv")

    assert (added.outcome, added.rows, added.map) == ("added", 400, "bdf.toml")
    assert [float(n) + 0.5 for n in range(400)] == frame["test_time_second"].to_list()
    assert [f"n{n}" for n in range(400)] == frame["note"].to_list()


def test_a_span_holds_both_of_its_ends(store: Path, file: Path) -> None:
    kg.series.add(store, [file])
    frame = kg.series.read(store, "cell7", columns=["test_time_second", "note"], start=10.5, end=12.5)

    assert frame.to_dict("list") == {"test_time_second": [10.5, 11.5, 12.5], "note": ["n10", "n11", "n12"]}


def test_each_nth_row_of_a_cycle_comes_in_the_order_of_the_file(store: Path, file: Path) -> None:
    kg.series.add(store, [file])
    frame = kg.series.read(store, "cell7", columns=["note"], cycle=2, every=40)

    assert frame["note"].to_list() == ["n100", "n140", "n180"]


def test_rows_keep_the_order_of_the_file_where_time_goes_back(store: Path, tmp_path: Path) -> None:
    path = tmp_path / "back.csv"
    path.write_text("test_time_second,voltage_volt,current_ampere\n5,1,0\n3,2,0\n4,3,0\n", encoding="utf-8")
    kg.series.add(store, [path])

    assert kg.series.read(store, "back.csv")["voltage_volt"].to_list() == [1.0, 2.0, 3.0]


def test_adding_a_file_twice_changes_nothing(store: Path, file: Path) -> None:
    (first,) = kg.series.add(store, [file], cell="C-1")
    place = store / "series" / f"{first.ids[0]}.parquet"
    before, bytes_, time = graphs(store), place.read_bytes(), place.stat().st_mtime_ns
    (second,) = kg.series.add(store, [file], cell="C-1")

    assert second.outcome == "unchanged"
    assert (before, bytes_, time) == (graphs(store), place.read_bytes(), place.stat().st_mtime_ns)


def test_the_same_bytes_give_the_same_parquet_in_another_store(
    tmp_path: Path, file: Path, empty: Path
) -> None:
    found = []
    for name in ("a", "b"):
        shutil.copytree(empty, tmp_path / name)
        (added,) = kg.series.add(tmp_path / name, [file])
        found.append((tmp_path / name / "series" / f"{added.ids[0]}.parquet").read_bytes())

    assert found[0] == found[1]


def test_a_cell_that_is_named_later_replaces_the_description(store: Path, file: Path) -> None:
    kg.series.add(store, [file])
    (again,) = kg.series.add(store, [file], cell="C-1", test="T-1")
    (series,) = kg.series.listing(store)

    assert again.outcome == "added"
    assert (f"{BASE}cell/C-1", f"{BASE}test/T-1") == series.about
    assert series == kg.series.find(store, "T-1")


def test_a_parquet_file_that_is_gone_is_written_again(store: Path, file: Path) -> None:
    (first,) = kg.series.add(store, [file])
    (store / "series" / f"{first.ids[0]}.parquet").unlink()
    with pytest.raises(KgError, match="Parquet file is missing"):
        kg.series.read(store, "cell7")
    (second,) = kg.series.add(store, [file])

    assert second.outcome == "added"
    assert len(kg.series.read(store, "cell7")) == 400


def test_the_graph_says_unit_term_and_source_of_each_column(store: Path, file: Path) -> None:
    kg.series.add(store, [file], cell="C-1")
    rows = Store.open(store).query(
        """SELECT ?name ?unit ?term ?sha WHERE {
          ?series schema:about <cell/C-1> ; prov:wasDerivedFrom/schema:sha256 ?sha ;
                  csvw:tableSchema/csvw:column ?column .
          ?column csvw:name ?name .
          OPTIONAL { ?column emmo:EMMO_bed1d005_b04e_4a90_94cf_02bc678a8569 ?unit }  # hasMeasurementUnit
          OPTIONAL { ?column csvw:propertyUrl/skos:prefLabel ?term FILTER(LANG(?term) = "en") }
        } ORDER BY ?name"""
    )
    found = {
        row["name"].value: tuple(
            node.value if node is not None else "" for node in (row["unit"], row["term"])
        )
        for row in rows
    }

    emmo = "https://w3id.org/emmo#"
    assert (f"{emmo}Ampere", "ElectricCurrent") == found["current_ampere"]
    assert (f"{emmo}Second", "TestTime") == found["test_time_second"]
    assert found["note"] == ("", "")


def test_the_catalogue_accounts_for_every_column(store: Path, file: Path) -> None:
    kg.series.add(store, [file])
    (entry,) = catalogue.entries(Store.open(store))

    assert (entry.name, entry.read, entry.loaded, entry.set_aside) == ("cell7.csv", 400, 400, 0)
    assert {i.name: i.outcome for i in entry.items if i.outcome != "mapped"} == {"note": "kept"}
    assert len(entry.items) == 5


def test_every_node_of_a_description_has_an_iri(store: Path, file: Path) -> None:
    kg.series.add(store, [file], cell="C-1", test="T-1")
    blank = [
        triple
        for triple in Store.open(store).triples(Store.open(store).graphs())
        if isinstance(triple.subject, ox.BlankNode) or isinstance(triple.object, ox.BlankNode)
    ]

    assert blank == []


def test_rows_set_aside_are_written_with_line_and_reason(store: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("test_time_second,voltage_volt,current_ampere\n1,3.5,0\n2,x,0\n", encoding="utf-8")
    (added,) = kg.series.add(store, [path])
    assert added.aside is not None
    with added.aside.open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))

    reason = "column 'voltage_volt': 'x' is not a number with '.' as decimal sign."
    assert [{"line": "3", "reason": reason, "row": "2.0,x,0"}] == [{**row, "row": "2.0,x,0"} for row in rows]
    assert "x" in rows[0]["row"]


def test_a_bad_file_does_not_stop_the_good_ones(store: Path, file: Path, tmp_path: Path) -> None:
    other = tmp_path / "letter.txt"
    other.write_text("Dear all,\n", encoding="utf-8")
    outcomes = kg.series.add(store, [other, file, tmp_path / "absent.csv"])

    assert [each.outcome for each in outcomes] == ["failed", "added", "failed"]
    assert len(kg.series.listing(store)) == 1


def test_half_a_parquet_file_of_a_killed_run_is_never_read(store: Path, file: Path) -> None:
    (store / "series").mkdir()
    (store / "series" / "0123.parquet.part").write_bytes(b"PAR1 half")
    kg.series.add(store, [file])

    assert [series.source for series in kg.series.listing(store)] == ["cell7.csv"]


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    place = tmp_path / "x"
    place.write_bytes(b"old")
    replace_file(place, b"new")

    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("x", b"new")]


def test_a_column_that_is_not_there_is_told_with_what_is_near(store: Path, file: Path) -> None:
    kg.series.add(store, [file])

    with pytest.raises(KgError, match=r"no column 'voltage_vol'\. Near: 'voltage_volt'"):
        kg.series.read(store, "cell7", columns=["voltage_vol"])


def test_a_name_that_two_series_share_is_refused_with_their_ids(
    store: Path, file: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.csv"
    other.write_text(recording(10), encoding="utf-8")
    kg.series.add(store, [file, other], cell="C-1")

    with pytest.raises(KgError, match="'C-1' names 2 series"):
        kg.series.find(store, "C-1")


def test_text_from_outside_never_becomes_sql(store: Path, tmp_path: Path) -> None:
    path = tmp_path / "it's.csv"
    path.write_text('test_time_second,voltage_volt,current_ampere,a"b\n1,2,3,4\n', encoding="utf-8")
    kg.series.add(store, [path])

    assert kg.series.read(store, "it's.csv", columns=['a"b'])['a"b'].to_list() == ["4"]
    with pytest.raises(KgError, match="no column"):
        kg.series.read(store, "it's.csv", columns=["1; DROP TABLE x"])


def test_other_programs_read_the_parquet_file(store: Path, file: Path) -> None:
    kg.series.add(store, [file])
    (series,) = kg.series.listing(store)

    assert pl.read_parquet(series.path).height == 400
    assert duckdb.connect().execute(
        "SELECT count(*) FROM read_parquet(?)", [str(series.path)]
    ).fetchone() == (400,)


def run(*args: str) -> tuple[int, str]:
    result = CliRunner().invoke(command, list(args))
    return result.exit_code, result.output


def test_the_command_adds_lists_and_shows(store: Path, file: Path, tmp_path: Path) -> None:
    at = ("--store", str(store))
    code, told = run("add", str(file), "--cell", "C-1", *at)
    assert code == 0
    assert "added as" in told

    code, told = run("--list", "--json", *at)
    assert (code, [each["source"] for each in json.loads(told)]) == (0, ["cell7.csv"])

    code, told = run("cell7", "--columns", "note,voltage_volt", "--to", "1.5", "--format", "csv", *at)
    assert (code, told) == (0, "note,voltage_volt\nn0,3.0\nn1,3.001\n")

    code, _ = run("cell7", "--format", "parquet", "-o", str(tmp_path / "out.parquet"), *at)
    assert (code, pl.read_parquet(tmp_path / "out.parquet").height) == (0, 400)


def test_the_exit_code_tells_findings_from_nothing(store: Path, file: Path, tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear all,\n", encoding="utf-8")
    at = ("--store", str(store))

    assert run("add", str(letter), *at)[0] == 2
    assert run("add", str(letter), str(file), *at)[0] == 1
    assert run("add", str(file), *at)[0] == 0
    assert run("nobody", *at)[0] == 2
    assert run("features", *at)[0] == 2
