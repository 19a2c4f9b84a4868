"""Claims about who sees what over HTTP: routes are closed unless they say otherwise, nothing leaks."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import Reply, Served, keys_of, serving

from kg.api.access import Keys
from kg.api.app import document
from kg.errors import KgError
from kg.load import Loader
from kg.passport import AUDIENCES, registry, visible
from kg.passport.build import Builder, found_as_dict
from kg.plant import generate_packs
from kg.store import Store

NAME = "DBP-000001"


def b64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


WHY = f"/passports/{NAME}/why/"
OPEN = {
    "/", "/.well-known/jwks.json", "/docs", "/health", "/terms", "/terms/{name}", "/resolve",
    "/passports", "/passports/{name}",
    "/passports/{name}/why/{point}", "/passports/{name}/check", "/passports/{name}/treatment",
    "/passports/{name}/qr.{form}", "/passports/resolve", "/01/{gtin}/21/{serial}",
    *(path for path in document()["paths"] if path.startswith("/aas/")),
}  # fmt: skip
"""What is open to everybody: it shows no record, or keeps the lattice itself."""

SHELL = "https://example.org/line/battery/TX42-0001"
FILLED = {
    "/aas/submodels/{content}": "/aas/submodels/$value", "{content}": "$value",
    "{idShortPath}": "NumberOfFullCycles",
    "{aasIdentifier}": b64(f"{SHELL}/aas"), "{submodelIdentifier}": b64(f"{SHELL}/submodel/ProductCondition"),
    "{cdIdentifier}": b64("urn:x"),
    "{gtin}": "04200000100014", "{serial}": "TX42-0001", "{point}": "52", "{form}": "svg", "{id}": NAME,
    "{tail}": "battery/TX42-0001", "/terms/{name}": "/terms/CapacityFade",
    "/trace/{name}": "/trace/TX42-0001",
    "{name}": NAME,
}  # fmt: skip
ASKED = {
    "/sparql": "?query=SELECT%20*%20%7B%20%3Fs%20%3Fp%20%3Fo%20%7D", "/find": "?name=TX42-0001",
    "/explain": "?subject=TX42-0001&value=RemainingCapacity", "/influences": "?of=RemainingCapacity",
    "/resolve": "?name=TX42-0001", "/terms": "?text=CapacityFade",
}  # fmt: skip
FORMS = ("application/json", "application/ld+json", "text/turtle", "text/html", "text/csv", "*/*")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("access")
    names = generate_packs(folder, batteries=1)
    Loader(folder / "store").load([folder / name for name in names])
    return folder / "store"


@pytest.fixture(scope="module")
def served(store: Path) -> Iterator[Served]:
    """A server as the network sees it."""
    with serving(store, public_read=True, key_to_read=True, rate=0) as running:
        yield running


@pytest.fixture(scope="module")
def keys(store: Path) -> dict[str, dict[str, str]]:
    return keys_of(store, "legitimate-interest", "authority", "internal")


def routes() -> list[tuple[str, str]]:
    return [(method.upper(), path) for path, told in document()["paths"].items() for method in told]


def path_of(route: str) -> str:
    found = route
    for place, value in FILLED.items():
        found = found.replace(place, value)
    assert "{" not in found, f"{route}: say in FILLED how it is asked"
    return found + ASKED.get(route, "")


def ask(served: Served, method: str, route: str, accept: str, key: dict[str, str]) -> Reply:
    body = json.dumps([NAME]).encode() if method == "POST" else None
    headers = {"Accept": accept, **key, **({"Content-Type": "application/json"} if body else {})}
    return served.send(method, path_of(route), body, headers)


def tell_tales(store: Path, audience: str) -> set[str]:
    """Return what stands in withheld points alone: long numbers, texts, and rows of files."""
    made = Builder(Store.open(store)).named(NAME)
    seen, hidden = set[str](), set[str]()
    for point in registry().points.values():
        told = {key: found_as_dict(found, "") for key, found in made.of(point).items()}
        text = json.dumps(told, ensure_ascii=False)
        words = set(re.findall(r'\d+\.\d{2,}|\d{4}-\d\d-\d\dT[\d:+]+|[\w-]+\.csv|https?://[^"]+', text))
        (seen if visible(point, audience) else hidden).update(words)
    return hidden - seen


def test_a_route_that_says_nothing_is_closed(served: Served, keys: dict[str, dict[str, str]]) -> None:
    every = routes()
    closed = {
        (method, path)
        for method, path in every
        for key in (keys["public"], keys["legitimate-interest"], keys["authority"])
        if path not in OPEN or (method, path) == ("POST", "/resolve")
    }
    answers = {
        (method, path): [
            (reply.status, reply.media)
            for audience in AUDIENCES
            for reply in [ask(served, method, path, "*/*", keys[audience])]
        ]
        for method, path in closed
    }
    refused = [(401, "application/problem+json"), *[(403, "application/problem+json")] * 2]

    assert len(every) > 40 and len(closed) > 25
    assert {route: told for route, told in answers.items() if told != refused} == {}


@pytest.mark.parametrize("path", ["/id/{}", "/about/{}", "/trace/{}", "/find?name={}"])
def test_what_there_is_and_what_is_not_are_refused_alike(served: Served, path: str) -> None:
    there, not_there = (served.get(path.format(name)) for name in ("battery/TX42-0001", "battery/TX42-9999"))
    told = [json.loads(reply.body) for reply in (there, not_there)]

    assert there.status == not_there.status == 401
    assert {**told[0], "instance": ""} == {**told[1], "instance": ""}


def test_names_of_other_things_are_no_names_of_passports(served: Served) -> None:
    answers = [served.get(f"/passports/{name}") for name in ("TX42-0001-M1", "PC-0011", "SB-1", "nobody")]
    told = {re.sub(r"'.*'", "", json.loads(reply.body)["detail"]) for reply in answers}

    assert [reply.status for reply in answers] == [404] * 4
    assert told == {"no battery passport is called  here."}


@pytest.mark.parametrize("audience", AUDIENCES)
def test_no_route_lets_out_what_an_audience_may_not_see(
    served: Served, store: Path, keys: dict[str, dict[str, str]], audience: str
) -> None:
    tales = tell_tales(store, audience)
    leaks = set()
    for method, path in routes():
        forms = FORMS if "passports" in path else ("*/*",) if "/aas/" in path else ("*/*", "text/html")
        for accept in forms:
            reply = ask(served, method, path, accept, keys[audience])
            text = reply.body.decode(errors="replace") + json.dumps(dict(reply.headers))
            leaks |= {(method, path, accept, tale) for tale in tales if tale in text}

    assert tales
    assert leaks == set()


def test_each_point_has_its_answer_for_each_audience(served: Served, keys: dict[str, dict[str, str]]) -> None:
    points, everybody = list(registry().guidance()), (*AUDIENCES, "internal")
    told = {
        (point.id, audience): ask(
            served, "GET", f"/passports/{NAME}/why/{point.id}", "*/*", keys[audience]
        ).status
        for point in points
        for audience in everybody
    }

    assert len(points) == 71
    assert told == {
        (point.id, audience): 200 if visible(point, audience) else 403
        for point in points
        for audience in everybody
    }


def test_the_people_of_the_line_see_records(served: Served, keys: dict[str, dict[str, str]]) -> None:
    for path in ("/sparql", "/find", "/about/{tail}", "/trace/{name}", "/queries"):
        assert ask(served, "GET", path, "*/*", keys["internal"]).status in (200, 303), path
    term = json.loads(served.send("GET", "/terms/DeepDischarge", None, keys["internal"]).body)
    assert json.loads(served.get("/terms/DeepDischarge").body)["used"] is None
    assert term["used"] is not None


def test_at_the_machine_records_are_open_until_a_key_or_a_proxy_says_who_asks(
    store: Path, keys: dict[str, dict[str, str]]
) -> None:
    ask = "/sparql?query=ASK%7B%7D"
    with serving(store) as here:
        assert here.get(ask).status == 200
        assert here.send("GET", ask, None, keys["authority"]).status == 403
        assert here.send("GET", ask, None, {"X-Forwarded-For": "192.0.2.1"}).status == 401


def test_who_writes_is_of_the_line(tmp_path: Path) -> None:
    with pytest.raises(KgError, match="its audience is internal"):
        Keys(tmp_path).add("recycler", "write", "legitimate-interest")
    secret = Keys(tmp_path).add("loader", "write")

    assert Keys(tmp_path).caller(f"Bearer {secret}").audience == "internal"
