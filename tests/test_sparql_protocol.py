"""The tests of the W3C for the SPARQL 1.1 Protocol, asked over a socket.

Their facts are those of https://www.w3.org/2009/sparql/docs/tests/data-sparql11/protocol/ : request, status
and kind of answer. Updates are refused here: the endpoint is for reading, and the protocol allows that.
In `multiple_dataset` the address of the suite has two parameters run together by an escaped `&`; here they
are two, as its title says.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import pyoxigraph as ox
import pytest
from serving import Reply, Served, serving

from kg.store import Store, writing

DATA = "http://kasei.us/2009/09/sparql/data/data{}.rdf"
D0, D1, D2, D3 = (DATA.format(number) for number in range(4))
FORM, DIRECT, UPDATE = (
    "application/x-www-form-urlencoded",
    "application/sparql-query",
    "application/sparql-update",
)
KINDS = {
    "boolean": {"application/sparql-results+json", "application/sparql-results+xml"},
    "rows": {
        "application/sparql-results+json",
        "application/sparql-results+xml",
        "text/csv",
        "text/tab-separated-values",
    },
    "RDF": {"text/turtle", "application/rdf+xml", "application/n-triples", "application/ld+json"},
}


def graphs(**named: list[str]) -> str:
    """Return a query part of an address that names graphs."""
    pairs = [(f"{kind}-graph-uri", iri) for kind, iris in named.items() for iri in iris]
    return "&".join(f"{name}={quote(iri, safe='')}" for name, iri in pairs)


@dataclass(frozen=True)
class Case:
    """A request of the suite and what it expects: a kind of answer, or a client error."""

    name: str
    method: str = "POST"
    address: str = ""
    body: str | None = None
    media: str | None = None
    charset: str = "utf-8"
    kind: str = ""


ASK_NAMED = f"{{ GRAPH ?g1 {{ <{D1}> a ?type }} GRAPH ?g2 {{ <{D2}> a ?type }} }}"
ASK_DEFAULT = f"ASK {{ <{D1}> a ?type . <{D2}> a ?type . }}"
CASES = [
    Case(
        "query_post_form", address=graphs(default=[D0]), body="query=ASK%20%7B%7D", media=FORM, kind="boolean"
    ),
    Case(
        "query_dataset_default_graphs_get",
        "GET",
        f"query={quote(ASK_DEFAULT)}&{graphs(default=[D1, D2])}",
        kind="boolean",
    ),
    Case(
        "query_dataset_default_graphs_post",
        address=graphs(default=[D1, D2]),
        body=ASK_DEFAULT,
        media=DIRECT,
        kind="boolean",
    ),
    Case(
        "query_dataset_named_graphs_post",
        address=graphs(named=[D1, D2]),
        body=f"ASK {ASK_NAMED}",
        media=DIRECT,
        kind="boolean",
    ),
    Case(
        "query_dataset_named_graphs_get",
        "GET",
        f"query={quote(f'ASK {ASK_NAMED}')}&{graphs(named=[D1, D2])}",
        kind="boolean",
    ),
    Case(
        "query_dataset_full",
        address=graphs(default=[D3], named=[D1, D2]),
        body=f"ASK {{ <{D3}> a ?type {ASK_NAMED[1:]}",
        media=DIRECT,
        kind="boolean",
    ),
    Case(
        "query_multiple_dataset",
        address=graphs(named=[D1, D2]),
        body=f"ASK FROM <{D3}> {ASK_NAMED}",
        media=DIRECT,
        kind="boolean",
    ),
    Case("query_get", "GET", f"query=ASK%20%7B%7D&{graphs(default=[D0])}", kind="boolean"),
    Case(
        "query_content_type_select",
        address=graphs(default=[D0]),
        body="SELECT (1 AS ?value) {}",
        media=DIRECT,
        kind="rows",
    ),
    Case("query_content_type_ask", address=graphs(default=[D0]), body="ASK {}", media=DIRECT, kind="boolean"),
    Case(
        "query_content_type_describe",
        address=graphs(default=[D0]),
        body="DESCRIBE <http://example.org/>",
        media=DIRECT,
        kind="RDF",
    ),
    Case(
        "query_content_type_construct",
        address=graphs(default=[D0]),
        body="CONSTRUCT { <s> <p> 1 } WHERE {}",
        media=DIRECT,
        kind="RDF",
    ),
    Case("query_post_direct", body="ASK {}", media=DIRECT, kind="boolean"),
    Case("bad_query_method", "PUT", f"query=ASK%20%7B%7D&{graphs(default=[D0])}", media=FORM),
    Case("bad_multiple_queries", "GET", "query=ASK%20%7B%7D&query=SELECT%20%2A%20%7B%7D"),
    Case("bad_query_wrong_media_type", body="ASK {}", media="text/plain"),
    Case("bad_query_missing_form_type", body="query=ASK%20%7B%7D"),
    Case("bad_query_missing_direct_type", body="ASK {}"),
    Case("bad_query_non_utf8", body="ASK {}", media=f"{DIRECT}; charset=UTF-16", charset="utf-16"),
    Case("bad_query_syntax", "GET", "query=ASK%20%7B"),
    Case("bad_update_get", "GET", "update=CLEAR%20ALL"),
    Case("bad_multiple_updates", body="update=CLEAR%20NAMED&update=CLEAR%20DEFAULT", media=FORM),
    Case("bad_update_wrong_media_type", body="CLEAR NAMED", media="text/plain"),
    Case("bad_update_missing_form_type", body="update=CLEAR%20NAMED"),
    Case("bad_update_non_utf8", body="CLEAR NAMED", media=f"{UPDATE}; charset=UTF-16", charset="utf-16"),
    Case("bad_update_syntax", body="update=CLEAR%20XYZ", media=FORM),
    Case(
        "bad_update_dataset_conflict",
        address="using-named-graph-uri=http%3A%2F%2Fexample%2Fpeople",
        body="WITH <http://example/addresses> DELETE { ?p ?q 'Bill' } WHERE { ?p ?q 'Bill' }",
        media=UPDATE,
    ),
]
UPDATES = {
    "update_dataset_default_graph": ("using-graph-uri=http%3A%2F%2Fexample.org%2Fg", "CLEAR ALL", UPDATE),
    "update_dataset_default_graphs": ("using-graph-uri=a%3Ab&using-graph-uri=a%3Ac", "CLEAR ALL", UPDATE),
    "update_dataset_named_graphs": ("using-named-graph-uri=a%3Ab", "CLEAR ALL", UPDATE),
    "update_dataset_full": ("using-graph-uri=a%3Ab&using-named-graph-uri=a%3Ac", "CLEAR ALL", UPDATE),
    "update_post_form": ("", "update=CLEAR+ALL", FORM),
    "update_post_direct": ("", "CLEAR ALL", UPDATE),
    "update_base_uri": ("", "INSERT DATA { <http://example.org/s> <http://example.org/p> <test> }", UPDATE),
}


def send(server: Served, case: Case, path: str = "/sparql") -> Reply:
    body = None if case.body is None else case.body.encode(case.charset)
    headers = {} if case.media is None else {"Content-Type": case.media}
    return server.send(case.method, f"{path}?{case.address}" if case.address else path, body, headers)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    path = tmp_path_factory.mktemp("protocol") / "store"
    Store.create(path)
    document = ox.NamedNode("http://xmlns.com/foaf/0.1/Document")
    a = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
    with writing(path) as store:
        store.db.extend(ox.Quad(ox.NamedNode(iri), a, document, ox.NamedNode(iri)) for iri in (D1, D2, D3))
    with serving(path) as served:
        yield served


def test_all_cases_of_the_suite_are_here():
    assert (len(CASES), len(UPDATES)) == (27, 7)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_protocol(server: Served, case: Case):
    reply = send(server, case)
    if not case.kind:
        assert 400 <= reply.status < 500
        assert reply.media == "application/problem+json"
        assert reply.status == json.loads(reply.body)["status"]
        return
    assert reply.status == 200, reply.body
    assert reply.media in KINDS[case.kind]
    if case.kind == "boolean":
        assert json.loads(reply.body)["boolean"] is True


@pytest.mark.parametrize("name", UPDATES)
def test_updates_are_refused_and_change_nothing(server: Served, name: str):
    address, body, media = UPDATES[name]

    reply = send(server, Case(name, address=address, body=body, media=media))

    assert (reply.status, reply.media) == (403, "application/problem+json")
    left = server.get("/sparql", query=f"ASK {ASK_NAMED}")
    assert json.loads(left.body)["boolean"] is True


@pytest.mark.parametrize(
    ("dataset", "query", "expected"),
    [
        ("", f"ASK {{ <{D1}> a ?t }}", True),
        (graphs(default=[D2]), f"ASK {{ <{D1}> a ?t }}", False),
        (graphs(default=[D1]), f"ASK {{ GRAPH ?g {{ <{D1}> a ?t }} }}", False),
        (graphs(named=[D1]), f"ASK {{ <{D1}> a ?t }}", False),
        (graphs(named=[D1]), f"ASK {{ GRAPH ?g {{ <{D2}> a ?t }} }}", False),
        ("", f"ASK FROM <{D2}> {{ <{D1}> a ?t }}", False),
        ("", f"ASK FROM NAMED <{D2}> {{ GRAPH ?g {{ <{D1}> a ?t }} }}", False),
        (graphs(default=[D1]), f"ASK FROM <{D2}> {{ <{D1}> a ?t }}", True),
    ],
)
def test_a_dataset_holds_what_it_names_and_nothing_else(
    server: Served, dataset: str, query: str, expected: bool
):
    reply = send(server, Case("", "GET", f"query={quote(query)}&{dataset}"))

    assert expected is json.loads(reply.body)["boolean"]
    in_form = f"query={quote(query)}&{dataset}"
    assert expected is json.loads(send(server, Case("", body=in_form, media=FORM)).body)["boolean"]


ALL_FORMATS = [
    ("SELECT ?s { ?s a ?t }", "application/sparql-results+json"),
    ("SELECT ?s { ?s a ?t }", "application/sparql-results+xml"),
    ("SELECT ?s { ?s a ?t }", "text/csv"),
    ("SELECT ?s { ?s a ?t }", "text/tab-separated-values"),
    ("ASK {}", "application/sparql-results+json"),
    ("ASK {}", "application/sparql-results+xml"),
    *(
        ("CONSTRUCT WHERE { ?s a ?t }", media)
        for media in (
            "text/turtle",
            "application/n-triples",
            "application/rdf+xml",
            "application/ld+json",
            "application/trig",
            "application/n-quads",
        )
    ),
]
GRAPH = {
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/n-triples": ox.RdfFormat.N_TRIPLES,
    "application/rdf+xml": ox.RdfFormat.RDF_XML,
    "application/ld+json": ox.RdfFormat.JSON_LD,
    "application/trig": ox.RdfFormat.TRIG,
    "application/n-quads": ox.RdfFormat.N_QUADS,
}


@pytest.mark.parametrize(("query", "media"), ALL_FORMATS)
def test_each_format_is_written_when_it_is_asked_for(server: Served, query: str, media: str):
    reply = server.get("/sparql", f"{media}, text/html;q=0.1", query=query)

    assert (200, media) == (reply.status, reply.media)
    if media in GRAPH:
        triples = list(ox.parse(reply.body, format=GRAPH[media], base_iri="http://x/"))
        assert {D1, D2, D3} <= {quad.subject.value for quad in triples}
    elif media == "application/sparql-results+json":
        assert "head" in json.loads(reply.body)


def test_what_cannot_be_written_is_406_and_the_formats_are_told(server: Served):
    reply = server.get("/sparql", "image/png", query="ASK {}")

    assert reply.status == 406
    assert "application/sparql-results+json" in json.loads(reply.body)["detail"]


@pytest.mark.parametrize("media", ["text/turtle", "application/rdf+xml", "application/n-triples"])
def test_without_a_query_the_endpoint_describes_itself(server: Served, media: str):
    reply = server.get("/sparql", media)

    sd = "http://www.w3.org/ns/sparql-service-description#"
    said = {quad.predicate.value: quad.object for quad in ox.parse(reply.body, format=GRAPH[media])}
    assert media == reply.media
    assert f"{server.url}/sparql" == said[f"{sd}endpoint"].value
    assert f"{sd}SPARQL11Query" == said[f"{sd}supportedLanguage"].value


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }",
        "SELECT * { service silent ?x { ?s ?p ?o } }",
        r"SELECT * { \u0053ERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }",
        "SELECT * { ?s ?p ?o FILTER(?o<?p)SERVICE?s{?a?b?c}FILTER(?o>?p) }",
        "SELECT * { ?s ?p 'it''s' # '\n SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }",
    ],
)
def test_a_query_never_makes_the_server_ask_another(server: Served, query: str):
    reply = server.get("/sparql", query=query)

    assert reply.status == 400
    assert "SERVICE" in json.loads(reply.body)["detail"]


@pytest.mark.parametrize(
    "query", ["SELECT ?service { ?service a <http://x/SERVICE> }", "ASK { ?s ?p 'SERVICE' } # SERVICE"]
)
def test_the_word_service_elsewhere_does_no_harm(server: Served, query: str):
    assert server.get("/sparql", query=query).status == 200


def test_labels_stand_for_terms(server: Served):
    good = server.get("/sparql", query="SELECT (term:LineLoad AS ?t) {}")
    bad = server.get("/sparql", query="SELECT *\n{ ?s a term:LinLoad }")

    assert b"bvco-ext#LineLoad" in good.body
    assert bad.status == 400
    assert json.loads(bad.body)["detail"].startswith("line 2: no term is called 'LinLoad'. Near: 'LineLoad'")
