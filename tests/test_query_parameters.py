"""Claims about the parameters of queries: what people type never becomes SPARQL."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pandas as pd
import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg import queries
from kg.errors import FaultsError, KgError
from kg.graph import Graph
from kg.iri import DEFAULT_BASE
from kg.store import Store
from tests.asking import asked

ECHO = """#+ summary: Echo
#+ question: What was asked?
#+ params:
#+   text: {help: a text}
#+   thing: {help: a thing}
#+ columns:
#+   said: {help: the text}
#+   named: {help: the thing}
SELECT ?said ?named WHERE {
  VALUES ?text { "nothing" }
  VALUES ?thing { <https://example.org/line/cell/0> }
  BIND(?text AS ?said)
  BIND(?thing AS ?named)
}
"""

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    yield Graph(Store.create(tmp_path_factory.mktemp("empty") / "store"))


@given(text=TEXTS)
@settings(max_examples=200, deadline=None)
def test_any_text_survives_bind_query_and_result(empty: Graph, text: str) -> None:
    answer = asked(empty, ECHO, text=ox.Literal(text))

    assert [row[0] for row in answer.rows] == [ox.Literal(text)]
    assert answer.as_frame()["said"].tolist() == [text]
    assert json.loads(answer.as_json())["results"]["bindings"][0]["said"]["value"] == text


@given(text=TEXTS.filter(lambda text: "://" not in text and not text.startswith(("term:", "urn:"))))
@settings(max_examples=200, deadline=None)
def test_a_name_that_nothing_has_is_refused_and_never_an_empty_answer(empty: Graph, text: str) -> None:
    with pytest.raises(KgError, match="nothing in the store is called"):
        empty.ask(ECHO, thing=text)


def test_a_thing_may_be_named_by_its_identifier(line: Graph) -> None:
    answer = asked(line, ECHO, thing="PC-0001")

    assert answer.rows[0][1] == ox.NamedNode(f"{DEFAULT_BASE}cell/PC-0001")


def test_names_stand_beside_iris_where_they_are_asked_for(line: Graph) -> None:
    query = "SELECT ?run ?class ?none WHERE { ?run a term:FabricatedElectrodeCalendering, ?class } LIMIT 1"
    frame = line.query(query, labels=True)

    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == ["run", "runLabel", "class", "classLabel", "none"]
    assert frame["classLabel"][0] == "FabricatedElectrodeCalendering"
    assert frame["run"][0] == line.base + frame["runLabel"][0]


ATTACKS = [
    '" } UNION { ?s ?p ?o } #',
    "x> } UNION { ?said ?p ?named } #",
    'nothing" }\n  ?said ?p ?named . VALUES ?x { "',
    "\\",
    '\\"',
    "}\nDROP ALL",
    "$text ?text",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_injection_stays_a_value(line: Graph, attack: str) -> None:
    as_text = asked(line, ECHO, text=ox.Literal(attack))

    assert [row[0] for row in as_text.rows] == [ox.Literal(attack)]
    with pytest.raises(KgError, match="nothing in the store is called"):
        line.ask(ECHO, thing=attack)


def test_value_that_looks_like_another_parameter_stays_a_value(empty: Graph) -> None:
    text = "VALUES ?thing { <https://example.org/x> }"
    answer = asked(empty, ECHO, text=ox.Literal(text), thing=ox.NamedNode(DEFAULT_BASE + "cell/1"))

    assert answer.rows == [(ox.Literal(text), ox.NamedNode(DEFAULT_BASE + "cell/1"))]


@pytest.mark.parametrize("iri", ["https://example.org/a b", "https://x/> } #", "urn:a:<b>"])
def test_text_that_is_no_iri_is_refused(empty: Graph, iri: str) -> None:
    with pytest.raises((KgError, ValueError)):
        empty.ask(ECHO, thing=iri)


@pytest.mark.parametrize("number", ["1 } #", "1e999x", "abc", ""])
def test_text_that_is_no_number_is_refused(line: Graph, number: str) -> None:
    with pytest.raises(KgError, match="is not a number"):
        line.ask("cells_out_of_tolerance", lower=number)


def test_unknown_parameter_is_refused_with_those_that_exist(line: Graph) -> None:
    with pytest.raises(KgError, match="has no parameter 'lots'"):
        line.ask("cells_of_material_lot", lots="x")


def test_unknown_query_is_refused_with_near_ones(line: Graph) -> None:
    with pytest.raises(KgError, match="cells_of_material_lot"):
        line.ask("cells_of_material_lots")


def test_parameter_without_its_line_is_refused() -> None:
    with pytest.raises(FaultsError, match="needs a line"):
        queries.parse("x", "#+ summary: s\n#+ question: q\n#+ params: {a: {help: h}}\nASK {}")


def test_unknown_key_of_the_front_matter_is_refused() -> None:
    with pytest.raises(FaultsError, match="colums"):
        queries.parse("x", "#+ summary: s\n#+ question: q\n#+ colums: {}\nASK {}")


def test_parameter_with_two_defaults_is_refused() -> None:
    lines = "VALUES ?a { 1 } { SELECT * WHERE { VALUES ?a { 2 } } }"
    with pytest.raises(FaultsError, match="the same default"):
        queries.parse("x", "#+ summary: s\n#+ question: q\n#+ params: {a: {help: h}}\nASK {" + lines + "}")


def test_parameter_that_comes_again_in_a_sub_select_is_bound_there_too() -> None:
    lines = "VALUES ?a { 1 } { SELECT * WHERE { VALUES ?a { 1 } } }"
    text = "#+ summary: s\n#+ question: q\n#+ params: {a: {help: h}}\nASK {" + lines + "}"
    bound = queries.parse("x", text).bind({"a": ox.Literal("x")})

    assert bound.count('VALUES ?a { "x" }') == 2
