"""Claims about reasoning: what the repairs are for, on small extracts of upstream, and the shipped file."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pyoxigraph as ox
import pytest

from kg import model, reasoner
from kg.namespaces import PREFIXES
from kg.reasoner import hierarchy
from kg.reasoner.assemble import axioms, matching, terminology
from kg.reasoner.explain import explain
from kg.reasoner.hermit import THING, classify, is_consistent, is_satisfiable
from kg.reasoner.house import RULES
from kg.reasoner.module import module, speaking_of_individuals, split
from kg.reasoner.outside import failures
from kg.reasoner.sample import lineage_of_a_cell
from kg.resources import folder
from kg.terms import vocabulary
from kg.vocabulary_slice.left_out import LeftOut, left_out_axioms

ONTOLOGY = folder("ontology")
EMMO, GPO, BVCO = PREFIXES["emmo"], PREFIXES["gpo"], PREFIXES["bvco"]
PREFIX_LINES = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in PREFIXES.items())

needs_hermit = pytest.mark.skipif(
    reasoner.missing() is not None, reason=f"HermiT cannot run here: {reasoner.missing()}"
)

COATING = BVCO + "BVCO_efa6b935_262d_4f81_85d1_a855003ad30b"  # BatteryElectrodeCoating
QUANTITY_VALUE = EMMO + "EMMO_f658c301_ce93_46cf_9639_4eace2c5d1d5"  # QuantityValue

PREDECESSOR = """
gpo:GPO_389686f5_86d8_4e97_ba71_0537bedf0f38 a owl:ObjectProperty ;  # hasPredecessor
    rdfs:subPropertyOf emmo:EMMO_499e24a5_5072_4c83_8625_fe3f96ae4a8d ;  # precedes
    owl:inverseOf gpo:GPO_d52245e5_8dca_4a0f_bed8_0c7665da4560 .  # hasSuccessor
gpo:GPO_d52245e5_8dca_4a0f_bed8_0c7665da4560 a owl:ObjectProperty ;  # hasSuccessor
    rdfs:subPropertyOf emmo:EMMO_499e24a5_5072_4c83_8625_fe3f96ae4a8d .  # precedes
emmo:EMMO_499e24a5_5072_4c83_8625_fe3f96ae4a8d a owl:ObjectProperty, owl:AsymmetricProperty .  # precedes
bvco:BVCO_efa6b935_262d_4f81_85d1_a855003ad30b a owl:Class ;  # BatteryElectrodeCoating
    rdfs:subClassOf [ a owl:Restriction ;
        owl:onProperty gpo:GPO_389686f5_86d8_4e97_ba71_0537bedf0f38 ;  # hasPredecessor
        owl:someValuesFrom bvco:BVCO_60aef9bf_772f_4355_9f2f_d58c296efe03 ] .  # SlurryComponentMixing
bvco:BVCO_60aef9bf_772f_4355_9f2f_d58c296efe03 a owl:Class .  # SlurryComponentMixing
"""
"""A step that has a predecessor: it precedes what precedes it, which precedes it in turn."""

INFORMATION = """
gpo:GPO_a7003b69_ce78_48fe_a717_e04e1266c6cd a owl:Class ;  # InformationStructure
    owl:equivalentClass emmo:EMMO_3e7add3d_e6ed_489a_a796_8e31fef9b490 ,  # Data
        emmo:EMMO_89a0c87c_0804_4013_937a_6fe234d9499c .  # SymbolicConstruct
emmo:EMMO_3e7add3d_e6ed_489a_a796_8e31fef9b490 a owl:Class .  # Data
emmo:EMMO_c66ad523_3937_485e_91bb_ad488ddb373f a owl:Class ;  # DataByDiscretness
    rdfs:subClassOf emmo:EMMO_3e7add3d_e6ed_489a_a796_8e31fef9b490 .  # Data
emmo:EMMO_be8592a7_68d1_4a06_ad23_82f2b56ef926 a owl:Class ;  # DiscreteData
    rdfs:subClassOf emmo:EMMO_c66ad523_3937_485e_91bb_ad488ddb373f .  # DataByDiscretness
emmo:EMMO_057e7d57_aff0_49de_911a_8861d85cef40 a owl:Class ;  # Symbolic
    rdfs:subClassOf emmo:EMMO_be8592a7_68d1_4a06_ad23_82f2b56ef926 .  # DiscreteData
emmo:EMMO_d8d2144e_5c8d_455d_a643_5caf4d8d9df8 a owl:Class ;  # Language
    rdfs:subClassOf emmo:EMMO_057e7d57_aff0_49de_911a_8861d85cef40 .  # Symbolic
emmo:EMMO_54ee6b5e_5261_44a8_86eb_5717e7fdb9d0 a owl:Class ;  # Mathematical
    rdfs:subClassOf emmo:EMMO_d8d2144e_5c8d_455d_a643_5caf4d8d9df8 .  # Language
emmo:EMMO_ffe760a2_9d1f_4aef_8bee_1f450f9cb00d a owl:Class ;  # MathematicalConstruct
    owl:equivalentClass [ a owl:Class ; owl:intersectionOf (
        emmo:EMMO_54ee6b5e_5261_44a8_86eb_5717e7fdb9d0  # Mathematical
        emmo:EMMO_89a0c87c_0804_4013_937a_6fe234d9499c ) ] ;  # SymbolicConstruct
    rdfs:subClassOf [ a owl:Restriction ;
        owl:onProperty emmo:EMMO_9380ab64_0363_4804_b13f_3a8a94119a76 ;  # hasProperPart
        owl:someValuesFrom emmo:EMMO_5be83f9c_a4ba_4b9a_be1a_5bfc6e891231 ] .  # MathematicalSymbol
emmo:EMMO_5be83f9c_a4ba_4b9a_be1a_5bfc6e891231 a owl:Class ;  # MathematicalSymbol
    owl:equivalentClass [ a owl:Class ; owl:intersectionOf (
        emmo:EMMO_54ee6b5e_5261_44a8_86eb_5717e7fdb9d0  # Mathematical
        emmo:EMMO_a1083d0a_c1fb_471f_8e20_a98f881ad527 ) ] ;  # Symbol
    rdfs:subClassOf [ a owl:Class ; owl:complementOf [ a owl:Restriction ;
        owl:onProperty emmo:EMMO_9380ab64_0363_4804_b13f_3a8a94119a76 ;  # hasProperPart
        owl:someValuesFrom emmo:EMMO_54ee6b5e_5261_44a8_86eb_5717e7fdb9d0 ] ] .  # Mathematical
emmo:EMMO_9380ab64_0363_4804_b13f_3a8a94119a76 a owl:ObjectProperty .  # hasProperPart
emmo:EMMO_8ef3cd6d_ae58_4a8d_9fc0_ad8f49015cd0 a owl:ObjectProperty .  # hasNumericalPart
emmo:EMMO_4ce76d7f_03f8_45b6_9003_90052a79bfaa a owl:Class ;  # Numerical
    rdfs:subClassOf emmo:EMMO_54ee6b5e_5261_44a8_86eb_5717e7fdb9d0 .  # Mathematical
emmo:EMMO_f658c301_ce93_46cf_9639_4eace2c5d1d5 a owl:Class ;  # QuantityValue
    rdfs:subClassOf [ a owl:Restriction ;
        owl:onProperty emmo:EMMO_8ef3cd6d_ae58_4a8d_9fc0_ad8f49015cd0 ;  # hasNumericalPart
        owl:qualifiedCardinality "1"^^xsd:nonNegativeInteger ;
        owl:onClass emmo:EMMO_4ce76d7f_03f8_45b6_9003_90052a79bfaa ] .  # Numerical
emmo:EMMO_89a0c87c_0804_4013_937a_6fe234d9499c a owl:Class .  # SymbolicConstruct
emmo:EMMO_a1083d0a_c1fb_471f_8e20_a98f881ad527 a owl:Class .  # Symbol
"""
"""Were Data the SymbolicConstruct, mathematics would be made of symbols, which are mathematics too."""

UNITS = """
emmo:EMMO_67fc0a36_8dcb_4ffa_9a43_31074efa3296 a owl:ObjectProperty ,  # hasMetrologicalReference
        owl:InverseFunctionalProperty .
emmo:EMMO_bed1d005_b04e_4a90_94cf_02bc678a8569 a owl:ObjectProperty ;  # hasMeasurementUnit
    rdfs:subPropertyOf emmo:EMMO_67fc0a36_8dcb_4ffa_9a43_31074efa3296 .  # hasMetrologicalReference
emmo:EMMO_8ef3cd6d_ae58_4a8d_9fc0_ad8f49015cd0 a owl:ObjectProperty .  # hasNumericalPart
emmo:EMMO_faf79f53_749d_40b2_807c_d34244c192f4 a owl:DatatypeProperty ,  # hasNumberValue
        owl:FunctionalProperty .
<urn:x:gap> emmo:EMMO_bed1d005_b04e_4a90_94cf_02bc678a8569 emmo:MicroMetre ;  # hasMeasurementUnit
    emmo:EMMO_faf79f53_749d_40b2_807c_d34244c192f4 "95.0"^^xsd:double .  # hasNumberValue
<urn:x:thickness> emmo:EMMO_bed1d005_b04e_4a90_94cf_02bc678a8569 emmo:MicroMetre ;  # hasMeasurementUnit
    emmo:EMMO_faf79f53_749d_40b2_807c_d34244c192f4 "62.0"^^xsd:double .  # hasNumberValue
"""
"""Two quantities in micrometre, with different numbers."""

INPUTS = """
emmo:EMMO_17e27c22_37e1_468c_9dd7_95e137f73e7f a owl:ObjectProperty ;  # hasPart
    owl:propertyDisjointWith emmo:EMMO_e4f66254_7312_4de5_a86a_6e0808baaaab .  # isOvercrossedBy
emmo:EMMO_9380ab64_0363_4804_b13f_3a8a94119a76 a owl:ObjectProperty ;  # hasProperPart
    rdfs:subPropertyOf emmo:EMMO_17e27c22_37e1_468c_9dd7_95e137f73e7f .  # hasPart
<https://w3id.org/emmo#76413949_896c_4363_a955_de4722c6e149> a owl:ObjectProperty ;  # hasPiece
    rdfs:subPropertyOf emmo:EMMO_9380ab64_0363_4804_b13f_3a8a94119a76 .  # hasProperPart
emmo:EMMO_55354438_7000_4284_b1b9_59d60c2261b9 a owl:ObjectProperty ;  # hasPortionPart
    rdfs:subPropertyOf <https://w3id.org/emmo#76413949_896c_4363_a955_de4722c6e149> .  # hasPiece
emmo:EMMO_9a50a0ae_841a_46fe_8b23_3df319b60611 a owl:ObjectProperty ;  # hasNonTemporalPart
    rdfs:subPropertyOf emmo:EMMO_55354438_7000_4284_b1b9_59d60c2261b9 .  # hasPortionPart
emmo:EMMO_ae2d1a96_bfa1_409a_a7d2_03d69e8a125a a owl:ObjectProperty ;  # hasParticipant
    rdfs:subPropertyOf emmo:EMMO_9a50a0ae_841a_46fe_8b23_3df319b60611 .  # hasNonTemporalPart
gpo:GPO_703ec528_ea40_486e_9924_b911782b1a75 a owl:ObjectProperty ;  # hasInput
    rdfs:subPropertyOf emmo:EMMO_ae2d1a96_bfa1_409a_a7d2_03d69e8a125a .  # hasParticipant
emmo:EMMO_e4f66254_7312_4de5_a86a_6e0808baaaab a owl:ObjectProperty .  # isOvercrossedBy
emmo:EMMO_b3c8ba10_6bee_45e7_9416_e9019aa9f023 a owl:ObjectProperty ;  # properOverlaps
    rdfs:subPropertyOf emmo:EMMO_e4f66254_7312_4de5_a86a_6e0808baaaab .  # isOvercrossedBy
emmo:EMMO_1cfd072d_2157_43e2_b9f6_ff1e7a708774 a owl:ObjectProperty ;  # isIncomingOverlappedBy
    rdfs:subPropertyOf emmo:EMMO_b3c8ba10_6bee_45e7_9416_e9019aa9f023 .  # properOverlaps
emmo:EMMO_36e69413_8c59_4799_946c_10b05d266e22 a owl:ObjectProperty ;  # hasInput
    rdfs:subPropertyOf emmo:EMMO_1cfd072d_2157_43e2_b9f6_ff1e7a708774 .  # isIncomingOverlappedBy
<urn:x:run> emmo:EMMO_36e69413_8c59_4799_946c_10b05d266e22 <urn:x:slurry> .  # hasInput
"""
"""By GPO an input is a part of the process, by EMMO it crosses its border; no part crosses."""

BOTH_INPUTS = "<urn:x:run> gpo:GPO_703ec528_ea40_486e_9924_b911782b1a75 <urn:x:slurry> .  # hasInput"


def triples(text: str) -> set[ox.Triple]:
    return {quad.triple for quad in ox.parse(PREFIX_LINES + text, format=ox.RdfFormat.TURTLE)}


def repaired(text: str) -> set[ox.Triple]:
    return axioms(triples(text), left_out_axioms())


@needs_hermit
def test_a_step_with_a_predecessor_can_have_members_only_with_the_repair() -> None:
    assert not is_satisfiable(COATING, axioms(triples(PREDECESSOR)))
    assert is_satisfiable(COATING, repaired(PREDECESSOR))


@needs_hermit
def test_the_value_of_a_quantity_can_exist_only_where_information_structure_is_not_data() -> None:
    assert not is_satisfiable(QUANTITY_VALUE, axioms(triples(INFORMATION)))
    assert is_satisfiable(QUANTITY_VALUE, repaired(INFORMATION))


@needs_hermit
def test_two_quantities_share_a_unit_only_with_the_repair() -> None:
    without, _ = is_consistent(axioms(triples(UNITS)))
    with_repair, _ = is_consistent(repaired(UNITS))

    assert (without, with_repair) == (False, True)


@needs_hermit
def test_the_input_of_gpo_beside_that_of_emmo_is_a_contradiction() -> None:
    both, _ = is_consistent(axioms(triples(INPUTS + BOTH_INPUTS)))
    one, _ = is_consistent(axioms(triples(INPUTS)))

    assert (both, one) == (False, True)


@needs_hermit
def test_the_explanation_of_an_empty_class_is_the_axioms_without_which_it_is_not() -> None:
    noise = "emmo:A rdfs:subClassOf emmo:B . emmo:B owl:disjointWith emmo:C ."
    found = explain(COATING, axioms(triples(PREDECESSOR + noise)))

    assert found is not None
    # The restriction, two of precedes, the inverse, the asymmetry: all of the extract but the declarations.
    assert len(found) == 5
    assert explain(COATING, repaired(PREDECESSOR)) is None


@needs_hermit
def test_the_explanation_of_an_inconsistency_names_the_data() -> None:
    found = explain(THING, axioms(triples(UNITS)))

    assert found is not None
    assert {"urn:x:gap", "urn:x:thickness"} <= {name for axiom in found for name in axiom.names}


@needs_hermit
def test_a_classification_names_parents_equivalents_and_empty_classes() -> None:
    verdict = classify(
        triples(
            """
            emmo:Web a owl:Class ; rdfs:subClassOf emmo:Thing .
            emmo:Reel a owl:Class ; owl:equivalentClass emmo:Coil ; rdfs:subClassOf emmo:Web .
            emmo:Coil a owl:Class .
            emmo:Never a owl:Class ; rdfs:subClassOf emmo:Web, [ a owl:Class ; owl:complementOf emmo:Web ] .
            """
        )
    )

    assert verdict.consistent
    assert verdict.unsatisfiable == (EMMO + "Never",)
    assert (EMMO + "Web", EMMO + "Thing") in verdict.parents
    assert frozenset({EMMO + "Reel", EMMO + "Coil"}) in verdict.same


def test_a_module_leaves_out_what_says_nothing_of_a_name() -> None:
    _, every = split(axioms(triples(PREDECESSOR + INFORMATION)))
    found = module([COATING], every)

    assert 0 < len(found) < len(every)
    assert not any(QUANTITY_VALUE in axiom.names for axiom in found)


def test_a_left_out_restriction_is_found_by_its_property() -> None:
    line = LeftOut(
        COATING, GPO + "GPO_389686f5_86d8_4e97_ba71_0537bedf0f38", None, "a test"
    )  # hasPredecessor

    found = matching(triples(PREDECESSOR), [line])

    assert [triple.subject.value for triple in found] == [COATING]  # type: ignore[union-attr]


def test_annotations_do_not_reach_the_reasoner_and_individuals_only_with_the_data() -> None:
    said = axioms(
        triples(
            """
            bvcox:canonicalUnit a owl:AnnotationProperty .
            emmo:Length a owl:Class ; bvcox:canonicalUnit emmo:Metre ; skos:prefLabel "Length"@en .
            <urn:x:one> a emmo:Length .
            """
        )
    )

    assert len(said) == 2
    assert len(terminology(said)) == 1


def test_shipped_hierarchy_is_current() -> None:
    assert reasoner.stale(ONTOLOGY) == []


def test_a_changed_axiom_makes_the_hierarchy_stale_and_a_changed_name_does_not(tmp_path: Path) -> None:
    place = tmp_path / "ontology"
    shutil.copytree(ONTOLOGY, place)
    before = reasoner.stale(place)
    path = place / "bvco_ext.ttl"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('skos:altLabel "', 'skos:altLabel "X ', 1), encoding="utf-8")
    renamed = reasoner.stale(place)
    path.write_text(text + "\nbvcox:NewTerm a owl:Class ; rdfs:subClassOf emmo:Length .\n", encoding="utf-8")

    assert renamed == before
    assert sorted({*before, "bvco_ext.ttl"}) == reasoner.stale(place)


def test_shipped_hierarchy_names_only_known_terms_and_adds_no_circle() -> None:
    stated = hierarchy.Stated.read(ONTOLOGY)
    parents = {iri: set(above) for iri, above in stated.parents.items()}
    links = {
        (quad.subject.value, quad.predicate.value, quad.object.value)  # type: ignore[union-attr]
        for quad in ox.parse(path=str(ONTOLOGY / hierarchy.FILE), format=ox.RdfFormat.TURTLE)
    }
    below = [(child, parent) for child, predicate, parent in links if predicate == hierarchy.SUBCLASS]
    same = [(one, other) for one, predicate, other in links if predicate == hierarchy.EQUIVALENT]
    for child, parent in [*below, *same, *((other, one) for one, other in same)]:
        parents.setdefault(child, set()).add(parent)
    frozen = {iri: frozenset(above) for iri, above in parents.items()}
    circles = [
        (child, parent)
        for child, parent in below
        if child in hierarchy.upwards(parent, frozen) and not _equivalent(child, parent, same)
    ]

    assert len(below) > 100
    assert {term for one, _, other in links for term in (one, other)} <= stated.labels.keys()
    assert {predicate for _, predicate, _ in links} <= {hierarchy.SUBCLASS, hierarchy.EQUIVALENT}
    assert circles == []


def _equivalent(one: str, other: str, same: Iterable[tuple[str, str]]) -> bool:
    return (one, other) in same or (other, one) in same


def test_the_rules_of_the_report_say_what_they_want_and_find_an_offence(tmp_path: Path) -> None:
    place = tmp_path / "ontology"
    shutil.copytree(ONTOLOGY, place)
    (place / "bvco_ext.ttl").write_text(
        PREFIX_LINES + 'bvcox:One a owl:Class ; skos:prefLabel "One "@en ; skos:altLabel "One "@en .',
        encoding="utf-8",
    )
    rules = sorted(RULES.glob("*.rq"))
    found = {offence.rule for offence in reasoner.offences(place) if offence.entity.endswith("#One")}

    assert len(rules) == 20
    assert all(path.read_text(encoding="utf-8").startswith(("# ERROR", "# WARN", "# INFO")) for path in rules)
    assert found == {
        "annotation_whitespace",
        "duplicate_label_synonym",
        "label_whitespace",
        "missing_definition",
        "missing_superclass",
    }


def test_a_failure_of_emmocheck_names_test_and_term() -> None:
    printed = (
        "FAIL: Check that all entities have a description.\n"
        "test_description (emmopy.emmocheck.TestFunctionalEMMOConventions.test_description)"
        " (entity=bvco-ext.RollGap, label='RollGap')\n"
        "Ran 9 tests in 0.021s\n"
    )

    assert failures(printed) == [reasoner.Failure("test_description", "bvco-ext.RollGap")]


def test_the_sample_of_data_shares_units_and_has_set_and_measured_values() -> None:
    data = lineage_of_a_cell()
    units = Counter(_iri(t.object) for t in data if t.predicate.value == model.HAS_UNIT)
    kinds = {_iri(t.object) for t in data if t.predicate.value == model.RDF_TYPE}
    tools = {_iri(t.object) for t in data if t.predicate.value == model.HAS_TOOL}

    assert max(units.values()) > 10
    assert {model.VALUE_KINDS["set"], model.VALUE_KINDS["measured"], model.REAL_DATA} <= kinds
    assert len(tools) > 8


def _iri(node: object) -> str:
    return node.value if isinstance(node, ox.NamedNode) else ""


@needs_hermit
def test_the_part_that_speaks_of_individuals_has_the_same_contradiction() -> None:
    part = speaking_of_individuals(axioms(triples(UNITS + INFORMATION)))

    assert not any(QUANTITY_VALUE in str(triple) for triple in part)
    assert not is_consistent(part)[0]


@pytest.mark.parametrize(
    "label", ["battery:Battery", "Calenderer", "CalenderedFabricatedElectrode", "DryRoom"]
)
def test_a_thing_never_becomes_a_process_by_what_is_inferred(label: str) -> None:
    words = vocabulary()

    assert not words.is_a(words.resolve(label).iri, words.resolve("emmo:Process").iri)
