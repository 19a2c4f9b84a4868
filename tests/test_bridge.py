"""Claims about the bridge: old IRIs, alignments, notes in plain words, and the axioms that are left out."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest
from click.testing import CliRunner

from kg.cli import main
from kg.errors import FaultsError
from kg.namespaces import PREFIXES
from kg.resources import folder
from kg.terms import AmbiguousTermError, UnknownTermError, Vocabulary, vocabulary
from kg.vocabulary_slice.bridge import BEGIN, END, MENTIONING, mentioned_iris, write_bridge
from kg.vocabulary_slice.extract import current_iri
from kg.vocabulary_slice.left_out import LeftOut, left_out_axioms
from kg.vocabulary_slice.left_out_page import left_out_page

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "ontologies"
ONTOLOGY = folder("ontology")
OWL, RDFS, SKOS = PREFIXES["owl"], PREFIXES["rdfs"], PREFIXES["skos"]
BVCO, EMMO, GPO = PREFIXES["bvco"], PREFIXES["emmo"], PREFIXES["gpo"]
PROCESS = EMMO + "EMMO_43e9a05d_98af_41b4_92f6_00f79a09bfce"  # Process
PREFIX_LINES = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in PREFIXES.items())

needs_upstream = pytest.mark.skipif(not SHARED.is_dir(), reason="the upstream files are not here")


def said(predicate: str) -> Iterator[tuple[str, str]]:
    """Yield subject and object of each statement of bridge.ttl with this predicate."""
    for quad in ox.parse(path=str(ONTOLOGY / "bridge.ttl"), format=ox.RdfFormat.TURTLE):
        if quad.predicate.value == predicate:
            yield quad.subject.value, quad.object.value


@pytest.fixture
def small(tmp_path: Path) -> tuple[Path, Path]:
    """Return a folder of upstream files and an ontology folder, both of a few lines."""
    upstream, ontology = tmp_path / "upstream", tmp_path / "ontology"
    (ontology / "imports").mkdir(parents=True)
    (ontology / "imports/emmo.ttl").write_text(
        f'{PREFIX_LINES} emmo:EMMO_a_b a owl:Class ; skos:prefLabel "Length"@en .', encoding="utf-8"
    )
    (ontology / "bridge.ttl").write_text(
        f"{PREFIX_LINES}{BEGIN}\nwhat stood here before\n{END}\n# by hand\n", encoding="utf-8"
    )
    for name in MENTIONING:
        (upstream / name).parent.mkdir(parents=True)
        (upstream / name).write_text("", encoding="utf-8")
    (upstream / "bvco/BVCO.ttl").write_text(
        f"{PREFIX_LINES} bvco:X rdfs:subClassOf <http://emmo.info/emmo#EMMO_a_b> .", encoding="utf-8"
    )
    return upstream, ontology


def test_old_iri_gets_its_counterpart_and_what_is_written_by_hand_stays(small: tuple[Path, Path]) -> None:
    upstream, ontology = small
    first = write_bridge(upstream, ontology)
    text = (ontology / "bridge.ttl").read_text(encoding="utf-8")

    assert (first.mentioned, first.current, first.replaced, first.by_hand, first.changed) == (
        1,
        0,
        1,
        0,
        True,
    )
    assert "<http://emmo.info/emmo#EMMO_a_b> a owl:Class ;" in text
    assert "dcterms:isReplacedBy emmo:EMMO_a_b .  # Length" in text
    assert "what stood here before" not in text
    assert text.endswith(f"{END}\n# by hand\n")
    assert not write_bridge(upstream, ontology).changed


def test_iri_without_counterpart_stops_the_work(small: tuple[Path, Path]) -> None:
    upstream, ontology = small
    (upstream / "gpo/GPO.ttl").write_text(
        f"{PREFIX_LINES} gpo:Y rdfs:subClassOf emmo:EMMO_gone .", encoding="utf-8"
    )
    before = (ontology / "bridge.ttl").read_bytes()

    with pytest.raises(
        FaultsError, match=r"gpo/GPO\.ttl: https://w3id\.org/emmo#EMMO_gone has no counterpart"
    ):
        write_bridge(upstream, ontology)
    assert (ontology / "bridge.ttl").read_bytes() == before


def test_reason_by_hand_is_enough_for_an_iri_without_counterpart(small: tuple[Path, Path]) -> None:
    upstream, ontology = small
    (upstream / "gpo/GPO.ttl").write_text(
        f"{PREFIX_LINES} gpo:Y rdfs:subClassOf emmo:EMMO_gone .", encoding="utf-8"
    )
    path = ontology / "bridge.ttl"
    text = path.read_text(encoding="utf-8") + 'emmo:EMMO_gone skos:editorialNote "It is gone."@en .\n'
    path.write_text(text, encoding="utf-8")

    assert write_bridge(upstream, ontology).by_hand == 1


def test_missing_marker_and_missing_files_are_faults(small: tuple[Path, Path]) -> None:
    upstream, ontology = small
    (ontology / "bridge.ttl").write_text(f"{BEGIN}\n", encoding="utf-8")

    with pytest.raises(FaultsError, match="lacks a line of its own that says: # Written by hand"):
        write_bridge(upstream, ontology)
    shutil.rmtree(upstream / "gpo")
    with pytest.raises(FaultsError, match=r"gpo/GPO\.ttl: no such file"):
        write_bridge(upstream, ontology)


@needs_upstream
def test_writing_the_bridge_again_gives_the_same_bytes(tmp_path: Path) -> None:
    shutil.copytree(ONTOLOGY / "imports", tmp_path / "imports")
    shutil.copy(ONTOLOGY / "bridge.ttl", tmp_path)
    page = tmp_path / "page.md"
    result = CliRunner().invoke(
        main, ["ontology", "bridge", "--from", str(SHARED), "--to", str(tmp_path), "--page", str(page)]
    )

    assert result.exit_code == 0, result.output
    assert "37 have a counterpart by rule" in result.output
    assert (tmp_path / "bridge.ttl").read_bytes() == (ONTOLOGY / "bridge.ttl").read_bytes()
    assert page.read_text(encoding="utf-8") == left_out_page(ONTOLOGY)


@needs_upstream
def test_every_iri_that_upstream_mentions_is_a_term_or_has_its_counterpart_or_a_reason() -> None:
    known = vocabulary()
    reasons = {subject for subject, _ in said(SKOS + "editorialNote")}
    replaced = dict(said(PREFIXES["dcterms"] + "isReplacedBy"))
    mentioned = {iri for name, own in MENTIONING.items() for iri in mentioned_iris(SHARED / name, own)}
    lost = [
        iri
        for iri in mentioned
        if not (iri in known and not known.term(iri).deprecated)
        and not (iri in replaced and not known.term(replaced[iri]).deprecated)
        and iri not in reasons
    ]

    assert len(mentioned) == 135
    assert lost == []


def test_old_iri_names_what_replaces_it() -> None:
    old = "http://emmo.info/electrochemistry#electrochemistry_0f007072-a8dd-4798-b865-1bf9363be627"
    term = vocabulary().term(old)

    assert term.deprecated
    assert term.replaced_by == current_iri(old)
    assert vocabulary().resolve("Electrode").iri == current_iri(old)


def test_deprecated_name_of_bvco_is_refused_with_its_successor() -> None:
    with pytest.raises(UnknownTermError, match="Use 'bvco:PouchCellElectrolyteFilling'"):
        vocabulary().resolve("PouchCellFillingOld")


def test_no_alignment_makes_a_process_of_a_thing() -> None:
    before = Vocabulary([*sorted((ONTOLOGY / "imports").glob("*.ttl")), ONTOLOGY / "bvco_ext.ttl"])
    pairs = [*said(RDFS + "subClassOf"), *said(OWL + "equivalentClass")]
    pairs = [(one, other) for one, other in pairs if one in before]
    mixed = [pair for pair in pairs if before.is_a(pair[0], PROCESS) != before.is_a(pair[1], PROCESS)]

    assert len(pairs) > 50
    assert mixed == []


def test_name_that_bvco_or_gpo_share_with_another_ontology_has_an_alignment() -> None:
    slices = Vocabulary(sorted((ONTOLOGY / "imports").glob("*.ttl")))
    live = [term for term in slices if not term.deprecated]
    relations = [RDFS + "subClassOf", OWL + "equivalentClass"]
    relations += [SKOS + f"{kind}Match" for kind in ("close", "broad", "narrow", "related")]
    aligned = {pair for relation in relations for pair in said(relation)}
    shared = [
        (own, other)
        for own in live
        if own.source in {"bvco", "gpo"}
        for other in live
        if other.source not in {"bvco", "gpo"}
        and own.label in ({other.label, *other.alt} if own.source == "bvco" else {other.label})
    ]

    assert len(shared) > 45
    assert [f"{a.qualified} {b.qualified}" for a, b in shared if (a.iri, b.iri) not in aligned] == []


def test_alignment_leaves_the_names_of_both_sides_apart() -> None:
    known = vocabulary()
    own, other = known.resolve("bvco:Binder"), known.resolve("echem:Binder")

    assert own.iri.startswith(BVCO)
    assert known.is_a(own.iri, other.iri)
    with pytest.raises(AmbiguousTermError, match="bvco:Binder, echem:Binder"):
        known.resolve("Binder")


def test_name_that_the_bridge_gives_means_one_term() -> None:
    known = vocabulary()
    names = [(iri, label) for iri, label in said(SKOS + "altLabel") if iri in known]

    assert len(names) > 150
    assert [(iri, label) for iri, label in names if known.resolve(label).iri != iri] == []


@pytest.mark.parametrize(
    ("typed", "label"),
    [
        ("Fabricated electrode jelly roll", "FabricatedElectrodeJellyRole"),
        ("Slit fabricated electrode roll", "SlittedFabricatedElectrodeRole"),
        ("Fabricated electrode separator sequence assembly", "FabricatedElectrodeSeparatorSequenceAssebmly"),
        ("Iron ore deposit", "IronOreDeposite"),
        ("Silicon ore", "SiliciumOre"),
        ("Elektrodenwickel", "FabricatedElectrodeJellyRole"),
    ],
)
def test_label_mended_finds_the_term_that_upstream_misspells(typed: str, label: str) -> None:
    assert vocabulary().resolve(typed).label == label


def test_every_live_term_of_bvco_has_a_note_and_a_german_name() -> None:
    live = {term.iri for term in vocabulary() if term.iri.startswith(BVCO) and not term.deprecated}
    notes = [iri for iri, _ in said(SKOS + "scopeNote")]
    german = {
        quad.subject.value
        for name in ("bvco_ext.ttl", "bridge.ttl")
        for quad in ox.parse(path=str(ONTOLOGY / name), format=ox.RdfFormat.TURTLE)
        if quad.predicate.value == SKOS + "altLabel" and quad.object.language == "de"
    }

    assert len(live) == 220
    assert sorted(notes) == sorted(live)
    assert live - german == set()


def test_note_of_a_step_says_what_goes_in_and_comes_out() -> None:
    expects = PREFIXES["bvcox"] + "expectsOutput"
    steps = set()
    for quad in ox.parse(path=str(ONTOLOGY / "imports/bvco.ttl"), format=ox.RdfFormat.TURTLE):
        if quad.predicate.value == expects:
            steps.add(quad.subject.value)
    silent = [
        n for iri, n in said(SKOS + "scopeNote") if iri in steps and " in, " not in n and " to " not in n
    ]

    assert len(steps) > 50
    assert silent == []


def test_left_out_axioms_have_texts_and_names_of_their_own() -> None:
    axioms = left_out_axioms()

    assert len(axioms) == 31
    assert len({axiom.name for axiom in axioms}) == 31
    assert all(axiom.repository.startswith("https://github.com/") for axiom in axioms)
    assert sum(not axiom.is_triple for axiom in axioms) == 21


def test_left_out_axiom_without_a_reason_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "bridge.ttl"
    path.write_text(f"{PREFIX_LINES} <https://a.example/#X> a bvcox:LeftOutAxiom .", encoding="utf-8")

    with pytest.raises(FaultsError) as caught:
        left_out_axioms(path)
    assert len(caught.value.faults) == 4
    assert "X lacks bvcox:leftOutReason" in str(caught.value)


def test_page_says_what_the_data_say() -> None:
    page = ROOT / "docs/reference/left-out-axioms.md"

    assert page.read_text(encoding="utf-8") == left_out_page(ONTOLOGY)


@needs_upstream
def test_every_axiom_left_out_stands_upstream() -> None:
    files = (
        "emmo/1.0.4-emmo.ttl",
        "echem/reference/electrochemistry-reference.ttl",
        "echem/modules/electrochemistry-manufacturing.ttl",
        *MENTIONING,
    )
    triples: set[tuple[str, str, str]] = set()
    for number, name in enumerate(files):
        for quad in ox.parse(path=str(SHARED / name), format=ox.RdfFormat.TURTLE):
            # Blank nodes of two files may have one name.
            nodes = (quad.subject, quad.predicate, quad.object)
            s, p, o = (
                f"{number}{n.value}" if isinstance(n, ox.BlankNode) else current_iri(n.value) for n in nodes
            )
            triples.add((s, p, o))

    assert [axiom.name for axiom in left_out_axioms() if not _stands(axiom, triples)] == []


def _stands(axiom: LeftOut, triples: set[tuple[str, str, str]]) -> bool:
    assert axiom.subject and axiom.predicate and axiom.object
    if (axiom.subject, axiom.predicate, axiom.object) in triples:
        return True
    on = {s for s, p, o in triples if p == OWL + "onProperty" and o == axiom.predicate}
    on &= {s for s, p, o in triples if p == OWL + "someValuesFrom" and o == axiom.object}
    return any((axiom.subject, RDFS + "subClassOf", node) in triples for node in on)


@pytest.mark.parametrize(
    ("check", "offence"),
    [
        ("bridge-old-iri-has-counterpart", "<http://emmo.info/emmo#X> a owl:Class ."),
        ("bridge-old-iri-has-counterpart", "<http://emmo.info/emmo#X> dcterms:isReplacedBy emmo:EMMO_gone ."),
        ("bridge-alignment-has-both-ends", "bvcox:X skos:closeMatch emmo:EMMO_gone ."),
        ("bridge-no-equivalence-of-deprecated", "bvcox:X owl:equivalentClass [] ; owl:deprecated true ."),
        (
            "bridge-input-stays-apart",
            "gpo:GPO_703ec528_ea40_486e_9924_b911782b1a75 rdfs:subPropertyOf"
            " emmo:EMMO_36e69413_8c59_4799_946c_10b05d266e22 .",
        ),
        (
            "harmful-axiom-left-out",
            "bvco:BVCO_f25eeb2f_54b0_4c4a_ada8_c7e53b11d49e rdfs:subClassOf"
            " emmo:EMMO_68390bfb_e307_479d_8f78_d66d8773cb1d .",
        ),
        (
            "harmful-axiom-left-out",
            "gpo:GPO_5f02dbb0_2803_4aaa_9104_ba39f17a4c8d bvcox:expectsInput bvcox:X .",
        ),
    ],
)
def test_check_finds_an_offence(check: str, offence: str) -> None:
    store = ox.Store()
    for path in [*sorted((ONTOLOGY / "imports").glob("*.ttl")), *sorted(ONTOLOGY.glob("b*.ttl"))]:
        store.load(path=str(path), format=ox.RdfFormat.TURTLE)
    query = (ONTOLOGY / "checks" / f"{check}-violation.rq").read_text(encoding="utf-8")

    assert list(store.query(query)) == []  # type: ignore[arg-type]
    store.load((PREFIX_LINES + offence).encode(), format=ox.RdfFormat.TURTLE)
    assert len(list(store.query(query))) == 1  # type: ignore[arg-type]
