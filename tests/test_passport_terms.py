"""Claims about ontology/passport.ttl: the data points of the passport and the terms that hold values."""

from __future__ import annotations

import csv
from pathlib import Path

import pyoxigraph as ox
import pytest

from kg.namespaces import PREFIXES
from kg.resources import folder
from kg.terms import vocabulary

ONTOLOGY = folder("ontology")
GUIDANCE = Path(__file__).parents[2] / "shared" / "facts" / "passport_ec_datapoints_v1_0.tsv"
BVCOX, SKOS = PREFIXES["bvcox"], PREFIXES["skos"]
FACTS = ("hasLifecycle", "hasAccessTier", "obligationForEv", "obligationForLmt", "obligationForIndustrial")
ELUCIDATION = "https://w3id.org/emmo#EMMO_967080e5_2f42_4eb2_a3a9_c58143e835f9"  # elucidation
TYPE = ox.NamedNode(PREFIXES["rdf"] + "type")


@pytest.fixture(scope="module")
def graph() -> ox.Store:
    store = ox.Store()
    for name in ("bvco_ext.ttl", "passport.ttl"):
        store.load(path=str(ONTOLOGY / name), format=ox.RdfFormat.TURTLE)
    return store


def instances(graph: ox.Store, local: str) -> list[ox.NamedNode]:
    found = {quad.subject for quad in graph.quads_for_pattern(None, TYPE, ox.NamedNode(BVCOX + local))}
    return sorted((node for node in found if isinstance(node, ox.NamedNode)), key=lambda node: node.value)


def objects(
    graph: ox.Store, subject: ox.NamedNode, prop: str
) -> list[ox.NamedNode | ox.BlankNode | ox.Literal]:
    quads = graph.quads_for_pattern(subject, ox.NamedNode(prop), None)
    return [quad.object for quad in quads if not isinstance(quad.object, ox.Triple)]


def texts(graph: ox.Store, subject: ox.NamedNode, prop: str, lang: str | None = None) -> list[str]:
    found = objects(graph, subject, prop)
    return [node.value for node in found if isinstance(node, ox.Literal) and node.language == lang]


def notation(graph: ox.Store, point: ox.NamedNode, fact: str) -> str:
    """Return the token of a fact as the files of the guidance write it."""
    (value,) = objects(graph, point, BVCOX + fact)
    assert isinstance(value, ox.NamedNode)
    (token,) = texts(graph, value, SKOS + "notation")
    return token


def row(graph: ox.Store, point: ox.NamedNode) -> dict[str, str]:
    (number,) = texts(graph, point, BVCOX + "dataPointNumber")
    (name,) = texts(graph, point, BVCOX + "officialName")
    source = texts(graph, point, BVCOX + "legalSource")
    columns = ("lifecycle", "access_tier", "ev", "lmt", "industrial")
    facts = {column: notation(graph, point, fact) for column, fact in zip(columns, FACTS, strict=True)}
    return {"nr": number, "data_point": name, "source": source[0] if source else "", **facts}


@pytest.fixture(scope="module")
def rows(graph: ox.Store) -> list[dict[str, str]]:
    return [row(graph, point) for point in instances(graph, "PassportDataPoint")]


@pytest.mark.skipif(
    not GUIDANCE.is_file(), reason="the list of data points is not here: ../shared/facts/" + GUIDANCE.name
)
def test_every_point_of_the_guidance_is_there_with_equal_facts(rows: list[dict[str, str]]) -> None:
    with GUIDANCE.open(encoding="utf-8", newline="") as file:
        expected = list(csv.DictReader(file, delimiter="\t"))

    assert len(expected) == 71
    assert expected == rows


def test_points_are_numbered_from_1_to_71(rows: list[dict[str, str]]) -> None:
    assert [str(n) for n in range(1, 72)] == [point["nr"] for point in rows]


def test_a_point_is_named_by_its_number(graph: ox.Store, rows: list[dict[str, str]]) -> None:
    names = [point.value for point in instances(graph, "PassportDataPoint")]

    assert [f"{BVCOX}passport-point-{int(point['nr']):02d}" for point in rows] == names


def test_every_point_states_terms_of_the_vocabulary(graph: ox.Store) -> None:
    terms = vocabulary()
    states = {p.value: objects(graph, p, BVCOX + "statesTerm") for p in instances(graph, "PassportDataPoint")}
    unknown = {
        point: [str(node) for node in found if not isinstance(node, ox.NamedNode) or node.value not in terms]
        for point, found in states.items()
    }
    deprecated = [
        node.value
        for found in states.values()
        for node in found
        if isinstance(node, ox.NamedNode) and node.value in terms and terms.term(node.value).deprecated
    ]

    assert [point for point, found in states.items() if not found] == []
    assert {point: found for point, found in unknown.items() if found} == {}
    assert deprecated == []


@pytest.mark.parametrize("fact", FACTS)
def test_every_point_has_each_fact_once(graph: ox.Store, fact: str) -> None:
    counts = {len(objects(graph, p, BVCOX + fact)) for p in instances(graph, "PassportDataPoint")}

    assert {1} == counts


def test_every_point_can_be_read_in_english_and_german(graph: ox.Store) -> None:
    points = instances(graph, "PassportDataPoint")
    bare = [
        point.value
        for point in points
        if not texts(graph, point, ELUCIDATION, "en") or not texts(graph, point, SKOS + "altLabel", "de")
    ]

    assert len(points) == 71
    assert bare == []


def test_access_follows_the_parts_of_annex_xiii(rows: list[dict[str, str]]) -> None:
    interest = "legitimateInterest"
    tiers = {"1": "public", "2": interest, "3": "notifiedBodiesAndAuthorities", "4": interest}
    annex = [point for point in rows if point["source"].startswith("BR Annex XIII ")]
    others = [
        point["nr"]
        for point in annex
        if point["access_tier"] != tiers[point["source"].removeprefix("BR Annex XIII ")[0]]
    ]

    assert len(annex) == 55
    assert others == []


def test_only_part_4_of_annex_xiii_changes_in_use(rows: list[dict[str, str]]) -> None:
    part_4 = [point["nr"] for point in rows if point["source"].startswith("BR Annex XIII 4")]

    assert part_4 == [point["nr"] for point in rows if point["lifecycle"] == "dynamic"]


def test_the_statuses_are_those_that_the_law_names(graph: ox.Store, rows: list[dict[str, str]]) -> None:
    (name,) = [point["data_point"] for point in rows if point["nr"] == "67"]
    statuses = {
        text for value in instances(graph, "BatteryStatus") for text in texts(graph, value, SKOS + "notation")
    }

    assert {"original", "repurposed", "re-used", "remanufactured", "waste"} == statuses
    assert all(f"'{status}'" in name for status in statuses)


@pytest.mark.parametrize(
    ("kind", "tokens"),
    [
        ("DataLifecycle", ["dynamic", "static"]),
        ("AccessTier", ["legitimateInterest", "notifiedBodiesAndAuthorities", "public"]),
        ("DataObligation", ["conditional", "mandatory", "notToBeFilled", "optional", "pending"]),
    ],
)
def test_a_list_has_exactly_these_tokens(graph: ox.Store, kind: str, tokens: list[str]) -> None:
    found = [t for value in instances(graph, kind) for t in texts(graph, value, SKOS + "notation")]

    assert tokens == sorted(found)
