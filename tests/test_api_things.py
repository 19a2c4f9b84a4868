"""Claims about things, terms, headers and uploads over HTTP."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
from serving import Reply, Served, serving

import kg
from kg.api.access import Keys
from kg.load import Loader
from kg.store import Store, writing

PLANT = Path(__file__).parent / "plant"
FILES = [path for path in sorted(PLANT.iterdir()) if path.suffix in (".csv", ".xlsx")]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("things") / "store"
    Loader(path).load([file for file in FILES if "filling" not in file.name])
    return path


@pytest.fixture(scope="module")
def server(store: Path) -> Iterator[Served]:
    with serving(store) as served:
        yield served


def upload(
    server: Served, file: Path, *, name: str = "", key: str = "", path: str = "/records", **fields: str
) -> Reply:
    """Send a file as a form of a browser does."""
    mark = uuid.uuid4().hex
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode()
        for field, value in fields.items()
    ]
    head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name or file.name}"\r\n\r\n'
    body = b"".join([*parts, head.encode(), file.read_bytes(), f"\r\n--{mark}--\r\n".encode()])
    headers = {"Content-Type": f"multipart/form-data; boundary={mark}", "Accept": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    return server.send("POST", path, body, headers)


def test_an_iri_leads_to_its_document_in_the_format_that_is_asked_for(server: Served):
    for accept, short in [
        ("text/html", ""),
        ("text/turtle", "?format=turtle"),
        ("application/ld+json", "?format=jsonld"),
        ("application/n-triples", "?format=nt"),
    ]:
        reply = server.get("/id/web/K-C-0001", accept)
        assert (303, f"/about/web/K-C-0001{short}") == (reply.status, reply.headers["location"])
    assert server.get("/id/web/K-X-9999").status == 404
    assert server.get("/id/web/K-C-0001", "image/png").status == 406


@pytest.mark.parametrize("form", ["turtle", "jsonld", "nt", "rdf"])
def test_the_document_of_a_thing_holds_its_values_and_says_what_it_describes(server: Served, form: str):
    reply = server.get("/about/web/K-C-0001", format=form)

    media = ox.RdfFormat.from_media_type(reply.media)
    iri = "https://example.org/line/web/K-C-0001"
    subjects = {quad.subject.value for quad in ox.parse(reply.body, format=media)}
    assert {iri, f"{iri}#Porosity", f"{iri}#Porosity.number"} <= subjects
    assert f'<{iri}>; rel="describes"' in reply.headers["link"]
    assert 'rel="alternate"; type="application/ld+json"' in reply.headers["link"]


def test_each_value_of_a_thing_leads_to_its_row_and_its_proof(server: Served, store: Path):
    told = json.loads(server.get("/about/web/K-C-0001", format="json").body)
    page = server.get("/about/web/K-C-0001", "text/html").body.decode()

    rows = kg.open(store).query("rows_behind_value", thing="web/K-C-0001", quantity="term:Porosity")
    porosity = next(value for value in told["values"] if value["name"] == "Porosity")
    assert [rows["row"][0]] == [row["iri"] for row in porosity["rows"]]
    assert porosity["rows"][0]["text"] == "kalander_2026-03.xlsx:4"
    assert '<tr id="Porosity">' in page
    assert "/id/file/kalander_2026-03.xlsx#row=4" in page
    assert page.count(">Why?</a>") == len(told["values"])


def test_every_link_of_the_page_of_a_thing_leads_somewhere(server: Served):
    page = server.get("/about/run/calendering/KA-C-0001", "text/html").body.decode()

    links = set(re.findall(r'href="(/[^"#]*)', page))
    assert len(links) > 15
    broken = []
    for link in sorted(links):
        reply = server.get(link.replace("&amp;", "&"), "text/html")
        if reply.status == 303:
            reply = server.get(reply.headers["location"], "text/html")
        if reply.status not in (200, 303):
            broken.append((link, reply.status))
    assert broken == []


def test_the_page_of_a_file_tells_its_columns_and_rows(server: Served):
    told = json.loads(server.get("/about/file/coating_2026-03.csv", format="json").body)

    assert told["file"]["read"] == 24
    assert {"mapped"} <= {column["outcome"] for column in told["file"]["columns"]}
    assert any(row["things"] for row in told["file"]["rows"])


def test_signs_in_a_key_come_back_as_they_were(tmp_path: Path):
    path = tmp_path / "store"
    Store.create(path, "https://cells.example.com/")
    name = ox.NamedNode("http://purl.org/dc/terms/identifier")
    keys = {"lot/a%20b%2Fc": "a b%2Fc", "lot/R%C3%B6ntgen": "Röntgen", "lot/100%25": "100%"}
    with writing(path) as opened:
        for tail, text in keys.items():
            node = ox.NamedNode(f"https://cells.example.com/{tail}")
            opened.db.add(
                ox.Quad(node, name, ox.Literal(text), ox.NamedNode("https://cells.example.com/file/x"))
            )
    with serving(path) as server:
        for tail, text in keys.items():
            reply = server.get(f"/about/{tail}", format="nt")
            assert (200, text) == (
                reply.status,
                next(iter(ox.parse(reply.body, format=ox.RdfFormat.N_TRIPLES))).object.value,
            )
            page = server.get(f"/id/{tail}", "text/html")
            assert f"/about/{tail}" == page.headers["location"]


def test_a_name_is_found(server: Served):
    told = json.loads(server.get("/find", "application/json", name="K-C-0001").body)
    page = server.get("/find", "text/html", name="K-C-0001")

    assert told == {"iri": "https://example.org/line/web/K-C-0001", "page": "/id/web/K-C-0001"}
    assert (page.status, page.headers["location"]) == (303, "/id/web/K-C-0001")
    assert server.get("/find", "text/html", name="K-C-9999").status == 404


def test_terms_by_german_word_by_label_and_by_iri(server: Served):
    found = json.loads(server.get("/terms", "application/json", text="Linienlast").body)
    term = json.loads(server.get("/terms/LineLoad", "application/json").body)

    assert found["exact"]["label"] == "LineLoad"
    assert term["used"] > 0
    iri = "https%3A%2F%2Fw3id.org%2Fbattery-kg%2Fbvco-ext%23LineLoad"
    assert term == json.loads(server.get(f"/terms/{iri}", "application/json").body)
    assert server.get("/terms/LinLoad").status == 404
    assert "LineLoad" in json.loads(server.get("/terms/LinLoad").body)["detail"]


def test_headers_are_resolved_as_by_the_command(server: Served):
    one = json.loads(server.get("/resolve?name=Linienlast+%5BN%2Fmm%5D&name=qwertz", "application/json").body)
    file = json.loads(upload(server, PLANT / "coating_2026-03.csv", path="/resolve").body)

    assert [each["verdict"] for each in one] == ["confident", "no term"]
    assert one[0]["candidates"][0]["term"] == "bvcox:LineLoad"
    assert len(file) > 8
    assert server.get("/resolve").status == 422


def test_a_value_is_explained_down_to_its_row(server: Served):
    told = json.loads(server.get("/explain", "application/json", subject="K-C-0001", value="Porosity").body)

    assert told["kind"] == "asserted"
    assert (told["rows"][0]["file"], told["rows"][0]["place"]) == ("kalander_2026-03.xlsx", "row=4")
    assert server.get("/explain", subject="K-C-9999", value="Porosity").status == 404
    assert server.get("/explain", subject="K-C-0001", value="Colour").status == 400


def test_a_trace_is_that_of_the_store(server: Served):
    told = json.loads(server.get("/trace/K-C-0001", "application/json").body)

    assert told["roots"] == ["web/K-C-0001"]
    assert "<svg" in server.get("/trace/K-C-0001", "image/svg+xml").body.decode()
    assert "format=svg" in server.get("/trace/K-C-0001", "text/html").body.decode()
    assert "<svg" in server.get("/trace/K-C-0001", "text/html", format="svg").body.decode()
    assert json.loads(server.get("/trace/K-C-0001", "application/ld+json").body)["@graph"]
    reached = json.loads(server.get("/trace/K-C-0001", "application/json", direction="down", cells="1").body)
    assert [cell["cell"] for cell in reached["cells"]] == [f"cell/PC-{number:04}" for number in range(1, 5)]
    assert server.get("/trace/KAL-1", since="gestern").status == 400
    assert server.get("/trace/K-C-9999").status == 404
    assert server.get("/trace/K-C-0001", direction="sideways").status == 422


def graphs(server: Served) -> int:
    told: dict[str, Any] = json.loads(server.get("/health").body)
    return int(told["files"])


def test_an_upload_is_looked_at_and_nothing_is_stored(server: Served, store: Path, tmp_path: Path):
    before = graphs(server)
    source = (PLANT / "filling_2026-03.csv").read_bytes()
    bad = tmp_path / "filling_2026-03.csv"
    bad.write_bytes(source.replace(b"2026-03-", b"2026-99-", 1))

    good, wrong = upload(server, PLANT / "filling_2026-03.csv"), upload(server, bad)

    told = json.loads(good.body)
    assert (told["outcome"], told["dry_run"], told["read"]) == ("checked", True, 50)
    found = json.loads(wrong.body)
    assert found["set_aside"] > told["set_aside"]
    assert {"file", "row", "column", "value", "rule", "severity", "message", "subject"} == set(
        found["findings"][0]
    )
    assert before == graphs(server)
    assert not (store / "uploads").exists()


def test_writing_needs_a_key_that_may_write_on_loopback_too(server: Served, store: Path):
    file = PLANT / "filling_2026-03.csv"
    reader = Keys(store).add("reads", "read")

    assert upload(server, file, dry_run="false").status == 401
    assert upload(server, file, dry_run="false", key=reader).status == 403
    assert upload(server, file, dry_run="false", key="kgk_x").status == 401
    assert (
        len(kg.open(store).query("SELECT * { <https://example.org/line/file/filling_2026-03.csv> ?p ?o }"))
        == 0
    )


def test_a_load_over_http_is_a_load(server: Served, store: Path):
    key = Keys(store).add("writes", "write")
    before = graphs(server)

    first = json.loads(upload(server, PLANT / "filling_2026-03.csv", dry_run="false", key=key).body)
    again = json.loads(upload(server, PLANT / "filling_2026-03.csv", dry_run="false", key=key).body)

    assert (first["outcome"], again["outcome"]) == ("loaded", "unchanged")
    assert before + 1 == graphs(server)
    assert (store / "uploads" / "filling_2026-03.csv").read_bytes() == (
        PLANT / "filling_2026-03.csv"
    ).read_bytes()
    with writing(store):
        busy = upload(server, PLANT / "filling_2026-03.csv", dry_run="false", key=key, under="other")
    assert busy.status == 409
    assert not (store / "uploads" / "other" / "filling_2026-03.csv").exists()


@pytest.mark.parametrize(
    ("name", "fields", "status", "said"),
    [
        ("../../etc/passwd", {}, 200, '"file":"passwd"'),
        (".hidden", {}, 422, "is no name of a file"),
        ("", {"mapping": "coting"}, 400, "Near: 'coating'"),
        ("", {"mapping": "/etc/passwd"}, 400, "no mapping is called"),
        ("", {"under": "../x"}, 422, "is no name to put before a file"),
    ],
)
def test_names_of_uploads_lead_nowhere_else(
    server: Served, name: str, fields: dict[str, str], status: int, said: str
):
    reply = upload(server, PLANT / "filling_2026-03.csv", name=name, **fields)

    assert (status, True) == (reply.status, said in reply.body.decode())
