"""BattINFO's JSON-LD -> the store, the store -> JSON-LD, and the context that both are written in."""

from __future__ import annotations

import gc
import json
import math
from pathlib import Path
from typing import Any

import pyld.jsonld  # type: ignore[import-untyped]
import pyoxigraph as ox
import pytest
import rdflib
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from kg import model
from kg.cli import main
from kg.errors import FaultsError
from kg.findings import Finding
from kg.jsonld import context
from kg.load import Loader, Outcome
from kg.mappers.plan import RdfPlan, read_plans
from kg.mappers.rdf import MappedRdf, apply_rdf
from kg.namespaces import PREFIXES
from kg.resources import PACKAGE, folder
from kg.store import Store
from kg.terms import vocabulary
from tests.conftest import BASE

EXAMPLES = Path(__file__).parent / "jsonld"
MAPPING = PACKAGE / "mappers" / "battinfo" / "battinfo.yaml"
BATTINFO = "https://w3id.org/emmo/domain/battery/context"
SCHEMA = "https://schema.org/"
COIN = "thing/coin_cell.jsonld"


@pytest.fixture(scope="module")
def plan() -> RdfPlan:
    (found,) = read_plans(MAPPING, vocabulary())
    assert isinstance(found, RdfPlan)
    return found


class Desk:
    """A folder for documents and stores."""

    def __init__(self, folder: Path, plan: RdfPlan) -> None:
        self.folder, self.plan = folder, plan

    def write(self, content: Any, name: str = "a.jsonld") -> Path:
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    def map(self, content: Any, name: str = "a.jsonld") -> MappedRdf:
        """Return what a document becomes; one without a context has BattINFO's."""
        if isinstance(content, dict) and "@context" not in content:
            content = {"@context": BATTINFO, **content}
        return apply_rdf(self.plan, self.write(content, name), BASE, vocabulary())

    def load(self, path: Path, store: str = "store") -> tuple[Outcome, Store]:
        (outcome,) = Loader(self.folder / store, base=BASE).load([path])
        return outcome, Store.open(self.folder / store)


@pytest.fixture
def desk(tmp_path: Path, plan: RdfPlan) -> Desk:
    return Desk(tmp_path, plan)


@pytest.fixture(scope="module")
def coin(tmp_path_factory: pytest.TempPathFactory, plan: RdfPlan) -> tuple[Outcome, Store]:
    return Desk(tmp_path_factory.mktemp("coin"), plan).load(EXAMPLES / "coin_cell.jsonld")


def kg(*words: str | Path) -> Result:
    result = CliRunner().invoke(main, list(map(str, words)), prog_name="kg")
    result.exc_info = None  # its frames keep the store open
    gc.collect()
    assert "Traceback" not in result.output
    return result


def iri(label: str) -> str:
    return vocabulary().resolve(label).iri


def quantities(triples: set[ox.Triple]) -> dict[str, tuple[float, str]]:
    """Return the quantities, by the end of their IRI: number and unit."""
    by: dict[tuple[str, str], list[Any]] = {}
    for triple in triples:
        by.setdefault((getattr(triple.subject, "value", ""), triple.predicate.value), []).append(
            triple.object
        )
    found = {}
    for (subject, link), values in by.items():
        if link == model.HAS_NUMERICAL_PART:
            (number,) = by[values[0].value, model.HAS_NUMBER_VALUE]
            (unit,) = by[subject, model.HAS_UNIT]
            found[subject.removeprefix(BASE)] = (float(number.value), vocabulary().term(unit.value).label)
    return found


def quantity(number: Any, unit: Any, *types: str, **more: Any) -> dict[str, Any]:
    return {
        "@type": list(types) or ["Thickness", "MeasuredProperty"],
        "hasNumericalPart": {"@type": "RealData", "hasNumberValue": number},
        "hasMeasurementUnit": unit,
        **more,
    }


def triples(store: Store) -> set[ox.Triple]:
    """Return what the store says, without the places in its files."""
    return {
        triple for triple in store.triples(store.graphs()) if triple.predicate.value != model.DERIVED_FROM
    }


# The context


def test_the_shipped_context_is_that_of_the_vocabulary() -> None:
    shipped = (folder("ontology") / context.FILE).read_text(encoding="utf-8")

    assert context.text(vocabulary()) == shipped, "run: kg export context"


def test_each_label_that_names_one_term_is_a_name_in_the_context() -> None:
    terms: dict[str, list[str]] = {}
    for term in vocabulary():
        if not term.deprecated:
            terms.setdefault(term.label, []).append(term.iri)
    single = {label: iris[0] for label, iris in terms.items() if len(iris) == 1 and label not in PREFIXES}
    names = {
        name: context.expand(definition if isinstance(definition, str) else definition["@id"])
        for name, definition in context.shipped().items()
        if not name.startswith("@")
    }

    assert len(single) > 6000
    assert single == {label: names.get(label) for label in single}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Binder", "echem:Binder"),
        ("Graphite", "chemsub:Graphite"),
        ("hasInput", "emmo:hasInput"),
        ("hasPositiveElectrode", "echem:hasPositiveElectrode"),
        ("hasTestObject", "battery:hasTestObject"),
        ("bvco.Binder", "bvco:Binder"),
        ("gpo.hasInput", "gpo:hasInput"),
    ],
)
def test_a_label_of_several_terms_means_what_it_means_in_the_context_of_battinfo(
    name: str, meant: str
) -> None:
    definition = context.shipped()[name]

    assert context.expand(definition if isinstance(definition, str) else definition["@id"]) == iri(meant)


def test_a_label_that_nobody_has_chosen_for_is_written_with_its_prefix() -> None:
    assert "Mesh" not in context.shipped()
    assert {"emmo.Mesh", "echem.Mesh"} <= context.shipped().keys()


def test_no_term_takes_a_prefix_away() -> None:
    assert {name: context.shipped()[name] for name in PREFIXES} == PREFIXES


@pytest.mark.parametrize(("former", "name"), [("hasNumericalValue", "hasNumberValue"), ("Real", "RealData")])
def test_names_that_emmo_gave_up_still_work(former: str, name: str) -> None:
    assert context.shipped()[former] == context.shipped()[name]


def test_the_context_is_printed_and_written_by_the_command(tmp_path: Path) -> None:
    written = kg("export", "context", "-o", tmp_path / "context.jsonld")

    assert written.exit_code == 0
    assert (tmp_path / "context.jsonld").read_text(encoding="utf-8") == context.text(vocabulary())
    assert kg("export", "context", "-o", "-").output == context.text(vocabulary())


# Documents in BattINFO's pattern


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


# Contexts


@pytest.mark.parametrize(
    "address",
    [
        BATTINFO,
        context.CONTEXT,
        "https://w3id.org/emmo/domain/electrochemistry/context",
        "https://w3id.org/emmo/domain/battery/0.18.7/context",
        "https://w3id.org/emmo/domain/characterisation-methodology/chameo/context",
        "https://raw.githubusercontent.com/emmo-repo/domain-battery/master/context.json",
        "https://raw.githubusercontent.com/emmo-repo/domain-electrochemistry/master/context.json",
        "https://raw.githubusercontent.com/emmo-repo/domain-battery/refs/heads/gh-pages/context/context.json",
        "https://emmo-repo.github.io/domain-battery/context/context.json",
        {"@context": BATTINFO},
    ],
)
def test_a_published_context_is_answered_without_the_web(desk: Desk, address: Any) -> None:
    found = desk.map({"@context": address, "@type": "CoinCell", "hasProperty": quantity(1, "um")})

    assert found.findings == []
    assert len(quantities(set(found.triples))) == 1


@pytest.mark.parametrize("where", ["top", "inside"])
def test_another_context_on_the_web_is_refused_with_its_address(desk: Desk, where: str) -> None:
    address = "https://lab.example/cells/v3"
    inner = {"@context": address, "@type": "CoinCell"}

    with pytest.raises(FaultsError) as error:
        desk.map(inner if where == "top" else {"@type": "CoinCell", "hasPart": inner})

    assert f'Or save {address} beside it as v3.jsonld and write "@context": "v3.jsonld"' in str(error.value)


def test_a_context_beside_the_document_is_read(desk: Desk) -> None:
    desk.write({"@context": [BATTINFO, {"thick": "Thickness", "has": "hasProperty"}]}, "v3.jsonld")
    found = desk.map({"@context": "v3.jsonld", "@type": "CoinCell", "has": quantity(1, "um", "thick")})

    assert found.findings == []
    assert list(quantities(set(found.triples)).values()) == [(1.0, "MicroMetre")]


def test_a_context_that_is_not_beside_the_document_is_told(desk: Desk) -> None:
    with pytest.raises(FaultsError, match=r"its @context is the file 'v3.jsonld', which is not beside it"):
        desk.map({"@context": "v3.jsonld", "@type": "CoinCell"})


def test_what_the_document_says_of_its_names_goes_before_the_context(desk: Desk) -> None:
    own = {"Binder": PREFIXES["bvco"] + iri("bvco:Binder").removeprefix(PREFIXES["bvco"])}
    found = desk.map({"@context": [BATTINFO, own], "@type": "Binder"})

    assert iri("bvco:Binder") in {getattr(triple.object, "value", "") for triple in found.triples}


def test_a_context_inside_a_context_is_answered_too(desk: Desk) -> None:
    imported = {"@version": 1.1, "@import": BATTINFO, "piece": {"@id": "hasPart", "@context": BATTINFO}}
    found = desk.map({"@context": imported, "@type": "CoinCell", "piece": {"@type": "Electrode"}})

    assert found.findings == []
    assert iri("Electrode") in {getattr(triple.object, "value", "") for triple in found.triples}


@pytest.mark.parametrize(
    "own", [{"@import": "https://x.example/c"}, {"a": {"@id": "urn:x:a", "@context": "https://x.example/c"}}]
)
def test_an_unknown_address_inside_a_context_is_refused(desk: Desk, own: Any) -> None:
    with pytest.raises(FaultsError, match=r"Or save https://x.example/c beside it"):
        desk.map({"@context": [BATTINFO, own], "@type": "CoinCell"})


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        ("5", "JSON-LD is an object in braces"),
        ("[5]", "JSON-LD is an object in braces"),
        ('{"a": 1, "a": 2}', "the key 'a' comes twice"),
        ('{"@context": 5}', "this is not JSON-LD"),
        ('{"@id": 5, "rdfs:label": "a"}', "this is not JSON-LD"),
        ('{"@type": {"@id": "a"}}', "this is not JSON-LD"),
        ('{"@context": "https://w3id.org/emmo/context", "rdfs:label": "\\ud800"}', "this is not JSON-LD"),
        ('{"a": ' * 900 + "1" + "}" * 900, "nested too deeply"),
    ],
)
def test_a_document_that_is_no_json_ld_is_told(desk: Desk, content: str, wrong: str) -> None:
    with pytest.raises(FaultsError, match=wrong):
        desk.map(content)


# Export


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with the sample line."""
    store = tmp_path_factory.mktemp("line") / "store"
    Loader(store, base=BASE).load([Path(__file__).parent / "plant"])
    return store


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
    request: pytest.FixtureRequest, coin: tuple[Outcome, Store], line: Path, tmp_path: Path
) -> tuple[Path, list[str], Path]:
    """Return a store, the words that say what to export, and the export."""
    which, words = ROUND_TRIPS[request.param]
    store = coin[1].path if which == "coin" else line
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


def test_an_export_leads_to_the_materials_of_a_cell(line: Path) -> None:
    text = kg("export", "jsonld", "PC-0034", "--store", line).output
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
def test_an_export_of_nothing_is_told(line: Path, words: list[str], answer: str) -> None:
    result = kg("export", "jsonld", *words, "--store", line)

    assert result.exit_code == 2
    assert answer in result.output


@settings(max_examples=25, deadline=None)
@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
)
def test_any_number_and_any_text_survive(
    tmp_path_factory: pytest.TempPathFactory, plan: RdfPlan, number: float, text: str
) -> None:
    desk = Desk(tmp_path_factory.mktemp("any"), plan)
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
