"""Claims about passports over HTTP: each audience sees its own in every form, every name has its answer."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
from serving import Reply, Served, keys_of, serving

from kg.aas.export import exported
from kg.aas.package import write as write_shell
from kg.api.pages import german
from kg.api.passports import SHELLS
from kg.load import Loader
from kg.passport import AUDIENCES, registry, visible
from kg.passport.build import Builder, Passport, build_many
from kg.passport.write import as_dict
from kg.plant import generate_packs
from kg.store import Store

NAME = "DBP-000001"
RECYCLED = (
    "Event,Passport,Battery,Kind,Time,Agent,Note\n"
    "L-1,DBP-000002,RX36-0001,recycling,2029-05-01T08:00:00,RG,-\n"
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("passports")
    names = generate_packs(folder, batteries=3)
    (folder / "battery_life.csv").write_text(RECYCLED, encoding="utf-8")
    store = folder / "store"
    Loader(store).load([folder / name for name in (*names, "battery_life.csv")])
    return store


@pytest.fixture(scope="module")
def served(store: Path) -> Iterator[Served]:
    with serving(store) as running:
        yield running


@pytest.fixture(scope="module")
def keys(store: Path) -> dict[str, dict[str, str]]:
    return keys_of(store, "legitimate-interest", "authority")


def get(served: Served, path: str, keys: dict[str, str], accept: str = "application/json") -> Reply:
    return served.send("GET", path, headers={"Accept": accept, **keys})


def keys_in_rdf(body: bytes, form: ox.RdfFormat) -> set[str]:
    quads = ox.parse(body, format=form)
    return {str(quad.object.value) for quad in quads if quad.predicate.value.endswith("terms/identifier")}  # type: ignore[union-attr]


def fields_seen(served: Served, form: str, header: dict[str, str]) -> set[str]:
    """Return the keys of the fields whose values an answer holds."""
    path = f"/passports/{NAME}"
    if form == "json":
        told = json.loads(get(served, path, header).body)
        return {key for entry in told["points"] for key in entry.get("values", {})}
    if form == "jsonld":
        return keys_in_rdf(get(served, path, header, "application/ld+json").body, ox.RdfFormat.JSON_LD)
    if form == "turtle":
        return keys_in_rdf(get(served, path, header, "text/turtle").body, ox.RdfFormat.TURTLE)
    if form == "html":
        page = get(served, path, header, "text/html").body.decode()
        return {key for key in registry().fields if f'/why/{key}"' in page}
    body = json.dumps([NAME, "nobody"]).encode()
    accept = {"ndjson": "application/x-ndjson", "csv": "text/csv"}[form]
    reply = served.send(
        "POST", "/passports/resolve", body, {"Accept": accept, "Content-Type": "application/json", **header}
    )
    if form == "csv":
        return {row["field"] for row in csv.DictReader(io.StringIO(reply.body.decode())) if row["field"]}
    told = json.loads(reply.body.splitlines()[0])["passport"]
    return {key for entry in told["points"] for key in entry.get("values", {})}


@pytest.mark.parametrize("form", ["json", "jsonld", "turtle", "html", "ndjson", "csv"])
@pytest.mark.parametrize("audience", AUDIENCES)
def test_each_form_holds_the_points_of_its_audience_and_no_other(
    served: Served, store: Path, keys: dict[str, dict[str, str]], audience: str, form: str
) -> None:
    table, made = registry(), Builder(Store.open(store)).named(NAME)
    seen = fields_seen(served, form, keys[audience])
    allowed = {
        key
        for point in table.points.values()
        if visible(point, audience) and point.obligations["ev"] != "notToBeFilled"
        for key in made.of(point)
    }

    assert len(list(table.guidance())) == 71
    assert seen == allowed


@pytest.mark.parametrize("audience", AUDIENCES)
def test_why_follows_what_its_audience_may_see(
    served: Served, keys: dict[str, dict[str, str]], audience: str
) -> None:
    statuses = {
        point.id: get(served, f"/passports/{NAME}/why/{point.id}", keys[audience]).status
        for point in registry().guidance()
    }

    assert statuses == {point.id: 200 if visible(point, audience) else 403 for point in registry().guidance()}


def test_a_withheld_value_is_in_no_answer_to_everybody(
    served: Served, store: Path, keys: dict[str, dict[str, str]]
) -> None:
    whole = as_dict(Builder(Store.open(store)).named(NAME), "legitimate-interest")
    fade = next(e for e in whole["points"] if e["point"] == "52")["values"]["capacity_fade"]["value"]
    body = json.dumps([NAME]).encode()
    headers = {"Content-Type": "application/json"}
    answers = [
        get(served, f"/passports/{NAME}", {}, accept)
        for accept in ("application/json", "application/ld+json", "text/turtle", "text/html")
    ]
    answers += [
        served.send("POST", "/passports/resolve", body, {**headers, "Accept": accept})
        for accept in ("application/x-ndjson", "text/csv")
    ]
    answers += [get(served, f"/passports/{NAME}/{path}", {}) for path in ("why/52", "treatment", "check")]

    assert [reply.status for reply in answers] == [200] * 6 + [403, 403, 200]
    assert [reply.body for reply in answers if str(fade).encode() in reply.body] == []
    assert str(fade).encode() in get(served, f"/passports/{NAME}", keys["legitimate-interest"]).body


@pytest.mark.parametrize("together", [2, 100])
def test_every_name_has_its_answer(served: Served, monkeypatch: pytest.MonkeyPatch, together: int) -> None:
    monkeypatch.setattr("kg.api.routes.passports.AT_A_TIME", together)
    names = [NAME, "TX42-0001", "DBP-000002", "HX3-0001", "nobody"]
    body = json.dumps(names).encode()
    reply = served.send("POST", "/passports/resolve", body, {"Content-Type": "application/json"})
    told = [json.loads(line) for line in reply.body.splitlines()]
    single = [get(served, f"/passports/{name}", {}).status for name in names]

    assert [each["id"] for each in told] == names
    assert [each["status"] for each in told] == single == [200, 200, 410, 404, 404]
    assert told[2]["tombstone"]["state"] == "ceased"
    assert "owes no passport" in told[3]["error"]


def test_a_passport_that_is_known_is_not_sent_again(served: Served, keys: dict[str, dict[str, str]]) -> None:
    first = get(served, f"/passports/{NAME}", {})
    again = get(served, f"/passports/{NAME}", {"If-None-Match": first.headers["etag"]})
    other = get(served, f"/passports/{NAME}", keys["authority"])

    assert (again.status, again.body) == (304, b"")
    assert other.headers["etag"] != first.headers["etag"]
    assert "Authorization" in first.headers["vary"]
    assert get(served, f"/passports/{NAME}", {}, "application/pdf").status == 406


def test_a_digital_link_leads_to_the_passport(served: Served) -> None:
    found = get(served, "/01/04200000100014/21/TX42-0001", {})
    links = get(served, "/01/04200000100014/21/TX42-0001", {}, "application/linkset+json")
    told: dict[str, Any] = json.loads(links.body)

    assert (found.status, found.headers["location"]) == (307, f"/passports/{NAME}")
    assert len(told["linkset"][0]["https://ref.gs1.org/voc/dpp"]) == 6
    assert get(served, "/01/04200000100015/21/TX42-0001", {}).status == 400
    assert get(served, "/01/04200000100021/21/TX42-0001", {}).status == 404
    assert get(served, "/01/04200000100014/21/TX42-9999", {}).status == 404


def test_the_code_is_drawn(served: Served) -> None:
    svg, png = (get(served, f"/passports/{NAME}/qr.{form}", {}) for form in ("svg", "png"))

    assert (svg.media, png.media) == ("image/svg+xml", "image/png")
    assert b"<svg" in svg.body and png.body.startswith(b"\x89PNG")
    assert get(served, f"/passports/{NAME}/qr.gif", {}).status == 404


def test_the_page_speaks_german_too(served: Served) -> None:
    german = served.send(
        "GET", f"/passports/{NAME}", headers={"Accept": "text/html", "Accept-Language": "de"}
    )

    assert german.status == 200
    assert (
        "Batteriepass" in german.body.decode() and "Verfügbares Löschmittel" not in german.body.decode()[:200]
    )
    assert 'lang="de"' in german.body.decode()


def test_every_field_and_column_has_its_german(served: Served, keys: dict[str, dict[str, str]]) -> None:
    labels = {
        key.replace("_", " ")
        for point in registry().guidance()
        for key in point.fields
        if len(point.fields) > 1
    }
    page = get(served, f"/passports/{NAME}?lang=de", keys["legitimate-interest"], "text/html").body.decode()
    columns = set(re.findall(r"<th[^>]*>([^<]*)</th>", page))

    assert sorted(labels - set(german())) == []
    assert columns and sorted(columns - set(german().values())) == []
    assert "Kennung der Batterie: <strong>" in page


def test_treatment_is_for_who_recycles(served: Served, keys: dict[str, dict[str, str]]) -> None:
    told = get(served, f"/passports/{NAME}/treatment", keys["legitimate-interest"])

    assert "leach" in json.loads(told.body)["route"]["proposed"]
    assert get(served, f"/passports/{NAME}/treatment", keys["authority"]).status == 403


def test_the_list_and_the_states_are_open(served: Served) -> None:
    listed = json.loads(get(served, "/passports", {}).body)
    checked = json.loads(get(served, f"/passports/{NAME}/check?date=2027-02-18", {}).body)

    assert {each["passport"] for each in listed} == {NAME, "DBP-000003"}
    assert len(checked["points"]) == 71
    assert all(set(point) == {"point", "name", "state"} for point in checked["points"])


def test_the_list_goes_on_where_its_link_leads(served: Served, store: Path) -> None:
    found, path = [], "/passports?limit=1"
    while path:
        reply = get(served, path, {})
        found += json.loads(reply.body)
        path = reply.headers.get("link", "").partition(">")[0].removeprefix("<")
    page = get(served, "/passports?limit=1", {}, "text/html").body.decode()
    made = [each for each in build_many(Store.open(store)) if isinstance(each, Passport)]

    assert [each["passport"] for each in found] == [each.id for each in made] == ["DBP-000003", NAME]
    assert 'rel="next" href="/passports?limit=1&amp;after=battery%2F' in page


@pytest.mark.parametrize("media", list(SHELLS))
@pytest.mark.parametrize("audience", AUDIENCES)
def test_a_shell_is_what_the_command_writes_for_this_audience(
    served: Served, store: Path, keys: dict[str, dict[str, str]], audience: str, media: str
) -> None:
    reply = get(served, f"/passports/{NAME}", keys[audience], media)
    made = exported(Builder(Store.open(store)), NAME, audience)

    assert (reply.status, reply.headers["content-type"]) == (200, media)
    assert reply.body == write_shell(made, SHELLS[media])
