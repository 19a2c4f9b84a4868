"""Claims about the fact slices: what they hold, what they leave out, and that they are always the same."""

from __future__ import annotations

import hashlib
import shutil
import tomllib
from pathlib import Path

import pyoxigraph as ox
import pytest

from kg.namespaces import PREFIXES
from kg.resources import folder
from kg.vocabulary_slice import DifferentFileError, build
from kg.vocabulary_slice.extract import current_iri
from kg.vocabulary_slice.repairs import MULTIPLIER, REPAIRS
from kg.vocabulary_slice.sources import SOURCES
from kg.vocabulary_slice.ucum import measure

EMMO, BVCO, GPO = PREFIXES["emmo"], PREFIXES["bvco"], PREFIXES["gpo"]
IMPORTS = folder("ontology") / "imports"
PREFIX_LINES = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in PREFIXES.items())

FILES = {
    "emmo/1.0.4-emmo.ttl": """
        emmo:EMMO_b081b346_7279_46ef_9a3d_2c088fcd79f4 a owl:Class ; skos:prefLabel "MeasurementUnit"@en .
        emmo:LengthUnit a owl:Class ; skos:prefLabel "LengthUnit"@en ;
            rdfs:subClassOf emmo:EMMO_b081b346_7279_46ef_9a3d_2c088fcd79f4 , [ a owl:Restriction ;
                owl:onProperty emmo:EMMO_19d925d0_2cf1_40e5_a391_1a99d68409c9 ;
                owl:hasValue "T0 L+1 M0 I0 Θ0 N0 J0" ] .
        emmo:Length a owl:Class ; skos:prefLabel "Length"@en ; rdfs:comment "Prose."@en ;
            rdfs:subClassOf [ a owl:Restriction ;
                owl:onProperty emmo:EMMO_bed1d005_b04e_4a90_94cf_02bc678a8569 ;
                owl:someValuesFrom emmo:LengthUnit ] .
        emmo:MilliMetre a owl:Class ; skos:prefLabel "MilliMetre"@en ; rdfs:subClassOf emmo:LengthUnit ;
            emmo:EMMO_33ae2d07_5526_4555_a0b4_8f4c031b5652 "mm" ;
            rdfs:subClassOf [ a owl:Restriction ;
                owl:onProperty emmo:EMMO_8189b42e_0995_423a_a26c_51168b27c3cf ; owl:hasValue 0.001000001 ] .
        emmo:CentiMetre a owl:Class ; skos:prefLabel "CentiMetre"@en ; rdfs:subClassOf emmo:LengthUnit ;
            emmo:EMMO_33ae2d07_5526_4555_a0b4_8f4c031b5652 "cm" ;
            rdfs:subClassOf [ a owl:Restriction ;
                owl:onProperty emmo:EMMO_8189b42e_0995_423a_a26c_51168b27c3cf ; owl:hasValue 100.0 ] .
        emmo:Defined a owl:Class ; skos:prefLabel "Defined"@en ;
            owl:equivalentClass [ a owl:Class ; owl:intersectionOf ( emmo:Length [ a owl:Restriction ;
                owl:onProperty emmo:x ; owl:someValuesFrom emmo:y ] ) ] .
    """,
    "gpo/GPO.ttl": """
        gpo:Step a owl:Class ; skos:prefLabel "Step"@en ; rdfs:subClassOf emmo:Gone .
        emmo:Length a owl:Class ; skos:prefLabel "Extent"@en .
    """,
    "bvco/BVCO.ttl": """
        @prefix old: <http://emmo.info/emmo#> .
        bvco:Coating a owl:Class ; skos:prefLabel "Coating"@en ; rdfs:subClassOf old:Length ,
            [ a owl:Restriction ; owl:onProperty gpo:GPO_703ec528_ea40_486e_9924_b911782b1a75 ;
              owl:someValuesFrom [ a owl:Class ; owl:unionOf ( bvco:Slurry bvco:Foil ) ] ] ,
            [ a owl:Restriction ; owl:onProperty gpo:GPO_8c869b47_a258_43b9_9c75_4285a80a1dfb ;
              owl:someValuesFrom bvco:Web ] .
        bvco:Slurry a owl:Class ; skos:prefLabel "Slurry"@en .
        bvco:Foil a owl:Class ; skos:prefLabel "Foil"@en .
        bvco:Web a owl:Class ; skos:prefLabel "Web"@en ; owl:deprecated true .
    """,
}


@pytest.fixture
def upstream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("kg.vocabulary_slice.extract.REPAIRS", ())
    place = tmp_path / "upstream"
    for source in SOURCES:
        for name in source.files:
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(PREFIX_LINES + FILES.get(name, ""), encoding="utf-8")
    return place


def facts(path: Path) -> set[tuple[str, str, str]]:
    return {
        (q.subject.value, q.predicate.value, q.object.value)  # type: ignore[union-attr]
        for q in ox.parse(path=str(path), format=ox.RdfFormat.TURTLE)
    }


def test_same_files_give_the_same_bytes(upstream: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    build(upstream, first)
    build(upstream, second)
    names = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())

    assert len(names) == 8
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in names)
    assert build(upstream, first).changed == ()


def test_prose_stays_out(upstream: Path, tmp_path: Path) -> None:
    build(upstream, tmp_path)

    assert "Prose" not in (tmp_path / "imports/emmo.ttl").read_text(encoding="utf-8")


def test_quantity_gets_the_dimension_of_its_class_of_units(upstream: Path, tmp_path: Path) -> None:
    build(upstream, tmp_path)
    said = facts(tmp_path / "imports/emmo.ttl")
    dimension = EMMO + "EMMO_19d925d0_2cf1_40e5_a391_1a99d68409c9"  # hasDimensionString

    assert (EMMO + "Length", dimension, "T0 L+1 M0 I0 Θ0 N0 J0") in said


def test_rounded_multiplier_becomes_exact_and_a_contradicting_one_is_left_out(
    upstream: Path, tmp_path: Path
) -> None:
    outcome = build(upstream, tmp_path)
    multipliers = {(s, v) for s, p, v in facts(tmp_path / "imports/emmo.ttl") if p == MULTIPLIER}

    assert multipliers == {(EMMO + "MilliMetre", "0.001")}
    assert any("CentiMetre" in line for line in outcome.left_out)


def test_member_of_an_intersection_is_a_parent(upstream: Path, tmp_path: Path) -> None:
    build(upstream, tmp_path)

    assert (EMMO + "Defined", PREFIXES["rdfs"] + "subClassOf", EMMO + "Length") in facts(
        tmp_path / "imports/emmo.ttl"
    )


def test_union_of_inputs_becomes_several_plain_statements(upstream: Path, tmp_path: Path) -> None:
    build(upstream, tmp_path)
    said = {
        (p.rpartition("#")[2], v) for s, p, v in facts(tmp_path / "imports/bvco.ttl") if s == BVCO + "Coating"
    }

    assert {
        ("expectsInput", BVCO + "Slurry"),
        ("expectsInput", BVCO + "Foil"),
        ("expectsOutput", BVCO + "Web"),
    } <= said


def test_old_iri_becomes_the_current_one(upstream: Path, tmp_path: Path) -> None:
    build(upstream, tmp_path)

    assert (BVCO + "Coating", PREFIXES["rdfs"] + "subClassOf", EMMO + "Length") in facts(
        tmp_path / "imports/bvco.ttl"
    )
    assert current_iri("http://emmo.info/electrochemistry#electrochemistry_0f007072-a8dd") == (
        PREFIXES["echem"] + "electrochemistry_0f007072_a8dd"
    )
    assert current_iri(BVCO + "a-b") == BVCO + "a-b"


def test_parent_that_nobody_declares_and_foreign_labels_are_left_out(upstream: Path, tmp_path: Path) -> None:
    outcome = build(upstream, tmp_path)
    said = facts(tmp_path / "imports/gpo.ttl")

    assert {s for s, _, _ in said} == {GPO + "Step"}
    assert EMMO + "Gone" not in {v for _, _, v in said}
    assert any("Gone" in line for line in outcome.left_out)


def test_changed_file_stops_the_work_until_it_is_accepted(upstream: Path, tmp_path: Path) -> None:
    build(upstream, tmp_path)
    before = (tmp_path / "imports/bvco.ttl").read_bytes()
    path = upstream / "bvco/BVCO.ttl"
    path.write_text(path.read_text(encoding="utf-8").replace('"Foil"', '"Sheet"'), encoding="utf-8")

    with pytest.raises(DifferentFileError, match=r"bvco/BVCO\.ttl: sha256 .* To accept it: --update"):
        build(upstream, tmp_path)
    assert (tmp_path / "imports/bvco.ttl").read_bytes() == before
    assert build(upstream, tmp_path, update=True).changed == ("imports/bvco.ttl", "imports.toml")


def test_missing_files_are_named_all_at_once(upstream: Path, tmp_path: Path) -> None:
    shutil.rmtree(upstream / "bvco")
    shutil.rmtree(upstream / "gpo")

    with pytest.raises(DifferentFileError) as caught:
        build(upstream, tmp_path)
    assert len(caught.value.faults) == 2


def test_lock_names_version_licence_and_hash_of_every_file() -> None:
    lock = tomllib.loads((folder("ontology") / "imports.toml").read_text(encoding="utf-8"))

    assert sorted(lock) == sorted(source.name for source in SOURCES)
    assert all(entry["licence"] == "CC BY 4.0" and entry["version_iri"] for entry in lock.values())
    assert all(
        len(value) == 2 * hashlib.sha256().digest_size for e in lock.values() for value in e["files"].values()
    )


def test_slices_have_no_blank_nodes_and_no_prose() -> None:
    paths = sorted(IMPORTS.glob("*.ttl"))
    allowed = {"prefLabel", "altLabel", "type", "subClassOf", "subPropertyOf", "deprecated", "isReplacedBy"}
    allowed |= {"expectsInput", "expectsOutput", "expectsPredecessor"}
    names = set()
    for path in paths:
        for quad in ox.parse(path=str(path), format=ox.RdfFormat.TURTLE):
            assert not isinstance(quad.subject, ox.BlankNode)
            assert not isinstance(quad.object, ox.BlankNode)
            names.add(quad.predicate.value.replace("/", "#").rpartition("#")[2])

    assert len(paths) == 7
    assert {name for name in names if not name.startswith("EMMO_")} == allowed
    assert len([name for name in names if name.startswith("EMMO_")]) == 7


def test_every_repair_has_a_reason_and_stands_in_the_slice() -> None:
    said = set().union(*(facts(path) for path in IMPORTS.glob("*.ttl")))

    assert all(repair.reason for repair in REPAIRS)
    for repair in REPAIRS:
        stated = {v for s, p, v in said if (s, p) == (repair.subject, repair.predicate)}
        assert len(stated) == len(repair.values), repair
        if repair.predicate != MULTIPLIER and repair.values and isinstance(repair.values[0], str):
            assert stated == set(repair.values)


@pytest.mark.parametrize(
    ("code", "factor", "dimension"),
    [
        ("mA.h/g", 3600, "T+1 L0 M-1 I+1 Θ0 N0 J0"),
        ("N/mm", 1000, "T-2 L0 M+1 I0 Θ0 N0 J0"),
        ("kW.h/(L.d)", 3.6e6 / 1e-3 / 86400, "T-3 L-1 M+1 I0 Θ0 N0 J0"),
        ("{rev}/min", 1 / 60, "T-1 L0 M0 I0 Θ0 N0 J0"),
    ],
)
def test_metric_code_has_exact_factor_and_dimension(code: str, factor: float, dimension: str) -> None:
    found = measure(code)

    assert found is not None
    assert float(found.factor) == pytest.approx(factor, rel=1e-12)
    assert found.dimension == dimension


def test_code_with_a_customary_atom_is_not_judged() -> None:
    assert measure("[ft_i]/s") is None
