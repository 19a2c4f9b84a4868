"""The store -> JSON-LD, which loads again as the same graph."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pyld.jsonld  # type: ignore[import-untyped]
import pyoxigraph as ox
import pytest
import rdflib
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.jsonld import context
from kg.load import Outcome
from kg.namespaces import PREFIXES
from kg.resources import folder
from kg.store import Store
from kg.terms import vocabulary
from tests.conftest import BASE
from tests.documents import (
    COIN,
    Desk,
    iri,
    kg,
    quantities,
    quantity,
    triples,
)


def canonical(triples: set[ox.Triple]) -> str:
    dataset = ox.Dataset(ox.Quad(triple.subject, triple.predicate, triple.object) for triple in triples)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return "\n".join(sorted(map(str, dataset)))


def outside(text: str) -> set[ox.Triple]:
    """Return the triples of a document as PyLD reads it, the context given in full."""
    shipped = json.loads((folder("ontology") / context.FILE).read_text(encoding="utf-8"))

    def answer(address: str, options: Any) -> dict[str, Any]:
        assert address == context.CONTEXT
        return {"contextUrl": None, "documentUrl": address, "document": shipped}

    quads = pyld.jsonld.to_rdf(json.loads(text), {"documentLoader": answer, "format": "application/n-quads"})
    return numbers({quad.triple for quad in ox.parse(quads.encode(), format=ox.RdfFormat.N_QUADS)})


def numbers(triples: set[ox.Triple]) -> set[ox.Triple]:
    """Return triples with one way of writing a double: JSON-LD writes 62 as 6.2E1."""
    double = ox.NamedNode(PREFIXES["xsd"] + "double")
    return {
        ox.Triple(
            triple.subject, triple.predicate, ox.Literal(repr(float(triple.object.value)), datatype=double)
        )
        if isinstance(triple.object, ox.Literal) and triple.object.datatype == double
        else triple
        for triple in triples
    }


ROUND_TRIPS = {
    "a coin cell of BattINFO": ("coin", ["coin_cell.jsonld"]),
    "a test": ("coin", ["--class", "BatteryTest"]),
    "one cell of the line": ("line", ["PC-0034"]),
    "all cells of the line": ("line", ["--class", "BatteryCell"]),
    "runs of the line": ("line", ["--class", "FabricatedElectrodeCalendering"]),
    "a machine and a lot": ("line", ["--class", "Calenderer", "--class", "bvco:ActiveMaterial"]),
}


@pytest.fixture(params=ROUND_TRIPS)
def exported(
    request: pytest.FixtureRequest, coin: tuple[Outcome, Store], line_store: Path, tmp_path: Path
) -> tuple[Path, list[str], Path]:
    """Return a store, the words that say what to export, and the export."""
    which, words = ROUND_TRIPS[request.param]
    store = coin[1].path if which == "coin" else line_store
    result = kg("export", "jsonld", *words, "--store", store, "-o", tmp_path / "first.jsonld")
    assert result.exit_code == 0, result.output
    return store, words, tmp_path / "first.jsonld"


def test_what_is_exported_and_loaded_again_is_the_same_graph(
    exported: tuple[Path, list[str], Path], tmp_path: Path
) -> None:
    store, words, first = exported
    loaded = kg("load", first, "--store", tmp_path / "second")
    names = [word.replace("coin_cell.jsonld", COIN) for word in words]
    again = kg("export", "jsonld", *names, "--store", tmp_path / "second", "-o", tmp_path / "second.jsonld")
    second = Store.open(tmp_path / "second")

    assert "set aside" not in loaded.output and again.exit_code == 0, loaded.output + again.output
    assert canonical(outside(first.read_text("utf-8"))) == canonical(numbers(triples(second)))
    assert first.read_text("utf-8") == (tmp_path / "second.jsonld").read_text("utf-8")
    assert triples(second) <= triples(Store.open(store))


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph")
def test_other_processors_read_in_an_export_what_the_store_says(
    exported: tuple[Path, list[str], Path],
) -> None:
    store, words, first = exported
    embedded = kg("export", "jsonld", *words, "--embed-context", "--store", store).output
    by_rdflib = rdflib.Graph().parse(data=embedded, format="json-ld").serialize(format="nt", encoding="utf-8")
    read = numbers({quad.triple for quad in ox.parse(by_rdflib, format=ox.RdfFormat.N_TRIPLES)})
    by_pyld = outside(first.read_text("utf-8"))

    assert json.loads(first.read_text("utf-8"))["@context"] == context.CONTEXT
    assert len(by_pyld) > 5
    assert by_pyld <= numbers(triples(Store.open(store)))
    assert canonical(read) == canonical(by_pyld)


def test_an_export_has_the_pattern_of_battinfo(coin: tuple[Outcome, Store]) -> None:
    text = kg("export", "jsonld", "coin_cell.jsonld", "--store", coin[1].path).output
    coating = json.loads(text)["hasPositiveElectrode"]["hasCoating"]
    thickness = next(one for one in coating["hasProperty"] if "CalenderedCoatingThickness" in one["@type"])

    assert thickness == {
        "@id": f"{BASE}{COIN}/hasPositiveElectrode/hasCoating#hasProperty/0",
        "@type": ["CalenderedCoatingThickness", "MeasuredProperty"],
        "hasMeasurementUnit": "emmo:MicroMetre",
        "hasNumericalPart": {
            "@id": f"{BASE}{COIN}/hasPositiveElectrode/hasCoating#hasProperty/0.number",
            "@type": "RealData",
            "hasNumberValue": 62.0,
        },
    }


def test_an_export_leads_to_the_materials_of_a_cell(line_store: Path) -> None:
    text = kg("export", "jsonld", "PC-0034", "--store", line_store).output
    classes = {
        one for triple in outside(text) if (one := getattr(triple.object, "value", "")) in vocabulary()
    }

    assert iri("madeFrom") in {triple.predicate.value for triple in outside(text)}
    assert {iri("MaterialLot"), iri("FabricatedSeparator"), iri("CoatedFabricatedElectrode")} <= classes


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ([], "which things?"),
        (["PC-9999"], "nothing in the store is called 'PC-9999'"),
        (["--class", "PowchCell"], "no term is called 'PowchCell'"),
        (["--class", "FuelCell"], "the store holds nothing of the class"),
    ],
)
def test_an_export_of_nothing_is_told(line_store: Path, words: list[str], answer: str) -> None:
    result = kg("export", "jsonld", *words, "--store", line_store)

    assert result.exit_code == 2
    assert answer in result.output


@settings(max_examples=25, deadline=None)
@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
)
def test_any_number_and_any_text_survive(
    tmp_path_factory: pytest.TempPathFactory, number: float, text: str
) -> None:
    desk = Desk(tmp_path_factory.mktemp("any"))
    found = desk.map(
        {"@type": "CoinCell", "rdfs:comment": text, "hasProperty": quantity(number, "emmo:MicroMetre")}
    )
    texts = {
        triple.object.value
        for triple in found.triples
        if triple.predicate.value == PREFIXES["rdfs"] + "comment" and isinstance(triple.object, ox.Literal)
    }
    ((value, _),) = quantities(set(found.triples)).values()

    assert texts == {text}
    assert (value, math.copysign(1, value)) == (number, math.copysign(1, number))
