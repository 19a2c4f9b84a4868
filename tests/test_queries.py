"""Claims about the query library: what it says of itself, and what it answers on the sample line.

`KG_RECORD=1 pytest tests/test_queries.py` writes the golden answers anew; read what changed.
An answer that needs what is recorded beside the steps of the line is in `tests/queries/operations`; an empty
file there says so before it is recorded.
"""

from __future__ import annotations

import csv
import io
import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pyoxigraph as ox
import pytest
import rdflib

from kg import queries
from kg.graph import Graph
from kg.iri import DEFAULT_BASE
from kg.namespaces import PREFIXES
from kg.store import CATALOGUE_GRAPH, VOCABULARY_GRAPH, Store
from kg.terms import vocabulary
from tests.asking import asked

GOLDEN = Path(__file__).parent / "queries"
NAMES = list(queries.library())

FEWEST = 65
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

OPAQUE = re.compile(r"[0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12}")


def golden(name: str) -> Path:
    beside = GOLDEN / "operations" / f"{name}.csv"
    return beside if beside.exists() else GOLDEN / f"{name}.csv"


@pytest.fixture(scope="session")
def of_query(line: Graph, request: pytest.FixtureRequest) -> Callable[[str], Graph]:
    """Return for a query the line that its golden answer is of."""

    def choose(name: str) -> Graph:
        beside = golden(name).parent != GOLDEN
        return request.getfixturevalue("whole_line") if beside else line

    return choose


def texts_of(name: str) -> str:
    return queries.library()[name].read_text(encoding="utf-8")


def rounded(text: str) -> str:
    try:
        return f"{float(text):.9g}"
    except ValueError:
        return text


def in_order(name: str, text: str) -> list[tuple[str, ...]]:
    """Return SPARQL CSV as rows, header first, numbers of 9 significant digits.

    The engine adds up a group in no stated order, so the last digits of an average differ from run to run.
    """
    header, *rows = csv.reader(io.StringIO(text))
    keep = [i for i, column in enumerate(header) if column not in VOLATILE.get(name, set())]
    return [tuple(header[i] for i in keep), *(tuple(rounded(row[i]) for i in keep) for row in rows)]


def comparable(name: str, text: str) -> list[tuple[str, ...]]:
    """Return SPARQL CSV as `in_order`, the rows sorted."""
    header, *rows = in_order(name, text)
    return [header, *sorted(rows)]


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
    assert about.users and set(about.users) <= set(queries.USERS)
    assert about.modules and set(about.modules) <= set(queries.MODULES)
    assert about.example.startswith(f"kg query {name}")


@pytest.mark.parametrize("name", NAMES)
def test_query_has_a_golden_answer(name: str) -> None:
    header, *rows = csv.reader(golden(name).read_text(encoding="utf-8").splitlines())

    assert header == list(queries.read(name).about.columns)
    assert bool(rows) == (name not in EMPTY)


def test_every_golden_answer_has_its_query() -> None:
    assert sorted(path.stem for path in GOLDEN.rglob("*.csv")) == NAMES


def test_every_user_is_served_by_several_queries() -> None:
    served = [user for name in NAMES for user in queries.read(name).about.users]

    assert min(served.count(user) for user in queries.USERS) >= 8


def test_every_module_has_several_queries() -> None:
    about = [module for name in NAMES for module in queries.read(name).about.modules]

    assert min(about.count(module) for module in queries.MODULES) >= 5


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
def test_answer_on_the_sample_line_is_the_golden_one(name: str, of_query: Callable[[str], Graph]) -> None:
    answer = asked(of_query(name), name)
    path = golden(name)
    if os.environ.get("KG_RECORD"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(without_volatile(name, answer.as_csv().replace("\r\n", "\n")), encoding="utf-8")

    assert answer.columns == list(queries.read(name).about.columns)
    assert comparable(name, answer.as_csv()) == comparable(name, path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_rows_come_in_a_stated_order(name: str, of_query: Callable[[str], Graph]) -> None:
    assert "ORDER BY" in queries.read(name).text
    once, again = (in_order(name, asked(of_query(name), name).as_csv()) for _ in range(2))

    assert once == again


@pytest.mark.parametrize("name", NAMES)
def test_example_of_a_query_runs(name: str, of_query: Callable[[str], Graph]) -> None:
    about = queries.read(name).about
    words = shlex.split(about.example)[3:]
    params = dict(word.split("=", 1) for word in words if word != "-p")

    assert words[::2] == ["-p"] * len(params)
    assert asked(of_query(name), name, **params).columns == list(about.columns)


# A second engine gives the same answers

SLOW = dict.fromkeys(
    (
        "black_mass_of_cell",
        "cells_by_lot",
        "cells_that_share_runs",
        "composition_of_cell",
        "electrode_balance",
        "energy_of_cell",
        "energy_per_cell",
        "model_parameters_missing",
        "parameter_against_property",
        "porosity_and_thickness",
        "property_by_machine",
        "substances_of_cell",
        "waiting_between_steps",
    ),
    "rdflib follows paths and EXISTS anew for each row, for minutes",
) | {
    "overall_equipment_effectiveness": "rdflib divides no float by a decimal",
    "variable_terms": "rdflib makes a group of no rows, which joins with everything",
}
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


BESIDE = re.compile(r"(alarm|state)/KAL-1/|(lot|machine|stop-reason|substance|test|cycle|upkeep|weighing)/")
"""What is taken of the records beside the steps: all, but of the states of machines those of one machine."""


def small(graph: Graph, beside: bool = False) -> tuple[Graph, rdflib.Dataset]:
    """Return what is behind a few cells, in this engine and in rdflib, with the terms that it uses."""
    kept = behind(graph.store, FEW_CELLS)

    def is_kept(subject: str) -> bool:
        name = subject.strip("<>").partition("#")[0]
        return name in kept or (beside and bool(BESIDE.match(name.removeprefix(DEFAULT_BASE))))

    quads = [
        quad
        for quad in graph.store.db
        if is_kept(str(quad.subject)) or quad.graph_name.value == CATALOGUE_GRAPH
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
    for quad in graph.store.db.quads_for_pattern(None, None, None, ox.NamedNode(VOCABULARY_GRAPH)):
        if str(quad.subject).strip("<>") in known and quad.predicate.value in facts:
            quads.append(quad)
    store = Store(graph.store.path, graph.store.base, ox.Store())
    store.db.extend(quads)
    data = rdflib.Dataset(default_union=True)
    data.parse(data=ox.serialize(quads, format=ox.RdfFormat.N_QUADS), format="nquads")
    return Graph(store), data


@pytest.fixture(scope="session")
def small_line(line: Graph) -> tuple[Graph, rdflib.Dataset]:
    return small(line)


@pytest.fixture(scope="session")
def small_whole_line(whole_line: Graph) -> tuple[Graph, rdflib.Dataset]:
    return small(whole_line, beside=True)


# rdflib warns of its own calls of what it has renamed.
@pytest.mark.filterwarnings(
    "ignore:.*Dataset:DeprecationWarning", "ignore:.*ConjunctiveGraph:DeprecationWarning"
)
@pytest.mark.parametrize("name", [name for name in NAMES if name not in SLOW])
def test_second_engine_gives_the_same_answer(name: str, request: pytest.FixtureRequest) -> None:
    beside = golden(name).parent != GOLDEN
    here, there = request.getfixturevalue("small_whole_line" if beside else "small_line")
    result = there.query(queries.read(name).text)
    text = io.BytesIO()
    result.serialize(text, format="csv")

    assert comparable(name, text.getvalue().decode()) == comparable(name, asked(here, name).as_csv())
