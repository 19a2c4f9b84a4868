"""The JSON-LD context of the vocabulary, and the contexts that documents name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kg.errors import FaultsError
from kg.jsonld import context
from kg.namespaces import PREFIXES
from kg.resources import folder
from kg.terms import vocabulary
from tests.documents import (
    BATTINFO,
    Desk,
    iri,
    kg,
    quantities,
    quantity,
)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


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
