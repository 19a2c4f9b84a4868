"""Claims about finding terms."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from kg.cli import main
from kg.namespaces import PREFIXES
from kg.terms import AmbiguousTermError, UnknownTermError, Vocabulary, vocabulary, words

HEAD = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in PREFIXES.items())
SMALL = """
bvcox:Load a owl:Class ; skos:prefLabel "Load"@en ; skos:altLabel "Belastung"@de .
bvcox:LineLoad a owl:Class ; skos:prefLabel "LineLoad"@en ; rdfs:subClassOf bvcox:Load, bvcox:Set ;
    skos:altLabel "Line load"@en, "Linienlast"@de ; skos:hiddenLabel "q_cal" ; skos:example "200 N/mm"@en ;
    skos:closeMatch echem:Glue ; dcterms:source "Own definition."@en .
bvcox:PeakLineLoad a owl:Class ; skos:prefLabel "PeakLineLoad"@en ; rdfs:subClassOf bvcox:LineLoad .
bvcox:Set a owl:Class ; skos:prefLabel "Set"@en .
bvco:Binder_1 a owl:Class ; skos:prefLabel "Binder"@en .
echem:Binder_2 a owl:Class ; skos:prefLabel "Binder"@en .
echem:Glue a owl:Class ; skos:prefLabel "Glue"@en ; skos:altLabel "Set"@en .
bvco:sets a owl:ObjectProperty ; skos:prefLabel "PeakLineLoad"@en .
bvco:Old a owl:Class ; skos:prefLabel "Old"@en ; owl:deprecated true ; dcterms:isReplacedBy bvcox:LineLoad .
bvco:Older a owl:Class ; skos:prefLabel "Older"@en ; owl:deprecated true .
<http://old.example/x> dcterms:isReplacedBy bvcox:LineLoad .
bvcox:High a bvcox:Load, owl:NamedIndividual ; skos:prefLabel "High"@en .
bvcox:Punned a owl:NamedIndividual, owl:Class ; skos:prefLabel "Punned"@en .
bvco:SameAsLineLoad a owl:Class ; skos:prefLabel "SameAsLineLoad"@en ; owl:equivalentClass bvcox:LineLoad ;
    skos:scopeNote "Said twice."@en .
bvco:OldLoad a owl:Class ; skos:prefLabel "Load"@en ; owl:deprecated true .
"""


@pytest.fixture
def small(tmp_path: Path) -> Vocabulary:
    path = tmp_path / "small.ttl"
    path.write_text(HEAD + SMALL, encoding="utf-8")
    return Vocabulary([path])


@pytest.mark.parametrize(
    "label",
    [
        "LineLoad",
        "Line load",
        "line load",
        "LINELOAD",
        "Linienlast",
        "linienlast",
        "bvcox:LineLoad",
        " LineLoad ",
    ],
)
def test_term_is_found_by_every_spelling_of_its_labels(small: Vocabulary, label: str) -> None:
    assert small.resolve(label).iri == PREFIXES["bvcox"] + "LineLoad"


def test_term_is_found_by_its_iri(small: Vocabulary) -> None:
    assert small.resolve(PREFIXES["bvcox"] + "LineLoad").label == "LineLoad"
    assert small.term(PREFIXES["bvco"] + "Older").deprecated


def test_preferred_label_goes_before_alternative_label(small: Vocabulary) -> None:
    assert small.resolve("Set").iri == PREFIXES["bvcox"] + "Set"


def test_ambiguous_label_is_refused_with_what_to_type(small: Vocabulary) -> None:
    with pytest.raises(AmbiguousTermError) as caught:
        small.resolve("Binder")

    assert caught.value.candidates == ["bvco:Binder", "echem:Binder"]
    assert {small.resolve(name).source for name in caught.value.candidates} == {"bvco", "echem"}


def test_our_own_term_wins_nothing_silently(small: Vocabulary) -> None:
    with pytest.raises(AmbiguousTermError):
        small.resolve("PeakLineLoad")


def test_kinds_settle_an_ambiguity(small: Vocabulary) -> None:
    assert small.resolve("PeakLineLoad", kinds={"class"}).source == "bvcox"
    assert small.resolve("PeakLineLoad", kinds={"object property"}).source == "bvco"


def test_unknown_label_names_what_is_near_and_the_way_out(small: Vocabulary) -> None:
    with pytest.raises(UnknownTermError) as caught:
        small.resolve("LinLoad")

    assert str(caught.value) == (
        "no term is called 'LinLoad'. Near: 'LineLoad', 'PeakLineLoad'. To add one: docs/how-to/add-a-term.md"
    )


def test_deprecated_term_is_refused_by_the_name_of_its_successor(small: Vocabulary) -> None:
    with pytest.raises(UnknownTermError, match=r"'Old' is deprecated\. Use 'bvcox:LineLoad'"):
        small.resolve("Old")


def test_deprecated_term_is_taken_only_where_nothing_else_is(small: Vocabulary) -> None:
    assert small.resolve("Older").deprecated
    assert not small.resolve("Load").deprecated


def test_retired_iri_is_refused_by_the_name_of_its_counterpart(small: Vocabulary) -> None:
    with pytest.raises(UnknownTermError, match=r"is deprecated\. Use 'bvcox:LineLoad'"):
        small.resolve("http://old.example/x")


def test_term_knows_what_is_said_of_it(small: Vocabulary) -> None:
    term = small.resolve("LineLoad")

    assert (term.alt, term.german, term.hidden) == (("Line load", "Linienlast"), ("Linienlast",), ("q_cal",))
    assert (term.examples, term.sources) == (("200 N/mm",), ("Own definition.",))
    assert term.close == (PREFIXES["echem"] + "Glue",)
    assert small.resolve("SameAsLineLoad").meaning == "Said twice."


def test_individual_stands_under_its_class_and_a_class_stays_a_class(small: Vocabulary) -> None:
    assert small.resolve("High").kind == "individual"
    assert small.resolve("High").parents == (PREFIXES["bvcox"] + "Load",)
    assert small.resolve("Punned").kind == "class"


def test_equivalent_terms_stand_under_each_other(small: Vocabulary) -> None:
    line, same = PREFIXES["bvcox"] + "LineLoad", PREFIXES["bvco"] + "SameAsLineLoad"

    assert small.is_a(line, same)
    assert small.is_a(same, PREFIXES["bvcox"] + "Load")


def test_ancestors_and_descendants_include_the_term_itself(small: Vocabulary) -> None:
    iri = {name: PREFIXES["bvcox"] + name for name in ("Load", "LineLoad", "PeakLineLoad", "Set")}
    same = PREFIXES["bvco"] + "SameAsLineLoad"

    assert small.ancestors(iri["PeakLineLoad"]) == {*iri.values(), same}
    assert small.descendants(iri["Load"]) == {iri["Load"], iri["LineLoad"], iri["PeakLineLoad"], same}
    assert small.is_a(iri["PeakLineLoad"], iri["Load"])
    assert not small.is_a(iri["Load"], iri["PeakLineLoad"])


@pytest.mark.parametrize(
    ("text", "label", "reason"),
    [
        ("LineLoad", "LineLoad", "same name"),
        ("linienlast", "LineLoad", "same name (altLabel 'Linienlast')"),
        ("Peak", "PeakLineLoad", "begins like this"),
        ("nlast", "LineLoad", "contains this (altLabel 'Linienlast')"),
        ("LinLoad", "LineLoad", "written almost like this"),
        ("Linienlasst", "LineLoad", "written almost like this (altLabel 'Linienlast')"),
        ("load of a line", "LineLoad", "has words in common"),
        ("q_cal", "LineLoad", "same name (hiddenLabel 'q_cal')"),
    ],
)
def test_search_finds_and_says_why(small: Vocabulary, text: str, label: str, reason: str) -> None:
    best = small.search(text)[0]

    assert (best.term.label, best.reason) == (label, reason)
    assert 0 < best.score <= 1


def test_search_leaves_deprecated_terms_out(small: Vocabulary) -> None:
    assert [hit.term.label for hit in small.search("Older") if hit.term.deprecated] == []


def test_labels_are_split_at_capitals() -> None:
    assert words("CalenderedCoatingThickness") == ["calendered", "coating", "thickness"]
    assert words("D50ParticleSize") == ["d", "50", "particle", "size"]
    assert words("Nassschichtdicke über Alles") == ["nassschichtdicke", "über", "alles"]


def test_canonical_unit_is_inherited_from_the_nearest_ancestor() -> None:
    known = vocabulary()
    loading = known.resolve("MassLoading")

    assert known.canonical_unit(loading.iri) == known.units.parse("mg/cm2")
    assert known.dimension(loading.iri) == "T0 L-2 M+1 I0 Θ0 N0 J0"


def test_dimension_follows_from_upstream_where_no_unit_is_named() -> None:
    known = vocabulary()
    energy = "https://w3id.org/emmo#EMMO_31ec09ba_1713_42cb_83c7_b38bf6f9ced2"  # Energy

    assert known.dimension(energy) == "T-2 L+2 M+1 I0 Θ0 N0 J0"


def test_units_are_terms_of_their_own_kind() -> None:
    known = vocabulary()

    assert known.resolve("MilliAmpereHour").kind == "unit"
    assert known.resolve("LengthUnit").kind == "class"


def test_command_shows_a_term_and_its_unit() -> None:
    result = CliRunner().invoke(main, ["terms", "Linienlast"])

    assert result.exit_code == 0
    assert "https://w3id.org/battery-kg/bvco-ext#LineLoad" in result.output
    assert "N/mm" in result.output


def test_command_says_what_to_type_for_an_ambiguous_word() -> None:
    result = CliRunner().invoke(main, ["terms", "Binder"])

    assert result.exit_code == 0
    assert "Type one of: bvco:Binder, echem:Binder" in result.output


def test_command_prints_json_for_machines() -> None:
    result = CliRunner().invoke(main, ["terms", "LineLoad", "--json", "--limit", "3"])
    found = json.loads(result.output)

    assert found["exact"]["unit"] == "N/mm"
    assert len(found["hits"]) == 3


def test_command_tells_where_a_term_is_mapped_shaped_and_queried() -> None:
    result = CliRunner().invoke(main, ["terms", "Porosity", "--json", "--store", "nowhere"])
    exact = json.loads(result.output)["exact"]

    assert "steps/calendering.yaml: Porosität [%]" in exact["mapped"]
    assert exact["shaped"] == ["calendering.ttl"]
    assert "rows_behind_value" in exact["queried"]
    assert exact["used"] is None


def test_command_ends_with_2_where_nothing_is_found() -> None:
    result = CliRunner().invoke(main, ["terms", "zxqwv"])

    assert result.exit_code == 2
