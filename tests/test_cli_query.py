"""`kg query`: what may be asked, the forms of an answer, and the query that other engines run."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyoxigraph as ox
import pytest
import rdflib

from kg.namespaces import PREFIXES
from tests.desk import EXPECTED, FOREIGN, QUERY, Desk, kg, lines, rows


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
