"""Loading into a store on disk: what is replaced, what is kept, and what a failure leaves alone."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pyoxigraph as ox
import pytest

from kg import catalogue, model
from kg.errors import FaultsError
from kg.iri import file_iri
from kg.job import Job
from kg.load import Loader
from kg.plant import generate
from kg.store import BULK, CATALOGUE_GRAPH, Store
from kg.validate import validate
from tests.conftest import BASE, CALENDERING
from tests.line import HEAD, ROWS, Line, many, told


@pytest.fixture
def line(tmp_path: Path, empty_store: Path) -> Line:
    return Line(tmp_path, empty_store)


def test_a_file_that_has_not_changed_is_not_loaded_again(line: Line) -> None:
    line.file("kal.csv", f"{HEAD}1;K1;210;a\n2;K2;x;\n")
    line.load()
    before = line.dump()

    (outcome,) = line.load()

    assert (outcome.outcome, outcome.read, outcome.loaded, outcome.set_aside) == ("unchanged", 2, 1, 1)
    assert line.dump() == before


def test_a_changed_file_replaces_its_graph_only(line: Line) -> None:
    line.file("kal-1.csv", f"{HEAD}1;K1;210;\n")
    line.file("kal-2.csv", f"{HEAD}2;K2;220;\n")
    line.load()
    before = {name: line.graph(name) for name in ("kal-1.csv", "kal-2.csv")}
    line.file("kal-1.csv", f"{HEAD}3;K3;230;\n")

    outcomes = line.load()

    assert told(outcomes) == {"kal-1.csv": "loaded", "kal-2.csv": "unchanged"}
    assert line.graph("kal-2.csv") == before["kal-2.csv"]
    assert not line.graph("kal-1.csv") & before["kal-1.csv"]
    assert line.entries()["kal-1.csv"].loaded == 1


def test_a_changed_mapping_loads_its_files_again(line: Line) -> None:
    line.file("kal.csv", f"{HEAD}1;K1;210;a\n")
    line.load()
    line.mapping("kal.yaml", CALENDERING.replace("{text: comment, optional: true}", "{text: label}"))

    assert told(line.load()) == {"kal.csv": "loaded"}
    assert any("rdf-schema#label" in triple for triple in line.graph("kal.csv"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "kal.csv: the file is empty. Export it again, or leave it out."),
        (
            b"PK\x03\x04\0",
            "kal.csv: this is not a text file. Is it a workbook, a picture or an archive?",
        ),
        (
            b"Nr,Rolle,Last\n1,K1,2\n",
            "kal.csv:1: the header is one single column, 'Nr,Rolle,Last'. Is the delimiter ','?",
        ),
        (
            b"Nr;Rolle;Last;Neu\n1;K1;210;\n",
            "kal.csv: column 'Neu' is neither mapped nor ignored in kal.yaml. "
            "Add a line for it under 'columns' or 'ignore'.",
        ),
    ],
    ids=["empty", "binary", "delimiter", "column"],
)
def test_a_file_that_fails_leaves_the_store_as_it_was(line: Line, content: bytes, reason: str) -> None:
    line.file("kal.csv", f"{HEAD}1;K1;210;\n")
    line.load()
    before = line.dump()
    line.file("kal.csv", content)

    (outcome,) = line.load()

    assert (outcome.outcome, outcome.reason) == ("failed", reason)
    assert line.dump() == before


def test_a_table_with_the_wrong_decimal_sign_throughout_fails(line: Line) -> None:
    line.file("kal.csv", f"{HEAD}1;K1;210.5;\n2;K2;211.5;\n")

    (outcome,) = line.load()

    assert outcome.outcome == "failed"
    assert outcome.reason == (
        "kal.csv:2: 2 numbers have '.' as decimal sign; kal.yaml says ','. "
        "First: column 'Last', '210.5'. Write decimal: \".\" under 'table'."
    )


def test_a_file_with_a_header_only_is_told_as_empty(line: Line) -> None:
    line.file("kal.csv", HEAD)

    assert told(line.load()) == {"kal.csv": "empty"}
    assert line.graph("kal.csv") == set()


def test_a_dry_run_stores_nothing(line: Line, tmp_path: Path) -> None:
    line.file("kal.csv", f"{HEAD}1;K1;210;\n2;K2;x;\n")
    before = line.dump()

    (outcome,) = line.load(dry_run=True)

    assert (outcome.outcome, outcome.read, outcome.set_aside, outcome.aside) == ("checked", 2, 1, None)
    assert line.dump() == before
    assert not (line.store / "set-aside").exists()
    Loader(tmp_path / "new", [line.store / "mappings" / "kal.yaml"], dry_run=True).load([line.records])
    assert not (tmp_path / "new").exists()


def test_a_mapping_with_a_fault_stops_before_anything_is_touched(line: Line, tmp_path: Path) -> None:
    line.file("kal.csv", f"{HEAD}1;K1;210;\n")
    bad = tmp_path / "bad.yaml"
    bad.write_text(CALENDERING.replace("LineLoad", "LinLoad"), encoding="utf-8")

    with pytest.raises(FaultsError, match=r"bad\.yaml:11: no term is called 'LinLoad'"):
        Loader(tmp_path / "new", [bad]).load([line.records])

    assert not (tmp_path / "new").exists()


def test_a_path_that_is_not_there_stops_before_anything_is_touched(line: Line) -> None:
    good = line.file("kal.csv", f"{HEAD}1;K1;210;\n")
    before = line.dump()

    with pytest.raises(FaultsError, match="there is no such file or folder"):
        line.load(good, line.records / "kall.csv")

    assert line.dump() == before


def test_two_files_of_one_name_are_refused(line: Line) -> None:
    line.file("a/kal.csv", f"{HEAD}1;K1;210;\n")
    line.file("b/kal.csv", f"{HEAD}2;K2;220;\n")

    first, second = line.load()

    assert (first.outcome, second.outcome) == ("loaded", "failed")
    assert f"a file of this name is in {line.records / 'a'} too." in second.reason
    assert "--under" in second.reason


def test_a_file_of_a_name_that_is_taken_is_refused_unless_it_is_put_under_another(line: Line) -> None:
    line.load(line.file("a/kal.csv", f"{HEAD}1;K1;210;\n"))
    other = line.file("b/kal.csv", f"{HEAD}2;K2;220;\n")
    before = line.dump()

    (refused,) = line.load(other)

    assert refused.outcome == "failed" and "a different file of this name was loaded" in refused.reason
    assert line.dump() == before
    assert told(line.load(other, under="april")) == {"april/kal.csv": "loaded"}
    assert line.graph("kal.csv") and line.graph("april/kal.csv")


def test_the_pattern_chooses_the_mapping_without_regard_to_case(line: Line) -> None:
    line.mapping(
        "dry.yaml", CALENDERING.replace("kal*.csv", "*trock*.csv").replace('"calendering/', '"drying/')
    )
    line.file("KAL_März.CSV", f"{HEAD}1;K1;210;\n")
    line.file("2026-Trocknung-1.csv", f"{HEAD}1;K1;210;\n")

    outcomes = line.load()

    assert {outcome.name: outcome.mapping for outcome in outcomes} == {
        "KAL_März.CSV": "kal.yaml",
        "2026-Trocknung-1.csv": "dry.yaml",
    }


def test_a_file_that_several_mappings_fit_is_refused(line: Line) -> None:
    line.mapping("other.yaml", CALENDERING.replace("kal*.csv", "*.csv"))
    line.file("kal.csv", f"{HEAD}1;K1;210;\n")

    (outcome,) = line.load()

    assert (outcome.outcome, outcome.reason) == (
        "failed",
        "kal.csv: several mappings fit: kal.yaml, other.yaml. Name one of them by --mapping.",
    )
    assert told(line.load(mappings=[line.store / "mappings" / "other.yaml"])) == {"kal.csv": "loaded"}


def test_a_mapping_with_a_fault_stands_in_the_way_of_its_own_files_only(line: Line) -> None:
    line.mapping("dry.yaml", CALENDERING.replace("kal*.csv", "dry*.csv").replace("LineLoad", "LinLoad"))
    line.file("kal.csv", f"{HEAD}1;K1;210;\n")
    line.file("dry.csv", f"{HEAD}1;K1;210;\n")

    assert told(line.load()) == {"dry.csv": "failed", "kal.csv": "loaded"}


def test_a_folder_is_accounted_for_file_by_file(line: Line) -> None:
    line.file("kal-1.csv", f"{HEAD}1;K1;210;\n2;K2;x;\n")
    line.file("deep/er/kal-2.csv", b"")
    line.file("readme.md", "text")
    line.file("photo.jpg", b"\xff\xd8\0")
    line.file(".hidden", "x")
    line.file("~$kal-1.xlsx", b"x")

    outcomes = line.load()

    assert told(outcomes) == {
        "kal-1.csv": "loaded",
        "kal-2.csv": "failed",
        "readme.md": "no mapping",
        "photo.jpg": "no mapping",
    }
    entries = line.entries()
    assert {name: entry.outcome for name, entry in entries.items()} == told(outcomes)
    assert (entries["kal-1.csv"].read, entries["kal-1.csv"].loaded, entries["kal-1.csv"].set_aside) == (
        2,
        1,
        1,
    )


def test_no_statement_is_outside_a_graph(line: Line) -> None:
    line.file("kal.csv", f"{HEAD}1;K1;210;\n")
    line.load()

    store = Store.open(line.store)

    assert list(store.db.quads_for_pattern(None, None, None, ox.DefaultGraph())) == []
    assert store.graphs() == [file_iri(BASE, "kal.csv")]
    assert ox.NamedNode(CATALOGUE_GRAPH) in store.db.named_graphs()


NAMES = ["kal 1.csv", "kal#1?.csv", "kal%41.csv", "kal-ä.csv", "kal.2026.csv", "kal'1;2.csv", 'kal"1".csv']


def test_a_file_may_have_any_name(line: Line) -> None:
    for name in NAMES:
        line.file(name, f"{HEAD}1;K1;210;\n2;K2;x;\n")

    outcomes = line.load()

    assert told(outcomes) == dict.fromkeys(NAMES, "loaded")
    assert all(outcome.aside and outcome.aside.is_file() for outcome in outcomes)
    assert sorted(line.entries()) == sorted(NAMES)
    assert len({len(line.graph(name)) for name in NAMES}) == 1


TEXTS = [
    '"',
    "'",
    "\\",
    "\\u0041",
    "a\\",
    "{}",
    "}",
    "' } ; DROP ALL ; #",
    "<x>",
    "\t",
    "\u2028",
    "🔋",
    "\x01",
    " .",
    "?a",
    "%s",
]


def test_any_text_reaches_the_store_as_it_is(line: Line) -> None:
    cells = ['"' + text.replace('"', '""') + '"' for text in TEXTS]
    line.file("kal.csv", HEAD + "".join(f"{n};K;1;{cell}\n" for n, cell in enumerate(cells)))

    line.load()

    comments = Store.open(line.store).db.quads_for_pattern(
        None, ox.NamedNode(model.TEXT_PROPERTIES["comment"]), None, ox.NamedNode(file_iri(BASE, "kal.csv"))
    )
    assert sorted(quad.object.value for quad in comments) == sorted(
        text.strip() for text in TEXTS if text.strip()
    )


# Large files


def test_a_large_file_that_changed_is_as_if_it_were_loaded_alone(line: Line, tmp_path: Path) -> None:
    line.file("kal.csv", many())
    line.load()
    line.file("kal.csv", many(shift=1000, away=7))
    line.load()

    alone = tmp_path / "alone"
    Loader(alone, [line.store / "mappings" / "kal.yaml"]).load([line.records])

    assert len(line.graph("kal.csv")) > BULK
    assert line.graph("kal.csv") == set(map(str, Store.open(alone).triples([file_iri(BASE, "kal.csv")])))
    assert line.entries()["kal.csv"].read == ROWS - 1


def test_copies_of_one_file_in_one_load_are_one_file(line: Line) -> None:
    line.file("a/kal.csv", many())
    line.file("b/kal.csv", many())

    outcomes = line.load()

    assert [outcome.outcome for outcome in outcomes] == ["loaded", "loaded"]
    assert len(line.entries()) == 1


def test_columns_find_what_shacl_finds_in_the_triples(tmp_path: Path) -> None:
    generate(tmp_path / "records", cells=24)
    loader = Loader(tmp_path / "store", dry_run=True)
    found = {}

    def compare(batch: list[Job]) -> None:
        for job in batch:
            found[job.name] = job.check()
            assert found[job.name] == validate(job.triples(), "record", engine="pyshacl"), job.name

    loader.check = compare
    loader.load([tmp_path / "records"])

    assert len(found) == 10
    assert sum(map(len, found.values())) >= 4


# Rows set aside


def no_places(triples: set[str]) -> set[str]:
    """Return triples without those that say in which file and row a thing was read."""
    return {triple for triple in triples if model.DERIVED_FROM not in triple}


def test_rows_set_aside_complete_the_graph_once_they_are_mended(line: Line) -> None:
    good = f"{HEAD}1;K1;210;a\n2;K2;220;b\n3;K3;230;c\n"
    line.file("whole/kal-whole.csv", good)
    line.load()
    line.file("kal.csv", good.replace("220", "22o").replace(";K3;230;c", ";K3;230"))

    (outcome, _) = line.load()

    assert outcome.aside
    assert outcome.aside.read_text(encoding="utf-8") == (
        "Nr;Rolle;Last;Text;kg_reason;kg_source\n"
        "2;K2;22o;b;Last: this is not a decimal with ',' as decimal sign.;kal.csv#row=3\n"
        "3;K3;230;;3 cells where the header has 4.;kal.csv#row=4\n"
    )
    mended = outcome.aside.read_text(encoding="utf-8").replace("22o", "220").replace("230;;", "230;c;")
    line.load(line.file(outcome.aside.name, mended))
    both = line.graph("kal.csv") | line.graph("kal.set-aside.csv")
    assert no_places(both) == no_places(line.graph("kal-whole.csv"))
    assert catalogue.mended(line.entries().values()) == {file_iri(BASE, "kal.csv"): 2}


def test_rows_mended_where_they_were_set_aside_keep_the_name_of_their_source(line: Line) -> None:
    line.file("kal.csv", f"{HEAD}1;K1;x;\n")
    (outcome,) = line.load(under="week-1")
    assert outcome.aside
    outcome.aside.write_text(
        outcome.aside.read_text(encoding="utf-8").replace(";x;", ";1;"), encoding="utf-8"
    )

    (again,) = line.load(outcome.aside)

    assert (again.name, again.loaded) == ("week-1/kal.set-aside.csv", 1)
    assert catalogue.mended(line.entries().values()) == {file_iri(BASE, "week-1/kal.csv"): 1}


def test_the_file_of_rows_set_aside_goes_when_nothing_is_set_aside(line: Line) -> None:
    line.file("kal.csv", f"{HEAD}1;K1;x;\n")
    (outcome,) = line.load()
    assert outcome.aside and outcome.aside.is_file()
    line.file("kal.csv", f"{HEAD}1;K1;1;\n")

    line.load()

    assert not outcome.aside.exists()


def test_rows_of_a_workbook_are_set_aside_sheet_by_sheet(line: Line) -> None:
    sheets = {
        "A": [[1, "K1", 210.5, "=x"], [2, "K2", "22o", None]],
        "B": [[3, "K3", 1, None], [None, "K4", 2, None]],
    }
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in [["Export"], ["Nr", "Rolle", "Last", "Text"], *rows]:
            sheet.append(row)
    book.save(line.records / "kal.xlsx")
    table = 'table: {{decimal: ",", header: 2, sheet: {}}}'
    one = CALENDERING.replace('table: {delimiter: ";", decimal: ","}', "TABLE").replace("*.csv", "*.xlsx")
    line.mapping("kal.yaml", "---\n".join(one.replace("TABLE", table.format(name)) for name in sheets))

    (outcome,) = line.load()

    assert (outcome.read, outcome.set_aside) == (4, 2)
    assert outcome.aside
    aside = openpyxl.load_workbook(outcome.aside)
    assert [list(row) for row in aside["A"].iter_rows(values_only=True)] == [
        ["Export", None, None, None, None, None],
        ["Nr", "Rolle", "Last", "Text", "kg_reason", "kg_source"],
        [
            2,
            "K2",
            "22o",
            None,
            "Last: this is not a decimal with ',' as decimal sign.",
            "kal.xlsx#sheet=A&row=4",
        ],
    ]
    aside["A"]["C3"], aside["B"]["A3"] = 220, 4
    aside.save(line.records / "kal.set-aside.xlsx")
    assert told(line.load()) == {"kal.set-aside.xlsx": "loaded", "kal.xlsx": "unchanged"}
    assert len([t for t in line.graph("kal.set-aside.xlsx") if f"> <{model.HAS_NUMBER_VALUE}" in t]) == 2


def test_records_of_json_are_set_aside_with_what_is_above_them(line: Line) -> None:
    mapping = CALENDERING.replace(
        'table: {delimiter: ";", decimal: ","}', "source: records\nrecords: lots[].runs[]"
    )
    mapping = mapping.replace("kal*.csv", "kal*.json").replace("[Schicht]", "[$.site, 'lots[].id']")
    line.mapping("kal.yaml", mapping)
    good = '{"Nr": 1, "Rolle": "K1", "Last": 210.5}'
    bad = '{"Nr": 2, "Rolle": "Kä", "Last": "x"}'
    line.file(
        "kal.json",
        f'{{"site": "S", "lots": [{{"id": 1, "runs": [{good}]}}, {{"id": 2, "runs": [{good}, {bad}]}}]}}',
    )

    (outcome,) = line.load()

    assert outcome.aside
    text = outcome.aside.read_text(encoding="utf-8")
    reason = "Last: this is not a decimal with '.' as decimal sign."
    assert text.replace("\n", "").replace("  ", "") == (
        '{"site": "S","lots": [{"id": 2,"runs": [{"Nr": 2,"Rolle": "Kä","Last": "x",'
        f'"kg_reason": "{reason}"}}]}}]}}'
    )
    line.file("kal.set-aside.json", text.replace('"x"', "1.5"))
    assert told(line.load()) == {"kal.json": "unchanged", "kal.set-aside.json": "loaded"}
    assert any('"1.5"' in triple for triple in line.graph("kal.set-aside.json"))
