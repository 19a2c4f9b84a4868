"""The commands: their options, what they print, how they end, and what they leave alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kg.cli import COMMANDS
from kg.store import LAYOUT
from tests.desk import BAD_ROW, EXPECTED, GOOD, QUERY, Desk, kg, kg_process, lines, rows

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
