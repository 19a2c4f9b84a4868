"""Claims about the HTTP interface as a whole: errors, keys, limits, readers."""

from __future__ import annotations

import json
import re
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyoxigraph as ox
import pytest
from serving import Served, serving

from kg import queries
from kg.api import Settings
from kg.api.access import Keys
from kg.api.app import create_app
from kg.api.app import document as openapi
from kg.graph import open as open_graph
from kg.load import Loader

PLANT = Path(__file__).parent / "plant"
ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
"""A query that would run for longer than anybody lives."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("api") / "store"
    Loader(path).load([PLANT])
    return path


@pytest.fixture(scope="module")
def server(store: Path) -> Iterator[Served]:
    with serving(store) as served:
        yield served


def problem(reply: Any) -> dict[str, Any]:
    assert reply.media == "application/problem+json", reply.body
    told: dict[str, Any] = json.loads(reply.body)
    assert {"type", "title", "status", "detail", "instance"} <= set(told)
    assert reply.status == told["status"]
    return told


@pytest.fixture(scope="module")
def document(store: Path) -> dict[str, Any]:
    return openapi()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def in_full(document: dict[str, Any], operation: dict[str, Any]) -> str:
    """Return the text of an operation, with the schemas that it speaks of; that of errors is left out."""
    text = json.dumps(operation)
    names = set(re.findall(r"#/components/schemas/(\w+)", text)) - {"ProblemDocument"}
    return text + "".join(json.dumps(document["components"]["schemas"][name]) for name in names)


def test_every_route_says_what_it_does_shows_an_example_and_tells_its_errors(document: dict[str, Any]):
    found = dict(operations(document))
    bare = [
        name
        for name, told in found.items()
        if not told.get("summary")
        or len(told.get("description", "")) < 30
        or '"example' not in in_full(document, told)
    ]
    no_errors = [
        name
        for name, told in found.items()
        if not any("application/problem+json" in one.get("content", {}) for one in told["responses"].values())
    ]
    undescribed = [
        f"{name} {param['name']}"
        for name, told in found.items()
        for param in told.get("parameters", [])
        if not param.get("description")
    ]

    assert len(found) >= 5 + len(queries.library())
    assert (bare, no_errors, undescribed) == ([], [], [])


def test_every_question_of_the_library_has_a_route_with_its_parameters(document: dict[str, Any]):
    for name in queries.library():
        told = document["paths"][f"/queries/{name}"]["get"]
        params = [param["name"] for param in told["parameters"]]
        assert [*queries.read(name).about.params, "format"] == params
        assert "lang" not in params


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("DELETE", "/queries", 405),
        ("GET", "/find", 422),
        ("GET", "/find?name=XX-9", 404),
        ("GET", "/queries/first_cycle_eficiency", 404),
        ("GET", "/queries/first_cycle_efficiency?colour=red", 400),
        ("GET", "/queries/first_cycle_efficiency?format=png", 406),
        ("GET", "/sparql?query=ASK", 400),
        ("GET", "/static/nothing.css", 404),
    ],
)
def test_errors_are_problems_of_one_shape(server: Served, method: str, path: str, status: int):
    told = problem(server.send(method, path))

    assert status == told["status"]
    assert path.partition("?")[0] == told["instance"]


def test_a_fault_of_the_server_is_told_without_its_inside(store: Path):
    # No reader process can import this function, as the module is known to the tests only.
    from starlette.testclient import TestClient

    app = create_app(Settings(readers=2), store)

    @app.get("/fault")
    async def fault() -> None:
        raise RuntimeError("secret")

    with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as client:
        reply = client.get("/fault")
    assert (reply.status_code, reply.headers["content-type"]) == (500, "application/problem+json")
    assert "secret" not in reply.text


def test_an_answer_of_the_library_is_the_same_over_http(server: Served, store: Path):
    frame = open_graph(store).query("cells_of_material_lot", lot="NMC-2602")

    reply = server.get("/queries/cells_of_material_lot", "application/json", lot="NMC-2602")

    records = json.loads(reply.body)
    assert list(frame["cell"]) == [record["cell"] for record in records]
    assert len(records) > 3
    csv = server.get("/queries/cells_of_material_lot", "text/csv", lot="NMC-2602")
    assert len(records) + 1 == len(csv.body.splitlines())
    query = server.get("/queries/cells_of_material_lot", lot="NMC-2602", format="sparql")
    assert (
        b"lot/NMC-2602" * (b"lot/NMC-2602" in query.body),
        query.media,
    ) == (b"lot/NMC-2602", "application/sparql-query")


@pytest.mark.parametrize("name", ["runs_by_step", "specific_energy"])
def test_a_twin_writes_what_the_query_writes(server: Served, store: Path, name: str):
    graph = open_graph(store)
    text = graph.text(name)

    formats = {
        "csv": ox.QueryResultsFormat.CSV,
        "tsv": ox.QueryResultsFormat.TSV,
        "srj": ox.QueryResultsFormat.JSON,
        "xml": ox.QueryResultsFormat.XML,
    }
    for short, form in formats.items():
        plain = graph.store.query(text).serialize(format=form)
        assert server.get(f"/queries/{name}", format=short).body == plain
    records = server.get(f"/queries/{name}", format="json")
    sparql = server.get("/sparql", "text/csv", query=text)
    assert len(json.loads(records.body)) + 1 == len(sparql.body.splitlines()) > 2
    assert server.get(f"/queries/{name}", format="html").status == 200


def test_a_question_with_a_twin_is_answered_from_the_columns(server: Served, store: Path, tmp_path: Path):
    """The columns of the copy say other numbers than its graphs, so that one tells who answers."""
    marked = tmp_path / "marked"
    shutil.copytree(store, marked, ignore=shutil.ignore_patterns("readers"))
    for part in marked.glob("values/*.values.parquet"):
        pl.read_parquet(part).with_columns(pl.col("value") * 2).write_parquet(part)
    path = "/queries/specific_energy"
    truth = json.loads(server.get(path, format="json").body)
    with serving(marked) as served:
        twin = json.loads(served.get(path, format="json").body)
        text = served.get(path, format="sparql").body.decode()
        sparql = json.loads(served.get("/sparql", "application/json", query=text).body)

    assert [row["energy"] for row in twin] == [2 * row["energy"] for row in truth]
    energies = [float(row["energy"]["value"]) for row in sparql["results"]["bindings"]]
    assert energies == [row["energy"] for row in truth]


def test_a_query_that_never_ends_is_ended_and_the_server_goes_on(store: Path):
    with serving(store, time_limit=6, readers=3) as server:
        replies: list[Any] = []
        threads = [
            threading.Thread(target=lambda: replies.append(server.get("/sparql", query=ENDLESS)))
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        pages = []
        while len(replies) < 2:
            # Pages have a reader of their own, however many queries are at work.
            pages.append(server.get("/health").status)
            time.sleep(0.1)
        for thread in threads:
            thread.join()

        assert [reply.status for reply in replies] == [503, 503]
        assert "stopped" in problem(replies[0])["detail"]
        assert 200 in pages
        again = server.get("/sparql", query="SELECT (COUNT(*) AS ?n) { ?s ?p ?o }")
        assert again.status == 200


def test_a_reader_that_wants_too_much_memory_is_ended_and_replaced(store: Path):
    everything = "SELECT * { ?a ?b ?c . ?d ?e ?f } ORDER BY ?c ?f ?a"
    with serving(store, memory=256) as server:
        told = problem(server.get("/sparql", query=everything))

        assert told["status"] == 503
        assert "memory" in told["detail"]
        assert server.get("/sparql", query="ASK {}").status == 200


def test_a_long_answer_comes_in_parts_and_whole(server: Served):
    reply = server.get("/sparql", "text/csv", query="SELECT * { ?s ?p ?o }")

    count = server.get("/sparql", "text/csv", query="SELECT (COUNT(*) AS ?n) { ?s ?p ?o }")
    assert int(count.body.split()[1]) + 1 == len(reply.body.splitlines())
    assert reply.headers["transfer-encoding"] == "chunked"


def test_a_key_is_kept_as_a_digest_and_shown_once(tmp_path: Path):
    secret = Keys(tmp_path).add("lab", "read", "authority")

    text = (tmp_path / "keys.json").read_text()
    assert secret not in text
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600
    caller = Keys(tmp_path).caller(f"Bearer {secret}")
    assert ("lab", frozenset({"read"}), "authority") == (caller.name, caller.may, caller.audience)


def test_reading_with_keys(store: Path):
    with serving(store, key_to_read=True) as server:
        secret = Keys(store).add("reader", "read", "internal")
        try:
            ask = "/sparql?query=ASK%7B%7D"
            assert problem(server.send("GET", ask))["status"] == 401
            assert (
                problem(server.send("GET", ask, headers={"Authorization": "Bearer kgk_wrong"}))["status"]
                == 401
            )
            assert (
                problem(server.send("GET", ask, headers={"Authorization": f"Basic {secret}"}))["status"]
                == 401
            )
            assert server.send("GET", ask, headers={"Authorization": f"Bearer {secret}"}).status == 200
            assert server.get("/health").status == 200
        finally:
            Keys(store).remove("reader")
        assert server.send("GET", ask, headers={"Authorization": f"Bearer {secret}"}).status == 401


def test_a_page_from_elsewhere_cannot_reach_loopback_by_its_name(server: Served):
    told = problem(server.send("GET", "/health", headers={"Host": "evil.example"}))

    assert told["status"] == 403
    assert server.send("GET", "/health", headers={"Host": "localhost:1234"}).status == 200
    assert (
        "access-control-allow-origin"
        not in server.send("GET", "/", headers={"Origin": "http://evil"}).headers
    )


def test_limits_of_rate_and_body(store: Path):
    secret = Keys(store).add("busy", "read")
    try:
        with serving(store, rate=5, body_limit=2000) as server:
            shown = {"Authorization": f"Bearer {secret}"}
            replies = [server.send("GET", "/health", headers=shown) for _ in range(6)]
            assert [reply.status for reply in replies] == [200] * 5 + [429]
            assert int(replies[-1].headers["retry-after"]) > 0
            large = b"ASK { " + b" " * 3000 + b"}"
            told = server.send("POST", "/sparql", large, {"Content-Type": "application/sparql-query"})
            assert problem(told)["status"] == 413
    finally:
        Keys(store).remove("busy")
