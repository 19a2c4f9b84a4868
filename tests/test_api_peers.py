"""Claims about other programs against a real server: they get the answers that the store gives."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import polars as pl
import pyoxigraph as ox
import pytest
import rdflib
from pandas.testing import assert_frame_equal
from rdflib.plugins.stores.sparqlstore import SPARQLStore
from serving import Served, serving
from SPARQLWrapper import CSV, JSON, JSONLD, N3, POST, RDFXML, TURTLE, XML, SPARQLWrapper

import kg
from kg import queries
from kg.api.access import Keys
from kg.errors import KgError
from kg.graph import Graph
from kg.load import Loader
from kg.remote import Remote

PLANT = Path(__file__).parent / "plant"
COUNT = "SELECT (COUNT(DISTINCT ?q) AS ?n) { ?q a term:LineLoad }"
CELLS = "SELECT DISTINCT ?s { ?s dcterms:identifier ?id } ORDER BY ?s LIMIT 20"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("peers") / "store"
    Loader(path).load([PLANT])
    return path


@pytest.fixture(scope="module")
def server(store: Path) -> Iterator[Served]:
    with serving(store) as served:
        yield served


@pytest.fixture(scope="module")
def here(store: Path) -> Graph:
    return kg.open(store)


@pytest.mark.parametrize("method", ["GET", POST])
def test_sparqlwrapper_reads_every_format(server: Served, here: Graph, method: str):
    expected = list(here.query(CELLS)["s"])
    wrapper = SPARQLWrapper(f"{server.url}/sparql")
    wrapper.setMethod(method)
    wrapper.setQuery(CELLS)

    wrapper.setReturnFormat(JSON)
    found = wrapper.query().convert()
    assert expected == [row["s"]["value"] for row in found["results"]["bindings"]]
    wrapper.setReturnFormat(XML)
    assert expected[0] in wrapper.query().convert().toxml()
    wrapper.setReturnFormat(CSV)
    assert expected == wrapper.query().convert().decode().split()[1:]


@pytest.mark.parametrize(
    ("form", "name"), [(TURTLE, "ttl"), (RDFXML, "rdf"), (N3, "ttl"), (JSONLD, "jsonld")]
)
def test_sparqlwrapper_reads_graphs(server: Served, here: Graph, form: str, name: str):
    text = "CONSTRUCT { ?s dcterms:identifier 'PC-0001' } WHERE { ?s dcterms:identifier 'PC-0001' }"
    wrapper = SPARQLWrapper(f"{server.url}/sparql")
    wrapper.setQuery(text)
    wrapper.setReturnFormat(form)

    body = wrapper.query().response.read()

    media = ox.RdfFormat.from_extension(name)
    assert set(here.ask(text)) == {quad.triple for quad in ox.parse(body, format=media)}


def test_rdflib_asks_through_its_store(server: Served, here: Graph):
    graph = rdflib.Graph(SPARQLStore(f"{server.url}/sparql", returnFormat="json"))

    rows = [str(row.s) for row in graph.query(f"PREFIX dcterms: <http://purl.org/dc/terms/> {CELLS}")]

    assert list(here.query(CELLS)["s"]) == rows
    thing = rdflib.URIRef(rows[0])
    assert rdflib.Literal in {type(value) for value in graph.objects(thing)}
    assert (thing, None, None) in graph


def test_pandas_and_polars_read_the_answer_of_a_question(server: Served, here: Graph):
    expected = here.query("first_cycle_efficiency")
    address = f"{server.url}/queries/first_cycle_efficiency"

    assert_frame_equal(expected, pd.read_json(f"{address}?format=json"), check_dtype=False)
    assert_frame_equal(expected, pd.read_csv(f"{address}?format=csv"), check_dtype=False)
    body = server.get("/queries/first_cycle_efficiency", format="csv").body
    assert expected["efficiency"].tolist() == pl.read_csv(io.BytesIO(body))["efficiency"].to_list()
    records = server.get("/queries/first_cycle_efficiency", format="json").body
    assert expected["cell"].tolist() == pl.read_json(io.BytesIO(records))["cell"].to_list()


def test_connect_has_the_methods_of_open(server: Served, store: Path, here: Graph):
    remote = kg.connect(server.url)

    public = {name for name in dir(Graph) if not name.startswith("_")}
    of_a_store_on_disk = {"store", "columns", "fast"}
    assert public <= {name for name in dir(Remote) if not name.startswith("_")} | of_a_store_on_disk
    assert here.base == remote.base
    assert here.text(COUNT) == remote.text(COUNT)
    for asked, params in [
        ("cells_of_material_lot", {"lot": "NMC-2602"}),
        ("first_cycle_efficiency", {}),
        (queries.library()["runs_by_step"], {}),
        (COUNT, {}),
    ]:
        assert_frame_equal(here.query(asked, **params), remote.query(asked, **params))
    labelled = remote.query("cells_of_material_lot", labels=True)
    assert_frame_equal(here.query("cells_of_material_lot", labels=True), labelled)
    assert remote.query("ASK { ?s a term:LineLoad }") is True
    graph = remote.query("CONSTRUCT WHERE { ?s dcterms:identifier 'PC-0001' }")
    assert set(here.query("CONSTRUCT WHERE { ?s dcterms:identifier 'PC-0001' }")) == set(graph)


def test_connect_binds_things_by_their_names_in_a_query_of_ones_own(
    server: Served, here: Graph, tmp_path: Path
):
    path = tmp_path / "mine.rq"
    path.write_text(
        "#+ summary: mine\n#+ question: mine?\n#+ params:\n#+   cell: {help: a cell}\n"
        "SELECT DISTINCT ?id {\n  VALUES ?cell { <https://example.org/line/cell/PC-0001> }\n"
        "  ?cell dcterms:identifier ?id\n}"
    )

    found = kg.connect(server.url).query(path, cell="PC-0007")

    assert found["id"].tolist() == ["PC-0007"]


def test_connect_says_what_the_server_says(server: Served, store: Path):
    remote = kg.connect(server.url)

    with pytest.raises(KgError, match="no query is called 'first_cycle'"):
        remote.query("first_cycle")
    with pytest.raises(KgError, match="this is not SPARQL: line 2, column 1: the query ends too early"):
        remote.query("SELECT nothing")
    with pytest.raises(KgError, match="nothing in the store is called 'PC-9'"):
        remote.query("cells_of_material_lot", lot="PC-9")
    with pytest.raises(KgError, match="Is a server there"):
        kg.connect("http://127.0.0.1:9")
    with serving(store, key_to_read=True) as closed:
        key = Keys(store).add("remote", "read", "internal")
        with pytest.raises(KgError, match="reading needs a key"):
            kg.connect(closed.url).query(COUNT)
        assert len(kg.connect(closed.url, key=key).query(COUNT)) == 1


def test_the_answers_of_the_library_as_records_have_the_columns_of_the_front_matter(server: Served):
    for name in ("materials_of_cell", "runs_by_step"):
        records = json.loads(server.get(f"/queries/{name}", "application/json").body)
        assert list(queries.read(name).about.columns) == list(records[0])
