"""BattINFO's JSON-LD -> the store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

from kg import model
from kg.findings import Finding
from kg.load import Outcome
from kg.store import Store
from tests.conftest import BASE
from tests.documents import (
    BATTINFO,
    COIN,
    EXAMPLES,
    Desk,
    iri,
    kg,
    quantities,
    quantity,
    triples,
)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_coin_cell_of_battinfo_loads_as_it_is(coin: tuple[Outcome, Store]) -> None:
    outcome, store = coin
    here = f"{COIN}/hasPositiveElectrode"

    assert (outcome.mapping, outcome.outcome) == ("battinfo.yaml", "loaded")
    assert (outcome.findings, outcome.set_aside) == ([], 0)
    assert quantities(triples(store)) == {
        f"{COIN}#hasMeasuredProperty": (3.125, "Gram"),
        f"{here}/hasCurrentCollector#hasMeasuredProperty": (15.0, "MicroMetre"),
        f"{here}/hasCoating/hasActiveMaterial#hasMeasuredProperty/1": (94.0, "Percent"),
        f"{here}/hasCoating/hasActiveMaterial#hasMeasuredProperty/2": (3.5, "MicroMetre"),
        f"{here}/hasCoating/hasBinder#hasMeasuredProperty": (3.0, "Percent"),
        f"{here}/hasCoating#hasProperty/0": (62.0, "MicroMetre"),
        f"{here}/hasCoating#hasProperty/1": (35.0, "Percent"),
        f"{here}/hasCoating#hasProperty/2": (12.5, "MilliGramPerSquareCentiMetre"),
        f"{COIN}/hasElectrolyte#hasConventionalProperty": (0.08, "MilliLitre"),
        f"{COIN}/hasElectrolyte/hasSolvent/0#hasProperty": (50.0, "Percent"),
        f"{COIN}/hasElectrolyte/hasSolvent/1#hasProperty": (50.0, "Percent"),
        f"{COIN}/@reverse/hasTestObject/hasTask#hasInput/0": (0.0005, "Ampere"),
        f"{COIN}/@reverse/hasTestObject/hasTask#hasInput/1": (3.65, "Volt"),
    }


def test_no_node_is_blank_and_each_thing_knows_its_place_in_the_file(coin: tuple[Outcome, Store]) -> None:
    _, store = coin
    (graph,) = store.graphs()
    found = list(store.triples([graph]))
    places = {
        triple.subject.value.removeprefix(BASE): triple.object.value.removeprefix(f"{graph}#")
        for triple in found
        if triple.predicate.value == model.DERIVED_FROM
        and isinstance(triple.subject, ox.NamedNode)
        and isinstance(triple.object, ox.NamedNode)
    }

    assert not [triple for triple in found for node in triple if isinstance(node, ox.BlankNode)]
    assert places[COIN] == "/"
    assert places[f"{COIN}/hasPositiveElectrode/hasCoating"] == "/hasPositiveElectrode/hasCoating"
    assert (
        places[f"{COIN}/hasElectrolyte/hasSolvent/1#hasProperty"]
        == "/hasElectrolyte/hasSolvent/1/hasProperty"
    )


def test_the_token_is_kept_where_a_value_was_converted(coin: tuple[Outcome, Store]) -> None:
    rows = coin[1].query("SELECT ?token { ?q bvcox:sourceToken ?token } ORDER BY ?token")

    assert [row["token"].value for row in rows] == ["0.0150 mm", "0.03", "0.5 mA", "80 uL"]


def test_the_kind_of_a_value_is_that_of_the_class_or_of_the_property(desk: Desk) -> None:
    found = desk.map(
        {
            "@type": "CoinCell",
            "hasProperty": [quantity(1, "um", "Thickness", "NominalProperty"), quantity(2, "um", "Diameter")],
            "hasMeasuredProperty": quantity(3, "g", "Mass"),
            "hasModelledProperty": quantity(4, "mL", "Volume"),
        }
    )
    kinds = {kind: name for name, kind in model.VALUE_KINDS.items()}
    by_name = {
        getattr(triple.subject, "value", "").partition("#")[2]: kinds[triple.object.value]
        for triple in found.triples
        if isinstance(triple.object, ox.NamedNode) and triple.object.value in kinds
    }

    assert by_name == {
        "hasProperty/0": "nominal",
        "hasProperty/1": "set",
        "hasMeasuredProperty": "measured",
        "hasModelledProperty": "modelled",
    }


@pytest.mark.parametrize(
    ("unit", "number"),
    [
        ("emmo:MicroMetre", 15.0),
        ("https://w3id.org/emmo#MicroMetre", 15.0),
        ("MicroMetre", 15.0),
        ("um", 15.0),
        ("mm", 15000.0),
        ("emmo:MilliMetre", 15000.0),
        ("http://qudt.org/vocab/unit/MicroM", 15.0),
        ("https://qudt.org/vocab/unit/MilliM", 15000.0),
        ({"@id": "emmo:MicroMetre"}, 15.0),
        ({"@type": "MicroMetre"}, 15.0),
    ],
)
def test_a_unit_is_known_by_every_way_of_writing_it(desk: Desk, unit: Any, number: float) -> None:
    found = desk.map({"@type": "CoinCell", "hasProperty": quantity(15, unit)})

    assert found.findings == []
    assert list(quantities(set(found.triples)).values()) == [(number, "MicroMetre")]


@pytest.mark.parametrize(
    "form",
    [
        {"hasNumericalPart": {"@type": "RealData", "hasNumberValue": 15}},
        {"hasNumericalPart": {"@type": "emmo:RealData", "hasNumberValue": 15.0}},
        {"hasNumericalPart": {"@type": "Real", "hasNumericalValue": "15"}},
        {"hasNumericalPart": [{"hasNumericalValue": 15}]},
        {"hasNumberValue": 15},
        {"hasNumericalValue": {"@value": "15", "@type": "http://www.w3.org/2001/XMLSchema#decimal"}},
    ],
)
def test_a_number_is_read_nested_and_flat(desk: Desk, form: dict[str, Any]) -> None:
    found = desk.map(
        {
            "@type": "CoinCell",
            "hasProperty": {"@type": ["Thickness", "MeasuredProperty"], "hasMeasurementUnit": "um", **form},
        }
    )

    assert found.findings == []
    assert quantities(set(found.triples)) == {"thing/a.jsonld#hasProperty": (15.0, "MicroMetre")}


def test_a_readable_name_behind_a_prefix_is_the_term_of_that_label(desk: Desk) -> None:
    found = desk.map({"@type": "battery:CoinCell", "echem:hasElectrolyte": {"@type": "echem:Electrolyte"}})

    assert found.findings == []
    assert {
        getattr(triple.object, "value", "")
        for triple in found.triples
        if triple.predicate.value == model.RDF_TYPE
    } == {
        iri("CoinCell"),
        iri("Electrolyte"),
    }


def test_an_identifier_of_the_document_is_kept(desk: Desk) -> None:
    cell = "https://w3id.org/battinfo/cell/3m6k-9t2p"
    found = desk.map({"@id": cell, "@type": "CoinCell", "hasProperty": quantity(1, "um")})

    assert (cell, BASE + "thing/a.jsonld#hasProperty") in {
        (getattr(triple.subject, "value", ""), getattr(triple.object, "value", ""))
        for triple in found.triples
        if triple.predicate.value == iri("emmo:hasProperty")
    }


@pytest.mark.parametrize("empty", ['"@id": NaN,', '"@id": null,', '"@id": "",', ""])
def test_an_empty_identifier_is_none(desk: Desk, empty: str) -> None:
    found = desk.map(f'{{"@context": "{BATTINFO}", {empty} "@type": "CoinCell"}}')

    assert set(found.places) == {BASE + "thing/a.jsonld"}


@pytest.mark.parametrize(
    "content",
    [
        [{"@context": BATTINFO, "@type": "CoinCell"}, {"@context": BATTINFO, "@type": "CoinCell"}],
        {"@graph": [{"@type": "CoinCell"}, {"@type": "CoinCell"}]},
        {"@id": "urn:x:package", "@graph": [{"@type": "CoinCell"}, {"@type": "CoinCell"}]},
        {"@included": [{"@type": "CoinCell"}, {"@id": "_:mine", "@type": "CoinCell"}]},
        {
            "@context": [BATTINFO, {"type": "@type", "cells": {"@id": "hasPart", "@container": "@index"}}],
            "cells": {"left": {"type": "CoinCell"}, "right": {"type": "CoinCell", "rdfs:label": "right"}},
        },
        {
            "@context": [BATTINFO, {"cells": {"@id": "hasPart", "@container": "@id"}}],
            "cells": {"https://x.example/1": {"@type": "CoinCell"}, "urn:x:2": {"@type": "CoinCell"}},
        },
        {
            "@context": [BATTINFO, {"cells": {"@id": "hasPart", "@container": "@graph"}}],
            "cells": [{"@type": "CoinCell"}, {"@type": "CoinCell", "rdfs:label": "right"}],
        },
    ],
    ids=["list", "graph", "graph of its own", "included", "index", "by name", "graphs"],
)
def test_several_things_are_found_wherever_they_stand(desk: Desk, content: Any) -> None:
    found, again = desk.map(content), desk.map(content)
    cells = {
        triple.subject
        for triple in found.triples
        if triple.predicate.value == model.RDF_TYPE and triple.object == ox.NamedNode(iri("CoinCell"))
    }

    assert len(cells) == 2
    assert all(isinstance(cell, ox.NamedNode) for cell in cells)
    assert set(found.triples) == set(again.triples)


def test_the_same_document_under_another_name_speaks_of_other_things(desk: Desk) -> None:
    content = {"@type": "CoinCell", "hasElectrolyte": {"@type": "Electrolyte"}}

    assert not set(desk.map(content, "a.jsonld").places) & set(desk.map(content, "b.jsonld").places)


def test_of_several_classes_of_a_quantity_the_narrowest_counts(desk: Desk) -> None:
    found = desk.map(
        {"@type": "CoinCell", "hasProperty": quantity(1, "um", "Length", "Thickness", "MeasuredProperty")}
    )
    classes = {
        getattr(triple.object, "value", "")
        for triple in found.triples
        if triple.predicate.value == model.RDF_TYPE
        and triple.subject == ox.NamedNode(BASE + "thing/a.jsonld#hasProperty")
    }

    assert classes == {iri("Thickness"), model.VALUE_KINDS["measured"]}


# What cannot be read is told, and nothing is lost


def said(outcome: Outcome) -> dict[str, Finding]:
    return {finding.row: finding for finding in outcome.findings}


def test_what_is_doubtful_is_set_aside_with_its_place_and_the_rest_loads(desk: Desk) -> None:
    outcome, store = desk.load(EXAMPLES / "doubtful.jsonld")
    found = said(outcome)
    cell = "/hasTestObject/ElectrochemicalCell"

    assert {row: finding.value for row, finding in found.items()} == {
        "/hasProperty/0": "about 40 g",
        "/hasProperty/1": "41.5 emmo:Grum",
        "/hasProperty/2": "5.1 g",
        "/hasProperty/3": "35 %",
        "/hasProperty/3/@type/Porosty": "Porosty",
        "/hasProperty/4": "NaN mAh",
        "/hasProperty/6": "3.7",
        "/@type/Half%20cell%20of%20mine": "Half cell of mine",
        "/hasPolish/@key": "yes",
        "/https%3A%2F%2Flab.example%2Fterms%23shelf/@key": "B 4",
        f"{cell}/@key": f"{BASE}thing/doubtful.jsonld{cell}",
    }
    assert "'about 40 g' is not a number" in found["/hasProperty/0"].message
    assert "no unit is written 'emmo:Grum'" in found["/hasProperty/1"].message
    assert "measure different things" in found["/hasProperty/2"].message
    assert "a number without a unit cannot become 'V'" in found["/hasProperty/6"].message
    assert "is the name of a class" in found[f"{cell}/@key"].message
    assert (outcome.set_aside, outcome.loaded) == (11, 4)
    assert quantities(triples(store)) == {"thing/doubtful.jsonld#hasProperty/5": (0.04, "AmpereHour")}


def test_a_file_with_findings_ends_with_code_one_and_the_findings_stand_in_a_file(tmp_path: Path) -> None:
    result = kg("load", EXAMPLES / "doubtful.jsonld", "--store", tmp_path / "store")
    aside = json.loads(
        (tmp_path / "store" / "set-aside" / "doubtful.set-aside.jsonld.findings.json").read_text("utf-8")
    )

    assert result.exit_code == 1
    assert len(aside) == 11


@pytest.mark.parametrize("name", ["polished twice", "50% off", "äöü", "a/b", "a<b>", "über:all", "{x}"])
def test_a_name_that_no_context_has_is_told_however_it_is_written(desk: Desk, name: str) -> None:
    found = desk.map({"@type": "CoinCell", name: "value of it", "hasPart": {"@type": ["CoinCell", name]}})
    columns = {finding.value: finding.rule for finding in found.findings}

    assert len(found.findings) == 2
    assert columns["value of it"] == "account"


@pytest.mark.parametrize("unit", ["%", "m?m", "half a cup", "<x>", ""])
def test_no_text_of_a_unit_is_dropped(desk: Desk, unit: str) -> None:
    found = desk.map({"@type": "CoinCell", "hasProperty": quantity(1, unit, "Thickness")})

    assert [finding.rule for finding in found.findings] == ["number"]
    assert quantities(set(found.triples)) == {}
