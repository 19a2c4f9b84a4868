"""Claims about the query library: what it says of itself, and what it answers on the sample line.

`KG_RECORD=1 pytest tests/test_queries.py` writes the golden answers anew; read what changed.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyoxigraph as ox
import pytest
import rdflib
from hypothesis import given, settings
from hypothesis import strategies as st

from kg import queries
from kg.answers import Answer
from kg.errors import FaultsError, KgError
from kg.graph import Graph
from kg.graph import open as open_graph
from kg.iri import DEFAULT_BASE
from kg.load import Loader
from kg.namespaces import PREFIXES
from kg.store import CATALOGUE_GRAPH, VOCABULARY_GRAPH, Store
from kg.terms import vocabulary

HERE = Path(__file__).parent
PLANT, GOLDEN = HERE / "plant", HERE / "queries"
NAMES = list(queries.library())
USERS = {"analyst", "data steward", "recycler", "model developer"}

FEWEST = 23
"""Queries that the library has at least."""

EMPTY = {
    "cells_of_drying_run": "its default is a run of the kiprobatt line",
    "files_mentioned_but_missing": "no record of the sample line names a file",
    "values_that_differ": "no two files of the sample line state one value",
    "wet_cell_mass_doubtful": "the balance of the sample line is sound",
}
"""Queries whose golden answer has no rows, and why."""

VOLATILE = {"files_loaded": {"at"}}
"""Columns that differ from load to load."""

IRI = r"<[^<>\s]*>"
OPAQUE = re.compile(r"[0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12}")


def texts_of(name: str) -> str:
    return queries.library()[name].read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def line_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("line") / "store"
    Loader(path).load([PLANT])
    return path


@pytest.fixture(scope="session")
def line(line_store: Path) -> Graph:
    return open_graph(line_store)


def asked(graph: Graph, query: str, **params: object) -> Answer:
    answer = graph.ask(query, **params)
    assert isinstance(answer, Answer)
    return answer


def frame(graph: Graph, query: str, **params: object) -> pd.DataFrame:
    """Return an answer as a data frame, IRIs below the base by their last part."""
    found = asked(graph, query, **params).as_frame()
    for column in found.columns:
        if found[column].dtype == object or pd.api.types.is_string_dtype(found[column]):
            found[column] = [
                text.rsplit("/", 1)[-1] if isinstance(text, str) and text.startswith(DEFAULT_BASE) else text
                for text in found[column]
            ]
    return found


def rounded(text: str) -> str:
    try:
        return f"{float(text):.9g}"
    except ValueError:
        return text


def comparable(name: str, text: str) -> list[tuple[str, ...]]:
    """Return SPARQL CSV as sorted rows, header first, numbers of 9 significant digits."""
    header, *rows = csv.reader(io.StringIO(text))
    keep = [i for i, column in enumerate(header) if column not in VOLATILE.get(name, set())]
    return [tuple(header[i] for i in keep), *sorted(tuple(rounded(row[i]) for i in keep) for row in rows)]


def without_volatile(name: str, text: str) -> str:
    header, *rows = csv.reader(io.StringIO(text))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    gone = [i for i, column in enumerate(header) if column in VOLATILE.get(name, set())]
    writer.writerows([header, *([("" if i in gone else cell) for i, cell in enumerate(row)] for row in rows)])
    return out.getvalue()


# What the library says of itself


def test_the_library_is_as_large_as_it_should_be() -> None:
    assert len(NAMES) >= FEWEST


@pytest.mark.parametrize("name", NAMES)
def test_query_says_what_it_is_for(name: str) -> None:
    about = queries.read(name).about

    assert about.summary and not about.summary.endswith(".")
    assert about.question.endswith("?")
    assert about.users and set(about.users) <= USERS
    assert about.example.startswith(f"kg query {name}")


@pytest.mark.parametrize("name", NAMES)
def test_query_has_a_golden_answer(name: str) -> None:
    header, *rows = csv.reader((GOLDEN / f"{name}.csv").read_text(encoding="utf-8").splitlines())

    assert header == list(queries.read(name).about.columns)
    assert bool(rows) == (name not in EMPTY)


def test_every_golden_answer_has_its_query() -> None:
    assert sorted(path.stem for path in GOLDEN.glob("*.csv")) == NAMES


def test_every_user_is_served_by_several_queries() -> None:
    served = [user for name in NAMES for user in queries.read(name).about.users]

    assert min(served.count(user) for user in USERS) >= 4


@pytest.mark.parametrize("name", NAMES)
def test_query_is_sparql_without_the_prefixes_of_the_store(name: str) -> None:
    ox.Store().query(queries.read(name).text)


@pytest.mark.parametrize("name", NAMES)
def test_prefixes_are_those_of_the_project_or_labels_of_terms(name: str) -> None:
    declared = re.findall(r"^PREFIX (\S*): <([^<>]*)>$", texts_of(name), re.M)
    terms = {label: iri for label, iri in declared if label not in PREFIXES}

    assert {label: PREFIXES.get(label, iri) for label, iri in declared} == dict(declared)
    assert {label: vocabulary().term(iri).label for label, iri in terms.items()} == {
        label: label for label in terms
    }


@pytest.mark.parametrize("name", NAMES)
def test_opaque_iris_are_followed_by_their_labels(name: str) -> None:
    """Either in the comment at the end of the line, or once in the file as `label 1a2b3c4d`."""
    text = texts_of(name)
    listed = {code: label for label, code in re.findall(r"\b(\w+) ([0-9a-f]{8})\b", text)}
    by_code = {
        match[0].replace("-", "_"): term for term in vocabulary() if (match := OPAQUE.search(term.iri))
    }
    wrong = []
    for line in text.splitlines():
        if line.startswith(("PREFIX", "#+")) or "example.org" in line:
            continue
        for match in OPAQUE.finditer(line):
            label = by_code[match[0].replace("-", "_")].label
            if listed.get(match[0][:8]) != label and label not in re.split(
                r"[, ]+", line.rpartition("# ")[2]
            ):
                wrong.append((line, label))

    assert wrong == []


# What it answers


@pytest.mark.parametrize("name", NAMES)
def test_answer_on_the_sample_line_is_the_golden_one(name: str, line: Graph) -> None:
    answer = asked(line, name)
    path = GOLDEN / f"{name}.csv"
    if os.environ.get("KG_RECORD"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(without_volatile(name, answer.as_csv().replace("\r\n", "\n")), encoding="utf-8")

    assert answer.columns == list(queries.read(name).about.columns)
    assert comparable(name, answer.as_csv()) == comparable(name, path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_rows_come_in_a_stated_order(name: str, line: Graph) -> None:
    assert "ORDER BY" in queries.read(name).text
    assert asked(line, name).rows == asked(line, name).rows


@pytest.mark.parametrize("name", NAMES)
def test_example_of_a_query_runs(name: str, line: Graph) -> None:
    about = queries.read(name).about
    words = shlex.split(about.example)[3:]
    params = dict(word.split("=", 1) for word in words if word != "-p")

    assert words[::2] == ["-p"] * len(params)
    assert asked(line, name, **params).columns == list(about.columns)


# Checks that do not come from the graph: the same answer, computed from the files


def german(name: str) -> pd.DataFrame:
    return pd.read_csv(PLANT / name, sep=";", decimal=",", encoding="cp1252")


def webs() -> pd.DataFrame:
    """Return one row for each reel: slurry batch, calendered web and line load behind it."""
    coating = pd.read_csv(PLANT / "coating_2026-03.csv", skiprows=2).set_index("Web ID")["Slurry batch"]
    drying = german("trocknung_2026-03.csv").set_index("Rolle aus")["Rolle ein"]
    rolled = pd.read_excel(PLANT / "kalander_2026-03.xlsx", header=2)
    slitting = pd.read_csv(PLANT / "slitting_2026-03.csv")
    reels = slitting.assign(reel=slitting["Reels"].str.split(";")).explode("reel").set_index("reel")["Web in"]
    found = rolled.set_index("Rolle aus").loc[reels].assign(reel=reels.index)
    return found.assign(batch=[coating[drying[web]] for web in found["Rolle ein"]]).set_index("reel")


def capacities() -> pd.Series:
    """Return the discharge capacity of each cell, A.h, without the two tests that the load sets aside."""
    stations = json.loads((PLANT / "eol_tester_2026-03.json").read_text(encoding="utf-8"))["stations"]
    found = {
        test["cell"]: test["capacity"]["discharge_Ah"] for station in stations for test in station["tests"]
    }
    return pd.Series({cell: value for cell, value in found.items() if cell not in ("PC-0012", "PC-0015")})


def test_recall_of_a_lot_finds_the_cells_that_the_files_give(line: Graph) -> None:
    mixing, stacking = german("mischen_2026-03.csv"), german("stapeln_2026-03.csv")
    batches = mixing.loc[mixing["Charge Aktivmaterial"] == "NMC-2601", "Ansatz-Nr."]
    reels = webs().loc[lambda table: table["batch"].isin(batches)].index
    expected = sorted(stacking.loc[stacking["Kathodenrolle"].isin(reels), "Zell-Nr."])

    assert 0 < len(expected) < len(stacking)
    assert sorted(frame(line, "cells_of_material_lot", lot="lot/NMC-2601")["cell"]) == expected


def test_line_load_meets_capacity_as_in_the_files(line: Graph) -> None:
    loads, capacity, expected = webs()["Linienlast ist [N/mm]"], capacities(), set()
    stacking = german("stapeln_2026-03.csv").set_index("Zell-Nr.")
    for cell, value in capacity.items():
        for side in ("Anodenrolle", "Kathodenrolle"):
            expected.add((cell, loads[stacking[side][str(cell)]], value))
    found = frame(
        line, "parameter_against_property", parameter="term:LineLoad", property="term:DischargingCapacity"
    )

    assert len(found) == 92
    assert (
        set(zip(found["property_of"], found["parameter_value"], found["property_value"], strict=True))
        == expected
    )


def test_parameter_before_the_side_is_known_says_which_electrode_it_is_of(line: Graph) -> None:
    found = frame(line, "parameter_against_property", parameter="term:LineLoad", property="term:Porosity")

    assert set(found["electrode"]) == {"positive", "negative"}
    assert set(found.loc[found["electrode"] == "positive", "property_of"].str[:4]) == {"K-C-"}


def test_capacity_by_batch_is_the_mean_over_the_cells_of_the_files(line: Graph) -> None:
    stacking = german("stapeln_2026-03.csv").set_index("Zell-Nr.")
    batch = webs()["batch"]
    table = pd.concat(
        pd.DataFrame({"batch": stacking[side].map(batch), "capacity": capacities()})
        for side in ("Anodenrolle", "Kathodenrolle")
    )
    expected = table.dropna().groupby("batch")["capacity"].agg(["count", "mean", "min", "max"])
    found = frame(line, "capacity_by_slurry_batch").set_index("batch")[["n", "mean", "lowest", "highest"]]

    assert list(found.index) == list(expected.index)
    assert found.to_numpy(float).ravel().tolist() == pytest.approx(expected.to_numpy(float).ravel().tolist())


def test_electrolyte_is_that_of_the_filling_file(line: Graph) -> None:
    filling = (
        pd.read_csv(PLANT / "filling_2026-03.csv").dropna(subset=["Cell"]).set_index("Cell").sort_index()
    )
    found = frame(line, "electrolyte_by_cell").set_index("cell")

    assert list(found.index) == list(filling.index)
    assert list(found["lot"]) == list(filling["Electrolyte lot"])
    assert found["volume"].tolist() == pytest.approx(filling["Volume dosed (ml)"].tolist())
    assert found["gain"].tolist() == pytest.approx(
        (filling["Mass after (g)"] - filling["Mass before (g)"]).tolist()
    )


def test_planted_decimal_slip_is_the_one_run_far_from_its_set_value(line: Graph) -> None:
    found = frame(line, "set_and_measured_differ")

    assert found[["run", "parameter", "as_set", "measured"]].to_numpy().tolist() == [
        ["KA-C-0005", "LineLoad", 262, 2649]
    ]


def test_planted_cell_without_stacking_is_found(line: Graph) -> None:
    found = frame(line, "cells_without_step", missing="term:FabricatedElectrodeStacking")

    assert list(found["cell"]) == ["PC-9001"]


def test_value_leads_back_to_its_row_and_column(line: Graph) -> None:
    found = asked(line, "rows_behind_value").as_frame()
    rolled = pd.read_excel(PLANT / "kalander_2026-03.xlsx", header=2)

    # Row 4 of the sheet is the first one below the header in row 3.
    assert found["row"].str.partition("#")[2].str.endswith("row=4").tolist() == [True]
    assert found["value"].tolist() == [rolled[found["column"][0]][0]]


def test_values_that_differ_are_told_with_both_files(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    quantity, number = DEFAULT_BASE + "web/1#Porosity", DEFAULT_BASE + "web/1#Porosity.number"
    has = {
        label: vocabulary().resolve(label).iri
        for label in ("emmo:hasProperty", "hasNumericalPart", "hasNumberValue")
    }
    for file, value in (("a.csv", 30), ("b.csv", 31), ("c.csv", 31)):
        text = (
            f"<{DEFAULT_BASE}web/1> <{has['emmo:hasProperty']}> <{quantity}> .\n"
            f"<{quantity}> <{has['hasNumericalPart']}> <{number}> .\n"
            f'<{number}> <{has["hasNumberValue"]}> "{value}"^^<{PREFIXES["xsd"]}double> .\n'
        )
        store.replace(DEFAULT_BASE + "file/" + file, text, "")
    found = frame(Graph(store), "values_that_differ")

    assert found[["thing", "value", "file", "other_value", "other_file"]].to_numpy().tolist() == [
        ["1", 30, "a.csv", 31, "b.csv"],
        ["1", 30, "a.csv", 31, "c.csv"],
    ]


# A second engine gives the same answers

SLOW = {"parameter_against_property": "rdflib seeks its EXISTS anew for each row, for minutes"}
"""Queries that rdflib is not asked, and why."""

FEW_CELLS = [f"{DEFAULT_BASE}cell/PC-{number:04}" for number in (1, 5, 17, 9001)]
"""Cells that rdflib is asked about; on the whole line its joins take minutes."""


def behind(store: Store, cells: list[str]) -> set[str]:
    """Return these cells, all that they are made from, and the runs that made or tested them."""
    values = " ".join(f"<{cell}>" for cell in cells)
    has = {label: vocabulary().resolve("emmo:" + label).iri for label in ("hasInput", "hasOutput")}
    rows = store.query(
        f"""SELECT ?thing ?run WHERE {{
              {{ SELECT DISTINCT ?thing {{ VALUES ?cell {{ {values} }} ?cell bvcox:madeFrom* ?thing }} }}
              OPTIONAL {{ ?run <{has["hasOutput"]}> ?thing }}
            }}"""
    )
    return {node.value for row in rows for node in row if node is not None}


@pytest.fixture(scope="session")
def small_line(line: Graph) -> tuple[Graph, rdflib.Dataset]:
    """Return what is behind a few cells, in this engine and in rdflib, with the terms that it uses."""
    kept = behind(line.store, FEW_CELLS)
    quads = [
        quad
        for quad in line.store.db
        if str(quad.subject).strip("<>").partition("#")[0] in kept or quad.graph_name.value == CATALOGUE_GRAPH
    ]
    used = {
        node.value
        for quad in quads
        for node in (quad.predicate, quad.object)
        if isinstance(node, ox.NamedNode)
    }
    known = {name for iri in used if iri in vocabulary() for name in vocabulary().ancestors(iri)}
    facts = {PREFIXES["skos"] + "prefLabel", PREFIXES["rdfs"] + "subClassOf"} | {
        vocabulary().resolve(label).iri for label in ("unitSymbol", "unitSymbolValue")
    }
    for quad in line.store.db.quads_for_pattern(None, None, None, ox.NamedNode(VOCABULARY_GRAPH)):
        if str(quad.subject).strip("<>") in known and quad.predicate.value in facts:
            quads.append(quad)
    store = Store(line.store.path, line.store.base, ox.Store())
    store.db.extend(quads)
    data = rdflib.Dataset(default_union=True)
    data.parse(data=ox.serialize(quads, format=ox.RdfFormat.N_QUADS), format="nquads")
    return Graph(store), data


# rdflib warns of its own calls of what it has renamed.
@pytest.mark.filterwarnings(
    "ignore:.*Dataset:DeprecationWarning", "ignore:.*ConjunctiveGraph:DeprecationWarning"
)
@pytest.mark.parametrize("name", [name for name in NAMES if name not in SLOW])
def test_second_engine_gives_the_same_answer(name: str, small_line: tuple[Graph, rdflib.Dataset]) -> None:
    here, there = small_line
    result = there.query(queries.read(name).text)
    text = io.BytesIO()
    result.serialize(text, format="csv")

    assert comparable(name, text.getvalue().decode()) == comparable(name, asked(here, name).as_csv())


# What people type never becomes SPARQL

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
    with pytest.raises(FaultsError, match="needs exactly one line"):
        queries.parse("x", "#+ summary: s\n#+ question: q\n#+ params: {a: {help: h}}\nASK {}")


def test_unknown_key_of_the_front_matter_is_refused() -> None:
    with pytest.raises(FaultsError, match="colums"):
        queries.parse("x", "#+ summary: s\n#+ question: q\n#+ colums: {}\nASK {}")
