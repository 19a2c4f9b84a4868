"""The commands: their options, what they print, how they end, and what they leave alone."""

from __future__ import annotations

import csv
import gc
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
import rdflib
from click.testing import CliRunner, Result

from kg.cli import COMMANDS, main
from kg.namespaces import PREFIXES
from kg.store import LAYOUT
from tests.conftest import CALENDERING

GOOD = "Nr;Rolle;Last;Dicke;Text\n1;K1;210,5;57,5;a\n2;K2;220;;\n"
BAD_ROW = "Nr;Rolle;Last;Text\n1;K1;210;a\n2;K2;x;\n"
ALL_BAD = "Nr;Rolle;Last;Neu\n1;K1;210;a\n"
QUERY = "SELECT ?run ?number { ?run a term:FabricatedElectrodeCalendering ; rdfs:comment ?number }"
FOREIGN = "SELECT ?type (COUNT(?s) AS ?n) { ?s a ?type } GROUP BY ?type"

CODES = {"DONE": 0, "FINDINGS": 1, "NOTHING": 2}
"""The codes as the help of `kg` gives them."""


def kg(*words: str | Path, input: str | None = None, env: dict[str, str | None] | None = None) -> Result:
    """Run a command in this process; a traceback is a failure of the test."""
    arguments = [str(word) for word in words]
    result = CliRunner().invoke(
        main, arguments, prog_name="kg", input=input, env={"KG_STORE": None, **(env or {})}
    )
    error = result.exception
    result.exc_info = None  # its frames keep the store open
    gc.collect()
    assert error is None or isinstance(error, SystemExit), f"kg {' '.join(arguments)}: {error!r}"
    assert "Traceback" not in result.output
    return result


def kg_process(*words: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, its output in pipes."""
    command = [sys.executable, "-m", "kg", *map(str, words)]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=env, **options)


class Desk:
    """A folder with a mapping, a record file and a store that is not made yet."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.store, self.mapping = folder, folder / "store", folder / "kal.yaml"
        self.mapping.write_text(CALENDERING, encoding="utf-8")

    def file(self, text: str, name: str = "kal.csv") -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def load(self, text: str = GOOD, *options: str) -> Result:
        return kg("load", self.file(text), "--mapping", self.mapping, "--store", self.store, *options)

    def state(self) -> dict[str, bytes]:
        """Return the files of the store, without those that RocksDB writes when it is opened for reading."""
        return {
            str(path.relative_to(self.store)): path.read_bytes()
            for path in self.store.rglob("*")
            if path.is_file() and not path.name.startswith("LOG")
        }


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A desk whose store holds one file; tests that use it only read."""
    desk = Desk(tmp_path_factory.mktemp("loaded"))
    assert desk.load().exit_code == CODES["DONE"]
    return desk


def lines(result: Result) -> list[str]:
    return result.stdout.splitlines()


# What the commands are called


OPTIONS = {
    "aas": set(),
    "demo": {"--folder"},
    "derive": {"--list", "--store", "--json"},
    "draft": {"--output", "--force", "--json"},
    "explain": {"--all", "--store", "--json"},
    "export": set(),
    "influences": {
        "--of",
        "--on",
        "--what",
        "--all",
        "--rows",
        "--what-if",
        "--keep",
        "--models",
        "--picture",
        "--store",
        "--json",
    },
    "info": {"--store", "--json", "--files", "--columns"},
    "init": {"--store", "--json", "--base"},
    "load": {"--store", "--json", "--mapping", "--dry-run", "--under", "--watch", "--every"},
    "ontology": set(),
    "opcua": set(),
    "passport": {
        "--list",
        "--check",
        "--profile",
        "--date",
        "--why",
        "--audience",
        "--format",
        "--recycler",
        "--sign",
        "--output",
        "--trust",
        "--all",
        "--store",
        "--json",
    },
    "query": {"--store", "--json", "--param", "--format", "--list", "--labels", "--explain"},
    "resolve": {"--json", "--name", "--sheet", "--alone"},
    "series": set(),
    "serve": {
        "--store",
        "--host",
        "--port",
        "--public-read",
        "--readers",
        "--time-limit",
        "--memory",
        "--rate",
    },
    "terms": {"--json", "--limit"},
    "trace": {"--store", "--json", "--up", "--down", "--format", "--depth", "--cells"},
    "validate": {"--store", "--json", "--limit", "--engine", "--explain-engine", "--profile"},
}


def test_every_verb_is_spoken_of_here() -> None:
    assert set(OPTIONS) == set(COMMANDS)


@pytest.mark.parametrize("verb", sorted(OPTIONS))
def test_a_verb_has_its_options(verb: str) -> None:
    result = kg(verb, "--help")

    assert result.exit_code == 0
    assert {option for option in OPTIONS[verb] if option not in result.stdout} == set()


def test_the_help_names_all_verbs_and_what_exit_codes_mean() -> None:
    text = kg("--help").stdout

    assert [verb for verb in COMMANDS if f"\n  {verb} " not in text] == []
    assert "0 done; 1 done, with findings or rows set aside; 2 nothing usable" in " ".join(text.split())


@pytest.mark.parametrize(
    "words", [["lode"], ["load"], ["trace"], ["query", "x", "--format", "xml"], ["terms"]]
)
def test_a_command_that_is_mistyped_ends_with_2(words: list[str]) -> None:
    result = kg(*words)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "Usage:" in result.stderr


# init


def test_init_makes_a_store_with_its_base(desk: Desk) -> None:
    result = kg("init", "--store", desk.store, "--base", "https://plant.example/id/", "--json")

    assert result.exit_code == 0
    assert json.loads(result.stdout) == {"store": str(desk.store), "base": "https://plant.example/id/"}
    assert (
        json.loads(kg("info", "--store", desk.store, "--json").stdout)["base"] == "https://plant.example/id/"
    )


def test_the_store_is_the_one_that_kg_store_names(desk: Desk) -> None:
    env: dict[str, str | None] = {"KG_STORE": str(desk.store)}

    assert kg("init", env=env).exit_code == 0
    assert kg("info", env=env).exit_code == 0
    assert kg("info", "--store", desk.folder / "other", env=env).exit_code == 2


def test_without_a_word_the_store_is_in_the_working_folder(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(desk.folder)

    assert kg("init").exit_code == 0
    assert (desk.folder / "kg-store" / "store.toml").is_file()


@pytest.mark.parametrize(
    ("base", "said"),
    [
        ("plant", "'plant' is not an IRI"),
        ("https://plant.example/a b/", "is not an IRI"),
        ("https://plant.example/id", "must end in '/' or '#'"),
    ],
)
def test_a_base_that_cannot_be_one_is_refused(desk: Desk, base: str, said: str) -> None:
    result = kg("init", "--store", desk.store, "--base", base)

    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr and "Example: https://example.org/line/" in result.stderr
    assert not desk.store.exists()


def test_a_folder_with_other_things_in_it_becomes_no_store(desk: Desk) -> None:
    (desk.store / "photos").mkdir(parents=True)

    for result in (kg("init", "--store", desk.store), desk.load()):
        assert (result.exit_code, result.stdout) == (2, "")
        assert "this is not an empty folder. Give another --store." in result.stderr
    assert [path.name for path in desk.store.iterdir()] == ["photos"]


def test_a_store_is_not_made_twice(loaded: Desk) -> None:
    before = loaded.state()

    result = kg("init", "--store", loaded.store)

    assert (result.exit_code, result.stdout) == (2, "")
    assert f"there is a store already. 'kg info --store {loaded.store}' says what is in it." in result.stderr
    assert loaded.state() == before


# A store that is not there, or is another's


READERS = (["info"], ["validate"], ["query", "runs_by_step"], ["trace", "K1"])


@pytest.mark.parametrize("words", READERS, ids=lambda words: words[0])
def test_a_store_that_is_not_there_is_told_with_the_way_out(desk: Desk, words: list[str]) -> None:
    result = kg(*words, "--store", desk.store)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"kg: {desk.store}: there is no store. Make one with: kg init --store {desk.store}\n"
    )
    assert not desk.store.exists()


def test_a_store_of_another_layout_is_left_alone(desk: Desk) -> None:
    kg("init", "--store", desk.store)
    settings = desk.store / "store.toml"
    text = settings.read_text(encoding="utf-8").replace(f"layout = {LAYOUT}", "layout = 99")
    settings.write_text(text, encoding="utf-8")
    before = desk.state()

    for result in (desk.load(), *(kg(*words, "--store", desk.store) for words in READERS)):
        assert (result.exit_code, result.stdout) == (2, "")
        assert f"layout 99 of another version; this is {LAYOUT}." in result.stderr
    assert desk.state() == before


# load


def test_a_load_without_findings_ends_with_0(desk: Desk) -> None:
    result = desk.load()

    assert (result.exit_code, result.stderr) == (0, "")
    assert lines(result) == [
        f"Made a store in {desk.store}, base https://example.org/line/",
        "Files: 1 loaded.",
        "  kal.csv: loaded, 2 of 2 rows (kal.yaml)",
    ]


def test_a_file_that_is_unchanged_ends_with_0(desk: Desk) -> None:
    desk.load()

    result = desk.load()

    assert result.exit_code == 0
    assert lines(result)[0] == "Files: 1 unchanged."


def test_a_load_that_sets_rows_aside_ends_with_1_and_says_where_they_are(desk: Desk) -> None:
    result = desk.load(BAD_ROW)

    assert result.exit_code == 1
    assert (
        "kal.csv:3 column 'Last': this is not a decimal with ',' as decimal sign. Found: 'x'."
        in result.stdout
    )
    aside = desk.store / "set-aside" / "kal.set-aside.csv"
    assert lines(result)[-1].strip() == str(aside) and aside.is_file()


def test_a_load_ends_with_1_again_while_rows_are_set_aside(desk: Desk) -> None:
    desk.load(BAD_ROW)

    assert desk.load(BAD_ROW).exit_code == 1


def test_a_file_that_fails_beside_one_that_loads_ends_with_1(desk: Desk) -> None:
    result = kg(
        "load",
        desk.file(GOOD),
        desk.file(ALL_BAD, "kal-2.csv"),
        "--mapping",
        desk.mapping,
        "--store",
        desk.store,
    )

    assert result.exit_code == 1
    assert "Files: 1 loaded, 1 failed." in result.stdout


def test_a_load_of_nothing_usable_ends_with_2_and_makes_no_store(desk: Desk) -> None:
    result = desk.load(ALL_BAD)

    assert result.exit_code == 2
    assert lines(result)[-1] == "Nothing was loaded; the store is as it was."
    assert not desk.store.exists()


def test_a_load_of_nothing_usable_leaves_a_store_as_it_was(desk: Desk) -> None:
    desk.load()
    before = desk.state()

    assert desk.load(ALL_BAD).exit_code == 2
    assert kg("load", desk.folder / "none.csv", "--store", desk.store).exit_code == 2
    assert desk.state() == before


def test_a_mapping_with_faults_ends_with_2_and_tells_them_all(desk: Desk) -> None:
    desk.mapping.write_text(
        CALENDERING.replace("LineLoad", "LinLoad").replace("unit: um", "unit: umm"), encoding="utf-8"
    )

    result = desk.load()

    assert (result.exit_code, result.stdout) == (2, "")
    assert "kal.yaml:11: no term is called 'LinLoad'. Near: 'LineLoad'." in result.stderr
    assert "kal.yaml:12: no unit is written 'umm'." in result.stderr
    assert not desk.store.exists()


@pytest.mark.parametrize(("text", "code"), [(GOOD, 0), (BAD_ROW, 1), (ALL_BAD, 2)])
def test_a_dry_run_ends_as_the_load_would_and_stores_nothing(desk: Desk, text: str, code: int) -> None:
    result = desk.load(text, "--dry-run")

    assert result.exit_code == code
    assert lines(result)[-1] == "This was a dry run: nothing was stored."
    assert not desk.store.exists()


def test_a_load_tells_machines_what_became_of_each_file(desk: Desk) -> None:
    result = desk.load(BAD_ROW, "--json")

    answer = json.loads(result.stdout)
    assert set(answer) == {"exit_code", "dry_run", "files"}
    assert (answer["exit_code"], answer["dry_run"]) == (result.exit_code, False) == (1, False)
    (file,) = answer["files"]
    (finding,) = file.pop("findings")
    assert file.pop("triples") > 0
    assert file.pop("proposals") == []
    assert file == {
        "file": "kal.csv",
        "path": str(desk.folder / "kal.csv"),
        "outcome": "loaded",
        "reason": "",
        "mapping": "kal.yaml",
        "read": 2,
        "loaded": 1,
        "set_aside": 1,
        "set_aside_file": str(desk.store / "set-aside" / "kal.set-aside.csv"),
    }
    assert finding == {
        "file": "kal.csv",
        "row": "3",
        "column": "Last",
        "value": "x",
        "rule": "number",
        "severity": "Violation",
        "message": "this is not a decimal with ',' as decimal sign.",
        "subject": "",
    }


def test_a_fault_is_told_on_standard_error_also_to_machines(desk: Desk) -> None:
    result = kg("load", desk.folder / "none.csv", "--store", desk.store, "--json")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"kg: {desk.folder / 'none.csv'}: there is no such file or folder.\n"


# validate


def test_validate_without_findings_ends_with_0(desk: Desk) -> None:
    kg("init", "--store", desk.store)

    result = kg("validate", "--store", desk.store)

    assert (result.exit_code, result.stdout) == (0, "No findings.\n")
    assert json.loads(kg("validate", "--store", desk.store, "--json").stdout) == {
        "exit_code": 0,
        "findings": [],
    }


def test_validate_with_findings_ends_with_1(loaded: Desk) -> None:
    result = kg("validate", "--store", loaded.store)
    machine = kg("validate", "--store", loaded.store, "--json")

    answer = json.loads(machine.stdout)
    assert result.exit_code == machine.exit_code == answer["exit_code"] == 1
    assert f"{len(answer['findings'])} findings: " in result.stdout
    keys = {"file", "row", "column", "value", "rule", "severity", "message", "subject"}
    assert {frozenset(finding) for finding in answer["findings"]} == {frozenset(keys)}


def test_validate_shows_as_many_examples_as_asked(loaded: Desk) -> None:
    few = lines(kg("validate", "--store", loaded.store, "--limit", "1"))
    all_ = lines(kg("validate", "--store", loaded.store, "--limit", "0"))

    assert any("more; all of them: --json" in line for line in few)
    assert not any("more; all of them" in line for line in all_)


# query


EXPECTED = [["run", "number"], ["https://example.org/line/run/calendering/1", "a"]]


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_a_query_may_be_sparql_a_file_or_standard_input(loaded: Desk, tmp_path: Path) -> None:
    file = tmp_path / "asked.rq"
    file.write_text(QUERY, encoding="utf-8")
    options = ("--format", "csv", "--store", loaded.store)

    answers = [
        kg("query", QUERY, *options),
        kg("query", file, *options),
        kg("query", "-", *options, input=QUERY),
        kg("query", *options, input=QUERY),
    ]

    assert [answer.exit_code for answer in answers] == [0] * 4
    assert [rows(answer.stdout) for answer in answers] == [EXPECTED] * 4


def test_a_query_of_the_library_takes_parameters(loaded: Desk) -> None:
    options = ("--format", "csv", "--store", loaded.store)
    answer = kg("query", "properties_of_thing", "-p", "thing=K1", *options)
    other = kg("query", "properties_of_thing", "-p", "thing=web/K2", *options)

    assert answer.exit_code == other.exit_code == 0
    assert any("57.5" in row for row in rows(answer.stdout))
    assert len(rows(other.stdout)) == 1


def test_the_library_is_told_to_people_and_machines() -> None:
    told = json.loads(kg("query", "--list", "--json").stdout)

    assert set(told[0]) == {
        "name", "summary", "question", "users", "modules", "params", "columns", "example", "fast",
    }  # fmt: skip
    shown = kg("query", "--list").stdout
    assert [query["name"] for query in told if f"{query['name']}\n" not in shown] == []


def test_a_table_for_people_has_labels_and_names(loaded: Desk) -> None:
    result = kg(
        "query", FOREIGN.replace("{ ?s", "{ <run/calendering/1> a ?type . ?s"), "--store", loaded.store
    )

    assert "FabricatedElectrodeCalendering" in result.stdout and "https:" not in result.stdout
    assert lines(result)[-1] == "1 row"


def test_json_is_that_of_sparql(loaded: Desk) -> None:
    for options in (("--json",), ("--format", "json")):
        answer = json.loads(kg("query", QUERY, *options, "--store", loaded.store).stdout)

        assert answer["head"] == {"vars": ["run", "number"]}
        assert answer["results"]["bindings"] == [
            {"run": {"type": "uri", "value": EXPECTED[1][0]}, "number": {"type": "literal", "value": "a"}}
        ]


TERMS = """SELECT ?iri ?text ?said ?number ?none ?blank {
  BIND(<https://x.example/ä> AS ?iri) BIND("a,\\"b\\"\\r\\nc" AS ?text) BIND("ja"@de AS ?said)
  BIND(1.50 AS ?number) BIND(BNODE() AS ?blank)
}"""


def test_every_kind_of_term_is_written_as_sparql_says(loaded: Desk) -> None:
    table = kg("query", TERMS, "--format", "csv", "--store", loaded.store)
    (row,) = json.loads(kg("query", TERMS, "--json", "--store", loaded.store).stdout)["results"]["bindings"]

    with io.StringIO(table.stdout, newline="") as text:
        header, (iri, quoted, said, number, none, blank) = csv.reader(text)
    assert header == ["iri", "text", "said", "number", "none", "blank"]
    assert (iri, said, number, none) == ("https://x.example/ä", "ja", "1.5", "")
    assert "".join(quoted.split()) == 'a,"b"c' and blank.startswith("_:")
    assert row["said"] == {"type": "literal", "value": "ja", "xml:lang": "de"}
    assert row["number"]["datatype"] == PREFIXES["xsd"] + "decimal"
    assert row["blank"]["type"] == "bnode" and "none" not in row


def test_a_question_of_yes_or_no_is_answered_so(loaded: Desk) -> None:
    ask = "ASK { ?s rdfs:comment 'a' }"

    assert kg("query", ask, "--store", loaded.store).stdout == "true\n"
    assert json.loads(kg("query", ask, "--json", "--store", loaded.store).stdout)["boolean"] is True


def test_a_construct_gives_rdf(loaded: Desk) -> None:
    construct = "CONSTRUCT { ?s rdfs:comment ?c } { GRAPH <file/kal.csv> { ?s rdfs:comment ?c } }"
    triple = {
        ox.Triple(ox.NamedNode(EXPECTED[1][0]), ox.NamedNode(PREFIXES["rdfs"] + "comment"), ox.Literal("a"))
    }

    for form, format_ in (("table", "TURTLE"), ("csv", "N_TRIPLES"), ("json", "JSON_LD")):
        text = kg("query", construct, "--format", form, "--store", loaded.store).stdout
        found = ox.parse(text.encode(), format=getattr(ox.RdfFormat, format_))
        assert {quad.triple for quad in found} == triple


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["machine_run"], "no query is called 'machine_run'. Near: 'machine_runs'"),
        (["none.rq"], "none.rq: there is no such file."),
        (["-"], "standard input holds no query."),
        (["SELECT * {"], "this is not SPARQL"),
        (["SELECT ?s { ?s a term:LinLoad }"], "no term is called 'LinLoad'. Near: 'LineLoad'"),
        (["SELECT ?s { ?s a term:Binder }"], "'Binder'"),
        (["machine_runs", "-p", "x"], "'x' is not NAME=VALUE."),
        (["cells_of_material_lot", "-p", "lott=1"], "has no parameter 'lott'. Parameters: 'lot'."),
        (["DELETE WHERE { ?s ?p ?o }"], "this is not SPARQL"),
    ],
    ids=lambda value: value[0][:20] if isinstance(value, list) else "",
)
def test_a_question_that_cannot_be_asked_ends_with_2(loaded: Desk, words: list[str], said: str) -> None:
    result = kg("query", *words, "--store", loaded.store, input="")

    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


# --explain


def foreign_engines(
    text: str, triples: list[ox.Triple]
) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Return the rows that pyoxigraph and rdflib give to a query without the prefixes of the project."""
    store = ox.Store()
    store.extend(ox.Quad(triple.subject, triple.predicate, triple.object) for triple in triples)
    solutions = store.query(text)
    assert isinstance(solutions, ox.QuerySolutions)
    one = sorted(tuple(term.value for term in solution) for solution in solutions)
    graph = rdflib.Graph(bind_namespaces="none")
    graph.parse(data=ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES), format="nt")
    two = sorted(tuple(map(str, row)) for row in graph.query(text))  # type: ignore[arg-type]
    return one, two


def exported(desk: Desk) -> list[ox.Triple]:
    text = kg(
        "query",
        "CONSTRUCT { ?s ?p ?o } { GRAPH <file/kal.csv> { ?s ?p ?o } }",
        "--format",
        "csv",
        "--store",
        desk.store,
    ).stdout
    return [quad.triple for quad in ox.parse(text.encode(), format=ox.RdfFormat.N_TRIPLES)]


def test_explained_query_runs_in_other_engines(loaded: Desk, tmp_path: Path) -> None:
    asked = tmp_path / "load.rq"
    asked.write_text(
        f"PREFIX rdfs: <{PREFIXES['rdfs']}>\n#+ summary: Loads\n#+ question: Which?\n{QUERY}",
        encoding="utf-8",
    )
    text = kg("query", "--explain", asked, "--store", loaded.store).stdout

    assert "term:" not in text
    one, two = foreign_engines(text, exported(loaded))
    assert one == two == [tuple(EXPECTED[1])]


def test_explained_query_declares_what_only_the_store_declares(loaded: Desk) -> None:
    asked = QUERY.replace("?run a", "VALUES ?run { <run/calendering/1> } ?run a")
    text = kg("query", "--explain", asked, "--store", loaded.store).stdout

    one, two = foreign_engines(text, exported(loaded))
    assert one == two == [tuple(EXPECTED[1])]


def test_explain_does_not_run_the_query(loaded: Desk) -> None:
    result = kg("query", "--explain", "cells_of_material_lot", "-p", "lot=K1", "--store", loaded.store)

    assert result.exit_code == 0
    assert "VALUES ?lot { <https://example.org/line/web/K1> }" in result.stdout


# trace, terms, info


def test_trace_goes_up_unless_told_otherwise(loaded: Desk) -> None:
    plain, up, down = (
        kg("trace", "K1", *way, "--store", loaded.store).stdout for way in ([], ["--up"], ["--down"])
    )

    assert plain == up
    assert "run/calendering/1" in up and "LineLoad 210.5 N/mm" in up
    assert (
        lines(kg("trace", "K1", "--down", "--store", loaded.store))[-1] == "No run in the store is after it."
    )
    assert "run/calendering" not in down


def test_trace_of_an_unknown_name_ends_with_2(loaded: Desk) -> None:
    result = kg("trace", "K11", "--store", loaded.store)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("kg: nothing in the store is called 'K11'. Near: 'K1'")


def test_terms_finds_a_german_word() -> None:
    result = kg("terms", "Linienlast", "--json")

    answer = json.loads(result.stdout)
    assert result.exit_code == 0 and set(answer) == {"exact", "hits"}
    assert answer["exact"]["label"] == "LineLoad" and answer["exact"]["unit"]
    keys = {"iri", "label", "kind", "source", "meaning", "alt", "german", "hidden", "examples", "parents"}
    keys |= {"unit", "dimension", "close", "sources", "deprecated", "replaced_by"}
    page = {"below", "mapped", "shaped", "queried", "stated", "used"}
    assert set(answer["exact"]) == keys | page
    assert {frozenset(hit) for hit in answer["hits"]} == {frozenset(keys | {"score", "reason"})}


def test_terms_shows_at_most_as_many_as_asked() -> None:
    assert len(json.loads(kg("terms", "coating", "--limit", "2", "--json").stdout)["hits"]) == 2


def test_terms_of_a_word_that_nobody_knows_ends_with_2() -> None:
    result = kg("terms", "xyzzyqq")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("kg: no term is called 'xyzzyqq'.")


def test_terms_needs_no_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert kg("terms", "LineLoad").exit_code == 0
    assert list(tmp_path.iterdir()) == []


def test_info_accounts_for_files_and_columns(loaded: Desk) -> None:
    answer = json.loads(kg("info", "--store", loaded.store, "--json").stdout)

    assert {"store", "base", "triples", "graphs", "vocabulary", "files", "account"} <= set(answer)
    (file,) = answer["files"]
    assert (file["name"], file["outcome"], file["read"], file["loaded"]) == ("kal.csv", "loaded", 2, 2)
    assert {
        item["name"]: (item["outcome"], item["count"]) for item in answer["account"] if item["count"]
    } == {
        "Nr": ("mapped", 2),
        "Rolle": ("mapped", 2),
        "Last": ("mapped", 2),
        "Dicke": ("mapped", 1),
        "Text": ("mapped", 1),
    }


# Processes and pipes


def test_a_pipe_gets_results_and_nothing_else(desk: Desk) -> None:
    load = kg_process("load", desk.file(GOOD), "--mapping", desk.mapping, "--store", desk.store, "--json")
    query = kg_process("query", QUERY, "--format", "csv", "--store", desk.store)

    assert (load.returncode, load.stderr) == (0, "")
    assert json.loads(load.stdout)["exit_code"] == 0
    assert (query.returncode, query.stderr) == (0, "")
    assert rows(query.stdout) == EXPECTED


def test_a_pipe_gets_lines_as_long_as_they_are(desk: Desk) -> None:
    desk.load("Nr;Rolle;Last;Text\n1;K1;210;" + "lang " * 60 + "\n")
    table = kg_process("query", QUERY, "--store", desk.store)

    assert table.returncode == 0
    assert ("lang " * 60).strip() in table.stdout


def test_a_pipe_that_closes_early_is_no_error(loaded: Desk) -> None:
    command = [sys.executable, "-m", "kg", "query", "SELECT ?s ?p ?o { ?s ?p ?o } LIMIT 5000"]
    options = ["--format", "csv", "--store", str(loaded.store)]
    root = Path(__file__).parents[1]
    with subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=root
    ) as process:
        assert process.stdout and process.stderr
        assert process.stdout.readline() == b"s,p,o\r\n"
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@contextmanager
def writer(store: Path) -> Iterator[None]:
    """Hold a store open for writing in another process."""
    program = (
        "import sys; from pathlib import Path; from kg.store import Store\n"
        "store = Store.open(Path(sys.argv[1]), write=True)\n"
        "print('open', flush=True); sys.stdin.read()"
    )
    root = Path(__file__).parents[1]
    with subprocess.Popen(
        [sys.executable, "-c", program, str(store)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root
    ) as process:
        assert process.stdin and process.stdout
        assert process.stdout.readline() == b"open\n"
        yield
        process.stdin.close()
    assert process.returncode == 0


def test_while_one_process_writes_another_reads_and_a_third_must_wait(desk: Desk) -> None:
    desk.load()
    with writer(desk.store):
        read = kg("query", QUERY, "--format", "csv", "--store", desk.store)
        waiting = kg_process("load", desk.file(BAD_ROW), "--mapping", desk.mapping, "--store", desk.store)
    after = desk.load(BAD_ROW)

    assert rows(read.stdout) == EXPECTED
    assert (waiting.returncode, waiting.stdout) == (2, "")
    assert waiting.stderr == (
        f"kg: {desk.store}: another process is writing to this store. Try again later.\n"
    )
    assert after.exit_code == 1


SLIPPED = "Nr;Rolle;Last\n" + "".join(f"{n};K{n};{200 + n},5\n" for n in range(1, 13)) + "13;K13;2105\n"


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_slip_is_asked_about_below_the_findings_and_the_row_loads(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    result = Desk(tmp_path).load(SLIPPED, *options)
    asked = "kal.csv:14 column 'Last': 2,105 N/mm where 207.5 N/mm is usual in this column"

    assert "13 of 13 rows" in result.output
    assert "Is this meant? Nothing of it was changed:" in result.output
    assert f"{asked} and 5 to 1,000 N/mm plausible: factor 10: decimal sign?" in result.output


def test_slips_are_told_to_machines_beside_the_findings(tmp_path: Path) -> None:
    (file,) = json.loads(Desk(tmp_path).load(SLIPPED, "--json").output)["files"]

    assert [(each["row"], each["rule"], each["value"]) for each in file["proposals"]] == [
        ("14", "slip-decimal", "2105")
    ]


def test_dry_run_shows_three_examples_of_a_rule_and_json_shows_all(tmp_path: Path) -> None:
    text = "Nr;Rolle;Last\n" + "".join(f"{n};K{n};x{n}\n" for n in range(1, 9))
    shown = Desk(tmp_path).load(text, "--dry-run")
    told = json.loads(Desk(tmp_path).load(text, "--dry-run", "--json").output)

    assert "violation number: 8 findings" in shown.output
    assert shown.output.count("this is not a decimal") == 3
    assert "... and 5 more; all of them: --json" in shown.output
    assert len(told["files"][0]["findings"]) == 8


@pytest.mark.parametrize(
    ("options", "expected"),
    [(("--dry-run",), "does not go with --dry-run"), (("other",), "Start it once for each folder")],
)
def test_watch_is_for_one_folder_and_for_real(
    tmp_path: Path, options: tuple[str, ...], expected: str
) -> None:
    result = kg("load", "--watch", tmp_path, *options, "--store", tmp_path / "store")

    assert (result.exit_code, expected in result.output) == (2, True)


def test_mapping_with_columns_to_do_is_refused_as_a_whole(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.mapping.write_text(f"{CALENDERING}todo:\n  Neu: {{text: comment}}\n  Alt:\n", encoding="utf-8")
    result = desk.load()

    assert result.exit_code == 2
    assert "kal.yaml:16: 'Neu' is still to do. Move its line to 'columns'" in result.output
    assert "kal.yaml:17: 'Alt' is still to do." in result.output
    assert not desk.store.exists()
